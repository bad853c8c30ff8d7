// The clocks: what happens by itself when time passes.
//
// What is due is found by one function for a call (DueOf) and one for the
// center (DueOfCenter), from which both PassTime and NextDeadline live: they
// cannot disagree. Everything due is due at a time that the board alone tells;
// InfinitePast means that it is so already (a surge, a target that cannot be
// kept).
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
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
  kEmergency,
  kNotFound,
  kWaitsForCar,
  kVisitOverdue,
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

// When the operator said last that he had seen to what a task of that kind
// tells; InfinitePast if there was none. InfiniteFuture while one is open: then
// there is no need to tell him.
absl::Time SeenTo(const Board& board, const CallId& call, TaskKind kind) {
  const Task* last = LastTask(board, call, kind);
  if (last == nullptr) return absl::InfinitePast();
  return IsOpen(last) ? absl::InfiniteFuture() : last->resolved->time;
}

// Since when the call waits without anybody looking at it: its last triage or
// hold; a scheduled one, since it is being matched; or when the operator was
// told last and said that he had seen to it.
void AddRetriageDue(const Board& board, const Call& call, Due* due) {
  const Policy& policy = board.center().policy;
  absl::Time since = call.review_time.value_or(WaitingSince(call));
  if (call.schedule.has_value()) {
    since = std::max(since, MatchTimeOf(policy, *call.schedule));
  }
  if (call.state == CallState::kEmergency119) {
    since = std::max(since, call.emergency->decide_time.value_or(since));
  }
  since = std::max(since, SeenTo(board, call.id, TaskKind::kRetriage));
  due->Earlier(since + policy.retriage_after, What::kRetriage);
}

// Once when triage is late, and again as long as it is.
void AddTriageDue(const Board& board, const Call& call, Due* due) {
  const Policy& policy = board.center().policy;
  absl::Time time = WaitingSince(call) + (call.red_flags.empty()
                                              ? policy.triage_target
                                              : policy.urgent_triage_target);
  const Task* last = LastTask(board, call.id, TaskKind::kTriageOverdue);
  if (IsOpen(last)) return;
  // Resolved by nobody: the call was merged, and no longer is.
  if (last != nullptr && !last->resolved->person.empty()) {
    time = std::max(time, last->resolved->time + policy.retriage_after);
  }
  due->Earlier(time, What::kTriageOverdue);
}

// Nobody who was told of the 119 has decided.
void AddEmergencyDue(const Board& board, const Call& call, Due* due) {
  due->Earlier(std::max(call.emergency->raise_time,
                        SeenTo(board, call.id, TaskKind::kEmergency119)) +
                   board.center().policy.urgent_triage_target,
               What::kEmergency);
}

// Each step to find the patient, and the decision after the last.
void AddNotFoundDue(const Board& board, const Call& call, Due* due) {
  const Policy& policy = board.center().policy;
  const absl::Time seen_to = SeenTo(board, call.id, TaskKind::kPatientNotFound);
  if (!call.not_found_due_time.has_value()) {
    due->Earlier(std::max(call.receive_time, seen_to) + policy.retriage_after,
                 What::kNotFound);
    return;
  }
  due->Earlier(seen_to < *call.not_found_due_time
                   ? *call.not_found_due_time
                   : seen_to + policy.not_found_step_timeout,
               What::kNotFound);
}

// The clock of departure: from acceptance; for visits at an agreed time, from
// when the crew has to set out to be there in time, if that is later.
void AddDepartureDue(const Board& board, const Assignment& crew, Due* due) {
  if (crew.state != AssignmentState::kAccepted) return;
  const Policy& policy = board.center().policy;
  absl::Time agreed = absl::InfiniteFuture();
  for (const CallId& id : crew.calls) {
    const Call& call = *board.Find<Call>(id);
    agreed =
        std::min(agreed, call.schedule.has_value() ? call.schedule->start_time
                                                   : absl::InfinitePast());
  }
  const absl::Time since =
      std::max(crew.accept_time, agreed - crew.estimate.fetch_duration -
                                     crew.estimate.drive_duration);
  if (!crew.nudged) {
    due->Earlier(since + policy.departure_nudge, What::kNudge);
  }
  if (!crew.alarmed) {
    due->Earlier(since + policy.departure_alarm, What::kNotMoving);
  }
  due->Earlier(since + policy.departure_rematch, What::kRematch);
}

