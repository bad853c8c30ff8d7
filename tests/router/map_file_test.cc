#include "router/map_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/router/ascii_map.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

RoadData SomeData() {
  const AsciiMap map(R"(
    A--B==C
    |     |
    +..D>-+--E   F--G
  )");
  RoadData data = map.map()->data();
  data.name = "見本";
  data.attribution = "© nobody";
  data.source_time = absl::FromUnixSeconds(1433550203);
  data.names = {"", "見本通り", "B"};
  data.segments[1].name = 1;
  data.segments[2].name = 2;
  data.turn_weights = {2000, 4000, 15000};
  // From the first road over its end and back.
  data.forbidden_paths = {{0, 1}};
  data.path_roads = {ArcRoad::Of(0, false), ArcRoad::Of(0, true)};
  data.hours = {0, 2};
  data.hour_spans = {{0x1f, 0x00, 420, 540, 0},
                     {0x20, 0x7f, 600, 1440, 0},
                     {0x7f, 0x7f, 0, 300, 0}};
  data.timed_closures = {{ArcRoad::Of(0, false), 0, 0},
                         {ArcRoad::Of(1, true), 1, 1}};
  return data;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string SavedBytes() {
  const std::string path = TestFolder() + "/sound.map";
  const absl::Status status = SaveMap(SomeData(), path);
  EXPECT_TRUE(status.ok()) << status;
  return ReadFile(path);
}

TEST(MapFile, ReadsWhatWasWritten) {
  const std::string path = TestFolder() + "/round_trip.map";
  ASSERT_TRUE(SaveMap(SomeData(), path).ok());
  const absl::StatusOr<RoadData> loaded = LoadMap(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(*loaded, SomeData());
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(path);
  ASSERT_TRUE(map.ok());
  EXPECT_EQ((*map)->data().name, "見本");
}

TEST(MapFile, KeepsAnUnknownTimeUnknown) {
  RoadData data = SomeData();
  data.source_time.reset();
  const std::string path = TestFolder() + "/no_time.map";
  ASSERT_TRUE(SaveMap(data, path).ok());
  EXPECT_FALSE(LoadMap(path)->source_time.has_value());
}

TEST(MapFile, TheSameDataMakesTheSameBytes) {
  EXPECT_EQ(SavedBytes(), SavedBytes());
}

TEST(MapFile, ReplacesAnEarlierFileAndLeavesNoOther) {
  const std::string folder = TestFolder() + "/replaced";
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/town.map";
  std::ofstream(path) << "old";
  ASSERT_TRUE(SaveMap(SomeData(), path).ok());
  EXPECT_TRUE(LoadMap(path).ok());
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path().filename());
  }
  EXPECT_THAT(files, ElementsAre("town.map"));
}

TEST(MapFile, DoesNotSaveWhatItWouldNotLoad) {
  RoadData data = SomeData();
  data.segments[0].to_node = 1000;
  EXPECT_EQ(SaveMap(data, TestFolder() + "/never.map").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(TestFolder() + "/never.map"));
}

TEST(MapFile, SaysWhyItCannotBeWritten) {
  const absl::Status status =
      SaveMap(SomeData(), TestFolder() + "/no/such/folder/town.map");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("No such file or directory"));
}

TEST(MapFile, AFullDiskLeavesTheEarlierFile) {
  // The limit on the size of a file stands in for the disk; whoever reaches it
  // is told EFBIG if the signal is ignored.
  const std::string folder = TestFolder() + "/full";
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/town.map";
  ASSERT_TRUE(SaveMap(SomeData(), path).ok());
  const std::string before = ReadFile(path);

  RoadData larger = SomeData();
  larger.names.emplace_back(5000, 'x');
  struct rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {3000, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const absl::Status status = SaveMap(larger, path);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReadFile(path), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder),
                          std::filesystem::directory_iterator()),
            1);
}

