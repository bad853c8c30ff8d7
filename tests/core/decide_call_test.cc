// The rules of submission, triage, hold, duplicates, cancellation, 119 and
// closing.
#include <functional>
#include <string>
#include <vector>

#include "dispatcher/core/draft.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/night.h"

namespace housecall::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const CallId kCall("c1");
const PrivateText kWhy("because");

std::string WordsOfDoing(Night& night, const Command& command) {
  return Words(night.Do(command).status());
}

TriageCall Advice(Night& night) {
  TriageCall c = night.Triage("c1");
  c.disposition = Disposition::kAdvice;
  return c;
}

// Another call, by somebody who is not registered.
void SubmitShortForm(Night& night, const std::string& id) {
  SubmitCall c = night.Submission(id, "");
  c.short_patient = ShortPatient();
  c.short_patient->display_name = PrivateText("somebody");
  c.place = Place();
  c.place->address = PrivateText("a street");
  night.Must(c);
}

// One crew accepts c1 and c2 as one trip.
void AcceptBothAsOneTrip(Night& night) {
  night.BringTo(CallState::kMatching);
  night.Must(night.Submission("c2", "b"));
  night.Must(night.Triage("c2"));
  OfferVisit both = night.OfferTo("c1", "p1", "d1");
  both.calls.push_back(CallId("c2"));
  night.Must(both);
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, PersonId("p1")});
  night.Must(AcceptOffer{offer, PersonId("d1")});
}

// --- Submission -------------------------------------------------------------

TEST(SubmitCall, RecordsTheCallWithPlaceAndCareTeamOfTheCard) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.required_skills = {Skill::kPalliative};
  EXPECT_EQ(night.Must(c), Subject(kCall));
  const Call& call = night.GetCall();
  const Patient& patient = *night.board.Find<Patient>(PatientId("a"));
  EXPECT_EQ(call.state, CallState::kReceived);
  EXPECT_EQ(call.requester, PersonId("nurse-ito"));
  EXPECT_EQ(call.requester_organization, OrganizationId("station-asahi"));
  EXPECT_EQ(call.place, patient.place);
  EXPECT_EQ(call.care_team, patient.care_team);
  EXPECT_THAT(call.required_skills, ElementsAre(Skill::kPalliative));
  EXPECT_EQ(call.receive_time, night.now);
  EXPECT_TRUE(night.board.OpenTasksOf(kCall).empty());
}

TEST(SubmitCall, RefusesWhatIsWrongOnAnyBoard) {
  struct Case {
    const char* field;
    std::function<void(SubmitCall&)> spoil;
  };
  const Night fresh;
  const absl::Time now = fresh.now;
  const std::vector<Case> cases = {
      {"call:", [](SubmitCall& c) { c.call = CallId("Upper"); }},
      {"call:", [](SubmitCall& c) { c.call = CallId("a--b"); }},
      {"patient, short_patient:",
       [](SubmitCall& c) { c.patient = PatientId(); }},
      {"patient, short_patient:",
       [](SubmitCall& c) {
         c.short_patient = ShortPatient();
         c.short_patient->display_name = PrivateText("x");
       }},
      {"short_patient.display_name:",
       [](SubmitCall& c) {
         c.patient = PatientId();
         c.short_patient = ShortPatient();
       }},
      {"short_patient.birth_date:",
       [](SubmitCall& c) {
         c.patient = PatientId();
         c.short_patient = ShortPatient();
         c.short_patient->display_name = PrivateText("x");
         c.short_patient->birth_date = PrivateText("1940-13-01");
       }},
      {"place: required",
       [](SubmitCall& c) {
         c.patient = PatientId();
         c.short_patient = ShortPatient();
         c.short_patient->display_name = PrivateText("x");
       }},
      {"place:", [](SubmitCall& c) { c.place = Place(); }},
      {"place.position:",
       [](SubmitCall& c) {
         c.place = Place();
         c.place->position = LatLng{91, 0};
       }},
      {"complaint:", [](SubmitCall& c) { c.complaint = PrivateText(); }},
      {"judgement:", [](SubmitCall& c) { c.judgement = PrivateText(); }},
      {"callback_phone:",
       [](SubmitCall& c) { c.callback_phone = PrivateText(); }},
      {"vitals.temperature_celsius:",
       [](SubmitCall& c) {
         c.vitals = VitalSigns();
         c.vitals->temperature_celsius = 385;
       }},
      {"red_flags:",
       [](SubmitCall& c) { c.red_flags = {RedFlag::kUnspecified}; }},
      {"required_skills:",
       [](SubmitCall& c) {
         c.required_skills = {Skill::kChild, Skill::kChild};
       }},
      {"device_time:",
       [now](SubmitCall& c) { c.device_time = now + absl::Hours(25); }},
      {"device_time:",
       [](SubmitCall& c) {
         c.device_time =
             absl::FromCivil(absl::CivilDay(2019, 12, 31), absl::UTCTimeZone());
       }},
  };
  for (const Case& wrong : cases) {
    Night night;
    SubmitCall c = night.Submission("c1", "a");
    wrong.spoil(c);
    EXPECT_THAT(WordsOfDoing(night, c),
                StartsWith(absl::StrCat("INVALID_ARGUMENT: ", wrong.field)));
    EXPECT_TRUE(night.events.empty());
  }
}

TEST(SubmitCall, RefusesWhoIsNotRegistered) {
  Night night;
  Actor stranger = night.As("nurse-ito");
  stranger.person = PersonId("stranger");
  EXPECT_THAT(Words(night.Do(night.Submission("c1", "a"), stranger).status()),
              StartsWith("FAILED_PRECONDITION: a call needs a professional"));
  EXPECT_EQ(WordsOfDoing(night, night.Submission("c1", "zzz")),
            "NOT_FOUND: patients/zzz is not known");
}

// Nurse Ito's call lay on paper since `ago`; the operator enters it now.
SubmitCall FromPaper(Night& night, absl::Duration ago) {
  SubmitCall c = night.Submission("c1", "a");
  c.source = CallSource::kPaper;
  c.written_time = night.now - ago;
  c.requester = PersonId("nurse-ito");
  return c;
}

TEST(SubmitCall, FromPaperKeepsBothTimesAndWhoCalled) {
  Night night;
  const SubmitCall c = FromPaper(night, absl::Hours(2));
  night.Must(c, night.As("op-mori"));
  const Call& call = night.GetCall();
  EXPECT_EQ(call.source, CallSource::kPaper);
  EXPECT_EQ(call.written_time, c.written_time);
  EXPECT_EQ(call.receive_time, night.now);
  EXPECT_EQ(call.requester, PersonId("nurse-ito"));
  EXPECT_EQ(call.requester_organization, OrganizationId("station-asahi"));
  EXPECT_EQ(night.events[0].actor.person, PersonId("op-mori"));
}

