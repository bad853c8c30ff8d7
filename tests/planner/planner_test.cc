#include "dispatcher/planner/planner.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "dispatcher/core/decide.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/planner/plans.h"
#include "tests/planner/random.h"

namespace housecall::planner {
namespace {

using core::Board;
using core::Call;
using core::CallId;
using core::CallState;
using core::Candidate;
using core::LatLng;
using core::Match;
using core::OfferVisit;
using core::PersonId;
using core::Urgency;
using core::Verdict;
using core::testing::At;
using core::testing::BoardBuilder;
using core::testing::DriverOptions;
using core::testing::Near;
using core::testing::PhysicianOptions;
using core::testing::TestNow;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::string Name(const OfferVisit& offer) {
  std::string name;
  for (const CallId& call : offer.calls) {
    absl::StrAppend(&name, name.empty() ? "" : "+", call.value());
  }
  return absl::StrCat(name, ": ", offer.physician.value(), " ",
                      offer.self_drive ? "himself"
                                       : absl::StrCat(offer.driver.value(), " ",
                                                      offer.car.value()));
}

std::vector<std::string> Names(const PlanResult& plan) {
  std::vector<std::string> names;
  for (const OfferVisit& offer : plan.offers) names.push_back(Name(offer));
  return names;
}

// "dr-sato CHOSEN", "dr-kato driver-abe BUSY".
std::string Name(const Candidate& candidate, bool with_driver) {
  return absl::StrCat(candidate.physician.value(), " ",
                      with_driver && !candidate.driver.empty()
                          ? absl::StrCat(candidate.driver.value(), " ")
                          : "",
                      with_driver && candidate.self_drive ? "himself " : "",
                      NameOf(candidate.verdict));
}
std::vector<std::string> Names(const std::vector<Candidate>& candidates,
                               bool with_driver = false) {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) {
    names.push_back(Name(candidate, with_driver));
  }
  return names;
}

// Of the offer or of the report; null if the call is in neither.
const Match* MatchOf(const PlanResult& plan, const std::string& call) {
  for (const OfferVisit& offer : plan.offers) {
    for (const Match& match : offer.matches) {
      if (match.call == CallId(call)) return &match;
    }
  }
  for (const Match& match : plan.unmatched.matches) {
    if (match.call == CallId(call)) return &match;
  }
  return nullptr;
}

// Why the call waits; fails the test if the plan does not say.
core::Waiting WaitingOf(const PlanResult& plan, const std::string& call) {
  const Match* match = MatchOf(plan, call);
  if (match == nullptr || !match->waiting.has_value()) {
    ADD_FAILURE() << call << ": no reason why it waits";
    return core::Waiting();
  }
  return *match->waiting;
}

// A patient of that name at that place, and his call that is being matched.
BoardBuilder& AddCall(BoardBuilder& builder, const std::string& id,
                      const LatLng& place,
                      Urgency urgency = Urgency::kStandard) {
  const std::string patient = absl::StrCat("patient-", id);
  builder.AddPatient(patient, {.position = place});
  return builder.AddCallInState(CallState::kMatching, id,
                                {.patient = patient, .urgency = urgency});
}

// dr-there and driver-there with car-1, who are at call-0.
void AddBusyCrew(BoardBuilder& builder) {
  builder.AddPhysician("dr-there", {.position = Near(1, 0)})
      .AddDriver("driver-there", "car-1", {.position = Near(1, 0)});
  builder.AddCallInState(
      CallState::kOnScene, "call-0",
      {.physician = "dr-there", .driver = "driver-there", .car = "car-1"});
}

// --- One call ---------------------------------------------------------------

TEST(Plan, ProposesTheCrewWithItsTimes) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 3)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 1)});
  AddCall(builder, "call-1", Near(0, 8));
  const PlanResult plan = PlanFor(builder.board());
  ASSERT_THAT(plan.offers, SizeIs(1));
  EXPECT_THAT(plan.unmatched.matches, IsEmpty());

  const OfferVisit& offer = plan.offers[0];
  EXPECT_EQ(Name(offer), "call-1: dr-sato driver-abe car-1");
  EXPECT_TRUE(offer.replaces_car_of.empty());
  const auto minutes = [](absl::Duration duration) {
    return absl::ToDoubleMinutes(duration);
  };
  EXPECT_NEAR(minutes(offer.estimate.fetch_duration), 2, 0.01);
  EXPECT_NEAR(minutes(offer.estimate.drive_duration), 5, 0.01);
  EXPECT_NEAR(offer.estimate.drive_distance_meters, 5000, 10);
  EXPECT_EQ(offer.estimate.arrive_time, TestNow() +
                                            offer.estimate.fetch_duration +
                                            offer.estimate.drive_duration);
  EXPECT_EQ(offer.estimate.finish_time,
            offer.estimate.arrive_time + absl::Minutes(40));

  ASSERT_THAT(offer.matches, SizeIs(1));
  const Match& match = offer.matches[0];
  EXPECT_TRUE(match.id.empty());
  EXPECT_EQ(match.call, CallId("call-1"));
  EXPECT_TRUE(match.matched);
  EXPECT_EQ(match.travel_times, "a minute a kilometre");
  EXPECT_THAT(Names(match.candidates), ElementsAre("dr-sato CHOSEN"));
  EXPECT_THAT(Names(match.drivers, true),
              ElementsAre("dr-sato driver-abe CHOSEN"));
}

TEST(Plan, ChoosesTheCrewThatArrivesFirst) {
  BoardBuilder builder;
  // dr-kato is nearer to the patient, but no car is near to him.
  builder.AddPhysician("dr-sato", {.position = Near(0, 6)})
      .AddPhysician("dr-kato", {.position = Near(0, -4)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 7)})
      .AddDriver("driver-oka", "car-2", {.position = Near(0, 12)});
  AddCall(builder, "call-1", Near(0, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-sato driver-abe car-1"));
  const Match& match = *MatchOf(plan, "call-1");
  EXPECT_THAT(Names(match.candidates),
              ElementsAre("dr-sato CHOSEN", "dr-kato LATER_ARRIVAL"));
  EXPECT_THAT(Names(match.drivers, true),
              ElementsAre("dr-sato driver-abe CHOSEN",
                          "dr-sato driver-oka LATER_ARRIVAL"));
  // What it says adds up.
  for (const Candidate& c : match.candidates) {
    EXPECT_NEAR(c.cost,
                c.response_cost + c.tardiness_cost + c.continuity_cost +
                    c.fairness_cost + c.platform_cost + c.drive_cost,
                1e-9);
    ASSERT_TRUE(c.arrive_time.has_value());
    EXPECT_NEAR(c.drive_cost,
                core::Policy().drive_weight *
                    absl::ToDoubleMinutes(*c.arrive_time - TestNow()),
                1e-6);
  }
}

TEST(Plan, LetsPhysiciansDriveThemselves) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true, .position = Near(0, 5)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 6)});
  AddCall(builder, "call-1", Near(0, 0));
  const PlanResult plan = PlanFor(builder.board());
  ASSERT_THAT(Names(plan), ElementsAre("call-1: dr-sato himself"));
  EXPECT_TRUE(plan.offers[0].self_drive);
  EXPECT_TRUE(plan.offers[0].car.empty());
  EXPECT_EQ(plan.offers[0].estimate.fetch_duration, absl::ZeroDuration());
  EXPECT_THAT(Names(MatchOf(plan, "call-1")->drivers, true),
              ElementsAre("dr-sato himself CHOSEN",
                          "dr-sato driver-abe LATER_ARRIVAL"));
}

TEST(Plan, WeighsWhatItPrefers) {
  struct Row {
    const char* name;
    PhysicianOptions sato;
    PhysicianOptions kato;
    std::string primary_physician;
    const char* chosen;
  };
  // dr-kato is three minutes nearer, which counts as ten and a half.
  const LatLng near = Near(0, 4);
  const LatLng far = Near(0, 7);
  for (const Row& row : {
           Row{"nearer", {.position = far}, {.position = near}, "", "dr-kato"},
           {"own physician",
            {.position = far},
            {.position = near},
            "dr-sato",
            "dr-sato"},
           {"fair share",
            {.position = far},
            {.visits = 4, .position = near},
            "",
            "dr-sato"},
           {"too small a share to matter",
            {.position = far},
            {.visits = 1, .position = near},
            "",
            "dr-kato"},
       }) {
    BoardBuilder builder;
    builder.AddPhysician("dr-sato", row.sato).AddPhysician("dr-kato", row.kato);
    for (const char* id : {"dr-sato", "dr-kato"}) {
      builder.Change<core::Person>(
          id, [](core::Person& person) { person.self_drive = true; });
    }
    builder.AddPatient("tanaka", {.position = Near(0, 0),
                                  .primary_physician = row.primary_physician});
    builder.AddCallInState(CallState::kMatching, "call-1");
    EXPECT_THAT(Names(PlanFor(builder.board())),
                ElementsAre(absl::StrCat("call-1: ", row.chosen, " himself")))
        << row.name;
  }
}

