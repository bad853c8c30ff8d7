// The program housecall-night as its user sees it: exit status, standard
// output, standard error, files.
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "dispatcher/core/board.h"
#include "dispatcher/store/sqlite_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/temporary_folder.h"

namespace housecall::night {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kExample[] = HOUSECALL_EXAMPLE_NIGHT;
// Half a second for each night.
constexpr char kQuick[] = "--max_steps=2000 --set forecast_steps=2000";

struct Ended {
  int status = -1;
  std::string out;
  std::string error;
};

class NightCommand : public ::testing::Test {
 protected:
  // Runs `housecall-night ARGUMENTS` in a shell, with that standard input.
  Ended Run(const std::string& arguments, const std::string& input = "") {
    Write("in", input);
    const std::string command =
        absl::StrCat("'", HOUSECALL_NIGHT_PROGRAM, "' ", arguments, " <'",
                     folder_.File("in"), "' >'", folder_.File("out"), "' 2>'",
                     folder_.File("error"), "'");
    const int result = std::system(command.c_str());
    Ended ended;
    ended.status = WIFEXITED(result) ? WEXITSTATUS(result) : -1;
    ended.out = Read("out");
    ended.error = Read("error");
    return ended;
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.File(name)) << text;
  }
  std::string Read(const std::string& name) {
    std::ifstream in(folder_.File(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string File(const std::string& name) { return folder_.File(name); }

  store::testing::TemporaryFolder folder_;
};

TEST_F(NightCommand, HelpsOnStandardOutput) {
  const Ended all = Run("--help");
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.error, IsEmpty());
  for (const char* command :
       {"simulate", "compare", "sweep", "from-center", "policy"}) {
    EXPECT_THAT(all.out, HasSubstr(absl::StrCat("housecall-night ", command)));
    const Ended one = Run(absl::StrCat(command, " --help"));
    EXPECT_EQ(one.status, 0) << command;
    EXPECT_THAT(one.error, IsEmpty());
    EXPECT_THAT(one.out,
                StartsWith(absl::StrCat("housecall-night ", command, " ")));
    EXPECT_EQ(Run(absl::StrCat("help ", command)).out, one.out);
    // Also after other arguments.
    EXPECT_EQ(Run(absl::StrCat(command, " x --nonsense --help")).out, one.out);
    for (absl::string_view line : absl::StrSplit(one.out, '\n')) {
      EXPECT_LE(line.size(), 82) << line;
    }
  }
  EXPECT_THAT(Run("sweep --help").out,
              AllOf(HasSubstr("--physicians"), HasSubstr("tardiness_weight=")));
  EXPECT_THAT(Run("from-center --help").out,
              HasSubstr("housecalld backup --db="));
}

TEST_F(NightCommand, SaysInOneLineWhatIsWrong) {
  const std::string night = absl::StrCat("'", kExample, "'");
  struct Row {
    std::string arguments;
    const char* error;
  };
  for (const Row& row : {
           Row{"", "a command is wanted; see housecall-night --help"},
           Row{"dance", "unknown command dance; see housecall-night --help"},
           Row{"simulate", "NIGHT.json wanted; see housecall-night simulate "},
           Row{"simulate --html x " + night, "unknown argument --html"},
           Row{"simulate --timeline=1 " + night, "unknown argument --timel"},
           Row{"simulate -x " + night, "unknown argument -x"},
           Row{"simulate " + night + " --set", "--set: NAME=VALUE wanted"},
           Row{"simulate --set scenarios=-1 " + night,
               "scenarios=-1: 0 to 10000 wanted"},
           Row{"simulate --set promise_share=2 " + night,
               "--set promise_share: 0.51 to 0.99 wanted"},
           Row{"simulate --set tardiness_weight=nan " + night,
               "tardiness_weight=nan: a number wanted"},
           Row{"simulate --set tardines=1 " + night,
               "tardines: unknown name; known are "},
           Row{"simulate --max_steps many " + night,
               "max_steps=many: a whole number wanted"},
           Row{"simulate --seed=-3 " + night, "--seed -3: "},
           Row{"compare --policy x " + night,
               "--policy x: TITLE:NAME=VALUE,… wanted"},
           Row{"compare --policy x: " + night, "NAME=VALUE wanted"},
           Row{"compare --policy x:promise_share=2 " + night,
               "--policy x: promise_share: 0.51 to 0.99 wanted"},
           Row{"compare --policy x:seed=1 --policy x:seed=2 " + night,
               "each title once wanted"},
           Row{"sweep --cars 0 " + night, "--cars 0: numbers such as -1,+2"},
           Row{"sweep --cars 1,,2 " + night, "--cars 1,,2: "},
           Row{"sweep --physicians 1000 " + night, "100 at most"},
           Row{"sweep --calls 3 " + night, "--calls 3: "},
           Row{"sweep --calls nan " + night, "--calls nan: "},
           Row{"from-center --center hino",
               "--database, --center, --night wanted"},
           Row{"from-center --hours 0", "--hours 0: "},
           Row{"policy extra", "unknown argument extra"},
           Row{"policy --set driver_waits=false",
               "--set driver_waits: the referee's night says it"},
       }) {
    const Ended ended = Run(row.arguments);
    EXPECT_EQ(ended.status, 2) << row.arguments;
    EXPECT_THAT(ended.out, IsEmpty());
    EXPECT_THAT(ended.error, HasSubstr(row.error)) << row.arguments;
    EXPECT_THAT(ended.error, HasSubstr("; see housecall-night "));
    const std::vector<std::string> lines = absl::StrSplit(ended.error, '\n');
    EXPECT_THAT(lines, SizeIs(2)) << ended.error;
  }
}

TEST_F(NightCommand, SaysWhatIsWrongWithANight) {
  Write("broken.json", "{");
  Write("empty.json", "");
  struct Row {
    std::string file;
    const char* error;
  };
  for (const Row& row : {Row{"broken.json", "broken.json: no JSON"},
                         Row{"empty.json", "empty.json: no JSON"},
                         Row{"missing.json", "missing.json: cannot be read"}}) {
    const Ended ended = Run(absl::StrCat("simulate '", File(row.file), "'"));
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.error, HasSubstr(row.error));
  }
  std::ifstream in(kExample);
  nlohmann::json night = nlohmann::json::parse(in);
  night["policy"] = {{"promise_share", 7}};
  Write("policy.json", night.dump());
  const Ended ended = Run(absl::StrCat("simulate '", File("policy.json"), "'"));
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.error,
              HasSubstr("policy.json: policy: promise_share: 0.51 to 0.99"));
}

