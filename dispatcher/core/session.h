// By which session somebody acts: the one rule for whoever lets a request in
// and for the writer that decides on it a little later.
#ifndef HOUSECALL_DISPATCHER_CORE_SESSION_H_
#define HOUSECALL_DISPATCHER_CORE_SESSION_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

// Whoever acts by the session. Unauthenticated if it is unknown, was revoked or
// is over at `now`, or if its account is disabled or its person gone; one
// message for all of these.
absl::StatusOr<Actor> ActorBehind(const Board& board, const SessionId& session,
                                  absl::Time now);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_SESSION_H_
