// The rules of the directory and the rota: what may be written, and what an
// account may do with its password and sessions.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/draft.h"

namespace housecall::core {

namespace {

constexpr absl::Duration kMaxShift = absl::Hours(72);
// Leave may be long.
constexpr absl::Duration kMaxAbsence = absl::Hours(366 * 24);
constexpr absl::Duration kMaxRetryDelay = absl::Minutes(15);

// --- Center -----------------------------------------------------------------

absl::Status CheckPolicy(const Policy& policy) {
  struct Span {
    const char* field;
    absl::Duration value;
  };
  const Span spans[] = {
      {"urgent_target", policy.urgent_target},
      {"standard_target", policy.standard_target},
      {"routine_target", policy.routine_target},
      {"urgent_triage_target", policy.urgent_triage_target},
      {"triage_target", policy.triage_target},
      {"urgent_offer_timeout", policy.urgent_offer_timeout},
      {"offer_timeout", policy.offer_timeout},
      {"departure_nudge", policy.departure_nudge},
      {"departure_alarm", policy.departure_alarm},
      {"departure_rematch", policy.departure_rematch},
      {"visit_duration", policy.visit_duration},
      {"schedule_lead_time", policy.schedule_lead_time},
      {"position_stale_after", policy.position_stale_after},
      {"not_found_step_timeout", policy.not_found_step_timeout},
      {"retriage_after", policy.retriage_after},
      {"session_timeout", policy.session_timeout},
  };
  for (const Span& span : spans) {
    if (span.value < absl::Seconds(1) || span.value > absl::Hours(7 * 24)) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy.", span.field, ": 1 second to 7 days wanted"));
    }
  }
  // A later step of the same kind cannot come before an earlier one.
  const std::pair<Span, Span> ordered[] = {
      {spans[0], spans[1]}, {spans[1], spans[2]}, {spans[3], spans[4]},
      {spans[5], spans[6]}, {spans[7], spans[8]}, {spans[8], spans[9]},
  };
  for (const auto& [shorter, longer] : ordered) {
    if (shorter.value > longer.value) {
      return absl::InvalidArgumentError(absl::StrCat("policy.", longer.field,
                                                     ": at least policy.",
                                                     shorter.field, " wanted"));
    }
  }
  struct Count {
    const char* field;
    int32_t value;
    int32_t least;
    int32_t most;
  };
  const Count counts[] = {
      {"offer_rings", policy.offer_rings, 1, 10},
      {"unanswered_offers_before_alarm", policy.unanswered_offers_before_alarm,
       1, 100},
      {"surge_calls_per_crew", policy.surge_calls_per_crew, 1, 1000},
      {"delivery_due_minute", policy.delivery_due_minute, 0, 24 * 60 - 1},
      {"delivery_attempts", policy.delivery_attempts, 1, 100},
  };
  for (const Count& count : counts) {
    if (count.value < count.least || count.value > count.most) {
      return absl::InvalidArgumentError(absl::StrCat("policy.", count.field,
                                                     ": ", count.least, " to ",
                                                     count.most, " wanted"));
    }
  }
  struct Figure {
    const char* field;
    double value;
    double least;
    double most;
  };
  const Figure figures[] = {
      {"max_distance_meters", policy.max_distance_meters, 1, 1e6},
      {"tardiness_weight", policy.tardiness_weight, 0, 1e6},
      {"own_physician_bonus_minutes", policy.own_physician_bonus_minutes, 0,
       1e6},
      {"fairness_minutes_per_visit", policy.fairness_minutes_per_visit, 0, 1e6},
      {"platform_penalty_minutes", policy.platform_penalty_minutes, 0, 1e6},
      {"promise_share", policy.promise_share, 0.51, 0.99},
      {"travel_spread", policy.travel_spread, 0, 1},
      {"visit_spread", policy.visit_spread, 0, 1},
      {"urgent_weight", policy.urgent_weight, kLeastUrgencyWeight,
       kMostUrgencyWeight},
      {"standard_weight", policy.standard_weight, kLeastUrgencyWeight,
       kMostUrgencyWeight},
      {"routine_weight", policy.routine_weight, kLeastUrgencyWeight,
       kMostUrgencyWeight},
      {"drive_weight", policy.drive_weight, 0, 1000},
      {"change_minutes", policy.change_minutes, 1, 1e6},
  };
  for (const Figure& figure : figures) {
    if (!(figure.value >= figure.least && figure.value <= figure.most)) {
      return absl::InvalidArgumentError(absl::StrCat("policy.", figure.field,
                                                     ": ", figure.least, " to ",
                                                     figure.most, " wanted"));
    }
  }
  if (policy.urgent_weight < policy.standard_weight) {
    return absl::InvalidArgumentError(
        "policy.urgent_weight: at least policy.standard_weight wanted");
  }
  if (policy.standard_weight < policy.routine_weight) {
    return absl::InvalidArgumentError(
        "policy.standard_weight: at least policy.routine_weight wanted");
  }
  return absl::OkStatus();
}

absl::Status Check(const Center& center, const Center*, const Draft&) {
  if (center.display_name.empty()) return MissingField("display_name");
  if (!FindZone(center.time_zone).has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "time_zone: ", center.time_zone,
        " is not known to this machine; an IANA name such as Asia/Tokyo "
        "wanted"));
  }
  RETURN_IF_ERROR(CheckPosition("position", center.position));
  if (center.last_resort_contacts.empty()) {
    return MissingField("last_resort_contacts");
  }
  for (const Contact& contact : center.last_resort_contacts) {
    if (contact.phone.empty()) {
      return MissingField("last_resort_contacts.phone");
    }
  }
  return CheckPolicy(center.policy);
}

