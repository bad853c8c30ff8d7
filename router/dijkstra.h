// Shortest paths from or to some nodes of a graph.
#ifndef HOUSECALL_ROUTER_DIJKSTRA_H_
#define HOUSECALL_ROUTER_DIJKSTRA_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/graph.h"

namespace housecall::router {

// The weight of a way that does not exist, or whose weight would be this or
// more.
inline constexpr uint32_t kUnreachable = 0xffffffff;

// Dijkstra's algorithm with a binary heap, which stops early. Keeps its memory
// for the next search; one thread at a time.
class Dijkstra {
 public:
  enum class Direction { kForwards, kBackwards };

  // Where a search begins, with the weight that it takes to get there.
  struct Seed {
    uint32_t node = 0;
    uint32_t weight = 0;
  };

  // How a node was reached: from `node` over `road`, or as a seed.
  struct Step {
    static constexpr uint32_t kSeed = 0xffffffff;

    uint32_t node = kSeed;
    ArcRoad road;
    // The position in `seeds`, if node is kSeed.
    uint32_t seed = 0;
  };

  // `graph` must outlive this.
  explicit Dijkstra(const Graph* graph);

  // Searches from the seeds along the arcs, or against them, until the weights
  // of all targets are known to be final.
  void Run(Direction direction, absl::Span<const Seed> seeds,
           absl::Span<const uint32_t> targets);

  // After Run, of a target of that run: its weight, kUnreachable if there is no
  // way.
  uint32_t weight(uint32_t node) const {
    return labels_[node].run == run_ ? labels_[node].weight : kUnreachable;
  }
  // After Run, of a reachable target or of a node that a step led to: the last
  // step of the way there (seen from the seeds).
  Step step(uint32_t node) const;

 private:
  struct Label {
    // The run that wrote this label; others are void.
    uint32_t run = 0;
    uint32_t weight = 0;
    // Of the step.
    uint32_t node = 0;
    // The road's code; of a seed, its position.
    uint32_t code = 0;
  };

  void Improve(uint32_t node, uint32_t weight, uint32_t from, uint32_t code);

  const Graph& graph_;
  std::vector<Label> labels_;
  std::vector<uint32_t> target_run_;
  // Weight in the upper half, node in the lower one.
  std::vector<uint64_t> heap_;
  uint32_t run_ = 0;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_DIJKSTRA_H_
