// The rule of the national holidays against the npm package
// @holiday-jp/holiday_jp (tests/npm), which lists every day by hand from the
// gazette and reckons the years to come, up to 2050.
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "dispatcher/core/calendar.h"
#include "gtest/gtest.h"

namespace housecall::core {
namespace {

// From the root of the sources, where ctest runs the tests.
constexpr char kData[] =
    "tests/npm/node_modules/@holiday-jp/holiday_jp/lib/holidays.js";

// Day → name, as the package has them.
std::map<absl::CivilDay, std::string> Published(std::istream& file) {
  static const auto* const date =
      new std::regex("^\\s*date: \"(\\d{4}-\\d{2}-\\d{2})\",?$");
  static const auto* const name = new std::regex("^\\s*name: \"(.*)\",?$");
  std::map<absl::CivilDay, std::string> days;
  absl::CivilDay day;
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, *date)) {
      EXPECT_TRUE(absl::ParseCivilTime(match[1].str(), &day)) << line;
    } else if (std::regex_match(line, match, *name)) {
      days[day] = match[1].str();
    }
  }
  return days;
}

// The package calls substitutes "こどもの日 振替休日", and days between two
// "休日".
std::string InOurWords(const std::string& name) {
  if (absl::EndsWith(name, "振替休日")) return "振替休日";
  if (name == "休日") return "国民の休日";
  return name;
}

TEST(NationalHoliday, AgreesWithThePublishedListDayByDay) {
  std::ifstream file(kData);
  if (!file.is_open()) {
    GTEST_SKIP() << kData << " is missing; run tests/npm/install.sh";
  }
  const std::map<absl::CivilDay, std::string> published = Published(file);
  ASSERT_GT(published.size(), 1000u);
  ASSERT_EQ(published.rbegin()->first, absl::CivilDay(2050, 11, 23));

  int holidays = 0;
  for (absl::CivilDay day(kFirstHolidayYear, 1, 1);
       day <= absl::CivilDay(2050, 12, 31); ++day) {
    const auto found = published.find(day);
    const std::string want =
        found == published.end() ? "" : InOurWords(found->second);
    EXPECT_EQ(NationalHoliday(day), want) << absl::FormatCivilTime(day);
    holidays += want.empty() ? 0 : 1;
  }
  // 16 named days a year for 29 years, and those that follow from them.
  EXPECT_GT(holidays, 16 * 29);
}

}  // namespace
}  // namespace housecall::core
