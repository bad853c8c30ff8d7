#include "dispatcher/planner/cost.h"

#include <algorithm>

namespace housecall::planner {

double UrgencyWeight(core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return 4;
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return 2;
    case core::Urgency::kRoutine:
      return 1;
  }
  return 2;
}

Cost& Cost::operator+=(const Cost& other) {
  response += other.response;
  tardiness += other.tardiness;
  continuity += other.continuity;
  fairness += other.fairness;
  platform += other.platform;
  return *this;
}

CallClock ClockOf(const core::Call& call, absl::Time now) {
  CallClock clock;
  clock.urgency_weight = UrgencyWeight(call.urgency);
  if (call.schedule.has_value()) {
    clock.ready_minutes =
        std::max(0.0, absl::ToDoubleMinutes(call.schedule->start_time - now));
  }
  if (call.target_time.has_value()) {
    clock.target_minutes = absl::ToDoubleMinutes(*call.target_time - now);
  }
  return clock;
}

double ResponseCost(const CallClock& clock, double arrive_minutes) {
  return clock.urgency_weight *
         std::max(0.0, arrive_minutes - clock.ready_minutes);
}

double TardinessCost(const CallClock& clock, const core::Policy& policy,
                     double arrive_minutes) {
  if (!clock.target_minutes.has_value()) return 0;
  return policy.tardiness_weight * clock.urgency_weight *
         std::max(0.0, arrive_minutes - *clock.target_minutes);
}

double ContinuityCost(const core::Policy& policy, const core::Patient* patient,
                      const core::PersonId& physician,
                      const core::OrganizationId& employer) {
  if (patient == nullptr) return 0;
  if (patient->primary_physician == physician) {
    return -policy.own_physician_bonus_minutes;
  }
  const bool has_seen =
      std::find(patient->seen_by.begin(), patient->seen_by.end(), physician) !=
      patient->seen_by.end();
  const bool own_clinic =
      !employer.empty() && patient->primary_clinic == employer;
  if (has_seen || own_clinic) return -policy.own_physician_bonus_minutes / 2;
  return 0;
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
