#include "dispatcher/server/desk.h"

#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/core/session.h"

namespace housecall::server {

absl::StatusOr<Caller> AuthenticateToken(const engine::Engine& engine,
                                         absl::string_view authorization) {
  if (!absl::ConsumePrefix(&authorization, "Bearer ") &&
      !absl::ConsumePrefix(&authorization, "bearer ")) {
    return absl::UnauthenticatedError(
        "no session: log in and send \"authorization: Bearer <token>\"");
  }
  ASSIGN_OR_RETURN(const Token token, ParseToken(authorization));
  Caller caller;
  caller.center = token.center;
  caller.session = token.session;
  caller.board = engine.Current(token.center);
  // A center that nobody knows has no sessions.
  static const auto* const nowhere = new core::Board;
  ASSIGN_OR_RETURN(
      caller.actor,
      core::ActorBehind(caller.board == nullptr ? *nowhere : *caller.board,
                        token.session, engine.clock().Now()));
  return caller;
}

absl::StatusOr<Caller> Desk::Authenticate(
    const grpc::CallbackServerContext& context) const {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  const absl::string_view value =
      found == metadata.end()
          ? absl::string_view()
          : absl::string_view(found->second.data(), found->second.size());
  return AuthenticateToken(*engine_, value);
}

absl::StatusOr<Caller> Desk::Admit(const grpc::CallbackServerContext& context,
                                   absl::string_view rpc,
                                   const google::protobuf::Message& request,
                                   absl::string_view creates) const {
  ASSIGN_OR_RETURN(Caller caller, Authenticate(context));
  RETURN_IF_ERROR(CheckAccess(rpc, caller.actor, caller.center, *caller.board,
                              request, creates));
  return caller;
}

absl::Status CheckRequestId(absl::string_view request_id) {
  const bool printable =
      std::all_of(request_id.begin(), request_id.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      });
  if (request_id.empty() || request_id.size() > 64 || !printable) {
    return absl::InvalidArgumentError(
        "request_id: must be 1 to 64 printable characters without spaces, "
        "such as a UUID");
  }
  return absl::OkStatus();
}

std::string FingerprintOf(absl::string_view rpc, const Caller& caller,
                          const google::protobuf::Message& request) {
  // A fast digest of a password would be a way to guess it.
  const std::unique_ptr<google::protobuf::Message> open(request.New());
  open->CopyFrom(request);
  Redact({true, true}, open.get());
  // What must hold for it to be done, not what is wanted: who asks again may
  // know a newer version.
  for (const char* precondition : {"etag", "etags"}) {
    const google::protobuf::FieldDescriptor* field =
        open->GetDescriptor()->FindFieldByName(precondition);
    if (field != nullptr) open->GetReflection()->ClearField(open.get(), field);
  }
  return Sha256Hex(absl::StrCat(rpc, "\n", caller.actor.account.value(), "\n",
                                open->SerializeAsString()))
      .substr(0, 32);
}

absl::Status TooManySlowRequests() {
  return core::Exhausted(core::RefusalReason::kTooBusy,
                         "too many slow requests are waiting; try again");
}

absl::Status CheckParent(const Caller& caller, absl::string_view parent) {
  return ParseResourceName(caller.center, core::CenterId::kCollection, parent,
                           "parent")
      .status();
}

}  // namespace housecall::server
