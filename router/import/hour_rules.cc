#include "router/import/hour_rules.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace housecall::router {
namespace {

constexpr std::array<absl::string_view, 7> kDayNames = {"Mo", "Tu", "We", "Th",
                                                        "Fr", "Sa", "Su"};

std::optional<int> ParseDay(absl::string_view text) {
  for (size_t i = 0; i < kDayNames.size(); ++i) {
    if (text == kDayNames[i]) return static_cast<int>(i);
  }
  return std::nullopt;
}

struct Days {
  uint8_t weekdays = 0;
  bool names_holidays = false;
};

// "Mo-Fr,Su,PH"
std::optional<Days> ParseDays(absl::string_view text) {
  Days days;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    if (part == "PH") {
      days.names_holidays = true;
      continue;
    }
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    if (ends.size() > 2) return std::nullopt;
    const std::optional<int> first = ParseDay(ends.front());
    const std::optional<int> last = ParseDay(ends.back());
    if (!first.has_value() || !last.has_value()) return std::nullopt;
    // Also "Sa-Mo".
    for (int day = *first;; day = (day + 1) % 7) {
      days.weekdays |= static_cast<uint8_t>(1u << day);
      if (day == *last) break;
    }
  }
  return days;
}

std::optional<uint16_t> ParseMinute(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  uint32_t hour;
  uint32_t minute;
  if (parts.size() != 2 || parts[0].empty() || parts[0].size() > 2 ||
      parts[1].size() != 2 || !absl::SimpleAtoi(parts[0], &hour) ||
      !absl::SimpleAtoi(parts[1], &minute) || minute > 59 ||
      hour * 60 + minute > 48 * 60) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(hour * 60 + minute);
}

struct Times {
  uint16_t begin;
  uint16_t end;
};

// "07:00-09:00,22:00-06:00"; an end before the begin is that of the next day.
std::optional<std::vector<Times>> ParseTimes(absl::string_view text) {
  std::vector<Times> all;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends = absl::StrSplit(part, '-');
    if (ends.size() != 2) return std::nullopt;
    const std::optional<uint16_t> begin = ParseMinute(ends[0]);
    std::optional<uint16_t> end = ParseMinute(ends[1]);
    if (!begin.has_value() || !end.has_value() ||
        *begin >= HourSpan::kMinutesInDay) {
      return std::nullopt;
    }
    if (*end <= *begin) *end += HourSpan::kMinutesInDay;
    if (*end > *begin + HourSpan::kMinutesInDay) return std::nullopt;
    all.push_back({*begin, *end});
  }
  return all;
}

uint8_t DayAfter(uint8_t days) {
  return static_cast<uint8_t>((days << 1 | days >> 6) & HourSpan::kAllDays);
}

void AddSpans(uint8_t weekdays, uint8_t holidays, const Times& times,
              RoadHours* hours) {
  constexpr uint16_t kDay = HourSpan::kMinutesInDay;
  if (times.end <= kDay) {
    hours->push_back({weekdays, holidays, times.begin, times.end, 0});
    return;
  }
  hours->push_back({weekdays, holidays, times.begin, kDay, 0});
  hours->push_back({DayAfter(weekdays), DayAfter(holidays), 0,
                    static_cast<uint16_t>(times.end - kDay), 0});
}

std::string WithoutSpacesAround(absl::string_view text, char mark) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ') {
      result += text[i];
      continue;
    }
    const bool is_before = i + 1 < text.size() && text[i + 1] == mark;
    const bool is_behind = !result.empty() && result.back() == mark;
    if (!is_before && !is_behind) result += ' ';
  }
  return result;
}

// A vehicle's property: false if a car never has it, true if it says nothing
// about a car; none: it is no property.
std::optional<bool> ParseProperty(absl::string_view text) {
  static constexpr std::array<absl::string_view, 8> kProperties = {
      "weight", "maxweightrating", "height", "width",
      "length", "axleload",        "axles",  "trailers"};
  const size_t end = text.find_first_of("<>=");
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view name =
      absl::StripTrailingAsciiWhitespace(text.substr(0, end));
  for (const absl::string_view property : kProperties) {
    if (name == property) return text[end] != '>';
  }
  return std::nullopt;
}

