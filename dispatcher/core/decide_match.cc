// The rules of offers and assignments: who is asked, what his answer means, and
// what happens when a crew loses its car or its driver.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/rules.h"

namespace housecall::core {

namespace {

bool IsBeforeArrival(const Assignment& assignment) {
  return IsRunning(assignment.state) &&
         assignment.state != AssignmentState::kOnScene;
}

// Ends a pending offer. `change` is done to each of its calls, which wait to be
// matched again; those of a crew that waits for another car stay where they
// are.
template <typename Change>
void EndOffer(Offer offer, OfferState state, EventKind kind, Change change,
              Draft& draft) {
  offer.state = state;
  std::vector<Record> records;
  for (const CallId& id : offer.calls) {
    const Call& before = *draft.board().Find<Call>(id);
    Call call = before;
    change(&call);
    if (offer.replaces_car_of.empty()) {
      call.offer = OfferId();
      AdvanceToWaiting(draft, &call);
    }
    if (!(call == before)) records.push_back(std::move(call));
  }
  const CallId first = offer.calls.front();
  records.push_back(std::move(offer));
  draft.Emit(kind, first, std::move(records));
}

void Withdraw(const Offer& pending, std::string reason, Draft& draft) {
  Offer offer = pending;
  offer.decline_reason = std::move(reason);
  EndOffer(
      std::move(offer), OfferState::kWithdrawn, EventKind::kOfferWithdrawn,
      [](Call*) {}, draft);
}

// A visit counts towards the fair share of the burden once it was accepted,
// and no longer if the crew was let go before it set out.
void CountVisit(const PersonId& person, int32_t change, const Draft& draft,
                std::vector<Record>* records) {
  const Duty* found = draft.board().Find<Duty>(person);
  if (found == nullptr) return;
  Duty duty = *found;
  duty.visits = std::max(0, duty.visits + change);
  if (change > 0) duty.standby.reset();
  records->push_back(std::move(duty));
}

// The call has that crew no longer.
void ResolveTasksOfCrew(const CallId& call, Draft& draft) {
  for (TaskKind kind : {TaskKind::kNotMoving, TaskKind::kCarBrokenDown,
                        TaskKind::kDriverMissing, TaskKind::kVisitOverdue}) {
    draft.ResolveTasks(kind, call);
  }
}

// Frees a crew that has not arrived.
template <typename Change>
void Release(const AssignmentId& id, std::string reason, Change change,
             Draft& draft) {
  Assignment assignment = *draft.board().Find<Assignment>(id);
  if (const Offer* offer = draft.board().PendingOfferTo(assignment.physician);
      offer != nullptr && offer->replaces_car_of == id) {
    Withdraw(*offer, reason, draft);
  }
  const CallId first = assignment.calls.front();
  const std::vector<CallId> calls = assignment.calls;
  std::vector<Record> records;
  if (!HasSetOut(draft.board(), assignment)) {
    CountVisit(assignment.physician, -1, draft, &records);
    CountVisit(assignment.driver, -1, draft, &records);
  }
  for (const CallId& call_id : calls) {
    Call call = *draft.board().Find<Call>(call_id);
    change(&call);
    AdvanceToWaiting(draft, &call);
    records.push_back(std::move(call));
  }
  assignment.state = AssignmentState::kReleased;
  assignment.release_reason = std::move(reason);
  records.push_back(std::move(assignment));
  draft.Emit(EventKind::kAssignmentReleased, first, std::move(records));
  for (const CallId& call_id : calls) ResolveTasksOfCrew(call_id, draft);
}

// "people/p1 may not be sent: SHIFT_ENDS_BEFORE (12)".
absl::Status RefuseCrew(const PersonId& person, const CallId& call,
                        const Ruling& ruling) {
  std::string figure;
  if (ruling.figure != 0) figure = absl::StrCat(" (", ruling.figure, ")");
  return RefuseToSend(
      ruling.verdict,
      absl::StrCat(ResourceName(person), " may not be sent to ",
                   ResourceName(call), ": ", NameOf(ruling.verdict), figure));
}

absl::Duration OfferTimeout(const Draft& draft,
                            const std::vector<CallId>& calls) {
  for (const CallId& id : calls) {
    if (draft.board().Find<Call>(id)->urgency == Urgency::kUrgent) {
      return draft.policy().urgent_offer_timeout;
    }
  }
  return draft.policy().offer_timeout;
}

absl::Status CheckOffer(const OfferVisit& c) {
  if (c.calls.empty()) return MissingField("calls");
  if (std::set<CallId>(c.calls.begin(), c.calls.end()).size() !=
      c.calls.size()) {
    return absl::InvalidArgumentError("calls: each once wanted");
  }
  if (c.physician.empty()) {
    return MissingField("physician");
  }
  if (c.self_drive && !c.driver.empty()) {
    return absl::InvalidArgumentError(
        "driver, self_drive: one of them, not both");
  }
  if (!c.self_drive && c.driver.empty()) {
    return absl::InvalidArgumentError("driver: required unless self_drive");
  }
  if (c.driver == c.physician) {
    return absl::InvalidArgumentError(
        "driver: a physician who drives himself is self_drive");
  }
  if (c.estimate.finish_time < c.estimate.arrive_time) {
    return absl::InvalidArgumentError(
        "estimate: finish_time before arrive_time");
  }
  if (!c.etags.empty() && c.etags.size() != c.calls.size()) {
    return absl::InvalidArgumentError("etags: one for each of calls wanted");
  }
  return absl::OkStatus();
}

absl::Status CheckEtags(const OfferVisit& c, const Board& board) {
  for (size_t i = 0; i < c.etags.size(); ++i) {
    RETURN_IF_ERROR(CheckEtag(c.etags[i], *board.Find<Call>(c.calls[i])));
  }
  return absl::OkStatus();
}

// The driver with that car, or the physician who drives himself.
absl::Status CheckWheels(const OfferVisit& c, const Draft& draft) {
  const Board& board = draft.board();
  if (!c.car.empty()) {
    ASSIGN_OR_RETURN(const Car car, draft.Get<Car>(c.car));
    if (car.state != CarState::kAvailable || !car.active) {
      return Refuse(RefusalReason::kCarNotUsable,
                    absl::StrCat(ResourceName(c.car), " is ",
                                 car.active ? NameOf(car.state)
                                            : "no longer the center's"));
    }
  }
  if (c.self_drive) {
    ASSIGN_OR_RETURN(const Person physician, draft.Get<Person>(c.physician));
    if (!physician.self_drive) {
      return Refuse(RefusalReason::kNoSelfDrive,
                    absl::StrCat(ResourceName(c.physician),
                                 " is not registered to drive himself"));
    }
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(draft.Get<Person>(c.driver).status());
  for (const CallId& id : c.calls) {
    const Ruling ruling = RuleDriver(board, c.driver, *board.Find<Call>(id),
                                     draft.now(), !c.override_reason.empty());
    if (!ruling.ok()) return RefuseCrew(c.driver, id, ruling);
  }
  if (board.Find<Duty>(c.driver)->car != c.car) {
    return Refuse(RefusalReason::kDriverNotWithCar,
                  absl::StrCat(ResourceName(c.driver), " is not on duty with ",
                               ResourceName(c.car)));
  }
  return absl::OkStatus();
}

// An operator's offer may come without an estimate: then the visit takes at
// least as long as a visit does.
absl::Status CheckShiftEnd(const OfferVisit& c, const Draft& draft) {
  const absl::Time finish_time = std::max(
      c.estimate.finish_time, draft.now() + draft.policy().visit_duration);
  const Ruling ruling = RuleShiftEnd(draft.board(), c.physician, c.driver,
                                     draft.now(), finish_time);
  if (ruling.ok()) return absl::OkStatus();
  return RefuseCrew(c.physician, c.calls.front(), ruling);
}

Offer MakeOffer(const OfferVisit& c, const Draft& draft) {
  Offer offer;
  offer.calls = c.calls;
  offer.physician = c.physician;
  offer.driver = c.driver;
  offer.car = c.car;
  offer.self_drive = c.self_drive;
  offer.state = OfferState::kPending;
  offer.create_time = draft.now();
  offer.ring_until_time = draft.now() + OfferTimeout(draft, c.calls);
  offer.estimate = c.estimate;
  offer.override_reason = c.override_reason;
  offer.replaces_car_of = c.replaces_car_of;
  return offer;
}

// Why these, for one call: as the planner explained it, else as the operator
// chose.
Match MatchFor(const OfferVisit& c, const Call& call, absl::Time now) {
  Match match;
  const auto given =
      std::find_if(c.matches.begin(), c.matches.end(),
                   [&](const Match& m) { return m.call == call.id; });
  if (given != c.matches.end()) {
    match = *given;
  } else {
    Candidate chosen;
    chosen.physician = c.physician;
    chosen.driver = c.driver;
    chosen.car = c.car;
    chosen.self_drive = c.self_drive;
    chosen.verdict = Verdict::kChosen;
    if (c.estimate.arrive_time != absl::UnixEpoch()) {
      chosen.arrive_time = c.estimate.arrive_time;
    }
    match.candidates = {std::move(chosen)};
  }
  match.etag = Version();
  match.call = call.id;
  match.create_time = now;
  match.matched = true;
  return match;
}

// Writes into the call what people are told of the arrival; false: it is what
// they were told.
bool Tell(absl::Time expect_time, absl::Time promise_time, bool has_crew,
          absl::Time now, Call* call) {
  if (promise_time == absl::UnixEpoch() ||
      !IsWorthTelling(call->promise, promise_time, has_crew)) {
    return false;
  }
  ArrivalPromise promise;
  promise.first_promise_time = promise_time;
  if (call->promise.has_value()) {
    promise = *call->promise;
    ++promise.changes;
  }
  promise.expect_time = expect_time;
  promise.promise_time = promise_time;
  promise.has_crew = has_crew;
  promise.tell_time = now;
  call->promise = promise;
  return true;
}

// When the estimate of an accepted offer was made; the epoch, "to be computed
// anew", if none was given.
absl::Time EstimateTimeOf(const Offer& offer) {
  return offer.estimate.arrive_time == absl::UnixEpoch() ? absl::UnixEpoch()
                                                         : offer.create_time;
}

// The driver and car of the offer join the crew that waited for them. The
// departure clock starts again, and the steps of the way: the new car departs
// anew (the visits keep when the physician first set out).
void ReplaceCar(Offer offer, Draft& draft) {
  Assignment assignment =
      *draft.board().Find<Assignment>(offer.replaces_car_of);
  const std::vector<CallId> calls = assignment.calls;
  std::vector<Record> records;
  CountVisit(offer.driver, 1, draft, &records);
  for (const CallId& id : calls) {
    Call call = *draft.board().Find<Call>(id);
    if (const Visit* found = draft.board().Find<Visit>(call.visit)) {
      Visit visit = *found;
      visit.driver = offer.driver;
      visit.car = offer.car;
      records.push_back(std::move(visit));
    }
    const bool told =
        Tell(offer.estimate.arrive_time, offer.estimate.promise_time,
             /*has_crew=*/true, draft.now(), &call);
    if (told || call.unanswered_offers != 0) {
      call.unanswered_offers = 0;
      records.push_back(std::move(call));
    }
  }
  assignment.driver = offer.driver;
  assignment.car = offer.car;
  assignment.self_drive = offer.self_drive;
  assignment.state = AssignmentState::kAccepted;
  assignment.accept_time = draft.now();
  assignment.nudged = assignment.alarmed = false;
  assignment.estimate = offer.estimate;
  assignment.estimate_time = EstimateTimeOf(offer);
  offer.state = OfferState::kAccepted;
  records.push_back(std::move(assignment));
  records.push_back(std::move(offer));
  draft.Emit(EventKind::kCarReplaced, calls.front(), std::move(records));
  for (const CallId& id : calls) {
    draft.ResolveTasks(TaskKind::kCarBrokenDown, id);
    draft.ResolveTasks(TaskKind::kDriverMissing, id);
    draft.ResolveTasks(TaskKind::kNoCandidate, id);
    draft.ResolveTasks(TaskKind::kNoAnswer, id);
  }
}

// Both have said yes.
void Assign(Offer offer, Draft& draft) {
  if (!offer.replaces_car_of.empty()) {
    ReplaceCar(std::move(offer), draft);
    return;
  }
  const Board& board = draft.board();
  const std::vector<CallId> ids = offer.calls;
  const Duty* duty = board.Find<Duty>(offer.physician);
  std::vector<Record> records;
  Assignment assignment;
  for (size_t i = 0; i < ids.size(); ++i) {
    Call call = *board.Find<Call>(ids[i]);
    if (i == 0) assignment.id = AssignmentId(Draft::NextId(&call, 'a'));
    Visit visit;
    visit.id = VisitId(Draft::NextId(&call, 'v'));
    visit.call = call.id;
    visit.assignment = assignment.id;
    visit.patient = call.patient;
    visit.physician = offer.physician;
    visit.driver = offer.driver;
    visit.car = offer.car;
    if (duty != nullptr) visit.organization = duty->organization;
    visit.distance_from_clinic_meters =
        ClinicDistanceMeters(board, offer.physician, call);
    // The note of an earlier crew that found nobody stays with its visit.
    call.note = NoteId();
    call.offer = OfferId();
    call.assignment = assignment.id;
    call.visit = visit.id;
    call.unanswered_offers = 0;
    Advance(&call, CallState::kAccepted);
    Tell(offer.estimate.arrive_time, offer.estimate.promise_time,
         /*has_crew=*/true, draft.now(), &call);
    records.push_back(std::move(call));
    records.push_back(std::move(visit));
  }
  CountVisit(offer.physician, 1, draft, &records);
  CountVisit(offer.driver, 1, draft, &records);
  assignment.offer = offer.id;
  assignment.calls = ids;
  assignment.physician = offer.physician;
  assignment.driver = offer.driver;
  assignment.car = offer.car;
  assignment.self_drive = offer.self_drive;
  assignment.state = AssignmentState::kAccepted;
  assignment.accept_time = draft.now();
  assignment.estimate = offer.estimate;
  assignment.estimate_time = EstimateTimeOf(offer);
  offer.state = OfferState::kAccepted;
  records.push_back(std::move(offer));
  records.push_back(std::move(assignment));
  draft.Emit(EventKind::kOfferAccepted, ids.front(), std::move(records));
  for (const CallId& id : ids) {
    draft.ResolveTasks(TaskKind::kNoAnswer, id);
    draft.ResolveTasks(TaskKind::kRetriage, id);
  }
}

// Another car for a crew that waits for one.
absl::StatusOr<Subject> OfferOtherCar(const OfferVisit& c, Draft& draft) {
  ASSIGN_OR_RETURN(const Assignment assignment,
                   draft.Get<Assignment>(c.replaces_car_of));
  if (assignment.state != AssignmentState::kWaitingForCar) {
    return Refuse(
        RefusalReason::kWaitsForNoCar,
        absl::StrCat(ResourceName(assignment.id), " is ",
                     NameOf(assignment.state), " and waits for no car"));
  }
  if (c.calls != assignment.calls || c.physician != assignment.physician) {
    return Refuse(RefusalReason::kOtherTrip,
                  absl::StrCat("calls, physician: those of ",
                               ResourceName(assignment.id), " wanted"));
  }
  const Call& call = *draft.board().Find<Call>(c.calls.front());
  if (const Offer* pending = PendingOfferOf(draft.board(), call)) {
    if (c.override_reason.empty()) {
      return Refuse(RefusalReason::kOfferPending,
                    absl::StrCat(ResourceName(pending->id),
                                 " is still waiting for an answer"));
    }
    Withdraw(*pending, "an operator chose another car", draft);
  }
  RETURN_IF_ERROR(CheckWheels(c, draft));
  RETURN_IF_ERROR(CheckShiftEnd(c, draft));
  Offer offer = MakeOffer(c, draft);
  offer.physician_answer = Answer::kAccepted;
  Call first = *draft.board().Find<Call>(c.calls.front());
  offer.id = OfferId(Draft::NextId(&first, 'o'));
  Match match = MatchFor(c, first, draft.now());
  match.id = MatchId(Draft::NextId(&first, 'm'));
  offer.match = first.match = match.id;
  const OfferId id = offer.id;
  const CallId call_id = first.id;
  draft.Emit(EventKind::kVisitOffered, call_id,
             {std::move(first), std::move(match), offer});
  // The physician drives himself: nobody is left to be asked.
  if (c.self_drive) Assign(*draft.board().Find<Offer>(id), draft);
  return id;
}

// What became of an offer, in the words of who answers too late.
RefusalReason ReasonOf(const Board& board, const Offer& offer) {
  for (const CallId& id : offer.calls) {
    const Call* call = board.Find<Call>(id);
    const Assignment* assignment =
        call == nullptr ? nullptr : board.Find<Assignment>(call->assignment);
    if (assignment != nullptr && assignment->offer != offer.id &&
        assignment->state != AssignmentState::kReleased) {
      return RefusalReason::kAlreadyTaken;
    }
  }
  switch (offer.state) {
    case OfferState::kAccepted:
      return RefusalReason::kOfferAccepted;
    case OfferState::kDeclined:
      return RefusalReason::kOfferDeclined;
    case OfferState::kExpired:
      return RefusalReason::kOfferExpired;
    case OfferState::kWithdrawn:
      return RefusalReason::kOfferWithdrawn;
    case OfferState::kUnspecified:
    case OfferState::kPending:
      return RefusalReason::kUnspecified;
  }
  return RefusalReason::kUnspecified;
}

// What TooLate says: "already taken", or what became of the offer.
std::string WordsOf(const Board& board, const Offer& offer) {
  if (ReasonOf(board, offer) == RefusalReason::kAlreadyTaken) {
    return "already taken";
  }
  if (offer.state == OfferState::kAccepted) return "already accepted";
  return absl::AsciiStrToLower(NameOf(offer.state));
}

absl::Status CheckAsked(const Offer& offer, const PersonId& person) {
  if (!person.empty() &&
      (person == offer.physician || person == offer.driver)) {
    return absl::OkStatus();
  }
  return Refuse(RefusalReason::kAskedOther,
                absl::StrCat(ResourceName(offer.id), " was not made to ",
                             ResourceName(person)));
}

absl::Status TooLate(const Board& board, const Offer& offer) {
  return Refuse(
      ReasonOf(board, offer),
      absl::StrCat(ResourceName(offer.id), ": ", WordsOf(board, offer)));
}

// The same was said before: who came to which verdict, and who is to go later.
bool SaysTheSame(const Match& a, const Match& b) {
  if (a.matched != b.matched || a.candidates.size() != b.candidates.size()) {
    return false;
  }
  for (size_t i = 0; i < a.candidates.size(); ++i) {
    const Candidate& x = a.candidates[i];
    const Candidate& y = b.candidates[i];
    if (x.physician != y.physician || x.driver != y.driver || x.car != y.car ||
        x.verdict != y.verdict) {
      return false;
    }
  }
  const Waiting x = a.waiting.value_or(Waiting());
  const Waiting y = b.waiting.value_or(Waiting());
  return x.reason == y.reason && x.physician == y.physician &&
         x.driver == y.driver;
}

// Somebody will be free: the call waits its turn, and the clock of its target
// tells the operator when that is too long.
bool SomebodyIsBusy(const Match& match) {
  for (const Candidate& candidate : match.candidates) {
    if (candidate.verdict == Verdict::kBusy ||
        candidate.verdict == Verdict::kUsedForOtherCall) {
      return true;
    }
  }
  return false;
}

// Nobody can get there, whoever it be: the place is wrong or off the roads.
bool PlaceIsTheReason(const Call& call, const Match& match) {
  if (!call.place.position.has_value()) return true;
  bool unreachable = false;
  for (const Candidate& candidate : match.candidates) {
    if (candidate.verdict == Verdict::kUnreachable ||
        candidate.verdict == Verdict::kNoPosition) {
      unreachable = true;
    } else {
      return false;
    }
  }
  return unreachable;
}

bool WaitsForCar(const Board& board, const Call& call) {
  const Assignment* assignment = board.Find<Assignment>(call.assignment);
  return assignment != nullptr &&
         assignment->state == AssignmentState::kWaitingForCar;
}

// Whoever set out has worked: the driver's part of a trip that goes on without
// him is an assignment of its own, which he may confirm. It names no physician.
Assignment PartOfDriver(const Assignment& trip, std::string reason,
                        Call* first) {
  Assignment part;
  part.id = AssignmentId(Draft::NextId(first, 'a'));
  part.offer = trip.offer;
  part.calls = trip.calls;
  part.driver = trip.driver;
  part.car = trip.car;
  part.state = AssignmentState::kReleased;
  part.accept_time = trip.accept_time;
  part.depart = trip.depart;
  part.pick_up = trip.pick_up;
  part.release_reason = std::move(reason);
  return part;
}

// Takes car and driver from a crew that has not arrived: it waits for others,
// and its calls for it to set out.
void LoseCar(Assignment assignment, EventKind kind, std::vector<Record> records,
             bool driver_is_missing, Draft& draft) {
  const CallId first = assignment.calls.front();
  const bool has_worked =
      assignment.depart.has_value() && !assignment.self_drive;
  for (const CallId& id : assignment.calls) {
    Call call = *draft.board().Find<Call>(id);
    if (driver_is_missing) AddOnce(&call.unanswered_by, assignment.driver);
    Advance(&call, CallState::kAccepted);
    if (id == first && has_worked) {
      records.push_back(PartOfDriver(
          assignment,
          driver_is_missing ? "the driver is missing" : "the car broke down",
          &call));
    }
    if (const Visit* found = draft.board().Find<Visit>(call.visit)) {
      Visit visit = *found;
      visit.driver = PersonId();
      visit.car = CarId();
      records.push_back(std::move(visit));
    }
    records.push_back(std::move(call));
  }
  if (!has_worked) CountVisit(assignment.driver, -1, draft, &records);
  assignment.driver = PersonId();
  assignment.car = CarId();
  assignment.self_drive = false;
  assignment.state = AssignmentState::kWaitingForCar;
  assignment.depart = std::nullopt;
  assignment.pick_up = std::nullopt;
  // What was promised with the lost car is nobody's promise any more.
  assignment.estimate.arrive_time = absl::UnixEpoch();
  assignment.estimate_time = absl::UnixEpoch();
  records.push_back(std::move(assignment));
  draft.Emit(kind, first, std::move(records));
  draft.ResolveTasks(TaskKind::kNotMoving, first);
}

}  // namespace

const Offer* PendingOfferOf(const Board& board, const Call& call) {
  if (const Offer* offer = board.Find<Offer>(call.offer)) return offer;
  const Assignment* assignment = board.Find<Assignment>(call.assignment);
  if (assignment == nullptr ||
      assignment->state != AssignmentState::kWaitingForCar) {
    return nullptr;
  }
  const Offer* offer = board.PendingOfferTo(assignment->physician);
  return offer != nullptr && offer->replaces_car_of == assignment->id ? offer
                                                                      : nullptr;
}

bool HasSetOut(const Board& board, const Assignment& assignment) {
  // Another car departs anew; the visit keeps when the first one did.
  for (const CallId& call : assignment.calls) {
    for (const VisitId& id : board.VisitsOf(call)) {
      const Visit& visit = *board.Find<Visit>(id);
      if (visit.assignment == assignment.id && visit.depart.has_value()) {
        return true;
      }
    }
  }
  return assignment.depart.has_value();
}

void RingOrExpire(const OfferId& id, Draft& draft) {
  Offer offer = *draft.board().Find<Offer>(id);
  const std::vector<CallId> calls = offer.calls;
  if (offer.rings < draft.policy().offer_rings) {
    ++offer.rings;
    // From now: a ring that came late is as long as any.
    offer.ring_until_time = draft.now() + OfferTimeout(draft, calls);
    draft.Emit(EventKind::kOfferRungAgain, calls.front(), {std::move(offer)});
    return;
  }
  std::vector<PersonId> silent;
  if (offer.physician_answer != Answer::kAccepted) {
    silent.push_back(offer.physician);
  }
  if (!offer.self_drive && offer.driver_answer != Answer::kAccepted) {
    silent.push_back(offer.driver);
  }
  EndOffer(
      std::move(offer), OfferState::kExpired, EventKind::kOfferExpired,
      [&](Call* call) {
        for (const PersonId& person : silent) {
          AddOnce(&call->unanswered_by, person);
        }
        ++call->unanswered_offers;
      },
      draft);
  for (const CallId& call : calls) {
    const int32_t unanswered =
        draft.board().Find<Call>(call)->unanswered_offers;
    if (unanswered < draft.policy().unanswered_offers_before_alarm) continue;
    draft.RaiseTask(TaskKind::kNoAnswer, call,
                    absl::StrCat(Counted(unanswered, "offer", "offers"),
                                 " unanswered; ring the last-resort contact"));
  }
}

void WithdrawOfferOf(const CallId& call, std::string reason, Draft& draft) {
  const Offer* offer =
      PendingOfferOf(draft.board(), *draft.board().Find<Call>(call));
  if (offer != nullptr) Withdraw(*offer, std::move(reason), draft);
}

void ReleaseAssignmentOf(const CallId& call_id, std::string reason,
                         Draft& draft, bool not_again) {
  const Call& call = *draft.board().Find<Call>(call_id);
  const Assignment* assignment =
      draft.board().Find<Assignment>(call.assignment);
  if (assignment == nullptr || !IsRunning(assignment->state) ||
      !Contains(assignment->calls, call_id)) {
    return;
  }
  const PersonId physician = assignment->physician;
  const PersonId driver = assignment->driver;
  Release(
      assignment->id, std::move(reason),
      [&](Call* released) {
        if (!not_again) return;
        AddOnce(&released->unanswered_by, physician);
        if (!driver.empty()) AddOnce(&released->unanswered_by, driver);
      },
      draft);
}

void TakeCrewOff(const CallId& call_id, std::string reason, Draft& draft) {
  WithdrawOfferOf(call_id, reason, draft);
  const AssignmentId id = draft.board().Find<Call>(call_id)->assignment;
  const Assignment* assignment = draft.board().Find<Assignment>(id);
  if (assignment == nullptr || !IsRunning(assignment->state) ||
      !Contains(assignment->calls, call_id)) {
    return;
  }
  if (assignment->calls.size() == 1) {
    Release(
        id, std::move(reason), [](Call*) {}, draft);
    return;
  }
  Assignment rest = *assignment;
  rest.calls.erase(std::find(rest.calls.begin(), rest.calls.end(), call_id));
  // If it does not move, the operator is told so at another of its calls.
  rest.alarmed = false;
  const CallId next = rest.calls.front();
  const bool waits = rest.state == AssignmentState::kWaitingForCar;
  Call call = *draft.board().Find<Call>(call_id);
  AdvanceToWaiting(draft, &call);
  draft.Emit(EventKind::kAssignmentReleased, call_id,
             {std::move(call), std::move(rest)});
  ResolveTasksOfCrew(call_id, draft);
  // The operator was told of the trip at its first call.
  if (waits) draft.RaiseTask(TaskKind::kCarBrokenDown, next, "");
}

// --- Offers -----------------------------------------------------------------

absl::StatusOr<Subject> Rule(const OfferVisit& given, Draft& draft) {
  RETURN_IF_ERROR(CheckOffer(given));
  OfferVisit c = given;
  if (const Duty* duty = draft.board().Find<Duty>(c.driver);
      duty != nullptr && c.car.empty()) {
    c.car = duty->car;
  }
  RETURN_IF_ERROR(draft.Get<Person>(c.physician).status());
  RETURN_IF_ERROR(CheckEtags(c, draft.board()));
  if (!c.replaces_car_of.empty()) return OfferOtherCar(c, draft);

  const bool operator_override = !c.override_reason.empty();
  for (const CallId& id : c.calls) {
    const Call& call = *draft.board().Find<Call>(id);
    if (call.disposition != Disposition::kVisit) {
      return Refuse(
          RefusalReason::kNotTriagedForVisit,
          absl::StrCat(ResourceName(id), " was not triaged for a visit"));
    }
    if (StandingOf(call) == CallState::kOffered) {
      WithdrawOfferOf(id, "an operator chose another crew", draft);
    }
  }
  for (const CallId& id : c.calls) {
    const Ruling ruling =
        RulePhysician(draft.board(), c.physician, *draft.board().Find<Call>(id),
                      draft.now(), operator_override);
    if (!ruling.ok()) return RefuseCrew(c.physician, id, ruling);
  }
  RETURN_IF_ERROR(CheckWheels(c, draft));
  RETURN_IF_ERROR(CheckShiftEnd(c, draft));

  Offer offer = MakeOffer(c, draft);
  std::vector<Record> records;
  for (const CallId& id : c.calls) {
    Call call = *draft.board().Find<Call>(id);
    Match match = MatchFor(c, call, draft.now());
    match.id = MatchId(Draft::NextId(&call, 'm'));
    call.match = match.id;
    if (offer.id.empty()) {
      offer.id = OfferId(Draft::NextId(&call, 'o'));
      offer.match = match.id;
    }
    call.offer = offer.id;
    Advance(&call, CallState::kOffered);
    records.push_back(std::move(call));
    records.push_back(std::move(match));
  }
  const OfferId id = offer.id;
  records.push_back(std::move(offer));
  draft.Emit(EventKind::kVisitOffered, c.calls.front(), std::move(records));
  for (const CallId& call : c.calls) {
    draft.ResolveTasks(TaskKind::kNoCandidate, call);
    draft.ResolveTasks(TaskKind::kPlaceUnreachable, call);
  }
  return id;
}

absl::StatusOr<Subject> Rule(const ReportUnmatched& c, Draft& draft) {
  for (const Match& given : c.matches) {
    ASSIGN_OR_RETURN(Call call, draft.Get<Call>(given.call));
    // The planner looked at an older board: the table lets those through that
    // wait for a crew or a car by now, and others among them.
    if (call.state != CallState::kMatching &&
        !WaitsForCar(draft.board(), call)) {
      continue;
    }
    Match match = given;
    match.matched = false;
    match.create_time = draft.now();
    match.etag = Version();
    const Match* last = draft.board().Find<Match>(call.match);
    if (last != nullptr && SaysTheSame(*last, match)) continue;
    match.id = MatchId(Draft::NextId(&call, 'm'));
    call.match = match.id;
    const bool place = PlaceIsTheReason(call, match);
    const bool busy = SomebodyIsBusy(match);
    const std::string detail =
        absl::StrCat(Counted(static_cast<int64_t>(match.candidates.size()),
                             "candidate", "candidates"),
                     ", none can be sent");
    draft.Emit(EventKind::kCallUnmatched, given.call,
               {std::move(call), std::move(match)});
    if (place) {
      draft.RaiseTask(TaskKind::kPlaceUnreachable, given.call, "");
    } else if (!busy) {
      draft.RaiseTask(TaskKind::kNoCandidate, given.call, detail);
    }
  }
  return Subject();
}

absl::StatusOr<Subject> Rule(const UpdateEstimate& c, Draft& draft) {
  if (c.estimate.finish_time < c.estimate.arrive_time) {
    return absl::InvalidArgumentError(
        "estimate: finish_time before arrive_time");
  }
  ASSIGN_OR_RETURN(Assignment assignment, draft.Get<Assignment>(c.assignment));
  const bool fresh = assignment.estimate_time != absl::UnixEpoch();
  // A crew that has arrived, or waits for a car, has no way to be timed.
  if (!IsBeforeArrival(assignment) ||
      assignment.state == AssignmentState::kWaitingForCar ||
      (fresh && assignment.estimate == c.estimate)) {
    return c.assignment;
  }
  assignment.estimate = c.estimate;
  assignment.estimate_time = draft.now();
  const std::vector<CallId> calls = assignment.calls;
  draft.Emit(EventKind::kEstimateChanged, calls.front(),
             {std::move(assignment)});
  std::vector<Record> told;
  for (const CallId& id : calls) {
    Call call = *draft.board().Find<Call>(id);
    if (Tell(c.estimate.arrive_time, c.estimate.promise_time,
             /*has_crew=*/true, draft.now(), &call)) {
      told.push_back(std::move(call));
    }
  }
  if (!told.empty()) {
    draft.Emit(EventKind::kArrivalPromised, calls.front(), std::move(told));
  }
  return c.assignment;
}

absl::StatusOr<Subject> Rule(const PromiseArrivals& c, Draft& draft) {
  for (const PromisedArrival& arrival : c.arrivals) {
    if (arrival.promise_time < arrival.expect_time) {
      return absl::InvalidArgumentError(
          "arrivals: promise_time before expect_time");
    }
    const Call* found = draft.board().Find<Call>(arrival.call);
    // The planner looked at an older board.
    if (found == nullptr || (found->state != CallState::kMatching &&
                             !WaitsForCar(draft.board(), *found))) {
      continue;
    }
    Call call = *found;
    if (Tell(arrival.expect_time, arrival.promise_time, /*has_crew=*/false,
             draft.now(), &call)) {
      draft.Emit(EventKind::kArrivalPromised, arrival.call, {std::move(call)});
    }
  }
  return Subject();
}

// An answer that comes while the offer still stands counts, though its last
// ring may be over: the clock's command makes it expire, not the clock.
absl::StatusOr<Subject> Rule(const AcceptOffer& c, Draft& draft) {
  ASSIGN_OR_RETURN(Offer offer, draft.Get<Offer>(c.offer));
  RETURN_IF_ERROR(CheckAsked(offer, c.person));
  Answer& answer = c.person == offer.physician ? offer.physician_answer
                                               : offer.driver_answer;
  if (offer.state == OfferState::kAccepted) return c.offer;
  if (offer.state != OfferState::kPending) {
    return TooLate(draft.board(), offer);
  }
  if (answer == Answer::kAccepted) return c.offer;
  answer = Answer::kAccepted;
  const bool all =
      offer.physician_answer == Answer::kAccepted &&
      (offer.self_drive || offer.driver_answer == Answer::kAccepted);
  if (!all) {
    const CallId first = offer.calls.front();
    draft.Emit(EventKind::kOfferAnswered, first, {std::move(offer)});
    return c.offer;
  }
  Assign(std::move(offer), draft);
  return c.offer;
}

absl::StatusOr<Subject> Rule(const DeclineOffer& c, Draft& draft) {
  ASSIGN_OR_RETURN(Offer offer, draft.Get<Offer>(c.offer));
  RETURN_IF_ERROR(CheckAsked(offer, c.person));
  Answer& answer = c.person == offer.physician ? offer.physician_answer
                                               : offer.driver_answer;
  if (offer.state != OfferState::kPending) {
    if (answer == Answer::kDeclined) return c.offer;
    return TooLate(draft.board(), offer);
  }
  // He has the call already; only the car is missing.
  if (!offer.replaces_car_of.empty() && c.person == offer.physician) {
    return Refuse(RefusalReason::kSeeksOtherCar,
                  absl::StrCat(ResourceName(c.offer), " seeks another car for ",
                               ResourceName(offer.replaces_car_of),
                               "; an operator may release that"));
  }
  answer = Answer::kDeclined;
  offer.decline_reason = c.reason;
  EndOffer(
      std::move(offer), OfferState::kDeclined, EventKind::kOfferDeclined,
      [&](Call* call) { AddOnce(&call->declined_by, c.person); }, draft);
  return c.offer;
}

// The pair that the operator took off is not proposed for these calls again,
// except by an operator; without that the next plan would.
absl::StatusOr<Subject> Rule(const WithdrawOffer& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(Offer offer, draft.Get<Offer>(c.offer));
  if (offer.state == OfferState::kWithdrawn) return c.offer;
  if (offer.state != OfferState::kPending) {
    return TooLate(draft.board(), offer);
  }
  const bool other_car = !offer.replaces_car_of.empty();
  const PersonId physician = offer.physician;
  const PersonId driver = offer.driver;
  offer.decline_reason = "by an operator";
  EndOffer(
      std::move(offer), OfferState::kWithdrawn, EventKind::kOfferWithdrawn,
      [&](Call* call) {
        if (!other_car) AddOnce(&call->unanswered_by, physician);
        if (!driver.empty()) AddOnce(&call->unanswered_by, driver);
        call->facts.push_back(
            Fact{draft.now(), draft.actor().person, c.reason, std::nullopt});
      },
      draft);
  return c.offer;
}

absl::StatusOr<Subject> Rule(const TakeBackOffer& c, Draft& draft) {
  if (!(c.gain_minutes >= draft.policy().change_minutes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("gain_minutes: at least policy.change_minutes (",
                     draft.policy().change_minutes, ") wanted"));
  }
  const auto operator_only = [](const auto& id, const char* why) {
    return Refuse(RefusalReason::kOperatorOnly,
                  absl::StrCat(ResourceName(id), " ", why));
  };
  ASSIGN_OR_RETURN(const Offer offer, draft.Get<Offer>(c.offer));
  if (!offer.override_reason.empty()) {
    return operator_only(offer.id, "is an operator's choice");
  }
  if (!offer.replaces_car_of.empty()) {
    return Refuse(RefusalReason::kSeeksOtherCar,
                  absl::StrCat(ResourceName(offer.id), " seeks another car"));
  }
  const bool is_pending = offer.state == OfferState::kPending;
  if (!is_pending && offer.state != OfferState::kAccepted) {
    return TooLate(draft.board(), offer);
  }
  AssignmentId crew;
  for (const CallId& id : offer.calls) {
    const Call* call = draft.board().Find<Call>(id);
    if (call == nullptr || call->state != (is_pending ? CallState::kOffered
                                                      : CallState::kAccepted)) {
      return TooLate(draft.board(), offer);
    }
    if (call->passed_over) {
      return operator_only(id, "was passed over once already");
    }
    crew = call->assignment;
  }
  if (!is_pending) {
    const Assignment* assignment = draft.board().Find<Assignment>(crew);
    if (assignment == nullptr || assignment->offer != offer.id ||
        assignment->calls != offer.calls) {
      return TooLate(draft.board(), offer);
    }
    // A human, or another rule, only.
    if (assignment->state != AssignmentState::kAccepted ||
        HasSetOut(draft.board(), *assignment)) {
      return operator_only(crew, "has set out, or lost its car");
    }
    if (assignment->driver != offer.driver ||
        assignment->self_drive != offer.self_drive) {
      return operator_only(crew, "has another car by now");
    }
  }
  ASSIGN_OR_RETURN(const Call instead, draft.Get<Call>(c.instead));
  if (instead.state != CallState::kMatching) {
    return Refuse(RefusalReason::kNotSought,
                  absl::StrCat(ResourceName(c.instead), " waits no more"));
  }
  const std::string reason =
      absl::StrCat("wanted for ", ResourceName(c.instead), ": saves ",
                   std::llround(std::min(c.gain_minutes, 1e6)), " minutes");
  const auto pass_over = [](Call* call) { call->passed_over = true; };
  if (is_pending) {
    Offer withdrawn = offer;
    withdrawn.decline_reason = reason;
    EndOffer(std::move(withdrawn), OfferState::kWithdrawn,
             EventKind::kOfferWithdrawn, pass_over, draft);
  } else {
    Release(crew, reason, pass_over, draft);
  }
  return c.offer;
}

// --- Assignments ------------------------------------------------------------

absl::StatusOr<Subject> Rule(const ReleaseAssignment& c, Draft& draft) {
  if (c.reason.empty()) return MissingField("reason");
  ASSIGN_OR_RETURN(const Assignment assignment,
                   draft.Get<Assignment>(c.assignment));
  // Also where a colleague has released it: the call may have another crew.
  if (!IsBeforeArrival(assignment)) {
    return Refuse(
        RefusalReason::kTripOver,
        absl::StrCat(ResourceName(c.assignment), " is ",
                     NameOf(assignment.state), " and cannot be released"));
  }
  ReleaseAssignmentOf(assignment.calls.front(), c.reason, draft,
                      /*not_again=*/true);
  return c.assignment;
}

absl::StatusOr<Subject> Rule(const ReportBreakdown& c, Draft& draft) {
  ASSIGN_OR_RETURN(Car car, draft.Get<Car>(c.car));
  if (car.state == CarState::kBrokenDown) return c.car;
  // Who has the car is known from those on duty.
  std::set<OfferId> offers;
  std::set<AssignmentId> assignments;
  draft.board().table<Duty>().ForEach([&](const PersonId& id, const Duty&) {
    if (const Offer* offer = draft.board().PendingOfferTo(id);
        offer != nullptr && offer->car == c.car) {
      offers.insert(offer->id);
    }
    if (const Assignment* assignment = draft.board().RunningAssignmentOf(id);
        assignment != nullptr && assignment->car == c.car &&
        IsBeforeArrival(*assignment)) {
      assignments.insert(assignment->id);
    }
  });
  car.state = CarState::kBrokenDown;
  car.state_reason = c.reason;
  std::vector<Record> records = {std::move(car)};
  if (assignments.empty()) {
    draft.Emit(EventKind::kCarChanged, CallId(), std::move(records));
  }
  for (const AssignmentId& id : assignments) {
    Assignment assignment = *draft.board().Find<Assignment>(id);
    const CallId first = assignment.calls.front();
    LoseCar(std::move(assignment), EventKind::kCarLost, std::move(records),
            /*driver_is_missing=*/false, draft);
    records.clear();
    draft.RaiseTask(TaskKind::kCarBrokenDown, first, ResourceName(c.car));
  }
  for (const OfferId& id : offers) {
    Withdraw(*draft.board().Find<Offer>(id), "the car broke down", draft);
  }
  return c.car;
}

absl::StatusOr<Subject> Rule(const ReportDriverMissing& c, Draft& draft) {
  ASSIGN_OR_RETURN(Assignment assignment, draft.Get<Assignment>(c.assignment));
  if (!IsBeforeArrival(assignment)) {
    return Refuse(RefusalReason::kTripOver,
                  absl::StrCat(ResourceName(c.assignment), " is ",
                               NameOf(assignment.state)));
  }
  const bool waits = assignment.state == AssignmentState::kWaitingForCar;
  if (c.self_drive) {
    ASSIGN_OR_RETURN(const Person physician,
                     draft.Get<Person>(assignment.physician));
    if (!physician.self_drive) {
      return Refuse(RefusalReason::kNoSelfDrive,
                    absl::StrCat(ResourceName(assignment.physician),
                                 " is not registered to drive himself"));
    }
  }
  if (assignment.self_drive) {
    if (c.self_drive) return c.assignment;
    return Refuse(RefusalReason::kNoDriver,
                  absl::StrCat(ResourceName(c.assignment),
                               " has no driver: the physician drives himself"));
  }
  const CallId first = assignment.calls.front();
  if (!c.self_drive) {
    if (waits) return c.assignment;
    const std::string detail = ResourceName(assignment.driver);
    LoseCar(std::move(assignment), EventKind::kCarLost, {},
            /*driver_is_missing=*/true, draft);
    draft.RaiseTask(TaskKind::kDriverMissing, first, detail);
    return c.assignment;
  }
  // He sets out at once, in his own car.
  if (!waits) {
    LoseCar(std::move(assignment), EventKind::kCarLost, {},
            /*driver_is_missing=*/true, draft);
  }
  WithdrawOfferOf(first, "the physician drives himself", draft);
  ASSIGN_OR_RETURN(assignment, draft.Get<Assignment>(c.assignment));
  assignment.self_drive = true;
  assignment.state = AssignmentState::kAccepted;
  assignment.accept_time = draft.now();
  assignment.nudged = assignment.alarmed = false;
  const std::vector<CallId> calls = assignment.calls;
  draft.Emit(EventKind::kCarReplaced, first, {std::move(assignment)});
  for (const CallId& id : calls) {
    draft.ResolveTasks(TaskKind::kCarBrokenDown, id);
    draft.ResolveTasks(TaskKind::kDriverMissing, id);
  }
  return c.assignment;
}

}  // namespace housecall::core
