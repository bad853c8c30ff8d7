// The program housecall-map, run as a user runs it.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int exit_status = -1;
  std::string out;
  std::string err;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs a line of shell in the test's folder, with the program on the path.
Outcome Shell(const std::string& line) {
  const std::string program = HOUSECALL_MAP;
  const std::string folder = program.substr(0, program.rfind('/'));
  const std::string command = absl::StrCat("cd '", TestFolder(), "' && PATH='",
                                           folder, "':\"$PATH\" && { ", line,
                                           "\n} >out.txt 2>err.txt </dev/null");
  const int status = std::system(command.c_str());
  Outcome outcome;
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  outcome.out = ReadFile(TestFolder() + "/out.txt");
  outcome.err = ReadFile(TestFolder() + "/err.txt");
  return outcome;
}

Outcome RunTool(const std::string& arguments) {
  return Shell(absl::StrCat("housecall-map ", arguments));
}

class HousecallMap : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(RunTool("demo-town -o town.osm").exit_status, 0);
    ASSERT_EQ(RunTool("import town.osm -o town.map").exit_status, 0);
  }
};

constexpr char kFrom[] = "35.6645,139.3820";
constexpr char kTo[] = "35.6760,139.3990";

TEST_F(HousecallMap, ImportTellsWhatItDid) {
  const Outcome outcome = RunTool("import town.osm again.map");
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("reading ways: 100 %"),
                                 HasSubstr("ordering roads:  50 %  [####"),
                                 HasSubstr("writing the map: 100 %  [####"),
                                 HasSubstr("ways are roads for cars"),
                                 HasSubstr("wrote again.map")));
  EXPECT_EQ(ReadFile(TestFolder() + "/again.map"),
            ReadFile(TestFolder() + "/town.map"));
  EXPECT_EQ(RunTool("import town.osm -o again.map --quiet").err, "");
}

TEST_F(HousecallMap, InfoTellsOfTheMap) {
  EXPECT_THAT(RunTool("info town.map").out,
              AllOf(HasSubstr("name         town"),
                    HasSubstr("An invented town"), HasSubstr("residential")));
  const nlohmann::json json =
      nlohmann::json::parse(RunTool("info town.map --json").out);
  EXPECT_EQ(json["name"], "town");
  EXPECT_EQ(json["components"], 1);
  EXPECT_EQ(json["segments"], json["segments_in_main_network"]);
  EXPECT_TRUE(json["source_time"].is_null());
  EXPECT_GT(json["kilometers"]["residential"], 50.0);
}

TEST_F(HousecallMap, RouteSaysTimeDistanceAndStreets) {
  const Outcome text =
      RunTool(absl::StrCat("route town.map --from ", kFrom, " --to ", kTo));
  EXPECT_EQ(text.exit_status, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr(" min, "), HasSubstr("通り"),
                              HasSubstr("An invented town")));
  const nlohmann::json json = nlohmann::json::parse(
      RunTool(
          absl::StrCat("route town.map --json --from=", kFrom, " --to=", kTo))
          .out);
  double seconds = 0;
  double meters = 0;
  for (const auto& step : json["steps"]) {
    seconds += step["seconds"].get<double>();
    meters += step["meters"].get<double>();
  }
  EXPECT_NEAR(json["seconds"].get<double>(), seconds, 0.001);
  EXPECT_NEAR(json["meters"].get<double>(), meters, 0.1);
  EXPECT_GT(json["points"].size(), 10u);

  const nlohmann::json geojson = nlohmann::json::parse(
      RunTool(absl::StrCat("route town.map --geojson --from ", kFrom, " --to ",
                           kTo))
          .out);
  EXPECT_EQ(geojson["type"], "FeatureCollection");
  const auto& coordinates = geojson["features"][0]["geometry"]["coordinates"];
  EXPECT_EQ(coordinates.size(), json["points"].size());
  EXPECT_NEAR(coordinates[0][0].get<double>(), 139.382, 0.001);
  EXPECT_NEAR(coordinates[0][1].get<double>(), 35.6645, 0.001);
}

