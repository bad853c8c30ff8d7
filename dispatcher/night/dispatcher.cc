#include "dispatcher/night/dispatcher.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/promise.h"

namespace housecall::night {

namespace {

using core::AssignmentId;
using core::CallId;
using core::CallState;
using core::CarId;
using core::OrganizationId;
using core::PatientId;
using core::PersonId;
using core::Role;

constexpr char kClinic[] = "clinic";
PersonId PhysicianId(const Physician& physician) {
  return PersonId(absl::StrCat("doctor-", physician.id));
}
CallId RecordId(const CallNow& call) {
  return CallId(absl::StrCat("call-", call.id));
}

// -1: nobody.
int AboardWhenFree(const CarNow& car) {
  return car.aboard_when_free.empty() ? -1 : car.aboard_when_free.front();
}

bool IsWithin(const Span& shift, double time) {
  return shift.begin <= time && time < shift.end;
}

}  // namespace

absl::StatusOr<Dispatcher> Dispatcher::Make(const Night* night,
                                            DispatcherOptions options) {
  Dispatcher dispatcher(night, std::move(options));
  RETURN_IF_ERROR(dispatcher.LearnWords());
  dispatcher.PutDirectory();
  return dispatcher;
}

Dispatcher::Dispatcher(const Night* night, DispatcherOptions options)
    : night_(night),
      options_(std::move(options)),
      travel_times_("the night's own"),
      assignments_(night->cars.size()),
      visits_(night->cars.size()),
      alone_(night->physicians.size()),
      asked_(night->cars.size()),
      random_(options_.plan.forecast.seed),
      between_stops_(night->cars.size()) {
  options_.plan.crews_answer = options_.crews.on;
}

PersonId Dispatcher::DriverOf(const Car& car) const {
  return car.owner.has_value() ? PhysicianId(night_->physicians[*car.owner])
                               : PersonId(absl::StrCat("driver-", car.id));
}

bool Dispatcher::Waits(int car) const {
  return night_->driver_waits || night_->cars[car].owner.has_value();
}

absl::Time Dispatcher::At(double seconds) const {
  // 18:00 on an ordinary Friday in Tokyo.
  const absl::Time start = absl::FromUnixSeconds(1795165200);
  return start + absl::Seconds(seconds);
}

core::LatLng Dispatcher::PlaceOf(int node) const {
  // Only the times between nodes are known. Places are far enough from each
  // other not to be one address.
  constexpr double kApartDegrees = 0.001;
  return {node % 1000 * kApartDegrees, 100 + node / 1000 * kApartDegrees};
}

int Dispatcher::NodeAt(const core::LatLng& place) const {
  for (int node = 0; node < known_nodes_; ++node) {
    if (PlaceOf(node) == place) return node;
  }
  return 0;
}

core::Skill Dispatcher::SkillOf(const std::string& skill) const {
  const auto found = skills_.find(skill);
  return found == skills_.end() ? core::Skill::kUnspecified : found->second;
}

core::Urgency Dispatcher::UrgencyOf(const std::string& urgency) const {
  const auto found = urgencies_.find(urgency);
  return found == urgencies_.end() ? core::Urgency::kStandard : found->second;
}

absl::Status Dispatcher::LearnWords() {
  using core::Skill;
  skills_ = {{"general", Skill::kGeneral}, {"pediatric", Skill::kChild}};
  std::vector<Skill> spare = {Skill::kVentilator, Skill::kPsychiatry,
                              Skill::kDementia,   Skill::kPalliative,
                              Skill::kCatheter,   Skill::kWound};
  for (const Physician& physician : night_->physicians) {
    for (const std::string& skill : physician.skills) {
      if (skills_.count(skill) > 0) continue;
      if (spare.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("doctors: no word is left for the skill ", skill));
      }
      skills_[skill] = spare.back();
      spare.pop_back();
    }
  }
  std::vector<std::pair<double, std::string>> by_weight;
  for (const auto& [urgency, weight] : night_->weights) {
    by_weight.push_back({-weight, urgency});
  }
  std::sort(by_weight.begin(), by_weight.end());
  const std::vector<core::Urgency> words = {core::Urgency::kUrgent,
                                            core::Urgency::kStandard,
                                            core::Urgency::kRoutine};
  if (by_weight.size() > words.size()) {
    return absl::InvalidArgumentError("weights: three urgencies at most");
  }
  double* const weights[] = {&options_.policy.urgent_weight,
                             &options_.policy.standard_weight,
                             &options_.policy.routine_weight};
  for (size_t i = 0; i < by_weight.size(); ++i) {
    urgencies_[by_weight[i].second] = words[i];
    // As a center could have them, too.
    *weights[i] = std::clamp(-by_weight[i].first, core::kLeastUrgencyWeight,
                             core::kMostUrgencyWeight);
  }
  // An urgency that the night lacks counts as the least that it has.
  if (!by_weight.empty()) {
    for (size_t i = by_weight.size(); i < words.size(); ++i) {
      *weights[i] = *weights[by_weight.size() - 1];
    }
  }
  return absl::OkStatus();
}

