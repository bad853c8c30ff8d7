// What store.h promises, asked of every store, and of every store again through
// one that is Unavailable every third time.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/store/memory_store.h"
#include "dispatcher/store/sqlite_store.h"
#include "dispatcher/store/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/store/fault_injecting_store.h"
#include "tests/store/record_filler.h"
#include "tests/store/retrying_store.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using core::AssignmentId;
using core::CallId;
using core::CallState;
using core::CenterId;
using core::DeliveryId;
using core::OfferId;
using core::PersonId;
using core::testing::At;
using core::testing::BoardBuilder;
using testing::AddCall;
using testing::BatchOf;
using testing::CallOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::Fault;
using testing::FaultInjectingStore;
using ::testing::IsEmpty;
using testing::NamesOf;
using testing::Operation;
using testing::RecordFiller;
using testing::RecordsOf;
using testing::RetryingStore;
using ::testing::SizeIs;
using testing::TemporaryFolder;
using testing::TextOf;

const CenterId kHino("hino");
const CenterId kMitaka("mitaka");

absl::Time Second(int64_t second) { return absl::FromUnixSeconds(second); }

struct StoreKind {
  const char* name;
  bool sqlite;
  bool faulty;
};

// Where gtest would print its bytes.
void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

class StoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreContract() {
    if (GetParam().sqlite) {
      absl::StatusOr<std::unique_ptr<Store>> opened =
          OpenSqliteStore(folder_.File("hino.db"));
      EXPECT_TRUE(opened.ok()) << opened.status();
      if (opened.ok()) base_ = *std::move(opened);
    } else {
      base_ = std::make_unique<MemoryStore>();
    }
    store_ = base_.get();
    if (!GetParam().faulty) return;
    faults_ = std::make_unique<FaultInjectingStore>(base_.get());
    faults_->DecideWith([](Operation operation,
                           int64_t call) -> std::optional<Fault> {
      if (call % 3 != 0) return std::nullopt;
      // Whose leases nobody knows of come back when they are over, which
      // is not what these tests ask about.
      const bool done = call % 2 == 0 && operation != Operation::kLeaseOutbox;
      return Fault{.done = done};
    });
    retrying_ = std::make_unique<RetryingStore>(faults_.get());
    store_ = retrying_.get();
  }

  void SetUp() override { ASSERT_NE(store_, nullptr); }

  void TearDown() override {
    if (faults_ != nullptr && faults_->Calls(Operation::kUnspecified) >= 3) {
      EXPECT_GT(faults_->Faults(), 0);
    }
  }

  // Commits on top of what is there; must succeed.
  void Commit(const Batch& batch) {
    const absl::StatusOr<int64_t> version =
        store_->CurrentVersion(batch.center);
    ASSERT_TRUE(version.ok()) << version.status();
    const absl::Status status = store_->Commit(batch, *version);
    ASSERT_TRUE(status.ok()) << status;
  }
  void Put(std::vector<core::Record> records) {
    Commit(BatchOf("hino", std::move(records)));
  }

  Snapshot Load(const CenterId& center = kHino,
                absl::Time closed_after = absl::InfinitePast()) {
    absl::StatusOr<Snapshot> snapshot = store_->Load(center, closed_after);
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *std::move(snapshot) : Snapshot();
  }

  // What Load brings of records like those that hang on calls.
  std::vector<std::string> LoadedNames(absl::Time closed_after) {
    return NamesOf(Load(kHino, closed_after).board);
  }

  std::vector<std::string> ReadCall(const std::string& call) {
    const absl::StatusOr<std::vector<core::Record>> records =
        store_->ReadCall(kHino, CallId(call));
    EXPECT_TRUE(records.ok()) << records.status();
    return records.ok() ? NamesOf(*records) : std::vector<std::string>();
  }

  std::vector<std::string> PastCalls(const std::string& before, int limit) {
    const absl::StatusOr<std::vector<core::Call>> calls =
        store_->ListPastCalls(kHino, CallId(before), limit);
    EXPECT_TRUE(calls.ok()) << calls.status();
    std::vector<std::string> ids;
    if (!calls.ok()) return ids;
    for (const core::Call& call : *calls) ids.push_back(call.id.value());
    return ids;
  }

  std::vector<JournalEntry> Journal(int64_t after = 0, int limit = 1000) {
    absl::StatusOr<std::vector<JournalEntry>> entries =
        store_->ReadJournal(kHino, after, limit);
    EXPECT_TRUE(entries.ok()) << entries.status();
    return entries.ok() ? *std::move(entries) : std::vector<JournalEntry>();
  }

  std::vector<std::string> Lease(absl::Time now, absl::Duration lease,
                                 int limit = 100) {
    const absl::StatusOr<std::vector<LeasedMessage>> leased =
        store_->LeaseOutbox(now, lease, limit);
    EXPECT_TRUE(leased.ok()) << leased.status();
    std::vector<std::string> names;
    if (!leased.ok()) return names;
    for (const LeasedMessage& message : *leased) {
      names.push_back(absl::StrCat(message.center.value(), "/",
                                   message.message.id.value()));
    }
    return names;
  }

  absl::Time NextOutboxTime() {
    const absl::StatusOr<absl::Time> next = store_->NextOutboxTime();
    EXPECT_TRUE(next.ok()) << next.status();
    return next.value_or(absl::InfinitePast());
  }

  void PutMessage(const std::string& center, const std::string& id,
                  absl::Time send_time) {
    Batch batch = BatchOf(center, {});
    batch.outbox.put = {
        {DeliveryId(id), core::ChannelKind::kWebhook, send_time}};
    Commit(batch);
  }

  std::optional<Reply> FindReply(const CenterId& center,
                                 const std::string& request_id) {
    absl::StatusOr<std::optional<Reply>> reply =
        store_->FindReply(center, request_id);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? *std::move(reply) : std::nullopt;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> base_;
  std::unique_ptr<FaultInjectingStore> faults_;
  std::unique_ptr<RetryingStore> retrying_;
  Store* store_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContract,
    ::testing::Values(StoreKind{"Memory", false, false},
                      StoreKind{"Sqlite", true, false},
                      StoreKind{"MemoryWithFaults", false, true},
                      StoreKind{"SqliteWithFaults", true, true}),
    [](const ::testing::TestParamInfo<StoreKind>& kind) {
      return std::string(kind.param.name);
    });

// --- Centers and versions ---------------------------------------------------

