#include "dispatcher/store/backup.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/store/sqlite_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/raw_database.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using core::CenterId;
using testing::AddCall;
using testing::CallOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RawDatabase;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::TextOf;

const CenterId kHino("hino");
const absl::Time kEvening = absl::FromUnixSeconds(1'795'000'000);

absl::Time After(int64_t minutes) { return kEvening + absl::Minutes(minutes); }

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    std::filesystem::create_directory(backups_);
    Open();
  }

  void Open() { store_ = std::move(OpenSqliteStore(live_)).value(); }
  void Close() { store_ = nullptr; }

  // A call of that minute: one batch, one entry, one reply.
  void Submit(const std::string& id, int64_t minute) {
    const Snapshot now = *store_->Load(kHino, absl::InfinitePast());
    Batch batch;
    batch.center = kHino;
    core::Call call = CallOf(id);
    call.receive_time = After(minute);
    AddCall(call, now.sequence + 1, &batch);
    ASSERT_TRUE(store_->Commit(batch, now.version).ok());
  }
  // The call is closed in that minute.
  void CloseCall(const std::string& id, int64_t minute) {
    const Snapshot now = *store_->Load(kHino, absl::InfinitePast());
    core::Call call = *now.board.Find<core::Call>(core::CallId(id));
    ++call.etag.number;
    call.state = core::CallState::kClosed;
    call.close_time = After(minute);
    Batch batch;
    batch.center = kHino;
    batch.records = {call};
    core::Event event;
    event.kind = core::EventKind::kCallClosed;
    event.time = After(minute);
    event.call = call.id;
    event.records = {call};
    batch.journal = {{now.sequence + 1, event}};
    ASSERT_TRUE(store_->Commit(batch, now.version).ok());
  }

  Generation Backup(int64_t minute) {
    absl::StatusOr<Generation> made =
        MakeBackup(live_, backups_, After(minute));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : Generation();
  }
  // What a restored database holds: records, journal.
  std::vector<std::string> Holds(const std::string& path) {
    absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path);
    EXPECT_TRUE(store.ok()) << store.status();
    return HoldsIn(**store);
  }
  static std::vector<std::string> HoldsIn(Store& store) {
    std::vector<std::string> text =
        TextOf(store.Load(kHino, absl::InfinitePast())->board);
    for (std::string& entry : TextOf(*store.ReadJournal(kHino, 0, 1000))) {
      text.push_back(std::move(entry));
    }
    return text;
  }

  TemporaryFolder folder_;
  const std::string live_ = folder_.File("live.db");
  const std::string backups_ = folder_.File("backups");
  const std::string restored_ = folder_.File("restored.db");
  std::unique_ptr<Store> store_;
};

TEST_F(BackupTest, ABackupMadeWhileServingIsPutBack) {
  Submit("c1", 1);
  Submit("c2", 2);
  const Generation generation = Backup(3);
  EXPECT_EQ(generation.content.centers[0].sequence, 2);
  EXPECT_EQ(generation.content.centers[0].time, After(2));
  const std::vector<std::string> then = HoldsIn(*store_);
  Submit("c3", 4);
  ASSERT_TRUE(Restore(backups_, generation, restored_).ok());
  EXPECT_EQ(Holds(restored_), then);
  EXPECT_NE(Holds(restored_), HoldsIn(*store_));
}

TEST_F(BackupTest, WhatCommitsMeanwhileIsWholeOrAbsent) {
  Submit("c0", 0);
  std::thread writer([this] {
    for (int i = 1; i <= 50; ++i) Submit(absl::StrCat("c", i), i);
  });
  std::vector<Generation> generations;
  for (int i = 0; i < 5; ++i) generations.push_back(Backup(100 + i));
  writer.join();
  for (const Generation& generation : generations) {
    std::filesystem::remove(restored_);
    const absl::Status status = Restore(backups_, generation, restored_);
    EXPECT_TRUE(status.ok()) << status;
    for (const char* end : {"", "-wal", "-shm"}) {
      std::filesystem::remove(absl::StrCat(restored_, end));
    }
  }
}

TEST_F(BackupTest, GenerationsAreListedNewestFirstAndOnlyWhenComplete) {
  EXPECT_THAT(*ListBackups(backups_), IsEmpty());
  Submit("c1", 1);
  const Generation first = Backup(2);
  Submit("c2", 3);
  const Generation second = Backup(4);
  // Interrupted before it was described.
  std::filesystem::copy(backups_ + "/" + second.file,
                        backups_ + "/housecall-20991231T000000Z.db");
  EXPECT_EQ(*ListBackups(backups_), (std::vector<Generation>{second, first}));
}

