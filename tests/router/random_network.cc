#include "tests/router/random_network.h"

#include <array>
#include <utility>

#include "router/road_builder.h"

namespace housecall::router {

RandomNetwork MakeTown(Random& random, uint32_t side, int points) {
  RoadBuilder builder;
  for (uint32_t i = 0; i < side * side; ++i) {
    builder.AddNode(
        {static_cast<int32_t>(350000000 + i / side * 1000 + random.Below(500)),
         static_cast<int32_t>(1390000000 + i % side * 1000 +
                              random.Below(500))},
        i);
  }
  std::vector<std::array<uint32_t, 3>> roads;
  for (uint32_t i = 0; i < side * side; ++i) {
    for (const uint32_t to : {i + 1, i + side}) {
      if (to >= side * side || (to == i + 1 && to % side == 0)) continue;
      if (random.OneIn(6)) continue;
      RoadBuilder::Road road;
      road.from_node = i;
      road.to_node = to;
      road.length_millimeters = 1 + random.Below(2000);
      road.forward_weight = random.Below(1000);
      road.backward_weight = random.Below(1000);
      if (random.OneIn(6)) road.forward_weight = kClosed;
      if (random.OneIn(12)) road.flags = Segment::kEndsOnly;
      roads.push_back({i, to, builder.AddRoad(road)});
    }
  }
  // Turns to the right at some corners.
  for (const auto& [from, to, number] : roads) {
    for (const auto& [next_from, next_to, next_number] : roads) {
      if (next_from != to || !random.OneIn(4)) continue;
      builder.Forbid(
          {ArcRoad::Of(number, false), ArcRoad::Of(next_number, false)});
    }
  }
  RoadData head;
  head.turn_weights = {random.Below(300), random.Below(300),
                       random.Below(3000)};
  RandomNetwork network;
  network.data = builder.Build(std::move(head)).value();
  for (int i = 0; i < points; ++i) {
    RoadPoint point;
    point.segment =
        random.Below(static_cast<uint32_t>(network.data.segments.size()));
    const uint32_t length =
        network.data.segments[point.segment].length_millimeters;
    point.offset_millimeters = random.OneIn(4) ? 0 : random.Below(length + 1);
    network.points.push_back(point);
  }
  return network;
}

}  // namespace housecall::router
