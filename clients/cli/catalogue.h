// Every text that people read, in Japanese and English, in one place.
#ifndef HOUSECALL_CLIENTS_CLI_CATALOGUE_H_
#define HOUSECALL_CLIENTS_CLI_CATALOGUE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace housecall::cli {

enum class Language { kJapanese, kEnglish };

// A text of the program. `key` is one of kTexts; anything else is a
// programmer's error and gives the key itself, which a test finds.
std::string Text(absl::string_view key, Language language);

// The name of a field, for headings: "callback_phone" is "折返し電話" or
// "callback phone".
std::string FieldLabel(absl::string_view field_name, Language language);
// The same where it matters whose field it is: people have a 氏名.
std::string FieldLabel(const google::protobuf::FieldDescriptor& field,
                       Language language);

// "受付済" or "received" for CALL_STATE_RECEIVED.
std::string EnumLabel(const google::protobuf::EnumValueDescriptor& value,
                      Language language);

// What a task says of itself, in the user's language as far as it is the
// server's own words; the words of others (a receiver's error) are left alone.
std::string TaskDetail(absl::string_view detail, Language language);

// What a command of the API ("submit-call") does, or a service ("CallService")
// is about, in a line. "" for any other name.
std::string JapaneseSummary(absl::string_view name);

// For the tests of completeness.
bool HasFieldLabel(absl::string_view field_name);
bool HasEnumLabel(absl::string_view value_name);
std::vector<std::string> TextKeys();

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_CATALOGUE_H_