TEST_F(NightCommand, SimulatesTheExample) {
  const Ended ended =
      Run(absl::StrCat("simulate '", kExample, "' --timeline ", kQuick));
  EXPECT_EQ(ended.status, 0) << ended.error;
  EXPECT_THAT(ended.error, IsEmpty());
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("fetches doctor"), HasSubstr("at the door"),
                    HasSubstr("weighted tardiness"), HasSubstr("overtime"),
                    HasSubstr("burden spread"), HasSubstr("Lower is better")));
  // The same seed, the same night.
  EXPECT_EQ(
      Run(absl::StrCat("simulate '", kExample, "' --timeline ", kQuick)).out,
      ended.out);
  // What is set makes a difference: drivers leave.
  EXPECT_NE(Run(absl::StrCat("simulate '", kExample, "' --timeline ", kQuick,
                             " --set driver_waits=false"))
                .out,
            ended.out);
}

TEST_F(NightCommand, ComparesPolicies) {
  const Ended three = Run(absl::StrCat("compare '", kExample, "' ", kQuick));
  EXPECT_EQ(three.status, 0) << three.error;
  EXPECT_THAT(three.out, AllOf(HasSubstr("\nplanner "),
                               HasSubstr("\nwithout looking ahead "),
                               HasSubstr("\nwhoever is free now ")));
  const Ended own = Run(absl::StrCat(
      "compare '", kExample, "' --html '", File("page.html"),
      "' --policy 'punctual:tardiness_weight=50,forecast=false' ", kQuick,
      " --policy=familiar:own_physician_bonus_minutes=90"));
  EXPECT_EQ(own.status, 0) << own.error;
  EXPECT_THAT(own.out, AllOf(HasSubstr("\nplanner "), HasSubstr("\npunctual "),
                             HasSubstr("\nfamiliar "),
                             Not(HasSubstr("whoever is free now"))));
  EXPECT_THAT(Read("page.html"), HasSubstr(">punctual</text>"));
}

