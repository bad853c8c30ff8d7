#include "dispatcher/core/rules.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"

namespace housecall::core {
namespace {

using testing::At;
using testing::BoardBuilder;
using testing::CallOptions;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Near;
using testing::TestNow;

const PersonId kSato("dr-sato");
const PersonId kAbe("driver-abe");

// dr-sato and driver-abe are free, call-1 for tanaka is being matched.
BoardBuilder Tonight() {
  BoardBuilder builder;
  builder.AddPhysician("dr-sato")
      .AddDriver("driver-abe", "car-1")
      .AddCallInState(CallState::kMatching);
  return builder;
}

const Call& TheCall(const Board& board) {
  return *board.Find<Call>(CallId("call-1"));
}

// What stands in the way, whether an operator's word moves it, its figure.
struct Case {
  std::string name;
  std::function<void(BoardBuilder&)> change;
  Verdict verdict;
  bool lifted_by_operator = false;
};

void ExpectVerdicts(const std::vector<Case>& cases,
                    const std::function<Ruling(const Board&, bool)>& rule) {
  for (const Case& c : cases) {
    BoardBuilder builder = Tonight();
    c.change(builder);
    EXPECT_EQ(rule(builder.board(), false).verdict, c.verdict) << c.name;
    EXPECT_EQ(rule(builder.board(), true).verdict,
              c.lifted_by_operator ? Verdict::kChosen : c.verdict)
        << c.name;
  }
}

TEST(RulePhysician, NamesWhatStandsInTheWay) {
  const std::vector<Case> cases = {
      {"nothing", [](BoardBuilder&) {}, Verdict::kChosen},
      {"off duty",
       [](BoardBuilder& b) {
         b.Change<Duty>("dr-sato", [](Duty& d) { d.on_duty = false; });
       },
       Verdict::kNotOnDuty},
      {"on duty in another role",
       [](BoardBuilder& b) {
         b.Change<Duty>("dr-sato", [](Duty& d) { d.role = Role::kOperator; });
       },
       Verdict::kNotOnDuty},
      {"left the center",
       [](BoardBuilder& b) {
         b.Change<Person>("dr-sato", [](Person& p) { p.active = false; });
       },
       Verdict::kNotOnDuty},
      {"asked for another call",
       [](BoardBuilder& b) {
         b.AddCallInState(CallState::kOffered, "call-2", {.patient = "suzuki"});
       },
       Verdict::kBusy},
      {"under way to another call",
       [](BoardBuilder& b) {
         b.AddCallInState(CallState::kEnRoute, "call-2", {.patient = "suzuki"});
       },
       Verdict::kBusy},
      {"back from another call",
       [](BoardBuilder& b) {
         b.AddCallInState(CallState::kDepartedScene, "call-2",
                          {.patient = "suzuki"});
       },
       Verdict::kChosen},
      {"taken off the rota since he went on duty",
       [](BoardBuilder& b) {
         b.Change<Shift>("dr-sato-tonight",
                         [](Shift& s) { s.state = ShiftState::kCancelled; });
       },
       Verdict::kNotOnRota},
      {"on the reserve",
       [](BoardBuilder& b) {
         b.Change<Shift>("dr-sato-tonight", [](Shift& s) { s.reserve = true; });
       },
       Verdict::kReserve, /*lifted_by_operator=*/true},
      {"no contract with the clinic of this duty",
       [](BoardBuilder& b) {
         b.Change<Duty>("dr-sato", [](Duty& d) {
           d.organization = OrganizationId("clinic-sakura");
         });
       },
       Verdict::kNoContract},
      {"the contract has ended",
       [](BoardBuilder& b) {
         b.Change<Person>("dr-sato", [](Person& p) {
           p.employments[0].end_time = TestNow();
         });
       },
       Verdict::kNoContract},
      {"the contract is to begin",
       [](BoardBuilder& b) {
         b.Change<Person>("dr-sato", [](Person& p) {
           p.employments[0].start_time = TestNow() + absl::Seconds(1);
         });
       },
       Verdict::kNoContract},
      {"not rested",
       [](BoardBuilder& b) {
         b.AddShift("yesterday", "dr-sato", Role::kPhysician,
                    At("2026-11-19 18:00"), At("2026-11-20 12:00"));
       },
       Verdict::kRestRules},
      {"excluded by the patient's card",
       [](BoardBuilder& b) {
         b.Change<Patient>("tanaka",
                           [](Patient& p) { p.excluded_physicians = {kSato}; });
       },
       Verdict::kExcluded},
      {"declined",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1", [](Call& c) { c.declined_by = {kSato}; });
       },
       Verdict::kDeclined},
      {"did not answer",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1", [](Call& c) { c.unanswered_by = {kSato}; });
       },
       Verdict::kUnanswered, /*lifted_by_operator=*/true},
      {"without the skill of the call",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1",
                        [](Call& c) { c.required_skills = {Skill::kChild}; });
       },
       Verdict::kMissingSkill},
      {"without the skill of the card",
       [](BoardBuilder& b) {
         b.Change<Patient>("tanaka", [](Patient& p) {
           p.required_skills = {Skill::kPalliative};
         });
       },
       Verdict::kMissingSkill},
      {"with both skills",
       [](BoardBuilder& b) {
         b.Change<Patient>("tanaka", [](Patient& p) {
           p.required_skills = {Skill::kPalliative};
         });
         b.Change<Call>("call-1",
                        [](Call& c) { c.required_skills = {Skill::kChild}; });
         b.Change<Person>("dr-sato", [](Person& p) {
           p.skills = {Skill::kPalliative, Skill::kChild};
         });
       },
       Verdict::kChosen},
      {"beyond the 16 km",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1",
                        [](Call& c) { c.place.position = Near(17.1, 0); });
       },
       Verdict::kBeyondDistance},
      {"just within the 16 km",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1",
                        [](Call& c) { c.place.position = Near(16.9, 0); });
       },
       Verdict::kChosen},
      {"beyond the 16 km, with a reason",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1", [](Call& c) {
           c.place.position = Near(30, 0);
           c.distance_reason = PrivateText("no clinic nearer has a doctor");
         });
       },
       Verdict::kChosen},
      {"the place has no position",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1",
                        [](Call& c) { c.place.position = std::nullopt; });
       },
       Verdict::kChosen},
  };
  ExpectVerdicts(cases, [](const Board& board, bool operator_override) {
    return RulePhysician(board, kSato, TheCall(board), TestNow(),
                         operator_override);
  });
}

