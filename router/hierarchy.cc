#include "router/hierarchy.h"

#include <algorithm>
#include <numeric>

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

// The blocks that turns join a block with, in either direction.
std::vector<std::vector<uint32_t>> Neighbors(const Graph& graph) {
  std::vector<std::vector<uint32_t>> neighbors(graph.blocks());
  for (uint32_t block = 0; block < graph.blocks(); ++block) {
    std::vector<uint32_t>& list = neighbors[block];
    for (const uint32_t state : {block * 2, block * 2 + 1}) {
      for (const Turn& turn : graph.Out(state)) list.push_back(turn.state >> 1);
      for (const Turn& turn : graph.In(state)) list.push_back(turn.state >> 1);
    }
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return neighbors;
}

// The parent of each rank in the elimination tree, without the arcs that are
// added (Liu, "The Role of Elimination Trees in Sparse Factorization", 1990).
std::vector<uint32_t> EliminationTree(
    const std::vector<std::vector<uint32_t>>& neighbors,
    const std::vector<uint32_t>& block, const std::vector<uint32_t>& rank) {
  std::vector<uint32_t> parent(block.size(), kNone);
  std::vector<uint32_t> ancestor(block.size(), kNone);
  for (uint32_t high = 0; high < block.size(); ++high) {
    for (const uint32_t neighbor : neighbors[block[high]]) {
      uint32_t low = rank[neighbor];
      if (low >= high) continue;
      while (ancestor[low] != kNone && ancestor[low] != high) {
        const uint32_t next = ancestor[low];
        ancestor[low] = high;
        low = next;
      }
      if (ancestor[low] == kNone) ancestor[low] = parent[low] = high;
    }
  }
  return parent;
}

// The ranks so that those of each subtree are next to each other and its root
// comes last; children keep their order. Contraction in this order adds the
// same arcs.
std::vector<uint32_t> Postorder(const std::vector<uint32_t>& parent) {
  const uint32_t size = static_cast<uint32_t>(parent.size());
  std::vector<uint32_t> first_child(size + 1, kNone);
  std::vector<uint32_t> next_sibling(size, kNone);
  for (uint32_t rank = size; rank-- > 0;) {
    const uint32_t above = parent[rank] == kNone ? size : parent[rank];
    next_sibling[rank] = first_child[above];
    first_child[above] = rank;
  }
  std::vector<uint32_t> order;
  order.reserve(size);
  std::vector<uint32_t> stack = {size};
  while (!stack.empty()) {
    const uint32_t rank = stack.back();
    if (first_child[rank] != kNone) {
      stack.push_back(first_child[rank]);
      first_child[rank] = next_sibling[first_child[rank]];
      continue;
    }
    stack.pop_back();
    if (rank != size) order.push_back(rank);
  }
  return order;
}

}  // namespace

Hierarchy::Hierarchy(const Graph& graph,
                     absl::Span<const uint32_t> segment_order) {
  const uint32_t size = graph.blocks();
  std::vector<std::vector<uint32_t>> blocks_of(segment_order.size());
  for (uint32_t block = 0; block < size; ++block) {
    blocks_of[graph.segment(block)].push_back(block);
  }
  rank_.resize(size);
  for (const uint32_t segment : segment_order) {
    for (const uint32_t block : blocks_of[segment]) {
      rank_[block] = static_cast<uint32_t>(block_.size());
      block_.push_back(block);
    }
  }
  const std::vector<std::vector<uint32_t>> neighbors = Neighbors(graph);
  std::vector<uint32_t> ordered(size);
  {
    const std::vector<uint32_t> order =
        Postorder(EliminationTree(neighbors, block_, rank_));
    for (uint32_t rank = 0; rank < size; ++rank) {
      ordered[rank] = block_[order[rank]];
    }
  }
  block_ = std::move(ordered);
  for (uint32_t rank = 0; rank < size; ++rank) rank_[block_[rank]] = rank;

  // The arcs of a rank: to its higher neighbours, and to those of the ranks
  // whose parent it is.
  parent_.assign(size, kNone);
  std::vector<std::vector<uint32_t>> children(size);
  std::vector<uint32_t> seen(size, kNone);
  first_arc_ = {0};
  first_arc_.reserve(size_t{size} + 1);
  for (uint32_t rank = 0; rank < size; ++rank) {
    const size_t begin = head_.size();
    seen[rank] = rank;
    const auto add = [&](uint32_t head) {
      if (head < rank || seen[head] == rank) return;
      seen[head] = rank;
      head_.push_back(head);
    };
    for (const uint32_t neighbor : neighbors[block_[rank]]) {
      add(rank_[neighbor]);
    }
    for (const uint32_t child : children[rank]) {
      for (uint32_t arc = first_arc_[child]; arc < first_arc_[child + 1];
           ++arc) {
        add(head_[arc]);
      }
    }
    children[rank] = {};
    std::sort(head_.begin() + static_cast<std::ptrdiff_t>(begin), head_.end());
    first_arc_.push_back(static_cast<uint32_t>(head_.size()));
    if (head_.size() == begin) continue;
    parent_[rank] = head_[begin];
    children[parent_[rank]].push_back(rank);
  }
  head_.shrink_to_fit();

  lowest_.resize(size);
  std::iota(lowest_.begin(), lowest_.end(), 0);
  for (uint32_t rank = 0; rank < size; ++rank) {
    if (parent_[rank] == kNone) continue;
    lowest_[parent_[rank]] = std::min(lowest_[parent_[rank]], lowest_[rank]);
  }

  first_lower_.assign(size_t{size} + 1, 0);
  for (const uint32_t head : head_) ++first_lower_[head + 1];
  std::partial_sum(first_lower_.begin(), first_lower_.end(),
                   first_lower_.begin());
  std::vector<uint32_t> next(first_lower_.begin(), first_lower_.end() - 1);
  lower_.resize(head_.size());
  for (uint32_t rank = 0; rank < size; ++rank) {
    for (uint32_t arc = first_arc_[rank]; arc < first_arc_[rank + 1]; ++arc) {
      lower_[next[head_[arc]]++] = {rank, arc};
    }
  }
}

uint32_t Hierarchy::FindArc(uint32_t low, uint32_t high) const {
  const absl::Span<const uint32_t> heads = Heads(low);
  const auto* const it = std::lower_bound(heads.begin(), heads.end(), high);
  if (it == heads.end() || *it != high) return kNone;
  return first_arc_[low] + static_cast<uint32_t>(it - heads.begin());
}

}  // namespace housecall::router
