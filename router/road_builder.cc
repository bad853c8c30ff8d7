#include "router/road_builder.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "absl/types/span.h"
#include "router/graph.h"
#include "router/graph_weights.h"
#include "router/nested_dissection.h"
#include "router/router.h"

namespace housecall::router {
namespace {

constexpr uint32_t kNone = 0xffffffff;

// The place of a point on Hilbert's curve through all latitudes and longitudes.
uint64_t HilbertNumber(FixedPoint point) {
  uint32_t x = static_cast<uint32_t>(point.longitude_e7) ^ 0x80000000u;
  uint32_t y = static_cast<uint32_t>(point.latitude_e7) ^ 0x80000000u;
  uint64_t number = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const uint32_t rx = x >> bit & 1;
    const uint32_t ry = y >> bit & 1;
    number = number << 2 | ((3 * rx) ^ ry);
    if (ry == 0) {
      if (rx == 1) {
        x = ~x;
        y = ~y;
      }
      std::swap(x, y);
    }
  }
  return number;
}

// The numbers 0 … size-1 by key; equal keys stay in order.
template <typename KeyOf>
std::vector<uint32_t> OrderBy(size_t size, KeyOf key_of) {
  std::vector<std::pair<uint64_t, uint32_t>> keyed(size);
  for (uint32_t i = 0; i < size; ++i) keyed[i] = {key_of(i), i};
  std::sort(keyed.begin(), keyed.end());
  std::vector<uint32_t> order(size);
  for (uint32_t i = 0; i < size; ++i) order[i] = keyed[i].second;
  return order;
}

// Sets Segment::component.
void NumberComponents(RoadData* data) {
  std::vector<uint32_t> root(data->nodes.size());
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](uint32_t node) {
    while (root[node] != node) {
      root[node] = root[root[node]];
      node = root[node];
    }
    return node;
  };
  for (const Segment& segment : data->segments) {
    const uint32_t a = find(segment.from_node);
    const uint32_t b = find(segment.to_node);
    // The smaller number wins, so that the result does not depend on the order.
    root[std::max(a, b)] = std::min(a, b);
  }
  std::vector<uint32_t> size(data->nodes.size());
  for (const Segment& segment : data->segments) {
    ++size[find(segment.from_node)];
  }
  const std::vector<uint32_t> by_size = OrderBy(size.size(), [&](uint32_t i) {
    return std::numeric_limits<uint32_t>::max() - size[i];
  });
  std::vector<uint32_t> number(size.size());
  for (uint32_t i = 0; i < by_size.size(); ++i) number[by_size[i]] = i;
  for (Segment& segment : data->segments) {
    segment.component = number[find(segment.from_node)];
  }
}

// The states of the largest strongly connected part; of equally large ones, of
// that with the smallest state. Tarjan's algorithm without recursion.
std::vector<uint32_t> LargestStrongPart(const GraphWeights& weights) {
  const Graph& graph = weights.graph();
  struct Frame {
    uint32_t state;
    uint32_t next_turn;
  };
  std::vector<uint32_t> index(graph.states(), kNone);
  std::vector<uint32_t> low(graph.states(), 0);
  std::vector<bool> on_stack(graph.states());
  std::vector<uint32_t> stack;
  std::vector<Frame> frames;
  std::vector<uint32_t> largest;
  uint32_t next_index = 0;
  const auto enter = [&](uint32_t state) {
    index[state] = low[state] = next_index++;
    stack.push_back(state);
    on_stack[state] = true;
    frames.push_back({state, 0});
  };
  for (uint32_t start = 0; start < graph.states(); ++start) {
    if (index[start] != kNone) continue;
    enter(start);
    while (!frames.empty()) {
      const uint32_t state = frames.back().state;
      const absl::Span<const Turn> turns = graph.Out(state);
      if (frames.back().next_turn < turns.size()) {
        const Turn& turn = turns[frames.back().next_turn++];
        const uint32_t head = turn.state;
        if (weights.Of(state, turn) == kNoWay) continue;
        if (index[head] == kNone) {
          enter(head);
        } else if (on_stack[head]) {
          low[state] = std::min(low[state], index[head]);
        }
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) {
        const uint32_t parent = frames.back().state;
        low[parent] = std::min(low[parent], low[state]);
      }
      if (low[state] != index[state]) continue;
      const auto begin = std::find(stack.rbegin(), stack.rend(), state);
      std::vector<uint32_t> part(begin.base() - 1, stack.end());
      for (const uint32_t member : part) on_stack[member] = false;
      stack.resize(stack.size() - part.size());
      std::sort(part.begin(), part.end());
      if (part.size() > largest.size() ||
          (part.size() == largest.size() && part < largest)) {
        largest = std::move(part);
      }
    }
  }
  return largest;
}

