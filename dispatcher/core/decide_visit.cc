// The rules of a visit: the steps of the crew, a patient who is not found, and
// the hours worked.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/rules.h"

namespace housecall::core {

namespace {

absl::Status RefuseStep(const Assignment& assignment, Step step,
                        RefusalReason reason, const std::string& why) {
  return Refuse(reason, absl::StrCat(ResourceName(assignment.id), " is ",
                                     NameOf(assignment.state), ", ",
                                     NameOf(step), ": ", why));
}

// The crew itself, or an operator whom it phoned: a lost phone must not leave
// a visit without an end.
absl::Status CheckCrew(const Assignment& assignment, Step step,
                       const Actor& actor) {
  if (actor.Has(Role::kOperator)) return absl::OkStatus();
  if (!actor.person.empty()) {
    if (actor.person == assignment.physician) return absl::OkStatus();
    const bool treatment =
        step == Step::kStartTreatment || step == Step::kEndTreatment;
    if (actor.person == assignment.driver && !treatment) {
      return absl::OkStatus();
    }
  }
  return RefuseStep(assignment, step, RefusalReason::kNotTheCrew,
                    "by its own crew or an operator only");
}

// The step of the whole crew, if it was taken.
const std::optional<Stamp>& StampOf(const Assignment& assignment, Step step) {
  static const auto* const none = new std::optional<Stamp>();
  switch (step) {
    case Step::kDepart:
      return assignment.depart;
    case Step::kPickUp:
      return assignment.pick_up;
    case Step::kArrive:
      return assignment.arrive;
    case Step::kLeave:
      return assignment.leave;
    case Step::kStartTreatment:
    case Step::kEndTreatment:
    case Step::kUnspecified:
      return *none;
  }
  return *none;
}

// Puts the assignment, its calls and their visits as `change` leaves them.
template <typename Change>
void EmitStep(EventKind kind, Assignment assignment, Change change,
              Draft& draft) {
  std::vector<Record> records;
  const CallId first = assignment.calls.front();
  for (const CallId& id : assignment.calls) {
    Call call = *draft.board().Find<Call>(id);
    Visit visit = *draft.board().Find<Visit>(call.visit);
    const Call call_before = call;
    const Visit visit_before = visit;
    change(&call, &visit);
    if (!(call == call_before)) records.emplace_back(std::move(call));
    if (!(visit == visit_before)) records.emplace_back(std::move(visit));
  }
  records.emplace_back(std::move(assignment));
  draft.Emit(kind, first, std::move(records));
}

absl::Status Depart(Assignment assignment, const Stamp& stamp, Draft& draft) {
  if (assignment.state != AssignmentState::kAccepted) {
    if (assignment.state == AssignmentState::kWaitingForCar) {
      return RefuseStep(assignment, Step::kDepart, RefusalReason::kWaitsForCar,
                        "it waits for a car");
    }
    return RefuseStep(assignment, Step::kDepart, RefusalReason::kNotAboutToGo,
                      "no crew is about to go");
  }
  assignment.depart = stamp;
  assignment.state = AssignmentState::kEnRoute;
  const std::vector<CallId> calls = assignment.calls;
  EmitStep(
      EventKind::kCarDeparted, std::move(assignment),
      [&](Call* call, Visit* visit) {
        Advance(call, CallState::kEnRoute);
        // With another car it departs anew; the visit began with the first.
        if (!visit->depart.has_value()) visit->depart = stamp;
      },
      draft);
  for (const CallId& id : calls) draft.ResolveTasks(TaskKind::kNotMoving, id);
  return absl::OkStatus();
}

absl::Status PickUp(Assignment assignment, const Stamp& stamp, Draft& draft) {
  if (assignment.self_drive) {
    return RefuseStep(assignment, Step::kPickUp, RefusalReason::kSelfDrives,
                      "the physician drives himself");
  }
  if (assignment.state != AssignmentState::kEnRoute) {
    return RefuseStep(assignment, Step::kPickUp, RefusalReason::kNotUnderWay,
                      "the car is not under way");
  }
  assignment.pick_up = stamp;
  const CallId first = assignment.calls.front();
  draft.Emit(EventKind::kPhysicianPickedUp, first, {std::move(assignment)});
  return absl::OkStatus();
}

// Once arrived, a wish to cancel comes too late.
absl::Status Arrive(Assignment assignment, const Stamp& stamp, Draft& draft) {
  if (assignment.state != AssignmentState::kEnRoute) {
    return RefuseStep(assignment, Step::kArrive, RefusalReason::kNotDeparted,
                      "it has not departed");
  }
  assignment.arrive = stamp;
  assignment.state = AssignmentState::kOnScene;
  assignment.driver_left =
      !draft.policy().driver_waits && !assignment.self_drive;
  const std::vector<CallId> calls = assignment.calls;
  EmitStep(
      EventKind::kCrewArrived, std::move(assignment),
      [&](Call* call, Visit* visit) {
        Advance(call, CallState::kOnScene);
        visit->arrive = stamp;
        if (call->cancel_request.has_value() &&
            call->cancel_request->state == CancelState::kRequested) {
          call->cancel_request->state = CancelState::kRefused;
        }
      },
      draft);
  for (const CallId& id : calls) {
    draft.ResolveTasks(TaskKind::kCancelRequest, id);
    draft.ResolveTasks(TaskKind::kTargetAtRisk, id);
    draft.ResolveTasks(TaskKind::kPlaceUnreachable, id);
    draft.ResolveTasks(TaskKind::kVisitOverdue, id);
  }
  return absl::OkStatus();
}

// kStartTreatment and kEndTreatment, for one call of the trip.
absl::Status Treat(const Assignment& assignment, const CallId& call_id,
                   Step step, const Stamp& stamp, Draft& draft) {
  ASSIGN_OR_RETURN(const Call call, draft.Get<Call>(call_id));
  ASSIGN_OR_RETURN(Visit visit, draft.Get<Visit>(call.visit));
  const bool start = step == Step::kStartTreatment;
  if (visit.assignment != assignment.id) {
    return RefuseStep(assignment, step, RefusalReason::kOtherTrip,
                      "another crew has that call");
  }
  if ((start ? visit.treatment_start : visit.treatment_end).has_value()) {
    return absl::OkStatus();
  }
  if (assignment.state != AssignmentState::kOnScene) {
    return RefuseStep(assignment, step, RefusalReason::kNotOnScene,
                      "it is not on scene");
  }
  if (!visit.patient_found) {
    return RefuseStep(assignment, step, RefusalReason::kPatientNotFound,
                      "the patient has not been found");
  }
  if (start) {
    visit.treatment_start = stamp;
    visit.fee_band =
        FeeBandAt(stamp.moment(), ZoneNamed(draft.board().center().time_zone));
  } else if (!visit.treatment_start.has_value()) {
    return RefuseStep(assignment, step, RefusalReason::kTreatmentNotBegun,
                      "the treatment has not begun");
  } else {
    visit.treatment_end = stamp;
    visit.treatment_duration = stamp.moment() - visit.treatment_start->moment();
  }
  draft.Emit(start ? EventKind::kTreatmentStarted : EventKind::kTreatmentEnded,
             call_id, {std::move(visit)});
  return absl::OkStatus();
}

// Nothing is left to be done for that patient: treated; or not treated, for the
// ambulance has taken over; or not found, though every way was tried.
absl::Status CheckMayLeave(const Assignment& assignment, const Call& call,
                           const Visit& visit) {
  const EmergencyDecision emergency =
      call.state == CallState::kEmergency119 && call.emergency.has_value()
          ? call.emergency->decision
          : EmergencyDecision::kUnspecified;
  const bool is_begun = visit.treatment_start.has_value();
  if (emergency == EmergencyDecision::kStandDown && !is_begun) {
    return absl::OkStatus();
  }
  if (visit.patient_found) {
    if (visit.treatment_end.has_value()) return absl::OkStatus();
    return RefuseStep(
        assignment, Step::kLeave,
        is_begun ? RefusalReason::kTreatmentNotEnded
                 : RefusalReason::kTreatmentNotBegun,
        absl::StrCat("the treatment of ", ResourceName(call.id), " has not ",
                     is_begun ? "ended" : "begun",
                     emergency == EmergencyDecision::kUndecided && !is_begun
                         ? ", and nobody has decided on the 119 yet"
                         : ""));
  }
  if (TriedEveryStep(call)) return absl::OkStatus();
  return RefuseStep(assignment, Step::kLeave, RefusalReason::kStepsNotTried,
                    absl::StrCat("the patient of ", ResourceName(call.id),
                                 " is still being looked for"));
}

absl::Status Leave(const Assignment& assignment, const Stamp& stamp,
                   Draft& draft) {
  if (assignment.state != AssignmentState::kOnScene) {
    return RefuseStep(assignment, Step::kLeave, RefusalReason::kNotOnScene,
                      "it is not on scene");
  }
  const std::vector<CallId> calls = assignment.calls;
  for (const CallId& id : calls) {
    const Call& call = *draft.board().Find<Call>(id);
    RETURN_IF_ERROR(CheckMayLeave(assignment, call,
                                  *draft.board().Find<Visit>(call.visit)));
  }
  LeaveScene(assignment.id, stamp, draft);
  for (const CallId& id : calls) CloseIfComplete(id, draft);
  return absl::OkStatus();
}

// The patient's card says last who has treated him last.
void NoteSeenBy(const CallId& call, const PersonId& physician, Draft& draft) {
  const Board& board = draft.board();
  const Patient* found = board.Find<Patient>(board.Find<Call>(call)->patient);
  if (found == nullptr) return;
  if (!found->seen_by.empty() && found->seen_by.back() == physician) return;
  Patient patient = *found;
  std::vector<PersonId>& seen_by = patient.seen_by;
  seen_by.erase(std::remove(seen_by.begin(), seen_by.end(), physician),
                seen_by.end());
  seen_by.push_back(physician);
  draft.Emit(EventKind::kPatientChanged, call, {std::move(patient)});
}

// Who they are, not whether they might have gone: they have.
absl::Status CheckPaperCrew(const RecordVisit& c, const Draft& draft) {
  const Board& board = draft.board();
  RETURN_IF_ERROR(CheckKnown<Person>(board, "physician", c.physician));
  RETURN_IF_ERROR(CheckKnownIfAny<Person>(board, "driver", c.driver));
  RETURN_IF_ERROR(CheckKnownIfAny<Car>(board, "car", c.car));
  if (c.self_drive != c.driver.empty()) {
    return absl::InvalidArgumentError(
        "driver, self_drive: exactly one of them");
  }
  if (c.driver == c.physician) {
    return absl::InvalidArgumentError(
        "driver: a physician who drives himself is self_drive");
  }
  return absl::OkStatus();
}

absl::Status CheckPaperTimes(const RecordVisit& c, const Call& call,
                             absl::Time now) {
  const std::pair<const char*, std::optional<absl::Time>> times[] = {
      {"depart_time", c.depart_time},
      {"arrive_time", c.arrive_time},
      {"treatment_start_time", c.treatment_start_time},
      {"treatment_end_time", c.treatment_end_time},
      {"leave_time", c.leave_time}};
  absl::Time last = WaitingSince(call);
  const char* last_field = "the call";
  for (const auto& [field, time] : times) {
    if (!time.has_value()) return MissingField(field);
    RETURN_IF_ERROR(CheckWrittenTime(field, *time, now));
    if (*time < last) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": is before ", last_field));
    }
    last = *time;
    last_field = field;
  }
  return absl::OkStatus();
}

