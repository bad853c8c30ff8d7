// What a road network consists of: plain values, as the importer makes them and
// the map file stores them. router/router.h turns them into a RoadMap.
#ifndef HOUSECALL_ROUTER_ROAD_DATA_H_
#define HOUSECALL_ROUTER_ROAD_DATA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "router/array.h"
#include "router/geo.h"
#include "router/road_hours.h"

namespace housecall::router {

// OpenStreetMap's classes of road (key highway). Links and ramps have the class
// of the road that they lead to, and Segment::kLink. The numbers are in map
// files.
enum class RoadClass : uint8_t {
  kMotorway = 0,
  kTrunk = 1,
  kPrimary = 2,
  kSecondary = 3,
  kTertiary = 4,
  kUnclassified = 5,
  kResidential = 6,
  kLivingStreet = 7,
  kService = 8,
  kTrack = 9,
  kPedestrian = 10,
};
inline constexpr int kRoadClasses = 11;

// As OpenStreetMap spells it: "living_street".
absl::string_view RoadClassName(RoadClass road_class);

// A weight that stands for: closed in this direction.
inline constexpr uint32_t kClosed = 0xffffffff;
// The greatest weight of an open segment: 6 days in milliseconds.
inline constexpr uint32_t kMaxSegmentWeight = (1u << 29) - 1;
// The greatest weight of a turn: a minute and more in milliseconds.
inline constexpr uint32_t kMaxTurnWeight = 1u << 16;

// A stretch of road between two nodes, without a junction in between. It has a
// direction, in which its points are in order, "forwards" from from_node to
// to_node; a segment may begin and end at the same node.
struct Segment {
  uint32_t from_node = 0;
  uint32_t to_node = 0;
  // Of RoadData::points; the next segment's first point is the end.
  uint32_t first_point = 0;
  // Travel time over the whole length in weight units; kClosed if nobody may
  // drive in that direction. Not both are kClosed.
  uint32_t forward_weight = kClosed;
  uint32_t backward_weight = kClosed;
  uint32_t length_millimeters = 0;
  // Of RoadData::names.
  uint32_t name = 0;
  // Segments of different components are not connected, whatever the
  // direction. Components are numbered by size, the largest (by segments)
  // first.
  uint32_t component = 0;
  RoadClass road_class = RoadClass::kUnclassified;
  // The sum of Flag.
  uint8_t flags = 0;
  uint16_t unused = 0;

  enum Flag : uint8_t {
    // A ramp or a slip road.
    kLink = 1,
    // Private roads and roads for those who live or deliver there: a drive may
    // begin and end on such, but not lead through.
    kEndsOnly = 2,
    // From here, in some direction, the main network can be reached: the
    // largest
    // part in which, by the turns that are open, every road reaches every
    // other.
    // So two segments with both flags reach each other.
    kReachesMain = 4,
    // From the main network this can be reached.
    kReachedFromMain = 8,
    // Cars pay there.
    kToll = 16,
    // Not a road but a ship that takes cars. Closed unless somebody wants it
    // (RoadPolicy::use_ferries), and no position stands for a point of it.
    kFerry = 32,
    // Homes have no address there: motorways and roads like them, tunnels,
    // viaducts. A position belongs to another road that is about as near.
    kApart = 64,
  };
  static constexpr uint8_t kAllFlags = 127;

  bool Has(Flag flag) const { return (flags & flag) != 0; }
  friend bool operator==(const Segment&, const Segment&) = default;
};

// A segment driven in one direction.
struct ArcRoad {
  static ArcRoad Of(uint32_t segment, bool backward) {
    return {segment << 1 | (backward ? 1u : 0u)};
  }
  uint32_t segment() const { return code >> 1; }
  bool backward() const { return (code & 1) != 0; }
  ArcRoad reversed() const { return {code ^ 1}; }

  friend bool operator==(const ArcRoad&, const ArcRoad&) = default;

  uint32_t code = 0;
};

// A sequence of roads that nobody may drive one right after the other: from the
// first by way of the others to the last. At least two roads; most are two, a
// turn.
struct ForbiddenPath {
  static constexpr uint32_t kAlways = 0xffffffff;

  // Of RoadData::path_roads; the next one's first road is the end.
  uint32_t first_road = 0;
  // Of RoadData::hours: when it is forbidden; or kAlways.
  uint32_t hours = kAlways;

  friend bool operator==(const ForbiddenPath&, const ForbiddenPath&) = default;
};

// A road that is closed in one direction at some hours.
struct TimedClosure {
  ArcRoad road;
  // Of RoadData::hours.
  uint32_t hours = 0;
  // 1: who does not know the time takes it for closed; 0: for open.
  uint32_t is_usual = 0;

  friend bool operator==(const TimedClosure&, const TimedClosure&) = default;
};

// What turns cost where three roads or more meet, in weight units, by the angle
// between the roads. Straight on costs nothing.
struct TurnWeights {
  uint32_t left = 0;
  uint32_t right = 0;
  // Back into the same road, where that is the only way on; at dead ends too.
  uint32_t back = 0;

  friend bool operator==(const TurnWeights&, const TurnWeights&) = default;
};

// A road network. Node and segment numbers are positions in the vectors. Both
// are ordered along a space-filling curve, so that neighbours are near each
// other in memory.
struct RoadData {
  // What people are told; UTF-8.
  std::string name;
  // Whom to credit wherever the map or a route is shown.
  std::string attribution;
  // How old the source is, if it says so.
  std::optional<absl::Time> source_time;
  // One weight unit. Milliseconds, unless the source brings weights of its
  // own: sums of those stay exact.
  uint32_t weight_unit_microseconds = 1000;

  Array<FixedPoint> nodes;
  // The source's numbers of the nodes. Not unique: a node that is closed to
  // cars (a bollard) ends each road that meets there on its own.
  Array<int64_t> source_node_ids;
  Array<Segment> segments;
  // The polylines of all segments, one after the other, each at least two
  // points long, the first and the last those of its nodes.
  Array<FixedPoint> points;
  // Names of roads; the first is empty.
  std::vector<std::string> names;

  TurnWeights turn_weights;
  std::vector<ForbiddenPath> forbidden_paths;
  // The roads of all forbidden paths, one path after the other; each road
  // begins at the node at which the one before ends.
  std::vector<ArcRoad> path_roads;

  // By road, each once.
  std::vector<TimedClosure> timed_closures;
  // Of each hours its first span; the next one's first span is the end.
  std::vector<uint32_t> hours;
  std::vector<HourSpan> hour_spans;

  // Each segment once, the least important for long drives first: the order in
  // which the index contracts them (router/nested_dissection.h).
  Array<uint32_t> segment_order;

  friend bool operator==(const RoadData&, const RoadData&) = default;
};

absl::Span<const HourSpan> HoursOf(const RoadData& data, uint32_t hours);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_ROAD_DATA_H_
