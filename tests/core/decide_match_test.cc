// The rules of offers and assignments: who is asked, what his answer means, and
// what happens when a crew loses its car or its driver.
#include <cmath>
#include <string>
#include <vector>

#include "dispatcher/core/draft.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/night.h"

namespace housecall::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const CallId kCall("c1");
const PersonId kP1("p1");
const PersonId kP2("p2");
const PersonId kP3("p3");
const PersonId kD1("d1");
const PersonId kD2("d2");
const PrivateText kWhy("because");

std::string WordsOfDoing(Night& night, const Command& command) {
  return Words(night.Do(command).status());
}

OfferVisit Override(OfferVisit c) {
  c.override_reason = kWhy;
  return c;
}

// Another car with d2 for the crew of c1, which waits for one.
OfferVisit OtherCar(Night& night) {
  OfferVisit c = night.OfferTo("c1", "p1", "d2");
  c.calls = night.AssignmentOf().calls;
  c.replaces_car_of = night.GetCall().assignment;
  return c;
}

Match Unmatched(const std::string& call, std::vector<Verdict> verdicts) {
  Match match;
  match.call = CallId(call);
  for (size_t i = 0; i < verdicts.size(); ++i) {
    Candidate candidate;
    candidate.physician = PersonId(absl::StrCat("p", i + 1));
    candidate.verdict = verdicts[i];
    match.candidates.push_back(candidate);
  }
  return match;
}

// --- Offering ---------------------------------------------------------------

TEST(OfferVisit, AsksPhysicianAndDriverAndKeepsTheReasons) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit c = night.OfferTo("c1", "p1", "d1");
  Match why = Unmatched("c1", {Verdict::kChosen, Verdict::kLaterArrival});
  Match other = Unmatched("c9", {Verdict::kChosen});
  c.matches = {other, why};
  const Subject subject = night.Must(c);
  EXPECT_EQ(night.GetCall().state, CallState::kOffered);
  EXPECT_EQ(subject, Subject(night.GetCall().offer));
  const Offer& offer = night.OfferOf();
  EXPECT_EQ(offer.state, OfferState::kPending);
  EXPECT_EQ(offer.car, CarId("k1"));
  EXPECT_EQ(offer.ring_until_time, night.now + absl::Seconds(180));
  EXPECT_EQ(night.board.PendingOfferTo(kP1)->id, offer.id);
  EXPECT_EQ(night.board.PendingOfferTo(kD1)->id, offer.id);
  const Match& match = *night.board.Find<Match>(night.GetCall().match);
  EXPECT_TRUE(match.matched);
  EXPECT_EQ(match.create_time, night.now);
  EXPECT_EQ(match.candidates, why.candidates);
  EXPECT_EQ(night.board.table<Match>().size(), 1u);
}

TEST(OfferVisit, RingsShorterWhenUrgent) {
  Night night;
  night.Must(night.Submission("c1", "a"));
  night.Must(night.Triage("c1", Urgency::kUrgent));
  night.Must(night.OfferTo("c1", "p1", "d1"));
  EXPECT_EQ(night.OfferOf().ring_until_time, night.now + absl::Seconds(90));
}

TEST(OfferVisit, TakesTheCarThatTheDriverHas) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit c = Override(night.OfferTo("c1", "p1", "d1"));
  c.car = CarId();
  night.Must(c);
  EXPECT_EQ(night.OfferOf().car, CarId("k1"));
}

TEST(OfferVisit, RefusesWhatIsWrongOnAnyBoard) {
  Night night;
  night.BringTo(CallState::kMatching);
  const OfferVisit good = night.OfferTo("c1", "p1", "d1");
  const auto refused = [&](auto spoil) {
    OfferVisit c = good;
    spoil(c);
    return WordsOfDoing(night, c);
  };
  EXPECT_THAT(refused([](OfferVisit& c) { c.calls.clear(); }),
              StartsWith("INVALID_ARGUMENT: calls"));
  EXPECT_THAT(refused([](OfferVisit& c) {
                c.calls = {kCall, kCall};
              }),
              StartsWith("INVALID_ARGUMENT: calls"));
  EXPECT_THAT(refused([](OfferVisit& c) { c.physician = PersonId(); }),
              StartsWith("INVALID_ARGUMENT: physician"));
  EXPECT_THAT(refused([](OfferVisit& c) { c.self_drive = true; }),
              StartsWith("INVALID_ARGUMENT: driver, self_drive"));
  EXPECT_THAT(refused([](OfferVisit& c) { c.driver = PersonId(); }),
              StartsWith("INVALID_ARGUMENT: driver: required"));
  EXPECT_THAT(refused([](OfferVisit& c) { c.driver = c.physician; }),
              StartsWith("INVALID_ARGUMENT: driver"));
  EXPECT_THAT(refused([](OfferVisit& c) {
                c.estimate.finish_time =
                    c.estimate.arrive_time - absl::Seconds(1);
              }),
              StartsWith("INVALID_ARGUMENT: estimate"));
  EXPECT_THAT(refused([](OfferVisit& c) {
                c.etags = {Version{1}, Version{1}};
              }),
              StartsWith("INVALID_ARGUMENT: etags"));
  EXPECT_EQ(refused([](OfferVisit& c) { c.physician = PersonId("x"); }),
            "NOT_FOUND: people/x is not known");
}

TEST(OfferVisit, LeavesTheOfferThatAColleagueHasMadeSince) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit mine = Override(night.OfferTo("c1", "p2", "d2"));
  mine.etags = {night.GetCall().etag};
  night.Must(Override(night.OfferTo("c1", "p1", "d1")));
  const OfferId offer = night.GetCall().offer;
  EXPECT_THAT(WordsOfDoing(night, mine),
              StartsWith("ABORTED: etag: calls/c1 was written since"));
  EXPECT_EQ(night.GetCall().offer, offer);
  mine.etags = {night.GetCall().etag};
  night.Must(mine);
  EXPECT_NE(night.GetCall().offer, offer);
}

