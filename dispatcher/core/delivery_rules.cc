#include "dispatcher/core/delivery_rules.h"

#include <algorithm>
#include <utility>

namespace housecall::core {

namespace {

constexpr absl::Duration kFirstDelay = absl::Seconds(5);
constexpr absl::Duration kMaxDelay = absl::Minutes(15);
constexpr absl::Duration kMaxRetryAfter = absl::Hours(1);

}  // namespace

absl::Duration RetryDelay(int failures, double jitter,
                          absl::Duration retry_after) {
  // 5 s × 2^8 is more than the quarter of an hour.
  const int doublings = std::clamp(failures - 1, 0, 8);
  const absl::Duration longest =
      std::min(kFirstDelay * (int64_t{1} << doublings), kMaxDelay);
  // Written so that NaN counts as 0.
  const double taken = jitter > 0 ? std::min(jitter, 1.0) : 0.0;
  return std::max(longest - longest * (taken / 2),
                  std::min(retry_after, kMaxRetryAfter));
}

ChannelKind CurrentChannel(const Delivery& delivery) {
  const auto& channels = delivery.member.channels;
  if (delivery.channel_index < 0 ||
      delivery.channel_index >= static_cast<int32_t>(channels.size())) {
    return ChannelKind::kUnspecified;
  }
  return channels[delivery.channel_index];
}

void BeginChannel(int index, const Organization* receiver, absl::Time now,
                  Delivery* delivery) {
  std::vector<ChannelKind>& channels = delivery->member.channels;
  if (channels.empty()) channels = {ChannelKind::kInbox};
  delivery->channel_attempts = 0;
  delivery->next_attempt_time.reset();
  for (; index < static_cast<int>(channels.size()); ++index) {
    delivery->channel_index = index;
    switch (channels[index]) {
      case ChannelKind::kUnspecified:
        continue;
      case ChannelKind::kInbox:
        delivery->state = DeliveryState::kAwaitingReceipt;
        return;
      case ChannelKind::kWebhook:
        if (receiver != nullptr && receiver->webhook.has_value()) {
          delivery->state = DeliveryState::kPending;
          delivery->next_attempt_time = now;
          return;
        }
        delivery->attempts.push_back({now, ChannelKind::kWebhook,
                                      SendResult::kPermanent,
                                      "no webhook is registered"});
        continue;
    }
  }
  delivery->channel_index = static_cast<int32_t>(channels.size());
  delivery->state = DeliveryState::kFailed;
}

void RecordFailure(DeliveryAttempt attempt, double jitter,
                   absl::Duration retry_after, int max_attempts,
                   const Organization* receiver, Delivery* delivery) {
  const absl::Time now = attempt.time;
  const bool again = attempt.result == SendResult::kTransient &&
                     delivery->channel_attempts + 1 < max_attempts;
  attempt.error = Shortened(attempt.error);
  delivery->attempts.push_back(std::move(attempt));
  if (!again) {
    BeginChannel(delivery->channel_index + 1, receiver, now, delivery);
    return;
  }
  ++delivery->channel_attempts;
  delivery->next_attempt_time =
      now + RetryDelay(delivery->channel_attempts, jitter, retry_after);
}

void RecordReceipt(Receipt receipt, Delivery* delivery) {
  delivery->state = DeliveryState::kReceived;
  delivery->next_attempt_time.reset();
  delivery->receipt = std::move(receipt);
}

std::string Shortened(absl::string_view text) {
  if (text.size() <= kMaxErrorLength) return std::string(text);
  size_t end = kMaxErrorLength;
  // Back to the beginning of a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end));
}

std::string LastError(const Delivery& delivery) {
  for (auto attempt = delivery.attempts.rbegin();
       attempt != delivery.attempts.rend(); ++attempt) {
    if (attempt->result != SendResult::kDelivered) return attempt->error;
  }
  return "";
}

}  // namespace housecall::core