TEST_P(StoreContract, KnowsNothingOfACenterWithoutCommits) {
  const Snapshot snapshot = Load();
  EXPECT_EQ(snapshot.version, 0);
  EXPECT_EQ(snapshot.sequence, 0);
  EXPECT_THAT(NamesOf(snapshot.board), IsEmpty());
  EXPECT_TRUE(snapshot.board.center().id.empty());
  EXPECT_EQ(*store_->CurrentVersion(kHino), 0);
  EXPECT_EQ(FindReply(kHino, "r"), std::nullopt);
  EXPECT_THAT(Journal(), IsEmpty());
  EXPECT_THAT(*store_->ReadCallJournal(kHino, CallId("c"), 0, 9), IsEmpty());
  EXPECT_THAT(ReadCall("c"), IsEmpty());
  EXPECT_THAT(PastCalls("", 10), IsEmpty());
  EXPECT_THAT(*store_->ListCenters(), IsEmpty());
  EXPECT_THAT(Lease(absl::InfiniteFuture(), absl::Seconds(1)), IsEmpty());
  EXPECT_EQ(NextOutboxTime(), absl::InfiniteFuture());
}

TEST_P(StoreContract, CountsTheCommitsOfEachCenter) {
  Commit(BatchOf("mitaka", {}));
  Commit(BatchOf("hino", {}));
  Commit(BatchOf("hino", {}));
  EXPECT_EQ(*store_->CurrentVersion(kHino), 2);
  EXPECT_EQ(Load(kHino).version, 2);
  EXPECT_EQ(Load(kMitaka).version, 1);
  EXPECT_THAT(*store_->ListCenters(), ElementsAre(kHino, kMitaka));
}

TEST_P(StoreContract, KeepsCentersApart) {
  core::Car car;
  car.id = core::CarId("car-1");
  car.plate = "hino";
  Put({car});
  car.plate = "mitaka";
  Commit(BatchOf("mitaka", {car}));
  EXPECT_EQ(Load(kHino).board.Find<core::Car>(car.id)->plate, "hino");
  EXPECT_EQ(Load(kMitaka).board.Find<core::Car>(car.id)->plate, "mitaka");
}

TEST_P(StoreContract, RefusesACommitOnAnotherVersionAndWritesNothing) {
  Batch first = BatchOf("hino", {});
  AddCall(CallOf("c1"), 1, &first);
  Commit(first);
  for (const int64_t version : {0, 2, 3, -1}) {
    Batch batch = BatchOf("hino", {});
    AddCall(CallOf("c2"), 2, &batch);
    batch.records.emplace_back(CallOf("c1", CallState::kClosed));
    batch.outbox.put = {
        {DeliveryId("d"), core::ChannelKind::kWebhook, Second(1)}};
    EXPECT_TRUE(absl::IsAborted(store_->Commit(batch, version))) << version;
  }
  EXPECT_EQ(*store_->CurrentVersion(kHino), 1);
  EXPECT_EQ(Load().sequence, 1);
  EXPECT_THAT(NamesOf(Load().board), ElementsAre("calls/c1"));
  EXPECT_EQ(Load().board.Find<core::Call>(CallId("c1"))->state,
            CallState::kReceived);
  EXPECT_EQ(FindReply(kHino, "request-c2"), std::nullopt);
  EXPECT_EQ(NextOutboxTime(), absl::InfiniteFuture());
}

// --- Rows -------------------------------------------------------------------

// A record of each kind, every field filled, all of them such that Load brings
// them.
std::vector<core::Record> OneOfEachKind(uint64_t seed) {
  RecordFiller filler(seed);
  std::vector<core::Record> records;
  const auto call = filler.Make<CallId>();
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    R record = filler.Make<R>();
    if constexpr (std::is_same_v<R, core::Center>) {
      record.id = kHino;
      record.etag.number = static_cast<int64_t>(seed);
    } else if constexpr (std::is_same_v<R, core::Session>) {
      record.revoked = false;
    } else if constexpr (std::is_same_v<R, core::Call>) {
      record.id = call;
    } else if constexpr (std::is_same_v<R, core::Offer> ||
                         std::is_same_v<R, core::Assignment>) {
      record.calls.push_back(call);
    } else if constexpr (std::is_same_v<R, core::Visit> ||
                         std::is_same_v<R, core::Match> ||
                         std::is_same_v<R, core::Note> ||
                         std::is_same_v<R, core::Delivery> ||
                         std::is_same_v<R, core::Task>) {
      record.call = call;
    }
    records.emplace_back(std::move(record));
  });
  return records;
}

TEST_P(StoreContract, KeepsEveryFieldOfEveryKind) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<core::Record> records = OneOfEachKind(seed);
    Put(records);
    const core::Board board = Load().board;
    const std::vector<std::string> loaded = TextOf(board);
    for (const std::string& text : TextOf(records)) {
      EXPECT_THAT(loaded, ::testing::Contains(text));
    }
  }
}

TEST_P(StoreContract, KeepsDefaultsOfEveryKind) {
  std::vector<core::Record> records;
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    R record;
    record.id = decltype(R::id)("x");
    if constexpr (std::is_same_v<R, core::Center>) record.id = kHino;
    if constexpr (std::is_same_v<R, core::Offer> ||
                  std::is_same_v<R, core::Assignment>) {
      record.calls = {CallId("x")};
    } else if constexpr (requires { record.call = CallId(); }) {
      record.call = CallId("x");
    }
    records.emplace_back(record);
  });
  Put(records);
  EXPECT_THAT(TextOf(Load().board), ElementsAreArray(TextOf(records)));
}

TEST_P(StoreContract, ReplacesARecordWithTheSameId) {
  core::Car car;
  car.id = core::CarId("car-1");
  for (const char* plate : {"first", "second", "third"}) {
    ++car.etag.number;
    car.plate = plate;
    Put({car});
  }
  EXPECT_EQ(Load().board.Find<core::Car>(car.id)->plate, "third");
  // Of several in one batch the last counts.
  ++car.etag.number;
  core::Car later = car;
  ++later.etag.number;
  later.plate = "later";
  Put({car, later});
  EXPECT_EQ(Load().board.Find<core::Car>(car.id)->plate, "later");
  EXPECT_EQ(Load().board.table<core::Car>().size(), 1u);
}

