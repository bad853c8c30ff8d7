#include "dispatcher/night/night.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::night {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

// Ids are not indexes here.
constexpr char kNight[] =
    R"({"type":"night","id":"n1","horizon_s":50400,"detour":1.3,
"rules":{"driver_waits":true,"seats":3},"targets_s":{"A":1800,"B":3600},
"weights":{"A":16,"B":4},
"doctors":[{"id":7,"home":1,"shift":[0,50400],"skills":["general"]}],
"cars":[{"id":5,"base":0,"shift":[0,28800]}],
"nodes":[{"id":0,"x":0,"y":0},{"id":1,"x":1,"y":0}],
"travel":[[0,100],[120,0]]})";

constexpr char kDecide[] =
    R"({"type":"decide","now":60,
"cars":[{"id":5,"node":0,"current":{"op":"pick","doctor":7},"phase":"drive",
"free_at":160,"free_node":1,"onboard_when_free":[7],
"plan":[{"op":"visit","doctor":7,"call":0}],"shift":[0,28800]}],
"doctors":[{"id":7,"status":"home","node":1,"car":null,"reserved":5,"home":1,
"shift":[0,50400],"skills":["general"],"visits":2,"exp_free":0}],
"calls":[{"id":0,"node":2,"t":30,"urgency":"A","due":1830,"weight":16,
"skill":"general","service_expected":1500,"own_doctor":7}],
"reveal":[{"node":{"id":2,"kind":"call","x":3,"y":4},"to":[200,210],
"from":[220,230]}]})";

std::string With(const std::string& text, const std::string& from,
                 const std::string& to) {
  EXPECT_THAT(text, HasSubstr(from));
  return absl::StrReplaceAll(text, {{from, to}});
}

TEST(Protocol, ReadsANightAndASituation) {
  Protocol protocol;
  EXPECT_EQ(*protocol.Read(kNight), Protocol::Kind::kNight);
  ASSERT_EQ(*protocol.Read(kDecide), Protocol::Kind::kDecide);
  const Night& night = protocol.night();
  EXPECT_EQ(night.cars[0].shift.end, 28800);
  EXPECT_EQ(night.physicians[0].home, 1);
  EXPECT_EQ(night.expected.nodes(), 3);
  EXPECT_EQ(night.expected.at(1, 0), 120);
  EXPECT_EQ(night.expected.at(1, 2), 210);
  EXPECT_EQ(night.expected.at(2, 1), 230);
  EXPECT_EQ(night.nodes[2].y, 4);
  const Situation& situation = protocol.situation();
  EXPECT_EQ(situation.now, 60);
  // By index, not by id.
  EXPECT_EQ(situation.cars[0].current, (Stop{Op::kPick, 0, -1, -1}));
  EXPECT_THAT(situation.cars[0].plan, ElementsAre(Stop{Op::kVisit, 0, 0, -1}));
  EXPECT_THAT(situation.cars[0].aboard_when_free, ElementsAre(0));
  EXPECT_EQ(situation.physicians[0].reserved, 0);
  EXPECT_EQ(situation.physicians[0].visits, 2);
  ASSERT_THAT(situation.calls, SizeIs(1));
  EXPECT_EQ(situation.calls[0].own_physician, 0);
  EXPECT_EQ(situation.calls[0].due_time, 1830);
}

TEST(Protocol, WritesIdsNotIndexes) {
  Protocol protocol;
  ASSERT_TRUE(protocol.Read(kNight).ok());
  Orders orders;
  orders.plans[0] = {{Op::kHome, 0, -1, -1},
                     {Op::kPick, 0, -1, -1},
                     {Op::kVisit, 0, 3, -1},
                     {Op::kGoto, -1, -1, 1}};
  orders.wake_time = 90;
  EXPECT_EQ(protocol.Write(orders),
            R"({"plans":{"5":[{"doctor":7,"op":"home"},)"
            R"({"doctor":7,"op":"pick"},{"call":3,"doctor":7,"op":"visit"},)"
            R"({"node":1,"op":"goto"}]},"wake":90.0})");
}

