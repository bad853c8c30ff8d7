// The rules of the directory, the rota, accounts and sessions, on the center
// of testdata/standard.board.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stage_test.h"

namespace housecall::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using DirectoryTest = StageTest;

// --- What every record has in common ----------------------------------------

TEST_F(DirectoryTest, CreatesUnderAChosenIdOnce) {
  EXPECT_EQ(Do("CreateCar id=car-9 display_name=x"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kCarChanged));
  EXPECT_EQ(Get<Car>("car-9").etag, Version{1});
  ExpectAll({
      {"CreateCar id=car-9 display_name=x",
       "ALREADY_EXISTS: cars/car-9 exists already"},
      {"CreateCar display_name=x",
       "INVALID_ARGUMENT: car: an id has 1 to 63 characters of a-z, 0-9 and "
       "single '-', none at its ends"},
      {"CreateCar id=Car display_name=x",
       "INVALID_ARGUMENT: car: an id has 1 to 63 characters of a-z, 0-9 and "
       "single '-', none at its ends"},
      {"CreateCar id=a--b display_name=x",
       "INVALID_ARGUMENT: car: an id has 1 to 63 characters of a-z, 0-9 and "
       "single '-', none at its ends"},
  });
}

TEST_F(DirectoryTest, UpdatesWhatWasReadOnly) {
  ExpectAll({
      {"UpdateCar id=car-1 etag=1 display_name=x", "OK"},
      {"UpdateCar id=car-1 etag=1 display_name=y",
       "ABORTED: etag: cars/car-1 was written since (1 given, 2 now); read it "
       "again"},
      {"UpdateCar id=car-1 etag=3 display_name=y",
       "ABORTED: etag: cars/car-1 was written since (3 given, 2 now); read it "
       "again"},
      {"UpdateCar id=car-1 display_name=y",
       "ABORTED: etag: cars/car-1 was written since (0 given, 2 now); read it "
       "again"},
      {"UpdateCar id=car-7 etag=1 display_name=y",
       "NOT_FOUND: cars/car-7 is not known"},
  });
  EXPECT_EQ(Get<Car>("car-1").display_name, "x");
  EXPECT_EQ(Get<Car>("car-1").etag, Version{2});
}

TEST_F(DirectoryTest, NamesWhatIsNotKnown) {
  ExpectAll({
      {"CreatePerson id=x display_name=x organization=none",
       "NOT_FOUND: organization: organizations/none is not known"},
      {"CreatePerson id=x display_name=x",
       "INVALID_ARGUMENT: organization: required"},
      {"CreatePerson id=x display_name=x organization=office "
       "employments=[{organization=none}]",
       "NOT_FOUND: employments.organization: organizations/none is not known"},
      {"CreateCar id=x display_name=x organization=none",
       "NOT_FOUND: organization: organizations/none is not known"},
      {"CreatePatient id=x display_name=x place={address=x} "
       "primary_clinic=none",
       "NOT_FOUND: primary_clinic: organizations/none is not known"},
      {"CreatePatient id=x display_name=x place={address=x} "
       "primary_physician=none",
       "NOT_FOUND: primary_physician: people/none is not known"},
      {"CreatePatient id=x display_name=x place={address=x} "
       "excluded_physicians=[dr-sato none]",
       "NOT_FOUND: excluded_physicians: people/none is not known"},
      {"CreatePatient id=x display_name=x place={address=x} "
       "care_team=[{role=PHARMACY organization=none channels=[INBOX]}]",
       "NOT_FOUND: care_team.organization: organizations/none is not known"},
      {"CreatePatient id=x display_name=x place={address=x} "
       "care_team=[{role=PHARMACY organization=office person=none "
       "channels=[INBOX]}]",
       "NOT_FOUND: care_team.person: people/none is not known"},
      {"CreateShift id=x person=none",
       "NOT_FOUND: person: people/none is not known"},
      {"CreateOverride id=x person=none",
       "NOT_FOUND: person: people/none is not known"},
      {"SaveAccount account=x person=none roles=[DRIVER] password_hash=x "
       "create=true",
       "NOT_FOUND: person: people/none is not known"},
  });
}

// --- Center -----------------------------------------------------------------

TEST(Center, IsCreatedBeforeAllElse) {
  Stage stage(StageStart());
  const Actor system = SystemActor();
  EXPECT_EQ(TextOf(stage.Play("CreateCar id=x", system).status()),
            "FAILED_PRECONDITION: the center does not exist; create it first");
  EXPECT_TRUE(stage
                  .Play("CreateCenter id=hino display_name=x "
                        "last_resort_contacts=[{phone=090}]",
                        system)
                  .ok());
  EXPECT_EQ(stage.board().center().id, CenterId("hino"));
  EXPECT_EQ(TextOf(stage
                       .Play("CreateCenter id=hino display_name=x "
                             "last_resort_contacts=[{phone=090}]",
                             system)
                       .status()),
            "ALREADY_EXISTS: centers/hino exists already");
  EXPECT_EQ(TextOf(stage
                       .Play("CreateCenter id=other display_name=x "
                             "last_resort_contacts=[{phone=090}]",
                             system)
                       .status()),
            "INVALID_ARGUMENT: center: this board is of centers/hino");
}

