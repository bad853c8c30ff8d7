#include "router/isochrone.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "router/anchors.h"
#include "router/polyline.h"

namespace housecall::router {
namespace {

// A square of the grid: column eastwards, row northwards. Corners have numbers
// alike; the square's own is its south-western corner.
using Cell = std::pair<int32_t, int32_t>;

class Grid {
 public:
  Grid(const RoadData& data, double cell_meters) {
    double latitude = 0;
    for (const FixedPoint node : data.nodes) {
      latitude += node.latitude_e7 * 1e-7;
    }
    latitude /= static_cast<double>(data.nodes.size());
    latitude_step_ = cell_meters / kMetersPerDegree;
    longitude_step_ =
        latitude_step_ / std::max(0.01, std::cos(latitude * kRadiansPerDegree));
  }

  Cell CellOf(const LatLng& position) const {
    return {static_cast<int32_t>(
                std::floor(position.longitude_degrees / longitude_step_)),
            static_cast<int32_t>(
                std::floor(position.latitude_degrees / latitude_step_))};
  }
  LatLng Corner(Cell corner) const {
    return {corner.second * latitude_step_, corner.first * longitude_step_};
  }

 private:
  double latitude_step_;
  double longitude_step_;
};

using Ring = std::vector<Cell>;

// Twice the area, positive if the ring runs counterclockwise.
int64_t DoubleArea(const Ring& ring) {
  int64_t sum = 0;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    sum += int64_t{ring[i].first} * ring[i + 1].second -
           int64_t{ring[i + 1].first} * ring[i].second;
  }
  return sum;
}

// True if the square to the north-east of a corner is inside a ring.
bool IsInside(Cell corner, const Ring& ring) {
  bool inside = false;
  const double x = corner.first + 0.5;
  const double y = corner.second + 0.5;
  for (size_t i = 0; i + 1 < ring.size(); ++i) {
    const Cell& a = ring[i];
    const Cell& b = ring[i + 1];
    if ((a.second > y) != (b.second > y) && x < a.first) inside = !inside;
  }
  return inside;
}

// The borders of a set of squares, which is to the left of them. Where two
// squares meet at a corner only, the border keeps them apart.
std::vector<Ring> Borders(const std::set<Cell>& cells) {
  // From a corner to the next ones.
  std::map<Cell, std::vector<Cell>> next;
  const auto has = [&](int32_t x, int32_t y) {
    return cells.count({x, y}) > 0;
  };
  for (const auto& [x, y] : cells) {
    if (!has(x, y - 1)) next[{x, y}].push_back({x + 1, y});
    if (!has(x + 1, y)) next[{x + 1, y}].push_back({x + 1, y + 1});
    if (!has(x, y + 1)) next[{x + 1, y + 1}].push_back({x, y + 1});
    if (!has(x - 1, y)) next[{x, y + 1}].push_back({x, y});
  }
  std::vector<Ring> rings;
  while (!next.empty()) {
    const Cell start = next.begin()->first;
    Ring ring = {start};
    Cell before = start;
    Cell at = start;
    do {
      const auto it = next.find(at);
      std::vector<Cell>& ways = it->second;
      size_t way = 0;
      if (ways.size() > 1) {
        // To the left.
        const Cell in = {at.first - before.first, at.second - before.second};
        for (size_t i = 0; i < ways.size(); ++i) {
          const Cell out = {ways[i].first - at.first,
                            ways[i].second - at.second};
          if (in.first * out.second - in.second * out.first > 0) way = i;
        }
      }
      before = at;
      at = ways[way];
      ways.erase(ways.begin() + static_cast<std::ptrdiff_t>(way));
      if (ways.empty()) next.erase(it);
      // Corners within a straight line are left out.
      if (ring.size() > 1) {
        const Cell a = ring[ring.size() - 2];
        const Cell b = ring.back();
        if ((a.first == b.first && b.first == at.first) ||
            (a.second == b.second && b.second == at.second)) {
          ring.pop_back();
        }
      }
      ring.push_back(at);
    } while (at != start);
    rings.push_back(std::move(ring));
  }
  return rings;
}

}  // namespace

