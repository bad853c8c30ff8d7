#include "dispatcher/outbox/relay.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/outbox/payload.h"

namespace housecall::outbox {

Relay::Relay(store::Store* store, const Clock* clock,
             std::map<core::ChannelKind, Channel*> channels, RelayHooks hooks,
             RelayOptions options)
    : store_(store),
      clock_(clock),
      channels_(std::move(channels)),
      hooks_(std::move(hooks)),
      options_(options),
      random_(std::random_device{}()) {}

Relay::~Relay() {
  Stop();
  for (const auto& [kind, channel] : channels_) channel->Stop();
  MutexLock lock(mutex_);
  while (!in_flight_.empty()) finished_.Wait(mutex_);
}

void Relay::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Relay::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void Relay::Wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  wake_.NotifyOne();
}

void Relay::Run() {
  for (;;) {
    const absl::Time next = SendDue();
    MutexLock lock(mutex_);
    if (!woken_ && !stop_) {
      wake_.WaitFor(mutex_,
                    std::clamp(next - clock_->Now(), absl::ZeroDuration(),
                               options_.poll_interval));
    }
    if (stop_) return;
    woken_ = false;
  }
}

absl::Time Relay::SendDue() {
  absl::Duration longest;
  for (const auto& [kind, channel] : channels_) {
    longest = std::max(longest, channel->max_send_duration());
  }
  const absl::Duration lease = longest + options_.lease_margin;
  SendUnseen(lease);
  const absl::Time later = clock_->Now() + options_.poll_interval;
  int room = 0;
  {
    MutexLock lock(mutex_);
    if (stop_) return later;
    room = options_.max_in_flight - static_cast<int>(in_flight_.size());
  }
  // A report makes room and wakes this thread.
  if (room <= 0) return later;
  const absl::StatusOr<absl::Time> next = store_->NextOutboxTime();
  if (next.ok() && *next > clock_->Now()) {
    Complain(absl::OkStatus());
    return *next;
  }
  const absl::Time lease_time = clock_->Now();
  const absl::StatusOr<std::vector<store::LeasedMessage>> leased =
      next.ok() ? store_->LeaseOutbox(lease_time, lease, room) : next.status();
  Complain(leased.status());
  if (!leased.ok()) return later;
  for (const store::LeasedMessage& message : *leased) {
    if (Send(message)) continue;
    const Key key{message.center, message.message.id};
    Unseen& unseen =
        unseen_.try_emplace(key, Unseen{message, lease_time, lease_time, false})
            .first->second;
    unseen.leased = message;
    unseen.lease_time = lease_time;
  }
  return later;
}

void Relay::SendUnseen(absl::Duration lease) {
  for (auto it = unseen_.begin(); it != unseen_.end();) {
    Unseen& unseen = it->second;
    const absl::Time now = clock_->Now();
    const absl::Duration age = now - unseen.lease_time;
    // A push that begins later may last longer than the lease. Afterwards it
    // is leased anew, unless somebody has settled it.
    if (age >= 2 * lease ||
        (age < options_.lease_margin && Send(unseen.leased))) {
      it = unseen_.erase(it);
      continue;
    }
    if (now - unseen.since >= options_.lease_margin && !unseen.told) {
      unseen.told = true;
      HC_LOG(kError, "delivery_unknown")
          .With("center", unseen.leased.center)
          .With("delivery", unseen.leased.message.id);
    }
    ++it;
  }
}

void Relay::Complain(const absl::Status& status) {
  if (status.code() == complaint_) return;
  complaint_ = status.code();
  if (absl::IsUnavailable(status)) {
    HC_LOG(kWarning, "outbox_busy").With("status", status);
  } else if (!status.ok()) {
    HC_LOG(kError, "outbox_not_leased").With("status", status);
  }
}

bool Relay::Send(const store::LeasedMessage& leased) {
  const Key key{leased.center, leased.message.id};
  const std::shared_ptr<const core::Board> board = hooks_.board(leased.center);
  const core::Delivery* const delivery =
      board == nullptr ? nullptr : board->Find<core::Delivery>(key.second);
  if (delivery == nullptr) return false;
  {
    MutexLock lock(mutex_);
    // A lease that ran out while its push is still under way.
    if (!in_flight_.insert(key).second) return true;
  }
  const core::ChannelKind kind = leased.message.channel;
  const auto fail = [&](std::string why) {
    SendOutcome outcome;
    outcome.result = core::SendResult::kPermanent;
    outcome.error = std::move(why);
    Report(key, kind, std::move(outcome));
    return true;
  };
  const auto channel = channels_.find(kind);
  if (channel == channels_.end()) {
    return fail(absl::StrCat("this server has no channel ", NameOf(kind)));
  }
  const core::Organization* organization =
      board->Find<core::Organization>(delivery->member.organization);
  if (organization == nullptr || !organization->webhook.has_value()) {
    return fail("the receiver has no webhook");
  }
  absl::StatusOr<PrivateText> body = NotePayload(*board, *delivery);
  if (!body.ok()) return fail(std::string(body.status().message()));

  OutboundMessage message;
  message.id = absl::StrCat("centers/", leased.center.value(), "/deliveries/",
                            key.second.value());
  message.address = organization->webhook->url;
  message.secret = organization->webhook->secret;
  message.body = *std::move(body);
  channel->second->Send(std::move(message),
                        [this, key, kind](SendOutcome outcome) {
                          Report(key, kind, std::move(outcome));
                        });
  return true;
}

void Relay::Report(const Key& key, core::ChannelKind channel,
                   SendOutcome outcome) {
  // The channel was stopped before anything left: the lease runs out, and the
  // next start sends it.
  if (!outcome.attempted) return Finish(key);
  core::RecordAttempt attempt;
  attempt.delivery = key.second;
  attempt.channel = channel;
  attempt.result = outcome.result;
  attempt.error = std::move(outcome.error);
  attempt.retry_after = outcome.retry_after;
  {
    MutexLock lock(mutex_);
    // 53 random bits: a double in [0, 1).
    attempt.jitter = static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  HC_LOG(kInfo, "delivery_attempted")
      .With("center", key.first)
      .With("delivery", key.second)
      .With("result", NameOf(attempt.result));
  hooks_.submit(key.first, std::move(attempt),
                [this, key](absl::Status status) {
                  if (!status.ok()) {
                    // Not recorded: the lease runs out and the push is made
                    // again, under the same id.
                    HC_LOG(kWarning, "attempt_not_recorded")
                        .With("center", key.first)
                        .With("delivery", key.second)
                        .With("status", status);
                  }
                  Finish(key);
                });
}

void Relay::Finish(const Key& key) {
  {
    MutexLock lock(mutex_);
    in_flight_.erase(key);
    woken_ = true;
    // Under the lock: with the last one, the destructor goes on.
    wake_.NotifyOne();
    finished_.NotifyAll();
  }
}

}  // namespace housecall::outbox
