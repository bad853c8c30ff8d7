#include "dispatcher/night/simulator.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/night/study.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::night {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr double kHour = 3600;

// Base (0), the doctor's home (1), then the calls' places; ten minutes expected
// between any two of them, twelve in truth.
Night NightWith(std::vector<Call> calls) {
  Night night;
  night.id = "night";
  night.horizon = 14 * kHour;
  night.seats = 3;
  night.targets = {{"A", 1800}, {"C", 7200}};
  night.weights = {{"A", 16}, {"C", 1}};
  Physician physician;
  physician.home = 1;
  physician.shift = {0, night.horizon};
  physician.skills = {"general"};
  night.physicians = {physician};
  Car car;
  car.shift = {0, night.horizon};
  night.cars = {car};
  const size_t nodes = calls.size() + 2;
  std::vector<std::vector<double>> expected(nodes,
                                            std::vector<double>(nodes, 600));
  std::vector<std::vector<double>> actual(nodes,
                                          std::vector<double>(nodes, 720));
  for (size_t i = 0; i < nodes; ++i) {
    night.nodes.push_back({static_cast<double>(i), 0});
    expected[i][i] = actual[i][i] = 0;
  }
  night.expected.Set(expected);
  night.actual.Set(actual);
  night.calls = std::move(calls);
  return night;
}

Call CallAt(int id, double time, const std::string& urgency) {
  Call call;
  call.id = id;
  call.node = id + 2;
  call.receive_time = time;
  call.urgency = urgency;
  call.skill = "general";
  call.expected_visit = 1500;
  call.actual_visit = 1800;
  return call;
}

MakePolicy Always(std::function<Orders(const Situation&)> policy) {
  return [policy](const Night*) -> absl::StatusOr<Policy> { return policy; };
}

TEST(Simulate, TakesAsLongAsItTakes) {
  const Night night = NightWith({CallAt(0, kHour, "A")});
  std::vector<double> free_times;
  const absl::StatusOr<NightResult> result = Simulate(
      night, Always([&](const Situation& situation) {
        Orders orders;
        if (situation.cars[0].current.has_value()) {
          free_times.push_back(situation.cars[0].free_time);
        } else if (!situation.calls.empty() && situation.cars[0].plan.empty()) {
          orders.plans[0] = {{Op::kPick, 0, -1, -1}, {Op::kVisit, 0, 0, -1}};
        }
        return orders;
      }));
  ASSERT_TRUE(result.ok()) << result.status();
  // Twelve minutes to the doctor, twelve to the patient.
  ASSERT_TRUE(result->calls[0].arrive.has_value());
  EXPECT_EQ(*result->calls[0].arrive, kHour + 1440);
  EXPECT_EQ(result->metrics.all.mean_response, 24);
  EXPECT_EQ(result->metrics.weighted_tardiness, 0);
  EXPECT_EQ(result->metrics.rejected, 0);
  EXPECT_EQ(result->metrics.unserved, 0);
  // A kilometre to the doctor, one to the patient, one home.
  EXPECT_EQ(result->metrics.km_per_call, 3);
  ASSERT_THAT(result->timeline, SizeIs(3));
  EXPECT_EQ(result->timeline[1].stop.op, Op::kVisit);
  EXPECT_EQ(result->timeline[1].end, kHour + 1440 + 1800);
  EXPECT_EQ(result->timeline[2].stop.op, Op::kHome);
}

TEST(Simulate, ShowsNothingBeforeItIsKnown) {
  const Night night =
      NightWith({CallAt(0, kHour, "C"), CallAt(1, 2 * kHour, "C")});
  const Night* known = nullptr;
  const absl::StatusOr<NightResult> result =
      Simulate(night, [&](const Night* known_night) -> absl::StatusOr<Policy> {
        known = known_night;
        EXPECT_THAT(known->nodes, SizeIs(2));
        EXPECT_THAT(known->calls, IsEmpty());
        return Policy([&](const Situation& situation) {
          const size_t come = situation.now < kHour       ? 0
                              : situation.now < 2 * kHour ? 1
                                                          : 2;
          EXPECT_THAT(situation.calls, SizeIs(come));
          EXPECT_THAT(known->nodes, SizeIs(2 + come));
          EXPECT_EQ(known->expected.nodes(), static_cast<int>(2 + come));
          return Orders();
        });
      });
  ASSERT_TRUE(result.ok());
  // Never served: until an hour after the night.
  EXPECT_EQ(result->metrics.unserved, 2);
  EXPECT_EQ(result->metrics.weighted_tardiness, (12 + 11) * 60 / 2.0);
  EXPECT_EQ(result->metrics.all.late_share, 1);
}

