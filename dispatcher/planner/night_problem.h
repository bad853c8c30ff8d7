// The night as the search for routes sees it: crews, stops and places by
// number (routes.h); and back from numbers to people and calls. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_NIGHT_PROBLEM_H_
#define HOUSECALL_DISPATCHER_PLANNER_NIGHT_PROBLEM_H_

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "dispatcher/core/board.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/prospects.h"
#include "dispatcher/planner/routes.h"
#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

// Each place once, in the order of their first use.
class PlaceNumbers {
 public:
  // A new place gets the next number.
  int Of(const core::LatLng& place);
  // By number.
  const std::vector<core::LatLng>& places() const { return places_; }

 private:
  std::map<std::pair<double, double>, int> numbers_;
  std::vector<core::LatLng> places_;
};

// Stops and physicians have the numbers that they have outside. The first
// wheels are the drivers'; then come those of physicians who drive themselves.
struct NightProblem {
  RouteProblem routes;
  // By number in the travel matrix.
  std::vector<core::LatLng> places;
  // The numbers of those where calls are expected, as they were given.
  std::vector<int> expected_places;
};

// Every place that the plan of a whole night may go to or leave from, each
// once; none where nobody may be sent. `expected`: where calls are expected.
std::vector<core::LatLng> NightPlaces(
    const core::Board& board, const PlanOptions& options, const Crews& crews,
    const std::vector<core::LatLng>& expected);

// `travel_times`: between the places above.
NightProblem MakeNightProblem(const core::Policy& policy,
                              const TravelTimes& travel_times,
                              const Crews& crews, const Prospects& prospects,
                              const std::vector<Stop>& stops,
                              const std::vector<core::LatLng>& expected);

// The driver, or the physician who drives himself.
const core::PersonId& WhoDrives(const RouteProblem& problem, const Crews& crews,
                                size_t wheels);

// What is left of the routes of a moment ago.
RoutePlan PlanFromRoutes(const RouteProblem& problem, const Crews& crews,
                         const std::vector<Stop>& stops,
                         const std::vector<PlannedRoute>& routes);

// The other way round, for one car.
PlannedRoute PlannedRouteOf(const RouteProblem& problem, const Crews& crews,
                            const std::vector<Stop>& stops, size_t wheels,
                            const Route& route);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_NIGHT_PROBLEM_H_