TEST(OfferVisit, NamesTheFirstHardRuleThatItBreaks) {
  Night night;
  night.BringTo(CallState::kMatching);
  Duty duty = night.DutyOf("p1");
  duty.on_duty = false;
  night.board.Put(duty);
  EXPECT_EQ(WordsOfDoing(night, night.OfferTo("c1", "p1", "d1")),
            "FAILED_PRECONDITION: people/p1 may not be sent to calls/c1: "
            "NOT_ON_DUTY");
  Car car = *night.board.Find<Car>(CarId("k1"));
  car.state = CarState::kOutOfService;
  night.board.Put(car);
  EXPECT_EQ(WordsOfDoing(night, night.OfferTo("c1", "p2", "d1")),
            "FAILED_PRECONDITION: cars/k1 is OUT_OF_SERVICE");
  OfferVisit swapped = night.OfferTo("c1", "p2", "d2");
  swapped.car = CarId("k1");
  EXPECT_THAT(WordsOfDoing(night, swapped), HasSubstr("k1"));
  EXPECT_EQ(WordsOfDoing(night, night.OfferTo("c1", "p2", "")),
            "FAILED_PRECONDITION: people/p2 is not registered to drive "
            "himself");
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
}

TEST(OfferVisit, RefusesTheCarOfAnotherDriver) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit c = night.OfferTo("c1", "p1", "d2");
  c.car = CarId("k1");
  EXPECT_EQ(WordsOfDoing(night, c),
            "FAILED_PRECONDITION: people/d2 is not on duty with cars/k1");
}

TEST(OfferVisit, RefusesAVisitThatEndsAfterTheShift) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit c = night.OfferTo("c1", "p1", "d1");
  c.estimate.finish_time = night.DutyOf("p1").end_time + absl::Minutes(1);
  EXPECT_THAT(WordsOfDoing(night, c), HasSubstr("SHIFT_ENDS_BEFORE"));
  // By an operator, too; without an estimate a visit takes as long as visits
  // do.
  OfferVisit late = Override(night.OfferTo("c1", "p1", "d1"));
  late.estimate = Estimate();
  night.now = night.DutyOf("p1").end_time - absl::Minutes(39);
  EXPECT_THAT(WordsOfDoing(night, late), HasSubstr("SHIFT_ENDS_BEFORE"));
  night.now -= absl::Minutes(1);
  night.Must(late);
}

TEST(OfferVisit, ByAnOperatorTakesTheCallFromWhomItWasOffered) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId first = night.GetCall().offer;
  night.Must(Override(night.OfferTo("c1", "p2", "d2")));
  EXPECT_EQ(night.board.Find<Offer>(first)->state, OfferState::kWithdrawn);
  EXPECT_EQ(night.OfferOf().physician, kP2);
  EXPECT_EQ(night.OfferOf().override_reason, kWhy);
  // He is free for another call again.
  EXPECT_EQ(night.board.PendingOfferTo(kP1), nullptr);
  const Match& match = *night.board.Find<Match>(night.OfferOf().match);
  ASSERT_EQ(match.candidates.size(), 1u);
  EXPECT_EQ(match.candidates[0].verdict, Verdict::kChosen);
}

TEST(OfferVisit, ByAnOperatorAsksAgainWhoDidNotAnswer) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.WaitAtDeadlines(absl::Minutes(6));
  ASSERT_THAT(night.GetCall().unanswered_by, ElementsAre(kP1, kD1));
  EXPECT_THAT(WordsOfDoing(night, night.OfferTo("c1", "p1", "d2")),
              HasSubstr("UNANSWERED"));
  night.Must(Override(night.OfferTo("c1", "p1", "d1")));
}

TEST(OfferVisit, RefusesACallThatIsNotForAVisit) {
  Night night;
  night.BringTo(CallState::kTriaged);
  EXPECT_EQ(WordsOfDoing(night, Override(night.OfferTo("c1", "p1", "d1"))),
            "FAILED_PRECONDITION: calls/c1 was not triaged for a visit");
}

// --- Answers ----------------------------------------------------------------

TEST(AcceptOffer, ByBothMakesTheAssignment) {
  Night night;
  night.BringTo(CallState::kOffered);
  const Offer offer = night.OfferOf();
  night.Must(AcceptOffer{offer.id, kD1});
  EXPECT_EQ(night.GetCall().state, CallState::kOffered);
  EXPECT_EQ(night.OfferOf().driver_answer, Answer::kAccepted);
  EXPECT_EQ(night.Count(EventKind::kOfferAnswered), 1);
  night.now += absl::Seconds(10);
  EXPECT_EQ(night.Must(AcceptOffer{offer.id, kP1}), Subject(offer.id));
  EXPECT_EQ(night.GetCall().state, CallState::kAccepted);
  EXPECT_TRUE(night.GetCall().offer.empty());
  const Assignment& crew = night.AssignmentOf();
  EXPECT_EQ(crew.state, AssignmentState::kAccepted);
  EXPECT_EQ(crew.accept_time, night.now);
  EXPECT_EQ(crew.estimate, offer.estimate);
  EXPECT_EQ(crew.estimate_time, offer.create_time);
  EXPECT_EQ(night.VisitOf().organization, OrganizationId("clinic-hino"));
  EXPECT_GT(night.VisitOf().distance_from_clinic_meters, 0);
  EXPECT_EQ(night.DutyOf("p1").visits, 1);
  EXPECT_EQ(night.DutyOf("d1").visits, 1);
}

TEST(AcceptOffer, ByAPhysicianWhoDrivesHimselfIsEnough) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(night.OfferTo("c1", "p3", ""));
  night.Must(AcceptOffer{night.GetCall().offer, kP3});
  EXPECT_EQ(night.GetCall().state, CallState::kAccepted);
  EXPECT_TRUE(night.AssignmentOf().self_drive);
  EXPECT_TRUE(night.AssignmentOf().driver.empty());
}