TEST_F(NightCommand, SweepsToAPage) {
  const Ended ended =
      Run(absl::StrCat("sweep '", kExample, "' --html '", File("page.html"),
                       "' --cars=-1 --calls 0.5,1.5 ", kQuick));
  EXPECT_EQ(ended.status, 0) << ended.error;
  EXPECT_THAT(
      ended.out,
      AllOf(HasSubstr("\nas it is "), HasSubstr("\none car fewer (car 1) "),
            HasSubstr("\n50 % fewer calls "), HasSubstr("\n50 % more calls "),
            Not(HasSubstr("physician fewer"))));
  const std::string page = Read("page.html");
  EXPECT_THAT(page, AllOf(HasSubstr("<svg"), HasSubstr("lower is better"),
                          HasSubstr("higher is better"), HasSubstr("overtime"),
                          HasSubstr("</html>")));
  const Ended nowhere = Run(absl::StrCat(
      "sweep '", kExample, "' --html /nowhere/page.html --cars 1 ", kQuick));
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(nowhere.error, HasSubstr("/nowhere/page.html: cannot be wr"));
}

TEST_F(NightCommand, AnswersARefereeWhateverItSays) {
  const Ended ended =
      Run("policy", "garbage\n{\"type\":\"decide\"}\n\n[1]\nnull\n");
  EXPECT_EQ(ended.status, 1);
  const std::vector<std::string> lines =
      absl::StrSplit(ended.out, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(4));
  for (const std::string& line : lines) {
    EXPECT_TRUE(nlohmann::json::parse(line).contains("error")) << line;
  }
  EXPECT_EQ(Run("policy").status, 0);
}

// --- A center's history -----------------------------------------------------

const absl::Time kEvening = absl::FromUnixSeconds(1795165200);

// A center with one physician, one driver and one call of an ordinary night,
// and with everything that must not come out of it.
std::vector<core::Record> CenterRecords() {
  std::vector<core::Record> records;
  core::Center center;
  center.id = core::CenterId("hino");
  center.display_name = "Secret center";
  center.position = {35.67, 139.39};
  center.policy.tardiness_weight = 21.5;
  center.policy.visit_duration = absl::Minutes(31);
  records.push_back(center);
  const auto person = [&](const char* id, core::Role role) {
    core::Person one;
    one.id = core::PersonId(id);
    one.display_name = absl::StrCat("Secret ", id);
    one.phone = "042-555-0199";
    records.push_back(one);
    core::Shift shift;
    shift.id = core::ShiftId(absl::StrCat("shift-", id));
    shift.person = one.id;
    shift.role = role;
    shift.start_time = kEvening;
    shift.end_time = kEvening + absl::Hours(14);
    records.push_back(shift);
  };
  person("dr-sato", core::Role::kPhysician);
  person("driver-mori", core::Role::kDriver);
  core::Patient patient;
  patient.id = core::PatientId("patient-ito");
  patient.display_name = PrivateText("Ito Hanako");
  patient.display_name_kana = PrivateText("イトウ ハナコ");
  patient.primary_physician = core::PersonId("dr-sato");
  records.push_back(patient);
  core::Call call;
  call.id = core::CallId("call-of-ito");
  call.state = core::CallState::kClosed;
  call.close_time = kEvening + absl::Hours(4);
  call.disposition = core::Disposition::kVisit;
  call.urgency = core::Urgency::kStandard;
  call.receive_time = kEvening + absl::Hours(2);
  call.triage_time = kEvening + absl::Hours(2) + absl::Minutes(5);
  call.patient = patient.id;
  call.place.position = core::LatLng{35.6712, 139.3953};
  call.place.address = PrivateText("Sakura 1-2-3");
  call.complaint = PrivateText("short of breath");
  call.callback_phone = PrivateText("042-555-0201");
  records.push_back(call);
  return records;
}

