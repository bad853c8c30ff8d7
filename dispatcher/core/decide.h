// The rules: what a center does when somebody wants something.
//
// All pure: no clock, no randomness, no I/O. Everything the rules know is in
// the Board and in `now`.
#ifndef HOUSECALL_DISPATCHER_CORE_DECIDE_H_
#define HOUSECALL_DISPATCHER_CORE_DECIDE_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/core/event.h"

namespace housecall::core {

// The record that answers a command: the call submitted, the offer accepted.
// The id alone; its content is read from a board that is at least as new.
using Subject =
    std::variant<std::monostate, CenterId, OrganizationId, PersonId, AccountId,
                 SessionId, CarId, PatientId, ShiftId, OverrideId, CallId,
                 OfferId, AssignmentId, VisitId, NoteId, DeliveryId, TaskId>;

struct Decision {
  // In order. Empty: nothing changed (a repeated step, an old position).
  std::vector<Event> events;
  Subject subject;
  // After it: what applying the events in order to the same board gives.
  Board board;
};

// Rules on a command. Each event's records have their etag already raised.
//
// Errors as said in command.h; messages name the field and ids, never anything
// clinical. Who may send which command is the server's table; Decide refuses
// only what is wrong in the field (a physician who answers another's offer).
absl::StatusOr<Decision> Decide(const Board& board, const Command& command,
                                const Actor& actor, absl::Time now);

// The earliest time at which PassTime would do something, or InfiniteFuture.
// May be early, never late.
absl::Time NextDeadline(const Board& board);

// How long what is over stays on the Board.
inline constexpr absl::Duration kKeepPast = absl::Hours(36);

// Takes off the Board what it need not hold any longer at `now`. Of the calls
// those that Store::Load (store/store.h) would not bring with a `closed_after`
// of kKeepPast ago: closed before it, without a delivery that nobody has
// confirmed, without an open task, and on no trip with a call that is not over.
// Tasks of no call that were raised before it and are resolved; and sessions
// expired more than an hour ago.
void ForgetWhatIsOver(absl::Time now, Board* board);

// --- Outbox -----------------------------------------------------------------

// One push that is to be made. Stored with the events that cause it, so that
// it is neither lost nor made up.
struct OutboxMessage {
  // The delivery's id: the receiver's idempotency key, the same at every try.
  DeliveryId id;
  ChannelKind channel = ChannelKind::kUnspecified;
  // Not before.
  absl::Time send_time = absl::UnixEpoch();
  bool operator==(const OutboxMessage&) const = default;
  HOUSECALL_FIELDS(id, channel, send_time);
};

struct OutboxChange {
  // To be added, or to replace the message with the same id.
  std::vector<OutboxMessage> put;
  // Settled: confirmed, or given up.
  std::vector<DeliveryId> remove;
};

// What the deliveries in these events mean for the outbox. The inbox needs no
// push: a delivery to it waits for its receipt.
OutboxChange OutboxFor(absl::Span<const Event> events);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_DECIDE_H_