TEST(AcceptOffer, TwiceIsAnsweredWithTheOffer) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, kP1});
  night.events.clear();
  EXPECT_EQ(night.Must(AcceptOffer{offer, kP1}), Subject(offer));
  EXPECT_TRUE(night.events.empty());
  night.Must(AcceptOffer{offer, kD1});
  night.events.clear();
  EXPECT_EQ(night.Must(AcceptOffer{offer, kP1}), Subject(offer));
  EXPECT_TRUE(night.events.empty());
}

TEST(AcceptOffer, TooLateIsToldWhatBecameOfIt) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId first = night.GetCall().offer;
  EXPECT_EQ(WordsOfDoing(night, AcceptOffer{first, kP2}),
            "FAILED_PRECONDITION: offers/c1--o2 was not made to people/p2");
  night.WaitAtDeadlines(absl::Minutes(6));
  EXPECT_EQ(WordsOfDoing(night, AcceptOffer{first, kP1}),
            "FAILED_PRECONDITION: offers/c1--o2: expired");
  night.Must(night.OfferTo("c1", "p2", "d2"));
  const OfferId second = night.GetCall().offer;
  night.Must(WithdrawOffer{second, kWhy});
  EXPECT_THAT(WordsOfDoing(night, AcceptOffer{second, kP2}),
              HasSubstr(": withdrawn"));
  night.Must(night.OfferTo("c1", "p3", ""));
  night.Must(AcceptOffer{night.GetCall().offer, kP3});
  EXPECT_THAT(WordsOfDoing(night, AcceptOffer{first, kP1}),
              HasSubstr(": already taken"));
}

TEST(AcceptOffer, CountsWhileTheOfferStands) {
  Night night;
  night.BringTo(CallState::kOffered);
  // The clock has not come round to it yet.
  night.now += absl::Hours(1);
  night.Must(AcceptOffer{night.GetCall().offer, kP1});
  EXPECT_EQ(night.OfferOf().physician_answer, Answer::kAccepted);
}

TEST(DeclineOffer, FreesTheOtherAndIsNeverAskedAgainForThisCall) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, kD1});
  night.Must(DeclineOffer{offer, kP1, "tired"});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_THAT(night.GetCall().declined_by, ElementsAre(kP1));
  EXPECT_EQ(night.board.PendingOfferTo(kD1), nullptr);
  EXPECT_EQ(night.board.Find<Offer>(offer)->decline_reason, "tired");
  EXPECT_THAT(WordsOfDoing(night, Override(night.OfferTo("c1", "p1", "d1"))),
              HasSubstr("DECLINED"));
  night.Must(night.OfferTo("c1", "p2", "d1"));
  night.events.clear();
  night.Must(DeclineOffer{offer, kP1, "tired"});
  EXPECT_TRUE(night.events.empty());
}

TEST(WithdrawOffer, KeepsThePairFromBeingProposedAgain) {
  Night night;
  night.BringTo(CallState::kOffered);
  const OfferId offer = night.GetCall().offer;
  EXPECT_EQ(WordsOfDoing(night, WithdrawOffer{offer, {}}),
            "INVALID_ARGUMENT: reason: required");
  night.Must(WithdrawOffer{offer, kWhy});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kP1, kD1));
  EXPECT_EQ(night.GetCall().facts.back().text, kWhy);
}

// --- Two calls, one trip ----------------------------------------------------

class OneTrip : public ::testing::Test {
 protected:
  OneTrip() {
    night_.BringTo(CallState::kMatching);
    night_.Must(night_.Submission("c2", "b"));
    night_.Must(night_.Triage("c2", Urgency::kUrgent));
    OfferVisit both = night_.OfferTo("c1", "p1", "d1");
    both.calls.push_back(CallId("c2"));
    night_.Must(both);
  }
  void Accept() {
    const OfferId offer = night_.GetCall().offer;
    night_.Must(AcceptOffer{offer, kP1});
    night_.Must(AcceptOffer{offer, kD1});
  }
  Night night_;
};

TEST_F(OneTrip, IsOneOfferThatRingsForTheMostUrgent) {
  EXPECT_EQ(night_.GetCall("c1").offer, night_.GetCall("c2").offer);
  EXPECT_EQ(night_.OfferOf().ring_until_time, night_.now + absl::Seconds(90));
}

TEST_F(OneTrip, HasOneAssignmentAndAVisitForEach) {
  Accept();
  EXPECT_EQ(night_.GetCall("c1").assignment, night_.GetCall("c2").assignment);
  EXPECT_NE(night_.GetCall("c1").visit, night_.GetCall("c2").visit);
  EXPECT_EQ(night_.VisitOf("c2").patient, PatientId("b"));
  EXPECT_EQ(night_.DutyOf("p1").visits, 1);
}

TEST_F(OneTrip, DeclinedSendsBothBackToMatching) {
  night_.Must(DeclineOffer{night_.GetCall().offer, kD1, ""});
  for (const char* call : {"c1", "c2"}) {
    EXPECT_EQ(night_.GetCall(call).state, CallState::kMatching);
    EXPECT_THAT(night_.GetCall(call).declined_by, ElementsAre(kD1));
  }
}

TEST_F(OneTrip, HeldForOneSendsTheOtherBackToMatching) {
  night_.Must(HoldCall{kCall, std::nullopt, kWhy, std::nullopt});
  EXPECT_EQ(night_.GetCall("c1").state, CallState::kOnHold);
  EXPECT_EQ(night_.GetCall("c2").state, CallState::kMatching);
}

TEST_F(OneTrip, KeepsItsTaskForTheCarWhenTheFirstCallGoes) {
  Accept();
  night_.Must(ReportBreakdown{CarId("k1"), "engine"});
  EXPECT_EQ(night_.OpenTasks(TaskKind::kCarBrokenDown, "c1"), 1);
  night_.Must(CancelCall{kCall, night_.GetCall().etag, kWhy});
  EXPECT_EQ(night_.OpenTasks(TaskKind::kCarBrokenDown, "c2"), 1);
}

