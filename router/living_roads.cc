#include "router/living_roads.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace housecall::router {
namespace {

bool MeansTheSame(const RoadCondition& a, const RoadCondition& b) {
  return a.shape == b.shape && a.points == b.points &&
         a.within_meters == b.within_meters && a.segments == b.segments;
}

std::string Describe(const SpeedProfile& profile, const RoadPolicy& policy,
                     const LearnedSpeeds& learned,
                     const std::vector<RoadCondition>& conditions,
                     absl::Time time, int64_t closed_roads) {
  std::string reasons;
  int active = 0;
  for (const RoadCondition& condition : conditions) {
    if (time < condition.begin_time || time >= condition.end_time) continue;
    ++active;
    absl::StrAppend(&reasons, reasons.empty() ? "" : ", ", condition.reason);
  }
  std::string text = profile.name;
  // What most centers do needs no words.
  const RoadPolicy usual;
  if (policy.use_tolls != usual.use_tolls) {
    absl::StrAppend(&text, ", without toll roads");
  }
  if (policy.use_ferries != usual.use_ferries) {
    absl::StrAppend(&text, ", with ferries");
  }
  if (learned.drives() > 0) {
    absl::StrAppend(&text, ", learned of ", learned.drives(),
                    learned.drives() == 1 ? " drive" : " drives");
  }
  if (active > 0) {
    absl::StrAppend(&text, "; ", active,
                    active == 1 ? " condition: " : " conditions: ", reasons,
                    "; ", closed_roads,
                    closed_roads == 1 ? " road closed" : " roads closed");
  }
  return text;
}

void SetFactors(const LearnedSpeeds& learned, DayClass day_class, int hour,
                RoadState* state) {
  for (size_t i = 0; i < kRoadClasses; ++i) {
    const LearnedSpeed& speed =
        learned.At(day_class, hour, static_cast<RoadClass>(i));
    state->learned_factors[i] = speed.time_factor;
    state->late_factors[i] = speed.LateFactor();
  }
}

}  // namespace

std::shared_ptr<const RoadState> StateOfMap(std::shared_ptr<const RoadMap> map,
                                            const RoadPolicy& policy) {
  auto state = std::make_shared<RoadState>();
  state->metric = map->metric();
  const std::vector<RoadChange> changes =
      ChangesByPolicy(*map, state->metric->weights(), policy);
  if (!changes.empty()) {
    state->metric = std::make_shared<const Metric>(*state->metric, changes);
  }
  state->map = std::move(map);
  SetFactors(LearnedSpeeds(), DayClass::kWorkday, 0, state.get());
  state->description = "as on the map";
  return state;
}

absl::StatusOr<std::unique_ptr<LivingRoads>> LivingRoads::Create(
    std::shared_ptr<const RoadMap> map, Options options, absl::Time now) {
  if (absl::Status status = CheckSpeedCalendar(options.calendar);
      !status.ok()) {
    return status;
  }
  return std::unique_ptr<LivingRoads>(
      new LivingRoads(std::move(map), std::move(options), now));
}

LivingRoads::LivingRoads(std::shared_ptr<const RoadMap> map, Options options,
                         absl::Time now)
    : options_(std::move(options)) {
  wanted_.map = std::move(map);
  wanted_.time = now;
  wanted_.learned = options_.learned;
  FindSegments(wanted_);
  known_[options_.policy] = {
      MakeState(wanted_, options_.policy, nullptr, nullptr), now};
  ready_count_ = wanted_count_;
  worker_ = std::thread([this] { Work(); });
}

LivingRoads::~LivingRoads() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

std::shared_ptr<const RoadState> LivingRoads::current() const {
  return current(options_.policy);
}

std::shared_ptr<const RoadState> LivingRoads::current(
    const RoadPolicy& policy) const {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const auto [known, is_new] = known_.try_emplace(policy);
    known->second.asked_time = wanted_.time;
    if (known->second.state != nullptr) return known->second.state;
    if (is_new) {
      ++wanted_count_;
      changed_.notify_all();
    }
    // It may be forgotten again before this thread runs.
    changed_.wait(lock);
  }
}

size_t LivingRoads::policies() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return known_.size();
}

void LivingRoads::SetTime(absl::Time now) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_.time = now;
    ++wanted_count_;
  }
  changed_.notify_all();
}

absl::Status LivingRoads::SetConditions(std::vector<RoadCondition> conditions) {
  for (const RoadCondition& condition : conditions) {
    if (absl::Status status = CheckRoadCondition(condition); !status.ok()) {
      return status;
    }
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_.conditions = std::move(conditions);
    ++wanted_count_;
  }
  changed_.notify_all();
  return absl::OkStatus();
}

void LivingRoads::SetLearnedSpeeds(LearnedSpeeds speeds) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_.learned = speeds;
    ++wanted_count_;
  }
  changed_.notify_all();
}

void LivingRoads::SetMap(std::shared_ptr<const RoadMap> map) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wanted_.map = std::move(map);
    ++wanted_count_;
  }
  changed_.notify_all();
}

void LivingRoads::WaitUntilCurrent() const {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t wanted = wanted_count_;
  changed_.wait(lock, [&] { return ready_count_ >= wanted; });
}

