#include "dispatcher/planner/explain.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace housecall::planner {

namespace {

using core::Candidate;
using core::PersonId;
using core::Role;
using core::RotaDuty;
using core::Ruling;
using core::Verdict;

// Why a pair that might go does not; `is_meant`: it, or half of it, is to go to
// another call as soon as the other half can.
Verdict WhyNot(const Prospect& prospect, const Prospect& chosen,
               bool is_meant) {
  if (is_meant && prospect.cost.total() <= chosen.cost.total()) {
    return Verdict::kUsedForOtherCall;
  }
  return prospect.arrive_minutes > chosen.arrive_minutes
             ? Verdict::kLaterArrival
             : Verdict::kHigherCost;
}

// By how much less would have to be, so that this call alone would be better
// served by him; none: it is the plan of all calls that is better so.
double ExcessOf(const Prospect& prospect, const Prospect& chosen) {
  return std::max(0.0, prospect.cost.total() - chosen.cost.total());
}

// Why nobody is sent though this pair might go.
Verdict WhyKept(core::WaitReason reason) {
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

// The chosen one, then those who might have gone by cost, then the others by
// id. While nobody is found all are by id: see ExplainPhysician.
void SortCandidates(bool matched, std::vector<Candidate>* candidates) {
  std::sort(candidates->begin(), candidates->end(),
            [&](const Candidate& a, const Candidate& b) {
              const auto key = [&](const Candidate& c) {
                return std::make_tuple(matched && c.verdict != Verdict::kChosen,
                                       matched && !c.arrive_time.has_value(),
                                       matched ? c.cost : 0, c.physician,
                                       c.driver);
              };
              return key(a) < key(b);
            });
}

}  // namespace

Choices::Choices(size_t stops, const Crews& on_duty)
    : crews(stops),
      estimates(stops),
      waiting(stops),
      physician_is_used(on_duty.physicians.size()),
      driver_is_used(on_duty.drivers.size()),
      first_stop_of_physician(on_duty.physicians.size(), kNone),
      first_stop_of_driver(on_duty.drivers.size(), kNone) {}

void Choices::Send(size_t stop, const Crew& crew) {
  crews[stop] = crew;
  physician_is_used[crew.physician] = 1;
  // Nobody else has a physician's own wheels.
  if (static_cast<size_t>(crew.wheels) < driver_is_used.size()) {
    driver_is_used[crew.wheels] = 1;
  }
}

Explainer::Explainer(const core::Board& board, absl::Time now,
                     std::string travel_times, const Crews& crews,
                     const Prospects& prospects, const std::vector<Stop>& stops,
                     const Choices& choices)
    : board_(board),
      now_(now),
      travel_times_(std::move(travel_times)),
      crews_(crews),
      prospects_(prospects),
      stops_(stops),
      choices_(choices) {}

// --- Why a call waits -------------------------------------------------------

core::Waiting Explainer::WhyItWaits(size_t stop, const RoutePlan& plan,
                                    const PlanResult& result) const {
  core::Waiting waiting;
  bool anybody_now = false;
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    if (choices_.physician_is_used[p]) continue;
    for (size_t w = 0; w <= crews_.own_wheels(); ++w) {
      const bool is_used =
          w != crews_.own_wheels() && choices_.driver_is_used[w];
      if (!is_used && prospects_.Of(stops_[stop], p, w).ok()) {
        anybody_now = true;
      }
    }
  }
  // Whoever could serve it, ever, would be in the plan to do so: serving costs
  // less than not serving. But for those who would have to change cars.
  waiting.reason = prospects_.IsForSomebodyInAnotherCar(stops_[stop])
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
  const core::CallId& first = stops_[stop].calls.front()->id;
  for (const PlannedArrival& arrival : result.arrivals) {
    if (arrival.call != first) continue;
    waiting.physician = arrival.physician;
    waiting.driver = arrival.driver;
    waiting.arrive_time = arrival.expect_time;
    waiting.promise_time = arrival.promise_time;
  }
  return waiting;
}

// --- Matches ----------------------------------------------------------------

core::Match Explainer::NewMatch() const {
  core::Match match;
  match.create_time = now_;
  match.travel_times = travel_times_;
  return match;
}

