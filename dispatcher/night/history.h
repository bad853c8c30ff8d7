// A night that a center lived through as a night file, without patients' data.
#ifndef HOUSECALL_DISPATCHER_NIGHT_HISTORY_H_
#define HOUSECALL_DISPATCHER_NIGHT_HISTORY_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/night/night.h"

namespace housecall::night {

struct HistoryOptions {
  // When the night began.
  absl::Time begin_time = absl::InfinitePast();
  absl::Duration length = absl::Hours(14);
  // Places are moved to the middle of squares of this size, and times to the
  // minute, so that nobody's home can be read from the file.
  double grid_meters = 500;
};

// Seconds by car from each place to each place; a negative number: no way.
using RoadTimes =
    std::function<absl::StatusOr<std::vector<std::vector<double>>>(
        const std::vector<core::LatLng>&)>;

// The rota and the calls of that night: who was to be on duty, and every call
// that came to be matched, from the moment in which it was triaged; one that
// was entered from paper, from when it was written there. People and calls are
// numbered; names, ids and addresses are left out. A visit took as long as the
// record says, and as expected where it does not; ways take as long as
// `road_times` says, which is asked for moved places only. The center's
// configuration goes with it: whether drivers wait, targets, weights, and what
// else of its policy matters on a night. Who may drive himself has a car of his
// own; the seats are those of the smallest car on duty, without the driver's.
//
// NotFound if nobody drove or nobody could treat; InvalidArgument if the
// options make no sense; Unavailable if there is no way between two places.
absl::StatusOr<Night> NightFromHistory(const core::Board& board,
                                       const HistoryOptions& options,
                                       const RoadTimes& road_times);

// As a file ("house-call-night/1").
std::string WriteNight(const Night& night);

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_HISTORY_H_
