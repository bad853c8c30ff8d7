// Name resolution that fails or hangs. This program has its own getaddrinfo,
// which libcurl's resolver threads call instead of the system's.
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/webhook_receiver.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/note.h"
#include "dispatcher/outbox/webhook_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/outbox/sends.h"

namespace housecall::outbox {
namespace {

// What the resolver does with names under .example. Never destroyed: resolver
// threads may outlive the tests.
struct Resolver {
  Mutex mutex;
  CondVar changed;
  bool hangs HOUSECALL_GUARDED_BY(mutex) = false;
  int hanging HOUSECALL_GUARDED_BY(mutex) = 0;

  // Fails, after having hung for as long as it is told to.
  int Resolve() {
    MutexLock lock(mutex);
    ++hanging;
    changed.NotifyAll();
    while (hangs) changed.Wait(mutex);
    --hanging;
    changed.NotifyAll();
    return EAI_NONAME;
  }
  void SetHangs(bool value) {
    MutexLock lock(mutex);
    hangs = value;
    changed.NotifyAll();
  }
  void WaitForHanging(int count) {
    MutexLock lock(mutex);
    while (hanging != count) changed.Wait(mutex);
  }
};

Resolver& TheResolver() {
  static auto* const resolver = new Resolver;
  return *resolver;
}

}  // namespace
}  // namespace housecall::outbox

extern "C" int getaddrinfo(const char* node, const char* service,
                           const addrinfo* hints, addrinfo** result) {
  if (node != nullptr && std::strstr(node, ".example") != nullptr) {
    return housecall::outbox::TheResolver().Resolve();
  }
  using Function =
      int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

namespace housecall::outbox {
namespace {

using core::SendResult;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::unique_ptr<WebhookChannel> MakeChannel(const Clock* clock,
                                            WebhookOptions options) {
  options.allow_loopback_http = true;
  auto channel = WebhookChannel::Create(clock, options);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return *std::move(channel);
}

TEST(WebhookChannelDns, TriesAgainWhereTheHostIsUnknown) {
  const RealClock clock;
  const auto channel = MakeChannel(&clock, {});
  const SendOutcome outcome =
      SendAndWait(channel.get(), MessageTo("https://clinic.example/in/token"));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error, StartsWith("not reached: "));
  EXPECT_THAT(outcome.error, HasSubstr("clinic.example"));
}

TEST(WebhookChannelDns, NeitherTimesOutLateNorHoldsOthersWhileNamesHang) {
  TheResolver().SetHangs(true);
  const RealClock clock;
  auto receiver = cli::WebhookReceiver::Start({.secret = kTestSecret});
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  WebhookOptions options;
  options.connect_timeout = absl::Milliseconds(100);
  Outcomes outcomes;
  auto channel = MakeChannel(&clock, options);

  // Would never come back if the channel's thread waited for the resolver's.
  const SendOutcome outcome =
      SendAndWait(channel.get(), MessageTo("https://clinic.example/in"));
  EXPECT_EQ(outcome.result, SendResult::kTransient);
  EXPECT_THAT(outcome.error, StartsWith("timed out: "));

  EXPECT_EQ(SendAndWait(channel.get(), MessageTo((*receiver)->url())).result,
            SendResult::kDelivered);

  // Nor does the end wait for it.
  channel->Send(MessageTo("https://clinic.example/in"), outcomes.Collect());
  TheResolver().WaitForHanging(2);
  channel.reset();
  EXPECT_EQ(outcomes.count(), 1);

  TheResolver().SetHangs(false);
  TheResolver().WaitForHanging(0);
}

}  // namespace
}  // namespace housecall::outbox
