// Pushes by signed webhook.
//
// What a receiver sees: an HTTP/1.1 POST of `application/json` with the three
// headers of webhook_signature.h. What its answer means:
//
//   2xx                       delivered: the receiver's system confirmed. The
//                             status line counts; whatever becomes of the body
//                             after it does not.
//   408, 425, 429, 5xx        transient; Retry-After (seconds or date) is
//                             passed on, bounded by max_retry_after
//   no answer                 transient: no such host, refused, reset, timed
//                             out, not HTTP, TLS handshake broken off
//   certificate not trusted   permanent. Nobody's retry mends a certificate:
//                             a person must, at the receiver or in ca_file, and
//                             until then the note goes by the next channel. (It
//                             may also be somebody in between, whom one must
//                             not keep knocking at.)
//   3xx                       permanent: redirects are not followed, patient
//                             data goes to no address that no person entered
//   any other 4xx             permanent: 401, 403, 404, 410, 422 … say that the
//                             same push would be refused again
//   address or secret wrong   permanent, and nothing is sent
#ifndef HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_CHANNEL_H_
#define HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_CHANNEL_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/outbox/channel.h"

namespace housecall::outbox {

struct WebhookOptions {
  // Name resolution, TCP and TLS.
  absl::Duration connect_timeout = absl::Seconds(5);
  // From the start of a push to the end of its answer, connecting included.
  // (No lower limit on speed beside it: a receiver that thinks is as slow as
  // one that hangs.) 15 to 30 s is what the specification recommends.
  absl::Duration timeout = absl::Seconds(20);
  // How long a push waits at most for the pushes before it to the same
  // receiver. Then it comes back as not attempted.
  absl::Duration waiting_timeout = absl::Seconds(30);
  // Pushes under way at once: to all, and to one host and port, which bounds
  // what a receiver that hangs can hold.
  int max_in_flight = 256;
  int max_in_flight_per_receiver = 4;
  // Longest wait that a receiver may ask for.
  absl::Duration max_retry_after = absl::Hours(1);
  // File with PEM certificates to trust beside the system's, for receivers with
  // a private authority. Empty: only the system's.
  std::string ca_file;
  // Accept http:// addresses on this machine itself (127.0.0.0/8, ::1,
  // localhost), for tests and demonstrations. Everything else is https always.
  bool allow_loopback_http = false;
};

// OK if pushes may go to `url`: https (or see allow_loopback_http), with a
// host, without user name or password, without fragment, 2,000 bytes at most.
// Returns InvalidArgument otherwise; the message quotes nothing of it but the
// scheme, because URLs of webhooks often hold a token.
absl::Status ValidateWebhookUrl(absl::string_view url,
                                bool allow_loopback_http = false);

// Sends every message on one thread of its own through libcurl's multi
// interface. Certificates are verified, TLS 1.2 is the least, answers are read
// up to 64 KiB, proxies in the environment are ignored. Keeps to the contract
// of Channel; `address` is the URL, `secret` as in WebhookSecret.
class WebhookChannel final : public Channel {
 public:
  // Starts the thread. Returns InvalidArgument if an option makes no sense or
  // ca_file cannot be read as certificates. `clock` gives the time that
  // signatures carry; timeouts run in real time.
  static absl::StatusOr<std::unique_ptr<WebhookChannel>> Create(
      const Clock* clock, WebhookOptions options = {});

  ~WebhookChannel() override;
  WebhookChannel(const WebhookChannel&) = delete;
  WebhookChannel& operator=(const WebhookChannel&) = delete;

  void Send(OutboundMessage message, Callback done) override;
  void Stop() override;
  absl::Duration max_send_duration() const override;

 private:
  struct Push {
    OutboundMessage message;
    Callback done;
  };
  // libcurl's handles and the queues of the receivers.
  class Sender;

  explicit WebhookChannel(std::unique_ptr<Sender> sender);
  void Run();

  // Used by thread_ alone, but for its options, which do not change, and for
  // WakeUp, which synchronizes itself.
  const std::unique_ptr<Sender> sender_;

  Mutex mutex_;
  std::vector<Push> arrived_ HOUSECALL_GUARDED_BY(mutex_);
  bool stopping_ HOUSECALL_GUARDED_BY(mutex_) = false;

  // Held while joining, so that a second Stop waits for the first.
  Mutex join_mutex_;
  std::thread thread_ HOUSECALL_GUARDED_BY(join_mutex_);
};

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_WEBHOOK_CHANNEL_H_
