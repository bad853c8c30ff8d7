#include "tests/simulation/decide_with_bugs.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/bugs.h"

namespace housecall::core {
namespace {

using simulation::Bug;
using simulation::IsPlanted;

// A decision with the events given, on the board that they make of `board`.
Decision DecisionOf(const Board& board, std::vector<Event> events,
                    Subject subject) {
  Decision decision{std::move(events), std::move(subject), board};
  for (const Event& event : decision.events) Apply(event, &decision.board);
  return decision;
}

// The rule that a crew which is under way is not asked for something else has
// been forgotten.
absl::StatusOr<Decision> OfferToAnybody(const Board& board,
                                        const OfferVisit& offer,
                                        const Actor& actor, absl::Time now) {
  Board idle = board;
  for (const PersonId& person : {offer.physician, offer.driver}) {
    if (const Assignment* running = board.RunningAssignmentOf(person)) {
      Assignment finished = *running;
      finished.state = AssignmentState::kFinished;
      idle.Put(finished);
    }
  }
  absl::StatusOr<Decision> decision = Decide(idle, offer, actor, now);
  if (!decision.ok()) return decision;
  return DecisionOf(board, std::move(decision->events),
                    std::move(decision->subject));
}

void AddClosing(const CallId& id, const Actor& actor, absl::Time now,
                Decision* decision) {
  const Call* found = decision->board.Find<Call>(id);
  if (found == nullptr || IsOver(found->state)) return;
  Call call = *found;
  ++call.etag.number;
  call.state = CallState::kClosed;
  call.resume_state = CallState::kUnspecified;
  call.outcome = Outcome::kVisited;
  call.close_time = now;
  decision->events.push_back(
      {EventKind::kCallClosed, now, actor, id, {std::move(call)}});
  Apply(decision->events.back(), &decision->board);
}

// The same as if its sender had not said what he has seen.
Command WithoutEtags(const Board& board, Command command) {
  std::visit(
      [&](auto& c) {
        if constexpr (requires { c.etags; }) {
          c.etags.clear();
        } else if constexpr (requires {
                               c.call;
                               c.etag.number;
                             }) {
          if (const Call* call = board.Find<Call>(c.call)) c.etag = call->etag;
        } else if constexpr (requires {
                               c.call;
                               c.etag.has_value();
                             }) {
          c.etag.reset();
        }
      },
      command);
  return command;
}

// What the planted bug writes in the place of a record.
void Spoil(const Board& before, EventKind kind, Record* record) {
  if (auto* task = std::get_if<Task>(record);
      task != nullptr && IsPlanted(Bug::kTaskTellsTheComplaint)) {
    const Call* call = before.Find<Call>(task->call);
    if (call != nullptr) task->detail = call->complaint.Reveal();
  }
  // The receipt is written, and that nothing more is to be done is not.
  if (auto* delivery = std::get_if<Delivery>(record);
      delivery != nullptr && kind == EventKind::kDeliveryReceived &&
      IsPlanted(Bug::kReceiptWithoutTheRest)) {
    delivery->state = DeliveryState::kPending;
  }
  // After an offer that has expired, the call is not matched any more.
  if (auto* call = std::get_if<Call>(record);
      call != nullptr && kind == EventKind::kOfferExpired &&
      IsPlanted(Bug::kCallIsForgotten)) {
    call->state = CallState::kOffered;
  }
}

}  // namespace

absl::StatusOr<Decision> DecideWithBugs(const Board& board,
                                        const Command& command,
                                        const Actor& actor, absl::Time now) {
  if (IsPlanted(Bug::kTimersAreEarly) &&
      std::holds_alternative<PassTime>(command)) {
    return Decide(board, command, actor, now + absl::Seconds(30));
  }
  if (const auto* offer = std::get_if<OfferVisit>(&command);
      offer != nullptr && IsPlanted(Bug::kBusyCrewIsOffered)) {
    return OfferToAnybody(board, *offer, actor, now);
  }
  if (const auto* report = std::get_if<ReportPosition>(&command);
      report != nullptr && IsPlanted(Bug::kOldPositionWins)) {
    ReportPosition changed = *report;
    changed.device_time = now;
    return Decide(board, changed, actor, now);
  }
  if (const auto* triage = std::get_if<TriageCall>(&command);
      triage != nullptr && IsPlanted(Bug::kRefusesAtRandom)) {
    // Not by chance: by how often the call was written.
    const Call* call = board.Find<Call>(triage->call);
    if (call != nullptr && call->etag.number % 2 == 1) {
      return absl::FailedPreconditionError(
          absl::StrCat("calls/", triage->call.value(), " cannot be triaged"));
    }
  }
  if (const auto* submit = std::get_if<SubmitCall>(&command);
      submit != nullptr && IsPlanted(Bug::kDuplicateIsDropped)) {
    // He is told that the call is there, and what he says is not written down.
    if (const Call* open = board.OpenCallFor(submit->patient)) {
      return Decision{{}, open->id, board};
    }
  }
  if (const auto* submit = std::get_if<SubmitCall>(&command);
      submit != nullptr && submit->written_time.has_value() &&
      IsPlanted(Bug::kPaperTimeIsLost)) {
    SubmitCall changed = *submit;
    changed.source = CallSource::kPhone;
    changed.written_time.reset();
    return Decide(board, changed, actor, now);
  }
  if (const auto* login = std::get_if<OpenSession>(&command);
      login != nullptr && IsPlanted(Bug::kOldPasswordLogsIn)) {
    OpenSession changed = *login;
    if (const auto* account = board.Find<Account>(login->account)) {
      changed.password_hash = account->password_hash;
    }
    return Decide(board, changed, actor, now);
  }
  absl::StatusOr<Decision> decision =
      IsPlanted(Bug::kEtagIsIgnored)
          ? Decide(board, WithoutEtags(board, command), actor, now)
          : Decide(board, command, actor, now);
  if (!decision.ok() || simulation::Planted() == Bug::kUnspecified) {
    return decision;
  }
  if (const auto* sign = std::get_if<SignNote>(&command);
      sign != nullptr && IsPlanted(Bug::kClosesWithoutReceipt)) {
    const Note* note = decision->board.Find<Note>(sign->note);
    AddClosing(note->call, actor, now, &*decision);
    return decision;
  }
  std::vector<Event> events = decision->events;
  if (IsPlanted(Bug::kRevocationIsForgotten) &&
      !std::holds_alternative<RevokeSession>(command)) {
    std::erase_if(events, [](const Event& event) {
      return event.kind == EventKind::kSessionRevoked;
    });
  }
  for (Event& event : events) {
    if (IsPlanted(Bug::kCancelKeepsTheCrew) &&
        (std::holds_alternative<CancelCall>(command) ||
         std::holds_alternative<AnswerCancel>(command) ||
         std::holds_alternative<ReleaseAssignment>(command))) {
      std::erase_if(event.records, [](const Record& record) {
        return std::holds_alternative<Assignment>(record);
      });
    }
    if (IsPlanted(Bug::kMemberIsForgotten) &&
        event.kind == EventKind::kDeliveryBegan && event.records.size() > 1) {
      event.records.pop_back();
    }
    for (Record& record : event.records) Spoil(board, event.kind, &record);
  }
  return DecisionOf(board, std::move(events), decision->subject);
}

absl::StatusOr<Actor> ActorBehindWithBugs(const Board& board,
                                          const SessionId& session,
                                          absl::Time now) {
  const Session* found = board.Find<Session>(session);
  if (found != nullptr && IsPlanted(Bug::kSessionIsForEver)) {
    Board then = board;
    Session open = *found;
    open.revoked = false;
    then.Put(open);
    return ActorBehind(then, session, found->create_time);
  }
  return ActorBehind(board, session, now);
}

absl::Time NextDeadlineWithBugs(const Board& board) {
  if (IsPlanted(Bug::kTimersSleep)) return absl::InfiniteFuture();
  if (IsPlanted(Bug::kTimersAreEarly)) return absl::InfinitePast();
  return NextDeadline(board);
}

}  // namespace housecall::core

namespace housecall::planner {

bool WantsPlanWithBugs(const core::Board& board) {
  return !simulation::IsPlanted(simulation::Bug::kPlannerSleeps) &&
         WantsPlan(board);
}

}  // namespace housecall::planner
