#include "router/import/hour_rules.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "gtest/gtest.h"
#include "router/road_hours.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

// 16 November 2026 is a Monday.
absl::CivilMinute Minute(int weekday, int minute) {
  return absl::CivilMinute(2026, 11, 16 + weekday, 0, 0) + minute;
}

// "Mo 7:00" and the like, for people.
std::string Name(int weekday, int minute, bool is_holiday) {
  constexpr const char* kNames[] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};
  return std::string(kNames[weekday]) + " " + std::to_string(minute / 60) +
         ":" + std::to_string(minute % 60) + (is_holiday ? " holiday" : "");
}

TEST(ParseHours, ReadsWhatSignsAtRoadsSay) {
  struct Row {
    const char* text;
    int weekday;
    int minute;
    bool is_holiday;
    bool holds;
  };
  const Row kRows[] = {
      {"07:00-09:00", 0, 7 * 60, false, true},
      {"07:00-09:00", 6, 9 * 60 - 1, true, true},
      {"07:00-09:00", 6, 9 * 60, false, false},
      {"7:00-9:00", 3, 8 * 60, false, true},
      {"Mo-Fr 07:00-09:00", 4, 8 * 60, false, true},
      {"Mo-Fr 07:00-09:00", 5, 8 * 60, false, false},
      // Holidays that are not named are like other days.
      {"Mo-Fr 07:00-09:00", 4, 8 * 60, true, true},
      {"Mo-Fr 07:00-09:00; PH off", 4, 8 * 60, true, false},
      {"Mo-Fr 07:00-09:00; PH off", 4, 8 * 60, false, true},
      {"PH 10:00-18:00", 2, 11 * 60, true, true},
      {"PH 10:00-18:00", 2, 11 * 60, false, false},
      {"Su,PH 10:00-18:00", 6, 11 * 60, false, true},
      {"Mo-Fr 07:00-09:00,15:00-17:00", 1, 16 * 60, false, true},
      {"Mo-Fr 07:00-09:00, 15:00-17:00", 1, 16 * 60, false, true},
      {"Mo-Fr 07:00-09:00; Sa 10:00-12:00", 5, 11 * 60, false, true},
      {"Mo-Fr 07:00-09:00; We off", 2, 8 * 60, false, false},
      {"Mo-Su 07:00-09:00; We 10:00-11:00", 2, 8 * 60, false, false},
      {"Mo-Su 07:00-09:00; We 10:00-11:00", 2, 10 * 60, false, true},
      // Over midnight, from Friday into Saturday only.
      {"Fr 22:00-06:00", 5, 5 * 60, false, true},
      {"Fr 22:00-06:00", 4, 5 * 60, false, false},
      {"Fr 22:00-06:00", 4, 23 * 60, false, true},
      {"Su 22:00-06:00", 0, 5 * 60, false, true},
      {"22:00-30:00", 0, 5 * 60, false, true},
      {"Sa-Mo 08:00-09:00", 6, 8 * 60, false, true},
      {"Sa-Mo 08:00-09:00", 1, 8 * 60, false, false},
      {"Sa", 5, 0, false, true},
      {"Sa", 5, 1439, false, true},
      {"Sa", 6, 0, false, false},
      {"24/7", 2, 123, true, true},
      {"00:00-24:00", 2, 1439, false, true},
  };
  for (const Row& row : kRows) {
    const std::optional<RoadHours> hours = ParseHours(row.text);
    ASSERT_TRUE(hours.has_value()) << row.text;
    EXPECT_EQ(HoldsAt(*hours, Minute(row.weekday, row.minute), row.is_holiday),
              row.holds)
        << row.text << " at " << Name(row.weekday, row.minute, row.is_holiday);
  }
}

TEST(ParseHours, DoesNotGuess) {
  for (const char* text :
       {"sunrise-sunset", "Apr-Sep 07:00-09:00", "Mo-Fr 07:00", "Xx", "wet",
        "07:00-09:00 off", "Mo-Fr 07:00-09:00 08:00-10:00", "25:00-26:00",
        "07:60-08:00", "SH 07:00-09:00", "week 1-10", "07:00+",
        "Mo-Tu-We 07:00-09:00", "07:00-55:00"}) {
    EXPECT_EQ(ParseHours(text), std::nullopt) << text;
  }
}

TEST(ParseHours, EqualHoursAreEqualValues) {
  EXPECT_EQ(ParseHours("Mo-Fr 07:00-09:00"),
            ParseHours("Mo,Tu,We,Th,Fr 07:00-08:00,08:00-09:00"));
  EXPECT_EQ(ParseHours("00:00-24:00"), AlwaysHours());
  EXPECT_EQ(ParseHours("Mo-Su 00:00-00:00"), AlwaysHours());
  EXPECT_EQ(ParseHours("off"), RoadHours());
}

TEST(ParseConditional, TakesValuesAndTheirHours) {
  const auto values = ParseConditional(
      "no_left_turn @ (Mo-Fr 07:00-09:00; PH off); only_straight_on @ "
      "(22:00-06:00 AND weight>5)");
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0].value, "no_left_turn");
  EXPECT_EQ(values[0].hours, ParseHours("Mo-Fr 07:00-09:00; PH off"));
  EXPECT_EQ(values[1].value, "only_straight_on");
  // A car never weighs that much.
  EXPECT_EQ(values[1].hours, RoadHours());

  EXPECT_EQ(ParseConditional("no @ 07:00-09:00; 15:00-16:00")[0].hours,
            ParseHours("07:00-09:00; 15:00-16:00"));
  EXPECT_EQ(ParseConditional("no @ (weight<5 AND Sa)")[0].hours,
            ParseHours("Sa"));
  EXPECT_EQ(ParseConditional("no @ wet")[0].hours, std::nullopt);
  EXPECT_EQ(ParseConditional("no @ (Sa AND 07:00-09:00)")[0].hours,
            std::nullopt);
  EXPECT_EQ(ParseConditional("no")[0].hours, std::nullopt);
  EXPECT_TRUE(ParseConditional("").empty());
  EXPECT_TRUE(ParseConditional(" @ (07:00-09:00)").empty());
}

TEST(OtherHours, HoldWhereTheseDoNot) {
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    std::vector<HourSpan> spans(random.Below(6));
    for (HourSpan& span : spans) {
      span.weekdays = static_cast<uint8_t>(random.Below(128));
      span.holidays = static_cast<uint8_t>(random.Below(128));
      span.begin_minute = static_cast<uint16_t>(random.Below(1440));
      span.end_minute = static_cast<uint16_t>(
          span.begin_minute + 1 + random.Below(1440u - span.begin_minute));
    }
    const RoadHours sorted = SortedHours(spans);
    const RoadHours others = OtherHours(spans);
    EXPECT_EQ(OtherHours(others), sorted);
    for (int day = 0; day < 7; ++day) {
      for (int minute = 0; minute < 1440; minute += 7) {
        for (const bool is_holiday : {false, true}) {
          const absl::CivilMinute at = Minute(day, minute);
          const bool holds = HoldsAt(spans, at, is_holiday);
          ASSERT_EQ(HoldsAt(sorted, at, is_holiday), holds);
          ASSERT_EQ(HoldsAt(others, at, is_holiday), !holds);
        }
      }
    }
  }
}

}  // namespace
}  // namespace housecall::router
