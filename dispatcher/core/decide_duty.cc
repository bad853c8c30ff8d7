// The rules of being on duty, of where somebody is and where he should wait.
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/rota.h"

namespace housecall::core {

namespace {

// A phone's clock may be a little fast.
constexpr absl::Duration kMaxClockLead = absl::Minutes(1);

// FailedPrecondition unless the person may have that car on this duty.
absl::Status CheckCarIsFree(const Board& board, const CarId& id,
                            const PersonId& person) {
  RETURN_IF_ERROR(CheckKnown<Car>(board, "car", id));
  const Car& car = *board.Find<Car>(id);
  if (!car.active || car.state != CarState::kAvailable) {
    return Refuse(
        RefusalReason::kCarNotUsable,
        absl::StrCat("car: ", ResourceName(id), " is ",
                     car.active ? NameOf(car.state)
                                : std::string("not in use any more")));
  }
  const Duty* holder = nullptr;
  board.table<Duty>().ForEach([&](const PersonId& other, const Duty& duty) {
    if (other != person && duty.on_duty && duty.car == id) holder = &duty;
    return holder == nullptr;
  });
  if (holder != nullptr) {
    return Refuse(RefusalReason::kCarTaken,
                  absl::StrCat("car: ", ResourceName(id), " is with ",
                               ResourceName(holder->id)));
  }
  return absl::OkStatus();
}

// The role in which the rota has the person now; with no duty at all, the one
// whose refusal tells him so.
Role RoleOnRota(const Draft& draft, const PersonId& person) {
  for (const Role role : {Role::kPhysician, Role::kDriver, Role::kOperator}) {
    if (DutyOf(draft.board(), person, role, draft.now(), kMaxEarlyStart)
            .has_value()) {
      return role;
    }
  }
  return Role::kPhysician;
}

}  // namespace

absl::StatusOr<Subject> Rule(const GoOnDuty& wanted, Draft& draft) {
  const Board& board = draft.board();
  ASSIGN_OR_RETURN(const Person person, draft.Get<Person>(wanted.person));
  GoOnDuty c = wanted;
  if (c.role == Role::kUnspecified) c.role = RoleOnRota(draft, c.person);
  if (c.role != Role::kPhysician && c.role != Role::kDriver &&
      c.role != Role::kOperator) {
    return absl::InvalidArgumentError(
        "role: PHYSICIAN, DRIVER or OPERATOR wanted");
  }
  if (!person.active) {
    return Refuse(RefusalReason::kPersonInactive,
                  absl::StrCat("person: ", ResourceName(c.person),
                               " does not work with the center any more"));
  }
  const std::optional<RotaDuty> rota =
      DutyOf(board, c.person, c.role, draft.now(), kMaxEarlyStart);
  if (!rota.has_value()) {
    return Refuse(
        RefusalReason::kNotOnRota,
        absl::StrCat(ResourceName(c.person), " is not on the rota as ",
                     NameOf(c.role), " now or within the next 30 minutes"));
  }
  CarId car = c.car.empty() ? rota->car : c.car;
  if (c.role == Role::kDriver && car.empty()) {
    return absl::InvalidArgumentError(
        "car: the shift names none; the driver has to");
  }
  if (c.role == Role::kOperator && !c.car.empty()) {
    return absl::InvalidArgumentError("car: an operator has none");
  }

  const Duty* found = board.Find<Duty>(c.person);
  Duty duty;
  if (found != nullptr) duty = *found;
  // Said twice. A duty whose shift is over was only not ended.
  if (duty.on_duty && draft.now() < duty.end_time && duty.role == c.role &&
      duty.car == car) {
    return c.person;
  }
  if (duty.on_duty && board.RunningAssignmentOf(c.person) != nullptr) {
    return Refuse(
        RefusalReason::kOnDutyOtherwise,
        absl::StrCat(ResourceName(c.person), " is on duty as ",
                     NameOf(duty.role), " and under way; finish that first"));
  }
  if (!car.empty()) RETURN_IF_ERROR(CheckCarIsFree(board, car, c.person));
  // An offer was made to who he was until now.
  if (const Offer* offer = board.PendingOfferTo(c.person)) {
    const CallId call = offer->calls.front();
    WithdrawOfferOf(call, absl::StrCat(ResourceName(c.person), " changes duty"),
                    draft);
  }
  // A pause within a duty does not make him fresh.
  if (duty.role != c.role || duty.end_time != rota->end_time) duty.visits = 0;
  duty.id = c.person;
  duty.role = c.role;
  duty.on_duty = true;
  duty.since = draft.now();
  duty.end_time = rota->end_time;
  duty.organization = rota->organization;
  duty.car = std::move(car);
  duty.standby.reset();
  draft.Emit(EventKind::kDutyBegan, CallId(), {std::move(duty)});
  return c.person;
}

absl::StatusOr<Subject> Rule(const GoOffDuty& c, Draft& draft) {
  RETURN_IF_ERROR(draft.Get<Person>(c.person).status());
  const Duty* found = draft.board().Find<Duty>(c.person);
  if (found == nullptr || !found->on_duty) return c.person;
  Duty duty = *found;
  if (const Assignment* running = draft.board().RunningAssignmentOf(c.person)) {
    return Refuse(RefusalReason::kBusy,
                  absl::StrCat(ResourceName(c.person), " is bound by ",
                               ResourceName(running->id),
                               "; finish or release it first"));
  }
  const Offer* offer = draft.board().PendingOfferTo(c.person);
  const CallId call = offer == nullptr ? CallId() : offer->calls.front();
  duty.on_duty = false;
  duty.since = draft.now();
  duty.standby.reset();
  draft.Emit(EventKind::kDutyEnded, CallId(), {std::move(duty)});
  if (!call.empty()) {
    WithdrawOfferOf(
        call, absl::StrCat(ResourceName(c.person), " went off duty"), draft);
  }
  return c.person;
}

absl::StatusOr<Subject> Rule(const ReportPosition& c, Draft& draft) {
  RETURN_IF_ERROR(draft.Get<Person>(c.person).status());
  RETURN_IF_ERROR(CheckPosition("position", c.position));
  if (!(c.accuracy_meters >= 0) || std::isinf(c.accuracy_meters)) {
    return absl::InvalidArgumentError(
        "accuracy_meters: 0 or more metres wanted");
  }
  const Duty* duty = draft.board().Find<Duty>(c.person);
  if (duty == nullptr || !duty->on_duty) {
    return Refuse(RefusalReason::kNotOnDuty,
                  absl::StrCat(ResourceName(c.person), " is not on duty"));
  }
  const absl::Time device_time =
      c.device_time > draft.now() + kMaxClockLead ? draft.now() : c.device_time;
  const Position* known = draft.board().Find<Position>(c.person);
  if (known != nullptr && device_time <= known->device_time) return c.person;
  Position position;
  if (known != nullptr) position = *known;
  position.id = c.person;
  position.position = c.position;
  position.accuracy_meters = c.accuracy_meters;
  position.device_time = device_time;
  position.receive_time = draft.now();
  draft.Emit(EventKind::kPositionReported, CallId(), {std::move(position)});
  return c.person;
}

absl::StatusOr<Subject> Rule(const AdviseStandby& c, Draft& draft) {
  const Board& board = draft.board();
  std::vector<Record> records;
  for (const StandbyAdvice& advice : c.advice) {
    const Duty* found = board.Find<Duty>(advice.driver);
    if (found == nullptr || !found->on_duty || found->role != Role::kDriver) {
      continue;
    }
    std::optional<Standby> standby = advice.standby;
    if (standby.has_value()) {
      if (standby->position.has_value()) {
        RETURN_IF_ERROR(CheckPosition("standby.position", *standby->position));
      }
      if (!standby->physician.empty() &&
          board.Find<Person>(standby->physician) == nullptr) {
        continue;
      }
      if (board.RunningAssignmentOf(advice.driver) != nullptr ||
          board.PendingOfferTo(advice.driver) != nullptr) {
        continue;
      }
      standby->tell_time = draft.now();
    }
    const bool same = standby.has_value() == found->standby.has_value() &&
                      (!standby.has_value() ||
                       (standby->position == found->standby->position &&
                        standby->physician == found->standby->physician));
    if (same) continue;
    Duty duty = *found;
    duty.standby = std::move(standby);
    records.push_back(std::move(duty));
  }
  if (!records.empty()) {
    draft.Emit(EventKind::kStandbyAdvised, CallId(), std::move(records));
  }
  return Subject();
}

}  // namespace housecall::core