template <typename R>
void Dispatcher::Put(const R& record) {
  const R* found = board_.Find<R>(record.id);
  if (found == nullptr || !(*found == record)) board_.Put(record);
}

void Dispatcher::PutDirectory() {
  core::Center center;
  center.id = core::CenterId("night");
  center.policy = options_.policy;
  center.policy.driver_waits = night_->driver_waits;
  for (const auto& [urgency, seconds] : night_->targets) {
    core::Policy& policy = center.policy;
    absl::Duration* const target =
        UrgencyOf(urgency) == core::Urgency::kUrgent ? &policy.urgent_target
        : UrgencyOf(urgency) == core::Urgency::kRoutine
            ? &policy.routine_target
            : &policy.standard_target;
    *target = absl::Seconds(seconds);
  }
  board_.Put(center);
  core::Organization clinic;
  clinic.id = OrganizationId(kClinic);
  clinic.kind = core::OrganizationKind::kClinic;
  board_.Put(clinic);
  std::set<int> drive_themselves;
  for (const Car& car : night_->cars) {
    if (car.owner.has_value()) drive_themselves.insert(*car.owner);
  }
  const auto put = [&](const PersonId& id, Role role, const Span& shift,
                       const std::vector<core::Skill>& skills, int base,
                       const CarId& car, bool self_drive) {
    core::Person person;
    person.id = id;
    person.organization = OrganizationId(kClinic);
    person.skills = skills;
    person.self_drive = self_drive;
    core::Employment employment;
    employment.organization = OrganizationId(kClinic);
    employment.start_time = At(0) - absl::Hours(24);
    person.employments = {employment};
    person.home_position = PlaceOf(base);
    board_.Put(person);
    core::Shift planned;
    planned.id = core::ShiftId(absl::StrCat("shift-", id.value()));
    planned.person = id;
    planned.role = role;
    planned.start_time = At(shift.begin);
    planned.end_time = At(shift.end);
    planned.organization = OrganizationId(kClinic);
    planned.car = car;
    planned.base_position = PlaceOf(base);
    board_.Put(planned);
  };
  for (size_t i = 0; i < night_->physicians.size(); ++i) {
    const Physician& physician = night_->physicians[i];
    std::vector<core::Skill> skills;
    for (const std::string& skill : physician.skills) {
      skills.push_back(SkillOf(skill));
    }
    put(PhysicianId(physician), Role::kPhysician, physician.shift, skills,
        physician.home, CarId(),
        drive_themselves.count(static_cast<int>(i)) > 0);
    physicians_by_person_[PhysicianId(physician)] = static_cast<int>(i);
  }
  for (size_t i = 0; i < night_->cars.size(); ++i) {
    const Car& from = night_->cars[i];
    cars_by_driver_[DriverOf(from)] = static_cast<int>(i);
    if (from.owner.has_value()) continue;
    core::Car car;
    car.id = CarId(absl::StrCat("car-", from.id));
    car.organization = OrganizationId(kClinic);
    board_.Put(car);
    put(DriverOf(from), Role::kDriver, from.shift, {}, from.base, car.id,
        /*self_drive=*/false);
  }
}

void Dispatcher::LearnRoads() {
  const int nodes = night_->expected.nodes();
  for (int i = 0; i < nodes; ++i) {
    for (int j = i < known_nodes_ ? known_nodes_ : 0; j < nodes; ++j) {
      if (i == j) continue;
      planner::Travel travel;
      travel.duration = absl::Seconds(night_->expected.at(i, j));
      travel_times_.Set(PlaceOf(i), PlaceOf(j), travel);
    }
  }
  known_nodes_ = nodes;
}

