// The real daemon with a real file, killed at random moments under load, and
// what is wrong around it: a full disk, a file that cannot be written, a clock
// that is stepped, a file that is torn.
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crash/night.h"
#include "tests/simulation/random.h"
#include "tests/store/temporary_folder.h"

namespace housecall::crash {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// How often the daemon is killed.
#ifndef HOUSECALL_CRASH_CYCLES
#error "the build says how many cycles"
#endif
constexpr absl::Duration kLong = absl::Seconds(60);

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() : night_(HOUSECALL_DAEMON, folder_.path(), {}) {}

  void Launch(const Start& start = {}) {
    ASSERT_TRUE(night_.daemon().Launch(start)) << night_.daemon().Log();
  }
  // Until it says so.
  bool AwaitLog(const std::string& words) {
    const absl::Time end = absl::Now() + kLong;
    while (night_.daemon().Log().find(words) == std::string::npos) {
      if (absl::Now() > end) return false;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return true;
  }
  // Whether the query gives a row.
  static bool Stands(const char* query, sqlite3* database) {
    bool found = false;
    sqlite3_exec(
        database, query,
        [](void* out, int, char**, char**) {
          *static_cast<bool*>(out) = true;
          return 0;
        },
        &found, nullptr);
    return found;
  }
  // Somebody gets answers again, and everything that was promised is there.
  void ExpectEverythingIsKept() {
    Launch();
    EXPECT_TRUE(night_.WaitForAnswers(20, kLong)) << night_.daemon().Log();
    night_.StopPeople();
    EXPECT_TRUE(night_.WaitForDeliveries(kLong)) << night_.daemon().Log();
    EXPECT_EQ(night_.daemon().Stop(), 0) << night_.daemon().Log();
    EXPECT_THAT(night_.Check(), IsEmpty());
    std::cout << night_.Summary() << std::endl;
  }

  store::testing::TemporaryFolder folder_;
  Night night_;
  simulation::Random random_{20261120};
};

TEST_F(CrashTest, NothingIsLostAtKills) {
  int crashes = 0;
  for (int i = 0; i < HOUSECALL_CRASH_CYCLES; ++i) {
    Launch();
    if (i == 0) night_.StartPeople();
    // Some right after the start, most in the middle of something.
    EXPECT_TRUE(night_.WaitForAnswers(random_.Below(60), kLong));
    absl::SleepFor(
        random_.Between(absl::ZeroDuration(), absl::Milliseconds(60)));
    night_.daemon().Kill();
    ++crashes;
  }
  std::cout << crashes << " crashes" << std::endl;
  ExpectEverythingIsKept();
}

TEST_F(CrashTest, NothingIsLostOnAFullDisk) {
  Launch();
  night_.StartPeople();
  EXPECT_TRUE(night_.WaitForAnswers(100, kLong));
  night_.daemon().Kill();
  const auto size = static_cast<int64_t>(
      std::filesystem::file_size(night_.database()) +
      std::filesystem::file_size(night_.database() + "-wal"));
  Launch({.most_file_bytes = size + (64 << 10)});
  EXPECT_TRUE(AwaitLog("commit_failed"));
  EXPECT_THAT(night_.daemon().Log(), HasSubstr("Make room on the disk"));
  // The same daemon goes on when there is room again.
  night_.daemon().MakeRoom();
  EXPECT_TRUE(night_.WaitForAnswers(60, kLong)) << night_.daemon().Log();
  night_.daemon().Kill();
  ExpectEverythingIsKept();
}

// As a disk that has gone wrong is mounted read-only under whoever uses it.
TEST_F(CrashTest, NothingIsLostWhileTheDiskTakesNoWrites) {
  Launch();
  night_.StartPeople();
  EXPECT_TRUE(night_.WaitForAnswers(100, kLong));
  night_.surroundings().MakeReadOnly(true);
  // Whether it was written is not known, so that it is tried again and again.
  EXPECT_TRUE(AwaitLog("commit_retried"));
  for (int i = 0; i < 20; ++i) {
    const grpc::Status refused = night_.TryToSubmit();
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE)
        << refused.error_message();
    EXPECT_THAT(refused.error_message(), HasSubstr("try the same request"));
    // What is known can be looked at still.
    const grpc::Status read = night_.TryToRead();
    EXPECT_TRUE(read.ok()) << read.error_message();
  }
  night_.surroundings().MakeReadOnly(false);
  // The same daemon goes on.
  EXPECT_TRUE(night_.WaitForAnswers(60, kLong)) << night_.daemon().Log();
  night_.daemon().Kill();
  ExpectEverythingIsKept();
}

