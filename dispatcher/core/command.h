// What somebody wants: the input of Decide.
//
// The fields of a command are those of the RPC's request of the same name
// (proto/housecall/v1), which carry the same names; commands without an RPC
// are the engine's own or made by a handler, as said at each. A command is
// refused with InvalidArgument where it is wrong on any board, NotFound where
// it names what the board does not hold, FailedPrecondition where it is wrong
// on this one; Aborted where `etag` (`etags`) is given and is not the record's.
#ifndef HOUSECALL_DISPATCHER_CORE_COMMAND_H_
#define HOUSECALL_DISPATCHER_CORE_COMMAND_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dispatcher/core/board.h"

namespace housecall::core {

// --- Directory --------------------------------------------------------------

// Adds a record under an id that the client chose. AlreadyExists if the id is
// taken. Output-only fields are ignored. In the RPC the record's field is
// named as the kind (`patient`).
template <typename R>
struct Create {
  R record;
  bool operator==(const Create&) const = default;
  HOUSECALL_FIELDS(record);
};

// Replaces a record. Its etag must be the current one, else Aborted.
// Output-only fields and histories (an ACP, a card's seen_by) stay as they
// are.
template <typename R>
struct Update {
  R record;
  bool operator==(const Update&) const = default;
  HOUSECALL_FIELDS(record);
};

// By a handler, which hashed the password. Creates the account if there is
// none with the id; an empty hash keeps the old one.
struct SaveAccount {
  AccountId account;
  PersonId person;
  std::vector<Role> roles;
  PrivateText password_hash;
  bool disabled = false;
  // Creating: AlreadyExists if there is one. Else: NotFound if there is none.
  bool create = false;
  bool operator==(const SaveAccount&) const = default;
  HOUSECALL_FIELDS(account, person, roles, password_hash, disabled, create);
};

// By a handler, after the password was found to fit password_hash. That takes
// a while: Unauthenticated if the account has another one by now.
struct OpenSession {
  SessionId session;
  AccountId account;
  PrivateText password_hash;
  bool operator==(const OpenSession&) const = default;
  HOUSECALL_FIELDS(session, account, password_hash);
};

// By a handler, after the password was found wrong: the next try is refused
// for 1 s, 2 s, 4 s … up to 15 minutes.
struct RefusePassword {
  AccountId account;
  bool operator==(const RefusePassword&) const = default;
  HOUSECALL_FIELDS(account);
};

// By a handler. Revokes every session of the account but the one given.
struct ChangePassword {
  AccountId account;
  PrivateText password_hash;
  SessionId keep_session;
  bool operator==(const ChangePassword&) const = default;
  HOUSECALL_FIELDS(account, password_hash, keep_session);
};

struct RevokeSession {
  SessionId session;
  bool operator==(const RevokeSession&) const = default;
  HOUSECALL_FIELDS(session);
};

// A further entry in the history of the patient's wishes. recorded_by and
// record_time are the server's.
struct RecordAcp {
  PatientId patient;
  AcpEntry entry;
  bool operator==(const RecordAcp&) const = default;
  HOUSECALL_FIELDS(patient, entry);
};

// Somebody looked at the card and says that it is right.
struct ConfirmPatient {
  PatientId patient;
  bool operator==(const ConfirmPatient&) const = default;
  HOUSECALL_FIELDS(patient);
};

// --- Duty -------------------------------------------------------------------

// Refused unless the rota has the person on duty within the next 30 minutes
// or now, in that role (none named: the one that the rota has him in). A driver
// names his car, which nobody else may
// have; empty: the shift's.
struct GoOnDuty {
  PersonId person;
  Role role = Role::kUnspecified;
  CarId car;
  bool operator==(const GoOnDuty&) const = default;
  HOUSECALL_FIELDS(person, role, car);
};

// Refused while an assignment runs; a pending offer goes to the next.
struct GoOffDuty {
  PersonId person;
  bool operator==(const GoOffDuty&) const = default;
  HOUSECALL_FIELDS(person);
};

// An older device_time than the known one changes nothing; one more than a
// minute in the future of the server counts as now.
struct ReportPosition {
  PersonId person;
  LatLng position;
  double accuracy_meters = 0;
  absl::Time device_time = absl::UnixEpoch();
  bool operator==(const ReportPosition&) const = default;
  HOUSECALL_FIELDS(person, position, accuracy_meters, device_time);
};

// --- Calls ------------------------------------------------------------------

// Records a call of a registered professional. If there is an open call for
// the same patient the professional becomes a follower of it, what is new is
// added to it as a fact, and it is the answer; if it was triaged already, a
// task asks the operator to look at it again. Red flags raise a task.
//
// What a professional said on the telephone, or what lies there on paper, is
// entered by an operator, who says so (`source`), for whom (`requester`), and
// when it was written down. That is at most 31 days ago and not in the future;
// the clock of triage counts from it.
struct SubmitCall {
  CallId call;
  PatientId patient;
  std::optional<ShortPatient> short_patient;
  // Empty: the place on the patient's card.
  std::optional<Place> place;
  PrivateText complaint;
  PrivateText onset;
  std::optional<VitalSigns> vitals;
  PrivateText judgement;
  PrivateText attendant;
  PrivateText callback_phone;
  std::vector<RedFlag> red_flags;
  std::vector<Skill> required_skills;
  std::optional<absl::Time> device_time;
  // kUnspecified: kClient. The others by an operator only.
  CallSource source = CallSource::kUnspecified;
  // Required with kPaper, possible with kPhone.
  std::optional<absl::Time> written_time;
  // Empty: who submits it. Somebody else by an operator only.
  PersonId requester;
  bool operator==(const SubmitCall&) const = default;
  HOUSECALL_FIELDS(call, patient, short_patient, place, complaint, onset,
                   vitals, judgement, attendant, callback_phone, red_flags,
                   required_skills, device_time, source, written_time,
                   requester);
};

// May be repeated until a crew has accepted: the waiting list is triaged again
// in a surge. A visit with a schedule waits for it; without one it is matched
// at once.
struct TriageCall {
  CallId call;
  std::optional<Version> etag;
  Disposition disposition = Disposition::kUnspecified;
  Urgency urgency = Urgency::kUnspecified;
  std::vector<Skill> required_skills;
  std::optional<Window> schedule;
  // When it was triaged on paper: a first triage and its target count from
  // then. Not before the call was written, not in the future; of kPaper only.
  std::optional<absl::Time> written_time;
  bool operator==(const TriageCall&) const = default;
  HOUSECALL_FIELDS(call, etag, disposition, urgency, required_skills, schedule,
                   written_time);
};

// Until somebody resumes it, or until the given time. Not once accepted.
struct HoldCall {
  CallId call;
  std::optional<Version> etag;
  PrivateText reason;
  std::optional<absl::Time> until_time;
  bool operator==(const HoldCall&) const = default;
  HOUSECALL_FIELDS(call, etag, reason, until_time);
};

struct ResumeCall {
  CallId call;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const ResumeCall&) const = default;
  HOUSECALL_FIELDS(call, etag);
};

