// What happened, and the rows that it left behind.
#ifndef HOUSECALL_DISPATCHER_CORE_EVENT_H_
#define HOUSECALL_DISPATCHER_CORE_EVENT_H_

#include <string>
#include <vector>

#include "dispatcher/core/board.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

HOUSECALL_ENUM(EventKind, kUnspecified,
               // The directory and the rota.
               kCenterChanged, kOrganizationChanged, kPersonChanged,
               kAccountChanged, kSessionOpened, kSessionRevoked,
               kPasswordRefused, kCarChanged, kPatientChanged, kAcpRecorded,
               kShiftChanged, kOverrideChanged, kDutyBegan, kDutyEnded,
               kPositionReported,
               // The call.
               kCallReceived, kCallFollowed, kCallTriaged, kCallScheduled,
               kCallMatching, kCallHeld, kCallResumed, kFactAdded,
               kPlaceCorrected, kCallMerged, kCallUnmerged, kCallCancelled,
               kCancelRequested, kCancelAnswered, kEmergencyRaised,
               kEmergencyDecided, kCareTeamChanged, kDistanceExceptionGranted,
               kRequesterInformed, kCallClosed,
               // The match.
               kCallUnmatched, kVisitOffered, kOfferRungAgain, kOfferAnswered,
               kOfferDeclined, kOfferExpired, kOfferWithdrawn, kOfferAccepted,
               kAssignmentReleased, kDepartureNudged, kEstimateChanged,
               kCarReplaced, kCarLost,
               // The visit.
               kCarDeparted, kPhysicianPickedUp, kCrewArrived,
               kTreatmentStarted, kTreatmentEnded, kCrewLeft, kPatientNotFound,
               kNotFoundStepTaken, kPatientFound, kHoursConfirmed,
               // The note.
               kNoteDrafted, kNoteSigned, kDeliveryAttempted, kDeliveryRetried,
               kDeliveryReceived, kDeliveryOverdue, kNoteQuestioned,
               // The operator's tasks.
               kTaskRaised, kTaskAcknowledged, kTaskResolved,
               // The note, again.
               kDeliveryBegan,
               // The visit, from paper.
               kVisitRecorded,
               // The match, again.
               kArrivalPromised, kStandbyAdvised);

// What happened: the journal's entry. It carries every record that changed,
// as it is afterwards, so that Apply is the same for all kinds and the rows,
// the journal and the Board cannot disagree.
struct Event {
  EventKind kind = EventKind::kUnspecified;
  absl::Time time = absl::UnixEpoch();
  Actor actor;
  // The call that it is about; empty for the directory and the rota.
  CallId call;
  std::vector<Record> records;

  bool operator==(const Event&) const = default;
};

// False for positions: they are kept as rows only.
bool IsJournaled(EventKind kind);

// Changes the board by what happened. Total: any event can be applied to any
// board.
void Apply(const Event& event, Board* board);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_EVENT_H_
