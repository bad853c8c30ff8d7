#include "dispatcher/core/calendar.h"

#include "absl/strings/ascii.h"

namespace housecall::core {

namespace {

constexpr char kTokyo[] = "Asia/Tokyo";

// UTC+9 without summer time since 1952.
absl::TimeZone Tokyo() { return absl::FixedTimeZone(9 * 60 * 60); }

// The day of March and of September on which the sun is at the equinox in
// Japan; 海上保安庁水路部, 新こよみ便利帳, for 1980 to 2099.
int EquinoxDay(double day_in_1980, absl::civil_year_t year) {
  const auto years = static_cast<int>(year - 1980);
  return static_cast<int>(day_in_1980 + 0.242194 * years) - years / 4;
}

bool IsMonday(absl::CivilDay day, int number) {
  return absl::GetWeekday(day) == absl::Weekday::monday &&
         (day.day() - 1) / 7 + 1 == number;
}

// Article 2: the days that have a name, or null.
const char* NamedHoliday(absl::CivilDay day) {
  if (day.year() < kFirstHolidayYear || day.year() > kLastHolidayYear) {
    return nullptr;
  }
  const auto is = [&](int month, int month_day) {
    return day.month() == month && day.day() == month_day;
  };
  if (is(1, 1)) return "元日";
  if (day.month() == 1 && IsMonday(day, 2)) return "成人の日";
  if (is(2, 11)) return "建国記念の日";
  if (is(2, 23)) return "天皇誕生日";
  if (is(3, EquinoxDay(20.8431, day.year()))) return "春分の日";
  if (is(4, 29)) return "昭和の日";
  if (is(5, 3)) return "憲法記念日";
  if (is(5, 4)) return "みどりの日";
  if (is(5, 5)) return "こどもの日";
  if (day.month() == 7 && IsMonday(day, 3)) return "海の日";
  if (is(8, 11)) return "山の日";
  if (day.month() == 9 && IsMonday(day, 3)) return "敬老の日";
  if (is(9, EquinoxDay(23.2488, day.year()))) return "秋分の日";
  if (day.month() == 10 && IsMonday(day, 2)) return "スポーツの日";
  if (is(11, 3)) return "文化の日";
  if (is(11, 23)) return "勤労感謝の日";
  return nullptr;
}

// Article 3(2): the first day without a name after a holiday on a Sunday.
bool IsSubstitute(absl::CivilDay day) {
  for (--day; NamedHoliday(day) != nullptr; --day) {
    if (absl::GetWeekday(day) == absl::Weekday::sunday) return true;
  }
  return false;
}

bool IsNewYear(absl::CivilDay day) {
  return (day.month() == 12 && day.day() >= 29) ||
         (day.month() == 1 && day.day() <= 3);
}

// "Area/Location". Abseil would also open a file of any path, and takes
// "localtime" for what the machine is set to.
bool IsZoneName(const std::string& name) {
  if (name.empty() || name == "localtime" || !absl::ascii_isalpha(name[0])) {
    return false;
  }
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '/' && c != '_' && c != '-' &&
        c != '+') {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string NationalHoliday(absl::CivilDay day) {
  if (const char* name = NamedHoliday(day)) return name;
  if (IsSubstitute(day)) return "振替休日";
  // Article 3(3).
  if (NamedHoliday(day - 1) != nullptr && NamedHoliday(day + 1) != nullptr) {
    return "国民の休日";
  }
  return "";
}

bool IsFeeHoliday(absl::CivilDay day) {
  return absl::GetWeekday(day) == absl::Weekday::sunday || IsNewYear(day) ||
         !NationalHoliday(day).empty();
}

FeeBand FeeBandAt(absl::Time time, absl::TimeZone zone) {
  const absl::CivilSecond second = absl::ToCivilSecond(time, zone);
  const int hour = second.hour();
  if (hour >= 22 || hour < 6) return FeeBand::kDeepNight;
  if (IsFeeHoliday(absl::CivilDay(second))) return FeeBand::kHoliday;
  if (hour >= 18 || hour < 8) return FeeBand::kEvening;
  return hour < 13 ? FeeBand::kConsultationHours : FeeBand::kDaytime;
}

bool IsWageNight(absl::Time time, absl::TimeZone zone) {
  const int hour = absl::ToCivilSecond(time, zone).hour();
  return hour >= 22 || hour < 5;
}

bool IsWorkingDay(absl::CivilDay day) {
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday &&
         weekday != absl::Weekday::sunday && !IsNewYear(day) &&
         NationalHoliday(day).empty();
}

absl::Time NextWorkingDayAt(absl::Time time, int minute_of_day,
                            absl::TimeZone zone) {
  for (absl::CivilDay day = absl::ToCivilDay(time, zone);; ++day) {
    if (!IsWorkingDay(day)) continue;
    const absl::Time due =
        absl::FromCivil(absl::CivilMinute(day) + minute_of_day, zone);
    if (due > time) return due;
  }
}

std::optional<absl::TimeZone> FindZone(const std::string& name) {
  absl::TimeZone zone;
  if (IsZoneName(name) && absl::LoadTimeZone(name, &zone)) return zone;
  if (name == kTokyo) return Tokyo();
  return std::nullopt;
}

absl::TimeZone ZoneNamed(const std::string& name) {
  return FindZone(name).value_or(Tokyo());
}

}  // namespace housecall::core
