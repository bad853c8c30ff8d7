#include "router/metric.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace housecall::router {
namespace {

static_assert(std::is_trivially_copyable_v<PairCosts>);

// Arcs in a piece. What a small change copies are a few dozen pieces.
constexpr size_t kArcsInPiece = 2048;

// Beyond one changed road in this many, it is quicker to begin anew.
constexpr size_t kRoadsForEachChange = 300;

// The costs between the lower and the higher one of two heads of an arc, by way
// of the rank that both arcs come from.
void Over(const PairCosts& from_low, const PairCosts& to_high,
          PairCosts* costs) {
  for (const uint32_t low : {0, 1}) {
    for (const uint32_t high : {0, 1}) {
      costs->of[low * 2 + high] =
          std::min(from_low.at(0, low) + to_high.at(0, high),
                   from_low.at(1, low) + to_high.at(1, high));
    }
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

}  // namespace

Metric::Piece::Piece(size_t arcs)
    : size_(arcs),
      data_(static_cast<PairCosts*>(::operator new (
          arcs * sizeof(PairCosts), std::align_val_t{alignof(PairCosts)}))) {}

Metric::Piece::Piece(const Piece& other) : Piece(other.size_) {
  std::memcpy(static_cast<void*>(data_), other.data_,
              size_ * sizeof(PairCosts));
}

Metric::Piece::~Piece() {
  ::operator delete (data_, std::align_val_t{alignof(PairCosts)});
}

Metric::Metric(const Network& network, GraphWeights weights, int threads)
    : network_(network),
      weights_(std::move(weights)),
      stride_(kArcsInPiece),
      arcs_(network.hierarchy->blocks()),
      self_(network.hierarchy->blocks()) {
  const Hierarchy& hierarchy = *network_.hierarchy;
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    stride_ = std::max(stride_, hierarchy.Heads(rank).size());
  }
  auto layout = std::make_shared<Layout>();
  layout->piece_of_rank.resize(hierarchy.blocks());
  size_t used = stride_ + 1;
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    const size_t arcs = hierarchy.Heads(rank).size();
    if (used + arcs > stride_) {
      layout->first_rank.push_back(rank);
      pieces_.push_back(std::make_shared<Piece>(2 * stride_));
      used = 0;
    }
    layout->piece_of_rank[rank] = static_cast<uint32_t>(pieces_.size()) - 1;
    arcs_[rank] = pieces_.back()->data() + used;
    used += arcs;
  }
  layout_ = std::move(layout);
  CustomizeAll(threads);
}

// What can be driven between a rank and higher ones, or itself, without a way
// over lower ones.
void Metric::TakeTurns(uint32_t rank, const uint32_t* arc_to, PairCosts* up,
                       PairCosts* down, SelfCosts* self) const {
  const Graph& graph = *network_.graph;
  const Hierarchy& hierarchy = *network_.hierarchy;
  const auto improve = [](Cost other, Cost* cost) {
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
                &up[arc_to[other]].of[low * 2 + high]);
      } else if (other == rank && high != low) {
        // From a state to itself is never quicker than staying.
        improve(weights_.Of(state, turn), &self->of[low]);
      }
    }
    for (const Turn& turn : graph.In(state)) {
      const uint32_t other = hierarchy.rank(turn.state >> 1);
      if (other <= rank) continue;
      improve(weights_.OfIncoming(turn, state),
              &down[arc_to[other]].of[low * 2 + (turn.state & 1)]);
    }
  }
}

// When a rank's turn comes, all ways over lower ranks are in its arcs.
void Metric::CustomizeRank(uint32_t rank, uint32_t* arc_to) {
  const Hierarchy& hierarchy = *network_.hierarchy;
  const absl::Span<const uint32_t> heads = hierarchy.Heads(rank);
  for (uint32_t i = 0; i < heads.size(); ++i) arc_to[heads[i]] = i;
  PairCosts* const x_up = arcs_[rank];
  PairCosts* const x_down = x_up + stride_;
  SelfCosts& x_self = self_[rank];
  std::uninitialized_fill_n(x_up, heads.size(), PairCosts());
  std::uninitialized_fill_n(x_down, heads.size(), PairCosts());
  x_self = SelfCosts();
  TakeTurns(rank, arc_to, x_up, x_down, &x_self);
  for (const Hierarchy::LowerArc& lower : hierarchy.Lower(rank)) {
    const uint32_t at = lower.arc - hierarchy.first_arc(lower.tail);
    const PairCosts* const v_up = up(lower.tail) + at;
    const PairCosts* const v_down = down(lower.tail) + at;
    RelaxOwn(*v_up, *v_down, &x_self);
    RelaxTriangles({hierarchy.heads() + lower.arc, v_up, v_down,
                    hierarchy.first_arc(lower.tail + 1) - lower.arc, arc_to,
                    x_up, x_down});
  }
  FoldSelf(x_self, heads.size(), x_up, x_down);
}

