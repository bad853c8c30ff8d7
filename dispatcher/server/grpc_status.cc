#include "dispatcher/server/grpc_status.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/log.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/store/store.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace housecall::server {
namespace {

// The fields of google.rpc.Status (google/rpc/status.proto), which Debian 12
// does not package.
constexpr int kCodeNumber = 1;
constexpr int kMessageNumber = 2;
constexpr int kDetailsNumber = 3;

// "place.position" of "place.position: latitude …"; empty if the message names
// no single field.
std::string FieldOf(absl::string_view message) {
  const size_t colon = message.find(": ");
  if (colon == absl::string_view::npos) return "";
  const absl::string_view field = message.substr(0, colon);
  for (const char c : field) {
    const bool of_path = absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                         c == '_' || c == '.' || c == '[' || c == ']';
    if (!of_path) return "";
  }
  return std::string(field);
}

}  // namespace

v1::Refusal RefusalOf(const absl::Status& status) {
  v1::Refusal refusal;
  for (const core::RefusalReason reason : core::ReasonsOf(status)) {
    refusal.add_reasons(static_cast<v1::RefusalReason>(reason));
  }
  refusal.set_verdict(static_cast<v1::Verdict>(core::VerdictOf(status)));
  if (absl::IsInvalidArgument(status)) {
    refusal.set_field(FieldOf(status.message()));
  }
  return refusal;
}

absl::Status FromStore(const absl::Status& status) {
  absl::Status told = store::ForClients(status);
  // What ToGrpc does not tell it logs itself.
  if (told.message() != status.message()) {
    HC_LOG(kWarning, "store_not_read").With("status", status);
  }
  return told;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (absl::IsInternal(status) || absl::IsDataLoss(status) ||
      absl::IsUnknown(status)) {
    HC_LOG(kError, "request_failed").With("status", status);
    return grpc::Status(code, "the server failed; its log says why");
  }
  const std::string message(status.message());
  const v1::Refusal refusal = RefusalOf(status);
  if (refusal.reasons().empty() && refusal.field().empty()) {
    return grpc::Status(code, message);
  }
  google::protobuf::Any detail;
  detail.PackFrom(refusal);
  google::protobuf::UnknownFieldSet rpc_status;
  rpc_status.AddVarint(kCodeNumber, static_cast<uint64_t>(code));
  rpc_status.AddLengthDelimited(kMessageNumber, message);
  rpc_status.AddLengthDelimited(kDetailsNumber, detail.SerializeAsString());
  std::string details;
  rpc_status.SerializeToString(&details);
  return grpc::Status(code, message, details);
}

}  // namespace housecall::server
