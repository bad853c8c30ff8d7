#include "dispatcher/server/server.h"

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/services.h"
#include "dispatcher/server/watch.h"
#include "dispatcher/server/workers.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"

namespace housecall::server {
namespace {

// Larger than any request of ours: a card with every field full.
constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "127.") ||
         absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "[::1]:");
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
        "TLS needs both a certificate file and a key file");
  }
  if (!certificate) {
    if (!options.tls_client_authority_file.empty()) {
      return absl::InvalidArgumentError(
          "client certificates need TLS: give a certificate and a key file");
    }
    if (!IsLoopback(options.listen_address)) {
      return absl::InvalidArgumentError(absl::StrCat(
          options.listen_address,
          " is not a loopback address: give TLS files to listen there"));
    }
    return grpc::InsecureServerCredentials();
  }
  grpc::SslServerCredentialsOptions tls;
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.cert_chain, ReadFile(options.tls_certificate_file));
  ASSIGN_OR_RETURN(pair.private_key, ReadFile(options.tls_key_file));
  tls.pem_key_cert_pairs.push_back(std::move(pair));
  if (!options.tls_client_authority_file.empty()) {
    ASSIGN_OR_RETURN(tls.pem_root_certs,
                     ReadFile(options.tls_client_authority_file));
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
        hub(engine),
        desk(engine, &workers) {
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
  WatchHub hub;
  Desk desk;
  std::vector<std::unique_ptr<grpc::Service>> services;
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
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
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

int Server::port() const { return parts_->port; }

void Server::Shutdown(absl::Duration grace) {
  if (parts_->server == nullptr) return;
  if (auto* health = parts_->server->GetHealthCheckService()) {
    health->SetServingStatus(false);
  }
  parts_->hub.Stop();
  parts_->server->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  parts_->server->Wait();
  parts_->server = nullptr;
}

}  // namespace housecall::server
