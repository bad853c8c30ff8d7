// Requests as they come from the wire: the first byte chooses the request, the
// rest is the message.
#include <cstddef>
#include <cstdint>

#include "dispatcher/core/command.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/password.h"
#include "housecall/v1/call_service.pb.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/note_service.pb.h"
#include "housecall/v1/patient_service.pb.h"
#include "housecall/v1/rota_service.pb.h"
#include "housecall/v1/visit_service.pb.h"
#include "tests/fuzz/require.h"

namespace housecall::server {
namespace {

const core::CenterId& Center() {
  static const auto* const center = new core::CenterId("hino");
  return *center;
}

// `data` as a Request, read into a T; written again, it reads as the same.
template <typename Request, typename T>
void Convert(const uint8_t* data, size_t size) {
  Request request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return;
  (void)CheckRequired(request);
  (void)CheckFields(request);
  const absl::StatusOr<T> read = FromProto<T>(request, Center());
  Redact({}, &request);
  if (!read.ok()) {
    fuzz::Require(!read.status().message().empty(), "a refusal has words");
    return;
  }
  Request written;
  ToProto(*read, Center(), &written);
  fuzz::Require(written.ByteSizeLong() < (1u << 24), "nothing grows");
}

}  // namespace
}  // namespace housecall::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  using namespace housecall::server;
  if (size == 0) return 0;
  const uint8_t which = data[0];
  ++data;
  --size;
  switch (which % 16) {
    case 0:
      Convert<v1::SubmitCallRequest, core::SubmitCall>(data, size);
      break;
    case 1:
      Convert<v1::TriageCallRequest, core::TriageCall>(data, size);
      break;
    case 2:
      Convert<v1::AddFactRequest, core::AddFact>(data, size);
      break;
    case 3:
      Convert<v1::CorrectPlaceRequest, core::CorrectPlace>(data, size);
      break;
    case 4:
      Convert<v1::SetCareTeamRequest, core::SetCareTeam>(data, size);
      break;
    case 5:
      Convert<v1::DraftNoteRequest, core::DraftNote>(data, size);
      break;
    case 6:
      Convert<v1::ReportPositionRequest, core::ReportPosition>(data, size);
      break;
    case 7:
      Convert<v1::Patient, core::Patient>(data, size);
      break;
    case 8:
      Convert<v1::Organization, core::Organization>(data, size);
      break;
    case 9:
      Convert<v1::Person, core::Person>(data, size);
      break;
    case 10:
      Convert<v1::Shift, core::Shift>(data, size);
      break;
    case 11:
      Convert<v1::Override, core::Override>(data, size);
      break;
    case 12:
      Convert<v1::Center, core::Center>(data, size);
      break;
    case 13:
      Convert<v1::Call, core::Call>(data, size);
      break;
    case 14:
      Convert<v1::Note, core::Note>(data, size);
      break;
    default: {
      const absl::string_view text(reinterpret_cast<const char*>(data), size);
      (void)ParseToken(text);
      (void)ParseResourceName(Center(), "calls", text, "call");
      break;
    }
  }
  return 0;
}
