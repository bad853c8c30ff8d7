// Texts that people type, as values of the API.
#ifndef HOUSECALL_CLIENTS_CLI_VALUES_H_
#define HOUSECALL_CLIENTS_CLI_VALUES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/catalogue.h"
#include "google/protobuf/descriptor.h"

namespace housecall::cli {

// The zone in which times are typed and shown, whatever the machine's is.
absl::TimeZone CenterZone();

// Which 22:30 is meant.
enum class Clock { kNext, kLast };

// "now"; "+90m" and "-1h" from `now`; "22:30": the next such time after `now`,
// or the last one up to it; "2026-05-06T22:30" by the center's clock; RFC 3339
// with a zone. InvalidArgument for anything else.
absl::StatusOr<absl::Time> ParseTime(absl::string_view text, absl::Time now,
                                     Clock clock = Clock::kNext);

// "90s", "40m", "1h30m". InvalidArgument for anything else.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// "urgent", "URGENT" and "URGENCY_URGENT", with - or _. InvalidArgument, with
// the nearest value and all of them, for anything else.
absl::StatusOr<const google::protobuf::EnumValueDescriptor*> ParseEnum(
    absl::string_view text, const google::protobuf::EnumDescriptor& type);

struct Degrees {
  double latitude = 0;
  double longitude = 0;
};
// "35.69,139.41". InvalidArgument unless both are numbers within their ranges.
absl::StatusOr<Degrees> ParsePosition(absl::string_view text);

// The whole name of a resource: "c1" by "centers/{center}/calls/{call}" is
// "centers/hino/calls/c1"; a text with a slash stays as it is. FailedPrecondi-
// tion if the center is not known, InvalidArgument if no id can be made of it.
absl::StatusOr<std::string> ExpandName(absl::string_view text,
                                       absl::string_view format,
                                       absl::string_view center);
// The id at its end: "c1".
std::string ShortId(absl::string_view name);

// The candidate most like `text`, or "" if none is near.
std::string Nearest(absl::string_view text,
                    const std::vector<std::string>& candidates);

// "; did you mean --x?", or "": the end of a message.
std::string DidYouMean(absl::string_view text,
                       const std::vector<std::string>& candidates,
                       absl::string_view prefix, Language language);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_VALUES_H_
