#include "dispatcher/engine/engine.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <iterator>
#include <limits>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/engine/standby.h"
#include "dispatcher/engine/trips.h"
#include "dispatcher/planner/planner.h"

namespace housecall::engine {
namespace {

constexpr absl::Duration kForgetInterval = absl::Minutes(10);
// A client that tries again does so within days.
constexpr absl::Duration kKeepReplies = absl::Hours(7 * 24);
// After the store failed, for a center that nobody sends anything to.
constexpr absl::Duration kReloadInterval = absl::Seconds(1);

// Whether an event may change whom to send: not what only the planner or the
// crews' phones say all the time.
bool WantsNewPlan(const store::JournalEntry& entry) {
  constexpr core::EventKind kQuiet[] = {
      core::EventKind::kPositionReported, core::EventKind::kEstimateChanged,
      core::EventKind::kCallUnmatched,    core::EventKind::kTaskRaised,
      core::EventKind::kArrivalPromised,  core::EventKind::kStandbyAdvised,
      core::EventKind::kSessionOpened};
  return std::find(std::begin(kQuiet), std::end(kQuiet), entry.event.kind) ==
         std::end(kQuiet);
}

router::LatLng ToRouter(const core::LatLng& position) {
  return {position.latitude, position.longitude};
}

// Along the quickest way; 0 if there is none.
double DistanceMeters(const router::TravelTimeSource& travel_times,
                      const core::LatLng& from, const core::LatLng& to) {
  const absl::StatusOr<router::Route> route =
      travel_times.FindRoute(ToRouter(from), ToRouter(to));
  return route.ok() ? route->distance_meters : 0;
}

// How much that way varies: standard deviation over mean, by what the roads
// know of late drives; else as the center's policy says.
double SpreadOf(const router::TravelTimeSource& travel_times,
                const core::LatLng& from, const core::LatLng& to,
                const core::Policy& policy) {
  const absl::StatusOr<router::Route> route =
      travel_times.FindRoute(ToRouter(from), ToRouter(to));
  if (!route.ok() || route->late_duration <= route->duration ||
      route->duration <= absl::ZeroDuration()) {
    return policy.travel_spread;
  }
  // Nine of ten drives take no longer than late_duration.
  constexpr double kNineOfTen = 1.2815515655446004;
  const double deviation =
      std::log(absl::FDivDuration(route->late_duration, route->duration)) /
      kNineOfTen;
  return std::sqrt(std::expm1(deviation * deviation));
}

std::vector<router::LatLng> ToRouter(
    const std::vector<core::LatLng>& positions) {
  std::vector<router::LatLng> out;
  out.reserve(positions.size());
  for (const core::LatLng& p : positions) out.push_back(ToRouter(p));
  return out;
}

}  // namespace

struct Engine::Lane {
  Lane(core::CenterId center_id, store::Store* store, const Clock* clock)
      : center(std::move(center_id)), writer(center, store, clock) {}

  const core::CenterId center;

  // The writer's thread only.
  CenterWriter writer;
  absl::Time next_timer_time = absl::InfinitePast();
  absl::Time next_forget_time = absl::InfinitePast();
  absl::Time next_reload_time = absl::InfinitePast();
  absl::Time next_peer_time = absl::InfinitePast();
  // After the journal could not be read.
  absl::Time next_journal_time = absl::InfinitePast();
  std::thread thread;

  // Answers are given by a thread of their own: the writer is on with the next
  // commit meanwhile.
  Mutex answers_mutex;
  CondVar answers_wake;
  std::vector<Answer> answers HOUSECALL_GUARDED_BY(answers_mutex);
  bool answers_end HOUSECALL_GUARDED_BY(answers_mutex) = false;
  std::thread answers_thread;

  Mutex queue_mutex;
  CondVar queue_wake;
  std::deque<Submission> queue HOUSECALL_GUARDED_BY(queue_mutex);
  bool stop HOUSECALL_GUARDED_BY(queue_mutex) = false;

