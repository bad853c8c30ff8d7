#include "router/hierarchy.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

// The blocks that turns join a block with, in either direction.
class Neighbors {
 public:
  explicit Neighbors(const Graph& graph) {
    first_.reserve(size_t{graph.blocks()} + 1);
    list_.reserve(graph.turns() * 2);
    first_.push_back(0);
    std::vector<uint32_t> seen(graph.blocks(), kNone);
    for (uint32_t block = 0; block < graph.blocks(); ++block) {
      seen[block] = block;
      const auto add = [&](const Turn& turn) {
        const uint32_t other = turn.state >> 1;
        if (seen[other] == block) return;
        seen[other] = block;
        list_.push_back(other);
      };
      for (const uint32_t state : {block * 2, block * 2 + 1}) {
        for (const Turn& turn : graph.Out(state)) add(turn);
        for (const Turn& turn : graph.In(state)) add(turn);
      }
      first_.push_back(static_cast<uint32_t>(list_.size()));
    }
  }

  absl::Span<const uint32_t> Of(uint32_t block) const {
    return absl::MakeConstSpan(list_.data() + first_[block],
                               list_.data() + first_[block + 1]);
  }

 private:
  std::vector<uint32_t> first_;
  std::vector<uint32_t> list_;
};

// The parent of each rank in the elimination tree, without the arcs that are
// added (Liu, "The Role of Elimination Trees in Sparse Factorization", 1990).
std::vector<uint32_t> EliminationTree(const Neighbors& neighbors,
                                      const std::vector<uint32_t>& block,
                                      const std::vector<uint32_t>& rank) {
  std::vector<uint32_t> parent(block.size(), kNone);
  std::vector<uint32_t> ancestor(block.size(), kNone);
  for (uint32_t high = 0; high < block.size(); ++high) {
    for (const uint32_t neighbor : neighbors.Of(block[high])) {
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
  std::vector<uint32_t> block;
  std::vector<uint32_t> rank_of(size);
  block.reserve(size);
  for (const uint32_t segment : segment_order) {
    for (uint32_t one = graph.first_block(segment);
         one < graph.first_block(segment + 1); ++one) {
      rank_of[one] = static_cast<uint32_t>(block.size());
      block.push_back(one);
    }
  }
  const Neighbors neighbors(graph);
  std::vector<uint32_t> ordered(size);
  {
    const std::vector<uint32_t> order =
        Postorder(EliminationTree(neighbors, block, rank_of));
    for (uint32_t rank = 0; rank < size; ++rank) {
      ordered[rank] = block[order[rank]];
    }
  }
  for (uint32_t rank = 0; rank < size; ++rank) rank_of[ordered[rank]] = rank;

  // The arcs of a rank: to its higher neighbours, and to those of the ranks
  // whose parent it is.
  std::vector<uint32_t> heads;
  // Those whose parent a rank is, as a chain.
  std::vector<uint32_t> first_child(size, kNone);
  std::vector<uint32_t> next_child(size, kNone);
  std::vector<uint32_t> seen(size, kNone);
  first_arc_ = {0};
  first_arc_.reserve(size_t{size} + 1);
  for (uint32_t rank = 0; rank < size; ++rank) {
    const size_t begin = heads.size();
    seen[rank] = rank;
    const auto add = [&](uint32_t head) {
      if (head < rank || seen[head] == rank) return;
      seen[head] = rank;
      heads.push_back(head);
    };
    for (const uint32_t neighbor : neighbors.Of(ordered[rank])) {
      add(rank_of[neighbor]);
    }
    for (uint32_t child = first_child[rank]; child != kNone;
         child = next_child[child]) {
      for (uint32_t arc = first_arc_[child]; arc < first_arc_[child + 1];
           ++arc) {
        add(heads[arc]);
      }
    }
    std::sort(heads.begin() + static_cast<std::ptrdiff_t>(begin), heads.end());
    first_arc_.push_back(static_cast<uint32_t>(heads.size()));
    if (heads.size() == begin) continue;
    const uint32_t parent = heads[begin];
    next_child[rank] = first_child[parent];
    first_child[parent] = rank;
  }
  heads.shrink_to_fit();
  block_ = std::move(ordered);
  head_ = std::move(heads);
  Complete();
}

void Hierarchy::Complete() {
  const uint32_t size = blocks();
  rank_.resize(size);
  parent_.assign(size, kNone);
  for (uint32_t rank = 0; rank < size; ++rank) {
    rank_[block(rank)] = rank;
    if (first_arc_[rank] < first_arc_[rank + 1]) {
      parent_[rank] = head(first_arc_[rank]);
    }
  }
  lowest_.resize(size);
  std::iota(lowest_.begin(), lowest_.end(), 0);
  for (uint32_t rank = 0; rank < size; ++rank) {
    if (parent_[rank] == kNone) continue;
    lowest_[parent_[rank]] = std::min(lowest_[parent_[rank]], lowest_[rank]);
  }

  const absl::Span<const uint32_t> heads(head_);
  first_lower_.assign(size_t{size} + 1, 0);
  for (const uint32_t head : heads) ++first_lower_[head + 1];
  std::partial_sum(first_lower_.begin(), first_lower_.end(),
                   first_lower_.begin());
  std::vector<uint32_t> next(first_lower_.begin(), first_lower_.end() - 1);
  lower_.resize(heads.size());
  for (uint32_t rank = 0; rank < size; ++rank) {
    for (uint32_t arc = first_arc_[rank]; arc < first_arc_[rank + 1]; ++arc) {
      lower_[next[heads[arc]]++] = {rank, arc};
    }
  }
}

Hierarchy::Stored Hierarchy::ToStored() const {
  std::vector<uint32_t> counts;
  counts.reserve(blocks());
  for (uint32_t rank = 0; rank < blocks(); ++rank) {
    counts.push_back(first_arc_[rank + 1] - first_arc_[rank]);
  }
  return {block_, std::move(counts), head_};
}

absl::StatusOr<Hierarchy> Hierarchy::FromStored(const Graph& graph,
                                                Stored stored) {
  const auto wrong = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("its index: ", what));
  };
  const uint32_t size = graph.blocks();
  if (stored.blocks.size() != size || stored.arc_counts.size() != size) {
    return wrong("sizes");
  }
  std::vector<bool> seen(size);
  for (const uint32_t block : std::as_const(stored.blocks)) {
    if (block >= size || seen[block]) return wrong("blocks");
    seen[block] = true;
  }
  Hierarchy hierarchy;
  hierarchy.block_ = std::move(stored.blocks);
  hierarchy.head_ = std::move(stored.heads);
  hierarchy.first_arc_.reserve(size_t{size} + 1);
  const absl::Span<const uint32_t> counts(stored.arc_counts);
  uint32_t end = 0;
  for (uint32_t rank = 0; rank < size; ++rank) {
    hierarchy.first_arc_.push_back(end);
    if (counts[rank] > hierarchy.arcs() - end) return wrong("arcs");
    uint32_t least = rank + 1;
    for (uint32_t i = 0; i < counts[rank]; ++i, ++end) {
      const uint32_t head = hierarchy.head(end);
      if (head < least || head >= size) return wrong("an arc");
      least = head + 1;
    }
  }
  if (end != hierarchy.arcs()) return wrong("arcs");
  hierarchy.first_arc_.push_back(end);
  hierarchy.Complete();
  return hierarchy;
}

uint32_t Hierarchy::FindArc(uint32_t low, uint32_t high) const {
  const absl::Span<const uint32_t> heads = Heads(low);
  const auto* const it = std::lower_bound(heads.begin(), heads.end(), high);
  if (it == heads.end() || *it != high) return kNone;
  return first_arc_[low] + static_cast<uint32_t>(it - heads.begin());
}

}  // namespace housecall::router