namespace {

// What the drive from the nearest of some anchors costs to every state.
std::vector<Cost> CostsFrom(const RoadMap& map, const Metric& metric,
                            absl::Span<const Anchor> anchors) {
  const Hierarchy& hierarchy = map.hierarchy();
  std::vector<StateCosts> by_rank(hierarchy.blocks());
  std::vector<bool> is_above(hierarchy.blocks());
  for (const Anchor& anchor : anchors) {
    const uint32_t rank = hierarchy.rank(anchor.state >> 1);
    Cost& cost = by_rank[rank].of[anchor.state & 1];
    cost = std::min(cost, anchor.cost);
    for (uint32_t above = rank; above != Hierarchy::kNone && !is_above[above];
         above = hierarchy.parent(above)) {
      is_above[above] = true;
    }
  }
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    if (!is_above[rank]) continue;
    const absl::Span<const uint32_t> heads = hierarchy.Heads(rank);
    RelaxArcs(by_rank[rank], heads.data(), metric.up(rank), heads.size(),
              by_rank.data());
  }
  std::vector<Cost> costs(map.graph().states(), kNoWay);
  for (uint32_t rank = hierarchy.blocks(); rank-- > 0;) {
    StateCosts& own = by_rank[rank];
    const ArcCosts arcs = metric.down(rank);
    size_t arc = 0;
    const SelfCosts& self = metric.self(rank);
    own = {{std::min(own.of[0], own.of[1] + self.of[1]),
            std::min(own.of[1], own.of[0] + self.of[0])}};
    for (const uint32_t head : hierarchy.Heads(rank)) {
      const StateCosts& above = by_rank[head];
      const PairCosts costs = arcs[arc++];
      for (const uint32_t state : {0, 1}) {
        own.of[state] =
            std::min({own.of[state], above.of[0] + costs.at(state, 0),
                      above.of[1] + costs.at(state, 1)});
      }
    }
    const uint32_t block = hierarchy.block(rank);
    costs[block * 2] = std::min(own.of[0], kNoWay);
    costs[block * 2 + 1] = std::min(own.of[1], kNoWay);
  }
  return costs;
}

// Parts of a road in one direction, by what has passed since its begin.
struct Stretch {
  int64_t begin = 0;
  int64_t end = 0;
};