  // False before its creation was accepted: a lane is there as soon as somebody
  // wants to create the center.
  bool Exists() const HOUSECALL_REQUIRES(publish_mutex) {
    return published != nullptr && !published->center().id.empty();
  }

  // Held while listeners are told, so that a watcher misses nothing between
  // its snapshot and its first commit.
  mutable Mutex publish_mutex;
  BoardPtr published HOUSECALL_GUARDED_BY(publish_mutex);
  int64_t sequence HOUSECALL_GUARDED_BY(publish_mutex) = 0;
  std::deque<store::JournalEntry> recent HOUSECALL_GUARDED_BY(publish_mutex);
  std::map<int64_t, Listener> listeners HOUSECALL_GUARDED_BY(publish_mutex);
  int64_t next_listener HOUSECALL_GUARDED_BY(publish_mutex) = 1;
  bool plan_wanted HOUSECALL_GUARDED_BY(publish_mutex) = true;
  bool positions_changed HOUSECALL_GUARDED_BY(publish_mutex) = false;

  // The planner's thread only.
  absl::Time last_plan_time = absl::InfinitePast();
  // Of the roads with which it was made.
  uint64_t last_roads_version = 0;
  // After that plan.
  bool call_waits = false;
  absl::Time next_advice_time = absl::InfinitePast();
  // Where the next search begins.
  std::vector<planner::PlannedRoute> last_routes;
  DriveWatch drives;
};

Engine::Engine(store::Store* store, const Clock* clock,
               const router::TravelTimeSource* travel_times, Options options)
    : store_(store),
      clock_(clock),
      travel_times_(travel_times),
      options_(options) {}

Engine::~Engine() { Stop(); }

absl::Status Engine::Start() {
  ASSIGN_OR_RETURN(const std::vector<core::CenterId> centers,
                   store_->ListCenters());
  std::vector<std::shared_ptr<Lane>> lanes;
  for (const core::CenterId& center : centers) {
    auto lane = std::make_shared<Lane>(center, store_, clock_);
    RETURN_IF_ERROR(lane->writer.EnsureLoaded());
    lanes.push_back(std::move(lane));
  }
  MutexLock lock(mutex_);
  running_ = true;
  for (const std::shared_ptr<Lane>& lane : lanes) {
    {
      MutexLock publish_lock(lane->publish_mutex);
      lane->published = lane->writer.board();
      lane->sequence = lane->writer.sequence();
    }
    lanes_[lane->center] = lane;
    StartThreads(lane);
  }
  if (options_.plans) planner_ = std::thread([this] { RunPlanner(); });
  return absl::OkStatus();
}

void Engine::Stop() {
  std::vector<std::shared_ptr<Lane>> lanes;
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    for (const auto& [center, lane] : lanes_) lanes.push_back(lane);
  }
  {
    MutexLock lock(plan_mutex_);
    plan_stop_ = true;
  }
  plan_wanted_.NotifyAll();
  if (planner_.joinable()) planner_.join();
  for (const std::shared_ptr<Lane>& lane : lanes) {
    {
      MutexLock lock(lane->queue_mutex);
      lane->stop = true;
    }
    lane->queue_wake.NotifyAll();
  }
  for (const std::shared_ptr<Lane>& lane : lanes) {
    if (lane->thread.joinable()) lane->thread.join();
    if (lane->answers_thread.joinable()) lane->answers_thread.join();
  }
}

std::shared_ptr<Engine::Lane> Engine::FindLane(
    const core::CenterId& center) const {
  MutexLock lock(mutex_);
  auto found = lanes_.find(center);
  return found == lanes_.end() ? nullptr : found->second;
}

