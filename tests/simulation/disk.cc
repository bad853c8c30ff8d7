#include "tests/simulation/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/bugs.h"

namespace housecall::simulation {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr absl::Duration kLongestOperation = absl::Milliseconds(200);
// Of the Julian day on which the Unix epoch begins.
constexpr double kEpochDay = 2440587.5;

}  // namespace

Disk::Disk(uint64_t seed, std::function<DiskFaults()> faults,
           std::function<void(absl::Duration)> sleep,
           std::function<absl::Time()> now,
           std::function<void(absl::string_view)> tell)
    : random_(seed),
      faults_(std::move(faults)),
      sleep_(std::move(sleep)),
      now_(std::move(now)),
      tell_(std::move(tell)),
      real_(sqlite3_vfs_find(nullptr)),
      vfs_(*real_) {
  std::string folder =
      (std::filesystem::temp_directory_path() / "housecall-disk-XXXXXX")
          .string();
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  folder_ = folder;
  path_ =
      absl::StrCat(std::filesystem::canonical(folder_).string(), "/night.db");
  vfs_.szOsFile = static_cast<int>(sizeof(Handle));
  vfs_.zName = "simulated-disk";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = &Open;
  vfs_.xDelete = &Delete;
  vfs_.xAccess = &Access;
  vfs_.xFullPathname = &FullPath;
  vfs_.xRandomness = &Randomness;
  vfs_.xSleep = &Sleep;
  vfs_.xCurrentTime = &CurrentTime;
  vfs_.xCurrentTimeInt64 = &CurrentTimeInt64;
  if (sqlite3_vfs_register(&vfs_, /*makeDflt=*/1) != SQLITE_OK) std::abort();
  // SQLite's own chance comes from here from now on.
  sqlite3_randomness(0, nullptr);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, /*makeDflt=*/1);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Disk::Fault(absl::string_view what) {
  ++failures_;
  tell_(what);
}

void Disk::CutPower() {
  if (off_) return;
  off_ = true;
  ++power_cuts_;
  tell_("the power is cut");
}

void Disk::TurnOn() {
  off_ = false;
  for (auto& [path, file] : files_) {
    for (const Change& change : file->unsynced) {
      if (random_.Chance(50)) Redo(change, &file->synced);
    }
    file->unsynced.clear();
    file->content = file->synced;
    file->sharing = 0;
    file->reserved = file->pending = file->exclusive = nullptr;
    file->index.clear();
    std::fill(std::begin(file->index_sharing), std::end(file->index_sharing),
              0);
    std::fill(std::begin(file->index_exclusive),
              std::end(file->index_exclusive), nullptr);
  }
}

int Disk::Strike(int failure, bool changes) {
  if (!off_ && changes) {
    const DiskFaults faults = faults_();
    if (Draws(faults.slow)) {
      sleep_(random_.Between(absl::ZeroDuration(), kLongestOperation));
    }
    if (Draws(faults.power_cut)) CutPower();
  }
  if (!off_) return SQLITE_OK;
  errno = EIO;
  return failure;
}

void Disk::Redo(const Change& change, std::string* content) {
  if (change.text.empty()) {
    content->resize(change.at);
    return;
  }
  if (content->size() < change.at + change.text.size()) {
    content->resize(change.at + change.text.size());
  }
  content->replace(change.at, change.text.size(), change.text);
}

void Disk::Put(File* file, size_t at, absl::string_view text) {
  while (!text.empty()) {
    const size_t size = std::min(text.size(), kSectorBytes - at % kSectorBytes);
    Change change{at, std::string(text.substr(0, size))};
    Redo(change, &file->content);
    file->unsynced.push_back(std::move(change));
    at += size;
    text.remove_prefix(size);
  }
}

// --- The file system --------------------------------------------------------

int Disk::Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags,
               int* out_flags) {
  Disk* const disk = Of(vfs);
  Handle* const handle = Of(out);
  *handle = Handle{};
  if (const int struck = disk->Strike(SQLITE_CANTOPEN, false);
      struck != SQLITE_OK) {
    return struck;
  }
  handle->disk = disk;
  if (path == nullptr) {
    handle->file = handle->own = new File;
  } else {
    std::unique_ptr<File>& file = disk->files_[path];
    if (file == nullptr) {
      if ((flags & SQLITE_OPEN_CREATE) == 0 && access(path, F_OK) != 0) {
        disk->files_.erase(path);
        errno = ENOENT;
        return SQLITE_CANTOPEN;
      }
      file = std::make_unique<File>();
      // The driver looks at the names of its files.
      const int made = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (made >= 0) close(made);
    }
    handle->file = file.get();
    handle->is_log = absl::EndsWith(path, "-wal");
  }
  handle->base.pMethods = &Methods();
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Disk::Delete(sqlite3_vfs* vfs, const char* path, int) {
  Disk* const disk = Of(vfs);
  if (const int struck = disk->Strike(SQLITE_IOERR_DELETE, true);
      struck != SQLITE_OK) {
    return struck;
  }
  const auto found = disk->files_.find(path);
  if (found == disk->files_.end()) return SQLITE_IOERR_DELETE_NOENT;
  disk->files_.erase(found);
  unlink(path);
  return SQLITE_OK;
}

int Disk::Access(sqlite3_vfs* vfs, const char* path, int, int* found) {
  *found = Of(vfs)->files_.count(path) > 0 ? 1 : 0;
  return SQLITE_OK;
}

int Disk::FullPath(sqlite3_vfs*, const char* path, int size, char* out) {
  const size_t length = std::strlen(path);
  if (length >= static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, path, length + 1);
  return SQLITE_OK;
}

int Disk::Randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) {
    out[i] = static_cast<char>(Of(vfs)->random_.Below(256));
  }
  return size;
}

