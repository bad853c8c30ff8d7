// The rules of a visit: the steps of the crew, a patient who is not found, and
// the hours worked.
#include <functional>
#include <string>
#include <vector>

#include "dispatcher/core/draft.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/core/night.h"

namespace housecall::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const CallId kCall("c1");
const PersonId kP1("p1");
const PersonId kD1("d1");
const PrivateText kWhy("because");

std::string WordsOfDoing(Night& night, const Command& command) {
  return Words(night.Do(command).status());
}

void TryEveryStep(Night& night, const std::string& call = "c1") {
  for (NotFoundStep step : AllValues<NotFoundStep>()) {
    night.Must(RecordNotFoundStep{CallId(call), step, false});
  }
}

// Both patients in one trip, on scene.
void BringTwoOnScene(Night& night) {
  night.BringTo(CallState::kMatching);
  night.Must(night.Submission("c2", "b"));
  night.Must(night.Triage("c2"));
  OfferVisit both = night.OfferTo("c1", "p1", "d1");
  both.calls.push_back(CallId("c2"));
  night.Must(both);
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, kP1});
  night.Must(AcceptOffer{offer, kD1});
  night.Must(night.StepOf("c1", Step::kDepart));
  night.Must(night.StepOf("c1", Step::kArrive));
}

void Treat(Night& night, const std::string& call) {
  night.Must(night.StepOf(call, Step::kStartTreatment));
  night.Must(night.StepOf(call, Step::kEndTreatment));
}

// --- From paper -------------------------------------------------------------

// c1 came at 19:00 on paper and is entered at 20:00; this is its visit.
RecordVisit OnPaper(Night& night) {
  SubmitCall submit = night.Submission("c1", "a");
  submit.source = CallSource::kPaper;
  submit.written_time = night.now - absl::Minutes(60);
  night.Must(submit, night.As("op-mori"));
  RecordVisit c;
  c.call = kCall;
  c.urgency = Urgency::kUrgent;
  c.physician = kP1;
  c.driver = kD1;
  c.car = CarId("k1");
  c.depart_time = night.now - absl::Minutes(55);
  c.arrive_time = night.now - absl::Minutes(40);
  c.treatment_start_time = night.now - absl::Minutes(38);
  c.treatment_end_time = night.now - absl::Minutes(10);
  c.leave_time = night.now - absl::Minutes(5);
  return c;
}

TEST(RecordVisit, IsAVisitByTheTimesOnPaper) {
  Night night;
  const RecordVisit c = OnPaper(night);
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kDepartedScene);
  EXPECT_EQ(night.GetCall().triage_time, c.depart_time);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kFinished);
  const Visit& visit = night.VisitOf();
  EXPECT_EQ(visit.physician, kP1);
  EXPECT_EQ(visit.car, CarId("k1"));
  EXPECT_EQ(visit.organization, night.DutyOf("p1").organization);
  EXPECT_EQ(visit.treatment_duration, absl::Minutes(28));
  // 19:22.
  EXPECT_EQ(visit.fee_band, FeeBand::kEvening);
  EXPECT_EQ(visit.arrive->written_time, c.arrive_time);
  EXPECT_EQ(visit.arrive->server_time, night.now);
  EXPECT_THAT(night.board.Find<Patient>(PatientId("a"))->seen_by,
              ElementsAre(kP1));
  // Nobody was asked or sent.
  EXPECT_EQ(night.Count(EventKind::kVisitOffered), 0);
  EXPECT_EQ(night.board.RunningAssignmentOf(kP1), nullptr);
}

