#include "dispatcher/planner/cost.h"

#include <algorithm>

namespace housecall::planner {

double UrgencyWeight(const core::Policy& policy, core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return policy.urgent_weight;
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return policy.standard_weight;
    case core::Urgency::kRoutine:
      return policy.routine_weight;
  }
  return policy.standard_weight;
}

Cost& Cost::operator+=(const Cost& other) {
  response += other.response;
  tardiness += other.tardiness;
  continuity += other.continuity;
  fairness += other.fairness;
  platform += other.platform;
  drive += other.drive;
  return *this;
}

CallClock ClockOf(const core::Policy& policy, const core::Call& call,
                  absl::Time now) {
  CallClock clock;
  clock.urgency_weight = UrgencyWeight(policy, call.urgency);
  if (call.schedule.has_value()) {
    clock.ready_minutes =
        std::max(0.0, absl::ToDoubleMinutes(call.schedule->start_time - now));
  }
  if (call.target_time.has_value()) {
    clock.target_minutes = absl::ToDoubleMinutes(*call.target_time - now);
  }
  return clock;
}

WaitClock WaitClockOf(const CallClock& clock, const core::Policy& policy) {
  WaitClock wait;
  wait.ready_minutes = clock.ready_minutes;
  wait.response_rate = clock.urgency_weight;
  if (clock.target_minutes.has_value()) {
    wait.due_minutes = *clock.target_minutes;
    wait.tardiness_rate = policy.tardiness_weight * clock.urgency_weight;
  }
  return wait;
}

double ResponseCost(const CallClock& clock, double arrive_minutes) {
  return clock.urgency_weight *
         std::max(0.0, arrive_minutes - clock.ready_minutes);
}

double TardinessCost(const CallClock& clock, const core::Policy& policy,
                     double arrive_minutes) {
  if (!clock.target_minutes.has_value()) return 0;
  return policy.tardiness_weight * clock.urgency_weight *
         ExpectedTardiness(arrive_minutes, clock.ready_minutes,
                           *clock.target_minutes);
}

double UnservedCost(const CallClock& clock, const core::Policy& policy,
                    double horizon_minutes) {
  // As if nobody came before the horizon; twice the response, so that the drive
  // is no reason to stay at home.
  const double response =
      horizon_minutes * (clock.urgency_weight +
                         std::max(clock.urgency_weight, policy.drive_weight));
  // From now on, and what it is late already: that is lost either way.
  const double due = std::min(0.0, clock.target_minutes.value_or(0));
  return response + policy.tardiness_weight * clock.urgency_weight *
                        ExpectedTardiness(horizon_minutes, 0, due);
}

double DriveCost(const core::Policy& policy, double minutes) {
  return policy.drive_weight * minutes;
}

double ContinuityCost(const core::Policy& policy, const core::Patient* patient,
                      const core::PersonId& physician,
                      const core::OrganizationId& employer) {
  if (patient == nullptr) return 0;
  const double bonus =
      policy.own_physician_bonus_minutes * policy.standard_weight;
  if (patient->primary_physician == physician) return -bonus;
  const bool has_seen =
      std::find(patient->seen_by.begin(), patient->seen_by.end(), physician) !=
      patient->seen_by.end();
  const bool own_clinic =
      !employer.empty() && patient->primary_clinic == employer;
  if (has_seen || own_clinic) return -bonus / 2;
  return 0;
}

double ContinuityShare(size_t waiting, size_t cars) {
  if (waiting <= 1) return 1;
  if (waiting - 1 >= 2 * cars) return 0;
  return 1 - static_cast<double>(waiting - 1) / (2.0 * cars);
}

double FairnessCost(const core::Policy& policy, int32_t visits) {
  return policy.fairness_minutes_per_visit * visits;
}

double PlatformCost(const core::Policy& policy,
                    const core::Organization* employer,
                    const core::Patient* patient) {
  if (employer == nullptr ||
      employer->kind != core::OrganizationKind::kPlatform) {
    return 0;
  }
  if (patient != nullptr && patient->primary_clinic == employer->id) return 0;
  return policy.platform_penalty_minutes;
}

}  // namespace housecall::planner
