// Promised arrivals against very many arrivals that are drawn.
#include "dispatcher/planner/promise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/planner/random.h"

namespace housecall::planner {
namespace {

constexpr int kDraws = 20'000;

// Standard normal, by Box and Muller.
double Normal(Random& random) {
  const double u = 1 - random.Fraction();
  const double angle = 2 * std::acos(-1.0) * random.Fraction();
  return std::sqrt(-2 * std::log(u)) * std::cos(angle);
}

double Draw(Random& random, double mean, double spread) {
  const double variance = std::log1p(spread * spread);
  return mean * std::exp(std::sqrt(variance) * Normal(random) - variance / 2);
}

// Of what lasts longer than `elapsed`, what is left.
double DrawRest(Random& random, double mean, double spread, double elapsed) {
  for (;;) {
    const double all = Draw(random, mean, spread);
    if (all > elapsed) return all - elapsed;
  }
}

double ShareWithin(const std::vector<double>& arrivals, double limit) {
  return static_cast<double>(
             std::count_if(arrivals.begin(), arrivals.end(),
                           [&](double each) { return each <= limit; })) /
         static_cast<double>(arrivals.size());
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(Arrival, IsCertainWhereNothingVaries) {
  Arrival arrival;
  EXPECT_EQ(arrival.Quantile(0.9), 0);
  arrival.AddCertain(5);
  arrival.Add(10, 0);
  arrival.AddRest(20, 0, 8);
  arrival.AddRest(20, 0, 30);
  EXPECT_DOUBLE_EQ(arrival.mean(), 27);
  EXPECT_EQ(arrival.deviation(), 0);
  EXPECT_DOUBLE_EQ(arrival.Quantile(0.9), 27);
  arrival.WaitUntil(20);
  EXPECT_DOUBLE_EQ(arrival.Quantile(0.9), 27);
  arrival.WaitUntil(40);
  EXPECT_DOUBLE_EQ(arrival.Quantile(0.9), 40);
}

TEST(Arrival, HoldsOfSumsOfWaysAndVisits) {
  Random random(1);
  // Ways and visits in turn: one way alone, and up to five visits before it.
  for (int visits = 0; visits <= 5; ++visits) {
    Arrival arrival;
    std::vector<std::pair<double, double>> parts;
    for (int i = 0; i <= visits; ++i) {
      parts.push_back({static_cast<double>(random.Between(5, 30)), 0.2});
      if (i < visits) {
        parts.push_back({static_cast<double>(random.Between(15, 50)), 0.45});
      }
    }
    for (const auto& [mean, spread] : parts) arrival.Add(mean, spread);
    std::vector<double> drawn;
    for (int i = 0; i < kDraws; ++i) {
      double sum = 0;
      for (const auto& [mean, spread] : parts) {
        sum += Draw(random, mean, spread);
      }
      drawn.push_back(sum);
    }
    EXPECT_NEAR(arrival.mean(), MeanOf(drawn), 0.01 * arrival.mean());
    // In the middle it is a little too careful.
    EXPECT_NEAR(ShareWithin(drawn, arrival.Quantile(0.5)), 0.5, 0.04);
    for (const double share : {0.85, 0.9, 0.95}) {
      EXPECT_NEAR(ShareWithin(drawn, arrival.Quantile(share)), share, 0.015)
          << visits << " visits, " << share;
    }
  }
}

TEST(Arrival, HoldsOfWhatIsUnderWay) {
  Random random(2);
  for (const double elapsed : {0.0, 10.0, 30.0, 45.0, 70.0}) {
    Arrival arrival;
    arrival.AddRest(40, 0.35, elapsed);
    arrival.Add(15, 0.2);
    std::vector<double> drawn;
    for (int i = 0; i < kDraws; ++i) {
      drawn.push_back(DrawRest(random, 40, 0.35, elapsed) +
                      Draw(random, 15, 0.2));
    }
    EXPECT_NEAR(arrival.mean(), MeanOf(drawn), 0.02 * arrival.mean())
        << elapsed;
    EXPECT_NEAR(ShareWithin(drawn, arrival.Quantile(0.9)), 0.9, 0.02)
        << elapsed;
  }
}

TEST(Arrival, NeverEndsForWhatIsLongOverdue) {
  Arrival arrival;
  arrival.AddRest(40, 0.35, 100'000);
  EXPECT_TRUE(std::isfinite(arrival.mean()));
  EXPECT_GT(arrival.mean(), 0);
  EXPECT_GT(arrival.Quantile(0.9), arrival.mean());
}

TEST(Arrival, HoldsWhereAWindowWasAgreed) {
  Random random(3);
  for (const double ready : {10.0, 25.0, 35.0, 60.0}) {
    Arrival arrival;
    arrival.Add(30, 0.25);
    arrival.WaitUntil(ready);
    arrival.Add(20, 0.35);
    std::vector<double> drawn;
    for (int i = 0; i < kDraws; ++i) {
      drawn.push_back(std::max(ready, Draw(random, 30, 0.25)) +
                      Draw(random, 20, 0.35));
    }
    EXPECT_NEAR(arrival.mean(), MeanOf(drawn), 0.02 * arrival.mean()) << ready;
    EXPECT_NEAR(ShareWithin(drawn, arrival.Quantile(0.9)), 0.9, 0.02) << ready;
  }
}

TEST(Arrival, HoldsWhereTwoMustBeReady) {
  Random random(4);
  for (const double visit : {10.0, 20.0, 40.0}) {
    Arrival car;
    car.Add(20, 0.2);
    Arrival physician;
    physician.Add(visit, 0.35);
    car.WaitFor(physician);
    car.Add(15, 0.2);
    std::vector<double> drawn;
    for (int i = 0; i < kDraws; ++i) {
      drawn.push_back(
          std::max(Draw(random, 20, 0.2), Draw(random, visit, 0.35)) +
          Draw(random, 15, 0.2));
    }
    EXPECT_NEAR(car.mean(), MeanOf(drawn), 0.02 * car.mean()) << visit;
    EXPECT_NEAR(ShareWithin(drawn, car.Quantile(0.9)), 0.9, 0.025) << visit;
  }
}

// --- What a center learns of its own visits
// -----------------------------------

core::Board BoardWith(const std::vector<double>& minutes, int calls = 1) {
  core::Board board;
  core::Center center;
  center.id = core::CenterId("hino");
  center.policy.visit_duration = absl::Minutes(40);
  center.policy.visit_spread = 0.35;
  board.Put(center);
  for (size_t i = 0; i < minutes.size(); ++i) {
    core::Assignment assignment;
    assignment.id = core::AssignmentId(absl::StrCat("a", i));
    assignment.state = core::AssignmentState::kFinished;
    for (int call = 0; call < calls; ++call) {
      assignment.calls.push_back(core::CallId(absl::StrCat("c", i, "-", call)));
    }
    const absl::Time arrive = absl::UnixEpoch() + absl::Hours(i);
    assignment.arrive = core::Stamp{arrive, std::nullopt};
    assignment.leave =
        core::Stamp{arrive + absl::Minutes(minutes[i]), std::nullopt};
    board.Put(assignment);
  }
  return board;
}

TEST(LearnVisitTimes, TrustsThePolicyWhereNothingWasSeen) {
  const VisitTimes times = LearnVisitTimes(BoardWith({}));
  EXPECT_NEAR(times.factor, 1, 1e-9);
  EXPECT_NEAR(times.spread, 0.35, 1e-9);
}

TEST(LearnVisitTimes, FollowsWhatItSees) {
  Random random(5);
  std::vector<double> minutes;
  for (int i = 0; i < 2'000; ++i) minutes.push_back(Draw(random, 60, 0.6));
  const VisitTimes times = LearnVisitTimes(BoardWith(minutes));
  EXPECT_NEAR(times.factor, 1.5, 0.06);
  EXPECT_NEAR(times.spread, 0.6, 0.06);
  // A few change little.
  minutes.resize(3);
  EXPECT_NEAR(LearnVisitTimes(BoardWith(minutes)).factor, 1, 0.1);
}

TEST(LearnVisitTimes, SharesATripAmongItsCallsAndForgetsWhatCannotBe) {
  const std::vector<double> twice(200, 80);
  EXPECT_NEAR(LearnVisitTimes(BoardWith(twice, 2)).factor, 1, 0.02);
  // Nobody said that he left; nobody was there.
  EXPECT_NEAR(LearnVisitTimes(BoardWith({2'000, 0.1, -5})).factor, 1, 1e-9);
}

TEST(AnswerMinutes, AreAShareOfTheOffersTime) {
  core::Policy policy;
  policy.urgent_offer_timeout = absl::Minutes(2);
  policy.offer_timeout = absl::Minutes(6);
  policy.departure_nudge = absl::Minutes(10);
  EXPECT_DOUBLE_EQ(AnswerMinutes(policy, core::Urgency::kUrgent), 1);
  EXPECT_DOUBLE_EQ(AnswerMinutes(policy, core::Urgency::kRoutine), 3);
  EXPECT_DOUBLE_EQ(DepartMinutes(policy), 2);
}

}  // namespace
}  // namespace housecall::planner
