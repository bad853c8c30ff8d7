#include "dispatcher/planner/arrivals.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "dispatcher/planner/forecast.h"
#include "dispatcher/planner/night_problem.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::PersonId;
using core::Urgency;

// The wait of one who is served by urgency grows by what comes in meanwhile and
// goes first (Cobham 1954, "Priority assignment in waiting line problems"): a
// sum of as many visits as come, by chance (Poisson).
void AddCrowding(const Crowding& crowding, Urgency urgency, double wait_minutes,
                 Arrival* arrival) {
  double calls = 0;
  double left = wait_minutes;
  for (size_t i = 0; left > 0 && !crowding.rates.empty(); ++i) {
    const double step = std::min(left, kRateStepMinutes);
    calls += step * crowding.rates[std::min(i, crowding.rates.size() - 1)];
    left -= step;
  }
  calls *= crowding.more_urgent[RankOf(urgency)];
  if (!(calls > 0) || wait_minutes <= 0) return;
  // While they are served more of them come. A car that had nothing else to do
  // would be lost for good.
  constexpr double kMostLoad = 0.6;
  const double free =
      1 - std::min(kMostLoad, calls / wait_minutes * crowding.minutes);
  // Of one such visit with its way.
  constexpr double kSpread = 0.4;
  const double mean = calls * crowding.minutes / free;
  const double variance = calls * crowding.minutes * crowding.minutes *
                          (1 + kSpread * kSpread) / (free * free * free);
  arrival->Add(mean, std::sqrt(variance) / mean);
}

std::vector<const Call*> CallsNamed(const Board& board,
                                    const std::vector<CallId>& ids) {
  std::vector<const Call*> calls;
  for (const CallId& id : ids) {
    const Call* call = board.Find<Call>(id);
    if (call != nullptr) calls.push_back(call);
  }
  return calls;
}

}  // namespace

Crowding CrowdingOf(std::vector<double> rates,
                    const std::map<Urgency, double>& urgencies,
                    const RouteProblem& problem, const RoutePlan& plan) {
  Crowding crowding;
  crowding.rates = std::move(rates);
  const double cars =
      static_cast<double>(std::max<size_t>(1, problem.wheels.size()));
  for (double& rate : crowding.rates) rate /= cars;
  double all = 0;
  for (const auto& [urgency, count] : urgencies) all += count;
  for (const auto& [urgency, count] : urgencies) {
    for (int rank = RankOf(urgency) + 1; rank < kRanks; ++rank) {
      crowding.more_urgent[rank] += count / all;
    }
  }
  double minutes = 0;
  double legs = 0;
  Schedule schedule(&problem);
  schedule.Set(plan);
  for (size_t w = 0; w < problem.wheels.size(); ++w) {
    const auto& states = schedule.states(static_cast<int>(w));
    if (states.size() < 2) continue;
    minutes += states.back().Earliest() - states.front().time;
    legs += static_cast<double>(states.size() - 1);
  }
  if (legs > 0) crowding.minutes = minutes / legs;
  return crowding;
}

Arrivals::Arrivals(const Board& board, absl::Time now,
                   const PlanOptions& options, const Crews& crews)
    : board_(board),
      policy_(board.center().policy),
      now_(now),
      options_(options),
      crews_(crews),
      visit_times_(LearnVisitTimes(board)) {}

// Until both have said yes and set out.
void Arrivals::AddAnswer(Urgency urgency, Arrival* arrival) const {
  if (!options_.crews_answer) return;
  arrival->Add(AnswerMinutes(policy_, urgency), kAnswerSpread);
  arrival->Add(DepartMinutes(policy_), kAnswerSpread);
}

void Arrivals::AddVisit(double minutes, size_t calls, double elapsed_minutes,
                        Arrival* arrival) const {
  // One visit's length says little of the next one's.
  arrival->AddRest(minutes * visit_times_.factor,
                   visit_times_.spread / std::sqrt(static_cast<double>(calls)),
                   elapsed_minutes);
}

// When what somebody is asked or under way for is over; nothing: he is free.
Arrival Arrivals::RestOf(const PersonId& person) const {
  Arrival rest;
  // A driver who does not wait is free at the door.
  bool leaves = false;
  const auto add_visits = [&](const std::vector<CallId>& ids,
                              double elapsed_minutes) {
    if (ids.empty() || leaves) return;
    double minutes = 0;
    for (const Call* call : CallsNamed(board_, ids)) {
      minutes += absl::ToDoubleMinutes(VisitDuration(policy_, options_, *call));
    }
    AddVisit(minutes, ids.size(), elapsed_minutes, &rest);
  };
  if (const core::Assignment* running = board_.RunningAssignmentOf(person)) {
    leaves = running->driver == person && !policy_.driver_waits;
    if (running->state == core::AssignmentState::kOnScene) {
      add_visits(running->calls,
                 running->arrive.has_value()
                     ? absl::ToDoubleMinutes(now_ - running->arrive->moment())
                     : 0);
    } else if (running->state != core::AssignmentState::kWaitingForCar) {
      if (running->state == core::AssignmentState::kAccepted &&
          options_.crews_answer) {
        rest.Add(DepartMinutes(policy_), kAnswerSpread);
      }
      rest.Add(std::max(0.0, absl::ToDoubleMinutes(
                                 running->estimate.arrive_time - now_)),
               policy_.travel_spread);
      add_visits(running->calls, 0);
    }
  } else if (const core::Offer* offer = board_.PendingOfferTo(person)) {
    leaves = offer->driver == person && !policy_.driver_waits;
    AddAnswer(MostUrgent(CallsNamed(board_, offer->calls)), &rest);
    rest.Add(absl::ToDoubleMinutes(offer->estimate.fetch_duration +
                                   offer->estimate.drive_duration),
             policy_.travel_spread);
    add_visits(offer->calls, 0);
  }
  return rest;
}

