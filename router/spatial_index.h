// Finds the road that is nearest to a position.
#ifndef HOUSECALL_ROUTER_SPATIAL_INDEX_H_
#define HOUSECALL_ROUTER_SPATIAL_INDEX_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "router/geo.h"
#include "router/road_data.h"

namespace housecall::router {

// A point of the road network.
struct RoadPoint {
  uint32_t segment = 0;
  // From the segment's first point, along its line.
  uint32_t offset_millimeters = 0;
  LatLng position;
  // How far the position that was looked for is from here.
  double distance_meters = 0;
};

// A packed R-tree over the segments: they lie in the order of a space-filling
// curve already, so sixteen neighbours in that order make a leaf, and sixteen
// boxes of a level one of the next. Immutable.
class SpatialIndex {
 public:
  // `data` must be well formed and outlive this.
  explicit SpatialIndex(const RoadData* data);

  // Of all points of all segments.
  const BoundingBox& bounds() const { return bounds_; }

  // The nearest point of a segment that has all of `flags`; of equally near
  // ones, as at a junction, one that is not kEndsOnly, then the smallest
  // segment number. None: no segment has the flags. Distances are measured on
  // the plane that touches the earth at `position`, right to 0.1 % for some
  // tens of kilometres.
  std::optional<RoadPoint> FindNearest(const LatLng& position,
                                       uint8_t flags = 0) const {
    return FindNearest(position, [&](uint32_t segment) {
      return (data_.segments[segment].flags & flags) == flags;
    });
  }
  // The same for segments that `counts`.
  std::optional<RoadPoint> FindNearest(
      const LatLng& position,
      absl::FunctionRef<bool(uint32_t segment)> counts) const;

  // The point of a segment that is nearest to `position`.
  RoadPoint NearestOf(uint32_t segment, const LatLng& position) const;

  // The segments whose surrounding box touches `box`, made larger by a margin
  // on each side, in ascending order.
  std::vector<uint32_t> FindWithin(const BoundingBox& box,
                                   double margin_meters) const;

 private:
  struct Box {
    FixedPoint low;
    FixedPoint high;
  };

  const RoadData& data_;
  // From the leaves to the root.
  std::vector<std::vector<Box>> levels_;
  BoundingBox bounds_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_SPATIAL_INDEX_H_
