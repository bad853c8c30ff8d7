#include "dispatcher/core/checks.h"

#include <cmath>

#include "absl/time/civil_time.h"

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
