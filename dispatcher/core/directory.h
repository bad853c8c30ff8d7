// The center itself, and its organizations, people, accounts, cars, patients.
#ifndef HOUSECALL_DISPATCHER_CORE_DIRECTORY_H_
#define HOUSECALL_DISPATCHER_CORE_DIRECTORY_H_

#include <string>
#include <vector>

#include "dispatcher/core/types.h"

namespace housecall::core {

// How much a minute of waiting may count (Policy.urgent_weight and so on). More
// than nothing, so that nobody is worth nothing.
inline constexpr double kLeastUrgencyWeight = 0.01;
inline constexpr double kMostUrgencyWeight = 1000;

// What a center may decide for itself. The defaults are DOMAIN §3's figures.
struct Policy {
  // From triage to the door.
  absl::Duration urgent_target = absl::Minutes(60);
  absl::Duration standard_target = absl::Minutes(120);
  absl::Duration routine_target = absl::Minutes(360);
  // From receipt to triage.
  absl::Duration urgent_triage_target = absl::Minutes(20);
  absl::Duration triage_target = absl::Minutes(60);
  // How long an offer waits for its answers before it rings again.
  absl::Duration urgent_offer_timeout = absl::Seconds(90);
  absl::Duration offer_timeout = absl::Seconds(180);
  // How often an offer rings before it goes to the next candidate.
  int32_t offer_rings = 2;
  // Expired offers of one call before the operator is alarmed.
  int32_t unanswered_offers_before_alarm = 2;
  // From acceptance: remind the crew, tell the operator, match anew.
  absl::Duration departure_nudge = absl::Minutes(10);
  absl::Duration departure_alarm = absl::Minutes(15);
  absl::Duration departure_rematch = absl::Minutes(20);
  // Straight line from the employing clinic to the patient; beyond it only
  // with a recorded reason (16 km rule of the fee schedule).
  double max_distance_meters = 16000;
  // Expected time from arrival to leaving.
  absl::Duration visit_duration = absl::Minutes(40);
  // How long before its agreed time a scheduled call is matched.
  absl::Duration schedule_lead_time = absl::Minutes(60);
  // A position older than this is shown as stale.
  absl::Duration position_stale_after = absl::Minutes(5);
  // Patient not found: time for each step before the operator is told.
  absl::Duration not_found_step_timeout = absl::Minutes(10);
  // A call that waits longer than this since triage is to be triaged again.
  absl::Duration retriage_after = absl::Hours(1);
  // Waiting calls per crew on duty beyond which the reserve is paged.
  int32_t surge_calls_per_crew = 4;
  // Notes are to be received by this minute of the next working day (08:30).
  int32_t delivery_due_minute = 8 * 60 + 30;
  int32_t delivery_attempts = 8;
  absl::Duration session_timeout = absl::Hours(14);
  // Weights of the matching, in cost units per minute or per event: see
  // planner/cost.h, the one place that says what they mean.
  double tardiness_weight = 8;
  double own_physician_bonus_minutes = 15;
  double fairness_minutes_per_visit = 3;
  double platform_penalty_minutes = 5;
  // Of the arrivals, the share that comes by the time that people are told
  // ("by 22:40"); more than 0.5 and less than 1.
  double promise_share = 0.9;
  // How much ways and visits vary: standard deviation over mean of their times
  // (planner/promise.h).
  double travel_spread = 0.2;
  double visit_spread = 0.35;
  // Whether free crews are told where to wait for the calls that are expected.
  bool anticipates = true;
  // Whether a driver waits while the physician is with the patient; else he may
  // leave for other work, and whoever is nearest fetches the physician.
  bool driver_waits = true;
  // How much a minute of waiting counts, by urgency; the more urgent, the more.
  double urgent_weight = 4;
  double standard_weight = 2;
  double routine_weight = 1;
  // What a minute on the road costs besides the time that it takes: a crew that
  // drives is missed by calls that are not known yet.
  double drive_weight = 1.5;
  // Whether a call may be kept waiting so that a crew stays free for an urgent
  // one that is expected.
  bool holds = false;
  // Whether cars use toll roads, and ferries.
  bool use_tolls = true;
  bool use_ferries = false;
  // What it must save that a crew which was asked, or has accepted and has not
  // departed, is sent elsewhere: minutes that a standard call waits.
  double change_minutes = 60;
  bool operator==(const Policy&) const = default;
  HOUSECALL_FIELDS(urgent_target, standard_target, routine_target,
                   urgent_triage_target, triage_target, urgent_offer_timeout,
                   offer_timeout, offer_rings, unanswered_offers_before_alarm,
                   departure_nudge, departure_alarm, departure_rematch,
                   max_distance_meters, visit_duration, schedule_lead_time,
                   position_stale_after, not_found_step_timeout, retriage_after,
                   surge_calls_per_crew, delivery_due_minute, delivery_attempts,
                   session_timeout, tardiness_weight,
                   own_physician_bonus_minutes, fairness_minutes_per_visit,
                   platform_penalty_minutes, promise_share, travel_spread,
                   visit_spread, anticipates, driver_waits, urgent_weight,
                   standard_weight, routine_weight, drive_weight, holds,
                   use_tolls, use_ferries, change_minutes);
};

// One house-call center: the unit of consistency, tenancy and sharding.
struct Center {
  CenterId id;
  Version etag;
  std::string display_name;
  std::string display_name_english;
  // IANA name; rota, fees and deadlines are reckoned in it.
  std::string time_zone = "Asia/Tokyo";
  std::string phone;
  LatLng position;
  // Rung when nobody answers or nobody is on the rota; never empty.
  std::vector<Contact> last_resort_contacts;
  Policy policy;
  bool operator==(const Center&) const = default;
  HOUSECALL_FIELDS(id, etag, display_name, display_name_english, time_zone,
                   phone, position, last_resort_contacts, policy);
};

HOUSECALL_ENUM(OrganizationKind, kUnspecified, kClinic, kHospital,
               kNurseStation, kCareManagementOffice, kFacility, kPharmacy,
               kPlatform, kCenterOffice);

// Where a note is pushed by signed webhook.
struct Webhook {
  std::string url;
  // Standard Webhooks secret ("whsec_" + base64). Never shown again.
  PrivateText secret;
  bool operator==(const Webhook&) const = default;
  HOUSECALL_FIELDS(url, secret);
};

struct Organization {
  OrganizationId id;
  Version etag;
  OrganizationKind kind = OrganizationKind::kUnspecified;
  std::string display_name;
  std::string phone;
  std::string fax;
  std::string address;
  std::optional<LatLng> position;
  std::optional<Webhook> webhook;
  bool active = true;
  bool operator==(const Organization&) const = default;
  HOUSECALL_FIELDS(id, etag, kind, display_name, phone, fax, address, position,
                   webhook, active);
};

// A contract under which a physician or driver works house-call hours.
struct Employment {
  OrganizationId organization;
  absl::Time start_time = absl::UnixEpoch();
  // None: open end.
  std::optional<absl::Time> end_time;
  bool operator==(const Employment&) const = default;
  HOUSECALL_FIELDS(organization, start_time, end_time);
};

struct Person {
  PersonId id;
  Version etag;
  OrganizationId organization;
  std::string display_name;
  std::string display_name_kana;
  std::string phone;
  std::vector<Skill> skills;
  // May drive himself to a visit.
  bool self_drive = false;
  std::vector<Employment> employments;
  std::optional<LatLng> home_position;
  bool active = true;
  bool operator==(const Person&) const = default;
  HOUSECALL_FIELDS(id, etag, organization, display_name, display_name_kana,
                   phone, skills, self_drive, employments, home_position,
                   active);
};

// What somebody logs in with.
struct Account {
  AccountId id;
  Version etag;
  PersonId person;
  std::vector<Role> roles;
  // argon2id, encoded form.
  PrivateText password_hash;
  bool disabled = false;
  // Wrong passwords since the last right one, and the time before which the
  // next try is refused.
  int32_t wrong_passwords = 0;
  absl::Time retry_time = absl::UnixEpoch();
  bool operator==(const Account&) const = default;
  HOUSECALL_FIELDS(id, etag, person, roles, password_hash, disabled,
                   wrong_passwords, retry_time);
};

// A login. The token itself is known to the client only.
struct Session {
  // The first 40 hexadecimal digits of the token's SHA-256.
  SessionId id;
  Version etag;
  AccountId account;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time expire_time = absl::UnixEpoch();
  bool revoked = false;
  bool operator==(const Session&) const = default;
  HOUSECALL_FIELDS(id, etag, account, create_time, expire_time, revoked);
};

HOUSECALL_ENUM(CarState, kUnspecified, kAvailable, kBrokenDown, kOutOfService);

struct Car {
  CarId id;
  Version etag;
  std::string display_name;
  std::string plate;
  OrganizationId organization;
  int32_t seats = 4;
  CarState state = CarState::kAvailable;
  std::string state_reason;
  std::optional<LatLng> base_position;
  bool active = true;
  bool operator==(const Car&) const = default;
  HOUSECALL_FIELDS(id, etag, display_name, plate, organization, seats, state,
                   state_reason, base_position, active);
};

// --- Patients ---------------------------------------------------------------

HOUSECALL_ENUM(CareRole, kUnspecified, kPrimaryClinic, kNurseStation,
               kCareManager, kFacility, kPharmacy, kHospital);

// One member of the patient's care team, and how notes reach it: channels in
// the order in which they are tried.
struct CareTeamMember {
  CareRole role = CareRole::kUnspecified;
  OrganizationId organization;
  // The person there, if one is named.
  PersonId person;
  std::vector<ChannelKind> channels;
  bool operator==(const CareTeamMember&) const = default;
  HOUSECALL_FIELDS(role, organization, person, channels);
};

HOUSECALL_ENUM(DeviceKind, kUnspecified, kVentilator, kOxygen, kSuction,
               kInfusionPump, kCatheter, kFeedingTube, kOther);

struct Device {
  DeviceKind kind = DeviceKind::kUnspecified;
  PrivateText settings;
  // How long it runs without mains; none if it needs none.
  std::optional<absl::Duration> battery_duration;
  bool operator==(const Device&) const = default;
  HOUSECALL_FIELDS(kind, settings, battery_duration);
};

HOUSECALL_ENUM(ResuscitationWish, kUnspecified, kUndecided, kAttempt,
               kDoNotAttempt);
HOUSECALL_ENUM(TransportWish, kUnspecified, kUndecided, kTransport,
               kStayAtHome);
HOUSECALL_ENUM(PlaceOfDeathWish, kUnspecified, kUndecided, kHome, kFacility,
               kHospital);

// One conversation of the advance care planning (人生会議). The last one
// counts; earlier ones stay.
struct AcpEntry {
  absl::Time record_time = absl::UnixEpoch();
  PersonId recorded_by;
  PrivateText participants;
  ResuscitationWish resuscitation = ResuscitationWish::kUnspecified;
  TransportWish transport = TransportWish::kUnspecified;
  PlaceOfDeathWish place_of_death = PlaceOfDeathWish::kUnspecified;
  PrivateText wishes;
  bool operator==(const AcpEntry&) const = default;
  HOUSECALL_FIELDS(record_time, recorded_by, participants, resuscitation,
                   transport, place_of_death, wishes);
};

HOUSECALL_ENUM(Sex, kUnspecified, kFemale, kMale, kOther);

// The patient's card.
struct Patient {
  PatientId id;
  Version etag;
  PrivateText display_name;
  PrivateText display_name_kana;
  // YYYY-MM-DD.
  PrivateText birth_date;
  Sex sex = Sex::kUnspecified;
  Place place;
  PrivateText phone;
  PrivateText key_holder;
  PrivateText parking;
  PrivateText animals;
  OrganizationId primary_clinic;
  PersonId primary_physician;
  std::vector<CareTeamMember> care_team;
  // The agreement under which the center covers the patient.
  std::string coverage_agreement;
  std::vector<PrivateText> conditions;
  std::vector<PrivateText> allergies;
  std::vector<PrivateText> drugs;
  std::vector<Device> devices;
  bool infection = false;
  PrivateText infection_notes;
  PrivateText emergency_plan;
  std::vector<AcpEntry> acp;
  std::vector<Skill> required_skills;
  std::vector<PersonId> excluded_physicians;
  // Physicians who have seen the patient, most recent last.
  std::vector<PersonId> seen_by;
  // When somebody last confirmed that the card is right.
  absl::Time confirm_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
  bool active = true;
  bool operator==(const Patient&) const = default;
  HOUSECALL_FIELDS(id, etag, display_name, display_name_kana, birth_date, sex,
                   place, phone, key_holder, parking, animals, primary_clinic,
                   primary_physician, care_team, coverage_agreement, conditions,
                   allergies, drugs, devices, infection, infection_notes,
                   emergency_plan, acp, required_skills, excluded_physicians,
                   seen_by, confirm_time, update_time, active);
};

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_DIRECTORY_H_
