#include "dispatcher/planner/demand.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "dispatcher/core/calendar.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/cost.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::LatLng;
using core::PersonId;
using core::Role;
using core::RotaDuty;
using core::Skill;
using core::Urgency;

// Whether somebody was wanted at the door, as far as it is known.
bool IsDemand(const Call& call) {
  if (call.state == core::CallState::kMerged ||
      call.state == core::CallState::kCancelled ||
      call.outcome == core::Outcome::kMerged ||
      call.outcome == core::Outcome::kCancelled) {
    return false;
  }
  return call.disposition == core::Disposition::kVisit ||
         call.disposition == core::Disposition::kUnspecified;
}

template <typename Visit>
void ForEachDemand(const Board& board, Visit visit) {
  board.table<Call>().ForEach([&](const CallId&, const Call& call) {
    if (IsDemand(call)) visit(call);
  });
}

// --- How many ---------------------------------------------------------------

// Crews that the rota has around now: cars, each once though several drive it,
// and those who drive themselves, as far as there are physicians for both.
double CrewsOfTheNight(const Board& board, const std::vector<RotaDuty>& rota,
                       absl::Time now) {
  std::set<core::CarId> cars;
  std::set<PersonId> drivers_alone;
  std::set<PersonId> physicians;
  std::set<PersonId> own_wheels;
  for (const RotaDuty& duty : rota) {
    if (duty.reserve || duty.start_time > now + absl::Hours(7) ||
        duty.end_time < now - absl::Hours(7)) {
      continue;
    }
    if (duty.role == Role::kDriver) {
      if (duty.car.empty()) {
        drivers_alone.insert(duty.person);
      } else {
        cars.insert(duty.car);
      }
    } else if (duty.role == Role::kPhysician) {
      physicians.insert(duty.person);
      const core::Person* person = board.Find<core::Person>(duty.person);
      if (person != nullptr && person->self_drive) {
        own_wheels.insert(duty.person);
      }
    }
  }
  const size_t driven = cars.size() + drivers_alone.size();
  return static_cast<double>(std::max(
      driven, std::min(driven + own_wheels.size(), physicians.size())));
}

// Since when calls would have been seen, of the last hours: crews were on duty,
// or one came.
absl::Time SeenSince(const Board& board, absl::Time earliest, absl::Time now) {
  absl::Time since = now;
  board.table<core::Duty>().ForEach(
      [&](const PersonId&, const core::Duty& duty) {
        if ((duty.role == Role::kPhysician || duty.role == Role::kDriver) &&
            duty.since <= now && (duty.on_duty || duty.end_time > earliest)) {
          since = std::min(since, duty.since);
        }
      });
  board.table<Call>().ForEach([&](const CallId&, const Call& call) {
    if (core::WaitingSince(call) > earliest) {
      since = std::min(since, core::WaitingSince(call));
    }
  });
  return std::max(since, earliest);
}

// --- Of which kinds ---------------------------------------------------------

double TargetMinutes(const core::Policy& policy, Urgency urgency) {
  switch (urgency) {
    case Urgency::kUrgent:
      return absl::ToDoubleMinutes(policy.urgent_target);
    case Urgency::kRoutine:
      return absl::ToDoubleMinutes(policy.routine_target);
    case Urgency::kStandard:
    case Urgency::kUnspecified:
      return absl::ToDoubleMinutes(policy.standard_target);
  }
  return absl::ToDoubleMinutes(policy.standard_target);
}

bool HasSkill(const Physician& physician, Skill skill) {
  const auto& skills = physician.person->skills;
  return std::find(skills.begin(), skills.end(), skill) != skills.end();
}

// Those that some physician on duty has and another has not.
std::vector<Skill> RareSkills(const Crews& crews) {
  std::set<Skill> special;
  for (const Physician& physician : crews.physicians) {
    for (Skill skill : physician.person->skills) special.insert(skill);
  }
  std::vector<Skill> rare;
  for (Skill skill : special) {
    if (!std::all_of(crews.physicians.begin(), crews.physicians.end(),
                     [&](const Physician& physician) {
                       return HasSkill(physician, skill);
                     })) {
      rare.push_back(skill);
    }
  }
  return rare;
}

// How often calls need each rare skill, or none. What was seen lately, beside
// what is usual: three quarters need none.
std::map<Skill, double> ExpectedNeeds(const Board& board, const Crews& crews) {
  const std::vector<Skill> rare = RareSkills(crews);
  std::map<Skill, double> needs = {{Skill::kUnspecified, 15}};
  for (Skill skill : rare) {
    needs[skill] = 5.0 / static_cast<double>(rare.size());
  }
  ForEachDemand(board, [&](const Call& call) {
    Skill need = Skill::kUnspecified;
    for (Skill skill : core::RequiredSkills(board, call)) {
      if (needs.count(skill) > 0) need = skill;
    }
    ++needs[need];
  });
  return needs;
}

// As if five visits had been seen before that were as the policy says.
double ExpectedVisitMinutes(const Board& board, const PlanOptions& options) {
  const core::Policy& policy = board.center().policy;
  double minutes = 5 * absl::ToDoubleMinutes(policy.visit_duration);
  double visits = 5;
  ForEachDemand(board, [&](const Call& call) {
    minutes += absl::ToDoubleMinutes(VisitDuration(policy, options, call));
    ++visits;
  });
  return minutes / visits;
}

}  // namespace

