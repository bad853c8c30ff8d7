// Where calls go out until the gateway stops.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_CALL_GATE_H_
#define HOUSECALL_DISPATCHER_GATEWAY_CALL_GATE_H_

#include "dispatcher/base/mutex.h"

namespace housecall::gateway {

// Whoever starts a call enters first and leaves when it is started. Once Close
// has returned nobody is within, and nobody enters again. Without it the
// process would die: gRPC 1.51 calls through a null pointer when a call starts
// on an in-process channel whose server has shut down. Thread-safe.
class CallGate {
 public:
  // Whether it is open still; only then Leave must follow.
  bool Enter() {
    MutexLock lock(mutex_);
    if (closed_) return false;
    ++within_;
    return true;
  }

  void Leave() {
    MutexLock lock(mutex_);
    if (--within_ == 0) left_.NotifyAll();
  }

  // Waits for those who are within. Idempotent.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    while (within_ > 0) left_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar left_;
  bool closed_ HOUSECALL_GUARDED_BY(mutex_) = false;
  int within_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_CALL_GATE_H_
