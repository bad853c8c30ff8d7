// What changes while somebody looks: streams, a night from the submission to
// the end, and the server as a whole.
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "housecall/v1/board_service.grpc.pb.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "housecall/v1/directory_service.grpc.pb.h"
#include "housecall/v1/note_service.grpc.pb.h"
#include "housecall/v1/session_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "tests/engine/await.h"
#include "tests/outbox/certificates.h"
#include "tests/server/served_centers.h"

namespace housecall::server {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using testing::kPassword;
using testing::kPlanted;
using ::testing::Not;
using testing::Print;
using testing::TokenOf;

// A thread that reads a stream until it ends, or is ended.
class Reading {
 public:
  Reading(grpc::ClientContext* context, std::function<void()> read)
      : context_(context), thread_(std::move(read)) {}
  ~Reading() { End(); }
  void End() {
    if (!thread_.joinable()) return;
    context_->TryCancel();
    thread_.join();
  }

 private:
  grpc::ClientContext* const context_;
  std::thread thread_;
};

class StreamsTest : public testing::ServedCenters {
 protected:
  // An open stream of the board, read by the test.
  struct Board {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::BoardUpdate>> reader;
    // The next message that is not a heartbeat.
    bool Next(v1::BoardUpdate* update) {
      while (reader->Read(update)) {
        if (!update->has_heartbeat()) return true;
      }
      return false;
    }
    // Reads a snapshot to its end.
    bool ReadSnapshot(v1::BoardUpdate* complete,
                      std::vector<v1::Resource>* resources) {
      while (Next(complete)) {
        for (const v1::Resource& r : complete->snapshot_chunk().resources()) {
          resources->push_back(r);
        }
        if (complete->has_snapshot_complete()) return true;
      }
      return false;
    }
  };

  std::unique_ptr<Board> Watch(const Caller& caller,
                               const std::string& token = "") {
    auto board = std::make_unique<Board>();
    Prepare(caller, &board->context);
    v1::WatchBoardRequest request;
    request.set_parent("centers/hino");
    request.set_resume_token(token);
    board->reader = v1::BoardService::NewStub(channel_)->WatchBoard(
        &board->context, request);
    return board;
  }

  // The operator's stream after its first board, whose end is *update; null if
  // that did not come.
  std::unique_ptr<Board> WatchFromNow(v1::BoardUpdate* update) {
    std::unique_ptr<Board> board = Watch({"op-mori"});
    std::vector<v1::Resource> resources;
    return board->ReadSnapshot(update, &resources) ? std::move(board) : nullptr;
  }

  v1::SubmitCallRequest Submission(const std::string& id,
                                   const std::string& patient = "tanaka") {
    v1::SubmitCallRequest request;
    request.set_call(Name("calls", id));
    request.set_patient(Name("patients", patient));
    request.set_complaint(kPlanted);
    request.set_judgement(kPlanted);
    request.set_callback_phone("090-0000-0000");
    request.set_request_id(FreshId());
    return request;
  }

  // Sends a request that has to be answered.
  template <typename Response, typename Request>
  Response Must(const std::string& rpc, const Caller& caller, Request request) {
    if constexpr (requires { request.set_request_id(""); }) {
      request.set_request_id(FreshId());
    }
    Response response;
    const grpc::Status status = Call(rpc, caller, request, &response);
    EXPECT_TRUE(status.ok()) << rpc << " " << Print(status);
    return response;
  }

