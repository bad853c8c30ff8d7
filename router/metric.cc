#include "router/metric.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>
#include <thread>
#include <utility>

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

// Beyond one changed road in this many, it is quicker to begin anew.
constexpr size_t kRoadsForEachChange = 300;

// The costs between the lower and the higher one of two heads of an arc, by way
// of the rank that both arcs come from.
PairCosts Over(const PairCosts& from_low, const PairCosts& to_high) {
  PairCosts costs;
  for (const uint32_t low : {0, 1}) {
    for (const uint32_t high : {0, 1}) {
      costs.of[low * 2 + high] =
          std::min({kNoWay, from_low.at(0, low) + to_high.at(0, high),
                    from_low.at(1, low) + to_high.at(1, high)});
    }
  }
  return costs;
}

void Improve(const PairCosts& other, PairCosts* costs) {
  for (int i = 0; i < 4; ++i) {
    costs->of[i] = std::min(costs->of[i], other.of[i]);
  }
}

// True if what was known may have come from `before`, or is worse than `after`.
template <size_t N>
bool Touches(const Cost (&before)[N], const Cost (&after)[N],
             const Cost (&known)[N]) {
  for (size_t i = 0; i < N; ++i) {
    if (before[i] != after[i] &&
        (before[i] == known[i] || after[i] < known[i])) {
      return true;
    }
  }
  return false;
}

size_t MostHeads(const Hierarchy& hierarchy) {
  size_t most = 0;
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    most = std::max(most, hierarchy.Heads(rank).size());
  }
  return most;
}

// Memory for all arcs at once, so that the system has it back when they go; in
// large pages, where it has some: to touch that many small ones for the first
// time takes a good part of a customization.
std::shared_ptr<uint8_t[]> Allocate(size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  if (bytes < 4 * kLargePage) {
    return std::make_shared_for_overwrite<uint8_t[]>(bytes);
  }
  bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
  auto* const begin = static_cast<uint8_t*>(
      ::operator new(bytes, std::align_val_t(kLargePage)));
#ifdef MADV_HUGEPAGE
  // Only quicker: it may as well fail.
  (void)madvise(begin, bytes, MADV_HUGEPAGE);
#endif
  return {begin, [](uint8_t* all) {
            ::operator delete(all, std::align_val_t(kLargePage));
          }};
}

// Runs work(i) for each i below `threads` on a thread of its own, one of them
// this one.
template <typename Work>
void OnThreads(int threads, Work work) {
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back(work, static_cast<size_t>(i));
  }
  work(0);
  for (std::thread& other : others) other.join();
}

}  // namespace

Metric::Metric(const Network& network, GraphWeights weights, int threads)
    : network_(network),
      weights_(std::move(weights)),
      self_(network.hierarchy->blocks()) {
  CustomizeAll(threads);
}

// What can be driven between a rank and higher ones, or itself, without a way
// over lower ones.
Cost Metric::TakeTurns(uint32_t rank, OpenRank* x) const {
  const Graph& graph = *network_.graph;
  const Hierarchy& hierarchy = *network_.hierarchy;
  Cost greatest = 0;
  const auto improve = [&](Cost other, Cost* cost) {
    if (other == kNoWay) return;
    greatest = std::max(greatest, other);
    *cost = std::min(*cost, other);
  };
  const uint32_t block = hierarchy.block(rank);
  for (const uint32_t low : {0, 1}) {
    const uint32_t state = block * 2 + low;
    for (const Turn& turn : graph.Out(state)) {
      const uint32_t other = hierarchy.rank(turn.state >> 1);
      const uint32_t high = turn.state & 1;
      if (other > rank) {
        improve(weights_.Of(state, turn),
                &x->arcs[x->arc_to[other]].up.of[low * 2 + high]);
      } else if (other == rank && high != low) {
        // From a state to itself is never quicker than staying.
        improve(weights_.Of(state, turn), &x->self.of[low]);
      }
    }
    graph.VisitIn(
        state, [&](uint32_t other) { return hierarchy.rank(other) > rank; },
        [&](uint32_t from, const Turn& turn) {
          improve(weights_.Of(from, turn),
                  &x->arcs[x->arc_to[hierarchy.rank(from >> 1)]]
                       .down.of[low * 2 + (from & 1)]);
        });
  }
  return greatest;
}