struct AddFact {
  CallId call;
  PrivateText text;
  std::optional<VitalSigns> vitals;
  bool operator==(const AddFact&) const = default;
  HOUSECALL_FIELDS(call, text, vitals);
};

// Keeps the old place. A pending offer is withdrawn and made anew; a crew
// under way is told, and timed anew.
struct CorrectPlace {
  CallId call;
  std::optional<Version> etag;
  Place place;
  PrivateText reason;
  bool operator==(const CorrectPlace&) const = default;
  HOUSECALL_FIELDS(call, etag, place, reason);
};

struct FollowCall {
  CallId call;
  bool operator==(const FollowCall&) const = default;
  HOUSECALL_FIELDS(call);
};

// `call` is a duplicate of `into`: one doctor. Refused once a crew has
// accepted the duplicate, whose etag it is.
struct MergeCall {
  CallId call;
  CallId into;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const MergeCall&) const = default;
  HOUSECALL_FIELDS(call, into, etag);
};

struct UnmergeCall {
  CallId call;
  bool operator==(const UnmergeCall&) const = default;
  HOUSECALL_FIELDS(call);
};

// A wish. Before a crew has accepted, it is granted at once, unless somebody
// else has called for the patient too or follows the call: then, and once
// accepted, an operator decides; once arrived it is refused. The etag is
// required: whoever cancels must have seen what he cancels.
struct RequestCancel {
  CallId call;
  Version etag;
  PrivateText reason;
  bool operator==(const RequestCancel&) const = default;
  HOUSECALL_FIELDS(call, etag, reason);
};

struct AnswerCancel {
  CallId call;
  bool approve = false;
  PrivateText reason;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const AnswerCancel&) const = default;
  HOUSECALL_FIELDS(call, approve, reason, etag);
};

// By an operator, up to arrival.
struct CancelCall {
  CallId call;
  Version etag;
  PrivateText reason;
  bool operator==(const CancelCall&) const = default;
  HOUSECALL_FIELDS(call, etag, reason);
};

