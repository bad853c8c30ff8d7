// Browsers' way to the dispatcher: HTTP with files and gRPC-Web on one side, a
// gRPC channel on the other. The front door of this folder; README.md says what
// it lets through.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_GATEWAY_H_
#define HOUSECALL_DISPATCHER_GATEWAY_GATEWAY_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace housecall::gateway {

struct Options {
  // Without TLS a loopback address only. Port 0: any free one.
  std::string listen_address = "127.0.0.1:0";
  // PEM files; both or neither.
  std::string tls_certificate_file;
  std::string tls_key_file;
  // PEM file of the authorities whose client certificates are demanded; empty:
  // none are.
  std::string tls_client_authority_file;
  // The folder with the files to serve, read once; empty: no files, only calls.
  std::string web_root;
  // Where browsers reach this: "https://center.example". Calls of pages from
  // elsewhere are refused. Empty: whatever the request's Host says, by the
  // scheme that is served here. Name it behind a reverse proxy that speaks TLS:
  // cookies are then marked Secure, and browsers told to stay with https.
  std::vector<std::string> origins;
  // What may be called: a path that begins with one of these.
  std::vector<std::string> path_prefixes = {"/housecall.v1.",
                                            "/grpc.health.v1.Health/Check"};
  // Headers that go on as metadata, and metadata that comes back as headers and
  // trailers; every other stays here. In lower case.
  std::vector<std::string> request_headers = {"authorization"};
  std::vector<std::string> response_metadata = {};
  // Of one message of a request. The whole body may have as many.
  size_t max_message_bytes = 4 * 1024 * 1024;
  // Of the bodies of all requests together that are held at once, but for the
  // first 16 KB of each: who sends an ordinary call always gets in. Whoever
  // brings more is told RESOURCE_EXHAUSTED and may try again.
  size_t max_held_bytes = 64 * 1024 * 1024;
  // Bytes that wait at most for a slow reader before no more is read from the
  // dispatcher, but for one message.
  size_t max_waiting_bytes = 64 * 1024;
  // More are closed as they come.
  size_t max_connections = 20'000;
  int threads = 2;
  // For TLS's handshake, and for a request's header once it has begun.
  absl::Duration header_timeout = absl::Seconds(10);
  // For a body, and for a write; and as much more as its bytes take at the
  // speed of the slowest browser that is waited for.
  absl::Duration body_timeout = absl::Seconds(30);
  absl::Duration write_timeout = absl::Seconds(30);
  size_t min_bytes_per_second = 4 * 1024;
  // Between two requests.
  absl::Duration idle_timeout = absl::Seconds(75);
};

// Serves browsers. All functions are thread-safe. What comes from outside is
// never logged: neither bodies nor cookies nor addresses of pages.
class Gateway {
 public:
  // Begins to serve; calls go out on `channel`. InvalidArgument for an address
  // other than loopback without TLS, unusable TLS files or a folder that cannot
  // be read (named in the message); Unavailable if the port cannot be had.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(
      std::shared_ptr<grpc::Channel> channel, Options options);
  // As Shutdown without grace.
  ~Gateway();

  int port() const;
  // How many browsers' connections are open.
  size_t connections() const;
  // How many bytes of bodies are held that count against max_held_bytes.
  size_t held_bytes() const;

  // Takes no more connections, closes idle ones, and each other one after its
  // answer. Calls that are under way go on; none goes out any more when this
  // has returned, and whoever sends one is told UNAVAILABLE. So a server whose
  // in-process channel this has must be shut down only after it. Idempotent.
  void StopAccepting();

  // StopAccepting, waits for calls to end for `grace` at most, cancels the
  // rest, and returns when gRPC has let go of every one. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_GATEWAY_H_
