#include <algorithm>
#include <utility>

#include "router/anchors.h"
#include "router/router.h"

namespace housecall::router {
namespace {

uint64_t LengthOf(const std::vector<PathPiece>& pieces) {
  uint64_t length = 0;
  for (const PathPiece& piece : pieces) {
    length += std::max(piece.begin_millimeters, piece.end_millimeters) -
              std::min(piece.begin_millimeters, piece.end_millimeters);
  }
  return length;
}

}  // namespace

Query::Query(const RoadMap* map, Method method) : map_(*map) {
  if (method == Method::kIndex) {
    index_search_.emplace(&map->hierarchy());
  } else {
    plain_search_.emplace(&map->graph());
  }
}

const Metric& Query::metric() {
  if (metric_ == nullptr) metric_ = map_.metric();
  return *metric_;
}

void Query::SetMetric(std::shared_ptr<const Metric> metric) {
  metric_ = std::move(metric);
}

Cost Query::FindDrive(absl::Span<const Anchor> from,
                      absl::Span<const Anchor> to) {
  if (index_search_.has_value()) return index_search_->Find(metric(), from, to);
  std::vector<Dijkstra::Seed> seeds;
  for (const Anchor& anchor : from) {
    seeds.push_back({anchor.state, anchor.cost});
  }
  std::vector<uint32_t> targets;
  for (const Anchor& anchor : to) targets.push_back(anchor.state);
  plain_search_->Run(metric().weights(), Dijkstra::Direction::kForwards, seeds,
                     targets);
  const Anchor* last = nullptr;
  Cost best = kNoWay;
  for (const Anchor& anchor : to) {
    const Cost cost = plain_search_->cost(anchor.state) + anchor.cost;
    if (cost >= best) continue;
    last = &anchor;
    best = cost;
  }
  plain_states_.clear();
  if (last == nullptr) return best;
  uint32_t state = last->state;
  while (state != Dijkstra::Step::kSeed) {
    plain_states_.push_back(state);
    state = plain_search_->step(state).state;
  }
  std::reverse(plain_states_.begin(), plain_states_.end());
  return best;
}

Leg Query::FindLeg(const RoadPoint& from, const RoadPoint& to) {
  const Leg leg = DirectLeg(metric(), from, to);
  if (AreOneNode(map_, from, to)) return {0};
  if (IsHopeless(map_, from, to)) return leg;
  const std::vector<Anchor> departs =
      ShareSegment(map_, from, to) ? DepartAnchorsBeyond(map_, metric(), from)
                                   : DepartAnchors(map_, metric(), from);
  const Goal goal(ArriveAnchors(map_, metric(), to));
  return Better(leg, FindDrive(departs, goal.anchors), goal.bias);
}

std::vector<Leg> Query::OneToMany(const RoadPoint& from,
                                  absl::Span<const RoadPoint> to) {
  return Matrix({from}, to);
}

std::vector<Leg> Query::ManyToOne(absl::Span<const RoadPoint> from,
                                  const RoadPoint& to) {
  return Matrix(from, {to});
}

std::vector<Leg> Query::Matrix(absl::Span<const RoadPoint> from,
                               absl::Span<const RoadPoint> to) {
  std::vector<std::vector<Anchor>> departs;
  for (const RoadPoint& point : from) {
    departs.push_back(DepartAnchors(map_, metric(), point));
  }
  std::vector<std::vector<Anchor>> arrives;
  std::vector<Cost> biases;
  for (const RoadPoint& point : to) {
    Goal goal(ArriveAnchors(map_, metric(), point));
    arrives.push_back(std::move(goal.anchors));
    biases.push_back(goal.bias);
  }
  const std::vector<Cost> drives =
      index_search_.has_value()
          ? index_search_->Table(metric(), departs, arrives)
          : PlainTable(departs, arrives);
  std::vector<Leg> table(drives.size());
  for (size_t i = 0; i < from.size(); ++i) {
    for (size_t j = 0; j < to.size(); ++j) {
      Leg& leg = table[i * to.size() + j];
      leg =
          ShareSegment(map_, from[i], to[j]) || AreOneNode(map_, from[i], to[j])
              ? FindLeg(from[i], to[j])
              : Better(DirectLeg(metric(), from[i], to[j]),
                       drives[i * to.size() + j], biases[j]);
    }
  }
  return table;
}

// One search for each of `from`, to all of `to`.
std::vector<Cost> Query::PlainTable(absl::Span<const std::vector<Anchor>> from,
                                    absl::Span<const std::vector<Anchor>> to) {
  std::vector<uint32_t> targets;
  for (const std::vector<Anchor>& anchors : to) {
    for (const Anchor& anchor : anchors) targets.push_back(anchor.state);
  }
  std::vector<Cost> table;
  table.reserve(from.size() * to.size());
  for (const std::vector<Anchor>& departs : from) {
    std::vector<Dijkstra::Seed> seeds;
    for (const Anchor& anchor : departs) {
      seeds.push_back({anchor.state, anchor.cost});
    }
    plain_search_->Run(metric().weights(), Dijkstra::Direction::kForwards,
                       seeds, targets);
    for (const std::vector<Anchor>& arrives : to) {
      Cost best = kNoWay;
      for (const Anchor& anchor : arrives) {
        best = std::min(best, plain_search_->cost(anchor.state) + anchor.cost);
      }
      table.push_back(best);
    }
  }
  return table;
}

std::optional<Path> Query::FindPath(const RoadPoint& from,
                                    const RoadPoint& to) {
  Path path;
  path.leg = FindLeg(from, to);
  if (!path.leg.reachable()) return std::nullopt;
  // FindLeg prefers the direct way when both cost the same.
  if (AreOneNode(map_, from, to) || path.leg == DirectLeg(metric(), from, to)) {
    path.pieces.push_back({from.segment, from.offset_millimeters,
                           AreOneNode(map_, from, to) ? from.offset_millimeters
                                                      : to.offset_millimeters,
                           path.leg.weight});
    path.length_millimeters = LengthOf(path.pieces);
    return path;
  }

  // The search of FindLeg is still there.
  std::vector<uint32_t> states = index_search_.has_value()
                                     ? index_search_->States(metric())
                                     : plain_states_;
  if (ShareSegment(map_, from, to)) {
    // It began beyond the first road: put that before it.
    uint32_t first = Graph::kNone;
    Cost first_cost = kNoWay;
    for (const Anchor& anchor : DepartAnchors(map_, metric(), from)) {
      for (const Turn& turn : map_.graph().Out(anchor.state)) {
        const Cost more = metric().weights().Of(anchor.state, turn);
        if (turn.state != states.front() || more == kNoWay ||
            anchor.cost + more >= first_cost) {
          continue;
        }
        first = anchor.state;
        first_cost = anchor.cost + more;
      }
    }
    states.insert(states.begin(), first);
  }
  for (size_t i = 0; i < states.size(); ++i) {
    const ArcRoad road = map_.graph().road(states[i]);
    const uint32_t length =
        map_.data().segments[road.segment()].length_millimeters;
    PathPiece piece;
    piece.segment = road.segment();
    piece.begin_millimeters = road.backward() ? length : 0;
    piece.end_millimeters = length - piece.begin_millimeters;
    piece.weight = metric().weights().road(road);
    if (i + 1 == states.size() && !IsAtNode(map_, to)) {
      piece.end_millimeters = to.offset_millimeters;
      piece.weight = CostBefore(metric(), road, to);
    }
    if (i == 0 && !IsAtNode(map_, from)) {
      piece.begin_millimeters = from.offset_millimeters;
      piece.weight -= CostBefore(metric(), road, from);
    }
    if (i > 0) {
      const absl::Span<const Turn> turns = map_.graph().Out(states[i - 1]);
      const auto* const turn = std::lower_bound(
          turns.begin(), turns.end(), states[i],
          [](const Turn& t, uint32_t state) { return t.state < state; });
      piece.turn_weight = turn->weight;
      piece.weight += turn->weight;
    }
    path.pieces.push_back(piece);
  }
  path.length_millimeters = LengthOf(path.pieces);
  return path;
}

}  // namespace housecall::router
