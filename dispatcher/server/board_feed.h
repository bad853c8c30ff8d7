// What the watchers of one center's board are told: each change converted once
// for all who may see the same of it, and kept once until all have it.
#ifndef HOUSECALL_DISPATCHER_SERVER_BOARD_FEED_H_
#define HOUSECALL_DISPATCHER_SERVER_BOARD_FEED_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/stream_writer.h"
#include "grpcpp/grpcpp.h"
#include "housecall/v1/board_service.pb.h"

namespace housecall::server {

// Who looks at the board, and whether at one call only.
struct Sight {
  core::Actor actor;
  core::CallId only;
};

// Where a watcher has got to.
struct ResumePoint {
  // Of the hub that counted; empty: the board itself is wanted.
  std::string epoch;
  // SightMark of what he was told until then.
  std::string sight;
  int64_t sequence = -1;
};

// The same for all who are told the same, as of that board: what somebody was
// told does not help him to what he may see by another sight.
std::string SightMark(const Sight& sight, const core::Board& board);

// What a resume token of that center says: "CENTER:EPOCH:SIGHT:SEQUENCE". A
// point without an epoch for an empty one, and for those that servers gave when
// theirs said less. InvalidArgument if it is none of this center's.
absl::StatusOr<ResumePoint> ParseResumeToken(const core::CenterId& center,
                                             absl::string_view token);

// Writes an event with those of its records that the actor may see under that
// RPC. False if there is nothing for him in it. `only`: only what belongs to
// that call; empty: everything.
bool WriteEvent(const store::JournalEntry& entry, const core::CenterId& center,
                const core::Actor& actor, absl::string_view rpc,
                const core::CallId& only, const core::Board& board,
                v1::Event* out);

// About how much memory an entry takes, in bytes.
size_t RoughBytes(const store::JournalEntry& entry);

// A center's feed. The hub's thread writes it, readers take from it on any
// thread; the budget and the clock outlive it.
class BoardFeed {
 public:
  using Update = Parcel<grpc::ByteBuffer>;

  struct Limits {
    // What a reader may be behind.
    size_t messages = 4096;
    size_t bytes = 8 << 20;
  };

  // Where one reader is. Made by Join, ended by its destruction.
  class Reader;

  // `epoch` is another one at each start of the server: sequences count from
  // one board only, and a database that was put back counts those of its
  // backup's anew.
  BoardFeed(core::CenterId center, std::string epoch, const Limits& limits,
            ByteBudget* budget, const Clock* clock);
  ~BoardFeed();
  BoardFeed(const BoardFeed&) = delete;
  BoardFeed& operator=(const BoardFeed&) = delete;

  // --- On the hub's thread ---------------------------------------------------

  // Begins with this board.
  void Reset(engine::BoardPtr board, int64_t sequence);
  // Goes on with a commit. Positions wait for TellMoves.
  void Append(const engine::Commit& commit);
  // Lets the newest positions be taken, one for each person who has moved.
  void TellMoves();
  bool has_moves() const { return !moves_.empty(); }

  // A reader from after `point` on, or, if that is of another epoch or sight,
  // not kept any more or too much, with the board itself first. The engine is
  // asked for what this feed does not keep.
  std::unique_ptr<Reader> Join(const Sight& sight, const ResumePoint& point,
                               const engine::Engine& engine);

  // Forgets what everybody has, but for some of it for those who come back.
  void Trim();
  // Forgets all of that.
  void TrimAll();
  // About once a second.
  void Tick();

  const engine::BoardPtr& board() const { return board_; }
  int64_t sequence() const { return sequence_; }

 private:
  struct View;
  // What a reader gets before the changes.
  using Opening = std::vector<std::shared_ptr<const Update>>;

  std::shared_ptr<const Update> Pack(const v1::BoardUpdate& update) const;
  std::shared_ptr<const Update> PackEvent(const View& view,
                                          const store::JournalEntry& entry,
                                          const core::Board& board) const;
  Opening MakeSnapshot(const View& view) const;
  std::string ResumeToken(const View& view, int64_t sequence) const;
  std::shared_ptr<View> ViewFor(const Sight& sight);
  void PopFront(View& view) HOUSECALL_REQUIRES(mutex_);
  void Trim(View& view, size_t keep_messages, size_t keep_bytes)
      HOUSECALL_REQUIRES(mutex_);
  // The persons who have moved after `since`; -1: all.
  std::shared_ptr<const Update> MovesSince(View& view, int64_t since)
      HOUSECALL_REQUIRES(mutex_);
  std::shared_ptr<const Update> Next(Reader& reader);

  const core::CenterId center_;
  const std::string epoch_;
  const Limits limits_;
  ByteBudget* const budget_;
  const Clock* const clock_;

  // Written by the hub's thread under the mutex, which it does not take to
  // read them.
  engine::BoardPtr board_;
  int64_t sequence_ = 0;
  std::map<std::string, std::shared_ptr<View>> views_;
  // Hub's thread only: who has moved and was not told about yet.
  std::set<core::PersonId> moves_;

  mutable Mutex mutex_;
  // When each has moved last, counted in calls of TellMoves.
  std::map<core::PersonId, int64_t> moved_ HOUSECALL_GUARDED_BY(mutex_);
  int64_t told_moves_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

// Thread-safe. The feed outlives it.
class BoardFeed::Reader {
 public:
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Whether somebody with this sight is told the same, as of that board.
  bool Fits(const Sight& sight, const core::Board& board) const;
  // The next message; null if there is none now.
  std::shared_ptr<const Update> Next() { return feed_->Next(*this); }
  // Nothing comes any more, and nothing is kept for this reader.
  void Leave();
  // What comes next is not kept any more: the reader was too slow.
  bool is_lost() const;
  // Something waits for this reader.
  bool is_behind() const;
  // A heartbeat is due if nothing else is.
  void WantHeartbeat();
  // Messages that were taken.
  int64_t taken() const;

 private:
  friend class BoardFeed;
  Reader(BoardFeed* feed, std::shared_ptr<View> view);

  BoardFeed* const feed_;
  const std::shared_ptr<View> view_;
  // Guarded by the feed's mutex.
  std::shared_ptr<const Opening> opening_;
  size_t opened_ = 0;
  // Of the view's messages, counted from its first one on.
  int64_t next_ = 0;
  int64_t moves_ = 0;
  bool heartbeat_ = false;
  bool left_ = false;
  int64_t taken_ = 0;
};

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_BOARD_FEED_H_
