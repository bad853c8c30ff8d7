#include "clients/cli/command_line.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/tables.h"

namespace housecall::cli {

bool CommandLine::Has(const std::string& name) const {
  for (const FlagWord& flag : flags) {
    if (flag.name == name) return true;
  }
  return false;
}

std::string CommandLine::Get(const std::string& name,
                             const std::string& fallback) const {
  std::string value = fallback;
  for (const FlagWord& flag : flags) {
    if (flag.name == name) value = flag.value;
  }
  return value;
}

std::string CommandLine::Take(const std::string& name,
                              const std::string& fallback) {
  std::string value = Get(name, fallback);
  std::vector<FlagWord> kept;
  for (FlagWord& flag : flags) {
    if (flag.name != name) kept.push_back(std::move(flag));
  }
  flags = std::move(kept);
  return value;
}

absl::StatusOr<CommandLine> SplitCommandLine(
    const std::vector<std::string>& arguments,
    const std::function<bool(const std::string&)>& is_switch) {
  CommandLine line;
  bool flags_ended = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!IsUtf8(word)) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument ", i + 1, " is not UTF-8"));
    }
    if (flags_ended || !absl::StartsWith(word, "-") || word == "-") {
      line.words.push_back(word);
      continue;
    }
    if (word == "--") {
      flags_ended = true;
      continue;
    }
    if (word == "-h") {
      line.flags.push_back({"help", "true"});
      continue;
    }
    if (!absl::StartsWith(word, "--")) {
      return absl::InvalidArgumentError(
          absl::StrCat(word,
                       ": flags have two dashes; write -- before an "
                       "argument that begins with a dash"));
    }
    const size_t equals = word.find('=');
    if (equals != std::string::npos) {
      line.flags.push_back(
          {word.substr(2, equals - 2), word.substr(equals + 1)});
    } else if (is_switch(word.substr(2))) {
      line.flags.push_back({word.substr(2), "true"});
    } else if (i + 1 < arguments.size() &&
               !absl::StartsWith(arguments[i + 1], "--")) {
      if (!IsUtf8(arguments[i + 1])) {
        return absl::InvalidArgumentError(absl::StrCat(word, ": is not UTF-8"));
      }
      line.flags.push_back({word.substr(2), arguments[++i]});
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          word, ": needs a value; write ", word, " VALUE or ", word, "=VALUE"));
    }
  }
  return line;
}

}  // namespace housecall::cli
