#include "dispatcher/gateway/gateway.h"

#include <sys/resource.h>

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/gateway/served_gateway.h"
#include "tests/outbox/certificates.h"
#include "tests/store/temporary_folder.h"

namespace housecall::gateway {
namespace {

using testing::CallText;
using ::testing::ElementsAre;
using testing::Frame;
using testing::Frames;
using testing::FramesOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RawClient;
using testing::Response;

constexpr char kOrigin[] = "Origin: http://center";

class GatewayTest : public testing::ServedGateway {};

TEST_F(GatewayTest, AnswersAUnaryCallInOnePiece) {
  Start();
  const Response response = Call("Echo", Frame("hello"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "application/grpc-web+proto");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  EXPECT_EQ(response.Header("X-Content-Type-Options"), "nosniff");
  const Frames frames = FramesOf(response.body);
  EXPECT_THAT(frames.messages, ElementsAre("hello"));
  EXPECT_EQ(frames.trailers, "grpc-status: 0\r\n");
}

TEST_F(GatewayTest, CarriesAnyNumberOfMessagesBothWays) {
  Start();
  EXPECT_THAT(FramesOf(Call("Echo", "").body).messages, ElementsAre(""));
  EXPECT_THAT(
      FramesOf(Call("Echo", Frame("a") + Frame("") + Frame("b")).body).messages,
      ElementsAre("ab"));
  const Frames none = FramesOf(Call("Count", Frame("0 1")).body);
  EXPECT_THAT(none.messages, IsEmpty());
  EXPECT_EQ(none.trailers, "grpc-status: 0\r\n");
  const Frames many = FramesOf(Call("Count", Frame("3000 5")).body);
  ASSERT_EQ(many.messages.size(), 3000u);
  EXPECT_EQ(many.messages[2999], "2999.");
  const std::string large(3 << 20, 'x');
  EXPECT_EQ(FramesOf(Call("Echo", Frame(large)).body).messages[0], large);
}

// gRPC's own limit is for what a client takes; a browser decides for itself.
TEST_F(GatewayTest, CarriesAnswersOfAnySize) {
  Start();
  const Response response = Call("Count", Frame("2 9000000"));
  const Frames frames = FramesOf(response.body);
  EXPECT_THAT(frames.trailers, HasSubstr("grpc-status: 0\r\n"));
  ASSERT_EQ(frames.messages.size(), 2u);
  EXPECT_EQ(frames.messages[0].size(), 9'000'000u);
  EXPECT_EQ(frames.messages[1].substr(0, 2), "1.");
}

TEST_F(GatewayTest, SendsEachMessageOfAStreamWhenItComes) {
  Start();
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Tick", Frame(""))));
  const std::optional<Response> head = client.ReceiveHead();
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->Header("Transfer-Encoding"), "chunked");
  for (int i = 0; i < 3; ++i) {
    // The server is told to go on only once this one is here.
    const std::optional<std::string> chunk = client.ReceiveChunk();
    ASSERT_TRUE(chunk.has_value());
    EXPECT_THAT(FramesOf(*chunk).messages, ElementsAre("tick"));
    dispatcher_.AwaitWritten(i + 1);
    dispatcher_.Tick();
  }
}

TEST_F(GatewayTest, PassesOnHowACallFailed) {
  Options options;
  options.response_metadata = {"reason", "reason-bin", "shown"};
  Start(options);
  const Frames frames = FramesOf(Call("Fail", Frame("")).body);
  EXPECT_THAT(frames.trailers, HasSubstr("grpc-status: 7\r\n"));
  EXPECT_THAT(frames.trailers, HasSubstr("grpc-message: not 100%25%0D%0A%E5"));
  EXPECT_THAT(frames.trailers, HasSubstr("\r\nreason: tired\r\n"));
  EXPECT_THAT(frames.trailers, HasSubstr("\r\nreason-bin: AP8\r\n"));
  EXPECT_THAT(frames.trailers, Not(HasSubstr("inside")));
  const Response response = Call("Echo", Frame(""));
  EXPECT_EQ(response.Header("shown"), "yes");
  EXPECT_EQ(response.Header("inside"), "");
}

TEST_F(GatewayTest, LetsThroughAuthorizationAndNothingElse) {
  Start();
  const Response response =
      Call("Metadata", Frame(""),
           {"Authorization: Bearer x", "X-Secret: y", "grpc-timeout: 30S",
            "housecall-session-carrier: cookie", "Accept-Language: ja"});
  const std::string seen = FramesOf(response.body).messages.at(0);
  EXPECT_THAT(seen, HasSubstr("authorization=Bearer x\n"));
  EXPECT_THAT(seen, Not(HasSubstr("secret")));
  EXPECT_THAT(seen, Not(HasSubstr("carrier")));
  EXPECT_THAT(seen, Not(HasSubstr("language")));
}

TEST_F(GatewayTest, EndsACallAtItsDeadline) {
  Start();
  const Frames frames =
      FramesOf(Call("Hang", Frame(""), {"grpc-timeout: 20m"}).body);
  EXPECT_THAT(frames.trailers, HasSubstr("grpc-status: 4\r\n"));
  EXPECT_THAT(FramesOf(Call("Echo", "", {"grpc-timeout: soon"}).body).trailers,
              HasSubstr("grpc-status: 3\r\n"));
  // Longer than the clocks go.
  EXPECT_THAT(
      FramesOf(Call("Echo", "", {"grpc-timeout: 99999999H"}).body).trailers,
      HasSubstr("grpc-status: 0\r\n"));
}

TEST_F(GatewayTest, AnswersManyCallsOnOneConnection) {
  Start();
  RawClient client(gateway_->port());
  // The second is sent before the first is answered.
  ASSERT_TRUE(
      client.Send(CallText("Echo", Frame("1")) + CallText("Echo", Frame("2"))));
  for (const char* text : {"1", "2"}) {
    const std::optional<Response> response = client.Receive();
    ASSERT_TRUE(response.has_value());
    EXPECT_THAT(FramesOf(response->body).messages, ElementsAre(text));
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.Send(CallText("Echo", Frame("x"))));
    ASSERT_TRUE(client.Receive().has_value());
  }
}

// The second request comes in two halves, before and after the first answer.
TEST_F(GatewayTest, PutsARequestTogetherThatCameBesideAnAnswer) {
  Start();
  RawClient client(gateway_->port());
  const std::string second = CallText("Echo", Frame("one and two"));
  const size_t half = second.size() - 5;
  ASSERT_TRUE(client.Send(CallText("Hang", Frame(""), {"grpc-timeout: 50m"}) +
                          second.substr(0, half)));
  ASSERT_TRUE(client.Receive().has_value());
  ASSERT_TRUE(client.Send(second.substr(half)));
  const std::optional<Response> response = client.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(FramesOf(response->body).messages, ElementsAre("one and two"));
}

TEST_F(GatewayTest, HoldsThousandsOfIdleStreams) {
  constexpr size_t kStreams = 2000;
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < 3 * kStreams) {
    GTEST_SKIP() << "only " << limit.rlim_cur << " files may be open";
  }
  Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<RawClient>(gateway_->port()));
    ASSERT_TRUE(clients.back()->Send(CallText("Tick", Frame(""))));
    ASSERT_TRUE(clients.back()->ReceiveHead().has_value());
    ASSERT_TRUE(clients.back()->ReceiveChunk().has_value());
  }
  EXPECT_EQ(gateway_->connections(), kStreams);
  // Others are answered beside them.
  EXPECT_THAT(FramesOf(Call("Echo", Frame("x")).body).messages,
              ElementsAre("x"));
  gateway_->StopAccepting();
  dispatcher_.Shutdown();
  for (const auto& client : clients) {
    const std::optional<std::string> chunk = client->ReceiveChunk();
    ASSERT_TRUE(chunk.has_value());
    EXPECT_THAT(FramesOf(*chunk).trailers, HasSubstr("grpc-status: "));
  }
}

