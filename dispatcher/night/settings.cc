#include "dispatcher/night/settings.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/decide.h"

namespace housecall::night {

namespace {

// Fields of the policy that nothing of a night depends on.
constexpr const char* kOfNoConsequence[] = {
    "urgent_triage_target", "triage_target", "max_distance_meters",
    "unanswered_offers_before_alarm", "schedule_lead_time",
    "position_stale_after", "not_found_step_timeout", "retriage_after",
    "surge_calls_per_crew", "delivery_due_minute", "delivery_attempts",
    "session_timeout", "platform_penalty_minutes",
    // Its times are given.
    "use_tolls", "use_ferries"};

// Those that a night says itself.
constexpr const char* kOfTheNight[] = {
    "driver_waits",  "urgent_target",   "standard_target", "routine_target",
    "urgent_weight", "standard_weight", "routine_weight"};

// What a referee decides besides: its crews obey.
constexpr const char* kOfTheReferee[] = {"crews_answer", "decline_share",
                                         "silent_share", "late_share"};

template <size_t kCount>
bool IsAmong(const char* const (&names)[kCount], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

absl::Status Wanted(absl::string_view name, absl::string_view value,
                    absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, "=", value, ": ", wanted, " wanted"));
}

absl::Status Parse(absl::string_view name, absl::string_view text,
                   double* value) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !std::isfinite(number)) {
    return Wanted(name, text, "a number");
  }
  *value = number;
  return absl::OkStatus();
}
absl::Status Parse(absl::string_view name, absl::string_view text,
                   bool* value) {
  return absl::SimpleAtob(text, value) ? absl::OkStatus()
                                       : Wanted(name, text, "true or false");
}
template <typename Integer>
requires(std::is_integral_v<Integer>) absl::Status
    Parse(absl::string_view name, absl::string_view text, Integer* value) {
  return absl::SimpleAtoi(text, value) ? absl::OkStatus()
                                       : Wanted(name, text, "a whole number");
}
absl::Status Parse(absl::string_view name, absl::string_view text,
                   absl::Duration* value) {
  return absl::ParseDuration(text, value)
             ? absl::OkStatus()
             : Wanted(name, text, "a duration such as 25m or 90s");
}

std::string TextOf(double value) { return absl::StrCat(value); }
std::string TextOf(bool value) { return value ? "true" : "false"; }
std::string TextOf(absl::Duration value) { return absl::FormatDuration(value); }
template <typename Integer>
requires(std::is_integral_v<Integer>) std::string TextOf(Integer value) {
  return absl::StrCat(value);
}

// visit(name, field) for each field of the policy that matters on a night.
template <typename Policy, typename Visit>
void VisitPolicy(Policy& policy, Visit visit) {
  VisitFields(policy, [&](const char* name, auto& field) {
    if (!IsAmong(kOfNoConsequence, name)) visit(name, field);
  });
}

