#include "router/road_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "router/map_file.h"

namespace housecall::router {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxBytes = 16 << 20;

absl::StatusOr<std::vector<LatLng>> ParsePoints(const Json& coordinates) {
  if (!coordinates.is_array()) {
    return absl::InvalidArgumentError("its coordinates are no list");
  }
  std::vector<LatLng> points;
  for (const Json& point : coordinates) {
    if (!point.is_array() || point.size() < 2 || !point[0].is_number() ||
        !point[1].is_number()) {
      return absl::InvalidArgumentError(
          "a position is not [longitude, latitude]");
    }
    points.push_back({point[1].get<double>(), point[0].get<double>()});
  }
  return points;
}

// A property that may be missing.
absl::Status ReadNumber(const Json& properties, const char* name,
                        double* number) {
  if (!properties.contains(name) || properties[name].is_null()) {
    return absl::OkStatus();
  }
  if (!properties[name].is_number()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a number"));
  }
  *number = properties[name].get<double>();
  return absl::OkStatus();
}

absl::Status ReadTime(const Json& properties, const char* name,
                      absl::Time* time) {
  if (!properties.contains(name) || properties[name].is_null()) {
    return absl::OkStatus();
  }
  if (!properties[name].is_string() ||
      !absl::ParseTime(absl::RFC3339_full, properties[name].get<std::string>(),
                       time, nullptr)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is not a time as 2026-11-21T23:00:00+09:00"));
  }
  return absl::OkStatus();
}

absl::StatusOr<RoadCondition> ParseFeature(const Json& feature) {
  if (!feature.is_object() || !feature.contains("geometry") ||
      !feature["geometry"].is_object() || !feature.contains("properties") ||
      !feature["properties"].is_object()) {
    return absl::InvalidArgumentError("it has no geometry or no properties");
  }
  const Json& geometry = feature["geometry"];
  const Json& properties = feature["properties"];
  RoadCondition condition;
  if (!properties.contains("reason") || !properties["reason"].is_string() ||
      properties["reason"].get<std::string>().empty()) {
    return absl::InvalidArgumentError("it has no reason");
  }
  condition.reason = properties["reason"].get<std::string>();
  for (const absl::Status& status :
       {ReadNumber(properties, "speed_factor", &condition.speed_factor),
        ReadNumber(properties, "within_meters", &condition.within_meters),
        ReadTime(properties, "from", &condition.begin_time),
        ReadTime(properties, "to", &condition.end_time)}) {
    if (!status.ok()) return status;
  }
  const Json type = geometry.value("type", Json());
  Json coordinates = geometry.value("coordinates", Json());
  if (type == "Polygon") {
    condition.shape = RoadCondition::Shape::kArea;
    if (!coordinates.is_array() || coordinates.empty()) {
      return absl::InvalidArgumentError("its coordinates are no list");
    }
    coordinates = Json(coordinates[0]);
  } else if (type != "LineString") {
    return absl::InvalidArgumentError(
        "its geometry is neither a LineString nor a Polygon");
  }
  absl::StatusOr<std::vector<LatLng>> points = ParsePoints(coordinates);
  if (!points.ok()) return points.status();
  condition.points = *std::move(points);
  // A ring's last point is its first one.
  if (condition.shape == RoadCondition::Shape::kArea &&
      condition.points.size() > 1 &&
      condition.points.front() == condition.points.back()) {
    condition.points.pop_back();
  }
  if (absl::Status status = CheckRoadCondition(condition); !status.ok()) {
    return status;
  }
  return condition;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  std::string content(kMaxBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", kMaxBytes >> 20, " MB"));
  }
  return content;
}

absl::StatusOr<std::vector<RoadCondition>> LoadConditions(
    const std::string& path) {
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  absl::StatusOr<std::vector<RoadCondition>> conditions =
      ParseRoadConditions(*content);
  if (!conditions.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", conditions.status().message()));
  }
  return conditions;
}

}  // namespace

absl::StatusOr<std::vector<RoadCondition>> ParseRoadConditions(
    absl::string_view geojson) {
  const Json json = Json::parse(geojson.begin(), geojson.end(), nullptr, false);
  if (!json.is_object() || json.value("type", Json()) != "FeatureCollection" ||
      !json.contains("features") || !json["features"].is_array()) {
    return absl::InvalidArgumentError("it is not a GeoJSON FeatureCollection");
  }
  std::vector<RoadCondition> conditions;
  for (const Json& feature : json["features"]) {
    absl::StatusOr<RoadCondition> condition = ParseFeature(feature);
    if (!condition.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("feature ", conditions.size() + 1, ": ",
                       condition.status().message()));
    }
    conditions.push_back(*std::move(condition));
  }
  return conditions;
}

