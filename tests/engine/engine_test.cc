#include "dispatcher/engine/engine.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/travel_time_source.h"
#include "tests/core/builders.h"
#include "tests/engine/await.h"
#include "tests/engine/seed.h"
#include "tests/store/fault_injecting_store.h"

namespace housecall::engine {
namespace {

using core::Car;
using core::CarId;
using core::testing::BoardBuilder;
using core::testing::Near;
using core::testing::TestNow;
using store::testing::FaultInjectingStore;
using store::testing::Operation;
using testing::Administrator;
using testing::Await;
using testing::CreateCar;
using ::testing::ElementsAre;

// What a listener was told.
class Told {
 public:
  Listener AsListener() {
    return [this](const Commit& commit) {
      MutexLock lock(mutex_);
      for (const store::JournalEntry& entry : commit.entries) {
        entries_.push_back(entry);
      }
      sequence_ = commit.sequence;
    };
  }
  // Of journaled entries.
  std::vector<int64_t> Sequences() const {
    MutexLock lock(mutex_);
    std::vector<int64_t> sequences;
    for (const store::JournalEntry& entry : entries_) {
      if (core::IsJournaled(entry.event.kind)) {
        sequences.push_back(entry.sequence);
      }
    }
    return sequences;
  }
  bool Has(core::EventKind kind) const {
    MutexLock lock(mutex_);
    for (const store::JournalEntry& entry : entries_) {
      if (entry.event.kind == kind) return true;
    }
    return false;
  }
  int64_t sequence() const {
    MutexLock lock(mutex_);
    return sequence_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<store::JournalEntry> entries_ HOUSECALL_GUARDED_BY(mutex_);
  int64_t sequence_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

// 1, 2, … n.
std::vector<int64_t> UpTo(int64_t n) {
  std::vector<int64_t> numbers;
  for (int64_t i = 1; i <= n; ++i) numbers.push_back(i);
  return numbers;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    SetLogSink([](LogLevel, absl::string_view) {});
    options_.timer_interval = absl::Milliseconds(1);
    options_.plans = false;
  }
  ~EngineTest() override {
    store_.Release();
    engine_ = nullptr;
  }

  void SeedAndStart(const core::Board& board) {
    center_ = board.center().id;
    testing::Seed(board, &memory_);
    Start();
  }
  void Start() {
    engine_ = std::make_unique<Engine>(&store_, &clock_, &roads_, options_);
    ASSERT_TRUE(engine_->Start().ok());
  }

  Submission Request(core::Command command, const std::string& id = "") {
    Submission submission;
    submission.request_id = id;
    submission.fingerprint = "f";
    submission.actor = Administrator();
    submission.command = std::move(command);
    return submission;
  }
  absl::Status Do(core::Command command, const std::string& id = "") {
    return engine_->SubmitAndWait(center_, Request(std::move(command), id))
        .status();
  }
  // Submits and counts the answers by their codes.
  void Send(core::Command command) {
    Submission submission = Request(std::move(command));
    submission.done = [this](const absl::StatusOr<Result>& result) {
      MutexLock lock(mutex_);
      ++answers_[result.status().code()];
    };
    engine_->Submit(center_, std::move(submission));
  }
  // One whose commit is held, and ten behind it.
  void SendElevenDuringACommit() {
    store_.Hold(Operation::kCommit);
    Send(CreateCar("car-0"));
    store_.AwaitHeld();
    for (int i = 1; i <= 10; ++i) Send(CreateCar(absl::StrCat("car-", i)));
  }
  int Answers(absl::StatusCode code) {
    MutexLock lock(mutex_);
    return answers_[code];
  }
  bool Shows(const std::string& car) const {
    const BoardPtr board = engine_->Current(center_);
    return board != nullptr && board->Find<Car>(CarId(car)) != nullptr;
  }
  // What another machine does to the same center.
  void OtherWriterDoes(core::Command command) {
    CenterWriter other(center_, &memory_, &clock_);
    std::vector<Submission> batch;
    batch.push_back(Request(std::move(command)));
    bool accepted = false;
    batch.back().done = [&](const absl::StatusOr<Result>& result) {
      accepted = result.ok();
    };
    other.Process(std::move(batch));
    Give(other.TakeAnswers());
    ASSERT_TRUE(accepted);
  }

  SimulatedClock clock_{TestNow()};
  store::MemoryStore memory_;
  FaultInjectingStore store_{&memory_};
  router::StraightLine roads_;
  Options options_;
  core::CenterId center_;
  Mutex mutex_;
  std::map<absl::StatusCode, int> answers_ HOUSECALL_GUARDED_BY(mutex_);
  // Last, so that it goes first.
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, ServesTheCentersOfItsStore) {
  SeedAndStart(BoardBuilder().Build());
  EXPECT_THAT(engine_->Centers(), ElementsAre(center_));
  EXPECT_EQ(engine_->Current(center_)->center().id, center_);
  EXPECT_TRUE(Do(CreateCar("car-a")).ok());
  EXPECT_TRUE(Shows("car-a"));
}

TEST_F(EngineTest, KnowsNoOtherCenter) {
  SeedAndStart(BoardBuilder().Build());
  const core::CenterId other("elsewhere");
  EXPECT_EQ(engine_->Current(other), nullptr);
  EXPECT_TRUE(absl::IsNotFound(
      engine_->SubmitAndWait(other, Request(CreateCar("car-a"))).status()));
  EXPECT_TRUE(absl::IsNotFound(
      engine_->Subscribe(other, -1, [](const Commit&) {}).status()));
}

TEST_F(EngineTest, DoesNotStartOnADamagedStore) {
  testing::Seed(BoardBuilder().Build(), &memory_);
  store_.Plan({.operation = Operation::kLoad,
               .status = absl::DataLossError("damaged")});
  Engine engine(&store_, &clock_, &roads_, options_);
  EXPECT_TRUE(absl::IsDataLoss(engine.Start()));
}

TEST_F(EngineTest, CommitsTogetherWhatArrivesDuringACommit) {
  SeedAndStart(BoardBuilder().Build());
  SendElevenDuringACommit();
  store_.Release();
  ASSERT_TRUE(Await([&] { return Answers(absl::StatusCode::kOk) == 11; }));
  EXPECT_EQ(store_.Calls(Operation::kCommit), 2);
}

TEST_F(EngineTest, RefusesWhatItsQueueCannotHold) {
  options_.max_queue = 2;
  SeedAndStart(BoardBuilder().Build());
  store_.Hold(Operation::kCommit);
  Send(CreateCar("car-0"));
  store_.AwaitHeld();
  for (int i = 1; i <= 5; ++i) Send(CreateCar(absl::StrCat("car-", i)));
  EXPECT_EQ(Answers(absl::StatusCode::kResourceExhausted), 3);
  store_.Release();
  ASSERT_TRUE(Await([&] { return Answers(absl::StatusCode::kOk) == 3; }));
  EXPECT_TRUE(Shows("car-2"));
  EXPECT_FALSE(Shows("car-3"));
}

TEST_F(EngineTest, ShowsAndAnswersNothingBeforeTheCommit) {
  SeedAndStart(BoardBuilder().Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  store_.Hold(Operation::kCommit);
  Send(CreateCar("car-0"));
  store_.AwaitHeld();
  EXPECT_FALSE(Shows("car-0"));
  EXPECT_EQ(Answers(absl::StatusCode::kOk), 0);
  EXPECT_TRUE(told.Sequences().empty());
  store_.Release();
  ASSERT_TRUE(Await([&] { return Answers(absl::StatusCode::kOk) == 1; }));
  // Whoever has his answer finds it everywhere.
  EXPECT_TRUE(Shows("car-0"));
  EXPECT_THAT(told.Sequences(), ElementsAre(1));
}

TEST_F(EngineTest, TellsWatchersEverythingInOrder) {
  SeedAndStart(BoardBuilder().Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(Do(CreateCar(absl::StrCat("car-", t, "-", i))).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told.Sequences(), UpTo(kThreads * kEach));
  EXPECT_EQ(told.sequence(), kThreads * kEach);
}

TEST_F(EngineTest, TellsWatchersWhatAnotherWriterDid) {
  SeedAndStart(BoardBuilder().AddPhysician("dr-sato").Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  OtherWriterDoes(CreateCar("car-a"));
  OtherWriterDoes(CreateCar("car-b"));
  core::ReportPosition report;
  report.person = core::PersonId("dr-sato");
  report.position = core::testing::Near(1, 1);
  report.device_time = TestNow();
  // Journals nothing itself.
  ASSERT_TRUE(Do(report).ok());
  EXPECT_EQ(told.Sequences(), UpTo(2));
  EXPECT_EQ(told.sequence(), 2);
  ASSERT_TRUE(Do(CreateCar("car-c")).ok());
  EXPECT_EQ(told.Sequences(), UpTo(3));
}

TEST_F(EngineTest, TellsWatchersLaterWhatCouldNotBeRead) {
  SeedAndStart(BoardBuilder().Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  OtherWriterDoes(CreateCar("car-a"));
  store_.Plan({.operation = Operation::kReadJournal});
  ASSERT_TRUE(Do(CreateCar("car-b")).ok());
  EXPECT_TRUE(told.Sequences().empty());
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(Await([&] { return told.Sequences().size() == 2; }));
  EXPECT_EQ(told.Sequences(), UpTo(2));
}

// The simulation's seed 131: writer and planner kept each other busy.
TEST_F(EngineTest, AJournalThatCannotBeReadIsNotReadAgainAtOnce) {
  SeedAndStart(BoardBuilder().Build());
  OtherWriterDoes(CreateCar("car-a"));
  store_.Plan({.operation = Operation::kReadJournal, .times = 1'000'000});
  ASSERT_TRUE(Do(CreateCar("car-b")).ok());
  const int64_t reads = store_.Calls(Operation::kReadJournal);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(absl::IsAlreadyExists(Do(CreateCar("car-b"))));
  }
  EXPECT_EQ(store_.Calls(Operation::kReadJournal), reads);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Await(
      [&] { return store_.Calls(Operation::kReadJournal) == reads + 1; }));
}

// The simulation's seed 20: a machine that nobody asks for anything showed an
// old board for ever.
TEST_F(EngineTest, LooksByItselfWhatAnotherWriterDid) {
  options_.peer_interval = absl::Seconds(1);
  SeedAndStart(BoardBuilder().Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  OtherWriterDoes(CreateCar("car-a"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Await([&] { return told.Sequences() == UpTo(1); }));
  EXPECT_TRUE(Shows("car-a"));
  // And stays as it is while the store does not answer.
  OtherWriterDoes(CreateCar("car-b"));
  store_.Plan({.operation = Operation::kLoad});
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Await([&] { return store_.Calls(Operation::kLoad) >= 3; }));
  EXPECT_TRUE(Shows("car-a"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Await([&] { return Shows("car-b"); }));
}

TEST_F(EngineTest, TellsWatchersOfACommitOfUnknownOutcome) {
  SeedAndStart(BoardBuilder().Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  store_.Plan({.operation = Operation::kCommit, .done = true});
  EXPECT_TRUE(Do(CreateCar("car-a"), "r1").ok());
  EXPECT_EQ(told.Sequences(), UpTo(1));
}

TEST_F(EngineTest, ResumesWithoutGap) {
  SeedAndStart(BoardBuilder().Build());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Do(CreateCar(absl::StrCat("car-", i))).ok());
  }
  Told told;
  absl::StatusOr<Subscription> subscription =
      engine_->Subscribe(center_, 2, told.AsListener());
  ASSERT_TRUE(subscription.ok());
  EXPECT_TRUE(subscription->complete);
  EXPECT_EQ(subscription->sequence, 5);
  std::vector<int64_t> missed;
  for (const store::JournalEntry& entry : subscription->missed) {
    missed.push_back(entry.sequence);
  }
  EXPECT_THAT(missed, ElementsAre(3, 4, 5));
  ASSERT_TRUE(Do(CreateCar("car-5")).ok());
  EXPECT_THAT(told.Sequences(), ElementsAre(6));
}

TEST_F(EngineTest, SaysWhenItCannotResume) {
  options_.resume_entries = 2;
  SeedAndStart(BoardBuilder().Build());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(Do(CreateCar(absl::StrCat("car-", i))).ok());
  }
  const auto complete = [&](int64_t after) {
    return engine_->Subscribe(center_, after, [](const Commit&) {})->complete;
  };
  EXPECT_FALSE(complete(-1));
  EXPECT_FALSE(complete(2));
  EXPECT_TRUE(complete(3));
  EXPECT_TRUE(complete(5));
  // Of another store.
  EXPECT_FALSE(complete(6));
}

TEST_F(EngineTest, LeavesAloneWhoHasUnsubscribed) {
  SeedAndStart(BoardBuilder().Build());
  Told told;
  const absl::StatusOr<Subscription> subscription =
      engine_->Subscribe(center_, -1, told.AsListener());
  engine_->Unsubscribe(center_, subscription->id);
  ASSERT_TRUE(Do(CreateCar("car-a")).ok());
  EXPECT_TRUE(told.Sequences().empty());
}

TEST_F(EngineTest, LetsTimePass) {
  SeedAndStart(
      BoardBuilder().AddCallInState(core::CallState::kOffered).Build());
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  ASSERT_TRUE(Do(CreateCar("car-a")).ok());
  EXPECT_FALSE(told.Has(core::EventKind::kOfferRungAgain));
  clock_.Advance(absl::Minutes(4));
  EXPECT_TRUE(
      Await([&] { return told.Has(core::EventKind::kOfferRungAgain); }));
}

TEST_F(EngineTest, LetsTimePassAfterTheStoreWasAway) {
  SeedAndStart(
      BoardBuilder().AddCallInState(core::CallState::kOffered).Build());
  store_.Plan({.operation = Operation::kCommit, .times = 3});
  EXPECT_TRUE(absl::IsUnavailable(Do(CreateCar("car-a"))));
  Told told;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, told.AsListener()).ok());
  clock_.Advance(absl::Minutes(4));
  EXPECT_TRUE(
      Await([&] { return told.Has(core::EventKind::kOfferRungAgain); }));
}

TEST_F(EngineTest, AnswersEverybodyOnceWhenItStops) {
  SeedAndStart(BoardBuilder().Build());
  SendElevenDuringACommit();
  std::thread stopper([this] { engine_->Stop(); });
  store_.Release();
  stopper.join();
  EXPECT_EQ(Answers(absl::StatusCode::kOk), 11);
  Send(CreateCar("car-late"));
  EXPECT_EQ(Answers(absl::StatusCode::kUnavailable), 1);
  const core::CenterId other("elsewhere");
  EXPECT_TRUE(absl::IsUnavailable(
      engine_->SubmitAndWait(other, Request(CreateCar("car-a"))).status()));
  engine_->Stop();
  EXPECT_EQ(Answers(absl::StatusCode::kOk), 11);
}

TEST_F(EngineTest, KeepsCentersApart) {
  core::Center other = BoardBuilder().board().center();
  other.id = core::CenterId("elsewhere");
  const core::Board other_board = BoardBuilder().Put(other).Build();
  testing::Seed(other_board, &memory_);
  SeedAndStart(BoardBuilder().Build());
  ASSERT_NE(center_, other.id);
  Told here;
  Told there;
  ASSERT_TRUE(engine_->Subscribe(center_, -1, here.AsListener()).ok());
  ASSERT_TRUE(engine_->Subscribe(other.id, -1, there.AsListener()).ok());
  ASSERT_TRUE(Do(CreateCar("car-a"), "r1").ok());
  // The same request id is another center's own.
  const absl::StatusOr<Result> result =
      engine_->SubmitAndWait(other.id, Request(CreateCar("car-a"), "r1"));
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->replayed);
  ASSERT_TRUE(Do(CreateCar("car-b")).ok());
  EXPECT_EQ(here.Sequences(), UpTo(2));
  EXPECT_EQ(there.Sequences(), UpTo(1));
  EXPECT_EQ(engine_->Current(other.id)->Find<Car>(CarId("car-b")), nullptr);
}

TEST_F(EngineTest, MakesACenterByCommand) {
  Start();
  core::Create<core::Center> create;
  create.record = BoardBuilder().board().center();
  center_ = create.record.id;
  EXPECT_TRUE(absl::IsNotFound(Do(CreateCar("car-a"))));
  EXPECT_TRUE(engine_->Centers().empty());
  ASSERT_TRUE(Do(create).ok());
  EXPECT_THAT(engine_->Centers(), ElementsAre(center_));
  EXPECT_TRUE(absl::IsAlreadyExists(Do(create)));
}

TEST_F(EngineTest, ShowsNoCenterWhoseCreationWasRefused) {
  Start();
  core::Create<core::Center> create;
  create.record = BoardBuilder().board().center();
  create.record.time_zone = "Mars/Olympus";
  center_ = create.record.id;
  EXPECT_FALSE(Do(create).ok());
  EXPECT_TRUE(engine_->Centers().empty());
  EXPECT_EQ(engine_->Current(center_), nullptr);
  create.record.time_zone = "Asia/Tokyo";
  EXPECT_TRUE(Do(create).ok());
}

TEST_F(EngineTest, OffersAWaitingCallToACrew) {
  options_.plans = true;
  SeedAndStart(BoardBuilder()
                   .AddPhysician("dr-sato")
                   .AddDriver("driver-abe", "car-1")
                   .AddCallInState(core::CallState::kMatching, "call-1")
                   .Build());
  ASSERT_TRUE(Await([&] {
    return engine_->Current(center_)->PendingOfferTo(
               core::PersonId("dr-sato")) != nullptr;
  }));
  const BoardPtr board = engine_->Current(center_);
  EXPECT_EQ(board->Find<core::Call>(core::CallId("call-1"))->state,
            core::CallState::kOffered);
}

// It has accepted a routine call far away; an urgent one waits next door.
TEST_F(EngineTest, SendsACrewElsewhereThatHasNotDeparted) {
  options_.plans = true;
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)})
      .AddPatient("far", {.position = Near(12, 0)})
      .AddPatient("near", {.position = Near(-1, 0)});
  builder.AddCallInState(
      core::CallState::kAccepted, "call-1",
      {.patient = "far", .urgency = core::Urgency::kRoutine});
  builder.AddCallInState(
      core::CallState::kMatching, "call-2",
      {.patient = "near", .urgency = core::Urgency::kUrgent});
  SeedAndStart(builder.Build());
  const core::PersonId physician("dr-sato");
  ASSERT_TRUE(Await([&] {
    return engine_->Current(center_)->PendingOfferTo(physician) != nullptr;
  }));
  const BoardPtr board = engine_->Current(center_);
  EXPECT_THAT(board->PendingOfferTo(physician)->calls,
              ElementsAre(core::CallId("call-2")));
  EXPECT_EQ(board->RunningAssignmentOf(physician), nullptr);
  const core::Call& first = *board->Find<core::Call>(core::CallId("call-1"));
  EXPECT_EQ(first.state, core::CallState::kMatching);
  EXPECT_TRUE(first.passed_over);
  EXPECT_EQ(board->Find<core::Assignment>(first.assignment)->state,
            core::AssignmentState::kReleased);
}

