#include <algorithm>

#include "absl/strings/match.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/server/filters.h"
#include "dispatcher/server/services.h"
#include "housecall/v1/patient_service.grpc.pb.h"

namespace housecall::server {
namespace {

// Whether a part of a name or its reading is in the card's.
bool Matches(const core::Patient& patient, const std::string& query) {
  return query.empty() ||
         absl::StrContains(patient.display_name.Reveal(), query) ||
         absl::StrContains(patient.display_name_kana.Reveal(), query);
}

// A patient's device whose battery ends first.
struct DeviceUser {
  const core::Patient* patient = nullptr;
  const core::Device* device = nullptr;
};

class PatientService final : public v1::PatientService::CallbackService {
 public:
  explicit PatientService(const Desk* desk) : desk_(desk) {}

  grpc::ServerUnaryReactor* CreatePatient(
      grpc::CallbackServerContext* context,
      const v1::CreatePatientRequest* request, v1::Patient* response) override {
    return desk_->Mutate<core::Create<core::Patient>>(
        context, "CreatePatient", request, response, {}, "patients");
  }
  grpc::ServerUnaryReactor* UpdatePatient(
      grpc::CallbackServerContext* context,
      const v1::UpdatePatientRequest* request, v1::Patient* response) override {
    return desk_->Mutate<core::Update<core::Patient>>(context, "UpdatePatient",
                                                      request, response);
  }
  grpc::ServerUnaryReactor* GetPatient(grpc::CallbackServerContext* context,
                                       const v1::GetPatientRequest* request,
                                       v1::Patient* response) override {
    return desk_->Get(context, "GetPatient", request, response);
  }
  grpc::ServerUnaryReactor* ListPatients(
      grpc::CallbackServerContext* context,
      const v1::ListPatientsRequest* request,
      v1::ListPatientsResponse* response) override {
    return desk_->Read(
        context, "ListPatients", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          const unsigned reach = ReachOf("ListPatients", caller.actor);

          return ListRecords<core::Patient>(
              *caller.board, caller.center, caller.actor, page,
              [&](const core::Patient& record) {
                return (request->include_inactive() || record.active) &&
                       Matches(record, request->query()) &&
                       MayBeShown(reach, record, caller.actor, *caller.board);
              },
              [](const core::Patient& a, const core::Patient& b) {
                return a.display_name_kana.Reveal() <
                       b.display_name_kana.Reveal();
              },
              response->mutable_patients(),
              response->mutable_next_page_token());
        });
  }
  grpc::ServerUnaryReactor* RecordAcp(grpc::CallbackServerContext* context,
                                      const v1::RecordAcpRequest* request,
                                      v1::Patient* response) override {
    return desk_->Mutate<core::RecordAcp>(context, "RecordAcp", request,
                                          response);
  }
  grpc::ServerUnaryReactor* ConfirmPatient(
      grpc::CallbackServerContext* context,
      const v1::ConfirmPatientRequest* request,
      v1::Patient* response) override {
    return desk_->Mutate<core::ConfirmPatient>(context, "ConfirmPatient",
                                               request, response);
  }
  grpc::ServerUnaryReactor* ListDeviceUsers(
      grpc::CallbackServerContext* context,
      const v1::ListDeviceUsersRequest* request,
      v1::ListDeviceUsersResponse* response) override {
    return desk_->Read(
        context, "ListDeviceUsers", request, response,
        [&](const Caller& caller) -> absl::Status {
          RETURN_IF_ERROR(CheckParent(caller, request->parent()));
          ASSIGN_OR_RETURN(const Page page, PageOf(*request));
          return ListUsers(caller, *request, page, response);
        });
  }
  grpc::ServerUnaryReactor* GetCoverage(grpc::CallbackServerContext* context,
                                        const v1::GetCoverageRequest* request,
                                        v1::Coverage* response) override {
    return desk_->Read(context, "GetCoverage", request, response,
                       [&](const Caller& caller) {
                         return Cover(caller, *request, response);
                       });
  }

