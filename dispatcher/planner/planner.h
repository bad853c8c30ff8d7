// Whom to send where: the front door of this folder. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
#define HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_

#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

// Where the planner expects a person to be: his last position since he went on
// duty, else the base of his shift, else his home, else the center.
core::LatLng PlaceOf(const core::Board& board, const core::PersonId& person);

// The ways that Plan looks up for this board. For a whole night: between all
// places of those who may be sent now or when they are free, their homes, the
// calls, and where calls are expected. Else to fetch (drivers to physicians)
// and to go (physicians to calls), those only who may be sent now. Empty if no
// way is needed.
std::vector<TravelRequest> TravelNeeded(const core::Board& board,
                                        absl::Time now,
                                        const PlanOptions& options = {});

// True if a call waits to be matched, or a crew for a car. Cheap.
bool WantsPlan(const core::Board& board);

// True if the center wants advice for free crews and there is one: then a plan
// is worth making though no call waits. Cheap.
bool WantsAdvice(const core::Board& board);

// By when in policy.promise_share of cases a crew that has accepted, or is
// under way, is at the door, which is expected at `arrive_time`. `spread`: of
// its way, standard deviation over mean. `has_departed`: else some time passes
// before it sets out.
absl::Time PromiseFor(const core::Policy& policy, absl::Time now,
                      absl::Time arrive_time, double spread, bool has_departed);

// Proposes a crew for every call that is being matched, and another car for
// every crew that has lost its own. Hard rules are DOMAIN §3.3's
// (core/rules.h). A crew that has departed is not reconsidered: that stands
// until it, an operator or a rule of DOMAIN §3 ends it. One that is asked, or
// has accepted only, is taken back where that is worth policy.change_minutes
// (reconsider.h), with max_steps only.
//
// With max_steps: plans the routes of all cars over all calls, for crews that
// are busy now as well, and offers what can begin now. The sum of costs
// (planner/cost.h) is the least for certain with up to six stops while the
// steps last (planner/search.h says of which plans); in a larger surge, or when
// is_over ends the search, the plan may be dearer. A call that some route has
// the time for is in one, however late it is; which call comes first is decided
// by their weights, not by rank.
//
// With max_steps 0: one assignment of those who are free now. As many urgent
// calls as can be are served, then as many standard ones, then as many routine
// ones, and of all such plans that one is chosen whose sum of costs is least,
// for certain wherever AssignCrews (planner/assignment.h) says so.
//
// Calls within 30 m of each other are one trip of up to three, where one
// physician may see them all, the first of them waits no more than 5 minutes
// longer for it, and so long nobody waits at the door for another's agreed
// time.
//
// Every call gets a Match that says per physician on duty (and per physician
// who should be) why he or why not, and per driver for the physician chosen.
// Ids of matches are left to Decide. A call whose place has no position is
// unreachable for everybody.
//
// Deterministic for a seed and a number of steps unless is_over ends it;
// between equals the car that had the stop before, then the smaller ids.
PlanResult Plan(const core::Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
