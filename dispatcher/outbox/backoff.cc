#include "dispatcher/outbox/backoff.h"

#include "absl/time/time.h"

namespace housecall::outbox {

absl::Duration BackoffDelay(int attempt, double jitter_unit,
                            const BackoffOptions& options) {
  absl::Duration longest = options.first_delay;
  // absl::Duration saturates instead of overflowing, and this ends at the cap.
  for (int i = 1; i < attempt && longest < options.max_delay; ++i) {
    longest *= 2;
  }
  if (longest > options.max_delay) longest = options.max_delay;
  // Written so that NaN becomes 0.
  if (!(jitter_unit > 0)) return absl::ZeroDuration();
  if (jitter_unit > 1) jitter_unit = 1;
  return longest * jitter_unit;
}

}  // namespace housecall::outbox
