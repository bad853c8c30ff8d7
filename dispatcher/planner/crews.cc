#include "dispatcher/planner/crews.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "dispatcher/planner/calls.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::LatLng;
using core::PersonId;
using core::Role;
using core::RotaDuty;

LatLng HomeOf(const Board& board, const std::vector<RotaDuty>& rota,
              const core::Person& person) {
  if (person.home_position.has_value()) return *person.home_position;
  for (const RotaDuty& duty : rota) {
    if (duty.person == person.id && duty.base_position.has_value()) {
      return *duty.base_position;
    }
  }
  return board.center().position;
}

double EndMinutes(const std::vector<RotaDuty>& rota, const PersonId& person,
                  Role role, absl::Time now) {
  return absl::ToDoubleMinutes(core::EndOfDuty(rota, person, role, now) - now);
}

// Of an assignment or an offer in which `person` is.
template <typename Crew>
Busy BusyWith(const Board& board, const std::vector<RotaDuty>& rota,
              absl::Time now, const Crew& crew, const PersonId& person) {
  // A visit that should be over is expected to be over soon; but the longer it
  // has been so, the less soon. Else those who are free would be kept waiting
  // for it all night.
  constexpr double kSoonMinutes = 2;
  constexpr double kOverdueShare = 0.3;
  const core::Policy& policy = board.center().policy;
  Busy busy;
  // A driver who does not wait is free at the door, alone.
  const bool leaves = crew.driver == person && !policy.driver_waits;
  const double left = absl::ToDoubleMinutes(
      (leaves ? crew.estimate.arrive_time : crew.estimate.finish_time) - now);
  busy.minutes =
      left > 0
          ? std::max(kSoonMinutes, left)
          : std::clamp(-left * kOverdueShare, kSoonMinutes,
                       std::max(kSoonMinutes,
                                absl::ToDoubleMinutes(policy.visit_duration)));
  if (!leaves) busy.physician = crew.physician;
  busy.self_drive = crew.self_drive;
  for (const CallId& id : crew.calls) {
    const Call* call = board.Find<Call>(id);
    if (call != nullptr && call->place.position.has_value()) {
      busy.place = *call->place.position;
      return busy;
    }
  }
  // Nobody knows where that is. The two are together, or will be.
  busy.place = PlaceIn(
      board, rota, leaves || crew.physician.empty() ? person : crew.physician);
  return busy;
}

// None: he is free, or his crew waits for a car.
std::optional<Busy> BusyOf(const Board& board,
                           const std::vector<RotaDuty>& rota, absl::Time now,
                           const PersonId& person) {
  if (const core::Assignment* running = board.RunningAssignmentOf(person)) {
    if (running->state == core::AssignmentState::kWaitingForCar) {
      return std::nullopt;
    }
    return BusyWith(board, rota, now, *running, person);
  }
  if (const core::Offer* offer = board.PendingOfferTo(person)) {
    return BusyWith(board, rota, now, *offer, person);
  }
  return std::nullopt;
}

// --- Who is in whose car ----------------------------------------------------

// By person, the visit that he has left last.
std::map<PersonId, const core::Assignment*> LastVisits(const Board& board) {
  std::map<PersonId, const core::Assignment*> last;
  board.table<core::Assignment>().ForEach([&](const core::AssignmentId&,
                                              const core::Assignment&
                                                  assignment) {
    if (!assignment.leave.has_value()) return;
    for (const PersonId& person : {assignment.physician, assignment.driver}) {
      if (person.empty()) continue;
      const core::Assignment*& newest = last[person];
      if (newest == nullptr ||
          newest->leave->moment() < assignment.leave->moment()) {
        newest = &assignment;
      }
    }
  });
  return last;
}

// Null: his phone has not said since then where he is.
const core::Position* PositionSince(const Board& board, const PersonId& person,
                                    absl::Time time) {
  const core::Position* position = board.Find<core::Position>(person);
  return position != nullptr && position->receive_time >= time ? position
                                                               : nullptr;
}

// By driver, the physician with whom he has left a visit and still is; and
// puts the physicians whom their driver left with a patient to that place.
std::map<PersonId, PersonId> SeatedSinceTheirVisit(const Board& board,
                                                   absl::Time now,
                                                   Crews* crews) {
  std::map<PersonId, PersonId> together;
  const std::map<PersonId, const core::Assignment*> last = LastVisits(board);
  for (Physician& physician : crews->physicians) {
    const PersonId& id = physician.person->id;
    const auto found = last.find(id);
    if (found == last.end() || physician.busy.has_value()) continue;
    const core::Assignment& visit = *found->second;
    const absl::Time leave_time = visit.leave->moment();
    if (visit.self_drive || leave_time < physician.duty->since) continue;
    const core::Position* position = PositionSince(board, id, leave_time);
    if (visit.driver_left) {
      const Call* call = board.Find<Call>(visit.calls.front());
      if (position == nullptr && call != nullptr &&
          call->place.position.has_value()) {
        physician.place = *call->place.position;
      }
      continue;
    }
    const core::Duty* driver = board.Find<core::Duty>(visit.driver);
    const auto last_of_driver = last.find(visit.driver);
    if (driver == nullptr || leave_time < driver->since ||
        last_of_driver == last.end() || last_of_driver->second != &visit ||
        BusyOf(board, crews->rota, now, visit.driver).has_value()) {
      continue;
    }
    const core::Position* of_driver =
        PositionSince(board, visit.driver, leave_time);
    // Nobody's phone says that they have parted.
    constexpr double kTogetherMeters = 300;
    constexpr absl::Duration kTrusted = absl::Minutes(30);
    const bool are_together =
        position != nullptr && of_driver != nullptr
            ? core::DistanceMeters(position->position, of_driver->position) <=
                  kTogetherMeters
            : now - leave_time <= kTrusted;
    if (are_together) together[visit.driver] = id;
  }
  return together;
}

}  // namespace

