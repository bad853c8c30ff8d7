// What OpenStreetMap's conditional tags say: "no @ (Mo-Fr 07:00-09:00)".
#ifndef HOUSECALL_ROUTER_IMPORT_HOUR_RULES_H_
#define HOUSECALL_ROUTER_IMPORT_HOUR_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "router/road_hours.h"

namespace housecall::router {

// The hours of OpenStreetMap's opening_hours, as far as signs at roads need
// them: "Mo-Fr 07:00-09:00,15:00-17:00; Sa 08:00-12:00; PH off", "22:00-06:00",
// "24/7", "Mo-Sa", "PH 10:00-18:00". A later rule counts for the days that it
// names. Where public holidays are not named, they are like other days. None:
// it says something else, such as months, weeks or sunrise.
std::optional<RoadHours> ParseHours(absl::string_view text);

// A value of a conditional tag, and when it counts for a car. No hours: it
// cannot be told.
struct ConditionalValue {
  std::string value;
  std::optional<RoadHours> hours;
};

// All of "A @ (hours); B @ (hours AND weight>5)". What is about vehicles that
// weigh or measure more than a number never counts for a car.
std::vector<ConditionalValue> ParseConditional(absl::string_view text);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_HOUR_RULES_H_
