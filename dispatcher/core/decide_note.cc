// The rules of the note, its deliveries, and the operator's tasks.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/checks.h"
#include "dispatcher/core/delivery_rules.h"
#include "dispatcher/core/draft.h"

namespace housecall::core {

namespace {

// Only who was there writes about it.
absl::Status CheckAuthor(const PersonId& author, const std::string& what,
                         const Draft& draft) {
  if (!author.empty() && draft.actor().person == author) {
    return absl::OkStatus();
  }
  return Refuse(
      RefusalReason::kNotTheAuthor,
      absl::StrCat(what, " is written by ", ResourceName(author), " only"));
}

bool IsBlank(const PrivateText& text) {
  return absl::StripAsciiWhitespace(text.Reveal()).empty();
}

bool IsBlank(const NoteText& text) {
  bool blank = true;
  VisitFields(text, [&](const char*, const PrivateText& field) {
    blank = blank && IsBlank(field);
  });
  return blank;
}

// What is over is taken off the operator's list.
void ResolveTasksOf(const DeliveryId& delivery,
                    std::initializer_list<TaskKind> kinds, const CallId& call,
                    Draft& draft) {
  for (const TaskId& id : draft.board().OpenTasksOf(call)) {
    Task task = *draft.board().Find<Task>(id);
    if (task.delivery != delivery ||
        std::find(kinds.begin(), kinds.end(), task.kind) == kinds.end()) {
      continue;
    }
    task.resolved = Confirmation{draft.now(), draft.actor().person};
    draft.Emit(EventKind::kTaskResolved, call, {std::move(task)});
  }
}

// "organizations/sakura-clinic: 503 Service Unavailable".
std::string Complaint(const Delivery& delivery, absl::string_view otherwise) {
  const std::string error = LastError(delivery);
  return Shortened(absl::StrCat(ResourceName(delivery.member.organization),
                                ": ", error.empty() ? otherwise : error));
}

void RaiseIfFailed(const DeliveryId& id, Draft& draft) {
  const Delivery delivery = *draft.board().Find<Delivery>(id);
  if (delivery.state != DeliveryState::kFailed) return;
  draft.RaiseTask(TaskKind::kDeliveryFailed, delivery.call,
                  Complaint(delivery, "no channel"), id);
}

// Earlier versions of the same note to the same receiver that nobody has
// confirmed: who has an amendment has the whole note, and needs them no more.
std::vector<Delivery> Superseded(const Board& board, const Delivery& by) {
  std::vector<Delivery> earlier;
  for (const DeliveryId& id : board.DeliveriesOf(by.note)) {
    const Delivery& delivery = *board.Find<Delivery>(id);
    if (delivery.note_version < by.note_version &&
        delivery.member.organization == by.member.organization &&
        delivery.state != DeliveryState::kReceived) {
      earlier.push_back(delivery);
    }
  }
  return earlier;
}

void Receive(Delivery delivery, Receipt receipt, Draft& draft) {
  const CallId call = delivery.call;
  std::vector<DeliveryId> ids = {delivery.id};
  std::vector<Record> records;
  for (Delivery& earlier : Superseded(draft.board(), delivery)) {
    Receipt instead;
    instead.time = receipt.time;
    instead.person = receipt.person;
    instead.by_hand_reason = PrivateText(
        absl::StrCat("version ", delivery.note_version, " was received"));
    RecordReceipt(std::move(instead), &earlier);
    ids.push_back(earlier.id);
    records.push_back(std::move(earlier));
  }
  RecordReceipt(std::move(receipt), &delivery);
  records.insert(records.begin(), std::move(delivery));
  draft.Emit(EventKind::kDeliveryReceived, call, std::move(records));
  for (const DeliveryId& id : ids) {
    ResolveTasksOf(id, {TaskKind::kDeliveryFailed, TaskKind::kDeliveryOverdue},
                   call, draft);
  }
  CloseIfComplete(call, draft);
}

}  // namespace

absl::StatusOr<Subject> Rule(const DraftNote& c, Draft& draft) {
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(c.call));
  const Visit* found_visit = draft.board().Find<Visit>(call.visit);
  if (found_visit == nullptr || !found_visit->arrive.has_value()) {
    return Refuse(RefusalReason::kNotArrived,
                  absl::StrCat(ResourceName(c.call), ": no crew has arrived"));
  }
  const Visit visit = *found_visit;
  RETURN_IF_ERROR(
      CheckAuthor(visit.physician,
                  absl::StrCat("the note of ", ResourceName(c.call)), draft));
  const Note* found = draft.board().Find<Note>(call.note);
  std::vector<Record> records;
  Note note;
  if (found != nullptr) {
    RETURN_IF_ERROR(CheckEtagIfAny(c.etag, *found));
    note = *found;
    if (note.state == NoteState::kSigned) note.state = NoteState::kAmending;
  } else {
    // Version 0 is what a client holds that has seen no note.
    if (c.etag.has_value() && c.etag->number != 0) {
      return absl::AbortedError(
          absl::StrCat("etag: ", ResourceName(c.call), " has no note yet (",
                       c.etag->number, " given); read it again"));
    }
    note.id = NoteId(Draft::NextId(&call, 'n'));
    note.call = call.id;
    note.visit = visit.id;
    note.patient = call.patient;
    note.author = visit.physician;
    note.state = NoteState::kDraft;
    call.note = note.id;
    records.emplace_back(std::move(call));
  }
  note.draft = c.text;
  const NoteId id = note.id;
  records.emplace_back(std::move(note));
  draft.Emit(EventKind::kNoteDrafted, c.call, std::move(records));
  return id;
}

