#include "router/graph_weights.h"

namespace housecall::router {

GraphWeights::GraphWeights(const Graph* graph, const RoadData* data)
    : graph_(graph),
      by_road_(data->segments.size() * 2),
      is_stuck_(graph->states()),
      holds_(graph->conditions(), 1) {
  holds_[0] = 0;
  for (uint32_t i = 0; i < data->segments.size(); ++i) {
    const Segment& segment = data->segments[i];
    const bool is_ferry = segment.Has(Segment::kFerry);
    by_road_[ArcRoad::Of(i, false).code] =
        is_ferry ? kClosed : segment.forward_weight;
    by_road_[ArcRoad::Of(i, true).code] =
        is_ferry ? kClosed : segment.backward_weight;
  }
  for (const TimedClosure& closure : data->timed_closures) {
    if (closure.is_usual != 0) by_road_[closure.road.code] = kClosed;
  }
  for (uint32_t state = 0; state < graph->states(); ++state) {
    is_stuck_[state] = FindsNoWayOn(state) ? 1 : 0;
  }
}

bool GraphWeights::FindsNoWayOn(uint32_t state) const {
  for (const Turn& turn : graph_->Out(state)) {
    if (turn.is_back == 0 && turn.leads_on != 0 && !holds(turn.condition) &&
        by_road_[graph_->road(turn.state).code] != kClosed) {
      return false;
    }
  }
  return true;
}

void GraphWeights::Set(ArcRoad road, uint32_t weight) {
  const bool was_closed = by_road_[road.code] == kClosed;
  by_road_[road.code] = weight;
  if (was_closed == (weight == kClosed)) return;
  const uint32_t segment = road.segment();
  for (uint32_t block = graph_->first_block(segment);
       block < graph_->first_block(segment + 1); ++block) {
    const uint32_t state = block * 2 + (road.backward() ? 1 : 0);
    graph_->VisitIn(state, [&](uint32_t before, const Turn&) {
      is_stuck_[before] = FindsNoWayOn(before) ? 1 : 0;
    });
  }
}

void GraphWeights::SetCondition(uint32_t condition, bool holds) {
  holds_[condition] = holds ? 1 : 0;
  for (const TurnCondition::Place& turn : graph_->condition(condition).turns) {
    is_stuck_[turn.from_state] = FindsNoWayOn(turn.from_state) ? 1 : 0;
  }
}

}  // namespace housecall::router
