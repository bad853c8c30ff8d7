// A whole request, made of what the caller gave and of what is there now.
#ifndef HOUSECALL_CLIENTS_CLI_PREPARE_H_
#define HOUSECALL_CLIENTS_CLI_PREPARE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/api.h"
#include "clients/cli/request_builder.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/status.h"

namespace housecall::cli {

// Calls a unary RPC.
using Caller = std::function<grpc::Status(
    const Rpc&, const google::protobuf::Message&, google::protobuf::Message*)>;

// Writes what the user gave into a request that may hold something already.
using Filler = std::function<absl::Status(google::protobuf::Message*)>;

// What came of it: `status` is for a request that the user got wrong, `answer`
// is not OK where a server was asked and refused.
struct Prepared {
  absl::Status status;
  grpc::Status answer;
  std::unique_ptr<google::protobuf::Message> request;
};

// Fills a request, adds what goes without saying and, where its etag is the
// word "current", reads the resource: an Update… begins from what was read and
// changes what the user gave; others get the etag. Sets no request_id. The
// status is InvalidArgument for missing fields.
Prepared Prepare(const Rpc& rpc, const Filler& fill,
                 const Surroundings& surroundings, const Caller& call);

// Sets the request's request_id unless it has one or takes none. Returns the
// one that it has then.
std::string SetRequestId(const std::string& id,
                         google::protobuf::Message* request);

// A new random UUID.
std::string NewRequestId();

// The same id for the same RPC and content, as long as neither holds a secret
// (an id must tell nothing about one): then as NewRequestId.
std::string DerivedRequestId(const Rpc& rpc,
                             const google::protobuf::Message& request);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_PREPARE_H_