// --- Organizations ----------------------------------------------------------

bool IsLoopback(absl::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "127.0.0.1";
}

// "host" or "host:port", nothing else.
bool SplitAuthority(absl::string_view authority, absl::string_view* host) {
  for (char c : authority) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-._:[]", c)) {
      return false;
    }
  }
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != absl::string_view::npos &&
                        authority.find(']', colon) == absl::string_view::npos;
  *host = has_port ? authority.substr(0, colon) : authority;
  if (!has_port) return !host->empty();
  int port = 0;
  return !host->empty() &&
         absl::SimpleAtoi(authority.substr(colon + 1), &port) && port > 0 &&
         port < 65536;
}

// The URL may hold a token and is not repeated.
absl::Status CheckWebhookUrl(absl::string_view url) {
  const auto refuse = [](absl::string_view wanted) {
    return absl::InvalidArgumentError(absl::StrCat("webhook.url: ", wanted));
  };
  if (url.empty()) return MissingField("webhook.url");
  for (char c : url) {
    if (absl::ascii_isspace(c) || absl::ascii_iscntrl(c)) {
      return refuse("no spaces or control characters wanted");
    }
  }
  absl::string_view rest = url;
  const bool plain = absl::ConsumePrefix(&rest, "http://");
  if (!plain && !absl::ConsumePrefix(&rest, "https://")) {
    return refuse("an address that begins with https:// wanted");
  }
  absl::string_view host;
  if (!SplitAuthority(rest.substr(0, rest.find_first_of("/?#")), &host)) {
    return refuse("a host name, with a port or without, wanted");
  }
  if (plain && !IsLoopback(host)) {
    return refuse("http:// is for this machine only; https:// wanted");
  }
  return absl::OkStatus();
}

// Standard Webhooks: base64 of 24 to 64 bytes behind a prefix by which leaked
// secrets are found.
absl::Status CheckWebhookSecret(absl::string_view secret) {
  if (secret.empty()) return MissingField("webhook.secret");
  std::string bytes;
  if (!absl::ConsumePrefix(&secret, "whsec_") ||
      !absl::Base64Unescape(secret, &bytes) || bytes.size() < 24 ||
      bytes.size() > 64) {
    return absl::InvalidArgumentError(
        "webhook.secret: \"whsec_\" and base64 of 24 to 64 bytes wanted");
  }
  return absl::OkStatus();
}

absl::Status Check(const Organization& organization, const Organization*,
                   const Draft&) {
  if (organization.kind == OrganizationKind::kUnspecified) {
    return MissingField("kind");
  }
  if (organization.display_name.empty()) return MissingField("display_name");
  RETURN_IF_ERROR(CheckPosition("position", organization.position));
  if (organization.webhook.has_value()) {
    RETURN_IF_ERROR(CheckWebhookUrl(organization.webhook->url));
    return CheckWebhookSecret(organization.webhook->secret.Reveal());
  }
  return absl::OkStatus();
}

// The secret is never shown, so that whoever writes the rest cannot give it.
void KeepOutputOnly(Organization* organization, const Organization* before,
                    const Draft&) {
  if (before != nullptr && before->webhook.has_value() &&
      organization->webhook.has_value() &&
      organization->webhook->secret.empty()) {
    organization->webhook->secret = before->webhook->secret;
  }
}

// --- Accounts ---------------------------------------------------------------

bool IsAdministrator(const Board& board, const Account& account) {
  const Person* person = board.Find<Person>(account.person);
  return !account.disabled && person != nullptr && person->active &&
         Contains(account.roles, Role::kAdministrator);
}

