#include "router/import/import.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/map_file.h"
#include "router/polyline.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// 18 km/h on a residential street: 5 m a second.
constexpr double kSpeed = 5;

std::vector<std::string> SegmentNames(const RoadData& data) {
  std::vector<std::string> names;
  for (const Segment& segment : data.segments) {
    names.push_back(data.names[segment.name]);
  }
  return names;
}

TEST(ImportOsm, MakesOneSegmentBetweenJunctions) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 50 10
    n 3 100 0
    n 4 200 0
    n 5 100 100
    w 10 1,2,3 highway=residential name=West
    w 11 3,4 highway=residential name=East
    w 12 3,5 highway=residential name=North
  )");
  EXPECT_EQ(data.nodes.size(), 4u);
  EXPECT_THAT(SegmentNames(data),
              UnorderedElementsAre("West", "East", "North"));
  EXPECT_EQ(data.points.size(), 7u);
  EXPECT_NEAR(Seconds(data, 1, 4), (2 * std::hypot(50, 10) + 100) / kSpeed,
              0.01);
  EXPECT_EQ(data.name, "town");
  EXPECT_EQ(data.attribution, "© OpenStreetMap contributors, ODbL 1.0");
  EXPECT_FALSE(data.source_time.has_value());
}

TEST(ImportOsm, JoinsWaysThatAreOneRoad) {
  // Mapped in three pieces, one of them the other way round.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 200 0
    n 4 300 0
    w 10 1,2 highway=residential name=A oneway=yes
    w 11 3,2 highway=residential name=A oneway=-1
    w 12 3,4 highway=residential name=A oneway=yes
  )");
  ASSERT_EQ(data.segments.size(), 1u);
  EXPECT_EQ(data.nodes.size(), 2u);
  EXPECT_EQ(data.points.size(), 4u);
  EXPECT_NEAR(Seconds(data, 1, 4), 300 / kSpeed, 0.01);
  EXPECT_EQ(Seconds(data, 4, 1), -1);
}

TEST(ImportOsm, StopsAtLevelCrossings) {
  // Once within a way, once where two ways of one road meet.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 railway=level_crossing
    n 3 200 0
    n 4 300 0 railway=level_crossing
    n 5 400 0
    n 6 500 0 railway=signal
    n 7 600 0
    w 10 1,2,3 highway=residential name=A
    w 11 5,4,3 highway=residential name=A
    w 12 5,6,7 highway=residential name=A
  )");
  ASSERT_EQ(data.segments.size(), 1u);
  EXPECT_NEAR(Seconds(data, 1, 7), 600 / kSpeed + 2 * 5, 0.01);
  EXPECT_NEAR(Seconds(data, 7, 1), 600 / kSpeed + 2 * 5, 0.01);
}

TEST(ImportOsm, StopsOnceAtTwoTracksNextToEachOther) {
  // And not for the tram in the middle of a street.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 railway=level_crossing
    n 3 104 0 railway=level_crossing
    n 4 108 0 railway=level_crossing
    n 5 200 0 railway=tram_level_crossing
    n 6 300 0 railway=level_crossing
    n 7 400 0
    w 10 1,2,3,4,5,6,7 highway=residential
  )");
  EXPECT_NEAR(Seconds(data, 1, 7), 400 / kSpeed + 2 * 5, 0.01);
  EXPECT_NEAR(Seconds(data, 7, 1), 400 / kSpeed + 2 * 5, 0.01);
}

TEST(ImportOsm, StopsOnceAtRailsWhereARoadChangesItsName) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 railway=level_crossing
    n 3 200 0
    w 10 1,2 highway=residential name=A
    w 11 2,3 highway=residential name=B
  )");
  ASSERT_EQ(data.segments.size(), 2u);
  EXPECT_NEAR(Seconds(data, 1, 3), 200 / kSpeed + 5, 0.01);
  EXPECT_NEAR(Seconds(data, 3, 1), 200 / kSpeed + 5, 0.01);
  EXPECT_NEAR(Seconds(data, 1, 2), 100 / kSpeed + 5, 0.01);
  EXPECT_NEAR(Seconds(data, 2, 1), 100 / kSpeed, 0.01);
}

