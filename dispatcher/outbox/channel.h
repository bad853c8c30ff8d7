// How a message leaves the center: one channel per kind of receiver's system.
// The front door of this folder.
#ifndef HOUSECALL_DISPATCHER_OUTBOX_CHANNEL_H_
#define HOUSECALL_DISPATCHER_OUTBOX_CHANNEL_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "dispatcher/base/sensitive.h"
#include "dispatcher/core/note.h"

namespace housecall::outbox {

// One push, ready to be sent.
struct OutboundMessage {
  // The receiver's idempotency key: the same at every try. It is the delivery's
  // resource name ("centers/hino/deliveries/c1--n1--d2") and not its id alone,
  // because an id is unique only within its center and one receiver may serve
  // several centers.
  std::string id;
  // Where to: the URL of a webhook. May hold a token of the receiver's, so it
  // is never logged.
  std::string address;
  // What the push is signed with, in the channel's own notation.
  PrivateText secret;
  // What is sent, byte for byte; for a webhook a JSON text.
  PrivateText body;
};

// What came of one push.
struct SendOutcome {
  // kDelivered: the receiver's system confirmed it. kTransient: worth another
  // try; the receiver may have it nevertheless (an answer that never came).
  // kPermanent: the same push would fail again until a person changes
  // something; time for the next channel.
  core::SendResult result = core::SendResult::kUnspecified;
  // The receiver's own words, or what kept us from them; empty if delivered.
  // One line of printable UTF-8, 500 bytes at most, without any piece (see
  // WithoutEcho) of the message's body, its secret, or the path and query of
  // its address.
  std::string error;
  // How long the receiver asked us to wait; zero: it did not ask.
  absl::Duration retry_after;
  // False, with kTransient only: nothing of the message has left this machine
  // and it does not count as a try; it may be offered again as if it had never
  // been handed over. What is kPermanent always counts, sent or not, so that
  // the next channel gets its turn.
  bool attempted = true;
};

// Pushes messages, at least once each: a message may reach the receiver more
// often than it is reported delivered, always with the same id.
//
// Asynchronous, so that a receiver that hangs keeps neither a thread nor
// another receiver's message waiting. Thread-safe.
class Channel {
 public:
  using Callback = std::function<void(SendOutcome)>;

  // Stops.
  virtual ~Channel() = default;

  // Hands the message over and returns at once. `done` is called exactly once:
  // on the channel's own thread, or, after Stop, before Send returns. It must
  // not block; it may call Send.
  virtual void Send(OutboundMessage message, Callback done) = 0;

  // Ends what waits and what is under way, with kTransient and each callback
  // called before Stop returns. Idempotent. Not from within a callback.
  virtual void Stop() = 0;

  // The longest time from Send to its callback: whoever leases a message leases
  // it for longer than this.
  virtual absl::Duration max_send_duration() const = 0;
};

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_CHANNEL_H_
