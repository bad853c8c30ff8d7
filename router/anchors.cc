#include "router/anchors.h"

#include <algorithm>

namespace housecall::router {
namespace {

// The weight of the first `offset` of `length` at constant speed. Parts of a
// segment are differences of these, so that they add up exactly.
uint32_t Prorate(uint32_t weight, uint32_t offset, uint32_t length) {
  return static_cast<uint32_t>(uint64_t{weight} * offset / length);
}

// Where a point is that IsAtNode.
uint32_t NodeOf(const RoadMap& map, const RoadPoint& point) {
  const Segment& segment = map.data().segments[point.segment];
  return point.offset_millimeters == 0 ? segment.from_node : segment.to_node;
}

bool IsPrivate(const RoadMap& map, const RoadPoint& point) {
  return map.data().segments[point.segment].Has(Segment::kEndsOnly);
}

bool IsOpen(const Metric& metric, ArcRoad road) {
  return metric.weights().road(road) != kClosed;
}

}  // namespace

bool IsAtNode(const RoadMap& map, const RoadPoint& point) {
  return point.offset_millimeters == 0 ||
         point.offset_millimeters ==
             map.data().segments[point.segment].length_millimeters;
}

Cost CostBefore(const Metric& metric, ArcRoad road, const RoadPoint& point) {
  const uint32_t length =
      metric.network().data->segments[road.segment()].length_millimeters;
  const uint32_t weight = metric.weights().road(road);
  const uint32_t part = Prorate(weight, point.offset_millimeters, length);
  return road.backward() ? weight - part : part;
}

Goal::Goal(std::vector<Anchor> too_far) : anchors(std::move(too_far)) {
  for (const Anchor& anchor : anchors) bias = std::max(bias, anchor.cost);
  for (Anchor& anchor : anchors) anchor.cost = bias - anchor.cost;
}

std::vector<Anchor> DepartAnchors(const RoadMap& map, const Metric& metric,
                                  const RoadPoint& point) {
  std::vector<Anchor> anchors;
  const Graph& graph = map.graph();
  if (IsAtNode(map, point)) {
    for (const uint32_t state :
         graph.DepartStatesAt(NodeOf(map, point), IsPrivate(map, point))) {
      if (!IsOpen(metric, graph.road(state))) continue;
      anchors.push_back({state, metric.weights().road(graph.road(state))});
    }
    return anchors;
  }
  for (const bool backward : {false, true}) {
    const ArcRoad road = ArcRoad::Of(point.segment, backward);
    if (!IsOpen(metric, road)) continue;
    anchors.push_back(
        {graph.DepartState(road),
         metric.weights().road(road) - CostBefore(metric, road, point)});
  }
  return anchors;
}

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
        metric.weights().road(road) - CostBefore(metric, road, point);
    for (const uint32_t state : map.graph().ArriveStates(road)) {
      anchors.push_back({state, too_far});
    }
  }
  return anchors;
}

Leg DirectLeg(const Metric& metric, const RoadPoint& from,
              const RoadPoint& to) {
  if (from.segment != to.segment) return {};
  const uint32_t a = from.offset_millimeters;
  const uint32_t b = to.offset_millimeters;
  if (a == b) return {0};
  const ArcRoad road = ArcRoad::Of(from.segment, a > b);
  if (!IsOpen(metric, road)) return {};
  return {CostBefore(metric, road, to) - CostBefore(metric, road, from)};
}

bool IsHopeless(const RoadMap& map, const RoadPoint& from,
                const RoadPoint& to) {
  return map.data().segments[from.segment].component !=
         map.data().segments[to.segment].component;
}

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

Leg Better(const Leg& leg, Cost drive, Cost bias) {
  if (drive >= kNoWay || drive - bias > kMaxDriveWeight) return leg;
  return {std::min(leg.weight, drive - bias)};
}

}  // namespace housecall::router
