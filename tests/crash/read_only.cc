// Preloaded into housecalld: while the file HOUSECALL_TEST_READ_ONLY holds a
// number other than zero, no write reaches the database, whose files are open
// already: as when a disk has gone wrong and is mounted read-only under a
// program.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

bool IsReadOnly() {
  static const volatile int64_t* const flag = []() -> const int64_t* {
    const char* const path = std::getenv("HOUSECALL_TEST_READ_ONLY");
    const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* const mapped =
        mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return mapped == MAP_FAILED ? nullptr : static_cast<const int64_t*>(mapped);
  }();
  return flag != nullptr && *flag != 0;
}

// Of the database, its journal or its log.
bool IsRefused(int file) {
  if (!IsReadOnly()) return false;
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size < 0) return false;
  path[size] = '\0';
  if (std::strstr(path, "housecall.db") == nullptr) return false;
  errno = EROFS;
  return true;
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t size) {
  return IsRefused(file) ? -1 : syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return IsRefused(file) ? -1 : syscall(SYS_pwrite64, file, bytes, size, at);
}

ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return IsRefused(file) ? -1 : syscall(SYS_pwrite64, file, bytes, size, at);
}

int ftruncate(int file, off_t size) noexcept {
  if (IsRefused(file)) return -1;
  return static_cast<int>(syscall(SYS_ftruncate, file, size));
}

int ftruncate64(int file, off64_t size) noexcept {
  if (IsRefused(file)) return -1;
  return static_cast<int>(syscall(SYS_ftruncate, file, size));
}

}  // extern "C"
