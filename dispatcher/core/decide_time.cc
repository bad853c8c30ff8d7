// The clocks: what happens by itself when time passes.
//
// What is due is found by one function for a call (DueOf) and one for the
// center (DueOfCenter), from which both PassTime and NextDeadline live: they
// cannot disagree. Everything due is due at a time that the board alone tells;
// InfinitePast means that it is so already (a surge, a target that cannot be
// kept).
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/rota.h"

namespace housecall::core {

namespace {

enum class What {
  kNothing,
  kOfferRings,
  kNudge,
  kNotMoving,
  kRematch,
  kHoldEnds,
  kScheduleStarts,
  kTriageOverdue,
  kTargetAtRisk,
  kRetriage,
  kNotFound,
};

struct Due {
  absl::Time time = absl::InfiniteFuture();
  What what = What::kNothing;

  void Earlier(absl::Time other, What other_what) {
    if (other < time) *this = Due{other, other_what};
  }
};

// The last task of that kind of the call, open or resolved; or null.
const Task* LastTask(const Board& board, const CallId& call, TaskKind kind) {
  const std::string prefix = call.value() + "--t";
  const Task* last = nullptr;
  board.table<Task>().ForEachFrom(
      TaskId(prefix), [&](const TaskId& id, const Task& task) {
        if (id.value().compare(0, prefix.size(), prefix) != 0) return false;
        if (task.kind == kind &&
            (last == nullptr || last->raise_time <= task.raise_time)) {
          last = &task;
        }
        return true;
      });
  return last;
}

bool IsOpen(const Task* task) {
  return task != nullptr && !task->resolved.has_value();
}

// When the crew that is promised or under way is expected, if that is known.
std::optional<absl::Time> ExpectedTime(const Offer* offer,
                                       const Assignment* crew) {
  if (crew != nullptr) {
    if (crew->estimate_time == absl::UnixEpoch()) return std::nullopt;
    return crew->estimate.arrive_time;
  }
  if (offer == nullptr || offer->estimate.arrive_time == absl::UnixEpoch()) {
    return std::nullopt;
  }
  return offer->estimate.arrive_time;
}

// Told once when the target cannot be kept, and once more when it is missed,
// if the operator has dealt with the first by then.
void AddTargetDue(const Board& board, const Call& call, const Offer* offer,
                  const Assignment* crew, Due* due) {
  if (!call.target_time.has_value()) return;
  const absl::Time target = *call.target_time;
  const Task* last = LastTask(board, call.id, TaskKind::kTargetAtRisk);
  if (IsOpen(last)) return;
  if (last == nullptr || last->raise_time < target) {
    due->Earlier(target, What::kTargetAtRisk);
  }
  const std::optional<absl::Time> expected = ExpectedTime(offer, crew);
  const bool told = last != nullptr && call.review_time.has_value() &&
                    last->raise_time >= *call.review_time;
  if (!told && expected.has_value() && *expected > target) {
    due->Earlier(absl::InfinitePast(), What::kTargetAtRisk);
  }
}

// Since when the call waits without anybody looking at it: its last triage;
// a scheduled one, since it is being matched; or when the operator was told
// last and said that he had seen to it.
void AddRetriageDue(const Board& board, const Call& call, Due* due) {
  const Policy& policy = board.center().policy;
  if (!call.review_time.has_value()) return;
  absl::Time since = *call.review_time;
  if (call.schedule.has_value()) {
    since =
        std::max(since, call.schedule->start_time - policy.schedule_lead_time);
  }
  const Task* last = LastTask(board, call.id, TaskKind::kRetriage);
  if (IsOpen(last)) return;
  if (last != nullptr) since = std::max(since, last->resolved->time);
  due->Earlier(since + policy.retriage_after, What::kRetriage);
}

// The clock of departure, from acceptance.
void AddDepartureDue(const Policy& policy, const Assignment& crew, Due* due) {
  if (crew.state != AssignmentState::kAccepted) return;
  if (!crew.nudged) {
    due->Earlier(crew.accept_time + policy.departure_nudge, What::kNudge);
  }
  if (!crew.alarmed) {
    due->Earlier(crew.accept_time + policy.departure_alarm, What::kNotMoving);
  }
  due->Earlier(crew.accept_time + policy.departure_rematch, What::kRematch);
}

// What comes next for an open call.
Due DueOf(const Board& board, const Call& call) {
  const Policy& policy = board.center().policy;
  Due due;
  const Assignment* crew = board.Find<Assignment>(call.assignment);
  if (crew != nullptr &&
      (!IsRunning(crew->state) || !Contains(crew->calls, call.id))) {
    crew = nullptr;
  }
  const Offer* offer = PendingOfferOf(board, call);
  if (offer != nullptr) due.Earlier(offer->ring_until_time, What::kOfferRings);
  if (crew != nullptr) AddDepartureDue(policy, *crew, &due);
  switch (call.state) {
    case CallState::kReceived:
      if (LastTask(board, call.id, TaskKind::kTriageOverdue) == nullptr) {
        due.Earlier(call.receive_time + (call.red_flags.empty()
                                             ? policy.triage_target
                                             : policy.urgent_triage_target),
                    What::kTriageOverdue);
      }
      break;
    case CallState::kScheduled:
      if (call.schedule.has_value()) {
        due.Earlier(call.schedule->start_time - policy.schedule_lead_time,
                    What::kScheduleStarts);
      }
      break;
    case CallState::kMatching:
    case CallState::kOffered:
      AddRetriageDue(board, call, &due);
      AddTargetDue(board, call, offer, crew, &due);
      break;
    case CallState::kAccepted:
    case CallState::kEnRoute:
      AddTargetDue(board, call, offer, crew, &due);
      break;
    case CallState::kOnHold:
      if (call.hold_until_time.has_value()) {
        due.Earlier(*call.hold_until_time, What::kHoldEnds);
      }
      break;
    case CallState::kNotFound:
      if (call.not_found_due_time.has_value()) {
        const Task* last = LastTask(board, call.id, TaskKind::kPatientNotFound);
        if (!IsOpen(last) &&
            (last == nullptr || last->raise_time < *call.not_found_due_time)) {
          due.Earlier(*call.not_found_due_time, What::kNotFound);
        }
      }
      break;
    case CallState::kUnspecified:
    case CallState::kTriaged:
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
    case CallState::kClosed:
    case CallState::kEmergency119:
    case CallState::kMerged:
    case CallState::kCancelled:
      break;
  }
  return due;
}

void Happen(What what, const CallId& id, Draft& draft) {
  Call call = *draft.board().Find<Call>(id);
  const auto crew = [&] {
    return *draft.board().Find<Assignment>(call.assignment);
  };
  switch (what) {
    case What::kNothing:
      return;
    case What::kOfferRings:
      RingOrExpire(PendingOfferOf(draft.board(), call)->id, draft);
      return;
    case What::kNudge: {
      Assignment assignment = crew();
      assignment.nudged = true;
      draft.Emit(EventKind::kDepartureNudged, id, {std::move(assignment)});
      return;
    }
    case What::kNotMoving: {
      Assignment assignment = crew();
      assignment.alarmed = true;
      draft.Emit(EventKind::kDepartureNudged, id, {assignment});
      draft.RaiseTask(TaskKind::kNotMoving, assignment.calls.front(),
                      absl::StrCat("assignments/", assignment.id.value()));
      return;
    }
    case What::kRematch:
      ReleaseAssignmentOf(id, "accepted but did not move", draft,
                          /*not_again=*/true);
      return;
    case What::kHoldEnds:
      call.state = call.resume_state;
      call.resume_state = CallState::kUnspecified;
      call.hold_until_time = std::nullopt;
      call.hold_reason = PrivateText();
      draft.Emit(EventKind::kCallResumed, id, {std::move(call)});
      return;
    case What::kScheduleStarts:
      call.state = CallState::kMatching;
      draft.Emit(EventKind::kCallMatching, id, {std::move(call)});
      return;
    case What::kTriageOverdue:
      draft.RaiseTask(TaskKind::kTriageOverdue, id, "");
      return;
    case What::kTargetAtRisk:
      draft.RaiseTask(TaskKind::kTargetAtRisk, id,
                      *call.target_time <= draft.now()
                          ? "the target is missed"
                          : "the crew is expected after the target");
      return;
    case What::kRetriage:
      draft.RaiseTask(TaskKind::kRetriage, id, "");
      return;
    case What::kNotFound:
      draft.RaiseTask(TaskKind::kPatientNotFound, id, "the next step is late");
      return;
  }
}

// --- The center -------------------------------------------------------------

// Duties are over at their end, unless a visit still runs.
absl::Time EndOf(const Board& board, const Duty& duty) {
  if (!duty.on_duty || board.RunningAssignmentOf(duty.id) != nullptr) {
    return absl::InfiniteFuture();
  }
  return duty.end_time;
}

void EndDuties(Draft& draft) {
  std::vector<PersonId> ended;
  draft.board().table<Duty>().ForEach([&](const PersonId& id, const Duty& d) {
    if (EndOf(draft.board(), d) <= draft.now()) ended.push_back(id);
  });
  for (const PersonId& id : ended) {
    if (const Offer* offer = draft.board().PendingOfferTo(id)) {
      WithdrawOfferOf(offer->calls.front(), "the shift is over", draft);
    }
    Duty duty = *draft.board().Find<Duty>(id);
    duty.on_duty = false;
    duty.since = draft.now();
    draft.Emit(EventKind::kDutyEnded, CallId(), {std::move(duty)});
  }
}

// Whether more calls wait than the crews on duty can be expected to see.
struct Load {
  int64_t waiting = 0;
  int64_t capacity = 0;
};

Load LoadOf(const Board& board) {
  Load load;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const CallState state = board.Find<Call>(id)->state;
    if (state == CallState::kMatching || state == CallState::kOffered) {
      ++load.waiting;
    }
  });
  if (load.waiting == 0) return load;
  int64_t physicians = 0;
  int64_t wheels = 0;
  board.table<Duty>().ForEach([&](const PersonId& id, const Duty& duty) {
    if (!duty.on_duty) return;
    if (duty.role == Role::kPhysician) {
      ++physicians;
      const Person* person = board.Find<Person>(id);
      if (person != nullptr && person->self_drive) ++wheels;
    } else if (duty.role == Role::kDriver && !duty.car.empty()) {
      ++wheels;
    }
  });
  load.capacity =
      std::min(physicians, wheels) * board.center().policy.surge_calls_per_crew;
  return load;
}

