#include "clients/cli/message.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace housecall::cli {
namespace {

constexpr char kJapanesePayload[] = "housecall/japanese";

}  // namespace

absl::Status InBothLanguages(absl::StatusCode code, absl::string_view english,
                             absl::string_view japanese) {
  absl::Status status(code, english);
  status.SetPayload(kJapanesePayload, absl::Cord(japanese));
  return status;
}

absl::Status WrongInput(absl::string_view english, absl::string_view japanese) {
  return InBothLanguages(absl::StatusCode::kInvalidArgument, english, japanese);
}

absl::Status NotPossible(absl::string_view english,
                         absl::string_view japanese) {
  return InBothLanguages(absl::StatusCode::kFailedPrecondition, english,
                         japanese);
}

absl::Status AtPlace(absl::string_view place, const absl::Status& status) {
  if (status.ok()) return status;
  return InBothLanguages(
      status.code(), absl::StrCat(place, ": ", status.message()),
      absl::StrCat(place, ": ", MessageOf(status, Language::kJapanese)));
}

std::string MessageOf(const absl::Status& status, Language language) {
  if (language == Language::kJapanese) {
    const absl::optional<absl::Cord> japanese =
        status.GetPayload(kJapanesePayload);
    if (japanese.has_value()) return std::string(*japanese);
  }
  return std::string(status.message());
}

}  // namespace housecall::cli