// FailedPrecondition if nobody could administer the center any more. Asked of
// the draft after the change.
absl::Status CheckAdministratorRemains(const Draft& draft) {
  bool found = false;
  draft.board().table<Account>().ForEach(
      [&](const AccountId&, const Account& account) {
        found = found || IsAdministrator(draft.board(), account);
        return !found;
      });
  if (found) return absl::OkStatus();
  return Refuse(
      RefusalReason::kLastAdministrator,
      "the center's last administrator must keep his account and role");
}

void RevokeSessionsOf(const AccountId& account, const SessionId& keep,
                      Draft& draft) {
  std::vector<Session> sessions;
  draft.board().table<Session>().ForEach(
      [&](const SessionId& id, const Session& session) {
        if (session.account == account && id != keep && !session.revoked) {
          sessions.push_back(session);
        }
      });
  for (Session& session : sessions) {
    session.revoked = true;
    draft.Emit(EventKind::kSessionRevoked, CallId(), {std::move(session)});
  }
}

// --- People -----------------------------------------------------------------

absl::Status Check(const Person& person, const Person* before,
                   const Draft& draft) {
  const Board& board = draft.board();
  RETURN_IF_ERROR(
      CheckKnown<Organization>(board, "organization", person.organization));
  if (person.display_name.empty()) return MissingField("display_name");
  RETURN_IF_ERROR(CheckDistinct("skills", person.skills));
  for (const Employment& employment : person.employments) {
    RETURN_IF_ERROR(CheckKnown<Organization>(board, "employments.organization",
                                             employment.organization));
    if (employment.end_time.has_value() &&
        *employment.end_time <= employment.start_time) {
      return absl::InvalidArgumentError(
          "employments.end_time: a time after start_time wanted");
    }
  }
  RETURN_IF_ERROR(CheckPosition("home_position", person.home_position));
  const Duty* duty = board.Find<Duty>(person.id);
  if (before != nullptr && before->active && !person.active &&
      duty != nullptr && duty->on_duty) {
    return Refuse(RefusalReason::kPersonOnDuty,
                  absl::StrCat("active: ", ResourceName(person.id),
                               " is on duty; end that first"));
  }
  return absl::OkStatus();
}

// Who does not work with the center any more is logged out everywhere.
absl::Status AfterChange(const Person& person, const Person* before,
                         Draft& draft) {
  if (before == nullptr || !before->active || person.active) {
    return absl::OkStatus();
  }
  std::vector<AccountId> accounts;
  bool was_administrator = false;
  draft.board().table<Account>().ForEach([&](const AccountId& id,
                                             const Account& account) {
    if (account.person != person.id) return;
    accounts.push_back(id);
    was_administrator =
        was_administrator ||
        (!account.disabled && Contains(account.roles, Role::kAdministrator));
  });
  if (was_administrator) RETURN_IF_ERROR(CheckAdministratorRemains(draft));
  for (const AccountId& account : accounts) {
    RevokeSessionsOf(account, SessionId(), draft);
  }
  return absl::OkStatus();
}

// --- Cars -------------------------------------------------------------------

bool CanBeUsed(const Car& car) {
  return car.active && car.state == CarState::kAvailable;
}

absl::Status Check(const Car& car, const Car*, const Draft& draft) {
  const Board& board = draft.board();
  if (car.display_name.empty()) return MissingField("display_name");
  RETURN_IF_ERROR(
      CheckKnownIfAny<Organization>(board, "organization", car.organization));
  if (car.seats < 1 || car.seats > 20) {
    return absl::InvalidArgumentError("seats: 1 to 20 wanted");
  }
  RETURN_IF_ERROR(CheckPosition("base_position", car.base_position));
  if (CanBeUsed(car)) return absl::OkStatus();
  // A crew that loses its car needs another one: that is ReportBreakdown's.
  const Assignment* user = nullptr;
  board.table<Assignment>().ForEach(
      [&](const AssignmentId&, const Assignment& assignment) {
        if (assignment.car == car.id && IsRunning(assignment.state)) {
          user = &assignment;
        }
        return user == nullptr;
      });
  const Car* before = board.Find<Car>(car.id);
  if (user != nullptr && before != nullptr && CanBeUsed(*before)) {
    return Refuse(
        RefusalReason::kCarInUse,
        absl::StrCat("state: ", ResourceName(car.id), " is used by ",
                     ResourceName(user->id), "; report the breakdown instead"));
  }
  return absl::OkStatus();
}

void KeepOutputOnly(Car* car, const Car*, const Draft&) {
  if (car->state == CarState::kUnspecified) car->state = CarState::kAvailable;
}

// An offer of a car that cannot be used any more goes to the next.
absl::Status AfterChange(const Car& car, const Car*, Draft& draft) {
  if (CanBeUsed(car)) return absl::OkStatus();
  std::vector<CallId> calls;
  draft.board().table<Offer>().ForEach([&](const OfferId&, const Offer& offer) {
    if (offer.state == OfferState::kPending && offer.car == car.id) {
      calls.push_back(offer.calls.front());
    }
  });
  for (const CallId& call : calls) {
    WithdrawOfferOf(call, absl::StrCat(ResourceName(car.id), " is out of use"),
                    draft);
  }
  return absl::OkStatus();
}

