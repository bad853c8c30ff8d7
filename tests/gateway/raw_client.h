// An HTTP client that sends any bytes, as no browser would.
#ifndef HOUSECALL_TESTS_GATEWAY_RAW_CLIENT_H_
#define HOUSECALL_TESTS_GATEWAY_RAW_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace housecall::gateway::testing {

struct Response {
  int status = 0;
  std::string head;
  std::string body;

  // The value of a header; "" if there is none.
  std::string Header(absl::string_view name) const;
};

// The messages and the text of the trailers in a gRPC-Web body.
struct Frames {
  std::vector<std::string> messages;
  std::string trailers;
};
Frames FramesOf(absl::string_view body);

// One frame of a message.
std::string Frame(absl::string_view message);

// A call as a browser's page at `origin` sends it; none: as another program.
// `headers` are whole lines without their ends.
std::string CallText(absl::string_view rpc, absl::string_view body,
                     const std::vector<std::string>& headers = {},
                     absl::string_view method = "POST");

// One blocking connection to a loopback port. What does not come within a
// minute counts as the end.
class RawClient {
 public:
  explicit RawClient(int port, bool tls = false);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Whether all was taken.
  bool Send(absl::string_view bytes);
  // The next response, whole. None if the connection ends before.
  std::optional<Response> Receive(bool has_body = true);
  // The head of the next response; then its chunks, each when it comes; ""
  // after the last.
  std::optional<Response> ReceiveHead();
  std::optional<std::string> ReceiveChunk();
  // Whether the other side has closed, and sent nothing more.
  bool AwaitEnd();
  // After AwaitEnd: whether the other side has said that nothing more comes, in
  // TLS's own words where that is spoken.
  bool was_closed_in_order() const { return closed_in_order_; }
  // No more comes from here; answers are still read.
  void HalfClose();

 private:
  // Reads more; false at the end.
  bool Fill();
  std::optional<std::string> Until(absl::string_view mark);
  std::optional<std::string> Bytes(size_t count);

  int fd_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string received_;
  bool closed_in_order_ = false;
};

}  // namespace housecall::gateway::testing

#endif  // HOUSECALL_TESTS_GATEWAY_RAW_CLIENT_H_
