#include "clients/cli/webhook_receiver_key.h"

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
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace housecall::cli {
namespace {

constexpr char kPrefix[] = "whsec_";
constexpr absl::Duration kTolerance = absl::Minutes(5);

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

absl::StatusOr<WebhookReceiverKey> WebhookReceiverKey::Parse(
    absl::string_view text) {
  absl::string_view base64 = text;
  std::string key;
  if (!absl::ConsumePrefix(&base64, kPrefix) ||
      !absl::Base64Unescape(base64, &key) || key.size() < 24 ||
      key.size() > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat("the secret must be \"", kPrefix,
                     "\" and the base64 of 24 to 64 random bytes"));
  }
  return WebhookReceiverKey(std::string(text), std::move(key));
}

absl::StatusOr<WebhookReceiverKey> WebhookReceiverKey::Generate() {
  unsigned char key[32];
  if (RAND_bytes(key, sizeof(key)) != 1) {
    return absl::InternalError("OpenSSL's random generator failed");
  }
  return Parse(
      absl::StrCat(kPrefix, absl::Base64Escape(absl::string_view(
                                reinterpret_cast<char*>(key), sizeof(key)))));
}

absl::Status WebhookReceiverKey::Verify(const WebhookRequestHeaders& headers,
                                        absl::string_view body,
                                        absl::Time now) const {
  // With a full stop in it, it could be mistaken for the timestamp.
  if (headers.id.empty() || headers.id.find('.') != std::string::npos) {
    return absl::UnauthenticatedError("webhook-id: missing or malformed");
  }
  int64_t seconds = 0;
  if (headers.timestamp.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(headers.timestamp, &seconds)) {
    return absl::UnauthenticatedError(
        "webhook-timestamp: missing or not a number of seconds");
  }
  const absl::Duration age = now - absl::FromUnixSeconds(seconds);
  if (absl::AbsDuration(age) > kTolerance) {
    return absl::UnauthenticatedError(absl::StrCat(
        "webhook-timestamp: ", absl::FormatDuration(absl::AbsDuration(age)),
        age > absl::ZeroDuration() ? " old" : " in the future", ", at most ",
        absl::FormatDuration(kTolerance), " are allowed; is a clock wrong?"));
  }
  const std::string content =
      absl::StrCat(headers.id, ".", headers.timestamp, ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           Bytes(content), content.size(), digest, &size) == nullptr) {
    return absl::InternalError("OpenSSL's HMAC failed");
  }
  const std::string wanted =
      absl::StrCat("v1,", absl::Base64Escape(absl::string_view(
                              reinterpret_cast<char*>(digest), size)));
  // Several while a secret is changed; one that matches is enough.
  for (absl::string_view signature : absl::StrSplit(headers.signature, ' ')) {
    if (signature.size() == wanted.size() &&
        CRYPTO_memcmp(signature.data(), wanted.data(), wanted.size()) == 0) {
      return absl::OkStatus();
    }
  }
  return absl::UnauthenticatedError(
      headers.signature.empty()
          ? "webhook-signature: missing"
          : "webhook-signature: none matches; is it the same secret, and the "
            "body as sent?");
}

}  // namespace housecall::cli