// No way anywhere until the roads are open.
class ClosedRoads final : public router::TravelTimeSource {
 public:
  // Nobody is told.
  void Open() { *open_ = true; }
  void OpenAndTell() {
    *open_ = true;
    ++*version_;
  }
  int tables() const { return *tables_; }

  std::unique_ptr<const router::TravelTimeSource> Pinned(
      const router::RoadPolicy&) const override {
    return std::make_unique<ClosedRoads>(*this);
  }

  std::string description() const override { return "closed roads"; }
  uint64_t version() const override { return *version_; }
  absl::StatusOr<router::TravelTable> Times(
      absl::Span<const router::LatLng> origins,
      absl::Span<const router::LatLng> destinations) const override {
    ++*tables_;
    if (*open_) return line_.Times(origins, destinations);
    return router::TravelTable(origins.size(), destinations.size());
  }
  absl::StatusOr<router::Route> FindRoute(
      const router::LatLng& from, const router::LatLng& to) const override {
    return line_.FindRoute(from, to);
  }

 private:
  router::StraightLine line_;
  std::shared_ptr<std::atomic<bool>> open_ =
      std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<uint64_t>> version_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::shared_ptr<std::atomic<int>> tables_ =
      std::make_shared<std::atomic<int>>(0);
};

// Roads of which something happens all the time: who asks them twice has
// answers of two states. What is pinned is of one.
class RestlessRoads final : public router::TravelTimeSource {
 public:
  int asked() const { return asked_; }

