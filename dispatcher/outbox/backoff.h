// When to try again.
#ifndef HOUSECALL_DISPATCHER_OUTBOX_BACKOFF_H_
#define HOUSECALL_DISPATCHER_OUTBOX_BACKOFF_H_

#include "absl/time/time.h"

namespace housecall::outbox {

struct BackoffOptions {
  // Longest wait after the first failure; doubled by each further one.
  absl::Duration first_delay = absl::Seconds(30);
  // Longest wait at all.
  absl::Duration max_delay = absl::Hours(1);
};

// How long to wait after the `attempt`-th failure in a row (from 1; less counts
// as 1): `jitter_unit`, in [0, 1), of min(max_delay, first_delay × 2^(attempt −
// 1)).
//
// Exponential backoff with full jitter: pushes that failed together, because
// the receiver was down, come back spread over the whole span and not at once
// (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
// Pure: the caller draws `jitter_unit`; what is outside [0, 1] is taken as the
// nearer end.
absl::Duration BackoffDelay(int attempt, double jitter_unit,
                            const BackoffOptions& options = {});

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_BACKOFF_H_
