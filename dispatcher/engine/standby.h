// What free crews are told of where to wait. Pure.
#ifndef HOUSECALL_DISPATCHER_ENGINE_STANDBY_H_
#define HOUSECALL_DISPATCHER_ENGINE_STANDBY_H_

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/planner/planner.h"

namespace housecall::engine {

// Advice stands at least so long, unless a call or the end of the duty comes
// between: nobody is sent to and fro.
inline constexpr absl::Duration kStandbyStands = absl::Minutes(10);

// What is to be told to which driver after this plan, or to be taken back;
// nothing for those to whom the plan offers a visit. Places are told to some
// 500 m: calls come from patients' homes. No physician is to be fetched by two.
// Where the center wants no advice (policy.anticipates), all is taken back.
core::AdviseStandby AdviceOf(const core::Board& board,
                             const planner::PlanResult& plan, absl::Time now);

}  // namespace housecall::engine

#endif  // HOUSECALL_DISPATCHER_ENGINE_STANDBY_H_
