#include "dispatcher/planner/routes.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace housecall::planner {

namespace {

// Less is rounding.
constexpr double kEpsilon = 1e-7;
constexpr double kSameTime = 1e-9;

bool Allows(const RouteStop& stop, int wheels, int physician) {
  return (stop.wheels_allowed.empty() || stop.wheels_allowed[wheels]) &&
         stop.physician_costs[physician] < kNever;
}

}  // namespace

Schedule::Schedule(const RouteProblem* problem)
    : problem_(problem),
      routes_(problem->wheels.size()),
      wheels_of_(problem->stops.size(), kNone),
      last_wheels_of_(problem->stops.size(), kNone),
      wheels_of_physician_(problem->physicians.size(), kNone),
      changed_(problem->wheels.size(), 0) {
  Set({});
}

void Schedule::Set(const RoutePlan& plan) {
  std::fill(wheels_of_.begin(), wheels_of_.end(), kNone);
  std::fill(wheels_of_physician_.begin(), wheels_of_physician_.end(), kNone);
  unserved_cost_ = 0;
  for (const RouteStop& stop : problem_->stops) {
    unserved_cost_ += stop.unserved_cost;
  }
  const int stops = static_cast<int>(problem_->stops.size());
  const int physicians = static_cast<int>(problem_->physicians.size());
  for (size_t w = 0; w < routes_.size(); ++w) {
    const RouteWheels& wheels = problem_->wheels[w];
    Timed& timed = routes_[w];
    timed = Timed();
    timed.states.push_back(
        {wheels.free_minutes, wheels.place, wheels.aboard, 0, 0, false, false});
    if (w >= plan.size()) continue;
    timed.route.hold_minutes = plan[w].hold_minutes;
    for (const Leg& leg : plan[w].legs) {
      if (leg.stop < 0 || leg.stop >= stops || leg.physician < 0 ||
          leg.physician >= physicians || IsPlanned(leg.stop)) {
        continue;
      }
      const RouteStop& stop = problem_->stops[leg.stop];
      if (!Allows(stop, static_cast<int>(w), leg.physician)) continue;
      const int seated = timed.states.back().physician;
      if (leg.physician == seated &&
          IsUsedElsewhere(seated, static_cast<int>(w))) {
        continue;
      };
      if (leg.physician != seated &&
          (!problem_->physicians[leg.physician].can_be_fetched ||
           IsPhysicianUsed(leg.physician) || wheels.owner != kNone)) {
        continue;
      }
      const State after =
          After(timed.states.back(), static_cast<int>(w), stop, leg.physician,
                timed.route.legs.empty() ? timed.route.hold_minutes : 0);
      if (after.time == kNever) continue;
      timed.route.legs.push_back(leg);
      timed.states.push_back(after);
      timed.since.push_back(0);
      timed.stops.push_back(&stop);
      wheels_of_[leg.stop] = static_cast<int>(w);
      wheels_of_physician_[leg.physician] = static_cast<int>(w);
      unserved_cost_ -= stop.unserved_cost;
    }
    RateDelays(&timed);
  }
}

RoutePlan Schedule::Plan() const {
  RoutePlan plan;
  plan.reserve(routes_.size());
  for (const Timed& timed : routes_) plan.push_back(timed.route);
  return plan;
}

double Schedule::cost() const {
  double cost = unserved_cost_;
  for (const Timed& timed : routes_) cost += timed.states.back().cost;
  return cost;
}

