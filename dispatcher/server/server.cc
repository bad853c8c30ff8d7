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
#include "dispatcher/base/status_macros.h"
#include "dispatcher/server/services.h"
#include "dispatcher/server/watch.h"
#include "dispatcher/server/workers.h"
#include "grpc/support/time.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"

namespace housecall::server {
namespace {

// Larger than any request of ours: a card with every field full.
constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

// An address literal of this machine, or its usual name: what a resolver makes
// of another name is not known before it is too late.
bool IsLoopback(absl::string_view address) {
  const absl::string_view host = address.substr(0, address.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(parts.begin(), parts.end(), [](absl::string_view part) {
           int number = -1;
           return absl::SimpleAtoi(part, &number) && number >= 0 &&
                  number <= 255;
         });
}

// InvalidArgument unless both are PEM and belong together: gRPC would only say
// that it cannot listen.
absl::Status CheckPair(const std::string& certificate, const std::string& key,
                       const Options& options) {
  const auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> x509(
      PEM_read_bio_X509(memory(certificate).get(), nullptr, nullptr, nullptr),
      &X509_free);
  if (x509 == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.tls_certificate_file,
                     " does not begin with a PEM certificate"));
  }
  // An encrypted key would ask for its password on the terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
      PEM_read_bio_PrivateKey(memory(key).get(), nullptr, +no_password,
                              nullptr),
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
  RETURN_IF_ERROR(CheckPair(pair.cert_chain, pair.private_key, options));
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
    services.push_back(MakeBoardService(&desk, &hub, options.watch_queue));
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
  // A span, which gRPC counts from now on.
  parts_->server->Shutdown(
      gpr_time_from_micros(absl::ToInt64Microseconds(grace), GPR_TIMESPAN));
  parts_->server->Wait();
  parts_->server = nullptr;
}

}  // namespace housecall::server
