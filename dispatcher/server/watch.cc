#include "dispatcher/server/watch.h"

#include <algorithm>
#include <atomic>

namespace housecall::server {

WatchHub::WatchHub(engine::Engine* engine) : engine_(engine) {
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

void WatchHub::Post(std::function<void()> job) {
  {
    MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.NotifyOne();
}

absl::Status WatchHub::Add(const core::CenterId& center, int64_t after,
                           std::shared_ptr<Watcher> watcher) {
  // Commits may come before the job that begins it is posted: what the
  // listener posts runs behind it, because it waits for this.
  auto begun = std::make_shared<std::atomic<bool>>(false);
  auto early = std::make_shared<std::vector<engine::Commit>>();
  auto early_mutex = std::make_shared<Mutex>();
  Watcher* const key = watcher.get();
  const auto tell = [this, key](engine::Commit commit) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.watcher->Tell(commit);
  };
  absl::StatusOr<engine::Subscription> subscription = engine_->Subscribe(
      center, after,
      [this, tell, begun, early, early_mutex](const engine::Commit& commit) {
        MutexLock lock(*early_mutex);
        if (!*begun) {
          early->push_back(commit);
          return;
        }
        Post([tell, commit] { tell(commit); });
      });
  if (!subscription.ok()) return subscription.status();
  const int64_t id = subscription->id;
  bool taken = false;
  {
    MutexLock early_lock(*early_mutex);
    std::function<void()> begin = [this, center, watcher = std::move(watcher),
                                   key, tell,
                                   subscription = *std::move(subscription),
                                   early = std::move(*early)]() mutable {
      entries_[key] = Entry{watcher, center, subscription.id};
      watcher->Begin(subscription);
      for (engine::Commit& commit : early) tell(std::move(commit));
    };
    MutexLock lock(mutex_);
    // Jobs posted before the stop are all run, later ones are not: what is
    // begun is ended.
    if (!stop_) {
      jobs_.push_back(std::move(begin));
      *begun = true;
      taken = true;
    }
  }
  if (!taken) {
    engine_->Unsubscribe(center, id);
    return absl::UnavailableError("the server is stopping");
  }
  wake_.NotifyOne();
  return absl::OkStatus();
}

void WatchHub::Remove(Watcher* watcher, std::shared_ptr<void> kept) {
  Post([this, watcher, kept = std::move(kept)] {
    const auto found = entries_.find(watcher);
    if (found == entries_.end()) return;
    engine_->Unsubscribe(found->second.center, found->second.subscription);
    entries_.erase(found);
  });
}

void WatchHub::Tick() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  for (const auto& [key, entry] : entries_) watchers.push_back(entry.watcher);
  for (const std::shared_ptr<Watcher>& watcher : watchers) watcher->Tick();
}

void WatchHub::Run() {
  constexpr absl::Duration kTick = absl::Seconds(1);
  const Clock& clock = engine_->clock();
  absl::Time next_tick = clock.Now() + kTick;
  for (;;) {
    std::deque<std::function<void()>> jobs;
    bool stop = false;
    {
      MutexLock lock(mutex_);
      if (jobs_.empty() && !stop_) {
        wake_.WaitFor(mutex_, std::clamp(next_tick - clock.Now(),
                                         absl::ZeroDuration(), kTick));
      }
      jobs.swap(jobs_);
      stop = stop_;
    }
    for (std::function<void()>& job : jobs) job();
    if (clock.Now() >= next_tick) {
      next_tick = clock.Now() + kTick;
      Tick();
    }
    if (!stop) continue;
    for (const auto& [key, entry] : entries_) {
      engine_->Unsubscribe(entry.center, entry.subscription);
      entry.watcher->End();
    }
    entries_.clear();
    return;
  }
}

}  // namespace housecall::server
