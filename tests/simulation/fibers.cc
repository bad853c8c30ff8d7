#include "tests/simulation/fibers.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define HOUSECALL_ASAN_FIBERS 1
#endif

namespace housecall::simulation {
namespace {

constexpr size_t kStackBytes = 512 * 1024;
constexpr size_t kGuardBytes = 4096;

[[noreturn]] void Die(const char* why) {
  std::fprintf(stderr, "fibers: %s\n", why);
  std::abort();
}

// Stacks of fibers that have ended, for the next ones: mapping one costs more
// than most fibers do.
std::vector<char*>& IdleStacks() {
  static auto* const stacks = new std::vector<char*>;
  return *stacks;
}

char* TakeStack() {
  std::vector<char*>& idle = IdleStacks();
  if (!idle.empty()) {
    char* const stack = idle.back();
    idle.pop_back();
    return stack;
  }
  void* const mapped =
      mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) Die("no memory for a stack");
  // A stack that is too small ends the program instead of its neighbour.
  mprotect(mapped, kGuardBytes, PROT_NONE);
  return static_cast<char*>(mapped) + kGuardBytes;
}

Scheduler* g_running = nullptr;

// The state of a mutex, in the bytes of the pthread_mutex_t, which are zero at
// first: the number of the fiber that holds it (kOutside: the code around the
// run), and how often.
struct MutexState {
  int64_t owner;
  int32_t depth;
  // Where glibc keeps the kind: PTHREAD_MUTEX_RECURSIVE and so on.
  int32_t padding;
  int32_t kind;
};
static_assert(sizeof(MutexState) <= sizeof(pthread_mutex_t));
constexpr int64_t kOutside = -1;

MutexState& StateOf(void* mutex) { return *static_cast<MutexState*>(mutex); }

bool IsRecursive(const void* mutex) {
  return (static_cast<const pthread_mutex_t*>(mutex)->__data.__kind & 3) ==
         PTHREAD_MUTEX_RECURSIVE;
}

}  // namespace

struct Scheduler::Fiber {
  enum class State { kReady, kWaiting, kEnded };

  int64_t number = 0;
  std::string name;
  std::function<void()> body;
  State state = State::kReady;
  ucontext_t context;
  char* stack = nullptr;
  void* fake_stack = nullptr;

  // What it waits for, each null or InfiniteFuture if it does not.
  void* mutex = nullptr;
  void* condition = nullptr;
  int64_t joins = 0;
  absl::Time wake_time = absl::InfiniteFuture();
  bool signalled = false;
};

struct Scheduler::Context {
  ucontext_t main;
  void* fake_stack = nullptr;
  const void* stack_bottom = nullptr;
  size_t stack_bytes = 0;
};

Scheduler::Scheduler(SchedulerOptions options)
    : options_(options),
      random_(options.seed),
      now_(options.start_time),
      context_(std::make_unique<Context>()) {}

Scheduler::~Scheduler() = default;

Scheduler* Scheduler::Running() { return g_running; }

int64_t Scheduler::Start(std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->number = ++started_;
  fiber->name = absl::StrCat("fiber ", fiber->number);
  fiber->body = std::move(body);
  fiber->stack = TakeStack();
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = kStackBytes;
  fiber->context.uc_link = nullptr;
  makecontext(&fiber->context, &Scheduler::Enter, 0);
  const int64_t number = fiber->number;
  ready_.push_back(fiber.get());
  fibers_.push_back(std::move(fiber));
  return number;
}

void Scheduler::Enter() {
  Scheduler& scheduler = *g_running;
#ifdef HOUSECALL_ASAN_FIBERS
  __sanitizer_finish_switch_fiber(nullptr, &scheduler.context_->stack_bottom,
                                  &scheduler.context_->stack_bytes);
#endif
  {
    // Gone before the stack is.
    const std::function<void()> body = std::move(scheduler.current_->body);
    body();
  }
  scheduler.EndCurrent();
  Die("a fiber went on after its end");
}

