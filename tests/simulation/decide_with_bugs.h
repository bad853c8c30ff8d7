// The rules and the clock's next deadline as the simulated nodes call them: the
// real ones, unless a bug is planted in them.
#ifndef HOUSECALL_TESTS_SIMULATION_DECIDE_WITH_BUGS_H_
#define HOUSECALL_TESTS_SIMULATION_DECIDE_WITH_BUGS_H_

#include "dispatcher/core/decide.h"
#include "dispatcher/core/session.h"
#include "dispatcher/planner/planner.h"

// In the namespace of the real ones: writer_with_bugs.cc compiles the engine
// with these names in the place of those.
namespace housecall::core {

// Decide, or what the planted bug makes of it.
absl::StatusOr<Decision> DecideWithBugs(const Board& board,
                                        const Command& command,
                                        const Actor& actor, absl::Time now);

// ActorBehind, or what the planted bug makes of it.
absl::StatusOr<Actor> ActorBehindWithBugs(const Board& board,
                                          const SessionId& session,
                                          absl::Time now);

// NextDeadline, or what the planted bug makes of it.
absl::Time NextDeadlineWithBugs(const Board& board);

}  // namespace housecall::core

namespace housecall::planner {

// WantsPlan, or what the planted bug makes of it.
bool WantsPlanWithBugs(const core::Board& board);

}  // namespace housecall::planner

#endif  // HOUSECALL_TESTS_SIMULATION_DECIDE_WITH_BUGS_H_
