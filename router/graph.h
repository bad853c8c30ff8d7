// The graph that is searched: what a car may do next, turn by turn.
#ifndef HOUSECALL_ROUTER_GRAPH_H_
#define HOUSECALL_ROUTER_GRAPH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "router/array.h"
#include "router/road_data.h"

namespace housecall::router {

// From the end of one segment over a node to the end of another.
struct Turn {
  // At the end of the other one.
  uint32_t state = 0;
  // Of the turn itself, not of the segment that it leads into.
  uint32_t weight : 18 = 0;
  // 0: open at all times; else of Graph::condition.
  uint32_t condition : 12 = 0;
  // Back into the same segment: open only where no turn that leads on is.
  uint32_t is_back : 1 = 0;
  // The drive may go on beyond the segment that the turn leads into.
  uint32_t leads_on : 1 = 0;
};
static_assert(kMaxTurnWeight < 1u << 18);

// Turns that are forbidden at the same hours.
struct TurnCondition {
  struct Place {
    uint32_t from_state = 0;
    uint32_t to_state = 0;
  };

  // Of RoadData::hours: forbidden while any of them holds.
  std::vector<uint32_t> hours;
  std::vector<Place> turns;
};

// The directed graph of what cars may do on a road network. Immutable.
//
// Its nodes are states: a car at the end of a segment that it has driven in one
// direction. Its arcs are the turns from there into other segments. Forbidden
// turns are missing, others have their weights, so every algorithm for shortest
// paths on plain graphs finds what is allowed. Turns that are forbidden at some
// hours have a condition; whether it holds is not part of the graph.
//
// States come in blocks of two: block b has the states 2b, its segment driven
// forwards, and 2b + 1, driven backwards. A segment has one block, and more
// where that does not tell enough:
//
//   - A segment of the flag kEndsOnly has two layers: one for drives that begin
//     on such segments and have not left them yet, one for drives that end on
//     such and have entered them for good. Public roads lie between the two: no
//     turn leads back. A drive can therefore not lead through.
//   - A segment inside a forbidden path of three segments or more has a block
//     for those who have come along that path so far.
//
// A car does not turn back at a node, unless no other way leads on from there.
//
// How long segments take, and which of them are closed for now, is not part of
// the graph: router/graph_weights.h.
class Graph {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // Where in a drive a segment may lie.
  enum class Layer : uint8_t { kBegin, kPublic, kEnd };

  // What map files keep of a graph. The rest is worked out from it, sooner than
  // anew.
  struct Stored {
    // By block.
    Array<uint32_t> segments;
    // Layer, and above it in which direction the block remembers roads.
    Array<uint8_t> traits;
    // By state: how many turns lead out.
    Array<uint16_t> turn_counts;
    // By state, then as Out.
    Array<Turn> turns;
    // By condition but the first: how many hours it has, and all of those.
    Array<uint32_t> condition_counts;
    Array<uint32_t> condition_hours;
  };

  // For both, `data` must be well formed: CheckRoadData(data) is OK. Its
  // segments must outlive the graph where they are; `data` itself may be moved.
  explicit Graph(const RoadData& data);
  // Returns InvalidArgument, naming what is wrong, unless every number in
  // `stored` is within its bounds.
  static absl::StatusOr<Graph> FromStored(const RoadData& data, Stored stored);

  Stored ToStored() const;

  uint32_t blocks() const { return static_cast<uint32_t>(segment_.size()); }
  uint32_t states() const { return blocks() * 2; }
  size_t turns() const { return out_.size(); }
  // Numbered from 1; 0 is that of turns without.
  uint32_t conditions() const {
    return static_cast<uint32_t>(conditions_.size());
  }
  const TurnCondition& condition(uint32_t number) const {
    return conditions_[number];
  }

