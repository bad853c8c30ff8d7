// Who is on duty when (輪番): shifts, exceptions to them, and being on duty.
#ifndef HOUSECALL_DISPATCHER_CORE_SHIFT_H_
#define HOUSECALL_DISPATCHER_CORE_SHIFT_H_

#include <optional>
#include <string>

#include "dispatcher/core/types.h"

namespace housecall::core {

HOUSECALL_ENUM(ShiftState, kUnspecified, kPlanned, kCancelled);

// One duty of one person, [start_time, end_time).
struct Shift {
  ShiftId id;
  Version etag;
  PersonId person;
  // kPhysician, kDriver or kOperator.
  Role role = Role::kUnspecified;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  // The employing clinic for these hours; the 16 km are measured from it.
  OrganizationId organization;
  // A driver's car.
  CarId car;
  // Where the person waits; none: the center.
  std::optional<LatLng> base_position;
  // On the reserve, paged in a surge only.
  bool reserve = false;
  ShiftState state = ShiftState::kPlanned;
  bool operator==(const Shift&) const = default;
  HOUSECALL_FIELDS(id, etag, person, role, start_time, end_time, organization,
                   car, base_position, reserve, state);
};

HOUSECALL_ENUM(OverrideKind, kUnspecified, kAbsence, kReplacement, kAddition);

// An exception to the rota for [start_time, end_time): kAbsence takes `person`
// out of every shift, kReplacement puts `replacement` in the place of `person`,
// kAddition puts `person` on duty with no shift.
struct Override {
  OverrideId id;
  Version etag;
  OverrideKind kind = OverrideKind::kUnspecified;
  PersonId person;
  PersonId replacement;
  Role role = Role::kUnspecified;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  // kAddition only, as in Shift.
  OrganizationId organization;
  CarId car;
  std::string reason;
  bool cancelled = false;
  bool operator==(const Override&) const = default;
  HOUSECALL_FIELDS(id, etag, kind, person, replacement, role, start_time,
                   end_time, organization, car, reason, cancelled);
};

// Where the planner would have a free crew wait, and why. Advice: nobody is
// bound by it.
struct Standby {
  // To some 500 m, so that it is nobody's door; none: where he is.
  std::optional<LatLng> position;
  // Whom to fetch before; empty: nobody.
  PersonId physician;
  // Calls that are expected within the hour at the center, and the urgent ones
  // among them.
  double expected_calls = 0;
  double expected_urgent_calls = 0;
  absl::Time tell_time = absl::UnixEpoch();
  bool operator==(const Standby&) const = default;
  HOUSECALL_FIELDS(position, physician, expected_calls, expected_urgent_calls,
                   tell_time);
};

// Whether a person is working now. The rota says who should be; this says who
// said so. Its id is the person's.
struct Duty {
  PersonId id;
  Version etag;
  Role role = Role::kUnspecified;
  bool on_duty = false;
  absl::Time since = absl::UnixEpoch();
  // The end of the shift under which the person works.
  absl::Time end_time = absl::UnixEpoch();
  // The employing clinic for these hours.
  OrganizationId organization;
  // A driver's car.
  CarId car;
  // Visits in this duty, for a fair share of the burden.
  int32_t visits = 0;
  // A driver's, while he is free; none: he waits where he likes.
  std::optional<Standby> standby;
  bool operator==(const Duty&) const = default;
  HOUSECALL_FIELDS(id, etag, role, on_duty, since, end_time, organization, car,
                   visits, standby);
};

// Where a person was last. Rows only, no journal: the newest fix counts, by
// the device's time; an older one never replaces it.
struct Position {
  PersonId id;
  Version etag;
  LatLng position;
  double accuracy_meters = 0;
  absl::Time device_time = absl::UnixEpoch();
  absl::Time receive_time = absl::UnixEpoch();
  bool operator==(const Position&) const = default;
  HOUSECALL_FIELDS(id, etag, position, accuracy_meters, device_time,
                   receive_time);
};

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_SHIFT_H_