// "07:00-09:00 AND weight>5"
std::optional<RoadHours> ParseCondition(absl::string_view text) {
  std::optional<RoadHours> hours = AlwaysHours();
  for (absl::string_view part : absl::StrSplit(text, " AND ")) {
    part = absl::StripAsciiWhitespace(part);
    const std::optional<bool> property = ParseProperty(part);
    if (property.has_value()) {
      if (!*property) return RoadHours();
      continue;
    }
    const std::optional<RoadHours> some = ParseHours(part);
    // Two lists of hours at once are no sign's.
    if (!some.has_value() || hours != AlwaysHours()) {
      hours = std::nullopt;
      continue;
    }
    hours = some;
  }
  return hours;
}

}  // namespace

std::optional<RoadHours> ParseHours(absl::string_view text) {
  if (absl::StripAsciiWhitespace(text) == "24/7") return AlwaysHours();
  RoadHours hours;
  bool names_holidays = false;
  RoadHours holiday_hours;
  const std::string tidy =
      WithoutSpacesAround(WithoutSpacesAround(text, ','), '-');
  for (const absl::string_view rule : absl::StrSplit(tidy, ';')) {
    std::vector<absl::string_view> words =
        absl::StrSplit(rule, ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    const bool is_off = words.back() == "off" || words.back() == "closed";
    if (is_off) words.pop_back();
    Days days = {HourSpan::kAllDays, false};
    if (!words.empty() &&
        absl::ascii_isupper(static_cast<unsigned char>(words.front()[0]))) {
      const std::optional<Days> some = ParseDays(words.front());
      if (!some.has_value()) return std::nullopt;
      days = *some;
      words.erase(words.begin());
    }
    std::vector<Times> times = {{0, HourSpan::kMinutesInDay}};
    if (!words.empty()) {
      const std::optional<std::vector<Times>> some = ParseTimes(words.front());
      // Hours of closing within open ones are not written at roads.
      if (!some.has_value() || words.size() > 1 || is_off) return std::nullopt;
      times = *some;
    }
    // What was said of these days before counts no longer.
    for (HourSpan& span : hours) {
      span.weekdays = static_cast<uint8_t>(span.weekdays & ~days.weekdays);
    }
    if (days.names_holidays) {
      names_holidays = true;
      holiday_hours.clear();
    }
    if (is_off) continue;
    for (const Times& some : times) {
      if (days.weekdays != 0) AddSpans(days.weekdays, 0, some, &hours);
      if (days.names_holidays) {
        AddSpans(0, HourSpan::kAllDays, some, &holiday_hours);
      }
    }
  }
  if (names_holidays) {
    hours.insert(hours.end(), holiday_hours.begin(), holiday_hours.end());
  } else {
    for (HourSpan& span : hours) span.holidays = span.weekdays;
  }
  return SortedHours(hours);
}

std::vector<ConditionalValue> ParseConditional(absl::string_view text) {
  // Semicolons also stand between rules within the parentheses, and, where
  // those are left out, between hours.
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  const auto add_part = [&] {
    const bool is_more_of_the_last =
        !parts.empty() && part.find('@') == std::string::npos;
    if (is_more_of_the_last) {
      absl::StrAppend(&parts.back(), ";", part);
    } else {
      parts.push_back(part);
    }
    part.clear();
  };
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ';' && depth <= 0) {
      add_part();
    } else {
      part += c;
    }
  }
  add_part();

  std::vector<ConditionalValue> values;
  for (const std::string& one : parts) {
    const std::pair<absl::string_view, absl::string_view> sides =
        absl::StrSplit(one, absl::MaxSplits('@', 1));
    ConditionalValue value;
    value.value = std::string(absl::StripAsciiWhitespace(sides.first));
    if (value.value.empty()) continue;
    absl::string_view condition = absl::StripAsciiWhitespace(sides.second);
    if (absl::ConsumePrefix(&condition, "(")) {
      absl::ConsumeSuffix(&condition, ")");
    }
    value.hours = condition.empty() ? std::nullopt : ParseCondition(condition);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace housecall::router
