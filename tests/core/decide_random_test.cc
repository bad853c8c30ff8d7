// Nights in which everybody does anything at any time: whatever is refused or
// allowed, every board is consistent, the clocks are exact, and every call can
// be brought to an end.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dispatcher/core/call_table.h"
#include "dispatcher/core/draft.h"
#include "gtest/gtest.h"
#include "tests/core/invariants.h"
#include "tests/core/night.h"
#include "tests/simulation/random.h"

namespace housecall::core {
namespace {

using simulation::Random;

template <typename R>
std::vector<decltype(R::id)> IdsOf(const Board& board) {
  std::vector<decltype(R::id)> ids;
  board.table<R>().ForEach(
      [&](const auto& id, const R&) { ids.push_back(id); });
  return ids;
}

class RandomNight {
 public:
  explicit RandomNight(uint64_t seed) : random_(seed) {}

  Night& night() { return night_; }

  void TakeStep() {
    if (random_.Chance(15)) {
      LetTimePass();
      return;
    }
    const CallId call = AnyCall();
    const Command command = Exists(call) && random_.Chance(50)
                                ? NextCommand(Get(call))
                                : AnyCommand(call);
    const Actor actor = AnyActor(command);
    CheckDraft(command, actor);
    const absl::StatusOr<Subject> subject = night_.Do(command, actor);
    if (subject.ok()) {
      ++allowed_;
    } else {
      EXPECT_NE(subject.status().code(), absl::StatusCode::kInternal);
    }
  }

  int allowed() const { return allowed_; }

  // What the engine does, and that its clock neither misses nor spins.
  void LetTimePass() {
    const absl::Time end =
        night_.now + absl::Seconds(random_.Chance(3) ? random_.Below(2 * 3600)
                                                     : random_.Below(200));
    for (int i = 0;; ++i) {
      ASSERT_LT(i, 1000) << "the clock spins at " << night_.now;
      const absl::Time next = NextDeadline(night_.board);
      if (next > end) break;
      if (next > night_.now) {
        EXPECT_TRUE(EventsOfPassTime(next - absl::Nanoseconds(1)).empty())
            << "something was due before " << next;
        night_.now = next;
      }
      EXPECT_FALSE(EventsOfPassTime(night_.now).empty())
          << "nothing was due at " << next;
      night_.Must(PassTime());
      EXPECT_TRUE(EventsOfPassTime(night_.now).empty())
          << "PassTime is not done at " << night_.now;
      EXPECT_GT(NextDeadline(night_.board), night_.now);
    }
    night_.now = end;
  }

  // Nobody does anything for days: whoever is concerned by an open call is told
  // of it. That the care team is unknown is not enough.
  void CheckNobodyIsForgotten() {
    const Board before = night_.board;
    const absl::Time start = night_.now;
    for (int i = 0; NextDeadline(night_.board) < start + absl::Hours(5 * 24);
         ++i) {
      ASSERT_LT(i, 10000) << "the clock spins at " << night_.now;
      night_.now = std::max(night_.now, NextDeadline(night_.board));
      night_.Must(PassTime());
    }
    night_.board.open_calls().ForEach([&](const CallId& id, bool) {
      bool told = false;
      for (const TaskId& task : night_.board.OpenTasksOf(id)) {
        told = told || night_.board.Find<Task>(task)->kind !=
                           TaskKind::kCareTeamUnknown;
      }
      EXPECT_TRUE(told) << id << " is forgotten: " << Get(id).state << ", "
                        << Get(id).resume_state;
    });
    night_.board = before;
    night_.now = start;
  }

  // Somebody sees to every open call until it is over.
  void FinishAll() {
    for (const CallId& id : IdsOf<Call>(night_.board)) {
      for (int i = 0; i < 40 && !IsOver(Get(id).state); ++i) FinishStep(id);
      EXPECT_TRUE(IsOver(Get(id).state))
          << id << " cannot be brought to an end: " << Get(id).state << ", "
          << absl::StrJoin(MissingToClose(night_.board, Get(id)), "; ");
    }
    EXPECT_EQ(night_.board.open_calls().size(), 0u);
    night_.board.table<Assignment>().ForEach(
        [](const AssignmentId& id, const Assignment& assignment) {
          EXPECT_FALSE(IsRunning(assignment.state)) << id;
        });
    night_.board.table<Task>().ForEach([](const TaskId& id, const Task& task) {
      if (task.call.empty() || task.resolved.has_value()) return;
      // What became of a signed note outlives the call.
      EXPECT_FALSE(task.delivery.empty()) << id << " " << task.kind;
    });
  }