TEST_F(HousecallMap, MatrixShowsEveryPairAndWhatIsWrong) {
  const std::string arguments = absl::StrCat("matrix town.map --from ", kFrom,
                                             " --to ", kTo, " --to 35.9,139.4");
  const Outcome text = RunTool(arguments);
  EXPECT_EQ(text.exit_status, 0);
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("to 1    to 2"),
                    HasSubstr("to 2: the position is outside the map")));
  const nlohmann::json json =
      nlohmann::json::parse(RunTool(arguments + " --json").out);
  EXPECT_GT(json["seconds"][0][0], 100.0);
  EXPECT_TRUE(json["seconds"][0][1].is_null());
  EXPECT_EQ(json["from_status"][0]["code"], "OK");
  EXPECT_EQ(json["to_status"][1]["code"], "OUT_OF_RANGE");

  WriteFile(absl::StrCat("# bases\n", kFrom, "\n\n", kTo, "\n"), "places.txt");
  const nlohmann::json from_file = nlohmann::json::parse(
      RunTool(
          "matrix town.map --from-file places.txt --to-file places.txt --json")
          .out);
  EXPECT_EQ(from_file["seconds"].size(), 2u);
  EXPECT_EQ(from_file["seconds"][0][1], json["seconds"][0][0]);
  EXPECT_EQ(from_file["seconds"][1][1], 0.0);
}

TEST_F(HousecallMap, AnswersForTheTimeThatIsAskedFor) {
  // The way from 1 to 2 is closed to cars in the morning.
  WriteFile(OsmXml(R"(
    n 1 0 0
    n 2 300 0
    n 3 0 300
    n 4 300 300
    w 10 1,2 highway=primary motor_vehicle:conditional=no~@~(Mo-Fr~07:30-08:30)
    w 11 1,3 highway=primary
    w 12 3,4 highway=primary
    w 13 4,2 highway=primary
  )"),
            "hours.osm");
  ASSERT_EQ(RunTool("import hours.osm -o hours.map --quiet").exit_status, 0);
  const std::string places =
      " --from 35.0000,139.0005 --to 35.0000,139.0027 --json";
  const auto seconds = [&](const std::string& at) {
    const nlohmann::json json = nlohmann::json::parse(
        RunTool(absl::StrCat("matrix hours.map", places, at)).out);
    return json["seconds"][0][0].get<double>();
  };
  const double night = seconds("");
  EXPECT_EQ(seconds(" --at 2026-11-20T23:00"), night);
  // Slower by day, and around while the road is closed.
  EXPECT_GT(seconds(" --at 2026-11-20T09:00"), night);
  EXPECT_LT(seconds(" --at 2026-11-20T09:00"), night * 2);
  EXPECT_NE(seconds(" --at 2026-11-20T08:00"),
            seconds(" --at 2026-11-20T09:00"));
  EXPECT_EQ(seconds(" --at 2026-11-19T23:00:00Z"),
            seconds(" --at 2026-11-20T08:00"));
  const nlohmann::json route = nlohmann::json::parse(
      RunTool(absl::StrCat("route hours.map", places, " --at 2026-11-20T23:00"))
          .out);
  EXPECT_EQ(route["roads"], "deep night");
  EXPECT_EQ(RunTool("isochrone hours.map --from 35,139 --at noon").exit_status,
            2);
}

TEST_F(HousecallMap, EveryCommandSpeaksJson) {
  const nlohmann::json town = nlohmann::json::parse(
      RunTool("demo-town -o other.osm --seed 2 --json").out);
  EXPECT_EQ(town["file"], "other.osm");
  const nlohmann::json import = nlohmann::json::parse(
      RunTool("import other.osm -o other.map --json").out);
  EXPECT_EQ(import["map"], "other.map");
  EXPECT_GT(import["segments"], 100);
  const nlohmann::json roads = nlohmann::json::parse(
      RunTool("roads other.map -o other.geojson --json").out);
  EXPECT_EQ(roads["file"], "other.geojson");
}