  // Changes of the board that are more than the windows of a connection, whose
  // client does not read, take in.
  void FillTheWindows() {
    v1::AddFactRequest fact;
    fact.set_call(Name("calls", "c1"));
    fact.set_text(std::string(20000, 'x'));
    Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c1"));
    for (int i = 0; i < 40; ++i) Must<v1::Call>("AddFact", {"op-mori"}, fact);
  }
};

TEST_F(StreamsTest, WatchBoardSendsTheBoardThenEveryChange) {
  Start(Night());
  const auto board = Watch({"op-mori"});
  v1::BoardUpdate update;
  ASSERT_TRUE(board->Next(&update));
  EXPECT_TRUE(update.has_snapshot_begin());
  std::vector<v1::Resource> resources;
  ASSERT_TRUE(board->ReadSnapshot(&update, &resources));
  EXPECT_NE(update.resume_token(), "");
  std::set<std::string> patients;
  for (const v1::Resource& r : resources) {
    if (r.has_patient()) patients.insert(r.patient().name());
  }
  EXPECT_THAT(patients, ::testing::Contains(Name("patients", "tanaka")));

  Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c1"));
  ASSERT_TRUE(board->Next(&update));
  EXPECT_EQ(update.event().kind(), v1::EVENT_KIND_CALL_RECEIVED);
  EXPECT_EQ(update.event().call(), Name("calls", "c1"));
  const std::string token = update.resume_token();
  board->context.TryCancel();

  Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c2", "suzuki"));
  const auto resumed = Watch({"op-mori"}, token);
  bool found = false;
  while (!found && resumed->Next(&update)) {
    ASSERT_TRUE(update.has_event());
    EXPECT_NE(update.event().call() == Name("calls", "c1") &&
                  update.event().kind() == v1::EVENT_KIND_CALL_RECEIVED,
              true);
    found = update.event().kind() == v1::EVENT_KIND_CALL_RECEIVED &&
            update.event().call() == Name("calls", "c2");
  }
  EXPECT_TRUE(found);
}

TEST_F(StreamsTest, WatchBoardEndsWhenTheSessionDoes) {
  Start(Night());
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  v1::RevokeSessionRequest revoke;
  revoke.set_session(
      absl::StrCat("centers/hino/sessions/",
                   ParseToken(TokenOf("hino", "op-mori"))->session.value()));
  Must<v1::Session>("RevokeSession", {"op-mori"}, revoke);
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(StreamsTest, WatchBoardEndsWhenHeMaySeeSomethingOfHisOwn) {
  Start(Night());
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  v1::CreateAccountRequest create;
  create.set_parent("centers/hino");
  create.mutable_account()->set_name(Name("accounts", "mori-as-physician"));
  create.mutable_account()->set_person(Name("people", "op-mori"));
  create.mutable_account()->add_roles(v1::ROLE_PHYSICIAN);
  create.set_password(kPassword);
  Must<v1::Account>("CreateAccount", {"admin"}, create);
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(StreamsTest, WatchBoardEndsWhenTheTimeOfTheSessionIsOver) {
  Start(Night());
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  clock_.Advance(absl::Hours(14));
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(StreamsTest, WatchDutyEndsWhenTheSessionDoes) {
  Start(Night());
  grpc::ClientContext context;
  Prepare({"driver-abe"}, &context);
  const auto reader = v1::VisitService::NewStub(channel_)->WatchDuty(
      &context, v1::WatchDutyRequest());
  v1::DutyView view;
  ASSERT_TRUE(reader->Read(&view));
  v1::RevokeSessionRequest revoke;
  revoke.set_session(Name(
      "sessions", ParseToken(TokenOf("hino", "driver-abe"))->session.value()));
  Must<v1::Session>("RevokeSession", {"admin"}, revoke);
  while (reader->Read(&view)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

// What was not read is more than a client may be behind: with it he would be
// cut off before he has read anything, again and again.
TEST_F(StreamsTest, WatchBoardSendsTheBoardToWhoHasMissedTooMuch) {
  Options options;
  options.watch_queue = 8;
  Start(Night(), options);
  auto board = Watch({"op-mori"});
  v1::BoardUpdate update;
  std::vector<v1::Resource> resources;
  ASSERT_TRUE(board->ReadSnapshot(&update, &resources));
  const std::string token = update.resume_token();
  board->context.TryCancel();
  Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c1"));
  v1::AddFactRequest fact;
  fact.set_call(Name("calls", "c1"));
  fact.set_text("x");
  for (int i = 0; i < 50; ++i) Must<v1::Call>("AddFact", {"op-mori"}, fact);
  board = Watch({"op-mori"}, token);
  ASSERT_TRUE(board->Next(&update));
  EXPECT_TRUE(update.has_snapshot_begin());
  resources.clear();
  EXPECT_TRUE(board->ReadSnapshot(&update, &resources));
  EXPECT_NE(update.resume_token(), token);
}

TEST_F(StreamsTest, WatchBoardBringsThePositionsOfMeanwhile) {
  Start(Night());
  auto board = Watch({"op-mori"});
  v1::BoardUpdate update;
  std::vector<v1::Resource> resources;
  ASSERT_TRUE(board->ReadSnapshot(&update, &resources));
  board->context.TryCancel();
  v1::ReportPositionRequest report;
  report.mutable_position()->set_latitude(35.5);
  report.mutable_position()->set_longitude(139.5);
  report.mutable_device_time()->set_seconds(
      absl::ToUnixSeconds(core::testing::TestNow()));
  Must<v1::Position>("ReportPosition", {"dr-sato"}, report);
  board = Watch({"op-mori"}, update.resume_token());
  ASSERT_TRUE(board->Next(&update));
  EXPECT_EQ(update.event().kind(), v1::EVENT_KIND_POSITION_REPORTED);
  ASSERT_EQ(update.event().resources_size(), 1);
  EXPECT_EQ(update.event().resources(0).position().position().latitude(), 35.5);
}

// A message that a client could not take would end his stream for good.
TEST_F(StreamsTest, WatchBoardSendsLargeCardsInMoreMessages) {
  Start(NightOfLargeCards());
  const auto board = Watch({"op-mori"});
  v1::BoardUpdate update;
  std::vector<v1::Resource> resources;
  ASSERT_TRUE(board->ReadSnapshot(&update, &resources));
  EXPECT_GT(resources.size(), 300u);
}

// Whatever a list or the stream shows may be asked for by its name as well: no
// way round the table of access.
TEST_F(StreamsTest, ShowsNobodyMoreThanWhatHeMayAskFor) {
  core::testing::BoardBuilder night =
      Night()
          .AddPerson("sakura-care", "clinic-sakura")
          .AddCallInState(core::CallState::kNoteSent, "call-1")
          .AddCallInState(core::CallState::kOffered, "call-2",
                          {.patient = "suzuki",
                           .physician = "dr-kato",
                           .driver = "driver-baba",
                           .car = "car-2"});
  // One delivery to the requester's own station, one to others.
  core::Delivery delivery;
  delivery.id = core::DeliveryId("call-1--d8");
  delivery.etag.number = 1;
  delivery.call = core::CallId("call-1");
  delivery.note = night.board().Find<core::Call>(delivery.call)->note;
  delivery.member.organization = core::OrganizationId("station-asahi");
  night.Put(delivery);
  delivery.id = core::DeliveryId("call-1--d9");
  delivery.member.organization = core::OrganizationId("platform-yoru");
  night.Put(delivery);
  core::Match match;
  match.id = core::MatchId("call-1--m1");
  match.etag.number = 1;
  match.call = core::CallId("call-1");
  night.Put(match);
  Start(night);
  std::map<std::string, int> shown;
  int same = 0;
  std::map<std::string, std::set<std::string>> deliveries;
  for (const auto& [account, roles] : Accounts()) {
    std::vector<std::unique_ptr<google::protobuf::Message>> resources;
    const auto add = [&](const google::protobuf::Message& resource) {
      resources.push_back(
          std::unique_ptr<google::protobuf::Message>(resource.New()));
      resources.back()->CopyFrom(resource);
    };
    const auto board = Watch({account});
    v1::BoardUpdate update;
    std::vector<v1::Resource> of_board;
    board->ReadSnapshot(&update, &of_board);
    for (const v1::Resource& resource : of_board) {
      const auto& reflection = *resource.GetReflection();
      std::vector<const google::protobuf::FieldDescriptor*> fields;
      reflection.ListFields(resource, &fields);
      add(reflection.GetMessage(resource, fields.at(0)));
    }
    for (const auto* rpc : testing::AllRpcs()) {
      if (!absl::StartsWith(rpc->name(), "List")) continue;
      const auto request = testing::NewMessage(rpc->input_type());
      testing::FillRequest(
          [](const std::string& collection, const auto*) {
            return collection == "centers" ? "centers/hino"
                                           : Name(collection, "call-1");
          },
          true, request.get());
      const auto response = testing::NewMessage(rpc->output_type());
      if (!Call(rpc->name(), {account}, *request, response.get()).ok()) {
        continue;
      }
      const auto* list = rpc->output_type()->field(0);
      const auto& reflection = *response->GetReflection();
      for (int i = 0; i < reflection.FieldSize(*response, list); ++i) {
        add(reflection.GetRepeatedMessage(*response, list, i));
      }
    }
    for (const auto& resource : resources) {
      const std::string type = resource->GetDescriptor()->name();
      ++shown[type];
      const auto* name = resource->GetDescriptor()->FindFieldByName("name");
      const auto* request_type =
          testing::FindMessage(absl::StrCat("Get", type, "Request"));
      if (name == nullptr || request_type == nullptr ||
          request_type->FindFieldByName("name") == nullptr) {
        continue;
      }
      const auto request = testing::NewMessage(request_type);
      request->GetReflection()->SetString(
          request.get(), request_type->FindFieldByName("name"),
          resource->GetReflection()->GetString(*resource, name));
      if (type == "Delivery") {
        deliveries[account].insert(
            resource->GetReflection()->GetString(*resource, name));
      }
      const auto answer = testing::NewMessage(type);
      const grpc::Status status =
          Call(absl::StrCat("Get", type), {account}, *request, answer.get());
      ASSERT_TRUE(status.ok())
          << account << " sees " << request->ShortDebugString() << " but "
          << Print(status);
      // Unless it was changed meanwhile.
      const auto* etag = resource->GetDescriptor()->FindFieldByName("etag");
      if (answer->GetReflection()->GetString(*answer, etag) ==
          resource->GetReflection()->GetString(*resource, etag)) {
        EXPECT_EQ(answer->SerializeAsString(), resource->SerializeAsString())
            << account;
        ++same;
      }
    }
  }
  for (const char* type : {"Call", "Patient", "Note", "Delivery", "Assignment",
                           "Visit", "Offer", "Match", "Person", "Shift"}) {
    EXPECT_GT(shown[type], 0) << type;
  }
  EXPECT_GT(same, 100);
  EXPECT_THAT(deliveries["nurse-ito"],
              ::testing::Contains(Name("deliveries", "call-1--d8")));
  EXPECT_THAT(deliveries["nurse-ito"],
              Not(::testing::Contains(Name("deliveries", "call-1--d9"))));
  EXPECT_THAT(deliveries["op-mori"],
              ::testing::Contains(Name("deliveries", "call-1--d9")));
}

TEST_F(StreamsTest, WatchBoardRefusesAForeignToken) {
  Start(Night());
  for (const char* token : {"elsewhere:1", "hino", "hino:x", "hino:-1",
                            "hino:e:x", "hino:e:s:1:2"}) {
    const auto board = Watch({"op-mori"}, token);
    v1::BoardUpdate update;
    EXPECT_FALSE(board->Next(&update));
    EXPECT_EQ(board->reader->Finish().error_code(),
              StatusCode::INVALID_ARGUMENT)
        << token;
  }
}

TEST_F(StreamsTest, WatchBoardCutsOffWhoDoesNotRead) {
  Options options;
  options.watch_queue = 8;
  Start(Night(), options);
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  FillTheWindows();
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
}

// Whatever is kept of what a slow client missed, in the end he knows what
// everybody knows, and has heard of nothing twice.
TEST_F(StreamsTest, WhoIsCutOffAndComesBackMissesNothing) {
  Options options;
  options.watch_queue = 16;
  Start(Night(), options);
  std::map<std::string, std::string> known;
  const auto keep = [&known](const v1::Resource& resource) {
    if (resource.has_call()) {
      known[resource.call().name()] = resource.call().SerializeAsString();
    }
  };
  Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c1"));
  std::string token;
  int64_t sequence = 0;
  int cut_off = 0;
  int events = 0;
  const auto take = [&](const v1::BoardUpdate& update) {
    if (update.has_snapshot_begin()) known.clear();
    if (update.has_snapshot_complete()) {
      EXPECT_GE(update.sequence(), sequence);
      sequence = update.sequence();
    }
    if (update.has_event()) {
      EXPECT_EQ(update.event().sequence(), sequence + 1);
      sequence = update.event().sequence();
      ++events;
    }
    for (const v1::Resource& r : update.snapshot_chunk().resources()) keep(r);
    for (const v1::Resource& r : update.event().resources()) keep(r);
    if (!update.resume_token().empty()) token = update.resume_token();
  };
  v1::AddFactRequest fact;
  fact.set_call(Name("calls", "c1"));
  for (int round = 0; round < 3; ++round) {
    const auto board = Watch({"op-mori"}, token);
    v1::BoardUpdate update;
    ASSERT_TRUE(board->Next(&update));
    take(update);
    // Nothing is read meanwhile.
    for (int i = 0; i < 40; ++i) {
      fact.set_text(
          absl::StrCat("fact ", round, "-", i, ".", std::string(19000, 'x')));
      Must<v1::Call>("AddFact", {"op-mori"}, fact);
    }
    while (board->Next(&update)) take(update);
    EXPECT_EQ(board->reader->Finish().error_code(),
              StatusCode::RESOURCE_EXHAUSTED);
    ++cut_off;
  }
  const auto board = Watch({"op-mori"}, token);
  fact.set_text("the last one");
  Must<v1::Call>("AddFact", {"op-mori"}, fact);
  v1::BoardUpdate update;
  while (!absl::StrContains(known[Name("calls", "c1")], fact.text()) &&
         board->Next(&update)) {
    take(update);
  }
  EXPECT_EQ(cut_off, 3);
  EXPECT_GT(events, 0);
  EXPECT_GE(server_->stream_figures().ended_laggards, 3);
  v1::GetCallRequest get;
  get.set_name(Name("calls", "c1"));
  EXPECT_EQ(known[get.name()],
            Must<v1::Call>("GetCall", {"op-mori"}, get).SerializeAsString());
}

TEST_F(StreamsTest, ClientsThatReadNothingHoldLittleAllTogether) {
  Options options;
  options.watch_total_bytes = 1 << 20;
  Start(Night(), options);
  std::vector<std::unique_ptr<Board>> boards;
  for (int i = 0; i < 20; ++i) boards.push_back(Watch({"op-mori"}));
  for (const auto& board : boards) {
    v1::BoardUpdate update;
    std::vector<v1::Resource> resources;
    ASSERT_TRUE(board->ReadSnapshot(&update, &resources));
  }
  v1::AddFactRequest fact;
  fact.set_call(Name("calls", "c1"));
  fact.set_text(std::string(20000, 'x'));
  Must<v1::Call>("SubmitCall", {"op-mori"}, Submission("c1"));
  size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    clock_.Advance(absl::Seconds(1));
    Must<v1::Call>("AddFact", {"op-mori"}, fact);
    most = std::max(most, server_->stream_figures().waiting_bytes);
  }
  // 100 MB of changes; at the peak a few of them, of a megabyte and more each,
  // beyond the limit until the hub has looked.
  EXPECT_LT(most, 12u << 20);
  EXPECT_TRUE(engine::testing::Await([&] {
    clock_.Advance(absl::Seconds(1));
    return server_->stream_figures().ended_laggards == 20;
  }));
}

TEST_F(StreamsTest, WatchBoardLetsGoOfWhoDoesNotEvenTakeTheEnd) {
  Options options;
  options.watch_queue = 8;
  Start(Night(), options);
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  FillTheWindows();
  // Each change wakes the hub, which counts the seconds that have passed.
  v1::ReportPositionRequest report;
  report.mutable_position()->set_latitude(35.5);
  report.mutable_position()->set_longitude(139.5);
  for (int i = 0; i < 300; ++i) {
    clock_.Advance(absl::Seconds(1));
    report.mutable_device_time()->set_seconds(
        absl::ToUnixSeconds(clock_.Now()));
    Must<v1::Position>("ReportPosition", {"dr-sato"}, report);
  }
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(), StatusCode::CANCELLED);
}

TEST_F(StreamsTest, GoesFromTheSubmissionToTheEnd) {
  engine_options_.plans = true;
  // The care team gets its note in the inbox.
  core::testing::BoardBuilder night = core::testing::BoardBuilder()
                                          .AddPhysician("dr-sato")
                                          .AddDriver("driver-abe", "car-1")
                                          .AddPatient("tanaka");
  night.Change<core::Patient>("tanaka", [](core::Patient& patient) {
    core::CareTeamMember member;
    member.role = core::CareRole::kNurseStation;
    member.organization = core::OrganizationId("station-asahi");
    member.channels = {core::ChannelKind::kInbox};
    patient.care_team = {member};
  });
  Start(night);

  // The driver's screen, open all night.
  std::atomic<bool> offered{false};
  std::string driver_stream;
  grpc::ClientContext duty_context;
  Prepare({"driver-abe"}, &duty_context);
  Reading duty(&duty_context, [&] {
    const auto reader = v1::VisitService::NewStub(channel_)->WatchDuty(
        &duty_context, v1::WatchDutyRequest());
    v1::DutyView view;
    while (reader->Read(&view)) {
      absl::StrAppend(&driver_stream, view.SerializeAsString());
      if (view.offers_size() > 0) offered = true;
    }
    reader->Finish();
  });

  Must<v1::Call>("SubmitCall", {"nurse-ito"}, Submission("c1"));
  v1::TriageCallRequest triage;
  triage.set_call(Name("calls", "c1"));
  triage.set_disposition(v1::DISPOSITION_VISIT);
  triage.set_urgency(v1::URGENCY_STANDARD);
  Must<v1::Call>("TriageCall", {"op-mori"}, triage);
  ASSERT_TRUE(engine::testing::Await([&] { return offered.load(); }));

  const auto duty_of = [&](const std::string& who) {
    return Must<v1::DutyView>("GetDuty", {who}, v1::GetDutyRequest());
  };
  const v1::DutyView before = duty_of("dr-sato");
  ASSERT_EQ(before.offers_size(), 1);
  EXPECT_THAT(seen_by_["dr-sato"], Not(HasSubstr(kPlanted)))
      << "before he has accepted";
  v1::AcceptOfferRequest accept;
  accept.set_offer(before.offers(0).name());
  Must<v1::Offer>("AcceptOffer", {"dr-sato"}, accept);
  Must<v1::Offer>("AcceptOffer", {"driver-abe"}, accept);
  const v1::DutyView after = duty_of("dr-sato");
  ASSERT_EQ(after.assignments_size(), 1);
  EXPECT_THAT(seen_by_["dr-sato"], HasSubstr(kPlanted));
  const std::string assignment = after.assignments(0).name();

  const auto step = [&](const std::string& rpc, const std::string& who,
                        auto request) {
    request.set_assignment(assignment);
    clock_.Advance(absl::Minutes(1));
    Must<v1::Assignment>(rpc, {who}, request);
  };
  step("StartDrive", "driver-abe", v1::StartDriveRequest());
  step("PickUpPhysician", "driver-abe", v1::PickUpPhysicianRequest());
  step("Arrive", "driver-abe", v1::ArriveRequest());
  step("StartTreatment", "dr-sato", v1::StartTreatmentRequest());
  step("EndTreatment", "dr-sato", v1::EndTreatmentRequest());
  step("LeaveScene", "driver-abe", v1::LeaveSceneRequest());

  v1::DraftNoteRequest draft;
  draft.set_call(Name("calls", "c1"));
  // Every text of a note.
  const auto* text_type = draft.text().GetDescriptor();
  for (int i = 0; i < text_type->field_count(); ++i) {
    const auto* field = text_type->field(i);
    if (field->cpp_type() ==
            google::protobuf::FieldDescriptor::CPPTYPE_STRING &&
        !field->is_repeated()) {
      draft.mutable_text()->GetReflection()->SetString(draft.mutable_text(),
                                                       field, kPlanted);
    }
  }
  const v1::Note drafted = Must<v1::Note>("DraftNote", {"dr-sato"}, draft);
  v1::SignNoteRequest sign;
  sign.set_note(drafted.name());
  sign.set_etag(drafted.etag());
  Must<v1::Note>("SignNote", {"dr-sato"}, sign);

  v1::ListDeliveriesRequest list;
  list.set_parent("centers/hino");
  const auto deliveries =
      Must<v1::ListDeliveriesResponse>("ListDeliveries", {"nurse-ito"}, list);
  ASSERT_EQ(deliveries.deliveries_size(), 1);
  v1::ConfirmReceiptRequest receipt;
  receipt.set_delivery(deliveries.deliveries(0).name());
  Must<v1::Delivery>("ConfirmReceipt", {"nurse-ito"}, receipt);
  // The patient's own clinic was told by telephone.
  const auto told =
      Must<v1::ListDeliveriesResponse>("ListDeliveries", {"op-mori"}, list);
  for (const v1::Delivery& delivery : told.deliveries()) {
    if (delivery.has_receipt()) continue;
    v1::ConfirmReceiptByHandRequest by_hand;
    by_hand.set_delivery(delivery.name());
    by_hand.set_receiver_name("Nurse Ueda");
    by_hand.set_reason("told by telephone");
    Must<v1::Delivery>("ConfirmReceiptByHand", {"op-mori"}, by_hand);
  }
  v1::InformRequesterRequest inform;
  inform.set_call(Name("calls", "c1"));
  Must<v1::Call>("InformRequester", {"nurse-ito"}, inform);
  v1::ConfirmHoursRequest hours;
  hours.set_assignment(assignment);
  Must<v1::Assignment>("ConfirmHours", {"driver-abe"}, hours);
  Must<v1::Assignment>("ConfirmHours", {"dr-sato"}, hours);

  v1::GetCallRequest get;
  get.set_name(Name("calls", "c1"));
  v1::Call call = Must<v1::Call>("GetCall", {"op-mori"}, get);
  if (call.state() != v1::CALL_STATE_CLOSED) {
    v1::CloseCallRequest close;
    close.set_call(Name("calls", "c1"));
    close.set_outcome(v1::OUTCOME_VISITED);
    call = Must<v1::Call>("CloseCall", {"op-mori"}, close);
  }
  EXPECT_EQ(call.state(), v1::CALL_STATE_CLOSED);

  // Whatever a driver may ask for.
  Must<v1::Call>("GetCall", {"driver-abe"}, get);
  v1::ListCallsRequest calls;
  calls.set_parent("centers/hino");
  calls.set_include_past(true);
  Must<v1::ListCallsResponse>("ListCalls", {"driver-abe"}, calls);
  duty_of("driver-abe");
  duty.End();
  EXPECT_THAT(seen_by_["driver-abe"], Not(HasSubstr(kPlanted)));
  EXPECT_THAT(driver_stream, Not(HasSubstr(kPlanted)));
  EXPECT_THAT(driver_stream, HasSubstr(Name("calls", "c1")));
}

TEST_F(StreamsTest, SaysThatItIsWellAndWhatItServes) {
  Start(Night());
  std::string answer;
  EXPECT_TRUE(
      CallPath("/grpc.health.v1.Health/Check", false, {}, "", &answer).ok());
  // status: SERVING.
  EXPECT_EQ(answer, std::string("\x08\x01"));
  answer.clear();
  // list_services.
  EXPECT_TRUE(CallPath("/grpc.reflection.v1alpha.ServerReflection/"
                       "ServerReflectionInfo",
                       true, {}, std::string("\x3a\x00", 2), &answer)
                  .ok());
  for (const auto* rpc : testing::AllRpcs()) {
    EXPECT_THAT(answer, HasSubstr(rpc->service()->full_name()));
  }
}

TEST_F(StreamsTest, StopsWhileSomebodyWatches) {
  Start(Night());
  v1::BoardUpdate update;
  const auto board = WatchFromNow(&update);
  ASSERT_NE(board, nullptr);
  server_->Shutdown(absl::Seconds(10));
  while (board->Next(&update)) {
  }
  EXPECT_EQ(board->reader->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(StreamsTest, RefusesToStartInTheOpenWithoutTls) {
  Start(Night());
  for (const char* address :
       {"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.example.com:0",
        "127.0.0.1.example.com:0", "127.0.0.1", "unix:socket", ":7443"}) {
    Options options;
    options.listen_address = address;
    const absl::Status status = Server::Start(engine_.get(), options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << address << " " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(address));
  }
}

TEST_F(StreamsTest, NamesTheBusyPort) {
  Start(Night());
  Options options;
  options.listen_address = absl::StrCat("127.0.0.1:", server_->port());
  const absl::Status status = Server::Start(engine_.get(), options).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(options.listen_address));
}

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path =
      absl::StrCat(::testing::TempDir(), "/housecall_", getpid(), "_", name);
  std::ofstream(path) << text;
  return path;
}

TEST_F(StreamsTest, ServesTlsInTheOpen) {
  Start(Night());
  const outbox::Certificate authority =
      outbox::MakeCertificate({.common_name = "Test authority"});
  const outbox::Certificate certificate =
      outbox::MakeCertificate({.common_name = "housecall",
                               .subject_alt_name = "IP:127.0.0.1",
                               .issuer = &authority});
  Options options;
  // Every address, but reached on loopback only.
  options.listen_address = "0.0.0.0:0";
  options.tls_certificate_file =
      WriteFile("certificate.pem", certificate.Pem());
  options.tls_key_file = WriteFile("key.pem", certificate.KeyPem());
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(engine_.get(), options);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = absl::StrCat("127.0.0.1:", (*server)->port());
  grpc::SslCredentialsOptions trust;
  trust.pem_root_certs = authority.Pem();
  channel_ = grpc::CreateChannel(address, grpc::SslCredentials(trust));
  const grpc::Status status =
      Call("GetSession", {"op-mori"}, v1::GetSessionRequest());
  EXPECT_TRUE(status.ok()) << Print(status);
  channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  EXPECT_EQ(
      Call("GetSession", {"op-mori"}, v1::GetSessionRequest()).error_code(),
      StatusCode::UNAVAILABLE);
  (*server)->Shutdown(absl::ZeroDuration());

  // The key of another certificate.
  options.tls_key_file = WriteFile("other_key.pem", authority.KeyPem());
  const absl::Status mismatch = Server::Start(engine_.get(), options).status();
  EXPECT_TRUE(absl::IsInvalidArgument(mismatch)) << mismatch;
  EXPECT_THAT(std::string(mismatch.message()), HasSubstr("other_key.pem"));
}

TEST_F(StreamsTest, NamesTheFilesOfTlsThatItCannotUse) {
  Start(Night());
  Options options;
  options.listen_address = "127.0.0.1:0";
  options.tls_certificate_file = "no-such.pem";
  EXPECT_TRUE(
      absl::IsInvalidArgument(Server::Start(engine_.get(), options).status()));
  options.tls_key_file = "no-such.key";
  const absl::Status missing = Server::Start(engine_.get(), options).status();
  EXPECT_THAT(std::string(missing.message()), HasSubstr("no-such.pem"));
  const std::string path = WriteFile("not_pem", "not a certificate");
  options.tls_certificate_file = path;
  options.tls_key_file = path;
  const absl::Status useless = Server::Start(engine_.get(), options).status();
  EXPECT_TRUE(absl::IsInvalidArgument(useless)) << useless;
  EXPECT_THAT(std::string(useless.message()), HasSubstr(path));
  // Authorities of clients: gRPC would begin, and refuse every client.
  const outbox::Certificate certificate =
      outbox::MakeCertificate({.common_name = "housecall"});
  options.tls_certificate_file =
      WriteFile("good_certificate.pem", certificate.Pem());
  options.tls_key_file = WriteFile("good_key.pem", certificate.KeyPem());
  options.tls_client_authority_file = path;
  const absl::Status authority = Server::Start(engine_.get(), options).status();
  EXPECT_TRUE(absl::IsInvalidArgument(authority)) << authority;
  EXPECT_THAT(std::string(authority.message()), HasSubstr(path));
}

}  // namespace
}  // namespace housecall::server