// What can be reached from `states` along the open turns, or against them.
std::vector<bool> Reached(const GraphWeights& weights,
                          const std::vector<uint32_t>& states, bool forwards) {
  const Graph& graph = weights.graph();
  std::vector<bool> reached(graph.states());
  std::vector<uint32_t> queue = states;
  for (const uint32_t state : states) reached[state] = true;
  while (!queue.empty()) {
    const uint32_t state = queue.back();
    queue.pop_back();
    const auto reach = [&](uint32_t other, Cost cost) {
      if (cost == kNoWay || reached[other]) return;
      reached[other] = true;
      queue.push_back(other);
    };
    if (forwards) {
      for (const Turn& turn : graph.Out(state)) {
        reach(turn.state, weights.Of(state, turn));
      }
    } else {
      graph.VisitIn(state, [&](uint32_t before, const Turn& turn) {
        reach(before, weights.Of(before, turn));
      });
    }
  }
  return reached;
}

// Sets Segment::kReachesMain and kReachedFromMain.
void MarkMain(RoadData* data) {
  const Graph graph(*data);
  const GraphWeights weights(&graph, data);
  const std::vector<uint32_t> main = LargestStrongPart(weights);
  const std::vector<bool> from_main = Reached(weights, main, true);
  const std::vector<bool> to_main = Reached(weights, main, false);
  for (uint32_t i = 0; i < data->segments.size(); ++i) {
    Segment& segment = data->segments[i];
    for (const bool backward : {false, true}) {
      if ((backward ? segment.backward_weight : segment.forward_weight) ==
          kClosed) {
        continue;
      }
      const ArcRoad road = ArcRoad::Of(i, backward);
      if (to_main[graph.DepartState(road)]) {
        segment.flags |= Segment::kReachesMain;
      }
      for (const uint32_t state : graph.ArriveStates(road)) {
        if (from_main[state]) segment.flags |= Segment::kReachedFromMain;
      }
    }
  }
}

}  // namespace

uint32_t RoadBuilder::AddNode(FixedPoint position, int64_t source_id) {
  nodes_.push_back(position);
  source_ids_.push_back(source_id);
  return static_cast<uint32_t>(nodes_.size()) - 1;
}

uint32_t RoadBuilder::AddRoad(Road road) {
  if (road.forward_weight == kClosed && road.backward_weight == kClosed) {
    return kNoRoad;
  }
  roads_.push_back(std::move(road));
  return static_cast<uint32_t>(roads_.size()) - 1;
}

void RoadBuilder::Forbid(std::vector<ArcRoad> path,
                         std::optional<RoadHours> hours) {
  if (hours == AlwaysHours()) hours.reset();
  paths_.push_back({std::move(path), std::move(hours)});
}

