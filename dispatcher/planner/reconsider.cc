#include "dispatcher/planner/reconsider.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/grouping.h"
#include "dispatcher/planner/night_problem.h"
#include "dispatcher/planner/prospects.h"
#include "dispatcher/planner/routes.h"
#include "dispatcher/planner/search.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::Offer;

// What the crew of this call was told, if the call is the first of the trip.
const Offer* ToldOffer(const Board& board, const Call& call) {
  core::OfferId id;
  if (call.state == core::CallState::kOffered) {
    id = call.offer;
  } else if (call.state == core::CallState::kAccepted) {
    const auto* crew = board.Find<core::Assignment>(call.assignment);
    if (crew != nullptr) id = crew->offer;
  }
  const Offer* offer = board.Find<Offer>(id);
  return offer != nullptr && !offer->calls.empty() &&
                 offer->calls.front() == call.id
             ? offer
             : nullptr;
}

// As the rule that judges the proposal will have it, for any call that waits.
absl::StatusOr<core::Decision> TakeBack(const Board& board, absl::Time now,
                                        const core::OfferId& offer) {
  core::TakeBackOffer take_back;
  take_back.offer = offer;
  take_back.gain_minutes = board.center().policy.change_minutes;
  if (const std::vector<const Call*> waiting = MatchingCalls(board);
      !waiting.empty()) {
    take_back.instead = waiting.front()->id;
  }
  return core::Decide(board, take_back, core::SystemActor(), now);
}

bool HasLeg(const std::vector<PlannedRoute>& routes,
            const std::vector<core::CallId>& calls) {
  return std::any_of(
      routes.begin(), routes.end(), [&](const PlannedRoute& route) {
        return std::any_of(
            route.legs.begin(), route.legs.end(),
            [&](const PlannedLeg& leg) { return leg.calls == calls; });
      });
}

// The call to which the crew's physician or car goes first; none: to none, or
// to those of which it was told.
core::CallId FirstCallOf(const ToldCrew& told,
                         const std::vector<PlannedRoute>& routes) {
  const PlannedLeg& was_told = told.route.legs.front();
  core::CallId first;
  for (const PlannedRoute& route : routes) {
    if (route.legs.empty()) continue;
    const PlannedLeg& leg = route.legs.front();
    if (route.driver != told.route.driver &&
        leg.physician != was_told.physician) {
      continue;
    }
    if (leg.calls == was_told.calls) return core::CallId();
    if (first.empty()) first = leg.calls.front();
  }
  return first;
}

// `routes` with that leg before all others of its car, and nowhere else.
std::vector<PlannedRoute> RoutesWith(const ToldCrew& told,
                                     std::vector<PlannedRoute> routes) {
  const PlannedLeg& first = told.route.legs.front();
  PlannedRoute* of_driver = nullptr;
  for (PlannedRoute& route : routes) {
    route.legs.erase(std::remove_if(route.legs.begin(), route.legs.end(),
                                    [&](const PlannedLeg& leg) {
                                      return leg.calls == first.calls;
                                    }),
                     route.legs.end());
    if (route.driver == told.route.driver) of_driver = &route;
  }
  if (of_driver == nullptr) {
    routes.push_back(told.route);
  } else {
    of_driver->legs.insert(of_driver->legs.begin(), first);
  }
  return routes;
}

// The routes that a board allows.
class NightRoutes {
 public:
  NightRoutes(const Board& board, const TravelTimes& travel_times,
              absl::Time now, const PlanOptions& options)
      : options_(options),
        crews_(SeatedCrews(board, now, options)),
        prospects_(board, travel_times, now, options, crews_),
        stops_(GroupCalls(board, options, crews_, prospects_).stops),
        problem_(MakeNightProblem(board.center().policy, travel_times, crews_,
                                  prospects_, stops_, /*expected=*/{})
                     .routes) {}
  NightRoutes(const NightRoutes&) = delete;
  NightRoutes& operator=(const NightRoutes&) = delete;

  bool empty() const { return stops_.empty(); }

  // kNever: not each of these legs may be, with just these calls.
  double CostOf(const std::vector<PlannedRoute>& routes) const {
    std::set<std::vector<core::CallId>> trips;
    for (const Stop& stop : stops_) {
      std::vector<core::CallId> calls;
      for (const Call* call : stop.calls) calls.push_back(call->id);
      trips.insert(std::move(calls));
    }
    size_t wanted = 0;
    for (const PlannedRoute& route : routes) {
      wanted += route.legs.size();
      for (const PlannedLeg& leg : route.legs) {
        if (trips.count(leg.calls) == 0) return kNever;
      }
    }
    Schedule schedule(&problem_);
    schedule.Set(PlanFromRoutes(problem_, crews_, stops_, routes));
    size_t legs = 0;
    for (const Route& route : schedule.Plan()) legs += route.legs.size();
    return legs == wanted ? schedule.cost() : kNever;
  }

