#include "dispatcher/planner/outlook.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace housecall::planner {

namespace {

// Physicians that an idle car may fetch: so many of the nearest.
constexpr size_t kFetchTries = 4;
constexpr size_t kPlaceTries = 6;
// A trial is given up where its gain, so many standard errors better than seen,
// would still be too small.
constexpr double kHopeless = 1;

// The state of cars after their standby moves.
RouteProblem After(const RouteProblem& problem,
                   const std::vector<Standby>& standbys) {
  RouteProblem after = problem;
  for (const Standby& standby : standbys) {
    RouteWheels& wheels = after.wheels[standby.wheels];
    if (standby.physician != kNone) {
      RoutePhysician& physician = after.physicians[standby.physician];
      if (wheels.aboard != kNone) {
        const int home = after.physicians[wheels.aboard].home;
        wheels.free_minutes += after.travel->at(wheels.place, home);
        wheels.place = home;
      }
      wheels.free_minutes = std::max(
          wheels.free_minutes + after.travel->at(wheels.place, physician.place),
          physician.free_minutes);
      wheels.place = physician.place;
      wheels.aboard = standby.physician;
      physician.can_be_fetched = false;
    }
    if (standby.place != kNone) {
      wheels.free_minutes += after.travel->at(wheels.place, standby.place);
      wheels.place = standby.place;
    }
  }
  return after;
}

// What the moves cost by themselves.
double DriveCost(const RouteProblem& problem,
                 const std::vector<Standby>& standbys) {
  double minutes = 0;
  for (const Standby& standby : standbys) {
    int place = problem.wheels[standby.wheels].place;
    if (standby.physician != kNone) {
      const int aboard = problem.wheels[standby.wheels].aboard;
      if (aboard != kNone) {
        minutes += problem.travel->at(place, problem.physicians[aboard].home);
        place = problem.physicians[aboard].home;
      }
      const int to = problem.physicians[standby.physician].place;
      minutes += problem.travel->at(place, to);
      place = to;
    }
    if (standby.place != kNone) {
      minutes += problem.travel->at(place, standby.place);
    }
  }
  return minutes * problem.cost_per_drive_minute;
}

// What the scenario's calls add to the plan, each put where it costs least at
// the moment in which it becomes known. `schedule` is `plan`, kept, and is it
// again afterwards.
double AddedCost(const Schedule& plan, const Scenario& scenario,
                 Schedule* schedule) {
  double sum = 0;
  bool changed = false;
  for (const ExpectedCall& call : scenario) {
    const Schedule::Slot slot = schedule->Best(call.stop, call.known_minutes);
    const bool served = slot.found() && slot.cost < call.stop.unserved_cost;
    sum += call.weight * (served ? slot.cost : call.stop.unserved_cost);
    if (!served || call.weight < 1) continue;
    schedule->InsertForeign(slot, call.stop, call.known_minutes);
    changed = true;
  }
  if (changed) schedule->RevertTo(plan);
  return sum;
}

class LookingAhead {
 public:
  LookingAhead(const RouteProblem& problem, const RoutePlan& plan,
               const std::vector<Scenario>& scenarios,
               const OutlookOptions& options)
      : problem_(problem), scenarios_(scenarios), options_(options) {
    IsBetter(plan, {}, &trial_);
    best_.plan = plan;
    best_.cost_before = best_.cost = trial_.mean;
    best_costs_.swap(trial_.costs);
  }

  Outlook Run() {
    bool better = true;
    while (better && !IsOver()) {
      better = false;
      const Outlook from = best_;
      for (size_t w = 0; w < problem_.wheels.size(); ++w) {
        const RouteWheels& wheels = problem_.wheels[w];
        if (wheels.free_minutes > 0 || wheels.end_minutes <= 0) continue;
        if (IsOver()) break;
        const bool idle = from.plan[w].legs.empty();
        if (idle ? TryStandby(from, static_cast<int>(w))
                 : TryLegs(from, static_cast<int>(w))) {
          better = true;
        }
      }
    }
    return best_;
  }

