#include "tests/simulation/truth.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "dispatcher/core/delivery_rules.h"
#include "dispatcher/core/session.h"
#include "dispatcher/store/batch_rules.h"
#include "dispatcher/store/memory_store.h"
#include "dispatcher/store/sqlite_store.h"
#include "tests/core/invariants.h"
#include "tests/engine/seed.h"

namespace housecall::simulation {
namespace {

using core::Board;
using core::EventKind;

// From a decision to its commit: three tries with a store that answers late.
constexpr absl::Duration kLongestCommit = absl::Minutes(10);
// From the start of a push on, its receiver is nobody else's: the channel's
// longest push.
constexpr absl::Duration kShortestLease = absl::Seconds(30);

std::string Hour(absl::Time time) {
  return absl::FormatTime("%H:%M:%E3S", time, absl::FixedTimeZone(9 * 60 * 60));
}

// As the store gives it back.
store::Batch AsStored(store::Batch batch) {
  for (core::Record& record : batch.records) {
    record = store::AsStored(std::move(record));
  }
  for (store::JournalEntry& entry : batch.journal) {
    entry.event = store::AsStored(std::move(entry.event));
  }
  for (core::OutboxMessage& message : batch.outbox.put) {
    message.send_time =
        absl::FromUnixMicros(absl::ToUnixMicros(message.send_time));
  }
  return batch;
}

std::string IdOf(const core::Record& record) {
  return std::visit([](const auto& r) { return r.id.value(); }, record);
}

bool Same(const core::Record& record, const Board& board) {
  return std::visit(
      [&](const auto& r) {
        using R = std::decay_t<decltype(r)>;
        if constexpr (std::is_same_v<R, core::Center>) {
          return board.center() == r;
        } else {
          const R* found = board.Find<R>(r.id);
          return found != nullptr && *found == r;
        }
      },
      record);
}

bool IsSystem(const core::Event& event) {
  return event.actor.Has(core::Role::kSystem);
}

// The record of that kind in the event, or null.
template <typename R>
const R* In(const core::Event& event) {
  for (const core::Record& record : event.records) {
    if (const R* found = std::get_if<R>(&record)) return found;
  }
  return nullptr;
}

// Whether a call's crew is taken back for another call.
bool PassesOver(const Board& before, const core::Event& event) {
  for (const core::Record& record : event.records) {
    const auto* const call = std::get_if<core::Call>(&record);
    if (call == nullptr || !call->passed_over) continue;
    const auto* const old = before.Find<core::Call>(call->id);
    if (old != nullptr && !old->passed_over) return true;
  }
  return false;
}

std::string Words(const core::Subject& subject) {
  return std::visit(
      [](const auto& id) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(id)>,
                                     std::monostate>) {
          return "nothing";
        } else {
          return absl::StrCat(id.kCollection, "/", id.value());
        }
      },
      subject);
}

std::string Words(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ",
                      absl::string_view(status.message()));
}

// Whether somebody is logged in there at that time under that account.
bool IsLoggedIn(const Board& board, const core::AccountId& account,
                absl::Time time) {
  bool found = false;
  board.table<core::Session>().ForEach(
      [&](const auto& id, const auto& session) {
        found = found || (session.account == account &&
                          core::ActorBehind(board, id, time).ok());
      });
  return found;
}

// Something that is to happen by itself.
struct Deadline {
  std::string what;
  absl::Time time;
};

// When the crew is to be there: long ago if one of its calls has no agreed
// time.
absl::Time AgreedStart(const Board& board, const core::Assignment& crew) {
  absl::Time start = absl::InfiniteFuture();
  for (const core::CallId& id : crew.calls) {
    const core::Call* call = board.Find<core::Call>(id);
    if (call == nullptr || !call->schedule.has_value()) {
      return absl::InfinitePast();
    }
    start = std::min(start, call->schedule->start_time);
  }
  return start;
}

// From when on a crew that has accepted and not left is to be reminded: nobody
// leaves for an agreed time before he has to.
absl::Time WaitsSince(const Board& board, const core::Assignment& crew) {
  return std::max(crew.accept_time, AgreedStart(board, crew) -
                                        crew.estimate.fetch_duration -
                                        crew.estimate.drive_duration);
}

// Read off the records, without the rules that are to keep them.
std::vector<Deadline> DeadlinesOf(const Board& board) {
  const core::Policy& policy = board.center().policy;
  std::vector<Deadline> deadlines;
  const auto add = [&](absl::Time time, const auto&... what) {
    deadlines.push_back({absl::StrCat(what...), time});
  };
  board.table<core::Offer>().ForEach([&](const auto& id, const auto& offer) {
    if (offer.state != core::OfferState::kPending) return;
    add(offer.ring_until_time, id.value(), " rings again or expires");
  });
  board.table<core::Assignment>().ForEach([&](const auto& id, const auto& a) {
    if (a.state != core::AssignmentState::kAccepted) return;
    const absl::Time since = WaitsSince(board, a);
    if (!a.nudged) {
      add(since + policy.departure_nudge, id.value(), " is reminded");
    }
    if (!a.alarmed) {
      add(since + policy.departure_alarm, id.value(),
          " does not move, the operator is told");
    }
    add(since + policy.departure_rematch, id.value(), " is matched anew");
  });
  board.table<core::Call>().ForEach([&](const auto& id, const auto& call) {
    if (call.state == core::CallState::kOnHold && call.hold_until_time) {
      add(*call.hold_until_time, id.value(), "'s hold ends");
    }
    if (call.state == core::CallState::kScheduled && call.schedule) {
      add(call.schedule->start_time - policy.schedule_lead_time, id.value(),
          " is matched for its agreed time");
    }
  });
  board.table<core::Delivery>().ForEach([&](const auto& id, const auto& d) {
    if (d.state == core::DeliveryState::kPending && d.next_attempt_time) {
      add(*d.next_attempt_time, id.value(), " is pushed");
    }
    if (d.state != core::DeliveryState::kReceived && !d.overdue) {
      add(d.due_time, id.value(), " is overdue");
    }
  });
  board.table<core::Duty>().ForEach([&](const auto& id, const auto& duty) {
    if (duty.on_duty && board.RunningAssignmentOf(id) == nullptr) {
      add(duty.end_time, id.value(), "'s duty ends");
    }
  });
  return deadlines;
}

}  // namespace