TEST_F(BackupTest, OnlyAddsFilesThatNobodyElseMayRead) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(backups_)) {
    ++files;
    struct stat status = {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
  // The copy and its description, and no log or lock beside them.
  EXPECT_EQ(files, 2);
  EXPECT_TRUE(
      absl::IsAlreadyExists(MakeBackup(live_, backups_, After(2)).status()));
  EXPECT_EQ(*ListBackups(backups_), std::vector<Generation>{generation});
}

TEST_F(BackupTest, ReplacesNoDatabase) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  EXPECT_TRUE(absl::IsAlreadyExists(Restore(backups_, generation, live_)));
  std::ofstream(restored_ + "-wal") << "of another";
  EXPECT_TRUE(absl::IsAlreadyExists(Restore(backups_, generation, restored_)));
  EXPECT_FALSE(std::filesystem::exists(restored_));
}

TEST_F(BackupTest, AChangedCopyIsNotPutBack) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  {
    std::fstream file(backups_ + "/" + generation.file,
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(generation.bytes / 2);
    file.put('x');
  }
  const absl::Status status = Restore(backups_, generation, restored_);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("SHA-256"));
  EXPECT_FALSE(std::filesystem::exists(restored_));
}

TEST_F(BackupTest, RowsThatTheJournalDoesNotGiveAreFound) {
  Submit("c1", 1);
  RawDatabase(live_).Run("UPDATE calls SET state = 'CLOSED' WHERE id = 'c1'");
  const Generation generation = Backup(2);
  const absl::Status status = Restore(backups_, generation, restored_);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("calls/c1"));
}

TEST_F(BackupTest, ARewrittenHistoryIsFound) {
  Submit("c1", 1);
  Submit("c2", 2);
  Backup(3);
  RawDatabase(live_).Run(
      "UPDATE journal SET actor_person = 'somebody' "
      "WHERE sequence = 1");
  Submit("c3", 4);
  const absl::Status status = MakeBackup(live_, backups_, After(5)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(*ListBackups(backups_), SizeIs(1));
}

TEST_F(BackupTest, AJournalWithAGapIsNoBackup) {
  Submit("c1", 1);
  Submit("c2", 2);
  RawDatabase(live_).Run("DELETE FROM journal WHERE sequence = 1");
  EXPECT_TRUE(absl::IsDataLoss(MakeBackup(live_, backups_, After(3)).status()));
  EXPECT_THAT(*ListBackups(backups_), IsEmpty());
}

TEST_F(BackupTest, TheJournalBringsABackupUpToTheLastEntry) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  Submit("c2", 3);
  CloseCall("c1", 4);
  // Also of one that was not stopped: its log is read.
  ASSERT_TRUE(Restore(backups_, generation, restored_).ok());
  const absl::StatusOr<RolledForward> rolled =
      RollForward(live_, restored_, absl::InfiniteFuture());
  ASSERT_TRUE(rolled.ok()) << rolled.status();
  EXPECT_EQ(rolled->entries, 2);
  EXPECT_TRUE(rolled->stopped.ok());
  EXPECT_EQ(Holds(restored_), HoldsIn(*store_));
  EXPECT_TRUE(CheckReplay(restored_).ok());
  // Whoever repeats his request gets its answer.
  const std::unique_ptr<Store> store = *OpenSqliteStore(restored_);
  EXPECT_EQ(*store->FindReply(kHino, "request-c2"),
            *store_->FindReply(kHino, "request-c2"));
  EXPECT_TRUE(store->FindReply(kHino, "request-c2")->has_value());
}

TEST_F(BackupTest, TheJournalGivesAnyMoment) {
  std::vector<std::vector<std::string>> then;
  for (int i = 0; i < 6; ++i) {
    Submit(absl::StrCat("c", i), 10 * i);
    then.push_back(HoldsIn(*store_));
  }
  for (int i = 0; i < 6; ++i) {
    const std::string path = folder_.File(absl::StrCat("then-", i, ".db"));
    const absl::StatusOr<RolledForward> rolled =
        RollForward(live_, path, After(10 * i + 5));
    ASSERT_TRUE(rolled.ok()) << rolled.status();
    EXPECT_EQ(rolled->entries, i + 1);
    EXPECT_EQ(Holds(path), then[static_cast<size_t>(i)]);
    const std::unique_ptr<Store> store = *OpenSqliteStore(path);
    EXPECT_TRUE(
        store->FindReply(kHino, absl::StrCat("request-c", i))->has_value());
    EXPECT_FALSE(
        store->FindReply(kHino, absl::StrCat("request-c", i + 1))->has_value());
  }
}

TEST_F(BackupTest, AJournalIsFollowedUpToWhatCannotBeRead) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  Submit("c2", 3);
  Submit("c3", 4);
  Submit("c4", 5);
  RawDatabase(live_).Run(
      "UPDATE journal SET records = 'torn' WHERE sequence = 3");
  ASSERT_TRUE(Restore(backups_, generation, restored_).ok());
  const absl::StatusOr<RolledForward> rolled =
      RollForward(live_, restored_, absl::InfiniteFuture());
  ASSERT_TRUE(rolled.ok()) << rolled.status();
  EXPECT_EQ(rolled->entries, 1);
  EXPECT_TRUE(absl::IsDataLoss(rolled->stopped)) << rolled->stopped;
  EXPECT_TRUE(CheckReplay(restored_).ok());
  // Whoever repeats a request that is lost has it done, and is not told of a
  // call that nobody knows.
  const std::unique_ptr<Store> store = *OpenSqliteStore(restored_);
  EXPECT_TRUE(store->FindReply(kHino, "request-c2")->has_value());
  EXPECT_FALSE(store->FindReply(kHino, "request-c3")->has_value());
  EXPECT_FALSE(store->FindReply(kHino, "request-c4")->has_value());
}

