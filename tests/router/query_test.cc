#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/router.h"
#include "tests/router/ascii_map.h"

namespace housecall::router {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// With and without the index it is the same table, `expected`.
void ExpectTable(const AsciiMap& map, absl::string_view from,
                 absl::string_view to, absl::string_view expected) {
  EXPECT_EQ(map.Table(from, to), Squeezed(expected));
  EXPECT_EQ(map.PlainTable(from, to), Squeezed(expected));
}

TEST(Query, FindsTheQuickestOfSeveralWays) {
  const AsciiMap map(R"(
    A-----B-----C
    |     |     |
    D=====E=====F
  )");
  ExpectTable(map, "ABCD", "ABCDEF", R"(
         A    B    C    D    E    F
    A    0    6   10    2    5    8
    B    6    0    6    5    2    5
    C   10    6    0    8    5    2
    D    2    5    8    0    3    6
  )");
}

TEST(Query, KeepsOneWayRoads) {
  const AsciiMap map(R"(
    A-->--B
    |     |
    |     v
    D--<--C
  )");
  ExpectTable(map, "ABCD", "ABCD", R"(
         A    B    C    D
    A    0    6    9    3
    B   12    0    3    9
    C    9   15    0    6
    D    3    9   12    0
  )");
}

TEST(Query, BeginsAndEndsInTheMiddleOfRoads) {
  const AsciiMap map(R"(
    A--p--B
    |     |
    |     q
    C==s==D
  )");
  ExpectTable(map, "pqs", "pqsA", R"(
         p    q    s    A
    p    0    5  7.5    3
    q    5    0  2.5    7
    s  7.5  2.5    0  4.5
  )");
}

TEST(Query, DrivesAlongOneRoadWithoutLeavingIt) {
  const AsciiMap map("A--p---q--B");
  ExpectTable(map, "pq", "pq", R"(
         p  q
    p    0  4
    q    4  0
  )");
}

TEST(Query, GoesAroundToAPointBehindOnAOneWayRoad) {
  const AsciiMap map(R"(
    A--p->-q--B
    |         |
    C---------D
  )");
  ExpectTable(map, "pq", "pq", R"(
          p   q
    p     0   4
    q    20   0
  )");
}

TEST(Query, LeavesARoadAndReturnsWhereThatIsQuicker) {
  // From p to q along the slow road 18 s; around by the fast one 1 + 2 + 10 +
  // 2 + 1.
  const AsciiMap around(R"(
    Ap-----------------qB
    |                   |
    C===================D
  )");
  EXPECT_NEAR(around.Seconds('p', 'q'), 16, 0.01);
  const AsciiMap apart(R"(
    Ap-----------------qB

    C===================D
  )");
  EXPECT_NEAR(apart.Seconds('p', 'q'), 18, 0.01);
}

TEST(Query, CannotPassABarrier) {
  const AsciiMap map(R"(
    A--#--B
    |     |
    C-----D
  )");
  ExpectTable(map, "A", "B", R"(
         B
    A   10
  )");
}

TEST(Query, UsesPrivateRoadsOnlyAtTheEndsOfADrive) {
  const AsciiMap closed(R"(
    A......B
    |      |
    C      D
  )");
  EXPECT_EQ(closed.Seconds('A', 'B'), -1);
  EXPECT_EQ(closed.Seconds('C', 'D'), -1);
  // Straight through the private road it would be 7 s from A to B.
  const AsciiMap open(R"(
    A...p..B
    |      |
    |      |
    C------D
  )");
  ExpectTable(open, "ApBC", "ApBC", R"(
         A   p   B   C
    A    0   4  13   3
    p    4   0   3   7
    B   13   3   0  10
    C    3   7  10   0
  )");
}

TEST(Query, CrossesSeveralPrivateRoadsAtOneEnd) {
  // Out of one estate, over the public road, into the other.
  const AsciiMap map(R"(
    1..A..B----C..D..2
       :  :    :  :
       +..E----F..+
  )");
  ExpectTable(map, "12ABE", "12ABE", R"(
         1   2   A   B   E
    1    0  17   3   6   8
    2   17   0  14  11  13
    A    3  14   0   3   5
    B    6  11   3   0   -
    E    8  13   5   -   0
  )");
}

TEST(Query, AddsWhatTurnsTake) {
  // Right into D 2 s, left out of it 1 s, back at the dead ends 15 s.
  const AsciiMap map(R"(
    A--B--C
       |
       D
  )",
                     {{1000, 2000, 15000}, {}});
  ExpectTable(map, "ABCD", "ABCD", R"(
         A  B  C  D
    A    0  3  6  7
    B    3  0  3  2
    C    6  3  0  6
    D    6  2  7  0
  )");
}

TEST(Query, ChargesNoTurnWhereARoadOnlyBends) {
  const AsciiMap map(R"(
    A--B
       |
       C
  )",
                     {{1000, 2000, 15000}, {}});
  ExpectTable(map, "A", "C", R"(
         C
    A    5
  )");
}

