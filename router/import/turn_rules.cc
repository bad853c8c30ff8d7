#include "router/import/turn_rules.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall::router {
namespace {

std::optional<TurnRule> ParseRule(absl::string_view value) {
  if (absl::StartsWith(value, "no_")) return TurnRule::kNo;
  if (absl::StartsWith(value, "only_")) return TurnRule::kOnly;
  return std::nullopt;
}

}  // namespace

std::optional<TurnRule> JudgeTurn(const Tags& tags) {
  const absl::string_view type = tags.Get("type");
  if (type != "restriction" && !absl::StartsWith(type, "restriction:")) {
    return std::nullopt;
  }
  for (const absl::string_view part : absl::StrSplit(tags.Get("except"), ';')) {
    const absl::string_view who = absl::StripAsciiWhitespace(part);
    if (who == "motorcar" || who == "motor_vehicle") return std::nullopt;
  }
  // The most special one counts; "none" of it lifts the others.
  for (const char* key : {"restriction:motorcar", "restriction:motor_vehicle",
                          "restriction:vehicle", "restriction"}) {
    const absl::string_view value = tags.Get(key);
    if (!value.empty()) return ParseRule(value);
  }
  for (const char* key :
       {"restriction:motorcar:conditional",
        "restriction:motor_vehicle:conditional", "restriction:conditional"}) {
    // "no_left_turn @ (Mo-Fr 07:00-09:00)"
    const absl::string_view value = tags.Get(key);
    if (!value.empty()) return ParseRule(value);
  }
  return std::nullopt;
}

}  // namespace housecall::router
