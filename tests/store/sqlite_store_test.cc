// What only a file on a disk can suffer.
#include "dispatcher/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "dispatcher/base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/store/raw_database.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using core::CallId;
using core::CenterId;
using testing::AddCall;
using ::testing::AllOf;
using testing::BatchOf;
using testing::CallOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::NamesOf;
using ::testing::Not;
using testing::RawDatabase;
using testing::RecordsOf;
using testing::TemporaryFolder;
using testing::TextOf;

const CenterId kHino("hino");

// A user without rights, for as long as it lives. Root may write everything.
class AsNobody {
 public:
  AsNobody() : user_(geteuid()) {
    if (user_ == 0) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ~AsNobody() {
    if (user_ == 0) {
      EXPECT_EQ(seteuid(user_), 0);
    }
  }

 private:
  const uid_t user_;
};

class SqliteStore : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(const SqliteOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore(path_, options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  // The error of opening the file.
  absl::Status Refusal(const SqliteOptions& options = {}) {
    const absl::Status status = OpenSqliteStore(path_, options).status();
    EXPECT_FALSE(status.ok());
    return status;
  }

  // Calls c<first>, c<first + 1>, …, each with a journal entry and a reply, in
  // one commit on that version.
  static Batch CallsFrom(int64_t first, int64_t count, size_t text_size = 10) {
    Batch batch = BatchOf("hino", {});
    for (int64_t i = first; i < first + count; ++i) {
      core::Call call = CallOf(absl::StrCat("c", i));
      call.complaint = PrivateText(std::string(text_size, 'x'));
      AddCall(call, i, &batch);
    }
    return batch;
  }

  // A database with `calls` calls, closed.
  void Make(int64_t calls = 200) {
    const std::unique_ptr<Store> store = Open();
    ASSERT_NE(store, nullptr);
    const absl::Status status = store->Commit(CallsFrom(1, calls), 0);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::string ReadFile() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void WriteFile(const std::string& content) const {
    std::ofstream(path_, std::ios::binary) << content;
  }

  // What Load says about a row that a hand has changed.
  absl::Status LoadAfter(const std::string& sql) {
    RawDatabase(path_).Run(sql);
    const std::unique_ptr<Store> store = Open();
    if (store == nullptr) return absl::OkStatus();
    return store->Load(kHino, absl::InfinitePast()).status();
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.File("hino.db");
};

// --- A good file ------------------------------------------------------------

TEST_F(SqliteStore, KeepsEverythingAcrossAReopen) {
  core::testing::BoardBuilder builder;
  for (const core::CallState state : AllValues<core::CallState>()) {
    builder.AddCallInState(state,
                           absl::StrCat("call-", static_cast<int>(state)));
  }
  const core::Board board = builder.Build();
  Batch batch = BatchOf("hino", RecordsOf(board));
  core::Event event;
  event.kind = core::EventKind::kCenterChanged;
  event.records = {board.center()};
  batch.journal = {{1, event}};
  batch.replies = {{"r1", "f1", CallId("call-1"), absl::FromUnixSeconds(1)}};
  batch.outbox.put = {{core::DeliveryId("d1"), core::ChannelKind::kWebhook,
                       absl::FromUnixSeconds(9)}};
  ASSERT_TRUE(Open()->Commit(batch, 0).ok());

  const std::unique_ptr<Store> store = Open();
  const absl::StatusOr<Snapshot> snapshot =
      store->Load(kHino, absl::InfinitePast());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->version, 1);
  EXPECT_EQ(snapshot->sequence, 1);
  EXPECT_THAT(TextOf(snapshot->board), ElementsAreArray(TextOf(board)));
  EXPECT_TRUE(*store->ReadJournal(kHino, 0, 10) == batch.journal);
  EXPECT_EQ(*store->FindReply(kHino, "r1"), batch.replies[0]);
  EXPECT_EQ(*store->NextOutboxTime(), absl::FromUnixSeconds(9));
  EXPECT_TRUE(absl::IsAborted(store->Commit(batch, 0)));
}

TEST_F(SqliteStore, KeepsLeasesAcrossAReopen) {
  Batch batch = BatchOf("hino", {});
  batch.outbox.put = {{core::DeliveryId("d1"), core::ChannelKind::kWebhook,
                       absl::FromUnixSeconds(9)}};
  {
    const std::unique_ptr<Store> store = Open();
    ASSERT_TRUE(store->Commit(batch, 0).ok());
    EXPECT_EQ(
        store->LeaseOutbox(absl::FromUnixSeconds(10), absl::Seconds(30), 5)
            ->size(),
        1u);
  }
  EXPECT_EQ(*Open()->NextOutboxTime(), absl::FromUnixSeconds(40));
}

TEST_F(SqliteStore, MakesFilesThatOnlyTheirOwnerReads) {
  const mode_t mask = umask(0);
  absl::Cleanup restore = [mask] { umask(mask); };
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->Commit(CallsFrom(1, 1), 0).ok());
  int files = 0;
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status = {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    ++files;
  }
  EXPECT_EQ(files, 4);
}

TEST_F(SqliteStore, ClosesAFileThatEverybodyMayRead) {
  Make(1);
  ASSERT_EQ(chmod(path_.c_str(), 0664), 0);
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->Commit(CallsFrom(2, 1), 1).ok());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status = {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0) << suffix;
    // The group's rights are somebody's will.
    EXPECT_EQ(status.st_mode & 0777, 0660u) << suffix;
  }
}