// The turns out of some states, each with its lower rank: listed at once, in
// the order in which memory has them, much sooner than found for one rank after
// the other.
class Metric::TurnList {
 public:
  TurnList(const Metric& metric, uint32_t first_state, uint32_t end_state)
      : end_(size_t{metric.network_.hierarchy->blocks()} + 1) {
    const Hierarchy& hierarchy = *metric.network_.hierarchy;
    const Graph& graph = *metric.network_.graph;
    const auto each = [&](const auto& visit) {
      for (uint32_t state = first_state; state < end_state; ++state) {
        const uint32_t from = hierarchy.rank(state >> 1);
        for (const Turn& turn : graph.Out(state)) {
          const uint32_t to = hierarchy.rank(turn.state >> 1);
          // From a state to itself is never quicker than staying.
          if (turn.state != state) visit(state, turn, from, to);
        }
      }
    };
    each([&](uint32_t, const Turn&, uint32_t from, uint32_t to) {
      ++end_[std::min(from, to) + 1];
    });
    std::partial_sum(end_.begin(), end_.end(), end_.begin());
    all_ = std::make_unique_for_overwrite<One[]>(end_.back());
    // Where those of a rank begin, until they are there.
    each([&](uint32_t state, const Turn& turn, uint32_t from, uint32_t to) {
      const Cost cost = metric.weights_.Of(state, turn);
      const bool is_down = to < from;
      const uint32_t low = (is_down ? turn.state : state) & 1;
      const uint32_t high = (is_down ? state : turn.state) & 1;
      all_[end_[std::min(from, to)]++] = {
          std::max(from, to) << 1 | (is_down ? 1U : 0U),
          cost << 2 | low << 1 | high};
    });
  }

  // As Metric::TakeTurns.
  Cost Take(uint32_t rank, OpenRank* x) const {
    Cost greatest = 0;
    for (uint32_t at = rank == 0 ? 0 : end_[rank - 1]; at < end_[rank]; ++at) {
      const One& turn = all_[at];
      const Cost cost = turn.cost_and_states >> 2;
      if (cost == kNoWay) continue;
      greatest = std::max(greatest, cost);
      const uint32_t other = turn.other_and_way >> 1;
      Cost* known = nullptr;
      if (other == rank) {
        known = &x->self.of[turn.cost_and_states >> 1 & 1];
      } else {
        OpenArc& arc = x->arcs[x->arc_to[other]];
        known = ((turn.other_and_way & 1) != 0 ? arc.down : arc.up).of +
                (turn.cost_and_states & 3);
      }
      *known = std::min(*known, cost);
    }
    return greatest;
  }

 private:
  struct One {
    // The higher rank; below it, one bit: set if the turn comes from there.
    uint32_t other_and_way;
    // The cost; below it, two bits: the state of the lower rank's block, and
    // that of the other one.
    uint32_t cost_and_states;
  };

  // By rank; where its turns begin, those of the rank before end.
  std::vector<uint32_t> end_;
  std::unique_ptr<One[]> all_;
};

// One customization of everything: when a rank's turn comes, all ways over
// lower ranks are in its arcs. The lower ranks that lead to a rank are in a
// list of its own meanwhile; each goes from the list of one of its heads to
// that of the next one (as in sparse factorizations that look to the left).
class Metric::Contraction {
 public:
  explicit Contraction(Metric* metric)
      : metric_(*metric),
        hierarchy_(*metric->network_.hierarchy),
        most_heads_(MostHeads(hierarchy_)),
        first_lower_(hierarchy_.blocks(), kNone),
        links_(hierarchy_.blocks()) {}

  // False if a cost does not fit into the metric's width.
  bool Run(int threads);

 private:
  // Of each thread.
  struct Scratch {
    explicit Scratch(const Contraction& owner)
        : arc_to(owner.hierarchy_.blocks()), arcs(owner.most_heads_) {}

    // As in OpenRank.
    std::vector<uint32_t> arc_to;
    std::vector<OpenArc> arcs;
  };
  // Of a rank whose turn has come: its arcs from the one on to the head in
  // whose list it is, and the next rank in that list.
  struct Link {
    Triangles arcs;
    uint32_t next = kNone;
  };

  // Puts a rank into the list of its next head; heads above `top` wait.
  void Enlist(uint32_t rank, uint32_t top) {
    Link& link = links_[rank];
    if (link.arcs.arcs == 0 || *link.arcs.heads > top) return;
    uint32_t& first = first_lower_[*link.arcs.heads];
    link.next = first;
    first = rank;
  }
  void Contract(uint32_t rank, uint32_t top, Scratch* scratch);

