// Figures of the router on one map, each beside plain Dijkstra's algorithm in
// the same run and, where there is one, beside its aim.
//
//   router_benchmark FILE.map [--no-turns]
//
// --no-turns: turns cost nothing and none is forbidden, as on the graphs for
// which figures of other programs are published.
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "router/living_roads.h"
#include "router/map_file.h"
#include "router/tools/map_benchmark.h"
#include "router/tools/measuring.h"
#include "router/travel_time_source.h"

namespace housecall::router {
namespace {

// On the road graph of New York with its 264,346 nodes: without turns, and with
// turns two and a half times as much.
struct Aim {
  const char* what;
  double seconds;
  double seconds_with_turns;
};
constexpr Aim kAims[] = {
    {"opening the file", 0.1, 0.1},
    {"one drive, time", 15e-6, 37.5e-6},
    {"customization", 40e-3, 0.1},
    {"5000 closures", 0.1, 0.1},
    {"a moved car to 500 open calls", 60e-6, 150e-6},
    {"200 x 200, nearby", 20e-3, 50e-3},
    {"200 x 200, whole map", 40e-3, 0.1},
};
constexpr double kAimMebibytes = 100;

void Print(const Figure& figure, bool has_turns) {
  double aim = -1;
  for (const Aim& one : kAims) {
    if (!absl::StartsWith(figure.what, one.what)) continue;
    aim = has_turns ? one.seconds_with_turns : one.seconds;
  }
  absl::PrintF("%-46s %10s %10s %10s\n", figure.what, TimeText(figure.seconds),
               TimeText(aim), TimeText(figure.plain_seconds));
  std::fflush(stdout);
}

// What this process holds that is no part of a file, in MiB.
double AnonymousMebibytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double kibibytes = 0;
    if (word == "RssAnon:" && status >> kibibytes) return kibibytes / 1024;
  }
  return 0;
}

void PrintMemory(const char* what, double mebibytes) {
  absl::PrintF("%-46s %6.0f MiB %6.0f MiB\n", what, mebibytes, kAimMebibytes);
}

// As the dispatcher holds roads: a state of now, a table, a route.
void MeasureMemory(const std::shared_ptr<const RoadMap>& map) {
  const auto roads = LivingRoads::Create(map, {}, absl::UnixEpoch()).value();
  PrintMemory("memory beyond the file, with a state of roads",
              AnonymousMebibytes());
  const RoadTravelTimes times(roads.get());
  const BoundingBox& box = map->bounds();
  const LatLng middle = {
      (box.south_west.latitude_degrees + box.north_east.latitude_degrees) / 2,
      (box.south_west.longitude_degrees + box.north_east.longitude_degrees) /
          2};
  if (!times.Times({middle}, {middle}).ok()) return;
  PrintMemory("the same after questions", AnonymousMebibytes());
  for (int hour = 0; hour < 48; ++hour) {
    roads->SetTime(absl::UnixEpoch() + absl::Hours(hour));
    roads->WaitUntilCurrent();
  }
  PrintMemory("the same after two days of hours", AnonymousMebibytes());
}

int Main(int argc, char** argv) {
  const bool has_turns = argc == 2;
  if (argc != 2 && !(argc == 3 && std::string(argv[2]) == "--no-turns")) {
    std::fprintf(stderr, "usage: router_benchmark FILE.map [--no-turns]\n");
    return 2;
  }
  const absl::Time start_time = absl::Now();
  absl::StatusOr<std::shared_ptr<const RoadMap>> map = OpenMap(argv[1]);
  const absl::Duration opening = absl::Now() - start_time;
  if (!map.ok()) {
    std::fprintf(stderr, "%s\n", std::string(map.status().message()).c_str());
    return 1;
  }
  absl::PrintF("%-46s %10s %10s %10s\n", has_turns ? "" : "without turns",
               "index", "aim", "Dijkstra");
  if (has_turns) {
    Print({"opening the file (wall)", absl::ToDoubleSeconds(opening), -1},
          has_turns);
    MeasureMemory(*map);
  } else {
    RoadData data = (*map)->data();
    data.turn_weights = {};
    data.forbidden_paths.clear();
    data.path_roads.clear();
    map = RoadMap::Create(std::move(data));
    if (!map.ok()) return 1;
  }
  MeasureMap(*map, [&](const Figure& figure) { Print(figure, has_turns); });
  return 0;
}

}  // namespace
}  // namespace housecall::router

int main(int argc, char** argv) { return housecall::router::Main(argc, argv); }
