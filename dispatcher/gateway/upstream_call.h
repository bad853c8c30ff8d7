// One gRPC call of any shape, as bytes, with its answers taken one at a time.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_UPSTREAM_CALL_H_
#define HOUSECALL_DISPATCHER_GATEWAY_UPSTREAM_CALL_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/gateway/grpc_web.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/client_callback.h"

namespace housecall::gateway {

// A call to the dispatcher. Its messages are known when it starts; its answers
// come when they are asked for, so that a slow reader slows the server down
// instead of filling this process. Thread-safe; lives by itself until gRPC has
// let go of it, whoever else holds it.
class UpstreamCall final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      public std::enable_shared_from_this<UpstreamCall> {
 public:
  struct Request {
    // "/package.Service/Method".
    std::string path;
    Metadata metadata;
    // Of the whole call; infinite: none.
    absl::Duration timeout = absl::InfiniteDuration();
    std::vector<grpc::ByteBuffer> messages;
  };

  // What the call tells, on gRPC's threads, one after the other; none may
  // block.
  struct Events {
    // Told once at most, before anything else: the server's initial metadata.
    std::function<void(Metadata initial)> started;
    // The next message. None follows before ReadNext().
    std::function<void(grpc::ByteBuffer message)> message;
    // Told once, last, whatever happens: gRPC has let go of the call.
    std::function<void(grpc::Status status, Metadata trailing)> ended;
  };

  // Starts the call, and with it the first read. The read is started *with*
  // the call and not after the initial metadata: over gRPC 1.51's in-process
  // channel the message is lost otherwise, and with it the call.
  static std::shared_ptr<UpstreamCall> Start(grpc::GenericStub* stub,
                                             Request request, Events events);

  // Asks for the next message. Call it once for each message told.
  void ReadNext();

  // Ends the call; `ended` is told soon, with CANCELLED unless it was over
  // already. Idempotent.
  void Cancel();

  // gRPC's side.
  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  UpstreamCall(Request request, Events events);
  void WriteNext();
  void TellMessage();

  Request request_;
  const Events events_;
  grpc::ClientContext context_;
  // Of gRPC's current read, and handed out when it is done.
  grpc::ByteBuffer incoming_;
  size_t written_ = 0;
  // Itself, until OnDone.
  std::shared_ptr<UpstreamCall> self_;

  Mutex mutex_;
  // A read is under way.
  bool reading_ HOUSECALL_GUARDED_BY(mutex_) = true;
  bool started_ HOUSECALL_GUARDED_BY(mutex_) = false;
  // A message is there, of which nobody was told because `started` comes first.
  bool message_waits_ HOUSECALL_GUARDED_BY(mutex_) = false;
  // The call is kept for reads to come.
  bool held_ HOUSECALL_GUARDED_BY(mutex_) = true;
  // Nobody asks for more.
  bool cancelled_ HOUSECALL_GUARDED_BY(mutex_) = false;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_UPSTREAM_CALL_H_
