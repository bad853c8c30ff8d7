#include "dispatcher/core/decide.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/call_table.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/refusal.h"

namespace housecall::core {

namespace {

constexpr absl::Duration kKeepExpiredSessions = absl::Hours(1);

// The calls, over or not, that still concern somebody.
std::set<CallId> CallsOfConcern(const Board& board) {
  std::set<CallId> calls;
  board.open_calls().ForEach([&](const CallId& id, bool) { calls.insert(id); });
  // The papers of a trip are complete when those of its last call are.
  const std::set<CallId> open = calls;
  board.table<Assignment>().ForEach(
      [&](const AssignmentId&, const Assignment& trip) {
        const bool is_open =
            std::any_of(trip.calls.begin(), trip.calls.end(),
                        [&](const CallId& id) { return open.count(id) > 0; });
        if (is_open) calls.insert(trip.calls.begin(), trip.calls.end());
      });
  board.open_deliveries().ForEach([&](const DeliveryId& id, bool) {
    calls.insert(board.Find<Delivery>(id)->call);
  });
  board.open_tasks().ForEach([&](const TaskId& id, bool) {
    calls.insert(board.Find<Task>(id)->call);
  });
  return calls;
}

}  // namespace

absl::StatusOr<Decision> Decide(const Board& board, const Command& command,
                                const Actor& actor, absl::Time now) {
  if (board.center().id.empty() &&
      !std::holds_alternative<Create<Center>>(command)) {
    return Refuse(RefusalReason::kNoCenter,
                  "the center does not exist; create it first");
  }
  ASSIGN_OR_RETURN(TableAnswer answer, AskCallTable(board, command));
  // A merge goes into a call that lives, so that this ends.
  if (answer.instead.has_value()) {
    return Decide(board, *answer.instead, actor, now);
  }
  if (answer.unchanged.has_value()) {
    return Decision{{}, *std::move(answer.unchanged), board};
  }
  Draft draft(board, actor, now);
  ASSIGN_OR_RETURN(
      Subject subject,
      std::visit([&draft](const auto& c) { return Rule(c, draft); }, command));
  return std::move(draft).Finish(std::move(subject));
}

void ForgetWhatIsOver(absl::Time now, Board* board) {
  const std::set<CallId> kept = CallsOfConcern(*board);
  std::vector<CallId> calls;
  board->table<Call>().ForEach([&](const CallId& id, const Call& call) {
    if (call.close_time.has_value() && *call.close_time + kKeepPast < now &&
        kept.count(id) == 0) {
      calls.push_back(id);
    }
  });
  for (const CallId& id : calls) board->Forget(id);
  std::vector<TaskId> tasks;
  board->table<Task>().ForEach([&](const TaskId& id, const Task& task) {
    if (task.call.empty() && task.resolved.has_value() &&
        task.raise_time + kKeepPast < now) {
      tasks.push_back(id);
    }
  });
  for (const TaskId& id : tasks) board->Forget(id);
  std::vector<SessionId> sessions;
  board->table<Session>().ForEach(
      [&](const SessionId& id, const Session& session) {
        if (session.expire_time + kKeepExpiredSessions < now) {
          sessions.push_back(id);
        }
      });
  for (const SessionId& id : sessions) board->Forget(id);
}

}  // namespace housecall::core
