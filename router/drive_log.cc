#include "router/drive_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "router/file.h"

namespace housecall::router {
namespace {

using Json = nlohmann::json;

constexpr std::streamoff kMaxBytes = 64 << 20;
// A drive of more than a day is none.
constexpr double kMaxSeconds = 86'400;

std::optional<double> SecondsOf(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double seconds = value.get<double>();
  if (!(seconds >= 0 && seconds <= kMaxSeconds)) return std::nullopt;
  return seconds;
}

std::optional<FinishedDrive> ParseDrive(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  FinishedDrive drive;
  const Json day = json.value("day", Json());
  const Json hour = json.value("hour", Json());
  const Json expected = json.value("expected_seconds", Json());
  const std::optional<double> taken =
      SecondsOf(json.value("taken_seconds", Json()));
  if (!day.is_string() || !hour.is_number_integer() || !expected.is_object() ||
      !taken.has_value()) {
    return std::nullopt;
  }
  bool is_known = false;
  for (int i = 0; i < kDayClasses; ++i) {
    if (day.get<std::string>() == DayClassName(static_cast<DayClass>(i))) {
      drive.day_class = static_cast<DayClass>(i);
      is_known = true;
    }
  }
  const int64_t number = hour.get<int64_t>();
  if (!is_known || number < 0 || number > 23) return std::nullopt;
  drive.hour = static_cast<int>(number);
  drive.taken = absl::Seconds(*taken);
  size_t known = 0;
  for (size_t i = 0; i < kRoadClasses; ++i) {
    const auto part =
        expected.find(std::string(RoadClassName(static_cast<RoadClass>(i))));
    if (part == expected.end()) continue;
    const std::optional<double> seconds = SecondsOf(*part);
    if (!seconds.has_value()) return std::nullopt;
    drive.expected[i] = absl::Seconds(*seconds);
    ++known;
  }
  if (known != expected.size()) return std::nullopt;
  return drive;
}

double Tenths(absl::Duration duration) {
  return std::round(absl::ToDoubleSeconds(duration) * 10) / 10;
}

std::string LineOf(const FinishedDrive& drive) {
  Json expected = Json::object();
  for (size_t i = 0; i < kRoadClasses; ++i) {
    if (drive.expected[i] <= absl::ZeroDuration()) continue;
    expected[std::string(RoadClassName(static_cast<RoadClass>(i)))] =
        Tenths(drive.expected[i]);
  }
  return absl::StrCat(Json{{"day", std::string(DayClassName(drive.day_class))},
                           {"hour", drive.hour},
                           {"expected_seconds", std::move(expected)},
                           {"taken_seconds", Tenths(drive.taken)}}
                          .dump(),
                      "\n");
}

void KeepNewest(std::vector<FinishedDrive>* drives) {
  if (drives->size() <= DriveLog::kMaxDrives) return;
  const auto surplus =
      static_cast<std::ptrdiff_t>(drives->size() - DriveLog::kMaxDrives);
  drives->erase(drives->begin(), drives->begin() + surplus);
}

}  // namespace

absl::StatusOr<RecordedDrives> ReadDrives(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return SystemError(errno, "cannot read", path);
  if (file.tellg() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", kMaxBytes >> 20, " MB"));
  }
  file.seekg(0);
  RecordedDrives recorded;
  std::string line;
  while (std::getline(file, line)) {
    ++recorded.lines;
    if (std::optional<FinishedDrive> drive = ParseDrive(line);
        drive.has_value()) {
      recorded.drives.push_back(*drive);
    } else {
      ++recorded.unread_lines;
    }
  }
  if (file.bad()) return SystemError(errno, "cannot read", path);
  // More than the one line that can be cut off.
  if (recorded.drives.empty() && recorded.lines > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a file of finished drives"));
  }
  KeepNewest(&recorded.drives);
  return recorded;
}

absl::StatusOr<std::unique_ptr<DriveLog>> DriveLog::Open(std::string path) {
  std::unique_ptr<DriveLog> log(new DriveLog(std::move(path)));
  absl::StatusOr<RecordedDrives> recorded = ReadDrives(log->path_);
  if (recorded.ok()) {
    log->drives_ = std::move(recorded->drives);
    log->lines_ = recorded->lines;
    log->unread_lines_ = recorded->unread_lines;
  } else if (!absl::IsNotFound(recorded.status())) {
    return recorded.status();
  }
  if (absl::Status status = log->Reopen(); !status.ok()) return status;
  return log;
}

absl::Status DriveLog::Reopen() {
  file_ = File(open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC,
                    S_IRUSR | S_IWUSR));
  if (!file_.is_open()) return SystemError(errno, "cannot write", path_);
  // A line that was cut off ends where it ends.
  const off_t end = lseek(file_.descriptor(), 0, SEEK_END);
  char last = '\n';
  if (end > 0 && pread(file_.descriptor(), &last, 1, end - 1) == 1 &&
      last != '\n') {
    if (const int error = file_.Write("\n"); error != 0) {
      file_.Close();
      return SystemError(error, "cannot write", path_);
    }
  }
  return absl::OkStatus();
}

absl::Status DriveLog::Add(const FinishedDrive& drive) {
  drives_.push_back(drive);
  KeepNewest(&drives_);
  if (!file_.is_open()) {
    if (absl::Status status = Reopen(); !status.ok()) return status;
  }
  if (const int error = file_.Write(LineOf(drive)); error != 0) {
    // Perhaps the line was cut off: the next one begins anew.
    file_.Close();
    return SystemError(error, "cannot write", path_);
  }
  if (++lines_ < 2 * kMaxDrives) return absl::OkStatus();
  return Compact();
}

absl::Status DriveLog::Compact() {
  std::string text;
  for (const FinishedDrive& drive : drives_) text += LineOf(drive);
  const std::string temporary = absl::StrCat(path_, ".new");
  File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                 S_IRUSR | S_IWUSR));
  if (!file.is_open()) return SystemError(errno, "cannot write", temporary);
  int error = file.Write(text);
  if (error == 0) error = file.Sync();
  if (const int close_error = file.Close(); error == 0) error = close_error;
  if (error == 0 && rename(temporary.c_str(), path_.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(temporary.c_str());
    return SystemError(error, "cannot write", path_);
  }
  lines_ = drives_.size();
  return Reopen();
}

}  // namespace housecall::router
