#include "dispatcher/planner/grouping.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dispatcher/planner/calls.h"
#include "dispatcher/planner/cost.h"

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::LatLng;

// Calls this near to each other are at one address.
constexpr double kSameAddressMeters = 30;
constexpr size_t kMaxCallsPerStop = 3;
// How much longer the first call of a stop may wait for the others' sake.
constexpr double kMaxWaitForCompanyMinutes = 5;

bool IsAtOneAddress(const Call& call, const LatLng& position) {
  return call.place.position.has_value() &&
         core::DistanceMeters(*call.place.position, position) <=
             kSameAddressMeters;
}

bool HasInfection(const Board& board, const Call& call) {
  const core::Patient* patient = board.Find<core::Patient>(call.patient);
  return patient != nullptr && patient->infection;
}

// Whether somebody at one door would wait too long for another's agreed window
// after the crew's arrival.
bool WaitsForWindow(const Stop& stop, double arrive_minutes) {
  return std::any_of(stop.clocks.begin(), stop.clocks.end(),
                     [&](const CallClock& clock) {
                       return stop.ready_minutes >
                              std::max(clock.ready_minutes, arrive_minutes) +
                                  kMaxWaitForCompanyMinutes;
                     });
}

void AddWaitingCrews(const Board& board, const PlanOptions& options,
                     const Prospects& prospects, Grouping* grouping) {
  const size_t most = kMaxStops - MostCalls(options);
  for (const core::Assignment* crew : WaitingCrews(board)) {
    std::vector<const Call*> calls;
    for (const core::CallId& id : crew->calls) {
      calls.push_back(board.Find<Call>(id));
    }
    if (!calls.front()->place.position.has_value()) {
      grouping->without_place.push_back(calls.front());
    } else if (grouping->stops.size() < most) {
      // His patients are his already.
      grouping->stops.push_back(prospects.StopOf(std::move(calls), crew, 1));
    }
  }
}

}  // namespace

Grouping GroupCalls(const Board& board, const PlanOptions& options,
                    const Crews& crews, const Prospects& prospects) {
  Grouping grouping;
  AddWaitingCrews(board, options, prospects, &grouping);
  const std::vector<const Call*> calls = CallsToPlan(board, options);
  const double continuity_share =
      ContinuityShare(calls.size(), CountCars(crews));
  std::vector<char> is_in_stop(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    if (is_in_stop[i]) continue;
    if (!calls[i]->place.position.has_value()) {
      grouping.without_place.push_back(calls[i]);
      continue;
    }
    Stop stop = prospects.StopOf({calls[i]}, nullptr, continuity_share);
    std::optional<FirstVisit> alone;
    for (size_t j = i + 1; j < calls.size(); ++j) {
      if (is_in_stop[j] || !IsAtOneAddress(*calls[j], stop.position)) continue;
      if (!alone.has_value()) alone = prospects.FirstVisitOf(stop);
      if (stop.calls.size() == kMaxCallsPerStop ||
          alone->begin_minutes == kNoWay) {
        break;
      }
      std::vector<const Call*> both = stop.calls;
      both.push_back(calls[j]);
      Stop more = prospects.StopOf(std::move(both), nullptr, continuity_share);
      const FirstVisit together = prospects.FirstVisitOf(more);
      if (together.begin_minutes >
              alone->begin_minutes + kMaxWaitForCompanyMinutes ||
          WaitsForWindow(more, together.arrive_minutes)) {
        continue;
      }
      stop = std::move(more);
      is_in_stop[j] = 1;
    }
    // Those with an infection last: they are seen in one visit.
    std::stable_sort(stop.calls.begin(), stop.calls.end(),
                     [&](const Call* a, const Call* b) {
                       const auto key = [&](const Call& call) {
                         return std::make_pair(RankOf(call.urgency),
                                               HasInfection(board, call));
                       };
                       return key(*a) < key(*b);
                     });
    grouping.stops.push_back(std::move(stop));
  }
  return grouping;
}

}  // namespace housecall::planner
