// Time, given to everything that needs it.
#ifndef HOUSECALL_DISPATCHER_BASE_CLOCK_H_
#define HOUSECALL_DISPATCHER_BASE_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"

namespace housecall {

// The server's time. Only main.cc makes a RealClock; everything below it is
// given a Clock. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

// A clock that moves only when it is told to, for tests and simulation.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    MutexLock lock(mutex_);
    now_ += by;
  }
  void Set(absl::Time now) {
    MutexLock lock(mutex_);
    now_ = now;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ HOUSECALL_GUARDED_BY(mutex_);
};

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_CLOCK_H_
