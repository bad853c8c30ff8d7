#include "router/import/speed.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall::router {
namespace {

constexpr double kKmPerMile = 1.609344;

struct ClassSpeed {
  // The limit where none is on the map.
  double assumed_limit;
  // No limit on the map counts for more than this: a lane with a legal limit of
  // 60 km/h is still a lane.
  double greatest_limit;
  // The share of the limit that a car averages.
  double factor;
};

ClassSpeed SpeedOf(RoadClass road_class) {
  switch (road_class) {
    case RoadClass::kMotorway:
      return {80, 130, 0.95};
    case RoadClass::kTrunk:
      return {50, 130, 0.75};
    case RoadClass::kPrimary:
      return {50, 100, 0.70};
    case RoadClass::kSecondary:
      return {40, 100, 0.70};
    case RoadClass::kTertiary:
      return {40, 90, 0.65};
    case RoadClass::kUnclassified:
      return {30, 60, 0.70};
    case RoadClass::kResidential:
      return {30, 40, 0.60};
    case RoadClass::kLivingStreet:
      return {20, 20, 0.50};
    case RoadClass::kService:
      return {20, 30, 0.50};
    case RoadClass::kTrack:
      return {20, 30, 0.50};
    case RoadClass::kPedestrian:
      return {10, 10, 0.60};
  }
  return {30, 60, 0.70};
}

constexpr double kLinkLimit = 40;

std::optional<double> ParseOne(absl::string_view value) {
  value = absl::StripAsciiWhitespace(value);
  if (value == "none") return 130;
  // "JP:zone30", "DE:zone:30", "FR:urban": what comes last decides.
  const size_t colon = value.rfind(':');
  if (colon != absl::string_view::npos) {
    const bool is_japan = absl::StartsWith(value, "JP:");
    value = value.substr(colon + 1);
    absl::ConsumePrefix(&value, "zone");
    // Japan's limits where no sign says another (Order for Enforcement of the
    // Road Traffic Act, articles 11 and 27).
    if (is_japan && (value == "express" || value == "motorway")) return 100;
    if (is_japan && (value == "national" || value == "rural")) return 60;
  }
  if (value == "walk") return 6;
  if (value == "living_street") return 20;
  double factor = 1;
  if (absl::ConsumeSuffix(&value, "mph")) {
    factor = kKmPerMile;
  } else if (!absl::ConsumeSuffix(&value, "km/h")) {
    absl::ConsumeSuffix(&value, "kmh");
  }
  value = absl::StripAsciiWhitespace(value);
  double number;
  // Digits only: SimpleAtod would take "inf" and "0x1p3" too.
  for (const char c : value) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) && c != '.') {
      return std::nullopt;
    }
  }
  if (!absl::SimpleAtod(value, &number)) return std::nullopt;
  number *= factor;
  if (number < 1 || number > 200) return std::nullopt;
  return number;
}

}  // namespace

std::optional<double> ParseMaxSpeed(absl::string_view value) {
  std::optional<double> lowest;
  for (const absl::string_view part :
       absl::StrSplit(value, absl::ByAnyChar(";|,"))) {
    const std::optional<double> speed = ParseOne(part);
    if (speed.has_value() && (!lowest.has_value() || *speed < *lowest)) {
      lowest = speed;
    }
  }
  return lowest;
}

double AverageSpeed(RoadClass road_class, bool is_link,
                    std::optional<double> limit_km_per_hour) {
  const ClassSpeed speed = SpeedOf(road_class);
  double limit = std::min(limit_km_per_hour.value_or(speed.assumed_limit),
                          speed.greatest_limit);
  if (is_link && !limit_km_per_hour.has_value()) {
    limit = std::min(limit, kLinkLimit);
  }
  return limit * speed.factor;
}

}  // namespace housecall::router