 private:
  const Call& Get(const CallId& id) { return *night_.board.Find<Call>(id); }

  std::vector<Event> EventsOfPassTime(absl::Time time) {
    const absl::StatusOr<Decision> decision =
        Decide(night_.board, PassTime(), SystemActor(), time);
    EXPECT_TRUE(decision.ok()) << decision.status();
    return decision.ok() ? decision->events : std::vector<Event>();
  }

  // The board that a rule sees while it decides is the one that its events
  // make of the old one; and the indexes are those that the rows make.
  void CheckDraft(const Command& command, const Actor& actor) {
    const absl::StatusOr<TableAnswer> answer =
        AskCallTable(night_.board, command);
    if (!answer.ok() || answer->unchanged || answer->instead) return;
    Draft draft(night_.board, actor, night_.now);
    const absl::StatusOr<Subject> subject =
        std::visit([&](const auto& c) { return Rule(c, draft); }, command);
    if (!subject.ok()) return;
    Board after = night_.board;
    const Board inside = draft.board();
    for (const Event& event : std::move(draft).Finish({}).events) {
      Apply(event, &after);
    }
    EXPECT_EQ(Difference(inside, after), "");
    Board anew;
    const auto copy = [&]<typename... R>(std::variant<R...>*) {
      (after.table<R>().ForEach([&](const auto&, const R& r) { anew.Put(r); }),
       ...);
    };
    copy(static_cast<Record*>(nullptr));
    EXPECT_EQ(Difference(after, anew), "");
  }

  // Usually an open one.
  CallId AnyCall() {
    std::vector<CallId> calls;
    if (random_.Chance(90)) {
      night_.board.open_calls().ForEach(
          [&](const CallId& id, bool) { calls.push_back(id); });
    }
    if (calls.empty()) calls = IdsOf<Call>(night_.board);
    return calls.empty() ? CallId("c1") : random_.Of(calls);
  }
  // Usually the one that comes next.
  Step AnyStep(const CallId& id) {
    const Call* call = night_.board.Find<Call>(id);
    const Visit* visit =
        call == nullptr ? nullptr : night_.board.Find<Visit>(call->visit);
    if (visit == nullptr || random_.Chance(25)) return AnyValue<Step>();
    const Assignment& crew = *night_.board.Find<Assignment>(call->assignment);
    if (!crew.depart.has_value()) return Step::kDepart;
    if (!crew.arrive.has_value()) return Step::kArrive;
    if (!visit->treatment_start.has_value()) return Step::kStartTreatment;
    if (!visit->treatment_end.has_value()) return Step::kEndTreatment;
    return Step::kLeave;
  }
  // The newest of the call, or an id that is not there.
  template <typename R>
  decltype(R::id) NewestOf(const CallId& call) {
    using Id = decltype(R::id);
    Id newest("nothing");
    int64_t best = -1;
    night_.board.table<R>().ForEach([&](const Id& id, const R&) {
      const std::string& text = id.value();
      if (text.rfind(call.value() + "--", 0) != 0) return;
      const int64_t number = std::atoll(text.c_str() + call.value().size() + 3);
      if (number > best) {
        best = number;
        newest = id;
      }
    });
    return newest;
  }
  OfferId AnyOffer(const CallId& call) {
    return Exists(call) && !Get(call).offer.empty() && random_.Chance(80)
               ? Get(call).offer
               : NewestOf<Offer>(call);
  }
  AssignmentId AnyAssignment(const CallId& call) {
    return Exists(call) && !Get(call).assignment.empty() && random_.Chance(90)
               ? Get(call).assignment
               : NewestOf<Assignment>(call);
  }
  bool Exists(const CallId& call) {
    return night_.board.Find<Call>(call) != nullptr;
  }
  PersonId AnyPhysician() {
    return PersonId(random_.Of<std::string>({"p1", "p2", "p3"}));
  }
  PersonId AnyDriver() {
    return PersonId(random_.Of<std::string>({"d1", "d2"}));
  }
  template <typename E>
  E AnyValue() {
    return random_.Of(AllValues<E>());
  }
  std::vector<RedFlag> AnyFlags() {
    if (random_.Chance(70)) return {};
    return {AnyValue<RedFlag>()};
  }

