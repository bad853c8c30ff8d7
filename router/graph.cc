#include "router/graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "router/geo.h"

namespace housecall::router {
namespace {

// The forbidden paths as Aho and Corasick's automaton: what of the roads driven
// last is the beginning of such a path.
class PathMemory {
 public:
  static constexpr uint32_t kNothing = 0;

  explicit PathMemory(const RoadData& data);

  uint32_t nodes() const { return static_cast<uint32_t>(nodes_.size()); }
  ArcRoad road(uint32_t node) const { return nodes_[node].road; }
  uint32_t depth(uint32_t node) const { return nodes_[node].depth; }

  uint32_t Next(uint32_t node, ArcRoad road) const {
    while (true) {
      const auto it = nodes_[node].next.find(road.code);
      if (it != nodes_[node].next.end()) return it->second;
      if (node == kNothing) return kNothing;
      node = nodes_[node].shorter;
    }
  }
  // Whether nobody may go on to a road, or at some hours only.
  struct Judgment {
    bool is_forbidden = false;
    // In ascending order.
    std::vector<uint32_t> hours;
  };
  Judgment Judge(uint32_t node, ArcRoad road) const {
    Judgment judgment;
    for (; node != kNothing; node = nodes_[node].shorter) {
      for (const Forbidden& forbidden : nodes_[node].forbidden) {
        if (!(forbidden.road == road)) continue;
        if (forbidden.hours == ForbiddenPath::kAlways) {
          judgment.is_forbidden = true;
          return judgment;
        }
        judgment.hours.push_back(forbidden.hours);
      }
    }
    std::sort(judgment.hours.begin(), judgment.hours.end());
    judgment.hours.erase(
        std::unique(judgment.hours.begin(), judgment.hours.end()),
        judgment.hours.end());
    return judgment;
  }

 private:
  struct Forbidden {
    ArcRoad road;
    uint32_t hours;
  };
  struct Node {
    ArcRoad road;
    uint32_t depth = 0;
    // The longest other beginning that the same roads end with.
    uint32_t shorter = kNothing;
    std::map<uint32_t, uint32_t> next;
    std::vector<Forbidden> forbidden;
  };

  std::vector<Node> nodes_;
};

PathMemory::PathMemory(const RoadData& data) : nodes_(1) {
  for (size_t i = 0; i < data.forbidden_paths.size(); ++i) {
    const size_t end = i + 1 < data.forbidden_paths.size()
                           ? data.forbidden_paths[i + 1].first_road
                           : data.path_roads.size();
    uint32_t node = kNothing;
    for (size_t at = data.forbidden_paths[i].first_road; at + 1 < end; ++at) {
      const ArcRoad road = data.path_roads[at];
      const auto [it, is_new] =
          nodes_[node].next.try_emplace(road.code, nodes());
      const uint32_t next = it->second;
      if (is_new) {
        Node added;
        added.road = road;
        added.depth = nodes_[node].depth + 1;
        nodes_.push_back(std::move(added));
      }
      node = next;
    }
    nodes_[node].forbidden.push_back(
        {data.path_roads[end - 1], data.forbidden_paths[i].hours});
  }
  // By depth, so that shorter beginnings are linked before longer ones.
  std::vector<uint32_t> queue = {kNothing};
  for (size_t at = 0; at < queue.size(); ++at) {
    const uint32_t node = queue[at];
    for (const auto& [code, next] : nodes_[node].next) {
      nodes_[next].shorter = node == kNothing
                                 ? kNothing
                                 : Next(nodes_[node].shorter, ArcRoad{code});
      queue.push_back(next);
    }
  }
}

// What turns cost, by the angles between roads.
class TurnJudge {
 public:
  explicit TurnJudge(const RoadData& data)
      : data_(data), roads_at_(data.nodes.size()) {
    for (const Segment& segment : data.segments) {
      ++roads_at_[segment.from_node];
      ++roads_at_[segment.to_node];
    }
  }

  uint32_t Weight(ArcRoad from, ArcRoad to, uint32_t node) const {
    const TurnWeights& weights = data_.turn_weights;
    if (to == from.reversed()) return weights.back;
    if (roads_at_[node] < 3 || (weights.left == 0 && weights.right == 0)) {
      return 0;
    }
    const Vector in = LastStretch(from);
    const Vector out = -LastStretch(to.reversed());
    const double dot = in.east * out.east + in.north * out.north;
    const double cross = in.east * out.north - in.north * out.east;
    // Within 45 degrees.
    if (std::abs(cross) <= dot) return 0;
    return cross > 0 ? weights.left : weights.right;
  }