// The clinic of his shift then; none if the rota had him not, or no longer
// knows.
OrganizationId EmployerAt(const Board& board, const PersonId& physician,
                          absl::Time time) {
  const std::optional<RotaDuty> duty =
      DutyOf(board, physician, Role::kPhysician, time, absl::ZeroDuration());
  if (duty.has_value()) return duty->organization;
  const Duty* now = board.Find<Duty>(physician);
  return now == nullptr ? OrganizationId() : now->organization;
}

bool IsSigned(const Board& board, const NoteId& id) {
  const Note* note = board.Find<Note>(id);
  return note != nullptr && !note->versions.empty();
}

}  // namespace

bool TriedEveryStep(const Call& call) {
  for (NotFoundStep step : AllValues<NotFoundStep>()) {
    if (std::none_of(
            call.not_found_tries.begin(), call.not_found_tries.end(),
            [&](const NotFoundTry& tried) { return tried.step == step; })) {
      return false;
    }
  }
  return true;
}

void LeaveScene(const AssignmentId& id, Stamp leave, Draft& draft) {
  Assignment assignment = *draft.board().Find<Assignment>(id);
  assignment.leave = leave;
  assignment.state = AssignmentState::kFinished;
  const std::vector<CallId> calls = assignment.calls;
  const PersonId physician = assignment.physician;
  EmitStep(
      EventKind::kCrewLeft, std::move(assignment),
      [&](Call* call, Visit* visit) {
        Advance(call, CallState::kDepartedScene);
        // A note may have been signed on scene.
        if (IsSigned(draft.board(), call->note)) {
          Advance(call, CallState::kNoteSent);
        }
        call->not_found_due_time = std::nullopt;
        visit->leave = leave;
        // The place may have been corrected on the way.
        visit->distance_from_clinic_meters =
            ClinicDistanceMeters(draft.board(), physician, *call);
      },
      draft);
  for (const CallId& call_id : calls) {
    draft.ResolveTasks(TaskKind::kVisitOverdue, call_id);
    const Call& call = *draft.board().Find<Call>(call_id);
    const Visit& visit = *draft.board().Find<Visit>(call.visit);
    if (visit.treatment_start.has_value()) {
      NoteSeenBy(call_id, physician, draft);
    }
  }
}

