// Road networks and travel times by car: the front door of this folder, which
// stands alone. Who only needs times takes router/travel_time_source.h; who
// needs a map takes router/map_file.h (open, save) and router/import/import.h
// (from OpenStreetMap files).
//
//   RoadData   plain values                  made by the importer, in map files
//   RoadMap    immutable, shared by threads  graph, indexes of roads and places
//   Metric     immutable, shared by threads  how long roads take at one time
//   Query      scratch, one per thread       times, tables, routes
//
// Times are whole numbers of the map's weight unit; drives of more than
// kMaxDriveWeight (6 days in milliseconds) count as unreachable.
#ifndef HOUSECALL_ROUTER_ROUTER_H_
#define HOUSECALL_ROUTER_ROUTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "router/dijkstra.h"
#include "router/geo.h"
#include "router/graph.h"
#include "router/hierarchy.h"
#include "router/hierarchy_search.h"
#include "router/metric.h"
#include "router/road_data.h"
#include "router/spatial_index.h"
#include "router/travel_time_source.h"

namespace housecall::router {

// The weight of a leg for which there is no way.
inline constexpr uint32_t kUnreachable = 0xffffffff;
// The greatest weight of a drive. The sum of such a one and of one more segment
// is still less than kNoWay.
inline constexpr uint32_t kMaxDriveWeight = (1u << 29) - 1;
static_assert(kMaxDriveWeight + kMaxSegmentWeight < kNoWay);

// The points of the network that stand for a position.
struct Snap {
  // The nearest point of any segment.
  RoadPoint nearest;
  // The nearest point of a segment that reaches the main network and is reached
  // from it; none if there is none within the radius. Used where no way leads
  // from or to `nearest`: a car park without an entrance on the map, a road
  // that the edge of the map cuts off.
  std::optional<RoadPoint> main;
};

struct SnapOptions {
  double radius_meters = 500;
};

// A road that a position may belong to, and what can be told of it there.
struct SnapCandidate {
  enum class Side { kOn, kLeft, kRight };

  RoadPoint point;
  // Where the position lies, seen in the direction in which the segment is
  // drawn. Where traffic keeps left, who drives forwards stops at the kerb of
  // what lies to the left.
  Side side = Side::kOn;
  // Directions in which cars may drive there now.
  bool is_open_forward = false;
  bool is_open_backward = false;
  // A drive may begin and end there, but not lead through.
  bool is_ends_only = false;
};

// A road network, ready for questions. Immutable; safe for any number of
// threads.
class RoadMap {
 public:
  // Returns InvalidArgument, naming what is wrong, unless `data` is well formed
  // (CheckRoadData).
  static absl::StatusOr<std::shared_ptr<const RoadMap>> Create(RoadData data);

  // Of a graph and a hierarchy that were made of the same data.
  static std::shared_ptr<const RoadMap> Create(RoadData data, Graph graph,
                                               Hierarchy hierarchy);

  RoadMap(const RoadMap&) = delete;
  RoadMap& operator=(const RoadMap&) = delete;

  const RoadData& data() const { return data_; }
  const Graph& graph() const { return graph_; }
  const Hierarchy& hierarchy() const { return hierarchy_; }
  // What metrics of this map are about; none may outlive the map.
  Network network() const { return {&data_, &graph_, &hierarchy_}; }
  // How long roads take as the map says. Worked out when it is first asked for;
  // whoever has another metric (LivingRoads) need not pay for it.
  const std::shared_ptr<const Metric>& metric() const;
  const SpatialIndex& places() const { return places_; }
  // Of all points of all roads.
  const BoundingBox& bounds() const { return places_.bounds(); }

  // The points of the network that stand for `position`. Returns
  // InvalidArgument if it is none (CheckLatLng); OutOfRange if it is farther
  // than the radius outside the bounds; NotFound if the nearest road is farther
  // than the radius.
  // Roads that are closed in both directions by `metric` do not count; null:
  // as the map says. Motorways, tunnels and viaducts (Segment::kApart) count
  // only where no other road is about as near.
  absl::StatusOr<Snap> FindSnap(const LatLng& position,
                                const SnapOptions& options = {},
                                const Metric* metric = nullptr) const;