// Tasks of no call are named after their kind (draft.cc).
const Task* LastSurge(const Board& board) {
  const Task* last = nullptr;
  board.table<Task>().ForEachFrom(
      TaskId("surge--"), [&](const TaskId& id, const Task& task) {
        if (!absl::StartsWith(id.value(), "surge--")) {
          return false;
        }
        last = &task;
        return true;
      });
  return last;
}

// Raised once until it is over, which is at half the load so that it does not
// flicker; if an operator resolves it meanwhile, he is told again after an
// hour's retriage.
absl::Time SurgeDue(const Board& board) {
  const Load load = LoadOf(board);
  const Task* last = LastSurge(board);
  if (IsOpen(last)) {
    return load.waiting * 2 <= load.capacity ? absl::InfinitePast()
                                             : absl::InfiniteFuture();
  }
  if (load.waiting <= load.capacity) return absl::InfiniteFuture();
  if (last == nullptr || last->resolved->person.empty()) {
    return absl::InfinitePast();
  }
  return last->resolved->time + board.center().policy.retriage_after;
}

void Surge(Draft& draft) {
  if (SurgeDue(draft.board()) > draft.now()) return;
  if (IsOpen(LastSurge(draft.board()))) {
    Task task = *LastSurge(draft.board());
    task.resolved = Confirmation{draft.now(), PersonId()};
    draft.Emit(EventKind::kTaskResolved, CallId(), {std::move(task)});
    return;
  }
  const Load load = LoadOf(draft.board());
  draft.RaiseTask(TaskKind::kSurge, CallId(),
                  absl::StrCat(load.waiting, " calls wait; the crews on duty ",
                               "can be expected to see ", load.capacity));
}