TEST(Plan, PrefersClinicsToThePlatform) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true, .position = Near(0, 5)})
      .AddPhysician("dr-yoru", {.organization = "platform-yoru",
                                .self_drive = true,
                                .position = Near(0, 4)});
  AddCall(builder, "call-1", Near(0, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-sato himself"));
  EXPECT_THAT(Names(MatchOf(plan, "call-1")->candidates),
              ElementsAre("dr-sato CHOSEN", "dr-yoru HIGHER_COST"));
}

// --- Why not ----------------------------------------------------------------

TEST(Plan, SaysWhyNobodyCanBeSent) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a-child", {.self_drive = true})
      .AddPhysician("dr-b-declined", {.self_drive = true})
      .AddPhysician("dr-c-reserve", {.self_drive = true, .reserve = true})
      .AddPhysician("dr-d-absent", {.on_duty = false})
      .AddPhysician("dr-e-ends",
                    {.self_drive = true, .end_time = At("2026-11-20 20:30")})
      .AddPhysician("dr-f-no-car", {})
      .AddPhysician("dr-g-silent", {.self_drive = true})
      .AddPhysician("dr-h-excluded", {.self_drive = true})
      .AddPhysician("dr-i-off-rota", {.self_drive = true, .on_rota = false})
      .AddPhysician("dr-j-off-duty", {.on_rota = false, .on_duty = false});
  for (const char* id :
       {"dr-b-declined", "dr-c-reserve", "dr-e-ends", "dr-f-no-car",
        "dr-g-silent", "dr-h-excluded", "dr-i-off-rota"}) {
    builder.Change<core::Person>(id, [](core::Person& person) {
      person.skills = {core::Skill::kChild};
    });
  }
  builder.AddPatient("tanaka", {.required_skills = {core::Skill::kChild},
                                .excluded_physicians = {"dr-h-excluded"}});
  builder.AddCallInState(CallState::kMatching, "call-1");
  builder.Change<Call>("call-1", [](Call& call) {
    call.declined_by = {PersonId("dr-b-declined")};
    call.unanswered_by = {PersonId("dr-g-silent")};
  });
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(plan.offers, IsEmpty());
  ASSERT_THAT(plan.unmatched.matches, SizeIs(1));
  const Match& match = plan.unmatched.matches[0];
  EXPECT_FALSE(match.matched);
  EXPECT_THAT(Names(match.candidates, true),
              ElementsAre("dr-a-child MISSING_SKILL", "dr-b-declined DECLINED",
                          "dr-c-reserve RESERVE", "dr-d-absent NOT_ON_DUTY",
                          "dr-e-ends SHIFT_ENDS_BEFORE", "dr-f-no-car NO_CAR",
                          "dr-g-silent UNANSWERED", "dr-h-excluded EXCLUDED",
                          "dr-i-off-rota NOT_ON_ROTA"));
  for (const Candidate& candidate : match.candidates) {
    EXPECT_FALSE(candidate.arrive_time.has_value());
    if (candidate.verdict == Verdict::kShiftEndsBefore) {
      // Two kilometres away, and 40 minutes there; the duty has 30 left.
      EXPECT_NEAR(candidate.figure, 12.2, 0.1);
    }
  }
  ASSERT_TRUE(match.waiting.has_value());
  EXPECT_EQ(match.waiting->reason, core::WaitReason::kNobody);
}

// Those who are there cannot come, tonight or ever; nobody is busy.
TEST(Plan, SaysNobodyAndNotBusyWhereNobodyCanCome) {
  struct Row {
    const char* name;
    void (*add)(BoardBuilder&);
  };
  for (const Row& row : {
           Row{"without a car",
               [](BoardBuilder& b) { b.AddPhysician("dr-sato"); }},
           {"whose duty is too short",
            [](BoardBuilder& b) {
              b.AddPhysician("dr-sato", {.self_drive = true,
                                         .end_time = At("2026-11-20 20:30")});
            }},
           {"with a driver whose duty is too short",
            [](BoardBuilder& b) {
              b.AddPhysician("dr-sato").AddDriver(
                  "driver-abe", "car-1", {.end_time = At("2026-11-20 20:30")});
            }},
       }) {
    BoardBuilder builder;
    row.add(builder);
    AddCall(builder, "call-1", Near(0, 3));
    const PlanResult plan = PlanFor(builder.board());
    EXPECT_THAT(plan.offers, IsEmpty()) << row.name;
    const core::Waiting waiting = WaitingOf(plan, "call-1");
    EXPECT_EQ(waiting.reason, core::WaitReason::kNobody) << row.name;
    EXPECT_TRUE(waiting.physician.empty()) << row.name;
  }
}

// No plan lets a physician change cars; but when his driver goes home, he does.
TEST(Plan, SaysBusyOfAPhysicianWhoCouldComeInAnotherCar) {
  for (const bool has_other_car : {false, true}) {
    BoardBuilder builder;
    builder.AddPhysician("dr-there", {.position = Near(1, 0)})
        .AddDriver(
            "driver-there", "car-1",
            {.end_time = At("2026-11-20 21:00"), .position = Near(1, 0)});
    if (has_other_car) {
      builder.AddDriver("driver-late", "car-2", {.position = Near(2, 0)});
    }
    builder.AddCallInState(
        CallState::kOnScene, "call-0",
        {.physician = "dr-there", .driver = "driver-there", .car = "car-1"});
    AddCall(builder, "call-1", Near(5, 0));
    const PlanResult plan = PlanFor(builder.board());
    EXPECT_THAT(plan.offers, IsEmpty());
    const core::Waiting waiting = WaitingOf(plan, "call-1");
    EXPECT_EQ(waiting.reason, has_other_car ? core::WaitReason::kAllBusy
                                            : core::WaitReason::kNobody);
  }
}

// There is time for one of two calls: the other one is not to wait for a crew
// that will not come.
TEST(Plan, SaysNobodyWhereTheDutyEndsBeforeAllAreServed) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true,
                                   .end_time = At("2026-11-20 21:00"),
                                   .position = Near(0, 0)});
  AddCall(builder, "call-1", Near(0, 3), Urgency::kUrgent);
  AddCall(builder, "call-2", Near(3, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-sato himself"));
  const Match* match = MatchOf(plan, "call-2");
  ASSERT_NE(match, nullptr);
  ASSERT_TRUE(match->waiting.has_value());
  EXPECT_EQ(match->waiting->reason, core::WaitReason::kNobody);
  EXPECT_THAT(Names(match->candidates),
              ElementsAre("dr-sato USED_FOR_OTHER_CALL"));
}

TEST(Plan, SaysWhichDriverStandsInTheWay) {
  struct Row {
    const char* name;
    void (*change)(BoardBuilder&);
    const char* verdict;
  };
  for (const Row& row : {
           Row{"broken down",
               [](BoardBuilder& b) {
                 b.Change<core::Car>("car-1", [](core::Car& car) {
                   car.state = core::CarState::kBrokenDown;
                 });
               },
               "dr-sato driver-abe CAR_BROKEN_DOWN"},
           {"under way",
            [](BoardBuilder& b) {
              b.AddCallInState(CallState::kEnRoute, "call-2",
                               {.patient = "suzuki", .physician = "dr-other"});
            },
            "dr-sato driver-abe BUSY"},
           {"declined",
            [](BoardBuilder& b) {
              b.Change<Call>("call-1", [](Call& call) {
                call.declined_by = {PersonId("driver-abe")};
              });
            },
            "dr-sato driver-abe DECLINED"},
           {"his duty ends",
            [](BoardBuilder& b) {
              b.Change<core::Shift>("driver-abe-tonight",
                                    [](core::Shift& shift) {
                                      shift.end_time = At("2026-11-20 20:10");
                                    });
            },
            "dr-sato SHIFT_ENDS_BEFORE"},
           {"off duty",
            [](BoardBuilder& b) {
              b.Change<core::Duty>(
                  "driver-abe", [](core::Duty& duty) { duty.on_duty = false; });
            },
            "dr-sato NO_CAR"},
       }) {
    BoardBuilder builder;
    builder.AddPhysician("dr-sato").AddDriver("driver-abe", "car-1");
    builder.AddCallInState(CallState::kMatching, "call-1");
    row.change(builder);
    const PlanResult plan = PlanFor(builder.board());
    EXPECT_THAT(Names(plan), IsEmpty()) << row.name;
    std::vector<std::string> names =
        Names(MatchOf(plan, "call-1")->candidates, true);
    std::erase(names, "dr-other BUSY");
    EXPECT_THAT(names, ElementsAre(row.verdict)) << row.name;
  }
}

TEST(Plan, SaysThatThereIsNoWay) {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-island", {.self_drive = true, .position = Near(9, 9)})
      .AddPhysician("dr-sato", {.position = Near(1, 1)})
      .AddDriver("driver-abe", "car-1", {.position = Near(5, 5)});
  AddCall(builder, "call-1", Near(0, 0));
  TravelTimes times("the bridge is closed");
  // Only dr-sato could go, and nobody can fetch him.
  times.Set(Near(1, 1), Near(0, 0), {absl::Minutes(5), 1400});
  const PlanResult plan = Plan(builder.board(), times, TestNow());
  EXPECT_THAT(plan.offers, IsEmpty());
  EXPECT_THAT(Names(MatchOf(plan, "call-1")->candidates),
              ElementsAre("dr-island UNREACHABLE", "dr-sato UNREACHABLE"));
}

TEST(Plan, ReportsACallWithoutAPositionAsUnreachable) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true})
      .AddPatient("tanaka", {.position = std::nullopt})
      .AddCallInState(CallState::kMatching, "call-1");
  AddCall(builder, "call-2", Near(0, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-2: dr-sato himself"));
  ASSERT_THAT(plan.unmatched.matches, SizeIs(1));
  EXPECT_EQ(plan.unmatched.matches[0].call, CallId("call-1"));
  EXPECT_THAT(Names(plan.unmatched.matches[0].candidates),
              ElementsAre("dr-sato UNREACHABLE"));
}

TEST(Plan, SaysTheSameWhileNothingButPositionsChanges) {
  // Two crews, both sent to urgent calls; the third call waits.
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.position = Near(1, 0)})
      .AddPhysician("dr-b", {.position = Near(0, 1)})
      .AddDriver("driver-a", "car-1", {.position = Near(2, 0)})
      .AddDriver("driver-b", "car-2", {.position = Near(0, 2)});
  AddCall(builder, "call-1", Near(3, 0), Urgency::kUrgent);
  AddCall(builder, "call-2", Near(0, 3), Urgency::kUrgent);
  AddCall(builder, "call-3", Near(-3, 0));
  const auto waiting = [&] {
    return Names(MatchOf(PlanFor(builder.board()), "call-3")->candidates, true);
  };
  EXPECT_THAT(waiting(), ElementsAre("dr-a USED_FOR_OTHER_CALL",
                                     "dr-b USED_FOR_OTHER_CALL"));
  const std::vector<std::string> before = waiting();
  builder.Change<core::Position>(
      "dr-b", [](core::Position& fix) { fix.position = Near(-2, 0); });
  EXPECT_EQ(waiting(), before);
}

