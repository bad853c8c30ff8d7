// When somebody comes, and by when it may be promised: the rest of what the
// crew and the physician are at, the stops before, the ways and the answers,
// each with its spread (promise.h). Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_ARRIVALS_H_
#define HOUSECALL_DISPATCHER_PLANNER_ARRIVALS_H_

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/promise.h"
#include "dispatcher/planner/prospects.h"
#include "dispatcher/planner/routes.h"
#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

// Calls that are not known yet and go first because they are more urgent.
struct Crowding {
  // Calls a minute for each car, in steps of kRateStepMinutes from now on.
  std::vector<double> rates;
  // By rank of urgency, the share of calls that are more urgent.
  std::array<double, kRanks> more_urgent = {};
  // What one of them costs a car.
  double minutes = 0;
};

// Of calls that come at these rates and are so often of each urgency
// (demand.h), while the cars serve this plan.
Crowding CrowdingOf(std::vector<double> rates,
                    const std::map<core::Urgency, double>& urgencies,
                    const RouteProblem& problem, const RoutePlan& plan);

// Constant after construction; borrows what it is given.
class Arrivals {
 public:
  Arrivals(const core::Board& board, absl::Time now, const PlanOptions& options,
           const Crews& crews);

  // Of a crew that goes to this stop now: whoever fetches the physician needs
  // `fetch_minutes` (0: nobody does), and `drive` is the way from there.
  core::Estimate EstimateOf(const Stop& stop, double fetch_minutes,
                            const Travel& drive) const;

  // At each stop of a car's route, one for each call. `wheels`, and `stops`,
  // as the problem has them.
  std::vector<PlannedArrival> AlongRoute(const RouteProblem& problem,
                                         size_t wheels, const Route& route,
                                         const std::vector<Stop>& stops,
                                         const Crowding& crowding) const;

 private:
  void AddAnswer(core::Urgency urgency, Arrival* arrival) const;
  void AddVisit(double minutes, size_t calls, double elapsed_minutes,
                Arrival* arrival) const;
  Arrival RestOf(const core::PersonId& person) const;

  const core::Board& board_;
  const core::Policy& policy_;
  const absl::Time now_;
  const PlanOptions& options_;
  const Crews& crews_;
  const VisitTimes visit_times_;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_ARRIVALS_H_
