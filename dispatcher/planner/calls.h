// The calls of a board as the planner sees them: which of them wait, in what
// order they are served, how long each takes. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_CALLS_H_
#define HOUSECALL_DISPATCHER_PLANNER_CALLS_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/planner/plan.h"

namespace housecall::planner {

// 0 for urgent, 1 for standard, 2 for routine. A call without urgency counts
// as standard.
inline constexpr int kRanks = 3;
int RankOf(core::Urgency urgency);

// Routine if there is no call.
core::Urgency MostUrgent(const std::vector<const core::Call*>& calls);

// The calls that wait for a crew, in the order in which they are served: by
// urgency, then target time.
std::vector<const core::Call*> MatchingCalls(const core::Board& board);

// As many of them as one plan may have.
size_t MostCalls(const PlanOptions& options);

// The first ones of them, no more than that.
std::vector<const core::Call*> CallsToPlan(const core::Board& board,
                                           const PlanOptions& options);

// True of a crew that has lost its car and is not asked about another.
bool IsWaitingForCar(const core::Board& board,
                     const core::Assignment& assignment);

// All such crews, by the id of their first calls.
std::vector<const core::Assignment*> WaitingCrews(const core::Board& board);

// How long a visit to the call is expected to take.
absl::Duration VisitDuration(const core::Policy& policy,
                             const PlanOptions& options,
                             const core::Call& call);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_CALLS_H_
