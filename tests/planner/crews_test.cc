#include "dispatcher/planner/crews.h"

#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::planner {
namespace {

using core::CallState;
using core::LatLng;
using core::PersonId;
using core::testing::BoardBuilder;
using core::testing::Near;
using core::testing::TestNow;

// dr-sato, whose base is elsewhere, and driver-abe have left a patient some
// minutes ago; both phones say so.
BoardBuilder AfterAVisit() {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-sato",
                    {.position = Near(5, 0), .base_position = Near(9, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(5, 0)})
      .AddPatient("tanaka", {.position = Near(4, 1)})
      .AddCallInState(CallState::kDepartedScene, "call-0", {});
  for (const char* person : {"dr-sato", "driver-abe"}) {
    builder.Change<core::Position>(person, [](core::Position& position) {
      position.receive_time = TestNow();
    });
  }
  return builder;
}

Crews SeatedIn(const BoardBuilder& builder, const PlanOptions& options = {}) {
  return SeatedCrews(builder.board(), TestNow(), options);
}

TEST(SeatedCrews, AreTogetherSinceTheirVisit) {
  const BoardBuilder builder = AfterAVisit();
  const Crews crews = SeatedIn(builder);
  ASSERT_EQ(crews.physicians.size(), 1u);
  ASSERT_EQ(crews.drivers.size(), 1u);
  EXPECT_EQ(crews.drivers[0].aboard, 0);
  EXPECT_EQ(crews.physicians[0].driver, 0);
  EXPECT_EQ(crews.physicians[0].home, Near(9, 0));
  EXPECT_FALSE(crews.physicians[0].busy.has_value());
}

TEST(SeatedCrews, ArePlannedAloneWhereOnlyThoseAreWhoAreFreeNow) {
  const BoardBuilder builder = AfterAVisit();
  PlanOptions options;
  options.max_steps = 0;
  const Crews crews = SeatedIn(builder, options);
  EXPECT_EQ(crews.drivers[0].aboard, kNone);
  EXPECT_EQ(crews.physicians[0].driver, kNone);
}

TEST(SeatedCrews, HavePartedWhereTheirPhonesSaySo) {
  BoardBuilder builder = AfterAVisit();
  builder.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.position = Near(7, 0);
  });
  const Crews crews = SeatedIn(builder);
  EXPECT_EQ(crews.drivers[0].aboard, kNone);
  EXPECT_EQ(crews.physicians[0].place, Near(7, 0));
}

TEST(SeatedCrews, LeaveThePhysicianWithHisPatientWhereTheDriverDidNotWait) {
  BoardBuilder builder = AfterAVisit();
  const auto visit = builder.Get<core::Call>("call-0").assignment.value();
  builder.Change<core::Assignment>(
      visit, [](core::Assignment& crew) { crew.driver_left = true; });
  builder.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.receive_time = TestNow() - absl::Hours(1);
  });
  const Crews crews = SeatedIn(builder);
  EXPECT_EQ(crews.drivers[0].aboard, kNone);
  EXPECT_EQ(crews.physicians[0].place, Near(4, 1));
}

TEST(SeatedCrews, AreWhereTheyAreFreeAsTheOptionsSay) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(5, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(5, 0)});
  PlanOptions options;
  options.crews[PersonId("driver-abe")] = {TestNow() + absl::Minutes(7),
                                           Near(2, 2), PersonId("dr-sato")};
  const Crews crews = SeatedIn(builder, options);
  EXPECT_DOUBLE_EQ(crews.drivers[0].free_minutes, 7);
  EXPECT_EQ(crews.drivers[0].place, Near(2, 2));
  EXPECT_EQ(crews.drivers[0].aboard, 0);
  EXPECT_EQ(crews.physicians[0].place, Near(2, 2));
}

TEST(SeatedCrews, AreFreeWhereTheirVisitIs) {
  BoardBuilder builder;
  builder.AddPatient("tanaka", {.position = Near(4, 1)})
      .AddCallInState(CallState::kOnScene, "call-0", {});
  const Crews crews = SeatedIn(builder);
  ASSERT_EQ(crews.physicians.size(), 1u);
  ASSERT_EQ(crews.drivers.size(), 1u);
  ASSERT_TRUE(crews.physicians[0].busy.has_value());
  EXPECT_EQ(crews.physicians[0].free_place(), Near(4, 1));
  EXPECT_GT(crews.physicians[0].free_minutes(), 0);
  EXPECT_FALSE(crews.physicians[0].may_go);
  EXPECT_EQ(crews.drivers[0].place, Near(4, 1));
  EXPECT_EQ(crews.drivers[0].aboard, 0);
}

}  // namespace
}  // namespace housecall::planner
