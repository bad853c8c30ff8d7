// What the program itself has to say against a command line, a file or a login:
// a status whose message is English, as everywhere, and which has the same text
// in Japanese with it.
#ifndef HOUSECALL_CLIENTS_CLI_MESSAGE_H_
#define HOUSECALL_CLIENTS_CLI_MESSAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clients/cli/catalogue.h"

namespace housecall::cli {

absl::Status InBothLanguages(absl::StatusCode code, absl::string_view english,
                             absl::string_view japanese);

// InvalidArgument: the user has to write something else.
absl::Status WrongInput(absl::string_view english, absl::string_view japanese);

// FailedPrecondition: something around the program has to change first.
absl::Status NotPossible(absl::string_view english, absl::string_view japanese);

// The same refusal with "PLACE: " before it, in both languages.
absl::Status AtPlace(absl::string_view place, const absl::Status& status);

// The text for people; English where there is no other.
std::string MessageOf(const absl::Status& status, Language language);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_MESSAGE_H_
