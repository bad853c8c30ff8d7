// How a note travels to one member of the care team: which channel, when
// again, when given up. Pure functions of a Delivery; decide_note.cc writes
// what they say. Internal to core.
#ifndef HOUSECALL_DISPATCHER_CORE_DELIVERY_RULES_H_
#define HOUSECALL_DISPATCHER_CORE_DELIVERY_RULES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/core/directory.h"
#include "dispatcher/core/note.h"

namespace housecall::core {

// The wait after the `failures`-th failure in a row on a channel (from 1): up
// to 5 s, doubled by each further failure up to 15 minutes, of which `jitter`
// in [0, 1) takes away at most half, so that pushes that failed together do
// not come back together. Not less than what the receiver asked for
// (`retry_after`, up to an hour).
absl::Duration RetryDelay(int failures, double jitter,
                          absl::Duration retry_after);

// Puts the delivery on the first channel from `index` on that `receiver` (null:
// not known) has, as if never tried there: the inbox waits for its receipt, a
// webhook is due now. A channel that the receiver does not have is recorded
// as a failed attempt. With none left the delivery has FAILED. No channels at
// all count as the inbox.
void BeginChannel(int index, const Organization* receiver, absl::Time now,
                  Delivery* delivery);

// The channel in use; kUnspecified if none is left.
ChannelKind CurrentChannel(const Delivery& delivery);

// The outcome of a push on the channel in use of a PENDING delivery that did
// not arrive. A transient one is tried again until `max_attempts` on that
// channel; then, and at once where it is permanent, the next channel is begun.
// `attempt.error` is kept, cut to kMaxErrorLength.
void RecordFailure(DeliveryAttempt attempt, double jitter,
                   absl::Duration retry_after, int max_attempts,
                   const Organization* receiver, Delivery* delivery);

// The delivery has arrived, and nothing more is sent.
void RecordReceipt(Receipt receipt, Delivery* delivery);

// Characters of a receiver's words that are kept (bytes).
inline constexpr size_t kMaxErrorLength = 500;

// The first kMaxErrorLength bytes, not cut within a character.
std::string Shortened(absl::string_view text);

// The receiver's words at the last attempt that failed, or empty.
std::string LastError(const Delivery& delivery);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_DELIVERY_RULES_H_
