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
  // As the map says; `graph` must be that of `data`, and outlive this.
  //
  // As at no particular time: all conditions of turns hold, so that no drive is
  // promised to be quicker than it may be; roads that are closed at some hours
  // are as they usually are; ferries are closed.
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
    const uint32_t weight = by_road_[graph_->road(turn.state).code];
    if (weight == kClosed || holds(turn.condition) ||
        (turn.is_back != 0 && !IsStuck(state))) {
      return kNoWay;
    }
    return weight + turn.weight;
  }

  // True if no turn that leads on is open: then turns back are.
  bool IsStuck(uint32_t state) const { return is_stuck_[state] != 0; }

 private:
  bool FindsNoWayOn(uint32_t state) const;

  const Graph* graph_;
  // By ArcRoad::code.
  std::vector<uint32_t> by_road_;
  std::vector<uint8_t> is_stuck_;
  // By condition; that of turns without one never holds.
  std::vector<uint8_t> holds_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_GRAPH_WEIGHTS_H_
