#include "dispatcher/outbox/relay.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/log.h"
#include "dispatcher/outbox/payload.h"
#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/store/fault_injecting_store.h"

namespace housecall::outbox {
namespace {

using core::testing::BoardBuilder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const core::CenterId kHino("hino");
constexpr std::chrono::seconds kPatience(20);

// A channel whose receivers do what the test says, one outcome after the other;
// a receiver without an outcome hangs.
class FakeChannel final : public Channel {
 public:
  void Send(OutboundMessage message, Callback done) override {
    std::unique_lock<std::mutex> lock(mutex_);
    sent_.push_back(message);
    auto& outcomes = outcomes_[message.address];
    if (outcomes.empty()) {
      hanging_.push_back(std::move(done));
      changed_.notify_all();
      return;
    }
    SendOutcome outcome = outcomes.front();
    outcomes.erase(outcomes.begin());
    changed_.notify_all();
    lock.unlock();
    done(std::move(outcome));
  }
  void Stop() override {
    std::vector<Callback> hanging;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      hanging.swap(hanging_);
    }
    for (Callback& done : hanging) {
      SendOutcome outcome;
      outcome.result = core::SendResult::kTransient;
      outcome.attempted = false;
      done(std::move(outcome));
    }
  }
  absl::Duration max_send_duration() const override {
    return absl::Seconds(20);
  }

  void Answer(const std::string& address, core::SendResult result,
              std::string error = "") {
    std::lock_guard<std::mutex> lock(mutex_);
    SendOutcome outcome;
    outcome.result = result;
    outcome.error = std::move(error);
    outcomes_[address].push_back(std::move(outcome));
  }
  // Sends without an answer.
  size_t hanging() {
    std::lock_guard<std::mutex> lock(mutex_);
    return hanging_.size();
  }
  std::vector<OutboundMessage> WaitForSent(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience,
                                  [&] { return sent_.size() >= count; }));
    return sent_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<SendOutcome>> outcomes_;
  std::vector<Callback> hanging_;
  std::vector<OutboundMessage> sent_;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() : clock_(core::testing::TestNow()) {
    AddReceiver("clinic-a", "https://a.example/notes");
    AddReceiver("clinic-b", "https://b.example/notes");
    builder_.AddCallInState(core::CallState::kNoteSent, "call-1");
    SetLogSink([this](LogLevel, absl::string_view line) {
      std::lock_guard<std::mutex> lock(mutex_);
      log_ += std::string(line) + "\n";
    });
  }
  ~RelayTest() override {
    if (relay_ != nullptr) relay_->Stop();
    channel_.Stop();
    relay_.reset();
    SetLogSink(nullptr);
  }

  void AddReceiver(const std::string& id, const std::string& url) {
    builder_.AddClinic(
        id, {.webhook = core::Webhook{url, PrivateText("whsec_c2VjcmV0")}});
  }

  // A delivery of the call's note to that clinic, due now, and its message.
  core::DeliveryId AddDelivery(const std::string& id,
                               const std::string& organization) {
    const core::Board board = builder_.Build();
    const auto* call = board.Find<core::Call>(core::CallId("call-1"));
    core::Delivery delivery;
    delivery.id = core::DeliveryId(id);
    delivery.note = call->note;
    delivery.note_version = 1;
    delivery.call = call->id;
    delivery.member.organization = core::OrganizationId(organization);
    delivery.member.channels = {core::ChannelKind::kWebhook};
    delivery.state = core::DeliveryState::kPending;
    builder_.Put(delivery);
    messages_.push_back(
        {delivery.id, core::ChannelKind::kWebhook, clock_.Now()});
    return delivery.id;
  }

