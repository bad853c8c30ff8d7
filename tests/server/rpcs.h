// Every RPC of the API, for what leaves none out: tests, fuzz targets.
#ifndef HOUSECALL_TESTS_SERVER_RPCS_H_
#define HOUSECALL_TESTS_SERVER_RPCS_H_

#include <vector>

#include "google/protobuf/descriptor.h"
#include "housecall/v1/board_service.pb.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/note_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/rota_service.pb.h"
#include "housecall/v1/session_service.pb.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::server::testing {

// Of housecall.v1, in the order of the services and in them.
inline const std::vector<const google::protobuf::MethodDescriptor*>& AllRpcs() {
  static const auto* const rpcs = [] {
    auto* all = new std::vector<const google::protobuf::MethodDescriptor*>;
    // Each file is named, or the linker would leave it out.
    for (const google::protobuf::Descriptor* request :
         {v1::SubmitCallRequest::GetDescriptor(),
          v1::WatchBoardRequest::GetDescriptor(),
          v1::GoOnDutyRequest::GetDescriptor(),
          v1::CreateShiftRequest::GetDescriptor(),
          v1::CreatePatientRequest::GetDescriptor(),
          v1::DraftNoteRequest::GetDescriptor(),
          v1::GetCenterRequest::GetDescriptor(),
          v1::CreateSessionRequest::GetDescriptor()}) {
      const auto* file = request->file();
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          all->push_back(file->service(s)->method(m));
        }
      }
    }
    return all;
  }();
  return *rpcs;
}

}  // namespace housecall::server::testing

#endif  // HOUSECALL_TESTS_SERVER_RPCS_H_