TEST(RecordVisit, IsFinishedAsAnyOther) {
  Night night;
  night.Must(OnPaper(night));
  night.SignNoteOf("c1");
  night.ConfirmHoursOf("c1");
  night.ConfirmDeliveriesOf("c1");
  night.Must(InformRequester{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
  EXPECT_EQ(night.GetCall().outcome, Outcome::kVisited);
}

TEST(RecordVisit, TakesACrewThatIsNoLongerOnDuty) {
  Night night;
  const RecordVisit c = OnPaper(night);
  night.Must(GoOffDuty{kP1});
  night.Must(GoOffDuty{kD1});
  night.Must(c);
  // The rota knows for whom he worked.
  EXPECT_EQ(night.VisitOf().organization, OrganizationId("clinic-hino"));
}

TEST(RecordVisit, WithdrawsTheOfferThatWasMadeMeanwhile) {
  Night night;
  const RecordVisit c = OnPaper(night);
  night.Must(night.Triage("c1"));
  night.Must(night.OfferTo("c1", "p2", "d1"));
  const OfferId offer = night.GetCall().offer;
  night.Must(c);
  EXPECT_EQ(night.board.Find<Offer>(offer)->state, OfferState::kWithdrawn);
  EXPECT_EQ(night.VisitOf().physician, kP1);
}

TEST(RecordVisit, RefusesWhatCannotHaveBeen) {
  struct Case {
    std::string words;
    std::function<void(RecordVisit&)> spoil;
  };
  const absl::Time now = Night().now;
  const std::vector<Case> cases = {
      {"INVALID_ARGUMENT: urgency: required",
       [](RecordVisit& c) { c.urgency = Urgency::kUnspecified; }},
      {"INVALID_ARGUMENT: physician: required",
       [](RecordVisit& c) { c.physician = PersonId(); }},
      {"NOT_FOUND: physician: people/x is not known",
       [](RecordVisit& c) { c.physician = PersonId("x"); }},
      {"NOT_FOUND: driver: people/x is not known",
       [](RecordVisit& c) { c.driver = PersonId("x"); }},
      {"NOT_FOUND: car: cars/x is not known",
       [](RecordVisit& c) { c.car = CarId("x"); }},
      {"INVALID_ARGUMENT: driver, self_drive: exactly one of them",
       [](RecordVisit& c) { c.self_drive = true; }},
      {"INVALID_ARGUMENT: driver, self_drive: exactly one of them",
       [](RecordVisit& c) { c.driver = PersonId(); }},
      {"INVALID_ARGUMENT: driver: a physician who drives himself is self_drive",
       [](RecordVisit& c) { c.driver = c.physician; }},
      {"INVALID_ARGUMENT: depart_time: required",
       [](RecordVisit& c) { c.depart_time.reset(); }},
      {"INVALID_ARGUMENT: depart_time: is before the call",
       [now](RecordVisit& c) { c.depart_time = now - absl::Minutes(61); }},
      {"INVALID_ARGUMENT: depart_time: 1970-01-01T00:00:00+00:00 is more than "
       "31 days ago",
       [](RecordVisit& c) { c.depart_time = absl::UnixEpoch(); }},
      {"INVALID_ARGUMENT: treatment_end_time: is before treatment_start_time",
       [](RecordVisit& c) { c.treatment_end_time = c.arrive_time; }},
      {"INVALID_ARGUMENT: leave_time: infinite-future is in the future",
       [](RecordVisit& c) { c.leave_time = absl::InfiniteFuture(); }},
  };
  for (const Case& wrong : cases) {
    Night night;
    RecordVisit c = OnPaper(night);
    wrong.spoil(c);
    EXPECT_EQ(WordsOfDoing(night, c), wrong.words);
    EXPECT_EQ(night.GetCall().state, CallState::kReceived);
  }
}

// --- Steps ------------------------------------------------------------------

TEST(AdvanceVisit, RecordsTheWholeVisit) {
  Night night;
  night.BringTo(CallState::kAccepted);
  const absl::Time start = night.now;
  std::vector<CallState> states;
  for (Step step : AllValues<Step>()) {
    night.now += absl::Minutes(10);
    EXPECT_EQ(night.Must(night.StepOf("c1", step)),
              Subject(night.GetCall().assignment));
    states.push_back(night.GetCall().state);
  }
  EXPECT_THAT(states,
              ElementsAre(CallState::kEnRoute, CallState::kEnRoute,
                          CallState::kOnScene, CallState::kOnScene,
                          CallState::kOnScene, CallState::kDepartedScene));
  const Visit& visit = night.VisitOf();
  EXPECT_EQ(visit.depart->server_time, start + absl::Minutes(10));
  EXPECT_EQ(visit.arrive->server_time, start + absl::Minutes(30));
  EXPECT_EQ(visit.treatment_start->server_time, start + absl::Minutes(40));
  EXPECT_EQ(visit.leave->server_time, start + absl::Minutes(60));
  EXPECT_EQ(visit.treatment_duration, absl::Minutes(10));
  EXPECT_EQ(visit.fee_band, FeeBand::kEvening);
  EXPECT_EQ(night.AssignmentOf().pick_up->server_time,
            start + absl::Minutes(20));
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kFinished);
  EXPECT_EQ(night.board.RunningAssignmentOf(kP1), nullptr);
  EXPECT_EQ(night.board.RunningAssignmentOf(kD1), nullptr);
  EXPECT_THAT(night.board.Find<Patient>(PatientId("a"))->seen_by,
              ElementsAre(kP1));
}

TEST(AdvanceVisit, TakesTheFeeBandFromTheStartOfTheTreatment) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.now = testing::At("2026-11-20 21:59");
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  night.now = testing::At("2026-11-20 22:30");
  night.Must(night.StepOf("c1", Step::kEndTreatment));
  EXPECT_EQ(night.VisitOf().fee_band, FeeBand::kEvening);
}