TEST(Protocol, SaysWhatIsWrongByItsPath) {
  struct Row {
    const char* line;
    const char* from;
    const char* to;
    const char* error;
  };
  for (const Row& row : {
           Row{kNight, "{\"type\"", "{{\"type\"", "no JSON"},
           Row{kNight, "\"night\"", "\"day\"", "type: night or decide wanted"},
           Row{kNight, "\"home\":1", "\"home\":2",
               "doctors[0].home: one of 0 to 2 wanted"},
           Row{kNight, "[0,28800]", "[28800,0]",
               "cars[0].shift: [start, end] wanted"},
           Row{kNight, "[120,0]", "[120]", "travel[1]: 2 numbers wanted"},
           Row{kNight, "1.3", "\"far\"", "detour: a number wanted"},
           Row{kNight, "1.3", "1e300",
               "detour: a number of ordinary size wanted"},
           Row{kNight, "\"id\":7", "\"id\":7.5",
               "doctors[0].id: a whole number wanted"},
           Row{kDecide, "\"op\":\"pick\"", "\"op\":\"fly\"",
               "cars[0].current.op: pick, visit, home or goto wanted"},
           Row{kDecide, "\"reserved\":5", "\"reserved\":6",
               "doctors[0].reserved: there is no 6"},
           Row{kDecide, "\"node\":2,\"t\"", "\"node\":9,\"t\"",
               "calls[0].node: one of 0 to 3 wanted"},
           Row{kDecide, "\"urgency\":\"A\"", "\"urgency\":\"Z\"",
               "calls[0].urgency: has no target or no weight"},
           Row{kDecide, "[200,210]", "[200]",
               "reveal[0]: 2 times each way wanted"},
           Row{kDecide, "\"cars\":[{\"id\":5", "\"cars\":[{\"id\":4",
               "cars[0].id: there is no 4"},
           Row{kDecide, "\"now\":60", "\"then\":60", "now: missing"},
       }) {
    Protocol protocol;
    if (row.line == kDecide) {
      ASSERT_TRUE(protocol.Read(kNight).ok());
    }
    EXPECT_EQ(
        protocol.Read(With(row.line, row.from, row.to)).status().message(),
        row.error);
  }
}

TEST(Protocol, WantsANightFirst) {
  Protocol protocol;
  EXPECT_FALSE(protocol.Read(kDecide).ok());
  EXPECT_FALSE(protocol.has_night());
}

TEST(Protocol, NeverFailsOnTextCutOff) {
  const std::string night = kNight;
  const std::string decide = kDecide;
  for (size_t length = 0; length < night.size(); ++length) {
    Protocol protocol;
    EXPECT_FALSE(protocol.Read(night.substr(0, length)).ok());
  }
  Protocol protocol;
  ASSERT_TRUE(protocol.Read(kNight).ok());
  for (size_t length = 0; length < decide.size(); ++length) {
    EXPECT_FALSE(protocol.Read(decide.substr(0, length)).ok());
  }
  EXPECT_TRUE(protocol.Read(kDecide).ok());
}

std::string File() {
  return With(
      With(kNight, "\"type\":\"night\"", "\"format\":\"house-call-night/1\""),
      "\"travel\":[[0,100],[120,0]]",
      R"("travel_expected":[[0,100],[120,0]],"travel_actual":[[0,90],[130,0]],
"policy":{"promise_share":0.8,"visit_duration":"25m","anticipates":false},
"calls":[{"id":0,"node":1,"t":5,"urgency":"B","skill":"general",
"service_expected":600,"service_actual":700,"own_doctor":null}])");
}

TEST(ReadNight, ReadsAFile) {
  const absl::StatusOr<Night> night = ReadNight(File());
  ASSERT_TRUE(night.ok()) << night.status();
  ASSERT_THAT(night->calls, SizeIs(1));
  EXPECT_EQ(night->calls[0].actual_visit, 700);
  EXPECT_EQ(night->calls[0].own_physician, std::nullopt);
  EXPECT_EQ(night->cars[0].owner, std::nullopt);
  EXPECT_EQ(night->actual.at(1, 0), 130);
  EXPECT_THAT(night->policy, ElementsAre(Pair("anticipates", "false"),
                                         Pair("promise_share", "0.8"),
                                         Pair("visit_duration", "25m")));
  EXPECT_EQ(ReadNight(kNight).status().message(), "format: missing");
  EXPECT_EQ(ReadNight("[]").status().message(), "the line: an object wanted");
  const absl::StatusOr<Night> own =
      ReadNight(With(File(), "\"base\":0", "\"base\":1,\"doctor\":7"));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->cars[0].owner, 0);
}

TEST(ReadNight, SaysWhatCannotBeSimulated) {
  struct Row {
    const char* from;
    const char* to;
    const char* error;
  };
  for (const Row& row : {
           Row{"\"horizon_s\":50400", "\"horizon_s\":0",
               "horizon_s: more than 0 wanted"},
           Row{"\"seats\":3", "\"seats\":0", "rules.seats: 1 or more wanted"},
           Row{"\"A\":1800", "\"A\":-1", "targets_s.A: 0 or more wanted"},
           Row{"\"A\":16", "\"A\":-16", "weights.A: 0 or more wanted"},
           Row{"[0,90]", "[0,-90]", "travel_actual[0][1]: 0 or more wanted"},
           Row{"\"t\":5", "\"t\":-5", "calls[0].t: 0 to horizon_s wanted"},
           Row{"\"t\":5", "\"t\":1e6", "calls[0].t: 0 to horizon_s wanted"},
           Row{"700", "-1", "calls[0].service_actual: 0 or more wanted"},
           Row{"\"base\":0", "\"base\":0,\"doctor\":7",
               "cars[0].base: the doctor's home wanted"},
           Row{"\"base\":0", "\"base\":0,\"doctor\":8",
               "cars[0].doctor: there is no 8"},
           Row{"{\"promise_share\":0.8", "{\"promise_share\":[]",
               "policy.promise_share: a number, true, false or a text wanted"},
       }) {
    EXPECT_EQ(ReadNight(With(File(), row.from, row.to)).status().message(),
              row.error);
  }
}

}  // namespace
}  // namespace housecall::night