// --- Patients ---------------------------------------------------------------

absl::Status Check(const Patient& patient, const Patient*, const Draft& draft) {
  const Board& board = draft.board();
  if (patient.display_name.empty()) return MissingField("display_name");
  if (patient.place.address.empty()) return MissingField("place.address");
  RETURN_IF_ERROR(CheckPosition("place.position", patient.place.position));
  const absl::CivilDay today =
      absl::ToCivilDay(draft.now(), ZoneNamed(board.center().time_zone));
  RETURN_IF_ERROR(CheckBirthDate("birth_date", patient.birth_date, today));
  RETURN_IF_ERROR(CheckKnownIfAny<Organization>(board, "primary_clinic",
                                                patient.primary_clinic));
  if (const Organization* clinic =
          board.Find<Organization>(patient.primary_clinic);
      clinic != nullptr && clinic->kind != OrganizationKind::kClinic &&
      clinic->kind != OrganizationKind::kHospital) {
    return Refuse(
        RefusalReason::kNotAClinic,
        absl::StrCat("primary_clinic: ", ResourceName(clinic->id), " is a ",
                     NameOf(clinic->kind), "; a clinic or hospital wanted"));
  }
  RETURN_IF_ERROR(CheckKnownIfAny<Person>(board, "primary_physician",
                                          patient.primary_physician));
  RETURN_IF_ERROR(CheckCareTeam(board, patient.care_team));
  for (const CareTeamMember& member : patient.care_team) {
    if (member.channels.empty()) return MissingField("care_team.channels");
  }
  for (const Device& device : patient.devices) {
    if (device.kind == DeviceKind::kUnspecified) {
      return MissingField("devices.kind");
    }
    if (device.battery_duration.has_value() &&
        (*device.battery_duration < absl::ZeroDuration() ||
         *device.battery_duration > absl::Hours(366 * 24))) {
      return absl::InvalidArgumentError(
          "devices.battery_duration: 0 to 366 days wanted");
    }
  }
  RETURN_IF_ERROR(CheckDistinct("required_skills", patient.required_skills));
  for (const PersonId& physician : patient.excluded_physicians) {
    RETURN_IF_ERROR(
        CheckKnown<Person>(board, "excluded_physicians", physician));
  }
  return absl::OkStatus();
}

void KeepOutputOnly(Patient* patient, const Patient* before,
                    const Draft& draft) {
  static const Patient* const none = new Patient;
  if (before == nullptr) before = none;
  patient->acp = before->acp;
  patient->seen_by = before->seen_by;
  patient->confirm_time = before->confirm_time;
  patient->update_time = draft.now();
}

// --- Rota -------------------------------------------------------------------

absl::Status CheckTimes(absl::Time start, absl::Time end, absl::Duration most) {
  if (start <= absl::UnixEpoch()) return MissingField("start_time");
  if (end <= start || end - start > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("end_time: after start_time by at most ",
                     absl::ToInt64Hours(most), " hours wanted"));
  }
  return absl::OkStatus();
}

bool Overlap(absl::Time start, absl::Time end, absl::Time other_start,
             absl::Time other_end) {
  return start < other_end && other_start < end;
}

bool IsRotaRole(Role role) {
  return role == Role::kPhysician || role == Role::kDriver ||
         role == Role::kOperator;
}

bool IsUnderContract(const Person& person, const OrganizationId& organization,
                     absl::Time start, absl::Time end) {
  return std::any_of(person.employments.begin(), person.employments.end(),
                     [&](const Employment& employment) {
                       return employment.organization == organization &&
                              employment.start_time <= start &&
                              (!employment.end_time.has_value() ||
                               *employment.end_time >= end);
                     });
}

// Physicians and drivers are employees of a clinic for the hours worked; no
// contract, no duty. Operators are the center's own.
absl::Status CheckContract(const Board& board, const Person& person, Role role,
                           const OrganizationId& organization, absl::Time start,
                           absl::Time end) {
  if (role == Role::kOperator) {
    return CheckKnownIfAny<Organization>(board, "organization", organization);
  }
  RETURN_IF_ERROR(
      CheckKnown<Organization>(board, "organization", organization));
  if (IsUnderContract(person, organization, start, end)) {
    return absl::OkStatus();
  }
  return Refuse(
      RefusalReason::kNoContract,
      absl::StrCat("organization: ", ResourceName(person.id),
                   " has no contract with ", ResourceName(organization),
                   " for all of these hours"));
}

