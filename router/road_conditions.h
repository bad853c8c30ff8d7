// What a map does not know: roads that are closed or slow for a while, and how
// fast roads are at which hour.
#ifndef HOUSECALL_ROUTER_ROAD_CONDITIONS_H_
#define HOUSECALL_ROUTER_ROAD_CONDITIONS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "router/geo.h"
#include "router/learned_speeds.h"
#include "router/metric.h"
#include "router/road_data.h"
#include "router/road_policy.h"

namespace housecall::router {

class RoadMap;

// A closure or a slow zone, as an operator draws it.
struct RoadCondition {
  enum class Shape {
    // `points` are a line. It means the roads along which it is drawn, those
    // whose middle is within `within_meters` of it, and those that it crosses
    // farther than that from their ends.
    kLine,
    // `points` are the corners of an area. It means every road that touches it.
    kArea,
    // The segments by number; `points` are not used.
    kSegments,
  };

  // What people call it: "snow on Route 20". Shown where a drive is explained.
  std::string reason;
  Shape shape = Shape::kLine;
  std::vector<LatLng> points;
  double within_meters = 15;
  std::vector<uint32_t> segments;
  // The share of its usual speed that a car has there; 0: closed.
  double speed_factor = 0;
  // From the first to before the second.
  absl::Time begin_time = absl::InfinitePast();
  absl::Time end_time = absl::InfiniteFuture();
};

// Returns InvalidArgument, naming the reason, unless the line has two points or
// more, the area three, all on the earth; the distance is from 0 to 1000 m, the
// factor from 0 to 1 and the end after the begin.
absl::Status CheckRoadCondition(const RoadCondition& condition);

// The segments that a condition means, in ascending order. A segment that the
// map does not have is left out.
std::vector<uint32_t> SegmentsOf(const RoadMap& map,
                                 const RoadCondition& condition);

// How fast roads are, by their class: the share of the map's speed.
struct SpeedProfile {
  std::string name;
  std::array<double, kRoadClasses> factors;
};

// Which profile counts at which hour of which kind of day.
struct SpeedCalendar {
  // The map's speeds are those of deep night; evenings and days are slower on
  // main roads. Judgement, not measurement: learned factors correct it.
  static SpeedCalendar Default();
  // The map's speeds at every hour.
  static SpeedCalendar AsOnTheMap();

  // The profile at a time.
  const SpeedProfile& At(absl::Time time) const;

  std::vector<SpeedProfile> profiles;
  // By DayClass and hour: a position in `profiles`.
  std::array<std::array<uint8_t, 24>, kDayClasses> by_hour = {};
  // Whether a day is a public holiday; Sundays count as such anyway. Not given:
  // no other day is. Called by any thread.
  std::function<bool(absl::CivilDay)> is_public_holiday;
  absl::TimeZone time_zone;
};

// The kind of day, by a calendar.
DayClass DayClassOf(const SpeedCalendar& calendar, absl::Time time);

// Returns InvalidArgument, naming what is wrong, unless there is a profile for
// every hour, and every factor is from 0.1 to 3.
absl::Status CheckSpeedCalendar(const SpeedCalendar& calendar);

// The closures and openings of a policy on top of what `now_known` says of no
// particular time.
std::vector<RoadChange> ChangesByPolicy(const RoadMap& map,
                                        const GraphWeights& now_known,
                                        const RoadPolicy& policy);

// What every road takes at a time, where that is not what `now_known` says: by
// the map and the hours of its closures, the profile of the hour, what was
// learned, and the conditions that hold; of several conditions on one road the
// slowest. `condition_segments`: SegmentsOf each of `conditions`.
std::vector<RoadChange> ChangesAt(
    const RoadMap& map, const GraphWeights& now_known, absl::Time time,
    const SpeedCalendar& calendar, const RoadPolicy& policy,
    const LearnedSpeeds& learned, const std::vector<RoadCondition>& conditions,
    const std::vector<std::vector<uint32_t>>& condition_segments);

// The conditions of turns that hold at a time, or no longer, where that is not
// what `now_known` says.
std::vector<TurnChange> TurnChangesAt(const RoadMap& map,
                                      const GraphWeights& now_known,
                                      absl::Time time,
                                      const SpeedCalendar& calendar);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_CONDITIONS_H_
