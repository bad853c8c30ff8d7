#include "tests/router/exactness.h"

#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "router/anchors.h"
#include "router/isochrone.h"
#include "router/moving_cars.h"
#include "router/router.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

class Town {
 public:
  Town(std::shared_ptr<const RoadMap> map, std::vector<RoadPoint> points,
       PairCounts* counts)
      : map_(std::move(map)),
        points_(std::move(points)),
        counts_(*counts),
        query_(map_.get()),
        plain_(map_.get(), Query::Method::kPlain) {}

  void Compare(std::shared_ptr<const Metric> metric) {
    query_.SetMetric(metric);
    plain_.SetMetric(metric);
    expected_ = plain_.Matrix(points_, points_);
    CompareTables();
    ComparePairs();
    CompareMovingCars(metric);
    CompareWholeMap(*metric);
  }

 private:
  const Leg& Expected(size_t from, size_t to) const {
    return expected_[from * points_.size() + to];
  }

  void CompareTables() {
    const std::vector<Leg> table = query_.Matrix(points_, points_);
    ASSERT_EQ(table.size(), expected_.size());
    for (size_t i = 0; i < table.size(); ++i) ASSERT_EQ(table[i], expected_[i]);
    counts_["many to many"] += static_cast<int64_t>(table.size());
    for (size_t i = 0; i < points_.size(); ++i) {
      const std::vector<Leg> row = query_.OneToMany(points_[i], points_);
      const std::vector<Leg> column = query_.ManyToOne(points_, points_[i]);
      for (size_t j = 0; j < points_.size(); ++j) {
        ASSERT_EQ(row[j], Expected(i, j)) << i << " to " << j;
        ASSERT_EQ(column[j], Expected(j, i)) << j << " to " << i;
      }
      counts_["one to many"] += static_cast<int64_t>(row.size());
      counts_["many to one"] += static_cast<int64_t>(column.size());
    }
  }

  void ComparePairs() {
    for (size_t i = 0; i < points_.size(); ++i) {
      for (size_t j = 0; j < points_.size(); ++j) {
        ASSERT_EQ(query_.FindLeg(points_[i], points_[j]), Expected(i, j))
            << i << " to " << j;
        ++counts_["one to one"];
        // A way of its own for each of some.
        if ((i * points_.size() + j) % 16 != 0) continue;
        const std::optional<Path> path =
            query_.FindPath(points_[i], points_[j]);
        ASSERT_EQ(path.has_value(), Expected(i, j).reachable());
        ++counts_["routes, piece by piece"];
        if (!path.has_value()) continue;
        ASSERT_EQ(path->leg, Expected(i, j)) << i << " to " << j;
        uint64_t weight = 0;
        for (const PathPiece& piece : path->pieces) weight += piece.weight;
        ASSERT_EQ(weight, path->leg.weight) << i << " to " << j;
      }
    }
  }

  // Half of the cars are there before the calls, half come after them.
  void CompareMovingCars(const std::shared_ptr<const Metric>& metric) {
    MovingCars cars(map_.get());
    cars.SetMetric(metric);
    std::vector<uint32_t> car(points_.size());
    std::vector<uint32_t> call(points_.size());
    const size_t half = points_.size() / 2;
    for (size_t i = 0; i < half; ++i) car[i] = cars.AddCar(points_[i]);
    for (size_t j = 0; j < points_.size(); ++j) {
      call[j] = cars.AddCall(points_[j]);
    }
    for (size_t i = half; i < points_.size(); ++i) {
      car[i] = cars.AddCar(points_[i - half]);
      cars.MoveCar(car[i], points_[i]);
    }
    for (size_t i = 0; i < points_.size(); ++i) {
      for (size_t j = 0; j < points_.size(); ++j) {
        ASSERT_EQ(cars.leg(car[i], call[j]), Expected(i, j))
            << i << " to " << j;
        ++counts_[i < half ? "a new call from all cars"
                           : "a moved car to all calls"];
      }
    }
  }

  // What isochrones are drawn from.
  void CompareWholeMap(const Metric& metric) {
    std::vector<uint32_t> states(map_->graph().states());
    std::iota(states.begin(), states.end(), 0);
    Dijkstra dijkstra(&map_->graph());
    for (size_t i = 0; i < points_.size(); i += 8) {
      const std::vector<Cost> costs = CostsToAll(*map_, metric, {points_[i]});
      std::vector<Dijkstra::Seed> seeds;
      for (const Anchor& anchor : DepartAnchors(*map_, metric, points_[i])) {
        seeds.push_back({anchor.state, anchor.cost});
      }
      dijkstra.Run(metric.weights(), Dijkstra::Direction::kForwards, seeds,
                   states);
      for (const uint32_t state : states) {
        ASSERT_EQ(costs[state], dijkstra.cost(state)) << state;
      }
      counts_["one to the whole map"] += static_cast<int64_t>(states.size());
    }
  }

  const std::shared_ptr<const RoadMap> map_;
  const std::vector<RoadPoint> points_;
  PairCounts& counts_;
  Query query_;
  Query plain_;
  std::vector<Leg> expected_;
};

}  // namespace

void ExpectExact(uint64_t first_seed, int towns, uint32_t side, int points,
                 PairCounts* counts) {
  for (uint64_t seed = first_seed;
       seed < first_seed + static_cast<uint64_t>(towns); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RandomNetwork network = MakeTown(random, side, points);
    const auto map = RoadMap::Create(std::move(network.data)).value();
    Town town(map, std::move(network.points), counts);
    town.Compare(map->metric());
    if (testing::Test::HasFailure()) return;

    const uint32_t roads = static_cast<uint32_t>(map->data().segments.size());
    std::vector<RoadChange> changes;
    for (uint32_t code = 0; code < roads * 2; ++code) {
      if (!random.OneIn(20)) continue;
      changes.push_back(
          {ArcRoad{code}, random.OneIn(2) ? kClosed : random.Below(3000)});
    }
    const auto changed =
        std::make_shared<const Metric>(*map->metric(), changes);
    town.Compare(changed);
    if (testing::Test::HasFailure()) return;

    // One road that takes hours.
    const uint32_t slow = random.Below(roads);
    const auto wide = std::make_shared<const Metric>(
        *changed,
        std::vector<RoadChange>{{ArcRoad::Of(slow, false), kNarrowLimit + 5},
                                {ArcRoad::Of(slow, true), 3 * kNarrowLimit}});
    town.Compare(wide);
    if (testing::Test::HasFailure()) return;
  }
}

int64_t PrintCounts(const PairCounts& counts) {
  int64_t sum = 0;
  for (const auto& [what, pairs] : counts) {
    absl::PrintF("%-26s %12d pairs\n", what, pairs);
    sum += pairs;
  }
  absl::PrintF("%-26s %12d pairs equal\n", "all", sum);
  return sum;
}

}  // namespace housecall::router
