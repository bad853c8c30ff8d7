// Plans of boards that are built for tests, on straight lines.
#ifndef HOUSECALL_TESTS_PLANNER_PLANS_H_
#define HOUSECALL_TESTS_PLANNER_PLANS_H_

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/planner/planner.h"
#include "tests/core/builders.h"

namespace housecall::planner {

// A minute a kilometre, on the straight line.
inline Travel StraightLine(const core::LatLng& from, const core::LatLng& to) {
  const double meters = core::DistanceMeters(from, to);
  return {absl::Seconds(meters * 60 / 1000), meters};
}

// The ways that are asked for, and no others.
inline TravelTimes TimesFor(const core::Board& board) {
  TravelTimes times("a minute a kilometre");
  for (const TravelRequest& request :
       TravelNeeded(board, core::testing::TestNow())) {
    for (const core::LatLng& from : request.origins) {
      for (const core::LatLng& to : request.destinations) {
        times.Set(from, to, StraightLine(from, to));
      }
    }
  }
  return times;
}

inline PlanResult PlanFor(const core::Board& board,
                          const PlanOptions& options = {}) {
  return Plan(board, TimesFor(board), core::testing::TestNow(), options);
}

}  // namespace housecall::planner

#endif  // HOUSECALL_TESTS_PLANNER_PLANS_H_
