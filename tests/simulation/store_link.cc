#include "tests/simulation/store_link.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/bugs.h"

namespace housecall::simulation {
namespace {

// After this a driver of a database gives up.
constexpr absl::Duration kTimeout = absl::Seconds(10);

}  // namespace

absl::Status StoreLink::Unavailable() const {
  return absl::UnavailableError("the store did not answer");
}

StoreLink::Way StoreLink::Go(const char* operation, bool writes) {
  const Plan& plan = world_->plan;
  world_->Sleep(
      world_->random.Between(absl::ZeroDuration(), plan.store_delay / 2));
  if (cut_) return Way::kFailsBefore;
  if (parted_until_ > world_->Now()) {
    world_->Sleep(std::min(parted_until_ - world_->Now(), kTimeout));
    ++world_->faults;
    return Way::kFailsBefore;
  }
  const auto strikes = [&](int per_mille, const char* what) {
    if (!world_->Strikes(per_mille)) return false;
    ++world_->faults;
    world_->story.Tell(who_, operation, " ", what);
    return true;
  };
  if (strikes(plan.crash_at_store_call / 2, "is not reached: crash")) {
    crash_();
    return Way::kFailsBefore;
  }
  if (strikes(plan.store_fails_before, "fails")) return Way::kFailsBefore;
  if (writes) {
    if (strikes(plan.disk_full, "fails: disk full")) return Way::kDiskFull;
    if (strikes(plan.commit_arrives_late, "is under way for long")) {
      return Way::kTooLate;
    }
  }
  if (strikes(plan.store_fails_after, "is done, its answer lost")) {
    return Way::kFailsAfter;
  }
  return Way::kThere;
}

bool StoreLink::Return(const char* operation) {
  const Plan& plan = world_->plan;
  if (!cut_ && world_->Strikes((plan.crash_at_store_call + 1) / 2)) {
    ++world_->faults;
    world_->story.Tell(who_, operation, " is done: crash");
    crash_();
  }
  world_->Sleep(
      world_->random.Between(absl::ZeroDuration(), plan.store_delay / 2));
  return !cut_;
}

template <typename Do>
auto StoreLink::Call(const char* operation, Do&& done) -> decltype(done()) {
  if (cut_) return Unavailable();
  const Way way = Go(operation, false);
  if (way == Way::kFailsBefore) return Unavailable();
  auto result = done();
  if (!Return(operation) || way == Way::kFailsAfter) return Unavailable();
  return result;
}

absl::StatusOr<std::vector<core::CenterId>> StoreLink::ListCenters() {
  return Call("ListCenters", [&] {
    return world_->truth.Read(
        [&](store::Store& store) { return store.ListCenters(); });
  });
}

absl::StatusOr<store::Snapshot> StoreLink::Load(const core::CenterId& center,
                                                absl::Time closed_after) {
  return Call("Load", [&]() -> absl::StatusOr<store::Snapshot> {
    absl::StatusOr<store::Snapshot> snapshot = world_->truth.Read(
        [&](store::Store& store) { return store.Load(center, closed_after); });
    if (!snapshot.ok()) return snapshot;
    last_version_ = snapshot->version;
    if (IsPlanted(Bug::kLoadIsStale)) {
      if (last_snapshot_.has_value()) snapshot->board = last_snapshot_->board;
      last_snapshot_ = snapshot.value();
    }
    if (IsPlanted(Bug::kLoadForgetsCalls)) {
      std::vector<core::CallId> received;
      snapshot->board.table<core::Call>().ForEach(
          [&](const core::CallId& id, const core::Call& call) {
            if (call.state == core::CallState::kReceived) {
              received.push_back(id);
            }
          });
      for (const core::CallId& id : received) snapshot->board.Forget(id);
    }
    return snapshot;
  });
}

absl::StatusOr<int64_t> StoreLink::CurrentVersion(
    const core::CenterId& center) {
  return Call("CurrentVersion", [&]() -> absl::StatusOr<int64_t> {
    if (IsPlanted(Bug::kVersionIsStale)) return last_version_;
    if (last_fence_ == world_->truth.version() + 1) return last_fence_;
    return world_->truth.Read(
        [&](store::Store& store) { return store.CurrentVersion(center); });
  });
}

absl::StatusOr<std::optional<store::Reply>> StoreLink::FindReply(
    const core::CenterId& center, const std::string& request_id) {
  return Call("FindReply",
              [&]() -> absl::StatusOr<std::optional<store::Reply>> {
                if (IsPlanted(Bug::kReplyNotFound)) {
                  return std::optional<store::Reply>();
                }
                return world_->truth.Read([&](store::Store& store) {
                  return store.FindReply(center, request_id);
                });
              });
}

store::Batch StoreLink::Spoilt(store::Batch batch) const {
  if (IsPlanted(Bug::kReplyNotKept)) batch.replies.clear();
  if (IsPlanted(Bug::kOutboxPutIsLost)) batch.outbox.put.clear();
  if (IsPlanted(Bug::kOutboxRemoveIsLost)) batch.outbox.remove.clear();
  if (IsPlanted(Bug::kJournalDiffersFromRows)) {
    for (core::Record& record : batch.records) {
      if (auto* call = std::get_if<core::Call>(&record)) {
        call->followers.clear();
      }
    }
  }
  return batch;
}

absl::Status StoreLink::Commit(const store::Batch& given,
                               int64_t expected_version) {
  if (cut_) return Unavailable();
  const store::Batch batch =
      Planted() == Bug::kUnspecified ? given : Spoilt(given);
  const Way way = Go("Commit", true);
  Truth& truth = world_->truth;
  const auto commit = [&] {
    if (IsPlanted(Bug::kCommitIgnoresVersion)) {
      store::Batch moved = batch;
      int64_t sequence = truth.sequence();
      for (store::JournalEntry& entry : moved.journal) {
        entry.sequence = ++sequence;
      }
      return truth.Commit(moved, truth.version(), who_);
    }
    if (IsPlanted(Bug::kFenceIsNotWritten) && batch.records.empty() &&
        batch.replies.empty()) {
      if (truth.version() != expected_version) {
        return absl::AbortedError("the store has moved on");
      }
      last_fence_ = expected_version + 1;
      return absl::OkStatus();
    }
    if (IsPlanted(Bug::kCommitIsLost) && world_->random.Chance(5)) {
      return absl::OkStatus();
    }
    if (IsPlanted(Bug::kBatchIsTornByCrash) && world_->random.Chance(5) &&
        batch.records.size() > 1) {
      store::Batch torn = batch;
      torn.records.pop_back();
      return truth.Commit(torn, expected_version, who_);
    }
    return truth.Commit(batch, expected_version, who_);
  };
  switch (way) {
    case Way::kFailsBefore:
      if (IsPlanted(Bug::kUnknownTakenForDone) && !cut_) {
        return absl::OkStatus();
      }
      return Unavailable();
    case Way::kDiskFull:
      return absl::ResourceExhaustedError("the disk is full");
    case Way::kTooLate:
      world_->After(world_->random.Between(absl::Seconds(1), kTimeout * 2),
                    [world = world_, who = who_, batch, expected_version] {
                      world->story.Tell(who, "a late commit arrives");
                      (void)world->truth.Commit(batch, expected_version, who);
                    });
      world_->Sleep(world_->random.Between(absl::ZeroDuration(), kTimeout));
      return Unavailable();
    case Way::kFailsAfter:
    case Way::kThere:
      break;
  }
  const absl::Status status = commit();
  if (status.ok()) last_version_ = expected_version + 1;
  if (!Return("Commit")) return Unavailable();
  if (way == Way::kFailsAfter) {
    if (IsPlanted(Bug::kUnknownTakenForFailed)) {
      return absl::ResourceExhaustedError("the disk is full");
    }
    return Unavailable();
  }
  return status;
}

absl::StatusOr<std::vector<store::JournalEntry>> StoreLink::ReadJournal(
    const core::CenterId& center, int64_t after, int limit) {
  return Call("ReadJournal", [&] {
    return world_->truth.Read([&](store::Store& store) {
      return store.ReadJournal(center, after, limit);
    });
  });
}

absl::StatusOr<std::vector<store::JournalEntry>> StoreLink::ReadCallJournal(
    const core::CenterId& center, const core::CallId& call, int64_t after,
    int limit) {
  return Call("ReadCallJournal", [&] {
    return world_->truth.Read([&](store::Store& store) {
      return store.ReadCallJournal(center, call, after, limit);
    });
  });
}

absl::StatusOr<std::vector<core::Record>> StoreLink::ReadCall(
    const core::CenterId& center, const core::CallId& call) {
  return Call("ReadCall", [&] {
    return world_->truth.Read(
        [&](store::Store& store) { return store.ReadCall(center, call); });
  });
}

absl::StatusOr<std::vector<core::Call>> StoreLink::ListPastCalls(
    const core::CenterId& center, const core::CallId& before, int limit) {
  return Call("ListPastCalls", [&] {
    return world_->truth.Read([&](store::Store& store) {
      return store.ListPastCalls(center, before, limit);
    });
  });
}

absl::StatusOr<std::vector<store::LeasedMessage>> StoreLink::LeaseOutbox(
    absl::Time now, absl::Duration lease, int limit) {
  return Call("LeaseOutbox", [&] {
    if (IsPlanted(Bug::kLeaseIsIgnored)) lease = absl::ZeroDuration();
    if (IsPlanted(Bug::kRelaySendsEarly)) now += absl::Hours(1);
    return world_->truth.Read([&](store::Store& store) {
      return store.LeaseOutbox(now, lease, limit);
    });
  });
}

absl::StatusOr<absl::Time> StoreLink::NextOutboxTime() {
  return Call("NextOutboxTime", [&]() -> absl::StatusOr<absl::Time> {
    if (IsPlanted(Bug::kOutboxSleeps)) return absl::InfiniteFuture();
    if (IsPlanted(Bug::kRelaySendsEarly)) return absl::InfinitePast();
    return world_->truth.Read(
        [&](store::Store& store) { return store.NextOutboxTime(); });
  });
}

absl::Status StoreLink::ForgetReplies(absl::Time before) {
  return Call("ForgetReplies", [&] {
    return world_->truth.Read(
        [&](store::Store& store) { return store.ForgetReplies(before); });
  });
}

}  // namespace housecall::simulation
