// Takes due messages out of the outbox, pushes them, and reports what came of
// each push.
#ifndef HOUSECALL_DISPATCHER_OUTBOX_RELAY_H_
#define HOUSECALL_DISPATCHER_OUTBOX_RELAY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/outbox/channel.h"
#include "dispatcher/store/store.h"

namespace housecall::outbox {

// What the relay needs of the engine. Both are called on any thread and must
// not block.
struct RelayHooks {
  // The center's board as of the last commit, or null.
  std::function<std::shared_ptr<const core::Board>(const core::CenterId&)>
      board;
  // Hands the attempt to the center's writer; `done` is called once.
  std::function<void(const core::CenterId&, core::RecordAttempt,
                     std::function<void(absl::Status)> done)>
      submit;
};

struct RelayOptions {
  // Pushes handed to the channels at once. The channels bound what is under way
  // to one receiver; this is far more, so that one that hangs, with many notes
  // waiting for it, does not fill it.
  int max_in_flight = 4096;
  // How often the outbox is looked at when nobody calls Wake.
  absl::Duration poll_interval = absl::Seconds(1);
  // A lease outlasts the channel's slowest push by this, so that a message is
  // pushed anew only after a crash.
  absl::Duration lease_margin = absl::Seconds(30);
};

// Pushes each message at least once and reports each try as a RecordAttempt,
// whose commit settles or reschedules it (core/delivery_rules.h). A crash
// between push and report makes the message free again when its lease is over;
// the receiver knows it by its id.
//
// Thread-safe. Borrows store, clock, channels and what the hooks use.
class Relay {
 public:
  Relay(store::Store* store, const Clock* clock,
        std::map<core::ChannelKind, Channel*> channels, RelayHooks hooks,
        RelayOptions options = {});
  // Stops the relay and its channels, and waits until each push that was under
  // way is reported: the engine must be there.
  ~Relay();

  void Start();
  // Takes no more messages. Pushes that are under way end on their channel's
  // time; stop the channels next, before the engine. Idempotent.
  void Stop();
  // There may be something due now. Never blocks.
  void Wake();

 private:
  using Key = std::pair<core::CenterId, core::DeliveryId>;
  // A message whose delivery is not on the board, which is published a moment
  // after the commit that brings both.
  struct Unseen {
    store::LeasedMessage leased;
    // Of the first lease and the last.
    absl::Time since;
    absl::Time lease_time;
    bool told = false;
  };

  void Run();
  // Leases what is due and sends it. Returns when to look again.
  absl::Time SendDue();
  // Sends those whose delivery is on the board by now.
  void SendUnseen(absl::Duration lease);
  // Says what keeps the store from giving messages, once until that changes.
  void Complain(const absl::Status& status);
  // False if the delivery is not on the board.
  bool Send(const store::LeasedMessage& leased);
  void Report(const Key& key, core::ChannelKind channel, SendOutcome outcome);
  void Finish(const Key& key);

  store::Store* const store_;
  const Clock* const clock_;
  const std::map<core::ChannelKind, Channel*> channels_;
  const RelayHooks hooks_;
  const RelayOptions options_;

  // The relay's thread only.
  std::map<Key, Unseen> unseen_;
  absl::StatusCode complaint_ = absl::StatusCode::kOk;

  Mutex mutex_;
  CondVar wake_;
  CondVar finished_;
  bool woken_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool stop_ HOUSECALL_GUARDED_BY(mutex_) = false;
  std::set<Key> in_flight_ HOUSECALL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ HOUSECALL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_RELAY_H_