TEST(ImportOsm, TheGateOfAPrivateDriveIsPassedByThoseWhoLiveThere) {
  // A house behind a gate, whose drive leads on to another street.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 100 50 barrier=gate access=private
    n 4 100 100
    n 5 0 200
    n 6 100 200
    w 10 1,2 highway=residential
    w 11 2,3,4,6 highway=service
    w 12 5,6 highway=residential
  )");
  const auto flags_near = [&](int64_t from, int64_t to) {
    for (const Segment& segment : data.segments) {
      const int64_t a = data.source_node_ids[segment.from_node];
      const int64_t b = data.source_node_ids[segment.to_node];
      if ((a == from && b == to) || (a == to && b == from)) {
        return static_cast<int>(segment.flags);
      }
    }
    ADD_FAILURE() << "no road from " << from << " to " << to;
    return 0;
  };
  EXPECT_TRUE((flags_near(2, 6) & Segment::kEndsOnly) != 0);
  EXPECT_TRUE((flags_near(1, 2) & Segment::kEndsOnly) == 0);
}

TEST(ImportOsm, APrivateGateAcrossAStreetClosesIt) {
  ImportReport report;
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 barrier=gate access=private
    n 3 200 0
    w 10 1,2,3 highway=residential
  )",
                               &report);
  EXPECT_EQ(report.barriers, 1);
  EXPECT_EQ(Seconds(data, 1, 3), -1);
}

TEST(ImportOsm, BehindAPrivateGateDrivesMayFork) {
  // Two houses behind a gate: the drive forks, and one of the two leads on to
  // another street through a gate of its own. Nobody drives through.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 barrier=gate access=private
    n 3 200 0
    n 4 300 50
    n 5 300 -50
    n 6 400 -50 barrier=gate access=private
    n 7 500 -50
    w 10 1,2 highway=residential
    w 11 2,3 highway=service
    w 12 3,4 highway=service
    w 13 3,5,6 highway=service
    w 14 6,7 highway=residential
  )");
  EXPECT_GT(Seconds(data, 1, 4), 0);
  EXPECT_GT(Seconds(data, 7, 4), 0);
  EXPECT_EQ(Seconds(data, 1, 7), -1);
  EXPECT_EQ(data.segments.size(), 5u);
  for (const Segment& segment : data.segments) {
    EXPECT_EQ(segment.Has(Segment::kEndsOnly),
              segment.road_class == RoadClass::kService);
  }
}

TEST(ImportOsm, ADrivesGateDoesNotCloseTheStreetOntoWhichItIsDrawn) {
  for (const char* const street : {"w 10 1,2,3 highway=residential\n",
                                   "w 10 1,2 highway=residential\n"
                                   "w 12 2,3 highway=residential name=A\n"}) {
    ImportReport report;
    const RoadData data = Import(absl::StrCat(R"(
      n 1 0 0
      n 2 100 0 barrier=gate access=private
      n 3 200 0
      n 4 100 100
      w 11 2,4 highway=service
    )",
                                              street),
                                 &report);
    EXPECT_GT(Seconds(data, 1, 3), 0) << street;
    EXPECT_GT(Seconds(data, 1, 4), 0) << street;
    EXPECT_EQ(report.barriers, 0) << street;
  }
}

TEST(ImportOsm, AGateWhereAStreetEndsLeadsToTheDriveBehindIt) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 barrier=gate access=private
    n 3 200 0
    w 10 1,2 highway=residential
    w 11 2,3 highway=service
  )");
  EXPECT_GT(Seconds(data, 1, 3), 0);
}

TEST(ImportOsm, KeepsRoadsApartThatDiffer) {
  const struct {
    const char* first;
    const char* second;
  } kRows[] = {
      {"name=A", "name=B"},
      {"maxspeed=30", "maxspeed=20"},
      {"oneway=yes", "oneway=no"},
      {"oneway=yes", "oneway=-1"},
      {"access=private", "access=yes"},
      {"toll=yes", "toll=no"},
      {"width=3", "width=6"},
  };
  for (const auto& row : kRows) {
    const RoadData data = Import(absl::StrCat(R"(
      n 1 0 0
      n 2 100 0
      n 3 200 0
      w 10 1,2 highway=residential )",
                                              row.first, R"(
      w 11 2,3 highway=residential )",
                                              row.second));
    EXPECT_EQ(data.segments.size(), 2u) << row.first << " " << row.second;
  }
}