TEST_F(SqliteStore, WritesTextAndNumbersThatAShellCanRead) {
  core::Call call = CallOf("c1", core::CallState::kTriaged);
  call.complaint = PrivateText("発熱");
  call.urgency = core::Urgency::kUrgent;
  call.receive_time = absl::FromUnixMicros(1'234'567);
  call.followers = {core::PersonId("p1")};
  call.vitals.emplace().temperature_celsius = 38.5;
  Batch batch = BatchOf("hino", {});
  AddCall(call, 1, &batch);
  ASSERT_TRUE(Open()->Commit(batch, 0).ok());
  RawDatabase database(path_);
  EXPECT_THAT(
      database.Run("SELECT center, id, state, urgency, complaint, "
                   "receive_time, triage_time, followers, vitals, place, "
                   "typeof(receive_time), typeof(unanswered_offers) FROM "
                   "calls"),
      ElementsAre(ElementsAre("hino", "c1", "TRIAGED", "URGENT", "発熱",
                              "1234567", "NULL", "[\"p1\"]",
                              "{\"temperature_celsius\":38.5}", "{}", "integer",
                              "integer")));
  EXPECT_THAT(database.Run("SELECT kind, call, actor_roles, "
                           "json_extract(records, '$[0].calls.complaint') "
                           "FROM journal"),
              ElementsAre(ElementsAre("CALL_RECEIVED", "c1", "[\"REQUESTER\"]",
                                      "発熱")));
}

TEST_F(SqliteStore, AnswersReadersWhileACommitIsUnderWay) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->Commit(CallsFrom(1, 1), 0).ok());
  // Somebody holds the lock that every commit needs.
  RawDatabase other(path_);
  other.Run("BEGIN IMMEDIATE");
  std::thread writer(
      [&] { EXPECT_TRUE(store->Commit(CallsFrom(2, 1), 1).ok()); });
  EXPECT_EQ(*store->CurrentVersion(kHino), 1);
  EXPECT_TRUE(store->FindReply(kHino, "request-c1")->has_value());
  EXPECT_EQ(store->ReadCall(kHino, CallId("c1"))->size(), 1u);
  EXPECT_TRUE(store->ListPastCalls(kHino, CallId(), 10).ok());
  EXPECT_EQ(store->Load(kHino, absl::InfinitePast())->version, 1);
  other.Run("COMMIT");
  writer.join();
  EXPECT_EQ(*store->CurrentVersion(kHino), 2);
}

