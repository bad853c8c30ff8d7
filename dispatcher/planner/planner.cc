#include "dispatcher/planner/planner.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "dispatcher/core/rota.h"
#include "dispatcher/planner/arrivals.h"
#include "dispatcher/planner/assignment.h"
#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/demand.h"
#include "dispatcher/planner/explain.h"
#include "dispatcher/planner/forecast.h"
#include "dispatcher/planner/grouping.h"
#include "dispatcher/planner/night_problem.h"
#include "dispatcher/planner/outlook.h"
#include "dispatcher/planner/promise.h"
#include "dispatcher/planner/prospects.h"
#include "dispatcher/planner/reconsider.h"
#include "dispatcher/planner/routes.h"
#include "dispatcher/planner/search.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::LatLng;
using core::PersonId;

// --- Those who are free now -------------------------------------------------

// What serving a call is worth: more than any sum of costs, and an urgent one
// more than all standard ones together. Costs are rounded to 1/1000 minute, or
// more coarsely where a policy makes them huge, so that kMaxStops of them stay
// below the smallest reward.
constexpr int64_t kRoutineReward = int64_t{1} << 34;
constexpr int64_t kStandardReward = kRoutineReward << 8;
constexpr int64_t kUrgentReward = kStandardReward << 8;
constexpr double kUnitsPerMinute = 1000;
constexpr double kMaxCostUnits = int64_t{1} << 25;
static_assert(kMaxStops * kMaxCostUnits < kRoutineReward);
static_assert(kMaxCalls * kStandardReward < kUrgentReward);

int64_t RewardOf(const Stop& stop) {
  int64_t reward = 0;
  for (const Call* call : stop.calls) {
    switch (call->urgency) {
      case core::Urgency::kUrgent:
        reward += kUrgentReward;
        break;
      case core::Urgency::kStandard:
      case core::Urgency::kUnspecified:
        reward += kStandardReward;
        break;
      case core::Urgency::kRoutine:
        reward += kRoutineReward;
        break;
    }
  }
  return reward;
}

