#include "tests/simulation/story.h"

#include <utility>

namespace housecall::simulation {

void Story::Add(absl::string_view who, const std::string& what) {
  ++size_;
  const std::string line = absl::StrCat(
      absl::FormatTime("%H:%M:%E6S", now_(), absl::FixedTimeZone(9 * 60 * 60)),
      " ", who, std::string(who.size() < 10 ? 10 - who.size() : 1, ' '), what);
  for (const char c : line) {
    digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  digest_ = (digest_ ^ '\n') * 0x100000001b3;
  if (keep_) lines_.push_back(line);
}

void Story::AddViolation(absl::string_view check, std::string what) {
  Add("BROKEN", absl::StrCat(check, ": ", what));
  if (is_broken_enough()) return;
  violations_.push_back({std::string(check), std::move(what)});
}

}  // namespace housecall::simulation
