#include "dispatcher/base/sensitive.h"

#include <sstream>
#include <type_traits>

#include "gtest/gtest.h"

namespace housecall {
namespace {

static_assert(!std::is_convertible_v<PrivateText, std::string>);
static_assert(!std::is_convertible_v<std::string, PrivateText>);

TEST(Sensitive, PrintsNothingOfItsContent) {
  std::ostringstream out;
  out << PrivateText("fever") << PrivateText();
  EXPECT_EQ(out.str(), "[redacted][redacted]");
}

// GoogleTest prints values of failed expectations, which end up in build logs.
TEST(Sensitive, IsNotPrintedByTestsEither) {
  EXPECT_EQ(testing::PrintToString(PrivateText("fever")), "[redacted]");
}

TEST(Sensitive, RevealsAndCompares) {
  PrivateText text("fever");
  EXPECT_EQ(text.Reveal(), "fever");
  EXPECT_EQ(text, PrivateText("fever"));
  EXPECT_NE(text, PrivateText("cough"));
  text.MutableReveal() = "cough";
  EXPECT_EQ(text.Reveal(), "cough");
  EXPECT_TRUE(PrivateText().empty());
}

}  // namespace
}  // namespace housecall
