// The disk under SQLite in the hands of a test: what a power cut leaves of it,
// and disks that fail to sync.
#ifndef HOUSECALL_TESTS_STORE_SYNCED_DISK_H_
#define HOUSECALL_TESTS_STORE_SYNCED_DISK_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "dispatcher/base/mutex.h"

namespace housecall::store::testing {

// Stands between SQLite and the files of every database that is opened while
// it lives, passes everything on, and remembers each file as it was at its last
// sync. One at a time; lives longer than the databases. Thread-safe.
class SyncedDisk {
 public:
  SyncedDisk();
  ~SyncedDisk();
  SyncedDisk(const SyncedDisk&) = delete;
  SyncedDisk& operator=(const SyncedDisk&) = delete;

  // `hook` is called before each sync of a file, on the syncing thread.
  void BeforeSync(std::function<void()> hook);

  // The next sync of a file whose name ends with `suffix` fails with that
  // errno, after nothing was synced.
  void FailNextSync(const std::string& suffix, int error_number);
  // How many syncs have failed like that.
  int FailedSyncs() const;

  // The file as a power cut may leave it now: sectors that were synced, and of
  // those written since then some, chosen by `seed`; 0: none of them, 1: all.
  std::string AfterPowerCut(const std::string& path, uint64_t seed) const;

 private:
  struct File {
    std::string path;
    const sqlite3_io_methods* methods = nullptr;
  };

  // What SQLite calls.
  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file,
                  int flags, int* out_flags);
  static int Close(sqlite3_file* file);
  static int Sync(sqlite3_file* file, int flags);

  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;

  mutable Mutex mutex_;
  std::function<void()> before_sync_ HOUSECALL_GUARDED_BY(mutex_);
  std::string failing_suffix_ HOUSECALL_GUARDED_BY(mutex_);
  // 0: no sync fails.
  int failing_errno_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  int failed_syncs_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  std::map<sqlite3_file*, File> open_ HOUSECALL_GUARDED_BY(mutex_);
  // By path.
  std::map<std::string, std::string> synced_ HOUSECALL_GUARDED_BY(mutex_);
  // SQLite's functions for a kind of file, with ours among them.
  std::map<const sqlite3_io_methods*, std::unique_ptr<sqlite3_io_methods>>
      hooked_ HOUSECALL_GUARDED_BY(mutex_);
};

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_SYNCED_DISK_H_
