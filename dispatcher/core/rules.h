// The hard rules of a match (DOMAIN §3.3), used alike by the planner, which
// looks for a crew, and by Decide, which rules on what was found.
#ifndef HOUSECALL_DISPATCHER_CORE_RULES_H_
#define HOUSECALL_DISPATCHER_CORE_RULES_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/rota.h"

namespace housecall::core {

// Why somebody may not be sent, and the figure behind it, where there is one
// (metres from the clinic, minutes beyond the end of the shift, seats of the
// car); kChosen: he may.
struct Ruling {
  Verdict verdict = Verdict::kUnspecified;
  double figure = 0;
  bool ok() const { return verdict == Verdict::kChosen; }
  bool operator==(const Ruling&) const = default;
};

// May this physician go to this call now? On duty, on the rota, under contract
// with the clinic of his duty, rested; not excluded by the patient's card, not
// declined or unanswered before, skilled, within the 16 km (or the call has a
// reason); neither under way nor asked for something else. The first of these
// that does not hold is the verdict, so that kBusy means: later he might.
// `operator_override` lifts kUnanswered and kReserve only.
Ruling RulePhysician(const Board& board, const PersonId& physician,
                     const Call& call, absl::Time now, bool operator_override);

// May this driver with the car of his duty go? On duty, on the rota, under
// contract, with a car that is available and has a seat for the physician, not
// declined or unanswered before for this call, not busy; as RulePhysician.
Ruling RuleDriver(const Board& board, const PersonId& driver, const Call& call,
                  absl::Time now, bool operator_override);

// Is the visit expected to be over by the end of the duty of physician and
// driver (empty: he drives himself)? The duty is the rota's at `now`, with what
// adjoins it: it may have been cut since he went on duty.
Ruling RuleShiftEnd(const Board& board, const PersonId& physician,
                    const PersonId& driver, absl::Time now,
                    absl::Time finish_time);

// True if people should be told of an arrival: they were told nothing so far, a
// crew has accepted since, or it is later by 3 minutes or earlier by 10 than
// what they were told last; before a crew has accepted by 10 or 30, for then it
// changes with every call that comes in. An earlier arrival surprises nobody; a
// late one does.
bool IsWorthTelling(const std::optional<ArrivalPromise>& told,
                    absl::Time promise_time, bool has_crew);

// Metres from the clinic that employs the physician on this duty to the call;
// 0 where either place is unknown.
double ClinicDistanceMeters(const Board& board, const PersonId& physician,
                            const Call& call);

// What a visit needs: what the call says and what the patient's card says, by
// value, each once.
std::vector<Skill> RequiredSkills(const Board& board, const Call& call);

// --- The same in parts, for many people and calls at once -------------------

// The duties that the rules below ask about.
std::vector<RotaDuty> RotaForRules(const Board& board, absl::Time now);

// The part of RulePhysician and RuleDriver that is the same for every call;
// kBusy is the last of it.
Ruling RulePhysicianNow(const Board& board, const std::vector<RotaDuty>& rota,
                        const PersonId& physician, absl::Time now,
                        bool operator_override);
Ruling RuleDriverNow(const Board& board, const std::vector<RotaDuty>& rota,
                     const PersonId& driver, absl::Time now,
                     bool operator_override);

// The other part, which does not ask about duty, rota and rest.
Ruling RulePhysicianForCall(const Board& board, const PersonId& physician,
                            const Call& call, bool operator_override);
Ruling RuleDriverForCall(const PersonId& driver, const Call& call,
                         bool operator_override);

// Both parts in one.
Ruling JoinRulings(const Ruling& now, const Ruling& for_call);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_RULES_H_
