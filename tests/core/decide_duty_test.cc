// The rules of being on duty and of positions.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stage_test.h"

namespace housecall::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// On standard.board everybody is on duty from 17:45, by shifts from 18:00 to
// 08:00.
class DutyTest : public StageTest {
 protected:
  void EndAll() {
    for (const char* person :
         {"dr-sato", "dr-kato", "dr-endo", "driver-abe", "driver-ono"}) {
      EXPECT_EQ(Do(absl::StrCat("GoOffDuty person=", person)), "OK");
    }
  }
};

TEST_F(DutyTest, BeginsWithWhatTheRotaSays) {
  const Duty& driver = Get<Duty>("driver-abe");
  EXPECT_TRUE(driver.on_duty);
  EXPECT_EQ(driver.role, Role::kDriver);
  EXPECT_EQ(driver.car, CarId("car-1"));
  EXPECT_EQ(driver.organization, OrganizationId("clinic-hino"));
  EXPECT_EQ(driver.since, StageStart());
  EXPECT_EQ(driver.end_time, Get<Shift>("s-abe").end_time);
  EXPECT_EQ(Get<Duty>("dr-sato").organization, OrganizationId("clinic-hino"));
  EXPECT_EQ(Get<Duty>("dr-sato").car, CarId());
}

TEST_F(DutyTest, IsRefusedOffTheRota) {
  ExpectAll({
      {"GoOnDuty person=none role=PHYSICIAN",
       "NOT_FOUND: people/none is not known"},
      {"GoOnDuty person=dr-sato role=REQUESTER",
       "INVALID_ARGUMENT: role: PHYSICIAN, DRIVER or OPERATOR wanted"},
      {"GoOnDuty person=dr-sato role=DRIVER car=car-2",
       "FAILED_PRECONDITION: people/dr-sato is not on the rota as DRIVER now "
       "or within the next 30 minutes"},
      {"GoOnDuty person=nurse-ito role=OPERATOR",
       "FAILED_PRECONDITION: people/nurse-ito is not on the rota as OPERATOR "
       "now or within the next 30 minutes"},
      {"GoOnDuty person=op-mori role=OPERATOR car=car-1",
       "INVALID_ARGUMENT: car: an operator has none"},
  });
}

TEST_F(DutyTest, BeginsAtMostHalfAnHourEarly) {
  EXPECT_EQ(Do("CreateShift id=x person=dr-sato role=PHYSICIAN "
               "organization=clinic-hino "
               "start_time=2026-11-21T18:00:00+09:00 "
               "end_time=2026-11-22T08:00:00+09:00"),
            "OK");
  Wait(StageStart() + absl::Hours(24) - absl::Minutes(16) - stage_.now());
  EXPECT_FALSE(Get<Duty>("dr-sato").on_duty);
  EXPECT_EQ(Do("GoOnDuty person=dr-sato role=PHYSICIAN"),
            "FAILED_PRECONDITION: people/dr-sato is not on the rota as "
            "PHYSICIAN now or within the next 30 minutes");
  Wait(absl::Minutes(1));
  EXPECT_EQ(Do("GoOnDuty person=dr-sato role=PHYSICIAN"), "OK");
  EXPECT_EQ(Get<Duty>("dr-sato").end_time, Get<Shift>("x").end_time);
}

TEST_F(DutyTest, AnAbsenceTakesHimOffTheRota) {
  EXPECT_EQ(Do("GoOffDuty person=dr-sato"), "OK");
  EXPECT_EQ(Do("CreateOverride id=x kind=ABSENCE person=dr-sato "
               "start_time=17:00 end_time=22:00"),
            "OK");
  EXPECT_EQ(Do("GoOnDuty person=dr-sato role=PHYSICIAN"),
            "FAILED_PRECONDITION: people/dr-sato is not on the rota as "
            "PHYSICIAN now or within the next 30 minutes");
}

