#include "tests/router/real_map.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "router/import/import.h"

namespace housecall::router {

std::string RealMapPath(const std::string& name) {
  const char* const shared = std::getenv("HOUSECALL_SHARED");
  const std::string path =
      absl::StrCat(shared != nullptr ? shared : "../shared", "/data/maps/",
                   name, ".osm.pbf");
  return std::filesystem::exists(path) ? path : "";
}

std::shared_ptr<const RoadMap> ImportRealMap(const std::string& path) {
  absl::StatusOr<RoadData> data = ImportOsm(path);
  EXPECT_TRUE(data.ok()) << data.status();
  return RoadMap::Create(*std::move(data)).value();
}

size_t MainSegments(const RoadData& data) {
  size_t main = 0;
  for (const Segment& segment : data.segments) {
    if (segment.Has(Segment::kReachesMain) &&
        segment.Has(Segment::kReachedFromMain)) {
      ++main;
    }
  }
  return main;
}

}  // namespace housecall::router
