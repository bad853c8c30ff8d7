#include "router/road_hours.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

namespace housecall::router {
namespace {

// First the seven days that are no holiday, then those that are.
constexpr size_t kDays = 14;

using Interval = std::pair<uint16_t, uint16_t>;
using Days = std::array<std::vector<Interval>, kDays>;

uint16_t DaysOf(const HourSpan& span) {
  return static_cast<uint16_t>(span.weekdays | span.holidays << 7);
}

Days ToDays(absl::Span<const HourSpan> spans) {
  Days days;
  for (size_t day = 0; day < kDays; ++day) {
    std::vector<Interval> all;
    for (const HourSpan& span : spans) {
      if ((DaysOf(span) >> day & 1) == 0) continue;
      if (span.begin_minute < span.end_minute) {
        all.emplace_back(span.begin_minute, span.end_minute);
      }
    }
    std::sort(all.begin(), all.end());
    for (const Interval& interval : all) {
      if (!days[day].empty() && interval.first <= days[day].back().second) {
        days[day].back().second =
            std::max(days[day].back().second, interval.second);
      } else {
        days[day].push_back(interval);
      }
    }
  }
  return days;
}

RoadHours FromDays(const Days& days) {
  std::map<Interval, uint16_t> masks;
  for (size_t day = 0; day < kDays; ++day) {
    for (const Interval& interval : days[day]) {
      masks[interval] |= static_cast<uint16_t>(1u << day);
    }
  }
  RoadHours hours;
  for (const auto& [interval, mask] : masks) {
    HourSpan span;
    span.weekdays = static_cast<uint8_t>(mask & HourSpan::kAllDays);
    span.holidays = static_cast<uint8_t>(mask >> 7);
    span.begin_minute = interval.first;
    span.end_minute = interval.second;
    hours.push_back(span);
  }
  return hours;
}

}  // namespace

RoadHours AlwaysHours() {
  return {
      {HourSpan::kAllDays, HourSpan::kAllDays, 0, HourSpan::kMinutesInDay, 0}};
}

RoadHours SortedHours(absl::Span<const HourSpan> spans) {
  return FromDays(ToDays(spans));
}

RoadHours OtherHours(absl::Span<const HourSpan> hours) {
  Days days = ToDays(hours);
  for (std::vector<Interval>& day : days) {
    std::vector<Interval> others;
    uint16_t begin = 0;
    for (const Interval& interval : day) {
      if (begin < interval.first) others.emplace_back(begin, interval.first);
      begin = interval.second;
    }
    if (begin < HourSpan::kMinutesInDay) {
      others.emplace_back(begin, HourSpan::kMinutesInDay);
    }
    day = std::move(others);
  }
  return FromDays(days);
}

bool HoldsAt(absl::Span<const HourSpan> hours, absl::CivilMinute local,
             bool is_public_holiday) {
  // absl::Weekday begins with Monday.
  const int day =
      static_cast<int>(absl::GetWeekday(local)) + (is_public_holiday ? 7 : 0);
  const int minute = local.hour() * 60 + local.minute();
  return std::any_of(hours.begin(), hours.end(), [&](const HourSpan& span) {
    return (DaysOf(span) >> day & 1) != 0 && minute >= span.begin_minute &&
           minute < span.end_minute;
  });
}

}  // namespace housecall::router