TEST_F(NightCommand, MakesANightOfACentersHistoryWithoutANameInIt) {
  {
    absl::StatusOr<std::unique_ptr<store::Store>> store =
        store::OpenSqliteStore(File("center.db"));
    ASSERT_TRUE(store.ok()) << store.status();
    store::Batch batch;
    batch.center = core::CenterId("hino");
    batch.records = CenterRecords();
    ASSERT_TRUE((*store)->Commit(batch, 0).ok());
    // While it is in use.
    const Ended busy =
        Run(absl::StrCat("from-center --database '", File("center.db"),
                         "' --center hino --night 2026-11-20"));
    EXPECT_EQ(busy.status, 1);
    EXPECT_THAT(busy.error, AllOf(HasSubstr("open in another program"),
                                  HasSubstr("housecalld backup --db="),
                                  HasSubstr("housecalld restore --from=")));
    EXPECT_THAT(busy.out, IsEmpty());
  }
  const std::string from =
      absl::StrCat("from-center --database '", File("center.db"), "' ");
  const Ended ended = Run(from + "--center=hino --night=2026-11-20");
  ASSERT_EQ(ended.status, 0) << ended.error;
  for (const char* word :
       {"Ito", "ito", "Hanako", "イトウ", "Secret", "sato", "mori", "Sakura",
        "breath", "555", "call-of", "35.67", "139.39"}) {
    EXPECT_THAT(ended.out, Not(HasSubstr(word)));
  }
  const nlohmann::json night = nlohmann::json::parse(ended.out);
  ASSERT_THAT(night["calls"], SizeIs(1));
  EXPECT_EQ(night["calls"][0]["t"], 2 * 3600 + 5 * 60);
  EXPECT_EQ(night["policy"]["tardiness_weight"], 21.5);
  EXPECT_EQ(night["policy"]["visit_duration"], "31m");
  Write("night.json", ended.out);
  const Ended simulated =
      Run(absl::StrCat("simulate '", File("night.json"), "' --timeline"));
  EXPECT_EQ(simulated.status, 0) << simulated.error;
  EXPECT_THAT(simulated.out, HasSubstr("doctor 0 sees call 0"));
  // Another part of the same day.
  const Ended day =
      Run(from + "--center hino --night 2026-11-20 --begin 19:30 --hours 3");
  EXPECT_EQ(day.status, 0) << day.error;
  EXPECT_EQ(nlohmann::json::parse(day.out)["horizon_s"], 3 * 3600);
  EXPECT_EQ(nlohmann::json::parse(day.out)["calls"][0]["t"], 35 * 60);

  struct Row {
    std::string arguments;
    const char* error;
  };
  for (const Row& row : {
           Row{"--center mito --night 2026-11-20", "--center mito: not in"},
           Row{"--center hino --night yesterday", "--night yesterday"},
           Row{"--center hino --night 2026-11-20 --begin noon", "--begin noon"},
           Row{"--center hino --night 2026-01-01",
               "the rota of that night has no physician"},
           Row{"--center hino --night 2026-11-20 --map /nowhere", "/nowhere"},
       }) {
    const Ended wrong = Run(from + row.arguments);
    EXPECT_EQ(wrong.status, 1) << row.arguments;
    EXPECT_THAT(wrong.error, HasSubstr(row.error));
    EXPECT_THAT(wrong.out, IsEmpty());
  }
  const Ended missing =
      Run(absl::StrCat("from-center --database '", File("missing.db"),
                       "' --center hino --night 2026-11-20"));
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.error, HasSubstr("missing.db: cannot be read"));
}

}  // namespace
}  // namespace housecall::night
