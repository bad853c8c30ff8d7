#include "dispatcher/base/id.h"

#include "absl/strings/match.h"

namespace housecall {

bool IsValidId(absl::string_view text) {
  if (text.empty() || text.size() > kMaxIdLength) return false;
  for (char c : text) {
    const bool letter_or_digit =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter_or_digit && c != '-') return false;
  }
  return text.front() != '-' && text.back() != '-';
}

bool IsValidChosenId(absl::string_view text) {
  return IsValidId(text) && text.size() <= kMaxChosenIdLength &&
         !absl::StrContains(text, "--");
}

}  // namespace housecall
