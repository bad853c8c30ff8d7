#include "tests/simulation/clients.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/core/draft.h"
#include "tests/core/builders.h"

namespace housecall::simulation {
namespace {

using core::Board;
using core::CallState;

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr const char* kPatients[] = {"a", "b", "c", "d"};
// Of every account before the night. What is kept of one stands for its hash.
constexpr char kFirstPassword[] = "the first";

// --- Who they are -----------------------------------------------------------

core::Actor NurseActor(int i) {
  return core::testing::ActorOf(
      core::Role::kRequester, i == 0 ? "nurse-ito" : absl::StrCat("nurse-", i),
      "station-asahi");
}

core::Actor CrewActor(core::Role role, int i) {
  return core::testing::ActorOf(
      role, absl::StrCat(role == core::Role::kPhysician ? "p" : "d", i),
      "clinic-hino");
}

core::Actor ReceptionActor() {
  return core::testing::ActorOf(core::Role::kCareTeam, "reception",
                                "clinic-sakura");
}

// A nurse who also takes notes, with an account of its own for it.
core::Actor StationActor() {
  core::Actor actor = core::testing::ActorOf(core::Role::kCareTeam, "nurse-ito",
                                             "station-asahi");
  actor.account = core::AccountId("station");
  return actor;
}

core::Actor AdministratorActor() {
  return core::testing::ActorOf(core::Role::kAdministrator, "admin",
                                "clinic-hino");
}

std::vector<core::Actor> ActorsOf(const Plan& plan) {
  std::vector<core::Actor> actors = {core::testing::OperatorActor(),
                                     ReceptionActor(), StationActor(),
                                     AdministratorActor()};
  for (int i = 0; i < plan.nurses; ++i) actors.push_back(NurseActor(i));
  for (int i = 1; i <= plan.physicians; ++i) {
    actors.push_back(CrewActor(core::Role::kPhysician, i));
  }
  for (int i = 1; i <= plan.drivers; ++i) {
    actors.push_back(CrewActor(core::Role::kDriver, i));
  }
  return actors;
}

// --- What they ask for ------------------------------------------------------

// "SubmitCall" of "…::SubmitCall" as the compiler spells the type.
template <typename C>
std::string NameOfCommand() {
  const std::string spelt = __PRETTY_FUNCTION__;
  const size_t begin = spelt.find("C = ") + 4;
  std::string name =
      spelt.substr(begin, spelt.find_first_of(";]", begin) - begin);
  for (size_t at; (at = name.find("housecall::core::")) != std::string::npos;) {
    name.erase(at, 17);
  }
  return name;
}

std::string WordsOf(const core::Command& command) {
  return std::visit(
      [](const auto& c) {
        using C = std::decay_t<decltype(c)>;
        std::string words = NameOfCommand<C>();
        if constexpr (requires { c.calls; }) {
          for (const core::CallId& id : c.calls) {
            absl::StrAppend(&words, " ", id.value());
          }
        }
        if constexpr (requires { c.call.value(); }) {
          absl::StrAppend(&words, " ", c.call.value());
        }
        if constexpr (requires { c.offer.value(); }) {
          absl::StrAppend(&words, " ", c.offer.value());
        }
        if constexpr (requires { c.assignment.value(); }) {
          absl::StrAppend(&words, " ", c.assignment.value());
        }
        if constexpr (requires { c.note.value(); }) {
          absl::StrAppend(&words, " ", c.note.value());
        }
        if constexpr (requires { c.delivery.value(); }) {
          absl::StrAppend(&words, " ", c.delivery.value());
        }
        if constexpr (requires { c.task.value(); }) {
          absl::StrAppend(&words, " ", c.task.value());
        }
        if constexpr (std::is_same_v<C, core::AdvanceVisit>) {
          absl::StrAppend(&words, " ", NameOf(c.step));
        }
        return words;
      },
      command);
}

}  // namespace

Board BoardOf(const Plan& plan) {
  core::testing::BoardBuilder builder(plan.start_time);
  builder.Change<core::Organization>("clinic-sakura", [](auto& clinic) {
    clinic.webhook = core::Webhook{"https://sakura.example/notes",
                                   PrivateText("whsec_c2VjcmV0")};
  });
  builder.AddPerson("reception", "clinic-sakura");
  builder.AddPerson("admin", "clinic-hino");
  builder.ChangePolicy([&plan](core::Policy& policy) {
    policy.driver_waits = plan.driver_waits;
    policy.session_timeout = plan.session_duration;
  });
  for (int i = 1; i < plan.nurses; ++i) {
    builder.AddPerson(absl::StrCat("nurse-", i), "station-asahi");
  }
  for (int i = 1; i <= plan.physicians; ++i) {
    builder.AddPhysician(absl::StrCat("p", i), {.self_drive = i % 2 == 0});
  }
  for (int i = 1; i <= plan.drivers; ++i) {
    builder.AddDriver(absl::StrCat("d", i), absl::StrCat("k", i));
  }
  int east = 1;
  for (const char* id : kPatients) {
    builder.AddPatient(id, {.position = core::testing::Near(east++, 1)});
    builder.Change<core::Patient>(id, [](core::Patient& patient) {
      patient.conditions = {PrivateText(kClinical)};
      for (core::CareTeamMember& member : patient.care_team) {
        if (member.organization.value() == "clinic-sakura") {
          member.channels = {core::ChannelKind::kWebhook,
                             core::ChannelKind::kInbox};
        }
      }
    });
  }
  for (const core::Actor& actor : ActorsOf(plan)) {
    core::Account account;
    account.id = actor.account;
    account.etag.number = 1;
    account.person = actor.person;
    account.roles = actor.roles;
    account.password_hash = PrivateText(kFirstPassword);
    builder.Put(account);
  }
  return builder.Build();
}

// --- A client ---------------------------------------------------------------

struct Client::Slot {
  Mutex mutex;
  CondVar wake;
  std::optional<absl::StatusOr<engine::Result>> answer
      HOUSECALL_GUARDED_BY(mutex);

