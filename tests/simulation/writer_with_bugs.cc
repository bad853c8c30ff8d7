// The engine's own source, in which only the names of some functions of the
// core are others: those through which bugs can be planted. So the engine that
// is simulated is the real one, and the one that serves has no hooks.
#include "dispatcher/core/decide.h"
#include "dispatcher/core/session.h"
#include "tests/simulation/decide_with_bugs.h"

#define Decide DecideWithBugs
#define ActorBehind ActorBehindWithBugs
#include "dispatcher/engine/center_writer.cc"
#undef ActorBehind
#undef Decide
