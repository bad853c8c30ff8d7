#include "dispatcher/planner/planner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>

#include "dispatcher/core/calendar.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/assignment.h"
#include "dispatcher/planner/cost.h"
#include "dispatcher/planner/forecast.h"
#include "dispatcher/planner/outlook.h"
#include "dispatcher/planner/promise.h"
#include "dispatcher/planner/routes.h"
#include "dispatcher/planner/search.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::Candidate;
using core::LatLng;
using core::PersonId;
using core::Role;
using core::RotaDuty;
using core::Ruling;
using core::Verdict;

constexpr double kNoWay = kNever;

// Calls this near to each other are at one address.
constexpr double kSameAddressMeters = 30;
constexpr size_t kMaxCallsPerStop = 3;
// How much longer the first call of a stop may wait for the others' sake.
constexpr double kMaxWaitForCompanyMinutes = 5;

// A whole plan may have this many calls, so that the rewards below cannot
// overflow.
constexpr int kMaxCalls = 200;
constexpr int kMaxStops = 250;

// What serving a call is worth: more than any sum of costs, and an urgent one
// more than all standard ones together. Costs are rounded to 1/1000 minute, or
// more coarsely where a policy makes them huge, so that 250 of them stay below
// the smallest reward.
constexpr int64_t kRoutineReward = int64_t{1} << 34;
constexpr int64_t kStandardReward = kRoutineReward << 8;
constexpr int64_t kUrgentReward = kStandardReward << 8;
constexpr double kUnitsPerMinute = 1000;
constexpr double kMaxCostUnits = int64_t{1} << 25;

int64_t RewardOf(core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return kUrgentReward;
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return kStandardReward;
    case core::Urgency::kRoutine:
      return kRoutineReward;
  }
  return kStandardReward;
}

int RankOf(core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return 0;
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return 1;
    case core::Urgency::kRoutine:
      return 2;
  }
  return 1;
}

// --- Places -----------------------------------------------------------------

LatLng PlaceIn(const Board& board, const std::vector<RotaDuty>& rota,
               const PersonId& id) {
  const core::Duty* duty = board.Find<core::Duty>(id);
  const core::Position* position = board.Find<core::Position>(id);
  // A fix from an earlier duty says nothing of where he is tonight.
  if (position != nullptr &&
      (duty == nullptr || position->receive_time >= duty->since)) {
    return position->position;
  }
  if (duty != nullptr) {
    for (const RotaDuty& planned : rota) {
      if (planned.person == id && planned.role == duty->role &&
          planned.start_time < duty->end_time &&
          duty->since < planned.end_time && planned.base_position.has_value()) {
        return *planned.base_position;
      }
    }
  }
  const core::Person* person = board.Find<core::Person>(id);
  if (person != nullptr && person->home_position.has_value()) {
    return *person->home_position;
  }
  return board.center().position;
}

// --- What is to be matched --------------------------------------------------

// Calls at one address that wait for a physician, or a crew that waits for a
// car.
struct Stop {
  std::vector<const Call*> calls;
  // Not null: the crew that waits.
  const core::Assignment* waits = nullptr;
  LatLng position;
};

bool IsWaitingForCar(const Board& board, const core::Assignment& assignment) {
  return assignment.state == core::AssignmentState::kWaitingForCar &&
         board.PendingOfferTo(assignment.physician) == nullptr;
}

// In the order in which they are served.
std::vector<const Call*> MatchingCalls(const Board& board) {
  std::vector<const Call*> calls;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const Call* call = board.Find<Call>(id);
    if (call->state == core::CallState::kMatching) calls.push_back(call);
  });
  std::stable_sort(calls.begin(), calls.end(),
                   [](const Call* a, const Call* b) {
                     const auto key = [](const Call& call) {
                       return std::make_tuple(
                           RankOf(call.urgency),
                           call.target_time.value_or(absl::InfiniteFuture()));
                     };
                     return key(*a) < key(*b);
                   });
  return calls;
}

// By the id of their first calls.
std::vector<const core::Assignment*> WaitingCrews(const Board& board) {
  std::vector<const core::Assignment*> crews;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const Call* call = board.Find<Call>(id);
    const core::Assignment* crew =
        board.Find<core::Assignment>(call->assignment);
    if (crew != nullptr && !crew->calls.empty() && crew->calls.front() == id &&
        IsWaitingForCar(board, *crew)) {
      crews.push_back(crew);
    }
  });
  return crews;
}

// --- Who could be sent ------------------------------------------------------

struct Physician {
  const core::Person* person = nullptr;
  const core::Duty* duty = nullptr;
  const core::Organization* employer = nullptr;
  // Why he may not be sent to any call.
  Ruling ruling;
  LatLng place;
  // Of the duty, in minutes from now.
  double end_minutes = 0;
  // In whose car he is, or kNone.
  int driver = kNone;
};

struct Driver {
  const core::Person* person = nullptr;
  const core::Duty* duty = nullptr;
  Ruling ruling;
  LatLng place;
  double end_minutes = 0;
  // When he is free, in minutes from now.
  double free_minutes = 0;
  // Who is in the car then, or kNone.
  int aboard = kNone;
};

double EndMinutes(const std::vector<RotaDuty>& rota, const PersonId& person,
                  Role role, absl::Time now) {
  return absl::ToDoubleMinutes(core::EndOfDuty(rota, person, role, now) - now);
}

// Everybody on duty in the roles of a crew, by id.
struct Crews {
  std::vector<RotaDuty> rota;
  std::vector<Physician> physicians;
  std::vector<Driver> drivers;
};

Crews CrewsOnDuty(const Board& board, absl::Time now) {
  Crews crews;
  crews.rota = core::RotaForRules(board, now);
  board.table<core::Duty>().ForEach(
      [&](const PersonId& id, const core::Duty& duty) {
        const core::Person* person = board.Find<core::Person>(id);
        if (!duty.on_duty || person == nullptr) return;
        if (duty.role == Role::kPhysician) {
          Physician p;
          p.person = person;
          p.duty = &duty;
          p.employer = board.Find<core::Organization>(duty.organization);
          p.ruling = core::RulePhysicianNow(board, crews.rota, id, now, false);
          p.place = PlaceIn(board, crews.rota, id);
          p.end_minutes = EndMinutes(crews.rota, id, duty.role, now);
          crews.physicians.push_back(p);
        } else if (duty.role == Role::kDriver) {
          Driver d;
          d.person = person;
          d.duty = &duty;
          d.ruling = core::RuleDriverNow(board, crews.rota, id, now, false);
          d.place = PlaceIn(board, crews.rota, id);
          d.end_minutes = EndMinutes(crews.rota, id, duty.role, now);
          crews.drivers.push_back(d);
        }
      });
  return crews;
}

// Whether the planner asks for the ways of this physician: he is free, or his
// crew waits for a car.
bool MayGo(const Board& board, const Physician& physician) {
  if (physician.ruling.ok()) return true;
  const core::Assignment* running =
      board.RunningAssignmentOf(physician.person->id);
  return running != nullptr && IsWaitingForCar(board, *running);
}

// --- The plan ---------------------------------------------------------------

// What sending one crew to one stop would mean.
struct Prospect {
  Ruling ruling;
  // Where the ruling is kChosen.
  double arrive_minutes = 0;
  Cost cost;
  bool ok() const { return ruling.ok(); }
};

class Planning {
 public:
  Planning(const Board& board, const TravelTimes& travel_times, absl::Time now,
           const PlanOptions& options)
      : board_(board),
        policy_(board.center().policy),
        travel_times_(travel_times),
        now_(now),
        options_(options),
        max_calls_(std::clamp(options.max_calls, 0, kMaxCalls)),
        looks_ahead_(options.forecast.on && policy_.anticipates),
        visit_times_(LearnVisitTimes(board)),
        crews_(CrewsOnDuty(board, now)) {
    Seat();
    fetch_minutes_.reserve(drivers() * physicians());
    for (const Driver& driver : crews_.drivers) {
      for (const Physician& physician : crews_.physicians) {
        fetch_minutes_.push_back(driver.ruling.ok() && MayGo(board_, physician)
                                     ? FetchMinutes(driver, physician)
                                     : kNoWay);
      }
    }
  }

  // Every place that the plan of a whole night may go to or leave from.
  std::vector<LatLng> NightPlaces() const {
    PlaceNumbers places;
    for (const Driver& driver : crews_.drivers) {
      if (NowOrLater(driver.ruling)) places.Of(driver.place);
    }
    for (const Physician& physician : crews_.physicians) {
      if (!MayGo(board_, physician) && !NowOrLater(physician.ruling)) continue;
      const std::optional<Busy> busy = BusyOf(physician.person->id);
      places.Of(busy.has_value() ? busy->place : physician.place);
      places.Of(HomeOf(physician));
    }
    if (places.places().empty()) return {};
    const auto add = [&](const Call* call) {
      if (call->place.position.has_value()) places.Of(*call->place.position);
    };
    for (const core::Assignment* crew : WaitingCrews(board_)) {
      add(board_.Find<Call>(crew->calls.front()));
    }
    std::vector<const Call*> calls = MatchingCalls(board_);
    if (calls.size() > static_cast<size_t>(max_calls_)) {
      calls.resize(max_calls_);
    }
    for (const Call* call : calls) add(call);
    if (looks_ahead_) {
      for (const LatLng& place : ExpectedPlaces()) places.Of(place);
    }
    return places.places();
  }

  PlanResult Run() {
    for (const core::Assignment* crew : WaitingCrews(board_)) AddWaiting(*crew);
    AddCalls();
    PlanResult result;
    if (options_.max_steps > 0) {
      PlanNight(&result);
    } else {
      Assign();
    }
    for (size_t stop = 0; stop < stops_.size(); ++stop) {
      if (chosen_[stop].empty()) {
        ReportUnmatched(stop, &result);
      } else {
        Offer(stop, &result);
      }
    }
    std::stable_sort(result.offers.begin(), result.offers.end(),
                     [&](const core::OfferVisit& a, const core::OfferVisit& b) {
                       return RankOf(board_.Find<Call>(a.calls[0])->urgency) <
                              RankOf(board_.Find<Call>(b.calls[0])->urgency);
                     });
    for (const Call* call : without_place_) {
      result.unmatched.matches.push_back(MatchWithoutPlace(*call));
    }
    return result;
  }

 private:
  // What a stop asks of everybody, looked up once.
  struct Terms {
    std::vector<CallClock> clocks;
    // The latest start of an agreed window.
    double ready_minutes = 0;
    double visit_minutes = 0;
    int64_t reward = 0;
    // By physician.
    std::vector<Ruling> physician_rulings;
    std::vector<double> go_minutes;
    // What does not depend on the driver.
    std::vector<Cost> physician_costs;
    // By driver.
    std::vector<Ruling> driver_rulings;
  };

