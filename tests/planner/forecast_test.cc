#include "dispatcher/planner/forecast.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::planner {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;

Forecast TwoKinds() {
  Forecast forecast;
  forecast.rates = {0.1, 0.1, 0, 0.4};
  forecast.places = {3, 5};
  Forecast::Kind often;
  often.weight = 3;
  often.stop.visit_minutes = 20;
  often.stop.clocks = {{.ready_minutes = 0, .due_minutes = 60}};
  Forecast::Kind rare = often;
  rare.weight = 1;
  rare.stop.visit_minutes = 40;
  rare.tries = 8;
  forecast.kinds = {often, rare};
  return forecast;
}

TEST(MakeScenarios, ComeAsOftenAsTheForecastSays) {
  constexpr int kNights = 2000;
  const std::vector<Scenario> nights = MakeScenarios(TwoKinds(), kNights, 7);
  double often = 0;
  double rare = 0;
  double last_quarter = 0;
  for (const Scenario& night : nights) {
    EXPECT_TRUE(std::is_sorted(night.begin(), night.end(),
                               [](const auto& a, const auto& b) {
                                 return a.known_minutes < b.known_minutes;
                               }));
    for (const ExpectedCall& call : night) {
      const bool is_rare = call.stop.visit_minutes == 40;
      (is_rare ? rare : often) += call.weight;
      EXPECT_EQ(call.weight, is_rare ? 1.0 / 8 : 1);
      EXPECT_TRUE(call.stop.place == 3 || call.stop.place == 5);
      EXPECT_EQ(call.stop.clocks.front().ready_minutes, call.known_minutes);
      EXPECT_EQ(call.stop.clocks.front().due_minutes, call.known_minutes + 60);
      // Nobody calls in the third quarter of an hour.
      EXPECT_FALSE(30 <= call.known_minutes && call.known_minutes < 45);
      EXPECT_LT(call.known_minutes, 60);
      if (call.known_minutes >= 45) last_quarter += call.weight;
    }
  }
  // 15 minutes at 0.1, twice, and at 0.4: nine calls a night.
  EXPECT_NEAR(often / kNights, 9 * 0.75, 0.3);
  EXPECT_NEAR(rare / kNights, 9 * 0.25, 0.1);
  EXPECT_NEAR(last_quarter / kNights, 6, 0.3);
}

TEST(MakeScenarios, AreTheSameForTheSameSeed) {
  const auto times = [](uint64_t seed) {
    std::vector<double> known;
    for (const Scenario& night : MakeScenarios(TwoKinds(), 10, seed)) {
      for (const ExpectedCall& call : night) {
        known.push_back(call.known_minutes);
      }
    }
    return known;
  };
  EXPECT_EQ(times(1), times(1));
  EXPECT_NE(times(1), times(2));
}

TEST(MakeScenarios, AreEmptyWhereNothingIsExpected) {
  Forecast nowhere = TwoKinds();
  nowhere.places.clear();
  EXPECT_THAT(MakeScenarios(nowhere, 3, 1), Each(IsEmpty()));
  Forecast never = TwoKinds();
  never.rates = {0, 0};
  EXPECT_THAT(MakeScenarios(never, 3, 1), Each(IsEmpty()));
  Forecast nothing = TwoKinds();
  nothing.kinds.clear();
  EXPECT_THAT(MakeScenarios(nothing, 3, 1), Each(IsEmpty()));
  EXPECT_THAT(MakeScenarios(TwoKinds(), 0, 1), IsEmpty());
}

TEST(HourWeight, IsHighInTheEvening) {
  for (int hour = 0; hour < 24; ++hour) {
    EXPECT_GT(HourWeight(hour), 0) << hour;
    EXPECT_LE(HourWeight(hour), HourWeight(20)) << hour;
  }
  EXPECT_LT(HourWeight(3), HourWeight(19) / 2);
}

}  // namespace
}  // namespace housecall::planner