core::Match Explainer::MatchOf(size_t stop) const {
  core::Match match = NewMatch();
  match.matched = choices_.IsSent(stop);
  if (!match.matched) match.waiting = choices_.waiting[stop];
  const core::Assignment* waits = stops_[stop].waits;
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    if (waits == nullptr) {
      match.candidates.push_back(ExplainPhysician(stop, p));
    } else if (waits->physician == crews_.physicians[p].person->id) {
      match.candidates.push_back(ExplainPhysician(stop, p));
      if (!match.matched) match.drivers = ExplainDrivers(stop, p);
    }
  }
  if (waits == nullptr) AddAbsent(&match.candidates);
  SortCandidates(match.matched, &match.candidates);
  if (match.matched) {
    match.drivers = ExplainDrivers(stop, choices_.crews[stop].physician);
  }
  return match;
}

core::Match Explainer::MatchWithoutPlace(const core::Call& call) const {
  core::Match match = NewMatch();
  match.call = call.id;
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    match.candidates.push_back(Bare(p, {Verdict::kUnreachable}));
  }
  AddAbsent(&match.candidates);
  SortCandidates(false, &match.candidates);
  return match;
}

// The physicians whom the rota has on duty now, and who are not.
void Explainer::AddAbsent(std::vector<Candidate>* candidates) const {
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

// --- One candidate ----------------------------------------------------------

Candidate Explainer::Bare(size_t physician, const Ruling& ruling) const {
  Candidate candidate;
  candidate.physician = crews_.physicians[physician].person->id;
  candidate.verdict = ruling.verdict;
  candidate.figure = ruling.figure;
  return candidate;
}

Candidate Explainer::CandidateOf(size_t physician, size_t wheels,
                                 const Prospect& prospect) const {
  Candidate candidate = Bare(physician, prospect.ruling);
  if (wheels == crews_.own_wheels()) {
    candidate.self_drive = crews_.physicians[physician].person->self_drive;
  } else {
    candidate.driver = crews_.drivers[wheels].person->id;
    candidate.car = crews_.drivers[wheels].duty->car;
  }
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

// With the best wheels for him that no other stop has, or whatever stands in
// the way.
Candidate Explainer::ExplainPhysician(size_t stop, size_t physician) const {
  const Stop& s = stops_[stop];
  const Crew& chosen = choices_.crews[stop];
  const Ruling& ruling = s.physician_rulings[physician];
  if (!ruling.ok()) {
    Candidate bare = Bare(physician, ruling);
    if (bare.verdict == Verdict::kBusy) {
      bare.free_time = FreeTimeOf(crews_.physicians[physician].busy);
    }
    return bare;
  }
  if (!chosen.empty() && static_cast<size_t>(chosen.physician) == physician) {
    return CandidateOf(physician, chosen.wheels, ProspectOfChosen(stop));
  }
  size_t best = crews_.own_wheels();
  Prospect best_prospect;
  // Those that nothing but another stop stands in the way of.
  bool best_is_free = false;
  for (size_t w = 0; w <= crews_.own_wheels(); ++w) {
    const Prospect prospect = prospects_.Of(s, physician, w);
    if (!prospect.ok()) continue;
    const bool is_free = IsFree(stop, w);
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
  if (!best_prospect.ok()) return Obstacle(s, physician);
  Candidate candidate = CandidateOf(physician, best, best_prospect);
  const bool is_bound = choices_.physician_is_used[physician] || !best_is_free;
  if (is_bound || chosen.empty()) {
    candidate.verdict = Verdict::kUsedForOtherCall;
    if (is_bound) {
      candidate.free_time = FreeTimeInPlan(candidate);
    } else if (choices_.waiting[stop].has_value()) {
      candidate.verdict = WhyKept(choices_.waiting[stop]->reason);
    }
    // Whose car it would have been changes with every position; while nobody is
    // found the same reasons are to stay the same.
    if (chosen.empty()) {
      candidate.driver = PersonId();
      candidate.car = core::CarId();
      candidate.self_drive = false;
    }
    return candidate;
  }
  const Prospect of_chosen = ProspectOfChosen(stop);
  candidate.verdict =
      WhyNot(best_prospect, of_chosen,
             IsPhysicianMeant(stop, physician) || IsDriverMeant(stop, best));
  candidate.excess_cost = ExcessOf(best_prospect, of_chosen);
  return candidate;
}

// Nobody can drive him there: what would have to change, the likeliest first.
// It is his own matter if it stands in the way whoever drives.
Candidate Explainer::Obstacle(const Stop& stop, size_t physician) const {
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
  if (stop.go_minutes[physician] == kNoWay) {
    return Bare(physician, {Verdict::kUnreachable});
  }
  Ruling likeliest{Verdict::kNoCar};
  size_t wheels = crews_.own_wheels();
  for (size_t w = 0; w <= crews_.own_wheels(); ++w) {
    const Ruling ruling = prospects_.Of(stop, physician, w).ruling;
    if (rank(ruling) < rank(likeliest) ||
        (rank(ruling) == rank(likeliest) && ruling.figure < likeliest.figure)) {
      likeliest = ruling;
      wheels = w;
    }
  }
  Candidate candidate = Bare(physician, likeliest);
  if (wheels != crews_.own_wheels() && !stop.driver_rulings[wheels].ok()) {
    const Driver& driver = crews_.drivers[wheels];
    candidate.driver = driver.person->id;
    candidate.car = driver.duty->car;
    if (likeliest.verdict == Verdict::kBusy) {
      candidate.free_time = FreeTimeOf(driver.busy);
    }
  }
  return candidate;
}

// For one physician, every driver and his own wheels if he has any.
std::vector<Candidate> Explainer::ExplainDrivers(size_t stop,
                                                 size_t physician) const {
  const bool is_sent = choices_.IsSent(stop);
  std::vector<Candidate> rows;
  for (size_t w = 0; w <= crews_.own_wheels(); ++w) {
    const bool own = w == crews_.own_wheels();
    if (own && !crews_.physicians[physician].person->self_drive) continue;
    const Prospect prospect = prospects_.Of(stops_[stop], physician, w);
    Candidate row = CandidateOf(physician, w, prospect);
    if (prospect.ok() && !IsChosen(stop, w)) {
      row.verdict = Verdict::kUsedForOtherCall;
      if (is_sent && IsFree(stop, w)) {
        const Prospect of_chosen = ProspectOfChosen(stop);
        row.verdict = WhyNot(prospect, of_chosen, IsDriverMeant(stop, w));
        row.excess_cost = ExcessOf(prospect, of_chosen);
      }
    }
    if (row.verdict == Verdict::kBusy && !own) {
      row.free_time = FreeTimeOf(crews_.drivers[w].busy);
    }
    rows.push_back(std::move(row));
  }
  SortCandidates(is_sent, &rows);
  return rows;
}

// --- What the plan has them for ---------------------------------------------

Prospect Explainer::ProspectOfChosen(size_t stop) const {
  const Crew& chosen = choices_.crews[stop];
  return prospects_.Of(stops_[stop], chosen.physician, chosen.wheels);
}

bool Explainer::IsChosen(size_t stop, size_t wheels) const {
  return choices_.IsSent(stop) &&
         static_cast<size_t>(choices_.crews[stop].wheels) == wheels;
}

// Whether no other stop has these wheels.
bool Explainer::IsFree(size_t stop, size_t wheels) const {
  return wheels == crews_.own_wheels() || !choices_.driver_is_used[wheels] ||
         IsChosen(stop, wheels);
}

// Whether the plan has him for another stop first.
bool Explainer::IsPhysicianMeant(size_t stop, size_t physician) const {
  const int first = choices_.first_stop_of_physician[physician];
  return first != kNone && first != static_cast<int>(stop);
}

bool Explainer::IsDriverMeant(size_t stop, size_t wheels) const {
  if (wheels == crews_.own_wheels()) return false;
  const int first = choices_.first_stop_of_driver[wheels];
  return first != kNone && first != static_cast<int>(stop);
}

std::optional<absl::Time> Explainer::FreeTimeOf(
    const std::optional<Busy>& busy) const {
  if (!busy.has_value()) return std::nullopt;
  return now_ + absl::Minutes(busy->minutes);
}

// When the offers of this plan would set the candidate free.
std::optional<absl::Time> Explainer::FreeTimeInPlan(
    const Candidate& candidate) const {
  std::optional<absl::Time> time;
  for (size_t stop = 0; stop < stops_.size(); ++stop) {
    if (!choices_.IsSent(stop)) continue;
    const Crew& crew = choices_.crews[stop];
    const bool has_physician =
        crews_.physicians[crew.physician].person->id == candidate.physician;
    const bool has_driver =
        static_cast<size_t>(crew.wheels) != crews_.own_wheels() &&
        crews_.drivers[crew.wheels].person->id == candidate.driver;
    if (!has_physician && !has_driver) continue;
    const absl::Time finish_time = choices_.estimates[stop].finish_time;
    if (!time.has_value() || finish_time > *time) time = finish_time;
  }
  return time;
}

}  // namespace housecall::planner