// visit(name, field, least, most) for each option of the planner that has a
// name. Beyond `most` a search would not end, or not fit into memory.
template <typename Plan, typename Visit>
void VisitPlan(Plan& plan, Visit visit) {
  constexpr double kMostSteps = 1e12;
  visit("max_steps", plan.max_steps, 0, kMostSteps);
  auto& forecast = plan.forecast;
  visit("forecast", forecast.on, 0, 1);
  visit("relocates", forecast.relocates, 0, 1);
  visit("calls_per_car", forecast.calls_per_car, 0, 1000);
  visit("horizon_minutes", forecast.horizon_minutes, 0, 24 * 60);
  visit("scenarios", forecast.scenarios, 0, 10'000);
  visit("forecast_steps", forecast.max_steps, 0, kMostSteps);
  visit("seed", forecast.seed, 0, 1e15);
}

// The same for how crews answer.
template <typename Crews, typename Visit>
void VisitCrews(Crews& crews, Visit visit) {
  visit("crews_answer", crews.on, 0, 1);
  visit("decline_share", crews.decline_share, 0, 1);
  visit("silent_share", crews.silent_share, 0, 1);
  visit("late_share", crews.late_share, 0, 1);
}

// The planner's options and the crews' answers.
template <typename Options, typename Visit>
void VisitOptions(Options& options, Visit visit) {
  VisitPlan(options.plan, visit);
  VisitCrews(options.crews, visit);
}

std::vector<std::string> AllNames() {
  std::vector<std::string> names;
  core::Policy policy;
  VisitPolicy(policy,
              [&](const char* name, const auto&) { names.push_back(name); });
  DispatcherOptions options;
  VisitOptions(options, [&](const char* name, const auto&, double, double) {
    names.push_back(name);
  });
  return names;
}

absl::Status SetOne(absl::string_view name, absl::string_view value,
                    DispatcherOptions* options) {
  absl::Status status = absl::OkStatus();
  bool found = false;
  VisitPolicy(options->policy, [&](const char* field_name, auto& field) {
    if (field_name != name) return;
    found = true;
    status = Parse(name, value, &field);
  });
  if (found) return status;
  VisitOptions(*options, [&](const char* field_name, auto& field, double least,
                             double most) {
    if (field_name != name) return;
    found = true;
    std::decay_t<decltype(field)> parsed{};
    status = Parse(name, value, &parsed);
    if (!status.ok()) return;
    const double number = static_cast<double>(parsed);
    if (number < least || number > most) {
      status = Wanted(name, value, absl::StrCat(least, " to ", most));
    } else {
      field = parsed;
    }
  });
  if (found) return status;
  if (IsAmong(kOfNoConsequence, name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is of no consequence on a night"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      name, ": unknown name; known are ", absl::StrJoin(AllNames(), ", ")));
}

// Whether housecalld would take it: its own rules say so.
absl::Status CheckPolicy(const core::Policy& policy) {
  core::Center center;
  center.id = core::CenterId("night");
  center.display_name = "night";
  center.time_zone = "UTC";
  center.position = {35, 139};
  core::Contact contact;
  contact.phone = PrivateText("-");
  center.last_resort_contacts = {contact};
  center.policy = policy;
  const absl::Status status =
      core::Decide(core::Board(), core::Create<core::Center>{center},
                   core::SystemActor(), absl::UnixEpoch())
          .status();
  if (status.ok()) return status;
  const absl::string_view message = status.message();
  return absl::InvalidArgumentError(absl::StripPrefix(message, "policy."));
}

}  // namespace

absl::Status Settings::Set(absl::string_view assignment) {
  const std::vector<std::string> parts =
      absl::StrSplit(assignment, absl::MaxSplits('=', 1));
  if (parts.size() != 2 || parts[0].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(assignment, ": NAME=VALUE wanted"));
  }
  DispatcherOptions ignored;
  RETURN_IF_ERROR(SetOne(parts[0], parts[1], &ignored));
  assignments_.emplace_back(parts[0], parts[1]);
  return absl::OkStatus();
}

absl::Status Settings::SetAll(absl::string_view assignments) {
  for (absl::string_view assignment : absl::StrSplit(assignments, ',')) {
    RETURN_IF_ERROR(Set(assignment));
  }
  return absl::OkStatus();
}

void Settings::Add(const Settings& later) {
  assignments_.insert(assignments_.end(), later.assignments_.begin(),
                      later.assignments_.end());
}

absl::StatusOr<DispatcherOptions> Settings::For(const Night& night) const {
  DispatcherOptions options;
  for (const auto& [name, value] : night.policy) {
    RETURN_IF_ERROR(SetOne(name, value, &options));
  }
  for (const auto& [name, value] : assignments_) {
    RETURN_IF_ERROR(SetOne(name, value, &options));
  }
  RETURN_IF_ERROR(CheckPolicy(options.policy));
  return options;
}

std::vector<std::string> Settings::OfTheNight() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : assignments_) {
    if (IsAmong(kOfTheNight, name) || IsAmong(kOfTheReferee, name)) {
      names.push_back(name);
    }
  }
  return names;
}

Night Settings::Applied(Night night) const {
  DispatcherOptions set;
  // By weight, as the dispatcher gives the urgencies its words.
  std::vector<std::pair<double, std::string>> by_weight;
  for (const auto& [urgency, weight] : night.weights) {
    by_weight.push_back({-weight, urgency});
  }
  std::sort(by_weight.begin(), by_weight.end());
  const auto set_one = [&](size_t rank, absl::string_view name, double value,
                           absl::string_view wanted_name,
                           std::map<std::string, double>* of) {
    if (name == wanted_name && rank < by_weight.size()) {
      (*of)[by_weight[rank].second] = value;
    }
  };
  for (const auto& [name, value] : assignments_) {
    if (!IsAmong(kOfTheNight, name) || !SetOne(name, value, &set).ok()) {
      continue;
    }
    const core::Policy& policy = set.policy;
    if (name == "driver_waits") night.driver_waits = policy.driver_waits;
    const auto target = [&, &given = name](size_t rank, const char* of,
                                           absl::Duration time) {
      set_one(rank, given, absl::ToDoubleSeconds(time), of, &night.targets);
    };
    target(0, "urgent_target", policy.urgent_target);
    target(1, "standard_target", policy.standard_target);
    target(2, "routine_target", policy.routine_target);
    set_one(0, name, policy.urgent_weight, "urgent_weight", &night.weights);
    set_one(1, name, policy.standard_weight, "standard_weight", &night.weights);
    set_one(2, name, policy.routine_weight, "routine_weight", &night.weights);
  }
  return night;
}

std::string Settings::Names() {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    absl::StrAppend(&text, "  ", name, "=", value, "\n");
  };
  core::Policy policy;
  VisitPolicy(policy, [&](const char* name, const auto& field) {
    add(name, TextOf(field));
  });
  DispatcherOptions options;
  VisitOptions(options, [&](const char* name, const auto& field, double,
                            double) { add(name, TextOf(field)); });
  return text;
}

std::map<std::string, std::string> PolicyTexts(const core::Policy& policy) {
  std::map<std::string, std::string> texts;
  VisitPolicy(policy, [&](const char* name, const auto& field) {
    if (!IsAmong(kOfTheNight, name)) texts[name] = TextOf(field);
  });
  return texts;
}

}  // namespace housecall::night
