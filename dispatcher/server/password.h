// Passwords and session tokens.
#ifndef HOUSECALL_DISPATCHER_SERVER_PASSWORD_H_
#define HOUSECALL_DISPATCHER_SERVER_PASSWORD_H_

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/base/sensitive.h"
#include "dispatcher/core/types.h"

namespace housecall::server {

// InvalidArgument unless the password has 13 to 256 characters (Ministry
// guideline on medical information systems v6.0: at least 13, no periodic
// change) of UTF-8, without control characters, and is not one character over
// and over, nor the account's id.
absl::Status CheckPasswordStrength(const core::AccountId& account,
                                   const PrivateText& password);

// How long after that many wrong passwords in a row the next try is refused: 1
// s, 2 s, 4 s … 15 minutes. As core counts them for an account
// (RefusePassword).
absl::Duration DelayAfter(int wrong_passwords);

// The delays of accounts that there are not: the same as of those that there
// are, so that nobody learns from them which ones there are. Bounded: beyond
// `max_names` the one longest unused is forgotten, which is to take a flood
// longer than the longest delay. Thread-safe.
class UnknownAccounts {
 public:
  explicit UnknownAccounts(size_t max_names = 1 << 16)
      : max_names_(max_names) {}

  // Until when the next try with this name is refused; InfinitePast if it is
  // not.
  absl::Time RetryTime(const std::string& name) const;
  // Counts a wrong password.
  void Refuse(const std::string& name, absl::Time now);

 private:
  struct Entry {
    int wrong_passwords = 0;
    absl::Time retry_time;
    std::list<std::string>::iterator use;
  };

  const size_t max_names_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ HOUSECALL_GUARDED_BY(mutex_);
  // Names, the most recently used first.
  std::list<std::string> uses_ HOUSECALL_GUARDED_BY(mutex_);
};

// The argon2id hash in its encoded form ("$argon2id$v=19$m=19456,t=2,p=1$…",
// OWASP's parameters) with a fresh salt. Takes some 30 ms and 19 MiB: not for a
// handler's thread.
absl::StatusOr<PrivateText> HashPassword(const PrivateText& password);

// Whether the password is the one behind the hash. As slow as HashPassword,
// and as slow for an empty or damaged hash, so that the time does not tell
// whether an account exists.
bool VerifyPassword(const PrivateText& password, const PrivateText& hash);

// An opaque session token: the center that it is for, and 256 random bits.
// "hc1.<center>.<43 characters base64url>".
struct Token {
  PrivateText text;
  core::CenterId center;
  // What is stored in its place: see core::Session.
  core::SessionId session;
};

// A fresh token from the system's random source.
absl::StatusOr<Token> MakeToken(const core::CenterId& center);

// Takes a token apart. Unauthenticated if it is not one.
absl::StatusOr<Token> ParseToken(absl::string_view text);

// Lower-case hexadecimal SHA-256.
std::string Sha256Hex(absl::string_view data);

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_PASSWORD_H_
