#include "dispatcher/server/presence.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PresenceBookTest : public ::testing::Test {
 protected:
  // "mori@c1", "mori@c1*" while working, of everybody else.
  std::vector<std::string> Show(const std::string& person,
                                const std::string& call, bool working = false,
                                const std::string& center = "hino",
                                const std::string& screen = "s") {
    std::vector<std::string> seen;
    for (const PresenceBook::Presence& each : book_.Show(
             core::CenterId(center), core::SessionId("of-" + person), screen,
             {core::PersonId(person), core::CallId(call), working}, now_)) {
      seen.push_back(absl::StrCat(each.person.value(), "@", each.call.value(),
                                  each.working ? "*" : ""));
    }
    return seen;
  }

  PresenceBook book_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(PresenceBookTest, ShowsTheOthersAndNotOneself) {
  EXPECT_THAT(Show("mori", "c1"), IsEmpty());
  EXPECT_THAT(Show("kato", "c1", true), ElementsAre("mori@c1"));
  EXPECT_THAT(Show("mori", "c1"), ElementsAre("kato@c1*"));
  EXPECT_THAT(Show("kato", "c2"), ElementsAre("mori@c1"));
  EXPECT_THAT(Show("mori", "c1"), ElementsAre("kato@c2"));
}

TEST_F(PresenceBookTest, ForgetsWhoTurnsAwayAndWhoIsNotHeardAnyMore) {
  Show("mori", "c1");
  Show("kato", "c1");
  EXPECT_THAT(Show("mori", ""), ElementsAre("kato@c1"));
  EXPECT_THAT(Show("kato", "c1"), IsEmpty());
  now_ += PresenceBook::kLifetime;
  EXPECT_THAT(Show("mori", "c2"), ElementsAre("kato@c1"));
  now_ += absl::Seconds(1);
  EXPECT_THAT(Show("mori", "c2"), IsEmpty());
}

TEST_F(PresenceBookTest, WhoCameFirstStandsFirstUntilHeTurnsToAnotherCall) {
  Show("mori", "c1");
  now_ += absl::Seconds(1);
  Show("kato", "c1");
  now_ += absl::Seconds(1);
  Show("mori", "c1", true);
  EXPECT_THAT(Show("third", ""), ElementsAre("mori@c1*", "kato@c1"));
  Show("mori", "c2");
  EXPECT_THAT(Show("third", ""), ElementsAre("kato@c1", "mori@c2"));
}

TEST_F(PresenceBookTest, TellsNothingToAnotherCenter) {
  Show("mori", "c1");
  EXPECT_THAT(Show("kato", "c1", false, "tama"), IsEmpty());
}

TEST_F(PresenceBookTest, KeepsTheNewestScreensOfASession) {
  for (size_t i = 0; i < PresenceBook::kMaxScreens + 3; ++i) {
    now_ += absl::Milliseconds(1);
    Show("mori", absl::StrCat("c", i), false, "hino", absl::StrCat("s", i));
  }
  const std::vector<std::string> seen = Show("kato", "");
  EXPECT_EQ(seen.size(), PresenceBook::kMaxScreens);
  EXPECT_EQ(seen.front(), "mori@c3");
  EXPECT_EQ(seen.back(), "mori@c10");
}

TEST(CheckScreen, TakesShortPrintableIds) {
  EXPECT_TRUE(CheckScreen("1f0e-2").ok());
  for (const std::string& bad : {std::string(), std::string("a b"),
                                 std::string("\n"), std::string(65, 'a')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckScreen(bad))) << bad;
  }
}

}  // namespace
}  // namespace housecall::server
