// What streams hold in memory, whatever their readers do: the feed of a center
// and the hub in front of it, without sockets.
#include "dispatcher/server/watch.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/board_service.grpc.pb.h"
#include "router/travel_time_source.h"
#include "tests/core/builders.h"
#include "tests/engine/await.h"
#include "tests/engine/seed.h"

namespace housecall::server {
namespace {

using core::testing::BoardBuilder;
using engine::testing::Await;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kCenter[] = "hino";

v1::BoardUpdate Parsed(const BoardFeed::Update& update) {
  v1::BoardUpdate message;
  grpc::ByteBuffer bytes = update.message();
  EXPECT_TRUE(
      grpc::SerializationTraits<v1::BoardUpdate>::Deserialize(&bytes, &message)
          .ok());
  return message;
}

core::Board NightOf(int patients) {
  BoardBuilder night = BoardBuilder()
                           .AddPhysician("dr-sato")
                           .AddPhysician("dr-kato")
                           .AddDriver("driver-abe", "car-1")
                           .AddPatient("tanaka")
                           .AddCallInState(core::CallState::kReceived);
  for (int i = 0; i < patients; ++i) {
    night.AddPatient(absl::StrCat("patient-", i));
  }
  core::Center center = night.board().center();
  center.id = core::CenterId(kCenter);
  night.Put(center);
  return night.Build();
}

class FeedTest : public ::testing::Test {
 protected:
  FeedTest() { Begin(0); }

  void Begin(int patients) {
    board_ = std::make_shared<const core::Board>(NightOf(patients));
    feed_.Reset(board_, sequence_);
  }

  // A fact of so many bytes to the call.
  engine::Commit Change(size_t bytes) {
    core::Call call = *board_->Find<core::Call>(core::CallId("call-1"));
    core::Fact fact;
    fact.text = PrivateText(std::string(bytes, 'x'));
    call.facts = {fact};
    store::JournalEntry entry;
    entry.sequence = ++sequence_;
    entry.event.kind = core::EventKind::kFactAdded;
    entry.event.time = clock_.Now();
    entry.event.actor = core::testing::OperatorActor();
    entry.event.call = call.id;
    entry.event.records = {call};
    return Apply(std::move(entry));
  }

  engine::Commit Move(const std::string& person, double latitude) {
    core::Position position;
    position.id = core::PersonId(person);
    position.position = {latitude, 139.4};
    store::JournalEntry entry;
    entry.sequence = sequence_;
    entry.event.kind = core::EventKind::kPositionReported;
    entry.event.records = {position};
    return Apply(std::move(entry));
  }

  engine::Commit Apply(store::JournalEntry entry) {
    core::Board board = *board_;
    core::Apply(entry.event, &board);
    board_ = std::make_shared<const core::Board>(std::move(board));
    engine::Commit commit;
    commit.board = board_;
    commit.entries = {std::move(entry)};
    commit.sequence = sequence_;
    return commit;
  }

  std::unique_ptr<BoardFeed::Reader> Join(const core::Actor& actor,
                                          int64_t after = -1,
                                          const std::string& epoch = "e1") {
    const Sight sight = {actor, core::CallId()};
    return feed_.Join(sight, {epoch, SightMark(sight, *board_), after},
                      engine_);
  }

  // Takes everything that waits.
  std::vector<v1::BoardUpdate> TakeAll(BoardFeed::Reader& reader) {
    std::vector<v1::BoardUpdate> updates;
    while (const auto update = reader.Next())
      updates.push_back(Parsed(*update));
    return updates;
  }