  void Put(absl::StatusOr<engine::Result> result) {
    {
      MutexLock lock(mutex);
      if (answer.has_value()) return;
      answer = std::move(result);
    }
    wake.NotifyAll();
  }
};

Client::Client(World* world, const std::vector<Node*>* nodes, std::string name,
               core::Actor actor)
    : world_(world),
      nodes_(nodes),
      name_(std::move(name)),
      actor_(std::move(actor)) {
  world->passwords[actor_.account] = {kFirstPassword};
}

void Client::Pause(int64_t least_seconds, int64_t most_seconds) {
  world_->Sleep(random().Between(absl::Seconds(least_seconds),
                                 absl::Seconds(most_seconds)));
}

PrivateText Client::Say(std::string* token) {
  *token = absl::StrCat("said-", random().Next(), ";");
  return PrivateText(absl::StrCat(kClinical, " ", *token));
}

PrivateText Client::Say() {
  std::string token;
  return Say(&token);
}

core::Command Client::AsSeen(const Board& board, core::Command command) {
  const auto version_of = [&](const core::CallId& id) {
    const auto* call = board.Find<core::Call>(id);
    return call == nullptr ? core::Version() : call->etag;
  };
  std::visit(
      [&](auto& c) {
        using C = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<C, core::DraftNote>) {
          // The etag is the note's.
        } else if constexpr (std::is_same_v<C, core::OfferVisit>) {
          if (random().Chance(30)) return;
          for (const core::CallId& id : c.calls) {
            c.etags.push_back(version_of(id));
          }
        } else if constexpr (requires {
                               c.call;
                               c.etag.has_value();
                             }) {
          if (random().Chance(30)) return;
          c.etag = version_of(c.call);
        }
      },
      command);
  return command;
}

core::SubmitCall Client::NewCall(const std::string& id, std::string* token) {
  core::SubmitCall submit;
  submit.call = core::CallId(id);
  submit.patient = core::PatientId(kPatients[random().Below(4)]);
  submit.complaint = Say(token);
  submit.judgement = PrivateText(kClinical);
  submit.callback_phone = PrivateText("042-000-0300");
  return submit;
}

engine::BoardPtr Client::Look() {
  for (int i = 0; i < 3; ++i) {
    Node* const node =
        node_ != nullptr && i == 0 ? node_ : random().Of(*nodes_);
    const std::shared_ptr<Process> process = node->process();
    if (process == nullptr || process->is_dead()) continue;
    engine::BoardPtr board = process->board();
    // On its way to the device.
    world_->Sleep(
        random().Between(absl::Milliseconds(1), absl::Milliseconds(200)));
    return board;
  }
  return nullptr;
}

void Client::Deliver(const Request& request, Node* node,
                     const std::shared_ptr<Slot>& slot) {
  const std::shared_ptr<Process> process = node->process();
  if (process == nullptr || process->is_dead()) {
    slot->Put(absl::UnavailableError("nobody listens there"));
    return;
  }
  process->Take(request, [world = world_,
                          slot](const absl::StatusOr<engine::Result>& result) {
    if (world->Strikes(world->plan.message_lost)) {
      ++world->faults;
      return;
    }
    world->After(
        world->random.Between(absl::Milliseconds(1), absl::Milliseconds(30)),
        [slot, result] { slot->Put(result); });
  });
}

void Client::Send(const Request& request, Node* node,
                  const std::shared_ptr<Slot>& slot) {
  const Plan& plan = world_->plan;
  int copies = 1;
  if (world_->Strikes(plan.message_lost)) --copies;
  if (world_->Strikes(plan.message_doubled)) ++copies;
  if (copies != 1) ++world_->faults;
  for (; copies > 0; --copies) {
    absl::Duration delay =
        random().Between(absl::Milliseconds(1), absl::Milliseconds(30));
    if (world_->Strikes(plan.message_late)) {
      ++world_->faults;
      delay = random().Between(absl::Seconds(1), absl::Minutes(3));
    }
    world_->After(
        delay, [this, request, node, slot] { Deliver(request, node, slot); });
    node = random().Of(*nodes_);
  }
}

std::optional<absl::StatusOr<engine::Result>> Client::AskOnce(
    const Request& request) {
  if (node_ == nullptr) node_ = random().Of(*nodes_);
  auto slot = std::make_shared<Slot>();
  Send(request, node_, slot);
  const absl::Time patience = world_->Now() + kPatience;
  MutexLock lock(slot->mutex);
  while (!slot->answer.has_value() && world_->Now() < patience) {
    slot->wake.WaitFor(slot->mutex, patience - world_->Now());
  }
  return slot->answer;
}

Request Client::Login(const std::string& password) const {
  Request request;
  request.actor = actor_;
  request.words = absl::StrCat("a login (", name_, ")");
  request.command = core::OpenSession{core::SessionId(), actor_.account,
                                      PrivateText(password)};
  return request;
}

