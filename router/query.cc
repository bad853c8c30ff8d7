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

uint32_t WeightOf(const Segment& segment, bool backward) {
  return backward ? segment.backward_weight : segment.forward_weight;
}

// How much of a road a point lies behind its begin.
struct Share {
  uint32_t weight;
  uint32_t length_millimeters;
};

Share ShareBefore(const RoadMap& map, ArcRoad road, const RoadPoint& point) {
  const Segment& segment = map.data().segments[road.segment()];
  const uint32_t length = segment.length_millimeters;
  const uint32_t weight = WeightOf(segment, road.backward());
  const uint32_t part = Prorate(weight, point.offset_millimeters, length);
  return road.backward()
             ? Share{weight - part, length - point.offset_millimeters}
             : Share{part, point.offset_millimeters};
}

// Where a drive from a point may be when it first comes to the end of a road,
// and what it took so far.
//
// Who stands at a junction can leave it by every road there, also against the
// direction of the segment on which he was found.
std::vector<Anchor> DepartAnchors(const RoadMap& map, const RoadPoint& point) {
  std::vector<Anchor> anchors;
  const Graph& graph = map.graph();
  const auto add = [&](uint32_t state, const Share& spared) {
    const ArcRoad road = graph.road(state);
    const Segment& segment = map.data().segments[road.segment()];
    anchors.push_back({state,
                       WeightOf(segment, road.backward()) - spared.weight,
                       segment.length_millimeters - spared.length_millimeters});
  };
  if (IsAtNode(map, point)) {
    for (const uint32_t state :
         graph.DepartStatesAt(NodeOf(map, point), IsPrivate(map, point))) {
      add(state, {0, 0});
    }
    return anchors;
  }
  for (const bool backward : {false, true}) {
    const ArcRoad road = ArcRoad::Of(point.segment, backward);
    if (WeightOf(map.data().segments[point.segment], backward) == kClosed) {
      continue;
    }
    add(graph.DepartState(road), ShareBefore(map, road, point));
  }
  return anchors;
}

// The same for drives that have left the point's segment at its end and are at
// the end of the next one.
std::vector<Anchor> DepartAnchorsBeyond(const RoadMap& map,
                                        const RoadPoint& point) {
  std::vector<Anchor> anchors;
  for (const Anchor& anchor : DepartAnchors(map, point)) {
    for (const Turn& turn : map.graph().Out(anchor.state)) {
      const uint32_t next = map.graph().road(turn.state).segment();
      anchors.push_back(
          {turn.state, anchor.weight + turn.weight,
           anchor.length + map.data().segments[next].length_millimeters});
    }
  }
  return anchors;
}

// The states in which a drive to a point may end, and how much too far each of
// them is.
std::vector<Anchor> ArriveAnchors(const RoadMap& map, const RoadPoint& point) {
  std::vector<Anchor> anchors;
  if (IsAtNode(map, point)) {
    for (const uint32_t state : map.graph().ArriveStatesAt(
             NodeOf(map, point), IsPrivate(map, point))) {
      anchors.push_back({state, 0, 0});
    }
    return anchors;
  }
  const Segment& segment = map.data().segments[point.segment];
  for (const bool backward : {false, true}) {
    const ArcRoad road = ArcRoad::Of(point.segment, backward);
    const uint32_t weight = WeightOf(segment, backward);
    if (weight == kClosed) continue;
    const Share share = ShareBefore(map, road, point);
    for (const uint32_t state : map.graph().ArriveStates(road)) {
      anchors.push_back(
          {state, weight - share.weight,
           segment.length_millimeters - share.length_millimeters});
    }
  }
  return anchors;
}

// Weights cannot be negative; so what drives end too far by is counted from the
// greatest of it.
struct Goal {
  std::vector<Anchor> anchors;
  uint32_t bias = 0;

  explicit Goal(std::vector<Anchor> too_far) : anchors(std::move(too_far)) {
    for (const Anchor& anchor : anchors) bias = std::max(bias, anchor.weight);
    for (Anchor& anchor : anchors) {
      anchor.weight = bias - anchor.weight;
      anchor.length = 0 - anchor.length;
    }
  }
};