  // Every road that is open within the radius, the nearest first, at most
  // `limit`; of equally near ones those first that are not Segment::kApart,
  // then those that are not only for the ends of a drive. A road apart that is
  // nearer stays first, whatever FindSnap takes. The errors are those of
  // FindSnap.
  absl::StatusOr<std::vector<SnapCandidate>> FindCandidates(
      const LatLng& position, const SnapOptions& options = {}, size_t limit = 8,
      const Metric* metric = nullptr) const;

  absl::Duration ToDuration(uint32_t weight) const {
    return absl::Microseconds(int64_t{weight} * data_.weight_unit_microseconds);
  }

 private:
  explicit RoadMap(RoadData data);
  RoadMap(RoadData data, Graph graph, Hierarchy hierarchy);

  const RoadData data_;
  const Graph graph_;
  const Hierarchy hierarchy_;
  const SpatialIndex places_;
  mutable std::once_flag metric_once_;
  mutable std::shared_ptr<const Metric> metric_;
};

// From one point of the network to another.
struct Leg {
  bool reachable() const { return weight != kUnreachable; }

  // kUnreachable: there is no way.
  uint32_t weight = kUnreachable;

  friend bool operator==(const Leg&, const Leg&) = default;
};

// A part of a segment, driven in one direction: backwards if the first offset
// is the greater one.
struct PathPiece {
  uint32_t segment = 0;
  uint32_t begin_millimeters = 0;
  uint32_t end_millimeters = 0;
  uint32_t weight = 0;
  // Of that, what the turn before it takes.
  uint32_t turn_weight = 0;
};

struct Path {
  Leg leg;
  uint64_t length_millimeters = 0;
  // In the order of the drive; together they have the leg's weight and length.
  // The weight of a turn is that of the piece behind it.
  std::vector<PathPiece> pieces;
};

// Answers questions about one map with exact shortest travel times. Keeps the
// memory of its searches for the next question, so it serves one thread at a
// time. Of several equally quick ways the same question gets the same one every
// time.
//
// Within a segment the car is taken to go at a constant speed. It may set out
// in either direction that is open.
class Query {
 public:
  enum class Method {
    // The map's index.
    kIndex,
    // Dijkstra's algorithm: the same times, thousands of times slower. For
    // tests and comparisons.
    kPlain,
  };

  // `map` must outlive this. Its own metric is used, until another one is set.
  explicit Query(const RoadMap* map, Method method = Method::kIndex);

  // How long roads take from now on: a metric of the map; null: its own.
  void SetMetric(std::shared_ptr<const Metric> metric);

  Leg FindLeg(const RoadPoint& from, const RoadPoint& to);
  // None: there is no way.
  std::optional<Path> FindPath(const RoadPoint& from, const RoadPoint& to);

  // One leg for each of `to`.
  std::vector<Leg> OneToMany(const RoadPoint& from,
                             absl::Span<const RoadPoint> to);
  // One leg for each of `from`.
  std::vector<Leg> ManyToOne(absl::Span<const RoadPoint> from,
                             const RoadPoint& to);
  // The legs of from[0] to all of `to`, then those of from[1] …
  std::vector<Leg> Matrix(absl::Span<const RoadPoint> from,
                          absl::Span<const RoadPoint> to);

 private:
  Cost FindDrive(absl::Span<const Anchor> from, absl::Span<const Anchor> to);
  std::vector<Cost> PlainTable(absl::Span<const std::vector<Anchor>> from,
                               absl::Span<const std::vector<Anchor>> to);

  const Metric& metric();

  const RoadMap& map_;
  // Null: that of the map, once it is needed.
  std::shared_ptr<const Metric> metric_;
  // One of the two.
  std::optional<HierarchySearch> index_search_;
  std::optional<Dijkstra> plain_search_;
  // Of the last FindDrive with the plain search.
  std::vector<uint32_t> plain_states_;
};

// The part of a segment's line between two offsets, in the order of the drive.
// At least two points, the first and the last at the offsets.
std::vector<LatLng> PieceLine(const RoadData& data, const PathPiece& piece);

// Returns InvalidArgument, naming what is wrong, unless every number in `data`
// is within its bounds: nodes of segments, points, names, weights, offsets.
absl::Status CheckRoadData(const RoadData& data);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROUTER_H_
