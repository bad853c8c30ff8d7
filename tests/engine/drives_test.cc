#include "dispatcher/engine/drives.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/router/wrapped_travel_times.h"

namespace housecall::engine {
namespace {

using core::Assignment;
using core::AssignmentState;
using core::Call;
using core::CallState;
using core::PersonId;
using core::Stamp;
using core::testing::BoardBuilder;
using core::testing::Near;
using core::testing::TestNow;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Straight lines, all of one class of road.
class OneClass final : public router::WrappedTravelTimes {
 public:
  OneClass() : WrappedTravelTimes(&line_) {}
  std::unique_ptr<const TravelTimeSource> Pinned(
      const router::RoadPolicy&) const override {
    return std::make_unique<OneClass>();
  }
  absl::StatusOr<router::Route> FindRoute(
      const router::LatLng& from, const router::LatLng& to) const override {
    absl::StatusOr<router::Route> route = source().FindRoute(from, to);
    if (route.ok()) route->unlearned_durations = {route->duration};
    return route;
  }

 private:
  const router::StraightLine line_;
};

Stamp At(absl::Duration after) { return {TestNow() + after, std::nullopt}; }

// The same by the phone's clock, which is so much before the server's.
Stamp Device(absl::Duration after, absl::Duration before) {
  return {TestNow() + after, TestNow() + after - before};
}

// One accepted crew, its steps, and what is told of its drives.
class DriveWatchTest : public ::testing::Test {
 protected:
  void SelfDriving() {
    builder_.AddPhysician("dr-sato",
                          {.self_drive = true, .position = Near(0, 0)});
    builder_.AddCallInState(CallState::kAccepted, "call-1",
                            {.self_drive = true});
  }
  void WithDriver(core::LatLng physician) {
    builder_.AddPhysician("dr-sato", {.position = physician})
        .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)})
        .AddCallInState(CallState::kAccepted, "call-1");
  }
  template <typename F>
  void Change(F change) {
    const Call& call = *builder_.board().Find<Call>(core::CallId("call-1"));
    builder_.Change<Assignment>(call.assignment.value(), change);
  }
  void Depart(const Stamp& stamp) {
    Change([&](Assignment& assignment) {
      assignment.state = AssignmentState::kEnRoute;
      assignment.depart = stamp;
    });
  }
  void PickUp(const Stamp& stamp) {
    Change([&](Assignment& assignment) { assignment.pick_up = stamp; });
  }
  void Arrive(const Stamp& stamp) {
    Change([&](Assignment& assignment) {
      assignment.state = AssignmentState::kOnScene;
      assignment.arrive = stamp;
    });
  }
  void MoveTo(const std::string& person, core::LatLng place) {
    builder_.Change<core::Position>(
        person, [&](core::Position& position) { position.position = place; });
  }
  std::vector<FinishedDrive> Look(absl::Duration after) {
    return watch_.Look(builder_.board(), roads_, TestNow() + after);
  }
  absl::Duration Expected(core::LatLng from) {
    const core::LatLng to =
        *builder_.board().Find<Call>(core::CallId("call-1"))->place.position;
    return roads_
        .FindRoute({from.latitude, from.longitude}, {to.latitude, to.longitude})
        ->duration;
  }
  // A self-driving physician's drive of 20 minutes, but for what differs.
  std::vector<FinishedDrive> Drive(const Stamp& begin, const Stamp& end) {
    SelfDriving();
    Look(absl::ZeroDuration());
    Depart(begin);
    Look(absl::Seconds(1));
    Arrive(end);
    return Look(absl::Minutes(21));
  }

  BoardBuilder builder_;
  OneClass roads_;
  DriveWatch watch_;
};

