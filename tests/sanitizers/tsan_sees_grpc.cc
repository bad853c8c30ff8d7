// Lets ThreadSanitizer see how Debian's gRPC hands work from thread to thread.
//
// ThreadSanitizer follows only what was compiled with it and pthreads. Debian's
// gRPC was not, and synchronizes with absl::Mutex (which sleeps in the kernel
// by itself) and lock-free queues, so every reactor, request and callback would
// look like a data race of ours. Suppressing all that passes through gRPC would
// hide the races in our handlers too. So the functions here take the place of
// gRPC's and Abseil's in the test programs: each calls the real one, and tells
// ThreadSanitizer what its contract says about threads.
//
//   absl::Mutex, absl::CondVar     what they mean
//   an operation is started        happens before its tag comes out of the
//   an operation is completed      completion queue
//   a callback has run             its call is done
//   a call is done                 its server has stopped
//
// What remains are accesses inside those libraries; tsan.supp lists them.
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <grpcpp/server.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

static_assert(ABSL_OPTION_USE_INLINE_NAMESPACE == 1,
              "the mangled names below have an inline namespace");

#define HOUSECALL_STRING_OF(x) #x
#define HOUSECALL_STRING(x) HOUSECALL_STRING_OF(x)
// Of "debian3", as a mangled name has it: "7debian3".
#define HOUSECALL_ABSL "7" HOUSECALL_STRING(ABSL_OPTION_INLINE_NAMESPACE_NAME)
static_assert(sizeof(HOUSECALL_STRING(ABSL_OPTION_INLINE_NAMESPACE_NAME)) == 8);

#define HOUSECALL_CQ_END_OP                                           \
  "_Z14grpc_cq_end_opP21grpc_completion_queuePvN4absl" HOUSECALL_ABSL \
  "6StatusEPFvS1_P18grpc_cq_completionES1_S6_b"

namespace {

// The library's own function of that (mangled) name.
template <typename Function>
Function* Real(const char* name) {
  void* function = dlsym(RTLD_NEXT, name);
  if (function == nullptr) {
    std::fprintf(stderr, "tests/sanitizers: no library has %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(function);
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto real =
      Real<void(Mutex*)>("_ZN4absl" HOUSECALL_ABSL "5Mutex4LockEv");
  real(this);
  __tsan_acquire(this);
}

bool Mutex::TryLock() {
  static const auto real =
      Real<bool(Mutex*)>("_ZN4absl" HOUSECALL_ABSL "5Mutex7TryLockEv");
  const bool locked = real(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static const auto real =
      Real<void(Mutex*)>("_ZN4absl" HOUSECALL_ABSL "5Mutex6UnlockEv");
  __tsan_release(this);
  real(this);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto real = Real<void(CondVar*, Mutex*)>(
      "_ZN4absl" HOUSECALL_ABSL "7CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  real(this, mutex);
  __tsan_acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, absl::Duration timeout) {
  static const auto real = Real<bool(CondVar*, Mutex*, absl::Duration)>(
      "_ZN4absl" HOUSECALL_ABSL
      "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, absl::Time deadline) {
  static const auto real = Real<bool(CondVar*, Mutex*, absl::Time)>(
      "_ZN4absl" HOUSECALL_ABSL
      "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool timed_out = real(this, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}

ABSL_NAMESPACE_END
}  // namespace absl

namespace grpc::internal {

// The count of a call's callbacks that are still to run is private. An explicit
// instantiation may name it.
template <std::atomic_int ServerCallbackCall::*kMember>
struct CallbacksLeftOf {
  friend std::atomic_int* CallbacksLeft(ServerCallbackCall* call) {
    return &(call->*kMember);
  }
};
std::atomic_int* CallbacksLeft(ServerCallbackCall* call);
template struct CallbacksLeftOf<&ServerCallbackCall::callbacks_outstanding_>;

// By whoever counted it down to nothing, which may have been inside gRPC. The
// others counted down in code of ours, where ThreadSanitizer has seen them.
void ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static const auto real = Real<void(ServerCallbackCall*, bool)>(
      "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  __tsan_acquire(CallbacksLeft(this));
  real(this, inline_ondone);
}

}  // namespace grpc::internal

namespace grpc {

void Server::UnrefWithPossibleNotify() {
  static const auto real =
      Real<void(Server*)>("_ZN4grpc6Server23UnrefWithPossibleNotifyEv");
  __tsan_release(this);
  real(this);
}

void Server::UnrefAndWaitLocked() {
  static const auto real =
      Real<void(Server*)>("_ZN4grpc6Server18UnrefAndWaitLockedEv");
  real(this);
  __tsan_acquire(this);
}

}  // namespace grpc

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops,
                                      size_t count, void* tag, void* reserved) {
  static const auto real =
      Real<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return real(call, ops, count, tag, reserved);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue,
                                      gpr_timespec deadline, void* reserved) {
  static const auto real =
      Real<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static const auto real = Real<decltype(grpc_completion_queue_pluck)>(
      "grpc_completion_queue_pluck");
  const grpc_event event = real(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(tag);
  return event;
}

// Whoever drops the last reference frees what all others used.
void grpc_call_unref(grpc_call* call) {
  static const auto real = Real<decltype(grpc_call_unref)>("grpc_call_unref");
  __tsan_release(call);
  __tsan_acquire(call);
  real(call);
}

// gRPC's internal function behind every completion, with the types that its
// header does not publish as void*; an absl::Status is passed by its address.
void HousecallCompletionQueueEndOp(grpc_completion_queue* queue, void* tag,
                                   void* error, void (*done)(void*, void*),
                                   void* done_argument, void* storage,
                                   bool internal) asm(HOUSECALL_CQ_END_OP);
void HousecallCompletionQueueEndOp(grpc_completion_queue* queue, void* tag,
                                   void* error, void (*done)(void*, void*),
                                   void* done_argument, void* storage,
                                   bool internal) {
  static const auto real =
      Real<decltype(HousecallCompletionQueueEndOp)>(HOUSECALL_CQ_END_OP);
  __tsan_release(tag);
  real(queue, tag, error, done, done_argument, storage, internal);
}

}  // extern "C"
