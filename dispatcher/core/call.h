// A call and what becomes of it: offers, assignments, visits, and the reasons
// of each match.
#ifndef HOUSECALL_DISPATCHER_CORE_CALL_H_
#define HOUSECALL_DISPATCHER_CORE_CALL_H_

#include <string>
#include <vector>

#include "dispatcher/core/directory.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

// DOMAIN §3. The status belongs to the call, never to a person.
HOUSECALL_ENUM(CallState, kUnspecified, kReceived, kTriaged, kScheduled,
               kMatching, kOffered, kAccepted, kEnRoute, kOnScene,
               kDepartedScene, kNoteSent, kClosed, kOnHold, kEmergency119,
               kNotFound, kMerged, kCancelled);

HOUSECALL_ENUM(Disposition, kUnspecified, kVisit, kAdvice, kOnline,
               kHospitalTransfer, kEmergency119);

// How a call reached the center. By hand: the professional told somebody, who
// entered it later, from what was said on the telephone or from a sheet of
// paper (DOMAIN §8: while nothing serves, the night goes on on paper).
// kUnspecified: a record that was written before it was asked.
HOUSECALL_ENUM(CallSource, kUnspecified, kClient, kPhone, kPaper);

HOUSECALL_ENUM(RedFlag, kUnspecified, kNotBreathing, kUnconscious,
               kChestPainWithSweating, kMassiveBleeding, kStrokeSigns);

HOUSECALL_ENUM(Outcome, kUnspecified, kVisited, kAdviceGiven, kSeenOnline,
               kTransferred, kEmergency119, kCancelled, kMerged,
               kPatientNotFound);

struct VitalSigns {
  std::optional<double> temperature_celsius;
  std::optional<int32_t> pulse_per_minute;
  std::optional<int32_t> systolic_mmhg;
  std::optional<int32_t> diastolic_mmhg;
  std::optional<int32_t> oxygen_saturation_percent;
  std::optional<int32_t> breaths_per_minute;
  bool operator==(const VitalSigns&) const = default;
  HOUSECALL_FIELDS(temperature_celsius, pulse_per_minute, systolic_mmhg,
                   diastolic_mmhg, oxygen_saturation_percent,
                   breaths_per_minute);
};

// The short form for somebody who is not registered.
struct ShortPatient {
  PrivateText display_name;
  PrivateText display_name_kana;
  // YYYY-MM-DD, if known.
  PrivateText birth_date;
  Sex sex = Sex::kUnspecified;
  // As the family names it; the care team is set when it is known.
  PrivateText primary_clinic_text;
  bool operator==(const ShortPatient&) const = default;
  HOUSECALL_FIELDS(display_name, display_name_kana, birth_date, sex,
                   primary_clinic_text);
};

// Something learned after the call was received.
struct Fact {
  absl::Time time = absl::UnixEpoch();
  PersonId author;
  PrivateText text;
  std::optional<VitalSigns> vitals;
  // Of a second call that was entered by hand and joined this one: how it came,
  // and when it was written down.
  CallSource source = CallSource::kUnspecified;
  std::optional<absl::Time> written_time = std::nullopt;
  bool operator==(const Fact&) const = default;
  HOUSECALL_FIELDS(time, author, text, vitals, source, written_time);
};

// The old place, kept when an address was wrong.
struct PlaceCorrection {
  absl::Time time = absl::UnixEpoch();
  PersonId author;
  Place old_place;
  PrivateText reason;
  bool operator==(const PlaceCorrection&) const = default;
  HOUSECALL_FIELDS(time, author, old_place, reason);
};

HOUSECALL_ENUM(EmergencyDecision, kUnspecified, kUndecided, kGoOn,
               kPhoneSupport, kStandDown);

