#include "dispatcher/planner/calls.h"

#include <algorithm>
#include <tuple>

namespace housecall::planner {

namespace {

using core::Board;
using core::Call;
using core::CallId;

}  // namespace

int RankOf(core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return 0;
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return 1;
    case core::Urgency::kRoutine:
      return 2;
  }
  return 1;
}

core::Urgency MostUrgent(const std::vector<const Call*>& calls) {
  core::Urgency urgency = core::Urgency::kRoutine;
  for (const Call* call : calls) {
    if (RankOf(call->urgency) < RankOf(urgency)) urgency = call->urgency;
  }
  return urgency;
}

std::vector<const Call*> MatchingCalls(const Board& board) {
  std::vector<const Call*> calls;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const Call* call = board.Find<Call>(id);
    if (call->state == core::CallState::kMatching) calls.push_back(call);
  });
  std::stable_sort(calls.begin(), calls.end(),
                   [](const Call* a, const Call* b) {
                     const auto key = [](const Call& call) {
                       return std::make_tuple(
                           RankOf(call.urgency),
                           call.target_time.value_or(absl::InfiniteFuture()));
                     };
                     return key(*a) < key(*b);
                   });
  return calls;
}

size_t MostCalls(const PlanOptions& options) {
  return std::clamp(options.max_calls, 0, kMaxCalls);
}

std::vector<const Call*> CallsToPlan(const Board& board,
                                     const PlanOptions& options) {
  std::vector<const Call*> calls = MatchingCalls(board);
  const size_t most = MostCalls(options);
  if (calls.size() > most) calls.resize(most);
  return calls;
}

bool IsWaitingForCar(const Board& board, const core::Assignment& assignment) {
  return assignment.state == core::AssignmentState::kWaitingForCar &&
         board.PendingOfferTo(assignment.physician) == nullptr;
}

std::vector<const core::Assignment*> WaitingCrews(const Board& board) {
  std::vector<const core::Assignment*> crews;
  board.open_calls().ForEach([&](const CallId& id, bool) {
    const Call* call = board.Find<Call>(id);
    const core::Assignment* crew =
        board.Find<core::Assignment>(call->assignment);
    if (crew != nullptr && !crew->calls.empty() && crew->calls.front() == id &&
        IsWaitingForCar(board, *crew)) {
      crews.push_back(crew);
    }
  });
  return crews;
}

absl::Duration VisitDuration(const core::Policy& policy,
                             const PlanOptions& options, const Call& call) {
  const auto known = options.visit_durations.find(call.id);
  return known != options.visit_durations.end() ? known->second
                                                : policy.visit_duration;
}

}  // namespace housecall::planner
