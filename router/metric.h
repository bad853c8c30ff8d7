// How long drives take along each arc of a hierarchy.
#ifndef HOUSECALL_ROUTER_METRIC_H_
#define HOUSECALL_ROUTER_METRIC_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "router/cost.h"
#include "router/graph.h"
#include "router/graph_weights.h"
#include "router/hierarchy.h"
#include "router/min_plus.h"
#include "router/road_data.h"

namespace housecall::router {

// What a metric is about; all three must outlive whoever uses it.
struct Network {
  const RoadData* data = nullptr;
  const Graph* graph = nullptr;
  const Hierarchy* hierarchy = nullptr;
};

// A road takes another time than before, in one direction.
struct RoadChange {
  ArcRoad road;
  // kClosed, or at most kMaxSegmentWeight.
  uint32_t weight = 0;
};

// Turns are forbidden from now on, or no longer.
struct TurnChange {
  // Of the graph.
  uint32_t condition = 0;
  bool holds = false;
};

// The second of three phases: the costs of all arcs of a hierarchy, so that no
// way over lower ranks costs less than an arc. Immutable; safe for any number
// of threads.
//
// A cost takes three bytes, or four if one does not fit (a drive of hours on
// one arc). Arcs are kept in pieces, by rank. A metric that was made of another
// one shares the pieces in which nothing changed.
class Metric {
 public:
  // Works on that many threads.
  Metric(const Network& network, GraphWeights weights, int threads = 1);
  // As `before` but for some roads, of which each direction is named once. The
  // same metric as one made anew, sooner: only arcs that a change can touch are
  // looked at, and the search for those ends where costs stay as they are. A
  // road that the map says is closed stays closed.
  // Many changes are not followed but customized anew, on `threads` threads.
  Metric(const Metric& before, absl::Span<const RoadChange> changes,
         int threads = 1)
      : Metric(before, changes, {}, threads) {}
  // Each condition is named once.
  Metric(const Metric& before, absl::Span<const RoadChange> changes,
         absl::Span<const TurnChange> turn_changes, int threads);

  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  const Network& network() const { return network_; }
  const GraphWeights& weights() const { return weights_; }

  // Of the arcs of a rank, in the order of Hierarchy::Heads: from the rank to
  // its heads, and back. Ways within the rank are part of them.
  ArcCosts up(uint32_t rank) const { return {begin(rank), width_}; }
  ArcCosts down(uint32_t rank) const {
    const Hierarchy& hierarchy = *network_.hierarchy;
    return up(rank).From(hierarchy.first_arc(rank + 1) -
                         hierarchy.first_arc(rank));
  }
  const SelfCosts& self(uint32_t rank) const { return self_[rank]; }

  CostWidth width() const { return width_; }
  // How many bytes this metric does not share with `other`.
  size_t BytesBeside(const Metric* other) const;

 private:
  class TurnList;
  class Contraction;
  class Update;

  // The arcs of kRanksInPiece consecutive ranks: of each all upwards, then all
  // downwards. A small change copies a few dozen pieces.
  using Piece = std::shared_ptr<uint8_t[]>;
  static constexpr uint32_t kRanksInPiece = 32;

  uint8_t* begin(uint32_t rank) const {
    const uint32_t piece = rank / kRanksInPiece;
    return pieces_[piece].get() + BytesBetween(piece * kRanksInPiece, rank);
  }
  // What the arcs of the ranks from one to before another take, each with what
  // may be read behind it: no thread reads what another one writes.
  size_t BytesBetween(uint32_t first, uint32_t end) const {
    return (network_.hierarchy->first_arc(end) -
            network_.hierarchy->first_arc(first)) *
               bytes_per_arc() +
           (end - first) * ArcCosts::kBehind;
  }
  size_t bytes_per_arc() const { return 8 * static_cast<size_t>(width_); }
  size_t PieceBytes(uint32_t piece) const {
    const uint32_t first = piece * kRanksInPiece;
    return BytesBetween(
        first, std::min(first + kRanksInPiece, network_.hierarchy->blocks()));
  }
  // Returns the greatest cost that was taken.
  Cost TakeTurns(uint32_t rank, OpenRank* x) const;
  // Of an OpenRank: as it is kept.
  void Close(SelfCosts* self) const {
    const Cost no_way = width_ == CostWidth::kNarrow ? kNarrowNoWay : kNoWay;
    for (Cost& cost : self->of) cost = cost < no_way ? cost : kNoWay;
  }
  bool Fits(Cost cost) const {
    return width_ == CostWidth::kWide || cost < kNarrowLimit || cost == kNoWay;
  }
  void CustomizeAll(int threads);

  const Network network_;
  GraphWeights weights_;
  CostWidth width_ = CostWidth::kNarrow;
  std::vector<Piece> pieces_;
  std::vector<SelfCosts> self_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_METRIC_H_