TEST(SubmitCall, OfAClientSaysSo) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  EXPECT_EQ(night.GetCall().source, CallSource::kClient);
  EXPECT_FALSE(night.GetCall().written_time.has_value());
}

TEST(SubmitCall, FromPaperHasWaitedSinceItWasWritten) {
  Night night;
  const absl::Duration target = night.board.center().policy.triage_target;
  night.Must(FromPaper(night, target - absl::Minutes(1)), night.As("op-mori"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 0);
  night.Wait(absl::Minutes(1));
  EXPECT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
}

TEST(SubmitCall, FromPaperForAnOpenCallIsAFactWithBothTimes) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  SubmitCall c = FromPaper(night, absl::Minutes(40));
  c.call = CallId("c2");
  c.complaint = PrivateText("worse");
  c.requester = PersonId("nurse-abe");
  night.Must(c, night.As("op-mori"));
  EXPECT_THAT(night.GetCall().followers, ElementsAre(PersonId("nurse-abe")));
  ASSERT_EQ(night.GetCall().facts.size(), 1u);
  const Fact& fact = night.GetCall().facts[0];
  EXPECT_EQ(fact.author, PersonId("nurse-abe"));
  EXPECT_EQ(fact.source, CallSource::kPaper);
  EXPECT_EQ(fact.written_time, c.written_time);
  EXPECT_EQ(fact.time, night.now);
}

TEST(SubmitCall, RefusesATimeOnPaperThatCannotBe) {
  struct Case {
    std::string words;
    std::function<void(SubmitCall&)> spoil;
  };
  const absl::Time now = Night().now;
  const std::vector<Case> cases = {
      {"INVALID_ARGUMENT: written_time: required",
       [](SubmitCall& c) { c.written_time.reset(); }},
      {"INVALID_ARGUMENT: written_time: 2026-11-20T11:00:00.001+00:00 is in "
       "the future",
       [now](SubmitCall& c) { c.written_time = now + absl::Milliseconds(1); }},
      {"INVALID_ARGUMENT: written_time: infinite-future is in the future",
       [](SubmitCall& c) { c.written_time = absl::InfiniteFuture(); }},
      {"INVALID_ARGUMENT: written_time: 2025-11-20T11:00:00+00:00 is more than "
       "31 days ago",
       [now](SubmitCall& c) { c.written_time = now - absl::Hours(365 * 24); }},
      {"INVALID_ARGUMENT: written_time: infinite-past is more than 31 days ago",
       [](SubmitCall& c) { c.written_time = absl::InfinitePast(); }},
      {"INVALID_ARGUMENT: written_time: only with source PHONE or PAPER",
       [](SubmitCall& c) { c.source = CallSource::kClient; }},
      {"FAILED_PRECONDITION: a call needs a professional",
       [](SubmitCall& c) { c.requester = PersonId("stranger"); }},
  };
  for (const Case& wrong : cases) {
    Night night;
    SubmitCall c = FromPaper(night, absl::Hours(1));
    wrong.spoil(c);
    EXPECT_THAT(Words(night.Do(c, night.As("op-mori")).status()),
                StartsWith(wrong.words));
    EXPECT_TRUE(night.events.empty());
  }
}

TEST(SubmitCall, TakesAnothersWordAndTimeFromAnOperatorOnly) {
  Night night;
  EXPECT_EQ(WordsOfDoing(night, FromPaper(night, absl::Hours(1))),
            "FAILED_PRECONDITION: source: PAPER is for an operator to say");
  SubmitCall c = night.Submission("c1", "a");
  c.requester = PersonId("nurse-abe");
  EXPECT_EQ(WordsOfDoing(night, c),
            "FAILED_PRECONDITION: requester: only an operator enters a call "
            "for somebody else");
  c.requester = PersonId("nurse-ito");
  night.Must(c);
}

TEST(TriageCall, OnPaperCountsItsTargetFromThen) {
  Night night;
  night.Must(FromPaper(night, absl::Hours(1)), night.As("op-mori"));
  TriageCall c = night.Triage("c1", Urgency::kUrgent);
  c.written_time = night.now - absl::Minutes(50);
  night.Must(c);
  EXPECT_EQ(night.GetCall().triage_time, c.written_time);
  EXPECT_EQ(night.GetCall().target_time, night.now + absl::Minutes(10));
  EXPECT_EQ(night.GetCall().review_time, night.now);
  EXPECT_EQ(WordsOfDoing(night, c),
            "FAILED_PRECONDITION: written_time: calls/c1 was triaged before");
}

TEST(TriageCall, RefusesATimeOnPaperThatCannotBe) {
  Night night;
  night.Must(FromPaper(night, absl::Hours(1)), night.As("op-mori"));
  TriageCall c = night.Triage("c1");
  c.written_time = night.now - absl::Minutes(61);
  EXPECT_EQ(WordsOfDoing(night, c),
            "INVALID_ARGUMENT: written_time: before the call itself was "
            "written");
  c.written_time = night.now + absl::Minutes(1);
  EXPECT_THAT(WordsOfDoing(night, c), HasSubstr("is in the future"));
  night.Must(night.Submission("c2", "b"));
  c = night.Triage("c2");
  c.written_time = night.now;
  EXPECT_EQ(
      WordsOfDoing(night, c),
      "FAILED_PRECONDITION: written_time: calls/c2 did not come on paper");
}

TEST(SubmitCall, KeepsAClockThatIsOffByLessThanADay) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.device_time = night.now + absl::Hours(23);
  night.Must(c);
  EXPECT_EQ(night.GetCall().device_time, c.device_time);
  EXPECT_EQ(night.GetCall().receive_time, night.now);
}

TEST(SubmitCall, RecordsACallWithRedFlagsAndRaisesATaskWithNothingClinical) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.red_flags = {RedFlag::kStrokeSigns, RedFlag::kUnconscious};
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kReceived);
  ASSERT_EQ(night.OpenTasks(TaskKind::kRedFlags), 1);
  const Task& task =
      *night.board.Find<Task>(night.board.OpenTasksOf(kCall).front());
  EXPECT_EQ(task.id, TaskId("c1--t1"));
  EXPECT_EQ(task.detail, "2 red flags");
}

