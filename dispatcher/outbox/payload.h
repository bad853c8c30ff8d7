// What a receiver's system gets: the signed note as JSON.
#ifndef HOUSECALL_DISPATCHER_OUTBOX_PAYLOAD_H_
#define HOUSECALL_DISPATCHER_OUTBOX_PAYLOAD_H_

#include "absl/status/statusor.h"
#include "dispatcher/base/sensitive.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/note.h"

namespace housecall::outbox {

// The body of a webhook push in the shape of Standard Webhooks:
//
//   {"type": "note.signed", "timestamp": RFC 3339 of the signature,
//    "data": {"delivery": "centers/hino/deliveries/…", "center": …,
//             "call": …, "receive_time": …, "patient": {…}, "visit": {…},
//             "note": {"version": 1, "physician": …, "text": {…}}}}
//
// "type" is "note.amended" from the second version on. Instants are RFC 3339 in
// UTC; what is not known is left out. The same record always gives the same
// bytes. FailedPrecondition if the board does not hold the note's version or
// its call.
absl::StatusOr<PrivateText> NotePayload(const core::Board& board,
                                        const core::Delivery& delivery);

}  // namespace housecall::outbox

#endif  // HOUSECALL_DISPATCHER_OUTBOX_PAYLOAD_H_