// Somebody pressed 119. The call stays open until someone decides.
struct Emergency {
  absl::Time raise_time = absl::UnixEpoch();
  PersonId raised_by;
  EmergencyDecision decision = EmergencyDecision::kUndecided;
  std::optional<absl::Time> decide_time;
  PersonId decided_by;
  bool operator==(const Emergency&) const = default;
  HOUSECALL_FIELDS(raise_time, raised_by, decision, decide_time, decided_by);
};

HOUSECALL_ENUM(CancelState, kUnspecified, kRequested, kApproved, kRefused);

// A wish to cancel, once somebody has accepted the call.
struct CancelRequest {
  CancelState state = CancelState::kUnspecified;
  absl::Time request_time = absl::UnixEpoch();
  PersonId requested_by;
  PrivateText reason;
  PersonId answered_by;
  bool operator==(const CancelRequest&) const = default;
  HOUSECALL_FIELDS(state, request_time, requested_by, reason, answered_by);
};

HOUSECALL_ENUM(NotFoundStep, kUnspecified, kPhonePatient, kPhoneFamily,
               kPhoneKeyHolder, kPhoneRequester);

struct NotFoundTry {
  NotFoundStep step = NotFoundStep::kUnspecified;
  absl::Time time = absl::UnixEpoch();
  PersonId author;
  bool reached = false;
  bool operator==(const NotFoundTry&) const = default;
  HOUSECALL_FIELDS(step, time, author, reached);
};

// An agreed time window.
struct Window {
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  bool operator==(const Window&) const = default;
  HOUSECALL_FIELDS(start_time, end_time);
};

// What people were told of when somebody comes.
struct ArrivalPromise {
  // At the door, on average.
  absl::Time expect_time = absl::UnixEpoch();
  // "By 22:40": the policy's promise_share of such arrivals are at the door by
  // then (planner/promise.h).
  absl::Time promise_time = absl::UnixEpoch();
  // When that was told.
  absl::Time tell_time = absl::UnixEpoch();
  // A crew has accepted; else it is as the planner sees it, and what comes in
  // meanwhile may change it.
  bool has_crew = false;
  // What was told first, and how often it was told anew since.
  absl::Time first_promise_time = absl::UnixEpoch();
  int32_t changes = 0;
  bool operator==(const ArrivalPromise&) const = default;
  HOUSECALL_FIELDS(expect_time, promise_time, tell_time, has_crew,
                   first_promise_time, changes);
};

// Something that somebody confirmed.
struct Confirmation {
  absl::Time time = absl::UnixEpoch();
  PersonId person;
  bool operator==(const Confirmation&) const = default;
  HOUSECALL_FIELDS(time, person);
};

// A house-call request forwarded by a professional.
struct Call {
  CallId id;
  Version etag;
  CallState state = CallState::kUnspecified;
  // The state to go back to from kOnHold, kEmergency119, kMerged; in these,
  // a crew that is under way advances this one.
  CallState resume_state = CallState::kUnspecified;

  PersonId requester;
  OrganizationId requester_organization;
  // Other professionals who called for the same patient, or follow the call.
  std::vector<PersonId> followers;

  // Registered patient, or the short form.
  PatientId patient;
  std::optional<ShortPatient> short_patient;
  Place place;
  PrivateText complaint;
  // Since when, in the requester's words.
  PrivateText onset;
  std::optional<VitalSigns> vitals;
  // The professional's judgement: why tonight.
  PrivateText judgement;
  // Who is with the patient.
  PrivateText attendant;
  PrivateText callback_phone;
  std::vector<RedFlag> red_flags;
  std::vector<Fact> facts;
  std::vector<PlaceCorrection> place_corrections;

  absl::Time receive_time = absl::UnixEpoch();
  std::optional<absl::Time> device_time;
  std::optional<absl::Time> triage_time;
  PersonId triaged_by;
  // When somebody last looked at its urgency.
  std::optional<absl::Time> review_time;
  Disposition disposition = Disposition::kUnspecified;
  Urgency urgency = Urgency::kUnspecified;
  // At the door by this time.
  std::optional<absl::Time> target_time;
  std::vector<Skill> required_skills;
  std::optional<Window> schedule;
  // On hold until, and why.
  std::optional<absl::Time> hold_until_time;
  PrivateText hold_reason;

