#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/directory_service.grpc.pb.h"

namespace housecall::server {
namespace {

class DirectoryService final : public v1::DirectoryService::CallbackService {
 public:
  explicit DirectoryService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* GetCenter(grpc::CallbackServerContext* context,
                                      const v1::GetCenterRequest* request,
                                      v1::Center* response) override {
    return desk_->Get(context, "GetCenter", request, response);
  }
  grpc::ServerUnaryReactor* UpdateCenter(grpc::CallbackServerContext* context,
                                         const v1::UpdateCenterRequest* request,
                                         v1::Center* response) override {
    return desk_->Mutate<core::Update<core::Center>>(context, "UpdateCenter",
                                                     request, response);
  }
  grpc::ServerUnaryReactor* CreateOrganization(
      grpc::CallbackServerContext* context,
      const v1::CreateOrganizationRequest* request,
      v1::Organization* response) override {
    return desk_->Mutate<core::Create<core::Organization>>(
        context, "CreateOrganization", request, response, {}, "organizations");
  }
  grpc::ServerUnaryReactor* UpdateOrganization(
      grpc::CallbackServerContext* context,
      const v1::UpdateOrganizationRequest* request,
      v1::Organization* response) override {
    return desk_->Mutate<core::Update<core::Organization>>(
        context, "UpdateOrganization", request, response);
  }
  grpc::ServerUnaryReactor* GetOrganization(
      grpc::CallbackServerContext* context,
      const v1::GetOrganizationRequest* request,
      v1::Organization* response) override {
    return desk_->Get(context, "GetOrganization", request, response);
  }
  grpc::ServerUnaryReactor* ListOrganizations(
      grpc::CallbackServerContext* context,
      const v1::ListOrganizationsRequest* request,
      v1::ListOrganizationsResponse* response) override {
    return desk_->Read(
        context, "ListOrganizations", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListOrganizations", caller.actor);

          return ListRecords<core::Organization>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Organization& record) {
                return (request->include_inactive() || record.active) &&
                       (request->kind() == v1::ORGANIZATION_KIND_UNSPECIFIED ||
                        static_cast<int>(record.kind) == request->kind()) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              ByIdOnly(), response->mutable_organizations(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* CreatePerson(grpc::CallbackServerContext* context,
                                         const v1::CreatePersonRequest* request,
                                         v1::Person* response) override {
    return desk_->Mutate<core::Create<core::Person>>(
        context, "CreatePerson", request, response, {}, "people");
  }
  grpc::ServerUnaryReactor* UpdatePerson(grpc::CallbackServerContext* context,
                                         const v1::UpdatePersonRequest* request,
                                         v1::Person* response) override {
    return desk_->Mutate<core::Update<core::Person>>(context, "UpdatePerson",
                                                     request, response);
  }
  grpc::ServerUnaryReactor* GetPerson(grpc::CallbackServerContext* context,
                                      const v1::GetPersonRequest* request,
                                      v1::Person* response) override {
    return desk_->Get(context, "GetPerson", request, response);
  }
  grpc::ServerUnaryReactor* ListPeople(
      grpc::CallbackServerContext* context,
      const v1::ListPeopleRequest* request,
      v1::ListPeopleResponse* response) override {
    return desk_->Read(
        context, "ListPeople", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListPeople", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string organization,
              FilterId<core::OrganizationId>(caller, request->organization(),
                                             "organization"));
          return ListRecords<core::Person>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Person& record) {
                return (request->include_inactive() || record.active) &&
                       (organization.empty() ||
                        record.organization.value() == organization) &&
                       ((reach & kAll) != 0 ||
                        record.id == caller.actor.person);
              },
              ByIdOnly(), response->mutable_people(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* CreateCar(grpc::CallbackServerContext* context,
                                      const v1::CreateCarRequest* request,
                                      v1::Car* response) override {
    return desk_->Mutate<core::Create<core::Car>>(context, "CreateCar", request,
                                                  response, {}, "cars");
  }
  grpc::ServerUnaryReactor* UpdateCar(grpc::CallbackServerContext* context,
                                      const v1::UpdateCarRequest* request,
                                      v1::Car* response) override {
    return desk_->Mutate<core::Update<core::Car>>(context, "UpdateCar", request,
                                                  response);
  }
  grpc::ServerUnaryReactor* GetCar(grpc::CallbackServerContext* context,
                                   const v1::GetCarRequest* request,
                                   v1::Car* response) override {
    return desk_->Get(context, "GetCar", request, response);
  }
  grpc::ServerUnaryReactor* ListCars(grpc::CallbackServerContext* context,
                                     const v1::ListCarsRequest* request,
                                     v1::ListCarsResponse* response) override {
    return desk_->Read(
        context, "ListCars", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListCars", caller.actor);

          return ListRecords<core::Car>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Car& record) {
                return (request->include_inactive() || record.active) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              ByIdOnly(), response->mutable_cars(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* CreateAccount(
      grpc::CallbackServerContext* context,
      const v1::CreateAccountRequest* request, v1::Account* response) override {
    return SaveAccount(context, "CreateAccount", request, true, response);
  }
  grpc::ServerUnaryReactor* UpdateAccount(
      grpc::CallbackServerContext* context,
      const v1::UpdateAccountRequest* request, v1::Account* response) override {
    return SaveAccount(context, "UpdateAccount", request, false, response);
  }
  grpc::ServerUnaryReactor* GetAccount(grpc::CallbackServerContext* context,
                                       const v1::GetAccountRequest* request,
                                       v1::Account* response) override {
    return desk_->Get(context, "GetAccount", request, response);
  }
  grpc::ServerUnaryReactor* ListAccounts(
      grpc::CallbackServerContext* context,
      const v1::ListAccountsRequest* request,
      v1::ListAccountsResponse* response) override {
    return desk_->Read(
        context, "ListAccounts", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          ASSIGN_OR_RETURN(
              const std::string person,
              FilterId<core::PersonId>(caller, request->person(), "person"));
          return ListRecords<core::Account>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Account& record) {
                return (person.empty() || record.person.value() == person);
              },
              ByIdOnly(), response->mutable_accounts(),
              response->mutable_next_page_token());
        });
  }

 private:
  // Hashes the password on a worker thread, then submits.
  template <typename Request>
  grpc::ServerUnaryReactor* SaveAccount(grpc::CallbackServerContext* context,
                                        absl::string_view rpc,
                                        const Request* request, bool create,
                                        v1::Account* response) const {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const auto save = [this, reactor, rpc = std::string(rpc), request, create,
                       response](const Caller& caller) {
      const absl::Status status =
          SubmitAccount(caller, rpc, *request, create, reactor, response);
      if (!status.ok()) reactor->Finish(ToGrpc(status));
    };
    absl::StatusOr<Caller> caller = desk_->Admit(*context, rpc, *request);
    if (!caller.ok()) {
      reactor->Finish(ToGrpc(caller.status()));
    } else if (request->password().empty()) {
      save(*caller);
    } else if (!desk_->workers().Run(
                   [save, caller = *std::move(caller)] { save(caller); })) {
      reactor->Finish(ToGrpc(TooManySlowRequests()));
    }
    return reactor;
  }

  template <typename Request>
  absl::Status SubmitAccount(const Caller& caller, const std::string& rpc,
                             const Request& request, bool create,
                             grpc::ServerUnaryReactor* reactor,
                             v1::Account* response) const {
    RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    RETURN_IF_ERROR(CheckRequired(request));
    RETURN_IF_ERROR(CheckFields(request));
    if constexpr (requires { request.parent(); }) {
      RETURN_IF_ERROR(CheckParent(caller, request.parent()));
    }
    ASSIGN_OR_RETURN(
        const core::Account account,
        FromProto<core::Account>(request.account(), caller.center));
    core::SaveAccount command;
    command.account = account.id;
    command.person = account.person;
    command.roles = account.roles;
    command.disabled = account.disabled;
    command.create = create;
    if (!request.password().empty()) {
      const PrivateText password(request.password());
      RETURN_IF_ERROR(CheckPasswordStrength(account.id, password));
      ASSIGN_OR_RETURN(command.password_hash, HashPassword(password));
    }
    desk_->Submit(caller, command, request.request_id(),
                  FingerprintOf(rpc, caller, request), reactor, response);
    return absl::OkStatus();
  }

  const Desk* const desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDirectoryService(const Desk* desk) {
  return std::make_unique<DirectoryService>(desk);
}

}  // namespace housecall::server
