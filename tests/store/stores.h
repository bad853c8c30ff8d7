// Batches for stores, and what a store holds as text that can be compared.
#ifndef HOUSECALL_TESTS_STORE_STORES_H_
#define HOUSECALL_TESTS_STORE_STORES_H_

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dispatcher/core/board.h"
#include "dispatcher/store/record_codec.h"
#include "dispatcher/store/store.h"
#include "gtest/gtest.h"

namespace housecall::store::testing {

// Every record of the board, kind by kind and by id.
inline std::vector<core::Record> RecordsOf(const core::Board& board) {
  std::vector<core::Record> records;
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    board.table<R>().ForEach(
        [&](const auto&, const R& record) { records.emplace_back(record); });
  });
  return records;
}

// As JSON, one a record, so that a failing comparison shows what differs.
inline std::vector<std::string> TextOf(
    const std::vector<core::Record>& records) {
  std::vector<std::string> text;
  for (const core::Record& record : records) text.push_back(ToJson(record));
  return text;
}
inline std::vector<std::string> TextOf(const core::Board& board) {
  return TextOf(RecordsOf(board));
}
inline std::vector<std::string> TextOf(
    const std::vector<JournalEntry>& entries) {
  std::vector<std::string> text;
  for (const JournalEntry& entry : entries) {
    text.push_back(absl::StrCat(entry.sequence, " ", ToJson(entry.event)));
  }
  return text;
}

// "calls/c1" of each, in the order given.
inline std::vector<std::string> NamesOf(
    const std::vector<core::Record>& records) {
  std::vector<std::string> names;
  for (const core::Record& record : records) {
    names.push_back(std::visit(
        [](const auto& r) {
          return absl::StrCat(TableOf<std::decay_t<decltype(r)>>(), "/",
                              r.id.value());
        },
        record));
  }
  return names;
}
inline std::vector<std::string> NamesOf(const core::Board& board) {
  return NamesOf(RecordsOf(board));
}

inline Batch BatchOf(const std::string& center,
                     std::vector<core::Record> records) {
  Batch batch;
  batch.center = core::CenterId(center);
  batch.records = std::move(records);
  return batch;
}

// A call with a journal entry and a reply: what one SubmitCall leaves behind.
inline void AddCall(const core::Call& call, int64_t sequence, Batch* batch) {
  core::Event event;
  event.kind = core::EventKind::kCallReceived;
  event.time = call.receive_time;
  event.actor.person = call.requester;
  event.actor.roles = {core::Role::kRequester};
  event.call = call.id;
  event.records = {call};
  batch->records.emplace_back(call);
  batch->journal.push_back({sequence, std::move(event)});
  batch->replies.push_back({absl::StrCat("request-", call.id.value()),
                            "fingerprint", call.id, call.receive_time,
                            sequence});
}

inline core::Call CallOf(const std::string& id,
                         core::CallState state = core::CallState::kReceived) {
  core::Call call;
  call.id = core::CallId(id);
  call.etag.number = 1;
  call.state = state;
  return call;
}

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_STORES_H_