  // The cheapest ones found from there.
  std::vector<PlannedRoute> Improve(const std::vector<PlannedRoute>& routes,
                                    int64_t max_steps) const {
    SearchOptions search;
    search.max_steps = max_steps;
    search.seed = options_.seed;
    search.is_over = options_.is_over;
    const RoutePlan plan =
        SearchRoutes(problem_, PlanFromRoutes(problem_, crews_, stops_, routes),
                     search)
            .plan;
    std::vector<PlannedRoute> improved;
    for (size_t w = 0; w < plan.size(); ++w) {
      if (plan[w].legs.empty()) continue;
      improved.push_back(PlannedRouteOf(problem_, crews_, stops_, w, plan[w]));
    }
    return improved;
  }

 private:
  const PlanOptions& options_;
  const Crews crews_;
  const Prospects prospects_;
  const std::vector<Stop> stops_;
  const RouteProblem problem_;
};

}  // namespace

std::vector<ToldCrew> ToldCrews(const Board& board, absl::Time now) {
  std::vector<const Offer*> offers;
  board.open_calls().ForEach([&](const core::CallId& id, bool) {
    const Offer* offer = ToldOffer(board, *board.Find<Call>(id));
    if (offer != nullptr) offers.push_back(offer);
  });
  std::stable_sort(offers.begin(), offers.end(),
                   [](const Offer* a, const Offer* b) {
                     return a->create_time > b->create_time;
                   });
  std::vector<ToldCrew> told;
  for (const Offer* offer : offers) {
    if (told.size() == kMostTold) break;
    if (!TakeBack(board, now, offer->id).ok()) continue;
    ToldCrew crew;
    crew.offer = offer->id;
    crew.route.driver = offer->self_drive ? offer->physician : offer->driver;
    crew.route.legs.push_back({offer->calls, offer->physician});
    told.push_back(std::move(crew));
  }
  return told;
}

Board BoardWithoutTold(const Board& board, absl::Time now) {
  Board without = board;
  for (const ToldCrew& told : ToldCrews(board, now)) {
    absl::StatusOr<core::Decision> decision =
        TakeBack(without, now, told.offer);
    if (decision.ok()) without = std::move(decision->board);
  }
  return without;
}

std::optional<Reconsidered> Reconsider(const Board& board,
                                       const TravelTimes& travel_times,
                                       absl::Time now,
                                       const PlanOptions& options) {
  if (!options.plans_night()) return std::nullopt;
  const std::vector<ToldCrew> told = ToldCrews(board, now);
  if (told.empty()) return std::nullopt;
  const NightRoutes as_told(board, travel_times, now, options);
  if (as_told.empty()) return std::nullopt;
  const core::Policy& policy = board.center().policy;
  const double least = policy.change_minutes * policy.standard_weight;
  const int64_t steps = std::max<int64_t>(1, options.max_steps / 8);
  const std::vector<PlannedRoute> rest =
      as_told.Improve(options.previous, steps);
  // The one by which most seems to be gained.
  struct Candidate {
    const ToldCrew* crew = nullptr;
    double gain = 0;
    Board board;
    std::vector<PlannedRoute> routes;
  };
  std::optional<Candidate> best;
  for (const ToldCrew& crew : told) {
    if (options.is_over != nullptr && options.is_over()) return std::nullopt;
    absl::StatusOr<core::Decision> without = TakeBack(board, now, crew.offer);
    if (!without.ok()) continue;
    const NightRoutes routes(without->board, travel_times, now, options);
    const double cost = routes.CostOf(RoutesWith(crew, rest));
    // The night has gone on since they were told.
    if (cost == kNever) continue;
    std::vector<PlannedRoute> better = routes.Improve(
        RoutesWith(crew, rest), steps / static_cast<int64_t>(told.size()));
    // Nobody loses his visit by it; and it is for a call that waits, not for a
    // crew that waits for a car.
    const Call* instead = board.Find<Call>(FirstCallOf(crew, better));
    if (instead == nullptr || instead->state != core::CallState::kMatching ||
        !HasLeg(better, crew.route.legs.front().calls)) {
      continue;
    }
    const double better_cost = routes.CostOf(better);
    // What was told, and else the same.
    const double gain =
        std::min(cost, routes.CostOf(RoutesWith(crew, better))) - better_cost;
    if (!(gain >= std::max(least, best.has_value() ? best->gain : 0))) continue;
    best.emplace(
        Candidate{&crew, gain, std::move(without->board), std::move(better)});
  }
  if (!best.has_value()) return std::nullopt;
  // What the search found meanwhile that has nothing to do with this crew.
  const NightRoutes routes(best->board, travel_times, now, options);
  const double told_again = routes.CostOf(
      RoutesWith(*best->crew, as_told.Improve(best->routes, steps)));
  const double gain =
      std::min(best->gain, told_again - routes.CostOf(best->routes));
  if (!(gain >= least)) return std::nullopt;
  Reconsidered found;
  found.told = *best->crew;
  found.take_back.offer = best->crew->offer;
  found.take_back.instead = FirstCallOf(*best->crew, best->routes);
  found.take_back.gain_minutes =
      std::max(policy.change_minutes, gain / policy.standard_weight);
  found.board = std::move(best->board);
  found.routes = std::move(best->routes);
  return found;
}

}  // namespace housecall::planner
