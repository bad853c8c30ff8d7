// Files by the system's own calls, with errors that name the file.
#ifndef HOUSECALL_ROUTER_FILE_H_
#define HOUSECALL_ROUTER_FILE_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace housecall::router {

// What a call of the system that failed with this errno means, such as "cannot
// write town.map: No space left on device": NotFound, PermissionDenied (also on
// a file system that is mounted for reading), ResourceExhausted (the disk, the
// quota or a file is full), else Internal.
absl::Status SystemError(int error, absl::string_view what,
                         const std::string& path);

// An open file, or none; closed at the end at the latest. Those that return an
// int return 0, or the errno.
class File {
 public:
  File() = default;
  // Takes the descriptor over; negative: there is no file.
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { Close(); }
  File(File&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  // All of it, where the file is now. After an error a part may have been
  // written.
  int Write(const void* data, size_t bytes);
  int Write(absl::string_view text) { return Write(text.data(), text.size()); }
  // Until it is on the disk.
  int Sync();
  // What was written may be told to have failed only here.
  int Close();

 private:
  int descriptor_ = -1;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_FILE_H_
