// What no browser sends.

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/gateway/served_gateway.h"

namespace housecall::gateway {
namespace {

using testing::CallText;
using testing::Frame;
using testing::FramesOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using testing::Response;

class HostileTest : public testing::ServedGateway {};

// Two requests in one to whoever reads them wrongly.
TEST_F(HostileTest, IsNotSmuggledAnything) {
  Start();
  const std::string head =
      "POST /housecall.v1.Test/Echo HTTP/1.1\r\nHost: center\r\n"
      "Content-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\n";
  const std::string second = CallText("Echo", Frame("smuggled"));
  const std::pair<std::string, int> rows[] = {
      {head +
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {head +
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       400},
      {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
      {head + "Content-Length: 5, 5\r\n\r\n", 400},
      {head + "Content-Length: +5\r\n\r\n", 400},
      {head + "Content-Length: -1\r\n\r\n", 400},
      {head + "Content-Length: 0x5\r\n\r\n", 400},
      {head + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {head + "Content-Length : 5\r\n\r\n", 400},
      {head + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {head + "Transfer-Encoding: chunked, identity\r\n\r\n", 400},
      {head + "Transfer-Encoding : chunked\r\n\r\n", 400},
      {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"
              "\r\n",
       400},
      {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
      {head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
      {head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400},
      {head + "Bad Name: x\r\n\r\n", 400},
      {head + "X: a\nY: b\r\n\r\n", 400},
      {head + "X: a\rb\r\n\r\n", 400},
      {head + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"POST /housecall.v1.Test/Echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
       400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: center\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: center\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: center\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: center\r\n\r\n", 400},
      {"GET http://center/ HTTP/1.1\r\nHost: center\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: center\r\nContent-Length: 5\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
  };
  for (const auto& [text, status] : rows) {
    RawClient client(gateway_->port());
    client.Send(text + second);
    const std::optional<Response> response = client.Receive();
    ASSERT_TRUE(response.has_value()) << text;
    EXPECT_EQ(response->status, status) << text;
    EXPECT_EQ(response->Header("Connection"), "close") << text;
    // And nothing else is answered.
    EXPECT_TRUE(client.AwaitEnd()) << text;
  }
  EXPECT_EQ(dispatcher_.calls(), 0);
}

TEST_F(HostileTest, TakesChunkedBodies) {
  Start();
  const std::string body = Frame("hello");
  RawClient client(gateway_->port());
  std::string text =
      "POST /housecall.v1.Test/Echo HTTP/1.1\r\nHost: center\r\n"
      "Content-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  for (const char byte : body) {
    absl::StrAppend(&text, "1;x=y\r\n", std::string(1, byte), "\r\n");
  }
  absl::StrAppend(&text, "0\r\n\r\n");
  // Byte after byte.
  for (const char byte : text) {
    ASSERT_TRUE(client.Send(std::string(1, byte)));
  }
  const std::optional<Response> response = client.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_THAT(FramesOf(response->body).messages,
              ::testing::ElementsAre("hello"));
}

TEST_F(HostileTest, SaysThatItIsReadyForABody) {
  Start();
  RawClient client(gateway_->port());
  const std::string text =
      CallText("Echo", Frame("hello"), {"Expect: 100-continue"});
  const size_t body = text.find("\r\n\r\n") + 4;
  ASSERT_TRUE(client.Send(text.substr(0, body)));
  EXPECT_EQ(client.Receive().value_or(Response()).status, 100);
  ASSERT_TRUE(client.Send(text.substr(body)));
  EXPECT_EQ(client.Receive().value_or(Response()).status, 200);
}

TEST_F(HostileTest, RefusesGiants) {
  Options options;
  options.max_message_bytes = 1000;
  Start(options);
  {
    RawClient client(gateway_->port());
    client.Send(
        CallText("Echo", "", {absl::StrCat("X: ", std::string(20'000, 'x'))}));
    EXPECT_EQ(client.Receive().value_or(Response()).status, 431);
  }
  {
    RawClient client(gateway_->port());
    std::vector<std::string> headers;
    for (int i = 0; i < 5000; ++i)
      headers.push_back(absl::StrCat("H", i, ": x"));
    client.Send(CallText("Echo", "", headers));
    EXPECT_EQ(client.Receive().value_or(Response()).status, 431);
  }
  const auto trailers = [this](const std::string& body) {
    return FramesOf(Call("Echo", body).body).trailers;
  };
  EXPECT_THAT(trailers(Frame(std::string(1000, 'x'))),
              HasSubstr("grpc-status: 0\r\n"));
  EXPECT_THAT(trailers(Frame(std::string(1001, 'x'))),
              HasSubstr("grpc-status: 8\r\n"));
  // In chunks its size is known only when it has come.
  RawClient client(gateway_->port());
  std::string text =
      "POST /housecall.v1.Test/Echo HTTP/1.1\r\nHost: center\r\n"
      "Content-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&text, "64\r\n", std::string(100, 'x'), "\r\n");
  }
  client.Send(text);
  EXPECT_THAT(FramesOf(client.Receive().value_or(Response()).body).trailers,
              HasSubstr("grpc-status: 8\r\n"));
  EXPECT_EQ(dispatcher_.calls(), 1);
}

// Each of them is small enough; all together they are not.
TEST_F(HostileTest, HoldsNoMoreOfAllRequestsThanItMay) {
  Options options;
  options.max_held_bytes = 100'000;
  Start(options);
  const std::string large = Frame(std::string(90'000, 'x'));
  const auto trailers = [](const Response& response) {
    return FramesOf(response.body).trailers;
  };
  {
    RawClient slow(gateway_->port());
    const std::string text = CallText("Echo", large);
    ASSERT_TRUE(slow.Send(text.substr(0, text.size() - 1)));
    while (gateway_->held_bytes() < 70'000) std::this_thread::yield();
    const Response refused = Call("Echo", large);
    EXPECT_THAT(trailers(refused), HasSubstr("grpc-status: 8\r\n"));
    EXPECT_THAT(trailers(refused), HasSubstr("try again"));
    EXPECT_EQ(refused.Header("Connection"), "close");
    // What people send as a rule gets through.
    EXPECT_THAT(trailers(Call("Echo", Frame(std::string(10'000, 'x')))),
                HasSubstr("grpc-status: 0\r\n"));
    ASSERT_TRUE(slow.Send(text.substr(text.size() - 1)));
    EXPECT_THAT(trailers(slow.Receive().value_or(Response())),
                HasSubstr("grpc-status: 0\r\n"));
    EXPECT_EQ(gateway_->held_bytes(), 0u);
    // One who goes in the midst of it.
    ASSERT_TRUE(slow.Send(text.substr(0, text.size() - 1)));
    while (gateway_->held_bytes() < 70'000) std::this_thread::yield();
  }
  while (gateway_->held_bytes() > 0) std::this_thread::yield();
  // A call without an answer holds what it was asked, a stream does not.
  RawClient hanging(gateway_->port());
  ASSERT_TRUE(hanging.Send(CallText("Hang", large)));
  dispatcher_.AwaitCalls(3);
  EXPECT_GT(gateway_->held_bytes(), 70'000u);
  hanging.HalfClose();
  dispatcher_.AwaitCancelled(1);
  while (gateway_->held_bytes() > 0) std::this_thread::yield();
  RawClient stream(gateway_->port());
  ASSERT_TRUE(stream.Send(CallText("Tick", large)));
  ASSERT_TRUE(stream.ReceiveHead().has_value());
  EXPECT_EQ(gateway_->held_bytes(), 0u);
}

TEST_F(HostileTest, RefusesBodiesThatAreNoFrames) {
  Start();
  for (const auto& [body, status] : std::vector<std::pair<std::string, int>>{
           {"x", 3},
           {std::string("\0\0\0\0\5a", 6), 3},
           {std::string("\x80\0\0\0\0", 5), 3},
           {std::string("\1\0\0\0\0", 5), 12}}) {
    const Response response = Call("Echo", body);
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(FramesOf(response.body).trailers,
                HasSubstr(absl::StrCat("grpc-status: ", status, "\r\n")));
  }
  EXPECT_EQ(dispatcher_.calls(), 0);
}

TEST_F(HostileTest, WaitsForNobodyWhoTakesHisTime) {
  Options options;
  options.header_timeout = absl::Milliseconds(100);
  options.body_timeout = absl::Milliseconds(100);
  options.idle_timeout = absl::Milliseconds(100);
  Start(options);
  const std::string text = CallText("Echo", Frame("x"));
  for (const std::string& begun :
       {std::string(), std::string("P"), text.substr(0, 60),
        text.substr(0, text.size() - 1)}) {
    RawClient client(gateway_->port());
    ASSERT_TRUE(client.Send(begun)) << begun;
    EXPECT_TRUE(client.AwaitEnd()) << begun;
  }
  EXPECT_EQ(dispatcher_.calls(), 0);
}

TEST_F(HostileTest, AnswersNobodyWhoSendsOnWhileAStreamRuns) {
  Start();
  RawClient client(gateway_->port());
  ASSERT_TRUE(client.Send(CallText("Hang", Frame(""))));
  dispatcher_.AwaitCalls(1);
  client.Send(std::string(100'000, 'x'));
  dispatcher_.AwaitCancelled(1);
}

TEST_F(HostileTest, TakesNoMoreConnectionsThanItMay) {
  Options options;
  options.max_connections = 2;
  Start(options);
  RawClient first(gateway_->port());
  RawClient second(gateway_->port());
  for (RawClient* client : {&first, &second}) {
    ASSERT_TRUE(client->Send(CallText("Echo", Frame("x"))));
    EXPECT_TRUE(client->Receive().has_value());
  }
  EXPECT_EQ(gateway_->connections(), 2u);
  RawClient third(gateway_->port());
  EXPECT_TRUE(third.AwaitEnd());
}

TEST_F(HostileTest, WritesNothingOfRequestsIntoTheLog) {
  static Mutex mutex;
  static std::string lines;
  SetLogSink([](LogLevel, absl::string_view line) {
    MutexLock lock(mutex);
    absl::StrAppend(&lines, line, "\n");
  });
  Start();
  Call("planted", Frame("planted"), {"Cookie: planted=planted"});
  Call("Fail", "planted", {"Origin: http://planted"});
  RawClient client(gateway_->port());
  client.Send("GET /planted?planted HTTP/1.1\r\nHost: planted\r\n\r\n");
  EXPECT_EQ(client.Receive().value_or(Response()).status, 404);
  gateway_ = nullptr;
  SetLogSink([](LogLevel, absl::string_view) {});
  MutexLock lock(mutex);
  EXPECT_THAT(lines, Not(HasSubstr("planted")));
}

}  // namespace
}  // namespace housecall::gateway
