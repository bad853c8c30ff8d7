#include "dispatcher/server/server.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/grpc_status.h"
#include "dispatcher/server/services.h"
#include "dispatcher/server/watch.h"
#include "dispatcher/server/workers.h"
#include "grpc/support/time.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"

namespace housecall::server {
namespace {

// Larger than any request of ours: a card with every field full.
constexpr int kMaxMessageBytes = 4 * 1024 * 1024;
// A phone that is gone is noticed within two minutes, not after hours.
constexpr int kKeepaliveMilliseconds = 60 * 1000;
constexpr int kKeepaliveTimeoutMilliseconds = 20 * 1000;
// Who has not even said that he speaks gRPC by then holds a socket for nothing.
constexpr int kHandshakeTimeoutMilliseconds = 10 * 1000;
// Who asks for nothing for so long connects again when he does: a device that
// was put away holds no socket. Streams count as asking.
constexpr int kIdleMilliseconds = 15 * 60 * 1000;
// Requests and streams that are open on one connection. A gateway on another
// machine carries those of all its browsers over one, and each of the 20,000
// connections that it takes may have a stream and a request; beyond this, they
// would wait at the gateway's.
constexpr int kMaxStreamsOfConnection = 65'536;
// What gRPC may hold of all connections together, beyond which it reads from
// none until something is done: far more than a worst night takes, and less
// than a small machine has.
constexpr size_t kMaxTransportBytes = size_t{512} << 20;

// Answers a request whose bytes are none of its message.
class UnreadableRequest final : public grpc::experimental::Interceptor {
 public:
  using Point = grpc::experimental::InterceptionHookPoints;

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_MESSAGE) &&
        methods->GetRecvMessage() == nullptr) {
      unreadable_ = true;
    }
    if (unreadable_ &&
        methods->QueryInterceptionHookPoint(Point::PRE_SEND_STATUS)) {
      methods->ModifySendStatus(
          grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, kUnreadableRequest));
    }
    methods->Proceed();
  }

 private:
  bool unreadable_ = false;
};

class UnreadableRequests final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    using Type = grpc::experimental::ServerRpcInfo::Type;
    // Where the client streams, no message only means that it has no more.
    const bool one_request =
        info->type() == Type::UNARY || info->type() == Type::SERVER_STREAMING;
    return one_request ? new UnreadableRequest : nullptr;
  }
};

// An address literal of this machine, or its usual name: what a resolver makes
// of another name is not known before it is too late.
bool IsLoopback(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return false;
  const absl::string_view host = address.substr(0, colon);
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
           int number = -1;
           return absl::SimpleAtoi(part, &number) && number >= 0 &&
                  number <= 255;
         });
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
             &BIO_free);
}

// The first certificate of a PEM file. InvalidArgument, naming the file, if
// there is none: gRPC would only say that it cannot listen, or refuse every
// client.
absl::StatusOr<Certificate> ReadCertificate(const std::string& pem,
                                            const std::string& path) {
  Certificate certificate(
      PEM_read_bio_X509(BioOf(pem).get(), nullptr, nullptr, nullptr),
      &X509_free);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " does not begin with a PEM certificate"));
  }
  return certificate;
}

// InvalidArgument unless both are PEM and belong together.
absl::Status CheckPair(const std::string& certificate, const std::string& key,
                       const Options& options) {
  ASSIGN_OR_RETURN(const Certificate x509,
                   ReadCertificate(certificate, options.tls_certificate_file));
  // An encrypted key would ask for its password on the terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
      PEM_read_bio_PrivateKey(BioOf(key).get(), nullptr, +no_password, nullptr),
      &EVP_PKEY_free);
  if (pkey == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.tls_key_file, " holds no PEM key without a password"));
  }
  if (X509_check_private_key(x509.get(), pkey.get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.tls_key_file, " is not the key of the certificate ",
        options.tls_certificate_file));
  }
  return absl::OkStatus();
}