// A crew stands there without a car, and nobody is seeing to it any more.
void AddWaitForCarDue(const Board& board, const Call& call,
                      const Assignment& crew, Due* due) {
  if (crew.state != AssignmentState::kWaitingForCar ||
      crew.calls.front() != call.id) {
    return;
  }
  const absl::Time seen_to = std::max(
      {crew.accept_time, SeenTo(board, call.id, TaskKind::kCarBrokenDown),
       SeenTo(board, call.id, TaskKind::kDriverMissing)});
  due->Earlier(seen_to + board.center().policy.departure_rematch,
               What::kWaitsForCar);
}

// A visit that should be over long since: nothing was heard of the crew, or
// after it has left papers are missing at 08:30 of the next working day and no
// delivery tells of it. Told again after an hour, or on the next working day.
void AddVisitDue(const Board& board, const Call& call, const Assignment* crew,
                 Due* due) {
  const Policy& policy = board.center().policy;
  const absl::Time seen_to = SeenTo(board, call.id, TaskKind::kVisitOverdue);
  if (crew != nullptr) {
    if (!crew->depart.has_value()) return;
    const Stamp& step =
        crew->arrive.has_value() ? *crew->arrive : *crew->depart;
    const absl::Time expected = crew->estimate_time == absl::UnixEpoch()
                                    ? step.server_time
                                    : crew->estimate.finish_time;
    due->Earlier(
        std::max({step.server_time, expected, seen_to}) + policy.retriage_after,
        What::kVisitOverdue);
    return;
  }
  const Visit* visit = board.Find<Visit>(call.visit);
  if (visit == nullptr || !visit->leave.has_value() ||
      seen_to == absl::InfiniteFuture()) {
    return;
  }
  for (const DeliveryId& id : board.DeliveriesOf(call.note)) {
    if (board.open_deliveries().Contains(id) &&
        !board.Find<Delivery>(id)->overdue) {
      return;
    }
  }
  absl::Time since = std::max(visit->leave->server_time, seen_to);
  for (TaskKind kind :
       {TaskKind::kDeliveryOverdue, TaskKind::kDeliveryFailed}) {
    since = std::max(since, SeenTo(board, call.id, kind));
  }
  if (since == absl::InfiniteFuture()) return;
  due->Earlier(NextWorkingDayAt(since, policy.delivery_due_minute,
                                ZoneNamed(board.center().time_zone)),
               What::kVisitOverdue);
}

// A crew is there, or was.
bool IsVisited(const Call& call) {
  const CallState standing = StandingOf(call);
  return standing == CallState::kOnScene ||
         standing == CallState::kDepartedScene ||
         standing == CallState::kNoteSent;
}

// What comes next for an open call. Every open call has something, or a task of
// its own is open: nobody is forgotten.
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
  if (crew != nullptr) {
    AddDepartureDue(board, *crew, &due);
    AddWaitForCarDue(board, call, *crew, &due);
  }
  switch (call.state) {
    case CallState::kReceived:
      AddTriageDue(board, call, &due);
      break;
    case CallState::kTriaged:
      AddRetriageDue(board, call, &due);
      break;
    case CallState::kScheduled:
      if (call.schedule.has_value()) {
        due.Earlier(MatchTimeOf(policy, *call.schedule), What::kScheduleStarts);
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
      AddVisitDue(board, call, crew, &due);
      break;
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
      AddVisitDue(board, call, crew, &due);
      break;
    case CallState::kOnHold:
      if (call.hold_until_time.has_value()) {
        due.Earlier(*call.hold_until_time, What::kHoldEnds);
      } else {
        AddRetriageDue(board, call, &due);
      }
      break;
    case CallState::kEmergency119:
      if (call.emergency->decision == EmergencyDecision::kUndecided) {
        AddEmergencyDue(board, call, &due);
      } else if (IsVisited(call)) {
        AddVisitDue(board, call, crew, &due);
      } else {
        AddRetriageDue(board, call, &due);
      }
      break;
    case CallState::kNotFound:
      AddNotFoundDue(board, call, &due);
      break;
    case CallState::kUnspecified:
    case CallState::kClosed:
    case CallState::kMerged:
    case CallState::kCancelled:
      break;
  }
  return due;
}