TEST(SubmitCall, TellsTheOperatorWhenThePrimaryClinicIsUnknown) {
  Night night;
  SubmitShortForm(night, "c1");
  EXPECT_EQ(night.OpenTasks(TaskKind::kCareTeamUnknown), 1);
  EXPECT_TRUE(night.GetCall().care_team.empty());
}

TEST(SubmitCall, CountsThePrimaryClinicOfTheCardToTheCareTeam) {
  Night night;
  Patient patient = *night.board.Find<Patient>(PatientId("a"));
  patient.care_team.clear();
  night.board.Put(patient);
  night.Must(night.Submission("c1", "a"));
  ASSERT_EQ(night.GetCall().care_team.size(), 1u);
  EXPECT_EQ(night.GetCall().care_team[0].organization,
            OrganizationId("clinic-sakura"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kCareTeamUnknown), 0);
}

TEST(SubmitCall, OfASecondProfessionalMakesHimAFollowerOfTheOpenCall) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  SubmitCall second = night.Submission("c2", "a");
  second.complaint = PrivateText("now breathless");
  second.red_flags = {RedFlag::kNotBreathing};
  EXPECT_EQ(night.Must(second, night.As("nurse-abe")), Subject(kCall));
  EXPECT_EQ(night.board.Find<Call>(CallId("c2")), nullptr);
  const Call& call = night.GetCall();
  EXPECT_THAT(call.followers, ElementsAre(PersonId("nurse-abe")));
  ASSERT_EQ(call.facts.size(), 1u);
  // What was said before is not said again.
  EXPECT_EQ(call.facts[0].text.Reveal(), "now breathless");
  EXPECT_EQ(call.facts[0].author, PersonId("nurse-abe"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kRedFlags), 1);
}

TEST(SubmitCall, OfTheSameAgainChangesNothing) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  night.events.clear();
  EXPECT_EQ(night.Must(night.Submission("c2", "a")), Subject(kCall));
  EXPECT_TRUE(night.events.empty());
  night.Must(night.Submission("c2", "a"), night.As("nurse-abe"));
  EXPECT_EQ(night.Count(EventKind::kCallFollowed), 1);
  night.events.clear();
  night.Must(night.Submission("c3", "a"), night.As("nurse-abe"));
  EXPECT_TRUE(night.events.empty());
}

TEST(SubmitCall, ForACallThatWasDecidedOnAsksForANewLook) {
  const auto tasks_after = [](CallState state) {
    Night night;
    night.BringTo(state);
    const int before = night.OpenTasks(TaskKind::kRetriage);
    night.Must(night.Submission("c2", "a"), night.As("nurse-abe"));
    EXPECT_EQ(night.board.Find<Call>(CallId("c2")), nullptr) << state;
    return night.OpenTasks(TaskKind::kRetriage) - before;
  };
  for (CallState state :
       {CallState::kTriaged, CallState::kScheduled, CallState::kMatching,
        CallState::kOffered, CallState::kOnHold}) {
    EXPECT_EQ(tasks_after(state), 1) << state;
  }
  // It is triaged anyway, or the crew will see.
  for (CallState state : {CallState::kReceived, CallState::kAccepted,
                          CallState::kEnRoute, CallState::kOnScene}) {
    EXPECT_EQ(tasks_after(state), 0) << state;
  }
}

TEST(SubmitCall, ForACallWhoseCrewWasStoodDownAsksForANewLook) {
  Night night;
  night.BringTo(CallState::kEmergency119);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, kWhy});
  night.Must(night.Submission("c2", "a"), night.As("nurse-abe"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 1);
}

TEST(SubmitCall, OnceTheCrewHasLeftIsANewCallWhateverTheOldOneWaitsFor) {
  // The ambulance took the patient, who is back home by now.
  Night night;
  night.BringTo(CallState::kOnScene);
  night.Must(RaiseEmergency{kCall, {}});
  night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, kWhy});
  night.Must(night.StepOf("c1", Step::kLeave));
  ASSERT_EQ(night.GetCall().state, CallState::kEmergency119);
  night.Must(night.Submission("c2", "a"));
  EXPECT_EQ(night.GetCall("c2").state, CallState::kReceived);
}

TEST(SubmitCall, AfterTheVisitIsANewCall) {
  Night night;
  night.BringTo(CallState::kDepartedScene);
  EXPECT_EQ(night.Must(night.Submission("c2", "a")), Subject(CallId("c2")));
  EXPECT_EQ(night.GetCall("c2").state, CallState::kReceived);
  // And a third one is a duplicate of the second.
  EXPECT_EQ(night.Must(night.Submission("c3", "a")), Subject(CallId("c2")));
}

TEST(SubmitCall, AsksForANewLookWhenSkillsAreAddedAfterTheOffer) {
  Night night;
  night.BringTo(CallState::kOffered);
  SubmitCall second = night.Submission("c2", "a");
  second.required_skills = {Skill::kChild};
  night.Must(second, night.As("nurse-abe"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 1);
  EXPECT_THAT(night.GetCall().required_skills, ElementsAre(Skill::kChild));
}

// --- Triage -----------------------------------------------------------------

TEST(TriageCall, SetsTheTargetByUrgency) {
  for (const auto& [urgency, minutes] :
       {std::pair(Urgency::kUrgent, 60), std::pair(Urgency::kStandard, 120),
        std::pair(Urgency::kRoutine, 360)}) {
    Night night;
    night.Must(night.Submission("c1", "a"));
    night.now += absl::Minutes(7);
    night.Must(night.Triage("c1", urgency));
    EXPECT_EQ(night.GetCall().state, CallState::kMatching);
    EXPECT_EQ(night.GetCall().triaged_by, PersonId("op-mori"));
    EXPECT_EQ(night.GetCall().target_time, night.now + absl::Minutes(minutes));
    EXPECT_EQ(night.Count(EventKind::kCallTriaged), 1);
    EXPECT_EQ(night.Count(EventKind::kCallMatching), 1);
  }
}

TEST(TriageCall, AgainDoesNotMoveThePromise) {
  Night night;
  night.BringTo(CallState::kMatching);
  const Call before = night.GetCall();
  night.now += absl::Minutes(30);
  night.Must(night.Triage("c1"));
  EXPECT_EQ(night.GetCall().target_time, before.target_time);
  EXPECT_EQ(night.GetCall().triage_time, before.triage_time);
  EXPECT_EQ(night.GetCall().review_time, night.now);
}

TEST(TriageCall, MoreUrgentNeverPromisesLater) {
  Night night;
  night.BringTo(CallState::kMatching);
  const absl::Time promised = *night.GetCall().target_time;
  night.now += absl::Minutes(30);
  night.Must(night.Triage("c1", Urgency::kUrgent));
  EXPECT_EQ(night.GetCall().target_time, night.now + absl::Minutes(60));
  Night late;
  late.BringTo(CallState::kMatching);
  late.now += absl::Minutes(110);
  late.Must(late.Triage("c1", Urgency::kUrgent));
  EXPECT_EQ(late.GetCall().target_time, promised);
}

TEST(TriageCall, LessUrgentIsANewPromise) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.now += absl::Minutes(30);
  night.Must(night.Triage("c1", Urgency::kRoutine));
  EXPECT_EQ(night.GetCall().target_time, night.now + absl::Minutes(360));
}

