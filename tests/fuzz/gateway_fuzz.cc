// What browsers send to the gateway: an HTTP request, and what stands in its
// headers and body. It is taken as the gateway takes it, or refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/asio/buffer.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"
#include "dispatcher/gateway/grpc_web.h"
#include "dispatcher/gateway/request_rules.h"
#include "tests/fuzz/require.h"

namespace housecall::gateway {
namespace {

constexpr size_t kMostBytes = 1 << 16;

// The body is whole frames, and those written again are the body.
void TakeBody(absl::string_view body) {
  const absl::StatusOr<std::vector<grpc::ByteBuffer>> messages =
      ParseRequestBody(body, kMostBytes);
  if (!messages.ok()) {
    fuzz::Require(!messages.status().message().empty(), "a refusal has words");
    return;
  }
  std::string again;
  for (const grpc::ByteBuffer& message : *messages) {
    fuzz::Require(message.Length() <= kMostBytes, "no message is too long");
    AppendMessageFrame(message, &again);
  }
  fuzz::Require(again == std::string(body), "no byte is lost");
}

void TakeHeader(absl::string_view name, absl::string_view value) {
  if (const auto timeout = ParseTimeout(value); timeout.ok()) {
    fuzz::Require(*timeout >= absl::ZeroDuration(), "no time is negative");
  }
  if (const auto metadata = MetadataFromHeader(name, value); metadata.ok()) {
    const auto again = MetadataFromHeader(
        metadata->first, HeaderFromMetadata(metadata->first, metadata->second));
    fuzz::Require(again.ok() && *again == *metadata,
                  "metadata comes back as it was");
  }
  for (const char c : PercentEncoded(value)) {
    fuzz::Require(c >= 0x20 && c <= 0x7e, "a message is printable");
  }
}

void TakeRequest(const uint8_t* data, size_t size) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(kMostBytes);
  parser.body_limit(kMostBytes);
  boost::system::error_code error;
  size_t taken = 0;
  while (!error && !parser.is_done() && taken < size) {
    taken += parser.put(boost::asio::buffer(data + taken, size - taken), error);
  }
  if (!parser.is_header_done()) return;
  const RequestHead& head = parser.get();
  Rules rules;
  rules.origins = {"https://center.example"};
  rules.path_prefixes = {"/housecall.v1."};
  const auto refused = CheckHead(head);
  if (refused.has_value()) {
    fuzz::Require(!refused->text.empty(), "a refusal has words");
    return;
  }
  for (const auto& field : head) {
    TakeHeader(View(field.name_string()), View(field.value()));
  }
  (void)CookieOf(head, rules.cookie_name());
  if (const auto refusal = CheckCall(head, rules)) {
    fuzz::Require(!refusal->text.empty(), "a refusal has words");
    return;
  }
  fuzz::Require(HasHeader(head, "x-grpc-web"), "a form sends no call");
  if (parser.is_done()) TakeBody(parser.get().body());
}

}  // namespace
}  // namespace housecall::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall::gateway;
  TakeRequest(data, size);
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  TakeBody(text);
  TakeHeader("x-trace-bin", text);
  return 0;
}
