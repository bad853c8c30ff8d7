#include "clients/cli/webhook_receiver_key.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dispatcher/outbox/webhook_signature.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::cli {
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
constexpr absl::Duration kTolerance = absl::Minutes(5);

WebhookReceiverKey TheKey() { return *WebhookReceiverKey::Parse(kSecret); }
WebhookRequestHeaders TheHeaders() { return {kId, "1614265330", kSignature}; }

TEST(WebhookReceiverKey, VerifiesThePublishedExample) {
  EXPECT_TRUE(TheKey().Verify(TheHeaders(), kBody, kTime).ok());
}

TEST(WebhookReceiverKey, VerifiesWhatTheServerSigns) {
  const auto key = WebhookReceiverKey::Generate();
  ASSERT_TRUE(key.ok()) << key.status();
  const auto secret = outbox::WebhookSecret::Parse(key->text());
  ASSERT_TRUE(secret.ok()) << secret.status();
  const auto other = WebhookReceiverKey::Generate();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(key->text(), other->text());
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string("往診\n"),
        std::string("\0.\xFF", 3), std::string(100'000, '.')}) {
    const auto headers =
        secret->Sign("centers/hino/deliveries/c1--n1--d1-1", kTime, body);
    ASSERT_TRUE(headers.ok()) << headers.status();
    const WebhookRequestHeaders received = {headers->id, headers->timestamp,
                                            headers->signature};
    EXPECT_TRUE(key->Verify(received, body, kTime).ok());
    EXPECT_TRUE(absl::IsUnauthenticated(other->Verify(received, body, kTime)));
  }
}

TEST(WebhookReceiverKey, RefusesWhatWasChangedOnTheWay) {
  WebhookRequestHeaders other_id = TheHeaders();
  other_id.id += "x";
  WebhookRequestHeaders other_time = TheHeaders();
  other_time.timestamp = "1614265331";
  WebhookRequestHeaders other_signature = TheHeaders();
  other_signature.signature[5] =
      other_signature.signature[5] == 'A' ? 'B' : 'A';
  for (const WebhookRequestHeaders& headers :
       {other_id, other_time, other_signature}) {
    const absl::Status status = TheKey().Verify(headers, kBody, kTime);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("none matches"));
  }
  EXPECT_TRUE(absl::IsUnauthenticated(
      TheKey().Verify(TheHeaders(), absl::StrCat(kBody, " "), kTime)));
}

TEST(WebhookReceiverKey, AcceptsAClockWithinTheToleranceAndNoFurther) {
  const absl::Duration tick = absl::Seconds(1);
  const auto verify_at = [](absl::Time now) {
    return TheKey().Verify(TheHeaders(), kBody, now);
  };
  EXPECT_TRUE(verify_at(kTime + kTolerance).ok());
  EXPECT_TRUE(verify_at(kTime - kTolerance).ok());
  const absl::Status late = verify_at(kTime + kTolerance + tick);
  EXPECT_TRUE(absl::IsUnauthenticated(late));
  EXPECT_THAT(std::string(late.message()), HasSubstr("5m1s old"));
  const absl::Status early = verify_at(kTime - kTolerance - tick);
  EXPECT_TRUE(absl::IsUnauthenticated(early));
  EXPECT_THAT(std::string(early.message()), HasSubstr("5m1s in the future"));
}

TEST(WebhookReceiverKey, AcceptsAnyMatchingSignatureOfSeveral) {
  WebhookRequestHeaders headers = TheHeaders();
  headers.signature = absl::StrCat("v1,bm9wZQ== v2,whatever ", kSignature);
  EXPECT_TRUE(TheKey().Verify(headers, kBody, kTime).ok());
}

TEST(WebhookReceiverKey, RefusesASignatureOfAnotherVersion) {
  WebhookRequestHeaders headers = TheHeaders();
  headers.signature[1] = '2';
  EXPECT_TRUE(absl::IsUnauthenticated(TheKey().Verify(headers, kBody, kTime)));
}

TEST(WebhookReceiverKey, NamesTheHeaderThatIsMissingOrMalformed) {
  const struct {
    WebhookRequestHeaders headers;
    const char* name;
  } rows[] = {
      {{"", "1614265330", kSignature}, "webhook-id"},
      {{"a.b", "1614265330", kSignature}, "webhook-id"},
      {{kId, "", kSignature}, "webhook-timestamp"},
      {{kId, "+1614265330", kSignature}, "webhook-timestamp"},
      {{kId, " 1614265330", kSignature}, "webhook-timestamp"},
      {{kId, "2021-02-25", kSignature}, "webhook-timestamp"},
      {{kId, "99999999999999999999", kSignature}, "webhook-timestamp"},
      {{kId, "1614265330", ""}, "webhook-signature: missing"},
      {{kId, "1614265330", "v1,"}, "webhook-signature"},
      {{kId, "1614265330", "v1,%%%"}, "webhook-signature"},
      {{kId, "1614265330", "g0hM9SsE"}, "webhook-signature"},
  };
  for (const auto& row : rows) {
    const absl::Status status = TheKey().Verify(row.headers, kBody, kTime);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << row.name << " " << status;
    EXPECT_TRUE(absl::StartsWith(status.message(), row.name)) << status;
  }
}

TEST(WebhookReceiverKey, IsRefusedWithoutBeingQuoted) {
  for (const std::string& text :
       {std::string(), std::string("whsec_"),
        std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        std::string("whsec_not base64 !"),
        absl::StrCat("whsec_", absl::Base64Escape(std::string(23, 'k'))),
        absl::StrCat("whsec_", absl::Base64Escape(std::string(65, 'k')))}) {
    const absl::Status status = WebhookReceiverKey::Parse(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    if (text.size() > 6) {
      EXPECT_THAT(std::string(status.message()),
                  Not(HasSubstr(text.substr(6, 8))));
    }
  }
}

}  // namespace
}  // namespace housecall::cli