  size_t physicians() const { return crews_.physicians.size(); }
  size_t drivers() const { return crews_.drivers.size(); }
  // The index of a physician's own wheels.
  size_t own() const { return drivers(); }

  // Those of physicians who drive themselves among them.
  size_t Cars() const {
    const auto drives = [](const Physician& physician) {
      return physician.person->self_drive;
    };
    return drivers() + std::count_if(crews_.physicians.begin(),
                                     crews_.physicians.end(), drives);
  }

  double Minutes(const LatLng& from, const LatLng& to) const {
    const std::optional<Travel> travel = travel_times_.Get(from, to);
    return travel.has_value() ? absl::ToDoubleMinutes(travel->duration)
                              : kNoWay;
  }
  absl::Duration VisitDuration(const Call& call) const {
    const auto known = options_.visit_durations.find(call.id);
    return known != options_.visit_durations.end() ? known->second
                                                   : policy_.visit_duration;
  }
  // Whoever is in the car is brought home first.
  double FetchMinutes(const Driver& driver, const Physician& physician) const {
    if (physician.driver != kNone) {
      return &crews_.drivers[physician.driver] == &driver ? 0 : kNoWay;
    }
    if (driver.aboard == kNone) return Minutes(driver.place, physician.place);
    const LatLng home = HomeOf(crews_.physicians[driver.aboard]);
    return Minutes(driver.place, home) + Minutes(home, physician.place);
  }
  double FetchMinutes(size_t driver, size_t physician) const {
    return fetch_minutes_[driver * physicians() + physician];
  }

  void AddWaiting(const core::Assignment& crew) {
    Stop stop;
    stop.waits = &crew;
    for (const CallId& id : crew.calls) {
      stop.calls.push_back(board_.Find<Call>(id));
    }
    if (!stop.calls.front()->place.position.has_value()) {
      without_place_.push_back(stop.calls.front());
      return;
    }
    if (stops_.size() >= kMaxStops - static_cast<size_t>(max_calls_)) return;
    stop.position = *stop.calls.front()->place.position;
    terms_.push_back(TermsOf(stop));
    stops_.push_back(std::move(stop));
  }

  void AddCalls() {
    std::vector<const Call*> calls = MatchingCalls(board_);
    if (calls.size() > static_cast<size_t>(max_calls_)) {
      calls.resize(max_calls_);
    }
    continuity_share_ = ContinuityShare(calls.size(), Cars());
    std::vector<char> is_in_stop(calls.size());
    for (size_t i = 0; i < calls.size(); ++i) {
      if (is_in_stop[i]) continue;
      if (!calls[i]->place.position.has_value()) {
        without_place_.push_back(calls[i]);
        continue;
      }
      Stop stop;
      stop.calls = {calls[i]};
      stop.position = *calls[i]->place.position;
      Terms terms = TermsOf(stop);
      std::optional<Begin> alone;
      for (size_t j = i + 1; j < calls.size(); ++j) {
        if (is_in_stop[j] || !IsAtOneAddress(*calls[j], stop.position)) {
          continue;
        }
        if (later_.empty()) later_ = LaterPhysicians();
        if (!alone.has_value()) alone = FirstVisit(terms, stop);
        if (stop.calls.size() == kMaxCallsPerStop ||
            alone->begin_minutes == kNoWay) {
          break;
        }
        Stop more = stop;
        more.calls.push_back(calls[j]);
        Terms more_terms = TermsOf(more);
        const Begin together = FirstVisit(more_terms, more);
        if (together.begin_minutes >
                alone->begin_minutes + kMaxWaitForCompanyMinutes ||
            WaitsForWindow(more_terms, together.arrive_minutes)) {
          continue;
        }
        stop = std::move(more);
        terms = std::move(more_terms);
        is_in_stop[j] = 1;
      }
      // The most urgent first, and of equals those with an infection last: they
      // are seen in one visit.
      std::stable_sort(stop.calls.begin(), stop.calls.end(),
                       [&](const Call* a, const Call* b) {
                         const auto key = [&](const Call& call) {
                           return std::make_pair(RankOf(call.urgency),
                                                 HasInfection(call));
                         };
                         return key(*a) < key(*b);
                       });
      terms_.push_back(std::move(terms));
      stops_.push_back(std::move(stop));
    }
  }

  bool HasInfection(const Call& call) const {
    const core::Patient* patient = board_.Find<core::Patient>(call.patient);
    return patient != nullptr && patient->infection;
  }

  static bool IsAtOneAddress(const Call& call, const LatLng& position) {
    return call.place.position.has_value() &&
           core::DistanceMeters(*call.place.position, position) <=
               kSameAddressMeters;
  }

  Terms TermsOf(const Stop& stop) const {
    Terms terms;
    for (const Call* call : stop.calls) {
      terms.visit_minutes += absl::ToDoubleMinutes(VisitDuration(*call));
      terms.clocks.push_back(ClockOf(policy_, *call, now_));
      terms.ready_minutes =
          std::max(terms.ready_minutes, terms.clocks.back().ready_minutes);
      terms.reward += RewardOf(call->urgency);
    }
    for (const Physician& physician : crews_.physicians) {
      const Ruling ruling = RulingOf(stop, physician);
      terms.physician_rulings.push_back(ruling);
      terms.go_minutes.push_back(
          ruling.ok() ? Minutes(physician.place, stop.position) : kNoWay);
      terms.physician_costs.push_back(CostOf(stop, physician));
    }
    for (const Driver& driver : crews_.drivers) {
      Ruling ruling = driver.ruling;
      for (const Call* call : stop.calls) {
        ruling = core::JoinRulings(
            ruling, core::RuleDriverForCall(driver.person->id, *call, false));
      }
      terms.driver_rulings.push_back(ruling);
    }
    return terms;
  }

  Ruling RulingOf(const Stop& stop, const Physician& physician) const {
    if (stop.waits != nullptr) {
      return {stop.waits->physician == physician.person->id ? Verdict::kChosen
                                                            : Verdict::kBusy};
    }
    Ruling ruling = physician.ruling;
    for (const Call* call : stop.calls) {
      ruling = core::JoinRulings(
          ruling, core::RulePhysicianForCall(board_, physician.person->id,
                                             *call, false));
    }
    return ruling;
  }

  // Of the burden: visits for each hour on duty, as if everybody had been on
  // duty as long as those in his role have been on average.
  double FairShareOf(const core::Duty& duty) const {
    const auto hours = [&](const core::Duty& of) {
      return std::max(1.0, absl::ToDoubleHours(now_ - of.since));
    };
    double all = 0;
    double people = 0;
    const auto add = [&](const auto& crews) {
      for (const auto& each : crews) {
        all += hours(*each.duty);
        people += 1;
      }
    };
    if (duty.role == Role::kPhysician) {
      add(crews_.physicians);
    } else {
      add(crews_.drivers);
    }
    return FairnessCost(policy_, 1) * duty.visits * all /
           (people * hours(duty));
  }

  Cost CostOf(const Stop& stop, const Physician& physician) const {
    Cost cost;
    cost.fairness = FairShareOf(*physician.duty);
    for (const Call* call : stop.calls) {
      const core::Patient* patient = board_.Find<core::Patient>(call->patient);
      cost.continuity += continuity_share_ *
                         ContinuityCost(policy_, patient, physician.person->id,
                                        physician.duty->organization);
      cost.platform += PlatformCost(policy_, physician.employer, patient);
    }
    return cost;
  }

  // `wheels`: a driver, or own().
  Prospect ProspectOf(const Terms& terms, size_t physician,
                      size_t wheels) const {
    const Physician& p = crews_.physicians[physician];
    Prospect prospect;
    prospect.ruling = terms.physician_rulings[physician];
    if (!prospect.ok()) return prospect;
    double end_minutes = p.end_minutes;
    double fetch_minutes = 0;
    if (wheels == own()) {
      if (!p.person->self_drive) {
        prospect.ruling = {Verdict::kNoCar};
        return prospect;
      }
    } else {
      prospect.ruling = terms.driver_rulings[wheels];
      if (!prospect.ok()) return prospect;
      // He sits in another car.
      if (p.driver != kNone && static_cast<size_t>(p.driver) != wheels) {
        prospect.ruling = {Verdict::kBusy};
        return prospect;
      }
      end_minutes = std::min(end_minutes, crews_.drivers[wheels].end_minutes);
      fetch_minutes = FetchMinutes(wheels, physician);
    }
    prospect.arrive_minutes = fetch_minutes + terms.go_minutes[physician];
    if (prospect.arrive_minutes == kNoWay) {
      prospect.ruling = {Verdict::kUnreachable};
      return prospect;
    }
    const double over = std::max(prospect.arrive_minutes, terms.ready_minutes) +
                        terms.visit_minutes - end_minutes;
    // Less than a nanosecond is rounding.
    if (over > 1e-12) {
      prospect.ruling = {Verdict::kShiftEndsBefore, over};
      // He was on duty when he accepted; the rota has changed since.
      if (std::isinf(over)) prospect.ruling = {Verdict::kNotOnRota};
      return prospect;
    }
    prospect.cost = terms.physician_costs[physician];
    if (wheels != own()) {
      prospect.cost.fairness += FairShareOf(*crews_.drivers[wheels].duty);
    }
    for (const CallClock& clock : terms.clocks) {
      prospect.cost.response += ResponseCost(clock, prospect.arrive_minutes);
      prospect.cost.tardiness +=
          TardinessCost(clock, policy_, prospect.arrive_minutes);
    }
    prospect.cost.drive = DriveCost(policy_, prospect.arrive_minutes);
    return prospect;
  }

  // Whether somebody at one door would wait too long for another's agreed
  // window after the crew's arrival.
  static bool WaitsForWindow(const Terms& terms, double arrive_minutes) {
    return std::any_of(terms.clocks.begin(), terms.clocks.end(),
                       [&](const CallClock& clock) {
                         return terms.ready_minutes >
                                std::max(clock.ready_minutes, arrive_minutes) +
                                    kMaxWaitForCompanyMinutes;
                       });
  }

