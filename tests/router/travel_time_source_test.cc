#include "router/travel_time_source.h"

#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/import/demo_town.h"
#include "tests/router/ascii_map.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr LatLng kNowhere = {-35, 10};

double Seconds(const TravelCell& cell) {
  return cell.reachable ? absl::ToDoubleSeconds(cell.duration) : -1;
}

const char kTown[] = R"(
    A--p--B-----C
    |     |     |
    D=====E=====F

    G--q--H
)";

TEST(RoadTravelTimes, FillsTheTable) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  const absl::StatusOr<TravelTable> table = source.Times(
      {map.At('A'), map.At('p')}, {map.At('C'), map.At('F'), map.At('A')});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->origins(), 2u);
  EXPECT_EQ(table->destinations(), 3u);
  EXPECT_EQ(Seconds(table->at(0, 0)), 10);
  EXPECT_EQ(Seconds(table->at(0, 1)), 8);
  EXPECT_EQ(Seconds(table->at(0, 2)), 0);
  EXPECT_NEAR(Seconds(table->at(1, 0)), 9, 0.01);
  EXPECT_EQ(source.description(), "road map ascii");
}

TEST(RoadTravelTimes, OneBadPositionSpoilsOnlyItsOwnCells) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  const double nan = std::nan("");
  const absl::StatusOr<TravelTable> table =
      source.Times({map.At('A'), {nan, nan}, kNowhere, map.At('B')},
                   {{nan, 3}, map.At('C'), {95, 0}});
  ASSERT_TRUE(table.ok());
  EXPECT_TRUE(table->origin_status(0).ok());
  EXPECT_EQ(table->origin_status(1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(table->origin_status(2).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(table->origin_status(3).ok());
  EXPECT_EQ(table->destination_status(0).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(table->destination_status(1).ok());
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      EXPECT_EQ(table->at(i, j).reachable, (i == 0 || i == 3) && j == 1);
    }
  }
  EXPECT_EQ(Seconds(table->at(0, 1)), 10);
  EXPECT_EQ(Seconds(table->at(3, 1)), 6);
}

TEST(RoadTravelTimes, FallsBackToTheMainNetwork) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  // q is on a road of its own; D–E is two lines above.
  const absl::StatusOr<TravelTable> table = source.Times(
      {map.At('q'), map.At('A')}, {map.At('q'), map.At('H'), map.At('F')});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(Seconds(table->at(0, 0)), 0);
  EXPECT_NEAR(Seconds(table->at(0, 1)), 3, 0.01);
  EXPECT_NEAR(Seconds(table->at(0, 2)), 4.5, 0.01);
  EXPECT_NEAR(Seconds(table->at(1, 0)), 3.5, 0.01);
  const absl::StatusOr<Route> route =
      source.FindRoute(map.At('q'), map.At('F'));
  ASSERT_TRUE(route.ok());
  EXPECT_NEAR(absl::ToDoubleSeconds(route->duration), 4.5, 0.01);
  EXPECT_NEAR(route->from_road_meters, 20, 0.1);
}

TEST(RoadTravelTimes, SaysThatNoWayLeadsToAnotherPart) {
  const AsciiMap map(kTown);
  RoadTravelTimes::Options options;
  options.snap_radius_meters = 15;
  const RoadTravelTimes source(map.map(), options);
  const absl::StatusOr<TravelTable> table =
      source.Times({map.At('A')}, {map.At('q')});
  ASSERT_TRUE(table.ok());
  EXPECT_TRUE(table->origin_status(0).ok());
  EXPECT_TRUE(table->destination_status(0).ok());
  EXPECT_FALSE(table->at(0, 0).reachable);
  const absl::Status status =
      source.FindRoute(map.At('A'), map.At('q')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not connected"));
}

TEST(RoadTravelTimes, RouteSaysWhichPositionIsWrong) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  EXPECT_THAT(
      std::string(source.FindRoute(kNowhere, map.At('A')).status().message()),
      StartsWith("from: the position is outside the map"));
  EXPECT_THAT(
      std::string(source.FindRoute(map.At('A'), {0, 999}).status().message()),
      StartsWith("to: longitude 999"));
}

