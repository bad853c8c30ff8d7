#include "dispatcher/planner/night_problem.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/cost.h"

namespace housecall::planner {

namespace {

using core::Call;
using core::CallId;
using core::LatLng;
using core::PersonId;

void AddCrews(const Crews& crews, const Prospects& prospects,
              PlaceNumbers* places, RouteProblem* problem) {
  for (size_t d = 0; d < crews.drivers.size(); ++d) {
    const Driver& driver = crews.drivers[d];
    RouteWheels wheels;
    wheels.free_minutes = driver.free_minutes;
    wheels.place = places->Of(driver.place);
    wheels.end_minutes = driver.end_minutes;
    wheels.aboard = driver.aboard;
    wheels.cost_per_stop = prospects.DriverFairness(d);
    problem->wheels.push_back(wheels);
  }
  for (size_t p = 0; p < crews.physicians.size(); ++p) {
    const Physician& from = crews.physicians[p];
    RoutePhysician physician;
    physician.free_minutes = from.free_minutes();
    physician.place = places->Of(from.free_place());
    physician.home = places->Of(from.home);
    physician.end_minutes = from.end_minutes;
    physician.can_be_fetched = from.driver == kNone;
    problem->physicians.push_back(physician);
    if (!from.drives_himself()) continue;
    RouteWheels wheels;
    wheels.free_minutes = physician.free_minutes;
    wheels.place = physician.place;
    wheels.aboard = static_cast<int>(p);
    wheels.owner = static_cast<int>(p);
    problem->wheels.push_back(wheels);
  }
}

RouteStop RouteStopOf(const core::Policy& policy, const Crews& crews,
                      const std::vector<RouteWheels>& all_wheels,
                      double horizon_minutes, const Stop& stop) {
  RouteStop route_stop;
  route_stop.visit_minutes = stop.visit_minutes;
  route_stop.ready_minutes = stop.ready_minutes;
  for (const CallClock& clock : stop.clocks) {
    route_stop.clocks.push_back(WaitClockOf(clock, policy));
    route_stop.unserved_cost += UnservedCost(clock, policy, horizon_minutes);
  }
  // Whoever goes, it costs less than if nobody did.
  double dearest_physician = 0;
  for (size_t p = 0; p < crews.physicians.size(); ++p) {
    const core::Ruling& ruling = stop.physician_rulings[p];
    const bool may =
        stop.waits != nullptr
            ? ruling.ok()
            : NowOrLater(ruling) && !crews.physicians[p].waits_for_car;
    const double cost = may ? stop.physician_costs[p].total() : kNever;
    route_stop.physician_costs.push_back(cost);
    if (may) dearest_physician = std::max(dearest_physician, cost);
  }
  double dearest_wheels = 0;
  for (size_t w = 0; w < all_wheels.size(); ++w) {
    route_stop.wheels_allowed.push_back(w >= crews.drivers.size() ||
                                        NowOrLater(stop.driver_rulings[w]));
    dearest_wheels = std::max(dearest_wheels, all_wheels[w].cost_per_stop);
  }
  route_stop.unserved_cost += dearest_physician + dearest_wheels + 1;
  return route_stop;
}

TravelMatrix TravelBetween(const std::vector<LatLng>& places,
                           const TravelTimes& travel_times) {
  const int count = static_cast<int>(places.size());
  TravelMatrix travel(count);
  std::vector<int> numbers;
  numbers.reserve(places.size());
  for (const LatLng& place : places) {
    numbers.push_back(travel_times.IndexOf(place));
  }
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j) {
      if (i == j) continue;
      const std::optional<Travel> way = travel_times.At(numbers[i], numbers[j]);
      if (way.has_value()) {
        travel.at(i, j) = absl::ToDoubleMinutes(way->duration);
      }
    }
  }
  return travel;
}

}  // namespace

int PlaceNumbers::Of(const LatLng& place) {
  const auto [found, added] = numbers_.try_emplace(
      {place.latitude, place.longitude}, static_cast<int>(places_.size()));
  if (added) places_.push_back(place);
  return found->second;
}