// --- Sessions ---------------------------------------------------------------

TEST_F(GatewayTest, KeepsABrowsersSessionInACookie) {
  Start();
  const Response in = Call("LogIn", Frame(""), {kOrigin});
  EXPECT_EQ(in.Header("Set-Cookie"),
            "housecall-session=hc1.token; Path=/; HttpOnly; SameSite=Strict; "
            "Max-Age=3600");
  EXPECT_THAT(in.body, Not(HasSubstr("hc1.token")));
  EXPECT_THAT(in.head, Not(HasSubstr("housecall-session-token")));
  EXPECT_THAT(FramesOf(in.body).messages, ElementsAre("welcome"));

  const std::string cookie = "Cookie: housecall-session=hc1.token";
  EXPECT_THAT(Call("Metadata", Frame(""), {kOrigin, cookie}).body,
              HasSubstr("authorization=Bearer hc1.token\n"));
  EXPECT_THAT(Call("Metadata", Frame(""),
                   {kOrigin, cookie, "Authorization: Bearer mine"})
                  .body,
              Not(HasSubstr("hc1.token")));
  EXPECT_EQ(Call("Metadata", Frame(""), {cookie}).status, 403);

  const Response out = Call("LogOut", Frame(""), {kOrigin, cookie});
  EXPECT_THAT(out.Header("Set-Cookie"), HasSubstr("housecall-session=;"));
  EXPECT_THAT(out.Header("Set-Cookie"), HasSubstr("Max-Age=0"));
}

