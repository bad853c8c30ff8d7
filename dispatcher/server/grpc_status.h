// Between absl::Status and grpc::Status.
#ifndef HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
#define HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace housecall::server {

// The codes have the same numbers.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
