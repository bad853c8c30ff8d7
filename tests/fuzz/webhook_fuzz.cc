// What a receiver's server sends back, byte for byte, to a webhook that the
// channel itself has sent: status lines, headers, bodies, and what is none of
// these. The push comes back once, as its contract says.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/outbox/receiver_text.h"
#include "dispatcher/outbox/webhook_channel.h"
#include "dispatcher/store/record_codec.h"
#include "tests/fuzz/require.h"

namespace housecall::outbox {
namespace {

constexpr char kSecret[] = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ==";
constexpr char kBody[] = R"({"findings":"aspiration pneumonia"})";
constexpr size_t kMaxErrorBytes = 500;

// A receiver that answers each push with the bytes that it was given last.
class Receiver {
 public:
  Receiver() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || bind(listener_, any, size) != 0 ||
        listen(listener_, 8) != 0 || getsockname(listener_, any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    std::thread([this] { Serve(); }).detach();
  }

  int port() const { return port_; }
  void Answer(std::string bytes) {
    MutexLock lock(mutex_);
    answer_ = std::move(bytes);
  }

 private:
  [[noreturn]] void Serve() {
    for (;;) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) continue;
      std::string request;
      char block[4096];
      while (!absl::EndsWith(request, kBody)) {
        const ssize_t got = recv(peer, block, sizeof(block), 0);
        if (got <= 0) break;
        request.append(block, static_cast<size_t>(got));
      }
      std::string answer;
      {
        MutexLock lock(mutex_);
        answer = answer_;
      }
      for (size_t at = 0; at < answer.size();) {
        const ssize_t sent =
            send(peer, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<size_t>(sent);
      }
      shutdown(peer, SHUT_WR);
      close(peer);
    }
  }

  const int listener_;
  int port_ = 0;
  Mutex mutex_;
  std::string answer_ HOUSECALL_GUARDED_BY(mutex_);
};

struct Pushed {
  Mutex mutex;
  CondVar changed;
  std::optional<SendOutcome> outcome HOUSECALL_GUARDED_BY(mutex);
};

SendOutcome Push(WebhookChannel& channel, int port) {
  OutboundMessage message;
  message.id = "centers/hino/deliveries/c1--n1--d1-1";
  message.address =
      absl::StrCat("http://127.0.0.1:", port, "/hooks/path-that-is-secret");
  message.secret = PrivateText(kSecret);
  message.body = PrivateText(kBody);
  auto pushed = std::make_shared<Pushed>();
  channel.Send(std::move(message), [pushed](SendOutcome outcome) {
    {
      MutexLock lock(pushed->mutex);
      fuzz::Require(!pushed->outcome.has_value(), "a push comes back once");
      pushed->outcome = std::move(outcome);
    }
    pushed->changed.NotifyAll();
  });
  MutexLock lock(pushed->mutex);
  while (!pushed->outcome.has_value()) pushed->changed.Wait(pushed->mutex);
  return *pushed->outcome;
}

// Whether some line of an answer says a status of 2xx, in a protocol that is
// one.
bool SaysYes(absl::string_view bytes) {
  for (const absl::string_view line : absl::StrSplit(bytes, '\n')) {
    for (const absl::string_view yes :
         {"HTTP/1.0 2", "HTTP/1.1 2", "HTTP/2 2"}) {
      if (absl::StartsWith(line, yes)) return true;
    }
  }
  return false;
}

}  // namespace
}  // namespace housecall::outbox

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  using namespace housecall::outbox;
  static auto* const receiver = new Receiver;
  static const RealClock clock{};
  static WebhookChannel* const channel = [] {
    WebhookOptions options;
    options.allow_loopback_http = true;
    options.connect_timeout = absl::Milliseconds(500);
    options.timeout = absl::Seconds(2);
    return WebhookChannel::Create(&clock, options).value().release();
  }();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)RetryAfterOf(bytes, clock.Now(), absl::Hours(1));
  receiver->Answer(bytes);
  const SendOutcome outcome = Push(*channel, receiver->port());
  switch (outcome.result) {
    case core::SendResult::kDelivered:
      fuzz::Require(outcome.error.empty() && SaysYes(bytes),
                    "who says yes says nothing else");
      break;
    case core::SendResult::kTransient:
    case core::SendResult::kPermanent:
      fuzz::Require(!outcome.error.empty(), "a failure has words");
      break;
    case core::SendResult::kUnspecified:
      fuzz::Require(false, "there is an outcome");
      break;
  }
  fuzz::Require(outcome.error.size() <= kMaxErrorBytes &&
                    store::IsUtf8(outcome.error) &&
                    outcome.error.find('\n') == std::string::npos,
                "what is shown is one short line of UTF-8");
  for (const char* secret : {"c2VjcmV0", "pneumonia", "path-that-is-secret"}) {
    fuzz::Require(!absl::StrContains(outcome.error, secret),
                  "nothing that was sent is kept");
  }
  fuzz::Require(outcome.retry_after >= absl::ZeroDuration() &&
                    outcome.retry_after <= absl::Hours(1),
                "nobody waits for ever");
  return 0;
}
