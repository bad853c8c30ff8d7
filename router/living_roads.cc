#include "router/living_roads.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace housecall::router {
namespace {

bool MeansTheSame(const RoadCondition& a, const RoadCondition& b) {
  return a.shape == b.shape && a.points == b.points &&
         a.within_meters == b.within_meters && a.segments == b.segments;
}

std::string Describe(const SpeedProfile& profile, const LearnedSpeeds& learned,
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
  current_ = MakeState(wanted_, nullptr);
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
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
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
    wanted_.learned = std::move(speeds);
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

std::shared_ptr<const RoadState> LivingRoads::MakeState(
    const Wanted& wanted, const RoadState* before) {
  // Which roads a drawing means is found out once.
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

  // The first state of a map is made anew, without what the map itself says.
  const Metric* const base = before != nullptr && before->map == wanted.map
                                 ? before->metric.get()
                                 : nullptr;
  GraphWeights weights =
      base != nullptr ? base->weights()
                      : GraphWeights(&wanted.map->graph(), &wanted.map->data());
  const std::vector<RoadChange> changes = ChangesAt(
      *wanted.map, weights, wanted.time, options_.calendar, options_.policy,
      wanted.learned, wanted.conditions, known_segments_);
  const std::vector<TurnChange> turn_changes =
      TurnChangesAt(*wanted.map, weights, wanted.time, options_.calendar);
  auto state = std::make_shared<RoadState>();
  state->version = before == nullptr ? 1 : before->version + 1;
  state->map = wanted.map;
  if (base == nullptr) {
    for (const RoadChange& change : changes) {
      weights.Set(change.road, change.weight);
    }
    for (const TurnChange& change : turn_changes) {
      weights.SetCondition(change.condition, change.holds);
    }
    state->metric = std::make_shared<const Metric>(
        wanted.map->network(), std::move(weights), options_.threads);
  } else if (changes.empty() && turn_changes.empty()) {
    state->metric = before->metric;
  } else {
    state->metric = std::make_shared<const Metric>(*base, changes, turn_changes,
                                                   options_.threads);
  }
  state->time = wanted.time;
  SetFactors(wanted.learned, DayClassOf(options_.calendar, wanted.time),
             absl::ToCivilHour(wanted.time, options_.calendar.time_zone).hour(),
             state.get());
  const Array<Segment>& all = wanted.map->data().segments;
  for (uint32_t i = 0; i < all.size(); ++i) {
    if (options_.policy.LeavesOut(all[i])) continue;
    // A street is one road, whether one of its directions is closed or both.
    const auto closes = [&](bool backward) {
      return (backward ? all[i].backward_weight : all[i].forward_weight) !=
                 kClosed &&
             state->metric->weights().road(ArcRoad::Of(i, backward)) == kClosed;
    };
    if (closes(false) || closes(true)) ++state->closed_roads;
  }
  state->description =
      Describe(options_.calendar.At(wanted.time), wanted.learned,
               wanted.conditions, wanted.time, state->closed_roads);
  // Nothing is another way now: who remembers answers may keep them.
  if (before != nullptr && before->map == state->map &&
      before->metric == state->metric) {
    state->version = before->version;
  }
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
    const std::shared_ptr<const RoadState> before = current_;
    lock.unlock();
    std::shared_ptr<const RoadState> state = MakeState(wanted, before.get());
    lock.lock();
    current_ = std::move(state);
    ready_count_ = count;
    changed_.notify_all();
  }
}

}  // namespace housecall::router
