// At which hours of the week something holds: a turn that is forbidden in the
// morning, a street that is closed while children walk to school.
#ifndef HOUSECALL_ROUTER_ROAD_HOURS_H_
#define HOUSECALL_ROUTER_ROAD_HOURS_H_

#include <compare>
#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/types/span.h"

namespace housecall::router {

// From one minute of the day to before another, on some kinds of day.
struct HourSpan {
  static constexpr uint8_t kAllDays = 0x7f;
  static constexpr uint16_t kMinutesInDay = 24 * 60;

  // Bit 0 is Monday. Days that are no public holiday, and days that are.
  uint8_t weekdays = 0;
  uint8_t holidays = 0;
  uint16_t begin_minute = 0;
  uint16_t end_minute = 0;
  uint16_t unused = 0;

  friend auto operator<=>(const HourSpan&, const HourSpan&) = default;
};

// The hours of a week, by begin and end; spans of one day neither overlap nor
// touch. So equal hours are equal values. None at all: never.
using RoadHours = std::vector<HourSpan>;

// All minutes of all days.
RoadHours AlwaysHours();

// The same hours in the order, and with the spans, of RoadHours; `spans` may
// overlap.
RoadHours SortedHours(absl::Span<const HourSpan> spans);

// All other hours.
RoadHours OtherHours(absl::Span<const HourSpan> hours);

bool HoldsAt(absl::Span<const HourSpan> hours, absl::CivilMinute local,
             bool is_public_holiday);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_HOURS_H_
