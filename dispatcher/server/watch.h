// Streams of changes: what is behind WatchBoard and WatchDuty.
#ifndef HOUSECALL_DISPATCHER_SERVER_WATCH_H_
#define HOUSECALL_DISPATCHER_SERVER_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/grpc_status.h"
#include "grpcpp/grpcpp.h"

namespace housecall::server {

// Somebody who watches a center. All functions are called on the hub's thread,
// one at a time, none after the hub has let go of the watcher.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Once, first.
  virtual void Begin(const engine::Subscription& subscription) = 0;
  virtual void Tell(const engine::Commit& commit) = 0;
  // About once a second.
  virtual void Tick() = 0;
  // The server is stopping.
  virtual void End() = 0;
};

// Tells watchers about commits on a thread of its own, so that neither the
// engine's writer nor a handler spends time on them. Thread-safe.
class WatchHub {
 public:
  explicit WatchHub(engine::Engine* engine);
  // Ends every watcher.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Begins to tell `watcher` about the center. `after`: see Engine::Subscribe.
  // Never blocks for long. NotFound if there is no such center; Unavailable if
  // the hub is stopping.
  absl::Status Add(const core::CenterId& center, int64_t after,
                   std::shared_ptr<Watcher> watcher);
  // Lets go of the watcher, soon, and of `kept` with it: whatever the watcher
  // writes to. May be called from any thread, also from within the watcher.
  void Remove(Watcher* watcher, std::shared_ptr<void> kept);

  // Ends every watcher; later ones are refused. Idempotent.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<Watcher> watcher;
    core::CenterId center;
    int64_t subscription = 0;
  };

  void Post(std::function<void()> job);
  void Run();
  void Tick();

  engine::Engine* const engine_;

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> jobs_ HOUSECALL_GUARDED_BY(mutex_);
  bool stop_ HOUSECALL_GUARDED_BY(mutex_) = false;
  // The hub's thread only.
  std::unordered_map<Watcher*, Entry> entries_;
  std::thread thread_;
};

// The server's end of a stream to one client: keeps what is to be written,
// writes one message after the other, and ends the stream when the client is
// too slow or gone. gRPC calls the On… functions on its own threads; the rest
// may be called from any.
template <typename Message>
class StreamWriter : public grpc::ServerWriteReactor<Message> {
 public:
  // `context` is the RPC's. `on_gone` is called once, when the client is gone
  // or the stream has ended.
  StreamWriter(grpc::CallbackServerContext* context, size_t max_queue,
               std::function<void()> on_gone)
      : context_(context),
        max_queue_(max_queue),
        on_gone_(std::move(on_gone)) {}

  size_t max_queue() const { return max_queue_; }

  // Queues a message. Beyond `max_queue` the stream ends with
  // ResourceExhausted.
  void Push(Message message) {
    bool start = false;
    bool overflow = false;
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      if (queue_.size() >= max_queue_) {
        overflow = true;
      } else {
        queue_.push_back(std::move(message));
        start = !writing_;
        if (start) writing_ = true;
      }
    }
    if (overflow) {
      EndWith(absl::ResourceExhaustedError(
          "the client reads too slowly; resume with the last token"));
    } else if (start) {
      WriteFront();
    }
  }

  // About once a second, until `on_gone` is called. A client that does not even
  // take the end of an ended stream for kEndTicks is cut off.
  void Tick() {
    {
      MutexLock lock(mutex_);
      if (!ending_ || !writing_ || ++ticks_since_end_ != kEndTicks) return;
    }
    context_->TryCancel();
  }

  // Ends the stream once what is under way is written; what waits is dropped.
  void EndWith(absl::Status status) {
    bool finish = false;
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      ending_ = true;
      status_ = std::move(status);
      finish = !writing_;
      // A client that does not read keeps what is under way, but no more.
      while (queue_.size() > (writing_ ? 1u : 0u)) queue_.pop_back();
    }
    // Only one caller gets here with `finish`: `ending_` is set once.
    if (finish) this->Finish(ToGrpc(status_));
  }

  size_t waiting() const {
    MutexLock lock(mutex_);
    return queue_.size();
  }

  void OnWriteDone(bool ok) override {
    bool finish = false;
    bool more = false;
    {
      MutexLock lock(mutex_);
      queue_.pop_front();
      if (!ok && !ending_) {
        ending_ = true;
        status_ = absl::CancelledError("the client is gone");
      }
      if (ending_) {
        writing_ = false;
        finish = true;
      } else if (queue_.empty()) {
        writing_ = false;
      } else {
        more = true;
      }
    }
    if (finish) {
      this->Finish(ToGrpc(status_));
    } else if (more) {
      WriteFront();
    }
  }

  void OnCancel() override {
    EndWith(absl::CancelledError("the client is gone"));
  }

  void OnDone() override {
    // May destroy this.
    const std::function<void()> gone = std::move(on_gone_);
    gone();
  }

 private:
  void WriteFront() {
    const Message* front = nullptr;
    {
      MutexLock lock(mutex_);
      front = &queue_.front();
    }
    // The front stays where it is until OnWriteDone: a deque moves nothing
    // when it grows at its end. Not under the lock, gRPC may call us from here.
    this->StartWrite(front);
  }

  static constexpr int kEndTicks = 30;

  grpc::CallbackServerContext* const context_;
  const size_t max_queue_;
  std::function<void()> on_gone_;
  mutable Mutex mutex_;
  std::deque<Message> queue_ HOUSECALL_GUARDED_BY(mutex_);
  bool writing_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool ending_ HOUSECALL_GUARDED_BY(mutex_) = false;
  int ticks_since_end_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  // Written once, before `ending_` is seen by whoever reads it.
  absl::Status status_;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_WATCH_H_