TEST_F(DriveWatchTest, TellsOfADriveOnceItHasEnded) {
  SelfDriving();
  EXPECT_THAT(Look(absl::ZeroDuration()), IsEmpty());
  Depart(At(absl::ZeroDuration()));
  EXPECT_THAT(Look(absl::Seconds(1)), IsEmpty());
  // The origin is where he was then.
  MoveTo("dr-sato", Near(1, 1));
  EXPECT_THAT(Look(absl::Minutes(5)), IsEmpty());
  Arrive(At(absl::Minutes(12)));
  const std::vector<FinishedDrive> drives = Look(absl::Minutes(12));
  ASSERT_THAT(drives, SizeIs(1));
  EXPECT_EQ(drives[0].begin_time, TestNow());
  EXPECT_EQ(drives[0].taken, absl::Minutes(12));
  ASSERT_THAT(drives[0].unlearned_durations, SizeIs(1));
  EXPECT_EQ(drives[0].unlearned_durations[0], Expected(Near(0, 0)));
  // Once.
  EXPECT_THAT(Look(absl::Minutes(13)), IsEmpty());
}

TEST_F(DriveWatchTest, BeginsWhenThePhysicianGetsIn) {
  WithDriver(Near(3, 0));
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  MoveTo("driver-abe", Near(3, 0));
  PickUp(At(absl::Minutes(7)));
  Look(absl::Minutes(7));
  Arrive(At(absl::Minutes(16)));
  const std::vector<FinishedDrive> drives = Look(absl::Minutes(16));
  ASSERT_THAT(drives, SizeIs(1));
  EXPECT_EQ(drives[0].begin_time, TestNow() + absl::Minutes(7));
  EXPECT_EQ(drives[0].taken, absl::Minutes(9));
  EXPECT_EQ(drives[0].unlearned_durations[0], Expected(Near(3, 0)));
}

TEST_F(DriveWatchTest, DriverAndPhysicianWhoWaitTogetherNeedNoPickUp) {
  WithDriver(Near(0.05, 0));
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  // Only the driver's phone tells where they are.
  MoveTo("driver-abe", Near(1, 1));
  Look(absl::Minutes(5));
  Arrive(At(absl::Minutes(9)));
  const std::vector<FinishedDrive> drives = Look(absl::Minutes(9));
  ASSERT_THAT(drives, SizeIs(1));
  EXPECT_EQ(drives[0].taken, absl::Minutes(9));
}

TEST_F(DriveWatchTest, AFetchThatNobodyPutDownTeachesNothing) {
  WithDriver(Near(3, 0));
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  Arrive(At(absl::Minutes(16)));
  EXPECT_THAT(Look(absl::Minutes(16)), IsEmpty());
}

TEST_F(DriveWatchTest, WhoStartedInTheMiddleLearnsNothing) {
  SelfDriving();
  Depart(At(absl::ZeroDuration()));
  EXPECT_THAT(Look(absl::Minutes(3)), IsEmpty());
  EXPECT_THAT(Look(absl::Minutes(4)), IsEmpty());
  Arrive(At(absl::Minutes(9)));
  EXPECT_THAT(Look(absl::Minutes(9)), IsEmpty());
}

TEST_F(DriveWatchTest, WhoStartsAfterItsEndLearnsNothing) {
  SelfDriving();
  Depart(At(absl::ZeroDuration()));
  Arrive(At(absl::Minutes(9)));
  EXPECT_THAT(Look(absl::Minutes(9)), IsEmpty());
}

TEST_F(DriveWatchTest, NeedsAFreshAndExactPosition) {
  SelfDriving();
  builder_.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.receive_time = TestNow() - absl::Minutes(30);
  });
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  // What comes too late does not help.
  builder_.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.receive_time = TestNow() + absl::Minutes(2);
  });
  Look(absl::Minutes(2));
  Arrive(At(absl::Minutes(9)));
  EXPECT_THAT(Look(absl::Minutes(9)), IsEmpty());
}

TEST_F(DriveWatchTest, DropsAPositionThatIsNotExact) {
  SelfDriving();
  builder_.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.accuracy_meters = 800;
  });
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  Arrive(At(absl::Minutes(9)));
  EXPECT_THAT(Look(absl::Minutes(9)), IsEmpty());
}