TEST(TriageCall, WithAScheduleWaitsForItAndIsDueByItsEnd) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  TriageCall c = night.Triage("c1");
  c.schedule = Window{night.now + absl::Hours(3), night.now + absl::Hours(4)};
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kScheduled);
  EXPECT_EQ(night.GetCall().target_time, c.schedule->end_time);
  EXPECT_EQ(night.Count(EventKind::kCallScheduled), 1);
  // Back to "as soon as possible".
  night.Must(night.Triage("c1"));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.GetCall().target_time, night.now + absl::Hours(2));
}

TEST(TriageCall, WithAScheduleThatIsNearIsMatchedAtOnce) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  TriageCall c = night.Triage("c1");
  c.schedule =
      Window{night.now + absl::Minutes(50), night.now + absl::Minutes(90)};
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
}

TEST(TriageCall, RefusesImpossibleSchedules) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  TriageCall c = night.Triage("c1");
  c.schedule = Window{night.now + absl::Hours(2), night.now + absl::Hours(1)};
  EXPECT_THAT(WordsOfDoing(night, c), StartsWith("INVALID_ARGUMENT: schedule"));
  c.schedule = Window{night.now - absl::Hours(2), night.now - absl::Hours(1)};
  EXPECT_THAT(WordsOfDoing(night, c), StartsWith("INVALID_ARGUMENT: schedule"));
  c.schedule = Window{night.now + absl::Hours(2), night.now + absl::Hours(3)};
  c.disposition = Disposition::kAdvice;
  EXPECT_THAT(WordsOfDoing(night, c), StartsWith("INVALID_ARGUMENT: schedule"));
}

TEST(TriageCall, WithTheSameOutcomeLeavesTheOfferAlone) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(night.Triage("c1"));
  EXPECT_EQ(night.GetCall().state, CallState::kOffered);
  EXPECT_EQ(night.Count(EventKind::kOfferWithdrawn), 0);
}

TEST(TriageCall, WithAnotherOutcomeWithdrawsTheOffer) {
  for (const auto& change : std::vector<std::function<void(TriageCall&)>>{
           [](TriageCall& c) { c.urgency = Urgency::kUrgent; },
           [](TriageCall& c) { c.required_skills = {Skill::kChild}; },
           [](TriageCall& c) { c.disposition = Disposition::kAdvice; }}) {
    Night night;
    night.BringTo(CallState::kOffered);
    const OfferId offer = night.GetCall().offer;
    TriageCall c = night.Triage("c1");
    change(c);
    night.Must(c);
    EXPECT_EQ(night.board.Find<Offer>(offer)->state, OfferState::kWithdrawn);
    EXPECT_EQ(night.GetCall().state, c.disposition == Disposition::kAdvice
                                         ? CallState::kTriaged
                                         : CallState::kMatching);
  }
}

TEST(TriageCall, ForgetsNoSkillThatWasAskedFor) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.required_skills = {Skill::kCatheter};
  night.Must(c);
  night.Must(night.Triage("c1"));
  EXPECT_THAT(night.GetCall().required_skills, ElementsAre(Skill::kCatheter));
}

TEST(TriageCall, SeesToRedFlagsAndOverdueTriage) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.red_flags = {RedFlag::kUnconscious};
  night.Must(c);
  night.Wait(absl::Minutes(20));
  ASSERT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
  night.Must(night.Triage("c1", Urgency::kUrgent));
  EXPECT_THAT(night.board.OpenTasksOf(kCall), IsEmpty());
}

TEST(TriageCall, As119RaisesTheEmergency) {
  Night night;
  night.BringTo(CallState::kReceived);
  TriageCall c = night.Triage("c1");
  c.disposition = Disposition::kEmergency119;
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  EXPECT_EQ(night.OpenTasks(TaskKind::kEmergency119), 1);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kGoOn, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kTriaged);
}

TEST(TriageCall, As119KeepsTheVisitThatIsBeingSought) {
  Night night;
  night.BringTo(CallState::kOffered);
  TriageCall c = night.Triage("c1");
  c.disposition = Disposition::kEmergency119;
  night.Must(c);
  EXPECT_EQ(StandingOf(night.GetCall()), CallState::kOffered);
  EXPECT_EQ(night.GetCall().disposition, Disposition::kVisit);
}

// Says what an operator decided on a call as he saw it, after it was written.
template <typename C>
std::string WordsOfDoingLate(Night& night, C c) {
  c.etag = night.GetCall().etag;
  night.Must(AddFact{kCall, kWhy, std::nullopt});
  return WordsOfDoing(night, std::move(c));
}

TEST(Etag, OfAnOlderCallAbortsWhatAnOperatorDecides) {
  const auto aborted = StartsWith("ABORTED: etag: calls/c1 was written since");
  Night night;
  night.Must(night.Submission("c1", "a"));
  night.Must(night.Submission("c2", "b"));
  EXPECT_THAT(WordsOfDoingLate(night, night.Triage("c1")), aborted);
  EXPECT_THAT(WordsOfDoingLate(
                  night, HoldCall{kCall, std::nullopt, kWhy, std::nullopt}),
              aborted);
  EXPECT_THAT(
      WordsOfDoingLate(night, MergeCall{kCall, CallId("c2"), std::nullopt}),
      aborted);
  night.Must(Advice(night));
  EXPECT_THAT(WordsOfDoingLate(
                  night, GrantDistanceException{kCall, kWhy, std::nullopt}),
              aborted);
  EXPECT_THAT(WordsOfDoingLate(night, CloseCall{kCall, Outcome::kAdviceGiven,
                                                kWhy, std::nullopt}),
              aborted);
  night.Must(HoldCall{kCall, std::nullopt, kWhy, std::nullopt});
  EXPECT_THAT(WordsOfDoingLate(night, ResumeCall{kCall, std::nullopt}),
              aborted);
  night.Must(RaiseEmergency{kCall, {}});
  EXPECT_THAT(WordsOfDoingLate(
                  night, DecideEmergency{kCall, EmergencyDecision::kStandDown,
                                         PrivateText(), std::nullopt}),
              aborted);
}