// --- Several calls ----------------------------------------------------------

// Greedy, the first call would take dr-b, and the second would wait for long.
TEST(Plan, SolvesAllCallsAtOnce) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.self_drive = true, .position = Near(0, 5)})
      .AddPhysician("dr-b", {.self_drive = true, .position = Near(0, 1)});
  AddCall(builder, "call-1", Near(0, 2.5));
  AddCall(builder, "call-2", Near(0, -6));
  EXPECT_THAT(Names(PlanFor(builder.board())),
              ElementsAre("call-1: dr-a himself", "call-2: dr-b himself"));
}

TEST(Plan, SharesTheCars) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.position = Near(0, 1)})
      .AddPhysician("dr-b", {.position = Near(0, 2)})
      .AddDriver("driver-a", "car-1", {.position = Near(0, 1.4)})
      .AddDriver("driver-b", "car-2", {.position = Near(0, 8)});
  AddCall(builder, "call-1", Near(0, 0));
  AddCall(builder, "call-2", Near(0, 3));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), UnorderedElementsAre("call-1: dr-a driver-a car-1",
                                                "call-2: dr-b driver-b car-2"));
  EXPECT_THAT(
      Names(MatchOf(plan, "call-1")->drivers, true),
      ElementsAre("dr-a driver-a CHOSEN", "dr-a driver-b USED_FOR_OTHER_CALL"));
  EXPECT_THAT(
      Names(MatchOf(plan, "call-1")->candidates, true),
      ElementsAre("dr-a driver-a CHOSEN", "dr-b driver-a USED_FOR_OTHER_CALL"));
}

TEST(Plan, ServesUrgentCallsFirst) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true, .position = Near(0, 0)});
  AddCall(builder, "call-1", Near(0, 0.5), Urgency::kRoutine);
  AddCall(builder, "call-2", Near(0, 1), Urgency::kStandard);
  AddCall(builder, "call-3", Near(0, 14), Urgency::kUrgent);
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-3: dr-sato himself"));
  EXPECT_THAT(plan.unmatched.matches, SizeIs(2));
}

// However late a routine call is, it is no more than a routine call.
TEST(Plan, ServesUrgentCallsFirstHoweverLateTheOthersAre) {
  BoardBuilder builder;
  builder.ChangePolicy(
      [](core::Policy& policy) { policy.tardiness_weight = 1e6; });
  builder.AddPhysician("dr-sato", {.self_drive = true, .position = Near(0, 0)});
  builder.AddPatient("suzuki", {.position = Near(0, 1)});
  builder.AddCallInState(CallState::kMatching, "call-1",
                         {.patient = "suzuki",
                          .urgency = Urgency::kRoutine,
                          .receive_time = TestNow() - absl::Hours(200)});
  // Late, whoever goes first.
  builder.AddPatient("kato", {.position = Near(0, 14)});
  builder.AddCallInState(CallState::kMatching, "call-2",
                         {.patient = "kato",
                          .urgency = Urgency::kUrgent,
                          .receive_time = TestNow() - absl::Minutes(50)});
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-2: dr-sato himself"));
  // The other one comes next.
  ASSERT_THAT(plan.routes, SizeIs(1));
  EXPECT_THAT(plan.routes[0].legs, SizeIs(2));
}

// A call that has waited for two days is served whatever the center's weights
// are: exactly, by search, and where calls are planned for now only.
TEST(Plan, ServesACallHoweverLateItIs) {
  struct Row {
    const char* name;
    void (*change)(core::Policy&);
  };
  for (const Row& row : {
           Row{"as usual", [](core::Policy&) {}},
           Row{"lateness is all",
               [](core::Policy& policy) { policy.tardiness_weight = 1e6; }},
           Row{"lateness is nothing",
               [](core::Policy& policy) { policy.tardiness_weight = 0; }},
           Row{"driving is dear",
               [](core::Policy& policy) { policy.drive_weight = 1000; }},
           Row{"nobody should have to go",
               [](core::Policy& policy) {
                 policy.platform_penalty_minutes = 1e6;
                 policy.fairness_minutes_per_visit = 1e5;
               }},
       }) {
    for (const int calls : {1, 9}) {
      BoardBuilder builder;
      builder.ChangePolicy(row.change);
      // 9 visits of 40 minutes and their ways are some 8 hours.
      builder.AddPhysician("dr-yoru", {.organization = "platform-yoru",
                                       .self_drive = true,
                                       .visits = 3,
                                       .position = Near(0, 0)});
      for (int i = 0; i < calls; ++i) {
        const std::string patient = absl::StrCat("patient-", i);
        builder.AddPatient(patient, {.position = Near(0.5 + i, 0)});
        builder.AddCallInState(CallState::kMatching, absl::StrCat("call-", i),
                               {.patient = patient,
                                .urgency = Urgency::kRoutine,
                                .receive_time = TestNow() - absl::Hours(48)});
      }
      const std::string what = absl::StrCat(row.name, ", calls: ", calls);
      for (const bool expects : {false, true}) {
        PlanOptions options;
        options.forecast.on = expects;
        const PlanResult plan = PlanFor(builder.board(), options);
        EXPECT_THAT(plan.offers, SizeIs(1)) << what;
        ASSERT_THAT(plan.routes, SizeIs(1)) << what;
        EXPECT_THAT(plan.routes[0].legs, SizeIs(calls)) << what;
      }
      EXPECT_THAT(PlanFor(builder.board(), {.max_steps = 0}).offers, SizeIs(1))
          << what;
    }
  }
}

TEST(Plan, ServesAsManyAsCanBeServed) {
  // dr-a is the better one for both, but the only one for call-2.
  BoardBuilder builder;
  builder
      .AddPhysician("dr-a", {.skills = {core::Skill::kChild},
                             .self_drive = true,
                             .position = Near(0, 0)})
      .AddPhysician("dr-b", {.self_drive = true, .position = Near(0, 15)});
  AddCall(builder, "call-1", Near(0, 0.2));
  AddCall(builder, "call-2", Near(0, 9));
  builder.Change<Call>("call-2", [](Call& call) {
    call.required_skills = {core::Skill::kChild};
  });
  EXPECT_THAT(
      Names(PlanFor(builder.board())),
      UnorderedElementsAre("call-1: dr-b himself", "call-2: dr-a himself"));
}

TEST(Plan, PlansNoMoreThanItsLimitByUrgency) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true});
  AddCall(builder, "call-1", Near(0, 1), Urgency::kRoutine);
  AddCall(builder, "call-2", Near(0, 2), Urgency::kUrgent);
  AddCall(builder, "call-3", Near(0, 3), Urgency::kStandard);
  const PlanResult plan = PlanFor(builder.board(), {.max_calls = 2});
  EXPECT_THAT(Names(plan), ElementsAre("call-2: dr-sato himself"));
  ASSERT_THAT(plan.unmatched.matches, SizeIs(1));
  EXPECT_EQ(plan.unmatched.matches[0].call, CallId("call-3"));
}

TEST(Plan, LeavesOtherStatesAlone) {
  BoardBuilder builder;
  builder.AddPhysician("dr-free", {.self_drive = true});
  int number = 0;
  for (CallState state :
       {CallState::kReceived, CallState::kTriaged, CallState::kScheduled,
        CallState::kOnHold, CallState::kEmergency119, CallState::kDepartedScene,
        CallState::kNoteSent, CallState::kClosed, CallState::kCancelled,
        CallState::kOffered}) {
    const std::string id = absl::StrCat("call-", ++number);
    builder.AddCallInState(state, id, {.patient = absl::StrCat("p-", number)});
  }
  EXPECT_FALSE(WantsPlan(builder.board()));
  EXPECT_THAT(TravelNeeded(builder.board(), TestNow()), IsEmpty());
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(plan.offers, IsEmpty());
  EXPECT_THAT(plan.unmatched.matches, IsEmpty());
}

// --- One address ------------------------------------------------------------

