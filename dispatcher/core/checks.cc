#include "dispatcher/core/checks.h"

#include <cmath>
#include <set>

#include "absl/time/civil_time.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::core {

absl::Status CheckPosition(absl::string_view field,
                           const std::optional<LatLng>& position) {
  if (!position.has_value()) return absl::OkStatus();
  // Written so that NaN is refused too.
  if (std::abs(position->latitude) <= 90 &&
      std::abs(position->longitude) <= 180) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      field, ": latitude within ±90 and longitude within ±180 degrees wanted"));
}

absl::Status CheckCareTeam(const Board& board,
                           const std::vector<CareTeamMember>& care_team) {
  std::set<OrganizationId> organizations;
  for (const CareTeamMember& member : care_team) {
    if (member.role == CareRole::kUnspecified) {
      return MissingField("care_team.role");
    }
    RETURN_IF_ERROR(CheckKnown<Organization>(board, "care_team.organization",
                                             member.organization));
    RETURN_IF_ERROR(
        CheckKnownIfAny<Person>(board, "care_team.person", member.person));
    RETURN_IF_ERROR(CheckDistinct("care_team.channels", member.channels));
    // One note a house, whatever it is to the patient.
    if (!organizations.insert(member.organization).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "care_team.organization: ", ResourceName(member.organization),
          " is there twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckWrittenTime(absl::string_view field, absl::Time time,
                              absl::Time now) {
  const char* wrong = nullptr;
  if (time > now) wrong = " is in the future";
  if (time < now - kOldestPaper) wrong = " is more than 31 days ago";
  if (wrong == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, ": ", absl::FormatTime(time, absl::UTCTimeZone()), wrong));
}

absl::Status CheckBirthDate(absl::string_view field,
                            const PrivateText& birth_date,
                            absl::CivilDay today) {
  const std::string& text = birth_date.Reveal();
  if (text.empty()) return absl::OkStatus();
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day) ||
      day < absl::CivilDay(1850, 1, 1) || day > today) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": a day of the past as YYYY-MM-DD wanted"));
  }
  return absl::OkStatus();
}

}  // namespace housecall::core
