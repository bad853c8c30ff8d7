// How quick the router is on a map.
#ifndef HOUSECALL_ROUTER_TOOLS_MAP_BENCHMARK_H_
#define HOUSECALL_ROUTER_TOOLS_MAP_BENCHMARK_H_

#include <functional>
#include <memory>
#include <string>

#include "router/router.h"

namespace housecall::router {

struct Figure {
  std::string what;
  double seconds = 0;
  // The same by Dijkstra's algorithm on the same graph with the same turns, in
  // the same run; less than 0 where it has nothing alike. A large table of it
  // is extrapolated from five of its rows.
  double plain_seconds = -1;
};

// Medians of batches, of the work of one thread where nothing else is said.
// Tells each figure when it is known. Takes about a minute on a metropolis.
void MeasureMap(std::shared_ptr<const RoadMap> map,
                const std::function<void(const Figure&)>& tell);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_TOOLS_MAP_BENCHMARK_H_