bool Client::LogIn() {
  const std::vector<std::string>& known = world_->passwords[actor_.account];
  size_t wrong = 0;
  while (!world_->over) {
    // The newest that he was told of first.
    const auto answer =
        AskOnce(Login(known[known.size() - 1 - wrong % known.size()]));
    if (answer.has_value() && answer->ok()) {
      session_ = std::get<core::SessionId>((*answer)->subject);
      return true;
    }
    node_ = nullptr;
    if (answer.has_value() && absl::IsUnauthenticated(answer->status())) {
      ++wrong;
      Pause(10, 60);
    } else {
      Pause(1, 8);
    }
  }
  return false;
}

void Client::EndSession() {
  ends_session_ = true;
  const core::SessionId session = session_;
  if (random().Chance(60)) {
    const auto answer = Ask(core::RevokeSession{session});
    if (answer.has_value() && answer->ok()) {
      old_session_ = session;
      session_ = {};
      if (random().Chance(70)) TryOldSession();
    }
  } else {
    std::vector<std::string>& known = world_->passwords[actor_.account];
    // Somebody else knows the old one, and is quick.
    Send(Login(known.back()), random().Of(*nodes_), std::make_shared<Slot>());
    const std::string password = absl::StrCat("password ", random().Next());
    known.push_back(password);
    (void)Ask(
        core::ChangePassword{actor_.account, PrivateText(password), session});
  }
  ends_session_ = false;
}

void Client::TryOldSession() {
  Request request;
  request.id = absl::StrCat("r", random().Next());
  request.fingerprint = absl::StrCat("f", random().Next());
  request.session = old_session_;
  request.actor = actor_;
  request.command = core::ConfirmPatient{core::PatientId(kPatients[0])};
  request.words = absl::StrCat(WordsOf(request.command), " (", name_,
                               " by an old session)");
  world_->truth.WillSend(request);
  Send(request, random().Of(*nodes_), std::make_shared<Slot>());
}

std::optional<absl::StatusOr<engine::Result>> Client::Ask(
    core::Command command, const std::string& token) {
  if (!session_.empty() && !ends_session_ && !world_->quiet &&
      random().PerMille(world_->plan.logs_out)) {
    EndSession();
  }
  Request request;
  request.id = absl::StrCat("r", random().Next());
  request.fingerprint = absl::StrCat("f", random().Next());
  request.actor = actor_;
  request.words = absl::StrCat(WordsOf(command), " (", name_, ")");
  request.command = std::move(command);
  request.token = token;
  if (token.empty() && !used_ids_.empty() &&
      world_->Strikes(world_->plan.request_id_reused)) {
    request.id = random().Of(used_ids_);
    absl::StrAppend(&request.words, " under the id of another request");
  }
  world_->truth.WillSend(request);
  world_->story.Tell(name_, "asks ", request.words);
  while (!world_->over) {
    if (session_.empty() && !LogIn()) break;
    request.session = session_;
    const auto answer = AskOnce(request);
    if (answer.has_value() && absl::IsUnauthenticated(answer->status())) {
      old_session_ = std::exchange(session_, core::SessionId());
      // Nobody logs in to log out.
      if (ends_session_) return answer;
      if (random().Chance(30)) TryOldSession();
      continue;
    }
    if (answer.has_value() && !absl::IsUnavailable(answer->status()) &&
        !absl::IsResourceExhausted(answer->status())) {
      if (answer->ok()) used_ids_.push_back(request.id);
      return answer;
    }
    // Somewhere else, later; or never.
    node_ = nullptr;
    if (world_->Strikes(30)) {
      world_->story.Tell(name_, "gives up ", request.words);
      return std::nullopt;
    }
    world_->Sleep(random().Between(absl::Milliseconds(200), absl::Seconds(4)));
  }
  return std::nullopt;
}

void Client::Tell(core::Command command) {
  if (session_.empty() && !LogIn()) return;
  Request request;
  request.session = session_;
  request.actor = actor_;
  request.words = absl::StrCat(WordsOf(command), " (", name_, ")");
  request.command = std::move(command);
  Send(request, node_ != nullptr ? node_ : random().Of(*nodes_),
       std::make_shared<Slot>());
}

namespace {

// --- Requesters -------------------------------------------------------------

class Nurse final : public Client {
 public:
  Nurse(World* world, const std::vector<Node*>* nodes, core::Actor actor,
        int calls)
      : Client(world, nodes, actor.person.value(), actor), calls_(calls) {
    world->unsubmitted += calls;
  }

  void Live() override {
    for (int i = 1; i <= calls_ && !world().over; ++i) {
      Pause(1, 600);
      Submit(absl::StrCat("c-", name(), "-", i));
      --world().unsubmitted;
      for (int64_t n = random().Below(3); n > 0; --n) {
        Pause(1, 120);
        SayMore();
      }
    }
    while (!world().over) {
      Pause(60, 300);
      if (!world().quiet) SayMore();
    }
  }

 private:
  void Submit(const std::string& id) {
    std::string token;
    core::SubmitCall submit = NewCall(id, &token);
    if (random().Chance(20)) {
      submit.patient = {};
      submit.short_patient = core::ShortPatient();
      submit.short_patient->display_name = PrivateText(kClinical);
      submit.place = core::Place();
      submit.place->address = PrivateText(kClinical);
      submit.place->position = core::testing::Near(2, 2);
    }
    if (random().Chance(15)) {
      submit.red_flags = {core::RedFlag::kUnconscious};
    }
    const auto answer = Ask(submit, token);
    if (!answer.has_value() || !answer->ok()) return;
    if (const auto* call = std::get_if<core::CallId>(&(*answer)->subject)) {
      mine_.push_back(*call);
    }
  }