// Along the segment that both points are on, without leaving it.
Leg DirectLeg(const RoadMap& map, const RoadPoint& from, const RoadPoint& to) {
  Leg leg;
  if (from.segment != to.segment) return leg;
  const Segment& segment = map.data().segments[from.segment];
  const uint32_t length = segment.length_millimeters;
  const uint32_t a = from.offset_millimeters;
  const uint32_t b = to.offset_millimeters;
  if (a == b) {
    leg.weight = 0;
  } else if (a < b && segment.forward_weight != kClosed) {
    leg.weight = Prorate(segment.forward_weight, b, length) -
                 Prorate(segment.forward_weight, a, length);
    leg.length_millimeters = b - a;
  } else if (a > b && segment.backward_weight != kClosed) {
    leg.weight = Prorate(segment.backward_weight, a, length) -
                 Prorate(segment.backward_weight, b, length);
    leg.length_millimeters = a - b;
  }
  return leg;
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

// `leg`, or the drive if it is quicker.
Leg Quicker(const Leg& leg, const Drive& drive, uint32_t bias) {
  if (drive.weight == kInfinity) return leg;
  const uint32_t weight = drive.weight - bias;
  if (weight >= std::min(leg.weight, kMaxDriveWeight + 1)) return leg;
  return {weight, drive.length};
}

}  // namespace

Query::Query(const RoadMap* map, Method method) : map_(*map) {
  if (method == Method::kIndex) {
    index_search_.emplace(map->index());
  } else {
    plain_search_.emplace(&map->graph());
  }
}

Drive Query::FindDrive(absl::Span<const Anchor> from,
                       absl::Span<const Anchor> to) {
  if (index_search_.has_value()) return index_search_->Find(from, to);
  std::vector<Dijkstra::Seed> seeds;
  for (const Anchor& anchor : from) {
    seeds.push_back({anchor.state, anchor.weight});
  }
  std::vector<uint32_t> targets;
  for (const Anchor& anchor : to) targets.push_back(anchor.state);
  plain_search_->Run(Dijkstra::Direction::kForwards, seeds, targets);
  const Anchor* best = nullptr;
  Drive drive;
  for (const Anchor& anchor : to) {
    const uint64_t weight =
        uint64_t{plain_search_->weight(anchor.state)} + anchor.weight;
    if (weight >= drive.weight) continue;
    best = &anchor;
    drive.weight = static_cast<uint32_t>(weight);
  }
  plain_states_.clear();
  if (best == nullptr) return drive;
  drive.length = best->length;
  uint32_t state = best->state;
  while (true) {
    plain_states_.push_back(state);
    const Dijkstra::Step step = plain_search_->step(state);
    if (step.state == Dijkstra::Step::kSeed) {
      drive.length += from[step.seed].length;
      break;
    }
    const uint32_t segment = map_.graph().road(state).segment();
    drive.length += map_.data().segments[segment].length_millimeters;
    state = step.state;
  }
  std::reverse(plain_states_.begin(), plain_states_.end());
  return drive;
}

Leg Query::FindLeg(const RoadPoint& from, const RoadPoint& to) {
  Leg leg = DirectLeg(map_, from, to);
  if (AreOneNode(map_, from, to)) return {0, 0};
  if (IsHopeless(map_, from, to)) return leg;
  const std::vector<Anchor> departs = ShareSegment(map_, from, to)
                                          ? DepartAnchorsBeyond(map_, from)
                                          : DepartAnchors(map_, from);
  const Goal goal(ArriveAnchors(map_, to));
  return Quicker(leg, FindDrive(departs, goal.anchors), goal.bias);
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
    departs.push_back(DepartAnchors(map_, point));
  }
  std::vector<std::vector<Anchor>> arrives;
  std::vector<uint32_t> biases;
  for (const RoadPoint& point : to) {
    Goal goal(ArriveAnchors(map_, point));
    arrives.push_back(std::move(goal.anchors));
    biases.push_back(goal.bias);
  }
  const std::vector<Drive> drives = index_search_.has_value()
                                        ? index_search_->Table(departs, arrives)
                                        : PlainTable(departs, arrives);
  std::vector<Leg> table(drives.size());
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = 0; j < to.size(); ++j) {
      Leg& leg = table[i * to.size() + j];
      leg =
          ShareSegment(map_, from[i], to[j]) || AreOneNode(map_, from[i], to[j])
              ? FindLeg(from[i], to[j])
              : Quicker(DirectLeg(map_, from[i], to[j]),
                        drives[i * to.size() + j], biases[j]);
    }
  }
  return table;
}

