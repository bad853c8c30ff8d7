#include "clients/cli/values.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/call.pb.h"
#include "housecall/v1/types.pb.h"

namespace housecall::cli {
namespace {

using ::testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text;
  return time;
}

// 22:04 in Japan.
const absl::Time kNow = At("2026-05-06T13:04:00Z");

TEST(ParseTime, TakesWhatPeopleWrite) {
  const struct {
    const char* text;
    const char* wanted;
  } rows[] = {
      {"now", "2026-05-06T13:04:00Z"},
      {"+90m", "2026-05-06T14:34:00Z"},
      {"-1h", "2026-05-06T12:04:00Z"},
      {"22:05", "2026-05-06T13:05:00Z"},
      // Not after now: tomorrow's.
      {"22:04", "2026-05-07T13:04:00Z"},
      {"06:30", "2026-05-06T21:30:00Z"},
      {"2026-05-07T08:00", "2026-05-06T23:00:00Z"},
      {"2026-05-07 08:00", "2026-05-06T23:00:00Z"},
      {"2026-05-07T08:00:30", "2026-05-06T23:00:30Z"},
      {"2026-05-07T08:00:00+09:00", "2026-05-06T23:00:00Z"},
      {"2026-05-07T08:00:00Z", "2026-05-07T08:00:00Z"},
  };
  for (const auto& row : rows) {
    const absl::StatusOr<absl::Time> time = ParseTime(row.text, kNow);
    ASSERT_TRUE(time.ok()) << row.text << ": " << time.status();
    EXPECT_EQ(*time, At(row.wanted)) << row.text;
  }
}

TEST(ParseTime, TakesTheLastSuchTimeOfWhatHasBeen) {
  EXPECT_EQ(*ParseTime("22:04", kNow, Clock::kLast), kNow);
  EXPECT_EQ(*ParseTime("22:05", kNow, Clock::kLast),
            kNow + absl::Minutes(1) - absl::Hours(24));
  EXPECT_EQ(*ParseTime("+1m", kNow, Clock::kLast), kNow + absl::Minutes(1));
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "soon", "25:00", "22:60", "2:30", "22:3o", "+", "-", "+5", "+inf",
        "infinite-future", "2026-13-01T00:00", "2026-02-30T10:00", "2026-05-06",
        "1746536640", "22:30:00"}) {
    EXPECT_FALSE(ParseTime(text, kNow).ok()) << text;
  }
}

TEST(ParseDuration, TakesUnitsOnly) {
  EXPECT_EQ(ParseDuration("90s").value(), absl::Seconds(90));
  EXPECT_EQ(ParseDuration("1h30m").value(), absl::Minutes(90));
  for (const char* text : {"", "90", "m", "inf", "-inf", "1 h", "90秒"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ParseEnum, TakesShortNamesInAnyWriting) {
  const auto& type = *v1::Disposition_descriptor();
  for (const char* text :
       {"hospital-transfer", "HOSPITAL_TRANSFER",
        "DISPOSITION_HOSPITAL_TRANSFER", "Hospital-Transfer"}) {
    const auto value = ParseEnum(text, type);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ((*value)->number(), v1::DISPOSITION_HOSPITAL_TRANSFER);
  }
}

TEST(ParseEnum, NamesTheValuesAndTheNearest) {
  const auto value = ParseEnum("urgnet", *v1::Urgency_descriptor());
  EXPECT_THAT(std::string(value.status().message()),
              HasSubstr("urgent, standard, routine; did you mean urgent?"));
}

TEST(ParsePosition, RefusesWhatIsNotOnTheGlobe) {
  EXPECT_NEAR(ParsePosition("35.69,139.41")->longitude, 139.41, 1e-9);
  EXPECT_NEAR(ParsePosition("-33.9,18.4")->latitude, -33.9, 1e-9);
  for (const char* text : {"", "35.69", "35.69,139.41,3", "91,0", "0,181",
                           "nan,0", "0,inf", "a,b", "35.69;139.41"}) {
    EXPECT_FALSE(ParsePosition(text).ok()) << text;
  }
}

TEST(ExpandName, MakesWholeNamesOfShortIds) {
  constexpr char kFormat[] = "centers/{center}/calls/{call}";
  EXPECT_EQ(ExpandName("c1", kFormat, "hino").value(), "centers/hino/calls/c1");
  EXPECT_EQ(ExpandName("centers/x/calls/c1", kFormat, "hino").value(),
            "centers/x/calls/c1");
  EXPECT_EQ(ExpandName("hino", "centers/{center}", "").value(), "centers/hino");
  EXPECT_EQ(ExpandName("c1", kFormat, "").status().code(),
            absl::StatusCode::kFailedPrecondition);
  for (const char* text : {"", "c 1", "c\n1", "患者"}) {
    EXPECT_EQ(ExpandName(text, kFormat, "hino").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Nearest, FindsSlipsAndNothingElse) {
  EXPECT_EQ(Nearest("sumbit-call", {"submit-call", "get-call"}), "submit-call");
  EXPECT_EQ(Nearest("address", {"place.address", "onset"}), "place.address");
  EXPECT_EQ(Nearest("zzzzzz", {"submit-call", "get-call"}), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), {"submit-call"}), "");
}

}  // namespace
}  // namespace housecall::cli