  std::unique_ptr<const router::TravelTimeSource> Pinned(
      const router::RoadPolicy&) const override {
    return line_.Pinned({});
  }
  std::string description() const override {
    return absl::StrCat("state ", ++asked_);
  }
  absl::StatusOr<router::TravelTable> Times(
      absl::Span<const router::LatLng> origins,
      absl::Span<const router::LatLng> destinations) const override {
    ++asked_;
    return line_.Times(origins, destinations);
  }
  absl::StatusOr<router::Route> FindRoute(
      const router::LatLng& from, const router::LatLng& to) const override {
    ++asked_;
    return line_.FindRoute(from, to);
  }

 private:
  router::StraightLine line_;
  mutable std::atomic<int> asked_ = 0;
};

TEST_F(EngineTest, APlanIsOfOneStateOfTheRoads) {
  RestlessRoads roads;
  options_.plans = true;
  const core::Board seeded =
      BoardBuilder()
          .AddPhysician("dr-sato")
          .AddDriver("driver-abe", "car-1")
          .AddCallInState(core::CallState::kMatching, "call-1")
          // Whose arrival is reckoned, too.
          .AddPhysician("dr-kato")
          .AddDriver("driver-ito", "car-2")
          .AddCallInState(core::CallState::kEnRoute, "call-2",
                          {.patient = "suzuki",
                           .physician = "dr-kato",
                           .driver = "driver-ito",
                           .car = "car-2"})
          .Build();
  center_ = seeded.center().id;
  testing::Seed(seeded, &memory_);
  engine_ = std::make_unique<Engine>(&store_, &clock_, &roads, options_);
  ASSERT_TRUE(engine_->Start().ok());
  ASSERT_TRUE(Await([&] {
    return !engine_->Current(center_)
                ->Find<core::Call>(core::CallId("call-1"))
                ->match.empty();
  }));
  // No part of any plan came from anywhere else.
  const BoardPtr board = engine_->Current(center_);
  EXPECT_EQ(board
                ->Find<core::Match>(
                    board->Find<core::Call>(core::CallId("call-1"))->match)
                ->travel_times,
            router::StraightLine().description());
  engine_ = nullptr;
  EXPECT_EQ(roads.asked(), 0);
}

