// The three calendars that must not be mixed (DOMAIN §4): duty hours are the
// rota's, fee bands and wage nights are here, with Japan's national holidays
// and the working days that deliveries count.
#ifndef HOUSECALL_DISPATCHER_CORE_CALENDAR_H_
#define HOUSECALL_DISPATCHER_CORE_CALENDAR_H_

#include <optional>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "dispatcher/core/call.h"

namespace housecall::core {

// The years whose national holidays are known here: after the changes of 2019
// (the emperor's accession) and 2020–21 (the Olympic games) were over, and as
// long as the approximation of the equinoxes holds.
inline constexpr int kFirstHolidayYear = 2022;
inline constexpr int kLastHolidayYear = 2099;

// The name of the national holiday (国民の祝日) on that day, "振替休日" for the
// substitute of one that fell on a Sunday, "国民の休日" for a day between two,
// or empty. Law: Act on National Holidays (1948) as amended to 2018; equinoxes
// by the astronomical approximation valid 1980–2099, which the gazette of each
// February confirms. Empty outside of the years above.
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

// The first `minute_of_day` of a working day that comes after `time`: a note
// signed at 02:00 on a Tuesday is due at 08:30 of that Tuesday; one signed at
// 08:30 or later, or on a Friday night, at 08:30 of the next working day.
absl::Time NextWorkingDayAt(absl::Time time, int minute_of_day,
                            absl::TimeZone zone);

// The zone of that IANA name ("Asia/Tokyo"), or nullopt if this machine does
// not know it. Asia/Tokyo is known on every machine. Reads the machine's table
// of time zones, the one thing that core reads: a board names its zone.
std::optional<absl::TimeZone> FindZone(const std::string& name);

// The zone in which a center lives. No center is written whose zone FindZone
// does not know; on a machine that has lost its table it is Asia/Tokyo.
absl::TimeZone ZoneNamed(const std::string& name);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_CALENDAR_H_