TEST_F(DirectoryTest, CenterIsChecked) {
  const std::string good =
      "UpdateCenter id=hino etag=current display_name=x "
      "last_resort_contacts=[{phone=090}] ";
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"", "OK"},
      {"time_zone=Asia/Nowhere",
       "INVALID_ARGUMENT: time_zone: Asia/Nowhere is not known to this "
       "machine; an IANA name such as Asia/Tokyo wanted"},
      {"time_zone=\"\"",
       "INVALID_ARGUMENT: time_zone:  is not known to this machine; an IANA "
       "name such as Asia/Tokyo wanted"},
      {"position={latitude=91}",
       "INVALID_ARGUMENT: position: latitude within ±90 and longitude within "
       "±180 degrees wanted"},
      {"position={longitude=nan}",
       "INVALID_ARGUMENT: position: latitude within ±90 and longitude within "
       "±180 degrees wanted"},
      {"policy={urgent_target=0s}",
       "INVALID_ARGUMENT: policy.urgent_target: 1 second to 7 days wanted"},
      {"policy={offer_timeout=-5s}",
       "INVALID_ARGUMENT: policy.offer_timeout: 1 second to 7 days wanted"},
      {"policy={session_timeout=inf}",
       "INVALID_ARGUMENT: policy.session_timeout: 1 second to 7 days wanted"},
      {"policy={urgent_target=121m}",
       "INVALID_ARGUMENT: policy.standard_target: at least "
       "policy.urgent_target wanted"},
      {"policy={standard_target=361m}",
       "INVALID_ARGUMENT: policy.routine_target: at least "
       "policy.standard_target wanted"},
      {"policy={urgent_triage_target=2h}",
       "INVALID_ARGUMENT: policy.triage_target: at least "
       "policy.urgent_triage_target wanted"},
      {"policy={urgent_offer_timeout=181s}",
       "INVALID_ARGUMENT: policy.offer_timeout: at least "
       "policy.urgent_offer_timeout wanted"},
      {"policy={departure_nudge=16m}",
       "INVALID_ARGUMENT: policy.departure_alarm: at least "
       "policy.departure_nudge wanted"},
      {"policy={departure_alarm=21m}",
       "INVALID_ARGUMENT: policy.departure_rematch: at least "
       "policy.departure_alarm wanted"},
      {"policy={offer_rings=0}",
       "INVALID_ARGUMENT: policy.offer_rings: 1 to 10 wanted"},
      {"policy={delivery_due_minute=1440}",
       "INVALID_ARGUMENT: policy.delivery_due_minute: 0 to 1439 wanted"},
      {"policy={delivery_due_minute=0 delivery_attempts=1}", "OK"},
      {"policy={max_distance_meters=0}",
       "INVALID_ARGUMENT: policy.max_distance_meters: 1 to 1e+06 wanted"},
      {"policy={tardiness_weight=nan}",
       "INVALID_ARGUMENT: policy.tardiness_weight: 0 to 1e+06 wanted"},
      {"policy={fairness_minutes_per_visit=-1}",
       "INVALID_ARGUMENT: policy.fairness_minutes_per_visit: 0 to 1e+06 "
       "wanted"},
      {"policy={urgent_weight=16 standard_weight=4 routine_weight=4 "
       "drive_weight=0 holds=true}",
       "OK"},
      {"policy={routine_weight=0}",
       "INVALID_ARGUMENT: policy.routine_weight: 0.01 to 1000 wanted"},
      {"policy={urgent_weight=1001}",
       "INVALID_ARGUMENT: policy.urgent_weight: 0.01 to 1000 wanted"},
      {"policy={urgent_weight=1}",
       "INVALID_ARGUMENT: policy.urgent_weight: at least "
       "policy.standard_weight wanted"},
      {"policy={routine_weight=3}",
       "INVALID_ARGUMENT: policy.standard_weight: at least "
       "policy.routine_weight wanted"},
      {"policy={drive_weight=-1}",
       "INVALID_ARGUMENT: policy.drive_weight: 0 to 1000 wanted"},
      {"policy={change_minutes=0}",
       "INVALID_ARGUMENT: policy.change_minutes: 1 to 1e+06 wanted"},
  };
  for (const auto& [fields, outcome] : rows) {
    EXPECT_EQ(Do(good + fields), outcome) << fields;
  }
  EXPECT_EQ(Do("UpdateCenter id=hino etag=current display_name=x"),
            "INVALID_ARGUMENT: last_resort_contacts: required");
  EXPECT_EQ(Do("UpdateCenter id=hino etag=current display_name=x "
               "last_resort_contacts=[{display_name=x}]"),
            "INVALID_ARGUMENT: last_resort_contacts.phone: required");
  EXPECT_EQ(Do("UpdateCenter id=hino etag=current "
               "last_resort_contacts=[{phone=1}]"),
            "INVALID_ARGUMENT: display_name: required");
}

// --- Organizations ----------------------------------------------------------

constexpr char kSecret[] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

