// How long every car takes to every open call, while both come and go.
#ifndef HOUSECALL_ROUTER_MOVING_CARS_H_
#define HOUSECALL_ROUTER_MOVING_CARS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "router/anchors.h"
#include "router/min_plus.h"
#include "router/router.h"

namespace housecall::router {

// An index of cars and open calls. What can be reached upwards in the hierarchy
// from each of them is kept, a few hundred numbers; a car that reports another
// position is searched from once, a call that comes in is searched for once,
// and joined with all that is kept of the others. One thread at a time.
//
// Cars and calls are known by the numbers that they get when they are added;
// numbers are used again after they were removed.
class MovingCars {
 public:
  // `map` must outlive this. Its own metric is used, until another one is set.
  explicit MovingCars(const RoadMap* map);

  // How long roads take from now on: a metric of the map. All times are worked
  // out anew: one search for each car and each call.
  void SetMetric(std::shared_ptr<const Metric> metric);

  uint32_t AddCar(const RoadPoint& point);
  void MoveCar(uint32_t car, const RoadPoint& point);
  void RemoveCar(uint32_t car);

  uint32_t AddCall(const RoadPoint& point);
  void RemoveCall(uint32_t call);

  // From a car to a call, both of which have been added.
  const Leg& leg(uint32_t car, uint32_t call) const {
    return cars_[car].legs[call];
  }

 private:
  // What can be reached upwards from one block: the ranks from the top of the
  // hierarchy down to the block's own, and their costs. Two blocks have the
  // first so many ranks in common.
  struct Climb {
    std::vector<uint32_t> ranks;
    std::vector<StateCosts> costs;
  };
  struct Place {
    bool is_used = false;
    RoadPoint point;
    // One for each block that the place's anchors are in.
    std::vector<Climb> climbs;
    Cost bias = 0;
  };
  struct Car {
    Place place;
    // By call.
    std::vector<Leg> legs;
  };

  std::vector<Climb> ClimbsOf(const std::vector<Anchor>& anchors, bool is_from);
  void SearchFrom(Place* car);
  void SearchTo(Place* call);
  Leg Join(const Place& car, const Place& call);

  const RoadMap& map_;
  std::shared_ptr<const Metric> metric_;
  // For the few pairs that are on one road.
  Query query_;
  std::vector<StateCosts> by_rank_;
  std::vector<Car> cars_;
  std::vector<Place> calls_;
  std::vector<uint32_t> free_cars_;
  std::vector<uint32_t> free_calls_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_MOVING_CARS_H_
