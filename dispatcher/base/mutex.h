// std::mutex with clang's thread-safety annotations.
//
// Not absl::Mutex: with Debian's uninstrumented Abseil, ThreadSanitizer reports
// false races on it.
#ifndef HOUSECALL_DISPATCHER_BASE_MUTEX_H_
#define HOUSECALL_DISPATCHER_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

#if defined(__clang__)
#define HOUSECALL_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define HOUSECALL_THREAD_ATTRIBUTE(x)
#endif
#define HOUSECALL_GUARDED_BY(m) HOUSECALL_THREAD_ATTRIBUTE(guarded_by(m))
#define HOUSECALL_REQUIRES(...) \
  HOUSECALL_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define HOUSECALL_EXCLUDES(...) \
  HOUSECALL_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace housecall {

class HOUSECALL_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void Lock() HOUSECALL_THREAD_ATTRIBUTE(acquire_capability()) {
    mutex_.lock();
  }
  void Unlock() HOUSECALL_THREAD_ATTRIBUTE(release_capability()) {
    mutex_.unlock();
  }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds the mutex for a scope.
class HOUSECALL_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex)
      HOUSECALL_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() HOUSECALL_THREAD_ATTRIBUTE(release_capability()) {
    mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // Releases the mutex, waits for a signal or a spurious wake-up, takes it
  // again. Call it in a loop that tests the condition.
  void Wait(Mutex& mutex) HOUSECALL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // As Wait, but for `timeout` at most, whatever happens to the clock of the
  // day meanwhile.
  void WaitFor(Mutex& mutex, absl::Duration timeout) HOUSECALL_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
#ifdef __SANITIZE_THREAD__
    // g++ 12's ThreadSanitizer does not know pthread_cond_clockwait, which
    // wait_for uses.
    condition_.wait_until(lock, std::chrono::system_clock::now() +
                                    absl::ToChronoMicroseconds(timeout));
#else
    condition_.wait_for(lock, absl::ToChronoMicroseconds(timeout));
#endif
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_MUTEX_H_