  void SayMore() {
    const engine::BoardPtr board = Look();
    if (board == nullptr || mine_.empty()) return;
    const core::CallId id = random().Of(mine_);
    const core::Call* call = board->Find<core::Call>(id);
    if (call == nullptr || core::IsOver(call->state)) return;
    const int64_t what = random().Below(100);
    if (what < 60) {
      core::AddFact fact;
      fact.call = id;
      std::string token;
      fact.text = Say(&token);
      (void)Ask(fact, token);
    } else if (what < 70) {
      (void)Ask(core::RequestCancel{id, call->etag, Say()});
    } else if (what < 75) {
      (void)Ask(core::RaiseEmergency{id, {}});
    } else if (what < 85) {
      (void)Ask(core::InformRequester{id});
    } else {
      (void)Ask(core::FollowCall{id});
    }
  }

  const int calls_;
  std::vector<core::CallId> mine_;
};

// --- The operator -----------------------------------------------------------

class Operator final : public Client {
 public:
  Operator(World* world, const std::vector<Node*>* nodes)
      : Client(world, nodes, "op-mori", core::testing::OperatorActor()),
        on_paper_(world->plan.paper_calls) {
    world->unsubmitted += on_paper_;
  }

  void Live() override {
    while (!world().over) {
      Pause(5, 40);
      if (on_paper_ > 0 && (random().Chance(10) || world().quiet)) {
        Enter(absl::StrCat("c-paper-", on_paper_));
        --on_paper_;
        --world().unsubmitted;
        continue;
      }
      const engine::BoardPtr board = Look();
      if (board == nullptr) continue;
      if (const auto next = NextThing(*board)) {
        (void)Ask(AsSeen(*board, *next));
      }
      if (world().quiet && quiet_since_ == absl::InfiniteFuture()) {
        quiet_since_ = world().Now();
      }
    }
  }

 private:
  // What stands on a sheet, or was said on the telephone.
  void Enter(const std::string& id) {
    std::string token;
    core::SubmitCall submit = NewCall(id, &token);
    submit.requester = core::PersonId("nurse-ito");
    submit.source = random().Chance(70) ? core::CallSource::kPaper
                                        : core::CallSource::kPhone;
    if (submit.source == core::CallSource::kPaper || random().Chance(50)) {
      // Not always before he enters it, by the clock of the node.
      submit.written_time = absl::FromUnixMicros(absl::ToUnixMicros(
          world().Now() - absl::Seconds(random().Between(-2, 3000))));
    }
    (void)Ask(submit, token);
  }

  // Whoever has no crew long after the last storm is told that none will come.
  bool IsLate() { return world().Now() > quiet_since_ + absl::Minutes(40); }

  std::optional<core::Command> NextThing(const Board& board) {
    std::vector<core::Command> things;
    board.open_calls().ForEach([&](const core::CallId& id, bool) {
      AddThings(board, *board.Find<core::Call>(id), &things);
    });
    board.open_deliveries().ForEach([&](const core::DeliveryId& id, bool) {
      const auto& delivery = *board.Find<core::Delivery>(id);
      if (delivery.state == core::DeliveryState::kFailed) {
        if (random().Chance(50) && !IsLate()) {
          things.emplace_back(core::RetryDelivery{id});
        } else {
          things.emplace_back(core::ConfirmReceiptByHand{id, Say(), Say()});
        }
      }
    });
    board.open_tasks().ForEach([&](const core::TaskId& id, bool) {
      if (random().Chance(30)) {
        things.emplace_back(core::AcknowledgeTask{id});
      } else if (random().Chance(30)) {
        things.emplace_back(core::ResolveTask{id, Say()});
      }
    });
    board.table<core::Car>().ForEach([&](const auto&, const core::Car& car) {
      if (car.state != core::CarState::kBrokenDown) return;
      core::Car repaired = car;
      repaired.state = core::CarState::kAvailable;
      things.emplace_back(core::Update<core::Car>{repaired});
    });
    board.table<core::Assignment>().ForEach([&](const auto& id, const auto& a) {
      if (a.state != core::AssignmentState::kFinished || !IsLate()) return;
      if (!a.physician_hours.has_value()) {
        things.emplace_back(core::ConfirmHours{id, a.physician});
      } else if (!a.driver.empty() && !a.driver_hours.has_value()) {
        things.emplace_back(core::ConfirmHours{id, a.driver});
      }
    });
    if (things.empty()) return std::nullopt;
    return random().Of(things);
  }

