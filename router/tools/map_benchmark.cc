#include "router/tools/map_benchmark.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "router/living_roads.h"
#include "router/map_file.h"
#include "router/moving_cars.h"
#include "router/nested_dissection.h"
#include "router/router.h"
#include "router/tools/measuring.h"

namespace housecall::router {
namespace {

class Benchmark {
 public:
  Benchmark(std::shared_ptr<const RoadMap> map,
            const std::function<void(const Figure&)>& tell)
      : map_(std::move(map)),
        tell_(tell),
        query_(map_.get()),
        plain_(map_.get(), Query::Method::kPlain) {}

  void Run();

 private:
  uint32_t segments() const {
    return static_cast<uint32_t>(map_->data().segments.size());
  }
  std::vector<RoadPoint> Points(int count, uint32_t among) {
    return FigurePoints(*map_, count, among, &random_);
  }
  void Preparation();
  void Earthquake();
  void PointToPoint();
  void Table(const std::string& what, int size, uint32_t among);
  void OneToMany(int size);

  void Print(const std::string& what, double seconds, double plain_seconds) {
    tell_({what, seconds, plain_seconds});
  }

  const std::shared_ptr<const RoadMap> map_;
  const std::function<void(const Figure&)>& tell_;
  Query query_;
  Query plain_;
  FigureRandom random_;
};

void Benchmark::Preparation() {
  const RoadData& data = map_->data();
  std::vector<uint32_t> order;
  Print("order of contraction, once per map",
        MedianSeconds(1, 1, [&] { order = DissectionOrder(data); }), -1);
  const Graph graph(data);
  Print("topology, once per start",
        MedianSeconds(3, 1, [&] { const Hierarchy hierarchy(graph, order); }),
        -1);
  const Hierarchy hierarchy(graph, order);
  const Network network = {&data, &graph, &hierarchy};
  const GraphWeights weights(&graph, &data);
  Print("customization",
        MedianSeconds(7, 1, [&] { const Metric metric(network, weights); }),
        -1);
  const Metric metric(network, weights);
  for (const uint32_t roads : {1u, 10u, 100u, 1000u, 5000u}) {
    std::vector<std::vector<RoadChange>> changes(11);
    for (std::vector<RoadChange>& some : changes) {
      for (uint32_t i = 0; i < roads; ++i) {
        const uint32_t segment = random_.Below(segments());
        some.push_back({ArcRoad::Of(segment, false), kClosed});
        some.push_back({ArcRoad::Of(segment, true), kClosed});
      }
    }
    size_t next = 0;
    const double seconds =
        MedianSeconds(static_cast<int>(changes.size()), 1,
                      [&] { const Metric after(metric, changes[next++]); });
    Print(absl::StrFormat("%d roads closed", roads), seconds, -1);
  }
}

// By the clock on the wall, on two threads: from the word until questions are
// answered by it.
void Benchmark::Earthquake() {
  const auto roads = LivingRoads::Create(map_, {}, absl::UnixEpoch()).value();
  std::vector<double> seconds;
  for (int i = 0; i < 7; ++i) {
    RoadCondition quake;
    quake.shape = RoadCondition::Shape::kSegments;
    for (int j = 0; j < 5000; ++j) {
      quake.segments.push_back(random_.Below(segments()));
    }
    const absl::Time begin_time = absl::Now();
    if (!roads->SetConditions({quake}).ok()) return;
    roads->WaitUntilCurrent();
    seconds.push_back(absl::ToDoubleSeconds(absl::Now() - begin_time));
  }
  std::sort(seconds.begin(), seconds.end());
  Print("5000 closures until answers have them (wall)",
        seconds[seconds.size() / 2], -1);
}

void Benchmark::PointToPoint() {
  const std::vector<RoadPoint> from = Points(1000, segments());
  const std::vector<RoadPoint> to = Points(1000, segments());
  size_t next = 0;
  const auto ask = [&](Query* query) {
    query->FindLeg(from[next % from.size()], to[next % to.size()]);
    ++next;
  };
  const double index = MedianSeconds(21, 1000, [&] { ask(&query_); });
  const double plain = MedianSeconds(7, 3, [&] { ask(&plain_); });
  Print("one drive, time", index, plain);
  const double path = MedianSeconds(11, 200, [&] {
    query_.FindPath(from[next % from.size()], to[next % to.size()]);
    ++next;
  });
  Print("one drive with its roads and distance", path, plain);
}

void Benchmark::Table(const std::string& what, int size, uint32_t among) {
  among = std::min(among, segments());
  const std::vector<RoadPoint> from = Points(size, among);
  // The same neighbourhood.
  std::vector<RoadPoint> to;
  for (const RoadPoint& point : from) {
    to.push_back(from[random_.Below(static_cast<uint32_t>(from.size()))]);
    to.back().offset_millimeters /= 2;
    static_cast<void>(point);
  }
  const double index = MedianSeconds(9, 1, [&] { query_.Matrix(from, to); });
  // A few rows of the plain search stand for all of them.
  constexpr size_t kRows = 5;
  const double plain =
      MedianSeconds(3, 1,
                    [&] {
                      plain_.Matrix(absl::MakeConstSpan(from).subspan(0, kRows),
                                    to);
                    }) *
      size / kRows;
  Print(what, index, plain);
}

void Benchmark::OneToMany(int size) {
  const std::vector<RoadPoint> calls = Points(size, segments());
  const std::vector<RoadPoint> cars = Points(100, segments());
  size_t next = 0;
  const double plain = MedianSeconds(
      5, 1, [&] { plain_.OneToMany(cars[next++ % cars.size()], calls); });
  Print(
      absl::StrFormat("one place to %d, both new", size),
      MedianSeconds(
          11, 20, [&] { query_.OneToMany(cars[next++ % cars.size()], calls); }),
      plain);

  MovingCars moving(map_.get());
  for (const RoadPoint& call : calls) moving.AddCall(call);
  std::vector<uint32_t> added;
  for (const RoadPoint& car : cars) added.push_back(moving.AddCar(car));
  Print(absl::StrFormat("a moved car to %d open calls", size),
        MedianSeconds(21, 100,
                      [&] {
                        const size_t i = next++ % cars.size();
                        moving.MoveCar(added[i], cars[(i * 7) % cars.size()]);
                      }),
        plain);
  Print(absl::StrFormat("a new call from %d cars", cars.size()),
        MedianSeconds(21, 100,
                      [&] {
                        moving.RemoveCall(
                            moving.AddCall(calls[next++ % calls.size()]));
                      }),
        plain);
}

void Benchmark::Run() {
  Preparation();
  Earthquake();
  PointToPoint();
  OneToMany(500);
  Table("50 x 50, nearby", 50, 5000);
  Table("200 x 200, nearby", 200, 5000);
  Table("200 x 200, whole map", 200, segments());
}

}  // namespace

void MeasureMap(std::shared_ptr<const RoadMap> map,
                const std::function<void(const Figure&)>& tell) {
  Benchmark(std::move(map), tell).Run();
}

}  // namespace housecall::router