int Disk::Sleep(sqlite3_vfs* vfs, int microseconds) {
  Of(vfs)->sleep_(absl::Microseconds(microseconds));
  return microseconds;
}

int Disk::CurrentTime(sqlite3_vfs* vfs, double* julian_day) {
  *julian_day =
      kEpochDay + absl::ToDoubleHours(Of(vfs)->now_() - absl::UnixEpoch()) / 24;
  return SQLITE_OK;
}

int Disk::CurrentTimeInt64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds) {
  *milliseconds = static_cast<sqlite3_int64>(kEpochDay * 86'400'000) +
                  absl::ToUnixMillis(Of(vfs)->now_());
  return SQLITE_OK;
}

// --- A file -----------------------------------------------------------------

const sqlite3_io_methods& Disk::Methods() {
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m = {};
    // With a shared index, without mapped pages.
    m.iVersion = 2;
    m.xClose = &Close;
    m.xRead = &Read;
    m.xWrite = &Write;
    m.xTruncate = &Truncate;
    m.xSync = &Sync;
    m.xFileSize = &FileSize;
    m.xLock = &Lock;
    m.xUnlock = &Unlock;
    m.xCheckReservedLock = &CheckReservedLock;
    m.xFileControl = &FileControl;
    m.xSectorSize = &SectorSize;
    m.xDeviceCharacteristics = &DeviceCharacteristics;
    m.xShmMap = &IndexMap;
    m.xShmLock = &IndexLock;
    m.xShmBarrier = &IndexBarrier;
    m.xShmUnmap = &IndexUnmap;
    return m;
  }();
  return methods;
}

int Disk::Close(sqlite3_file* out) {
  Handle* const handle = Of(out);
  Unlock(out, SQLITE_LOCK_NONE);
  IndexUnmap(out, 0);
  delete handle->own;
  *handle = Handle{};
  return SQLITE_OK;
}

int Disk::Read(sqlite3_file* out, void* to, int size, sqlite3_int64 at) {
  Handle* const handle = Of(out);
  if (const int struck = handle->disk->Strike(SQLITE_IOERR_READ, false);
      struck != SQLITE_OK) {
    return struck;
  }
  const std::string& content = handle->file->content;
  const size_t begin = std::min(content.size(), static_cast<size_t>(at));
  const size_t there =
      std::min(content.size() - begin, static_cast<size_t>(size));
  std::memcpy(to, content.data() + begin, there);
  if (there == static_cast<size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0,
              static_cast<size_t>(size) - there);
  return SQLITE_IOERR_SHORT_READ;
}

int Disk::Write(sqlite3_file* out, const void* from, int size,
                sqlite3_int64 at) {
  Handle* const handle = Of(out);
  Disk* const disk = handle->disk;
  absl::string_view text(static_cast<const char*>(from),
                         static_cast<size_t>(size));
  const DiskFaults faults = disk->faults_();
  const bool was_off = disk->off_;
  if (const int struck = disk->Strike(SQLITE_IOERR_WRITE, true);
      struck != SQLITE_OK) {
    // The one that was under way.
    if (!was_off) {
      disk->Put(handle->file, static_cast<size_t>(at),
                text.substr(0, static_cast<size_t>(disk->random_.Below(size))));
    }
    errno = EIO;
    return struck;
  }
  if (disk->Draws(faults.full)) {
    disk->Fault("the disk is full");
    errno = ENOSPC;
    return SQLITE_FULL;
  }
  if (disk->Draws(faults.write_fails)) {
    disk->Fault("a write fails");
    disk->Put(handle->file, static_cast<size_t>(at),
              text.substr(0, static_cast<size_t>(disk->random_.Below(size))));
    errno = EIO;
    return SQLITE_IOERR_WRITE;
  }
  disk->Put(handle->file, static_cast<size_t>(at), text);
  return SQLITE_OK;
}

int Disk::Truncate(sqlite3_file* out, sqlite3_int64 size) {
  Handle* const handle = Of(out);
  if (const int struck = handle->disk->Strike(SQLITE_IOERR_TRUNCATE, true);
      struck != SQLITE_OK) {
    return struck;
  }
  Change change{static_cast<size_t>(size), ""};
  Redo(change, &handle->file->content);
  handle->file->unsynced.push_back(std::move(change));
  return SQLITE_OK;
}