// Which roads a drawing means is found out once.
void LivingRoads::FindSegments(const Wanted& wanted) {
  std::vector<std::vector<uint32_t>> segments;
  for (size_t i = 0; i < wanted.conditions.size(); ++i) {
    const bool is_known =
        known_map_ == wanted.map.get() && i < known_conditions_.size() &&
        MeansTheSame(known_conditions_[i], wanted.conditions[i]);
    segments.push_back(is_known
                           ? std::move(known_segments_[i])
                           : SegmentsOf(*wanted.map, wanted.conditions[i]));
  }
  known_map_ = wanted.map.get();
  known_conditions_ = wanted.conditions;
  known_segments_ = std::move(segments);
}

// `before`: the last state of this policy; `first`: the new one of the first
// policy, null if that is to be made. Each is null if there is none.
std::shared_ptr<const Metric> LivingRoads::MakeMetric(
    const Wanted& wanted, const RoadPolicy& policy, const RoadState* before,
    const RoadState* first) const {
  const RoadMap& map = *wanted.map;
  const auto changes = [&](const GraphWeights& weights) {
    return ChangesAt(map, weights, wanted.time, options_.calendar, policy,
                     wanted.learned, wanted.conditions, known_segments_);
  };
  const auto turn_changes = [&](const GraphWeights& weights) {
    return TurnChangesAt(map, weights, wanted.time, options_.calendar);
  };
  // What has changed since, unless the map is another one.
  if (before != nullptr && before->map == wanted.map) {
    const GraphWeights& weights = before->metric->weights();
    const std::vector<RoadChange> since = changes(weights);
    const std::vector<TurnChange> turns_since = turn_changes(weights);
    if (since.empty() && turns_since.empty()) return before->metric;
    if (first == nullptr) {
      return std::make_shared<const Metric>(*before->metric, since, turns_since,
                                            options_.threads);
    }
  }
  // Rather of the first one than of the one before, so that they share as much
  // as can be; in its conditions of turns they are the same.
  if (first != nullptr) {
    const std::vector<RoadChange> beside = changes(first->metric->weights());
    return beside.empty() ? first->metric
                          : std::make_shared<const Metric>(
                                *first->metric, beside, options_.threads);
  }
  // Without what the map itself says first.
  GraphWeights weights(&map.graph(), &map.data());
  for (const RoadChange& change : changes(weights)) {
    weights.Set(change.road, change.weight);
  }
  for (const TurnChange& change : turn_changes(weights)) {
    weights.SetCondition(change.condition, change.holds);
  }
  return std::make_shared<const Metric>(map.network(), std::move(weights),
                                        options_.threads);
}

std::shared_ptr<const RoadState> LivingRoads::MakeState(
    const Wanted& wanted, const RoadPolicy& policy, const RoadState* before,
    const RoadState* first) {
  auto state = std::make_shared<RoadState>();
  state->map = wanted.map;
  state->metric = MakeMetric(wanted, policy, before, first);
  // With the same metric nothing is another way: who remembers answers may keep
  // them.
  if (before != nullptr && before->metric == state->metric) {
    state->version = before->version;
  } else if (first != nullptr && first->metric == state->metric) {
    state->version = first->version;
  } else {
    state->version = ++versions_;
  }
  state->time = wanted.time;
  SetFactors(wanted.learned, DayClassOf(options_.calendar, wanted.time),
             absl::ToCivilHour(wanted.time, options_.calendar.time_zone).hour(),
             state.get());
  const Array<Segment>& all = wanted.map->data().segments;
  for (uint32_t i = 0; i < all.size(); ++i) {
    if (policy.LeavesOut(all[i])) continue;
    // A street is one road, whether one of its directions is closed or both.
    const auto closes = [&](bool backward) {
      return (backward ? all[i].backward_weight : all[i].forward_weight) !=
                 kClosed &&
             state->metric->weights().road(ArcRoad::Of(i, backward)) == kClosed;
    };
    if (closes(false) || closes(true)) ++state->closed_roads;
  }
  state->description =
      Describe(options_.calendar.At(wanted.time), policy, wanted.learned,
               wanted.conditions, wanted.time, state->closed_roads);
  return state;
}

void LivingRoads::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock,
                  [&] { return stopping_ || ready_count_ < wanted_count_; });
    if (stopping_) return;
    const Wanted wanted = wanted_;
    const uint64_t count = wanted_count_;
    // The first policy's state comes first: the others are made of it.
    std::vector<std::pair<RoadPolicy, std::shared_ptr<const RoadState>>> before;
    before.emplace_back(options_.policy, known_.at(options_.policy).state);
    for (auto it = known_.begin(); it != known_.end();) {
      const auto& [policy, known] = *it;
      if (policy == options_.policy) {
        ++it;
      } else if (known.state != nullptr &&
                 wanted.time - known.asked_time > kForgetAfter) {
        it = known_.erase(it);
      } else {
        before.emplace_back(policy, known.state);
        ++it;
      }
    }
    lock.unlock();
    FindSegments(wanted);
    std::shared_ptr<const RoadState> first;
    for (auto& [policy, last] : before) {
      std::shared_ptr<const RoadState> state =
          MakeState(wanted, policy, last.get(), first.get());
      if (first == nullptr) first = state;
      lock.lock();
      known_.at(policy).state = std::move(state);
      changed_.notify_all();
      lock.unlock();
      // What is shared with nobody is given back before the next is made.
      last = nullptr;
    }
    lock.lock();
    ready_count_ = count;
    changed_.notify_all();
  }
}

}  // namespace housecall::router
