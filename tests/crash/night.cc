#include "tests/crash/night.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/base/log.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/password.h"
#include "dispatcher/store/backup.h"
#include "dispatcher/store/sqlite_store.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "housecall/v1/note_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "router/travel_time_source.h"
#include "tests/simulation/random.h"

namespace housecall::crash {
namespace {

using simulation::Random;

const core::CenterId kCenter("crash");
constexpr char kParent[] = "centers/crash";
// What one try may take.
constexpr absl::Duration kPatience = absl::Seconds(5);

[[noreturn]] void Fail(const std::string& what) {
  std::cerr << "crash: " << what << std::endl;
  std::abort();
}

void Expect(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

std::string CallName(const std::string& id) {
  return absl::StrCat(kParent, "/calls/", id);
}

// The outcome may be unknown: the same request is sent again.
bool IsToBeRepeated(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

// Somebody else was faster, or the board was old.
bool IsHarmless(const grpc::Status& status) {
  return status.ok() || IsToBeRepeated(status) ||
         status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
         status.error_code() == grpc::StatusCode::ABORTED;
}

void Pause(Random& random, int64_t most_milliseconds) {
  absl::SleepFor(absl::Milliseconds(random.Between(1, most_milliseconds)));
}

}  // namespace

// --- What was promised ------------------------------------------------------

void Ledger::WillSend(const std::string& request_id, const std::string& token) {
  MutexLock lock(mutex_);
  sent_[request_id].token = token;
}

void Ledger::Answered(const std::string& request_id) {
  MutexLock lock(mutex_);
  sent_[request_id].answered = true;
  ++answered_;
}

void Ledger::Refused(const std::string& request_id) {
  MutexLock lock(mutex_);
  sent_[request_id].refused = true;
}

void Ledger::AddFault(const std::string& fault) {
  MutexLock lock(mutex_);
  faults_.push_back(fault);
}

std::map<std::string, Sent> Ledger::sent() const {
  MutexLock lock(mutex_);
  return sent_;
}

std::vector<std::string> Ledger::faults() const {
  MutexLock lock(mutex_);
  return faults_;
}

int64_t Ledger::answered() const {
  MutexLock lock(mutex_);
  return answered_;
}

// --- The center -------------------------------------------------------------

Night::Night(const std::string& program, const std::string& folder,
             NightOptions options)
    : options_(std::move(options)),
      database_(folder + "/housecall.db"),
      surroundings_(folder) {
  SetLogSink([](LogLevel, absl::string_view) {});
  absl::StatusOr<std::unique_ptr<cli::WebhookReceiver>> receiver =
      cli::WebhookReceiver::Start({.now = [this] {
        return absl::Now() + surroundings_.clock_offset();
      }});
  if (!receiver.ok()) Fail(receiver.status().ToString());
  receiver_ = *std::move(receiver);
  MakeCenter();
  daemon_ =
      std::make_unique<Daemon>(program, folder, database_, &surroundings_);
}

void Night::MakeCenter() {
  absl::StatusOr<std::unique_ptr<store::Store>> store =
      store::OpenSqliteStore(database_);
  if (!store.ok()) Fail(store.status().ToString());
  const RealClock clock;
  const router::StraightLine roads;
  engine::Options engine_options;
  engine_options.plans = false;
  engine::Engine engine(store->get(), &clock, &roads, engine_options);
  Expect(engine.Start());
  const auto make = [&](core::Command command) {
    engine::Submission submission;
    submission.actor = core::SystemActor();
    submission.command = std::move(command);
    Expect(engine.SubmitAndWait(kCenter, std::move(submission)).status());
  };
  const absl::Time now = clock.Now();
  core::Center center;
  center.id = kCenter;
  center.display_name = "crash";
  center.position = {35.698, 139.413};
  center.last_resort_contacts = {
      {PrivateText(kPlanted), PrivateText("000-0000")}};
  make(core::Create<core::Center>{center});
  core::Organization clinic;
  clinic.id = core::OrganizationId("clinic");
  clinic.kind = core::OrganizationKind::kClinic;
  clinic.display_name = kPlanted;
  clinic.position = center.position;
  clinic.webhook =
      core::Webhook{receiver_->url(), PrivateText(receiver_->secret())};
  make(core::Create<core::Organization>{clinic});
  const auto add_person = [&](const std::string& id, core::Role role,
                              int index) {
    core::Person person;
    person.id = core::PersonId(id);
    person.organization = clinic.id;
    person.display_name = kPlanted;
    person.display_name_kana = kPlanted;
    person.skills = {core::Skill::kGeneral};
    person.self_drive = true;
    person.employments = {{clinic.id, now - absl::Hours(24), {}}};
    make(core::Create<core::Person>{person});
    core::SaveAccount account;
    account.account = core::AccountId(id);
    account.person = person.id;
    account.roles = {role};
    account.password_hash = PrivateText("none");
    account.create = true;
    make(account);
    const auto token = server::MakeToken(kCenter);
    if (!token.ok()) Fail(token.status().ToString());
    make(core::OpenSession{token->session, account.account,
                           account.password_hash});
    sessions_[id] = absl::StrCat("Bearer ", token->text.Reveal());
    if (role != core::Role::kPhysician) return;
    core::Shift shift;
    shift.id = core::ShiftId(absl::StrCat("shift-", id));
    shift.person = person.id;
    shift.role = role;
    shift.start_time = now - absl::Hours(1);
    shift.end_time = now + absl::Hours(12);
    shift.organization = clinic.id;
    shift.base_position = {35.698 + 0.002 * index, 139.413};
    make(core::Create<core::Shift>{shift});
    core::GoOnDuty duty;
    duty.person = person.id;
    duty.role = role;
    make(duty);
  };
  add_person("operator", core::Role::kOperator, 0);
  for (int i = 0; i < options_.nurses; ++i) {
    add_person(absl::StrCat("nurse-", i), core::Role::kRequester, i);
  }
  for (int i = 0; i < options_.physicians; ++i) {
    add_person(absl::StrCat("physician-", i), core::Role::kPhysician, i);
  }
  for (int i = 0; i < options_.nurses * 2; ++i) {
    core::Patient patient;
    patient.id = core::PatientId(absl::StrCat("patient-", i));
    VisitFields(patient, [](const char* name, auto& field) {
      using Field = std::decay_t<decltype(field)>;
      // A date has to be one.
      if (absl::string_view(name) == "birth_date") return;
      if constexpr (std::is_same_v<Field, PrivateText>) {
        field = PrivateText(kPlanted);
      } else if constexpr (std::is_same_v<Field, std::vector<PrivateText>>) {
        field = {PrivateText(kPlanted)};
      }
    });
    patient.place.address = PrivateText(kPlanted);
    patient.place.position = core::LatLng{35.70, 139.41 + 0.002 * i};
    patient.primary_clinic = clinic.id;
    patient.care_team = {{core::CareRole::kPrimaryClinic,
                          clinic.id,
                          {},
                          {core::ChannelKind::kWebhook}}};
    make(core::Create<core::Patient>{patient});
  }
}

// --- People -----------------------------------------------------------------

template <typename Service, typename Request, typename Response>
grpc::Status Night::Once(const std::string& session, const char* what,
                         grpc::Status (Service::Stub::*method)(
                             grpc::ClientContext*, const Request&, Response*),
                         const Request& request, Response* response) {
  const std::shared_ptr<grpc::Channel> channel = daemon_->channel();
  const std::unique_ptr<typename Service::Stub> stub =
      Service::NewStub(channel);
  grpc::ClientContext context;
  context.AddMetadata("authorization", session);
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  *response = Response();
  const absl::Time start = absl::Now();
  const grpc::Status status = ((*stub).*method)(&context, request, response);
  if (options_.on_answer) {
    options_.on_answer(what, absl::Now() - start, status);
  }
  if (absl::StrContains(status.error_message(), kPlanted)) {
    ledger_.AddFault(absl::StrCat(what, " says a name or a clinical text"));
  }
  for (const char* inside : {"housecall.db", "SQLite"}) {
    if (absl::StrContains(status.error_message(), inside)) {
      ledger_.AddFault(absl::StrCat(
          what,
          " tells clients what is the server's: ", status.error_message()));
    }
  }
  return status;
}

void Night::See(const char* what, const grpc::Status& status) {
  if (IsHarmless(status)) return;
  ledger_.AddFault(absl::StrCat(what, ": code ", status.error_code(), ": ",
                                status.error_message()));
}

template <typename Service, typename Request, typename Response>
bool Night::Ask(const std::string& session, const char* what,
                grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                      const Request&,
                                                      Response*),
                Request request, Response* response, const std::string& token) {
  const std::string id = NewId("request");
  request.set_request_id(id);
  ledger_.WillSend(id, token);
  while (true) {
    const grpc::Status status =
        Once<Service>(session, what, method, request, response);
    if (status.ok()) {
      ledger_.Answered(id);
      return true;
    }
    if (!IsToBeRepeated(status)) {
      ledger_.Refused(id);
      See(what, status);
      return false;
    }
    // Some switch their devices off instead.
    if (stop_ || next_id_ % 50 == 0) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
}

template <typename Service, typename Request, typename Response>
bool Night::Read(const std::string& session, const char* what,
                 grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                       const Request&,
                                                       Response*),
                 const Request& request, Response* response) {
  while (!stop_) {
    const grpc::Status status =
        Once<Service>(session, what, method, request, response);
    if (status.ok()) return true;
    See(what, status);
    absl::SleepFor(absl::Milliseconds(10));
  }
  return false;
}

std::string Night::NewId(const char* kind) {
  return absl::StrCat(kind, "-", ++next_id_);
}

void Night::Nurse(int number) {
  const std::string session = sessions_.at(absl::StrCat("nurse-", number));
  Random random(static_cast<uint64_t>(number));
  using Service = v1::CallService;
  while (!stop_) {
    v1::SubmitCallRequest submit;
    const std::string token = absl::StrCat("said-", NewId("c"), ";");
    submit.set_call(CallName(NewId("call")));
    submit.set_patient(absl::StrCat(kParent, "/patients/patient-",
                                    number * 2 + random.Below(2)));
    submit.set_complaint(absl::StrCat(token, kPlanted));
    submit.set_onset(kPlanted);
    submit.set_judgement(kPlanted);
    submit.set_attendant(kPlanted);
    submit.set_callback_phone("042-000-0000");
    v1::Call call;
    if (!Ask<Service>(session, "SubmitCall", &Service::Stub::SubmitCall, submit,
                      &call, token)) {
      continue;
    }
    for (int64_t i = random.Below(4); i > 0 && !stop_; --i) {
      Pause(random, 30);
      v1::AddFactRequest fact;
      const std::string said = absl::StrCat("said-", NewId("f"), ";");
      fact.set_call(call.name());
      fact.set_text(absl::StrCat(said, kPlanted));
      v1::Call answer;
      Ask<Service>(session, "AddFact", &Service::Stub::AddFact, fact, &answer,
                   said);
    }
    Pause(random, 100);
  }
}

void Night::Operator() {
  const std::string session = sessions_.at("operator");
  Random random(77);
  using Service = v1::CallService;
  while (!stop_) {
    v1::ListCallsRequest list;
    list.set_parent(kParent);
    list.set_page_size(100);
    v1::ListCallsResponse calls;
    if (!Read<Service>(session, "ListCalls", &Service::Stub::ListCalls, list,
                       &calls)) {
      return;
    }
    for (const v1::Call& call : calls.calls()) {
      if (stop_) return;
      v1::Call answer;
      if (call.state() == v1::CALL_STATE_RECEIVED) {
        v1::TriageCallRequest triage;
        triage.set_call(call.name());
        const bool visit = random.Chance(50);
        triage.set_disposition(visit ? v1::DISPOSITION_VISIT
                                     : v1::DISPOSITION_ADVICE);
        triage.set_urgency(v1::URGENCY_URGENT);
        Ask<Service>(session, "TriageCall", &Service::Stub::TriageCall, triage,
                     &answer);
      } else if (call.state() == v1::CALL_STATE_TRIAGED) {
        v1::CloseCallRequest close;
        close.set_call(call.name());
        close.set_outcome(v1::OUTCOME_ADVICE_GIVEN);
        close.set_reason(kPlanted);
        Ask<Service>(session, "CloseCall", &Service::Stub::CloseCall, close,
                     &answer);
      } else if (call.state() == v1::CALL_STATE_NOTE_SENT &&
                 !call.has_requester_informed()) {
        v1::InformRequesterRequest inform;
        inform.set_call(call.name());
        Ask<Service>(session, "InformRequester",
                     &Service::Stub::InformRequester, inform, &answer);
      }
    }
    Pause(random, 50);
  }
}

void Night::Physician(int number) {
  const std::string person = absl::StrCat("physician-", number);
  const std::string session = sessions_.at(person);
  Random random(static_cast<uint64_t>(1000 + number));
  using Service = v1::VisitService;
  v1::GetDutyRequest get;
  while (!stop_) {
    v1::DutyView view;
    if (!Read<Service>(session, "GetDuty", &Service::Stub::GetDuty, get,
                       &view)) {
      return;
    }
    v1::ReportPositionRequest report;
    report.mutable_position()->set_latitude(35.69 + random.Fraction() * 0.01);
    report.mutable_position()->set_longitude(139.41);
    report.set_accuracy_meters(10);
    report.set_request_id(NewId("position"));
    const int64_t now = absl::ToUnixMillis(absl::Now());
    report.mutable_device_time()->set_seconds(now / 1000);
    v1::Position position;
    // Too old or too new for a clock that was stepped is no fault.
    (void)Once<Service>(session, "ReportPosition",
                        &Service::Stub::ReportPosition, report, &position);
    for (const v1::Offer& offer : view.offers()) {
      if (offer.physician_answer() != v1::ANSWER_UNSPECIFIED &&
          offer.physician_answer() != v1::ANSWER_NONE) {
        continue;
      }
      v1::AcceptOfferRequest accept;
      accept.set_offer(offer.name());
      v1::Offer answer;
      Ask<Service>(session, "AcceptOffer", &Service::Stub::AcceptOffer, accept,
                   &answer);
    }
    for (const v1::Assignment& crew : view.assignments()) {
      if (stop_) return;
      v1::Assignment answer;
      const auto step = [&](const char* what, auto method, auto request) {
        request.set_assignment(crew.name());
        return Ask<Service>(session, what, method, request, &answer);
      };
      if (crew.state() == v1::ASSIGNMENT_STATE_ACCEPTED) {
        step("StartDrive", &Service::Stub::StartDrive, v1::StartDriveRequest());
      } else if (crew.state() == v1::ASSIGNMENT_STATE_EN_ROUTE) {
        step("Arrive", &Service::Stub::Arrive, v1::ArriveRequest());
      } else if (crew.state() == v1::ASSIGNMENT_STATE_ON_SCENE) {
        for (const std::string& call : crew.calls()) {
          v1::StartTreatmentRequest start;
          start.set_call(call);
          step("StartTreatment", &Service::Stub::StartTreatment, start);
          v1::EndTreatmentRequest end;
          end.set_call(call);
          step("EndTreatment", &Service::Stub::EndTreatment, end);
          v1::DraftNoteRequest draft;
          const std::string token = absl::StrCat("said-", NewId("n"), ";");
          draft.set_call(call);
          draft.mutable_text()->set_findings(absl::StrCat(token, kPlanted));
          draft.mutable_text()->set_advice(kPlanted);
          v1::Note note;
          using Notes = v1::NoteService;
          if (Ask<Notes>(session, "DraftNote", &Notes::Stub::DraftNote, draft,
                         &note)) {
            v1::SignNoteRequest sign;
            sign.set_note(note.name());
            sign.set_etag(note.etag());
            if (note.versions_size() > 0) sign.set_amend_reason(kPlanted);
            v1::Note signed_note;
            Ask<Notes>(session, "SignNote", &Notes::Stub::SignNote, sign,
                       &signed_note, token);
          }
        }
        step("LeaveScene", &Service::Stub::LeaveScene, v1::LeaveSceneRequest());
      } else if (crew.state() == v1::ASSIGNMENT_STATE_FINISHED) {
        step("ConfirmHours", &Service::Stub::ConfirmHours,
             v1::ConfirmHoursRequest());
      }
    }
    Pause(random, 20);
  }
}

void Night::StartPeople() {
  stop_ = false;
  people_.emplace_back([this] { Operator(); });
  for (int i = 0; i < options_.nurses; ++i) {
    people_.emplace_back([this, i] { Nurse(i); });
  }
  for (int i = 0; i < options_.physicians; ++i) {
    people_.emplace_back([this, i] { Physician(i); });
  }
}

void Night::StopPeople() {
  stop_ = true;
  for (std::thread& person : people_) person.join();
  people_.clear();
}

grpc::Status Night::TryToRead() {
  using Service = v1::CallService;
  v1::ListCallsRequest list;
  list.set_parent(kParent);
  v1::ListCallsResponse calls;
  return Once<Service>(sessions_.at("operator"), "ListCalls",
                       &Service::Stub::ListCalls, list, &calls);
}

grpc::Status Night::TryToSubmit(bool wrong, bool giant) {
  using Service = v1::CallService;
  v1::SubmitCallRequest submit;
  submit.set_call(CallName(NewId("call")));
  submit.set_patient(absl::StrCat(
      kParent, wrong ? "/patients/nobody" : "/patients/patient-0"));
  submit.set_complaint(kPlanted);
  if (giant) submit.mutable_complaint()->append(1 << 20, 'x');
  submit.set_judgement(kPlanted);
  submit.set_callback_phone("042-000-0000");
  submit.set_request_id(NewId("request"));
  v1::Call call;
  return Once<Service>(sessions_.at("nurse-0"), "SubmitCall",
                       &Service::Stub::SubmitCall, submit, &call);
}

bool Night::WaitForAnswers(int64_t count, absl::Duration most) const {
  const absl::Time end = absl::Now() + most;
  const int64_t before = ledger_.answered();
  while (ledger_.answered() - before < count) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

bool Night::WaitForDeliveries(absl::Duration most) {
  const std::string session = sessions_.at("operator");
  using Service = v1::NoteService;
  const absl::Time end = absl::Now() + most;
  while (absl::Now() < end) {
    v1::ListDeliveriesRequest list;
    list.set_parent(kParent);
    list.add_states(v1::DELIVERY_STATE_PENDING);
    v1::ListDeliveriesResponse deliveries;
    if (Once<Service>(session, "ListDeliveries", &Service::Stub::ListDeliveries,
                      list, &deliveries)
            .ok() &&
        deliveries.deliveries().empty()) {
      return true;
    }
    // A minute of leases and of waiting between tries; slowly enough for a push
    // that is under way, whose time the receiver looks at.
    surroundings_.StepClock(absl::Minutes(1));
    absl::SleepFor(absl::Seconds(1));
  }
  return false;
}

// --- What was kept ----------------------------------------------------------

std::vector<std::string> Night::Check() {
  std::vector<std::string> broken = ledger_.faults();
  const auto tell = [&](const auto&... words) {
    broken.push_back(absl::StrCat(words...));
  };
  if (absl::StrContains(daemon_->AllLogs(), kPlanted)) {
    tell("the log says a name or a clinical text");
  }
  // Each commit is whole: the rows are what the journal makes of them.
  if (const absl::Status status = store::CheckReplay(database_); !status.ok()) {
    tell(std::string(status.message()));
    return broken;
  }
  store::SqliteOptions options;
  options.integrity_check = store::SqliteOptions::IntegrityCheck::kFull;
  absl::StatusOr<std::unique_ptr<store::Store>> store =
      store::OpenSqliteStore(database_, options);
  if (!store.ok()) {
    tell(store.status().ToString());
    return broken;
  }
  const store::Snapshot snapshot =
      *(*store)->Load(kCenter, absl::InfinitePast());
  const core::Board& board = snapshot.board;

  // How often each token stands in the records.
  std::map<std::string, int> counts;
  const auto count = [&](const PrivateText& text) {
    const std::string& all = text.Reveal();
    for (size_t at = 0; (at = all.find("said-", at)) != std::string::npos;) {
      const size_t end = all.find(';', at);
      ++counts[all.substr(at, end + 1 - at)];
      at = end;
    }
  };
  board.table<core::Call>().ForEach([&](const auto&, const core::Call& call) {
    count(call.complaint);
    for (const core::Fact& fact : call.facts) count(fact.text);
  });
  board.table<core::Note>().ForEach([&](const auto&, const core::Note& note) {
    for (const core::NoteVersion& version : note.versions) {
      count(version.text.findings);
    }
  });
  int64_t answered = 0;
  int64_t refused = 0;
  int64_t unanswered_done = 0;
  int64_t absent = 0;
  for (const auto& [id, sent] : ledger_.sent()) {
    const bool has_reply = (*store)->FindReply(kCenter, id)->has_value();
    if (sent.answered && !has_reply) {
      tell(id, " was answered, and its answer is not kept");
    }
    if (sent.refused && has_reply) {
      tell(id, " was refused, and was done");
    }
    if (sent.answered) ++answered;
    if (sent.refused) ++refused;
    if (!sent.answered && !sent.refused && has_reply) ++unanswered_done;
    if (!sent.refused && !has_reply) ++absent;
    if (sent.token.empty()) continue;
    const int found = counts[sent.token];
    if (found != (has_reply ? 1 : 0)) {
      tell(id, has_reply ? " was done" : " was not done", ", and stands ",
           found, " times in the records");
    }
  }

  // What the receiver has, by idempotency key.
  std::set<std::string> has;
  int64_t repeats = 0;
  for (const cli::ReceivedWebhook& webhook : receiver_->Received()) {
    has.insert(webhook.id);
    repeats += webhook.times - 1;
  }
  int64_t received = 0;
  board.table<core::Delivery>().ForEach([&](const auto& id,
                                            const core::Delivery& delivery) {
    const std::string key = absl::StrCat(kParent, "/deliveries/", id.value());
    const bool there = has.erase(key) > 0;
    if (delivery.state == core::DeliveryState::kReceived &&
        delivery.receipt->by_hand_reason.empty() && !there) {
      tell(id.value(), " counts as received, the receiver lacks it");
    }
    if (there) ++received;
    // The receiver takes everything.
    if (delivery.state == core::DeliveryState::kFailed) {
      tell(id.value(), " has failed: ",
           delivery.attempts.empty() ? std::string()
                                     : delivery.attempts.back().error);
    }
  });
  // Each version of each note goes once to each organization of the care team.
  board.table<core::Note>().ForEach([&](const auto& id,
                                        const core::Note& note) {
    std::map<std::pair<int32_t, std::string>, int> sent_to;
    for (const core::DeliveryId& delivery_id : board.DeliveriesOf(id)) {
      const auto* delivery = board.Find<core::Delivery>(delivery_id);
      ++sent_to[{delivery->note_version,
                 delivery->member.organization.value()}];
    }
    for (const auto& [to, times] : sent_to) {
      if (times > 1) {
        tell("version ", to.first, " of ", id.value(), " goes to ", to.second,
             " ", times, " times");
      }
    }
    const auto* call = board.Find<core::Call>(note.call);
    for (const core::NoteVersion& version : note.versions) {
      for (const core::CareTeamMember& member : call->care_team) {
        if (sent_to.count({version.number, member.organization.value()}) == 0) {
          tell("version ", version.number, " of ", id.value(), " goes not to ",
               member.organization.value());
        }
      }
    }
  });
  for (const std::string& key : has) {
    tell("the receiver has ", key, ", of which the center knows nothing");
  }
  summary_ = absl::StrCat(
      answered, " requests answered and kept, ", refused,
      " refused and not done, ", unanswered_done, " unanswered and done, ",
      absent, " absent; ", received, " notes received, ", repeats,
      " pushes repeated; ", snapshot.sequence, " journal entries replayed");
  return broken;
}

}  // namespace housecall::crash
