#include "dispatcher/outbox/webhook_channel.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/webhook_receiver.h"
#include "clients/cli/webhook_receiver_key.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/note.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/outbox/raw_server.h"
#include "tests/outbox/sends.h"

namespace housecall::outbox {
namespace {

using cli::WebhookReceiver;
using core::SendResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// 2026-11-21 02:00 in Tokyo.
const absl::Time kNow = absl::FromUnixSeconds(1795194000);

WebhookOptions LoopbackOptions() {
  WebhookOptions options;
  options.allow_loopback_http = true;
  // Nothing on loopback takes that long unless it is meant to.
  options.connect_timeout = absl::Seconds(10);
  options.timeout = absl::Seconds(15);
  return options;
}

class WebhookChannelTest : public testing::Test {
 protected:
  std::unique_ptr<WebhookChannel> MakeChannel(
      WebhookOptions options = LoopbackOptions()) {
    auto channel = WebhookChannel::Create(&clock_, std::move(options));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *std::move(channel);
  }

  std::unique_ptr<WebhookReceiver> MakeReceiver() {
    cli::WebhookReceiverOptions options;
    options.secret = kTestSecret;
    options.now = [this] { return clock_.Now(); };
    auto receiver = WebhookReceiver::Start(std::move(options));
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    return *std::move(receiver);
  }

  // What comes of one push to a server that gives this answer.
  SendOutcome OutcomeOf(const std::string& answer,
                        WebhookOptions options = LoopbackOptions()) {
    RawServer server(answer);
    return SendAndWait(MakeChannel(std::move(options)).get(),
                       MessageTo(server.url()));
  }