  Actor AnyActor(const Command& command) {
    if (const auto* submit = std::get_if<SubmitCall>(&command)) {
      (void)submit;
      return night_.As(random_.Chance(50) ? "nurse-ito" : "nurse-abe");
    }
    if (const auto* sign = std::get_if<SignNote>(&command)) {
      const Note* note = night_.board.Find<Note>(sign->note);
      return night_.As(note == nullptr ? "p1" : note->author.value());
    }
    if (const auto* write = std::get_if<DraftNote>(&command)) {
      const Call* call = night_.board.Find<Call>(write->call);
      const Visit* visit =
          call == nullptr ? nullptr : night_.board.Find<Visit>(call->visit);
      return night_.As(visit == nullptr ? "p1" : visit->physician.value());
    }
    return night_.As("op-mori");
  }

  OfferVisit AnyOfferVisit(const CallId& call) {
    OfferVisit c;
    c.calls = {call};
    const CallId other = AnyCall();
    if (random_.Chance(25) && other != call) c.calls.push_back(other);
    c.physician = AnyPhysician();
    c.self_drive = random_.Chance(20);
    if (!c.self_drive) {
      c.driver = AnyDriver();
      c.car = night_.DutyOf(c.driver.value()).car;
    }
    c.estimate.arrive_time = night_.now + absl::Minutes(random_.Below(90));
    c.estimate.finish_time = c.estimate.arrive_time + absl::Minutes(40);
    if (random_.Chance(30)) c.override_reason = PrivateText("because");
    if (Exists(call) && random_.Chance(70)) {
      const Assignment* crew =
          night_.board.Find<Assignment>(Get(call).assignment);
      if (crew != nullptr && crew->state == AssignmentState::kWaitingForCar) {
        c.replaces_car_of = crew->id;
        c.physician = crew->physician;
        c.calls = crew->calls;
      }
    }
    return c;
  }

  ReportUnmatched AnyUnmatched(const CallId& call) {
    Match match;
    match.call = call;
    for (const char* id : {"p1", "p2", "p3"}) {
      Candidate candidate;
      candidate.physician = PersonId(id);
      candidate.verdict = AnyValue<Verdict>();
      match.candidates.push_back(candidate);
    }
    return ReportUnmatched{{match}};
  }

  SubmitCall AnySubmission() {
    SubmitCall c = night_.Submission(
        absl::StrCat("c", 1 + random_.Below(8)),
        random_.Chance(60) ? random_.Of<std::string>({"a", "b"}) : "");
    if (c.patient.empty()) {
      c.short_patient = ShortPatient();
      c.short_patient->display_name = PrivateText("somebody");
      c.place = Place();
      c.place->address = PrivateText("somewhere");
    }
    c.red_flags = AnyFlags();
    if (random_.Chance(20)) c.required_skills = {AnyValue<Skill>()};
    return c;
  }

  TriageCall AnyTriage(const CallId& call) {
    TriageCall c;
    c.call = call;
    c.disposition =
        random_.Chance(80) ? Disposition::kVisit : AnyValue<Disposition>();
    c.urgency = AnyValue<Urgency>();
    if (random_.Chance(15) && c.disposition == Disposition::kVisit) {
      const absl::Time start = night_.now + absl::Minutes(random_.Below(240));
      c.schedule = Window{start, start + absl::Hours(1)};
    }
    return c;
  }

