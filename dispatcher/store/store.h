// Where a center's board is kept. The front door of this folder.
#ifndef HOUSECALL_DISPATCHER_STORE_STORE_H_
#define HOUSECALL_DISPATCHER_STORE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/event.h"

namespace housecall::store {

// What a center's store held at one moment.
struct Snapshot {
  // What Load says.
  core::Board board;
  // How many batches have been committed.
  int64_t version = 0;
  // Of the last journal entry; 0 before the first.
  int64_t sequence = 0;
};

// An event in the journal of a center: the sequence counts from 1 without
// gaps.
struct JournalEntry {
  int64_t sequence = 0;
  core::Event event;
  bool operator==(const JournalEntry&) const = default;
};

// The answer that was given to a request, so that a repeated one gets it again.
struct Reply {
  std::string request_id;
  // Digest of the request: the same id with another request is refused.
  std::string fingerprint;
  core::Subject subject;
  absl::Time time = absl::UnixEpoch();
  // Of the last journal entry that the request wrote, or, if it wrote none, of
  // the one before it: the reply is right for every board that has it. None in
  // replies that are older than this field.
  std::optional<int64_t> sequence = std::nullopt;
  bool operator==(const Reply&) const = default;
};

// What is committed at once, or not at all.
struct Batch {
  core::CenterId center;
  // Rows: the newest state of each record that changed. It replaces an older
  // one with its id (see Commit).
  std::vector<core::Record> records;
  // In order, each sequence one above the one before it.
  std::vector<JournalEntry> journal;
  std::vector<Reply> replies;
  // An id in `put` and `remove` is put.
  core::OutboxChange outbox;
};

// A message that somebody has taken on to send until the lease is over.
struct LeasedMessage {
  core::CenterId center;
  core::OutboxMessage message;
};

// Durable rows, journal, replies and outbox of every center in it. Thread-safe.
//
// Every function may fail with Unavailable (try again; after a Commit the
// outcome is unknown until CurrentVersion tells), ResourceExhausted (disk
// full; nothing was written), PermissionDenied (the file cannot be written any
// more) or DataLoss (the stored data is damaged, or its file was taken away;
// the message names table, id and field, never the value, and the way back).
//
// What is read differs from what was committed in one way: times are rounded
// down to the microsecond, durations towards zero.
class Store {
 public:
  virtual ~Store() = default;

  // Those with a commit, by id.
  virtual absl::StatusOr<std::vector<core::CenterId>> ListCenters() = 0;

  // The center's board: the directory, the rota, who is on duty, and every call
  // that
  //  - is not over, or was closed at `closed_after` or later;
  //  - or has a delivery that nobody has confirmed, or an open task;
  //  - or shares a trip with a call that is not over;
  // with all that hangs on it (see ReadCall). Left out are further: sessions
  // revoked or expired before `closed_after`, and tasks of no call that are
  // resolved and were raised before it. A center without any commit is an empty
  // board with version 0.
  virtual absl::StatusOr<Snapshot> Load(const core::CenterId& center,
                                        absl::Time closed_after) = 0;

  // 0 for a center without any commit.
  virtual absl::StatusOr<int64_t> CurrentVersion(
      const core::CenterId& center) = 0;

  // The reply kept for that request id, if any.
  virtual absl::StatusOr<std::optional<Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) = 0;

  // Writes the batch durably and raises the center's version by one. With
  // nothing written it returns
  //  - Aborted if the stored version is not `expected_version`;
  //  - AlreadyExists if a request id of the replies has one already;
  //  - AlreadyExists if the id of a record is taken, which only an id that a
  //    client has chosen can be: the store has a record under it that Load left
  //    out. So it holds one whose etag is not below each one that the batch,
  //    rows and journal, gives the record (those of a new one begin at 1);
  //  - InvalidArgument if the journal does not begin right after the stored
  //    sequence, or something in the batch cannot be stored (CheckBatch in
  //    batch_rules.h).
  virtual absl::Status Commit(const Batch& batch, int64_t expected_version) = 0;

  // Journal entries with a sequence above `after`, `limit` at most, in order.
  // DataLoss if one is missing.
  virtual absl::StatusOr<std::vector<JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) = 0;

  // As ReadJournal, but only the entries whose event names that call.
  virtual absl::StatusOr<std::vector<JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) = 0;

  // Every record of one call, open or long closed: the call, its offers,
  // assignments, visits, matches, notes, deliveries and tasks, in this order
  // and each by id. An offer or assignment hangs on every call of its trip and
  // on the one from which its id derives. Empty if there is no such call.
  virtual absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) = 0;

  // Calls that are over (the call records only), newest first: by receive_time,
  // those of the same time by id, both descending; from the one after `before`
  // (empty: from the newest). NotFound if there is no call `before`.
  virtual absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before, int limit) = 0;

  // Takes up to `limit` messages whose send_time is not after `now` and that
  // nobody holds, for `lease`; those first that have been free for longest. A
  // message not settled or put anew by a Commit is free again when its lease is
  // over.
  virtual absl::StatusOr<std::vector<LeasedMessage>> LeaseOutbox(
      absl::Time now, absl::Duration lease, int limit) = 0;

  // The earliest time at which LeaseOutbox may find something, or
  // InfiniteFuture.
  virtual absl::StatusOr<absl::Time> NextOutboxTime() = 0;

  // Removes replies older than `before`; they are kept for 7 days.
  virtual absl::Status ForgetReplies(absl::Time before) = 0;
};

// What clients may be told of a status that a store returned, whose message
// names files of this machine and what the disk said: the same code in fixed
// words for Unavailable and ResourceExhausted; Unavailable for what speaks of
// the file's rights (PermissionDenied, NotFound, FailedPrecondition …), which
// would look as if the request were refused. What speaks of the request itself
// (Commit's InvalidArgument, AlreadyExists and Aborted) and what the server
// keeps to itself (DataLoss, Internal, Unknown) stays. Log the status first.
absl::Status ForClients(const absl::Status& status);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_STORE_H_