  void AddThings(const Board& board, const core::Call& call,
                 std::vector<core::Command>* things) {
    const core::CallId& id = call.id;
    const auto add = [&](core::Command command) {
      things->push_back(std::move(command));
    };
    if (call.cancel_request.has_value() &&
        call.cancel_request->state == core::CancelState::kRequested) {
      add(core::AnswerCancel{id, random().Chance(50), Say()});
    }
    switch (call.state) {
      case CallState::kReceived: {
        core::TriageCall triage;
        triage.call = id;
        triage.disposition = random().Chance(85) ? core::Disposition::kVisit
                                                 : core::Disposition::kAdvice;
        triage.urgency = random().Chance(40) ? core::Urgency::kUrgent
                                             : core::Urgency::kStandard;
        if (triage.disposition == core::Disposition::kVisit &&
            random().Chance(10)) {
          const absl::Time start =
              world().Now() + absl::Minutes(random().Between(61, 90));
          triage.schedule = core::Window{start, start + absl::Hours(1)};
        }
        if (call.source == core::CallSource::kPaper && random().Chance(60)) {
          // It was triaged on the sheet, too.
          triage.written_time =
              core::WaitingSince(call) + absl::Seconds(random().Below(600));
        }
        add(triage);
        break;
      }
      case CallState::kTriaged:
        add(core::CloseCall{id, core::Outcome::kAdviceGiven, Say()});
        break;
      case CallState::kScheduled:
      case CallState::kMatching:
      case CallState::kOffered:
      case CallState::kAccepted:
      case CallState::kEnRoute:
        if (IsLate()) add(core::CancelCall{id, call.etag, Say()});
        if (call.state == CallState::kMatching && random().Chance(3)) {
          add(core::GrantDistanceException{id, Say()});
        }
        if (call.state == CallState::kMatching && random().Chance(3)) {
          add(core::HoldCall{
              id, std::nullopt, Say(),
              world().Now() + absl::Minutes(random().Between(1, 10))});
        }
        break;
      case CallState::kOnHold:
        if (!call.hold_until_time.has_value() || IsLate()) {
          add(core::ResumeCall{id});
        }
        break;
      case CallState::kEmergency119:
        AddEmergency(board, call, things);
        break;
      case CallState::kNotFound:
        AddSearch(call, things);
        break;
      case CallState::kOnScene:
        if (IsLate()) AddLeaving(board, call, things);
        break;
      case CallState::kDepartedScene:
      case CallState::kNoteSent:
        if (!call.requester_informed.has_value()) {
          add(core::InformRequester{id});
        }
        if (call.care_team.empty()) {
          core::CareTeamMember clinic;
          clinic.role = core::CareRole::kPrimaryClinic;
          clinic.organization = core::OrganizationId("clinic-sakura");
          add(core::SetCareTeam{id, {clinic}, std::nullopt});
        }
        break;
      case CallState::kUnspecified:
      case CallState::kClosed:
      case CallState::kMerged:
      case CallState::kCancelled:
        break;
    }
  }

  // Somebody on the telephone says what the crew does.
  static void AddLeaving(const Board& board, const core::Call& call,
                         std::vector<core::Command>* things) {
    const auto* crew = board.Find<core::Assignment>(call.assignment);
    if (crew == nullptr) return;
    for (const core::Step step :
         {core::Step::kStartTreatment, core::Step::kEndTreatment,
          core::Step::kLeave}) {
      things->emplace_back(core::AdvanceVisit{
          crew->id, step == core::Step::kLeave ? core::CallId() : call.id, step,
          std::nullopt});
    }
  }

  void AddEmergency(const Board& board, const core::Call& call,
                    std::vector<core::Command>* things) {
    core::DecideEmergency decide;
    decide.call = call.id;
    decide.decision =
        random().Chance(80) || IsLate() ? core::EmergencyDecision::kGoOn
        : random().Chance(50)           ? core::EmergencyDecision::kStandDown
                              : core::EmergencyDecision::kPhoneSupport;
    decide.reason = Say();
    things->emplace_back(decide);
    if (call.emergency.has_value() &&
        call.emergency->decision != core::EmergencyDecision::kUndecided) {
      things->emplace_back(
          core::CloseCall{call.id, core::Outcome::kEmergency119, Say()});
    }
    if (IsLate()) AddLeaving(board, call, things);
  }

  void AddSearch(const core::Call& call, std::vector<core::Command>* things) {
    if (core::TriedEveryStep(call)) {
      things->emplace_back(
          core::CloseCall{call.id, core::Outcome::kPatientNotFound, Say()});
      return;
    }
    if (random().Chance(20)) {
      things->emplace_back(core::ReportFound{call.id});
      return;
    }
    for (const core::NotFoundStep step : AllValues<core::NotFoundStep>()) {
      things->emplace_back(core::RecordNotFoundStep{call.id, step, false});
    }
  }

  absl::Time quiet_since_ = absl::InfiniteFuture();
  int on_paper_;
};

// --- Crews ------------------------------------------------------------------

class CrewMember : public Client {
 public:
  CrewMember(World* world, const std::vector<Node*>* nodes, core::Actor actor)
      : Client(world, nodes, actor.person.value(), actor),
        id_(actor.person),
        role_(actor.MainRole()) {}

  void Live() override {
    while (!world().over) {
      Pause(3, 25);
      if (random().Chance(40)) SayWhere();
      const engine::BoardPtr board = Look();
      if (board == nullptr) continue;
      if (AnswerOffer(*board)) continue;
      if (const core::Assignment* crew = board->RunningAssignmentOf(id_)) {
        Go(*board, *crew);
      } else if (!ConfirmHours(*board)) {
        BackToDuty(*board);
      }
      Write(*board);
    }
  }

 protected:
  virtual void Write(const Board&) {}
  const core::PersonId& id() const { return id_; }

 private:
  void SayWhere() {
    core::ReportPosition report;
    report.person = id_;
    report.position =
        core::testing::Near(random().Fraction() * 4, random().Fraction() * 4);
    report.accuracy_meters = 10;
    report.device_time =
        absl::FromUnixMicros(absl::ToUnixMicros(world().Now()));
    if (world().Strikes(world().plan.position_lies)) {
      report.device_time += absl::Seconds(random().Between(-900, 900));
    }
    world().truth.WillReport(report.position, report.device_time);
    Tell(report);
  }

