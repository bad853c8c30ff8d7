// The clocks: each thing that happens by itself happens at its time, once, and
// NextDeadline knows when.
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

// A shift that ends long after the night, so that the ends of the duties are
// out of the way of other clocks.
Night LongNight() {
  Night night;
  for (const char* id : {"p1", "p2", "p3", "d1", "d2", "op-mori"}) {
    Duty duty = night.DutyOf(id);
    duty.end_time += absl::Hours(48);
    night.board.Put(duty);
  }
  return night;
}

// Nothing happens before `time`, something does then, and nothing more.
void ExpectDueAt(Night& night, absl::Time time) {
  EXPECT_EQ(NextDeadline(night.board), time);
  night.events.clear();
  if (time > night.now) {
    night.now = time - absl::Nanoseconds(1);
    night.Must(PassTime());
    EXPECT_TRUE(night.events.empty()) << "too early";
    night.now = time;
  }
  night.Must(PassTime());
  EXPECT_FALSE(night.events.empty()) << "nothing happened";
  const size_t events = night.events.size();
  night.Must(PassTime());
  EXPECT_EQ(night.events.size(), events) << "it happened twice";
  EXPECT_GT(NextDeadline(night.board), night.now);
}

// --- Offers -----------------------------------------------------------------

TEST(PassTime, RingsAgainThenLetsTheOfferExpire) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, kP1});
  ExpectDueAt(night, night.now + absl::Seconds(180));
  EXPECT_EQ(night.OfferOf().rings, 2);
  EXPECT_EQ(night.Count(EventKind::kOfferRungAgain), 1);
  ExpectDueAt(night, night.now + absl::Seconds(180));
  EXPECT_EQ(night.board.Find<Offer>(offer)->state, OfferState::kExpired);
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  // Only he who did not answer.
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kD1));
  EXPECT_EQ(night.GetCall().unanswered_offers, 1);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoAnswer), 0);
  EXPECT_EQ(night.board.PendingOfferTo(kP1), nullptr);
}

TEST(PassTime, AlarmsTheOperatorAfterSeveralUnansweredOffers) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.WaitAtDeadlines(absl::Minutes(6));
  night.Must(night.OfferTo("c1", "p2", "d2"));
  night.WaitAtDeadlines(absl::Minutes(6));
  EXPECT_EQ(night.GetCall().unanswered_offers, 2);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoAnswer), 1);
  night.Must(night.OfferTo("c1", "p3", ""));
  night.Must(AcceptOffer{night.GetCall().offer, PersonId("p3")});
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoAnswer), 0);
  EXPECT_EQ(night.GetCall().unanswered_offers, 0);
}

// --- Departure --------------------------------------------------------------

TEST(PassTime, NudgesAlarmsAndRematchesACrewThatDoesNotMove) {
  Night night;
  night.BringTo(CallState::kAccepted);
  const absl::Time accepted = night.now;
  ExpectDueAt(night, accepted + absl::Minutes(10));
  EXPECT_TRUE(night.AssignmentOf().nudged);
  EXPECT_EQ(night.Count(EventKind::kDepartureNudged), 1);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNotMoving), 0);
  ExpectDueAt(night, accepted + absl::Minutes(15));
  EXPECT_TRUE(night.AssignmentOf().alarmed);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNotMoving), 1);
  ExpectDueAt(night, accepted + absl::Minutes(20));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kReleased);
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kP1, kD1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kNotMoving), 0);
}

TEST(PassTime, StopsTheClockOfDepartureWhenTheCrewSetsOut) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.WaitAtDeadlines(absl::Minutes(16));
  ASSERT_EQ(night.OpenTasks(TaskKind::kNotMoving), 1);
  night.Must(night.StepOf("c1", Step::kDepart));
  EXPECT_EQ(night.OpenTasks(TaskKind::kNotMoving), 0);
  night.WaitAtDeadlines(absl::Minutes(30));
  EXPECT_EQ(night.GetCall().state, CallState::kEnRoute);
}

