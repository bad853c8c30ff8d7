#include <algorithm>
#include <utility>

#include "router/router.h"

namespace housecall::router {
namespace {

// The weight of the first `offset` of `length` at constant speed. Parts of a
// segment are differences of these, so that they add up exactly.
uint32_t Prorate(uint32_t weight, uint32_t offset, uint32_t length) {
  return static_cast<uint32_t>(uint64_t{weight} * offset / length);
}

bool IsAtNode(const RoadMap& map, const RoadPoint& point) {
  return point.offset_millimeters == 0 ||
         point.offset_millimeters ==
             map.data().segments[point.segment].length_millimeters;
}

// Where a point is that IsAtNode.
uint32_t NodeOf(const RoadMap& map, const RoadPoint& point) {
  const Segment& segment = map.data().segments[point.segment];
  return point.offset_millimeters == 0 ? segment.from_node : segment.to_node;
}

bool IsPrivate(const RoadMap& map, const RoadPoint& point) {
  return map.data().segments[point.segment].Has(Segment::kEndsOnly);
}

// What of a road lies before a point.
Cost CostBefore(const Metric& metric, ArcRoad road, const RoadPoint& point) {
  const uint32_t length =
      metric.network().data->segments[road.segment()].length_millimeters;
  const uint32_t weight = metric.weights().road(road);
  const uint32_t part = Prorate(weight, point.offset_millimeters, length);
  return road.backward()
             ? CostOf(weight - part, length - point.offset_millimeters)
             : CostOf(part, point.offset_millimeters);
}

// Of an open road.
Cost WholeCost(const Metric& metric, ArcRoad road) {
  return CostOf(
      metric.weights().road(road),
      metric.network().data->segments[road.segment()].length_millimeters);
}

bool IsOpen(const Metric& metric, ArcRoad road) {
  return metric.weights().road(road) != kClosed;
}

// Where a drive from a point may be when it first comes to the end of a road,
// and what it took so far.
//
// Who stands at a junction can leave it by every road there, also against the
// direction of the segment on which he was found.
std::vector<Anchor> DepartAnchors(const RoadMap& map, const Metric& metric,
                                  const RoadPoint& point) {
  std::vector<Anchor> anchors;
  const Graph& graph = map.graph();
  if (IsAtNode(map, point)) {
    for (const uint32_t state :
         graph.DepartStatesAt(NodeOf(map, point), IsPrivate(map, point))) {
      if (!IsOpen(metric, graph.road(state))) continue;
      anchors.push_back({state, WholeCost(metric, graph.road(state))});
    }
    return anchors;
  }
  for (const bool backward : {false, true}) {
    const ArcRoad road = ArcRoad::Of(point.segment, backward);
    if (!IsOpen(metric, road)) continue;
    anchors.push_back(
        {graph.DepartState(road),
         WholeCost(metric, road) - CostBefore(metric, road, point)});
  }
  return anchors;
}

// The same for drives that have left the point's segment at its end and are at
// the end of the next one.
std::vector<Anchor> DepartAnchorsBeyond(const RoadMap& map,
                                        const Metric& metric,
                                        const RoadPoint& point) {
  std::vector<Anchor> anchors;
  for (const Anchor& anchor : DepartAnchors(map, metric, point)) {
    for (const Turn& turn : map.graph().Out(anchor.state)) {
      const Cost cost = metric.weights().Of(anchor.state, turn);
      if (cost == kNoWay) continue;
      anchors.push_back({turn.state, anchor.cost + cost});
    }
  }
  return anchors;
}

// The states in which a drive to a point may end, and how much too far each of
// them is.
std::vector<Anchor> ArriveAnchors(const RoadMap& map, const Metric& metric,
                                  const RoadPoint& point) {
  std::vector<Anchor> anchors;
  if (IsAtNode(map, point)) {
    for (const uint32_t state : map.graph().ArriveStatesAt(
             NodeOf(map, point), IsPrivate(map, point))) {
      if (!IsOpen(metric, map.graph().road(state))) continue;
      anchors.push_back({state, 0});
    }
    return anchors;
  }
  for (const bool backward : {false, true}) {
    const ArcRoad road = ArcRoad::Of(point.segment, backward);
    if (!IsOpen(metric, road)) continue;
    const Cost too_far =
        WholeCost(metric, road) - CostBefore(metric, road, point);
    for (const uint32_t state : map.graph().ArriveStates(road)) {
      anchors.push_back({state, too_far});
    }
  }
  return anchors;
}

// Costs cannot be negative; so what drives end too far by is counted from the
// greatest of it, of weight and length each.
struct Goal {
  std::vector<Anchor> anchors;
  Cost bias = 0;

