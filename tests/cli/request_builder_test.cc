#include "clients/cli/request_builder.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "clients/cli/help.h"
#include "clients/cli/values.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Surroundings Around() {
  Surroundings around;
  around.center = "hino";
  around.now = absl::FromUnixSeconds(1778072640);
  around.environment =
      [](const std::string& name) -> std::optional<std::string> {
    if (name == "SECRET") return "correct horse battery";
    return std::nullopt;
  };
  around.read_line = [] { return std::optional<std::string>("from stdin"); };
  return around;
}

absl::Status Set(const std::string& flag, const std::string& value,
                 Message* message) {
  return SetField(flag, value, Around(), message);
}

// A text that the field takes.
std::string SampleOf(const FieldDescriptor& field) {
  if (IsSecret(field)) return "env:SECRET";
  if (IsTimestamp(field)) return "+1h";
  if (IsDuration(field)) return "90s";
  if (IsLatLng(field)) return "35.69,139.41";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return ShortName(*field.enum_type()->value(1));
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "{}";
    case FieldDescriptor::CPPTYPE_STRING:
      return "x1";
    default:
      return "7";
  }
}

bool IsSet(const Message& message, const std::string& path) {
  const Message* at = &message;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string name = parts[i];
    for (char& c : name) c = c == '-' ? '_' : c;
    const FieldDescriptor* field = at->GetDescriptor()->FindFieldByName(name);
    const auto& reflection = *at->GetReflection();
    const bool is_there = field->is_repeated()
                              ? reflection.FieldSize(*at, field) == 1
                              : reflection.HasField(*at, field);
    if (!is_there || i + 1 == parts.size()) return is_there;
    at = &reflection.GetMessage(*at, field);
  }
  return false;
}

// The promise of the command line: whatever the API takes can be typed.
TEST(RequestBuilder, SetsEveryFieldOfEveryRpc) {
  int flags = 0;
  for (const Rpc& rpc : Rpcs()) {
    for (const std::string& flag : FlagsOf(*rpc.method->input_type())) {
      const FieldDescriptor* field = FindFlag(*rpc.method->input_type(), flag);
      ASSERT_NE(field, nullptr) << rpc.name << " --" << flag;
      const std::unique_ptr<Message> request = rpc.NewRequest();
      const absl::Status status = Set(flag, SampleOf(*field), request.get());
      EXPECT_TRUE(status.ok()) << rpc.name << ": " << status;
      EXPECT_TRUE(IsSet(*request, flag)) << rpc.name << " --" << flag;
      ++flags;
    }
  }
  EXPECT_GT(flags, 400);
}

// Flags of all commands must not hide a field.
TEST(RequestBuilder, LeavesNoFieldBehindAGlobalFlag) {
  for (const Rpc& rpc : Rpcs()) {
    for (const std::string& flag : FlagsOf(*rpc.method->input_type())) {
      EXPECT_THAT(GlobalFlags(), ::testing::Not(::testing::Contains(flag)))
          << rpc.name;
      EXPECT_THAT(GlobalSwitches(), ::testing::Not(::testing::Contains(flag)))
          << rpc.name;
    }
  }
}

TEST(Api, HasEveryServiceWithComments) {
  std::set<std::string> services;
  for (const Rpc& rpc : Rpcs()) {
    services.insert(rpc.method->service()->name());
    EXPECT_NE(CommentOf(rpc.method->full_name()), "") << rpc.name;
    EXPECT_EQ(FindRpc(rpc.command), FindRpc(rpc.name));
    for (const std::string& flag : FlagsOf(*rpc.method->input_type())) {
      EXPECT_NE(
          CommentOf(FindFlag(*rpc.method->input_type(), flag)->full_name()), "")
          << rpc.name << " --" << flag;
    }
  }
  EXPECT_EQ(services.size(), 8u);
  EXPECT_GT(Rpcs().size(), 90u);
}

// Every field that holds a resource name says so in a form that is found.
TEST(Api, FindsTheFormatOfResourceNames) {
  const auto format = [](const Descriptor* type, const char* field) {
    return ResourceFormat(*type->FindFieldByName(field));
  };
  EXPECT_EQ(format(v1::SubmitCallRequest::descriptor(), "patient"),
            "centers/{center}/patients/{patient}");
  EXPECT_EQ(format(v1::SubmitCallRequest::descriptor(), "complaint"), "");
  EXPECT_EQ(format(v1::GetCenterRequest::descriptor(), "name"),
            "centers/{center}");
  for (const Rpc& rpc : Rpcs()) {
    const FieldDescriptor* name =
        rpc.method->input_type()->FindFieldByName("name");
    if (name != nullptr) {
      EXPECT_NE(ResourceFormat(*name), "") << rpc.name;
    }
    const FieldDescriptor* parent =
        rpc.method->input_type()->FindFieldByName("parent");
    if (parent != nullptr) {
      EXPECT_EQ(ResourceFormat(*parent), "centers/{center}") << rpc.name;
    }
  }
}