TEST(RulePhysician, TellsTheMetersFromTheClinic) {
  BoardBuilder builder = Tonight();
  // clinic-hino lies 1 km east of the center.
  builder.Change<Call>("call-1",
                       [](Call& c) { c.place.position = Near(21, 0); });
  const Ruling ruling = RulePhysician(
      builder.board(), kSato, TheCall(builder.board()), TestNow(), false);
  EXPECT_EQ(ruling.verdict, Verdict::kBeyondDistance);
  EXPECT_NEAR(ruling.figure, 20000, 50);
}

TEST(RulePhysician, LetsHimBeginBeforeHisShift) {
  BoardBuilder builder = Tonight();
  const auto verdict = [&](absl::string_view time) {
    return RulePhysician(builder.board(), kSato, TheCall(builder.board()),
                         At(time), false)
        .verdict;
  };
  EXPECT_EQ(verdict("2026-11-20 17:29"), Verdict::kNotOnRota);
  EXPECT_EQ(verdict("2026-11-20 17:30"), Verdict::kChosen);
  EXPECT_EQ(verdict("2026-11-21 08:00"), Verdict::kNotOnRota);
}

TEST(RulePhysician, KnowsNobodyWhoIsNotOnTheBoard) {
  const Board board = Tonight().Build();
  EXPECT_EQ(
      RulePhysician(board, PersonId("nobody"), TheCall(board), TestNow(), true)
          .verdict,
      Verdict::kNotOnDuty);
}

TEST(RuleDriver, NamesWhatStandsInTheWay) {
  const std::vector<Case> cases = {
      {"nothing", [](BoardBuilder&) {}, Verdict::kChosen},
      {"off duty",
       [](BoardBuilder& b) {
         b.Change<Duty>("driver-abe", [](Duty& d) { d.on_duty = false; });
       },
       Verdict::kNotOnDuty},
      {"under way to another call",
       [](BoardBuilder& b) {
         b.AddCallInState(CallState::kEnRoute, "call-2",
                          {.patient = "suzuki", .physician = "dr-kato"});
       },
       Verdict::kBusy},
      {"off the rota",
       [](BoardBuilder& b) {
         b.Change<Shift>("driver-abe-tonight",
                         [](Shift& s) { s.state = ShiftState::kCancelled; });
       },
       Verdict::kNotOnRota},
      {"on the reserve",
       [](BoardBuilder& b) {
         b.Change<Shift>("driver-abe-tonight",
                         [](Shift& s) { s.reserve = true; });
       },
       Verdict::kReserve, /*lifted_by_operator=*/true},
      {"no contract",
       [](BoardBuilder& b) {
         b.Change<Person>("driver-abe",
                          [](Person& p) { p.employments.clear(); });
       },
       Verdict::kNoContract},
      {"not rested: a rule for physicians",
       [](BoardBuilder& b) {
         b.AddShift("yesterday", "driver-abe", Role::kDriver,
                    At("2026-11-19 18:00"), At("2026-11-20 12:00"));
       },
       Verdict::kChosen},
      {"without a car",
       [](BoardBuilder& b) {
         b.Change<Duty>("driver-abe", [](Duty& d) { d.car = CarId(); });
       },
       Verdict::kNoCar},
      {"his car was given up",
       [](BoardBuilder& b) {
         b.Change<Car>("car-1", [](Car& c) { c.active = false; });
       },
       Verdict::kNoCar},
      {"his car is at the workshop",
       [](BoardBuilder& b) {
         b.Change<Car>("car-1",
                       [](Car& c) { c.state = CarState::kOutOfService; });
       },
       Verdict::kNoCar},
      {"his car broke down",
       [](BoardBuilder& b) {
         b.Change<Car>("car-1",
                       [](Car& c) { c.state = CarState::kBrokenDown; });
       },
       Verdict::kCarBrokenDown},
      {"no seat for the physician",
       [](BoardBuilder& b) {
         b.Change<Car>("car-1", [](Car& c) { c.seats = 1; });
       },
       Verdict::kNoSeat},
      {"one seat for the physician",
       [](BoardBuilder& b) {
         b.Change<Car>("car-1", [](Car& c) { c.seats = 2; });
       },
       Verdict::kChosen},
      {"declined",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1", [](Call& c) { c.declined_by = {kAbe}; });
       },
       Verdict::kDeclined},
      {"did not answer",
       [](BoardBuilder& b) {
         b.Change<Call>("call-1", [](Call& c) { c.unanswered_by = {kAbe}; });
       },
       Verdict::kUnanswered, /*lifted_by_operator=*/true},
  };
  ExpectVerdicts(cases, [](const Board& board, bool operator_override) {
    return RuleDriver(board, kAbe, TheCall(board), TestNow(),
                      operator_override);
  });
}

