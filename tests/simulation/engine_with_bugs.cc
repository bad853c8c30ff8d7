// See writer_with_bugs.cc.
#include "dispatcher/core/decide.h"
#include "dispatcher/planner/planner.h"
#include "tests/simulation/decide_with_bugs.h"

#define NextDeadline NextDeadlineWithBugs
#define WantsPlan WantsPlanWithBugs
#include "dispatcher/engine/engine.cc"
#undef WantsPlan
#undef NextDeadline
