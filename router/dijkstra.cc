#include "router/dijkstra.h"

#include <algorithm>

namespace housecall::router {

Dijkstra::Dijkstra(const Graph* graph)
    : graph_(*graph), labels_(graph->states()), target_run_(graph->states()) {}

void Dijkstra::Improve(uint32_t state, Cost cost, uint32_t from,
                       uint32_t seed) {
  Label& label = labels_[state];
  if (label.run == run_ && label.cost <= cost) return;
  label = {run_, cost, from, seed};
  heap_.push_back({cost, state});
  std::push_heap(heap_.begin(), heap_.end());
}

void Dijkstra::Run(const GraphWeights& weights, Direction direction,
                   absl::Span<const Seed> seeds,
                   absl::Span<const uint32_t> targets) {
  if (++run_ == 0) {  // After 2^32 runs the old labels would look new.
    std::fill(labels_.begin(), labels_.end(), Label());
    std::fill(target_run_.begin(), target_run_.end(), 0);
    run_ = 1;
  }
  heap_.clear();
  size_t open_targets = 0;
  for (const uint32_t target : targets) {
    if (target_run_[target] == run_) continue;
    target_run_[target] = run_;
    ++open_targets;
  }
  for (uint32_t i = 0; i < seeds.size(); ++i) {
    Improve(seeds[i].state, seeds[i].cost, Step::kSeed, i);
  }
  while (!heap_.empty() && open_targets > 0) {
    std::pop_heap(heap_.begin(), heap_.end());
    const auto [cost, state] = heap_.back();
    heap_.pop_back();
    // Improved since it was pushed; what is on the heap twice differs in cost.
    if (cost != labels_[state].cost) continue;
    if (target_run_[state] == run_) --open_targets;
    const auto step = [&, from = state, so_far = cost](uint32_t to, Cost more) {
      if (more < kNoWay - so_far) Improve(to, so_far + more, from, 0);
    };
    if (direction == Direction::kForwards) {
      for (const Turn& turn : graph_.Out(state)) {
        step(turn.state, weights.Of(state, turn));
      }
    } else {
      graph_.VisitIn(state, [&](uint32_t before, const Turn& turn) {
        step(before, weights.Of(before, turn));
      });
    }
  }
}

}  // namespace housecall::router
