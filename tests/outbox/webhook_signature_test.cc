#include "dispatcher/outbox/webhook_signature.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
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

TEST(WebhookSecret, SignsThePublishedExample) {
  const auto headers = TheSecret().Sign(kId, kTime, kBody);
  ASSERT_TRUE(headers.ok()) << headers.status();
  EXPECT_EQ(headers->id, kId);
  EXPECT_EQ(headers->timestamp, "1614265330");
  EXPECT_EQ(headers->signature, kSignature);
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

}  // namespace
}  // namespace housecall::outbox
