// Backups of the embedded store: copies made while it serves, kept as
// generations in a folder; what proves that one can be put back; and the
// journal, by which a copy is brought forward to a later moment.
#ifndef HOUSECALL_DISPATCHER_STORE_BACKUP_H_
#define HOUSECALL_DISPATCHER_STORE_BACKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/core/directory.h"

namespace housecall::store {

// How far the history of a center goes in a database.
struct CenterMark {
  core::CenterId center;
  // Of the last journal entry; 0 and 1970 before the first.
  int64_t sequence = 0;
  absl::Time time = absl::UnixEpoch();
  // SHA-256, in hex, over the last entry and the chain before it: the same only
  // where every entry up to here is the same.
  std::string chain;
  bool operator==(const CenterMark&) const = default;
  HOUSECALL_FIELDS(center, sequence, time, chain);
};

struct RowCount {
  std::string table;
  int64_t rows = 0;
  bool operator==(const RowCount&) const = default;
  HOUSECALL_FIELDS(table, rows);
};

// What a database holds.
struct Content {
  std::vector<CenterMark> centers;
  std::vector<RowCount> tables;
  bool operator==(const Content&) const = default;
  HOUSECALL_FIELDS(centers, tables);
};

// One backup. Beside the copy FILE stands FILE.json with this; a copy without
// it was interrupted and counts for nothing.
struct Generation {
  // In its folder.
  std::string file;
  // When it was begun: what it holds is not older.
  absl::Time time = absl::UnixEpoch();
  // Which made it.
  std::string program;
  int64_t bytes = 0;
  // Of the file, in hex.
  std::string sha256;
  Content content;
  bool operator==(const Generation&) const = default;
  HOUSECALL_FIELDS(file, time, program, bytes, sha256, content);
};

// Copies the database into the folder, as housecall-YYYYMMDDTHHMMSSZ.db of
// `now`, while another program may be writing to it. It only adds files, each
// under its last name, so that the folder may be one where nothing can be
// changed or removed (chattr +a, a write-once share). Reads the journal before
// it copies, and the copy once: what is not to be kept is as a rule not copied,
// for it could not be removed. Returns
//  - AlreadyExists if there is a backup of this second;
//  - DataLoss if the database is damaged: a copy then counts for nothing;
//  - FailedPrecondition if the history of a center does not go on from that of
//    the newest generation in the folder: it is another database's folder, or
//    a restored one's, or the journal was tampered with;
//  - NotFound, PermissionDenied, ResourceExhausted for either file.
absl::StatusOr<Generation> MakeBackup(const std::string& database,
                                      const std::string& folder,
                                      absl::Time now);

// The complete generations in the folder, newest first; empty if there are
// none. DataLoss if the description of one cannot be read.
absl::StatusOr<std::vector<Generation>> ListBackups(const std::string& folder);

// Copies a generation to the new file `database` and proves it: the sum of the
// file, the integrity check, the number of rows, the chain of each journal, and
// that the journal replayed gives the rows. On errors nothing is left. Returns
// AlreadyExists if there is such a file (or its log), DataLoss if a proof
// fails.
absl::Status Restore(const std::string& folder, const Generation& generation,
                     const std::string& database);

// What a roll forward came to.
struct RolledForward {
  int64_t entries = 0;
  // Why it ended before `until` and the end of the journal; Ok if it did not.
  absl::Status stopped;
};

// Brings `database` forward by what the journal of the database `journal` has
// beyond it, up to and including `until`: rows, journal, outbox, and those
// answers to requests whose entries it has then. `journal` is only read, may be
// in use, and may be damaged: it is followed up to the first entry that cannot
// be read. What is not journaled (positions) stays as it was. `database` is
// made if there is none: then everything comes from the journal. Both must be
// closed to everyone else, or read only.
//
// Returns FailedPrecondition, with nothing changed, if the two histories part
// before the end of `database`'s.
absl::StatusOr<RolledForward> RollForward(const std::string& journal,
                                          const std::string& database,
                                          absl::Time until);

// What the database holds now; it may be in use.
absl::StatusOr<Content> ContentOf(const std::string& database);

// What a center would lose if a backup took the place of the database.
struct Loss {
  core::CenterId center;
  // False: all of it.
  bool is_in_backup = false;
  int64_t entries = 0;
  // Between the last entry that stays and the last that goes, by their own
  // times.
  absl::Duration span;
  bool operator==(const Loss&) const = default;
};

// One for each center of the database, which may be in use. FailedPrecondition,
// naming the center, if the history of one does not go on from the backup's:
// then nothing can be counted.
absl::StatusOr<std::vector<Loss>> LossOf(const Generation& generation,
                                         const std::string& database);

// DataLoss, naming the records, if the journal replayed does not give the rows
// of every center. The database must not be in use.
absl::Status CheckReplay(const std::string& database);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_BACKUP_H_