TEST_F(HousecallMap, AnImportThatIsKilledIsSimplyRepeated) {
  const std::string before = ReadFile(TestFolder() + "/town.map");
  WriteFile(before, "kept.map");
  // Whenever it dies, the map is the old one or the whole new one.
  for (const int bytes : {1, 40, 80, 120}) {
    Shell(
        absl::StrCat("rm -f progress; mkfifo progress; housecall-map import "
                     "town.osm -o kept.map --name new 2> progress & head -c ",
                     bytes, " progress; kill -9 $!; wait"));
    const Outcome info = RunTool("info kept.map --json");
    ASSERT_EQ(info.exit_status, 0) << info.err;
    const std::string name = nlohmann::json::parse(info.out)["name"];
    EXPECT_THAT(name, AnyOf("town", "new"));
  }
  // Whatever it left behind goes with the next one; other files stay.
  WriteFile("", "kept.map.999999999.part");
  WriteFile("", "kept.map.mine.part");
  ASSERT_EQ(RunTool("import town.osm -o kept.map").exit_status, 0);
  EXPECT_EQ(ReadFile(TestFolder() + "/kept.map"), before);
  Shell("ls kept.map.* > left");
  EXPECT_EQ(ReadFile(TestFolder() + "/left"), "kept.map.mine.part\n");
}

TEST_F(HousecallMap, TheSameQuestionGetsTheSameBytes) {
  for (const std::string& question :
       {absl::StrCat("route town.map --json --from ", kFrom, " --to ", kTo),
        absl::StrCat("matrix town.map --json --from ", kFrom, " --from ", kTo,
                     " --to ", kTo, " --to ", kFrom),
        absl::StrCat("isochrone town.map --geojson --from ", kFrom)}) {
    const Outcome first = RunTool(question);
    EXPECT_EQ(first.exit_status, 0);
    EXPECT_EQ(RunTool(question).out, first.out);
  }
}

TEST_F(HousecallMap, IsochroneTellsWhichHomesCarsReach) {
  WriteFile(absl::StrCat("# invented\n", kTo, "\n35.0,139.0\n"), "homes.txt");
  const std::string arguments =
      absl::StrCat("isochrone town.map --minutes 0.5,60 --from ", kFrom,
                   " --home ", kFrom, " --home-file homes.txt");
  const Outcome text = RunTool(arguments);
  ASSERT_EQ(text.exit_status, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("1 of 3"), HasSubstr("2 of 3"),
                              HasSubstr("home 1   0.0 min"),
                              HasSubstr("outside the map")));
  const nlohmann::json json =
      nlohmann::json::parse(RunTool(arguments + " --json").out);
  EXPECT_EQ(json["reaches"][0]["homes"], 1);
  EXPECT_EQ(json["reaches"][1]["homes"], 2);
  EXPECT_EQ(json["home_seconds"][0], 0);
  EXPECT_GT(json["home_seconds"][1], 30);
  EXPECT_TRUE(json["home_seconds"][2].is_null());
  const nlohmann::json drawing =
      nlohmann::json::parse(RunTool(arguments + " --geojson").out);
  ASSERT_EQ(drawing["features"].size(), 2u + 3u);
  EXPECT_EQ(drawing["features"][2]["geometry"]["type"], "Point");
  EXPECT_EQ(drawing["features"][2]["properties"]["home_minutes"], 0);
}

TEST_F(HousecallMap, IsochroneTellsHowFarCarsGet) {
  const std::string arguments =
      absl::StrCat("isochrone town.map --from ", kFrom, " --minutes 2,1,600");
  const Outcome text = RunTool(arguments);
  EXPECT_EQ(text.exit_status, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("600.0"), HasSubstr("100.0 %"),
                              HasSubstr("An invented town")));
  const nlohmann::json json =
      nlohmann::json::parse(RunTool(arguments + " --json").out);
  ASSERT_EQ(json["reaches"].size(), 3u);
  EXPECT_LT(json["reaches"][1]["road_kilometers"].get<double>(),
            json["reaches"][0]["road_kilometers"].get<double>());
  EXPECT_EQ(json["reaches"][2]["share_of_roads"], 1.0);
  const nlohmann::json geojson =
      nlohmann::json::parse(RunTool(arguments + " --geojson").out);
  // The farthest first.
  EXPECT_EQ(geojson["features"][0]["properties"]["minutes"], 600.0);
  EXPECT_EQ(geojson["features"][2]["properties"]["minutes"], 1.0);
  const auto& ring = geojson["features"][2]["geometry"]["coordinates"][0][0];
  EXPECT_GE(ring.size(), 5u);
  EXPECT_EQ(ring.front(), ring.back());
  EXPECT_NEAR(ring[0][0].get<double>(), 139.38, 0.05);
}

