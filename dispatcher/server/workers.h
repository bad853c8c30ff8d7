// A few threads for what a handler must not wait for.
#ifndef HOUSECALL_DISPATCHER_SERVER_WORKERS_H_
#define HOUSECALL_DISPATCHER_SERVER_WORKERS_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "dispatcher/base/mutex.h"

namespace housecall::server {

// Runs jobs in order on a fixed number of threads, with a bounded queue.
// Thread-safe. The destructor finishes the jobs that were taken.
class Workers {
 public:
  Workers(int threads, size_t max_queue);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False if the queue is full or the workers are ending; then the job will
  // not run.
  bool Run(std::function<void()> job);

 private:
  void Work();

  const size_t max_queue_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ HOUSECALL_GUARDED_BY(mutex_);
  bool stop_ HOUSECALL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_WORKERS_H_
