#include "router/spatial_index.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <tuple>

#include "router/polyline.h"

namespace housecall::router {
namespace {

constexpr size_t kFanOut = 16;

struct Candidate {
  double distance_meters;
  // Of the box; 0 are the leaves.
  size_t level;
  size_t index;

  // A priority_queue has its greatest on top.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return std::tie(a.distance_meters, a.level, a.index) >
           std::tie(b.distance_meters, b.level, b.index);
  }
};

}  // namespace

SpatialIndex::SpatialIndex(const RoadData* data) : data_(*data) {
  const auto extend = [](Box* box, FixedPoint low, FixedPoint high) {
    box->low = {std::min(box->low.latitude_e7, low.latitude_e7),
                std::min(box->low.longitude_e7, low.longitude_e7)};
    box->high = {std::max(box->high.latitude_e7, high.latitude_e7),
                 std::max(box->high.longitude_e7, high.longitude_e7)};
  };
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  constexpr Box kEmpty = {{kMax, kMax}, {-kMax, -kMax}};

  std::vector<Box> leaves;
  leaves.reserve(data_.segments.size() / kFanOut + 1);
  for (size_t i = 0; i < data_.segments.size(); ++i) {
    if (i % kFanOut == 0) leaves.push_back(kEmpty);
    for (const FixedPoint point : SegmentPoints(data_, i)) {
      extend(&leaves.back(), point, point);
    }
  }
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) {
    const std::vector<Box>& below = levels_.back();
    std::vector<Box> level;
    level.reserve(below.size() / kFanOut + 1);
    for (size_t i = 0; i < below.size(); ++i) {
      if (i % kFanOut == 0) level.push_back(kEmpty);
      extend(&level.back(), below[i].low, below[i].high);
    }
    levels_.push_back(std::move(level));
  }
  const Box root = levels_.back().empty() ? Box() : levels_.back().front();
  bounds_ = {ToLatLng(root.low), ToLatLng(root.high)};
}

std::vector<uint32_t> SpatialIndex::FindWithin(const BoundingBox& box,
                                               double margin_meters) const {
  std::vector<uint32_t> found;
  if (levels_.back().empty()) return found;
  constexpr double kE7 = 1e7;
  const double latitude_margin = margin_meters / kMetersPerDegree * kE7;
  const double narrowing = std::max(
      0.01, std::cos(std::max(std::abs(box.south_west.latitude_degrees),
                              std::abs(box.north_east.latitude_degrees)) *
                     kRadiansPerDegree));
  const double longitude_margin = latitude_margin / narrowing;
  const auto touches = [&](FixedPoint low, FixedPoint high) {
    return low.latitude_e7 <=
               box.north_east.latitude_degrees * kE7 + latitude_margin &&
           high.latitude_e7 >=
               box.south_west.latitude_degrees * kE7 - latitude_margin &&
           low.longitude_e7 <=
               box.north_east.longitude_degrees * kE7 + longitude_margin &&
           high.longitude_e7 >=
               box.south_west.longitude_degrees * kE7 - longitude_margin;
  };
  struct Place {
    size_t level;
    size_t index;
  };
  std::vector<Place> open = {{levels_.size() - 1, 0}};
  while (!open.empty()) {
    const Place place = open.back();
    open.pop_back();
    const Box& around = levels_[place.level][place.index];
    if (!touches(around.low, around.high)) continue;
    const size_t begin = place.index * kFanOut;
    if (place.level > 0) {
      const size_t end =
          std::min(begin + kFanOut, levels_[place.level - 1].size());
      for (size_t i = begin; i < end; ++i) open.push_back({place.level - 1, i});
      continue;
    }
    const size_t end = std::min(begin + kFanOut, data_.segments.size());
    for (size_t i = begin; i < end; ++i) {
      const absl::Span<const FixedPoint> line = SegmentPoints(data_, i);
      FixedPoint low = line.front();
      FixedPoint high = line.front();
      for (const FixedPoint point : line) {
        low = {std::min(low.latitude_e7, point.latitude_e7),
               std::min(low.longitude_e7, point.longitude_e7)};
        high = {std::max(high.latitude_e7, point.latitude_e7),
                std::max(high.longitude_e7, point.longitude_e7)};
      }
      if (touches(low, high)) found.push_back(static_cast<uint32_t>(i));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<RoadPoint> SpatialIndex::FindNearest(
    const LatLng& position,
    absl::FunctionRef<bool(uint32_t segment)> counts) const {
  if (levels_.back().empty()) return std::nullopt;
  const Plane plane(position);
  const auto box_distance = [&](const Box& box) {
    const PlanePoint low = plane.Project(box.low);
    const PlanePoint high = plane.Project(box.high);
    const double x = std::max({low.x, -high.x, 0.0});
    const double y = std::max({low.y, -high.y, 0.0});
    return std::hypot(x, y);
  };

  double best_distance = std::numeric_limits<double>::infinity();
  size_t best_segment = 0;
  std::priority_queue<Candidate> queue;
  queue.push({0, levels_.size() - 1, 0});
  while (!queue.empty() && queue.top().distance_meters <= best_distance) {
    const Candidate candidate = queue.top();
    queue.pop();
    const size_t begin = candidate.index * kFanOut;
    if (candidate.level == 0) {
      const size_t end = std::min(begin + kFanOut, data_.segments.size());
      for (size_t i = begin; i < end; ++i) {
        if (!counts(static_cast<uint32_t>(i))) continue;
        const double distance =
            NearestOnLine(plane, SegmentPoints(data_, i)).distance_meters;
        const auto rank = [&](double meters, size_t segment) {
          return std::tuple(
              meters, data_.segments[segment].Has(Segment::kEndsOnly), segment);
        };
        if (rank(distance, i) < rank(best_distance, best_segment)) {
          best_distance = distance;
          best_segment = i;
        }
      }
      continue;
    }
    const std::vector<Box>& below = levels_[candidate.level - 1];
    const size_t end = std::min(begin + kFanOut, below.size());
    for (size_t i = begin; i < end; ++i) {
      const double distance = box_distance(below[i]);
      if (distance <= best_distance) {
        queue.push({distance, candidate.level - 1, i});
      }
    }
  }
  if (best_distance == std::numeric_limits<double>::infinity()) {
    return std::nullopt;
  }

  return NearestOf(static_cast<uint32_t>(best_segment), position);
}

RoadPoint SpatialIndex::NearestOf(uint32_t segment,
                                  const LatLng& position) const {
  const absl::Span<const FixedPoint> line = SegmentPoints(data_, segment);
  const LinePoint nearest = NearestOnLine(Plane(position), line);
  RoadPoint point;
  point.segment = segment;
  point.offset_millimeters =
      OffsetOf(line, data_.segments[segment].length_millimeters, nearest);
  point.position = nearest.position;
  point.distance_meters = nearest.distance_meters;
  return point;
}

}  // namespace housecall::router