Schedule::State Schedule::After(const State& before, int wheels,
                                const RouteStop& stop, int physician,
                                double not_before) const {
  ++steps_;
  const RoutePhysician& p = problem_->physicians[physician];
  const RouteWheels& w = problem_->wheels[wheels];
  const TravelMatrix& travel = *problem_->travel;
  const double begin = before.BeginWith(physician);
  double time = std::max(begin, not_before);
  bool is_tight = time == begin;
  double drive = 0;
  int place = before.place;
  if (physician != before.physician) {
    if (before.physician != kNone) {
      const int home = problem_->physicians[before.physician].home;
      const double home_minutes = travel.at(place, home);
      drive += home_minutes;
      if (!before.may_leave) {
        time += home_minutes;
        place = home;
      }
    }
    const double fetch_minutes = travel.at(place, p.place);
    drive += fetch_minutes;
    time += fetch_minutes;
    if (time < p.free_minutes) {
      time = p.free_minutes;
      is_tight = false;
    }
    place = p.place;
  }
  const double go_minutes = travel.at(place, stop.place);
  drive += go_minutes;
  State after;
  after.arrive = time + go_minutes;
  after.time = std::max(after.arrive, stop.ready_minutes) + stop.visit_minutes;
  if (!(after.time <= std::min(w.end_minutes, p.end_minutes) + kEpsilon) ||
      std::isinf(after.time) || std::isinf(drive)) {
    after.time = kNever;
    after.cost = kNever;
    return after;
  }
  after.place = stop.place;
  after.physician = physician;
  after.is_tight = is_tight && after.arrive >= stop.ready_minutes;
  after.may_leave = !problem_->driver_waits && w.owner == kNone;
  after.cost = before.cost + problem_->cost_per_drive_minute * drive +
               stop.physician_costs[physician] + w.cost_per_stop;
  for (const WaitClock& clock : stop.clocks) {
    after.cost += WaitingCost(clock, after.arrive);
  }
  return after;
}

double Schedule::CostWith(const Timed& timed, int wheels, size_t position,
                          const RouteStop& stop, int physician, double since,
                          double limit) const {
  const double old_cost = timed.states.back().cost;
  State state = After(timed.states[position], wheels, stop, physician, since);
  if (state.time == kNever) return kNever;
  // Before another leg, the way to that one may become shorter.
  if (position == timed.route.legs.size() &&
      state.cost - timed.states[position].cost >= limit) {
    return kNever;
  }
  for (size_t i = position; i < timed.route.legs.size(); ++i) {
    const double not_before =
        std::max(timed.since[i], i == 0 ? timed.route.hold_minutes : 0);
    state = After(state, wheels, *timed.stops[i], timed.route.legs[i].physician,
                  not_before);
    if (state.time == kNever) return kNever;
    const State& before = timed.states[i + 1];
    const double delays[] = {state.time - before.time,
                             state.Earliest() - before.Earliest()};
    // What comes after is as it was.
    if (std::abs(delays[0]) <= kSameTime && std::abs(delays[1]) <= kSameTime) {
      return state.cost - before.cost;
    }
    // Or later; or sooner, where a physician who is left at the new door need
    // not be brought home from farther away.
    const double delay = std::min(delays[0], delays[1]);
    const double rate =
        i + 1 < timed.route.legs.size() ? timed.delay_rates[i + 1] : 0;
    if (delay >= 0 && state.cost - before.cost + delay * rate >= limit) {
      return kNever;
    }
  }
  return state.cost - old_cost;
}

struct Schedule::Finding {
  const RouteStop& stop;
  double since;
  // Physicians in no route who may go, and the cheapest of them by himself.
  const std::vector<int>& free_physicians;
  double least_free_cost;
  Slot best;

  double WaitingAt(double arrive_minutes) const {
    double cost = 0;
    for (const WaitClock& clock : stop.clocks) {
      cost += WaitingCost(clock, arrive_minutes);
    }
    return cost;
  }
};

Schedule::Slot Schedule::Best(const RouteStop& stop, double since,
                              int first_wheels) const {
  const int physicians = static_cast<int>(problem_->physicians.size());
  free_physicians_.clear();
  double least_free_cost = kNever;
  for (int p = 0; p < physicians; ++p) {
    if (problem_->physicians[p].can_be_fetched && !IsPhysicianUsed(p) &&
        stop.physician_costs[p] < kNever) {
      free_physicians_.push_back(p);
      least_free_cost = std::min(least_free_cost, stop.physician_costs[p]);
    }
  }
  Finding finding{stop, since, free_physicians_, least_free_cost, {}};
  if (first_wheels != kNone) TryWheels(first_wheels, &finding);
  for (int w = 0; w < static_cast<int>(routes_.size()); ++w) {
    if (w != first_wheels) TryWheels(w, &finding);
  }
  return finding.best;
}