// --- Nobody -----------------------------------------------------------------

TEST(ReportUnmatched, TellsTheOperatorOnce) {
  Night night;
  night.BringTo(CallState::kMatching);
  ReportUnmatched c{{Unmatched("c1", {Verdict::kNotOnRota})}};
  night.Must(c);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoCandidate), 1);
  EXPECT_FALSE(night.board.Find<Match>(night.GetCall().match)->matched);
  night.events.clear();
  night.Must(c);
  EXPECT_TRUE(night.events.empty());
  // Somebody else cannot come for another reason: that is news, no new alarm.
  c.matches = {Unmatched("c1", {Verdict::kNotOnRota, Verdict::kDeclined})};
  night.Must(c);
  EXPECT_EQ(night.Count(EventKind::kCallUnmatched), 1);
  EXPECT_EQ(night.Count(EventKind::kTaskRaised), 0);
  night.Must(night.OfferTo("c1", "p1", "d1"));
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoCandidate), 0);
}

TEST(ReportUnmatched, IsNoAlarmWhileSomebodyIsOnlyBusy) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(ReportUnmatched{
      {Unmatched("c1", {Verdict::kBusy, Verdict::kNotOnRota})}});
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoCandidate), 0);
}

TEST(ReportUnmatched, BlamesThePlaceWhereNobodyCanGetThere) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(ReportUnmatched{
      {Unmatched("c1", {Verdict::kUnreachable, Verdict::kUnreachable})}});
  EXPECT_EQ(night.OpenTasks(TaskKind::kPlaceUnreachable), 1);
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoCandidate), 0);
  CorrectPlace c;
  c.call = kCall;
  c.place.address = PrivateText("the other street");
  c.reason = kWhy;
  night.Must(c);
  EXPECT_EQ(night.OpenTasks(TaskKind::kPlaceUnreachable), 0);
}

// --- Taking back ------------------------------------------------------------

// Another call that waits.
const CallId kOther("c2");
void AddOther(Night& night, const std::string& id = "c2") {
  SubmitCall other = night.Submission(id, "");
  other.short_patient = ShortPatient();
  other.short_patient->display_name = PrivateText("somebody else, " + id);
  other.place = night.GetCall().place;
  night.Must(other);
  night.Must(night.Triage(id));
}

TEST(TakeBackOffer, MatchesTheCallAnewWithTheSameCrewIfNeedBe) {
  Night night;
  night.BringTo(CallState::kOffered);
  AddOther(night);
  const OfferId offer = night.GetCall().offer;
  night.Must(TakeBackOffer{offer, kOther, 75.4});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_TRUE(night.GetCall().passed_over);
  // They have refused nothing: they may be asked again.
  EXPECT_THAT(night.GetCall().unanswered_by, IsEmpty());
  EXPECT_THAT(night.GetCall().declined_by, IsEmpty());
  EXPECT_EQ(night.board.Find<Offer>(offer)->state, OfferState::kWithdrawn);
  EXPECT_EQ(night.board.Find<Offer>(offer)->decline_reason,
            "wanted for calls/c2: saves 75 minutes");
  // Who says yes now is told so.
  EXPECT_THAT(WordsOfDoing(night, AcceptOffer{offer, kP1}),
              HasSubstr("withdrawn"));
  night.Must(night.OfferTo("c1", "p1", "d1"));
}

TEST(TakeBackOffer, ReleasesACrewThatHasAcceptedAndNotDeparted) {
  Night night;
  night.BringTo(CallState::kAccepted);
  AddOther(night);
  const Assignment crew = night.AssignmentOf();
  EXPECT_EQ(night.DutyOf("p1").visits, 1);
  night.Must(TakeBackOffer{crew.offer, kOther, 75});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_TRUE(night.GetCall().passed_over);
  EXPECT_EQ(night.board.Find<Assignment>(crew.id)->state,
            AssignmentState::kReleased);
  EXPECT_EQ(night.DutyOf("p1").visits, 0);
  // It is over: not a second time.
  EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{crew.offer, kOther, 75}),
              StartsWith("FAILED_PRECONDITION"));
}

TEST(TakeBackOffer, OfACallHappensOnce) {
  Night night;
  night.BringTo(CallState::kOffered);
  AddOther(night);
  night.Must(TakeBackOffer{night.GetCall().offer, kOther, 75});
  night.Must(night.OfferTo("c1", "p1", "d1"));
  EXPECT_THAT(
      WordsOfDoing(night, TakeBackOffer{night.GetCall().offer, kOther, 500}),
      HasSubstr("was passed over once already"));
  EXPECT_EQ(night.GetCall().state, CallState::kOffered);
}

TEST(TakeBackOffer, NeverTurnsRoundACrewThatHasDepartedOrWaitsForACar) {
  for (const CallState state : {CallState::kAccepted, CallState::kEnRoute}) {
    Night night;
    night.BringTo(state);
    AddOther(night);
    const OfferId offer = night.AssignmentOf().offer;
    if (state == CallState::kEnRoute) {
      EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, 1e9}),
                  StartsWith("FAILED_PRECONDITION"));
    }
    night.Must(ReportBreakdown{CarId("k1"), "engine"});
    EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, 1e9}),
                StartsWith("FAILED_PRECONDITION"));
    // Another car has been found for it since.
    night.Must(OtherCar(night));
    night.Must(AcceptOffer{night.board.PendingOfferTo(kP1)->id, kD2});
    EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, 1e9}),
                StartsWith("FAILED_PRECONDITION"));
    EXPECT_FALSE(night.GetCall().passed_over);
    EXPECT_EQ(night.AssignmentOf().driver, kD2);
  }
}

