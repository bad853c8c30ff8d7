#include "dispatcher/engine/center_writer.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/session.h"

namespace housecall::engine {
namespace {

constexpr int kTries = 3;
constexpr size_t kRecentReplies = 4096;
// Calls closed longer ago than this are not loaded (see ForgetWhatIsOver).
constexpr absl::Duration kPastCalls = absl::Hours(36);

int64_t EtagOf(const core::Record& record) {
  return std::visit([](const auto& r) { return r.etag.number; }, record);
}

// The last state of each record in these entries.
std::vector<core::Record> NewestRecords(
    const std::vector<store::JournalEntry>& journal,
    const std::vector<store::JournalEntry>& passing) {
  // By kind and id.
  std::map<std::pair<size_t, absl::string_view>, const core::Record*> newest;
  const auto add = [&](const std::vector<store::JournalEntry>& entries) {
    for (const store::JournalEntry& entry : entries) {
      for (const core::Record& record : entry.event.records) {
        const absl::string_view id = std::visit(
            [](const auto& r) -> absl::string_view { return r.id.value(); },
            record);
        const core::Record*& last = newest[{record.index(), id}];
        if (last == nullptr || EtagOf(*last) < EtagOf(record)) last = &record;
      }
    }
  };
  add(journal);
  add(passing);
  std::vector<core::Record> records;
  records.reserve(newest.size());
  for (const auto& [key, record] : newest) records.push_back(*record);
  return records;
}

// Positions come all the time and an old one changes nothing: deciding a
// repeated one again is cheaper than keeping its reply.
bool KeepsReply(const Submission& submission) {
  return !submission.request_id.empty() &&
         !std::holds_alternative<core::ReportPosition>(submission.command);
}

// What `later` says about a delivery counts instead of what `all` said.
void Add(core::OutboxChange later, core::OutboxChange* all) {
  const auto is_put_later = [&](const core::DeliveryId& id) {
    return std::any_of(later.put.begin(), later.put.end(),
                       [&](const auto& message) { return message.id == id; });
  };
  std::erase_if(all->put, [&](const core::OutboxMessage& message) {
    return is_put_later(message.id) ||
           std::count(later.remove.begin(), later.remove.end(), message.id) > 0;
  });
  std::erase_if(all->remove, is_put_later);
  std::move(later.put.begin(), later.put.end(), std::back_inserter(all->put));
  std::move(later.remove.begin(), later.remove.end(),
            std::back_inserter(all->remove));
}

}  // namespace

CenterWriter::CenterWriter(core::CenterId center, store::Store* store,
                           const Clock* clock)
    : center_(std::move(center)), store_(store), clock_(clock) {}

absl::Status CenterWriter::EnsureLoaded() {
  if (board_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(store::Snapshot snapshot,
                   store_->Load(center_, clock_->Now() - kPastCalls));
  board_ = std::make_shared<const core::Board>(std::move(snapshot.board));
  version_ = snapshot.version;
  sequence_ = snapshot.sequence;
  return absl::OkStatus();
}

absl::Status CenterWriter::Refresh() {
  if (board_ == nullptr) return EnsureLoaded();
  ASSIGN_OR_RETURN(const int64_t version, store_->CurrentVersion(center_));
  if (version == version_) return absl::OkStatus();
  BoardPtr old = board_;
  Drop();
  absl::Status status = EnsureLoaded();
  if (!status.ok()) board_ = std::move(old);
  return status;
}

void CenterWriter::Drop() {
  board_ = nullptr;
  recent_replies_.clear();
  recent_reply_order_.clear();
}

Commit CenterWriter::Process(std::vector<Submission> submissions) {
  std::vector<Ruled> ruled;
  ruled.reserve(submissions.size());
  for (Submission& submission : submissions) {
    ruled.push_back({std::move(submission),
                     absl::UnavailableError("not decided; try again")});
  }
  Commit commit;
  if (Rule(absl::MakeSpan(ruled), &commit) == Outcome::kUnstorable &&
      ruled.size() > 1) {
    for (Ruled& r : ruled) {
      Commit one;
      Rule(absl::MakeSpan(&r, 1), &one);
      if (one.board == nullptr) continue;
      commit.board = one.board;
      commit.sequence = one.sequence;
      std::move(one.entries.begin(), one.entries.end(),
                std::back_inserter(commit.entries));
    }
  }
  for (Ruled& r : ruled) {
    unanswered_.push_back({std::move(r.submission.done), std::move(r.result)});
  }
  return commit;
}

CenterWriter::Outcome CenterWriter::Rule(absl::Span<Ruled> ruled,
                                         Commit* commit) {
  for (int i = 0; i < kTries; ++i) {
    const Outcome outcome = Try(ruled, commit);
    if (outcome != Outcome::kNotCurrent) return outcome;
    // Loaded anew at the next try, or at the next call.
    Drop();
    for (Ruled& r : ruled) {
      r.result = absl::UnavailableError(
          "the store did not answer; try the same request again");
    }
  }
  return Outcome::kNotCurrent;
}

CenterWriter::Outcome CenterWriter::Try(absl::Span<Ruled> ruled,
                                        Commit* commit) {
  // The board first, then the earlier reply: a reply that is committed between
  // the two belongs to a board that is then not current any more, which the
  // commit below finds out.
  if (absl::Status status = EnsureLoaded(); !status.ok()) {
    HC_LOG(kError, "board_not_loaded")
        .With("center", center_)
        .With("status", status);
    for (Ruled& r : ruled) r.result = store::ForClients(status);
    // Nothing is decided, but trying again at once helps only if the store is
    // busy.
    return absl::IsUnavailable(status) ? Outcome::kNotCurrent : Outcome::kDone;
  }

  // As exact as the store keeps it, so that the board is what would be loaded.
  const absl::Time now =
      absl::FromUnixMicros(absl::ToUnixMicros(clock_->Now()));
  core::Board working = *board_;
  store::Batch batch;
  batch.center = center_;
  // Those that are not journaled: each after the entry of its sequence.
  std::vector<store::JournalEntry> passing;
  int64_t sequence = sequence_;
  // Answers that write nothing which the version could guard: a refusal, which
  // an earlier commit of unknown outcome could contradict; and a reply kept in
  // the store, which none can, but which may be younger than the board.
  bool has_refused = false;
  bool has_repeated = false;

  for (Ruled& r : ruled) {
    const Submission& submission = r.submission;
    r.depends_on_batch = true;
    if (KeepsReply(submission)) {
      absl::StatusOr<std::optional<store::Reply>> earlier =
          EarlierReply(batch, submission.request_id, &r.depends_on_batch);
      if (!earlier.ok()) {
        HC_LOG(kWarning, "reply_not_read")
            .With("center", center_)
            .With("status", earlier.status());
        r.depends_on_batch = false;
        r.result = store::ForClients(earlier.status());
        continue;
      }
      if (earlier->has_value()) {
        has_repeated = true;
        if ((*earlier)->fingerprint != submission.fingerprint) {
          r.result = absl::InvalidArgumentError(
              "request_id was used before for another request; a new request "
              "needs a new one");
        } else {
          r.result = Result{(*earlier)->subject, nullptr, true};
        }
        continue;
      }
      r.depends_on_batch = true;
    }
    // Not before: what was accepted by a session that held stays accepted.
    if (!submission.session.empty()) {
      const absl::Status session =
          core::ActorBehind(working, submission.session, now).status();
      if (!session.ok()) {
        has_refused = true;
        r.result = session;
        continue;
      }
    }
    absl::StatusOr<core::Decision> decision =
        core::Decide(working, submission.command, submission.actor, now);
    if (!decision.ok()) {
      has_refused = true;
      r.result = decision.status();
      continue;
    }
    working = std::move(decision->board);
    Add(core::OutboxFor(decision->events), &batch.outbox);
    for (core::Event& event : decision->events) {
      if (core::IsJournaled(event.kind)) {
        batch.journal.push_back({++sequence, std::move(event)});
      } else {
        passing.push_back({sequence, std::move(event)});
      }
    }
    if (KeepsReply(submission)) {
      batch.replies.push_back({submission.request_id, submission.fingerprint,
                               decision->subject, now, sequence});
    }
    r.result = Result{decision->subject, nullptr, false};
  }

  batch.records = NewestRecords(batch.journal, passing);
  if (!batch.records.empty() || !batch.replies.empty()) {
    const absl::Status status = store_->Commit(batch, version_);
    if (absl::IsAborted(status) || absl::IsUnavailable(status)) {
      HC_LOG(kWarning, "commit_retried")
          .With("center", center_)
          .With("status", status);
      if (absl::IsUnavailable(status)) unknown_version_ = version_;
      return Outcome::kNotCurrent;
    }
    if (!status.ok()) {
      HC_LOG(kError, "commit_failed")
          .With("center", center_)
          .With("status", status);
      // Nothing was written now; what was sent before may be.
      if (!IsUncontested()) return Outcome::kNotCurrent;
      // Nothing was written: whoever would have changed something gets the
      // store's answer. Refusals were decided on this batch's board, which
      // will not be; they too are to be asked again.
      for (Ruled& r : ruled) {
        if (r.depends_on_batch) {
          r.result = store::ForClients(status);
        } else if (r.result.ok()) {
          r.result->board = board_;
        }
      }
      return absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status)
                 ? Outcome::kUnstorable
                 : Outcome::kDone;
    }
    ++version_;
    sequence_ = sequence;
    board_ = std::make_shared<const core::Board>(std::move(working));
    for (store::Reply& reply : batch.replies) Remember(std::move(reply));
    commit->board = board_;
    commit->sequence = sequence_;
    const auto before = [](const store::JournalEntry& a,
                           const store::JournalEntry& b) {
      return a.sequence < b.sequence;
    };
    std::merge(std::make_move_iterator(batch.journal.begin()),
               std::make_move_iterator(batch.journal.end()),
               std::make_move_iterator(passing.begin()),
               std::make_move_iterator(passing.end()),
               std::back_inserter(commit->entries), before);
  } else if ((has_refused && !IsUncontested()) ||
             ((has_refused || has_repeated) && !IsCurrent())) {
    return Outcome::kNotCurrent;
  }
  for (Ruled& r : ruled) {
    if (r.result.ok()) r.result->board = board_;
  }
  return Outcome::kDone;
}

bool CenterWriter::IsUncontested() {
  if (unknown_version_ != version_) return true;
  // That commit left the version as it is, so far. A commit without content
  // takes its place: then it can neither arrive nor come back.
  store::Batch nothing;
  nothing.center = center_;
  const absl::Status status = store_->Commit(nothing, version_);
  if (!status.ok()) {
    HC_LOG(kWarning, "commit_retried")
        .With("center", center_)
        .With("status", status);
    return false;
  }
  ++version_;
  return true;
}

bool CenterWriter::IsCurrent() const {
  const absl::StatusOr<int64_t> version = store_->CurrentVersion(center_);
  return version.ok() && *version == version_;
}

std::vector<Answer> CenterWriter::TakeAnswers() {
  return std::exchange(unanswered_, {});
}

void Give(std::vector<Answer> answers) {
  for (Answer& answer : answers) {
    if (answer.done) answer.done(std::move(answer.result));
  }
}

absl::StatusOr<std::optional<store::Reply>> CenterWriter::EarlierReply(
    const store::Batch& batch, const std::string& request_id, bool* of_batch) {
  *of_batch = true;
  for (const store::Reply& reply : batch.replies) {
    if (reply.request_id == request_id) return std::optional(reply);
  }
  *of_batch = false;
  if (auto found = recent_replies_.find(request_id);
      found != recent_replies_.end()) {
    return std::optional(found->second);
  }
  return store_->FindReply(center_, request_id);
}

void CenterWriter::Remember(store::Reply reply) {
  recent_reply_order_.push_back(reply.request_id);
  recent_replies_[recent_reply_order_.back()] = std::move(reply);
  if (recent_reply_order_.size() > kRecentReplies) {
    recent_replies_.erase(recent_reply_order_.front());
    recent_reply_order_.pop_front();
  }
}

bool CenterWriter::Forget() {
  if (board_ == nullptr) return false;
  core::Board board = *board_;
  core::ForgetWhatIsOver(clock_->Now(), &board);
  const bool changed =
      board.table<core::Call>().size() != board_->table<core::Call>().size() ||
      board.table<core::Session>().size() !=
          board_->table<core::Session>().size();
  if (changed) board_ = std::make_shared<const core::Board>(std::move(board));
  return changed;
}

}  // namespace housecall::engine