// Every day at this hour of the center's zone the rota is looked through for
// gaps: tonight's, and those 1, 3 and 7 days ahead.
constexpr int kCoverageHour = 17;
constexpr int kCoverageDaysAhead[] = {0, 1, 3, 7};
// The daily check leaves a task that is resolved at once: the record that the
// rota was looked through, and the memory of when.
constexpr char kCoverageCheck[] = "coverage-check--";
constexpr char kCoverageGap[] = "coverage-gap--";
// %E4Y: %Y would read all the digits when it is parsed.
constexpr char kTimeInId[] = "%E4Y%m%dt%H%M%Sz";

absl::Time FirstCoverageTimeAfter(absl::Time time, absl::TimeZone zone) {
  const absl::CivilDay day = absl::ToCivilDay(time, zone);
  const absl::Time same_day =
      absl::FromCivil(absl::CivilHour(day) + kCoverageHour, zone);
  return same_day > time
             ? same_day
             : absl::FromCivil(absl::CivilHour(day + 1) + kCoverageHour, zone);
}

// The next check: the first such hour after the last one; for a center that
// was never checked, after its first shift has begun (while the first rota is
// being entered everything is a gap). Never before there is a rota.
absl::Time CoverageDue(const Board& board) {
  const absl::TimeZone zone = ZoneNamed(board.center().time_zone);
  std::optional<absl::Time> last;
  board.table<Task>().ForEachFrom(
      TaskId(kCoverageCheck), [&](const TaskId& id, const Task& task) {
        if (!absl::StartsWith(id.value(), kCoverageCheck)) return false;
        last = task.raise_time;
        return true;
      });
  if (!last.has_value()) {
    board.table<Shift>().ForEach([&](const ShiftId&, const Shift& shift) {
      if (shift.state != ShiftState::kPlanned) return;
      if (!last.has_value() || shift.start_time < *last) {
        last = shift.start_time;
      }
    });
  }
  if (!last.has_value()) return absl::InfiniteFuture();
  return FirstCoverageTimeAfter(*last, zone);
}