Truth::Truth(const Plan& plan, Surroundings surroundings, const Board& board,
             Story* story)
    : plan_(plan),
      surroundings_(std::move(surroundings)),
      now_(surroundings_.now),
      story_(story),
      center_(board.center().id),
      random_(plan.seed ^ 0xd15cd15cd15c),
      rows_(board) {
  absl::Status status;
  if (plan.on_disk) {
    disk_ = std::make_unique<Disk>(
        random_.Next(),
        [this] {
          DiskFaults faults;
          if (spared_ || !surroundings_.storm()) return faults;
          faults.power_cut = plan_.power_cuts;
          faults.write_fails = plan_.disk_writes_fail;
          faults.full = plan_.disk_is_full;
          faults.sync_fails = plan_.disk_syncs_fail;
          faults.slow = plan_.disk_is_slow;
          return faults;
        },
        surroundings_.sleep, now_,
        [this](absl::string_view what) { story_->Tell("disk", what); });
    status = Open();
  } else {
    store_ = std::make_unique<store::MemoryStore>();
  }
  if (status.ok()) {
    status = store_->Commit(engine::testing::BatchOf(board), 0);
  }
  if (!status.ok()) story_->Break("harness", Words(status));
  history_.push_back({board, 1, now_()});
  spared_ = false;
}

Truth::~Truth() {
  // It closes its files in peace.
  spared_ = true;
  store_.reset();
}

// --- The disk ---------------------------------------------------------------

int64_t Truth::disk_faults() const {
  return disk_ == nullptr ? 0 : disk_->failures();
}

int64_t Truth::power_cuts() const {
  return disk_ == nullptr ? 0 : disk_->power_cuts();
}

absl::Status Truth::Nameless(const absl::Status& status) const {
  if (status.ok() || disk_ == nullptr) return status;
  return absl::Status(
      status.code(),
      absl::StrReplaceAll(status.message(), {{disk_->path(), "night.db"}}));
}

absl::Status Truth::CheckUp() {
  if (store_ != nullptr && off_until_ <= now_()) return absl::OkStatus();
  return absl::UnavailableError("the store's machine is off");
}

absl::Status Truth::Open() {
  store::SqliteOptions options;
  // Often, so that the log is copied and begun anew within a night.
  options.checkpoint_pages = static_cast<int>(random_.Between(8, 200));
  absl::StatusOr<std::unique_ptr<store::Store>> opened =
      store::OpenSqliteStore(disk_->path(), options);
  if (!opened.ok()) return Nameless(opened.status());
  store_ = *std::move(opened);
  return absl::OkStatus();
}

void Truth::LookAtDisk() {
  if (disk_ == nullptr || !disk_->is_off()) return;
  spared_ = true;
  store_.reset();
  disk_->TurnOn();
  if (const absl::Status opened = Open(); !opened.ok()) {
    story_->Break("disk", "after a power cut: ", Words(opened));
    return;
  }
  story_->Tell("disk", "the power is on again");
  Settle();
  doubts_.clear();
  CheckRowsNow();
  for (const auto& [id, known] : requests_) {
    if (!known.written.has_value()) continue;
    const absl::StatusOr<std::optional<store::Reply>> reply =
        store_->FindReply(center_, id);
    if (!reply.ok() || !reply->has_value() ||
        (*reply)->subject != known.written->subject) {
      story_->Break("durability", "after a power cut the reply to ",
                    known.request.words, " is lost");
    }
  }
  spared_ = false;
  // It takes a while until it serves.
  off_until_ = now_() + random_.Between(absl::Seconds(1), absl::Seconds(20));
}

void Truth::Settle() {
  const absl::StatusOr<store::Snapshot> snapshot =
      store_->Load(center_, absl::InfinitePast());
  if (!snapshot.ok()) {
    story_->Break("disk", Words(Nameless(snapshot.status())));
    return;
  }
  if (snapshot->version == version()) return;
  if (snapshot->version < version()) {
    story_->Break("durability", "version ", version(),
                  " was committed, the disk has ", snapshot->version);
    return;
  }
  absl::StatusOr<std::vector<store::JournalEntry>> journal =
      store_->ReadJournal(center_, sequence(), 1000);
  if (!journal.ok()) {
    story_->Break("disk", Words(Nameless(journal.status())));
    return;
  }
  for (const Doubt& doubt : doubts_) {
    const store::Batch batch = AsStored(doubt.batch);
    if (snapshot->version == version() + 1 && batch.journal == *journal &&
        std::all_of(batch.records.begin(), batch.records.end(),
                    [&](const core::Record& record) {
                      return Same(record, snapshot->board);
                    })) {
      story_->Tell(doubt.who, "the commit in doubt was done");
      const Doubt done = doubt;
      doubts_.clear();
      Took(done.batch, done.who);
      return;
    }
  }
  story_->Break("durability", "the disk has version ", snapshot->version,
                ", which nobody committed after ", version());
}

// --- Commits ----------------------------------------------------------------

absl::Status Truth::Commit(const store::Batch& batch, int64_t expected_version,
                           absl::string_view who) {
  MutexLock lock(gate_);
  if (absl::Status status = CheckUp(); !status.ok()) return status;
  const absl::Status status = Nameless(store_->Commit(batch, expected_version));
  if (status.ok()) {
    doubts_.clear();
    Took(batch, who);
  } else {
    story_->Tell(who, "commit refused: ", Words(status));
    if (disk_ != nullptr && expected_version == version() &&
        !absl::IsAborted(status)) {
      doubts_.push_back({batch, std::string(who)});
      if (!disk_->is_off()) Settle();
    }
  }
  LookAtDisk();
  return status;
}

