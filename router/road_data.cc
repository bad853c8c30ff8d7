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

absl::Span<const HourSpan> HoursOf(const RoadData& data, uint32_t hours) {
  const size_t end = hours + 1 < data.hours.size() ? data.hours[hours + 1]
                                                   : data.hour_spans.size();
  return absl::MakeConstSpan(data.hour_spans.data() + data.hours[hours],
                             data.hour_spans.data() + end);
}

}  // namespace housecall::router
