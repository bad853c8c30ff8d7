#include "router/import/demo_town.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/import/import.h"
#include "router/router.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(DemoTown, IsTheSameForTheSameSeed) {
  EXPECT_EQ(DemoTownOsm(1), DemoTownOsm(1));
  EXPECT_NE(DemoTownOsm(1), DemoTownOsm(2));
}

TEST(DemoTown, SaysThatItIsInvented) {
  const std::string osm = DemoTownOsm(1);
  EXPECT_THAT(osm, HasSubstr("<!-- An invented town"));
  EXPECT_THAT(osm, HasSubstr("<tag k=\"fictional\" v=\"yes\"/>"));
  const RoadData data = ImportOsm(WriteFile(osm, "demo.osm")).value();
  EXPECT_EQ(data.attribution, "An invented town; no such place exists");
}

TEST(DemoTown, HasStreetsOfAllKindsAroundItsMiddle) {
  ImportReport report;
  const RoadData data =
      ImportOsm(WriteFile(DemoTownOsm(1), "demo.osm"), {}, &report).value();
  EXPECT_GT(data.nodes.size(), 500u);
  EXPECT_LT(data.nodes.size(), 1000u);
  EXPECT_EQ(report.barriers, 1);
  EXPECT_LT(report.road_ways, report.ways);  // Footpaths and a river.
  EXPECT_THAT(data.names, Contains("見本通り"));
  std::set<RoadClass> classes;
  int one_way = 0;
  int ends_only = 0;
  for (const Segment& segment : data.segments) {
    classes.insert(segment.road_class);
    if (segment.forward_weight == kClosed ||
        segment.backward_weight == kClosed) {
      ++one_way;
    }
    if (segment.Has(Segment::kEndsOnly)) ++ends_only;
  }
  EXPECT_EQ(classes, (std::set<RoadClass>{
                         RoadClass::kPrimary, RoadClass::kTertiary,
                         RoadClass::kResidential, RoadClass::kService}));
  EXPECT_GT(one_way, 20);
  EXPECT_GT(ends_only, 0);
  const std::shared_ptr<const RoadMap> map = RoadMap::Create(data).value();
  EXPECT_TRUE(map->bounds().Contains({35.67, 139.39}));
}

TEST(DemoTown, EveryRoadReachesEveryOtherOne) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const RoadData data =
        ImportOsm(WriteFile(DemoTownOsm(seed), "demo.osm")).value();
    for (const Segment& segment : data.segments) {
      ASSERT_EQ(segment.component, 0u) << seed;
      ASSERT_TRUE(segment.Has(Segment::kReachesMain)) << seed;
      ASSERT_TRUE(segment.Has(Segment::kReachedFromMain)) << seed;
    }
  }
}

TEST(DemoTown, TheRiverIsCrossedByTwoBridges) {
  const std::string osm = DemoTownOsm(1);
  size_t bridges = 0;
  for (size_t at = osm.find("k=\"bridge\""); at != std::string::npos;
       at = osm.find("k=\"bridge\"", at + 1)) {
    ++bridges;
  }
  EXPECT_EQ(bridges, 2u);
  // Straight across it is 300 m, by the next bridge much more.
  const std::shared_ptr<const RoadMap> map =
      RoadMap::Create(ImportOsm(WriteFile(osm, "demo.osm")).value()).value();
  const Route route = RoadTravelTimes(map)
                          .FindRoute({35.6679, 139.3900}, {35.6705, 139.3900})
                          .value();
  EXPECT_GT(route.distance_meters, 900);
}

}  // namespace
}  // namespace housecall::router