  Metric& metric_;
  const Hierarchy& hierarchy_;
  const size_t most_heads_;
  // Each made by one thread.
  std::vector<std::unique_ptr<const TurnList>> turns_;
  // By rank.
  std::vector<uint32_t> first_lower_;
  std::vector<Link> links_;
  std::atomic<bool> fits_ = true;
};

void Metric::Contraction::Contract(uint32_t rank, uint32_t top,
                                   Scratch* scratch) {
  const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
  uint32_t* const arc_to = scratch->arc_to.data();
  OpenRank x = {arc_to, scratch->arcs.data(), {}};
  for (uint32_t i = 0; i < heads.size(); ++i) {
    arc_to[heads[i]] = i;
    x.arcs[i] = OpenArc();
  }
  Cost greatest = 0;
  for (const std::unique_ptr<const TurnList>& some : turns_) {
    greatest = std::max(greatest, some->Take(rank, &x));
  }
  const size_t stride = metric_.bytes_per_arc() / 2;
  for (uint32_t lower = first_lower_[rank]; lower != kNone;) {
    Link& link = links_[lower];
    const uint32_t next = link.next;
    if (next != kNone) __builtin_prefetch(&links_[next]);
    RelaxTriangles(link.arcs, metric_.width_, &x);
    link.arcs = {link.arcs.heads + 1, link.arcs.up + stride,
                 link.arcs.down + stride, link.arcs.arcs - 1};
    Enlist(lower, top);
    lower = next;
  }
  metric_.Close(&x.self);
  FoldSelf(x.self, heads.size(), x.arcs);
  metric_.self_[rank] = x.self;
  uint8_t* const up = metric_.begin(rank);
  uint8_t* const down = up + heads.size() * stride;
  if (!StoreArcs(x.arcs, heads.size(), metric_.width_, up, down) ||
      !metric_.Fits(greatest) || !metric_.Fits(x.self.of[0]) ||
      !metric_.Fits(x.self.of[1])) {
    fits_ = false;
  }
  links_[rank].arcs = {heads.data(), up, down,
                       static_cast<uint32_t>(heads.size())};
  Enlist(rank, top);
}

// Ranks below different ranks have nothing to do with each other: subtrees are
// shared out among threads, then come the ranks above all of them.
bool Metric::Contraction::Run(int threads) {
  const uint32_t size = hierarchy_.blocks();
  turns_.resize(static_cast<size_t>(std::max(threads, 1)));
  OnThreads(threads, [&](size_t part) {
    const auto begin = [&](size_t some) {
      return static_cast<uint32_t>(uint64_t{metric_.network_.graph->states()} *
                                   some / turns_.size());
    };
    turns_[part] =
        std::make_unique<const TurnList>(metric_, begin(part), begin(part + 1));
  });
  if (threads <= 1) {
    Scratch scratch(*this);
    for (uint32_t rank = 0; rank < size && fits_; ++rank) {
      Contract(rank, kNone, &scratch);
    }
    return fits_;
  }

  const uint32_t most = size / (static_cast<uint32_t>(threads) * 8) + 1;
  // The roots of the greatest subtrees of at most that size.
  std::vector<uint32_t> roots;
  std::vector<uint32_t> above;
  const auto is_small = [&](uint32_t root) {
    return root - hierarchy_.lowest(root) < most;
  };
  for (uint32_t rank = 0; rank < size; ++rank) {
    const uint32_t parent = hierarchy_.parent(rank);
    if (!is_small(rank)) {
      above.push_back(rank);
    } else if (parent == kNone || !is_small(parent)) {
      roots.push_back(rank);
    }
  }
  std::atomic<size_t> next = 0;
  OnThreads(threads, [&](size_t) {
    Scratch own(*this);
    while (fits_) {
      const size_t i = next.fetch_add(1);
      if (i >= roots.size()) return;
      for (uint32_t rank = hierarchy_.lowest(roots[i]); rank <= roots[i];
           ++rank) {
        Contract(rank, roots[i], &own);
      }
    }
  });
  if (!fits_) return false;
  for (const uint32_t root : roots) {
    for (uint32_t rank = hierarchy_.lowest(root); rank <= root; ++rank) {
      Enlist(rank, kNone);
    }
  }
  Scratch scratch(*this);
  for (const uint32_t rank : above) Contract(rank, kNone, &scratch);
  return fits_;
}

