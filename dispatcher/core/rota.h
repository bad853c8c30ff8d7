// Who is on duty when, and when nobody is. One definition, used by screens,
// alarms and reports alike.
#ifndef HOUSECALL_DISPATCHER_CORE_ROTA_H_
#define HOUSECALL_DISPATCHER_CORE_ROTA_H_

#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::core {

// One person's duty by the rota, overrides applied.
struct RotaDuty {
  PersonId person;
  Role role = Role::kUnspecified;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  OrganizationId organization;
  CarId car;
  std::optional<LatLng> base_position;
  bool reserve = false;
  // What it comes from.
  ShiftId shift;
  OverrideId override;
  bool operator==(const RotaDuty&) const = default;
  HOUSECALL_FIELDS(person, role, start_time, end_time, organization, car,
                   base_position, reserve, shift, override);
};

// Every duty that touches [from, to), cut by absences and replacements, not by
// the window; by start, then person. A duty split by an absence is two.
std::vector<RotaDuty> RotaBetween(const Board& board, absl::Time from,
                                  absl::Time to);

// Those on duty at that instant.
std::vector<RotaDuty> OnDutyAt(const Board& board, absl::Time time);

// The duty of that person in that role that holds at `time` or begins within
// `ahead` of it, or nullopt.
std::optional<RotaDuty> DutyOf(const Board& board, const PersonId& person,
                               Role role, absl::Time time,
                               absl::Duration ahead);

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
// drives himself) and operators, by start, then role. Reserve does not count.
std::vector<CoverageGap> CoverageGaps(const Board& board, absl::Time from,
                                      absl::Time to);

// True if the person has had 9 hours off within the 24 before the duty's
// start, or for a duty longer than 18 hours 18 within 46 (rest rules for
// doctors' overtime, Ministry of Health 2024).
bool IsRested(const Board& board, const PersonId& person, const RotaDuty& duty);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_ROTA_H_
