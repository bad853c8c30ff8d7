// Figures of the router on one map, each beside plain Dijkstra's algorithm in
// the same run and, where there is one, beside its aim.
#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "router/map_file.h"
#include "router/tools/map_benchmark.h"

namespace housecall::router {
namespace {

// On the road graph of New York with its 264,346 nodes, with turns: two and a
// half times what is wanted of an index that knows no turns.
struct Aim {
  const char* what;
  double seconds;
};
constexpr Aim kAims[] = {
    {"one drive, time and distance", 37.5e-6},
    {"customization", 0.1},
    {"5000 closures", 0.1},
    {"a moved car to 500 open calls", 150e-6},
    {"200 x 200, nearby", 50e-3},
    {"200 x 200, whole map", 0.1},
};

std::string Time(double seconds) {
  return seconds < 0      ? "-"
         : seconds < 1e-3 ? absl::StrFormat("%.1f us", seconds * 1e6)
         : seconds < 1    ? absl::StrFormat("%.2f ms", seconds * 1e3)
                          : absl::StrFormat("%.2f s", seconds);
}

void Print(const Figure& figure) {
  double aim = -1;
  for (const Aim& one : kAims) {
    if (absl::StartsWith(figure.what, one.what)) aim = one.seconds;
  }
  absl::PrintF("%-46s %10s %10s %10s\n", figure.what, Time(figure.seconds),
               Time(aim), Time(figure.plain_seconds));
  std::fflush(stdout);
}

}  // namespace
}  // namespace housecall::router

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: router_benchmark FILE.map\n");
    return 2;
  }
  const auto map = housecall::router::OpenMap(argv[1]);
  if (!map.ok()) {
    std::fprintf(stderr, "%s\n", std::string(map.status().message()).c_str());
    return 1;
  }
  absl::PrintF("%-46s %10s %10s %10s\n", "", "index", "aim", "Dijkstra");
  housecall::router::MeasureMap(*map, housecall::router::Print);
  return 0;
}
