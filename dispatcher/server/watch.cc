#include "dispatcher/server/watch.h"

#include <algorithm>
#include <random>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/core/refusal.h"

namespace housecall::server {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

// Whether rights may be others after it.
bool ChangesRights(const engine::Commit& commit) {
  for (const store::JournalEntry& entry : commit.entries) {
    for (const core::Record& record : entry.event.records) {
      if (std::holds_alternative<core::Session>(record) ||
          std::holds_alternative<core::Account>(record) ||
          std::holds_alternative<core::Person>(record)) {
        return true;
      }
    }
  }
  return false;
}

// How long until `time`, which is at most `most` away: whatever is done to the
// clock, nobody waits for longer.
absl::Duration Until(absl::Time* time, absl::Time now, absl::Duration most) {
  *time = std::min(*time, now + most);
  return std::max(*time - now, absl::ZeroDuration());
}

std::string FreshEpoch() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace

WatchHub::WatchHub(engine::Engine* engine, const WatchLimits& limits)
    : engine_(engine),
      limits_(limits),
      epoch_(FreshEpoch()),
      budget_(limits.total_bytes) {
  thread_ = std::thread([this] { Run(); });
}

WatchHub::~WatchHub() { Stop(); }

void WatchHub::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

absl::Status WatchHub::Add(const core::CenterId& center,
                           std::shared_ptr<Watcher> watcher) {
  if (engine_->Current(center) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no center ", center.value()));
  }
  {
    MutexLock lock(mutex_);
    // What is requested before the stop is begun and ended, later ones are not.
    if (stop_) return absl::UnavailableError("the server is stopping");
    Request request;
    request.center = center;
    request.begin = std::move(watcher);
    requests_.push_back(std::move(request));
  }
  wake_.NotifyOne();
  return absl::OkStatus();
}

void WatchHub::Remove(Watcher* watcher, std::shared_ptr<void> kept) {
  {
    MutexLock lock(mutex_);
    Request request;
    request.remove = watcher;
    request.kept = std::move(kept);
    requests_.push_back(std::move(request));
  }
  wake_.NotifyOne();
}

WatchFigures WatchHub::figures() const {
  MutexLock lock(mutex_);
  WatchFigures figures = figures_;
  figures.waiting_bytes = budget_.used();
  for (const auto& [center, backlog] : backlogs_) {
    figures.backlog_messages += backlog.messages;
    figures.backlog_bytes += backlog.bytes;
  }
  return figures;
}

void WatchHub::Hear(const core::CenterId& center,
                    const engine::Commit& commit) {
  engine::Commit kept;
  kept.board = commit.board;
  kept.sequence = commit.sequence;
  size_t bytes = 0;
  for (const store::JournalEntry& entry : commit.entries) {
    if (!core::IsJournaled(entry.event.kind)) continue;
    kept.entries.push_back(entry);
    bytes += RoughBytes(entry);
  }
  bool notify = false;
  {
    MutexLock lock(mutex_);
    if (stop_) return;
    Backlog& backlog = backlogs_[center];
    backlog.board = commit.board;
    backlog.sequence = commit.sequence;
    for (const store::JournalEntry& entry : commit.entries) {
      if (core::IsJournaled(entry.event.kind)) continue;
      for (const core::Record& record : entry.event.records) {
        if (const auto* position = std::get_if<core::Position>(&record)) {
          backlog.moves.insert_or_assign(position->id, entry);
        }
      }
    }
    backlog.messages += kept.entries.size();
    backlog.bytes += bytes;
    if (backlog.messages > limits_.backlog_messages ||
        backlog.bytes > limits_.backlog_bytes) {
      backlog.overrun = true;
    }
    if (backlog.overrun) {
      backlog.commits.clear();
      backlog.moves.clear();
      backlog.messages = 0;
      backlog.bytes = 0;
    } else if (!kept.entries.empty()) {
      backlog.commits.push_back(std::move(kept));
    }
    backlog.urgent = backlog.urgent || backlog.overrun ||
                     !backlog.commits.empty() || commit.entries.empty();
    // Positions are told at their time.
    notify = backlog.urgent || limits_.moves_interval <= absl::ZeroDuration();
    dirty_ = dirty_ || notify;
  }
  if (notify) wake_.NotifyOne();
}

void WatchHub::EndAsLaggard(Entry& entry, absl::string_view why) {
  entry.ended = true;
  ++ended_laggards_;
  entry.watcher->End(
      core::Exhausted(core::RefusalReason::kTooBusy,
                      absl::StrCat(why, "; resume with the last token")));
}

void WatchHub::TellAll(Center& center) {
  for (auto& [key, entry] : center.entries) {
    if (entry.ended) continue;
    if (entry.watcher->is_lost()) {
      EndAsLaggard(entry, "the client reads too slowly");
    } else {
      entry.watcher->Tell();
    }
  }
  center.feed->Trim();
}

void WatchHub::TakeUp(Center& center, Backlog backlog) {
  if (backlog.overrun) {
    // First: whoever is not ended goes on without what is missing here.
    for (auto& [key, entry] : center.entries) {
      if (!entry.ended) EndAsLaggard(entry, "the server cannot keep up");
    }
    center.feed->Reset(std::move(backlog.board), backlog.sequence);
    return;
  }
  for (const engine::Commit& commit : backlog.commits) {
    if (ChangesRights(commit)) {
      for (auto& [key, entry] : center.entries) {
        if (!entry.ended) entry.watcher->Recheck();
      }
    }
    center.feed->Append(commit);
  }
  engine::Commit rest;
  rest.board = std::move(backlog.board);
  rest.sequence = backlog.sequence;
  for (auto& [person, entry] : backlog.moves) {
    rest.entries.push_back(std::move(entry));
  }
  center.feed->Append(rest);
  if (backlog.urgent) TellAll(center);
}

void WatchHub::TellMoves() {
  for (auto& [id, center] : centers_) {
    if (!center.feed->has_moves()) continue;
    center.feed->TellMoves();
    TellAll(center);
  }
}

void WatchHub::Begin(const core::CenterId& id,
                     std::shared_ptr<Watcher> watcher) {
  Center& center = centers_[id];
  Watcher* const key = watcher.get();
  if (center.feed == nullptr) {
    const absl::StatusOr<engine::Subscription> subscription =
        engine_->Subscribe(id, -1, [this, id](const engine::Commit& commit) {
          Hear(id, commit);
        });
    if (!subscription.ok()) {
      centers_.erase(id);
      key->End(subscription.status());
      return;
    }
    center.subscription = subscription->id;
    center.feed = std::make_unique<BoardFeed>(id, epoch_, limits_.stream,
                                              &budget_, &engine_->clock());
    center.feed->Reset(subscription->board, subscription->sequence);
  }
  center.entries[key].watcher = std::move(watcher);
  where_[key] = id;
  key->Begin(center.feed.get());
}

void WatchHub::Handle(Request request) {
  if (request.begin != nullptr) {
    return Begin(request.center, std::move(request.begin));
  }
  const auto found = where_.find(request.remove);
  if (found == where_.end()) return;
  centers_[found->second].entries.erase(request.remove);
  where_.erase(found);
}

void WatchHub::Relieve() {
  for (const auto& [id, center] : centers_) center.feed->TrimAll();
  if (!budget_.IsOver()) return;
  struct Laggard {
    int ticks;
    Center* center;
    Entry* entry;
  };
  std::vector<Laggard> laggards;
  for (auto& [id, center] : centers_) {
    for (auto& [key, entry] : center.entries) {
      const int ticks = entry.ended ? 0 : entry.watcher->ticks_behind();
      if (ticks > 0) laggards.push_back({ticks, &center, &entry});
    }
  }
  std::sort(
      laggards.begin(), laggards.end(),
      [](const Laggard& a, const Laggard& b) { return a.ticks > b.ticks; });
  for (const Laggard& laggard : laggards) {
    if (!budget_.IsOver()) return;
    EndAsLaggard(*laggard.entry,
                 "too much waits for clients that read too slowly");
    laggard.center->feed->TrimAll();
  }
}

void WatchHub::Tick() {
  for (auto& [id, center] : centers_) {
    center.feed->Tick();
    for (auto& [key, entry] : center.entries) {
      if (!entry.ended) entry.watcher->Recheck();
      entry.watcher->Tick();
    }
  }
  if (ended_laggards_ == logged_laggards_) return;
  HC_LOG(kWarning, "watchers_ended")
      .With("laggards", ended_laggards_ - logged_laggards_)
      .With("waiting_bytes", budget_.used())
      .With("watchers", where_.size());
  logged_laggards_ = ended_laggards_;
}

void WatchHub::Run() {
  const Clock& clock = engine_->clock();
  absl::Time next_tick = clock.Now() + kTick;
  absl::Time next_moves = clock.Now();
  const absl::Duration moves_wait =
      limits_.moves_interval > absl::ZeroDuration() ? limits_.moves_interval
                                                    : kTick;
  for (;;) {
    std::map<core::CenterId, Backlog> backlogs;
    std::vector<Request> requests;
    bool stop = false;
    {
      MutexLock lock(mutex_);
      figures_.watchers = where_.size();
      figures_.ended_laggards = ended_laggards_;
      if (!dirty_ && requests_.empty() && !stop_) {
        wake_.WaitFor(mutex_, std::min(Until(&next_tick, clock.Now(), kTick),
                                       moves_wait));
      }
      dirty_ = false;
      backlogs.swap(backlogs_);
      requests.swap(requests_);
      stop = stop_;
    }
    // Before those who begin: they begin with the board after it.
    for (auto& [id, backlog] : backlogs) {
      TakeUp(centers_[id], std::move(backlog));
    }
    for (Request& request : requests) Handle(std::move(request));
    const absl::Time now = clock.Now();
    if (Until(&next_moves, now, limits_.moves_interval) <=
        absl::ZeroDuration()) {
      next_moves = now + limits_.moves_interval;
      TellMoves();
    }
    if (Until(&next_tick, now, kTick) <= absl::ZeroDuration()) {
      next_tick = now + kTick;
      Tick();
    }
    if (budget_.IsOver()) Relieve();
    if (!stop) continue;
    for (auto& [id, center] : centers_) {
      engine_->Unsubscribe(id, center.subscription);
      for (auto& [key, entry] : center.entries) {
        if (entry.ended) continue;
        entry.watcher->End(absl::UnavailableError("the server is stopping"));
      }
      center.entries.clear();
    }
    where_.clear();
    return;
  }
}

}  // namespace housecall::server