// Why a visit is overdue.
std::string WhatIsMissing(const Board& board, const Call& call) {
  const Visit* visit = board.Find<Visit>(call.visit);
  if (visit == nullptr || !visit->leave.has_value()) {
    return "nothing was heard of the crew";
  }
  return absl::StrJoin(MissingToClose(board, call), "; ");
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
      draft.RaiseTask(TaskKind::kPatientNotFound, id,
                      call.not_found_due_time.has_value()
                          ? "the next step is late"
                          : "every step was tried; a decision is wanted");
      return;
    case What::kEmergency:
      draft.RaiseTask(TaskKind::kEmergency119, id, "nobody has decided yet");
      return;
    case What::kWaitsForCar:
      draft.RaiseTask(TaskKind::kCarBrokenDown, id,
                      absl::StrCat("assignments/", call.assignment.value(),
                                   " still waits for a car"));
      return;
    case What::kVisitOverdue:
      draft.RaiseTask(TaskKind::kVisitOverdue, id,
                      WhatIsMissing(draft.board(), call));
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

// A duty that another of the same role adjoins goes on: nobody has to say so at
// midnight.
void EndDuties(Draft& draft) {
  std::vector<Duty> ended;
  draft.board().table<Duty>().ForEach([&](const PersonId&, const Duty& duty) {
    if (EndOf(draft.board(), duty) <= draft.now()) ended.push_back(duty);
  });
  for (Duty& duty : ended) {
    const std::optional<RotaDuty> next = DutyOf(
        draft.board(), duty.id, duty.role, draft.now(), absl::ZeroDuration());
    if (next.has_value() && !next->reserve) {
      duty.end_time = next->end_time;
      duty.organization = next->organization;
      draft.Emit(EventKind::kDutyBegan, CallId(), {std::move(duty)});
      continue;
    }
    if (const Offer* offer = draft.board().PendingOfferTo(duty.id)) {
      WithdrawOfferOf(offer->calls.front(), "the shift is over", draft);
    }
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
  draft.RaiseTask(
      TaskKind::kSurge, CallId(),
      absl::StrCat(Counted(load.waiting, "call waits", "calls wait"),
                   "; the crews on duty can be expected to see ",
                   load.capacity));
}

// Every day at this hour of the center's zone the rota is looked through for
// gaps: tonight's, and those 1, 3 and 7 days ahead.
constexpr int kCoverageHour = 17;
constexpr int kCoverageDaysAhead[] = {0, 1, 3, 7};
constexpr int kLastCoverageDay = 7;
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

// The day of the last check that was due by now. After a stop of some days it
// is that which counts, not each of them.
absl::CivilDay LastCoverageDay(absl::Time now, absl::TimeZone zone) {
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  const absl::Time due =
      absl::FromCivil(absl::CivilHour(today) + kCoverageHour, zone);
  return due > now ? today - 1 : today;
}

// What the rota misses from now on up to a day after the last mark, cut at each
// check so that a gap begins at the same time however often it is found.
std::vector<CoverageGap> GapsFrom(const Board& board, absl::Time now) {
  const absl::TimeZone zone = ZoneNamed(board.center().time_zone);
  const absl::CivilHour from =
      absl::CivilHour(LastCoverageDay(now, zone)) + kCoverageHour;
  const absl::CivilHour to = from + 24 * (kLastCoverageDay + 1);
  std::vector<CoverageGap> pieces;
  for (CoverageGap& gap : CoverageGaps(board, absl::FromCivil(from, zone),
                                       absl::FromCivil(to, zone))) {
    const absl::Time end = gap.end_time;
    while (gap.start_time < end) {
      gap.end_time =
          std::min(end, FirstCoverageTimeAfter(gap.start_time, zone));
      if (gap.end_time > now) pieces.push_back(gap);
      gap.start_time = gap.end_time;
    }
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const CoverageGap& a, const CoverageGap& b) {
              return std::tie(a.start_time, a.role) <
                     std::tie(b.start_time, b.role);
            });
  return pieces;
}

// One task for all roles that have nobody from that time on.
using GapsByStart = std::map<absl::Time, std::vector<CoverageGap>>;

GapsByStart ByStart(const std::vector<CoverageGap>& gaps) {
  GapsByStart by_start;
  for (const CoverageGap& gap : gaps) by_start[gap.start_time].push_back(gap);
  return by_start;
}

std::string WordsOf(const std::vector<CoverageGap>& gaps, absl::TimeZone zone) {
  return absl::StrJoin(gaps, ", ", [&](std::string* out, const auto& gap) {
    absl::StrAppend(out, NameOf(gap.role), " ",
                    absl::FormatTime("%Y-%m-%dT%H:%M", gap.start_time, zone),
                    "/",
                    absl::FormatTime("%Y-%m-%dT%H:%M", gap.end_time, zone));
  });
}

std::string TimeInId(absl::Time time) {
  return absl::FormatTime(kTimeInId, time, absl::UTCTimeZone());
}

// The last task about the gap that begins then, open or resolved; or null.
const Task* LastGapTask(const Board& board, absl::Time start) {
  const std::string prefix = absl::StrCat(kCoverageGap, TimeInId(start), "-");
  const Task* last = nullptr;
  board.table<Task>().ForEachFrom(TaskId(prefix),
                                  [&](const TaskId& id, const Task& task) {
                                    if (!absl::StartsWith(id.value(), prefix))
                                      return false;
                                    last = &task;
                                    return true;
                                  });
  return last;
}

// Raises the task of the gaps that begin then, if `wanted`; one that is open
// says what is missing now, and sounds again if `sound`.
void TellOfGaps(absl::Time start, std::string words, bool wanted, bool sound,
                Draft& draft) {
  Task task;
  if (const Task* last = LastGapTask(draft.board(), start); IsOpen(last)) {
    if (last->detail == words) return;
    task = *last;
    if (sound) task.acknowledged.reset();
  } else {
    if (!wanted) return;
    // By the time of raising too: the one before may be in the store only.
    task.id = TaskId(absl::StrCat(kCoverageGap, TimeInId(start), "-",
                                  TimeInId(draft.now())));
    task.kind = TaskKind::kCoverageGap;
    task.raise_time = draft.now();
  }
  task.detail = std::move(words);
  draft.Emit(EventKind::kTaskRaised, CallId(), {std::move(task)});
}

// Gaps that somebody has filled since, or that have passed.
void ResolveCoveredGaps(Draft& draft) {
  std::vector<Task> covered;
  for (const TaskId& id : draft.board().OpenTasksOf(CallId())) {
    absl::string_view rest = id.value();
    absl::Time start;
    if (!absl::ConsumePrefix(&rest, kCoverageGap) ||
        !absl::ParseTime(kTimeInId, std::string(rest.substr(0, rest.find('-'))),
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

// A gap of which the operator was told and that is there still is told again at
// each of the marks.
void CheckCoverage(Draft& draft) {
  const absl::Time due = CoverageDue(draft.board());
  if (due > draft.now()) return;
  const absl::TimeZone zone = ZoneNamed(draft.board().center().time_zone);
  const absl::CivilDay today = LastCoverageDay(draft.now(), zone);
  std::vector<CoverageGap> gaps = GapsFrom(draft.board(), draft.now());
  std::erase_if(gaps, [&](const CoverageGap& gap) {
    const auto days = LastCoverageDay(gap.start_time, zone) - today;
    return std::find(std::begin(kCoverageDaysAhead),
                     std::end(kCoverageDaysAhead),
                     days) == std::end(kCoverageDaysAhead);
  });
  const GapsByStart by_start = ByStart(gaps);
  ResolveCoveredGaps(draft);
  Task check;
  check.id = TaskId(absl::StrCat(kCoverageCheck, TimeInId(draft.now())));
  check.kind = TaskKind::kCoverageGap;
  check.raise_time = draft.now();
  check.detail = absl::StrCat(
      Counted(static_cast<int64_t>(by_start.size()), "gap", "gaps"),
      " in the rota");
  check.resolved = Confirmation{draft.now(), PersonId()};
  draft.Emit(EventKind::kTaskResolved, CallId(), {std::move(check)});
  for (const auto& [start, gaps_then] : by_start) {
    TellOfGaps(start, WordsOf(gaps_then, zone), /*wanted=*/true,
               /*sound=*/false, draft);
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

std::vector<CoverageGap> GapsAhead(const Draft& draft) {
  return GapsFrom(draft.board(), draft.now());
}

void TellOfNewGaps(const std::vector<CoverageGap>& before, Draft& draft) {
  const std::vector<CoverageGap> after = GapsAhead(draft);
  if (after == before) return;
  ResolveCoveredGaps(draft);
  const auto is_new = [&](const CoverageGap& gap) {
    const absl::Time start = std::max(gap.start_time, draft.now());
    return std::none_of(
        before.begin(), before.end(), [&](const CoverageGap& known) {
          return known.role == gap.role && known.start_time <= start &&
                 gap.end_time <= known.end_time;
        });
  };
  const absl::TimeZone zone = ZoneNamed(draft.board().center().time_zone);
  for (const auto& [start, gaps] : ByStart(after)) {
    const bool some_new = std::any_of(gaps.begin(), gaps.end(), is_new);
    TellOfGaps(start, WordsOf(gaps, zone), some_new, some_new, draft);
  }
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
