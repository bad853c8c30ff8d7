// The hard rules of a match (DOMAIN §3.3), used alike by the planner, which
// looks for a crew, and by Decide, which rules on what was found.
#ifndef HOUSECALL_DISPATCHER_CORE_RULES_H_
#define HOUSECALL_DISPATCHER_CORE_RULES_H_

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::core {

// Why somebody may not be sent, and the figure behind it (metres from the
// clinic, minutes beyond the end of the shift …); kChosen: he may.
struct Ruling {
  Verdict verdict = Verdict::kUnspecified;
  double figure = 0;
  bool ok() const { return verdict == Verdict::kChosen; }
};

// May this physician go to this call now? On duty, not busy, no offer pending,
// on the rota, under contract with the clinic of his duty, skilled, within the
// 16 km (or the call has a reason), not declined or unanswered before, not
// excluded by the patient's card, rested. `operator_override` lifts
// kUnanswered and kReserve only.
Ruling RulePhysician(const Board& board, const PersonId& physician,
                     const Call& call, absl::Time now, bool operator_override);

// May this driver with the car of his duty go? On duty, not busy, no offer
// pending, a car that is available with a seat for the physician, not declined
// or unanswered before for this call.
Ruling RuleDriver(const Board& board, const PersonId& driver, const Call& call,
                  absl::Time now, bool operator_override);

// Is the visit expected to be over before the duty of physician and driver
// (empty: he drives himself) ends?
Ruling RuleShiftEnd(const Board& board, const PersonId& physician,
                    const PersonId& driver, absl::Time finish_time);

// Metres from the clinic that employs the physician on this duty to the call;
// 0 where either place is unknown.
double ClinicDistanceMeters(const Board& board, const PersonId& physician,
                            const Call& call);

// What a visit needs: what the call says and what the patient's card says.
std::vector<Skill> RequiredSkills(const Board& board, const Call& call);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_RULES_H_