TEST_F(DriveWatchTest, DropsADriveWhosePlaceWasCorrected) {
  for (const bool looks_between : {true, false}) {
    SCOPED_TRACE(looks_between);
    builder_ = BoardBuilder();
    watch_ = DriveWatch();
    SelfDriving();
    Depart(At(absl::ZeroDuration()));
    Look(absl::Seconds(1));
    builder_.Change<Call>("call-1",
                          [](Call& call) { call.place.position = Near(5, 5); });
    // Also when that is so soon that another drive could have begun.
    if (looks_between) {
      Look(absl::Seconds(2));
      Look(absl::Seconds(3));
    }
    Arrive(At(absl::Minutes(9)));
    EXPECT_THAT(Look(absl::Minutes(9)), IsEmpty());
  }
}

TEST_F(DriveWatchTest, ABreakdownEndsTheDriveAndAnotherCarBeginsAnew) {
  WithDriver(Near(0, 0));
  builder_.AddDriver("driver-ono", "car-2", {.position = Near(2, 2)});
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  Change([](Assignment& assignment) {
    assignment.state = AssignmentState::kWaitingForCar;
    assignment.depart = std::nullopt;
    assignment.driver = PersonId();
  });
  Look(absl::Minutes(4));
  Change([](Assignment& assignment) {
    assignment.driver = PersonId("driver-ono");
  });
  MoveTo("driver-ono", Near(1, 0));
  builder_.Change<core::Position>("driver-ono", [](core::Position& position) {
    position.receive_time = TestNow() + absl::Minutes(20);
  });
  Depart(At(absl::Minutes(10)));
  PickUp(At(absl::Minutes(20)));
  Look(absl::Minutes(20));
  Arrive(At(absl::Minutes(26)));
  const std::vector<FinishedDrive> drives = Look(absl::Minutes(26));
  ASSERT_THAT(drives, SizeIs(1));
  EXPECT_EQ(drives[0].taken, absl::Minutes(6));
  EXPECT_EQ(drives[0].unlearned_durations[0], Expected(Near(1, 0)));
}

TEST_F(DriveWatchTest, ACancelledDriveTeachesNothing) {
  SelfDriving();
  Depart(At(absl::ZeroDuration()));
  Look(absl::Seconds(1));
  Change([](Assignment& assignment) {
    assignment.state = AssignmentState::kReleased;
  });
  EXPECT_THAT(Look(absl::Minutes(3)), IsEmpty());
}

TEST_F(DriveWatchTest, TakesClocksThatAgreeAboutTheTime) {
  // However wrong the phone's is.
  EXPECT_THAT(
      Drive(Device(absl::ZeroDuration(), absl::Hours(3)),
            Device(absl::Minutes(20), absl::Hours(3) + absl::Seconds(50))),
      SizeIs(1));
}

TEST_F(DriveWatchTest, DropsADriveOfWhichClocksDisagree) {
  // No network: the arrival came ten minutes later.
  EXPECT_THAT(Drive(Device(absl::ZeroDuration(), absl::ZeroDuration()),
                    Device(absl::Minutes(20), absl::Minutes(10))),
              IsEmpty());
}

TEST_F(DriveWatchTest, DropsAPhoneThatArrivedBeforeItDeparted) {
  EXPECT_THAT(Drive(Device(absl::ZeroDuration(), absl::ZeroDuration()),
                    Device(absl::Minutes(20), absl::Minutes(30))),
              IsEmpty());
}

TEST_F(DriveWatchTest, DropsADriveWithoutTime) {
  EXPECT_THAT(Drive(At(absl::ZeroDuration()), At(-absl::Seconds(1))),
              IsEmpty());
}

TEST_F(DriveWatchTest, WhatStandsOnPaperTeachesNothing) {
  Stamp written = At(absl::Minutes(20));
  written.written_time = TestNow() + absl::Minutes(9);
  EXPECT_THAT(Drive(At(absl::ZeroDuration()), written), IsEmpty());
}

TEST_F(DriveWatchTest, RoadsThatTeachNothingAreNotWaitedFor) {
  SelfDriving();
  const router::StraightLine line;
  Depart(At(absl::ZeroDuration()));
  watch_.Look(builder_.board(), line, TestNow() + absl::Seconds(1));
  Arrive(At(absl::Minutes(9)));
  EXPECT_THAT(watch_.Look(builder_.board(), line, TestNow() + absl::Minutes(9)),
              IsEmpty());
}

}  // namespace
}  // namespace housecall::engine