TEST_F(SqliteStore, IsUnavailableWhileAnotherProgramHoldsTheFile) {
  const std::unique_ptr<Store> store =
      Open({.busy_timeout = absl::ZeroDuration()});
  RawDatabase other(path_);
  other.Run("BEGIN IMMEDIATE");
  const absl::Status status = store->Commit(CallsFrom(1, 1), 0);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("fuser")));
  EXPECT_EQ(*store->CurrentVersion(kHino), 0);
  other.Run("COMMIT");
  EXPECT_TRUE(store->Commit(CallsFrom(1, 1), 0).ok());
}

TEST_F(SqliteStore, CanBeCopiedByTheShellWhileOpen) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->Commit(CallsFrom(1, 5), 0).ok());
  RawDatabase(path_).Run(
      absl::StrCat("VACUUM INTO '", folder_.File("copy.db"), "'"));
  ASSERT_TRUE(store->Commit(CallsFrom(6, 5), 1).ok());
  const absl::StatusOr<std::unique_ptr<Store>> copy =
      OpenSqliteStore(folder_.File("copy.db"));
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ((*copy)->Load(kHino, absl::InfinitePast())->sequence, 5);
}

// --- Which file -------------------------------------------------------------

TEST_F(SqliteStore, LetsOneProgramIn) {
  std::unique_ptr<Store> store = Open();
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_),
                    HasSubstr(absl::StrCat("(process ", getpid(), ")"))));
  // Under another name, too.
  const std::string link = folder_.File("link.db");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenSqliteStore(link).status()));
  // The attempts have not loosened the first one's hold.
  ASSERT_TRUE(store->Commit(CallsFrom(1, 1), 0).ok());
  store.reset();
  EXPECT_EQ(*Open()->CurrentVersion(kHino), 1);
}

TEST_F(SqliteStore, KeepsAnotherProcessOut) {
  const std::unique_ptr<Store> store = Open();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const absl::Status status = OpenSqliteStore(path_).status();
    _exit(absl::IsFailedPrecondition(status) ? 0 : 1);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
}

TEST_F(SqliteStore, NamesAFolderThatIsMissing) {
  path_ = folder_.File("missing/hino.db");
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("Make the folder")));
}

TEST_F(SqliteStore, RefusesAFolderAndNoName) {
  path_ = folder_.path();
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal()));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".lock"));
  path_ = "/";
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal()));
  path_ = "";
  EXPECT_TRUE(absl::IsInvalidArgument(Refusal()));
  path_ = folder_.File("pipe");
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Refusal()));
}

TEST_F(SqliteStore, OpensAnEmptyFileAsNew) {
  WriteFile("");
  EXPECT_EQ(Open()->ListCenters()->size(), 0u);
}

TEST_F(SqliteStore, RefusesAFileOfAnotherKindAndLeavesItAsItIs) {
  for (const std::string& content :
       {std::string("short"), std::string(100'000, 'z'),
        std::string("%PDF-1.7 some text that is longer than a header")}) {
    WriteFile(content);
    const absl::Status status = Refusal();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path_), HasSubstr("Name the right file")));
    EXPECT_EQ(ReadFile(), content);
  }
}

TEST_F(SqliteStore, RefusesAnotherProgramsDatabaseAndLeavesItAsItIs) {
  RawDatabase(path_).Run("CREATE TABLE calls (number TEXT)");
  const std::string before = ReadFile();
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("not one of housecall")));
  EXPECT_EQ(ReadFile(), before);
}

TEST_F(SqliteStore, RefusesADatabaseOfANewerProgram) {
  Make(1);
  RawDatabase(path_).Run(
      "INSERT INTO schema_migrations VALUES (1000, 'Later', 'housecall 9.1')");
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(HasSubstr(path_), HasSubstr("Start housecall 9.1 or a newer one")));
}