std::vector<LatLng> NightPlaces(const core::Board& board,
                                const PlanOptions& options, const Crews& crews,
                                const std::vector<LatLng>& expected) {
  PlaceNumbers places;
  for (const Driver& driver : crews.drivers) {
    if (NowOrLater(driver.ruling)) places.Of(driver.place);
  }
  for (const Physician& physician : crews.physicians) {
    if (!physician.may_go && !NowOrLater(physician.ruling)) continue;
    places.Of(physician.free_place());
    places.Of(physician.home);
  }
  if (places.places().empty()) return {};
  const auto add = [&](const Call* call) {
    if (call->place.position.has_value()) places.Of(*call->place.position);
  };
  for (const core::Assignment* crew : WaitingCrews(board)) {
    add(board.Find<Call>(crew->calls.front()));
  }
  for (const Call* call : CallsToPlan(board, options)) add(call);
  for (const LatLng& place : expected) places.Of(place);
  return places.places();
}

NightProblem MakeNightProblem(const core::Policy& policy,
                              const TravelTimes& travel_times,
                              const Crews& crews, const Prospects& prospects,
                              const std::vector<Stop>& stops,
                              const std::vector<LatLng>& expected) {
  NightProblem night;
  RouteProblem& problem = night.routes;
  PlaceNumbers places;
  AddCrews(crews, prospects, &places, &problem);
  const double horizon_minutes = HorizonMinutes(crews);
  for (const Stop& stop : stops) {
    problem.stops.push_back(
        RouteStopOf(policy, crews, problem.wheels, horizon_minutes, stop));
    problem.stops.back().place = places.Of(stop.position);
  }
  problem.cost_per_drive_minute = DriveCost(policy, 1);
  problem.driver_waits = policy.driver_waits;
  for (const LatLng& place : expected) {
    night.expected_places.push_back(places.Of(place));
  }
  night.places = places.places();
  problem.travel = std::make_shared<const TravelMatrix>(
      TravelBetween(night.places, travel_times));
  return night;
}

const PersonId& WhoDrives(const RouteProblem& problem, const Crews& crews,
                          size_t wheels) {
  return wheels < crews.drivers.size()
             ? crews.drivers[wheels].person->id
             : crews.physicians[problem.wheels[wheels].owner].person->id;
}

RoutePlan PlanFromRoutes(const RouteProblem& problem, const Crews& crews,
                         const std::vector<Stop>& stops,
                         const std::vector<PlannedRoute>& routes) {
  std::map<PersonId, const PlannedRoute*> route_of;
  for (const PlannedRoute& route : routes) route_of[route.driver] = &route;
  std::map<CallId, int> stop_of;
  for (size_t s = 0; s < stops.size(); ++s) {
    stop_of[stops[s].calls.front()->id] = static_cast<int>(s);
  }
  std::map<PersonId, int> index_of;
  for (size_t p = 0; p < crews.physicians.size(); ++p) {
    index_of[crews.physicians[p].person->id] = static_cast<int>(p);
  }
  RoutePlan plan(problem.wheels.size());
  for (size_t w = 0; w < plan.size(); ++w) {
    const auto route = route_of.find(WhoDrives(problem, crews, w));
    if (route == route_of.end()) continue;
    for (const PlannedLeg& leg : route->second->legs) {
      const auto physician = index_of.find(leg.physician);
      if (leg.calls.empty() || physician == index_of.end()) continue;
      const auto stop = stop_of.find(leg.calls.front());
      if (stop == stop_of.end()) continue;
      plan[w].legs.push_back({stop->second, physician->second});
    }
  }
  return plan;
}

PlannedRoute PlannedRouteOf(const RouteProblem& problem, const Crews& crews,
                            const std::vector<Stop>& stops, size_t wheels,
                            const Route& route) {
  PlannedRoute planned;
  planned.driver = WhoDrives(problem, crews, wheels);
  for (const Leg& leg : route.legs) {
    PlannedLeg planned_leg;
    for (const Call* call : stops[leg.stop].calls) {
      planned_leg.calls.push_back(call->id);
    }
    planned_leg.physician = crews.physicians[leg.physician].person->id;
    planned.legs.push_back(std::move(planned_leg));
  }
  return planned;
}

}  // namespace housecall::planner
