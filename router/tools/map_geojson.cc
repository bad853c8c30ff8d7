#include "router/tools/map_geojson.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "router/polyline.h"

namespace housecall::router {
namespace {

constexpr double kCellMeters = 100;
// Where no map is larger than a metropolis.
constexpr double kMaxMinutes = 24 * 60;

Json Position(const LatLng& point) {
  return {Rounded(point.longitude_degrees, 1e-7),
          Rounded(point.latitude_degrees, 1e-7)};
}

template <typename Points>
Json Positions(const Points& points) {
  Json coordinates = Json::array();
  for (const LatLng& point : points) coordinates.push_back(Position(point));
  return coordinates;
}

Json Feature(const char* type, Json coordinates, Json properties) {
  return {
      {"type", "Feature"},
      {"properties", std::move(properties)},
      {"geometry", {{"type", type}, {"coordinates", std::move(coordinates)}}}};
}

Json Collection(Json features, const RoadData& data) {
  return {{"type", "FeatureCollection"},
          {"attribution", data.attribution},
          {"features", std::move(features)}};
}

// Each metre of road once, whichever directions reach it.
double RoadKilometers(std::vector<PathPiece> pieces) {
  for (PathPiece& piece : pieces) {
    if (piece.begin_millimeters > piece.end_millimeters) {
      std::swap(piece.begin_millimeters, piece.end_millimeters);
    }
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const PathPiece& a, const PathPiece& b) {
              return std::pair(a.segment, a.begin_millimeters) <
                     std::pair(b.segment, b.begin_millimeters);
            });
  double millimeters = 0;
  uint32_t segment = 0xffffffff;
  uint32_t end = 0;
  for (const PathPiece& piece : pieces) {
    if (piece.segment != segment) end = 0;
    segment = piece.segment;
    const uint32_t begin = std::max(end, piece.begin_millimeters);
    if (piece.end_millimeters <= begin) continue;
    millimeters += piece.end_millimeters - begin;
    end = piece.end_millimeters;
  }
  return millimeters / 1e6;
}

}  // namespace

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

double Rounded(double value, double unit) {
  return std::round(value / unit) * unit;
}

Json StepsJson(const Route& route) {
  Json steps = Json::array();
  for (const RouteStep& step : route.steps) {
    steps.push_back({{"name", step.road_name},
                     {"seconds", absl::ToDoubleSeconds(step.duration)},
                     {"meters", Rounded(step.distance_meters, 0.001)}});
  }
  return steps;
}

Json RouteGeoJson(const Route& route, const RoadData& data) {
  Json features = Json::array();
  features.push_back(
      Feature("LineString", Positions(route.points),
              {{"seconds", absl::ToDoubleSeconds(route.duration)},
               {"late_seconds",
                Rounded(absl::ToDoubleSeconds(route.late_duration), 0.001)},
               {"meters", route.distance_meters},
               {"steps", StepsJson(route)}}));
  return Collection(std::move(features), data);
}

absl::StatusOr<std::vector<Reach>> FindReach(const RoadState& state,
                                             const std::vector<LatLng>& from,
                                             const std::vector<double>& minutes,
                                             double snap_radius_meters) {
  const RoadMap& map = *state.map;
  std::vector<RoadPoint> points;
  for (const LatLng& position : from) {
    const absl::StatusOr<Snap> snap =
        map.FindSnap(position, {snap_radius_meters}, state.metric.get());
    if (!snap.ok()) return snap.status();
    // Whoever stands in a car park without an exit starts at the next road.
    points.push_back(snap->main.value_or(snap->nearest));
  }
  std::vector<Reach> reaches;
  for (const double limit : minutes) {
    if (!(limit >= 0 && limit <= kMaxMinutes)) {
      return absl::InvalidArgumentError(
          absl::StrCat(limit, " minutes are not from 0 to ", kMaxMinutes));
    }
    const uint32_t weight = static_cast<uint32_t>(std::min<double>(
        kMaxDriveWeight, limit * 60e6 / map.data().weight_unit_microseconds));
    const std::vector<PathPiece> pieces =
        RoadsWithin(map, *state.metric, points, weight);
    reaches.push_back({limit, RoadKilometers(pieces),
                       AreasAround(map.data(), pieces, kCellMeters)});
  }
  return reaches;
}

