#include "dispatcher/night/history.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/night/study.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::night {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const absl::Time kBegin = absl::FromUnixSeconds(1795165200);
constexpr core::LatLng kHome = {35.6712, 139.3953};

core::Board Board() {
  core::Board board;
  core::Center center;
  center.id = core::CenterId("hino");
  center.position = {35.67, 139.39};
  board.Put(center);
  const auto person = [&](const char* id, core::Role role, absl::Duration from,
                          absl::Duration to) {
    core::Person one;
    one.id = core::PersonId(id);
    one.display_name = absl::StrCat("Name of ", id);
    if (role == core::Role::kPhysician) one.skills = {core::Skill::kChild};
    board.Put(one);
    core::Shift shift;
    shift.id = core::ShiftId(absl::StrCat("shift-", id));
    shift.person = one.id;
    shift.role = role;
    shift.start_time = kBegin + from;
    shift.end_time = kBegin + to;
    shift.base_position = center.position;
    board.Put(shift);
  };
  person("dr-sato", core::Role::kPhysician, -absl::Hours(1), absl::Hours(20));
  person("driver-mori", core::Role::kDriver, absl::Hours(1), absl::Hours(9));
  core::Patient patient;
  patient.id = core::PatientId("patient-ito");
  patient.primary_physician = core::PersonId("dr-sato");
  board.Put(patient);
  return board;
}

core::Call CallAt(const char* id, absl::Duration when) {
  core::Call call;
  call.id = core::CallId(id);
  call.state = core::CallState::kClosed;
  call.disposition = core::Disposition::kVisit;
  call.urgency = core::Urgency::kUrgent;
  call.receive_time = kBegin + when;
  call.patient = core::PatientId("patient-ito");
  call.place.position = kHome;
  return call;
}

// Ten minutes from everywhere to everywhere.
absl::StatusOr<std::vector<std::vector<double>>> TenMinutes(
    const std::vector<core::LatLng>& places) {
  std::vector<std::vector<double>> rows(
      places.size(), std::vector<double>(places.size(), 600));
  for (size_t i = 0; i < rows.size(); ++i) rows[i][i] = 0;
  return rows;
}

HistoryOptions Options() {
  HistoryOptions options;
  options.begin_time = kBegin;
  return options;
}

TEST(NightFromHistory, TakesTheRotaAndTheCallsOfThatNight) {
  core::Board board = Board();
  core::Call late = CallAt("late", absl::Hours(2) + absl::Seconds(90));
  late.required_skills = {core::Skill::kChild};
  late.visit = core::VisitId("visit");
  board.Put(late);
  core::Visit visit;
  visit.id = late.visit;
  visit.arrive = core::Stamp{kBegin + absl::Hours(3), std::nullopt};
  visit.leave =
      core::Stamp{kBegin + absl::Hours(3) + absl::Minutes(17), std::nullopt};
  board.Put(visit);
  core::Call early = CallAt("early", absl::Hours(1));
  early.urgency = core::Urgency::kRoutine;
  early.patient = core::PatientId();
  board.Put(early);
  board.Put(CallAt("before", -absl::Hours(1)));
  board.Put(CallAt("after", absl::Hours(15)));
  core::Call advice = CallAt("advice", absl::Hours(1));
  advice.disposition = core::Disposition::kAdvice;
  board.Put(advice);
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), TenMinutes);
  ASSERT_TRUE(night.ok()) << night.status();
  ASSERT_THAT(night->physicians, SizeIs(1));
  EXPECT_EQ(night->physicians[0].shift.begin, 0);
  EXPECT_EQ(night->physicians[0].shift.end, 14 * 3600);
  EXPECT_THAT(night->physicians[0].skills, ElementsAre("general", "pediatric"));
  ASSERT_THAT(night->cars, SizeIs(1));
  EXPECT_EQ(night->cars[0].shift.begin, 3600);
  EXPECT_EQ(night->cars[0].shift.end, 9 * 3600);
  ASSERT_THAT(night->calls, SizeIs(2));
  EXPECT_EQ(night->calls[0].urgency, "C");
  EXPECT_EQ(night->calls[0].own_physician, std::nullopt);
  EXPECT_EQ(night->calls[0].actual_visit, night->calls[0].expected_visit);
  EXPECT_EQ(night->calls[1].urgency, "A");
  EXPECT_EQ(night->calls[1].skill, "pediatric");
  EXPECT_EQ(night->calls[1].own_physician, 0);
  EXPECT_EQ(night->calls[1].receive_time, 2 * 3600 + 60);
  EXPECT_EQ(night->calls[1].actual_visit, 17 * 60);
}

