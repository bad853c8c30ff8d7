#include "dispatcher/planner/search.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/planner/random.h"

namespace housecall::planner {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Places on a line, a minute from one to the next.
std::shared_ptr<const TravelMatrix> Line(int places) {
  TravelMatrix travel(places);
  for (int i = 0; i < places; ++i) {
    for (int j = 0; j < places; ++j) travel.at(i, j) = std::abs(i - j);
  }
  return std::make_shared<const TravelMatrix>(travel);
}

RouteStop StopAt(int place, int physicians, double due = 30,
                 double weight = 1) {
  RouteStop stop;
  stop.place = place;
  stop.visit_minutes = 20;
  stop.clocks = {{0, due, weight, 20 * weight}};
  stop.unserved_cost = 1e5 * weight;
  stop.physician_costs.assign(physicians, 0);
  return stop;
}

RoutePhysician PhysicianAt(int place) {
  RoutePhysician physician;
  physician.place = place;
  physician.home = place;
  return physician;
}

// A car on such a line, at 0, with the first of the physicians aboard.
RouteProblem OneCar(int places, std::vector<RoutePhysician> physicians) {
  RouteProblem problem;
  problem.travel = Line(places);
  problem.wheels.resize(1);
  problem.wheels[0].aboard = 0;
  problem.physicians = std::move(physicians);
  problem.physicians[0].can_be_fetched = false;
  return problem;
}

// --- What a plan costs, reckoned simply, to compare with -------------------

// kNever if a rule forbids it.
double CostOf(const RouteProblem& problem, const RoutePlan& plan) {
  double cost = 0;
  std::vector<int> served(problem.stops.size());
  std::vector<int> car_of(problem.physicians.size(), -1);
  for (size_t w = 0; w < plan.size(); ++w) {
    const RouteWheels& wheels = problem.wheels[w];
    double time = wheels.free_minutes;
    // Since when the car may leave alone, while the one seated last sees a
    // patient there; kNever: it may not.
    double at_door = kNever;
    int place = wheels.place;
    int seated = wheels.aboard;
    std::vector<int> left_car;
    for (const Leg& leg : plan[w].legs) {
      const RouteStop& stop = problem.stops[leg.stop];
      const RoutePhysician& physician = problem.physicians[leg.physician];
      if (served[leg.stop]++ > 0) return kNever;
      if (stop.physician_costs[leg.physician] == kNever) return kNever;
      if (!stop.wheels_allowed.empty() && !stop.wheels_allowed[w]) {
        return kNever;
      }
      if (car_of[leg.physician] >= 0 &&
          car_of[leg.physician] != static_cast<int>(w)) {
        return kNever;
      }
      car_of[leg.physician] = static_cast<int>(w);
      double drive = 0;
      if (leg.physician != seated) {
        if (!physician.can_be_fetched || wheels.owner != kNone) return kNever;
        if (std::count(left_car.begin(), left_car.end(), leg.physician) > 0) {
          return kNever;
        }
        if (seated != kNone) {
          left_car.push_back(seated);
          drive += problem.travel->at(place, problem.physicians[seated].home);
          if (at_door < kNever) {
            time = at_door;
          } else {
            time += drive;
            place = problem.physicians[seated].home;
          }
        }
        const double fetch = problem.travel->at(place, physician.place);
        drive += fetch;
        time = std::max(time + fetch, physician.free_minutes);
        place = physician.place;
        seated = leg.physician;
      }
      const double go = problem.travel->at(place, stop.place);
      time += go;
      drive += go;
      for (const WaitClock& clock : stop.clocks) {
        cost += WaitingCost(clock, time);
      }
      cost += stop.physician_costs[leg.physician] + wheels.cost_per_stop +
              drive * problem.cost_per_drive_minute;
      if (!problem.driver_waits && wheels.owner == kNone) at_door = time;
      time = std::max(time, stop.ready_minutes) + stop.visit_minutes;
      place = stop.place;
      if (time > std::min(wheels.end_minutes, physician.end_minutes) ||
          time == kNever) {
        return kNever;
      }
    }
  }
  for (size_t s = 0; s < problem.stops.size(); ++s) {
    if (!served[s]) cost += problem.stops[s].unserved_cost;
  }
  return cost;
}

// Of all plans there are.
class Brute {
 public:
  explicit Brute(const RouteProblem& problem)
      : problem_(problem), plan_(problem.wheels.size()) {
    Extend(0);
  }
  double least() const { return least_; }

