// What the rules ask of the fields of a record before they take it in, each
// in words that name the field. Internal to core.
#ifndef HOUSECALL_DISPATCHER_CORE_CHECKS_H_
#define HOUSECALL_DISPATCHER_CORE_CHECKS_H_

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

// "people/sato".
template <typename Tag>
std::string ResourceName(const Id<Tag>& id) {
  return absl::StrCat(Tag::kCollection, "/", id.value());
}

inline absl::Status MissingField(absl::string_view field) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": required"));
}

// InvalidArgument if a client may not choose this id.
template <typename Tag>
absl::Status CheckChosenId(const Id<Tag>& id) {
  if (IsValidChosenId(id.value())) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(Tag::kSingular, ": an id has 1 to ", kMaxChosenIdLength,
                   " characters of a-z, 0-9 and single '-', none at its ends"));
}

// Aborted if `given` is not the etag of what the board holds.
template <typename R>
absl::Status CheckEtag(const Version& given, const R& record) {
  if (given == record.etag) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "etag: ", ResourceName(record.id), " was written since (", given.number,
      " given, ", record.etag.number, " now); read it again"));
}

template <typename R>
absl::Status CheckEtagIfAny(const std::optional<Version>& given,
                            const R& record) {
  return given.has_value() ? CheckEtag(*given, record) : absl::OkStatus();
}

// NotFound, naming field and id, if there is no such record. An empty id names
// none and is let through.
template <typename R>
absl::Status CheckKnownIfAny(const Board& board, absl::string_view field,
                             const decltype(R::id)& id) {
  if (id.empty() || board.Find<R>(id) != nullptr) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat(field, ": ", ResourceName(id), " is not known"));
}

// As CheckKnownIfAny, and InvalidArgument if the id is empty.
template <typename R>
absl::Status CheckKnown(const Board& board, absl::string_view field,
                        const decltype(R::id)& id) {
  if (id.empty()) return MissingField(field);
  return CheckKnownIfAny<R>(board, field, id);
}

// InvalidArgument unless the position is on the globe. The position itself may
// be somebody's home and is not repeated.
absl::Status CheckPosition(absl::string_view field,
                           const std::optional<LatLng>& position);

// A sheet of paper is entered within so long; an older time has a wrong year or
// month. (The long outages of the field lasted days, DOMAIN §8.)
inline constexpr absl::Duration kOldestPaper = absl::Hours(24 * 31);

// InvalidArgument if something cannot have been written down at `time`: in the
// future, or longer ago than kOldestPaper.
absl::Status CheckWrittenTime(absl::string_view field, absl::Time time,
                              absl::Time now);

// InvalidArgument unless empty or a day that is not after `today`, written
// YYYY-MM-DD.
absl::Status CheckBirthDate(absl::string_view field,
                            const PrivateText& birth_date,
                            absl::CivilDay today);

// What is wrong with a care team on this board. A member without channels is
// let through: the inbox counts.
absl::Status CheckCareTeam(const Board& board,
                           const std::vector<CareTeamMember>& care_team);

// InvalidArgument if a value is kUnspecified or there twice.
template <typename E>
absl::Status CheckDistinct(absl::string_view field,
                           const std::vector<E>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == E::kUnspecified) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": UNSPECIFIED given"));
    }
    for (size_t j = 0; j < i; ++j) {
      if (values[i] == values[j]) {
        return absl::InvalidArgumentError(
            absl::StrCat(field, ": ", NameOf(values[i]), " is there twice"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_CHECKS_H_
