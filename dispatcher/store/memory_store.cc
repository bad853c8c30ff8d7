#include "dispatcher/store/memory_store.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/store/batch_rules.h"
#include "dispatcher/store/record_codec.h"

namespace housecall::store {

namespace {

// Whether the record hangs on one of `calls`.
template <typename R, typename Calls>
bool HangsOn(const R& record, const Calls& calls) {
  if constexpr (std::is_same_v<R, core::Offer> ||
                std::is_same_v<R, core::Assignment>) {
    for (const core::CallId& call : CallsOf(record)) {
      if (calls.count(call) > 0) return true;
    }
    return false;
  } else {
    return calls.count(record.call) > 0;
  }
}

// The calls that Load brings: those that still concern somebody, or were closed
// at `closed_after` or later.
std::set<core::CallId> LoadedCalls(const core::Board& records,
                                   absl::Time closed_after) {
  std::set<core::CallId> open;
  std::set<core::CallId> calls;
  records.table<core::Call>().ForEach(
      [&](const core::CallId& id, const core::Call& call) {
        if (!core::IsOver(call.state)) open.insert(id);
        if (!call.close_time.has_value() || *call.close_time >= closed_after) {
          calls.insert(id);
        }
      });
  calls.insert(open.begin(), open.end());
  records.open_deliveries().ForEach([&](const core::DeliveryId& id, bool) {
    calls.insert(records.Find<core::Delivery>(id)->call);
  });
  records.open_tasks().ForEach([&](const core::TaskId& id, bool) {
    calls.insert(records.Find<core::Task>(id)->call);
  });
  // Those that share a trip with an open one.
  records.table<core::Assignment>().ForEach(
      [&](const core::AssignmentId&, const core::Assignment& assignment) {
        if (!HangsOn(assignment, open)) return;
        for (const core::CallId& call : CallsOf(assignment)) calls.insert(call);
      });
  // What concerns no call is not chosen by it.
  calls.erase(core::CallId());
  return calls;
}

template <typename R>
bool IsLoaded(const R& record, const std::set<core::CallId>& calls,
              absl::Time closed_after) {
  if constexpr (std::is_same_v<R, core::Session>) {
    return !record.revoked && record.expire_time >= closed_after;
  } else if constexpr (std::is_same_v<R, core::Call>) {
    return calls.count(record.id) > 0;
  } else if constexpr (std::is_same_v<R, core::Task>) {
    return !record.resolved.has_value() || HangsOn(record, calls) ||
           (record.call.empty() && record.raise_time >= closed_after);
  } else if constexpr (std::is_same_v<R, core::Offer> ||
                       std::is_same_v<R, core::Assignment> ||
                       std::is_same_v<R, core::Visit> ||
                       std::is_same_v<R, core::Match> ||
                       std::is_same_v<R, core::Note> ||
                       std::is_same_v<R, core::Delivery>) {
    return HangsOn(record, calls);
  } else {
    return true;
  }
}

template <typename R>
void AppendHanging(const core::Board& records,
                   const std::set<core::CallId>& calls,
                   std::vector<core::Record>* out) {
  records.table<R>().ForEach([&](const auto&, const R& record) {
    if (HangsOn(record, calls)) out->emplace_back(record);
  });
}

// Newest first.
bool IsLater(const core::Call& a, const core::Call& b) {
  return std::tie(a.receive_time, a.id) > std::tie(b.receive_time, b.id);
}

}  // namespace

const MemoryStore::CenterRows* MemoryStore::Find(
    const core::CenterId& center) const {
  const auto found = centers_.find(center);
  return found == centers_.end() ? nullptr : &found->second;
}

absl::StatusOr<std::vector<core::CenterId>> MemoryStore::ListCenters() {
  MutexLock lock(mutex_);
  std::vector<core::CenterId> centers;
  for (const auto& [center, rows] : centers_) centers.push_back(center);
  return centers;
}

absl::StatusOr<Snapshot> MemoryStore::Load(const core::CenterId& center,
                                           absl::Time closed_after) {
  Snapshot snapshot;
  core::Board records;
  {
    MutexLock lock(mutex_);
    const CenterRows* const rows = Find(center);
    if (rows == nullptr) return snapshot;
    snapshot.version = rows->version;
    snapshot.sequence = static_cast<int64_t>(rows->journal.size());
    records = rows->records;
  }
  closed_after = TimeOf(MicrosOf(closed_after));
  const std::set<core::CallId> calls = LoadedCalls(records, closed_after);
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    records.table<R>().ForEach([&](const auto&, const R& record) {
      if (IsLoaded(record, calls, closed_after)) snapshot.board.Put(record);
    });
  });
  return snapshot;
}

