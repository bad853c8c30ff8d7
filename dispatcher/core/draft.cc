#include "dispatcher/core/draft.h"

#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace housecall::core {

namespace {

// "surge--20261121t190000z", "not-moving--p1-20261121t190000z".
TaskId IdOfTask(TaskKind kind, const std::string& subject, absl::Time time) {
  return TaskId(absl::StrCat(
      absl::StrReplaceAll(absl::AsciiStrToLower(NameOf(kind)), {{"_", "-"}}),
      "--", subject, subject.empty() ? "" : "-",
      absl::FormatTime("%Y%m%dt%H%M%Sz", time, absl::UTCTimeZone())));
}

}  // namespace

void Draft::Emit(EventKind kind, const CallId& call,
                 std::vector<Record> records) {
  Event event;
  event.kind = kind;
  event.time = now_;
  event.actor = actor_;
  event.call = call;
  event.records = std::move(records);
  for (Record& record : event.records) {
    std::visit(
        [this](auto& r) {
          using R = std::decay_t<decltype(r)>;
          const R* before = board_.Find<R>(r.id);
          r.etag.number = (before == nullptr ? 0 : before->etag.number) + 1;
        },
        record);
  }
  Apply(event, &board_);
  events_.push_back(std::move(event));
}

void Draft::RaiseTask(TaskKind kind, const CallId& call_id, std::string detail,
                      const DeliveryId& delivery, const ShiftId& shift) {
  for (const TaskId& id : board_.OpenTasksOf(call_id)) {
    const Task* open = board_.Find<Task>(id);
    if (open->kind == kind && open->delivery == delivery &&
        open->shift == shift) {
      return;
    }
  }
  Task task;
  task.kind = kind;
  task.call = call_id;
  task.delivery = delivery;
  task.shift = shift;
  task.raise_time = now_;
  task.detail = std::move(detail);
  const Call* found = board_.Find<Call>(call_id);
  if (found == nullptr) {
    task.id = IdOfTask(
        kind, delivery.empty() ? shift.value() : delivery.value(), now_);
    Emit(EventKind::kTaskRaised, call_id, {std::move(task)});
    return;
  }
  Call call = *found;
  task.id = TaskId(NextId(&call, 't'));
  Emit(EventKind::kTaskRaised, call_id, {std::move(call), std::move(task)});
}

void Draft::ResolveTasks(TaskKind kind, const CallId& call) {
  for (const TaskId& id : board_.OpenTasksOf(call)) {
    Task task = *board_.Find<Task>(id);
    if (task.kind != kind) continue;
    task.resolved = Confirmation{now_, actor_.person};
    Emit(EventKind::kTaskResolved, call, {std::move(task)});
  }
}

void Draft::ResolveTasksOfCall(const CallId& call) {
  for (const TaskId& id : board_.OpenTasksOf(call)) {
    Task task = *board_.Find<Task>(id);
    if (!task.delivery.empty()) continue;
    task.resolved = Confirmation{now_, PersonId()};
    Emit(EventKind::kTaskResolved, call, {std::move(task)});
  }
}

std::string Draft::NextId(Call* call, char letter) {
  ++call->derived;
  return absl::StrCat(call->id.value(), "--", std::string(1, letter),
                      call->derived);
}

std::string Counted(int64_t number, absl::string_view one,
                    absl::string_view more) {
  return absl::StrCat(number, " ", number == 1 ? one : more);
}

}  // namespace housecall::core