TEST(AdvanceVisit, RepeatedChangesNothingAndIsAnsweredAlike) {
  Night night;
  night.BringTo(CallState::kDepartedScene);
  night.events.clear();
  for (Step step : AllValues<Step>()) {
    EXPECT_EQ(night.Must(night.StepOf("c1", step)),
              Subject(night.GetCall().assignment));
  }
  EXPECT_TRUE(night.events.empty());
}

TEST(AdvanceVisit, KeepsTheDevicesTimeBesideTheServers) {
  Night night;
  night.BringTo(CallState::kAccepted);
  AdvanceVisit c = night.StepOf("c1", Step::kDepart);
  c.device_time = night.now + absl::Hours(30);
  night.Must(c);
  EXPECT_EQ(night.VisitOf().depart->device_time, c.device_time);
  EXPECT_EQ(night.VisitOf().depart->server_time, night.now);
}

TEST(AdvanceVisit, IsTheCrewsOwn) {
  Night night;
  night.BringTo(CallState::kAccepted);
  const AdvanceVisit depart = night.StepOf("c1", Step::kDepart);
  EXPECT_THAT(Words(night.Do(depart, night.As("p2")).status()),
              HasSubstr("by its own crew or an operator only"));
  EXPECT_THAT(Words(night.Do(depart, night.As("nurse-ito")).status()),
              HasSubstr("by its own crew or an operator only"));
  night.Must(depart, night.As("d1"));
  night.Must(night.StepOf("c1", Step::kArrive), night.As("op-mori"));
  const AdvanceVisit treat = night.StepOf("c1", Step::kStartTreatment);
  EXPECT_THAT(Words(night.Do(treat, night.As("d1")).status()),
              HasSubstr("by its own crew or an operator only"));
  night.Must(treat, night.As("p1"));
}

TEST(AdvanceVisit, LeavesOutThePickUpOfAPhysicianWhoDrivesHimself) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(night.OfferTo("c1", "p3", ""));
  night.Must(AcceptOffer{night.GetCall().offer, PersonId("p3")});
  night.Must(night.StepOf("c1", Step::kDepart));
  EXPECT_THAT(WordsOfDoing(night, night.StepOf("c1", Step::kPickUp)),
              HasSubstr("the physician drives himself"));
  night.Must(night.StepOf("c1", Step::kArrive));
}

TEST(AdvanceVisit, OfAReleasedCrewIsRefused) {
  Night night;
  night.BringTo(CallState::kAccepted);
  const AdvanceVisit depart = night.StepOf("c1", Step::kDepart);
  night.Must(ReleaseAssignment{depart.assignment, "mistake"});
  EXPECT_EQ(WordsOfDoing(night, depart),
            "FAILED_PRECONDITION: assignments/c1--a3 is RELEASED, DEPART: no "
            "crew is about to go");
}