// By anyone concerned, at any time before the end.
struct RaiseEmergency {
  CallId call;
  std::vector<RedFlag> red_flags;
  bool operator==(const RaiseEmergency&) const = default;
  HOUSECALL_FIELDS(call, red_flags);
};

struct DecideEmergency {
  CallId call;
  EmergencyDecision decision = EmergencyDecision::kUnspecified;
  PrivateText reason;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const DecideEmergency&) const = default;
  HOUSECALL_FIELDS(call, decision, reason, etag);
};

// Who gets the note; for a patient without a card, or where the card is wrong.
struct SetCareTeam {
  CallId call;
  std::vector<CareTeamMember> care_team;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const SetCareTeam&) const = default;
  HOUSECALL_FIELDS(call, care_team, etag);
};

// Physicians from beyond the 16 km may come, for this reason.
struct GrantDistanceException {
  CallId call;
  PrivateText reason;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const GrantDistanceException&) const = default;
  HOUSECALL_FIELDS(call, reason, etag);
};

// By the requester himself, or by an operator who has told him.
struct InformRequester {
  CallId call;
  bool operator==(const InformRequester&) const = default;
  HOUSECALL_FIELDS(call);
};

// Closes a call that ends without a visit (advice given, seen online,
// transferred, 119, not found after every step), or one with a visit whose
// every condition is met. FailedPrecondition names what is missing.
struct CloseCall {
  CallId call;
  Outcome outcome = Outcome::kUnspecified;
  PrivateText reason;
  std::optional<Version> etag = std::nullopt;
  bool operator==(const CloseCall&) const = default;
  HOUSECALL_FIELDS(call, outcome, reason, etag);
};

// --- Matching ---------------------------------------------------------------

// By the planner, or by an operator with his reason, who may then break a soft
// rule, no hard one. The first hard rule broken on the board is named. No car:
// the one of the driver's duty. `matches` are the planner's explanations.
struct OfferVisit {
  std::vector<CallId> calls;
  PersonId physician;
  PersonId driver;
  CarId car;
  bool self_drive = false;
  Estimate estimate;
  AssignmentId replaces_car_of;
  PrivateText override_reason;
  std::vector<Match> matches;
  // Of the calls, in their order; empty: whatever they are.
  std::vector<Version> etags;
  bool operator==(const OfferVisit&) const = default;
  HOUSECALL_FIELDS(calls, physician, driver, car, self_drive, estimate,
                   replaces_car_of, override_reason, matches, etags);
};

// By the planner: nobody can be sent now, and why. Changes nothing if the same
// was said before.
struct ReportUnmatched {
  std::vector<Match> matches;
  bool operator==(const ReportUnmatched&) const = default;
  HOUSECALL_FIELDS(matches);
};

// By the planner: a better estimate for a crew under way.
struct UpdateEstimate {
  AssignmentId assignment;
  Estimate estimate;
  bool operator==(const UpdateEstimate&) const = default;
  HOUSECALL_FIELDS(assignment, estimate);
};

// By the planner: when somebody comes to a call that no crew has accepted yet.
struct PromisedArrival {
  CallId call;
  absl::Time expect_time = absl::UnixEpoch();
  absl::Time promise_time = absl::UnixEpoch();
  bool operator==(const PromisedArrival&) const = default;
  HOUSECALL_FIELDS(call, expect_time, promise_time);
};

// Told where it differs enough from what was told before (IsWorthTelling in
// rules.h); calls that no longer wait are passed over. InvalidArgument:
// promise_time before expect_time.
struct PromiseArrivals {
  std::vector<PromisedArrival> arrivals;
  bool operator==(const PromiseArrivals&) const = default;
  HOUSECALL_FIELDS(arrivals);
};

// By the planner: where one driver should wait; none: where he likes.
struct StandbyAdvice {
  PersonId driver;
  std::optional<Standby> standby;
  bool operator==(const StandbyAdvice&) const = default;
  HOUSECALL_FIELDS(driver, standby);
};

// Drivers who are not on duty and free any more are passed over, and what was
// said before is not said again.
struct AdviseStandby {
  std::vector<StandbyAdvice> advice;
  bool operator==(const AdviseStandby&) const = default;
  HOUSECALL_FIELDS(advice);
};

// By the physician or the driver to whom it was made. Too late:
// FailedPrecondition "already taken", "expired" or "withdrawn".
struct AcceptOffer {
  OfferId offer;
  PersonId person;
  bool operator==(const AcceptOffer&) const = default;
  HOUSECALL_FIELDS(offer, person);
};

