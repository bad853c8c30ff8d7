// The words and small values of the field that every record of a center uses.
#ifndef HOUSECALL_DISPATCHER_CORE_TYPES_H_
#define HOUSECALL_DISPATCHER_CORE_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/base/id.h"
#include "dispatcher/base/sensitive.h"

namespace housecall::core {

// kCollection is the collection in a resource name and the name of the SQL
// table; kSingular is the name of a field that holds such a resource.
#define HOUSECALL_ID(Type, collection, singular)            \
  struct Type##Tag {                                        \
    static constexpr const char* kCollection = #collection; \
    static constexpr const char* kSingular = #singular;     \
  };                                                        \
  using Type = Id<Type##Tag>

HOUSECALL_ID(CenterId, centers, center);
HOUSECALL_ID(OrganizationId, organizations, organization);
HOUSECALL_ID(PersonId, people, person);
HOUSECALL_ID(AccountId, accounts, account);
HOUSECALL_ID(SessionId, sessions, session);
HOUSECALL_ID(PatientId, patients, patient);
HOUSECALL_ID(CarId, cars, car);
HOUSECALL_ID(ShiftId, shifts, shift);
HOUSECALL_ID(OverrideId, overrides, override);
HOUSECALL_ID(CallId, calls, call);
HOUSECALL_ID(OfferId, offers, offer);
HOUSECALL_ID(AssignmentId, assignments, assignment);
HOUSECALL_ID(VisitId, visits, visit);
HOUSECALL_ID(NoteId, notes, note);
HOUSECALL_ID(DeliveryId, deliveries, delivery);
HOUSECALL_ID(TaskId, tasks, task);
HOUSECALL_ID(MatchId, matches, match);

// What an account may act as (DOMAIN §2). kSystem is the engine itself: its
// planner, its timers and its relay.
HOUSECALL_ENUM(Role, kUnspecified, kRequester, kOperator, kPhysician, kDriver,
               kCareTeam, kAdministrator, kMunicipality, kSystem);

// How soon: urgent at the door within 60 minutes of triage, standard within
// 120, routine within 360, unless the center's policy says otherwise.
HOUSECALL_ENUM(Urgency, kUnspecified, kUrgent, kStandard, kRoutine);

HOUSECALL_ENUM(Skill, kUnspecified, kGeneral, kChild, kPalliative, kDementia,
               kPsychiatry, kWound, kCatheter, kVentilator);

HOUSECALL_ENUM(ChannelKind, kUnspecified, kInbox, kWebhook);

// Optimistic lock: how often the record was written. 0 is "not written yet".
// Clients see it as an etag.
struct Version {
  int64_t number = 0;
  auto operator<=>(const Version&) const = default;
};

// WGS 84, degrees.
struct LatLng {
  double latitude = 0;
  double longitude = 0;
  bool operator==(const LatLng&) const = default;
  HOUSECALL_FIELDS(latitude, longitude);
};

// Metres along the great circle (haversine, mean earth radius 6,371,008.8 m).
double DistanceMeters(const LatLng& a, const LatLng& b);

// Someone to ring, such as the last-resort contact.
struct Contact {
  PrivateText display_name;
  PrivateText phone;
  bool operator==(const Contact&) const = default;
  HOUSECALL_FIELDS(display_name, phone);
};

// A place that a crew drives to.
struct Place {
  PrivateText address;
  std::optional<LatLng> position;
  // How to get in: door code, stairs, key box.
  PrivateText entry_notes;
  bool operator==(const Place&) const = default;
  HOUSECALL_FIELDS(address, position, entry_notes);
};

// When something happened: the server's time decides, the device's is kept
// beside it (a phone's clock may be wrong, or the phone was offline). What an
// operator copied from paper happened when the paper says; the server's time is
// when it was entered.
struct Stamp {
  absl::Time server_time = absl::UnixEpoch();
  std::optional<absl::Time> device_time;
  std::optional<absl::Time> written_time = std::nullopt;
  // The time that counts.
  absl::Time moment() const { return written_time.value_or(server_time); }
  bool operator==(const Stamp&) const = default;
  HOUSECALL_FIELDS(server_time, device_time, written_time);
};

// Who acts: an account of the center with the person and organization behind
// it, and every role that it holds. The engine's own actor has kSystem only.
struct Actor {
  AccountId account;
  PersonId person;
  OrganizationId organization;
  std::vector<Role> roles;

  bool Has(Role role) const;
  // The role under which the record names the actor: the first one.
  Role MainRole() const {
    return roles.empty() ? Role::kUnspecified : roles.front();
  }
  bool operator==(const Actor&) const = default;
  HOUSECALL_FIELDS(account, person, organization, roles);
};

Actor SystemActor();

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_TYPES_H_
