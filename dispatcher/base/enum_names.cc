#include "dispatcher/base/enum_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall {

std::vector<std::string> ParseEnumNames(absl::string_view enumerators) {
  std::vector<std::string> names;
  for (absl::string_view part : absl::StrSplit(enumerators, ',')) {
    part = absl::StripAsciiWhitespace(part);
    absl::ConsumePrefix(&part, "k");
    std::string name;
    for (size_t i = 0; i < part.size(); ++i) {
      const bool new_word = absl::ascii_isupper(part[i]) ||
                            (absl::ascii_isdigit(part[i]) && i > 0 &&
                             !absl::ascii_isdigit(part[i - 1]));
      if (i > 0 && new_word) name.push_back('_');
      name.push_back(absl::ascii_toupper(part[i]));
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace housecall