// Those that touch become one.
void Join(std::vector<Stretch>* stretches) {
  std::sort(
      stretches->begin(), stretches->end(),
      [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  size_t kept = 0;
  for (const Stretch& stretch : *stretches) {
    if (kept > 0 && stretch.begin <= (*stretches)[kept - 1].end) {
      int64_t& end = (*stretches)[kept - 1].end;
      end = std::max(end, stretch.end);
    } else {
      (*stretches)[kept++] = stretch;
    }
  }
  stretches->resize(kept);
}

}  // namespace

std::vector<Cost> CostsToAll(const RoadMap& map, const Metric& metric,
                             absl::Span<const RoadPoint> from) {
  std::vector<Anchor> anchors;
  for (const RoadPoint& point : from) {
    const std::vector<Anchor> some = DepartAnchors(map, metric, point);
    anchors.insert(anchors.end(), some.begin(), some.end());
  }
  return CostsFrom(map, metric, anchors);
}

std::vector<PathPiece> RoadsWithin(const RoadMap& map, const Metric& metric,
                                   absl::Span<const RoadPoint> from,
                                   uint32_t weight) {
  const Graph& graph = map.graph();
  // Of the roads that somebody starts on: the rest of them, from there. All
  // others are driven from their begin, and these ones too by those who come
  // back.
  std::map<uint32_t, std::vector<Stretch>> by_road;
  std::vector<Anchor> beyond;
  for (const RoadPoint& point : from) {
    for (const Anchor& anchor : DepartAnchors(map, metric, point)) {
      const ArcRoad road = graph.road(anchor.state);
      const int64_t passed =
          int64_t{metric.weights().road(road)} - int64_t{anchor.cost};
      by_road[road.code].push_back({passed, passed + weight});
    }
    const std::vector<Anchor> some = DepartAnchorsBeyond(map, metric, point);
    beyond.insert(beyond.end(), some.begin(), some.end());
  }
  const std::vector<Cost> costs = CostsFrom(map, metric, beyond);
  std::vector<PathPiece> pieces;
  for (uint32_t i = 0; i < map.data().segments.size(); ++i) {
    if (map.data().segments[i].Has(Segment::kFerry)) continue;
    const uint32_t length = map.data().segments[i].length_millimeters;
    for (const bool backward : {false, true}) {
      const ArcRoad road = ArcRoad::Of(i, backward);
      const uint32_t whole = metric.weights().road(road);
      if (whole == kClosed) continue;
      std::vector<Stretch> stretches;
      if (const auto own = by_road.find(road.code); own != by_road.end()) {
        stretches = own->second;
      }
      Cost best = kNoWay;
      for (uint32_t block = graph.first_block(i);
           block < graph.first_block(i + 1); ++block) {
        best = std::min(best, costs[block * 2 + (backward ? 1 : 0)]);
      }
      if (best != kNoWay && int64_t{best} - whole <= weight) {
        stretches.push_back({0, weight - (int64_t{best} - whole)});
      }
      Join(&stretches);
      const auto offset_at = [&](int64_t passed) {
        const uint32_t offset =
            passed >= whole
                ? length
                : static_cast<uint32_t>(static_cast<uint64_t>(passed) * length /
                                        whole);
        return backward ? length - offset : offset;
      };
      for (const Stretch& stretch : stretches) {
        PathPiece piece;
        piece.segment = i;
        piece.begin_millimeters = offset_at(stretch.begin);
        piece.end_millimeters = offset_at(stretch.end);
        piece.weight = static_cast<uint32_t>(
            std::min<int64_t>(whole, stretch.end) - stretch.begin);
        if (piece.begin_millimeters != piece.end_millimeters) {
          pieces.push_back(piece);
        }
      }
    }
  }
  return pieces;
}

std::vector<Area> AreasAround(const RoadData& data,
                              absl::Span<const PathPiece> pieces,
                              double cell_meters) {
  const Grid grid(data, cell_meters);
  std::set<Cell> on_road;
  for (const PathPiece& piece : pieces) {
    const std::vector<LatLng> line = PieceLine(data, piece);
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      const double meters = StraightDistanceMeters(line[i], line[i + 1]);
      const int steps =
          1 + static_cast<int>(std::ceil(meters / (cell_meters / 2)));
      for (int step = 0; step <= steps; ++step) {
        const double share = static_cast<double>(step) / steps;
        on_road.insert(grid.CellOf(
            {line[i].latitude_degrees + share * (line[i + 1].latitude_degrees -
                                                 line[i].latitude_degrees),
             line[i].longitude_degrees +
                 share * (line[i + 1].longitude_degrees -
                          line[i].longitude_degrees)}));
      }
    }
  }
  std::set<Cell> cells;
  for (const auto& [x, y] : on_road) {
    for (const int32_t dx : {-1, 0, 1}) {
      for (const int32_t dy : {-1, 0, 1}) cells.insert({x + dx, y + dy});
    }
  }

  std::vector<Ring> outer;
  std::vector<Ring> holes;
  for (Ring& ring : Borders(cells)) {
    (DoubleArea(ring) > 0 ? outer : holes).push_back(std::move(ring));
  }
  std::sort(outer.begin(), outer.end());
  const auto to_line = [&](const Ring& ring) {
    std::vector<LatLng> line;
    for (const Cell& corner : ring) line.push_back(grid.Corner(corner));
    return line;
  };
  std::vector<Area> areas(outer.size());
  for (size_t i = 0; i < outer.size(); ++i) {
    areas[i].rings.push_back(to_line(outer[i]));
  }
  for (const Ring& hole : holes) {
    // In the smallest area around it: an island in a hole has its own.
    size_t best = outer.size();
    for (size_t i = 0; i < outer.size(); ++i) {
      if (IsInside(hole.front(), outer[i]) &&
          (best == outer.size() ||
           DoubleArea(outer[i]) < DoubleArea(outer[best]))) {
        best = i;
      }
    }
    if (best < outer.size()) areas[best].rings.push_back(to_line(hole));
  }
  return areas;
}

}  // namespace housecall::router