TEST_F(DirectoryTest, WebhooksAreSafe) {
  const std::vector<std::pair<const char*, const char*>> urls = {
      {"https://a.example", "OK"},
      {"https://a.example:8443/notes?token=1#x", "OK"},
      {"http://localhost:8080/notes", "OK"},
      {"http://127.0.0.1:8080", "OK"},
      {"\"http://[::1]:8080\"", "OK"},
      {"http://a.example",
       "INVALID_ARGUMENT: webhook.url: http:// is for this machine only; "
       "https:// wanted"},
      {"http://localhost.evil.example",
       "INVALID_ARGUMENT: webhook.url: http:// is for this machine only; "
       "https:// wanted"},
      {"http://localhost@evil.example",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"ftp://a.example",
       "INVALID_ARGUMENT: webhook.url: an address that begins with https:// "
       "wanted"},
      {"https://",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"https://:443",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"https://a.example:0",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"https://a.example:65536",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"https://user:pass@a.example",
       "INVALID_ARGUMENT: webhook.url: a host name, with a port or without, "
       "wanted"},
      {"\"https://a.example/a b\"",
       "INVALID_ARGUMENT: webhook.url: no spaces or control characters "
       "wanted"},
      {"\"https://a.example/\\r\\nX: y\"",
       "INVALID_ARGUMENT: webhook.url: no spaces or control characters "
       "wanted"},
      {"\"\"", "INVALID_ARGUMENT: webhook.url: required"},
  };
  int number = 0;
  for (const auto& [url, outcome] : urls) {
    EXPECT_EQ(Do(absl::StrCat("CreateOrganization id=o", ++number,
                              " kind=CLINIC display_name=x webhook={url=", url,
                              " secret=", kSecret, "}")),
              outcome)
        << url;
  }
}

TEST_F(DirectoryTest, WebhooksHaveAGoodSecret) {
  constexpr char kRefused[] =
      "INVALID_ARGUMENT: webhook.secret: \"whsec_\" and base64 of 24 to 64 "
      "bytes wanted";
  const std::vector<std::pair<std::string, std::string>> secrets = {
      {kSecret, "OK"},
      // 23 and 65 bytes.
      {"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=", kRefused},
      {absl::StrCat("whsec_", std::string(88, 'A')), kRefused},
      {absl::StrCat("whsec_", std::string(84, 'A')), "OK"},
      {"whsec_?", kRefused},
      {"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", kRefused},
      {"\"\"", "INVALID_ARGUMENT: webhook.secret: required"},
  };
  int number = 0;
  for (const auto& [secret, outcome] : secrets) {
    EXPECT_EQ(Do(absl::StrCat("CreateOrganization id=o", ++number,
                              " kind=CLINIC display_name=x "
                              "webhook={url=https://a.example secret=",
                              secret, "}")),
              outcome)
        << secret;
  }
}

TEST_F(DirectoryTest, AnEmptySecretKeepsTheOldOne) {
  const PrivateText secret = Get<Organization>("clinic-sakura").webhook->secret;
  EXPECT_EQ(Do("UpdateOrganization id=clinic-sakura etag=current kind=CLINIC "
               "display_name=x webhook={url=https://b.example}"),
            "OK");
  EXPECT_EQ(Get<Organization>("clinic-sakura").webhook->url,
            "https://b.example");
  EXPECT_EQ(Get<Organization>("clinic-sakura").webhook->secret, secret);
  // Gone with the webhook.
  EXPECT_EQ(Do("UpdateOrganization id=clinic-sakura etag=current kind=CLINIC "
               "display_name=x"),
            "OK");
  EXPECT_EQ(Do("UpdateOrganization id=clinic-sakura etag=current kind=CLINIC "
               "display_name=x webhook={url=https://b.example}"),
            "INVALID_ARGUMENT: webhook.secret: required");
}

TEST_F(DirectoryTest, OrganizationsAreChecked) {
  ExpectAll({
      {"CreateOrganization id=o1 display_name=x",
       "INVALID_ARGUMENT: kind: required"},
      {"CreateOrganization id=o1 kind=CLINIC",
       "INVALID_ARGUMENT: display_name: required"},
      {"CreateOrganization id=o1 kind=CLINIC display_name=x "
       "position={longitude=181}",
       "INVALID_ARGUMENT: position: latitude within ±90 and longitude within "
       "±180 degrees wanted"},
  });
}

// --- People, cars -----------------------------------------------------------

TEST_F(DirectoryTest, PeopleAreChecked) {
  ExpectAll({
      {"CreatePerson id=x organization=office",
       "INVALID_ARGUMENT: display_name: required"},
      {"CreatePerson id=x organization=office display_name=x "
       "skills=[CHILD CHILD]",
       "INVALID_ARGUMENT: skills: CHILD is there twice"},
      {"CreatePerson id=x organization=office display_name=x "
       "skills=[UNSPECIFIED]",
       "INVALID_ARGUMENT: skills: UNSPECIFIED given"},
      {"CreatePerson id=x organization=office display_name=x "
       "employments=[{organization=office start_time=18:00 end_time=18:00}]",
       "INVALID_ARGUMENT: employments.end_time: a time after start_time "
       "wanted"},
      {"CreatePerson id=x organization=office display_name=x "
       "home_position={latitude=-91}",
       "INVALID_ARGUMENT: home_position: latitude within ±90 and longitude "
       "within ±180 degrees wanted"},
      {"UpdatePerson id=dr-kato etag=current organization=clinic-hino "
       "display_name=x active=false",
       "FAILED_PRECONDITION: active: people/dr-kato is on duty; end that "
       "first"},
  });
}

TEST_F(DirectoryTest, WhoLeavesIsLoggedOutEverywhere) {
  EXPECT_EQ(
      Do("OpenSession session=s1 account=nurse-ito password_hash=x", "system"),
      "OK");
  EXPECT_EQ(Do("UpdatePerson id=nurse-ito etag=current "
               "organization=station-asahi display_name=x active=false"),
            "OK");
  EXPECT_TRUE(Get<Session>("s1").revoked);
  EXPECT_EQ(
      Do("OpenSession session=s2 account=nurse-ito password_hash=x", "system"),
      "FAILED_PRECONDITION: accounts/nurse-ito is disabled");
  EXPECT_EQ(Do("GoOffDuty person=op-mori"), "OK");
  EXPECT_EQ(Do("UpdatePerson id=op-mori etag=current organization=office "
               "display_name=x active=false"),
            "FAILED_PRECONDITION: the center's last administrator must keep "
            "his account and role");
}