  void Start() { StartWith(builder_.Build()); }
  // With that board for the beginning.
  void StartWith(const core::Board& board) {
    Publish(board);
    store::Batch batch;
    batch.center = kHino;
    batch.outbox.put = messages_;
    ASSERT_TRUE(store_.Commit(batch, 0).ok());
    RelayOptions options;
    options.poll_interval = absl::Milliseconds(2);
    relay_ = std::make_unique<Relay>(
        &store_, &clock_,
        std::map<core::ChannelKind, Channel*>{
            {core::ChannelKind::kWebhook, &channel_}},
        RelayHooks{
            .board =
                [this](const core::CenterId&) {
                  std::lock_guard<std::mutex> lock(mutex_);
                  ++looks_;
                  changed_.notify_all();
                  return board_;
                },
            .submit =
                [this](const core::CenterId&, core::RecordAttempt attempt,
                       std::function<void(absl::Status)> done) {
                  absl::Status status;
                  bool holds = false;
                  {
                    std::lock_guard<std::mutex> lock(mutex_);
                    attempts_.push_back(std::move(attempt));
                    status = submit_status_;
                    holds = holds_answers_;
                    if (holds) held_answers_.push_back(std::move(done));
                  }
                  changed_.notify_all();
                  if (!holds) done(status);
                }},
        options);
    relay_->Start();
  }

  void Publish(const core::Board& board) {
    std::lock_guard<std::mutex> lock(mutex_);
    board_ = std::make_shared<const core::Board>(board);
  }
  // Waits until the relay has looked at the board so often.
  void WaitForLooks(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, kPatience, [&] { return looks_ >= count; }));
  }
  int looks() {
    std::lock_guard<std::mutex> lock(mutex_);
    return looks_;
  }
  std::string log() {
    std::lock_guard<std::mutex> lock(mutex_);
    return log_;
  }

  std::vector<core::RecordAttempt> WaitForAttempts(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience,
                                  [&] { return attempts_.size() >= count; }));
    return attempts_;
  }

  SimulatedClock clock_;
  BoardBuilder builder_;
  store::MemoryStore memory_;
  store::testing::FaultInjectingStore store_{&memory_};
  FakeChannel channel_;
  std::vector<core::OutboxMessage> messages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<const core::Board> board_;
  int looks_ = 0;
  std::vector<core::RecordAttempt> attempts_;
  absl::Status submit_status_;
  // Whether submit keeps its answers back, and those.
  bool holds_answers_ = false;
  std::vector<std::function<void(absl::Status)>> held_answers_;
  bool ending_ = false;
  std::string log_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, SendsWhatIsDueAndReportsTheReceipt) {
  const core::DeliveryId id = AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kDelivered);
  Start();
  const std::vector<OutboundMessage> sent = channel_.WaitForSent(1);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].id, "centers/hino/deliveries/call-1--n1--d1-9");
  EXPECT_EQ(sent[0].secret.Reveal(), "whsec_c2VjcmV0");
  const std::vector<core::RecordAttempt> attempts = WaitForAttempts(1);
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0].delivery, id);
  EXPECT_EQ(attempts[0].result, core::SendResult::kDelivered);
  EXPECT_GE(attempts[0].jitter, 0);
  EXPECT_LT(attempts[0].jitter, 1);
}

TEST_F(RelayTest, ReportsTheReceiversWords) {
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kPermanent,
                  "HTTP 410: gone");
  Start();
  const std::vector<core::RecordAttempt> attempts = WaitForAttempts(1);
  EXPECT_EQ(attempts[0].result, core::SendResult::kPermanent);
  EXPECT_EQ(attempts[0].error, "HTTP 410: gone");
}

TEST_F(RelayTest, ReportsAReceiverWithoutWebhookAsPermanent) {
  builder_.AddClinic("clinic-c");
  AddDelivery("call-1--n1--d1-9", "clinic-c");
  Start();
  const std::vector<core::RecordAttempt> attempts = WaitForAttempts(1);
  EXPECT_EQ(attempts[0].result, core::SendResult::kPermanent);
  EXPECT_THAT(attempts[0].error, HasSubstr("no webhook"));
}