void Schedule::TryWheels(int wheels, Finding* finding) const {
  const RouteStop& stop = finding->stop;
  if (!stop.wheels_allowed.empty() && !stop.wheels_allowed[wheels]) return;
  const double since = finding->since;
  Slot& best = finding->best;
  const TravelMatrix& travel = *problem_->travel;
  const double drive_rate = problem_->cost_per_drive_minute;
  const bool fetches = problem_->wheels[wheels].owner == kNone;
  const Timed& timed = routes_[wheels];
  const std::vector<Leg>& legs = timed.route.legs;
  size_t first = 0;
  while (first < legs.size() &&
         std::max({timed.states[first].BeginWith(legs[first].physician),
                   timed.since[first],
                   first == 0 ? timed.route.hold_minutes : 0}) < since) {
    ++first;
  }
  // `least`: what it costs at the least, but for himself.
  const auto consider = [&](size_t position, int physician, double least) {
    const double own_cost = stop.physician_costs[physician];
    if (own_cost == kNever || least + own_cost >= best.cost) return;
    const double cost =
        CostWith(timed, wheels, position, stop, physician, since, best.cost);
    if (cost < best.cost) {
      best = {wheels, static_cast<int>(position), physician, cost};
    }
  };
  // Of those who may go in this car, the cheapest by himself.
  double least_cost = fetches ? finding->least_free_cost : kNever;
  for (size_t i = first; i <= legs.size(); ++i) {
    const int seated = timed.states[i].physician;
    if (seated == kNone) continue;
    least_cost = std::min(least_cost, stop.physician_costs[seated]);
  }
  for (size_t i = first; i <= legs.size(); ++i) {
    const State& state = timed.states[i];
    const double begin = std::max(state.Earliest(), since);
    // From here on they would come too late to be cheaper. (Where drivers do
    // not wait, the ways of others may become shorter by it.)
    if (problem_->driver_waits &&
        least_cost + finding->WaitingAt(begin) >= best.cost) {
      break;
    }
    // Whoever goes is no sooner there than by the direct way from here.
    const double direct = travel.at(state.place, stop.place);
    const double least = finding->WaitingAt(begin + direct);
    const int seated = state.physician;
    const int next = i < legs.size() ? legs[i].physician : kNone;
    if (seated != kNone && !IsUsedElsewhere(seated, wheels)) {
      double detour = 0;
      if (next == kNone) {
        detour = direct;
      } else if (next == seated) {
        const int next_place = timed.stops[i]->place;
        detour = direct + travel.at(stop.place, next_place) -
                 travel.at(state.place, next_place);
      } else if (state.may_leave) {
        // He is left there, and the next one fetched from there.
        detour = -direct;
      }
      consider(i, seated, least + drive_rate * detour);
    }
    if (next != kNone && next != seated) consider(i, next, least);
    if (next != kNone && next == seated) continue;
    if (!fetches || least + finding->least_free_cost >= best.cost) continue;
    // Another is fetched only where somebody must be, where he suits better (at
    // the end of the route, by more than the way to him costs), or where the
    // one before is not to be waited for.
    const bool is_needed = seated == kNone || state.may_leave ||
                           !IsInTime(state, wheels, stop, seated, since);
    for (int p : finding->free_physicians) {
      if (p == seated || p == next) continue;
      if (!is_needed) {
        double detour = 0;
        if (next == kNone) {
          const int home = problem_->physicians[seated].home;
          const int place = problem_->physicians[p].place;
          detour = travel.at(state.place, home) + travel.at(home, place) +
                   travel.at(place, stop.place) - direct;
        }
        if (stop.physician_costs[p] + drive_rate * detour >=
            stop.physician_costs[seated]) {
          continue;
        }
      }
      consider(i, p, least);
    }
  }
}

bool Schedule::IsInTime(const State& state, int wheels, const RouteStop& stop,
                        int physician, double since) const {
  const double arrive = std::max(state.BeginWith(physician), since) +
                        problem_->travel->at(state.place, stop.place);
  return stop.physician_costs[physician] < kNever &&
         std::max(arrive, stop.ready_minutes) + stop.visit_minutes <=
             std::min(problem_->wheels[wheels].end_minutes,
                      problem_->physicians[physician].end_minutes);
}