TEST_F(SqliteStore, RefusesTablesThatSomebodyChanged) {
  Make(1);
  RawDatabase(path_).Run("ALTER TABLE visits RENAME COLUMN car TO vehicle");
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("no such column: car"),
                    HasSubstr("Put back the last backup")));
}

// --- Rights -----------------------------------------------------------------

TEST_F(SqliteStore, SaysThatItMayNotWriteTheFile) {
  Make(1);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  std::filesystem::remove(path_ + ".lock");
  ASSERT_EQ(chmod(path_.c_str(), 0444), 0);
  absl::Status status;
  {
    const AsNobody nobody;
    status = OpenSqliteStore(path_).status();
  }
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("chmod")));
}

TEST_F(SqliteStore, SaysThatItMayNotWriteTheFolder) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  absl::Cleanup restore = [this] { chmod(folder_.path().c_str(), 0755); };
  absl::Status status;
  {
    const AsNobody nobody;
    status = OpenSqliteStore(path_).status();
  }
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("its folder")));
}

// --- A full disk ------------------------------------------------------------

// Files of this process may not grow beyond this, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {bytes, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_ = {};
  void (*handler_)(int) = nullptr;
};

TEST_F(SqliteStore, WritesNothingWhenTheDiskIsFullAndGoesOnAfterwards) {
  const std::unique_ptr<Store> store = Open();
  ASSERT_TRUE(store->Commit(CallsFrom(1, 10), 0).ok());
  {
    const FileSizeLimit full(400'000);
    // Big enough to fill what is left, with some commits that still fit.
    int64_t version = 1;
    int64_t sequence = 10;
    absl::Status status;
    while (version < 1000) {
      status = store->Commit(CallsFrom(sequence + 1, 5, 3000), version);
      if (!status.ok()) break;
      ++version;
      sequence += 5;
    }
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path_), HasSubstr("Nothing was written"),
                      HasSubstr("Make room")));
    // What is there can be read, and is whole.
    EXPECT_EQ(*store->CurrentVersion(kHino), version);
    const absl::StatusOr<Snapshot> snapshot =
        store->Load(kHino, absl::InfinitePast());
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(snapshot->sequence, sequence);
    EXPECT_EQ(snapshot->board.open_calls().size(),
              static_cast<size_t>(sequence));
    EXPECT_EQ(store->ReadJournal(kHino, 0, 10'000)->size(),
              static_cast<size_t>(sequence));
    EXPECT_FALSE(
        store->FindReply(kHino, absl::StrCat("request-c", sequence + 1))
            ->has_value());
    // And a second try is refused alike.
    EXPECT_TRUE(absl::IsResourceExhausted(
        store->Commit(CallsFrom(sequence + 1, 100, 3000), version)));
  }
  const absl::StatusOr<Snapshot> before =
      store->Load(kHino, absl::InfinitePast());
  const absl::Status status = store->Commit(
      CallsFrom(before->sequence + 1, 100, 3000), before->version);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(*store->CurrentVersion(kHino), before->version + 1);
}

TEST_F(SqliteStore, SaysThatTheDiskIsFullWhenAFileIsToBeMade) {
  const FileSizeLimit full(8192);
  const absl::Status status = Refusal();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_), HasSubstr("Make room")));
}

// --- Damage -----------------------------------------------------------------

TEST_F(SqliteStore, FindsATruncatedFile) {
  Make();
  const std::string whole = ReadFile();
  for (const size_t size : {size_t{512}, size_t{4096}, whole.size() / 2,
                            whole.size() - 4096, whole.size() - 1}) {
    WriteFile(whole.substr(0, size));
    const absl::Status status = Refusal();
    EXPECT_TRUE(absl::IsDataLoss(status)) << size << ": " << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path_), HasSubstr("Put back the last backup"),
                      HasSubstr("stop housecalld")))
        << size;
  }
  WriteFile(whole);
  EXPECT_EQ(*Open()->CurrentVersion(kHino), 1);
}

