// The store as one node sees it, across a network that delays, loses and parts,
// and up to the moment in which the node crashes.
#ifndef HOUSECALL_TESTS_SIMULATION_STORE_LINK_H_
#define HOUSECALL_TESTS_SIMULATION_STORE_LINK_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/store/store.h"
#include "tests/simulation/world.h"

namespace housecall::simulation {

// Every call travels to the store and back, and other threads and nodes go on
// meanwhile. In a storm it may fail before it is done or after, arrive when the
// node has given it up, or be the last thing that the node does. For the fibers
// of a run.
class StoreLink final : public store::Store {
 public:
  // `crash` is called when a call is to be the node's last. Borrows the world.
  StoreLink(World* world, std::string who, std::function<void()> crash)
      : world_(world), who_(std::move(who)), crash_(std::move(crash)) {}

  // From now on nothing that this node does reaches the store.
  void Cut() { cut_ = true; }
  bool is_cut() const { return cut_; }
  // No call reaches the store until then.
  void PartUntil(absl::Time time) { parted_until_ = time; }

  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override;
  absl::StatusOr<store::Snapshot> Load(const core::CenterId& center,
                                       absl::Time closed_after) override;
  absl::StatusOr<int64_t> CurrentVersion(const core::CenterId& center) override;
  absl::StatusOr<std::optional<store::Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override;
  absl::Status Commit(const store::Batch& batch,
                      int64_t expected_version) override;
  absl::StatusOr<std::vector<store::JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override;
  absl::StatusOr<std::vector<store::JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override;
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override;
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override;
  absl::StatusOr<std::vector<store::LeasedMessage>> LeaseOutbox(
      absl::Time now, absl::Duration lease, int limit) override;
  absl::StatusOr<absl::Time> NextOutboxTime() override;
  absl::Status ForgetReplies(absl::Time before) override;

 private:
  enum class Way { kThere, kFailsBefore, kFailsAfter, kTooLate, kDiskFull };

  // Goes to the store; what becomes of the call.
  Way Go(const char* operation, bool writes);
  // Comes back; false if nobody is there any more.
  bool Return(const char* operation);
  absl::Status Unavailable() const;
  template <typename Do>
  auto Call(const char* operation, Do&& done) -> decltype(done());
  // What the planted bug makes of a batch.
  store::Batch Spoilt(store::Batch batch) const;

  World* const world_;
  const std::string who_;
  const std::function<void()> crash_;
  bool cut_ = false;
  absl::Time parted_until_ = absl::InfinitePast();
  // For planted bugs.
  int64_t last_version_ = 0;
  int64_t last_fence_ = 0;
  std::optional<store::Snapshot> last_snapshot_;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_STORE_LINK_H_
