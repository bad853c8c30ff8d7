#include "router/learned_speeds.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"

namespace housecall::router {
namespace {

constexpr absl::Duration kShortestDrive = absl::Minutes(2);
constexpr double kGreatestRatio = 5;
// As if so much had been driven exactly as expected, or with that spread.
constexpr absl::Duration kPriorDriven = absl::Minutes(30);

// Judgement: signals and parked cars make small roads less certain.
double PriorSpread(RoadClass road_class) {
  switch (road_class) {
    case RoadClass::kMotorway:
    case RoadClass::kTrunk:
      return 0.12;
    case RoadClass::kPrimary:
    case RoadClass::kSecondary:
    case RoadClass::kTertiary:
      return 0.18;
    case RoadClass::kUnclassified:
    case RoadClass::kResidential:
    case RoadClass::kLivingStreet:
    case RoadClass::kService:
    case RoadClass::kTrack:
    case RoadClass::kPedestrian:
      return 0.25;
  }
  return 0.25;
}

// What one drive says of one class.
struct Voice {
  double log_ratio;
  double weight;
};

double WeightedMedian(std::vector<Voice> voices) {
  std::sort(voices.begin(), voices.end(), [](const Voice& a, const Voice& b) {
    return std::pair(a.log_ratio, a.weight) < std::pair(b.log_ratio, b.weight);
  });
  double total = 0;
  for (const Voice& voice : voices) total += voice.weight;
  double before = 0;
  for (const Voice& voice : voices) {
    before += voice.weight;
    if (before >= total / 2) return voice.log_ratio;
  }
  return 0;
}

LearnedSpeed Learn(RoadClass road_class, const std::vector<Voice>& voices,
                   size_t drives) {
  LearnedSpeed speed;
  speed.spread = PriorSpread(road_class);
  double seconds = 0;
  for (const Voice& voice : voices) seconds += voice.weight;
  if (seconds <= 0) return speed;
  const double median = WeightedMedian(voices);
  // The median distance from the median; 1.4826 of it is the standard deviation
  // of a normal distribution.
  std::vector<Voice> distances = voices;
  for (Voice& voice : distances) {
    voice.log_ratio = std::abs(voice.log_ratio - median);
  }
  const double spread = 1.4826 * WeightedMedian(distances);
  const double share =
      seconds / (seconds + absl::ToDoubleSeconds(kPriorDriven));
  speed.time_factor =
      std::clamp(std::exp(share * median), LearnedSpeeds::kLeastFactor,
                 LearnedSpeeds::kGreatestFactor);
  speed.spread = share * spread + (1 - share) * PriorSpread(road_class);
  speed.drives = drives;
  speed.driven = absl::Seconds(seconds);
  return speed;
}

}  // namespace

absl::string_view DayClassName(DayClass day_class) {
  switch (day_class) {
    case DayClass::kWorkday:
      return "workday";
    case DayClass::kSaturday:
      return "saturday";
    case DayClass::kHoliday:
      return "holiday";
  }
  return "unknown";
}

double LearnedSpeed::LateFactor() const {
  // The nine-tenths point of a normal distribution.
  return std::exp(1.2815515655446004 * spread);
}

LearnedSpeeds::LearnedSpeeds() : LearnedSpeeds(std::vector<FinishedDrive>()) {}

LearnedSpeeds::LearnedSpeeds(const std::vector<FinishedDrive>& drives) {
  struct Cell {
    std::vector<Voice> voices;
    size_t drives = 0;
  };
  std::vector<Cell> cells(size_t{kDayClasses} * 24 * kRoadClasses);
  const auto cell = [&](size_t day, size_t hour, size_t road_class) -> Cell& {
    return cells[(day * 24 + hour) * kRoadClasses + road_class];
  };
  for (const FinishedDrive& drive : drives) {
    absl::Duration expected;
    for (const absl::Duration part : drive.expected) expected += part;
    if (expected < kShortestDrive || drive.taken <= absl::ZeroDuration() ||
        drive.hour < 0 || drive.hour > 23) {
      continue;
    }
    const double ratio = absl::FDivDuration(drive.taken, expected);
    if (ratio > kGreatestRatio || ratio < 1 / kGreatestRatio) continue;
    ++drives_;
    const size_t day = static_cast<size_t>(drive.day_class);
    for (const int distance : {0, -1, 1}) {
      const size_t hour =
          static_cast<size_t>((drive.hour + distance + 24) % 24);
      for (size_t i = 0; i < kRoadClasses; ++i) {
        const double seconds = absl::ToDoubleSeconds(drive.expected[i]);
        if (!(seconds > 0)) continue;
        Cell& one = cell(day, hour, i);
        one.voices.push_back(
            {std::log(ratio), distance == 0 ? seconds : seconds / 2});
        ++one.drives;
      }
    }
  }
  for (size_t day = 0; day < kDayClasses; ++day) {
    for (size_t hour = 0; hour < 24; ++hour) {
      for (size_t i = 0; i < kRoadClasses; ++i) {
        const Cell& one = cell(day, hour, i);
        speeds_[day][hour][i] =
            Learn(static_cast<RoadClass>(i), one.voices, one.drives);
      }
    }
  }
}

std::vector<std::string> LearnedSpeeds::ChangesSince(
    const LearnedSpeeds& before, double least_share) const {
  std::vector<std::string> changes;
  for (int day = 0; day < kDayClasses; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      for (int i = 0; i < kRoadClasses; ++i) {
        const auto day_class = static_cast<DayClass>(day);
        const auto road_class = static_cast<RoadClass>(i);
        const LearnedSpeed& old = before.At(day_class, hour, road_class);
        const LearnedSpeed& now = At(day_class, hour, road_class);
        if (std::abs(now.time_factor - old.time_factor) <
            least_share * old.time_factor) {
          continue;
        }
        changes.push_back(absl::StrFormat(
            "%s at %d, %s: time x %.2f -> x %.2f, of %d drives, %s on such "
            "roads",
            DayClassName(day_class), hour, RoadClassName(road_class),
            old.time_factor, now.time_factor, now.drives,
            absl::FormatDuration(absl::Trunc(now.driven, absl::Minutes(1)))));
      }
    }
  }
  return changes;
}

std::string LearnedSpeeds::Explain(DayClass day_class, int hour,
                                   RoadClass road_class) const {
  const LearnedSpeed& speed = At(day_class, hour, road_class);
  return absl::StrFormat(
      "%s at %d: time x %.2f, spread %.0f %%, from %d drives, %s on such roads",
      std::string(RoadClassName(road_class)), hour, speed.time_factor,
      speed.spread * 100, speed.drives,
      absl::FormatDuration(absl::Trunc(speed.driven, absl::Minutes(1))));
}

}  // namespace housecall::router
