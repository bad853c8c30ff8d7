#include "router/isochrone.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "router/anchors.h"
#include "router/dijkstra.h"
#include "tests/router/ascii_map.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

double Meters(const std::vector<PathPiece>& pieces) {
  double meters = 0;
  for (const PathPiece& piece : pieces) {
    meters += (std::max(piece.begin_millimeters, piece.end_millimeters) -
               std::min(piece.begin_millimeters, piece.end_millimeters)) /
              1000.0;
  }
  return meters;
}

TEST(CostsToAll, AreThoseOfThePlainSearch) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    const RandomNetwork town = MakeTown(random);
    const auto map = RoadMap::Create(town.data).value();
    const Graph& graph = map->graph();
    const std::vector<RoadPoint> from(town.points.begin(),
                                      town.points.begin() + 3);
    const std::vector<Cost> costs = CostsToAll(*map, *map->metric(), from);
    std::vector<Dijkstra::Seed> seeds;
    for (const RoadPoint& point : from) {
      for (const Anchor& anchor : DepartAnchors(*map, *map->metric(), point)) {
        seeds.push_back({anchor.state, anchor.cost});
      }
    }
    std::vector<uint32_t> states(graph.states());
    std::iota(states.begin(), states.end(), 0);
    Dijkstra dijkstra(&graph);
    dijkstra.Run(map->metric()->weights(), Dijkstra::Direction::kForwards,
                 seeds, states);
    int reached = 0;
    for (const uint32_t state : states) {
      ASSERT_EQ(costs[state], dijkstra.cost(state)) << state;
      reached += costs[state] != kNoWay ? 1 : 0;
    }
    EXPECT_GT(reached, 500);
  }
}

TEST(RoadsWithin, CountEveryStartOnARoad) {
  const AsciiMap map(R"(
    A---p--------------q---B
  )");
  const auto within = [&](uint32_t seconds) {
    return Meters(
        RoadsWithin(*map.map(), *map.map()->metric(),
                    std::vector<RoadPoint>{map.Point('p'), map.Point('q')},
                    seconds * 1000));
  };
  // Both ways from each, at 10 m a second.
  EXPECT_NEAR(within(2), 4 * 20, 0.1);
  // All of it in both directions: cars turn where a road ends.
  EXPECT_NEAR(within(100), 2 * 230, 0.1);
}

TEST(RoadsWithin, ComeBackToTheBeginOfARoadAroundTheBlock) {
  const AsciiMap map(R"(
    A-->-p--B
    |       |
    +-------+
  )");
  const auto within = [&](uint32_t seconds) {
    return Meters(RoadsWithin(*map.map(), *map.map()->metric(),
                              std::vector<RoadPoint>{map.Point('p')},
                              seconds * 1000));
  };
  EXPECT_NEAR(within(3), 30, 0.1);
  // To B, around, and 20 m of the one-way street from its begin.
  EXPECT_NEAR(within(3 + 12 + 2), 30 + 120 + 20, 0.1);
  EXPECT_NEAR(within(100), 80 + 120, 0.1);
}

TEST(RoadsWithin, EndWhereTimeEnds) {
  const AsciiMap map(R"(
    A-----B-----C
    |     |     |
    D--<--E     F
  )");
  // 10 m a second.
  const auto within = [&](char from, uint32_t seconds) {
    return RoadsWithin(*map.map(), *map.map()->metric(),
                       std::vector<RoadPoint>{map.Point(from)}, seconds * 1000);
  };
  EXPECT_TRUE(within('A', 0).empty());
  // Two roads away from A, 10 m of each.
  EXPECT_NEAR(Meters(within('A', 1)), 20, 0.1);
  // The whole of AB, BC and CF, and AD; and DE against its direction not.
  EXPECT_NEAR(Meters(within('C', 2)), 20 + 20, 0.1);
  // Four roads both ways; ED one way; and BE one way, since nobody turns round
  // at E.
  const std::vector<PathPiece> all = within('A', 1000);
  EXPECT_NEAR(Meters(all), 2 * (60 + 60 + 20 + 20) + 60 + 20, 0.1);
}

TEST(AreasAround, SurroundRoadsAndLeaveHoles) {
  const AsciiMap map(R"(
    A-----------B     E--F
    |           |
    |           |
    |           |
    |           |
    |           |
    |           |
    C-----------D
  )");
  const RoadData& data = map.map()->data();
  std::vector<PathPiece> pieces;
  for (uint32_t i = 0; i < data.segments.size(); ++i) {
    pieces.push_back({i, 0, data.segments[i].length_millimeters, 0});
  }
  const std::vector<Area> areas = AreasAround(data, pieces, 8);
  ASSERT_EQ(areas.size(), 2u);
  EXPECT_EQ(areas[0].rings.size(), 2u);
  EXPECT_EQ(areas[1].rings.size(), 1u);
  for (const Area& area : areas) {
    for (size_t i = 0; i < area.rings.size(); ++i) {
      const std::vector<LatLng>& ring = area.rings[i];
      ASSERT_GE(ring.size(), 5u);
      EXPECT_EQ(ring.front(), ring.back());
      double area_sum = 0;
      for (size_t j = 0; j + 1 < ring.size(); ++j) {
        area_sum +=
            (ring[j].longitude_degrees - ring[0].longitude_degrees) *
                (ring[j + 1].latitude_degrees - ring[0].latitude_degrees) -
            (ring[j + 1].longitude_degrees - ring[0].longitude_degrees) *
                (ring[j].latitude_degrees - ring[0].latitude_degrees);
      }
      EXPECT_EQ(area_sum > 0, i == 0);
    }
  }
  EXPECT_TRUE(AreasAround(data, {}, 8).empty());
}

}  // namespace
}  // namespace housecall::router