void Dispatcher::PutDuties(const Situation& situation) {
  const auto put = [&](const PersonId& id, Role role, const Span& shift,
                       const CarId& car, int visits, int node) {
    core::Duty duty;
    duty.id = id;
    duty.role = role;
    duty.on_duty = IsWithin(shift, situation.now);
    duty.since = At(shift.begin);
    duty.end_time = At(shift.end);
    duty.organization = OrganizationId(kClinic);
    duty.car = car;
    duty.visits = visits;
    Put(duty);
    core::Position position;
    position.id = id;
    position.position = PlaceOf(node);
    position.device_time = At(shift.begin);
    position.receive_time = At(shift.begin);
    Put(position);
  };
  for (size_t i = 0; i < night_->physicians.size(); ++i) {
    const PhysicianNow& now = situation.physicians[i];
    put(PhysicianId(night_->physicians[i]), Role::kPhysician,
        night_->physicians[i].shift, CarId(), now.visits, now.node);
  }
  for (size_t i = 0; i < night_->cars.size(); ++i) {
    if (night_->cars[i].owner.has_value()) continue;
    put(DriverOf(night_->cars[i]), Role::kDriver, night_->cars[i].shift,
        CarId(absl::StrCat("car-", night_->cars[i].id)), visits_[i],
        situation.cars[i].node);
  }
}

void Dispatcher::PutCalls(const Situation& situation) {
  for (const CallNow& now : situation.calls) {
    if (!calls_.emplace(now.id, now).second) continue;
    calls_by_record_[RecordId(now)] = now.id;
    core::Call call;
    call.id = RecordId(now);
    call.state = CallState::kMatching;
    call.disposition = core::Disposition::kVisit;
    call.urgency = UrgencyOf(now.urgency);
    call.receive_time = At(now.receive_time);
    call.triage_time = At(now.receive_time);
    call.target_time = At(now.due_time);
    call.place.position = PlaceOf(now.node);
    call.required_skills = {SkillOf(now.skill)};
    if (now.own_physician.has_value()) {
      core::Patient patient;
      patient.id = PatientId(absl::StrCat("patient-", now.id));
      patient.primary_physician =
          PhysicianId(night_->physicians[*now.own_physician]);
      call.patient = patient.id;
      board_.Put(patient);
    }
    board_.Put(call);
    options_.plan.visit_durations[call.id] = absl::Seconds(now.expected_visit);
  }
}

bool Dispatcher::IsNextStopTooLate(const Situation& situation, int car) const {
  const CarNow& now = situation.cars[car];
  if (now.current.has_value() || now.plan.empty()) return false;
  const Stop& stop = now.plan.front();
  if (stop.op != Op::kVisit && stop.op != Op::kPick) return false;
  const double end = std::min(night_->physicians[stop.physician].shift.end,
                              night_->cars[car].shift.end);
  if (stop.op == Op::kPick) return situation.now >= end;
  const auto call = calls_.find(stop.call);
  return call != calls_.end() &&
         situation.now + night_->expected.at(now.node, call->second.node) +
                 call->second.expected_visit >
             end;
}

