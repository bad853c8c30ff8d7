#include "tests/simulation/simulation.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/log.h"
#include "dispatcher/core/calendar.h"
#include "tests/simulation/clients.h"
#include "tests/simulation/fibers.h"
#include "tests/simulation/node.h"
#include "tests/simulation/world.h"

namespace housecall::simulation {
namespace {

// From the end of a storm on: by then every node is up again, every lease of
// the storm is over, and every try that waited has been made.
constexpr absl::Duration kGrace = absl::Seconds(150);
constexpr absl::Duration kLook = absl::Seconds(2);
// Of a run in a process of its own.
constexpr rlim_t kMostBytes = rlim_t{2} << 30;
constexpr rlim_t kMostSeconds = 120;
// After the last storm: by then every call has had its human answer.
constexpr absl::Duration kLongestEnd = absl::Hours(6);

// The course of the night, on the run's first thread.
class Night {
 public:
  Night(World* world, int64_t max_switches)
      : world_(world), max_switches_(max_switches) {
    for (int i = 1; i <= world->plan.nodes; ++i) {
      nodes_.push_back(std::make_unique<Node>(world, absl::StrCat("node", i)));
      borrowed_.push_back(nodes_.back().get());
    }
    clients_ = ClientsOf(world, &borrowed_);
    for (int i = 1; i <= world->plan.watchers; ++i) {
      watchers_.push_back(std::make_unique<Watcher>(
          world, absl::StrCat("watcher", i), borrowed_));
    }
  }

  void Pass() {
    for (const auto& node : nodes_) {
      world_->Live(node->name(), [node = node.get()] { node->Run(); });
    }
    for (const auto& client : clients_) {
      world_->Live(client->name(), [client = client.get()] { client->Live(); });
    }
    for (const auto& watcher : watchers_) {
      world_->Live("watcher", [watcher = watcher.get()] { watcher->Run(); });
    }
    const Plan& plan = world_->plan;
    for (int i = 0; i < plan.storms && !IsCutOff(); ++i) {
      Calm(plan.calm_duration);
      Storm(plan.storm_duration);
    }
    world_->quiet = true;
    const absl::Time end = world_->Now() + kLongestEnd;
    while (world_->Now() < end && !IsCutOff() &&
           (world_->unsubmitted > 0 || !world_->truth.IsAllOver())) {
      Calm(absl::Minutes(1));
    }
    if (!IsCutOff()) CheckEnd();
    world_->over = true;
  }

 private:
  bool IsCutOff() const {
    if (world_->story.is_broken_enough()) return true;
    return max_switches_ > 0 && world_->scheduler->switches() >= max_switches_;
  }

  void Calm(absl::Duration duration) {
    const absl::Time end = world_->Now() + duration;
    // A crew or a push of the store's own delay, the nodes' timers and clocks.
    const absl::Duration slack = 3 * world_->plan.timer_interval +
                                 2 * world_->plan.max_skew + absl::Seconds(10);
    while (world_->Now() < end && !IsCutOff()) {
      world_->Sleep(kLook);
      if (world_->Now() - calm_since_ > kGrace) {
        world_->truth.CheckNothingIsLate(slack, calm_since_ + kGrace);
      }
    }
    world_->truth.CheckRows();
  }

  void Storm(absl::Duration duration) {
    world_->story.Tell("weather", "a storm begins");
    world_->storm = true;
    const absl::Time end = world_->Now() + duration;
    while (world_->Now() < end && !IsCutOff()) {
      world_->Sleep(
          world_->random.Between(absl::Seconds(5), absl::Seconds(60)));
      const std::shared_ptr<Process> process =
          world_->random.Of(borrowed_)->process();
      if (process == nullptr || process->is_dead()) continue;
      if (world_->plan.crash_at_store_call > 0 && world_->random.Chance(20)) {
        process->Crash();
      } else if (world_->plan.partitions && world_->random.Chance(30)) {
        const absl::Duration parted =
            world_->random.Between(absl::Seconds(1), absl::Seconds(90));
        world_->story.Tell(process->who(), "cannot reach the store for ",
                           absl::FormatDuration(parted));
        process->link().PartUntil(world_->Now() + parted);
      }
    }
    world_->storm = false;
    calm_since_ = world_->Now();
    for (const auto& node : nodes_) {
      if (const auto process = node->process()) {
        process->link().PartUntil(absl::InfinitePast());
      }
    }
    world_->story.Tell("weather", "the storm is over");
  }

  void CheckEnd() {
    Truth& truth = world_->truth;
    if (world_->unsubmitted > 0 || !truth.IsAllOver()) {
      world_->story.Break("liveness",
                          "hours after the last storm: ", world_->unsubmitted,
                          " calls are not submitted; ", truth.WhatIsOpen());
    }
    truth.CheckRows();
    truth.CheckAnswered();
    // Nobody asks for anything now but what is said all the time.
    const int64_t sequence = truth.sequence();
    world_->Sleep(absl::Seconds(30));
    for (const auto& watcher : watchers_) {
      if (watcher->sequence() < sequence) {
        world_->story.Break("watchers", "one has heard of nothing after ",
                            watcher->sequence(), " of ", sequence);
      }
    }
  }

