// The index of a road network that does not depend on how long drives take: an
// order of contraction and the arcs that it leads to.
#ifndef HOUSECALL_ROUTER_HIERARCHY_H_
#define HOUSECALL_ROUTER_HIERARCHY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "router/array.h"
#include "router/graph.h"

namespace housecall::router {

// The first of three phases (Dibbelt, Strasser, Wagner, "Customizable
// Contraction Hierarchies", 2016): this once per map, a Metric whenever weights
// change, a HierarchySearch for each thread. Immutable.
//
// What is contracted are blocks of a Graph, by rank: 0 is contracted first. An
// arc joins two blocks with a turn between them, or with a way between them
// over blocks of lower rank; it stands for both directions and for all four
// pairs of their states. See router/README.md for why.
class Hierarchy {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `segment_order`: each segment of the graph once, the least important first
  // (DissectionOrder).
  Hierarchy(const Graph& graph, absl::Span<const uint32_t> segment_order);

  // What map files keep of a hierarchy. The rest is worked out from it, sooner
  // than anew.
  struct Stored {
    // By rank: its block.
    Array<uint32_t> blocks;
    // By rank, and one more: its first arc to a higher rank.
    Array<uint32_t> first_arcs;
    // Of all arcs.
    Array<uint32_t> heads;
  };
  // Returns InvalidArgument, naming what is wrong, unless every number is
  // within its bounds.
  static absl::StatusOr<Hierarchy> FromStored(const Graph& graph,
                                              Stored stored);
  Stored ToStored() const;

  uint32_t blocks() const { return static_cast<uint32_t>(block_.size()); }
  size_t arcs() const { return head_.size(); }

  // The graph's block of a rank, and the rank of a block.
  uint32_t block(uint32_t rank) const { return block_[rank]; }
  uint32_t rank(uint32_t block) const { return rank_[block]; }

  // The arcs from a rank to higher ones, by their heads, are numbered
  // first_arc(rank) … first_arc(rank + 1) - 1.
  uint32_t first_arc(uint32_t rank) const { return first_arc_[rank]; }
  uint32_t head(uint32_t arc) const { return head_[arc]; }
  // Of all arcs, one after the other.
  const uint32_t* heads() const { return head_.data(); }
  absl::Span<const uint32_t> Heads(uint32_t rank) const {
    return absl::MakeConstSpan(head_.data() + first_arc_[rank],
                               head_.data() + first_arc_[rank + 1]);
  }
  // kNone if there is no arc from `low` to `high`.
  uint32_t FindArc(uint32_t low, uint32_t high) const;

  // The lowest rank that an arc leads to; kNone at the top. All arcs from a
  // rank lead to its parent, the parent's parent and so on, and the ranks below
  // a rank are next to each other: lowest(rank) … rank.
  uint32_t parent(uint32_t rank) const {
    const uint32_t arc = first_arc(rank);
    return arc < first_arc(rank + 1) ? head(arc) : kNone;
  }
  uint32_t lowest(uint32_t rank) const { return lowest_[rank]; }

  // Calls visit(tail, i) for each arc into a rank from a lower one, the i-th of
  // its tail's, the highest tails first, until it returns false. The tails are
  // not listed anywhere: each but the last below the rank has a parent that is
  // one of them, so whole subtrees without one are passed over.
  template <typename Visit>
  void VisitLower(uint32_t rank, Visit visit) const {
    const uint32_t lowest_tail = lowest(rank);
    uint32_t tail = rank;
    while (tail > lowest_tail) {
      --tail;
      const uint32_t arc = FindArc(tail, rank);
      if (arc == kNone) {
        tail = lowest(tail);
      } else if (!visit(tail, arc - first_arc(tail))) {
        return;
      }
    }
  }

 private:
  Hierarchy() = default;
  // All that the blocks by rank and the arcs amount to.
  void Complete();

  Array<uint32_t> block_;
  std::vector<uint32_t> rank_;
  Array<uint32_t> first_arc_;
  Array<uint32_t> head_;
  std::vector<uint32_t> lowest_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_HIERARCHY_H_