// One search for each of `from`, to all of `to`.
std::vector<Drive> Query::PlainTable(absl::Span<const std::vector<Anchor>> from,
                                     absl::Span<const std::vector<Anchor>> to) {
  std::vector<uint32_t> targets;
  for (const std::vector<Anchor>& anchors : to) {
    for (const Anchor& anchor : anchors) targets.push_back(anchor.state);
  }
  std::vector<Drive> table;
  table.reserve(from.size() * to.size());
  for (const std::vector<Anchor>& departs : from) {
    std::vector<Dijkstra::Seed> seeds;
    for (const Anchor& anchor : departs) {
      seeds.push_back({anchor.state, anchor.weight});
    }
    plain_search_->Run(Dijkstra::Direction::kForwards, seeds, targets);
    for (const std::vector<Anchor>& arrives : to) {
      Drive drive;
      for (const Anchor& anchor : arrives) {
        const uint64_t weight =
            uint64_t{plain_search_->weight(anchor.state)} + anchor.weight;
        if (weight >= drive.weight) continue;
        drive.weight = static_cast<uint32_t>(weight);
        drive.length = anchor.length;
        uint32_t state = anchor.state;
        Dijkstra::Step step = plain_search_->step(state);
        while (step.state != Dijkstra::Step::kSeed) {
          drive.length += map_.data()
                              .segments[map_.graph().road(state).segment()]
                              .length_millimeters;
          state = step.state;
          step = plain_search_->step(state);
        }
        drive.length += departs[step.seed].length;
      }
      table.push_back(drive);
    }
  }
  return table;
}

std::optional<Path> Query::FindPath(const RoadPoint& from,
                                    const RoadPoint& to) {
  Path path;
  path.leg = FindLeg(from, to);
  if (!path.leg.reachable()) return std::nullopt;
  // FindLeg prefers the direct way when both are equally quick.
  if (AreOneNode(map_, from, to) ||
      path.leg.weight == DirectLeg(map_, from, to).weight) {
    path.pieces.push_back({from.segment, from.offset_millimeters,
                           AreOneNode(map_, from, to) ? from.offset_millimeters
                                                      : to.offset_millimeters,
                           path.leg.weight});
    return path;
  }

  // The search of FindLeg is still there.
  std::vector<uint32_t> states =
      index_search_.has_value() ? index_search_->States() : plain_states_;
  if (ShareSegment(map_, from, to)) {
    // It began beyond the first road: put that before it.
    const auto departs = DepartAnchors(map_, from);
    uint32_t first = Graph::kNone;
    uint32_t first_weight = kInfinity;
    for (const Anchor& anchor : departs) {
      for (const Turn& turn : map_.graph().Out(anchor.state)) {
        if (turn.state != states.front() ||
            anchor.weight + turn.weight >= first_weight) {
          continue;
        }
        first = anchor.state;
        first_weight = anchor.weight + turn.weight;
      }
    }
    states.insert(states.begin(), first);
  }
  path.leg.length_millimeters = 0;
  for (size_t i = 0; i < states.size(); ++i) {
    const ArcRoad road = map_.graph().road(states[i]);
    const Segment& segment = map_.data().segments[road.segment()];
    const uint32_t length = segment.length_millimeters;
    Share begin = {0, 0};
    Share end = {WeightOf(segment, road.backward()), length};
    uint32_t turn_weight = 0;
    if (i == 0 && !IsAtNode(map_, from)) begin = ShareBefore(map_, road, from);
    if (i + 1 == states.size() && !IsAtNode(map_, to)) {
      end = ShareBefore(map_, road, to);
    }
    if (i > 0) {
      const absl::Span<const Turn> turns = map_.graph().Out(states[i - 1]);
      const auto* const turn = std::lower_bound(
          turns.begin(), turns.end(), states[i],
          [](const Turn& t, uint32_t state) { return t.state < state; });
      turn_weight = turn->weight - WeightOf(segment, road.backward());
    }
    path.leg.length_millimeters +=
        end.length_millimeters - begin.length_millimeters;
    const auto offset = [&](uint32_t millimeters) {
      return road.backward() ? length - millimeters : millimeters;
    };
    path.pieces.push_back({road.segment(), offset(begin.length_millimeters),
                           offset(end.length_millimeters),
                           end.weight - begin.weight + turn_weight});
  }
  return path;
}

}  // namespace housecall::router
