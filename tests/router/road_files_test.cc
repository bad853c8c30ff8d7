#include "router/road_files.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/drive_log.h"
#include "router/map_file.h"
#include "router/travel_time_source.h"
#include "tests/router/ascii_map.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

using ::testing::HasSubstr;

constexpr char kTown[] = R"(
    A-----B
    |     |
    C-----D
)";
const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

// Without hours.
LivingRoads::Options Options() {
  LivingRoads::Options options;
  for (SpeedProfile& profile : options.calendar.profiles) {
    profile.factors.fill(1);
  }
  return options;
}

std::string Line(const AsciiMap& map, char from, char to,
                 absl::string_view properties) {
  const auto position = [&](char place) {
    const LatLng at = map.At(place);
    return absl::StrFormat("[%.7f, %.7f]", at.longitude_degrees,
                           at.latitude_degrees);
  };
  return absl::StrCat(
      R"({"type": "FeatureCollection", "features": [{"type": "Feature",)",
      R"("properties": {)", properties,
      R"(}, "geometry": {"type": "LineString", "coordinates": [)",
      position(from), ",", position(to), "]}}]}");
}

double Seconds(const RoadFiles& files, const AsciiMap& map, char from,
               char to) {
  files.roads().WaitUntilCurrent();
  const RoadTravelTimes times(&files.roads());
  return absl::ToDoubleSeconds(
      times.Times({map.At(from)}, {map.At(to)}).value().at(0, 0).duration);
}

// As programs write that are read meanwhile.
void Replace(absl::string_view content, const std::string& name) {
  const std::string beside = WriteFile(content, absl::StrCat(name, ".new"));
  std::filesystem::rename(beside, TestFolder() + "/" + name);
}

TEST(ParseRoadConditions, ReadsLinesAndAreas) {
  const auto conditions = ParseRoadConditions(R"({
    "type": "FeatureCollection",
    "features": [
      {"type": "Feature",
       "properties": {"reason": "snow", "speed_factor": 0.5,
                      "within_meters": 8,
                      "from": "2026-11-21T23:00:00+09:00",
                      "to": "2026-11-22T05:00:00+09:00"},
       "geometry": {"type": "LineString",
                    "coordinates": [[139, 35], [139.01, 35.02]]}},
      {"type": "Feature", "properties": {"reason": "flood"},
       "geometry": {"type": "Polygon", "coordinates":
           [[[139, 35], [140, 35], [140, 36], [139, 35]]]}}
    ]})");
  ASSERT_TRUE(conditions.ok()) << conditions.status();
  ASSERT_EQ(conditions->size(), 2u);
  const RoadCondition& snow = conditions->front();
  EXPECT_EQ(snow.reason, "snow");
  EXPECT_EQ(snow.shape, RoadCondition::Shape::kLine);
  EXPECT_EQ(snow.speed_factor, 0.5);
  EXPECT_EQ(snow.within_meters, 8);
  EXPECT_EQ(snow.points[1], (LatLng{35.02, 139.01}));
  EXPECT_EQ(snow.end_time - snow.begin_time, absl::Hours(6));
  const RoadCondition& flood = conditions->back();
  EXPECT_EQ(flood.shape, RoadCondition::Shape::kArea);
  EXPECT_EQ(flood.points.size(), 3u);
  EXPECT_EQ(flood.speed_factor, 0);
  EXPECT_EQ(flood.end_time, absl::InfiniteFuture());
}

