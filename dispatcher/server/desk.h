// What every handler does: authenticate, check access, convert, submit or read,
// answer. The services are lists of one-line handlers over it.
#ifndef HOUSECALL_DISPATCHER_SERVER_DESK_H_
#define HOUSECALL_DISPATCHER_SERVER_DESK_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/access.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/grpc_status.h"
#include "dispatcher/server/password.h"
#include "dispatcher/server/resources.h"
#include "dispatcher/server/workers.h"
#include "grpcpp/grpcpp.h"

namespace housecall::server {

// Whoever sent a request, as the board of this moment knows him.
struct Caller {
  core::CenterId center;
  core::Actor actor;
  core::SessionId session;
  engine::BoardPtr board;
};

// The caller behind an "authorization: Bearer <token>" value. Unauthenticated
// if there is none, or its session is unknown, over or revoked, or its account
// disabled: all judged on the board of this moment. The writer judges a
// command's session once more, on the board that it decides on.
absl::StatusOr<Caller> AuthenticateToken(const engine::Engine& engine,
                                         absl::string_view authorization);

// What the handlers share. Thread-safe; borrows what it is given.
class Desk {
 public:
  // `logins` runs what anybody may ask for without a session, so that a flood
  // of that holds up nobody who has one.
  Desk(engine::Engine* engine, Workers* workers, Workers* logins)
      : engine_(engine), workers_(workers), logins_(logins) {}

  engine::Engine& engine() const { return *engine_; }
  Workers& workers() const { return *workers_; }
  Workers& logins() const { return *logins_; }

  // Who sends this request.
  absl::StatusOr<Caller> Authenticate(
      const grpc::CallbackServerContext& context) const;

  // Authenticates and checks the access table for everything that the request
  // names.
  absl::StatusOr<Caller> Admit(const grpc::CallbackServerContext& context,
                               absl::string_view rpc,
                               const google::protobuf::Message& request,
                               absl::string_view creates = "") const;

  // A mutation: the request is a command, the response the record that it
  // answers with. `adjust` may complete the command from the caller (the
  // person of a duty, say), or refuse it.
  template <typename Command, typename Request, typename Response>
  grpc::ServerUnaryReactor* Mutate(
      grpc::CallbackServerContext* context, absl::string_view rpc,
      const Request* request, Response* response,
      const std::function<absl::Status(const Caller&, Command*)>& adjust = {},
      absl::string_view creates = "") const;

  // A read: `read` fills the response from the caller's board.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Read(
      grpc::CallbackServerContext* context, absl::string_view rpc,
      const Request* request, Response* response,
      const std::function<absl::Status(const Caller&)>& read) const;

  // As Read, on a worker thread: for what asks the store or the roads.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* ReadSlowly(
      grpc::CallbackServerContext* context, absl::string_view rpc,
      const Request* request, Response* response,
      std::function<absl::Status(const Caller&)> read) const;

  // The record that request.name names, wherever it is: on the board, or for a
  // call that is long over in the store (then on a worker thread).
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                absl::string_view rpc, const Request* request,
                                Response* response) const;

  // Hands a command to the engine and fills the response from its result.
  template <typename Response>
  void Submit(const Caller& caller, core::Command command,
              std::string request_id, std::string fingerprint,
              grpc::ServerUnaryReactor* reactor, Response* response) const;

 private:
  engine::Engine* const engine_;
  Workers* const workers_;
  Workers* const logins_;
};

// InvalidArgument unless it is 1 to 64 printable characters: a client makes a
// fresh one for each thing that it wants, and keeps it when it tries again.
absl::Status CheckRequestId(absl::string_view request_id);

// Digest of a request: the same for the same caller, RPC and content. Secrets
// are left out of it.
std::string FingerprintOf(absl::string_view rpc, const Caller& caller,
                          const google::protobuf::Message& request);

// InvalidArgument or PermissionDenied unless `parent` is the caller's center.
absl::Status CheckParent(const Caller& caller, absl::string_view parent);

// ResourceExhausted: the workers' queue is full.
absl::Status TooManySlowRequests();

// --- Inline parts -----------------------------------------------------------

template <typename Response>
void Desk::Submit(const Caller& caller, core::Command command,
                  std::string request_id, std::string fingerprint,
                  grpc::ServerUnaryReactor* reactor, Response* response) const {
  engine::Submission submission;
  submission.request_id = std::move(request_id);
  submission.fingerprint = std::move(fingerprint);
  submission.session = caller.session;
  submission.actor = caller.actor;
  submission.command = std::move(command);
  submission.done = [this, caller, reactor,
                     response](absl::StatusOr<engine::Result> result) {
    absl::Status status = result.status();
    if (status.ok()) {
      status = WriteSubject(*result, caller.center, caller.actor,
                            engine_->store(), response);
    }
    reactor->Finish(ToGrpc(status));
  };
  engine_->Submit(caller.center, std::move(submission));
}