class ClosedRoadsTest : public EngineTest {
 protected:
  // A call waits, for nobody can go to it.
  void SetUp() override {
    options_.plans = true;
    const core::Board seeded =
        BoardBuilder()
            .AddPhysician("dr-sato")
            .AddDriver("driver-abe", "car-1")
            .AddCallInState(core::CallState::kMatching, "call-1")
            .Build();
    center_ = seeded.center().id;
    testing::Seed(seeded, &memory_);
    engine_ =
        std::make_unique<Engine>(&store_, &clock_, &closed_roads_, options_);
    ASSERT_TRUE(engine_->Start().ok());
    ASSERT_TRUE(Await([&] {
      return !engine_->Current(center_)
                  ->Find<core::Call>(core::CallId("call-1"))
                  ->match.empty();
    }));
    EXPECT_GT(closed_roads_.tables(), 0);
  }
  // The engine borrows the roads.
  void TearDown() override { engine_ = nullptr; }

  bool AwaitsOffer() {
    return Await([&] {
      return engine_->Current(center_)->PendingOfferTo(
                 core::PersonId("dr-sato")) != nullptr;
    });
  }

  ClosedRoads closed_roads_;
};

TEST_F(ClosedRoadsTest, PlansAgainWhileACallWaitsThoughNothingHappens) {
  closed_roads_.Open();
  clock_.Advance(options_.waiting_plan_interval);
  EXPECT_TRUE(AwaitsOffer());
}

