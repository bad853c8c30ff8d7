#include "router/hierarchy.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

// The blocks that turns join a block with, in either direction; some twice.
class Neighbors {
 public:
  explicit Neighbors(const Graph& graph) {
    first_.resize(size_t{graph.blocks()} + 1);
    const auto each = [&](const auto& add) {
      for (uint32_t state = 0; state < graph.states(); ++state) {
        const uint32_t block = state >> 1;
        uint32_t before = block;
        for (const Turn& turn : graph.Out(state)) {
          const uint32_t other = turn.state >> 1;
          if (other == before || other == block) continue;
          before = other;
          add(block, other);
          add(other, block);
        }
      }
    };
    each([&](uint32_t block, uint32_t) { ++first_[block + 1]; });
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    list_.resize(first_.back());
    std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
    each([&](uint32_t block, uint32_t other) { list_[next[block]++] = other; });
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
  std::vector<uint32_t> first_arcs = {0};
  first_arcs.reserve(size_t{size} + 1);
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
      for (uint32_t arc = first_arcs[child]; arc < first_arcs[child + 1];
           ++arc) {
        add(heads[arc]);
      }
    }
    std::sort(heads.begin() + static_cast<std::ptrdiff_t>(begin), heads.end());
    first_arcs.push_back(static_cast<uint32_t>(heads.size()));
    if (heads.size() == begin) continue;
    const uint32_t parent = heads[begin];
    next_child[rank] = first_child[parent];
    first_child[parent] = rank;
  }
  heads.shrink_to_fit();
  first_arc_ = std::move(first_arcs);
  block_ = std::move(ordered);
  head_ = std::move(heads);
  Complete();
}

void Hierarchy::Complete() {
  const uint32_t size = blocks();
  rank_.resize(size);
  lowest_.resize(size);
  std::iota(lowest_.begin(), lowest_.end(), 0);
  for (uint32_t rank = 0; rank < size; ++rank) {
    rank_[block(rank)] = rank;
    const uint32_t above = parent(rank);
    if (above != kNone) {
      lowest_[above] = std::min(lowest_[above], lowest_[rank]);
    }
  }
}

Hierarchy::Stored Hierarchy::ToStored() const {
  return {block_, first_arc_, head_};
}

absl::StatusOr<Hierarchy> Hierarchy::FromStored(const Graph& graph,
                                                Stored stored) {
  const auto wrong = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("its index: ", what));
  };
  const uint32_t size = graph.blocks();
  if (stored.blocks.size() != size ||
      stored.first_arcs.size() != size_t{size} + 1) {
    return wrong("sizes");
  }
  std::vector<bool> seen(size);
  for (const uint32_t block : std::as_const(stored.blocks)) {
    if (block >= size || seen[block]) return wrong("blocks");
    seen[block] = true;
  }
  Hierarchy hierarchy;
  hierarchy.block_ = std::move(stored.blocks);
  hierarchy.first_arc_ = std::move(stored.first_arcs);
  hierarchy.head_ = std::move(stored.heads);
  if (hierarchy.first_arc(0) != 0 ||
      hierarchy.first_arc(size) != hierarchy.arcs()) {
    return wrong("arcs");
  }
  for (uint32_t rank = 0; rank < size; ++rank) {
    const uint32_t end = hierarchy.first_arc(rank + 1);
    if (end < hierarchy.first_arc(rank) || end > hierarchy.arcs()) {
      return wrong("arcs");
    }
    uint32_t least = rank + 1;
    for (uint32_t arc = hierarchy.first_arc(rank); arc < end; ++arc) {
      const uint32_t head = hierarchy.head(arc);
      if (head < least || head >= size) return wrong("an arc");
      least = head + 1;
    }
  }
  hierarchy.Complete();
  // Everything else relies on it: the ranks below a rank are next to each
  // other, and whatever a rank is joined with, its parent is joined with too.
  std::vector<uint32_t> below(size, 1);
  for (uint32_t rank = 0; rank < size; ++rank) {
    if (below[rank] != rank - hierarchy.lowest(rank) + 1) return wrong("order");
    const uint32_t parent = hierarchy.parent(rank);
    if (parent == kNone) continue;
    below[parent] += below[rank];
    const absl::Span<const uint32_t> above = hierarchy.Heads(parent);
    const auto* at = above.begin();
    for (const uint32_t head : hierarchy.Heads(rank).subspan(1)) {
      while (at != above.end() && *at < head) ++at;
      if (at == above.end() || *at != head) return wrong("an arc");
    }
  }
  // Each turn has the arc that a metric writes it to.
  for (uint32_t state = 0; state < size * 2; ++state) {
    const uint32_t from = hierarchy.rank(state >> 1);
    for (const Turn& turn : graph.Out(state)) {
      const uint32_t to = hierarchy.rank(turn.state >> 1);
      if (to != from &&
          hierarchy.FindArc(std::min(from, to), std::max(from, to)) == kNone) {
        return wrong("a turn");
      }
    }
  }
  return hierarchy;
}

uint32_t Hierarchy::FindArc(uint32_t low, uint32_t high) const {
  const absl::Span<const uint32_t> heads = Heads(low);
  const auto* const it = std::lower_bound(heads.begin(), heads.end(), high);
  if (it == heads.end() || *it != high) return kNone;
  return first_arc_[low] + static_cast<uint32_t>(it - heads.begin());
}

}  // namespace housecall::router
