#include "dispatcher/base/clock.h"

#include "gtest/gtest.h"

namespace housecall {
namespace {

TEST(SimulatedClock, MovesOnlyWhenTold) {
  const absl::Time start = absl::FromUnixSeconds(1795194000);
  SimulatedClock clock(start);
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(90));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(90));
  EXPECT_EQ(clock.Now(), start + absl::Seconds(90));
  clock.Set(start);
  EXPECT_EQ(clock.Now(), start);
}

}  // namespace
}  // namespace housecall