  // Why a physician from beyond the 16 km may come; empty: he may not.
  PrivateText distance_reason;
  // Never asked again for this call.
  std::vector<PersonId> declined_by;
  // Did not answer; asked again only by an operator.
  std::vector<PersonId> unanswered_by;
  int32_t unanswered_offers = 0;
  // The open offer, or none.
  OfferId offer;
  // The running or last assignment and visit, or none.
  AssignmentId assignment;
  VisitId visit;
  // The last decision on whom to send.
  MatchId match;

  std::optional<Emergency> emergency;
  std::optional<CancelRequest> cancel_request;
  std::vector<NotFoundTry> not_found_tries;
  std::optional<absl::Time> not_found_due_time;
  CallId merged_into;

  // Who gets the note. Copied from the patient's card, or set by hand for a
  // patient who has none. A visit cannot be closed while it is empty.
  std::vector<CareTeamMember> care_team;
  NoteId note;
  // The requester knows how it ended.
  std::optional<Confirmation> requester_informed;
  Outcome outcome = Outcome::kUnspecified;
  PrivateText outcome_reason;
  std::optional<absl::Time> close_time;
  PersonId closed_by;
  // Numbers of offers, visits, tasks derived from this call so far.
  int32_t derived = 0;
  CallSource source = CallSource::kUnspecified;
  // Of a call that was entered by hand: when it was said, by the clock of
  // whoever wrote it down. receive_time is then when it was entered.
  std::optional<absl::Time> written_time;
  // None before somebody could be promised; afterwards what was told last.
  std::optional<ArrivalPromise> promise;
  // Its crew was taken back for another call (TakeBackOffer).
  bool passed_over = false;

  bool operator==(const Call&) const = default;
  HOUSECALL_FIELDS(
      id, etag, state, resume_state, requester, requester_organization,
      followers, patient, short_patient, place, complaint, onset, vitals,
      judgement, attendant, callback_phone, red_flags, facts, place_corrections,
      receive_time, device_time, triage_time, triaged_by, review_time,
      disposition, urgency, target_time, required_skills, schedule,
      hold_until_time, hold_reason, distance_reason, declined_by, unanswered_by,
      unanswered_offers, offer, assignment, visit, match, emergency,
      cancel_request, not_found_tries, not_found_due_time, merged_into,
      care_team, note, requester_informed, outcome, outcome_reason, close_time,
      closed_by, derived, source, written_time, promise, passed_over);
};

// Since when the patient waits: the clock of triage counts from it. A call that
// lay on paper for an hour has waited for an hour.
inline absl::Time WaitingSince(const Call& call) {
  return call.written_time.value_or(call.receive_time);
}

HOUSECALL_ENUM(OfferState, kUnspecified, kPending, kAccepted, kDeclined,
               kExpired, kWithdrawn);
HOUSECALL_ENUM(Answer, kUnspecified, kNone, kAccepted, kDeclined);

// What is expected of a visit when it is offered.
struct Estimate {
  // Driver to physician; zero when he drives himself.
  absl::Duration fetch_duration;
  // From there to the patient.
  absl::Duration drive_duration;
  double drive_distance_meters = 0;
  absl::Time arrive_time = absl::UnixEpoch();
  absl::Time finish_time = absl::UnixEpoch();
  // At the door by then in the policy's promise_share of cases; the epoch: not
  // reckoned.
  absl::Time promise_time = absl::UnixEpoch();
  bool operator==(const Estimate&) const = default;
  HOUSECALL_FIELDS(fetch_duration, drive_duration, drive_distance_meters,
                   arrive_time, finish_time, promise_time);
};

