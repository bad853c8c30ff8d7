// Whom to send where: the front door of this folder. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
#define HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"

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
  // Which map and which model, for the explanation.
  const std::string& description() const { return description_; }

 private:
  using Key = std::pair<std::pair<double, double>, std::pair<double, double>>;
  std::string description_;
  std::map<Key, Travel> table_;
};

// A part of the table that Plan will look up: every way from `origins` to
// `destinations`, each place once.
struct TravelRequest {
  std::vector<core::LatLng> origins;
  std::vector<core::LatLng> destinations;
};

struct PlanOptions {
  // Calls planned at once, at most 200; the rest waits for the next plan, by
  // urgency, then target time.
  int max_calls = 200;
};

struct PlanResult {
  // One for each call, or for up to three calls at one address, for which a
  // crew was found; and one for each crew without a car for which another was
  // (replaces_car_of). Each is to be judged against the board of the moment in
  // which it arrives. Urgent ones first.
  std::vector<core::OfferVisit> offers;
  // The calls for which none was, with the reasons; no matches: none.
  core::ReportUnmatched unmatched;
};

// Where the planner expects a person to be: his last position since he went on
// duty, else the base of his shift, else his home, else the center.
core::LatLng PlaceOf(const core::Board& board, const core::PersonId& person);

// The ways that Plan looks up for this board: to fetch (drivers to physicians)
// and to go (physicians to calls), those only who may be sent now. Empty if no
// way is needed.
std::vector<TravelRequest> TravelNeeded(const core::Board& board,
                                        absl::Time now);

// True if a call waits to be matched, or a crew for a car. Cheap.
bool WantsPlan(const core::Board& board);

// Proposes a crew for every call that is being matched, and another car for
// every crew that has lost its own, all of them solved as one assignment of
// physicians and drivers with their cars (or physicians who drive themselves):
// as many urgent calls as can be are served, then as many standard ones, then
// as many routine ones, and of all such plans that one is chosen whose sum of
// costs (planner/cost.h) is least. It is the least for certain wherever
// AssignCrews (planner/assignment.h) says so, always with up to 5 calls, 5
// physicians and 4 drivers; in a larger surge the plan may be a little dearer.
// Hard rules are DOMAIN §3.3's (core/rules.h).
//
// Calls within 30 m of each other are one trip of up to three, where one
// physician may see them all and the first of them waits no more than 5 minutes
// longer for it.
//
// Every call gets a Match that says per physician on duty (and per physician
// who should be) why he or why not, and per driver for the physician chosen.
// Ids of matches are left to Decide. A call whose place has no position is
// unreachable for everybody.
//
// Deterministic; between equals the smaller ids are tried first.
PlanResult Plan(const core::Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
