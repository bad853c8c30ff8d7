// The engine of a process: every center's single writer on a thread of its own,
// its timers, and the planner's worker. The front door of this folder.
#ifndef HOUSECALL_DISPATCHER_ENGINE_ENGINE_H_
#define HOUSECALL_DISPATCHER_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/engine/center_writer.h"
#include "dispatcher/engine/drives.h"
#include "dispatcher/store/store.h"
#include "router/travel_time_source.h"

namespace housecall::engine {

struct Options {
  // Commands of one center that wait at most; one more is refused.
  size_t max_queue = 4096;
  // Commands that form one commit at most.
  size_t max_batch = 512;
  // How often a center's timers are looked at.
  absl::Duration timer_interval = absl::Milliseconds(100);
  // How often a plan is made anew when nothing but positions has changed.
  absl::Duration position_plan_interval = absl::Seconds(15);
  // How often when nothing has changed but a call still waits for a crew: what
  // stood in its way may be over without a word, and a crew that was to be free
  // soon may not be.
  absl::Duration waiting_plan_interval = absl::Minutes(1);
  // How often free crews are thought of while no call waits.
  absl::Duration advice_interval = absl::Minutes(1);
  // How long the search for a plan may take at most; it ends earlier by itself
  // as a rule, or when something happens that wants another plan.
  absl::Duration plan_budget = absl::Milliseconds(50);
  // How often to look whether another engine has committed on the same store:
  // its timers, watchers and pushes need a board that is not old, also where
  // nobody sends anything. Infinite: this engine is the store's only one.
  absl::Duration peer_interval = absl::InfiniteDuration();
  // Journal entries kept in memory for watchers that resume.
  size_t resume_entries = 8192;
  // Off: only operators make offers.
  bool plans = true;
  // Told of drives from which the roads can learn. On the planner's thread, so
  // only while it plans: must not block, nor call the engine. Null: nobody.
  std::function<void(const FinishedDrive&)> drive_finished;
};

// What a watcher is told. Called on the writer's thread after the commit and
// before the answers: it must not block and must not call the engine.
using Listener = std::function<void(const Commit&)>;

// Where a watcher begins.
struct Subscription {
  int64_t id = 0;
  // The board and its sequence at the moment of subscribing; the listener gets
  // every commit after it.
  BoardPtr board;
  int64_t sequence = 0;
  // Entries after the sequence asked for, up to `sequence`, if `complete`;
  // else they are not kept any more and the watcher takes the board.
  std::vector<store::JournalEntry> missed;
  bool complete = false;
};

// Thread-safe. Borrows everything that it is given.
class Engine {
 public:
  Engine(store::Store* store, const Clock* clock,
         const router::TravelTimeSource* travel_times, Options options = {});
  // Stops.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Loads every center of the store and starts the threads. Errors are the
  // store's; then nothing was started.
  absl::Status Start();

  // Lets waiting commands be answered, then ends the threads. Commands that
  // come later are answered with Unavailable. Idempotent.
  void Stop();

  // Hands a command to the center's writer and returns at once. `done` is
  // called exactly once, on a thread of the center's answers, in the order of
  // the commits and after the listeners, or, if the command cannot be taken,
  // before this returns: with NotFound for an unknown center,
  // ResourceExhausted when the queue is full, Unavailable after Stop.
  // Create<Center> of an unknown center makes the center.
  void Submit(const core::CenterId& center, Submission submission);

  // As Submit, but waits for the answer. Not for handlers.
  absl::StatusOr<Result> SubmitAndWait(const core::CenterId& center,
                                       Submission submission);

  // The board as of the last commit, or null for an unknown center.
  BoardPtr Current(const core::CenterId& center) const;

  std::vector<core::CenterId> Centers() const;

  // Begins to tell `listener` about every commit of the center; NotFound if
  // there is none. `after`: the last sequence that the watcher has seen, or -1.
  absl::StatusOr<Subscription> Subscribe(const core::CenterId& center,
                                         int64_t after, Listener listener);
  // What Subscribe would begin with, but for a listener. With more than `most`
  // missed entries it is not complete: copying them keeps the writer waiting.
  absl::StatusOr<Subscription> Look(const core::CenterId& center, int64_t after,
                                    size_t most) const;
  // Afterwards the listener is not called any more.
  void Unsubscribe(const core::CenterId& center, int64_t id);

  const Clock& clock() const { return *clock_; }
  store::Store& store() const { return *store_; }
  // The roads of this moment, for good, as a center's cars use them by its
  // policy (router::TravelTimeSource::Pinned). Not for handlers: after a change
  // of the policy it may wait.
  std::unique_ptr<const router::TravelTimeSource> RoadsOf(
      const core::Board& board) const;

 private:
  // One center: its queue, its writer's thread and its watchers.
  struct Lane;

  std::shared_ptr<Lane> FindLane(const core::CenterId& center) const;
  // With `most` as in Look; adds the listener if it is not null.
  static absl::StatusOr<Subscription> Look(Lane& lane, int64_t after,
                                           size_t most, Listener listener);
  std::shared_ptr<Lane> AddLane(const core::CenterId& center);
  void StartThreads(const std::shared_ptr<Lane>& lane);
  void RunWriter(Lane& lane);
  // Ends after the writer.
  static void RunAnswers(Lane& lane);
  void Publish(Lane& lane, Commit commit);
  void RunPlanner();
  // One plan for one center.
  void PlanCenter(Lane& lane);

  store::Store* const store_;
  const Clock* const clock_;
  const router::TravelTimeSource* const travel_times_;
  const Options options_;

  mutable Mutex mutex_;
  std::map<core::CenterId, std::shared_ptr<Lane>> lanes_
      HOUSECALL_GUARDED_BY(mutex_);
  bool running_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool stopped_ HOUSECALL_GUARDED_BY(mutex_) = false;

  Mutex plan_mutex_;
  CondVar plan_wanted_;
  bool plan_stop_ HOUSECALL_GUARDED_BY(plan_mutex_) = false;
  // Counts requests for a plan, so that none is lost while one is made.
  int64_t plan_requests_ HOUSECALL_GUARDED_BY(plan_mutex_) = 0;
  std::thread planner_;
};

}  // namespace housecall::engine

#endif  // HOUSECALL_DISPATCHER_ENGINE_ENGINE_H_