// Two calls at one address, and 119 for the second of them.
TEST(TakeBackOffer, LeavesATripWithAnEmergency) {
  for (const bool is_accepted : {false, true}) {
    Night night;
    night.BringTo(CallState::kMatching);
    AddOther(night);
    AddOther(night, "c3");
    OfferVisit trip = night.OfferTo("c1", "p1", "d1");
    trip.calls = {kCall, CallId("c3")};
    night.Must(trip);
    const OfferId offer = night.GetCall().offer;
    if (is_accepted) {
      night.Must(AcceptOffer{offer, kP1});
      night.Must(AcceptOffer{offer, kD1});
    }
    RaiseEmergency emergency;
    emergency.call = CallId("c3");
    night.Must(emergency);
    EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, 1e9}),
                StartsWith("FAILED_PRECONDITION"));
    EXPECT_EQ(night.GetCall().state,
              is_accepted ? CallState::kAccepted : CallState::kOffered);
  }
}

TEST(TakeBackOffer, LeavesAnOperatorsChoice) {
  Night night;
  night.BringTo(CallState::kMatching);
  AddOther(night);
  night.Must(Override(night.OfferTo("c1", "p1", "d1")));
  EXPECT_THAT(
      WordsOfDoing(night, TakeBackOffer{night.GetCall().offer, kOther, 1e9}),
      HasSubstr("is an operator's choice"));
}

TEST(TakeBackOffer, IsForACallThatWaitsAndWorthIt) {
  Night night;
  night.BringTo(CallState::kOffered);
  AddOther(night);
  const OfferId offer = night.GetCall().offer;
  for (const double gain : {59.9, 0.0, -1.0, std::nan("")}) {
    EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, gain}),
                StartsWith("INVALID_ARGUMENT: gain_minutes"));
  }
  EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, CallId("c9"), 75}),
              StartsWith("NOT_FOUND: calls/c9"));
  EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{OfferId("x"), kOther, 75}),
              StartsWith("NOT_FOUND: offers/x"));
  // It is cancelled meanwhile.
  night.Must(CancelCall{kOther, night.board.Find<Call>(kOther)->etag,
                        PrivateText("feels better")});
  EXPECT_THAT(WordsOfDoing(night, TakeBackOffer{offer, kOther, 75}),
              HasSubstr("calls/c2 waits no more"));
  EXPECT_EQ(night.GetCall().state, CallState::kOffered);
}

// --- Assignments ------------------------------------------------------------

TEST(ReleaseAssignment, MatchesTheCallAnewWithoutThatCrew) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReleaseAssignment{night.GetCall().assignment, "ill"});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kP1, kD1));
  EXPECT_EQ(night.AssignmentOf().release_reason, "ill");
  // They did not set out: no burden.
  EXPECT_EQ(night.DutyOf("p1").visits, 0);
  // Whoever releases it, too, is told that somebody did: it may have another
  // crew by now.
  EXPECT_THAT(
      WordsOfDoing(night, ReleaseAssignment{night.GetCall().assignment, "ill"}),
      StartsWith("FAILED_PRECONDITION: assignments/"));
}

TEST(ReleaseAssignment, CountsAVisitFromWhichTheCrewWasTurnedRound) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(ReleaseAssignment{night.GetCall().assignment, "mistake"});
  EXPECT_EQ(night.DutyOf("p1").visits, 1);
}

TEST(UpdateEstimate, TimesACrewUnderWayAnew) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  UpdateEstimate c;
  c.assignment = night.GetCall().assignment;
  c.estimate.arrive_time = night.now + absl::Minutes(9);
  c.estimate.finish_time = night.now + absl::Minutes(49);
  night.now += absl::Minutes(1);
  night.Must(c);
  EXPECT_EQ(night.AssignmentOf().estimate, c.estimate);
  EXPECT_EQ(night.AssignmentOf().estimate_time, night.now);
  night.events.clear();
  night.Must(c);
  EXPECT_TRUE(night.events.empty());
}

// --- Cars -------------------------------------------------------------------

TEST(ReportBreakdown, LeavesThePhysicianWithTheCallAndSeeksAnotherCar) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  const absl::Time first_depart = night.VisitOf().depart->server_time;
  night.now += absl::Minutes(5);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  EXPECT_EQ(night.board.Find<Car>(CarId("k1"))->state, CarState::kBrokenDown);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kWaitingForCar);
  EXPECT_EQ(night.AssignmentOf().physician, kP1);
  EXPECT_EQ(night.board.RunningAssignmentOf(kD1), nullptr);
  EXPECT_EQ(night.GetCall().state, CallState::kAccepted);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCarBrokenDown), 1);

  night.Must(OtherCar(night));
  EXPECT_EQ(night.GetCall().state, CallState::kAccepted);
  const OfferId offer = night.OfferOf().id;
  // Only the driver is asked.
  EXPECT_THAT(WordsOfDoing(night, DeclineOffer{offer, kP1, ""}),
              HasSubstr("seeks another car"));
  night.now += absl::Minutes(1);
  night.Must(AcceptOffer{offer, kD2});
  const Assignment& crew = night.AssignmentOf();
  EXPECT_EQ(crew.state, AssignmentState::kAccepted);
  EXPECT_EQ(crew.driver, kD2);
  EXPECT_EQ(crew.car, CarId("k2"));
  EXPECT_EQ(crew.accept_time, night.now);
  EXPECT_EQ(night.VisitOf().driver, kD2);
  EXPECT_EQ(night.OpenTasks(TaskKind::kCarBrokenDown), 0);
  EXPECT_EQ(night.Count(EventKind::kCarReplaced), 1);

  night.Must(night.StepOf("c1", Step::kDepart));
  EXPECT_EQ(night.AssignmentOf().depart->server_time, night.now);
  EXPECT_EQ(night.VisitOf().depart->server_time, first_depart);
}

// The assignment that records what `driver` did before he lost the call.
const Assignment* PartOf(const Night& night, const PersonId& driver) {
  const Assignment* part = nullptr;
  night.board.table<Assignment>().ForEach(
      [&](const AssignmentId&, const Assignment& assignment) {
        if (assignment.driver == driver && assignment.physician.empty()) {
          part = &assignment;
        }
      });
  return part;
}

