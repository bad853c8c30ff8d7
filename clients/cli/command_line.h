// The words of a command line, sorted into flags and others.
#ifndef HOUSECALL_CLIENTS_CLI_COMMAND_LINE_H_
#define HOUSECALL_CLIENTS_CLI_COMMAND_LINE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace housecall::cli {

struct FlagWord {
  std::string name;   // without dashes: "place.address"
  std::string value;  // "true" for a switch
};

struct CommandLine {
  std::vector<FlagWord> flags;  // in their order, repeated ones too
  std::vector<std::string> words;

  // Whether a flag was given.
  bool Has(const std::string& name) const;
  // Its last value; `fallback` if it was not given.
  std::string Get(const std::string& name,
                  const std::string& fallback = "") const;
  // Takes all of that name out and returns the last value, or `fallback`.
  std::string Take(const std::string& name, const std::string& fallback = "");
};

enum class FlagKind { kSwitch, kValue, kUnknown };

// "--flag value", "--flag=value", "--flag" alone for a switch; "--" ends the
// flags. InvalidArgument where a value is missing, a word is not UTF-8 or holds
// a zero byte. Unknown flags are kept for whoever knows the right names; one
// that stands last has the value "".
absl::StatusOr<CommandLine> SplitCommandLine(
    const std::vector<std::string>& arguments,
    const std::function<FlagKind(const std::string&)>& kind_of);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_COMMAND_LINE_H_
