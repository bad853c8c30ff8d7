// What Plan is asked with besides the board, and what it answers. Values.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PLAN_H_
#define HOUSECALL_DISPATCHER_PLANNER_PLAN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"

namespace housecall::planner {

// As many calls are planned at once, at the most.
inline constexpr int kMaxCalls = 200;

// What the board does not say of a driver: under way without a call (he brings
// a physician home), or with a physician in the car while both wait.
struct CrewNow {
  // When that way is over, and where; now and here: he is free.
  absl::Time free_time = absl::InfinitePast();
  core::LatLng place;
  // The physician who is in the car then, or none.
  core::PersonId aboard;
};

// The way of one driver with his car, or of a physician who drives himself, as
// planned; the first leg first.
struct PlannedLeg {
  std::vector<core::CallId> calls;
  core::PersonId physician;
  bool operator==(const PlannedLeg&) const = default;
};
struct PlannedRoute {
  // The driver, or the physician who drives himself.
  core::PersonId driver;
  std::vector<PlannedLeg> legs;
  bool operator==(const PlannedRoute&) const = default;
};

// What the planner takes for granted of calls to come; what was seen lately
// corrects it.
struct ForecastOptions {
  // Off: nothing is expected, and cars wait where they are.
  bool on = true;
  // From 18:00 to 08:00, for each car on duty.
  double calls_per_car = 11;
  // How far the planner looks, at most, in time and in calls; and how many
  // nights it imagines.
  double horizon_minutes = 150;
  double max_calls = 40;
  int scenarios = 100;
  // Steps for judging by them, as max_steps.
  int64_t max_steps = 1'000'000;
  uint64_t seed = 1;
  // Whether cars are sent to wait elsewhere.
  bool relocates = true;
};

struct PlanOptions {
  // Calls planned at once, at most kMaxCalls; the rest waits for the next plan,
  // by urgency, then target time.
  int max_calls = kMaxCalls;
  // How long the search for the routes of the whole night may go on, in steps
  // of some 20 ns; 0: calls are planned only for those who are free now.
  int64_t max_steps = 2'000'000;
  // Of the search: another one may find another plan of about the same cost;
  // with the same one and the same steps it is the same plan on every machine.
  uint64_t seed = 1;
  // Used only where the whole night is planned.
  ForecastOptions forecast = {};
  // By driver. A driver who is not in it is where PlaceOf says, alone.
  std::map<core::PersonId, CrewNow> crews = {};
  // How long a visit to a call is expected to take, where more is known than
  // the policy's visit_duration.
  std::map<core::CallId, absl::Duration> visit_durations = {};
  // Whether crews are asked and take their time to answer and to set out, for
  // which promises then allow; false: they obey at once, as in a simulation.
  bool crews_answer = true;
  // The routes of the plan of a moment ago: the search begins with them.
  std::vector<PlannedRoute> previous = {};
  // Asked now and then, from the thread that plans: true ends the search with
  // the best plan so far. Not given: only the steps end it.
  std::function<bool()> is_over = {};

  // Whether the whole night is planned.
  bool plans_night() const { return max_steps > 0; }
};

// A driver who is free and has no call: where he should wait, and whom he
// should fetch before. Advice; nobody is bound by it.
struct StandbyMove {
  core::PersonId driver;
  // Empty: nobody, or whoever is in the car.
  core::PersonId physician;
  // None: where he is then.
  std::optional<core::LatLng> place;
};

// When somebody comes to a call, as it is planned: the promises that may be
// made to those to whom no crew is offered yet.
struct PlannedArrival {
  core::CallId call;
  core::PersonId physician;
  // Empty: he drives himself.
  core::PersonId driver;
  // At the door on average, and with policy.promise_share by then
  // (planner/promise.h).
  absl::Time expect_time;
  absl::Time promise_time;
};

struct PlanResult {
  // A crew that was told is better sent elsewhere: to be proposed before
  // everything else, which is for the board without it.
  std::optional<core::TakeBackOffer> taken_back;
  // One for each call, or for up to three calls at one address, for which a
  // crew was found; and one for each crew without a car for which another was
  // (replaces_car_of). Each is to be judged against the board of the moment in
  // which it arrives. Urgent ones first.
  std::vector<core::OfferVisit> offers;
  // The calls for which none was, with the reasons; no matches: none.
  core::ReportUnmatched unmatched;
  // What is to come after the offers, as it looks now.
  std::vector<PlannedRoute> routes;
  std::vector<StandbyMove> standbys;
  // Of every call in the routes, in their order.
  std::vector<PlannedArrival> arrivals;
  // Calls that are expected within the hour, and the urgent ones among them; 0
  // where nothing is expected (forecast, policy.anticipates).
  double expected_calls = 0;
  double expected_urgent_calls = 0;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PLAN_H_