// The server's time decides; the device's is kept beside it, however wrong its
// clock may be: a step is never refused for it.
absl::StatusOr<Subject> Rule(const AdvanceVisit& c, Draft& draft) {
  if (c.step == Step::kUnspecified) {
    return MissingField("step");
  }
  ASSIGN_OR_RETURN(const Assignment assignment,
                   draft.Get<Assignment>(c.assignment));
  RETURN_IF_ERROR(CheckCrew(assignment, c.step, draft.actor()));
  if (!c.call.empty() && !Contains(assignment.calls, c.call)) {
    return Refuse(RefusalReason::kOtherTrip,
                  absl::StrCat("call: ", ResourceName(c.call), " is not of ",
                               ResourceName(c.assignment)));
  }
  if (StampOf(assignment, c.step).has_value()) return c.assignment;
  const Stamp stamp{draft.now(), c.device_time};
  switch (c.step) {
    case Step::kDepart:
      RETURN_IF_ERROR(Depart(assignment, stamp, draft));
      break;
    case Step::kPickUp:
      RETURN_IF_ERROR(PickUp(assignment, stamp, draft));
      break;
    case Step::kArrive:
      RETURN_IF_ERROR(Arrive(assignment, stamp, draft));
      break;
    case Step::kStartTreatment:
    case Step::kEndTreatment: {
      if (c.call.empty() && assignment.calls.size() != 1) {
        return absl::InvalidArgumentError(
            "call: required, the trip has more than one");
      }
      const CallId call = c.call.empty() ? assignment.calls.front() : c.call;
      RETURN_IF_ERROR(Treat(assignment, call, c.step, stamp, draft));
      break;
    }
    case Step::kLeave:
      RETURN_IF_ERROR(Leave(assignment, stamp, draft));
      break;
    case Step::kUnspecified:
      break;
  }
  return c.assignment;
}

