// Where drives between points of the network begin and end in its graph.
#ifndef HOUSECALL_ROUTER_ANCHORS_H_
#define HOUSECALL_ROUTER_ANCHORS_H_

#include <utility>
#include <vector>

#include "router/cost.h"
#include "router/hierarchy_search.h"
#include "router/metric.h"
#include "router/router.h"

namespace housecall::router {

// True if a point is at an end of its segment: then it is a place of the node,
// and of every road there.
bool IsAtNode(const RoadMap& map, const RoadPoint& point);

// What of a road lies before a point on it. The road must be open.
Cost CostBefore(const Metric& metric, ArcRoad road, const RoadPoint& point);

// Where a drive from a point may be when it first comes to the end of a road,
// and what it took so far.
//
// Who stands at a junction can leave it by every road there, also against the
// direction of the segment on which he was found.
std::vector<Anchor> DepartAnchors(const RoadMap& map, const Metric& metric,
                                  const RoadPoint& point);

// The same for drives that have left the point's segment at its end and are at
// the end of the next one.
std::vector<Anchor> DepartAnchorsBeyond(const RoadMap& map,
                                        const Metric& metric,
                                        const RoadPoint& point);

// The states in which a drive to a point may end, and how much too far each of
// them is.
std::vector<Anchor> ArriveAnchors(const RoadMap& map, const Metric& metric,
                                  const RoadPoint& point);

// Where drives to a point end. Costs cannot be negative; so what they end too
// far by is counted from the greatest of it: every drive costs `bias` more than
// it takes.
struct Goal {
  explicit Goal(std::vector<Anchor> too_far);

  std::vector<Anchor> anchors;
  Cost bias = 0;
};

// Along the segment that both points are on, without leaving it.
Leg DirectLeg(const Metric& metric, const RoadPoint& from, const RoadPoint& to);

// `leg`, or the drive to a goal if it costs less.
Leg Better(const Leg& leg, Cost drive, Cost bias);

// True if it can be told without a search that no way leads from one point to
// the other.
bool IsHopeless(const RoadMap& map, const RoadPoint& from, const RoadPoint& to);

// Points on one segment are joined along it, or by a drive that leaves it; in
// the index a road that a drive begins on would also be one that it ends on.
bool ShareSegment(const RoadMap& map, const RoadPoint& from,
                  const RoadPoint& to);

bool AreOneNode(const RoadMap& map, const RoadPoint& from, const RoadPoint& to);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ANCHORS_H_