TEST_F(SqliteStore, FindsDamagedPages) {
  Make();
  const std::string whole = ReadFile();
  ASSERT_GT(whole.size(), size_t{20} * 4096);
  int found = 0;
  int pages = 0;
  for (size_t page = 0; page < whole.size() / 4096; ++page) {
    std::string damaged = whole;
    // The first page keeps its header: without it, it is no database at all.
    for (size_t i = page == 0 ? 100 : page * 4096; i < (page + 1) * 4096; ++i) {
      damaged[i] = static_cast<char>(~damaged[i]);
    }
    WriteFile(damaged);
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path_);
    ++pages;
    if (store.ok()) continue;
    EXPECT_TRUE(absl::IsDataLoss(store.status()))
        << "page " << page << ": " << store.status();
    EXPECT_THAT(std::string(store.status().message()),
                HasSubstr("Put back the last backup"));
    ++found;
  }
  EXPECT_EQ(found, pages);
}

TEST_F(SqliteStore, FindsIndexesThatDisagreeByTheFullCheck) {
  Make(5);
  {
    // The index says another call than the row.
    RawDatabase database(path_);
    database.Run("PRAGMA writable_schema = ON");
    database.Run(
        "UPDATE sqlite_master SET sql = replace(sql, 'receive_time, id', "
        "'receive_time, etag') WHERE name = 'calls_by_receive_time'");
  }
  using Check = SqliteOptions::IntegrityCheck;
  EXPECT_TRUE(OpenSqliteStore(path_, {.integrity_check = Check::kQuick}).ok());
  EXPECT_TRUE(OpenSqliteStore(path_, {.integrity_check = Check::kNone}).ok());
  EXPECT_TRUE(absl::IsDataLoss(Refusal({.integrity_check = Check::kFull})));
}

TEST_F(SqliteStore, SurvivesAnyChangedByte) {
  Make(20);
  const std::string whole = ReadFile();
  // Not every flipped byte can be found; none may do harm or pass as another
  // kind of error.
  for (size_t i = 16; i < whole.size(); i += 2003) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    WriteFile(damaged);
    for (const char* suffix : {"-wal", "-shm"}) {
      std::filesystem::remove(path_ + suffix);
    }
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path_);
    const absl::Status status =
        store.ok() ? (*store)->Load(kHino, absl::InfinitePast()).status()
                   : store.status();
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status) ||
                absl::IsFailedPrecondition(status))
        << "byte " << i << ": " << status;
  }
}

TEST_F(SqliteStore, NamesTheFieldThatAHandHasSpoiled) {
  struct Case {
    const char* sql;
    const char* wanted;
  };
  const std::vector<Case> cases = {
      {"UPDATE calls SET facts = '[{\"time\":' WHERE id = 'c2'",
       "table calls, center hino, id c2: the field facts is not JSON"},
      {"UPDATE calls SET place = '{\"position\":{\"latitude\":\"secret\"}}' "
       "WHERE id = 'c2'",
       "id c2: the field place.position.latitude is not a number"},
      {"UPDATE calls SET state = 'secret' WHERE id = 'c2'",
       "id c2: the field state is not a name known here"},
      {"UPDATE calls SET receive_time = 'secret' WHERE id = 'c2'",
       "id c2: the field receive_time is not an integer"},
      {"UPDATE calls SET receive_time = 1.5 WHERE id = 'c2'",
       "id c2: the field receive_time is not an integer"},
      {"UPDATE calls SET derived = 4294967296 WHERE id = 'c2'",
       "id c2: the field derived is out of range"},
      {"UPDATE calls SET etag = -1 WHERE id = 'c2'",
       "id c2: the field etag is out of range"},
      {"UPDATE calls SET complaint = x'736563726574' WHERE id = 'c2'",
       "id c2: the field complaint is not text"},
      {"UPDATE calls SET id = x'00' WHERE id = 'c2'",
       "id : the field id is not text"},
      {"UPDATE centers_version SET version = 'secret'",
       "table centers_version, center hino: the field version is not an "
       "integer"},
      {"INSERT INTO cars VALUES ('hino', 'car-1', 1, '', '', '', 4, "
       "'AVAILABLE', '', NULL, 2)",
       "table cars, center hino, id car-1: the field active is out of range"},
      {"INSERT INTO positions VALUES ('hino', 'p', 1, '{}', 'secret', 0, 0)",
       "id p: the field accuracy_meters is not a number"},
  };
  for (const Case& c : cases) {
    TemporaryFolder folder;
    path_ = folder.File("hino.db");
    Make(3);
    const absl::Status status = LoadAfter(c.sql);
    EXPECT_TRUE(absl::IsDataLoss(status)) << c.sql << ": " << status;
    EXPECT_THAT(
        std::string(status.message()),
        AllOf(HasSubstr(path_), HasSubstr(c.wanted),
              HasSubstr("Put back the last backup"), Not(HasSubstr("secret"))))
        << c.sql;
  }
}

