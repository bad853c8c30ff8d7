#include "dispatcher/planner/cost.h"

#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::planner {
namespace {

using core::CallState;
using core::Urgency;
using core::testing::BoardBuilder;
using core::testing::TestNow;

// A call that is due 30 minutes from now.
core::Call CallOf(Urgency urgency) {
  core::Call call;
  call.urgency = urgency;
  call.target_time = TestNow() + absl::Minutes(30);
  return call;
}

TEST(UrgencyWeight, FallsWithUrgency) {
  EXPECT_GT(UrgencyWeight(core::Policy(), Urgency::kUrgent),
            UrgencyWeight(core::Policy(), Urgency::kStandard));
  EXPECT_GT(UrgencyWeight(core::Policy(), Urgency::kStandard),
            UrgencyWeight(core::Policy(), Urgency::kRoutine));
  EXPECT_EQ(UrgencyWeight(core::Policy(), Urgency::kUnspecified),
            UrgencyWeight(core::Policy(), Urgency::kStandard));
}

TEST(UrgencyWeight, IsTheCenters) {
  core::Policy policy;
  policy.urgent_weight = 16;
  policy.standard_weight = 5;
  policy.routine_weight = 3;
  EXPECT_EQ(UrgencyWeight(policy, Urgency::kUrgent), 16);
  EXPECT_EQ(UrgencyWeight(policy, Urgency::kStandard), 5);
  EXPECT_EQ(UrgencyWeight(policy, Urgency::kRoutine), 3);
  EXPECT_EQ(
      ResponseCost(ClockOf(policy, CallOf(Urgency::kUrgent), TestNow()), 10),
      160);
}

TEST(DriveCost, CountsTheMinutesOnTheRoad) {
  core::Policy policy;
  EXPECT_EQ(DriveCost(policy, 10), 15);
  policy.drive_weight = 2;
  EXPECT_EQ(DriveCost(policy, 10), 20);
}

TEST(ResponseCost, WeighsMinutesFromNow) {
  struct Row {
    Urgency urgency;
    double arrive_minutes;
    double cost;
  };
  for (const Row& row : {
           Row{Urgency::kUrgent, 10, 40},
           {Urgency::kStandard, 10, 20},
           {Urgency::kRoutine, 10, 10},
           {Urgency::kRoutine, 0, 0},
       }) {
    EXPECT_EQ(
        ResponseCost(ClockOf(core::Policy(), CallOf(row.urgency), TestNow()),
                     row.arrive_minutes),
        row.cost);
  }
}

TEST(ResponseCost, CountsFromTheAgreedTime) {
  core::Call call = CallOf(Urgency::kRoutine);
  call.schedule = core::Window{TestNow() + absl::Minutes(20),
                               TestNow() + absl::Minutes(80)};
  const CallClock clock = ClockOf(core::Policy(), call, TestNow());
  EXPECT_EQ(ResponseCost(clock, 5), 0);
  EXPECT_EQ(ResponseCost(clock, 20), 0);
  EXPECT_EQ(ResponseCost(clock, 33), 13);
  // The window has begun.
  EXPECT_EQ(
      ResponseCost(ClockOf(core::Policy(), call, TestNow() + absl::Minutes(40)),
                   5),
      5);
}

TEST(ExpectedTardiness, BeginsBeforeTheTargetForWhatIsPlannedForLater) {
  // Anything from 20 to 26, from 25 to 32.5, from 30 to 39, from 40 to 52.
  EXPECT_EQ(ExpectedTardiness(20, 0, 30), 0);
  EXPECT_DOUBLE_EQ(ExpectedTardiness(25, 0, 30), 2.5 * 2.5 / 7.5 / 2);
  EXPECT_DOUBLE_EQ(ExpectedTardiness(30, 0, 30), 4.5);
  EXPECT_DOUBLE_EQ(ExpectedTardiness(40, 0, 30), 16);
  // What is at the door now is as late as it is.
  EXPECT_EQ(ExpectedTardiness(0, 0, -15), 15);
  // Nobody waits before the agreed time.
  EXPECT_EQ(ExpectedTardiness(20, 25, 22), 0);
  EXPECT_EQ(ExpectedTardiness(20, 25, 18), 2);
  EXPECT_DOUBLE_EQ(ExpectedTardiness(40, 20, 40), 3);
}

TEST(ExpectedTardiness, GrowsWithTheArrival) {
  for (const double due : {-10.0, 0.0, 15.0, 60.0}) {
    double before = 0;
    for (double arrive = 0; arrive < 200; arrive += 0.25) {
      const double late = ExpectedTardiness(arrive, 10, due);
      EXPECT_GE(late, before);
      EXPECT_GE(late, arrive - due);
      before = late;
    }
  }
}

TEST(TardinessCost, IsTheTardinessThatIsToBeExpected) {
  core::Policy policy;
  policy.tardiness_weight = 1.5;
  struct Row {
    Urgency urgency;
    double arrive_minutes;
    double cost;
  };
  for (const Row& row : {
           Row{Urgency::kUrgent, 23, 0},
           {Urgency::kUrgent, 30, 1.5 * 4 * 4.5},
           {Urgency::kUrgent, 40, 1.5 * 4 * 16},
           {Urgency::kStandard, 40, 1.5 * 2 * 16},
           {Urgency::kRoutine, 40, 1.5 * 16},
       }) {
    EXPECT_DOUBLE_EQ(
        TardinessCost(ClockOf(core::Policy(), CallOf(row.urgency), TestNow()),
                      policy, row.arrive_minutes),
        row.cost);
  }
  // Late already: every further minute counts.
  const CallClock late = ClockOf(core::Policy(), CallOf(Urgency::kRoutine),
                                 TestNow() + absl::Minutes(45));
  EXPECT_EQ(TardinessCost(late, policy, 0), 1.5 * 15);
  EXPECT_DOUBLE_EQ(TardinessCost(late, policy, 10), 1.5 * 26.5);
}

TEST(TardinessCost, IsNothingWithoutTarget) {
  core::Call call;
  call.urgency = Urgency::kUrgent;
  EXPECT_EQ(TardinessCost(ClockOf(core::Policy(), call, TestNow()),
                          core::Policy(), 1e6),
            0);
}

TEST(ContinuityCost, PrefersWhoKnowsThePatient) {
  core::Policy policy;
  policy.own_physician_bonus_minutes = 10;
  core::Patient patient;
  patient.primary_clinic = core::OrganizationId("clinic-sakura");
  patient.primary_physician = core::PersonId("dr-own");
  patient.seen_by = {core::PersonId("dr-before"), core::PersonId("dr-own")};
  struct Row {
    const char* physician;
    const char* employer;
    double cost;
  };
  for (const Row& row : {
           Row{"dr-own", "clinic-hino", -20},
           {"dr-before", "clinic-hino", -10},
           {"dr-new", "clinic-sakura", -10},
           {"dr-before", "clinic-sakura", -10},
           {"dr-new", "clinic-hino", 0},
           {"dr-new", "", 0},
       }) {
    EXPECT_EQ(ContinuityCost(policy, &patient, core::PersonId(row.physician),
                             core::OrganizationId(row.employer)),
              row.cost)
        << row.physician;
  }
  EXPECT_EQ(ContinuityCost(policy, nullptr, core::PersonId("dr-own"),
                           core::OrganizationId("clinic-sakura")),
            0);
}

TEST(ContinuityShare, IsLessTheMoreCallsWaitForEachCar) {
  struct Row {
    size_t waiting;
    size_t cars;
    double share;
  };
  for (const Row& row : {Row{0, 4, 1},
                         {1, 4, 1},
                         {2, 4, 0.875},
                         {5, 4, 0.5},
                         {9, 4, 0},
                         {400, 4, 0},
                         {1, 0, 1},
                         {2, 0, 0}}) {
    EXPECT_DOUBLE_EQ(ContinuityShare(row.waiting, row.cars), row.share)
        << row.waiting << " for " << row.cars;
  }
}

TEST(FairnessCost, GrowsWithTheVisitsOfTheDuty) {
  core::Policy policy;
  policy.fairness_minutes_per_visit = 3;
  EXPECT_EQ(FairnessCost(policy, 0), 0);
  EXPECT_EQ(FairnessCost(policy, 4), 12);
}

TEST(PlatformCost, IsForPlatformsThatAreNotThePatientsClinic) {
  core::Policy policy;
  policy.platform_penalty_minutes = 5;
  core::Organization platform;
  platform.id = core::OrganizationId("platform-yoru");
  platform.kind = core::OrganizationKind::kPlatform;
  core::Organization clinic;
  clinic.id = core::OrganizationId("clinic-hino");
  clinic.kind = core::OrganizationKind::kClinic;
  core::Patient patient;
  patient.primary_clinic = core::OrganizationId("clinic-sakura");
  EXPECT_EQ(PlatformCost(policy, &platform, &patient), 5);
  EXPECT_EQ(PlatformCost(policy, &platform, nullptr), 5);
  EXPECT_EQ(PlatformCost(policy, &clinic, &patient), 0);
  EXPECT_EQ(PlatformCost(policy, nullptr, &patient), 0);
  patient.primary_clinic = platform.id;
  EXPECT_EQ(PlatformCost(policy, &platform, &patient), 0);
}

TEST(Cost, AddsUpItsParts) {
  Cost cost{1, 2, -3, 4, 5, 6};
  cost += Cost{10, 20, 30, 40, 50, 60};
  EXPECT_EQ(cost.response, 11);
  EXPECT_EQ(cost.tardiness, 22);
  EXPECT_EQ(cost.continuity, 27);
  EXPECT_EQ(cost.fairness, 44);
  EXPECT_EQ(cost.platform, 55);
  EXPECT_EQ(cost.drive, 66);
  EXPECT_EQ(cost.total(), 225);
}

}  // namespace
}  // namespace housecall::planner