  struct Begin {
    double arrive_minutes = kNoWay;
    // Not before the agreed windows.
    double begin_minutes = kNoWay;
  };
  // A visit to the stop by whoever can begin it first and stay until it is
  // over: those who are busy come when they are free, where the whole night is
  // planned.
  Begin FirstVisit(const Terms& terms, const Stop& stop) const {
    Begin first;
    const bool is_night = options_.max_steps > 0;
    const auto may = [&](const Ruling& ruling) {
      return is_night ? NowOrLater(ruling) : ruling.ok();
    };
    for (size_t p = 0; p < physicians(); ++p) {
      const Physician& physician = crews_.physicians[p];
      const Later& later = later_[p];
      if (!may(terms.physician_rulings[p]) || later.waits_for_car) continue;
      const double go_minutes = Minutes(later.place, stop.position);
      const auto consider = [&](double leave_minutes, double end_minutes) {
        const double arrive = leave_minutes + go_minutes;
        const double begin = std::max(arrive, terms.ready_minutes);
        // Less is rounding.
        if (begin + terms.visit_minutes >
            std::min(end_minutes, physician.end_minutes) + 1e-9) {
          return;
        }
        if (std::tie(begin, arrive) <
            std::tie(first.begin_minutes, first.arrive_minutes)) {
          first = {arrive, begin};
        }
      };
      if (later.drives_himself) consider(later.free_minutes, kNoWay);
      for (size_t d = 0; d < drivers(); ++d) {
        if (!may(terms.driver_rulings[d])) continue;
        const Driver& driver = crews_.drivers[d];
        consider(std::max(driver.free_minutes + later.fetch_minutes[d],
                          later.free_minutes),
                 driver.end_minutes);
      }
    }
    return first;
  }

  // Whether somebody who sits in a car now could serve the stop if another car
  // fetched him when he is done: of no plan, in which nobody changes cars, but
  // crews do part before their duties end.
  bool IsForSomebodyInAnotherCar(const Terms& terms, const Stop& stop) {
    if (later_.empty()) later_ = LaterPhysicians();
    for (size_t p = 0; p < physicians(); ++p) {
      const Physician& physician = crews_.physicians[p];
      const Later& later = later_[p];
      if (physician.driver == kNone || later.waits_for_car ||
          !NowOrLater(terms.physician_rulings[p])) {
        continue;
      }
      for (size_t d = 0; d < drivers(); ++d) {
        if (static_cast<size_t>(physician.driver) == d ||
            !NowOrLater(terms.driver_rulings[d])) {
          continue;
        }
        const Driver& driver = crews_.drivers[d];
        const double arrive =
            std::max(driver.free_minutes + Minutes(driver.place, later.place),
                     later.free_minutes) +
            Minutes(later.place, stop.position);
        if (std::max(arrive, terms.ready_minutes) + terms.visit_minutes <=
            std::min(driver.end_minutes, physician.end_minutes)) {
          return true;
        }
      }
    }
    return false;
  }

  // A physician as soon as he is free.
  struct Later {
    double free_minutes = 0;
    LatLng place;
    bool waits_for_car = false;
    bool drives_himself = false;
    // By driver, from where that one is free then.
    std::vector<double> fetch_minutes;
  };
  std::vector<Later> LaterPhysicians() const {
    std::vector<Later> all(physicians());
    for (size_t p = 0; p < physicians(); ++p) {
      const Physician& physician = crews_.physicians[p];
      const std::optional<Busy> busy = BusyOf(physician.person->id);
      Later& later = all[p];
      later.free_minutes = busy.has_value() ? busy->minutes : 0;
      later.place = busy.has_value() ? busy->place : physician.place;
      later.waits_for_car = WaitsForCar(p);
      later.drives_himself = physician.person->self_drive &&
                             physician.driver == kNone &&
                             (!busy.has_value() || busy->self_drive);
      for (size_t d = 0; d < drivers(); ++d) {
        const Driver& driver = crews_.drivers[d];
        double minutes = 0;
        if (physician.driver != kNone) {
          if (static_cast<size_t>(physician.driver) != d) minutes = kNoWay;
        } else if (driver.aboard != kNone) {
          // Whoever is in the car is brought home first.
          const LatLng home = HomeOf(crews_.physicians[driver.aboard]);
          minutes = Minutes(driver.place, home) + Minutes(home, later.place);
        } else {
          minutes = Minutes(driver.place, later.place);
        }
        later.fetch_minutes.push_back(minutes);
      }
    }
    return all;
  }

  void Assign() {
    // Only those who may go: the problem is smaller for it.
    std::vector<size_t> who;
    for (size_t i = 0; i < physicians(); ++i) {
      if (MayGo(board_, crews_.physicians[i])) who.push_back(i);
    }
    std::vector<size_t> wheels;
    for (size_t i = 0; i < drivers(); ++i) {
      if (crews_.drivers[i].ruling.ok()) wheels.push_back(i);
    }
    CrewProblem problem(static_cast<int>(stops_.size()),
                        static_cast<int>(who.size()),
                        static_cast<int>(wheels.size()));
    wheels.push_back(own());

    struct Entry {
      int stop;
      int physician;
      int wheels;
      double cost;
    };
    std::vector<Entry> entries;
    double greatest = 1;
    for (size_t s = 0; s < stops_.size(); ++s) {
      for (size_t p = 0; p < who.size(); ++p) {
        if (!terms_[s].physician_rulings[who[p]].ok()) continue;
        for (size_t w = 0; w < wheels.size(); ++w) {
          const Prospect prospect = ProspectOf(terms_[s], who[p], wheels[w]);
          if (!prospect.ok()) continue;
          const double cost = prospect.cost.total();
          greatest = std::max(greatest, std::abs(cost));
          entries.push_back({static_cast<int>(s), static_cast<int>(p),
                             static_cast<int>(w), cost});
        }
      }
    }
    const double units = std::min(kUnitsPerMinute, kMaxCostUnits / greatest);
    for (const Entry& entry : entries) {
      problem.at(entry.stop, entry.physician, entry.wheels) =
          std::llround(entry.cost * units) - terms_[entry.stop].reward;
    }

    const CrewPlan plan = AssignCrews(problem);
    chosen_.resize(stops_.size());
    physician_is_used_.assign(physicians(), 0);
    driver_is_used_.assign(drivers(), 0);
    for (size_t s = 0; s < stops_.size(); ++s) {
      if (plan.crews[s].empty()) continue;
      const size_t physician = who[plan.crews[s].physician];
      const size_t chosen_wheels = wheels[plan.crews[s].wheels];
      chosen_[s] = {static_cast<int>(physician),
                    static_cast<int>(chosen_wheels)};
      physician_is_used_[physician] = 1;
      if (chosen_wheels != own()) driver_is_used_[chosen_wheels] = 1;
    }
  }

  // --- The whole night ---

  LatLng HomeOf(const Physician& physician) const {
    if (physician.person->home_position.has_value()) {
      return *physician.person->home_position;
    }
    for (const RotaDuty& duty : crews_.rota) {
      if (duty.person == physician.person->id &&
          duty.base_position.has_value()) {
        return *duty.base_position;
      }
    }
    return board_.center().position;
  }

  // Who is in whose car, and when each car is free.
  void Seat() {
    const std::map<PersonId, PersonId> together = SeatedSinceTheirVisit();
    for (size_t d = 0; d < drivers(); ++d) {
      Driver& driver = crews_.drivers[d];
      const auto known = options_.crews.find(driver.person->id);
      PersonId aboard;
      if (const std::optional<Busy> busy = BusyOf(driver.person->id)) {
        driver.free_minutes = busy->minutes;
        driver.place = busy->place;
        aboard = busy->physician;
      } else if (known != options_.crews.end()) {
        driver.free_minutes = std::max(
            0.0, absl::ToDoubleMinutes(known->second.free_time - now_));
        driver.place = known->second.place;
        aboard = known->second.aboard;
      } else if (const auto seated = together.find(driver.person->id);
                 seated != together.end()) {
        aboard = seated->second;
      }
      for (size_t p = 0; p < physicians(); ++p) {
        Physician& physician = crews_.physicians[p];
        if (physician.person->id != aboard || physician.driver != kNone) {
          continue;
        }
        driver.aboard = static_cast<int>(p);
        physician.driver = static_cast<int>(d);
        physician.place = driver.place;
      }
    }
  }

  // By driver, the physician with whom he has left a visit and still is; and
  // puts the physicians whom their driver left with a patient to that place.
  std::map<PersonId, PersonId> SeatedSinceTheirVisit() {
    std::map<PersonId, PersonId> together;
    // Those who are free now are planned alone, with what is known of them.
    if (options_.max_steps <= 0) return together;
    // By person, the visit that he has left last.
    std::map<PersonId, const core::Assignment*> last;
    board_.table<core::Assignment>().ForEach([&](const core::AssignmentId&,
                                                 const core::Assignment&
                                                     assignment) {
      if (!assignment.leave.has_value()) return;
      for (const PersonId& person : {assignment.physician, assignment.driver}) {
        if (person.empty()) continue;
        const core::Assignment*& newest = last[person];
        if (newest == nullptr ||
            newest->leave->moment() < assignment.leave->moment()) {
          newest = &assignment;
        }
      }
    });
    for (Physician& physician : crews_.physicians) {
      const PersonId& id = physician.person->id;
      const auto found = last.find(id);
      if (found == last.end() || BusyOf(id).has_value()) continue;
      const core::Assignment& visit = *found->second;
      const absl::Time leave_time = visit.leave->moment();
      if (visit.self_drive || leave_time < physician.duty->since) continue;
      const core::Position* position = board_.Find<core::Position>(id);
      if (position != nullptr && position->receive_time < leave_time) {
        position = nullptr;
      }
      if (visit.driver_left) {
        const Call* call = board_.Find<Call>(visit.calls.front());
        if (position == nullptr && call != nullptr &&
            call->place.position.has_value()) {
          physician.place = *call->place.position;
        }
        continue;
      }
      const core::Duty* driver = board_.Find<core::Duty>(visit.driver);
      if (driver == nullptr || leave_time < driver->since ||
          last[visit.driver] != &visit || BusyOf(visit.driver).has_value()) {
        continue;
      }
      const core::Position* of_driver =
          board_.Find<core::Position>(visit.driver);
      if (of_driver != nullptr && of_driver->receive_time < leave_time) {
        of_driver = nullptr;
      }
      // Nobody's phone says that they have parted.
      constexpr double kTogetherMeters = 300;
      constexpr absl::Duration kTrusted = absl::Minutes(30);
      const bool are_together =
          position != nullptr && of_driver != nullptr
              ? core::DistanceMeters(position->position, of_driver->position) <=
                    kTogetherMeters
              : now_ - leave_time <= kTrusted;
      if (are_together) together[visit.driver] = id;
    }
    return together;
  }

