#include "dispatcher/outbox/webhook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace housecall::outbox {
namespace {

constexpr char kSecretPrefix[] = "whsec_";
constexpr size_t kMinKeyBytes = 24;
constexpr size_t kMaxKeyBytes = 64;
constexpr size_t kNewKeyBytes = 32;
constexpr size_t kMaxIdLength = 255;
constexpr char kVersionPrefix[] = "v1,";

}  // namespace

bool IsValidWebhookId(absl::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) return false;
  for (char c : id) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '.') {
      return false;
    }
  }
  return true;
}

absl::StatusOr<WebhookSecret> WebhookSecret::Parse(absl::string_view text) {
  std::string key;
  if (!absl::ConsumePrefix(&text, kSecretPrefix) ||
      !absl::Base64Unescape(text, &key) || key.size() < kMinKeyBytes ||
      key.size() > kMaxKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "webhook secret: must be \"", kSecretPrefix, "\" and the base64 of ",
        kMinKeyBytes, " to ", kMaxKeyBytes, " random bytes"));
  }
  return WebhookSecret(std::move(key));
}

absl::StatusOr<WebhookSecret> WebhookSecret::Generate() {
  std::string key(kNewKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()),
                 static_cast<int>(key.size())) != 1) {
    return absl::InternalError(
        "webhook secret: OpenSSL's random generator failed");
  }
  return WebhookSecret(std::move(key));
}

std::string WebhookSecret::Reveal() const {
  return absl::StrCat(kSecretPrefix, absl::Base64Escape(key_));
}

std::string WebhookSecret::Digest(absl::string_view id,
                                  absl::string_view timestamp,
                                  absl::string_view body) const {
  const std::string content = absl::StrCat(id, ".", timestamp, ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(content.data()),
           content.size(), digest, &size) == nullptr) {
    return "";
  }
  return std::string(reinterpret_cast<const char*>(digest), size);
}

absl::StatusOr<WebhookHeaders> WebhookSecret::Sign(
    absl::string_view id, absl::Time time, absl::string_view body) const {
  if (!IsValidWebhookId(id)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kWebhookIdHeader, ": must be 1 to ", kMaxIdLength,
                     " printable ASCII characters without space or full stop"));
  }
  WebhookHeaders headers;
  headers.id = std::string(id);
  headers.timestamp = absl::StrCat(absl::ToUnixSeconds(time));
  const std::string digest = Digest(id, headers.timestamp, body);
  if (digest.empty()) {
    return absl::InternalError("webhook signature: OpenSSL's HMAC failed");
  }
  headers.signature = absl::StrCat(kVersionPrefix, absl::Base64Escape(digest));
  return headers;
}

absl::Status WebhookSecret::Verify(const WebhookHeaders& headers,
                                   absl::string_view body, absl::Time now,
                                   absl::Duration tolerance) const {
  if (!IsValidWebhookId(headers.id)) {
    return absl::UnauthenticatedError(
        absl::StrCat(kWebhookIdHeader, ": missing or malformed"));
  }
  int64_t seconds = 0;
  // Digits only: SimpleAtoi would also take blanks and signs, which the sender
  // never writes.
  const bool is_number =
      headers.timestamp.find_first_not_of("0123456789") == std::string::npos &&
      absl::SimpleAtoi(headers.timestamp, &seconds);
  if (!is_number) {
    return absl::UnauthenticatedError(absl::StrCat(
        kWebhookTimestampHeader, ": missing or not a number of seconds"));
  }
  const absl::Duration age = now - absl::FromUnixSeconds(seconds);
  if (absl::AbsDuration(age) > tolerance) {
    return absl::UnauthenticatedError(absl::StrCat(
        kWebhookTimestampHeader, ": ",
        absl::FormatDuration(absl::AbsDuration(age)),
        age > absl::ZeroDuration() ? " old" : " in the future", ", at most ",
        absl::FormatDuration(tolerance), " are allowed; is a clock wrong?"));
  }
  if (headers.signature.empty()) {
    return absl::UnauthenticatedError(
        absl::StrCat(kWebhookSignatureHeader, ": missing"));
  }
  const std::string wanted = Digest(headers.id, headers.timestamp, body);
  if (wanted.empty()) {
    return absl::InternalError("webhook signature: OpenSSL's HMAC failed");
  }
  for (absl::string_view entry : absl::StrSplit(headers.signature, ' ')) {
    std::string digest;
    if (absl::ConsumePrefix(&entry, kVersionPrefix) &&
        absl::Base64Unescape(entry, &digest) &&
        digest.size() == wanted.size() &&
        CRYPTO_memcmp(digest.data(), wanted.data(), wanted.size()) == 0) {
      return absl::OkStatus();
    }
  }
  return absl::UnauthenticatedError(absl::StrCat(
      kWebhookSignatureHeader,
      ": no signature matches; is it the same secret, and the body as sent?"));
}

}  // namespace housecall::outbox