TEST(PassTime, StartsTheClockOfDepartureAgainWithAnotherCar) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.WaitAtDeadlines(absl::Minutes(12));
  night.Must(ReportBreakdown{CarId("k1"), ""});
  night.WaitAtDeadlines(absl::Minutes(20));
  ASSERT_EQ(night.AssignmentOf().state, AssignmentState::kWaitingForCar);
  OfferVisit c = night.OfferTo("c1", "p1", "d2");
  c.replaces_car_of = night.GetCall().assignment;
  night.Must(c);
  night.Must(AcceptOffer{night.OfferOf().id, PersonId("d2")});
  EXPECT_FALSE(night.AssignmentOf().nudged);
  ExpectDueAt(night, night.now + absl::Minutes(10));
}

// --- Waiting calls ----------------------------------------------------------

TEST(PassTime, EndsAHold) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(HoldCall{kCall, std::nullopt, kWhy, night.now + absl::Minutes(9)});
  ExpectDueAt(night, night.now + absl::Minutes(9));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  night.Must(HoldCall{kCall, std::nullopt, kWhy, std::nullopt});
  night.WaitAtDeadlines(absl::Hours(3));
  EXPECT_EQ(night.GetCall().state, CallState::kOnHold);
}

TEST(PassTime, MatchesAScheduledCallBeforeItsWindow) {
  Night night;
  night.BringTo(CallState::kScheduled);
  const absl::Time start = night.GetCall().schedule->start_time;
  ExpectDueAt(night, start - absl::Minutes(60));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  // It has waited on purpose: nobody needs to look at it again yet.
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 0);
}

TEST(PassTime, AlarmsWhenTriageIsOverdue) {
  Night night;
  night.BringTo(CallState::kReceived);
  ExpectDueAt(night, night.now + absl::Minutes(60));
  EXPECT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
  Night urgent;
  SubmitCall c = urgent.Submission("c1", "a");
  c.red_flags = {RedFlag::kStrokeSigns};
  urgent.Must(c);
  ExpectDueAt(urgent, urgent.now + absl::Minutes(20));
}

// Resolves the open task of that kind, without anything else.
void SayItIsSeenTo(Night& night, TaskKind kind) {
  for (const TaskId& id : night.board.OpenTasksOf(kCall)) {
    if (night.board.Find<Task>(id)->kind == kind) {
      night.Must(ResolveTask{id, kWhy});
      return;
    }
  }
  ADD_FAILURE() << "no open task " << kind;
}

TEST(PassTime, AlarmsAgainWhileTriageIsOverdue) {
  Night night = LongNight();
  night.BringTo(CallState::kReceived);
  night.WaitAtDeadlines(absl::Minutes(70));
  SayItIsSeenTo(night, TaskKind::kTriageOverdue);
  ExpectDueAt(night, night.now + absl::Hours(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
}

TEST(PassTime, AlarmsAgainWhileNobodyDecidesOnThe119) {
  Night night = LongNight();
  night.BringTo(CallState::kEmergency119);
  night.now += absl::Minutes(3);
  SayItIsSeenTo(night, TaskKind::kEmergency119);
  ExpectDueAt(night, night.now + absl::Minutes(20));
  EXPECT_EQ(night.OpenTasks(TaskKind::kEmergency119), 1);
}

TEST(PassTime, AsksAboutCallsThatNothingElseBringsOn) {
  for (CallState state : {CallState::kTriaged, CallState::kOnHold}) {
    Night night = LongNight();
    night.BringTo(state);
    ExpectDueAt(night, night.now + absl::Hours(1));
    EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 1) << state;
  }
  Night stood_down = LongNight();
  stood_down.BringTo(CallState::kEmergency119);
  stood_down.now += absl::Minutes(10);
  stood_down.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, kWhy});
  ExpectDueAt(stood_down, stood_down.now + absl::Hours(1));
  EXPECT_EQ(stood_down.OpenTasks(TaskKind::kRetriage), 1);
}

