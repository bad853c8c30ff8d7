// gRPC-Web on the wire: frames of messages and trailers, and how gRPC's
// metadata looks as HTTP headers. Pure functions; no message is parsed.
//
// The format: github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md, and for
// status, timeout and binary metadata PROTOCOL-HTTP2.md beside it.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_GRPC_WEB_H_
#define HOUSECALL_DISPATCHER_GATEWAY_GRPC_WEB_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"

namespace housecall::gateway {

// One frame: a byte of flags, four of length, then so many bytes.
inline constexpr size_t kFramePrefixBytes = 5;

// Names in lower case. Values of names that end in "-bin" are bytes, all other
// values printable ASCII.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// The messages in the body of a request, in their order: one for a unary call
// or a server stream, any number for a client stream. InvalidArgument for what
// is no sequence of whole frames, or for a trailers frame, which only answers
// have; Unimplemented for a compressed message; ResourceExhausted for a message
// of more than `max_message_bytes`.
absl::StatusOr<std::vector<grpc::ByteBuffer>> ParseRequestBody(
    absl::string_view body, size_t max_message_bytes);

// Appends the frame of a message.
void AppendMessageFrame(const grpc::ByteBuffer& message, std::string* out);

// Appends the frame that ends an answer. Of `trailers` those that the caller
// lets through; `grpc-…` names are the status's own and left out.
void AppendTrailersFrame(const grpc::Status& status, const Metadata& trailers,
                         std::string* out);

// The value of a `grpc-timeout` header: at most 8 digits and one of H, M, S, m,
// u, n. InvalidArgument for anything else.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view value);

// Metadata from a request's header. Binary values are decoded from base64, with
// or without its padding. InvalidArgument if that or the value cannot be
// metadata.
absl::StatusOr<std::pair<std::string, std::string>> MetadataFromHeader(
    absl::string_view name, absl::string_view value);

// The value as a header has it: base64 without padding if the name ends in
// "-bin".
std::string HeaderFromMetadata(absl::string_view name, absl::string_view value);

// Bytes below 0x20, above 0x7E and '%' as %XX, as `grpc-message` wants it.
std::string PercentEncoded(absl::string_view text);

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_GRPC_WEB_H_
