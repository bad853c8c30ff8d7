#include "tests/core/night.h"

#include <cstdlib>
#include <iostream>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/core/draft.h"
#include "dispatcher/core/refusal.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/core/invariants.h"

namespace housecall::core {

namespace {

// A record that the test cannot go on without.
template <typename R>
const R& Need(const Board& board, const decltype(R::id)& id) {
  const R* found = board.Find<R>(id);
  if (found == nullptr) {
    std::cerr << "no " << std::decay_t<decltype(id)>::kCollection << "/"
              << id.value() << " on the board\n";
    std::abort();
  }
  return *found;
}

}  // namespace

Night::Night()
    : board(testing::BoardBuilder()
                .AddPhysician("p1")
                .AddPhysician("p2")
                .AddPhysician("p3", {.self_drive = true})
                .AddDriver("d1", "k1")
                .AddDriver("d2", "k2")
                .AddPerson("nurse-abe", "station-asahi")
                .AddPatient("a")
                .AddPatient("b", {.position = testing::Near(-1, 1)})
                .Build()),
      now(testing::TestNow()) {}

Actor Night::As(const std::string& id) const {
  if (id.empty()) return SystemActor();
  const Person& person = Need<Person>(board, PersonId(id));
  const Duty* duty = board.Find<Duty>(person.id);
  return testing::ActorOf(duty == nullptr ? Role::kRequester : duty->role, id,
                          person.organization.value());
}

absl::StatusOr<Subject> Night::Do(const Command& command, const Actor& actor) {
  absl::StatusOr<Decision> decision = Decide(board, command, actor, now);
  if (!decision.ok()) {
    // People read in their own language why (see refusal.h).
    EXPECT_EQ(absl::IsFailedPrecondition(decision.status()),
              !ReasonsOf(decision.status()).empty())
        << decision.status();
    return decision.status();
  }
  for (const Event& event : decision->events) {
    const std::string etags = CheckEtags(board, event);
    EXPECT_EQ(etags, "") << event.kind;
    Apply(event, &board);
    const std::string broken = CheckInvariants(board);
    EXPECT_EQ(broken, "") << event.kind;
    events.push_back(event);
  }
  return decision->subject;
}

absl::StatusOr<Subject> Night::Do(const Command& command) {
  const Actor actor = std::visit(
      [this](const auto& c) {
        using C = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<C, SubmitCall> ||
                      std::is_same_v<C, RequestCancel>) {
          return As("nurse-ito");
        } else if constexpr (std::is_same_v<C, PassTime> ||
                             std::is_same_v<C, ReportUnmatched> ||
                             std::is_same_v<C, UpdateEstimate> ||
                             std::is_same_v<C, PromiseArrivals> ||
                             std::is_same_v<C, AdviseStandby> ||
                             std::is_same_v<C, TakeBackOffer>) {
          return SystemActor();
        } else if constexpr (std::is_same_v<C, OfferVisit>) {
          return c.override_reason.empty() ? SystemActor() : As("op-mori");
        } else if constexpr (std::is_same_v<C, AcceptOffer> ||
                             std::is_same_v<C, DeclineOffer> ||
                             std::is_same_v<C, ConfirmHours>) {
          return As(c.person.value());
        } else if constexpr (std::is_same_v<C, AdvanceVisit>) {
          const Assignment* crew = board.Find<Assignment>(c.assignment);
          return As(crew == nullptr ? "" : crew->physician.value());
        } else if constexpr (std::is_same_v<C, DraftNote>) {
          const Call* call = board.Find<Call>(c.call);
          const Visit* visit =
              call == nullptr ? nullptr : board.Find<Visit>(call->visit);
          return As(visit == nullptr ? "" : visit->physician.value());
        } else if constexpr (std::is_same_v<C, SignNote>) {
          const Note* note = board.Find<Note>(c.note);
          return As(note == nullptr ? "" : note->author.value());
        } else if constexpr (std::is_same_v<C, ConfirmReceipt>) {
          const Delivery* delivery = board.Find<Delivery>(c.delivery);
          if (delivery == nullptr) return SystemActor();
          return testing::ActorOf(Role::kCareTeam, "reception",
                                  delivery->member.organization.value());
        } else {
          return As("op-mori");
        }
      },
      command);
  return Do(command, actor);
}

Subject Night::Must(const Command& command) {
  absl::StatusOr<Subject> subject = Do(command);
  EXPECT_TRUE(subject.ok()) << subject.status();
  return subject.ok() ? *subject : Subject();
}

Subject Night::Must(const Command& command, const Actor& actor) {
  absl::StatusOr<Subject> subject = Do(command, actor);
  EXPECT_TRUE(subject.ok()) << subject.status();
  return subject.ok() ? *subject : Subject();
}

void Night::Wait(absl::Duration duration) {
  now += duration;
  Must(PassTime());
}

void Night::WaitAtDeadlines(absl::Duration duration) {
  const absl::Time end = now + duration;
  for (;;) {
    const absl::Time next = NextDeadline(board);
    if (next > end) break;
    now = std::max(now, next);
    Must(PassTime());
    if (NextDeadline(board) <= now) {
      ADD_FAILURE() << "PassTime left something due at " << now;
      break;
    }
  }
  now = end;
}

SubmitCall Night::Submission(const std::string& call,
                             const std::string& patient) {
  SubmitCall c;
  c.call = CallId(call);
  c.patient = PatientId(patient);
  c.complaint = PrivateText("fever since noon");
  c.judgement = PrivateText("cannot wait until morning");
  c.callback_phone = PrivateText("042-111-1111");
  return c;
}

TriageCall Night::Triage(const std::string& call, Urgency urgency) {
  TriageCall c;
  c.call = CallId(call);
  c.disposition = Disposition::kVisit;
  c.urgency = urgency;
  return c;
}

