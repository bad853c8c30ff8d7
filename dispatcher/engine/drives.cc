#include "dispatcher/engine/drives.h"

#include <algorithm>
#include <utility>

#include "dispatcher/engine/trips.h"

namespace housecall::engine {
namespace {

const core::PersonId& TravelerOf(const core::Assignment& assignment) {
  return assignment.self_drive ? assignment.physician : assignment.driver;
}

// When the drive to the patient began. Null: it has not.
const core::Stamp* BeginOf(const core::Assignment& assignment) {
  if (assignment.pick_up.has_value()) return &*assignment.pick_up;
  return assignment.depart.has_value() ? &*assignment.depart : nullptr;
}

// The car is there by what its phone said, and that was no guess.
bool IsKnownToBeAt(const core::Board& board, const core::PersonId& traveler,
                   const core::LatLng& place, absl::Time begin_time) {
  const auto* position = board.Find<core::Position>(traveler);
  return position != nullptr && position->position == place &&
         position->receive_time >= begin_time - DriveWatch::kFreshWithin &&
         position->accuracy_meters <= DriveWatch::kExactMeters;
}

// Nobody has to be fetched first: then the drive to the patient begins with his
// getting in.
bool IsDirect(const Trip& trip) {
  return trip.places.size() == 2 ||
         core::DistanceMeters(trip.places[0], trip.places[1]) <=
             DriveWatch::kTogetherMeters;
}

// Zero: they disagree, or it did not take any time.
absl::Duration TimeBetween(const core::Stamp& begin, const core::Stamp& end) {
  if (begin.written_time.has_value() || end.written_time.has_value()) {
    return absl::ZeroDuration();
  }
  const absl::Duration taken = end.server_time - begin.server_time;
  if (begin.device_time.has_value() && end.device_time.has_value()) {
    const absl::Duration by_device = *end.device_time - *begin.device_time;
    if (absl::AbsDuration(by_device - taken) >
        std::max(DriveWatch::kClocksAgree, taken / 10)) {
      return absl::ZeroDuration();
    }
  }
  return std::max(taken, absl::ZeroDuration());
}

router::LatLng ToRouter(const core::LatLng& position) {
  return {position.latitude, position.longitude};
}

}  // namespace

std::vector<FinishedDrive> DriveWatch::Look(
    const core::Board& board, const router::TravelTimeSource& roads,
    absl::Time now) {
  std::map<core::AssignmentId, Drive> running;
  for (const Trip& trip : RunningTrips(board)) {
    if (!trip.has_departed) continue;
    const auto& assignment = *board.Find<core::Assignment>(trip.assignment);
    const core::Stamp* const begin = BeginOf(assignment);
    if (begin == nullptr) continue;
    Drive drive;
    drive.traveler = TravelerOf(assignment);
    drive.begin = *begin;
    drive.to = trip.places.back();
    const auto known = drives_.find(trip.assignment);
    if (known != drives_.end() && known->second.begin == drive.begin) {
      // Somewhere else now: where it would have been on this way is not known.
      if (known->second.traveler == drive.traveler &&
          known->second.to == drive.to) {
        drive = std::move(known->second);
      }
    } else if (IsDirect(trip) && now - begin->server_time <= kCatchWithin &&
               IsKnownToBeAt(board, drive.traveler, trip.places.front(),
                             begin->server_time)) {
      absl::StatusOr<router::Route> route = roads.FindRoute(
          ToRouter(trip.places.front()), ToRouter(trip.places.back()));
      if (route.ok()) {
        drive.unlearned_durations = std::move(route->unlearned_durations);
      }
    }
    running[trip.assignment] = std::move(drive);
  }

  std::vector<FinishedDrive> finished;
  for (auto& [id, drive] : drives_) {
    if (running.count(id) > 0 || drive.unlearned_durations.empty()) continue;
    const auto* assignment = board.Find<core::Assignment>(id);
    if (assignment == nullptr || !assignment->arrive.has_value() ||
        assignment->calls.empty()) {
      continue;
    }
    const core::Stamp* const begin = BeginOf(*assignment);
    const auto* call = board.Find<core::Call>(assignment->calls.front());
    if (begin == nullptr || !(*begin == drive.begin) ||
        TravelerOf(*assignment) != drive.traveler || call == nullptr ||
        call->place.position != drive.to) {
      continue;
    }
    const absl::Duration taken = TimeBetween(*begin, *assignment->arrive);
    if (taken <= absl::ZeroDuration()) continue;
    finished.push_back(
        {begin->server_time, std::move(drive.unlearned_durations), taken});
  }
  drives_ = std::move(running);
  return finished;
}

}  // namespace housecall::engine
