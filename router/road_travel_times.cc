#include <algorithm>
#include <map>
#include <utility>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "router/living_roads.h"
#include "router/router.h"
#include "router/status_text.h"
#include "router/travel_time_source.h"

namespace housecall::router {
namespace {

// Each distinct position once: a base at which ten physicians wait is searched
// from only once.
struct Places {
  std::vector<LatLng> positions;
  // For each position that was given, its number in `positions`.
  std::vector<size_t> number;

  explicit Places(absl::Span<const LatLng> given) {
    // By their bits, because not every double (a NaN) has a place in an order.
    std::map<std::pair<uint64_t, uint64_t>, size_t> known;
    for (const LatLng& position : given) {
      const auto [it, is_new] = known.try_emplace(
          {absl::bit_cast<uint64_t>(position.latitude_degrees),
           absl::bit_cast<uint64_t>(position.longitude_degrees)},
          positions.size());
      if (is_new) positions.push_back(position);
      number.push_back(it->second);
    }
  }
};

struct SnappedPlaces {
  std::vector<absl::Status> status;
  // The places that could be snapped, and their numbers.
  std::vector<Snap> snaps;
  std::vector<size_t> number;

  SnappedPlaces(const RoadState& state, const Places& places,
                const SnapOptions& options) {
    for (size_t i = 0; i < places.positions.size(); ++i) {
      absl::StatusOr<Snap> snap =
          state.map->FindSnap(places.positions[i], options, state.metric.get());
      status.push_back(snap.status());
      if (!snap.ok()) continue;
      snaps.push_back(*snap);
      number.push_back(i);
    }
  }
};

// The point to fall back on where no way leads from or to the nearest one.
const RoadPoint& MainOrNearest(const Snap& snap) {
  return snap.main.has_value() ? *snap.main : snap.nearest;
}

bool HasFallback(const Snap& snap) {
  return snap.main.has_value() && snap.main->segment != snap.nearest.segment;
}

std::vector<RoadPoint> NearestPoints(const std::vector<Snap>& snaps) {
  std::vector<RoadPoint> points;
  points.reserve(snaps.size());
  for (const Snap& snap : snaps) points.push_back(snap.nearest);
  return points;
}

// The legs of all pairs, row by row. Pairs without a way between their nearest
// points get the one between their points of the main network.
std::vector<Leg> Legs(const std::vector<Snap>& from,
                      const std::vector<Snap>& to, Query* query) {
  std::vector<RoadPoint> from_points = NearestPoints(from);
  std::vector<RoadPoint> to_points = NearestPoints(to);
  std::vector<Leg> legs = query->Matrix(from_points, to_points);

  std::vector<bool> row_again(from.size());
  std::vector<bool> column_again(to.size());
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = 0; j < to.size(); ++j) {
      if (legs[i * to.size() + j].reachable() ||
          (!HasFallback(from[i]) && !HasFallback(to[j]))) {
        continue;
      }
      row_again[i] = true;
      column_again[j] = true;
    }
  }
  std::vector<size_t> rows;
  from_points.clear();
  for (size_t i = 0; i < from.size(); ++i) {
    if (!row_again[i]) continue;
    rows.push_back(i);
    from_points.push_back(MainOrNearest(from[i]));
  }
  std::vector<size_t> columns;
  to_points.clear();
  for (size_t j = 0; j < to.size(); ++j) {
    if (!column_again[j]) continue;
    columns.push_back(j);
    to_points.push_back(MainOrNearest(to[j]));
  }
  const std::vector<Leg> again = query->Matrix(from_points, to_points);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < columns.size(); ++j) {
      Leg& leg = legs[rows[i] * to.size() + columns[j]];
      if (!leg.reachable()) leg = again[i * columns.size() + j];
    }
  }
  return legs;
}

}  // namespace

// What searches need that no thread is using, as many as threads have asked at
// once, and the map that it is for.
struct RoadTravelTimes::Scratch {
  std::mutex mutex;
  // Guarded by mutex.
  std::shared_ptr<const RoadMap> map;
  std::vector<std::unique_ptr<Query>> idle;
};

