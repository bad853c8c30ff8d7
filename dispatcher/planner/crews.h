// Who is on duty in the roles of a crew: where, until when, busy with what and
// in whose car. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_CREWS_H_
#define HOUSECALL_DISPATCHER_PLANNER_CREWS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/routes.h"

namespace housecall::planner {

// What somebody is asked or under way for.
struct Busy {
  // Until it is over, from now; and where that is.
  double minutes = 0;
  core::LatLng place;
  // Who is in the car then; empty: nobody.
  core::PersonId physician;
  bool self_drive = false;
};

// Pointers are the board's.
struct Physician {
  const core::Person* person = nullptr;
  const core::Duty* duty = nullptr;
  const core::Organization* employer = nullptr;
  // Why he may not be sent to any call.
  core::Ruling ruling;
  // Now, or where the car is free in which he is.
  core::LatLng place;
  // Where he is brought when another takes his seat.
  core::LatLng home;
  // Of the duty, in minutes from now.
  double end_minutes = 0;
  // None: he is free, or his crew waits for a car.
  std::optional<Busy> busy;
  // His crew has lost its car.
  bool waits_for_car = false;
  // He is free, or his crew waits for a car and is not asked about one.
  bool may_go = false;
  // In whose car he is, or kNone.
  int driver = kNone;

  // As soon as he is free: in minutes from now, where, and whether he has
  // wheels of his own there.
  double free_minutes() const { return busy.has_value() ? busy->minutes : 0; }
  const core::LatLng& free_place() const {
    return busy.has_value() ? busy->place : place;
  }
  bool drives_himself() const {
    return person->self_drive && driver == kNone &&
           (!busy.has_value() || busy->self_drive);
  }
};

struct Driver {
  const core::Person* person = nullptr;
  const core::Duty* duty = nullptr;
  core::Ruling ruling;
  // Now; seated: when he is free.
  core::LatLng place;
  double end_minutes = 0;
  std::optional<Busy> busy;
  // When he is free, in minutes from now.
  double free_minutes = 0;
  // Who is in the car then, or kNone.
  int aboard = kNone;
};

// Everybody by id. The planner names them by their indexes here.
struct Crews {
  std::vector<core::RotaDuty> rota;
  std::vector<Physician> physicians;
  std::vector<Driver> drivers;

  // Stands for a physician's own wheels where a driver's index is asked for.
  size_t own_wheels() const { return drivers.size(); }
};

// Where he is expected to be (planner.h, PlaceOf), by the rota given.
core::LatLng PlaceIn(const core::Board& board,
                     const std::vector<core::RotaDuty>& rota,
                     const core::PersonId& person);

// Each by himself where he is now.
Crews CrewsOnDuty(const core::Board& board, absl::Time now);

// Each where he is when he is free, and with whom: who is busy together, what
// options.crews says, and, where the whole night is planned, who has left a
// visit in one car and has not parted since.
Crews SeatedCrews(const core::Board& board, absl::Time now,
                  const PlanOptions& options);

// Cars, those of physicians who drive themselves among them.
size_t CountCars(const Crews& crews);

// By when every duty is over, and a night and a day at least; from now.
double HorizonMinutes(const Crews& crews);

// Whether the ruling lets somebody go now or as soon as he is free.
inline bool NowOrLater(const core::Ruling& ruling) {
  return ruling.ok() || ruling.verdict == core::Verdict::kBusy;
}

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_CREWS_H_
