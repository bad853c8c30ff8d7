#include "tests/outbox/sends.h"

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace housecall::outbox {

OutboundMessage MessageTo(absl::string_view url, absl::string_view id) {
  OutboundMessage message;
  message.id = std::string(id);
  message.address = std::string(url);
  message.secret = PrivateText(kTestSecret);
  message.body =
      PrivateText(absl::StrCat(R"({"type":"note.signed","note":)",
                               R"({"findings":")", kTestFinding, R"("}})"));
  return message;
}

Channel::Callback Outcomes::Collect() {
  return [this](SendOutcome outcome) {
    MutexLock lock(mutex_);
    outcomes_.push_back(std::move(outcome));
    changed_.NotifyAll();
  };
}

std::vector<SendOutcome> Outcomes::Wait(int count) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  MutexLock lock(mutex_);
  while (static_cast<int>(outcomes_.size()) < count) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      ADD_FAILURE() << "only " << outcomes_.size() << " of " << count
                    << " outcomes came";
      break;
    }
    changed_.WaitFor(mutex_, left);
  }
  std::vector<SendOutcome> first(outcomes_.begin(), outcomes_.end());
  first.resize(static_cast<size_t>(count));
  return first;
}

int Outcomes::count() {
  MutexLock lock(mutex_);
  return static_cast<int>(outcomes_.size());
}

SendOutcome SendAndWait(Channel* channel, OutboundMessage message) {
  Outcomes outcomes;
  channel->Send(std::move(message), outcomes.Collect());
  return outcomes.Wait(1).front();
}

std::ostream& operator<<(std::ostream& out, const SendOutcome& outcome) {
  return out << outcome.result << " \"" << outcome.error
             << "\" retry_after=" << absl::FormatDuration(outcome.retry_after)
             << " attempted=" << outcome.attempted;
}

}  // namespace housecall::outbox