WatchLimits WatchLimitsOf(const Options& options) {
  WatchLimits limits;
  limits.stream.messages = options.watch_queue;
  limits.stream.bytes = options.watch_queue_bytes;
  limits.total_bytes = options.watch_total_bytes;
  limits.moves_interval = options.position_interval;
  return limits;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read the PEM file ", path));
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(
    const Options& options) {
  const bool certificate = !options.tls_certificate_file.empty();
  if (certificate != !options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "TLS needs both a certificate file and a key file: give both "
        "--tls_cert "
        "and --tls_key, or neither");
  }
  if (!certificate) {
    if (!options.tls_client_authority_file.empty()) {
      return absl::InvalidArgumentError(
          "client certificates need TLS: with --tls_client_ca give --tls_cert "
          "and --tls_key, too");
    }
    if (!IsLoopback(options.listen_address)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--listen: ", options.listen_address,
          " is not a loopback address with a port, such as 127.0.0.1:7443; to "
          "listen elsewhere give --tls_cert and --tls_key"));
    }
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions tls;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.cert_chain, ReadFile(options.tls_certificate_file));
  ASSIGN_OR_RETURN(pair.private_key, ReadFile(options.tls_key_file));
  RETURN_IF_ERROR(CheckPair(pair.cert_chain, pair.private_key, options));
  tls.pem_key_cert_pairs.push_back(std::move(pair));
  if (!options.tls_client_authority_file.empty()) {
    ASSIGN_OR_RETURN(tls.pem_root_certs,
                     ReadFile(options.tls_client_authority_file));
    RETURN_IF_ERROR(
        ReadCertificate(tls.pem_root_certs, options.tls_client_authority_file)
            .status());
    tls.client_certificate_request =
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(tls);
}

}  // namespace

// In the order in which they are made; the server goes first.
struct Server::Parts {
  Parts(engine::Engine* engine, const Options& options)
      : workers(options.worker_threads, options.worker_queue),
        logins(1, options.login_queue),
        hub(engine, WatchLimitsOf(options)),
        desk(engine, &workers, &logins) {
    services.push_back(MakeCallService(&desk));
    services.push_back(MakeBoardService(&desk, &hub));
    services.push_back(MakeVisitService(&desk, &hub));
    services.push_back(MakeRotaService(&desk));
    services.push_back(MakePatientService(&desk));
    services.push_back(MakeNoteService(&desk));
    services.push_back(MakeDirectoryService(&desk));
    services.push_back(MakeSessionService(&desk));
  }

  Workers workers;
  Workers logins;
  WatchHub hub;
  Desk desk;
  std::vector<std::unique_ptr<grpc::Service>> services;
  // Held while stopping, so that a second Shutdown waits for the first.
  Mutex stop_mutex;
  bool stopped HOUSECALL_GUARDED_BY(stop_mutex) = false;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(engine::Engine* engine,
                                                      Options options) {
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ServerCredentials> credentials,
                   CredentialsOf(options));
  auto parts = std::make_unique<Parts>(engine, options);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen_address, credentials, &parts->port);
  // Two daemons on one port would share its clients between two databases.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                             kKeepaliveMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             kHandshakeTimeoutMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             kIdleMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             kMaxStreamsOfConnection);
  builder.SetResourceQuota(
      grpc::ResourceQuota("server").Resize(kMaxTransportBytes));
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(std::make_unique<UnreadableRequests>());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  for (const std::unique_ptr<grpc::Service>& service : parts->services) {
    builder.RegisterService(service.get());
  }
  parts->server = builder.BuildAndStart();
  if (parts->server == nullptr || parts->port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options.listen_address,
        ": the port is in use or the address is not this machine's; choose "
        "another with --listen"));
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

StreamFigures Server::stream_figures() const {
  const WatchFigures figures = parts_->hub.figures();
  return {.streams = figures.watchers,
          .waiting_bytes = figures.waiting_bytes,
          .ended_laggards = figures.ended_laggards};
}

int Server::port() const { return parts_->port; }

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  grpc::ChannelArguments arguments;
  // Whoever gets the answer in the end has a limit of his own.
  arguments.SetMaxReceiveMessageSize(-1);
  return parts_->server->InProcessChannel(arguments);
}

void Server::Shutdown(absl::Duration grace) {
  MutexLock lock(parts_->stop_mutex);
  if (parts_->stopped) return;
  parts_->stopped = true;
  if (auto* health = parts_->server->GetHealthCheckService()) {
    health->SetServingStatus(false);
  }
  parts_->hub.Stop();
  // A span, which gRPC counts from now on.
  parts_->server->Shutdown(
      gpr_time_from_micros(absl::ToInt64Microseconds(grace), GPR_TIMESPAN));
  parts_->server->Wait();
}

}  // namespace housecall::server
