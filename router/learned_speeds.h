// What finished drives teach about how fast roads are.
#ifndef HOUSECALL_ROUTER_LEARNED_SPEEDS_H_
#define HOUSECALL_ROUTER_LEARNED_SPEEDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "router/road_data.h"

namespace housecall::router {

enum class DayClass : uint8_t { kWorkday = 0, kSaturday = 1, kHoliday = 2 };
inline constexpr int kDayClasses = 3;

// "workday", "saturday", "holiday".
absl::string_view DayClassName(DayClass day_class);

// A drive of ours that has ended.
struct FinishedDrive {
  // When it began, in the center's time zone.
  DayClass day_class = DayClass::kWorkday;
  int hour = 0;
  // What the roads would have said when it began, before anything was learned,
  // by class of road: the map, the profile of the hour, slow zones.
  std::array<absl::Duration, kRoadClasses> expected = {};
  // From setting out to arriving.
  absl::Duration taken;
};

// How fast roads of one class are at one hour, compared with what was expected.
struct LearnedSpeed {
  // Expected time is multiplied by this.
  double time_factor = 1;
  // How much the logarithm of the time of drives varies: a standard deviation.
  double spread = 0;

  // The share of the expected time that nine of ten drives do not exceed.
  double LateFactor() const;

  // What it was learned from.
  size_t drives = 0;
  absl::Duration driven;
};

// Factors of time by class of road, kind of day and hour, from whole drives:
// nobody knows how long a car was on which road. A drive that took a fifth
// longer than expected says so of every class that it used, as loudly as it
// used it. Of what the drives say the weighted median counts, so that a few odd
// ones (a stop for a meal, a clock that was wrong) change nothing; hours with
// few drives stay near 1; and no factor leaves [1/2, 2].
//
// Hours next to an hour count half as much for it. Immutable.
class LearnedSpeeds {
 public:
  static constexpr double kLeastFactor = 0.5;
  static constexpr double kGreatestFactor = 2;

  // Nothing was learned: all factors are 1, the spreads are judgement.
  LearnedSpeeds();
  // Drives that were expected to take less than two minutes, or that took less
  // than a fifth or more than five times of what was expected, are left out.
  explicit LearnedSpeeds(const std::vector<FinishedDrive>& drives);

  const LearnedSpeed& At(DayClass day_class, int hour,
                         RoadClass road_class) const {
    return speeds_[static_cast<size_t>(day_class)][static_cast<size_t>(hour)]
                  [static_cast<size_t>(road_class)];
  }

  // Of how many drives: those that were not left out.
  size_t drives() const { return drives_; }

  // Where a factor is not what it was, by `least_share` of it or more, what was
  // and what is, for people: "workday at 23, primary: time x 1.00 -> x 1.12, of
  // 12 drives, 1h5m on such roads".
  std::vector<std::string> ChangesSince(const LearnedSpeeds& before,
                                        double least_share) const;

  // Why a factor is what it is, for people: "12 drives, 1h5m on such roads".
  std::string Explain(DayClass day_class, int hour, RoadClass road_class) const;

 private:
  std::array<std::array<std::array<LearnedSpeed, kRoadClasses>, 24>,
             kDayClasses>
      speeds_;
  size_t drives_ = 0;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_LEARNED_SPEEDS_H_
