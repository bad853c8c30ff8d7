// What holds on every board, after every event.
#ifndef HOUSECALL_TESTS_CORE_INVARIANTS_H_
#define HOUSECALL_TESTS_CORE_INVARIANTS_H_

#include <string>

#include "dispatcher/core/board.h"
#include "dispatcher/core/event.h"

namespace housecall::core {

// Nobody is in two running assignments or asked while he is bound by one; an
// offer is pending where and only where its calls are offered; the state of
// every call agrees with its crew; what is over has no open task; the indexes
// agree with the tables. Empty, or what is broken, one line each.
std::string CheckInvariants(const Board& board);

// Empty, or the records of the event that do not follow what is on the board:
// their etag is not one higher.
std::string CheckEtags(const Board& before, const Event& event);

// Empty, or the first difference between the tables and indexes of two boards.
std::string Difference(const Board& a, const Board& b);

}  // namespace housecall::core

#endif  // HOUSECALL_TESTS_CORE_INVARIANTS_H_
