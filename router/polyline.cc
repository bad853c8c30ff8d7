#include "router/polyline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace housecall::router {
namespace {

LatLng Between(FixedPoint a, FixedPoint b, double fraction) {
  if (fraction <= 0) return ToLatLng(a);
  if (fraction >= 1) return ToLatLng(b);
  const LatLng from = ToLatLng(a);
  const LatLng to = ToLatLng(b);
  return {from.latitude_degrees +
              (to.latitude_degrees - from.latitude_degrees) * fraction,
          from.longitude_degrees +
              (to.longitude_degrees - from.longitude_degrees) * fraction};
}

double PieceMeters(absl::Span<const FixedPoint> line, size_t piece) {
  return StraightDistanceMeters(ToLatLng(line[piece]),
                                ToLatLng(line[piece + 1]));
}

}  // namespace

absl::Span<const FixedPoint> SegmentPoints(const RoadData& data,
                                           size_t segment) {
  const size_t begin = data.segments[segment].first_point;
  const size_t end = segment + 1 < data.segments.size()
                         ? data.segments[segment + 1].first_point
                         : data.points.size();
  return absl::MakeConstSpan(data.points).subspan(begin, end - begin);
}

double LineMeters(absl::Span<const FixedPoint> line) {
  double sum = 0;
  for (size_t i = 0; i + 1 < line.size(); ++i) sum += PieceMeters(line, i);
  return sum;
}

Plane::Plane(const LatLng& origin)
    : latitude_e7_(origin.latitude_degrees * 1e7),
      longitude_e7_(origin.longitude_degrees * 1e7),
      meters_per_latitude_e7_(kMetersPerDegree / 1e7),
      meters_per_longitude_e7_(
          kMetersPerDegree / 1e7 *
          std::cos(origin.latitude_degrees * kRadiansPerDegree)) {}

LinePoint NearestOnLine(const Plane& plane, absl::Span<const FixedPoint> line) {
  LinePoint best;
  double best_square = std::numeric_limits<double>::infinity();
  PlanePoint a = plane.Project(line[0]);
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    const PlanePoint b = plane.Project(line[i + 1]);
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double square = dx * dx + dy * dy;
    double fraction = 0;
    if (square > 0) {
      fraction = std::clamp(-(a.x * dx + a.y * dy) / square, 0.0, 1.0);
    }
    // Exact at the ends, so that all roads of a junction are equally near.
    const double x = fraction < 1 ? a.x + fraction * dx : b.x;
    const double y = fraction < 1 ? a.y + fraction * dy : b.y;
    if (x * x + y * y < best_square) {
      best_square = x * x + y * y;
      best.piece = i;
      best.fraction = fraction;
    }
    a = b;
  }
  best.position =
      Between(line[best.piece], line[best.piece + 1], best.fraction);
  best.distance_meters = std::sqrt(best_square);
  return best;
}

uint32_t OffsetOf(absl::Span<const FixedPoint> line,
                  uint32_t length_millimeters, const LinePoint& point) {
  double before = 0;
  double total = 0;
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    const double meters = PieceMeters(line, i);
    if (i < point.piece) before += meters;
    if (i == point.piece) before += meters * point.fraction;
    total += meters;
  }
  if (total <= 0) return 0;
  const double offset =
      std::round(length_millimeters * std::min(1.0, before / total));
  return static_cast<uint32_t>(offset);
}

std::vector<LatLng> LinePart(absl::Span<const FixedPoint> line,
                             uint32_t length_millimeters,
                             uint32_t begin_millimeters,
                             uint32_t end_millimeters) {
  const uint32_t low = std::min(begin_millimeters, end_millimeters);
  const uint32_t high = std::max(begin_millimeters, end_millimeters);
  const double total = LineMeters(line);
  const double low_meters = total * low / length_millimeters;
  const double high_meters = total * high / length_millimeters;

  std::vector<LatLng> part;
  double before = 0;
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    const double meters = PieceMeters(line, i);
    const bool is_last = i + 2 == line.size();
    const auto at = [&](double offset) {
      return Between(line[i], line[i + 1],
                     meters > 0 ? (offset - before) / meters : 0);
    };
    if (part.empty() && (low_meters < before + meters || is_last)) {
      part.push_back(low == length_millimeters ? ToLatLng(line.back())
                                               : at(low_meters));
    }
    if (!part.empty()) {
      if (high_meters <= before + meters || is_last) {
        part.push_back(high == length_millimeters ? ToLatLng(line.back())
                                                  : at(high_meters));
        break;
      }
      part.push_back(ToLatLng(line[i + 1]));
    }
    before += meters;
  }
  if (begin_millimeters > end_millimeters) {
    std::reverse(part.begin(), part.end());
  }
  return part;
}

}  // namespace housecall::router
