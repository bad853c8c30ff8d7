// The rules of a call apart from its matching and its visit: submission,
// triage, hold, merge, cancellation, 119, closing.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/draft.h"

namespace housecall::core {

namespace {

// A device's clock that is further off than this says nothing.
constexpr absl::Duration kMaxDeviceClockError = absl::Hours(24);
const absl::Time kEarliestDeviceTime =
    absl::FromCivil(absl::CivilDay(2020, 1, 1), absl::UTCTimeZone());

absl::Status CheckPlace(const Place& place) {
  if (place.address.empty() && !place.position.has_value()) {
    return absl::InvalidArgumentError(
        "place: an address or a position is required");
  }
  return CheckPosition("place.position", place.position);
}

template <typename T>
absl::Status CheckRange(const char* field, const std::optional<T>& value,
                        T least, T most) {
  if (!value.has_value() || (*value >= least && *value <= most)) {
    return absl::OkStatus();
  }
  // The value is clinical: it is not repeated.
  return absl::InvalidArgumentError(
      absl::StrCat("vitals.", field, ": ", least, " to ", most, " wanted"));
}

// What no instrument shows is a slip of the finger.
absl::Status CheckVitals(const std::optional<VitalSigns>& vitals) {
  if (!vitals.has_value()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckRange("temperature_celsius", vitals->temperature_celsius,
                             20.0, 45.0));
  RETURN_IF_ERROR(
      CheckRange("pulse_per_minute", vitals->pulse_per_minute, 0, 350));
  RETURN_IF_ERROR(CheckRange("systolic_mmhg", vitals->systolic_mmhg, 0, 350));
  RETURN_IF_ERROR(CheckRange("diastolic_mmhg", vitals->diastolic_mmhg, 0, 350));
  RETURN_IF_ERROR(CheckRange("oxygen_saturation_percent",
                             vitals->oxygen_saturation_percent, 0, 100));
  return CheckRange("breaths_per_minute", vitals->breaths_per_minute, 0, 150);
}

absl::Status CheckShortPatient(const ShortPatient& patient,
                               absl::CivilDay today) {
  if (patient.display_name.empty()) {
    return MissingField("short_patient.display_name");
  }
  return CheckBirthDate("short_patient.birth_date", patient.birth_date, today);
}

// What is wrong with a submission on any board.
absl::Status CheckSubmission(const SubmitCall& c, absl::Time now,
                             absl::TimeZone zone) {
  RETURN_IF_ERROR(CheckChosenId(c.call));
  if (c.patient.empty() == !c.short_patient.has_value()) {
    return absl::InvalidArgumentError(
        "patient, short_patient: exactly one is required");
  }
  if (c.short_patient.has_value()) {
    RETURN_IF_ERROR(
        CheckShortPatient(*c.short_patient, absl::ToCivilDay(now, zone)));
    if (!c.place.has_value()) return MissingField("place");
  }
  if (c.place.has_value()) RETURN_IF_ERROR(CheckPlace(*c.place));
  if (c.complaint.empty()) return MissingField("complaint");
  if (c.judgement.empty()) return MissingField("judgement");
  if (c.callback_phone.empty()) return MissingField("callback_phone");
  RETURN_IF_ERROR(CheckVitals(c.vitals));
  RETURN_IF_ERROR(CheckDistinct("red_flags", c.red_flags));
  RETURN_IF_ERROR(CheckDistinct("required_skills", c.required_skills));
  if (c.device_time.has_value() &&
      (*c.device_time > now + kMaxDeviceClockError ||
       *c.device_time < kEarliestDeviceTime)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "device_time: ", absl::FormatTime(*c.device_time, absl::UTCTimeZone()),
        " cannot be; check the device's clock"));
  }
  return absl::OkStatus();
}

// How it came, and by whom. Another's word and another time than the server's
// are taken from an operator only: his name stands in the journal for them.
absl::Status CheckSource(const SubmitCall& c, const Draft& draft) {
  const bool by_hand =
      c.source == CallSource::kPhone || c.source == CallSource::kPaper;
  if (!by_hand) {
    if (c.written_time.has_value()) {
      return absl::InvalidArgumentError(
          "written_time: only with source PHONE or PAPER");
    }
  } else if (c.written_time.has_value()) {
    RETURN_IF_ERROR(
        CheckWrittenTime("written_time", *c.written_time, draft.now()));
  } else if (c.source == CallSource::kPaper) {
    return MissingField("written_time");
  }
  if (draft.actor().Has(Role::kOperator)) return absl::OkStatus();
  if (by_hand) {
    return Refuse(RefusalReason::kOperatorEnters,
                  absl::StrCat("source: ", NameOf(c.source),
                               " is for an operator to say"));
  }
  if (!c.requester.empty() && c.requester != draft.actor().person) {
    return Refuse(
        RefusalReason::kOperatorEnters,
        "requester: only an operator enters a call for somebody else");
  }
  return absl::OkStatus();
}

// The gate (DOMAIN §1): no call without a registered professional. The one who
// called, whoever entered it.
absl::StatusOr<Person> FindProfessional(const SubmitCall& c,
                                        const Draft& draft) {
  const PersonId& id = c.requester.empty() ? draft.actor().person : c.requester;
  const Person* person = draft.board().Find<Person>(id);
  if (person == nullptr || !person->active) {
    return Refuse(
        RefusalReason::kNoProfessional,
        "a call needs a professional who is registered with the center");
  }
  return *person;
}

