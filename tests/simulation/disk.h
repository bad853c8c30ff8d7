// The real SQLite store over a disk that fails.
#ifndef HOUSECALL_TESTS_SIMULATION_DISK_H_
#define HOUSECALL_TESTS_SIMULATION_DISK_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/simulation/random.h"

namespace housecall::simulation {

// What goes wrong at one operation of a disk, in 1000.
struct DiskFaults {
  // The machine loses power: what was not synced may be gone, and nothing
  // answers until it is on again.
  int power_cut = 0;
  // A write fails, half done.
  int write_fails = 0;
  // A write fails for lack of room.
  int full = 0;
  // A sync fails: of what was to be synced some is lost, and no later sync
  // brings it (as Linux does it).
  int sync_fails = 0;
  // An operation takes long.
  int slow = 0;
};

// The files of one database, in memory, as SQLite's file system: it draws what
// fails and what a power cut leaves from its seed. Of the real file system it
// uses names only, in a folder of its own: the files there are empty.
//
// One at a time: SQLite opens every database on it while it lives. Not
// thread-safe; within a run its callers take turns.
class Disk {
 public:
  // `faults` gives what may fail now; `sleep` lets time pass; `tell` is told
  // of each fault.
  Disk(uint64_t seed, std::function<DiskFaults()> faults,
       std::function<void(absl::Duration)> sleep,
       std::function<absl::Time()> now,
       std::function<void(absl::string_view)> tell);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // Of the database; a path that differs from process to process.
  const std::string& path() const { return path_; }

  // Whether the power was cut. Every operation fails until TurnOn.
  bool is_off() const { return off_; }
  void CutPower();
  // After every database on it is closed: each file is what was synced, and
  // some of what was written since, sector by sector.
  void TurnOn();

  int64_t power_cuts() const { return power_cuts_; }
  int64_t failures() const { return failures_; }
  int64_t syncs() const { return syncs_; }

 private:
  // What a power cut may take back: one write within a sector, or (no text) the
  // new length.
  struct Change {
    size_t at = 0;
    std::string text;
  };
  struct File {
    // As it is read.
    std::string content;
    // As a power cut would leave it for certain, and what it might add.
    std::string synced;
    std::vector<Change> unsynced;
    // SQLite's locks of the database file.
    int sharing = 0;
    const void* reserved = nullptr;
    const void* pending = nullptr;
    const void* exclusive = nullptr;
    // The index of the log, which its users share.
    std::vector<std::unique_ptr<char[]>> index;
    int index_sharing[SQLITE_SHM_NLOCK] = {};
    const void* index_exclusive[SQLITE_SHM_NLOCK] = {};
  };
  // What SQLite holds in its hands: the first member is its own.
  struct Handle {
    sqlite3_file base;
    Disk* disk;
    File* file;
    // Of a file without a name.
    File* own;
    int lock;
    unsigned index_shared;
    unsigned index_exclusive;
    bool is_log;
  };

  // SQLITE_OK, or `failure` while the power is off. An operation that changes
  // something takes its time, and may be the last before a power cut.
  int Strike(int failure, bool changes);
  bool Draws(int per_mille) {
    return per_mille > 0 && random_.PerMille(per_mille);
  }
  void Fault(absl::string_view what);
  // Writes, for now: a power cut may take it back.
  static void Put(File* file, size_t at, absl::string_view text);
  static void Redo(const Change& change, std::string* content);
  static Handle* Of(sqlite3_file* file) {
    return reinterpret_cast<Handle*>(file);
  }
  static Disk* Of(sqlite3_vfs* vfs) {
    return static_cast<Disk*>(vfs->pAppData);
  }
  static const sqlite3_io_methods& Methods();

  // What SQLite calls.
  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file,
                  int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* path, int sync_folder);
  static int Access(sqlite3_vfs* vfs, const char* path, int flags, int* found);
  static int FullPath(sqlite3_vfs* vfs, const char* path, int size, char* out);
  static int Randomness(sqlite3_vfs* vfs, int size, char* out);
  static int Sleep(sqlite3_vfs* vfs, int microseconds);
  static int CurrentTime(sqlite3_vfs* vfs, double* julian_day);
  static int CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds);
  static int Close(sqlite3_file* file);
  static int Read(sqlite3_file* file, void* out, int size, sqlite3_int64 at);
  static int Write(sqlite3_file* file, const void* text, int size,
                   sqlite3_int64 at);
  static int Truncate(sqlite3_file* file, sqlite3_int64 size);
  static int Sync(sqlite3_file* file, int flags);
  static int FileSize(sqlite3_file* file, sqlite3_int64* size);
  static int Lock(sqlite3_file* file, int lock);
  static int Unlock(sqlite3_file* file, int lock);
  static int CheckReservedLock(sqlite3_file* file, int* reserved);
  static int FileControl(sqlite3_file* file, int operation, void* argument);
  static int SectorSize(sqlite3_file* file);
  static int DeviceCharacteristics(sqlite3_file* file);
  static int IndexMap(sqlite3_file* file, int region, int size, int extend,
                      void volatile** out);
  static int IndexLock(sqlite3_file* file, int first, int count, int flags);
  static void IndexBarrier(sqlite3_file* file);
  static int IndexUnmap(sqlite3_file* file, int remove);

  Random random_;
  const std::function<DiskFaults()> faults_;
  const std::function<void(absl::Duration)> sleep_;
  const std::function<absl::Time()> now_;
  const std::function<void(absl::string_view)> tell_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  std::string folder_;
  std::string path_;
  // By path.
  std::map<std::string, std::unique_ptr<File>> files_;
  bool off_ = false;
  int64_t power_cuts_ = 0;
  int64_t failures_ = 0;
  int64_t syncs_ = 0;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_DISK_H_
