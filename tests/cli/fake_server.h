// A server that answers any RPC as a test says, and remembers what it was
// asked.
#ifndef HOUSECALL_TESTS_CLI_FAKE_SERVER_H_
#define HOUSECALL_TESTS_CLI_FAKE_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/support/status.h"

namespace housecall::cli {

// Listens on a free port of the loopback. Thread-safe.
class FakeServer {
 public:
  // What is sent back: messages, then the status. One message for a unary RPC.
  struct Answer {
    grpc::Status status;
    std::vector<std::string> messages;
    // Never ends; the client has to give up.
    bool hangs = false;
  };
  struct Request {
    std::string rpc;            // "SubmitCall"
    std::string bytes;          // the serialized request
    std::string authorization;  // its metadata
  };

  // Without TLS unless it is given credentials.
  explicit FakeServer(
      std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~FakeServer();

  std::string address() const;

  // Answers the RPC by calling `answer` with the serialized request; without
  // one it is UNIMPLEMENTED.
  void On(const std::string& rpc,
          std::function<Answer(const std::string& request)> answer);
  // Always the same message.
  void On(const std::string& rpc, const google::protobuf::Message& response);
  // Always that refusal.
  void Refuse(const std::string& rpc, grpc::StatusCode code,
              const std::string& message);

  std::vector<Request> requests() const;
  // The requests of one RPC.
  template <typename M>
  std::vector<M> RequestsOf(const std::string& rpc) const {
    std::vector<M> found;
    for (const Request& request : requests()) {
      if (request.rpc != rpc) continue;
      found.emplace_back();
      found.back().ParseFromString(request.bytes);
    }
    return found;
  }

 private:
  class Service;

  std::unique_ptr<Service> service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace housecall::cli

#endif  // HOUSECALL_TESTS_CLI_FAKE_SERVER_H_
