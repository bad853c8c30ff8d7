// The calls that are to be expected, from what the field knows of nights and
// what was seen of this one.
#ifndef HOUSECALL_DISPATCHER_PLANNER_FORECAST_H_
#define HOUSECALL_DISPATCHER_PLANNER_FORECAST_H_

#include <cstdint>
#include <vector>

#include "dispatcher/planner/outlook.h"

namespace housecall::planner {

// How calls come. Minutes are from now.
struct Forecast {
  // Calls a minute, in steps of 15 minutes from now on.
  std::vector<double> rates;
  // Places from which they come, alike; by number in the travel matrix.
  std::vector<int> places;
  struct Kind {
    // Relative to the other kinds.
    double weight = 0;
    // As of a call that is known at 0.
    RouteStop stop;
    // Rare and grave: tried out so many times as often, each for so much less,
    // so that the mean is known better. Such calls only ask what they would
    // cost; they are not put into the plan.
    int tries = 1;
  };
  std::vector<Kind> kinds;
};
inline constexpr double kRateStepMinutes = 15;

// Calls of an hour of the day, relative to other hours: many in the evening,
// few before dawn. Of telephone calls to out-of-hours services.
double HourWeight(int hour);

// Nights as they may go on. The same for the same forecast and seed.
std::vector<Scenario> MakeScenarios(const Forecast& forecast, int count,
                                    uint64_t seed);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_FORECAST_H_