TEST_F(HousecallMap, WritesRoadsToDrawByClass) {
  ASSERT_EQ(RunTool("roads town.map -o all.geojson").exit_status, 0);
  ASSERT_EQ(RunTool("roads town.map --around 35.67,139.39 --kilometers 0.5 "
                    "-o near.geojson")
                .exit_status,
            0);
  const auto points = [](const std::string& path) {
    std::ifstream file(TestFolder() + "/" + path);
    const nlohmann::json json = nlohmann::json::parse(file);
    EXPECT_THAT(json["attribution"].get<std::string>(), testing::Not(""));
    size_t count = 0;
    for (const auto& feature : json["features"]) {
      EXPECT_EQ(feature["geometry"]["type"], "MultiLineString");
      EXPECT_NE(feature["properties"]["class"], "");
      for (const auto& line : feature["geometry"]["coordinates"]) {
        EXPECT_GE(line.size(), 2u);
        EXPECT_NEAR(line[0][0].get<double>(), 139.39, 0.05);
        EXPECT_NEAR(line[0][1].get<double>(), 35.67, 0.05);
        count += line.size();
      }
    }
    return count;
  };
  const size_t near = points("near.geojson");
  EXPECT_GT(near, 20u);
  EXPECT_GT(points("all.geojson"), 2 * near);
}

TEST_F(HousecallMap, BenchSetsEachFigureBesideDijkstra) {
  const nlohmann::json json =
      nlohmann::json::parse(RunTool("bench town.map --json").out);
  int beside_dijkstra = 0;
  for (const auto& figure : json["figures"]) {
    EXPECT_GT(figure["seconds"].get<double>(), 0) << figure;
    if (!figure["dijkstra_seconds"].is_null()) ++beside_dijkstra;
  }
  EXPECT_GE(beside_dijkstra, 7);
}