TEST(ParseRoadConditions, NamesTheFeatureThatIsWrong) {
  const auto with = [](absl::string_view properties,
                       absl::string_view geometry) {
    return ParseRoadConditions(absl::StrCat(
        R"({"type": "FeatureCollection", "features": [)", R"({"properties": )",
        properties, R"(, "geometry": )", geometry, "}]}"));
  };
  constexpr char kFine[] =
      R"({"type": "LineString", "coordinates": [[139, 35], [139, 36]]})";
  ASSERT_TRUE(with(R"({"reason": "x"})", kFine).ok());
  const struct {
    const char* properties;
    const char* geometry;
    const char* message;
  } kRows[] = {
      {"{}", kFine, "feature 1: it has no reason"},
      {R"({"reason": 7})", kFine, "no reason"},
      {R"({"reason": "x", "speed_factor": "slow"})", kFine, "not a number"},
      {R"({"reason": "x", "speed_factor": 2})", kFine, "from 0 to 1"},
      {R"({"reason": "x", "from": "soon"})", kFine, "from is not a time"},
      {R"({"reason": "x"})", "null", "no geometry"},
      {R"({"reason": "x"})", R"({"type": "Point", "coordinates": [1, 2]})",
       "neither"},
      {R"({"reason": "x"})", R"({"type": "LineString"})", "no list"},
      {R"({"reason": "x"})",
       R"({"type": "LineString", "coordinates": [[1, 2]]})", "1 points"},
      {R"({"reason": "x"})",
       R"({"type": "LineString", "coordinates": [[1, 2], ["a", 2]]})",
       "[longitude, latitude]"},
      {R"({"reason": "x"})",
       R"({"type": "LineString", "coordinates": [[1, 2], [1, 91]]})",
       "latitude"},
      {R"({"reason": "x"})", R"({"type": "Polygon", "coordinates": []})",
       "no list"},
  };
  for (const auto& row : kRows) {
    const auto conditions = with(row.properties, row.geometry);
    EXPECT_TRUE(absl::IsInvalidArgument(conditions.status()));
    EXPECT_THAT(conditions.status().message(), HasSubstr(row.message));
  }
  for (const char* text : {"", "{", "[]", "7", R"({"type": "Feature"})",
                           R"({"type": "FeatureCollection"})"}) {
    EXPECT_THAT(ParseRoadConditions(text).status().message(),
                HasSubstr("not a GeoJSON FeatureCollection"))
        << text;
  }
}

TEST(RoadFiles, LearnFromDrivesThatAreAdded) {
  const AsciiMap map(kTown);
  const std::string map_path = TestFolder() + "/learning.map";
  const std::string drives_path = TestFolder() + "/learning.drives";
  ASSERT_TRUE(SaveMap(map.map()->data(), map_path).ok());
  const RoadFiles::Options options = {map_path, "", Options(), drives_path};
  std::vector<absl::Duration> expected(kRoadClasses);
  expected[static_cast<size_t>(RoadClass::kUnclassified)] = absl::Minutes(10);
  double learned = 0;
  {
    const auto files = RoadFiles::Open(options, kNow);
    ASSERT_TRUE(files.ok()) << files.status();
    EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 6);
    for (int i = 0; i < 50; ++i) {
      (*files)->AddDrive(kNow, expected, absl::Minutes(15));
    }
    // Nothing is expected of these: without a map, with a ferry.
    (*files)->AddDrive(kNow, {}, absl::Minutes(15));
    EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 6);
    EXPECT_EQ((*files)->learned().drives(), 0u);
    ASSERT_TRUE((*files)->Refresh(kNow).ok());
    EXPECT_EQ((*files)->learned().drives(), 50u);
    learned = Seconds(**files, map, 'A', 'B');
    EXPECT_GT(learned, 8.5);
    EXPECT_LE(learned, 9);
    // At other hours it is as it was.
    ASSERT_TRUE((*files)->Refresh(kNow + absl::Hours(5)).ok());
    EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 6);
    // The last one is written down at the end.
    (*files)->AddDrive(kNow, expected, absl::Minutes(15));
  }
  EXPECT_EQ(ReadDrives(drives_path)->drives.size(), 51u);
  const auto again = RoadFiles::Open(options, kNow);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->learned().drives(), 51u);
  EXPECT_NEAR(Seconds(**again, map, 'A', 'B'), learned, 0.1);

  // A file of something else keeps nobody from driving.
  RoadFiles::Options wrong = options;
  wrong.drives_path = map_path;
  const auto without = RoadFiles::Open(wrong, kNow);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT((*without)->Refresh(kNow).message(),
              HasSubstr("learning.map is not a file of finished drives"));
  EXPECT_TRUE((*without)->Refresh(kNow).ok());
  (*without)->AddDrive(kNow, expected, absl::Minutes(15));
  ASSERT_TRUE((*without)->Refresh(kNow).ok());
  EXPECT_EQ(Seconds(**without, map, 'A', 'B'), 6);
}

