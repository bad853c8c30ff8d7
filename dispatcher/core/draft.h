// The board in the making while Decide rules on one command. Internal to core.
#ifndef HOUSECALL_DISPATCHER_CORE_DRAFT_H_
#define HOUSECALL_DISPATCHER_CORE_DRAFT_H_

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/event.h"
#include "dispatcher/core/rota.h"

namespace housecall::core {

// Rules write to it what they decide: Emit applies an event to a copy of the
// board, so that later rules of the same command see it, and keeps the event.
class Draft {
 public:
  Draft(const Board& board, Actor actor, absl::Time now)
      : board_(board), actor_(std::move(actor)), now_(now) {}

  const Board& board() const { return board_; }
  const Actor& actor() const { return actor_; }
  absl::Time now() const { return now_; }
  const Policy& policy() const { return board_.center().policy; }

  // A copy of the record (what Find returns dies with the next Emit of it), or
  // NotFound.
  template <typename R>
  absl::StatusOr<R> Get(const decltype(R::id)& id) const {
    const R* found = board_.Find<R>(id);
    if (found == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(std::decay_t<decltype(id)>::kCollection, "/", id.value(),
                       " is not known"));
    }
    return *found;
  }

  // Raises the etag of each record above the one on the board, then applies
  // and keeps the event.
  void Emit(EventKind kind, const CallId& call, std::vector<Record> records);

  // Raises a task about a call (or a delivery, a shift) unless one of that
  // kind about the same is open already. Emits kTaskRaised. The task of a call
  // has an id derived from it, so that the call itself is written too: whoever
  // holds a copy of the call gets it anew. Other tasks' ids are made of the
  // kind, the subject and the time.
  void RaiseTask(TaskKind kind, const CallId& call, std::string detail,
                 const DeliveryId& delivery = {}, const ShiftId& shift = {});
  // Resolves the open tasks of that kind of the call, by the actor.
  void ResolveTasks(TaskKind kind, const CallId& call);
  // Resolves the open tasks of the call by nobody: what they asked for is over.
  // Those about a delivery stay: what became of a signed note, and what the
  // care team asks about it, outlives the call.
  void ResolveTasksOfCall(const CallId& call);

  // The next id derived from a call: "<call>--<letter><n>". Raises
  // call->derived; the caller emits the call.
  static std::string NextId(Call* call, char letter);

  Decision Finish(Subject subject) && {
    return Decision{std::move(events_), std::move(subject), std::move(board_)};
  }

 private:
  Board board_;
  Actor actor_;
  absl::Time now_;
  std::vector<Event> events_;
};