TEST(Simulate, RefusesWhatBreaksARule) {
  struct Row {
    const char* name;
    std::vector<Stop> plan;
    void (*change)(Night&);
  };
  const std::vector<Stop> fetch_and_see = {{Op::kPick, 0, -1, -1},
                                           {Op::kVisit, 0, 0, -1}};
  for (const Row& row : std::vector<Row>{
           {"nobody in the car", {{Op::kVisit, 0, 0, -1}}, [](Night&) {}},
           {"nobody to bring home", {{Op::kHome, 0, -1, -1}}, [](Night&) {}},
           {"skill", fetch_and_see,
            [](Night& night) { night.calls[0].skill = "pediatric"; }},
           {"doctor's shift", fetch_and_see,
            [](Night& night) { night.physicians[0].shift.end = 2 * kHour; }},
           {"car's shift", fetch_and_see,
            [](Night& night) { night.cars[0].shift.end = 2 * kHour; }},
       }) {
    Night night = NightWith({CallAt(0, 1.5 * kHour, "C")});
    row.change(night);
    bool ordered = false;
    const absl::StatusOr<NightResult> result =
        Simulate(night, Always([&](const Situation& situation) {
                   Orders orders;
                   if (!situation.calls.empty() && !ordered) {
                     ordered = true;
                     orders.plans[0] = row.plan;
                   }
                   return orders;
                 }));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->metrics.rejected, 1) << row.name;
    EXPECT_EQ(result->metrics.unserved, 1) << row.name;
  }
}

// A second physician at the first one's home.
Night WithTwoPhysicians(Night night) {
  night.physicians.push_back(night.physicians[0]);
  night.physicians[1].id = 1;
  return night;
}

TEST(Simulate, LetsADriverLeaveDuringTheVisit) {
  Night night = WithTwoPhysicians(
      NightWith({CallAt(0, kHour, "C"), CallAt(1, kHour + 60, "C")}));
  night.driver_waits = false;
  night.seats = 1;
  bool ordered = false;
  std::vector<PhysicianState> states;
  const absl::StatusOr<NightResult> result = Simulate(
      night, Always([&](const Situation& situation) {
        Orders orders;
        if (!ordered && situation.calls.size() == 2) {
          ordered = true;
          // Both to their patients; then the first one home, for whom the car
          // has to wait.
          orders.plans[0] = {{Op::kPick, 0, -1, -1}, {Op::kVisit, 0, 0, -1},
                             {Op::kPick, 1, -1, -1}, {Op::kVisit, 1, 1, -1},
                             {Op::kPick, 0, -1, -1}, {Op::kHome, 0, -1, -1}};
        }
        states.push_back(situation.physicians[0].state);
        return orders;
      }));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->metrics.rejected, 0);
  EXPECT_EQ(result->metrics.unserved, 0);
  ASSERT_THAT(result->timeline, SizeIs(6));
  const TimelineEntry& visit = result->timeline[1];
  EXPECT_EQ(visit.stop.op, Op::kVisit);
  // The car is free when he is at the door, not when he is done.
  EXPECT_EQ(visit.end, visit.arrive);
  EXPECT_EQ(result->timeline[2].begin, visit.arrive);
  // Nobody boards before his visit of half an hour is over.
  EXPECT_GE(result->timeline[4].end, visit.arrive + 1800);
  EXPECT_EQ(result->timeline[5].stop.op, Op::kHome);
  EXPECT_THAT(states, ::testing::Contains(PhysicianState::kServing));
}

TEST(Simulate, GivesASecondPhysicianASeatOnlyWhereTheDriverDoesNotWait) {
  for (const bool waits : {true, false}) {
    Night night = WithTwoPhysicians(NightWith({CallAt(0, kHour, "C")}));
    night.driver_waits = waits;
    night.seats = 2;
    bool ordered = false;
    const absl::StatusOr<NightResult> result = Simulate(
        night, Always([&](const Situation& situation) {
          Orders orders;
          if (!ordered && !situation.calls.empty()) {
            ordered = true;
            orders.plans[0] = {{Op::kPick, 0, -1, -1}, {Op::kPick, 1, -1, -1}};
          }
          return orders;
        }));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->metrics.rejected, waits ? 1 : 0);
  }
}

