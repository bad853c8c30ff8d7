#include "dispatcher/core/types.h"

#include <algorithm>
#include <cmath>

namespace housecall::core {

double DistanceMeters(const LatLng& a, const LatLng& b) {
  constexpr double kEarthRadiusMeters = 6371008.8;
  constexpr double kRadians = 3.14159265358979323846 / 180;
  const double latitude = (b.latitude - a.latitude) * kRadians;
  const double longitude = (b.longitude - a.longitude) * kRadians;
  const double h = std::sin(latitude / 2) * std::sin(latitude / 2) +
                   std::cos(a.latitude * kRadians) *
                       std::cos(b.latitude * kRadians) *
                       std::sin(longitude / 2) * std::sin(longitude / 2);
  return 2 * kEarthRadiusMeters * std::asin(std::min(1.0, std::sqrt(h)));
}

bool Actor::Has(Role role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

Actor SystemActor() {
  Actor actor;
  actor.roles = {Role::kSystem};
  return actor;
}

}  // namespace housecall::core
