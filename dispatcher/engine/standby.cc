#include "dispatcher/engine/standby.h"

#include <cmath>
#include <map>
#include <set>

namespace housecall::engine {

namespace {

core::LatLng Roughly(const core::LatLng& place) {
  constexpr double kDegrees = 0.005;
  return {std::round(place.latitude / kDegrees) * kDegrees,
          std::round(place.longitude / kDegrees) * kDegrees};
}

bool IsFree(const core::Board& board, const core::PersonId& person) {
  return board.RunningAssignmentOf(person) == nullptr &&
         board.PendingOfferTo(person) == nullptr;
}

}  // namespace

core::AdviseStandby AdviceOf(const core::Board& board,
                             const planner::PlanResult& plan, absl::Time now) {
  const bool wanted = board.center().policy.anticipates;
  std::set<core::PersonId> asked;
  for (const core::OfferVisit& offer : plan.offers) {
    asked.insert(offer.physician);
    asked.insert(offer.driver);
  }
  std::map<core::PersonId, const planner::StandbyMove*> moves;
  for (const planner::StandbyMove& move : plan.standbys) {
    moves[move.driver] = &move;
  }

  core::AdviseStandby command;
  // Those who are told something new, after it is known what stands.
  std::vector<const core::Duty*> open;
  std::set<core::PersonId> to_be_fetched;
  board.table<core::Duty>().ForEach([&](const core::PersonId& id,
                                        const core::Duty& duty) {
    if (!duty.on_duty || duty.role != core::Role::kDriver ||
        asked.count(id) > 0 || !IsFree(board, id)) {
      return;
    }
    if (!wanted) {
      if (duty.standby.has_value()) {
        command.advice.push_back({id, std::nullopt});
      }
      return;
    }
    const core::Standby* told =
        duty.standby.has_value() ? &*duty.standby : nullptr;
    const bool stands =
        told != nullptr && now - told->tell_time < kStandbyStands &&
        (told->physician.empty() ||
         (asked.count(told->physician) == 0 && IsFree(board, told->physician)));
    if (stands) {
      to_be_fetched.insert(told->physician);
    } else {
      open.push_back(&duty);
    }
  });
  for (const core::Duty* duty : open) {
    const auto found = moves.find(duty->id);
    const planner::StandbyMove* move =
        found == moves.end() ? nullptr : found->second;
    const bool is_empty = move == nullptr ||
                          (move->physician.empty() && !move->place.has_value());
    const bool is_taken = move != nullptr && !move->physician.empty() &&
                          (asked.count(move->physician) > 0 ||
                           !to_be_fetched.insert(move->physician).second);
    if (is_empty || is_taken) {
      if (duty->standby.has_value()) {
        command.advice.push_back({duty->id, std::nullopt});
      }
      continue;
    }
    core::Standby standby;
    if (move->place.has_value()) standby.position = Roughly(*move->place);
    standby.physician = move->physician;
    standby.expected_calls = plan.expected_calls;
    standby.expected_urgent_calls = plan.expected_urgent_calls;
    command.advice.push_back({duty->id, std::move(standby)});
  }
  return command;
}

}  // namespace housecall::engine
