// Which roads cars are wanted to use, of those that are open.
#ifndef HOUSECALL_ROUTER_ROAD_POLICY_H_
#define HOUSECALL_ROUTER_ROAD_POLICY_H_

#include <compare>

namespace housecall::router {

struct Segment;

// What a center decides for its cars; another center on the same map may decide
// otherwise.
struct RoadPolicy {
  bool use_tolls = true;
  bool use_ferries = false;

  // True if cars do not use such a segment, open or not.
  bool LeavesOut(const Segment& segment) const;

  friend auto operator<=>(const RoadPolicy&, const RoadPolicy&) = default;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_POLICY_H_
