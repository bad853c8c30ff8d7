// How long roads take: what changes while a graph stays as it is.
#ifndef HOUSECALL_ROUTER_GRAPH_WEIGHTS_H_
#define HOUSECALL_ROUTER_GRAPH_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "router/cost.h"
#include "router/graph.h"
#include "router/road_data.h"

namespace housecall::router {

// The weights of all roads of a graph at one time, and so of its turns. A
// value; each copy knows nothing of the others.
class GraphWeights {
 public:
  // As the map says; `graph` must be that of `data`.
  // Both must outlive this.
  //
  // As at no particular time: all conditions of turns hold, so that no drive is
  // promised to be quicker than it may be; roads that are closed at some hours
  // are as they usually are.
  GraphWeights(const Graph* graph, const RoadData* data);

  const Graph& graph() const { return *graph_; }

  // kClosed: nobody may drive there now.
  uint32_t road(ArcRoad road) const { return by_road_[road.code]; }

  // kClosed closes the road, others must be at most kMaxSegmentWeight. A road
  // that the map says is closed stays closed.
  void Set(ArcRoad road, uint32_t weight);

  // Whether the turns of a condition are forbidden now.
  bool holds(uint32_t condition) const { return holds_[condition] != 0; }
  void SetCondition(uint32_t condition, bool holds);

  // What a turn out of `state` costs, together with the segment that it leads
  // into; kNoWay: it is closed.
  Cost Of(uint32_t state, const Turn& turn) const {
    return OfTurn(state, turn, turn.state);
  }
  // What a turn into `state` costs.
  Cost OfIncoming(const Turn& turn, uint32_t state) const {
    return OfTurn(turn.state, turn, state);
  }

  // True if no turn that leads on is open: then turns back are.
  bool IsStuck(uint32_t state) const { return is_stuck_[state] != 0; }

 private:
  Cost OfTurn(uint32_t from, const Turn& turn, uint32_t to) const {
    const Cost cost = by_state_[to];
    if (cost == kNoWay || holds(turn.condition) ||
        (turn.is_back != 0 && !IsStuck(from))) {
      return kNoWay;
    }
    return cost + CostOf(turn.weight, 0);
  }
  bool FindsNoWayOn(uint32_t state) const;

  const Graph* graph_;
  const RoadData* data_;
  // By ArcRoad::code.
  std::vector<uint32_t> by_road_;
  // Of each state's road; kNoWay if it is closed.
  std::vector<Cost> by_state_;
  std::vector<uint8_t> is_stuck_;
  // By condition; that of turns without one never holds.
  std::vector<uint8_t> holds_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_GRAPH_WEIGHTS_H_