// No time passes.
TEST_F(ClosedRoadsTest, PlansAgainWhenTheRoadsHaveChanged) {
  closed_roads_.OpenAndTell();
  EXPECT_TRUE(AwaitsOffer());
}

// An agreed visit begins at its time, however early the crew is there.
TEST_F(EngineTest, ReckonsAVisitFromItsAgreedTime) {
  options_.plans = true;
  const absl::Time start_time = TestNow() + absl::Hours(1);
  BoardBuilder builder;
  builder.AddPhysician("dr-sato").AddDriver("driver-abe", "car-1");
  builder.AddCallInState(core::CallState::kAccepted, "call-1");
  builder.Change<core::Call>("call-1", [&](core::Call& call) {
    call.schedule = core::Window{start_time, start_time + absl::Minutes(30)};
  });
  SeedAndStart(builder.Build());
  const auto crew = [&] {
    return *engine_->Current(center_)->RunningAssignmentOf(
        core::PersonId("dr-sato"));
  };
  const absl::Time before = crew().estimate_time;
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(Do(CreateCar("car-a")).ok());
  ASSERT_TRUE(Await([&] { return crew().estimate_time != before; }));
  EXPECT_LT(crew().estimate.arrive_time, start_time);
  EXPECT_EQ(crew().estimate.finish_time, start_time + absl::Minutes(40));
}