TEST(RuleShiftEnd, AsksPhysicianAndDriver) {
  BoardBuilder builder = Tonight();
  builder.Change<Shift>("driver-abe-tonight", [](Shift& shift) {
    shift.end_time = At("2026-11-21 02:00");
  });
  struct Row {
    PersonId driver;
    const char* finish;
    Ruling ruling;
  };
  const Ruling may{Verdict::kChosen, 0};
  for (const Row& row : {
           Row{kAbe, "2026-11-21 02:00", may},
           {kAbe, "2026-11-21 02:12", {Verdict::kShiftEndsBefore, 12}},
           {PersonId(), "2026-11-21 08:00", may},
           {PersonId(), "2026-11-21 08:01", {Verdict::kShiftEndsBefore, 1}},
           {kAbe, "2026-11-21 09:00", {Verdict::kShiftEndsBefore, 60}},
       }) {
    EXPECT_EQ(RuleShiftEnd(builder.board(), kSato, row.driver, TestNow(),
                           At(row.finish)),
              row.ruling)
        << row.driver << " " << row.finish;
  }
}

TEST(RuleShiftEnd, KnowsAnAbsenceThatCameAfterTheDutyBegan) {
  BoardBuilder builder = Tonight();
  Override absence;
  absence.id = OverrideId("o1");
  absence.kind = OverrideKind::kAbsence;
  absence.person = kSato;
  absence.start_time = At("2026-11-20 21:00");
  absence.end_time = At("2026-11-21 08:00");
  builder.Put(absence);
  EXPECT_EQ(RuleShiftEnd(builder.board(), kSato, kAbe, TestNow(),
                         At("2026-11-20 21:30")),
            (Ruling{Verdict::kShiftEndsBefore, 30}));
  EXPECT_EQ(RuleShiftEnd(builder.board(), kSato, kAbe, At("2026-11-20 21:00"),
                         At("2026-11-20 21:30"))
                .verdict,
            Verdict::kNotOnRota);
}

TEST(ClinicDistanceMeters, IsZeroWhereAPlaceIsNotKnown) {
  BoardBuilder builder = Tonight();
  EXPECT_NEAR(
      ClinicDistanceMeters(builder.board(), kSato, TheCall(builder.board())),
      1414, 5);
  EXPECT_EQ(ClinicDistanceMeters(builder.board(), PersonId("op-none"),
                                 TheCall(builder.board())),
            0);
  builder.Change<Organization>(
      "clinic-hino", [](Organization& o) { o.position = std::nullopt; });
  EXPECT_EQ(
      ClinicDistanceMeters(builder.board(), kSato, TheCall(builder.board())),
      0);
}

TEST(RequiredSkills, JoinsCallAndCard) {
  BoardBuilder builder = Tonight();
  EXPECT_THAT(RequiredSkills(builder.board(), TheCall(builder.board())),
              IsEmpty());
  builder.Change<Patient>("tanaka", [](Patient& patient) {
    patient.required_skills = {Skill::kVentilator, Skill::kChild};
  });
  builder.Change<Call>("call-1", [](Call& call) {
    call.required_skills = {Skill::kWound, Skill::kChild};
  });
  EXPECT_THAT(RequiredSkills(builder.board(), TheCall(builder.board())),
              ElementsAre(Skill::kChild, Skill::kWound, Skill::kVentilator));
  // The short form has no card.
  builder.Change<Call>("call-1",
                       [](Call& call) { call.patient = PatientId(); });
  EXPECT_THAT(RequiredSkills(builder.board(), TheCall(builder.board())),
              ElementsAre(Skill::kChild, Skill::kWound));
}

}  // namespace
}  // namespace housecall::core