 private:
  void Extend(size_t stop) {
    if (stop == problem_.stops.size()) {
      least_ = std::min(least_, CostOf(problem_, plan_));
      return;
    }
    Extend(stop + 1);
    for (Route& route : plan_) {
      for (size_t i = 0; i <= route.legs.size(); ++i) {
        for (size_t p = 0; p < problem_.physicians.size(); ++p) {
          route.legs.insert(route.legs.begin() + i,
                            {static_cast<int>(stop), static_cast<int>(p)});
          Extend(stop + 1);
          route.legs.erase(route.legs.begin() + i);
        }
      }
    }
  }

  const RouteProblem& problem_;
  RoutePlan plan_;
  double least_ = kNever;
};

RouteProblem RandomProblem(Random& random, int stops, int wheels,
                           int physicians) {
  RouteProblem problem;
  const int places = 8;
  TravelMatrix travel(places);
  for (int i = 0; i < places; ++i) {
    for (int j = 0; j < places; ++j) {
      if (i == j) continue;
      travel.at(i, j) = random.OneIn(40) ? kNever : random.Between(2, 30);
    }
  }
  problem.travel = std::make_shared<const TravelMatrix>(travel);
  const auto place = [&] { return static_cast<int>(random.Between(0, 7)); };
  for (int p = 0; p < physicians; ++p) {
    RoutePhysician physician = PhysicianAt(place());
    if (random.OneIn(4)) physician.home = place();
    if (random.OneIn(4)) physician.free_minutes = random.Between(1, 40);
    if (random.OneIn(3)) physician.end_minutes = random.Between(40, 150);
    problem.physicians.push_back(physician);
  }
  for (int w = 0; w < wheels; ++w) {
    RouteWheels one;
    one.place = place();
    if (random.OneIn(3)) one.free_minutes = random.Between(1, 40);
    if (random.OneIn(4)) one.end_minutes = random.Between(60, 200);
    if (w < physicians && random.OneIn(2)) {
      one.aboard = w;
      if (random.OneIn(3)) {
        one.owner = w;
      } else {
        problem.physicians[w].can_be_fetched = false;
      }
    }
    one.cost_per_stop = static_cast<double>(random.Between(0, 6));
    problem.wheels.push_back(one);
  }
  for (int s = 0; s < stops; ++s) {
    RouteStop stop = StopAt(place(), physicians, random.Between(10, 90),
                            random.OneIn(4)   ? 16
                            : random.OneIn(2) ? 4
                                              : 1);
    stop.visit_minutes = random.Between(10, 40);
    if (random.OneIn(6)) stop.ready_minutes = random.Between(10, 60);
    stop.clocks[0].ready_minutes = stop.ready_minutes;
    for (double& cost : stop.physician_costs) {
      cost = random.OneIn(4) ? kNever : random.Between(-10, 5);
    }
    stop.wheels_allowed.assign(wheels, 1);
    if (random.OneIn(5)) stop.wheels_allowed[0] = 0;
    problem.stops.push_back(stop);
  }
  problem.cost_per_drive_minute = 0.5;
  return problem;
}

TEST(SearchRoutes, FindsTheLeastOfAllPlansWhereTheNightIsSmall) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const int stops = static_cast<int>(random.Between(1, 4));
    const int wheels = static_cast<int>(random.Between(1, 3));
    const int physicians =
        static_cast<int>(random.Between(1, stops == 4 ? 2 : 3));
    RouteProblem problem = RandomProblem(random, stops, wheels, physicians);
    problem.driver_waits = !random.OneIn(3);
    const SearchResult found = SearchRoutes(problem, {});
    EXPECT_TRUE(found.is_least) << "round " << round;
    EXPECT_NEAR(CostOf(problem, found.plan), found.cost, 1e-6)
        << "round " << round;
    EXPECT_NEAR(found.cost, Brute(problem).least(), 1e-4) << "round " << round;
  }
}