// --- How long a plan may be searched ---

// Counts how often the planner's thread looks at it, from one table of travel
// times to the next: that is how often a search asks whether it is over.
class SearchClock final : public Clock, public router::TravelTimeSource {
 public:
  // Called at a look of that number in the first search. Before the engine
  // begins.
  void AtLook(int look, std::function<void()> happens) {
    at_look_ = look;
    happens_ = std::move(happens);
  }
  // How far the clock jumps at each look. Before the engine begins.
  void Step(absl::Duration step) { step_ = step; }

  // Of the searches that have ended.
  std::vector<int> LooksOfSearches() const {
    MutexLock lock(mutex_);
    return searches_;
  }

  absl::Time Now() const override {
    std::function<void()> happens;
    absl::Time now;
    {
      MutexLock lock(mutex_);
      now = now_;
      if (!is_searching_ || std::this_thread::get_id() != planner_) return now;
      now_ += step_;
      ++looks_;
      if (searches_.empty() && looks_ == at_look_) happens = happens_;
    }
    if (happens) happens();
    return now;
  }

  std::unique_ptr<const router::TravelTimeSource> Pinned(
      const router::RoadPolicy&) const override {
    return std::make_unique<Asked>(this);
  }
  std::string description() const override { return "straight lines"; }
  uint64_t version() const override {
    // Asked before each plan.
    MutexLock lock(mutex_);
    if (is_searching_) searches_.push_back(looks_);
    is_searching_ = false;
    return 0;
  }
  absl::StatusOr<router::TravelTable> Times(
      absl::Span<const router::LatLng> origins,
      absl::Span<const router::LatLng> destinations) const override {
    MutexLock lock(mutex_);
    planner_ = std::this_thread::get_id();
    is_searching_ = true;
    looks_ = 0;
    return line_.Times(origins, destinations);
  }
  absl::StatusOr<router::Route> FindRoute(
      const router::LatLng& from, const router::LatLng& to) const override {
    return line_.FindRoute(from, to);
  }