  SimulatedClock clock_{core::testing::TestNow()};
  store::MemoryStore store_;
  router::StraightLine roads_;
  // Knows nothing of the center: whatever the feed does not keep is gone.
  engine::Engine engine_{&store_, &clock_, &roads_, {}};
  ByteBudget budget_{1 << 20};
  int64_t sequence_ = 10;
  engine::BoardPtr board_;
  BoardFeed feed_{core::CenterId(kCenter),
                  "e1",
                  {.messages = 100, .bytes = 200'000},
                  &budget_,
                  &clock_};
};

TEST_F(FeedTest, AReaderThatTakesNothingHoldsNoMoreThanItsLimit) {
  const auto reader = Join(core::testing::OperatorActor());
  TakeAll(*reader);
  feed_.TrimAll();
  ASSERT_EQ(budget_.used(), 0u);
  for (int i = 0; i < 50; ++i) feed_.Append(Change(1000));
  EXPECT_FALSE(reader->is_lost());
  EXPECT_TRUE(reader->is_behind());
  EXPECT_GT(budget_.used(), 50'000u);
  // In messages.
  for (int i = 0; i < 10'000; ++i) feed_.Append(Change(1));
  EXPECT_TRUE(reader->is_lost());
  EXPECT_LT(budget_.used(), 100 * 1000u);
  EXPECT_EQ(reader->Next(), nullptr) << "a gap";
  // In bytes.
  for (int i = 0; i < 90; ++i) feed_.Append(Change(20'000));
  EXPECT_LE(budget_.used(), 200'000u);
}

TEST_F(FeedTest, WhatManyWaitForIsThereOnce) {
  std::vector<std::unique_ptr<BoardFeed::Reader>> readers;
  core::Actor actor = core::testing::OperatorActor();
  for (int i = 0; i < 100; ++i) {
    actor.person = core::PersonId(absl::StrCat("operator-", i));
    readers.push_back(Join(actor));
    TakeAll(*readers.back());
  }
  feed_.TrimAll();
  feed_.Append(Change(10'000));
  EXPECT_LT(budget_.used(), 2 * 10'000u);
  const auto first = readers[0]->Next();
  EXPECT_EQ(Parsed(*first).sequence(), sequence_);
  EXPECT_EQ(readers[99]->Next(), first);
  // What all have is given back.
  for (const auto& reader : readers) TakeAll(*reader);
  feed_.TrimAll();
  EXPECT_EQ(budget_.used(), first->bytes());
}

TEST_F(FeedTest, WhoMaySeeOtherThingsIsToldOtherThings) {
  const auto office = Join(core::testing::OperatorActor());
  const auto nurse = Join(core::testing::RequesterActor());
  const auto other = Join(core::testing::ActorOf(core::Role::kRequester,
                                                 "nurse-else", "station-else"));
  TakeAll(*office);
  TakeAll(*nurse);
  TakeAll(*other);
  feed_.Append(Change(10));
  feed_.Append(Move("dr-sato", 35.5));
  feed_.TellMoves();
  EXPECT_EQ(TakeAll(*office).size(), 2u);
  // Her own call, and nobody's position.
  EXPECT_EQ(TakeAll(*nurse).size(), 1u);
  EXPECT_THAT(TakeAll(*other), IsEmpty());
}

TEST_F(FeedTest, TellsOfThePositionsOfMeanwhileTheNewestOfEach) {
  const auto reader = Join(core::testing::OperatorActor());
  TakeAll(*reader);
  feed_.TrimAll();
  for (int i = 0; i < 1000; ++i) {
    feed_.Append(Move("dr-sato", 35.0 + i * 0.001));
    feed_.Append(Move("dr-kato", 36.0 + i * 0.001));
    if (i % 10 == 0) feed_.TellMoves();
  }
  EXPECT_EQ(budget_.used(), 0u);
  feed_.TellMoves();
  const std::vector<v1::BoardUpdate> updates = TakeAll(*reader);
  ASSERT_EQ(updates.size(), 1u);
  ASSERT_EQ(updates[0].event().resources_size(), 2);
  std::vector<double> latitudes;
  for (const v1::Resource& resource : updates[0].event().resources()) {
    latitudes.push_back(resource.position().position().latitude());
  }
  EXPECT_THAT(latitudes, ::testing::UnorderedElementsAre(
                             ::testing::DoubleNear(35.999, 1e-6),
                             ::testing::DoubleNear(36.999, 1e-6)));
  EXPECT_EQ(updates[0].sequence(), sequence_);
  // Who has not moved since is not told of again.
  feed_.Append(Move("dr-kato", 35.1));
  feed_.TellMoves();
  const std::vector<v1::BoardUpdate> next = TakeAll(*reader);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].event().resources_size(), 1);
}

TEST_F(FeedTest, PositionsComeAfterTheEventsThatTheirTokenCovers) {
  const auto reader = Join(core::testing::OperatorActor());
  TakeAll(*reader);
  feed_.Append(Move("dr-sato", 35.5));
  feed_.TellMoves();
  feed_.Append(Change(1));
  std::vector<int64_t> sequences;
  for (const v1::BoardUpdate& update : TakeAll(*reader)) {
    sequences.push_back(update.sequence());
  }
  EXPECT_THAT(sequences, ElementsAre(11, 11));
}

TEST_F(FeedTest, WhoComesBackSoonGetsWhatHeMissedAndNothingTwice) {
  auto reader = Join(core::testing::OperatorActor());
  TakeAll(*reader);
  for (int i = 0; i < 30; ++i) feed_.Append(Change(10));
  for (int i = 0; i < 10; ++i) reader->Next();
  reader = nullptr;
  for (int i = 0; i < 5; ++i) feed_.Append(Change(10));
  reader = Join(core::testing::OperatorActor(), 20);
  for (int i = 0; i < 5; ++i) feed_.Append(Change(10));
  std::vector<v1::BoardUpdate> updates = TakeAll(*reader);
  ASSERT_EQ(updates.size(), 30u);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(updates[static_cast<size_t>(i)].event().sequence(), 21 + i);
  }
  // Who has been away for too long gets the board, and goes on from there.
  for (int i = 0; i < 200; ++i) feed_.Append(Change(10));
  reader = Join(core::testing::OperatorActor(), 20);
  feed_.Append(Change(10));
  updates = TakeAll(*reader);
  EXPECT_TRUE(updates.front().has_snapshot_begin());
  ASSERT_GE(updates.size(), 3u);
  const v1::BoardUpdate& complete = updates[updates.size() - 2];
  EXPECT_TRUE(complete.has_snapshot_complete());
  EXPECT_EQ(complete.sequence() + 1, updates.back().event().sequence());
}

// A database that was put back to an earlier moment counts again what is gone.
TEST_F(FeedTest, WhoComesFromAnotherTimeGetsTheBoard) {
  const auto reader = Join(core::testing::OperatorActor());
  const std::string old = TakeAll(*reader).back().resume_token();
  for (int i = 0; i < 10; ++i) feed_.Append(Change(10));
  BoardFeed restored(core::CenterId(kCenter), "e2",
                     {.messages = 100, .bytes = 200'000}, &budget_, &clock_);
  restored.Reset(board_, 5);
  sequence_ = 5;
  const auto join = [&](const std::string& token) {
    const auto point = ParseResumeToken(core::CenterId(kCenter), token);
    EXPECT_TRUE(point.ok()) << point.status();
    return restored.Join({core::testing::OperatorActor(), core::CallId()},
                         *point, engine_);
  };
  const auto fresh = join("");
  TakeAll(*fresh);
  for (int i = 0; i < 10; ++i) restored.Append(Change(10));
  for (const std::string& token :
       {old, std::string("hino:10"), std::string("hino:e2:10")}) {
    auto back = join(token);
    EXPECT_TRUE(Parsed(*back->Next()).has_snapshot_begin()) << token;
  }
  auto here = join(absl::StrCat(
      "hino:e2:",
      SightMark({core::testing::OperatorActor(), core::CallId()}, *board_),
      ":10"));
  EXPECT_EQ(Parsed(*here->Next()).event().sequence(), 11);
}

// What he may see now he was never told.
TEST_F(FeedTest, WhoComesBackWithAnotherSightGetsTheBoard) {
  const Sight before = {core::testing::RequesterActor(), core::CallId()};
  Sight after = before;
  after.actor.organization = core::OrganizationId("station-else");
  Sight only = before;
  only.only = core::CallId("call-1");
  auto reader = feed_.Join(before, {}, engine_);
  const auto point = ParseResumeToken(core::CenterId(kCenter),
                                      TakeAll(*reader).back().resume_token());
  ASSERT_TRUE(point.ok()) << point.status();
  feed_.Append(Change(10));
  EXPECT_TRUE(Parsed(*feed_.Join(before, *point, engine_)->Next()).has_event());
  for (const Sight& other : {after, only}) {
    EXPECT_TRUE(Parsed(*feed_.Join(other, *point, engine_)->Next())
                    .has_snapshot_begin());
  }
}

// Operators see the same and share it, whoever came first; what he writes as a
// physician later is his own.
TEST_F(FeedTest, WhatIsSharedShowsNobodysDraft) {
  const core::Actor mori = core::testing::OperatorActor();
  const core::Actor other =
      core::testing::ActorOf(core::Role::kOperator, "op-hara");
  const auto first = Join(mori);
  const auto second = Join(other);
  TakeAll(*first);
  TakeAll(*second);
  core::Account account;
  account.id = core::AccountId("mori-as-physician");
  account.person = mori.person;
  account.roles = {core::Role::kPhysician};
  core::Note note;
  note.id = core::NoteId("call-1--n1");
  note.call = core::CallId("call-1");
  note.author = mori.person;
  note.state = core::NoteState::kDraft;
  note.draft.emplace().findings = PrivateText("half a sentence");
  for (const core::Record& record :
       {core::Record(account), core::Record(note)}) {
    store::JournalEntry entry;
    entry.sequence = ++sequence_;
    entry.event.kind = core::EventKind::kNoteDrafted;
    entry.event.actor = mori;
    entry.event.records = {record};
    feed_.Append(Apply(std::move(entry)));
  }
  for (BoardFeed::Reader* const reader : {first.get(), second.get()}) {
    for (const v1::BoardUpdate& update : TakeAll(*reader)) {
      EXPECT_FALSE(absl::StrContains(update.DebugString(), "half a sentence"));
    }
  }
  // He has a view of his own now, which his stream is told to come for.
  EXPECT_FALSE(first->Fits({mori, core::CallId()}, *board_));
  EXPECT_TRUE(second->Fits({other, core::CallId()}, *board_));
  std::string seen;
  for (const v1::BoardUpdate& update : TakeAll(*Join(mori))) {
    seen += update.DebugString();
  }
  EXPECT_TRUE(absl::StrContains(seen, "half a sentence"));
}

TEST_F(FeedTest, ASnapshotIsThereOnceForAllWhoComeAtTheSameTime) {
  Begin(500);
  std::vector<std::unique_ptr<BoardFeed::Reader>> readers;
  readers.push_back(Join(core::testing::OperatorActor()));
  const size_t one = budget_.used();
  EXPECT_GT(one, 20'000u);
  for (int i = 0; i < 50; ++i) {
    readers.push_back(Join(core::testing::OperatorActor()));
  }
  EXPECT_EQ(budget_.used(), one);
  // One message of it is small.
  while (const auto update = readers[0]->Next()) {
    EXPECT_LT(update->bytes(), 100'000u);
  }
}

// --- A stream ---------------------------------------------------------------

// A writer without an RPC: what it asks of gRPC is written down, and gRPC finds
// the client gone just when the RPC is cancelled.
class LateWriter final : public StreamWriter<grpc::ByteBuffer> {
 public:
  LateWriter() : StreamWriter(nullptr, [] {}) {}
  std::vector<std::string> asked;

 private:
  void Cancel() override {
    OnWriteDone(false);
    // Whoever finishes lets gRPC free the RPC that is being cancelled.
    asked.push_back("cancelled");
  }
  void FinishWith(grpc::Status) override { asked.push_back("finished"); }
};

TEST(StreamWriter, DoesNotFinishWhatItIsAboutToCancel) {
  ByteBudget budget(1000);
  LateWriter writer;
  bool has_next = true;
  writer.set_next([&]() -> std::shared_ptr<const Parcel<grpc::ByteBuffer>> {
    if (!std::exchange(has_next, false)) return nullptr;
    return std::make_shared<Parcel<grpc::ByteBuffer>>(grpc::ByteBuffer(), 1,
                                                      &budget);
  });
  writer.Nudge();
  writer.EndWith(absl::UnavailableError("over"));
  for (int i = 0; i < 100; ++i) writer.Tick();
  EXPECT_THAT(writer.asked, ElementsAre("cancelled", "finished"));
}

// --- The hub ----------------------------------------------------------------

// Does nothing of what it is told until it is let go on.
class StubbornWatcher final : public Watcher {
 public:
  void Begin(BoardFeed*) override { Stand(); }
  void Tell() override { Stand(); }
  void Recheck() override {}
  void Tick() override {}
  void End(absl::Status status) override {
    MutexLock lock(mutex_);
    ended_ = status;
  }
  bool is_lost() const override { return false; }
  int ticks_behind() const override { return 0; }

  void AwaitStanding() {
    MutexLock lock(mutex_);
    while (!standing_) changed_.Wait(mutex_);
  }
  void GoOn() {
    MutexLock lock(mutex_);
    free_ = true;
    changed_.NotifyAll();
  }
  absl::Status ended() const {
    MutexLock lock(mutex_);
    return ended_;
  }

 private:
  void Stand() {
    MutexLock lock(mutex_);
    standing_ = true;
    changed_.NotifyAll();
    while (!free_) changed_.Wait(mutex_);
  }

  mutable Mutex mutex_;
  CondVar changed_;
  bool standing_ HOUSECALL_GUARDED_BY(mutex_) = false;
  bool free_ HOUSECALL_GUARDED_BY(mutex_) = false;
  absl::Status ended_ HOUSECALL_GUARDED_BY(mutex_);
};

TEST(WatchHub, KeepsLittleOfWhatItCannotKeepUpWithAndHoldsUpNobody) {
  SimulatedClock clock{core::testing::TestNow()};
  store::MemoryStore store;
  router::StraightLine roads;
  const core::CenterId center(kCenter);
  engine::testing::Seed(NightOf(0), &store);
  engine::Options engine_options;
  engine_options.plans = false;
  engine_options.timer_interval = absl::Milliseconds(1);
  engine::Engine engine(&store, &clock, &roads, engine_options);
  ASSERT_TRUE(engine.Start().ok());
  WatchLimits limits;
  limits.backlog_messages = 50;
  limits.backlog_bytes = 100'000;
  WatchHub hub(&engine, limits);
  const auto watcher = std::make_shared<StubbornWatcher>();
  ASSERT_TRUE(hub.Add(center, watcher).ok());
  watcher->AwaitStanding();

  const auto submit = [&](int number, core::Command command) {
    engine::Submission submission;
    submission.request_id = absl::StrCat("request-", number);
    submission.actor = core::testing::OperatorActor();
    submission.command = std::move(command);
    return engine.SubmitAndWait(center, std::move(submission)).status();
  };
  size_t most_messages = 0;
  size_t most_bytes = 0;
  for (int i = 0; i < 300; ++i) {
    core::AddFact fact;
    fact.call = core::CallId("call-1");
    fact.text = PrivateText(std::string(100, 'x'));
    // Answered, although nobody hears of it.
    ASSERT_TRUE(submit(i, fact).ok());
    const WatchFigures figures = hub.figures();
    most_messages = std::max(most_messages, figures.backlog_messages);
    most_bytes = std::max(most_bytes, figures.backlog_bytes);
  }
  EXPECT_GT(most_messages, 0u);
  EXPECT_LE(most_messages, 50u);
  EXPECT_LE(most_bytes, 100'000u);
  EXPECT_TRUE(watcher->ended().ok());
  watcher->GoOn();
  EXPECT_TRUE(Await([&] { return !watcher->ended().ok(); }));
  EXPECT_TRUE(absl::IsResourceExhausted(watcher->ended())) << watcher->ended();
  EXPECT_TRUE(Await([&] { return hub.figures().ended_laggards == 1; }));
  EXPECT_EQ(hub.figures().backlog_messages, 0u);
  engine.Stop();
}

TEST(WatchHub, RefusesAnUnknownCenterAndWhoComesAfterTheEnd) {
  SimulatedClock clock{core::testing::TestNow()};
  store::MemoryStore store;
  router::StraightLine roads;
  engine::testing::Seed(NightOf(0), &store);
  engine::Options engine_options;
  engine_options.plans = false;
  engine::Engine engine(&store, &clock, &roads, engine_options);
  ASSERT_TRUE(engine.Start().ok());
  WatchHub hub(&engine, {});
  const auto watcher = std::make_shared<StubbornWatcher>();
  watcher->GoOn();
  EXPECT_TRUE(absl::IsNotFound(hub.Add(core::CenterId("elsewhere"), watcher)));
  ASSERT_TRUE(hub.Add(core::CenterId(kCenter), watcher).ok());
  hub.Stop();
  EXPECT_TRUE(absl::IsUnavailable(watcher->ended())) << watcher->ended();
  EXPECT_TRUE(absl::IsUnavailable(hub.Add(core::CenterId(kCenter), watcher)));
}

}  // namespace
}  // namespace housecall::server
