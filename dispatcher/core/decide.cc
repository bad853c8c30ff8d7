#include "dispatcher/core/decide.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/call_table.h"
#include "dispatcher/core/draft.h"

namespace housecall::core {

namespace {

constexpr absl::Duration kKeepClosedCalls = absl::Hours(36);
constexpr absl::Duration kKeepExpiredSessions = absl::Hours(1);

// A trip's assignment is named after its first call: it stays while another
// call of the trip needs it to be closed.
bool TripIsOver(const Board& board, const CallId& call) {
  const std::string prefix = call.value() + "--";
  bool over = true;
  board.table<Assignment>().ForEachFrom(
      AssignmentId(prefix),
      [&](const AssignmentId& id, const Assignment& assignment) {
        if (id.value().compare(0, prefix.size(), prefix) != 0) return false;
        for (const CallId& other : assignment.calls) {
          const Call* found = board.Find<Call>(other);
          if (found != nullptr && !IsOver(found->state)) over = false;
        }
        return over;
      });
  return over;
}

// A note amended after the end is still on its way.
bool HasOpenDelivery(const Board& board, const Call& call) {
  for (const DeliveryId& id : board.DeliveriesOf(call.note)) {
    if (board.open_deliveries().Contains(id)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Decision> Decide(const Board& board, const Command& command,
                                const Actor& actor, absl::Time now) {
  if (board.center().id.empty() &&
      !std::holds_alternative<Create<Center>>(command)) {
    return absl::FailedPreconditionError(
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
  std::vector<CallId> calls;
  board->table<Call>().ForEach([&](const CallId& id, const Call& call) {
    if (IsOver(call.state) && call.close_time.has_value() &&
        *call.close_time + kKeepClosedCalls < now && TripIsOver(*board, id) &&
        !HasOpenDelivery(*board, call)) {
      calls.push_back(id);
    }
  });
  for (const CallId& id : calls) board->Forget(id);
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