std::shared_ptr<Engine::Lane> Engine::AddLane(const core::CenterId& center) {
  MutexLock lock(mutex_);
  if (!running_ || stopped_) return nullptr;
  std::shared_ptr<Lane>& lane = lanes_[center];
  if (lane == nullptr) {
    lane = std::make_shared<Lane>(center, store_, clock_);
    StartThreads(lane);
  }
  return lane;
}

void Engine::StartThreads(const std::shared_ptr<Lane>& lane) {
  lane->thread = std::thread([this, lane] { RunWriter(*lane); });
  lane->answers_thread = std::thread([lane] { RunAnswers(*lane); });
}

void Engine::Submit(const core::CenterId& center, Submission submission) {
  std::shared_ptr<Lane> lane = FindLane(center);
  bool runs = true;
  if (lane == nullptr) {
    if (std::holds_alternative<core::Create<core::Center>>(
            submission.command)) {
      lane = AddLane(center);
    }
    MutexLock lock(mutex_);
    runs = running_ && !stopped_;
  }
  absl::Status refusal;
  if (!runs) {
    refusal = absl::UnavailableError("the server is not running; try again");
  } else if (lane == nullptr) {
    refusal = absl::NotFoundError(
        absl::StrCat("there is no center ", center.value()));
  } else {
    MutexLock lock(lane->queue_mutex);
    if (lane->stop) {
      refusal = absl::UnavailableError("the server is stopping; try again");
    } else if (lane->queue.size() >= options_.max_queue) {
      refusal = core::Exhausted(
          core::RefusalReason::kTooBusy,
          "too many requests are waiting at this center; try again");
    } else {
      lane->queue.push_back(std::move(submission));
      lane->queue_wake.NotifyOne();
      return;
    }
  }
  if (submission.done) submission.done(refusal);
}

absl::StatusOr<Result> Engine::SubmitAndWait(const core::CenterId& center,
                                             Submission submission) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Result>>>();
  std::future<absl::StatusOr<Result>> answer = promise->get_future();
  submission.done = [promise](absl::StatusOr<Result> result) {
    promise->set_value(std::move(result));
  };
  Submit(center, std::move(submission));
  return answer.get();
}

BoardPtr Engine::Current(const core::CenterId& center) const {
  const std::shared_ptr<Lane> lane = FindLane(center);
  if (lane == nullptr) return nullptr;
  MutexLock lock(lane->publish_mutex);
  return lane->Exists() ? lane->published : nullptr;
}

std::vector<core::CenterId> Engine::Centers() const {
  std::vector<core::CenterId> centers;
  MutexLock lock(mutex_);
  for (const auto& [center, lane] : lanes_) {
    MutexLock publish_lock(lane->publish_mutex);
    if (lane->Exists()) centers.push_back(center);
  }
  return centers;
}

namespace {

absl::Status NoSuchCenter(const core::CenterId& center) {
  return absl::NotFoundError(
      absl::StrCat("there is no center ", center.value()));
}

}  // namespace

absl::StatusOr<Subscription> Engine::Subscribe(const core::CenterId& center,
                                               int64_t after,
                                               Listener listener) {
  const std::shared_ptr<Lane> lane = FindLane(center);
  if (lane == nullptr) return NoSuchCenter(center);
  return Look(*lane, after, std::numeric_limits<size_t>::max(),
              std::move(listener));
}

absl::StatusOr<Subscription> Engine::Look(const core::CenterId& center,
                                          int64_t after, size_t most) const {
  const std::shared_ptr<Lane> lane = FindLane(center);
  if (lane == nullptr) return NoSuchCenter(center);
  return Look(*lane, after, most, nullptr);
}