Json ReachGeoJson(const std::vector<Reach>& reaches,
                  const std::vector<HomeReach>& homes, const RoadData& data) {
  std::vector<const Reach*> sorted;
  for (const Reach& reach : reaches) sorted.push_back(&reach);
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const Reach* a, const Reach* b) { return a->minutes > b->minutes; });
  Json features = Json::array();
  for (const Reach* reach : sorted) {
    Json polygons = Json::array();
    for (const Area& area : reach->areas) {
      Json rings = Json::array();
      for (const std::vector<LatLng>& ring : area.rings) {
        rings.push_back(Positions(ring));
      }
      polygons.push_back(std::move(rings));
    }
    features.push_back(
        Feature("MultiPolygon", std::move(polygons),
                {{"minutes", reach->minutes},
                 {"road_kilometers", Rounded(reach->road_kilometers, 0.001)}}));
  }
  for (const HomeReach& home : homes) {
    const Json minutes =
        home.duration.has_value()
            ? Json(Rounded(absl::ToDoubleMinutes(*home.duration), 0.01))
            : Json(nullptr);
    features.push_back(Feature("Point",
                               Positions(std::vector<LatLng>{home.position})[0],
                               {{"home_minutes", minutes}}));
  }
  return Collection(std::move(features), data);
}

Json RoadsGeoJson(const RoadMap& map, const BoundingBox& box, size_t limit) {
  const RoadData& data = map.data();
  Json features = Json::array();
  const std::vector<uint32_t> segments = map.places().FindWithin(box, 0);
  for (const uint32_t number : segments) {
    if (features.size() >= limit) break;
    const Segment& segment = data.segments[number];
    std::vector<LatLng> line;
    for (const FixedPoint point : SegmentPoints(data, number)) {
      line.push_back(ToLatLng(point));
    }
    const auto seconds = [&](uint32_t weight) {
      return weight == kClosed
                 ? Json(nullptr)
                 : Json(absl::ToDoubleSeconds(map.ToDuration(weight)));
    };
    features.push_back(
        Feature("LineString", Positions(line),
                {{"segment", number},
                 {"name", data.names[segment.name]},
                 {"class", std::string(RoadClassName(segment.road_class))},
                 {"forward_seconds", seconds(segment.forward_weight)},
                 {"backward_seconds", seconds(segment.backward_weight)},
                 {"ends_only", segment.Has(Segment::kEndsOnly)},
                 {"toll", segment.Has(Segment::kToll)},
                 {"ferry", segment.Has(Segment::kFerry)}}));
  }
  const bool is_complete = features.size() == segments.size();
  Json collection = Collection(std::move(features), data);
  collection["complete"] = is_complete;
  return collection;
}

Json RoadLinesGeoJson(const RoadMap& map, const BoundingBox& box) {
  constexpr double kDegrees = 1e-5;  // About a metre.
  const RoadData& data = map.data();
  std::map<std::string, Json> lines;
  for (const uint32_t number : map.places().FindWithin(box, 0)) {
    if (data.segments[number].Has(Segment::kFerry)) continue;
    Json line = Json::array();
    for (const FixedPoint fixed : SegmentPoints(data, number)) {
      const LatLng point = ToLatLng(fixed);
      Json position = {Rounded(point.longitude_degrees, kDegrees),
                       Rounded(point.latitude_degrees, kDegrees)};
      if (line.empty() || line.back() != position) {
        line.push_back(std::move(position));
      }
    }
    if (line.size() < 2) continue;
    Json& those =
        lines[std::string(RoadClassName(data.segments[number].road_class))];
    those.push_back(std::move(line));
  }
  Json features = Json::array();
  for (auto& [road_class, of_class] : lines) {
    features.push_back(Feature("MultiLineString", std::move(of_class),
                               {{"class", road_class}}));
  }
  return Collection(std::move(features), data);
}

}  // namespace housecall::router
