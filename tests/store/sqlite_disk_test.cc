// What is on the disk when the power goes, when a sync fails, and when somebody
// takes the files away.
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "dispatcher/store/sqlite_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/stores.h"
#include "tests/store/synced_disk.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using testing::AddCall;
using ::testing::AllOf;
using testing::BatchOf;
using testing::CallOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SyncedDisk;
using testing::TemporaryFolder;

const core::CenterId kHino("hino");

class SqliteDisk : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(const std::string& path) {
    // The log is copied into the file every few commits.
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore(path, {.checkpoint_pages = 60});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  // The calls of the commit that makes version `version`.
  static Batch CallsOf(int64_t version, int64_t calls = 1) {
    Batch batch = BatchOf("hino", {});
    for (int64_t i = 1; i <= calls; ++i) {
      const int64_t number = (version - 1) * calls + i;
      AddCall(CallOf(absl::StrCat("c", number)), number, &batch);
    }
    return batch;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("hino.db");
  SyncedDisk disk_;
};

TEST_F(SqliteDisk, KeepsEveryAcknowledgedCommitWhenThePowerGoes) {
  constexpr int64_t kCommits = 16;
  constexpr int64_t kCalls = 6;
  std::unique_ptr<Store> store = Open(path_);
  ASSERT_NE(store, nullptr);
  const std::string copy = folder_.File("copy.db");
  int64_t acknowledged = 0;
  int64_t cuts = 0;
  bool looking = false;
  // At every sync, as the moment at which most is not yet on the disk.
  disk_.BeforeSync([&] {
    if (looking || ::testing::Test::HasFailure()) return;
    looking = true;
    ++cuts;
    for (const int64_t seed : {int64_t{0}, int64_t{1}, cuts + 1}) {
      for (const char* suffix : {"", "-wal"}) {
        std::ofstream(copy + suffix, std::ios::binary)
            << disk_.AfterPowerCut(path_ + suffix, static_cast<uint64_t>(seed));
      }
      std::filesystem::remove(copy + "-shm");
      const std::unique_ptr<Store> after = Open(copy);
      ASSERT_NE(after, nullptr) << "cut " << cuts << " seed " << seed;
      const absl::StatusOr<Snapshot> snapshot =
          after->Load(kHino, absl::InfinitePast());
      ASSERT_TRUE(snapshot.ok()) << snapshot.status();
      // The one under way is there as a whole or not at all.
      ASSERT_GE(snapshot->version, acknowledged) << "seed " << seed;
      ASSERT_LE(snapshot->version, acknowledged + 1) << "seed " << seed;
      ASSERT_EQ(snapshot->sequence, snapshot->version * kCalls);
      ASSERT_EQ(snapshot->board.table<core::Call>().size(),
                static_cast<size_t>(snapshot->version * kCalls));
    }
    looking = false;
  });
  while (acknowledged < kCommits) {
    const absl::Status status =
        store->Commit(CallsOf(acknowledged + 1, kCalls), acknowledged);
    ASSERT_TRUE(status.ok()) << status;
    ++acknowledged;
  }
  disk_.BeforeSync(nullptr);
  // Each commit, and the log's copying into the file and its new beginning.
  EXPECT_GT(cuts, kCommits + 2 * 2);
}

// Whether what was written is on the disk, nobody knows then: a full disk, too,
// may fail at the sync only.
TEST_F(SqliteDisk, DoesNotSayThatNothingWasWrittenWhenASyncFails) {
  const std::unique_ptr<Store> store = Open(path_);
  ASSERT_TRUE(store->Commit(CallsOf(1), 0).ok());
  for (const int error_number : {EIO, ENOSPC, EDQUOT}) {
    disk_.FailNextSync("-wal", error_number);
    const absl::Status status = store->Commit(CallsOf(2), 1);
    EXPECT_TRUE(absl::IsUnavailable(status)) << error_number << ": " << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path_), HasSubstr(std::strerror(error_number)),
                      Not(HasSubstr("Nothing was written"))));
    EXPECT_EQ(*store->CurrentVersion(kHino), 1);
  }
  // The same again, and more.
  EXPECT_TRUE(store->Commit(CallsOf(2), 1).ok());
  EXPECT_TRUE(store->Commit(CallsOf(3), 2).ok());
  EXPECT_EQ(store->Load(kHino, absl::InfinitePast())->sequence, 3);
}

TEST_F(SqliteDisk, CommitsAlthoughTheLogCannotBeCopiedIntoTheFile) {
  const std::unique_ptr<Store> store = Open(path_);
  int64_t version = 0;
  for (int round = 0; round < 2; ++round) {
    disk_.FailNextSync(".db", EIO);
    for (int i = 0; i < 20; ++i, ++version) {
      const absl::Status status =
          store->Commit(CallsOf(version + 1, 10), version);
      ASSERT_TRUE(status.ok()) << status;
    }
    EXPECT_EQ(disk_.FailedSyncs(), round + 1);
  }
  EXPECT_EQ(store->Load(kHino, absl::InfinitePast())->sequence, version * 10);
}

// --- Files that go away -----------------------------------------------------

TEST_F(SqliteDisk, CommitsNothingIntoALogThatWasDeleted) {
  std::unique_ptr<Store> store = Open(path_);
  ASSERT_TRUE(store->Commit(CallsOf(1), 0).ok());
  std::filesystem::remove(path_ + "-wal");
  const absl::Status status = store->Commit(CallsOf(2), 1);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_ + "-wal"), HasSubstr("stop housecalld")));
  // What was committed can be read, and is in the file after the stop.
  EXPECT_EQ(*store->CurrentVersion(kHino), 1);
  store.reset();
  store = Open(path_);
  EXPECT_EQ(store->Load(kHino, absl::InfinitePast())->sequence, 1);
  EXPECT_TRUE(store->Commit(CallsOf(2), 1).ok());
}

TEST_F(SqliteDisk, CommitsNothingIntoAFileThatWasMovedOrReplaced) {
  const std::unique_ptr<Store> store = Open(path_);
  ASSERT_TRUE(store->Commit(CallsOf(1), 0).ok());
  const std::string elsewhere = folder_.File("elsewhere.db");
  std::filesystem::rename(path_, elsewhere);
  EXPECT_TRUE(absl::IsDataLoss(store->Commit(CallsOf(2), 1)));
  // A backup put back without a stop.
  std::filesystem::copy_file(elsewhere, path_);
  EXPECT_TRUE(absl::IsDataLoss(store->Commit(CallsOf(2), 1)));
  EXPECT_TRUE(absl::IsDataLoss(
      store->LeaseOutbox(absl::InfiniteFuture(), absl::Seconds(1), 1)
          .status()));
  // Moved back.
  std::filesystem::rename(elsewhere, path_);
  EXPECT_TRUE(store->Commit(CallsOf(2), 1).ok());
}

}  // namespace
}  // namespace housecall::store