TEST_F(GatewayTest, SetsNoCookieWhereNoneIsDue) {
  Start();
  // Refused.
  EXPECT_EQ(Call("Refuse", Frame(""), {kOrigin}).Header("Set-Cookie"), "");
  // No browser: the token stands in the answer.
  const Response program = Call("LogIn", Frame(""));
  EXPECT_EQ(program.Header("Set-Cookie"), "");
  EXPECT_THAT(FramesOf(program.body).messages,
              ElementsAre("welcome hc1.token"));
}

// --- Readers who are slow or gone -------------------------------------------

TEST_F(GatewayTest, CancelsTheCallOfABrowserThatHasGone) {
  Start();
  {
    RawClient client(gateway_->port());
    ASSERT_TRUE(client.Send(CallText("Hang", Frame(""))));
    dispatcher_.AwaitCalls(1);
  }
  dispatcher_.AwaitCancelled(1);
  // Half-open: it says that it will send no more.
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Hang", Frame(""))));
  dispatcher_.AwaitCalls(2);
  client.HalfClose();
  dispatcher_.AwaitCancelled(2);
  EXPECT_TRUE(client.AwaitEnd());
}

TEST_F(GatewayTest, ReadsNoMoreThanASlowBrowserTakes) {
  Options options;
  options.write_timeout = absl::Milliseconds(300);
  options.min_bytes_per_second = 1 << 30;
  Start(options);
  // 4 GB, of which it never takes anything.
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Count", Frame("65536 65536"))));
  dispatcher_.AwaitCancelled(1);
  // What fits into the sockets' buffers.
  EXPECT_LT(dispatcher_.written(), 1000);
}

TEST_F(GatewayTest, SendsEverythingToABrowserThatIsSlow) {
  Start();
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Count", Frame("2000 20000"))));
  // It begins to read when the server has met a full pipe.
  dispatcher_.AwaitWritten(20);
  const std::optional<Response> response = client.Receive();
  ASSERT_TRUE(response.has_value());
  const Frames frames = FramesOf(response->body);
  ASSERT_EQ(frames.messages.size(), 2000u);
  EXPECT_EQ(frames.messages[1999].substr(0, 5), "1999.");
}

// --- The end ----------------------------------------------------------------