// The visits of a car's current stop and plan are its assignment.
void Dispatcher::PutCrew(const Situation& situation, int car) {
  const CarNow& now = situation.cars[car];
  std::vector<CallId> calls;
  PersonId physician;
  double time = now.current.has_value() ? now.free_time : situation.now;
  int node = now.free_node;
  int aboard = AboardWhenFree(now);
  const auto add = [&](const Stop& stop) {
    const auto call = calls_.find(stop.call);
    if (call == calls_.end()) return;
    calls.push_back(RecordId(call->second));
    physician = PhysicianId(night_->physicians[stop.physician]);
  };
  if (now.current.has_value() && now.current->op == Op::kVisit) {
    add(*now.current);
  }
  for (const Stop& stop : now.plan) {
    int to = node;
    double stay = 0;
    switch (stop.op) {
      case Op::kGoto:
        to = stop.node;
        break;
      case Op::kHome:
        to = night_->physicians[stop.physician].home;
        aboard = -1;
        break;
      case Op::kPick:
        to = situation.physicians[stop.physician].node;
        aboard = stop.physician;
        break;
      case Op::kVisit:
        add(stop);
        if (const auto call = calls_.find(stop.call); call != calls_.end()) {
          to = call->second.node;
          stay = call->second.expected_visit;
        }
        if (!Waits(car)) {
          stay = 0;
          aboard = -1;
        }
        break;
    }
    time += night_->expected.at(node, to) + stay;
    node = to;
  }
  const bool self_drive = night_->cars[car].owner.has_value();
  if (!self_drive) {
    planner::CrewNow& crew = options_.plan.crews[DriverOf(night_->cars[car])];
    // Who has not set out is where he was when he was asked.
    const bool is_asked = asked_[car].has_value();
    const int seated = is_asked ? AboardWhenFree(now) : aboard;
    crew.free_time = At(is_asked ? situation.now : time);
    crew.place = PlaceOf(is_asked ? now.free_node : node);
    crew.aboard =
        seated >= 0 ? PhysicianId(night_->physicians[seated]) : PersonId();
  }
  // Who has not answered has nothing to do yet; the board has the offer.
  if (asked_[car].has_value() && !asked_[car]->has_accepted) return;
  const AssignmentId before = assignments_[car];
  const core::Assignment* running = board_.Find<core::Assignment>(before);
  if (calls.empty()) return;
  core::Assignment assignment;
  if (running != nullptr && running->calls == calls &&
      running->physician == physician) {
    assignment = *running;
  } else {
    assignment.id =
        AssignmentId(absl::StrCat("assignment-", ++made_assignments_));
  }
  if (asked_[car].has_value()) assignment.offer = asked_[car]->offer;
  assignment.calls = calls;
  assignment.physician = physician;
  assignment.self_drive = self_drive;
  if (!self_drive) {
    assignment.driver = DriverOf(night_->cars[car]);
    assignment.car = CarId(absl::StrCat("car-", night_->cars[car].id));
  }
  const bool has_departed = !asked_[car].has_value();
  assignment.state = has_departed ? core::AssignmentState::kEnRoute
                                  : core::AssignmentState::kAccepted;
  double visits = 0;
  for (const CallId& id : calls) {
    visits += absl::ToDoubleSeconds(options_.plan.visit_durations.at(id));
  }
  // A car is where its stop leads once it has arrived.
  const bool is_on_scene = now.current.has_value() &&
                           now.current->op == Op::kVisit &&
                           calls_.at(now.current->call).node == now.node &&
                           situation.now > between_stops_[car];
  if (is_on_scene) {
    assignment.state = core::AssignmentState::kOnScene;
    if (!assignment.arrive.has_value()) {
      assignment.arrive = core::Stamp{At(situation.now), std::nullopt};
    }
  } else {
    assignment.arrive.reset();
    // A driver who does not wait is free at the door.
    assignment.estimate.arrive_time = At(Waits(car) ? time - visits : time);
  }
  assignment.estimate.finish_time = At(Waits(car) ? time : time + visits);
  assignments_[car] = assignment.id;
  Put(assignment);
  for (const CallId& id : calls) {
    core::Call call = *board_.Find<core::Call>(id);
    call.state = has_departed ? CallState::kEnRoute : CallState::kAccepted;
    call.assignment = assignment.id;
    Put(call);
  }
}

// Those that no car has any more: done, or given up by the referee.
void Dispatcher::EndAssignments(const Situation& situation) {
  std::set<CallId> waiting;
  for (const CallNow& call : situation.calls) waiting.insert(RecordId(call));
  for (size_t car = 0; car < assignments_.size(); ++car) {
    const core::Assignment* running =
        board_.Find<core::Assignment>(assignments_[car]);
    if (running == nullptr) continue;
    core::Assignment ended = *running;
    const CarNow& now = situation.cars[car];
    std::set<CallId> wanted;
    const auto add = [&](const Stop& stop) {
      if (stop.op == Op::kVisit) {
        wanted.insert(CallId(absl::StrCat("call-", stop.call)));
      }
    };
    if (now.current.has_value()) add(*now.current);
    for (const Stop& stop : now.plan) add(stop);
    bool holds = !wanted.empty();
    for (const CallId& id : ended.calls) holds = holds && wanted.count(id) > 0;
    if (holds) continue;
    const int physician = physicians_by_person_.at(ended.physician);
    if (!Waits(static_cast<int>(car)) && wanted.empty() &&
        situation.physicians[physician].state == PhysicianState::kServing &&
        alone_[physician].empty()) {
      ended.state = core::AssignmentState::kOnScene;
      ended.driver_left = true;
      ended.arrive = core::Stamp{At(situation.now), std::nullopt};
      board_.Put(ended);
      alone_[physician] = ended.id;
      assignments_[car] = AssignmentId();
      ++visits_[car];
      continue;
    }
    ended.state = core::AssignmentState::kFinished;
    board_.Put(ended);
    assignments_[car] = AssignmentId();
    for (const CallId& id : ended.calls) {
      core::Call call = *board_.Find<core::Call>(id);
      call.assignment = AssignmentId();
      if (waiting.count(id) > 0) {
        call.state = CallState::kMatching;
        board_.Put(call);
      } else if (wanted.count(id) == 0) {
        ++visits_[car];
        call.state = CallState::kClosed;
        board_.Put(call);
      }
    }
  }
}