  explicit Goal(std::vector<Anchor> too_far) : anchors(std::move(too_far)) {
    uint32_t weight = 0;
    uint32_t length = 0;
    for (const Anchor& anchor : anchors) {
      weight = std::max(weight, WeightOf(anchor.cost));
      length = std::max(length, LengthOf(anchor.cost));
    }
    bias = CostOf(weight, length);
    for (Anchor& anchor : anchors) anchor.cost = bias - anchor.cost;
  }
};

// Along the segment that both points are on, without leaving it.
Leg DirectLeg(const Metric& metric, const RoadPoint& from,
              const RoadPoint& to) {
  if (from.segment != to.segment) return {};
  const uint32_t a = from.offset_millimeters;
  const uint32_t b = to.offset_millimeters;
  if (a == b) return {0, 0};
  const ArcRoad road = ArcRoad::Of(from.segment, a > b);
  if (!IsOpen(metric, road)) return {};
  const Cost cost =
      CostBefore(metric, road, to) - CostBefore(metric, road, from);
  return {WeightOf(cost), LengthOf(cost)};
}

// True if it can be told without a search that no way leads from one point to
// the other.
bool IsHopeless(const RoadMap& map, const RoadPoint& from,
                const RoadPoint& to) {
  return map.data().segments[from.segment].component !=
         map.data().segments[to.segment].component;
}

// Points on one segment are joined along it, or by a drive that leaves it; in
// the index a road that a drive begins on would also be one that it ends on.
bool ShareSegment(const RoadMap& map, const RoadPoint& from,
                  const RoadPoint& to) {
  return from.segment == to.segment && !IsAtNode(map, from) &&
         !IsAtNode(map, to);
}

bool AreOneNode(const RoadMap& map, const RoadPoint& from,
                const RoadPoint& to) {
  return IsAtNode(map, from) && IsAtNode(map, to) &&
         NodeOf(map, from) == NodeOf(map, to);
}

// `leg`, or the drive if it costs less.
Leg Better(const Leg& leg, Cost drive, Cost bias) {
  if (drive >= kNoWay) return leg;
  const Cost cost = drive - bias;
  if (WeightOf(cost) > kMaxDriveWeight) return leg;
  if (leg.reachable() &&
      CostOf(leg.weight, static_cast<uint32_t>(leg.length_millimeters)) <=
          cost) {
    return leg;
  }
  return {WeightOf(cost), LengthOf(cost)};
}

}  // namespace

Query::Query(const RoadMap* map, Method method)
    : map_(*map), metric_(map->metric()) {
  if (method == Method::kIndex) {
    index_search_.emplace(&map->hierarchy());
  } else {
    plain_search_.emplace(&map->graph());
  }
}

void Query::SetMetric(std::shared_ptr<const Metric> metric) {
  metric_ = std::move(metric);
}

Cost Query::FindDrive(absl::Span<const Anchor> from,
                      absl::Span<const Anchor> to) {
  if (index_search_.has_value()) return index_search_->Find(*metric_, from, to);
  std::vector<Dijkstra::Seed> seeds;
  for (const Anchor& anchor : from) {
    seeds.push_back({anchor.state, anchor.cost});
  }
  std::vector<uint32_t> targets;
  for (const Anchor& anchor : to) targets.push_back(anchor.state);
  plain_search_->Run(metric_->weights(), Dijkstra::Direction::kForwards, seeds,
                     targets);
  const Anchor* last = nullptr;
  Cost best = kNoWay;
  for (const Anchor& anchor : to) {
    const Cost cost = plain_search_->cost(anchor.state) + anchor.cost;
    if (cost >= best) continue;
    last = &anchor;
    best = cost;
  }
  plain_states_.clear();
  if (last == nullptr) return best;
  uint32_t state = last->state;
  while (state != Dijkstra::Step::kSeed) {
    plain_states_.push_back(state);
    state = plain_search_->step(state).state;
  }
  std::reverse(plain_states_.begin(), plain_states_.end());
  return best;
}

Leg Query::FindLeg(const RoadPoint& from, const RoadPoint& to) {
  const Leg leg = DirectLeg(*metric_, from, to);
  if (AreOneNode(map_, from, to)) return {0, 0};
  if (IsHopeless(map_, from, to)) return leg;
  const std::vector<Anchor> departs =
      ShareSegment(map_, from, to) ? DepartAnchorsBeyond(map_, *metric_, from)
                                   : DepartAnchors(map_, *metric_, from);
  const Goal goal(ArriveAnchors(map_, *metric_, to));
  return Better(leg, FindDrive(departs, goal.anchors), goal.bias);
}

std::vector<Leg> Query::OneToMany(const RoadPoint& from,
                                  absl::Span<const RoadPoint> to) {
  return Matrix({from}, to);
}

std::vector<Leg> Query::ManyToOne(absl::Span<const RoadPoint> from,
                                  const RoadPoint& to) {
  return Matrix(from, {to});
}

std::vector<Leg> Query::Matrix(absl::Span<const RoadPoint> from,
                               absl::Span<const RoadPoint> to) {
  std::vector<std::vector<Anchor>> departs;
  for (const RoadPoint& point : from) {
    departs.push_back(DepartAnchors(map_, *metric_, point));
  }
  std::vector<std::vector<Anchor>> arrives;
  std::vector<Cost> biases;
  for (const RoadPoint& point : to) {
    Goal goal(ArriveAnchors(map_, *metric_, point));
    arrives.push_back(std::move(goal.anchors));
    biases.push_back(goal.bias);
  }
  const std::vector<Cost> drives =
      index_search_.has_value()
          ? index_search_->Table(*metric_, departs, arrives)
          : PlainTable(departs, arrives);
  std::vector<Leg> table(drives.size());
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = 0; j < to.size(); ++j) {
      Leg& leg = table[i * to.size() + j];
      leg =
          ShareSegment(map_, from[i], to[j]) || AreOneNode(map_, from[i], to[j])
              ? FindLeg(from[i], to[j])
              : Better(DirectLeg(*metric_, from[i], to[j]),
                       drives[i * to.size() + j], biases[j]);
    }
  }
  return table;
}

