// Two centers served on a loopback port, with accounts of every role, and the
// whole API to send to them.
#ifndef HOUSECALL_TESTS_SERVER_SERVED_CENTERS_H_
#define HOUSECALL_TESTS_SERVER_SERVED_CENTERS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/password.h"
#include "dispatcher/server/server.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "router/travel_time_source.h"
#include "tests/core/builders.h"
#include "tests/engine/seed.h"
#include "tests/server/api.h"

namespace housecall::server::testing {

// Stands in every clinical text of the seeded boards.
inline constexpr char kPlanted[] = "planted-clinical";
// Stands in the other center only.
inline constexpr char kForeign[] = "planted-foreign";
// In the name of every patient.
inline constexpr char kPlantedName[] = "planted-name";
inline constexpr char kPassword[] = "correct horse battery";

// A token that anybody could have got, made without the cost of a password.
inline std::string TokenOf(const std::string& center,
                           const std::string& account) {
  std::string secret = account;
  secret.resize(43, 'x');
  return absl::StrCat("hc1.", center, ".", secret);
}

inline std::string Print(const grpc::Status& status) {
  return absl::StrCat(status.error_code(), ": ", status.error_message());
}

struct Lines {
  Mutex mutex;
  std::string text;
};
inline Lines& LogLines() {
  static auto* const lines = new Lines;
  return *lines;
}

// Two centers with the same people, calls and ids, served on loopback.
class ServedCenters : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // It names each field that is not UTF-8, which tests send on purpose.
    google::protobuf::SetLogHandler(nullptr);
    SetLogSink([](LogLevel, absl::string_view line) {
      MutexLock lock(LogLines().mutex);
      absl::StrAppend(&LogLines().text, line, "\n");
    });
  }

  ServedCenters() {
    engine_options_.timer_interval = absl::Milliseconds(1);
    engine_options_.plans = false;
  }
  ~ServedCenters() override {
    if (server_ != nullptr) server_->Shutdown(absl::ZeroDuration());
    server_ = nullptr;
    engine_ = nullptr;
    MutexLock lock(LogLines().mutex);
    EXPECT_THAT(LogLines().text,
                ::testing::Not(::testing::HasSubstr(kPlanted)));
    EXPECT_THAT(LogLines().text,
                ::testing::Not(::testing::HasSubstr(kPassword)));
    EXPECT_THAT(LogLines().text,
                ::testing::Not(::testing::HasSubstr(kPlantedName)));
  }

  // The roles of the accounts, which are named as their people.
  static std::vector<std::pair<std::string, std::vector<core::Role>>>
  Accounts() {
    return {
        {"op-mori", {core::Role::kOperator}},
        {"nurse-ito", {core::Role::kRequester}},
        {"dr-sato", {core::Role::kPhysician}},
        {"driver-abe", {core::Role::kDriver}},
        {"dr-kato", {core::Role::kPhysician}},
        {"admin", {core::Role::kAdministrator}},
        {"sakura-care", {core::Role::kCareTeam}},
        {"everything",
         {core::Role::kOperator, core::Role::kAdministrator,
          core::Role::kRequester, core::Role::kPhysician, core::Role::kDriver,
          core::Role::kCareTeam, core::Role::kMunicipality}}};
  }

  static void Plant(const std::string& mark, PrivateText* text) {
    text->MutableReveal() = mark;
  }

  // Adds accounts with open sessions to what a test has on the board.
  static core::Board Complete(core::testing::BoardBuilder builder,
                              const std::string& center,
                              const std::string& mark) {
    core::Center record = builder.board().center();
    record.id = core::CenterId(center);
    builder.Put(record);
    for (const auto& [name, roles] : Accounts()) {
      const core::PersonId person(name);
      if (builder.board().Find<core::Person>(person) == nullptr) {
        core::Person added;
        added.id = person;
        added.etag.number = 1;
        added.organization = core::OrganizationId("clinic-hino");
        added.display_name = name;
        builder.Put(added);
      }
      core::Account account;
      account.id = core::AccountId(name);
      account.etag.number = 1;
      account.person = person;
      account.roles = roles;
      account.password_hash = Hash();
      builder.Put(account);
      core::Session session;
      session.id = ParseToken(TokenOf(center, name))->session;
      session.etag.number = 1;
      session.account = account.id;
      session.create_time = core::testing::TestNow();
      session.expire_time = core::testing::TestNow() + absl::Hours(14);
      builder.Put(session);
    }
    std::vector<core::Patient> patients;
    builder.board().table<core::Patient>().ForEach(
        [&](const auto&, const core::Patient& p) { patients.push_back(p); });
    for (core::Patient& patient : patients) {
      patient.display_name = PrivateText(kPlantedName);
      patient.conditions = {PrivateText(mark)};
      patient.emergency_plan = PrivateText(mark);
      builder.Put(patient);
    }
    std::vector<core::Call> calls;
    builder.board().table<core::Call>().ForEach(
        [&](const auto&, const core::Call& c) { calls.push_back(c); });
    for (core::Call& call : calls) {
      Plant(mark, &call.complaint);
      Plant(mark, &call.onset);
      Plant(mark, &call.judgement);
      builder.Put(call);
    }
    return builder.Build();
  }

  static const PrivateText& Hash() {
    static const auto* const hash =
        new PrivateText(*HashPassword(PrivateText(kPassword)));
    return *hash;
  }

  void Start(core::testing::BoardBuilder builder, Options options = {}) {
    engine::testing::Seed(Complete(builder, "hino", kPlanted), &store_);
    engine::testing::Seed(Complete(builder, "elsewhere", kForeign), &store_);
    engine_ = std::make_unique<engine::Engine>(&store_, &clock_, travel_times_,
                                               engine_options_);
    ASSERT_TRUE(engine_->Start().ok());
    options.listen_address = "127.0.0.1:0";
    options.position_interval = absl::ZeroDuration();
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(engine_.get(), options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
  }

  // Cards that together are more than one message may hold.
  static core::testing::BoardBuilder NightOfLargeCards() {
    core::testing::BoardBuilder night = Night();
    for (int i = 0; i < 300; ++i) {
      const std::string id = absl::StrCat("many-", i);
      night.AddPatient(id);
      night.Change<core::Patient>(id, [](core::Patient& patient) {
        patient.key_holder = PrivateText(std::string(20000, 'x'));
      });
    }
    return night;
  }

  static core::testing::BoardBuilder Night() {
    return core::testing::BoardBuilder()
        .AddPhysician("dr-sato")
        .AddPhysician("dr-kato")
        .AddDriver("driver-abe", "car-1")
        .AddPatient("tanaka")
        .AddPatient("suzuki");
  }

  struct Caller {
    std::string account;
    std::string center = "hino";
  };

  static void Prepare(const Caller& caller, grpc::ClientContext* context) {
    if (!caller.account.empty()) {
      context->AddMetadata(
          "authorization",
          absl::StrCat("Bearer ", TokenOf(caller.center, caller.account)));
    }
    context->set_deadline(std::chrono::system_clock::now() +
                          std::chrono::seconds(30));
  }

  // Sends bytes to any RPC and takes the first message of the answer.
  grpc::Status CallBytes(const google::protobuf::MethodDescriptor* rpc,
                         const Caller& caller, const std::string& bytes,
                         std::string* answer) {
    return CallPath(
        absl::StrCat("/", rpc->service()->full_name(), "/", rpc->name()),
        rpc->server_streaming(), caller, bytes, answer);
  }
  // As CallBytes, of any service.
  grpc::Status CallPath(const std::string& path, bool streaming,
                        const Caller& caller, const std::string& bytes,
                        std::string* answer) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    Prepare(caller, &context);
    grpc::CompletionQueue queue;
    auto call = stub.PrepareCall(&context, path, &queue);
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
      return ok;
    };
    call->StartCall(nullptr);
    next();
    const grpc::Slice slice(bytes);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    next();
    grpc::ByteBuffer buffer;
    call->Read(&buffer, nullptr);
    const bool got = next();
    if (got) {
      std::vector<grpc::Slice> slices;
      EXPECT_TRUE(buffer.Dump(&slices).ok());
      for (const grpc::Slice& part : slices) {
        answer->append(reinterpret_cast<const char*>(part.begin()),
                       part.size());
      }
      if (streaming) context.TryCancel();
    }
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    queue.Shutdown();
    if (got && streaming) return grpc::Status::OK;
    return status;
  }
  grpc::Status Call(const google::protobuf::MethodDescriptor* rpc,
                    const Caller& caller,
                    const google::protobuf::Message& request,
                    std::string* answer) {
    return CallBytes(rpc, caller, request.SerializeAsString(), answer);
  }
  // By name; `response` may be null.
  grpc::Status Call(const std::string& name, const Caller& caller,
                    const google::protobuf::Message& request,
                    google::protobuf::Message* response = nullptr) {
    for (const google::protobuf::MethodDescriptor* rpc : AllRpcs()) {
      if (rpc->name() != name) continue;
      std::string answer;
      grpc::Status status = Call(rpc, caller, request, &answer);
      if (status.ok() && response != nullptr) {
        EXPECT_TRUE(response->ParseFromString(answer));
      }
      seen_by_[caller.account] += answer;
      return status;
    }
    ADD_FAILURE() << "there is no RPC " << name;
    return grpc::Status::CANCELLED;
  }
  static std::string Name(const std::string& collection,
                          const std::string& id) {
    return absl::StrCat("centers/hino/", collection, "/", id);
  }
  std::string FreshId() { return absl::StrCat("request-", ++requests_); }

  SimulatedClock clock_{core::testing::TestNow()};
  store::MemoryStore store_;
  router::StraightLine roads_;
  // What the engine asks.
  const router::TravelTimeSource* travel_times_ = &roads_;
  engine::Options engine_options_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  // Every byte that an account was answered with.
  std::map<std::string, std::string> seen_by_;
  int requests_ = 0;
};

}  // namespace housecall::server::testing

#endif  // HOUSECALL_TESTS_SERVER_SERVED_CENTERS_H_
