#include "tests/simulation/node.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/outbox/receiver_text.h"
#include "dispatcher/store/batch_rules.h"
#include "tests/simulation/bugs.h"
#include "tests/simulation/decide_with_bugs.h"

namespace housecall::simulation {
namespace {

constexpr absl::Duration kPushTimeout = absl::Seconds(30);
// Of a password.
constexpr absl::Duration kHashing = absl::Milliseconds(30);
// How soon somebody sees that a process has ended.
constexpr absl::Duration kLook = absl::Seconds(1);

engine::Options OptionsOf(const Plan& plan) {
  engine::Options options;
  options.timer_interval = plan.timer_interval;
  if (plan.nodes > 1) options.peer_interval = absl::Seconds(1);
  // Small: a watcher that was away for a while has to take the whole board.
  options.resume_entries = 64;
  return options;
}

absl::Duration SkewOf(World* world) {
  if (IsPlanted(Bug::kClockRunsFast)) return absl::Minutes(10);
  return world->random.Between(-world->plan.max_skew, world->plan.max_skew);
}

}  // namespace

// --- The receivers ----------------------------------------------------------

void PushChannel::Send(outbox::OutboundMessage message, Callback done) {
  if (stopped_) {
    outbox::SendOutcome outcome;
    outcome.result = core::SendResult::kTransient;
    outcome.attempted = false;
    done(std::move(outcome));
    return;
  }
  if (IsPlanted(Bug::kNewIdAtEachTry)) {
    absl::StrAppend(&message.id, "-", world_->random.Below(1000));
  }
  auto push = std::make_shared<Push>(Push{this, std::move(done)});
  under_way_.push_back(push);
  if (cut_) return;
  world_->story.Tell(who_, "pushes ", message.id);
  world_->truth.PushBegan(message.id, message.address, message.body.Reveal(),
                          who_);
  world_->After(
      world_->random.Between(absl::Milliseconds(10), absl::Seconds(2)),
      [world = world_, push, message = std::move(message)] {
        const Plan& plan = world->plan;
        const core::DeliveryId delivery(
            message.id.substr(message.id.rfind('/') + 1));
        outbox::SendOutcome outcome;
        if (IsPlanted(Bug::kDeliveredWithoutAPush)) {
          outcome.result = core::SendResult::kDelivered;
          return Finish(push, std::move(outcome));
        }
        if (world->Strikes(plan.receiver_hangs)) {
          ++world->faults;
          world->Sleep(kPushTimeout - absl::Seconds(3));
          outcome.result = core::SendResult::kTransient;
          outcome.error = "no answer within 30 seconds";
          if (IsPlanted(Bug::kFailureIsFinal)) return;
          return Finish(push, std::move(outcome));
        }
        if (world->Strikes(plan.receiver_fails)) {
          ++world->faults;
          const bool transient = world->random.Chance(60);
          outcome.result = transient ? core::SendResult::kTransient
                                     : core::SendResult::kPermanent;
          // It sends back what it got.
          outcome.error = outbox::WithoutEcho(
              absl::StrCat(transient ? "503 " : "422 ", message.body.Reveal()),
              outbox::TextsOf(message.body.Reveal()));
          if (transient && world->random.Chance(30)) {
            outcome.retry_after = absl::Seconds(world->random.Below(120));
          }
          if (IsPlanted(Bug::kFailureIsFinal)) return;
          return Finish(push, std::move(outcome));
        }
        if (world->Strikes(plan.receiver_lies)) {
          ++world->faults;
          if (world->random.Chance(50)) {
            // It has it, and says that it has not: it will get it again.
            outcome.result = core::SendResult::kTransient;
            outcome.error = "503 busy";
            return Finish(push, std::move(outcome));
          }
          // Or it loses what it has: nobody can know.
        }
        world->truth.ReceiverSaidYes(delivery);
        outcome.result = core::SendResult::kDelivered;
        Finish(push, std::move(outcome));
      });
}

void PushChannel::Finish(const std::shared_ptr<Push>& push,
                         outbox::SendOutcome outcome) {
  if (push->done == nullptr) return;
  const Callback done = std::exchange(push->done, nullptr);
  std::erase(push->channel->under_way_, push);
  done(std::move(outcome));
}

void PushChannel::Stop() {
  stopped_ = true;
  while (!under_way_.empty()) {
    outbox::SendOutcome outcome;
    outcome.result = core::SendResult::kTransient;
    outcome.error = "the server stops";
    const std::shared_ptr<Push> push = under_way_.back();
    Finish(push, std::move(outcome));
  }
}

absl::Duration PushChannel::max_send_duration() const { return kPushTimeout; }

// --- A process --------------------------------------------------------------

Process::Process(World* world, std::string who, int64_t life)
    : world_(world),
      who_(absl::StrCat(who, ".", life)),
      clock_(world->scheduler, SkewOf(world)),
      link_(world, who_, [this] { Crash(); }),
      engine_(&link_, &clock_, &travel_times_, OptionsOf(world->plan)),
      channel_(world, who_),
      relay_(
          &link_, &clock_, {{core::ChannelKind::kWebhook, &channel_}},
          {.board =
               [this](const core::CenterId& center) {
                 return engine_.Current(center);
               },
           .submit =
               [this](const core::CenterId& center, core::RecordAttempt attempt,
                      std::function<void(absl::Status)> done) {
                 // The relay's own chance does not come from the seed.
                 attempt.jitter = world_->random.Fraction();
                 engine::Submission submission;
                 submission.actor = core::SystemActor();
                 submission.command = std::move(attempt);
                 submission.done =
                     [done = std::move(done)](
                         const absl::StatusOr<engine::Result>& result) {
                       done(result.status());
                     };
                 engine_.Submit(center, std::move(submission));
               }}) {}

Process::~Process() { Stop(); }

absl::Status Process::Start() {
  RETURN_IF_ERROR(engine_.Start());
  for (const core::CenterId& center : engine_.Centers()) {
    RETURN_IF_ERROR(
        engine_
            .Subscribe(
                center, -1,
                [this](const engine::Commit& commit) {
                  for (const auto& entry : commit.entries) {
                    if (!core::OutboxFor({&entry.event, 1}).put.empty()) {
                      relay_.Wake();
                      return;
                    }
                  }
                })
            .status());
  }
  relay_.Start();
  return absl::OkStatus();
}

void Process::Stop() {
  relay_.Stop();
  channel_.Stop();
  engine_.Stop();
}

void Process::Crash() {
  if (dead_) return;
  dead_ = true;
  link_.Cut();
  channel_.Cut();
  ++world_->crashes;
  world_->story.Tell(who_, "crashes");
}

void Process::Take(
    const Request& request,
    std::function<void(const absl::StatusOr<engine::Result>&)> answer) {
  if (request.session.empty()) return LogIn(request, std::move(answer));
  const size_t mark = world_->truth.Mark();
  const absl::Time arrive_time = world_->Now();
  // As AuthenticateToken and Desk::Submit of the server do it.
  const engine::BoardPtr now = engine_.Current(world_->truth.center());
  const absl::StatusOr<core::Actor> actor = core::ActorBehindWithBugs(
      now == nullptr ? core::Board() : *now, request.session, clock_.Now());
  if (!actor.ok()) {
    if (dead_) return;
    world_->story.Tell(who_, "does not let in ", request.words);
    world_->truth.TurnedAway(request, mark, clock_.skew(), actor.status());
    return answer(actor.status());
  }
  engine::Submission submission;
  submission.request_id = request.id;
  submission.fingerprint = request.fingerprint;
  if (!IsPlanted(Bug::kSessionIsCheckedOnArrivalOnly)) {
    submission.session = request.session;
  }
  submission.actor = *actor;
  submission.command = request.command;
  if (IsPlanted(Bug::kRequestIdIsDropped)) submission.request_id.clear();
  if (IsPlanted(Bug::kFingerprintIsDropped)) submission.fingerprint = "same";
  if (IsPlanted(Bug::kLogsTheComplaint)) {
    if (const auto* submit = std::get_if<core::SubmitCall>(&request.command)) {
      HC_LOG(kInfo, "call_received")
          .With("complaint", submit->complaint.Reveal());
    }
  }
  world_->truth.Arrived(who_, request);
  submission.done = [this, request, mark, arrive_time,
                     answer = std::move(answer)](
                        absl::StatusOr<engine::Result> result) {
    if (dead_) return;
    if (IsPlanted(Bug::kAnswersTheWrongCall) && result.ok() &&
        std::holds_alternative<core::CallId>(result->subject) &&
        world_->random.Chance(20)) {
      result->subject = core::CallId("c1");
    }
    world_->story.Tell(who_, "answers ", request.words, " ",
                       result.ok()
                           ? (result->replayed ? "OK, again" : "OK")
                           : result.status().ToString(
                                 absl::StatusToStringMode::kWithNoExtraData));
    world_->truth.Answered(who_, request, mark, arrive_time, clock_.skew(),
                           result);
    answer(result);
  };
  if (IsPlanted(Bug::kAnswersBeforeCommit) && world_->random.Chance(20) &&
      std::holds_alternative<core::SubmitCall>(request.command)) {
    engine::Result early;
    early.subject = std::get<core::SubmitCall>(request.command).call;
    early.board = board();
    submission.done(early);
    submission.done = nullptr;
  }
  engine_.Submit(world_->truth.center(), std::move(submission));
}

// As the server's SessionService does it.
void Process::LogIn(const Request& request, Answer answer) {
  const auto& login = std::get<core::OpenSession>(request.command);
  const engine::BoardPtr board = engine_.Current(world_->truth.center());
  const auto* account =
      board == nullptr ? nullptr : board->Find<core::Account>(login.account);
  if (account == nullptr || dead_) return;
  if (clock_.Now() < account->retry_time) {
    return answer(absl::ResourceExhaustedError("too many wrong passwords"));
  }
  world_->Sleep(kHashing);
  engine::Submission submission;
  const bool right =
      !account->disabled && account->password_hash == login.password_hash;
  if (right) {
    const core::SessionId session(
        absl::StrCat("session-", world_->random.Next()));
    world_->truth.WillOpen(session, login.password_hash);
    submission.actor = request.actor;
    submission.command =
        core::OpenSession{session, account->id, login.password_hash};
  } else {
    submission.actor = core::SystemActor();
    submission.command = core::RefusePassword{account->id};
  }
  submission.done = [this, right, words = request.words,
                     answer = std::move(answer)](
                        absl::StatusOr<engine::Result> result) {
    if (dead_) return;
    if (!right && result.ok()) {
      result = absl::UnauthenticatedError("the password is wrong");
    }
    world_->story.Tell(
        who_, "answers ", words, " ",
        result.status().ToString(absl::StatusToStringMode::kWithNoExtraData));
    answer(result);
  };
  engine_.Submit(world_->truth.center(), std::move(submission));
}

engine::BoardPtr Process::board() {
  absl::StatusOr<engine::Subscription> look =
      engine_.Look(world_->truth.center(), -1, 0);
  if (!look.ok()) return nullptr;
  if (IsPlanted(Bug::kOldBoardIsShown)) {
    if (shown_ != nullptr && world_->random.Chance(20)) look->board = shown_;
    shown_ = look->board;
  }
  // Each of them would take too long.
  if (!dead_ && ++looks_ % 16 == 0) {
    world_->truth.CheckBoard(who_, *look->board, look->sequence);
  }
  return look->board;
}

// --- A machine --------------------------------------------------------------

void Node::Run() {
  while (!world_->over) {
    auto process = std::make_shared<Process>(world_, name_, ++lives_);
    world_->story.Tell(process->who(), "starts");
    const absl::Status started = process->Start();
    if (started.ok()) {
      world_->story.Tell(process->who(), "serves");
      process_ = process;
      while (!world_->over && !process->is_dead()) world_->Sleep(kLook);
      process_ = nullptr;
    } else {
      world_->story.Tell(process->who(), "cannot start: ", started.ToString());
    }
    process->Stop();
    if (world_->over) return;
    world_->Sleep(world_->random.Between(absl::Seconds(1), absl::Seconds(20)));
  }
}

// --- A watcher --------------------------------------------------------------

void Watcher::Run() {
  while (!world_->over) {
    const std::shared_ptr<Process> process =
        world_->random.Of(nodes_)->process();
    if (process == nullptr || process->is_dead()) {
      world_->Sleep(kLook);
      continue;
    }
    ready_ = false;
    early_.clear();
    absl::StatusOr<engine::Subscription> subscription =
        process->engine().Subscribe(
            world_->truth.center(), sequence_,
            [this, process = process.get()](const engine::Commit& commit) {
              if (process->is_dead()) return;
              if (ready_) {
                Told(commit);
              } else {
                early_.push_back(commit);
              }
            });
    if (subscription.ok()) {
      if (subscription->complete) {
        for (const store::JournalEntry& entry : subscription->missed) {
          See(entry);
        }
      } else {
        sequence_ = subscription->sequence;
      }
      if (sequence_ != subscription->sequence) {
        world_->story.Break("watchers", name_, " resumes at ", sequence_,
                            ", the board is of ", subscription->sequence);
        sequence_ = subscription->sequence;
      }
      world_->truth.CheckBoard(name_, *subscription->board,
                               subscription->sequence);
      for (const engine::Commit& commit : early_) Told(commit);
      ready_ = true;
      do {
        world_->Sleep(kLook);
      } while (!world_->over && !process->is_dead() &&
               (world_->quiet || !world_->random.PerMille(20)));
      process->engine().Unsubscribe(world_->truth.center(), subscription->id);
    }
    world_->Sleep(world_->random.Between(absl::Milliseconds(1), kLook * 5));
  }
}

void Watcher::Told(const engine::Commit& commit) {
  for (const store::JournalEntry& entry : commit.entries) {
    if (IsPlanted(Bug::kWatcherMissesAChange) && world_->random.Chance(2)) {
      continue;
    }
    See(entry);
    if (IsPlanted(Bug::kWatcherIsToldTwice) && world_->random.Chance(2)) {
      See(entry);
    }
  }
  if (sequence_ != commit.sequence) {
    world_->story.Break("watchers", name_, " is at ", sequence_,
                        ", it is told that this is ", commit.sequence);
    sequence_ = commit.sequence;
  }
  if (commit.sequence % 16 == 0) {
    world_->truth.CheckBoard(name_, *commit.board, commit.sequence);
  }
}

void Watcher::See(const store::JournalEntry& entry) {
  if (!core::IsJournaled(entry.event.kind)) {
    if (entry.sequence != sequence_) {
      world_->story.Break("watchers", name_, " is at ", sequence_,
                          " and is told a position of ", entry.sequence);
    }
    return;
  }
  if (entry.sequence != sequence_ + 1) {
    world_->story.Break("watchers", name_, " is told of ", entry.sequence,
                        " after ", sequence_);
  } else if (entry.sequence > world_->truth.sequence()) {
    world_->story.Break("watchers", name_, " is told of ", entry.sequence,
                        " before it is written");
  } else if (!(store::AsStored(entry.event) ==
               world_->truth.entry(entry.sequence))) {
    world_->story.Break("watchers", name_, " is told something else of ",
                        entry.sequence, " than the journal says");
  }
  sequence_ = entry.sequence;
}

}  // namespace housecall::simulation