TEST(ImportOsm, KeepsRingsAndSelfCrossingWays) {
  const RoadData ring = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 100 100
    n 4 0 100
    w 10 1,2,3 highway=residential
    w 11 3,4,1 highway=residential
  )");
  ASSERT_EQ(ring.segments.size(), 1u);
  EXPECT_EQ(ring.segments[0].from_node, ring.segments[0].to_node);
  EXPECT_NEAR(ring.segments[0].length_millimeters, 400000, 500);
  const RoadData eight = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 50 50
    n 4 0 100
    n 5 100 100
    w 10 3,1,2,3,4,5,3 highway=residential
  )");
  EXPECT_EQ(eight.nodes.size(), 1u);
  EXPECT_EQ(eight.segments.size(), 2u);
}

TEST(ImportOsm, KeepsOneWayStreets) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 100 100
    w 10 1,2 highway=residential oneway=yes
    w 11 2,3 highway=residential oneway=-1
    w 12 3,1 highway=residential
  )");
  const double diagonal = std::hypot(100, 100) / kSpeed;
  EXPECT_NEAR(Seconds(data, 1, 2), 20, 0.01);
  EXPECT_EQ(Seconds(data, 2, 1), -1);
  EXPECT_NEAR(Seconds(data, 3, 2), 20, 0.01);
  EXPECT_NEAR(Seconds(data, 1, 3), diagonal, 0.01);
}

TEST(ImportOsm, DrivesRoundaboutsOneWay) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 10 0
    n 3 10 10
    n 4 0 10
    n 5 -50 0
    n 6 60 10
    w 10 1,2,3,4,1 highway=residential junction=roundabout
    w 11 1,5 highway=residential
    w 12 3,6 highway=residential
  )");
  EXPECT_NEAR(Seconds(data, 5, 6), (50 + 20 + 50) / kSpeed, 0.01);
  EXPECT_NEAR(Seconds(data, 1, 3), 20 / kSpeed, 0.01);
  EXPECT_NEAR(Seconds(data, 3, 1), 20 / kSpeed, 0.01);
}

TEST(ImportOsm, BarriersCutTheWay) {
  for (const char* middle : {"barrier=bollard", "barrier=gate"}) {
    const RoadData data = Import(absl::StrCat(R"(
      n 1 0 0
      n 2 100 0 )",
                                              middle, R"(
      n 3 200 0
      w 10 1,2,3 highway=residential
    )"));
    const bool stops = std::string(middle) == "barrier=bollard";
    if (stops) {
      EXPECT_EQ(Seconds(data, 1, 3), -1);
      EXPECT_EQ(data.segments.size(), 2u);
    } else {
      EXPECT_NEAR(Seconds(data, 1, 3), 40, 0.01);
    }
  }
}

TEST(ImportOsm, ABarrierAtAJunctionCutsEveryRoadThere) {
  ImportReport report;
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0 barrier=block
    n 3 200 0
    n 4 100 100
    w 10 1,2,3 highway=residential
    w 11 2,4 highway=residential
  )",
                               &report);
  EXPECT_EQ(report.barriers, 1);
  EXPECT_EQ(data.nodes.size(), 6u);
  for (const int64_t from : {1, 3, 4}) {
    for (const int64_t to : {1, 3, 4}) {
      EXPECT_EQ(Seconds(data, from, to), from == to ? 0 : -1);
    }
  }
}

TEST(ImportOsm, PrivateRoadsServeTheirEndsOnly) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 200 0
    n 4 100 300
    n 5 150 0
    n 6 150 40
    w 10 1,2 highway=residential
    w 11 2,5,3 highway=service access=private
    w 12 5,6 highway=service access=private
    w 13 2,4,3 highway=residential
  )");
  // On service roads 10 km/h. From 1 to 3 the private road would be shorter.
  EXPECT_NEAR(Seconds(data, 1, 3), (100 + 300 + std::hypot(100, 300)) / kSpeed,
              0.05);
  EXPECT_NEAR(Seconds(data, 1, 6), 100 / kSpeed + 90 * 3.6 / 10, 0.05);
  EXPECT_NEAR(Seconds(data, 6, 3), 90 * 3.6 / 10, 0.05);
}

TEST(ImportOsm, LeavesOutWhatIsNotForCars) {
  ImportReport report;
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 200 0
    n 4 300 0
    w 10 1,2 highway=residential name=Road
    w 11 2,3 highway=footway
    w 12 3,4 route=ferry
    w 13 2,4 highway=construction
    w 14 1,4 highway=track
    w 15 1,3 waterway=river
  )",
                               &report);
  EXPECT_EQ(report.ways, 6);
  EXPECT_EQ(report.road_ways, 1);
  EXPECT_THAT(SegmentNames(data), ElementsAre("Road"));
}

