// Which calls are seen in one stop. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_GROUPING_H_
#define HOUSECALL_DISPATCHER_PLANNER_GROUPING_H_

#include <cstddef>
#include <vector>

#include "dispatcher/core/board.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/prospects.h"

namespace housecall::planner {

// As many stops are planned at once, at the most: kMaxCalls, and crews.
inline constexpr size_t kMaxStops = 250;

// All that waits: crews without a car first, then calls, as they are served.
struct Grouping {
  std::vector<Stop> stops;
  // Nobody knows where they are; of a crew that waits, its first call.
  std::vector<const core::Call*> without_place;
};

// Calls within 30 m of each other are one stop of up to three, where one
// physician may see them all, the first of them waits no more than 5 minutes
// longer for it, and so long nobody waits at the door for another's agreed
// time. In a stop the most urgent are first, and of equals those with an
// infection last.
Grouping GroupCalls(const core::Board& board, const PlanOptions& options,
                    const Crews& crews, const Prospects& prospects);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_GROUPING_H_
