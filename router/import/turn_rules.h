// What OpenStreetMap's relations of the type restriction mean for a car.
#ifndef HOUSECALL_ROUTER_IMPORT_TURN_RULES_H_
#define HOUSECALL_ROUTER_IMPORT_TURN_RULES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "router/import/road_rules.h"
#include "router/road_hours.h"

namespace housecall::router {

enum class TurnRule {
  // Nobody may drive from the one way over the others to the last.
  kNo,
  // Whoever comes that way may only go on to the last.
  kOnly,
};

struct TimedTurnRule {
  TurnRule rule = TurnRule::kNo;
  RoadHours hours;

  friend bool operator==(const TimedTurnRule&, const TimedTurnRule&) = default;
};

// The rules of a relation with these tags, each with the hours at which it
// counts; none: it is no restriction, or not one for cars. One of which it
// cannot be told when it counts does so at all hours: no drive is promised to
// be quicker than it may be.
std::vector<TimedTurnRule> JudgeTurn(const Tags& tags);

// A restriction, by the source's numbers. Either via_node or via_ways.
struct TurnRelation {
  TurnRule rule = TurnRule::kNo;
  RoadHours hours;
  // Several only for "no entry" and "no exit".
  std::vector<int64_t> from_ways;
  std::vector<int64_t> to_ways;
  std::optional<int64_t> via_node;
  std::vector<int64_t> via_ways;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_TURN_RULES_H_