void Metric::CustomizeAll(int threads) {
  const uint32_t count =
      (network_.hierarchy->blocks() + kRanksInPiece - 1) / kRanksInPiece;
  // With the width that served before; the wide one always does.
  for (;; width_ = CostWidth::kWide) {
    size_t bytes = 0;
    for (uint32_t piece = 0; piece < count; ++piece) bytes += PieceBytes(piece);
    // What was too narrow is not kept beside what takes its place.
    pieces_.assign(count, nullptr);
    const std::shared_ptr<uint8_t[]> all = Allocate(bytes);
    bytes = 0;
    for (uint32_t piece = 0; piece < count; ++piece) {
      pieces_[piece] = Piece(all, all.get() + bytes);
      bytes += PieceBytes(piece);
    }
    if (Contraction(this).Run(threads)) return;
  }
}

// Follows changes upwards.
class Metric::Update {
 public:
  explicit Update(Metric* metric)
      : metric_(*metric),
        hierarchy_(*metric->network_.hierarchy),
        is_own_(metric->pieces_.size()),
        ranks_((hierarchy_.blocks() + 63) / 64),
        arcs_(hierarchy_.arcs()),
        self_(hierarchy_.blocks()),
        arc_to_(hierarchy_.blocks()),
        x_(MostHeads(hierarchy_)) {}

  // False if a cost does not fit into the metric's width.
  bool Run(absl::Span<const RoadChange> changes,
           absl::Span<const TurnChange> turn_changes) {
    for (const RoadChange& change : changes) MarkRoad(change.road);
    for (const TurnChange& change : turn_changes) MarkTurns(change.condition);
    for (size_t word = 0; word < ranks_.size(); ++word) {
      // Only higher ranks are marked meanwhile.
      while (ranks_[word] != 0) {
        const int bit = std::countr_zero(ranks_[word]);
        ranks_[word] &= ranks_[word] - 1;
        if (!Recustomize(static_cast<uint32_t>(word * 64) +
                         static_cast<uint32_t>(bit))) {
          return false;
        }
      }
    }
    return true;
  }

 private:
  void MarkRank(uint32_t rank) {
    ranks_[rank / 64] |= uint64_t{1} << rank % 64;
  }
  void MarkSelf(uint32_t rank) {
    self_[rank] = true;
    MarkRank(rank);
  }
  void MarkTurn(uint32_t tail, uint32_t head) {
    const uint32_t a = hierarchy_.rank(tail >> 1);
    const uint32_t b = hierarchy_.rank(head >> 1);
    if (a == b) return MarkSelf(a);
    const uint32_t arc = hierarchy_.FindArc(std::min(a, b), std::max(a, b));
    arcs_[arc] = true;
    MarkRank(std::min(a, b));
  }
  void MarkRoad(ArcRoad road);
  void MarkTurns(uint32_t condition);
  void MarkTurnsBack(uint32_t state);
  void MarkWaysOver(uint32_t rank, size_t changed, const OpenArc& old);
  void MarkWayOver(uint32_t low, uint32_t high, const PairCosts& up_before,
                   const PairCosts& up_after, const PairCosts& down_before,
                   const PairCosts& down_after);
  OpenArc ArcOf(uint32_t rank, size_t i) const {
    return {metric_.up(rank)[i], metric_.down(rank)[i]};
  }
  uint8_t* OwnBegin(uint32_t rank);
  bool Recustomize(uint32_t rank);

  Metric& metric_;
  const Hierarchy& hierarchy_;
  std::vector<bool> is_own_;
  // What has to be looked at: ranks as bits, arcs, ways within a rank.
  std::vector<uint64_t> ranks_;
  std::vector<bool> arcs_;
  std::vector<bool> self_;
  std::vector<uint32_t> arc_to_;
  // The arcs of the rank that is looked at.
  std::vector<OpenArc> x_;
};

// Turns into the road take another time, and who cannot turn into it may turn
// back now, or no longer.
void Metric::Update::MarkRoad(ArcRoad road) {
  const Graph& graph = *metric_.network_.graph;
  for (uint32_t block = graph.first_block(road.segment());
       block < graph.first_block(road.segment() + 1); ++block) {
    const uint32_t state = block * 2 + (road.backward() ? 1 : 0);
    graph.VisitIn(state, [&](uint32_t before, const Turn&) {
      MarkTurn(before, state);
      MarkTurnsBack(before);
    });
  }
}