absl::StatusOr<RoadData> RoadBuilder::Build(
    RoadData data, const std::function<void(double)>& progress) const {
  data.nodes.clear();
  data.source_node_ids.clear();
  data.segments.clear();
  data.points.clear();
  data.names = {""};
  data.forbidden_paths.clear();
  data.path_roads.clear();
  data.timed_closures.clear();
  data.hours.clear();
  data.hour_spans.clear();

  std::vector<bool> used(nodes_.size());
  for (const Road& road : roads_) {
    used[road.from_node] = true;
    used[road.to_node] = true;
  }
  std::vector<uint32_t> new_number(nodes_.size(), kNone);
  for (const uint32_t node : OrderBy(nodes_.size(), [&](uint32_t i) {
         return HilbertNumber(nodes_[i]);
       })) {
    if (!used[node]) continue;
    new_number[node] = static_cast<uint32_t>(data.nodes.size());
    data.nodes.push_back(nodes_[node]);
    data.source_node_ids.push_back(source_ids_[node]);
  }

  std::vector<uint32_t> new_road(roads_.size());
  std::map<std::string, uint32_t> name_numbers = {{"", 0}};
  const auto middle = [&](uint32_t i) {
    const FixedPoint a = nodes_[roads_[i].from_node];
    const FixedPoint b = nodes_[roads_[i].to_node];
    return HilbertNumber(
        {static_cast<int32_t>((int64_t{a.latitude_e7} + b.latitude_e7) / 2),
         static_cast<int32_t>((int64_t{a.longitude_e7} + b.longitude_e7) / 2)});
  };
  for (const uint32_t number : OrderBy(roads_.size(), middle)) {
    const Road& road = roads_[number];
    Segment segment;
    segment.from_node = new_number[road.from_node];
    segment.to_node = new_number[road.to_node];
    segment.first_point = static_cast<uint32_t>(data.points.size());
    data.points.push_back(nodes_[road.from_node]);
    for (const FixedPoint point : road.via) data.points.push_back(point);
    data.points.push_back(nodes_[road.to_node]);
    segment.forward_weight = road.forward_weight;
    segment.backward_weight = road.backward_weight;
    segment.length_millimeters = road.length_millimeters;
    const auto [name, is_new] = name_numbers.try_emplace(
        road.name, static_cast<uint32_t>(data.names.size()));
    if (is_new) data.names.push_back(road.name);
    segment.name = name->second;
    segment.road_class = road.road_class;
    segment.flags = road.flags;
    data.segments.push_back(segment);
    new_road[number] = static_cast<uint32_t>(data.segments.size()) - 1;
  }

  std::map<RoadHours, uint32_t> hours_numbers;
  const auto number_of_hours = [&](const RoadHours& hours) {
    const auto [it, is_new] = hours_numbers.try_emplace(
        hours, static_cast<uint32_t>(data.hours.size()));
    if (is_new) {
      data.hours.push_back(static_cast<uint32_t>(data.hour_spans.size()));
      data.hour_spans.insert(data.hour_spans.end(), hours.begin(), hours.end());
    }
    return it->second;
  };
  const auto renumbered = [&](ArcRoad road) {
    return ArcRoad::Of(new_road[road.segment()], road.backward());
  };

  // By their roads, by number; those without hours before those with.
  std::set<std::pair<std::vector<uint32_t>, std::optional<RoadHours>>> paths;
  for (const Path& path : paths_) {
    std::vector<uint32_t> codes;
    for (const ArcRoad road : path.roads) {
      codes.push_back(renumbered(road).code);
    }
    paths.emplace(std::move(codes), path.hours);
  }
  for (const auto& [codes, hours] : paths) {
    data.forbidden_paths.push_back(
        {static_cast<uint32_t>(data.path_roads.size()),
         hours.has_value() ? number_of_hours(*hours) : ForbiddenPath::kAlways});
    for (const uint32_t code : codes) data.path_roads.push_back({code});
  }
  std::map<uint32_t, const Closure*> closures;
  for (uint32_t i = 0; i < roads_.size(); ++i) {
    for (const bool backward : {false, true}) {
      const Closure& closure =
          backward ? roads_[i].backward_closure : roads_[i].forward_closure;
      if (closure.hours.empty()) continue;
      closures[renumbered(ArcRoad::Of(i, backward)).code] = &closure;
    }
  }
  for (const auto& [code, closure] : closures) {
    data.timed_closures.push_back({ArcRoad{code},
                                   number_of_hours(closure->hours),
                                   closure->is_usual ? 1u : 0u});
  }
  data.segment_order = DissectionOrder(data, progress);
  if (absl::Status status = CheckRoadData(data); !status.ok()) return status;
  NumberComponents(&data);
  MarkMain(&data);
  return data;
}

}  // namespace housecall::router