TEST(AdvanceVisit, GoesOnToNoteSentIfTheNoteWasSignedOnScene) {
  Night night;
  night.BringTo(CallState::kOnScene);
  Treat(night, "c1");
  night.SignNoteOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kOnScene);
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_EQ(night.GetCall().state, CallState::kNoteSent);
}

TEST(AdvanceVisit, MovesAPhysicianWhoComesAgainToTheEndOfSeenBy) {
  Night night;
  Patient patient = *night.board.Find<Patient>(PatientId("a"));
  patient.seen_by = {kP1, PersonId("p9")};
  night.board.Put(patient);
  night.BringTo(CallState::kDepartedScene);
  EXPECT_THAT(night.board.Find<Patient>(PatientId("a"))->seen_by,
              ElementsAre(PersonId("p9"), kP1));
}

TEST(AdvanceVisit, WaitsForEveryPatientOfTheTripBeforeLeaving) {
  Night night;
  BringTwoOnScene(night);
  AdvanceVisit unnamed = night.StepOf("c1", Step::kStartTreatment);
  unnamed.call = CallId();
  EXPECT_EQ(WordsOfDoing(night, unnamed),
            "INVALID_ARGUMENT: call: required, the trip has more than one");
  Treat(night, "c1");
  EXPECT_THAT(WordsOfDoing(night, night.StepOf("c1", Step::kLeave)),
              HasSubstr("the treatment of calls/c2 has not begun"));
  Treat(night, "c2");
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_EQ(night.GetCall("c1").state, CallState::kDepartedScene);
  EXPECT_EQ(night.GetCall("c2").state, CallState::kDepartedScene);
}

TEST(AdvanceVisit, RefusesACallOfAnotherTrip) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.Must(night.Submission("c2", "b"));
  AdvanceVisit c = night.StepOf("c1", Step::kStartTreatment);
  c.call = CallId("c2");
  EXPECT_THAT(WordsOfDoing(night, c), HasSubstr("is not of assignments/"));
}

// --- Not found --------------------------------------------------------------

TEST(ReportNotFound, IsRefusedDuringTheTreatment) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  EXPECT_EQ(WordsOfDoing(night, ReportNotFound{kCall}),
            "FAILED_PRECONDITION: calls/c1: the patient is being treated");
}

TEST(ReportNotFound, TimesEachStepAndAlarmsTheOperator) {
  Night night;
  night.BringTo(CallState::kNotFound);
  EXPECT_EQ(night.GetCall().not_found_due_time, night.now + absl::Minutes(10));
  night.WaitAtDeadlines(absl::Minutes(9));
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 0);
  night.WaitAtDeadlines(absl::Minutes(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 1);
  night.Must(RecordNotFoundStep{kCall, NotFoundStep::kPhonePatient, false});
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 0);
  EXPECT_EQ(night.GetCall().not_found_due_time, night.now + absl::Minutes(10));
  night.WaitAtDeadlines(absl::Minutes(10));
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 1);
}

TEST(ReportNotFound, IsNeverClosedByItself) {
  Night night;
  night.BringTo(CallState::kNotFound);
  EXPECT_THAT(
      WordsOfDoing(night, CloseCall{kCall, Outcome::kPatientNotFound, {}}),
      HasSubstr("phone the patient"));
  TryEveryStep(night);
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 1);
  night.WaitAtDeadlines(absl::Hours(6));
  EXPECT_EQ(night.GetCall().state, CallState::kNotFound);
  night.Must(CloseCall{kCall, Outcome::kPatientNotFound, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kFinished);
  EXPECT_EQ(night.VisitOf().leave->server_time, night.now);
  EXPECT_FALSE(night.VisitOf().patient_found);
  EXPECT_EQ(night.board.RunningAssignmentOf(kP1), nullptr);
  // Nobody was seen; the hours were worked.
  EXPECT_THAT(night.board.Find<Patient>(PatientId("a"))->seen_by, IsEmpty());
  night.Must(ConfirmHours{night.GetCall().assignment, kP1});
}

