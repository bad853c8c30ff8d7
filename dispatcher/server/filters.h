// Small parts of list requests: ids, states and time windows to filter by.
#ifndef HOUSECALL_DISPATCHER_SERVER_FILTERS_H_
#define HOUSECALL_DISPATCHER_SERVER_FILTERS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/call.h"
#include "dispatcher/server/desk.h"
#include "google/protobuf/timestamp.pb.h"

namespace housecall::server {

// The id that a filter names; "" for an empty filter. Errors as
// ParseResourceName.
template <typename IdType>
absl::StatusOr<std::string> FilterId(const Caller& caller,
                                     const std::string& name,
                                     absl::string_view field) {
  if (name.empty()) return std::string();
  return ParseResourceName(caller.center, IdType::kCollection, name, field);
}

template <typename T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Whether a repeated enum field of a request holds a core value: they have the
// same numbers.
template <typename E>
bool ContainsState(const google::protobuf::RepeatedField<int>& states,
                   E state) {
  return std::find(states.begin(), states.end(), static_cast<int>(state)) !=
         states.end();
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);
void SetTimestamp(absl::Time time, google::protobuf::Timestamp* out);

// [start_time, end_time) of a request, open where one is not given.
// InvalidArgument if it ends before it starts, or is longer than 400 days
// although both are given.
template <typename Request>
absl::StatusOr<core::Window> WindowOf(const Request& request) {
  core::Window window;
  window.start_time = request.has_start_time()
                          ? FromTimestamp(request.start_time())
                          : absl::InfinitePast();
  window.end_time = request.has_end_time() ? FromTimestamp(request.end_time())
                                           : absl::InfiniteFuture();
  if (window.end_time < window.start_time) {
    return absl::InvalidArgumentError("end_time: is before start_time");
  }
  if (request.has_start_time() && request.has_end_time() &&
      window.end_time - window.start_time > absl::Hours(24 * 400)) {
    return absl::InvalidArgumentError(
        "end_time: the window is longer than 400 days");
  }
  return window;
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_FILTERS_H_
