// The search for a night's routes: exact where the night is small, else
// ruin-and-recreate for as long as it may take.
#ifndef HOUSECALL_DISPATCHER_PLANNER_SEARCH_H_
#define HOUSECALL_DISPATCHER_PLANNER_SEARCH_H_

#include <cstdint>
#include <functional>

#include "dispatcher/planner/routes.h"

namespace housecall::planner {

// SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine.
class SearchRandom {
 public:
  explicit SearchRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // In [0, n); n > 0.
  int Below(int n) {
    return static_cast<int>((Next() >> 32) * static_cast<uint64_t>(n) >> 32);
  }
  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

struct SearchOptions {
  // Legs looked at before the search ends (some 20 ns each).
  int64_t max_steps = 500'000;
  uint64_t seed = 1;
  // Asked now and then; true ends the search. May be empty.
  std::function<bool()> is_over = {};
};

struct SearchResult {
  RoutePlan plan;
  double cost = 0;
  // No plan costs less.
  bool is_least = false;
};

// Looks for the plan of least cost. Begins with `start` (the plan of a moment
// ago, as far as it still holds) and puts into it what it lacks where it costs
// least; then takes some stops out that are near each other and puts them back
// where they cost least, over and over, now and then accepting a dearer plan
// (Schrimpf et al. 2000, "record breaking optimization results using the ruin
// and recreate principle"). With up to kExactStops stops, every plan is looked
// at that could be cheaper, while the steps last (is_least says whether they
// did). Plans are RoutePlans: a physician rides in one car only, and does not
// come back to it after another has taken his seat (not P1, P2, P1), though
// that might be cheaper now and then.
//
// Deterministic: the same for the same problem, start, seed and limit, unless
// is_over ends it.
inline constexpr int kExactStops = 6;
SearchResult SearchRoutes(const RouteProblem& problem, const RoutePlan& start,
                          const SearchOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_SEARCH_H_
