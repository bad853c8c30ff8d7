// A night from its first call to its last on a simulated clock: what a policy's
// orders lead to when visits and ways take as long as they take.
#ifndef HOUSECALL_DISPATCHER_NIGHT_SIMULATOR_H_
#define HOUSECALL_DISPATCHER_NIGHT_SIMULATOR_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dispatcher/night/night.h"

namespace housecall::night {

// One urgency's calls, in minutes; or those of all urgencies.
struct ResponseFigures {
  int calls = 0;
  // After the target.
  double late_share = 0;
  double mean_tardiness = 0;
  // From the call to the door.
  double mean_response = 0;
  double p90_response = 0;
};

// As the referee reckons them: a call that is never served counts until an hour
// after the night's end.
struct Metrics {
  // Weighted minutes after the target, for each call.
  double weighted_tardiness = 0;
  ResponseFigures all;
  std::map<std::string, ResponseFigures> by_urgency;
  int unserved = 0;
  double km_per_call = 0;
  // Of the calls whose own physician was on duty; none: there were none.
  std::optional<double> own_share;
  // Standard deviation over mean of visits for each hour on duty.
  double burden_spread = 0;
  double overtime_minutes = 0;
  double changes_per_call = 0;
  // Stops that broke a rule and were not begun.
  int rejected = 0;
  // Arrivals that people were told of ("by 22:40"), and how many of them were
  // no later; of those with a crew that had accepted, and of all.
  struct Promises {
    int told = 0;
    int held = 0;
  };
  Promises promises;
  Promises promises_with_crew;
  int decisions = 0;
};

// What happened when; `end` is when a car's stop was over.
struct TimelineEntry {
  double begin = 0;
  double end = 0;
  int car = 0;
  Stop stop;
  // Of a visit: at the door.
  double arrive = 0;
};

struct CallOutcome {
  std::optional<double> arrive;
  int physician = -1;
  int car = -1;
};

struct NightResult {
  Metrics metrics;
  std::vector<TimelineEntry> timeline;
  // By call, in the night's order.
  std::vector<CallOutcome> calls;
};

// Orders for a situation. The night is what is known of it until then; it grows
// with the calls and stays where it is.
using Policy = std::function<Orders(const Situation&)>;
using MakePolicy =
    std::function<absl::StatusOr<Policy>(const Night* known_night)>;

struct SimulateOptions {
  // Told of the time of the night now and then; may be empty.
  std::function<void(double seconds)> progress = {};
};

// Runs one night. The same figures as the referee's for the same orders. Where
// drivers do not wait during visits, a car is free when its physician is at the
// door, and he is to be fetched there. The error is `make_policy`'s.
absl::StatusOr<NightResult> Simulate(const Night& night,
                                     const MakePolicy& make_policy,
                                     const SimulateOptions& options = {});

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_SIMULATOR_H_