// By stop, indexes of `crews`: whoever may go now, for as many calls as
// possible.
std::vector<Crew> AssignFreeCrews(const Crews& crews,
                                  const Prospects& prospects,
                                  const std::vector<Stop>& stops) {
  // Only those who may go: the problem is smaller for it.
  std::vector<size_t> who;
  for (size_t i = 0; i < crews.physicians.size(); ++i) {
    if (crews.physicians[i].may_go) who.push_back(i);
  }
  std::vector<size_t> wheels;
  for (size_t i = 0; i < crews.drivers.size(); ++i) {
    if (crews.drivers[i].ruling.ok()) wheels.push_back(i);
  }
  CrewProblem problem(static_cast<int>(stops.size()),
                      static_cast<int>(who.size()),
                      static_cast<int>(wheels.size()));
  wheels.push_back(crews.own_wheels());

  struct Entry {
    int stop;
    int physician;
    int wheels;
    double cost;
  };
  std::vector<Entry> entries;
  double greatest = 1;
  for (size_t s = 0; s < stops.size(); ++s) {
    for (size_t p = 0; p < who.size(); ++p) {
      if (!stops[s].physician_rulings[who[p]].ok()) continue;
      for (size_t w = 0; w < wheels.size(); ++w) {
        const Prospect prospect = prospects.Of(stops[s], who[p], wheels[w]);
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
        std::llround(entry.cost * units) - RewardOf(stops[entry.stop]);
  }

  std::vector<Crew> chosen = AssignCrews(problem).crews;
  for (Crew& crew : chosen) {
    if (crew.empty()) continue;
    crew.physician = static_cast<int>(who[crew.physician]);
    crew.wheels = static_cast<int>(wheels[crew.wheels]);
  }
  return chosen;
}

// --- The plan ---------------------------------------------------------------

bool Anticipates(const core::Policy& policy, const PlanOptions& options) {
  return options.forecast.on && policy.anticipates;
}

// Where calls are expected that the plan is to allow for.
std::vector<LatLng> PlacesToExpect(const Board& board,
                                   const PlanOptions& options,
                                   const Crews& crews) {
  if (!Anticipates(board.center().policy, options)) return {};
  return ExpectedPlaces(board, crews);
}

// One plan in the making.
class Planning {
 public:
  Planning(const Board& board, const TravelTimes& travel_times, absl::Time now,
           const PlanOptions& options)
      : board_(board),
        policy_(board.center().policy),
        travel_times_(travel_times),
        now_(now),
        options_(options),
        crews_(SeatedCrews(board, now, options)),
        prospects_(board, travel_times, now, options, crews_),
        grouping_(GroupCalls(board, options, crews_, prospects_)),
        stops_(grouping_.stops),
        arrivals_(board, now, options, crews_),
        choices_(stops_.size(), crews_),
        explainer_(board, now, travel_times.description(), crews_, prospects_,
                   stops_, choices_) {}
  Planning(const Planning&) = delete;
  Planning& operator=(const Planning&) = delete;

  PlanResult Run() {
    PlanResult result;
    if (options_.plans_night()) {
      PlanNight(&result);
    } else {
      const std::vector<Crew> crews =
          AssignFreeCrews(crews_, prospects_, stops_);
      for (size_t stop = 0; stop < stops_.size(); ++stop) {
        if (!crews[stop].empty()) Send(stop, crews[stop]);
      }
    }
    for (size_t stop = 0; stop < stops_.size(); ++stop) {
      if (choices_.IsSent(stop)) {
        result.offers.push_back(OfferOf(stop));
      } else {
        AddMatches(stop, &result.unmatched.matches);
      }
    }
    std::stable_sort(result.offers.begin(), result.offers.end(),
                     [&](const core::OfferVisit& a, const core::OfferVisit& b) {
                       return RankOf(board_.Find<Call>(a.calls[0])->urgency) <
                              RankOf(board_.Find<Call>(b.calls[0])->urgency);
                     });
    for (const Call* call : grouping_.without_place) {
      result.unmatched.matches.push_back(explainer_.MatchWithoutPlace(*call));
    }
    return result;
  }

 private:
  // The routes of all cars over all calls; those that can begin now are
  // offered.
  void PlanNight(PlanResult* result) {
    const std::vector<LatLng> expected =
        PlacesToExpect(board_, options_, crews_);
    const NightProblem night = MakeNightProblem(policy_, travel_times_, crews_,
                                                prospects_, stops_, expected);
    const RouteProblem& problem = night.routes;
    const std::vector<double> rates =
        ExpectedRates(board_, crews_.rota, now_, options_.forecast);
    SearchOptions search;
    search.max_steps = options_.max_steps;
    search.seed = options_.seed;
    search.is_over = options_.is_over;
    RoutePlan plan =
        SearchRoutes(problem,
                     PlanFromRoutes(problem, crews_, stops_, options_.previous),
                     search)
            .plan;
    if (Anticipates(policy_, options_)) {
      plan = LookAheadFrom(night, rates, plan, result);
    }
    const Crowding crowding =
        CrowdingOf(rates, ExpectedUrgencies(board_), problem, plan);
    for (size_t w = 0; w < plan.size(); ++w) {
      if (plan[w].legs.empty()) continue;
      result->routes.push_back(
          PlannedRouteOf(problem, crews_, stops_, w, plan[w]));
      for (PlannedArrival& arrival :
           arrivals_.AlongRoute(problem, w, plan[w], stops_, crowding)) {
        result->arrivals.push_back(std::move(arrival));
      }
      NoteFirstStops(w, plan[w]);
      if (plan[w].hold_minutes == 0) {
        SendIfFree(problem, w, plan[w].legs.front());
      }
    }
    for (size_t stop = 0; stop < stops_.size(); ++stop) {
      if (choices_.IsSent(stop)) continue;
      choices_.waiting[stop] = explainer_.WhyItWaits(stop, plan, *result);
    }
  }

  // The plan as it is better for the calls that are to be expected.
  RoutePlan LookAheadFrom(const NightProblem& night,
                          const std::vector<double>& rates,
                          const RoutePlan& plan, PlanResult* result) const {
    const RouteProblem& problem = night.routes;
    Forecast forecast;
    forecast.rates = rates;
    forecast.places = night.expected_places;
    forecast.kinds =
        ExpectedKinds(board_, options_, crews_, problem.wheels.size());
    AddExpectedCalls(forecast, result);
    OutlookOptions options;
    options.max_steps = options_.forecast.max_steps;
    if (policy_.holds) options.hold_minutes = {10, 20, 40};
    options.is_over = options_.is_over;
    if (options_.forecast.relocates) {
      const std::set<int> places(forecast.places.begin(),
                                 forecast.places.end());
      options.places.assign(places.begin(), places.end());
    }
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
      move.driver = WhoDrives(problem, crews_, standby.wheels);
      if (standby.physician != kNone) {
        move.physician = crews_.physicians[standby.physician].person->id;
      }
      if (standby.place != kNone) move.place = night.places[standby.place];
      result->standbys.push_back(std::move(move));
    }
    return outlook.plan;
  }

  // Within the hour.
  static void AddExpectedCalls(const Forecast& forecast, PlanResult* result) {
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
  }

  void NoteFirstStops(size_t wheels, const Route& route) {
    if (wheels < crews_.drivers.size()) {
      choices_.first_stop_of_driver[wheels] = route.legs.front().stop;
    }
    for (const Leg& leg : route.legs) {
      int& first_stop = choices_.first_stop_of_physician[leg.physician];
      if (first_stop == kNone) first_stop = leg.stop;
    }
  }

  // Takes the first leg of a car if it can begin now.
  void SendIfFree(const RouteProblem& problem, size_t wheels, const Leg& leg) {
    if (problem.wheels[wheels].free_minutes > 0 ||
        problem.physicians[leg.physician].free_minutes > 0) {
      return;
    }
    const size_t index = std::min(wheels, crews_.own_wheels());
    if (!prospects_.Of(stops_[leg.stop], leg.physician, index).ok()) return;
    Send(leg.stop, {leg.physician, static_cast<int>(index)});
  }

  void Send(size_t stop, const Crew& crew) {
    choices_.Send(stop, crew);
    const double fetch_minutes =
        static_cast<size_t>(crew.wheels) == crews_.own_wheels()
            ? 0
            : prospects_.FetchMinutes(crew.wheels, crew.physician);
    const Travel drive = *travel_times_.Get(
        crews_.physicians[crew.physician].place, stops_[stop].position);
    choices_.estimates[stop] =
        arrivals_.EstimateOf(stops_[stop], fetch_minutes, drive);
  }

  // --- The answer ---

  core::OfferVisit OfferOf(size_t stop) const {
    const Crew& crew = choices_.crews[stop];
    core::OfferVisit offer;
    for (const Call* call : stops_[stop].calls) offer.calls.push_back(call->id);
    offer.physician = crews_.physicians[crew.physician].person->id;
    offer.self_drive = static_cast<size_t>(crew.wheels) == crews_.own_wheels();
    if (!offer.self_drive) {
      offer.driver = crews_.drivers[crew.wheels].person->id;
      offer.car = crews_.drivers[crew.wheels].duty->car;
    }
    offer.estimate = choices_.estimates[stop];
    if (stops_[stop].waits != nullptr) {
      offer.replaces_car_of = stops_[stop].waits->id;
    }
    AddMatches(stop, &offer.matches);
    return offer;
  }

  // One for each call.
  void AddMatches(size_t stop, std::vector<core::Match>* matches) const {
    const core::Match match = explainer_.MatchOf(stop);
    for (const Call* call : stops_[stop].calls) {
      matches->push_back(match);
      matches->back().call = call->id;
      // The trip's first call stands for a crew that is known already.
      if (stops_[stop].waits != nullptr) break;
    }
  }

  const Board& board_;
  const core::Policy& policy_;
  const TravelTimes& travel_times_;
  const absl::Time now_;
  const PlanOptions& options_;
  const Crews crews_;
  const Prospects prospects_;
  const Grouping grouping_;
  const std::vector<Stop>& stops_;
  const Arrivals arrivals_;
  Choices choices_;
  const Explainer explainer_;
};

// --- The ways that it needs -------------------------------------------------

// To fetch and to go, for those who are free now.
std::vector<TravelRequest> TravelOfFreeCrews(const Board& board,
                                             absl::Time now) {
  PlaceNumbers calls;
  const auto add = [&](const Call* call) {
    if (call->place.position.has_value()) calls.Of(*call->place.position);
  };
  for (const Call* call : MatchingCalls(board)) add(call);
  for (const core::Assignment* crew : WaitingCrews(board)) {
    add(board.Find<Call>(crew->calls.front()));
  }
  if (calls.places().empty()) return {};
  const Crews crews = CrewsOnDuty(board, now);
  PlaceNumbers physicians;
  for (const Physician& physician : crews.physicians) {
    if (physician.may_go) physicians.Of(physician.place);
  }
  if (physicians.places().empty()) return {};
  PlaceNumbers drivers;
  for (const Driver& driver : crews.drivers) {
    if (driver.ruling.ok()) drivers.Of(driver.place);
  }
  std::vector<TravelRequest> requests;
  if (!drivers.places().empty()) {
    requests.push_back({drivers.places(), physicians.places()});
  }
  requests.push_back({physicians.places(), calls.places()});
  return requests;
}

}  // namespace

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
        wants = duty.on_duty && duty.role == core::Role::kDriver &&
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
  if (!options.plans_night()) return TravelOfFreeCrews(board, now);
  if (!WantsPlan(board) && !WantsAdvice(board)) return {};
  PlaceNumbers places;
  const auto add = [&](const Board& some) {
    const Crews crews = SeatedCrews(some, now, options);
    for (const LatLng& place : NightPlaces(
             some, options, crews, PlacesToExpect(some, options, crews))) {
      places.Of(place);
    }
  };
  add(board);
  if (WantsPlan(board) && !ToldCrews(board, now).empty()) {
    add(BoardWithoutTold(board, now));
  }
  if (places.places().empty()) return {};
  return {{places.places(), places.places()}};
}

PlanResult Plan(const Board& board, const TravelTimes& travel_times,
                absl::Time now, const PlanOptions& options) {
  const std::optional<Reconsidered> reconsidered =
      Reconsider(board, travel_times, now, options);
  if (!reconsidered.has_value()) {
    return Planning(board, travel_times, now, options).Run();
  }
  PlanOptions from_there = options;
  from_there.previous = reconsidered->routes;
  PlanResult result =
      Planning(reconsidered->board, travel_times, now, from_there).Run();
  // The longer search may have found that the crew had better stay.
  const PlannedLeg& told = reconsidered->told.route.legs.front();
  const bool goes = std::any_of(
      result.offers.begin(), result.offers.end(),
      [&](const core::OfferVisit& offer) {
        return (offer.physician == told.physician ||
                offer.driver == reconsidered->told.route.driver) &&
               offer.calls.front() == reconsidered->take_back.instead;
      });
  if (!goes) return Planning(board, travel_times, now, options).Run();
  result.taken_back = reconsidered->take_back;
  return result;
}

}  // namespace housecall::planner
