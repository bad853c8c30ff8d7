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

  void Set(const core::LatLng& from, const core::LatLng& to, Travel travel);
  // None: there is no way, or it was not asked for.
  std::optional<Travel> Get(const core::LatLng& from,
                            const core::LatLng& to) const;
  // Which map and which model, for the explanation.
  const std::string& description() const { return description_; }

 private:
  using Key = std::pair<std::pair<double, double>, std::pair<double, double>>;
  std::string description_;
  std::map<Key, Travel> table_;
};

// The table that Plan will look up: every way from `origins` to
// `destinations`.
struct TravelRequest {
  std::vector<core::LatLng> origins;
  std::vector<core::LatLng> destinations;
};

struct PlanOptions {
  // Calls planned at once; the rest waits for the next plan, by target time.
  int max_calls = 200;
};

// What the engine is asked to do; each is judged against the board of the
// moment in which it arrives.
struct PlanResult {
  // One for each call (or calls at one address) for which a crew was found.
  std::vector<core::OfferVisit> offers;
  // The calls for which none was, with the reasons; no matches: none.
  core::ReportUnmatched unmatched;
};

// Where the planner expects a person to be free: his last position, else the
// base of his shift, else his home, else the center.
core::LatLng PlaceOf(const core::Board& board, const core::PersonId& person);

// The ways that Plan needs for this board: drivers and self-drivers on duty to
// physicians on duty and to calls, physicians to calls. Two requests: to fetch
// and to go.
std::vector<TravelRequest> TravelNeeded(const core::Board& board,
                                        absl::Time now);

// True if a call waits to be matched and Plan could find something new.
bool WantsPlan(const core::Board& board);

// All feasible physician × driver-and-car pairs for all calls that are being
// matched, solved as one assignment: the sum of costs (planner/cost.h) is the
// least possible among plans that serve as many calls as can be served, the
// urgent ones first. Hard rules are DOMAIN §3.3's. Deterministic; ties go to
// the smaller ids.
PlanResult Plan(const core::Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PLANNER_H_