TEST_F(DirectoryTest, CarsAreChecked) {
  ExpectAll({
      {"CreateCar id=x display_name=x seats=0",
       "INVALID_ARGUMENT: seats: 1 to 20 wanted"},
      {"CreateCar id=x display_name=x seats=21",
       "INVALID_ARGUMENT: seats: 1 to 20 wanted"},
      {"CreateCar id=x display_name=x seats=20", "OK"},
      {"CreateCar id=y", "INVALID_ARGUMENT: display_name: required"},
      {"CreateCar id=y display_name=y state=UNSPECIFIED", "OK"},
  });
  EXPECT_EQ(Get<Car>("y").state, CarState::kAvailable);
}

TEST_F(DirectoryTest, ACarUnderWayIsNotTakenOutOfUse) {
  for (const char* board : {"submitted", "triaged", "offered"}) {
    ASSERT_TRUE(
        stage_.SetUpFrom(absl::StrCat(HOUSECALL_TESTDATA, "/", board, ".board"))
            .ok());
  }
  Stage accepted = stage_;
  // Offered: the offer goes to the next.
  EXPECT_EQ(Do("UpdateCar id=car-1 etag=current display_name=x "
               "state=OUT_OF_SERVICE"),
            "OK");
  EXPECT_THAT(events_,
              ElementsAre(EventKind::kCarChanged, EventKind::kOfferWithdrawn));
  EXPECT_EQ(Get<Call>("c1").state, CallState::kMatching);
  // Accepted: that is a breakdown.
  stage_ = accepted;
  ASSERT_TRUE(
      stage_.SetUpFrom(absl::StrCat(HOUSECALL_TESTDATA, "/accepted.board"))
          .ok());
  EXPECT_EQ(Do("UpdateCar id=car-1 etag=current display_name=x active=false"),
            "FAILED_PRECONDITION: state: cars/car-1 is used by "
            "assignments/c1--a3; report the breakdown instead");
  EXPECT_EQ(Do("UpdateCar id=car-1 etag=current display_name=x"), "OK");
  EXPECT_EQ(Do("UpdateCar id=car-2 etag=current display_name=x active=false"),
            "OK");
}

// --- Patients ---------------------------------------------------------------

TEST_F(DirectoryTest, PatientsAreChecked) {
  const std::string good =
      "CreatePatient id=x display_name=x place={address=x}";
  const std::vector<std::pair<const char*, const char*>> rows = {
      {" birth_date=1938-13-01",
       "INVALID_ARGUMENT: birth_date: a day of the past as YYYY-MM-DD wanted"},
      {" birth_date=1938-02-30",
       "INVALID_ARGUMENT: birth_date: a day of the past as YYYY-MM-DD wanted"},
      {" birth_date=2026-11-21",
       "INVALID_ARGUMENT: birth_date: a day of the past as YYYY-MM-DD wanted"},
      {" birth_date=38-02-03",
       "INVALID_ARGUMENT: birth_date: a day of the past as YYYY-MM-DD wanted"},
      {" primary_clinic=station-asahi",
       "FAILED_PRECONDITION: primary_clinic: organizations/station-asahi is a "
       "NURSE_STATION; a clinic or hospital wanted"},
      {" care_team=[{organization=office channels=[INBOX]}]",
       "INVALID_ARGUMENT: care_team.role: required"},
      {" care_team=[{role=PHARMACY channels=[INBOX]}]",
       "INVALID_ARGUMENT: care_team.organization: required"},
      {" care_team=[{role=PHARMACY organization=office}]",
       "INVALID_ARGUMENT: care_team.channels: required"},
      {" care_team=[{role=PHARMACY organization=office "
       "channels=[INBOX INBOX]}]",
       "INVALID_ARGUMENT: care_team.channels: INBOX is there twice"},
      {" care_team=[{role=PHARMACY organization=office channels=[INBOX]} "
       "{role=FACILITY organization=office channels=[INBOX]}]",
       "INVALID_ARGUMENT: care_team.organization: organizations/office is "
       "there twice"},
      {" devices=[{settings=x}]", "INVALID_ARGUMENT: devices.kind: required"},
      {" devices=[{kind=OXYGEN battery_duration=-1h}]",
       "INVALID_ARGUMENT: devices.battery_duration: 0 to 366 days wanted"},
      {" required_skills=[UNSPECIFIED]",
       "INVALID_ARGUMENT: required_skills: UNSPECIFIED given"},
      {" birth_date=2026-11-20", "OK"},
  };
  for (const auto& [fields, outcome] : rows) {
    EXPECT_EQ(Do(good + fields), outcome) << fields;
  }
  EXPECT_EQ(Do("CreatePatient id=y place={address=x}"),
            "INVALID_ARGUMENT: display_name: required");
  EXPECT_EQ(Do("CreatePatient id=y display_name=x"),
            "INVALID_ARGUMENT: place.address: required");
  EXPECT_EQ(Do("CreatePatient id=y display_name=x place={address=x "
               "position={latitude=99}}"),
            "INVALID_ARGUMENT: place.position: latitude within ±90 and "
            "longitude within ±180 degrees wanted");
}

