// Who is at which call now, so that two operators see each other.
#ifndef HOUSECALL_DISPATCHER_SERVER_PRESENCE_H_
#define HOUSECALL_DISPATCHER_SERVER_PRESENCE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/types.h"

namespace housecall::server {

// Which screen shows which call. Short-lived and in memory only: it is no fact
// about a call, and nobody is told later who looked at what. Of this process:
// screens at another server of the same center are not seen. Thread-safe.
class PresenceBook {
 public:
  // How long a screen counts after it was heard.
  static constexpr absl::Duration kLifetime = absl::Seconds(15);
  // Of one session; the one that was heard longest ago makes room.
  static constexpr size_t kMaxScreens = 8;

  struct Presence {
    core::PersonId person;
    // Empty: the screen shows none.
    core::CallId call;
    bool working = false;
    // Since when the screen shows this call.
    absl::Time since = absl::UnixEpoch();
  };

  // Notes what a screen shows (`since` is set here); returns what every other
  // screen of the center shows, first come first.
  std::vector<Presence> Show(const core::CenterId& center,
                             const core::SessionId& session,
                             const std::string& screen, Presence presence,
                             absl::Time now);

 private:
  struct Screen {
    Presence presence;
    absl::Time heard;
  };
  using Screens = std::map<std::pair<core::SessionId, std::string>, Screen>;

  Mutex mutex_;
  std::map<core::CenterId, Screens> centers_ HOUSECALL_GUARDED_BY(mutex_);
};

// InvalidArgument unless it is 1 to 64 printable characters without spaces.
absl::Status CheckScreen(absl::string_view screen);

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_PRESENCE_H_