void Truth::Took(const store::Batch& given, absl::string_view who) {
  const store::Batch batch = AsStored(given);
  ++commits_;
  const int64_t next = version() + 1;
  for (const core::Record& record : batch.records) rows_.Put(record);
  const Board before_all = board();
  for (const store::JournalEntry& entry : batch.journal) {
    if (entry.sequence != sequence() + 1) {
      story_->Break("journal", "entry ", entry.sequence, " after ", sequence());
    }
    const Board before = board();
    story_->Tell(who, "#", entry.sequence, " ", NameOf(entry.event.kind), " ",
                 entry.event.call.value(),
                 IsSystem(entry.event)
                     ? std::string()
                     : absl::StrCat(" by ", entry.event.actor.person.value()));
    Board after = before;
    core::Apply(entry.event, &after);
    history_.push_back({std::move(after), next, now_()});
    journal_.push_back(entry.event);
    reached_.push_back(Mark());
    CheckEvent(before, entry.event);
  }
  // What is not journaled.
  Board with_positions = board();
  for (const core::Record& record : batch.records) {
    if (std::holds_alternative<core::Position>(record)) {
      with_positions.Put(record);
    }
  }
  history_.push_back({std::move(with_positions), next, now_()});
  CheckPositions(before_all, batch);
  for (const core::Record& record : batch.records) {
    if (!Same(record, board())) {
      story_->Break("rows", IdOf(record),
                    "'s row is not what the journal makes of it");
    }
  }
  for (const store::JournalEntry& entry : batch.journal) {
    for (const core::Record& record : entry.event.records) {
      std::visit(
          [&](const auto& r) {
            using R = std::decay_t<decltype(r)>;
            const R* row = rows_.Find<R>(r.id);
            const R* replayed = board().Find<R>(r.id);
            if (row == nullptr || !(*row == *replayed)) {
              story_->Break("rows", r.id.value(),
                            " has changed in the journal only");
            }
          },
          record);
    }
  }
  // Of the last entry that a reply before has written.
  int64_t last = 0;
  for (const store::Reply& reply : batch.replies) {
    const auto found = requests_.find(reply.request_id);
    if (found == requests_.end()) {
      story_->Break("replies", reply.request_id, " was never asked");
      continue;
    }
    if (found->second.written.has_value()) {
      story_->Break("doubled", found->second.request.words,
                    " was accepted twice");
    }
    CheckSender(before_all, reply, found->second);
    CheckSeen(batch, reply, last, found->second.request);
    last = reply.sequence.value_or(last);
    if (found->second.refused) {
      story_->Break("replies", found->second.request.words,
                    " was refused, and is done without being asked for again");
    }
    found->second.written = Written{Mark(), reply.subject, std::string(who)};
  }
  CheckRevoked(before_all, batch);
  CheckOutbox(batch);
  CheckPeople(board());
}

void Truth::CheckEvent(const Board& before, const core::Event& event) {
  if (const std::string broken = core::CheckEtags(before, event);
      !broken.empty()) {
    story_->Break("etags", NameOf(event.kind), ": ",
                  absl::StripSuffix(broken, "\n"));
  }
  if (const std::string broken = core::CheckInvariants(board());
      !broken.empty()) {
    story_->Break("board", NameOf(event.kind), ": ",
                  absl::StripSuffix(broken, "\n"));
  }
  if (event.kind == EventKind::kCallMerged) merged_ = true;
  CheckTimeOf(event);
  CheckNotEarly(before, event);
  CheckActor(before, event);
  for (const core::Record& record : event.records) {
    if (const auto* task = std::get_if<core::Task>(&record)) {
      CheckText(absl::StrCat("tasks/", task->id.value()), task->detail);
    }
    if (const auto* call = std::get_if<core::Call>(&record)) {
      const core::Call* old = before.Find<core::Call>(call->id);
      CheckPaper(old, *call);
      if (call->state == core::CallState::kClosed &&
          (old == nullptr || old->state != core::CallState::kClosed)) {
        CheckClosed(board(), *call);
      }
      if (old != nullptr && core::IsOver(old->state) &&
          old->state != core::CallState::kMerged &&
          !core::IsOver(call->state)) {
        story_->Break("closed", call->id.value(), " was over and is ",
                      NameOf(call->state), " again");
      }
    }
    if (const auto* delivery = std::get_if<core::Delivery>(&record)) {
      if (event.kind == EventKind::kDeliveryReceived &&
          delivery->receipt.has_value() && delivery->receipt->person.empty() &&
          delivery->receipt->by_hand_reason.empty() &&
          said_yes_.count(delivery->id) == 0) {
        story_->Break("receipts", delivery->id.value(),
                      " counts as received, but no receiver has said so");
      }
    }
  }
}

// Of a node's clock, and not long ago.
void Truth::CheckTimeOf(const core::Event& event) {
  if (event.time > now_() + plan_.max_skew ||
      event.time < now_() - plan_.max_skew - kLongestCommit) {
    story_->Break("clocks", NameOf(event.kind), " bears the time ",
                  Hour(event.time));
  }
}

void Truth::CheckTakenBack(const Board& before, const core::Assignment& crew) {
  const auto* const offer = before.Find<core::Offer>(crew.offer);
  const char* why = nullptr;
  if (crew.state != core::AssignmentState::kAccepted ||
      crew.depart.has_value()) {
    why = "after it had departed";
  } else if (offer != nullptr && !offer->override_reason.empty()) {
    why = "though an operator chose it";
  }
  for (const core::CallId& id : crew.calls) {
    const auto* const call = before.Find<core::Call>(id);
    if (call != nullptr && call->passed_over) why = "for a second time";
  }
  if (why != nullptr) {
    story_->Break("taken back", crew.id.value(), " was taken back ", why);
  }
}

