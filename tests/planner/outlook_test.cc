#include "dispatcher/planner/outlook.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kUrgentRate = 4;

// Places on a road, ten minutes apart.
constexpr int kPlaces = 6;
std::shared_ptr<const TravelMatrix> Road() {
  auto travel = std::make_shared<TravelMatrix>(kPlaces);
  for (int i = 0; i < kPlaces; ++i) {
    for (int j = 0; j < kPlaces; ++j) travel->at(i, j) = 10 * std::abs(i - j);
  }
  return travel;
}

RouteStop StopAt(int place, double rate, double due_minutes,
                 double late_rate = 0) {
  RouteStop stop;
  stop.place = place;
  stop.visit_minutes = 30;
  WaitClock clock;
  clock.due_minutes = due_minutes;
  clock.response_rate = rate;
  clock.tardiness_rate = late_rate;
  stop.clocks = {clock};
  stop.unserved_cost = 1e5;
  return stop;
}

// One car for each place given, with a physician aboard.
RouteProblem CrewsAt(const std::vector<int>& places) {
  RouteProblem problem;
  problem.travel = Road();
  problem.cost_per_drive_minute = 0.5;
  for (int place : places) {
    RouteWheels wheels;
    wheels.place = place;
    wheels.aboard = static_cast<int>(problem.physicians.size());
    problem.wheels.push_back(wheels);
    RoutePhysician physician;
    physician.place = place;
    physician.home = place;
    physician.can_be_fetched = false;
    problem.physicians.push_back(physician);
  }
  return problem;
}

void AddStop(RouteProblem* problem, RouteStop stop) {
  stop.physician_costs.assign(problem->physicians.size(), 0);
  problem->stops.push_back(std::move(stop));
}

ExpectedCall UrgentAt(const RouteProblem& problem, int place,
                      double known_minutes) {
  ExpectedCall call;
  call.known_minutes = known_minutes;
  call.stop = StopAt(place, kUrgentRate, known_minutes + 15, 40);
  call.stop.clocks.front().ready_minutes = known_minutes;
  call.stop.physician_costs.assign(problem.physicians.size(), 0);
  return call;
}

std::vector<Scenario> Always(const ExpectedCall& call, int count) {
  return std::vector<Scenario>(count, Scenario{call});
}

RoutePlan NoLegs(const RouteProblem& problem) {
  return RoutePlan(problem.wheels.size());
}

OutlookOptions AnyPlace() {
  OutlookOptions options;
  for (int place = 0; place < kPlaces; ++place) {
    options.places.push_back(place);
  }
  return options;
}

TEST(ExpectedCost, IsThePlansWhereNothingIsExpected) {
  RouteProblem problem = CrewsAt({0});
  AddStop(&problem, StopAt(2, 1, 100));
  Schedule schedule(&problem);
  schedule.Set({Route{{{0, 0}}}});
  int64_t steps = 0;
  EXPECT_EQ(ExpectedCost(schedule, {}, &steps), schedule.cost());
  EXPECT_EQ(ExpectedCost(schedule, std::vector<Scenario>(3), &steps),
            schedule.cost());
}

TEST(ExpectedCost, PutsCallsInWhenTheyBecomeKnown) {
  RouteProblem problem = CrewsAt({0});
  AddStop(&problem, StopAt(0, 1, 100));
  Schedule schedule(&problem);
  schedule.Set({Route{{{0, 0}}}});
  int64_t steps = 0;
  // Known at 5, while the car is on a visit until 30: at the door, which is at
  // the same place, 10 minutes late at the least.
  const double cost = ExpectedCost(
      schedule, {Scenario{UrgentAt(problem, 0, 5)}, Scenario{}}, &steps);
  EXPECT_DOUBLE_EQ(
      cost, schedule.cost() +
                (25 * kUrgentRate + 40 * ExpectedTardiness(30, 5, 20)) / 2.0);
  EXPECT_GT(steps, 0);
}

TEST(LookAhead, SendsAnIdleCarToWhereCallsComeFrom) {
  const RouteProblem problem = CrewsAt({0});
  const Outlook outlook =
      LookAhead(problem, NoLegs(problem), Always(UrgentAt(problem, 4, 60), 20),
                AnyPlace());
  EXPECT_THAT(outlook.standbys, ElementsAre(Standby{0, kNone, 4}));
  EXPECT_LT(outlook.cost, outlook.cost_before);
}