TEST_F(RelayTest, AReceiverThatHangsDelaysNobodyElse) {
  AddDelivery("call-1--n1--d1-7", "clinic-a");
  AddDelivery("call-1--n1--d1-8", "clinic-b");
  channel_.Answer("https://b.example/notes", core::SendResult::kDelivered);
  Start();
  const std::vector<core::RecordAttempt> attempts = WaitForAttempts(1);
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0].delivery.value(), "call-1--n1--d1-8");
}

TEST_F(RelayTest, WhatWasNotAttemptedIsNotReported) {
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  Start();
  channel_.WaitForSent(1);
  relay_->Stop();
  channel_.Stop();
  std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_THAT(attempts_, IsEmpty());
}

TEST_F(RelayTest, AnAttemptThatIsNotRecordedIsMadeAgainUnderTheSameId) {
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kDelivered);
  channel_.Answer("https://a.example/notes", core::SendResult::kDelivered);
  submit_status_ = absl::UnavailableError("the store does not answer");
  Start();
  WaitForAttempts(1);
  // The lease runs out.
  clock_.Advance(absl::Minutes(2));
  relay_->Wake();
  const std::vector<OutboundMessage> sent = channel_.WaitForSent(2);
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0].id, sent[1].id);
  EXPECT_EQ(sent[0].body, sent[1].body);
  WaitForAttempts(2);
}

// A commit is in the store a moment before its board is published.
TEST_F(RelayTest, SendsAtOnceWhatTheBoardShowsAMomentLater) {
  const core::Board before = builder_.Build();
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kDelivered);
  StartWith(before);
  WaitForLooks(2);
  Publish(builder_.Build());
  relay_->Wake();
  // Without the end of the lease: time stands still.
  EXPECT_THAT(WaitForAttempts(1), SizeIs(1));
  EXPECT_EQ(log().find("delivery_unknown"), std::string::npos);
}

// A push that began at the end of its lease would last into the next one, which
// another machine may have.
TEST_F(RelayTest, BeginsNoPushThatMayOutlastItsLease) {
  using store::testing::Operation;
  const core::Board before = builder_.Build();
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  StartWith(before);
  WaitForLooks(1);
  // The lease is 50 seconds long, a push 20.
  clock_.Advance(absl::Seconds(31));
  Publish(builder_.Build());
  relay_->Wake();
  const int64_t rounds = store_.Calls(Operation::kNextOutboxTime);
  while (store_.Calls(Operation::kNextOutboxTime) < rounds + 3) {
    std::this_thread::yield();
  }
  EXPECT_EQ(channel_.hanging(), 0u);
  clock_.Advance(absl::Seconds(20));
  EXPECT_THAT(channel_.WaitForSent(1), SizeIs(1));
}

TEST_F(RelayTest, TellsOnceOfAMessageWithoutADelivery) {
  const core::Board without = builder_.Build();
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  AddDelivery("call-1--n1--d1-8", "clinic-b");
  StartWith(without);
  for (int i = 0; i < 5; ++i) {
    WaitForLooks(looks() + 4);
    // Beyond its lease, at which it is taken anew.
    clock_.Advance(absl::Seconds(60));
  }
  WaitForLooks(looks() + 4);
  for (const char* id :
       {"delivery=call-1--n1--d1-8", "delivery=call-1--n1--d1-9"}) {
    const std::string all = log();
    const size_t first = all.find(id);
    EXPECT_NE(first, std::string::npos) << all;
    EXPECT_EQ(all.find(id, first + 1), std::string::npos) << all;
  }
}

TEST_F(RelayTest, SaysOnceWhatKeepsTheStoreFromGivingMessages) {
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kDelivered);
  using store::testing::Operation;
  store_.Plan({.operation = Operation::kNextOutboxTime,
               .times = 20,
               .status = absl::DataLossError("damaged; restore it")});
  store_.Plan({.operation = Operation::kLeaseOutbox,
               .times = 20,
               .status = absl::ResourceExhaustedError("disk full")});
  store_.Plan({.operation = Operation::kLeaseOutbox,
               .call = 21,
               .times = 20,
               .status = absl::UnavailableError("busy")});
  Start();
  EXPECT_THAT(WaitForAttempts(1), SizeIs(1));
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(log(), '\n')) {
    if (absl::StrContains(line, "outbox_")) lines.emplace_back(line);
  }
  EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("ERROR outbox_not_leased"),
                                       HasSubstr("damaged; restore it")),
                                 AllOf(HasSubstr("ERROR outbox_not_leased"),
                                       HasSubstr("disk full")),
                                 HasSubstr("WARNING outbox_busy")));
}

