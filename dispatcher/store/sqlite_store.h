// The store that a center has without any other server: one SQLite file.
#ifndef HOUSECALL_DISPATCHER_STORE_SQLITE_STORE_H_
#define HOUSECALL_DISPATCHER_STORE_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "dispatcher/store/sqlite_driver.h"
#include "dispatcher/store/store.h"

namespace housecall::store {

// Opens the database file, or makes it (readable by its owner only) if there is
// none; from one that everybody may read it takes that right. Beside it lie
// FILE-wal and FILE-shm while it is open, which belong to it, and FILE.lock,
// which keeps a second program out.
//
// Every message names the file and what to do. Returns
//  - NotFound if the folder does not exist;
//  - PermissionDenied if file or folder cannot be written;
//  - FailedPrecondition if another program has the file open, if it is no
//    database of housecall, or if a newer version has written it;
//  - DataLoss if the check finds damage;
//  - ResourceExhausted if the disk is full.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(
    const std::string& path, const SqliteOptions& options = {});

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_SQLITE_STORE_H_