// What a writer commits that does not know the call, because it was closed too
// long ago to be on its board: a call of that id that begins anew.
TEST_P(StoreContract, RefusesANewCallUnderTheIdOfAnOldOneAndWritesNothing) {
  core::Call old = CallOf("c1", CallState::kClosed);
  old.etag.number = 2;
  old.close_time = Second(1);
  Batch first = BatchOf("hino", {});
  AddCall(old, 1, &first);
  Commit(first);
  ASSERT_EQ(Load(kHino, Second(2)).board.Find<core::Call>(old.id), nullptr);

  // Received and triaged in one commit: the row is newer than the old call's,
  // but the journal tells that it began at 1.
  Batch batch = BatchOf("hino", {CallOf("c0")});
  AddCall(CallOf("c1"), 2, &batch);
  core::Call triaged = CallOf("c1", CallState::kTriaged);
  triaged.etag.number = 3;
  batch.journal.push_back({3, batch.journal[0].event});
  batch.journal[1].event.records = {triaged};
  batch.records.back() = triaged;
  batch.replies[0].request_id = "another request";
  batch.outbox.put = {
      {DeliveryId("d"), core::ChannelKind::kWebhook, Second(1)}};
  const absl::Status status = store_->Commit(batch, 1);
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("calls/c1"));
  EXPECT_EQ(*store_->CurrentVersion(kHino), 1);
  EXPECT_EQ(Load().sequence, 1);
  EXPECT_THAT(NamesOf(Load().board), ElementsAre("calls/c1"));
  EXPECT_TRUE(*Load().board.Find<core::Call>(old.id) == old);
  EXPECT_EQ(FindReply(kHino, "another request"), std::nullopt);
  EXPECT_EQ(NextOutboxTime(), absl::InfiniteFuture());
  // The id is free in another center.
  batch.center = kMitaka;
  for (JournalEntry& entry : batch.journal) --entry.sequence;
  Commit(batch);
}

TEST_P(StoreContract, ReplacesARecordByANewerStateOnly) {
  core::Car car;
  car.id = core::CarId("car-1");
  car.etag.number = 5;
  car.plate = "fifth";
  Put({car});
  for (const int64_t etag : {0, 1, 4, 5}) {
    core::Car other = car;
    other.etag.number = etag;
    other.plate = "other";
    EXPECT_TRUE(
        absl::IsAlreadyExists(store_->Commit(BatchOf("hino", {other}), 1)))
        << etag;
    // Nor behind a good one.
    core::Car next = car;
    next.etag.number = 6;
    EXPECT_TRUE(absl::IsAlreadyExists(
        store_->Commit(BatchOf("hino", {next, other}), 1)))
        << etag;
  }
  EXPECT_EQ(Load().board.Find<core::Car>(car.id)->plate, "fifth");
  // Several commands in one commit leave a gap.
  car.etag.number = 9;
  car.plate = "ninth";
  Put({car});
  EXPECT_EQ(Load().board.Find<core::Car>(car.id)->plate, "ninth");
}

TEST_P(StoreContract, TakesAwayWhatAnOptionalFieldHeld) {
  core::Call call = CallOf("c1");
  call.vitals.emplace().pulse_per_minute = 120;
  call.hold_until_time = Second(7);
  call.schedule.emplace();
  Put({call});
  ++call.etag.number;
  call.vitals.reset();
  call.hold_until_time.reset();
  call.schedule.reset();
  Put({call});
  EXPECT_TRUE(*Load().board.Find<core::Call>(call.id) == call);
}

