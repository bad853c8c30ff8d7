// A gallery of planted bugs, so that the simulation itself is tested: each is
// a mistake that somebody could make, and each must be found.
//
// The bugs live in this folder only, in what the simulation puts around the
// real code: the network to the store, the hand-over of requests, the watchers,
// the receivers' channel, and (decide_with_bugs.h) the rules as the writer
// calls them. No program that serves has any of it.
#ifndef HOUSECALL_TESTS_SIMULATION_BUGS_H_
#define HOUSECALL_TESTS_SIMULATION_BUGS_H_

#include "dispatcher/base/enum_names.h"

namespace housecall::simulation {

HOUSECALL_ENUM(Bug, kUnspecified,
               // The store and the way to it.
               kCommitIgnoresVersion, kCommitIsLost, kUnknownTakenForDone,
               kUnknownTakenForFailed, kReplyNotFound, kReplyNotKept,
               kVersionIsStale, kLoadIsStale, kLoadForgetsCalls,
               kOutboxPutIsLost, kOutboxRemoveIsLost, kLeaseIsIgnored,
               kOutboxSleeps, kJournalDiffersFromRows, kBatchIsTornByCrash,
               kFenceIsNotWritten,
               // The disk.
               kLogIsNotSynced, kFileIsNotSynced, kFailedSyncIsTakenForDone,
               // The hand-over of requests and answers.
               kAnswersBeforeCommit, kRequestIdIsDropped, kFingerprintIsDropped,
               kAnswersTheWrongCall, kLogsTheComplaint,
               // Sessions.
               kSessionIsCheckedOnArrivalOnly, kSessionIsForEver,
               kRevocationIsForgotten, kOldPasswordLogsIn,
               // The watchers.
               kWatcherMissesAChange, kWatcherIsToldTwice, kOldBoardIsShown,
               // The clocks.
               kClockRunsFast, kTimersSleep, kTimersAreEarly, kRelaySendsEarly,
               // The rules.
               kBusyCrewIsOffered, kCancelKeepsTheCrew, kClosesWithoutReceipt,
               kOldPositionWins, kTaskTellsTheComplaint, kRefusesAtRandom,
               kDuplicateIsDropped, kReceiptWithoutTheRest, kCallIsForgotten,
               kMemberIsForgotten, kPaperTimeIsLost, kEtagIsIgnored,
               kPlannerSleeps,
               // The channel.
               kDeliveredWithoutAPush, kNewIdAtEachTry, kFailureIsFinal);

// The one that is planted now; kUnspecified: none. The runs of a process are
// one after the other.
Bug Planted();
bool IsPlanted(Bug bug);
void Plant(Bug bug);

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_BUGS_H_