int Disk::Sync(sqlite3_file* out, int) {
  Handle* const handle = Of(out);
  Disk* const disk = handle->disk;
  if (const int struck = disk->Strike(SQLITE_IOERR_FSYNC, true);
      struck != SQLITE_OK) {
    return struck;
  }
  ++disk->syncs_;
  if (IsPlanted(handle->is_log ? Bug::kLogIsNotSynced
                               : Bug::kFileIsNotSynced)) {
    return SQLITE_OK;
  }
  File* const file = handle->file;
  const bool fails = disk->Draws(disk->faults_().sync_fails);
  for (const Change& change : file->unsynced) {
    if (!fails || disk->random_.Chance(50)) Redo(change, &file->synced);
  }
  file->unsynced.clear();
  if (!fails) return SQLITE_OK;
  disk->Fault(handle->is_log ? "a sync of the log fails"
                             : "a sync of the file fails");
  if (IsPlanted(Bug::kFailedSyncIsTakenForDone)) return SQLITE_OK;
  errno = EIO;
  return SQLITE_IOERR_FSYNC;
}

int Disk::FileSize(sqlite3_file* out, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(out)->file->content.size());
  return SQLITE_OK;
}

// --- Locks ------------------------------------------------------------------

int Disk::Lock(sqlite3_file* out, int lock) {
  Handle* const handle = Of(out);
  File* const file = handle->file;
  if (handle->lock >= lock) return SQLITE_OK;
  const auto others = [&](const void* holder) {
    return holder != nullptr && holder != handle;
  };
  if (lock == SQLITE_LOCK_SHARED) {
    if (others(file->pending) || others(file->exclusive)) return SQLITE_BUSY;
    ++file->sharing;
  } else if (lock == SQLITE_LOCK_RESERVED) {
    if (others(file->reserved)) return SQLITE_BUSY;
    file->reserved = handle;
  } else {
    if (others(file->reserved) || others(file->pending)) return SQLITE_BUSY;
    file->pending = handle;
    if (lock == SQLITE_LOCK_EXCLUSIVE) {
      if (file->sharing > 1) {
        handle->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
      }
      file->exclusive = handle;
    }
  }
  handle->lock = lock;
  return SQLITE_OK;
}

int Disk::Unlock(sqlite3_file* out, int lock) {
  Handle* const handle = Of(out);
  File* const file = handle->file;
  if (file == nullptr || handle->lock <= lock) return SQLITE_OK;
  for (const void** holder :
       {&file->reserved, &file->pending, &file->exclusive}) {
    if (*holder == handle) *holder = nullptr;
  }
  if (lock == SQLITE_LOCK_NONE && file->sharing > 0) --file->sharing;
  handle->lock = lock;
  return SQLITE_OK;
}

int Disk::CheckReservedLock(sqlite3_file* out, int* reserved) {
  const File* const file = Of(out)->file;
  *reserved = file->reserved != nullptr || file->exclusive != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int Disk::FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int Disk::SectorSize(sqlite3_file*) { return 4096; }
// As SQLite takes it of disks: a write spoils nothing beside it.
int Disk::DeviceCharacteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// --- The index of the log ---------------------------------------------------

int Disk::IndexMap(sqlite3_file* out, int region, int size, int extend,
                   void volatile** to) {
  File* const file = Of(out)->file;
  while (file->index.size() <= static_cast<size_t>(region)) {
    if (extend == 0) {
      *to = nullptr;
      return SQLITE_OK;
    }
    file->index.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
  }
  *to = file->index[static_cast<size_t>(region)].get();
  return SQLITE_OK;
}

int Disk::IndexLock(sqlite3_file* out, int first, int count, int flags) {
  Handle* const handle = Of(out);
  File* const file = handle->file;
  const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  const bool unlock = (flags & SQLITE_SHM_UNLOCK) != 0;
  for (int i = first; i < first + count && !unlock; ++i) {
    const bool mine = (handle->index_shared >> i & 1u) != 0;
    if (file->index_exclusive[i] != nullptr &&
        file->index_exclusive[i] != handle) {
      return SQLITE_BUSY;
    }
    if (!shared && file->index_sharing[i] > (mine ? 1 : 0)) return SQLITE_BUSY;
  }
  for (int i = first; i < first + count; ++i) {
    const unsigned bit = 1u << i;
    if (unlock) {
      if ((handle->index_shared & bit) != 0) --file->index_sharing[i];
      handle->index_shared &= ~bit;
      if (file->index_exclusive[i] == handle) {
        file->index_exclusive[i] = nullptr;
      }
      handle->index_exclusive &= ~bit;
    } else if (shared) {
      if ((handle->index_shared & bit) == 0) ++file->index_sharing[i];
      handle->index_shared |= bit;
    } else {
      file->index_exclusive[i] = handle;
      handle->index_exclusive |= bit;
    }
  }
  return SQLITE_OK;
}

void Disk::IndexBarrier(sqlite3_file*) {}

int Disk::IndexUnmap(sqlite3_file* out, int remove) {
  Handle* const handle = Of(out);
  if (handle->file == nullptr) return SQLITE_OK;
  IndexLock(out, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
  if (remove != 0) handle->file->index.clear();
  return SQLITE_OK;
}

}  // namespace housecall::simulation
