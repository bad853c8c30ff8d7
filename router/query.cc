#include <algorithm>
#include <array>

#include "router/router.h"

namespace housecall::router {
namespace {

// The weight of the first `offset` of `length` at constant speed. Parts of a
// segment are differences of these, so that they add up exactly.
uint32_t Prorate(uint32_t weight, uint32_t offset, uint32_t length) {
  return static_cast<uint32_t>(uint64_t{weight} * offset / length);
}

// How a drive gets from a point of a segment to one of its ends, or from there
// to the point.
struct End {
  // Of the graph.
  uint32_t node = 0;
  uint32_t weight = 0;
  uint32_t length_millimeters = 0;
  // Where on the segment the node is: 0, or its length.
  uint32_t node_millimeters = 0;
};

class Ends {
 public:
  void Add(const End& end) { ends_[size_++] = end; }
  const End* begin() const { return ends_.data(); }
  const End* end() const { return ends_.data() + size_; }
  const End& operator[](size_t i) const { return ends_[i]; }

 private:
  std::array<End, 2> ends_;
  size_t size_ = 0;
};

// Who stands at a junction can leave it by every road there, also against the
// direction of the segment on which he was found: that is why a direction that
// is closed does not matter at offset 0 or at the full length.
Ends DepartEnds(const RoadMap& map, const RoadPoint& point) {
  const Segment& segment = map.data().segments[point.segment];
  const uint32_t length = segment.length_millimeters;
  const uint32_t offset = point.offset_millimeters;
  Ends ends;
  if (segment.forward_weight != kClosed || offset == length) {
    const uint32_t weight =
        offset == length ? 0
                         : segment.forward_weight -
                               Prorate(segment.forward_weight, offset, length);
    ends.Add({map.graph().DepartNode(segment, segment.to_node), weight,
              length - offset, length});
  }
  if (segment.backward_weight != kClosed || offset == 0) {
    const uint32_t weight =
        offset == 0 ? 0 : Prorate(segment.backward_weight, offset, length);
    ends.Add({map.graph().DepartNode(segment, segment.from_node), weight,
              offset, 0});
  }
  return ends;
}

Ends ArriveEnds(const RoadMap& map, const RoadPoint& point) {
  const Segment& segment = map.data().segments[point.segment];
  const uint32_t length = segment.length_millimeters;
  const uint32_t offset = point.offset_millimeters;
  Ends ends;
  if (segment.forward_weight != kClosed || offset == 0) {
    const uint32_t weight =
        offset == 0 ? 0 : Prorate(segment.forward_weight, offset, length);
    ends.Add({map.graph().ArriveNode(segment, segment.from_node), weight,
              offset, 0});
  }
  if (segment.backward_weight != kClosed || offset == length) {
    const uint32_t weight =
        offset == length ? 0
                         : segment.backward_weight -
                               Prorate(segment.backward_weight, offset, length);
    ends.Add({map.graph().ArriveNode(segment, segment.to_node), weight,
              length - offset, length});
  }
  return ends;
}

// Along the segment that both points are on, without leaving it.
Leg DirectLeg(const RoadMap& map, const RoadPoint& from, const RoadPoint& to) {
  Leg leg;
  if (from.segment != to.segment) return leg;
  const Segment& segment = map.data().segments[from.segment];
  const uint32_t length = segment.length_millimeters;
  const uint32_t a = from.offset_millimeters;
  const uint32_t b = to.offset_millimeters;
  if (a == b) {
    leg.weight = 0;
  } else if (a < b && segment.forward_weight != kClosed) {
    leg.weight = Prorate(segment.forward_weight, b, length) -
                 Prorate(segment.forward_weight, a, length);
    leg.length_millimeters = b - a;
  } else if (a > b && segment.backward_weight != kClosed) {
    leg.weight = Prorate(segment.backward_weight, a, length) -
                 Prorate(segment.backward_weight, b, length);
    leg.length_millimeters = a - b;
  }
  return leg;
}

// True if it can be told without a search that no way leads from one point to
// the other. Spares searches that would see the whole network in vain.
bool IsHopeless(const RoadMap& map, const RoadPoint& from,
                const RoadPoint& to) {
  const Segment& a = map.data().segments[from.segment];
  const Segment& b = map.data().segments[to.segment];
  if (a.component != b.component) return true;
  // The flags tell of whole segments: at a junction more is possible. They also
  // do not add up across private roads, where no drive leads through.
  const auto tells = [](const Segment& segment, const RoadPoint& point) {
    return point.offset_millimeters != 0 &&
           point.offset_millimeters != segment.length_millimeters &&
           !segment.Has(Segment::kEndsOnly);
  };
  if (!tells(a, from) || !tells(b, to)) return false;
  return (a.Has(Segment::kReachedFromMain) &&
          !b.Has(Segment::kReachedFromMain)) ||
         (b.Has(Segment::kReachesMain) && !a.Has(Segment::kReachesMain));
}

std::vector<Dijkstra::Seed> Seeds(const Ends& ends) {
  std::vector<Dijkstra::Seed> seeds;
  for (const End& end : ends) seeds.push_back({end.node, end.weight});
  return seeds;
}

// The end over which the way to a point that was searched for is quickest; null
// if it was not reached.
const End* BestEnd(const Dijkstra& search, const Ends& ends, uint32_t* weight) {
  const End* best = nullptr;
  *weight = kUnreachable;
  for (const End& end : ends) {
    const uint64_t sum = uint64_t{search.weight(end.node)} + end.weight;
    if (sum >= *weight) continue;
    best = &end;
    *weight = static_cast<uint32_t>(sum);
  }
  return best;
}

// Searches from the root's ends to those of all `others`, in either direction,
// and gives each its leg.
template <typename EndsOf, typename Hopeless, typename Direct>
std::vector<Leg> Search(const RoadMap& map, Dijkstra::Direction direction,
                        const Ends& root, absl::Span<const RoadPoint> others,
                        EndsOf ends_of, Hopeless is_hopeless, Direct direct_leg,
                        Dijkstra* search) {
  std::vector<uint32_t> targets;
  std::vector<bool> hopeless(others.size());
  for (size_t i = 0; i < others.size(); ++i) {
    hopeless[i] = is_hopeless(others[i]);
    if (hopeless[i]) continue;
    for (const End& end : ends_of(others[i])) targets.push_back(end.node);
  }
  search->Run(direction, Seeds(root), targets);

  std::vector<Leg> legs(others.size());
  for (size_t i = 0; i < others.size(); ++i) {
    legs[i] = direct_leg(others[i]);
    if (hopeless[i]) continue;
    const Ends ends = ends_of(others[i]);
    uint32_t weight;
    const End* end = BestEnd(*search, ends, &weight);
    if (end == nullptr || weight >= legs[i].weight) continue;
    uint64_t length = end->length_millimeters;
    Dijkstra::Step step = search->step(end->node);
    while (step.node != Dijkstra::Step::kSeed) {
      if (!step.road.is_link()) {
        length += map.data().segments[step.road.segment()].length_millimeters;
      }
      step = search->step(step.node);
    }
    length += root[step.seed].length_millimeters;
    legs[i] = {weight, length};
  }
  return legs;
}

}  // namespace

Query::Query(const RoadMap* map) : map_(*map), search_(&map->graph()) {}

std::vector<Leg> Query::OneToMany(const RoadPoint& from,
                                  absl::Span<const RoadPoint> to) {
  return Search(
      map_, Dijkstra::Direction::kForwards, DepartEnds(map_, from), to,
      [&](const RoadPoint& p) { return ArriveEnds(map_, p); },
      [&](const RoadPoint& p) { return IsHopeless(map_, from, p); },
      [&](const RoadPoint& p) { return DirectLeg(map_, from, p); }, &search_);
}

std::vector<Leg> Query::ManyToOne(absl::Span<const RoadPoint> from,
                                  const RoadPoint& to) {
  return Search(
      map_, Dijkstra::Direction::kBackwards, ArriveEnds(map_, to), from,
      [&](const RoadPoint& p) { return DepartEnds(map_, p); },
      [&](const RoadPoint& p) { return IsHopeless(map_, p, to); },
      [&](const RoadPoint& p) { return DirectLeg(map_, p, to); }, &search_);
}

Leg Query::FindLeg(const RoadPoint& from, const RoadPoint& to) {
  return OneToMany(from, {to}).front();
}

std::vector<Leg> Query::Matrix(absl::Span<const RoadPoint> from,
                               absl::Span<const RoadPoint> to) {
  std::vector<Leg> table(from.size() * to.size());
  if (from.size() <= to.size()) {
    for (size_t i = 0; i < from.size(); ++i) {
      const std::vector<Leg> row = OneToMany(from[i], to);
      std::copy(row.begin(), row.end(), table.begin() + i * to.size());
    }
    return table;
  }
  for (size_t j = 0; j < to.size(); ++j) {
    const std::vector<Leg> column = ManyToOne(from, to[j]);
    for (size_t i = 0; i < from.size(); ++i) {
      table[i * to.size() + j] = column[i];
    }
  }
  return table;
}

std::optional<Path> Query::FindPath(const RoadPoint& from,
                                    const RoadPoint& to) {
  Path path;
  path.leg = FindLeg(from, to);
  if (!path.leg.reachable()) return std::nullopt;
  // FindLeg prefers the direct way when both are equally quick.
  if (path.leg == DirectLeg(map_, from, to)) {
    path.pieces.push_back({from.segment, from.offset_millimeters,
                           to.offset_millimeters, path.leg.weight});
    return path;
  }

  // The search of FindLeg is still there; walked from its end to its begin.
  const Ends departs = DepartEnds(map_, from);
  const Ends arrives = ArriveEnds(map_, to);
  uint32_t weight;
  const End* end = BestEnd(search_, arrives, &weight);
  const auto add = [&](uint32_t segment, uint32_t begin, uint32_t end,
                       uint32_t weight) {
    if (begin == end) return;
    path.pieces.push_back({segment, begin, end, weight});
  };
  add(to.segment, end->node_millimeters, to.offset_millimeters, end->weight);
  Dijkstra::Step step = search_.step(end->node);
  while (step.node != Dijkstra::Step::kSeed) {
    if (!step.road.is_link()) {
      const uint32_t number = step.road.segment();
      const Segment& segment = map_.data().segments[number];
      const uint32_t length = segment.length_millimeters;
      if (step.road.backward()) {
        add(number, length, 0, segment.backward_weight);
      } else {
        add(number, 0, length, segment.forward_weight);
      }
    }
    step = search_.step(step.node);
  }
  const End& depart = departs[step.seed];
  add(from.segment, from.offset_millimeters, depart.node_millimeters,
      depart.weight);
  std::reverse(path.pieces.begin(), path.pieces.end());
  // From a junction to itself, found on two of its roads.
  if (path.pieces.empty()) {
    path.pieces.push_back(
        {from.segment, from.offset_millimeters, from.offset_millimeters, 0});
  }
  return path;
}

}  // namespace housecall::router