// As above with up to six stops, of which some have two calls; of these there
// are up to two million plans each.
TEST(SearchRoutes, FindsTheLeastOfAllPlansOfSixCalls) {
  Random random(6);
  struct Size {
    int stops;
    int wheels;
    int physicians;
    int rounds;
  };
  for (const Size& size :
       {Size{5, 2, 2, 150}, Size{5, 1, 3, 50}, Size{5, 3, 1, 50},
        Size{6, 2, 2, 20}, Size{6, 3, 2, 4}}) {
    for (int round = 0; round < size.rounds; ++round) {
      RouteProblem problem =
          RandomProblem(random, size.stops, size.wheels, size.physicians);
      for (RouteStop& stop : problem.stops) {
        if (!random.OneIn(3)) continue;
        WaitClock second = stop.clocks[0];
        second.due_minutes = random.Between(10, 90);
        stop.clocks.push_back(second);
        stop.visit_minutes += 15;
        stop.unserved_cost *= 2;
      }
      const SearchResult found =
          SearchRoutes(problem, {}, {.max_steps = 20'000'000});
      EXPECT_TRUE(found.is_least) << size.stops << " round " << round;
      EXPECT_NEAR(CostOf(problem, found.plan), found.cost, 1e-6);
      EXPECT_NEAR(found.cost, Brute(problem).least(), 1e-4)
          << size.stops << " round " << round;
    }
  }
}

TEST(SearchRoutes, FindsWhatTheExactSearchFindsWithoutIt) {
  // Six stops exactly, against the same with a seventh that nobody can serve,
  // for which there is no exact search.
  Random random(2);
  double exact = 0;
  double ruined = 0;
  for (int round = 0; round < 40; ++round) {
    RouteProblem problem = RandomProblem(random, kExactStops, 3, 4);
    const SearchResult least =
        SearchRoutes(problem, {}, {.max_steps = 20'000'000});
    ASSERT_TRUE(least.is_least);
    RouteStop nobody = StopAt(0, 4);
    nobody.physician_costs.assign(4, kNever);
    nobody.unserved_cost = 0;
    problem.stops.push_back(nobody);
    const SearchResult found = SearchRoutes(problem, {});
    EXPECT_GE(found.cost, least.cost - 1e-6);
    exact += least.cost;
    ruined += found.cost;
  }
  EXPECT_LE(ruined, exact * 1.001);
}