absl::StatusOr<int64_t> MemoryStore::CurrentVersion(
    const core::CenterId& center) {
  MutexLock lock(mutex_);
  const CenterRows* const rows = Find(center);
  return rows == nullptr ? 0 : rows->version;
}

absl::StatusOr<std::optional<Reply>> MemoryStore::FindReply(
    const core::CenterId& center, const std::string& request_id) {
  MutexLock lock(mutex_);
  const CenterRows* const rows = Find(center);
  if (rows == nullptr) return std::optional<Reply>();
  const auto found = rows->replies.find(request_id);
  if (found == rows->replies.end()) return std::optional<Reply>();
  return std::optional<Reply>(found->second);
}

absl::Status MemoryStore::Commit(const Batch& batch, int64_t expected_version) {
  RETURN_IF_ERROR(CheckBatch(batch));
  MutexLock lock(mutex_);
  const CenterRows* const before = Find(batch.center);
  if ((before == nullptr ? 0 : before->version) != expected_version) {
    return absl::AbortedError(
        absl::StrCat("center ", batch.center.value(), " is not at version ",
                     expected_version, " any more; load it again"));
  }
  RETURN_IF_ERROR(CheckSequence(
      batch,
      before == nullptr ? 0 : static_cast<int64_t>(before->journal.size())));
  std::set<std::string> request_ids;
  for (const Reply& reply : batch.replies) {
    if (!request_ids.insert(reply.request_id).second ||
        (before != nullptr && before->replies.count(reply.request_id) > 0)) {
      return absl::AlreadyExistsError(absl::StrCat(
          "request_id ", reply.request_id, " has been answered before"));
    }
  }

  const std::vector<int64_t> limits = EtagLimits(batch);
  core::Board records = before == nullptr ? core::Board() : before->records;
  for (size_t i = 0; i < batch.records.size(); ++i) {
    const core::Record& record = batch.records[i];
    if (!std::visit(
            [&](const auto& r) {
              const auto* const stored =
                  records.Find<std::decay_t<decltype(r)>>(r.id);
              return stored == nullptr || stored->etag.number < limits[i];
            },
            record)) {
      return IdIsTaken(record);
    }
    records.Put(AsStored(record));
  }

  // From here on nothing fails.
  CenterRows& rows = centers_[batch.center];
  ++rows.version;
  rows.records = std::move(records);
  for (const JournalEntry& entry : batch.journal) {
    rows.journal.push_back({entry.sequence, AsStored(entry.event)});
  }
  for (const Reply& reply : batch.replies) {
    rows.replies.emplace(reply.request_id, AsStored(reply));
  }
  for (const core::DeliveryId& id : batch.outbox.remove) {
    outbox_.erase({batch.center, id});
  }
  for (core::OutboxMessage message : batch.outbox.put) {
    message.send_time = TimeOf(MicrosOf(message.send_time));
    outbox_[{batch.center, message.id}] = {message, message.send_time};
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<JournalEntry>> MemoryStore::ReadJournal(
    const core::CenterId& center, int64_t after, int limit) {
  MutexLock lock(mutex_);
  std::vector<JournalEntry> entries;
  const CenterRows* const rows = Find(center);
  if (rows == nullptr) return entries;
  const auto size = static_cast<int64_t>(rows->journal.size());
  // Entry n is at n - 1.
  for (int64_t i = std::max<int64_t>(after, 0);
       i < size && static_cast<int64_t>(entries.size()) < limit; ++i) {
    entries.push_back(rows->journal[static_cast<size_t>(i)]);
  }
  return entries;
}

absl::StatusOr<std::vector<JournalEntry>> MemoryStore::ReadCallJournal(
    const core::CenterId& center, const core::CallId& call, int64_t after,
    int limit) {
  MutexLock lock(mutex_);
  std::vector<JournalEntry> entries;
  const CenterRows* const rows = Find(center);
  if (rows == nullptr) return entries;
  for (const JournalEntry& entry : rows->journal) {
    if (static_cast<int64_t>(entries.size()) >= limit) break;
    if (entry.sequence > after && entry.event.call == call) {
      entries.push_back(entry);
    }
  }
  return entries;
}

absl::StatusOr<std::vector<core::Record>> MemoryStore::ReadCall(
    const core::CenterId& center, const core::CallId& call) {
  MutexLock lock(mutex_);
  std::vector<core::Record> out;
  const CenterRows* const rows = Find(center);
  if (rows == nullptr) return out;
  const core::Board& records = rows->records;
  const core::Call* const found = records.Find<core::Call>(call);
  if (found == nullptr) return out;
  out.emplace_back(*found);
  const std::set<core::CallId> calls = {call};
  AppendHanging<core::Offer>(records, calls, &out);
  AppendHanging<core::Assignment>(records, calls, &out);
  AppendHanging<core::Visit>(records, calls, &out);
  AppendHanging<core::Match>(records, calls, &out);
  AppendHanging<core::Note>(records, calls, &out);
  AppendHanging<core::Delivery>(records, calls, &out);
  AppendHanging<core::Task>(records, calls, &out);
  return out;
}

absl::StatusOr<std::vector<core::Call>> MemoryStore::ListPastCalls(
    const core::CenterId& center, const core::CallId& before, int limit) {
  MutexLock lock(mutex_);
  std::vector<core::Call> calls;
  if (limit <= 0) return calls;
  const CenterRows* const rows = Find(center);
  const core::Call* from = nullptr;
  if (!before.empty()) {
    from = rows == nullptr ? nullptr : rows->records.Find<core::Call>(before);
    if (from == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("calls/", before.value(), " is not known"));
    }
  }
  if (rows == nullptr) return calls;
  std::vector<const core::Call*> past;
  rows->records.table<core::Call>().ForEach([&](const core::CallId&,
                                                const core::Call& call) {
    if (core::IsOver(call.state) && (from == nullptr || IsLater(*from, call))) {
      past.push_back(&call);
    }
  });
  std::sort(
      past.begin(), past.end(),
      [](const core::Call* a, const core::Call* b) { return IsLater(*a, *b); });
  for (const core::Call* call : past) {
    if (static_cast<int64_t>(calls.size()) == limit) break;
    calls.push_back(*call);
  }
  return calls;
}

absl::StatusOr<std::vector<LeasedMessage>> MemoryStore::LeaseOutbox(
    absl::Time now, absl::Duration lease, int limit) {
  MutexLock lock(mutex_);
  now = TimeOf(MicrosOf(now));
  std::vector<std::pair<absl::Time, LeasedMessage>> free;
  for (const auto& [key, waiting] : outbox_) {
    if (waiting.free_time > now) continue;
    free.push_back({waiting.free_time, {key.first, waiting.message}});
  }
  // Of the same time by center and id, as they stand in the map.
  std::stable_sort(free.begin(), free.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
  std::vector<LeasedMessage> leased;
  for (auto& [free_time, message] : free) {
    if (static_cast<int64_t>(leased.size()) >= limit) break;
    outbox_[{message.center, message.message.id}].free_time =
        TimeOf(MicrosOf(now + lease));
    leased.push_back(std::move(message));
  }
  return leased;
}

absl::StatusOr<absl::Time> MemoryStore::NextOutboxTime() {
  MutexLock lock(mutex_);
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, waiting] : outbox_) {
    next = std::min(next, waiting.free_time);
  }
  return next;
}

absl::Status MemoryStore::ForgetReplies(absl::Time before) {
  MutexLock lock(mutex_);
  before = TimeOf(MicrosOf(before));
  for (auto& [center, rows] : centers_) {
    for (auto reply = rows.replies.begin(); reply != rows.replies.end();) {
      reply = reply->second.time < before ? rows.replies.erase(reply)
                                          : std::next(reply);
    }
  }
  return absl::OkStatus();
}

}  // namespace housecall::store