  World* const world_;
  const int64_t max_switches_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<Node*> borrowed_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  absl::Time calm_since_ = absl::InfinitePast();
};

}  // namespace

std::string Words(const std::vector<Violation>& violations) {
  std::string words;
  for (const Violation& violation : violations) {
    absl::StrAppend(&words, violation.check, ": ", violation.what, "\n");
  }
  return words;
}

Report Simulate(const Plan& plan, bool keep_story, int64_t max_switches) {
  SchedulerOptions options;
  options.seed = plan.seed ^ 0xf1be25f1be25;
  options.start_time = plan.start_time;
  options.preempt_per_mille = plan.preempt;
  const core::Board board = BoardOf(plan);
  // The process's first look at a time zone takes more locks than later ones,
  // at each of which another thread may go first.
  (void)core::ZoneNamed(board.center().time_zone);
  Scheduler scheduler(options);
  // Left behind if the run is stuck: its fibers stand in it.
  auto world = std::make_unique<World>(plan, board, &scheduler, keep_story);
  auto night = std::make_unique<Night>(world.get(), max_switches);
  SetLogSink([world = world.get()](LogLevel, absl::string_view line) {
    // Without its time, which is the story's.
    line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    world->story.Tell("log", line);
    world->truth.CheckText("a log line", line);
  });
  const bool ended = scheduler.Run([&] { night->Pass(); });
  SetLogSink(nullptr);
  if (!ended) world->story.Break("stuck", scheduler.stuck());

  Report report;
  report.violations = world->story.violations();
  report.lines = world->story.lines();
  report.digest = world->story.digest();
  report.story_lines = world->story.size();
  report.switches = scheduler.switches();
  report.commits = world->truth.commits();
  report.accepted = world->truth.accepted();
  report.refused = world->truth.refused();
  report.faults =
      world->faults + world->truth.disk_faults() + world->truth.power_cuts();
  report.power_cuts = world->truth.power_cuts();
  report.crashes = world->crashes;
  report.night = scheduler.Now() - plan.start_time;
  if (!ended) {
    (void)night.release();
    (void)world.release();
  }
  return report;
}

Report SimulateApart(const Plan& plan, int64_t max_switches) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    // What runs away ends itself and not the machine.
    const rlimit memory = {kMostBytes, kMostBytes};
    setrlimit(RLIMIT_AS, &memory);
    const rlimit time = {kMostSeconds, kMostSeconds};
    setrlimit(RLIMIT_CPU, &time);
    const Report report = Simulate(plan, false, max_switches);
    std::string text = absl::StrCat(
        report.digest, " ", report.story_lines, " ", report.switches, " ",
        report.commits, " ", report.accepted, " ", report.refused, " ",
        report.faults, " ", report.crashes, " ", report.power_cuts, " ",
        absl::ToInt64Microseconds(report.night));
    for (const Violation& violation : report.violations) {
      absl::StrAppend(&text, std::string(1, '\0'), violation.check,
                      std::string(1, '\1'), violation.what);
    }
    for (size_t at = 0; at < text.size();) {
      const ssize_t wrote = write(ends[1], text.data() + at, text.size() - at);
      if (wrote <= 0) break;
      at += static_cast<size_t>(wrote);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Report report;
  if (status != 0 || text.empty()) {
    report.violations.push_back(
        {"crash", absl::StrCat("the process ended with status ", status)});
    return report;
  }
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::ByString(absl::string_view("\0", 1)));
  std::istringstream figures(parts[0]);
  int64_t night = 0;
  figures >> report.digest >> report.story_lines >> report.switches >>
      report.commits >> report.accepted >> report.refused >> report.faults >>
      report.crashes >> report.power_cuts >> night;
  report.night = absl::Microseconds(night);
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<std::string, std::string> halves =
        absl::StrSplit(parts[i], absl::MaxSplits('\1', 1));
    report.violations.push_back({halves.first, halves.second});
  }
  return report;
}

Plan Shrink(const Plan& plan, absl::string_view check,
            const std::function<void(const Plan&)>& told) {
  const auto breaks = [&](const Plan& candidate) {
    const Report report = SimulateApart(candidate);
    return std::any_of(
        report.violations.begin(), report.violations.end(),
        [&](const Violation& violation) { return violation.check == check; });
  };
  Plan smallest = plan;
  for (bool found = true; found;) {
    found = false;
    for (const Plan& candidate : SimplerPlans(smallest)) {
      if (!breaks(candidate)) continue;
      smallest = candidate;
      told(smallest);
      found = true;
      break;
    }
  }
  return smallest;
}

}  // namespace housecall::simulation
