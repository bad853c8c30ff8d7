#include "dispatcher/core/refusal.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace housecall::core {
namespace {

constexpr char kReasonsPayload[] = "housecall/refusal_reasons";
constexpr char kVerdictPayload[] = "housecall/refusal_verdict";

absl::Status WithReason(absl::Status status, RefusalReason reason) {
  status.SetPayload(kReasonsPayload, absl::Cord(NameOf(reason)));
  return status;
}

}  // namespace

absl::Status Refuse(RefusalReason reason, absl::string_view message) {
  return WithReason(absl::FailedPreconditionError(message), reason);
}

absl::Status Refuse(const std::vector<RefusalReason>& reasons,
                    absl::string_view message) {
  absl::Status status = absl::FailedPreconditionError(message);
  const std::string names =
      absl::StrJoin(reasons, ",", [](std::string* out, RefusalReason reason) {
        out->append(NameOf(reason));
      });
  status.SetPayload(kReasonsPayload, absl::Cord(names));
  return status;
}

absl::Status RefuseToSend(Verdict verdict, absl::string_view message) {
  absl::Status status = Refuse(RefusalReason::kMayNotBeSent, message);
  status.SetPayload(kVerdictPayload, absl::Cord(NameOf(verdict)));
  return status;
}

absl::Status Denied(RefusalReason reason, absl::string_view message) {
  return WithReason(absl::PermissionDeniedError(message), reason);
}

absl::Status Exhausted(RefusalReason reason, absl::string_view message) {
  return WithReason(absl::ResourceExhaustedError(message), reason);
}

std::vector<RefusalReason> ReasonsOf(const absl::Status& status) {
  std::vector<RefusalReason> reasons;
  const absl::optional<absl::Cord> payload = status.GetPayload(kReasonsPayload);
  if (!payload.has_value()) return reasons;
  const std::string names(*payload);
  for (absl::string_view name : absl::StrSplit(names, ',')) {
    const auto reason = FromName<RefusalReason>(name);
    if (reason.has_value()) reasons.push_back(*reason);
  }
  return reasons;
}

Verdict VerdictOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kVerdictPayload);
  if (!payload.has_value()) return Verdict::kUnspecified;
  return FromName<Verdict>(std::string(*payload))
      .value_or(Verdict::kUnspecified);
}

}  // namespace housecall::core