core::Estimate Arrivals::EstimateOf(const Stop& stop, double fetch_minutes,
                                    const Travel& drive) const {
  core::Estimate estimate;
  estimate.fetch_duration = absl::Minutes(fetch_minutes);
  estimate.drive_duration = drive.duration;
  estimate.drive_distance_meters = drive.distance_meters;
  estimate.arrive_time =
      now_ + estimate.fetch_duration + estimate.drive_duration;
  absl::Time begin = estimate.arrive_time;
  for (const Call* call : stop.calls) {
    if (call->schedule.has_value()) {
      begin = std::max(begin, call->schedule->start_time);
    }
  }
  estimate.finish_time = begin;
  for (const Call* call : stop.calls) {
    estimate.finish_time += VisitDuration(policy_, options_, *call);
  }
  Arrival arrival;
  AddAnswer(MostUrgent(stop.calls), &arrival);
  arrival.Add(absl::ToDoubleMinutes(estimate.fetch_duration),
              policy_.travel_spread);
  arrival.Add(absl::ToDoubleMinutes(estimate.drive_duration),
              policy_.travel_spread);
  arrival.WaitUntil(stop.ready_minutes);
  estimate.promise_time =
      std::max(estimate.arrive_time,
               now_ + absl::Minutes(arrival.Quantile(policy_.promise_share)));
  return estimate;
}

std::vector<PlannedArrival> Arrivals::AlongRoute(
    const RouteProblem& problem, size_t wheels, const Route& route,
    const std::vector<Stop>& stops, const Crowding& crowding) const {
  std::vector<PlannedArrival> arrivals;
  const RouteWheels& car = problem.wheels[wheels];
  const TravelMatrix& travel = *problem.travel;
  const PersonId& driver = WhoDrives(problem, crews_, wheels);
  Arrival arrival = RestOf(driver);
  if (arrival.mean() == 0 && car.free_minutes > 0) {
    arrival.Add(car.free_minutes, policy_.travel_spread);
  }
  arrival.WaitUntil(route.hold_minutes);
  int place = car.place;
  int aboard = car.aboard;
  // Of a car that may leave without its physician: when it is at the door.
  std::optional<Arrival> at_door;
  for (const Leg& leg : route.legs) {
    if (at_door.has_value() && aboard != leg.physician) {
      arrival = *at_door;
      aboard = kNone;
    }
    const Stop& stop = stops[leg.stop];
    const Urgency urgency = MostUrgent(stop.calls);
    const RoutePhysician& physician = problem.physicians[leg.physician];
    const PersonId& physician_id = crews_.physicians[leg.physician].person->id;
    const double wait_minutes = arrival.mean();
    AddAnswer(urgency, &arrival);
    if (aboard != leg.physician) {
      if (aboard != kNone) {
        const int home = problem.physicians[aboard].home;
        arrival.Add(travel.at(place, home), policy_.travel_spread);
        place = home;
      }
      arrival.Add(travel.at(place, physician.place), policy_.travel_spread);
      arrival.WaitFor(RestOf(physician_id));
      place = physician.place;
      aboard = leg.physician;
    }
    const int to = problem.stops[leg.stop].place;
    arrival.Add(travel.at(place, to), policy_.travel_spread);
    place = to;
    if (!policy_.driver_waits && car.owner == kNone) at_door = arrival;
    Arrival begin = arrival;
    AddCrowding(crowding, urgency, wait_minutes, &begin);
    begin.WaitUntil(stop.ready_minutes);
    arrival.WaitUntil(stop.ready_minutes);
    for (const Call* call : stop.calls) {
      PlannedArrival planned;
      planned.call = call->id;
      planned.physician = physician_id;
      if (wheels < crews_.drivers.size()) planned.driver = driver;
      planned.expect_time = now_ + absl::Minutes(begin.mean());
      planned.promise_time =
          std::max(planned.expect_time,
                   now_ + absl::Minutes(begin.Quantile(policy_.promise_share)));
      arrivals.push_back(std::move(planned));
    }
    AddVisit(stop.visit_minutes, stop.calls.size(), 0, &arrival);
  }
  return arrivals;
}

}  // namespace housecall::planner
