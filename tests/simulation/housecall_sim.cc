// housecall-sim: replays a simulated night as a story, and looks for seeds that
// break a check.
#include <cinttypes>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/simulation/bugs.h"
#include "tests/simulation/simulation.h"

ABSL_FLAG(uint64_t, seed, 0, "run this seed; without it, many from 1 on");
ABSL_FLAG(uint64_t, from, 1, "the first of many seeds");
ABSL_FLAG(int64_t, seeds, 100, "how many seeds");
ABSL_FLAG(double, minutes, 0, "run seeds for so long instead of so many");
ABSL_FLAG(int64_t, steps, 0, "end the run after so many switches of threads");
ABSL_FLAG(bool, trace, false, "tell the whole story");
ABSL_FLAG(bool, shrink, true,
          "make a run that breaks a check smaller before it is told");
ABSL_FLAG(std::string, bug, "",
          "plant a bug of the gallery, by name, such as COMMIT_IS_LOST");

namespace housecall::simulation {
namespace {

void PrintViolations(const Report& report) {
  for (const Violation& violation : report.violations) {
    std::printf("BROKEN %s: %s\n", violation.check.c_str(),
                violation.what.c_str());
  }
}

void PrintSummary(const Report& report) {
  std::printf(
      "digest %016" PRIx64 ": %s of the night, %" PRId64 " switches, %" PRId64
      " commits, %" PRId64 " accepted, %" PRId64 " refused, %" PRId64
      " faults, %" PRId64 " crashes, %" PRId64 " power cuts\n",
      report.digest,
      absl::FormatDuration(absl::Trunc(report.night, absl::Seconds(1))).c_str(),
      report.switches, report.commits, report.accepted, report.refused,
      report.faults, report.crashes, report.power_cuts);
}

// Tells the end of the story, or all of it.
void PrintStory(const Report& report, bool all) {
  size_t begin = 0;
  constexpr size_t kLines = 60;
  if (!all) {
    // Up to the first line that breaks a check.
    size_t end = report.lines.size();
    for (size_t i = 0; i < report.lines.size(); ++i) {
      if (report.lines[i].find(" BROKEN ") != std::string::npos) {
        end = i + 1;
        break;
      }
    }
    begin = end > kLines ? end - kLines : 0;
    if (begin > 0) {
      std::printf("… %zu lines before these; --trace tells them\n", begin);
    }
    for (size_t i = begin; i < end; ++i) {
      std::printf("%s\n", report.lines[i].c_str());
    }
    return;
  }
  for (const std::string& line : report.lines) {
    std::printf("%s\n", line.c_str());
  }
}

int RunOne(uint64_t seed) {
  const int64_t steps = absl::GetFlag(FLAGS_steps);
  const bool trace = absl::GetFlag(FLAGS_trace);
  Plan plan = PlanOf(seed);
  std::printf("seed %" PRIu64 ": %s\n", seed, Describe(plan).c_str());
  const Report first = SimulateApart(plan, steps);
  PrintViolations(first);
  if (!first.violations.empty() && absl::GetFlag(FLAGS_shrink) && steps == 0) {
    plan = Shrink(plan, first.violations[0].check, [](const Plan& smaller) {
      std::printf("smaller: %s\n", Describe(smaller).c_str());
      std::fflush(stdout);
    });
  }
  if (trace || !first.violations.empty()) {
    const Report report = Simulate(plan, true, steps);
    PrintStory(report, trace);
    PrintViolations(report);
    PrintSummary(report);
  } else {
    PrintSummary(first);
  }
  return first.violations.empty() ? 0 : 1;
}

int RunMany() {
  const absl::Time start = absl::Now();
  const absl::Duration limit = absl::Minutes(1) * absl::GetFlag(FLAGS_minutes);
  const uint64_t from = absl::GetFlag(FLAGS_from);
  uint64_t seed = from;
  int64_t broken = 0;
  Report all;
  const auto more = [&] {
    if (limit > absl::ZeroDuration()) return absl::Now() - start < limit;
    return seed < from + static_cast<uint64_t>(absl::GetFlag(FLAGS_seeds));
  };
  for (; more(); ++seed) {
    const Report report = SimulateApart(PlanOf(seed));
    if (!report.violations.empty()) {
      ++broken;
      std::printf("seed %" PRIu64 "\n", seed);
      PrintViolations(report);
      std::fflush(stdout);
    }
    all.digest = (all.digest ^ report.digest) * 0x100000001b3;
    all.switches += report.switches;
    all.commits += report.commits;
    all.accepted += report.accepted;
    all.refused += report.refused;
    all.faults += report.faults;
    all.crashes += report.crashes;
    all.power_cuts += report.power_cuts;
    all.night += report.night;
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const auto count = static_cast<double>(seed - from);
  PrintSummary(all);
  std::printf("%.0f seeds, %" PRId64
              " broken, %.1f s: %.2f seeds/s, %.2f nights of 14 hours/s\n",
              count, broken, seconds, count / seconds,
              absl::ToDoubleHours(all.night) / 14 / seconds);
  return broken == 0 ? 0 : 1;
}

int Main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "housecall-sim: nights of a center in virtual time.\n"
      "  housecall-sim --seed 17          what comes of one seed; a story if "
      "it breaks a check\n"
      "  housecall-sim --seed 17 --trace  the whole story\n"
      "  housecall-sim --minutes 10       as many seeds as there is time for\n"
      "  housecall-sim --bug COMMIT_IS_LOST --seed 3   with a planted bug");
  absl::ParseCommandLine(argc, argv);
  if (const std::string name = absl::GetFlag(FLAGS_bug); !name.empty()) {
    for (const Bug bug : AllValues<Bug>()) {
      if (NameOf(bug) == name) Plant(bug);
    }
    if (Planted() == Bug::kUnspecified) {
      std::fprintf(stderr, "--bug: there is no %s; there are:\n", name.c_str());
      for (const Bug bug : AllValues<Bug>()) {
        std::fprintf(stderr, "  %s\n", std::string(NameOf(bug)).c_str());
      }
      return 2;
    }
  }
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  return seed != 0 ? RunOne(seed) : RunMany();
}

}  // namespace
}  // namespace housecall::simulation

int main(int argc, char** argv) {
  return housecall::simulation::Main(argc, argv);
}
