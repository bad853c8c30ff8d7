// See writer_with_bugs.cc.
#include "dispatcher/core/decide.h"
#include "tests/simulation/decide_with_bugs.h"

#define NextDeadline NextDeadlineWithBugs
#include "dispatcher/engine/engine.cc"
#undef NextDeadline