bool Scheduler::Run(std::function<void()> main) {
  if (g_running != nullptr) Die("one run within another");
  g_running = this;
  Start(std::move(main));
  while (!fibers_.empty()) {
    if (ready_.empty() && !AdvanceTime()) {
      stuck_ = absl::StrCat("every thread waits for another\n", Describe());
      break;
    }
    if (switches_ >= options_.max_switches) {
      stuck_ =
          absl::StrCat("no end after ", switches_, " switches\n", Describe());
      break;
    }
    if (++switches_at_once_ > options_.max_switches_at_once) {
      stuck_ = absl::StrCat("a busy loop\n", Describe());
      break;
    }
    const size_t next =
        static_cast<size_t>(random_.Below(static_cast<int64_t>(ready_.size())));
    Fiber* const fiber = ready_[next];
    ready_[next] = ready_.back();
    ready_.pop_back();
    ++switches_;
    SwitchTo(fiber);
    if (fiber->state == Fiber::State::kEnded) {
      IdleStacks().push_back(fiber->stack);
      const int64_t number = fiber->number;
      fibers_.erase(
          std::find_if(fibers_.begin(), fibers_.end(),
                       [&](const auto& f) { return f->number == number; }));
      for (const auto& waiting : fibers_) {
        if (waiting->joins == number) {
          waiting->joins = 0;
          MakeReady(waiting.get());
        }
      }
    }
  }
  g_running = nullptr;
  const bool ended = fibers_.empty();
  // What is left stands in the middle of somebody's code.
  for (std::unique_ptr<Fiber>& fiber : fibers_) (void)fiber.release();
  fibers_.clear();
  return ended;
}

void Scheduler::SwitchTo(Fiber* fiber) {
  current_ = fiber;
#ifdef HOUSECALL_ASAN_FIBERS
  __sanitizer_start_switch_fiber(&context_->fake_stack, fiber->stack,
                                 kStackBytes);
#endif
  swapcontext(&context_->main, &fiber->context);
#ifdef HOUSECALL_ASAN_FIBERS
  __sanitizer_finish_switch_fiber(context_->fake_stack, nullptr, nullptr);
#endif
  current_ = nullptr;
}

// Back to the scheduler; returns when it is this fiber's turn again.
void Scheduler::Suspend() {
  Fiber* const fiber = current_;
#ifdef HOUSECALL_ASAN_FIBERS
  __sanitizer_start_switch_fiber(
      fiber->state == Fiber::State::kEnded ? nullptr : &fiber->fake_stack,
      context_->stack_bottom, context_->stack_bytes);
#endif
  // Each thread has its own.
  const int error_number = errno;
  swapcontext(&fiber->context, &context_->main);
  errno = error_number;
#ifdef HOUSECALL_ASAN_FIBERS
  __sanitizer_finish_switch_fiber(fiber->fake_stack, &context_->stack_bottom,
                                  &context_->stack_bytes);
#endif
}

void Scheduler::EndCurrent() {
  current_->state = Fiber::State::kEnded;
  Suspend();
}

void Scheduler::MakeReady(Fiber* fiber) {
  fiber->state = Fiber::State::kReady;
  fiber->wake_time = absl::InfiniteFuture();
  fiber->condition = nullptr;
  if (fiber->mutex != nullptr) --lock_waiters_;
  fiber->mutex = nullptr;
  ready_.push_back(fiber);
}

bool Scheduler::AdvanceTime() {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& fiber : fibers_) next = std::min(next, fiber->wake_time);
  if (next == absl::InfiniteFuture()) return false;
  if (next > now_) switches_at_once_ = 0;
  now_ = std::max(now_, next);
  for (const auto& fiber : fibers_) {
    if (fiber->state == Fiber::State::kWaiting && fiber->wake_time <= now_) {
      MakeReady(fiber.get());
    }
  }
  return true;
}

void Scheduler::SleepFor(absl::Duration duration) {
  SleepUntil(now_ + duration);
}

void Scheduler::SleepUntil(absl::Time time) {
  if (time <= now_) return Yield();
  current_->wake_time = time;
  current_->state = Fiber::State::kWaiting;
  Suspend();
}

void Scheduler::Yield() {
  ready_.push_back(current_);
  Suspend();
}

void Scheduler::NameMe(std::string name) { current_->name = std::move(name); }

void Scheduler::Join(int64_t number) {
  const bool runs =
      std::any_of(fibers_.begin(), fibers_.end(),
                  [&](const auto& fiber) { return fiber->number == number; });
  if (!runs) return;
  current_->joins = number;
  current_->state = Fiber::State::kWaiting;
  Suspend();
}

void Scheduler::Lock(void* mutex) {
  if (options_.preempt_per_mille > 0 &&
      random_.PerMille(options_.preempt_per_mille)) {
    Yield();
  }
  while (StateOf(mutex).owner != 0) {
    if (StateOf(mutex).owner == current_->number) {
      if (!IsRecursive(mutex)) Die("a mutex is locked twice by one thread");
      break;
    }
    current_->mutex = mutex;
    ++lock_waiters_;
    current_->state = Fiber::State::kWaiting;
    Suspend();
  }
  StateOf(mutex).owner = current_->number;
  ++StateOf(mutex).depth;
}

void Scheduler::Unlock(void* mutex) {
  MutexState& state = StateOf(mutex);
  if (state.owner != current_->number) Die("a mutex is unlocked by another");
  if (--state.depth > 0) return;
  state.owner = 0;
  if (lock_waiters_ == 0) return;
  for (const auto& fiber : fibers_) {
    if (fiber->state == Fiber::State::kWaiting && fiber->mutex == mutex) {
      MakeReady(fiber.get());
    }
  }
}

