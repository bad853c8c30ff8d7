#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "router/polyline.h"
#include "router/router.h"

namespace housecall::router {
namespace {

// A road with homes counts as nearer than one without (Segment::kApart) that is
// nearer by no more than this: few streets have houses farther from them.
constexpr double kApartMeters = 30;

constexpr int32_t kMaxLatitudeE7 = 900'000'000;
constexpr int32_t kMaxLongitudeE7 = 1'800'000'000;

bool IsOnEarth(FixedPoint point) {
  return point.latitude_e7 >= -kMaxLatitudeE7 &&
         point.latitude_e7 <= kMaxLatitudeE7 &&
         point.longitude_e7 >= -kMaxLongitudeE7 &&
         point.longitude_e7 <= kMaxLongitudeE7;
}

bool IsWeight(uint32_t weight) {
  return weight == kClosed || weight <= kMaxSegmentWeight;
}

absl::Status Wrong(size_t segment, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("segment ", segment, ": ", what));
}

absl::Status CheckTurns(const RoadData& data) {
  const TurnWeights& weights = data.turn_weights;
  if (std::max({weights.left, weights.right, weights.back}) > kMaxTurnWeight) {
    return absl::InvalidArgumentError("a turn has a weight that is too great");
  }
  const auto is_road = [&](ArcRoad road) {
    return road.segment() < data.segments.size();
  };
  const auto end_node = [&](ArcRoad road) {
    const Segment& segment = data.segments[road.segment()];
    return road.backward() ? segment.from_node : segment.to_node;
  };
  if (data.path_roads.size() > 0xffffffff ||
      (data.forbidden_paths.empty() && !data.path_roads.empty())) {
    return absl::InvalidArgumentError("roads without a forbidden path");
  }
  for (size_t i = 0; i < data.forbidden_paths.size(); ++i) {
    const auto wrong = [&](absl::string_view what) {
      return absl::InvalidArgumentError(
          absl::StrCat("forbidden path ", i, ": ", what));
    };
    const size_t begin = data.forbidden_paths[i].first_road;
    const size_t end = i + 1 < data.forbidden_paths.size()
                           ? data.forbidden_paths[i + 1].first_road
                           : data.path_roads.size();
    if (i == 0 && begin != 0) return wrong("roads before the first one");
    if (begin > end || end - begin < 2 || end > data.path_roads.size()) {
      return wrong("fewer than two roads");
    }
    for (size_t at = begin; at < end; ++at) {
      if (!is_road(data.path_roads[at])) {
        return wrong("a road that does not exist");
      }
      if (at > begin && end_node(data.path_roads[at - 1]) !=
                            end_node(data.path_roads[at].reversed())) {
        return wrong("roads that do not meet");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckHours(const RoadData& data) {
  for (size_t i = 0; i < data.hours.size(); ++i) {
    const size_t end =
        i + 1 < data.hours.size() ? data.hours[i + 1] : data.hour_spans.size();
    if (data.hours[i] > end || end > data.hour_spans.size() ||
        (i == 0 && data.hours[i] != 0)) {
      return absl::InvalidArgumentError("hours without their spans");
    }
  }
  if (data.hours.empty() && !data.hour_spans.empty()) {
    return absl::InvalidArgumentError("spans without hours");
  }
  for (const HourSpan& span : data.hour_spans) {
    if (span.begin_minute >= span.end_minute ||
        span.end_minute > HourSpan::kMinutesInDay ||
        (span.weekdays | span.holidays) > HourSpan::kAllDays ||
        span.unused != 0) {
      return absl::InvalidArgumentError("hours that no day has");
    }
  }
  for (const ForbiddenPath& path : data.forbidden_paths) {
    if (path.hours != ForbiddenPath::kAlways &&
        path.hours >= data.hours.size()) {
      return absl::InvalidArgumentError(
          "a forbidden path with hours that do not exist");
    }
  }
  const TimedClosure* before = nullptr;
  for (const TimedClosure& closure : data.timed_closures) {
    if (closure.road.segment() >= data.segments.size() ||
        closure.hours >= data.hours.size() || closure.is_usual > 1) {
      return absl::InvalidArgumentError(
          "a timed closure of what does not exist");
    }
    if (before != nullptr && before->road.code >= closure.road.code) {
      return absl::InvalidArgumentError("timed closures out of order");
    }
    before = &closure;
  }
  return absl::OkStatus();
}

// Graph::Stored counts the turns of a state in 16 bits; those into a private
// road count twice.
absl::Status CheckJunctions(const RoadData& data) {
  constexpr uint32_t kMostRoads = 0x7fff;
  std::vector<uint32_t> roads(data.nodes.size());
  for (const Segment& segment : data.segments) {
    if (++roads[segment.from_node] > kMostRoads ||
        ++roads[segment.to_node] > kMostRoads) {
      return absl::InvalidArgumentError("too many roads meet at one node");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOrder(const RoadData& data) {
  std::vector<bool> seen(data.segments.size());
  for (const uint32_t segment : data.segment_order) {
    if (segment >= seen.size() || seen[segment]) {
      return absl::InvalidArgumentError(
          "the order has a segment that does not exist, or one twice");
    }
    seen[segment] = true;
  }
  if (data.segment_order.size() != data.segments.size()) {
    return absl::InvalidArgumentError("the order does not have every segment");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRoadData(const RoadData& data) {
  if (data.segments.empty()) {
    return absl::InvalidArgumentError("the network has no roads");
  }
  // Arcs and their layers are numbered in 32 bits, one of which is the
  // direction.
  if (data.nodes.size() > (1u << 29) || data.segments.size() > (1u << 29) ||
      data.points.size() > 0xffffffff) {
    return absl::InvalidArgumentError("the network is too large");
  }
  if (data.source_node_ids.size() != data.nodes.size()) {
    return absl::InvalidArgumentError("not every node has its source's number");
  }
  if (data.names.empty() || !data.names[0].empty()) {
    return absl::InvalidArgumentError("the first name is not empty");
  }
  if (data.weight_unit_microseconds == 0) {
    return absl::InvalidArgumentError("the weight unit is 0");
  }
  for (const FixedPoint point : data.nodes) {
    if (!IsOnEarth(point)) {
      return absl::InvalidArgumentError("a node is not on the earth");
    }
  }
  for (const FixedPoint point : data.points) {
    if (!IsOnEarth(point)) {
      return absl::InvalidArgumentError("a point is not on the earth");
    }
  }
  for (size_t i = 0; i < data.segments.size(); ++i) {
    const Segment& segment = data.segments[i];
    const size_t end = i + 1 < data.segments.size()
                           ? data.segments[i + 1].first_point
                           : data.points.size();
    if (i == 0 && segment.first_point != 0) {
      return Wrong(i, "points before the first one");
    }
    if (segment.first_point > end || end - segment.first_point < 2 ||
        end > data.points.size()) {
      return Wrong(i, "fewer than two points");
    }
    if (segment.from_node >= data.nodes.size() ||
        segment.to_node >= data.nodes.size()) {
      return Wrong(i, "a node that does not exist");
    }
    if (!(data.points[segment.first_point] == data.nodes[segment.from_node]) ||
        !(data.points[end - 1] == data.nodes[segment.to_node])) {
      return Wrong(i, "does not begin and end at its nodes");
    }
    if (!IsWeight(segment.forward_weight) ||
        !IsWeight(segment.backward_weight)) {
      return Wrong(i, "a weight that is too great");
    }
    if (segment.forward_weight == kClosed &&
        segment.backward_weight == kClosed) {
      return Wrong(i, "closed in both directions");
    }
    if (segment.length_millimeters == 0) return Wrong(i, "no length");
    if (segment.name >= data.names.size()) {
      return Wrong(i, "a name that does not exist");
    }
    if (segment.component >= data.segments.size()) {
      return Wrong(i, "a component that cannot be");
    }
    if (static_cast<int>(segment.road_class) >= kRoadClasses) {
      return Wrong(i, "an unknown class of road");
    }
    if ((segment.flags & ~Segment::kAllFlags) != 0 || segment.unused != 0) {
      return Wrong(i, "an unknown flag");
    }
  }
  if (absl::Status status = CheckJunctions(data); !status.ok()) return status;
  if (absl::Status status = CheckTurns(data); !status.ok()) return status;
  if (absl::Status status = CheckHours(data); !status.ok()) return status;
  return CheckOrder(data);
}

RoadMap::RoadMap(RoadData data)
    : data_(std::move(data)),
      graph_(data_),
      hierarchy_(graph_, data_.segment_order),
      places_(&data_) {}

RoadMap::RoadMap(RoadData data, Graph graph, Hierarchy hierarchy)
    : data_(std::move(data)),
      graph_(std::move(graph)),
      hierarchy_(std::move(hierarchy)),
      places_(&data_) {}

std::shared_ptr<const RoadMap> RoadMap::Create(RoadData data, Graph graph,
                                               Hierarchy hierarchy) {
  return std::shared_ptr<const RoadMap>(
      new RoadMap(std::move(data), std::move(graph), std::move(hierarchy)));
}

absl::StatusOr<std::shared_ptr<const RoadMap>> RoadMap::Create(RoadData data) {
  if (absl::Status status = CheckRoadData(data); !status.ok()) return status;
  return std::shared_ptr<const RoadMap>(new RoadMap(std::move(data)));
}

const std::shared_ptr<const Metric>& RoadMap::metric() const {
  std::call_once(metric_once_, [this] {
    metric_ = std::make_shared<const Metric>(network(),
                                             GraphWeights(&graph_, &data_));
  });
  return metric_;
}

absl::StatusOr<Snap> RoadMap::FindSnap(const LatLng& position,
                                       const SnapOptions& options,
                                       const Metric* metric) const {
  const auto counts = [&](uint32_t segment, uint8_t flags) {
    return (data_.segments[segment].flags & flags) == flags &&
           !data_.segments[segment].Has(Segment::kFerry) &&
           (metric == nullptr ||
            metric->weights().road(ArcRoad::Of(segment, false)) != kClosed ||
            metric->weights().road(ArcRoad::Of(segment, true)) != kClosed);
  };
  const auto find = [&](uint8_t flags) {
    std::optional<RoadPoint> nearest = places_.FindNearest(
        position, [&](uint32_t segment) { return counts(segment, flags); });
    if (!nearest.has_value() ||
        !data_.segments[nearest->segment].Has(Segment::kApart)) {
      return nearest;
    }
    const std::optional<RoadPoint> beside =
        places_.FindNearest(position, [&](uint32_t segment) {
          return counts(segment, flags) &&
                 !data_.segments[segment].Has(Segment::kApart);
        });
    // Never one outside the radius for one within it.
    const bool is_as_near =
        beside.has_value() &&
        beside->distance_meters <= nearest->distance_meters + kApartMeters &&
        (beside->distance_meters <= options.radius_meters ||
         nearest->distance_meters > options.radius_meters);
    return is_as_near ? beside : nearest;
  };
  if (absl::Status status = CheckLatLng(position); !status.ok()) return status;
  if (!bounds().Contains(position, options.radius_meters)) {
    return absl::OutOfRangeError(absl::StrFormat(
        "the position is outside the map %s, which covers latitudes %.4f to "
        "%.4f and longitudes %.4f to %.4f",
        data_.name, bounds().south_west.latitude_degrees,
        bounds().north_east.latitude_degrees,
        bounds().south_west.longitude_degrees,
        bounds().north_east.longitude_degrees));
  }
  const std::optional<RoadPoint> nearest = find(0);
  if (!nearest.has_value()) {
    return absl::NotFoundError("no road of the map is open now");
  }
  if (nearest->distance_meters > options.radius_meters) {
    return absl::NotFoundError(absl::StrFormat(
        "the position is %.0f m from the nearest road, the limit is %.0f m",
        nearest->distance_meters, options.radius_meters));
  }
  Snap snap;
  snap.nearest = *nearest;
  constexpr uint8_t kMain = Segment::kReachesMain | Segment::kReachedFromMain;
  snap.main = (data_.segments[nearest->segment].flags & kMain) == kMain
                  ? nearest
                  : find(kMain);
  if (snap.main.has_value() &&
      snap.main->distance_meters > options.radius_meters) {
    snap.main.reset();
  }
  return snap;
}

absl::StatusOr<std::vector<SnapCandidate>> RoadMap::FindCandidates(
    const LatLng& position, const SnapOptions& options, size_t limit,
    const Metric* metric) const {
  // Whatever is wrong with the position.
  const absl::StatusOr<Snap> snap = FindSnap(position, options, metric);
  if (!snap.ok()) return snap.status();
  const Plane plane(position);
  const auto is_open = [&](ArcRoad road) {
    if (metric != nullptr) return metric->weights().road(road) != kClosed;
    const Segment& segment = data_.segments[road.segment()];
    return (road.backward() ? segment.backward_weight
                            : segment.forward_weight) != kClosed;
  };
  std::vector<SnapCandidate> candidates;
  for (const uint32_t segment :
       places_.FindWithin({position, position}, options.radius_meters)) {
    SnapCandidate candidate;
    candidate.point = places_.NearestOf(segment, position);
    candidate.is_open_forward = is_open(ArcRoad::Of(segment, false));
    candidate.is_open_backward = is_open(ArcRoad::Of(segment, true));
    candidate.is_ends_only = data_.segments[segment].Has(Segment::kEndsOnly);
    if (candidate.point.distance_meters > options.radius_meters ||
        data_.segments[segment].Has(Segment::kFerry) ||
        (!candidate.is_open_forward && !candidate.is_open_backward)) {
      continue;
    }
    const absl::Span<const FixedPoint> line = SegmentPoints(data_, segment);
    const size_t piece = NearestOnLine(plane, line).piece;
    const PlanePoint a = plane.Project(line[piece]);
    const PlanePoint b = plane.Project(line[piece + 1]);
    // The position is the plane's origin. Nearer than 10 cm is on the road.
    const double cross = a.y * (b.x - a.x) - a.x * (b.y - a.y);
    if (candidate.point.distance_meters > 0.1 && cross != 0) {
      candidate.side =
          cross < 0 ? SnapCandidate::Side::kLeft : SnapCandidate::Side::kRight;
    }
    candidates.push_back(candidate);
  }
  std::sort(candidates.begin(), candidates.end(),
            [this](const SnapCandidate& a, const SnapCandidate& b) {
              const auto key = [this](const SnapCandidate& candidate) {
                const uint32_t segment = candidate.point.segment;
                return std::tuple(candidate.point.distance_meters,
                                  data_.segments[segment].Has(Segment::kApart),
                                  candidate.is_ends_only, segment);
              };
              return key(a) < key(b);
            });
  if (candidates.size() > limit) candidates.resize(limit);
  return candidates;
}

std::vector<LatLng> PieceLine(const RoadData& data, const PathPiece& piece) {
  return LinePart(SegmentPoints(data, piece.segment),
                  data.segments[piece.segment].length_millimeters,
                  piece.begin_millimeters, piece.end_millimeters);
}

}  // namespace housecall::router
