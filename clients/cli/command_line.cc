#include "clients/cli/command_line.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/message.h"
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
    const std::function<FlagKind(const std::string&)>& kind_of) {
  CommandLine line;
  bool flags_ended = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!IsUtf8(word)) {
      return WrongInput(
          absl::StrCat("argument ", i + 1, " is not UTF-8"),
          absl::StrCat(i + 1, " 番目の引数が UTF-8 ではありません"));
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
      return WrongInput(
          absl::StrCat(word,
                       ": flags have two dashes; write -- before an "
                       "argument that begins with a dash"),
          absl::StrCat(word,
                       ": フラグは -- で始まります。- で始まる値は、その前に "
                       "-- を置いてください"));
    }
    const size_t equals = word.find('=');
    if (equals != std::string::npos) {
      line.flags.push_back(
          {word.substr(2, equals - 2), word.substr(equals + 1)});
    } else if (kind_of(word.substr(2)) == FlagKind::kSwitch) {
      line.flags.push_back({word.substr(2), "true"});
    } else if (i + 1 < arguments.size() &&
               !absl::StartsWith(arguments[i + 1], "--")) {
      if (!IsUtf8(arguments[i + 1])) {
        return WrongInput(absl::StrCat(word, ": is not UTF-8"),
                          absl::StrCat(word, ": UTF-8 ではありません"));
      }
      line.flags.push_back({word.substr(2), arguments[++i]});
    } else if (kind_of(word.substr(2)) == FlagKind::kUnknown) {
      // What is wrong with it is not that its value is missing.
      line.flags.push_back({word.substr(2), ""});
    } else {
      const std::string forms = absl::StrCat(word, " VALUE, ", word, "=VALUE");
      return WrongInput(absl::StrCat(word, ": needs a value; write ", forms),
                        absl::StrCat(word, ": 値が要ります。書き方: ", forms));
    }
  }
  return line;
}

}  // namespace housecall::cli
