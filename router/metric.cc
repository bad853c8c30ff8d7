#include "router/metric.h"

#include "router/min_plus.h"

namespace housecall::router {

Metric::Metric(const Graph& graph, const Hierarchy& hierarchy,
               const RoadData& data)
    : up_(hierarchy.arcs()),
      down_(hierarchy.arcs()),
      up_lengths_(hierarchy.arcs()),
      down_lengths_(hierarchy.arcs()),
      self_(hierarchy.blocks()),
      self_lengths_(hierarchy.blocks()) {
  TakeTurns(graph, hierarchy, data);
  Customize(hierarchy);
}

// What can be driven without a way over lower ranks.
void Metric::TakeTurns(const Graph& graph, const Hierarchy& hierarchy,
                       const RoadData& data) {
  for (uint32_t state = 0; state < graph.states(); ++state) {
    const uint32_t tail = hierarchy.rank(state >> 1);
    for (const Turn& turn : graph.Out(state)) {
      const uint32_t head = hierarchy.rank(turn.state >> 1);
      const uint32_t length =
          data.segments[graph.segment(turn.state >> 1)].length_millimeters;
      const uint32_t from = state & 1;
      const uint32_t to = turn.state & 1;
      if (tail == head) {
        // A loop from a state to itself is never quicker than staying.
        if (from == to) continue;
        self_[tail].of[from] = turn.weight;
        self_lengths_[tail].of[from] = length;
      } else if (tail < head) {
        const uint32_t arc = hierarchy.FindArc(tail, head);
        up_[arc].of[from * 2 + to] = turn.weight;
        up_lengths_[arc].of[from * 2 + to] = length;
      } else {
        const uint32_t arc = hierarchy.FindArc(head, tail);
        down_[arc].of[to * 2 + from] = turn.weight;
        down_lengths_[arc].of[to * 2 + from] = length;
      }
    }
  }
}

// By rank: when one's turn comes, all ways over lower ranks are in its arcs.
void Metric::Customize(const Hierarchy& hierarchy) {
  std::vector<uint32_t> arc_to(hierarchy.blocks());
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    const uint32_t first = hierarchy.first_arc(rank);
    const uint32_t end = hierarchy.first_arc(rank + 1);
    for (uint32_t arc = first; arc < end; ++arc) {
      arc_to[hierarchy.head(arc)] = arc;
    }
    for (const Hierarchy::LowerArc& lower : hierarchy.Lower(rank)) {
      const Triangles triangles = {
          lower.arc,          hierarchy.first_arc(lower.tail + 1),
          hierarchy.heads(),  arc_to.data(),
          up_.data(),         down_.data(),
          up_lengths_.data(), down_lengths_.data(),
          &self_[rank],       &self_lengths_[rank],
      };
      RelaxTriangles(triangles);
    }
    RelaxSelf(self_[rank], self_lengths_[rank], end - first, &up_[first],
              &down_[first], &up_lengths_[first], &down_lengths_[first]);
  }
}

}  // namespace housecall::router
