// What if: nights run with other rotas, other loads, other policies, and their
// figures side by side. Front door for those who size a rota.
#ifndef HOUSECALL_DISPATCHER_NIGHT_STUDY_H_
#define HOUSECALL_DISPATCHER_NIGHT_STUDY_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dispatcher/night/dispatcher.h"
#include "dispatcher/night/night.h"
#include "dispatcher/night/settings.h"
#include "dispatcher/night/simulator.h"

namespace housecall::night {

// One row of a study: the same nights under other circumstances.
struct Variant {
  std::string name;
  Settings settings;
  std::function<Night(const Night&)> change;
};

// The nights with another rota or load; deterministic.
//
// A car more is on duty all night with a driver, at the base that most cars
// have. One fewer is the one that is on duty for the shortest time, of equals
// the last; physicians' own cars are no part of that.
Night WithCars(const Night& night, int more);
// A physician more is on duty all night, with the skills of the one who has
// most and, so that the way to him is known, at his home; fetched by a car. One
// fewer is the one who is missed least: those calls count that nobody else on
// duty at their time has the skill for, then the hours on duty, then the calls
// whose own physician he is; of equals the last. His own car goes with him.
Night WithPhysicians(const Night& night, int more);
// `factor` times as many calls, in [0, 2]. Those that are added come again 37
// minutes later from where calls came from; those that are left out are spread
// over the night.
Night WithCalls(const Night& night, double factor);

// The planner as it is; without looking ahead; with those who are free now
// only.
std::vector<Variant> PolicyVariants(const Settings& settings);

struct RotaChanges {
  std::vector<int> cars = {1, -1};
  std::vector<int> physicians = {1, -1};
  std::vector<double> calls = {1.3};
};
// As it is; then each change alone. Where all `nights` lose the same car or
// physician, the name says which.
std::vector<Variant> RotaVariants(const std::vector<Night>& nights,
                                  const Settings& settings,
                                  const RotaChanges& changes = {});

// The planner at the head of one night.
absl::StatusOr<NightResult> RunNight(const Night& night,
                                     const DispatcherOptions& options,
                                     const SimulateOptions& simulate = {});
// The same with what the night and the settings say. Errors as Settings::For.
absl::StatusOr<NightResult> RunNight(const Night& night,
                                     const Settings& settings,
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
  // Over the nights that have such calls; none: there are none.
  std::optional<double> own_share;
  double changes_per_call = 0;
  double unserved = 0;
  int rejected = 0;
  // Physicians' minutes after their shifts, all together.
  double overtime_minutes = 0;
  double burden_spread = 0;
  // Of all promised arrivals of all nights, and of those that a crew had
  // accepted; none: nothing was promised.
  std::optional<double> promises_held;
  std::optional<double> promises_with_crew_held;
  double promises_per_call = 0;
};

// Every variant over every night; the first error ends it. `progress` is told
// now and then how many nights are done, parts of one included, of how many;
// may be empty.
absl::StatusOr<std::vector<StudyRow>> RunStudy(
    const std::vector<Night>& nights, const std::vector<Variant>& variants,
    const std::function<void(double done, size_t all)>& progress);

StudyRow MeanOf(const std::string& name,
                const std::vector<NightResult>& results);

// A table for people with a line that says what is better, and a page with the
// same table and bars that needs nothing else.
std::string StudyTable(const std::vector<StudyRow>& rows);
std::string StudyHtml(const std::string& title,
                      const std::vector<StudyRow>& rows);

// One line for each stop: when, which car, what.
std::string TimelineText(const Night& night, const NightResult& result);

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_STUDY_H_
