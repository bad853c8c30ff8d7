// A night from which the roads learn: real roads, the real engine, its own
// drives.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/log.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/map_file.h"
#include "router/road_files.h"
#include "tests/core/builders.h"
#include "tests/engine/await.h"
#include "tests/engine/places.h"
#include "tests/engine/seed.h"
#include "tests/router/osm_text.h"
#include "tests/router/wrapped_travel_times.h"

namespace housecall::engine {
namespace {

using core::CallState;
using core::PersonId;
using core::testing::BoardBuilder;
using core::testing::TestNow;
using testing::Await;
using ::testing::HasSubstr;
using testing::LatLngOf;

// From the crews' house: 6 km on a primary road, 3 km on a residential one.
constexpr char kTown[] = R"(
  n 1 0 0
  n 2 6000 0
  n 3 0 3000
  w 10 1,2 highway=primary
  w 11 1,3 highway=residential
)";
constexpr int kOnPrimary = 12;
constexpr int kOnResidential = 6;

// Counts how often a way is asked for.
class Counted final : public router::WrappedTravelTimes {
 public:
  explicit Counted(std::unique_ptr<const TravelTimeSource> source)
      : WrappedTravelTimes(source.get()), source_(std::move(source)) {}

  int ways() const { return *ways_; }

  std::unique_ptr<const TravelTimeSource> Pinned(
      const router::RoadPolicy& policy) const override {
    auto pinned = std::make_unique<Counted>(source_->Pinned(policy));
    pinned->ways_ = ways_;
    return pinned;
  }
  absl::StatusOr<router::Route> FindRoute(
      const router::LatLng& from, const router::LatLng& to) const override {
    ++*ways_;
    return WrappedTravelTimes::FindRoute(from, to);
  }

 private:
  const std::unique_ptr<const TravelTimeSource> source_;
  std::shared_ptr<std::atomic<int>> ways_ =
      std::make_shared<std::atomic<int>>(0);
};

class LearningTest : public ::testing::Test {
 protected:
  LearningTest() {
    SetLogSink([](LogLevel, absl::string_view) {});
    const router::RoadData data = router::Import(kTown);
    house_ = LatLngOf(data, 1);
    on_primary_ = LatLngOf(data, 2);
    on_residential_ = LatLngOf(data, 3);
    options_.map_path = router::TestFolder() + "/learning.map";
    options_.drives_path = router::TestFolder() + "/learning.drives";
    std::filesystem::remove(options_.drives_path);
    const absl::Status saved = router::SaveMap(data, options_.map_path);
    EXPECT_TRUE(saved.ok()) << saved;
    Open();
  }

  void Open() {
    files_ = nullptr;
    absl::StatusOr<std::unique_ptr<router::RoadFiles>> files =
        router::RoadFiles::Open(options_, TestNow());
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
  }
  void Refresh() {
    const absl::Status status = files_->Refresh(TestNow());
    EXPECT_TRUE(status.ok()) << status;
    files_->roads().WaitUntilCurrent();
  }

  std::unique_ptr<const router::TravelTimeSource> Roads() const {
    return std::make_unique<router::RoadTravelTimes>(&files_->roads());
  }

  absl::Duration TimeTo(const core::LatLng& place) const {
    return Roads()
        ->Times({{house_.latitude, house_.longitude}},
                {{place.latitude, place.longitude}})
        ->at(0, 0)
        .duration;
  }

  // How long the drive takes that the planner offers to a free physician.
  absl::Duration Offered(const core::LatLng& place) const {
    BoardBuilder builder;
    // Nobody is sent farther from his clinic than 16 km.
    builder.AddClinic("clinic-hino", {.position = house_})
        .AddPatient("tanaka", {.position = place})
        .AddPhysician("dr-sato", {.self_drive = true, .position = house_})
        .AddCallInState(CallState::kMatching, "call-1");
    store::MemoryStore store;
    testing::Seed(builder.board(), &store);
    SimulatedClock clock(TestNow());
    const std::unique_ptr<const router::TravelTimeSource> roads = Roads();
    Engine engine(&store, &clock, roads.get());
    EXPECT_TRUE(engine.Start().ok());
    const core::CenterId center = builder.board().center().id;
    const auto offer = [&] {
      return engine.Current(center)->PendingOfferTo(PersonId("dr-sato"));
    };
    if (!Await([&] { return offer() != nullptr; })) return absl::ZeroDuration();
    const BoardPtr board = engine.Current(center);
    return board->PendingOfferTo(PersonId("dr-sato"))->estimate.drive_duration;
  }

  // Crews who set out together; the drives on the primary road take so many
  // times what the map says, those on the residential one as much as it says.
  void Night(double primary_factor);

