// A store that fails, waits or is overtaken when a test says so: what a store
// does when the disk or the network under it fails.
#ifndef HOUSECALL_TESTS_STORE_FAULT_INJECTING_STORE_H_
#define HOUSECALL_TESTS_STORE_FAULT_INJECTING_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/store/store.h"

namespace housecall::store::testing {

// The functions of Store. kUnspecified in a Fault stands for any of them.
HOUSECALL_ENUM(Operation, kUnspecified, kListCenters, kLoad, kCurrentVersion,
               kFindReply, kCommit, kReadJournal, kReadCallJournal, kReadCall,
               kListPastCalls, kLeaseOutbox, kNextOutboxTime, kForgetReplies);

struct Fault {
  Operation operation = Operation::kUnspecified;
  // Which call of that operation from now on fails: 1 is the next one.
  int64_t call = 1;
  // How many calls in a row fail from that one on.
  int64_t times = 1;
  // Whether the store has done what was asked before the caller is told the
  // error, as when an answer is lost.
  bool done = false;
  absl::Status status = absl::UnavailableError("a planned fault");
};

// Passes everything on to another store, which it borrows, but for the faults
// planned. Thread-safe.
class FaultInjectingStore final : public Store {
 public:
  explicit FaultInjectingStore(Store* store) : store_(store) {}

  // Of several faults that fit a call, the one planned first strikes.
  void Plan(Fault fault) {
    MutexLock lock(mutex_);
    const int64_t so_far = CallsOf(fault.operation);
    faults_.push_back({fault, so_far + fault.call});
  }
  // Plans nothing more and forgets what was planned.
  void Heal() {
    MutexLock lock(mutex_);
    faults_.clear();
    decide_ = nullptr;
  }
  // Asked at each call that no planned fault strikes; gets the operation and
  // the number of calls so far, this one too. Runs under the store's lock.
  void DecideWith(
      std::function<std::optional<Fault>(Operation, int64_t)> decide) {
    MutexLock lock(mutex_);
    decide_ = std::move(decide);
  }
  // Runs at the beginning of every call, on its thread and with no lock held:
  // it may wait, or use the store beneath.
  void BeforeEach(std::function<void(Operation)> hook) {
    MutexLock lock(mutex_);
    before_each_ = std::move(hook);
  }

  // Calls of that operation which no planned fault strikes wait from now on
  // until Release.
  void Hold(Operation operation) {
    MutexLock lock(mutex_);
    held_ = operation;
  }
  void Release() {
    {
      MutexLock lock(mutex_);
      held_ = Operation::kUnspecified;
    }
    changed_.NotifyAll();
  }
  // Waits until a call waits for Release.
  void AwaitHeld() {
    MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.Wait(mutex_);
  }

