// Why something is refused, as one of a list that clients can put into their
// own language: the message of a status is for logs and for those who write
// clients. These functions are the only way in which rules and services say
// FailedPrecondition, PermissionDenied and ResourceExhausted, so that none of
// them forgets its reason (tests/tidy asks for it).
#ifndef HOUSECALL_DISPATCHER_CORE_REFUSAL_H_
#define HOUSECALL_DISPATCHER_CORE_REFUSAL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/core/call.h"

namespace housecall::core {

// The same as RefusalReason in proto/housecall/v1/refusal.proto, which says
// what each means. Values are only ever added, at the end.
HOUSECALL_ENUM(
    RefusalReason, kUnspecified,
    // What became of the call.
    kNotTriaged, kSought, kAccepted, kArrived, kLeft, kOver, kOnHold,
    kEmergency, kMerged, kNotOnHold, kNotMerged, kNoEmergency, kNotArrived,
    kNotSought, kNotEnded, kOperatorOnly, kOtherCarOnly, kOtherPatient,
    kNoCancelRequest, kNotTriagedForVisit, kNoAddress, kPatientInactive,
    kNoProfessional,
    // What is missing before it may be closed so.
    kCrewNotLeft, kCareTeamUnknown, kNoteNotSigned, kAmendmentNotSigned,
    kNoteNotReceived, kRequesterNotInformed, kPhysicianHours, kDriverHours,
    kPatientWasNotFound, kStepsNotTried, kEmergencyUndecided, kEmergencyHasIt,
    kCrewWasThere, kNoCrewWasThere, kTriagedOtherwise,
    // Whom to send.
    kMayNotBeSent, kCarNotUsable, kCarTaken, kNoSelfDrive, kDriverNotWithCar,
    kOfferPending, kAskedOther, kAlreadyTaken, kOfferAccepted, kOfferDeclined,
    kOfferExpired, kOfferWithdrawn, kSeeksOtherCar, kTripOver, kWaitsForNoCar,
    kOtherTrip, kNoDriver,
    // The way and the visit.
    kNotTheCrew, kWaitsForCar, kNotAboutToGo, kSelfDrives, kNotUnderWay,
    kNotDeparted, kNotOnScene, kPatientNotFound, kTreatmentNotBegun,
    kTreatmentNotEnded, kBeingTreated, kNotLeftYet, kNoCallPosition,
    kNoCrewPosition, kUnreachable,
    // Notes and their deliveries.
    kNotTheAuthor, kNoteSigned, kNoteEmpty, kOtherReceiver, kNothingToSend,
    // Duty, rota and directory.
    kNotOnRota, kOnDutyOtherwise, kBusy, kNotOnDuty, kPersonInactive,
    kPersonOnDuty, kCarInUse, kNotAClinic, kNoContract, kShiftsOverlap,
    kNoShift, kLastAdministrator, kAccountDisabled, kOtherSession, kNoCenter,
    // Access, passwords and load.
    kNotYourRole, kNotYours, kWrongPassword, kTooManyPasswords, kTooBusy,
    // What was written on paper.
    kOperatorEnters, kNotOnPaper, kTriagedBefore);

// FailedPrecondition for this reason. The message names the resource, its
// state and what stands against it, nothing clinical.
absl::Status Refuse(RefusalReason reason, absl::string_view message);
// The same for several reasons at once (at least one).
absl::Status Refuse(const std::vector<RefusalReason>& reasons,
                    absl::string_view message);
// kMayNotBeSent, with what the rules found against that person.
absl::Status RefuseToSend(Verdict verdict, absl::string_view message);
// PermissionDenied and ResourceExhausted in the same way.
absl::Status Denied(RefusalReason reason, absl::string_view message);
absl::Status Exhausted(RefusalReason reason, absl::string_view message);

// What is beside a status; empty and kUnspecified where there is nothing.
std::vector<RefusalReason> ReasonsOf(const absl::Status& status);
Verdict VerdictOf(const absl::Status& status);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_REFUSAL_H_