TEST(SearchRoutes, NeverBreaksARuleAndNeverGetsWorse) {
  Random random(3);
  for (int round = 0; round < 30; ++round) {
    RouteProblem problem = RandomProblem(random, 20, 5, 7);
    problem.driver_waits = round % 2 == 0;
    const SearchResult first = SearchRoutes(problem, {}, {.max_steps = 5'000});
    ASSERT_NEAR(CostOf(problem, first.plan), first.cost, 1e-6);
    const SearchResult second =
        SearchRoutes(problem, first.plan, {.max_steps = 50'000});
    ASSERT_NEAR(CostOf(problem, second.plan), second.cost, 1e-6);
    EXPECT_LE(second.cost, first.cost + 1e-6);
  }
}

TEST(SearchRoutes, IsTheSameForTheSameSeed) {
  Random random(4);
  const RouteProblem problem = RandomProblem(random, 30, 5, 7);
  const SearchOptions options = {.max_steps = 100'000, .seed = 9};
  const SearchResult once = SearchRoutes(problem, {}, options);
  const SearchResult twice = SearchRoutes(problem, {}, options);
  EXPECT_EQ(once.plan, twice.plan);
  EXPECT_EQ(once.cost, twice.cost);
}

TEST(SearchRoutes, TakesOfTheStartWhatStillHolds) {
  RouteProblem problem;
  problem.travel = Line(3);
  problem.wheels.resize(1);
  problem.physicians = {PhysicianAt(0)};
  problem.stops = {StopAt(1, 1), StopAt(2, 1)};
  // A stop and a physician that are not there, a stop twice, and too many
  // wheels.
  const RoutePlan start = {{{{7, 0}, {0, 5}, {0, 0}, {0, 0}}}, {{{1, 0}}}};
  Schedule schedule(&problem);
  schedule.Set(start);
  ASSERT_THAT(schedule.Plan(), SizeIs(1));
  EXPECT_THAT(schedule.route(0).legs, ::testing::ElementsAre(Leg{0, 0}));
  EXPECT_THAT(SearchRoutes(problem, start).plan[0].legs, SizeIs(2));
}

TEST(SearchRoutes, HasNothingToDoWithNothing) {
  EXPECT_THAT(SearchRoutes(RouteProblem(), {}).plan, IsEmpty());
  RouteProblem problem;
  problem.travel = Line(1);
  problem.stops = {StopAt(0, 0)};
  const SearchResult nobody = SearchRoutes(problem, {});
  EXPECT_EQ(nobody.cost, problem.stops[0].unserved_cost);
}

TEST(SearchRoutes, BringsOnePhysicianHomeAndFetchesAnother) {
  RouteProblem problem;
  problem.travel = Line(11);
  problem.wheels.resize(1);
  problem.wheels[0].place = 2;
  problem.wheels[0].aboard = 0;
  problem.physicians = {PhysicianAt(5), PhysicianAt(10)};
  problem.physicians[0].place = 2;
  problem.physicians[0].can_be_fetched = false;
  problem.stops = {StopAt(7, 2)};
  problem.stops[0].physician_costs[0] = kNever;
  const SearchResult found = SearchRoutes(problem, {});
  ASSERT_THAT(found.plan[0].legs, ::testing::ElementsAre(Leg{0, 1}));
  // 3 home, 5 to the other, 3 back.
  EXPECT_DOUBLE_EQ(found.cost, 11);
}

// --- A stop that becomes known later ---------------------------------------

TEST(Schedule, PutsALaterStopBehindWhatHasBegun) {
  RouteProblem problem = OneCar(11, {PhysicianAt(0)});
  problem.stops = {StopAt(5, 1), StopAt(10, 1, 1000)};
  Schedule schedule(&problem);
  schedule.Set({{{{0, 0}, {1, 0}}}});
  const RouteStop urgent = StopAt(5, 1, 0, 16);
  // Known at the start it goes first; a minute later behind the first stop;
  // once the second is under way, last.
  EXPECT_EQ(schedule.Best(urgent, 0).position, 0);
  const Schedule::Slot slot = schedule.Best(urgent, 1);
  EXPECT_EQ(slot.position, 1);
  EXPECT_EQ(schedule.Best(urgent, 26).position, 2);
  const double before = schedule.cost();
  schedule.InsertForeign(slot, urgent, 1);
  EXPECT_NEAR(schedule.cost(), before + slot.cost, 1e-9);
  // At the door at 25, when the first visit is over.
  EXPECT_DOUBLE_EQ(schedule.states(0)[2].arrive, 25);
}

TEST(Schedule, LetsACarLeaveThePhysicianAtTheDoorWhereDriversDoNotWait) {
  for (const bool waits : {true, false}) {
    RouteProblem problem = OneCar(11, {PhysicianAt(0), PhysicianAt(6)});
    problem.driver_waits = waits;
    problem.cost_per_drive_minute = 1;
    problem.stops = {StopAt(5, 2, 1000), StopAt(8, 2, 1000)};
    Schedule schedule(&problem);
    // With another: he need not be brought home before, though somebody must.
    schedule.Set({{{{0, 0}, {1, 1}}}});
    EXPECT_DOUBLE_EQ(schedule.states(0)[1].arrive, 5);
    EXPECT_DOUBLE_EQ(schedule.states(0)[2].arrive,
                     waits ? 5 + 20 + 5 + 6 + 2 : 5 + 1 + 2);
    const double drive = 5 + 5 + (waits ? 6 : 1) + 2;
    EXPECT_DOUBLE_EQ(schedule.cost(), drive + 5 + schedule.states(0)[2].arrive);
    // With the same one: when he is done.
    schedule.Set({{{{0, 0}, {1, 0}}}});
    EXPECT_DOUBLE_EQ(schedule.states(0)[2].arrive, 5 + 20 + 3);
    // His own car stays with him.
    problem.wheels[0].owner = 0;
    Schedule own(&problem);
    own.Set({{{{0, 0}, {1, 0}}}});
    EXPECT_DOUBLE_EQ(own.states(0)[2].arrive, 5 + 20 + 3);
  }
}

// None of them longer than over a third place.
std::shared_ptr<const TravelMatrix> QuickestWays(TravelMatrix travel) {
  for (int over = 0; over < travel.places(); ++over) {
    for (int i = 0; i < travel.places(); ++i) {
      for (int j = 0; j < travel.places(); ++j) {
        travel.at(i, j) =
            std::min(travel.at(i, j), travel.at(i, over) + travel.at(over, j));
      }
    }
  }
  return std::make_shared<const TravelMatrix>(std::move(travel));
}

TEST(Schedule, FindsTheCheapestSlotWhicheverCarIsTriedFirst) {
  Random random(7);
  int found = 0;
  for (int round = 0; round < 30; ++round) {
    RouteProblem problem = RandomProblem(random, 12, 4, 6);
    problem.travel = QuickestWays(*problem.travel);
    problem.driver_waits = round % 2 == 0;
    const RoutePlan plan = SearchRoutes(problem, {}, {.max_steps = 2'000}).plan;
    for (int stop = 0; stop < 12; ++stop) {
      Schedule schedule(&problem);
      schedule.Set(plan);
      schedule.Remove(stop);
      const RouteStop& wanted = problem.stops[stop];
      const RoutePlan rest = schedule.Plan();
      const double before = CostOf(problem, rest);
      const Schedule::Slot slot = schedule.Best(wanted);
      for (int first = 0; first < 4; ++first) {
        EXPECT_DOUBLE_EQ(schedule.Best(wanted, 0, first).cost, slot.cost);
      }
      // Nothing is cheaper with whoever is in the car then or comes next.
      for (int w = 0; w < static_cast<int>(rest.size()); ++w) {
        for (size_t i = 0; i <= rest[w].legs.size(); ++i) {
          std::vector<int> with = {schedule.states(w)[i].physician};
          if (i < rest[w].legs.size()) {
            with.push_back(rest[w].legs[i].physician);
          }
          for (const int physician : with) {
            if (physician == kNone) continue;
            RoutePlan more = rest;
            more[w].legs.insert(more[w].legs.begin() + i, {stop, physician});
            const double cost = CostOf(problem, more);
            if (cost < kNever) {
              EXPECT_LE(slot.cost, cost - before + wanted.unserved_cost + 1e-6);
            }
          }
        }
      }
      if (!slot.found()) continue;
      ++found;
      schedule.Insert(slot, stop);
      EXPECT_NEAR(CostOf(problem, schedule.Plan()),
                  before - wanted.unserved_cost + slot.cost, 1e-6);
    }
  }
  EXPECT_GT(found, 100);
}

TEST(Schedule, DoesNotChargeAWayThatTheCarDrivesAnyway) {
  RouteProblem problem;
  problem.travel = Line(21);
  problem.cost_per_drive_minute = 1.5;
  problem.wheels.resize(2);
  problem.wheels[0].aboard = 0;
  problem.wheels[1].place = 4;
  problem.wheels[1].aboard = 1;
  problem.physicians = {PhysicianAt(0), PhysicianAt(4)};
  for (RoutePhysician& each : problem.physicians) each.can_be_fetched = false;
  // Two hours from now somebody is to be there anyway.
  problem.stops = {StopAt(20, 2, 1000)};
  problem.stops[0].ready_minutes = 120;
  problem.stops[0].clocks.front().ready_minutes = 120;
  Schedule schedule(&problem);
  schedule.Set({{{{0, 0}}}, {}});
  const RouteStop stop = StopAt(20, 2, 1000);
  for (const int first : {kNone, 0, 1}) {
    const Schedule::Slot slot = schedule.Best(stop, 0, first);
    EXPECT_EQ(slot.wheels, 0);
    EXPECT_EQ(slot.cost, 20);
  }
}

TEST(Schedule, FetchesAnotherWhereTheOneAboardEndsBeforeItIsKnown) {
  RouteProblem problem = OneCar(11, {PhysicianAt(0), PhysicianAt(1)});
  problem.physicians[0].end_minutes = 60;
  const Schedule schedule(&problem);
  const RouteStop stop = StopAt(5, 2, 1000);
  EXPECT_EQ(schedule.Best(stop, 0).physician, 0);
  EXPECT_EQ(schedule.Best(stop, 50).physician, 1);
}

TEST(Schedule, FetchesAnotherWhereTheOneAboardWouldHaveFarHome) {
  RouteProblem problem =
      OneCar(31, {PhysicianAt(0), PhysicianAt(30), PhysicianAt(30)});
  problem.cost_per_drive_minute = 1.5;
  problem.wheels[0].place = 10;
  problem.stops = {StopAt(30, 3, 1000)};
  Schedule schedule(&problem);
  schedule.Set({{{{0, 1}}}});
  RouteStop stop = StopAt(30, 3, 1000);
  stop.physician_costs = {0, kNever, -10};
  EXPECT_EQ(schedule.Best(stop).physician, 2);
}

TEST(Schedule, KeepsAHeldCarFreeForWhatComes) {
  RouteProblem problem = OneCar(11, {PhysicianAt(0)});
  problem.stops = {StopAt(5, 1, 1000)};
  Schedule schedule(&problem);
  schedule.Set({{{{0, 0}}}});
  schedule.SetHold(0, 10);
  EXPECT_DOUBLE_EQ(schedule.states(0)[1].arrive, 15);
  const RouteStop urgent = StopAt(0, 1, 0, 16);
  EXPECT_EQ(schedule.Best(urgent, 9).position, 0);
  EXPECT_EQ(schedule.Best(urgent, 11).position, 1);
}

}  // namespace
}  // namespace housecall::planner
