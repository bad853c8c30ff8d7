#include "dispatcher/night/simulator.h"

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
  const absl::StatusOr<NightResult> result = RunNight(BusyNight(), {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->metrics.rejected, 0);
  EXPECT_EQ(result->metrics.unserved, 0);
  EXPECT_EQ(result->metrics.changes_per_call, 0);
}

TEST(RunNight, IsAtThePatientsEarlierWhereDriversDoNotWait) {
  Night night = WithTwoPhysicians(BusyNight());
  const absl::StatusOr<NightResult> waiting = RunNight(night, {});
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  night.driver_waits = false;
  const absl::StatusOr<NightResult> leaving = RunNight(night, {});
  ASSERT_TRUE(leaving.ok()) << leaving.status();
  EXPECT_EQ(leaving->metrics.rejected, 0);
  EXPECT_EQ(leaving->metrics.unserved, 0);
  EXPECT_LT(leaving->metrics.all.mean_response,
            waiting->metrics.all.mean_response);
}

TEST(RunNight, IsTheSameEachTime) {
  const absl::StatusOr<NightResult> once = RunNight(BusyNight(), {});
  const absl::StatusOr<NightResult> twice = RunNight(BusyNight(), {});
  ASSERT_TRUE(once.ok());
  EXPECT_EQ(TimelineText(BusyNight(), *once),
            TimelineText(BusyNight(), *twice));
}

// --- What if ----------------------------------------------------------------

TEST(Study, ChangesRotaAndLoad) {
  Night night = BusyNight();
  night.calls[0].own_physician = 0;
  EXPECT_THAT(WithCars(night, 2).cars, SizeIs(3));
  EXPECT_EQ(WithCars(night, 2).cars[2].id, 2);
  EXPECT_THAT(WithCars(night, -3).cars, IsEmpty());
  EXPECT_EQ(WithPhysicians(night, 1).calls[0].own_physician, 0);
  EXPECT_EQ(WithPhysicians(night, -1).calls[0].own_physician, std::nullopt);
  const Night more = WithCalls(night, 0.5);
  EXPECT_THAT(more.calls, SizeIs(18));
  EXPECT_EQ(more.calls.back().id, 17);
  // From a place that is known by then.
  EXPECT_EQ(more.calls.back().node, night.calls.back().node);
  EXPECT_GE(more.calls.back().receive_time, night.calls.back().receive_time);
}

TEST(Study, ShowsThatACarMoreHelps) {
  Night night = BusyNight();
  night.physicians.push_back(night.physicians[0]);
  night.physicians[1].id = 1;
  size_t told = 0;
  const absl::StatusOr<std::vector<StudyRow>> rows = RunStudy(
      {night}, RotaVariants({}), [&](size_t done, size_t) { told = done; });
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(6));
  EXPECT_EQ(told, 6);
  EXPECT_EQ((*rows)[1].name, "one car more");
  EXPECT_LT((*rows)[1].mean_response, (*rows)[0].mean_response);
  EXPECT_EQ((*rows)[2].unserved, 12);
  EXPECT_THAT(StudyTable(*rows), HasSubstr("\none car more"));
  const std::string page = StudyHtml("<What if>", *rows);
  EXPECT_THAT(page, HasSubstr("&lt;What if&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<What")));
  EXPECT_THAT(page, HasSubstr(">one car more</text>"));
}

}  // namespace
}  // namespace housecall::night