// Gaps that somebody has filled since, or that have passed.
void ResolveCoveredGaps(Draft& draft) {
  std::vector<Task> covered;
  for (const TaskId& id : draft.board().OpenTasksOf(CallId())) {
    absl::Time start;
    if (!absl::StartsWith(id.value(), kCoverageGap) ||
        !absl::ParseTime(absl::StrCat(kCoverageGap, kTimeInId), id.value(),
                         &start, nullptr)) {
      continue;
    }
    const absl::Time from = std::max(start, draft.now());
    if (CoverageGaps(draft.board(), from, from + absl::Minutes(1)).empty()) {
      covered.push_back(*draft.board().Find<Task>(id));
    }
  }
  for (Task& task : covered) {
    task.resolved = Confirmation{draft.now(), PersonId()};
    draft.Emit(EventKind::kTaskResolved, CallId(), {std::move(task)});
  }
}

void CheckCoverage(Draft& draft) {
  const absl::Time due = CoverageDue(draft.board());
  if (due > draft.now()) return;
  const absl::TimeZone zone = ZoneNamed(draft.board().center().time_zone);
  // After a stop of some days the last missed check counts, not each of them.
  absl::CivilDay today = absl::ToCivilDay(draft.now(), zone);
  if (absl::FromCivil(absl::CivilHour(today) + kCoverageHour, zone) >
      draft.now()) {
    --today;
  }
  // By start: one task for all roles that have nobody then.
  std::vector<std::pair<absl::Time, std::string>> gaps;
  for (int days : kCoverageDaysAhead) {
    const absl::CivilHour from = absl::CivilHour(today + days) + kCoverageHour;
    for (const CoverageGap& gap :
         CoverageGaps(draft.board(), absl::FromCivil(from, zone),
                      absl::FromCivil(from + 24, zone))) {
      if (gap.end_time <= draft.now()) continue;
      const std::string words = absl::StrCat(
          NameOf(gap.role), " ",
          absl::FormatTime("%Y-%m-%dT%H:%M", gap.start_time, zone), "/",
          absl::FormatTime("%Y-%m-%dT%H:%M", gap.end_time, zone));
      if (!gaps.empty() && gaps.back().first == gap.start_time) {
        absl::StrAppend(&gaps.back().second, ", ", words);
      } else {
        gaps.emplace_back(gap.start_time, words);
      }
    }
  }
  ResolveCoveredGaps(draft);
  Task check;
  check.id = TaskId(absl::StrCat(
      kCoverageCheck,
      absl::FormatTime(kTimeInId, draft.now(), absl::UTCTimeZone())));
  check.kind = TaskKind::kCoverageGap;
  check.raise_time = draft.now();
  check.detail = absl::StrCat(gaps.size(), " gaps in the rota");
  check.resolved = Confirmation{draft.now(), PersonId()};
  draft.Emit(EventKind::kTaskResolved, CallId(), {std::move(check)});
  for (auto& [start, words] : gaps) {
    Task task;
    task.id = TaskId(absl::StrCat(
        kCoverageGap, absl::FormatTime(kTimeInId, start, absl::UTCTimeZone())));
    // Raised once for each gap, however often it is seen.
    if (draft.board().Find<Task>(task.id) != nullptr) continue;
    task.kind = TaskKind::kCoverageGap;
    task.raise_time = draft.now();
    task.detail = std::move(words);
    draft.Emit(EventKind::kTaskRaised, CallId(), {std::move(task)});
  }
}

}  // namespace

