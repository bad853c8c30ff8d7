#include "router/dijkstra.h"

#include <algorithm>
#include <functional>

namespace housecall::router {

Dijkstra::Dijkstra(const Graph* graph)
    : graph_(*graph), labels_(graph->states()), target_run_(graph->states()) {}

void Dijkstra::Improve(uint32_t state, uint32_t weight, uint32_t from,
                       uint32_t seed) {
  Label& label = labels_[state];
  if (label.run == run_ && label.weight <= weight) return;
  label = {run_, weight, from, seed};
  heap_.push_back(uint64_t{weight} << 32 | state);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void Dijkstra::Run(Direction direction, absl::Span<const Seed> seeds,
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
    Improve(seeds[i].state, seeds[i].weight, Step::kSeed, i);
  }
  while (!heap_.empty() && open_targets > 0) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const uint64_t top = heap_.back();
    heap_.pop_back();
    const uint32_t state = static_cast<uint32_t>(top);
    const uint32_t weight = static_cast<uint32_t>(top >> 32);
    // Improved since it was pushed; what is on the heap twice differs in
    // weight.
    if (weight != labels_[state].weight) continue;
    if (target_run_[state] == run_) --open_targets;
    for (const Turn& turn : direction == Direction::kForwards
                                ? graph_.Out(state)
                                : graph_.In(state)) {
      if (turn.weight >= kInfinity - weight) continue;
      Improve(turn.state, weight + turn.weight, state, 0);
    }
  }
}

}  // namespace housecall::router
