#include "router/road_conditions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "router/polyline.h"
#include "router/router.h"

namespace housecall::router {
namespace {

absl::Status Wrong(const RoadCondition& condition, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the condition '", condition.reason, "': ", what));
}

double Cross(PlanePoint a, PlanePoint b, PlanePoint c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

double Distance(PlanePoint a, PlanePoint b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

double DistanceToStretch(PlanePoint point, PlanePoint a, PlanePoint b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double square = dx * dx + dy * dy;
  double share = 0;
  if (square > 0) {
    share = std::clamp(((point.x - a.x) * dx + (point.y - a.y) * dy) / square,
                       0.0, 1.0);
  }
  return Distance(point, {a.x + share * dx, a.y + share * dy});
}

// True if two stretches cross; `at`: where on the first one, as a share of it.
bool Crosses(PlanePoint a, PlanePoint b, PlanePoint c, PlanePoint d,
             double* at) {
  const double side_a = Cross(c, d, a);
  const double side_b = Cross(c, d, b);
  const double side_c = Cross(a, b, c);
  const double side_d = Cross(a, b, d);
  if ((side_a > 0) == (side_b > 0) || (side_c > 0) == (side_d > 0)) {
    return false;
  }
  *at = side_a / (side_a - side_b);
  return true;
}

bool IsInside(PlanePoint point, const std::vector<PlanePoint>& corners) {
  bool inside = false;
  for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const PlanePoint a = corners[i];
    const PlanePoint b = corners[j];
    if ((a.y > point.y) != (b.y > point.y) &&
        point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x) {
      inside = !inside;
    }
  }
  return inside;
}

class Drawing {
 public:
  explicit Drawing(const RoadCondition& condition)
      : condition_(condition), plane_(condition.points.front()) {
    for (const LatLng& point : condition.points) {
      points_.push_back(plane_.Project(ToFixed(point)));
    }
    if (condition.shape == RoadCondition::Shape::kArea) {
      points_.push_back(points_.front());
    }
  }

  bool Means(absl::Span<const FixedPoint> line) const {
    std::vector<PlanePoint> road;
    road.reserve(line.size());
    for (const FixedPoint point : line) road.push_back(plane_.Project(point));
    return condition_.shape == RoadCondition::Shape::kArea
               ? Touches(road)
               : FollowsOrCrosses(road);
  }

 private:
  bool Touches(const std::vector<PlanePoint>& road) const {
    for (const PlanePoint point : road) {
      if (IsInside(point, {points_.begin(), points_.end() - 1})) return true;
    }
    double at;
    for (size_t i = 0; i + 1 < road.size(); ++i) {
      for (size_t j = 0; j + 1 < points_.size(); ++j) {
        if (Crosses(road[i], road[i + 1], points_[j], points_[j + 1], &at)) {
          return true;
        }
      }
    }
    return false;
  }

  bool FollowsOrCrosses(const std::vector<PlanePoint>& road) const {
    double length = 0;
    for (size_t i = 0; i + 1 < road.size(); ++i) {
      length += Distance(road[i], road[i + 1]);
    }
    double before = 0;
    for (size_t i = 0; i + 1 < road.size(); ++i) {
      const double stretch = Distance(road[i], road[i + 1]);
      const double to_middle = length / 2 - before;
      if (stretch > 0 && to_middle >= 0 && to_middle <= stretch) {
        const double share = to_middle / stretch;
        const PlanePoint middle = {
            road[i].x + share * (road[i + 1].x - road[i].x),
            road[i].y + share * (road[i + 1].y - road[i].y)};
        for (size_t j = 0; j + 1 < points_.size(); ++j) {
          if (DistanceToStretch(middle, points_[j], points_[j + 1]) <=
              condition_.within_meters) {
            return true;
          }
        }
      }
      double at;
      for (size_t j = 0; j + 1 < points_.size(); ++j) {
        if (!Crosses(road[i], road[i + 1], points_[j], points_[j + 1], &at)) {
          continue;
        }
        const double where = before + at * stretch;
        if (where > condition_.within_meters &&
            length - where > condition_.within_meters) {
          return true;
        }
      }
      before += stretch;
    }
    return false;
  }

  const RoadCondition& condition_;
  const Plane plane_;
  std::vector<PlanePoint> points_;
};

}  // namespace

bool RoadPolicy::LeavesOut(const Segment& segment) const {
  return (!use_tolls && segment.Has(Segment::kToll)) ||
         (!use_ferries && segment.Has(Segment::kFerry));
}

absl::Status CheckRoadCondition(const RoadCondition& condition) {
  if (condition.shape != RoadCondition::Shape::kSegments) {
    const size_t least = condition.shape == RoadCondition::Shape::kArea ? 3 : 2;
    if (condition.points.size() < least) {
      return Wrong(condition,
                   absl::StrCat("has ", condition.points.size(),
                                " points, wanted are at least ", least));
    }
  }
  for (const LatLng& point : condition.points) {
    if (absl::Status status = CheckLatLng(point); !status.ok()) {
      return Wrong(condition, status.message());
    }
  }
  if (!(condition.within_meters >= 0 && condition.within_meters <= 1000)) {
    return Wrong(condition, "the distance is not from 0 to 1000 m");
  }
  if (!(condition.speed_factor >= 0 && condition.speed_factor <= 1)) {
    return Wrong(condition, "the speed factor is not from 0 to 1");
  }
  if (condition.end_time <= condition.begin_time) {
    return Wrong(condition, "ends before it begins");
  }
  return absl::OkStatus();
}

std::vector<uint32_t> SegmentsOf(const RoadMap& map,
                                 const RoadCondition& condition) {
  std::vector<uint32_t> segments;
  if (condition.shape == RoadCondition::Shape::kSegments) {
    for (const uint32_t segment : condition.segments) {
      if (segment < map.data().segments.size()) segments.push_back(segment);
    }
    std::sort(segments.begin(), segments.end());
    segments.erase(std::unique(segments.begin(), segments.end()),
                   segments.end());
    return segments;
  }
  BoundingBox box = {condition.points.front(), condition.points.front()};
  for (const LatLng& point : condition.points) {
    box.south_west.latitude_degrees =
        std::min(box.south_west.latitude_degrees, point.latitude_degrees);
    box.south_west.longitude_degrees =
        std::min(box.south_west.longitude_degrees, point.longitude_degrees);
    box.north_east.latitude_degrees =
        std::max(box.north_east.latitude_degrees, point.latitude_degrees);
    box.north_east.longitude_degrees =
        std::max(box.north_east.longitude_degrees, point.longitude_degrees);
  }
  const Drawing drawing(condition);
  for (const uint32_t segment :
       map.places().FindWithin(box, condition.within_meters)) {
    if (drawing.Means(SegmentPoints(map.data(), segment))) {
      segments.push_back(segment);
    }
  }
  return segments;
}

SpeedCalendar SpeedCalendar::Default() {
  const auto profile = [](const char* name, double main, double middle,
                          double small) {
    SpeedProfile made;
    made.name = name;
    for (int i = 0; i < kRoadClasses; ++i) {
      const RoadClass road_class = static_cast<RoadClass>(i);
      made.factors[static_cast<size_t>(i)] =
          road_class <= RoadClass::kPrimary    ? main
          : road_class <= RoadClass::kTertiary ? middle
                                               : small;
    }
    return made;
  };
  SpeedCalendar calendar;
  calendar.profiles = {
      profile("deep night", 1, 1, 1), profile("evening", 0.75, 0.85, 1),
      profile("day", 0.7, 0.8, 0.95), profile("holiday day", 0.8, 0.85, 0.95)};
  for (size_t day = 0; day < kDayClasses; ++day) {
    for (size_t hour = 0; hour < 24; ++hour) {
      const bool is_rest = day != static_cast<size_t>(DayClass::kWorkday);
      calendar.by_hour[day][hour] = hour < 6 || hour >= 22 ? 0
                                    : hour >= 17           ? 1
                                    : is_rest              ? 3
                                                           : 2;
    }
  }
  // Without a data base of time zones; Japan has one hour all year.
  calendar.time_zone = absl::FixedTimeZone(9 * 60 * 60);
  return calendar;
}

SpeedCalendar SpeedCalendar::AsOnTheMap() {
  SpeedCalendar calendar = Default();
  calendar.profiles.resize(1);
  calendar.profiles[0].name = "as on the map";
  calendar.by_hour = {};
  return calendar;
}

namespace {

bool IsPublicHoliday(const SpeedCalendar& calendar, absl::CivilDay day) {
  return calendar.is_public_holiday != nullptr &&
         calendar.is_public_holiday(day);
}

}  // namespace

DayClass DayClassOf(const SpeedCalendar& calendar, absl::Time time) {
  const absl::CivilDay day = absl::ToCivilDay(time, calendar.time_zone);
  const absl::Weekday weekday = absl::GetWeekday(day);
  if (weekday == absl::Weekday::sunday || IsPublicHoliday(calendar, day)) {
    return DayClass::kHoliday;
  }
  return weekday == absl::Weekday::saturday ? DayClass::kSaturday
                                            : DayClass::kWorkday;
}

const SpeedProfile& SpeedCalendar::At(absl::Time time) const {
  const size_t hour =
      static_cast<size_t>(absl::ToCivilHour(time, time_zone).hour());
  return profiles[by_hour[static_cast<size_t>(DayClassOf(*this, time))][hour]];
}

absl::Status CheckSpeedCalendar(const SpeedCalendar& calendar) {
  for (const SpeedProfile& profile : calendar.profiles) {
    for (const double factor : profile.factors) {
      if (factor >= 0.1 && factor <= 3) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the speed profile '", profile.name, "': the factor ",
                       factor, " is not from 0.1 to 3"));
    }
  }
  for (const auto& day : calendar.by_hour) {
    for (const uint8_t profile : day) {
      if (profile < calendar.profiles.size()) continue;
      return absl::InvalidArgumentError(
          "the speed calendar has an hour without a profile");
    }
  }
  return absl::OkStatus();
}

