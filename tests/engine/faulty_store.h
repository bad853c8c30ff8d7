// A store that fails, waits or is overtaken when a test says so.
#ifndef HOUSECALL_TESTS_ENGINE_FAULTY_STORE_H_
#define HOUSECALL_TESTS_ENGINE_FAULTY_STORE_H_

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/base/mutex.h"
#include "dispatcher/store/store.h"

namespace housecall::engine::testing {

enum class Op { kLoad, kCurrentVersion, kFindReply, kCommit, kReadJournal };

// Passes everything on to another store, but for the faults that a test has
// planned. Thread-safe. Borrows the store.
class FaultyStore final : public store::Store {
 public:
  explicit FaultyStore(store::Store* store) : store_(store) {}

  // The next unplanned call of `op` answers with `status` and does nothing.
  void FailBefore(Op op, absl::Status status) {
    Plan(op, {std::move(status), {}, false});
  }
  // The next unplanned call of `op` is done, then answers with `status`.
  void FailAfter(Op op, absl::Status status) {
    Plan(op, {std::move(status), {}, true});
  }
  // Runs `hook` before the next unplanned call of `op`, which is then done.
  void RunBefore(Op op, std::function<void()> hook) {
    Plan(op, {absl::OkStatus(), std::move(hook), true});
  }

  // Commits wait from now on until Release.
  void HoldCommits() {
    MutexLock lock(mutex_);
    held_ = true;
  }
  void Release() {
    {
      MutexLock lock(mutex_);
      held_ = false;
    }
    changed_.NotifyAll();
  }
  // Waits until a commit waits for Release.
  void AwaitHeldCommit() {
    MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.Wait(mutex_);
  }

  // What was asked of it so far, in order.
  std::vector<Op> calls() const {
    MutexLock lock(mutex_);
    return calls_;
  }
  int CountOf(Op op) const {
    MutexLock lock(mutex_);
    int count = 0;
    for (const Op call : calls_) count += call == op ? 1 : 0;
    return count;
  }
  void ClearCalls() {
    MutexLock lock(mutex_);
    calls_.clear();
  }

  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override {
    return store_->ListCenters();
  }
  absl::StatusOr<store::Snapshot> Load(const core::CenterId& center,
                                       absl::Time closed_after) override {
    return With<absl::StatusOr<store::Snapshot>>(
        Op::kLoad, [&] { return store_->Load(center, closed_after); });
  }
  absl::StatusOr<int64_t> CurrentVersion(
      const core::CenterId& center) override {
    return With<absl::StatusOr<int64_t>>(
        Op::kCurrentVersion, [&] { return store_->CurrentVersion(center); });
  }
  absl::StatusOr<std::optional<store::Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override {
    return With<absl::StatusOr<std::optional<store::Reply>>>(
        Op::kFindReply, [&] { return store_->FindReply(center, request_id); });
  }
  absl::Status Commit(const store::Batch& batch,
                      int64_t expected_version) override {
    return With<absl::Status>(Op::kCommit, [&] {
      {
        MutexLock lock(mutex_);
        ++waiting_;
        changed_.NotifyAll();
        while (held_) changed_.Wait(mutex_);
        --waiting_;
      }
      return store_->Commit(batch, expected_version);
    });
  }
  absl::StatusOr<std::vector<store::JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override {
    return With<absl::StatusOr<std::vector<store::JournalEntry>>>(
        Op::kReadJournal,
        [&] { return store_->ReadJournal(center, after, limit); });
  }
  absl::StatusOr<std::vector<store::JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override {
    return store_->ReadCallJournal(center, call, after, limit);
  }
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override {
    return store_->ReadCall(center, call);
  }
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override {
    return store_->ListPastCalls(center, before, limit);
  }
  absl::StatusOr<std::vector<store::LeasedMessage>> LeaseOutbox(
      absl::Time now, absl::Duration lease, int limit) override {
    return store_->LeaseOutbox(now, lease, limit);
  }
  absl::StatusOr<absl::Time> NextOutboxTime() override {
    return store_->NextOutboxTime();
  }
  absl::Status ForgetReplies(absl::Time before) override {
    return store_->ForgetReplies(before);
  }

 private:
  struct Fault {
    absl::Status status;
    std::function<void()> hook;
    bool is_done = false;
  };

  void Plan(Op op, Fault fault) {
    MutexLock lock(mutex_);
    faults_[op].push_back(std::move(fault));
  }

  template <typename Result, typename Do>
  Result With(Op op, Do&& done) {
    Fault fault{absl::OkStatus(), {}, true};
    {
      MutexLock lock(mutex_);
      calls_.push_back(op);
      std::deque<Fault>& planned = faults_[op];
      if (!planned.empty()) {
        fault = std::move(planned.front());
        planned.pop_front();
      }
    }
    if (fault.hook) fault.hook();
    if (!fault.is_done) return fault.status;
    Result result = done();
    if (!fault.status.ok()) return fault.status;
    return result;
  }

  store::Store* const store_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<Op, std::deque<Fault>> faults_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<Op> calls_ HOUSECALL_GUARDED_BY(mutex_);
  bool held_ HOUSECALL_GUARDED_BY(mutex_) = false;
  int waiting_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

}  // namespace housecall::engine::testing

#endif  // HOUSECALL_TESTS_ENGINE_FAULTY_STORE_H_
