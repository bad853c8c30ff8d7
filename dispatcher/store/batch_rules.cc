#include "dispatcher/store/batch_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/store/record_codec.h"

namespace housecall::store {

namespace {

template <typename T>
bool CanBeStored(const T& value, DecodeProblem* problem) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(value)) return problem->Set("is not a number");
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!IsUtf8(value)) return problem->Set("is not UTF-8");
  } else if constexpr (IsVersion<T>) {
    if (value.number < 0) return problem->Set("is negative");
  } else if constexpr (IsSensitive<T>) {
    return CanBeStored(value.Reveal(), problem);
  } else if constexpr (IsId<T>) {
    return CanBeStored(value.value(), problem);
  } else if constexpr (NamedEnum<T>) {
    // A negative one is beyond the end, too.
    if (static_cast<size_t>(value) >= NamesOf<T>().size()) {
      return problem->Set("is not a value of its enumeration");
    }
  } else if constexpr (IsOptional<T>) {
    return !value.has_value() || CanBeStored(*value, problem);
  } else if constexpr (IsVector<T>) {
    for (size_t i = 0; i < value.size(); ++i) {
      if (!CanBeStored(value[i], problem)) return problem->Within(i);
    }
  } else if constexpr (HasFields<T>) {
    bool ok = true;
    VisitFields(value, [&](const char* name, const auto& field) {
      if (!ok) return;
      ok = CanBeStored(field, problem) || problem->Within(name);
    });
    return ok;
  }
  return true;
}

absl::Status Refuse(absl::string_view what, const DecodeProblem& problem) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " cannot be stored: ", Describe(problem)));
}

absl::Status CheckRecord(const core::Record& record,
                         const core::CenterId& center) {
  return std::visit(
      [&center](const auto& r) -> absl::Status {
        using R = std::decay_t<decltype(r)>;
        DecodeProblem problem;
        if (!CanBeStored(r, &problem)) {
          // An id that is not text has no place in a message either.
          return Refuse(problem.field == "id"
                            ? std::string(TableOf<R>())
                            : absl::StrCat(TableOf<R>(), "/", r.id.value()),
                        problem);
        }
        if (r.id.empty()) {
          return absl::InvalidArgumentError(
              absl::StrCat("a record of ", TableOf<R>(), " has no id"));
        }
        if constexpr (std::is_same_v<R, core::Center>) {
          if (r.id != center) {
            return absl::InvalidArgumentError(
                absl::StrCat("a batch of centers/", center.value(), " holds ",
                             "centers/", r.id.value()));
          }
        }
        return absl::OkStatus();
      },
      record);
}

absl::Status CheckEntry(const JournalEntry& entry,
                        const core::CenterId& center) {
  const auto check = [&entry](const auto& value, const char* name) {
    DecodeProblem problem;
    if (CanBeStored(value, &problem)) return absl::OkStatus();
    problem.Within(name);
    return Refuse(absl::StrCat("journal entry ", entry.sequence), problem);
  };
  RETURN_IF_ERROR(check(entry.event.kind, "kind"));
  RETURN_IF_ERROR(check(entry.event.actor, "actor"));
  RETURN_IF_ERROR(check(entry.event.call, "call"));
  for (const core::Record& record : entry.event.records) {
    RETURN_IF_ERROR(CheckRecord(record, center));
  }
  return absl::OkStatus();
}

absl::Status CheckReply(const Reply& reply) {
  if (reply.request_id.empty()) {
    return absl::InvalidArgumentError("a reply has no request_id");
  }
  const std::string subject = SubjectText(reply.subject);
  for (const auto& [name, text] : {std::pair<const char*, const std::string*>{
                                       "request_id", &reply.request_id},
                                   {"fingerprint", &reply.fingerprint},
                                   {"subject", &subject}}) {
    DecodeProblem problem;
    if (!CanBeStored(*text, &problem)) {
      problem.Within(name);
      return Refuse("a reply", problem);
    }
  }
  return absl::OkStatus();
}

// A record's kind and id. Borrows the id.
using RecordKey = std::pair<size_t, absl::string_view>;

RecordKey KeyOf(const core::Record& record) {
  return {record.index(),
          std::visit(
              [](const auto& r) -> absl::string_view { return r.id.value(); },
              record)};
}

int64_t EtagOf(const core::Record& record) {
  return std::visit([](const auto& r) { return r.etag.number; }, record);
}

template <typename T>
void Round(T* value) {
  if constexpr (std::is_same_v<T, absl::Time>) {
    *value = TimeOf(MicrosOf(*value));
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    *value = DurationOf(MicrosOf(*value));
  } else if constexpr (IsOptional<T>) {
    if (value->has_value()) Round(&**value);
  } else if constexpr (IsVector<T>) {
    for (auto& element : *value) Round(&element);
  } else if constexpr (HasFields<T>) {
    VisitFields(*value, [](const char*, auto& field) { Round(&field); });
  }
}

