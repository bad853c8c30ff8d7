// Messages to push, and what came of them.
#ifndef HOUSECALL_TESTS_OUTBOX_SENDS_H_
#define HOUSECALL_TESTS_OUTBOX_SENDS_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/outbox/channel.h"

namespace housecall::outbox {

// The secret of the specification's published example.
inline constexpr char kTestSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// What stands in the test's notes and must be seen nowhere else.
inline constexpr char kTestFinding[] = "誤嚥性肺炎の疑い";

// A message to `url` whose body is a note with kTestFinding, signed with
// kTestSecret.
OutboundMessage MessageTo(absl::string_view url, absl::string_view id = "m-1");

// Collects outcomes; outlives the channel, which calls back until its end.
// Thread-safe.
class Outcomes {
 public:
  // Adds its outcome to the list.
  Channel::Callback Collect();
  // The first `count` outcomes in the order in which they came; a failure of
  // the test if they have not all come within 20 s.
  std::vector<SendOutcome> Wait(int count);
  // How many have come.
  int count();

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<SendOutcome> outcomes_ HOUSECALL_GUARDED_BY(mutex_);
};

// Sends one message and waits for its outcome.
SendOutcome SendAndWait(Channel* channel, OutboundMessage message);

// For messages of failed assertions.
std::ostream& operator<<(std::ostream& out, const SendOutcome& outcome);

}  // namespace housecall::outbox

#endif  // HOUSECALL_TESTS_OUTBOX_SENDS_H_
