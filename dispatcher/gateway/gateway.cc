#include "dispatcher/gateway/gateway.h"

#include <netinet/tcp.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"
#include "dispatcher/base/log.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/gateway/connection.h"
#include "dispatcher/gateway/tls.h"

namespace housecall::gateway {
namespace {

namespace asio = boost::asio;
using boost::asio::ip::tcp;

// A phone that is gone is noticed within two minutes, not after hours.
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 15;
constexpr int kKeepaliveProbes = 3;
constexpr absl::Duration kAcceptPause = absl::Milliseconds(100);

absl::StatusOr<tcp::endpoint> EndpointOf(const Options& options) {
  absl::string_view address = options.listen_address;
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == absl::string_view::npos ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("the gateway's address ", address,
                     " is no address with a port, such as 127.0.0.1:7480"));
  }
  absl::string_view host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) {
    host = "";
  }
  boost::system::error_code error;
  const asio::ip::address ip = asio::ip::make_address(std::string(host), error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the gateway's address ", address,
                     " is no IP address with a port, such as 127.0.0.1:7480"));
  }
  if (options.tls_certificate_file.empty() && !ip.is_loopback()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the gateway's address ", address,
        " is not a loopback address; to listen elsewhere give --tls_cert and "
        "--tls_key"));
  }
  return tcp::endpoint(ip, static_cast<uint16_t>(port));
}

absl::Status CheckOrigins(const std::vector<std::string>& origins) {
  for (const std::string& origin : origins) {
    absl::string_view rest = origin;
    if ((!absl::ConsumePrefix(&rest, "https://") &&
         !absl::ConsumePrefix(&rest, "http://")) ||
        rest.empty() || absl::StrContains(rest, '/')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the origin \"", origin,
          "\" is not as browsers write it, such as https://center.example"));
    }
  }
  return absl::OkStatus();
}

void SetKeepalive(tcp::socket& socket) {
  const int fd = socket.native_handle();
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

}  // namespace

struct Gateway::Parts {
  explicit Parts(const Options& options)
      : shared(options),
        io(options.threads),
        acceptor(asio::make_strand(io)),
        pause(acceptor.get_executor()),
        work(io.get_executor()) {}

  void Accept();
  void OnAccepted(const boost::system::error_code& error, tcp::socket socket);
  void Remove(uint64_t number);

  Shared shared;
  std::unique_ptr<asio::ssl::context> tls;
  asio::io_context io;
  // Both on one strand.
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>>
      work;
  std::vector<std::thread> threads;
  // How many so far; of the acceptor's strand.
  uint64_t accepted = 0;
  int port = 0;

  mutable Mutex mutex;
  CondVar emptied;
  bool stopping HOUSECALL_GUARDED_BY(mutex) = false;
  std::map<uint64_t, std::weak_ptr<Connection>> connections
      HOUSECALL_GUARDED_BY(mutex);
  // Held while stopping, so that a second Shutdown waits for the first.
  Mutex stop_mutex;
  bool stopped HOUSECALL_GUARDED_BY(stop_mutex) = false;
};

void Gateway::Parts::Accept() {
  acceptor.async_accept(
      asio::make_strand(io),
      [this](const boost::system::error_code& error, auto socket) {
        OnAccepted(error, std::move(socket));
      });
}

void Gateway::Parts::OnAccepted(const boost::system::error_code& error,
                                tcp::socket socket) {
  {
    MutexLock lock(mutex);
    if (stopping) return;
  }
  if (error) {
    // Mostly too many open files: those who hold them end some time.
    HC_LOG(kWarning, "web_accept_failed").With("reason", error.message());
    pause.expires_after(absl::ToChronoMilliseconds(kAcceptPause));
    pause.async_wait([this](const boost::system::error_code& aborted) {
      if (!aborted) Accept();
    });
    return;
  }
  SetKeepalive(socket);
  std::shared_ptr<Connection> connection(
      new Connection(std::move(socket), tls.get(), &shared),
      [this, number = ++accepted](Connection* dead) {
        delete dead;
        Remove(number);
      });
  bool taken = false;
  {
    MutexLock lock(mutex);
    taken = !stopping && connections.size() < shared.options.max_connections;
    if (taken) connections.emplace(accepted, connection);
  }
  if (taken) connection->Start();
  Accept();
}