// The rules, by what they are about. Each returns what Decide returns; the
// table of states × commands (call_table.h) has been asked before.
//
// decide_directory.cc
absl::StatusOr<Subject> Rule(const Create<Center>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Center>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Organization>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Organization>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Person>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Person>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Car>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Car>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Patient>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Patient>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Shift>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Shift>&, Draft&);
absl::StatusOr<Subject> Rule(const Create<Override>&, Draft&);
absl::StatusOr<Subject> Rule(const Update<Override>&, Draft&);
absl::StatusOr<Subject> Rule(const SaveAccount&, Draft&);
absl::StatusOr<Subject> Rule(const OpenSession&, Draft&);
absl::StatusOr<Subject> Rule(const RefusePassword&, Draft&);
absl::StatusOr<Subject> Rule(const ChangePassword&, Draft&);
absl::StatusOr<Subject> Rule(const RevokeSession&, Draft&);
absl::StatusOr<Subject> Rule(const RecordAcp&, Draft&);
absl::StatusOr<Subject> Rule(const ConfirmPatient&, Draft&);
// decide_duty.cc
absl::StatusOr<Subject> Rule(const GoOnDuty&, Draft&);
absl::StatusOr<Subject> Rule(const GoOffDuty&, Draft&);
absl::StatusOr<Subject> Rule(const ReportPosition&, Draft&);
// decide_call.cc
absl::StatusOr<Subject> Rule(const SubmitCall&, Draft&);
absl::StatusOr<Subject> Rule(const TriageCall&, Draft&);
absl::StatusOr<Subject> Rule(const HoldCall&, Draft&);
absl::StatusOr<Subject> Rule(const ResumeCall&, Draft&);
absl::StatusOr<Subject> Rule(const AddFact&, Draft&);
absl::StatusOr<Subject> Rule(const CorrectPlace&, Draft&);
absl::StatusOr<Subject> Rule(const FollowCall&, Draft&);
absl::StatusOr<Subject> Rule(const MergeCall&, Draft&);
absl::StatusOr<Subject> Rule(const UnmergeCall&, Draft&);
absl::StatusOr<Subject> Rule(const RequestCancel&, Draft&);
absl::StatusOr<Subject> Rule(const AnswerCancel&, Draft&);
absl::StatusOr<Subject> Rule(const CancelCall&, Draft&);
absl::StatusOr<Subject> Rule(const RaiseEmergency&, Draft&);
absl::StatusOr<Subject> Rule(const DecideEmergency&, Draft&);
absl::StatusOr<Subject> Rule(const SetCareTeam&, Draft&);
absl::StatusOr<Subject> Rule(const GrantDistanceException&, Draft&);
absl::StatusOr<Subject> Rule(const InformRequester&, Draft&);
absl::StatusOr<Subject> Rule(const CloseCall&, Draft&);
// decide_match.cc
absl::StatusOr<Subject> Rule(const OfferVisit&, Draft&);
absl::StatusOr<Subject> Rule(const ReportUnmatched&, Draft&);
absl::StatusOr<Subject> Rule(const UpdateEstimate&, Draft&);
absl::StatusOr<Subject> Rule(const PromiseArrivals&, Draft&);
absl::StatusOr<Subject> Rule(const AdviseStandby&, Draft&);
absl::StatusOr<Subject> Rule(const AcceptOffer&, Draft&);
absl::StatusOr<Subject> Rule(const DeclineOffer&, Draft&);
absl::StatusOr<Subject> Rule(const WithdrawOffer&, Draft&);
absl::StatusOr<Subject> Rule(const TakeBackOffer&, Draft&);
absl::StatusOr<Subject> Rule(const ReleaseAssignment&, Draft&);
absl::StatusOr<Subject> Rule(const ReportBreakdown&, Draft&);
absl::StatusOr<Subject> Rule(const ReportDriverMissing&, Draft&);
// decide_time.cc
absl::StatusOr<Subject> Rule(const PassTime&, Draft&);
// decide_visit.cc
absl::StatusOr<Subject> Rule(const AdvanceVisit&, Draft&);
absl::StatusOr<Subject> Rule(const RecordVisit&, Draft&);
absl::StatusOr<Subject> Rule(const ReportNotFound&, Draft&);
absl::StatusOr<Subject> Rule(const RecordNotFoundStep&, Draft&);
absl::StatusOr<Subject> Rule(const ReportFound&, Draft&);
absl::StatusOr<Subject> Rule(const ConfirmHours&, Draft&);
// decide_note.cc
absl::StatusOr<Subject> Rule(const DraftNote&, Draft&);
absl::StatusOr<Subject> Rule(const SignNote&, Draft&);
absl::StatusOr<Subject> Rule(const RecordAttempt&, Draft&);
absl::StatusOr<Subject> Rule(const ConfirmReceipt&, Draft&);
absl::StatusOr<Subject> Rule(const ConfirmReceiptByHand&, Draft&);
absl::StatusOr<Subject> Rule(const RetryDelivery&, Draft&);
absl::StatusOr<Subject> Rule(const QuestionNote&, Draft&);
absl::StatusOr<Subject> Rule(const AcknowledgeTask&, Draft&);
absl::StatusOr<Subject> Rule(const ResolveTask&, Draft&);

// --- Used across these files ------------------------------------------------