std::vector<LatLng> ExpectedPlaces(const Board& board, const Crews& crews) {
  constexpr size_t kMostPlaces = 40;
  std::vector<std::pair<absl::Time, LatLng>> seen;
  ForEachDemand(board, [&](const Call& call) {
    if (call.place.position.has_value()) {
      seen.emplace_back(core::WaitingSince(call), *call.place.position);
    }
  });
  const size_t count = std::min(seen.size(), kMostPlaces);
  std::partial_sort(
      seen.begin(), seen.begin() + count, seen.end(),
      [](const auto& a, const auto& b) {
        return std::make_tuple(-absl::ToUnixMicros(a.first), a.second.latitude,
                               a.second.longitude) <
               std::make_tuple(-absl::ToUnixMicros(b.first), b.second.latitude,
                               b.second.longitude);
      });
  std::vector<LatLng> places;
  for (size_t i = 0; i < count; ++i) places.push_back(seen[i].second);
  for (const Physician& physician : crews.physicians) {
    if (places.size() >= kMostPlaces / 2) break;
    places.push_back(physician.home);
  }
  return places;
}

std::vector<double> ExpectedRates(const Board& board,
                                  const std::vector<RotaDuty>& rota,
                                  absl::Time now,
                                  const ForecastOptions& options) {
  const absl::TimeZone zone = core::ZoneNamed(board.center().time_zone);
  const auto weight = [&](absl::Time time) {
    return HourWeight(zone.At(time).cs.hour());
  };
  constexpr double kNightWeight = 10.2;
  // Calls in an hour of weight 1, as taken for granted.
  const double usual =
      CrewsOfTheNight(board, rota, now) * options.calls_per_car / kNightWeight;
  constexpr absl::Duration kBack = absl::Hours(4);
  const absl::Time back = now - kBack;
  int seen = 0;
  ForEachDemand(board, [&](const Call& call) {
    const absl::Time time = core::WaitingSince(call);
    if (time > back && time <= now) ++seen;
  });
  const absl::Time first = SeenSince(board, back, now);
  double expected = 0;
  for (absl::Time time = back; time < now;
       time += absl::Minutes(kRateStepMinutes)) {
    if (time < first) continue;
    expected += usual * weight(time) * kRateStepMinutes / 60;
  }
  // As if so many had been seen as usual before.
  const double trust = 10;
  const double factor = (trust + seen) / (trust + expected);
  std::vector<double> rates;
  double calls = 0;
  for (double minutes = 0;
       minutes < options.horizon_minutes && calls < options.max_calls;
       minutes += kRateStepMinutes) {
    rates.push_back(usual * factor * weight(now + absl::Minutes(minutes)) / 60);
    calls += rates.back() * kRateStepMinutes;
  }
  return rates;
}

std::map<Urgency, double> ExpectedUrgencies(const Board& board) {
  // Usual: of ten calls one is urgent and three are standard.
  std::map<Urgency, double> often = {
      {Urgency::kUrgent, 2}, {Urgency::kStandard, 6}, {Urgency::kRoutine, 12}};
  ForEachDemand(board, [&](const Call& call) {
    if (call.urgency != Urgency::kUnspecified) ++often[call.urgency];
  });
  return often;
}

std::vector<Forecast::Kind> ExpectedKinds(const Board& board,
                                          const PlanOptions& options,
                                          const Crews& crews, size_t wheels) {
  constexpr int kUrgentTries = 16;
  const core::Policy& policy = board.center().policy;
  const std::map<Skill, double> needs = ExpectedNeeds(board, crews);
  const double visit_minutes = ExpectedVisitMinutes(board, options);
  const double horizon_minutes = HorizonMinutes(crews);
  std::vector<Forecast::Kind> kinds;
  for (const auto& [urgency, often] : ExpectedUrgencies(board)) {
    for (const auto& [skill, share] : needs) {
      Forecast::Kind kind;
      kind.weight = often * share;
      if (urgency == Urgency::kUrgent) kind.tries = kUrgentTries;
      kind.stop.visit_minutes = visit_minutes;
      CallClock clock;
      clock.urgency_weight = UrgencyWeight(policy, urgency);
      clock.target_minutes = TargetMinutes(policy, urgency);
      kind.stop.clocks = {WaitClockOf(clock, policy)};
      kind.stop.unserved_cost = UnservedCost(clock, policy, horizon_minutes);
      for (const Physician& physician : crews.physicians) {
        const bool may =
            NowOrLater(physician.ruling) &&
            (skill == Skill::kUnspecified || HasSkill(physician, skill));
        kind.stop.physician_costs.push_back(may ? 0 : kNever);
      }
      for (size_t w = 0; w < wheels; ++w) {
        kind.stop.wheels_allowed.push_back(w >= crews.drivers.size() ||
                                           NowOrLater(crews.drivers[w].ruling));
      }
      kinds.push_back(std::move(kind));
    }
  }
  return kinds;
}

}  // namespace housecall::planner