// --- From paper -------------------------------------------------------------

absl::StatusOr<Subject> Rule(const RecordVisit& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  RETURN_IF_ERROR(CheckPaperCrew(c, draft));
  RETURN_IF_ERROR(CheckPaperTimes(c, call, draft.now()));
  if (!call.triage_time.has_value() && c.urgency == Urgency::kUnspecified) {
    return MissingField("urgency");
  }
  WithdrawOfferOf(c.call, "the visit was made", draft);
  ASSIGN_OR_RETURN(call, draft.Get<Call>(c.call));
  const auto stamp = [&draft](absl::Time written) {
    return Stamp{draft.now(), std::nullopt, written};
  };

  Assignment assignment;
  assignment.id = AssignmentId(Draft::NextId(&call, 'a'));
  assignment.calls = {c.call};
  assignment.physician = c.physician;
  assignment.driver = c.driver;
  assignment.car = c.car;
  assignment.self_drive = c.self_drive;
  assignment.state = AssignmentState::kFinished;
  assignment.accept_time = *c.depart_time;
  assignment.depart = stamp(*c.depart_time);
  assignment.arrive = stamp(*c.arrive_time);
  assignment.leave = stamp(*c.leave_time);

  Visit visit;
  visit.id = VisitId(Draft::NextId(&call, 'v'));
  visit.call = c.call;
  visit.assignment = assignment.id;
  visit.patient = call.patient;
  visit.physician = c.physician;
  visit.driver = c.driver;
  visit.car = c.car;
  visit.organization = EmployerAt(draft.board(), c.physician, *c.arrive_time);
  visit.depart = assignment.depart;
  visit.arrive = assignment.arrive;
  visit.leave = assignment.leave;
  visit.treatment_start = stamp(*c.treatment_start_time);
  visit.treatment_end = stamp(*c.treatment_end_time);
  visit.fee_band = FeeBandAt(*c.treatment_start_time,
                             ZoneNamed(draft.board().center().time_zone));
  visit.treatment_duration = *c.treatment_end_time - *c.treatment_start_time;
  const Organization* clinic =
      draft.board().Find<Organization>(visit.organization);
  if (clinic != nullptr && clinic->position.has_value() &&
      call.place.position.has_value()) {
    visit.distance_from_clinic_meters =
        DistanceMeters(*clinic->position, *call.place.position);
  }

  // On paper somebody sent them: by then it was triaged.
  if (!call.triage_time.has_value()) {
    call.triage_time = c.depart_time;
    call.triaged_by = draft.actor().person;
  }
  call.review_time = draft.now();
  call.disposition = Disposition::kVisit;
  if (c.urgency != Urgency::kUnspecified) call.urgency = c.urgency;
  call.state = CallState::kDepartedScene;
  call.assignment = assignment.id;
  call.visit = visit.id;
  // The note of an earlier crew that found nobody stays with its visit.
  call.note = NoteId();
  call.unanswered_offers = 0;
  draft.Emit(EventKind::kVisitRecorded, c.call,
             {std::move(call), std::move(visit), std::move(assignment)});
  for (TaskKind kind :
       {TaskKind::kRedFlags, TaskKind::kTriageOverdue, TaskKind::kRetriage,
        TaskKind::kTargetAtRisk, TaskKind::kNoCandidate, TaskKind::kNoAnswer,
        TaskKind::kPlaceUnreachable}) {
    draft.ResolveTasks(kind, c.call);
  }
  NoteSeenBy(c.call, c.physician, draft);
  return c.call;
}

