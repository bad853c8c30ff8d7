#include "dispatcher/outbox/webhook_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace housecall::outbox {
namespace {

constexpr char kSecretPrefix[] = "whsec_";
constexpr size_t kMinKeyBytes = 24;
constexpr size_t kMaxKeyBytes = 64;
constexpr size_t kMaxIdLength = 255;

bool CanBeSigned(absl::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength) return false;
  for (char c : id) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '.') {
      return false;
    }
  }
  return true;
}

}  // namespace

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

absl::StatusOr<WebhookHeaders> WebhookSecret::Sign(
    absl::string_view id, absl::Time time, absl::string_view body) const {
  if (!CanBeSigned(id)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kWebhookIdHeader, ": must be 1 to ", kMaxIdLength,
                     " printable ASCII characters without space or full stop"));
  }
  WebhookHeaders headers;
  headers.id = std::string(id);
  headers.timestamp = absl::StrCat(absl::ToUnixSeconds(time));
  const std::string content =
      absl::StrCat(headers.id, ".", headers.timestamp, ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(content.data()),
           content.size(), digest, &size) == nullptr) {
    return absl::InternalError("webhook signature: OpenSSL's HMAC failed");
  }
  headers.signature =
      absl::StrCat("v1,", absl::Base64Escape(absl::string_view(
                              reinterpret_cast<const char*>(digest), size)));
  return headers;
}

}  // namespace housecall::outbox