void Dispatcher::Tell(const CallId& id, absl::Time expect_time,
                      absl::Time promise_time, bool has_crew, Orders* orders) {
  core::Call call = *board_.Find<core::Call>(id);
  if (!core::IsWorthTelling(call.promise, promise_time, has_crew)) return;
  core::ArrivalPromise promise;
  promise.expect_time = expect_time;
  promise.promise_time = promise_time;
  promise.has_crew = has_crew;
  call.promise = promise;
  board_.Put(call);
  orders->told.push_back({calls_by_record_.at(id),
                          absl::ToDoubleSeconds(promise_time - At(0)),
                          has_crew});
}

void Dispatcher::TellOfCrews(const Situation& situation, Orders* orders) {
  const core::Policy& policy = board_.center().policy;
  const planner::VisitTimes visits = planner::LearnVisitTimes(board_);
  for (size_t car = 0; car < night_->cars.size(); ++car) {
    const CarNow& now = situation.cars[car];
    planner::Arrival arrival;
    int node = now.node;
    bool is_current = now.current.has_value();
    const auto go = [&](int to) {
      const double minutes = night_->expected.at(node, to) / 60;
      arrival.AddRest(
          minutes, policy.travel_spread,
          is_current ? (situation.now - between_stops_[car]) / 60 : 0);
      node = to;
    };
    if (asked_[car].has_value()) {
      if (!asked_[car]->has_accepted) continue;
      arrival.Add(planner::DepartMinutes(policy), planner::kAnswerSpread);
    }
    std::vector<Stop> stops = now.plan;
    if (is_current) stops.insert(stops.begin(), *now.current);
    for (const Stop& stop : stops) {
      switch (stop.op) {
        case Op::kGoto:
          go(stop.node);
          break;
        case Op::kHome:
          go(night_->physicians[stop.physician].home);
          break;
        case Op::kPick: {
          go(situation.physicians[stop.physician].node);
          const Physician& physician = night_->physicians[stop.physician];
          arrival.WaitUntil((physician.shift.begin - situation.now) / 60);
          break;
        }
        case Op::kVisit: {
          const auto call = calls_.find(stop.call);
          if (call == calls_.end()) break;
          const double visit = call->second.expected_visit / 60 * visits.factor;
          const bool has_arrived = is_current && node == call->second.node &&
                                   situation.now > between_stops_[car];
          if (has_arrived) {
            const core::Assignment* crew =
                board_.Find<core::Assignment>(assignments_[car]);
            const absl::Time since = crew != nullptr && crew->arrive.has_value()
                                         ? crew->arrive->server_time
                                         : At(situation.now);
            arrival.AddRest(visit, visits.spread,
                            absl::ToDoubleMinutes(At(situation.now) - since));
            break;
          }
          go(call->second.node);
          Tell(RecordId(call->second),
               At(situation.now) + absl::Minutes(arrival.mean()),
               At(situation.now) +
                   absl::Minutes(arrival.Quantile(policy.promise_share)),
               /*has_crew=*/true, orders);
          arrival.Add(visit, visits.spread);
          break;
        }
      }
      is_current = false;
    }
  }
}

void Dispatcher::PutThoseAlone(const Situation& situation) {
  for (size_t i = 0; i < alone_.size(); ++i) {
    const core::Assignment* found = board_.Find<core::Assignment>(alone_[i]);
    if (found == nullptr) continue;
    core::Assignment assignment = *found;
    if (situation.physicians[i].state == PhysicianState::kServing) {
      assignment.estimate.finish_time = At(situation.physicians[i].free_time);
      Put(assignment);
      continue;
    }
    assignment.state = core::AssignmentState::kFinished;
    board_.Put(assignment);
    for (const CallId& id : assignment.calls) {
      core::Call call = *board_.Find<core::Call>(id);
      call.assignment = AssignmentId();
      call.state = CallState::kClosed;
      board_.Put(call);
    }
    alone_[i] = AssignmentId();
  }
}