TEST(RoadTravelTimes, RouteFollowsTheRoads) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  const absl::StatusOr<Route> route =
      source.FindRoute(map.At('A'), map.At('F'));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(absl::ToDoubleSeconds(route->duration), 8);
  EXPECT_EQ(route->distance_meters, 140);
  EXPECT_THAT(route->points,
              ElementsAre(map.At('A'), map.At('D'), map.At('E'), map.At('F')));
  ASSERT_EQ(route->steps.size(), 1u);
  EXPECT_EQ(route->steps[0].duration, route->duration);
  EXPECT_NEAR(route->steps[0].distance_meters, 140, 0.001);
}

TEST(RoadTravelTimes, RouteToWhereOneIsHasTwoPoints) {
  const AsciiMap map(kTown);
  const absl::StatusOr<Route> route =
      RoadTravelTimes(map.map()).FindRoute(map.At('p'), map.At('p'));
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->duration, absl::ZeroDuration());
  EXPECT_EQ(route->points.size(), 2u);
}

TEST(RoadTravelTimes, RefusesTablesThatAreTooLarge) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  const std::vector<LatLng> many(3000, map.At('A'));
  EXPECT_EQ(source.Times(many, many).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StraightLine().Times(many, many).status().code(),
            absl::StatusCode::kInvalidArgument);
  // The same place three thousand times is searched from once.
  EXPECT_TRUE(source.Times(many, {map.At('B')}).ok());
  EXPECT_TRUE(source.Times({}, many).ok());
}