struct DeclineOffer {
  OfferId offer;
  PersonId person;
  std::string reason;
  bool operator==(const DeclineOffer&) const = default;
  HOUSECALL_FIELDS(offer, person, reason);
};

// By an operator.
struct WithdrawOffer {
  OfferId offer;
  PrivateText reason;
  bool operator==(const WithdrawOffer&) const = default;
  HOUSECALL_FIELDS(offer, reason);
};

// By the planner: the physician or the car of an offer is wanted first by
// another call, `instead`, which saves the night `gain_minutes` (that a
// standard call waits), policy.change_minutes or more. A pending offer is
// withdrawn, an accepted one released; its calls are matched anew, and are not
// passed over like this again. Refused where `instead` waits no more, a call of
// the offer is in any other state (119 above all) or was passed over, the crew
// has departed, lost its car or got another one, and of an operator's choice.
struct TakeBackOffer {
  OfferId offer;
  CallId instead;
  double gain_minutes = 0;
  bool operator==(const TakeBackOffer&) const = default;
  HOUSECALL_FIELDS(offer, instead, gain_minutes);
};

// By an operator, before arrival: the calls are matched anew.
struct ReleaseAssignment {
  AssignmentId assignment;
  std::string reason;
  bool operator==(const ReleaseAssignment&) const = default;
  HOUSECALL_FIELDS(assignment, reason);
};

// By the driver, the physician or an operator. A crew that uses the car before
// arrival keeps its physician and waits for another car.
struct ReportBreakdown {
  CarId car;
  std::string reason;
  bool operator==(const ReportBreakdown&) const = default;
  HOUSECALL_FIELDS(car, reason);
};

// By the physician or an operator. Where `self_drive` is set the physician
// drives himself, if he is registered to; else another driver is sought.
struct ReportDriverMissing {
  AssignmentId assignment;
  bool self_drive = false;
  bool operator==(const ReportDriverMissing&) const = default;
  HOUSECALL_FIELDS(assignment, self_drive);
};

// The engine's timer: whatever is due by now happens (offers ring and expire,
// crews are reminded, holds end, deliveries fall due …).
struct PassTime {
  bool operator==(const PassTime&) const = default;
  HOUSECALL_FIELDS();
};

// --- Visits -----------------------------------------------------------------

// The steps of a crew, each once and in this order; pick_up may be left out.
// A repeated step changes nothing and is answered with what is there.
HOUSECALL_ENUM(Step, kUnspecified, kDepart, kPickUp, kArrive, kStartTreatment,
               kEndTreatment, kLeave);

// Depart, pick up, arrive and leave are the crew's, for every call of the trip;
// start and end of treatment the physician's, for the call named.
struct AdvanceVisit {
  AssignmentId assignment;
  // kStartTreatment and kEndTreatment; empty if the trip has one call.
  CallId call;
  Step step = Step::kUnspecified;
  std::optional<absl::Time> device_time;
  bool operator==(const AdvanceVisit&) const = default;
  HOUSECALL_FIELDS(assignment, call, step, device_time);
};

// A visit that was made while nothing served, from the sheet of paper: nobody
// is asked or sent, a pending offer is withdrawn, and the call goes on where a
// crew has left, with its note still to come. For a call that no crew has
// accepted here. The crew need not be on duty any more. The times are those on
// paper, in this order, from when the patient waited until now; fee band,
// treatment and hours count by them.
struct RecordVisit {
  CallId call;
  // Required unless the call was triaged here.
  Urgency urgency = Urgency::kUnspecified;
  PersonId physician;
  // Empty with self_drive.
  PersonId driver;
  CarId car;
  bool self_drive = false;
  std::optional<absl::Time> depart_time;
  std::optional<absl::Time> arrive_time;
  std::optional<absl::Time> treatment_start_time;
  std::optional<absl::Time> treatment_end_time;
  std::optional<absl::Time> leave_time;
  bool operator==(const RecordVisit&) const = default;
  HOUSECALL_FIELDS(call, urgency, physician, driver, car, self_drive,
                   depart_time, arrive_time, treatment_start_time,
                   treatment_end_time, leave_time);
};

struct ReportNotFound {
  CallId call;
  bool operator==(const ReportNotFound&) const = default;
  HOUSECALL_FIELDS(call);
};

struct RecordNotFoundStep {
  CallId call;
  NotFoundStep step = NotFoundStep::kUnspecified;
  bool reached = false;
  bool operator==(const RecordNotFoundStep&) const = default;
  HOUSECALL_FIELDS(call, step, reached);
};

