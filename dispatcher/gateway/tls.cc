#include "dispatcher/gateway/tls.h"

#include <openssl/ssl.h>

#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::gateway {
namespace {

namespace ssl = boost::asio::ssl;

constexpr unsigned char kHttp11[] = "\x08http/1.1";

int ChooseProtocol(SSL* /*ssl*/, const unsigned char** out,
                   unsigned char* out_size, const unsigned char* offered,
                   unsigned int offered_size, void* /*arg*/) {
  // A browser that offers only what is not spoken here is answered without a
  // choice, as one that offers nothing.
  return SSL_select_next_proto(const_cast<unsigned char**>(out), out_size,
                               kHttp11, sizeof(kHttp11) - 1, offered,
                               offered_size) == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_NOACK;
}

absl::Status Unusable(const std::string& path, absl::string_view what,
                      const boost::system::error_code& error) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, " cannot be used as ", what, ": ", error.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ssl::context>> MakeTlsContext(
    const Options& options) {
  const bool certificate = !options.tls_certificate_file.empty();
  if (certificate != !options.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "TLS needs both a certificate file and a key file: give both "
        "--tls_cert and --tls_key, or neither");
  }
  std::unique_ptr<ssl::context> context;
  if (!certificate) {
    if (!options.tls_client_authority_file.empty()) {
      return absl::InvalidArgumentError(
          "client certificates need TLS: with --tls_client_ca give --tls_cert "
          "and --tls_key, too");
    }
    return context;
  }
  context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_NO_COMPRESSION);
  // Thousands of streams say nothing for minutes; their buffers wait elsewhere.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, &ChooseProtocol, nullptr);
  // An encrypted key would ask for its password on the terminal.
  boost::system::error_code error;
  context->set_password_callback(
      [](size_t, ssl::context::password_purpose) { return std::string(); },
      error);
  context->use_certificate_chain_file(options.tls_certificate_file, error);
  if (error) {
    return Unusable(options.tls_certificate_file, "a PEM certificate", error);
  }
  context->use_private_key_file(options.tls_key_file, ssl::context::pem, error);
  if (error) {
    return Unusable(options.tls_key_file, "the certificate's PEM key", error);
  }
  if (!options.tls_client_authority_file.empty()) {
    context->load_verify_file(options.tls_client_authority_file, error);
    if (error) {
      return Unusable(options.tls_client_authority_file,
                      "PEM certificates of authorities", error);
    }
    SSL_CTX_set_verify(
        native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Sessions are resumed for this server only.
    constexpr unsigned char kSessions[] = "housecall-gateway";
    SSL_CTX_set_session_id_context(native, kSessions, sizeof(kSessions) - 1);
  }
  return context;
}

}  // namespace housecall::gateway