  // What brings the call on.
  Command NextCommand(const Call& call) {
    const CallId& id = call.id;
    switch (call.state) {
      case CallState::kReceived:
      case CallState::kTriaged:
      case CallState::kScheduled:
        return AnyTriage(id);
      case CallState::kMatching: {
        OfferVisit c = AnyOfferVisit(id);
        c.override_reason = PrivateText("because");
        return c;
      }
      case CallState::kOffered: {
        const Offer& offer = *night_.board.Find<Offer>(call.offer);
        return AcceptOffer{offer.id, random_.Chance(50) || offer.self_drive
                                         ? offer.physician
                                         : offer.driver};
      }
      case CallState::kAccepted:
      case CallState::kEnRoute:
      case CallState::kOnScene:
        if (random_.Chance(10)) return ReportNotFound{id};
        return AdvanceVisit{call.assignment, id, AnyStep(id), std::nullopt};
      case CallState::kDepartedScene:
      case CallState::kNoteSent:
      case CallState::kClosed: {
        const Note* note = night_.board.Find<Note>(call.note);
        if (note == nullptr || random_.Chance(20)) {
          DraftNote c;
          c.call = id;
          c.text.findings = PrivateText("seen");
          return c;
        }
        if (note->draft.has_value()) {
          return SignNote{note->id, note->etag, PrivateText("because")};
        }
        for (const DeliveryId& delivery : night_.board.DeliveriesOf(note->id)) {
          if (!night_.board.open_deliveries().Contains(delivery)) continue;
          return ConfirmReceiptByHand{delivery, PrivateText("a"),
                                      PrivateText("b")};
        }
        const Assignment* crew = night_.board.Find<Assignment>(call.assignment);
        if (crew == nullptr) return InformRequester{id};
        return ConfirmHours{
            crew->id, random_.Chance(50) ? crew->physician : crew->driver};
      }
      case CallState::kOnHold:
        return ResumeCall{id};
      case CallState::kEmergency119:
        return DecideEmergency{id, EmergencyDecision::kGoOn,
                               PrivateText("because")};
      case CallState::kNotFound:
        if (random_.Chance(30)) return ReportFound{id};
        return RecordNotFoundStep{id, AnyValue<NotFoundStep>(), false};
      case CallState::kMerged:
        return UnmergeCall{id};
      case CallState::kUnspecified:
      case CallState::kCancelled:
        return AnySubmission();
    }
    return PassTime();
  }