LatLng PlaceIn(const Board& board, const std::vector<RotaDuty>& rota,
               const PersonId& person) {
  const core::Duty* duty = board.Find<core::Duty>(person);
  const core::Position* position = board.Find<core::Position>(person);
  // A fix from an earlier duty says nothing of where he is tonight.
  if (position != nullptr &&
      (duty == nullptr || position->receive_time >= duty->since)) {
    return position->position;
  }
  if (duty != nullptr) {
    for (const RotaDuty& planned : rota) {
      if (planned.person == person && planned.role == duty->role &&
          planned.start_time < duty->end_time &&
          duty->since < planned.end_time && planned.base_position.has_value()) {
        return *planned.base_position;
      }
    }
  }
  const core::Person* record = board.Find<core::Person>(person);
  if (record != nullptr && record->home_position.has_value()) {
    return *record->home_position;
  }
  return board.center().position;
}

Crews CrewsOnDuty(const Board& board, absl::Time now) {
  Crews crews;
  crews.rota = core::RotaForRules(board, now);
  board.table<core::Duty>().ForEach([&](const PersonId& id,
                                        const core::Duty& duty) {
    const core::Person* person = board.Find<core::Person>(id);
    if (!duty.on_duty || person == nullptr) return;
    if (duty.role == Role::kPhysician) {
      Physician p;
      p.person = person;
      p.duty = &duty;
      p.employer = board.Find<core::Organization>(duty.organization);
      p.ruling = core::RulePhysicianNow(board, crews.rota, id, now, false);
      p.place = PlaceIn(board, crews.rota, id);
      p.home = HomeOf(board, crews.rota, *person);
      p.end_minutes = EndMinutes(crews.rota, id, duty.role, now);
      p.busy = BusyOf(board, crews.rota, now, id);
      const core::Assignment* running = board.RunningAssignmentOf(id);
      p.waits_for_car = running != nullptr &&
                        running->state == core::AssignmentState::kWaitingForCar;
      p.may_go = p.ruling.ok() ||
                 (running != nullptr && IsWaitingForCar(board, *running));
      crews.physicians.push_back(p);
    } else if (duty.role == Role::kDriver) {
      Driver d;
      d.person = person;
      d.duty = &duty;
      d.ruling = core::RuleDriverNow(board, crews.rota, id, now, false);
      d.place = PlaceIn(board, crews.rota, id);
      d.end_minutes = EndMinutes(crews.rota, id, duty.role, now);
      d.busy = BusyOf(board, crews.rota, now, id);
      crews.drivers.push_back(d);
    }
  });
  return crews;
}

Crews SeatedCrews(const Board& board, absl::Time now,
                  const PlanOptions& options) {
  Crews crews = CrewsOnDuty(board, now);
  std::map<PersonId, PersonId> together;
  // Those who are free now are planned alone, with what is known of them.
  if (options.plans_night()) {
    together = SeatedSinceTheirVisit(board, now, &crews);
  }
  for (size_t d = 0; d < crews.drivers.size(); ++d) {
    Driver& driver = crews.drivers[d];
    const auto known = options.crews.find(driver.person->id);
    PersonId aboard;
    if (driver.busy.has_value()) {
      driver.free_minutes = driver.busy->minutes;
      driver.place = driver.busy->place;
      aboard = driver.busy->physician;
    } else if (known != options.crews.end()) {
      driver.free_minutes =
          std::max(0.0, absl::ToDoubleMinutes(known->second.free_time - now));
      driver.place = known->second.place;
      aboard = known->second.aboard;
    } else if (const auto seated = together.find(driver.person->id);
               seated != together.end()) {
      aboard = seated->second;
    }
    for (size_t p = 0; p < crews.physicians.size(); ++p) {
      Physician& physician = crews.physicians[p];
      if (physician.person->id != aboard || physician.driver != kNone) {
        continue;
      }
      driver.aboard = static_cast<int>(p);
      physician.driver = static_cast<int>(d);
      physician.place = driver.place;
    }
  }
  return crews;
}

size_t CountCars(const Crews& crews) {
  return crews.drivers.size() +
         std::count_if(crews.physicians.begin(), crews.physicians.end(),
                       [](const Physician& physician) {
                         return physician.person->self_drive;
                       });
}

double HorizonMinutes(const Crews& crews) {
  double horizon = 24 * 60;
  const auto add = [&](const auto& people) {
    for (const auto& each : people) {
      if (std::isfinite(each.end_minutes)) {
        horizon = std::max(horizon, each.end_minutes);
      }
    }
  };
  add(crews.physicians);
  add(crews.drivers);
  return horizon;
}

}  // namespace housecall::planner