// A visit proposed to a physician and a driver; an Assignment once both said
// yes. More than one call: patients at one address, one trip.
struct Offer {
  OfferId id;
  Version etag;
  std::vector<CallId> calls;
  PersonId physician;
  // None when the physician drives himself.
  PersonId driver;
  CarId car;
  bool self_drive = false;
  OfferState state = OfferState::kUnspecified;
  Answer physician_answer = Answer::kNone;
  Answer driver_answer = Answer::kNone;
  std::string decline_reason;
  int32_t rings = 1;
  absl::Time create_time = absl::UnixEpoch();
  // When it rings again, or expires after its last ring.
  absl::Time ring_until_time = absl::UnixEpoch();
  Estimate estimate;
  MatchId match;
  // An operator chose this pair, and why.
  PrivateText override_reason;
  // The assignment for which this seeks another car (a break-down); the
  // physician of that one has already said yes.
  AssignmentId replaces_car_of;
  bool operator==(const Offer&) const = default;
  HOUSECALL_FIELDS(id, etag, calls, physician, driver, car, self_drive, state,
                   physician_answer, driver_answer, decline_reason, rings,
                   create_time, ring_until_time, estimate, match,
                   override_reason, replaces_car_of);
};

HOUSECALL_ENUM(AssignmentState, kUnspecified, kAccepted, kEnRoute, kOnScene,
               kFinished, kReleased, kWaitingForCar);

// An offer that physician and driver have accepted.
struct Assignment {
  AssignmentId id;
  Version etag;
  OfferId offer;
  std::vector<CallId> calls;
  PersonId physician;
  PersonId driver;
  CarId car;
  bool self_drive = false;
  AssignmentState state = AssignmentState::kUnspecified;
  absl::Time accept_time = absl::UnixEpoch();
  // Reminded of departing; told to the operator.
  bool nudged = false;
  bool alarmed = false;
  std::optional<Stamp> depart;
  std::optional<Stamp> pick_up;
  std::optional<Stamp> arrive;
  std::optional<Stamp> leave;
  Estimate estimate;
  // When the estimate was last computed.
  absl::Time estimate_time = absl::UnixEpoch();
  std::string release_reason;
  // Hours worked, confirmed by each.
  std::optional<Confirmation> physician_hours;
  std::optional<Confirmation> driver_hours;
  // The driver does not wait: since the arrival he is free for other work, and
  // another car may fetch the physician (Policy.driver_waits).
  bool driver_left = false;
  bool operator==(const Assignment&) const = default;
  HOUSECALL_FIELDS(id, etag, offer, calls, physician, driver, car, self_drive,
                   state, accept_time, nudged, alarmed, depart, pick_up, arrive,
                   leave, estimate, estimate_time, release_reason,
                   physician_hours, driver_hours, driver_left);
};

HOUSECALL_ENUM(FeeBand, kUnspecified, kDaytime, kConsultationHours, kEvening,
               kHoliday, kDeepNight);

// The going to one patient and the being there: the visit record, and the
// facts from which hours and fees are reckoned elsewhere.
struct Visit {
  VisitId id;
  Version etag;
  CallId call;
  AssignmentId assignment;
  PatientId patient;
  PersonId physician;
  PersonId driver;
  CarId car;
  // The employing clinic of the physician for these hours.
  OrganizationId organization;
  std::optional<Stamp> depart;
  std::optional<Stamp> arrive;
  std::optional<Stamp> treatment_start;
  std::optional<Stamp> treatment_end;
  std::optional<Stamp> leave;
  bool patient_found = true;
  // Facts only (DOMAIN §5): the band of the start of treatment and the length
  // of the treatment. No points.
  FeeBand fee_band = FeeBand::kUnspecified;
  absl::Duration treatment_duration;
  double distance_from_clinic_meters = 0;
  bool operator==(const Visit&) const = default;
  HOUSECALL_FIELDS(id, etag, call, assignment, patient, physician, driver, car,
                   organization, depart, arrive, treatment_start, treatment_end,
                   leave, patient_found, fee_band, treatment_duration,
                   distance_from_clinic_meters);
};