TEST(Etag, OfAnOlderCallAbortsAnAnswerToAWishToCancel) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_THAT(
      WordsOfDoingLate(night, AnswerCancel{kCall, true, kWhy, std::nullopt}),
      StartsWith("ABORTED: etag: calls/c1 was written since"));
  night.Must(AnswerCancel{kCall, true, kWhy, night.GetCall().etag});
}

// --- Hold -------------------------------------------------------------------

TEST(HoldCall, WithdrawsTheOfferAndGoesBackToMatching) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(HoldCall{kCall, std::nullopt, kWhy, std::nullopt});
  EXPECT_EQ(night.GetCall().state, CallState::kOnHold);
  EXPECT_EQ(night.board.PendingOfferTo(PersonId("p1")), nullptr);
  night.Must(ResumeCall{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_TRUE(night.GetCall().hold_reason.empty());
}

TEST(HoldCall, CanBeProlonged) {
  Night night;
  night.BringTo(CallState::kMatching);
  HoldCall c{kCall, std::nullopt, kWhy, night.now + absl::Minutes(5)};
  night.Must(c);
  c.until_time = night.now + absl::Minutes(50);
  night.Must(c);
  EXPECT_EQ(night.GetCall().hold_until_time, c.until_time);
  EXPECT_EQ(night.GetCall().resume_state, CallState::kMatching);
  night.events.clear();
  night.Must(c);
  EXPECT_TRUE(night.events.empty());
  c.until_time = night.now;
  EXPECT_THAT(WordsOfDoing(night, c), StartsWith("INVALID_ARGUMENT: until"));
}

// --- What is known of it ----------------------------------------------------

TEST(CorrectPlace, KeepsTheOldPlace) {
  Night night;
  night.BringTo(CallState::kReceived);
  const Place old_place = night.GetCall().place;
  CorrectPlace c;
  c.call = kCall;
  c.place.address = PrivateText("the other street");
  c.reason = kWhy;
  night.Must(c);
  ASSERT_EQ(night.GetCall().place_corrections.size(), 1u);
  EXPECT_EQ(night.GetCall().place_corrections[0].old_place, old_place);
  EXPECT_EQ(night.GetCall().place, c.place);
  night.events.clear();
  night.Must(c);
  EXPECT_TRUE(night.events.empty());
}

TEST(CorrectPlace, HasACrewUnderWayTimedAnew) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  ASSERT_NE(night.AssignmentOf().estimate_time, absl::UnixEpoch());
  CorrectPlace c;
  c.call = kCall;
  c.place.address = PrivateText("the other street");
  c.reason = kWhy;
  night.Must(c);
  EXPECT_EQ(night.AssignmentOf().estimate_time, absl::UnixEpoch());
  EXPECT_EQ(night.GetCall().state, CallState::kEnRoute);
}

TEST(CorrectPlace, WithdrawsAPendingOfferBehind119Too) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(RaiseEmergency{kCall, {}});
  CorrectPlace c;
  c.call = kCall;
  c.place.address = PrivateText("the other street");
  c.reason = kWhy;
  night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  EXPECT_EQ(StandingOf(night.GetCall()), CallState::kMatching);
}

TEST(FollowCall, IsDoneOnceAndNotByTheRequester) {
  Night night;
  night.BringTo(CallState::kReceived);
  night.events.clear();
  night.Must(FollowCall{kCall}, night.As("nurse-ito"));
  EXPECT_TRUE(night.events.empty());
  night.Must(FollowCall{kCall}, night.As("nurse-abe"));
  night.Must(FollowCall{kCall}, night.As("nurse-abe"));
  EXPECT_THAT(night.GetCall().followers, ElementsAre(PersonId("nurse-abe")));
  EXPECT_EQ(night.events.size(), 1u);
}

TEST(AddFact, WantsSomethingToAdd) {
  Night night;
  night.BringTo(CallState::kReceived);
  EXPECT_EQ(WordsOfDoing(night, AddFact{kCall, {}, std::nullopt}),
            "INVALID_ARGUMENT: text: required");
  VitalSigns vitals;
  vitals.oxygen_saturation_percent = 88;
  night.Must(AddFact{kCall, {}, vitals});
  EXPECT_EQ(night.GetCall().facts.back().vitals, vitals);
}

// --- Duplicates -------------------------------------------------------------

TEST(MergeCall, CarriesOverWhoAskedAndWhatWasSaid) {
  Night night;
  night.BringTo(CallState::kMatching);
  SubmitShortForm(night, "c2");
  night.Must(FollowCall{CallId("c2")}, night.As("nurse-abe"));
  night.Must(AddFact{CallId("c2"), PrivateText("88 %"), std::nullopt});
  night.Must(RaiseEmergency{CallId("c2"), {RedFlag::kUnconscious}});
  night.Must(
      DecideEmergency{CallId("c2"), EmergencyDecision::kGoOn, PrivateText()});
  EXPECT_EQ(night.Must(MergeCall{CallId("c2"), kCall}), Subject(kCall));
  const Call& call = night.GetCall();
  EXPECT_THAT(call.followers, ElementsAre(PersonId("nurse-abe")));
  ASSERT_EQ(call.facts.size(), 2u);
  EXPECT_THAT(call.facts[0].text.Reveal(),
              AllOf(HasSubstr("fever"), HasSubstr("cannot wait")));
  EXPECT_EQ(call.facts[1].text.Reveal(), "88 %");
  EXPECT_EQ(night.OpenTasks(TaskKind::kRedFlags), 1);
  EXPECT_EQ(night.GetCall("c2").state, CallState::kMerged);
  EXPECT_EQ(night.GetCall("c2").outcome, Outcome::kMerged);
  EXPECT_THAT(night.board.OpenTasksOf(CallId("c2")), IsEmpty());
}

TEST(MergeCall, RefusesCallsForTwoPatients) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(night.Submission("c2", "b"));
  EXPECT_EQ(WordsOfDoing(night, MergeCall{CallId("c2"), kCall}),
            "FAILED_PRECONDITION: calls/c2 is for patients/b, calls/c1 for "
            "patients/a");
  EXPECT_THAT(WordsOfDoing(night, MergeCall{kCall, kCall}),
              StartsWith("INVALID_ARGUMENT: into"));
}

