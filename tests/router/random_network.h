// Road networks drawn by lot.
#ifndef HOUSECALL_TESTS_ROUTER_RANDOM_NETWORK_H_
#define HOUSECALL_TESTS_ROUTER_RANDOM_NETWORK_H_

#include <vector>

#include "router/road_data.h"
#include "router/spatial_index.h"
#include "tests/router/random.h"

namespace housecall::router {

struct RandomNetwork {
  RoadData data;
  // Anywhere on its roads.
  std::vector<RoadPoint> points;
};

// A town of a few thousand states, with one-way and private roads, turns that
// are forbidden and turns that take their time. Its index has several levels.
// `side`: junctions in a row.
RandomNetwork MakeTown(Random& random, uint32_t side = 25, int points = 100);

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_RANDOM_NETWORK_H_