  // What somebody is asked or under way for.
  struct Busy {
    // Until it is over, from now.
    double minutes = 0;
    LatLng place;
    PersonId physician;
    bool self_drive = false;
  };
  std::optional<Busy> BusyOf(const PersonId& person) const {
    // A visit that should be over is expected to be over soon; but the longer
    // it has been so, the less soon. Else those who are free would be kept
    // waiting for it all night.
    constexpr double kSoonMinutes = 2;
    constexpr double kOverdueShare = 0.3;
    const auto of = [&](const auto& crew) -> std::optional<Busy> {
      Busy busy;
      // A driver who does not wait is free at the door, alone.
      const bool leaves = crew.driver == person && !policy_.driver_waits;
      const double left = absl::ToDoubleMinutes(
          (leaves ? crew.estimate.arrive_time : crew.estimate.finish_time) -
          now_);
      busy.minutes =
          left > 0
              ? std::max(kSoonMinutes, left)
              : std::clamp(-left * kOverdueShare, kSoonMinutes,
                           std::max(kSoonMinutes, absl::ToDoubleMinutes(
                                                      policy_.visit_duration)));
      if (!leaves) busy.physician = crew.physician;
      busy.self_drive = crew.self_drive;
      for (const CallId& id : crew.calls) {
        const Call* call = board_.Find<Call>(id);
        if (call != nullptr && call->place.position.has_value()) {
          busy.place = *call->place.position;
          return busy;
        }
      }
      // Nobody knows where that is. The two are together, or will be.
      busy.place =
          PlaceIn(board_, crews_.rota,
                  leaves || crew.physician.empty() ? person : crew.physician);
      return busy;
    };
    if (const core::Assignment* running = board_.RunningAssignmentOf(person)) {
      if (running->state == core::AssignmentState::kWaitingForCar) {
        return std::nullopt;
      }
      return of(*running);
    }
    if (const core::Offer* offer = board_.PendingOfferTo(person)) {
      return of(*offer);
    }
    return std::nullopt;
  }

  static bool NowOrLater(const Ruling& ruling) {
    return ruling.ok() || ruling.verdict == Verdict::kBusy;
  }

  // Numbers the places of a problem.
  class PlaceNumbers {
   public:
    int Of(const LatLng& place) {
      const auto [found, added] = numbers_.try_emplace(
          {place.latitude, place.longitude}, static_cast<int>(places_.size()));
      if (added) places_.push_back(place);
      return found->second;
    }
    const std::vector<LatLng>& places() const { return places_; }

   private:
    std::map<std::pair<double, double>, int> numbers_;
    std::vector<LatLng> places_;
  };

  RouteProblem ProblemOf(PlaceNumbers& places) const {
    RouteProblem problem;
    for (const Driver& driver : crews_.drivers) {
      RouteWheels wheels;
      wheels.free_minutes = driver.free_minutes;
      wheels.place = places.Of(driver.place);
      wheels.end_minutes = driver.end_minutes;
      wheels.aboard = driver.aboard;
      wheels.cost_per_stop = FairShareOf(*driver.duty);
      problem.wheels.push_back(wheels);
    }
    for (size_t p = 0; p < physicians(); ++p) {
      const Physician& from = crews_.physicians[p];
      const std::optional<Busy> busy = BusyOf(from.person->id);
      RoutePhysician physician;
      physician.free_minutes = busy.has_value() ? busy->minutes : 0;
      physician.place = places.Of(busy.has_value() ? busy->place : from.place);
      physician.home = places.Of(HomeOf(from));
      physician.end_minutes = from.end_minutes;
      physician.can_be_fetched = from.driver == kNone;
      problem.physicians.push_back(physician);
      if (!from.person->self_drive || from.driver != kNone ||
          (busy.has_value() && !busy->self_drive)) {
        continue;
      }
      RouteWheels wheels;
      wheels.free_minutes = physician.free_minutes;
      wheels.place = physician.place;
      wheels.aboard = static_cast<int>(p);
      wheels.owner = static_cast<int>(p);
      problem.wheels.push_back(wheels);
    }
    for (size_t s = 0; s < stops_.size(); ++s) {
      problem.stops.push_back(RouteStopOf(s, problem.wheels));
      problem.stops.back().place = places.Of(stops_[s].position);
    }
    problem.cost_per_drive_minute = DriveCost(policy_, 1);
    problem.driver_waits = policy_.driver_waits;
    if (looks_ahead_) {
      for (const LatLng& place : ExpectedPlaces()) places.Of(place);
    }
    const int count = static_cast<int>(places.places().size());
    TravelMatrix travel(count);
    std::vector<int> numbers;
    for (const LatLng& place : places.places()) {
      numbers.push_back(travel_times_.IndexOf(place));
    }
    for (int i = 0; i < count; ++i) {
      for (int j = 0; j < count; ++j) {
        if (i == j) continue;
        const std::optional<Travel> way =
            travel_times_.At(numbers[i], numbers[j]);
        if (way.has_value()) {
          travel.at(i, j) = absl::ToDoubleMinutes(way->duration);
        }
      }
    }
    problem.travel = std::make_shared<const TravelMatrix>(std::move(travel));
    return problem;
  }

  RouteStop RouteStopOf(size_t index,
                        const std::vector<RouteWheels>& all_wheels) const {
    const Stop& stop = stops_[index];
    const Terms& terms = terms_[index];
    RouteStop route_stop;
    route_stop.visit_minutes = terms.visit_minutes;
    route_stop.ready_minutes = terms.ready_minutes;
    for (const CallClock& clock : terms.clocks) {
      route_stop.clocks.push_back(WaitClockOf(clock, policy_));
      route_stop.unserved_cost +=
          UnservedCost(clock, policy_, HorizonMinutes());
    }
    // Whoever goes, it costs less than if nobody did.
    double dearest_physician = 0;
    for (size_t p = 0; p < physicians(); ++p) {
      const Ruling& ruling = terms.physician_rulings[p];
      const bool may = stop.waits != nullptr
                           ? ruling.ok()
                           : NowOrLater(ruling) && !WaitsForCar(p);
      const double cost = may ? terms.physician_costs[p].total() : kNever;
      route_stop.physician_costs.push_back(cost);
      if (may) dearest_physician = std::max(dearest_physician, cost);
    }
    double dearest_wheels = 0;
    for (size_t w = 0; w < all_wheels.size(); ++w) {
      route_stop.wheels_allowed.push_back(w >= drivers() ||
                                          NowOrLater(terms.driver_rulings[w]));
      dearest_wheels = std::max(dearest_wheels, all_wheels[w].cost_per_stop);
    }
    route_stop.unserved_cost += dearest_physician + dearest_wheels + 1;
    return route_stop;
  }

  // By when every duty is over, and a night and a day at least.
  double HorizonMinutes() const {
    double horizon = 24 * 60;
    const auto add = [&](const auto& crews) {
      for (const auto& each : crews) {
        if (std::isfinite(each.end_minutes)) {
          horizon = std::max(horizon, each.end_minutes);
        }
      }
    };
    add(crews_.physicians);
    add(crews_.drivers);
    return horizon;
  }

  bool WaitsForCar(size_t physician) const {
    const core::Assignment* running =
        board_.RunningAssignmentOf(crews_.physicians[physician].person->id);
    return running != nullptr &&
           running->state == core::AssignmentState::kWaitingForCar;
  }

  const PersonId& DriverOf(const RouteProblem& problem, size_t wheels) const {
    return wheels < drivers()
               ? crews_.drivers[wheels].person->id
               : crews_.physicians[problem.wheels[wheels].owner].person->id;
  }

  RoutePlan StartOf(const RouteProblem& problem) const {
    std::map<PersonId, const PlannedRoute*> previous;
    for (const PlannedRoute& route : options_.previous) {
      previous[route.driver] = &route;
    }
    std::map<CallId, int> stops;
    for (size_t s = 0; s < stops_.size(); ++s) {
      stops[stops_[s].calls.front()->id] = static_cast<int>(s);
    }
    std::map<PersonId, int> physician_indexes;
    for (size_t p = 0; p < physicians(); ++p) {
      physician_indexes[crews_.physicians[p].person->id] = static_cast<int>(p);
    }
    RoutePlan plan(problem.wheels.size());
    for (size_t w = 0; w < plan.size(); ++w) {
      const auto route = previous.find(DriverOf(problem, w));
      if (route == previous.end()) continue;
      for (const PlannedLeg& leg : route->second->legs) {
        const auto physician = physician_indexes.find(leg.physician);
        if (leg.calls.empty() || physician == physician_indexes.end()) continue;
        const auto stop = stops.find(leg.calls.front());
        if (stop == stops.end()) continue;
        plan[w].legs.push_back({stop->second, physician->second});
      }
    }
    return plan;
  }

  // The routes of all cars over all calls; those that can begin now are
  // offered.
  void PlanNight(PlanResult* result) {
    chosen_.resize(stops_.size());
    physician_is_used_.assign(physicians(), 0);
    driver_is_used_.assign(drivers(), 0);
    PlaceNumbers places;
    const RouteProblem problem = ProblemOf(places);
    SearchOptions search;
    search.max_steps = options_.max_steps;
    search.seed = options_.seed;
    search.is_over = options_.is_over;
    RoutePlan plan = SearchRoutes(problem, StartOf(problem), search).plan;
    if (looks_ahead_) plan = Expect(problem, places, plan, result);
    waiting_.resize(stops_.size());
    const Crowding crowding = CrowdingOf(problem, plan);
    first_stop_of_physician_.assign(physicians(), kNone);
    first_stop_of_driver_.assign(drivers(), kNone);
    for (size_t w = 0; w < plan.size(); ++w) {
      const std::vector<Leg>& legs = plan[w].legs;
      if (legs.empty()) continue;
      if (w < drivers()) first_stop_of_driver_[w] = legs.front().stop;
      PlannedRoute route;
      route.driver = DriverOf(problem, w);
      for (const Leg& leg : legs) {
        PlannedLeg planned;
        for (const Call* call : stops_[leg.stop].calls) {
          planned.calls.push_back(call->id);
        }
        planned.physician = crews_.physicians[leg.physician].person->id;
        int& first_stop = first_stop_of_physician_[leg.physician];
        if (first_stop == kNone) first_stop = leg.stop;
        route.legs.push_back(std::move(planned));
      }
      result->routes.push_back(std::move(route));
      AddArrivals(problem, w, plan[w], crowding, result);
      if (plan[w].hold_minutes == 0) Choose(problem, w, legs.front());
    }
    for (size_t stop = 0; stop < stops_.size(); ++stop) {
      if (chosen_[stop].empty()) SayWhyItWaits(stop, plan, *result);
    }
  }

  // --- What may be promised ---

  // Until both have said yes and set out.
  void AddAnswer(core::Urgency urgency, Arrival* arrival) const {
    if (!options_.crews_answer) return;
    arrival->Add(AnswerMinutes(policy_, urgency), kAnswerSpread);
    arrival->Add(DepartMinutes(policy_), kAnswerSpread);
  }

  void AddVisit(double minutes, size_t calls, double elapsed_minutes,
                Arrival* arrival) const {
    // One visit's length says little of the next one's.
    arrival->AddRest(
        minutes * visit_times_.factor,
        visit_times_.spread / std::sqrt(static_cast<double>(calls)),
        elapsed_minutes);
  }