void Truth::CheckNotEarly(const Board& before, const core::Event& event) {
  if (!IsSystem(event)) return;
  const core::Policy& policy = before.center().policy;
  const auto due = [&](absl::Time time, const std::string& id) {
    if (event.time >= time && now_() + plan_.max_skew >= time) return;
    story_->Break("early", NameOf(event.kind), " of ", id, ", due ", Hour(time),
                  " only");
  };
  const auto* const offer = In<core::Offer>(event);
  const auto* const assignment = In<core::Assignment>(event);
  const auto* const call = In<core::Call>(event);
  if (event.kind == EventKind::kOfferRungAgain ||
      event.kind == EventKind::kOfferExpired) {
    const auto* old =
        offer == nullptr ? nullptr : before.Find<core::Offer>(offer->id);
    if (old != nullptr) due(old->ring_until_time, offer->id.value());
  } else if (event.kind == EventKind::kDepartureNudged) {
    const auto* old = before.Find<core::Assignment>(assignment->id);
    if (assignment->alarmed && !old->alarmed) {
      due(WaitsSince(before, *old) + policy.departure_alarm, old->id.value());
    } else {
      due(WaitsSince(before, *old) + policy.departure_nudge, old->id.value());
    }
  } else if (event.kind == EventKind::kAssignmentReleased) {
    const auto* old = assignment == nullptr
                          ? nullptr
                          : before.Find<core::Assignment>(assignment->id);
    if (old != nullptr && PassesOver(before, event)) {
      CheckTakenBack(before, *old);
    } else if (old != nullptr) {
      due(WaitsSince(before, *old) + policy.departure_rematch, old->id.value());
    }
  } else if (event.kind == EventKind::kCallResumed) {
    const auto* old = before.Find<core::Call>(call->id);
    due(old->hold_until_time.value_or(absl::InfiniteFuture()),
        call->id.value());
  } else if (event.kind == EventKind::kCallMatching && call != nullptr) {
    const auto* old = before.Find<core::Call>(call->id);
    if (old != nullptr && old->state == core::CallState::kScheduled) {
      due(old->schedule->start_time - policy.schedule_lead_time,
          call->id.value());
    }
  } else if (event.kind == EventKind::kDeliveryOverdue) {
    const auto* delivery = In<core::Delivery>(event);
    due(delivery->due_time, delivery->id.value());
  } else if (event.kind == EventKind::kDutyEnded) {
    const auto* duty = In<core::Duty>(event);
    due(duty->end_time, duty->id.value());
  }
}

void Truth::CheckPeople(const Board& board) {
  std::map<std::string, std::string> bound;
  const auto bind = [&](const std::string& whom, const std::string& to) {
    if (whom.empty()) return;
    const auto [found, is_new] = bound.emplace(whom, to);
    if (!is_new) {
      story_->Break("two places", whom, " is bound by ", found->second,
                    " and by ", to);
    }
  };
  board.table<core::Assignment>().ForEach([&](const auto& id, const auto& a) {
    if (!core::IsRunning(a.state)) return;
    bind(a.physician.value(), id.value());
    // One who did not wait at the door is free, and his car with him.
    if (a.driver_left) return;
    bind(a.driver.value(), id.value());
    bind(a.car.empty() ? "" : absl::StrCat("cars/", a.car.value()), id.value());
  });
}

void Truth::CheckClosed(const Board& board, const core::Call& call) {
  if (call.outcome != core::Outcome::kVisited) return;
  const auto* note = board.Find<core::Note>(call.note);
  if (note == nullptr || note->versions.empty()) {
    story_->Break("closed", call.id.value(), " is closed without a note");
    return;
  }
  if (call.care_team.empty()) {
    story_->Break("closed", call.id.value(), "'s note went to nobody");
  }
  // By whom the last version was received.
  std::set<core::OrganizationId> received;
  for (const core::DeliveryId& id : board.DeliveriesOf(call.note)) {
    const auto* delivery = board.Find<core::Delivery>(id);
    if (delivery->note_version != note->versions.back().number) continue;
    if (delivery->state == core::DeliveryState::kReceived) {
      received.insert(delivery->member.organization);
    } else {
      story_->Break("closed", call.id.value(), " is closed, ", id.value(),
                    " is ", NameOf(delivery->state));
    }
  }
  for (const core::CareTeamMember& member : call.care_team) {
    if (received.count(member.organization) == 0) {
      story_->Break("closed", call.id.value(), " is closed, ",
                    member.organization.value(), " has no note of it");
    }
  }
}

void Truth::CheckPaper(const core::Call* before, const core::Call& call) {
  if (call.written_time.has_value() &&
      (*call.written_time > call.receive_time ||
       (call.source != core::CallSource::kPaper &&
        call.source != core::CallSource::kPhone))) {
    story_->Break("paper", call.id.value(), " of ", NameOf(call.source),
                  " was written at ", Hour(*call.written_time),
                  " and received at ", Hour(call.receive_time));
  }
  const absl::Time since = call.written_time.value_or(call.receive_time);
  if (call.triage_time.has_value() &&
      *call.triage_time < since - 2 * plan_.max_skew) {
    story_->Break("paper", call.id.value(), " was triaged at ",
                  Hour(*call.triage_time), ", before it was there");
  }
  for (const core::Fact& fact : call.facts) {
    if (fact.written_time.has_value() && *fact.written_time > fact.time) {
      story_->Break("paper", "a fact of ", call.id.value(),
                    " was written after it was entered");
    }
  }
  if (before != nullptr && (before->written_time != call.written_time ||
                            before->receive_time != call.receive_time ||
                            before->source != call.source)) {
    story_->Break("paper", call.id.value(),
                  " was written or received at another time than before");
  }
}

// What the sheet said of the time stands in the call, or in what it added to
// one that was there.
void Truth::CheckPaperOf(const core::SubmitCall& submit,
                         const std::string& words) {
  if (!submit.written_time.has_value()) return;
  bool found = false;
  board().table<core::Call>().ForEach([&](const auto& id, const auto& call) {
    found = found || (id == submit.call && call.source == submit.source &&
                      call.written_time == submit.written_time);
    for (const core::Fact& fact : call.facts) {
      found = found || (fact.source == submit.source &&
                        fact.written_time == submit.written_time);
    }
  });
  if (!found) {
    story_->Break("paper", words, " was accepted, and when it was written ",
                  "is lost");
  }
}