TEST(RoadFiles, FollowBothFiles) {
  const AsciiMap map(kTown);
  const std::string map_path = TestFolder() + "/roads.map";
  ASSERT_TRUE(SaveMap(map.map()->data(), map_path).ok());
  Replace(Line(map, 'A', 'B', R"("reason": "snow", "within_meters": 5)"),
          "conditions.geojson");
  const auto files = RoadFiles::Open(
      {map_path, TestFolder() + "/conditions.geojson", Options()}, kNow);
  ASSERT_TRUE(files.ok()) << files.status();
  // Around.
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 2 + 6 + 2);
  EXPECT_THAT((*files)->roads().current()->description, HasSubstr("snow"));

  Replace(Line(map, 'A', 'B',
               R"("reason": "ice", "within_meters": 5, "speed_factor": 0.75)"),
          "conditions.geojson");
  ASSERT_TRUE((*files)->Refresh(kNow).ok());
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 8);

  // A file that is wrong changes nothing, and is told once.
  Replace("{", "conditions.geojson");
  EXPECT_THAT((*files)->Refresh(kNow).message(),
              HasSubstr("conditions.geojson: it is not a GeoJSON"));
  EXPECT_TRUE((*files)->Refresh(kNow).ok());
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 8);
  std::filesystem::remove(TestFolder() + "/conditions.geojson");
  EXPECT_TRUE(absl::IsNotFound((*files)->Refresh(kNow)));
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 8);
  Replace(R"({"type": "FeatureCollection", "features": []})",
          "conditions.geojson");
  ASSERT_TRUE((*files)->Refresh(kNow).ok());
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 6);

  // Another map takes the place of the first one; a damaged one does not.
  const AsciiMap newer(absl::StrReplaceAll(kTown, {{"A-----B", "A=====B"}}));
  ASSERT_TRUE(SaveMap(newer.map()->data(), map_path).ok());
  ASSERT_TRUE((*files)->Refresh(kNow).ok());
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 3);
  Replace("no map", "roads.map");
  EXPECT_THAT((*files)->Refresh(kNow).message(), HasSubstr("not a map file"));
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 3);
}

TEST(RoadFiles, OpenWithoutConditionsThatAreWrongAndSaySo) {
  const AsciiMap map(kTown);
  const std::string map_path = TestFolder() + "/slip.map";
  ASSERT_TRUE(SaveMap(map.map()->data(), map_path).ok());
  Replace("{", "slip.geojson");
  const auto files = RoadFiles::Open(
      {map_path, TestFolder() + "/slip.geojson", Options()}, kNow);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(Seconds(**files, map, 'A', 'B'), 6);
  EXPECT_THAT((*files)->Refresh(kNow).message(),
              HasSubstr("slip.geojson: it is not a GeoJSON"));
  EXPECT_TRUE((*files)->Refresh(kNow).ok());
}

TEST(RoadFiles, DoNotOpenWithoutTheirFiles) {
  const AsciiMap map(kTown);
  const std::string map_path = TestFolder() + "/alone.map";
  EXPECT_TRUE(
      absl::IsNotFound(RoadFiles::Open({map_path, "", {}}, kNow).status()));
  ASSERT_TRUE(SaveMap(map.map()->data(), map_path).ok());
  EXPECT_TRUE(RoadFiles::Open({map_path, "", {}}, kNow).ok());
  EXPECT_TRUE(absl::IsNotFound(
      RoadFiles::Open({map_path, TestFolder() + "/none", {}}, kNow).status()));
}

}  // namespace
}  // namespace housecall::router