TEST(RoadTravelTimes, AnswersSeveralThreadsAtOnce) {
  const AsciiMap map(kTown);
  const RoadTravelTimes source(map.map());
  const CachedTravelTimes cached(&source, {.max_cells = 10});
  const std::string names = "ABCDEFpq";
  std::vector<LatLng> all;
  for (const char name : names) all.push_back(map.At(name));
  const TravelTable expected = source.Times(all, all).value();
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      Random random(t);
      for (int round = 0; round < 200; ++round) {
        const size_t i = random.Below(static_cast<uint32_t>(all.size()));
        const TravelTimeSource& asked =
            t % 2 == 0 ? static_cast<const TravelTimeSource&>(source) : cached;
        const TravelTable row = asked.Times({all[i]}, all).value();
        for (size_t j = 0; j < all.size(); ++j) {
          if (Seconds(row.at(0, j)) != Seconds(expected.at(i, j))) ++wrong[t];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

TEST(StraightLine, IsDistanceTimesDetourOverSpeed) {
  StraightLine::Options options;
  options.detour_factor = 1.5;
  options.speed_km_per_hour = 30;
  const StraightLine source = StraightLine::Create(options).value();
  const LatLng from = {35, 139};
  const LatLng to = {35 + 1000 / kMetersPerDegree, 139};
  const absl::StatusOr<TravelTable> table =
      source.Times({from, {100, 0}}, {to, from});
  ASSERT_TRUE(table.ok());
  EXPECT_NEAR(Seconds(table->at(0, 0)), 180, 0.001);
  EXPECT_EQ(Seconds(table->at(0, 1)), 0);
  EXPECT_FALSE(table->at(1, 0).reachable);
  EXPECT_EQ(table->origin_status(1).code(), absl::StatusCode::kInvalidArgument);
  const absl::StatusOr<Route> route = source.FindRoute(from, to);
  ASSERT_TRUE(route.ok());
  EXPECT_NEAR(route->distance_meters, 1500, 0.001);
  EXPECT_THAT(route->points, ElementsAre(from, to));
  EXPECT_EQ(source.FindRoute(from, {0, 200}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(source.description(), "straight line x 1.5 at 30 km/h");
}

TEST(StraightLine, RefusesNumbersThatMakeNoSense) {
  for (const double wrong : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    StraightLine::Options options;
    options.detour_factor = wrong;
    EXPECT_FALSE(StraightLine::Create(options).ok()) << wrong;
    options = {};
    options.speed_km_per_hour = wrong;
    EXPECT_FALSE(StraightLine::Create(options).ok()) << wrong;
  }
}

// Counts what it is asked.
class CountingSource : public TravelTimeSource {
 public:
  std::unique_ptr<const TravelTimeSource> Pinned(
      const RoadPolicy& policy) const override {
    return line_.Pinned(policy);
  }
  std::string description() const override { return "counting"; }
  absl::StatusOr<TravelTable> Times(
      absl::Span<const LatLng> origins,
      absl::Span<const LatLng> destinations) const override {
    cells_ += origins.size() * destinations.size();
    return line_.Times(origins, destinations);
  }
  absl::StatusOr<Route> FindRoute(const LatLng& from,
                                  const LatLng& to) const override {
    return line_.FindRoute(from, to);
  }
  // Since it was last called.
  size_t TakeCells() { return std::exchange(cells_, 0); }

 private:
  StraightLine line_;
  mutable size_t cells_ = 0;
};

LatLng Place(int i) { return {35 + i * 0.01, 139}; }

TEST(CachedTravelTimes, AsksOnlyForWhatItLacks) {
  CountingSource source;
  const CachedTravelTimes cached(&source);
  const TravelTable first =
      cached.Times({Place(0), Place(1)}, {Place(2), Place(3)}).value();
  EXPECT_EQ(source.TakeCells(), 4u);
  const TravelTable second =
      cached.Times({Place(0), Place(1)}, {Place(2), Place(3)}).value();
  EXPECT_EQ(source.TakeCells(), 0u);
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) {
      EXPECT_EQ(first.at(i, j).duration, second.at(i, j).duration);
      EXPECT_TRUE(second.at(i, j).reachable);
    }
  }
  // One new origin: its row only.
  EXPECT_TRUE(cached.Times({Place(0), Place(4)}, {Place(2), Place(3)}).ok());
  EXPECT_EQ(source.TakeCells(), 2u);
  // A pair is not its reverse.
  EXPECT_TRUE(cached.Times({Place(2)}, {Place(0)}).ok());
  EXPECT_EQ(source.TakeCells(), 1u);
}

TEST(CachedTravelTimes, TellsOfBadPositionsEachTime) {
  CountingSource source;
  const CachedTravelTimes cached(&source);
  for (int round = 0; round < 2; ++round) {
    const TravelTable table =
        cached.Times({Place(0), {99, 0}}, {Place(1)}).value();
    EXPECT_TRUE(table.origin_status(0).ok());
    EXPECT_EQ(table.origin_status(1).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(table.at(0, 0).reachable);
    EXPECT_FALSE(table.at(1, 0).reachable);
  }
}

TEST(CachedTravelTimes, ForgetsWhatWasUsedLongestAgo) {
  CountingSource source;
  const CachedTravelTimes cached(&source, {.max_cells = 2});
  const auto ask = [&](int i) {
    EXPECT_TRUE(cached.Times({Place(i)}, {Place(9)}).ok());
    return source.TakeCells();
  };
  EXPECT_EQ(ask(0), 1u);
  EXPECT_EQ(ask(1), 1u);
  EXPECT_EQ(ask(0), 0u);
  EXPECT_EQ(ask(2), 1u);  // In the place of 1.
  EXPECT_EQ(ask(0), 0u);
  EXPECT_EQ(ask(1), 1u);
}

TEST(CachedTravelTimes, WithoutRoomIsTheSourceItself) {
  CountingSource source;
  const CachedTravelTimes cached(&source, {.max_cells = 0});
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(cached.Times({Place(0)}, {Place(1)})->at(0, 0).reachable);
    EXPECT_EQ(source.TakeCells(), 1u);
  }
  EXPECT_EQ(cached.description(), "counting");
  EXPECT_TRUE(cached.FindRoute(Place(0), Place(1)).ok());
}

}  // namespace
}  // namespace housecall::router