bool Scheduler::Wait(void* condition, void* mutex, absl::Time deadline) {
  Fiber* const fiber = current_;
  fiber->signalled = false;
  Unlock(mutex);
  fiber->condition = condition;
  fiber->wake_time = std::max(deadline, now_);
  fiber->state = Fiber::State::kWaiting;
  Suspend();
  const bool signalled = fiber->signalled;
  Lock(mutex);
  return signalled;
}

void Scheduler::Signal(void* condition, bool all) {
  std::vector<Fiber*> waiting;
  for (const auto& fiber : fibers_) {
    if (fiber->state == Fiber::State::kWaiting &&
        fiber->condition == condition) {
      waiting.push_back(fiber.get());
    }
  }
  if (waiting.empty()) return;
  if (!all) {
    Fiber* const one = waiting[static_cast<size_t>(
        random_.Below(static_cast<int64_t>(waiting.size())))];
    waiting = {one};
  }
  for (Fiber* const fiber : waiting) {
    fiber->signalled = true;
    MakeReady(fiber);
  }
}

std::string Scheduler::Describe() const {
  std::string lines;
  for (const auto& fiber : fibers_) {
    absl::StrAppend(&lines, "  ", fiber->name, ": ");
    if (fiber->state == Fiber::State::kReady) {
      absl::StrAppend(&lines, "could go on\n");
    } else if (fiber->mutex != nullptr) {
      absl::StrAppend(&lines, "waits for a mutex of fiber ",
                      StateOf(fiber->mutex).owner, "\n");
    } else if (fiber->joins != 0) {
      absl::StrAppend(&lines, "waits for the end of fiber ", fiber->joins,
                      "\n");
    } else if (fiber->condition != nullptr) {
      absl::StrAppend(&lines, "waits for a signal\n");
    } else {
      absl::StrAppend(&lines, "sleeps\n");
    }
  }
  return lines;
}

}  // namespace housecall::simulation

// --- The functions of the C library -----------------------------------------

namespace {

using housecall::simulation::Scheduler;

// The scheduler, if a fiber of it asks.
Scheduler* Asked() {
  Scheduler* const scheduler = Scheduler::Running();
  return scheduler != nullptr && scheduler->InFiber() ? scheduler : nullptr;
}

// Outside a run there is one thread: a mutex is free, or it hangs for ever.
using housecall::simulation::kOutside;
using housecall::simulation::StateOf;

}  // namespace

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t*,
                   void* (*body)(void*), void* argument) noexcept {
  Scheduler* const scheduler = Asked();
  if (scheduler == nullptr) return EAGAIN;
  *thread = static_cast<pthread_t>(
      scheduler->Start([body, argument] { body(argument); }));
  return 0;
}

int pthread_join(pthread_t thread, void** result) {
  Scheduler* const scheduler = Asked();
  if (scheduler == nullptr) return ESRCH;
  if (result != nullptr) *result = nullptr;
  scheduler->Join(static_cast<int64_t>(thread));
  return 0;
}

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (Scheduler* const scheduler = Asked()) {
    scheduler->Lock(mutex);
    return 0;
  }
  StateOf(mutex).owner = kOutside;
  ++StateOf(mutex).depth;
  return 0;
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (StateOf(mutex).owner != 0) return EBUSY;
  return pthread_mutex_lock(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  Scheduler* const scheduler = Asked();
  if (scheduler != nullptr && StateOf(mutex).owner != kOutside) {
    scheduler->Unlock(mutex);
    return 0;
  }
  if (--StateOf(mutex).depth == 0) StateOf(mutex).owner = 0;
  return 0;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  Scheduler* const scheduler = Asked();
  if (scheduler == nullptr) return EINVAL;
  scheduler->Wait(condition, mutex, absl::InfiniteFuture());
  return 0;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* deadline) {
  Scheduler* const scheduler = Asked();
  if (scheduler == nullptr) return EINVAL;
  const bool signalled =
      scheduler->Wait(condition, mutex, absl::TimeFromTimespec(*deadline));
  return signalled ? 0 : ETIMEDOUT;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           clockid_t, const timespec* deadline) {
  // All clocks show the same virtual time.
  return pthread_cond_timedwait(condition, mutex, deadline);
}

int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (Scheduler* const scheduler = Asked()) scheduler->Signal(condition, false);
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (Scheduler* const scheduler = Asked()) scheduler->Signal(condition, true);
  return 0;
}

int pthread_cond_destroy(pthread_cond_t*) noexcept { return 0; }

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (Scheduler* const scheduler = Asked()) {
    *time = absl::ToTimespec(scheduler->Now());
    return 0;
  }
  return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
}

}  // extern "C"
