#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/polyline.h"
#include "router/road_builder.h"
#include "router/router.h"
#include "tests/router/ascii_map.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

using ::testing::HasSubstr;

LatLng Moved(LatLng position, double east_meters, double north_meters) {
  position.latitude_degrees += north_meters / kMetersPerDegree;
  position.longitude_degrees +=
      east_meters / (kMetersPerDegree *
                     std::cos(position.latitude_degrees * kRadiansPerDegree));
  return position;
}

TEST(FindSnap, TakesTheNearestPointOfTheNearestRoad) {
  const AsciiMap map(R"(
    A----------B

       p


    C----------D
  )");
  const RoadPoint point = map.Point('p');
  EXPECT_NEAR(point.distance_meters, 20, 0.05);
  EXPECT_NEAR(StraightDistanceMeters(point.position, map.At('A')), 30, 0.05);
  const Segment& segment = map.map()->data().segments[point.segment];
  EXPECT_EQ(segment.length_millimeters, 110000u);
}

TEST(FindSnap, MeasuresAlongBends) {
  const AsciiMap map(R"(
    A--+
       |
       p
       |
       +--B
  )");
  const RoadPoint point = map.Point('p');
  const Segment& segment = map.map()->data().segments[point.segment];
  EXPECT_EQ(segment.length_millimeters, 100000u);
  EXPECT_NEAR(point.offset_millimeters, 50000, 50);
  EXPECT_LT(point.distance_meters, 0.02);
}

TEST(FindSnap, EndsOfRoadsAreExact) {
  const AsciiMap map("A----B");
  const RoadPoint a = map.Point('A');
  const RoadPoint b = map.Point('B');
  const Segment& segment = map.map()->data().segments[a.segment];
  const uint32_t length = segment.length_millimeters;
  EXPECT_EQ(a.offset_millimeters + b.offset_millimeters, length);
  EXPECT_TRUE(a.offset_millimeters == 0 || a.offset_millimeters == length);
  EXPECT_EQ(a.position, map.At('A'));
  EXPECT_EQ(a.distance_meters, 0);
  // Beyond the end the end is nearest.
  const Snap beyond = map.map()->FindSnap(Moved(map.At('B'), 100, 5)).value();
  EXPECT_EQ(beyond.nearest.offset_millimeters, b.offset_millimeters);
}