 private:
  bool IsOver() const {
    return steps_ >= options_.max_steps ||
           (options_.is_over && options_.is_over());
  }

  // What a plan costs with each scenario.
  struct Verdicts {
    std::vector<double> costs;
    double mean = 0;
  };

  // Whether the plan is surely better than the best so far, by the scenarios,
  // which are the same for both. Ends early where that is hardly so.
  bool IsBetter(const RoutePlan& plan, const std::vector<Standby>& standbys,
                Verdicts* verdicts) {
    constexpr size_t kFewest = 16;
    constexpr size_t kLookEvery = 8;
    std::optional<RouteProblem> after;
    if (!standbys.empty()) after = After(problem_, standbys);
    Schedule kept(after.has_value() ? &*after : &problem_);
    kept.Set(plan);
    Schedule schedule = kept;
    schedule.Keep();
    const double sure = kept.cost() + DriveCost(problem_, standbys);
    const int64_t steps_before = schedule.steps();
    const bool is_first = best_costs_.empty();
    verdicts->costs.clear();
    double sum = 0;
    double gains = 0;
    double squares = 0;
    bool better = true;
    for (size_t i = 0; i < scenarios_.size() && better; ++i) {
      const double cost = sure + AddedCost(kept, scenarios_[i], &schedule);
      verdicts->costs.push_back(cost);
      sum += cost;
      if (is_first) continue;
      const double gain = best_costs_[i] - cost;
      gains += gain;
      squares += gain * gain;
      const double count = static_cast<double>(i + 1);
      const bool is_last = i + 1 == scenarios_.size();
      if (!is_last && (i + 1 < kFewest || (i + 1) % kLookEvery != 0)) continue;
      const double mean = gains / count;
      const double error =
          std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
      better = mean + (is_last ? -options_.surely : kHopeless) * error >
               options_.least_gain;
    }
    steps_ += schedule.steps() - steps_before;
    const auto count = static_cast<double>(verdicts->costs.size());
    verdicts->mean = count > 0 ? sum / count : sure;
    if (scenarios_.empty()) better = verdicts->mean < best_.cost;
    return better;
  }

  bool Try(RoutePlan plan, std::vector<Standby> standbys) {
    if (!IsBetter(plan, standbys, &trial_)) return false;
    best_.plan = std::move(plan);
    best_.standbys = std::move(standbys);
    best_.cost = trial_.mean;
    best_costs_.swap(trial_.costs);
    return true;
  }

  bool TryLegs(const Outlook& from, int w) {
    bool better = false;
    const Route& route = from.plan[w];
    // Not now.
    for (double minutes : options_.hold_minutes) {
      if (route.hold_minutes >= minutes) continue;
      RoutePlan plan = from.plan;
      plan[w].hold_minutes = minutes;
      better |= Try(std::move(plan), from.standbys);
      if (IsOver()) return better;
    }
    // Somebody else.
    const int stop = route.legs.front().stop;
    for (size_t other = 0; other < problem_.wheels.size(); ++other) {
      if (static_cast<int>(other) == w) continue;
      const RouteProblem problem = After(problem_, from.standbys);
      Schedule schedule(&problem);
      schedule.Set(from.plan);
      schedule.Remove(stop);
      RouteStop only = problem.stops[stop];
      only.wheels_allowed.resize(problem.wheels.size(), 1);
      for (size_t i = 0; i < only.wheels_allowed.size(); ++i) {
        only.wheels_allowed[i] = only.wheels_allowed[i] && i == other;
      }
      const Schedule::Slot slot = schedule.Best(only);
      steps_ += schedule.steps();
      // Far dearer by itself: hopeless.
      if (!slot.found() || slot.position > 1) continue;
      schedule.Insert(slot, stop);
      better |= Try(schedule.Plan(), from.standbys);
      if (IsOver()) return better;
    }
    // Another first.
    if (route.legs.size() > 1 &&
        route.legs[0].physician == route.legs[1].physician) {
      RoutePlan plan = from.plan;
      std::swap(plan[w].legs[0], plan[w].legs[1]);
      better |= Try(std::move(plan), from.standbys);
    }
    return better;
  }