absl::Status CheckCar(const Board& board, Role role, const CarId& car) {
  if (car.empty()) return absl::OkStatus();
  if (role == Role::kOperator) {
    return absl::InvalidArgumentError("car: an operator has none");
  }
  RETURN_IF_ERROR(CheckKnown<Car>(board, "car", car));
  if (!board.Find<Car>(car)->active) {
    return Refuse(
        RefusalReason::kCarNotUsable,
        absl::StrCat("car: ", ResourceName(car), " is not in use any more"));
  }
  return absl::OkStatus();
}

absl::Status CheckActive(absl::string_view field, const Person& person) {
  if (person.active) return absl::OkStatus();
  return Refuse(RefusalReason::kPersonInactive,
                absl::StrCat(field, ": ", ResourceName(person.id),
                             " does not work with the center any more"));
}

// The planned shift of the person that overlaps, other than `except`, or null.
const Shift* OverlappingShift(const Board& board, const PersonId& person,
                              absl::Time start, absl::Time end,
                              const ShiftId& except, bool reserve_too) {
  const Shift* found = nullptr;
  board.table<Shift>().ForEach([&](const ShiftId& id, const Shift& shift) {
    if (id != except && shift.person == person &&
        shift.state == ShiftState::kPlanned &&
        (reserve_too || !shift.reserve) &&
        Overlap(start, end, shift.start_time, shift.end_time)) {
      found = &shift;
    }
    return found == nullptr;
  });
  return found;
}

absl::Status RefuseOverlap(absl::string_view field, const PersonId& person,
                           const std::string& with) {
  return Refuse(RefusalReason::kShiftsOverlap,
                absl::StrCat(field, ": ", ResourceName(person),
                             " is on duty in that time already, by ", with));
}

absl::Status Check(const Shift& shift, const Shift*, const Draft& draft) {
  const Board& board = draft.board();
  RETURN_IF_ERROR(CheckKnown<Person>(board, "person", shift.person));
  if (!IsRotaRole(shift.role)) {
    return absl::InvalidArgumentError(
        "role: PHYSICIAN, DRIVER or OPERATOR wanted");
  }
  RETURN_IF_ERROR(CheckTimes(shift.start_time, shift.end_time, kMaxShift));
  RETURN_IF_ERROR(CheckPosition("base_position", shift.base_position));
  RETURN_IF_ERROR(CheckCar(board, shift.role, shift.car));
  // What does not count any more needs no more than that.
  if (shift.state == ShiftState::kCancelled) return absl::OkStatus();
  const Person& person = *board.Find<Person>(shift.person);
  RETURN_IF_ERROR(CheckActive("person", person));
  RETURN_IF_ERROR(CheckContract(board, person, shift.role, shift.organization,
                                shift.start_time, shift.end_time));
  if (const Shift* other =
          OverlappingShift(board, shift.person, shift.start_time,
                           shift.end_time, shift.id, /*reserve_too=*/true)) {
    return RefuseOverlap("person", shift.person, ResourceName(other->id));
  }
  return absl::OkStatus();
}

void KeepOutputOnly(Shift* shift, const Shift* before, const Draft&) {
  if (before == nullptr || shift->state == ShiftState::kUnspecified) {
    shift->state = ShiftState::kPlanned;
  }
}

absl::Status CheckAddition(const Override& addition, const Board& board) {
  if (!IsRotaRole(addition.role)) {
    return absl::InvalidArgumentError(
        "role: PHYSICIAN, DRIVER or OPERATOR wanted");
  }
  RETURN_IF_ERROR(
      CheckTimes(addition.start_time, addition.end_time, kMaxShift));
  RETURN_IF_ERROR(CheckCar(board, addition.role, addition.car));
  const Person& person = *board.Find<Person>(addition.person);
  RETURN_IF_ERROR(CheckActive("person", person));
  RETURN_IF_ERROR(CheckContract(board, person, addition.role,
                                addition.organization, addition.start_time,
                                addition.end_time));
  // A reserve is called up by an addition over his shift.
  if (const Shift* other = OverlappingShift(
          board, addition.person, addition.start_time, addition.end_time,
          ShiftId(), /*reserve_too=*/false)) {
    return RefuseOverlap("person", addition.person, ResourceName(other->id));
  }
  const Override* other = nullptr;
  board.table<Override>().ForEach(
      [&](const OverrideId& id, const Override& candidate) {
        if (id != addition.id && candidate.kind == OverrideKind::kAddition &&
            !candidate.cancelled && candidate.person == addition.person &&
            Overlap(addition.start_time, addition.end_time,
                    candidate.start_time, candidate.end_time)) {
          other = &candidate;
        }
        return other == nullptr;
      });
  if (other != nullptr) {
    return RefuseOverlap("person", addition.person, ResourceName(other->id));
  }
  return absl::OkStatus();
}

