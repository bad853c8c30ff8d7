#include "dispatcher/night/policy.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::night {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Two cars at the base (node 0); doctor 0 lives 10 minutes away and can do all,
// doctor 1 lives 20 minutes away and does children.
json Night() {
  return json::parse(R"({"type":"night","id":"n1","horizon_s":50400,
"detour":1.3,"rules":{"driver_waits":true,"seats":3},
"targets_s":{"A":1800,"B":3600,"C":7200},"weights":{"A":16,"B":4,"C":1},
"doctors":[{"id":0,"home":1,"shift":[0,50400],"skills":["general"]},
{"id":1,"home":2,"shift":[0,50400],"skills":["general","pediatric"]}],
"cars":[{"id":0,"base":0,"shift":[0,50400]}],
"nodes":[{"id":0,"x":0,"y":0},{"id":1,"x":1,"y":0},{"id":2,"x":2,"y":0}],
"travel":[[0,600,1200],[600,0,600],[1200,600,0]]})");
}

// One call of that skill, five minutes from everywhere; nobody has set out.
json Decide(const std::string& skill) {
  json decide = json::parse(R"({"type":"decide","now":0,
"cars":[{"id":0,"node":0,"current":null,"phase":null,"free_at":0,"free_node":0,
"onboard_when_free":[],"plan":[],"shift":[0,50400]}],
"doctors":[{"id":0,"status":"home","node":1,"car":null,"reserved":null,
"home":1,"shift":[0,50400],"skills":[],"visits":0,"exp_free":0},
{"id":1,"status":"home","node":2,"car":null,"reserved":null,
"home":2,"shift":[0,50400],"skills":[],"visits":0,"exp_free":0}],
"calls":[{"id":0,"node":3,"t":0,"urgency":"A","due":1800,"weight":16,
"service_expected":1500,"own_doctor":null}],
"reveal":[{"node":3,"to":[300,300,300],"from":[300,300,300]}]})");
  decide["calls"][0]["skill"] = skill;
  return decide;
}

struct Answers {
  int wrong = 0;
  std::vector<json> lines;
  std::string errors;
};

Answers Ask(const std::vector<std::string>& lines,
            const DispatcherOptions& options = {}) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  std::istringstream in(text);
  std::ostringstream out;
  std::ostringstream errors;
  const SimulatedClock clock(absl::UnixEpoch());
  Answers answers;
  answers.wrong = RunPolicy(options, clock, in, out, errors);
  const std::string written = out.str();
  for (absl::string_view line :
       absl::StrSplit(written, '\n', absl::SkipEmpty())) {
    answers.lines.push_back(json::parse(line.begin(), line.end()));
  }
  answers.errors = errors.str();
  return answers;
}

DispatcherOptions Searching() {
  DispatcherOptions options;
  options.plan.max_steps = 100'000;
  return options;
}

TEST(RunPolicy, FetchesWhoIsNearestAndMay) {
  for (const DispatcherOptions& options : {DispatcherOptions(), Searching()}) {
    const Answers general =
        Ask({Night().dump(), Decide("general").dump()}, options);
    ASSERT_THAT(general.lines, SizeIs(1)) << general.errors;
    EXPECT_EQ(general.lines[0]["plans"]["0"],
              json::parse(R"([{"op":"pick","doctor":0},
                              {"op":"visit","doctor":0,"call":0}])"));
    const Answers child =
        Ask({Night().dump(), Decide("pediatric").dump()}, options);
    ASSERT_THAT(child.lines, SizeIs(1)) << child.errors;
    EXPECT_EQ(child.lines[0]["plans"]["0"],
              json::parse(R"([{"op":"pick","doctor":1},
                              {"op":"visit","doctor":1,"call":0}])"));
  }
}

TEST(RunPolicy, BringsHomeWhoMayNotBeforeItFetchesWhoMay) {
  for (const DispatcherOptions& options : {DispatcherOptions(), Searching()}) {
    json decide = Decide("pediatric");
    decide["cars"][0]["onboard_when_free"] = {0};
    decide["doctors"][0]["status"] = "onboard";
    decide["doctors"][0]["node"] = 0;
    decide["doctors"][0]["car"] = 0;
    const Answers answers = Ask({Night().dump(), decide.dump()}, options);
    ASSERT_THAT(answers.lines, SizeIs(1)) << answers.errors;
    EXPECT_EQ(answers.lines[0]["plans"]["0"],
              json::parse(R"([{"op":"home","doctor":0},
                              {"op":"pick","doctor":1},
                              {"op":"visit","doctor":1,"call":0}])"));
  }
}

