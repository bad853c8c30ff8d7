#include "router/moving_cars.h"

#include <algorithm>
#include <utility>

namespace housecall::router {
namespace {

// How many ranks two climbs begin with in common.
size_t SharedRanks(const std::vector<uint32_t>& a,
                   const std::vector<uint32_t>& b) {
  size_t same = 0;
  size_t other = std::min(a.size(), b.size());
  // All ranks before `same` are the same, none from `other` on is.
  while (same < other) {
    const size_t middle = (same + other) / 2;
    if (a[middle] == b[middle]) {
      same = middle + 1;
    } else {
      other = middle;
    }
  }
  return same;
}

}  // namespace

MovingCars::MovingCars(const RoadMap* map)
    : map_(*map),
      metric_(map->metric()),
      query_(map),
      by_rank_(map->hierarchy().blocks()) {}

std::vector<MovingCars::Climb> MovingCars::ClimbsOf(
    const std::vector<Anchor>& anchors, bool is_from) {
  const Hierarchy& hierarchy = map_.hierarchy();
  std::vector<Climb> climbs;
  std::vector<bool> done(anchors.size());
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (done[i]) continue;
    const uint32_t block = anchors[i].state >> 1;
    const uint32_t begin = hierarchy.rank(block);
    for (size_t j = i; j < anchors.size(); ++j) {
      if (anchors[j].state >> 1 != block) continue;
      done[j] = true;
      Cost& cost = by_rank_[begin].of[anchors[j].state & 1];
      cost = std::min(cost, anchors[j].cost);
    }
    Climb climb;
    for (uint32_t rank = begin; rank != Hierarchy::kNone;
         rank = hierarchy.parent(rank)) {
      StateCosts& costs = by_rank_[rank];
      if (!is_from) {
        // Ways within a block count where both searches meet, once.
        const SelfCosts& self = metric_->self(rank);
        costs = {{std::min(costs.of[0], self.of[0] + costs.of[1]),
                  std::min(costs.of[1], self.of[1] + costs.of[0])}};
      }
      const absl::Span<const uint32_t> heads = hierarchy.Heads(rank);
      RelaxArcs(costs, heads.data(),
                is_from ? metric_->up(rank) : metric_->down(rank), heads.size(),
                by_rank_.data());
      climb.ranks.push_back(rank);
      climb.costs.push_back(costs);
      costs = StateCosts();
    }
    std::reverse(climb.ranks.begin(), climb.ranks.end());
    std::reverse(climb.costs.begin(), climb.costs.end());
    climbs.push_back(std::move(climb));
  }
  return climbs;
}

void MovingCars::SearchFrom(Place* car) {
  car->climbs = ClimbsOf(DepartAnchors(map_, *metric_, car->point), true);
}

void MovingCars::SearchTo(Place* call) {
  const Goal goal(ArriveAnchors(map_, *metric_, call->point));
  call->bias = goal.bias;
  call->climbs = ClimbsOf(goal.anchors, false);
}

Leg MovingCars::Join(const Place& car, const Place& call) {
  if (ShareSegment(map_, car.point, call.point) ||
      AreOneNode(map_, car.point, call.point)) {
    return query_.FindLeg(car.point, call.point);
  }
  Cost best = kNoWay;
  for (const Climb& from : car.climbs) {
    for (const Climb& to : call.climbs) {
      best = std::min(best, JoinClimbs(from.costs.data(), to.costs.data(),
                                       SharedRanks(from.ranks, to.ranks)));
    }
  }
  return Better(DirectLeg(*metric_, car.point, call.point), best, call.bias);
}

void MovingCars::SetMetric(std::shared_ptr<const Metric> metric) {
  metric_ = std::move(metric);
  query_.SetMetric(metric_);
  for (Place& call : calls_) {
    if (call.is_used) SearchTo(&call);
  }
  for (uint32_t car = 0; car < cars_.size(); ++car) {
    if (cars_[car].place.is_used) MoveCar(car, cars_[car].place.point);
  }
}

uint32_t MovingCars::AddCar(const RoadPoint& point) {
  uint32_t car = static_cast<uint32_t>(cars_.size());
  if (free_cars_.empty()) {
    cars_.emplace_back();
  } else {
    car = free_cars_.back();
    free_cars_.pop_back();
  }
  cars_[car].place.is_used = true;
  cars_[car].legs.assign(calls_.size(), Leg());
  MoveCar(car, point);
  return car;
}

void MovingCars::MoveCar(uint32_t car, const RoadPoint& point) {
  Car& moved = cars_[car];
  moved.place.point = point;
  SearchFrom(&moved.place);
  for (uint32_t call = 0; call < calls_.size(); ++call) {
    if (calls_[call].is_used) {
      moved.legs[call] = Join(moved.place, calls_[call]);
    }
  }
}

void MovingCars::RemoveCar(uint32_t car) {
  cars_[car] = Car();
  free_cars_.push_back(car);
}

uint32_t MovingCars::AddCall(const RoadPoint& point) {
  uint32_t call = static_cast<uint32_t>(calls_.size());
  if (free_calls_.empty()) {
    calls_.emplace_back();
  } else {
    call = free_calls_.back();
    free_calls_.pop_back();
  }
  Place& place = calls_[call];
  place.is_used = true;
  place.point = point;
  SearchTo(&place);
  for (Car& car : cars_) {
    if (!car.place.is_used) continue;
    car.legs.resize(calls_.size());
    car.legs[call] = Join(car.place, place);
  }
  return call;
}

void MovingCars::RemoveCall(uint32_t call) {
  calls_[call] = Place();
  free_calls_.push_back(call);
}

}  // namespace housecall::router