template <typename Command, typename Request, typename Response>
grpc::ServerUnaryReactor* Desk::Mutate(
    grpc::CallbackServerContext* context, absl::string_view rpc,
    const Request* request, Response* response,
    const std::function<absl::Status(const Caller&, Command*)>& adjust,
    absl::string_view creates) const {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto refuse = [reactor](const absl::Status& status) {
    reactor->Finish(ToGrpc(status));
    return reactor;
  };
  absl::StatusOr<Caller> caller = Admit(*context, rpc, *request, creates);
  if (!caller.ok()) return refuse(caller.status());
  absl::Status status = CheckRequestId(request->request_id());
  if constexpr (requires { request->parent(); }) {
    if (status.ok()) status = CheckRequired(*request);
    if (status.ok()) status = CheckParent(*caller, request->parent());
  }
  if (!status.ok()) return refuse(status);
  absl::StatusOr<Command> command =
      FromProto<Command>(*request, caller->center);
  if (!command.ok()) return refuse(command.status());
  if (adjust) {
    status = adjust(*caller, &*command);
    if (!status.ok()) return refuse(status);
  }
  Submit(*caller, *std::move(command), request->request_id(),
         FingerprintOf(rpc, *caller, *request), reactor, response);
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* Desk::Read(
    grpc::CallbackServerContext* context, absl::string_view rpc,
    const Request* request, Response* /*response*/,
    const std::function<absl::Status(const Caller&)>& read) const {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<Caller> caller = Admit(*context, rpc, *request);
  absl::Status status = caller.status();
  if (status.ok()) status = CheckRequired(*request);
  if (status.ok()) status = CheckFields(*request);
  if (status.ok()) status = read(*caller);
  reactor->Finish(ToGrpc(status));
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* Desk::ReadSlowly(
    grpc::CallbackServerContext* context, absl::string_view rpc,
    const Request* request, Response* /*response*/,
    std::function<absl::Status(const Caller&)> read) const {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<Caller> caller = Admit(*context, rpc, *request);
  absl::Status status = caller.status();
  if (status.ok()) status = CheckRequired(*request);
  if (status.ok()) status = CheckFields(*request);
  if (!status.ok()) {
    reactor->Finish(ToGrpc(status));
    return reactor;
  }
  const bool taken = workers_->Run(
      [reactor, caller = *std::move(caller), read = std::move(read)] {
        reactor->Finish(ToGrpc(read(caller)));
      });
  if (!taken) {
    reactor->Finish(ToGrpc(TooManySlowRequests()));
  }
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* Desk::Get(grpc::CallbackServerContext* context,
                                    absl::string_view rpc,
                                    const Request* request,
                                    Response* response) const {
  using R = typename ResourceOf<Response>::Record;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto get = [rpc = std::string(rpc), request, response](
                       const Caller& caller, store::Store* store) {
    absl::StatusOr<std::string> id = ParseResourceName(
        caller.center, decltype(R::id)::kCollection, request->name(), "name");
    if (!id.ok()) return id.status();
    const decltype(R::id) record_id(*id);
    core::Board older;
    absl::StatusOr<const R*> record =
        FindRecord<R>(*caller.board, caller.center, record_id, store, &older);
    if (!record.ok()) return record.status();
    const core::Board& board =
        older.center().id.empty() ? *caller.board : older;
    const absl::Status access =
        CheckAccess(rpc, caller.actor, caller.center, board, *request);
    if (!access.ok()) return access;
    if (*record == nullptr) return NoSuch<R>(record_id);
    WriteRecord(**record, caller.center, caller.actor, board, response);
    return absl::OkStatus();
  };
  absl::StatusOr<Caller> caller = Authenticate(*context);
  if (!caller.ok()) {
    reactor->Finish(ToGrpc(caller.status()));
    return reactor;
  }
  if constexpr (kLeavesBoard<R>) {
    absl::StatusOr<std::string> id = ParseResourceName(
        caller->center, decltype(R::id)::kCollection, request->name(), "name");
    if (id.ok() &&
        caller->board->template Find<R>(decltype(R::id)(*id)) == nullptr) {
      const bool taken =
          workers_->Run([this, reactor, get, caller = *std::move(caller)] {
            reactor->Finish(ToGrpc(get(caller, &engine_->store())));
          });
      if (!taken) reactor->Finish(ToGrpc(TooManySlowRequests()));
      return reactor;
    }
  }
  reactor->Finish(ToGrpc(get(*caller, nullptr)));
  return reactor;
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_DESK_H_