 private:
  struct Vector {
    double east;
    double north;
    Vector operator-() const { return {-east, -north}; }
  };

  // The last straight stretch of a road that has a length.
  Vector LastStretch(ArcRoad road) const {
    const uint32_t number = road.segment();
    const size_t begin = data_.segments[number].first_point;
    const size_t end = number + 1 < data_.segments.size()
                           ? data_.segments[number + 1].first_point
                           : data_.points.size();
    const FixedPoint last = data_.points[road.backward() ? begin : end - 1];
    FixedPoint before = last;
    for (size_t i = 1; i < end - begin && before == last; ++i) {
      before = data_.points[road.backward() ? begin + i : end - 1 - i];
    }
    const double north = double{1.0} * last.latitude_e7 - before.latitude_e7;
    const double east = double{1.0} * last.longitude_e7 - before.longitude_e7;
    return {east * std::cos(last.latitude_e7 * 1e-7 * kRadiansPerDegree),
            north};
  }

  const RoadData& data_;
  std::vector<uint32_t> roads_at_;
};

}  // namespace

void Graph::ListRoads(const RoadData& data) {
  segments_ =
      data.segments.empty() ? nullptr : &std::as_const(data).segments[0];
  const auto each = [&](const auto& add) {
    for (uint32_t i = 0; i < data.segments.size(); ++i) {
      for (const bool backward : {false, true}) {
        const ArcRoad road = ArcRoad::Of(i, backward);
        add(BeginOf(road), road);
      }
    }
  };
  first_road_.assign(data.nodes.size() + 1, 0);
  each([&](uint32_t node, ArcRoad) { ++first_road_[node + 1]; });
  std::partial_sum(first_road_.begin(), first_road_.end(), first_road_.begin());
  roads_.resize(first_road_.back());
  std::vector<uint32_t> next(first_road_.begin(), first_road_.end() - 1);
  each([&](uint32_t node, ArcRoad road) { roads_[next[node]++] = road; });
}

Graph::Graph(const RoadData& data) {
  ListRoads(data);
  std::vector<uint32_t> segments;
  std::vector<Turn> all_turns;
  const PathMemory memory(data);
  const TurnJudge judge(data);
  const auto is_private = [&](uint32_t segment) {
    return data.segments[segment].Has(Segment::kEndsOnly);
  };

  std::vector<std::vector<uint32_t>> remembered(
      memory.nodes() > 1 ? data.segments.size() : 0);
  for (uint32_t node = 1; node < memory.nodes(); ++node) {
    // One road back, every state knows anyway.
    if (memory.depth(node) < 2) continue;
    remembered[memory.road(node).segment()].push_back(node);
  }
  std::vector<uint8_t> traits;
  std::vector<uint32_t> block_memory;
  std::vector<uint32_t> block_of_memory(memory.nodes(), kNone);
  const auto add_blocks = [&](uint32_t segment, uint32_t memory_node) {
    const auto add = [&](Layer layer) {
      segments.push_back(segment);
      const int remembers = memory_node == PathMemory::kNothing   ? 0
                            : memory.road(memory_node).backward() ? 2
                                                                  : 1;
      traits.push_back(
          static_cast<uint8_t>(static_cast<int>(layer) | remembers << 2));
      block_memory.push_back(memory_node);
    };
    if (!is_private(segment)) return add(Layer::kPublic);
    add(Layer::kBegin);
    add(Layer::kEnd);
  };
  for (uint32_t i = 0; i < data.segments.size(); ++i) {
    first_block_.push_back(static_cast<uint32_t>(segments.size()));
    add_blocks(i, PathMemory::kNothing);
    if (remembered.empty()) continue;
    for (const uint32_t node : remembered[i]) {
      block_of_memory[node] = static_cast<uint32_t>(segments.size());
      add_blocks(i, node);
    }
  }
  first_block_.push_back(static_cast<uint32_t>(segments.size()));

  const uint32_t state_count = static_cast<uint32_t>(segments.size()) * 2;

  // Turn::condition has 12 bits. A map with more kinds of hours than that
  // forbids the rest at all hours.
  constexpr uint32_t kMostConditions = 1u << 12;
  conditions_.emplace_back();
  std::map<std::vector<uint32_t>, uint32_t> condition_numbers;

  std::vector<uint16_t> turn_counts(state_count);
  all_turns.reserve(size_t{state_count} * 3);
  for (uint32_t state = 0; state < state_count; ++state) {
    const size_t first_turn = all_turns.size();
    const uint32_t block = state >> 1;
    if ((state & 1) == 0) {
      first_turn_.push_back(static_cast<uint32_t>(first_turn));
    }
    const ArcRoad in = ArcRoad::Of(segments[block], (state & 1) != 0);
    const Segment& segment = data.segments[in.segment()];
    if (IsClosed(in)) continue;
    uint32_t known = block_memory[block];
    if (known != PathMemory::kNothing && !(memory.road(known) == in)) continue;
    if (known == PathMemory::kNothing) {
      known = memory.Next(PathMemory::kNothing, in);
    }
    const uint32_t node = in.backward() ? segment.from_node : segment.to_node;
    const auto turn_into = [&](ArcRoad out, uint32_t condition, Layer to_layer,
                               bool leads_on) {
      const uint32_t next = memory.Next(known, out);
      const uint32_t base = memory.depth(next) < 2 ? first_block_[out.segment()]
                                                   : block_of_memory[next];
      const uint32_t to_block = base + (to_layer == Layer::kEnd ? 1 : 0);
      Turn turn;
      turn.state = to_block * 2 + (out.backward() ? 1 : 0);
      turn.weight = judge.Weight(in, out, node);
      turn.condition = condition;
      turn.is_back = out == in.reversed() ? 1 : 0;
      turn.leads_on = leads_on ? 1 : 0;
      all_turns.push_back(turn);
      if (condition != 0) {
        conditions_[condition].turns.push_back({state, turn.state});
      }
    };
    const Layer layer = static_cast<Layer>(traits[block] & 3);
    for (const ArcRoad out : At(node)) {
      if (IsClosed(out)) continue;
      const PathMemory::Judgment judgment = memory.Judge(known, out);
      if (judgment.is_forbidden) continue;
      uint32_t condition = 0;
      if (!judgment.hours.empty()) {
        const auto [found, is_new] =
            condition_numbers.try_emplace(judgment.hours, conditions());
        condition = found->second;
        if (condition >= kMostConditions) continue;
        if (is_new) conditions_.push_back({judgment.hours, {}});
      }
      if (!is_private(out.segment())) {
        if (layer != Layer::kEnd) {
          turn_into(out, condition, Layer::kPublic, true);
        }
        continue;
      }
      // Who turns from a public road into a private one goes nowhere else.
      const bool leads_on = layer != Layer::kPublic;
      if (layer == Layer::kBegin) {
        turn_into(out, condition, Layer::kBegin, leads_on);
      }
      turn_into(out, condition, Layer::kEnd, leads_on);
    }
    std::sort(all_turns.begin() + static_cast<std::ptrdiff_t>(first_turn),
              all_turns.end(),
              [](const Turn& a, const Turn& b) { return a.state < b.state; });
    turn_counts[state] = static_cast<uint16_t>(all_turns.size() - first_turn);
  }
  all_turns.shrink_to_fit();
  segment_ = std::move(segments);
  traits_ = std::move(traits);
  turn_counts_ = std::move(turn_counts);
  out_ = std::move(all_turns);
}

Graph::Stored Graph::ToStored() const {
  Stored stored;
  stored.segments = segment_;
  stored.traits = traits_;
  stored.turn_counts = turn_counts_;
  stored.turns = out_;
  for (uint32_t i = 1; i < conditions(); ++i) {
    stored.condition_counts.push_back(
        static_cast<uint32_t>(conditions_[i].hours.size()));
    for (const uint32_t hours : conditions_[i].hours) {
      stored.condition_hours.push_back(hours);
    }
  }
  return stored;
}

absl::StatusOr<Graph> Graph::FromStored(const RoadData& data, Stored stored) {
  const auto wrong = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("its graph: ", what));
  };
  const size_t blocks = stored.segments.size();
  if (blocks < data.segments.size() || blocks > (1u << 30) ||
      stored.traits.size() != blocks ||
      stored.turn_counts.size() != blocks * 2) {
    return wrong("sizes");
  }
  Graph graph;
  graph.segment_ = std::move(stored.segments);
  graph.first_block_.reserve(data.segments.size() + 1);
  const absl::Span<const uint32_t> segments(graph.segment_);
  for (uint32_t block = 0; block < blocks; ++block) {
    // Each segment has one, in order.
    const uint32_t segment = segments[block];
    const size_t known = graph.first_block_.size();
    if (segment == known && known < data.segments.size()) {
      graph.first_block_.push_back(block);
    } else if (known == 0 || segment != known - 1) {
      return wrong("blocks");
    }
    const uint8_t traits = stored.traits.data()[block];
    if ((traits & 3) > static_cast<int>(Layer::kEnd) || traits >> 2 > 2) {
      return wrong("traits");
    }
  }
  graph.traits_ = std::move(stored.traits);
  if (graph.first_block_.size() != data.segments.size()) return wrong("blocks");
  graph.first_block_.push_back(static_cast<uint32_t>(blocks));
  for (size_t i = 0; i < data.segments.size(); ++i) {
    // A private road has two layers.
    const uint32_t first = graph.first_block_[i];
    if (graph.layer(first) != Layer::kPublic &&
        graph.first_block_[i + 1] - first < 2) {
      return wrong("layers");
    }
  }

  graph.conditions_.emplace_back();
  size_t hours_begin = 0;
  for (const uint32_t count : std::as_const(stored.condition_counts)) {
    if (count > stored.condition_hours.size() - hours_begin) {
      return wrong("conditions");
    }
    TurnCondition& condition = graph.conditions_.emplace_back();
    for (size_t i = hours_begin; i < hours_begin + count; ++i) {
      const uint32_t hours = std::as_const(stored.condition_hours)[i];
      if (hours >= data.hours.size()) return wrong("hours");
      condition.hours.push_back(hours);
    }
    hours_begin += count;
  }

  graph.turn_counts_ = std::move(stored.turn_counts);
  const absl::Span<const uint16_t> counts(graph.turn_counts_);
  graph.first_turn_.reserve(blocks);
  uint64_t end = 0;
  for (size_t block = 0; block < blocks; ++block) {
    graph.first_turn_.push_back(static_cast<uint32_t>(end));
    end += counts[block * 2] + counts[block * 2 + 1];
  }
  if (end != stored.turns.size() ||
      end > std::numeric_limits<uint32_t>::max()) {
    return wrong("turns");
  }
  graph.out_ = std::move(stored.turns);
  for (uint32_t state = 0; state < graph.states(); ++state) {
    uint32_t least = 0;
    for (const Turn& turn : graph.Out(state)) {
      if (turn.state < least || turn.state >= graph.states() ||
          turn.condition >= graph.conditions() ||
          turn.weight > kMaxTurnWeight) {
        return wrong("a turn");
      }
      least = turn.state + 1;
      if (turn.condition != 0) {
        graph.conditions_[turn.condition].turns.push_back({state, turn.state});
      }
    }
  }
  graph.ListRoads(data);
  return graph;
}