TEST(ReportBreakdown, KeepsTheHoursOfADriverWhoHasSetOut) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  const Stamp depart = *night.AssignmentOf().depart;
  night.now += absl::Minutes(5);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  ASSERT_NE(PartOf(night, kD1), nullptr);
  // A copy: the board changes below.
  const Assignment part = *PartOf(night, kD1);
  EXPECT_EQ(part.car, CarId("k1"));
  EXPECT_EQ(part.depart, depart);
  EXPECT_EQ(night.DutyOf("d1").visits, 1);
  night.Must(ConfirmHours{part.id, kD1});
  EXPECT_TRUE(PartOf(night, kD1)->driver_hours.has_value());
  EXPECT_THAT(WordsOfDoing(night, ConfirmHours{part.id, kP1}),
              HasSubstr("is not of the crew"));
}

TEST(ReportBreakdown, LeavesNoPartToADriverWhoHasNotSetOut) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  EXPECT_EQ(PartOf(night, kD1), nullptr);
  EXPECT_EQ(night.DutyOf("d1").visits, 0);
  EXPECT_EQ(night.DutyOf("p1").visits, 1);
}

TEST(ReportBreakdown, AfterArrivalTouchesTheCarOnly) {
  Night night;
  night.BringTo(CallState::kOnScene);
  night.events.clear();
  night.Must(ReportBreakdown{CarId("k1"), "tyre"});
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kOnScene);
  EXPECT_EQ(night.Count(EventKind::kCarChanged), 1);
  EXPECT_EQ(night.events.size(), 1u);
  night.Must(ReportBreakdown{CarId("k1"), "tyre"});
  EXPECT_EQ(night.events.size(), 1u);
}

TEST(ReportBreakdown, WithdrawsThePendingOffer) {
  Night night;
  night.BringTo(CallState::kOffered);
  night.Must(ReportBreakdown{CarId("k1"), "tyre"});
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_THAT(WordsOfDoing(night, night.OfferTo("c1", "p1", "d1")),
              HasSubstr("cars/k1 is BROKEN_DOWN"));
}

TEST(OfferVisit, OfAnotherCarIsForACrewThatWaitsForOne) {
  Night night;
  night.BringTo(CallState::kAccepted);
  EXPECT_THAT(WordsOfDoing(night, OtherCar(night)),
              HasSubstr("waits for no car"));
  night.Must(ReportBreakdown{CarId("k1"), ""});
  OfferVisit other_physician = OtherCar(night);
  other_physician.physician = kP2;
  EXPECT_THAT(WordsOfDoing(night, other_physician),
              HasSubstr("calls, physician"));
  night.Must(OtherCar(night));
  EXPECT_THAT(WordsOfDoing(night, OtherCar(night)),
              HasSubstr("still waiting for an answer"));
  const OfferId first = night.OfferOf().id;
  night.Must(Override(OtherCar(night)));
  EXPECT_EQ(night.board.Find<Offer>(first)->state, OfferState::kWithdrawn);
}

TEST(OfferVisit, OfAnotherCarExpiresAndIsDeclinedLikeAnother) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReportBreakdown{CarId("k1"), ""});
  night.Must(OtherCar(night));
  night.WaitAtDeadlines(absl::Minutes(6));
  EXPECT_EQ(night.Count(EventKind::kOfferExpired), 1);
  EXPECT_EQ(night.GetCall().state, CallState::kAccepted);
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kD2));
  night.Must(Override(OtherCar(night)));
  night.Must(DeclineOffer{night.OfferOf().id, kD2, ""});
  EXPECT_THAT(night.GetCall().declined_by, ElementsAre(kD2));
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kWaitingForCar);
}

TEST(OfferVisit, OfAnotherCarEndsTheAlarmThatNobodyAnswers) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  for (int i = 0; i < 2; ++i) {
    OfferVisit other = OtherCar(night);
    other.override_reason = PrivateText("again");
    night.Must(other);
    for (int ring = 0; ring < 2; ++ring) {
      night.now = night.OfferOf().ring_until_time;
      night.Must(PassTime());
    }
  }
  ASSERT_EQ(night.OpenTasks(TaskKind::kNoAnswer), 1);
  OfferVisit other = OtherCar(night);
  other.override_reason = PrivateText("by telephone");
  night.Must(other);
  night.Must(AcceptOffer{night.OfferOf().id, kD2});
  EXPECT_EQ(night.OpenTasks(TaskKind::kNoAnswer), 0);
  EXPECT_EQ(night.GetCall().unanswered_offers, 0);
}

TEST(CorrectPlace, WithdrawsTheOfferOfAnotherCar) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  night.Must(OtherCar(night));
  CorrectPlace c;
  c.call = CallId("c1");
  c.place.address = PrivateText("the house behind");
  c.reason = PrivateText("a slip");
  night.Must(c);
  EXPECT_EQ(PendingOfferOf(night.board, night.GetCall()), nullptr);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kWaitingForCar);
}

TEST(OfferVisit, OfAnotherCarIsMovedAtOnceWhenThePhysicianDrivesHimself) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(night.OfferTo("c1", "p3", "d1"));
  const OfferId offer = night.GetCall().offer;
  night.Must(AcceptOffer{offer, kP3});
  night.Must(AcceptOffer{offer, kD1});
  night.Must(ReportBreakdown{CarId("k1"), ""});
  OfferVisit c = night.OfferTo("c1", "p3", "");
  c.replaces_car_of = night.GetCall().assignment;
  night.Must(c);
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kAccepted);
  EXPECT_TRUE(night.AssignmentOf().self_drive);
  EXPECT_EQ(night.board.PendingOfferTo(kP3), nullptr);
}

TEST(ReleaseAssignment, OfACrewThatWaitsForACarWithdrawsTheOfferOfOne) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReportBreakdown{CarId("k1"), ""});
  night.Must(OtherCar(night));
  night.Must(ReleaseAssignment{night.GetCall().assignment, "too long"});
  EXPECT_EQ(night.board.PendingOfferTo(kD2), nullptr);
  EXPECT_EQ(night.GetCall().state, CallState::kMatching);
  EXPECT_THAT(night.board.OpenTasksOf(kCall), IsEmpty());
}