void Truth::CheckOutbox(const store::Batch& batch) {
  for (const core::DeliveryId& id : batch.outbox.remove) outbox_.erase(id);
  for (const core::OutboxMessage& message : batch.outbox.put) {
    outbox_[message.id] = message;
    CheckText("an outbox message", message.id.value());
  }
  // Of the last of each, which the rows hold.
  for (const core::Record& record : batch.records) {
    const auto* delivery = std::get_if<core::Delivery>(&record);
    if (delivery == nullptr) continue;
    const bool waits = delivery->state == core::DeliveryState::kPending;
    const auto message = outbox_.find(delivery->id);
    if (waits && message == outbox_.end()) {
      story_->Break("outbox", delivery->id.value(),
                    " is to be pushed, the outbox does not know it");
    } else if (!waits && message != outbox_.end()) {
      story_->Break("outbox", delivery->id.value(), " is ",
                    NameOf(delivery->state),
                    ", the outbox would push it again");
    } else if (waits &&
               message->second.send_time != delivery->next_attempt_time) {
      story_->Break("outbox", delivery->id.value(),
                    " is to be pushed at another time than the outbox says");
    }
  }
}

void Truth::CheckPositions(const Board& before, const store::Batch& batch) {
  for (const core::Record& record : batch.records) {
    const auto* position = std::get_if<core::Position>(&record);
    if (position == nullptr) continue;
    if (!IsLoggedIn(before, core::AccountId(position->id.value()),
                    position->receive_time)) {
      story_->Break("sessions", "a position of ", position->id.value(),
                    ", who is not logged in");
    }
    const auto* old = before.Find<core::Position>(position->id);
    if (old != nullptr && position->device_time <= old->device_time) {
      story_->Break("positions", position->id.value(), "'s position of ",
                    Hour(position->device_time), " replaces that of ",
                    Hour(old->device_time));
    }
    const auto said = reported_.find(
        {position->position.latitude, position->position.longitude});
    if (said == reported_.end()) {
      story_->Break("positions", position->id.value(),
                    " is where nobody has said that he is");
    } else if (position->device_time > said->second) {
      story_->Break("positions", position->id.value(), "'s position of ",
                    Hour(said->second), " counts as of ",
                    Hour(position->device_time));
    }
  }
}

// --- Requests and answers ---------------------------------------------------

void Truth::WillSend(const Request& request) {
  // Somebody who uses an id again for something else does not change what the
  // id stands for.
  Known known;
  known.request = request;
  requests_.emplace(request.id, std::move(known));
}

void Truth::Arrived(absl::string_view who, const Request& request) {
  if (request.id.empty()) return;
  Known& known = requests_.at(request.id);
  if (known.request.fingerprint != request.fingerprint) return;
  known.sessions.insert(request.session);
  ++known.under_way[std::string(who)];
  known.refused = false;
}

void Truth::Answered(absl::string_view who, const Request& request, size_t mark,
                     absl::Time arrive_time, absl::Duration skew,
                     const absl::StatusOr<engine::Result>& result) {
  if (!result.ok()) {
    CheckText(absl::StrCat("the answer to ", request.words),
              result.status().message());
  }
  if (request.id.empty()) {
    if (!result.ok() && !absl::IsUnavailable(result.status()) &&
        !absl::IsResourceExhausted(result.status())) {
      CheckRefusal(request, mark, arrive_time, skew, result.status());
    }
    return;
  }
  Known& known = requests_.at(request.id);
  const bool reused = known.request.fingerprint != request.fingerprint;
  if (!reused) {
    const auto copies = known.under_way.find(std::string(who));
    if (copies != known.under_way.end() && --copies->second == 0) {
      known.under_way.erase(copies);
    }
    if (absl::IsUnavailable(result.status())) {
      known.left_open.insert(std::string(who));
    }
  }
  if (result.ok()) {
    if (reused) {
      story_->Break("replies", request.words, " was answered as ",
                    known.request.words, ", whose request id it bears");
      return;
    }
    ++accepted_;
    CheckAccepted(known, *result);
    return;
  }
  const absl::Status& status = result.status();
  if (absl::IsUnavailable(status)) return;
  if (absl::IsResourceExhausted(status)) {
    // It has written nothing, it says; what was written before it came, or by
    // another node that got the same request, is another matter.
    if (known.written.has_value() && !reused && known.written->who == who &&
        known.written->mark > mark) {
      story_->Break("replies", request.words,
                    " was written, and its sender told that it was not");
    }
    return;
  }
  if (reused) {
    if (!absl::IsInvalidArgument(status)) {
      story_->Break("replies", request.words, " bears the request id of ",
                    known.request.words, " and was answered ", Words(status));
    }
    return;
  }
  if (known.written.has_value() && known.written->mark < mark) {
    story_->Break(
        "replies", request.words,
        " had been accepted; repeated, it was refused: ", Words(status));
    return;
  }
  // With one node, which knows what it has sent to the store; an earlier
  // process' commit may still be on its way.
  known.left_open.erase(std::string(who));
  known.refused =
      plan_.nodes == 1 && known.under_way.empty() && known.left_open.empty();
  ++refused_;
  CheckRefusal(request, mark, arrive_time, skew, status);
}

void Truth::CheckAccepted(Known& known, const engine::Result& result) {
  const std::string& words = known.request.words;
  if (!known.written.has_value()) {
    story_->Break("answers", words, " was answered as accepted, nothing is",
                  " written");
    return;
  }
  if (result.subject != known.written->subject) {
    story_->Break("answers", words, " was answered with ",
                  Words(result.subject), ", the reply kept is ",
                  Words(known.written->subject));
  }
  known.answered = true;
  known.answer = result.subject;
  if (const auto* submit =
          std::get_if<core::SubmitCall>(&known.request.command)) {
    CheckPaperOf(*submit, words);
  }
  if (result.board == nullptr) {
    story_->Break("answers", words, " was answered without a board");
    return;
  }
  std::visit(
      [&](const auto& id) {
        using I = std::decay_t<decltype(id)>;
        if constexpr (!std::is_same_v<I, std::monostate> &&
                      !std::is_same_v<I, core::PersonId>) {
          [&]<typename... R>(const std::variant<R...>*) {
            (CheckShown(static_cast<const R*>(nullptr), id, known, result),
             ...);
          }(static_cast<const core::Record*>(nullptr));
        }
      },
      result.subject);
}

