#include "dispatcher/server/server.h"

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "housecall/v1/annotations.pb.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "housecall/v1/directory_service.grpc.pb.h"
#include "housecall/v1/session_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "tests/core/builders.h"
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
  for (const char* account :
       {"centers/hino/accounts/nobody", "centers/nowhere/accounts/op-mori"}) {
    request.set_account(account);
    const grpc::Status unknown = Call("CreateSession", {}, request);
    EXPECT_EQ(unknown.error_code(), wrong.error_code()) << account;
    EXPECT_EQ(unknown.error_message(), wrong.error_message()) << account;
  }
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
  for (const char* id : {"", "with space", "\x7f"}) {
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
    EXPECT_FALSE(
        CallBytes(rpc, {"everything"}, "\xff\xff\xff\xff\x01", &answer).ok())
        << rpc->full_name();
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

// Every field of every request, each made bad in every way of its kind.
class HostileTest : public ServerTest {
 protected:
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
              std::numeric_limits<double>::infinity(), -1e300}) {
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
        if (status.error_code() == StatusCode::INVALID_ARGUMENT) {
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
