// What every store demands of a batch, and what becomes of values in it.
#ifndef HOUSECALL_DISPATCHER_STORE_BATCH_RULES_H_
#define HOUSECALL_DISPATCHER_STORE_BATCH_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "dispatcher/core/event.h"
#include "dispatcher/store/store.h"

namespace housecall::store {

// Returns InvalidArgument, naming table, id and field but no value, if the
// batch holds what cannot be stored: an empty id, a Center other than the
// batch's, text that is not UTF-8, a number that is none (NaN), a negative
// etag, a value outside its enumeration; or if its sequences have a gap.
absl::Status CheckBatch(const Batch& batch);

// Returns InvalidArgument if the batch's journal does not begin right after
// `stored_sequence`.
absl::Status CheckSequence(const Batch& batch, int64_t stored_sequence);

// For each of the batch's records the etag that a stored record must be below
// to be replaced by it: the smallest that the batch, rows and journal, gives
// the record; for one that stands in the batch again, its own.
std::vector<int64_t> EtagLimits(const Batch& batch);

// AlreadyExists, naming the record.
absl::Status IdIsTaken(const core::Record& record);

// The record, event or reply as a store gives it back: times rounded down to
// the microsecond, durations rounded towards zero.
core::Record AsStored(core::Record record);
core::Event AsStored(core::Event event);
Reply AsStored(Reply reply);

// The calls on which an offer or an assignment hangs: those of the trip, and
// the one from which its id derives ("c1--a1"), which may have left the trip.
std::vector<core::CallId> CallsOf(const core::Offer& offer);
std::vector<core::CallId> CallsOf(const core::Assignment& assignment);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_BATCH_RULES_H_
