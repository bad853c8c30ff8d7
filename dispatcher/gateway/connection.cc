#include "dispatcher/gateway/connection.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core/buffers_to_string.hpp"
#include "boost/beast/http/chunk_encode.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/serializer.hpp"
#include "dispatcher/base/session_metadata.h"
#include "dispatcher/gateway/grpc_web.h"

namespace housecall::gateway {
namespace {

namespace asio = boost::asio;

constexpr uint32_t kMaxHeadBytes = 16 * 1024;
// What is read at once: of a request, of a large body, and while an answer is
// made, when nothing is to come and thousands of connections wait.
constexpr size_t kReadBytes = 4 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
constexpr size_t kWatchBytes = 1024;
// More that comes before the answer to what came earlier is no browser's.
constexpr size_t kMaxEarlyBytes = 16 * 1024;
// What of each body is not counted: more than any call but the largest has.
constexpr size_t kFreeBodyBytes = 16 * 1024;
constexpr absl::Duration kCloseTimeout = absl::Seconds(2);

std::string Serialized(const ResponseHead& head) {
  http::response_serializer<http::empty_body> serializer(head);
  std::string text;
  boost::system::error_code error;
  while (!serializer.is_header_done()) {
    serializer.next(error, [&](boost::system::error_code&, const auto& parts) {
      text += boost::beast::buffers_to_string(parts);
      serializer.consume(boost::beast::buffer_bytes(parts));
    });
    if (error) break;
  }
  return text;
}

void AppendChunk(const std::string& bytes, std::string* out) {
  *out +=
      boost::beast::buffers_to_string(http::make_chunk(asio::buffer(bytes)));
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

}  // namespace

Connection::Connection(Transport::Socket socket, asio::ssl::context* tls,
                       Shared* shared)
    : shared_(shared),
      transport_(std::move(socket), tls),
      deadline_(transport_.get_executor()) {}

Connection::~Connection() { LetGo(); }

template <typename Function>
void Connection::Post(Function function) {
  asio::post(transport_.get_executor(),
             [self = shared_from_this(),
              function = std::move(function)]() mutable { function(); });
}

void Connection::Start() {
  Post([this] {
    if (!transport_.is_tls()) {
      SetDeadline(shared_->options.idle_timeout);
      Advance();
      return;
    }
    SetDeadline(shared_->options.header_timeout);
    transport_.AsyncHandshake([this, self = shared_from_this()](Error error) {
      if (state_ == State::kClosed) return;
      if (error) return CloseNow();
      SetDeadline(shared_->options.idle_timeout);
      Advance();
    });
  });
}

void Connection::Stop() {
  Post([this] {
    stopping_ = true;
    if (state_ == State::kIdle) Close();
  });
}

void Connection::Abort() {
  Post([this] { CloseNow(); });
}

// --- Reading ----------------------------------------------------------------

absl::Duration Connection::TimeOf(size_t bytes) const {
  return absl::Seconds(
      static_cast<int64_t>(bytes / shared_->options.min_bytes_per_second));
}

void Connection::SetDeadline(absl::Duration timeout) {
  const uint64_t number = ++deadline_number_;
  if (timeout == absl::InfiniteDuration()) {
    deadline_.cancel();
    return;
  }
  deadline_.expires_after(absl::ToChronoMilliseconds(timeout));
  deadline_.async_wait([this, number, weak = weak_from_this()](Error error) {
    const auto self = weak.lock();
    if (error || self == nullptr || number != deadline_number_) return;
    CloseNow();
  });
}

void Connection::Read() {
  if (reading_ || state_ == State::kClosed) return;
  size_t size = kReadBytes;
  if (state_ == State::kBody) size = kBodyReadBytes;
  if (state_ == State::kAnswer) {
    if (buffer_.size() == 0) buffer_.shrink_to_fit();
    size = kWatchBytes;
  }
  // Not into `buffer_`: the read for which an answer is watched goes on when
  // the next request is taken out of there.
  if (input_.size() != size) input_ = std::vector<char>(size);
  reading_ = true;
  transport_.async_read_some(
      asio::buffer(input_),
      [this, self = shared_from_this()](Error error, size_t read) {
        reading_ = false;
        OnRead(error, read);
      });
}

void Connection::OnRead(Error error, size_t size) {
  if (state_ == State::kClosed) return error ? CloseNow() : Drain();
  // Whoever has gone, or says that he will send no more, waits for no answer.
  if (error) return CloseNow();
  buffer_.commit(
      asio::buffer_copy(buffer_.prepare(size), asio::buffer(input_, size)));
  if (state_ == State::kAnswer && buffer_.size() > kMaxEarlyBytes) {
    return CloseNow();
  }
  Advance();
}

void Connection::Advance() {
  while (true) {
    Error error;
    switch (state_) {
      case State::kIdle:
        if (buffer_.size() == 0) return Read();
        BeginRequest();
        break;
      case State::kHead:
        buffer_.consume(parser_->put(buffer_.data(), error));
        if (error == http::error::need_more) return Read();
        if (error) return OnParseError(error);
        OnHead();
        break;
      case State::kBody:
        if (parser_->is_done()) {
          OnBody();
          break;
        }
        if (buffer_.size() == 0) return Read();
        buffer_.consume(parser_->put(buffer_.data(), error));
        if (!Hold()) {
          state_ = State::kAnswer;
          last_ = true;
          return AnswerStatus(absl::ResourceExhaustedError(
              "too many large requests are under way; try again"));
        }
        if (error == http::error::need_more) {
          // Nothing between two pieces of a body is that long.
          if (buffer_.size() > kBodyReadBytes) {
            return OnParseError(http::error::bad_chunk_extension);
          }
          return Read();
        }
        if (error) return OnParseError(error);
        break;
      case State::kAnswer:
        // To notice that he has gone.
        return Read();
      case State::kClosed:
        return;
    }
  }
}

void Connection::BeginRequest() {
  state_ = State::kHead;
  SetDeadline(shared_->options.header_timeout);
  parser_.emplace();
  parser_->header_limit(kMaxHeadBytes);
  parser_->body_limit(shared_->options.max_message_bytes + kFramePrefixBytes);
}

void Connection::OnParseError(Error error) {
  state_ = State::kAnswer;
  last_ = true;
  if (error == http::error::body_limit) {
    return AnswerStatus(absl::ResourceExhaustedError(
        absl::StrCat("the request has more than ",
                     shared_->options.max_message_bytes, " bytes")));
  }
  if (error == http::error::header_limit) {
    return AnswerRefusal({http::status::request_header_fields_too_large,
                          "the header is too large"});
  }
  AnswerRefusal({http::status::bad_request, "this is no HTTP request"});
}

void Connection::OnHead() {
  const RequestHead& head = parser_->get();
  state_ = State::kAnswer;
  last_ = !parser_->keep_alive();
  if (const auto refusal = CheckHead(head)) {
    // Where the next request begins is anybody's guess.
    last_ = true;
    return AnswerRefusal(*refusal);
  }
  if (head.method() != http::verb::post) {
    if (!parser_->is_done()) {
      return AnswerRefusal(
          {http::status::bad_request, "this request has no body"});
    }
    return AnswerFile();
  }
  if (const auto refusal = CheckCall(head, shared_->rules)) {
    return AnswerRefusal(*refusal);
  }
  state_ = State::kBody;
  parser_->eager(true);
  if (HasHeader(head, "Expect") && !parser_->is_done()) {
    Write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  const auto length = parser_->content_length();
  SetDeadline(shared_->options.body_timeout +
              TimeOf(length ? static_cast<size_t>(*length)
                            : shared_->options.max_message_bytes));
}

void Connection::OnBody() {
  state_ = State::kAnswer;
  SetDeadline(absl::InfiniteDuration());
  StartCall();
}

bool Connection::Hold() {
  const size_t size = parser_->get().body().size();
  const size_t counted = size - std::min(size, kFreeBodyBytes);
  if (counted <= held_) return true;
  if (!shared_->held.Take(counted - held_)) return false;
  held_ = counted;
  return true;
}

void Connection::LetGo() {
  if (held_ > 0) shared_->held.Give(std::exchange(held_, 0));
}

// --- Answers ----------------------------------------------------------------

void Connection::Finish(ResponseHead* head) const {
  head->version(11);
  head->keep_alive(!last_);
  SetSecurityHeaders(shared_->rules, head);
}

void Connection::AnswerFile() {
  if (stopping_) last_ = true;
  StaticFiles::Answer answer = shared_->files.Find(parser_->get());
  Finish(&answer.head);
  if (answer.head.result() != http::status::ok &&
      answer.head.result() != http::status::not_modified) {
    answer.head.content_length(0);
  }
  Write(Serialized(answer.head), answer.body);
}

void Connection::AnswerRefusal(const Refusal& refusal) {
  // What stands in its body, or behind a request that could not be read, is not
  // looked for.
  if (stopping_ || !parser_->is_done()) last_ = true;
  ResponseHead head;
  head.result(refusal.status);
  head.set(http::field::content_type, "text/plain; charset=utf-8");
  head.set(http::field::cache_control, "no-store");
  if (refusal.status == http::status::method_not_allowed) {
    head.set(http::field::allow, "POST");
  }
  const std::string body = absl::StrCat(refusal.text, "\n");
  head.content_length(body.size());
  Finish(&head);
  const bool has_body = parser_->get().method() != http::verb::head;
  Write(absl::StrCat(Serialized(head), has_body ? body : ""));
}

void Connection::AnswerStatus(const absl::Status& status) {
  if (stopping_ || !parser_->is_done()) last_ = true;
  std::string body;
  AppendTrailersFrame(ToGrpc(status), {}, &body);
  ResponseHead head = CallHead();
  head.content_length(body.size());
  Write(absl::StrCat(Serialized(head), body));
}

void Connection::StartCall() {
  const RequestHead& head = parser_->get();
  absl::StatusOr<std::vector<grpc::ByteBuffer>> messages = ParseRequestBody(
      parser_->get().body(), shared_->options.max_message_bytes);
  if (!messages.ok()) return AnswerStatus(messages.status());
  UpstreamCall::Request request;
  request.path = std::string(head.target());
  request.messages = *std::move(messages);
  if (HasHeader(head, "grpc-timeout")) {
    const absl::StatusOr<absl::Duration> timeout =
        ParseTimeout(HeaderOf(head, "grpc-timeout"));
    if (!timeout.ok()) return AnswerStatus(timeout.status());
    request.timeout = *timeout;
  }
  for (const std::string& name : shared_->options.request_headers) {
    const auto range = head.equal_range(name);
    for (auto header = range.first; header != range.second; ++header) {
      auto metadata = MetadataFromHeader(name, View(header->value()));
      if (!metadata.ok()) return AnswerStatus(metadata.status());
      request.metadata.push_back(*std::move(metadata));
    }
  }
  if (IsFromBrowser(head)) {
    request.metadata.emplace_back(kSessionCarrier, kCookieCarrier);
    const std::string token = CookieOf(head, shared_->rules.cookie_name());
    if (!token.empty() && !HasHeader(head, "authorization")) {
      auto metadata =
          MetadataFromHeader("authorization", absl::StrCat("Bearer ", token));
      if (!metadata.ok()) return AnswerStatus(metadata.status());
      request.metadata.push_back(*std::move(metadata));
    }
  }
  if (!shared_->gate.Enter()) {
    return AnswerStatus(absl::UnavailableError("the server is stopping"));
  }
  // The body has served: a stream may last the whole night.
  parser_.reset();

  exchange_ = Exchange();
  const auto self = shared_from_this();
  UpstreamCall::Events events;
  events.started = [self](Metadata initial) {
    self->Post([self, initial = std::move(initial)]() mutable {
      self->OnStarted(std::move(initial));
    });
  };
  events.message = [self](grpc::ByteBuffer message) {
    self->Post(
        [self, message = std::move(message)] { self->OnMessage(message); });
  };
  events.ended = [self](grpc::Status status, Metadata trailing) {
    self->Post(
        [self, status = std::move(status), trailing = std::move(trailing)] {
          self->OnEnded(status, trailing);
        });
  };
  exchange_->call = UpstreamCall::Start(shared_->stub.get(), std::move(request),
                                        std::move(events));
  shared_->gate.Leave();
}

void Connection::OnStarted(Metadata initial) {
  if (!exchange_.has_value()) return;
  for (auto& [name, value] : initial) {
    if (name == kSessionToken) {
      exchange_->session_token = std::move(value);
    } else if (name == kSessionSeconds) {
      exchange_->is_session =
          absl::SimpleAtoi(value, &exchange_->session_seconds);
    } else if (absl::c_linear_search(shared_->options.response_metadata,
                                     name)) {
      exchange_->initial.emplace_back(std::move(name), std::move(value));
    }
  }
}

void Connection::OnMessage(const grpc::ByteBuffer& message) {
  if (!exchange_.has_value()) return;
  // The dispatcher has what it answers.
  LetGo();
  AppendMessageFrame(message, &exchange_->frames);
  if (exchange_->frames.size() < shared_->options.max_waiting_bytes) {
    exchange_->call->ReadNext();
  } else {
    exchange_->paused = true;
  }
  // Not at once: after the only message of a unary call its status comes right
  // behind, and both go in one piece.
  Post([this] { Flush(); });
}

void Connection::OnEnded(const grpc::Status& status, const Metadata& trailing) {
  if (!exchange_.has_value()) return;
  exchange_->call = nullptr;
  exchange_->ended = true;
  LetGo();
  Metadata allowed;
  for (const auto& each : trailing) {
    if (absl::c_linear_search(shared_->options.response_metadata, each.first)) {
      allowed.push_back(each);
    }
  }
  AppendTrailersFrame(status, allowed, &exchange_->frames);
  if (exchange_->is_session && status.ok()) {
    exchange_->cookie = SessionCookie(shared_->rules, exchange_->session_token,
                                      exchange_->session_seconds);
  }
  Flush();
}

ResponseHead Connection::CallHead() const {
  ResponseHead head;
  head.result(http::status::ok);
  head.set(http::field::content_type, "application/grpc-web+proto");
  head.set(http::field::cache_control, "no-store");
  // For proxies that would collect a stream before they pass it on.
  head.set("X-Accel-Buffering", "no");
  if (exchange_.has_value()) {
    for (const auto& [name, value] : exchange_->initial) {
      head.insert(name, HeaderFromMetadata(name, value));
    }
    if (!exchange_->cookie.empty()) {
      head.set(http::field::set_cookie, exchange_->cookie);
    }
  }
  Finish(&head);
  return head;
}

void Connection::Flush() {
  if (writing_ || state_ != State::kAnswer || !exchange_.has_value()) return;
  Exchange& exchange = *exchange_;
  if (exchange.frames.empty() || (exchange.is_session && !exchange.ended)) {
    return;
  }
  std::string frames = std::move(exchange.frames);
  exchange.frames.clear();
  std::string text;
  if (!exchange.head_written && exchange.ended) {
    if (stopping_) last_ = true;
    ResponseHead head = CallHead();
    head.content_length(frames.size());
    text = absl::StrCat(Serialized(head), frames);
  } else {
    if (!exchange.head_written) {
      ResponseHead head = CallHead();
      head.chunked(true);
      text = Serialized(head);
    }
    AppendChunk(frames, &text);
    if (exchange.ended) {
      text += boost::beast::buffers_to_string(http::make_chunk_last());
    }
  }
  exchange.head_written = true;
  Write(std::move(text));
}

void Connection::Write(std::string text, absl::string_view body) {
  if (state_ == State::kClosed) return;
  if (writing_) {
    // Behind "100 Continue".
    absl::StrAppend(&queued_, text, body);
    return;
  }
  writing_ = true;
  out_ = std::move(text);
  if (state_ == State::kAnswer) {
    SetDeadline(shared_->options.write_timeout +
                TimeOf(out_.size() + body.size()));
  }
  const std::array<asio::const_buffer, 2> buffers = {
      asio::buffer(out_), asio::buffer(body.data(), body.size())};
  asio::async_write(transport_, buffers,
                    [this, self = shared_from_this()](Error error, size_t) {
                      writing_ = false;
                      OnWritten(error);
                    });
}

void Connection::OnWritten(Error error) {
  if (state_ == State::kClosed) return;
  if (error) return CloseNow();
  out_ = std::string();
  if (!queued_.empty()) return Write(std::exchange(queued_, std::string()));
  if (state_ != State::kAnswer) return;
  if (!exchange_.has_value()) return EndAnswer();
  if (exchange_->ended && exchange_->frames.empty()) return EndAnswer();
  SetDeadline(absl::InfiniteDuration());
  if (exchange_->paused && exchange_->call != nullptr) {
    exchange_->paused = false;
    exchange_->call->ReadNext();
  }
  Flush();
}

void Connection::EndAnswer() {
  exchange_.reset();
  parser_.reset();
  LetGo();
  if (last_ || stopping_) return Close();
  state_ = State::kIdle;
  SetDeadline(shared_->options.idle_timeout);
  Advance();
}

// --- The end ----------------------------------------------------------------

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  SetDeadline(kCloseTimeout);
  if (transport_.is_tls()) {
    transport_.AsyncShutdown(
        [this, self = shared_from_this()](Error) { CloseNow(); });
    return;
  }
  Error ignored;
  transport_.socket().shutdown(Transport::Socket::shutdown_send, ignored);
  Drain();
}

void Connection::Drain() {
  // A socket that is closed with bytes unread resets the connection, and with
  // it what the other side has not read of the answer.
  if (!transport_.socket().is_open()) return;
  if (reading_) return;
  reading_ = true;
  input_.resize(kReadBytes);
  transport_.async_read_some(
      asio::buffer(input_),
      [this, self = shared_from_this()](Error error, size_t) {
        reading_ = false;
        if (error) return CloseNow();
        Drain();
      });
}

void Connection::CloseNow() {
  state_ = State::kClosed;
  if (exchange_.has_value() && exchange_->call != nullptr) {
    exchange_->call->Cancel();
  }
  exchange_.reset();
  parser_.reset();
  LetGo();
  deadline_.cancel();
  ++deadline_number_;
  Error ignored;
  transport_.socket().close(ignored);
}

}  // namespace housecall::gateway
