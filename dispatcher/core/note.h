// The physician's note, its delivery to each member of the care team, and the
// tasks of the operator.
#ifndef HOUSECALL_DISPATCHER_CORE_NOTE_H_
#define HOUSECALL_DISPATCHER_CORE_NOTE_H_

#include <string>
#include <vector>

#include "dispatcher/core/call.h"
#include "dispatcher/core/directory.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

struct NoteText {
  PrivateText findings;
  PrivateText diagnosis;
  PrivateText treatment;
  PrivateText prescriptions;
  PrivateText advice;
  // What the primary care team is asked to do.
  PrivateText follow_up;
  bool operator==(const NoteText&) const = default;
  HOUSECALL_FIELDS(findings, diagnosis, treatment, prescriptions, advice,
                   follow_up);
};

// One signed version. Never changed.
struct NoteVersion {
  int32_t number = 0;
  NoteText text;
  PersonId signed_by;
  absl::Time sign_time = absl::UnixEpoch();
  // Why it was amended; empty for the first.
  PrivateText amend_reason;
  bool operator==(const NoteVersion&) const = default;
  HOUSECALL_FIELDS(number, text, signed_by, sign_time, amend_reason);
};

HOUSECALL_ENUM(NoteState, kUnspecified, kDraft, kSigned, kAmending);

// The follow-up note of one visit: a draft, then signed versions. A signed
// version is only ever amended by a further one.
struct Note {
  NoteId id;
  Version etag;
  CallId call;
  VisitId visit;
  PatientId patient;
  PersonId author;
  NoteState state = NoteState::kUnspecified;
  // kDraft and kAmending only.
  std::optional<NoteText> draft;
  std::vector<NoteVersion> versions;
  bool operator==(const Note&) const = default;
  HOUSECALL_FIELDS(id, etag, call, visit, patient, author, state, draft,
                   versions);
};

// kPending: waiting for its next try. kAwaitingReceipt: in the inbox, nobody
// there has confirmed it. kReceived: the receiver's system or a person
// confirmed. kFailed: every channel was tried; a task tells the operator.
HOUSECALL_ENUM(DeliveryState, kUnspecified, kPending, kAwaitingReceipt,
               kReceived, kFailed);

HOUSECALL_ENUM(SendResult, kUnspecified, kDelivered, kTransient, kPermanent);

// One push, recorded: when, how, what came of it.
struct DeliveryAttempt {
  absl::Time time = absl::UnixEpoch();
  ChannelKind channel = ChannelKind::kUnspecified;
  SendResult result = SendResult::kUnspecified;
  // The receiver's exact words.
  std::string error;
  bool operator==(const DeliveryAttempt&) const = default;
  HOUSECALL_FIELDS(time, channel, result, error);
};

// Who has it.
struct Receipt {
  absl::Time time = absl::UnixEpoch();
  // The person who confirmed it, or none when the receiver's system did.
  PersonId person;
  // Receipt by hand: who there has it, as told to the operator, and why by
  // hand. Without a name: this version was not confirmed itself, but a later
  // one that replaces it, as the reason says.
  PrivateText receiver_name;
  PrivateText by_hand_reason;
  bool operator==(const Receipt&) const = default;
  HOUSECALL_FIELDS(time, person, receiver_name, by_hand_reason);
};

// One version of a note on its way to one member of the care team.
struct Delivery {
  DeliveryId id;
  Version etag;
  NoteId note;
  int32_t note_version = 0;
  CallId call;
  PatientId patient;
  CareTeamMember member;
  DeliveryState state = DeliveryState::kUnspecified;
  // Index into member.channels of the channel in use.
  int32_t channel_index = 0;
  std::vector<DeliveryAttempt> attempts;
  // Tries on the channel in use.
  int32_t channel_attempts = 0;
  std::optional<absl::Time> next_attempt_time;
  // 08:30 of the next working day.
  absl::Time due_time = absl::UnixEpoch();
  bool overdue = false;
  std::optional<Receipt> receipt;
  // What somebody there asked about the note.
  std::vector<Fact> questions;
  bool operator==(const Delivery&) const = default;
  HOUSECALL_FIELDS(id, etag, note, note_version, call, patient, member, state,
                   channel_index, attempts, channel_attempts, next_attempt_time,
                   due_time, overdue, receipt, questions);
};

HOUSECALL_ENUM(TaskKind, kUnspecified, kRedFlags, kTriageOverdue, kNoCandidate,
               kNoAnswer, kNotMoving, kEmergency119, kCancelRequest,
               kPatientNotFound, kCarBrokenDown, kDriverMissing, kTargetAtRisk,
               kRetriage, kSurge, kCareTeamUnknown, kDeliveryFailed,
               kDeliveryOverdue, kNoteQuestion, kCoverageGap, kPlaceUnreachable,
               kVisitOverdue);

// Something that needs a human. It sounds until acknowledged and stays until
// resolved.
struct Task {
  TaskId id;
  Version etag;
  TaskKind kind = TaskKind::kUnspecified;
  CallId call;
  DeliveryId delivery;
  ShiftId shift;
  absl::Time raise_time = absl::UnixEpoch();
  // Nothing clinical: ids, figures, a receiver's exact error.
  std::string detail;
  std::optional<Confirmation> acknowledged;
  std::optional<Confirmation> resolved;
  PrivateText resolution;
  bool operator==(const Task&) const = default;
  HOUSECALL_FIELDS(id, etag, kind, call, delivery, shift, raise_time, detail,
                   acknowledged, resolved, resolution);
};

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_NOTE_H_
