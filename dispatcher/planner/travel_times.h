// Ways on the road, as the planner is told of them: places and how long it
// takes between them. Values.
#ifndef HOUSECALL_DISPATCHER_PLANNER_TRAVEL_TIMES_H_
#define HOUSECALL_DISPATCHER_PLANNER_TRAVEL_TIMES_H_

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/types.h"

namespace housecall::planner {

// The minutes of a way that there is not.
inline constexpr double kNoWay = std::numeric_limits<double>::infinity();

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

  // The same in minutes; kNoWay: none.
  double Minutes(const core::LatLng& from, const core::LatLng& to) const;

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

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_TRAVEL_TIMES_H_