TEST(ReportDriverMissing, SeeksAnotherDriver) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReportDriverMissing{night.GetCall().assignment, false});
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kWaitingForCar);
  EXPECT_EQ(night.OpenTasks(TaskKind::kDriverMissing), 1);
  // Not the one who does not come.
  EXPECT_THAT(night.GetCall().unanswered_by, ElementsAre(kD1));
  OfferVisit same = OtherCar(night);
  same.driver = kD1;
  same.car = CarId("k1");
  EXPECT_THAT(WordsOfDoing(night, same), HasSubstr("UNANSWERED"));
  night.Must(OtherCar(night));
  night.Must(AcceptOffer{night.OfferOf().id, kD2});
  EXPECT_EQ(night.OpenTasks(TaskKind::kDriverMissing), 0);
}

TEST(ReportDriverMissing, LetsOnlyARegisteredPhysicianDriveHimself) {
  Night night;
  night.BringTo(CallState::kAccepted);
  EXPECT_EQ(WordsOfDoing(night,
                         ReportDriverMissing{night.GetCall().assignment, true}),
            "FAILED_PRECONDITION: people/p1 is not registered to drive "
            "himself");
  Person person = *night.board.Find<Person>(kP1);
  person.self_drive = true;
  night.board.Put(person);
  night.Must(ReportDriverMissing{night.GetCall().assignment, true});
  EXPECT_TRUE(night.AssignmentOf().self_drive);
  EXPECT_TRUE(night.AssignmentOf().driver.empty());
  EXPECT_EQ(night.AssignmentOf().state, AssignmentState::kAccepted);
  EXPECT_EQ(night.OpenTasks(TaskKind::kDriverMissing), 0);
  night.events.clear();
  night.Must(ReportDriverMissing{night.GetCall().assignment, true});
  EXPECT_TRUE(night.events.empty());
  EXPECT_THAT(
      WordsOfDoing(night,
                   ReportDriverMissing{night.GetCall().assignment, false}),
      HasSubstr("the physician drives himself"));
}

// --- What people are told of the arrival -------------------------------------

// Of c1's assignment: at the door in so many minutes, by so many for certain.
UpdateEstimate EstimateIn(const Night& night, int expect, int promise) {
  UpdateEstimate c;
  c.assignment = night.GetCall().assignment;
  c.estimate.arrive_time = night.now + absl::Minutes(expect);
  c.estimate.finish_time = c.estimate.arrive_time + absl::Minutes(40);
  c.estimate.promise_time = night.now + absl::Minutes(promise);
  return c;
}

PromiseArrivals PromiseIn(const Night& night, const std::string& call,
                          int expect, int promise) {
  return PromiseArrivals{{{CallId(call), night.now + absl::Minutes(expect),
                           night.now + absl::Minutes(promise)}}};
}

TEST(Promise, IsToldWhenACrewAcceptsAndAnewWhenItWouldNotHold) {
  Night night;
  night.BringTo(CallState::kMatching);
  OfferVisit c = night.OfferTo("c1", "p1", "d1");
  c.estimate.promise_time = c.estimate.arrive_time + absl::Minutes(10);
  night.Must(c);
  EXPECT_EQ(night.GetCall().promise, std::nullopt);
  night.Must(AcceptOffer{night.GetCall().offer, kP1});
  night.Must(AcceptOffer{night.GetCall().offer, kD1});
  ASSERT_TRUE(night.GetCall().promise.has_value());
  const ArrivalPromise first = *night.GetCall().promise;
  EXPECT_EQ(first.expect_time, c.estimate.arrive_time);
  EXPECT_EQ(first.promise_time, c.estimate.promise_time);
  EXPECT_EQ(first.first_promise_time, c.estimate.promise_time);
  EXPECT_EQ(first.tell_time, night.now);
  EXPECT_TRUE(first.has_crew);
  EXPECT_EQ(first.changes, 0);

  // A little later, or somewhat earlier: it still holds.
  night.events.clear();
  UpdateEstimate update = EstimateIn(night, 20, 30);
  for (const absl::Duration change : {absl::Minutes(2), -absl::Minutes(9)}) {
    update.estimate.promise_time = first.promise_time + change;
    night.Must(update);
    EXPECT_EQ(*night.GetCall().promise, first);
  }
  EXPECT_EQ(night.Count(EventKind::kEstimateChanged), 2);
  EXPECT_EQ(night.Count(EventKind::kArrivalPromised), 0);

  night.now += absl::Minutes(5);
  update.estimate.promise_time = first.promise_time + absl::Minutes(3);
  night.Must(update);
  EXPECT_EQ(night.Count(EventKind::kArrivalPromised), 1);
  const ArrivalPromise& second = *night.GetCall().promise;
  EXPECT_EQ(second.promise_time, first.promise_time + absl::Minutes(3));
  EXPECT_EQ(second.expect_time, update.estimate.arrive_time);
  EXPECT_EQ(second.first_promise_time, first.promise_time);
  EXPECT_EQ(second.tell_time, night.now);
  EXPECT_EQ(second.changes, 1);
}

TEST(Promise, IsNotMadeFromAnEstimateThatHasNone) {
  Night night;
  night.BringTo(CallState::kEnRoute);
  UpdateEstimate update = EstimateIn(night, 20, 30);
  update.estimate.promise_time = absl::UnixEpoch();
  night.Must(update);
  EXPECT_EQ(night.GetCall().promise, std::nullopt);
}