  bool AnswerOffer(const Board& board) {
    const core::Offer* offer = board.PendingOfferTo(id_);
    if (offer == nullptr) return false;
    const core::Answer mine = role_ == core::Role::kPhysician
                                  ? offer->physician_answer
                                  : offer->driver_answer;
    if (mine != core::Answer::kNone) return false;
    if (offer->id != seen_offer_) {
      seen_offer_ = offer->id;
      ignores_ = random().Chance(world().plan.offers_ignored_percent);
    }
    if (ignores_) return false;
    if (random().Chance(10)) {
      (void)Ask(core::DeclineOffer{offer->id, id_, "busy"});
    } else {
      (void)Ask(core::AcceptOffer{offer->id, id_});
    }
    return true;
  }

  void Go(const Board& board, const core::Assignment& crew) {
    if (random().Chance(30)) return;
    core::AdvanceVisit step;
    step.assignment = crew.id;
    if (random().Chance(50)) step.device_time = world().Now();
    switch (crew.state) {
      case core::AssignmentState::kAccepted:
        // Some do not move.
        if (random().Chance(world().plan.offers_ignored_percent)) {
          Pause(60, 900);
        }
        step.step = core::Step::kDepart;
        break;
      case core::AssignmentState::kEnRoute:
        if (role_ == core::Role::kDriver && random().PerMille(15)) {
          (void)Ask(core::ReportBreakdown{crew.car, "engine"});
          return;
        }
        if (role_ == core::Role::kPhysician && random().PerMille(10)) {
          (void)Ask(core::ReportDriverMissing{crew.id, random().Chance(50)});
          return;
        }
        step.step =
            !crew.pick_up.has_value() && !crew.self_drive && random().Chance(50)
                ? core::Step::kPickUp
                : core::Step::kArrive;
        break;
      case core::AssignmentState::kOnScene:
        if (role_ != core::Role::kPhysician) return;
        NextAtTheDoor(board, crew, &step);
        if (step.step == core::Step::kUnspecified) return;
        break;
      case core::AssignmentState::kUnspecified:
      case core::AssignmentState::kFinished:
      case core::AssignmentState::kReleased:
      case core::AssignmentState::kWaitingForCar:
        return;
    }
    (void)Ask(step);
  }

  void NextAtTheDoor(const Board& board, const core::Assignment& crew,
                     core::AdvanceVisit* step) {
    for (const core::CallId& call_id : crew.calls) {
      const auto* call = board.Find<core::Call>(call_id);
      const auto* visit =
          call == nullptr ? nullptr : board.Find<core::Visit>(call->visit);
      if (visit == nullptr || !visit->patient_found ||
          visit->treatment_end.has_value()) {
        continue;
      }
      step->call = call_id;
      if (visit->treatment_start.has_value()) {
        step->step = core::Step::kEndTreatment;
      } else if (random().Chance(5)) {
        (void)Ask(core::ReportNotFound{call_id});
      } else {
        step->step = core::Step::kStartTreatment;
      }
      return;
    }
    step->step = core::Step::kLeave;
  }

  bool ConfirmHours(const Board& board) {
    std::optional<core::AssignmentId> mine;
    board.table<core::Assignment>().ForEach([&](const auto& id, const auto& a) {
      if (a.state != core::AssignmentState::kFinished) return;
      if ((a.physician == id_ && !a.physician_hours.has_value()) ||
          (a.driver == id_ && !a.driver_hours.has_value())) {
        mine = id;
      }
    });
    if (!mine.has_value()) return false;
    (void)Ask(core::ConfirmHours{*mine, id_});
    return true;
  }

  void BackToDuty(const Board& board) {
    const core::Duty* duty = board.Find<core::Duty>(id_);
    if (duty == nullptr || duty->on_duty || random().Chance(70)) return;
    (void)Ask(core::GoOnDuty{id_, role_, core::CarId()});
  }

  const core::PersonId id_;
  const core::Role role_;
  core::OfferId seen_offer_;
  bool ignores_ = false;
};

class Physician final : public CrewMember {
 public:
  using CrewMember::CrewMember;

 private:
  void Write(const Board& board) override {
    std::optional<core::Command> next;
    board.open_calls().ForEach([&](const core::CallId& call_id, bool) {
      const core::Call& call = *board.Find<core::Call>(call_id);
      const auto* visit = board.Find<core::Visit>(call.visit);
      if (next.has_value() || visit == nullptr || visit->physician != id() ||
          !visit->arrive.has_value()) {
        return;
      }
      const auto* note = board.Find<core::Note>(call.note);
      if (note == nullptr || (note->state == core::NoteState::kSigned &&
                              !world().quiet && random().PerMille(20))) {
        core::DraftNote draft;
        draft.call = call_id;
        draft.text.findings = Say();
        draft.text.advice = Say();
        next = draft;
      } else if (note->draft.has_value() && note->author == id()) {
        next = core::SignNote{note->id, note->etag, Say()};
      }
    });
    if (next.has_value()) (void)Ask(*next);
  }
};

// --- The care team ----------------------------------------------------------

class Reception final : public Client {
 public:
  Reception(World* world, const std::vector<Node*>* nodes, core::Actor actor)
      : Client(world, nodes, absl::StrCat("at-", actor.organization.value()),
               actor) {}