TEST(Plan, MakesOneTripOfCallsAtOneAddress) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.self_drive = true})
      .AddPhysician("dr-b", {.self_drive = true});
  AddCall(builder, "call-1", Near(5, 0));
  AddCall(builder, "call-2", Near(5, 0.02));
  const PlanResult plan = PlanFor(builder.board());
  ASSERT_THAT(Names(plan), ElementsAre("call-1+call-2: dr-a himself"));
  const OfferVisit& offer = plan.offers[0];
  EXPECT_EQ(offer.estimate.finish_time,
            offer.estimate.arrive_time + absl::Minutes(80));
  // Each keeps its own explanation.
  ASSERT_THAT(offer.matches, SizeIs(2));
  EXPECT_EQ(offer.matches[0].call, CallId("call-1"));
  EXPECT_EQ(offer.matches[1].call, CallId("call-2"));
}

TEST(Plan, MakesTripsOfNoMoreThanThree) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.self_drive = true})
      .AddPhysician("dr-b", {.self_drive = true});
  for (const char* id : {"call-1", "call-2", "call-3", "call-4"}) {
    AddCall(builder, id, Near(5, 0));
  }
  EXPECT_THAT(Names(PlanFor(builder.board())),
              ElementsAre("call-1+call-2+call-3: dr-a himself",
                          "call-4: dr-b himself"));
}

TEST(Plan, MakesTwoTripsWhereOneCannotBe) {
  struct Row {
    const char* name;
    void (*change)(BoardBuilder&);
    std::vector<std::string> offers;
  };
  const std::vector<std::string> apart = {"call-1: dr-a himself",
                                          "call-2: dr-b himself"};
  for (const Row& row : {
           Row{"in two houses",
               [](BoardBuilder& b) {
                 b.Change<Call>("call-2", [](Call& call) {
                   call.place.position = Near(5, 0.04);
                 });
               },
               apart},
           {"nobody may see both",
            [](BoardBuilder& b) {
              b.Change<Call>("call-1", [](Call& call) {
                call.declined_by = {PersonId("dr-b")};
              });
              b.Change<Call>("call-2", [](Call& call) {
                call.declined_by = {PersonId("dr-a")};
              });
            },
            apart},
           {"the duty is too short for both",
            [](BoardBuilder& b) {
              for (const char* shift : {"dr-a-tonight", "dr-b-tonight"}) {
                b.Change<core::Shift>(shift, [](core::Shift& s) {
                  s.end_time = At("2026-11-20 21:00");
                });
              }
            },
            apart},
           {"the first would wait too long for it",
            [](BoardBuilder& b) {
              b.Change<Call>("call-2", [](Call& call) {
                call.declined_by = {PersonId("dr-a")};
              });
              b.Change<core::Position>("dr-b", [](core::Position& fix) {
                fix.position = Near(-2, 0);
              });
            },
            apart},
           {"the first waits a little for it",
            [](BoardBuilder& b) {
              b.Change<Call>("call-2", [](Call& call) {
                call.declined_by = {PersonId("dr-a")};
              });
            },
            {"call-1+call-2: dr-b himself"}},
       }) {
    BoardBuilder builder;
    builder.AddPhysician("dr-a", {.self_drive = true, .position = Near(4, 0)})
        .AddPhysician("dr-b", {.self_drive = true, .position = Near(1, 0)});
    AddCall(builder, "call-1", Near(5, 0));
    AddCall(builder, "call-2", Near(5, 0));
    row.change(builder);
    EXPECT_EQ(Names(PlanFor(builder.board())), row.offers) << row.name;
  }
}

// An urgent call, and one at the same door at an agreed time.
TEST(Plan, KeepsNobodyWaitingForTheAgreedTimeOfAnother) {
  struct Row {
    const char* start_time;
    bool scheduled_is_urgent;
    std::vector<std::string> offers;
  };
  for (const Row& row : {
           Row{"2026-11-20 20:50", false, {"call-1: dr-a himself"}},
           // Nor the less urgent one for that of the more urgent one.
           Row{"2026-11-20 20:50", true, {"call-1: dr-a himself"}},
           // He would hardly be there before.
           Row{"2026-11-20 20:07", false, {"call-1+call-2: dr-a himself"}},
       }) {
    BoardBuilder builder;
    builder.AddPhysician("dr-a", {.self_drive = true, .position = Near(0, 0)});
    AddCall(builder, "call-1", Near(4, 0),
            row.scheduled_is_urgent ? Urgency::kRoutine : Urgency::kUrgent);
    AddCall(builder, "call-2", Near(4, 0),
            row.scheduled_is_urgent ? Urgency::kUrgent : Urgency::kRoutine);
    builder.Change<Call>("call-2", [&](Call& call) {
      call.schedule = core::Window{At(row.start_time), At("2026-11-20 22:00")};
      call.target_time = call.schedule->end_time;
    });
    for (const int64_t max_steps : {int64_t{0}, PlanOptions().max_steps}) {
      // Who is to be seen at once, is.
      const PlanResult plan =
          PlanFor(builder.board(), {.max_steps = max_steps});
      if (max_steps == 0 && row.scheduled_is_urgent) {
        // It has no plan for later: the urgent one is served first.
        EXPECT_THAT(Names(plan), ElementsAre("call-2: dr-a himself"));
      } else {
        EXPECT_EQ(Names(plan), row.offers)
            << row.start_time << " " << max_steps;
      }
    }
  }
}

// They are seen in one visit though nobody is free yet.
TEST(Plan, MakesOneTripOfCallsAtOneAddressForACrewThatIsBusy) {
  BoardBuilder builder;
  AddBusyCrew(builder);
  AddCall(builder, "call-1", Near(5, 0));
  AddCall(builder, "call-2", Near(5, 0.02));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(plan.offers, IsEmpty());
  ASSERT_THAT(plan.routes, SizeIs(1));
  ASSERT_THAT(plan.routes[0].legs, SizeIs(1));
  EXPECT_THAT(plan.routes[0].legs[0].calls,
              ElementsAre(CallId("call-1"), CallId("call-2")));
  EXPECT_THAT(plan.unmatched.matches, SizeIs(2));
}

// --- A crew without a car ---------------------------------------------------

// dr-sato has accepted call-1 and has lost his car; driver-near and driver-far
// are free.
BoardBuilder Breakdown() {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 2)});
  builder.AddCallInState(CallState::kAccepted, "call-1");
  const std::string id = builder.Get<Call>("call-1").assignment.value();
  builder.Change<core::Assignment>(id, [](core::Assignment& assignment) {
    assignment.state = core::AssignmentState::kWaitingForCar;
    assignment.driver = PersonId();
    assignment.car = core::CarId();
  });
  builder.Change<core::Car>(
      "car-1", [](core::Car& car) { car.state = core::CarState::kBrokenDown; });
  builder.AddDriver("driver-far", "car-2", {.position = Near(0, 9)})
      .AddDriver("driver-near", "car-3", {.position = Near(0, 4)});
  return builder;
}

TEST(Plan, FindsTheNearestOtherCar) {
  const BoardBuilder builder = Breakdown();
  ASSERT_TRUE(WantsPlan(builder.board()));
  const PlanResult plan = PlanFor(builder.board());
  ASSERT_THAT(Names(plan), ElementsAre("call-1: dr-sato driver-near car-3"));
  EXPECT_EQ(plan.offers[0].replaces_car_of,
            builder.Get<Call>("call-1").assignment);
  EXPECT_THAT(Names(plan.offers[0].matches[0].candidates),
              ElementsAre("dr-sato CHOSEN"));
  EXPECT_THAT(Names(plan.offers[0].matches[0].drivers, true),
              ElementsAre("dr-sato driver-near CHOSEN",
                          "dr-sato driver-far LATER_ARRIVAL",
                          "dr-sato driver-abe CAR_BROKEN_DOWN"));
  // Decide takes it.
  EXPECT_TRUE(core::Decide(builder.board(), plan.offers[0], core::SystemActor(),
                           TestNow())
                  .ok());
}

TEST(Plan, LetsHimDriveOnHimselfIfHeMay) {
  BoardBuilder builder = Breakdown();
  builder.Change<core::Person>(
      "dr-sato", [](core::Person& person) { person.self_drive = true; });
  EXPECT_THAT(Names(PlanFor(builder.board())),
              ElementsAre("call-1: dr-sato himself"));
}

TEST(Plan, SharesCarsBetweenNewCallsAndCrewsWithoutOne) {
  BoardBuilder builder = Breakdown();
  builder.AddPhysician("dr-kato", {.position = Near(0, 9)});
  AddCall(builder, "call-2", Near(0, 8));
  EXPECT_THAT(Names(PlanFor(builder.board())),
              UnorderedElementsAre("call-1: dr-sato driver-near car-3",
                                   "call-2: dr-kato driver-far car-2"));
}

TEST(Plan, ReportsThatThereIsNoOtherCar) {
  BoardBuilder builder = Breakdown();
  for (const char* driver : {"driver-near", "driver-far"}) {
    builder.Change<core::Duty>(driver,
                               [](core::Duty& duty) { duty.on_duty = false; });
  }
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(plan.offers, IsEmpty());
  ASSERT_THAT(plan.unmatched.matches, SizeIs(1));
  EXPECT_THAT(Names(plan.unmatched.matches[0].candidates, true),
              ElementsAre("dr-sato driver-abe CAR_BROKEN_DOWN"));
}