TEST(PassTime, AsksAgainWhatIsToBecomeOfAPatientWhoWasNotFound) {
  Night night = LongNight();
  night.BringTo(CallState::kNotFound);
  night.WaitAtDeadlines(absl::Minutes(10));
  SayItIsSeenTo(night, TaskKind::kPatientNotFound);
  // The step has not been taken for that.
  ExpectDueAt(night, night.now + absl::Minutes(10));
  for (NotFoundStep step : AllValues<NotFoundStep>()) {
    night.Must(RecordNotFoundStep{kCall, step, false});
  }
  SayItIsSeenTo(night, TaskKind::kPatientNotFound);
  ExpectDueAt(night, night.now + absl::Hours(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kPatientNotFound), 1);
}

TEST(PassTime, AlarmsAgainWhileACrewWaitsForACar) {
  Night night = LongNight();
  night.BringTo(CallState::kEnRoute);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  SayItIsSeenTo(night, TaskKind::kCarBrokenDown);
  ExpectDueAt(night, night.now + absl::Minutes(20));
  EXPECT_EQ(night.OpenTasks(TaskKind::kCarBrokenDown), 1);
}

TEST(PassTime, AsksWhereACrewIsOfWhichNothingIsHeard) {
  Night night = LongNight();
  night.BringTo(CallState::kOnScene);
  const absl::Time due =
      night.AssignmentOf().estimate.finish_time + absl::Hours(1);
  ExpectDueAt(night, due);
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 1);
  SayItIsSeenTo(night, TaskKind::kVisitOverdue);
  ExpectDueAt(night, due + absl::Hours(1));
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  night.Must(night.StepOf("c1", Step::kEndTreatment));
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 0);
}

TEST(PassTime, AsksForThePapersOnTheNextWorkingDay) {
  Night night;
  night.BringTo(CallState::kDepartedScene);
  const absl::Time monday_is_a_holiday = testing::At("2026-11-24 08:30");
  night.WaitAtDeadlines(monday_is_a_holiday - absl::Seconds(1) - night.now);
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 0);
  night.WaitAtDeadlines(absl::Seconds(1));
  ASSERT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 1);
  const Task& task =
      *night.board.Find<Task>(night.board.OpenTasksOf(kCall).front());
  EXPECT_THAT(task.detail, HasSubstr("the note is not signed"));
  EXPECT_THAT(task.detail, HasSubstr("the driver has not confirmed the hours"));
  SayItIsSeenTo(night, TaskKind::kVisitOverdue);
  night.WaitAtDeadlines(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 0);
  night.WaitAtDeadlines(absl::Seconds(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 1);
}

TEST(PassTime, LeavesItToTheDeliveriesToTellThatTheyAreLate) {
  Night night;
  night.BringTo(CallState::kNoteSent);
  night.WaitAtDeadlines(testing::At("2026-11-24 08:30") - night.now);
  EXPECT_EQ(night.OpenTasks(TaskKind::kDeliveryOverdue), 2);
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 0);
  // They are there; the hours still miss.
  night.ConfirmDeliveriesOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kNoteSent);
  night.WaitAtDeadlines(absl::Hours(24));
  EXPECT_EQ(night.OpenTasks(TaskKind::kVisitOverdue), 1);
}

TEST(PassTime, DoesNotSendACrewToAnAgreedTimeTooEarly) {
  Night night = LongNight();
  night.BringTo(CallState::kScheduled);
  const absl::Time start = night.GetCall().schedule->start_time;
  night.WaitAtDeadlines(start - absl::Minutes(60) - night.now);
  OfferVisit offer = night.OfferTo("c1", "p1", "d1");
  offer.estimate.fetch_duration = absl::Minutes(5);
  night.Must(offer);
  night.Must(AcceptOffer{night.GetCall().offer, kP1});
  night.Must(AcceptOffer{night.GetCall().offer, kD1});
  // 5 minutes to fetch him and 15 to the patient.
  ExpectDueAt(night, start - absl::Minutes(20) + absl::Minutes(10));
  EXPECT_TRUE(night.AssignmentOf().nudged);
  ExpectDueAt(night, start - absl::Minutes(5));
  EXPECT_EQ(night.OpenTasks(TaskKind::kNotMoving), 1);
  ExpectDueAt(night, start);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kReleased);
}

