// The single writer of one center, without threads: decide, commit, and only
// then let the world know.
#ifndef HOUSECALL_DISPATCHER_ENGINE_CENTER_WRITER_H_
#define HOUSECALL_DISPATCHER_ENGINE_CENTER_WRITER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/store/store.h"

namespace housecall::engine {

using BoardPtr = std::shared_ptr<const core::Board>;

// The answer to an accepted command.
struct Result {
  core::Subject subject;
  // The board after it, or a later one for a replayed answer.
  BoardPtr board;
  // True if an earlier request with this id had been accepted.
  bool replayed = false;
};

// A command on its way to its answer.
struct Submission {
  // Empty for the engine's own commands, which may safely be decided twice.
  std::string request_id;
  // Digest of the request behind it, to tell a repeated request from another
  // one under the same id.
  std::string fingerprint;
  // By which the actor was let in, perhaps on an older board; empty if he needs
  // none: the engine's own commands, a login.
  core::SessionId session;
  core::Actor actor;
  core::Command command;
  // Called exactly once, never under a lock. It must not block. May be null.
  std::function<void(absl::StatusOr<Result>)> done;
};

// What is to be told to who submitted a command.
struct Answer {
  std::function<void(absl::StatusOr<Result>)> done;
  absl::StatusOr<Result> result;
};

// Calls each `done` that is not null, in order.
void Give(std::vector<Answer> answers);

// What was committed, for those who watch.
struct Commit {
  // The board after it.
  BoardPtr board;
  // With their sequences; events that are not journaled carry that of the
  // entry before them.
  std::vector<store::JournalEntry> entries;
  // The sequence of the newest journal entry.
  int64_t sequence = 0;
};

// Loads a center's board, decides on commands in order and commits the accepted
// ones as one batch; the answers are taken and given by the caller. Not
// thread-safe: one thread at a time calls it. It borrows store and clock.
class CenterWriter {
 public:
  CenterWriter(core::CenterId center, store::Store* store, const Clock* clock);

  // Brings the board into memory if it is not. Errors are the store's.
  absl::Status EnsureLoaded();

  // Loads the board anew if another writer of the center has committed since
  // this one looked last, or if there is none in memory. Errors are the
  // store's; the board is then as before.
  absl::Status Refresh();

  // Decides on the submissions in order against one board and commits what was
  // accepted in one transaction. If the store has moved on (Aborted) or the
  // outcome of a commit is unknown (Unavailable), the board is loaded anew and
  // everything is decided again, three times at most. If the store finds
  // something that cannot be stored (InvalidArgument, AlreadyExists), each is
  // committed by itself, so that nobody is refused for another's sake.
  //
  // Answers: Unauthenticated if the session does not hold (core::ActorBehind);
  // Decide's errors; both proven on a board that was current and that no
  // earlier commit of unknown outcome can change any more; the store's errors
  // in words for clients (store::ForClients; ResourceExhausted: nothing was
  // written); Unavailable where the outcome is unknown: the client repeats the
  // request with its id. InvalidArgument if a request id was used before for
  // another request.
  //
  // Returns what changed; no board if nothing did. The caller publishes that
  // first and gives the answers then.
  Commit Process(std::vector<Submission> submissions);

  // The answers to everything that Process has ruled on since the last call.
  std::vector<Answer> TakeAnswers();

  // The board as of the last commit; null before it was loaded.
  BoardPtr board() const { return board_; }
  int64_t sequence() const { return sequence_; }

  // Takes what is long over out of the board. Returns true if it changed.
  bool Forget();

 private:
  struct Ruled {
    Submission submission;
    absl::StatusOr<Result> result;
    // Whether the result holds only if this batch is committed.
    bool depends_on_batch = true;
  };

  enum class Outcome {
    kDone,
    kNotCurrent,  // the board must be loaded and everything decided again
    kUnstorable   // the batch as a whole was refused; every result says so
  };
  // Rules on all of them, with the tries that it takes.
  Outcome Rule(absl::Span<Ruled> ruled, Commit* commit);
  Outcome Try(absl::Span<Ruled> ruled, Commit* commit);
  // Makes sure that no commit of unknown outcome for this version can arrive or
  // come back any more, so that what was decided without it holds. False if
  // that cannot be had now.
  bool IsUncontested();
  // Whether the board is the store's. False also if nobody knows.
  bool IsCurrent() const;
  // The answer given before to that request id, from this batch (then
  // `of_batch` is set), from memory or from the store.
  absl::StatusOr<std::optional<store::Reply>> EarlierReply(
      const store::Batch& batch, const std::string& request_id, bool* of_batch);
  void Remember(store::Reply reply);
  // Everything in memory may be old: it is loaded anew when it is needed.
  void Drop();

  const core::CenterId center_;
  store::Store* const store_;
  const Clock* const clock_;

  BoardPtr board_;
  int64_t version_ = 0;
  int64_t sequence_ = 0;
  // A commit of unknown outcome was sent for this version: while the store is
  // at it, the commit may still arrive, or come back with what the disk kept of
  // it. Counts for nothing once there is another version.
  std::optional<int64_t> unknown_version_;
  std::vector<Answer> unanswered_;

  // Replies that this writer committed lately, so that a quick retry needs no
  // read. Known to be complete for ids never seen: the store is asked.
  std::map<std::string, store::Reply> recent_replies_;
  std::deque<std::string> recent_reply_order_;
};

}  // namespace housecall::engine

#endif  // HOUSECALL_DISPATCHER_ENGINE_CENTER_WRITER_H_
