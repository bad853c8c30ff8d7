#include "clients/cli/connection.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "clients/cli/message.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/channel_arguments.h"

namespace housecall::cli {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

absl::StatusOr<std::string> ReadFile(const std::string& flag,
                                     const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return WrongInput(absl::StrCat(flag, ": cannot read ", path),
                      absl::StrCat(flag, ": ", path, " を読めません"));
  }
  return text.str();
}

// The host of "host:port" or "[::1]:port"; "" if it is neither.
std::string HostOf(const std::string& server) {
  const size_t colon = server.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(server.substr(colon + 1), &port) || port < 1 ||
      port > 65535) {
    return "";
  }
  const std::string host = server.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    return host.substr(1, host.size() - 2);
  }
  return absl::StrContains(host, ':') || absl::StrContains(host, '/') ? ""
                                                                      : host;
}

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

bool Parse(grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::Slice slice;
  if (!bytes.DumpToSingleSlice(&slice).ok()) return false;
  return message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
}

void Authorize(const CallOptions& options, grpc::ClientContext* context) {
  if (!options.token.empty()) {
    context->AddMetadata("authorization",
                         absl::StrCat("Bearer ", options.token));
  }
}

grpc::Status Unreadable() {
  return grpc::Status(grpc::StatusCode::INTERNAL,
                      "the server's answer cannot be read");
}

grpc::Status CallOnce(grpc::GenericStub& stub, const Rpc& rpc,
                      const grpc::ByteBuffer& request,
                      const CallOptions& options, absl::Time deadline,
                      google::protobuf::Message* response) {
  grpc::ClientContext context;
  Authorize(options, &context);
  context.set_deadline(absl::ToChronoTime(deadline));
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, rpc.path, request, &queue);
  call->StartCall();
  grpc::ByteBuffer bytes;
  grpc::Status status;
  call->Finish(&bytes, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.ok() && !Parse(bytes, response)) {
    return Unreadable();
  }
  return status;
}

}  // namespace

bool IsUncertain(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::CANCELLED ||
         status.error_code() == grpc::StatusCode::UNKNOWN;
}

std::string CodeName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

bool IsLoopback(const std::string& server) {
  const std::string host = HostOf(server);
  return host == "localhost" || host == "::1" ||
         (absl::StartsWith(host, "127.") &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const Target& target) {
  if (HostOf(target.server).empty()) {
    return WrongInput(
        absl::StrCat("--server: '", target.server,
                     "' is no address; write HOST:PORT, such as "
                     "127.0.0.1:7443"),
        absl::StrCat("--server: 「", target.server,
                     "」は宛先として読めません。127.0.0.1:7443 のように "
                     "HOST:PORT で書いてください"));
  }
  grpc::ChannelArguments arguments;
  // A server that is being started anew is back within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetMaxReceiveMessageSize(-1);
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (target.uses_tls()) {
    grpc::SslCredentialsOptions options;
    absl::StatusOr<std::string> ca = ReadFile("--tls-ca", target.tls_ca);
    if (!ca.ok()) return ca.status();
    absl::StatusOr<std::string> cert = ReadFile("--tls-cert", target.tls_cert);
    if (!cert.ok()) return cert.status();
    absl::StatusOr<std::string> key = ReadFile("--tls-key", target.tls_key);
    if (!key.ok()) return key.status();
    if (cert->empty() != key->empty()) {
      return WrongInput(
          "--tls-cert and --tls-key: give both or neither",
          "--tls-cert と --tls-key は、両方書くか、どちらも書かないでください");
    }
    options.pem_root_certs = *std::move(ca);
    options.pem_cert_chain = *std::move(cert);
    options.pem_private_key = *std::move(key);
    credentials = grpc::SslCredentials(options);
  } else if (IsLoopback(target.server)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    credentials = grpc::InsecureChannelCredentials();
  } else {
    return WrongInput(
        absl::StrCat("--server: ", target.server,
                     " is another machine, so TLS is needed: give --tls-ca "
                     "FILE"),
        absl::StrCat("--server: ", target.server,
                     " は別の機械なので TLS が必要です。--tls-ca FILE "
                     "で認証局の証明書を指定してください"));
  }
  return std::unique_ptr<Connection>(new Connection(
      grpc::CreateCustomChannel(target.server, credentials, arguments)));
}

grpc::Status Connection::Call(const Rpc& rpc,
                              const google::protobuf::Message& request,
                              const CallOptions& options,
                              google::protobuf::Message* response) const {
  grpc::GenericStub stub(channel_);
  const grpc::ByteBuffer bytes = Serialized(request);
  const absl::Time deadline = absl::Now() + options.timeout;
  absl::Duration pause = kFirstPause;
  for (int i = 1;; ++i) {
    grpc::Status status =
        CallOnce(stub, rpc, bytes, options, deadline, response);
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
        i >= options.tries || absl::Now() + pause >= deadline) {
      return status;
    }
    absl::SleepFor(pause);
    pause *= 2;
  }
}

grpc::Status Connection::Stream(
    const Rpc& rpc, const google::protobuf::Message& request,
    const CallOptions& options, absl::Duration idle_timeout,
    const std::function<bool(const google::protobuf::Message&)>& on_message)
    const {
  // Tags of the queue; only one operation runs at a time but for a timeout.
  enum : intptr_t { kStep = 1, kFinish };
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  Authorize(options, &context);
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(&context, rpc.path, &queue);
  bool is_idle = false;
  // Waits for the operation that was begun; whether it went well.
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    const auto until = absl::ToChronoTime(
        absl::Now() + (is_idle ? absl::Hours(1) : idle_timeout));
    if (queue.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::TIMEOUT) {
      is_idle = true;
      context.TryCancel();
      queue.Next(&tag, &ok);
    }
    return ok;
  };
  void* const step = reinterpret_cast<void*>(kStep);
  bool stopped = false;
  bool is_readable = true;
  call->StartCall(step);
  bool ok = wait();
  if (ok) {
    call->WriteLast(Serialized(request), grpc::WriteOptions(), step);
    ok = wait();
  }
  const std::unique_ptr<google::protobuf::Message> message = rpc.NewResponse();
  while (ok) {
    grpc::ByteBuffer bytes;
    call->Read(&bytes, step);
    if (!wait()) break;
    is_readable = Parse(bytes, message.get());
    if (!is_readable || !on_message(*message)) {
      stopped = true;
      context.TryCancel();
      break;
    }
  }
  grpc::Status status;
  call->Finish(&status, reinterpret_cast<void*>(kFinish));
  wait();
  if (!is_readable) return Unreadable();
  if (stopped) return grpc::Status::OK;
  if (is_idle) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                        "nothing came from the server for too long");
  }
  return status;
}

}  // namespace housecall::cli
