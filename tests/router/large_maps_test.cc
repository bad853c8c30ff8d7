// Real road networks of a large town's size; slow in a debug build.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <osmium/io/pbf_input.hpp>
#include <osmium/osm/way.hpp>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/map_file.h"
#include "router/router.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"
#include "tests/router/real_map.h"

namespace housecall::router {
namespace {

TEST(LargeMaps, PortoIsMostlyOneNetworkAndDated) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "porto");
  const std::shared_ptr<const RoadMap> map = ImportRealMap(path);
  const RoadData& data = map->data();
  ASSERT_TRUE(data.source_time.has_value());
  EXPECT_EQ(
      absl::FormatTime("%Y-%m-%d", *data.source_time, absl::UTCTimeZone()),
      "2015-06-06");
  EXPECT_GT(MainSegments(data), data.segments.size() * 98 / 100);
  // Over the Douro, whose bridges are few.
  const Route route = RoadTravelTimes(map)
                          .FindRoute({41.1450, -8.6100}, {41.1330, -8.6100})
                          .value();
  EXPECT_GT(route.distance_meters, 1500);
  EXPECT_LT(route.distance_meters, 6000);

  // Forwards and backwards, from one and from many, on one-way and private
  // roads.
  Random random(5);
  std::vector<RoadPoint> points;
  while (points.size() < 12) {
    const absl::StatusOr<Snap> snap = map->FindSnap(
        {random.Between(41.0, 41.38), random.Between(-8.7, -8.4)});
    if (snap.ok()) points.push_back(snap->nearest);
  }
  Query query(map.get());
  const std::vector<Leg> wide =
      query.Matrix(absl::MakeConstSpan(points).subspan(0, 5), points);
  for (size_t j = 0; j < points.size(); ++j) {
    const std::vector<Leg> column =
        query.ManyToOne(absl::MakeConstSpan(points).subspan(0, 5), points[j]);
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(column[i].weight, wide[i * points.size() + j].weight);
      const std::optional<Path> found = query.FindPath(points[i], points[j]);
      ASSERT_EQ(found.has_value(), column[i].reachable());
      if (found.has_value()) {
        EXPECT_EQ(found->leg.weight, column[i].weight);
      }
    }
  }
}

// Everything that the index answers is what the plain search answers.
void ExpectIndexIsExact(const RoadMap& map, int sources, int targets) {
  Random random(7);
  const auto points = [&](int count) {
    std::vector<RoadPoint> some;
    while (static_cast<int>(some.size()) < count) {
      RoadPoint point;
      point.segment =
          random.Below(static_cast<uint32_t>(map.data().segments.size()));
      point.offset_millimeters = random.Below(
          map.data().segments[point.segment].length_millimeters + 1);
      some.push_back(point);
    }
    return some;
  };
  const std::vector<RoadPoint> from = points(sources);
  const std::vector<RoadPoint> to = points(targets);
  Query query(&map);
  Query plain(&map, Query::Method::kPlain);
  const std::vector<Leg> legs = query.Matrix(from, to);
  const std::vector<Leg> expected = plain.Matrix(from, to);
  for (size_t i = 0; i < legs.size(); ++i) ASSERT_EQ(legs[i], expected[i]) << i;
  for (size_t i = 0; i < legs.size(); i += 97) {
    const std::optional<Path> path =
        query.FindPath(from[i / to.size()], to[i % to.size()]);
    ASSERT_EQ(path.has_value(), expected[i].reachable()) << i;
    if (!path.has_value()) continue;
    ASSERT_EQ(path->leg, expected[i]) << i;
    uint64_t weight = 0;
    for (const PathPiece& piece : path->pieces) weight += piece.weight;
    ASSERT_EQ(weight, path->leg.weight) << i;
  }
}

TEST(LargeMaps, PortoHasTurnRestrictionsAndAnExactIndex) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "porto");
  ImportReport report;
  absl::StatusOr<RoadData> data = ImportOsm(path, {}, &report);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_GT(report.turn_relations, 250);
  EXPECT_GT(report.forbidden_paths, 200);
  ExpectIndexIsExact(*RoadMap::Create(*std::move(data)).value(), 40, 1000);
}

// An arc as the source has it: from, to, weight.
using SourceArcs = std::map<int64_t, std::vector<std::pair<int64_t, uint32_t>>>;