void Metric::Update::MarkTurns(uint32_t condition) {
  const Graph& graph = *metric_.network_.graph;
  for (const TurnCondition::Place& turn : graph.condition(condition).turns) {
    MarkTurn(turn.from_state, turn.to_state);
    MarkTurnsBack(turn.from_state);
  }
}

void Metric::Update::MarkTurnsBack(uint32_t state) {
  for (const Turn& turn : metric_.network_.graph->Out(state)) {
    if (turn.is_back != 0) MarkTurn(state, turn.state);
  }
}

// A way over a lower rank has changed: marks the arc between its ends if that
// may have come from it, or is worse now. The names are as seen from `low`.
void Metric::Update::MarkWayOver(uint32_t low, uint32_t high,
                                 const PairCosts& up_before,
                                 const PairCosts& up_after,
                                 const PairCosts& down_before,
                                 const PairCosts& down_after) {
  const uint32_t arc = hierarchy_.FindArc(low, high);
  if (arcs_[arc]) return;
  const OpenArc known = ArcOf(low, arc - hierarchy_.first_arc(low));
  if (!Touches(up_before.of, up_after.of, known.up.of) &&
      !Touches(down_before.of, down_after.of, known.down.of)) {
    return;
  }
  arcs_[arc] = true;
  MarkRank(low);
}

// An arc of a rank has changed, and with it the ways over that rank.
void Metric::Update::MarkWaysOver(uint32_t rank, size_t changed,
                                  const OpenArc& old) {
  const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
  const OpenArc arc = ArcOf(rank, changed);
  const uint32_t head = heads[changed];
  if (!self_[head]) {
    SelfCosts before;
    SelfCosts after;
    RelaxOwn(old.up, old.down, &before);
    RelaxOwn(arc.up, arc.down, &after);
    if (Touches(before.of, after.of, metric_.self_[head].of)) MarkSelf(head);
  }
  for (size_t i = 0; i < heads.size(); ++i) {
    if (i == changed) continue;
    const OpenArc other = ArcOf(rank, i);
    if (changed < i) {
      MarkWayOver(head, heads[i], Over(old.down, other.up),
                  Over(arc.down, other.up), Over(old.up, other.down),
                  Over(arc.up, other.down));
    } else {
      MarkWayOver(heads[i], head, Over(other.down, old.up),
                  Over(other.down, arc.up), Over(other.up, old.down),
                  Over(other.up, arc.down));
    }
  }
}

// The arcs of a rank in a piece that no other metric has.
uint8_t* Metric::Update::OwnBegin(uint32_t rank) {
  const uint32_t piece = rank / kRanksInPiece;
  if (!is_own_[piece]) {
    is_own_[piece] = true;
    const size_t bytes = metric_.PieceBytes(piece);
    Piece copy = std::make_shared_for_overwrite<uint8_t[]>(bytes);
    std::memcpy(copy.get(), metric_.pieces_[piece].get(), bytes);
    metric_.pieces_[piece] = std::move(copy);
  }
  return metric_.begin(rank);
}

