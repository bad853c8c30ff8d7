#include "dispatcher/planner/search.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace housecall::planner {

namespace {

// Stops taken out at once.
constexpr int kMaxRuin = 10;
// Rounds without a better plan after which a night of n stops is searched
// enough: so many for each pair of stops.
constexpr int kPatiencePerPair = 4;
constexpr int kMinPatience = 40;
// How often it is asked whether the time is over.
constexpr int kRoundsPerLook = 16;
constexpr int64_t kStepsPerLook = 1 << 14;

// Costs this near are the same.
constexpr double kSame = 1e-6;

double RateOf(const RouteStop& stop) {
  double rate = 0;
  for (const WaitClock& clock : stop.clocks) rate += clock.tardiness_rate;
  return rate;
}

double DueOf(const RouteStop& stop) {
  double due = kNever;
  for (const WaitClock& clock : stop.clocks) {
    due = std::min(due, clock.due_minutes);
  }
  return due;
}

// --- Exact ------------------------------------------------------------------

// Every plan, wheels by wheels, leg by leg; branches that cannot become cheaper
// than the best so far are left out.
class Exact {
 public:
  Exact(const RouteProblem& problem, const SearchResult& start,
        const SearchOptions& options, int64_t max_steps)
      : problem_(problem),
        options_(options),
        schedule_(&problem),
        best_(start),
        max_steps_(max_steps),
        routes_(problem.wheels.size()),
        served_(problem.stops.size()),
        used_(problem.physicians.size()) {
    // What a stop costs at the least: with anybody whom a rule allows, as soon
    // as the first wheels can be there from anywhere.
    for (const RouteStop& stop : problem.stops) {
      double least = stop.unserved_cost;
      for (size_t w = 0; w < problem.wheels.size(); ++w) {
        const RouteWheels& wheels = problem.wheels[w];
        if (!stop.wheels_allowed.empty() && !stop.wheels_allowed[w]) continue;
        for (size_t p = 0; p < problem.physicians.size(); ++p) {
          if (!(stop.physician_costs[p] < kNever)) continue;
          double cost = stop.physician_costs[p] + wheels.cost_per_stop;
          for (const WaitClock& clock : stop.clocks) {
            cost += WaitingCost(clock, wheels.free_minutes);
          }
          least = std::min(least, cost);
        }
      }
      least_.push_back(least);
      rest_ += least;
    }
  }

  SearchResult Run() {
    Fill(0, StartOf(0), 0);
    best_.is_least = !gave_up_;
    return best_;
  }
  int64_t steps() const { return schedule_.steps(); }

 private:
  Schedule::State StartOf(size_t wheels) const {
    if (wheels >= problem_.wheels.size()) return {};
    const RouteWheels& w = problem_.wheels[wheels];
    return {w.free_minutes, w.place, w.aboard, 0, 0, false};
  }

  // `closed`: the cost of the routes of the wheels before.
  void Fill(size_t wheels, const Schedule::State& state, double closed) {
    if (gave_up_ || closed + state.cost + rest_ >= best_.cost - kSame) return;
    if (wheels == problem_.wheels.size()) {
      double cost = closed;
      for (size_t s = 0; s < served_.size(); ++s) {
        if (!served_[s]) cost += problem_.stops[s].unserved_cost;
      }
      if (cost < best_.cost - kSame) {
        best_.cost = cost;
        best_.plan = routes_;
      }
      return;
    }
    for (size_t s = 0; s < served_.size(); ++s) {
      if (served_[s]) continue;
      const RouteStop& stop = problem_.stops[s];
      if (!stop.wheels_allowed.empty() && !stop.wheels_allowed[wheels]) {
        continue;
      }
      for (int p = 0; p < static_cast<int>(used_.size()); ++p) {
        if (!(stop.physician_costs[p] < kNever)) continue;
        const bool seated = p == state.physician;
        if (seated && used_[p] && routes_[wheels].legs.empty()) continue;
        if (!seated && (used_[p] || !problem_.physicians[p].can_be_fetched ||
                        problem_.wheels[wheels].owner != kNone)) {
          continue;
        }
        if (schedule_.steps() > max_steps_ ||
            (options_.is_over && schedule_.steps() % kStepsPerLook == 0 &&
             options_.is_over())) {
          gave_up_ = true;
        }
        if (gave_up_) return;
        const Schedule::State after =
            schedule_.After(state, static_cast<int>(wheels), stop, p, 0);
        if (after.time == kNever) continue;
        const char was_used = std::exchange(used_[p], 1);
        served_[s] = 1;
        rest_ -= least_[s];
        routes_[wheels].legs.push_back({static_cast<int>(s), p});
        Fill(wheels, after, closed);
        routes_[wheels].legs.pop_back();
        rest_ += least_[s];
        served_[s] = 0;
        used_[p] = was_used;
      }
    }
    Fill(wheels + 1, StartOf(wheels + 1), closed + state.cost);
  }