// --- Not found --------------------------------------------------------------

absl::StatusOr<Subject> Rule(const ReportNotFound& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  ASSIGN_OR_RETURN(Visit visit, draft.Get<Visit>(call.visit));
  if (visit.treatment_start.has_value()) {
    return Refuse(
        RefusalReason::kBeingTreated,
        absl::StrCat(ResourceName(c.call), ": the patient is being treated"));
  }
  visit.patient_found = false;
  call.resume_state = call.state;
  call.state = CallState::kNotFound;
  call.not_found_tries.clear();
  call.not_found_due_time = draft.now() + draft.policy().not_found_step_timeout;
  draft.Emit(EventKind::kPatientNotFound, c.call,
             {std::move(call), std::move(visit)});
  return c.call;
}

absl::StatusOr<Subject> Rule(const RecordNotFoundStep& c, Draft& draft) {
  if (c.step == NotFoundStep::kUnspecified) {
    return MissingField("step");
  }
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  call.not_found_tries.push_back(
      NotFoundTry{c.step, draft.now(), draft.actor().person, c.reached});
  const bool all = TriedEveryStep(call);
  call.not_found_due_time =
      all ? std::nullopt
          : std::optional(draft.now() + draft.policy().not_found_step_timeout);
  draft.Emit(EventKind::kNotFoundStepTaken, c.call, {std::move(call)});
  draft.ResolveTasks(TaskKind::kPatientNotFound, c.call);
  if (all) {
    draft.RaiseTask(TaskKind::kPatientNotFound, c.call,
                    "every step was tried; a decision is wanted");
  }
  return c.call;
}

