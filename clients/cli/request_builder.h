// Requests from flags and JSON, for any message: what people type is found by
// the names and kinds of the message's fields.
#ifndef HOUSECALL_CLIENTS_CLI_REQUEST_BUILDER_H_
#define HOUSECALL_CLIENTS_CLI_REQUEST_BUILDER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/api.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace housecall::cli {

// What the meaning of a text depends on.
struct Surroundings {
  // The id of the session's center; empty: not logged in.
  std::string center;
  absl::Time now;
  // The value of an environment variable.
  std::function<std::optional<std::string>(const std::string&)> environment;
  // One line of standard input, for secrets; null at its end.
  std::function<std::optional<std::string>()> read_line;
};

// Sets the field at `path` ("patient.display-name"; - or _) from a text:
// - resource names by short id, enums by short name, times, durations and
//   positions as values.h reads them, messages as JSON;
// - a repeated field gets one more value; ids and enums several, with commas;
// - a secret is "env:NAME" or "-" (a line of standard input), never itself,
//   because arguments are seen by everybody on the machine.
// InvalidArgument names the flag and what is wanted.
absl::Status SetField(absl::string_view path, absl::string_view text,
                      const Surroundings& surroundings,
                      google::protobuf::Message* message);

// Merges a JSON object into the message. Keys are field names (snake_case,
// camelCase or kebab-case); texts are read as SetField does, "${center}" in
// them is the session's center, and {"env": "NAME"} is an environment variable.
// A list replaces what is there. InvalidArgument names the field.
absl::Status MergeJson(const nlohmann::json& json,
                       const Surroundings& surroundings,
                       google::protobuf::Message* message);

// Every flag of the message: "call", "place.address", "vitals.pulse-per-minute"
// …: at any depth, but for fields that the server sets and for what is inside
// repeated messages.
std::vector<std::string> FlagsOf(const google::protobuf::Descriptor& type);

// The field at that path; null if there is none, or if the path leads through
// a repeated one.
const google::protobuf::FieldDescriptor* FindFlag(
    const google::protobuf::Descriptor& type, absl::string_view path);

// Fills in what goes without saying: the parent (or the name) that is the
// session's center, and a device_time that is required.
void FillDefaults(const Surroundings& surroundings,
                  google::protobuf::Message* request);

// The required fields that are not set, as flags; request_id excepted.
std::vector<std::string> MissingFlags(const google::protobuf::Message& request);

// Clears every field that is marked secret, at any depth.
void ClearSecrets(google::protobuf::Message* message);
bool HasSecrets(const google::protobuf::Message& message);

// Reads the string field of that name; "" if there is none.
std::string GetString(const google::protobuf::Message& message,
                      const std::string& field);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_REQUEST_BUILDER_H_
