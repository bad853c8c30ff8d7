// One night from one seed: the front door of this folder.
#ifndef HOUSECALL_TESTS_SIMULATION_SIMULATION_H_
#define HOUSECALL_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/story.h"

namespace housecall::simulation {

// What came of a run.
struct Report {
  std::vector<Violation> violations;
  // The story, if it was to be kept.
  std::vector<std::string> lines;
  // Of the whole story: the same for the same plan, always.
  uint64_t digest = 0;
  int64_t story_lines = 0;
  // Times that one thread went on after another.
  int64_t switches = 0;
  int64_t commits = 0;
  int64_t accepted = 0;
  int64_t refused = 0;
  int64_t faults = 0;
  int64_t crashes = 0;
  // Of the store's machine.
  int64_t power_cuts = 0;
  // How much of the night there was.
  absl::Duration night;
};

// What was broken, a line each.
std::string Words(const std::vector<Violation>& violations);

// Runs the night with every check of truth.h, and with the bug that is planted
// (bugs.h). Takes the log sink for itself meanwhile. `max_switches`: the run
// ends there, without the checks of its end; 0: it is not cut off.
//
// A run that cannot end (a check named "stuck") leaves its threads lying about:
// nothing more should be run in the process.
Report Simulate(const Plan& plan, bool keep_story, int64_t max_switches = 0);

// As Simulate, without a story, in a process of its own: it may crash or hang
// without harm, which is then a violation too.
Report SimulateApart(const Plan& plan, int64_t max_switches = 0);

// A plan with as little in it as possible that still breaks the same check.
// `told` is called with each simpler one that does.
Plan Shrink(const Plan& plan, absl::string_view check,
            const std::function<void(const Plan&)>& told);

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_SIMULATION_H_