TEST_F(GatewayTest, LetsAnswersEndWhenItStops) {
  Start();
  RawClient idle(gateway_->port());
  ASSERT_TRUE(idle.Send(CallText("Echo", Frame("x"))));
  ASSERT_TRUE(idle.Receive().has_value());
  RawClient busy(gateway_->port());
  ASSERT_TRUE(busy.Send(CallText("Tick", Frame(""))));
  ASSERT_TRUE(busy.ReceiveHead().has_value());
  gateway_->StopAccepting();
  EXPECT_TRUE(idle.AwaitEnd());
  // As housecalld does: the server ends its streams.
  dispatcher_.Shutdown();
  std::string body;
  while (const std::optional<std::string> chunk = busy.ReceiveChunk()) {
    if (chunk->empty()) break;
    body += *chunk;
  }
  EXPECT_THAT(FramesOf(body).trailers, HasSubstr("grpc-status: "));
  EXPECT_TRUE(busy.AwaitEnd());
  gateway_->Shutdown(absl::Seconds(60));
  EXPECT_EQ(gateway_->connections(), 0u);
}

// A call whose body comes when the server has shut down already.
TEST_F(GatewayTest, StartsNoCallOnceItHasStopped) {
  Start();
  RawClient client(gateway_->port());
  const std::string text =
      CallText("Echo", Frame("late"), {"Expect: 100-continue"});
  const size_t body = text.find("\r\n\r\n") + 4;
  ASSERT_TRUE(client.Send(text.substr(0, body)));
  ASSERT_EQ(client.Receive().value_or(Response()).status, 100);
  gateway_->StopAccepting();
  dispatcher_.Shutdown();
  ASSERT_TRUE(client.Send(text.substr(body)));
  const std::optional<Response> response = client.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(FramesOf(response->body).trailers,
              HasSubstr("grpc-status: 14\r\n"));
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_EQ(dispatcher_.calls(), 0);
}

TEST_F(GatewayTest, CancelsWhatIsLeftWhenItsGraceIsOver) {
  Start();
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Hang", Frame(""))));
  dispatcher_.AwaitCalls(1);
  gateway_->Shutdown(absl::ZeroDuration());
  dispatcher_.AwaitCancelled(1);
  EXPECT_EQ(gateway_->connections(), 0u);
}

TEST_F(GatewayTest, StandsInFrontOfADispatcherElsewhere) {
  Start({}, dispatcher_.Loopback());
  EXPECT_THAT(FramesOf(Call("Echo", Frame("far")).body).messages,
              ElementsAre("far"));
  dispatcher_.Shutdown();
  EXPECT_THAT(FramesOf(Call("Echo", Frame("far")).body).trailers,
              HasSubstr("grpc-status: 14\r\n"));
}

// --- Files, TLS, options ----------------------------------------------------

class GatewayFilesTest : public GatewayTest {
 protected:
  void Put(const std::string& name, const std::string& text) {
    std::ofstream(folder_.File(name), std::ios::binary) << text;
  }
  Response Get(const std::string& target, const std::string& header = "",
               bool tls = false, const std::string& verb = "GET") {
    RawClient client(gateway_->port(), tls);
    EXPECT_TRUE(client.Send(absl::StrCat(
        verb, " ", target, " HTTP/1.1\r\nHost: center\r\n", header, "\r\n")));
    return client.Receive(verb != "HEAD").value_or(Response());
  }

  store::testing::TemporaryFolder folder_;
};

TEST_F(GatewayFilesTest, ServesTheScreens) {
  Put("index.html", "<!doctype html>");
  Options options;
  options.web_root = folder_.path();
  Start(options);
  const Response page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_THAT(page.Header("Content-Security-Policy"), HasSubstr("'none'"));
  EXPECT_EQ(
      Get("/", absl::StrCat("If-None-Match: ", page.Header("ETag"), "\r\n"))
          .status,
      304);
  EXPECT_EQ(Get("/", "", false, "HEAD").Header("Content-Length"), "15");
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/", "", false, "OPTIONS").status, 405);
}