TEST_F(DirectoryTest, ErrorsRepeatNothingOfAPatient) {
  for (const char* fields :
       {"birth_date=19380505x", "place={address=x position={latitude=99.5}}"}) {
    const std::string outcome =
        Do(absl::StrCat("CreatePatient id=x display_name=Tanaka ", fields));
    EXPECT_THAT(outcome, StartsWith("INVALID_ARGUMENT: "));
    for (const char* secret : {"Tanaka", "19380505", "99.5"}) {
      EXPECT_THAT(outcome, ::testing::Not(HasSubstr(secret)));
    }
  }
}

TEST_F(DirectoryTest, HistoriesAreNotOverwritten) {
  EXPECT_EQ(Do("RecordAcp patient=tanaka entry={resuscitation=DO_NOT_ATTEMPT "
               "recorded_by=dr-sato record_time=10:00}",
               "nurse-ito"),
            "OK");
  EXPECT_EQ(Do("ConfirmPatient patient=tanaka", "nurse-ito"), "OK");
  EXPECT_EQ(Do("RecordAcp patient=tanaka entry={transport=STAY_AT_HOME}",
               "nurse-ito"),
            "OK");
  EXPECT_EQ(Do("UpdatePatient id=tanaka etag=current display_name=x "
               "place={address=x} seen_by=[dr-kato] acp=[{wishes=x}] "
               "confirm_time=10:00 update_time=10:00"),
            "OK");
  const Patient& patient = Get<Patient>("tanaka");
  ASSERT_EQ(patient.acp.size(), 2);
  // By whom and when is the server's to say.
  EXPECT_EQ(patient.acp[0].recorded_by, PersonId("nurse-ito"));
  EXPECT_EQ(patient.acp[0].record_time, stage_.now());
  EXPECT_EQ(patient.acp[0].resuscitation, ResuscitationWish::kDoNotAttempt);
  EXPECT_EQ(patient.acp[1].transport, TransportWish::kStayAtHome);
  EXPECT_THAT(patient.seen_by, IsEmpty());
  EXPECT_EQ(patient.confirm_time, stage_.now());
  EXPECT_EQ(patient.update_time, stage_.now());
  EXPECT_EQ(patient.display_name, PrivateText("x"));

  EXPECT_EQ(Do("CreatePatient id=new display_name=x place={address=x} "
               "acp=[{wishes=x}] seen_by=[dr-sato] confirm_time=10:00"),
            "OK");
  EXPECT_THAT(Get<Patient>("new").acp, IsEmpty());
  EXPECT_THAT(Get<Patient>("new").seen_by, IsEmpty());
  EXPECT_EQ(Get<Patient>("new").confirm_time, absl::UnixEpoch());

  EXPECT_EQ(Do("RecordAcp patient=tanaka entry={participants=x}"),
            "INVALID_ARGUMENT: entry: at least one wish wanted");
  EXPECT_EQ(Do("RecordAcp patient=none entry={wishes=x}"),
            "NOT_FOUND: patients/none is not known");
  EXPECT_EQ(Do("ConfirmPatient patient=none"),
            "NOT_FOUND: patients/none is not known");
}

// --- Rota -------------------------------------------------------------------

TEST_F(DirectoryTest, ShiftsAreChecked) {
  // The night after.
  const std::string night =
      " start_time=2026-11-21T18:00:00+09:00 "
      "end_time=2026-11-22T08:00:00+09:00";
  const std::string sato = "CreateShift id=x person=dr-sato role=PHYSICIAN";
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"CreateShift id=x person=dr-sato role=REQUESTER "
       "organization=clinic-hino" +
           night,
       "INVALID_ARGUMENT: role: PHYSICIAN, DRIVER or OPERATOR wanted"},
      {sato + night, "INVALID_ARGUMENT: organization: required"},
      {sato + night + " organization=none",
       "NOT_FOUND: organization: organizations/none is not known"},
      {sato + night + " organization=clinic-sakura",
       "FAILED_PRECONDITION: organization: people/dr-sato has no contract "
       "with organizations/clinic-sakura for all of these hours"},
      {sato + " organization=clinic-hino start_time=2026-03-31T18:00:00+09:00 "
              "end_time=2026-04-01T08:00:00+09:00",
       "FAILED_PRECONDITION: organization: people/dr-sato has no contract "
       "with organizations/clinic-hino for all of these hours"},
      {sato + " organization=clinic-hino",
       "INVALID_ARGUMENT: start_time: required"},
      {sato + " organization=clinic-hino start_time=18:00 end_time=18:00",
       "INVALID_ARGUMENT: end_time: after start_time by at most 72 hours "
       "wanted"},
      {sato + " organization=clinic-hino "
              "start_time=2026-11-21T18:00:00+09:00 "
              "end_time=2026-11-24T18:00:01+09:00",
       "INVALID_ARGUMENT: end_time: after start_time by at most 72 hours "
       "wanted"},
      {sato + " organization=clinic-hino start_time=19:00 end_time=20:00",
       "FAILED_PRECONDITION: person: people/dr-sato is on duty in that time "
       "already, by shifts/s-sato"},
      {sato + night + " organization=clinic-hino car=none",
       "NOT_FOUND: car: cars/none is not known"},
      {sato + night + " organization=clinic-hino base_position={latitude=99}",
       "INVALID_ARGUMENT: base_position: latitude within ±90 and longitude "
       "within ±180 degrees wanted"},
      {"CreateShift id=x person=op-mori role=OPERATOR car=car-1" + night,
       "INVALID_ARGUMENT: car: an operator has none"},
      // It begins when the one before ends, and one is made cancelled.
      {"CreateShift id=x person=dr-sato role=PHYSICIAN "
       "organization=clinic-hino start_time=2026-11-21T08:00:00+09:00 "
       "end_time=2026-11-21T18:00:00+09:00 state=CANCELLED",
       "OK"},
      {"CreateShift id=y person=driver-abe role=DRIVER "
       "organization=clinic-hino car=car-2" +
           night,
       "OK"},
  };
  for (const auto& [command, outcome] : rows) {
    EXPECT_EQ(Do(command), outcome) << command;
  }
  EXPECT_EQ(Get<Shift>("x").state, ShiftState::kPlanned);
}

