#include "dispatcher/engine/trips.h"

#include <algorithm>

#include "dispatcher/planner/planner.h"

namespace housecall::engine {

std::vector<Trip> RunningTrips(const core::Board& board) {
  std::vector<Trip> trips;
  board.open_calls().ForEach([&](const core::CallId& id, bool) {
    const core::Call& call = *board.Find<core::Call>(id);
    const core::Assignment* assignment =
        board.Find<core::Assignment>(call.assignment);
    if (assignment == nullptr || !call.place.position.has_value() ||
        assignment->calls.empty() || assignment->calls.front() != id) {
      return;
    }
    if (assignment->state != core::AssignmentState::kAccepted &&
        assignment->state != core::AssignmentState::kEnRoute) {
      return;
    }
    Trip trip;
    trip.assignment = assignment->id;
    trip.told_arrive_time = assignment->estimate.arrive_time;
    trip.estimate_time = assignment->estimate_time;
    trip.has_departed = assignment->state == core::AssignmentState::kEnRoute;
    trip.visits = static_cast<int>(assignment->calls.size());
    for (const core::CallId& each : assignment->calls) {
      const core::Call* seen = board.Find<core::Call>(each);
      if (seen != nullptr && seen->schedule.has_value()) {
        trip.ready_time = std::max(trip.ready_time, seen->schedule->start_time);
      }
    }
    if (assignment->self_drive) {
      trip.places.push_back(planner::PlaceOf(board, assignment->physician));
    } else {
      trip.places.push_back(planner::PlaceOf(board, assignment->driver));
      if (!assignment->pick_up.has_value()) {
        trip.places.push_back(planner::PlaceOf(board, assignment->physician));
      }
    }
    trip.places.push_back(*call.place.position);
    trips.push_back(std::move(trip));
  });
  return trips;
}

bool IsWorthTelling(const Trip& trip, absl::Time arrive_time) {
  return trip.estimate_time == absl::UnixEpoch() ||
         absl::AbsDuration(arrive_time - trip.told_arrive_time) >=
             absl::Minutes(1);
}

}  // namespace housecall::engine
