// The services of proto/housecall/v1, each a view of a role.
#ifndef HOUSECALL_DISPATCHER_SERVER_SERVICES_H_
#define HOUSECALL_DISPATCHER_SERVER_SERVICES_H_

#include <functional>
#include <memory>
#include <string>

#include "dispatcher/server/desk.h"
#include "dispatcher/server/watch.h"
#include "grpcpp/impl/service_type.h"

namespace housecall::server {

// Each borrows the desk, which outlives it.
std::unique_ptr<grpc::Service> MakeCallService(const Desk* desk);
std::unique_ptr<grpc::Service> MakeBoardService(const Desk* desk,
                                                WatchHub* hub);
std::unique_ptr<grpc::Service> MakeVisitService(const Desk* desk,
                                                WatchHub* hub);
std::unique_ptr<grpc::Service> MakeRotaService(const Desk* desk);
std::unique_ptr<grpc::Service> MakePatientService(const Desk* desk);
std::unique_ptr<grpc::Service> MakeNoteService(const Desk* desk);
std::unique_ptr<grpc::Service> MakeDirectoryService(const Desk* desk);
std::unique_ptr<grpc::Service> MakeSessionService(const Desk* desk);

// Opens a stream: authenticates, checks access, makes a writer and a watcher
// of it, and hands the watcher to the hub. `status`: an error that the handler
// found already; `prepare` may complete the watcher. The stream lives until the
// client is gone or it is ended.
template <typename Message, typename WatcherType, typename Request>
grpc::ServerWriteReactor<Message>* OpenStream(
    const Desk* desk, WatchHub* hub, grpc::CallbackServerContext* context,
    absl::string_view rpc, const Request& request,
    absl::Status status = absl::OkStatus(),
    const std::function<void(WatcherType&)>& prepare = {}) {
  // The writer belongs to the watcher's holder and to gRPC until OnDone, the
  // watcher to the hub.
  struct Stream {
    std::shared_ptr<StreamWriter<Message>> writer;
    std::shared_ptr<WatcherType> watcher;
  };
  auto* stream = new Stream;
  stream->writer =
      std::make_shared<StreamWriter<Message>>(context, [stream, hub] {
        if (stream->watcher != nullptr) {
          // The hub may still be telling it something: the writer stays until
          // the hub has let go.
          hub->Remove(stream->watcher.get(), stream->writer);
        }
        delete stream;
      });
  StreamWriter<Message>* const writer = stream->writer.get();
  const absl::StatusOr<Caller> caller = desk->Admit(*context, rpc, request);
  if (status.ok()) status = caller.status();
  if (status.ok()) status = CheckRequired(request);
  if (status.ok()) status = CheckFields(request);
  if (!status.ok()) {
    writer->EndWith(status);
    return writer;
  }
  const auto& metadata = context->client_metadata();
  const auto found = metadata.find("authorization");
  stream->watcher = std::make_shared<WatcherType>(
      desk, hub->budget(),
      std::string(found->second.data(), found->second.size()), writer);
  if (prepare) prepare(*stream->watcher);
  status = hub->Add(caller->center, stream->watcher);
  if (!status.ok()) writer->EndWith(status);
  return writer;
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_SERVICES_H_
