// Whether a crew that was told to go somewhere, and has not set out, is better
// sent elsewhere. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_RECONSIDER_H_
#define HOUSECALL_DISPATCHER_PLANNER_RECONSIDER_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/travel_times.h"

namespace housecall::planner {

// A crew that is asked, or has accepted and has not departed, and that may be
// sent elsewhere where that is worth it (core::TakeBackOffer).
struct ToldCrew {
  core::OfferId offer;
  // What it was told: one leg.
  PlannedRoute route;
};

// At most kMostTold, the last ones told: of them the least has been done about
// it.
inline constexpr size_t kMostTold = 6;
std::vector<ToldCrew> ToldCrews(const core::Board& board, absl::Time now);

// The board as it would be had none of them been told: where they are now, they
// may have to go.
core::Board BoardWithoutTold(const core::Board& board, absl::Time now);

struct Reconsidered {
  ToldCrew told;
  // For what it saves.
  core::TakeBackOffer take_back;
  // Once that is done; and the routes that save it.
  core::Board board;
  std::vector<PlannedRoute> routes;
};

// The one crew by which most is gained, if that is policy.change_minutes or
// more; none where nothing waits that it could be sent to instead, where its
// own calls would not be visited any more, or where the night is not planned.
// Two plans are compared by cost (cost.h): all crews go where they were told,
// and that one is free again. The searches for both take three eighths of
// options.max_steps at the most, the first as long a one as the second, so that
// a longer search is not taken for a gain; is_over ends them without an answer.
// Of the ways, those of TravelNeeded are looked up.
std::optional<Reconsidered> Reconsider(const core::Board& board,
                                       const TravelTimes& travel_times,
                                       absl::Time now,
                                       const PlanOptions& options);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_RECONSIDER_H_
