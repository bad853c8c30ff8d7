// What a receiver of webhooks needs of the Standard Webhooks
// specification 1.0.0 (standardwebhooks.com): the shared key, and whether a
// request was signed with it. Shares no code with the side that signs, so that
// each tests the other.
#ifndef HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_KEY_H_
#define HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_KEY_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace housecall::cli {

// The headers webhook-id, webhook-timestamp and webhook-signature.
struct WebhookRequestHeaders {
  std::string id;
  std::string timestamp;
  std::string signature;
};

// Thread-safe: it does not change.
class WebhookReceiverKey {
 public:
  // `text`: "whsec_" and the base64 of 24 to 64 bytes; else InvalidArgument,
  // which does not quote it.
  static absl::StatusOr<WebhookReceiverKey> Parse(absl::string_view text);

  // A new random one of 32 bytes. Internal if the system has no randomness.
  static absl::StatusOr<WebhookReceiverKey> Generate();

  // As Parse takes it.
  const std::string& text() const { return text_; }

  // OK if the request comes from someone who has the key and its timestamp is
  // at most five minutes from `now`, either way (an older one is a replay);
  // else Unauthenticated, saying which header is at fault. Compares in constant
  // time. `body`: the bytes as received.
  absl::Status Verify(const WebhookRequestHeaders& headers,
                      absl::string_view body, absl::Time now) const;

 private:
  WebhookReceiverKey(std::string text, std::string key)
      : text_(std::move(text)), key_(std::move(key)) {}

  std::string text_;
  std::string key_;
};

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_KEY_H_