namespace {

// Of each hours of a map, whether they hold.
std::vector<bool> HoursThatHold(const RoadData& data, absl::Time time,
                                const SpeedCalendar& calendar) {
  const absl::CivilMinute local = absl::ToCivilMinute(time, calendar.time_zone);
  const bool is_public_holiday =
      IsPublicHoliday(calendar, absl::CivilDay(local));
  std::vector<bool> hold;
  for (uint32_t i = 0; i < data.hours.size(); ++i) {
    hold.push_back(HoldsAt(HoursOf(data, i), local, is_public_holiday));
  }
  return hold;
}

}  // namespace

std::vector<TurnChange> TurnChangesAt(const RoadMap& map,
                                      const GraphWeights& now_known,
                                      absl::Time time,
                                      const SpeedCalendar& calendar) {
  const std::vector<bool> hold = HoursThatHold(map.data(), time, calendar);
  std::vector<TurnChange> changes;
  for (uint32_t i = 1; i < map.graph().conditions(); ++i) {
    const std::vector<uint32_t>& hours = map.graph().condition(i).hours;
    const bool holds = std::any_of(hours.begin(), hours.end(),
                                   [&](uint32_t one) { return hold[one]; });
    if (holds != now_known.holds(i)) changes.push_back({i, holds});
  }
  return changes;
}

