#include "router/import/turn_rules.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "router/import/hour_rules.h"

namespace housecall::router {
namespace {

std::optional<TurnRule> ParseRule(absl::string_view value) {
  if (absl::StartsWith(value, "no_")) return TurnRule::kNo;
  if (absl::StartsWith(value, "only_")) return TurnRule::kOnly;
  return std::nullopt;
}

}  // namespace

std::vector<TimedTurnRule> JudgeTurn(const Tags& tags) {
  const absl::string_view type = tags.Get("type");
  if (type != "restriction" && !absl::StartsWith(type, "restriction:")) {
    return {};
  }
  for (const absl::string_view part : absl::StrSplit(tags.Get("except"), ';')) {
    const absl::string_view who = absl::StripAsciiWhitespace(part);
    if (who == "motorcar" || who == "motor_vehicle") return {};
  }
  // The most special one counts; "none" of it lifts the others.
  for (const char* key : {"restriction:motorcar", "restriction:motor_vehicle",
                          "restriction:vehicle", "restriction"}) {
    const absl::string_view value = tags.Get(key);
    // "no_left_turn @ (Mo-Fr 07:00-09:00)"
    const std::string conditional(tags.Get(absl::StrCat(key, ":conditional")));
    if (value.empty() && conditional.empty()) continue;
    std::vector<TimedTurnRule> rules;
    RoadHours lifted;
    for (const ConditionalValue& one : ParseConditional(conditional)) {
      const std::optional<TurnRule> rule = ParseRule(one.value);
      if (rule.has_value()) {
        rules.push_back({*rule, one.hours.value_or(AlwaysHours())});
      } else if (one.value == "none" && one.hours.has_value()) {
        lifted.insert(lifted.end(), one.hours->begin(), one.hours->end());
      }
    }
    if (const std::optional<TurnRule> rule = ParseRule(value);
        rule.has_value()) {
      rules.push_back({*rule, OtherHours(lifted)});
    }
    std::erase_if(rules,
                  [](const TimedTurnRule& rule) { return rule.hours.empty(); });
    return rules;
  }
  return {};
}

}  // namespace housecall::router