void Schedule::RateDelays(Timed* timed) {
  const size_t legs = timed->route.legs.size();
  timed->delay_rates.resize(legs);
  double rate = 0;
  for (size_t i = legs; i > 0; --i) {
    const State& after = timed->states[i];
    if (after.is_tight) {
      for (const WaitClock& clock : timed->stops[i - 1]->clocks) {
        if (after.arrive >= clock.ready_minutes) rate += clock.response_rate;
        if (after.arrive >= clock.due_minutes) rate += clock.tardiness_rate;
      }
    } else {
      rate = 0;
    }
    timed->delay_rates[i - 1] = rate;
  }
}

void Schedule::Retime(int wheels, size_t from) {
  Timed& timed = routes_[wheels];
  changed_[wheels] = 1;
  timed.states.resize(timed.route.legs.size() + 1);
  for (size_t i = from; i < timed.route.legs.size();) {
    const double not_before =
        std::max(timed.since[i], i == 0 ? timed.route.hold_minutes : 0);
    timed.states[i + 1] = After(timed.states[i], wheels, *timed.stops[i],
                                timed.route.legs[i].physician, not_before);
    if (timed.states[i + 1].time < kNever) {
      ++i;
      continue;
    }
    // Where the direct way is longer than that over a stop taken out, what
    // comes after may not end in time any more.
    Erase(wheels, i);
  }
  RateDelays(&timed);
}

void Schedule::Erase(int wheels, size_t position) {
  Timed& timed = routes_[wheels];
  changed_[wheels] = 1;
  std::vector<Leg>& legs = timed.route.legs;
  const Leg leg = legs[position];
  legs.erase(legs.begin() + position);
  timed.since.erase(timed.since.begin() + position);
  timed.stops.erase(timed.stops.begin() + position);
  timed.states.pop_back();
  if (leg.stop != kNone) {
    wheels_of_[leg.stop] = kNone;
    last_wheels_of_[leg.stop] = wheels;
    unserved_cost_ += problem_->stops[leg.stop].unserved_cost;
  }
  if (std::none_of(legs.begin(), legs.end(), [&](const Leg& other) {
        return other.physician == leg.physician;
      })) {
    wheels_of_physician_[leg.physician] = kNone;
  }
}

void Schedule::InsertAt(const Slot& slot, int index, const RouteStop* stop,
                        double since) {
  Timed& timed = routes_[slot.wheels];
  timed.route.legs.insert(timed.route.legs.begin() + slot.position,
                          {index, slot.physician});
  timed.since.insert(timed.since.begin() + slot.position, since);
  timed.stops.insert(timed.stops.begin() + slot.position, stop);
  wheels_of_physician_[slot.physician] = slot.wheels;
  Retime(slot.wheels, slot.position);
}

void Schedule::Insert(const Slot& slot, int stop) {
  wheels_of_[stop] = slot.wheels;
  unserved_cost_ -= problem_->stops[stop].unserved_cost;
  InsertAt(slot, stop, &problem_->stops[stop], 0);
}

void Schedule::InsertForeign(const Slot& slot, const RouteStop& stop,
                             double since) {
  InsertAt(slot, kNone, &stop, since);
}

void Schedule::Remove(int stop) {
  const int wheels = wheels_of_[stop];
  if (wheels == kNone) return;
  const std::vector<Leg>& legs = routes_[wheels].route.legs;
  const size_t position =
      std::find_if(legs.begin(), legs.end(),
                   [&](const Leg& leg) { return leg.stop == stop; }) -
      legs.begin();
  Erase(wheels, position);
  Retime(wheels, position);
}

void Schedule::RevertTo(const Schedule& kept) {
  for (size_t w = 0; w < routes_.size(); ++w) {
    if (changed_[w]) routes_[w] = kept.routes_[w];
  }
  wheels_of_ = kept.wheels_of_;
  wheels_of_physician_ = kept.wheels_of_physician_;
  unserved_cost_ = kept.unserved_cost_;
  Keep();
}

void Schedule::CopyChangesTo(Schedule* kept) {
  for (size_t w = 0; w < routes_.size(); ++w) {
    if (changed_[w]) kept->routes_[w] = routes_[w];
  }
  kept->wheels_of_ = wheels_of_;
  kept->wheels_of_physician_ = wheels_of_physician_;
  kept->unserved_cost_ = unserved_cost_;
  Keep();
}

void Schedule::SetHold(int wheels, double minutes) {
  changed_[wheels] = 1;
  routes_[wheels].route.hold_minutes = minutes;
  Retime(wheels, 0);
}

}  // namespace housecall::planner