absl::StatusOr<Subject> Rule(const SignNote& c, Draft& draft) {
  ASSIGN_OR_RETURN(Note note, draft.Get<Note>(c.note));
  RETURN_IF_ERROR(CheckEtag(c.etag, note));
  RETURN_IF_ERROR(CheckAuthor(note.author, ResourceName(note.id), draft));
  if (!note.draft.has_value()) {
    return Refuse(
        RefusalReason::kNoteSigned,
        absl::StrCat(ResourceName(note.id), " is signed; there is no draft"));
  }
  if (IsBlank(*note.draft)) {
    return Refuse(RefusalReason::kNoteEmpty,
                  absl::StrCat(ResourceName(note.id),
                               " is empty; write at least one part of it"));
  }
  const bool amends = !note.versions.empty();
  if (amends && IsBlank(c.amend_reason)) return MissingField("amend_reason");

  NoteVersion version;
  version.number = static_cast<int32_t>(note.versions.size()) + 1;
  version.text = *std::move(note.draft);
  version.signed_by = draft.actor().person;
  version.sign_time = draft.now();
  if (amends) version.amend_reason = c.amend_reason;
  note.versions.push_back(std::move(version));
  note.draft.reset();
  note.state = NoteState::kSigned;

  const CallId call_id = note.call;
  std::vector<Record> records;
  ASSIGN_OR_RETURN(Call call, draft.Get<Call>(call_id));
  if (StandingOf(call) == CallState::kDepartedScene) {
    Advance(&call, CallState::kNoteSent);
    records.emplace_back(std::move(call));
  }
  records.emplace_back(std::move(note));
  draft.Emit(EventKind::kNoteSigned, call_id, std::move(records));
  DeliverNote(c.note, draft);
  CloseIfComplete(call_id, draft);
  return c.note;
}