absl::StatusOr<Subscription> Engine::Look(Lane& lane, int64_t after,
                                          size_t most, Listener listener) {
  MutexLock lock(lane.publish_mutex);
  if (!lane.Exists()) return NoSuchCenter(lane.center);
  Subscription subscription;
  subscription.board = lane.published;
  subscription.sequence = lane.sequence;
  if (after >= 0 && after <= lane.sequence) {
    // The newest entries are at the end, without gaps.
    const auto missed = static_cast<size_t>(lane.sequence - after);
    subscription.complete =
        missed <= most &&
        (missed == 0 ||
         (!lane.recent.empty() && lane.recent.front().sequence <= after + 1));
    if (subscription.complete) {
      for (const store::JournalEntry& entry : lane.recent) {
        if (entry.sequence > after) subscription.missed.push_back(entry);
      }
    }
  }
  if (listener) {
    subscription.id = lane.next_listener++;
    lane.listeners[subscription.id] = std::move(listener);
  }
  return subscription;
}

void Engine::Unsubscribe(const core::CenterId& center, int64_t id) {
  const std::shared_ptr<Lane> lane = FindLane(center);
  if (lane == nullptr) return;
  MutexLock lock(lane->publish_mutex);
  lane->listeners.erase(id);
}

void Engine::RunWriter(Lane& lane) {
  for (;;) {
    std::vector<Submission> batch;
    {
      MutexLock lock(lane.queue_mutex);
      if (lane.queue.empty() && !lane.stop) {
        lane.queue_wake.WaitFor(lane.queue_mutex, options_.timer_interval);
      }
      if (lane.queue.empty() && lane.stop) break;
      while (!lane.queue.empty() && batch.size() < options_.max_batch) {
        batch.push_back(std::move(lane.queue.front()));
        lane.queue.pop_front();
      }
    }
    const absl::Time now = clock_->Now();
    if (lane.writer.board() == nullptr && batch.empty() &&
        now >= lane.next_reload_time) {
      // The store failed lately. Deadlines pass although nobody asks.
      lane.next_reload_time = now + kReloadInterval;
      if (absl::Status status = lane.writer.EnsureLoaded(); !status.ok()) {
        HC_LOG(kError, "board_not_loaded")
            .With("center", lane.center)
            .With("status", status);
      }
    }
    if (lane.writer.board() != nullptr && batch.empty() &&
        options_.peer_interval < absl::InfiniteDuration() &&
        now >= lane.next_peer_time) {
      lane.next_peer_time = now + options_.peer_interval;
      if (absl::Status status = lane.writer.Refresh(); !status.ok()) {
        HC_LOG(kWarning, "peers_not_looked_at")
            .With("center", lane.center)
            .With("status", status);
      }
    }
    if (lane.writer.board() != nullptr && now >= lane.next_timer_time) {
      const bool due = core::NextDeadline(*lane.writer.board()) <= now;
      // It looks at every open call: on a board with very many, less often, so
      // that looking takes a twentieth of the time at most.
      lane.next_timer_time =
          now + std::max(options_.timer_interval, 20 * (clock_->Now() - now));
      if (due) {
        Submission timer;
        timer.actor = core::SystemActor();
        timer.command = core::PassTime{};
        batch.push_back(std::move(timer));
      }
      if (now >= lane.next_forget_time) {
        lane.next_forget_time = now + kForgetInterval;
        if (const absl::Status status =
                store_->ForgetReplies(now - kKeepReplies);
            !status.ok()) {
          HC_LOG(kWarning, "replies_not_forgotten").With("status", status);
        }
        if (lane.writer.Forget()) {
          MutexLock lock(lane.publish_mutex);
          lane.published = lane.writer.board();
        }
      }
    }
    Commit commit;
    if (!batch.empty()) commit = lane.writer.Process(std::move(batch));
    Publish(lane, std::move(commit));
    std::vector<Answer> answers = lane.writer.TakeAnswers();
    if (answers.empty()) continue;
    {
      MutexLock lock(lane.answers_mutex);
      std::move(answers.begin(), answers.end(),
                std::back_inserter(lane.answers));
    }
    lane.answers_wake.NotifyOne();
  }
  {
    MutexLock lock(lane.answers_mutex);
    lane.answers_end = true;
  }
  lane.answers_wake.NotifyOne();
}

