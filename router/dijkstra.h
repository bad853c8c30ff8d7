// Shortest paths from or to some states of a graph, without an index: what the
// index is tested against.
#ifndef HOUSECALL_ROUTER_DIJKSTRA_H_
#define HOUSECALL_ROUTER_DIJKSTRA_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/cost.h"
#include "router/graph_weights.h"

namespace housecall::router {

// Dijkstra's algorithm with a binary heap, which stops early. Keeps its memory
// for the next search; one thread at a time.
class Dijkstra {
 public:
  enum class Direction { kForwards, kBackwards };

  // Where a search begins, with what it takes to get there.
  struct Seed {
    uint32_t state = 0;
    Cost cost = 0;
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

  // Searches from the seeds along the turns, or against them, until the costs
  // of all targets are known to be final. `weights` must be of the graph.
  void Run(const GraphWeights& weights, Direction direction,
           absl::Span<const Seed> seeds, absl::Span<const uint32_t> targets);

  // After Run, of a target of that run: its cost, kNoWay if there is no way.
  Cost cost(uint32_t state) const {
    return labels_[state].run == run_ ? labels_[state].cost : kNoWay;
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
    Cost cost = 0;
    // The step.
    uint32_t from = 0;
    uint32_t seed = 0;
  };

  struct Entry {
    Cost cost;
    uint32_t state;
    // A heap of the standard library has its greatest on top.
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.cost > b.cost;
    }
  };

  void Improve(uint32_t state, Cost cost, uint32_t from, uint32_t seed);

  const Graph& graph_;
  std::vector<Label> labels_;
  std::vector<uint32_t> target_run_;
  std::vector<Entry> heap_;
  uint32_t run_ = 0;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_DIJKSTRA_H_
