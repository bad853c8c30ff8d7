// A receiver of webhooks: what stands at the other end of the webhook channel
// in a demonstration or a test.
#ifndef HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_H_
#define HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace housecall::cli {

struct WebhookReceiverOptions {
  // Where to listen; whoever names another address opens it to the network.
  std::string host = "127.0.0.1";
  // 0: any free port.
  int port = 0;
  // "whsec_…", shared with the sender. Empty: a new one is made.
  std::string secret = "";
  // The time that signatures are compared with; empty: the system's.
  std::function<absl::Time()> now = nullptr;
};

// A webhook as it came, its signature verified.
struct ReceivedWebhook {
  std::string id;
  std::string body;
  // How often it has come so far: 1, or more for a repeat.
  int times = 0;
};

// How to answer requests that are well signed.
struct ReceiverBehaviour {
  // 2xx takes the webhook in; anything else refuses it.
  int status = 200;
  // Body of a refusal.
  std::string text = "";
  // Retry-After of a refusal; zero: none.
  absl::Duration retry_after = absl::ZeroDuration();
  // Time before the answer; InfiniteDuration never answers.
  absl::Duration delay = absl::ZeroDuration();
  // How many requests are answered like this; afterwards they are taken in. 0:
  // all, until the behaviour is set anew.
  int requests = 0;
};

// Listens over HTTP, verifies signature and timestamp as the Standard Webhooks
// specification asks, and counts ids: a repeat is confirmed like the first but
// is not news. A request that is not well signed gets 401 and the reason, and
// counts nowhere. A POST to any path is a webhook. Thread-safe.
class WebhookReceiver {
 public:
  using Listener = std::function<void(const ReceivedWebhook&)>;

  // Listens from when this returns. `on_received`, if any, is called for every
  // webhook taken in, repeats included, before it is confirmed, one at a time,
  // on a thread of the receiver's; it must not call the receiver. Returns
  // InvalidArgument if the secret is malformed, Unavailable if the address
  // cannot be listened on.
  static absl::StatusOr<std::unique_ptr<WebhookReceiver>> Start(
      WebhookReceiverOptions options = {}, Listener on_received = nullptr);

  // Stops.
  ~WebhookReceiver();
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  // Answers what still waits for its delay with 503, and listens no more.
  // Idempotent.
  void Stop();

  int port() const;
  // Where webhooks are to go: "http://127.0.0.1:PORT/webhook".
  std::string url() const;
  const std::string& secret() const;

  void SetBehaviour(ReceiverBehaviour behaviour);

  // Each id that was taken in, in the order of its first time.
  std::vector<ReceivedWebhook> Received() const;
  // How many requests came, refused and not yet answered ones included.
  int requests() const;

  // Waits until `count` different ids were taken in or `timeout` has passed;
  // whether they were.
  bool WaitForReceived(int count, absl::Duration timeout) const;
  // The same for requests(), which counts them before the behaviour's delay.
  bool WaitForRequests(int count, absl::Duration timeout) const;

 private:
  class Server;
  explicit WebhookReceiver(std::unique_ptr<Server> server);

  const std::unique_ptr<Server> server_;
};

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_WEBHOOK_RECEIVER_H_