void Engine::RunAnswers(Lane& lane) {
  for (;;) {
    std::vector<Answer> answers;
    {
      MutexLock lock(lane.answers_mutex);
      while (lane.answers.empty() && !lane.answers_end) {
        lane.answers_wake.Wait(lane.answers_mutex);
      }
      if (lane.answers.empty()) return;
      answers.swap(lane.answers);
    }
    Give(std::move(answers));
  }
}

void Engine::Publish(Lane& lane, Commit told) {
  const BoardPtr board = lane.writer.board();
  if (board == nullptr) return;
  told.board = board;
  told.sequence = lane.writer.sequence();
  int64_t published_sequence = 0;
  bool is_new = false;
  {
    MutexLock lock(lane.publish_mutex);
    is_new = lane.published != board;
    if (!is_new && (lane.sequence == told.sequence ||
                    clock_->Now() < lane.next_journal_time)) {
      return;
    }
    // At first there is nobody who could have missed anything.
    published_sequence =
        lane.published == nullptr ? told.sequence : lane.sequence;
  }
  // Entries that another writer of this center made meanwhile, or a commit of
  // ours whose outcome was unknown: the board was loaded anew, and the watchers
  // have not seen them.
  const int64_t journaled =
      std::count_if(told.entries.begin(), told.entries.end(),
                    [](const store::JournalEntry& entry) {
                      return core::IsJournaled(entry.event.kind);
                    });
  const int64_t missing = told.sequence - journaled - published_sequence;
  if (missing > 0) {
    absl::StatusOr<std::vector<store::JournalEntry>> entries =
        store_->ReadJournal(lane.center, published_sequence,
                            static_cast<int>(missing));
    if (entries.ok() && static_cast<int64_t>(entries->size()) == missing) {
      told.entries.insert(told.entries.begin(), entries->begin(),
                          entries->end());
    } else {
      HC_LOG(kError, "journal_not_read")
          .With("center", lane.center)
          .With("status", entries.status());
      lane.next_journal_time = clock_->Now() + kReloadInterval;
      // They are told when they can be read; the sequence stays behind so that
      // nobody resumes after what he has not seen.
      if (!is_new) return;
      told.entries.clear();
      told.sequence = published_sequence;
    }
  }
  for (const store::JournalEntry& entry : told.entries) {
    if (!core::IsJournaled(entry.event.kind)) continue;
    HC_LOG(kInfo, "event")
        .With("center", lane.center)
        .With("sequence", entry.sequence)
        .With("kind", NameOf(entry.event.kind))
        .With("call", entry.event.call)
        .With("account", entry.event.actor.account);
  }
  // Once for a board: a plan's own proposals come back here.
  const bool wants_plan =
      (missing > 0 && is_new) ||
      std::any_of(told.entries.begin(), told.entries.end(), WantsNewPlan);
  {
    MutexLock lock(lane.publish_mutex);
    lane.published = board;
    lane.sequence = told.sequence;
    for (const auto& [id, listener] : lane.listeners) listener(told);
    for (store::JournalEntry& entry : told.entries) {
      if (!core::IsJournaled(entry.event.kind)) {
        lane.positions_changed = true;
        continue;
      }
      lane.recent.push_back(std::move(entry));
      if (lane.recent.size() > options_.resume_entries) {
        lane.recent.pop_front();
      }
    }
    if (wants_plan) lane.plan_wanted = true;
  }
  if (wants_plan) {
    {
      MutexLock lock(plan_mutex_);
      ++plan_requests_;
    }
    plan_wanted_.NotifyOne();
  }
}

std::unique_ptr<const router::TravelTimeSource> Engine::RoadsOf(
    const core::Board& board) const {
  const core::Policy& policy = board.center().policy;
  return travel_times_->Pinned({policy.use_tolls, policy.use_ferries});
}

