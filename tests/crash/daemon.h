// housecalld as a process of its own, that is killed, and its surroundings.
#ifndef HOUSECALL_TESTS_CRASH_DAEMON_H_
#define HOUSECALL_TESTS_CRASH_DAEMON_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "grpcpp/grpcpp.h"

namespace housecall::crash {

// How a daemon is started.
struct Start {
  // No file of it may grow beyond this, as on a full disk, until there is room
  // again; 0: no limit.
  int64_t most_file_bytes = 0;
  // How many files it may have open, until it asks for more; 0: as here.
  int64_t most_open_files = 0;
  // As a user without rights, if the test runs as root.
  bool as_nobody = false;
  // Serves browsers, too.
  bool serves_browsers = false;
};

// A number that another program sees: in a file that both map. Thread-safe.
class SharedNumber {
 public:
  // Makes the file, with 0 in it.
  explicit SharedNumber(const std::string& path);
  ~SharedNumber();
  SharedNumber(const SharedNumber&) = delete;
  SharedNumber& operator=(const SharedNumber&) = delete;

  void Set(int64_t value);
  int64_t value() const;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  int64_t* number_ = nullptr;
};

// What is around a daemon, and can be changed while it runs: both are seen to
// by a library that is loaded before the daemon's.
class Surroundings {
 public:
  // Keeps two files in the folder.
  explicit Surroundings(const std::string& folder)
      : nanoseconds_(folder + "/clock"), read_only_(folder + "/read_only") {}

  // Sets the clock of the day (clock.cc).
  void StepClock(absl::Duration by);
  absl::Duration clock_offset() const;
  // Refuses writes to the database's files (read_only.cc).
  void MakeReadOnly(bool read_only) { read_only_.Set(read_only ? 1 : 0); }

  const std::string& clock_path() const { return nanoseconds_.path(); }
  const std::string& read_only_path() const { return read_only_.path(); }

 private:
  SharedNumber nanoseconds_;
  SharedNumber read_only_;
};

// One at a time serves a database. Thread-safe but for Launch and the ends.
class Daemon {
 public:
  // Everything that it says goes to `folder`/log. Borrows the surroundings.
  Daemon(std::string program, std::string folder, std::string database,
         const Surroundings* surroundings)
      : program_(std::move(program)),
        folder_(std::move(folder)),
        database_(std::move(database)),
        surroundings_(surroundings) {}
  ~Daemon() { Kill(); }

  // True once it serves; false if it has ended instead.
  bool Launch(const Start& start = {});
  // SIGKILL, and until it is gone.
  void Kill();
  // SIGTERM, and until it is gone: its exit code, or -1 for a signal.
  int Stop();

  // To the one that serves now, or did last; null before the first.
  std::shared_ptr<grpc::Channel> channel() const;
  // Somebody has made room on the disk of the one that runs.
  void MakeRoom();
  // Of the one that serves now, or did last; 0 before the first.
  int port() const;
  // For browsers; 0 if it does not serve them.
  int web_port() const;
  // What the last one wrote.
  std::string Log() const;
  // What all of them wrote.
  std::string AllLogs() const { return earlier_logs_ + Log(); }
  // Kibibytes of memory that it has; 0 if it does not run.
  int64_t MemoryKibibytes() const;
  pid_t pid() const { return pid_; }

 private:
  const std::string program_;
  const std::string folder_;
  const std::string database_;
  const Surroundings* const surroundings_;
  std::string earlier_logs_;
  pid_t pid_ = -1;
  mutable Mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_ HOUSECALL_GUARDED_BY(mutex_);
  int port_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  int web_port_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

}  // namespace housecall::crash

#endif  // HOUSECALL_TESTS_CRASH_DAEMON_H_