  Command AnyCommand(const CallId& call) {
    const PrivateText why("because");
    const Version etag = Exists(call) ? Get(call).etag : Version();
    switch (random_.Below(46)) {
      case 0:
      case 1:
      case 2:
        return AnySubmission();
      case 3:
      case 4:
      case 5:
        return AnyTriage(call);
      case 6:
        return HoldCall{call, std::nullopt, why,
                        random_.Chance(50)
                            ? std::optional(night_.now + absl::Minutes(7))
                            : std::nullopt};
      case 7:
        return ResumeCall{call};
      case 8:
        return AddFact{call, why, std::nullopt};
      case 9: {
        CorrectPlace c;
        c.call = call;
        c.place.address = PrivateText(absl::StrCat(random_.Below(100)));
        c.reason = why;
        return c;
      }
      case 10:
        return MergeCall{call, AnyCall()};
      case 11:
        return UnmergeCall{call};
      case 12:
        if (random_.Chance(60)) return AddFact{call, why, std::nullopt};
        return RequestCancel{call, etag, why};
      case 13:
        return AnswerCancel{call, random_.Chance(50), why};
      case 14:
        if (random_.Chance(80)) return FollowCall{call};
        return CancelCall{call, etag, why};
      case 15:
        if (random_.Chance(60)) return FollowCall{call};
        return RaiseEmergency{call, AnyFlags()};
      case 16:
      case 17:
        return DecideEmergency{call, AnyValue<EmergencyDecision>(), why};
      case 18:
        return InformRequester{call};
      case 19:
        return CloseCall{call, AnyValue<Outcome>(), why};
      case 20:
      case 21:
      case 22:
      case 23:
      case 24:
        return AnyOfferVisit(call);
      case 25:
        return AnyUnmatched(call);
      case 26: {
        UpdateEstimate c;
        c.assignment = AnyAssignment(call);
        c.estimate.arrive_time = night_.now + absl::Minutes(random_.Below(200));
        c.estimate.finish_time = c.estimate.arrive_time + absl::Minutes(40);
        return c;
      }
      case 27:
      case 28:
      case 29:
      case 30:
      case 31: {
        const OfferId id = AnyOffer(call);
        const Offer* offer = night_.board.Find<Offer>(id);
        PersonId person = AnyPhysician();
        if (offer != nullptr && random_.Chance(90)) {
          person = random_.Chance(50) || offer->driver.empty()
                       ? offer->physician
                       : offer->driver;
        }
        if (random_.Chance(15)) return DeclineOffer{id, person, "busy"};
        return AcceptOffer{id, person};
      }
      case 32:
        if (random_.Chance(50)) {
          return TakeBackOffer{AnyOffer(call), AnyCall(), 90};
        }
        return WithdrawOffer{AnyOffer(call), why};
      case 33:
        if (random_.Chance(70)) return FollowCall{call};
        return ReleaseAssignment{AnyAssignment(call), "mistake"};
      case 34:
        if (random_.Chance(50)) return FollowCall{call};
        return ReportBreakdown{CarId(random_.Of<std::string>({"k1", "k2"})),
                               "engine"};
      case 35: {
        Car car = *night_.board.Find<Car>(
            CarId(random_.Of<std::string>({"k1", "k2"})));
        car.state = CarState::kAvailable;
        return Update<Car>{car};
      }
      case 36:
        return ReportDriverMissing{AnyAssignment(call), random_.Chance(50)};
      case 37:
      case 38:
      case 39:
      case 40:
        if (random_.Chance(10)) {
          RecordVisit visit;
          visit.call = call;
          visit.urgency = AnyValue<Urgency>();
          visit.physician = AnyPhysician();
          visit.self_drive = true;
          visit.depart_time = visit.arrive_time = visit.treatment_start_time =
              visit.treatment_end_time = visit.leave_time =
                  night_.now - absl::Minutes(random_.Below(30));
          return visit;
        }
        return AdvanceVisit{AnyAssignment(call), call, AnyStep(call),
                            std::nullopt};
      case 41:
        if (random_.Chance(50)) return ReportNotFound{call};
        if (random_.Chance(30)) return ReportFound{call};
        return RecordNotFoundStep{call, AnyValue<NotFoundStep>(),
                                  random_.Chance(20)};
      case 42: {
        const Assignment* crew =
            night_.board.Find<Assignment>(AnyAssignment(call));
        return ConfirmHours{crew == nullptr ? AssignmentId("x") : crew->id,
                            crew == nullptr      ? AnyPhysician()
                            : random_.Chance(50) ? crew->physician
                                                 : crew->driver};
      }
      case 43:
        if (random_.Chance(50)) {
          DraftNote c;
          c.call = call;
          c.text.findings = why;
          return c;
        } else {
          const NoteId note = Exists(call) ? Get(call).note : NoteId();
          const Note* found = night_.board.Find<Note>(note);
          return SignNote{note, found == nullptr ? Version() : found->etag,
                          why};
        }
      case 44: {
        if (random_.Chance(50)) {
          const std::vector<TaskId> tasks = night_.board.OpenTasksOf(call);
          if (!tasks.empty()) return ResolveTask{random_.Of(tasks), why};
        }
        const std::vector<DeliveryId> deliveries =
            IdsOf<Delivery>(night_.board);
        if (deliveries.empty()) return FollowCall{call};
        return ConfirmReceiptByHand{random_.Of(deliveries), why, why};
      }
      default: {
        const PersonId person =
            random_.Chance(50) ? AnyPhysician() : AnyDriver();
        if (random_.Chance(20)) return GoOffDuty{person};
        return GoOnDuty{
            person, person.value()[0] == 'p' ? Role::kPhysician : Role::kDriver,
            CarId()};
      }
    }
  }