TEST_F(HousecallMap, ServesGeoJsonUntilItIsStopped) {
  WriteFile(R"sh(
mkfifo address
housecall-map serve-geojson town.map > address &
read -r address < address
exec 3<> "/dev/tcp/127.0.0.1/$(tr -dc 0-9 <<< "${address#*:*:}")"
printf 'GET / HTTP/1.1\r\n\r\n' >&3
cat <&3
kill $!
)sh",
            "serve.sh");
  const Outcome outcome = Shell("bash serve.sh");
  EXPECT_THAT(outcome.out, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(outcome.out, HasSubstr("\"map\": \"town\""));
}

TEST_F(HousecallMap, FailuresExitWithOneAndSayWhatToDo) {
  WriteFile("hello", "foreign.map");
  const struct {
    const char* arguments;
    const char* message;
  } kRows[] = {
      {"import missing.osm.pbf -o x.map", "cannot open missing.osm.pbf"},
      {"import foreign.map -o x.map", "is not OpenStreetMap data"},
      {"import town.osm -o no/such/folder.map", "cannot create"},
      {"info missing.map", "cannot open missing.map"},
      {"info foreign.map", "is not a map file; `housecall-map import`"},
      {"info town.osm", "is not a map file"},
      {"route town.map --from 36,139 --to 35.67,139.39",
       "from: the position is outside the map town"},
      {"route town.map --from 35.6701,139.3902 --to 35.67,139.39 --radius 0",
       "from: the position is"},
      {"matrix town.map --from-file missing.txt --to 35.67,139.39",
       "cannot open missing.txt"},
      {"roads town.map -o no/such/folder.geojson", "cannot write no/such"},
      {"demo-town -o no/such/folder.osm", "cannot write no/such/folder.osm"},
  };
  for (const auto& row : kRows) {
    const Outcome outcome = RunTool(row.arguments);
    EXPECT_EQ(outcome.exit_status, 1) << row.arguments;
    EXPECT_EQ(outcome.out, "") << row.arguments;
    EXPECT_THAT(outcome.err, HasSubstr(row.message)) << row.arguments;
  }
  EXPECT_FALSE(std::filesystem::exists(TestFolder() + "/x.map"));
}

TEST_F(HousecallMap, WrongUsageExitsWithTwo) {
  const struct {
    const char* arguments;
    const char* message;
  } kRows[] = {
      {"", "housecall-map import"},
      {"fly", "unknown command 'fly'"},
      {"import town.osm", "name one source file"},
      {"import a b c", "name one source file"},
      {"import town.osm -o", "--output needs a value"},
      {"import --fast a b", "unknown flag --fast"},
      {"import -x a b", "unknown flag -x"},
      {"import --quiet=yes a b", "--quiet takes no value"},
      {"info", "name one map file"},
      {"route town.map --from 35.67,139.39", "give at least one --to"},
      {"route town.map --from here --to 35.67,139.39", "'here' is not a posit"},
      {"route town.map --from 95,139 --to 35.67,139.39", "--from: latitude 95"},
      {"route town.map --from 35,139 --from 35,139 --to 35,139", "one --from"},
      {"route town.map --from 35,139 --to 35,139 --json --geojson", "not both"},
      {"route town.map --from 35,139 --to 35,139 --radius far", "--radius"},
      {"matrix town.map --to 35.67,139.39", "give at least one --from"},
      {"isochrone town.map", "give at least one --from"},
      {"isochrone town.map --from 35,139 --minutes x", "'x' is not a number"},
      {"bench", "name one map file"},
      {"serve-geojson town.map --port 70000", "'70000' is not a number"},
      {"roads town.map", "name one map file and"},
      {"roads town.map -o a --kilometers 0", "--kilometers: '0' is not"},
      {"roads town.map -o a --around here", "--around: 'here' is not a posit"},
      {"learned", "name one file of drives"},
      {"learned a b", "name one file of drives"},
      {"demo-town", "name one file to write"},
      {"demo-town -o a.osm --seed many", "'many' is not a whole number"},
  };
  for (const auto& row : kRows) {
    const Outcome outcome = RunTool(row.arguments);
    EXPECT_EQ(outcome.exit_status, 2) << row.arguments;
    EXPECT_THAT(outcome.err, HasSubstr(row.message)) << row.arguments;
  }
}

TEST_F(HousecallMap, LearnedShowsFactorsAndWhatTheyAreOf) {
  {
    std::ofstream file(TestFolder() + "/some.drives");
    for (int i = 0; i < 12; ++i) {
      file << R"({"day":"workday","hour":23,"taken_seconds":900,)"
           << R"("expected_seconds":{"primary":600}})"
           << "\n";
    }
    file << "cut off";
  }
  Outcome outcome = RunTool("learned some.drives");
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "12 drives, of which 12 teach something; 1 lines could not be "
            "read\n"
            "day       hour  road          time x late x  drives  on such "
            "roads\n"
            "workday      0  primary         1.31   1.08      12  60.0 min\n"
            "workday     22  primary         1.31   1.08      12  60.0 min\n"
            "workday     23  primary         1.38   1.05      12  120.0 min\n");
  outcome = RunTool("learned some.drives --json");
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["drives"], 12);
  EXPECT_EQ(json["drives_learned_from"], 12);
  EXPECT_EQ(json["unread_lines"], 1);
  ASSERT_EQ(json["factors"].size(), 3u);
  EXPECT_EQ(json["factors"][0]["day"], "workday");
  EXPECT_EQ(json["factors"][0]["drives"], 12);

  outcome = RunTool("learned no.drives");
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot read no.drives"));
}

TEST_F(HousecallMap, HelpShowsExamples) {
  for (const char* arguments : {"--help", "help", "import --help", "-h"}) {
    const Outcome outcome = RunTool(arguments);
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.out,
                AllOf(StartsWith("housecall-map: "), HasSubstr("Examples:")));
  }
}

// The commands of router/README.md are indented by four spaces and begin with
// "$ ".
TEST_F(HousecallMap, CommandsOfTheReadmeWork) {
  const std::string readme = ReadFile("router/README.md");
  int commands = 0;
  std::string command;
  for (absl::string_view line : absl::StrSplit(readme, '\n')) {
    if (command.empty() && !absl::ConsumePrefix(&line, "    $ ")) continue;
    const bool goes_on = absl::ConsumeSuffix(&line, "\\");
    absl::StrAppend(&command, line);
    if (goes_on) continue;
    const Outcome outcome = Shell(command);
    EXPECT_EQ(outcome.exit_status, 0) << command << "\n" << outcome.err;
    ++commands;
    command.clear();
  }
  EXPECT_GE(commands, 5);
}

}  // namespace
}  // namespace housecall::router