std::vector<RoadChange> ChangesByPolicy(const RoadMap& map,
                                        const GraphWeights& now_known,
                                        const RoadPolicy& policy) {
  const Array<Segment>& segments = map.data().segments;
  std::vector<RoadChange> changes;
  for (uint32_t i = 0; i < segments.size(); ++i) {
    const bool is_ferry = segments[i].Has(Segment::kFerry);
    if (!is_ferry && !segments[i].Has(Segment::kToll)) continue;
    for (const bool backward : {false, true}) {
      const ArcRoad road = ArcRoad::Of(i, backward);
      uint32_t weight = now_known.road(road);
      if (is_ferry) {
        weight =
            backward ? segments[i].backward_weight : segments[i].forward_weight;
      }
      if (policy.LeavesOut(segments[i])) weight = kClosed;
      if (now_known.road(road) != weight) changes.push_back({road, weight});
    }
  }
  return changes;
}

std::vector<RoadChange> ChangesAt(
    const RoadMap& map, const GraphWeights& now_known, absl::Time time,
    const SpeedCalendar& calendar, const RoadPolicy& policy,
    const LearnedSpeeds& learned, const std::vector<RoadCondition>& conditions,
    const std::vector<std::vector<uint32_t>>& condition_segments) {
  const Array<Segment>& segments = map.data().segments;
  const SpeedProfile& profile = calendar.At(time);
  const DayClass day_class = DayClassOf(calendar, time);
  const int hour = absl::ToCivilHour(time, calendar.time_zone).hour();
  std::array<double, kRoadClasses> time_factors;
  for (size_t i = 0; i < kRoadClasses; ++i) {
    time_factors[i] =
        learned.At(day_class, hour, static_cast<RoadClass>(i)).time_factor /
        profile.factors[i];
  }
  std::vector<float> speeds(segments.size(), 1.0f);
  for (size_t i = 0; i < conditions.size(); ++i) {
    const RoadCondition& condition = conditions[i];
    if (time < condition.begin_time || time >= condition.end_time) continue;
    for (const uint32_t segment : condition_segments[i]) {
      speeds[segment] =
          std::min(speeds[segment], static_cast<float>(condition.speed_factor));
    }
  }
  const std::vector<bool> hold = HoursThatHold(map.data(), time, calendar);
  auto closure = map.data().timed_closures.begin();
  const auto is_closed_now = [&](ArcRoad road) {
    if (closure == map.data().timed_closures.end() ||
        !(closure->road == road)) {
      return false;
    }
    return hold[closure++->hours];
  };
  std::vector<RoadChange> changes;
  for (uint32_t i = 0; i < segments.size(); ++i) {
    for (const bool backward : {false, true}) {
      const uint32_t by_map =
          backward ? segments[i].backward_weight : segments[i].forward_weight;
      const ArcRoad road = ArcRoad::Of(i, backward);
      const bool is_closed = is_closed_now(road);
      if (by_map == kClosed) continue;
      // A ferry is as fast at every hour.
      const double factor =
          (segments[i].Has(Segment::kFerry)
               ? 1.0
               : time_factors[static_cast<size_t>(segments[i].road_class)]) /
          static_cast<double>(speeds[i]);
      uint32_t weight = by_map;
      if (is_closed || speeds[i] <= 0 || policy.LeavesOut(segments[i])) {
        weight = kClosed;
      } else if (factor != 1) {
        weight = static_cast<uint32_t>(
            std::min<double>(kMaxSegmentWeight, std::round(by_map * factor)));
      }
      if (now_known.road(road) != weight) changes.push_back({road, weight});
    }
  }
  return changes;
}

}  // namespace housecall::router
