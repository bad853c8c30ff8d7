// A gRPC server of bytes that does what the path of a call says, in this
// process.
#ifndef HOUSECALL_TESTS_GATEWAY_FAKE_DISPATCHER_H_
#define HOUSECALL_TESTS_GATEWAY_FAKE_DISPATCHER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "dispatcher/base/mutex.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server.h"
#include "grpcpp/support/byte_buffer.h"

namespace housecall::gateway::testing {

std::string BytesOf(const grpc::ByteBuffer& buffer);
grpc::ByteBuffer BufferOf(absl::string_view bytes);

// Calls under /housecall.v1.Test/:
//
//   Echo      the messages of the request, joined
//   Metadata  what came with the call, "name=value\n" for each
//   Count     "N SIZE": N messages "0…", "1…" of SIZE bytes
//   Tick      a message, and one more for each Tick(), until it is cancelled
//   Hang      nothing, until it is cancelled
//   Fail      PERMISSION_DENIED with a message of every kind of letter, details
//             and metadata
//   LogIn     opens a session, if that is the carrier's matter
//   LogOut    ends it
//   Refuse    as LogIn, but UNAUTHENTICATED
//
// Thread-safe.
class FakeDispatcher final : public grpc::CallbackGenericService {
 public:
  FakeDispatcher();
  ~FakeDispatcher() override;

  std::shared_ptr<grpc::Channel> InProcess();
  // By a socket.
  std::shared_ptr<grpc::Channel> Loopback();
  void Shutdown();

  // Lets the call of Tick that is under way send its next message.
  void Tick();

  // So many so far; waits until there are at least that many.
  void AwaitCalls(int count);
  void AwaitCancelled(int count);
  void AwaitWritten(int64_t count);
  int calls();
  // Messages of Count that were taken from it.
  int64_t written();

 private:
  class Call;
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
  void Add(int64_t* counter);

  Mutex mutex_;
  CondVar changed_;
  int64_t calls_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  int64_t cancelled_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  Call* ticking_ HOUSECALL_GUARDED_BY(mutex_) = nullptr;
  int64_t written_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace housecall::gateway::testing

#endif  // HOUSECALL_TESTS_GATEWAY_FAKE_DISPATCHER_H_
