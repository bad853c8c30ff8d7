// Roads as they are now, by what stands in files: a map file, a file of
// conditions that operators or other programs write, and one of our own
// finished drives.
#ifndef HOUSECALL_ROUTER_ROAD_FILES_H_
#define HOUSECALL_ROUTER_ROAD_FILES_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "router/drive_log.h"
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

// Follows the files. One thread at a time; roads() and AddDrive are for any
// number.
class RoadFiles {
 public:
  struct Options {
    std::string map_path;
    // Empty: there are no conditions.
    std::string conditions_path;
    LivingRoads::Options roads;
    // The file of finished drives (DriveLog); no other process adds to it.
    // Empty: nothing is learned.
    std::string drives_path = {};
  };

  // Returns the errors of OpenMap; NotFound if there is no such file. With
  // conditions that are not understood it opens without them, and so it does
  // with a file of drives that cannot be used: then nothing is learned. Refresh
  // tells what is wrong: a slip in those files must not keep a center from
  // serving.
  static absl::StatusOr<std::unique_ptr<RoadFiles>> Open(Options options,
                                                         absl::Time now);

  // Writes down the drives that were added last.
  ~RoadFiles();
  RoadFiles(const RoadFiles&) = delete;
  RoadFiles& operator=(const RoadFiles&) = delete;

  // Lives as long as this.
  const LivingRoads& roads() const { return *roads_; }

  // A drive of ours that began at that time and took so long: of what the roads
  // said then (Route::unlearned_durations of the state of that time), something
  // is learned with the next Refresh. Returns at once. Nothing happens without
  // a file of drives, or if nothing was expected.
  void AddDrive(absl::Time begin_time,
                absl::Span<const absl::Duration> unlearned_durations,
                absl::Duration taken);

  // What has been learned so far.
  const LearnedSpeeds& learned() const { return learned_; }
  // Lines of the file of drives that could not be read when it was opened.
  size_t unread_drives() const {
    return drives_ == nullptr ? 0 : drives_->unread_lines();
  }

  // Call it every half minute or so: the time has come to `now`, and files that
  // have changed since are read again; drives that have been added are written
  // down and learned from. Whoever writes the map and the conditions writes
  // beside them and renames, as `housecall-map import` does. An error names the
  // file that cannot be used: what it said before stays, and it is not tried
  // again until it changes once more. Drives that cannot be written count until
  // the end of this.
  absl::Status Refresh(absl::Time now);

 private:
  // What tells one state of a file from another: file, size, change.
  using Stamp = std::array<int64_t, 4>;

  explicit RoadFiles(Options options) : options_(std::move(options)) {}
  static absl::StatusOr<Stamp> StampOf(const std::string& path);
  // Writes down the drives that were added; false: there were none.
  bool KeepNewDrives(absl::Status* first_error);

  const Options options_;
  std::unique_ptr<LivingRoads> roads_;
  // Null: nothing is learned.
  std::unique_ptr<DriveLog> drives_;
  // What is wrong with it, until it was told.
  absl::Status drives_status_;
  LearnedSpeeds learned_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<FinishedDrive> new_drives_;
  Stamp map_stamp_ = {};
  Stamp conditions_stamp_ = {};
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_FILES_H_
