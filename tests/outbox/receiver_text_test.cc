#include "dispatcher/outbox/receiver_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::outbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrintableText, KeepsPrintableText) {
  EXPECT_EQ(PrintableText("unknown patient: 患者が見つかりません (é, 😀)", 500),
            "unknown patient: 患者が見つかりません (é, 😀)");
  EXPECT_EQ(PrintableText("", 500), "");
}

TEST(PrintableText, MakesOneLineOfMany) {
  EXPECT_EQ(PrintableText("\r\n  <html>\n\n\t<h1>Bad  Gateway</h1>\xE2\x80\xA8"
                          "bye \n",
                          500),
            "<html> <h1>Bad Gateway</h1> bye");
}

TEST(PrintableText, ReplacesWhatIsNotUtf8OrNotPrintable) {
  const struct {
    std::string bytes;
    const char* what;
  } rows[] = {
      {std::string("a\0b", 3), "NUL"},
      {"a\x1B"
       "b",
       "escape"},
      {"a\x7F"
       "b",
       "delete"},
      {"a\xC2\x9B"
       "b",
       "C1 control"},
      {"a\xFF"
       "b",
       "no UTF-8"},
      {"a\x80"
       "b",
       "continuation alone"},
      {"a\xE2\x80\xAE"
       "b",
       "right-to-left override"},
      {"a\xE2\x81\xA6"
       "b",
       "isolate"},
      {"a\xE2\x80\x8B"
       "b",
       "zero width space"},
      {"a\xEF\xBB\xBF"
       "b",
       "byte order mark"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(PrintableText(row.bytes, 500),
              "a\xEF\xBF\xBD"
              "b")
        << row.what;
  }
  // Overlong slash, surrogate, beyond Unicode, cut short: one mark per byte.
  EXPECT_EQ(PrintableText("\xC0\xAF", 500), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(PrintableText("\xED\xA0\x80", 500).size(), 9u);
  EXPECT_EQ(PrintableText("\xF4\x90\x80\x80", 500).size(), 12u);
  EXPECT_EQ(PrintableText("\xE8\x82", 500).size(), 6u);
}

TEST(PrintableText, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(PrintableText("0123456789", 10), "0123456789");
  EXPECT_EQ(PrintableText("0123456789a", 10), "0123456…");
  EXPECT_EQ(PrintableText("ab肺炎肺炎", 10), "ab肺…");
  EXPECT_EQ(PrintableText("abc", 2), "");
}

TEST(PrintableText, NeverExceedsItsLength) {
  const std::string text = "a 肺é\xFF\n b😀c";
  for (size_t max = 0; max <= text.size() + 5; ++max) {
    EXPECT_LE(PrintableText(text, max).size(), max);
  }
}

TEST(TextsOf, FindsEveryTextButNotTheNamesOfFields) {
  EXPECT_THAT(TextsOf(R"({"a":"one","b":{"c":["two",3,null,true]}})"),
              ElementsAre("one", "two"));
  EXPECT_THAT(TextsOf("not JSON"), ElementsAre("not JSON"));
}

TEST(WithoutEcho, LeavesTextThatRepeatsNothing) {
  EXPECT_EQ(WithoutEcho("field findings: too long", {"誤嚥性肺炎", "sputum"}),
            "field findings: too long");
  EXPECT_EQ(WithoutEcho("", {"誤嚥性肺炎"}), "");
  EXPECT_EQ(WithoutEcho("anything", {}), "anything");
}

TEST(WithoutEcho, TakesOutWhatWasSent) {
  EXPECT_EQ(WithoutEcho("bad value '誤嚥性肺炎' here", {"誤嚥性肺炎"}),
            "bad value '[…]' here");
}

TEST(WithoutEcho, TakesOutPartsOfWhatWasSent) {
  EXPECT_EQ(WithoutEcho("near: 嚥性肺炎。", {"誤嚥性肺炎の疑い"}),
            "near: […]。");
  EXPECT_EQ(
      WithoutEcho("near \"ient coughs bl\"", {"The patient coughs blood"}),
      "near \"[…]\"");
}

TEST(WithoutEcho, TakesOutShortTextsOnlyAsAWhole) {
  EXPECT_EQ(WithoutEcho("sex: male, malemute, female", {"male"}),
            "sex: […], malemute, female");
  EXPECT_EQ(WithoutEcho("病名は肺炎です", {"肺炎"}), "病名は[…]です");
  EXPECT_EQ(WithoutEcho("no bed", {"no"}), "no bed");
}

TEST(WithoutEcho, SeesThroughJsonEscapes) {
  const std::string kept = WithoutEcho(
      R"({"error":"\u8aa4\u56a5\u6027\u80ba\u708e","code":7})", {"誤嚥性肺炎"});
  EXPECT_EQ(kept, R"({"error":"[…]","code":7})");
}

TEST(WithoutEcho, EndsTextThatIsNotJsonBeforeAnEscape) {
  EXPECT_EQ(
      WithoutEcho(R"({"error":"\u8aa4\u56a5\u6027\u80ba)", {"誤嚥性肺炎"}),
      R"({"error":")");
}

TEST(WithoutEcho, BearsAnyDepthOfBrackets) {
  // As much as is read of an answer.
  const std::string deep = std::string(32'768, '[') + std::string(32'768, ']');
  EXPECT_EQ(WithoutEcho(deep, {}), deep);
  std::string objects = R"("\u8aa4\u56a5\u6027\u80ba\u708e")";
  for (int i = 0; i < 8000; ++i)
    objects = absl::StrCat("{\"a\":", objects, "}");
  EXPECT_THAT(WithoutEcho(objects, {"誤嚥性肺炎"}), Not(HasSubstr("u56a5")));
  // What errors look like is read as JSON.
  std::string shallow = R"("\u8aa4\u56a5\u6027\u80ba\u708e")";
  for (int i = 0; i < 20; ++i) shallow = absl::StrCat("[", shallow, "]");
  EXPECT_THAT(WithoutEcho(shallow, {"誤嚥性肺炎"}), HasSubstr("[\"[…]\"]"));
}

TEST(RetryAfterOf, IsSecondsOrADateWithinLimits) {
  const absl::Time now = absl::FromUnixSeconds(1'795'000'000);
  const absl::Duration most = absl::Hours(1);
  const struct {
    const char* value;
    absl::Duration wait;
  } kCases[] = {
      {"120", absl::Minutes(2)},
      {" 0 ", absl::ZeroDuration()},
      {"-5", absl::ZeroDuration()},
      {"999999999999999", most},
      {"99999999999999999999", absl::ZeroDuration()},
      {"Wed, 18 Nov 2026 11:08:20 GMT", absl::Minutes(1) + absl::Seconds(40)},
      {"Wed, 18 Nov 2020 12:28:20 GMT", absl::ZeroDuration()},
      {"Wed, 18 Nov 9999 12:28:20 GMT", most},
      {"soon", absl::ZeroDuration()},
      {"", absl::ZeroDuration()},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(RetryAfterOf(each.value, now, most), each.wait) << each.value;
  }
}

TEST(WithoutEcho, CutsNoCharacterInTwo) {
  // い and え begin with the same two bytes; eight bytes are in common.
  EXPECT_EQ(WithoutEcho("あうい。", {"あうえ"}), "[…]い。");
}

}  // namespace
}  // namespace housecall::outbox