TEST(ImportOsm, CutsRoadsWhereTheExtractEnds) {
  ImportReport report;
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 4 300 0
    n 5 400 0
    n 7 600 0
    w 10 1,2,3,4,5,6,7 highway=residential
  )",
                               &report);
  EXPECT_EQ(report.missing_nodes, 2);
  EXPECT_EQ(data.segments.size(), 2u);
  EXPECT_NEAR(Seconds(data, 1, 2), 20, 0.01);
  EXPECT_EQ(Seconds(data, 2, 4), -1);
  EXPECT_NEAR(Seconds(data, 4, 5), 20, 0.01);
}

TEST(ImportOsm, BearsWhatMappersDo) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 100 0
    n 4 200 0
    w 10 1,1,2,2 highway=residential name=A
    w 11 2,3 highway=residential name=B
    w 12 3,4 highway=residential name=C
    w 13 4 highway=residential
    w 14 4,4 highway=residential
    w 15 1,2 highway=residential name=D
  )");
  // A and D lie one on the other; B has no length.
  EXPECT_NEAR(Seconds(data, 1, 4), 40, 0.01);
  for (const Segment& segment : data.segments) {
    EXPECT_GE(segment.length_millimeters, 1u);
    EXPECT_GE(segment.forward_weight, 1u);
  }
}

TEST(ImportOsm, LeavesOutRoadsOfImpossibleLength) {
  ImportReport report;
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 0 2000000
    w 10 1,2 highway=residential name=A
    w 11 2,3 highway=residential name=B
  )",
                               &report);
  EXPECT_EQ(report.impossible_roads, 1);
  EXPECT_EQ(data.segments.size(), 1u);
}

TEST(ImportOsm, KeepsWeightsThatTheSourceGives) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 200 0
    w 10 1,2 highway=residential dimacs:t=2008 dimacs:d=803
    w 11 2,3 highway=residential dimacs:t=395 dimacs:d=158
  )");
  EXPECT_EQ(data.weight_unit_microseconds, 2880u);
  // Not joined: its nodes are the source's.
  EXPECT_EQ(data.nodes.size(), 3u);
  EXPECT_THAT(data.source_node_ids, UnorderedElementsAre(1, 2, 3));
  ASSERT_EQ(data.segments.size(), 2u);
  EXPECT_THAT((std::vector<uint32_t>{data.segments[0].forward_weight,
                                     data.segments[1].backward_weight}),
              UnorderedElementsAre(2008u, 395u));
  EXPECT_THAT((std::vector<uint32_t>{data.segments[0].length_millimeters,
                                     data.segments[1].length_millimeters}),
              UnorderedElementsAre(80300u, 15800u));
  EXPECT_DOUBLE_EQ(Seconds(data, 1, 3), (2008 + 395) * 0.00288);
  EXPECT_THAT(data.attribution, HasSubstr("DIMACS"));
}

TEST(ImportOsm, SharesAGivenWeightAmongThePartsOfItsWay) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 400 0
    n 4 100 100
    w 10 1,2,3 highway=residential dimacs:t=1001
    w 11 2,4 highway=residential dimacs:t=7
  )");
  uint32_t sum = 0;
  for (const Segment& segment : data.segments) sum += segment.forward_weight;
  EXPECT_EQ(sum, 1008u);
  EXPECT_NEAR(Seconds(data, 1, 2) / 0.00288, 250, 1);
}

TEST(ImportOsm, TakesNameAndAttributionThatItIsGiven) {
  ImportOptions options;
  options.name = "日野";
  options.attribution = "somebody";
  std::vector<std::string> stages;
  options.progress = [&](absl::string_view stage, double done) {
    EXPECT_GE(done, 0);
    EXPECT_LE(done, 1);
    stages.emplace_back(stage);
  };
  const std::string path = WriteFile(
      OsmXml("n 1 0 0\nn 2 9 0\nw 1 1,2 highway=road"), "named.osm.xml");
  const RoadData data = ImportOsm(path, options).value();
  EXPECT_EQ(data.name, "日野");
  EXPECT_EQ(data.attribution, "somebody");
  EXPECT_THAT(stages, Contains("joining roads"));
  EXPECT_EQ(ImportOsm(path)->name, "named");
}