TEST(WantsPlan, NotWhileAnotherCarIsBeingAsked) {
  BoardBuilder builder = Breakdown();
  const PlanResult plan = PlanFor(builder.board());
  const absl::StatusOr<core::Decision> decision = core::Decide(
      builder.board(), plan.offers[0], core::SystemActor(), TestNow());
  ASSERT_TRUE(decision.ok()) << decision.status();
  Board board = builder.board();
  for (const core::Event& event : decision->events) core::Apply(event, &board);
  EXPECT_FALSE(WantsPlan(board));
  EXPECT_THAT(PlanFor(board).offers, IsEmpty());
}

// --- Scheduled calls --------------------------------------------------------

TEST(Plan, ReckonsTheVisitFromTheAgreedTime) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true});
  AddCall(builder, "call-1", Near(0, 3));
  builder.Change<Call>("call-1", [](Call& call) {
    call.schedule =
        core::Window{At("2026-11-20 20:50"), At("2026-11-20 21:30")};
    call.target_time = At("2026-11-20 21:30");
  });
  const PlanResult plan = PlanFor(builder.board());
  ASSERT_THAT(plan.offers, SizeIs(1));
  EXPECT_EQ(plan.offers[0].estimate.finish_time, At("2026-11-20 21:30"));
  // He would be there in time, but not done.
  builder.Change<core::Shift>("dr-sato-tonight", [](core::Shift& shift) {
    shift.end_time = At("2026-11-20 21:20");
  });
  const PlanResult late = PlanFor(builder.board());
  EXPECT_THAT(late.offers, IsEmpty());
  EXPECT_THAT(Names(late.unmatched.matches[0].candidates),
              ElementsAre("dr-sato SHIFT_ENDS_BEFORE"));
}

// --- Places and ways --------------------------------------------------------

TEST(PlaceOf, IsTheBestThatIsKnown) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato");
  const PersonId sato("dr-sato");
  EXPECT_EQ(PlaceOf(builder.board(), sato), builder.board().center().position);
  builder.Change<core::Person>("dr-sato", [](core::Person& person) {
    person.home_position = Near(1, 1);
  });
  EXPECT_EQ(PlaceOf(builder.board(), sato), Near(1, 1));
  builder.Change<core::Shift>("dr-sato-tonight", [](core::Shift& shift) {
    shift.base_position = Near(2, 2);
  });
  EXPECT_EQ(PlaceOf(builder.board(), sato), Near(2, 2));
  core::Position fix;
  fix.id = sato;
  fix.position = Near(3, 3);
  // Of another night.
  fix.receive_time = At("2026-11-20 04:00");
  builder.Put(fix);
  EXPECT_EQ(PlaceOf(builder.board(), sato), Near(2, 2));
  fix.receive_time = At("2026-11-20 19:59");
  builder.Put(fix);
  EXPECT_EQ(PlaceOf(builder.board(), sato), Near(3, 3));
  EXPECT_EQ(PlaceOf(builder.board(), PersonId("nobody")),
            builder.board().center().position);
}

TEST(TravelNeeded, AsksForWhoMayBeSentOnly) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.position = Near(1, 0)})
      .AddPhysician("dr-same-place", {.position = Near(1, 0)})
      .AddPhysician("dr-off", {.on_duty = false, .position = Near(2, 0)})
      .AddPhysician("dr-busy", {.position = Near(3, 0)})
      .AddDriver("driver-a", "car-1", {.position = Near(4, 0)})
      .AddDriver("driver-broken", "car-2", {.position = Near(5, 0)});
  builder.Change<core::Car>(
      "car-2", [](core::Car& car) { car.state = core::CarState::kBrokenDown; });
  builder.AddCallInState(
      CallState::kOnScene, "call-0",
      {.physician = "dr-busy", .driver = "driver-busy", .car = "car-3"});
  AddCall(builder, "call-1", Near(0, 6));
  AddCall(builder, "call-2", Near(0, 6));
  const std::vector<TravelRequest> requests =
      TravelNeeded(builder.board(), TestNow(), {.max_steps = 0});
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_THAT(requests[0].origins, ElementsAre(Near(4, 0)));
  EXPECT_THAT(requests[0].destinations, ElementsAre(Near(1, 0)));
  EXPECT_THAT(requests[1].origins, ElementsAre(Near(1, 0)));
  EXPECT_THAT(requests[1].destinations, ElementsAre(Near(0, 6)));
}

TEST(TravelNeeded, AsksForEveryPlaceOfTheNight) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.position = Near(1, 0)})
      .AddPhysician("dr-off", {.on_duty = false, .position = Near(2, 0)})
      .AddDriver("driver-a", "car-1", {.position = Near(4, 0)})
      .AddDriver("driver-broken", "car-2", {.position = Near(5, 0)});
  builder.Change<core::Car>(
      "car-2", [](core::Car& car) { car.state = core::CarState::kBrokenDown; });
  AddCall(builder, "call-1", Near(0, 6));
  PlanOptions options;
  options.forecast.on = false;
  const std::vector<TravelRequest> requests =
      TravelNeeded(builder.board(), TestNow(), options);
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].origins, requests[0].destinations);
  EXPECT_THAT(requests[0].origins,
              ::testing::IsSupersetOf({Near(1, 0), Near(4, 0), Near(0, 6)}));
  EXPECT_THAT(requests[0].origins,
              ::testing::Not(::testing::Contains(
                  ::testing::AnyOf(Near(2, 0), Near(5, 0)))));
}

TEST(TravelTimes, FindsWhatWasSetExactly) {
  TravelTimes times("here");
  times.Set(Near(0, 0), Near(1, 0), {absl::Minutes(3), 1200});
  ASSERT_TRUE(times.Get(Near(0, 0), Near(1, 0)).has_value());
  EXPECT_EQ(times.Get(Near(0, 0), Near(1, 0))->duration, absl::Minutes(3));
  EXPECT_EQ(times.Get(Near(0, 0), Near(1, 0))->distance_meters, 1200);
  // Roads have directions.
  EXPECT_FALSE(times.Get(Near(1, 0), Near(0, 0)).has_value());
  EXPECT_FALSE(times.Get(Near(0, 0), Near(1, 1)).has_value());
  EXPECT_EQ(times.Get(Near(7, 7), Near(7, 7))->duration, absl::ZeroDuration());
  EXPECT_EQ(times.description(), "here");
}

// --- Whole nights -----------------------------------------------------------

Board Surge(int calls, int physicians, int cars, uint64_t seed) {
  Random random(seed);
  const auto somewhere = [&] {
    return Near(random.Fraction() * 16 - 8, random.Fraction() * 16 - 8);
  };
  BoardBuilder builder;
  for (int i = 0; i < physicians; ++i) {
    PhysicianOptions options;
    options.self_drive = random.OneIn(4);
    options.visits = static_cast<int32_t>(random.Between(0, 4));
    options.position = somewhere();
    if (random.OneIn(3)) options.organization = "platform-yoru";
    if (random.OneIn(2)) options.skills = {core::Skill::kChild};
    builder.AddPhysician(absl::StrFormat("dr-%02d", i), options);
  }
  for (int i = 0; i < cars; ++i) {
    DriverOptions options;
    options.position = somewhere();
    builder.AddDriver(absl::StrFormat("driver-%02d", i),
                      absl::StrFormat("car-%02d", i), options);
  }
  for (int i = 0; i < calls; ++i) {
    const std::string id = absl::StrFormat("call-%03d", i);
    AddCall(builder, id, somewhere(),
            static_cast<Urgency>(random.Between(1, 3)));
    if (random.OneIn(5)) {
      builder.Change<Call>(
          id, [](Call& call) { call.required_skills = {core::Skill::kChild}; });
    }
  }
  return builder.Build();
}

// What the planner proposes, Decide accepts, one after the other; and every
// call is either offered or explained.
TEST(Plan, ProposesWhatDecideAccepts) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Board board = Surge(20, 10, 7, seed);
    const PlanResult plan = PlanFor(board);
    std::set<CallId> seen;
    for (const OfferVisit& offer : plan.offers) {
      const absl::StatusOr<core::Decision> decision =
          core::Decide(board, offer, core::SystemActor(), TestNow());
      ASSERT_TRUE(decision.ok()) << Name(offer) << ": " << decision.status();
      for (const core::Event& event : decision->events) {
        core::Apply(event, &board);
      }
      for (const CallId& call : offer.calls) {
        EXPECT_TRUE(seen.insert(call).second) << call;
      }
    }
    for (const Match& match : plan.unmatched.matches) {
      EXPECT_TRUE(seen.insert(match.call).second) << match.call;
      EXPECT_THAT(match.candidates, SizeIs(10));
    }
    EXPECT_THAT(seen, SizeIs(20));
    EXPECT_GE(plan.offers.size(), 7u);
    EXPECT_TRUE(
        core::Decide(board, plan.unmatched, core::SystemActor(), TestNow())
            .ok());
  }
}

// A crew at the door that should be done, and one that is free farther away.
Board OverdueBy(absl::Duration overdue) {
  BoardBuilder builder;
  AddBusyCrew(builder);
  builder.AddPhysician("dr-free", {.position = Near(9, 0)})
      .AddDriver("driver-free", "car-2", {.position = Near(9, 0)});
  AddCall(builder, "call-1", Near(0, 0));
  Board board = builder.Build();
  core::Assignment crew = *board.RunningAssignmentOf(PersonId("dr-there"));
  crew.estimate.finish_time = TestNow() - overdue;
  board.Put(crew);
  return board;
}