bool Metric::Update::Recustomize(uint32_t rank) {
  const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
  const uint32_t first_arc = hierarchy_.first_arc(rank);
  OpenRank x = {arc_to_.data(), x_.data(), {}};
  for (uint32_t i = 0; i < heads.size(); ++i) {
    arc_to_[heads[i]] = i;
    x.arcs[i] = OpenArc();
  }
  if (!metric_.Fits(metric_.TakeTurns(rank, &x))) return false;
  SelfCosts self = x.self;
  bool self_changed = false;
  if (self_[rank]) {
    hierarchy_.VisitLower(rank, [&](uint32_t tail, uint32_t at) {
      RelaxOwn(metric_.up(tail)[at], metric_.down(tail)[at], &self);
      return true;
    });
    if (!metric_.Fits(self.of[0]) || !metric_.Fits(self.of[1])) return false;
    self_changed = !(self == metric_.self_[rank]);
    metric_.self_[rank] = self;
  }
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < heads.size(); ++i) {
    if (self_changed || arcs_[first_arc + i]) open.push_back(i);
  }
  if (open.empty()) return true;
  const bool is_most = open.size() * 8 > heads.size();
  hierarchy_.VisitLower(rank, [&](uint32_t tail, uint32_t at) {
    const absl::Span<const uint32_t> tail_heads =
        hierarchy_.Heads(tail).subspan(at);
    const ArcCosts tail_up = metric_.up(tail).From(at);
    const ArcCosts tail_down = metric_.down(tail).From(at);
    if (is_most) {
      RelaxTriangles({tail_heads.data(), tail_up.begin(), tail_down.begin(),
                      static_cast<uint32_t>(tail_heads.size())},
                     metric_.width_, &x);
      return true;
    }
    const auto* next = tail_heads.begin() + 1;
    for (const uint32_t i : open) {
      next = std::lower_bound(next, tail_heads.end(), heads[i]);
      if (next == tail_heads.end()) break;
      if (*next != heads[i]) continue;
      const size_t other = static_cast<size_t>(next - tail_heads.begin());
      Improve(Over(tail_down[0], tail_up[other]), &x_[i].up);
      Improve(Over(tail_up[0], tail_down[other]), &x_[i].down);
    }
    return true;
  });
  struct Old {
    uint32_t at;
    OpenArc arc;
  };
  std::vector<Old> changed;
  const size_t half = heads.size() * metric_.bytes_per_arc() / 2;
  for (const uint32_t i : open) {
    FoldSelf(metric_.self_[rank], 1, &x_[i]);
    // As it is stored, for the comparison.
    uint8_t stored[2 * sizeof(PairCosts)];
    const size_t bytes = metric_.bytes_per_arc() / 2;
    if (!StoreArcs(&x_[i], 1, metric_.width_, stored, stored + bytes)) {
      return false;
    }
    const size_t at = i * bytes;
    const uint8_t* const known = metric_.begin(rank) + at;
    if (std::memcmp(known, stored, bytes) == 0 &&
        std::memcmp(known + half, stored + bytes, bytes) == 0) {
      continue;
    }
    changed.push_back({i, ArcOf(rank, i)});
    uint8_t* const own = OwnBegin(rank) + at;
    std::memcpy(own, stored, bytes);
    std::memcpy(own + half, stored + bytes, bytes);
  }
  for (const Old& old : changed) MarkWaysOver(rank, old.at, old.arc);
  // Ways that have changed at both their arcs.
  for (size_t i = 0; i < changed.size(); ++i) {
    const OpenArc high = ArcOf(rank, changed[i].at);
    for (size_t j = 0; j < i; ++j) {
      const OpenArc low = ArcOf(rank, changed[j].at);
      MarkWayOver(heads[changed[j].at], heads[changed[i].at],
                  Over(changed[j].arc.down, changed[i].arc.up),
                  Over(low.down, high.up),
                  Over(changed[j].arc.up, changed[i].arc.down),
                  Over(low.up, high.down));
    }
  }
  return true;
}

Metric::Metric(const Metric& before, absl::Span<const RoadChange> changes,
               absl::Span<const TurnChange> turn_changes, int threads)
    : network_(before.network_),
      weights_(before.weights_),
      width_(before.width_),
      pieces_(before.pieces_),
      self_(before.self_) {
  std::vector<RoadChange> real;
  for (const RoadChange& change : changes) {
    const Segment& segment = network_.data->segments[change.road.segment()];
    const uint32_t by_map = change.road.backward() ? segment.backward_weight
                                                   : segment.forward_weight;
    if (by_map == kClosed || weights_.road(change.road) == change.weight) {
      continue;
    }
    weights_.Set(change.road, change.weight);
    real.push_back(change);
  }
  std::vector<TurnChange> real_turns;
  for (const TurnChange& change : turn_changes) {
    if (weights_.holds(change.condition) == change.holds) continue;
    weights_.SetCondition(change.condition, change.holds);
    real_turns.push_back(change);
  }
  if (real.size() * kRoadsForEachChange > network_.data->segments.size() ||
      !Update(this).Run(real, real_turns)) {
    CustomizeAll(threads);
  }
}

size_t Metric::BytesBeside(const Metric* other) const {
  size_t bytes = self_.size() * sizeof(self_[0]) + network_.graph->states() +
                 network_.data->segments.size() * 8;
  for (uint32_t i = 0; i < pieces_.size(); ++i) {
    if (other != nullptr && other->pieces_[i] == pieces_[i]) continue;
    bytes += PieceBytes(i);
  }
  return bytes;
}

}  // namespace housecall::router
