#include "tests/gateway/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall::gateway::testing {

std::string Response::Header(absl::string_view name) const {
  for (absl::string_view line : absl::StrSplit(head, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (absl::EqualsIgnoreCase(parts.first, name)) {
      return std::string(parts.second);
    }
  }
  return "";
}

Frames FramesOf(absl::string_view body) {
  Frames frames;
  while (body.size() >= 5) {
    size_t size = 0;
    for (int i = 1; i < 5; ++i)
      size = size << 8 | static_cast<uint8_t>(body[i]);
    const bool trailers = body[0] != 0;
    body.remove_prefix(5);
    const std::string text(body.substr(0, size));
    body.remove_prefix(std::min(size, body.size()));
    if (trailers) {
      frames.trailers = text;
    } else {
      frames.messages.push_back(text);
    }
  }
  return frames;
}

std::string Frame(absl::string_view message) {
  std::string frame(1, '\0');
  for (const int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(message.size() >> shift & 0xFF));
  }
  return absl::StrCat(frame, message);
}

std::string CallText(absl::string_view rpc, absl::string_view body,
                     const std::vector<std::string>& headers,
                     absl::string_view method) {
  std::string text = absl::StrCat(
      method, " /housecall.v1.Test/", rpc,
      " HTTP/1.1\r\nHost: center\r\nContent-Type: "
      "application/grpc-web+proto\r\nX-Grpc-Web: 1\r\nContent-Length: ",
      body.size(), "\r\n");
  for (const std::string& header : headers) {
    absl::StrAppend(&text, header, "\r\n");
  }
  return absl::StrCat(text, "\r\n", body);
}

RawClient::RawClient(int port, bool tls)
    : fd_(socket(AF_INET, SOCK_STREAM, 0)),
      context_(tls ? SSL_CTX_new(TLS_client_method()) : nullptr, &SSL_CTX_free),
      ssl_(tls ? SSL_new(context_.get()) : nullptr, &SSL_free) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience = {60, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    shutdown(fd_, SHUT_RDWR);
  }
  if (ssl_ != nullptr) {
    SSL_set_fd(ssl_.get(), fd_);
    if (SSL_connect(ssl_.get()) != 1) shutdown(fd_, SHUT_RDWR);
  }
}

RawClient::~RawClient() { close(fd_); }

bool RawClient::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ssl_ != nullptr ? SSL_write(ssl_.get(), bytes.data(),
                                    static_cast<int>(bytes.size()))
                        : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  char buffer[16384];
  const ssize_t read = ssl_ != nullptr
                           ? SSL_read(ssl_.get(), buffer, sizeof(buffer))
                           : recv(fd_, buffer, sizeof(buffer), 0);
  if (read <= 0) {
    closed_in_order_ =
        ssl_ != nullptr ? SSL_get_error(ssl_.get(), static_cast<int>(read)) ==
                              SSL_ERROR_ZERO_RETURN
                        : read == 0;
    return false;
  }
  received_.append(buffer, static_cast<size_t>(read));
  return true;
}

std::optional<std::string> RawClient::Until(absl::string_view mark) {
  size_t at = 0;
  while ((at = received_.find(std::string(mark))) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  return Bytes(at + mark.size());
}

std::optional<std::string> RawClient::Bytes(size_t count) {
  while (received_.size() < count) {
    if (!Fill()) return std::nullopt;
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

std::optional<Response> RawClient::ReceiveHead() {
  Response response;
  const std::optional<std::string> head = Until("\r\n\r\n");
  if (!head.has_value()) return std::nullopt;
  response.head = *head;
  const std::vector<std::string> words =
      absl::StrSplit(head->substr(0, head->find('\r')), ' ');
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &response.status)) {
    return std::nullopt;
  }
  return response;
}

std::optional<std::string> RawClient::ReceiveChunk() {
  const std::optional<std::string> line = Until("\r\n");
  uint32_t size = 0;
  if (!line.has_value() ||
      !absl::SimpleHexAtoi(absl::StripSuffix(*line, "\r\n"), &size)) {
    return std::nullopt;
  }
  std::optional<std::string> chunk = Bytes(size + 2);
  if (chunk.has_value()) chunk->resize(size);
  return chunk;
}

std::optional<Response> RawClient::Receive(bool has_body) {
  std::optional<Response> response = ReceiveHead();
  if (!response.has_value() || !has_body || response->status == 304 ||
      response->status == 100) {
    return response;
  }
  if (response->Header("Transfer-Encoding") == "chunked") {
    while (true) {
      const std::optional<std::string> chunk = ReceiveChunk();
      if (!chunk.has_value()) return std::nullopt;
      if (chunk->empty()) return response;
      response->body += *chunk;
    }
  }
  size_t size = 0;
  if (!absl::SimpleAtoi(response->Header("Content-Length"), &size)) {
    return std::nullopt;
  }
  const std::optional<std::string> body = Bytes(size);
  if (!body.has_value()) return std::nullopt;
  response->body = *body;
  return response;
}

bool RawClient::AwaitEnd() {
  while (Fill()) {
  }
  return received_.empty();
}

void RawClient::HalfClose() { shutdown(fd_, SHUT_WR); }

}  // namespace housecall::gateway::testing