 private:
  // Counts as the clock itself does.
  class Asked final : public router::TravelTimeSource {
   public:
    explicit Asked(const SearchClock* clock) : clock_(*clock) {}

    std::unique_ptr<const router::TravelTimeSource> Pinned(
        const router::RoadPolicy&) const override {
      return std::make_unique<Asked>(*this);
    }
    std::string description() const override { return clock_.description(); }
    uint64_t version() const override { return clock_.version(); }
    absl::StatusOr<router::TravelTable> Times(
        absl::Span<const router::LatLng> origins,
        absl::Span<const router::LatLng> destinations) const override {
      return clock_.Times(origins, destinations);
    }
    absl::StatusOr<router::Route> FindRoute(
        const router::LatLng& from, const router::LatLng& to) const override {
      return clock_.FindRoute(from, to);
    }

   private:
    const SearchClock& clock_;
  };

  router::StraightLine line_;
  int at_look_ = 0;
  std::function<void()> happens_;
  absl::Duration step_ = absl::ZeroDuration();
  mutable Mutex mutex_;
  mutable absl::Time now_ HOUSECALL_GUARDED_BY(mutex_) = TestNow();
  mutable std::thread::id planner_ HOUSECALL_GUARDED_BY(mutex_);
  mutable bool is_searching_ HOUSECALL_GUARDED_BY(mutex_) = false;
  mutable int looks_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  mutable std::vector<int> searches_ HOUSECALL_GUARDED_BY(mutex_);
};