  // When what somebody is asked or under way for is over; nothing: he is free.
  Arrival RestOf(const PersonId& person) const {
    Arrival rest;
    // A driver who does not wait is free at the door.
    bool leaves = false;
    const auto add_visits = [&](const std::vector<CallId>& calls,
                                double elapsed_minutes) {
      double minutes = 0;
      for (const CallId& id : calls) {
        const Call* call = board_.Find<Call>(id);
        if (call != nullptr) {
          minutes += absl::ToDoubleMinutes(VisitDuration(*call));
        }
      }
      if (!calls.empty() && !leaves) {
        AddVisit(minutes, calls.size(), elapsed_minutes, &rest);
      }
    };
    const auto minutes_to = [&](absl::Time time) {
      return std::max(0.0, absl::ToDoubleMinutes(time - now_));
    };
    if (const core::Assignment* running = board_.RunningAssignmentOf(person)) {
      leaves = running->driver == person && !policy_.driver_waits;
      if (running->state == core::AssignmentState::kOnScene) {
        add_visits(running->calls,
                   running->arrive.has_value()
                       ? absl::ToDoubleMinutes(now_ - running->arrive->moment())
                       : 0);
      } else if (running->state != core::AssignmentState::kWaitingForCar) {
        if (running->state == core::AssignmentState::kAccepted &&
            options_.crews_answer) {
          rest.Add(DepartMinutes(policy_), kAnswerSpread);
        }
        rest.Add(minutes_to(running->estimate.arrive_time),
                 policy_.travel_spread);
        add_visits(running->calls, 0);
      }
    } else if (const core::Offer* offer = board_.PendingOfferTo(person)) {
      leaves = offer->driver == person && !policy_.driver_waits;
      AddAnswer(UrgencyOf(offer->calls), &rest);
      rest.Add(absl::ToDoubleMinutes(offer->estimate.fetch_duration +
                                     offer->estimate.drive_duration),
               policy_.travel_spread);
      add_visits(offer->calls, 0);
    }
    return rest;
  }

  // The most urgent.
  core::Urgency UrgencyOf(const std::vector<CallId>& calls) const {
    core::Urgency urgency = core::Urgency::kRoutine;
    for (const CallId& id : calls) {
      const Call* call = board_.Find<Call>(id);
      if (call != nullptr && RankOf(call->urgency) < RankOf(urgency)) {
        urgency = call->urgency;
      }
    }
    return urgency;
  }

  // Calls that are not known yet and go first because they are more urgent.
  struct Crowding {
    // Calls a minute for each car, in steps of kRateStepMinutes from now on.
    std::vector<double> rates;
    // By rank of urgency, the share of calls that are more urgent.
    std::array<double, 3> more_urgent = {};
    // What one of them costs a car.
    double minutes = 0;
  };
  Crowding CrowdingOf(const RouteProblem& problem,
                      const RoutePlan& plan) const {
    Crowding crowding;
    crowding.rates = ExpectedRates();
    const double cars =
        static_cast<double>(std::max<size_t>(1, problem.wheels.size()));
    for (double& rate : crowding.rates) rate /= cars;
    const std::map<core::Urgency, double> often = UrgenciesSeen();
    double all = 0;
    for (const auto& [urgency, count] : often) all += count;
    for (const auto& [urgency, count] : often) {
      for (size_t rank = RankOf(urgency) + 1; rank < 3; ++rank) {
        crowding.more_urgent[rank] += count / all;
      }
    }
    double minutes = 0;
    double legs = 0;
    Schedule schedule(&problem);
    schedule.Set(plan);
    for (size_t w = 0; w < problem.wheels.size(); ++w) {
      const auto& states = schedule.states(static_cast<int>(w));
      if (states.size() < 2) continue;
      minutes += states.back().Earliest() - states.front().time;
      legs += static_cast<double>(states.size() - 1);
    }
    if (legs > 0) crowding.minutes = minutes / legs;
    return crowding;
  }

  // The wait of one who is served by urgency grows by what comes in meanwhile
  // and goes first (Cobham 1954, "Priority assignment in waiting line
  // problems"): a sum of as many visits as come, by chance (Poisson).
  static void AddCrowding(const Crowding& crowding, core::Urgency urgency,
                          double wait_minutes, Arrival* arrival) {
    double calls = 0;
    double left = wait_minutes;
    for (size_t i = 0; left > 0 && !crowding.rates.empty(); ++i) {
      const double step = std::min(left, kRateStepMinutes);
      calls += step * crowding.rates[std::min(i, crowding.rates.size() - 1)];
      left -= step;
    }
    calls *= crowding.more_urgent[RankOf(urgency)];
    if (!(calls > 0) || wait_minutes <= 0) return;
    // While they are served more of them come. A car that had nothing else to
    // do would be lost for good.
    constexpr double kMostLoad = 0.6;
    const double free =
        1 - std::min(kMostLoad, calls / wait_minutes * crowding.minutes);
    // Of one such visit with its way.
    constexpr double kSpread = 0.4;
    const double mean = calls * crowding.minutes / free;
    const double variance = calls * crowding.minutes * crowding.minutes *
                            (1 + kSpread * kSpread) / (free * free * free);
    arrival->Add(mean, std::sqrt(variance) / mean);
  }

  // When and by when the car is at each of its stops.
  void AddArrivals(const RouteProblem& problem, size_t w, const Route& route,
                   const Crowding& crowding, PlanResult* result) const {
    const RouteWheels& wheels = problem.wheels[w];
    const TravelMatrix& travel = *problem.travel;
    const PersonId& driver = DriverOf(problem, w);
    Arrival arrival = RestOf(driver);
    if (arrival.mean() == 0 && wheels.free_minutes > 0) {
      arrival.Add(wheels.free_minutes, policy_.travel_spread);
    }
    arrival.WaitUntil(route.hold_minutes);
    int place = wheels.place;
    int aboard = wheels.aboard;
    // Of a car that may leave without its physician: when it is at the door.
    std::optional<Arrival> at_door;
    for (const Leg& leg : route.legs) {
      if (at_door.has_value() && aboard != leg.physician) {
        arrival = *at_door;
        aboard = kNone;
      }
      const Stop& stop = stops_[leg.stop];
      const Terms& terms = terms_[leg.stop];
      const RoutePhysician& physician = problem.physicians[leg.physician];
      std::vector<CallId> calls;
      for (const Call* call : stop.calls) calls.push_back(call->id);
      const double wait_minutes = arrival.mean();
      AddAnswer(UrgencyOf(calls), &arrival);
      if (aboard != leg.physician) {
        if (aboard != kNone) {
          const int home = problem.physicians[aboard].home;
          arrival.Add(travel.at(place, home), policy_.travel_spread);
          place = home;
        }
        arrival.Add(travel.at(place, physician.place), policy_.travel_spread);
        arrival.WaitFor(RestOf(crews_.physicians[leg.physician].person->id));
        place = physician.place;
        aboard = leg.physician;
      }
      const int to = problem.stops[leg.stop].place;
      arrival.Add(travel.at(place, to), policy_.travel_spread);
      place = to;
      if (!policy_.driver_waits && wheels.owner == kNone) at_door = arrival;
      Arrival begin = arrival;
      AddCrowding(crowding, UrgencyOf(calls), wait_minutes, &begin);
      begin.WaitUntil(terms.ready_minutes);
      arrival.WaitUntil(terms.ready_minutes);
      for (const CallId& id : calls) {
        PlannedArrival planned;
        planned.call = id;
        planned.physician = crews_.physicians[leg.physician].person->id;
        if (w < drivers()) planned.driver = driver;
        planned.expect_time = now_ + absl::Minutes(begin.mean());
        planned.promise_time = std::max(
            planned.expect_time,
            now_ + absl::Minutes(begin.Quantile(policy_.promise_share)));
        result->arrivals.push_back(std::move(planned));
      }
      AddVisit(terms.visit_minutes, stop.calls.size(), 0, &arrival);
    }
  }

  // Why nobody is offered this stop now, and what is meant to become of it.
  void SayWhyItWaits(size_t stop, const RoutePlan& plan,
                     const PlanResult& result) {
    core::Waiting waiting;
    const Terms& terms = terms_[stop];
    bool anybody_now = false;
    for (size_t p = 0; p < physicians(); ++p) {
      for (size_t w = 0; w <= own(); ++w) {
        if (!ProspectOf(terms, p, w).ok() || physician_is_used_[p] ||
            (w != own() && driver_is_used_[w])) {
          continue;
        }
        anybody_now = true;
      }
    }
    // Whoever could serve it, ever, would be in the plan to do so: serving
    // costs less than not serving. But for those who would have to change cars.
    waiting.reason = IsForSomebodyInAnotherCar(terms, stops_[stop])
                         ? core::WaitReason::kAllBusy
                         : core::WaitReason::kNobody;
    for (const Route& route : plan) {
      for (const Leg& leg : route.legs) {
        if (leg.stop != static_cast<int>(stop)) continue;
        waiting.reason = anybody_now ? core::WaitReason::kLaterCrewCostsLess
                                     : core::WaitReason::kAllBusy;
        if (route.hold_minutes > 0) {
          waiting.reason = core::WaitReason::kKeptFree;
          waiting.expected_urgent_calls = result.expected_urgent_calls;
          waiting.review_time = now_ + absl::Minutes(route.hold_minutes);
        }
      }
    }
    const CallId& first = stops_[stop].calls.front()->id;
    for (const PlannedArrival& arrival : result.arrivals) {
      if (arrival.call != first) continue;
      waiting.physician = arrival.physician;
      waiting.driver = arrival.driver;
      waiting.arrive_time = arrival.expect_time;
      waiting.promise_time = arrival.promise_time;
    }
    waiting_[stop] = std::move(waiting);
  }

  // Where calls come from, as far as it is known: the last ones' places, and
  // where people are based.
  std::vector<LatLng> ExpectedPlaces() const {
    constexpr size_t kMostPlaces = 40;
    std::vector<std::pair<absl::Time, LatLng>> seen;
    board_.table<Call>().ForEach([&](const CallId&, const Call& call) {
      if (IsDemand(call) && call.place.position.has_value()) {
        seen.push_back({core::WaitingSince(call), *call.place.position});
      }
    });
    const size_t count = std::min(seen.size(), kMostPlaces);
    std::partial_sort(
        seen.begin(), seen.begin() + count, seen.end(),
        [](const auto& a, const auto& b) {
          return std::make_tuple(-absl::ToUnixMicros(a.first),
                                 a.second.latitude, a.second.longitude) <
                 std::make_tuple(-absl::ToUnixMicros(b.first),
                                 b.second.latitude, b.second.longitude);
        });
    std::vector<LatLng> places;
    for (size_t i = 0; i < count; ++i) places.push_back(seen[i].second);
    for (size_t p = 0; p < physicians() && places.size() < kMostPlaces / 2;
         ++p) {
      places.push_back(HomeOf(crews_.physicians[p]));
    }
    return places;
  }

