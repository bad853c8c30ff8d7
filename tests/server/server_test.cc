#include "dispatcher/server/server.h"

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "housecall/v1/annotations.pb.h"
#include "housecall/v1/board_service.grpc.pb.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "housecall/v1/directory_service.grpc.pb.h"
#include "housecall/v1/patient_service.grpc.pb.h"
#include "housecall/v1/rota_service.grpc.pb.h"
#include "housecall/v1/session_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "tests/core/builders.h"
#include "tests/router/wrapped_travel_times.h"
#include "tests/server/api.h"
#include "tests/server/served_centers.h"

namespace housecall::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using grpc::StatusCode;
using ::testing::HasSubstr;
using testing::kForeign;
using testing::kPassword;
using testing::kPlanted;
using ::testing::Not;
using testing::Print;

class ServerTest : public testing::ServedCenters {};

// --- Sessions ---------------------------------------------------------------

TEST_F(ServerTest, LogsInAndOut) {
  Start(Night());
  v1::CreateSessionRequest request;
  request.set_account(Name("accounts", "op-mori"));
  request.set_password(kPassword);
  v1::CreateSessionResponse response;
  grpc::Status status = Call("CreateSession", {}, request, &response);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(response.account().name(), Name("accounts", "op-mori"));
  const auto stub = v1::SessionService::NewStub(channel_);
  const auto get = [&] {
    grpc::ClientContext context;
    context.AddMetadata("authorization",
                        absl::StrCat("Bearer ", response.token()));
    v1::GetSessionResponse session;
    return stub->GetSession(&context, v1::GetSessionRequest(), &session);
  };
  EXPECT_TRUE(get().ok());
  v1::RevokeSessionRequest revoke;
  revoke.set_session(response.session().name());
  revoke.set_request_id(FreshId());
  status = Call("RevokeSession", {"op-mori"}, revoke);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(get().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(ServerTest, DelaysWrongPasswordsAndSaysNotWhy) {
  Start(Night());
  v1::CreateSessionRequest request;
  request.set_account(Name("accounts", "op-mori"));
  request.set_password("wrong password here");
  const grpc::Status wrong = Call("CreateSession", {}, request);
  EXPECT_EQ(wrong.error_code(), StatusCode::UNAUTHENTICATED);
  // The right one has to wait as well.
  request.set_password(kPassword);
  EXPECT_EQ(Call("CreateSession", {}, request).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(Call("CreateSession", {}, request).ok());
}

TEST_F(ServerTest, AnswersForAnAccountThatIsNotThereAsForOneThatIs) {
  core::testing::BoardBuilder night = Night();
  night.AddPerson("gone", "clinic-hino");
  night.Change<core::Person>(
      "gone", [](core::Person& person) { person.active = false; });
  core::Account account;
  account.id = core::AccountId("gone");
  account.person = core::PersonId("gone");
  account.roles = {core::Role::kOperator};
  account.password_hash = Hash();
  night.Put(account);
  Start(night);
  // Wrong, refused to look, wrong after the delay …
  const auto answers = [&](const std::string& name,
                           const std::string& password) {
    std::vector<std::string> all;
    v1::CreateSessionRequest request;
    request.set_account(name);
    request.set_password(password);
    for (const absl::Duration wait :
         {absl::ZeroDuration(), absl::ZeroDuration(), absl::Seconds(1),
          absl::Seconds(1), absl::Seconds(1), absl::ZeroDuration(),
          absl::Seconds(3), absl::Milliseconds(500), absl::Seconds(600),
          absl::Seconds(8)}) {
      clock_.Advance(wait);
      all.push_back(Print(Call("CreateSession", {}, request)));
    }
    return all;
  };
  const std::vector<std::string> known =
      answers(Name("accounts", "op-mori"), "wrong password here");
  EXPECT_THAT(known, ::testing::Contains(HasSubstr("try again in 4 s")));
  EXPECT_EQ(answers(Name("accounts", "nobody"), kPassword), known);
  EXPECT_EQ(answers("centers/nowhere/accounts/op-mori", kPassword), known);
  // Nobody may use it, though this is its password.
  EXPECT_EQ(answers(Name("accounts", "gone"), kPassword), known);
}

TEST_F(ServerTest, KnowsNobodyWithoutAToken) {
  Start(Night());
  for (const MethodDescriptor* rpc : testing::AllRpcs()) {
    if (rpc->name() == "CreateSession") continue;
    const auto request = testing::NewMessage(rpc->input_type());
    testing::FillRequest(testing::NamesIn("hino", "call-1"), false,
                         request.get());
    for (const Caller& caller :
         {Caller{}, Caller{"nobody"}, Caller{"op-mori", "nowhere"}}) {
      std::string answer;
      EXPECT_EQ(Call(rpc, caller, *request, &answer).error_code(),
                StatusCode::UNAUTHENTICATED)
          << rpc->full_name();
      EXPECT_EQ(answer, "");
    }
  }
}

TEST_F(ServerTest, EndsASessionWhenItsTimeIsOver) {
  Start(Night());
  EXPECT_TRUE(Call("GetSession", {"op-mori"}, v1::GetSessionRequest()).ok());
  clock_.Advance(absl::Hours(14));
  EXPECT_EQ(
      Call("GetSession", {"op-mori"}, v1::GetSessionRequest()).error_code(),
      StatusCode::UNAUTHENTICATED);
}

TEST_F(ServerTest, KnowsNoDisabledAccount) {
  Start(Night());
  v1::UpdateAccountRequest request;
  request.mutable_account()->set_name(Name("accounts", "op-mori"));
  request.mutable_account()->set_person(Name("people", "op-mori"));
  request.mutable_account()->add_roles(v1::ROLE_OPERATOR);
  request.mutable_account()->set_disabled(true);
  request.mutable_account()->set_etag("1");
  request.set_request_id(FreshId());
  const grpc::Status status = Call("UpdateAccount", {"admin"}, request);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(
      Call("GetSession", {"op-mori"}, v1::GetSessionRequest()).error_code(),
      StatusCode::UNAUTHENTICATED);
  v1::CreateSessionRequest log_in;
  log_in.set_account(Name("accounts", "op-mori"));
  log_in.set_password(kPassword);
  EXPECT_EQ(Call("CreateSession", {}, log_in).error_code(),
            StatusCode::UNAUTHENTICATED);
}

TEST_F(ServerTest, RepeatsTheAnswerToAChangeOfPassword) {
  Start(Night());
  v1::ChangePasswordRequest request;
  request.set_old_password(kPassword);
  request.set_new_password("another long password");
  request.set_request_id(FreshId());
  grpc::Status status = Call("ChangePassword", {"op-mori"}, request);
  ASSERT_TRUE(status.ok()) << Print(status);
  // The answer was lost; what was old then is wrong now.
  status = Call("ChangePassword", {"op-mori"}, request);
  EXPECT_TRUE(status.ok()) << Print(status);
  request.set_request_id(FreshId());
  EXPECT_EQ(Call("ChangePassword", {"op-mori"}, request).error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(ServerTest, HasAQueueOfItsOwnForThoseWhoAreNotLoggedIn) {
  Options options;
  options.login_queue = 0;
  Start(Night(), options);
  v1::CreateSessionRequest request;
  request.set_account(Name("accounts", "op-mori"));
  request.set_password(kPassword);
  EXPECT_EQ(Call("CreateSession", {}, request).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  v1::ChangePasswordRequest change;
  change.set_old_password(kPassword);
  change.set_new_password("another long password");
  change.set_request_id(FreshId());
  const grpc::Status status = Call("ChangePassword", {"op-mori"}, change);
  EXPECT_TRUE(status.ok()) << Print(status);
}

// --- What is whose ----------------------------------------------------------

TEST_F(ServerTest, TellsOnlyTheOfficeWhereSomebodyLives) {
  core::testing::BoardBuilder night = Night();
  night.Change<core::Person>("dr-sato", [](core::Person& person) {
    person.home_position = core::testing::Near(1, 1);
    person.phone = "090-1111-2222";
  });
  core::Center center = night.board().center();
  center.last_resort_contacts = {
      {PrivateText("Chief"), PrivateText("090-3333-4444")}};
  night.Put(center);
  Start(night);
  v1::GetPersonRequest get;
  get.set_name(Name("people", "dr-sato"));
  v1::GetCenterRequest get_center;
  get_center.set_name("centers/hino");
  for (const auto& [account, lives, last_resort] :
       std::vector<std::tuple<std::string, bool, bool>>{
           {"op-mori", true, true},
           {"admin", true, true},
           {"dr-sato", true, false},
           {"dr-kato", false, false},
           {"driver-abe", false, false}}) {
    v1::Person person;
    ASSERT_TRUE(Call("GetPerson", {account}, get, &person).ok());
    EXPECT_EQ(person.has_home_position(), lives) << account;
    EXPECT_EQ(person.phone(), "090-1111-2222") << account;
    v1::Center seen;
    ASSERT_TRUE(Call("GetCenter", {account}, get_center, &seen).ok());
    ASSERT_EQ(seen.last_resort_contacts_size(), 1);
    EXPECT_EQ(seen.last_resort_contacts(0).phone() != "", last_resort)
        << account;
  }
}

TEST_F(ServerTest, TellsColleaguesThatSomebodyIsAbsentButNotWhy) {
  core::testing::BoardBuilder night = Night();
  core::Override absence;
  absence.id = core::OverrideId("absence-1");
  absence.etag.number = 1;
  absence.kind = core::OverrideKind::kAbsence;
  absence.person = core::PersonId("dr-kato");
  absence.start_time = core::testing::TestNow() + absl::Hours(48);
  absence.end_time = core::testing::TestNow() + absl::Hours(72);
  absence.reason = "influenza";
  night.Put(absence);
  Start(night);
  v1::GetOverrideRequest get;
  get.set_name(Name("overrides", "absence-1"));
  for (const auto& [account, sees] :
       std::vector<std::pair<std::string, bool>>{{"op-mori", true},
                                                 {"dr-kato", true},
                                                 {"dr-sato", false},
                                                 {"driver-abe", false}}) {
    v1::Override exception;
    ASSERT_TRUE(Call("GetOverride", {account}, get, &exception).ok());
    EXPECT_EQ(exception.person(), Name("people", "dr-kato"));
    EXPECT_EQ(exception.reason() == "influenza", sees) << account;
  }
}

TEST_F(ServerTest, TellsACareTeamWhoComesAndNothingElseOfHim) {
  core::testing::BoardBuilder night = Night();
  night.AddPerson("sakura-care", "clinic-sakura");
  night.Change<core::Person>("dr-sato", [](core::Person& person) {
    person.phone = "090-1111-2222";
    person.home_position = core::testing::Near(1, 1);
  });
  Start(night);
  v1::GetCoverageRequest request;
  request.set_patient(Name("patients", "tanaka"));
  v1::Coverage coverage;
  grpc::Status status =
      Call("GetCoverage", {"sakura-care"}, request, &coverage);
  ASSERT_TRUE(status.ok()) << Print(status);
  ASSERT_EQ(coverage.physicians_on_duty_size(), 2);
  for (const v1::Person& physician : coverage.physicians_on_duty()) {
    EXPECT_NE(physician.name(), "");
    EXPECT_NE(physician.display_name(), "");
    EXPECT_EQ(physician.phone(), "");
    EXPECT_FALSE(physician.has_home_position());
    EXPECT_TRUE(physician.employments().empty());
  }
  status = Call("GetCoverage", {"op-mori"}, request, &coverage);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(coverage.physicians_on_duty(1).phone(), "090-1111-2222");
}

TEST_F(ServerTest, TellsHowOldThePositionOfWhoComesIs) {
  core::testing::BoardBuilder night =
      Night().AddCallInState(core::CallState::kEnRoute, "call-1");
  night.AddPerson("sakura-care", "clinic-sakura");
  core::Position position;
  position.id = core::PersonId("driver-abe");
  position.position = core::testing::Near(3, 4);
  position.receive_time = core::testing::TestNow() - absl::Minutes(4);
  // His phone's clock is ahead.
  position.device_time = core::testing::TestNow() + absl::Minutes(9);
  night.Put(position);
  Start(night);
  v1::GetCoverageRequest request;
  request.set_patient(Name("patients", "tanaka"));
  v1::Coverage coverage;
  const grpc::Status status =
      Call("GetCoverage", {"sakura-care"}, request, &coverage);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(coverage.position_time().seconds(),
            absl::ToUnixSeconds(position.receive_time));
}

TEST_F(ServerTest, ShowsOperatorsWhoElseIsAtACall) {
  core::testing::BoardBuilder night =
      Night().AddCallInState(core::CallState::kMatching, "call-1");
  night.AddPerson("op-kato", "clinic-hino");
  Start(night);
  v1::ShowPresenceRequest request;
  request.set_parent("centers/hino");
  request.set_screen("one");
  request.set_call(Name("calls", "call-1"));
  request.set_working(true);
  v1::ShowPresenceResponse others;
  grpc::Status status = Call("ShowPresence", {"op-mori"}, request, &others);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(others.presences_size(), 0);
  // The same operator's second screen sees the first.
  request.set_screen("two");
  status = Call("ShowPresence", {"op-mori"}, request, &others);
  ASSERT_TRUE(status.ok()) << Print(status);
  ASSERT_EQ(others.presences_size(), 1);
  EXPECT_EQ(others.presences(0).person(), Name("people", "op-mori"));
  EXPECT_EQ(others.presences(0).call(), Name("calls", "call-1"));
  EXPECT_TRUE(others.presences(0).working());
  request.set_screen("with spaces in it");
  EXPECT_EQ(Call("ShowPresence", {"op-mori"}, request, &others).error_code(),
            StatusCode::INVALID_ARGUMENT);
  request.set_screen("three");
  EXPECT_EQ(Call("ShowPresence", {"nurse-ito"}, request, &others).error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(ServerTest, ShowsTheAddressOfAWebhookToItsOwnersOnly) {
  core::testing::BoardBuilder night = Night();
  night.AddPerson("sakura-care", "clinic-sakura");
  night.Change<core::Organization>(
      "clinic-sakura", [](core::Organization& organization) {
        organization.webhook =
            core::Webhook{"https://example.com/?key=1", PrivateText("whsec_x")};
      });
  Start(night);
  v1::GetOrganizationRequest get;
  get.set_name(Name("organizations", "clinic-sakura"));
  for (const auto& [account, sees] :
       std::vector<std::pair<std::string, bool>>{{"op-mori", true},
                                                 {"admin", true},
                                                 {"sakura-care", true},
                                                 {"nurse-ito", false},
                                                 {"dr-sato", false}}) {
    v1::Organization organization;
    ASSERT_TRUE(Call("GetOrganization", {account}, get, &organization).ok());
    EXPECT_EQ(organization.has_webhook(), sees) << account;
    EXPECT_EQ(organization.webhook().secret(), "");
  }
}

// Of a trip to two patients, the first may be closed while the second one's
// note is still to be signed.
TEST_F(ServerTest, ShowsATripUntilItsLastNoteIsSigned) {
  core::testing::BoardBuilder night =
      Night()
          .AddCallInState(core::CallState::kClosed, "call-1")
          .AddCallInState(core::CallState::kDepartedScene, "call-2",
                          {.patient = "suzuki"});
  const core::AssignmentId trip = night.Get<core::Call>("call-1").assignment;
  night.Change<core::Call>("call-2",
                           [&](core::Call& call) { call.assignment = trip; });
  night.Change<core::Assignment>(trip.value(), [](core::Assignment& both) {
    both.calls = {core::CallId("call-1"), core::CallId("call-2")};
  });
  Start(night);
  const auto trips = [&] {
    v1::DutyView view;
    EXPECT_TRUE(Call("GetDuty", {"dr-sato"}, v1::GetDutyRequest(), &view).ok());
    std::vector<std::string> names;
    for (const v1::Assignment& each : view.assignments()) {
      names.push_back(each.name());
    }
    return names;
  };
  EXPECT_THAT(trips(),
              ::testing::Contains(Name("assignments", trip.value())).Times(1));
}

TEST_F(ServerTest, TellsACrewThatItsTripWasTakenBack) {
  core::testing::BoardBuilder night =
      Night().AddCallInState(core::CallState::kAccepted, "call-1");
  const std::string trip =
      Name("assignments", night.Get<core::Call>("call-1").assignment.value());
  Start(night);
  const auto duty = [&](const std::string& person) {
    v1::DutyView view;
    EXPECT_TRUE(Call("GetDuty", {person}, v1::GetDutyRequest(), &view).ok());
    return view;
  };
  EXPECT_EQ(duty("dr-sato").assignments(0).name(), trip);
  EXPECT_EQ(duty("dr-sato").taken_back_size(), 0);
  v1::ReleaseAssignmentRequest release;
  release.set_assignment(trip);
  release.set_reason("wanted elsewhere");
  release.set_request_id(FreshId());
  v1::Assignment released;
  ASSERT_TRUE(Call("ReleaseAssignment", {"op-mori"}, release, &released).ok());
  for (const char* person : {"dr-sato", "driver-abe"}) {
    const v1::DutyView view = duty(person);
    EXPECT_EQ(view.assignments_size(), 0);
    EXPECT_THAT(view.taken_back(), ::testing::ElementsAre(trip));
  }
}

router::StraightLine Line(double speed_km_per_hour) {
  router::StraightLine::Options options;
  options.speed_km_per_hour = speed_km_per_hour;
  return router::StraightLine::Create(options).value();
}

// Straight lines, and who may not use toll roads is half as fast on them.
class SlowWithoutTolls final : public router::WrappedTravelTimes {
 public:
  SlowWithoutTolls() : WrappedTravelTimes(&line_) {}
  std::unique_ptr<const TravelTimeSource> Pinned(
      const router::RoadPolicy& policy) const override {
    return std::make_unique<router::StraightLine>(
        Line(policy.use_tolls ? 30 : 15));
  }

 private:
  const router::StraightLine line_ = Line(30);
};

TEST_F(ServerTest, LeadsByTheRoadsThatTheCenterWants) {
  const SlowWithoutTolls roads;
  travel_times_ = &roads;
  Start(Night()
            .AddCallInState(core::CallState::kEnRoute, "call-1")
            .MoveTo("driver-abe", core::testing::Near(3, 4)));
  const engine::BoardPtr board = engine_->Current(core::CenterId("hino"));
  const core::AssignmentId trip =
      board->Find<core::Call>(core::CallId("call-1"))->assignment;
  const auto seconds = [&](const std::string& center) {
    v1::GetRouteRequest request;
    request.set_assignment(
        absl::StrCat("centers/", center, "/assignments/", trip.value()));
    v1::Route route;
    const grpc::Status status =
        Call("GetRoute", {"driver-abe", center}, request, &route);
    EXPECT_TRUE(status.ok()) << Print(status);
    return absl::ToDoubleSeconds(absl::Seconds(route.duration().seconds()) +
                                 absl::Nanoseconds(route.duration().nanos()));
  };
  const double usual = seconds("hino");
  EXPECT_GT(usual, 60);
  EXPECT_EQ(seconds("elsewhere"), usual);

  v1::GetCenterRequest get;
  get.set_name("centers/hino");
  v1::UpdateCenterRequest update;
  update.set_request_id(FreshId());
  grpc::Status status =
      Call("GetCenter", {"admin"}, get, update.mutable_center());
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_TRUE(update.center().policy().use_tolls());
  EXPECT_FALSE(update.center().policy().use_ferries());
  update.mutable_center()->mutable_policy()->set_use_tolls(false);
  v1::Center after;
  // Not for anybody to say.
  EXPECT_EQ(Call("UpdateCenter", {"op-mori"}, update).error_code(),
            StatusCode::PERMISSION_DENIED);
  status = Call("UpdateCenter", {"admin"}, update, &after);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_FALSE(after.policy().use_tolls());
  EXPECT_NEAR(seconds("hino"), 2 * usual, 0.01);
  EXPECT_EQ(seconds("elsewhere"), usual);

  // Whose client knows nothing of it says nothing of it: as at first.
  update.set_request_id(FreshId());
  *update.mutable_center() = after;
  update.mutable_center()->mutable_policy()->clear_use_tolls();
  update.mutable_center()->mutable_policy()->clear_use_ferries();
  status = Call("UpdateCenter", {"admin"}, update, &after);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_TRUE(after.policy().use_tolls());
  EXPECT_FALSE(after.policy().use_ferries());
  EXPECT_EQ(seconds("hino"), usual);
}

TEST_F(ServerTest, LeadsNobodyToACallThatIsNotHisAnyMore) {
  Start(Night()
            .AddCallInState(core::CallState::kNoteSent, "call-1")
            .MoveTo("driver-abe", core::testing::Near(0, 0)));
  const engine::BoardPtr board = engine_->Current(core::CenterId("hino"));
  const auto* call = board->Find<core::Call>(core::CallId("call-1"));
  v1::GetRouteRequest request;
  request.set_assignment(Name("assignments", call->assignment.value()));
  v1::Route route;
  const grpc::Status status = Call("GetRoute", {"driver-abe"}, request, &route);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION)
      << Print(status);
  EXPECT_EQ(route.points_size(), 0);
}

TEST_F(ServerTest, ShowsAnOperatorTheWayOfWhoDrives) {
  const core::LatLng from = core::testing::Near(3, 4);
  Start(Night()
            .AddCallInState(core::CallState::kEnRoute, "call-1")
            .MoveTo("driver-abe", from));
  const engine::BoardPtr board = engine_->Current(core::CenterId("hino"));
  const auto* call = board->Find<core::Call>(core::CallId("call-1"));
  ASSERT_EQ(board->Find<core::Assignment>(call->assignment)->driver,
            core::PersonId("driver-abe"));
  v1::GetRouteRequest request;
  request.set_assignment(Name("assignments", call->assignment.value()));
  v1::Route route;
  const grpc::Status status = Call("GetRoute", {"op-mori"}, request, &route);
  ASSERT_TRUE(status.ok()) << Print(status);
  ASSERT_GE(route.points_size(), 2);
  EXPECT_NEAR(route.points(0).latitude(), from.latitude, 1e-4);
  EXPECT_NEAR(route.points(route.points_size() - 1).longitude(),
              call->place.position->longitude, 1e-4);
  // He fetches the physician first: the straight line knows no roads, but both
  // ways, which are the whole of it.
  ASSERT_EQ(route.steps_size(), 2);
  EXPECT_TRUE(route.steps(0).ends_at_pick_up());
  EXPECT_FALSE(route.steps(1).ends_at_pick_up());
  EXPECT_GT(route.steps(0).distance_meters(), 1000);
  EXPECT_NEAR(
      route.steps(0).distance_meters() + route.steps(1).distance_meters(),
      route.distance_meters(), 1);
  EXPECT_NEAR(static_cast<double>(route.steps(0).duration().seconds() +
                                  route.steps(1).duration().seconds()),
              static_cast<double>(route.duration().seconds()), 2);
}

// --- Lists ------------------------------------------------------------------

TEST_F(ServerTest, ListsEveryCallOnceThoughPagesEndAnywhere) {
  core::testing::BoardBuilder night = Night();
  for (const char* open : {"open-1", "open-2", "open-3"}) {
    night.AddCallInState(core::CallState::kMatching, open,
                         {.patient = absl::StrCat("patient-of-", open)});
  }
  for (const char* past : {"past-1", "past-2", "past-3"}) {
    night.AddCallInState(core::CallState::kCancelled, past,
                         {.patient = absl::StrCat("patient-of-", past)});
  }
  Start(night);
  for (const int size : {1, 2, 3, 4, 6, 7}) {
    v1::ListCallsRequest request;
    request.set_parent("centers/hino");
    request.set_include_past(true);
    request.set_page_size(size);
    std::vector<std::string> names;
    do {
      v1::ListCallsResponse response;
      const grpc::Status status =
          Call("ListCalls", {"op-mori"}, request, &response);
      ASSERT_TRUE(status.ok()) << Print(status);
      EXPECT_LE(response.calls_size(), size);
      for (const v1::Call& call : response.calls()) {
        names.push_back(call.name());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    EXPECT_THAT(names, ::testing::UnorderedElementsAre(
                           Name("calls", "open-1"), Name("calls", "open-2"),
                           Name("calls", "open-3"), Name("calls", "past-1"),
                           Name("calls", "past-2"), Name("calls", "past-3")))
        << size;
  }
}

TEST_F(ServerTest, SaysThatAPageTokenHasGone) {
  Start(Night().AddCallInState(core::CallState::kMatching, "call-1"));
  v1::ListCallsRequest request;
  request.set_parent("centers/hino");
  request.set_include_past(true);
  for (const char* token :
       {"o-no-such", "p-no-such", "call-1", "x", "o", "pp", "p-", "o-"}) {
    request.set_page_token(token);
    const grpc::Status status = Call("ListCalls", {"op-mori"}, request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << token;
    EXPECT_THAT(status.error_message(), HasSubstr("page_token")) << token;
  }
}

// What a client takes in one message, unless it is told otherwise.
TEST_F(ServerTest, EndsAPageBeforeItIsTooLargeForItsReaders) {
  Start(NightOfLargeCards());
  v1::ListPatientsRequest request;
  request.set_parent("centers/hino");
  request.set_page_size(1000);
  int patients = 0;
  do {
    v1::ListPatientsResponse response;
    const grpc::Status status =
        Call("ListPatients", {"op-mori"}, request, &response);
    ASSERT_TRUE(status.ok()) << Print(status);
    patients += response.patients_size();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(patients, 302);
}

TEST_F(ServerTest, ListsUsersOfVentilatorsAndOxygenUnlessToldOtherwise) {
  core::testing::BoardBuilder night = Night();
  const auto give = [&](const char* patient, core::DeviceKind kind, int hours) {
    night.AddPatient(patient);
    night.Change<core::Patient>(patient, [&](core::Patient& p) {
      core::Device device;
      device.kind = kind;
      device.battery_duration = absl::Hours(hours);
      p.devices.push_back(device);
    });
  };
  give("breathes", core::DeviceKind::kVentilator, 6);
  give("oxygen", core::DeviceKind::kOxygen, 0);
  give("pump", core::DeviceKind::kInfusionPump, 1);
  Start(night);
  v1::ListDeviceUsersRequest request;
  request.set_parent("centers/hino");
  const auto list = [&] {
    v1::ListDeviceUsersResponse response;
    const grpc::Status status =
        Call("ListDeviceUsers", {"op-mori"}, request, &response);
    EXPECT_TRUE(status.ok()) << Print(status);
    std::vector<std::string> names;
    for (const v1::DeviceUser& user : response.device_users()) {
      names.push_back(user.patient().name());
    }
    return names;
  };
  EXPECT_THAT(list(), ::testing::ElementsAre(Name("patients", "oxygen"),
                                             Name("patients", "breathes")));
  request.add_kinds(v1::DEVICE_KIND_INFUSION_PUMP);
  EXPECT_THAT(list(), ::testing::ElementsAre(Name("patients", "pump")));
}

TEST_F(ServerTest, KnowsTheCalendarOfItsYearsOnly) {
  Start(Night());
  v1::GetCalendarDayRequest request;
  request.set_parent("centers/hino");
  for (const char* date : {"2021-12-31", "2100-01-01", "0001-01-01",
                           "2026-02-30", "2026-1-1", "today", "-026-01-01"}) {
    request.set_date(date);
    const grpc::Status status = Call("GetCalendarDay", {"op-mori"}, request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << date;
    EXPECT_THAT(status.error_message(), HasSubstr("date"));
  }
  request.set_date("2022-01-01");
  v1::CalendarDay day;
  ASSERT_TRUE(Call("GetCalendarDay", {"op-mori"}, request, &day).ok());
  EXPECT_EQ(day.national_holiday(), "元日");
}

// --- Other centers ----------------------------------------------------------

TEST_F(ServerTest, AnswersNobodyOfAnotherCenterWithAnythingOfThisOne) {
  Start(Night()
            .AddCallInState(core::CallState::kNoteSent, "call-1")
            .AddCallInState(core::CallState::kOffered, "call-2",
                            {.patient = "suzuki",
                             .physician = "dr-kato",
                             .driver = "driver-baba",
                             .car = "car-2"}));
  const engine::BoardPtr before = engine_->Current(core::CenterId("elsewhere"));
  const core::Call& call = *before->Find<core::Call>(core::CallId("call-1"));
  std::map<std::string, std::string> ids = {
      {"calls", "call-1"},
      {"patients", "tanaka"},
      {"people", "dr-sato"},
      {"accounts", "op-mori"},
      {"cars", "car-1"},
      {"organizations", "clinic-hino"},
      {"assignments", call.assignment.value()},
      {"visits", call.visit.value()},
      {"notes", call.note.value()}};
  int tried = 0;
  for (const MethodDescriptor* rpc : testing::AllRpcs()) {
    for (const bool required_only : {true, false}) {
      const auto request = testing::NewMessage(rpc->input_type());
      bool names_center = false;
      testing::FillRequest(
          [&](const std::string& collection, const FieldDescriptor*) {
            names_center = true;
            if (collection == "centers")
              return std::string("centers/elsewhere");
            const auto found = ids.find(collection);
            return absl::StrCat("centers/elsewhere/", collection, "/",
                                found == ids.end() ? "x" : found->second);
          },
          required_only, request.get());
      // A wrong password delays the next.
      clock_.Advance(absl::Seconds(5));
      std::string answer;
      const grpc::Status status =
          Call(rpc, {"everything", "hino"}, *request, &answer);
      EXPECT_FALSE(absl::StrContains(answer, kForeign)) << rpc->full_name();
      EXPECT_FALSE(absl::StrContains(answer, "centers/elsewhere"))
          << rpc->full_name();
      if (names_center) {
        EXPECT_FALSE(status.ok()) << rpc->full_name();
        EXPECT_TRUE(status.error_code() == StatusCode::PERMISSION_DENIED ||
                    status.error_code() == StatusCode::UNAUTHENTICATED ||
                    status.error_code() == StatusCode::INVALID_ARGUMENT)
            << rpc->full_name() << " " << Print(status);
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 150);
  // Nothing of it was changed by anybody.
  const absl::StatusOr<std::vector<store::JournalEntry>> journal =
      store_.ReadJournal(core::CenterId("elsewhere"), 0, 1000);
  ASSERT_TRUE(journal.ok());
  for (const store::JournalEntry& entry : *journal) {
    EXPECT_EQ(entry.event.actor, core::SystemActor()) << entry.event.kind;
  }
}

// --- Requests ---------------------------------------------------------------

class RequestTest : public ServerTest {
 protected:
  v1::SubmitCallRequest Submission(const std::string& id) {
    v1::SubmitCallRequest request;
    request.set_call(Name("calls", id));
    request.set_patient(Name("patients", "tanaka"));
    request.set_complaint(kPlanted);
    request.set_judgement(kPlanted);
    request.set_callback_phone("090-0000-0000");
    request.set_request_id(FreshId());
    return request;
  }
};

TEST_F(RequestTest, RepeatsAnswers) {
  Start(Night());
  v1::SubmitCallRequest request = Submission("c1");
  v1::Call first;
  grpc::Status status = Call("SubmitCall", {"op-mori"}, request, &first);
  ASSERT_TRUE(status.ok()) << Print(status);
  v1::Call again;
  ASSERT_TRUE(Call("SubmitCall", {"op-mori"}, request, &again).ok());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  request.set_complaint("something else");
  status = Call("SubmitCall", {"op-mori"}, request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("request_id"));
}

// Who does not know what became of his request may have learned of a newer
// version since.
TEST_F(RequestTest, RepeatsTheAnswerToWhoNamesANewerEtag) {
  Start(Night().AddCallInState(core::CallState::kMatching, "call-1"));
  v1::HoldCallRequest hold;
  hold.set_call(Name("calls", "call-1"));
  hold.set_etag("1");
  hold.set_reason(kPlanted);
  hold.set_request_id(FreshId());
  v1::Call first;
  grpc::Status status = Call("HoldCall", {"op-mori"}, hold, &first);
  ASSERT_TRUE(status.ok()) << Print(status);
  hold.set_etag(first.etag());
  v1::Call again;
  status = Call("HoldCall", {"op-mori"}, hold, &again);
  ASSERT_TRUE(status.ok()) << Print(status);
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  hold.set_etag("1");
  hold.set_request_id(FreshId());
  EXPECT_EQ(Call("HoldCall", {"op-mori"}, hold).error_code(),
            StatusCode::ABORTED);
}

TEST_F(RequestTest, GivesNobodyAnothersAnswer) {
  Start(Night());
  v1::GoOffDutyRequest off;
  off.set_request_id("the-same");
  v1::Duty duty;
  ASSERT_TRUE(Call("GoOffDuty", {"dr-sato"}, off, &duty).ok());
  const grpc::Status status = Call("GoOffDuty", {"dr-kato"}, off, &duty);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(RequestTest, WantsARequestId) {
  Start(Night());
  for (const std::string& id : {std::string(), std::string("with space"),
                                std::string("\x7f"), std::string(65, 'x')}) {
    v1::SubmitCallRequest request = Submission("c1");
    request.set_request_id(id);
    const grpc::Status status = Call("SubmitCall", {"op-mori"}, request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << id;
    EXPECT_THAT(status.error_message(), HasSubstr("request_id"));
  }
}

TEST_F(RequestTest, SurvivesBytesThatAreNoRequest) {
  Start(Night());
  for (const MethodDescriptor* rpc : testing::AllRpcs()) {
    std::string answer;
    const grpc::Status status =
        CallBytes(rpc, {"everything"}, "\xff\xff\xff\xff\x01", &answer);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT)
        << rpc->full_name() << " " << Print(status);
    EXPECT_THAT(status.error_message(), HasSubstr("cannot be read"));
    EXPECT_EQ(answer, "");
  }
  const std::string large(5 << 20, 'x');
  std::string answer;
  EXPECT_EQ(
      CallBytes(testing::AllRpcs().front(), {"everything"}, large, &answer)
          .error_code(),
      StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Call("GetSession", {"op-mori"}, v1::GetSessionRequest()).ok());
}

// Whoever may do nothing costs nothing, however large what he names.
TEST_F(RequestTest, RefusesALargeRequestBeforeItLooksAtIt) {
  core::testing::BoardBuilder night =
      Night().AddCallInState(core::CallState::kMatching, "call-1");
  // Copied for each name, it would be a terabyte.
  night.Change<core::Call>("call-1", [](core::Call& call) {
    call.hold_reason = PrivateText(std::string(20000, 'x'));
    call.facts.resize(300);
    for (core::Fact& fact : call.facts) {
      fact.text = PrivateText(std::string(20000, 'x'));
    }
  });
  Start(night);
  v1::OverrideMatchRequest request;
  for (int i = 0; i < 100000; ++i) {
    request.add_calls(Name("calls", "call-1"));
  }
  request.set_physician(Name("people", "dr-sato"));
  request.set_override_reason(std::string(1 << 20, '/'));
  request.set_request_id(FreshId());
  for (const char* account : {"nurse-ito", "dr-sato", "driver-abe"}) {
    EXPECT_EQ(Call("OverrideMatch", {account}, request).error_code(),
              StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(Call("OverrideMatch", {"op-mori"}, request).error_code(),
            StatusCode::INVALID_ARGUMENT);
  // Of an RPC of his own.
  v1::ListAssignmentsRequest list;
  list.set_parent("centers/hino");
  list.set_call(std::string(3 << 20, '/'));
  EXPECT_EQ(Call("ListAssignments", {"nurse-ito"}, list).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

// Every field of every request, each made bad in every way of its kind.
class HostileTest : public ServerTest {
 protected:
  static constexpr char kNotUtf8[] = "qqqq\xff";

  // Calls attack(path, message, field) for each field of a request, which it
  // may change: each on a fresh copy.
  struct Spot {
    std::vector<std::pair<const FieldDescriptor*, int>> way;
    const FieldDescriptor* field;
    std::string path;
  };

  static void Collect(const Message& message, const Spot& parent,
                      std::vector<Spot>* spots) {
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      Spot spot = parent;
      spot.field = field;
      absl::StrAppend(&spot.path, spot.path.empty() ? "" : ".", field->name());
      spots->push_back(spot);
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (absl::StartsWith(field->message_type()->full_name(),
                           "google.protobuf")) {
        continue;
      }
      spot.way.emplace_back(field, field->is_repeated() ? 0 : -1);
      if (field->is_repeated()) {
        if (reflection.FieldSize(message, field) == 0) continue;
        absl::StrAppend(&spot.path, "[0]");
        Collect(reflection.GetRepeatedMessage(message, field, 0), spot, spots);
      } else if (reflection.HasField(message, field)) {
        Collect(reflection.GetMessage(message, field), spot, spots);
      }
    }
  }
  static Message* Reach(const Spot& spot, Message* message) {
    for (const auto& [field, index] : spot.way) {
      message = index < 0
                    ? message->GetReflection()->MutableMessage(message, field)
                    : message->GetReflection()->MutableRepeatedMessage(
                          message, field, index);
    }
    return message;
  }
  static void SetText(const FieldDescriptor* field, const std::string& text,
                      Message* message) {
    if (field->is_repeated()) {
      message->GetReflection()->SetRepeatedString(message, field, 0, text);
    } else {
      message->GetReflection()->SetString(message, field, text);
    }
  }
  // Ways to make the field bad.
  static std::vector<std::function<void(Message*)>> Attacks(
      const FieldDescriptor* field) {
    std::vector<std::function<void(Message*)>> attacks;
    const auto text = [&](std::string value) {
      attacks.push_back([field, value = std::move(value)](Message* m) {
        SetText(field, value, m);
      });
    };
    const auto number = [&](int64_t seconds, int32_t nanos) {
      attacks.push_back([field, seconds, nanos](Message* m) {
        Message* inner =
            field->is_repeated()
                ? m->GetReflection()->MutableRepeatedMessage(m, field, 0)
                : m->GetReflection()->MutableMessage(m, field);
        const auto* type = inner->GetDescriptor();
        inner->GetReflection()->SetInt64(
            inner, type->FindFieldByName("seconds"), seconds);
        inner->GetReflection()->SetInt32(inner, type->FindFieldByName("nanos"),
                                         nanos);
      });
    };
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        text(std::string(20001, 'q'));
        text("qqqq\x01");
        text(kNotUtf8);
        if (field->name() == "etag" || field->name() == "etags") {
          text("qqqq");
          text("-1");
          text("99999999999999999999");
        }
        if (field->name() == "etags") text("");
        if (!testing::CollectionOf(field).empty()) {
          text("qqqq");
          text("centers/hino/qqqq/../x");
          text(testing::CollectionOf(field) == "centers"
                   ? "centers/elsewhere"
                   : absl::StrCat("centers/elsewhere/",
                                  testing::CollectionOf(field), "/qqqq"));
        }
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        attacks.push_back([field](Message* m) {
          field->is_repeated()
              ? m->GetReflection()->SetRepeatedEnumValue(m, field, 0, 9999)
              : m->GetReflection()->SetEnumValue(m, field, 9999);
        });
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(),
              std::numeric_limits<double>::infinity(), -1e300,
              field->name() == "latitude" ? 90.001 : -1e300,
              field->name() == "longitude" ? -180.001 : -1e300}) {
          attacks.push_back([field, bad](Message* m) {
            m->GetReflection()->SetDouble(m, field, bad);
          });
        }
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field->message_type()->name() == "Timestamp") {
          number(-1, 0);
          number(INT64_MAX, 0);
          number(INT64_MIN, 0);
          number(1795000000, -1);
          number(1795000000, 2000000000);
        } else if (field->message_type()->name() == "Duration") {
          number(-1, 0);
          number(INT64_MAX, 0);
          number(367 * 86400, 0);
          number(1, -1);
          number(1, 2000000000);
        }
        break;
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64:
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_BOOL:
        break;
    }
    if (field->is_repeated()) {
      attacks.push_back([field](Message* m) {
        const auto& reflection = *m->GetReflection();
        while (reflection.FieldSize(*m, field) < 201) {
          switch (field->cpp_type()) {
            case FieldDescriptor::CPPTYPE_STRING:
              reflection.AddString(m, field,
                                   reflection.GetRepeatedString(*m, field, 0));
              break;
            case FieldDescriptor::CPPTYPE_ENUM:
              reflection.AddEnumValue(m, field, 1);
              break;
            default:  // Only these kinds are repeated in the API.
              reflection.AddMessage(m, field)->CopyFrom(
                  reflection.GetRepeatedMessage(*m, field, 0));
              break;
          }
        }
      });
    }
    if (field->options().GetExtension(v1::required)) {
      attacks.push_back(
          [field](Message* m) { m->GetReflection()->ClearField(m, field); });
    }
    return attacks;
  }
};

TEST_F(HostileTest, NamesTheBadFieldOfEveryRequest) {
  Start(Night());
  int attacks = 0;
  for (const MethodDescriptor* rpc : testing::AllRpcs()) {
    const auto good = testing::NewMessage(rpc->input_type());
    testing::FillRequest(testing::NamesIn("hino", "everything"), false,
                         good.get());
    std::vector<Spot> spots;
    Collect(*good, {}, &spots);
    for (const Spot& spot : spots) {
      // Read by nobody: the server sets it, or it is a histories' entry.
      for (const auto& attack : Attacks(spot.field)) {
        const auto bad = testing::NewMessage(rpc->input_type());
        bad->CopyFrom(*good);
        attack(Reach(spot, bad.get()));
        std::string answer;
        const grpc::Status status = Call(rpc, {"everything"}, *bad, &answer);
        ++attacks;
        const bool refused =
            status.error_code() == StatusCode::INVALID_ARGUMENT ||
            status.error_code() == StatusCode::PERMISSION_DENIED ||
            (rpc->name() == "CreateSession" &&
             status.error_code() == StatusCode::UNAUTHENTICATED);
        EXPECT_TRUE(refused)
            << rpc->name() << " " << spot.path << ": " << Print(status) << "\n"
            << bad->ShortDebugString().substr(0, 300);
        if (absl::StrContains(bad->SerializeAsString(), kNotUtf8)) {
          EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
          EXPECT_THAT(status.error_message(), HasSubstr("not UTF-8"))
              << rpc->name() << " " << spot.path;
        } else if (status.error_code() == StatusCode::INVALID_ARGUMENT) {
          EXPECT_THAT(status.error_message(), HasSubstr(spot.field->name()))
              << rpc->name() << " " << spot.path;
        }
        EXPECT_THAT(status.error_message(), Not(HasSubstr("qqqq")))
            << rpc->name() << " " << spot.path;
      }
    }
  }
  EXPECT_GT(attacks, 2000);
}

}  // namespace
}  // namespace housecall::server