TEST(PassTime, AsksForTheWaitingListToBeTriagedHourly) {
  Night night = LongNight();
  night.Must(night.Submission("c1", "a"));
  night.Must(night.Triage("c1", Urgency::kRoutine));
  ExpectDueAt(night, night.now + absl::Hours(1));
  ASSERT_EQ(night.OpenTasks(TaskKind::kRetriage), 1);
  night.now += absl::Minutes(5);
  night.Must(night.Triage("c1", Urgency::kRoutine));
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 0);
  ExpectDueAt(night, night.now + absl::Hours(1));
  // Seen to without another triage: again after an hour.
  night.now += absl::Minutes(5);
  night.Must(ResolveTask{night.board.OpenTasksOf(kCall).front(), kWhy});
  ExpectDueAt(night, night.now + absl::Hours(1));
}

TEST(PassTime, AlarmsWhenTheTargetIsMissed) {
  Night night = LongNight();
  night.Must(night.Submission("c1", "a"));
  night.Must(night.Triage("c1", Urgency::kUrgent));
  ExpectDueAt(night, *night.GetCall().target_time);
  EXPECT_EQ(night.OpenTasks(TaskKind::kTargetAtRisk), 1);
  night.Must(ResolveTask{night.board.OpenTasksOf(kCall).front(), kWhy});
}

TEST(PassTime, AlarmsAtOnceWhenTheCrewIsExpectedAfterTheTarget) {
  Night night = LongNight();
  night.BringTo(CallState::kEnRoute);
  UpdateEstimate late;
  late.assignment = night.GetCall().assignment;
  late.estimate.arrive_time = late.estimate.finish_time =
      *night.GetCall().target_time + absl::Minutes(1);
  night.Must(late);
  EXPECT_LE(NextDeadline(night.board), night.now);
  night.Must(PassTime());
  ASSERT_EQ(night.OpenTasks(TaskKind::kTargetAtRisk), 1);
  EXPECT_GT(NextDeadline(night.board), night.now);
  // The operator has told them; he is told again when it is missed.
  night.Must(ResolveTask{night.board.OpenTasksOf(kCall).front(), kWhy});
  ExpectDueAt(night, *night.GetCall().target_time);
  EXPECT_EQ(night.OpenTasks(TaskKind::kTargetAtRisk), 1);
  night.Must(night.StepOf("c1", Step::kArrive));
  EXPECT_EQ(night.OpenTasks(TaskKind::kTargetAtRisk), 0);
}

TEST(PassTime, DoesEverythingThatIsDueAfterAStop) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(HoldCall{kCall, std::nullopt, kWhy, night.now + absl::Minutes(9)});
  // The hold ends, and by then the call has waited too long.
  night.Wait(absl::Hours(3));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 1);
  EXPECT_EQ(night.OpenTasks(TaskKind::kTargetAtRisk), 1);
}

// --- The center -------------------------------------------------------------

TEST(PassTime, EndsDutiesAtTheirEnd) {
  Night night;
  ExpectDueAt(night, night.DutyOf("p1").end_time);
  EXPECT_EQ(night.Count(EventKind::kDutyEnded), 6);
  EXPECT_FALSE(night.DutyOf("d2").on_duty);
}

TEST(PassTime, LetsAVisitThatRunsGoOnBeyondTheDuty) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.now = night.DutyOf("p1").end_time;
  night.Must(PassTime());
  EXPECT_TRUE(night.DutyOf("p1").on_duty);
  EXPECT_FALSE(night.DutyOf("p2").on_duty);
  night.Must(night.StepOf("c1", Step::kStartTreatment));
  night.Must(night.StepOf("c1", Step::kEndTreatment));
  night.Must(night.StepOf("c1", Step::kLeave));
  EXPECT_LE(NextDeadline(night.board), night.now);
  night.Must(PassTime());
  EXPECT_FALSE(night.DutyOf("p1").on_duty);
}

// One call that waits, for somebody who is not registered.
void AddWaitingCall(Night& night, int number) {
  const std::string id = absl::StrCat("w", number);
  SubmitCall c = night.Submission(id, "");
  c.short_patient = ShortPatient();
  c.short_patient->display_name = PrivateText("somebody");
  c.place = Place();
  c.place->address = PrivateText("a street");
  night.Must(c);
  night.Must(night.Triage(id, Urgency::kRoutine));
}

