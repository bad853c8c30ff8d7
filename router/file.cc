#include "router/file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace housecall::router {

absl::Status SystemError(int error, absl::string_view what,
                         const std::string& path) {
  const std::string message =
      absl::StrCat(what, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::InternalError(message);
  }
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

int File::Write(const void* data, size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(descriptor_, next, bytes);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    next += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

int File::Sync() { return fsync(descriptor_) == 0 ? 0 : errno; }

int File::Close() {
  const int descriptor = std::exchange(descriptor_, -1);
  return descriptor >= 0 && close(descriptor) != 0 ? errno : 0;
}

}  // namespace housecall::router
