#include "dispatcher/outbox/webhook_signature.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::outbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The example that the Standard Webhooks project's own libraries are tested
// with.
constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kId[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr char kBody[] = R"({"test": 2432232314})";
constexpr char kSignature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const absl::Time kTime = absl::FromUnixSeconds(1614265330);

WebhookSecret TheSecret() { return *WebhookSecret::Parse(kSecret); }
WebhookHeaders TheHeaders() { return {kId, "1614265330", kSignature}; }

TEST(WebhookSecret, SignsThePublishedExample) {
  const auto headers = TheSecret().Sign(kId, kTime, kBody);
  ASSERT_TRUE(headers.ok()) << headers.status();
  EXPECT_EQ(headers->id, kId);
  EXPECT_EQ(headers->timestamp, "1614265330");
  EXPECT_EQ(headers->signature, kSignature);
}

TEST(WebhookSecret, VerifiesThePublishedExample) {
  EXPECT_TRUE(TheSecret().Verify(TheHeaders(), kBody, kTime).ok());
}

TEST(WebhookSecret, RefusesWhatWasChangedOnTheWay) {
  WebhookHeaders other_id = TheHeaders();
  other_id.id += "x";
  WebhookHeaders other_time = TheHeaders();
  other_time.timestamp = "1614265331";
  WebhookHeaders other_signature = TheHeaders();
  other_signature.signature[5] =
      other_signature.signature[5] == 'A' ? 'B' : 'A';
  for (const WebhookHeaders& headers :
       {other_id, other_time, other_signature}) {
    const absl::Status status = TheSecret().Verify(headers, kBody, kTime);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("no signature match"));
  }
  EXPECT_TRUE(absl::IsUnauthenticated(
      TheSecret().Verify(TheHeaders(), absl::StrCat(kBody, " "), kTime)));
}

TEST(WebhookSecret, RefusesTheSignatureOfAnotherSecret) {
  const auto other = WebhookSecret::Generate();
  ASSERT_TRUE(other.ok());
  EXPECT_TRUE(
      absl::IsUnauthenticated(other->Verify(TheHeaders(), kBody, kTime)));
}

TEST(WebhookSecret, AcceptsAClockWithinTheToleranceAndNoFurther) {
  const WebhookSecret secret = TheSecret();
  const absl::Duration tick = absl::Seconds(1);
  const auto verify_at = [&secret](absl::Time now) {
    return secret.Verify(TheHeaders(), kBody, now);
  };
  EXPECT_TRUE(verify_at(kTime + kWebhookTolerance).ok());
  EXPECT_TRUE(verify_at(kTime - kWebhookTolerance).ok());
  const absl::Status late = verify_at(kTime + kWebhookTolerance + tick);
  EXPECT_TRUE(absl::IsUnauthenticated(late));
  EXPECT_THAT(std::string(late.message()), HasSubstr("5m1s old"));
  const absl::Status early = verify_at(kTime - kWebhookTolerance - tick);
  EXPECT_TRUE(absl::IsUnauthenticated(early));
  EXPECT_THAT(std::string(early.message()), HasSubstr("5m1s in the future"));
}

TEST(WebhookSecret, AcceptsAnyMatchingSignatureOfSeveral) {
  WebhookHeaders headers = TheHeaders();
  headers.signature = absl::StrCat("v1,bm9wZQ== v2,whatever ", kSignature);
  EXPECT_TRUE(TheSecret().Verify(headers, kBody, kTime).ok());
}

TEST(WebhookSecret, RefusesASignatureOfAnotherVersion) {
  WebhookHeaders headers = TheHeaders();
  headers.signature[1] = '2';
  EXPECT_TRUE(
      absl::IsUnauthenticated(TheSecret().Verify(headers, kBody, kTime)));
}

TEST(WebhookSecret, NamesTheHeaderThatIsMissingOrMalformed) {
  const struct {
    WebhookHeaders headers;
    const char* name;
  } rows[] = {
      {{"", "1614265330", kSignature}, "webhook-id"},
      {{"a.b", "1614265330", kSignature}, "webhook-id"},
      {{kId, "", kSignature}, "webhook-timestamp"},
      {{kId, "+1614265330", kSignature}, "webhook-timestamp"},
      {{kId, " 1614265330", kSignature}, "webhook-timestamp"},
      {{kId, "2021-02-25", kSignature}, "webhook-timestamp"},
      {{kId, "99999999999999999999", kSignature}, "webhook-timestamp"},
      {{kId, "1614265330", ""}, "webhook-signature"},
      {{kId, "1614265330", "v1,"}, "webhook-signature"},
      {{kId, "1614265330", "v1,%%%"}, "webhook-signature"},
      {{kId, "1614265330", "g0hM9SsE"}, "webhook-signature"},
  };
  for (const auto& row : rows) {
    const absl::Status status = TheSecret().Verify(row.headers, kBody, kTime);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << row.name << " " << status;
    EXPECT_TRUE(absl::StartsWith(status.message(), row.name)) << status;
  }
}

TEST(WebhookSecret, RefusesToSignAnIdThatCouldBeMistakenForTheTimestamp) {
  for (const char* id : {"", "a.b", "a b", "a\nb", "呼"}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(TheSecret().Sign(id, kTime, kBody).status()))
        << id;
  }
  EXPECT_TRUE(
      TheSecret().Sign("centers/hino/deliveries/d-1", kTime, kBody).ok());
}

TEST(WebhookSecret, IsRefusedWithoutBeingQuoted) {
  const std::string short_key = absl::Base64Escape(std::string(23, 'k'));
  const std::string long_key = absl::Base64Escape(std::string(65, 'k'));
  for (const std::string& text :
       {std::string(), std::string("whsec_"),
        std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        std::string("whsec_not base64 !"), absl::StrCat("whsec_", short_key),
        absl::StrCat("whsec_", long_key)}) {
    const absl::Status status = WebhookSecret::Parse(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    if (text.size() > 6) {
      EXPECT_THAT(std::string(status.message()),
                  Not(HasSubstr(text.substr(6, 8))));
    }
  }
}

TEST(WebhookSecret, GeneratedOnesDifferAndCanBeHandedOver) {
  const auto one = WebhookSecret::Generate();
  const auto other = WebhookSecret::Generate();
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->Reveal(), other->Reveal());
  const auto copy = WebhookSecret::Parse(one->Reveal());
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->Verify(*one->Sign(kId, kTime, kBody), kBody, kTime).ok());
}

}  // namespace
}  // namespace housecall::outbox
