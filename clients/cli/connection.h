// A connection to a server that can call any RPC of the API.
#ifndef HOUSECALL_CLIENTS_CLI_CONNECTION_H_
#define HOUSECALL_CLIENTS_CLI_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cli/api.h"
#include "clients/cli/session_file.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/status.h"

namespace housecall::cli {

struct CallOptions {
  // Sent as `authorization: Bearer …`; empty: none.
  std::string token = {};
  // For the call with all its tries.
  absl::Duration timeout = absl::Seconds(10);
  // How often a call is sent that was answered with UNAVAILABLE; the same
  // bytes each time, so the same request_id.
  int tries = 4;
};

// Thread-safe.
class Connection {
 public:
  // InvalidArgument if the address is malformed, if a TLS file cannot be read,
  // or if there is no TLS and the address is not loopback. Does not connect
  // yet.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Target& target);

  // Calls a unary RPC and waits. UNAVAILABLE and DEADLINE_EXCEEDED leave open
  // whether it happened.
  grpc::Status Call(const Rpc& rpc, const google::protobuf::Message& request,
                    const CallOptions& options,
                    google::protobuf::Message* response) const;

  // Calls a streaming RPC and hands every message to `on_message` until the
  // stream ends or `on_message` returns false (then OK). Gives up with
  // DEADLINE_EXCEEDED where nothing comes for `idle_timeout`.
  grpc::Status Stream(
      const Rpc& rpc, const google::protobuf::Message& request,
      const CallOptions& options, absl::Duration idle_timeout,
      const std::function<bool(const google::protobuf::Message&)>& on_message)
      const;

 private:
  explicit Connection(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)) {}

  const std::shared_ptr<grpc::Channel> channel_;
};

// Whether the request may or may not have happened, or could not be sent.
bool IsUncertain(const grpc::Status& status);

// "NOT_FOUND".
std::string CodeName(grpc::StatusCode code);

// Whether "host:port" names this machine's loopback.
bool IsLoopback(const std::string& server);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_CONNECTION_H_
