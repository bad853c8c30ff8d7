#include "dispatcher/gateway/grpc_web.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "grpcpp/support/slice.h"

namespace housecall::gateway {
namespace {

constexpr uint8_t kCompressed = 0x01;
constexpr uint8_t kTrailers = 0x80;
constexpr char kBinarySuffix[] = "-bin";

void AppendPrefix(uint8_t flags, size_t size, std::string* out) {
  out->push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    out->push_back(static_cast<char>((size >> shift) & 0xFF));
  }
}

}  // namespace

absl::StatusOr<std::vector<grpc::ByteBuffer>> ParseRequestBody(
    absl::string_view body, size_t max_message_bytes) {
  std::vector<grpc::ByteBuffer> messages;
  while (!body.empty()) {
    if (body.size() < kFramePrefixBytes) {
      return absl::InvalidArgumentError("the body ends within a frame");
    }
    const auto byte = [&body](size_t at) {
      return static_cast<uint8_t>(body[at]);
    };
    const uint8_t flags = byte(0);
    const size_t size = (size_t{byte(1)} << 24) | (size_t{byte(2)} << 16) |
                        (size_t{byte(3)} << 8) | size_t{byte(4)};
    body.remove_prefix(kFramePrefixBytes);
    if (flags == kCompressed) {
      return absl::UnimplementedError(
          "compressed messages are not understood; send grpc-encoding: "
          "identity");
    }
    if (flags != 0) {
      return absl::InvalidArgumentError("the body has a frame of no message");
    }
    if (size > max_message_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the message has ", size, " bytes, more than ", max_message_bytes));
    }
    if (size > body.size()) {
      return absl::InvalidArgumentError("the body ends within a frame");
    }
    const grpc::Slice slice(body.data(), size);
    messages.emplace_back(&slice, 1);
    body.remove_prefix(size);
  }
  return messages;
}

void AppendMessageFrame(const grpc::ByteBuffer& message, std::string* out) {
  AppendPrefix(0, message.Length(), out);
  std::vector<grpc::Slice> slices;
  // Fails only for a compressed buffer that cannot be read, and this library's
  // channels hand over plain ones.
  if (!message.Dump(&slices).ok()) return;
  for (const grpc::Slice& slice : slices) {
    out->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
}

void AppendTrailersFrame(const grpc::Status& status, const Metadata& trailers,
                         std::string* out) {
  std::string text = absl::StrCat(
      "grpc-status: ", static_cast<int>(status.error_code()), "\r\n");
  if (!status.error_message().empty()) {
    absl::StrAppend(&text,
                    "grpc-message: ", PercentEncoded(status.error_message()),
                    "\r\n");
  }
  if (!status.error_details().empty()) {
    absl::StrAppend(
        &text, "grpc-status-details-bin: ",
        HeaderFromMetadata("grpc-status-details-bin", status.error_details()),
        "\r\n");
  }
  for (const auto& [name, value] : trailers) {
    if (absl::StartsWith(name, "grpc-")) continue;
    absl::StrAppend(&text, name, ": ", HeaderFromMetadata(name, value), "\r\n");
  }
  AppendPrefix(kTrailers, text.size(), out);
  out->append(text);
}

absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view value) {
  const auto wrong = [] {
    return absl::InvalidArgumentError(
        "grpc-timeout: must be 1 to 8 digits and a unit, such as 10S");
  };
  if (value.size() < 2 || value.size() > 9) return wrong();
  const absl::string_view digits = value.substr(0, value.size() - 1);
  int64_t number = 0;
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(digits, &number)) {
    return wrong();
  }
  switch (value.back()) {
    case 'H':
      return absl::Hours(number);
    case 'M':
      return absl::Minutes(number);
    case 'S':
      return absl::Seconds(number);
    case 'm':
      return absl::Milliseconds(number);
    case 'u':
      return absl::Microseconds(number);
    case 'n':
      return absl::Nanoseconds(number);
    default:
      return wrong();
  }
}

absl::StatusOr<std::pair<std::string, std::string>> MetadataFromHeader(
    absl::string_view name, absl::string_view value) {
  std::pair<std::string, std::string> metadata(absl::AsciiStrToLower(name),
                                               std::string());
  if (absl::EndsWith(metadata.first, kBinarySuffix)) {
    if (!absl::Base64Unescape(value, &metadata.second)) {
      return absl::InvalidArgumentError(
          absl::StrCat(metadata.first, ": must be base64"));
    }
    return metadata;
  }
  if (!std::all_of(value.begin(), value.end(), [](char c) {
        return absl::ascii_isprint(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError(
        absl::StrCat(metadata.first, ": must be printable ASCII"));
  }
  metadata.second = std::string(value);
  return metadata;
}

std::string HeaderFromMetadata(absl::string_view name,
                               absl::string_view value) {
  if (absl::EndsWith(name, kBinarySuffix)) {
    std::string text = absl::Base64Escape(value);
    while (absl::EndsWith(text, "=")) text.pop_back();
    return text;
  }
  return std::string(value);
}

std::string PercentEncoded(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E || c == '%') {
      encoded.push_back('%');
      encoded.push_back(kHex[byte >> 4]);
      encoded.push_back(kHex[byte & 0xF]);
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

}  // namespace housecall::gateway
