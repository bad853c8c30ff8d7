// Drives to patients, from setting out to arriving, as roads can learn of them.
#ifndef HOUSECALL_DISPATCHER_ENGINE_DRIVES_H_
#define HOUSECALL_DISPATCHER_ENGINE_DRIVES_H_

#include <map>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "router/travel_time_source.h"

namespace housecall::engine {

// A drive of which everything is known that is wanted to learn of it: no place,
// no person.
struct FinishedDrive {
  absl::Time begin_time;
  // By class of road, what the roads said when it began, before anything was
  // learned (router::Route::unlearned_durations).
  std::vector<absl::Duration> unlearned_durations;
  absl::Duration taken;
};

// Watches one center's crews. Where a car was when it set out stands nowhere
// afterwards, so a drive counts only if it was seen to begin: right after the
// physician got in (or the crew set out, if he drives himself or was where the
// car was), with a fresh position of the car, to a place that is known. It is
// dropped, and never comes back, if its end is not plainly that of the same
// drive: another place or car, a time from paper, the clocks of phone and
// server disagreeing about how long it took, which is so where a phone had no
// network for a while. What is left that lies (a stop on the way) is for
// whoever learns to see through. Copyable; one thread at a time.
class DriveWatch {
 public:
  // How long after its beginning a drive may first be seen.
  static constexpr absl::Duration kCatchWithin = absl::Seconds(15);
  // How old the car's position may be when the drive begins, and how inexact.
  static constexpr absl::Duration kFreshWithin = absl::Minutes(10);
  static constexpr double kExactMeters = 100;
  // Physician and driver are at one place within these.
  static constexpr double kTogetherMeters = 150;
  // By how much phone and server may disagree about a drive's time: this, or a
  // tenth of it if that is more.
  static constexpr absl::Duration kClocksAgree = absl::Minutes(1);

  // The drives that have ended since the last board, in the order of their
  // assignments. `roads`: of one state, that of `now`.
  std::vector<FinishedDrive> Look(const core::Board& board,
                                  const router::TravelTimeSource& roads,
                                  absl::Time now);

 private:
  struct Drive {
    core::PersonId traveler;
    core::Stamp begin;
    core::LatLng to;
    // Empty: nothing can be learned of it.
    std::vector<absl::Duration> unlearned_durations;
  };

  std::map<core::AssignmentId, Drive> drives_;
};

}  // namespace housecall::engine

#endif  // HOUSECALL_DISPATCHER_ENGINE_DRIVES_H_
