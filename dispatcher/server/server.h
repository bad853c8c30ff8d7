// The gRPC server of a dispatcher. The front door of this folder.
#ifndef HOUSECALL_DISPATCHER_SERVER_SERVER_H_
#define HOUSECALL_DISPATCHER_SERVER_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/engine/engine.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace housecall::server {

struct Options {
  // Without TLS a loopback address only. Port 0: any free one.
  std::string listen_address = "127.0.0.1:7443";
  // PEM files; both or neither.
  std::string tls_certificate_file;
  std::string tls_key_file;
  // PEM file of the authorities whose client certificates are demanded; empty:
  // none are.
  std::string tls_client_authority_file;
  // Threads for routes, old calls and new passwords.
  int worker_threads = 2;
  size_t worker_queue = 256;
  // Logins that wait at most, for a thread of their own, which takes some 30
  // for each second.
  size_t login_queue = 128;
  // What a watcher of the board may be behind, in updates and in bytes, before
  // its stream is ended with ResourceExhausted; it resumes by token.
  size_t watch_queue = 4096;
  size_t watch_queue_bytes = 8 << 20;
  // What may wait for the clients of all streams together, in bytes; beyond it
  // those who have been behind for longest are ended. What many wait for counts
  // once.
  size_t watch_total_bytes = 64 << 20;
  // Watchers are told of positions no more often than that, of each person the
  // newest; zero: at once.
  absl::Duration position_interval = absl::Milliseconds(500);
};

// What streams hold, for whoever looks after the server.
struct StreamFigures {
  size_t streams = 0;
  // That wait for clients now.
  size_t waiting_bytes = 0;
  // Since the start: whose clients, or the server, could not keep up.
  int64_t ended_laggards = 0;
};

// Serves every service of proto/housecall/v1 with health and reflection. All
// functions are thread-safe.
class Server {
 public:
  // Begins to serve. InvalidArgument for an address other than loopback
  // without TLS, or unusable TLS files (named in the message); Unavailable if
  // the port cannot be had. The engine must be started and outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(engine::Engine* engine,
                                                       Options options);
  // As Shutdown without grace.
  ~Server();

  int port() const;
  StreamFigures stream_figures() const;

  // A channel to this server without a socket. No call may start on it once
  // Shutdown was called: gRPC 1.51 ends the process then. None may be under way
  // when the server dies.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Says NOT_SERVING, ends the streams, lets running requests finish for
  // `grace` at most. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_SERVER_H_