TEST(LookAhead, FetchesAPhysicianBeforeHeIsNeeded) {
  RouteProblem problem = CrewsAt({0});
  problem.wheels[0].aboard = kNone;
  problem.physicians[0].can_be_fetched = true;
  problem.physicians[0].place = 3;
  const Outlook outlook =
      LookAhead(problem, NoLegs(problem), Always(UrgentAt(problem, 4, 60), 20),
                AnyPlace());
  EXPECT_THAT(outlook.standbys, ElementsAre(Standby{0, 0, kNone}));
}

TEST(LookAhead, LeavesCarsWhereNothingIsExpected) {
  const RouteProblem problem = CrewsAt({0, 3});
  for (int scenarios : {0, 20}) {
    const Outlook outlook = LookAhead(
        problem, NoLegs(problem), std::vector<Scenario>(scenarios), AnyPlace());
    EXPECT_THAT(outlook.standbys, IsEmpty());
    EXPECT_EQ(outlook.cost, outlook.cost_before);
  }
}

TEST(LookAhead, HoldsACallThatCanWaitForOneThatCannot) {
  RouteProblem problem = CrewsAt({0});
  AddStop(&problem, StopAt(5, 0.1, 400));
  const RoutePlan plan = {Route{{{0, 0}}}};
  const std::vector<Scenario> scenarios = Always(UrgentAt(problem, 0, 15), 20);
  OutlookOptions options;
  EXPECT_EQ(LookAhead(problem, plan, scenarios, options).plan, plan);
  options.hold_minutes = {10, 20};
  const Outlook outlook = LookAhead(problem, plan, scenarios, options);
  EXPECT_EQ(outlook.plan[0].hold_minutes, 20);
  // Nobody waits for a call that has no reason to come.
  EXPECT_EQ(LookAhead(problem, plan, std::vector<Scenario>(20), options).plan,
            plan);
}

TEST(LookAhead, GivesACallToAnotherSoThatSomebodyIsNear) {
  RouteProblem problem = CrewsAt({0, 2});
  AddStop(&problem, StopAt(1, 0.1, 400));
  // Both are as near; an urgent call is to come beyond the second.
  const RoutePlan plan = {Route{}, Route{{{0, 1}}}};
  const Outlook outlook = LookAhead(
      problem, plan, Always(UrgentAt(problem, 3, 5), 20), OutlookOptions());
  EXPECT_THAT(outlook.plan, ElementsAre(Route{{{0, 0}}}, Route{}));
}

TEST(LookAhead, DoesNotTrustThreeNightsInAHundred) {
  const RouteProblem problem = CrewsAt({0});
  std::vector<Scenario> scenarios(100);
  for (int night : {3, 30, 57}) {
    scenarios[night] = {UrgentAt(problem, 5, 60)};
  }
  EXPECT_THAT(
      LookAhead(problem, NoLegs(problem), scenarios, AnyPlace()).standbys,
      IsEmpty());
  // On average it would pay.
  OutlookOptions trusting = AnyPlace();
  trusting.surely = 0;
  EXPECT_FALSE(LookAhead(problem, NoLegs(problem), scenarios, trusting)
                   .standbys.empty());
}

TEST(LookAhead, IsTheSameTwiceAndEndsWhenItIsOver) {
  RouteProblem problem = CrewsAt({0, 2, 5});
  AddStop(&problem, StopAt(1, 1, 60, 1));
  const RoutePlan plan = {Route{{{0, 0}}}, Route{}, Route{}};
  std::vector<Scenario> scenarios;
  for (int i = 0; i < 40; ++i) {
    scenarios.push_back({UrgentAt(problem, i % kPlaces, i)});
  }
  OutlookOptions options = AnyPlace();
  options.hold_minutes = {10};
  const Outlook first = LookAhead(problem, plan, scenarios, options);
  const Outlook second = LookAhead(problem, plan, scenarios, options);
  EXPECT_EQ(first.plan, second.plan);
  EXPECT_EQ(first.standbys, second.standbys);
  EXPECT_EQ(first.cost, second.cost);
  options.is_over = [] { return true; };
  const Outlook cut = LookAhead(problem, plan, scenarios, options);
  EXPECT_EQ(cut.plan, plan);
  EXPECT_THAT(cut.standbys, IsEmpty());
}

}  // namespace
}  // namespace housecall::planner