// A wake asked for at each event, kept by the referee, would itself be an event
// that asks for one: ten times as many decisions on a large night.
TEST(RunPolicy, AsksToBeWokenOnce) {
  std::vector<std::string> lines = {Night().dump()};
  for (const int now : {0, 10, 119, 120, 130}) {
    json decide = Decide("nobody has it");
    decide["now"] = now;
    if (now > 0) decide["reveal"] = json::array();
    lines.push_back(decide.dump());
  }
  DispatcherOptions now_only;
  now_only.plan.forecast.on = false;
  const Answers answers = Ask(lines, now_only);
  EXPECT_EQ(answers.wrong, 0) << answers.errors;
  ASSERT_THAT(answers.lines, SizeIs(5)) << answers.errors;
  EXPECT_EQ(answers.lines[0].value("wake", 0.0), 120);
  EXPECT_FALSE(answers.lines[1].contains("wake"));
  EXPECT_FALSE(answers.lines[2].contains("wake"));
  EXPECT_EQ(answers.lines[3].value("wake", 0.0), 240);
  EXPECT_FALSE(answers.lines[4].contains("wake"));
}

TEST(RunPolicy, LeavesACrewUnderWayAlone) {
  json decide = Decide("general");
  decide["cars"][0]["current"] = {{"op", "pick"}, {"doctor", 0}};
  decide["cars"][0]["free_at"] = 600;
  decide["cars"][0]["free_node"] = 1;
  decide["cars"][0]["onboard_when_free"] = {0};
  decide["cars"][0]["plan"] = {{{"op", "visit"}, {"doctor", 0}, {"call", 0}}};
  decide["doctors"][0]["reserved"] = 0;
  const Answers answers = Ask({Night().dump(), decide.dump()}, Searching());
  ASSERT_THAT(answers.lines, SizeIs(1)) << answers.errors;
  EXPECT_EQ(answers.lines[0]["plans"], json::object());
}

TEST(RunPolicy, TakesBackAVisitThatCanNoLongerEndInTime) {
  json decide = Decide("general");
  decide["now"] = 49000;
  decide["cars"][0]["onboard_when_free"] = {0};
  decide["cars"][0]["free_at"] = 49000;
  decide["cars"][0]["plan"] = {{{"op", "visit"}, {"doctor", 0}, {"call", 0}}};
  decide["doctors"][0]["status"] = "onboard";
  const Answers answers = Ask({Night().dump(), decide.dump()}, Searching());
  ASSERT_THAT(answers.lines, SizeIs(1)) << answers.errors;
  EXPECT_EQ(answers.lines[0]["plans"], json::parse(R"({"0":[]})"));
}

TEST(RunPolicy, FetchesAPhysicianBeforeACallComesIfItLooksAhead) {
  json decide = Decide("general");
  decide["calls"] = json::array();
  // Him who may see everybody, though he lives further away.
  EXPECT_EQ(Ask({Night().dump(), decide.dump()}, Searching()).lines[0]["plans"],
            json::parse(R"({"0":[{"op":"pick","doctor":1}]})"));
  DispatcherOptions now_only = Searching();
  now_only.plan.forecast.on = false;
  EXPECT_EQ(Ask({Night().dump(), decide.dump()}, now_only).lines[0]["plans"],
            json::object());
}

TEST(RunPolicy, StaysInStepWhateverItIsTold) {
  json broken = Decide("general");
  broken["cars"][0]["free_node"] = 77;
  json later = Decide("general");
  // Node 3 is known from the broken line.
  later["reveal"] = json::array();
  const Answers answers =
      Ask({"{", Decide("general").dump(), Night().dump(), "", broken.dump(),
           R"({"type":"decide"})", R"({"type":"end"})", "[1,2]", "null",
           "\xff\xfe", later.dump()});
  ASSERT_THAT(answers.lines, SizeIs(9));
  EXPECT_EQ(answers.wrong, 8);
  for (size_t i = 0; i + 1 < answers.lines.size(); ++i) {
    EXPECT_EQ(answers.lines[i]["plans"], json::object());
    EXPECT_TRUE(answers.lines[i].contains("error")) << answers.lines[i];
  }
  EXPECT_THAT(answers.errors, HasSubstr("cars[0].free_node"));
  EXPECT_FALSE(answers.lines.back().contains("error"));
  EXPECT_THAT(answers.lines.back()["plans"]["0"], SizeIs(2));
}

TEST(RunPolicy, AnswersEverySituationOfANightThatCannotBe) {
  json night = Night();
  night["cars"] = 3;
  const Answers answers = Ask({night.dump(), Decide("general").dump(),
                               Night().dump(), Decide("general").dump()});
  ASSERT_THAT(answers.lines, SizeIs(2));
  EXPECT_TRUE(answers.lines[0].contains("error"));
  EXPECT_FALSE(answers.lines[1].contains("error"));
  EXPECT_EQ(answers.wrong, 2);
}

TEST(RunPolicy, SaysThatANightHasTooManySkills) {
  json night = Night();
  for (int i = 0; i < 9; ++i) {
    night["doctors"][0]["skills"].push_back(absl::StrCat("skill-", i));
  }
  EXPECT_THAT(Ask({night.dump()}).errors, HasSubstr("no word is left"));
}

TEST(RunPolicy, GivesTheSameAnswersForTheSameNight) {
  const std::vector<std::string> lines = {Night().dump(),
                                          Decide("pediatric").dump()};
  EXPECT_EQ(Ask(lines, Searching()).lines, Ask(lines, Searching()).lines);
}

}  // namespace
}  // namespace housecall::night