TEST(Promise, IsMadeToWhoWaitsAndAgainWhenACrewAccepts) {
  Night night;
  night.BringTo(CallState::kMatching);
  night.Must(PromiseIn(night, "c1", 50, 80));
  ASSERT_TRUE(night.GetCall().promise.has_value());
  EXPECT_FALSE(night.GetCall().promise->has_crew);
  EXPECT_EQ(night.GetCall().promise->promise_time,
            night.now + absl::Minutes(80));
  night.events.clear();
  night.Must(PromiseIn(night, "c1", 52, 89));
  night.Must(PromiseIn(night, "c1", 30, 51));
  EXPECT_EQ(night.events.size(), 0u);
  night.Must(PromiseIn(night, "c1", 60, 90));
  EXPECT_EQ(night.Count(EventKind::kArrivalPromised), 1);
  EXPECT_EQ(night.GetCall().promise->changes, 1);

  OfferVisit c = night.OfferTo("c1", "p1", "d1");
  c.estimate.promise_time = night.now + absl::Minutes(83);
  night.Must(c);
  // Too late: it is being offered.
  night.Must(PromiseIn(night, "c1", 200, 300));
  EXPECT_EQ(night.GetCall().promise->changes, 1);
  night.Must(AcceptOffer{night.GetCall().offer, kP1});
  night.Must(AcceptOffer{night.GetCall().offer, kD1});
  EXPECT_TRUE(night.GetCall().promise->has_crew);
  EXPECT_EQ(night.GetCall().promise->changes, 2);

  night.Must(ReleaseAssignment{night.GetCall().assignment, "engine"});
  EXPECT_FALSE(night.GetCall().promise->has_crew);
}

TEST(Promise, IsRefusedBeforeWhatIsExpected) {
  Night night;
  night.BringTo(CallState::kMatching);
  EXPECT_THAT(WordsOfDoing(night, PromiseIn(night, "c1", 50, 49)),
              StartsWith("INVALID_ARGUMENT: arrivals"));
  EXPECT_EQ(WordsOfDoing(night, PromiseIn(night, "c9", 50, 80)), "OK");
}

TEST(Promise, IsOfACarThatACrewWaitsFor) {
  Night night;
  night.BringTo(CallState::kAccepted);
  night.Must(ReportBreakdown{CarId("k1"), "engine"});
  night.Must(PromiseIn(night, "c1", 70, 100));
  ASSERT_TRUE(night.GetCall().promise.has_value());
  EXPECT_FALSE(night.GetCall().promise->has_crew);
  OfferVisit other = OtherCar(night);
  other.estimate.promise_time = night.now + absl::Minutes(99);
  night.Must(other);
  night.Must(AcceptOffer{night.OfferOf().id, kD2});
  EXPECT_TRUE(night.GetCall().promise->has_crew);
  EXPECT_EQ(night.GetCall().promise->promise_time,
            night.now + absl::Minutes(99));
}

TEST(ReportUnmatched, IsKeptAnewWhenSomebodyElseIsToGoLater) {
  Night night;
  night.BringTo(CallState::kMatching);
  Match match = Unmatched("c1", {Verdict::kBusy});
  match.waiting = Waiting();
  match.waiting->reason = WaitReason::kAllBusy;
  match.waiting->physician = kP1;
  match.waiting->arrive_time = night.now + absl::Minutes(30);
  night.Must(ReportUnmatched{{match}});
  const MatchId first = night.GetCall().match;
  match.waiting->arrive_time = night.now + absl::Minutes(31);
  night.Must(ReportUnmatched{{match}});
  EXPECT_EQ(night.GetCall().match, first);
  match.waiting->physician = kP2;
  night.Must(ReportUnmatched{{match}});
  EXPECT_NE(night.GetCall().match, first);
  EXPECT_EQ(night.board.Find<Match>(night.GetCall().match)->waiting,
            match.waiting);
}

// --- Where free crews should wait
// ---------------------------------------------

AdviseStandby Advice(const std::string& driver, double latitude) {
  Standby standby;
  standby.position = LatLng{latitude, 139.4};
  standby.expected_urgent_calls = 0.8;
  return AdviseStandby{{{PersonId(driver), standby}}};
}

TEST(AdviseStandby, IsToldOnceAndTakenBack) {
  Night night;
  night.Must(Advice("d1", 35.67));
  ASSERT_TRUE(night.DutyOf("d1").standby.has_value());
  EXPECT_EQ(night.DutyOf("d1").standby->tell_time, night.now);
  EXPECT_EQ(night.DutyOf("d1").standby->expected_urgent_calls, 0.8);
  EXPECT_EQ(night.Count(EventKind::kStandbyAdvised), 1);
  AdviseStandby again = Advice("d1", 35.67);
  again.advice[0].standby->expected_urgent_calls = 0.7;
  night.Must(again);
  EXPECT_EQ(night.Count(EventKind::kStandbyAdvised), 1);
  night.Must(Advice("d1", 35.68));
  EXPECT_EQ(night.Count(EventKind::kStandbyAdvised), 2);
  night.Must(AdviseStandby{{{kD1, std::nullopt}}});
  EXPECT_EQ(night.DutyOf("d1").standby, std::nullopt);
  EXPECT_EQ(night.Count(EventKind::kStandbyAdvised), 3);
}

TEST(AdviseStandby, IsForFreeDriversOnly) {
  Night night;
  night.Must(Advice("p1", 35.67));
  night.Must(Advice("nobody", 35.67));
  night.BringTo(CallState::kOffered);
  night.Must(Advice("d1", 35.67));
  EXPECT_EQ(night.Count(EventKind::kStandbyAdvised), 0);
  EXPECT_THAT(WordsOfDoing(night, Advice("d2", 95)),
              HasSubstr("standby.position"));
}

TEST(AdviseStandby, EndsWithTheNextVisitAndTheDuty) {
  Night night;
  night.Must(Advice("d1", 35.67));
  night.Must(Advice("d2", 35.67));
  night.BringTo(CallState::kAccepted);
  EXPECT_EQ(night.DutyOf("d1").standby, std::nullopt);
  night.Must(GoOffDuty{kD2});
  EXPECT_EQ(night.DutyOf("d2").standby, std::nullopt);
}

}  // namespace
}  // namespace housecall::core
