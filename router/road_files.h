// Roads as they are now, by what stands in files: a map file, and a file of
// conditions that operators or other programs write.
#ifndef HOUSECALL_ROUTER_ROAD_FILES_H_
#define HOUSECALL_ROUTER_ROAD_FILES_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "router/living_roads.h"
#include "router/road_conditions.h"

namespace housecall::router {

// The conditions of a GeoJSON FeatureCollection, as tools for maps draw them. A
// LineString is a line, a Polygon an area (its holes do not count). Properties:
//
//   reason         what people call it; wanted
//   speed_factor   the share of the usual speed, from 0 to 1; without it 0:
//                  closed
//   from, to       RFC 3339; without them always
//   within_meters  of a line; without it 15
//
// Returns InvalidArgument, naming the feature, if it is something else.
absl::StatusOr<std::vector<RoadCondition>> ParseRoadConditions(
    absl::string_view geojson);

// Follows both files. One thread at a time; roads() is for any number.
class RoadFiles {
 public:
  struct Options {
    std::string map_path;
    // Empty: there are no conditions.
    std::string conditions_path;
    LivingRoads::Options roads;
  };

  // Returns the errors of OpenMap; NotFound if there is no such file. With
  // conditions that are not understood it opens without them, and Refresh tells
  // what is wrong: a slip in that file must not keep a center from serving.
  static absl::StatusOr<std::unique_ptr<RoadFiles>> Open(Options options,
                                                         absl::Time now);

  // Lives as long as this.
  const LivingRoads& roads() const { return *roads_; }

  // Call it every half minute or so: the time has come to `now`, and files that
  // have changed since are read again. Whoever writes them writes beside them
  // and renames, as `housecall-map import` does. An error names the file that
  // cannot be used: what it said before stays, and it is not tried again until
  // it changes once more.
  absl::Status Refresh(absl::Time now);

 private:
  // What tells one state of a file from another: file, size, change.
  using Stamp = std::array<int64_t, 4>;

  explicit RoadFiles(Options options) : options_(std::move(options)) {}
  static absl::StatusOr<Stamp> StampOf(const std::string& path);

  const Options options_;
  std::unique_ptr<LivingRoads> roads_;
  Stamp map_stamp_ = {};
  Stamp conditions_stamp_ = {};
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_FILES_H_
