// Crews that were told to go somewhere and are wanted elsewhere.
#include "dispatcher/planner/reconsider.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/planner/planner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/planner/plans.h"
#include "tests/planner/random.h"

namespace housecall::planner {
namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::CallState;
using core::LatLng;
using core::OfferVisit;
using core::PersonId;
using core::Policy;
using core::Urgency;
using core::testing::BoardBuilder;
using core::testing::Near;
using core::testing::PhysicianOptions;
using core::testing::TestNow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The only crew, in the middle, and a routine call 12 minutes away of which it
// was told; an urgent one waits 2 minutes away.
struct Story {
  CallState state = CallState::kAccepted;
  Urgency told_urgency = Urgency::kRoutine;
  Urgency urgency = Urgency::kUrgent;
  // Of the physician's duty.
  absl::Time end_time = PhysicianOptions().end_time;
};
BoardBuilder ToldElsewhere(const Story& story = {}) {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-sato",
                    {.end_time = story.end_time, .position = Near(0, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)})
      .AddPatient("patient-told", {.position = Near(12, 0)})
      .AddPatient("patient-new", {.position = Near(-2, 0)});
  builder.AddCallInState(
      story.state, "told",
      {.patient = "patient-told", .urgency = story.told_urgency});
  builder.AddCallInState(CallState::kMatching, "new",
                         {.patient = "patient-new", .urgency = story.urgency});
  return builder;
}

core::OfferId OfferOfTold(const Board& board) {
  const Call& call = *board.Find<Call>(CallId("told"));
  return call.offer.empty()
             ? board.Find<core::Assignment>(call.assignment)->offer
             : call.offer;
}

Board After(const Board& board, const core::Command& command) {
  absl::StatusOr<core::Decision> decision =
      core::Decide(board, command, core::SystemActor(), TestNow());
  EXPECT_TRUE(decision.ok()) << decision.status();
  return decision.ok() ? decision->board : board;
}

TEST(Plan, SendsACrewThatHasNotDepartedToAnUrgentCall) {
  for (const CallState state : {CallState::kOffered, CallState::kAccepted}) {
    SCOPED_TRACE(state);
    const Board board = ToldElsewhere({.state = state}).Build();
    const PlanResult plan = PlanFor(board);
    ASSERT_TRUE(plan.taken_back.has_value());
    EXPECT_EQ(plan.taken_back->offer, OfferOfTold(board));
    EXPECT_EQ(plan.taken_back->instead, CallId("new"));
    EXPECT_GE(plan.taken_back->gain_minutes, Policy().change_minutes);
    ASSERT_THAT(plan.offers, SizeIs(1));
    EXPECT_THAT(plan.offers[0].calls, ElementsAre(CallId("new")));
    EXPECT_EQ(plan.offers[0].physician, PersonId("dr-sato"));
    // The other one is not forgotten: he comes there next.
    ASSERT_THAT(plan.arrivals, SizeIs(2));
    EXPECT_EQ(plan.arrivals[1].call, CallId("told"));

    // In this order; and once only.
    Board next = After(board, *plan.taken_back);
    EXPECT_EQ(next.Find<Call>(CallId("told"))->state, CallState::kMatching);
    next = After(next, plan.offers[0]);
    EXPECT_EQ(next.Find<Call>(CallId("new"))->state, CallState::kOffered);
    EXPECT_FALSE(PlanFor(next).taken_back.has_value());
  }
}

TEST(Plan, LeavesWhatPeopleWereToldWhereLittleIsGained) {
  // The same, but two calls that can wait.
  EXPECT_FALSE(PlanFor(ToldElsewhere({.urgency = Urgency::kRoutine}).Build())
                   .taken_back.has_value());
  // What was told is as urgent.
  EXPECT_FALSE(PlanFor(ToldElsewhere({.told_urgency = Urgency::kUrgent,
                                      .urgency = Urgency::kStandard})
                           .Build())
                   .taken_back.has_value());
  // The center wants more for it.
  EXPECT_FALSE(PlanFor(ToldElsewhere()
                           .ChangePolicy([](Policy& policy) {
                             policy.change_minutes = 1e6;
                           })
                           .Build())
                   .taken_back.has_value());
  // Somebody else can go.
  const PlanResult plan =
      PlanFor(ToldElsewhere()
                  .AddPhysician("dr-kato", {.position = Near(-1, 0)})
                  .AddDriver("driver-ono", "car-2", {.position = Near(-1, 0)})
                  .Build());
  EXPECT_FALSE(plan.taken_back.has_value());
  ASSERT_THAT(plan.offers, SizeIs(1));
  EXPECT_EQ(plan.offers[0].physician, PersonId("dr-kato"));
}