std::vector<uint32_t> Graph::ArriveStates(ArcRoad road) const {
  const uint32_t segment = road.segment();
  const uint32_t direction = road.backward() ? 1 : 0;
  std::vector<uint32_t> states;
  for (uint32_t block = first_block_[segment];
       block < first_block_[segment + 1]; ++block) {
    if (layer(block) == Layer::kBegin || !MayBeIn(block, direction)) continue;
    states.push_back(block * 2 + direction);
  }
  return states;
}

std::vector<uint32_t> Graph::DepartStatesAt(uint32_t node,
                                            bool on_private) const {
  std::vector<uint32_t> states;
  for (const ArcRoad road : At(node)) {
    if (IsClosed(road)) continue;
    const uint32_t state = DepartState(road);
    if (layer(state >> 1) == Layer::kPublic) {
      states.push_back(state);
      continue;
    }
    if (on_private) states.push_back(state);
    // The next block is that of the other layer.
    states.push_back(state + 2);
  }
  return states;
}

std::vector<uint32_t> Graph::ArriveStatesAt(uint32_t node,
                                            bool on_private) const {
  std::vector<uint32_t> states;
  for (const ArcRoad away : At(node)) {
    const ArcRoad road = away.reversed();
    if (IsClosed(road)) continue;
    const uint32_t direction = road.backward() ? 1 : 0;
    const uint32_t segment = road.segment();
    for (uint32_t block = first_block_[segment];
         block < first_block_[segment + 1]; ++block) {
      if (layer(block) == Layer::kEnd && !on_private) continue;
      if (MayBeIn(block, direction)) states.push_back(block * 2 + direction);
    }
  }
  return states;
}

}  // namespace housecall::router
