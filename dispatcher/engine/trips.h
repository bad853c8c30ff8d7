// Crews under way, and the legs that they still have to drive. Pure.
#ifndef HOUSECALL_DISPATCHER_ENGINE_TRIPS_H_
#define HOUSECALL_DISPATCHER_ENGINE_TRIPS_H_

#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::engine {

// From where the car is to the patient, by way of the physician if he has not
// been fetched yet.
struct Trip {
  core::AssignmentId assignment;
  // Two or three places, in order.
  std::vector<core::LatLng> places;
  // The estimate that people were told; UnixEpoch means that there is none any
  // more (the place was corrected, the car replaced).
  absl::Time told_arrive_time = absl::UnixEpoch();
  absl::Time estimate_time = absl::UnixEpoch();
  // The crew has set out.
  bool has_departed = false;
  // Patients at that door.
  int visits = 1;
  // They are not seen before: the latest start of their agreed windows.
  absl::Time ready_time = absl::InfinitePast();
};

// Every accepted or departed assignment whose places are known.
std::vector<Trip> RunningTrips(const core::Board& board);

// True if people should be told the new arrival: there was none, or it differs
// by a minute or more.
bool IsWorthTelling(const Trip& trip, absl::Time arrive_time);

}  // namespace housecall::engine

#endif  // HOUSECALL_DISPATCHER_ENGINE_TRIPS_H_