TEST(Api, KnowsWhatTheFirstWordIs) {
  const std::map<std::string, std::string> wanted = {
      {"GetCall", "name"},
      {"SubmitCall", "call"},
      {"TriageCall", "call"},
      {"AcceptOffer", "offer"},
      {"StartDrive", "assignment"},
      {"CreatePatient", "patient.name"},
      {"UpdateCar", "car.name"},
      {"ConfirmReceipt", "delivery"},
      {"SignNote", "note"},
      {"ListEvents", "call"},
      {"ListCalls", ""},
      {"GoOnDuty", ""},
      {"ReportPosition", "position"},
      {"GetCalendarDay", "date"},
      {"ChangePassword", ""},
      {"OverrideMatch", "calls"},
      {"GetSession", ""}};
  for (const auto& [rpc, field] : wanted) {
    EXPECT_EQ(PositionalField(*FindRpc(rpc)), field) << rpc;
  }
}

TEST(SetField, ExpandsShortIdsAndLists) {
  v1::OverrideMatchRequest request;
  ASSERT_TRUE(Set("calls", "c1,c2", &request).ok());
  ASSERT_TRUE(Set("calls", "c3", &request).ok());
  ASSERT_TRUE(Set("physician", "dr-sato", &request).ok());
  EXPECT_THAT(request.calls(),
              ElementsAre("centers/hino/calls/c1", "centers/hino/calls/c2",
                          "centers/hino/calls/c3"));
  EXPECT_EQ(request.physician(), "centers/hino/people/dr-sato");
}

TEST(SetField, KeepsCommasOfTexts) {
  v1::CreatePatientRequest request;
  ASSERT_TRUE(Set("patient.drugs", "A, 1 mg", &request).ok());
  ASSERT_TRUE(Set("patient.drugs", "B", &request).ok());
  EXPECT_THAT(request.patient().drugs(), ElementsAre("A, 1 mg", "B"));
}

TEST(SetField, TakesRepeatedMessagesAsJson) {
  v1::CreatePatientRequest request;
  ASSERT_TRUE(
      Set("patient.care-team",
          R"({"role":"PRIMARY_CLINIC","organization":"c1","channels":["webhook"]})",
          &request)
          .ok());
  ASSERT_EQ(request.patient().care_team_size(), 1);
  EXPECT_EQ(request.patient().care_team(0).role(),
            v1::CARE_ROLE_PRIMARY_CLINIC);
  EXPECT_EQ(request.patient().care_team(0).organization(),
            "centers/hino/organizations/c1");
  EXPECT_THAT(request.patient().care_team(0).channels(),
              ElementsAre(v1::CHANNEL_KIND_WEBHOOK));
}

TEST(SetField, RefusesHostileArguments) {
  const struct {
    const char* flag;
    const char* value;
    const char* message;
  } rows[] = {
      {"", "x", "there is no such flag"},
      {".", "x", "there is no such flag"},
      {"place..address", "x", "there is no such flag"},
      {"place.", "x", "there is no such flag"},
      {"complaint.text", "x", "there is no such flag"},
      {"red-flags.x", "x", "there is no such flag"},
      {"place.adress", "x", "did you mean --place.address?"},
      {"place", "nonsense", "must be a JSON object"},
      {"place", "[1]", "must be a JSON object"},
      {"place", R"({"adress":"x"})", "did you mean address?"},
      {"place", R"({"address":7})", "address: does not take a number"},
      {"place", R"({"position":{"latitude":"north"}})", "is no number"},
      {"place.position", "here", "is no position"},
      {"vitals.pulse-per-minute", "7.5", "must be a whole number"},
      {"vitals.pulse-per-minute", "1e300", "must be a whole number"},
      {"vitals.pulse-per-minute", "", "is no number"},
      {"vitals.temperature-celsius", "nan", "does not take a number"},
      {"vitals.temperature-celsius", "inf", "does not take a number"},
      {"call", "", "--call: an id must not be empty"},
      {"call", "a b", "an id has"},
      {"red-flags", "bleeding", "massive-bleeding"},
      {"device-time", "99:99", "is no time"},
  };
  for (const auto& row : rows) {
    v1::SubmitCallRequest request;
    const absl::Status status = Set(row.flag, row.value, &request);
    if (std::string(row.flag) == "call" && std::string(row.value).empty()) {
      // An empty text clears a field; the missing flag is said afterwards.
      EXPECT_TRUE(status.ok());
      continue;
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
        << row.flag << " " << row.value;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.message))
        << row.flag << " " << row.value;
  }
}

TEST(SetField, TakesSecretsFromElsewhereOnly) {
  v1::CreateAccountRequest request;
  EXPECT_THAT(
      std::string(Set("password", "literal password", &request).message()),
      HasSubstr("env:NAME"));
  EXPECT_EQ(request.password(), "");
  EXPECT_FALSE(Set("password", "env:UNSET", &request).ok());
  ASSERT_TRUE(Set("password", "env:SECRET", &request).ok());
  EXPECT_EQ(request.password(), "correct horse battery");
  ASSERT_TRUE(Set("password", "-", &request).ok());
  EXPECT_EQ(request.password(), "from stdin");
}

absl::Status Merge(const std::string& text, Message* message) {
  return MergeJson(nlohmann::json::parse(text), Around(), message);
}