TEST(PassTime, PagesTheReserveInASurgeOnce) {
  // Three physicians, and wheels for three: d1, d2 and p3 himself.
  Night night = LongNight();
  for (int i = 0; i < 12; ++i) AddWaitingCall(night, i);
  EXPECT_GT(NextDeadline(night.board), night.now);
  AddWaitingCall(night, 12);
  EXPECT_LE(NextDeadline(night.board), night.now);
  night.Must(PassTime());
  ASSERT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 1);
  AddWaitingCall(night, 13);
  EXPECT_GT(NextDeadline(night.board), night.now);
  // Not over before it is half.
  for (int i = 0; i < 8; ++i) {
    const std::string id = absl::StrCat("w", i);
    if (i == 7) {
      night.Must(PassTime());
      EXPECT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 1);
    }
    night.Must(CancelCall{CallId(id), night.GetCall(id).etag, kWhy});
  }
  EXPECT_LE(NextDeadline(night.board), night.now);
  night.Must(PassTime());
  EXPECT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 0);
}

TEST(PassTime, TellsOfASurgeThatGoesOnAgainAfterAnHour) {
  Night night = LongNight();
  for (int i = 0; i < 13; ++i) AddWaitingCall(night, i);
  night.Must(PassTime());
  night.Must(ResolveTask{night.board.OpenTasksOf(CallId()).front(), kWhy});
  night.WaitAtDeadlines(absl::Minutes(59));
  EXPECT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 0);
  night.WaitAtDeadlines(absl::Minutes(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 1);
}

TEST(PassTime, SaysThatNobodyIsOnDutyForACallThatWaits) {
  Night night;
  night.now = night.DutyOf("p1").end_time;
  night.Must(PassTime());
  AddWaitingCall(night, 1);
  night.Must(PassTime());
  ASSERT_EQ(night.OpenTasks(TaskKind::kSurge, ""), 1);
  EXPECT_THAT(
      night.board.Find<Task>(night.board.OpenTasksOf(CallId()).front())->detail,
      ::testing::StartsWith("1 call waits;"));
}

// --- The rota ---------------------------------------------------------------

std::vector<std::string> OpenGaps(const Night& night) {
  std::vector<std::string> details;
  for (const TaskId& id : night.board.OpenTasksOf(CallId())) {
    const Task& task = *night.board.Find<Task>(id);
    if (task.kind == TaskKind::kCoverageGap) details.push_back(task.detail);
  }
  return details;
}

TEST(PassTime, LooksThroughTheRotaEveryDayAtFive) {
  Night night;
  night.WaitAtDeadlines(absl::Hours(20));
  // 16:00 of the next day; the first shift began yesterday at 18:00.
  EXPECT_THAT(OpenGaps(night), IsEmpty());
  ExpectDueAt(night, testing::At("2026-11-21 17:00"));
  // Saturday, Sunday and Tuesday nights and the Saturday after: nobody.
  const std::vector<std::string> gaps = OpenGaps(night);
  ASSERT_FALSE(gaps.empty());
  EXPECT_THAT(gaps[0], HasSubstr("PHYSICIAN 2026-11-21T1"));
  EXPECT_THAT(gaps[0], HasSubstr("OPERATOR"));
  const size_t before = gaps.size();
  night.Must(PassTime());
  EXPECT_EQ(OpenGaps(night).size(), before);
  ExpectDueAt(night, testing::At("2026-11-22 17:00"));
}

TEST(PassTime, RaisesAGapOnceAndResolvesItWhenSomebodyFillsIt) {
  Night night;
  night.now = testing::At("2026-11-21 17:00");
  night.Must(PassTime());
  const size_t gaps = OpenGaps(night).size();
  ASSERT_GT(gaps, 0u);
  // Sunday's night, a day ahead, is filled for every role.
  for (const auto& [person, role] :
       {std::pair("p1", Role::kPhysician), std::pair("d1", Role::kDriver),
        std::pair("op-mori", Role::kOperator)}) {
    Shift shift;
    shift.id = ShiftId(absl::StrCat("sunday-", person));
    shift.person = PersonId(person);
    shift.role = role;
    shift.start_time = testing::At("2026-11-22 08:00");
    shift.end_time = testing::At("2026-11-23 18:00");
    shift.organization = OrganizationId("clinic-hino");
    shift.car = CarId(role == Role::kDriver ? "k1" : "");
    night.board.Put(shift);
  }
  night.now = testing::At("2026-11-22 17:00");
  night.Must(PassTime());
  for (const std::string& detail : OpenGaps(night)) {
    EXPECT_THAT(detail, ::testing::Not(HasSubstr("PHYSICIAN 2026-11-22T")));
  }
}