TEST(FindSnap, RefusesWhatIsNoPosition) {
  const AsciiMap map("A----B");
  EXPECT_EQ(map.map()->FindSnap({91, 139}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(map.map()->FindSnap({std::nan(""), 139}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(FindSnap, SaysHowFarTheNearestRoadIs) {
  const AsciiMap map(R"(
    A----------B

    C----------D
  )");
  SnapOptions options;
  options.radius_meters = 50;
  const LatLng near = Moved(map.At('C'), 50, -49);
  EXPECT_TRUE(map.map()->FindSnap(near, options).ok());
  // Beside the map's corner: within the bounds and their margin, but too far.
  const absl::Status status =
      map.map()->FindSnap(Moved(map.At('C'), -49, -49), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "the position is 69 m from the nearest road, the limit is 50 m");
}

TEST(FindSnap, SaysWhatTheMapCoversToPositionsOutside) {
  const AsciiMap map(R"(
    A----------B

    C----------D
  )");
  EXPECT_TRUE(map.map()->FindSnap(Moved(map.At('A'), 0, 499)).ok());
  const absl::Status status =
      map.map()->FindSnap(Moved(map.At('A'), 0, 510)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("outside the map ascii, which covers latitudes "
                        "34.9998 to 35.0000"));
  EXPECT_EQ(map.map()->FindSnap({-35, 139}).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(FindSnap, AlsoFindsTheMainNetwork) {
  const AsciiMap map(R"(
    A----B
    |    |
    C----D

       p
    E----F
  )");
  const Snap snap = map.map()->FindSnap(map.At('p')).value();
  ASSERT_TRUE(snap.main.has_value());
  EXPECT_NEAR(snap.nearest.distance_meters, 10, 0.05);
  EXPECT_NEAR(snap.main->distance_meters, 20, 0.05);
  EXPECT_NE(snap.main->segment, snap.nearest.segment);

  SnapOptions options;
  options.radius_meters = 15;
  EXPECT_FALSE(map.map()->FindSnap(map.At('p'), options)->main.has_value());
  const Snap at_main = map.map()->FindSnap(map.At('A')).value();
  EXPECT_EQ(at_main.main->segment, at_main.nearest.segment);
}

TEST(FindSnap, OfEquallyNearRoadsPrefersThePublicOne) {
  for (const char* drawing : {"A..B--C", "A--B..C"}) {
    const AsciiMap map(drawing);
    EXPECT_FALSE(map.map()->data().segments[map.Point('B').segment].Has(
        Segment::kEndsOnly))
        << drawing;
  }
}

// Thousands of crooked roads: the index finds what looking at all of them does.
TEST(SpatialIndex, AgreesWithLookingAtEveryRoad) {
  Random random(7);
  RoadBuilder builder;
  for (int i = 0; i < 3000; ++i) {
    RoadBuilder::Road road;
    const auto place = [&](double around_latitude, double around_longitude) {
      return ToFixed({around_latitude + random.Between(-0.002, 0.002),
                      around_longitude + random.Between(-0.002, 0.002)});
    };
    const double latitude = random.Between(35, 35.1);
    const double longitude = random.Between(139, 139.1);
    road.from_node = builder.AddNode(place(latitude, longitude), 2 * i);
    road.to_node = builder.AddNode(place(latitude, longitude), 2 * i + 1);
    for (uint32_t points = random.Below(4); points > 0; --points) {
      road.via.push_back(place(latitude, longitude));
    }
    road.length_millimeters = 100000;
    road.forward_weight = 1000;
    if (random.OneIn(3)) road.flags = Segment::kEndsOnly;
    builder.AddRoad(road);
  }
  const RoadData data = builder.Build({}).value();
  const SpatialIndex index(&data);
  for (int i = 0; i < 300; ++i) {
    const LatLng position = {random.Between(34.95, 35.15),
                             random.Between(138.95, 139.15)};
    const uint8_t flags = random.OneIn(2) ? Segment::kEndsOnly : 0;
    double best = 1e9;
    for (size_t segment = 0; segment < data.segments.size(); ++segment) {
      if ((data.segments[segment].flags & flags) != flags) continue;
      best = std::min(
          best, NearestOnLine(Plane(position), SegmentPoints(data, segment))
                    .distance_meters);
    }
    const std::optional<RoadPoint> found = index.FindNearest(position, flags);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->distance_meters, best);
    EXPECT_EQ(data.segments[found->segment].flags & flags, flags);
    EXPECT_LE(found->offset_millimeters, 100000u);
    EXPECT_NEAR(StraightDistanceMeters(position, found->position), best,
                best * 0.002 + 0.02);
  }
  EXPECT_FALSE(index.FindNearest({35, 139}, Segment::kLink).has_value());
}

TEST(LinePart, CutsTheLineAtItsOffsets) {
  const std::vector<FixedPoint> line = {{350000000, 1390000000},
                                        {350001000, 1390000000},
                                        {350001000, 1390000000},
                                        {350003000, 1390000000}};
  // 0.0003 degrees, taken to be 3000 mm long.
  const auto latitudes = [&](uint32_t begin, uint32_t end) {
    std::vector<int> result;
    for (const LatLng& point : LinePart(line, 3000, begin, end)) {
      result.push_back(ToFixed(point).latitude_e7 - 350000000);
    }
    return result;
  };
  using V = std::vector<int>;
  EXPECT_EQ(latitudes(0, 3000), (V{0, 1000, 1000, 3000}));
  EXPECT_EQ(latitudes(3000, 0), (V{3000, 1000, 1000, 0}));
  EXPECT_EQ(latitudes(500, 700), (V{500, 700}));
  EXPECT_EQ(latitudes(2000, 500), (V{2000, 1000, 1000, 500}));
  EXPECT_EQ(latitudes(0, 0), (V{0, 0}));
  EXPECT_EQ(latitudes(3000, 3000), (V{3000, 3000}));
}

TEST(FindSnap, AHomeAboveATunnelBelongsToTheStreet) {
  const auto snap_to = [](double street_meters) {
    RoadData data = Import(absl::StrCat(R"(
      n 1 0 0
      n 2 400 0
      n 3 0 )",
                                        street_meters, R"(
      n 4 400 )",
                                        street_meters, R"(
      w 10 1,2 highway=motorway name=tunnel
      w 11 3,4 highway=residential name=street
      w 12 1,3 highway=residential name=between
    )"));
    const std::vector<std::string> names = data.names;
    const size_t first = static_cast<size_t>(
        std::find(data.source_node_ids.begin(), data.source_node_ids.end(), 1) -
        data.source_node_ids.begin());
    const LatLng begin = ToLatLng(data.nodes[first]);
    const auto map = RoadMap::Create(std::move(data)).value();
    // 6 m from the tunnel.
    const Snap snap = map->FindSnap(Moved(begin, 200, 6)).value();
    return names[map->data().segments[snap.nearest.segment].name];
  };
  EXPECT_EQ(snap_to(25), "street");
  EXPECT_EQ(snap_to(35), "street");
  // A car far from any street is in the tunnel.
  EXPECT_EQ(snap_to(60), "tunnel");
}

TEST(FindCandidates, TellsEveryRoadTheNearestFirst) {
  const AsciiMap map(R"(
    A----->-----B
       p
    C-----------D
    :           :
    E.....q.....F
  )");
  const auto candidates = map.map()->FindCandidates(map.At('p'), {12});
  ASSERT_TRUE(candidates.ok()) << candidates.status();
  ASSERT_EQ(candidates->size(), 2u);
  const auto find = [&](const std::vector<SnapCandidate>& all, char node) {
    for (const SnapCandidate& candidate : all) {
      const Segment& segment =
          map.map()->data().segments[candidate.point.segment];
      if (map.map()->data().nodes[segment.from_node] == ToFixed(map.At(node)) ||
          map.map()->data().nodes[segment.to_node] == ToFixed(map.At(node))) {
        return candidate;
      }
    }
    ADD_FAILURE() << node;
    return SnapCandidate();
  };
  // South of the one-way street to the east, whichever way it is drawn.
  const SnapCandidate north = find(*candidates, 'A');
  EXPECT_NE(north.is_open_forward, north.is_open_backward);
  EXPECT_EQ(north.side, north.is_open_forward ? SnapCandidate::Side::kRight
                                              : SnapCandidate::Side::kLeft);
  EXPECT_NEAR(north.point.distance_meters, 10, 0.1);
  const SnapCandidate south = find(*candidates, 'D');
  EXPECT_TRUE(south.is_open_forward && south.is_open_backward);
  EXPECT_NE(south.side, SnapCandidate::Side::kOn);
  // On a private road, and nothing else near.
  const auto on_road = map.map()->FindCandidates(map.At('q'), {5});
  ASSERT_EQ(on_road->size(), 1u);
  EXPECT_TRUE(on_road->front().is_ends_only);
  EXPECT_EQ(on_road->front().side, SnapCandidate::Side::kOn);
  // No more than wanted, and the nearest of them.
  const auto all = map.map()->FindCandidates(map.At('q'), {500});
  ASSERT_GE(all->size(), 4u);
  for (size_t i = 0; i + 1 < all->size(); ++i) {
    EXPECT_LE((*all)[i].point.distance_meters,
              (*all)[i + 1].point.distance_meters);
  }
  EXPECT_EQ(map.map()->FindCandidates(map.At('q'), {500}, 1)->size(), 1u);
  EXPECT_TRUE(
      absl::IsOutOfRange(map.map()->FindCandidates({-35, 10}).status()));
}

TEST(FindCandidates, LeavesOutWhatIsClosedNow) {
  const AsciiMap map(R"(
    A-----B
       p
    C-----D
    |     |
    +-----+
  )");
  const uint32_t closed = map.Point('A').segment;
  const Metric metric(
      *map.map()->metric(),
      std::vector<RoadChange>{{ArcRoad::Of(closed, false), kClosed},
                              {ArcRoad::Of(closed, true), kClosed}});
  const std::vector<SnapCandidate> candidates =
      map.map()->FindCandidates(map.At('p'), {}, 8, &metric).value();
  EXPECT_FALSE(candidates.empty());
  for (const SnapCandidate& candidate : candidates) {
    EXPECT_NE(candidate.point.segment, closed);
  }
}

}  // namespace
}  // namespace housecall::router