TEST(MapFile, SaysWhatIsWrongWithAFile) {
  const std::string sound = SavedBytes();
  std::string newer = sound;
  newer[8] = 9;
  std::string older = sound;
  older[8] = 1;
  std::string damaged_header = sound;
  damaged_header[40] ^= 1;
  std::string damaged_content = sound;
  damaged_content[sound.size() / 2] ^= 1;
  const struct {
    const char* what;
    std::string content;
    absl::StatusCode code;
    const char* message;
  } kRows[] = {
      {"empty", "", absl::StatusCode::kInvalidArgument, "is empty"},
      {"foreign", std::string(1000, 'x'), absl::StatusCode::kInvalidArgument,
       "is not a map file"},
      {"source", std::string("\0\0\0\x0d\x0a\x09OSMHeader", 15),
       absl::StatusCode::kInvalidArgument, "`housecall-map import` makes one"},
      {"as text", "\x89HCMAP\n" + sound.substr(8),
       absl::StatusCode::kInvalidArgument, "is not a map file"},
      {"other version", newer, absl::StatusCode::kFailedPrecondition,
       "has format version 9, this program reads version 5; make it anew"},
      {"older version", older, absl::StatusCode::kFailedPrecondition,
       "has format version 1, this program reads version 5; make it anew"},
      {"begin only", sound.substr(0, 20), absl::StatusCode::kDataLoss,
       "is cut off"},
      {"half", sound.substr(0, sound.size() / 2), absl::StatusCode::kDataLoss,
       "is cut off: it has"},
      {"more", sound + "x", absl::StatusCode::kDataLoss, "bytes instead of"},
      {"header", damaged_header, absl::StatusCode::kDataLoss,
       "is damaged (its header); make it anew"},
      {"content", damaged_content, absl::StatusCode::kDataLoss,
       "is damaged (its checksum); make it anew"},
  };
  for (const auto& row : kRows) {
    const std::string path = WriteFile(row.content, "wrong.map");
    const absl::Status status = OpenMap(path).status();
    EXPECT_EQ(status.code(), row.code) << row.what << ": " << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(path), HasSubstr(row.message)))
        << row.what;
  }
}

