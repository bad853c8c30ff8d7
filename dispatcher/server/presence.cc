#include "dispatcher/server/presence.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/ascii.h"

namespace housecall::server {

std::vector<PresenceBook::Presence> PresenceBook::Show(
    const core::CenterId& center, const core::SessionId& session,
    const std::string& screen, Presence presence, absl::Time now) {
  MutexLock lock(mutex_);
  Screens& screens = centers_[center];
  std::erase_if(screens, [&](const auto& entry) {
    return now - entry.second.heard > kLifetime;
  });
  const std::pair<core::SessionId, std::string> mine = {session, screen};
  const auto before = screens.find(mine);
  const bool stays =
      before != screens.end() && before->second.presence.call == presence.call;
  presence.since = stays ? before->second.presence.since : now;
  if (presence.call.empty()) {
    screens.erase(mine);
  } else {
    screens[mine] = {std::move(presence), now};
  }

  const auto first = screens.lower_bound({session, ""});
  auto last = first;
  size_t count = 0;
  auto oldest = first;
  for (; last != screens.end() && last->first.first == session; ++last) {
    if (last->second.heard < oldest->second.heard) oldest = last;
    ++count;
  }
  if (count > kMaxScreens) screens.erase(oldest);

  std::vector<Presence> others;
  for (const auto& [key, each] : screens) {
    if (key != mine) others.push_back(each.presence);
  }
  std::stable_sort(
      others.begin(), others.end(), [](const Presence& a, const Presence& b) {
        return std::tie(a.since, a.person) < std::tie(b.since, b.person);
      });
  return others;
}

absl::Status CheckScreen(absl::string_view screen) {
  const bool good =
      !screen.empty() && screen.size() <= 64 &&
      std::all_of(screen.begin(), screen.end(),
                  [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "screen: must be 1 to 64 printable characters without spaces, such as a "
      "UUID");
}

}  // namespace housecall::server