TEST_F(GatewayFilesTest, SpeaksTls) {
  const outbox::Certificate authority =
      outbox::MakeCertificate({.common_name = "authority"});
  const outbox::Certificate leaf = outbox::MakeCertificate(
      {.subject_alt_name = "IP:127.0.0.1", .issuer = &authority});
  Put("cert.pem", leaf.Pem());
  Put("key.pem", leaf.KeyPem());
  Put("index.html", "<!doctype html>");
  Options options;
  options.web_root = folder_.path();
  options.tls_certificate_file = folder_.File("cert.pem");
  options.tls_key_file = folder_.File("key.pem");
  Start(options);
  const Response page = Get("/", "", true);
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_NE(page.Header("Strict-Transport-Security"), "");
  RawClient client(gateway_->port(), true);
  ASSERT_TRUE(
      client.Send(CallText("LogIn", Frame(""), {"Origin: https://center"})));
  const std::optional<Response> in = client.Receive();
  ASSERT_TRUE(in.has_value());
  EXPECT_THAT(in->Header("Set-Cookie"),
              HasSubstr("__Host-housecall-session=hc1.token"));
  EXPECT_THAT(in->Header("Set-Cookie"), HasSubstr("; Secure"));
  // A stream, and a browser that goes in the midst of it.
  ASSERT_TRUE(client.Send(CallText("Tick", Frame(""))));
  ASSERT_TRUE(client.ReceiveHead().has_value());
  client.HalfClose();
  dispatcher_.AwaitCancelled(1);
  // Who has all of an answer is told that it was all, so that nobody on the way
  // can cut one short.
  RawClient whole(gateway_->port(), true);
  ASSERT_TRUE(whole.Send(CallText("Echo", Frame("x"), {"Connection: close"})));
  ASSERT_TRUE(whole.Receive().has_value());
  EXPECT_TRUE(whole.AwaitEnd());
  EXPECT_TRUE(whole.was_closed_in_order());
  // Plain HTTP gets no answer.
  RawClient plain(gateway_->port());
  ASSERT_TRUE(plain.Send("GET / HTTP/1.1\r\nHost: center\r\n\r\n"));
  EXPECT_FALSE(plain.Receive().has_value());
}

TEST_F(GatewayFilesTest, DoesNotStartWithWrongOptions) {
  Put("x.pem", "x");
  const std::string pem = folder_.File("x.pem");
  const auto message = [&](const std::function<void(Options&)>& spoil) {
    Options options;
    spoil(options);
    return std::string(
        Gateway::Start(dispatcher_.InProcess(), options).status().message());
  };
  EXPECT_THAT(message([](Options& o) { o.listen_address = "0.0.0.0:0"; }),
              HasSubstr("loopback"));
  EXPECT_THAT(message([](Options& o) { o.listen_address = "here"; }),
              HasSubstr("here"));
  EXPECT_THAT(message([](Options& o) { o.listen_address = "127.0.0.1:99999"; }),
              HasSubstr("99999"));
  EXPECT_THAT(message([&](Options& o) { o.tls_certificate_file = pem; }),
              HasSubstr("--tls_key"));
  EXPECT_THAT(message([&](Options& o) {
                o.tls_certificate_file = pem;
                o.tls_key_file = pem;
              }),
              HasSubstr("x.pem"));
  EXPECT_THAT(message([&](Options& o) { o.tls_client_authority_file = pem; }),
              HasSubstr("--tls_client_ca"));
  EXPECT_THAT(
      message([&](Options& o) { o.web_root = folder_.File("missing"); }),
      HasSubstr("missing"));
  EXPECT_THAT(message([](Options& o) { o.origins = {"center.example"}; }),
              HasSubstr("center.example"));
  Start();
  Options taken;
  taken.listen_address = absl::StrCat("127.0.0.1:", gateway_->port());
  EXPECT_EQ(Gateway::Start(dispatcher_.InProcess(), taken).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace housecall::gateway
