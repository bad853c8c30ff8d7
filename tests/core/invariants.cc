#include "tests/core/invariants.h"

#include <map>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/core/draft.h"

namespace housecall::core {

namespace {

using Lines = std::string;

template <typename... Parts>
void Report(Lines* lines, const Parts&... parts) {
  absl::StrAppend(lines, parts..., "\n");
}

// The state of the call that belongs to its running crew.
bool AgreesWithCrew(CallState standing, AssignmentState crew) {
  switch (crew) {
    case AssignmentState::kAccepted:
    case AssignmentState::kWaitingForCar:
      return standing == CallState::kAccepted;
    case AssignmentState::kEnRoute:
      return standing == CallState::kEnRoute;
    case AssignmentState::kOnScene:
      return standing == CallState::kOnScene;
    case AssignmentState::kUnspecified:
    case AssignmentState::kFinished:
    case AssignmentState::kReleased:
      return false;
  }
  return false;
}

bool HasCrew(CallState standing) {
  return standing == CallState::kAccepted || standing == CallState::kEnRoute ||
         standing == CallState::kOnScene;
}

void CheckCall(const Board& board, const Call& call, Lines* lines) {
  const std::string& id = call.id.value();
  const CallState standing = StandingOf(call);
  const bool offered = standing == CallState::kOffered;
  if (offered != !call.offer.empty()) {
    Report(lines, id, " is ", NameOf(standing), " with the offer '",
           call.offer.value(), "'");
  }
  if (offered) {
    const Offer* offer = board.Find<Offer>(call.offer);
    if (offer == nullptr || offer->state != OfferState::kPending ||
        !Contains(offer->calls, call.id)) {
      Report(lines, id, " is offered by no pending offer");
    }
  }
  const Assignment* crew = board.Find<Assignment>(call.assignment);
  const bool running = crew != nullptr && IsRunning(crew->state) &&
                       Contains(crew->calls, call.id);
  if (HasCrew(standing) != running) {
    Report(lines, id, " is ", NameOf(standing), running ? " with" : " without",
           " a running crew");
  }
  if (running && !AgreesWithCrew(standing, crew->state)) {
    Report(lines, id, " is ", NameOf(standing), ", its crew ",
           NameOf(crew->state));
  }
  if (running) {
    const Visit* visit = board.Find<Visit>(call.visit);
    if (visit == nullptr || visit->assignment != crew->id ||
        visit->physician != crew->physician || visit->driver != crew->driver) {
      Report(lines, id, "'s visit is not that of its crew");
    }
  }
  const bool behind = call.state == CallState::kOnHold ||
                      call.state == CallState::kEmergency119 ||
                      call.state == CallState::kNotFound ||
                      call.state == CallState::kMerged;
  if (behind != (call.resume_state != CallState::kUnspecified)) {
    Report(lines, id, " is ", NameOf(call.state), ", resume_state ",
           NameOf(call.resume_state));
  }
  if ((call.state == CallState::kMerged) != !call.merged_into.empty()) {
    Report(lines, id, " is ", NameOf(call.state), ", merged_into '",
           call.merged_into.value(), "'");
  }
  if ((call.state == CallState::kOnHold) == call.hold_reason.empty()) {
    Report(lines, id, " is ", NameOf(call.state), " with another hold");
  }
  if (IsOver(call.state) != call.close_time.has_value() ||
      IsOver(call.state) != (call.outcome != Outcome::kUnspecified)) {
    Report(lines, id, " is ", NameOf(call.state), ", outcome ",
           NameOf(call.outcome));
  }
  if (board.open_calls().Contains(call.id) == IsOver(call.state)) {
    Report(lines, id, " is in the wrong index of open calls");
  }
  if (call.state == CallState::kNotFound) {
    const Visit* visit = board.Find<Visit>(call.visit);
    if (visit == nullptr || visit->patient_found) {
      Report(lines, id, " is NOT_FOUND, its patient was found");
    }
  }
}

// Each person is bound by one running assignment, and asked by no offer
// meanwhile but by one that seeks another car for it.
void CheckPeople(const Board& board, Lines* lines) {
  std::map<PersonId, AssignmentId> bound;
  board.table<Assignment>().ForEach([&](const AssignmentId& id,
                                        const Assignment& assignment) {
    if (!IsRunning(assignment.state)) return;
    if (assignment.calls.empty()) {
      Report(lines, id.value(), " runs for no call");
    }
    for (const CallId& call_id : assignment.calls) {
      const Call* call = board.Find<Call>(call_id);
      if (call == nullptr || call->assignment != id) {
        Report(lines, id.value(), " runs for ", call_id.value(),
               ", which does not know it");
      }
    }
    for (const PersonId& person : {assignment.physician, assignment.driver}) {
      // A driver who does not wait is bound until the arrival only.
      const bool left = assignment.driver_left && person == assignment.driver;
      if (person.empty() || left) continue;
      if (!bound.emplace(person, id).second) {
        Report(lines, person.value(), " runs twice: ", id.value());
      }
      const Assignment* indexed = board.RunningAssignmentOf(person);
      if (indexed == nullptr || indexed->id != id) {
        Report(lines, person.value(), " is not indexed as running");
      }
    }
    const bool waits = assignment.state == AssignmentState::kWaitingForCar;
    const bool wheels = assignment.self_drive || !assignment.car.empty();
    if (waits == wheels) {
      Report(lines, id.value(), " is ", NameOf(assignment.state),
             wheels ? " with" : " without", " a car");
    }
  });
  std::set<PersonId> asked;
  board.table<Offer>().ForEach([&](const OfferId& id, const Offer& offer) {
    if (offer.state != OfferState::kPending) return;
    for (const PersonId& person : {offer.physician, offer.driver}) {
      if (person.empty()) continue;
      if (!asked.insert(person).second) {
        Report(lines, person.value(), " is asked twice: ", id.value());
      }
      const Offer* indexed = board.PendingOfferTo(person);
      if (indexed == nullptr || indexed->id != id) {
        Report(lines, person.value(), " is not indexed as asked");
      }
      const auto found = bound.find(person);
      if (found != bound.end() && found->second != offer.replaces_car_of) {
        Report(lines, person.value(), " is asked by ", id.value(),
               " while he runs ", found->second.value());
      }
    }
    for (const CallId& call_id : offer.calls) {
      const Call* call = board.Find<Call>(call_id);
      if (call == nullptr) {
        Report(lines, id.value(), " is for no call");
      } else if (offer.replaces_car_of.empty()
                     ? call->offer != id
                     : call->assignment != offer.replaces_car_of) {
        Report(lines, id.value(), " is pending, ", call_id.value(),
               " does not know it");
      }
    }
  });
}

void CheckTasks(const Board& board, Lines* lines) {
  board.table<Task>().ForEach([&](const TaskId& id, const Task& task) {
    if (board.open_tasks().Contains(id) == task.resolved.has_value()) {
      Report(lines, id.value(), " is in the wrong index of open tasks");
    }
  });
}

template <typename T>
std::vector<T> Keys(const Table<T, bool>& table) {
  std::vector<T> keys;
  table.ForEach([&](const T& key, bool) { keys.push_back(key); });
  return keys;
}

template <typename R>
void Compare(const Board& a, const Board& b, Lines* lines) {
  std::vector<std::pair<std::string, const R*>> rows[2];
  for (int side = 0; side < 2; ++side) {
    (side == 0 ? a : b).table<R>().ForEach([&](const auto& id, const R& r) {
      rows[side].emplace_back(id.value(), &r);
    });
  }
  if (rows[0].size() != rows[1].size()) {
    Report(lines, rows[0].size(), " rows of a kind, and ", rows[1].size());
    return;
  }
  for (size_t i = 0; i < rows[0].size(); ++i) {
    if (!(*rows[0][i].second == *rows[1][i].second)) {
      Report(lines, rows[0][i].first, " differs");
    }
  }
}

template <size_t... I>
void CompareAll(const Board& a, const Board& b, Lines* lines,
                std::index_sequence<I...>) {
  (Compare<std::variant_alternative_t<I, Record>>(a, b, lines), ...);
}

}  // namespace

std::string CheckInvariants(const Board& board) {
  Lines lines;
  board.table<Call>().ForEach(
      [&](const CallId&, const Call& call) { CheckCall(board, call, &lines); });
  CheckPeople(board, &lines);
  CheckTasks(board, &lines);
  return lines;
}

std::string CheckEtags(const Board& before, const Event& event) {
  Lines lines;
  std::set<std::pair<size_t, std::string>> seen;
  for (const Record& record : event.records) {
    std::visit(
        [&](const auto& r) {
          using R = std::decay_t<decltype(r)>;
          const R* old = before.Find<R>(r.id);
          if (r.etag.number != (old == nullptr ? 0 : old->etag.number) + 1) {
            Report(&lines, r.id.value(), " has the etag ", r.etag.number);
          }
          if (!seen.emplace(record.index(), r.id.value()).second) {
            Report(&lines, r.id.value(), " is there twice");
          }
        },
        record);
  }
  return lines;
}

std::string Difference(const Board& a, const Board& b) {
  Lines lines;
  CompareAll(a, b, &lines,
             std::make_index_sequence<std::variant_size_v<Record>>());
  if (!(a.center() == b.center())) Report(&lines, "the centers differ");
  if (Keys(a.open_calls()) != Keys(b.open_calls())) {
    Report(&lines, "the open calls differ");
  }
  if (Keys(a.open_tasks()) != Keys(b.open_tasks())) {
    Report(&lines, "the open tasks differ");
  }
  if (Keys(a.open_deliveries()) != Keys(b.open_deliveries())) {
    Report(&lines, "the open deliveries differ");
  }
  const auto id_of = [](const auto* record) {
    return record == nullptr ? std::string() : record->id.value();
  };
  a.table<Patient>().ForEach([&](const PatientId& id, const Patient&) {
    if (id_of(a.OpenCallFor(id)) != id_of(b.OpenCallFor(id))) {
      Report(&lines, "the open calls for ", id.value(), " differ");
    }
  });
  a.table<Person>().ForEach([&](const PersonId& id, const Person&) {
    if (id_of(a.RunningAssignmentOf(id)) != id_of(b.RunningAssignmentOf(id)) ||
        id_of(a.PendingOfferTo(id)) != id_of(b.PendingOfferTo(id))) {
      Report(&lines, "what binds ", id.value(), " differs");
    }
  });
  a.table<Call>().ForEach([&](const CallId& id, const Call&) {
    if (a.OpenTasksOf(id) != b.OpenTasksOf(id) ||
        a.VisitsOf(id) != b.VisitsOf(id)) {
      Report(&lines, "what hangs on ", id.value(), " differs");
    }
  });
  return lines;
}

}  // namespace housecall::core