TEST(MergeCall, OfTheDuplicateOfATripLeavesOneCallToBeMatched) {
  Night night;
  night.BringTo(CallState::kMatching);
  SubmitShortForm(night, "c2");
  night.Must(night.Triage("c2"));
  OfferVisit both = night.OfferTo("c1", "p1", "d1");
  both.calls.push_back(CallId("c2"));
  night.Must(both);
  night.Must(MergeCall{CallId("c2"), kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.GetCall("c2").resume_state, CallState::kMatching);
}

TEST(MergeCall, AsksForANewLookWhenItBringsSkillsAfterTheOffer) {
  Night night;
  night.BringTo(CallState::kOffered);
  SubmitCall c = night.Submission("c2", "");
  c.short_patient = ShortPatient();
  c.short_patient->display_name = PrivateText("somebody");
  c.place = night.GetCall().place;
  c.required_skills = {Skill::kCatheter};
  night.Must(c);
  night.Must(MergeCall{CallId("c2"), kCall});
  EXPECT_EQ(night.OpenTasks(TaskKind::kRetriage), 1);
}

TEST(MergeCall, LendsItsCareTeamToANoteThatWaitsForOne) {
  Night night;
  night.BringTo(CallState::kCancelled);
  SubmitShortForm(night, "c2");
  night.Must(night.Triage("c2"));
  night.Must(night.OfferTo("c2", "p1", "d1"));
  const OfferId offer = night.GetCall("c2").offer;
  night.Must(AcceptOffer{offer, PersonId("p1")});
  night.Must(AcceptOffer{offer, PersonId("d1")});
  for (Step step : AllValues<Step>()) night.Must(night.StepOf("c2", step));
  night.SignNoteOf("c2");
  const NoteId note = night.GetCall("c2").note;
  ASSERT_THAT(night.board.DeliveriesOf(note), IsEmpty());
  night.Must(night.Submission("c3", "a"));
  night.Must(MergeCall{CallId("c3"), CallId("c2")});
  EXPECT_EQ(night.board.DeliveriesOf(note).size(), 2u);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCareTeamUnknown, "c2"), 0);
}

TEST(MergeCall, SendsFactsAnd119OfTheDuplicateToTheCallThatLives) {
  Night night;
  night.BringTo(CallState::kMerged);
  EXPECT_EQ(night.Must(AddFact{kCall, PrivateText("worse"), std::nullopt}),
            Subject(CallId("c0")));
  EXPECT_EQ(night.GetCall("c0").facts.back().text.Reveal(), "worse");
  EXPECT_EQ(night.Must(RaiseEmergency{kCall, {}}), Subject(CallId("c0")));
  EXPECT_EQ(night.GetCall("c0").state, CallState::kEmergency119);
  EXPECT_EQ(night.GetCall().state, CallState::kMerged);
}

TEST(UnmergeCall, BringsBackTheTasksThatTheMergeEnded) {
  Night night;
  SubmitCall c = night.Submission("c1", "a");
  c.red_flags = {RedFlag::kStrokeSigns};
  night.Must(c);
  SubmitCall other = night.Submission("c0", "");
  other.short_patient = ShortPatient();
  other.short_patient->display_name = PrivateText("the same patient");
  other.place = night.GetCall().place;
  night.Must(other);
  night.WaitAtDeadlines(absl::Minutes(21));
  ASSERT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
  night.Must(MergeCall{kCall, CallId("c0")});
  ASSERT_EQ(night.OpenTasks(TaskKind::kRedFlags), 0);
  night.Must(UnmergeCall{kCall});
  EXPECT_EQ(night.OpenTasks(TaskKind::kRedFlags), 1);
  night.Must(PassTime());
  EXPECT_EQ(night.OpenTasks(TaskKind::kTriageOverdue), 1);
}

TEST(UnmergeCall, OpensTheCallAgainWhereItStood) {
  Night night;
  night.BringTo(CallState::kOffered);
  SubmitShortForm(night, "c2");
  night.Must(MergeCall{kCall, CallId("c2")});
  night.Must(UnmergeCall{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.GetCall().outcome, Outcome::kUnspecified);
  EXPECT_EQ(night.board.OpenCallFor(PatientId("a"))->id, kCall);
}

// --- Cancellation -----------------------------------------------------------

TEST(RequestCancel, IsGrantedAtOnceBeforeACrewHasAccepted) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kCancelled);
  EXPECT_EQ(night.GetCall().outcome, Outcome::kCancelled);
  EXPECT_EQ(night.GetCall().close_time, night.now);
  EXPECT_EQ(night.board.PendingOfferTo(PersonId("p1")), nullptr);
  EXPECT_EQ(night.board.open_calls().size(), 0u);
}

TEST(RequestCancel, IsAWishOnceACrewHasAccepted) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kEnRoute);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCancelRequest), 1);
  night.events.clear();
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_TRUE(night.events.empty());
}

TEST(RequestCancel, IsAWishWhileSomebodyElseWantsTheVisit) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(night.Submission("c2", "a"), night.As("nurse-abe"));
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCancelRequest), 1);
  night.Must(AnswerCancel{kCall, false, kWhy});
  // Nor may a follower cancel what is another's.
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy},
             night.As("nurse-abe"));
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  night.Must(AnswerCancel{kCall, true, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kCancelled);
}

TEST(RequestCancel, WantsTheEtagOfWhatItCancels) {
  Night night;
  night.BringTo(CallState::kOffered);
  EXPECT_THAT(WordsOfDoing(night, RequestCancel{kCall, Version{1}, kWhy}),
              StartsWith("ABORTED: etag"));
  EXPECT_EQ(WordsOfDoing(night, RequestCancel{kCall, night.GetCall().etag, {}}),
            "INVALID_ARGUMENT: reason: required");
}

TEST(AnswerCancel, ApprovedFreesTheCrew) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  night.Must(AnswerCancel{kCall, true, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kCancelled);
  EXPECT_EQ(night.GetCall().outcome_reason, kWhy);
  EXPECT_EQ(night.GetCall().cancel_request->state, CancelState::kApproved);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kReleased);
  EXPECT_EQ(night.board.RunningAssignmentOf(PersonId("p1")), nullptr);
  EXPECT_THAT(night.board.OpenTasksOf(kCall), IsEmpty());
}