TEST(Query, KeepsForbiddenTurns) {
  // From A into D only after turning round at C.
  const AsciiMap map(R"(
    A--B--C
       |
       D
  )",
                     {{0, 0, 15000}, {"ABD"}});
  ExpectTable(map, "ABCD", "ABCD", R"(
         A  B  C   D
    A    0  3  6  26
    B    3  0  3   2
    C    6  3  0   5
    D    5  2  5   0
  )");
}

TEST(Query, DoesNotTurnRoundWhereARoadLeadsOn) {
  // Without turning round at C the way into D leads around the block.
  const AsciiMap map(R"(
    A--B--C--E
       |     |
       D     |
       |     |
       F-----G
  )",
                     {{0, 0, 0}, {"ABD"}});
  ExpectTable(map, "AB", "CD", R"(
         C   D
    A    6  21
    B    3   2
  )");
}

TEST(Query, KeepsForbiddenTurnsOutOfTheRoadOnWhichADriveBegins) {
  // But who sets out at the junction may turn into every road.
  const AsciiMap map(R"(
    A-p-B--C
        |
        D
  )",
                     {{0, 0, 15000}, {"ABD"}});
  ExpectTable(map, "pB", "D", R"(
          D
    p    25
    B     2
  )");
}

TEST(Query, KeepsForbiddenWaysOverSeveralRoads) {
  // From A over BD to E, but from C over BD to E, and from A over BD to F.
  const AsciiMap map(R"(
    A--B--C
       |
    E--D--F
  )",
                     {{0, 0, 0}, {"ABDE"}});
  ExpectTable(map, "ABCF", "DEF", R"(
         D   E   F
    A    5  14   8
    B    2   5   5
    C    5   8   8
    F    3   6   0
  )");
}

TEST(Query, KeepsForbiddenWaysThatOverlap) {
  // The end of the one is the begin of the other.
  const AsciiMap map(R"(
    A--B--C--D--E
       |  |  |  |
       F--G--H--I
  )",
                     {{0, 0, 0}, {"ABCD", "BCDE", "CDH"}});
  // To D only by way of G and H; to E by way of the lower road.
  ExpectTable(map, "AB", "DE", R"(
         D   E
    A   13  16
    B   6  13
  )");
}

TEST(Query, TellsUnreachableFromFar) {
  const AsciiMap map(R"(
    A--B   C--D

    E->F
  )");
  ExpectTable(map, "ACEF", "ACEF", R"(
         A  C  E  F
    A    0  -  -  -
    C    -  0  -  -
    E    -  -  0  3
    F    -  -  -  0
  )");
}

TEST(Query, StandsAtAJunctionForEveryRoadThere) {
  // A position at B may be found on the one-way road to C, but can leave by
  // every other one.
  const AsciiMap map("A--B->-C");
  ExpectTable(map, "ABC", "ABC", R"(
         A  B  C
    A    0  3  7
    B    3  0  4
    C    -  -  0
  )");
}

TEST(Query, MatrixIsTheSameFromEitherSide) {
  const AsciiMap map(R"(
    A--p->-B-----C
    |      |     |
    D==q===E--r--F
  )");
  std::vector<RoadPoint> all;
  for (const char name : std::string("ABCDEFpqr")) {
    all.push_back(map.Point(name));
  }
  Query query(map.map().get());
  const absl::Span<const RoadPoint> points = absl::MakeConstSpan(all);
  const std::vector<Leg> wide = query.Matrix(points.subspan(0, 3), points);
  const std::vector<Leg> tall = query.Matrix(points, points.subspan(0, 3));
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      const uint32_t weight = query.FindLeg(all[i], all[j]).weight;
      if (i < 3) {
        EXPECT_EQ(wide[i * all.size() + j].weight, weight);
      }
      if (j < 3) {
        EXPECT_EQ(tall[i * 3 + j].weight, weight);
      }
    }
  }
}

TEST(Query, GivesNoLegsForNoPoints) {
  const AsciiMap map("A--B");
  Query query(map.map().get());
  EXPECT_THAT(query.OneToMany(map.Point('A'), {}), IsEmpty());
  EXPECT_THAT(query.Matrix({}, {map.Point('A')}), IsEmpty());
  EXPECT_THAT(query.Matrix({map.Point('A')}, {}), IsEmpty());
}