// Found by telephone after the crew had left: somebody has to go again, and the
// record of the visit that found nobody stays as it is.
absl::StatusOr<Subject> Rule(const ReportFound& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  ASSIGN_OR_RETURN(Visit visit, draft.Get<Visit>(call.visit));
  const bool on_scene = call.resume_state == CallState::kOnScene;
  call.state = on_scene ? CallState::kOnScene : CallState::kMatching;
  call.resume_state = CallState::kUnspecified;
  call.not_found_due_time = std::nullopt;
  std::vector<Record> records = {std::move(call)};
  if (on_scene) {
    visit.patient_found = true;
    records.emplace_back(std::move(visit));
  }
  draft.Emit(EventKind::kPatientFound, c.call, std::move(records));
  draft.ResolveTasks(TaskKind::kPatientNotFound, c.call);
  return c.call;
}

// --- Hours ------------------------------------------------------------------

// No visit, no cost, but a crew that was turned round on the way has worked.
absl::StatusOr<Subject> Rule(const ConfirmHours& c, Draft& draft) {
  ASSIGN_OR_RETURN(Assignment assignment, draft.Get<Assignment>(c.assignment));
  const bool is_physician = c.person == assignment.physician;
  if (c.person.empty() || (!is_physician && c.person != assignment.driver)) {
    return Refuse(
        RefusalReason::kNotTheCrew,
        absl::StrCat(ResourceName(c.person), " is not of the crew of ",
                     ResourceName(c.assignment)));
  }
  const bool worked = assignment.state == AssignmentState::kFinished ||
                      (assignment.state == AssignmentState::kReleased &&
                       HasSetOut(draft.board(), assignment));
  if (!worked) {
    return Refuse(RefusalReason::kNotLeftYet,
                  absl::StrCat(ResourceName(c.assignment), " is ",
                               NameOf(assignment.state),
                               ": hours are confirmed after leaving"));
  }
  std::optional<Confirmation>& hours =
      is_physician ? assignment.physician_hours : assignment.driver_hours;
  if (hours.has_value()) return c.assignment;
  hours = Confirmation{draft.now(), draft.actor().person};
  const std::vector<CallId> calls = assignment.calls;
  draft.Emit(EventKind::kHoursConfirmed, calls.front(),
             {std::move(assignment)});
  for (const CallId& id : calls) CloseIfComplete(id, draft);
  return c.assignment;
}

}  // namespace housecall::core