  const RouteProblem& problem_;
  const SearchOptions& options_;
  Schedule schedule_;
  SearchResult best_;
  const int64_t max_steps_;
  bool gave_up_ = false;
  RoutePlan routes_;
  std::vector<char> served_;
  std::vector<char> used_;
  std::vector<double> least_;
  // Of the stops that are not served yet.
  double rest_ = 0;
};

// --- Ruin and recreate ------------------------------------------------------

class Recreate {
 public:
  Recreate(const RouteProblem& problem, const RoutePlan& start,
           const SearchOptions& options)
      : problem_(problem),
        options_(options),
        random_(options.seed),
        schedule_(&problem) {
    RoutePlan plan = start;
    for (Route& route : plan) route.hold_minutes = 0;
    schedule_.Set(plan);
    const int stops = static_cast<int>(problem.stops.size());
    for (int s = 0; s < stops; ++s) {
      if (!schedule_.IsPlanned(s)) out_.push_back(s);
    }
    std::stable_sort(out_.begin(), out_.end(), [&](int a, int b) {
      const RouteStop& x = problem_.stops[a];
      const RouteStop& y = problem_.stops[b];
      if (RateOf(x) != RateOf(y)) return RateOf(x) > RateOf(y);
      return DueOf(x) < DueOf(y);
    });
    Insert();
    best_ = {schedule_.Plan(), schedule_.cost(), false};
  }

  const SearchResult& best() const { return best_; }
  int64_t steps() const { return schedule_.steps(); }

  void Run() {
    const int stops = static_cast<int>(problem_.stops.size());
    if (stops < 2) return;
    const int64_t patience = std::max<int64_t>(
        kMinPatience, int64_t{kPatiencePerPair} * stops * stops);
    int64_t idle = 0;
    const double first_heat = 0.02 * std::abs(best_.cost) / stops;
    double cost = best_.cost;
    Schedule kept = schedule_;
    schedule_.Keep();
    int rounds = 0;
    while (schedule_.steps() < options_.max_steps && idle < patience) {
      if (options_.is_over && ++rounds % kRoundsPerLook == 0 &&
          options_.is_over()) {
        return;
      }
      const double left = 1 - static_cast<double>(schedule_.steps()) /
                                  static_cast<double>(options_.max_steps);
      Ruin();
      Order();
      Insert();
      const double now = schedule_.cost();
      ++idle;
      if (now < best_.cost - kSame) {
        best_ = {schedule_.Plan(), now, false};
        idle = 0;
      }
      const double heat = first_heat * left * left;
      if (now < cost - heat * std::log(random_.Fraction() + 1e-12)) {
        cost = now;
        schedule_.CopyChangesTo(&kept);
      } else {
        schedule_.RevertTo(kept);
      }
    }
  }

 private:
  void Insert() {
    for (int stop : out_) {
      const Schedule::Slot slot =
          schedule_.Best(problem_.stops[stop], 0, schedule_.LastWheelsOf(stop));
      if (slot.found() && slot.cost < problem_.stops[stop].unserved_cost) {
        schedule_.Insert(slot, stop);
      }
    }
    out_.clear();
  }

  // Takes out some stops that are near each other, and all that are in no
  // route.
  void Ruin() {
    const int stops = static_cast<int>(problem_.stops.size());
    const int count = 1 + random_.Below(std::min(kMaxRuin, stops));
    const int middle = random_.Below(stops);
    near_.clear();
    const RouteStop& from = problem_.stops[middle];
    for (int s = 0; s < stops; ++s) {
      // The random part takes out other neighbours each time.
      const double distance =
          s == middle
              ? -1
              : problem_.travel->at(from.place, problem_.stops[s].place) *
                    (0.25 + random_.Fraction());
      near_.push_back({distance, s});
    }
    std::partial_sort(near_.begin(), near_.begin() + count, near_.end());
    for (int i = 0; i < count; ++i) schedule_.Remove(near_[i].second);
    for (int s = 0; s < stops; ++s) {
      if (!schedule_.IsPlanned(s)) out_.push_back(s);
    }
  }

  void Order() {
    for (size_t i = out_.size(); i > 1; --i) {
      std::swap(out_[i - 1], out_[random_.Below(static_cast<int>(i))]);
    }
    switch (random_.Below(3)) {
      case 0:
        std::stable_sort(out_.begin(), out_.end(), [&](int a, int b) {
          return RateOf(problem_.stops[a]) > RateOf(problem_.stops[b]);
        });
        break;
      case 1:
        std::stable_sort(out_.begin(), out_.end(), [&](int a, int b) {
          return DueOf(problem_.stops[a]) < DueOf(problem_.stops[b]);
        });
        break;
      default:
        break;
    }
  }

  const RouteProblem& problem_;
  const SearchOptions& options_;
  SearchRandom random_;
  Schedule schedule_;
  SearchResult best_;
  // In no route, in the order of insertion.
  std::vector<int> out_;
  std::vector<std::pair<double, int>> near_;
};

}  // namespace

SearchResult SearchRoutes(const RouteProblem& problem, const RoutePlan& start,
                          const SearchOptions& options) {
  const bool exact = problem.stops.size() <= kExactStops;
  // A good plan first: it cuts off most branches.
  SearchOptions heuristic = options;
  if (exact) heuristic.max_steps /= 4;
  Recreate recreate(problem, start, heuristic);
  recreate.Run();
  if (!exact) return recreate.best();
  return Exact(problem, recreate.best(), options,
               options.max_steps - recreate.steps())
      .Run();
}

}  // namespace housecall::planner
