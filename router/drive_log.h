// Finished drives in a file, so that what they teach outlives the process.
#ifndef HOUSECALL_ROUTER_DRIVE_LOG_H_
#define HOUSECALL_ROUTER_DRIVE_LOG_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "router/file.h"
#include "router/learned_speeds.h"

namespace housecall::router {

// What stands in a file of drives: a line of JSON for each, the oldest first.
//
//   {"day":"workday","expected_seconds":{"primary":410.2,"residential":95.0},
//    "hour":23,"taken_seconds":560.4}
//
// Nothing else about a drive is kept: no place, no date, nobody's name.
struct RecordedDrives {
  // At most DriveLog::kMaxDrives, the newest.
  std::vector<FinishedDrive> drives;
  size_t lines = 0;
  // Lines that are none, such as a last one that was cut off.
  size_t unread_lines = 0;
};

// Returns NotFound or PermissionDenied if the file cannot be read;
// InvalidArgument if it is something else: it has lines, and none is a drive,
// or it is larger than 64 MB.
absl::StatusOr<RecordedDrives> ReadDrives(const std::string& path);

// A file of drives to which one process adds. One thread at a time.
class DriveLog {
 public:
  // Older ones are forgotten, for roads change: a year of nights with 27 drives
  // each.
  static constexpr size_t kMaxDrives = 10'000;

  // Makes the file if there is none, for its owner only. Returns the errors of
  // ReadDrives; PermissionDenied or Internal, naming the file, if nothing can
  // be written to it.
  static absl::StatusOr<std::unique_ptr<DriveLog>> Open(std::string path);

  DriveLog(const DriveLog&) = delete;
  DriveLog& operator=(const DriveLog&) = delete;

  // The newest kMaxDrives, the oldest first.
  const std::vector<FinishedDrive>& drives() const { return drives_; }
  size_t unread_lines() const { return unread_lines_; }

  // The drive counts from now on, also if it cannot be written, which returns
  // ResourceExhausted (disk full), PermissionDenied, NotFound (its folder is
  // gone) or Internal, naming the file. Not synced: a
  // loss of power may take the last drives. When the file has twice kMaxDrives
  // lines, it is replaced by one of the newest, in one step.
  absl::Status Add(const FinishedDrive& drive);

 private:
  explicit DriveLog(std::string path) : path_(std::move(path)) {}
  absl::Status Reopen();
  absl::Status Compact();

  const std::string path_;
  File file_;
  std::vector<FinishedDrive> drives_;
  size_t lines_ = 0;
  size_t unread_lines_ = 0;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_DRIVE_LOG_H_
