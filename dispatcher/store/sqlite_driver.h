// An SQLite file as a database for sql_store.cc.
#ifndef HOUSECALL_DISPATCHER_STORE_SQLITE_DRIVER_H_
#define HOUSECALL_DISPATCHER_STORE_SQLITE_DRIVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/store/sql_driver.h"

namespace housecall::store {

struct SqliteOptions {
  // kQuick: the structure of every page, without the comparison of tables and
  // indexes that kFull adds. Both read the whole file.
  enum class IntegrityCheck { kNone, kQuick, kFull };
  IntegrityCheck integrity_check = IntegrityCheck::kQuick;
  // Connections that read while one writes. At least 1.
  int readers = 2;
  // How long to wait for another program (a backup, a shell) that holds the
  // file.
  absl::Duration busy_timeout = absl::Seconds(5);
  // The log is copied into the file when it has this many pages (of 4 KiB): a
  // longer one makes the commit that copies it wait longer, and none the
  // faster.
  int checkpoint_pages = 1000;
};

// Opens or makes the file: write-ahead log, every commit synced to the disk,
// one connection that writes and some that read beside it. Errors are those of
// OpenSqliteStore, but for the schema's.
absl::StatusOr<std::unique_ptr<SqlDriver>> OpenSqliteDriver(
    const std::string& path, const SqliteOptions& options);

// Opens an existing file for reading only, beside whoever has it open and
// writes. It takes no FILE.lock, checks nothing and changes nothing; Write
// returns FailedPrecondition. `closed` promises that nobody else has the file
// open: then nothing is made beside it, as in a folder of backups. Errors are
// those of OpenSqliteStore.
absl::StatusOr<std::unique_ptr<SqlDriver>> OpenSqliteReader(
    const std::string& path, bool closed);

// Writes one consistent state of the database at `path`, which may be in use,
// into the new file `copy` (readable by its owner only), and syncs it to the
// disk. Only adds to the copy's folder, and renames nothing in it. Returns
// AlreadyExists if there is a file of that name; errors else are those of
// OpenSqliteStore. What a failed copy leaves behind is no database.
absl::Status CopySqliteFile(const std::string& path, const std::string& copy);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_SQLITE_DRIVER_H_