  // Whether somebody was wanted at the door, as far as it is known.
  static bool IsDemand(const Call& call) {
    if (call.state == core::CallState::kMerged ||
        call.state == core::CallState::kCancelled ||
        call.outcome == core::Outcome::kMerged ||
        call.outcome == core::Outcome::kCancelled) {
      return false;
    }
    return call.disposition == core::Disposition::kVisit ||
           call.disposition == core::Disposition::kUnspecified;
  }

  // Crews that the rota has around now: cars, each once though several drive
  // it, and those who drive themselves, as far as there are physicians for
  // both.
  double CrewsOfTheNight() const {
    std::set<core::CarId> cars;
    std::set<PersonId> drivers_alone;
    std::set<PersonId> all_physicians;
    std::set<PersonId> own_wheels;
    for (const RotaDuty& duty : crews_.rota) {
      if (duty.reserve || duty.start_time > now_ + absl::Hours(7) ||
          duty.end_time < now_ - absl::Hours(7)) {
        continue;
      }
      if (duty.role == Role::kDriver) {
        if (duty.car.empty()) {
          drivers_alone.insert(duty.person);
        } else {
          cars.insert(duty.car);
        }
      } else if (duty.role == Role::kPhysician) {
        all_physicians.insert(duty.person);
        const core::Person* person = board_.Find<core::Person>(duty.person);
        if (person != nullptr && person->self_drive) {
          own_wheels.insert(duty.person);
        }
      }
    }
    const size_t driven = cars.size() + drivers_alone.size();
    return static_cast<double>(std::max(
        driven, std::min(driven + own_wheels.size(), all_physicians.size())));
  }

  // Since when calls would have been seen, of the last hours: crews were on
  // duty, or one came.
  absl::Time SeenSince(absl::Time earliest) const {
    absl::Time since = now_;
    board_.table<core::Duty>().ForEach([&](const PersonId&,
                                           const core::Duty& duty) {
      if ((duty.role == Role::kPhysician || duty.role == Role::kDriver) &&
          duty.since <= now_ && (duty.on_duty || duty.end_time > earliest)) {
        since = std::min(since, duty.since);
      }
    });
    board_.table<Call>().ForEach([&](const CallId&, const Call& call) {
      if (core::WaitingSince(call) > earliest) {
        since = std::min(since, core::WaitingSince(call));
      }
    });
    return std::max(since, earliest);
  }

  // Calls a minute, from now on.
  std::vector<double> ExpectedRates() const {
    const absl::TimeZone zone = core::ZoneNamed(board_.center().time_zone);
    const auto weight = [&](absl::Time time) {
      return HourWeight(zone.At(time).cs.hour());
    };
    constexpr double kNightWeight = 10.2;
    // Calls in an hour of weight 1, as taken for granted.
    const double usual =
        CrewsOfTheNight() * options_.forecast.calls_per_car / kNightWeight;
    constexpr absl::Duration kBack = absl::Hours(4);
    const absl::Time back = now_ - kBack;
    int seen = 0;
    board_.table<Call>().ForEach([&](const CallId&, const Call& call) {
      const absl::Time time = core::WaitingSince(call);
      if (IsDemand(call) && time > back && time <= now_) ++seen;
    });
    const absl::Time first = SeenSince(back);
    double expected = 0;
    for (absl::Time time = back; time < now_;
         time += absl::Minutes(kRateStepMinutes)) {
      if (time < first) continue;
      expected += usual * weight(time) * kRateStepMinutes / 60;
    }
    // As if so many had been seen as usual before.
    const double trust = 10;
    const double factor = (trust + seen) / (trust + expected);
    std::vector<double> rates;
    double calls = 0;
    for (double minutes = 0; minutes < options_.forecast.horizon_minutes &&
                             calls < options_.forecast.max_calls;
         minutes += kRateStepMinutes) {
      rates.push_back(usual * factor * weight(now_ + absl::Minutes(minutes)) /
                      60);
      calls += rates.back() * kRateStepMinutes;
    }
    return rates;
  }

  // What was seen lately, beside what is usual: of ten calls one is urgent and
  // three are standard.
  std::map<core::Urgency, double> UrgenciesSeen() const {
    std::map<core::Urgency, double> seen = {{core::Urgency::kUrgent, 2},
                                            {core::Urgency::kStandard, 6},
                                            {core::Urgency::kRoutine, 12}};
    board_.table<Call>().ForEach([&](const CallId&, const Call& call) {
      if (IsDemand(call) && call.urgency != core::Urgency::kUnspecified) {
        ++seen[call.urgency];
      }
    });
    return seen;
  }

  Forecast ForecastOf(const RouteProblem& problem, PlaceNumbers& places) const {
    Forecast forecast;
    forecast.rates = ExpectedRates();
    for (const LatLng& place : ExpectedPlaces()) {
      forecast.places.push_back(places.Of(place));
    }
    // What was seen lately, beside what is usual: three quarters need no
    // special skill.
    constexpr int kUrgentTries = 16;
    std::set<core::Skill> special;
    for (const Physician& physician : crews_.physicians) {
      for (core::Skill skill : physician.person->skills) special.insert(skill);
    }
    std::vector<core::Skill> rare;
    for (core::Skill skill : special) {
      for (const Physician& physician : crews_.physicians) {
        const auto& skills = physician.person->skills;
        if (std::find(skills.begin(), skills.end(), skill) == skills.end()) {
          rare.push_back(skill);
          break;
        }
      }
    }
    std::map<core::Skill, double> needs = {{core::Skill::kUnspecified, 15}};
    for (core::Skill skill : rare) {
      needs[skill] = 5.0 / static_cast<double>(rare.size());
    }
    double visit_minutes = 5 * absl::ToDoubleMinutes(policy_.visit_duration);
    double visits = 5;
    board_.table<Call>().ForEach([&](const CallId&, const Call& call) {
      if (!IsDemand(call)) return;
      core::Skill need = core::Skill::kUnspecified;
      for (core::Skill skill : core::RequiredSkills(board_, call)) {
        if (needs.count(skill) > 0) need = skill;
      }
      ++needs[need];
      visit_minutes += absl::ToDoubleMinutes(VisitDuration(call));
      ++visits;
    });
    for (const auto& [urgency, often] : UrgenciesSeen()) {
      for (const auto& [skill, share] : needs) {
        Forecast::Kind kind;
        kind.weight = often * share;
        if (urgency == core::Urgency::kUrgent) kind.tries = kUrgentTries;
        kind.stop.visit_minutes = visit_minutes / visits;
        CallClock clock;
        clock.urgency_weight = UrgencyWeight(policy_, urgency);
        clock.target_minutes = TargetMinutes(urgency);
        kind.stop.clocks = {WaitClockOf(clock, policy_)};
        kind.stop.unserved_cost =
            UnservedCost(clock, policy_, HorizonMinutes());
        for (size_t p = 0; p < physicians(); ++p) {
          const auto& skills = crews_.physicians[p].person->skills;
          const bool may =
              NowOrLater(crews_.physicians[p].ruling) &&
              (skill == core::Skill::kUnspecified ||
               std::find(skills.begin(), skills.end(), skill) != skills.end());
          kind.stop.physician_costs.push_back(may ? 0 : kNever);
        }
        for (size_t w = 0; w < problem.wheels.size(); ++w) {
          kind.stop.wheels_allowed.push_back(
              w >= drivers() || NowOrLater(crews_.drivers[w].ruling));
        }
        forecast.kinds.push_back(std::move(kind));
      }
    }
    return forecast;
  }

  double TargetMinutes(core::Urgency urgency) const {
    switch (urgency) {
      case core::Urgency::kUrgent:
        return absl::ToDoubleMinutes(policy_.urgent_target);
      case core::Urgency::kRoutine:
        return absl::ToDoubleMinutes(policy_.routine_target);
      case core::Urgency::kStandard:
      case core::Urgency::kUnspecified:
        return absl::ToDoubleMinutes(policy_.standard_target);
    }
    return absl::ToDoubleMinutes(policy_.standard_target);
  }

  // The plan as it is better for the calls that are to be expected.
  RoutePlan Expect(const RouteProblem& problem, PlaceNumbers& places,
                   const RoutePlan& plan, PlanResult* result) const {
    const Forecast forecast = ForecastOf(problem, places);
    constexpr size_t kHour = 60 / static_cast<size_t>(kRateStepMinutes);
    for (size_t i = 0; i < forecast.rates.size() && i < kHour; ++i) {
      result->expected_calls += forecast.rates[i] * kRateStepMinutes;
    }
    double all = 0;
    double urgent = 0;
    for (const Forecast::Kind& kind : forecast.kinds) {
      all += kind.weight;
      if (kind.tries > 1) urgent += kind.weight;
    }
    if (all > 0) {
      result->expected_urgent_calls = result->expected_calls * urgent / all;
    }
    OutlookOptions options;
    options.max_steps = options_.forecast.max_steps;
    if (policy_.holds) options.hold_minutes = {10, 20, 40};
    options.is_over = options_.is_over;
    if (options_.forecast.relocates) options.places = forecast.places;
    std::sort(options.places.begin(), options.places.end());
    options.places.erase(
        std::unique(options.places.begin(), options.places.end()),
        options.places.end());
    const int count = ScenariosWorth(
        problem, plan,
        MakeScenarios(forecast, 1, options_.forecast.seed).front(),
        options.max_steps, options_.forecast.scenarios);
    if (count == 0) return plan;
    const Outlook outlook = LookAhead(
        problem, plan, MakeScenarios(forecast, count, options_.forecast.seed),
        options);
    for (const Standby& standby : outlook.standbys) {
      StandbyMove move;
      move.driver = DriverOf(problem, standby.wheels);
      if (standby.physician != kNone) {
        move.physician = crews_.physicians[standby.physician].person->id;
      }
      if (standby.place != kNone) {
        move.place = places.places()[standby.place];
      }
      result->standbys.push_back(std::move(move));
    }
    return outlook.plan;
  }

  // Takes the first leg of a car if it can begin now.
  void Choose(const RouteProblem& problem, size_t wheels, const Leg& leg) {
    const size_t index = std::min(wheels, own());
    if (problem.wheels[wheels].free_minutes > 0 ||
        problem.physicians[leg.physician].free_minutes > 0) {
      return;
    }
    const size_t physician = leg.physician;
    if (!ProspectOf(terms_[leg.stop], physician, index).ok()) return;
    chosen_[leg.stop] = {static_cast<int>(physician), static_cast<int>(index)};
    physician_is_used_[physician] = 1;
    if (index != own()) driver_is_used_[index] = 1;
  }

  // --- The answer ---

