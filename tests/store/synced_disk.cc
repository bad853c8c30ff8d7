#include "tests/store/synced_disk.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace housecall::store::testing {

namespace {

constexpr size_t kSectorBytes = 512;

// The one that lives: SQLite's callbacks have no place for it.
SyncedDisk* the_disk = nullptr;

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A number that looks random (splitmix64).
uint64_t Mix(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

}  // namespace

SyncedDisk::SyncedDisk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  EXPECT_EQ(the_disk, nullptr);
  the_disk = this;
  vfs_.zName = "synced-disk";
  vfs_.pNext = nullptr;
  vfs_.xOpen = &Open;
  EXPECT_EQ(sqlite3_vfs_register(&vfs_, /*makeDflt=*/1), SQLITE_OK);
}

SyncedDisk::~SyncedDisk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, /*makeDflt=*/1);
  the_disk = nullptr;
}

void SyncedDisk::BeforeSync(std::function<void()> hook) {
  MutexLock lock(mutex_);
  before_sync_ = std::move(hook);
}

void SyncedDisk::FailNextSync(const std::string& suffix, int error_number) {
  MutexLock lock(mutex_);
  failing_suffix_ = suffix;
  failing_errno_ = error_number;
}

int SyncedDisk::FailedSyncs() const {
  MutexLock lock(mutex_);
  return failed_syncs_;
}

std::string SyncedDisk::AfterPowerCut(const std::string& path,
                                      uint64_t seed) const {
  const std::string now = ContentOf(path);
  std::string left;
  {
    MutexLock lock(mutex_);
    const auto found = synced_.find(path);
    if (found != synced_.end()) left = found->second;
  }
  for (size_t at = 0; at < std::max(now.size(), left.size());
       at += kSectorBytes) {
    if (seed == 0 || (seed != 1 && Mix(seed + at) % 2 == 0)) continue;
    const size_t size =
        at < now.size() ? std::min(kSectorBytes, now.size() - at) : 0;
    // The length is written apart from the content.
    if (size > 0) {
      left.resize(std::max(left.size(), at + size));
      left.replace(at, size, now, at, size);
    } else if (seed == 1) {
      left.resize(now.size());
    }
  }
  return left;
}

int SyncedDisk::Open(sqlite3_vfs*, const char* path, sqlite3_file* file,
                     int flags, int* out_flags) {
  SyncedDisk& disk = *the_disk;
  const int result =
      disk.real_->xOpen(disk.real_, path, file, flags, out_flags);
  if (result != SQLITE_OK || path == nullptr) return result;
  MutexLock lock(disk.mutex_);
  disk.open_[file] = {path, file->pMethods};
  std::unique_ptr<sqlite3_io_methods>& hooked = disk.hooked_[file->pMethods];
  if (hooked == nullptr) {
    hooked = std::make_unique<sqlite3_io_methods>(*file->pMethods);
    hooked->xClose = &Close;
    hooked->xSync = &Sync;
  }
  file->pMethods = hooked.get();
  return SQLITE_OK;
}

int SyncedDisk::Close(sqlite3_file* file) {
  SyncedDisk& disk = *the_disk;
  {
    MutexLock lock(disk.mutex_);
    file->pMethods = disk.open_[file].methods;
    disk.open_.erase(file);
  }
  return file->pMethods->xClose(file);
}

int SyncedDisk::Sync(sqlite3_file* file, int flags) {
  SyncedDisk& disk = *the_disk;
  File opened;
  std::function<void()> before_sync;
  int error_number = 0;
  {
    MutexLock lock(disk.mutex_);
    opened = disk.open_[file];
    before_sync = disk.before_sync_;
    if (disk.failing_errno_ != 0 &&
        absl::EndsWith(opened.path, disk.failing_suffix_)) {
      error_number = std::exchange(disk.failing_errno_, 0);
      ++disk.failed_syncs_;
    }
  }
  if (before_sync) before_sync();
  if (error_number != 0) {
    errno = error_number;
    return SQLITE_IOERR_FSYNC;
  }
  const int result = opened.methods->xSync(file, flags);
  if (result != SQLITE_OK) return result;
  std::string content = ContentOf(opened.path);
  MutexLock lock(disk.mutex_);
  disk.synced_[opened.path] = std::move(content);
  return SQLITE_OK;
}

}  // namespace housecall::store::testing