  // One sensible step towards the end of that call.
  void FinishStep(const CallId& id) {
    const Call call = Get(id);
    const PrivateText why("because");
    switch (call.state) {
      case CallState::kReceived: {
        TriageCall c;
        c.call = id;
        c.disposition = Disposition::kAdvice;
        night_.Must(c);
        return;
      }
      case CallState::kTriaged:
        night_.Must(CloseCall{id, Outcome::kAdviceGiven, why});
        return;
      case CallState::kScheduled:
      case CallState::kMatching:
      case CallState::kOffered:
      case CallState::kAccepted:
      case CallState::kEnRoute:
        night_.Must(CancelCall{id, call.etag, why});
        return;
      case CallState::kOnScene:
        FinishTrip(*night_.board.Find<Assignment>(call.assignment));
        return;
      case CallState::kDepartedScene:
      case CallState::kNoteSent:
        FinishPaper(call);
        return;
      case CallState::kOnHold:
        night_.Must(ResumeCall{id});
        return;
      case CallState::kEmergency119:
        night_.Must(DecideEmergency{id, EmergencyDecision::kGoOn, why});
        return;
      case CallState::kNotFound:
        for (NotFoundStep step : AllValues<NotFoundStep>()) {
          night_.Must(RecordNotFoundStep{id, step, false});
        }
        night_.Must(CloseCall{id, Outcome::kPatientNotFound, why});
        return;
      case CallState::kUnspecified:
      case CallState::kClosed:
      case CallState::kMerged:
      case CallState::kCancelled:
        return;
    }
  }

  void FinishTrip(const Assignment& crew) {
    for (const CallId& id : crew.calls) {
      while (Get(id).state == CallState::kEmergency119) FinishStep(id);
      if (Get(id).state == CallState::kNotFound) {
        night_.Must(ReportFound{id});
      }
      const Actor physician = night_.As(crew.physician.value());
      night_.Must(AdvanceVisit{crew.id, id, Step::kStartTreatment, {}},
                  physician);
      night_.Must(AdvanceVisit{crew.id, id, Step::kEndTreatment, {}},
                  physician);
    }
    night_.Must(AdvanceVisit{crew.id, {}, Step::kLeave, {}},
                night_.As("op-mori"));
  }

  void FinishPaper(const Call& call) {
    const CallId& id = call.id;
    if (call.care_team.empty()) {
      CareTeamMember clinic;
      clinic.role = CareRole::kPrimaryClinic;
      clinic.organization = OrganizationId("clinic-sakura");
      night_.Must(SetCareTeam{id, {clinic}, std::nullopt});
    }
    const Note* note = night_.board.Find<Note>(call.note);
    if (note == nullptr || note->state != NoteState::kSigned) {
      DraftNote write;
      write.call = id;
      write.text.findings = PrivateText("seen");
      night_.Must(write);
      const NoteId note_id = Get(id).note;
      night_.Must(SignNote{note_id, night_.board.Find<Note>(note_id)->etag,
                           PrivateText("because")});
    }
    night_.ConfirmDeliveriesOf(id.value());
    night_.Must(InformRequester{id});
    if (!IsOver(Get(id).state)) night_.ConfirmHoursOf(id.value());
  }

  Random random_;
  Night night_;
  int allowed_ = 0;
};

TEST(DecideRandom, EveryBoardIsConsistentAndEveryCallCanEnd) {
  int allowed = 0;
  int states_seen = 0;
  std::vector<int> seen(NamesOf<CallState>().size(), 0);
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomNight night(seed);
    for (int step = 0; step < 250; ++step) {
      night.TakeStep();
      for (const CallId& id : IdsOf<Call>(night.night().board)) {
        ++seen[static_cast<size_t>(night.night().GetCall(id.value()).state)];
      }
      if (::testing::Test::HasFailure()) {
        FAIL() << "after step " << step;
      }
    }
    night.CheckNobodyIsForgotten();
    if (::testing::Test::HasFailure()) FAIL() << "after days";
    night.FinishAll();
    if (::testing::Test::HasFailure()) FAIL() << "at the end";
    allowed += night.allowed();
  }
  // The nights are worth the name.
  EXPECT_GT(allowed, 3000);
  for (CallState state : AllValues<CallState>()) {
    EXPECT_GT(seen[static_cast<size_t>(state)], 0) << state << " never reached";
    ++states_seen;
  }
  EXPECT_EQ(states_seen, 16);
}

}  // namespace
}  // namespace housecall::core
