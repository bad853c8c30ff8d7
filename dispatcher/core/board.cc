#include "dispatcher/core/board.h"

#include <type_traits>

namespace housecall::core {

bool IsOver(CallState state) {
  return state == CallState::kClosed || state == CallState::kCancelled ||
         state == CallState::kMerged;
}

CallState StandingOf(const Call& call) {
  switch (call.state) {
    case CallState::kOnHold:
    case CallState::kEmergency119:
    case CallState::kNotFound:
      return call.resume_state;
    case CallState::kUnspecified:
    case CallState::kReceived:
    case CallState::kTriaged:
    case CallState::kScheduled:
    case CallState::kMatching:
    case CallState::kOffered:
    case CallState::kAccepted:
    case CallState::kEnRoute:
    case CallState::kOnScene:
    case CallState::kDepartedScene:
    case CallState::kNoteSent:
    case CallState::kClosed:
    case CallState::kMerged:
    case CallState::kCancelled:
      return call.state;
  }
  return call.state;
}

bool IsRunning(AssignmentState state) {
  switch (state) {
    case AssignmentState::kAccepted:
    case AssignmentState::kEnRoute:
    case AssignmentState::kOnScene:
    case AssignmentState::kWaitingForCar:
      return true;
    case AssignmentState::kUnspecified:
    case AssignmentState::kFinished:
    case AssignmentState::kReleased:
      return false;
  }
  return false;
}

void Board::Put(const Record& record) {
  std::visit(
      [this](const auto& r) {
        using R = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<R, Center>) {
          center_ = r;
        } else if constexpr (std::is_same_v<R, Call>) {
          const Call* before = Find<Call>(r.id);
          Index(before == nullptr ? Call{} : *before, r);
        } else if constexpr (std::is_same_v<R, Assignment> ||
                             std::is_same_v<R, Offer>) {
          Index(r);
        } else if constexpr (std::is_same_v<R, Visit>) {
          visits_by_call_.Add({r.call, r.id});
        } else if constexpr (std::is_same_v<R, Delivery>) {
          deliveries_by_note_.Add({r.note, r.id});
          if (r.state == DeliveryState::kReceived) {
            open_deliveries_.Erase(r.id);
          } else {
            open_deliveries_.Add(r.id);
          }
        } else if constexpr (std::is_same_v<R, Task>) {
          if (r.resolved.has_value()) {
            open_tasks_.Erase(r.id);
            open_tasks_by_call_.Erase({r.call, r.id});
          } else {
            open_tasks_.Add(r.id);
            open_tasks_by_call_.Add({r.call, r.id});
          }
        }
        PutInTable(r);
      },
      record);
}

void Board::Index(const Call& before, const Call& after) {
  if (IsOver(after.state)) {
    open_calls_.Erase(after.id);
  } else {
    open_calls_.Add(after.id);
  }
  // After a visit a further call for the patient is a new one.
  const CallState standing = StandingOf(after);
  const bool counts = !after.patient.empty() && !IsOver(after.state) &&
                      standing != CallState::kDepartedScene &&
                      standing != CallState::kNoteSent;
  if (!before.patient.empty() && (!counts || before.patient != after.patient)) {
    open_calls_by_patient_.Erase({before.patient, after.id});
  }
  if (counts) {
    open_calls_by_patient_.Add({after.patient, after.id});
  }
}

void Board::Index(const Assignment& assignment) {
  const auto bind = [&](const PersonId& person) {
    if (!person.empty()) running_assignment_.Put(person, assignment.id);
  };
  const auto release = [&](const PersonId& person) {
    const AssignmentId* entry = running_assignment_.Find(person);
    if (entry != nullptr && *entry == assignment.id) {
      running_assignment_.Erase(person);
    }
  };
  // A driver may have been taken off the assignment (his car broke down).
  if (const Assignment* before = Find<Assignment>(assignment.id)) {
    release(before->physician);
    release(before->driver);
  }
  if (IsRunning(assignment.state)) {
    bind(assignment.physician);
    if (!assignment.driver_left) bind(assignment.driver);
  }
}

void Board::Index(const Offer& offer) {
  for (const PersonId& person : {offer.physician, offer.driver}) {
    if (person.empty()) continue;
    if (offer.state == OfferState::kPending) {
      pending_offer_.Put(person, offer.id);
    } else if (const OfferId* entry = pending_offer_.Find(person);
               entry != nullptr && *entry == offer.id) {
      pending_offer_.Erase(person);
    }
  }
}

