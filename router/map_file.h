// Map files: a road network as the importer made it, ready to be opened.
#ifndef HOUSECALL_ROUTER_MAP_FILE_H_
#define HOUSECALL_ROUTER_MAP_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "router/road_data.h"
#include "router/router.h"

namespace housecall::router {

// What this program writes and reads. Any change to the layout or to the
// meaning of a field takes the next number; older files are refused, since a
// map is imported again in seconds.
inline constexpr uint32_t kMapFormatVersion = 5;

// Writes `data` to `path`, so that whoever opens it meanwhile, or after a crash
// or with a full disk, finds either the file that was there before or the whole
// new one. The same data makes the same bytes. Returns InvalidArgument if
// `data` is not well formed; NotFound, PermissionDenied, ResourceExhausted
// (disk full) or Internal, naming the file and the system's reason, if it
// cannot be written.
absl::Status SaveMap(const RoadData& data, const std::string& path);

// Reads a file that SaveMap wrote, checking every byte of it. Returns
//
//   NotFound, PermissionDenied    the file cannot be opened or read
//   InvalidArgument               it is not a map file
//   FailedPrecondition            it is one of another format version
//   DataLoss                      it is cut off or damaged
//
// each naming the file and saying what to do. The file stays mapped as long as
// anybody holds the data, so that processes share its memory. Do not write into
// a map file or cut it off where it lies: SaveMap puts a new one in its place,
// which those who hold the old one do not notice.
absl::StatusOr<RoadData> LoadMap(const std::string& path);

// The same, with its graph and its index, which are in the file. Safe for any
// number of threads.
absl::StatusOr<std::shared_ptr<const RoadMap>> OpenMap(const std::string& path);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_MAP_FILE_H_