class SearchTest : public EngineTest {
 protected:
  // Thirty calls that one crew cannot serve for hours: much to search.
  void SetUp() override {
    options_.plans = true;
    BoardBuilder builder;
    builder.AddPhysician("dr-sato").AddDriver("driver-abe", "car-1");
    for (int i = 0; i < 30; ++i) {
      const std::string patient = absl::StrCat("patient-", i);
      builder.AddPatient(patient, {.position = core::testing::Near(
                                       i * 7 % 30 * 0.3, i * 11 % 30 * 0.3)});
      builder.AddCallInState(core::CallState::kMatching,
                             absl::StrCat("call-", i), {.patient = patient});
    }
    board_ = builder.Build();
    center_ = board_.center().id;
    testing::Seed(board_, &memory_);
  }
  // The engine borrows the clock.
  void TearDown() override { engine_ = nullptr; }

  // How often the first search asked whether it was over.
  int LooksOfFirstSearch() {
    engine_ = std::make_unique<Engine>(&store_, &search_clock_, &search_clock_,
                                       options_);
    EXPECT_TRUE(engine_->Start().ok());
    EXPECT_TRUE(
        Await([&] { return !search_clock_.LooksOfSearches().empty(); }));
    // What it had found was proposed.
    EXPECT_TRUE(Await([&] {
      return engine_->Current(center_)->PendingOfferTo(
                 core::PersonId("dr-sato")) != nullptr;
    }));
    return search_clock_.LooksOfSearches().front();
  }

  core::Board board_;
  SearchClock search_clock_;
};

TEST_F(SearchTest, EndsByItselfWhereNoTimePasses) {
  EXPECT_GT(LooksOfFirstSearch(), 15);
}

TEST_F(SearchTest, EndsWhenItsBudgetIsOver) {
  ASSERT_EQ(options_.plan_budget, absl::Milliseconds(50));
  search_clock_.Step(absl::Milliseconds(10));
  // Five looks of the route's search, and one before each later step.
  EXPECT_LT(LooksOfFirstSearch(), 12);
}

TEST_F(SearchTest, EndsWhenTheBoardMovesOn) {
  search_clock_.AtLook(5, [&] { EXPECT_TRUE(Do(CreateCar("car-a")).ok()); });
  EXPECT_LT(LooksOfFirstSearch(), 12);
}

}  // namespace
}  // namespace housecall::engine
