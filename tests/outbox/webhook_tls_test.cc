// Certificates, against a TLS server with certificates made on the spot.
#include <httplib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/core/note.h"
#include "dispatcher/outbox/webhook_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/outbox/certificates.h"
#include "tests/outbox/raw_server.h"
#include "tests/outbox/sends.h"

namespace housecall::outbox {
namespace {

using core::SendResult;
using ::testing::StartsWith;

class TlsServer {
 public:
  explicit TlsServer(const Certificate& certificate)
      : server_(certificate.x509.get(), certificate.key.get()) {
    // See clients/cli/webhook_receiver.cc.
    server_.set_keep_alive_max_count(1);
    server_.Post("/hook", [](const httplib::Request&, httplib::Response& to) {
      to.status = 200;
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    EXPECT_GT(port_, 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~TlsServer() {
    server_.stop();
    thread_.join();
  }
  std::string url(absl::string_view host = "127.0.0.1") const {
    return absl::StrCat("https://", host, ":", port_, "/hook");
  }

 private:
  httplib::SSLServer server_;
  int port_ = 0;
  std::thread thread_;
};

// A file that goes with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(
            (std::filesystem::path(testing::TempDir()) /
             absl::StrCat("webhook_tls_test_", getpid(), "_", ++count_, ".pem"))
                .string()) {
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  static inline int count_ = 0;
  const std::string path_;
};

SendOutcome SendTo(const std::string& url, const std::string& ca_file = "") {
  static const RealClock clock;
  WebhookOptions options;
  options.ca_file = ca_file;
  auto channel = WebhookChannel::Create(&clock, options);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return SendAndWait(channel->get(), MessageTo(url));
}

TEST(WebhookChannelTls, RefusesACertificateThatSignedItself) {
  const TlsServer server(MakeCertificate(
      {.common_name = "clinic", .subject_alt_name = "IP:127.0.0.1"}));
  const SendOutcome outcome = SendTo(server.url());
  EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
  EXPECT_THAT(outcome.error, StartsWith("certificate refused: "));
}

TEST(WebhookChannelTls, DeliversIfThePrivateAuthorityIsGiven) {
  const Certificate authority = MakeCertificate({.common_name = "authority"});
  const TlsServer server(MakeCertificate({.common_name = "clinic",
                                          .subject_alt_name = "IP:127.0.0.1",
                                          .issuer = &authority}));
  EXPECT_EQ(SendTo(server.url()).result, SendResult::kPermanent);
  const TemporaryFile ca_file(authority.Pem());
  const SendOutcome outcome = SendTo(server.url(), ca_file.path());
  EXPECT_EQ(outcome.result, SendResult::kDelivered) << outcome;
}

TEST(WebhookChannelTls, RefusesACertificateForAnotherName) {
  const Certificate authority = MakeCertificate({.common_name = "authority"});
  const TemporaryFile ca_file(authority.Pem());
  const TlsServer server(
      MakeCertificate({.common_name = "127.0.0.1",
                       .subject_alt_name = "DNS:clinic.example",
                       .issuer = &authority}));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const SendOutcome outcome = SendTo(server.url(host), ca_file.path());
    EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
    EXPECT_THAT(outcome.error, StartsWith("certificate refused: "));
  }
}

TEST(WebhookChannelTls, RefusesACertificateOutOfItsTime) {
  const Certificate authority = MakeCertificate({.common_name = "authority"});
  const TemporaryFile ca_file(authority.Pem());
  const absl::Time now = absl::Now();
  const TlsServer expired(
      MakeCertificate({.common_name = "clinic",
                       .subject_alt_name = "IP:127.0.0.1",
                       .issuer = &authority,
                       .not_before = now - absl::Hours(48),
                       .not_after = now - absl::Hours(24)}));
  const TlsServer early(MakeCertificate({.common_name = "clinic",
                                         .subject_alt_name = "IP:127.0.0.1",
                                         .issuer = &authority,
                                         .not_before = now + absl::Hours(24),
                                         .not_after = now + absl::Hours(48)}));
  for (const TlsServer* server : {&expired, &early}) {
    const SendOutcome outcome = SendTo(server->url(), ca_file.path());
    EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
    EXPECT_THAT(outcome.error, StartsWith("certificate refused: "));
  }
}

TEST(WebhookChannelTls, RefusesACertificateOfAnotherAuthority) {
  const Certificate authority = MakeCertificate({.common_name = "authority"});
  const Certificate other = MakeCertificate({.common_name = "authority"});
  const TemporaryFile ca_file(other.Pem());
  const TlsServer server(MakeCertificate({.common_name = "clinic",
                                          .subject_alt_name = "IP:127.0.0.1",
                                          .issuer = &authority}));
  const SendOutcome outcome = SendTo(server.url(), ca_file.path());
  EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
}

TEST(WebhookChannelTls, TriesAgainWhereThePortSpeaksNoTls) {
  const RawServer server([](RawConnection& connection) {
    connection.Write("HTTP/1.1 400 This Is Not TLS\r\n\r\n");
    connection.WaitForClose();
  });
  const SendOutcome outcome =
      SendTo(absl::StrCat("https://127.0.0.1:", server.port(), "/hook"));
  EXPECT_EQ(outcome.result, SendResult::kTransient) << outcome;
}

TEST(WebhookChannelTls, RefusesToStartWithAFileThatHoldsNoCertificate) {
  const RealClock clock;
  for (const char* content : {"", "not a certificate\n",
                              "-----BEGIN CERTIFICATE-----\nAAAA\n"
                              "-----END CERTIFICATE-----\n"}) {
    const TemporaryFile ca_file(content);
    WebhookOptions options;
    options.ca_file = ca_file.path();
    EXPECT_TRUE(absl::IsInvalidArgument(
        WebhookChannel::Create(&clock, options).status()))
        << content;
  }
}

}  // namespace
}  // namespace housecall::outbox
