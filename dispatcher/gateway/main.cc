// housecall-gateway: browsers' way to a dispatcher on another machine.

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/gateway/gateway.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:7480",
          "Where to serve browsers. Without TLS a loopback address only; port "
          "0: any.");
ABSL_FLAG(std::string, port_file, "",
          "Writes the port to this file once browsers are served.");
ABSL_FLAG(std::string, tls_cert, "", "PEM file of the gateway's certificate.");
ABSL_FLAG(std::string, tls_key, "", "PEM file of its key.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file of the authorities of browsers' certificates, if those are "
          "demanded.");
ABSL_FLAG(std::string, web_root, "",
          "The folder with the screens, as their build left them; empty: "
          "browsers get no page, only answers to calls.");
ABSL_FLAG(std::vector<std::string>, web_origin, {},
          "Where browsers reach the screens, such as https://center.example, "
          "if a reverse proxy is in front; several with commas.");
ABSL_FLAG(std::string, dispatcher, "", "The dispatcher's address, HOST:PORT.");
ABSL_FLAG(std::string, dispatcher_ca, "",
          "PEM file of the authority that the dispatcher has its certificate "
          "from; empty: those that this machine trusts.");
ABSL_FLAG(std::string, dispatcher_cert, "",
          "PEM file of the certificate that the dispatcher demands, if so.");
ABSL_FLAG(std::string, dispatcher_key, "", "PEM file of its key.");
ABSL_FLAG(bool, dispatcher_plain, false,
          "Speak to the dispatcher without TLS, on this machine only.");

namespace housecall::gateway {
namespace {

constexpr char kUsage[] =
    R"(Browsers' way to a dispatcher on another machine.

  housecall-gateway --dispatcher=HOST:PORT [--dispatcher_ca=FILE]
      [--listen=ADDRESS:PORT] [--tls_cert=FILE --tls_key=FILE]
      [--web_root=FOLDER]
      Serves browsers until SIGTERM or SIGINT.

`housecall-gateway --help=main` lists every flag.)";

constexpr int kUsageError = 2;

absl::StatusOr<std::string> ReadFile(absl::string_view flag,
                                     const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, ": cannot read ", path));
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ConnectToDispatcher() {
  const std::string address = absl::GetFlag(FLAGS_dispatcher);
  grpc::ChannelArguments arguments;
  // A browser decides for itself what it takes.
  arguments.SetMaxReceiveMessageSize(-1);
  if (address.empty()) {
    return absl::InvalidArgumentError(
        "--dispatcher: say where it is, such as dispatcher.example:7443");
  }
  if (absl::GetFlag(FLAGS_dispatcher_plain)) {
    const std::string host = address.substr(0, address.rfind(':'));
    if (host != "127.0.0.1" && host != "localhost" && host != "[::1]") {
      return absl::InvalidArgumentError(
          "--dispatcher_plain: only for a dispatcher on 127.0.0.1, [::1] or "
          "localhost");
    }
    return grpc::CreateCustomChannel(
        address, grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::SslCredentialsOptions tls;
  ASSIGN_OR_RETURN(
      tls.pem_root_certs,
      ReadFile("dispatcher_ca", absl::GetFlag(FLAGS_dispatcher_ca)));
  ASSIGN_OR_RETURN(
      tls.pem_cert_chain,
      ReadFile("dispatcher_cert", absl::GetFlag(FLAGS_dispatcher_cert)));
  ASSIGN_OR_RETURN(
      tls.pem_private_key,
      ReadFile("dispatcher_key", absl::GetFlag(FLAGS_dispatcher_key)));
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(tls),
                                   arguments);
}

absl::Status Serve() {
  // Before any thread is started, so that only this one is told.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  // Each browser that watches keeps a socket open.
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                   ConnectToDispatcher());
  Options options;
  options.listen_address = absl::GetFlag(FLAGS_listen);
  options.tls_certificate_file = absl::GetFlag(FLAGS_tls_cert);
  options.tls_key_file = absl::GetFlag(FLAGS_tls_key);
  options.tls_client_authority_file = absl::GetFlag(FLAGS_tls_client_ca);
  options.web_root = absl::GetFlag(FLAGS_web_root);
  options.origins = absl::GetFlag(FLAGS_web_origin);
  ASSIGN_OR_RETURN(const std::unique_ptr<Gateway> gateway,
                   Gateway::Start(channel, options));
  HC_LOG(kInfo, "serving_browsers").With("port", gateway->port());
  if (const std::string path = absl::GetFlag(FLAGS_port_file); !path.empty()) {
    std::ofstream file(path);
    file << gateway->port() << std::endl;
    if (!file) {
      return absl::InvalidArgumentError(
          absl::StrCat("--port_file: cannot write ", path));
    }
  }

  int signal = 0;
  sigwait(&signals, &signal);
  HC_LOG(kInfo, "stopping").With("signal", static_cast<int64_t>(signal));
  gateway->Shutdown(absl::Seconds(5));
  HC_LOG(kInfo, "stopped");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  if (absl::ParseCommandLine(argc, argv).size() != 1) {
    std::fprintf(stderr, "%s\n", kUsage);
    return kUsageError;
  }
  const absl::Status status = Serve();
  if (status.ok()) return 0;
  std::fprintf(stderr, "housecall-gateway: %s\n",
               std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kUsageError : 1;
}

}  // namespace
}  // namespace housecall::gateway

int main(int argc, char** argv) { return housecall::gateway::Main(argc, argv); }
