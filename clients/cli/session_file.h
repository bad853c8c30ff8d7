// Where the command line keeps its logins: one file a profile, which nobody
// else may read.
#ifndef HOUSECALL_CLIENTS_CLI_SESSION_FILE_H_
#define HOUSECALL_CLIENTS_CLI_SESSION_FILE_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace housecall::cli {

// How to reach a server. The files are PEM; all empty: no TLS.
struct Target {
  std::string server = {};  // HOST:PORT
  std::string tls_ca = {};
  std::string tls_cert = {};
  std::string tls_key = {};

  bool uses_tls() const {
    return !tls_ca.empty() || !tls_cert.empty() || !tls_key.empty();
  }
};

// A login.
struct SavedSession {
  Target target;
  std::string center;   // id
  std::string account;  // id
  std::string person;   // id
  std::string session;  // whole name
  std::string token;    // whoever has it is the account
};

// The folder of the profiles: $HOUSECALL_CONFIG, else
// $XDG_CONFIG_HOME/housecall, else ~/.config/housecall. FailedPrecondition if
// none of these is set.
absl::StatusOr<std::string> ConfigFolder(
    const std::function<std::optional<std::string>(const std::string&)>&
        environment);

// InvalidArgument unless the profile is 1 to 64 of a-z, A-Z, 0-9, '-', '_'.
absl::Status CheckProfile(const std::string& profile);

// NotFound if there is none, FailedPrecondition if others may read the file or
// it is not one of ours; the message says what to do.
absl::StatusOr<SavedSession> LoadSession(const std::string& folder,
                                         const std::string& profile);

// Replaces the profile's file at once, mode 0600; makes the folder, mode 0700.
absl::Status SaveSession(const std::string& folder, const std::string& profile,
                         const SavedSession& session);

// Removes it; not an error if there is none.
absl::Status RemoveSession(const std::string& folder,
                           const std::string& profile);

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_SESSION_FILE_H_