absl::Status CheckReplacement(const Override& exception, const Board& board) {
  RETURN_IF_ERROR(
      CheckKnown<Person>(board, "replacement", exception.replacement));
  if (exception.replacement == exception.person) {
    return absl::InvalidArgumentError("replacement: another person wanted");
  }
  const Person& replacement = *board.Find<Person>(exception.replacement);
  RETURN_IF_ERROR(CheckActive("replacement", replacement));
  // The replacement works the same hours for the same clinic.
  bool found = false;
  absl::Status status;
  board.table<Shift>().ForEach([&](const ShiftId&, const Shift& shift) {
    if (shift.person != exception.person ||
        shift.state != ShiftState::kPlanned ||
        !Overlap(exception.start_time, exception.end_time, shift.start_time,
                 shift.end_time)) {
      return true;
    }
    found = true;
    const absl::Time start = std::max(exception.start_time, shift.start_time);
    const absl::Time end = std::min(exception.end_time, shift.end_time);
    status = CheckContract(board, replacement, shift.role, shift.organization,
                           start, end);
    if (!status.ok()) return false;
    if (const Shift* other =
            OverlappingShift(board, exception.replacement, start, end,
                             ShiftId(), /*reserve_too=*/false)) {
      status = RefuseOverlap("replacement", exception.replacement,
                             ResourceName(other->id));
    }
    return status.ok();
  });
  RETURN_IF_ERROR(status);
  if (!found) {
    return Refuse(RefusalReason::kNoShift,
                  absl::StrCat("person: ", ResourceName(exception.person),
                               " has no shift in that time"));
  }
  return absl::OkStatus();
}

absl::Status Check(const Override& exception, const Override*,
                   const Draft& draft) {
  const Board& board = draft.board();
  RETURN_IF_ERROR(CheckKnown<Person>(board, "person", exception.person));
  RETURN_IF_ERROR(
      CheckTimes(exception.start_time, exception.end_time, kMaxAbsence));
  if (exception.kind == OverrideKind::kUnspecified) return MissingField("kind");
  if (exception.kind != OverrideKind::kReplacement &&
      !exception.replacement.empty()) {
    return absl::InvalidArgumentError(
        "replacement: for the kind REPLACEMENT only");
  }
  if (exception.cancelled) return absl::OkStatus();
  switch (exception.kind) {
    case OverrideKind::kUnspecified:
    case OverrideKind::kAbsence:
      return absl::OkStatus();
    case OverrideKind::kReplacement:
      return CheckReplacement(exception, board);
    case OverrideKind::kAddition:
      return CheckAddition(exception, board);
  }
  return absl::OkStatus();
}

// --- Create and Update ------------------------------------------------------

template <typename R>
void KeepOutputOnly(R*, const R*, const Draft&) {}
template <typename R>
absl::Status AfterChange(const R&, const R*, Draft&) {
  return absl::OkStatus();
}

template <typename R>
absl::StatusOr<Subject> CreateRecord(R record, EventKind kind, Draft& draft) {
  RETURN_IF_ERROR(CheckChosenId(record.id));
  if (draft.board().Find<R>(record.id) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(ResourceName(record.id), " exists already"));
  }
  record.etag = Version();
  KeepOutputOnly(&record, static_cast<const R*>(nullptr), draft);
  RETURN_IF_ERROR(Check(record, nullptr, draft));
  const auto id = record.id;
  draft.Emit(kind, CallId(), {std::move(record)});
  return id;
}

template <typename R>
absl::StatusOr<Subject> UpdateRecord(R record, EventKind kind, Draft& draft) {
  ASSIGN_OR_RETURN(const R before, draft.Get<R>(record.id));
  RETURN_IF_ERROR(CheckEtag(record.etag, before));
  KeepOutputOnly(&record, &before, draft);
  RETURN_IF_ERROR(Check(record, &before, draft));
  draft.Emit(kind, CallId(), {record});
  RETURN_IF_ERROR(AfterChange(record, &before, draft));
  return record.id;
}

// Writes a record of the rota, and tells at once of who is missed for it.
template <typename Write>
absl::StatusOr<Subject> ChangeRota(Draft& draft, Write write) {
  const std::vector<CoverageGap> before = GapsAhead(draft);
  ASSIGN_OR_RETURN(Subject subject, write());
  TellOfNewGaps(before, draft);
  return subject;
}

}  // namespace

absl::StatusOr<Subject> Rule(const Create<Center>& c, Draft& draft) {
  const CenterId& existing = draft.board().center().id;
  if (!existing.empty() && existing != c.record.id) {
    return absl::InvalidArgumentError(
        absl::StrCat("center: this board is of ", ResourceName(existing)));
  }
  return CreateRecord(c.record, EventKind::kCenterChanged, draft);
}

