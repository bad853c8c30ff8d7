// How many bytes of requests are held at once, over all connections.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_BYTE_CAP_H_
#define HOUSECALL_DISPATCHER_GATEWAY_BYTE_CAP_H_

#include <cstddef>

#include "dispatcher/base/mutex.h"

namespace housecall::gateway {

// Thread-safe.
class ByteCap {
 public:
  explicit ByteCap(size_t most) : most_(most) {}

  // Takes `bytes` if there is room for them. What was taken is given back.
  bool Take(size_t bytes) {
    MutexLock lock(mutex_);
    if (bytes > most_ - used_) return false;
    used_ += bytes;
    return true;
  }
  void Give(size_t bytes) {
    MutexLock lock(mutex_);
    used_ -= bytes;
  }
  size_t used() const {
    MutexLock lock(mutex_);
    return used_;
  }

 private:
  const size_t most_;
  mutable Mutex mutex_;
  size_t used_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_BYTE_CAP_H_
