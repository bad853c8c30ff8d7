#include "dispatcher/server/duty_view.h"

#include <set>

#include "dispatcher/core/rota.h"
#include "dispatcher/server/convert.h"
#include "dispatcher/server/resources.h"

namespace housecall::server {
namespace {

// How long somebody is told that a trip which he has accepted is not his.
constexpr absl::Duration kTold = absl::Minutes(30);

// Whether something is left for `person` to do in a finished assignment: his
// hours to confirm, or a note to sign.
bool IsUnfinishedFor(const core::PersonId& person,
                     const core::Assignment& assignment,
                     const core::Board& board) {
  if (assignment.state != core::AssignmentState::kFinished) return false;
  if (person == assignment.driver) return !assignment.driver_hours.has_value();
  if (!assignment.physician_hours.has_value()) return true;
  for (const core::CallId& id : assignment.calls) {
    const auto* call = board.Find<core::Call>(id);
    if (call == nullptr || core::IsOver(call->state)) continue;
    const auto* note = board.Find<core::Note>(call->note);
    if (note == nullptr || note->versions.empty()) return true;
  }
  return false;
}

}  // namespace

v1::DutyView MakeDutyView(const core::Board& board,
                          const core::CenterId& center,
                          const core::Actor& actor,
                          const core::PersonId& person, absl::Time now) {
  v1::DutyView view;
  const auto write = [&](const auto* record, auto* out) {
    WriteRecord(*record, center, actor, board, out);
  };
  core::Role role = core::Role::kPhysician;
  if (const auto* duty = board.Find<core::Duty>(person)) {
    write(duty, view.mutable_duty());
    role = duty->role;
  } else if (actor.Has(core::Role::kDriver)) {
    role = core::Role::kDriver;
  }
  if (const std::optional<core::RotaDuty> rota =
          core::DutyOf(board, person, role, now, absl::Hours(24))) {
    ToProto(*rota, center, view.mutable_rota_duty());
  }
  if (const auto* position = board.Find<core::Position>(person)) {
    write(position, view.mutable_position());
  }

  std::set<core::CallId> calls;
  std::set<core::PersonId> people;
  std::set<core::CarId> cars;
  const auto add = [&](const auto& crew) {
    calls.insert(crew.calls.begin(), crew.calls.end());
    people.insert(crew.physician);
    people.insert(crew.driver);
    cars.insert(crew.car);
  };
  if (const core::Offer* offer = board.PendingOfferTo(person)) {
    write(offer, view.add_offers());
    add(*offer);
  }
  if (const core::Assignment* running = board.RunningAssignmentOf(person)) {
    write(running, view.add_assignments());
    add(*running);
  }
  // A trip has several calls, any of which may be closed before the others.
  std::set<core::AssignmentId> seen;
  board.open_calls().ForEach([&](const core::CallId& id, bool) {
    const auto* call = board.Find<core::Call>(id);
    const auto* assignment = board.Find<core::Assignment>(call->assignment);
    if (assignment == nullptr || !seen.insert(assignment->id).second ||
        (assignment->physician != person && assignment->driver != person)) {
      return;
    }
    if (assignment->state == core::AssignmentState::kReleased &&
        now - assignment->accept_time < kTold) {
      view.add_taken_back(ResourceName(center, assignment->id));
    }
    if (!IsUnfinishedFor(person, *assignment, board)) return;
    write(assignment, view.add_assignments());
    add(*assignment);
  });
  people.erase(person);
  for (const core::CallId& id : calls) {
    if (const auto* call = board.Find<core::Call>(id)) {
      write(call, view.add_calls());
      if (const auto* visit = board.Find<core::Visit>(call->visit)) {
        write(visit, view.add_visits());
      }
    }
  }
  for (const core::PersonId& id : people) {
    if (const auto* other = board.Find<core::Person>(id)) {
      write(other, view.add_people());
    }
  }
  for (const core::CarId& id : cars) {
    if (const auto* car = board.Find<core::Car>(id)) {
      write(car, view.add_cars());
    }
  }
  return view;
}

}  // namespace housecall::server
