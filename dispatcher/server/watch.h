// Streams of changes: what is behind WatchBoard and WatchDuty.
#ifndef HOUSECALL_DISPATCHER_SERVER_WATCH_H_
#define HOUSECALL_DISPATCHER_SERVER_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/board_feed.h"
#include "dispatcher/server/stream_writer.h"

namespace housecall::server {

// Somebody who watches a center. All functions are called on the hub's thread,
// one at a time, none after the hub has let go of the watcher.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Once, first. The feed outlives the watcher.
  virtual void Begin(BoardFeed* feed) = 0;
  // The feed has something new.
  virtual void Tell() = 0;
  // Whoever watches may have lost the right to, or have another: called before
  // anything is told that came after.
  virtual void Recheck() = 0;
  // About once a second, also after the end.
  virtual void Tick() = 0;
  // Nothing is told any more; once at most.
  virtual void End(absl::Status status) = 0;
  // What comes next is not kept any more.
  virtual bool is_lost() const = 0;
  // For how many ticks something has waited that was not taken.
  virtual int ticks_behind() const = 0;
};

struct WatchLimits {
  // What one stream may be behind before it is ended.
  BoardFeed::Limits stream;
  // What may wait for the clients of all streams together, in bytes.
  size_t total_bytes = 64 << 20;
  // What the hub itself may be behind.
  size_t backlog_messages = 4096;
  size_t backlog_bytes = 32 << 20;
  // Positions are told no more often than that, the newest of each person.
  absl::Duration moves_interval = absl::Milliseconds(500);
};

struct WatchFigures {
  // Streams that are open.
  size_t watchers = 0;
  // Wait for clients now, over all streams; what many wait for counts once.
  size_t waiting_bytes = 0;
  // Wait for the hub now.
  size_t backlog_messages = 0;
  size_t backlog_bytes = 0;
  // Streams that were ended since the start because their clients were too
  // slow, or the hub.
  int64_t ended_laggards = 0;
};

// Tells watchers about commits on a thread of its own, so that neither the
// engine's writer nor a handler spends time on them. Whatever happens, what it
// keeps is limited: who is beyond a limit is ended with ResourceExhausted and
// comes again with the token of what he has. Thread-safe.
class WatchHub {
 public:
  WatchHub(engine::Engine* engine, const WatchLimits& limits);
  // Ends every watcher.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Begins to tell `watcher` about the center. Never blocks for long. NotFound
  // if there is no such center; Unavailable if the hub is stopping.
  absl::Status Add(const core::CenterId& center,
                   std::shared_ptr<Watcher> watcher);
  // Lets go of the watcher, soon, and of `kept` with it: whatever the watcher
  // writes to. May be called from any thread, also from within the watcher.
  void Remove(Watcher* watcher, std::shared_ptr<void> kept);

  // Ends every watcher; later ones are refused. Idempotent.
  void Stop();

  WatchFigures figures() const;
  ByteBudget* budget() { return &budget_; }

 private:
  // What the engine has told about a center and the hub has not taken up.
  struct Backlog {
    std::vector<engine::Commit> commits;
    size_t messages = 0;
    size_t bytes = 0;
    // The newest of each person.
    std::map<core::PersonId, store::JournalEntry> moves;
    // After everything.
    engine::BoardPtr board;
    int64_t sequence = 0;
    // Something but positions.
    bool urgent = false;
    // It was too much, and is not kept.
    bool overrun = false;
  };
  struct Entry {
    std::shared_ptr<Watcher> watcher;
    bool ended = false;
  };
  struct Center {
    std::unique_ptr<BoardFeed> feed;
    int64_t subscription = 0;
    std::unordered_map<Watcher*, Entry> entries;
  };
  // To begin with a watcher, or to let go of one.
  struct Request {
    core::CenterId center;
    std::shared_ptr<Watcher> begin;
    Watcher* remove = nullptr;
    std::shared_ptr<void> kept;
  };

  // On the engine's writer's thread.
  void Hear(const core::CenterId& center, const engine::Commit& commit);
  void Run();
  void TakeUp(Center& center, Backlog backlog);
  void TellMoves();
  void Handle(Request request);
  void Begin(const core::CenterId& center, std::shared_ptr<Watcher> watcher);
  void TellAll(Center& center);
  void EndAsLaggard(Entry& entry, absl::string_view why);
  // Ends those who have been behind for longest, until what waits is within its
  // limit or nobody is behind.
  void Relieve();
  void Tick();

  engine::Engine* const engine_;
  const WatchLimits limits_;
  // In every token, and another one in each hub.
  const std::string epoch_;
  ByteBudget budget_;

  mutable Mutex mutex_;
  CondVar wake_;
  // Something that does not wait for its time, as positions do.
  bool dirty_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool stop_ HOUSECALL_GUARDED_BY(mutex_) = false;
  std::map<core::CenterId, Backlog> backlogs_ HOUSECALL_GUARDED_BY(mutex_);
  WatchFigures figures_ HOUSECALL_GUARDED_BY(mutex_);

  // The hub's thread only.
  std::map<core::CenterId, Center> centers_;
  std::unordered_map<Watcher*, core::CenterId> where_;
  int64_t ended_laggards_ = 0;
  int64_t logged_laggards_ = 0;

  // They may hold watchers, which go before the feeds.
  std::vector<Request> requests_ HOUSECALL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_WATCH_H_
