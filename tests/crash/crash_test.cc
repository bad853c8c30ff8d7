// The real daemon with a real file, killed at random moments under load, and
// what is wrong around it: a full disk, a file that cannot be written, a clock
// that is stepped, a file that is torn.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crash/night.h"
#include "tests/simulation/random.h"
#include "tests/store/temporary_folder.h"

namespace housecall::crash {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  // Until it says so.
  const absl::Time end = absl::Now() + kLong;
  while (night_.daemon().Log().find("commit_failed") == std::string::npos &&
         absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(night_.daemon().Log(), HasSubstr("Make room on the disk"));
  night_.daemon().Kill();
  ExpectEverythingIsKept();
}

TEST_F(CrashTest, NothingIsLostWhenTheClockIsStepped) {
  Launch();
  night_.StartPeople();
  for (const absl::Duration step : {absl::Minutes(3), -absl::Minutes(4),
                                    absl::Minutes(4), -absl::Minutes(3)}) {
    EXPECT_TRUE(night_.WaitForAnswers(60, kLong));
    night_.clock().Step(step);
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