// One search for each of `from`, to all of `to`.
std::vector<Cost> Query::PlainTable(absl::Span<const std::vector<Anchor>> from,
                                    absl::Span<const std::vector<Anchor>> to) {
  std::vector<uint32_t> targets;
  for (const std::vector<Anchor>& anchors : to) {
    for (const Anchor& anchor : anchors) targets.push_back(anchor.state);
  }
  std::vector<Cost> table;
  table.reserve(from.size() * to.size());
  for (const std::vector<Anchor>& departs : from) {
    std::vector<Dijkstra::Seed> seeds;
    for (const Anchor& anchor : departs) {
      seeds.push_back({anchor.state, anchor.cost});
    }
    plain_search_->Run(metric_->weights(), Dijkstra::Direction::kForwards,
                       seeds, targets);
    for (const std::vector<Anchor>& arrives : to) {
      Cost best = kNoWay;
      for (const Anchor& anchor : arrives) {
        best = std::min(best, plain_search_->cost(anchor.state) + anchor.cost);
      }
      table.push_back(best);
    }
  }
  return table;
}

std::optional<Path> Query::FindPath(const RoadPoint& from,
                                    const RoadPoint& to) {
  Path path;
  path.leg = FindLeg(from, to);
  if (!path.leg.reachable()) return std::nullopt;
  // FindLeg prefers the direct way when both cost the same.
  if (AreOneNode(map_, from, to) || path.leg == DirectLeg(*metric_, from, to)) {
    path.pieces.push_back({from.segment, from.offset_millimeters,
                           AreOneNode(map_, from, to) ? from.offset_millimeters
                                                      : to.offset_millimeters,
                           path.leg.weight});
    return path;
  }

  // The search of FindLeg is still there.
  std::vector<uint32_t> states = index_search_.has_value()
                                     ? index_search_->States(*metric_)
                                     : plain_states_;
  if (ShareSegment(map_, from, to)) {
    // It began beyond the first road: put that before it.
    uint32_t first = Graph::kNone;
    Cost first_cost = kNoWay;
    for (const Anchor& anchor : DepartAnchors(map_, *metric_, from)) {
      for (const Turn& turn : map_.graph().Out(anchor.state)) {
        const Cost more = metric_->weights().Of(anchor.state, turn);
        if (turn.state != states.front() || more == kNoWay ||
            anchor.cost + more >= first_cost) {
          continue;
        }
        first = anchor.state;
        first_cost = anchor.cost + more;
      }
    }
    states.insert(states.begin(), first);
  }
  for (size_t i = 0; i < states.size(); ++i) {
    const ArcRoad road = map_.graph().road(states[i]);
    const uint32_t length =
        map_.data().segments[road.segment()].length_millimeters;
    Cost begin = 0;
    Cost end = WholeCost(*metric_, road);
    uint32_t turn_weight = 0;
    if (i == 0 && !IsAtNode(map_, from)) {
      begin = CostBefore(*metric_, road, from);
    }
    if (i + 1 == states.size() && !IsAtNode(map_, to)) {
      end = CostBefore(*metric_, road, to);
    }
    if (i > 0) {
      const absl::Span<const Turn> turns = map_.graph().Out(states[i - 1]);
      const auto* const turn = std::lower_bound(
          turns.begin(), turns.end(), states[i],
          [](const Turn& t, uint32_t state) { return t.state < state; });
      turn_weight = turn->weight;
    }
    const auto offset = [&](uint32_t millimeters) {
      return road.backward() ? length - millimeters : millimeters;
    };
    path.pieces.push_back({road.segment(), offset(LengthOf(begin)),
                           offset(LengthOf(end)),
                           WeightOf(end - begin) + turn_weight});
  }
  return path;
}

}  // namespace housecall::router
