#include "absl/strings/str_split.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/session_metadata.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/session_service.grpc.pb.h"

namespace housecall::server {
namespace {

// Whether a gateway keeps the caller's session in his browser's cookie.
bool HasCookieCarrier(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(kSessionCarrier);
  return found != context.client_metadata().end() &&
         found->second == kCookieCarrier;
}

// One message for every reason, so that nobody learns which accounts exist.
absl::Status WrongPassword() {
  return absl::UnauthenticatedError("the account or the password is wrong");
}

class SessionService final : public v1::SessionService::CallbackService {
 public:
  explicit SessionService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* CreateSession(
      grpc::CallbackServerContext* context,
      const v1::CreateSessionRequest* request,
      v1::CreateSessionResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const bool taken =
        desk_->logins().Run([this, context, reactor, request, response] {
          const absl::Status status =
              LogIn(*request, context, reactor, response);
          if (!status.ok()) reactor->Finish(ToGrpc(status));
        });
    if (!taken) reactor->Finish(ToGrpc(TooManySlowRequests()));
    return reactor;
  }

  grpc::ServerUnaryReactor* GetSession(
      grpc::CallbackServerContext* context,
      const v1::GetSessionRequest* request,
      v1::GetSessionResponse* response) override {
    return desk_->Read(
        context, "GetSession", request, response, [&](const Caller& caller) {
          const core::Board& board = *caller.board;
          const auto write = [&](const auto* record, auto* out) {
            WriteRecord(*record, caller.center, caller.actor, board, out);
          };
          write(board.Find<core::Session>(caller.session),
                response->mutable_session());
          write(board.Find<core::Account>(caller.actor.account),
                response->mutable_account());
          write(board.Find<core::Person>(caller.actor.person),
                response->mutable_person());
          if (const auto* organization =
                  board.Find<core::Organization>(caller.actor.organization)) {
            write(organization, response->mutable_organization());
          }
          write(&board.center(), response->mutable_center());
          SetTimestamp(desk_->engine().clock().Now(),
                       response->mutable_server_time());
          return absl::OkStatus();
        });
  }

