// The process dies in the middle of its commits.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "dispatcher/store/sqlite_store.h"
#include "gtest/gtest.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using testing::AddCall;
using testing::BatchOf;
using testing::CallOf;
using testing::TemporaryFolder;

const core::CenterId kHino("hino");
constexpr int64_t kCallsInBatch = 4;

// Commits without end and writes each version to `acknowledged` when the store
// has said that it is there. Returns only on an error.
void CommitForEver(const std::string& path, int acknowledged) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path);
  if (!store.ok()) return;
  absl::StatusOr<int64_t> version = (*store)->CurrentVersion(kHino);
  if (!version.ok()) return;
  while (true) {
    Batch batch = BatchOf("hino", {});
    for (int64_t i = 1; i <= kCallsInBatch; ++i) {
      const int64_t number = *version * kCallsInBatch + i;
      AddCall(CallOf(absl::StrCat("c", number)), number, &batch);
    }
    if (!(*store)->Commit(batch, *version).ok()) return;
    ++*version;
    const int64_t now = *version;
    if (write(acknowledged, &now, sizeof(now)) != sizeof(now)) return;
  }
}

// Everything of the first `version` commits is there, and nothing else.
void ExpectWhole(const std::string& path, int64_t version) {
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(
      path, {.integrity_check = SqliteOptions::IntegrityCheck::kFull});
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::StatusOr<Snapshot> snapshot =
      (*store)->Load(kHino, absl::InfinitePast());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->version, version);
  const int64_t calls = version * kCallsInBatch;
  EXPECT_EQ(snapshot->sequence, calls);
  EXPECT_EQ(snapshot->board.table<core::Call>().size(),
            static_cast<size_t>(calls));
  const absl::StatusOr<std::vector<JournalEntry>> journal =
      (*store)->ReadJournal(kHino, 0, 1'000'000);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(journal->size(), static_cast<size_t>(calls));
  for (int64_t i = 1; i <= calls; ++i) {
    const absl::StatusOr<std::optional<Reply>> reply =
        (*store)->FindReply(kHino, absl::StrCat("request-c", i));
    EXPECT_TRUE(reply.ok() && reply->has_value()) << i;
  }
}

TEST(SqliteCrash, KeepsEveryAcknowledgedCommitOfAKilledProcess) {
  TemporaryFolder folder;
  const std::string path = folder.File("hino.db");
  int64_t version = 0;
  // Each round goes on with what the one before has left.
  for (int round = 0; round < 12; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      CommitForEver(path, pipe_ends[1]);
      _exit(1);
    }
    close(pipe_ends[1]);
    // Killed after another number of commits each time, wherever it then is.
    const int64_t wanted = version + 1 + round * 3;
    int64_t acknowledged = version;
    while (acknowledged < wanted &&
           read(pipe_ends[0], &acknowledged, sizeof(acknowledged)) ==
               sizeof(acknowledged)) {
    }
    ASSERT_EQ(acknowledged, wanted) << "the child ended by itself";
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_TRUE(WIFSIGNALED(result));
    while (read(pipe_ends[0], &acknowledged, sizeof(acknowledged)) ==
           sizeof(acknowledged)) {
    }
    close(pipe_ends[0]);

    const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path);
    ASSERT_TRUE(store.ok()) << store.status();
    const absl::StatusOr<int64_t> stored = (*store)->CurrentVersion(kHino);
    ASSERT_TRUE(stored.ok()) << stored.status();
    // One more may have been made whose acknowledgement was never written.
    EXPECT_GE(*stored, acknowledged);
    EXPECT_LE(*stored, acknowledged + 1);
    version = *stored;
  }
  ExpectWhole(path, version);
}

}  // namespace
}  // namespace housecall::store