TEST_F(DirectoryTest, ACancelledShiftMakesRoom) {
  const std::string hours =
      " person=dr-sato role=PHYSICIAN organization=clinic-hino "
      "start_time=18:00 end_time=2026-11-21T08:00:00+09:00";
  EXPECT_EQ(Do("UpdateShift id=s-sato etag=current state=CANCELLED" + hours),
            "OK");
  EXPECT_EQ(Do("CreateShift id=x" + hours), "OK");
  EXPECT_EQ(Do("UpdateShift id=s-sato etag=current state=PLANNED" + hours),
            "FAILED_PRECONDITION: person: people/dr-sato is on duty in that "
            "time already, by shifts/x");
  // An update does not meet itself.
  EXPECT_EQ(Do("UpdateShift id=x etag=current" + hours + " reserve=true"),
            "OK");
}

TEST_F(DirectoryTest, OverridesAreChecked) {
  const std::string hours =
      " start_time=2026-11-21T00:00:00+09:00 "
      "end_time=2026-11-21T08:00:00+09:00";
  const std::string next_night =
      " start_time=2026-11-21T18:00:00+09:00 "
      "end_time=2026-11-22T08:00:00+09:00";
  EXPECT_EQ(Do("CreatePerson id=dr-new organization=clinic-hino "
               "display_name=x employments=[{organization=clinic-hino "
               "start_time=2026-04-01T00:00:00+09:00}]"),
            "OK");
  EXPECT_EQ(Do("CreatePerson id=dr-free organization=clinic-hino "
               "display_name=x"),
            "OK");
  const std::vector<std::pair<std::string, const char*>> rows = {
      {"CreateOverride id=x person=dr-sato" + hours,
       "INVALID_ARGUMENT: kind: required"},
      {"CreateOverride id=x kind=ABSENCE person=dr-sato start_time=18:00 "
       "end_time=17:00",
       "INVALID_ARGUMENT: end_time: after start_time by at most 8784 hours "
       "wanted"},
      {"CreateOverride id=x kind=ABSENCE person=dr-sato replacement=dr-kato" +
           hours,
       "INVALID_ARGUMENT: replacement: for the kind REPLACEMENT only"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato" + hours,
       "INVALID_ARGUMENT: replacement: required"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato "
       "replacement=dr-sato" +
           hours,
       "INVALID_ARGUMENT: replacement: another person wanted"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato "
       "replacement=dr-kato" +
           hours,
       "FAILED_PRECONDITION: replacement: people/dr-kato is on duty in that "
       "time already, by shifts/s-kato"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato "
       "replacement=dr-free" +
           hours,
       "FAILED_PRECONDITION: organization: people/dr-free has no contract "
       "with organizations/clinic-hino for all of these hours"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato "
       "replacement=dr-new" +
           next_night,
       "FAILED_PRECONDITION: person: people/dr-sato has no shift in that "
       "time"},
      {"CreateOverride id=x kind=REPLACEMENT person=dr-sato "
       "replacement=dr-new" +
           hours,
       "OK"},
      {"CreateOverride id=y kind=ADDITION person=dr-sato role=PHYSICIAN "
       "organization=clinic-hino" +
           hours,
       "FAILED_PRECONDITION: person: people/dr-sato is on duty in that time "
       "already, by shifts/s-sato"},
      {"CreateOverride id=y kind=ADDITION person=dr-sato role=PHYSICIAN" +
           next_night,
       "INVALID_ARGUMENT: organization: required"},
      {"CreateOverride id=y kind=ADDITION person=dr-sato "
       "organization=clinic-hino" +
           next_night,
       "INVALID_ARGUMENT: role: PHYSICIAN, DRIVER or OPERATOR wanted"},
      {"CreateOverride id=y kind=ADDITION person=dr-sato role=PHYSICIAN "
       "organization=clinic-hino" +
           next_night,
       "OK"},
      {"CreateOverride id=z kind=ADDITION person=dr-sato role=PHYSICIAN "
       "organization=clinic-hino" +
           next_night,
       "FAILED_PRECONDITION: person: people/dr-sato is on duty in that time "
       "already, by overrides/y"},
      {"UpdateOverride id=y etag=current kind=ADDITION person=dr-sato "
       "role=PHYSICIAN organization=clinic-hino cancelled=true" +
           next_night,
       "OK"},
      {"CreateOverride id=z kind=ADDITION person=dr-sato role=PHYSICIAN "
       "organization=clinic-hino" +
           next_night,
       "OK"},
      {"CreateOverride id=w kind=ABSENCE person=dr-kato "
       "start_time=2026-12-01T00:00:00+09:00 "
       "end_time=2027-06-01T00:00:00+09:00 reason=育休",
       "OK"},
  };
  for (const auto& [command, outcome] : rows) {
    EXPECT_EQ(Do(command), outcome) << command;
  }
}

// --- Accounts and sessions --------------------------------------------------