TEST(Query, PathFollowsTheRoad) {
  const AsciiMap map(R"(
    A--p--+
          |
          +--q--B
  )");
  Query query(map.map().get());
  const std::optional<Path> path =
      query.FindPath(map.Point('p'), map.Point('q'));
  ASSERT_TRUE(path.has_value());
  ASSERT_EQ(path->pieces.size(), 1u);
  EXPECT_NEAR(path->leg.weight, 8000, 5);
  EXPECT_NEAR(path->length_millimeters, 80000, 50);
  const std::vector<LatLng> line =
      PieceLine(map.map()->data(), path->pieces[0]);
  // p, both bends, q.
  ASSERT_EQ(line.size(), 4u);
  EXPECT_LT(StraightDistanceMeters(line.front(), map.At('p')), 0.02);
  EXPECT_LT(StraightDistanceMeters(line.back(), map.At('q')), 0.02);
  EXPECT_LT(StraightDistanceMeters(line[1], line[2]), 20.1);

  const std::optional<Path> back =
      query.FindPath(map.Point('q'), map.Point('p'));
  ASSERT_TRUE(back.has_value());
  std::vector<LatLng> reversed = PieceLine(map.map()->data(), back->pieces[0]);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(reversed, line);
}

TEST(Query, PathOverSeveralRoadsIsWhatItsLegSays) {
  const AsciiMap map(R"(
    A--p--B-----C
          |     |
    D>----E==q==F
  )");
  Query query(map.map().get());
  const std::optional<Path> path =
      query.FindPath(map.Point('p'), map.Point('q'));
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(path->pieces.size(), 3u);
  uint32_t weight = 0;
  uint64_t length = 0;
  for (const PathPiece& piece : path->pieces) {
    weight += piece.weight;
    length += piece.end_millimeters > piece.begin_millimeters
                  ? piece.end_millimeters - piece.begin_millimeters
                  : piece.begin_millimeters - piece.end_millimeters;
  }
  EXPECT_EQ(weight, path->leg.weight);
  EXPECT_NEAR(weight, 6500, 5);
  EXPECT_EQ(length, path->length_millimeters);
}

TEST(Query, PathToWhereOneIsHasTwoEqualPoints) {
  const AsciiMap map("A--p--B");
  Query query(map.map().get());
  const std::optional<Path> path =
      query.FindPath(map.Point('p'), map.Point('p'));
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(path->leg.weight, 0u);
  ASSERT_THAT(path->pieces, Not(IsEmpty()));
  const std::vector<LatLng> line =
      PieceLine(map.map()->data(), path->pieces[0]);
  ASSERT_EQ(line.size(), 2u);
  EXPECT_EQ(line[0], line[1]);
}

TEST(Query, FindsNoPathWhereThereIsNoWay) {
  const AsciiMap map("A->B  C--D");
  Query query(map.map().get());
  EXPECT_FALSE(query.FindPath(map.Point('B'), map.Point('A')).has_value());
  EXPECT_FALSE(query.FindPath(map.Point('A'), map.Point('C')).has_value());
}

TEST(Query, CountsDrivesThatTakeTooLongAsUnreachable) {
  RoadBuilder builder;
  std::vector<uint32_t> nodes;
  for (int i = 0; i < 7; ++i) {
    nodes.push_back(builder.AddNode({350000000 + i * 1000, 1390000000}, i));
  }
  for (int i = 0; i + 1 < 7; ++i) {
    RoadBuilder::Road road;
    road.from_node = nodes[i];
    road.to_node = nodes[i + 1];
    road.forward_weight = road.backward_weight = kMaxDriveWeight / 3;
    road.length_millimeters = 11000;
    builder.AddRoad(road);
  }
  const std::shared_ptr<const RoadMap> map =
      RoadMap::Create(builder.Build({}).value()).value();
  const auto point = [&](int i) {
    return map->FindSnap({35 + i * 0.0001, 139}).value().nearest;
  };
  Query query(map.get());
  EXPECT_EQ(query.FindLeg(point(0), point(3)).weight, kMaxDriveWeight / 3 * 3);
  EXPECT_FALSE(query.FindLeg(point(0), point(4)).reachable());
  EXPECT_FALSE(query.FindLeg(point(6), point(0)).reachable());
}

TEST(Segment, FlagsTellWhatTheMainNetworkReaches) {
  const AsciiMap map(R"(
    A--B--C->-p-D
    |  |
    E--F-<-q--G    H--I
  )");
  const auto segment = [&](char name) {
    return map.map()->data().segments[map.Point(name).segment];
  };
  EXPECT_TRUE(segment('A').Has(Segment::kReachesMain));
  EXPECT_TRUE(segment('A').Has(Segment::kReachedFromMain));
  EXPECT_FALSE(segment('p').Has(Segment::kReachesMain));
  EXPECT_TRUE(segment('p').Has(Segment::kReachedFromMain));
  EXPECT_TRUE(segment('q').Has(Segment::kReachesMain));
  EXPECT_FALSE(segment('q').Has(Segment::kReachedFromMain));
  EXPECT_FALSE(segment('H').Has(Segment::kReachesMain));
  EXPECT_EQ(segment('A').component, 0u);
  EXPECT_EQ(segment('p').component, 0u);
  EXPECT_EQ(segment('H').component, 1u);
}

}  // namespace
}  // namespace housecall::router