TEST(MergeJson, TakesTheShorthandsOfFlags) {
  v1::CreateOrganizationRequest request;
  const absl::Status status = Merge(
      R"({"organization":{"name":"clinic-1","kind":"clinic",
          "displayName":"${center} clinic","position":"35.7,139.4",
          "webhook":{"url":"https://x.example/h","secret":{"env":"SECRET"}},
          "active":false}})",
      &request);
  ASSERT_TRUE(status.ok()) << status;
  const v1::Organization& clinic = request.organization();
  EXPECT_EQ(clinic.name(), "centers/hino/organizations/clinic-1");
  EXPECT_EQ(clinic.kind(), v1::ORGANIZATION_KIND_CLINIC);
  EXPECT_EQ(clinic.display_name(), "hino clinic");
  EXPECT_NEAR(clinic.position().longitude(), 139.4, 1e-9);
  EXPECT_EQ(clinic.webhook().secret(), "correct horse battery");
  EXPECT_TRUE(clinic.has_active());
}

TEST(MergeJson, ReplacesListsAndClearsWithNull) {
  v1::CreatePersonRequest request;
  request.mutable_person()->add_skills(v1::SKILL_CHILD);
  request.mutable_person()->set_phone("1");
  ASSERT_TRUE(
      Merge(R"({"person":{"skills":["wound"],"phone":null}})", &request).ok());
  EXPECT_THAT(request.person().skills(), ElementsAre(v1::SKILL_WOUND));
  EXPECT_EQ(request.person().phone(), "");
}

TEST(MergeJson, NamesTheFieldThatIsWrong) {
  const struct {
    const char* json;
    const char* message;
  } rows[] = {
      {R"({"persn":{}})", "persn: there is no such field; did you mean person"},
      {R"({"person":[]})", "person: does not take a JSON array"},
      {R"({"person":{"skills":"child"}})", "person.skills: must be a list"},
      {R"({"person":{"skills":["child","x"]}})", "person.skills[1]: 'x'"},
      {R"({"person":{"self_drive":"maybe"}})", "person.self_drive: 'maybe'"},
      {R"({"person":{"self_drive":1}})", "person.self_drive: does not take"},
      {R"({"person":{"phone":{"env":"UNSET"}}})",
       "person.phone: the environment variable UNSET is not set"},
      {R"({"person":{"employments":[{"start_time":"x"}]}})",
       "person.employments[0].start_time: 'x' is no time"},
      {R"({"person":{"phone":{"a":1}}})", "person.phone: does not take"},
  };
  for (const auto& row : rows) {
    v1::CreatePersonRequest request;
    EXPECT_THAT(std::string(Merge(row.json, &request).message()),
                HasSubstr(row.message))
        << row.json;
  }
}

// 18:00 typed at 02:04 is yesterday's on a sheet of paper, and today's where
// something is agreed.
TEST(SetField, TakesTimesOnPaperAsOver) {
  v1::SubmitCallRequest submit;
  ASSERT_TRUE(Set("written-time", "18:00", &submit).ok());
  EXPECT_LT(submit.written_time().seconds(), 1778072640);
  v1::RecordVisitRequest visit;
  ASSERT_TRUE(Set("arrive-time", "18:00", &visit).ok());
  EXPECT_EQ(visit.arrive_time().seconds(), submit.written_time().seconds());
  v1::HoldCallRequest hold;
  ASSERT_TRUE(Set("until-time", "18:00", &hold).ok());
  EXPECT_EQ(hold.until_time().seconds(),
            submit.written_time().seconds() + 24 * 60 * 60);
}

TEST(FillDefaults, AddsParentAndDeviceTime) {
  v1::ListCallsRequest list;
  FillDefaults(Around(), &list);
  EXPECT_EQ(list.parent(), "centers/hino");
  v1::ReportPositionRequest report;
  FillDefaults(Around(), &report);
  EXPECT_EQ(report.device_time().seconds(), 1778072640);
  v1::GetCenterRequest center;
  FillDefaults(Around(), &center);
  EXPECT_EQ(center.name(), "centers/hino");
}

TEST(MissingFlags, NamesThemAtAnyDepth) {
  v1::SubmitCallRequest request;
  EXPECT_THAT(MissingFlags(request),
              ElementsAre("call", "complaint", "judgement", "callback-phone"));
  request.mutable_short_patient()->set_birth_date("1950-01-01");
  EXPECT_THAT(MissingFlags(request),
              ::testing::Contains("short-patient.display-name"));
}

TEST(ClearSecrets, ReachesEveryDepth) {
  v1::ListOrganizationsResponse response;
  v1::Organization* clinic = response.add_organizations();
  clinic->set_display_name("x");
  clinic->mutable_webhook()->set_secret("whsec_1");
  EXPECT_TRUE(HasSecrets(response));
  ClearSecrets(&response);
  EXPECT_FALSE(HasSecrets(response));
  EXPECT_EQ(response.organizations(0).webhook().secret(), "");
  EXPECT_EQ(response.organizations(0).display_name(), "x");
}

}  // namespace
}  // namespace housecall::cli