absl::StatusOr<Subject> Rule(const Update<Center>& c, Draft& draft) {
  return UpdateRecord(c.record, EventKind::kCenterChanged, draft);
}

absl::StatusOr<Subject> Rule(const Create<Organization>& c, Draft& draft) {
  return CreateRecord(c.record, EventKind::kOrganizationChanged, draft);
}

absl::StatusOr<Subject> Rule(const Update<Organization>& c, Draft& draft) {
  return UpdateRecord(c.record, EventKind::kOrganizationChanged, draft);
}

absl::StatusOr<Subject> Rule(const Create<Person>& c, Draft& draft) {
  return CreateRecord(c.record, EventKind::kPersonChanged, draft);
}

absl::StatusOr<Subject> Rule(const Update<Person>& c, Draft& draft) {
  const Person* before = draft.board().Find<Person>(c.record.id);
  const auto write = [&] {
    return UpdateRecord(c.record, EventKind::kPersonChanged, draft);
  };
  // Who is on the rota and does not work here any more, or needs a driver now.
  const bool counts_otherwise =
      before != nullptr && (before->active != c.record.active ||
                            before->self_drive != c.record.self_drive);
  return counts_otherwise ? ChangeRota(draft, write) : write();
}

absl::StatusOr<Subject> Rule(const Create<Car>& c, Draft& draft) {
  return CreateRecord(c.record, EventKind::kCarChanged, draft);
}

absl::StatusOr<Subject> Rule(const Update<Car>& c, Draft& draft) {
  return UpdateRecord(c.record, EventKind::kCarChanged, draft);
}

absl::StatusOr<Subject> Rule(const Create<Patient>& c, Draft& draft) {
  return CreateRecord(c.record, EventKind::kPatientChanged, draft);
}

absl::StatusOr<Subject> Rule(const Update<Patient>& c, Draft& draft) {
  return UpdateRecord(c.record, EventKind::kPatientChanged, draft);
}

absl::StatusOr<Subject> Rule(const Create<Shift>& c, Draft& draft) {
  return ChangeRota(draft, [&] {
    return CreateRecord(c.record, EventKind::kShiftChanged, draft);
  });
}

absl::StatusOr<Subject> Rule(const Update<Shift>& c, Draft& draft) {
  return ChangeRota(draft, [&] {
    return UpdateRecord(c.record, EventKind::kShiftChanged, draft);
  });
}

absl::StatusOr<Subject> Rule(const Create<Override>& c, Draft& draft) {
  return ChangeRota(draft, [&] {
    return CreateRecord(c.record, EventKind::kOverrideChanged, draft);
  });
}

absl::StatusOr<Subject> Rule(const Update<Override>& c, Draft& draft) {
  return ChangeRota(draft, [&] {
    return UpdateRecord(c.record, EventKind::kOverrideChanged, draft);
  });
}

// --- Accounts and sessions --------------------------------------------------

absl::StatusOr<Subject> Rule(const SaveAccount& c, Draft& draft) {
  const Board& board = draft.board();
  const Account* found = board.Find<Account>(c.account);
  if (c.create) {
    RETURN_IF_ERROR(CheckChosenId(c.account));
    if (found != nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat(ResourceName(c.account), " exists already"));
    }
    if (c.password_hash.empty()) return MissingField("password");
  } else {
    RETURN_IF_ERROR(draft.Get<Account>(c.account).status());
  }
  RETURN_IF_ERROR(CheckKnown<Person>(board, "person", c.person));
  if (c.create) {
    RETURN_IF_ERROR(CheckActive("person", *board.Find<Person>(c.person)));
  }
  if (c.roles.empty()) return MissingField("roles");
  RETURN_IF_ERROR(CheckDistinct("roles", c.roles));
  if (Contains(c.roles, Role::kSystem)) {
    return absl::InvalidArgumentError("roles: SYSTEM is the server's own");
  }

  Account account;
  bool logs_out = false;
  bool was_administrator = false;
  if (found != nullptr) {
    account = *found;
    was_administrator = IsAdministrator(board, account);
    logs_out = account.roles != c.roles || account.person != c.person ||
               c.disabled || !c.password_hash.empty();
  }
  account.id = c.account;
  account.person = c.person;
  account.roles = c.roles;
  account.disabled = c.disabled;
  if (!c.password_hash.empty()) {
    account.password_hash = c.password_hash;
    account.wrong_passwords = 0;
    account.retry_time = absl::UnixEpoch();
  }
  if (found != nullptr && account == *found) return c.account;
  draft.Emit(EventKind::kAccountChanged, CallId(), {std::move(account)});
  if (was_administrator) RETURN_IF_ERROR(CheckAdministratorRemains(draft));
  if (logs_out) RevokeSessionsOf(c.account, SessionId(), draft);
  return c.account;
}