void Gateway::Parts::Remove(uint64_t number) {
  MutexLock lock(mutex);
  connections.erase(number);
  if (connections.empty()) emptied.NotifyAll();
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Gateway::~Gateway() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(
    std::shared_ptr<grpc::Channel> channel, Options options) {
  RETURN_IF_ERROR(CheckOrigins(options.origins));
  ASSIGN_OR_RETURN(const tcp::endpoint endpoint, EndpointOf(options));
  auto parts = std::make_unique<Parts>(options);
  ASSIGN_OR_RETURN(parts->tls, MakeTlsContext(options));
  if (!options.web_root.empty()) {
    ASSIGN_OR_RETURN(parts->shared.files, StaticFiles::Read(options.web_root));
  }
  parts->shared.rules.origins = options.origins;
  parts->shared.rules.path_prefixes = options.path_prefixes;
  parts->shared.rules.tls = parts->tls != nullptr;
  parts->shared.stub = std::make_unique<grpc::GenericStub>(std::move(channel));

  boost::system::error_code error;
  tcp::acceptor& acceptor = parts->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", parts->shared.options.listen_address,
                     ": ", error.message()));
  }
  parts->port = acceptor.local_endpoint(error).port();
  Parts* const started = parts.get();
  asio::post(acceptor.get_executor(), [started] { started->Accept(); });
  for (int i = 0; i < started->shared.options.threads; ++i) {
    started->threads.emplace_back([started] { started->io.run(); });
  }
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

int Gateway::port() const { return parts_->port; }

size_t Gateway::connections() const {
  MutexLock lock(parts_->mutex);
  return parts_->connections.size();
}

size_t Gateway::held_bytes() const { return parts_->shared.held.used(); }

void Gateway::StopAccepting() {
  std::vector<std::shared_ptr<Connection>> open;
  {
    MutexLock lock(parts_->mutex);
    if (!parts_->stopping) {
      parts_->stopping = true;
      for (const auto& [key, weak] : parts_->connections) {
        open.push_back(weak.lock());
      }
    }
  }
  parts_->shared.gate.Close();
  asio::post(parts_->acceptor.get_executor(), [parts = parts_.get()] {
    boost::system::error_code ignored;
    parts->acceptor.close(ignored);
    parts->pause.cancel();
  });
  for (const auto& connection : open) {
    if (connection != nullptr) connection->Stop();
  }
}

void Gateway::Shutdown(absl::Duration grace) {
  MutexLock stop_lock(parts_->stop_mutex);
  if (parts_->stopped) return;
  parts_->stopped = true;
  StopAccepting();
  std::vector<std::shared_ptr<Connection>> left;
  {
    MutexLock lock(parts_->mutex);
    const auto end =
        std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(grace);
    while (!parts_->connections.empty()) {
      const absl::Duration left_of_grace =
          absl::FromChrono(end - std::chrono::steady_clock::now());
      if (left_of_grace <= absl::ZeroDuration()) break;
      parts_->emptied.WaitFor(parts_->mutex, left_of_grace);
    }
    for (const auto& [key, weak] : parts_->connections) {
      left.push_back(weak.lock());
    }
  }
  for (const auto& connection : left) {
    if (connection != nullptr) connection->Abort();
  }
  left.clear();
  {
    MutexLock lock(parts_->mutex);
    while (!parts_->connections.empty()) parts_->emptied.Wait(parts_->mutex);
  }
  parts_->work.reset();
  parts_->io.stop();
  for (std::thread& thread : parts_->threads) thread.join();
}

}  // namespace housecall::gateway