// A call that came by a client was triaged here or not at all.
absl::Status CheckTriagedOnPaper(const TriageCall& c, const Call& call,
                                 absl::Time now) {
  if (!c.written_time.has_value()) return absl::OkStatus();
  if (call.source != CallSource::kPaper) {
    return Refuse(RefusalReason::kNotOnPaper,
                  absl::StrCat("written_time: ", ResourceName(c.call),
                               " did not come on paper"));
  }
  if (call.triage_time.has_value()) {
    return Refuse(RefusalReason::kTriagedBefore,
                  absl::StrCat("written_time: ", ResourceName(c.call),
                               " was triaged before"));
  }
  RETURN_IF_ERROR(CheckWrittenTime("written_time", *c.written_time, now));
  if (*c.written_time < WaitingSince(call)) {
    return absl::InvalidArgumentError(
        "written_time: before the call itself was written");
  }
  return absl::OkStatus();
}

// The care team of the card; the primary clinic that the card names always
// belongs to it, by the inbox unless the card says how.
std::vector<CareTeamMember> CareTeamOf(const Patient& patient) {
  std::vector<CareTeamMember> team = patient.care_team;
  const auto is_clinic = [&](const CareTeamMember& member) {
    return member.organization == patient.primary_clinic;
  };
  if (!patient.primary_clinic.empty() &&
      std::none_of(team.begin(), team.end(), is_clinic)) {
    CareTeamMember clinic;
    clinic.role = CareRole::kPrimaryClinic;
    clinic.organization = patient.primary_clinic;
    clinic.person = patient.primary_physician;
    clinic.channels = {ChannelKind::kInbox};
    team.insert(team.begin(), std::move(clinic));
  }
  return team;
}

bool HasPrimaryClinic(const std::vector<CareTeamMember>& team) {
  return std::any_of(team.begin(), team.end(), [](const CareTeamMember& m) {
    return m.role == CareRole::kPrimaryClinic;
  });
}

// Nothing clinical may stand in a task: how many, not which.
std::string CountOf(const std::vector<RedFlag>& flags) {
  return Counted(static_cast<int64_t>(flags.size()), "red flag", "red flags");
}

void AddLine(const PrivateText& text, std::string* lines) {
  if (text.empty()) return;
  absl::StrAppend(lines, lines->empty() ? "" : "\n", text.Reveal());
}

// A crew must look at it again: it was chosen without knowing this.
bool IsPromised(const Call& call) {
  const CallState standing = StandingOf(call);
  return standing == CallState::kOffered || standing == CallState::kAccepted ||
         standing == CallState::kEnRoute;
}

// Somebody has decided on the call, and no crew has accepted it: what is
// learned now may change that decision.
bool IsDecidedOn(const Call& call) {
  switch (call.state) {
    case CallState::kTriaged:
    case CallState::kScheduled:
    case CallState::kMatching:
    case CallState::kOffered:
    case CallState::kOnHold:
      return true;
    case CallState::kEmergency119:
      return call.emergency.has_value() &&
             call.emergency->decision != EmergencyDecision::kUndecided;
    case CallState::kUnspecified:
    case CallState::kReceived:
    case CallState::kAccepted:
    case CallState::kEnRoute:
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
    case CallState::kClosed:
    case CallState::kNotFound:
    case CallState::kMerged:
    case CallState::kCancelled:
      return false;
  }
  return false;
}

// A second professional calls for a patient with an open call: he follows it,
// and what he says that is not there yet is added. His judgement too is that a
// visit is wanted: the operator looks at the call again.
Subject JoinOpenCall(const SubmitCall& c, const PersonId& person, Call call,
                     Draft& draft) {
  bool changed = false;
  bool follows = false;
  if (person != call.requester && AddOnce(&call.followers, person)) {
    follows = changed = true;
  }
  std::string news;
  if (c.complaint != call.complaint) AddLine(c.complaint, &news);
  if (c.onset != call.onset) AddLine(c.onset, &news);
  if (c.judgement != call.judgement) AddLine(c.judgement, &news);
  if (c.attendant != call.attendant) AddLine(c.attendant, &news);
  if (c.callback_phone != call.callback_phone) {
    AddLine(c.callback_phone, &news);
  }
  if (c.place.has_value() && c.place->address != call.place.address) {
    AddLine(c.place->address, &news);
  }
  Fact fact{draft.now(), person, PrivateText(std::move(news)), std::nullopt};
  if (c.vitals != call.vitals) fact.vitals = c.vitals;
  if (c.source != CallSource::kClient) fact.source = c.source;
  fact.written_time = c.written_time;
  const bool known =
      std::any_of(call.facts.begin(), call.facts.end(), [&](const Fact& f) {
        return f.author == fact.author && f.text == fact.text &&
               f.vitals == fact.vitals;
      });
  if (!known && (!fact.text.empty() || fact.vitals.has_value())) {
    call.facts.push_back(std::move(fact));
    changed = true;
  }
  bool more_flags = false;
  for (RedFlag flag : c.red_flags) {
    if (AddOnce(&call.red_flags, flag)) more_flags = changed = true;
  }
  bool more_skills = false;
  for (Skill skill : c.required_skills) {
    if (AddOnce(&call.required_skills, skill)) more_skills = changed = true;
  }
  if (!changed) return call.id;
  const CallId id = call.id;
  const std::string flags = CountOf(call.red_flags);
  const bool promised = IsPromised(call);
  const bool decided = IsDecidedOn(call);
  draft.Emit(follows ? EventKind::kCallFollowed : EventKind::kFactAdded, id,
             {std::move(call)});
  if (more_flags) draft.RaiseTask(TaskKind::kRedFlags, id, flags);
  if (more_skills && promised) {
    draft.RaiseTask(TaskKind::kRetriage, id,
                    "further skills were asked for after it was offered");
  } else if (decided) {
    draft.RaiseTask(TaskKind::kRetriage, id,
                    "it was called for again after triage");
  }
  return id;
}

bool IsVisitOutcome(Outcome outcome) {
  return outcome == Outcome::kVisited || outcome == Outcome::kTransferred ||
         outcome == Outcome::kEmergency119;
}

bool CrewHasArrived(const Call& call) {
  const CallState standing = StandingOf(call);
  return standing == CallState::kOnScene ||
         standing == CallState::kDepartedScene ||
         standing == CallState::kNoteSent;
}