absl::StatusOr<RoadFiles::Stamp> RoadFiles::StampOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  return Stamp{static_cast<int64_t>(info.st_ino),
               static_cast<int64_t>(info.st_size),
               static_cast<int64_t>(info.st_mtim.tv_sec),
               static_cast<int64_t>(info.st_mtim.tv_nsec)};
}

absl::StatusOr<std::unique_ptr<RoadFiles>> RoadFiles::Open(Options options,
                                                           absl::Time now) {
  std::unique_ptr<RoadFiles> files(new RoadFiles(std::move(options)));
  const std::string& map_path = files->options_.map_path;
  const std::string& conditions_path = files->options_.conditions_path;
  // Before the file is read: a change meanwhile is found the next time.
  const absl::StatusOr<Stamp> map_stamp = StampOf(map_path);
  absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(map_path);
  if (!map.ok()) return map.status();
  LivingRoads::Options roads_options = files->options_.roads;
  absl::Status drives_status;
  if (!files->options_.drives_path.empty()) {
    absl::StatusOr<std::unique_ptr<DriveLog>> drives =
        DriveLog::Open(files->options_.drives_path);
    if (drives.ok()) {
      files->drives_ = *std::move(drives);
      files->learned_ = LearnedSpeeds(files->drives_->drives());
      roads_options.learned = files->learned_;
    }
    drives_status = drives.status();
  }
  absl::StatusOr<std::unique_ptr<LivingRoads>> roads =
      LivingRoads::Create(*std::move(map), std::move(roads_options), now);
  if (!roads.ok()) return roads.status();
  files->roads_ = *std::move(roads);
  if (map_stamp.ok()) files->map_stamp_ = *map_stamp;
  if (!conditions_path.empty()) {
    const absl::Status status = files->Refresh(now);
    if (absl::IsInvalidArgument(status)) {
      // The next Refresh tries again, and says so.
      files->conditions_stamp_ = {};
    } else if (!status.ok()) {
      return status;
    }
    files->roads_->WaitUntilCurrent();
  }
  files->drives_status_ = std::move(drives_status);
  return files;
}

void RoadFiles::AddDrive(absl::Time begin_time,
                         absl::Span<const absl::Duration> unlearned_durations,
                         absl::Duration taken) {
  if (drives_ == nullptr || unlearned_durations.size() != kRoadClasses) return;
  const SpeedCalendar& calendar = options_.roads.calendar;
  FinishedDrive drive;
  drive.day_class = DayClassOf(calendar, begin_time);
  drive.hour = absl::ToCivilHour(begin_time, calendar.time_zone).hour();
  std::copy(unlearned_durations.begin(), unlearned_durations.end(),
            drive.expected.begin());
  drive.taken = taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (new_drives_.size() < DriveLog::kMaxDrives) new_drives_.push_back(drive);
}

bool RoadFiles::KeepNewDrives(absl::Status* first_error) {
  std::vector<FinishedDrive> drives;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    drives.swap(new_drives_);
  }
  for (const FinishedDrive& drive : drives) {
    first_error->Update(drives_->Add(drive));
  }
  return !drives.empty();
}

RoadFiles::~RoadFiles() {
  // Nobody is left to whom an error could be told, and little is lost.
  absl::Status ignored;
  KeepNewDrives(&ignored);
}

absl::Status RoadFiles::Refresh(absl::Time now) {
  roads_->SetTime(now);
  if (KeepNewDrives(&drives_status_)) {
    learned_ = LearnedSpeeds(drives_->drives());
    roads_->SetLearnedSpeeds(learned_);
  }
  absl::Status first_error;
  // Conditions first, so that a closure does not wait for a map.
  if (!options_.conditions_path.empty()) {
    const absl::StatusOr<Stamp> stamp = StampOf(options_.conditions_path);
    if (!stamp.ok()) {
      first_error.Update(stamp.status());
    } else if (*stamp != conditions_stamp_) {
      conditions_stamp_ = *stamp;
      absl::StatusOr<std::vector<RoadCondition>> conditions =
          LoadConditions(options_.conditions_path);
      first_error.Update(conditions.ok()
                             ? roads_->SetConditions(*std::move(conditions))
                             : conditions.status());
    }
  }
  const absl::StatusOr<Stamp> stamp = StampOf(options_.map_path);
  if (!stamp.ok()) {
    first_error.Update(stamp.status());
  } else if (*stamp != map_stamp_) {
    map_stamp_ = *stamp;
    absl::StatusOr<std::shared_ptr<const RoadMap>> map =
        OpenMap(options_.map_path);
    if (map.ok()) {
      roads_->SetMap(*std::move(map));
    } else {
      first_error.Update(map.status());
    }
  }
  // Told when nothing else is to be told, which would not be told again.
  if (first_error.ok()) {
    return std::exchange(drives_status_, absl::OkStatus());
  }
  return first_error;
}

}  // namespace housecall::router