TEST_F(DirectoryTest, AccountsAreChecked) {
  ExpectAll({
      {"SaveAccount account=dr-sato person=dr-sato roles=[PHYSICIAN] "
       "password_hash=x create=true",
       "ALREADY_EXISTS: accounts/dr-sato exists already"},
      {"SaveAccount account=x person=dr-sato roles=[PHYSICIAN]",
       "NOT_FOUND: accounts/x is not known"},
      {"SaveAccount account=x person=dr-sato roles=[PHYSICIAN] create=true",
       "INVALID_ARGUMENT: password: required"},
      {"SaveAccount account=X person=dr-sato roles=[PHYSICIAN] "
       "password_hash=x create=true",
       "INVALID_ARGUMENT: account: an id has 1 to 63 characters of a-z, 0-9 "
       "and single '-', none at its ends"},
      {"SaveAccount account=x roles=[PHYSICIAN] password_hash=x create=true",
       "INVALID_ARGUMENT: person: required"},
      {"SaveAccount account=x person=dr-sato password_hash=x create=true",
       "INVALID_ARGUMENT: roles: required"},
      {"SaveAccount account=x person=dr-sato roles=[UNSPECIFIED] "
       "password_hash=x create=true",
       "INVALID_ARGUMENT: roles: UNSPECIFIED given"},
      {"SaveAccount account=x person=dr-sato roles=[DRIVER DRIVER] "
       "password_hash=x create=true",
       "INVALID_ARGUMENT: roles: DRIVER is there twice"},
      {"SaveAccount account=x person=dr-sato roles=[DRIVER SYSTEM] "
       "password_hash=x create=true",
       "INVALID_ARGUMENT: roles: SYSTEM is the server's own"},
      {"OpenSession session=s1 account=none password_hash=x",
       "NOT_FOUND: accounts/none is not known"},
      {"RefusePassword account=none", "NOT_FOUND: accounts/none is not known"},
      {"ChangePassword account=none password_hash=x",
       "NOT_FOUND: accounts/none is not known"},
      {"ChangePassword account=dr-sato",
       "INVALID_ARGUMENT: password: required"},
      {"RevokeSession session=none", "NOT_FOUND: sessions/none is not known"},
  });
}

TEST_F(DirectoryTest, ASessionLastsAsLongAsThePolicySays) {
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "OK");
  EXPECT_EQ(Get<Session>("s1").create_time, stage_.now());
  EXPECT_EQ(Get<Session>("s1").expire_time, stage_.now() + absl::Hours(14));
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "ALREADY_EXISTS: sessions/s1 exists already");
}

TEST_F(DirectoryTest, WhatChangesAnAccountEndsItsSessions) {
  struct Case {
    const char* command;
    bool ends;
  };
  for (const Case& c : {
           Case{"SaveAccount account=dr-sato person=dr-sato "
                "roles=[PHYSICIAN]",
                false},
           Case{"SaveAccount account=dr-sato person=dr-sato "
                "roles=[PHYSICIAN OPERATOR]",
                true},
           Case{"SaveAccount account=dr-sato person=dr-sato "
                "roles=[PHYSICIAN] disabled=true",
                true},
           Case{"SaveAccount account=dr-sato person=dr-sato "
                "roles=[PHYSICIAN] password_hash=new",
                true},
           Case{"SaveAccount account=dr-sato person=dr-kato "
                "roles=[PHYSICIAN]",
                true},
           Case{"ChangePassword account=dr-sato password_hash=new", true},
       }) {
    const Stage before = stage_;
    EXPECT_EQ(
        Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
        "OK");
    EXPECT_EQ(
        Do("OpenSession session=s2 account=dr-kato password_hash=x", "system"),
        "OK");
    EXPECT_EQ(Do(c.command), "OK") << c.command;
    EXPECT_EQ(Get<Session>("s1").revoked, c.ends) << c.command;
    EXPECT_FALSE(Get<Session>("s2").revoked) << c.command;
    stage_ = before;
  }
}

TEST_F(DirectoryTest, ChangingOnesPasswordKeepsOnesOwnSession) {
  for (const char* id : {"s1", "s2", "s3"}) {
    EXPECT_EQ(Do(absl::StrCat("OpenSession session=", id,
                              " account=dr-sato password_hash=x"),
                 "system"),
              "OK");
  }
  EXPECT_EQ(
      Do("OpenSession session=s4 account=dr-kato password_hash=x", "system"),
      "OK");
  EXPECT_EQ(
      Do("ChangePassword account=dr-sato password_hash=new keep_session=s4"),
      "FAILED_PRECONDITION: keep_session: it is not of accounts/dr-sato");
  EXPECT_EQ(
      Do("ChangePassword account=dr-sato password_hash=new keep_session=s2"),
      "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kAccountChanged,
                                   EventKind::kSessionRevoked,
                                   EventKind::kSessionRevoked));
  EXPECT_TRUE(Get<Session>("s1").revoked);
  EXPECT_FALSE(Get<Session>("s2").revoked);
  EXPECT_TRUE(Get<Session>("s3").revoked);
  EXPECT_FALSE(Get<Session>("s4").revoked);
  EXPECT_EQ(Get<Account>("dr-sato").password_hash, PrivateText("new"));
}

// Checking one takes a while, in which somebody may have set another.
TEST_F(DirectoryTest, ALoginIsForThePasswordThatWasChecked) {
  EXPECT_EQ(Do("SaveAccount account=dr-sato person=dr-sato roles=[PHYSICIAN] "
               "password_hash=new"),
            "OK");
  for (const char* hash : {"", "password_hash=x"}) {
    EXPECT_EQ(Do(absl::StrCat("OpenSession session=s1 account=dr-sato ", hash),
                 "system"),
              "UNAUTHENTICATED: the account or the password is wrong");
  }
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=new", "system"),
      "OK");
}

