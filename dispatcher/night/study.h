// What if: nights run with other rotas, other loads, other policies, and their
// figures side by side. Front door for those who size a rota.
#ifndef HOUSECALL_DISPATCHER_NIGHT_STUDY_H_
#define HOUSECALL_DISPATCHER_NIGHT_STUDY_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dispatcher/night/dispatcher.h"
#include "dispatcher/night/night.h"
#include "dispatcher/night/simulator.h"

namespace housecall::night {

// One column of a study: the same nights under other circumstances.
struct Variant {
  std::string name;
  DispatcherOptions options;
  std::function<Night(const Night&)> change;
};

// The nights with another rota or load. A car or physician more is on duty all
// night at the first one's base or home, with the first one's skills; one fewer
// is the last. Further calls come from places that are known by then, so the
// share is at most 1; deterministic.
Night WithCars(const Night& night, int more);
Night WithPhysicians(const Night& night, int more);
Night WithCalls(const Night& night, double more_share);

// The planner as it is; without looking ahead; with those who are free now
// only.
std::vector<Variant> PolicyVariants(const DispatcherOptions& options);
// As it is; one car or physician more or fewer; 30 % more calls.
std::vector<Variant> RotaVariants(const DispatcherOptions& options);

// The planner at the head of one night.
absl::StatusOr<NightResult> RunNight(const Night& night,
                                     const DispatcherOptions& options,
                                     const SimulateOptions& simulate = {});

// Means over the nights.
struct StudyRow {
  std::string name;
  int nights = 0;
  double weighted_tardiness = 0;
  double late_share = 0;
  double mean_response = 0;
  double p90_response = 0;
  double km_per_call = 0;
  // Over the nights that have such calls.
  double own_share = 0;
  double changes_per_call = 0;
  double unserved = 0;
  int rejected = 0;
  // Of all promised arrivals of all nights, and of those that a crew had
  // accepted; 0 where nothing was promised.
  double promises_held = 0;
  double promises_with_crew_held = 0;
  double promises_per_call = 0;
};

// Every variant over every night; the first error ends it. `progress` is told
// after each night of each variant how many are done; may be empty.
absl::StatusOr<std::vector<StudyRow>> RunStudy(
    const std::vector<Night>& nights, const std::vector<Variant>& variants,
    const std::function<void(size_t done, size_t all)>& progress);

StudyRow MeanOf(const std::string& name,
                const std::vector<NightResult>& results);

// A table for people, and a page with bars that needs nothing else.
std::string StudyTable(const std::vector<StudyRow>& rows);
std::string StudyHtml(const std::string& title,
                      const std::vector<StudyRow>& rows);

// One line for each stop: when, which car, what.
std::string TimelineText(const Night& night, const NightResult& result);

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_STUDY_H_
