#include "router/moving_cars.h"

#include <map>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "tests/router/ascii_map.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

TEST(MovingCars, TimesEveryCarToEveryCall) {
  const AsciiMap map(R"(
    A-----B-----C
    |     |     |
    D-->--E--p--F
  )");
  MovingCars cars(map.map().get());
  const uint32_t a = cars.AddCar(map.Point('A'));
  const uint32_t c = cars.AddCall(map.Point('C'));
  EXPECT_EQ(cars.leg(a, c).weight, 12000u);
  const uint32_t d = cars.AddCar(map.Point('D'));
  EXPECT_EQ(cars.leg(d, c).weight, 14000u);
  const uint32_t p = cars.AddCall(map.Point('p'));
  EXPECT_EQ(cars.leg(d, p).weight, 9000u);
  cars.MoveCar(a, map.Point('E'));
  EXPECT_EQ(cars.leg(a, p).weight, 3000u);
  cars.RemoveCall(c);
  const uint32_t next = cars.AddCall(map.Point('D'));
  EXPECT_EQ(next, c);
  // Against the one-way street, around.
  EXPECT_EQ(cars.leg(a, next).weight, 10000u);
}

TEST(MovingCars, AgreesWithThePlainSearchWhateverComesAndGoes) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomNetwork town = MakeTown(random);
    const auto map = RoadMap::Create(town.data).value();
    Query plain(map.get(), Query::Method::kPlain);
    MovingCars cars(map.get());
    std::map<uint32_t, RoadPoint> car_points;
    std::map<uint32_t, RoadPoint> call_points;
    const auto point = [&]() -> const RoadPoint& {
      return town
          .points[random.Below(static_cast<uint32_t>(town.points.size()))];
    };
    const auto any = [&](const std::map<uint32_t, RoadPoint>& of) {
      return std::next(of.begin(),
                       random.Below(static_cast<uint32_t>(of.size())))
          ->first;
    };
    const auto check = [&] {
      for (const auto& [car, from] : car_points) {
        for (const auto& [call, to] : call_points) {
          ASSERT_EQ(cars.leg(car, call), plain.FindLeg(from, to))
              << car << " to " << call;
        }
      }
    };
    for (int step = 0; step < 120; ++step) {
      switch (random.Below(6)) {
        case 0: {
          const RoadPoint at = point();
          car_points[cars.AddCar(at)] = at;
          break;
        }
        case 1: {
          const RoadPoint at = point();
          call_points[cars.AddCall(at)] = at;
          break;
        }
        case 2:
          if (car_points.size() > 6) {
            const uint32_t car = any(car_points);
            cars.RemoveCar(car);
            car_points.erase(car);
          }
          break;
        case 3:
          if (call_points.size() > 6) {
            const uint32_t call = any(call_points);
            cars.RemoveCall(call);
            call_points.erase(call);
          }
          break;
        default:
          if (!car_points.empty()) {
            const uint32_t car = any(car_points);
            car_points[car] = point();
            cars.MoveCar(car, car_points[car]);
          }
          break;
      }
      if (step == 80) {
        std::vector<RoadChange> changes;
        for (uint32_t i = 0; i < 40; ++i) {
          changes.push_back({ArcRoad::Of(i * 7, random.OneIn(2)),
                             random.OneIn(2) ? kClosed : random.Below(3000)});
        }
        const auto metric =
            std::make_shared<const Metric>(*map->metric(), changes);
        cars.SetMetric(metric);
        plain.SetMetric(metric);
      }
      if (step % 20 == 19) check();
      if (HasFatalFailure()) return;
    }
    EXPECT_GT(car_points.size() * call_points.size(), 30u);
  }
}

}  // namespace
}  // namespace housecall::router