TEST(Plan, WaitsForACrewThatIsNearAndFreeSoonButNotForEver) {
  PlanOptions options;
  options.forecast.on = false;
  const PlanResult soon = PlanFor(OverdueBy(absl::Minutes(1)), options);
  EXPECT_THAT(Names(soon), IsEmpty());
  ASSERT_THAT(soon.routes, SizeIs(1));
  EXPECT_EQ(soon.routes[0].driver, PersonId("driver-there"));
  EXPECT_THAT(Names(PlanFor(OverdueBy(absl::Minutes(90)), options)),
              ElementsAre("call-1: dr-free driver-free car-2"));
}

// Nobody knows where the visit is; the crew is busy all the same.
TEST(Plan, WaitsForNoCrewThatIsBusyAtAnUnknownPlace) {
  Board board = OverdueBy(-absl::Minutes(60));
  Call call = *board.Find<Call>(CallId("call-0"));
  call.place.position = std::nullopt;
  board.Put(call);
  PlanOptions options;
  options.forecast.on = false;
  EXPECT_THAT(Names(PlanFor(board, options)),
              ElementsAre("call-1: dr-free driver-free car-2"));
  // It is where their phones were last.
  board = OverdueBy(-absl::Minutes(5));
  board.Put(call);
  const PlanResult soon = PlanFor(board, options);
  EXPECT_THAT(Names(soon), IsEmpty());
  ASSERT_THAT(soon.arrivals, SizeIs(1));
  EXPECT_EQ(soon.arrivals[0].physician, PersonId("dr-there"));
}

TEST(Plan, ExplainsEveryCandidateOfEveryCallInASurge) {
  const Board board = Surge(100, 40, 30, 99);
  const PlanResult plan = PlanFor(board);
  EXPECT_GE(plan.offers.size(), 30u);
  size_t calls = plan.unmatched.matches.size();
  std::set<PersonId> sent;
  for (const OfferVisit& offer : plan.offers) {
    calls += offer.calls.size();
    EXPECT_TRUE(sent.insert(offer.physician).second);
    if (!offer.self_drive) {
      EXPECT_TRUE(sent.insert(offer.driver).second);
    }
    for (const Match& match : offer.matches) {
      ASSERT_THAT(match.candidates, SizeIs(40));
      EXPECT_EQ(match.candidates[0].physician, offer.physician);
      for (size_t i = 0; i < match.candidates.size(); ++i) {
        EXPECT_EQ(match.candidates[i].verdict == Verdict::kChosen, i == 0);
        EXPECT_NE(match.candidates[i].verdict, Verdict::kUnspecified);
      }
      EXPECT_GE(match.drivers.size(), 30u);
    }
  }
  EXPECT_EQ(calls, 100u);
}

TEST(Plan, IsRepeatable) {
  const Board board = Surge(40, 15, 9, 3);
  const PlanResult plan = PlanFor(board);
  const PlanResult again = PlanFor(board);
  EXPECT_EQ(plan.offers, again.offers);
  EXPECT_EQ(plan.unmatched, again.unmatched);
}

// --- How long it is searched ---

// Asks so often before it says that the time is over.
struct Budget {
  int asked = 0;
  int granted = 0;
  std::function<bool()> AsCallback() {
    return [this] { return ++asked > granted; };
  }
};

TEST(Plan, IsAsGoodAsItGotWhenItIsCancelled) {
  const Board board = Surge(40, 15, 9, 3);
  Budget enough{.granted = 1'000'000};
  PlanOptions options;
  options.is_over = enough.AsCallback();
  const PlanResult whole = PlanFor(board, options);
  EXPECT_GT(enough.asked, 20);
  for (const int granted : {0, 5}) {
    Budget budget{.granted = granted};
    options.is_over = budget.AsCallback();
    const PlanResult plan = PlanFor(board, options);
    // Each part of the search looks once more and ends.
    EXPECT_LE(budget.asked, granted + 3);
    // Every call is offered or explained, and Decide accepts what is offered.
    size_t calls = plan.unmatched.matches.size();
    Board after = board;
    for (const OfferVisit& offer : plan.offers) {
      calls += offer.calls.size();
      const absl::StatusOr<core::Decision> decision =
          core::Decide(after, offer, core::SystemActor(), TestNow());
      ASSERT_TRUE(decision.ok()) << Name(offer) << ": " << decision.status();
      for (const core::Event& event : decision->events) {
        core::Apply(event, &after);
      }
    }
    EXPECT_EQ(calls, 40u);
    EXPECT_GE(plan.offers.size() + 1, whole.offers.size());
    // Where it ends, it ends the same way again.
    Budget same{.granted = granted};
    options.is_over = same.AsCallback();
    EXPECT_EQ(PlanFor(board, options).offers, plan.offers);
  }
}

TEST(Plan, ChangesWithItsSeedOnlyWhereItIsSearched) {
  const Board board = Surge(60, 8, 5, 11);
  PlanOptions options;
  options.forecast.on = false;
  options.max_steps = 60'000;
  const PlanResult one = PlanFor(board, options);
  EXPECT_EQ(PlanFor(board, options).routes, one.routes);
  bool another = false;
  for (options.seed = 2; options.seed < 6 && !another; ++options.seed) {
    another = PlanFor(board, options).routes != one.routes;
  }
  EXPECT_TRUE(another);
}

// Greedily the first call would take dr-b.
TEST(Plan, BeginsWithThePlanOfAMomentAgo) {
  BoardBuilder builder;
  builder.AddPhysician("dr-a", {.self_drive = true, .position = Near(0, 5)})
      .AddPhysician("dr-b", {.self_drive = true, .position = Near(0, 1)});
  AddCall(builder, "call-1", Near(0, 2.5));
  AddCall(builder, "call-2", Near(0, -6));
  PlanOptions options;
  options.forecast.on = false;
  const PlanResult found = PlanFor(builder.board(), options);
  const std::vector<std::string> best = {"call-1: dr-a himself",
                                         "call-2: dr-b himself"};
  ASSERT_EQ(Names(found), best);
  // No time to search.
  options.max_steps = 1;
  EXPECT_NE(Names(PlanFor(builder.board(), options)), best);
  options.previous = found.routes;
  EXPECT_EQ(Names(PlanFor(builder.board(), options)), best);
  // What no longer holds is left out: a call that is over, somebody who has
  // gone home.
  options.previous[0].legs.insert(
      options.previous[0].legs.begin(),
      {{CallId("call-0")}, options.previous[0].legs[0].physician});
  options.previous.push_back(
      {PersonId("dr-gone"), {{{CallId("call-1")}, PersonId("dr-gone")}}});
  EXPECT_EQ(Names(PlanFor(builder.board(), options)), best);
}

// --- What is expected ---

double ExpectedCalls(const Board& board) {
  return PlanFor(board).expected_calls;
}

// A call of some time ago that became of it what `change` says.
void AddPast(BoardBuilder& builder, const std::string& id, absl::Duration ago,
             const std::function<void(Call&)>& change) {
  Call call;
  call.id = CallId(id);
  call.state = CallState::kClosed;
  call.disposition = core::Disposition::kVisit;
  call.outcome = core::Outcome::kVisited;
  call.urgency = Urgency::kStandard;
  call.receive_time = TestNow() - ago;
  call.place.position = Near(1, 1);
  change(call);
  builder.Put(call);
}

BoardBuilder ACrewAndACall() {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato").AddDriver("driver-abe", "car-1");
  AddCall(builder, "call-1", Near(0, 3));
  return builder;
}

TEST(Plan, ExpectsAsManyCallsAsVisitsWereWantedLately) {
  struct Row {
    const char* name;
    void (*change)(Call&);
    bool counts;
  };
  for (const Row& row : {
           Row{"visited", [](Call&) {}, true},
           {"not triaged yet",
            [](Call& call) {
              call.state = CallState::kReceived;
              call.disposition = core::Disposition::kUnspecified;
              call.outcome = core::Outcome::kUnspecified;
            },
            true},
           {"cancelled",
            [](Call& call) {
              call.state = CallState::kCancelled;
              call.outcome = core::Outcome::kCancelled;
            },
            false},
           {"joined another",
            [](Call& call) {
              call.state = CallState::kMerged;
              call.outcome = core::Outcome::kMerged;
            },
            false},
           {"advice was enough",
            [](Call& call) {
              call.disposition = core::Disposition::kAdvice;
              call.outcome = core::Outcome::kAdviceGiven;
            },
            false},
           {"seen online",
            [](Call& call) {
              call.disposition = core::Disposition::kOnline;
              call.outcome = core::Outcome::kSeenOnline;
            },
            false},
           {"written on paper this morning and entered now",
            [](Call& call) { call.written_time = TestNow() - absl::Hours(10); },
            false},
           {"written on paper an hour ago and entered now",
            [](Call& call) {
              call.written_time = TestNow() - absl::Hours(1);
              call.receive_time = TestNow();
            },
            true},
       }) {
    BoardBuilder builder = ACrewAndACall();
    const double before = ExpectedCalls(builder.board());
    ASSERT_GT(before, 0);
    for (int i = 0; i < 5; ++i) {
      AddPast(builder, absl::StrCat("past-", i), absl::Minutes(20 + 10 * i),
              row.change);
    }
    if (row.counts) {
      EXPECT_GT(ExpectedCalls(builder.board()), before * 1.2) << row.name;
    } else {
      EXPECT_NEAR(ExpectedCalls(builder.board()), before, 1e-9) << row.name;
    }
  }
}

