#include "router/tools/measuring.h"

#include <time.h>

#include <algorithm>

#include "absl/strings/str_format.h"

namespace housecall::router {
namespace {

double Now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

double MedianSeconds(int batches, int times, const std::function<void()>& run) {
  std::vector<double> seconds;
  for (int i = 0; i < batches; ++i) {
    const double begin = Now();
    for (int j = 0; j < times; ++j) run();
    seconds.push_back((Now() - begin) / times);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

std::vector<RoadPoint> FigurePoints(const RoadMap& map, int count,
                                    uint32_t among, FigureRandom* random) {
  const Array<Segment>& segments = map.data().segments;
  const uint32_t first =
      random->Below(static_cast<uint32_t>(segments.size()) - among + 1);
  std::vector<RoadPoint> points(static_cast<size_t>(count));
  for (RoadPoint& point : points) {
    point.segment = first + random->Below(among);
    point.offset_millimeters = segments[point.segment].length_millimeters / 2;
  }
  return points;
}

std::string TimeText(double seconds) {
  return seconds < 0      ? "-"
         : seconds < 1e-3 ? absl::StrFormat("%.1f us", seconds * 1e6)
         : seconds < 1    ? absl::StrFormat("%.2f ms", seconds * 1e3)
                          : absl::StrFormat("%.2f s", seconds);
}

}  // namespace housecall::router
