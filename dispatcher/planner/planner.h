// Whom to send where: the front door of this folder. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
#define HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/planner/cost.h"

namespace housecall::planner {

// One way on the road.
struct Travel {
  absl::Duration duration;
  double distance_meters = 0;
};

// A finished table of travel times between the places that Plan asks for. The
// planner does not know how it was made.
class TravelTimes {
 public:
  explicit TravelTimes(std::string description)
      : description_(std::move(description)) {}

  // Places are those of TravelNeeded, to the last bit.
  void Set(const core::LatLng& from, const core::LatLng& to, Travel travel);
  // None: there is no way, or it was not asked for. From a place to itself
  // there always is one.
  std::optional<Travel> Get(const core::LatLng& from,
                            const core::LatLng& to) const;

  // The same by number, for many ways at once: the number of a place that Set
  // was told of, or -1.
  int IndexOf(const core::LatLng& place) const;
  std::optional<Travel> At(int from, int to) const;
  // Which map and which model, for the explanation.
  const std::string& description() const { return description_; }

 private:
  int Add(const core::LatLng& place);

  std::string description_;
  std::map<std::pair<double, double>, int> indexes_;
  // Row by row; a row may end early.
  using Cell = std::optional<Travel>;
  std::vector<std::vector<Cell>> table_;
};

// A part of the table that Plan will look up: every way from `origins` to
// `destinations`, each place once.
struct TravelRequest {
  std::vector<core::LatLng> origins;
  std::vector<core::LatLng> destinations;
};

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
  // Calls planned at once, at most 200; the rest waits for the next plan, by
  // urgency, then target time.
  int max_calls = 200;
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

// Where the planner expects a person to be: his last position since he went on
// duty, else the base of his shift, else his home, else the center.
core::LatLng PlaceOf(const core::Board& board, const core::PersonId& person);

// The ways that Plan looks up for this board. For a whole night: between all
// places of those who may be sent now or when they are free, their homes, the
// calls, and where calls are expected. Else to fetch (drivers to physicians)
// and to go (physicians to calls), those only who may be sent now. Empty if no
// way is needed.
std::vector<TravelRequest> TravelNeeded(const core::Board& board,
                                        absl::Time now,
                                        const PlanOptions& options = {});

// True if a call waits to be matched, or a crew for a car. Cheap.
bool WantsPlan(const core::Board& board);

// True if the center wants advice for free crews and there is one: then a plan
// is worth making though no call waits. Cheap.
bool WantsAdvice(const core::Board& board);

// By when in policy.promise_share of cases a crew that has accepted, or is
// under way, is at the door, which is expected at `arrive_time`. `spread`: of
// its way, standard deviation over mean. `has_departed`: else some time passes
// before it sets out.
absl::Time PromiseFor(const core::Policy& policy, absl::Time now,
                      absl::Time arrive_time, double spread, bool has_departed);

// Proposes a crew for every call that is being matched, and another car for
// every crew that has lost its own. Hard rules are DOMAIN §3.3's
// (core/rules.h). Who has accepted or is asked is not reconsidered: what people
// were told stands until they, an operator or a rule of DOMAIN §3 end it.
//
// With max_steps: plans the routes of all cars over all calls, for crews that
// are busy now as well, and offers what can begin now. The sum of costs
// (planner/cost.h) is the least for certain with up to six stops while the
// steps last (planner/search.h says of which plans); in a larger surge, or when
// is_over ends the search, the plan may be dearer. A call that some route has
// the time for is in one, however late it is; which call comes first is decided
// by their weights, not by rank.
//
// With max_steps 0: one assignment of those who are free now. As many urgent
// calls as can be are served, then as many standard ones, then as many routine
// ones, and of all such plans that one is chosen whose sum of costs is least,
// for certain wherever AssignCrews (planner/assignment.h) says so.
//
// Calls within 30 m of each other are one trip of up to three, where one
// physician may see them all, the first of them waits no more than 5 minutes
// longer for it, and so long nobody waits at the door for another's agreed
// time.
//
// Every call gets a Match that says per physician on duty (and per physician
// who should be) why he or why not, and per driver for the physician chosen.
// Ids of matches are left to Decide. A call whose place has no position is
// unreachable for everybody.
//
// Deterministic for a seed and a number of steps unless is_over ends it;
// between equals the smaller ids are tried first.
PlanResult Plan(const core::Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