void DeliverNote(const NoteId& note_id, Draft& draft) {
  const Note* found = draft.board().Find<Note>(note_id);
  if (found == nullptr || found->versions.empty()) return;
  const Note note = *found;
  const Call* found_call = draft.board().Find<Call>(note.call);
  if (found_call == nullptr) return;
  const Call call = *found_call;
  if (call.care_team.empty()) {
    draft.RaiseTask(TaskKind::kCareTeamUnknown, call.id, note_id.value());
    return;
  }

  const NoteVersion& version = note.versions.back();
  int number = 0;
  std::vector<OrganizationId> served;
  for (const DeliveryId& id : draft.board().DeliveriesOf(note_id)) {
    const Delivery& delivery = *draft.board().Find<Delivery>(id);
    if (delivery.note_version != version.number) continue;
    ++number;
    served.push_back(delivery.member.organization);
  }
  std::vector<Record> records;
  std::vector<DeliveryId> ids;
  for (const CareTeamMember& member : call.care_team) {
    if (!AddOnce(&served, member.organization)) continue;
    Delivery delivery;
    delivery.id = DeliveryId(
        absl::StrCat(note_id.value(), "--d", version.number, "-", ++number));
    delivery.note = note_id;
    delivery.note_version = version.number;
    delivery.call = call.id;
    delivery.patient = call.patient;
    delivery.member = member;
    delivery.due_time =
        NextWorkingDayAt(version.sign_time, draft.policy().delivery_due_minute,
                         ZoneNamed(draft.board().center().time_zone));
    BeginChannel(0, draft.board().Find<Organization>(member.organization),
                 draft.now(), &delivery);
    ids.push_back(delivery.id);
    records.emplace_back(std::move(delivery));
  }
  if (records.empty()) return;
  draft.Emit(EventKind::kDeliveryBegan, call.id, std::move(records));
  for (const DeliveryId& id : ids) RaiseIfFailed(id, draft);
}

absl::StatusOr<Subject> Rule(const RecordAttempt& c, Draft& draft) {
  if (c.result == SendResult::kUnspecified) return MissingField("result");
  ASSIGN_OR_RETURN(Delivery delivery, draft.Get<Delivery>(c.delivery));
  if (delivery.state == DeliveryState::kReceived) return c.delivery;
  DeliveryAttempt attempt{draft.now(), c.channel, c.result, c.error};
  if (c.result == SendResult::kDelivered) {
    // However late, and on whichever channel: they have it.
    attempt.error.clear();
    delivery.attempts.push_back(std::move(attempt));
    Receive(std::move(delivery), Receipt{draft.now(), {}, {}, {}}, draft);
    return c.delivery;
  }
  // A failure on a channel that is given up says nothing new.
  if (delivery.state != DeliveryState::kPending ||
      CurrentChannel(delivery) != c.channel) {
    return c.delivery;
  }
  RecordFailure(std::move(attempt), c.jitter, c.retry_after,
                draft.policy().delivery_attempts,
                draft.board().Find<Organization>(delivery.member.organization),
                &delivery);
  const CallId call = delivery.call;
  draft.Emit(EventKind::kDeliveryAttempted, call, {std::move(delivery)});
  RaiseIfFailed(c.delivery, draft);
  return c.delivery;
}

absl::StatusOr<Subject> Rule(const ConfirmReceipt& c, Draft& draft) {
  ASSIGN_OR_RETURN(Delivery delivery, draft.Get<Delivery>(c.delivery));
  if (draft.actor().organization != delivery.member.organization) {
    return Refuse(RefusalReason::kOtherReceiver,
                  absl::StrCat(ResourceName(c.delivery), " went to ",
                               ResourceName(delivery.member.organization),
                               "; only somebody there can confirm it"));
  }
  if (delivery.state == DeliveryState::kReceived) return c.delivery;
  Receive(std::move(delivery),
          Receipt{draft.now(), draft.actor().person, {}, {}}, draft);
  return c.delivery;
}

