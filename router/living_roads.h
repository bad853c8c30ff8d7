// Roads as they are now: a map whose metric follows the hour, closures, slow
// zones and what our own drives teach, without anybody waiting for it.
#ifndef HOUSECALL_ROUTER_LIVING_ROADS_H_
#define HOUSECALL_ROUTER_LIVING_ROADS_H_

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "router/learned_speeds.h"
#include "router/road_conditions.h"
#include "router/router.h"

namespace housecall::router {

// One consistent state of all roads. Immutable.
struct RoadState {
  // Another one for each state in which some drive may take another time.
  uint64_t version = 0;
  std::shared_ptr<const RoadMap> map;
  // Of that map.
  std::shared_ptr<const Metric> metric;
  // For which time.
  absl::Time time;
  // By class of road: LearnedSpeed::time_factor and LateFactor of that hour.
  std::array<double, kRoadClasses> learned_factors = {};
  std::array<double, kRoadClasses> late_factors = {};
  // For people: "deep night, learned of 214 drives; 2 conditions: snow on Route
  // 20, flood; 37 roads closed".
  std::string description;
  // Roads that are closed now in a direction or both although they are open on
  // the map and the policy does not leave them out, each counted once.
  int64_t closed_roads = 0;
};

// The map as it is, at no particular time.
std::shared_ptr<const RoadState> StateOfMap(std::shared_ptr<const RoadMap> map,
                                            const RoadPolicy& policy = {});

// Whoever asks gets the last state that is ready, at once; changes are worked
// out on a thread of its own, and the new state takes the place of the old one
// in one step. Who still holds the old one goes on with it. Safe for any number
// of threads.
class LivingRoads {
 public:
  struct Options {
    SpeedCalendar calendar = SpeedCalendar::Default();
    RoadPolicy policy = {};
    // For changes of many roads.
    int threads = 2;
    // Until SetLearnedSpeeds.
    LearnedSpeeds learned = {};
  };

  // The first state is that of `now`. Returns InvalidArgument if the calendar
  // is not fine (CheckSpeedCalendar).
  static absl::StatusOr<std::unique_ptr<LivingRoads>> Create(
      std::shared_ptr<const RoadMap> map, Options options, absl::Time now);

  ~LivingRoads();
  LivingRoads(const LivingRoads&) = delete;
  LivingRoads& operator=(const LivingRoads&) = delete;

  std::shared_ptr<const RoadState> current() const;

  // These return at once. Several of them in a row may become one state.
  //
  // The time has come to `now`: profiles, closures that begin or end, turns and
  // roads that the map closes at some hours. Call it
  // once a minute or so.
  void SetTime(absl::Time now);
  // All conditions, in the place of those before. Returns InvalidArgument, and
  // changes nothing, if one is not fine (CheckRoadCondition).
  absl::Status SetConditions(std::vector<RoadCondition> conditions);
  void SetLearnedSpeeds(LearnedSpeeds speeds);
  // Another map, such as a newer one of the same place. Conditions by number of
  // segment do not fit it: set others.
  void SetMap(std::shared_ptr<const RoadMap> map);

  // Waits until what was set before is part of the current state.
  void WaitUntilCurrent() const;

 private:
  // What a state is made of.
  struct Wanted {
    std::shared_ptr<const RoadMap> map;
    absl::Time time;
    std::vector<RoadCondition> conditions;
    LearnedSpeeds learned;
  };

  LivingRoads(std::shared_ptr<const RoadMap> map, Options options,
              absl::Time now);
  std::shared_ptr<const RoadState> MakeState(const Wanted& wanted,
                                             const RoadState* before);
  void Work();

  // Constant after construction.
  const Options options_;

  mutable std::mutex mutex_;
  // Told when something was set, and when a state is ready.
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  Wanted wanted_;
  uint64_t wanted_count_ = 1;
  uint64_t ready_count_ = 0;
  bool stopping_ = false;
  std::shared_ptr<const RoadState> current_;

  // Of the worker alone: the segments of the conditions, for a map.
  const RoadMap* known_map_ = nullptr;
  std::vector<RoadCondition> known_conditions_;
  std::vector<std::vector<uint32_t>> known_segments_;

  std::thread worker_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_LIVING_ROADS_H_