 private:
  absl::Status ListUsers(const Caller& caller,
                         const v1::ListDeviceUsersRequest& request,
                         const Page& page,
                         v1::ListDeviceUsersResponse* response) const {
    const auto is_wanted = [&](const core::Device& device) {
      return request.kinds().empty()
                 ? device.kind == core::DeviceKind::kVentilator ||
                       device.kind == core::DeviceKind::kOxygen
                 : ContainsState(request.kinds(), device.kind);
    };
    std::vector<DeviceUser> users;
    caller.board->table<core::Patient>().ForEach(
        [&](const core::PatientId&, const core::Patient& patient) {
          if (!patient.active) return;
          DeviceUser user{&patient, nullptr};
          for (const core::Device& device : patient.devices) {
            if (!device.battery_duration.has_value() || !is_wanted(device)) {
              continue;
            }
            if (user.device == nullptr ||
                *device.battery_duration < *user.device->battery_duration) {
              user.device = &device;
            }
          }
          if (user.device != nullptr) users.push_back(user);
        });
    std::stable_sort(users.begin(), users.end(),
                     [](const DeviceUser& a, const DeviceUser& b) {
                       return *a.device->battery_duration <
                              *b.device->battery_duration;
                     });
    return WritePage(
        users, page,
        [](const DeviceUser& user) { return user.patient->id.value(); },
        [&](const DeviceUser& user) {
          v1::DeviceUser* out = response->add_device_users();
          WriteRecord(*user.patient, caller.center, caller.actor, *caller.board,
                      out->mutable_patient());
          ToProto(*user.device, caller.center, out->mutable_device());
          if (request.has_power_cut_time()) {
            SetTimestamp(FromTimestamp(request.power_cut_time()) +
                             *user.device->battery_duration,
                         out->mutable_battery_end_time());
          }
          return out->ByteSizeLong();
        },
        response->mutable_next_page_token());
  }

  // Who covers the patient, what the wishes are, when somebody is there.
  absl::Status Cover(const Caller& caller,
                     const v1::GetCoverageRequest& request,
                     v1::Coverage* response) const {
    const core::Board& board = *caller.board;
    ASSIGN_OR_RETURN(
        const std::string id,
        ParseResourceName(caller.center, core::PatientId::kCollection,
                          request.patient(), "patient"));
    const auto* patient = board.Find<core::Patient>(core::PatientId(id));
    if (patient == nullptr) return NoSuch<core::Patient>(core::PatientId(id));
    const auto write = [&](const auto* record, auto* out) {
      if (record == nullptr) return false;
      WriteRecord(*record, caller.center, caller.actor, board, out);
      return true;
    };
    response->set_patient(request.patient());
    if (const auto* clinic =
            board.Find<core::Organization>(patient->primary_clinic)) {
      write(clinic, response->mutable_primary_clinic());
    }
    if (const auto* doctor =
            board.Find<core::Person>(patient->primary_physician)) {
      write(doctor, response->mutable_primary_physician());
    }
    response->set_coverage_agreement(patient->coverage_agreement);
    if (!patient->acp.empty()) {
      ToProto(patient->acp.back(), caller.center, response->mutable_acp());
      response->set_do_not_attempt_resuscitation(
          patient->acp.back().resuscitation ==
          core::ResuscitationWish::kDoNotAttempt);
    }
    const core::Center& center = board.center();
    response->set_center_phone(center.phone);
    const core::Call* call = board.OpenCallFor(patient->id);
    const core::Assignment* assignment = nullptr;
    if (call != nullptr) {
      write(call, response->mutable_call());
      assignment = board.Find<core::Assignment>(call->assignment);
    }
    if (assignment != nullptr && core::IsRunning(assignment->state)) {
      write(board.Find<core::Person>(assignment->physician),
            response->mutable_physician());
      if (assignment->estimate.arrive_time != absl::UnixEpoch()) {
        SetTimestamp(assignment->estimate.arrive_time,
                     response->mutable_arrive_time());
      }
      if (assignment->estimate_time != absl::UnixEpoch()) {
        SetTimestamp(assignment->estimate_time,
                     response->mutable_estimate_time());
      }
      const auto* position = board.Find<core::Position>(
          assignment->driver.empty() ? assignment->physician
                                     : assignment->driver);
      if (position != nullptr) {
        // A phone's clock that is ahead makes nothing younger.
        SetTimestamp(std::min(position->device_time, position->receive_time),
                     response->mutable_position_time());
      }
    } else {
      board.table<core::Duty>().ForEach(
          [&](const core::PersonId& person, const core::Duty& duty) {
            if (!duty.on_duty || duty.role != core::Role::kPhysician) return;
            const auto* physician = board.Find<core::Person>(person);
            if (physician != nullptr) {
              write(physician, response->add_physicians_on_duty());
            }
          });
    }
    Redact(ViewOf(*patient, caller.actor, board), response);
    return absl::OkStatus();
  }

  const Desk* const desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePatientService(const Desk* desk) {
  return std::make_unique<PatientService>(desk);
}

}  // namespace housecall::server