TEST_F(BackupTest, AnswersComeWithTheEntriesTheyBelongTo) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  Submit("c2", 10);
  // The clock was set back.
  Submit("c3", 4);
  ASSERT_TRUE(Restore(backups_, generation, restored_).ok());
  const absl::StatusOr<RolledForward> rolled =
      RollForward(live_, restored_, After(5));
  ASSERT_TRUE(rolled.ok()) << rolled.status();
  EXPECT_EQ(rolled->entries, 0);
  const std::unique_ptr<Store> store = *OpenSqliteStore(restored_);
  EXPECT_TRUE(store->FindReply(kHino, "request-c1")->has_value());
  EXPECT_FALSE(store->FindReply(kHino, "request-c2")->has_value());
  EXPECT_FALSE(store->FindReply(kHino, "request-c3")->has_value());
}

TEST_F(BackupTest, OldAnswersWithoutAPlaceComeIfTheyAreSurelyRight) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  Submit("c2", 3);
  Submit("c3", 4);
  Submit("c4", 5);
  // As before migration 4.
  RawDatabase(live_).Run("UPDATE replies SET sequence = NULL");
  const std::string whole = folder_.File("whole.db");
  ASSERT_TRUE(RollForward(live_, whole, absl::InfiniteFuture()).ok());
  ASSERT_TRUE(RollForward(live_, restored_, After(4)).ok());
  const std::unique_ptr<Store> all = *OpenSqliteStore(whole);
  const std::unique_ptr<Store> some = *OpenSqliteStore(restored_);
  EXPECT_TRUE(all->FindReply(kHino, "request-c4")->has_value());
  EXPECT_TRUE(some->FindReply(kHino, "request-c2")->has_value());
  EXPECT_FALSE(some->FindReply(kHino, "request-c3")->has_value());
  EXPECT_FALSE(some->FindReply(kHino, "request-c4")->has_value());
}

TEST_F(BackupTest, AnotherHistoryIsNotMixedIn) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  Close();
  const std::string other = folder_.File("other.db");
  std::filesystem::rename(live_, other);
  Open();
  Submit("x1", 1);
  Submit("x2", 2);
  ASSERT_TRUE(Restore(backups_, generation, restored_).ok());
  const std::vector<std::string> before = Holds(restored_);
  const absl::Status status =
      RollForward(live_, restored_, absl::InfiniteFuture()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(Holds(restored_), before);
  // Nor are its backups put beside those: not even as copies that count for
  // nothing, which nobody could remove from a folder that only grows.
  const auto files = [this] {
    return std::distance(std::filesystem::directory_iterator(backups_),
                         std::filesystem::directory_iterator());
  };
  const auto before_it = files();
  EXPECT_TRUE(absl::IsFailedPrecondition(
      MakeBackup(live_, backups_, After(9)).status()));
  EXPECT_EQ(files(), before_it);
}

TEST_F(BackupTest, SaysWhatWouldBeLost) {
  Submit("c1", 1);
  const Generation generation = Backup(2);
  EXPECT_THAT(*LossOf(generation, live_),
              ElementsAre(Loss{kHino, true, 0, absl::ZeroDuration()}));
  Submit("c2", 3);
  Submit("c3", 4);
  EXPECT_THAT(*LossOf(generation, live_),
              ElementsAre(Loss{kHino, true, 2, absl::Minutes(3)}));
}

TEST_F(BackupTest, CountsNoLossAgainstAnotherHistory) {
  Submit("c1", 1);
  Submit("c2", 2);
  const Generation generation = Backup(3);
  Close();
  // As `restore --until` leaves it, and as it goes on.
  ASSERT_TRUE(RollForward(live_, restored_, After(1)).ok());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(LossOf(generation, restored_).status()));
  store_ = std::move(OpenSqliteStore(restored_)).value();
  Submit("x2", 5);
  Submit("x3", 6);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(LossOf(generation, restored_).status()));
}

TEST_F(BackupTest, SaysWhatIsMissing) {
  EXPECT_TRUE(absl::IsNotFound(ListBackups(folder_.File("none")).status()));
  EXPECT_TRUE(absl::IsNotFound(
      MakeBackup(folder_.File("none.db"), backups_, After(1)).status()));
  std::ofstream(folder_.File("text.db")) << "no database at all";
  EXPECT_FALSE(MakeBackup(folder_.File("text.db"), backups_, After(1)).ok());
  EXPECT_THAT(*ListBackups(backups_), IsEmpty());
}

}  // namespace
}  // namespace housecall::store