// What names and clinical texts say stands in the records and in the answers to
// those who may read them, and nowhere else; Check looks at every log and every
// error of the night, here at some that it does not bring by itself.
TEST_F(CrashTest, NothingClinicalStandsOutsideOfTheRecords) {
  Launch();
  night_.StartPeople();
  for (const bool wrong : {true, false}) {
    const grpc::Status refused = night_.TryToSubmit(wrong, !wrong);
    EXPECT_FALSE(refused.ok());
    EXPECT_NE(refused.error_message(), "");
  }
  // The outbox, with what waits in it at many moments.
  sqlite3* opened = nullptr;
  ASSERT_EQ(sqlite3_open_v2(night_.database().c_str(), &opened,
                            SQLITE_OPEN_READONLY, nullptr),
            SQLITE_OK);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(
      opened, &sqlite3_close);
  std::set<std::string> messages;
  const absl::Time end = absl::Now() + kLong;
  while (messages.size() < 10 && absl::Now() < end) {
    sqlite3_exec(
        database.get(), "SELECT * FROM outbox",
        [](void* found, int columns, char** values, char**) {
          std::string row;
          for (int i = 0; i < columns; ++i) {
            absl::StrAppend(&row, values[i] == nullptr ? "" : values[i], "|");
          }
          static_cast<std::set<std::string>*>(found)->insert(row);
          return 0;
        },
        &messages, nullptr);
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_GE(messages.size(), 10u);
  EXPECT_THAT(messages, Each(Not(HasSubstr(kPlanted))));
  night_.daemon().Kill();
  ExpectEverythingIsKept();
  // They were there to be said.
  EXPECT_TRUE(Stands("SELECT 1 FROM patients WHERE conditions LIKE '%planted%'",
                     database.get()));
  EXPECT_TRUE(Stands("SELECT 1 FROM notes WHERE versions LIKE '%planted%'",
                     database.get()));
}

TEST_F(CrashTest, NothingIsLostWhenTheClockIsStepped) {
  Launch();
  night_.StartPeople();
  for (const absl::Duration step : {absl::Minutes(3), -absl::Minutes(4),
                                    absl::Minutes(4), -absl::Minutes(3)}) {
    EXPECT_TRUE(night_.WaitForAnswers(60, kLong));
    night_.surroundings().StepClock(step);
    EXPECT_TRUE(night_.WaitForAnswers(60, kLong));
    night_.daemon().Kill();
    Launch();
  }
  night_.daemon().Kill();
  ExpectEverythingIsKept();
}

TEST_F(CrashTest, AFileThatCannotBeWrittenIsNotServed) {
  Launch();
  night_.StartPeople();
  EXPECT_TRUE(night_.WaitForAnswers(20, kLong));
  night_.daemon().Kill();
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  ASSERT_EQ(chmod(night_.database().c_str(), 0444), 0);
  EXPECT_FALSE(night_.daemon().Launch({.as_nobody = true}));
  EXPECT_THAT(night_.daemon().Log(), HasSubstr("chmod"));
  ASSERT_EQ(chmod(night_.database().c_str(), 0600), 0);
  ExpectEverythingIsKept();
}

TEST_F(CrashTest, ATornFileIsNotServedAndTheWayBackIsNamed) {
  Launch();
  night_.StartPeople();
  EXPECT_TRUE(night_.WaitForAnswers(60, kLong));
  night_.StopPeople();
  EXPECT_EQ(night_.daemon().Stop(), 0);
  const auto size = std::filesystem::file_size(night_.database());
  {
    std::fstream file(night_.database(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
    file << std::string(8192, 'x');
  }
  EXPECT_FALSE(night_.daemon().Launch());
  EXPECT_THAT(night_.daemon().Log(), HasSubstr("housecalld restore"));
  std::filesystem::resize_file(night_.database(), size / 2 + 100);
  EXPECT_FALSE(night_.daemon().Launch());
  EXPECT_THAT(night_.daemon().Log(), HasSubstr("housecalld restore"));
}

}  // namespace
}  // namespace housecall::crash
