// Answers of a map as GeoJSON (RFC 7946), for maps on screens.
#ifndef HOUSECALL_ROUTER_TOOLS_MAP_GEOJSON_H_
#define HOUSECALL_ROUTER_TOOLS_MAP_GEOJSON_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "router/isochrone.h"
#include "router/living_roads.h"
#include "router/router.h"
#include "router/travel_time_source.h"

namespace housecall::router {

using Json = nlohmann::ordered_json;

// Road names come from the map, and may hold anything.
std::string Dump(const Json& json);

double Rounded(double value, double unit);

// The steps of a route, one for each road in a row.
Json StepsJson(const Route& route);

// A LineString with time, distance and the steps. Each of these has the map's
// attribution.
Json RouteGeoJson(const Route& route, const RoadData& data);

// How far cars get from the nearest of some places.
struct Reach {
  double minutes = 0;
  // Roads that are reached, in one direction or both.
  double road_kilometers = 0;
  std::vector<Area> areas;
};

// One for each of `minutes`. A place that is on no road is the error of that
// place (RoadMap::FindSnap). Returns InvalidArgument if a number of minutes is
// not from 0 to 1440.
absl::StatusOr<std::vector<Reach>> FindReach(const RoadState& state,
                                             const std::vector<LatLng>& from,
                                             const std::vector<double>& minutes,
                                             double snap_radius_meters);

// A home, and how long the quickest drive there takes; none: no way leads
// there, or it is on no road, as `problem` says.
struct HomeReach {
  LatLng position;
  std::optional<absl::Duration> duration;
  std::string problem;
};

// A MultiPolygon for each reach, the farthest first, so that nearer ones are
// drawn over it; then a Point for each home, with its minutes, or null.
Json ReachGeoJson(const std::vector<Reach>& reaches,
                  const std::vector<HomeReach>& homes, const RoadData& data);

// The roads whose surroundings touch a box, as LineStrings with name, class,
// times and access; no more than `limit`, "complete" says whether that is all.
Json RoadsGeoJson(const RoadMap& map, const BoundingBox& box, size_t limit);

// The same roads to be drawn behind other things: one MultiLineString for each
// class, to the metre, without names and times.
Json RoadLinesGeoJson(const RoadMap& map, const BoundingBox& box);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_TOOLS_MAP_GEOJSON_H_