// As when the server cannot start for another reason: whoever goes first, the
// relay, the channel or the engine, nobody calls what is gone.
TEST_F(RelayTest, EndsWithItsChannelAndWhatWasUnderWay) {
  AddDelivery("call-1--n1--d1-8", "clinic-a");
  AddDelivery("call-1--n1--d1-9", "clinic-b");
  // The one hangs; the other's report waits for the engine.
  channel_.Answer("https://b.example/notes", core::SendResult::kDelivered);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    holds_answers_ = true;
  }
  Start();
  channel_.WaitForSent(2);
  WaitForAttempts(1);
  std::thread engine([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return ending_; }));
    holds_answers_ = false;
    std::vector<std::function<void(absl::Status)>> held;
    held.swap(held_answers_);
    lock.unlock();
    for (const auto& done : held) done(absl::OkStatus());
  });
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  relay_.reset();
  engine.join();
  EXPECT_EQ(channel_.hanging(), 0u);
}

TEST_F(RelayTest, LogsNothingOfTheNoteNorOfTheReceiver) {
  AddDelivery("call-1--n1--d1-9", "clinic-a");
  channel_.Answer("https://a.example/notes", core::SendResult::kTransient,
                  "HTTP 503: busy");
  Start();
  const std::vector<OutboundMessage> sent = channel_.WaitForSent(1);
  WaitForAttempts(1);
  std::lock_guard<std::mutex> lock(mutex_);
  EXPECT_THAT(log_, HasSubstr("delivery_attempted"));
  EXPECT_THAT(log_, Not(HasSubstr("a.example")));
  EXPECT_THAT(log_, Not(HasSubstr("whsec")));
  const auto* patient = board_->Find<core::Patient>(core::PatientId("tanaka"));
  ASSERT_NE(patient, nullptr);
  EXPECT_THAT(sent[0].body.Reveal(), HasSubstr(patient->display_name.Reveal()));
  EXPECT_THAT(log_, Not(HasSubstr(patient->display_name.Reveal())));
}

TEST_F(RelayTest, PayloadHoldsTheSignedVersionAndSaysWhetherItAmends) {
  const core::DeliveryId id = AddDelivery("call-1--n1--d1-9", "clinic-a");
  core::Board board = builder_.Build();
  core::Delivery delivery = *board.Find<core::Delivery>(id);
  const auto first = NotePayload(board, delivery);
  ASSERT_TRUE(first.ok()) << first.status();
  const nlohmann::json json = nlohmann::json::parse(first->Reveal());
  EXPECT_EQ(json["type"], "note.signed");
  EXPECT_EQ(json["data"]["delivery"],
            "centers/hino/deliveries/call-1--n1--d1-9");
  EXPECT_EQ(json["data"]["note"]["version"], 1);
  core::Note note = *board.Find<core::Note>(delivery.note);
  core::NoteVersion second = note.versions.back();
  second.number = 2;
  second.text.findings = PrivateText("訂正後の所見");
  second.amend_reason = PrivateText("書き誤り");
  note.versions.push_back(second);
  board.Put(note);
  // The first delivery stays what it was.
  EXPECT_EQ(*NotePayload(board, delivery), *first);
  delivery.note_version = 2;
  const auto amended = NotePayload(board, delivery);
  ASSERT_TRUE(amended.ok());
  EXPECT_THAT(amended->Reveal(), HasSubstr("note.amended"));
  EXPECT_THAT(amended->Reveal(), HasSubstr("訂正後の所見"));
  delivery.note_version = 3;
  EXPECT_EQ(NotePayload(board, delivery).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace housecall::outbox
