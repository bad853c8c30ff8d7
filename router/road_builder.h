// Puts a road network together from its parts.
#ifndef HOUSECALL_ROUTER_ROAD_BUILDER_H_
#define HOUSECALL_ROUTER_ROAD_BUILDER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "router/geo.h"
#include "router/road_data.h"

namespace housecall::router {

// Collects nodes and roads in any order, and makes RoadData of them: ordered
// along a space-filling curve, connected parts found, names stored once. The
// same calls make the same data. One thread at a time.
class RoadBuilder {
 public:
  // When a direction of a road is closed; without hours never.
  struct Closure {
    RoadHours hours;
    // It counts as closed where nobody asks for a time.
    bool is_usual = false;

    friend bool operator==(const Closure&, const Closure&) = default;
  };
  struct Road {
    // Numbers that AddNode gave.
    uint32_t from_node = 0;
    uint32_t to_node = 0;
    // Between the two nodes, without them.
    std::vector<FixedPoint> via;
    // In weight units; kClosed if nobody may drive in that direction.
    uint32_t forward_weight = kClosed;
    uint32_t backward_weight = kClosed;
    uint32_t length_millimeters = 0;
    std::string name;
    RoadClass road_class = RoadClass::kUnclassified;
    // Of Segment: kLink, kEndsOnly.
    uint8_t flags = 0;
    // A direction with a weight that is closed at some hours.
    Closure forward_closure;
    Closure backward_closure;
  };

  uint32_t AddNode(FixedPoint position, int64_t source_id);
  static constexpr uint32_t kNoRoad = 0xffffffff;

  // The road's number; kNoRoad if it is closed in both directions and therefore
  // left out.
  uint32_t AddRoad(Road road);
  // Nobody may drive these roads one right after the other: two or more, by the
  // numbers that AddRoad gave, each from where the one before ends. At these
  // hours, if some are given.
  void Forbid(std::vector<ArcRoad> path, std::optional<RoadHours> hours = {});

  // Nodes without a road are left out. `data` brings what the builder does not
  // know: name, attribution, time, weight unit, turn weights; its vectors are
  // replaced. Returns InvalidArgument if the roads are not well formed
  // (CheckRoadData), or if there are none. Nearly all of its time goes into the
  // order of the segments, of which `progress` tells (DissectionOrder).
  absl::StatusOr<RoadData> Build(
      RoadData data, const std::function<void(double)>& progress = {}) const;

 private:
  std::vector<FixedPoint> nodes_;
  std::vector<int64_t> source_ids_;
  std::vector<Road> roads_;
  struct Path {
    std::vector<ArcRoad> roads;
    std::optional<RoadHours> hours;
  };
  std::vector<Path> paths_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_BUILDER_H_
