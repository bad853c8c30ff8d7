#include "dispatcher/gateway/grpc_web.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::gateway {
namespace {

using ::testing::ElementsAre;

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer Buffer(const std::string& bytes) {
  const grpc::Slice slices[] = {grpc::Slice(bytes.substr(0, bytes.size() / 2)),
                                grpc::Slice(bytes.substr(bytes.size() / 2))};
  return grpc::ByteBuffer(slices, 2);
}

std::string Raw(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

std::vector<std::string> Messages(const std::string& body) {
  const auto parsed = ParseRequestBody(body, 1000);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  std::vector<std::string> messages;
  for (const grpc::ByteBuffer& message : *parsed) {
    messages.push_back(Bytes(message));
  }
  return messages;
}

TEST(GrpcWeb, TakesMessagesOutOfTheirFrames) {
  EXPECT_THAT(Messages(""), ElementsAre());
  EXPECT_THAT(Messages(Raw({0, 0, 0, 0, 0})), ElementsAre(""));
  EXPECT_THAT(Messages(Raw({0, 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 1, 0})),
              ElementsAre("ab", std::string(1, '\0')));
}

TEST(GrpcWeb, RefusesWhatIsNoSequenceOfMessages) {
  const std::pair<std::string, absl::StatusCode> rows[] = {
      {Raw({0}), absl::StatusCode::kInvalidArgument},
      {Raw({0, 0, 0, 0}), absl::StatusCode::kInvalidArgument},
      {Raw({0, 0, 0, 0, 2, 'a'}), absl::StatusCode::kInvalidArgument},
      {Raw({0, 0, 0, 0, 0, 0}), absl::StatusCode::kInvalidArgument},
      {Raw({0x80, 0, 0, 0, 0}), absl::StatusCode::kInvalidArgument},
      {Raw({2, 0, 0, 0, 0}), absl::StatusCode::kInvalidArgument},
      {Raw({1, 0, 0, 0, 0}), absl::StatusCode::kUnimplemented},
      {Raw({0, 0, 0, 3, 0xE9}), absl::StatusCode::kResourceExhausted},
      {Raw({0, 0xFF, 0xFF, 0xFF, 0xFF}), absl::StatusCode::kResourceExhausted},
  };
  for (const auto& [body, code] : rows) {
    EXPECT_EQ(ParseRequestBody(body, 1000).status().code(), code)
        << ::testing::PrintToString(body);
  }
  EXPECT_TRUE(
      ParseRequestBody(Raw({0, 0, 0, 3, 0xE8}) + std::string(1000, 'x'), 1000)
          .ok());
}

TEST(GrpcWeb, FramesAMessageOfManyPieces) {
  std::string out = "before";
  AppendMessageFrame(Buffer("hello"), &out);
  EXPECT_EQ(out, "before" + Raw({0, 0, 0, 0, 5}) + "hello");
  out.clear();
  AppendMessageFrame(Buffer(std::string(70000, 'x')), &out);
  EXPECT_EQ(out, Raw({0, 0, 1, 0x11, 0x70}) + std::string(70000, 'x'));
}

TEST(GrpcWeb, EndsWithStatusMessageDetailsAndTrailers) {
  std::string out;
  AppendTrailersFrame(grpc::Status::OK, {}, &out);
  EXPECT_EQ(out, Raw({0x80, 0, 0, 0, 16}) + "grpc-status: 0\r\n");
  out.clear();
  AppendTrailersFrame(
      grpc::Status(grpc::StatusCode::ABORTED, "50% 往\r\nx: y", "ab"),
      {{"grpc-status", "0"}, {"reason", "tired"}, {"r-bin", "\xff"}}, &out);
  EXPECT_EQ(out.substr(5),
            "grpc-status: 10\r\n"
            "grpc-message: 50%25 %E5%BE%80%0D%0Ax: y\r\n"
            "grpc-status-details-bin: YWI\r\n"
            "reason: tired\r\n"
            "r-bin: /w\r\n");
}

TEST(GrpcWeb, ReadsTimeouts) {
  const std::pair<const char*, absl::Duration> rows[] = {
      {"1H", absl::Hours(1)},
      {"2M", absl::Minutes(2)},
      {"30S", absl::Seconds(30)},
      {"99999999m", absl::Milliseconds(99999999)},
      {"5u", absl::Microseconds(5)},
      {"0n", absl::ZeroDuration()},
  };
  for (const auto& [text, duration] : rows) {
    const auto parsed = ParseTimeout(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, duration) << text;
  }
  for (const char* text : {"", "S", "1", "1s", "-1S", "+1S", " 1S", "1 S",
                           "123456789S", "1.5S", "0x1S"}) {
    EXPECT_EQ(ParseTimeout(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(GrpcWeb, MakesMetadataOfHeaders) {
  const auto plain = MetadataFromHeader("Authorization", "Bearer x");
  ASSERT_TRUE(plain.ok());
  EXPECT_THAT(*plain, ::testing::Pair("authorization", "Bearer x"));
  for (const char* base64 : {"AP8=", "AP8"}) {
    const auto binary = MetadataFromHeader("Trace-Bin", base64);
    ASSERT_TRUE(binary.ok()) << base64;
    EXPECT_EQ(binary->second, std::string("\0\xff", 2));
  }
  EXPECT_FALSE(MetadataFromHeader("trace-bin", "!").ok());
  EXPECT_FALSE(MetadataFromHeader("a", "\t").ok());
  EXPECT_FALSE(MetadataFromHeader("a", "往").ok());
  EXPECT_EQ(HeaderFromMetadata("a", "b"), "b");
  EXPECT_EQ(HeaderFromMetadata("a-bin", "b"), "Yg");
}

}  // namespace
}  // namespace housecall::gateway