absl::StatusOr<Subject> Rule(const OpenSession& c, Draft& draft) {
  RETURN_IF_ERROR(CheckChosenId(c.session));
  if (draft.board().Find<Session>(c.session) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(ResourceName(c.session), " exists already"));
  }
  ASSIGN_OR_RETURN(Account account, draft.Get<Account>(c.account));
  const Person* person = draft.board().Find<Person>(account.person);
  if (account.disabled || person == nullptr || !person->active) {
    return Refuse(RefusalReason::kAccountDisabled,
                  absl::StrCat(ResourceName(c.account), " is disabled"));
  }
  if (account.password_hash != c.password_hash) {
    return absl::UnauthenticatedError("the account or the password is wrong");
  }
  if (draft.now() < account.retry_time) {
    return Refuse(
        RefusalReason::kTooManyPasswords,
        absl::StrCat(ResourceName(c.account),
                     ": too many wrong passwords; try again in ",
                     absl::FormatDuration(absl::Ceil(
                         account.retry_time - draft.now(), absl::Seconds(1)))));
  }
  Session session;
  session.id = c.session;
  session.account = c.account;
  session.create_time = draft.now();
  session.expire_time = draft.now() + draft.policy().session_timeout;
  std::vector<Record> records = {std::move(session)};
  if (account.wrong_passwords != 0) {
    account.wrong_passwords = 0;
    account.retry_time = absl::UnixEpoch();
    records.emplace_back(std::move(account));
  }
  draft.Emit(EventKind::kSessionOpened, CallId(), std::move(records));
  return c.session;
}

absl::StatusOr<Subject> Rule(const RefusePassword& c, Draft& draft) {
  ASSIGN_OR_RETURN(Account account, draft.Get<Account>(c.account));
  if (account.wrong_passwords < INT32_MAX) ++account.wrong_passwords;
  // 2^10 s is more than the quarter of an hour.
  const int doublings = std::min(account.wrong_passwords - 1, 10);
  account.retry_time =
      draft.now() +
      std::min(absl::Seconds(int64_t{1} << doublings), kMaxRetryDelay);
  draft.Emit(EventKind::kPasswordRefused, CallId(), {std::move(account)});
  return c.account;
}

absl::StatusOr<Subject> Rule(const ChangePassword& c, Draft& draft) {
  ASSIGN_OR_RETURN(Account account, draft.Get<Account>(c.account));
  if (c.password_hash.empty()) return MissingField("password");
  if (!c.keep_session.empty()) {
    ASSIGN_OR_RETURN(const Session kept, draft.Get<Session>(c.keep_session));
    if (kept.account != c.account) {
      return Refuse(
          RefusalReason::kOtherSession,
          absl::StrCat("keep_session: it is not of ", ResourceName(c.account)));
    }
  }
  account.password_hash = c.password_hash;
  account.wrong_passwords = 0;
  account.retry_time = absl::UnixEpoch();
  draft.Emit(EventKind::kAccountChanged, CallId(), {std::move(account)});
  RevokeSessionsOf(c.account, c.keep_session, draft);
  return c.account;
}

absl::StatusOr<Subject> Rule(const RevokeSession& c, Draft& draft) {
  ASSIGN_OR_RETURN(Session session, draft.Get<Session>(c.session));
  if (session.revoked) return c.session;
  session.revoked = true;
  draft.Emit(EventKind::kSessionRevoked, CallId(), {std::move(session)});
  return c.session;
}

// --- The patient's card -----------------------------------------------------

absl::StatusOr<Subject> Rule(const RecordAcp& c, Draft& draft) {
  ASSIGN_OR_RETURN(Patient patient, draft.Get<Patient>(c.patient));
  if (c.entry.resuscitation == ResuscitationWish::kUnspecified &&
      c.entry.transport == TransportWish::kUnspecified &&
      c.entry.place_of_death == PlaceOfDeathWish::kUnspecified &&
      c.entry.wishes.empty()) {
    return absl::InvalidArgumentError("entry: at least one wish wanted");
  }
  AcpEntry entry = c.entry;
  entry.record_time = draft.now();
  entry.recorded_by = draft.actor().person;
  patient.acp.push_back(std::move(entry));
  patient.update_time = draft.now();
  draft.Emit(EventKind::kAcpRecorded, CallId(), {std::move(patient)});
  return c.patient;
}

absl::StatusOr<Subject> Rule(const ConfirmPatient& c, Draft& draft) {
  ASSIGN_OR_RETURN(Patient patient, draft.Get<Patient>(c.patient));
  patient.confirm_time = draft.now();
  draft.Emit(EventKind::kPatientChanged, CallId(), {std::move(patient)});
  return c.patient;
}

}  // namespace housecall::core
