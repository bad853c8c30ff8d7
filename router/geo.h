// Positions on the earth, and how far they are from each other.
#ifndef HOUSECALL_ROUTER_GEO_H_
#define HOUSECALL_ROUTER_GEO_H_

#include <cstdint>

#include "absl/status/status.h"

namespace housecall::router {

// A sphere with the mean radius of the earth (IUGG).
inline constexpr double kEarthRadiusMeters = 6371008.8;
inline constexpr double kRadiansPerDegree = 3.14159265358979323846 / 180;
inline constexpr double kMetersPerDegree =
    kEarthRadiusMeters * kRadiansPerDegree;

// A position in WGS 84.
struct LatLng {
  double latitude_degrees = 0;
  double longitude_degrees = 0;

  friend bool operator==(const LatLng&, const LatLng&) = default;
};

// Returns InvalidArgument unless both are finite, the latitude in [-90, 90] and
// the longitude in [-180, 180].
absl::Status CheckLatLng(const LatLng& position);

// Along the great circle of the sphere, within 0.6 % of the ellipsoid. For
// valid positions.
double StraightDistanceMeters(const LatLng& a, const LatLng& b);

// What OpenStreetMap stores: ten-millionths of a degree, about a centimetre.
struct FixedPoint {
  int32_t latitude_e7 = 0;
  int32_t longitude_e7 = 0;

  friend bool operator==(const FixedPoint&, const FixedPoint&) = default;
};

// Rounds to the nearest; for valid positions.
FixedPoint ToFixed(const LatLng& position);
LatLng ToLatLng(FixedPoint point);

// A rectangle of latitudes and longitudes, borders included. Does not reach
// across the 180th meridian.
struct BoundingBox {
  LatLng south_west;
  LatLng north_east;

  // True if `position` is inside, or outside by no more than about
  // `margin_meters`.
  bool Contains(const LatLng& position, double margin_meters = 0) const;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_GEO_H_