TEST_F(DutyTest, ACarHasOneDriver) {
  EndAll();
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER car=car-2"), "OK");
  EXPECT_EQ(Get<Duty>("driver-abe").car, CarId("car-2"));
  EXPECT_EQ(Do("GoOnDuty person=driver-ono role=DRIVER"),
            "FAILED_PRECONDITION: car: cars/car-2 is with people/driver-abe");
  EXPECT_EQ(Do("GoOnDuty person=driver-ono role=DRIVER car=none"),
            "NOT_FOUND: car: cars/none is not known");
  EXPECT_EQ(Do("UpdateCar id=car-1 etag=current display_name=x "
               "state=OUT_OF_SERVICE"),
            "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-ono role=DRIVER car=car-1"),
            "FAILED_PRECONDITION: car: cars/car-1 is OUT_OF_SERVICE");
  EXPECT_EQ(Do("UpdateCar id=car-1 etag=current display_name=x active=false"),
            "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-ono role=DRIVER car=car-1"),
            "FAILED_PRECONDITION: car: cars/car-1 is not in use any more");
  // Free again.
  EXPECT_EQ(Do("GoOffDuty person=driver-abe"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-ono role=DRIVER"), "OK");
}

TEST_F(DutyTest, TheRotaNamesTheRoleWhereNobodyDoes) {
  EXPECT_EQ(Do("GoOffDuty person=driver-abe"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe"), "OK");
  EXPECT_EQ(Get<Duty>("driver-abe").role, Role::kDriver);
  EXPECT_EQ(Get<Duty>("driver-abe").car, CarId("car-1"));
  EXPECT_EQ(Do("GoOffDuty person=op-mori"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=op-mori"), "OK");
  EXPECT_EQ(Get<Duty>("op-mori").role, Role::kOperator);
  EXPECT_EQ(Do("GoOnDuty person=nurse-ito"),
            "FAILED_PRECONDITION: people/nurse-ito is not on the rota as "
            "PHYSICIAN now or within the next 30 minutes");
}

TEST_F(DutyTest, ADriverNeedsACar) {
  EndAll();
  EXPECT_EQ(Do("UpdateShift id=s-abe etag=current person=driver-abe "
               "role=DRIVER organization=clinic-hino start_time=18:00 "
               "end_time=2026-11-21T08:00:00+09:00"),
            "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER"),
            "INVALID_ARGUMENT: car: the shift names none; the driver has to");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER car=car-1"), "OK");
}

TEST_F(DutyTest, SaidTwiceChangesNothing) {
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("GoOffDuty person=driver-abe"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kDutyEnded));
  EXPECT_EQ(Do("GoOffDuty person=driver-abe"), "OK");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Do("GoOffDuty person=none"), "NOT_FOUND: people/none is not known");
}

TEST_F(DutyTest, ChangingTheCarBeginsAnew) {
  EXPECT_EQ(Do("CreateCar id=car-3 display_name=x"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER car=car-3"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kDutyBegan));
  EXPECT_EQ(Get<Duty>("driver-abe").car, CarId("car-3"));
}

TEST_F(DutyTest, ChangingTheCarTakesTheOfferAlong) {
  for (const char* board : {"submitted", "triaged", "offered"}) {
    SetUpFrom(board);
  }
  EXPECT_EQ(Do("CreateCar id=car-3 display_name=x"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER car=car-3"), "OK");
  EXPECT_THAT(events_,
              ElementsAre(EventKind::kOfferWithdrawn, EventKind::kDutyBegan));
  EXPECT_EQ(Get<Call>("c1").state, CallState::kMatching);
}

TEST_F(DutyTest, VisitsCountForTheWholeDuty) {
  for (const char* board :
       {"submitted", "triaged", "offered", "accepted", "on_scene", "left"}) {
    SetUpFrom(board);
  }
  EXPECT_EQ(Get<Duty>("dr-sato").visits, 1);
  EXPECT_EQ(Do("GoOffDuty person=dr-sato"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=dr-sato role=PHYSICIAN"), "OK");
  EXPECT_EQ(Get<Duty>("dr-sato").visits, 1);
  // The next one begins at nought.
  EXPECT_EQ(Do("CreateShift id=x person=dr-sato role=PHYSICIAN "
               "organization=clinic-hino "
               "start_time=2026-11-21T09:00:00+09:00 "
               "end_time=2026-11-21T18:00:00+09:00"),
            "OK");
  Wait(absl::Hours(11));
  EXPECT_EQ(Do("GoOnDuty person=dr-sato role=PHYSICIAN"), "OK");
  EXPECT_EQ(Get<Duty>("dr-sato").visits, 0);
}

TEST_F(DutyTest, ADutyThatAnotherAdjoinsGoesOn) {
  const Duty before = Get<Duty>("dr-sato");
  EXPECT_EQ(Do("CreateShift id=x person=dr-sato role=PHYSICIAN "
               "organization=clinic-hino "
               "start_time=2026-11-21T08:00:00+09:00 "
               "end_time=2026-11-21T12:00:00+09:00"),
            "OK");
  EXPECT_EQ(Do("CreateShift id=y person=dr-kato role=PHYSICIAN reserve=true "
               "organization=clinic-hino "
               "start_time=2026-11-21T08:00:00+09:00 "
               "end_time=2026-11-21T12:00:00+09:00"),
            "OK");
  Wait(before.end_time - stage_.now());
  const Duty& after = Get<Duty>("dr-sato");
  EXPECT_TRUE(after.on_duty);
  EXPECT_EQ(after.since, before.since);
  EXPECT_EQ(after.end_time, before.end_time + absl::Hours(4));
  // The reserve is to be called up first.
  EXPECT_FALSE(Get<Duty>("dr-kato").on_duty);
  Wait(absl::Hours(4));
  EXPECT_FALSE(Get<Duty>("dr-sato").on_duty);
}

TEST_F(DutyTest, WhoIsUnderWayStays) {
  for (const char* board : {"submitted", "triaged", "offered", "accepted"}) {
    SetUpFrom(board);
  }
  for (const char* person : {"dr-sato", "driver-abe"}) {
    EXPECT_EQ(Do(absl::StrCat("GoOffDuty person=", person)),
              absl::StrCat("FAILED_PRECONDITION: people/", person,
                           " is bound by assignments/c1--a3; finish or "
                           "release it first"));
  }
  EXPECT_EQ(Do("CreateCar id=car-3 display_name=x"), "OK");
  EXPECT_EQ(Do("GoOnDuty person=driver-abe role=DRIVER car=car-3"),
            "FAILED_PRECONDITION: people/driver-abe is on duty as DRIVER and "
            "under way; finish that first");
}

TEST_F(DutyTest, AnOfferGoesToTheNext) {
  for (const char* board : {"submitted", "triaged", "offered"}) {
    SetUpFrom(board);
  }
  EXPECT_EQ(Do("GoOffDuty person=dr-sato"), "OK");
  EXPECT_THAT(events_,
              ElementsAre(EventKind::kDutyEnded, EventKind::kOfferWithdrawn));
  EXPECT_EQ(Get<Call>("c1").state, CallState::kMatching);
  EXPECT_EQ(Get<Offer>("c1--o2").state, OfferState::kWithdrawn);
  EXPECT_FALSE(Get<Duty>("dr-sato").on_duty);
  EXPECT_TRUE(Get<Duty>("driver-abe").on_duty);
}

// --- Positions --------------------------------------------------------------

TEST_F(DutyTest, TheNewestFixCounts) {
  const absl::Time now = stage_.now();
  EXPECT_EQ(Do("ReportPosition person=dr-sato position={latitude=35.1 "
               "longitude=139} accuracy_meters=5 device_time=17:44",
               "dr-sato"),
            "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kPositionReported));
  EXPECT_EQ(Get<Position>("dr-sato").position, (LatLng{35.1, 139}));
  EXPECT_EQ(Get<Position>("dr-sato").device_time, now - absl::Minutes(1));
  EXPECT_EQ(Get<Position>("dr-sato").receive_time, now);
  for (const char* time : {"17:43:59", "17:44"}) {
    EXPECT_EQ(Do(absl::StrCat("ReportPosition person=dr-sato "
                              "position={latitude=35.2 longitude=139} "
                              "device_time=",
                              time)),
              "OK");
    EXPECT_THAT(events_, IsEmpty()) << time;
  }
  EXPECT_EQ(Get<Position>("dr-sato").position, (LatLng{35.1, 139}));
  EXPECT_EQ(Do("ReportPosition person=dr-sato position={latitude=35.3 "
               "longitude=139} device_time=17:44:01"),
            "OK");
  EXPECT_EQ(Get<Position>("dr-sato").position, (LatLng{35.3, 139}));
}

TEST_F(DutyTest, AClockThatIsAheadCountsAsNow) {
  const absl::Time now = stage_.now();
  EXPECT_EQ(Do("ReportPosition person=dr-sato position={latitude=35 "
               "longitude=139} device_time=17:46"),
            "OK");
  EXPECT_EQ(Get<Position>("dr-sato").device_time, now + absl::Minutes(1));
  EXPECT_EQ(Do("ReportPosition person=dr-kato position={latitude=35 "
               "longitude=139} device_time=17:46:01"),
            "OK");
  EXPECT_EQ(Get<Position>("dr-kato").device_time, now);
  EXPECT_EQ(Do("ReportPosition person=dr-endo position={latitude=35 "
               "longitude=139} device_time=infinite-future"),
            "OK");
  EXPECT_EQ(Get<Position>("dr-endo").device_time, now);
}

TEST_F(DutyTest, PositionsAreChecked) {
  const std::string where =
      "INVALID_ARGUMENT: position: latitude within ±90 and longitude within "
      "±180 degrees wanted";
  ExpectAll({
      {"ReportPosition person=none", "NOT_FOUND: people/none is not known"},
      {"ReportPosition person=nurse-ito",
       "FAILED_PRECONDITION: people/nurse-ito is not on duty"},
      {"ReportPosition person=dr-sato position={latitude=90.1}", where},
      {"ReportPosition person=dr-sato position={longitude=-180.1}", where},
      {"ReportPosition person=dr-sato position={latitude=nan}", where},
      {"ReportPosition person=dr-sato position={longitude=inf}", where},
      {"ReportPosition person=dr-sato accuracy_meters=-1",
       "INVALID_ARGUMENT: accuracy_meters: 0 or more metres wanted"},
      {"ReportPosition person=dr-sato accuracy_meters=nan",
       "INVALID_ARGUMENT: accuracy_meters: 0 or more metres wanted"},
      {"ReportPosition person=dr-sato accuracy_meters=inf",
       "INVALID_ARGUMENT: accuracy_meters: 0 or more metres wanted"},
  });
}

}  // namespace
}  // namespace housecall::core::testing
