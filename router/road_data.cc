#include "router/road_data.h"

namespace housecall::router {

absl::string_view RoadClassName(RoadClass road_class) {
  switch (road_class) {
    case RoadClass::kMotorway:
      return "motorway";
    case RoadClass::kTrunk:
      return "trunk";
    case RoadClass::kPrimary:
      return "primary";
    case RoadClass::kSecondary:
      return "secondary";
    case RoadClass::kTertiary:
      return "tertiary";
    case RoadClass::kUnclassified:
      return "unclassified";
    case RoadClass::kResidential:
      return "residential";
    case RoadClass::kLivingStreet:
      return "living_street";
    case RoadClass::kService:
      return "service";
    case RoadClass::kTrack:
      return "track";
    case RoadClass::kPedestrian:
      return "pedestrian";
  }
  return "unknown";
}

}  // namespace housecall::router
