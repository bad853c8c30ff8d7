#include "dispatcher/core/rules.h"

#include <algorithm>
#include <optional>

namespace housecall::core {

namespace {

constexpr Ruling kMay{Verdict::kChosen, 0};

// Two adjoining duties of the longest kind.
constexpr absl::Duration kRotaAhead = absl::Hours(48);

// The driver and his passenger.
constexpr int kSeatsNeeded = 2;

template <typename T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsUnderContract(const Person& person, const OrganizationId& organization,
                     absl::Time now) {
  return std::any_of(
      person.employments.begin(), person.employments.end(),
      [&](const Employment& employment) {
        return employment.organization == organization &&
               employment.start_time <= now &&
               (!employment.end_time.has_value() || now < *employment.end_time);
      });
}

// What holds for both members of a crew.
Ruling RuleDuty(const Board& board, const std::vector<RotaDuty>& rota,
                const PersonId& id, Role role, absl::Time now,
                bool operator_override) {
  const Person* person = board.Find<Person>(id);
  const Duty* duty = board.Find<Duty>(id);
  if (person == nullptr || !person->active || duty == nullptr ||
      !duty->on_duty || duty->role != role) {
    return {Verdict::kNotOnDuty};
  }
  const std::optional<RotaDuty> planned =
      DutyOf(rota, id, role, now, kMaxEarlyStart);
  if (!planned.has_value()) return {Verdict::kNotOnRota};
  if (planned->reserve && !operator_override) return {Verdict::kReserve};
  if (!IsUnderContract(*person, duty->organization, now)) {
    return {Verdict::kNoContract};
  }
  // Rest is asked of physicians: the rule is that of their overtime.
  if (role == Role::kPhysician && !IsRested(rota, id, *planned)) {
    return {Verdict::kRestRules};
  }
  if (board.RunningAssignmentOf(id) != nullptr ||
      board.PendingOfferTo(id) != nullptr) {
    return {Verdict::kBusy};
  }
  return kMay;
}

Ruling RuleAnswers(const PersonId& person, const Call& call,
                   bool operator_override) {
  if (Contains(call.declined_by, person)) return {Verdict::kDeclined};
  if (!operator_override && Contains(call.unanswered_by, person)) {
    return {Verdict::kUnanswered};
  }
  return kMay;
}

Ruling RuleEnd(const std::vector<RotaDuty>& rota, const PersonId& person,
               Role role, absl::Time now, absl::Time finish_time) {
  const absl::Time end = EndOfDuty(rota, person, role, now);
  if (finish_time <= end) return kMay;
  if (end == absl::InfinitePast()) return {Verdict::kNotOnRota};
  return {Verdict::kShiftEndsBefore, absl::ToDoubleMinutes(finish_time - end)};
}

}  // namespace

Ruling JoinRulings(const Ruling& now, const Ruling& for_call) {
  if (!now.ok() && now.verdict != Verdict::kBusy) return now;
  return for_call.ok() ? now : for_call;
}

std::vector<RotaDuty> RotaForRules(const Board& board, absl::Time now) {
  // A duty that holds now began at most a few days ago, its rest before it.
  return RotaBetween(board, now - kRestWindow, now + kRotaAhead);
}

Ruling RulePhysicianNow(const Board& board, const std::vector<RotaDuty>& rota,
                        const PersonId& physician, absl::Time now,
                        bool operator_override) {
  return RuleDuty(board, rota, physician, Role::kPhysician, now,
                  operator_override);
}

Ruling RuleDriverNow(const Board& board, const std::vector<RotaDuty>& rota,
                     const PersonId& driver, absl::Time now,
                     bool operator_override) {
  const Ruling ruling =
      RuleDuty(board, rota, driver, Role::kDriver, now, operator_override);
  if (!ruling.ok() && ruling.verdict != Verdict::kBusy) return ruling;
  const Car* car = board.Find<Car>(board.Find<Duty>(driver)->car);
  if (car == nullptr || !car->active) return {Verdict::kNoCar};
  switch (car->state) {
    case CarState::kAvailable:
      break;
    case CarState::kBrokenDown:
      return {Verdict::kCarBrokenDown};
    case CarState::kOutOfService:
    case CarState::kUnspecified:
      return {Verdict::kNoCar};
  }
  if (car->seats < kSeatsNeeded) {
    return {Verdict::kNoSeat, static_cast<double>(car->seats)};
  }
  return ruling;
}

Ruling RulePhysicianForCall(const Board& board, const PersonId& physician,
                            const Call& call, bool operator_override) {
  const Patient* patient = board.Find<Patient>(call.patient);
  if (patient != nullptr && Contains(patient->excluded_physicians, physician)) {
    return {Verdict::kExcluded};
  }
  const Ruling answers = RuleAnswers(physician, call, operator_override);
  if (!answers.ok()) return answers;
  const Person* person = board.Find<Person>(physician);
  for (Skill skill : RequiredSkills(board, call)) {
    if (person == nullptr || !Contains(person->skills, skill)) {
      return {Verdict::kMissingSkill};
    }
  }
  const double distance_meters = ClinicDistanceMeters(board, physician, call);
  if (distance_meters > board.center().policy.max_distance_meters &&
      call.distance_reason.empty()) {
    return {Verdict::kBeyondDistance, distance_meters};
  }
  return kMay;
}

Ruling RuleDriverForCall(const PersonId& driver, const Call& call,
                         bool operator_override) {
  return RuleAnswers(driver, call, operator_override);
}

Ruling RulePhysician(const Board& board, const PersonId& physician,
                     const Call& call, absl::Time now, bool operator_override) {
  return JoinRulings(
      RulePhysicianNow(board, RotaForRules(board, now), physician, now,
                       operator_override),
      RulePhysicianForCall(board, physician, call, operator_override));
}

Ruling RuleDriver(const Board& board, const PersonId& driver, const Call& call,
                  absl::Time now, bool operator_override) {
  return JoinRulings(RuleDriverNow(board, RotaForRules(board, now), driver, now,
                                   operator_override),
                     RuleDriverForCall(driver, call, operator_override));
}

Ruling RuleShiftEnd(const Board& board, const PersonId& physician,
                    const PersonId& driver, absl::Time now,
                    absl::Time finish_time) {
  const std::vector<RotaDuty> rota = RotaForRules(board, now);
  const Ruling ruling =
      RuleEnd(rota, physician, Role::kPhysician, now, finish_time);
  if (!ruling.ok() || driver.empty()) return ruling;
  return RuleEnd(rota, driver, Role::kDriver, now, finish_time);
}

bool IsWorthTelling(const std::optional<ArrivalPromise>& told,
                    absl::Time promise_time, bool has_crew) {
  if (!told.has_value()) return true;
  if (has_crew && !told->has_crew) return true;
  const absl::Duration later = promise_time - told->promise_time;
  return later >= absl::Minutes(has_crew ? 3 : 10) ||
         later <= -absl::Minutes(has_crew ? 10 : 30);
}

double ClinicDistanceMeters(const Board& board, const PersonId& physician,
                            const Call& call) {
  const Duty* duty = board.Find<Duty>(physician);
  if (duty == nullptr || !call.place.position.has_value()) return 0;
  const Organization* clinic = board.Find<Organization>(duty->organization);
  if (clinic == nullptr || !clinic->position.has_value()) return 0;
  return DistanceMeters(*clinic->position, *call.place.position);
}

std::vector<Skill> RequiredSkills(const Board& board, const Call& call) {
  std::vector<Skill> skills = call.required_skills;
  if (const Patient* patient = board.Find<Patient>(call.patient)) {
    skills.insert(skills.end(), patient->required_skills.begin(),
                  patient->required_skills.end());
  }
  std::sort(skills.begin(), skills.end());
  skills.erase(std::unique(skills.begin(), skills.end()), skills.end());
  return skills;
}

}  // namespace housecall::core
