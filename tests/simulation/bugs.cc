#include "tests/simulation/bugs.h"

namespace housecall::simulation {
namespace {

Bug g_planted = Bug::kUnspecified;

}  // namespace

Bug Planted() { return g_planted; }
bool IsPlanted(Bug bug) { return g_planted == bug; }
void Plant(Bug bug) { g_planted = bug; }

}  // namespace housecall::simulation