TEST_P(StoreContract, RoundsTimesToTheMicrosecond) {
  Batch batch = BatchOf("hino", {});
  core::Call call = CallOf("c1");
  call.receive_time = absl::FromUnixNanos(1'234'567'891);
  call.facts.push_back(
      {call.receive_time, PersonId("p"), PrivateText("f"), std::nullopt});
  AddCall(call, 1, &batch);
  Commit(batch);
  const absl::Time rounded = absl::FromUnixMicros(1'234'567);
  const core::Board board = Load().board;
  const core::Call* const loaded = board.Find<core::Call>(call.id);
  ASSERT_NE(loaded, nullptr);
  EXPECT_EQ(loaded->receive_time, rounded);
  EXPECT_EQ(loaded->facts[0].time, rounded);
  const std::vector<JournalEntry> journal = Journal();
  ASSERT_THAT(journal, SizeIs(1));
  EXPECT_EQ(journal[0].event.time, rounded);
  EXPECT_TRUE(journal[0].event.records[0] == core::Record(*loaded));
  EXPECT_EQ(FindReply(kHino, "request-c1")->time, rounded);
}

TEST_P(StoreContract, KeepsTheExtremesOfTime) {
  core::Call call = CallOf("c1");
  call.receive_time = absl::InfinitePast();
  call.target_time = absl::InfiniteFuture();
  call.facts.push_back(
      {absl::InfiniteFuture(), PersonId(), PrivateText(), std::nullopt});
  core::Visit visit;
  visit.id = core::VisitId("v1");
  visit.call = call.id;
  visit.treatment_duration = -absl::InfiniteDuration();
  Put({call, visit});
  const core::Board board = Load().board;
  EXPECT_TRUE(*board.Find<core::Call>(call.id) == call);
  EXPECT_TRUE(*board.Find<core::Visit>(visit.id) == visit);
}

TEST_P(StoreContract, KeepsLongAndOddText) {
  core::Call call = CallOf("c1");
  call.complaint = PrivateText(std::string(1 << 20, 'x') + "往診");
  call.onset = PrivateText(std::string("a\0b\n'\"", 6));
  call.facts.push_back({Second(0), PersonId(),
                        PrivateText(std::string("\0\0", 2)), std::nullopt});
  Put({call});
  EXPECT_TRUE(*Load().board.Find<core::Call>(call.id) == call);
}

TEST_P(StoreContract, RefusesWhatCannotBeStoredAndWritesNothing) {
  core::Car good;
  good.id = core::CarId("car-1");
  core::Car bad = good;
  bad.id = core::CarId("car-2");
  bad.plate = "\xff\xfe";
  EXPECT_TRUE(
      absl::IsInvalidArgument(store_->Commit(BatchOf("hino", {good, bad}), 0)));
  bad.plate = "";
  bad.id = core::CarId();
  EXPECT_TRUE(
      absl::IsInvalidArgument(store_->Commit(BatchOf("hino", {good, bad}), 0)));
  bad.id = core::CarId("car-2");
  bad.etag.number = -1;
  EXPECT_TRUE(
      absl::IsInvalidArgument(store_->Commit(BatchOf("hino", {good, bad}), 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Commit(BatchOf("", {good}), 0)));
  EXPECT_EQ(*store_->CurrentVersion(kHino), 0);
  EXPECT_THAT(NamesOf(Load().board), IsEmpty());
}

// --- What Load brings -------------------------------------------------------

TEST_P(StoreContract, LoadLeavesOutCallsClosedBefore) {
  for (int i = 1; i <= 3; ++i) {
    core::Call call = CallOf(absl::StrCat("c", i), CallState::kClosed);
    call.close_time = Second(i);
    Put({call});
  }
  core::Call cancelled = CallOf("c4", CallState::kCancelled);
  cancelled.close_time = Second(1);
  core::Call merged = CallOf("c5", CallState::kMerged);
  merged.close_time = Second(1);
  // One that was closed and is open again, and one without a time.
  core::Call reopened = CallOf("c6", CallState::kMatching);
  reopened.close_time = Second(1);
  Put({cancelled, merged, reopened, CallOf("c7", CallState::kClosed),
       CallOf("c8")});
  EXPECT_THAT(
      LoadedNames(Second(2)),
      ElementsAre("calls/c2", "calls/c3", "calls/c6", "calls/c7", "calls/c8"));
  EXPECT_THAT(LoadedNames(absl::InfiniteFuture()),
              ElementsAre("calls/c6", "calls/c7", "calls/c8"));
  EXPECT_THAT(LoadedNames(absl::InfinitePast()), SizeIs(8));
}

TEST_P(StoreContract, LoadLeavesOutWhatHangsOnCallsClosedBefore) {
  const absl::Time closed = At("2026-11-20 12:00");
  BoardBuilder builder;
  builder.AddCallInState(CallState::kClosed, "old")
      .AddCallInState(CallState::kClosed, "recent")
      .Change<core::Call>("old",
                          [&](core::Call& call) { call.close_time = closed; });
  const core::Board all = builder.Build();
  Put(RecordsOf(all));
  EXPECT_THAT(TextOf(Load().board), ElementsAreArray(TextOf(all)));

  core::Board without = all;
  without.Forget(CallId("old"));
  ASSERT_LT(NamesOf(without).size(), NamesOf(all).size() - 5);
  EXPECT_THAT(TextOf(Load(kHino, closed + absl::Microseconds(1)).board),
              ElementsAreArray(TextOf(without)));
  EXPECT_THAT(TextOf(Load(kHino, closed).board), ElementsAreArray(TextOf(all)));
}

// The engine forgets by ForgetWhatIsOver what Load does not bring.
TEST_P(StoreContract, LoadBringsWhatTheCoreWouldNotForget) {
  BoardBuilder builder;
  for (const CallState state : AllValues<CallState>()) {
    builder.AddCallInState(
        state, absl::StrCat("call-", static_cast<int>(state)),
        {.patient = absl::StrCat("p", static_cast<int>(state)),
         .physician = absl::StrCat("dr-", static_cast<int>(state)),
         .driver = absl::StrCat("driver-", static_cast<int>(state)),
         .car = absl::StrCat("car-", static_cast<int>(state))});
  }
  const core::Board all = builder.Build();
  Put(RecordsOf(all));
  for (const absl::Duration later : {absl::ZeroDuration(), absl::Hours(35),
                                     absl::Hours(37), absl::Hours(1000)}) {
    const absl::Time now = builder.now() + later;
    core::Board kept = all;
    core::ForgetWhatIsOver(now, &kept);
    EXPECT_THAT(LoadedNames(now - absl::Hours(36)),
                ElementsAreArray(NamesOf(kept)))
        << later;
  }
}

TEST_P(StoreContract, LoadBringsOldCallsThatStillConcernSomebody) {
  const auto closed = [](const std::string& id) {
    core::Call call = CallOf(id, CallState::kClosed);
    call.close_time = Second(1);
    return call;
  };
  core::Delivery pending;
  pending.id = DeliveryId("d1");
  pending.call = CallId("with-delivery");
  pending.state = core::DeliveryState::kFailed;
  core::Delivery received = pending;
  received.id = DeliveryId("d2");
  received.call = CallId("with-receipt");
  received.state = core::DeliveryState::kReceived;
  core::Task open;
  open.id = core::TaskId("t1");
  open.call = CallId("with-task");
  core::Task resolved = open;
  resolved.id = core::TaskId("t2");
  resolved.call = CallId("with-resolved-task");
  resolved.resolved.emplace();
  core::Assignment trip;
  trip.id = AssignmentId("on-trip--a1");
  trip.calls = {CallId("on-trip"), CallId("open")};
  core::Assignment left;
  left.id = AssignmentId("left-trip--a1");
  left.calls = {CallId("open")};
  Put({closed("with-delivery"), closed("with-receipt"), closed("with-task"),
       closed("with-resolved-task"), closed("on-trip"), closed("left-trip"),
       closed("alone"), CallOf("open"), pending, received, open, resolved, trip,
       left});
  EXPECT_THAT(
      LoadedNames(Second(2)),
      ElementsAre("calls/left-trip", "calls/on-trip", "calls/open",
                  "calls/with-delivery", "calls/with-task",
                  "assignments/left-trip--a1", "assignments/on-trip--a1",
                  "deliveries/d1", "tasks/t1"));
}

TEST_P(StoreContract, LoadLeavesOutSessionsThatAreOver) {
  core::Session session;
  session.id = core::SessionId("expired");
  session.expire_time = Second(9);
  core::Session last = session;
  last.id = core::SessionId("last");
  last.expire_time = Second(10);
  core::Session revoked = session;
  revoked.id = core::SessionId("revoked");
  revoked.expire_time = Second(99);
  revoked.revoked = true;
  Put({session, last, revoked});
  EXPECT_THAT(LoadedNames(Second(10)), ElementsAre("sessions/last"));
}

TEST_P(StoreContract, LoadLeavesOutOldTasksOfNoCall) {
  core::Task open;
  open.id = core::TaskId("surge--1");
  open.raise_time = Second(1);
  core::Task old = open;
  old.id = core::TaskId("surge--2");
  old.resolved.emplace();
  core::Task recent = old;
  recent.id = core::TaskId("surge--3");
  recent.raise_time = Second(10);
  Put({open, old, recent});
  EXPECT_THAT(LoadedNames(Second(10)),
              ElementsAre("tasks/surge--1", "tasks/surge--3"));
}

// --- Calls, open or long closed ---------------------------------------------

TEST_P(StoreContract, ReadCallBringsAllOfACallHoweverOld) {
  BoardBuilder builder;
  builder.AddCallInState(CallState::kClosed, "call-1")
      .AddCallInState(CallState::kClosed, "call-10")
      .Change<core::Call>("call-1", [](core::Call& call) {
        call.close_time = At("2016-11-20 12:00");
      });
  const core::Board board = builder.Build();
  Put(RecordsOf(board));
  core::Board without = board;
  without.Forget(CallId("call-1"));
  // What Forget takes away, in the order of store.h.
  std::vector<std::string> expected;
  const std::vector<std::string> kept = NamesOf(without);
  for (const char* kind : {"calls/", "offers/", "assignments/", "visits/",
                           "matches/", "notes/", "deliveries/", "tasks/"}) {
    for (const std::string& name : NamesOf(board)) {
      if (name.rfind(kind, 0) == 0 &&
          std::find(kept.begin(), kept.end(), name) == kept.end()) {
        expected.push_back(name);
      }
    }
  }
  ASSERT_GE(expected.size(), 6u);
  EXPECT_THAT(ReadCall("call-1"), ElementsAreArray(expected));
  const absl::StatusOr<std::vector<core::Record>> records =
      store_->ReadCall(kHino, CallId("call-1"));
  EXPECT_TRUE(std::get<core::Call>((*records)[0]) ==
              builder.Get<core::Call>("call-1"));
  EXPECT_THAT(ReadCall("call-2"), IsEmpty());
}

TEST_P(StoreContract, ReadCallBringsTripsOfSeveralCalls) {
  core::Offer offer;
  offer.id = OfferId("c1--o1");
  offer.calls = {CallId("c1"), CallId("c2")};
  core::Assignment assignment;
  assignment.id = AssignmentId("c1--a2");
  assignment.offer = offer.id;
  assignment.calls = offer.calls;
  Put({CallOf("c1"), CallOf("c2"), CallOf("c3"), offer, assignment});
  for (const char* call : {"c1", "c2"}) {
    EXPECT_THAT(ReadCall(call),
                ElementsAre(absl::StrCat("calls/", call), "offers/c1--o1",
                            "assignments/c1--a2"));
  }
  EXPECT_THAT(ReadCall("c3"), ElementsAre("calls/c3"));
  // The first call leaves the trip, the third comes in.
  ++assignment.etag.number;
  assignment.calls = {CallId("c3")};
  Put({assignment});
  EXPECT_THAT(ReadCall("c1"),
              ElementsAre("calls/c1", "offers/c1--o1", "assignments/c1--a2"));
  EXPECT_THAT(ReadCall("c2"), ElementsAre("calls/c2", "offers/c1--o1"));
  EXPECT_THAT(ReadCall("c3"), ElementsAre("calls/c3", "assignments/c1--a2"));
}

TEST_P(StoreContract, ListsPastCallsNewestFirst) {
  std::vector<core::Record> calls;
  const auto add = [&calls](const std::string& id, CallState state,
                            int64_t received) {
    core::Call call = CallOf(id, state);
    call.receive_time = Second(received);
    call.close_time = Second(received + 1000);
    calls.emplace_back(call);
  };
  add("c1", CallState::kClosed, 10);
  add("c2", CallState::kCancelled, 30);
  add("c3", CallState::kMerged, 20);
  add("c4", CallState::kClosed, 20);
  add("c5", CallState::kOnScene, 25);
  add("c6", CallState::kNoteSent, 40);
  Put(calls);
  Commit(BatchOf("mitaka", {calls[0]}));
  EXPECT_THAT(PastCalls("", 10), ElementsAre("c2", "c4", "c3", "c1"));
  EXPECT_THAT(PastCalls("", 2), ElementsAre("c2", "c4"));
  EXPECT_THAT(PastCalls("c4", 2), ElementsAre("c3", "c1"));
  EXPECT_THAT(PastCalls("c1", 2), IsEmpty());
  EXPECT_THAT(PastCalls("", 0), IsEmpty());
  // Any call can be the mark, an open one too.
  EXPECT_THAT(PastCalls("c5", 10), ElementsAre("c4", "c3", "c1"));
  EXPECT_TRUE(
      absl::IsNotFound(store_->ListPastCalls(kHino, CallId("c9"), 2).status()));
}

TEST_P(StoreContract, ListsEveryPastCallOnceInPages) {
  std::vector<core::Record> calls;
  for (int i = 0; i < 100; ++i) {
    core::Call call = CallOf(absl::StrCat("c", i), CallState::kClosed);
    // Many of the same time.
    call.receive_time = Second(i % 7);
    calls.emplace_back(call);
  }
  Put(calls);
  std::vector<std::string> all;
  std::string before;
  while (true) {
    const std::vector<std::string> page = PastCalls(before, 9);
    if (page.empty()) break;
    all.insert(all.end(), page.begin(), page.end());
    before = page.back();
    ASSERT_LE(all.size(), 100u);
  }
  EXPECT_THAT(all, ElementsAreArray(PastCalls("", 1000)));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 100u);
}

// --- Journal ----------------------------------------------------------------

TEST_P(StoreContract, ReadsTheJournalInPieces) {
  for (int batch_number = 0; batch_number < 3; ++batch_number) {
    Batch batch = BatchOf("hino", {});
    for (int i = 1; i <= 3; ++i) {
      const int sequence = batch_number * 3 + i;
      AddCall(CallOf(absl::StrCat("c", sequence)), sequence, &batch);
    }
    Commit(batch);
  }
  EXPECT_EQ(Load().sequence, 9);
  const auto sequences = [this](int64_t after, int limit) {
    std::vector<int64_t> result;
    for (const JournalEntry& entry : Journal(after, limit)) {
      result.push_back(entry.sequence);
    }
    return result;
  };
  EXPECT_THAT(sequences(0, 4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(sequences(4, 4), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(sequences(8, 4), ElementsAre(9));
  EXPECT_THAT(sequences(9, 4), IsEmpty());
  EXPECT_THAT(sequences(100, 4), IsEmpty());
  EXPECT_THAT(sequences(0, 0), IsEmpty());
  EXPECT_THAT(sequences(-1, 1), ElementsAre(1));
  EXPECT_THAT(*store_->ReadJournal(kMitaka, 0, 10), IsEmpty());
}

TEST_P(StoreContract, ReadsTheJournalOfOneCall) {
  Batch batch = BatchOf("hino", {});
  for (int i = 1; i <= 9; ++i) {
    core::Event event;
    event.kind = core::EventKind::kFactAdded;
    event.call = CallId(i % 2 == 0 ? "even" : "odd");
    batch.journal.push_back({i, event});
  }
  Commit(batch);
  const auto sequences = [this](const char* call, int64_t after, int limit) {
    std::vector<int64_t> result;
    const absl::StatusOr<std::vector<JournalEntry>> entries =
        store_->ReadCallJournal(kHino, CallId(call), after, limit);
    EXPECT_TRUE(entries.ok()) << entries.status();
    for (const JournalEntry& entry : *entries) {
      result.push_back(entry.sequence);
    }
    return result;
  };
  EXPECT_THAT(sequences("even", 0, 10), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(sequences("odd", 3, 2), ElementsAre(5, 7));
  EXPECT_THAT(sequences("even", 8, 2), IsEmpty());
  EXPECT_THAT(sequences("even", 0, 0), IsEmpty());
  EXPECT_THAT(sequences("eve", 0, 10), IsEmpty());
}

TEST_P(StoreContract, KeepsAWholeEvent) {
  RecordFiller filler(11);
  core::Event event;
  filler.Fill(&event.kind);
  filler.Fill(&event.time);
  filler.Fill(&event.actor);
  filler.Fill(&event.call);
  event.records = OneOfEachKind(11);
  Batch batch = BatchOf("hino", {});
  batch.journal = {{1, event}, {2, core::Event{}}};
  Commit(batch);
  EXPECT_THAT(TextOf(Journal()), ElementsAreArray(TextOf(batch.journal)));
  EXPECT_TRUE(Journal() == batch.journal);
}

TEST_P(StoreContract, RefusesAJournalWithAGap) {
  Batch batch = BatchOf("hino", {});
  AddCall(CallOf("c1"), 2, &batch);
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Commit(batch, 0)));
  batch.journal[0].sequence = 1;
  Commit(batch);
  for (const int64_t sequence : {1, 3}) {
    Batch next = BatchOf("hino", {});
    AddCall(CallOf("c2"), sequence, &next);
    EXPECT_TRUE(absl::IsInvalidArgument(store_->Commit(next, 1))) << sequence;
  }
  EXPECT_EQ(*store_->CurrentVersion(kHino), 1);
  EXPECT_THAT(NamesOf(Load().board), ElementsAre("calls/c1"));
}

// --- Replies ----------------------------------------------------------------

TEST_P(StoreContract, FindsTheReplyToARequest) {
  Batch batch = BatchOf("hino", {});
  batch.replies = {{"r1", "f1", CallId("c1"), Second(5), 12},
                   {"r2", "f2", std::monostate(), Second(6), std::nullopt},
                   {"要求'\"", "", core::TaskId("c1--t1"), Second(7)}};
  Commit(batch);
  for (const Reply& reply : batch.replies) {
    EXPECT_EQ(FindReply(kHino, reply.request_id), reply);
  }
  EXPECT_EQ(FindReply(kHino, "r3"), std::nullopt);
  EXPECT_EQ(FindReply(kHino, ""), std::nullopt);
  EXPECT_EQ(FindReply(kMitaka, "r1"), std::nullopt);
}

TEST_P(StoreContract, RefusesASecondReplyToARequestAndWritesNothing) {
  Batch batch = BatchOf("hino", {});
  batch.replies = {{"r1", "f1", CallId("c1"), Second(5)}};
  Commit(batch);
  Batch second = BatchOf("hino", {CallOf("c2")});
  second.replies = {{"r2", "f", CallId("c2"), Second(6)},
                    {"r1", "f", CallId("c2"), Second(6)}};
  EXPECT_TRUE(absl::IsAlreadyExists(store_->Commit(second, 1)));
  Batch twice = BatchOf("hino", {CallOf("c2")});
  twice.replies = {{"r2", "f", CallId("c2"), Second(6)},
                   {"r2", "f", CallId("c2"), Second(6)}};
  EXPECT_TRUE(absl::IsAlreadyExists(store_->Commit(twice, 1)));
  EXPECT_EQ(*store_->CurrentVersion(kHino), 1);
  EXPECT_EQ(FindReply(kHino, "r2"), std::nullopt);
  EXPECT_EQ(FindReply(kHino, "r1"), batch.replies[0]);
  EXPECT_THAT(NamesOf(Load().board), IsEmpty());
  // Another center may use the same id.
  batch.center = kMitaka;
  Commit(batch);
}

TEST_P(StoreContract, ForgetsRepliesBeforeATimeInEveryCenter) {
  Batch batch = BatchOf("hino", {});
  // More than are removed at a time.
  for (int i = 0; i < 2500; ++i) {
    batch.replies.push_back(
        {absl::StrCat("r", i), "f", CallId("c"), Second(i)});
  }
  Commit(batch);
  batch.center = kMitaka;
  Commit(batch);
  EXPECT_TRUE(store_->ForgetReplies(Second(2400)).ok());
  for (const CenterId& center : {kHino, kMitaka}) {
    for (const int i : {0, 1000, 2399}) {
      EXPECT_EQ(FindReply(center, absl::StrCat("r", i)), std::nullopt) << i;
    }
    for (const int i : {2400, 2499}) {
      EXPECT_NE(FindReply(center, absl::StrCat("r", i)), std::nullopt) << i;
    }
  }
  EXPECT_TRUE(store_->ForgetReplies(absl::InfinitePast()).ok());
  EXPECT_NE(FindReply(kHino, "r2400"), std::nullopt);
}

// --- Outbox -----------------------------------------------------------------

TEST_P(StoreContract, LeasesMessagesWhenTheirTimeHasCome) {
  PutMessage("hino", "d2", Second(20));
  PutMessage("mitaka", "d1", Second(10));
  EXPECT_EQ(NextOutboxTime(), Second(10));
  EXPECT_THAT(Lease(Second(9), absl::Seconds(60)), IsEmpty());
  EXPECT_THAT(Lease(Second(10), absl::Seconds(60)), ElementsAre("mitaka/d1"));
  EXPECT_EQ(NextOutboxTime(), Second(20));
  EXPECT_THAT(Lease(Second(20), absl::Seconds(60)), ElementsAre("hino/d2"));
  EXPECT_THAT(Lease(Second(69), absl::Seconds(60)), IsEmpty());
  EXPECT_EQ(NextOutboxTime(), Second(70));
}

TEST_P(StoreContract, GivesTheMessageAsItWasPut) {
  Batch batch = BatchOf("hino", {});
  batch.outbox.put = {
      {DeliveryId("d1"), core::ChannelKind::kInbox, absl::InfinitePast()}};
  Commit(batch);
  EXPECT_EQ(NextOutboxTime(), absl::InfinitePast());
  const absl::StatusOr<std::vector<LeasedMessage>> leased =
      store_->LeaseOutbox(Second(1), absl::Seconds(1), 10);
  ASSERT_TRUE(leased.ok()) << leased.status();
  ASSERT_THAT(*leased, SizeIs(1));
  EXPECT_EQ(leased->front().center, kHino);
  EXPECT_EQ(leased->front().message, batch.outbox.put[0]);
}

TEST_P(StoreContract, FreesAMessageWhenItsLeaseIsOver) {
  PutMessage("hino", "d1", Second(0));
  EXPECT_THAT(Lease(Second(10), absl::Seconds(5)), ElementsAre("hino/d1"));
  EXPECT_THAT(Lease(Second(14), absl::Seconds(5)), IsEmpty());
  EXPECT_EQ(NextOutboxTime(), Second(15));
  EXPECT_THAT(Lease(Second(15), absl::Seconds(5)), ElementsAre("hino/d1"));
}

TEST_P(StoreContract, LeasesFirstWhatHasBeenFreeLongest) {
  for (int i = 0; i < 6; ++i) {
    PutMessage(i % 2 == 0 ? "hino" : "mitaka", absl::StrCat("d", i),
               Second(10 - i / 2));
  }
  EXPECT_THAT(Lease(Second(20), absl::Seconds(5), 3),
              ElementsAre("hino/d4", "mitaka/d5", "hino/d2"));
  EXPECT_THAT(Lease(Second(20), absl::Seconds(5), 0), IsEmpty());
  EXPECT_THAT(Lease(Second(20), absl::Seconds(5), 100),
              ElementsAre("mitaka/d3", "hino/d0", "mitaka/d1"));
}

TEST_P(StoreContract, PutsAMessageAnewAndEndsItsLease) {
  PutMessage("hino", "d1", Second(0));
  EXPECT_THAT(Lease(Second(1), absl::Hours(1)), ElementsAre("hino/d1"));
  PutMessage("hino", "d1", Second(30));
  EXPECT_EQ(NextOutboxTime(), Second(30));
  EXPECT_THAT(Lease(Second(29), absl::Hours(1)), IsEmpty());
  EXPECT_THAT(Lease(Second(30), absl::Hours(1)), ElementsAre("hino/d1"));
}

TEST_P(StoreContract, RemovesWhatIsSettled) {
  PutMessage("hino", "d1", Second(0));
  PutMessage("hino", "d2", Second(0));
  PutMessage("mitaka", "d1", Second(0));
  Batch batch = BatchOf("hino", {});
  batch.outbox.remove = {DeliveryId("d1"), DeliveryId("unknown")};
  Commit(batch);
  EXPECT_THAT(Lease(Second(1), absl::Hours(1)),
              ElementsAre("hino/d2", "mitaka/d1"));
  // Put and removed at once: put, so that nothing is lost.
  batch.outbox.remove = {DeliveryId("d2")};
  batch.outbox.put = {
      {DeliveryId("d2"), core::ChannelKind::kWebhook, Second(2)}};
  Commit(batch);
  EXPECT_THAT(Lease(Second(2), absl::Hours(1)), ElementsAre("hino/d2"));
}

// --- All of it together -----------------------------------------------------

// A batch of a few random records about six calls: every kind that hangs on
// calls, with an entry in the journal for each.
Batch RandomBatch(RecordFiller& filler, int64_t sequence) {
  Batch batch;
  batch.center = kHino;
  const auto call_id = [&filler] {
    return CallId(absl::StrCat("c", filler.Next() % 6));
  };
  const auto time = [&filler] {
    return Second(static_cast<int64_t>(filler.Next() % 20));
  };
  const uint64_t count = filler.Next() % 8 + 1;
  for (uint64_t i = 0; i < count; ++i) {
    const CallId call = call_id();
    core::Record record;
    const std::string id = absl::StrCat(call.value(), "--x", filler.Next() % 4);
    const auto fill = [&]<typename R>(std::type_identity<R>) {
      R made = filler.Make<R>();
      made.id = decltype(R::id)(id);
      // Whatever there is under this id, this is newer.
      made.etag.number = sequence + static_cast<int64_t>(i) + 1;
      return made;
    };
    switch (filler.Next() % 11) {
      case 0:
      case 1:
      case 2: {
        auto made = fill(std::type_identity<core::Call>());
        made.id = call;
        made.receive_time = time();
        if (filler.Next() % 2 == 0) {
          made.state = CallState::kClosed;
          made.close_time = time();
        } else if (filler.Next() % 2 == 0) {
          made.close_time.reset();
        }
        record = made;
        break;
      }
      case 3: {
        auto made = fill(std::type_identity<core::Offer>());
        made.calls = {call, call_id()};
        record = made;
        break;
      }
      case 4: {
        auto made = fill(std::type_identity<core::Assignment>());
        made.calls = {call_id()};
        if (filler.Next() % 2 == 0) made.calls.push_back(call_id());
        record = made;
        break;
      }
      case 5: {
        auto made = fill(std::type_identity<core::Visit>());
        made.call = call;
        record = made;
        break;
      }
      case 6: {
        auto made = fill(std::type_identity<core::Note>());
        made.call = call;
        record = made;
        break;
      }
      case 7: {
        auto made = fill(std::type_identity<core::Delivery>());
        made.call = call;
        if (filler.Next() % 2 == 0) {
          made.state = core::DeliveryState::kReceived;
        }
        record = made;
        break;
      }
      case 8: {
        auto made = fill(std::type_identity<core::Task>());
        made.call = filler.Next() % 3 == 0 ? CallId() : call;
        if (made.call.empty()) made.id = core::TaskId("surge--" + id);
        made.raise_time = time();
        if (filler.Next() % 2 == 0) made.resolved.reset();
        record = made;
        break;
      }
      case 9: {
        auto made = fill(std::type_identity<core::Match>());
        made.call = call;
        record = made;
        break;
      }
      default: {
        auto made = fill(std::type_identity<core::Session>());
        made.expire_time = time();
        made.revoked = filler.Next() % 3 == 0;
        record = made;
        break;
      }
    }
    core::Event event;
    filler.Fill(&event.kind);
    event.time = time();
    filler.Fill(&event.actor);
    event.call = call;
    event.records = {record};
    batch.journal.push_back(
        {sequence + static_cast<int64_t>(i) + 1, std::move(event)});
    batch.records.push_back(std::move(record));
  }
  for (int i = 0; i < 2; ++i) {
    const DeliveryId id(absl::StrCat("d", filler.Next() % 4));
    if (filler.Next() % 2 == 0) {
      batch.outbox.put.push_back({id, core::ChannelKind::kWebhook, time()});
    } else {
      batch.outbox.remove.push_back(id);
    }
  }
  return batch;
}

TEST_P(StoreContract, BehavesAsTheMemoryStore) {
  RecordFiller filler(1);
  MemoryStore model;
  int64_t sequence = 0;
  for (int64_t step = 0; step < 80; ++step) {
    const Batch batch = RandomBatch(filler, sequence);
    sequence += static_cast<int64_t>(batch.journal.size());
    ASSERT_TRUE(model.Commit(batch, step).ok());
    ASSERT_TRUE(store_->Commit(batch, step).ok());
    if (step % 10 != 9) continue;
    for (const absl::Time time :
         {absl::InfinitePast(), Second(filler.Next() % 20),
          absl::InfiniteFuture()}) {
      ASSERT_THAT(TextOf(Load(kHino, time).board),
                  ElementsAreArray(TextOf(model.Load(kHino, time)->board)))
          << "step " << step << " after " << time;
    }
    for (int call = 0; call < 6; ++call) {
      const CallId id(absl::StrCat("c", call));
      ASSERT_THAT(TextOf(*store_->ReadCall(kHino, id)),
                  ElementsAreArray(TextOf(*model.ReadCall(kHino, id))));
      ASSERT_THAT(
          TextOf(*store_->ReadCallJournal(kHino, id, 3, 20)),
          ElementsAreArray(TextOf(*model.ReadCallJournal(kHino, id, 3, 20))));
    }
    std::vector<std::string> past;
    const absl::StatusOr<std::vector<core::Call>> past_calls =
        model.ListPastCalls(kHino, CallId(), 100);
    for (const core::Call& call : *past_calls) past.push_back(call.id.value());
    ASSERT_THAT(PastCalls("", 100), ElementsAreArray(past));
    const absl::Time now = Second(filler.Next() % 30);
    const auto leased = store_->LeaseOutbox(now, absl::Seconds(3), 3);
    const auto expected = model.LeaseOutbox(now, absl::Seconds(3), 3);
    ASSERT_EQ(leased->size(), expected->size());
    for (size_t i = 0; i < leased->size(); ++i) {
      EXPECT_EQ((*leased)[i].message, (*expected)[i].message);
    }
    ASSERT_EQ(NextOutboxTime(), *model.NextOutboxTime());
  }
  EXPECT_EQ(Load().sequence, sequence);
}

TEST_P(StoreContract, HasAJournalWhoseReplayGivesTheRows) {
  RecordFiller filler(2);
  int64_t sequence = 0;
  for (int step = 0; step < 100; ++step) {
    const Batch batch = RandomBatch(filler, sequence);
    sequence += static_cast<int64_t>(batch.journal.size());
    Commit(batch);
  }
  core::Board replayed;
  const std::vector<JournalEntry> journal = Journal(0, 100'000);
  ASSERT_THAT(journal, SizeIs(sequence));
  for (const JournalEntry& entry : journal) {
    core::Apply(entry.event, &replayed);
  }
  // From the beginning of time, Load leaves out revoked sessions only.
  const std::vector<std::string> all = TextOf(replayed);
  const std::vector<std::string> loaded = TextOf(Load().board);
  ASSERT_GT(loaded.size(), 50u);
  size_t missing = 0;
  for (const core::Record& record : RecordsOf(replayed)) {
    const auto* const session = std::get_if<core::Session>(&record);
    const bool found =
        std::find(loaded.begin(), loaded.end(), ToJson(record)) != loaded.end();
    if (session != nullptr && session->revoked) {
      EXPECT_FALSE(found);
      ++missing;
    } else {
      EXPECT_TRUE(found) << testing::NamesOf({record})[0];
    }
  }
  EXPECT_EQ(loaded.size() + missing, all.size());
}

TEST_P(StoreContract, ServesManyThreads) {
  constexpr int kCenters = 4;
  constexpr int kCommits = 25;
  std::vector<std::thread> threads;
  for (int c = 0; c < kCenters; ++c) {
    threads.emplace_back([this, c] {
      const std::string center = absl::StrCat("center-", c);
      for (int i = 0; i < kCommits; ++i) {
        Batch batch = BatchOf(center, {});
        AddCall(CallOf(absl::StrCat("c", i)), i + 1, &batch);
        batch.outbox.put = {{DeliveryId(absl::StrCat("d", i)),
                             core::ChannelKind::kWebhook, Second(i)}};
        EXPECT_TRUE(store_->Commit(batch, i).ok());
        // What was committed is seen at once, and whole.
        const auto reply =
            store_->FindReply(batch.center, absl::StrCat("request-c", i));
        EXPECT_TRUE(reply.ok() && reply->has_value());
        const auto snapshot = store_->Load(batch.center, absl::InfinitePast());
        ASSERT_TRUE(snapshot.ok());
        EXPECT_EQ(snapshot->version, i + 1);
        EXPECT_EQ(snapshot->board.open_calls().size(),
                  static_cast<size_t>(i) + 1);
      }
    });
  }
  // A relay: no message is taken twice.
  std::set<std::string> taken;
  threads.emplace_back([this, &taken] {
    while (taken.size() < kCenters * kCommits) {
      const auto leased = store_->LeaseOutbox(Second(1000), absl::Hours(1), 10);
      ASSERT_TRUE(leased.ok()) << leased.status();
      for (const LeasedMessage& message : *leased) {
        EXPECT_TRUE(taken
                        .insert(absl::StrCat(message.center.value(), "/",
                                             message.message.id.value()))
                        .second);
      }
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.size(), static_cast<size_t>(kCenters * kCommits));
}

TEST_P(StoreContract, LetsOneOfTwoWritersWin) {
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &won, &lost] {
      // Straight to the store: the retrying one is for one writer a center.
      for (int64_t version = 0; version < 20; ++version) {
        core::Car car;
        car.id = core::CarId(absl::StrCat("car-", version));
        car.plate = absl::StrCat("thread ", t);
        const absl::Status status =
            base_->Commit(BatchOf("hino", {car}), version);
        if (status.ok()) {
          ++won;
        } else if (absl::IsAborted(status)) {
          ++lost;
        } else {
          ADD_FAILURE() << status;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won + lost, 80);
  EXPECT_EQ(*base_->CurrentVersion(kHino), won);
  EXPECT_EQ(Load().board.table<core::Car>().size(),
            static_cast<size_t>(won.load()));
}

}  // namespace
}  // namespace housecall::store
