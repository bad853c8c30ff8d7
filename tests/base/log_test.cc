#include "dispatcher/base/log.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class LogTest : public testing::Test {
 protected:
  LogTest() {
    SetLogSink([this](LogLevel level, absl::string_view line) {
      levels_.push_back(level);
      lines_.emplace_back(line);
    });
  }
  ~LogTest() override { SetLogSink(nullptr); }

  std::vector<LogLevel> levels_;
  std::vector<std::string> lines_;
};

TEST_F(LogTest, WritesTimeLevelEventAndValues) {
  HC_LOG(kInfo, "call_triaged").With("call", "c-1").With("visits", 3);
  ASSERT_EQ(lines_.size(), 1);
  EXPECT_THAT(lines_[0],
              MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+ "
                           "INFO call_triaged call=c-1 visits=3"));
}

TEST_F(LogTest, TellsTheLevel) {
  HC_LOG(kWarning, "a");
  HC_LOG(kError, "b");
  EXPECT_THAT(levels_, ElementsAre(LogLevel::kWarning, LogLevel::kError));
  EXPECT_THAT(lines_[0], HasSubstr(" WARNING a"));
  EXPECT_THAT(lines_[1], HasSubstr(" ERROR b"));
}

TEST_F(LogTest, NoValueForgesALine) {
  HC_LOG(kInfo, "e").With("error", "x\n2026 ERROR forged key=1\r\"\\\x01");
  ASSERT_EQ(lines_.size(), 1);
  EXPECT_THAT(lines_[0], Not(HasSubstr("\n")));
  EXPECT_THAT(lines_[0], Not(HasSubstr("\r")));
  EXPECT_THAT(lines_[0],
              EndsWith(R"(error="x\n2026 ERROR forged key=1\r\"\\\001")"));
}

TEST_F(LogTest, QuotesWhatIsNotPlain) {
  HC_LOG(kInfo, "e")
      .With("plain", "a-b_c.d:e/f+1")
      .With("empty", "")
      .With("space", "a b")
      .With("equals", "a=b");
  EXPECT_THAT(
      lines_[0],
      EndsWith(R"(plain=a-b_c.d:e/f+1 empty="" space="a b" equals="a=b")"));
}

TEST_F(LogTest, LeavesOtherScriptsReadable) {
  HC_LOG(kInfo, "e").With("place", "\xe6\x97\xa5\xe9\x87\x8e");
  EXPECT_THAT(lines_[0], EndsWith("place=\"\xe6\x97\xa5\xe9\x87\x8e\""));
}

TEST_F(LogTest, WritesStatusAndId) {
  struct Tag {};
  HC_LOG(kInfo, "e")
      .With("status", absl::NotFoundError("calls/c1 is not known"))
      .With("id", Id<Tag>("c1"));
  EXPECT_THAT(lines_[0],
              EndsWith("status=\"NOT_FOUND: calls/c1 is not known\" id=c1"));
}

}  // namespace
}  // namespace housecall