const Call* Board::OpenCallFor(const PatientId& patient) const {
  const Call* call = nullptr;
  open_calls_by_patient_.ForEachFrom(
      {patient, CallId()}, [&](const std::pair<PatientId, CallId>& key, bool) {
        if (key.first == patient) call = Find<Call>(key.second);
        return false;
      });
  return call;
}

const Assignment* Board::RunningAssignmentOf(const PersonId& person) const {
  const AssignmentId* id = running_assignment_.Find(person);
  return id == nullptr ? nullptr : Find<Assignment>(*id);
}

const Offer* Board::PendingOfferTo(const PersonId& person) const {
  const OfferId* id = pending_offer_.Find(person);
  return id == nullptr ? nullptr : Find<Offer>(*id);
}

namespace {

template <typename Parent, typename Child>
std::vector<Child> ChildrenOf(
    const Table<std::pair<Parent, Child>, bool>& table, const Parent& parent) {
  std::vector<Child> children;
  table.ForEachFrom({parent, Child()},
                    [&](const std::pair<Parent, Child>& key, bool) {
                      if (key.first != parent) return false;
                      children.push_back(key.second);
                      return true;
                    });
  return children;
}

}  // namespace

std::vector<DeliveryId> Board::DeliveriesOf(const NoteId& note) const {
  return ChildrenOf(deliveries_by_note_, note);
}

std::vector<TaskId> Board::OpenTasksOf(const CallId& call) const {
  return ChildrenOf(open_tasks_by_call_, call);
}

std::vector<VisitId> Board::VisitsOf(const CallId& call) const {
  return ChildrenOf(visits_by_call_, call);
}

void Board::Forget(const CallId& call_id) {
  const Call* found = Find<Call>(call_id);
  if (found == nullptr) return;
  const PatientId patient = found->patient;
  if (!patient.empty()) open_calls_by_patient_.Erase({patient, call_id});
  std::get<RecordTable<Call>>(tables_).Erase(call_id);
  open_calls_.Erase(call_id);

  // What hangs on one call derives its id from it: the notes and visits of
  // earlier crews too.
  const std::string prefix = call_id.value() + "--";
  const auto erase_derived = [&]<typename R>(std::type_identity<R>,
                                             auto unindex) {
    std::vector<R> records;
    table<R>().ForEachFrom(
        decltype(R::id)(prefix),
        [&](const decltype(R::id)& id, const R& record) {
          if (id.value().compare(0, prefix.size(), prefix) != 0) return false;
          records.push_back(record);
          return true;
        });
    for (const R& record : records) {
      unindex(record);
      std::get<RecordTable<R>>(tables_).Erase(record.id);
    }
  };
  erase_derived(std::type_identity<Match>(), [](const Match&) {});
  erase_derived(std::type_identity<Note>(), [](const Note&) {});
  erase_derived(std::type_identity<Visit>(), [&](const Visit& visit) {
    visits_by_call_.Erase({visit.call, visit.id});
  });
  erase_derived(std::type_identity<Delivery>(), [&](const Delivery& delivery) {
    deliveries_by_note_.Erase({delivery.note, delivery.id});
    open_deliveries_.Erase(delivery.id);
  });
  erase_derived(std::type_identity<Task>(), [&](const Task& task) {
    open_tasks_by_call_.Erase({task.call, task.id});
    open_tasks_.Erase(task.id);
  });

  // An offer or assignment stays until the last call of its trip goes.
  const auto erase_of_trip = [&]<typename R>(std::type_identity<R>) {
    std::vector<decltype(R::id)> ids;
    table<R>().ForEach([&](const decltype(R::id)& id, const R& record) {
      bool names_call = false;
      for (const CallId& call : record.calls) {
        if (call == call_id) names_call = true;
        if (Find<Call>(call) != nullptr) return;
      }
      // A call may have left the trip after which it is named.
      if (names_call || id.value().compare(0, prefix.size(), prefix) == 0) {
        ids.push_back(id);
      }
    });
    for (const auto& id : ids) std::get<RecordTable<R>>(tables_).Erase(id);
  };
  erase_of_trip(std::type_identity<Offer>());
  erase_of_trip(std::type_identity<Assignment>());
}

void Board::Forget(const SessionId& session) {
  std::get<RecordTable<Session>>(tables_).Erase(session);
}

void Board::Forget(const TaskId& task) {
  std::get<RecordTable<Task>>(tables_).Erase(task);
}

}  // namespace housecall::core