  // The calls since the last ClearHistory, in order.
  std::vector<Operation> History() const {
    MutexLock lock(mutex_);
    return history_;
  }
  void ClearHistory() {
    MutexLock lock(mutex_);
    history_.clear();
  }
  // Calls so far, failed ones too. kUnspecified: of all operations.
  int64_t Calls(Operation operation) const {
    MutexLock lock(mutex_);
    return CallsOf(operation);
  }
  // Faults that have struck so far.
  int64_t Faults() const {
    MutexLock lock(mutex_);
    return struck_;
  }

  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override {
    return Call(Operation::kListCenters, [&] { return store_->ListCenters(); });
  }
  absl::StatusOr<Snapshot> Load(const core::CenterId& center,
                                absl::Time closed_after) override {
    return Call(Operation::kLoad,
                [&] { return store_->Load(center, closed_after); });
  }
  absl::StatusOr<int64_t> CurrentVersion(
      const core::CenterId& center) override {
    return Call(Operation::kCurrentVersion,
                [&] { return store_->CurrentVersion(center); });
  }
  absl::StatusOr<std::optional<Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override {
    return Call(Operation::kFindReply,
                [&] { return store_->FindReply(center, request_id); });
  }
  absl::Status Commit(const Batch& batch, int64_t expected_version) override {
    return Call(Operation::kCommit,
                [&] { return store_->Commit(batch, expected_version); });
  }
  absl::StatusOr<std::vector<JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override {
    return Call(Operation::kReadJournal,
                [&] { return store_->ReadJournal(center, after, limit); });
  }
  absl::StatusOr<std::vector<JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override {
    return Call(Operation::kReadCallJournal, [&] {
      return store_->ReadCallJournal(center, call, after, limit);
    });
  }
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override {
    return Call(Operation::kReadCall,
                [&] { return store_->ReadCall(center, call); });
  }
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override {
    return Call(Operation::kListPastCalls,
                [&] { return store_->ListPastCalls(center, before, limit); });
  }
  absl::StatusOr<std::vector<LeasedMessage>> LeaseOutbox(absl::Time now,
                                                         absl::Duration lease,
                                                         int limit) override {
    return Call(Operation::kLeaseOutbox,
                [&] { return store_->LeaseOutbox(now, lease, limit); });
  }
  absl::StatusOr<absl::Time> NextOutboxTime() override {
    return Call(Operation::kNextOutboxTime,
                [&] { return store_->NextOutboxTime(); });
  }
  absl::Status ForgetReplies(absl::Time before) override {
    return Call(Operation::kForgetReplies,
                [&] { return store_->ForgetReplies(before); });
  }

 private:
  struct PlannedFault {
    Fault fault;
    // The number of the first call that fails.
    int64_t first = 0;
  };

  int64_t CallsOf(Operation operation) const HOUSECALL_REQUIRES(mutex_) {
    const auto found = calls_.find(operation);
    return found == calls_.end() ? 0 : found->second;
  }

  // The fault that strikes this call, if any.
  std::optional<Fault> Strike(Operation operation) HOUSECALL_REQUIRES(mutex_) {
    ++calls_[operation];
    ++calls_[Operation::kUnspecified];
    history_.push_back(operation);
    for (const PlannedFault& planned : faults_) {
      const Fault& fault = planned.fault;
      if (fault.operation != Operation::kUnspecified &&
          fault.operation != operation) {
        continue;
      }
      const int64_t call = CallsOf(fault.operation);
      if (call >= planned.first && call < planned.first + fault.times) {
        return fault;
      }
    }
    if (!decide_) return std::nullopt;
    return decide_(operation, CallsOf(Operation::kUnspecified));
  }

  void WaitWhileHeld(Operation operation) {
    MutexLock lock(mutex_);
    if (held_ != operation) return;
    ++waiting_;
    changed_.NotifyAll();
    while (held_ == operation) changed_.Wait(mutex_);
    --waiting_;
  }

  template <typename Do>
  auto Call(Operation operation, Do&& pass_on) -> decltype(pass_on()) {
    std::function<void(Operation)> hook;
    std::optional<Fault> fault;
    {
      MutexLock lock(mutex_);
      hook = before_each_;
      fault = Strike(operation);
      if (fault.has_value()) ++struck_;
    }
    if (hook) hook(operation);
    if (!fault.has_value()) {
      WaitWhileHeld(operation);
      return pass_on();
    }
    if (fault->done) (void)pass_on();
    return fault->status;
  }

  Store* const store_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<PlannedFault> faults_ HOUSECALL_GUARDED_BY(mutex_);
  std::function<std::optional<Fault>(Operation, int64_t)> decide_
      HOUSECALL_GUARDED_BY(mutex_);
  std::function<void(Operation)> before_each_ HOUSECALL_GUARDED_BY(mutex_);
  std::map<Operation, int64_t> calls_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<Operation> history_ HOUSECALL_GUARDED_BY(mutex_);
  int64_t struck_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  // kUnspecified: none.
  Operation held_ HOUSECALL_GUARDED_BY(mutex_) = Operation::kUnspecified;
  int waiting_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_FAULT_INJECTING_STORE_H_