// --- The planner at the head ------------------------------------------------

Night BusyNight() {
  std::vector<Call> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(CallAt(i, kHour + i * 1500, i % 5 == 0 ? "A" : "C"));
  }
  return NightWith(calls);
}

TEST(RunNight, ServesEveryCallAndBreaksNoRule) {
  const absl::StatusOr<NightResult> result =
      RunNight(BusyNight(), DispatcherOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->metrics.rejected, 0);
  EXPECT_EQ(result->metrics.unserved, 0);
  EXPECT_EQ(result->metrics.changes_per_call, 0);
}

TEST(RunNight, IsAtThePatientsEarlierWhereDriversDoNotWait) {
  Night night = WithTwoPhysicians(BusyNight());
  const absl::StatusOr<NightResult> waiting =
      RunNight(night, DispatcherOptions());
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  night.driver_waits = false;
  const absl::StatusOr<NightResult> leaving =
      RunNight(night, DispatcherOptions());
  ASSERT_TRUE(leaving.ok()) << leaving.status();
  EXPECT_EQ(leaving->metrics.rejected, 0);
  EXPECT_EQ(leaving->metrics.unserved, 0);
  EXPECT_LT(leaving->metrics.all.mean_response,
            waiting->metrics.all.mean_response);
}

TEST(RunNight, AsksCrewsWhereTheyAnswer) {
  const Night night = WithTwoPhysicians(WithCars(BusyNight(), 1));
  DispatcherOptions options;
  const absl::StatusOr<NightResult> at_once = RunNight(night, options);
  ASSERT_TRUE(at_once.ok());
  options.crews.on = true;
  options.crews.decline_share = options.crews.silent_share = 0;
  const absl::StatusOr<NightResult> asked = RunNight(night, options);
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->metrics.rejected, 0);
  EXPECT_EQ(asked->metrics.unserved, 0);
  EXPECT_EQ(asked->metrics.changes_per_call, 0);
  EXPECT_GT(asked->metrics.all.mean_response,
            at_once->metrics.all.mean_response + 1);
  // Each call's crew was told of, after it had accepted.
  EXPECT_GE(asked->metrics.promises_with_crew.told, 12);
  EXPECT_EQ(TimelineText(night, *RunNight(night, options)),
            TimelineText(night, *asked));
  options.plan.forecast.seed = 2;
  EXPECT_NE(TimelineText(night, *RunNight(night, options)),
            TimelineText(night, *asked));
}

TEST(RunNight, AsksNobodyTwiceWhoDeclinedOrDidNotAnswer) {
  for (const bool silent : {true, false}) {
    DispatcherOptions options;
    options.crews.on = true;
    (silent ? options.crews.silent_share : options.crews.decline_share) = 1;
    const absl::StatusOr<NightResult> result =
        RunNight(WithTwoPhysicians(BusyNight()), options);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->metrics.unserved, 12);
    EXPECT_EQ(result->metrics.rejected, 0);
    EXPECT_EQ(result->metrics.promises_with_crew.told, 0);
  }
}

TEST(RunNight, AsksCrewsAlsoWhereDriversLeave) {
  Night night = WithTwoPhysicians(WithCars(BusyNight(), 1));
  night.driver_waits = false;
  DispatcherOptions options;
  options.crews.on = true;
  const absl::StatusOr<NightResult> result = RunNight(night, options);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->metrics.rejected, 0);
  // Both may have declined the same call.
  EXPECT_LE(result->metrics.unserved, 1);
}

