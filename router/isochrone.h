// How far cars get in a given time.
#ifndef HOUSECALL_ROUTER_ISOCHRONE_H_
#define HOUSECALL_ROUTER_ISOCHRONE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/geo.h"
#include "router/router.h"

namespace housecall::router {

// What the drive from the nearest of some places costs to every state of the
// graph, where its segment ends; kNoWay where there is no way. One search
// upwards from all places and one sweep down the hierarchy: milliseconds for a
// metropolis. `metric` must be one of the map.
std::vector<Cost> CostsToAll(const RoadMap& map, const Metric& metric,
                             absl::Span<const RoadPoint> from);

// The parts of roads that somebody who starts at the nearest of `from` comes to
// within `weight`, in the order of the segments; of a road that somebody starts
// on there may be several. A part that both directions reach is there twice.
// Private roads count: a drive may end there.
std::vector<PathPiece> RoadsWithin(const RoadMap& map, const Metric& metric,
                                   absl::Span<const RoadPoint> from,
                                   uint32_t weight);

// An area without crossings: the first ring is around it, the others are holes.
// Rings are closed, their last point is the first one; seen from above, outer
// ones run counterclockwise, holes clockwise, as GeoJSON wants them.
struct Area {
  std::vector<std::vector<LatLng>> rings;
};

// The areas within about `cell_meters` of parts of roads: squares of that size
// that a road leads through, and those next to them, joined. From west to east
// by their first points.
std::vector<Area> AreasAround(const RoadData& data,
                              absl::Span<const PathPiece> pieces,
                              double cell_meters);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ISOCHRONE_H_
