// How fast a car goes on a road, by its class and its speed limit.
#ifndef HOUSECALL_ROUTER_IMPORT_SPEED_H_
#define HOUSECALL_ROUTER_IMPORT_SPEED_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "router/road_data.h"

namespace housecall::router {

// The speed limit that a value of the key maxspeed stands for, in km/h; of
// several ("50;40") the lowest. Understands numbers with and without a unit
// ("50", "50 km/h", "30 mph"), "none", "walk", and the kinds of zone that are
// written with a country ("JP:express", "JP:zone30", "DE:living_street"). None:
// the value says nothing usable ("signals"), or nothing sensible.
std::optional<double> ParseMaxSpeed(absl::string_view value);

// What a car averages over the length of such a road at night, with its
// signals, junctions and bends, in km/h. `limit` is the speed limit, if known.
// router/README.md has the table and its reasons.
double AverageSpeed(RoadClass road_class, bool is_link,
                    std::optional<double> limit_km_per_hour);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_SPEED_H_