void Engine::RunPlanner() {
  int64_t seen = -1;
  for (;;) {
    {
      MutexLock lock(plan_mutex_);
      if (!plan_stop_ && plan_requests_ == seen) {
        plan_wanted_.WaitFor(plan_mutex_, absl::Seconds(1));
      }
      if (plan_stop_) return;
      seen = plan_requests_;
    }
    std::vector<std::shared_ptr<Lane>> lanes;
    {
      MutexLock lock(mutex_);
      for (const auto& [center, lane] : lanes_) lanes.push_back(lane);
    }
    for (const std::shared_ptr<Lane>& lane : lanes) {
      const absl::Time now = clock_->Now();
      BoardPtr board;
      {
        MutexLock lock(lane->publish_mutex);
        board = lane->published;
      }
      if (board == nullptr) continue;
      const uint64_t roads_version = RoadsOf(*board)->version();
      bool wanted = false;
      {
        MutexLock lock(lane->publish_mutex);
        const absl::Duration since = now - lane->last_plan_time;
        // A road that is closed concerns who is under way and who is not.
        wanted = lane->plan_wanted ||
                 lane->last_roads_version != roads_version ||
                 (lane->positions_changed &&
                  since >= options_.position_plan_interval) ||
                 (lane->call_waits && since >= options_.waiting_plan_interval);
        if (wanted) {
          lane->plan_wanted = false;
          lane->positions_changed = false;
        }
      }
      if (!wanted) continue;
      lane->last_plan_time = now;
      lane->last_roads_version = roads_version;
      PlanCenter(*lane);
    }
  }
}