std::vector<core::CallId> WithOrigin(std::vector<core::CallId> calls,
                                     const std::string& id) {
  // Only derived ids hold "--" (base/id.h).
  const size_t end = id.find("--");
  if (end != std::string::npos) {
    core::CallId origin(id.substr(0, end));
    if (!origin.empty()) calls.push_back(std::move(origin));
  }
  std::sort(calls.begin(), calls.end());
  calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
  return calls;
}

}  // namespace

absl::Status CheckBatch(const Batch& batch) {
  if (batch.center.empty()) {
    return absl::InvalidArgumentError("a batch has no center");
  }
  if (!IsUtf8(batch.center.value())) {
    return absl::InvalidArgumentError("the id of a batch's center is not text");
  }
  for (const core::Record& record : batch.records) {
    RETURN_IF_ERROR(CheckRecord(record, batch.center));
  }
  for (size_t i = 0; i < batch.journal.size(); ++i) {
    if (batch.journal[i].sequence !=
        batch.journal[0].sequence + static_cast<int64_t>(i)) {
      return absl::InvalidArgumentError(
          absl::StrCat("journal entry ", batch.journal[i].sequence,
                       " does not follow ", batch.journal[i - 1].sequence));
    }
    RETURN_IF_ERROR(CheckEntry(batch.journal[i], batch.center));
  }
  for (const Reply& reply : batch.replies) {
    RETURN_IF_ERROR(CheckReply(reply));
  }
  for (const core::OutboxMessage& message : batch.outbox.put) {
    if (message.id.empty()) {
      return absl::InvalidArgumentError("an outbox message has no id");
    }
    DecodeProblem problem;
    if (!CanBeStored(message, &problem)) {
      return Refuse("an outbox message", problem);
    }
  }
  return absl::OkStatus();
}

absl::Status ForClients(const absl::Status& status) {
  if (status.ok() || absl::IsInvalidArgument(status) ||
      absl::IsAlreadyExists(status) || absl::IsAborted(status) ||
      absl::IsDataLoss(status) || absl::IsInternal(status) ||
      absl::IsUnknown(status)) {
    return status;
  }
  if (absl::IsResourceExhausted(status)) {
    return core::Exhausted(
        core::RefusalReason::kTooBusy,
        "the server has no room to write it down, and nothing was written; try "
        "the same request again");
  }
  return absl::UnavailableError(
      "the store did not answer; try the same request again");
}

absl::Status CheckSequence(const Batch& batch, int64_t stored_sequence) {
  if (batch.journal.empty() ||
      batch.journal.front().sequence == stored_sequence + 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "journal entry ", batch.journal.front().sequence, " of center ",
      batch.center.value(), " does not follow ", stored_sequence));
}

std::vector<int64_t> EtagLimits(const Batch& batch) {
  std::map<RecordKey, int64_t> smallest;
  for (const core::Record& record : batch.records) {
    smallest.emplace(KeyOf(record), EtagOf(record));
  }
  for (const JournalEntry& entry : batch.journal) {
    for (const core::Record& record : entry.event.records) {
      const auto found = smallest.find(KeyOf(record));
      if (found == smallest.end()) continue;
      found->second = std::min(found->second, EtagOf(record));
    }
  }
  std::vector<int64_t> limits;
  limits.reserve(batch.records.size());
  for (const core::Record& record : batch.records) {
    // Taken out: the next under its key follows this one.
    const auto found = smallest.find(KeyOf(record));
    limits.push_back(found == smallest.end() ? EtagOf(record) : found->second);
    if (found != smallest.end()) smallest.erase(found);
  }
  return limits;
}

absl::Status IdIsTaken(const core::Record& record) {
  return std::visit(
      [](const auto& r) {
        return absl::AlreadyExistsError(
            absl::StrCat(TableOf<std::decay_t<decltype(r)>>(), "/",
                         r.id.value(), " is there already; choose another id"));
      },
      record);
}

core::Record AsStored(core::Record record) {
  std::visit([](auto& r) { Round(&r); }, record);
  return record;
}

core::Event AsStored(core::Event event) {
  Round(&event.time);
  for (core::Record& record : event.records) {
    record = AsStored(std::move(record));
  }
  return event;
}

Reply AsStored(Reply reply) {
  Round(&reply.time);
  return reply;
}

std::vector<core::CallId> CallsOf(const core::Offer& offer) {
  return WithOrigin(offer.calls, offer.id.value());
}

std::vector<core::CallId> CallsOf(const core::Assignment& assignment) {
  return WithOrigin(assignment.calls, assignment.id.value());
}

}  // namespace housecall::store
