// Between absl::Status and grpc::Status.
#ifndef HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
#define HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"
#include "housecall/v1/refusal.pb.h"

namespace housecall::server {

// gRPC itself says "unimplemented", and nothing else, which sends people
// looking for a server of another version.
inline constexpr char kUnreadableRequest[] =
    "the request cannot be read: a text in it is not UTF-8, or it is not the "
    "message that this RPC takes";

// The codes have the same numbers. What is the server's own fault is told to
// its log: it may name files of this machine. Why a request was refused stands
// in the details, as a google.rpc.Status with one Refusal, unless that would
// say nothing.
grpc::Status ToGrpc(const absl::Status& status);

// What the client is told of a status that the store returned
// (store::ForClients). The log is told all of it.
absl::Status FromStore(const absl::Status& status);

// The reasons of core/refusal.h; of InvalidArgument the field, with which its
// message begins ("place.position: latitude within …").
v1::Refusal RefusalOf(const absl::Status& status);

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_GRPC_STATUS_H_