// Why a candidate was not chosen, or that he was. One rule a row of DOMAIN
// §3.3. The last two are of calls that wait though he might go: a crew that is
// busy now costs less when it comes, or he is kept free for urgent calls that
// are expected.
HOUSECALL_ENUM(Verdict, kUnspecified, kChosen, kLaterArrival, kHigherCost,
               kNotOnDuty, kNotOnRota, kReserve, kNoContract, kMissingSkill,
               kBeyondDistance, kShiftEndsBefore, kDeclined, kUnanswered,
               kExcluded, kBusy, kUsedForOtherCall, kNoCar, kCarBrokenDown,
               kNoPosition, kUnreachable, kNoSeat, kRestRules,
               kLaterCrewCostsLess, kKeptFree);

// One physician with the best driver and car for him (or none) as the planner
// saw them.
struct Candidate {
  PersonId physician;
  PersonId driver;
  CarId car;
  bool self_drive = false;
  Verdict verdict = Verdict::kUnspecified;
  // Of a candidate who passed every hard rule.
  std::optional<absl::Time> arrive_time;
  // Cost and its parts, in minutes (planner/cost.h).
  double cost = 0;
  double response_cost = 0;
  double tardiness_cost = 0;
  double continuity_cost = 0;
  double fairness_cost = 0;
  double platform_cost = 0;
  // For a rule with a figure, such as the metres from the employing clinic.
  double figure = 0;
  // Of one who is bound by something else: when that is expected to be over.
  std::optional<absl::Time> free_time;
  // What would change it, of one who passed every hard rule and was not chosen:
  // so many minutes of cost less, and he would be.
  double excess_cost = 0;
  // The last part of the cost: for the way that is driven.
  double drive_cost = 0;
  bool operator==(const Candidate&) const = default;
  HOUSECALL_FIELDS(physician, driver, car, self_drive, verdict, arrive_time,
                   cost, response_cost, tardiness_cost, continuity_cost,
                   fairness_cost, platform_cost, figure, free_time, excess_cost,
                   drive_cost);
};

// Why a call waits: nobody on duty may ever go to it, or not before their
// duties end; those who may are bound and one of them comes next; somebody
// might go now but a crew that is bound costs less when it comes; a crew is
// kept free for urgent calls that are expected.
HOUSECALL_ENUM(WaitReason, kUnspecified, kNobody, kAllBusy, kLaterCrewCostsLess,
               kKeptFree);

// What the planner means to do with a call that it offers to nobody now. Told
// to nobody but operators.
struct Waiting {
  WaitReason reason = WaitReason::kUnspecified;
  // Who is to go, as it looks now, and when he would be there; empty: nobody.
  PersonId physician;
  PersonId driver;
  std::optional<absl::Time> arrive_time;
  std::optional<absl::Time> promise_time;
  // Of kKeptFree: the urgent calls that are expected within the hour.
  double expected_urgent_calls = 0;
  // When it is looked at anew, though nothing happen before.
  std::optional<absl::Time> review_time;
  bool operator==(const Waiting&) const = default;
  HOUSECALL_FIELDS(reason, physician, driver, arrive_time, promise_time,
                   expected_urgent_calls, review_time);
};

// The choice for one call at one moment, explained: why this one, and per
// other candidate why not. Never changed.
struct Match {
  MatchId id;
  Version etag;
  CallId call;
  absl::Time create_time = absl::UnixEpoch();
  // Whether somebody was found.
  bool matched = false;
  std::vector<Candidate> candidates;
  // Of the cars and drivers that the chosen physician did not get.
  std::vector<Candidate> drivers;
  // Which map and which travel times.
  std::string travel_times;
  // Of a call that waits.
  std::optional<Waiting> waiting;
  bool operator==(const Match&) const = default;
  HOUSECALL_FIELDS(id, etag, call, create_time, matched, candidates, drivers,
                   travel_times, waiting);
};

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_CALL_H_
