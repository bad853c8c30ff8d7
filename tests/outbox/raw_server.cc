#include "tests/outbox/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace housecall::outbox {
namespace {

// A socket bound to a free port of 127.0.0.1, and the port.
std::pair<int, int> BindLoopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_GE(fd, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(fd, generic, size), 0);
  EXPECT_EQ(getsockname(fd, generic, &size), 0);
  return {fd, ntohs(address.sin_port)};
}

}  // namespace

std::string RawConnection::ReadRequest() {
  size_t wanted = std::string::npos;
  for (;;) {
    const size_t end = unread_.find("\r\n\r\n");
    if (end != std::string::npos && wanted == std::string::npos) {
      wanted = end + 4;
      const std::string head = unread_.substr(0, end);
      for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
        size_t length = 0;
        if (absl::StartsWithIgnoreCase(line, "content-length:") &&
            absl::SimpleAtoi(line.substr(line.find(':') + 1), &length)) {
          wanted += length;
        }
      }
    }
    if (wanted != std::string::npos && unread_.size() >= wanted) {
      std::string request = unread_.substr(0, wanted);
      unread_.erase(0, wanted);
      return request;
    }
    char buffer[4096];
    const ssize_t count = recv(socket_, buffer, sizeof(buffer), 0);
    if (count <= 0) return "";
    unread_.append(buffer, static_cast<size_t>(count));
  }
}

bool RawConnection::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void RawConnection::WaitForClose() {
  char buffer[4096];
  while (recv(socket_, buffer, sizeof(buffer), 0) > 0) {
  }
}

RawServer::RawServer(Serve serve) : serve_(std::move(serve)) {
  std::tie(listener_, port_) = BindLoopback();
  EXPECT_EQ(listen(listener_, 64), 0);
  acceptor_ = std::thread([this] { Accept(); });
}

RawServer::RawServer(std::string answer)
    : RawServer([this, answer = std::move(answer)](RawConnection& connection) {
        for (;;) {
          std::string request = connection.ReadRequest();
          if (request.empty()) return;
          {
            MutexLock lock(mutex_);
            requests_.push_back(std::move(request));
          }
          if (!connection.Write(answer)) return;
        }
      }) {}

RawServer::~RawServer() { Stop(); }

void RawServer::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    MutexLock lock(mutex_);
    if (stopping_) {
      close(fd);
      return;
    }
    const size_t index = sockets_.size();
    sockets_.push_back(fd);
    threads_.emplace_back([this, fd, index] {
      RawConnection connection(fd);
      serve_(connection);
      MutexLock lock(mutex_);
      sockets_[index] = -1;
      close(fd);
    });
    changed_.NotifyAll();
  }
}

void RawServer::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    for (int fd : sockets_) {
      if (fd >= 0) shutdown(fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  close(listener_);
}

std::string RawServer::url(absl::string_view path) const {
  return absl::StrCat("http://127.0.0.1:", port_, path);
}

int RawServer::connections() const {
  MutexLock lock(mutex_);
  return static_cast<int>(sockets_.size());
}

bool RawServer::WaitForConnections(int count) const {
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  MutexLock lock(mutex_);
  while (static_cast<int>(sockets_.size()) < count) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(mutex_, left);
  }
  return true;
}

std::vector<std::string> RawServer::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

int ClosedPort() {
  // Bound a moment ago, hence not handed out again at once.
  const auto [fd, port] = BindLoopback();
  close(fd);
  return port;
}

}  // namespace housecall::outbox