void Dispatcher::FetchHome(const Situation& situation, Orders* orders) const {
  constexpr double kBeforeTheEnd = 3600;
  for (size_t i = 0; i < alone_.size(); ++i) {
    const PhysicianNow& now = situation.physicians[i];
    const int physician = static_cast<int>(i);
    if (now.state != PhysicianState::kReady ||
        situation.now < night_->physicians[i].shift.end - kBeforeTheEnd) {
      continue;
    }
    bool is_ordered = false;
    for (const auto& [car, stops] : orders->plans) {
      for (const Stop& stop : stops) {
        is_ordered = is_ordered || stop.physician == physician;
      }
    }
    for (int car = 0; car < static_cast<int>(night_->cars.size()); ++car) {
      const CarNow& of_car = situation.cars[car];
      if (is_ordered || night_->cars[car].owner.has_value() ||
          of_car.current.has_value() || !of_car.plan.empty() ||
          orders->plans.count(car) > 0 || !of_car.aboard_when_free.empty() ||
          !IsWithin(night_->cars[car].shift, situation.now) ||
          !CanBeFetched(situation, car, physician)) {
        continue;
      }
      orders->plans[car] = {{Op::kPick, physician, -1, -1},
                            {Op::kHome, physician, -1, -1}};
      is_ordered = true;
    }
  }
}

bool Dispatcher::CanBeFetched(const Situation& situation, int car,
                              int physician) const {
  const PhysicianNow& now = situation.physicians[physician];
  const std::optional<int> owner = night_->cars[car].owner;
  if (owner.has_value() &&
      (*owner != physician || now.node != situation.cars[car].node)) {
    return false;
  }
  return (now.reserved < 0 || now.reserved == car) &&
         (now.state == PhysicianState::kHome ||
          now.state == PhysicianState::kReady) &&
         situation.now < night_->physicians[physician].shift.end &&
         situation.now < night_->cars[car].shift.end;
}

void Dispatcher::Ask(int car, const core::OfferVisit& offer,
                     std::vector<Stop> stops, double now) {
  const core::Policy& policy = board_.center().policy;
  const CrewAnswers& crews = options_.crews;
  core::Offer record;
  record.id = core::OfferId(absl::StrCat("offer-", ++made_offers_));
  record.calls = offer.calls;
  record.physician = offer.physician;
  record.self_drive = night_->cars[car].owner.has_value();
  if (!record.self_drive) {
    record.driver = offer.driver;
    record.car = offer.car;
  }
  record.state = core::OfferState::kPending;
  record.create_time = At(now);
  record.estimate = offer.estimate;
  bool is_urgent = false;
  for (const CallId& id : offer.calls) {
    core::Call call = *board_.Find<core::Call>(id);
    is_urgent = is_urgent || call.urgency == core::Urgency::kUrgent;
    call.state = CallState::kOffered;
    call.offer = record.id;
    board_.Put(call);
  }
  const double ring = absl::ToDoubleSeconds(
      is_urgent ? policy.urgent_offer_timeout : policy.offer_timeout);
  const double last_ring = ring * policy.offer_rings;
  const auto exponential = [&](double mean) {
    return -mean * std::log(1 - random_.Fraction());
  };
  // Not as planner/promise.h takes them to be, but as long on average.
  Asked asked;
  asked.offer = record.id;
  asked.stops = std::move(stops);
  const double chance = random_.Fraction();
  if (chance < crews.silent_share) {
    asked.outcome = core::OfferState::kExpired;
    asked.answer_time = now + last_ring;
  } else {
    asked.outcome = chance < crews.silent_share + crews.decline_share
                        ? core::OfferState::kDeclined
                        : core::OfferState::kAccepted;
    constexpr double kSoonShare = 1.0 / 3;
    const bool is_late =
        random_.Fraction() < crews.late_share && policy.offer_rings > 1;
    asked.answer_time =
        now + (is_late ? ring + (last_ring - ring) * random_.Fraction()
                       : std::min(ring, exponential(kSoonShare * ring)));
  }
  asked.depart_time = asked.answer_time +
                      std::min(exponential(60 * planner::DepartMinutes(policy)),
                               absl::ToDoubleSeconds(policy.departure_rematch));
  asked_[car] = std::move(asked);
  board_.Put(record);
}

