// Who is on duty when, and when nobody is. One definition, used by screens,
// alarms and reports alike.
#ifndef HOUSECALL_DISPATCHER_CORE_ROTA_H_
#define HOUSECALL_DISPATCHER_CORE_ROTA_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::core {

// One person's duty by the rota, overrides applied: [start_time, end_time).
struct RotaDuty {
  PersonId person;
  Role role = Role::kUnspecified;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  OrganizationId organization;
  CarId car;
  std::optional<LatLng> base_position;
  bool reserve = false;
  // What it comes from: a shift, an addition, or both where a replacement
  // stands in for a shift.
  ShiftId shift;
  OverrideId override;
  bool operator==(const RotaDuty&) const = default;
  HOUSECALL_FIELDS(person, role, start_time, end_time, organization, car,
                   base_position, reserve, shift, override);
};

// Every duty that touches [from, to), cut by absences and replacements, not by
// the window; by start, then person. A duty split by an absence is two.
//
// A replacement has the shift's role, clinic, car and place; of two for the
// same hours that with the smaller id counts. An absence takes the person out
// of his shifts and of those for which he stands in, not out of additions,
// which say that he works nevertheless. Overrides apply in that order, so that
// "absent" and "replaced" for the same hours means replaced.
std::vector<RotaDuty> RotaBetween(const Board& board, absl::Time from,
                                  absl::Time to);

// Those on duty at that instant: from the start of a duty on, and no longer at
// its end.
std::vector<RotaDuty> OnDutyAt(const Board& board, absl::Time time);

// The duty of that person in that role that holds at `time`, else the next
// that begins within `ahead` of it (`ahead` itself included), or nullopt. A
// reserve who was called up by an addition is on duty, not on the reserve.
std::optional<RotaDuty> DutyOf(const Board& board, const PersonId& person,
                               Role role, absl::Time time,
                               absl::Duration ahead);
// The same among duties that RotaBetween has found.
std::optional<RotaDuty> DutyOf(const std::vector<RotaDuty>& rota,
                               const PersonId& person, Role role,
                               absl::Time time, absl::Duration ahead);

// How early somebody may begin his duty.
inline constexpr absl::Duration kMaxEarlyStart = absl::Minutes(30);

// When the duty is over that the person has in that role at `now` or will
// begin within kMaxEarlyStart, with what adjoins it; InfinitePast if he has
// none. `rota` as found by RotaBetween from `now` on.
absl::Time EndOfDuty(const std::vector<RotaDuty>& rota, const PersonId& person,
                     Role role, absl::Time now);

// A time within [from, to) in which the center is open (every day from 18:00
// to 08:00 and all day on fee holidays) and a role has nobody.
struct CoverageGap {
  Role role = Role::kUnspecified;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  bool operator==(const CoverageGap&) const = default;
  HOUSECALL_FIELDS(role, start_time, end_time);
};

// Gaps for physicians, drivers (none needed while every physician on duty
// drives himself) and operators, cut by the window, by start, then role.
// Neither the reserve counts, nor who does not work with the center any more.
std::vector<CoverageGap> CoverageGaps(const Board& board, absl::Time from,
                                      absl::Time to);

// How far back IsRested looks: 46 hours, and what adjoins the duty.
inline constexpr absl::Duration kRestWindow = absl::Hours(7 * 24);

// True if the person has had 9 hours off without a break within the 24 before
// the duty's start, or for a duty longer than 18 hours 18 within 46 (rest
// rules for doctors' overtime, Ministry of Health 2024), as far as the rota of
// this center knows. Duties that adjoin or overlap are one; the reserve is
// off.
bool IsRested(const Board& board, const PersonId& person, const RotaDuty& duty);
// The same among duties that RotaBetween has found for kRestWindow before the
// duty's start and up to its end.
bool IsRested(const std::vector<RotaDuty>& rota, const PersonId& person,
              const RotaDuty& duty);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_ROTA_H_
