// Between absl::Status and grpc::Status.
#ifndef HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
#define HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "dispatcher/base/log.h"
#include "grpcpp/support/status.h"

namespace housecall::server {

// The codes have the same numbers. What is the server's own fault is told to
// its log: it may name files of this machine.
inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  if (absl::IsInternal(status) || absl::IsDataLoss(status) ||
      absl::IsUnknown(status)) {
    HC_LOG(kError, "request_failed").With("status", status);
    return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                        "the server failed; its log says why");
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