TEST(Plan, NeverTurnsRoundWhoHasDepartedOrWhomAnOperatorChose) {
  for (const CallState state : {CallState::kEnRoute, CallState::kOnScene}) {
    SCOPED_TRACE(state);
    const Board board = ToldElsewhere({.state = state}).Build();
    EXPECT_THAT(ToldCrews(board, TestNow()), IsEmpty());
    EXPECT_FALSE(PlanFor(board).taken_back.has_value());
  }
  BoardBuilder chosen = ToldElsewhere({.state = CallState::kOffered});
  chosen.Change<core::Offer>(
      chosen.Get<Call>("told").offer.value(), [](core::Offer& offer) {
        offer.override_reason = PrivateText("he asked for him");
      });
  EXPECT_FALSE(PlanFor(chosen.Build()).taken_back.has_value());
  EXPECT_FALSE(
      PlanFor(
          ToldElsewhere()
              .Change<Call>("told", [](Call& call) { call.passed_over = true; })
              .Build())
          .taken_back.has_value());
}

// The duty ends before both are visited: whoever was promised a visit has it.
TEST(Plan, TakesNoVisitFromWhomItWasPromised) {
  for (const bool ends_soon : {false, true}) {
    Story story;
    if (ends_soon) story.end_time = TestNow() + absl::Minutes(70);
    const PlanResult plan = PlanFor(ToldElsewhere(story).Build());
    EXPECT_EQ(plan.taken_back.has_value(), !ends_soon);
  }
}

// A car would help it more than a call that waits: the rule has no word for
// that, so it is not proposed, and what else there is to propose is accepted.
TEST(Plan, TakesNobodyBackForACrewThatWaitsForACar) {
  BoardBuilder builder = ToldElsewhere({.urgency = Urgency::kRoutine});
  builder.AddPatient("patient-urgent", {.position = Near(0, 1)});
  builder.AddPhysician("dr-kato", {.position = Near(0, -1)})
      .AddDriver("driver-ito", "car-2", {.position = Near(0, -1)});
  builder.AddCallInState(CallState::kEnRoute, "urgent",
                         {.patient = "patient-urgent",
                          .physician = "dr-kato",
                          .driver = "driver-ito",
                          .car = "car-2",
                          .urgency = Urgency::kUrgent});
  Board board = After(builder.Build(),
                      core::ReportBreakdown{core::CarId("car-2"), "engine"});
  ASSERT_THAT(ToldCrews(board, TestNow()), SizeIs(1));
  const PlanResult plan = PlanFor(board);
  EXPECT_FALSE(plan.taken_back.has_value());
  for (const OfferVisit& offer : plan.offers) board = After(board, offer);
}

TEST(Plan, TakesNobodyBackWhereNoCallWaits) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)})
      .AddPatient("patient-told", {.position = Near(12, 0)});
  builder.AddCallInState(
      CallState::kAccepted, "told",
      {.patient = "patient-told", .urgency = Urgency::kRoutine});
  // A crew that would be nearer has become free.
  builder.AddPhysician("dr-kato", {.position = Near(12, 1)})
      .AddDriver("driver-ono", "car-2", {.position = Near(12, 1)});
  const Board board = builder.Build();
  EXPECT_THAT(ToldCrews(board, TestNow()), IsEmpty());
  EXPECT_FALSE(PlanFor(board).taken_back.has_value());
}

TEST(Plan, ReconsidersOnlyWhereItPlansTheNight) {
  const Board board = ToldElsewhere().Build();
  PlanOptions options;
  options.max_steps = 0;
  EXPECT_FALSE(
      Plan(board, TimesFor(board), TestNow(), options).taken_back.has_value());
}