  core::Estimate EstimateOf(size_t stop, const Crew& crew) const {
    const LatLng& from = crews_.physicians[crew.physician].place;
    core::Estimate estimate;
    if (static_cast<size_t>(crew.wheels) != own()) {
      estimate.fetch_duration = absl::Minutes(FetchMinutes(
          crews_.drivers[crew.wheels], crews_.physicians[crew.physician]));
    }
    const Travel drive = *travel_times_.Get(from, stops_[stop].position);
    estimate.drive_duration = drive.duration;
    estimate.drive_distance_meters = drive.distance_meters;
    estimate.arrive_time =
        now_ + estimate.fetch_duration + estimate.drive_duration;
    absl::Time begin = estimate.arrive_time;
    for (const Call* call : stops_[stop].calls) {
      if (call->schedule.has_value()) {
        begin = std::max(begin, call->schedule->start_time);
      }
    }
    estimate.finish_time = begin;
    for (const Call* call : stops_[stop].calls) {
      estimate.finish_time += VisitDuration(*call);
    }
    Arrival arrival;
    std::vector<CallId> calls;
    for (const Call* call : stops_[stop].calls) calls.push_back(call->id);
    AddAnswer(UrgencyOf(calls), &arrival);
    arrival.Add(absl::ToDoubleMinutes(estimate.fetch_duration),
                policy_.travel_spread);
    arrival.Add(absl::ToDoubleMinutes(estimate.drive_duration),
                policy_.travel_spread);
    arrival.WaitUntil(terms_[stop].ready_minutes);
    estimate.promise_time =
        std::max(estimate.arrive_time,
                 now_ + absl::Minutes(arrival.Quantile(policy_.promise_share)));
    return estimate;
  }

  void Offer(size_t stop, PlanResult* result) const {
    const Crew& crew = chosen_[stop];
    core::OfferVisit offer;
    for (const Call* call : stops_[stop].calls) offer.calls.push_back(call->id);
    offer.physician = crews_.physicians[crew.physician].person->id;
    offer.self_drive = static_cast<size_t>(crew.wheels) == own();
    if (!offer.self_drive) {
      offer.driver = crews_.drivers[crew.wheels].person->id;
      offer.car = crews_.drivers[crew.wheels].duty->car;
    }
    offer.estimate = EstimateOf(stop, crew);
    if (stops_[stop].waits != nullptr) {
      offer.replaces_car_of = stops_[stop].waits->id;
    }
    const core::Match match = Explain(stop);
    for (const Call* call : stops_[stop].calls) {
      offer.matches.push_back(match);
      offer.matches.back().call = call->id;
      // The trip's first call stands for a crew that is known already.
      if (stops_[stop].waits != nullptr) break;
    }
    result->offers.push_back(std::move(offer));
  }

  void ReportUnmatched(size_t stop, PlanResult* result) const {
    const core::Match match = Explain(stop);
    for (const Call* call : stops_[stop].calls) {
      result->unmatched.matches.push_back(match);
      result->unmatched.matches.back().call = call->id;
      if (stops_[stop].waits != nullptr) break;
    }
  }

  // Without the call, of which a stop may have several.
  core::Match Explain(size_t stop) const {
    core::Match match;
    match.create_time = now_;
    match.matched = !chosen_[stop].empty();
    match.travel_times = travel_times_.description();
    if (!match.matched && stop < waiting_.size())
      match.waiting = waiting_[stop];
    for (size_t p = 0; p < physicians(); ++p) {
      if (stops_[stop].waits != nullptr &&
          stops_[stop].waits->physician != crews_.physicians[p].person->id) {
        continue;
      }
      match.candidates.push_back(ExplainPhysician(stop, p));
    }
    if (stops_[stop].waits == nullptr) AddAbsent(&match.candidates);
    SortCandidates(match.matched, &match.candidates);
    if (match.matched) {
      match.drivers = ExplainDrivers(stop, chosen_[stop].physician);
    } else if (stops_[stop].waits != nullptr) {
      for (size_t p = 0; p < physicians(); ++p) {
        if (stops_[stop].waits->physician == crews_.physicians[p].person->id) {
          match.drivers = ExplainDrivers(stop, p);
        }
      }
    }
    return match;
  }

  Candidate CandidateOf(size_t physician, size_t wheels,
                        const Prospect& prospect) const {
    Candidate candidate;
    candidate.physician = crews_.physicians[physician].person->id;
    if (wheels == own()) {
      candidate.self_drive = crews_.physicians[physician].person->self_drive;
    } else {
      candidate.driver = crews_.drivers[wheels].person->id;
      candidate.car = crews_.drivers[wheels].duty->car;
    }
    candidate.verdict = prospect.ruling.verdict;
    candidate.figure = prospect.ruling.figure;
    if (prospect.ok()) {
      candidate.arrive_time = now_ + absl::Minutes(prospect.arrive_minutes);
      candidate.cost = prospect.cost.total();
      candidate.response_cost = prospect.cost.response;
      candidate.tardiness_cost = prospect.cost.tardiness;
      candidate.continuity_cost = prospect.cost.continuity;
      candidate.fairness_cost = prospect.cost.fairness;
      candidate.platform_cost = prospect.cost.platform;
      candidate.drive_cost = prospect.cost.drive;
    }
    return candidate;
  }

  // Why a pair that might go does not; `is_meant`: it, or half of it, is to go
  // to another call as soon as the other half can.
  static Verdict WhyNot(const Prospect& prospect, const Prospect& chosen,
                        bool is_meant) {
    if (is_meant && prospect.cost.total() <= chosen.cost.total()) {
      return Verdict::kUsedForOtherCall;
    }
    return prospect.arrive_minutes > chosen.arrive_minutes
               ? Verdict::kLaterArrival
               : Verdict::kHigherCost;
  }

  // Whether the plan has him for another stop first. `wheels`: a driver, or
  // own().
  bool IsPhysicianMeant(size_t stop, size_t physician) const {
    if (first_stop_of_physician_.empty()) return false;
    const int first = first_stop_of_physician_[physician];
    return first != kNone && first != static_cast<int>(stop);
  }
  bool IsDriverMeant(size_t stop, size_t wheels) const {
    if (wheels == own() || first_stop_of_driver_.empty()) return false;
    const int first = first_stop_of_driver_[wheels];
    return first != kNone && first != static_cast<int>(stop);
  }

  // Why nobody is sent though this pair might go.
  static Verdict WhyKept(core::WaitReason reason) {
    switch (reason) {
      case core::WaitReason::kKeptFree:
        return Verdict::kKeptFree;
      case core::WaitReason::kNobody:
        // There is not the time for all of them.
        return Verdict::kUsedForOtherCall;
      case core::WaitReason::kUnspecified:
      case core::WaitReason::kAllBusy:
      case core::WaitReason::kLaterCrewCostsLess:
        return Verdict::kLaterCrewCostsLess;
    }
    return Verdict::kLaterCrewCostsLess;
  }

  // With the best wheels for him that no other stop has, or whatever stands in
  // the way.
  Candidate ExplainPhysician(size_t stop, size_t physician) const {
    const Terms& terms = terms_[stop];
    const Crew& chosen = chosen_[stop];
    if (!terms.physician_rulings[physician].ok()) {
      Candidate bare = Bare(physician, terms.physician_rulings[physician]);
      if (bare.verdict == Verdict::kBusy) {
        bare.free_time = FreeTimeOf(bare.physician);
      }
      return bare;
    }
    if (!chosen.empty() && static_cast<size_t>(chosen.physician) == physician) {
      return CandidateOf(physician, chosen.wheels,
                         ProspectOf(terms, physician, chosen.wheels));
    }
    size_t best = own();
    Prospect best_prospect;
    // Those that nothing but another stop stands in the way of.
    bool best_is_free = false;
    for (size_t w = 0; w <= own(); ++w) {
      const Prospect prospect = ProspectOf(terms, physician, w);
      if (!prospect.ok()) continue;
      const bool is_free =
          w == own() || !driver_is_used_[w] ||
          (!chosen.empty() && static_cast<size_t>(chosen.wheels) == w);
      const auto key = [](bool free, const Prospect& p) {
        return std::make_tuple(!free, p.cost.total());
      };
      if (!best_prospect.ok() ||
          key(is_free, prospect) < key(best_is_free, best_prospect)) {
        best = w;
        best_prospect = prospect;
        best_is_free = is_free;
      }
    }
    if (!best_prospect.ok()) return Obstacle(stop, physician);
    Candidate candidate = CandidateOf(physician, best, best_prospect);
    const bool is_bound = physician_is_used_[physician] || !best_is_free;
    if (is_bound || chosen.empty()) {
      candidate.verdict = Verdict::kUsedForOtherCall;
      if (is_bound) {
        candidate.free_time = FreeTimeInPlan(candidate);
      } else if (stop < waiting_.size() && waiting_[stop].has_value()) {
        candidate.verdict = WhyKept(waiting_[stop]->reason);
      }
      // Whose car it would have been changes with every position; while nobody
      // is found the same reasons are to stay the same.
      if (chosen.empty()) {
        candidate.driver = PersonId();
        candidate.car = core::CarId();
        candidate.self_drive = false;
      }
      return candidate;
    }
    const Prospect of_chosen =
        ProspectOf(terms, chosen.physician, chosen.wheels);
    candidate.verdict =
        WhyNot(best_prospect, of_chosen,
               IsPhysicianMeant(stop, physician) || IsDriverMeant(stop, best));
    candidate.excess_cost = ExcessOf(best_prospect, of_chosen);
    return candidate;
  }

  // By how much less would have to be, so that this call alone would be better
  // served by him; none: it is the plan of all calls that is better so.
  static double ExcessOf(const Prospect& prospect, const Prospect& chosen) {
    return std::max(0.0, prospect.cost.total() - chosen.cost.total());
  }

  std::optional<absl::Time> FreeTimeOf(const PersonId& person) const {
    const std::optional<Busy> busy = BusyOf(person);
    if (!busy.has_value()) return std::nullopt;
    return now_ + absl::Minutes(busy->minutes);
  }

  // When the offers of this plan would set the candidate free.
  std::optional<absl::Time> FreeTimeInPlan(const Candidate& candidate) const {
    std::optional<absl::Time> time;
    for (size_t stop = 0; stop < stops_.size(); ++stop) {
      const Crew& crew = chosen_[stop];
      if (crew.empty()) continue;
      const bool has_physician =
          crews_.physicians[crew.physician].person->id == candidate.physician;
      const bool has_driver =
          static_cast<size_t>(crew.wheels) != own() &&
          crews_.drivers[crew.wheels].person->id == candidate.driver;
      if (!has_physician && !has_driver) continue;
      const absl::Time finish_time = EstimateOf(stop, crew).finish_time;
      if (!time.has_value() || finish_time > *time) time = finish_time;
    }
    return time;
  }

  Candidate Bare(size_t physician, const Ruling& ruling) const {
    Candidate candidate;
    candidate.physician = crews_.physicians[physician].person->id;
    candidate.verdict = ruling.verdict;
    candidate.figure = ruling.figure;
    return candidate;
  }