void Engine::PlanCenter(Lane& lane) {
  BoardPtr board;
  {
    MutexLock lock(lane.publish_mutex);
    board = lane.published;
  }
  if (board == nullptr) return;
  const absl::Time now = clock_->Now();
  // Whatever happens on the roads meanwhile: a plan is of one state of them.
  const std::unique_ptr<const router::TravelTimeSource> roads = RoadsOf(*board);
  if (options_.drive_finished != nullptr) {
    for (const FinishedDrive& drive : lane.drives.Look(*board, *roads, now)) {
      options_.drive_finished(drive);
    }
  }

  // Its proposals are ordinary commands, judged against the board of the
  // moment in which they arrive.
  const auto submit = [&](core::Command command) {
    Submission submission;
    submission.actor = core::SystemActor();
    submission.command = std::move(command);
    submission.done = [center = lane.center](absl::StatusOr<Result> result) {
      if (result.ok()) return;
      HC_LOG(kInfo, "proposal_refused")
          .With("center", center)
          .With("status", result.status());
    };
    Submit(lane.center, std::move(submission));
  };

  lane.call_waits = planner::WantsPlan(*board);
  const bool advises = planner::WantsAdvice(*board) &&
                       (lane.call_waits || now >= lane.next_advice_time);
  if (advises) lane.next_advice_time = now + options_.advice_interval;
  planner::PlanResult plan;
  if (lane.call_waits || advises) {
    planner::PlanOptions plan_options;
    plan_options.previous = lane.last_routes;
    planner::TravelTimes table(roads->description());
    for (const planner::TravelRequest& request :
         planner::TravelNeeded(*board, now, plan_options)) {
      absl::StatusOr<router::TravelTable> times = roads->Times(
          ToRouter(request.origins), ToRouter(request.destinations));
      if (!times.ok()) {
        HC_LOG(kError, "travel_times_failed")
            .With("center", lane.center)
            .With("status", times.status());
        continue;
      }
      for (size_t i = 0; i < request.origins.size(); ++i) {
        for (size_t j = 0; j < request.destinations.size(); ++j) {
          const router::TravelCell& cell = times->at(i, j);
          if (!cell.reachable) continue;
          table.Set(request.origins[i], request.destinations[j],
                    {cell.duration});
        }
      }
    }
    // What has happened in the meantime may want another plan: then the best
    // one so far must do.
    const absl::Time end_time = clock_->Now() + options_.plan_budget;
    plan_options.is_over = [&] {
      if (clock_->Now() >= end_time) return true;
      MutexLock lock(lane.publish_mutex);
      return lane.plan_wanted;
    };
    plan = planner::Plan(*board, table, now, plan_options);
    lane.last_routes = plan.routes;
  }
  if (plan.taken_back.has_value()) submit(*std::move(plan.taken_back));
  if (lane.call_waits) {
    core::PromiseArrivals promises;
    std::set<core::CallId> offered;
    for (const core::OfferVisit& offer : plan.offers) {
      offered.insert(offer.calls.begin(), offer.calls.end());
    }
    for (const planner::PlannedArrival& arrival : plan.arrivals) {
      const core::Call* call = board->Find<core::Call>(arrival.call);
      if (call == nullptr || offered.count(arrival.call) > 0 ||
          !core::IsWorthTelling(call->promise, arrival.promise_time,
                                /*has_crew=*/false)) {
        continue;
      }
      promises.arrivals.push_back(
          {arrival.call, arrival.expect_time, arrival.promise_time});
    }
    for (core::OfferVisit& offer : plan.offers) {
      // Tables tell times only; how far it is, is wanted of these few.
      const core::Call* call =
          offer.calls.empty() ? nullptr
                              : board->Find<core::Call>(offer.calls.front());
      if (call != nullptr && call->place.position.has_value()) {
        offer.estimate.drive_distance_meters =
            DistanceMeters(*roads, planner::PlaceOf(*board, offer.physician),
                           *call->place.position);
      }
      submit(std::move(offer));
    }
    if (!plan.unmatched.matches.empty()) submit(std::move(plan.unmatched));
    if (!promises.arrivals.empty()) submit(std::move(promises));
  }
  if (advises || !board->center().policy.anticipates) {
    core::AdviseStandby advice = AdviceOf(*board, plan, now);
    if (!advice.advice.empty()) submit(std::move(advice));
  }

  const core::Policy& policy = board->center().policy;
  for (const Trip& trip : RunningTrips(*board)) {
    core::UpdateEstimate update;
    update.assignment = trip.assignment;
    absl::Duration total;
    std::vector<double> ways;
    bool known = true;
    for (size_t i = 0; i + 1 < trip.places.size() && known; ++i) {
      absl::StatusOr<router::TravelTable> leg = roads->Times(
          {ToRouter(trip.places[i])}, {ToRouter(trip.places[i + 1])});
      known = leg.ok() && leg->at(0, 0).reachable;
      if (!known) break;
      const router::TravelCell& cell = leg->at(0, 0);
      total += cell.duration;
      ways.push_back(absl::ToDoubleMinutes(cell.duration));
      if (i + 2 == trip.places.size()) {
        update.estimate.drive_duration = cell.duration;
      } else {
        update.estimate.fetch_duration = cell.duration;
      }
    }
    if (!known || !IsWorthTelling(trip, now + total)) continue;
    update.estimate.drive_distance_meters = DistanceMeters(
        *roads, trip.places[trip.places.size() - 2], trip.places.back());
    update.estimate.arrive_time = now + total;
    update.estimate.finish_time =
        std::max(update.estimate.arrive_time, trip.ready_time) +
        trip.visits * policy.visit_duration;
    // They vary independently of each other.
    double variance = 0;
    for (size_t i = 0; i < ways.size(); ++i) {
      const double deviation = ways[i] * SpreadOf(*roads, trip.places[i],
                                                  trip.places[i + 1], policy);
      variance += deviation * deviation;
    }
    const double minutes = absl::ToDoubleMinutes(total);
    update.estimate.promise_time = planner::PromiseFor(
        policy, now, update.estimate.arrive_time,
        minutes > 0 ? std::sqrt(variance) / minutes : 0, trip.has_departed);
    submit(std::move(update));
  }
}

}  // namespace housecall::engine
