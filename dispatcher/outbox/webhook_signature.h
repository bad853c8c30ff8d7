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
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace housecall::outbox {

inline constexpr char kWebhookIdHeader[] = "webhook-id";
inline constexpr char kWebhookTimestampHeader[] = "webhook-timestamp";
inline constexpr char kWebhookSignatureHeader[] = "webhook-signature";

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

  // The headers of a request made at `time`. Returns InvalidArgument unless
  // `id` is 1 to 255 printable ASCII characters without space and without full
  // stop, which is what separates it from the timestamp.
  absl::StatusOr<WebhookHeaders> Sign(absl::string_view id, absl::Time time,
                                      absl::string_view body) const;

 private:
  explicit WebhookSecret(std::string key) : key_(std::move(key)) {}

  std::string key_;
};

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_SIGNATURE_H_