TEST(AnswerCancel, RefusedKeepsItsReason) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(WordsOfDoing(night, AnswerCancel{kCall, false, {}}),
            "INVALID_ARGUMENT: reason: required");
  night.Must(AnswerCancel{kCall, false, PrivateText("nearly there")});
  EXPECT_EQ(night.GetCall().cancel_request->state, CancelState::kRefused);
  EXPECT_EQ(night.GetCall().facts.back().text.Reveal(), "nearly there");
  EXPECT_EQ(night.OpenTasks(TaskKind::kCancelRequest), 0);
  // He may ask again.
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(night.OpenTasks(TaskKind::kCancelRequest), 1);
}

TEST(RequestCancel, ComesTooLateOnceTheCrewHasArrived) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(RequestCancel{kCall, night.GetCall().etag, kWhy});
  night.Must(night.StepOf("c1", Step::kArrive));
  EXPECT_EQ(night.GetCall().cancel_request->state, CancelState::kRefused);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCancelRequest), 0);
}

TEST(CancelCall, OfOneOfTwoPatientsLeavesTheCrewToTheOther) {
  Night night;
  AcceptBothAsOneTrip(night);
  night.Must(CancelCall{kCall, night.GetCall().etag, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kCancelled);
  EXPECT_EQ(night.GetCall("c2").state, CallState::kAccepted);
  EXPECT_THAT(night.AssignmentOf("c2").calls, ElementsAre(CallId("c2")));
  night.Must(night.StepOf("c2", Step::kDepart));
  EXPECT_EQ(night.GetCall("c2").state, CallState::kEnRoute);
}

// --- 119 --------------------------------------------------------------------

TEST(RaiseEmergency, LetsACrewUnderWayGoOn) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(RaiseEmergency{kCall, {RedFlag::kUnconscious}});
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  EXPECT_EQ(night.OpenTasks(TaskKind::kEmergency119), 1);
  night.Must(night.StepOf("c1", Step::kDepart));
  night.Must(night.StepOf("c1", Step::kArrive));
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kGoOn, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kOnScene);
  EXPECT_EQ(night.OpenTasks(TaskKind::kEmergency119), 0);
}

TEST(RaiseEmergency, LeavesAPendingOfferStanding) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(RaiseEmergency{kCall, {}});
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, PersonId("p1")});
  night.Must(AcceptOffer{offer, PersonId("d1")});
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  EXPECT_EQ(StandingOf(night.GetCall()), CallState::kAccepted);
}

TEST(RaiseEmergency, TwiceAddsFlagsOnly) {
  Night night;
  night.BringTo(CallState::kEmergency119);
  night.events.clear();
  night.Must(RaiseEmergency{kCall, {}});
  EXPECT_TRUE(night.events.empty());
  night.Must(RaiseEmergency{kCall, {RedFlag::kMassiveBleeding}});
  EXPECT_EQ(night.events.size(), 1u);
  EXPECT_EQ(StandingOf(night.GetCall()), CallState::kEnRoute);
}

TEST(DecideEmergency, PhoneSupportTurnsTheCrewRound) {
  Night night;
  night.BringTo(CallState::kEmergency119);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kPhoneSupport, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kTriaged);
  EXPECT_EQ(night.GetCall().disposition, Disposition::kAdvice);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kReleased);
  night.Must(CloseCall{kCall, Outcome::kAdviceGiven, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
}

TEST(DecideEmergency, StandDownStaysOpenUntilItIsClosedAs119) {
  Night night;
  night.BringTo(CallState::kEmergency119);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kReleased);
  night.WaitAtDeadlines(absl::Hours(3));
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  night.Must(CloseCall{kCall, Outcome::kEmergency119, {}});
  EXPECT_EQ(night.GetCall().outcome, Outcome::kEmergency119);
}

TEST(DecideEmergency, MayBeChangedAfterStandingDown) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(RaiseEmergency{kCall, {}});
  night.Must(DecideEmergency{kCall, EmergencyDecision::kStandDown, {}});
  night.Must(DecideEmergency{kCall, EmergencyDecision::kGoOn, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
}

TEST(DecideEmergency, LeavesACrewThatHasArrivedWhereItIs) {
  for (EmergencyDecision decision :
       {EmergencyDecision::kPhoneSupport, EmergencyDecision::kStandDown}) {
    Night night;
    night.BringTo(CallState::kOnScene);
    night.Must(RaiseEmergency{kCall, {}});
    night.Must(DecideEmergency{kCall, decision, {}});
    EXPECT_EQ(StandingOf(night.GetCall()), CallState::kOnScene);
    EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kOnScene);
  }
}

TEST(DecideEmergency, GoesBackToLookingForThePatient) {
  Night night;
  night.BringTo(CallState::kNotFound);
  night.Must(RaiseEmergency{kCall, {}});
  night.Must(DecideEmergency{kCall, EmergencyDecision::kGoOn, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kNotFound);
  EXPECT_EQ(night.GetCall().resume_state, CallState::kOnScene);
}

TEST(RaiseEmergency, IsPossibleAfterTheCrewHasLeft) {
  Night night;
  night.BringTo(CallState::kNoteSent);
  night.Must(RaiseEmergency{kCall, {}});
  // Receipts and hours do not close a call that somebody must decide on.
  night.ConfirmDeliveriesOf("c1");
  night.ConfirmHoursOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kEmergency119);
  night.Must(DecideEmergency{kCall, EmergencyDecision::kGoOn, {}});
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
}

// --- The end ----------------------------------------------------------------

TEST(SetCareTeam, SendsASignedNoteOut) {
  Night night;
  SubmitShortForm(night, "c1");
  night.Must(night.Triage("c1"));
  night.Must(night.OfferTo("c1", "p3", ""));
  night.Must(AcceptOffer{night.GetCall().offer, PersonId("p3")});
  for (Step step : AllValues<Step>()) {
    if (step != Step::kPickUp) night.Must(night.StepOf("c1", step));
  }
  night.SignNoteOf("c1");
  EXPECT_THAT(night.board.DeliveriesOf(night.GetCall().note), IsEmpty());
  EXPECT_THAT(
      MissingToClose(night.board, night.GetCall()),
      ElementsAre("the care team is not known", "the requester is not informed",
                  "the physician has not confirmed the hours"));
  CareTeamMember clinic;
  clinic.role = CareRole::kPrimaryClinic;
  clinic.organization = OrganizationId("clinic-sakura");
  EXPECT_THAT(
      WordsOfDoing(night, SetCareTeam{kCall, {clinic, clinic}, std::nullopt}),
      HasSubstr("is there twice"));
  // Who sends a whole team says which one he saw.
  const Version seen = night.GetCall().etag;
  night.Must(SetCareTeam{kCall, {clinic}, seen});
  EXPECT_EQ(night.board.DeliveriesOf(night.GetCall().note).size(), 1u);
  CareTeamMember station;
  station.role = CareRole::kNurseStation;
  station.organization = OrganizationId("station-asahi");
  EXPECT_THAT(WordsOfDoing(night, SetCareTeam{kCall, {station}, seen}),
              StartsWith("ABORTED: etag: calls/c1"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kCareTeamUnknown), 0);
}