TEST_F(SqliteStore, NamesWhatIsSpoiledInJournalRepliesAndOutbox) {
  Batch batch = CallsFrom(1, 3);
  batch.outbox.put = {{core::DeliveryId("d1"), core::ChannelKind::kWebhook,
                       absl::FromUnixSeconds(0)}};
  ASSERT_TRUE(Open()->Commit(batch, 0).ok());
  RawDatabase(path_).Run(
      "UPDATE journal SET records = replace(records, 'RECEIVED', 'secret') "
      "WHERE sequence = 2;"
      "UPDATE replies SET subject = 'secret' WHERE request_id = 'request-c2';"
      "UPDATE outbox SET channel = 'secret'");
  const std::unique_ptr<Store> store = Open();
  const auto expect = [](const absl::Status& status, const char* wanted) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(wanted), Not(HasSubstr("secret"))));
  };
  expect(store->ReadJournal(kHino, 0, 10).status(),
         "table journal, center hino, sequence 2: the field "
         "records[0].calls.state is not a name known here");
  EXPECT_EQ(store->ReadJournal(kHino, 2, 10)->size(), 1u);
  expect(store->FindReply(kHino, "request-c2").status(),
         "table replies, center hino, request_id request-c2: the field subject "
         "is no resource known here");
  EXPECT_TRUE(store->FindReply(kHino, "request-c1")->has_value());
  expect(store->LeaseOutbox(absl::FromUnixSeconds(1), absl::Seconds(1), 5)
             .status(),
         "table outbox, center hino, id d1: the field channel is not a name "
         "known here");
  // The rows are not concerned.
  EXPECT_TRUE(store->Load(kHino, absl::InfinitePast()).ok());
}

TEST_F(SqliteStore, MissesAnEntryThatWasTakenOutOfTheJournal) {
  Make(5);
  RawDatabase(path_).Run("DELETE FROM journal WHERE sequence = 3");
  const std::unique_ptr<Store> store = Open();
  const absl::Status status = store->ReadJournal(kHino, 0, 10).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("sequence 3: is missing"));
  EXPECT_EQ(store->ReadJournal(kHino, 0, 2)->size(), 2u);
  EXPECT_EQ(store->ReadJournal(kHino, 3, 9)->size(), 2u);
}

TEST_F(SqliteStore, RefusesAJournalThatIsAheadOfItsCenter) {
  Make(5);
  RawDatabase(path_).Run("UPDATE centers_version SET sequence = 3");
  const std::unique_ptr<Store> store = Open();
  Batch batch = BatchOf("hino", {});
  AddCall(CallOf("c9"), 4, &batch);
  const absl::Status status = store->Commit(batch, 1);
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(*store->CurrentVersion(kHino), 1);
}

}  // namespace
}  // namespace housecall::store
