// Random networks with one-way and private roads, loops, parallel roads and
// dead ends, against an oracle that shares no code with the search.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "router/road_builder.h"
#include "router/router.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

constexpr uint64_t kFar = ~uint64_t{0};

struct Network {
  RoadData data;
  std::vector<RoadPoint> points;
};

Network MakeNetwork(Random& random) {
  RoadBuilder builder;
  const uint32_t nodes = 2 + random.Below(14);
  for (uint32_t i = 0; i < nodes; ++i) {
    builder.AddNode({static_cast<int32_t>(350000000 + random.Below(100000)),
                     static_cast<int32_t>(1390000000 + random.Below(100000))},
                    i);
  }
  const uint32_t roads = 1 + random.Below(nodes * 2);
  for (uint32_t i = 0; i < roads; ++i) {
    RoadBuilder::Road road;
    road.from_node = random.Below(nodes);
    road.to_node = random.Below(nodes);
    road.length_millimeters = 1 + random.Below(2000);
    road.forward_weight = random.Below(1000);
    road.backward_weight =
        random.OneIn(2) ? road.forward_weight : random.Below(1000);
    if (random.OneIn(3)) {
      (random.OneIn(2) ? road.forward_weight : road.backward_weight) = kClosed;
    }
    if (random.OneIn(4)) road.flags = Segment::kEndsOnly;
    builder.AddRoad(road);
  }
  Network network;
  network.data = builder.Build({}).value();
  for (int i = 0; i < 8; ++i) {
    RoadPoint point;
    point.segment =
        random.Below(static_cast<uint32_t>(network.data.segments.size()));
    const uint32_t length =
        network.data.segments[point.segment].length_millimeters;
    point.offset_millimeters = random.Below(length + 1);
    if (random.OneIn(4)) point.offset_millimeters = 0;
    if (random.OneIn(4)) point.offset_millimeters = length;
    network.points.push_back(point);
  }
  return network;
}

// The weight of a segment's first part.
uint64_t Part(uint32_t weight, uint32_t offset, uint32_t length) {
  return uint64_t{weight} * offset / length;
}

// Bellman and Ford's algorithm on the states of a drive: at a node, and either
// still on the private roads where it began (0), on public roads (1), or on the
// private roads where it will end (2).
uint64_t OracleWeight(const RoadData& data, const RoadPoint& from,
                      const RoadPoint& to) {
  const Segment& start = data.segments[from.segment];
  const Segment& goal = data.segments[to.segment];
  std::vector<std::array<uint64_t, 3>> best(data.nodes.size(),
                                            {kFar, kFar, kFar});
  const auto improve = [&](uint32_t node, int phase, uint64_t weight) {
    if (weight >= best[node][phase]) return false;
    best[node][phase] = weight;
    return true;
  };
  const int first_phase = start.Has(Segment::kEndsOnly) ? 0 : 1;
  if (start.forward_weight != kClosed) {
    improve(start.to_node, first_phase,
            start.forward_weight - Part(start.forward_weight,
                                        from.offset_millimeters,
                                        start.length_millimeters));
  }
  if (start.backward_weight != kClosed) {
    improve(start.from_node, first_phase,
            Part(start.backward_weight, from.offset_millimeters,
                 start.length_millimeters));
  }
  if (from.offset_millimeters == 0) improve(start.from_node, first_phase, 0);
  if (from.offset_millimeters == start.length_millimeters) {
    improve(start.to_node, first_phase, 0);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t node = 0; node < data.nodes.size(); ++node) {
      for (int phase = 0; phase < 2; ++phase) {
        if (best[node][phase] == kFar) continue;
        changed |= improve(node, phase + 1, best[node][phase]);
      }
    }
    for (const Segment& segment : data.segments) {
      for (int phase = 0; phase < 3; ++phase) {
        if (segment.Has(Segment::kEndsOnly) == (phase == 1)) continue;
        const uint64_t at_from = best[segment.from_node][phase];
        const uint64_t at_to = best[segment.to_node][phase];
        if (segment.forward_weight != kClosed && at_from != kFar) {
          changed |=
              improve(segment.to_node, phase, at_from + segment.forward_weight);
        }
        if (segment.backward_weight != kClosed && at_to != kFar) {
          changed |= improve(segment.from_node, phase,
                             at_to + segment.backward_weight);
        }
      }
    }
  }

  uint64_t answer = kFar;
  const auto consider = [&](uint64_t weight, uint64_t rest) {
    if (weight != kFar) answer = std::min(answer, weight + rest);
  };
  const int last_phase = goal.Has(Segment::kEndsOnly) ? 2 : 1;
  const uint32_t length = goal.length_millimeters;
  const uint32_t offset = to.offset_millimeters;
  if (goal.forward_weight != kClosed) {
    consider(best[goal.from_node][last_phase],
             Part(goal.forward_weight, offset, length));
  }
  if (goal.backward_weight != kClosed) {
    consider(best[goal.to_node][last_phase],
             goal.backward_weight - Part(goal.backward_weight, offset, length));
  }
  if (offset == 0) consider(best[goal.from_node][last_phase], 0);
  if (offset == length) consider(best[goal.to_node][last_phase], 0);
  if (from.segment == to.segment) {
    const uint32_t a = from.offset_millimeters;
    if (a == offset) consider(0, 0);
    if (a < offset && goal.forward_weight != kClosed) {
      consider(0, Part(goal.forward_weight, offset, length) -
                      Part(goal.forward_weight, a, length));
    }
    if (a > offset && goal.backward_weight != kClosed) {
      consider(0, Part(goal.backward_weight, a, length) -
                      Part(goal.backward_weight, offset, length));
    }
  }
  return answer;
}

