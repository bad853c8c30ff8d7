// How long drives take along each arc of a hierarchy.
#ifndef HOUSECALL_ROUTER_METRIC_H_
#define HOUSECALL_ROUTER_METRIC_H_

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
// Arcs are kept in pieces, by rank. A metric that was made of another one
// shares the pieces in which nothing changed.
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
  const PairCosts* up(uint32_t rank) const { return arcs_[rank]; }
  const PairCosts* down(uint32_t rank) const { return arcs_[rank] + stride_; }
  const SelfCosts& self(uint32_t rank) const { return self_[rank]; }

  // How many bytes this metric does not share with `other`.
  size_t BytesBeside(const Metric* other) const;

 private:
  class Update;

  // The arcs of consecutive ranks: all upwards, then, from stride_ on, all
  // downwards. Costs nothing to make: each rank's arcs are written when its
  // turn comes, while they are in the processor's memory anyway.
  class Piece {
   public:
    explicit Piece(size_t arcs);
    Piece(const Piece& other);
    ~Piece();
    Piece& operator=(const Piece&) = delete;

    PairCosts* data() const { return data_; }
    size_t size() const { return size_; }

   private:
    const size_t size_;
    PairCosts* const data_;
  };
  // Which ranks are in which piece.
  struct Layout {
    std::vector<uint32_t> first_rank;
    std::vector<uint32_t> piece_of_rank;
  };

  void TakeTurns(uint32_t rank, const uint32_t* arc_to, PairCosts* up,
                 PairCosts* down, SelfCosts* self) const;
  void CustomizeRank(uint32_t rank, uint32_t* arc_to);
  void CustomizeAll(int threads);
  void SetPiece(uint32_t piece, std::shared_ptr<Piece> with);

  const Network network_;
  GraphWeights weights_;
  size_t stride_ = 0;
  std::shared_ptr<const Layout> layout_;
  std::vector<std::shared_ptr<Piece>> pieces_;
  // By rank: its first arc in its piece.
  std::vector<PairCosts*> arcs_;
  std::vector<SelfCosts> self_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_METRIC_H_