template <typename R, typename I>
void Truth::CheckShown(const R*, const I& id, const Known& known,
                       const engine::Result& result) {
  if constexpr (std::is_same_v<decltype(R::id), I>) {
    const R* found = result.board->template Find<R>(id);
    std::optional<R> shown;
    if (found != nullptr) {
      shown = std::get<R>(store::AsStored(core::Record(*found)));
    }
    for (size_t i = history_.size(); i-- > known.written->mark;) {
      const R* was = history_[i].board.template Find<R>(id);
      if (was == nullptr ? !shown.has_value() : shown == *was) return;
      // What was revoked is not loaded any more.
      if constexpr (std::is_same_v<R, core::Session>) {
        if (!shown.has_value() && was->revoked) return;
      }
    }
    story_->Break("answers", known.request.words, " was answered with a ",
                  id.value(), " as it never was between request and answer");
  }
}

void Truth::CheckRefusal(const Request& request, size_t mark,
                         absl::Time arrive_time, absl::Duration skew,
                         const absl::Status& refusal) {
  absl::Status last;
  const auto fits = [&](const Board& board, absl::Time time) {
    last = core::ActorBehind(board, request.session, time + skew).status();
    if (last.ok()) {
      last = core::Decide(board, request.command, request.actor, time + skew)
                 .status();
    }
    return last.code() == refusal.code() && last.message() == refusal.message();
  };
  for (size_t i = history_.size(); i-- > mark;) {
    if (fits(history_[i].board, arrive_time) ||
        fits(history_[i].board, now_()) ||
        fits(history_[i].board, history_[i].time)) {
      return;
    }
  }
  story_->Break("refusals", request.words, " was refused as on no board since",
                " it came: ", Words(refusal),
                "; on the first of them: ", Words(last));
}

// --- Sessions ---------------------------------------------------------------

namespace {

// Whether whoever was logged in before may not be any more.
bool EndsSessions(const core::Account& before, const core::Account& after) {
  return before.password_hash != after.password_hash ||
         before.roles != after.roles || before.person != after.person ||
         (after.disabled && !before.disabled);
}

// The calls that the command is to change only as its sender saw them, and as
// which version.
std::vector<std::pair<core::CallId, core::Version>> CallsSeen(
    const core::Command& command) {
  std::vector<std::pair<core::CallId, core::Version>> seen;
  std::visit(
      [&](const auto& c) {
        using C = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<C, core::OfferVisit>) {
          for (size_t i = 0; i < c.etags.size(); ++i) {
            seen.emplace_back(c.calls[i], c.etags[i]);
          }
        } else if constexpr (std::is_same_v<C, core::DraftNote>) {
          // The etag is the note's.
        } else if constexpr (requires {
                               c.call;
                               c.etag.number;
                             }) {
          seen.emplace_back(c.call, c.etag);
        } else if constexpr (requires {
                               c.call;
                               c.etag.has_value();
                             }) {
          if (c.etag.has_value()) seen.emplace_back(c.call, *c.etag);
        }
      },
      command);
  return seen;
}

}  // namespace

void Truth::WillOpen(const core::SessionId& session, const PrivateText& typed) {
  typed_.emplace(session, typed);
}

void Truth::TurnedAway(const Request& request, size_t mark, absl::Duration skew,
                       const absl::Status& refusal) {
  // Of several nodes one may not have heard of a login at another yet.
  if (plan_.nodes > 1) return;
  for (size_t i = history_.size(); i-- > mark;) {
    if (core::ActorBehind(history_[i].board, request.session, now_() + skew)
            .status() == refusal) {
      return;
    }
  }
  story_->Break("sessions", request.words, " was not let in: ", Words(refusal),
                ", and its session holds");
}

void Truth::CheckActor(const Board& before, const core::Event& event) {
  if (const auto* session = In<core::Session>(event);
      event.kind == EventKind::kSessionOpened && session != nullptr) {
    const auto* account = before.Find<core::Account>(session->account);
    const auto typed = typed_.find(session->id);
    if (account == nullptr || account->disabled || typed == typed_.end() ||
        typed->second != account->password_hash) {
      story_->Break("sessions", "a login at ", session->account.value(),
                    ", whose password is another");
    }
    return;
  }
  if (IsSystem(event) || IsLoggedIn(before, event.actor.account, event.time)) {
    return;
  }
  // It ends its own session, too, perhaps before others.
  if (event.kind == EventKind::kSessionRevoked) return;
  story_->Break("sessions", NameOf(event.kind), " of ", event.call.value(),
                " by ", event.actor.account.value(), ", who is not logged in");
}

void Truth::CheckSender(const Board& before, const store::Reply& reply,
                        const Known& known) {
  for (const core::SessionId& session : known.sessions) {
    if (core::ActorBehind(before, session, reply.time).ok()) return;
  }
  story_->Break("sessions", known.request.words,
                " was accepted by a session that is over");
}

void Truth::CheckSeen(const store::Batch& batch, const store::Reply& reply,
                      int64_t after, const Request& request) {
  for (const auto& [id, seen] : CallsSeen(request.command)) {
    // The first of its versions that this decision writes.
    std::optional<int64_t> written;
    for (const store::JournalEntry& entry : batch.journal) {
      if (entry.sequence <= after || entry.sequence > reply.sequence ||
          entry.event.actor.account != request.actor.account) {
        continue;
      }
      for (const core::Record& record : entry.event.records) {
        const auto* call = std::get_if<core::Call>(&record);
        if (call != nullptr && call->id == id && !written.has_value()) {
          written = call->etag.number;
        }
      }
    }
    if (written.has_value() && *written != seen.number + 1) {
      story_->Break("seen", request.words, " was decided on version ",
                    *written - 1, " of ", id.value(),
                    ", its sender had seen version ", seen.number);
    }
  }
}