  SimulatedClock clock_{kNow};
};

std::string Answer(int status, absl::string_view reason,
                   absl::string_view headers = "",
                   absl::string_view body = "") {
  return absl::StrCat("HTTP/1.1 ", status, " ", reason, "\r\n", headers,
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

// The value of a header in a raw request; empty if there is none.
std::string HeaderOf(const std::string& request, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(request, "\r\n")) {
    if (absl::StartsWithIgnoreCase(line, absl::StrCat(name, ":"))) {
      return std::string(
          absl::StripAsciiWhitespace(line.substr(name.size() + 1)));
    }
  }
  return "";
}

// --- The request -------------------------------------------------------------

TEST_F(WebhookChannelTest, DeliversToAReceiverThatVerifiesTheSignature) {
  const auto receiver = MakeReceiver();
  const auto channel = MakeChannel();
  const OutboundMessage message =
      MessageTo(receiver->url(), "centers/hino/deliveries/d-1");

  const SendOutcome outcome = SendAndWait(channel.get(), message);

  EXPECT_EQ(outcome.result, SendResult::kDelivered) << outcome;
  EXPECT_THAT(outcome.error, IsEmpty());
  EXPECT_TRUE(outcome.attempted);
  ASSERT_THAT(receiver->Received(), SizeIs(1));
  EXPECT_EQ(receiver->Received()[0].id, "centers/hino/deliveries/d-1");
  EXPECT_EQ(receiver->Received()[0].body, message.body.Reveal());
}

TEST_F(WebhookChannelTest, PostsJsonWithTheHeadersOfTheSpecification) {
  RawServer server(Answer(204, "No Content"));
  const auto channel = MakeChannel();
  const OutboundMessage message = MessageTo(server.url("/in?for=hino"));

  SendAndWait(channel.get(), message);

  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests()[0];
  EXPECT_THAT(request, StartsWith("POST /in?for=hino HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "webhook-id"), "m-1");
  EXPECT_EQ(HeaderOf(request, "webhook-timestamp"),
            absl::StrCat(absl::ToUnixSeconds(kNow)));
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_EQ(body, message.body.Reveal());
  EXPECT_TRUE(cli::WebhookReceiverKey::Parse(kTestSecret)
                  ->Verify({"m-1", HeaderOf(request, "webhook-timestamp"),
                            HeaderOf(request, "webhook-signature")},
                           body, kNow)
                  .ok());
}

TEST_F(WebhookChannelTest, KeepsTheIdAndRenewsTheTimestampAtEveryTry) {
  RawServer server(Answer(503, "Service Unavailable"));
  const auto channel = MakeChannel();
  SendAndWait(channel.get(), MessageTo(server.url()));
  clock_.Advance(absl::Hours(1));
  SendAndWait(channel.get(), MessageTo(server.url()));

  const std::vector<std::string> requests = server.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(HeaderOf(requests[0], "webhook-id"),
            HeaderOf(requests[1], "webhook-id"));
  EXPECT_EQ(HeaderOf(requests[1], "webhook-timestamp"),
            absl::StrCat(absl::ToUnixSeconds(kNow + absl::Hours(1))));
  EXPECT_NE(HeaderOf(requests[0], "webhook-signature"),
            HeaderOf(requests[1], "webhook-signature"));
}

TEST_F(WebhookChannelTest, SendsALargeBodyAsAWholeAndAtOnce) {
  RawServer server(Answer(200, "OK"));
  OutboundMessage message = MessageTo(server.url());
  message.body = PrivateText("\"" + std::string(2'000'000, 'x') + "\"");
  EXPECT_EQ(SendAndWait(MakeChannel().get(), message).result,
            SendResult::kDelivered);
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_TRUE(absl::EndsWith(server.requests()[0], message.body.Reveal()));
  // libcurl would ask for leave first, and wait a second for it.
  EXPECT_EQ(HeaderOf(server.requests()[0], "Expect"), "");
}

TEST_F(WebhookChannelTest, IgnoresProxiesOfTheEnvironment) {
  RawServer proxy(Answer(200, "OK"));
  RawServer server(Answer(200, "OK"));
  setenv("http_proxy", proxy.url("").c_str(), /*overwrite=*/1);
  setenv("ALL_PROXY", proxy.url("").c_str(), /*overwrite=*/1);
  const SendOutcome outcome =
      SendAndWait(MakeChannel().get(), MessageTo(server.url()));
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_EQ(outcome.result, SendResult::kDelivered) << outcome;
  EXPECT_EQ(proxy.connections(), 0);
  EXPECT_EQ(server.connections(), 1);
}

// --- Answers -----------------------------------------------------------------

TEST_F(WebhookChannelTest, ClassifiesEveryStatus) {
  const struct {
    int status;
    SendResult result;
  } rows[] = {
      {200, SendResult::kDelivered}, {201, SendResult::kDelivered},
      {202, SendResult::kDelivered}, {204, SendResult::kDelivered},
      {299, SendResult::kDelivered}, {300, SendResult::kPermanent},
      {304, SendResult::kPermanent}, {400, SendResult::kPermanent},
      {401, SendResult::kPermanent}, {403, SendResult::kPermanent},
      {404, SendResult::kPermanent}, {408, SendResult::kTransient},
      {409, SendResult::kPermanent}, {410, SendResult::kPermanent},
      {413, SendResult::kPermanent}, {422, SendResult::kPermanent},
      {425, SendResult::kTransient}, {429, SendResult::kTransient},
      {499, SendResult::kPermanent}, {500, SendResult::kTransient},
      {502, SendResult::kTransient}, {503, SendResult::kTransient},
      {504, SendResult::kTransient}, {599, SendResult::kTransient},
  };
  for (const auto& row : rows) {
    const SendOutcome outcome = OutcomeOf(
        // 204 and 304 have no body, and no length either.
        row.status == 204 || row.status == 304
            ? absl::StrCat("HTTP/1.1 ", row.status, " Some Reason\r\n\r\n")
            : Answer(row.status, "Some Reason"));
    EXPECT_EQ(outcome.result, row.result) << row.status << " " << outcome;
    EXPECT_TRUE(outcome.attempted);
    if (row.result != SendResult::kDelivered) {
      EXPECT_EQ(outcome.error,
                absl::StrCat("HTTP ", row.status, " Some Reason"));
    }
  }
}

TEST_F(WebhookChannelTest, KeepsTheReceiversExactError) {
  EXPECT_EQ(
      OutcomeOf(Answer(422, "Unprocessable Entity", "",
                       "患者番号 4711 は登録されていません\n"))
          .error,
      "HTTP 422 Unprocessable Entity: 患者番号 4711 は登録されていません");
  EXPECT_EQ(OutcomeOf("HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n").error,
            "HTTP 500");
}

TEST_F(WebhookChannelTest, CutsALongErrorAt500Bytes) {
  const SendOutcome outcome =
      OutcomeOf(Answer(400, "Bad Request " + std::string(1000, 'y'), "",
                       "no: " + std::string(5000, 'z')));
  EXPECT_THAT(outcome.error, StartsWith("HTTP 400 Bad Request yyy"));
  EXPECT_THAT(outcome.error, HasSubstr("…: no: zzz"));
  EXPECT_TRUE(absl::EndsWith(outcome.error, "zzz…"));
  EXPECT_THAT(outcome.error, SizeIs(500));
}

TEST_F(WebhookChannelTest, WritesNoControlCharactersIntoTheError) {
  const std::string error =
      OutcomeOf(Answer(400, "Bad\x1B[31m", "", std::string("a\0b\x07\xFF", 5)))
          .error;
  EXPECT_EQ(error,
            "HTTP 400 Bad\xEF\xBF\xBD[31m: a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(WebhookChannelTest, FollowsNoRedirect) {
  RawServer elsewhere(Answer(200, "OK"));
  for (int status : {301, 302, 303, 307, 308}) {
    const SendOutcome outcome = OutcomeOf(Answer(
        status, "Moved", absl::StrCat("Location: ", elsewhere.url(), "\r\n")));
    EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
  }
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST_F(WebhookChannelTest, PassesRetryAfterOnWithinBounds) {
  const struct {
    const char* header;
    absl::Duration wait;
  } rows[] = {
      {"Retry-After: 120\r\n", absl::Seconds(120)},
      {"retry-after:  7 \r\n", absl::Seconds(7)},
      // 90 s after kNow.
      {"Retry-After: Fri, 20 Nov 2026 17:01:30 GMT\r\n", absl::Seconds(90)},
      {"Retry-After: Fri, 20 Nov 2020 17:01:30 GMT\r\n", absl::ZeroDuration()},
      {"Retry-After: 999999999999\r\n", absl::Hours(1)},
      {"Retry-After: -5\r\n", absl::ZeroDuration()},
      {"Retry-After: soon\r\n", absl::ZeroDuration()},
      {"Retry-After:\r\n", absl::ZeroDuration()},
      {"", absl::ZeroDuration()},
  };
  for (const auto& row : rows) {
    for (int status : {429, 503}) {
      const SendOutcome outcome = OutcomeOf(Answer(status, "Wait", row.header));
      EXPECT_EQ(outcome.retry_after, row.wait) << row.header << outcome;
      EXPECT_EQ(outcome.result, SendResult::kTransient);
    }
  }
  EXPECT_EQ(OutcomeOf(Answer(404, "Gone", "Retry-After: 120\r\n")).retry_after,
            absl::ZeroDuration());
}

TEST_F(WebhookChannelTest, TakesTheFinalAnswerAfterInterimOnes) {
  EXPECT_EQ(OutcomeOf(absl::StrCat("HTTP/1.1 103 Early Hints\r\n\r\n",
                                   Answer(422, "No Such Patient")))
                .error,
            "HTTP 422 No Such Patient");
}

// --- No answer ---------------------------------------------------------------

TEST_F(WebhookChannelTest, TriesAgainWhereNobodyListens) {
  const SendOutcome outcome = SendAndWait(
      MakeChannel().get(),
      MessageTo(absl::StrCat("http://127.0.0.1:", ClosedPort(), "/hook")));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error, StartsWith("not reached: "));
}

TEST_F(WebhookChannelTest, TriesAgainAfterAnythingThatIsNoAnswer) {
  const struct {
    const char* name;
    std::string bytes;
  } rows[] = {
      {"closed at once", ""},
      {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n"},
      {"cut in the status line", "HTTP/1.1 20"},
      {"cut in the headers", "HTTP/1.1 200 OK\r\nServer: x\r\n"},
      {"interim answer only", "HTTP/1.1 102 Processing\r\n\r\n"},
  };
  for (const auto& row : rows) {
    RawServer server([&row](RawConnection& connection) {
      connection.ReadRequest();
      connection.Write(row.bytes);
    });
    const SendOutcome outcome =
        SendAndWait(MakeChannel().get(), MessageTo(server.url()));
    EXPECT_EQ(outcome.result, SendResult::kTransient) << row.name << outcome;
    EXPECT_THAT(outcome.error, StartsWith("no answer: ")) << row.name;
    EXPECT_TRUE(outcome.attempted) << row.name;
  }
}

// libcurl takes each of these for "200".
TEST_F(WebhookChannelTest, TakesNoLineThatItCannotReadForAYes) {
  for (const char* line : {"HTTP/\x8a"
                           "1.1 503 Service Unavailable",
                           "HTTP/1.1 2x0 OK", "HTTP/1.1 OK", "HTTP/one 200 OK",
                           "HTTp/1.0 410 Gone"}) {
    RawServer server([line](RawConnection& connection) {
      connection.ReadRequest();
      connection.Write(absl::StrCat(line, "\r\nContent-Length: 0\r\n\r\n"));
    });
    const SendOutcome outcome =
        SendAndWait(MakeChannel().get(), MessageTo(server.url()));
    EXPECT_EQ(outcome.result, SendResult::kTransient) << line << outcome;
    EXPECT_FALSE(outcome.error.empty()) << line;
  }
}

TEST_F(WebhookChannelTest, TimesOutWhereNoAnswerComes) {
  RawServer server(
      [](RawConnection& connection) { connection.WaitForClose(); });
  WebhookOptions options = LoopbackOptions();
  options.timeout = absl::Milliseconds(100);
  const SendOutcome outcome =
      SendAndWait(MakeChannel(options).get(), MessageTo(server.url()));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error, StartsWith("timed out: "));
  EXPECT_TRUE(outcome.attempted);
}

TEST_F(WebhookChannelTest, TimesOutWhereTheAnswerTrickles) {
  RawServer server([](RawConnection& connection) {
    connection.Write("HTTP/1.1 200 OK\r\n");
    connection.WaitForClose();
  });
  WebhookOptions options = LoopbackOptions();
  options.timeout = absl::Milliseconds(100);
  const SendOutcome outcome =
      SendAndWait(MakeChannel(options).get(), MessageTo(server.url()));
  EXPECT_EQ(outcome.result, SendResult::kTransient) << outcome;
}

// --- Answers without end -----------------------------------------------------

// So that only the bound on what is read can end them.
WebhookOptions PatientOptions() {
  WebhookOptions options = LoopbackOptions();
  options.timeout = absl::Minutes(10);
  options.waiting_timeout = absl::Minutes(10);
  return options;
}

// Sends `head` and then `chunk` until the peer has had enough.
RawServer::Serve Endless(std::string head, std::string chunk) {
  return [head = std::move(head),
          chunk = std::move(chunk)](RawConnection& connection) {
    connection.ReadRequest();
    if (!connection.Write(head)) return;
    while (connection.Write(chunk)) {
    }
  };
}

TEST_F(WebhookChannelTest, ReadsNoEndlessBody) {
  RawServer server(
      Endless("HTTP/1.1 500 Broken\r\n\r\n", std::string(64 * 1024, 'z')));
  const SendOutcome outcome =
      SendAndWait(MakeChannel(PatientOptions()).get(), MessageTo(server.url()));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error,
              AllOf(StartsWith("HTTP 500 Broken: zzz"), SizeIs(500)));
}

TEST_F(WebhookChannelTest, CountsTheStatusLineOfAnEndlessOrBrokenAnswer) {
  RawServer endless(
      Endless("HTTP/1.1 200 OK\r\n\r\n", std::string(64 * 1024, 'z')));
  EXPECT_EQ(
      SendAndWait(MakeChannel(PatientOptions()).get(), MessageTo(endless.url()))
          .result,
      SendResult::kDelivered);

  RawServer cut([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\n{");
  });
  EXPECT_EQ(SendAndWait(MakeChannel().get(), MessageTo(cut.url())).result,
            SendResult::kDelivered);

  RawServer stalled([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{");
    connection.WaitForClose();
  });
  WebhookOptions options = LoopbackOptions();
  options.timeout = absl::Milliseconds(200);
  EXPECT_EQ(
      SendAndWait(MakeChannel(options).get(), MessageTo(stalled.url())).result,
      SendResult::kDelivered);
}

TEST_F(WebhookChannelTest, ReadsNoEndlessHeaders) {
  RawServer server(
      Endless("HTTP/1.1 200 OK\r\n",
              absl::StrCat("X-More: ", std::string(1000, 'h'), "\r\n")));
  const SendOutcome outcome =
      SendAndWait(MakeChannel(PatientOptions()).get(), MessageTo(server.url()));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error, StartsWith("headers of the answer without end"));
}

// --- Private things stay private ---------------------------------------------

// Every log line of a scope.
class LogCapture {
 public:
  LogCapture() {
    SetLogSink([this](LogLevel, absl::string_view line) {
      MutexLock lock(mutex_);
      absl::StrAppend(&text_, line, "\n");
    });
  }
  ~LogCapture() { SetLogSink(nullptr); }
  std::string text() {
    MutexLock lock(mutex_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::string text_ HOUSECALL_GUARDED_BY(mutex_);
};

TEST_F(WebhookChannelTest, LetsNothingOfTheMessageIntoErrorsOrLogs) {
  LogCapture log;
  // Answers with all that it got, its secret, and the finding in other guises.
  RawServer server([](RawConnection& connection) {
    for (;;) {
      const std::string request = connection.ReadRequest();
      if (request.empty()) return;
      const std::string body = absl::StrCat(
          "secret ", kTestSecret, " finding ", kTestFinding, " part ",
          absl::string_view(kTestFinding).substr(6, 12), " got ", request);
      if (!connection.Write(
              Answer(400, absl::StrCat("Bad ", kTestFinding), "", body))) {
        return;
      }
    }
  });
  const auto channel = MakeChannel();
  const SendOutcome outcome = SendAndWait(
      channel.get(), MessageTo(server.url("/in/token-4711?key=abcdef")));
  EXPECT_THAT(outcome.error, StartsWith("HTTP 400 Bad […]: secret […]"));
  for (const std::string& text : {outcome.error, log.text()}) {
    EXPECT_THAT(text, Not(HasSubstr(kTestFinding)));
    EXPECT_THAT(text, Not(HasSubstr("肺炎")));
    EXPECT_THAT(text, Not(HasSubstr("MfKQ9r8G")));
    EXPECT_THAT(text, Not(HasSubstr("token-4711")));
    EXPECT_THAT(text, Not(HasSubstr("abcdef")));
  }
}

TEST_F(WebhookChannelTest, LetsNoEscapedCopyOfTheNoteIntoTheError) {
  const SendOutcome outcome = OutcomeOf(Answer(
      400, "Bad Request", "",
      R"({"error":"invalid","value":"\u8aa4\u56a5\u6027\u80ba\u708e"})"));
  EXPECT_EQ(outcome.error,
            R"(HTTP 400 Bad Request: {"error":"invalid","value":"[…]"})");
}

// --- Messages that cannot be sent --------------------------------------------

TEST_F(WebhookChannelTest, RefusesWithoutSendingWhatAPersonMustMend) {
  RawServer server(Answer(200, "OK"));
  const auto channel = MakeChannel();

  OutboundMessage bad_secret = MessageTo(server.url());
  bad_secret.secret = PrivateText("hunter2-hunter2");
  OutboundMessage bad_id = MessageTo(server.url(), "a.b");
  OutboundMessage injected_id = MessageTo(server.url(), "a\r\nX-Evil: 1");
  OutboundMessage bad_url = MessageTo("https://user:hunter2@clinic.example/");
  for (const OutboundMessage& message :
       {bad_secret, bad_id, injected_id, bad_url}) {
    const SendOutcome outcome = SendAndWait(channel.get(), message);
    EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
    // It counts as a try, so that the next channel gets its turn.
    EXPECT_TRUE(outcome.attempted);
    EXPECT_THAT(outcome.error, Not(IsEmpty()));
    EXPECT_THAT(outcome.error, Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(WebhookChannelTest, SendsToLoopbackOverHttpOnlyIfAllowed) {
  RawServer server(Answer(200, "OK"));
  WebhookOptions options = LoopbackOptions();
  options.allow_loopback_http = false;
  const SendOutcome outcome =
      SendAndWait(MakeChannel(options).get(), MessageTo(server.url()));
  EXPECT_EQ(outcome.result, SendResult::kPermanent) << outcome;
  EXPECT_EQ(server.connections(), 0);
}

TEST(ValidateWebhookUrl, TakesHttpsAddresses) {
  for (const char* url :
       {"https://clinic.example", "https://clinic.example/in?center=hino",
        "https://clinic.example:8443/in", "https://192.0.2.7/in",
        "https://[2001:db8::7]/in", "HTTPS://Clinic.Example/",
        "https://127.0.0.1/in", "https://診療所.example/in"}) {
    EXPECT_TRUE(ValidateWebhookUrl(url).ok())
        << url << " " << ValidateWebhookUrl(url);
  }
}

TEST(ValidateWebhookUrl, RefusesEverythingElse) {
  const std::string long_url =
      absl::StrCat("https://clinic.example/", std::string(2000, 'a'));
  for (const std::string& url :
       {std::string(),
        std::string("clinic.example/in"),
        std::string("https://"),

        std::string("https://clinic.example:0/"),
        std::string("https://clinic.example:99999/"),
        std::string("http://clinic.example/in"),
        std::string("http://192.0.2.7/in"),
        std::string("ftp://clinic.example"),
        std::string("file:///etc/passwd"),
        std::string("gopher://127.0.0.1/"),
        std::string("javascript:alert(1)"),
        std::string("https://user@clinic.example/"),
        std::string("https://user:password@clinic.example/"),
        std::string("https://clinic.example/in#part"),
        std::string("https://clinic.example/a b"),
        std::string("https://clinic.example/a\nb"),
        std::string("https://clinic.example/\0.evil", 29),
        std::string("http://localhost.clinic.example/"),
        std::string("http://128.0.0.1/"),
        std::string("http://[::2]/"),
        long_url}) {
    // Neither with nor without the exception for loopback.
    for (bool allow_loopback_http : {false, true}) {
      const absl::Status status = ValidateWebhookUrl(url, allow_loopback_http);
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << url << " " << status;
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr("password@")));
    }
  }
}

TEST(ValidateWebhookUrl, TakesHttpToThisMachineOnlyIfAllowed) {
  for (const char* url :
       {"http://127.0.0.1:8099/in", "http://127.9.8.7/", "http://localhost/in",
        "http://LOCALHOST:80/", "http://[::1]:8099/in"}) {
    EXPECT_TRUE(ValidateWebhookUrl(url, /*allow_loopback_http=*/true).ok())
        << url;
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateWebhookUrl(url))) << url;
  }
}

TEST(WebhookChannelOptions, AreRefusedWhereTheyMakeNoSense) {
  const SimulatedClock clock(kNow);
  WebhookOptions no_timeout;
  no_timeout.timeout = absl::ZeroDuration();
  WebhookOptions endless;
  endless.connect_timeout = absl::InfiniteDuration();
  WebhookOptions no_place;
  no_place.max_in_flight = 0;
  WebhookOptions no_place_each;
  no_place_each.max_in_flight_per_receiver = 0;
  WebhookOptions backwards;
  backwards.max_retry_after = absl::Seconds(-1);
  WebhookOptions no_file;
  no_file.ca_file = "no/such/file.pem";
  for (const WebhookOptions& options :
       {no_timeout, endless, no_place, no_place_each, backwards, no_file}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        WebhookChannel::Create(&clock, options).status()));
  }
  EXPECT_THAT(
      std::string(WebhookChannel::Create(&clock, no_file).status().message()),
      HasSubstr("no/such/file.pem"));
}

// --- Receivers that hang -----------------------------------------------------

TEST_F(WebhookChannelTest, DeliversToOthersWhileAReceiverHangs) {
  RawServer hanging(
      [](RawConnection& connection) { connection.WaitForClose(); });
  const auto receiver = MakeReceiver();
  const WebhookOptions options = PatientOptions();
  Outcomes stuck;
  Outcomes outcomes;
  const auto channel = MakeChannel(options);

  // Far more than may be under way at once to one receiver.
  for (int i = 0; i < 50; ++i) {
    channel->Send(MessageTo(hanging.url(), absl::StrCat("stuck-", i)),
                  stuck.Collect());
  }
  ASSERT_TRUE(hanging.WaitForConnections(options.max_in_flight_per_receiver));

  for (int i = 0; i < 20; ++i) {
    channel->Send(MessageTo(receiver->url(), absl::StrCat("m-", i)),
                  outcomes.Collect());
  }
  for (const SendOutcome& outcome : outcomes.Wait(20)) {
    EXPECT_EQ(outcome.result, SendResult::kDelivered) << outcome;
  }
  EXPECT_EQ(stuck.count(), 0);
  EXPECT_EQ(hanging.connections(), options.max_in_flight_per_receiver);
}

TEST_F(WebhookChannelTest, GivesEveryReceiverATurnWhenPlacesAreFew) {
  auto busy = MakeReceiver();
  auto other = MakeReceiver();
  // The channel goes through them in the order of their names.
  if (other->url() < busy->url()) std::swap(busy, other);
  cli::ReceiverBehaviour slow;
  slow.delay = absl::Milliseconds(20);
  busy->SetBehaviour(slow);
  WebhookOptions options = LoopbackOptions();
  options.max_in_flight = 1;
  Outcomes busy_outcomes;
  const auto channel = MakeChannel(options);

  for (int i = 0; i < 20; ++i) {
    channel->Send(MessageTo(busy->url(), absl::StrCat("m-", i)),
                  busy_outcomes.Collect());
  }
  EXPECT_EQ(SendAndWait(channel.get(), MessageTo(other->url())).result,
            SendResult::kDelivered);
  EXPECT_LT(busy_outcomes.count(), 20);
  busy_outcomes.Wait(20);
  EXPECT_THAT(busy->Received(), SizeIs(20));
}

TEST_F(WebhookChannelTest, ReturnsUnattemptedWhatWaitsTooLongBehindOthers) {
  RawServer hanging(
      [](RawConnection& connection) { connection.WaitForClose(); });
  WebhookOptions options = PatientOptions();
  options.waiting_timeout = absl::Milliseconds(50);
  options.max_in_flight_per_receiver = 1;
  Outcomes stuck;
  const auto channel = MakeChannel(options);

  channel->Send(MessageTo(hanging.url(), "first"), stuck.Collect());
  ASSERT_TRUE(hanging.WaitForConnections(1));
  const SendOutcome outcome =
      SendAndWait(channel.get(), MessageTo(hanging.url(), "second"));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_FALSE(outcome.attempted);
  EXPECT_THAT(outcome.error, HasSubstr("waited 50ms"));
  EXPECT_EQ(stuck.count(), 0);
  EXPECT_EQ(hanging.connections(), 1);
}

TEST_F(WebhookChannelTest, AnswersWithinTheTimeThatItPromises) {
  RawServer hanging(
      [](RawConnection& connection) { connection.WaitForClose(); });
  WebhookOptions options = LoopbackOptions();
  options.timeout = absl::Milliseconds(200);
  options.waiting_timeout = absl::Milliseconds(300);
  options.max_in_flight_per_receiver = 1;
  Outcomes outcomes;
  const auto channel = MakeChannel(options);
  EXPECT_EQ(channel->max_send_duration(), absl::Milliseconds(500));

  const absl::Time start = absl::Now();
  for (int i = 0; i < 10; ++i) {
    channel->Send(MessageTo(hanging.url(), absl::StrCat("m-", i)),
                  outcomes.Collect());
  }
  int attempted = 0;
  for (const SendOutcome& outcome : outcomes.Wait(10)) {
    EXPECT_EQ(outcome.result, SendResult::kTransient) << outcome;
    attempted += outcome.attempted;
  }
  // One at once, one in the place of the first, no third within 300 ms.
  EXPECT_GE(attempted, 1);
  EXPECT_LE(attempted, 2);
  // Half a second promised; the rest is for a loaded machine.
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

// --- Threads and the end -----------------------------------------------------

TEST_F(WebhookChannelTest, TakesMessagesFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  const auto receiver = MakeReceiver();
  Outcomes outcomes;
  const auto channel = MakeChannel();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        channel->Send(MessageTo(receiver->url(), absl::StrCat("m-", t, "-", i)),
                      outcomes.Collect());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const SendOutcome& outcome : outcomes.Wait(kThreads * kEach)) {
    EXPECT_EQ(outcome.result, SendResult::kDelivered) << outcome;
  }
  EXPECT_THAT(receiver->Received(), SizeIs(kThreads * kEach));
}

TEST_F(WebhookChannelTest, LetsACallbackSendTheNextMessage) {
  const auto receiver = MakeReceiver();
  Outcomes outcomes;
  const auto channel = MakeChannel();
  channel->Send(MessageTo(receiver->url(), "first"), [&](SendOutcome) {
    channel->Send(MessageTo(receiver->url(), "second"), outcomes.Collect());
  });
  EXPECT_EQ(outcomes.Wait(1)[0].result, SendResult::kDelivered);
  EXPECT_THAT(receiver->Received(), SizeIs(2));
}

TEST_F(WebhookChannelTest, CompletesEverySendExactlyOnceWhenStopped) {
  RawServer hanging(
      [](RawConnection& connection) { connection.WaitForClose(); });
  const WebhookOptions options = PatientOptions();
  Outcomes outcomes;
  const auto channel = MakeChannel(options);
  constexpr int kMessages = 20;
  std::vector<int> calls(kMessages, 0);
  for (int i = 0; i < kMessages; ++i) {
    channel->Send(MessageTo(hanging.url(), absl::StrCat("m-", i)),
                  [&calls, i, done = outcomes.Collect()](SendOutcome outcome) {
                    ++calls[i];
                    done(std::move(outcome));
                  });
  }
  ASSERT_TRUE(hanging.WaitForConnections(options.max_in_flight_per_receiver));

  channel->Stop();

  ASSERT_EQ(outcomes.count(), kMessages);
  EXPECT_THAT(calls, testing::Each(1));
  int attempted = 0;
  for (const SendOutcome& outcome : outcomes.Wait(kMessages)) {
    EXPECT_EQ(outcome.result, SendResult::kTransient);
    EXPECT_THAT(outcome.error, HasSubstr("the server is stopping"));
    attempted += outcome.attempted;
  }
  EXPECT_EQ(attempted, options.max_in_flight_per_receiver);

  channel->Stop();
  Outcomes late;
  channel->Send(MessageTo(hanging.url(), "late"), late.Collect());
  ASSERT_EQ(late.count(), 1);
  EXPECT_EQ(late.Wait(1)[0].result, SendResult::kTransient);
  EXPECT_FALSE(late.Wait(1)[0].attempted);
  EXPECT_EQ(outcomes.count(), kMessages);
}

TEST_F(WebhookChannelTest, CompletesSendsThatRaceWithStop) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  RawServer hanging(
      [](RawConnection& connection) { connection.WaitForClose(); });
  const WebhookOptions options = PatientOptions();
  Outcomes outcomes;
  {
    const auto channel = MakeChannel(options);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          channel->Send(MessageTo(hanging.url(), absl::StrCat("m-", i)),
                        outcomes.Collect());
        }
      });
    }
    threads.emplace_back([&] { channel->Stop(); });
    channel->Stop();
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(outcomes.count(), kThreads * kEach);
}

}  // namespace
}  // namespace housecall::outbox
