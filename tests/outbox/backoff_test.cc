#include "dispatcher/outbox/backoff.h"

#include <limits>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace housecall::outbox {
namespace {

constexpr BackoffOptions kOptions = {.first_delay = absl::Seconds(10),
                                     .max_delay = absl::Minutes(5)};

TEST(BackoffDelay, DoublesTheLongestWaitWithEachFailureUpToTheCap) {
  const absl::Duration wanted[] = {absl::Seconds(5),  absl::Seconds(10),
                                   absl::Seconds(20), absl::Seconds(40),
                                   absl::Seconds(80), absl::Seconds(150),
                                   absl::Seconds(150)};
  int attempt = 0;
  for (const absl::Duration delay : wanted) {
    EXPECT_EQ(BackoffDelay(++attempt, 0.5, kOptions), delay) << attempt;
  }
}

TEST(BackoffDelay, SpreadsOverTheWholeSpan) {
  EXPECT_EQ(BackoffDelay(3, 0.0, kOptions), absl::ZeroDuration());
  EXPECT_EQ(BackoffDelay(3, 0.25, kOptions), absl::Seconds(10));
  EXPECT_EQ(BackoffDelay(3, 0.75, kOptions), absl::Seconds(30));
}

TEST(BackoffDelay, StaysAtTheCapForAnyNumberOfFailures) {
  EXPECT_EQ(BackoffDelay(std::numeric_limits<int>::max(), 1.0, kOptions),
            absl::Minutes(5));
}

TEST(BackoffDelay, NeverWaitsLongerThanTheCapEvenIfTheFirstDelayDoes) {
  EXPECT_EQ(
      BackoffDelay(
          1, 1.0, {.first_delay = absl::Hours(2), .max_delay = absl::Hours(1)}),
      absl::Hours(1));
}

TEST(BackoffDelay, TakesArgumentsOutOfRangeAsTheNearestInRange) {
  EXPECT_EQ(BackoffDelay(0, 0.5, kOptions), absl::Seconds(5));
  EXPECT_EQ(BackoffDelay(-7, 0.5, kOptions), absl::Seconds(5));
  EXPECT_EQ(BackoffDelay(1, -0.1, kOptions), absl::ZeroDuration());
  EXPECT_EQ(BackoffDelay(1, 7.0, kOptions), absl::Seconds(10));
  EXPECT_EQ(BackoffDelay(1, std::numeric_limits<double>::quiet_NaN(), kOptions),
            absl::ZeroDuration());
}

}  // namespace
}  // namespace housecall::outbox
