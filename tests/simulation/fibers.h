// Every thread of the program as a fiber of one thread, in virtual time.
//
// A program that links fibers.cc has no threads but one: std::thread,
// std::mutex, std::condition_variable and the clocks of the C library are
// answered by the scheduler below, because fibers.cc defines the functions of
// the C library under them (pthread_create, pthread_mutex_lock,
// pthread_cond_wait, clock_gettime …) and the dynamic linker prefers those of
// the program. So the real engine and the real relay, with all their threads,
// run unchanged; which of them goes on at each step is drawn from a seed, and
// the same seed draws the same run.
//
// Not answered, and therefore not to be used in a run: std::future and
// std::call_once (they wait in the kernel), sleeping, real I/O that waits.
#ifndef HOUSECALL_TESTS_SIMULATION_FIBERS_H_
#define HOUSECALL_TESTS_SIMULATION_FIBERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/random.h"

namespace housecall::simulation {

// What the scheduler was told to do at most.
struct SchedulerOptions {
  uint64_t seed = 0;
  absl::Time start_time = absl::UnixEpoch();
  // Of 1000 times that a fiber takes a mutex, how often another one goes first.
  int preempt_per_mille = 0;
  // Switches in one run at most; then it counts as one that does not end.
  int64_t max_switches = 50'000'000;
  // Switches at one instant of virtual time: more are a busy loop.
  int64_t max_switches_at_once = 200'000;
};

// Runs fibers one at a time. Time stands still while any of them can go on,
// and then jumps to the next at which one wants to.
class Scheduler {
 public:
  explicit Scheduler(SchedulerOptions options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Runs `main` as the first fiber, and all that it starts, until every fiber
  // has ended. Returns false, with `stuck` telling why, if they cannot: every
  // one waits for another, or the limits are reached. The fibers are then
  // abandoned where they are, and the process can run nothing more.
  bool Run(std::function<void()> main);
  const std::string& stuck() const { return stuck_; }

  // Virtual time; from within a fiber, or before and after Run.
  absl::Time Now() const { return now_; }
  // Times that one fiber has gone on after another.
  int64_t switches() const { return switches_; }

  // From within a fiber: lets time pass.
  void SleepFor(absl::Duration duration);
  void SleepUntil(absl::Time time);
  // From within a fiber: whoever can go on may go first.
  void Yield();
  // Names the fiber that calls it, for the report of one that is stuck.
  void NameMe(std::string name);

  // The one that runs fibers now, or null.
  static Scheduler* Running();

  // --- For the functions of the C library -----------------------------------
  struct Fiber;
  // Starts a fiber; its number, above 0.
  int64_t Start(std::function<void()> body);
  void Join(int64_t number);
  // Whether a fiber runs just now (and not the scheduler itself).
  bool InFiber() const { return current_ != nullptr; }
  void Lock(void* mutex);
  void Unlock(void* mutex);
  // Waits on a condition; false if it was not signalled by `deadline`.
  bool Wait(void* condition, void* mutex, absl::Time deadline);
  void Signal(void* condition, bool all);

 private:
  static void Enter();
  void SwitchTo(Fiber* fiber);
  void Suspend();
  void MakeReady(Fiber* fiber);
  void EndCurrent();
  bool AdvanceTime();
  std::string Describe() const;

  const SchedulerOptions options_;
  Random random_;
  absl::Time now_;
  int64_t switches_ = 0;
  int64_t switches_at_once_ = 0;
  int64_t started_ = 0;
  std::string stuck_;

  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> ready_;
  Fiber* current_ = nullptr;
  // Fibers that wait for a mutex, so that an unlock need not look for one.
  int64_t lock_waiters_ = 0;
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_FIBERS_H_
