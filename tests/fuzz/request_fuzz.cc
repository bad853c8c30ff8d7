// Requests as they come from the wire: the first line names an RPC or a
// resource ("SubmitCall"), the rest is its message.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/server/access.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/desk.h"
#include "dispatcher/server/grpc_status.h"
#include "dispatcher/server/password.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/fuzz/require.h"
#include "tests/server/rpcs.h"

namespace housecall::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const core::CenterId& Center() {
  static const auto* const center = new core::CenterId("hino");
  return *center;
}

// What the handler reads a request into, written again, reads as the same.
using Conversion = void (*)(const Message& request);

template <typename T>
void Convert(const Message& request) {
  const absl::StatusOr<T> read = FromProto<T>(request, Center());
  if (!read.ok()) {
    fuzz::Require(!read.status().message().empty(), "a refusal has words");
    return;
  }
  const std::unique_ptr<Message> written(request.New());
  ToProto(*read, Center(), written.get());
  // What a request has beside its command.
  for (const char* name : {"request_id", "parent"}) {
    const FieldDescriptor* field =
        request.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) continue;
    written->GetReflection()->SetString(
        written.get(), field,
        request.GetReflection()->GetString(request, field));
  }
  const absl::StatusOr<T> again = FromProto<T>(*written, Center());
  // A part that was absent is written as one without content, of which
  // something may be required.
  if (!CheckRequired(*written).ok()) return;
  fuzz::Require(again.ok(), "what is written can be read");
  fuzz::Require(*again == *read, "what is written says the same");
}

// By the name of the RPC, or of the resource.
const std::map<std::string, Conversion>& Conversions() {
  static const auto* const conversions = new std::map<std::string, Conversion>{
      {"SubmitCall", &Convert<core::SubmitCall>},
      {"TriageCall", &Convert<core::TriageCall>},
      {"HoldCall", &Convert<core::HoldCall>},
      {"ResumeCall", &Convert<core::ResumeCall>},
      {"AddFact", &Convert<core::AddFact>},
      {"CorrectPlace", &Convert<core::CorrectPlace>},
      {"FollowCall", &Convert<core::FollowCall>},
      {"MergeCall", &Convert<core::MergeCall>},
      {"UnmergeCall", &Convert<core::UnmergeCall>},
      {"RequestCancel", &Convert<core::RequestCancel>},
      {"AnswerCancel", &Convert<core::AnswerCancel>},
      {"CancelCall", &Convert<core::CancelCall>},
      {"RaiseEmergency", &Convert<core::RaiseEmergency>},
      {"DecideEmergency", &Convert<core::DecideEmergency>},
      {"SetCareTeam", &Convert<core::SetCareTeam>},
      {"GrantDistanceException", &Convert<core::GrantDistanceException>},
      {"InformRequester", &Convert<core::InformRequester>},
      {"CloseCall", &Convert<core::CloseCall>},
      {"OverrideMatch", &Convert<core::OfferVisit>},
      {"WithdrawOffer", &Convert<core::WithdrawOffer>},
      {"ReleaseAssignment", &Convert<core::ReleaseAssignment>},
      {"AcknowledgeTask", &Convert<core::AcknowledgeTask>},
      {"ResolveTask", &Convert<core::ResolveTask>},
      {"UpdateCenter", &Convert<core::Update<core::Center>>},
      {"CreateOrganization", &Convert<core::Create<core::Organization>>},
      {"UpdateOrganization", &Convert<core::Update<core::Organization>>},
      {"CreatePerson", &Convert<core::Create<core::Person>>},
      {"UpdatePerson", &Convert<core::Update<core::Person>>},
      {"CreateCar", &Convert<core::Create<core::Car>>},
      {"UpdateCar", &Convert<core::Update<core::Car>>},
      {"CreatePatient", &Convert<core::Create<core::Patient>>},
      {"UpdatePatient", &Convert<core::Update<core::Patient>>},
      {"RecordAcp", &Convert<core::RecordAcp>},
      {"ConfirmPatient", &Convert<core::ConfirmPatient>},
      {"CreateShift", &Convert<core::Create<core::Shift>>},
      {"UpdateShift", &Convert<core::Update<core::Shift>>},
      {"CreateOverride", &Convert<core::Create<core::Override>>},
      {"UpdateOverride", &Convert<core::Update<core::Override>>},
      {"RevokeSession", &Convert<core::RevokeSession>},
      {"DraftNote", &Convert<core::DraftNote>},
      {"SignNote", &Convert<core::SignNote>},
      {"ConfirmReceipt", &Convert<core::ConfirmReceipt>},
      {"ConfirmReceiptByHand", &Convert<core::ConfirmReceiptByHand>},
      {"RetryDelivery", &Convert<core::RetryDelivery>},
      {"QuestionNote", &Convert<core::QuestionNote>},
      {"GoOnDuty", &Convert<core::GoOnDuty>},
      {"GoOffDuty", &Convert<core::GoOffDuty>},
      {"ReportPosition", &Convert<core::ReportPosition>},
      {"AcceptOffer", &Convert<core::AcceptOffer>},
      {"DeclineOffer", &Convert<core::DeclineOffer>},
      {"StartDrive", &Convert<core::AdvanceVisit>},
      {"StartTreatment", &Convert<core::AdvanceVisit>},
      {"LeaveScene", &Convert<core::AdvanceVisit>},
      {"RecordVisit", &Convert<core::RecordVisit>},
      {"ReportNotFound", &Convert<core::ReportNotFound>},
      {"RecordNotFoundStep", &Convert<core::RecordNotFoundStep>},
      {"ReportFound", &Convert<core::ReportFound>},
      {"ReportBreakdown", &Convert<core::ReportBreakdown>},
      {"ReportDriverMissing", &Convert<core::ReportDriverMissing>},
      {"ConfirmHours", &Convert<core::ConfirmHours>},
      // What is written to clients is read by those who write clients.
      {"Patient", &Convert<core::Patient>},
      {"Organization", &Convert<core::Organization>},
      {"Person", &Convert<core::Person>},
      {"Shift", &Convert<core::Shift>},
      {"Override", &Convert<core::Override>},
      {"Center", &Convert<core::Center>},
      {"Call", &Convert<core::Call>},
      {"Note", &Convert<core::Note>},
      {"Account", &Convert<core::Account>},
  };
  return *conversions;
}