// Ranks below different ranks have nothing to do with each other: subtrees are
// shared out among threads, then come the ranks above all of them.
void Metric::CustomizeAll(int threads) {
  const Hierarchy& hierarchy = *network_.hierarchy;
  const uint32_t size = hierarchy.blocks();
  const auto customize = [&](uint32_t first, uint32_t end,
                             std::vector<uint32_t>* arc_to) {
    for (uint32_t rank = first; rank < end; ++rank) {
      CustomizeRank(rank, arc_to->data());
    }
  };
  std::vector<uint32_t> arc_to(size);
  if (threads <= 1) return customize(0, size, &arc_to);

  const uint32_t most = size / (static_cast<uint32_t>(threads) * 8) + 1;
  // The roots of the greatest subtrees of at most that size.
  std::vector<uint32_t> roots;
  std::vector<uint32_t> above;
  const auto is_small = [&](uint32_t root) {
    return root - hierarchy.lowest(root) < most;
  };
  for (uint32_t rank = 0; rank < size; ++rank) {
    const uint32_t parent = hierarchy.parent(rank);
    if (!is_small(rank)) {
      above.push_back(rank);
    } else if (parent == Hierarchy::kNone || !is_small(parent)) {
      roots.push_back(rank);
    }
  }
  std::atomic<size_t> next = 0;
  const auto work = [&](std::vector<uint32_t>* own_arc_to) {
    while (true) {
      const size_t i = next.fetch_add(1);
      if (i >= roots.size()) return;
      customize(hierarchy.lowest(roots[i]), roots[i] + 1, own_arc_to);
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back([&work, size] {
      std::vector<uint32_t> own_arc_to(size);
      work(&own_arc_to);
    });
  }
  work(&arc_to);
  for (std::thread& other : others) other.join();
  for (const uint32_t rank : above) CustomizeRank(rank, arc_to.data());
}

void Metric::SetPiece(uint32_t piece, std::shared_ptr<Piece> with) {
  const PairCosts* const old_begin = pieces_[piece]->data();
  const uint32_t end = piece + 1 < layout_->first_rank.size()
                           ? layout_->first_rank[piece + 1]
                           : static_cast<uint32_t>(arcs_.size());
  for (uint32_t rank = layout_->first_rank[piece]; rank < end; ++rank) {
    arcs_[rank] = with->data() + (arcs_[rank] - old_begin);
  }
  pieces_[piece] = std::move(with);
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
        up_(metric->stride_),
        down_(metric->stride_) {}

  void Run(absl::Span<const RoadChange> changes,
           absl::Span<const TurnChange> turn_changes) {
    for (const RoadChange& change : changes) MarkRoad(change.road);
    for (const TurnChange& change : turn_changes) MarkTurns(change.condition);
    for (size_t word = 0; word < ranks_.size(); ++word) {
      // Only higher ranks are marked meanwhile.
      while (ranks_[word] != 0) {
        const int bit = std::countr_zero(ranks_[word]);
        ranks_[word] &= ranks_[word] - 1;
        Recustomize(static_cast<uint32_t>(word * 64) +
                    static_cast<uint32_t>(bit));
      }
    }
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
    arcs_[hierarchy_.FindArc(std::min(a, b), std::max(a, b))] = true;
    MarkRank(std::min(a, b));
  }
  void MarkRoad(ArcRoad road);
  void MarkTurns(uint32_t condition);
  void MarkTurnsBack(uint32_t state);
  void MarkWaysOver(uint32_t rank, size_t changed, const PairCosts& old_up,
                    const PairCosts& old_down);
  void Recustomize(uint32_t rank);

  Metric& metric_;
  const Hierarchy& hierarchy_;
  std::vector<bool> is_own_;
  // What has to be looked at: ranks as bits, arcs, ways within a rank.
  std::vector<uint64_t> ranks_;
  std::vector<bool> arcs_;
  std::vector<bool> self_;
  std::vector<uint32_t> arc_to_;
  // The arcs of the rank that is looked at.
  std::vector<PairCosts> up_;
  std::vector<PairCosts> down_;
};

// Turns into the road take another time, and who cannot turn into it may turn
// back now, or no longer.
void Metric::Update::MarkRoad(ArcRoad road) {
  const Graph& graph = *metric_.network_.graph;
  for (uint32_t block = graph.first_block(road.segment());
       block < graph.first_block(road.segment() + 1); ++block) {
    const uint32_t state = block * 2 + (road.backward() ? 1 : 0);
    for (const Turn& turn : graph.In(state)) {
      MarkTurn(turn.state, state);
      MarkTurnsBack(turn.state);
    }
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

// An arc of a rank has changed, and with it the ways over that rank.
void Metric::Update::MarkWaysOver(uint32_t rank, size_t changed,
                                  const PairCosts& old_up,
                                  const PairCosts& old_down) {
  const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
  const PairCosts* const all_up = metric_.up(rank);
  const PairCosts* const all_down = metric_.down(rank);
  const PairCosts& new_up = all_up[changed];
  const PairCosts& new_down = all_down[changed];
  const uint32_t head = heads[changed];
  if (!self_[head]) {
    SelfCosts before;
    SelfCosts after;
    RelaxOwn(old_up, old_down, &before);
    RelaxOwn(new_up, new_down, &after);
    if (Touches(before.of, after.of, metric_.self_[head].of)) MarkSelf(head);
  }
  for (size_t i = 0; i < heads.size(); ++i) {
    if (i == changed) continue;
    const bool is_low = changed < i;
    const uint32_t low = is_low ? head : heads[i];
    const uint32_t high = is_low ? heads[i] : head;
    const uint32_t arc = hierarchy_.FindArc(low, high);
    if (arcs_[arc]) continue;
    const uint32_t at = arc - hierarchy_.first_arc(low);
    PairCosts before;
    PairCosts after;
    // From the lower head to the higher one, and back.
    Over(is_low ? old_down : all_down[i], is_low ? all_up[i] : old_up, &before);
    Over(is_low ? new_down : all_down[i], is_low ? all_up[i] : new_up, &after);
    bool touches = Touches(before.of, after.of, metric_.up(low)[at].of);
    if (!touches) {
      Over(is_low ? old_up : all_up[i], is_low ? all_down[i] : old_down,
           &before);
      Over(is_low ? new_up : all_up[i], is_low ? all_down[i] : new_down,
           &after);
      touches = Touches(before.of, after.of, metric_.down(low)[at].of);
    }
    if (!touches) continue;
    arcs_[arc] = true;
    MarkRank(low);
  }
}

void Metric::Update::Recustomize(uint32_t rank) {
  const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
  const uint32_t first_arc = hierarchy_.first_arc(rank);
  for (uint32_t i = 0; i < heads.size(); ++i) {
    arc_to_[heads[i]] = i;
    up_[i] = down_[i] = PairCosts();
  }
  SelfCosts self;
  metric_.TakeTurns(rank, arc_to_.data(), up_.data(), down_.data(), &self);
  bool self_changed = false;
  if (self_[rank]) {
    for (const Hierarchy::LowerArc& lower : hierarchy_.Lower(rank)) {
      const uint32_t at = lower.arc - hierarchy_.first_arc(lower.tail);
      RelaxOwn(metric_.up(lower.tail)[at], metric_.down(lower.tail)[at], &self);
    }
    self_changed = !(self == metric_.self_[rank]);
    metric_.self_[rank] = self;
  }
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < heads.size(); ++i) {
    if (self_changed || arcs_[first_arc + i]) open.push_back(i);
  }
  if (open.empty()) return;
  const bool is_most = open.size() * 8 > heads.size();
  for (const Hierarchy::LowerArc& lower : hierarchy_.Lower(rank)) {
    const uint32_t at = lower.arc - hierarchy_.first_arc(lower.tail);
    const PairCosts* const v_up = metric_.up(lower.tail);
    const PairCosts* const v_down = metric_.down(lower.tail);
    if (is_most) {
      RelaxTriangles({hierarchy_.heads() + lower.arc, v_up + at, v_down + at,
                      hierarchy_.first_arc(lower.tail + 1) - lower.arc,
                      arc_to_.data(), up_.data(), down_.data()});
      continue;
    }
    const absl::Span<const uint32_t> v_heads =
        hierarchy_.Heads(lower.tail).subspan(at + 1);
    for (const uint32_t i : open) {
      const auto* const it =
          std::lower_bound(v_heads.begin(), v_heads.end(), heads[i]);
      if (it == v_heads.end() || *it != heads[i]) continue;
      const size_t other = at + 1 + static_cast<size_t>(it - v_heads.begin());
      PairCosts over;
      Over(v_down[at], v_up[other], &over);
      for (int j = 0; j < 4; ++j) {
        up_[i].of[j] = std::min(up_[i].of[j], over.of[j]);
      }
      Over(v_up[at], v_down[other], &over);
      for (int j = 0; j < 4; ++j) {
        down_[i].of[j] = std::min(down_[i].of[j], over.of[j]);
      }
    }
  }
  struct Old {
    uint32_t arc;
    PairCosts up;
    PairCosts down;
  };
  std::vector<Old> changed;
  for (const uint32_t i : open) {
    FoldSelf(metric_.self_[rank], 1, &up_[i], &down_[i]);
    const Old old = {i, metric_.up(rank)[i], metric_.down(rank)[i]};
    if (old.up == up_[i] && old.down == down_[i]) continue;
    changed.push_back(old);
    const uint32_t piece = metric_.layout_->piece_of_rank[rank];
    if (!is_own_[piece]) {
      is_own_[piece] = true;
      metric_.SetPiece(piece, std::make_shared<Piece>(*metric_.pieces_[piece]));
    }
    metric_.arcs_[rank][i] = up_[i];
    metric_.arcs_[rank][i + metric_.stride_] = down_[i];
  }
  for (size_t i = 0; i < changed.size(); ++i) {
    MarkWaysOver(rank, changed[i].arc, changed[i].up, changed[i].down);
  }
  // Ways that have changed at both their arcs.
  for (size_t i = 0; i < changed.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const uint32_t low = heads[changed[j].arc];
      const uint32_t high = heads[changed[i].arc];
      const uint32_t arc = hierarchy_.FindArc(low, high);
      if (arcs_[arc]) continue;
      const uint32_t at = arc - hierarchy_.first_arc(low);
      PairCosts before;
      PairCosts after;
      Over(changed[j].down, changed[i].up, &before);
      Over(metric_.down(rank)[changed[j].arc], metric_.up(rank)[changed[i].arc],
           &after);
      bool touches = Touches(before.of, after.of, metric_.up(low)[at].of);
      if (!touches) {
        Over(changed[j].up, changed[i].down, &before);
        Over(metric_.up(rank)[changed[j].arc],
             metric_.down(rank)[changed[i].arc], &after);
        touches = Touches(before.of, after.of, metric_.down(low)[at].of);
      }
      if (!touches) continue;
      arcs_[arc] = true;
      MarkRank(low);
    }
  }
}

Metric::Metric(const Metric& before, absl::Span<const RoadChange> changes,
               absl::Span<const TurnChange> turn_changes, int threads)
    : network_(before.network_),
      weights_(before.weights_),
      stride_(before.stride_),
      layout_(before.layout_),
      pieces_(before.pieces_),
      arcs_(before.arcs_),
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
  if (real.size() * kRoadsForEachChange > network_.data->segments.size()) {
    for (uint32_t piece = 0; piece < pieces_.size(); ++piece) {
      SetPiece(piece, std::make_shared<Piece>(2 * stride_));
    }
    CustomizeAll(threads);
    return;
  }
  Update(this).Run(real, real_turns);
}

size_t Metric::BytesBeside(const Metric* other) const {
  size_t bytes = arcs_.size() * (sizeof(arcs_[0]) + sizeof(self_[0])) +
                 network_.graph->states() * 9 +
                 network_.data->segments.size() * 8;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (other != nullptr && other->pieces_[i] == pieces_[i]) continue;
    bytes += pieces_[i]->size() * sizeof(PairCosts);
  }
  return bytes;
}

}  // namespace housecall::router