  void Live() override {
    while (!world().over) {
      Pause(10, 200);
      const engine::BoardPtr board = Look();
      if (board == nullptr) continue;
      std::vector<core::DeliveryId> waiting;
      board->open_deliveries().ForEach([&](const auto& id, bool) {
        const auto& delivery = *board->Find<core::Delivery>(id);
        if (delivery.member.organization == actor().organization &&
            delivery.state == core::DeliveryState::kAwaitingReceipt) {
          waiting.push_back(id);
        }
      });
      if (waiting.empty()) continue;
      const core::DeliveryId id = random().Of(waiting);
      if (random().Chance(10)) (void)Ask(core::QuestionNote{id, Say()});
      (void)Ask(core::ConfirmReceipt{id});
    }
  }
};

// --- The administrator ------------------------------------------------------

// Changes the directory, the rota, accounts and cards while the night goes on.
class Administrator final : public Client {
 public:
  Administrator(World* world, const std::vector<Node*>* nodes)
      : Client(world, nodes, "admin", AdministratorActor()) {}

  void Live() override {
    while (!world().over) {
      Pause(20, world().quiet ? 60 : 240);
      const engine::BoardPtr board = Look();
      if (board == nullptr) continue;
      if (!world().quiet) {
        (void)Ask(Change(*board));
      } else if (const core::Account* locked = Locked(*board)) {
        (void)Ask(LockOrUnlock(*locked));
      }
    }
  }

 private:
  template <typename R>
  const R& Any(const Board& board) {
    std::vector<const R*> all;
    board.table<R>().ForEach(
        [&](const auto&, const R& record) { all.push_back(&record); });
    return *random().Of(all);
  }

  // An account that is not his own.
  const core::Account& AnyOther(const Board& board) {
    while (true) {
      const core::Account& account = Any<core::Account>(board);
      if (account.id != actor().account) return account;
    }
  }
  // One that is disabled, or null.
  static const core::Account* Locked(const Board& board) {
    const core::Account* locked = nullptr;
    board.table<core::Account>().ForEach([&](const auto&, const auto& account) {
      if (account.disabled) locked = &account;
    });
    return locked;
  }
  static core::SaveAccount Same(const core::Account& account) {
    core::SaveAccount save;
    save.account = account.id;
    save.person = account.person;
    save.roles = account.roles;
    save.disabled = account.disabled;
    return save;
  }
  static core::Command LockOrUnlock(const core::Account& account) {
    core::SaveAccount save = Same(account);
    save.disabled = !account.disabled;
    return save;
  }

  core::Command Change(const Board& board) {
    switch (random().Below(10)) {
      case 0: {
        core::Person person = Any<core::Person>(board);
        person.display_name = absl::StrCat("renamed ", random().Below(1000));
        return core::Update<core::Person>{person};
      }
      case 1: {
        core::Car car = Any<core::Car>(board);
        car.display_name = absl::StrCat("renamed ", random().Below(1000));
        return core::Update<core::Car>{car};
      }
      case 2: {
        // Some of them of people who are on their way.
        core::Override away;
        away.id = core::OverrideId(absl::StrCat("o", random().Below(1000)));
        away.kind = core::OverrideKind::kAbsence;
        const core::Duty& duty = Any<core::Duty>(board);
        away.person = duty.id;
        away.role = duty.role;
        away.start_time = world().Now() + absl::Hours(random().Below(3));
        away.end_time = away.start_time + absl::Hours(1);
        away.reason = "ill";
        return core::Create<core::Override>{away};
      }
      case 3: {
        core::SaveAccount save;
        save.account =
            core::AccountId(absl::StrCat("account-", random().Below(3)));
        save.person = core::PersonId("nurse-ito");
        save.roles = {core::Role::kRequester};
        save.password_hash = PrivateText("hash");
        save.create = random().Chance(50);
        save.disabled = !save.create && random().Chance(30);
        return save;
      }
      case 4:
      case 5: {
        const core::Account* locked = Locked(board);
        if (locked != nullptr && random().Chance(60)) {
          return LockOrUnlock(*locked);
        }
        return LockOrUnlock(AnyOther(board));
      }
      case 6: {
        // Somebody has forgotten his password, and is told a new one.
        core::SaveAccount save = Same(AnyOther(board));
        const std::string password = absl::StrCat("told ", random().Next());
        save.password_hash = PrivateText(password);
        world().passwords[save.account].push_back(password);
        return save;
      }
      case 7: {
        core::RecordAcp record;
        record.patient = Any<core::Patient>(board).id;
        record.entry.wishes = Say();
        record.entry.participants = Say();
        return record;
      }
      case 8:
        return core::ConfirmPatient{Any<core::Patient>(board).id};
      default: {
        core::Patient patient = Any<core::Patient>(board);
        patient.emergency_plan = Say();
        return core::Update<core::Patient>{patient};
      }
    }
  }
};

// --- Somebody who does anything at any time ---------------------------------

class Meddler final : public Client {
 public:
  Meddler(World* world, const std::vector<Node*>* nodes)
      : Client(world, nodes, "meddler", core::testing::OperatorActor()) {}

  void Live() override {
    while (!world().over && !world().quiet) {
      Pause(2, 40);
      const engine::BoardPtr board = Look();
      if (board == nullptr) continue;
      std::vector<core::CallId> calls;
      board->table<core::Call>().ForEach(
          [&](const core::CallId& id, const core::Call&) {
            calls.push_back(id);
          });
      if (calls.empty()) continue;
      std::string token;
      const core::Command command =
          Anything(*board, *board->Find<core::Call>(random().Of(calls)),
                   random().Of(calls), &token);
      (void)Ask(AsSeen(*board, command), token);
    }
  }