// The message of each RPC and of each resource above.
const std::map<std::string, const Descriptor*>& Messages() {
  static const auto* const messages = [] {
    auto* all = new std::map<std::string, const Descriptor*>;
    for (const auto* rpc : testing::AllRpcs()) {
      (*all)[rpc->name()] = rpc->input_type();
    }
    for (const auto& [name, conversion] : Conversions()) {
      const Descriptor* resource =
          v1::SubmitCallRequest::GetDescriptor()
              ->file()
              ->pool()
              ->FindMessageTypeByName("housecall.v1." + name);
      if (resource != nullptr) (*all)[name] = resource;
      fuzz::Require(all->count(name) > 0, "what is converted is in the API");
    }
    return all;
  }();
  return *messages;
}

Caller CallerOf(core::Role role) {
  Caller caller;
  caller.center = Center();
  caller.actor.account = core::AccountId("a");
  caller.actor.person = core::PersonId("p");
  caller.actor.organization = core::OrganizationId("o");
  caller.actor.roles = {role};
  return caller;
}

void Take(const std::string& rpc, Message& request) {
  for (const absl::Status& status :
       {CheckRequired(request), CheckFields(request)}) {
    fuzz::Require(status.ok() || absl::IsInvalidArgument(status),
                  "a bad field is the sender's fault");
    (void)ToGrpc(status);
  }
  const core::Board board;
  // Resources are no RPCs.
  const bool is_rpc =
      absl::EndsWith(request.GetDescriptor()->name(), "Request");
  // As a client that builds it once more would send it.
  const std::unique_ptr<Message> again(request.New());
  fuzz::Require(
      again->ParsePartialFromString(request.SerializePartialAsString()),
      "what was written can be read");
  for (const core::Role role : {core::Role::kRequester, core::Role::kDriver,
                                core::Role::kAdministrator}) {
    if (!is_rpc) break;
    const Caller caller = CallerOf(role);
    (void)CheckAccess(rpc, caller.actor, Center(), board, request);
    fuzz::Require(FingerprintOf(rpc, caller, request) ==
                      FingerprintOf(rpc, caller, *again),
                  "the same request has the same digest");
  }
  const auto conversion = Conversions().find(rpc);
  if (conversion != Conversions().end()) conversion->second(request);
  const std::unique_ptr<Message> once(request.New());
  once->CopyFrom(request);
  Redact({}, once.get());
  const std::string shown = once->SerializeAsString();
  Redact({}, once.get());
  fuzz::Require(once->SerializeAsString() == shown,
                "what is left may be shown");
}

}  // namespace
}  // namespace housecall::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  using namespace housecall::server;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  const std::string name = input.substr(0, end);
  const auto found = Messages().find(name);
  if (found == Messages().end() || end == std::string::npos) {
    (void)ParseToken(input);
    (void)ParseResourceName(Center(), "calls", input, "call");
    return 0;
  }
  const std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(found->second)
          ->New());
  if (request->ParseFromArray(input.data() + end + 1,
                              static_cast<int>(size - end - 1))) {
    Take(name, *request);
  }
  return 0;
}
