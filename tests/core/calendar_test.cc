#include "dispatcher/core/calendar.h"

#include <ctime>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::core {
namespace {

using testing::At;

const absl::TimeZone kTokyo = ZoneNamed("Asia/Tokyo");

absl::CivilDay Day(absl::string_view text) {
  absl::CivilDay day;
  EXPECT_TRUE(absl::ParseCivilTime(text, &day)) << text;
  return day;
}

struct NamedDay {
  const char* day;
  const char* name;
};

TEST(NationalHoliday, NamesTheDaysOfTheLaw) {
  for (const NamedDay& row : {
           NamedDay{"2026-01-01", "元日"},
           {"2026-01-12", "成人の日"},
           {"2026-02-11", "建国記念の日"},
           {"2026-02-23", "天皇誕生日"},
           {"2026-03-20", "春分の日"},
           {"2026-04-29", "昭和の日"},
           {"2026-05-03", "憲法記念日"},
           {"2026-05-04", "みどりの日"},
           {"2026-05-05", "こどもの日"},
           {"2026-07-20", "海の日"},
           {"2026-08-11", "山の日"},
           {"2026-09-21", "敬老の日"},
           {"2026-09-23", "秋分の日"},
           {"2026-10-12", "スポーツの日"},
           {"2026-11-03", "文化の日"},
           {"2026-11-23", "勤労感謝の日"},
       }) {
    EXPECT_EQ(NationalHoliday(Day(row.day)), row.name) << row.day;
  }
}

TEST(NationalHoliday, MovesSundaysToTheNextDayWithoutName) {
  for (const NamedDay& row : {
           // Over Greenery Day and Children's Day.
           NamedDay{"2026-05-06", "振替休日"},
           {"2027-03-22", "振替休日"},
           {"2023-01-02", "振替休日"},
           {"2025-02-24", "振替休日"},
           {"2024-08-12", "振替休日"},
       }) {
    EXPECT_EQ(NationalHoliday(Day(row.day)), row.name) << row.day;
  }
}

TEST(NationalHoliday, ClosesTheDayBetweenTwoHolidays) {
  EXPECT_EQ(NationalHoliday(Day("2026-09-22")), "国民の休日");
  EXPECT_EQ(NationalHoliday(Day("2032-09-21")), "国民の休日");
  // A holiday two days after the other only in some years.
  EXPECT_EQ(NationalHoliday(Day("2025-09-22")), "");
  // A substitute is no holiday between which and another a day could lie.
  EXPECT_EQ(NationalHoliday(Day("2026-05-07")), "");
}

TEST(NationalHoliday, LeavesOtherDaysAlone) {
  for (const char* day :
       {"2026-01-02", "2026-05-02", "2026-05-07", "2026-06-15", "2026-08-10",
        "2026-10-13", "2026-12-23", "2026-12-31", "2027-03-23"}) {
    EXPECT_EQ(NationalHoliday(Day(day)), "") << day;
  }
}

TEST(NationalHoliday, KnowsTheYearsOfTheLawOnly) {
  EXPECT_EQ(NationalHoliday(Day("2021-11-23")), "");
  EXPECT_EQ(NationalHoliday(Day("2022-01-01")), "元日");
  EXPECT_EQ(NationalHoliday(Day("2099-11-23")), "勤労感謝の日");
  EXPECT_EQ(NationalHoliday(Day("2100-01-01")), "");
}

TEST(NationalHoliday, FindsTheEquinoxesToTheEndOfTheCentury) {
  // Years in which the day moves.
  for (const NamedDay& row : {
           NamedDay{"2022-03-21", "春分の日"},
           {"2024-03-20", "春分の日"},
           {"2028-03-20", "春分の日"},
           {"2012-09-22", ""},
           {"2024-09-22", "秋分の日"},
           {"2027-09-23", "秋分の日"},
           {"2045-09-22", "秋分の日"},
           {"2092-03-19", "春分の日"},
       }) {
    EXPECT_EQ(NationalHoliday(Day(row.day)), row.name) << row.day;
  }
}

TEST(IsFeeHoliday, CountsSundaysHolidaysAndTheTurnOfTheYear) {
  struct Row {
    const char* day;
    bool holiday;
  };
  for (const Row& row : {
           Row{"2026-11-21", false},  // Saturday
           {"2026-11-22", true},      // Sunday
           {"2026-11-23", true},      // national holiday
           {"2026-11-24", false},
           {"2026-05-06", true},   // substitute
           {"2026-09-22", true},   // between two
           {"2026-12-28", false},  // Monday
           {"2026-12-29", true},
           {"2026-12-30", true},
           {"2026-12-31", true},
           {"2027-01-01", true},
           {"2027-01-02", true},
           {"2027-01-03", true},
           {"2027-01-04", false},
       }) {
    EXPECT_EQ(IsFeeHoliday(Day(row.day)), row.holiday) << row.day;
  }
}

TEST(FeeBandAt, TellsTheBandsApartToTheMinute) {
  struct Row {
    const char* time;
    FeeBand band;
  };
  for (const Row& row : {
           // Friday.
           Row{"2026-11-20 00:00", FeeBand::kDeepNight},
           {"2026-11-20 05:59", FeeBand::kDeepNight},
           {"2026-11-20 06:00", FeeBand::kEvening},
           {"2026-11-20 07:59", FeeBand::kEvening},
           {"2026-11-20 08:00", FeeBand::kConsultationHours},
           {"2026-11-20 12:59", FeeBand::kConsultationHours},
           {"2026-11-20 13:00", FeeBand::kDaytime},
           {"2026-11-20 17:59", FeeBand::kDaytime},
           {"2026-11-20 18:00", FeeBand::kEvening},
           {"2026-11-20 21:59", FeeBand::kEvening},
           {"2026-11-20 22:00", FeeBand::kDeepNight},
           // Saturdays are no holidays.
           {"2026-11-21 12:00", FeeBand::kConsultationHours},
           // Sunday.
           {"2026-11-22 05:59", FeeBand::kDeepNight},
           {"2026-11-22 06:00", FeeBand::kHoliday},
           {"2026-11-22 12:00", FeeBand::kHoliday},
           {"2026-11-22 19:00", FeeBand::kHoliday},
           {"2026-11-22 22:00", FeeBand::kDeepNight},
           // The day decides, not the night: Saturday to Sunday.
           {"2026-11-21 23:59", FeeBand::kDeepNight},
           {"2026-12-28 20:00", FeeBand::kEvening},
           {"2026-12-29 20:00", FeeBand::kHoliday},
           {"2027-01-03 07:00", FeeBand::kHoliday},
           {"2027-01-04 07:00", FeeBand::kEvening},
       }) {
    EXPECT_EQ(FeeBandAt(At(row.time), kTokyo), row.band) << row.time;
  }
}

TEST(IsWageNight, IsFrom22To5) {
  struct Row {
    const char* time;
    bool night;
  };
  for (const Row& row : {
           Row{"2026-11-20 21:59", false},
           {"2026-11-20 22:00", true},
           {"2026-11-21 00:00", true},
           {"2026-11-21 04:59", true},
           // Still deep night of the fee schedule: the two must not be mixed.
           {"2026-11-21 05:00", false},
       }) {
    EXPECT_EQ(IsWageNight(At(row.time), kTokyo), row.night) << row.time;
  }
}

TEST(IsWorkingDay, IsMondayToFridayButForHolidays) {
  struct Row {
    const char* day;
    bool working;
  };
  for (const Row& row : {
           Row{"2026-11-20", true},  // Friday
           {"2026-11-21", false},    // Saturday
           {"2026-11-22", false},    // Sunday
           {"2026-11-23", false},    // holiday
           {"2026-11-24", true},
           {"2026-12-28", true},
           {"2026-12-29", false},
           {"2027-01-01", false},
           {"2028-01-03", false},  // Monday
           {"2027-01-04", true},
       }) {
    EXPECT_EQ(IsWorkingDay(Day(row.day)), row.working) << row.day;
  }
}

TEST(NextWorkingDayAt, IsTheFirstSuchMinuteThatComes) {
  struct Row {
    const char* time;
    const char* due;
  };
  for (const Row& row : {
           // The night before a working day: that morning.
           Row{"2026-11-17 02:00", "2026-11-17 08:30"},
           {"2026-11-17 08:29", "2026-11-17 08:30"},
           // At the minute itself it is too late.
           {"2026-11-17 08:30", "2026-11-18 08:30"},
           {"2026-11-17 22:00", "2026-11-18 08:30"},
           // Over a weekend with a holiday behind it.
           {"2026-11-20 22:00", "2026-11-24 08:30"},
           {"2026-11-21 02:00", "2026-11-24 08:30"},
           {"2026-11-23 08:00", "2026-11-24 08:30"},
           // Golden week: Sunday 3 May to the substitute on the 6th.
           {"2026-05-01 20:00", "2026-05-07 08:30"},
           // Silver week.
           {"2026-09-18 20:00", "2026-09-24 08:30"},
           // The turn of the year.
           {"2026-12-28 08:00", "2026-12-28 08:30"},
           {"2026-12-28 20:00", "2027-01-04 08:30"},
           {"2026-12-31 23:59", "2027-01-04 08:30"},
           {"2027-01-03 03:00", "2027-01-04 08:30"},
           {"2027-12-28 20:00", "2028-01-04 08:30"},
       }) {
    EXPECT_EQ(NextWorkingDayAt(At(row.time), 8 * 60 + 30, kTokyo), At(row.due))
        << row.time;
  }
}

TEST(NextWorkingDayAt, TakesAnyMinute) {
  EXPECT_EQ(NextWorkingDayAt(At("2026-11-17 00:00"), 0, kTokyo),
            At("2026-11-18 00:00"));
  EXPECT_EQ(NextWorkingDayAt(At("2026-11-17 12:00"), 23 * 60 + 59, kTokyo),
            At("2026-11-17 23:59"));
}

// Summer time: 2026-03-08 02:30 does not exist in New York.
TEST(NextWorkingDayAt, KeepsTheWallClockOverSummerTime) {
  const std::optional<absl::TimeZone> new_york = FindZone("America/New_York");
  if (!new_york.has_value()) GTEST_SKIP() << "no table of time zones here";
  const absl::Time friday =
      absl::FromCivil(absl::CivilHour(2026, 3, 6, 20), *new_york);
  EXPECT_EQ(NextWorkingDayAt(friday, 8 * 60 + 30, *new_york),
            absl::FromCivil(absl::CivilMinute(2026, 3, 9, 8, 30), *new_york));
}

// The machine's own zone must not come in: servers run in UTC.
class MachineZone : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* before = getenv("TZ");
    if (before != nullptr) before_ = before;
    setenv("TZ", GetParam(), 1);
    tzset();
  }
  void TearDown() override {
    if (before_.has_value()) {
      setenv("TZ", before_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
    tzset();
  }

 private:
  std::optional<std::string> before_;
};

TEST_P(MachineZone, ChangesNothing) {
  // 20:00 UTC on Saturday is 05:00 on Sunday in Tokyo.
  const absl::Time time =
      absl::FromCivil(absl::CivilHour(2026, 11, 21, 20), absl::UTCTimeZone());
  const absl::TimeZone tokyo = ZoneNamed("Asia/Tokyo");
  EXPECT_EQ(absl::FormatTime("%Y-%m-%d %H:%M", time, tokyo),
            "2026-11-22 05:00");
  EXPECT_EQ(FeeBandAt(time, tokyo), FeeBand::kDeepNight);
  EXPECT_FALSE(IsWageNight(time, tokyo));
  EXPECT_EQ(FeeBandAt(time + absl::Hours(1), tokyo), FeeBand::kHoliday);
  EXPECT_EQ(NextWorkingDayAt(time, 8 * 60 + 30, tokyo), At("2026-11-24 08:30"));
}

INSTANTIATE_TEST_SUITE_P(Calendar, MachineZone,
                         ::testing::Values("UTC", "America/Los_Angeles",
                                           "Pacific/Auckland"));

TEST(FindZone, KnowsTokyoEverywhere) {
  const std::optional<absl::TimeZone> tokyo = FindZone("Asia/Tokyo");
  ASSERT_TRUE(tokyo.has_value());
  EXPECT_EQ(tokyo->At(absl::UnixEpoch()).offset, 9 * 60 * 60);
}

TEST(FindZone, RefusesWhatIsNoZone) {
  for (const char* name :
       {"", "Asia/Tokio", "localtime", "/usr/share/zoneinfo/Asia/Tokyo",
        "file:Asia/Tokyo", "libc:localtime", "../zoneinfo/Asia/Tokyo",
        "Fixed/UTC+09:00:00", "Asia/ Tokyo"}) {
    EXPECT_FALSE(FindZone(name).has_value()) << name;
  }
}

TEST(ZoneNamed, IsTokyoWhereTheNameIsNotKnown) {
  EXPECT_EQ(ZoneNamed("Mars/Olympus").At(absl::UnixEpoch()).offset,
            9 * 60 * 60);
}

}  // namespace
}  // namespace housecall::core
