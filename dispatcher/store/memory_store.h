// A store that keeps everything in memory and forgets it at the end: for tests,
// simulation and trying things out.
#ifndef HOUSECALL_DISPATCHER_STORE_MEMORY_STORE_H_
#define HOUSECALL_DISPATCHER_STORE_MEMORY_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/base/mutex.h"
#include "dispatcher/store/store.h"

namespace housecall::store {

// Behaves as the stores that write to a disk do, microseconds and all; it never
// fails but by contract. Thread-safe.
class MemoryStore final : public Store {
 public:
  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override;
  absl::StatusOr<Snapshot> Load(const core::CenterId& center,
                                absl::Time closed_after) override;
  absl::StatusOr<int64_t> CurrentVersion(const core::CenterId& center) override;
  absl::StatusOr<std::optional<Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override;
  absl::Status Commit(const Batch& batch, int64_t expected_version) override;
  absl::StatusOr<std::vector<JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override;
  absl::StatusOr<std::vector<JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override;
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override;
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override;
  absl::StatusOr<std::vector<LeasedMessage>> LeaseOutbox(absl::Time now,
                                                         absl::Duration lease,
                                                         int limit) override;
  absl::StatusOr<absl::Time> NextOutboxTime() override;
  absl::Status ForgetReplies(absl::Time before) override;

 private:
  struct CenterRows {
    int64_t version = 0;
    // Every record that was ever committed.
    core::Board records;
    std::vector<JournalEntry> journal;
    std::map<std::string, Reply> replies;
  };
  struct WaitingMessage {
    core::OutboxMessage message;
    // When somebody may take it: its time, or the end of its lease.
    absl::Time free_time;
  };

  // Null for a center without any commit.
  const CenterRows* Find(const core::CenterId& center) const
      HOUSECALL_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<core::CenterId, CenterRows> centers_ HOUSECALL_GUARDED_BY(mutex_);
  std::map<std::pair<core::CenterId, core::DeliveryId>, WaitingMessage> outbox_
      HOUSECALL_GUARDED_BY(mutex_);
};

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_MEMORY_STORE_H_
