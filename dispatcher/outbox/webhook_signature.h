// Signatures of webhooks, after the Standard Webhooks specification 1.0.0
// (standardwebhooks.com), so that a receiver can verify them with the library
// of that name in its own language.
//
//   webhook-id:        the message's id, the same at every try
//   webhook-timestamp: when this try was made, seconds since 1970 UTC
//   webhook-signature: "v1," + base64 of HMAC-SHA256(key, "ID.TIMESTAMP.BODY");
//                      several of them separated by spaces while a receiver
//                      changes its secret, one that matches is enough
#ifndef HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_SIGNATURE_H_
#define HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_SIGNATURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace housecall::outbox {

inline constexpr char kWebhookIdHeader[] = "webhook-id";
inline constexpr char kWebhookTimestampHeader[] = "webhook-timestamp";
inline constexpr char kWebhookSignatureHeader[] = "webhook-signature";

// How far a signature's time may be from the receiver's clock, either way. An
// older request is a replay.
inline constexpr absl::Duration kWebhookTolerance = absl::Minutes(5);

// True if `id` can be signed: 1 to 255 printable ASCII characters, no space,
// and no full stop, which is what separates it from the timestamp.
bool IsValidWebhookId(absl::string_view id);

// The values of the three headers.
struct WebhookHeaders {
  std::string id;
  std::string timestamp;
  std::string signature;
};

// The key that sender and receiver share. Written as "whsec_" + base64 of 24 to
// 64 bytes. Its errors never quote it. Thread-safe: it does not change.
class WebhookSecret {
 public:
  // Returns InvalidArgument if `text` is not such a key.
  static absl::StatusOr<WebhookSecret> Parse(absl::string_view text);

  // A new random key of 32 bytes. Returns Internal if the system has no
  // randomness to give.
  static absl::StatusOr<WebhookSecret> Generate();

  // The key as text, as Parse takes it. Only to hand it to the other side.
  std::string Reveal() const;

  // The headers of a request made at `time`. Returns InvalidArgument if `id`
  // is not valid.
  absl::StatusOr<WebhookHeaders> Sign(absl::string_view id, absl::Time time,
                                      absl::string_view body) const;

  // OK if the request comes from someone who has the key, and is not a replay;
  // else Unauthenticated, saying which header is at fault. Compares in constant
  // time. `body`: the bytes as received, not parsed and written anew.
  absl::Status Verify(const WebhookHeaders& headers, absl::string_view body,
                      absl::Time now,
                      absl::Duration tolerance = kWebhookTolerance) const;

 private:
  explicit WebhookSecret(std::string key) : key_(std::move(key)) {}

  // The 32 bytes of the HMAC, or none if OpenSSL fails.
  std::string Digest(absl::string_view id, absl::string_view timestamp,
                     absl::string_view body) const;

  std::string key_;
};

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_SIGNATURE_H_
