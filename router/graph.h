// The graph that is searched: nodes and directed arcs with weights.
#ifndef HOUSECALL_ROUTER_GRAPH_H_
#define HOUSECALL_ROUTER_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/road_data.h"

namespace housecall::router {

// A segment driven in one direction, or a link between the layers of a node
// (see Graph), which is no road and takes no time.
struct ArcRoad {
  static constexpr uint32_t kNone = 0xffffffff;

  static ArcRoad Of(uint32_t segment, bool backward) {
    return {segment << 1 | (backward ? 1u : 0u)};
  }
  bool is_link() const { return code == kNone; }
  uint32_t segment() const { return code >> 1; }
  bool backward() const { return (code & 1) != 0; }

  uint32_t code = kNone;
};

// One arc, seen from one of its nodes.
struct Arc {
  // The node at the other side: the head of an outgoing arc, the tail of an
  // incoming one.
  uint32_t node = 0;
  uint32_t weight = 0;
  ArcRoad road;
};

// The directed graph of a road network. Immutable.
//
// Its nodes 0 … road_nodes-1 are those of the network. A node at which a
// segment of the flag kEndsOnly ends has up to two more, its layers: one for
// drives that begin on such segments and have not left them yet, one for drives
// that end on such and have entered them for good. From the first a link leads
// to the node itself and from there one to the second. A drive on the arcs of
// this graph therefore cannot lead through a private road, and every algorithm
// for shortest paths on plain graphs finds what is allowed.
class Graph {
 public:
  // Below this, `data` must be well formed: CheckRoadData(data) is OK.
  explicit Graph(const RoadData& data);

  uint32_t nodes() const {
    return static_cast<uint32_t>(first_out_.size()) - 1;
  }
  uint32_t road_nodes() const { return road_nodes_; }
  size_t arcs() const { return out_.size(); }

  // By the number of the other node, then by weight.
  absl::Span<const Arc> Out(uint32_t node) const {
    return absl::MakeConstSpan(out_.data() + first_out_[node],
                               out_.data() + first_out_[node + 1]);
  }
  absl::Span<const Arc> In(uint32_t node) const {
    return absl::MakeConstSpan(in_.data() + first_in_[node],
                               in_.data() + first_in_[node + 1]);
  }

  // Where a drive that begins on this segment reaches its end `road_node`, and
  // where one that ends on it comes from.
  uint32_t DepartNode(const Segment& segment, uint32_t road_node) const {
    return segment.Has(Segment::kEndsOnly) ? depart_layer_[road_node]
                                           : road_node;
  }
  uint32_t ArriveNode(const Segment& segment, uint32_t road_node) const {
    return segment.Has(Segment::kEndsOnly) ? arrive_layer_[road_node]
                                           : road_node;
  }

 private:
  uint32_t road_nodes_ = 0;
  std::vector<uint32_t> first_out_;
  std::vector<Arc> out_;
  std::vector<uint32_t> first_in_;
  std::vector<Arc> in_;
  // By road node; the node itself where it has no layers.
  std::vector<uint32_t> depart_layer_;
  std::vector<uint32_t> arrive_layer_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_GRAPH_H_
