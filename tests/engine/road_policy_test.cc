// Two centers, one map: each sends its cars where its own policy lets them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/log.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/living_roads.h"
#include "router/router.h"
#include "router/travel_time_source.h"
#include "tests/core/builders.h"
#include "tests/engine/await.h"
#include "tests/engine/places.h"
#include "tests/engine/seed.h"
#include "tests/router/osm_text.h"

namespace housecall::engine {
namespace {

using core::CallState;
using core::PersonId;
using core::testing::BoardBuilder;
using core::testing::TestNow;
using testing::Await;
using ::testing::HasSubstr;
using testing::LatLngOf;
using ::testing::Not;

// From the crews' house (1): a village (2) by a toll road or through the hills,
// and an island (4).
constexpr char kTown[] = R"(
  n 1 0 0
  n 2 6000 0
  n 3 3000 2000
  n 4 0 3000
  n 5 0 2500
  n 6 0 500
  w 10 1,2 highway=primary toll=yes
  w 11 1,3,2 highway=residential
  w 12 1,6 highway=residential
  w 13 6,5 route=ferry motor_vehicle=yes duration=00:10
  w 14 5,4 highway=residential
)";

class RoadPolicyTest : public ::testing::Test {
 protected:
  RoadPolicyTest() {
    SetLogSink([](LogLevel, absl::string_view) {});
    const router::RoadData data = router::Import(kTown);
    house_ = LatLngOf(data, 1);
    village_ = LatLngOf(data, 2);
    island_ = LatLngOf(data, 4);
    roads_ = router::LivingRoads::Create(
                 router::RoadMap::Create(data).value(),
                 {router::SpeedCalendar::AsOnTheMap(), {}, 1}, TestNow())
                 .value();
    times_ = std::make_unique<router::RoadTravelTimes>(roads_.get());
  }

  // A center whose one physician is at the house, and whose one call is at
  // `place`.
  void Seed(const std::string& name, const core::LatLng& place, bool use_tolls,
            bool use_ferries) {
    BoardBuilder builder;
    builder.ChangePolicy([&](core::Policy& policy) {
      policy.use_tolls = use_tolls;
      policy.use_ferries = use_ferries;
    });
    core::Center center = builder.board().center();
    center.id = core::CenterId(name);
    builder.Put(center);
    // Nobody is sent farther from his clinic than 16 km.
    builder.AddClinic("clinic-hino", {.position = house_})
        .AddPatient("tanaka", {.position = place})
        .AddPhysician("dr-sato", {.self_drive = true, .position = house_})
        .AddCallInState(CallState::kMatching, "call-1");
    testing::Seed(builder.board(), &store_);
  }
  void Start() {
    engine_ = std::make_unique<Engine>(&store_, &clock_, times_.get());
    ASSERT_TRUE(engine_->Start().ok());
  }

  const core::Offer* OfferOf(const BoardPtr& board) const {
    return board->PendingOfferTo(PersonId("dr-sato"));
  }
  BoardPtr BoardOf(const std::string& name) const {
    return engine_->Current(core::CenterId(name));
  }
  // How long the drive takes that the center's physician is offered.
  absl::Duration Offered(const std::string& name) const {
    EXPECT_TRUE(Await([&] { return OfferOf(BoardOf(name)) != nullptr; }));
    const BoardPtr board = BoardOf(name);
    const core::Offer* const offer = OfferOf(board);
    return offer == nullptr ? absl::ZeroDuration()
                            : offer->estimate.drive_duration;
  }
  // What its match says of the roads that it was made with.
  std::string RoadsOfMatch(const std::string& name) const {
    const BoardPtr board = BoardOf(name);
    const auto* call = board->Find<core::Call>(core::CallId("call-1"));
    const auto* match = board->Find<core::Match>(call->match);
    return match == nullptr ? "" : match->travel_times;
  }
  absl::Duration TimeBy(const router::RoadPolicy& policy,
                        const core::LatLng& place) const {
    return times_->Pinned(policy)
        ->Times({{house_.latitude, house_.longitude}},
                {{place.latitude, place.longitude}})
        ->at(0, 0)
        .duration;
  }

  core::LatLng house_;
  core::LatLng village_;
  core::LatLng island_;
  std::unique_ptr<router::LivingRoads> roads_;
  std::unique_ptr<router::RoadTravelTimes> times_;
  SimulatedClock clock_{TestNow()};
  store::MemoryStore store_;
  // Last, so that it goes first.
  std::unique_ptr<Engine> engine_;
};

TEST_F(RoadPolicyTest, EachCenterPlansByItsOwn) {
  Seed("hino", village_, true, false);
  Seed("tama", village_, false, false);
  Seed("hachioji", village_, false, false);
  Start();
  const absl::Duration by_toll_road = Offered("hino");
  const absl::Duration through_hills = Offered("tama");
  EXPECT_EQ(by_toll_road, TimeBy({true, false}, village_));
  EXPECT_EQ(through_hills, TimeBy({false, false}, village_));
  EXPECT_GT(through_hills, by_toll_road * 1.5);
  EXPECT_EQ(Offered("hachioji"), through_hills);
  EXPECT_THAT(RoadsOfMatch("hino"), Not(HasSubstr("toll")));
  EXPECT_THAT(RoadsOfMatch("tama"), HasSubstr("without toll roads"));
  // Those who decide the same share the roads.
  EXPECT_EQ(RoadsOfMatch("hachioji"), RoadsOfMatch("tama"));
  EXPECT_EQ(roads_->policies(), 2u);
}

TEST_F(RoadPolicyTest, APolicyCountsFromItsChangeOn) {
  Seed("hino", island_, true, false);
  Seed("tama", island_, true, false);
  Start();
  // Nobody can go there.
  ASSERT_TRUE(Await([&] { return !RoadsOfMatch("hino").empty(); }));
  EXPECT_EQ(OfferOf(BoardOf("hino")), nullptr);
  core::Update<core::Center> update;
  update.record = BoardOf("hino")->center();
  update.record.policy.use_ferries = true;
  Submission submission;
  submission.actor = testing::Administrator();
  submission.command = update;
  const absl::Status status =
      engine_->SubmitAndWait(core::CenterId("hino"), std::move(submission))
          .status();
  ASSERT_TRUE(status.ok()) << status;
  // A quarter of an hour until it goes, and 10 minutes on it.
  EXPECT_GT(Offered("hino"), absl::Minutes(25));
  EXPECT_THAT(RoadsOfMatch("hino"), HasSubstr("with ferries"));
  // Nothing of it is another center's.
  EXPECT_EQ(OfferOf(BoardOf("tama")), nullptr);
  EXPECT_THAT(RoadsOfMatch("tama"), Not(HasSubstr("ferries")));
}

}  // namespace
}  // namespace housecall::engine
