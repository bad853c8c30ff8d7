// One browser's connection: requests one after the other, each answered by a
// file or by a call to the dispatcher.
#ifndef HOUSECALL_DISPATCHER_GATEWAY_CONNECTION_H_
#define HOUSECALL_DISPATCHER_GATEWAY_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/system/error_code.hpp"
#include "dispatcher/gateway/byte_cap.h"
#include "dispatcher/gateway/call_gate.h"
#include "dispatcher/gateway/gateway.h"
#include "dispatcher/gateway/http.h"
#include "dispatcher/gateway/request_rules.h"
#include "dispatcher/gateway/static_files.h"
#include "dispatcher/gateway/transport.h"
#include "dispatcher/gateway/upstream_call.h"
#include "grpcpp/generic/generic_stub.h"

namespace housecall::gateway {

// What all connections of a gateway share, and what outlives them.
struct Shared {
  explicit Shared(const Options& given)
      : options(given), held(given.max_held_bytes) {}

  // Constant once the gateway serves.
  const Options options;
  Rules rules;
  StaticFiles files;
  std::unique_ptr<grpc::GenericStub> stub;
  // Synchronize themselves.
  CallGate gate;
  ByteCap held;
};

// Lives as long as something is under way for it: a read, a write, a timer or a
// call. Everything but the constructor and destructor runs on the strand of its
// socket; Start and Stop may be called from anywhere.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  // `tls` is null for plain HTTP. `shared` and `tls` must outlive it.
  Connection(Transport::Socket socket, boost::asio::ssl::context* tls,
             Shared* shared);
  ~Connection();

  void Start();
  // No further request: closes now, or after the answer that is under way.
  void Stop();
  // Closes now; cancels the call.
  void Abort();

 private:
  using Error = boost::system::error_code;
  using Parser = http::request_parser<http::string_body>;

  // A call under way, and what of its answer is not written.
  struct Exchange {
    std::shared_ptr<UpstreamCall> call;
    // Frames that are not on their way to the browser yet.
    std::string frames;
    bool head_written = false;
    bool ended = false;
    // A message was taken, and the next is not asked for before there is room.
    bool paused = false;
    // The answer opens or ends a session: it is held until its status is known,
    // because the cookie stands in its head.
    bool is_session = false;
    std::string session_token;
    int64_t session_seconds = 0;
    // The part of the server's initial metadata that becomes headers.
    Metadata initial;
    std::string cookie;
  };

  enum class State {
    kIdle,    // between requests
    kHead,    // a request's header has begun
    kBody,    // its body
    kAnswer,  // its answer is being made or written
    kClosed,
  };

  template <typename Function>
  void Post(Function function);

  // Closes the connection unless something calls it again in time. Infinite:
  // waits for ever.
  void SetDeadline(absl::Duration timeout);
  // How long the slowest browser that is waited for takes for so many bytes.
  absl::Duration TimeOf(size_t bytes) const;
  void Read();
  void OnRead(Error error, size_t size);
  // Does what can be done with what was read.
  void Advance();
  void BeginRequest();
  void OnHead();
  void OnBody();
  // Counts what of the request's body has come. False if that is too much
  // beside what others have sent.
  bool Hold();
  // The body is not held any more.
  void LetGo();
  void OnParseError(Error error);

  void AnswerFile();
  void AnswerRefusal(const Refusal& refusal);
  // Ends a call that never went out.
  void AnswerStatus(const absl::Status& status);
  void StartCall();
  void OnStarted(Metadata initial);
  void OnMessage(const grpc::ByteBuffer& message);
  void OnEnded(const grpc::Status& status, const Metadata& trailing);
  ResponseHead CallHead() const;

  // Sets what every answer has.
  void Finish(ResponseHead* head) const;
  // Writes what there is of the call's answer.
  void Flush();
  void Write(std::string text, absl::string_view body = "");
  void OnWritten(Error error);
  void EndAnswer();
  // Lets the other side read what was written first, if it does so soon.
  void Close();
  void Drain();
  void CloseNow();

  Shared* const shared_;
  Transport transport_;
  boost::asio::steady_timer deadline_;
  // Of the deadline that is set; an older one's end means nothing.
  uint64_t deadline_number_ = 0;
  State state_ = State::kIdle;
  bool reading_ = false;
  bool writing_ = false;
  bool stopping_ = false;
  // The connection ends with this answer.
  bool last_ = false;
  // Of the read that is under way.
  std::vector<char> input_;
  // What was read and not understood yet.
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  // Of its body, that count for all connections together.
  size_t held_ = 0;
  std::optional<Exchange> exchange_;
  // What is being written, and what comes after it.
  std::string out_;
  std::string queued_;
};

}  // namespace housecall::gateway

#endif  // HOUSECALL_DISPATCHER_GATEWAY_CONNECTION_H_
