// Checks and wordings that the implementations of TravelTimeSource share.
#ifndef HOUSECALL_ROUTER_STATUS_TEXT_H_
#define HOUSECALL_ROUTER_STATUS_TEXT_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "router/travel_time_source.h"

namespace housecall::router {

// Returns InvalidArgument if a table of this size is refused.
inline absl::Status CheckTableSize(size_t origins, size_t destinations) {
  if (origins == 0 || destinations == 0 ||
      origins <= TravelTimeSource::kMaxCells / destinations) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a table of ", origins, " origins and ", destinations,
                   " destinations is too large; ask for at most ",
                   TravelTimeSource::kMaxCells, " cells at once"));
}

// `status`, saying which position it is about.
inline absl::Status OfPosition(absl::string_view name,
                               const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(name, ": ", status.message()));
}

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_STATUS_TEXT_H_
