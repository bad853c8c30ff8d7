// The three calendars that must not be mixed (DOMAIN §4): duty hours are the
// rota's, fee bands and wage nights are here, with Japan's national holidays
// and the working days that deliveries count.
#ifndef HOUSECALL_DISPATCHER_CORE_CALENDAR_H_
#define HOUSECALL_DISPATCHER_CORE_CALENDAR_H_

#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "dispatcher/core/call.h"

namespace housecall::core {

// The name of the national holiday (国民の祝日) on that day, or empty. Law:
// Act on National Holidays (1948) as amended to 2018; equinoxes by the
// astronomical approximation valid 1980–2099. From 2022 on.
std::string NationalHoliday(absl::CivilDay day);

// Sundays, national holidays, 29–31 December and 2–3 January: 休日 of the fee
// schedule (1 January is a national holiday).
bool IsFeeHoliday(absl::CivilDay day);

// The fee band of an instant: deep night 22–06, evening 18–22 and 06–08,
// holiday, consultation hours 08–13 (緊急), else daytime. The deep night of a
// holiday is deep night, its evening is a holiday.
FeeBand FeeBandAt(absl::Time time, absl::TimeZone zone);

// 22–05, for night wages (Labour Standards Act, art. 37).
bool IsWageNight(absl::Time time, absl::TimeZone zone);

// Monday to Friday, neither a national holiday nor 29 December to 3 January.
bool IsWorkingDay(absl::CivilDay day);

// `minute_of_day` of the first working day whose that minute is after `time`
// and which is not the day of `time` unless `time` is before that minute: a
// note signed at 02:00 on a Tuesday is due at 08:30 of that Tuesday; one
// signed at 22:00 on a Friday, at 08:30 of Monday.
absl::Time NextWorkingDayAt(absl::Time time, int minute_of_day,
                            absl::TimeZone zone);

// The zone of that IANA name; Asia/Tokyo's fixed offset if it is unknown here.
absl::TimeZone ZoneNamed(const std::string& name);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_CALENDAR_H_