void RaiseEmergencyOn(Call call, const std::vector<RedFlag>& flags,
                      Draft& draft) {
  for (RedFlag flag : flags) AddOnce(&call.red_flags, flag);
  // A hold ends with it. A patient who was not found is known from the visit
  // (see Resume).
  call.resume_state = StandingOf(call);
  call.hold_until_time = std::nullopt;
  call.hold_reason = PrivateText();
  call.state = CallState::kEmergency119;
  call.emergency = Emergency();
  call.emergency->raise_time = draft.now();
  call.emergency->raised_by = draft.actor().person;
  const CallId id = call.id;
  draft.Emit(EventKind::kEmergencyRaised, id, {std::move(call)});
  draft.RaiseTask(TaskKind::kEmergency119, id, "");
}

// Back from EMERGENCY_119 to where the call stands.
void Resume(const Board& board, Call* call) {
  call->state = call->resume_state;
  call->resume_state = CallState::kUnspecified;
  const Visit* visit = board.Find<Visit>(call->visit);
  if (CrewHasArrived(*call) && visit != nullptr && !visit->patient_found) {
    call->resume_state = call->state;
    call->state = CallState::kNotFound;
  }
}

// The care team is known by now: a note that waited for it goes out.
void DeliverToTeam(const CallId& id, Draft& draft) {
  draft.ResolveTasks(TaskKind::kCareTeamUnknown, id);
  DeliverNote(draft.board().Find<Call>(id)->note, draft);
}

bool IsCancelRequested(const Call& call) {
  return call.cancel_request.has_value() &&
         call.cancel_request->state == CancelState::kRequested;
}

// Another professional than `person` wants the visit too: he called for the
// patient as well, or follows the call.
bool OthersWantIt(const Call& call, const PersonId& person) {
  return (Contains(call.followers, person) && person != call.requester) ||
         std::any_of(call.followers.begin(), call.followers.end(),
                     [&](const PersonId& other) { return other != person; });
}

void AddReason(const PrivateText& reason, const Draft& draft, Call* call) {
  if (reason.empty()) return;
  call->facts.push_back(
      Fact{draft.now(), draft.actor().person, reason, std::nullopt});
}

}  // namespace

void Advance(Call* call, CallState state) {
  if (call->state == CallState::kOnHold ||
      call->state == CallState::kEmergency119 ||
      call->state == CallState::kNotFound) {
    call->resume_state = state;
  } else {
    call->state = state;
  }
}

absl::Time MatchTimeOf(const Policy& policy, const Window& schedule) {
  return schedule.start_time - policy.schedule_lead_time;
}

void AdvanceToWaiting(const Draft& draft, Call* call) {
  const bool far_off =
      call->schedule.has_value() &&
      MatchTimeOf(draft.policy(), *call->schedule) > draft.now();
  Advance(call, far_off ? CallState::kScheduled : CallState::kMatching);
  if (call->promise.has_value()) call->promise->has_crew = false;
}

absl::Duration TargetOf(const Policy& policy, Urgency urgency) {
  switch (urgency) {
    case Urgency::kUrgent:
      return policy.urgent_target;
    case Urgency::kRoutine:
      return policy.routine_target;
    case Urgency::kStandard:
    case Urgency::kUnspecified:
      return policy.standard_target;
  }
  return policy.standard_target;
}

void EndCall(Call call, CallState state, Outcome outcome, PrivateText reason,
             EventKind kind, Draft& draft) {
  const CallId id = call.id;
  call.state = state;
  if (state != CallState::kMerged) call.resume_state = CallState::kUnspecified;
  call.outcome = outcome;
  call.outcome_reason = std::move(reason);
  call.close_time = draft.now();
  call.closed_by = draft.actor().person;
  call.hold_until_time = std::nullopt;
  call.hold_reason = PrivateText();
  call.not_found_due_time = std::nullopt;
  draft.Emit(kind, id, {std::move(call)});
  draft.ResolveTasksOfCall(id);
}

// --- Submission and triage --------------------------------------------------

// O(log n) in the open calls: the duplicate is found by an index.
absl::StatusOr<Subject> Rule(const SubmitCall& c, Draft& draft) {
  RETURN_IF_ERROR(CheckSubmission(c, draft.now(),
                                  ZoneNamed(draft.board().center().time_zone)));
  RETURN_IF_ERROR(CheckSource(c, draft));
  ASSIGN_OR_RETURN(const Person professional, FindProfessional(c, draft));
  Call call;
  call.id = c.call;
  if (!c.patient.empty()) {
    ASSIGN_OR_RETURN(const Patient patient, draft.Get<Patient>(c.patient));
    if (!patient.active) {
      return Refuse(
          RefusalReason::kPatientInactive,
          absl::StrCat(ResourceName(c.patient), " is no longer registered"));
    }
    if (const Call* open = draft.board().OpenCallFor(c.patient)) {
      return JoinOpenCall(c, professional.id, *open, draft);
    }
    call.place = patient.place;
    call.care_team = CareTeamOf(patient);
    if (!c.place.has_value() && !CheckPlace(call.place).ok()) {
      return Refuse(RefusalReason::kNoAddress,
                    absl::StrCat("place: required, the card of ",
                                 ResourceName(c.patient), " has no address"));
    }
  }
  call.state = CallState::kReceived;
  call.requester = professional.id;
  call.requester_organization = professional.id == draft.actor().person
                                    ? draft.actor().organization
                                    : professional.organization;
  call.patient = c.patient;
  call.short_patient = c.short_patient;
  if (c.place.has_value()) call.place = *c.place;
  call.complaint = c.complaint;
  call.onset = c.onset;
  call.vitals = c.vitals;
  call.judgement = c.judgement;
  call.attendant = c.attendant;
  call.callback_phone = c.callback_phone;
  call.red_flags = c.red_flags;
  call.required_skills = c.required_skills;
  call.receive_time = draft.now();
  call.device_time = c.device_time;
  call.source =
      c.source == CallSource::kUnspecified ? CallSource::kClient : c.source;
  call.written_time = c.written_time;
  const std::vector<RedFlag> flags = call.red_flags;
  const bool clinic_known = HasPrimaryClinic(call.care_team);
  draft.Emit(EventKind::kCallReceived, c.call, {std::move(call)});
  if (!flags.empty()) {
    draft.RaiseTask(TaskKind::kRedFlags, c.call, CountOf(flags));
  }
  if (!clinic_known) {
    draft.RaiseTask(TaskKind::kCareTeamUnknown, c.call,
                    "the primary clinic is not known");
  }
  return c.call;
}

