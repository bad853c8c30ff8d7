// One side of the referee's protocol as a program: lines in, lines out.
#ifndef HOUSECALL_DISPATCHER_NIGHT_POLICY_H_
#define HOUSECALL_DISPATCHER_NIGHT_POLICY_H_

#include <istream>
#include <ostream>

#include "dispatcher/base/clock.h"
#include "dispatcher/night/dispatcher.h"

namespace housecall::night {

// Answers line by line until the input ends; any number of nights, one after
// the other. A line that cannot be understood is said to `errors` and answered
// with no plans (the field "error" says why), so that the two sides stay in
// step; a night that cannot be is not answered, as no night is, but every
// situation of it is answered so. Returns how many lines were wrong. A search
// ends by its steps, as a rule; where they take longer than the daemon's 50 ms,
// by the clock.
int RunPolicy(const DispatcherOptions& options, const Clock& clock,
              std::istream& in, std::ostream& out, std::ostream& errors);

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_POLICY_H_
