#include "dispatcher/planner/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "dispatcher/planner/search.h"

namespace housecall::planner {

double HourWeight(int hour) {
  // 18:00 to 07:00; by day most practices are open.
  constexpr std::array<double, 24> kWeights = {
      0.55, 0.45, 0.37, 0.33, 0.34, 0.40, 0.35, 0.30, 0.50, 0.60, 0.60, 0.60,
      0.60, 0.60, 0.60, 0.70, 0.80, 1.00, 1.15, 1.30, 1.35, 1.25, 1.00, 0.75};
  return kWeights[hour];
}

std::vector<Scenario> MakeScenarios(const Forecast& forecast, int count,
                                    uint64_t seed) {
  std::vector<Scenario> scenarios(count);
  double weights = 0;
  double share = 0;
  for (const Forecast::Kind& kind : forecast.kinds) {
    weights += kind.weight * kind.tries;
    share += kind.weight;
  }
  if (forecast.places.empty() || weights <= 0) return scenarios;
  for (int i = 0; i < count; ++i) {
    // Each has numbers of its own, so that fewer calls in one do not change the
    // others.
    SearchRandom random(seed * 1000003 + i);
    double time = 0;
    for (;;) {
      // Thinning: the next call at the greatest rate, taken as often as the
      // rate of its time says.
      double greatest = 0;
      for (double rate : forecast.rates) greatest = std::max(greatest, rate);
      greatest *= weights / share;
      if (greatest <= 0) break;
      time += -std::log(1 - random.Fraction()) / greatest;
      const size_t step = static_cast<size_t>(time / kRateStepMinutes);
      if (step >= forecast.rates.size()) break;
      const bool comes =
          random.Fraction() * greatest < forecast.rates[step] * weights / share;
      double kind_at = random.Fraction() * weights;
      const int place =
          forecast
              .places[random.Below(static_cast<int>(forecast.places.size()))];
      if (!comes) continue;
      const Forecast::Kind* kind = &forecast.kinds.back();
      for (const Forecast::Kind& one : forecast.kinds) {
        kind_at -= one.weight * one.tries;
        if (kind_at < 0) {
          kind = &one;
          break;
        }
      }
      ExpectedCall call;
      call.known_minutes = time;
      call.stop = kind->stop;
      call.stop.place = place;
      call.weight = 1.0 / kind->tries;
      for (WaitClock& clock : call.stop.clocks) {
        clock.ready_minutes += time;
        clock.due_minutes += time;
      }
      scenarios[i].push_back(std::move(call));
    }
  }
  return scenarios;
}

}  // namespace housecall::planner