TEST(ToldCrews, AreTheLastOnesThatWereTold) {
  BoardBuilder builder;
  for (int i = 0; i < 9; ++i) {
    const std::string number = absl::StrCat(i);
    builder.AddPatient("patient-" + number, {.position = Near(i, 0)});
    builder.AddCallInState(CallState::kOffered, "call-" + number,
                           {.patient = "patient-" + number,
                            .physician = "dr-" + number,
                            .driver = "driver-" + number,
                            .car = "car-" + number});
    builder.Change<core::Offer>(
        builder.Get<Call>("call-" + number).offer.value(),
        [&](core::Offer& offer) {
          offer.create_time = TestNow() - absl::Seconds(10 * (9 - i));
        });
  }
  builder.AddCallInState(CallState::kMatching, "waits");
  const std::vector<ToldCrew> told = ToldCrews(builder.Build(), TestNow());
  ASSERT_THAT(told, SizeIs(kMostTold));
  EXPECT_EQ(told[0].route.driver, PersonId("driver-8"));
  EXPECT_EQ(told.back().route.driver, PersonId("driver-3"));
  EXPECT_EQ(told[0].route.legs,
            (std::vector<PlannedLeg>{{{CallId("call-8")}, PersonId("dr-8")}}));
}

TEST(BoardWithoutTold, HasThemWhereTheyAre) {
  const Board board = ToldElsewhere().Build();
  const Board without = BoardWithoutTold(board, TestNow());
  EXPECT_EQ(without.Find<Call>(CallId("told"))->state, CallState::kMatching);
  EXPECT_EQ(without.RunningAssignmentOf(PersonId("dr-sato")), nullptr);
  // Their ways are looked up, too.
  std::set<std::pair<double, double>> places;
  for (const TravelRequest& request : TravelNeeded(board, TestNow())) {
    for (const LatLng& place : request.origins) {
      places.insert({place.latitude, place.longitude});
    }
  }
  for (const LatLng& place : {Near(0, 0), Near(12, 0), Near(-2, 0)}) {
    EXPECT_EQ(places.count({place.latitude, place.longitude}), 1u);
  }
}

// Whatever night it is: what is proposed is accepted in its order, and every
// call that waits is offered or explained.
TEST(Plan, ProposesWhatDecideAcceptsWhereCrewsWereTold) {
  int taken_back = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto somewhere = [&] {
      return Near(random.Fraction() * 30 - 15, random.Fraction() * 30 - 15);
    };
    BoardBuilder builder;
    constexpr int kCrews = 4;
    for (int i = 0; i < kCrews; ++i) {
      const std::string number = absl::StrCat(i);
      const LatLng place = somewhere();
      builder.AddPhysician("dr-" + number, {.position = place})
          .AddDriver("driver-" + number, "car-" + number, {.position = place})
          .AddPatient("told-" + number, {.position = somewhere()});
      const CallState states[] = {CallState::kOffered, CallState::kAccepted,
                                  CallState::kEnRoute, CallState::kOnScene};
      builder.AddCallInState(
          states[random.Between(0, 3)], "call-" + number,
          {.patient = "told-" + number,
           .physician = "dr-" + number,
           .driver = "driver-" + number,
           .car = "car-" + number,
           .urgency = static_cast<Urgency>(random.Between(1, 3))});
    }
    constexpr int kWaiting = 4;
    for (int i = 0; i < kWaiting; ++i) {
      const std::string patient = absl::StrCat("waits-", i);
      builder.AddPatient(patient, {.position = somewhere()});
      builder.AddCallInState(
          CallState::kMatching, absl::StrCat("new-", i),
          {.patient = patient,
           .urgency = static_cast<Urgency>(random.Between(1, 3))});
    }
    Board board = builder.Build();
    const PlanResult plan = PlanFor(board);
    size_t waiting = kWaiting;
    if (plan.taken_back.has_value()) {
      ++taken_back;
      ++waiting;
      EXPECT_GE(plan.taken_back->gain_minutes, Policy().change_minutes);
      board = After(board, *plan.taken_back);
    }
    std::set<CallId> seen;
    bool goes_instead = false;
    for (const OfferVisit& offer : plan.offers) {
      goes_instead =
          goes_instead || (plan.taken_back.has_value() &&
                           offer.calls.front() == plan.taken_back->instead);
      board = After(board, offer);
      seen.insert(offer.calls.begin(), offer.calls.end());
    }
    for (const core::Match& match : plan.unmatched.matches) {
      EXPECT_TRUE(seen.insert(match.call).second) << match.call;
    }
    EXPECT_EQ(seen.size(), waiting);
    EXPECT_EQ(goes_instead, plan.taken_back.has_value());
    After(board, plan.unmatched);
  }
  // That it was not for nothing.
  EXPECT_GE(taken_back, 5);
  EXPECT_LE(taken_back, 35);
}

}  // namespace
}  // namespace housecall::planner
