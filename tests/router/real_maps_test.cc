// The real road networks that lie beside the repository, if they do.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/import/import.h"
#include "router/map_file.h"
#include "router/router.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"

namespace housecall::router {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Tests run in the repository's root. Empty: not there.
std::string MapPath(const std::string& name) {
  const char* const shared = std::getenv("HOUSECALL_SHARED");
  const std::string path =
      absl::StrCat(shared != nullptr ? shared : "../shared", "/data/maps/",
                   name, ".osm.pbf");
  return std::filesystem::exists(path) ? path : "";
}

std::shared_ptr<const RoadMap> ImportReal(const std::string& path) {
  absl::StatusOr<RoadData> data = ImportOsm(path);
  EXPECT_TRUE(data.ok()) << data.status();
  return RoadMap::Create(*std::move(data)).value();
}

#define MAP_OR_SKIP(variable, name)                                      \
  const std::string variable = MapPath(name);                            \
  if (variable.empty()) {                                                \
    GTEST_SKIP() << name                                                 \
                 << ".osm.pbf is not there; put it into ../shared/data/" \
                    "maps, or set HOUSECALL_SHARED";                     \
  }

TEST(RealMaps, TachikawaIsOneNetwork) {
  MAP_OR_SKIP(path, "tachikawa");
  const std::shared_ptr<const RoadMap> map = ImportReal(path);
  EXPECT_GT(map->data().segments.size(), 5000u);
  EXPECT_THAT(map->data().names, Contains("芋窪街道"));
  constexpr uint8_t kMain = Segment::kReachesMain | Segment::kReachedFromMain;
  size_t main = 0;
  for (const Segment& segment : map->data().segments) {
    if ((segment.flags & kMain) == kMain) ++main;
  }
  EXPECT_GT(main, map->data().segments.size() * 99 / 100);
  // Tachikawa station to the Tachikawa fire academy's side of the town.
  const Route route = RoadTravelTimes(map)
                          .FindRoute({35.6985, 139.4137}, {35.7250, 139.4200})
                          .value();
  EXPECT_GT(route.distance_meters, 3000);
  EXPECT_LT(route.distance_meters, 6000);
  EXPECT_GT(route.duration, absl::Minutes(5));
  EXPECT_LT(route.duration, absl::Minutes(15));
}

TEST(RealMaps, ShibuyaHasWhatCarsCannotUse) {
  MAP_OR_SKIP(path, "shibuya");
  ImportReport report;
  const absl::StatusOr<RoadData> data = ImportOsm(path, {}, &report);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(report.ways, 1651);
  EXPECT_LT(report.road_ways, 700);
  EXPECT_GT(report.road_ways, 500);
  EXPECT_GT(report.barriers, 0);
}

TEST(RealMaps, PortoIsMostlyOneNetworkAndDated) {
  MAP_OR_SKIP(path, "porto");
  const std::shared_ptr<const RoadMap> map = ImportReal(path);
  ASSERT_TRUE(map->data().source_time.has_value());
  EXPECT_EQ(absl::FormatTime("%Y-%m-%d", *map->data().source_time,
                             absl::UTCTimeZone()),
            "2015-06-06");
  size_t main = 0;
  for (const Segment& segment : map->data().segments) {
    if (segment.Has(Segment::kReachesMain) &&
        segment.Has(Segment::kReachedFromMain)) {
      ++main;
    }
  }
  EXPECT_GT(main, map->data().segments.size() * 98 / 100);
  // Over the Douro, whose bridges are few.
  const Route route = RoadTravelTimes(map)
                          .FindRoute({41.1450, -8.6100}, {41.1330, -8.6100})
                          .value();
  EXPECT_GT(route.distance_meters, 1500);
  EXPECT_LT(route.distance_meters, 6000);
}

TEST(RealMaps, EveryDamagedSourceIsRefused) {
  MAP_OR_SKIP(path, "shibuya");
  std::ifstream file(path, std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(file)), {});
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    const size_t length = random.Below(static_cast<uint32_t>(sound.size()));
    const std::string cut = WriteFile(sound.substr(0, length), "cut.osm.pbf");
    const absl::Status status = ImportOsm(cut).status();
    EXPECT_FALSE(status.ok()) << length;
    EXPECT_THAT(std::string(status.message()), HasSubstr(cut));
    std::string flipped = sound;
    for (uint32_t n = 1 + random.Below(5); n > 0; --n) {
      flipped[random.Below(static_cast<uint32_t>(sound.size()))] ^=
          static_cast<char>(1 + random.Below(255));
    }
    const absl::StatusOr<RoadData> data =
        ImportOsm(WriteFile(flipped, "flipped.osm.pbf"));
    if (data.ok()) {
      EXPECT_TRUE(CheckRoadData(*data).ok());
    }
  }
}

// The graph of the 9th DIMACS challenge has 264,346 nodes and 733,846 arcs, of
// which 3,746 are parallel to shorter ones or doubled in the file that it was
// made of; its weights have to arrive unchanged.
TEST(RealMaps, NewYorkKeepsNodesAndWeightsOfItsSource) {
  MAP_OR_SKIP(path, "new-york");
  const std::shared_ptr<const RoadMap> map = ImportReal(path);
  const RoadData& data = map->data();
  EXPECT_EQ(data.nodes.size(), 264346u);
  EXPECT_EQ(data.segments.size(), 365050u);
  EXPECT_EQ(map->graph().arcs(), 730100u);
  EXPECT_EQ(data.weight_unit_microseconds, 2880u);
  // The first arc of the challenge's file USA-road-t.NY: a 1 2 2008.
  bool found = false;
  for (const Segment& segment : data.segments) {
    const int64_t from = data.source_node_ids[segment.from_node];
    const int64_t to = data.source_node_ids[segment.to_node];
    if (std::min(from, to) != 1 || std::max(from, to) != 2) continue;
    found = true;
    EXPECT_EQ(segment.forward_weight, 2008u);
    EXPECT_EQ(segment.backward_weight, 2008u);
    EXPECT_EQ(segment.length_millimeters, 80300u);
  }
  EXPECT_TRUE(found);
}

TEST(RealMaps, NewYorkOpensAgain) {
  MAP_OR_SKIP(path, "new-york");
  const std::string map_path = TestFolder() + "/new-york.map";
  const RoadData data = ImportOsm(path).value();
  ASSERT_TRUE(SaveMap(data, map_path).ok());
  const absl::Time start_time = absl::Now();
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(map_path);
  const absl::Duration open_duration = absl::Now() - start_time;
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ((*map)->data(), data);
  RecordProperty("open_milliseconds",
                 static_cast<int>(absl::ToInt64Milliseconds(open_duration)));
}

}  // namespace
}  // namespace housecall::router