// decide_match.cc: withdraws the call's pending offer, if any; all calls of
// that offer, this one too, go back to MATCHING (see AdvanceToWaiting). An
// offer of another car for a crew that waits for one is withdrawn alike; its
// calls stay where they are. `reason` is not clinical.
void WithdrawOfferOf(const CallId& call, std::string reason, Draft& draft);
// decide_match.cc: frees the crew of the call's running assignment, if any. All
// calls of the trip, this one too, go back to MATCHING (see AdvanceToWaiting).
// With `not_again` the crew is asked for them again by an operator only.
void ReleaseAssignmentOf(const CallId& call, std::string reason, Draft& draft,
                         bool not_again = false);
// decide_match.cc: withdraws the call's offer and takes it off its running
// trip, if any: it goes back to MATCHING (see AdvanceToWaiting). A crew that
// has other calls on that trip goes on for them, else it is free.
void TakeCrewOff(const CallId& call, std::string reason, Draft& draft);
// decide_match.cc: the pending offer of the call, or of another car for its
// crew; or null.
const Offer* PendingOfferOf(const Board& board, const Call& call);
// decide_match.cc: true if the crew has departed at least once.
bool HasSetOut(const Board& board, const Assignment& assignment);
// decide_match.cc: nobody has answered in time: rings the offer again, or after
// its last ring lets it expire.
void RingOrExpire(const OfferId& offer, Draft& draft);
// decide_note.cc: one delivery for the note's newest version to each member of
// the call's care team who has none for it yet; none known: a task.
void DeliverNote(const NoteId& note, Draft& draft);
// decide_note.cc: marks open deliveries that are overdue at draft.now() and
// raises the operator's task for each.
void MarkOverdueDeliveries(Draft& draft);
// decide_call.cc: closes the call if nothing is missing (see MissingToClose).
void CloseIfComplete(const CallId& call, Draft& draft);
// decide_call.cc: what a visited call still lacks before it may be closed, in
// words for an operator ("the note is not signed"); empty: nothing.
std::vector<std::string> MissingToClose(const Board& board, const Call& call);
// decide_call.cc: the last step of every way in which a call ends; resolves its
// tasks. The caller has seen to crew and offer.
void EndCall(Call call, CallState state, Outcome outcome, PrivateText reason,
             EventKind kind, Draft& draft);
// decide_call.cc: moves the call to `state`: while it is EMERGENCY_119 or
// ON_HOLD or NOT_FOUND, that is resume_state instead.
void Advance(Call* call, CallState state);
// decide_call.cc: the call has no crew any more: it waits to be matched, or if
// its agreed time is far off still, for that.
void AdvanceToWaiting(const Draft& draft, Call* call);
// decide_call.cc: when a scheduled call is matched.
absl::Time MatchTimeOf(const Policy& policy, const Window& schedule);
// decide_call.cc: from receipt or the first triage to the door.
absl::Duration TargetOf(const Policy& policy, Urgency urgency);
// decide_time.cc: what the rota misses in the days ahead of draft.now(); and
// after a change of the rota: tells of what it misses now and did not `before`,
// and takes back what it does not miss any more.
std::vector<CoverageGap> GapsAhead(const Draft& draft);
void TellOfNewGaps(const std::vector<CoverageGap>& before, Draft& draft);
// decide_visit.cc: true if each way to reach the patient was tried.
bool TriedEveryStep(const Call& call);
// decide_visit.cc: the crew leaves the scene now: DEPARTED_SCENE, and on to
// NOTE_SENT where the note is signed.
void LeaveScene(const AssignmentId& assignment, Stamp leave, Draft& draft);

// "1 call waits", "5 calls wait".
std::string Counted(int64_t number, absl::string_view one,
                    absl::string_view more);

template <typename T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}
// True if it was not there.
template <typename T>
bool AddOnce(std::vector<T>* values, const T& value) {
  if (Contains(*values, value)) return false;
  values->push_back(value);
  return true;
}

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_DRAFT_H_
