// The line of a segment: points on it, parts of it.
#ifndef HOUSECALL_ROUTER_POLYLINE_H_
#define HOUSECALL_ROUTER_POLYLINE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/geo.h"
#include "router/road_data.h"

namespace housecall::router {

absl::Span<const FixedPoint> SegmentPoints(const RoadData& data,
                                           size_t segment);

// The sum of the straight distances between the points.
double LineMeters(absl::Span<const FixedPoint> line);

struct PlanePoint {
  double x = 0;
  double y = 0;
};

// The plane that touches the earth at one position: metres east and north of
// it. Right to 0.1 % for some tens of kilometres.
class Plane {
 public:
  explicit Plane(const LatLng& origin);

  PlanePoint Project(FixedPoint point) const {
    return {(point.longitude_e7 - longitude_e7_) * meters_per_longitude_e7_,
            (point.latitude_e7 - latitude_e7_) * meters_per_latitude_e7_};
  }

 private:
  double latitude_e7_;
  double longitude_e7_;
  double meters_per_latitude_e7_;
  double meters_per_longitude_e7_;
};

// A point between two points of a line.
struct LinePoint {
  // It lies between line[piece] and line[piece + 1], at this fraction of the
  // way.
  size_t piece = 0;
  double fraction = 0;
  LatLng position;
  // To the plane's origin.
  double distance_meters = 0;
};

// The point of the line that is nearest to the plane's origin; of equally near
// ones the first.
LinePoint NearestOnLine(const Plane& plane, absl::Span<const FixedPoint> line);

// How far a point is from the begin of its line, if the line is taken to be
// `length_millimeters` long.
uint32_t OffsetOf(absl::Span<const FixedPoint> line,
                  uint32_t length_millimeters, const LinePoint& point);

// The part of a line between two offsets, in the order of the line if the first
// is the smaller one, else in the opposite order. At least two points, the
// first and the last at the offsets.
std::vector<LatLng> LinePart(absl::Span<const FixedPoint> line,
                             uint32_t length_millimeters,
                             uint32_t begin_millimeters,
                             uint32_t end_millimeters);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_POLYLINE_H_
