// The services of proto/housecall/v1, each a view of a role.
#ifndef HOUSECALL_DISPATCHER_SERVER_SERVICES_H_
#define HOUSECALL_DISPATCHER_SERVER_SERVICES_H_

#include <memory>

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

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_SERVICES_H_