// The target counts from the first triage: to look again does not move the
// promise. Another urgency is a new promise, from now; a more urgent one never
// later than the old. A visit at an agreed time is due by the end of its
// window. What was triaged on paper was triaged then: entering it late does not
// move the promise either.
absl::StatusOr<Subject> Rule(const TriageCall& c, Draft& draft) {
  if (c.disposition == Disposition::kUnspecified) {
    return MissingField("disposition");
  }
  if (c.disposition == Disposition::kVisit &&
      c.urgency == Urgency::kUnspecified) {
    return MissingField("urgency");
  }
  RETURN_IF_ERROR(CheckDistinct("required_skills", c.required_skills));
  if (c.schedule.has_value()) {
    if (c.disposition != Disposition::kVisit) {
      return absl::InvalidArgumentError(
          "schedule: only a visit can be scheduled");
    }
    if (c.schedule->start_time >= c.schedule->end_time) {
      return absl::InvalidArgumentError(
          "schedule: the window must end after its start");
    }
    if (c.schedule->end_time <= draft.now()) {
      return absl::InvalidArgumentError("schedule: the window is over");
    }
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  RETURN_IF_ERROR(CheckTriagedOnPaper(c, call, draft.now()));
  const absl::Time triage_time = c.written_time.value_or(draft.now());

  // An empty list keeps what the requester asked for: a skill must not be lost
  // by leaving a field out.
  std::vector<Skill> skills = call.required_skills;
  if (!c.required_skills.empty()) skills = c.required_skills;
  // An offer was made for what the call was: the crew must not learn of it
  // at the door.
  const bool same =
      c.disposition == call.disposition && c.urgency == call.urgency &&
      skills == call.required_skills && c.schedule == call.schedule;
  if (!same && c.disposition != Disposition::kEmergency119) {
    WithdrawOfferOf(c.call, "triaged anew", draft);
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  }

  const Urgency old_urgency = call.urgency;
  const bool was_scheduled = call.schedule.has_value();
  if (!call.triage_time.has_value()) call.triage_time = triage_time;
  call.triaged_by = draft.actor().person;
  call.review_time = draft.now();
  call.required_skills = std::move(skills);
  const std::vector<TaskKind> reviewed = {
      TaskKind::kTriageOverdue, TaskKind::kRetriage, TaskKind::kRedFlags};

  if (c.disposition == Disposition::kEmergency119) {
    // A visit that is being sought goes on behind the 119; a call that was not
    // triaged yet counts as triaged.
    if (call.state == CallState::kReceived ||
        call.state == CallState::kTriaged) {
      call.disposition = c.disposition;
      call.state = CallState::kTriaged;
    }
    if (c.urgency != Urgency::kUnspecified) call.urgency = c.urgency;
    draft.Emit(EventKind::kCallTriaged, c.call, {call});
    for (TaskKind kind : reviewed) draft.ResolveTasks(kind, c.call);
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
    RaiseEmergencyOn(std::move(call), {}, draft);
    return c.call;
  }

  call.disposition = c.disposition;
  if (c.urgency != Urgency::kUnspecified) call.urgency = c.urgency;
  call.schedule = c.schedule;
  const absl::Time fresh_target =
      triage_time + TargetOf(draft.policy(), call.urgency);
  if (c.disposition != Disposition::kVisit) {
    call.target_time = std::nullopt;
  } else if (c.schedule.has_value()) {
    call.target_time = c.schedule->end_time;
  } else if (was_scheduled || !call.target_time.has_value()) {
    call.target_time = fresh_target;
  } else if (call.urgency != old_urgency) {
    // kUrgent < kStandard < kRoutine.
    call.target_time = call.urgency < old_urgency
                           ? std::min(*call.target_time, fresh_target)
                           : fresh_target;
  }

  // In the journal: triaged, then on its way (DOMAIN §3).
  const bool scheduled = c.schedule.has_value() &&
                         MatchTimeOf(draft.policy(), *c.schedule) > draft.now();
  CallState next = CallState::kTriaged;
  EventKind kind = EventKind::kCallTriaged;
  if (c.disposition == Disposition::kVisit) {
    next = scheduled ? CallState::kScheduled : CallState::kMatching;
    kind = scheduled ? EventKind::kCallScheduled : EventKind::kCallMatching;
  }
  const bool stays = call.state == next || call.state == CallState::kOffered;
  if (!stays) call.state = CallState::kTriaged;
  draft.Emit(EventKind::kCallTriaged, c.call, {call});
  if (!stays && next != CallState::kTriaged) {
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
    call.state = next;
    draft.Emit(kind, c.call, {std::move(call)});
  }
  for (TaskKind reviewed_kind : reviewed) {
    draft.ResolveTasks(reviewed_kind, c.call);
  }
  draft.ResolveTasks(TaskKind::kTargetAtRisk, c.call);
  if (c.disposition != Disposition::kVisit) {
    draft.ResolveTasks(TaskKind::kNoCandidate, c.call);
    draft.ResolveTasks(TaskKind::kNoAnswer, c.call);
    draft.ResolveTasks(TaskKind::kPlaceUnreachable, c.call);
  }
  return c.call;
}

// --- Hold -------------------------------------------------------------------

absl::StatusOr<Subject> Rule(const HoldCall& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  if (c.until_time.has_value() && *c.until_time <= draft.now()) {
    return absl::InvalidArgumentError("until_time: a time to come wanted");
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  if (call.state == CallState::kOnHold) {
    // Held for longer, or for another reason.
    if (call.hold_until_time == c.until_time && call.hold_reason == c.reason) {
      return c.call;
    }
  } else {
    WithdrawOfferOf(c.call, "put on hold", draft);
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
    call.resume_state = call.state;
    call.state = CallState::kOnHold;
  }
  call.hold_until_time = c.until_time;
  call.hold_reason = c.reason;
  call.review_time = draft.now();
  draft.Emit(EventKind::kCallHeld, c.call, {std::move(call)});
  return c.call;
}

absl::StatusOr<Subject> Rule(const ResumeCall& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  call.state = call.resume_state;
  call.resume_state = CallState::kUnspecified;
  call.hold_until_time = std::nullopt;
  call.hold_reason = PrivateText();
  draft.Emit(EventKind::kCallResumed, c.call, {std::move(call)});
  return c.call;
}

// --- What is known of it ----------------------------------------------------

absl::StatusOr<Subject> Rule(const AddFact& c, Draft& draft) {
  if (c.text.empty() && !c.vitals.has_value()) return MissingField("text");
  RETURN_IF_ERROR(CheckVitals(c.vitals));
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  call.facts.push_back(
      Fact{draft.now(), draft.actor().person, c.text, c.vitals});
  draft.Emit(EventKind::kFactAdded, c.call, {std::move(call)});
  return c.call;
}

// A crew under way keeps the call: its arrival is not known and estimate_time
// goes back to the epoch, which means that it is to be computed anew. On scene,
// where the crew may stand at the wrong door, only the record changes.
absl::StatusOr<Subject> Rule(const CorrectPlace& c, Draft& draft) {
  RETURN_IF_ERROR(CheckPlace(c.place));
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  if (call.place == c.place) return c.call;
  WithdrawOfferOf(c.call, "the place was corrected", draft);
  ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  call.place_corrections.push_back(PlaceCorrection{
      draft.now(), draft.actor().person, std::move(call.place), c.reason});
  call.place = c.place;
  std::vector<Record> records;
  const Assignment* running = draft.board().Find<Assignment>(call.assignment);
  if (running != nullptr && IsRunning(running->state) &&
      running->state != AssignmentState::kOnScene &&
      Contains(running->calls, c.call)) {
    Assignment assignment = *running;
    assignment.estimate.arrive_time = absl::UnixEpoch();
    assignment.estimate_time = absl::UnixEpoch();
    records.push_back(std::move(assignment));
  }
  records.insert(records.begin(), std::move(call));
  draft.Emit(EventKind::kPlaceCorrected, c.call, std::move(records));
  draft.ResolveTasks(TaskKind::kPlaceUnreachable, c.call);
  return c.call;
}

absl::StatusOr<Subject> Rule(const FollowCall& c, Draft& draft) {
  const PersonId& person = draft.actor().person;
  if (person.empty()) {
    return Refuse(RefusalReason::kNoProfessional,
                  "only a person can follow a call");
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (person == call.requester || !AddOnce(&call.followers, person)) {
    return c.call;
  }
  draft.Emit(EventKind::kCallFollowed, c.call, {std::move(call)});
  return c.call;
}

// --- Duplicates -------------------------------------------------------------

absl::StatusOr<Subject> Rule(const MergeCall& c, Draft& draft) {
  if (c.call == c.into) {
    return absl::InvalidArgumentError("into: another call wanted");
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  ASSIGN_OR_RETURN(Call into, draft.Get<Call>(c.into));
  if (call.state == CallState::kMerged) {
    if (call.merged_into == c.into) return c.into;
    return Refuse(RefusalReason::kMerged,
                  absl::StrCat(ResourceName(c.call), " was merged into ",
                               ResourceName(call.merged_into)));
  }
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  if (!call.patient.empty() && !into.patient.empty() &&
      call.patient != into.patient) {
    return Refuse(
        RefusalReason::kOtherPatient,
        absl::StrCat(ResourceName(c.call), " is for ",
                     ResourceName(call.patient), ", ", ResourceName(c.into),
                     " for ", ResourceName(into.patient)));
  }
  // Both calls may stand in that offer.
  WithdrawOfferOf(c.call, "merged as a duplicate", draft);
  ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  ASSIGN_OR_RETURN(into, draft.Get<Call>(c.into));

  if (call.requester != into.requester)
    AddOnce(&into.followers, call.requester);
  for (const PersonId& follower : call.followers) {
    if (follower != into.requester) AddOnce(&into.followers, follower);
  }
  Fact fact{call.receive_time, call.requester, PrivateText(), call.vitals};
  std::string text;
  AddLine(call.complaint, &text);
  AddLine(call.onset, &text);
  AddLine(call.judgement, &text);
  AddLine(call.attendant, &text);
  if (call.callback_phone != into.callback_phone) {
    AddLine(call.callback_phone, &text);
  }
  if (call.place.address != into.place.address) {
    AddLine(call.place.address, &text);
  }
  fact.text = PrivateText(std::move(text));
  into.facts.push_back(std::move(fact));
  for (const Fact& f : call.facts) into.facts.push_back(f);
  bool more_flags = false;
  for (RedFlag flag : call.red_flags) {
    if (AddOnce(&into.red_flags, flag)) more_flags = true;
  }
  bool more_skills = false;
  for (Skill skill : call.required_skills) {
    if (AddOnce(&into.required_skills, skill)) more_skills = true;
  }
  const bool promised = IsPromised(into);
  const bool lends_team = into.care_team.empty() && !call.care_team.empty();
  if (lends_team) into.care_team = call.care_team;
  const std::string flags = CountOf(into.red_flags);

  // A hold ends with the merge.
  call.resume_state = StandingOf(call);
  call.merged_into = c.into;
  EndCall(std::move(call), CallState::kMerged, Outcome::kMerged, PrivateText(),
          EventKind::kCallMerged, draft);
  draft.Emit(EventKind::kFactAdded, c.into, {std::move(into)});
  if (more_flags) draft.RaiseTask(TaskKind::kRedFlags, c.into, flags);
  if (more_skills && promised) {
    draft.RaiseTask(TaskKind::kRetriage, c.into,
                    "further skills were asked for after it was offered");
  }
  if (lends_team) DeliverToTeam(c.into, draft);
  return c.into;
}

// What was carried over stays with the other call: it was said.
absl::StatusOr<Subject> Rule(const UnmergeCall& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  call.state = call.resume_state;
  call.resume_state = CallState::kUnspecified;
  call.merged_into = CallId();
  call.outcome = Outcome::kUnspecified;
  call.close_time = std::nullopt;
  call.closed_by = PersonId();
  const Call unmerged = call;
  draft.Emit(EventKind::kCallUnmerged, c.call, {std::move(call)});
  // The merge resolved its tasks; what the clocks raise comes again by itself.
  if (!HasPrimaryClinic(unmerged.care_team)) {
    draft.RaiseTask(TaskKind::kCareTeamUnknown, c.call,
                    "the primary clinic is not known");
  }
  if (!unmerged.red_flags.empty() && !unmerged.triage_time.has_value()) {
    draft.RaiseTask(TaskKind::kRedFlags, c.call, CountOf(unmerged.red_flags));
  }
  if (IsCancelRequested(unmerged)) {
    draft.RaiseTask(TaskKind::kCancelRequest, c.call, "");
  }
  return c.call;
}

// --- Cancellation -----------------------------------------------------------

namespace {

absl::Status CancelNow(const CallId& id, const PrivateText& reason,
                       Draft& draft) {
  TakeCrewOff(id, "the call was cancelled", draft);
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(id));
  if (IsCancelRequested(call)) {
    call.cancel_request->state = CancelState::kApproved;
    call.cancel_request->answered_by = draft.actor().person;
  }
  EndCall(std::move(call), CallState::kCancelled, Outcome::kCancelled, reason,
          EventKind::kCallCancelled, draft);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Subject> Rule(const RequestCancel& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtag(c.etag, call));
  if (call.state != CallState::kAccepted && call.state != CallState::kEnRoute &&
      !OthersWantIt(call, draft.actor().person)) {
    RETURN_IF_ERROR(CancelNow(c.call, c.reason, draft));
    return c.call;
  }
  if (IsCancelRequested(call)) return c.call;
  call.cancel_request =
      CancelRequest{CancelState::kRequested, draft.now(), draft.actor().person,
                    c.reason, PersonId()};
  draft.Emit(EventKind::kCancelRequested, c.call, {std::move(call)});
  draft.RaiseTask(TaskKind::kCancelRequest, c.call, "");
  return c.call;
}

absl::StatusOr<Subject> Rule(const AnswerCancel& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  if (!IsCancelRequested(call)) {
    return Refuse(
        RefusalReason::kNoCancelRequest,
        absl::StrCat(ResourceName(c.call), ": nobody asked to cancel it"));
  }
  if (!c.approve && c.reason.empty()) return MissingField("reason");
  const PrivateText reason =
      c.reason.empty() ? call.cancel_request->reason : c.reason;
  call.cancel_request->state =
      c.approve ? CancelState::kApproved : CancelState::kRefused;
  call.cancel_request->answered_by = draft.actor().person;
  if (!c.approve) AddReason(c.reason, draft, &call);
  draft.Emit(EventKind::kCancelAnswered, c.call, {std::move(call)});
  draft.ResolveTasks(TaskKind::kCancelRequest, c.call);
  if (c.approve) RETURN_IF_ERROR(CancelNow(c.call, reason, draft));
  return c.call;
}

absl::StatusOr<Subject> Rule(const CancelCall& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(const Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckEtag(c.etag, call));
  RETURN_IF_ERROR(CancelNow(c.call, c.reason, draft));
  return c.call;
}

// --- 119 --------------------------------------------------------------------

// A pending offer and a crew under way go on until somebody decides: a doctor
// may still be wanted, and minutes lost do not come back.
absl::StatusOr<Subject> Rule(const RaiseEmergency& c, Draft& draft) {
  RETURN_IF_ERROR(CheckDistinct("red_flags", c.red_flags));
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  const bool undecided =
      call.state == CallState::kEmergency119 && call.emergency.has_value() &&
      call.emergency->decision == EmergencyDecision::kUndecided;
  if (!undecided) {
    RaiseEmergencyOn(std::move(call), c.red_flags, draft);
    return c.call;
  }
  bool more_flags = false;
  for (RedFlag flag : c.red_flags) {
    if (AddOnce(&call.red_flags, flag)) more_flags = true;
  }
  if (more_flags) {
    draft.Emit(EventKind::kEmergencyRaised, c.call, {std::move(call)});
  }
  return c.call;
}

// kGoOn: back to where it stands. kPhoneSupport: advice on the phone; the crew
// turns round. kStandDown: the ambulance has it; the crew turns round and the
// call stays EMERGENCY_119, to be closed as such or to go on after all. A crew
// that has arrived stays in any case: it leaves by its own steps.
absl::StatusOr<Subject> Rule(const DecideEmergency& c, Draft& draft) {
  if (c.decision == EmergencyDecision::kUnspecified ||
      c.decision == EmergencyDecision::kUndecided) {
    return absl::InvalidArgumentError(
        "decision: GO_ON, PHONE_SUPPORT or STAND_DOWN wanted");
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (call.emergency->decision == c.decision) return c.call;
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  const bool arrived = CrewHasArrived(call);
  if (!arrived && c.decision != EmergencyDecision::kGoOn) {
    TakeCrewOff(c.call, "119 has it", draft);
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  }
  call.emergency->decision = c.decision;
  call.emergency->decide_time = draft.now();
  call.emergency->decided_by = draft.actor().person;
  AddReason(c.reason, draft, &call);
  switch (c.decision) {
    case EmergencyDecision::kGoOn:
      Resume(draft.board(), &call);
      break;
    case EmergencyDecision::kPhoneSupport:
      if (arrived) {
        Resume(draft.board(), &call);
      } else {
        call.disposition = Disposition::kAdvice;
        call.target_time = std::nullopt;
        call.schedule = std::nullopt;
        call.state = CallState::kTriaged;
        call.resume_state = CallState::kUnspecified;
        if (!call.triage_time.has_value()) {
          call.triage_time = draft.now();
          call.triaged_by = draft.actor().person;
        }
        call.review_time = draft.now();
      }
      break;
    case EmergencyDecision::kStandDown:
    case EmergencyDecision::kUnspecified:
    case EmergencyDecision::kUndecided:
      break;
  }
  draft.Emit(EventKind::kEmergencyDecided, c.call, {std::move(call)});
  draft.ResolveTasks(TaskKind::kEmergency119, c.call);
  CloseIfComplete(c.call, draft);
  return c.call;
}

// --- The end ----------------------------------------------------------------

absl::StatusOr<Subject> Rule(const SetCareTeam& c, Draft& draft) {
  if (c.care_team.empty()) return MissingField("care_team");
  RETURN_IF_ERROR(CheckCareTeam(draft.board(), c.care_team));
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (call.care_team == c.care_team) return c.call;
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  call.care_team = c.care_team;
  draft.Emit(EventKind::kCareTeamChanged, c.call, {std::move(call)});
  DeliverToTeam(c.call, draft);
  CloseIfComplete(c.call, draft);
  return c.call;
}

absl::StatusOr<Subject> Rule(const GrantDistanceException& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (call.distance_reason == c.reason) return c.call;
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  call.distance_reason = c.reason;
  draft.Emit(EventKind::kDistanceExceptionGranted, c.call, {std::move(call)});
  return c.call;
}

absl::StatusOr<Subject> Rule(const InformRequester& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (call.requester_informed.has_value()) return c.call;
  call.requester_informed = Confirmation{draft.now(), draft.actor().person};
  draft.Emit(EventKind::kRequesterInformed, c.call, {std::move(call)});
  CloseIfComplete(c.call, draft);
  return c.call;
}

namespace {

// The note in the hands of the requester, or of his organization, informs him.
bool RequesterHasNote(const Board& board, const Call& call, const Note& note) {
  for (const DeliveryId& id : board.DeliveriesOf(note.id)) {
    const Delivery& delivery = *board.Find<Delivery>(id);
    if (delivery.state != DeliveryState::kReceived) continue;
    if (delivery.member.organization == call.requester_organization &&
        !call.requester_organization.empty()) {
      return true;
    }
    if (delivery.receipt.has_value() && !call.requester.empty() &&
        delivery.receipt->person == call.requester) {
      return true;
    }
  }
  return false;
}

struct Missing {
  RefusalReason reason;
  std::string words;
};

std::vector<Missing> FindMissing(const Board& board, const Call& call) {
  std::vector<Missing> missing;
  const Visit* visit = board.Find<Visit>(call.visit);
  if (visit == nullptr || !visit->leave.has_value()) {
    missing.push_back(
        {RefusalReason::kCrewNotLeft, "the crew has not left the scene"});
  }
  if (call.care_team.empty())
    missing.push_back(
        {RefusalReason::kCareTeamUnknown, "the care team is not known"});
  const Note* note = board.Find<Note>(call.note);
  if (note == nullptr || note->versions.empty()) {
    missing.push_back(
        {RefusalReason::kNoteNotSigned, "the note is not signed"});
  } else {
    if (note->state == NoteState::kAmending) {
      missing.push_back({RefusalReason::kAmendmentNotSigned,
                         "the amendment of the note is not signed"});
    }
    const int32_t newest = note->versions.back().number;
    for (const CareTeamMember& member : call.care_team) {
      bool received = false;
      for (const DeliveryId& id : board.DeliveriesOf(note->id)) {
        const Delivery& delivery = *board.Find<Delivery>(id);
        if (delivery.note_version == newest &&
            delivery.member.organization == member.organization &&
            delivery.state == DeliveryState::kReceived) {
          received = true;
        }
      }
      if (!received) {
        missing.push_back({RefusalReason::kNoteNotReceived,
                           absl::StrCat(ResourceName(member.organization),
                                        " has not confirmed the note")});
      }
    }
  }
  if (!call.requester_informed.has_value() &&
      (note == nullptr || !RequesterHasNote(board, call, *note))) {
    missing.push_back({RefusalReason::kRequesterNotInformed,
                       "the requester is not informed"});
  }
  if (const Assignment* trip = board.Find<Assignment>(call.assignment)) {
    if (!trip->physician_hours.has_value()) {
      missing.push_back({RefusalReason::kPhysicianHours,
                         "the physician has not confirmed the hours"});
    }
    if (!trip->driver.empty() && !trip->driver_hours.has_value()) {
      missing.push_back({RefusalReason::kDriverHours,
                         "the driver has not confirmed the hours"});
    }
  }
  return missing;
}

}  // namespace

std::vector<std::string> MissingToClose(const Board& board, const Call& call) {
  std::vector<std::string> words;
  for (Missing& missing : FindMissing(board, call)) {
    words.push_back(std::move(missing.words));
  }
  return words;
}

void CloseIfComplete(const CallId& id, Draft& draft) {
  const Call* call = draft.board().Find<Call>(id);
  if (call == nullptr || (call->state != CallState::kDepartedScene &&
                          call->state != CallState::kNoteSent)) {
    return;
  }
  if (!MissingToClose(draft.board(), *call).empty()) return;
  EndCall(*call, CallState::kClosed, Outcome::kVisited, PrivateText(),
          EventKind::kCallClosed, draft);
}

namespace {

absl::Status RefuseOutcome(const Call& call, Outcome outcome,
                           const std::vector<RefusalReason>& reasons,
                           const std::string& why) {
  return Refuse(
      reasons,
      absl::StrCat(ResourceName(call.id), " is ", NameOf(call.state),
                   " and cannot be closed as ", NameOf(outcome), ": ", why));
}

// After a visit, whatever came of it, every condition of DOMAIN §3.8 holds.
absl::Status CheckVisitComplete(const Board& board, const Call& call,
                                Outcome outcome) {
  std::string why;
  std::vector<RefusalReason> reasons;
  for (const Missing& missing : FindMissing(board, call)) {
    absl::StrAppend(&why, why.empty() ? "" : "; ", missing.words);
    reasons.push_back(missing.reason);
  }
  if (reasons.empty()) return absl::OkStatus();
  return RefuseOutcome(call, outcome, reasons, why);
}

// Another end than triage decided on wants its reason.
bool IsEndOf(Disposition disposition, Outcome outcome) {
  switch (disposition) {
    case Disposition::kAdvice:
      return outcome == Outcome::kAdviceGiven;
    case Disposition::kOnline:
      return outcome == Outcome::kSeenOnline;
    case Disposition::kHospitalTransfer:
      return outcome == Outcome::kTransferred;
    case Disposition::kEmergency119:
      return outcome == Outcome::kEmergency119;
    case Disposition::kVisit:
    case Disposition::kUnspecified:
      return false;
  }
  return false;
}

// Nobody was found: never closed silently, so every way was tried, and this
// command is a person's.
absl::Status CloseNotFound(Call call, const CloseCall& c, Draft& draft) {
  if (c.outcome != Outcome::kPatientNotFound) {
    return RefuseOutcome(call, c.outcome, {RefusalReason::kPatientWasNotFound},
                         "the patient was not found");
  }
  if (!TriedEveryStep(call)) {
    return RefuseOutcome(call, c.outcome, {RefusalReason::kStepsNotTried},
                         "phone the patient, the family, the key holder and "
                         "the requester first");
  }
  const Assignment* trip = draft.board().Find<Assignment>(call.assignment);
  if (trip != nullptr && IsRunning(trip->state)) {
    if (trip->calls.size() == 1) {
      LeaveScene(trip->id, Stamp{draft.now(), std::nullopt}, draft);
    } else {
      // The crew stays for the other patient.
      Assignment rest = *trip;
      rest.calls.erase(std::find(rest.calls.begin(), rest.calls.end(), c.call));
      Advance(&call, CallState::kDepartedScene);
      std::vector<Record> records = {call, std::move(rest)};
      if (const Visit* found = draft.board().Find<Visit>(call.visit)) {
        Visit visit = *found;
        visit.leave = Stamp{draft.now(), std::nullopt};
        records.push_back(std::move(visit));
      }
      draft.Emit(EventKind::kCrewLeft, c.call, std::move(records));
    }
    ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  }
  EndCall(std::move(call), CallState::kClosed, c.outcome, c.reason,
          EventKind::kCallClosed, draft);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Subject> Rule(const CloseCall& c, Draft& draft) {
  if (c.outcome == Outcome::kUnspecified) return MissingField("outcome");
  if (c.outcome == Outcome::kCancelled || c.outcome == Outcome::kMerged) {
    return absl::InvalidArgumentError(absl::StrCat(
        "outcome: ", NameOf(c.outcome), " is not an end by CloseCall"));
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  if (call.state == CallState::kClosed) {
    if (call.outcome == c.outcome) return c.call;
    return RefuseOutcome(
        call, c.outcome, {RefusalReason::kOver},
        absl::StrCat("it was closed as ", NameOf(call.outcome)));
  }
  RETURN_IF_ERROR(CheckEtagIfAny(c.etag, call));
  if (call.state == CallState::kNotFound) {
    RETURN_IF_ERROR(CloseNotFound(std::move(call), c, draft));
    return c.call;
  }
  if (call.state == CallState::kEmergency119) {
    if (call.emergency->decision == EmergencyDecision::kUndecided) {
      return RefuseOutcome(call, c.outcome,
                           {RefusalReason::kEmergencyUndecided},
                           "119 is to be decided on first");
    }
    if (c.outcome != Outcome::kEmergency119 &&
        c.outcome != Outcome::kTransferred) {
      return RefuseOutcome(call, c.outcome, {RefusalReason::kEmergencyHasIt},
                           "119 has it");
    }
    if (CrewHasArrived(call)) {
      RETURN_IF_ERROR(CheckVisitComplete(draft.board(), call, c.outcome));
    }
  } else if (CrewHasArrived(call)) {
    if (!IsVisitOutcome(c.outcome)) {
      return RefuseOutcome(call, c.outcome, {RefusalReason::kCrewWasThere},
                           "a crew was there");
    }
    RETURN_IF_ERROR(CheckVisitComplete(draft.board(), call, c.outcome));
  } else {
    if (c.outcome == Outcome::kVisited ||
        c.outcome == Outcome::kPatientNotFound) {
      return RefuseOutcome(call, c.outcome, {RefusalReason::kNoCrewWasThere},
                           "no crew was there");
    }
    if (!IsEndOf(call.disposition, c.outcome) && c.reason.empty()) {
      return RefuseOutcome(call, c.outcome, {RefusalReason::kTriagedOtherwise},
                           "it was triaged otherwise; give the reason");
    }
  }
  EndCall(std::move(call), CallState::kClosed, c.outcome, c.reason,
          EventKind::kCallClosed, draft);
  return c.call;
}

}  // namespace housecall::core
