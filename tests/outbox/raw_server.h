// A TCP server whose every byte the test decides: for answers that no HTTP
// library would give.
#ifndef HOUSECALL_TESTS_OUTBOX_RAW_SERVER_H_
#define HOUSECALL_TESTS_OUTBOX_RAW_SERVER_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"

namespace housecall::outbox {

// One accepted connection.
class RawConnection {
 public:
  explicit RawConnection(int socket) : socket_(socket) {}

  // The next request with its body (Content-Length); empty if the peer closed.
  std::string ReadRequest();
  // False once the peer or RawServer::Stop has closed the connection.
  bool Write(absl::string_view bytes);
  // Returns when the peer or RawServer::Stop has closed the connection.
  void WaitForClose();

 private:
  const int socket_;
  std::string unread_;
};

// Listens on a free port of 127.0.0.1 and runs `serve` on a thread of its own
// for each connection, which is closed when `serve` returns. Thread-safe.
class RawServer {
 public:
  using Serve = std::function<void(RawConnection&)>;

  explicit RawServer(Serve serve);
  // Reads one request and answers it with `answer`, over and over.
  explicit RawServer(std::string answer);
  // Stops.
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // Closes every connection and waits for the threads. Idempotent.
  void Stop();

  int port() const { return port_; }
  std::string url(absl::string_view path = "/hook") const;
  // How many connections were accepted so far.
  int connections() const;
  // Waits until that many were, 10 s at most; whether they were.
  bool WaitForConnections(int count) const;
  // Requests that were read by a server made from an answer.
  std::vector<std::string> requests() const;

 private:
  void Accept();

  Serve serve_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool stopping_ HOUSECALL_GUARDED_BY(mutex_) = false;
  std::vector<int> sockets_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ HOUSECALL_GUARDED_BY(mutex_);
};

// A port of 127.0.0.1 on which nobody listens.
int ClosedPort();

}  // namespace housecall::outbox

#endif  // HOUSECALL_TESTS_OUTBOX_RAW_SERVER_H_
