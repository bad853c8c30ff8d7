// What a user says of the center's configuration and of the planner's search,
// by name and value: "tardiness_weight=12", "visit_duration=25m".
#ifndef HOUSECALL_DISPATCHER_NIGHT_SETTINGS_H_
#define HOUSECALL_DISPATCHER_NIGHT_SETTINGS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dispatcher/night/dispatcher.h"
#include "dispatcher/night/night.h"

namespace housecall::night {

// Names are the fields of core::Policy, and what planner::PlanOptions
// (max_steps, forecast, …) and CrewAnswers have besides. A number, "true" or
// "false", or a duration such as "90s" or "1h30m", as the field has it. What is
// said later counts.
class Settings {
 public:
  // `assignment` is NAME=VALUE. InvalidArgument, which names what was wanted,
  // if it is not; if there is no such name or it is of no consequence on a
  // night; if the value is not of the name's kind, or a number that no search
  // can take. What a value of the policy must be otherwise is known to all of
  // them together: see For.
  absl::Status Set(absl::string_view assignment);
  // The same for "NAME=VALUE,NAME=VALUE".
  absl::Status SetAll(absl::string_view assignments);

  // What `later` says counts.
  void Add(const Settings& later);

  // The configuration for a night: defaults, then the night's own policy, then
  // what was set. InvalidArgument if a housecalld would not take such a policy
  // (core::Decide is asked); the message begins with the field.
  absl::StatusOr<DispatcherOptions> For(const Night& night) const;
  // The same for a night of which nothing is known yet.
  absl::StatusOr<DispatcherOptions> Alone() const { return For(Night()); }

  // What was set and a night referee decides, in its order: what a night says
  // itself (driver_waits, targets, weights), and how crews answer.
  std::vector<std::string> OfTheNight() const;
  // The night with driver_waits, targets and weights as they were set. They are
  // given to the night's urgencies by the weight that those had: the heaviest
  // is urgent.
  Night Applied(Night night) const;

  // Every name with its default, one a line, for people.
  static std::string Names();

 private:
  std::vector<std::pair<std::string, std::string>> assignments_;
};

// What of a policy matters on a night, as a night file says it: Night::policy.
std::map<std::string, std::string> PolicyTexts(const core::Policy& policy);

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_SETTINGS_H_
