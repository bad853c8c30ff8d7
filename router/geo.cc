#include "router/geo.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace housecall::router {

absl::Status CheckLatLng(const LatLng& position) {
  if (!(std::abs(position.latitude_degrees) <= 90)) {  // NaN is refused too.
    return absl::InvalidArgumentError(
        absl::StrCat("latitude ", position.latitude_degrees,
                     " is not a number of degrees from -90 to 90"));
  }
  if (!(std::abs(position.longitude_degrees) <= 180)) {
    return absl::InvalidArgumentError(
        absl::StrCat("longitude ", position.longitude_degrees,
                     " is not a number of degrees from -180 to 180"));
  }
  return absl::OkStatus();
}

double StraightDistanceMeters(const LatLng& a, const LatLng& b) {
  const double a_latitude = a.latitude_degrees * kRadiansPerDegree;
  const double b_latitude = b.latitude_degrees * kRadiansPerDegree;
  const double s = std::sin((b_latitude - a_latitude) / 2);
  const double t = std::sin((b.longitude_degrees - a.longitude_degrees) *
                            kRadiansPerDegree / 2);
  const double h = s * s + std::cos(a_latitude) * std::cos(b_latitude) * t * t;
  return 2 * kEarthRadiusMeters * std::asin(std::sqrt(std::min(1.0, h)));
}

FixedPoint ToFixed(const LatLng& position) {
  return {static_cast<int32_t>(std::lround(position.latitude_degrees * 1e7)),
          static_cast<int32_t>(std::lround(position.longitude_degrees * 1e7))};
}

LatLng ToLatLng(FixedPoint point) {
  return {point.latitude_e7 / 1e7, point.longitude_e7 / 1e7};
}

bool BoundingBox::Contains(const LatLng& position, double margin_meters) const {
  const double latitude_margin = margin_meters / kMetersPerDegree;
  // Degrees of longitude are shortest at the latitude farthest from the
  // equator; near the poles every longitude is within the margin.
  const double farthest =
      std::min(90.0, std::max(std::abs(south_west.latitude_degrees),
                              std::abs(north_east.latitude_degrees)));
  const double longitude_margin =
      latitude_margin / std::max(1e-6, std::cos(farthest * kRadiansPerDegree));
  return position.latitude_degrees >=
             south_west.latitude_degrees - latitude_margin &&
         position.latitude_degrees <=
             north_east.latitude_degrees + latitude_margin &&
         position.longitude_degrees >=
             south_west.longitude_degrees - longitude_margin &&
         position.longitude_degrees <=
             north_east.longitude_degrees + longitude_margin;
}

}  // namespace housecall::router