TEST(ReportFound, GoesOnWithTheVisit) {
  Night night;
  night.BringTo(CallState::kNotFound);
  night.WaitAtDeadlines(absl::Minutes(10));
  night.Must(ReportFound{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kOnScene);
  EXPECT_FALSE(night.GetCall().not_found_due_time.has_value());
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 0);
  Treat(night, "c1");
}

TEST(ReportFound, AfterTheCrewHasLeftSendsAnother) {
  Night night;
  night.BringTo(CallState::kNotFound);
  EXPECT_THAT(WordsOfDoing(night, night.StepOf("c1", Step::kLeave)),
              HasSubstr("is still being looked for"));
  TryEveryStep(night);
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_EQ(night.GetCall().state, CallState::kNotFound);
  EXPECT_EQ(StandingOf(night.GetCall()), CallState::kDepartedScene);
  night.Must(ReportFound{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  const VisitId first = night.GetCall().visit;
  night.Must(night.OfferTo("c1", "p2", "d2"));
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, PersonId("p2")});
  night.Must(AcceptOffer{offer, PersonId("d2")});
  EXPECT_NE(night.GetCall().visit, first);
  EXPECT_EQ(night.board.VisitsOf(kCall).size(), 2u);
  // The first crew found nobody, and that stays so.
  EXPECT_FALSE(night.board.Find<Visit>(first)->patient_found);
}

TEST(CloseCall, OfOneWhoWasNotFoundLeavesTheCrewToTheOther) {
  Night night;
  BringTwoOnScene(night);
  night.Must(ReportNotFound{kCall});
  TryEveryStep(night);
  night.Must(CloseCall{kCall, Outcome::kPatientNotFound, kWhy});
  EXPECT_EQ(night.GetCall("c1").state, CallState::kClosed);
  EXPECT_EQ(night.AssignmentOf("c2").state, AssignmentState::kOnScene);
  Treat(night, "c2");
  night.Must(night.StepOf("c2", Step::kLeave));
  EXPECT_EQ(night.GetCall("c2").state, CallState::kDepartedScene);
}

TEST(AdvanceVisit, LetsTheCrewLeaveWhenTheAmbulanceTookThePatient) {
  for (CallState state : {CallState::kNotFound, CallState::kOnScene}) {
    Night night;
    night.BringTo(state);
    night.Must(RaiseEmergency{kCall, {}});
    EXPECT_FALSE(night.Do(night.StepOf("c1", Step::kLeave)).ok());
    night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, {}});
    night.Must(night.StepOf("c1", Step::kLeave));
    EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kFinished);
  }
}

TEST(AdvanceVisit, WantsTheEndOfATreatmentThoughTheAmbulanceIsThere) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  night.Must(RaiseEmergency{kCall, {}});
  night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, {}});
  EXPECT_THAT(WordsOfDoing(night, night.StepOf("c1", Step::kLeave)),
              HasSubstr("has not ended"));
  night.Must(night.StepOf("c1", Step::kEndTreatment));
  night.Must(night.StepOf("c1", Step::kLeave));
}

// --- Hours ------------------------------------------------------------------

TEST(ConfirmHours, IsDoneByEachForHimselfAfterLeaving) {
  Night night;
  night.BringTo(CallState::kDepartedScene);
  const AssignmentId crew = night.GetCall().assignment;
  EXPECT_THAT(WordsOfDoing(night, ConfirmHours{crew, PersonId("p2")}),
              HasSubstr("is not of the crew"));
  night.Must(ConfirmHours{crew, kP1});
  EXPECT_EQ(night.AssignmentOf().physician_hours->person, kP1);
  EXPECT_FALSE(night.AssignmentOf().driver_hours.has_value());
  night.events.clear();
  night.Must(ConfirmHours{crew, kP1});
  EXPECT_TRUE(night.events.empty());
}

