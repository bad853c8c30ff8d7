// How long drives take along each arc of a hierarchy.
#ifndef HOUSECALL_ROUTER_METRIC_H_
#define HOUSECALL_ROUTER_METRIC_H_

#include <cstdint>
#include <vector>

#include "router/dijkstra.h"
#include "router/graph.h"
#include "router/hierarchy.h"

namespace housecall::router {

// From each of a block's two states to each of another's. Four numbers: [k][j]
// is between state k of the lower block and state j of the higher one.
struct alignas(16) PairWeights {
  uint32_t of[4] = {kInfinity, kInfinity, kInfinity, kInfinity};

  uint32_t at(uint32_t low, uint32_t high) const { return of[low * 2 + high]; }
};

// Between the two states of one block: from forwards to backwards and from
// backwards to forwards.
struct SelfWeights {
  uint32_t of[2] = {kInfinity, kInfinity};
};

// The second of three phases: the weights of all arcs of a hierarchy, so that
// no way over lower ranks is quicker than an arc. Immutable; safe for any
// number of threads. Besides a weight every arc has the length of one way that
// takes so long.
class Metric {
 public:
  // Lengths of segments are in millimetres. Takes milliseconds.
  Metric(const Graph& graph, const Hierarchy& hierarchy, const RoadData& data);

  // From the arc's tail, the lower rank, to its head, and back. Ways within the
  // lower block are part of them.
  const PairWeights* up() const { return up_.data(); }
  const PairWeights* down() const { return down_.data(); }
  // The lengths of the same, modulo 2^32.
  const PairWeights* up_lengths() const { return up_lengths_.data(); }
  const PairWeights* down_lengths() const { return down_lengths_.data(); }

  // By rank.
  const SelfWeights* self() const { return self_.data(); }
  const SelfWeights* self_lengths() const { return self_lengths_.data(); }

 private:
  void TakeTurns(const Graph& graph, const Hierarchy& hierarchy,
                 const RoadData& data);
  void Customize(const Hierarchy& hierarchy);

  std::vector<PairWeights> up_;
  std::vector<PairWeights> down_;
  std::vector<PairWeights> up_lengths_;
  std::vector<PairWeights> down_lengths_;
  std::vector<SelfWeights> self_;
  std::vector<SelfWeights> self_lengths_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_METRIC_H_
