#include "dispatcher/server/password.h"

#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "google/protobuf/stubs/common.h"

namespace housecall::server {
namespace {

constexpr uint32_t kIterations = 2;
constexpr uint32_t kMemoryKib = 19 * 1024;
constexpr uint32_t kLanes = 1;
constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr size_t kTokenBytes = 32;
constexpr size_t kMaxPasswordBytes = 4 * 256;

// The characters of UTF-8, so that a password of 13 kanji is long enough too.
// InvalidArgument for text that no client could send: it could never log in.
absl::StatusOr<std::vector<std::string>> CharactersOf(const std::string& text) {
  const absl::Status unusable = absl::InvalidArgumentError(
      "password: must be UTF-8 without control characters");
  if (!google::protobuf::internal::IsStructurallyValidUTF8(
          text.data(), static_cast<int>(text.size()))) {
    return unusable;
  }
  std::vector<std::string> characters;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return unusable;
    if ((byte & 0xc0) != 0x80) characters.emplace_back();
    characters.back() += c;
  }
  return characters;
}

absl::Status RandomBytes(unsigned char* out, size_t size) {
  if (RAND_bytes(out, static_cast<int>(size)) != 1) {
    return absl::InternalError("the system has no random numbers");
  }
  return absl::OkStatus();
}

// The hash of nothing that anybody knows, for accounts that do not exist.
const std::string& DecoyHash() {
  static const std::string* const hash = [] {
    std::array<unsigned char, kTokenBytes> random{};
    RAND_bytes(random.data(), static_cast<int>(random.size()));
    absl::StatusOr<PrivateText> made =
        HashPassword(PrivateText(std::string(random.begin(), random.end())));
    return new std::string(made.ok() ? made->Reveal() : std::string());
  }();
  return *hash;
}

}  // namespace

absl::Status CheckPasswordStrength(const core::AccountId& account,
                                   const PrivateText& password) {
  const std::string& text = password.Reveal();
  if (text.size() > kMaxPasswordBytes) {
    return absl::InvalidArgumentError(
        "password: must have between 13 and 256 characters");
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> characters,
                   CharactersOf(text));
  if (characters.size() < 13 || characters.size() > 256) {
    return absl::InvalidArgumentError(
        "password: must have between 13 and 256 characters");
  }
  if (std::all_of(
          characters.begin(), characters.end(),
          [&](const std::string& c) { return c == characters.front(); }) ||
      absl::AsciiStrToLower(text) == account.value()) {
    return absl::InvalidArgumentError("password: is too easy to guess");
  }
  return absl::OkStatus();
}

absl::Duration DelayAfter(int wrong_passwords) {
  if (wrong_passwords <= 0) return absl::ZeroDuration();
  // 2^10 s is more than the quarter of an hour.
  return std::min(
      absl::Seconds(int64_t{1} << std::min(wrong_passwords - 1, 10)),
      absl::Minutes(15));
}

absl::Time UnknownAccounts::RetryTime(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? absl::InfinitePast()
                                 : found->second.retry_time;
}

void UnknownAccounts::Refuse(const std::string& name, absl::Time now) {
  MutexLock lock(mutex_);
  const auto [entry, is_new] = entries_.try_emplace(name);
  if (is_new) {
    uses_.push_front(name);
    entry->second.use = uses_.begin();
  } else {
    uses_.splice(uses_.begin(), uses_, entry->second.use);
  }
  entry->second.wrong_passwords =
      std::min(entry->second.wrong_passwords + 1, 11);
  entry->second.retry_time = now + DelayAfter(entry->second.wrong_passwords);
  if (entries_.size() > max_names_) {
    entries_.erase(uses_.back());
    uses_.pop_back();
  }
}

absl::StatusOr<PrivateText> HashPassword(const PrivateText& password) {
  std::array<unsigned char, kSaltBytes> salt{};
  RETURN_IF_ERROR(RandomBytes(salt.data(), salt.size()));
  std::vector<char> encoded(argon2_encodedlen(
      kIterations, kMemoryKib, kLanes, kSaltBytes, kHashBytes, Argon2_id));
  const int error = argon2id_hash_encoded(
      kIterations, kMemoryKib, kLanes, password.Reveal().data(),
      password.Reveal().size(), salt.data(), salt.size(), kHashBytes,
      encoded.data(), encoded.size());
  if (error != ARGON2_OK) {
    return core::Exhausted(core::RefusalReason::kTooBusy,
                           absl::StrCat("the password cannot be hashed: ",
                                        argon2_error_message(error)));
  }
  return PrivateText(std::string(encoded.data()));
}

bool VerifyPassword(const PrivateText& password, const PrivateText& hash) {
  const auto verify = [&password](const std::string& encoded) {
    return argon2id_verify(encoded.c_str(), password.Reveal().data(),
                           password.Reveal().size());
  };
  const int result =
      hash.empty() ? ARGON2_DECODING_FAIL : verify(hash.Reveal());
  if (result == ARGON2_OK) return true;
  if (result != ARGON2_VERIFY_MISMATCH) verify(DecoyHash());
  return false;
}

std::string Sha256Hex(absl::string_view data) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         digest.data());
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::StatusOr<Token> MakeToken(const core::CenterId& center) {
  std::array<unsigned char, kTokenBytes> random{};
  RETURN_IF_ERROR(RandomBytes(random.data(), random.size()));
  const std::string secret = absl::WebSafeBase64Escape(absl::string_view(
      reinterpret_cast<const char*>(random.data()), random.size()));
  return ParseToken(absl::StrCat("hc1.", center.value(), ".", secret));
}

absl::StatusOr<Token> ParseToken(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() != 3 || parts[0] != "hc1" || !IsValidId(parts[1]) ||
      parts[2].size() != 43) {
    return absl::UnauthenticatedError(
        "the session token is not one of this server; log in again");
  }
  Token token;
  token.text = PrivateText(std::string(text));
  token.center = core::CenterId(parts[1]);
  token.session = core::SessionId(Sha256Hex(text).substr(0, 40));
  return token;
}

}  // namespace housecall::server