TEST_F(DirectoryTest, WhoActsByASession) {
  const auto acts = [this](const char* session = "s1") {
    return ActorBehind(stage_.board(), SessionId(session), stage_.now()).ok();
  };
  EXPECT_FALSE(acts());
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "OK");
  const absl::StatusOr<Actor> actor =
      ActorBehind(stage_.board(), SessionId("s1"), stage_.now());
  ASSERT_TRUE(actor.ok()) << actor.status();
  EXPECT_EQ(actor->account, AccountId("dr-sato"));
  EXPECT_EQ(actor->person, PersonId("dr-sato"));
  EXPECT_EQ(actor->organization, OrganizationId("clinic-hino"));
  EXPECT_EQ(actor->roles, std::vector<Role>{Role::kPhysician});
  EXPECT_FALSE(acts("s2"));

  const absl::Time end = Get<Session>("s1").expire_time;
  EXPECT_TRUE(
      ActorBehind(stage_.board(), SessionId("s1"), end - absl::Nanoseconds(1))
          .ok());
  EXPECT_EQ(ActorBehind(stage_.board(), SessionId("s1"), end).status().code(),
            absl::StatusCode::kUnauthenticated);
  // Whatever became of the session itself.
  for (const bool of_account : {false, true}) {
    Board board = stage_.board();
    if (of_account) {
      Account account = Get<Account>("dr-sato");
      account.disabled = true;
      board.Put(account);
    } else {
      Person person = Get<Person>("dr-sato");
      person.active = false;
      board.Put(person);
    }
    EXPECT_FALSE(ActorBehind(board, SessionId("s1"), stage_.now()).ok());
  }
  EXPECT_EQ(Do("RevokeSession session=s1"), "OK");
  EXPECT_FALSE(acts());
}

TEST_F(DirectoryTest, AnEmptyHashKeepsThePassword) {
  EXPECT_EQ(Do("SaveAccount account=dr-sato person=dr-sato "
               "roles=[PHYSICIAN OPERATOR]"),
            "OK");
  EXPECT_EQ(Get<Account>("dr-sato").password_hash, PrivateText("x"));
}

TEST_F(DirectoryTest, WrongPasswordsAreAnsweredEverLater) {
  std::vector<int64_t> seconds;
  for (int i = 0; i < 13; ++i) {
    EXPECT_EQ(Do("RefusePassword account=dr-sato", "system"), "OK");
    seconds.push_back(absl::ToInt64Seconds(Get<Account>("dr-sato").retry_time -
                                           stage_.now()));
  }
  EXPECT_THAT(seconds, ElementsAre(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900,
                                   900, 900));
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "FAILED_PRECONDITION: accounts/dr-sato: too many wrong passwords; "
      "try again in 15m");
  stage_.PassUntil(stage_.now() + absl::Minutes(15),
                   [](absl::Time, const std::vector<Event>&) {});
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "OK");
  EXPECT_EQ(Get<Account>("dr-sato").wrong_passwords, 0);
  EXPECT_EQ(Get<Account>("dr-sato").retry_time, absl::UnixEpoch());
  EXPECT_EQ(Do("RefusePassword account=dr-sato", "system"), "OK");
  EXPECT_EQ(Get<Account>("dr-sato").retry_time,
            stage_.now() + absl::Seconds(1));
}

TEST_F(DirectoryTest, SomebodyMustAdministerTheCenter) {
  constexpr char kRefused[] =
      "FAILED_PRECONDITION: the center's last administrator must keep his "
      "account and role";
  EXPECT_EQ(Do("SaveAccount account=op-mori person=op-mori "
               "roles=[OPERATOR]"),
            kRefused);
  EXPECT_EQ(Do("SaveAccount account=op-mori person=op-mori "
               "roles=[OPERATOR ADMINISTRATOR] disabled=true"),
            kRefused);
  // A disabled second one does not help.
  EXPECT_EQ(Do("SaveAccount account=a2 person=cm-ueda "
               "roles=[ADMINISTRATOR] password_hash=x disabled=true "
               "create=true"),
            "OK");
  EXPECT_EQ(Do("SaveAccount account=op-mori person=op-mori "
               "roles=[OPERATOR]"),
            kRefused);
  EXPECT_EQ(Do("SaveAccount account=a2 person=cm-ueda "
               "roles=[ADMINISTRATOR]"),
            "OK");
  EXPECT_EQ(Do("SaveAccount account=op-mori person=op-mori "
               "roles=[OPERATOR]"),
            "OK");
  EXPECT_EQ(Do("SaveAccount account=a2 person=cm-ueda "
               "roles=[ADMINISTRATOR] disabled=true"),
            kRefused);
}

TEST_F(DirectoryTest, RevokingTwiceIsRevokingOnce) {
  EXPECT_EQ(
      Do("OpenSession session=s1 account=dr-sato password_hash=x", "system"),
      "OK");
  EXPECT_EQ(Do("RevokeSession session=s1"), "OK");
  EXPECT_THAT(events_, ElementsAre(EventKind::kSessionRevoked));
  EXPECT_EQ(Do("RevokeSession session=s1"), "OK");
  EXPECT_THAT(events_, IsEmpty());
}

}  // namespace
}  // namespace housecall::core::testing
