// Shortest paths from or to some states of a graph, without an index: what the
// index is tested against.
#ifndef HOUSECALL_ROUTER_DIJKSTRA_H_
#define HOUSECALL_ROUTER_DIJKSTRA_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/graph.h"

namespace housecall::router {

// What is known of states that cannot be reached. All sums that are made on the
// way, of a drive and of one more segment, are smaller or stand for this.
inline constexpr uint32_t kInfinity = 0x7fffffff;

// Dijkstra's algorithm with a binary heap, which stops early. Keeps its memory
// for the next search; one thread at a time.
class Dijkstra {
 public:
  enum class Direction { kForwards, kBackwards };

  // Where a search begins, with the weight that it takes to get there.
  struct Seed {
    uint32_t state = 0;
    uint32_t weight = 0;
  };

  // How a state was reached: from another one, or as a seed.
  struct Step {
    static constexpr uint32_t kSeed = 0xffffffff;

    uint32_t state = kSeed;
    // The position in `seeds`, if state is kSeed.
    uint32_t seed = 0;
  };

  // `graph` must outlive this.
  explicit Dijkstra(const Graph* graph);

  // Searches from the seeds along the turns, or against them, until the weights
  // of all targets are known to be final.
  void Run(Direction direction, absl::Span<const Seed> seeds,
           absl::Span<const uint32_t> targets);

  // After Run, of a target of that run: its weight, kInfinity if there is no
  // way.
  uint32_t weight(uint32_t state) const {
    return labels_[state].run == run_ ? labels_[state].weight : kInfinity;
  }
  // After Run, of a reachable target or of a state that a step led to: the last
  // step of the way there (seen from the seeds).
  Step step(uint32_t state) const {
    return {labels_[state].from, labels_[state].seed};
  }

 private:
  struct Label {
    // The run that wrote this label; others are void.
    uint32_t run = 0;
    uint32_t weight = 0;
    // The step.
    uint32_t from = 0;
    uint32_t seed = 0;
  };

  void Improve(uint32_t state, uint32_t weight, uint32_t from, uint32_t seed);

  const Graph& graph_;
  std::vector<Label> labels_;
  std::vector<uint32_t> target_run_;
  // Weight in the upper half, state in the lower one.
  std::vector<uint64_t> heap_;
  uint32_t run_ = 0;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_DIJKSTRA_H_
