#include "dispatcher/engine/center_writer.h"

#include <map>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::engine {
namespace {

constexpr int kTries = 3;
constexpr size_t kRecentReplies = 4096;
// Calls closed longer ago than this are not loaded (see ForgetWhatIsOver).
constexpr absl::Duration kPastCalls = absl::Hours(36);

// A record's kind and id, to keep only its newest state in a batch.
std::pair<size_t, std::string> KeyOf(const core::Record& record) {
  return {record.index(),
          std::visit([](const auto& r) { return r.id.value(); }, record)};
}

// Positions come all the time and an old one changes nothing: deciding a
// repeated one again is cheaper than keeping its reply.
bool KeepsReply(const Submission& submission) {
  return !submission.request_id.empty() &&
         !std::holds_alternative<core::ReportPosition>(submission.command);
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

Commit CenterWriter::Process(std::vector<Submission> submissions) {
  std::vector<Ruled> ruled;
  ruled.reserve(submissions.size());
  for (Submission& submission : submissions) {
    ruled.push_back({std::move(submission),
                     absl::UnavailableError("not decided; try again")});
  }
  Commit commit;
  for (int i = 0; i < kTries; ++i) {
    if (Try(ruled, &commit)) break;
    // Loaded anew at the next try, or at the next call.
    board_ = nullptr;
    recent_replies_.clear();
    recent_reply_order_.clear();
    commit = Commit();
    for (Ruled& r : ruled) {
      r.result = absl::UnavailableError(
          "the store did not answer; try the same request again");
    }
  }
  for (Ruled& r : ruled) unanswered_.push_back(std::move(r));
  return commit;
}

bool CenterWriter::Try(std::vector<Ruled>& ruled, Commit* commit) {
  // The board first, then the earlier reply: a reply that is committed between
  // the two belongs to a board that is then not current any more, which the
  // commit below finds out.
  if (absl::Status status = EnsureLoaded(); !status.ok()) {
    HC_LOG(kError, "board_not_loaded")
        .With("center", center_)
        .With("status", status);
    for (Ruled& r : ruled) r.result = status;
    // Nothing is decided, but trying again at once helps only if the store is
    // busy.
    return !absl::IsUnavailable(status);
  }

  const absl::Time now = clock_->Now();
  core::Board working = *board_;
  store::Batch batch;
  batch.center = center_;
  std::vector<core::Event> events;
  std::map<std::pair<size_t, std::string>, const core::Record*> rows;
  // Answers that write nothing which the version could guard: a refusal, a
  // reply kept in the store, which may be younger than the board.
  bool needs_proof = false;

  for (Ruled& r : ruled) {
    const Submission& submission = r.submission;
    r.depends_on_batch = true;
    if (KeepsReply(submission)) {
      absl::StatusOr<std::optional<store::Reply>> earlier =
          EarlierReply(batch, submission.request_id, &r.depends_on_batch);
      if (!earlier.ok()) {
        r.depends_on_batch = false;
        r.result = earlier.status();
        continue;
      }
      if (earlier->has_value()) {
        needs_proof = true;
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
    absl::StatusOr<core::Decision> decision =
        core::Decide(working, submission.command, submission.actor, now);
    if (!decision.ok()) {
      needs_proof = true;
      r.result = decision.status();
      continue;
    }
    for (core::Event& event : decision->events) {
      core::Apply(event, &working);
      events.push_back(std::move(event));
    }
    if (KeepsReply(submission)) {
      batch.replies.push_back({submission.request_id, submission.fingerprint,
                               decision->subject, now});
    }
    r.result = Result{decision->subject, nullptr, false};
  }

  int64_t sequence = sequence_;
  for (const core::Event& event : events) {
    for (const core::Record& record : event.records) {
      rows[KeyOf(record)] = &record;
    }
  }
  batch.records.reserve(rows.size());
  for (const auto& [key, record] : rows) batch.records.push_back(*record);
  batch.outbox = core::OutboxFor(events);
  for (core::Event& event : events) {
    if (core::IsJournaled(event.kind)) ++sequence;
    commit->entries.push_back({sequence, std::move(event)});
  }
  for (const store::JournalEntry& entry : commit->entries) {
    if (core::IsJournaled(entry.event.kind)) batch.journal.push_back(entry);
  }

  const bool writes = !batch.records.empty() || !batch.replies.empty();
  if (writes) {
    const absl::Status status = store_->Commit(batch, version_);
    if (absl::IsAborted(status) || absl::IsUnavailable(status)) {
      HC_LOG(kWarning, "commit_retried")
          .With("center", center_)
          .With("status", status);
      return false;
    }
    if (!status.ok()) {
      HC_LOG(kError, "commit_failed")
          .With("center", center_)
          .With("status", status);
      // Nothing was written: whoever would have changed something gets the
      // store's answer. Refusals were decided on this batch's board, which
      // will not be; they too are to be asked again.
      for (Ruled& r : ruled) {
        if (r.depends_on_batch) r.result = status;
      }
      *commit = Commit();
      for (Ruled& r : ruled) {
        if (r.result.ok()) r.result->board = board_;
      }
      return true;
    }
    ++version_;
    sequence_ = sequence;
    board_ = std::make_shared<const core::Board>(std::move(working));
    for (const store::Reply& reply : batch.replies) Remember(reply);
    commit->board = board_;
    commit->sequence = sequence_;
  } else if (needs_proof) {
    absl::StatusOr<int64_t> version = store_->CurrentVersion(center_);
    if (!version.ok() || *version != version_) return false;
  }
  for (Ruled& r : ruled) {
    if (r.result.ok()) r.result->board = board_;
  }
  return true;
}

void CenterWriter::Answer() {
  std::vector<Ruled> ruled = std::move(unanswered_);
  unanswered_.clear();
  for (Ruled& r : ruled) {
    if (r.submission.done) r.submission.done(std::move(r.result));
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

void CenterWriter::Remember(const store::Reply& reply) {
  recent_replies_[reply.request_id] = reply;
  recent_reply_order_.push_back(reply.request_id);
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