TEST(NightFromHistory, TellsNobodysHomeAndNobodysName) {
  core::Board board = Board();
  board.Put(CallAt("secret-call", absl::Hours(1)));
  std::vector<core::LatLng> asked;
  const auto road_times = [&](const std::vector<core::LatLng>& places) {
    asked = places;
    return TenMinutes(places);
  };
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), road_times);
  ASSERT_TRUE(night.ok()) << night.status();
  // Another home in the same square gives the same file.
  core::Board moved = Board();
  core::Call neighbour = CallAt("other-call", absl::Hours(1));
  neighbour.place.position = {kHome.latitude + 0.0004, kHome.longitude};
  moved.Put(neighbour);
  const absl::StatusOr<Night> same =
      NightFromHistory(moved, Options(), road_times);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(WriteNight(*night), WriteNight(*same));
  ASSERT_THAT(asked, SizeIs(3));
  EXPECT_GT(core::DistanceMeters(asked.back(), kHome), 1);
  EXPECT_LT(core::DistanceMeters(asked.back(), kHome), 360);
  const std::string file = WriteNight(*night);
  for (const char* word : {"sato", "mori", "ito", "secret", "Name"}) {
    EXPECT_THAT(file, Not(HasSubstr(word)));
  }
}

TEST(NightFromHistory, IsReadAsItWasWritten) {
  core::Board board = Board();
  board.Put(CallAt("call", absl::Hours(1)));
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), TenMinutes);
  ASSERT_TRUE(night.ok());
  const absl::StatusOr<Night> read = ReadNight(WriteNight(*night));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(WriteNight(*read), WriteNight(*night));
  const absl::StatusOr<NightResult> result = RunNight(*read, Settings());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->metrics.unserved, 0);
  EXPECT_LE(result->metrics.all.mean_response, 20);
}

TEST(NightFromHistory, CarriesTheCentersConfiguration) {
  core::Board board = Board();
  core::Center center = board.center();
  center.policy.driver_waits = false;
  center.policy.tardiness_weight = 3.5;
  center.policy.promise_share = 0.8;
  center.policy.visit_duration = absl::Minutes(33);
  center.policy.urgent_target = absl::Minutes(45);
  board.Put(center);
  for (const auto& [id, seats] : {std::pair("van", 6), std::pair("small", 3)}) {
    core::Car car;
    car.id = core::CarId(id);
    car.seats = seats;
    board.Put(car);
    core::Shift shift;
    shift.id = core::ShiftId(absl::StrCat("shift-of-", id));
    shift.person = core::PersonId(absl::StrCat("driver-of-", id));
    shift.role = core::Role::kDriver;
    shift.car = car.id;
    shift.start_time = kBegin;
    shift.end_time = kBegin + absl::Hours(8);
    board.Put(shift);
  }
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), TenMinutes);
  ASSERT_TRUE(night.ok()) << night.status();
  EXPECT_FALSE(night->driver_waits);
  // The smallest has three, of which the driver has one.
  EXPECT_EQ(night->seats, 2);
  EXPECT_EQ(night->targets.at("A"), 45 * 60);
  const absl::StatusOr<Night> read = ReadNight(WriteNight(*night));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->driver_waits);
  EXPECT_EQ(read->seats, 2);
  const absl::StatusOr<DispatcherOptions> options = Settings().For(*read);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->policy.tardiness_weight, 3.5);
  EXPECT_EQ(options->policy.promise_share, 0.8);
  EXPECT_EQ(options->policy.visit_duration, absl::Minutes(33));
}