 private:
  core::PersonId AnyPhysician() {
    return core::PersonId(
        absl::StrCat("p", random().Between(1, world().plan.physicians)));
  }
  core::PersonId AnyDriver() {
    return core::PersonId(
        absl::StrCat("d", random().Between(1, world().plan.drivers)));
  }

  core::OfferVisit AnyOffer(const Board& board, const core::Call& call) {
    core::OfferVisit offer;
    offer.calls = {call.id};
    offer.physician = AnyPhysician();
    offer.self_drive = random().Chance(20);
    if (!offer.self_drive) {
      offer.driver = AnyDriver();
      if (const auto* duty = board.Find<core::Duty>(offer.driver)) {
        offer.car = duty->car;
      }
    }
    offer.estimate.arrive_time = world().Now() + absl::Minutes(20);
    offer.estimate.finish_time = world().Now() + absl::Minutes(60);
    offer.override_reason = Say();
    return offer;
  }

  core::Command Anything(const Board& board, const core::Call& call,
                         const core::CallId& other, std::string* token) {
    const core::CallId& id = call.id;
    switch (random().Below(24)) {
      case 0:
        return core::HoldCall{
            id, std::nullopt, Say(),
            random().Chance(70)
                ? std::optional(world().Now() + absl::Minutes(2))
                : std::nullopt};
      case 1:
        return core::ResumeCall{id};
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        return AnyOffer(board, call);
      case 7:
        return core::WithdrawOffer{call.offer, Say()};
      case 8:
        return core::ReleaseAssignment{call.assignment, "mistake"};
      case 9:
        if (random().Chance(50)) return core::UnmergeCall{id};
        return core::MergeCall{id, other};
      case 10: {
        core::CorrectPlace correct;
        correct.call = id;
        correct.place.address = Say();
        correct.place.position = core::testing::Near(1, 2);
        correct.reason = Say();
        return correct;
      }
      case 11:
        return core::GoOffDuty{random().Chance(50) ? AnyPhysician()
                                                   : AnyDriver()};
      case 12:
        if (random().Chance(30)) return core::CancelCall{id, call.etag, Say()};
        return core::RequestCancel{id, call.etag, Say()};
      case 13:
      case 14: {
        // Whoever is asked, and whoever is not.
        const core::PersonId person =
            random().Chance(50) ? AnyPhysician() : AnyDriver();
        const core::Offer* offer = board.PendingOfferTo(person);
        return core::AcceptOffer{offer == nullptr ? call.offer : offer->id,
                                 person};
      }
      case 15:
        if (random().Chance(30)) {
          // From a sheet of paper, right or not.
          core::RecordVisit visit;
          visit.call = id;
          visit.urgency = core::Urgency::kUrgent;
          visit.physician = AnyPhysician();
          visit.driver = AnyDriver();
          visit.depart_time = visit.arrive_time = visit.treatment_start_time =
              visit.treatment_end_time = visit.leave_time =
                  world().Now() - absl::Minutes(random().Below(10));
          return visit;
        }
        [[fallthrough]];
      case 16:
        return core::AdvanceVisit{call.assignment, id,
                                  random().Of(AllValues<core::Step>()),
                                  std::nullopt};
      case 17:
        return core::RaiseEmergency{id, {}};
      case 18:
        return core::AnswerCancel{id, random().Chance(50), Say()};
      case 19: {
        const std::vector<core::DeliveryId> ids = board.DeliveriesOf(call.note);
        if (ids.empty()) return core::FollowCall{id};
        return core::RetryDelivery{random().Of(ids)};
      }
      case 20:
        return core::CloseCall{id, core::Outcome::kTransferred, Say()};
      case 21: {
        core::TriageCall triage;
        triage.call = id;
        triage.disposition = core::Disposition::kVisit;
        triage.urgency = core::Urgency::kRoutine;
        return triage;
      }
      default: {
        core::AddFact fact;
        fact.call = id;
        fact.text = Say(token);
        return fact;
      }
    }
  }
};

}  // namespace

std::vector<std::unique_ptr<Client>> ClientsOf(
    World* world, const std::vector<Node*>* nodes) {
  const Plan& plan = world->plan;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < plan.nurses; ++i) {
    const int calls =
        plan.calls / plan.nurses + (i < plan.calls % plan.nurses ? 1 : 0);
    clients.push_back(
        std::make_unique<Nurse>(world, nodes, NurseActor(i), calls));
  }
  clients.push_back(std::make_unique<Operator>(world, nodes));
  for (int i = 1; i <= plan.physicians; ++i) {
    clients.push_back(std::make_unique<Physician>(
        world, nodes, CrewActor(core::Role::kPhysician, i)));
  }
  for (int i = 1; i <= plan.drivers; ++i) {
    clients.push_back(std::make_unique<CrewMember>(
        world, nodes, CrewActor(core::Role::kDriver, i)));
  }
  clients.push_back(
      std::make_unique<Reception>(world, nodes, ReceptionActor()));
  clients.push_back(std::make_unique<Reception>(world, nodes, StationActor()));
  if (plan.administrator) {
    clients.push_back(std::make_unique<Administrator>(world, nodes));
  }
  if (plan.meddler) {
    clients.push_back(std::make_unique<Meddler>(world, nodes));
  }
  return clients;
}

}  // namespace housecall::simulation