// A Query that no other thread is using, for one state of the roads.
class RoadTravelTimes::Lease {
 public:
  Lease(const RoadTravelTimes& owner, const RoadState& state)
      : scratch_(*owner.scratch_), map_(state.map) {
    {
      const std::lock_guard<std::mutex> lock(scratch_.mutex);
      if (scratch_.map != map_) {
        scratch_.idle.clear();
        scratch_.map = map_;
      }
      if (!scratch_.idle.empty()) {
        query_ = std::move(scratch_.idle.back());
        scratch_.idle.pop_back();
      }
    }
    if (query_ == nullptr) query_ = std::make_unique<Query>(map_.get());
    query_->SetMetric(state.metric);
  }
  ~Lease() {
    // So that an old metric does not stay in memory.
    query_->SetMetric(nullptr);
    const std::lock_guard<std::mutex> lock(scratch_.mutex);
    if (scratch_.map == map_) scratch_.idle.push_back(std::move(query_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Query* query() const { return query_.get(); }

 private:
  Scratch& scratch_;
  const std::shared_ptr<const RoadMap> map_;
  std::unique_ptr<Query> query_;
};

RoadTravelTimes::RoadTravelTimes(std::shared_ptr<const RoadMap> map)
    : RoadTravelTimes(std::move(map), Options()) {}

RoadTravelTimes::RoadTravelTimes(std::shared_ptr<const RoadMap> map,
                                 const Options& options)
    : RoadTravelTimes(StateOfMap(std::move(map)), options) {}

RoadTravelTimes::RoadTravelTimes(std::shared_ptr<const RoadState> state,
                                 const Options& options)
    : RoadTravelTimes(std::move(state), options, /*names_state=*/false,
                      std::make_shared<Scratch>()) {}

RoadTravelTimes::RoadTravelTimes(std::shared_ptr<const RoadState> state,
                                 const Options& options, bool names_state,
                                 std::shared_ptr<Scratch> scratch)
    : fixed_(std::move(state)),
      roads_(nullptr),
      options_(options),
      names_state_(names_state),
      scratch_(std::move(scratch)) {}

RoadTravelTimes::RoadTravelTimes(const LivingRoads* roads)
    : RoadTravelTimes(roads, Options()) {}

RoadTravelTimes::RoadTravelTimes(const LivingRoads* roads,
                                 const Options& options)
    : roads_(roads),
      options_(options),
      names_state_(true),
      scratch_(std::make_shared<Scratch>()) {}

RoadTravelTimes::~RoadTravelTimes() = default;

std::unique_ptr<const TravelTimeSource> RoadTravelTimes::Pinned(
    const RoadPolicy& policy) const {
  return std::unique_ptr<const TravelTimeSource>(
      new RoadTravelTimes(roads_ != nullptr ? roads_->current(policy) : fixed_,
                          options_, names_state_, scratch_));
}

std::shared_ptr<const RoadState> RoadTravelTimes::State() const {
  return roads_ != nullptr ? roads_->current() : fixed_;
}

uint64_t RoadTravelTimes::version() const { return State()->version; }

std::string RoadTravelTimes::description() const {
  const std::shared_ptr<const RoadState> state = State();
  const RoadData& data = state->map->data();
  std::string text = absl::StrCat("road map ", data.name);
  if (data.source_time.has_value()) {
    absl::StrAppend(
        &text, " of ",
        absl::FormatTime("%Y-%m-%d", *data.source_time, absl::UTCTimeZone()));
  }
  if (names_state_) {
    absl::StrAppend(&text, ", ", state->description, " (state ", state->version,
                    ")");
  }
  return text;
}

absl::StatusOr<TravelTable> RoadTravelTimes::Times(
    absl::Span<const LatLng> origins,
    absl::Span<const LatLng> destinations) const {
  if (absl::Status status = CheckTableSize(origins.size(), destinations.size());
      !status.ok()) {
    return status;
  }
  const SnapOptions snap_options = {options_.snap_radius_meters};
  const std::shared_ptr<const RoadState> state = State();
  const Places from_places(origins);
  const Places to_places(destinations);
  const SnappedPlaces from(*state, from_places, snap_options);
  const SnappedPlaces to(*state, to_places, snap_options);
  std::vector<Leg> legs;
  {
    const Lease lease(*this, *state);
    legs = Legs(from.snaps, to.snaps, lease.query());
  }

  // The cell of each pair of distinct places; none where a place is bad.
  std::vector<TravelCell> cells(from_places.positions.size() *
                                to_places.positions.size());
  for (size_t i = 0; i < from.snaps.size(); ++i) {
    for (size_t j = 0; j < to.snaps.size(); ++j) {
      const Leg& leg = legs[i * to.snaps.size() + j];
      if (!leg.reachable()) continue;
      cells[from.number[i] * to_places.positions.size() + to.number[j]] = {
          true, state->map->ToDuration(leg.weight)};
    }
  }
  TravelTable table(origins.size(), destinations.size());
  table.set_version(state->version);
  for (size_t i = 0; i < origins.size(); ++i) {
    table.origin_status(i) = from.status[from_places.number[i]];
    for (size_t j = 0; j < destinations.size(); ++j) {
      table.at(i, j) =
          cells[from_places.number[i] * to_places.positions.size() +
                to_places.number[j]];
    }
  }
  for (size_t j = 0; j < destinations.size(); ++j) {
    table.destination_status(j) = to.status[to_places.number[j]];
  }
  return table;
}

absl::StatusOr<Route> RoadTravelTimes::FindRoute(const LatLng& from,
                                                 const LatLng& to) const {
  const SnapOptions snap_options = {options_.snap_radius_meters};
  const std::shared_ptr<const RoadState> state = State();
  const RoadMap& map = *state->map;
  const absl::StatusOr<Snap> from_snap =
      map.FindSnap(from, snap_options, state->metric.get());
  if (!from_snap.ok()) return OfPosition("from", from_snap.status());
  const absl::StatusOr<Snap> to_snap =
      map.FindSnap(to, snap_options, state->metric.get());
  if (!to_snap.ok()) return OfPosition("to", to_snap.status());

  const RoadPoint* from_point = &from_snap->nearest;
  const RoadPoint* to_point = &to_snap->nearest;
  std::optional<Path> path;
  {
    const Lease lease(*this, *state);
    path = lease.query()->FindPath(*from_point, *to_point);
    if (!path.has_value() &&
        (HasFallback(*from_snap) || HasFallback(*to_snap))) {
      from_point = &MainOrNearest(*from_snap);
      to_point = &MainOrNearest(*to_snap);
      path = lease.query()->FindPath(*from_point, *to_point);
    }
  }
  if (!path.has_value()) {
    return absl::FailedPreconditionError(
        "no way leads from the one to the other: on this map they are in parts "
        "of the road network that are not connected");
  }

  Route route;
  route.version = state->version;
  route.duration = map.ToDuration(path->leg.weight);
  route.distance_meters = static_cast<double>(path->length_millimeters) / 1000;
  route.from_road_meters = from_point->distance_meters;
  route.to_road_meters = to_point->distance_meters;
  route.unlearned_durations.resize(kRoadClasses);
  bool has_ferry = false;
  const RoadData& data = map.data();
  for (const PathPiece& piece : path->pieces) {
    for (const LatLng& point : PieceLine(data, piece)) {
      // Where two pieces meet, and where a piece has no length.
      if (route.points.size() > 1 && route.points.back() == point) continue;
      route.points.push_back(point);
    }
    const std::string& name = data.names[data.segments[piece.segment].name];
    if (route.steps.empty() || route.steps.back().road_name != name) {
      route.steps.push_back({name, absl::ZeroDuration(), 0});
    }
    RouteStep& step = route.steps.back();
    step.duration += map.ToDuration(piece.weight);
    const size_t road_class =
        static_cast<size_t>(data.segments[piece.segment].road_class);
    route.late_duration +=
        map.ToDuration(piece.weight) * state->late_factors[road_class];
    // Factors are of roads, not of turns.
    route.unlearned_durations[road_class] +=
        map.ToDuration(piece.weight - piece.turn_weight) /
            state->learned_factors[road_class] +
        map.ToDuration(piece.turn_weight);
    has_ferry = has_ferry || data.segments[piece.segment].Has(Segment::kFerry);
    step.distance_meters +=
        (std::max(piece.begin_millimeters, piece.end_millimeters) -
         std::min(piece.begin_millimeters, piece.end_millimeters)) /
        1000.0;
  }
  if (has_ferry) route.unlearned_durations.clear();
  return route;
}

}  // namespace housecall::router
