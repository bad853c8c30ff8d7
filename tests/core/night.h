// One center at night, for tests of the rules: everybody whom a call needs is
// on duty, commands are short to write, and every event is checked against
// tests/core/invariants.h.
#ifndef HOUSECALL_TESTS_CORE_NIGHT_H_
#define HOUSECALL_TESTS_CORE_NIGHT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/decide.h"

namespace housecall::core {

// Friday 2026-11-20, 20:00 in Tokyo, with the board of BoardBuilder: physicians
// p1, p2 and p3 (who may drive himself), driver d1 with car k1, d2 with k2, all
// on duty from 18:00 to 08:00; the operator op-mori; the nurses nurse-ito and
// nurse-abe of station-asahi; patients a and b of clinic-sakura.
class Night {
 public:
  Night();

  // Rules, applies the events and checks every invariant after each of them.
  // `board`, `now` and `events` (all so far) are the outcome.
  absl::StatusOr<Subject> Do(const Command& command, const Actor& actor);
  // By whom it is usually done: nurse-ito for a submission and a wish
  // to cancel, the crew for its steps, the system for its own, else the
  // operator.
  absl::StatusOr<Subject> Do(const Command& command);
  // As Do; fails the test if refused.
  Subject Must(const Command& command);
  Subject Must(const Command& command, const Actor& actor);

  // Lets time pass in one go, or stopping at every deadline on the way, as the
  // engine does.
  void Wait(absl::Duration duration);
  void WaitAtDeadlines(absl::Duration duration);

  // --- Steps of a call, with what they usually say ---
  SubmitCall Submission(const std::string& call, const std::string& patient);
  TriageCall Triage(const std::string& call,
                    Urgency urgency = Urgency::kStandard);
  OfferVisit OfferTo(const std::string& call, const std::string& physician,
                     const std::string& driver);
  // Takes c1 for patient a there by the shortest way: from nothing.
  void BringTo(CallState state);
  // The crew's step; for the call's running or last assignment.
  AdvanceVisit StepOf(const std::string& call, Step step);
  // Writes and signs a note, or an amendment of it.
  void SignNoteOf(const std::string& call);
  // Every open delivery is confirmed by somebody of the organization.
  void ConfirmDeliveriesOf(const std::string& call);
  void ConfirmHoursOf(const std::string& call);

  // --- What is on the board; CHECK-fails if it is not there ---
  const Call& GetCall(const std::string& id = "c1") const;
  const Offer& OfferOf(const std::string& call = "c1") const;
  const Assignment& AssignmentOf(const std::string& call = "c1") const;
  const Visit& VisitOf(const std::string& call = "c1") const;
  const Duty& DutyOf(const std::string& person) const;
  // Open tasks of that kind about the call ("" for none).
  int OpenTasks(TaskKind kind, const std::string& call = "c1") const;
  // How many events of that kind there were since `events` was cleared.
  int Count(EventKind kind) const;

  Actor As(const std::string& person) const;

  Board board;
  absl::Time now;
  std::vector<Event> events;
};

// "FAILED_PRECONDITION: calls/c1 is CLOSED: it is over", "OK".
std::string Words(const absl::Status& status);

}  // namespace housecall::core

#endif  // HOUSECALL_TESTS_CORE_NIGHT_H_