void Dispatcher::HearAnswers(Situation* situation, Orders* orders) {
  for (int car = 0; car < static_cast<int>(asked_.size()); ++car) {
    if (!asked_[car].has_value()) continue;
    // Its duty is over and the car brings somebody home.
    if (situation->cars[car].current.has_value()) {
      EndOffer(car, core::OfferState::kWithdrawn);
      continue;
    }
    const core::Offer offer = *board_.Find<core::Offer>(asked_[car]->offer);
    if (!asked_[car]->has_accepted &&
        situation->now >= asked_[car]->answer_time) {
      EndOffer(car, asked_[car]->outcome);
      // No, or nothing.
      if (!asked_[car].has_value()) continue;
      for (const CallId& call : offer.calls) {
        Tell(call, offer.estimate.arrive_time, offer.estimate.promise_time,
             /*has_crew=*/true, orders);
      }
    }
    situation->cars[car].plan = asked_[car]->stops;
    if (asked_[car]->has_accepted &&
        situation->now >= asked_[car]->depart_time) {
      orders->plans[car] = std::move(asked_[car]->stops);
      asked_[car].reset();
    }
  }
}

void Dispatcher::EndOffer(int car, core::OfferState state) {
  core::Offer offer = *board_.Find<core::Offer>(asked_[car]->offer);
  if (offer.state == core::OfferState::kPending) {
    offer.state = state;
    board_.Put(offer);
  }
  const bool is_accepted = state == core::OfferState::kAccepted;
  asked_[car]->has_accepted = is_accepted;
  for (const CallId& id : offer.calls) {
    core::Call call = *board_.Find<core::Call>(id);
    call.offer = core::OfferId();
    if (!is_accepted && call.state == CallState::kOffered) {
      call.state = CallState::kMatching;
    }
    // Either of the two; the next is another physician.
    if (state == core::OfferState::kDeclined) {
      call.declined_by.push_back(offer.physician);
    }
    if (state == core::OfferState::kExpired) {
      call.unanswered_by.push_back(offer.physician);
    }
    board_.Put(call);
  }
  if (!is_accepted) asked_[car].reset();
}

void Dispatcher::TakeBack(const core::TakeBackOffer& take_back,
                          Situation* situation, Orders* orders) {
  absl::StatusOr<core::Decision> decision =
      core::Decide(board_, take_back, core::SystemActor(), At(situation->now));
  if (!decision.ok()) return;
  board_ = std::move(decision->board);
  for (int car = 0; car < static_cast<int>(asked_.size()); ++car) {
    if (!asked_[car].has_value() || asked_[car]->offer != take_back.offer) {
      continue;
    }
    for (const Stop& stop : asked_[car]->stops) {
      if (stop.op == Op::kVisit) orders->taken_back.push_back(stop.call);
    }
    asked_[car].reset();
    assignments_[car] = AssignmentId();
    situation->cars[car].plan.clear();
  }
}

int Dispatcher::CarFor(const Situation& situation,
                       const core::OfferVisit& offer) const {
  // Who sits in his own car need not be fetched: the planner, which knows of
  // no parked cars, may want it.
  const auto own = cars_by_driver_.find(offer.physician);
  if (own != cars_by_driver_.end()) {
    const std::vector<int>& aboard =
        situation.cars[own->second].aboard_when_free;
    if (offer.self_drive || !aboard.empty()) return own->second;
  }
  return cars_by_driver_.at(offer.driver);
}