TEST(NightFromHistory, GivesWhoDrivesHimselfACarOfHisOwn) {
  core::Board board = Board();
  core::Person sato = *board.Find<core::Person>(core::PersonId("dr-sato"));
  sato.self_drive = true;
  board.Put(sato);
  core::Shift drivers =
      *board.Find<core::Shift>(core::ShiftId("shift-driver-mori"));
  drivers.state = core::ShiftState::kCancelled;
  board.Put(drivers);
  board.Put(CallAt("call", absl::Hours(1)));
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), TenMinutes);
  ASSERT_TRUE(night.ok()) << night.status();
  ASSERT_THAT(night->cars, SizeIs(1));
  EXPECT_EQ(night->cars[0].owner, 0);
  EXPECT_EQ(night->cars[0].base, night->physicians[0].home);
  EXPECT_EQ(night->cars[0].shift.end, night->physicians[0].shift.end);
  const absl::StatusOr<Night> read = ReadNight(WriteNight(*night));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->cars[0].owner, 0);
  const absl::StatusOr<NightResult> result = RunNight(*read, Settings());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->metrics.unserved, 0);
  // Nobody else fetches him: ten minutes.
  EXPECT_EQ(result->metrics.all.mean_response, 10);
}

TEST(NightFromHistory, LetsACallFromPaperWaitSinceItWasWritten) {
  core::Board board = Board();
  // Written at two, entered at five with the whole visit: by then it was
  // triaged, the sheet says nothing of when.
  core::Call recorded = CallAt("recorded", absl::Hours(5));
  recorded.written_time = kBegin + absl::Hours(2);
  recorded.triage_time = kBegin + absl::Hours(3);
  recorded.visit = core::VisitId("visit");
  board.Put(recorded);
  core::Visit visit;
  visit.id = recorded.visit;
  visit.depart = core::Stamp{kBegin + absl::Hours(5), std::nullopt,
                             kBegin + absl::Hours(3)};
  board.Put(visit);
  // Received as usual; only the visit is from paper.
  core::Call visited = CallAt("visited", absl::Hours(4));
  visited.triage_time = kBegin + absl::Hours(6);
  visited.visit = core::VisitId("other");
  board.Put(visited);
  visit.id = visited.visit;
  visit.depart = core::Stamp{kBegin + absl::Hours(7), std::nullopt,
                             kBegin + absl::Hours(6)};
  board.Put(visit);
  // Triaged, and driven to later, as usual.
  core::Call usual = CallAt("usual", absl::Hours(8));
  usual.triage_time = kBegin + absl::Hours(8) + absl::Minutes(12);
  usual.visit = core::VisitId("usual");
  board.Put(usual);
  visit.id = usual.visit;
  visit.depart = core::Stamp{kBegin + absl::Hours(9), std::nullopt};
  board.Put(visit);
  const absl::StatusOr<Night> night =
      NightFromHistory(board, Options(), TenMinutes);
  ASSERT_TRUE(night.ok()) << night.status();
  ASSERT_THAT(night->calls, SizeIs(3));
  EXPECT_EQ(night->calls[0].receive_time, 2 * 3600);
  EXPECT_EQ(night->calls[1].receive_time, 4 * 3600);
  EXPECT_EQ(night->calls[2].receive_time, 8 * 3600 + 12 * 60);
}

TEST(NightFromHistory, SaysWhatIsWrong) {
  EXPECT_EQ(NightFromHistory(Board(), {}, TenMinutes).status().code(),
            absl::StatusCode::kInvalidArgument);
  HistoryOptions other_year = Options();
  other_year.begin_time -= absl::Hours(24 * 365);
  EXPECT_EQ(NightFromHistory(Board(), other_year, TenMinutes).status().code(),
            absl::StatusCode::kNotFound);
  const auto no_way = [](const std::vector<core::LatLng>& places) {
    return absl::StatusOr<std::vector<std::vector<double>>>(
        std::vector<std::vector<double>>(
            places.size(), std::vector<double>(places.size(), -1)));
  };
  EXPECT_EQ(NightFromHistory(Board(), Options(), no_way).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace housecall::night
