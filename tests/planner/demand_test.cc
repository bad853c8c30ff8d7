#include "dispatcher/planner/demand.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::planner {
namespace {

using core::CallState;
using core::LatLng;
using core::Skill;
using core::Urgency;
using core::testing::BoardBuilder;
using core::testing::Near;
using core::testing::TestNow;
using ::testing::ElementsAre;
using ::testing::SizeIs;

void AddCall(BoardBuilder& builder, const std::string& id, const LatLng& place,
             absl::Duration ago) {
  const std::string patient = absl::StrCat("patient-", id);
  builder.AddPatient(patient, {.position = place})
      .AddCallInState(CallState::kMatching, id,
                      {.patient = patient, .receive_time = TestNow() - ago});
}

TEST(ExpectedPlaces, AreThoseOfTheLastCallsAndWherePeopleAreBased) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.base_position = Near(9, 0)});
  AddCall(builder, "call-1", Near(1, 1), absl::Hours(2));
  AddCall(builder, "call-2", Near(2, 2), absl::Hours(1));
  EXPECT_THAT(
      ExpectedPlaces(builder.board(), CrewsOnDuty(builder.board(), TestNow())),
      ElementsAre(Near(2, 2), Near(1, 1), Near(9, 0)));
  for (int i = 0; i < 50; ++i) {
    AddCall(builder, absl::StrCat("call-1", i), Near(3, i), absl::Minutes(i));
  }
  EXPECT_THAT(
      ExpectedPlaces(builder.board(), CrewsOnDuty(builder.board(), TestNow())),
      SizeIs(40));
}

TEST(ExpectedUrgencies, AreTheUsualOnesAndThoseSeen) {
  BoardBuilder builder;
  AddCall(builder, "call-1", Near(1, 1), absl::Hours(2));
  EXPECT_EQ(ExpectedUrgencies(builder.board()),
            (std::map<Urgency, double>{{Urgency::kUrgent, 2},
                                       {Urgency::kStandard, 7},
                                       {Urgency::kRoutine, 12}}));
}

// What everybody can do makes no kind of its own: nobody need be kept for it.
TEST(ExpectedKinds, AreByUrgencyAndBySkillsThatNotEverybodyHas) {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-kato", {.skills = {Skill::kGeneral, Skill::kChild},
                                .self_drive = true})
      .AddPhysician("dr-sato", {.skills = {Skill::kGeneral}})
      .AddDriver("driver-abe", "car-1");
  const Crews crews = CrewsOnDuty(builder.board(), TestNow());
  const std::vector<Forecast::Kind> kinds =
      ExpectedKinds(builder.board(), PlanOptions(), crews, 2);
  ASSERT_THAT(kinds, SizeIs(3 * 2));
  double all = 0;
  double for_children = 0;
  for (const Forecast::Kind& kind : kinds) {
    EXPECT_THAT(kind.stop.wheels_allowed, ElementsAre(true, true));
    ASSERT_THAT(kind.stop.physician_costs, SizeIs(2));
    EXPECT_EQ(kind.stop.physician_costs[0], 0);
    all += kind.weight;
    if (std::isinf(kind.stop.physician_costs[1])) for_children += kind.weight;
  }
  EXPECT_DOUBLE_EQ(for_children / all, 0.25);
}

}  // namespace
}  // namespace housecall::planner
