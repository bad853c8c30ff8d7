#include "clients/cli/webhook_receiver.h"

#include <httplib.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/webhook_receiver_key.h"

namespace housecall::cli {
namespace {

constexpr size_t kMaxBodyBytes = 1'000'000;
// Requests that may wait at once, a few more than any sender has on the way.
constexpr size_t kThreads = 16;
constexpr char kReceipt[] = R"({"receipt":"received"})";

}  // namespace

class WebhookReceiver::Server {
 public:
  Server(WebhookReceiverOptions options, WebhookReceiverKey key,
         Listener on_received)
      : options_(std::move(options)),
        key_(std::move(key)),
        on_received_(std::move(on_received)) {
    if (!options_.now) options_.now = [] { return absl::Now(); };
    http_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    http_.set_payload_max_length(kMaxBodyBytes);
    // One request per connection: an idle one would hold a thread, and Stop
    // would wait for it.
    http_.set_keep_alive_max_count(1);
    // cpp-httplib would share the port with another process (SO_REUSEPORT), so
    // that each gets some of the webhooks.
    http_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    http_.Post("/.*", [this](const httplib::Request& request,
                             httplib::Response& response) {
      Answer(request, response);
    });
  }

  ~Server() { Stop(); }

  absl::Status Listen() {
    if (options_.port == 0) {
      port_ = http_.bind_to_any_port(options_.host);
    } else if (http_.bind_to_port(options_.host, options_.port)) {
      port_ = options_.port;
    }
    if (port_ <= 0) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen on ", options_.host, ":", options_.port,
          ": is the address this machine's, and is the port free? Name another "
          "port, or 0 for any"));
    }
    thread_ = std::thread([this] { http_.listen_after_bind(); });
    // Until then stop() would not stop it.
    while (!http_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  void Stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    changed_.notify_all();
    http_.stop();
    if (thread_.joinable()) thread_.join();
  }

  int port() const { return port_; }
  const std::string& host() const { return options_.host; }
  const std::string& secret() const { return key_.text(); }

  void SetBehaviour(ReceiverBehaviour behaviour) {
    std::lock_guard<std::mutex> lock(mutex_);
    behaviour_ = std::move(behaviour);
  }

  std::vector<ReceivedWebhook> Received() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return received_;
  }

  int requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

  bool WaitForReceived(int count, absl::Duration timeout) const {
    return WaitUntil(timeout, [this, count] {
      return static_cast<int>(received_.size()) >= count;
    });
  }

  bool WaitForRequests(int count, absl::Duration timeout) const {
    return WaitUntil(timeout, [this, count] { return requests_ >= count; });
  }

 private:
  void Answer(const httplib::Request& request, httplib::Response& response) {
    const std::string id = request.get_header_value("webhook-id");
    const absl::Status verified =
        key_.Verify({id, request.get_header_value("webhook-timestamp"),
                     request.get_header_value("webhook-signature")},
                    request.body, options_.now());
    if (!verified.ok()) {
      response.status = 401;
      response.set_content(std::string(verified.message()), "text/plain");
      return;
    }
    const ReceiverBehaviour behaviour = NextBehaviour();
    const bool stopped =
        WaitUntil(behaviour.delay, [this] { return stopping_; });
    if (stopped) {
      response.status = 503;
      return;
    }
    response.status = behaviour.status;
    if (behaviour.status < 200 || behaviour.status > 299) {
      if (behaviour.retry_after > absl::ZeroDuration()) {
        response.set_header(
            "Retry-After",
            absl::StrCat(absl::ToInt64Seconds(behaviour.retry_after)));
      }
      response.set_content(behaviour.text, "text/plain");
      return;
    }
    TakeIn(id, request.body);
    response.set_content(kReceipt, "application/json");
  }

  ReceiverBehaviour NextBehaviour() {
    ReceiverBehaviour behaviour;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++requests_;
      behaviour = behaviour_;
      if (behaviour_.requests > 0 && --behaviour_.requests == 0) {
        behaviour_ = ReceiverBehaviour();
      }
    }
    changed_.notify_all();
    return behaviour;
  }

  void TakeIn(const std::string& id, const std::string& body) {
    // Held while the listener runs, so that it sees one webhook at a time and
    // their counts in order.
    std::lock_guard<std::mutex> one_at_a_time(listener_mutex_);
    ReceivedWebhook webhook;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const auto [found, is_new] = index_by_id_.emplace(id, received_.size());
      if (is_new) received_.push_back({id, body, 0});
      ReceivedWebhook& entry = received_[found->second];
      ++entry.times;
      webhook = entry;
    }
    if (on_received_) on_received_(webhook);
    changed_.notify_all();
  }

  // Whether `is_true`, called with mutex_ held, came true within `timeout`.
  template <typename Condition>
  bool WaitUntil(absl::Duration timeout, Condition is_true) const {
    std::unique_lock<std::mutex> lock(mutex_);
    if (timeout == absl::InfiniteDuration()) {
      changed_.wait(lock, is_true);
      return true;
    }
    return changed_.wait_until(
        lock,
        std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout),
        is_true);
  }

  WebhookReceiverOptions options_;
  const WebhookReceiverKey key_;
  const Listener on_received_;
  httplib::Server http_;
  int port_ = 0;
  std::thread thread_;

  std::mutex listener_mutex_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  ReceiverBehaviour behaviour_;
  int requests_ = 0;
  std::vector<ReceivedWebhook> received_;
  std::map<std::string, size_t> index_by_id_;
};

absl::StatusOr<std::unique_ptr<WebhookReceiver>> WebhookReceiver::Start(
    WebhookReceiverOptions options, Listener on_received) {
  absl::StatusOr<WebhookReceiverKey> key =
      options.secret.empty() ? WebhookReceiverKey::Generate()
                             : WebhookReceiverKey::Parse(options.secret);
  if (!key.ok()) return key.status();
  auto server = std::make_unique<Server>(std::move(options), *std::move(key),
                                         std::move(on_received));
  absl::Status listening = server->Listen();
  if (!listening.ok()) return listening;
  return std::unique_ptr<WebhookReceiver>(
      new WebhookReceiver(std::move(server)));
}

WebhookReceiver::WebhookReceiver(std::unique_ptr<Server> server)
    : server_(std::move(server)) {}

WebhookReceiver::~WebhookReceiver() = default;

void WebhookReceiver::Stop() { server_->Stop(); }

int WebhookReceiver::port() const { return server_->port(); }

std::string WebhookReceiver::url() const {
  const std::string& host = server_->host();
  const bool is_v6 = absl::StrContains(host, ':');
  return absl::StrCat("http://", is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":",
                      server_->port(), "/webhook");
}

const std::string& WebhookReceiver::secret() const { return server_->secret(); }

void WebhookReceiver::SetBehaviour(ReceiverBehaviour behaviour) {
  server_->SetBehaviour(std::move(behaviour));
}

std::vector<ReceivedWebhook> WebhookReceiver::Received() const {
  return server_->Received();
}

int WebhookReceiver::requests() const { return server_->requests(); }

bool WebhookReceiver::WaitForReceived(int count, absl::Duration timeout) const {
  return server_->WaitForReceived(count, timeout);
}

bool WebhookReceiver::WaitForRequests(int count, absl::Duration timeout) const {
  return server_->WaitForRequests(count, timeout);
}

}  // namespace housecall::cli