TEST(MapFile, SaysThatAFileCannotBeOpened) {
  EXPECT_EQ(OpenMap(TestFolder() + "/missing.map").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenMap(TestFolder()).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string pipe = TestFolder() + "/pipe.map";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(OpenMap(pipe).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(MapFile, RefusesEveryCutOffFile) {
  const std::string sound = SavedBytes();
  const std::string path = WriteFile(sound, "cut.map");
  for (size_t length = sound.size(); length-- > 0;) {
    std::filesystem::resize_file(path, length);
    const absl::Status status = OpenMap(path).status();
    ASSERT_EQ(status.code(), length < 8 ? absl::StatusCode::kInvalidArgument
                                        : absl::StatusCode::kDataLoss)
        << length << " of " << sound.size() << " bytes: " << status;
  }
}

// Overwrites a part of a file.
void Overwrite(const std::string& path, size_t at, absl::string_view bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  ASSERT_TRUE(file.good());
}

TEST(MapFile, RefusesEveryFlippedBit) {
  const std::string sound = SavedBytes();
  const std::string path = WriteFile(sound, "flipped.map");
  for (size_t i = 0; i < sound.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      Overwrite(path, i,
                std::string(1, static_cast<char>(sound[i] ^ (1 << bit))));
      ASSERT_FALSE(OpenMap(path).ok()) << "byte " << i << ", bit " << bit;
    }
    Overwrite(path, i, sound.substr(i, 1));
  }
  EXPECT_TRUE(OpenMap(path).ok());
}

TEST(MapFile, RefusesSwappedWords) {
  const std::string sound = SavedBytes();
  const std::string path = WriteFile(sound, "swapped.map");
  for (size_t i = 104; i + 16 <= sound.size(); i += 8) {
    const std::string swapped = sound.substr(i + 8, 8) + sound.substr(i, 8);
    if (swapped == sound.substr(i, 16)) continue;
    Overwrite(path, i, swapped);
    ASSERT_FALSE(OpenMap(path).ok()) << i;
    Overwrite(path, i, sound.substr(i, 16));
  }
  EXPECT_TRUE(OpenMap(path).ok());
}

TEST(CheckRoadData, NamesWhatIsWrong) {
  ASSERT_TRUE(CheckRoadData(SomeData()).ok());
  const struct {
    const char* message;
    void (*spoil)(RoadData*);
  } kRows[] = {
      {"has no roads", [](RoadData* d) { d->segments.clear(); }},
      {"source's number", [](RoadData* d) { d->source_node_ids.pop_back(); }},
      {"first name", [](RoadData* d) { d->names.clear(); }},
      {"first name", [](RoadData* d) { d->names[0] = "x"; }},
      {"weight unit", [](RoadData* d) { d->weight_unit_microseconds = 0; }},
      {"a node is not on the earth",
       [](RoadData* d) { d->nodes[0].latitude_e7 = 900'000'001; }},
      {"a point is not on the earth",
       [](RoadData* d) { d->points[1].longitude_e7 = -1'800'000'001; }},
      {"segment 0: points before",
       [](RoadData* d) { d->segments[0].first_point = 1; }},
      {"segment 0: fewer than two points",
       [](RoadData* d) { d->segments[1].first_point = 1; }},
      {"fewer than two points",
       [](RoadData* d) { d->segments[1].first_point = 4'000'000'000; }},
      {"fewer than two points", [](RoadData* d) { d->points.clear(); }},
      {"segment 0: a node that does not exist",
       [](RoadData* d) { d->segments[0].from_node = 1000; }},
      {"segment 1: a node that does not exist",
       [](RoadData* d) { d->segments[1].to_node = 0xffffffff; }},
      {"segment 0: does not begin and end at its nodes",
       [](RoadData* d) { ++d->points[0].latitude_e7; }},
      {"segment 0: a weight",
       [](RoadData* d) {
         d->segments[0].forward_weight = kMaxSegmentWeight + 1;
       }},
      {"segment 0: closed",
       [](RoadData* d) {
         d->segments[0].forward_weight = d->segments[0].backward_weight =
             kClosed;
       }},
      {"segment 0: no length",
       [](RoadData* d) { d->segments[0].length_millimeters = 0; }},
      {"segment 0: a name", [](RoadData* d) { d->segments[0].name = 3; }},
      {"segment 0: a component",
       [](RoadData* d) { d->segments[0].component = 1000; }},
      {"segment 0: an unknown class",
       [](RoadData* d) {
         d->segments[0].road_class = static_cast<RoadClass>(kRoadClasses);
       }},
      {"segment 0: an unknown flag",
       [](RoadData* d) { d->segments[0].flags = 128; }},
      {"segment 0: an unknown flag",
       [](RoadData* d) { d->segments[0].unused = 1; }},
      {"a turn has a weight",
       [](RoadData* d) { d->turn_weights.back = kMaxTurnWeight + 1; }},
      {"forbidden path 0: roads before",
       [](RoadData* d) { d->forbidden_paths[0].first_road = 1; }},
      {"forbidden path 0: fewer than two",
       [](RoadData* d) { d->path_roads.resize(1); }},
      {"forbidden path 0: a road that",
       [](RoadData* d) { d->path_roads[1] = ArcRoad::Of(1000, false); }},
      {"forbidden path 0: roads that do not meet",
       [](RoadData* d) { d->path_roads[1] = d->path_roads[0]; }},
      {"without a forbidden path",
       [](RoadData* d) { d->forbidden_paths.clear(); }},
      {"hours without their spans", [](RoadData* d) { d->hours[0] = 1; }},
      {"hours without their spans", [](RoadData* d) { d->hours[1] = 4; }},
      {"hours that no day has",
       [](RoadData* d) { d->hour_spans[0].begin_minute = 540; }},
      {"hours that no day has",
       [](RoadData* d) { d->hour_spans[1].end_minute = 1441; }},
      {"hours that no day has",
       [](RoadData* d) { d->hour_spans[2].holidays = 0x80; }},
      {"hours that do not exist",
       [](RoadData* d) { d->forbidden_paths[0].hours = 2; }},
      {"a timed closure of what",
       [](RoadData* d) { d->timed_closures[1].hours = 2; }},
      {"a timed closure of what",
       [](RoadData* d) {
         d->timed_closures[1].road = ArcRoad::Of(1000, false);
       }},
      {"timed closures out of order",
       [](RoadData* d) { d->timed_closures[1].road = ArcRoad::Of(0, false); }},
      {"the order has", [](RoadData* d) { d->segment_order[0] = 1000; }},
      {"the order has",
       [](RoadData* d) { d->segment_order[0] = d->segment_order[1]; }},
      {"the order does not", [](RoadData* d) { d->segment_order.pop_back(); }},
  };
  for (const auto& row : kRows) {
    RoadData data = SomeData();
    row.spoil(&data);
    const absl::Status status = CheckRoadData(data);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.message));
    EXPECT_FALSE(RoadMap::Create(data).ok());
  }
}

}  // namespace
}  // namespace housecall::router
