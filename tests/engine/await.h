// Waiting for what other threads do, without sleeping longer than they need.
#ifndef HOUSECALL_TESTS_ENGINE_AWAIT_H_
#define HOUSECALL_TESTS_ENGINE_AWAIT_H_

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"

namespace housecall::engine::testing {

// Whether `condition` becomes true within half a minute: far more than any
// machine needs, so that only what never comes fails.
inline bool Await(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    never.WaitFor(mutex, absl::Milliseconds(1));
  }
  return true;
}

}  // namespace housecall::engine::testing

#endif  // HOUSECALL_TESTS_ENGINE_AWAIT_H_
