// Random networks with one-way and private roads, loops, parallel roads and
// dead ends, against an oracle that shares no code with the search.
#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "router/road_builder.h"
#include "router/router.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

constexpr uint64_t kFar = ~uint64_t{0};

RandomNetwork MakeNetwork(Random& random) {
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
  RandomNetwork network;
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
  EXPECT_EQ(length, path.length_millimeters);
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
    const RandomNetwork network = MakeNetwork(random);
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
    const RandomNetwork network = MakeNetwork(random);
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

// A network with turns that take their time or are forbidden.
RandomNetwork MakeNetworkWithTurns(Random& random) {
  RandomNetwork network = MakeNetwork(random);
  RoadData& data = network.data;
  data.turn_weights = {random.Below(500), random.Below(500), random.Below(500)};
  const auto begin_of = [&](ArcRoad road) {
    const Segment& segment = data.segments[road.segment()];
    return road.backward() ? segment.to_node : segment.from_node;
  };
  std::vector<ArcRoad> all;
  for (uint32_t i = 0; i < data.segments.size(); ++i) {
    if (data.segments[i].forward_weight != kClosed) {
      all.push_back(ArcRoad::Of(i, false));
    }
    if (data.segments[i].backward_weight != kClosed) {
      all.push_back(ArcRoad::Of(i, true));
    }
  }
  const uint32_t paths = random.Below(2 * static_cast<uint32_t>(all.size()));
  for (uint32_t i = 0; i < paths; ++i) {
    std::vector<ArcRoad> path = {
        all[random.Below(static_cast<uint32_t>(all.size()))]};
    const uint32_t length = 2 + random.Below(3);
    while (path.size() < length) {
      std::vector<ArcRoad> next;
      for (const ArcRoad road : all) {
        if (begin_of(road) == begin_of(path.back().reversed())) {
          next.push_back(road);
        }
      }
      if (next.empty()) break;
      path.push_back(next[random.Below(static_cast<uint32_t>(next.size()))]);
    }
    if (path.size() < 2) continue;
    data.forbidden_paths.push_back(
        {static_cast<uint32_t>(data.path_roads.size())});
    data.path_roads.insert(data.path_roads.end(), path.begin(), path.end());
  }
  return network;
}

// Dijkstra's algorithm on drives, as they are remembered by the roads driven
// last: what a person with a map would do.
class TurnOracle {
 public:
  explicit TurnOracle(const RoadData& data) : data_(data) {
    for (size_t i = 0; i < data.forbidden_paths.size(); ++i) {
      const size_t end = i + 1 < data.forbidden_paths.size()
                             ? data.forbidden_paths[i + 1].first_road
                             : data.path_roads.size();
      std::vector<uint32_t>& path = paths_.emplace_back();
      for (size_t at = data.forbidden_paths[i].first_road; at < end; ++at) {
        path.push_back(data.path_roads[at].code);
      }
    }
  }

  // From one point to each of `to`.
  std::vector<uint64_t> Weights(const RoadPoint& from,
                                const std::vector<RoadPoint>& to);

  // True if no part of these roads is a forbidden path.
  bool Allows(const std::vector<uint32_t>& roads) const {
    for (const std::vector<uint32_t>& path : paths_) {
      if (std::search(roads.begin(), roads.end(), path.begin(), path.end()) !=
          roads.end()) {
        return false;
      }
    }
    return true;
  }

 private:
  // The last three roads at most, and the phase as OracleWeight has it.
  struct State {
    std::vector<uint32_t> roads;
    int phase;

    friend auto operator<=>(const State&, const State&) = default;
  };

  const Segment& SegmentOf(uint32_t code) const {
    return data_.segments[code >> 1];
  }
  uint32_t BeginOf(uint32_t code) const {
    return (code & 1) != 0 ? SegmentOf(code).to_node
                           : SegmentOf(code).from_node;
  }
  uint32_t EndOf(uint32_t code) const { return BeginOf(code ^ 1); }
  uint32_t WeightOf(uint32_t code) const {
    return (code & 1) != 0 ? SegmentOf(code).backward_weight
                           : SegmentOf(code).forward_weight;
  }
  // The weight of a road up to a point on it.
  uint64_t PartOf(uint32_t code, const RoadPoint& point) const {
    const uint64_t part = Part(WeightOf(code), point.offset_millimeters,
                               SegmentOf(code).length_millimeters);
    return (code & 1) != 0 ? WeightOf(code) - part : part;
  }
  bool IsAtNode(const RoadPoint& point) const {
    return point.offset_millimeters == 0 ||
           point.offset_millimeters ==
               data_.segments[point.segment].length_millimeters;
  }
  uint32_t NodeOf(const RoadPoint& point) const {
    const Segment& segment = data_.segments[point.segment];
    return point.offset_millimeters == 0 ? segment.from_node : segment.to_node;
  }
  std::vector<uint32_t> RoadsFrom(uint32_t node) const {
    std::vector<uint32_t> roads;
    for (uint32_t code = 0; code < 2 * data_.segments.size(); ++code) {
      if (WeightOf(code) != kClosed && BeginOf(code) == node) {
        roads.push_back(code);
      }
    }
    return roads;
  }
  // The phases in which a drive may be on a road after one before.
  std::vector<int> PhasesOn(uint32_t code, int before) const {
    if (!SegmentOf(code).Has(Segment::kEndsOnly)) {
      return before <= 1 ? std::vector<int>{1} : std::vector<int>{};
    }
    return before == 0 ? std::vector<int>{0, 2} : std::vector<int>{2};
  }
  uint64_t TurnWeight(uint32_t in, uint32_t out) const;
  // Every road that may be driven after those of `state`, in which phase.
  std::vector<std::pair<uint32_t, int>> Next(const State& state) const;

  const RoadData& data_;
  std::vector<std::vector<uint32_t>> paths_;
};

uint64_t TurnOracle::TurnWeight(uint32_t in, uint32_t out) const {
  if (out == (in ^ 1)) return data_.turn_weights.back;
  const uint32_t node = EndOf(in);
  int ends = 0;
  for (const Segment& segment : data_.segments) {
    ends += segment.from_node == node ? 1 : 0;
    ends += segment.to_node == node ? 1 : 0;
  }
  if (ends < 3) return 0;
  const auto heading = [&](uint32_t code) -> std::optional<double> {
    const FixedPoint a = data_.nodes[BeginOf(code)];
    const FixedPoint b = data_.nodes[EndOf(code)];
    if (a == b) return std::nullopt;
    return std::atan2(
        b.latitude_e7 - a.latitude_e7,
        (b.longitude_e7 - a.longitude_e7) *
            std::cos(data_.nodes[node].latitude_e7 * 1e-7 * kRadiansPerDegree));
  };
  const std::optional<double> before = heading(in);
  const std::optional<double> after = heading(out);
  // A loop without points in between has no direction.
  if (!before.has_value() || !after.has_value()) return 0;
  const double turn = std::remainder(*after - *before, 2 * std::acos(-1));
  if (std::abs(turn) <= std::acos(-1) / 4) return 0;
  // Straight back by a parallel road, across the oncoming traffic.
  if (std::abs(turn) > std::acos(-1) - 1e-9) return data_.turn_weights.right;
  return turn > 0 ? data_.turn_weights.left : data_.turn_weights.right;
}

std::vector<std::pair<uint32_t, int>> TurnOracle::Next(
    const State& state) const {
  const uint32_t last = state.roads.back();
  std::vector<std::pair<uint32_t, int>> next;
  std::vector<std::pair<uint32_t, int>> back;
  bool goes_on = false;
  for (const uint32_t road : RoadsFrom(EndOf(last))) {
    std::vector<uint32_t> roads = state.roads;
    roads.push_back(road);
    if (!Allows(roads)) continue;
    for (const int phase : PhasesOn(road, state.phase)) {
      (road == (last ^ 1) ? back : next).emplace_back(road, phase);
      // A private road at the end of a drive leads a drive nowhere else.
      if (road != (last ^ 1) && (phase != 2 || state.phase != 1)) {
        goes_on = true;
      }
    }
  }
  if (!goes_on) next.insert(next.end(), back.begin(), back.end());
  return next;
}

std::vector<uint64_t> TurnOracle::Weights(const RoadPoint& from,
                                          const std::vector<RoadPoint>& to) {
  std::vector<uint64_t> answers(to.size(), kFar);
  const auto is_private = [&](const RoadPoint& point) {
    return data_.segments[point.segment].Has(Segment::kEndsOnly);
  };
  // A drive comes to the begin of a road, in a phase.
  const auto enter = [&](uint32_t road, int phase, uint64_t weight) {
    for (size_t i = 0; i < to.size(); ++i) {
      if (to[i].segment != road >> 1 || IsAtNode(to[i]) ||
          phase != (is_private(to[i]) ? 2 : 1)) {
        continue;
      }
      answers[i] = std::min(answers[i], weight + PartOf(road, to[i]));
    }
  };
  std::set<std::pair<uint64_t, State>> queue;
  std::map<State, uint64_t> best;
  const auto reach = [&](State state, uint64_t weight) {
    if (state.roads.size() > 3) state.roads.erase(state.roads.begin());
    const auto [it, is_new] = best.try_emplace(state, weight);
    if (!is_new) {
      if (it->second <= weight) return;
      queue.erase({it->second, state});
      it->second = weight;
    }
    queue.insert({weight, state});
  };

  if (IsAtNode(from)) {
    for (const uint32_t road : RoadsFrom(NodeOf(from))) {
      for (const int phase : PhasesOn(road, is_private(from) ? 0 : 1)) {
        enter(road, phase, 0);
        reach({{road}, phase}, WeightOf(road));
      }
    }
  } else {
    for (const uint32_t road : {from.segment * 2, from.segment * 2 + 1}) {
      if (WeightOf(road) == kClosed) continue;
      const uint64_t part = PartOf(road, from);
      reach({{road}, is_private(from) ? 0 : 1}, WeightOf(road) - part);
      for (size_t i = 0; i < to.size(); ++i) {
        if (to[i].segment != from.segment || IsAtNode(to[i])) continue;
        const bool is_ahead =
            (road & 1) != 0
                ? to[i].offset_millimeters < from.offset_millimeters
                : to[i].offset_millimeters > from.offset_millimeters;
        if (!is_ahead) continue;
        answers[i] = std::min(answers[i], PartOf(road, to[i]) - part);
      }
    }
  }
  for (size_t i = 0; i < to.size(); ++i) {
    if (IsAtNode(from) && IsAtNode(to[i]) && NodeOf(from) == NodeOf(to[i])) {
      answers[i] = 0;
    }
    // Along a road to its end needs no state.
    if (from.segment == to[i].segment &&
        from.offset_millimeters == to[i].offset_millimeters) {
      answers[i] = 0;
    }
  }
  while (!queue.empty()) {
    const auto [weight, state] = *queue.begin();
    queue.erase(queue.begin());
    for (size_t i = 0; i < to.size(); ++i) {
      if (!IsAtNode(to[i]) || EndOf(state.roads.back()) != NodeOf(to[i])) {
        continue;
      }
      if (state.phase == 2 && !is_private(to[i])) continue;
      answers[i] = std::min(answers[i], weight);
    }
    for (const auto& [road, phase] : Next(state)) {
      const uint64_t begin = weight + TurnWeight(state.roads.back(), road);
      enter(road, phase, begin);
      State next = {state.roads, phase};
      next.roads.push_back(road);
      reach(std::move(next), begin + WeightOf(road));
    }
  }
  return answers;
}

TEST(Query, KeepsTurnsAsAnOracleThatRemembersRoads) {
  int reachable = 0;
  int unreachable = 0;
  for (uint64_t seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomNetwork network = MakeNetworkWithTurns(random);
    const std::shared_ptr<const RoadMap> map =
        RoadMap::Create(network.data).value();
    const RoadData& data = map->data();
    const std::vector<RoadPoint>& points = network.points;
    Query query(map.get());
    Query plain(map.get(), Query::Method::kPlain);
    const std::vector<Leg> legs = query.Matrix(points, points);
    TurnOracle oracle(data);
    for (size_t i = 0; i < points.size(); ++i) {
      const std::vector<uint64_t> expected = oracle.Weights(points[i], points);
      for (size_t j = 0; j < points.size(); ++j) {
        const uint32_t wanted = expected[j] == kFar
                                    ? kUnreachable
                                    : static_cast<uint32_t>(expected[j]);
        ++(expected[j] == kFar ? unreachable : reachable);
        ASSERT_EQ(plain.FindLeg(points[i], points[j]).weight, wanted)
            << i << " to " << j;
        ASSERT_EQ(legs[i * points.size() + j].weight, wanted)
            << i << " to " << j;
        for (Query* const one : {&query, &plain}) {
          const std::optional<Path> path = one->FindPath(points[i], points[j]);
          ASSERT_EQ(path.has_value() ? path->leg.weight : kUnreachable, wanted)
              << i << " to " << j;
          if (!path.has_value()) continue;
          CheckPath(data, points[i], points[j], *path);
          std::vector<uint32_t> roads;
          for (const PathPiece& piece : path->pieces) {
            if (piece.begin_millimeters == piece.end_millimeters) continue;
            roads.push_back(
                ArcRoad::Of(piece.segment,
                            piece.begin_millimeters > piece.end_millimeters)
                    .code);
          }
          EXPECT_TRUE(oracle.Allows(roads)) << i << " to " << j;
        }
      }
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(reachable, 10000);
  EXPECT_GT(unreachable, 2000);
}

TEST(Query, IndexAgreesWithThePlainSearchOnTowns) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomNetwork network = MakeTown(random);
    const std::shared_ptr<const RoadMap> map =
        RoadMap::Create(network.data).value();
    const std::vector<RoadPoint>& points = network.points;
    Query query(map.get());
    Query plain(map.get(), Query::Method::kPlain);
    const std::vector<Leg> legs = query.Matrix(points, points);
    const std::vector<Leg> expected = plain.Matrix(points, points);
    EXPECT_EQ(legs, expected);
    // The same question gets the same answer.
    EXPECT_EQ(query.Matrix(points, points), legs);
    for (int i = 0; i < 1000; ++i) {
      const size_t a = random.Below(static_cast<uint32_t>(points.size()));
      const size_t b = random.Below(static_cast<uint32_t>(points.size()));
      const std::optional<Path> path = query.FindPath(points[a], points[b]);
      const Leg& leg = expected[a * points.size() + b];
      ASSERT_EQ(path.has_value(), leg.reachable());
      if (!path.has_value()) continue;
      ASSERT_EQ(path->leg, leg);
      CheckPath(map->data(), points[a], points[b], *path);
    }
  }
}

}  // namespace
}  // namespace housecall::router
