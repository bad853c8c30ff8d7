// What the night so far, beside what is usual, says of the calls to come. Pure;
// forecast.h makes nights of it.
#ifndef HOUSECALL_DISPATCHER_PLANNER_DEMAND_H_
#define HOUSECALL_DISPATCHER_PLANNER_DEMAND_H_

#include <cstddef>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/forecast.h"
#include "dispatcher/planner/plan.h"

namespace housecall::planner {

// Where calls come from, as far as it is known: the last ones' places, and
// where people are based.
std::vector<core::LatLng> ExpectedPlaces(const core::Board& board,
                                         const Crews& crews);

// Calls a minute, in steps of kRateStepMinutes from now on: a usual night for
// the cars of the rota, corrected by what came in the last four hours while
// crews were on duty, as far as the forecast looks.
std::vector<double> ExpectedRates(const core::Board& board,
                                  const std::vector<core::RotaDuty>& rota,
                                  absl::Time now,
                                  const ForecastOptions& options);

// How often calls are of each urgency, as what is usual and what was seen
// together say; relative to each other.
std::map<core::Urgency, double> ExpectedUrgencies(const core::Board& board);

// The kinds of calls that may come, by urgency and by the skill that they
// need; for a problem with so many wheels, the drivers' first.
std::vector<Forecast::Kind> ExpectedKinds(const core::Board& board,
                                          const PlanOptions& options,
                                          const Crews& crews, size_t wheels);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_DEMAND_H_