// A routine call, and before its crew can have set out an urgent one.
TEST(RunNight, SendsACrewElsewhereThatHasNotSetOut) {
  const Night night =
      NightWith({CallAt(0, kHour, "C"), CallAt(1, kHour + 5, "A")});
  DispatcherOptions options;
  options.crews = {.on = true, .decline_share = 0, .silent_share = 0};
  const absl::StatusOr<NightResult> changed = RunNight(night, options);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->metrics.unserved, 0);
  EXPECT_EQ(changed->metrics.rejected, 0);
  EXPECT_LT(*changed->calls[1].arrive, *changed->calls[0].arrive);
  EXPECT_EQ(changed->metrics.changes_per_call, 0.5);
  // Who was told a time is told another one.
  EXPECT_GE(changed->metrics.promises.told, 3);

  options.policy.change_minutes = 1e6;
  const absl::StatusOr<NightResult> as_told = RunNight(night, options);
  ASSERT_TRUE(as_told.ok()) << as_told.status();
  EXPECT_LT(*as_told->calls[0].arrive, *as_told->calls[1].arrive);
  EXPECT_EQ(as_told->metrics.changes_per_call, 0);
}

// Crews that obey at once have set out.
TEST(RunNight, TurnsNobodyRound) {
  const absl::StatusOr<NightResult> result =
      RunNight(NightWith({CallAt(0, kHour, "C"), CallAt(1, kHour + 5, "A")}),
               DispatcherOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_LT(*result->calls[0].arrive, *result->calls[1].arrive);
  EXPECT_EQ(result->metrics.changes_per_call, 0);
}

// A physician with a car of his own, no driver.
Night NightWithOwnCar() {
  Night night = BusyNight();
  night.cars[0].base = night.physicians[0].home;
  night.cars[0].owner = 0;
  return night;
}

TEST(RunNight, LetsAPhysicianDriveHimself) {
  for (const bool driver_waits : {true, false}) {
    Night night = NightWithOwnCar();
    night.driver_waits = driver_waits;
    const absl::StatusOr<NightResult> result =
        RunNight(night, DispatcherOptions());
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->metrics.rejected, 0);
    EXPECT_EQ(result->metrics.unserved, 0);
    // He is where his car is: to the first patient it is one way.
    EXPECT_EQ(*result->calls[0].arrive, kHour + 720);
    // And in the end both are at home.
    EXPECT_EQ(result->timeline.back().stop.op, Op::kHome);
  }
}

TEST(RunNight, HasDriversAndPhysiciansWhoDriveThemselves) {
  Night night = WithTwoPhysicians(NightWithOwnCar());
  night.physicians[1].home = 0;
  Car car;
  car.id = 1;
  car.shift = {0, night.horizon};
  night.cars.push_back(car);
  for (Call& call : night.calls) call.own_physician = 1;
  const absl::StatusOr<NightResult> both = RunNight(night, DispatcherOptions());
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->metrics.rejected, 0);
  EXPECT_EQ(both->metrics.unserved, 0);
  night.cars.erase(night.cars.begin());
  const absl::StatusOr<NightResult> one = RunNight(night, DispatcherOptions());
  ASSERT_TRUE(one.ok());
  EXPECT_LT(both->metrics.all.mean_response, one->metrics.all.mean_response);
  // Nobody but its owner was ever in the own car.
  for (const CallOutcome& call : both->calls) {
    if (call.car == 0) {
      EXPECT_EQ(call.physician, 0);
    }
  }
}

TEST(Simulate, LetsNobodyElseHaveAPhysiciansOwnCar) {
  struct Row {
    const char* name;
    std::vector<Stop> plan;
  };
  for (const Row& row : std::vector<Row>{
           {"another physician", {{Op::kPick, 1, -1, -1}}},
           {"without him", {{Op::kGoto, -1, -1, 3}}},
       }) {
    const Night night = WithTwoPhysicians(NightWithOwnCar());
    bool ordered = false;
    const absl::StatusOr<NightResult> result =
        Simulate(night, Always([&](const Situation&) {
                   Orders orders;
                   if (!ordered) orders.plans[0] = row.plan;
                   ordered = true;
                   return orders;
                 }));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->metrics.rejected, 1) << row.name;
    EXPECT_THAT(result->timeline, IsEmpty()) << row.name;
  }
}

TEST(RunNight, KnowsFromTheStartWhereItsPeopleAre) {
  // A call from the base itself: its node is the first.
  Night night = BusyNight();
  night.calls[3].node = 0;
  const absl::StatusOr<NightResult> result =
      RunNight(night, DispatcherOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->metrics.rejected, 0);
  EXPECT_EQ(result->metrics.unserved, 0);
}