// The path is one that a car may drive, and adds up to its leg.
void CheckPath(const RoadData& data, const RoadPoint& from, const RoadPoint& to,
               const Path& path) {
  ASSERT_FALSE(path.pieces.empty());
  uint64_t weight = 0;
  uint64_t length = 0;
  // Private roads come first and last only.
  int phase = data.segments[from.segment].Has(Segment::kEndsOnly) ? 0 : 1;
  for (size_t i = 0; i < path.pieces.size(); ++i) {
    const PathPiece& piece = path.pieces[i];
    const Segment& segment = data.segments[piece.segment];
    weight += piece.weight;
    const bool forward = piece.begin_millimeters <= piece.end_millimeters;
    length += forward ? piece.end_millimeters - piece.begin_millimeters
                      : piece.begin_millimeters - piece.end_millimeters;
    if (piece.begin_millimeters != piece.end_millimeters) {
      EXPECT_NE(forward ? segment.forward_weight : segment.backward_weight,
                kClosed);
      const bool is_private = segment.Has(Segment::kEndsOnly);
      if (phase == 0 && !is_private) phase = 1;
      if (phase == 1 && is_private) phase = 2;
      EXPECT_EQ(phase == 1, !is_private);
    }
    if (i == 0) continue;
    const PathPiece& before = path.pieces[i - 1];
    const auto node_at = [&](const PathPiece& p, uint32_t offset) {
      const Segment& s = data.segments[p.segment];
      EXPECT_TRUE(offset == 0 || offset == s.length_millimeters);
      return offset == 0 ? s.from_node : s.to_node;
    };
    EXPECT_EQ(node_at(before, before.end_millimeters),
              node_at(piece, piece.begin_millimeters));
  }
  EXPECT_EQ(weight, path.leg.weight);
  EXPECT_EQ(length, path.leg.length_millimeters);
  // A junction may be begun and ended at on another of its roads.
  const auto place = [&](uint32_t segment, uint32_t offset) -> int64_t {
    const Segment& s = data.segments[segment];
    if (offset == 0) return s.from_node;
    if (offset == s.length_millimeters) return s.to_node;
    return -1 - int64_t{segment} * 10000 - offset;
  };
  EXPECT_EQ(
      place(path.pieces.front().segment, path.pieces.front().begin_millimeters),
      place(from.segment, from.offset_millimeters));
  EXPECT_EQ(
      place(path.pieces.back().segment, path.pieces.back().end_millimeters),
      place(to.segment, to.offset_millimeters));
}

TEST(Query, AgreesWithBellmanAndFordOnRandomNetworks) {
  int reachable = 0;
  int unreachable = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Network network = MakeNetwork(random);
    const std::shared_ptr<const RoadMap> map =
        RoadMap::Create(network.data).value();
    const RoadData& data = map->data();
    Query query(map.get());
    const absl::Span<const RoadPoint> points(network.points);
    const std::vector<Leg> rows = query.Matrix(points.subspan(0, 4), points);
    const std::vector<Leg> columns = query.Matrix(points, points.subspan(0, 4));
    for (size_t i = 0; i < points.size(); ++i) {
      for (size_t j = 0; j < points.size(); ++j) {
        const uint64_t expected = OracleWeight(data, points[i], points[j]);
        const uint32_t wanted =
            expected == kFar ? kUnreachable : static_cast<uint32_t>(expected);
        ++(expected == kFar ? unreachable : reachable);
        const std::optional<Path> path = query.FindPath(points[i], points[j]);
        ASSERT_EQ(path.has_value() ? path->leg.weight : kUnreachable, wanted)
            << i << " to " << j;
        if (i < 4) {
          ASSERT_EQ(rows[i * points.size() + j].weight, wanted);
        }
        if (j < 4) {
          ASSERT_EQ(columns[i * 4 + j].weight, wanted);
        }
        if (path.has_value()) CheckPath(data, points[i], points[j], *path);
      }
    }
    if (HasFailure()) return;
  }
  // The networks are of both kinds, so that the test tests both answers.
  EXPECT_GT(reachable, 10000);
  EXPECT_GT(unreachable, 10000);
}

TEST(Query, ConnectedPartsAreWhatTheOracleReaches) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Network network = MakeNetwork(random);
    const RoadData& data = network.data;
    const auto middle = [&](size_t segment) {
      RoadPoint point;
      point.segment = static_cast<uint32_t>(segment);
      point.offset_millimeters = data.segments[segment].length_millimeters / 2;
      return point;
    };
    constexpr uint8_t kMain = Segment::kReachesMain | Segment::kReachedFromMain;
    for (size_t i = 0; i < data.segments.size(); ++i) {
      for (size_t j = 0; j < data.segments.size(); ++j) {
        const uint64_t weight = OracleWeight(data, middle(i), middle(j));
        if (data.segments[i].component != data.segments[j].component) {
          EXPECT_EQ(weight, kFar) << i << " to " << j;
        }
        if ((data.segments[i].flags & kMain) == kMain &&
            (data.segments[j].flags & kMain) == kMain) {
          EXPECT_NE(weight, kFar) << i << " to " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace housecall::router
