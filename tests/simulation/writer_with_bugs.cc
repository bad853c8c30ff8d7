// The engine's own source, in which only the names of two functions of the core
// are others: those through which bugs can be planted. So the engine that is
// simulated is the real one, and the one that serves has no hooks.
#include "dispatcher/core/decide.h"
#include "tests/simulation/decide_with_bugs.h"

#define Decide DecideWithBugs
#include "dispatcher/engine/center_writer.cc"
#undef Decide
