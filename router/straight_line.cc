#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "router/status_text.h"
#include "router/travel_time_source.h"

namespace housecall::router {
namespace {

// Without a map times vary by a third; nine of ten are below this.
constexpr double kLateFactor = 1.5;

}  // namespace

absl::StatusOr<StraightLine> StraightLine::Create(const Options& options) {
  if (!std::isfinite(options.detour_factor) || options.detour_factor <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "detour factor ", options.detour_factor, " is not a positive number"));
  }
  if (!std::isfinite(options.speed_km_per_hour) ||
      options.speed_km_per_hour <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "speed ", options.speed_km_per_hour, " is not a positive number"));
  }
  return StraightLine(options);
}

std::unique_ptr<const TravelTimeSource> StraightLine::Pinned(
    const RoadPolicy&) const {
  return std::make_unique<StraightLine>(*this);
}

std::string StraightLine::description() const {
  return absl::StrFormat("straight line x %g at %g km/h",
                         options_.detour_factor, options_.speed_km_per_hour);
}

double StraightLine::DistanceMeters(const LatLng& from,
                                    const LatLng& to) const {
  return StraightDistanceMeters(from, to) * options_.detour_factor;
}

absl::Duration StraightLine::TimeFor(double distance_meters) const {
  return absl::Seconds(distance_meters * 3.6 / options_.speed_km_per_hour);
}

absl::StatusOr<TravelTable> StraightLine::Times(
    absl::Span<const LatLng> origins,
    absl::Span<const LatLng> destinations) const {
  if (absl::Status status = CheckTableSize(origins.size(), destinations.size());
      !status.ok()) {
    return status;
  }
  TravelTable table(origins.size(), destinations.size());
  for (size_t i = 0; i < origins.size(); ++i) {
    table.origin_status(i) = CheckLatLng(origins[i]);
  }
  for (size_t j = 0; j < destinations.size(); ++j) {
    table.destination_status(j) = CheckLatLng(destinations[j]);
  }
  for (size_t i = 0; i < origins.size(); ++i) {
    if (!table.origin_status(i).ok()) continue;
    for (size_t j = 0; j < destinations.size(); ++j) {
      if (!table.destination_status(j).ok()) continue;
      table.at(i, j) = {true,
                        TimeFor(DistanceMeters(origins[i], destinations[j]))};
    }
  }
  return table;
}

absl::StatusOr<Route> StraightLine::FindRoute(const LatLng& from,
                                              const LatLng& to) const {
  if (absl::Status status = CheckLatLng(from); !status.ok()) {
    return OfPosition("from", status);
  }
  if (absl::Status status = CheckLatLng(to); !status.ok()) {
    return OfPosition("to", status);
  }
  Route route;
  route.distance_meters = DistanceMeters(from, to);
  route.duration = TimeFor(route.distance_meters);
  route.late_duration = route.duration * kLateFactor;
  route.points = {from, to};
  route.steps = {{"", route.duration, route.distance_meters}};
  return route;
}

}  // namespace housecall::router