TEST(PassTime, TellsOfAGapAgainAtTheNextMark) {
  Night night;
  night.now = testing::At("2026-11-21 17:00");
  night.Must(PassTime());
  // Tuesday's is three days ahead. Somebody is going to see to it, and the task
  // is not on a board that is loaded anew later.
  TaskId first;
  for (const TaskId& id : night.board.OpenTasksOf(CallId())) {
    if (night.board.Find<Task>(id)->detail.rfind("OPERATOR 2026-11-24", 0) ==
        0) {
      first = id;
    }
  }
  ASSERT_FALSE(first.empty());
  night.Must(ResolveTask{first, kWhy});
  const auto is_open = [&] {
    bool open = false;
    for (const std::string& detail : OpenGaps(night)) {
      open = open || detail.rfind("OPERATOR 2026-11-24", 0) == 0;
    }
    return open;
  };
  night.WaitAtDeadlines(absl::Hours(36) + absl::Minutes(1));
  EXPECT_FALSE(is_open());
  ForgetWhatIsOver(night.now, &night.board);
  ASSERT_EQ(night.board.Find<Task>(first), nullptr);
  // A day ahead.
  night.WaitAtDeadlines(testing::At("2026-11-23 17:00") - night.now);
  EXPECT_TRUE(is_open());
  EXPECT_EQ(night.board.Find<Task>(first), nullptr) << "an id was used twice";
}

TEST(PassTime, DoesNotMakeUpForChecksThatWereMissed) {
  Night night;
  night.now = testing::At("2026-11-25 09:00");
  night.Must(PassTime());
  int checks = 0;
  night.board.table<Task>().ForEach([&](const TaskId& id, const Task& task) {
    if (id.value().rfind("coverage-check--", 0) == 0) ++checks;
    EXPECT_EQ(task.call, CallId());
  });
  EXPECT_EQ(checks, 1);
  EXPECT_EQ(NextDeadline(night.board), testing::At("2026-11-25 17:00"));
}

TEST(NextDeadline, IsNeverForACenterThatIsNotThere) {
  EXPECT_EQ(NextDeadline(Board()), absl::InfiniteFuture());
}

TEST(NextDeadline, IsNeverForACenterWithoutRotaAndCalls) {
  Board board;
  Center center;
  center.id = CenterId("hino");
  board.Put(center);
  EXPECT_EQ(NextDeadline(board), absl::InfiniteFuture());
}

TEST(NextDeadline, KnowsWhenANoteIsOverdue) {
  Night night = LongNight();
  night.BringTo(CallState::kNoteSent);
  absl::Time due = absl::InfiniteFuture();
  for (const DeliveryId& id : night.board.DeliveriesOf(night.GetCall().note)) {
    due = std::min(due, night.board.Find<Delivery>(id)->due_time);
  }
  // Friday night: Monday is a holiday.
  EXPECT_EQ(due, testing::At("2026-11-24 08:30"));
  Task check;
  check.id = TaskId("coverage-check--20261124t000000z");
  check.raise_time = due;
  check.resolved = Confirmation{due, PersonId()};
  night.board.Put(check);
  for (const char* id : {"p1", "p2", "p3", "d1", "d2", "op-mori"}) {
    Duty duty = night.DutyOf(id);
    duty.on_duty = false;
    night.board.Put(duty);
  }
  ExpectDueAt(night, due);
  EXPECT_EQ(night.OpenTasks(TaskKind::kDeliveryOverdue), 2);
}

}  // namespace
}  // namespace housecall::core