TEST(ImportOsm, MakesTheSameBytesOfTheSameFile) {
  const std::string xml = OsmXml(R"(
    n 1 0 0
    n 2 100 0
    n 3 200 50
    n 4 100 100 barrier=bollard
    w 10 1,2,3 highway=residential name=A
    w 11 2,4,1 highway=tertiary name=B
    w 12 3,4 highway=service access=private
  )");
  std::string bytes[2];
  for (std::string& out : bytes) {
    const RoadData data = ImportOsm(WriteFile(xml, "same.osm")).value();
    const std::string path = TestFolder() + "/same.map";
    ASSERT_TRUE(SaveMap(data, path).ok());
    std::ifstream file(path, std::ios::binary);
    out.assign(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_GT(bytes[0].size(), 100u);
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(ImportOsm, SaysWhatIsWrongWithAFile) {
  const struct {
    const char* what;
    std::string content;
    absl::StatusCode code;
    const char* message;
  } kRows[] = {
      {"empty", "", absl::StatusCode::kInvalidArgument,
       "is not OpenStreetMap data"},
      {"text", "Dear reader,", absl::StatusCode::kInvalidArgument,
       "is not OpenStreetMap data"},
      {"web page", "<html><body>no</body></html>", absl::StatusCode::kDataLoss,
       "Unknown top-level element: html"},
      {"other version", "<osm version=\"0.3\"></osm>",
       absl::StatusCode::kInvalidArgument, "0.3"},
      {"no version", "<osm></osm>", absl::StatusCode::kInvalidArgument,
       "is not OpenStreetMap data"},
      {"broken XML", "<osm version=\"0.6\"><node id=\"1\"",
       absl::StatusCode::kDataLoss, "damaged, cut off"},
      {"no roads", "<osm version=\"0.6\"></osm>",
       absl::StatusCode::kInvalidArgument, "has no road that a car may use"},
      {"paths only", OsmXml("n 1 0 0\nn 2 9 0\nw 1 1,2 highway=footway"),
       absl::StatusCode::kInvalidArgument, "1 ways were looked at"},
      {"no nodes", OsmXml("w 1 1,2 highway=residential"),
       absl::StatusCode::kInvalidArgument, "has no road"},
      {"bad id", "<osm version=\"0.6\"><node id=\"x\"/></osm>",
       absl::StatusCode::kDataLoss, ""},
      {"entities",
       "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><osm/>",
       absl::StatusCode::kDataLoss, "entities"},
      {"gzip", "\x1f\x8b nonsense", absl::StatusCode::kDataLoss, ""},
      {"bzip2", "BZh nonsense", absl::StatusCode::kDataLoss, ""},
      {"pbf", std::string("\0\0\0\x0d\x0a\x09OSMHeader", 15),
       absl::StatusCode::kDataLoss, ""},
  };
  for (const auto& row : kRows) {
    const std::string path = WriteFile(row.content, "wrong.osm");
    const absl::Status status = ImportOsm(path).status();
    EXPECT_EQ(status.code(), row.code) << row.what << ": " << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path), HasSubstr(row.message)))
        << row.what;
  }
}

TEST(ImportOsm, SaysThatAFileCannotBeOpened) {
  const std::string missing = TestFolder() + "/missing.osm.pbf";
  EXPECT_EQ(ImportOsm(missing).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ImportOsm(TestFolder()).status().code(),
            absl::StatusCode::kInvalidArgument);
  // Neither the standard input nor an address on the web.
  EXPECT_EQ(ImportOsm("-").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ImportOsm("http://localhost/a.osm").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ImportOsm("").status().code(), absl::StatusCode::kNotFound);
}

// Files that were damaged on their way: an error or a map, never a crash.
TEST(ImportOsm, SurvivesDamagedText) {
  const std::string xml = OsmXml(R"(
    n 1 0 0
    n 2 100 0 barrier=bollard
    n 3 200 50
    w 10 1,2,3 highway=residential name=A maxspeed=30 oneway=yes
    w 11 3,1 highway=service access=private
  )");
  Random random(11);
  int failed = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = xml;
    for (uint32_t n = 1 + random.Below(4); n > 0; --n) {
      damaged[random.Below(static_cast<uint32_t>(damaged.size()))] =
          static_cast<char>(random.Below(256));
    }
    if (random.OneIn(3)) {
      damaged.resize(random.Below(static_cast<uint32_t>(damaged.size())));
    }
    const absl::StatusOr<RoadData> data =
        ImportOsm(WriteFile(damaged, "damaged.osm"));
    if (data.ok()) {
      EXPECT_TRUE(CheckRoadData(*data).ok());
    } else {
      ++failed;
    }
  }
  EXPECT_GT(failed, 50);
}

}  // namespace
}  // namespace housecall::router
