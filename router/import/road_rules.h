// What OpenStreetMap's tags mean for a car: which ways are roads, in which
// directions, for whom, and which nodes stop it.
#ifndef HOUSECALL_ROUTER_IMPORT_ROAD_RULES_H_
#define HOUSECALL_ROUTER_IMPORT_ROAD_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "router/road_builder.h"
#include "router/road_data.h"

namespace housecall::router {

// The tags of one object; views that its owner keeps alive.
class Tags {
 public:
  void Add(absl::string_view key, absl::string_view value) {
    tags_.emplace_back(key, value);
  }
  void Clear() { tags_.clear(); }
  // Empty if it has no such tag.
  absl::string_view Get(absl::string_view key) const;
  // True if some key ends so.
  bool HasKeyThatEnds(absl::string_view end) const;

 private:
  std::vector<std::pair<absl::string_view, absl::string_view>> tags_;
};

// A way that a car may use.
struct RoadRules {
  RoadClass road_class = RoadClass::kUnclassified;
  // Of Segment: kLink, kEndsOnly, kToll, kFerry.
  uint8_t flags = 0;
  // 0: closed in that direction (of the way's nodes). Not both are 0.
  double forward_km_per_hour = 0;
  double backward_km_per_hour = 0;
  // When a direction with a speed is closed; without hours never.
  RoadBuilder::Closure forward_closure;
  RoadBuilder::Closure backward_closure;
  std::string name;
  // Weight and length as the source gives them; see router/README.md.
  std::optional<uint32_t> given_weight;
  std::optional<uint32_t> given_length_millimeters;
  // What the whole way takes besides what its speed says: of a ferry, until it
  // goes.
  absl::Duration waiting;
  // What the whole way takes, in the place of its speed, if the map says so.
  std::optional<absl::Duration> crossing;

  bool is_ferry() const { return (flags & Segment::kFerry) != 0; }
};

// The rules for a way with these tags; none: it is no road for a car.
std::optional<RoadRules> JudgeWay(const Tags& tags);

// What cars do at a node.
enum class Barrier : uint8_t {
  kNone,
  // Those who live behind it may pass: the gate of a private drive.
  kPrivate,
  // Nobody passes: a bollard, a locked gate.
  kClosed,
};
Barrier BarrierOf(const Tags& tags);

// True if rails cross the road at a node with these tags, so that every driver
// stops there. Not trams in a street: those obey the lights.
bool IsLevelCrossing(const Tags& tags);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_ROAD_RULES_H_
