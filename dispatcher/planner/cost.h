// What it costs to send a crew to a call, in minutes: the one place that says
// what the weights of a center's Policy mean. Hard rules are not here
// (core/rules.h).
#ifndef HOUSECALL_DISPATCHER_PLANNER_COST_H_
#define HOUSECALL_DISPATCHER_PLANNER_COST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::planner {

// How much a minute of waiting counts: policy.urgent_weight and so on. A call
// without urgency counts as standard.
double UrgencyWeight(const core::Policy& policy, core::Urgency urgency);

// The parts, each in minutes; negative: a bonus.
struct Cost {
  double response = 0;
  double tardiness = 0;
  double continuity = 0;
  double fairness = 0;
  double platform = 0;
  double drive = 0;

  double total() const {
    return response + tardiness + continuity + fairness + platform + drive;
  }
  Cost& operator+=(const Cost& other);
};

// What a call asks of the time of arrival, in minutes from now so that many
// arrivals are compared quickly.
struct CallClock {
  double urgency_weight = 0;
  // Before that nobody is expected: the start of an agreed window; else 0.
  double ready_minutes = 0;
  // At the door by then; none: no target.
  std::optional<double> target_minutes;
};
CallClock ClockOf(const core::Policy& policy, const core::Call& call,
                  absl::Time now);

// By how much of its wait a call may be seen later than it is planned to be:
// visits last longer than usual, and calls that are more urgent come in
// between. Measured (tests/benchmarks): with none, plans leave calls until just
// before their targets, and more of them are late; twice as much gains nothing.
inline constexpr double kDelayShare = 0.3;

// Minutes at the door after `due_minutes`, on average, where the plan says
// `arrive_minutes`: it is taken for the first moment of an arrival that is as
// likely at any until kDelayShare of the wait since `ready_minutes` later.
inline double ExpectedTardiness(double arrive_minutes, double ready_minutes,
                                double due_minutes) {
  const double spread =
      kDelayShare * std::max(0.0, arrive_minutes - ready_minutes);
  const double most = arrive_minutes + spread - due_minutes;
  if (most <= 0) return 0;
  return most >= spread ? most - spread / 2 : most * most / (2 * spread);
}

// A call's waiting as a search sees it: ResponseCost and TardinessCost in one.
struct WaitClock {
  double ready_minutes = 0;
  double due_minutes = 0;
  // A minute's waiting; a minute's waiting after the target, besides.
  double response_rate = 0;
  double tardiness_rate = 0;
};
WaitClock WaitClockOf(const CallClock& clock, const core::Policy& policy);

inline double WaitingCost(const WaitClock& clock, double arrive_minutes) {
  double cost = 0;
  if (arrive_minutes > clock.ready_minutes) {
    cost = clock.response_rate * (arrive_minutes - clock.ready_minutes);
  }
  if (clock.tardiness_rate > 0) {
    cost += clock.tardiness_rate * ExpectedTardiness(arrive_minutes,
                                                     clock.ready_minutes,
                                                     clock.due_minutes);
  }
  return cost;
}

// Minutes from now (or from the start of the agreed window) to the door, times
// the weight of the urgency.
double ResponseCost(const CallClock& clock, double arrive_minutes);

// ExpectedTardiness, times the weight of the urgency, times
// policy.tardiness_weight.
double TardinessCost(const CallClock& clock, const core::Policy& policy,
                     double arrive_minutes);

// What it costs to serve a call in no route of the night: more than what its
// waiting and driving cost whenever somebody is at the door within
// `horizon_minutes`. How late it is already is in both, so that what is saved
// by serving it does not depend on that.
double UnservedCost(const CallClock& clock, const core::Policy& policy,
                    double horizon_minutes);

// policy.drive_weight for each minute on the road, besides the time that it
// takes.
double DriveCost(const core::Policy& policy, double minutes);

// For the patient's own physician, minus what it costs that a standard call
// waits for policy.own_physician_bonus_minutes; minus half of it for one who
// has seen him before or who works this duty for his primary clinic. `patient`
// may be null.
double ContinuityCost(const core::Policy& policy, const core::Patient* patient,
                      const core::PersonId& physician,
                      const core::OrganizationId& employer);

// How much of that bonus counts while `waiting` calls are sought a crew and
// `cars` are on duty, those of physicians who drive themselves among them: all
// of it for one, none from two for each car on. The detour to somebody's own
// physician is paid by those who wait, and by those who will call before the
// queue is gone, whom no plan knows.
double ContinuityShare(size_t waiting, size_t cars);

// policy.fairness_minutes_per_visit for each visit of this duty so far;
// physician and driver count alike. Plan counts visits for each hour on duty
// (who has been on duty for longer than others may have had more), of this duty
// only: how many duties somebody has is the rota's matter.
double FairnessCost(const core::Policy& policy, int32_t visits);

// policy.platform_penalty_minutes if the physician works this duty for a
// platform company, unless that is the patient's primary clinic. Both pointers
// may be null.
double PlatformCost(const core::Policy& policy,
                    const core::Organization* employer,
                    const core::Patient* patient);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_COST_H_