TEST(CloseCall, HappensByItselfWhenNothingIsMissing) {
  Night night;
  night.BringTo(CallState::kNoteSent);
  night.ConfirmHoursOf("c1");
  EXPECT_THAT(MissingToClose(night.board, night.GetCall()),
              ElementsAre("organizations/clinic-sakura has not confirmed the "
                          "note",
                          "organizations/station-asahi has not confirmed the "
                          "note",
                          "the requester is not informed"));
  // The nurse station that called gets the note itself: it is informed.
  night.ConfirmDeliveriesOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
  EXPECT_EQ(night.GetCall().outcome, Outcome::kVisited);
  EXPECT_EQ(night.GetCall().close_time, night.now);
  EXPECT_THAT(night.board.OpenTasksOf(kCall), IsEmpty());
}

TEST(CloseCall, NeedsTheRequesterInformedWhereHeGetsNoNote) {
  Night night;
  Patient patient = *night.board.Find<Patient>(PatientId("a"));
  patient.care_team.resize(1);
  night.board.Put(patient);
  night.BringTo(CallState::kNoteSent);
  night.ConfirmHoursOf("c1");
  night.ConfirmDeliveriesOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kNoteSent);
  EXPECT_EQ(WordsOfDoing(night, CloseCall{kCall, Outcome::kVisited, {}}),
            "FAILED_PRECONDITION: calls/c1 is NOTE_SENT and cannot be closed "
            "as VISITED: the requester is not informed");
  night.Must(InformRequester{kCall});
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
}

TEST(CloseCall, WaitsForTheAmendmentInProgress) {
  Night night;
  night.BringTo(CallState::kNoteSent);
  DraftNote amend;
  amend.call = kCall;
  amend.text.findings = PrivateText("the other lung");
  night.Must(amend);
  night.ConfirmHoursOf("c1");
  night.ConfirmDeliveriesOf("c1");
  EXPECT_THAT(MissingToClose(night.board, night.GetCall()),
              ElementsAre("the amendment of the note is not signed"));
}

TEST(CloseCall, IsRefusedOfACallThatAColleagueClosedOtherwise) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  night.Must(Advice(night));
  const Version seen = night.GetCall().etag;
  night.Must(CloseCall{kCall, Outcome::kTransferred, kWhy, seen});
  EXPECT_THAT(
      WordsOfDoing(night, CloseCall{kCall, Outcome::kAdviceGiven, kWhy, seen}),
      HasSubstr("it was closed as TRANSFERRED"));
  // Wanted so already, whatever was seen.
  night.events.clear();
  night.Must(CloseCall{kCall, Outcome::kTransferred, kWhy, seen});
  EXPECT_TRUE(night.events.empty());
}

TEST(CloseCall, WithAnotherEndThanTriagedWantsAReason) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  night.Must(Advice(night));
  EXPECT_THAT(WordsOfDoing(night, CloseCall{kCall, Outcome::kTransferred, {}}),
              HasSubstr("give the reason"));
  night.Must(CloseCall{kCall, Outcome::kTransferred, kWhy});
  EXPECT_EQ(night.GetCall().outcome_reason, kWhy);
}

TEST(ForgetWhatIsOver, KeepsWhatIsStillNeeded) {
  Night night;
  night.BringTo(CallState::kClosed);
  const absl::Time closed = *night.GetCall().close_time;
  Board board = night.board;
  ForgetWhatIsOver(closed + absl::Hours(36), &board);
  EXPECT_NE(board.Find<Call>(kCall), nullptr);
  ForgetWhatIsOver(closed + absl::Hours(36) + absl::Seconds(1), &board);
  EXPECT_EQ(board.Find<Call>(kCall), nullptr);
  EXPECT_TRUE(board.table<Assignment>().empty());
  EXPECT_TRUE(board.table<Delivery>().empty());
}

TEST(ForgetWhatIsOver, KeepsAnAmendmentThatIsOnItsWay) {
  Night night;
  night.BringTo(CallState::kClosed);
  night.SignNoteOf("c1");
  EXPECT_EQ(night.GetCall().state, CallState::kClosed);
  Board board = night.board;
  ForgetWhatIsOver(night.now + absl::Hours(48), &board);
  EXPECT_NE(board.Find<Call>(kCall), nullptr);
}

TEST(ForgetWhatIsOver, KeepsTheTripWhileItsOtherCallIsOpen) {
  Night night;
  AcceptBothAsOneTrip(night);
  night.Must(night.StepOf("c1", Step::kDepart));
  night.Must(night.StepOf("c1", Step::kArrive));
  for (const char* call : {"c1", "c2"}) {
    night.Must(night.StepOf(call, Step::kStartTreatment));
    night.Must(night.StepOf(call, Step::kEndTreatment));
  }
  night.Must(night.StepOf("c1", Step::kLeave));
  night.SignNoteOf("c1");
  night.ConfirmDeliveriesOf("c1");
  night.ConfirmHoursOf("c1");
  ASSERT_EQ(night.GetCall("c1").state, CallState::kClosed);
  ASSERT_EQ(night.GetCall("c2").state, CallState::kDepartedScene);
  Board board = night.board;
  ForgetWhatIsOver(night.now + absl::Hours(48), &board);
  EXPECT_NE(board.Find<Assignment>(night.GetCall("c2").assignment), nullptr);
}

TEST(ForgetWhatIsOver, ForgetsSessionsAnHourAfterTheirEnd) {
  Night night;
  Session session;
  session.id = SessionId("s1");
  session.expire_time = night.now;
  night.board.Put(session);
  ForgetWhatIsOver(night.now + absl::Hours(1), &night.board);
  EXPECT_NE(night.board.Find<Session>(session.id), nullptr);
  ForgetWhatIsOver(night.now + absl::Minutes(61), &night.board);
  EXPECT_EQ(night.board.Find<Session>(session.id), nullptr);
}

}  // namespace
}  // namespace housecall::core