TEST(Plan, ExpectsFewerCallsInAQuietNight) {
  const auto expected_after = [](absl::Duration on_duty) {
    BoardBuilder builder = ACrewAndACall();
    for (const char* person : {"dr-sato", "driver-abe"}) {
      builder.Change<core::Duty>(
          person, [&](core::Duty& duty) { duty.since = TestNow() - on_duty; });
    }
    return ExpectedCalls(builder.board());
  };
  EXPECT_LT(expected_after(absl::Hours(2)),
            0.95 * expected_after(absl::Minutes(15)));
  EXPECT_LT(expected_after(absl::Hours(4)),
            0.95 * expected_after(absl::Hours(2)));
  // No more is known of the time before.
  EXPECT_EQ(expected_after(absl::Hours(4)), expected_after(absl::Hours(9)));
}

TEST(Plan, ExpectsCallsForCarsAndNotForTheirDrivers) {
  BoardBuilder builder = ACrewAndACall();
  const double one_car = ExpectedCalls(builder.board());
  // He has the same car after midnight.
  builder.AddDriver("driver-oka", "car-1",
                    {.on_duty = false,
                     .start_time = At("2026-11-21 00:00"),
                     .end_time = At("2026-11-21 08:00")});
  EXPECT_NEAR(ExpectedCalls(builder.board()), one_car, 1e-9);
  builder.AddDriver("driver-ueda", "car-2");
  EXPECT_GT(ExpectedCalls(builder.board()), 1.3 * one_car);
}

TEST(Plan, ExpectsCallsWherePhysiciansDriveThemselves) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.self_drive = true});
  AddCall(builder, "call-1", Near(0, 3));
  const double one = ExpectedCalls(builder.board());
  EXPECT_NEAR(one, ExpectedCalls(ACrewAndACall().board()), 1e-9);
  builder.AddPhysician("dr-kato", {.self_drive = true});
  const double two = ExpectedCalls(builder.board());
  EXPECT_GT(two, 1.3 * one);
  // Both are fetched, or one of them is: there are two physicians.
  builder.AddDriver("driver-abe", "car-1");
  EXPECT_NEAR(ExpectedCalls(builder.board()), two, 1e-9);
}

// --- What is promised, and why a call waits
// -----------------------------------

const Candidate* CandidateOf(const Match& match, const std::string& physician) {
  for (const Candidate& candidate : match.candidates) {
    if (candidate.physician == PersonId(physician)) return &candidate;
  }
  return nullptr;
}

TEST(Plan, PromisesWhatWillHold) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 3)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 1)});
  AddCall(builder, "call-1", Near(0, 15));
  const auto width = [](const Board& board, const PlanOptions& options) {
    const PlanResult plan = PlanFor(board, options);
    EXPECT_THAT(plan.arrivals, SizeIs(1));
    EXPECT_THAT(plan.offers, SizeIs(1));
    if (plan.offers.empty()) return 0.0;
    const core::Estimate& estimate = plan.offers[0].estimate;
    return absl::ToDoubleMinutes(estimate.promise_time - estimate.arrive_time);
  };
  PlanOptions at_once;
  at_once.crews_answer = false;
  Board board = builder.board();
  // Two minutes on the road and twelve, which take a fifth more or less.
  const double usual = width(board, at_once);
  EXPECT_GT(usual, 2);
  EXPECT_LT(usual, 5);
  // They have to answer and to set out.
  EXPECT_GT(width(board, {}), usual + 2);
  core::Center center = board.center();
  center.policy.promise_share = 0.97;
  board.Put(center);
  EXPECT_GT(width(board, at_once), usual + 1);
  center.policy.travel_spread = 0;
  board.Put(center);
  EXPECT_EQ(width(board, at_once), 0);
}

TEST(Plan, SaysWhoComesToACallThatWaitsAndWhen) {
  BoardBuilder builder;
  AddBusyCrew(builder);
  AddCall(builder, "call-1", Near(5, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(plan.offers, IsEmpty());
  const Match* match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  ASSERT_TRUE(match->waiting.has_value());
  EXPECT_EQ(match->waiting->reason, core::WaitReason::kAllBusy);
  EXPECT_EQ(match->waiting->physician, PersonId("dr-there"));
  EXPECT_EQ(match->waiting->driver, PersonId("driver-there"));
  const Candidate* busy = CandidateOf(*match, "dr-there");
  ASSERT_NE(busy, nullptr);
  EXPECT_EQ(busy->verdict, Verdict::kBusy);
  ASSERT_TRUE(busy->free_time.has_value());
  EXPECT_GT(*busy->free_time, TestNow());
  ASSERT_THAT(plan.arrivals, SizeIs(1));
  EXPECT_EQ(plan.arrivals[0].call, CallId("call-1"));
  EXPECT_EQ(plan.arrivals[0].expect_time, match->waiting->arrive_time);
  EXPECT_EQ(plan.arrivals[0].promise_time, match->waiting->promise_time);
  EXPECT_GT(plan.arrivals[0].expect_time, TestNow() + absl::Minutes(4));
  EXPECT_GT(plan.arrivals[0].promise_time,
            plan.arrivals[0].expect_time + absl::Minutes(5));
}

// What comes in meanwhile may go first, the more so the less urgent a call is.
TEST(Plan, PromisesLessUrgentCallsLater) {
  const auto promised = [](Urgency urgency) {
    BoardBuilder builder;
    AddBusyCrew(builder);
    AddCall(builder, "call-1", Near(5, 0), urgency);
    const PlanResult plan = PlanFor(builder.board());
    EXPECT_THAT(plan.arrivals, SizeIs(1));
    return plan.arrivals.empty() ? TestNow() : plan.arrivals[0].promise_time;
  };
  EXPECT_GT(promised(Urgency::kRoutine), promised(Urgency::kStandard));
  EXPECT_GT(promised(Urgency::kStandard), promised(Urgency::kUrgent));
}

TEST(Plan, SaysThatALaterCrewCostsLess) {
  PlanOptions options;
  options.forecast.on = false;
  const PlanResult plan = PlanFor(OverdueBy(absl::Minutes(1)), options);
  const Match* match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  ASSERT_TRUE(match->waiting.has_value());
  EXPECT_EQ(match->waiting->reason, core::WaitReason::kLaterCrewCostsLess);
  EXPECT_EQ(match->waiting->physician, PersonId("dr-there"));
  EXPECT_EQ(CandidateOf(*match, "dr-free")->verdict,
            Verdict::kLaterCrewCostsLess);
  EXPECT_EQ(CandidateOf(*match, "dr-there")->verdict, Verdict::kBusy);
}

TEST(Plan, SaysThatNobodyMayEverGo) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 3)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 1)});
  AddCall(builder, "call-1", Near(0, 5));
  builder.Change<Call>("call-1", [](Call& call) {
    call.required_skills = {core::Skill::kVentilator};
  });
  const Match* match = nullptr;
  const PlanResult plan = PlanFor(builder.board());
  match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  ASSERT_TRUE(match->waiting.has_value());
  EXPECT_EQ(match->waiting->reason, core::WaitReason::kNobody);
  EXPECT_TRUE(match->waiting->physician.empty());
  EXPECT_THAT(plan.arrivals, IsEmpty());
  EXPECT_EQ(CandidateOf(*match, "dr-sato")->verdict, Verdict::kMissingSkill);
}

// One crew, a call that can wait for hours, and urgent ones to be expected.
TEST(Plan, SaysThatACrewIsKeptFreeForUrgentCalls) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {.position = Near(0, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)});
  AddCall(builder, "call-1", Near(12, 0), Urgency::kRoutine);
  Board board = builder.Build();
  // Tonight all the others were urgent, and near the crew.
  for (int i = 0; i < 20; ++i) {
    Call over;
    over.id = CallId(absl::StrCat("over-", i));
    over.state = core::CallState::kClosed;
    over.urgency = Urgency::kUrgent;
    over.receive_time = TestNow() - absl::Minutes(5 * i + 5);
    over.place.position = Near(0, 0.1 * i);
    board.Put(over);
  }
  core::Center center = board.center();
  center.policy.routine_target = absl::Hours(6);
  center.policy.tardiness_weight = 50;
  center.policy.urgent_weight = 100;
  center.policy.standard_weight = 1;
  center.policy.routine_weight = 0.01;
  center.policy.holds = true;
  board.Put(center);
  Call call = *board.Find<Call>(CallId("call-1"));
  call.target_time = TestNow() + absl::Hours(6);
  board.Put(call);
  PlanOptions options;
  options.forecast.calls_per_car = 20;
  const PlanResult plan = PlanFor(board, options);
  EXPECT_THAT(plan.offers, IsEmpty());
  const Match* match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  ASSERT_TRUE(match->waiting.has_value());
  EXPECT_EQ(match->waiting->reason, core::WaitReason::kKeptFree);
  EXPECT_GT(match->waiting->expected_urgent_calls, 0);
  ASSERT_TRUE(match->waiting->review_time.has_value());
  EXPECT_GT(*match->waiting->review_time, TestNow());
  EXPECT_EQ(CandidateOf(*match, "dr-sato")->verdict, Verdict::kKeptFree);
  // The center may want none of that, or advice only.
  center.policy.holds = false;
  board.Put(center);
  EXPECT_THAT(PlanFor(board, options).offers, SizeIs(1));
  center.policy.holds = true;
  center.policy.anticipates = false;
  board.Put(center);
  EXPECT_THAT(PlanFor(board, options).offers, SizeIs(1));
}