Orders Dispatcher::Decide(const Situation& from) {
  Orders orders;
  Situation situation = from;
  LearnRoads();
  PutDuties(situation);
  PutCalls(situation);
  const int cars = static_cast<int>(night_->cars.size());
  HearAnswers(&situation, &orders);
  for (int car = 0; car < cars; ++car) {
    // The way there took longer than expected: another crew must go.
    if (IsNextStopTooLate(situation, car)) {
      if (asked_[car].has_value()) {
        EndOffer(car, core::OfferState::kWithdrawn);
      }
      situation.cars[car].plan.clear();
      orders.plans[car] = {};
    }
  }
  EndAssignments(situation);
  PutThoseAlone(situation);
  for (int car = 0; car < cars; ++car) {
    if (!situation.cars[car].current.has_value()) {
      between_stops_[car] = situation.now;
    }
  }
  planner::PlanOptions& plan = options_.plan;
  plan.crews.clear();
  for (int car = 0; car < cars; ++car) {
    PutCrew(situation, car);
  }
  plan.previous = previous_;
  const planner::PlanResult result =
      planner::Plan(board_, travel_times_, At(situation.now), plan);
  previous_ = result.routes;
  if (result.taken_back.has_value()) {
    TakeBack(*result.taken_back, &situation, &orders);
  }
  std::set<CallId> offered;
  for (const core::OfferVisit& offer : result.offers) {
    const int physician = physicians_by_person_.at(offer.physician);
    const int car = CarFor(situation, offer);
    const CarNow& now = situation.cars[car];
    if (now.current.has_value() || !now.plan.empty()) continue;
    std::vector<Stop> stops;
    const bool is_aboard =
        std::find(now.aboard_when_free.begin(), now.aboard_when_free.end(),
                  physician) != now.aboard_when_free.end();
    if (!is_aboard) {
      if (!CanBeFetched(situation, car, physician)) continue;
      for (int seated : now.aboard_when_free) {
        stops.push_back({Op::kHome, seated, -1, -1});
      }
      stops.push_back({Op::kPick, physician, -1, -1});
    }
    for (const CallId& call : offer.calls) {
      stops.push_back({Op::kVisit, physician, calls_by_record_.at(call), -1});
    }
    if (options_.crews.on) {
      situation.cars[car].plan = stops;
      Ask(car, offer, std::move(stops), situation.now);
      offered.insert(offer.calls.begin(), offer.calls.end());
      continue;
    }
    if (!Waits(car)) {
      // The visit may be over for the car before anybody looks again.
      situation.cars[car].plan = stops;
      PutCrew(situation, car);
    }
    orders.plans[car] = std::move(stops);
    for (const CallId& call : offer.calls) {
      Tell(call, offer.estimate.arrive_time, offer.estimate.promise_time,
           /*has_crew=*/true, &orders);
      offered.insert(call);
    }
  }
  for (const planner::PlannedArrival& arrival : result.arrivals) {
    if (offered.count(arrival.call) > 0) continue;
    Tell(arrival.call, arrival.expect_time, arrival.promise_time,
         /*has_crew=*/false, &orders);
  }
  TellOfCrews(situation, &orders);
  for (const planner::StandbyMove& move : result.standbys) {
    const int car = cars_by_driver_.at(move.driver);
    // Who drives himself waits where he is.
    if (night_->cars[car].owner.has_value()) continue;
    const CarNow& now = situation.cars[car];
    if (now.current.has_value() || !now.plan.empty() ||
        orders.plans.count(car) > 0) {
      continue;
    }
    std::vector<Stop> stops;
    if (!move.physician.empty()) {
      const int physician = physicians_by_person_.at(move.physician);
      if (!CanBeFetched(situation, car, physician)) continue;
      for (int seated : now.aboard_when_free) {
        stops.push_back({Op::kHome, seated, -1, -1});
      }
      stops.push_back({Op::kPick, physician, -1, -1});
    }
    if (move.place.has_value()) {
      stops.push_back({Op::kGoto, -1, -1, NodeAt(*move.place)});
    }
    orders.plans[car] = std::move(stops);
  }
  if (!night_->driver_waits) FetchHome(situation, &orders);
  // A call that is kept waiting while a car is free is looked at again soon, as
  // the daemon does with every few positions.
  constexpr double kSoon = 120;
  std::optional<double> wake_time;
  for (int car = 0; car < cars && !situation.calls.empty(); ++car) {
    const CarNow& now = situation.cars[car];
    if (!now.current.has_value() && now.plan.empty() &&
        orders.plans.count(car) == 0 &&
        IsWithin(night_->cars[car].shift, situation.now)) {
      wake_time = situation.now + kSoon;
    }
  }
  for (const std::optional<Asked>& asked : asked_) {
    if (!asked.has_value()) continue;
    wake_time =
        std::min(wake_time.value_or(asked->next_time()), asked->next_time());
  }
  // Whoever plays the night keeps every time that he was told: it is not told
  // again while an earlier one is to come.
  if (wake_time.has_value() &&
      (wakes_at_ <= situation.now || *wake_time < wakes_at_)) {
    orders.wake_time = wakes_at_ = *wake_time;
  }
  return orders;
}

}  // namespace housecall::night