// Dijkstra's algorithm as in a textbook, by the source's node numbers.
std::map<int64_t, uint64_t> TextbookWeights(const SourceArcs& arcs,
                                            int64_t from) {
  std::map<int64_t, uint64_t> settled;
  std::priority_queue<std::pair<uint64_t, int64_t>,
                      std::vector<std::pair<uint64_t, int64_t>>, std::greater<>>
      queue;
  queue.push({0, from});
  while (!queue.empty()) {
    const auto [weight, node] = queue.top();
    queue.pop();
    if (!settled.emplace(node, weight).second) continue;
    for (const auto& [to, arc_weight] : arcs.at(node)) {
      if (settled.count(to) == 0) queue.push({weight + arc_weight, to});
    }
  }
  return settled;
}

TEST(LargeMaps, NewYorkKeepsNodesAndWeightsOfItsSource) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "new-york");
  const std::shared_ptr<const RoadMap> map = ImportRealMap(path);
  const RoadData& data = map->data();
  EXPECT_EQ(data.nodes.size(), 264346u);
  EXPECT_EQ(data.weight_unit_microseconds, 2880u);

  // What the file says, read without the importer.
  SourceArcs arcs;
  std::vector<std::tuple<int64_t, int64_t, uint32_t, uint32_t>> ways;
  osmium::io::Reader reader(path, osmium::osm_entity_bits::way);
  while (const osmium::memory::Buffer buffer = reader.read()) {
    for (const osmium::Way& way : buffer.select<osmium::Way>()) {
      uint32_t weight = 0;
      uint32_t decimeters = 0;
      for (const osmium::Tag& tag : way.tags()) {
        const std::string key = tag.key();
        if (key == "dimacs:t" || key == "dimacs t") {
          ASSERT_TRUE(absl::SimpleAtoi(tag.value(), &weight));
        }
        if (key == "dimacs:d" || key == "dimacs d") {
          ASSERT_TRUE(absl::SimpleAtoi(tag.value(), &decimeters));
        }
      }
      const int64_t a = way.nodes().front().ref();
      const int64_t b = way.nodes().back().ref();
      arcs[a].emplace_back(b, weight);
      arcs[b].emplace_back(a, weight);
      ways.emplace_back(std::min(a, b), std::max(a, b), weight,
                        decimeters * 100);
    }
  }
  reader.close();
  ASSERT_EQ(ways.size(), 365050u);

  std::vector<std::tuple<int64_t, int64_t, uint32_t, uint32_t>> segments;
  std::map<int64_t, RoadPoint> points;
  for (uint32_t i = 0; i < data.segments.size(); ++i) {
    const Segment& segment = data.segments[i];
    EXPECT_EQ(segment.forward_weight, segment.backward_weight);
    const int64_t a = data.source_node_ids[segment.from_node];
    const int64_t b = data.source_node_ids[segment.to_node];
    segments.emplace_back(std::min(a, b), std::max(a, b),
                          segment.forward_weight, segment.length_millimeters);
    RoadPoint point;
    point.segment = i;
    points[a] = point;
    point.offset_millimeters = segment.length_millimeters;
    points[b] = point;
  }
  std::sort(ways.begin(), ways.end());
  std::sort(segments.begin(), segments.end());
  EXPECT_TRUE(ways == segments);

  // And the sums: one search per source node to a thousand others.
  Random random(1);
  Query query(map.get());
  for (int round = 0; round < 2; ++round) {
    const int64_t from = 1 + random.Below(264346);
    const std::map<int64_t, uint64_t> expected = TextbookWeights(arcs, from);
    std::vector<int64_t> targets;
    std::vector<RoadPoint> target_points;
    for (int i = 0; i < 1000; ++i) {
      targets.push_back(1 + random.Below(264346));
      target_points.push_back(points.at(targets.back()));
    }
    const std::vector<Leg> there =
        query.OneToMany(points.at(from), target_points);
    const std::vector<Leg> back =
        query.ManyToOne(target_points, points.at(from));
    for (size_t i = 0; i < targets.size(); ++i) {
      ASSERT_EQ(there[i].weight, expected.at(targets[i])) << targets[i];
      ASSERT_EQ(back[i].weight, expected.at(targets[i])) << targets[i];
    }
  }

  ExpectIndexIsExact(*map, 10, 1000);

  const std::string map_path = TestFolder() + "/new-york.map";
  ASSERT_TRUE(SaveMap(data, map_path).ok());
  const absl::Time start_time = absl::Now();
  const absl::StatusOr<std::shared_ptr<const RoadMap>> opened =
      OpenMap(map_path);
  const absl::Duration open_duration = absl::Now() - start_time;
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->data(), data);
  RecordProperty("open_milliseconds",
                 static_cast<int>(absl::ToInt64Milliseconds(open_duration)));
}

}  // namespace
}  // namespace housecall::router