  grpc::ServerUnaryReactor* ListSessions(
      grpc::CallbackServerContext* context,
      const v1::ListSessionsRequest* request,
      v1::ListSessionsResponse* response) override {
    return desk_->Read(
        context, "ListSessions", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          ASSIGN_OR_RETURN(
              std::string account,
              FilterId<core::AccountId>(caller, request->account(), "account"));
          if (account.empty()) account = caller.actor.account.value();
          const absl::Time now = desk_->engine().clock().Now();
          return ListRecords<core::Session>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Session& session) {
                return session.account.value() == account && !session.revoked &&
                       session.expire_time > now;
              },
              [](const core::Session& a, const core::Session& b) {
                return a.create_time > b.create_time;
              },
              response->mutable_sessions(),
              response->mutable_next_page_token());
        });
  }

  grpc::ServerUnaryReactor* RevokeSession(
      grpc::CallbackServerContext* context,
      const v1::RevokeSessionRequest* request, v1::Session* response) override {
    if (HasCookieCarrier(*context)) {
      const absl::StatusOr<Caller> caller = desk_->Authenticate(*context);
      if (caller.ok() &&
          request->session() == ResourceName(caller->center, caller->session)) {
        context->AddInitialMetadata(kSessionSeconds, "0");
      }
    }
    return desk_->Mutate<core::RevokeSession>(context, "RevokeSession", request,
                                              response);
  }

  grpc::ServerUnaryReactor* ChangePassword(
      grpc::CallbackServerContext* context,
      const v1::ChangePasswordRequest* request,
      v1::Account* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::StatusOr<Caller> caller =
        desk_->Admit(*context, "ChangePassword", *request);
    if (!caller.ok()) {
      reactor->Finish(ToGrpc(caller.status()));
      return reactor;
    }
    const bool taken = desk_->workers().Run(
        [this, reactor, request, response, caller = *std::move(caller)] {
          const absl::Status status =
              SetPassword(caller, *request, reactor, response);
          if (!status.ok()) reactor->Finish(ToGrpc(status));
        });
    if (!taken) reactor->Finish(ToGrpc(TooManySlowRequests()));
    return reactor;
  }

 private:
  // Whether this is the password of the account of that name. Counts a wrong
  // one. Refuses to look at all before its retry_time. An account that is not
  // there (null) or that nobody may use is answered as one with another
  // password.
  absl::Status CheckPassword(const core::CenterId& center,
                             const std::string& name,
                             const core::Account* account, bool usable,
                             const std::string& password) const {
    const absl::Time now = desk_->engine().clock().Now();
    const absl::Time retry_time = account == nullptr
                                      ? unknown_accounts_.RetryTime(name)
                                      : account->retry_time;
    if (now < retry_time) {
      return core::Exhausted(
          core::RefusalReason::kTooManyPasswords,
          absl::StrCat("too many wrong passwords; try again in ",
                       absl::ToInt64Seconds(
                           absl::Ceil(retry_time - now, absl::Seconds(1))),
                       " s"));
    }
    const bool right = VerifyPassword(
        PrivateText(password),
        account == nullptr ? PrivateText() : account->password_hash);
    if (account == nullptr) {
      unknown_accounts_.Refuse(name, now);
      return WrongPassword();
    }
    if (!right || !usable) {
      engine::Submission refuse;
      refuse.actor = core::SystemActor();
      refuse.command = core::RefusePassword{account->id};
      // Waits, so that a burst of guesses cannot outrun the delay.
      const absl::Status counted =
          desk_->engine().SubmitAndWait(center, std::move(refuse)).status();
      if (!counted.ok()) return counted;
      HC_LOG(kInfo, "password_refused")
          .With("center", center)
          .With("account", account->id);
      return WrongPassword();
    }
    return absl::OkStatus();
  }

  absl::Status LogIn(const v1::CreateSessionRequest& request,
                     grpc::CallbackServerContext* context,
                     grpc::ServerUnaryReactor* reactor,
                     v1::CreateSessionResponse* response) const {
    RETURN_IF_ERROR(CheckRequired(request));
    RETURN_IF_ERROR(CheckFields(request));
    // The only request that brings its center itself.
    ASSIGN_OR_RETURN(
        const std::string id,
        ParseResourceName(core::CenterId(), core::AccountId::kCollection,
                          request.account(), "account"));
    if (request.password().size() > 1024) return WrongPassword();
    const std::vector<std::string> parts =
        absl::StrSplit(request.account(), '/');
    Caller caller;
    caller.center = core::CenterId(parts[1]);
    caller.board = desk_->engine().Current(caller.center);
    const core::Account* account =
        caller.board == nullptr
            ? nullptr
            : caller.board->Find<core::Account>(core::AccountId(id));
    const core::Person* person =
        account == nullptr ? nullptr
                           : caller.board->Find<core::Person>(account->person);
    const bool usable = account != nullptr && !account->disabled &&
                        person != nullptr && person->active;
    RETURN_IF_ERROR(CheckPassword(caller.center, request.account(), account,
                                  usable, request.password()));
    ASSIGN_OR_RETURN(const Token token, MakeToken(caller.center));

    caller.session = token.session;
    caller.actor.account = account->id;
    caller.actor.person = account->person;
    caller.actor.roles = account->roles;
    caller.actor.organization = person->organization;
    engine::Submission submission;
    submission.actor = caller.actor;
    submission.command =
        core::OpenSession{token.session, account->id, account->password_hash};
    submission.done = [this, caller, token, context, reactor,
                       response](absl::StatusOr<engine::Result> result) {
      absl::Status status = result.status();
      if (status.ok()) {
        const core::Board& board = *result->board;
        const auto& session = *board.Find<core::Session>(token.session);
        WriteRecord(session, caller.center, caller.actor, board,
                    response->mutable_session());
        WriteRecord(*board.Find<core::Account>(caller.actor.account),
                    caller.center, caller.actor, board,
                    response->mutable_account());
        WriteRecord(*board.Find<core::Person>(caller.actor.person),
                    caller.center, caller.actor, board,
                    response->mutable_person());
        const absl::Time now = desk_->engine().clock().Now();
        if (HasCookieCarrier(*context)) {
          context->AddInitialMetadata(kSessionToken, token.text.Reveal());
          context->AddInitialMetadata(
              kSessionSeconds,
              absl::StrCat(absl::ToInt64Seconds(session.expire_time - now)));
        } else {
          response->set_token(token.text.Reveal());
        }
        SetTimestamp(now, response->mutable_server_time());
      }
      reactor->Finish(ToGrpc(status));
    };
    desk_->engine().Submit(caller.center, std::move(submission));
    return absl::OkStatus();
  }

  absl::Status SetPassword(const Caller& caller,
                           const v1::ChangePasswordRequest& request,
                           grpc::ServerUnaryReactor* reactor,
                           v1::Account* response) const {
    RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    RETURN_IF_ERROR(CheckRequired(request));
    RETURN_IF_ERROR(CheckFields(request));
    // The board of now, not of when the request came: wrong passwords that were
    // waiting before it count.
    const engine::BoardPtr board = desk_->engine().Current(caller.center);
    const auto* account = board->Find<core::Account>(caller.actor.account);
    const absl::StatusOr<std::optional<store::Reply>> earlier =
        desk_->engine().store().FindReply(caller.center, request.request_id());
    if (!earlier.ok()) return FromStore(earlier.status());
    // A repeated request gets its answer again, though the password that was
    // old then is wrong now.
    if (!earlier->has_value()) {
      const absl::Status old_one = CheckPassword(
          caller.center, "", account, /*usable=*/true, request.old_password());
      if (absl::IsUnauthenticated(old_one)) {
        return core::Denied(core::RefusalReason::kWrongPassword,
                            "old_password: is wrong");
      }
      RETURN_IF_ERROR(old_one);
    }
    const PrivateText password(request.new_password());
    RETURN_IF_ERROR(CheckPasswordStrength(account->id, password));
    core::ChangePassword command;
    command.account = account->id;
    command.keep_session = caller.session;
    ASSIGN_OR_RETURN(command.password_hash, HashPassword(password));
    desk_->Submit(caller, command, request.request_id(),
                  FingerprintOf("ChangePassword", caller, request), reactor,
                  response);
    return absl::OkStatus();
  }

  const Desk* const desk_;
  // Synchronizes itself.
  mutable UnknownAccounts unknown_accounts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSessionService(const Desk* desk) {
  return std::make_unique<SessionService>(desk);
}

}  // namespace housecall::server