OfferVisit Night::OfferTo(const std::string& call, const std::string& physician,
                          const std::string& driver) {
  OfferVisit c;
  c.calls = {CallId(call)};
  c.physician = PersonId(physician);
  if (driver.empty()) {
    c.self_drive = true;
  } else {
    c.driver = PersonId(driver);
    c.car = Need<Duty>(board, c.driver).car;
  }
  c.estimate.drive_duration = absl::Minutes(15);
  c.estimate.arrive_time = now + absl::Minutes(20);
  c.estimate.finish_time = now + absl::Minutes(60);
  return c;
}

AdvanceVisit Night::StepOf(const std::string& call, Step step) {
  AdvanceVisit c;
  c.assignment = GetCall(call).assignment;
  c.call = CallId(call);
  c.step = step;
  return c;
}

void Night::SignNoteOf(const std::string& call) {
  DraftNote draft;
  draft.call = CallId(call);
  draft.text.findings = PrivateText("clear lungs");
  Must(draft);
  SignNote sign;
  sign.note = GetCall(call).note;
  const Note& note = Need<Note>(board, sign.note);
  sign.etag = note.etag;
  if (!note.versions.empty()) sign.amend_reason = PrivateText("a slip");
  Must(sign);
}

void Night::ConfirmDeliveriesOf(const std::string& call) {
  for (const DeliveryId& id : board.DeliveriesOf(GetCall(call).note)) {
    if (board.open_deliveries().Contains(id)) Must(ConfirmReceipt{id});
  }
}

void Night::ConfirmHoursOf(const std::string& call) {
  const Assignment crew = AssignmentOf(call);
  Must(ConfirmHours{crew.id, crew.physician});
  if (!crew.driver.empty()) Must(ConfirmHours{crew.id, crew.driver});
}

void Night::BringTo(CallState state) {
  const CallId id("c1");
  const auto reach = [&](CallState step) {
    return GetCall().state == step && state == step;
  };
  Must(Submission("c1", "a"));
  if (reach(CallState::kReceived)) return;
  if (state == CallState::kTriaged) {
    TriageCall advice = Triage("c1");
    advice.disposition = Disposition::kAdvice;
    Must(advice);
    return;
  }
  if (state == CallState::kScheduled) {
    TriageCall later = Triage("c1");
    later.schedule = Window{now + absl::Hours(4), now + absl::Hours(5)};
    Must(later);
    return;
  }
  if (state == CallState::kCancelled) {
    Must(CancelCall{id, GetCall().etag, PrivateText("feels better")});
    return;
  }
  if (state == CallState::kMerged) {
    SubmitCall other = Submission("c0", "");
    other.short_patient = ShortPatient();
    other.short_patient->display_name = PrivateText("the same patient");
    other.place = GetCall().place;
    Must(other);
    Must(MergeCall{id, CallId("c0")});
    return;
  }
  Must(Triage("c1"));
  if (reach(CallState::kMatching)) return;
  if (state == CallState::kOnHold) {
    Must(HoldCall{id, std::nullopt, PrivateText("the family asks"),
                  std::nullopt});
    return;
  }
  Must(OfferTo("c1", "p1", "d1"));
  if (reach(CallState::kOffered)) return;
  const OfferId offer = GetCall().offer;
  Must(AcceptOffer{offer, PersonId("p1")});
  Must(AcceptOffer{offer, PersonId("d1")});
  if (reach(CallState::kAccepted)) return;
  Must(StepOf("c1", Step::kDepart));
  if (reach(CallState::kEnRoute)) return;
  if (state == CallState::kEmergency119) {
    Must(RaiseEmergency{id, {}});
    return;
  }
  Must(StepOf("c1", Step::kPickUp));
  Must(StepOf("c1", Step::kArrive));
  if (reach(CallState::kOnScene)) return;
  if (state == CallState::kNotFound) {
    Must(ReportNotFound{id});
    return;
  }
  Must(StepOf("c1", Step::kStartTreatment));
  Must(StepOf("c1", Step::kEndTreatment));
  Must(StepOf("c1", Step::kLeave));
  if (reach(CallState::kDepartedScene)) return;
  SignNoteOf("c1");
  if (reach(CallState::kNoteSent)) return;
  ConfirmDeliveriesOf("c1");
  ConfirmHoursOf("c1");
  EXPECT_TRUE(reach(CallState::kClosed)) << GetCall().state;
}

const Call& Night::GetCall(const std::string& id) const {
  return Need<Call>(board, CallId(id));
}

const Offer& Night::OfferOf(const std::string& call) const {
  const Offer* offer = PendingOfferOf(board, GetCall(call));
  return Need<Offer>(board, offer == nullptr ? OfferId() : offer->id);
}

const Assignment& Night::AssignmentOf(const std::string& call) const {
  return Need<Assignment>(board, GetCall(call).assignment);
}

const Visit& Night::VisitOf(const std::string& call) const {
  return Need<Visit>(board, GetCall(call).visit);
}

const Duty& Night::DutyOf(const std::string& person) const {
  return Need<Duty>(board, PersonId(person));
}

int Night::OpenTasks(TaskKind kind, const std::string& call) const {
  int count = 0;
  for (const TaskId& id : board.OpenTasksOf(CallId(call))) {
    if (board.Find<Task>(id)->kind == kind) ++count;
  }
  return count;
}

int Night::Count(EventKind kind) const {
  int count = 0;
  for (const Event& event : events) {
    if (event.kind == kind) ++count;
  }
  return count;
}

std::string Words(const absl::Status& status) {
  if (status.ok()) return "OK";
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ",
                      absl::string_view(status.message()));
}

}  // namespace housecall::core
