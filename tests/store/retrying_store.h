// A store as its users see it: they try again what was Unavailable.
#ifndef HOUSECALL_TESTS_STORE_RETRYING_STORE_H_
#define HOUSECALL_TESTS_STORE_RETRYING_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "dispatcher/store/store.h"

namespace housecall::store::testing {

// Over a store that is Unavailable now and then it behaves as that store would
// without: reads are made again, and after a commit of unknown outcome the
// version tells whether it was made. Borrows the store. Thread-safe for one
// writer a center.
class RetryingStore final : public Store {
 public:
  explicit RetryingStore(Store* store) : store_(store) {}

  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override {
    return Again([&] { return store_->ListCenters(); });
  }
  absl::StatusOr<Snapshot> Load(const core::CenterId& center,
                                absl::Time closed_after) override {
    return Again([&] { return store_->Load(center, closed_after); });
  }
  absl::StatusOr<int64_t> CurrentVersion(
      const core::CenterId& center) override {
    return Again([&] { return store_->CurrentVersion(center); });
  }
  absl::StatusOr<std::optional<Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override {
    return Again([&] { return store_->FindReply(center, request_id); });
  }
  absl::Status Commit(const Batch& batch, int64_t expected_version) override {
    // A stale commit is not to be taken for one whose answer was lost.
    const absl::StatusOr<int64_t> before = CurrentVersion(batch.center);
    if (!before.ok()) return before.status();
    while (true) {
      const absl::Status status = store_->Commit(batch, expected_version);
      if (!absl::IsUnavailable(status)) return status;
      const absl::StatusOr<int64_t> after = CurrentVersion(batch.center);
      if (!after.ok()) return after.status();
      if (*before == expected_version && *after == expected_version + 1) {
        return absl::OkStatus();
      }
    }
  }
  absl::StatusOr<std::vector<JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override {
    return Again([&] { return store_->ReadJournal(center, after, limit); });
  }
  absl::StatusOr<std::vector<JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override {
    return Again(
        [&] { return store_->ReadCallJournal(center, call, after, limit); });
  }
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override {
    return Again([&] { return store_->ReadCall(center, call); });
  }
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override {
    return Again([&] { return store_->ListPastCalls(center, before, limit); });
  }
  absl::StatusOr<std::vector<LeasedMessage>> LeaseOutbox(absl::Time now,
                                                         absl::Duration lease,
                                                         int limit) override {
    return Again([&] { return store_->LeaseOutbox(now, lease, limit); });
  }
  absl::StatusOr<absl::Time> NextOutboxTime() override {
    return Again([&] { return store_->NextOutboxTime(); });
  }
  absl::Status ForgetReplies(absl::Time before) override {
    return Again([&] { return store_->ForgetReplies(before); });
  }

 private:
  static const absl::Status& StatusOf(const absl::Status& status) {
    return status;
  }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  template <typename Do>
  auto Again(Do&& ask) -> decltype(ask()) {
    while (true) {
      auto result = ask();
      if (!absl::IsUnavailable(StatusOf(result))) return result;
    }
  }

  Store* const store_;
};

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_RETRYING_STORE_H_
