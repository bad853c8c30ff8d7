// What may come: plans judged by the calls that are expected, so that a crew is
// kept free, or brought nearer, where that is worth it.
#ifndef HOUSECALL_DISPATCHER_PLANNER_OUTLOOK_H_
#define HOUSECALL_DISPATCHER_PLANNER_OUTLOOK_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "dispatcher/planner/routes.h"

namespace housecall::planner {

// A call as it may come.
struct ExpectedCall {
  // When it becomes known, in minutes from now. The stop's clocks count from
  // now, too.
  double known_minutes = 0;
  RouteStop stop;
  // How much of a call it stands for; one that stands for less than a whole is
  // only asked what it would cost.
  double weight = 1;
};

// What may come in the next hours, in order of time; several of them stand for
// what is likely.
using Scenario = std::vector<ExpectedCall>;

// What a car that is free does until a call comes: fetches a physician (who is
// not kNone), and waits at a place (which is not kNone).
struct Standby {
  int wheels = kNone;
  int physician = kNone;
  int place = kNone;
  bool operator==(const Standby&) const = default;
};

struct OutlookOptions {
  // Legs looked at before it ends.
  int64_t max_steps = 1'000'000;
  // Where cars may wait; none: where they are.
  std::vector<int> places;
  // How long a call may be kept waiting, at a time, so that a crew is free;
  // none: no call is.
  std::vector<double> hold_minutes;
  // A change must be worth this much.
  double least_gain = 0.5;
  // And be so many standard errors from being worth less: the scenarios are a
  // sample, and the best of many trials looks better than it is.
  double surely = 1.5;
  // Asked before each trial; true ends it. May be empty.
  std::function<bool()> is_over = {};
};

struct Outlook {
  RoutePlan plan;
  std::vector<Standby> standbys;
  // What the plan costs with what is expected, and what the one given does.
  double cost = 0;
  double cost_before = 0;
};

// The plan's cost and the mean over the scenarios of what their calls add to
// it, each put where it costs least at the moment in which it becomes known.
double ExpectedCost(const Schedule& plan,
                    const std::vector<Scenario>& scenarios, int64_t* steps);

// How many scenarios like this one the steps are enough for so that some plans
// can be compared, `most` at most. 0: so few that chance would decide; then the
// plan is better left as it is.
int ScenariosWorth(const RouteProblem& problem, const RoutePlan& plan,
                   const Scenario& scenario, int64_t max_steps, int most);

// Tries for each car that is free now: to hold its first leg, to give it to
// another car, to begin with another of its legs; if it has none, to fetch a
// physician or wait elsewhere. Takes what lowers the expected cost most, until
// nothing does. Deterministic.
Outlook LookAhead(const RouteProblem& problem, const RoutePlan& plan,
                  const std::vector<Scenario>& scenarios,
                  const OutlookOptions& options);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_OUTLOOK_H_