absl::StatusOr<Subject> Rule(const ConfirmReceiptByHand& c, Draft& draft) {
  if (IsBlank(c.receiver_name)) return MissingField("receiver_name");
  if (IsBlank(c.reason)) return MissingField("reason");
  ASSIGN_OR_RETURN(Delivery delivery, draft.Get<Delivery>(c.delivery));
  if (delivery.state == DeliveryState::kReceived) return c.delivery;
  Receive(std::move(delivery),
          Receipt{draft.now(), draft.actor().person, c.receiver_name, c.reason},
          draft);
  return c.delivery;
}

absl::StatusOr<Subject> Rule(const RetryDelivery& c, Draft& draft) {
  ASSIGN_OR_RETURN(Delivery delivery, draft.Get<Delivery>(c.delivery));
  if (delivery.state != DeliveryState::kFailed &&
      delivery.state != DeliveryState::kPending) {
    return Refuse(
        RefusalReason::kNothingToSend,
        absl::StrCat(ResourceName(c.delivery), " is ", NameOf(delivery.state),
                     "; there is nothing to send"));
  }
  BeginChannel(0,
               draft.board().Find<Organization>(delivery.member.organization),
               draft.now(), &delivery);
  const CallId call = delivery.call;
  draft.Emit(EventKind::kDeliveryRetried, call, {std::move(delivery)});
  ResolveTasksOf(c.delivery, {TaskKind::kDeliveryFailed}, call, draft);
  RaiseIfFailed(c.delivery, draft);
  return c.delivery;
}

absl::StatusOr<Subject> Rule(const QuestionNote& c, Draft& draft) {
  if (IsBlank(c.text)) return MissingField("text");
  ASSIGN_OR_RETURN(Delivery delivery, draft.Get<Delivery>(c.delivery));
  const CallId call = delivery.call;
  const std::string organization = ResourceName(delivery.member.organization);
  delivery.questions.push_back(
      Fact{draft.now(), draft.actor().person, c.text, std::nullopt});
  draft.Emit(EventKind::kNoteQuestioned, call, {std::move(delivery)});
  draft.RaiseTask(TaskKind::kNoteQuestion, call, organization, c.delivery);
  return c.delivery;
}

void MarkOverdueDeliveries(Draft& draft) {
  std::vector<Delivery> overdue;
  draft.board().open_deliveries().ForEach([&](const DeliveryId& id, bool) {
    const Delivery& delivery = *draft.board().Find<Delivery>(id);
    if (!delivery.overdue && delivery.due_time <= draft.now()) {
      overdue.push_back(delivery);
    }
  });
  for (Delivery& delivery : overdue) {
    delivery.overdue = true;
    const DeliveryId id = delivery.id;
    const CallId call = delivery.call;
    const std::string detail = Complaint(delivery, "nobody has confirmed it");
    draft.Emit(EventKind::kDeliveryOverdue, call, {std::move(delivery)});
    draft.RaiseTask(TaskKind::kDeliveryOverdue, call, detail, id);
  }
}

// --- Tasks ------------------------------------------------------------------

absl::StatusOr<Subject> Rule(const AcknowledgeTask& c, Draft& draft) {
  ASSIGN_OR_RETURN(Task task, draft.Get<Task>(c.task));
  if (task.acknowledged.has_value() || task.resolved.has_value()) {
    return c.task;
  }
  task.acknowledged = Confirmation{draft.now(), draft.actor().person};
  const CallId call = task.call;
  draft.Emit(EventKind::kTaskAcknowledged, call, {std::move(task)});
  return c.task;
}

absl::StatusOr<Subject> Rule(const ResolveTask& c, Draft& draft) {
  ASSIGN_OR_RETURN(Task task, draft.Get<Task>(c.task));
  if (task.resolved.has_value()) return c.task;
  task.resolved = Confirmation{draft.now(), draft.actor().person};
  task.resolution = c.resolution;
  const CallId call = task.call;
  draft.Emit(EventKind::kTaskResolved, call, {std::move(task)});
  return c.task;
}

}  // namespace housecall::core