  router::RoadFiles::Options options_;
  std::unique_ptr<router::RoadFiles> files_;
  core::LatLng house_;
  core::LatLng on_primary_;
  core::LatLng on_residential_;
};

void LearningTest::Night(double primary_factor) {
  const absl::Duration primary = TimeTo(on_primary_);
  const absl::Duration residential = TimeTo(on_residential_);
  BoardBuilder builder;
  std::vector<core::AssignmentId> crews;
  for (int i = 0; i < kOnPrimary + kOnResidential; ++i) {
    const bool is_primary = i < kOnPrimary;
    const std::string physician = absl::StrCat("dr-", i);
    const std::string patient = absl::StrCat("patient-", i);
    const std::string call = absl::StrCat("call-", i);
    builder
        .AddPatient(patient,
                    {.position = is_primary ? on_primary_ : on_residential_})
        .AddPhysician(physician, {.self_drive = true, .position = house_})
        .AddCallInState(
            CallState::kAccepted, call,
            {.patient = patient, .physician = physician, .self_drive = true});
    crews.push_back(
        builder.board().Find<core::Call>(core::CallId(call))->assignment);
    // So that there is nothing to tell anybody before they arrive.
    builder.Change<core::Assignment>(
        crews.back().value(), [&](core::Assignment& assignment) {
          assignment.estimate.arrive_time =
              TestNow() + (is_primary ? primary : residential);
          assignment.estimate_time = TestNow();
        });
  }
  store::MemoryStore store;
  testing::Seed(builder.board(), &store);
  SimulatedClock clock(TestNow());
  Counted roads(Roads());
  std::atomic<int> finished = 0;
  Options options;
  options.drive_finished = [&](const FinishedDrive& drive) {
    files_->AddDrive(drive.begin_time, drive.unlearned_durations, drive.taken);
    ++finished;
  };
  Engine engine(&store, &clock, &roads, options);
  ASSERT_TRUE(engine.Start().ok());
  const auto step = [&](int first, int end, core::Step step) {
    for (int i = first; i < end; ++i) {
      core::AdvanceVisit command;
      command.assignment = crews[static_cast<size_t>(i)];
      command.step = step;
      Submission submission;
      submission.actor = core::testing::OperatorActor();
      submission.command = std::move(command);
      const absl::Status status =
          engine
              .SubmitAndWait(builder.board().center().id, std::move(submission))
              .status();
      ASSERT_TRUE(status.ok()) << status;
    }
  };
  step(0, kOnPrimary + kOnResidential, core::Step::kDepart);
  // Every drive was seen to begin: nothing else asks for a way.
  ASSERT_TRUE(
      Await([&] { return roads.ways() >= static_cast<int>(crews.size()); }));
  EXPECT_EQ(roads.ways(), static_cast<int>(crews.size()));
  clock.Advance(residential);
  step(kOnPrimary, kOnPrimary + kOnResidential, core::Step::kArrive);
  clock.Advance(primary * primary_factor - residential);
  step(0, kOnPrimary, core::Step::kArrive);
  ASSERT_TRUE(
      Await([&] { return finished == static_cast<int>(crews.size()); }));
}

TEST_F(LearningTest, ANightOnSlowRoadsMovesThePlansEstimates) {
  const absl::Duration primary = Offered(on_primary_);
  const absl::Duration residential = Offered(on_residential_);
  ASSERT_EQ(primary, TimeTo(on_primary_));
  ASSERT_GT(primary, absl::Minutes(10));
  ASSERT_GT(residential, absl::Minutes(5));

  Night(1.5);
  // Nothing changes before it is learned, in one step.
  EXPECT_EQ(TimeTo(on_primary_), primary);
  Refresh();
  EXPECT_EQ(files_->learned().drives(), size_t{kOnPrimary + kOnResidential});
  EXPECT_THAT(files_->roads().current()->description,
              HasSubstr("learned of 18 drives"));

  const double slower = absl::FDivDuration(Offered(on_primary_), primary);
  EXPECT_GT(slower, 1.35);
  EXPECT_LE(slower, 1.5);
  EXPECT_NEAR(absl::FDivDuration(Offered(on_residential_), residential), 1,
              0.01);
  // What was learned is of what the map says, not of what was learned before.
  const router::Route route =
      Roads()
          ->FindRoute({house_.latitude, house_.longitude},
                      {on_primary_.latitude, on_primary_.longitude})
          .value();
  absl::Duration unlearned;
  for (const absl::Duration part : route.unlearned_durations) unlearned += part;
  EXPECT_LT(absl::AbsDuration(unlearned - primary), absl::Milliseconds(10));

  // It outlives the process.
  const absl::Duration learned = TimeTo(on_primary_);
  Open();
  // But for parts of a second, which the file does not keep.
  EXPECT_LT(absl::AbsDuration(TimeTo(on_primary_) - learned),
            absl::Milliseconds(100));
}

TEST_F(LearningTest, NoNightLeavesTheBounds) {
  const absl::Duration primary = TimeTo(on_primary_);
  Night(4.5);
  Refresh();
  EXPECT_LE(absl::FDivDuration(Offered(on_primary_), primary),
            router::LearnedSpeeds::kGreatestFactor + 1e-6);
  EXPECT_GT(absl::FDivDuration(Offered(on_primary_), primary), 1.9);
}

TEST_F(LearningTest, WithoutAFileNothingIsLearned) {
  options_.drives_path.clear();
  Open();
  const absl::Duration primary = TimeTo(on_primary_);
  Night(1.5);
  Refresh();
  EXPECT_EQ(TimeTo(on_primary_), primary);
  EXPECT_EQ(files_->learned().drives(), 0u);
}

}  // namespace
}  // namespace housecall::engine