void Truth::CheckRevoked(const Board& before, const store::Batch& batch) {
  // How many of its sessions each account may keep: whoever sets his own
  // password keeps the one by which he does.
  std::map<core::AccountId, int> kept;
  for (const store::JournalEntry& entry : batch.journal) {
    const auto* account = In<core::Account>(entry.event);
    const auto* old =
        account == nullptr ? nullptr : before.Find<core::Account>(account->id);
    if (old != nullptr && EndsSessions(*old, *account)) {
      kept[account->id] = entry.event.actor.account == account->id ? 1 : 0;
    }
  }
  for (const auto& [account, most] : kept) {
    int count = 0;
    before.table<core::Session>().ForEach(
        [&, id = account](const auto& session, const auto& record) {
          if (record.account != id || record.revoked) return;
          const auto* now = board().Find<core::Session>(session);
          if (now != nullptr && !now->revoked) ++count;
        });
    if (count > most) {
      story_->Break("sessions", account.value(), " has changed, and ", count,
                    " of its sessions go on");
    }
  }
}

// --- Pushes -----------------------------------------------------------------

void Truth::PushBegan(const std::string& id, const std::string& address,
                      const std::string& body, absl::string_view who) {
  CheckText("an envelope's id", id);
  CheckText("an envelope's address", address);
  const std::string prefix =
      absl::StrCat("centers/", center_.value(), "/deliveries/");
  const core::DeliveryId delivery_id(
      std::string(absl::StripPrefix(id, prefix)));
  const auto* delivery = board().Find<core::Delivery>(delivery_id);
  if (!absl::StartsWith(id, prefix) || delivery == nullptr) {
    story_->Break("pushes", "a push under the id ", id,
                  ", which is no delivery's");
    return;
  }
  if (!absl::StrContains(body, id)) {
    story_->Break("pushes", id, "'s body does not name it");
  }
  if (delivery->next_attempt_time.has_value() &&
      now_() + plan_.max_skew < *delivery->next_attempt_time) {
    story_->Break("early", "a push of ", delivery_id.value(), ", due ",
                  Hour(*delivery->next_attempt_time), " only");
  }
  const auto under_way = pushes_.find(delivery_id);
  if (under_way != pushes_.end() &&
      now_() < under_way->second.second + kShortestLease - plan_.max_skew &&
      outbox_.count(delivery_id) > 0 &&
      outbox_.at(delivery_id).send_time <
          under_way->second.second - plan_.max_skew) {
    story_->Break("pushes", delivery_id.value(), " is pushed by ", who,
                  " while ", under_way->second.first, " has its lease");
  }
  pushes_[delivery_id] = {std::string(who), now_()};
}

void Truth::ReceiverSaidYes(const core::DeliveryId& delivery) {
  said_yes_.insert(delivery);
}

void Truth::WillReport(const core::LatLng& position, absl::Time device_time) {
  reported_[{position.latitude, position.longitude}] = device_time;
}

// --- What is shown ----------------------------------------------------------

namespace {

// The id of a record in which two boards differ, the second one as it is
// stored; empty if they are the same. Positions have no sequence.
std::string DifferenceOf(const Board& shown, const Board& was) {
  std::string found;
  const auto compare = [&]<typename R>(const R*) {
    if constexpr (!std::is_same_v<R, core::Position>) {
      const auto as_stored = [](const R& record) {
        return std::get<R>(store::AsStored(core::Record(record)));
      };
      if constexpr (std::is_same_v<R, core::Center>) {
        if (!(as_stored(shown.center()) == was.center())) found = "the center";
      } else {
        shown.table<R>().ForEach([&](const auto& id, const R& record) {
          const R* then = was.template Find<R>(id);
          if (then == nullptr || !(as_stored(record) == *then)) {
            found = std::string(id.value());
          }
        });
        // Sessions that are over are not loaded any more.
        if constexpr (!std::is_same_v<R, core::Session>) {
          was.table<R>().ForEach([&](const auto& id, const R&) {
            if (shown.template Find<R>(id) == nullptr) {
              found = std::string(id.value());
            }
          });
        }
      }
    }
  };
  [&]<typename... R>(const std::variant<R...>*) {
    (compare(static_cast<const R*>(nullptr)), ...);
  }(static_cast<const core::Record*>(nullptr));
  return found;
}

}  // namespace

void Truth::CheckBoard(absl::string_view who, const Board& shown,
                       int64_t sequence) {
  if (sequence >= static_cast<int64_t>(reached_.size())) {
    story_->Break("shown", who, " is shown a board of ", sequence,
                  " before that is written");
    return;
  }
  std::string first;
  for (size_t mark = reached_[static_cast<size_t>(sequence)];
       mark < history_.size(); ++mark) {
    const std::string differs = DifferenceOf(shown, history_[mark].board);
    if (differs.empty()) return;
    if (first.empty()) first = differs;
  }
  story_->Break("shown", who, " is shown a board of ", sequence, " in which ",
                first, " is not as it was then or later");
}

// --- From time to time ------------------------------------------------------

bool Truth::CanBeSent(const core::Call& call, absl::Time time) const {
  core::OfferVisit offer;
  offer.calls = {call.id};
  // Whoever may be sent so late may be sent.
  offer.estimate.arrive_time = time + absl::Minutes(60);
  offer.estimate.finish_time = time + absl::Hours(2);
  bool can = false;
  const auto try_it = [&] {
    can = can || core::Decide(board(), offer, core::SystemActor(), time).ok();
  };
  board().table<core::Duty>().ForEach([&](const auto& id, const auto& duty) {
    if (duty.role != core::Role::kPhysician || !duty.on_duty) return;
    offer.physician = id;
    board().table<core::Duty>().ForEach(
        [&](const auto& driver, const auto& other) {
          if (other.role != core::Role::kDriver || !other.on_duty) return;
          offer.driver = driver;
          offer.car = other.car;
          offer.self_drive = false;
          try_it();
        });
    offer.driver = {};
    offer.car = {};
    offer.self_drive = true;
    try_it();
  });
  return can;
}