TEST(Plan, SaysWhatWouldMakeItAnother) {
  BoardBuilder builder;
  builder.AddPhysician("dr-near", {.self_drive = true, .position = Near(0, 4)})
      .AddPhysician("dr-far", {.self_drive = true, .position = Near(0, 9)});
  AddCall(builder, "call-1", Near(0, 0));
  const PlanResult plan = PlanFor(builder.board());
  const Match* match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  const Candidate* chosen = CandidateOf(*match, "dr-near");
  const Candidate* other = CandidateOf(*match, "dr-far");
  ASSERT_EQ(chosen->verdict, Verdict::kChosen);
  EXPECT_EQ(chosen->excess_cost, 0);
  EXPECT_EQ(other->verdict, Verdict::kLaterArrival);
  EXPECT_NEAR(other->excess_cost, other->cost - chosen->cost, 1e-9);
  EXPECT_GT(other->excess_cost, 5);
}

// dr-near would be there first and costs less, but is the only one for call-2,
// to which driver-oka takes him in five minutes.
TEST(Plan, SaysThatHeIsMeantForAnotherCall) {
  BoardBuilder builder;
  builder.AddPhysician("dr-far", {.position = Near(-4, 0)})
      .AddPhysician("dr-near",
                    {.skills = {core::Skill::kChild}, .position = Near(2, 0)})
      .AddDriver("driver-abe", "car-1", {.position = Near(0, 0)})
      .AddDriver("driver-oka", "car-2", {.position = Near(2, 0.5)});
  AddCall(builder, "call-1", Near(4, 0));
  AddCall(builder, "call-2", Near(2, 1));
  builder.Change<Call>("call-2", [](Call& call) {
    call.required_skills = {core::Skill::kChild};
  });
  PlanOptions options;
  options.forecast.on = false;
  options.crews[PersonId("driver-oka")] = {TestNow() + absl::Minutes(5),
                                           Near(2, 0.5), PersonId()};
  const PlanResult plan = PlanFor(builder.board(), options);
  ASSERT_THAT(Names(plan), ElementsAre("call-1: dr-far driver-abe car-1"));
  const Match* match = MatchOf(plan, "call-1");
  const Candidate* near = CandidateOf(*match, "dr-near");
  ASSERT_NE(near, nullptr);
  EXPECT_LT(near->cost, CandidateOf(*match, "dr-far")->cost);
  EXPECT_EQ(near->verdict, Verdict::kUsedForOtherCall);
  // Nor is driver-oka free for dr-far.
  EXPECT_THAT(Names(match->drivers, true),
              ElementsAre("dr-far driver-abe CHOSEN",
                          "dr-far driver-oka LATER_ARRIVAL"));
}

// --- Who sits in whose car
// -----------------------------------------------------

// dr-sato and driver-abe have left a patient ten minutes ago; dr-kato, whose
// skill the next one needs, is at home.
BoardBuilder AfterAVisit() {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-sato",
                    {.position = Near(5, 0), .base_position = Near(9, 0)})
      .AddPhysician("dr-kato",
                    {.skills = {core::Skill::kChild}, .position = Near(5, 2)})
      .AddDriver("driver-abe", "car-1", {.position = Near(5, 0)});
  builder.AddCallInState(CallState::kDepartedScene, "call-0", {});
  AddCall(builder, "call-1", Near(5, 6));
  builder.Change<Call>("call-1", [](Call& call) {
    call.required_skills = {core::Skill::kChild};
  });
  for (const char* person : {"dr-sato", "driver-abe"}) {
    builder.Change<core::Position>(person, [](core::Position& position) {
      position.receive_time = TestNow();
    });
  }
  return builder;
}

TEST(Plan, BringsHomeWhoSitsInTheCar) {
  BoardBuilder builder = AfterAVisit();
  PlanOptions options;
  options.forecast.on = false;
  const auto fetch_minutes = [&](const BoardBuilder& of) {
    const PlanResult plan = PlanFor(of.board(), options);
    EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-kato driver-abe car-1"));
    return absl::ToDoubleMinutes(plan.offers[0].estimate.fetch_duration);
  };
  // By way of dr-sato's base.
  const double with_him = fetch_minutes(builder);
  EXPECT_NEAR(with_him, 4 + std::hypot(4, 2), 0.1);
  // His phone says that he is elsewhere by now.
  builder.Change<core::Position>("dr-sato", [](core::Position& position) {
    position.position = Near(7, 0);
  });
  EXPECT_NEAR(fetch_minutes(builder), 2, 0.1);
}

// --- Drivers who do not wait
// ---------------------------------------------------

TEST(Plan, SendsADriverOnWhoDoesNotWait) {
  for (const bool left : {false, true}) {
    BoardBuilder builder;
    builder.AddPhysician("dr-there", {.position = Near(1, 0)})
        .AddPhysician("dr-kato", {.position = Near(2, 0)})
        .AddDriver("driver-abe", "car-1", {.position = Near(1, 0)});
    builder.AddCallInState(
        CallState::kOnScene, "call-0",
        {.physician = "dr-there", .driver = "driver-abe", .car = "car-1"});
    AddCall(builder, "call-1", Near(5, 0));
    Board board = builder.Build();
    core::Center center = board.center();
    center.policy.driver_waits = !left;
    board.Put(center);
    core::Assignment crew = *board.RunningAssignmentOf(PersonId("dr-there"));
    crew.driver_left = left;
    board.Put(crew);
    PlanOptions options;
    options.forecast.on = false;
    const PlanResult plan = PlanFor(board, options);
    if (left) {
      EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-kato driver-abe car-1"));
    } else {
      EXPECT_THAT(Names(plan), IsEmpty());
    }
  }
}

TEST(WantsAdvice, WhileADriverIsFreeAndTheCenterWantsIt) {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato", {}).AddDriver("driver-abe", "car-1", {});
  EXPECT_TRUE(WantsAdvice(builder.board()));
  EXPECT_FALSE(WantsPlan(builder.board()));
  EXPECT_THAT(TravelNeeded(builder.board(), TestNow()), SizeIs(1));
  Board off = builder.Build();
  core::Center center = off.center();
  center.policy.anticipates = false;
  off.Put(center);
  EXPECT_FALSE(WantsAdvice(off));
  EXPECT_THAT(TravelNeeded(off, TestNow()), IsEmpty());
  builder.AddCallInState(CallState::kEnRoute, "call-1", {});
  EXPECT_FALSE(WantsAdvice(builder.board()));
}

TEST(PromiseFor, AllowsForWhatVaries) {
  core::Policy policy;
  const absl::Time arrive_time = TestNow() + absl::Minutes(30);
  const auto width = [&](double spread, bool departed) {
    return absl::ToDoubleMinutes(
        PromiseFor(policy, TestNow(), arrive_time, spread, departed) -
        arrive_time);
  };
  EXPECT_EQ(width(0, true), 0);
  // 1.28 standard deviations of 6 minutes, about.
  EXPECT_NEAR(width(0.2, true), 7.7, 0.5);
  EXPECT_GT(width(0.2, false), width(0.2, true) + 1);
  // Long overdue: it is not promised for the past.
  EXPECT_EQ(
      PromiseFor(policy, TestNow(), TestNow() - absl::Hours(1), 0.2, true),
      TestNow());
}

// --- Two at one door, fair shares
// ------------------------------------------------

TEST(Plan, SeesThoseWithAnInfectionLastUnlessTheyAreMoreUrgent) {
  for (const bool urgent : {false, true}) {
    BoardBuilder builder;
    builder.AddPhysician("dr-a", {.self_drive = true, .position = Near(4, 0)});
    AddCall(builder, "call-1", Near(5, 0),
            urgent ? Urgency::kUrgent : Urgency::kStandard);
    AddCall(builder, "call-2", Near(5, 0));
    builder.Change<core::Patient>("patient-call-1", [](core::Patient& patient) {
      patient.infection = true;
    });
    EXPECT_THAT(Names(PlanFor(builder.board())),
                ElementsAre(urgent ? "call-1+call-2: dr-a himself"
                                   : "call-2+call-1: dr-a himself"));
  }
}

// Two visits in four hours are less of a burden than two in one.
TEST(Plan, SharesTheBurdenByTheHourOnDuty) {
  BoardBuilder builder;
  builder
      .AddPhysician("dr-long",
                    {.self_drive = true, .visits = 2, .position = Near(4, 0)})
      .AddPhysician("dr-short",
                    {.self_drive = true, .visits = 2, .position = Near(-4, 0)});
  builder.Change<core::Duty>("dr-long", [](core::Duty& duty) {
    duty.since = TestNow() - absl::Hours(4);
  });
  builder.Change<core::Duty>("dr-short", [](core::Duty& duty) {
    duty.since = TestNow() - absl::Hours(1);
  });
  // A little nearer to dr-short.
  AddCall(builder, "call-1", Near(-0.5, 0));
  const PlanResult plan = PlanFor(builder.board());
  EXPECT_THAT(Names(plan), ElementsAre("call-1: dr-long himself"));
  const Match* match = MatchOf(plan, "call-1");
  ASSERT_NE(match, nullptr);
  // 2.5 hours on average: 2 visits count as 1.25 and as 5.
  EXPECT_NEAR(CandidateOf(*match, "dr-long")->fairness_cost, 3 * 1.25, 1e-6);
  EXPECT_NEAR(CandidateOf(*match, "dr-short")->fairness_cost, 3 * 5, 1e-6);
}

}  // namespace
}  // namespace housecall::planner