  // Nobody can drive him there: what would have to change, the likeliest first.
  // It is his own matter if it stands in the way whoever drives.
  Candidate Obstacle(size_t stop, size_t physician) const {
    constexpr std::array kLikeliest = {
        Verdict::kUnreachable, Verdict::kShiftEndsBefore, Verdict::kNotOnRota,
        Verdict::kBusy,        Verdict::kUnanswered,      Verdict::kDeclined,
        Verdict::kReserve,     Verdict::kCarBrokenDown,   Verdict::kNoSeat,
        Verdict::kNoContract,
    };
    const auto rank = [&](const Ruling& ruling) {
      return std::find(kLikeliest.begin(), kLikeliest.end(), ruling.verdict) -
             kLikeliest.begin();
    };
    const Terms& terms = terms_[stop];
    if (terms.go_minutes[physician] == kNoWay) {
      return Bare(physician, {Verdict::kUnreachable});
    }
    Ruling likeliest{Verdict::kNoCar};
    size_t driver = own();
    for (size_t w = 0; w <= own(); ++w) {
      const Ruling ruling = ProspectOf(terms, physician, w).ruling;
      if (rank(ruling) < rank(likeliest) ||
          (rank(ruling) == rank(likeliest) &&
           ruling.figure < likeliest.figure)) {
        likeliest = ruling;
        driver = w;
      }
    }
    Candidate candidate = Bare(physician, likeliest);
    if (driver != own() && !terms.driver_rulings[driver].ok()) {
      candidate.driver = crews_.drivers[driver].person->id;
      candidate.car = crews_.drivers[driver].duty->car;
      if (likeliest.verdict == Verdict::kBusy) {
        candidate.free_time = FreeTimeOf(candidate.driver);
      }
    }
    return candidate;
  }

  // The physicians whom the rota has on duty now, and who are not.
  void AddAbsent(std::vector<Candidate>* candidates) const {
    std::set<PersonId> absent;
    for (const RotaDuty& duty : crews_.rota) {
      if (duty.role != Role::kPhysician || duty.reserve ||
          duty.start_time > now_ || duty.end_time <= now_) {
        continue;
      }
      const core::Duty* actual = board_.Find<core::Duty>(duty.person);
      if (actual != nullptr && actual->on_duty &&
          actual->role == Role::kPhysician) {
        continue;
      }
      absent.insert(duty.person);
    }
    for (const PersonId& person : absent) {
      Candidate candidate;
      candidate.physician = person;
      candidate.verdict = Verdict::kNotOnDuty;
      candidates->push_back(std::move(candidate));
    }
  }

  // The chosen one, then those who might have gone by cost, then the others by
  // id. While nobody is found all are by id: see ExplainPhysician.
  static void SortCandidates(bool matched, std::vector<Candidate>* candidates) {
    std::sort(candidates->begin(), candidates->end(),
              [&](const Candidate& a, const Candidate& b) {
                const auto key = [&](const Candidate& c) {
                  return std::make_tuple(
                      matched && c.verdict != Verdict::kChosen,
                      matched && !c.arrive_time.has_value(),
                      matched ? c.cost : 0, c.physician, c.driver);
                };
                return key(a) < key(b);
              });
  }

  // For one physician, every driver and his own wheels if he has any.
  std::vector<Candidate> ExplainDrivers(size_t stop, size_t physician) const {
    const Crew& chosen = chosen_[stop];
    std::vector<Candidate> rows;
    for (size_t w = 0; w <= own(); ++w) {
      if (w == own() && !crews_.physicians[physician].person->self_drive) {
        continue;
      }
      const Prospect prospect = ProspectOf(terms_[stop], physician, w);
      Candidate row = CandidateOf(physician, w, prospect);
      const bool is_chosen =
          !chosen.empty() && static_cast<size_t>(chosen.wheels) == w;
      if (prospect.ok() && !is_chosen) {
        const bool is_used =
            chosen.empty() || (w != own() && driver_is_used_[w]);
        row.verdict = Verdict::kUsedForOtherCall;
        if (!is_used) {
          const Prospect of_chosen =
              ProspectOf(terms_[stop], chosen.physician, chosen.wheels);
          row.verdict = WhyNot(prospect, of_chosen, IsDriverMeant(stop, w));
          row.excess_cost = ExcessOf(prospect, of_chosen);
        }
      }
      if (row.verdict == Verdict::kBusy) row.free_time = FreeTimeOf(row.driver);
      rows.push_back(std::move(row));
    }
    SortCandidates(!chosen.empty(), &rows);
    return rows;
  }

  core::Match MatchWithoutPlace(const Call& call) const {
    core::Match match;
    match.call = call.id;
    match.create_time = now_;
    match.travel_times = travel_times_.description();
    for (size_t p = 0; p < physicians(); ++p) {
      match.candidates.push_back(Bare(p, {Verdict::kUnreachable}));
    }
    AddAbsent(&match.candidates);
    SortCandidates(false, &match.candidates);
    return match;
  }

  const Board& board_;
  const core::Policy& policy_;
  const TravelTimes& travel_times_;
  const absl::Time now_;
  const PlanOptions& options_;
  const int max_calls_;
  const bool looks_ahead_;
  const VisitTimes visit_times_;
  Crews crews_;
  // By driver, then physician.
  std::vector<double> fetch_minutes_;
  // By physician; made when two calls are at one address.
  std::vector<Later> later_;

  std::vector<Stop> stops_;
  std::vector<Terms> terms_;
  double continuity_share_ = 1;
  std::vector<const Call*> without_place_;

  // By stop: indexes of crews_; own() for wheels.
  std::vector<Crew> chosen_;
  // By stop, where the whole night is planned; of those without a crew.
  std::vector<std::optional<core::Waiting>> waiting_;
  std::vector<char> physician_is_used_;
  std::vector<char> driver_is_used_;
  // Where the whole night is planned: the first in the route that has them, or
  // kNone.
  std::vector<int> first_stop_of_physician_;
  std::vector<int> first_stop_of_driver_;
};

// Each place once, in the order of their first use.
class Places {
 public:
  void Add(const LatLng& place) {
    if (seen_.emplace(place.latitude, place.longitude).second) {
      places_.push_back(place);
    }
  }
  std::vector<LatLng> Take() && { return std::move(places_); }
  bool empty() const { return places_.empty(); }

 private:
  std::set<std::pair<double, double>> seen_;
  std::vector<LatLng> places_;
};

}  // namespace

int TravelTimes::Add(const LatLng& place) {
  const auto [found, added] = indexes_.try_emplace(
      {place.latitude, place.longitude}, static_cast<int>(indexes_.size()));
  if (added) table_.emplace_back();
  return found->second;
}

void TravelTimes::Set(const LatLng& from, const LatLng& to, Travel travel) {
  const int row_index = Add(from);
  const size_t column = Add(to);
  std::vector<Cell>& row = table_[row_index];
  if (column >= row.size()) row.resize(table_.size());
  row[column] = travel;
}

int TravelTimes::IndexOf(const LatLng& place) const {
  const auto found = indexes_.find({place.latitude, place.longitude});
  return found == indexes_.end() ? -1 : found->second;
}

std::optional<Travel> TravelTimes::At(int from, int to) const {
  if (from < 0 || to < 0) return std::nullopt;
  const std::vector<Cell>& row = table_[from];
  if (static_cast<size_t>(to) < row.size() && row[to].has_value()) {
    return row[to];
  }
  if (from == to) return Travel{};
  return std::nullopt;
}

std::optional<Travel> TravelTimes::Get(const LatLng& from,
                                       const LatLng& to) const {
  if (from == to && IndexOf(from) < 0) return Travel{};
  return At(IndexOf(from), IndexOf(to));
}

LatLng PlaceOf(const Board& board, const PersonId& person) {
  const core::Duty* duty = board.Find<core::Duty>(person);
  if (duty == nullptr) return PlaceIn(board, {}, person);
  return PlaceIn(board,
                 core::RotaBetween(board, duty->end_time - absl::Seconds(1),
                                   duty->end_time),
                 person);
}

bool WantsPlan(const Board& board) {
  bool wants = false;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const Call* call = board.Find<Call>(id);
    const core::Assignment* crew =
        board.Find<core::Assignment>(call->assignment);
    wants = call->state == core::CallState::kMatching ||
            (crew != nullptr && IsWaitingForCar(board, *crew));
    return !wants;
  });
  return wants;
}

bool WantsAdvice(const Board& board) {
  if (!board.center().policy.anticipates) return false;
  bool wants = false;
  board.table<core::Duty>().ForEach(
      [&](const PersonId& id, const core::Duty& duty) {
        wants = duty.on_duty && duty.role == Role::kDriver &&
                board.RunningAssignmentOf(id) == nullptr &&
                board.PendingOfferTo(id) == nullptr;
        return !wants;
      });
  return wants;
}

absl::Time PromiseFor(const core::Policy& policy, absl::Time now,
                      absl::Time arrive_time, double spread,
                      bool has_departed) {
  Arrival arrival;
  if (!has_departed) arrival.Add(DepartMinutes(policy), kAnswerSpread);
  arrival.Add(std::max(0.0, absl::ToDoubleMinutes(arrive_time - now)), spread);
  return std::max(arrive_time,
                  now + absl::Minutes(arrival.Quantile(policy.promise_share)));
}

std::vector<TravelRequest> TravelNeeded(const Board& board, absl::Time now,
                                        const PlanOptions& options) {
  if (options.max_steps > 0) {
    if (!WantsPlan(board) && !WantsAdvice(board)) return {};
    const TravelTimes none("none");
    std::vector<LatLng> places =
        Planning(board, none, now, options).NightPlaces();
    if (places.empty()) return {};
    return {{places, places}};
  }
  Places calls;
  for (const Call* call : MatchingCalls(board)) {
    if (call->place.position.has_value()) calls.Add(*call->place.position);
  }
  for (const core::Assignment* crew : WaitingCrews(board)) {
    const Call* call = board.Find<Call>(crew->calls.front());
    if (call->place.position.has_value()) calls.Add(*call->place.position);
  }
  if (calls.empty()) return {};
  const Crews crews = CrewsOnDuty(board, now);
  Places physicians;
  for (const Physician& physician : crews.physicians) {
    if (MayGo(board, physician)) physicians.Add(physician.place);
  }
  if (physicians.empty()) return {};
  Places drivers;
  for (const Driver& driver : crews.drivers) {
    if (driver.ruling.ok()) drivers.Add(driver.place);
  }
  std::vector<TravelRequest> requests;
  const std::vector<LatLng> origins = std::move(physicians).Take();
  if (!drivers.empty())
    requests.push_back({std::move(drivers).Take(), origins});
  requests.push_back({origins, std::move(calls).Take()});
  return requests;
}

PlanResult Plan(const Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options) {
  return Planning(board, travel_times, now, options).Run();
}

}  // namespace housecall::planner
