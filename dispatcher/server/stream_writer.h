// The server's end of a stream to one client, and what waits for clients.
#ifndef HOUSECALL_DISPATCHER_SERVER_STREAM_WRITER_H_
#define HOUSECALL_DISPATCHER_SERVER_STREAM_WRITER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/server/grpc_status.h"
#include "grpcpp/grpcpp.h"

namespace housecall::server {

// Counts the bytes that wait for clients, over all streams of a server.
// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(size_t most) : most_(most) {}

  void Take(size_t bytes) { used_ += bytes; }
  void Give(size_t bytes) { used_ -= bytes; }
  size_t used() const { return used_; }
  bool IsOver() const { return used_ > most_; }

 private:
  const size_t most_;
  std::atomic<size_t> used_ = 0;
};

// A message that waits for one client or for many, counted in the budget as
// long as anybody has it. Does not change; the budget outlives it.
template <typename Message>
class Parcel {
 public:
  Parcel(Message message, size_t bytes, ByteBudget* budget)
      : message_(std::move(message)), bytes_(bytes), budget_(budget) {
    budget_->Take(bytes_);
  }
  ~Parcel() { budget_->Give(bytes_); }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  const Message& message() const { return message_; }
  size_t bytes() const { return bytes_; }

 private:
  const Message message_;
  const size_t bytes_;
  ByteBudget* const budget_;
};

// Writes one message after the other to a client, each asked for only when the
// one before is written, so that a client which does not read holds one message
// and nothing else here. gRPC calls the On… functions on its own threads; the
// rest may be called from any.
template <typename Message>
class StreamWriter : public grpc::ServerWriteReactor<Message> {
 public:
  using Next = std::function<std::shared_ptr<const Parcel<Message>>()>;

  // `context` is the RPC's. `on_gone` is called once, when the client is gone
  // or the stream has ended.
  StreamWriter(grpc::CallbackServerContext* context,
               std::function<void()> on_gone)
      : context_(context), on_gone_(std::move(on_gone)) {}

  // What gives the next message, or null if there is none now. Called by one
  // thread at a time, any thread, never after `on_gone`; it must not call this
  // writer. Set once, before the first Nudge.
  void set_next(Next next) { next_ = std::move(next); }

  // There may be a next message.
  void Nudge() {
    {
      MutexLock lock(mutex_);
      if (ending_ || !next_) return;
      if (busy_) {
        again_ = true;
        return;
      }
      busy_ = true;
    }
    WriteNext();
  }

  // Ends the stream once what is under way is written.
  void EndWith(absl::Status status) {
    bool finish = false;
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      ending_ = true;
      status_ = std::move(status);
      finish = !busy_;
    }
    // Only one caller gets here with `finish`: `ending_` is set once.
    if (finish) FinishWith(ToGrpc(status_));
  }

  // About once a second, until `on_gone` is called. A client that does not even
  // take the end of an ended stream for kEndTicks is cut off.
  void Tick() {
    {
      MutexLock lock(mutex_);
      if (!busy_) return;
      ++ticks_busy_;
      if (!ending_ || ++ticks_since_end_ != kEndTicks) return;
      // From here on gRPC may find the client gone: nobody else finishes until
      // this has let go of the RPC.
      cancelling_ = true;
    }
    // Not under the lock, gRPC may call us from here.
    Cancel();
    bool finish = false;
    {
      MutexLock lock(mutex_);
      cancelling_ = false;
      finish = !busy_;
    }
    if (finish) FinishWith(ToGrpc(status_));
  }

  // For how many ticks the message that is under way has not been taken.
  int ticks_busy() const {
    MutexLock lock(mutex_);
    return busy_ && !ending_ ? ticks_busy_ : 0;
  }

  void OnWriteDone(bool ok) override {
    bool finish = false;
    {
      MutexLock lock(mutex_);
      current_ = nullptr;
      ticks_busy_ = 0;
      if (!ok && !ending_) {
        ending_ = true;
        status_ = absl::CancelledError("the client is gone");
      }
      if (ending_) {
        busy_ = false;
        if (cancelling_) return;
        finish = true;
      }
    }
    if (finish) {
      FinishWith(ToGrpc(status_));
    } else {
      WriteNext();
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

 protected:
  // What gRPC is asked for; tests see to it instead. After FinishWith the RPC
  // may be gone.
  virtual void Cancel() { context_->TryCancel(); }
  virtual void FinishWith(grpc::Status status) {
    this->Finish(std::move(status));
  }

 private:
  // By whoever has set `busy_`.
  void WriteNext() {
    for (;;) {
      {
        MutexLock lock(mutex_);
        again_ = false;
      }
      std::shared_ptr<const Parcel<Message>> parcel = next_();
      const Message* message = nullptr;
      {
        MutexLock lock(mutex_);
        if (!ending_ && parcel == nullptr && again_) continue;
        if (ending_ || parcel == nullptr) {
          busy_ = false;
          ticks_busy_ = 0;
          if (!ending_ || cancelling_) return;
        } else {
          current_ = std::move(parcel);
          message = &current_->message();
        }
      }
      // Not under the lock, gRPC may call us from here.
      if (message == nullptr) {
        FinishWith(ToGrpc(status_));
      } else {
        this->StartWrite(message);
      }
      return;
    }
  }

  static constexpr int kEndTicks = 30;

  grpc::CallbackServerContext* const context_;
  std::function<void()> on_gone_;
  Next next_;
  mutable Mutex mutex_;
  // Being written, until OnWriteDone.
  std::shared_ptr<const Parcel<Message>> current_ HOUSECALL_GUARDED_BY(mutex_);
  // Somebody looks for the next message, or writes it.
  bool busy_ HOUSECALL_GUARDED_BY(mutex_) = false;
  // Nudged meanwhile.
  bool again_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool ending_ HOUSECALL_GUARDED_BY(mutex_) = false;
  // Tick is about to cancel the RPC, and finishes it afterwards if nothing is
  // under way any more.
  bool cancelling_ HOUSECALL_GUARDED_BY(mutex_) = false;
  int ticks_busy_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  int ticks_since_end_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  // Written once, before `ending_` is seen by whoever reads it.
  absl::Status status_;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_STREAM_WRITER_H_