  // Those that lead out of a state, by the number of the other one.
  absl::Span<const Turn> Out(uint32_t state) const {
    const uint32_t block = state >> 1;
    const size_t first =
        first_turn_[block] + ((state & 1) != 0 ? turn_counts_[state - 1] : 0);
    return absl::MakeConstSpan(out_.data() + first, turn_counts_[state]);
  }
  // Calls visit(other state, turn) for each turn that leads into a state from a
  // block that counts(block). They are not listed anywhere, but found by the
  // roads that end where the state's road begins.
  template <typename Counts, typename Visit>
  void VisitIn(uint32_t state, Counts counts, Visit visit) const {
    for (const ArcRoad away : At(BeginOf(road(state)))) {
      const ArcRoad into = away.reversed();
      const uint32_t end = first_block_[into.segment() + 1];
      for (uint32_t block = first_block_[into.segment()]; block < end;
           ++block) {
        if (!counts(block)) continue;
        const uint32_t other = block * 2 + (into.backward() ? 1 : 0);
        for (const Turn& turn : Out(other)) {
          if (turn.state == state) visit(other, turn);
        }
      }
    }
  }
  template <typename Visit>
  void VisitIn(uint32_t state, Visit visit) const {
    VisitIn(
        state, [](uint32_t) { return true; }, visit);
  }

  uint32_t segment(uint32_t block) const { return segment_[block]; }
  // The blocks of a segment are first_block(segment) … first_block(segment + 1)
  // - 1.
  uint32_t first_block(uint32_t segment) const { return first_block_[segment]; }
  Layer layer(uint32_t block) const {
    return static_cast<Layer>(traits_[block] & 3);
  }
  // The segment of a state, and the direction.
  ArcRoad road(uint32_t state) const {
    return ArcRoad::Of(segment_[state >> 1], (state & 1) != 0);
  }

  // The state of a drive that begins on this road: nothing is known of what
  // came before.
  uint32_t DepartState(ArcRoad road) const {
    return first_block_[road.segment()] * 2 + (road.backward() ? 1 : 0);
  }
  // The states in which a drive may end on this road, in ascending order.
  std::vector<uint32_t> ArriveStates(ArcRoad road) const;

  // The states of a drive that begins at a node, for those who stand there on a
  // private road or on a public one: driven down each road that leads away.
  std::vector<uint32_t> DepartStatesAt(uint32_t node, bool on_private) const;
  // Those of a drive that ends there.
  std::vector<uint32_t> ArriveStatesAt(uint32_t node, bool on_private) const;

 private:
  Graph() = default;

  uint32_t BeginOf(ArcRoad road) const {
    const Segment& segment = segments_[road.segment()];
    return road.backward() ? segment.to_node : segment.from_node;
  }
  bool IsClosed(ArcRoad road) const {
    const Segment& segment = segments_[road.segment()];
    return (road.backward() ? segment.backward_weight
                            : segment.forward_weight) == kClosed;
  }
  // The roads that lead away from a node, also against their direction.
  absl::Span<const ArcRoad> At(uint32_t node) const {
    return absl::MakeConstSpan(roads_.data() + first_road_[node],
                               roads_.data() + first_road_[node + 1]);
  }
  void ListRoads(const RoadData& data);
  // In which direction a block remembers roads: 0 in none, 1 forwards, 2
  // backwards.
  int remembers(uint32_t block) const { return traits_[block] >> 2; }
  // True if a drive that ends in this state of the block's can be in it.
  bool MayBeIn(uint32_t block, uint32_t direction) const {
    return remembers(block) == 0 ||
           remembers(block) == static_cast<int>(direction) + 1;
  }

  const Segment* segments_ = nullptr;
  // By segment, and one more: its blocks are next to each other; first the one
  // of its only or first layer without a memory.
  std::vector<uint32_t> first_block_;
  // By block.
  Array<uint32_t> segment_;
  Array<uint8_t> traits_;
  std::vector<uint32_t> first_turn_;
  // By state.
  Array<uint16_t> turn_counts_;
  Array<Turn> out_;
  // By node, and one more.
  std::vector<uint32_t> first_road_;
  std::vector<ArcRoad> roads_;
  std::vector<TurnCondition> conditions_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_GRAPH_H_