TEST(ConfirmHours, CountsForACrewThatWasTurnedRoundOnTheWay) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  const AssignmentId crew = night.GetCall().assignment;
  night.Must(CancelCall{kCall, night.GetCall().etag, kWhy});
  night.Must(ConfirmHours{crew, kD1});
  EXPECT_TRUE(night.AssignmentOf().driver_hours.has_value());
  // Even where its car broke down before.
  Night lost;
  lost.BringTo(CallState::kEnRoute);
  lost.Must(ReportBreakdown{CarId("k1"), "engine"});
  lost.Must(CancelCall{kCall, lost.GetCall().etag, kWhy});
  lost.Must(ConfirmHours{lost.GetCall().assignment, kP1});
  Night idle;
  idle.BringTo(CallState::kAccepted);
  idle.Must(CancelCall{kCall, idle.GetCall().etag, kWhy});
  EXPECT_THAT(WordsOfDoing(idle, ConfirmHours{idle.GetCall().assignment, kD1}),
              HasSubstr("hours are confirmed after leaving"));
}

TEST(ConfirmHours, WorksAfterTheFirstCallOfTheTripWasForgotten) {
  Night night;
  BringTwoOnScene(night);
  Treat(night, "c1");
  Treat(night, "c2");
  night.Must(night.StepOf("c1", Step::kLeave));
  // As a store loads it: closed calls are left out.
  Board board;
  const auto copy = [&]<typename... R>(std::variant<R...>*) {
    (night.board.table<R>().ForEach([&](const auto& id, const R& record) {
      if (id.value() != "c1") board.Put(record);
    }),
     ...);
  };
  copy(static_cast<Record*>(nullptr));
  ASSERT_EQ(board.Find<Call>(kCall), nullptr);
  const AssignmentId crew = night.GetCall("c2").assignment;
  const absl::StatusOr<Decision> decision =
      Decide(board, ConfirmHours{crew, kP1}, night.As("p1"), night.now);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(decision->events.size(), 1u);
}

// --- Drivers who do not wait
// --------------------------------------------------

TEST(Driver, WaitsDuringTheVisit) {
  Night night;
  night.BringTo(CallState::kOnScene);
  EXPECT_FALSE(night.AssignmentOf().driver_left);
  EXPECT_NE(night.board.RunningAssignmentOf(PersonId("d1")), nullptr);
}

TEST(Driver, IsFreeFromTheArrivalOnWhereTheCenterSaysSo) {
  Night night;
  Center center = night.board.center();
  center.policy.driver_waits = false;
  night.Must(Update<Center>{center});
  night.BringTo(CallState::kEnRoute);
  EXPECT_NE(night.board.RunningAssignmentOf(PersonId("d1")), nullptr);
  night.Must(night.StepOf("c1", Step::kArrive));
  EXPECT_TRUE(night.AssignmentOf().driver_left);
  EXPECT_EQ(night.board.RunningAssignmentOf(PersonId("d1")), nullptr);
  EXPECT_NE(night.board.RunningAssignmentOf(PersonId("p1")), nullptr);

  // He fetches another physician meanwhile, and the first one goes on alone.
  night.Must(night.Submission("c2", "b"));
  night.Must(night.Triage("c2"));
  night.Must(night.OfferTo("c2", "p2", "d1"));
  night.Must(AcceptOffer{night.OfferOf("c2").id, PersonId("p2")});
  night.Must(AcceptOffer{night.OfferOf("c2").id, PersonId("d1")});
  EXPECT_EQ(night.board.RunningAssignmentOf(PersonId("d1")),
            &night.AssignmentOf("c2"));
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  night.Must(night.StepOf("c1", Step::kEndTreatment));
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_EQ(night.board.RunningAssignmentOf(PersonId("p1")), nullptr);
  // The end of the first visit frees nobody of the second.
  EXPECT_EQ(night.board.RunningAssignmentOf(PersonId("d1")),
            &night.AssignmentOf("c2"));
}

}  // namespace
}  // namespace housecall::core