void Truth::CheckMatching(const core::Call& call, absl::Time calm_since) {
  // The planner looks every minute at the latest.
  constexpr absl::Duration kLongestSilence = absl::Minutes(4);
  constexpr absl::Duration kLongestNeglect = absl::Minutes(15);
  if (call.state != core::CallState::kMatching) return;
  absl::Time since = now_();
  for (size_t i = history_.size(); i-- > 0;) {
    const core::Call* then = history_[i].board.Find<core::Call>(call.id);
    if (then == nullptr || then->state != core::CallState::kMatching) break;
    since = history_[i].time;
    if (since < calm_since) break;
  }
  const absl::Duration waited = now_() - std::max(since, calm_since);
  if (waited < kLongestSilence) return;
  const core::Match* said = board().Find<core::Match>(call.match);
  if (said == nullptr || said->matched) {
    story_->Break("late", call.id.value(), " waits for a crew since ",
                  Hour(since), ", and nobody says why");
    return;
  }
  const bool nobody = !said->waiting.has_value() ||
                      said->waiting->reason == core::WaitReason::kNobody;
  // Nor has somebody's duty begun just now.
  if (nobody && waited >= kLongestNeglect && CanBeSent(call, now_()) &&
      CanBeSent(call, now_() - kLongestSilence)) {
    story_->Break("late", call.id.value(), " waits for a crew since ",
                  Hour(since), ", and somebody may be sent");
  }
}

void Truth::CheckNothingIsLate(absl::Duration slack, absl::Time calm_since) {
  board().open_calls().ForEach([&](const core::CallId& id, bool) {
    CheckMatching(*board().Find<core::Call>(id), calm_since);
  });
  // A change may bring a time that is over already: then it counts from the
  // change.
  const auto since_when = [&](const Deadline& deadline) {
    absl::Time since = now_();
    for (size_t i = history_.size(); i-- > 0;) {
      const std::vector<Deadline> then = DeadlinesOf(history_[i].board);
      if (std::none_of(then.begin(), then.end(), [&](const Deadline& each) {
            return each.what == deadline.what && each.time == deadline.time;
          })) {
        break;
      }
      since = history_[i].time;
      if (since <= deadline.time) break;
    }
    return std::max(since, deadline.time);
  };
  for (const Deadline& deadline : DeadlinesOf(board())) {
    if (deadline.time + slack < now_() &&
        since_when(deadline) + slack < now_()) {
      story_->Break("late", deadline.what, " since ", Hour(deadline.time));
    }
  }
}

void Truth::CheckRows() {
  MutexLock lock(gate_);
  if (CheckUp().ok()) CheckRowsNow();
}

void Truth::CheckRowsNow() {
  absl::StatusOr<store::Snapshot> snapshot =
      store_->Load(center_, absl::InfinitePast());
  if (!snapshot.ok()) {
    story_->Break("rows", Words(Nameless(snapshot.status())));
    return;
  }
  // Sessions that were revoked are not loaded.
  Board loaded = snapshot->board;
  board().table<core::Session>().ForEach(
      [&](const auto&, const core::Session& session) {
        if (session.revoked) loaded.Put(session);
      });
  const std::pair<const char*, const Board*> others[] = {
      {"the rows written", &rows_}, {"the board loaded", &loaded}};
  for (const auto& [name, other] : others) {
    const std::string difference = core::Difference(*other, board());
    if (!difference.empty()) {
      story_->Break("rows", name, " and the journal replayed: ",
                    absl::StripSuffix(difference, "\n"));
    }
  }
  if (snapshot->sequence != sequence() || snapshot->version != version()) {
    story_->Break("rows", "version and sequence are not those of the journal");
  }
}

// How often the token stands in the call that knows it best: a merge copies
// what was said to another call.
int Truth::CountOf(const std::string& token) const {
  int most = 0;
  board().table<core::Call>().ForEach([&](const auto&, const auto& call) {
    int count = absl::StrContains(call.complaint.Reveal(), token) ? 1 : 0;
    for (const core::Fact& fact : call.facts) {
      if (absl::StrContains(fact.text.Reveal(), token)) ++count;
    }
    most = std::max(most, count);
  });
  return most;
}

void Truth::CheckAnswered() {
  for (const auto& [id, known] : requests_) {
    const Request& request = known.request;
    if (const auto* submit = std::get_if<core::SubmitCall>(&request.command);
        submit != nullptr && known.answered) {
      const auto* answer = std::get_if<core::CallId>(&known.answer);
      if (answer == nullptr || board().Find<core::Call>(*answer) == nullptr) {
        story_->Break("answers", request.words,
                      " was accepted, and its call is missing");
      }
    }
    if (request.token.empty()) continue;
    const int count = CountOf(request.token);
    if (count > 1 && !merged_) {
      story_->Break("doubled", request.words, " was written ", count, " times");
    }
    if (known.answered && count == 0) {
      story_->Break("answers", request.words,
                    " was accepted, and what it said is missing");
    }
    if (!known.written.has_value() && count > 0) {
      story_->Break("replies", request.words,
                    " was written without a reply to be repeated");
    }
  }
}

bool Truth::IsAllOver() const { return WhatIsOpen().empty(); }

std::string Truth::WhatIsOpen() const {
  std::string lines;
  board().open_calls().ForEach([&](const core::CallId& id, bool) {
    absl::StrAppend(&lines, lines.empty() ? "" : ", ", id.value(), " is ",
                    NameOf(board().Find<core::Call>(id)->state));
  });
  board().open_deliveries().ForEach([&](const core::DeliveryId& id, bool) {
    absl::StrAppend(&lines, lines.empty() ? "" : ", ", id.value(), " is ",
                    NameOf(board().Find<core::Delivery>(id)->state));
  });
  return lines;
}

void Truth::CheckText(absl::string_view where, absl::string_view text) {
  if (absl::StrContains(text, kClinical)) {
    story_->Break("clinical", where, " tells what is clinical");
  }
}

}  // namespace housecall::simulation