struct ReportFound {
  CallId call;
  bool operator==(const ReportFound&) const = default;
  HOUSECALL_FIELDS(call);
};

// Each member of the crew for himself, after leaving.
struct ConfirmHours {
  AssignmentId assignment;
  PersonId person;
  bool operator==(const ConfirmHours&) const = default;
  HOUSECALL_FIELDS(assignment, person);
};

// --- Notes ------------------------------------------------------------------

// The visit's physician writes; a signed note becomes an amendment in
// progress.
struct DraftNote {
  CallId call;
  std::optional<Version> etag;
  NoteText text;
  bool operator==(const DraftNote&) const = default;
  HOUSECALL_FIELDS(call, etag, text);
};

// Signs the draft: from now on it cannot be changed. One delivery goes to each
// member of the care team; with none known a task tells the operator, and
// deliveries begin when the team is set. An amendment needs a reason and is
// delivered to all anew.
struct SignNote {
  NoteId note;
  // Of the draft that the physician has seen.
  Version etag;
  PrivateText amend_reason;
  bool operator==(const SignNote&) const = default;
  HOUSECALL_FIELDS(note, etag, amend_reason);
};

// By the relay: what came of one push.
struct RecordAttempt {
  DeliveryId delivery;
  ChannelKind channel = ChannelKind::kUnspecified;
  SendResult result = SendResult::kUnspecified;
  std::string error;
  // What the receiver asked for; zero: nothing.
  absl::Duration retry_after;
  // In [0, 1), drawn by the relay: the core has no randomness.
  double jitter = 0;
  bool operator==(const RecordAttempt&) const = default;
  HOUSECALL_FIELDS(delivery, channel, result, error, retry_after, jitter);
};

// By somebody of the organization to which it went.
struct ConfirmReceipt {
  DeliveryId delivery;
  bool operator==(const ConfirmReceipt&) const = default;
  HOUSECALL_FIELDS(delivery);
};

// By an operator, who was told by `receiver_name` that they have it.
struct ConfirmReceiptByHand {
  DeliveryId delivery;
  PrivateText receiver_name;
  PrivateText reason;
  bool operator==(const ConfirmReceiptByHand&) const = default;
  HOUSECALL_FIELDS(delivery, receiver_name, reason);
};

// By an operator: tries again now, from the first channel.
struct RetryDelivery {
  DeliveryId delivery;
  bool operator==(const RetryDelivery&) const = default;
  HOUSECALL_FIELDS(delivery);
};

struct QuestionNote {
  DeliveryId delivery;
  PrivateText text;
  bool operator==(const QuestionNote&) const = default;
  HOUSECALL_FIELDS(delivery, text);
};

// --- Tasks ------------------------------------------------------------------

struct AcknowledgeTask {
  TaskId task;
  bool operator==(const AcknowledgeTask&) const = default;
  HOUSECALL_FIELDS(task);
};

struct ResolveTask {
  TaskId task;
  PrivateText resolution;
  bool operator==(const ResolveTask&) const = default;
  HOUSECALL_FIELDS(task, resolution);
};

using Command = std::variant<
    Create<Center>, Update<Center>, Create<Organization>, Update<Organization>,
    Create<Person>, Update<Person>, Create<Car>, Update<Car>, Create<Patient>,
    Update<Patient>, Create<Shift>, Update<Shift>, Create<Override>,
    Update<Override>, SaveAccount, OpenSession, RefusePassword, ChangePassword,
    RevokeSession, RecordAcp, ConfirmPatient, GoOnDuty, GoOffDuty,
    ReportPosition, SubmitCall, TriageCall, HoldCall, ResumeCall, AddFact,
    CorrectPlace, FollowCall, MergeCall, UnmergeCall, RequestCancel,
    AnswerCancel, CancelCall, RaiseEmergency, DecideEmergency, SetCareTeam,
    GrantDistanceException, InformRequester, CloseCall, OfferVisit,
    ReportUnmatched, UpdateEstimate, PromiseArrivals, AdviseStandby,
    AcceptOffer, DeclineOffer, WithdrawOffer, TakeBackOffer, ReleaseAssignment,
    ReportBreakdown, ReportDriverMissing, PassTime, AdvanceVisit, RecordVisit,
    ReportNotFound, RecordNotFoundStep, ReportFound, ConfirmHours, DraftNote,
    SignNote, RecordAttempt, ConfirmReceipt, ConfirmReceiptByHand,
    RetryDelivery, QuestionNote, AcknowledgeTask, ResolveTask>;

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_COMMAND_H_
