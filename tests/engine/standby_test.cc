#include "dispatcher/engine/standby.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::engine {
namespace {

using core::PersonId;
using core::testing::BoardBuilder;
using core::testing::TestNow;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two free crews.
BoardBuilder TwoCrews() {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {})
      .AddPhysician("dr-kato", {})
      .AddDriver("driver-abe", "car-1", {})
      .AddDriver("driver-ono", "car-2", {});
  return builder;
}

planner::PlanResult Fetch(const std::string& driver,
                          const std::string& physician) {
  planner::PlanResult plan;
  plan.standbys = {{PersonId(driver), PersonId(physician), std::nullopt}};
  plan.expected_calls = 4;
  plan.expected_urgent_calls = 0.8;
  return plan;
}

void Told(BoardBuilder& builder, const std::string& driver,
          const std::string& physician, absl::Duration ago) {
  builder.Change<core::Duty>(driver, [&](core::Duty& duty) {
    duty.standby = core::Standby();
    duty.standby->physician = PersonId(physician);
    duty.standby->tell_time = TestNow() - ago;
  });
}

TEST(AdviceOf, SaysWhomToFetchAndWhy) {
  const BoardBuilder builder = TwoCrews();
  const core::AdviseStandby advice =
      AdviceOf(builder.board(), Fetch("driver-abe", "dr-sato"), TestNow());
  ASSERT_THAT(advice.advice, SizeIs(1));
  EXPECT_EQ(advice.advice[0].driver, PersonId("driver-abe"));
  ASSERT_TRUE(advice.advice[0].standby.has_value());
  EXPECT_EQ(advice.advice[0].standby->physician, PersonId("dr-sato"));
  EXPECT_EQ(advice.advice[0].standby->expected_calls, 4);
  EXPECT_EQ(advice.advice[0].standby->expected_urgent_calls, 0.8);
}

TEST(AdviceOf, NamesNobodysDoor) {
  const BoardBuilder builder = TwoCrews();
  planner::PlanResult plan;
  plan.standbys = {
      {PersonId("driver-abe"), PersonId(), core::LatLng{35.67123, 139.40789}}};
  const core::AdviseStandby advice = AdviceOf(builder.board(), plan, TestNow());
  ASSERT_THAT(advice.advice, SizeIs(1));
  EXPECT_NEAR(advice.advice[0].standby->position->latitude, 35.67, 1e-9);
  EXPECT_NEAR(advice.advice[0].standby->position->longitude, 139.41, 1e-9);
}

TEST(AdviceOf, StandsForAWhileAndIsThenTakenBack) {
  for (const int minutes : {9, 10}) {
    BoardBuilder builder = TwoCrews();
    Told(builder, "driver-abe", "dr-sato", absl::Minutes(minutes));
    const core::AdviseStandby advice =
        AdviceOf(builder.board(), planner::PlanResult(), TestNow());
    if (minutes < 10) {
      EXPECT_THAT(advice.advice, IsEmpty());
      continue;
    }
    ASSERT_THAT(advice.advice, SizeIs(1));
    EXPECT_FALSE(advice.advice[0].standby.has_value());
  }
}

TEST(AdviceOf, SendsNoTwoDriversForOnePhysician) {
  BoardBuilder builder = TwoCrews();
  Told(builder, "driver-abe", "dr-sato", absl::Minutes(1));
  EXPECT_THAT(
      AdviceOf(builder.board(), Fetch("driver-ono", "dr-sato"), TestNow())
          .advice,
      IsEmpty());
  EXPECT_THAT(
      AdviceOf(builder.board(), Fetch("driver-ono", "dr-kato"), TestNow())
          .advice,
      SizeIs(1));
}

TEST(AdviceOf, IsNotForThoseWhoAreOfferedAVisit) {
  const BoardBuilder builder = TwoCrews();
  planner::PlanResult plan = Fetch("driver-abe", "dr-sato");
  core::OfferVisit offer;
  offer.driver = PersonId("driver-ono");
  offer.physician = PersonId("dr-sato");
  plan.offers = {offer};
  EXPECT_THAT(AdviceOf(builder.board(), plan, TestNow()).advice, IsEmpty());
  plan.offers[0].driver = PersonId("driver-abe");
  plan.offers[0].physician = PersonId("dr-kato");
  EXPECT_THAT(AdviceOf(builder.board(), plan, TestNow()).advice, IsEmpty());
}

TEST(AdviceOf, EndsWhenThePhysicianIsBusyOrTheCenterWantsNone) {
  BoardBuilder busy = TwoCrews();
  Told(busy, "driver-ono", "dr-sato", absl::Minutes(1));
  busy.AddCallInState(core::CallState::kEnRoute, "call-1", {});
  core::AdviseStandby advice =
      AdviceOf(busy.board(), planner::PlanResult(), TestNow());
  ASSERT_THAT(advice.advice, SizeIs(1));
  EXPECT_EQ(advice.advice[0].driver, PersonId("driver-ono"));
  EXPECT_FALSE(advice.advice[0].standby.has_value());

  BoardBuilder unwanted = TwoCrews();
  Told(unwanted, "driver-abe", "dr-sato", absl::Minutes(1));
  core::Center center = unwanted.board().center();
  center.policy.anticipates = false;
  core::Board board = unwanted.Build();
  board.Put(center);
  advice = AdviceOf(board, Fetch("driver-ono", "dr-kato"), TestNow());
  ASSERT_THAT(advice.advice, SizeIs(1));
  EXPECT_EQ(advice.advice[0].driver, PersonId("driver-abe"));
  EXPECT_FALSE(advice.advice[0].standby.has_value());
}

}  // namespace
}  // namespace housecall::engine
