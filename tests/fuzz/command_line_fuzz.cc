// What people type: the words of a command line, one a line, and the JSON of a
// file.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "clients/cli/catalogue.h"
#include "clients/cli/command_line.h"
#include "clients/cli/request_builder.h"
#include "clients/cli/values.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "nlohmann/json.hpp"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  cli::Surroundings surroundings;
  surroundings.center = "hino";
  surroundings.now = absl::FromUnixSeconds(1'795'000'000);
  surroundings.environment = [](const std::string&) {
    return std::optional<std::string>("secret");
  };
  surroundings.read_line = [] { return std::optional<std::string>("secret"); };

  const std::vector<std::string> words = absl::StrSplit(text, '\n');
  const absl::StatusOr<cli::CommandLine> line =
      cli::SplitCommandLine(words, [](const std::string& name) {
        return name == "json" || name == "watch" ? cli::FlagKind::kSwitch
               : name.empty()                    ? cli::FlagKind::kUnknown
                                                 : cli::FlagKind::kValue;
      });
  v1::SubmitCallRequest submit;
  v1::CreatePatientRequest create;
  if (line.ok()) {
    for (const cli::FlagWord& flag : line->flags) {
      (void)cli::SetField(flag.name, flag.value, surroundings, &submit);
      (void)cli::SetField(flag.name, flag.value, surroundings, &create);
    }
    (void)cli::MissingFlags(submit);
  }
  for (const std::string& word : words) {
    (void)cli::ParseTime(word, surroundings.now);
    (void)cli::ParseDuration(word);
    (void)cli::ParsePosition(word);
    (void)cli::ExpandName(word, "centers/{center}/calls/{call}", "hino");
    (void)cli::DidYouMean(word, {"call", "patient", "complaint"}, "--",
                          cli::Language::kEnglish);
  }
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_discarded()) {
    (void)cli::MergeJson(json, surroundings, &submit);
    (void)cli::MergeJson(json, surroundings, &create);
  }
  std::string bytes;
  fuzz::Require(
      submit.SerializeToString(&bytes) && create.SerializeToString(&bytes),
      "what was made of it can be sent");
  return 0;
}
