// What it would mean to send each crew to each stop: whether it may, when it
// would be there, what it costs. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PROSPECTS_H_
#define HOUSECALL_DISPATCHER_PLANNER_PROSPECTS_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/cost.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

// Calls at one address that wait for a physician, or a crew that waits for a
// car; with what it asks of everybody on duty, looked up once. Minutes are from
// now.
struct Stop {
  std::vector<const core::Call*> calls;
  // Not null: the crew that waits.
  const core::Assignment* waits = nullptr;
  core::LatLng position;

  // Of each call, not necessarily in the order of `calls`.
  std::vector<CallClock> clocks;
  // The latest start of an agreed window.
  double ready_minutes = 0;
  double visit_minutes = 0;
  // By physician: whether he may, his way there from where he is, and what does
  // not depend on the driver.
  std::vector<core::Ruling> physician_rulings;
  std::vector<double> go_minutes;
  std::vector<Cost> physician_costs;
  // By driver.
  std::vector<core::Ruling> driver_rulings;
};

// Of one crew for one stop.
struct Prospect {
  core::Ruling ruling;
  // Where the ruling is kChosen.
  double arrive_minutes = 0;
  Cost cost;
  bool ok() const { return ruling.ok(); }
};

// A visit by whoever can begin it first; kNoWay: nobody can.
struct FirstVisit {
  double arrive_minutes = kNoWay;
  // Not before the agreed windows.
  double begin_minutes = kNoWay;
};

// Physicians, drivers and wheels are indexes of `crews`; wheels may be
// own_wheels(). Constant after construction; borrows what it is given.
class Prospects {
 public:
  Prospects(const core::Board& board, const TravelTimes& travel_times,
            absl::Time now, const PlanOptions& options, const Crews& crews);

  // Of calls of which the first has a position. `waits` may be null.
  // `continuity_share`: how much of the bonus of a patient's own physician
  // counts (cost.h).
  Stop StopOf(std::vector<const core::Call*> calls,
              const core::Assignment* waits, double continuity_share) const;

  // Of a crew that goes now, or what stands in its way.
  Prospect Of(const Stop& stop, size_t physician, size_t wheels) const;

  // Until the physician is in the driver's car; kNoWay also for those who may
  // not go now.
  double FetchMinutes(size_t driver, size_t physician) const {
    return fetch_minutes_[driver * crews_.physicians.size() + physician];
  }

  // A driver's share of the burden, which each stop costs besides.
  double DriverFairness(size_t driver) const {
    return driver_fairness_[driver];
  }

  // By whoever can stay until the visit is over: those who are busy come when
  // they are free, where the whole night is planned.
  FirstVisit FirstVisitOf(const Stop& stop) const;

  // Whether somebody who sits in a car now could serve the stop if another car
  // fetched him when he is done: of no plan, in which nobody changes cars, but
  // crews do part before their duties end.
  bool IsForSomebodyInAnotherCar(const Stop& stop) const;

 private:
  core::Ruling RulingOf(const Stop& stop, const Physician& physician) const;
  Cost CostOf(const Stop& stop, size_t physician,
              double continuity_share) const;
  double FetchMinutesFrom(size_t driver, size_t physician,
                          const core::LatLng& place) const;

  const core::Board& board_;
  const core::Policy& policy_;
  const TravelTimes& travel_times_;
  const absl::Time now_;
  const PlanOptions& options_;
  const Crews& crews_;
  std::vector<double> physician_fairness_;
  std::vector<double> driver_fairness_;
  // By driver, then physician: now, and from where he is free.
  std::vector<double> fetch_minutes_;
  std::vector<double> later_fetch_minutes_;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PROSPECTS_H_
