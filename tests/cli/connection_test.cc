#include "clients/cli/connection.h"

#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/board_service.pb.h"
#include "housecall/v1/call_service.pb.h"
#include "tests/cli/fake_server.h"
#include "tests/outbox/certificates.h"

namespace housecall::cli {
namespace {

using outbox::Certificate;
using outbox::MakeCertificate;
using ::testing::HasSubstr;

std::string KeyPem(const Certificate& certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, certificate.key.get(), nullptr, nullptr, 0,
                           nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    std::string path =
        (std::filesystem::temp_directory_path() / "housecall.XXXXXX").string();
    folder_ = mkdtemp(path.data());
  }
  ~ConnectionTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  grpc::Status GetCall(const Target& target) {
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        Connection::Open(target);
    EXPECT_TRUE(connection.ok()) << connection.status();
    v1::GetCallRequest request;
    v1::Call response;
    return (*connection)
        ->Call(*FindRpc("GetCall"), request,
               {.token = "t", .timeout = absl::Seconds(5), .tries = 1},
               &response);
  }

  std::string folder_;
};

TEST(IsLoopback, KnowsThisMachine) {
  for (const char* server :
       {"127.0.0.1:7443", "127.1.2.3:1", "localhost:7443", "[::1]:7443"}) {
    EXPECT_TRUE(IsLoopback(server)) << server;
  }
  for (const char* server :
       {"hq.example:7443", "10.0.0.1:7443", "127.0.0.1.example:7443",
        "127.evil:7443", "localhost.example:7443", "[::2]:7443", "127.0.0.1",
        "::1:7443", ""}) {
    EXPECT_FALSE(IsLoopback(server)) << server;
  }
}

TEST_F(ConnectionTest, RefusesAddressesThatAreNone) {
  for (const char* server : {"", "localhost", ":7443", "localhost:",
                             "localhost:0", "localhost:65536", "localhost:x",
                             "http://localhost:7443", "unix:/run/x:1"}) {
    const absl::Status status = Connection::Open({.server = server}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << server;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--server")) << server;
  }
}

TEST_F(ConnectionTest, SendsNoPasswordInTheClear) {
  const absl::Status status =
      Connection::Open({.server = "hq.example:7443"}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("TLS is needed"));
}

TEST_F(ConnectionTest, WantsCertificateAndKeyTogether) {
  const std::string file = Write("cert.pem", "x");
  EXPECT_THAT(
      std::string(Connection::Open({.server = "hq.example:1", .tls_cert = file})
                      .status()
                      .message()),
      HasSubstr("--tls-cert and --tls-key"));
  EXPECT_THAT(std::string(Connection::Open({.server = "hq.example:1",
                                            .tls_ca = folder_ + "/none.pem"})
                              .status()
                              .message()),
              HasSubstr("--tls-ca: cannot read"));
}

TEST_F(ConnectionTest, TrustsItsAuthorityAndNoOther) {
  const Certificate authority = MakeCertificate({.common_name = "center"});
  const Certificate other = MakeCertificate({.common_name = "other"});
  const Certificate leaf = MakeCertificate({.common_name = "server",
                                            .subject_alt_name = "IP:127.0.0.1",
                                            .issuer = &authority});
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({KeyPem(leaf), leaf.Pem()});
  FakeServer server(grpc::SslServerCredentials(options));
  server.On("GetCall", v1::Call());

  Target target;
  target.server = server.address();
  target.tls_ca = Write("ca.pem", authority.Pem());
  EXPECT_TRUE(GetCall(target).ok());
  target.tls_ca = Write("other.pem", other.Pem());
  EXPECT_EQ(GetCall(target).error_code(), grpc::StatusCode::UNAVAILABLE);
  // Without TLS nothing is understood, and the token is not sent.
  target.tls_ca.clear();
  EXPECT_TRUE(IsUncertain(GetCall(target)));
  EXPECT_EQ(server.requests().size(), 1u);
}

// Over a far or slow network a connection takes longer than any answer here: as
// long as the call's deadline allows.
TEST_F(ConnectionTest, WaitsForASlowConnectionUntilTheDeadline) {
  // The system accepts for it; nobody ever says a word.
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(silent, generic, size), 0);
  ASSERT_EQ(listen(silent, 8), 0);
  ASSERT_EQ(getsockname(silent, generic, &size), 0);
  const auto connection = Connection::Open(
      {.server = absl::StrCat("127.0.0.1:", ntohs(address.sin_port))});
  ASSERT_TRUE(connection.ok());
  v1::Call response;
  const grpc::Status status =
      (*connection)
          ->Call(*FindRpc("GetCall"), v1::GetCallRequest(),
                 {.timeout = absl::Milliseconds(500)}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED)
      << status.error_message();
  close(silent);
}

TEST_F(ConnectionTest, ReportsAnAnswerThatCannotBeRead) {
  FakeServer server;
  server.On("GetCall", [](const std::string&) {
    return FakeServer::Answer{grpc::Status::OK, {"\xFF\xFF"}, false};
  });
  EXPECT_EQ(GetCall({.server = server.address()}).error_code(),
            grpc::StatusCode::INTERNAL);
}

TEST_F(ConnectionTest, GivesAStreamUpThatIsSilent) {
  FakeServer server;
  server.On("WatchBoard", [](const std::string&) {
    return FakeServer::Answer{
        grpc::Status::OK, {v1::BoardUpdate().SerializeAsString()}, true};
  });
  const auto connection = Connection::Open({.server = server.address()});
  ASSERT_TRUE(connection.ok());
  int messages = 0;
  const grpc::Status status =
      (*connection)
          ->Stream(*FindRpc("WatchBoard"), v1::WatchBoardRequest(), {},
                   absl::Milliseconds(100), [&](const auto&) {
                     ++messages;
                     return true;
                   });
  EXPECT_EQ(messages, 1);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ConnectionTest, EndsAStreamWhenToldTo) {
  FakeServer server;
  server.On("WatchBoard", [](const std::string&) {
    return FakeServer::Answer{
        grpc::Status::OK, {v1::BoardUpdate().SerializeAsString()}, true};
  });
  const auto connection = Connection::Open({.server = server.address()});
  ASSERT_TRUE(connection.ok());
  EXPECT_TRUE((*connection)
                  ->Stream(*FindRpc("WatchBoard"), v1::WatchBoardRequest(), {},
                           absl::Minutes(1), [](const auto&) { return false; })
                  .ok());
}

}  // namespace
}  // namespace housecall::cli