TEST(RunNight, IsTheSameEachTime) {
  const absl::StatusOr<NightResult> once =
      RunNight(BusyNight(), DispatcherOptions());
  const absl::StatusOr<NightResult> twice =
      RunNight(BusyNight(), DispatcherOptions());
  ASSERT_TRUE(once.ok());
  EXPECT_EQ(TimelineText(BusyNight(), *once),
            TimelineText(BusyNight(), *twice));
}

// --- What if ----------------------------------------------------------------

TEST(Study, AddsACarWhereMostCarsAreAndAPhysicianWhoCanDoMost) {
  Night night = WithTwoPhysicians(BusyNight());
  night.physicians[1].skills = {"general", "pediatric"};
  night.physicians[1].home = 4;
  night.physicians[1].shift = {kHour, 2 * kHour};
  night.cars[0].base = 3;
  night.cars.push_back(night.cars[0]);
  night.cars[1].id = 9;
  night.cars[1].base = 0;
  night.cars.push_back(night.cars[1]);
  night.cars[2].id = 7;
  night.cars[2].shift = {0, kHour};
  // Physicians' own cars are no base.
  for (int i = 0; i < 3; ++i) {
    night.cars.push_back({20 + i, 5, {0, kHour}, 1});
  }
  const Night with_car = WithCars(night, 1);
  ASSERT_THAT(with_car.cars, SizeIs(7));
  EXPECT_EQ(with_car.cars[6].id, 23);
  EXPECT_EQ(with_car.cars[6].base, 0);
  EXPECT_EQ(with_car.cars[6].shift.end, night.horizon);
  EXPECT_EQ(with_car.cars[6].owner, std::nullopt);
  const Night with_physician = WithPhysicians(night, 1);
  ASSERT_THAT(with_physician.physicians, SizeIs(3));
  EXPECT_THAT(with_physician.physicians[2].skills,
              ElementsAre("general", "pediatric"));
  EXPECT_EQ(with_physician.physicians[2].home, 4);
  EXPECT_EQ(with_physician.physicians[2].shift.end, night.horizon);
  EXPECT_EQ(with_physician.physicians[2].id, 2);
}

TEST(Study, DropsTheCarThatIsThereForTheShortestTime) {
  Night night = WithCars(BusyNight(), 2);
  night.cars[1].shift = {0, 3 * kHour};
  night.cars.push_back({30, 1, {0, kHour}, 0});
  const Night changed = WithCars(night, -1);
  ASSERT_THAT(changed.cars, SizeIs(3));
  EXPECT_EQ(changed.cars[0].id, 0);
  EXPECT_EQ(changed.cars[1].id, 2);
  EXPECT_EQ(changed.cars[2].id, 30);
  // A physician's own car is none of the center's.
  EXPECT_THAT(WithCars(night, -9).cars, SizeIs(1));
}

TEST(Study, DropsThePhysicianWhoIsMissedLeast) {
  Night night = WithTwoPhysicians(WithTwoPhysicians(BusyNight()));
  night.physicians[2].id = 2;
  // The first is alone with a skill that a call needs; the third is there as
  // long as the second but has fewer patients of his own.
  night.physicians[0].skills = {"general", "pediatric"};
  night.physicians[0].shift = {0, 2 * kHour};
  night.calls[0].skill = "pediatric";
  night.calls[1].own_physician = 1;
  night.calls[2].own_physician = 1;
  night.calls[3].own_physician = 2;
  night.cars.push_back({8, 1, {0, kHour}, 2});
  night.cars.push_back({9, 1, {0, kHour}, 1});
  const Night two = WithPhysicians(night, -1);
  ASSERT_THAT(two.physicians, SizeIs(2));
  EXPECT_EQ(two.physicians[0].id, 0);
  EXPECT_EQ(two.physicians[1].id, 1);
  EXPECT_EQ(two.calls[1].own_physician, 1);
  EXPECT_EQ(two.calls[3].own_physician, std::nullopt);
  // His own car goes with him.
  ASSERT_THAT(two.cars, SizeIs(2));
  EXPECT_EQ(two.cars[1].id, 9);
  EXPECT_EQ(two.cars[1].owner, 1);
  // Who is left keeps what is his.
  const std::vector<Variant> variants =
      RotaVariants({night}, {}, {{}, {-1}, {}});
  ASSERT_THAT(variants, SizeIs(2));
  EXPECT_EQ(variants[1].name, "one physician fewer (doctor 2)");
  night.physicians[0].shift = {0, night.horizon};
  night.calls[1].own_physician = 0;
  night.calls[2].own_physician = 2;
  night.calls[4].own_physician = 2;
  night.calls[5].own_physician = 2;
  const Night renumbered = WithPhysicians(night, -1);
  EXPECT_EQ(renumbered.physicians[1].id, 2);
  EXPECT_EQ(renumbered.calls[2].own_physician, 1);
  EXPECT_EQ(renumbered.cars[1].owner, 1);
  EXPECT_THAT(WithPhysicians(night, -5).physicians, IsEmpty());
}

