// What everything in a run shares: its plan, its time, its chance, its story,
// and whether a storm is on.
#ifndef HOUSECALL_TESTS_SIMULATION_WORLD_H_
#define HOUSECALL_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/types.h"
#include "tests/simulation/fibers.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/random.h"
#include "tests/simulation/story.h"
#include "tests/simulation/truth.h"

namespace housecall::simulation {

struct World {
  World(const Plan& of, const core::Board& board, Scheduler* s, bool keep_story)
      : plan(of),
        scheduler(s),
        random(of.seed),
        story([s] { return s->Now(); }, keep_story),
        truth(of,
              {.now = [s] { return s->Now(); },
               .sleep = [s](absl::Duration d) { s->SleepFor(d); },
               .storm = [this] { return storm; }},
              board, &story) {}

  absl::Time Now() const { return scheduler->Now(); }
  void Sleep(absl::Duration duration) { scheduler->SleepFor(duration); }
  // Of 1000 times in a storm; never in a calm.
  bool Strikes(int per_mille) {
    return storm && per_mille > 0 && random.PerMille(per_mille);
  }
  // Runs `what` on a thread of its own after that time.
  void After(absl::Duration delay, std::function<void()> what) {
    scheduler->Start([this, delay, what = std::move(what)] {
      Sleep(delay);
      what();
    });
  }
  // Starts a thread that runs until the end.
  void Live(std::string name, std::function<void()> life) {
    scheduler->Start([this, name = std::move(name), life = std::move(life)] {
      scheduler->NameMe(name);
      life();
    });
  }

  const Plan plan;
  Scheduler* const scheduler;
  Random random;
  Story story;
  Truth truth;

  // Things fail.
  bool storm = false;
  // The storms are over for good.
  bool quiet = false;
  // Everybody goes home.
  bool over = false;
  int64_t faults = 0;
  int64_t crashes = 0;
  // Requests whose senders wait for an answer.
  int64_t waiting = 0;
  // What the people behind each account were told of its password, the newest
  // last.
  std::map<core::AccountId, std::vector<std::string>> passwords;
  // Calls that are still to be submitted.
  int64_t unsubmitted = 0;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_WORLD_H_
