#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/note_service.grpc.pb.h"

namespace housecall::server {
namespace {

// The channel that a delivery is on now.
core::ChannelKind ChannelOf(const core::Delivery& delivery) {
  const size_t index = static_cast<size_t>(delivery.channel_index);
  return index < delivery.member.channels.size()
             ? delivery.member.channels[index]
             : core::ChannelKind::kUnspecified;
}

class NoteService final : public v1::NoteService::CallbackService {
 public:
  explicit NoteService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* DraftNote(grpc::CallbackServerContext* context,
                                      const v1::DraftNoteRequest* request,
                                      v1::Note* response) override {
    return desk_->Mutate<core::DraftNote>(context, "DraftNote", request,
                                          response);
  }
  grpc::ServerUnaryReactor* SignNote(grpc::CallbackServerContext* context,
                                     const v1::SignNoteRequest* request,
                                     v1::Note* response) override {
    return desk_->Mutate<core::SignNote>(context, "SignNote", request,
                                         response);
  }
  grpc::ServerUnaryReactor* GetNote(grpc::CallbackServerContext* context,
                                    const v1::GetNoteRequest* request,
                                    v1::Note* response) override {
    return desk_->Get(context, "GetNote", request, response);
  }
  grpc::ServerUnaryReactor* ListNotes(
      grpc::CallbackServerContext* context, const v1::ListNotesRequest* request,
      v1::ListNotesResponse* response) override {
    return desk_->Read(
        context, "ListNotes", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListNotes", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          return ListRecords<core::Note>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Note& record) {
                return (call.empty() || record.call.value() == call) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              ByIdOnly(), response->mutable_notes(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* ListDeliveries(
      grpc::CallbackServerContext* context,
      const v1::ListDeliveriesRequest* request,
      v1::ListDeliveriesResponse* response) override {
    return desk_->Read(
        context, "ListDeliveries", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListDeliveries", caller.actor);
          ASSIGN_OR_RETURN(
              const std::string call,
              FilterId<core::CallId>(caller, request->call(), "call"));
          ASSIGN_OR_RETURN(
              const std::string note,
              FilterId<core::NoteId>(caller, request->note(), "note"));
          ASSIGN_OR_RETURN(
              const std::string organization,
              FilterId<core::OrganizationId>(caller, request->organization(),
                                             "organization"));
          return ListRecords<core::Delivery>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Delivery& record) {
                return (call.empty() || record.call.value() == call) &&
                       (note.empty() || record.note.value() == note) &&
                       (organization.empty() ||
                        record.member.organization.value() == organization) &&
                       (request->channel() == v1::CHANNEL_KIND_UNSPECIFIED ||
                        static_cast<int>(ChannelOf(record)) ==
                            request->channel()) &&
                       (request->states().empty() ||
                        ContainsState(request->states(), record.state)) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              ByIdOnly(), response->mutable_deliveries(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* GetDelivery(grpc::CallbackServerContext* context,
                                        const v1::GetDeliveryRequest* request,
                                        v1::Delivery* response) override {
    return desk_->Get(context, "GetDelivery", request, response);
  }
  grpc::ServerUnaryReactor* ConfirmReceipt(
      grpc::CallbackServerContext* context,
      const v1::ConfirmReceiptRequest* request,
      v1::Delivery* response) override {
    return desk_->Mutate<core::ConfirmReceipt>(context, "ConfirmReceipt",
                                               request, response);
  }
  grpc::ServerUnaryReactor* ConfirmReceiptByHand(
      grpc::CallbackServerContext* context,
      const v1::ConfirmReceiptByHandRequest* request,
      v1::Delivery* response) override {
    return desk_->Mutate<core::ConfirmReceiptByHand>(
        context, "ConfirmReceiptByHand", request, response);
  }
  grpc::ServerUnaryReactor* RetryDelivery(
      grpc::CallbackServerContext* context,
      const v1::RetryDeliveryRequest* request,
      v1::Delivery* response) override {
    return desk_->Mutate<core::RetryDelivery>(context, "RetryDelivery", request,
                                              response);
  }
  grpc::ServerUnaryReactor* QuestionNote(grpc::CallbackServerContext* context,
                                         const v1::QuestionNoteRequest* request,
                                         v1::Delivery* response) override {
    return desk_->Mutate<core::QuestionNote>(context, "QuestionNote", request,
                                             response);
  }

 private:
  const Desk* const desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeNoteService(const Desk* desk) {
  return std::make_unique<NoteService>(desk);
}

}  // namespace housecall::server
