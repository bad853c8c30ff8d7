#include "dispatcher/server/password.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Check(const std::string& password) {
  return CheckPasswordStrength(core::AccountId("nurse-yamamoto"),
                               PrivateText(password));
}

TEST(CheckPasswordStrength, TakesThirteenCharactersOfAnyKind) {
  for (const std::string& good :
       {std::string("abcdefghijklm"), std::string("correct horse battery"),
        std::string("往診往診往診往診往診往診往"), std::string(128, 'a') + "b",
        std::string("nurse-yamamoto2")}) {
    EXPECT_TRUE(Check(good).ok()) << good << ": " << Check(good);
  }
}

TEST(CheckPasswordStrength, RefusesWhatIsEasyToGuessOrCannotBeTyped) {
  const std::string kanji = "往";
  std::string same;
  for (int i = 0; i < 13; ++i) same += kanji;
  for (const std::string& bad :
       {std::string(), std::string("abcdefghijkl"),
        std::string("往診往診往診往診往診往診"), std::string(257, 'a') + "b",
        std::string(5000, 'a'), std::string(13, 'a'), same,
        std::string("nurse-yamamoto"), std::string("Nurse-Yamamoto"),
        std::string("abcdefghijklm\n"), std::string("abcdefghijklm\x7f"),
        std::string("abcdefghijklm\xff"),
        std::string("\x80"
                    "bcdefghijklmn")}) {
    const absl::Status status = Check(bad);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("password"));
    if (!bad.empty()) {
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr(bad)));
    }
  }
}

TEST(HashPassword, IsSaltedArgon2idThatOnlyThePasswordFits) {
  const PrivateText password("correct horse battery");
  const absl::StatusOr<PrivateText> hash = HashPassword(password);
  const absl::StatusOr<PrivateText> again = HashPassword(password);
  ASSERT_TRUE(hash.ok() && again.ok());
  EXPECT_THAT(hash->Reveal(), HasSubstr("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_NE(hash->Reveal(), again->Reveal());
  EXPECT_TRUE(VerifyPassword(password, *hash));
  EXPECT_FALSE(VerifyPassword(PrivateText("Correct horse battery"), *hash));
  EXPECT_FALSE(VerifyPassword(PrivateText(), *hash));
  for (const char* damaged : {"", "$argon2id$", "no hash"}) {
    EXPECT_FALSE(VerifyPassword(password, PrivateText(damaged)));
    EXPECT_FALSE(VerifyPassword(PrivateText(), PrivateText(damaged)));
  }
}

TEST(Token, IsNewEachTimeAndNamesItsCenterAndSession) {
  const absl::StatusOr<Token> token = MakeToken(core::CenterId("hino"));
  const absl::StatusOr<Token> other = MakeToken(core::CenterId("hino"));
  ASSERT_TRUE(token.ok() && other.ok());
  EXPECT_NE(token->text.Reveal(), other->text.Reveal());
  EXPECT_NE(token->session, other->session);
  const absl::StatusOr<Token> parsed = ParseToken(token->text.Reveal());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->center, core::CenterId("hino"));
  EXPECT_EQ(parsed->session, token->session);
  // What is stored does not lead back.
  EXPECT_THAT(token->text.Reveal(), Not(HasSubstr(token->session.value())));
  for (const std::string& bad :
       {std::string(), std::string("hc1.hino."), std::string("hc1.hino"),
        absl::StrCat("hc2.hino.", std::string(43, 'x')),
        absl::StrCat("hc1.Hino!.", std::string(43, 'x')),
        absl::StrCat("hc1.hino.", std::string(42, 'x')),
        absl::StrCat(token->text.Reveal(), ".x")}) {
    EXPECT_TRUE(absl::IsUnauthenticated(ParseToken(bad).status())) << bad;
  }
}

TEST(DelayAfter, DoublesUpToAQuarterOfAnHour) {
  EXPECT_EQ(DelayAfter(0), absl::ZeroDuration());
  EXPECT_EQ(DelayAfter(1), absl::Seconds(1));
  EXPECT_EQ(DelayAfter(2), absl::Seconds(2));
  EXPECT_EQ(DelayAfter(10), absl::Seconds(512));
  EXPECT_EQ(DelayAfter(11), absl::Minutes(15));
  EXPECT_EQ(DelayAfter(1000000), absl::Minutes(15));
}

TEST(UnknownAccounts, ForgetsTheOneLongestUnused) {
  const absl::Time now = absl::FromUnixSeconds(1795000000);
  UnknownAccounts accounts(2);
  EXPECT_EQ(accounts.RetryTime("a"), absl::InfinitePast());
  accounts.Refuse("a", now);
  accounts.Refuse("b", now);
  accounts.Refuse("a", now);
  accounts.Refuse("c", now);
  EXPECT_EQ(accounts.RetryTime("a"), now + absl::Seconds(2));
  EXPECT_EQ(accounts.RetryTime("b"), absl::InfinitePast());
  EXPECT_EQ(accounts.RetryTime("c"), now + absl::Seconds(1));
}

}  // namespace
}  // namespace housecall::server
