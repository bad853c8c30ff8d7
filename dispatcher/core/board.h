// Everything a center knows now.
#ifndef HOUSECALL_DISPATCHER_CORE_BOARD_H_
#define HOUSECALL_DISPATCHER_CORE_BOARD_H_

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "dispatcher/core/call.h"
#include "dispatcher/core/directory.h"
#include "dispatcher/core/note.h"
#include "dispatcher/core/shift.h"
#include "dispatcher/core/table.h"
#include "dispatcher/core/types.h"

namespace housecall::core {

// One row of one kind. Records are never removed: they are cancelled, revoked
// or made inactive, and kept.
using Record =
    std::variant<Center, Organization, Person, Account, Session, Car, Patient,
                 Shift, Override, Duty, Position, Call, Offer, Assignment,
                 Visit, Note, Delivery, Task, Match>;

// What a Board holds of each kind, by the kind's id.
template <typename Record>
using RecordTable = Table<decltype(Record::id), Record>;

// Everything a center knows now: a value, cheap to copy (see Table). It holds
// the whole directory and rota and every call that is open or was closed not
// long ago; older ones are in the store only (see Forget).
//
// Written by Put and Forget only, so that the indexes at the end agree with
// the tables.
class Board {
 public:
  // The center itself; its id is empty before it is created.
  const Center& center() const { return center_; }

  template <typename R>
  const RecordTable<R>& table() const {
    return std::get<RecordTable<R>>(tables_);
  }
  // The record, or null if there is none or the id is empty.
  template <typename R>
  const R* Find(const decltype(R::id)& id) const {
    return table<R>().Find(id);
  }

  // Adds the record or replaces the one with its id.
  void Put(const Record& record);

  // Takes a closed call and what hangs on it out of the Board (never out of
  // the store). Nothing happens if the call is unknown.
  void Forget(const CallId& call);
  // Takes a session out of the Board, after which its token is unknown.
  void Forget(const SessionId& session);
  // Takes a resolved task of no call out of the Board.
  void Forget(const TaskId& task);

  // The open call for that patient that a crew has not left yet, or null; a
  // further call for him would be a duplicate of it. Once the crew has left,
  // whatever the call then waits for, somebody else has to go. Of several (an
  // unmerged one) that with the smallest id.
  const Call* OpenCallFor(const PatientId& patient) const;
  // The running assignment of a physician, or of a driver who has not left him
  // with the patient; or null.
  const Assignment* RunningAssignmentOf(const PersonId& person) const;
  // The pending offer to a physician or driver, or null.
  const Offer* PendingOfferTo(const PersonId& person) const;
  // Calls that are not CLOSED, CANCELLED or MERGED, by id.
  const Table<CallId, bool>& open_calls() const { return open_calls_; }
  // Deliveries that nobody has confirmed yet, failed ones among them.
  const Table<DeliveryId, bool>& open_deliveries() const {
    return open_deliveries_;
  }
  // Tasks that are not resolved.
  const Table<TaskId, bool>& open_tasks() const { return open_tasks_; }
  // Deliveries of one note; tasks and visits of one call.
  std::vector<DeliveryId> DeliveriesOf(const NoteId& note) const;
  std::vector<TaskId> OpenTasksOf(const CallId& call) const;
  std::vector<VisitId> VisitsOf(const CallId& call) const;

 private:
  template <typename R>
  void PutInTable(const R& record) {
    std::get<RecordTable<R>>(tables_).Put(record.id, record);
  }
  void Index(const Call& before, const Call& after);
  void Index(const Assignment& assignment);
  void Index(const Offer& offer);

  Center center_;
  std::tuple<RecordTable<Center>, RecordTable<Organization>,
             RecordTable<Person>, RecordTable<Account>, RecordTable<Session>,
             RecordTable<Car>, RecordTable<Patient>, RecordTable<Shift>,
             RecordTable<Override>, Table<PersonId, Duty>,
             Table<PersonId, Position>, RecordTable<Call>, RecordTable<Offer>,
             RecordTable<Assignment>, RecordTable<Visit>, RecordTable<Note>,
             RecordTable<Delivery>, RecordTable<Task>, RecordTable<Match>>
      tables_;

  // Derived from the tables.
  Table<std::pair<PatientId, CallId>, bool> open_calls_by_patient_;
  Table<PersonId, AssignmentId> running_assignment_;
  Table<PersonId, OfferId> pending_offer_;
  Table<CallId, bool> open_calls_;
  Table<DeliveryId, bool> open_deliveries_;
  Table<TaskId, bool> open_tasks_;
  Table<std::pair<CallId, VisitId>, bool> visits_by_call_;
  Table<std::pair<CallId, TaskId>, bool> open_tasks_by_call_;
  Table<std::pair<NoteId, DeliveryId>, bool> deliveries_by_note_;
};

// True in CLOSED, CANCELLED and MERGED: nothing more is expected.
bool IsOver(CallState state);
// Where the call stands: `state`, or what is behind EMERGENCY_119, ON_HOLD and
// NOT_FOUND.
CallState StandingOf(const Call& call);
// True while a crew is bound by it: ACCEPTED, EN_ROUTE, ON_SCENE and
// WAITING_FOR_CAR.
bool IsRunning(AssignmentState state);

}  // namespace housecall::core

#endif  // HOUSECALL_DISPATCHER_CORE_BOARD_H_