  static bool IsTaken(const Outlook& from, int physician) {
    for (const Route& route : from.plan) {
      for (const Leg& leg : route.legs) {
        if (leg.physician == physician) return true;
      }
    }
    for (const Standby& standby : from.standbys) {
      if (standby.physician == physician) return true;
    }
    return false;
  }

  bool TryStandby(const Outlook& from, int w) {
    for (const Standby& standby : from.standbys) {
      if (standby.wheels == w) return false;
    }
    bool better = false;
    const RouteWheels& wheels = problem_.wheels[w];
    const auto attempt = [&](int physician, int place) {
      std::vector<Standby> standbys = from.standbys;
      standbys.push_back({w, physician, place});
      better |= Try(from.plan, std::move(standbys));
    };
    if (wheels.owner == kNone && wheels.aboard == kNone) {
      std::vector<std::pair<double, int>> near;
      for (size_t p = 0; p < problem_.physicians.size(); ++p) {
        const RoutePhysician& physician = problem_.physicians[p];
        if (!physician.can_be_fetched || physician.free_minutes > 0 ||
            physician.end_minutes <= 0 || IsTaken(from, static_cast<int>(p))) {
          continue;
        }
        near.push_back({problem_.travel->at(wheels.place, physician.place),
                        static_cast<int>(p)});
      }
      std::sort(near.begin(), near.end());
      if (near.size() > kFetchTries) near.resize(kFetchTries);
      for (const auto& [minutes, physician] : near) {
        if (minutes < kNever) attempt(physician, kNone);
        if (IsOver()) return better;
      }
      return better;
    }
    std::vector<std::pair<double, int>> near;
    for (int place : options_.places) {
      const double minutes = problem_.travel->at(wheels.place, place);
      if (place == wheels.place || minutes == kNever) continue;
      near.push_back({minutes, place});
    }
    std::sort(near.begin(), near.end());
    // Near and far alike.
    const size_t apart = std::max<size_t>(1, near.size() / kPlaceTries);
    for (size_t i = apart / 2; i < near.size(); i += apart) {
      attempt(kNone, near[i].second);
      if (IsOver()) return better;
    }
    return better;
  }

  const RouteProblem& problem_;
  const std::vector<Scenario>& scenarios_;
  const OutlookOptions& options_;
  Outlook best_;
  // By scenario.
  std::vector<double> best_costs_;
  Verdicts trial_;
  int64_t steps_ = 0;
};

}  // namespace

double ExpectedCost(const Schedule& plan,
                    const std::vector<Scenario>& scenarios, int64_t* steps) {
  double sum = 0;
  Schedule schedule = plan;
  schedule.Keep();
  const int64_t steps_before = schedule.steps();
  for (const Scenario& scenario : scenarios) {
    sum += AddedCost(plan, scenario, &schedule);
  }
  *steps += schedule.steps() - steps_before;
  if (scenarios.empty()) return plan.cost();
  return plan.cost() + sum / static_cast<double>(scenarios.size());
}

int ScenariosWorth(const RouteProblem& problem, const RoutePlan& plan,
                   const Scenario& scenario, int64_t max_steps, int most) {
  constexpr int64_t kPlansCompared = 40;
  constexpr int64_t kFewest = 12;
  Schedule schedule(&problem);
  schedule.Set(plan);
  int64_t steps = 0;
  ExpectedCost(schedule, {scenario}, &steps);
  const int64_t worth =
      max_steps / kPlansCompared / std::max<int64_t>(1, steps);
  if (worth < kFewest) return 0;
  return static_cast<int>(std::min<int64_t>(most, worth));
}

Outlook LookAhead(const RouteProblem& problem, const RoutePlan& plan,
                  const std::vector<Scenario>& scenarios,
                  const OutlookOptions& options) {
  return LookingAhead(problem, plan, scenarios, options).Run();
}

}  // namespace housecall::planner