TEST(Study, ChangesTheLoad) {
  const Night night = BusyNight();
  const Night more = WithCalls(night, 1.5);
  EXPECT_THAT(more.calls, SizeIs(18));
  EXPECT_EQ(more.calls.back().id, 17);
  // From a place that is known by then.
  EXPECT_EQ(more.calls.back().node, night.calls.back().node);
  EXPECT_GE(more.calls.back().receive_time, night.calls.back().receive_time);
  EXPECT_THAT(WithCalls(night, 2).calls, SizeIs(24));
  EXPECT_THAT(WithCalls(night, 1).calls, SizeIs(12));
  EXPECT_THAT(WithCalls(night, 0.75).calls, SizeIs(9));
  EXPECT_THAT(WithCalls(night, 0).calls, IsEmpty());
  const absl::StatusOr<NightResult> nothing =
      RunNight(WithCalls(night, 0), DispatcherOptions());
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->metrics.all.calls, 0);
}

TEST(Study, ShowsThatACarMoreHelps) {
  const Night night = WithTwoPhysicians(BusyNight());
  std::vector<double> told;
  const absl::StatusOr<std::vector<StudyRow>> rows = RunStudy(
      {night}, RotaVariants({night}, {}), [&](double done, size_t all) {
        EXPECT_EQ(all, 6);
        told.push_back(done);
      });
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(6));
  // Also while a night is under way, and never backwards.
  EXPECT_EQ(told.back(), 6);
  EXPECT_GT(told.size(), 60);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ((*rows)[1].name, "one car more");
  EXPECT_LT((*rows)[1].mean_response, (*rows)[0].mean_response);
  EXPECT_EQ((*rows)[2].name, "one car fewer (car 0)");
  EXPECT_EQ((*rows)[2].unserved, 12);
  EXPECT_EQ((*rows)[5].name, "30 % more calls");
  EXPECT_THAT(StudyTable(*rows), HasSubstr("\none car more"));
  const std::string page = StudyHtml("<What if>", *rows);
  EXPECT_THAT(page, HasSubstr("&lt;What if&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<What")));
  EXPECT_THAT(page, HasSubstr(">one car more</text>"));
}

TEST(Study, ShowsWhatRotasAreJudgedBy) {
  StudyRow row;
  row.name = "night";
  row.overtime_minutes = 12.5;
  row.burden_spread = 0.375;
  const std::string table = StudyTable({row});
  EXPECT_THAT(table, HasSubstr("overtime"));
  EXPECT_THAT(table, HasSubstr(" 12.5 "));
  EXPECT_THAT(table, HasSubstr("burden spread"));
  EXPECT_THAT(table, HasSubstr(" 0.38 "));
  // No call had an own doctor on duty, nobody was promised anything.
  EXPECT_THAT(table, HasSubstr(" - "));
  const std::string page = StudyHtml("x", {row});
  EXPECT_THAT(page, HasSubstr("<h2>overtime (min/night) "
                              "<small>lower is better</small></h2>"));
  EXPECT_THAT(page, HasSubstr("<h2>own doctor (%) "
                              "<small>higher is better</small></h2>"));
}

TEST(Study, ComparesOtherPolicies) {
  const std::vector<Variant> variants = PolicyVariants({});
  ASSERT_THAT(variants, SizeIs(3));
  EXPECT_TRUE(variants[0].settings.Alone()->plan.forecast.on);
  EXPECT_GT(variants[0].settings.Alone()->plan.max_steps, 0);
  EXPECT_FALSE(variants[1].settings.Alone()->plan.forecast.on);
  EXPECT_EQ(variants[2].settings.Alone()->plan.max_steps, 0);
}

}  // namespace
}  // namespace housecall::night
