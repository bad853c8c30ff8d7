#include "dispatcher/engine/center_writer.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatcher/base/log.h"
#include "dispatcher/core/refusal.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/engine/seed.h"
#include "tests/store/fault_injecting_store.h"

namespace housecall::engine {
namespace {

using core::Car;
using core::CarId;
using core::testing::BoardBuilder;
using core::testing::TestNow;
using store::testing::FaultInjectingStore;
using store::testing::Operation;
using testing::Administrator;
using testing::CreateCar;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CenterWriterTest : public ::testing::Test {
 protected:
  using Answered = std::optional<absl::StatusOr<Result>>;

  CenterWriterTest() {
    SetLogSink([](LogLevel, absl::string_view) {});
    const core::Board board = BoardBuilder().AddPhysician("dr-sato").Build();
    center_ = board.center().id;
    testing::Seed(board, &memory_);
    writer_ = std::make_unique<CenterWriter>(center_, &store_, &clock_);
  }

  // A command whose answer will be in answers_[request_id].
  Submission Request(const std::string& request_id, core::Command command,
                     const std::string& fingerprint = "f") {
    Submission submission;
    submission.request_id = request_id;
    submission.fingerprint = fingerprint;
    submission.actor = Administrator();
    submission.command = std::move(command);
    Answered& answer = answers_.emplace_back();
    submission.done = [this, &answer](absl::StatusOr<Result> result) {
      ++answered_;
      answer = std::move(result);
    };
    return submission;
  }
  // Processes and answers.
  Commit Process(std::vector<Submission> batch) {
    Commit commit = writer_->Process(std::move(batch));
    Give(writer_->TakeAnswers());
    return commit;
  }
  absl::StatusCode CodeOf(size_t i) const {
    return answers_.at(i).value().status().code();
  }
  const Result& ResultOf(size_t i) const { return *answers_.at(i).value(); }
  bool StoreHas(const std::string& car) {
    return memory_.Load(center_, TestNow())->board.Find<Car>(CarId(car)) !=
           nullptr;
  }
  static core::Command SatosPosition() {
    core::ReportPosition report;
    report.person = core::PersonId("dr-sato");
    report.position = core::testing::Near(1, 1);
    report.device_time = TestNow();
    return report;
  }
  // What another machine does to the same center.
  void OtherWriterCreates(const std::string& car,
                          const std::string& request_id = "") {
    CenterWriter other(center_, &memory_, &clock_);
    Submission submission;
    submission.request_id = request_id;
    submission.fingerprint = "f";
    submission.actor = Administrator();
    submission.command = CreateCar(car);
    bool accepted = false;
    submission.done = [&](const absl::StatusOr<Result>& result) {
      accepted = result.ok();
    };
    other.Process({std::move(submission)});
    Give(other.TakeAnswers());
    ASSERT_TRUE(accepted);
  }

  SimulatedClock clock_{TestNow()};
  store::MemoryStore memory_;
  FaultInjectingStore store_{&memory_};
  core::CenterId center_;
  std::unique_ptr<CenterWriter> writer_;
  // In the order of the requests; references stay valid.
  std::deque<Answered> answers_;
  int answered_ = 0;
};

TEST_F(CenterWriterTest, CommitsABatchAsOne) {
  const Commit commit = Process({Request("r1", CreateCar("car-a")),
                                 Request("r2", CreateCar("car-b")),
                                 Request("r3", CreateCar("car-a"))});
  EXPECT_EQ(store_.Calls(Operation::kCommit), 1);
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(2), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(std::get<CarId>(ResultOf(0).subject), CarId("car-a"));
  EXPECT_TRUE(StoreHas("car-a") && StoreHas("car-b"));
  ASSERT_EQ(commit.entries.size(), 2u);
  EXPECT_EQ(commit.entries[0].sequence, 1);
  EXPECT_EQ(commit.entries[1].sequence, 2);
  EXPECT_EQ(commit.sequence, 2);
  EXPECT_EQ(commit.board, writer_->board());
  EXPECT_EQ(ResultOf(0).board, writer_->board());
  EXPECT_EQ(*memory_.ReadJournal(center_, 0, 10), commit.entries);
}

TEST_F(CenterWriterTest, AnswersOnlyWhenTold) {
  writer_->Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(answered_, 0);
  Give(writer_->TakeAnswers());
  Give(writer_->TakeAnswers());
  EXPECT_EQ(answered_, 1);
}

TEST_F(CenterWriterTest, RepeatsTheAnswerOfARepeatedRequest) {
  Process({Request("r1", CreateCar("car-a"))});
  const Commit commit = Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_TRUE(ResultOf(1).replayed);
  EXPECT_EQ(ResultOf(1).subject, ResultOf(0).subject);
  EXPECT_EQ(commit.board, nullptr);
  EXPECT_EQ(store_.Calls(Operation::kCommit), 1);
}

TEST_F(CenterWriterTest, RepeatsTheAnswerWithinABatch) {
  Process(
      {Request("r1", CreateCar("car-a")), Request("r1", CreateCar("car-a"))});
  EXPECT_FALSE(ResultOf(0).replayed);
  EXPECT_TRUE(ResultOf(1).replayed);
}

TEST_F(CenterWriterTest, RepeatsTheAnswerOfAnEarlierProcess) {
  Process({Request("r1", CreateCar("car-a"))});
  writer_ = std::make_unique<CenterWriter>(center_, &store_, &clock_);
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_TRUE(ResultOf(1).replayed);
  ASSERT_NE(ResultOf(1).board, nullptr);
  EXPECT_NE(ResultOf(1).board->Find<Car>(CarId("car-a")), nullptr);
}

TEST_F(CenterWriterTest, RefusesAnotherRequestUnderTheSameId) {
  Process({Request("r1", CreateCar("car-a"), "one")});
  Process({Request("r1", CreateCar("car-b"), "other")});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(answers_[1]->status().message()),
              HasSubstr("request_id"));
  EXPECT_FALSE(StoreHas("car-b"));
}

TEST_F(CenterWriterTest, KeepsNoReplyOfARefusal) {
  Process({Request("r1", CreateCar("car-a"))});
  Process({Request("r2", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*memory_.FindReply(center_, "r2"), std::nullopt);
}

TEST_F(CenterWriterTest, LoadsTheBoardBeforeItLooksForReplies) {
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_THAT(
      store_.History(),
      ElementsAre(Operation::kLoad, Operation::kFindReply, Operation::kCommit));
}

TEST_F(CenterWriterTest, AnswersOnABoardThatHasWhatTheReplySays) {
  // The reply comes into the store between the load and the search.
  store_.BeforeEach([this](Operation operation) {
    if (operation == Operation::kFindReply && store_.Calls(operation) == 1) {
      OtherWriterCreates("car-a", "r1");
    }
  });
  Process({Request("r1", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(0), absl::StatusCode::kOk);
  EXPECT_TRUE(ResultOf(0).replayed);
  EXPECT_NE(ResultOf(0).board->Find<Car>(CarId("car-a")), nullptr);
}

TEST_F(CenterWriterTest, DecidesAnewWhenAnotherWriterWasFaster) {
  ASSERT_TRUE(writer_->EnsureLoaded().ok());
  OtherWriterCreates("car-a");
  const Commit commit = Process(
      {Request("r1", CreateCar("car-a")), Request("r2", CreateCar("car-b"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_EQ(commit.sequence, 2);
  EXPECT_EQ(writer_->sequence(), 2);
}

TEST_F(CenterWriterTest, GivesUpAfterThreeTries) {
  store_.Plan({.operation = Operation::kCommit,
               .times = 3,
               .status = absl::AbortedError("overtaken")});
  const Commit commit = Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kUnavailable);
  EXPECT_EQ(commit.board, nullptr);
  EXPECT_TRUE(commit.entries.empty());
  EXPECT_EQ(store_.Calls(Operation::kCommit), 3);
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
}

TEST_F(CenterWriterTest, ProvesThatARefusalIsCurrent) {
  Process({Request("r1", CreateCar("car-a"))});
  store_.ClearHistory();
  Process({Request("r2", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(store_.History(),
              ElementsAre(Operation::kFindReply, Operation::kCurrentVersion));
}

TEST_F(CenterWriterTest, TakesBackARefusalThatIsNotCurrent) {
  core::Update<Car> update;
  update.record = std::get<core::Create<Car>>(CreateCar("car-a")).record;
  update.record.etag.number = 1;
  ASSERT_TRUE(writer_->EnsureLoaded().ok());
  OtherWriterCreates("car-a");
  // On the board in memory there is no such car.
  Process({Request("r1", update)});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kOk) << answers_[0]->status();
}

TEST_F(CenterWriterTest, DoesOnceWhatACommitOfUnknownOutcomeDid) {
  store_.Plan({.operation = Operation::kCommit, .done = true});
  Process(
      {Request("r1", CreateCar("car-a")), Request("r2", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(0), absl::StatusCode::kOk);
  EXPECT_TRUE(ResultOf(0).replayed);
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(memory_.ReadJournal(center_, 0, 10)->size(), 1u);
  EXPECT_EQ(writer_->sequence(), 1);
}

TEST_F(CenterWriterTest, DoesOnceWhatACommitOfUnknownOutcomeDidNot) {
  store_.Plan({.operation = Operation::kCommit});
  const Commit commit = Process({Request("r1", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(0), absl::StatusCode::kOk);
  EXPECT_FALSE(ResultOf(0).replayed);
  EXPECT_EQ(commit.entries.size(), 1u);
  EXPECT_EQ(memory_.ReadJournal(center_, 0, 10)->size(), 1u);
}

// The simulation's seed 135: a commit that is still on its way to the store
// arrives after its sender was told that nothing was written.
TEST_F(CenterWriterTest, ClaimsNothingWhileACommitMayStillArrive) {
  store_.Plan({.operation = Operation::kCommit});
  store_.Plan({.operation = Operation::kCommit,
               .call = 2,
               .times = 4,
               .status = absl::ResourceExhaustedError("disk full")});
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kUnavailable);
  // Twice itself, and twice what would have made the failure certain.
  EXPECT_EQ(store_.Calls(Operation::kCommit), 5);
}

// Only the first of them was at fault: the others are not held up for it, and
// it is not told for ever that the store does not answer.
TEST_F(CenterWriterTest, WhatTheStoreRefusesIsRefusedAfterAnUnknownCommit) {
  store_.Plan({.operation = Operation::kCommit, .times = 3});
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kUnavailable);
  const absl::Status taken = absl::AlreadyExistsError("the id is taken");
  // The batch; what makes its failure certain; the first by itself.
  store_.Plan({.operation = Operation::kCommit, .status = taken});
  store_.Plan({.operation = Operation::kCommit, .call = 3, .status = taken});
  Process(
      {Request("r2", CreateCar("car-b")), Request("r3", CreateCar("car-c"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(2), absl::StatusCode::kOk);
  EXPECT_FALSE(StoreHas("car-b"));
  EXPECT_TRUE(StoreHas("car-c"));
}

TEST_F(CenterWriterTest, RepeatsWhatItAnsweredWhileTheDiskIsFull) {
  Process({Request("r1", CreateCar("car-a"))});
  store_.Plan({.operation = Operation::kCommit, .times = 3});
  Process({Request("r2", CreateCar("car-b"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kUnavailable);
  store_.Plan({.operation = Operation::kCommit,
               .times = 100,
               .status = absl::ResourceExhaustedError("disk full")});
  Process({Request("r1", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(2), absl::StatusCode::kOk);
  EXPECT_TRUE(ResultOf(2).replayed);
}

// What the log of a disk kept of a commit whose sync failed may come back when
// the machine starts again, long after its sender has asked for something else.
TEST_F(CenterWriterTest, NothingIsRefusedThatMayStillComeBack) {
  const core::Board board = BoardBuilder()
                                .AddPhysician("dr-sato")
                                .AddCallInState(core::CallState::kMatching)
                                .Build();
  store::MemoryStore memory;
  store::MemoryStore kept_by_the_disk;
  testing::Seed(board, &memory);
  testing::Seed(board, &kept_by_the_disk);
  FaultInjectingStore store(&memory);
  CenterWriter writer(center_, &store, &clock_);
  core::HoldCall hold;
  hold.call = core::CallId("call-1");
  hold.reason = PrivateText("nobody answers the telephone");
  hold.until_time = clock_.Now() + absl::Minutes(1);
  const auto ask = [&](CenterWriter& asked) {
    Submission submission = Request("r1", hold);
    submission.actor = core::testing::OperatorActor();
    std::vector<Submission> batch;
    batch.push_back(std::move(submission));
    asked.Process(std::move(batch));
    Give(asked.TakeAnswers());
  };

  store.Plan({.operation = Operation::kCommit, .times = 3});
  ask(writer);
  ASSERT_EQ(CodeOf(0), absl::StatusCode::kUnavailable);
  // What was sent to the disk.
  CenterWriter other(center_, &kept_by_the_disk, &clock_);
  ask(other);
  ASSERT_EQ(CodeOf(1), absl::StatusCode::kOk) << answers_[1]->status();
  store::Batch late;
  late.center = center_;
  late.journal = *kept_by_the_disk.ReadJournal(center_, 0, 10);
  late.records = late.journal.back().event.records;
  late.replies = {**kept_by_the_disk.FindReply(center_, "r1")};

  // It is too late for it now.
  clock_.Advance(absl::Minutes(2));
  ask(writer);
  ASSERT_EQ(CodeOf(2), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::IsAborted(memory.Commit(late, 1)));

  // Once is enough.
  const int64_t commits = store.Calls(Operation::kCommit);
  ask(writer);
  EXPECT_EQ(CodeOf(3), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store.Calls(Operation::kCommit), commits);
}

TEST_F(CenterWriterTest, RefusesNothingWhileItCannotBeProven) {
  store_.Plan({.operation = Operation::kCommit, .times = 6});
  Process({Request("r1", CreateCar("car-a"))});
  Process({Request("r2", core::AcknowledgeTask{core::TaskId("none")})});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kUnavailable);
  Process({Request("r2", core::AcknowledgeTask{core::TaskId("none")})});
  EXPECT_EQ(CodeOf(2), absl::StatusCode::kNotFound);
}

// It names files of this machine, and a file that cannot be written is not for
// the client to mend.
TEST_F(CenterWriterTest, TellsClientsNothingOfTheDisk) {
  const std::string secret = "/var/lib/housecall.db: cannot commit (SQLite 8)";
  for (const absl::Status& status :
       {absl::UnavailableError(secret), absl::ResourceExhaustedError(secret),
        absl::PermissionDeniedError(secret)}) {
    for (const Operation operation :
         {Operation::kCommit, Operation::kFindReply, Operation::kLoad}) {
      answers_.clear();
      store_.Plan({.operation = operation, .times = 3, .status = status});
      CenterWriter writer(center_, &store_, &clock_);
      writer.Process({Request("r1", CreateCar("car-a"))});
      Give(writer.TakeAnswers());
      store_.Heal();
      EXPECT_EQ(CodeOf(0), absl::IsResourceExhausted(status)
                               ? absl::StatusCode::kResourceExhausted
                               : absl::StatusCode::kUnavailable)
          << NameOf(operation);
      // Who keeps what was not taken sends it again by itself.
      if (absl::IsResourceExhausted(status)) {
        EXPECT_THAT(core::ReasonsOf(answers_[0]->status()),
                    ElementsAre(core::RefusalReason::kTooBusy));
      }
      EXPECT_THAT(std::string(answers_[0]->status().message()),
                  ::testing::Not(HasSubstr("SQLite")));
    }
  }
}

TEST_F(CenterWriterTest, ARetryAfterUnavailableFindsWhatWasDone) {
  store_.Plan({.operation = Operation::kCommit, .done = true});
  // Not the first time.
  store_.Plan({.operation = Operation::kLoad, .call = 2, .times = 2});
  store_.Plan({.operation = Operation::kFindReply, .call = 2});
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kUnavailable);
  // Reading the reply fails: nothing is decided without it.
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kUnavailable);
  Process({Request("r1", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(2), absl::StatusCode::kOk);
  EXPECT_EQ(memory_.ReadJournal(center_, 0, 10)->size(), 1u);
}

TEST_F(CenterWriterTest, AFullDiskChangesNothing) {
  Process({Request("r1", CreateCar("car-a"))});
  const BoardPtr before = writer_->board();
  store_.Plan({.operation = Operation::kCommit,
               .status = absl::ResourceExhaustedError("disk full")});
  const Commit commit =
      Process({Request("r1", CreateCar("car-a")),    // An old answer.
               Request("r2", CreateCar("car-b")),    // Would be new.
               Request("r2", CreateCar("car-b")),    // Repeats that.
               Request("r3", CreateCar("car-b"))});  // Rests on it.
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_EQ(ResultOf(1).board, before);
  for (const size_t i : {2, 3, 4}) {
    EXPECT_EQ(CodeOf(i), absl::StatusCode::kResourceExhausted) << i;
  }
  EXPECT_EQ(commit.board, nullptr);
  EXPECT_TRUE(commit.entries.empty());
  EXPECT_EQ(writer_->board(), before);
  EXPECT_EQ(writer_->sequence(), 1);
  EXPECT_FALSE(StoreHas("car-b"));
  Process({Request("r2", CreateCar("car-b"))});
  EXPECT_EQ(CodeOf(5), absl::StatusCode::kOk);
  EXPECT_FALSE(ResultOf(5).replayed);
}

TEST_F(CenterWriterTest, RefusesNobodyForWhatAnotherCannotStore) {
  // The batch, then the first command alone.
  store_.Plan({.operation = Operation::kCommit,
               .times = 2,
               .status = absl::InvalidArgumentError("too long")});
  const Commit commit = Process(
      {Request("r1", CreateCar("car-a")), Request("r2", CreateCar("car-b")),
       Request("r3", CreateCar("car-b")), Request("r4", CreateCar("car-c"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(2), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(3), absl::StatusCode::kOk);
  EXPECT_FALSE(StoreHas("car-a"));
  EXPECT_TRUE(StoreHas("car-b") && StoreHas("car-c"));
  EXPECT_EQ(commit.board, writer_->board());
  EXPECT_EQ(commit.sequence, 2);
  EXPECT_EQ(*memory_.ReadJournal(center_, 0, 10), commit.entries);
}

// The board has forgotten the call, the store has not.
TEST_F(CenterWriterTest, RefusesTheIdOfACallThatIsLongOver) {
  const core::Board board = BoardBuilder()
                                .AddCallInState(core::CallState::kClosed, "old")
                                .AddPatient("suzuki")
                                .Build();
  store::MemoryStore memory;
  testing::Seed(board, &memory);
  clock_.Advance(absl::Hours(24 * 60));
  CenterWriter writer(center_, &memory, &clock_);
  ASSERT_TRUE(writer.EnsureLoaded().ok());
  ASSERT_EQ(writer.board()->Find<core::Call>(core::CallId("old")), nullptr);

  core::SubmitCall submit;
  submit.call = core::CallId("old");
  submit.patient = core::PatientId("suzuki");
  submit.complaint = PrivateText("fever since noon");
  submit.judgement = PrivateText("cannot wait until morning");
  submit.callback_phone = PrivateText("042-111-1111");
  Submission reused = Request("r1", submit);
  submit.call = core::CallId("new");
  Submission other = Request("r2", submit);
  reused.actor = other.actor = core::testing::RequesterActor();
  std::vector<Submission> batch;
  batch.push_back(std::move(reused));
  batch.push_back(std::move(other));
  writer.Process(std::move(batch));
  Give(writer.TakeAnswers());

  EXPECT_EQ(CodeOf(0), absl::StatusCode::kAlreadyExists)
      << answers_[0]->status();
  ASSERT_EQ(CodeOf(1), absl::StatusCode::kOk) << answers_[1]->status();
  EXPECT_NE(ResultOf(1).board->Find<core::Call>(core::CallId("new")), nullptr);
  const auto old = memory.ReadCall(center_, core::CallId("old"));
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_TRUE(std::get<core::Call>(old->front()) ==
              *board.Find<core::Call>(core::CallId("old")));
}

TEST_F(CenterWriterTest, AnswersOnceEachWhatCannotBeStoredAlone) {
  store_.Plan({.operation = Operation::kCommit,
               .status = absl::InvalidArgumentError("too long")});
  const Commit commit = Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_.Calls(Operation::kCommit), 1);
  EXPECT_EQ(answered_, 1);
  EXPECT_EQ(commit.board, nullptr);
}

TEST_F(CenterWriterTest, HasTheBoardThatWouldBeLoaded) {
  clock_.Advance(absl::Nanoseconds(1234567));
  const Commit commit = Process(
      {Request("r0", CreateCar("car-a")), Request("r1", SatosPosition())});
  const core::PersonId sato("dr-sato");
  EXPECT_EQ(
      *writer_->board()->Find<core::Position>(sato),
      *memory_.Load(center_, TestNow())->board.Find<core::Position>(sato));
  EXPECT_EQ(memory_.ReadJournal(center_, 0, 10)->front(), commit.entries[0]);
}

TEST_F(CenterWriterTest, SaysWhatTheStoreSaysOfDamage) {
  store_.Plan({.operation = Operation::kLoad,
               .status = absl::DataLossError("damaged; restore it")});
  Process({Request("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kDataLoss);
  EXPECT_EQ(store_.Calls(Operation::kLoad), 1);
}

TEST_F(CenterWriterTest, WritesPositionsWithoutJournalOrReply) {
  const Commit commit = Process(
      {Request("r0", CreateCar("car-a")), Request("r1", SatosPosition())});
  ASSERT_EQ(CodeOf(1), absl::StatusCode::kOk) << answers_[1]->status();
  ASSERT_EQ(commit.entries.size(), 2u);
  EXPECT_EQ(commit.entries[1].sequence, 1);
  EXPECT_EQ(memory_.ReadJournal(center_, 0, 10)->size(), 1u);
  EXPECT_EQ(*memory_.FindReply(center_, "r1"), std::nullopt);
  EXPECT_NE(memory_.Load(center_, TestNow())
                ->board.Find<core::Position>(core::PersonId("dr-sato")),
            nullptr);
}

// --- Sessions ---------------------------------------------------------------

// A board on which the administrator has logged in, and logs out elsewhere.
class CenterWriterSessionTest : public CenterWriterTest {
 protected:
  CenterWriterSessionTest() {
    core::Account account;
    account.id = core::AccountId("admin");
    account.person = core::PersonId("dr-sato");
    account.roles = {core::Role::kAdministrator};
    core::Session session;
    session.id = kSession;
    session.account = account.id;
    session.expire_time = TestNow() + absl::Hours(1);
    store::Batch batch;
    batch.center = center_;
    batch.records = {account, session};
    EXPECT_TRUE(memory_.Commit(batch, 1).ok());
  }

  Submission BySession(const std::string& request_id, core::Command command) {
    Submission submission = Request(request_id, std::move(command));
    submission.session = kSession;
    return submission;
  }
  void OtherWriterRevokes() {
    CenterWriter other(center_, &memory_, &clock_);
    std::vector<Submission> batch;
    batch.push_back(Request("out", core::RevokeSession{kSession}));
    other.Process(std::move(batch));
    Give(other.TakeAnswers());
    ASSERT_EQ(CodeOf(answers_.size() - 1), absl::StatusCode::kOk);
  }

  const core::SessionId kSession{"s1"};
};

// This machine's board still knew the session when the request came.
TEST_F(CenterWriterSessionTest, DoesNothingForOneThatAnotherMachineHasEnded) {
  ASSERT_TRUE(writer_->EnsureLoaded().ok());
  OtherWriterRevokes();
  Process({BySession("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(StoreHas("car-a"));
}

TEST_F(CenterWriterSessionTest, DoesNothingAfterItsEndInTheSameBatch) {
  Process({BySession("r1", CreateCar("car-a")),
           BySession("r2", core::RevokeSession{kSession}),
           BySession("r3", CreateCar("car-b"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(1), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(2), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(StoreHas("car-a"));
  EXPECT_FALSE(StoreHas("car-b"));
}

TEST_F(CenterWriterSessionTest, DoesNothingWhenItsTimeIsOver) {
  clock_.Advance(absl::Hours(1));
  Process({BySession("r1", CreateCar("car-a"))});
  EXPECT_EQ(CodeOf(0), absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(StoreHas("car-a"));
}

// What was done is not called refused because the session has ended since.
TEST_F(CenterWriterSessionTest, AnswersWhatWasDoneBeforeItsEnd) {
  Process({BySession("r1", CreateCar("car-a"))});
  OtherWriterRevokes();
  Process({BySession("r1", CreateCar("car-a"))});
  ASSERT_EQ(CodeOf(2), absl::StatusCode::kOk);
  EXPECT_TRUE(ResultOf(2).replayed);
}

TEST_F(CenterWriterTest, ForgetsWhatIsLongOver) {
  core::Session session;
  session.id = core::SessionId("s1");
  session.account = core::AccountId("admin");
  session.expire_time = TestNow() + absl::Hours(1);
  store::Batch batch;
  batch.center = center_;
  batch.records.push_back(session);
  ASSERT_TRUE(memory_.Commit(batch, 1).ok());
  ASSERT_TRUE(writer_->EnsureLoaded().ok());
  EXPECT_FALSE(writer_->Forget());
  clock_.Advance(absl::Hours(3));
  EXPECT_TRUE(writer_->Forget());
  EXPECT_EQ(writer_->board()->Find<core::Session>(session.id), nullptr);
  EXPECT_FALSE(writer_->Forget());
}

}  // namespace
}  // namespace housecall::engine
