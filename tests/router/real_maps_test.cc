#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/import/import.h"
#include "router/router.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"
#include "tests/router/real_map.h"

namespace housecall::router {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(RealMaps, TachikawaIsOneNetwork) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "tachikawa");
  const std::shared_ptr<const RoadMap> map = ImportRealMap(path);
  EXPECT_GT(map->data().segments.size(), 5000u);
  EXPECT_THAT(map->data().names, Contains("芋窪街道"));
  EXPECT_GT(MainSegments(map->data()), map->data().segments.size() * 99 / 100);
  // From the station 3 km to the north.
  const Route route = RoadTravelTimes(map)
                          .FindRoute({35.6985, 139.4137}, {35.7250, 139.4200})
                          .value();
  EXPECT_GT(route.distance_meters, 3000);
  EXPECT_LT(route.distance_meters, 6000);
  EXPECT_GT(route.duration, absl::Minutes(5));
  EXPECT_LT(route.duration, absl::Minutes(15));
}

TEST(RealMaps, ShibuyaHasWhatCarsCannotUse) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "shibuya");
  ImportReport report;
  const absl::StatusOr<RoadData> data = ImportOsm(path, {}, &report);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(report.ways, 1651);
  EXPECT_LT(report.road_ways, 700);
  EXPECT_GT(report.road_ways, 500);
  EXPECT_GT(report.barriers, 0);
}

TEST(RealMaps, DamagedSourcesAreRefusedOrMakeSoundMaps) {
  HOUSECALL_REAL_MAP_OR_SKIP(path, "shibuya");
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

}  // namespace
}  // namespace housecall::router
