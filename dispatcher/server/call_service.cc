#include <functional>
#include <string>
#include <vector>

#include "absl/strings/strip.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/call_service.grpc.pb.h"

namespace housecall::server {
namespace {

// Open calls in the order in which somebody has to be at the door, then by
// receipt.
bool IsMoreUrgent(const core::Call& a, const core::Call& b) {
  const absl::Time a_target = a.target_time.value_or(absl::InfiniteFuture());
  const absl::Time b_target = b.target_time.value_or(absl::InfiniteFuture());
  if (a_target != b_target) return a_target < b_target;
  return a.receive_time < b.receive_time;
}

class CallService final : public v1::CallService::CallbackService {
 public:
  explicit CallService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* SubmitCall(grpc::CallbackServerContext* context,
                                       const v1::SubmitCallRequest* request,
                                       v1::Call* response) override {
    return desk_->Mutate<core::SubmitCall>(context, "SubmitCall", request,
                                           response, {},
                                           core::CallId::kCollection);
  }
  grpc::ServerUnaryReactor* GetCall(grpc::CallbackServerContext* context,
                                    const v1::GetCallRequest* request,
                                    v1::Call* response) override {
    return desk_->Get(context, "GetCall", request, response);
  }
  grpc::ServerUnaryReactor* ListCalls(
      grpc::CallbackServerContext* context, const v1::ListCallsRequest* request,
      v1::ListCallsResponse* response) override {
    const auto list = [this, request, response](const Caller& caller) {
      return List(caller, *request, response);
    };
    // Only calls that are over may be asked of the store.
    return request->include_past()
               ? desk_->ReadSlowly(context, "ListCalls", request, response,
                                   list)
               : desk_->Read(context, "ListCalls", request, response, list);
  }
  grpc::ServerUnaryReactor* TriageCall(grpc::CallbackServerContext* context,
                                       const v1::TriageCallRequest* request,
                                       v1::Call* response) override {
    return desk_->Mutate<core::TriageCall>(context, "TriageCall", request,
                                           response);
  }
  grpc::ServerUnaryReactor* HoldCall(grpc::CallbackServerContext* context,
                                     const v1::HoldCallRequest* request,
                                     v1::Call* response) override {
    return desk_->Mutate<core::HoldCall>(context, "HoldCall", request,
                                         response);
  }
  grpc::ServerUnaryReactor* ResumeCall(grpc::CallbackServerContext* context,
                                       const v1::ResumeCallRequest* request,
                                       v1::Call* response) override {
    return desk_->Mutate<core::ResumeCall>(context, "ResumeCall", request,
                                           response);
  }
  grpc::ServerUnaryReactor* AddFact(grpc::CallbackServerContext* context,
                                    const v1::AddFactRequest* request,
                                    v1::Call* response) override {
    return desk_->Mutate<core::AddFact>(context, "AddFact", request, response);
  }
  grpc::ServerUnaryReactor* CorrectPlace(grpc::CallbackServerContext* context,
                                         const v1::CorrectPlaceRequest* request,
                                         v1::Call* response) override {
    return desk_->Mutate<core::CorrectPlace>(context, "CorrectPlace", request,
                                             response);
  }
  grpc::ServerUnaryReactor* FollowCall(grpc::CallbackServerContext* context,
                                       const v1::FollowCallRequest* request,
                                       v1::Call* response) override {
    return desk_->Mutate<core::FollowCall>(context, "FollowCall", request,
                                           response);
  }
  grpc::ServerUnaryReactor* MergeCall(grpc::CallbackServerContext* context,
                                      const v1::MergeCallRequest* request,
                                      v1::Call* response) override {
    return desk_->Mutate<core::MergeCall>(context, "MergeCall", request,
                                          response);
  }
  grpc::ServerUnaryReactor* UnmergeCall(grpc::CallbackServerContext* context,
                                        const v1::UnmergeCallRequest* request,
                                        v1::Call* response) override {
    return desk_->Mutate<core::UnmergeCall>(context, "UnmergeCall", request,
                                            response);
  }
  grpc::ServerUnaryReactor* RequestCancel(
      grpc::CallbackServerContext* context,
      const v1::RequestCancelRequest* request, v1::Call* response) override {
    return desk_->Mutate<core::RequestCancel>(context, "RequestCancel", request,
                                              response);
  }
  grpc::ServerUnaryReactor* AnswerCancel(grpc::CallbackServerContext* context,
                                         const v1::AnswerCancelRequest* request,
                                         v1::Call* response) override {
    return desk_->Mutate<core::AnswerCancel>(context, "AnswerCancel", request,
                                             response);
  }
  grpc::ServerUnaryReactor* CancelCall(grpc::CallbackServerContext* context,
                                       const v1::CancelCallRequest* request,
                                       v1::Call* response) override {
    return desk_->Mutate<core::CancelCall>(context, "CancelCall", request,
                                           response);
  }
  grpc::ServerUnaryReactor* RaiseEmergency(
      grpc::CallbackServerContext* context,
      const v1::RaiseEmergencyRequest* request, v1::Call* response) override {
    return desk_->Mutate<core::RaiseEmergency>(context, "RaiseEmergency",
                                               request, response);
  }
  grpc::ServerUnaryReactor* DecideEmergency(
      grpc::CallbackServerContext* context,
      const v1::DecideEmergencyRequest* request, v1::Call* response) override {
    return desk_->Mutate<core::DecideEmergency>(context, "DecideEmergency",
                                                request, response);
  }
  grpc::ServerUnaryReactor* SetCareTeam(grpc::CallbackServerContext* context,
                                        const v1::SetCareTeamRequest* request,
                                        v1::Call* response) override {
    return desk_->Mutate<core::SetCareTeam>(context, "SetCareTeam", request,
                                            response);
  }
  grpc::ServerUnaryReactor* GrantDistanceException(
      grpc::CallbackServerContext* context,
      const v1::GrantDistanceExceptionRequest* request,
      v1::Call* response) override {
    return desk_->Mutate<core::GrantDistanceException>(
        context, "GrantDistanceException", request, response);
  }
  grpc::ServerUnaryReactor* InformRequester(
      grpc::CallbackServerContext* context,
      const v1::InformRequesterRequest* request, v1::Call* response) override {
    return desk_->Mutate<core::InformRequester>(context, "InformRequester",
                                                request, response);
  }
  grpc::ServerUnaryReactor* CloseCall(grpc::CallbackServerContext* context,
                                      const v1::CloseCallRequest* request,
                                      v1::Call* response) override {
    return desk_->Mutate<core::CloseCall>(context, "CloseCall", request,
                                          response);
  }
  grpc::ServerUnaryReactor* GetMatch(grpc::CallbackServerContext* context,
                                     const v1::GetMatchRequest* request,
                                     v1::Match* response) override {
    return desk_->Get(context, "GetMatch", request, response);
  }
  grpc::ServerUnaryReactor* ListMatches(
      grpc::CallbackServerContext* context,
      const v1::ListMatchesRequest* request,
      v1::ListMatchesResponse* response) override {
    return desk_->Read(
        context, "ListMatches", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListMatches", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          return ListRecords<core::Match>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Match& record) {
                return record.call.value() == call &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Match& a, const core::Match& b) {
                return a.create_time < b.create_time;
              },
              response->mutable_matches(), response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListOffers(
      grpc::CallbackServerContext* context,
      const v1::ListOffersRequest* request,
      v1::ListOffersResponse* response) override {
    return desk_->Read(
        context, "ListOffers", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListOffers", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          return ListRecords<core::Offer>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Offer& record) {
                return (call.empty() ||
                        Contains(record.calls, core::CallId(call))) &&
                       (request->states().empty() ||
                        ContainsState(request->states(), record.state)) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Offer& a, const core::Offer& b) {
                return a.create_time < b.create_time;
              },
              response->mutable_offers(), response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListAssignments(
      grpc::CallbackServerContext* context,
      const v1::ListAssignmentsRequest* request,
      v1::ListAssignmentsResponse* response) override {
    return desk_->Read(
        context, "ListAssignments", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListAssignments", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          return ListRecords<core::Assignment>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Assignment& record) {
                return (call.empty() ||
                        Contains(record.calls, core::CallId(call))) &&
                       (request->states().empty() ||
                        ContainsState(request->states(), record.state)) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Assignment& a, const core::Assignment& b) {
                return a.accept_time < b.accept_time;
              },
              response->mutable_assignments(),
              response->mutable_next_page_token());
        });
  }
  // An operator's own choice; Decide asks the same hard rules as of the
  // planner.
  grpc::ServerUnaryReactor* OverrideMatch(
      grpc::CallbackServerContext* context,
      const v1::OverrideMatchRequest* request, v1::Offer* response) override {
    return desk_->Mutate<core::OfferVisit>(context, "OverrideMatch", request,
                                           response);
  }
  grpc::ServerUnaryReactor* WithdrawOffer(
      grpc::CallbackServerContext* context,
      const v1::WithdrawOfferRequest* request, v1::Offer* response) override {
    return desk_->Mutate<core::WithdrawOffer>(context, "WithdrawOffer", request,
                                              response);
  }
  grpc::ServerUnaryReactor* ReleaseAssignment(
      grpc::CallbackServerContext* context,
      const v1::ReleaseAssignmentRequest* request,
      v1::Assignment* response) override {
    return desk_->Mutate<core::ReleaseAssignment>(context, "ReleaseAssignment",
                                                  request, response);
  }
  grpc::ServerUnaryReactor* ListTasks(
      grpc::CallbackServerContext* context, const v1::ListTasksRequest* request,
      v1::ListTasksResponse* response) override {
    return desk_->Read(
        context, "ListTasks", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListTasks", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          return ListRecords<core::Task>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Task& record) {
                return (call.empty() || record.call.value() == call) &&
                       (request->include_resolved() ||
                        !record.resolved.has_value()) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Task& a, const core::Task& b) {
                return a.raise_time < b.raise_time;
              },
              response->mutable_tasks(), response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* AcknowledgeTask(
      grpc::CallbackServerContext* context,
      const v1::AcknowledgeTaskRequest* request, v1::Task* response) override {
    return desk_->Mutate<core::AcknowledgeTask>(context, "AcknowledgeTask",
                                                request, response);
  }
  grpc::ServerUnaryReactor* ResolveTask(grpc::CallbackServerContext* context,
                                        const v1::ResolveTaskRequest* request,
                                        v1::Task* response) override {
    return desk_->Mutate<core::ResolveTask>(context, "ResolveTask", request,
                                            response);
  }

 private:
  // Open calls first, then with include_past those that are over, from the
  // store, newest first. A page token says in which part it is: "o-c1" behind
  // the open call c1, "p" before all that are over, "p-c1" behind one of them.
  absl::Status List(const Caller& caller, const v1::ListCallsRequest& request,
                    v1::ListCallsResponse* response) const {
    RETURN_IF_ERROR(CheckParent(caller, request.parent()));
    ASSIGN_OR_RETURN(Page page, PageOf(request));
    const unsigned reach = ReachOf("ListCalls", caller.actor);
    const auto keep = [&](const core::Call& call) {
      return (request.states().empty() ||
              ContainsState(request.states(), call.state)) &&
             MaySee(reach, call, caller.actor, *caller.board);
    };
    absl::string_view token = page.after;
    const bool in_past = absl::ConsumePrefix(&token, "p");
    if (!token.empty() && !absl::ConsumePrefix(&token, in_past ? "-" : "o-")) {
      return absl::InvalidArgumentError(
          "page_token: is not one that this server gave");
    }
    page.after = std::string(token);
    if (!in_past) {
      std::string next;
      RETURN_IF_ERROR(ListRecords<core::Call>(
          *caller.board, caller.center, caller.actor, page,
          [&](const core::Call& call) {
            return !core::IsOver(call.state) && keep(call);
          },
          IsMoreUrgent, response->mutable_calls(), &next));
      if (!next.empty()) {
        response->set_next_page_token(absl::StrCat("o-", next));
        return absl::OkStatus();
      }
      page.after.clear();
    }
    return request.include_past() ? ListPast(caller, page, keep, response)
                                  : absl::OkStatus();
  }

  // Adds calls that are over until the page is full.
  absl::Status ListPast(const Caller& caller, const Page& page,
                        const std::function<bool(const core::Call&)>& keep,
                        v1::ListCallsResponse* response) const {
    constexpr int kAtOnce = 200;
    core::CallId before(page.after);
    // The token names what the caller has been shown, never what he may not
    // see.
    core::CallId shown = before;
    size_t bytes = response->ByteSizeLong();
    for (;;) {
      absl::StatusOr<std::vector<core::Call>> past =
          desk_->engine().store().ListPastCalls(caller.center, before, kAtOnce);
      if (absl::IsNotFound(past.status())) {
        return absl::InvalidArgumentError(
            "page_token: is not one that this server gave");
      }
      if (!past.ok()) return FromStore(past.status());
      for (const core::Call& call : *past) {
        before = call.id;
        if (!keep(call)) continue;
        if (static_cast<size_t>(response->calls_size()) >= page.size ||
            bytes >= kMaxPageBytes) {
          response->set_next_page_token(
              shown.empty() ? "p" : absl::StrCat("p-", shown.value()));
          return absl::OkStatus();
        }
        v1::Call* const written = response->add_calls();
        WriteRecord(call, caller.center, caller.actor, *caller.board, written);
        bytes += written->ByteSizeLong();
        shown = call.id;
      }
      if (static_cast<int>(past->size()) < kAtOnce) return absl::OkStatus();
    }
  }

  const Desk* const desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCallService(const Desk* desk) {
  return std::make_unique<CallService>(desk);
}

}  // namespace housecall::server