absl::StatusOr<Subject> Rule(const PassTime&, Draft& draft) {
  std::vector<CallId> calls;
  draft.board().open_calls().ForEach(
      [&](const CallId& id, bool) { calls.push_back(id); });
  for (const CallId& id : calls) {
    // One thing leads to another: a hold that ends may start a match.
    for (;;) {
      const Call* call = draft.board().Find<Call>(id);
      if (call == nullptr || IsOver(call->state)) break;
      const Due due = DueOf(draft.board(), *call);
      if (due.time > draft.now()) break;
      Happen(due.what, id, draft);
    }
  }
  MarkOverdueDeliveries(draft);
  EndDuties(draft);
  Surge(draft);
  CheckCoverage(draft);
  return Subject();
}

absl::Time NextDeadline(const Board& board) {
  absl::Time next = absl::InfiniteFuture();
  if (board.center().id.empty()) return next;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    next = std::min(next, DueOf(board, *board.Find<Call>(id)).time);
  });
  board.open_deliveries().ForEach([&](const DeliveryId& id, bool) {
    const Delivery& delivery = *board.Find<Delivery>(id);
    if (!delivery.overdue) next = std::min(next, delivery.due_time);
  });
  board.table<Duty>().ForEach([&](const PersonId&, const Duty& duty) {
    next = std::min(next, EndOf(board, duty));
  });
  next = std::min(next, SurgeDue(board));
  return std::min(next, CoverageDue(board));
}

}  // namespace housecall::core
