// Roads as they are now: a map whose metric follows the hour, closures, slow
// zones and what our own drives teach, without anybody waiting for it.
#ifndef HOUSECALL_ROUTER_LIVING_ROADS_H_
#define HOUSECALL_ROUTER_LIVING_ROADS_H_

#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
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
#include "router/road_policy.h"
#include "router/router.h"

namespace housecall::router {

// One consistent state of all roads, for one policy. Immutable.
struct RoadState {
  // Another one for each state in which some drive may take another time; of
  // one LivingRoads the same one only with the same metric.
  uint64_t version = 0;
  std::shared_ptr<const RoadMap> map;
  // Of that map.
  std::shared_ptr<const Metric> metric;
  // For which time.
  absl::Time time;
  // By class of road: LearnedSpeed::time_factor and LateFactor of that hour.
  std::array<double, kRoadClasses> learned_factors = {};
  std::array<double, kRoadClasses> late_factors = {};
  // For people: "deep night, without toll roads, learned of 214 drives; 2
  // conditions: snow on Route 20, flood; 37 roads closed".
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
//
// There is a state for each policy that is asked for. All but the first are
// made of that one, with which they share what is the same: nothing is wanted
// for another policy where a map has no roads that it is about, and at most the
// memory of a metric of its own, since toll roads are part of many ways.
class LivingRoads {
 public:
  // A policy that nobody asks for is forgotten after this, by SetTime.
  static constexpr absl::Duration kForgetAfter = absl::Minutes(10);

  struct Options {
    SpeedCalendar calendar = SpeedCalendar::Default();
    // The one that is always kept.
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

  // By the policy of the options.
  std::shared_ptr<const RoadState> current() const;
  // By any policy. Waits for the state to be made, as long as a change of all
  // roads takes, if nobody has asked for this policy of late.
  std::shared_ptr<const RoadState> current(const RoadPolicy& policy) const;
  // How many policies there is a state for.
  size_t policies() const;

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

  // Waits until what was set before is part of the current states.
  void WaitUntilCurrent() const;

 private:
  // What a state is made of.
  struct Wanted {
    std::shared_ptr<const RoadMap> map;
    absl::Time time;
    std::vector<RoadCondition> conditions;
    LearnedSpeeds learned;
  };

  struct Known {
    // Null until it is made.
    std::shared_ptr<const RoadState> state;
    // The time of the roads when it was asked for last.
    absl::Time asked_time;
  };

  LivingRoads(std::shared_ptr<const RoadMap> map, Options options,
              absl::Time now);
  void FindSegments(const Wanted& wanted);
  std::shared_ptr<const Metric> MakeMetric(const Wanted& wanted,
                                           const RoadPolicy& policy,
                                           const RoadState* before,
                                           const RoadState* first) const;
  std::shared_ptr<const RoadState> MakeState(const Wanted& wanted,
                                             const RoadPolicy& policy,
                                             const RoadState* before,
                                             const RoadState* first);
  void Work();

  // Constant after construction.
  const Options options_;

  mutable std::mutex mutex_;
  // Told when something was set, and when a state is ready.
  mutable std::condition_variable changed_;
  // Guarded by mutex_. To ask for a policy is to want its state.
  Wanted wanted_;
  mutable uint64_t wanted_count_ = 1;
  uint64_t ready_count_ = 0;
  bool stopping_ = false;
  mutable std::map<RoadPolicy, Known> known_;

  // Of the worker alone.
  uint64_t versions_ = 0;
  // The segments of the conditions, for a map.
  const RoadMap* known_map_ = nullptr;
  std::vector<RoadCondition> known_conditions_;
  std::vector<std::vector<uint32_t>> known_segments_;

  std::thread worker_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_LIVING_ROADS_H_
