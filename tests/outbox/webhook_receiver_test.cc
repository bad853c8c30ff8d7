#include "clients/cli/webhook_receiver.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/core/note.h"
#include "dispatcher/outbox/webhook_channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/outbox/sends.h"

namespace housecall::cli {
namespace {

using core::SendResult;
using outbox::kTestSecret;
using outbox::MessageTo;
using outbox::OutboundMessage;
using outbox::Outcomes;
using outbox::SendAndWait;
using outbox::SendOutcome;
using outbox::WebhookChannel;
using outbox::WebhookOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(20);
const absl::Time kNow = absl::FromUnixSeconds(1795194000);

class WebhookReceiverTest : public testing::Test {
 protected:
  WebhookReceiverTest() {
    WebhookOptions options;
    options.allow_loopback_http = true;
    options.timeout = absl::Minutes(10);
    channel_ = *WebhookChannel::Create(&clock_, options);
  }

  std::unique_ptr<WebhookReceiver> Start(
      WebhookReceiver::Listener on_received = nullptr) {
    auto receiver = WebhookReceiver::Start(
        {.secret = kTestSecret,
         .now = [this] { return receiver_clock_.Now(); }},
        std::move(on_received));
    EXPECT_TRUE(receiver.ok()) << receiver.status();
    return *std::move(receiver);
  }

  SimulatedClock clock_{kNow};
  SimulatedClock receiver_clock_{kNow};
  std::unique_ptr<WebhookChannel> channel_;
};

TEST_F(WebhookReceiverTest, ConfirmsARepeatButCountsItOnce) {
  std::vector<std::string> seen;
  auto receiver = Start([&seen](const ReceivedWebhook& webhook) {
    seen.push_back(absl::StrCat(webhook.id, "/", webhook.times));
  });
  for (const char* id : {"a", "b", "a", "a"}) {
    EXPECT_EQ(
        SendAndWait(channel_.get(), MessageTo(receiver->url(), id)).result,
        SendResult::kDelivered);
  }
  const std::vector<ReceivedWebhook> received = receiver->Received();
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_EQ(received[0].id, "a");
  EXPECT_EQ(received[0].times, 3);
  EXPECT_EQ(received[1].id, "b");
  EXPECT_EQ(received[1].times, 1);
  EXPECT_EQ(receiver->requests(), 4);
  receiver = nullptr;  // Nobody writes to `seen` any more.
  EXPECT_THAT(seen, ElementsAre("a/1", "b/1", "a/2", "a/3"));
}

TEST_F(WebhookReceiverTest, RefusesASenderWithAnotherSecret) {
  const auto receiver = Start();
  OutboundMessage message = MessageTo(receiver->url());
  message.secret = PrivateText(absl::StrCat("whsec_", std::string(44, 'A')));
  const SendOutcome outcome = SendAndWait(channel_.get(), message);
  EXPECT_EQ(outcome.result, SendResult::kPermanent);
  EXPECT_THAT(outcome.error, HasSubstr("HTTP 401 Unauthorized: "
                                       "webhook-signature"));
  EXPECT_THAT(receiver->Received(), IsEmpty());
  EXPECT_EQ(receiver->requests(), 0);
}

TEST_F(WebhookReceiverTest, RefusesAReplay) {
  const auto receiver = Start();
  receiver_clock_.Advance(absl::Minutes(6));
  const SendOutcome outcome =
      SendAndWait(channel_.get(), MessageTo(receiver->url()));
  EXPECT_EQ(outcome.result, SendResult::kPermanent);
  EXPECT_THAT(outcome.error, HasSubstr("webhook-timestamp: 6m old"));
  EXPECT_THAT(receiver->Received(), IsEmpty());
}

TEST_F(WebhookReceiverTest, RefusesAsManyRequestsAsItIsTold) {
  const auto receiver = Start();
  receiver->SetBehaviour({.status = 503,
                          .text = "down for the night",
                          .retry_after = absl::Seconds(30),
                          .requests = 2});
  for (int i = 0; i < 2; ++i) {
    const SendOutcome outcome =
        SendAndWait(channel_.get(), MessageTo(receiver->url()));
    EXPECT_EQ(outcome.result, SendResult::kTransient);
    EXPECT_EQ(outcome.error,
              "HTTP 503 Service Unavailable: down for the night");
    EXPECT_EQ(outcome.retry_after, absl::Seconds(30));
  }
  EXPECT_THAT(receiver->Received(), IsEmpty());
  EXPECT_EQ(SendAndWait(channel_.get(), MessageTo(receiver->url())).result,
            SendResult::kDelivered);
  EXPECT_EQ(receiver->requests(), 3);
  EXPECT_EQ(receiver->Received()[0].times, 1);
}

TEST_F(WebhookReceiverTest, AnswersLateIfSlow) {
  const auto receiver = Start();
  receiver->SetBehaviour({.delay = absl::Milliseconds(50)});
  EXPECT_EQ(SendAndWait(channel_.get(), MessageTo(receiver->url())).result,
            SendResult::kDelivered);
}

TEST_F(WebhookReceiverTest, HangsUntilItIsStopped) {
  const auto receiver = Start();
  receiver->SetBehaviour({.delay = absl::InfiniteDuration()});
  Outcomes outcomes;
  channel_->Send(MessageTo(receiver->url()), outcomes.Collect());
  ASSERT_TRUE(receiver->WaitForRequests(1, kPatience));
  EXPECT_EQ(outcomes.count(), 0);
  receiver->Stop();
  EXPECT_EQ(outcomes.Wait(1)[0].result, SendResult::kTransient);
  EXPECT_THAT(receiver->Received(), IsEmpty());
}

TEST_F(WebhookReceiverTest, TellsWhetherWebhooksCameInTime) {
  const auto receiver = Start();
  EXPECT_FALSE(receiver->WaitForReceived(1, absl::Milliseconds(1)));
  Outcomes outcomes;
  channel_->Send(MessageTo(receiver->url()), outcomes.Collect());
  EXPECT_TRUE(receiver->WaitForReceived(1, kPatience));
  outcomes.Wait(1);
}

TEST_F(WebhookReceiverTest, MakesASecretIfItIsGivenNone) {
  auto receiver =
      WebhookReceiver::Start({.now = [this] { return receiver_clock_.Now(); }});
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  OutboundMessage message = MessageTo((*receiver)->url());
  message.secret = PrivateText((*receiver)->secret());
  EXPECT_EQ(SendAndWait(channel_.get(), message).result,
            SendResult::kDelivered);
}

TEST(WebhookReceiverStart, SaysWhyItCannot) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      WebhookReceiver::Start({.secret = "whsec_short"}).status()));

  const auto first = WebhookReceiver::Start();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = WebhookReceiver::Start({.port = (*first)->port()});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(absl::StrCat((*first)->port())));
}

}  // namespace
}  // namespace housecall::cli
