// The table of commands × states of a call: which command is possible when.
// Internal to core; see call_table.cc for the table itself.
#ifndef HOUSECALL_DISPATCHER_CORE_CALL_TABLE_H_
#define HOUSECALL_DISPATCHER_CORE_CALL_TABLE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/decide.h"

namespace housecall::core {

// What the table says of a command that is not refused.
struct TableAnswer {
  // Nothing is to be done, and this is the answer.
  std::optional<Subject> unchanged;
  // Act on this command instead: the call that it names was merged into the
  // call that this one names. It has not been looked up itself.
  std::optional<Command> instead;
};

// Looks the command up for every call on which it acts, which may be through
// an offer, an assignment, a note or a delivery. Empty for commands that act
// on no call. NotFound if what it names is not on the board; else the status
// of the first cell that refuses it (FailedPrecondition, and AlreadyExists for
// a call that is submitted again).
absl::StatusOr<TableAnswer> AskCallTable(const Board& board,
                                         const Command& command);

// The names of the table's rows, in its order; for tests.
std::vector<std::string> CallTableRows();

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_CALL_TABLE_H_
