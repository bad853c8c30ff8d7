// All that a physician or driver needs to see of his own duty.
#ifndef HOUSECALL_DISPATCHER_SERVER_DUTY_VIEW_H_
#define HOUSECALL_DISPATCHER_SERVER_DUTY_VIEW_H_

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "housecall/v1/visit_service.pb.h"

namespace housecall::server {

// The duty of `person` as `actor` may see it: nothing clinical before he has
// accepted, never anything clinical for a driver. `sequence` and `server_time`
// are left to the caller.
v1::DutyView MakeDutyView(const core::Board& board,
                          const core::CenterId& center,
                          const core::Actor& actor,
                          const core::PersonId& person, absl::Time now);

}  // namespace housecall::server

#endif  // HOUSECALL_DISPATCHER_SERVER_DUTY_VIEW_H_
