// A machine that serves the center: the real engine and the real relay, started
// again after each crash; and the receivers' systems that it pushes notes to.
#ifndef HOUSECALL_TESTS_SIMULATION_NODE_H_
#define HOUSECALL_TESTS_SIMULATION_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/outbox/channel.h"
#include "dispatcher/outbox/relay.h"
#include "router/travel_time_source.h"
#include "tests/simulation/store_link.h"
#include "tests/simulation/world.h"

namespace housecall::simulation {

// A clock that is wrong by a constant.
class SkewedClock final : public Clock {
 public:
  SkewedClock(const Scheduler* scheduler, absl::Duration skew)
      : scheduler_(scheduler), skew_(skew) {}
  absl::Time Now() const override { return scheduler_->Now() + skew_; }
  absl::Duration skew() const { return skew_; }

 private:
  const Scheduler* const scheduler_;
  const absl::Duration skew_;
};

// Pushes reach a receiver's system, which takes them, rejects them, hangs, lies
// or sends back what it got. The answers are worded as the webhook channel
// words them.
class PushChannel final : public outbox::Channel {
 public:
  PushChannel(World* world, std::string who)
      : world_(world), who_(std::move(who)) {}
  ~PushChannel() override { Stop(); }
  void Send(outbox::OutboundMessage message, Callback done) override;
  void Stop() override;
  // What is handed over from now on goes nowhere.
  void Cut() { cut_ = true; }
  absl::Duration max_send_duration() const override;

 private:
  struct Push {
    PushChannel* channel;
    Callback done;
  };
  // Nothing if it was finished before: by Stop, after which the channel may be
  // gone.
  static void Finish(const std::shared_ptr<Push>& push,
                     outbox::SendOutcome outcome);

  World* const world_;
  const std::string who_;
  bool stopped_ = false;
  bool cut_ = false;
  std::vector<std::shared_ptr<Push>> under_way_;
};

// One life of a node, from its start to its crash. What it does after the crash
// (its threads run on until they see that they are to end) reaches nobody.
class Process {
 public:
  Process(World* world, std::string who, int64_t life);
  ~Process();

  // As the daemon does it. Errors are the store's.
  absl::Status Start();
  // Ends every thread.
  void Stop();
  // Nothing that it does counts from now on.
  void Crash();
  bool is_dead() const { return dead_; }

  // A request that has reached this node: it is let in as the server does it,
  // and given to the engine. The answer comes once, or, if the node crashes
  // before, never.
  void Take(const Request& request,
            std::function<void(const absl::StatusOr<engine::Result>&)> answer);
  // The board that it shows, or null.
  engine::BoardPtr board();

  engine::Engine& engine() { return engine_; }
  StoreLink& link() { return link_; }
  const std::string& who() const { return who_; }

 private:
  using Answer = std::function<void(const absl::StatusOr<engine::Result>&)>;
  // A login: its password is looked at, which takes a while.
  void LogIn(const Request& request, Answer answer);

  World* const world_;
  const std::string who_;
  bool dead_ = false;
  SkewedClock clock_;
  StoreLink link_;
  router::StraightLine travel_times_;
  engine::Engine engine_;
  PushChannel channel_;
  outbox::Relay relay_;
  int64_t looks_ = 0;
  // By a planted bug.
  engine::BoardPtr shown_;
};

// The machine.
class Node {
 public:
  Node(World* world, std::string name)
      : world_(world), name_(std::move(name)) {}

  // Starts processes, one after the other, until the world is over.
  void Run();
  // The one that runs, or null.
  std::shared_ptr<Process> process() const { return process_; }
  const std::string& name() const { return name_; }

 private:
  World* const world_;
  const std::string name_;
  int64_t lives_ = 0;
  std::shared_ptr<Process> process_;
};

// Watches the board from node to node, and holds what it is told against the
// journal.
class Watcher {
 public:
  Watcher(World* world, std::string name, std::vector<Node*> nodes)
      : world_(world), name_(std::move(name)), nodes_(std::move(nodes)) {}
  void Run();
  // Of the last entry that it was told.
  int64_t sequence() const { return sequence_; }

 private:
  void Told(const engine::Commit& commit);
  void See(const store::JournalEntry& entry);

  World* const world_;
  const std::string name_;
  const std::vector<Node*> nodes_;
  int64_t sequence_ = -1;
  // Commits that came before what was missed was looked at.
  bool ready_ = false;
  std::vector<engine::Commit> early_;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_NODE_H_
