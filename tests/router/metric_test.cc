// Metrics that change: what is made of another metric is what is made anew.
#include "router/metric.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "router/router.h"
#include "tests/router/ascii_map.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

void ExpectSame(const Metric& a, const Metric& b) {
  const Hierarchy& hierarchy = *a.network().hierarchy;
  for (uint32_t rank = 0; rank < hierarchy.blocks(); ++rank) {
    ASSERT_EQ(a.self(rank), b.self(rank)) << rank;
    for (size_t arc = 0; arc < hierarchy.Heads(rank).size(); ++arc) {
      ASSERT_EQ(a.up(rank)[arc], b.up(rank)[arc]) << rank << " " << arc;
      ASSERT_EQ(a.down(rank)[arc], b.down(rank)[arc]) << rank << " " << arc;
    }
  }
}

// Some directions of some roads, each once.
std::vector<RoadChange> SomeChanges(const RoadData& data, uint32_t one_in,
                                    Random& random) {
  std::vector<RoadChange> changes;
  for (uint32_t code = 0; code < data.segments.size() * 2; ++code) {
    if (!random.OneIn(one_in)) continue;
    changes.push_back(
        {ArcRoad{code}, random.OneIn(2) ? kClosed : random.Below(2000)});
  }
  return changes;
}

// What the map says with the changes on top.
GraphWeights WeightsAfter(const RoadMap& map,
                          const std::vector<RoadChange>& changes) {
  GraphWeights weights(&map.graph(), &map.data());
  for (const RoadChange& change : changes) {
    const Segment& segment = map.data().segments[change.road.segment()];
    if ((change.road.backward() ? segment.backward_weight
                                : segment.forward_weight) != kClosed) {
      weights.Set(change.road, change.weight);
    }
  }
  return weights;
}

TEST(Metric, OfChangesIsTheOneMadeAnew) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomNetwork town = MakeTown(random);
    const auto map = RoadMap::Create(town.data).value();
    std::shared_ptr<const Metric> metric = map->metric();
    std::vector<RoadChange> all;
    // Few changes are followed upwards, many are made anew.
    for (const uint32_t one_in : {1000u, 1000u, 200u, 20u, 1000u}) {
      const std::vector<RoadChange> some =
          SomeChanges(map->data(), one_in, random);
      all.insert(all.end(), some.begin(), some.end());
      metric = std::make_shared<const Metric>(*metric, some);
      const Metric anew(map->network(), WeightsAfter(*map, all));
      ExpectSame(*metric, anew);
      if (HasFailure()) return;
    }
  }
}

TEST(Metric, OfOneChangedRoadIsTheOneMadeAnew) {
  Random random(5);
  const auto map = RoadMap::Create(MakeTown(random).data).value();
  for (int i = 0; i < 300; ++i) {
    const uint32_t segment =
        random.Below(static_cast<uint32_t>(map->data().segments.size()));
    const std::vector<RoadChange> changes = {
        {ArcRoad::Of(segment, random.OneIn(2)),
         random.OneIn(2) ? kClosed : random.Below(2000)}};
    const Metric metric(*map->metric(), changes);
    ExpectSame(metric, Metric(map->network(), WeightsAfter(*map, changes)));
    // And back again.
    const Metric back(
        metric,
        {{changes[0].road, map->metric()->weights().road(changes[0].road)}});
    ExpectSame(back, *map->metric());
    if (HasFailure()) return;
  }
}

TEST(Metric, AgreesWithThePlainSearchAfterChanges) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomNetwork town = MakeTown(random);
    const auto map = RoadMap::Create(town.data).value();
    std::shared_ptr<const Metric> metric = map->metric();
    Query query(map.get());
    Query plain(map.get(), Query::Method::kPlain);
    for (const uint32_t one_in : {1000u, 50u, 7u}) {
      metric = std::make_shared<const Metric>(
          *metric, SomeChanges(map->data(), one_in, random));
      query.SetMetric(metric);
      plain.SetMetric(metric);
      EXPECT_EQ(query.Matrix(town.points, town.points),
                plain.Matrix(town.points, town.points));
      for (int i = 0; i < 300; ++i) {
        const RoadPoint& from = town.points[random.Below(
            static_cast<uint32_t>(town.points.size()))];
        const RoadPoint& to = town.points[random.Below(
            static_cast<uint32_t>(town.points.size()))];
        const std::optional<Path> path = query.FindPath(from, to);
        const std::optional<Path> expected = plain.FindPath(from, to);
        ASSERT_EQ(path.has_value(), expected.has_value());
        if (!path.has_value()) continue;
        ASSERT_EQ(path->leg, expected->leg);
      }
      if (HasFailure()) return;
    }
  }
}

// Adds forbidden paths of three roads, and hours to most of all paths.
void AddHours(RoadData* data, Random& random) {
  std::map<uint32_t, std::vector<ArcRoad>> from;
  const auto begin_of = [&](ArcRoad road) {
    const Segment& segment = data->segments[road.segment()];
    return road.backward() ? segment.to_node : segment.from_node;
  };
  const uint32_t roads = static_cast<uint32_t>(data->segments.size()) * 2;
  for (uint32_t code = 0; code < roads; ++code) {
    from[begin_of({code})].push_back({code});
  }
  for (int i = 0; i < 150; ++i) {
    std::vector<ArcRoad> path = {{random.Below(roads)}};
    while (path.size() < 3) {
      const std::vector<ArcRoad>& next = from[begin_of(path.back().reversed())];
      path.push_back(next[random.Below(static_cast<uint32_t>(next.size()))]);
    }
    data->forbidden_paths.push_back(
        {static_cast<uint32_t>(data->path_roads.size())});
    data->path_roads.insert(data->path_roads.end(), path.begin(), path.end());
  }
  for (uint32_t i = 0; i < 5; ++i) {
    data->hours.push_back(i);
    data->hour_spans.push_back({HourSpan::kAllDays, HourSpan::kAllDays,
                                static_cast<uint16_t>(i * 60),
                                static_cast<uint16_t>(i * 60 + 60), 0});
  }
  for (ForbiddenPath& path : data->forbidden_paths) {
    if (random.OneIn(6)) continue;
    path.hours = random.Below(5);
  }
}

// The same map with those forbidden paths only that count while some hours
// hold, at all hours then.
RoadData WithoutHours(const RoadData& data, const std::vector<bool>& hold) {
  RoadData plain = data;
  plain.forbidden_paths.clear();
  plain.path_roads.clear();
  plain.hours.clear();
  plain.hour_spans.clear();
  for (size_t i = 0; i < data.forbidden_paths.size(); ++i) {
    const ForbiddenPath& path = data.forbidden_paths[i];
    if (path.hours != ForbiddenPath::kAlways && !hold[path.hours]) continue;
    const size_t end = i + 1 < data.forbidden_paths.size()
                           ? data.forbidden_paths[i + 1].first_road
                           : data.path_roads.size();
    plain.forbidden_paths.push_back(
        {static_cast<uint32_t>(plain.path_roads.size())});
    for (size_t at = path.first_road; at < end; ++at) {
      plain.path_roads.push_back(data.path_roads[at]);
    }
  }
  return plain;
}

TEST(Metric, OfSomeHoursIsThatOfAMapWithoutHours) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    RandomNetwork town = MakeTown(random);
    AddHours(&town.data, random);
    const auto map = RoadMap::Create(town.data).value();
    ASSERT_GT(map->graph().conditions(), 5u);
    std::shared_ptr<const Metric> metric = map->metric();
    for (int round = 0; round < 4; ++round) {
      std::vector<bool> hold;
      for (int i = 0; i < 5; ++i) hold.push_back(random.OneIn(2));
      std::vector<TurnChange> changes;
      GraphWeights weights = map->metric()->weights();
      for (uint32_t i = 1; i < map->graph().conditions(); ++i) {
        bool holds = false;
        for (const uint32_t hours : map->graph().condition(i).hours) {
          holds |= hold[hours];
        }
        changes.push_back({i, holds});
        weights.SetCondition(i, holds);
      }
      metric = std::make_shared<const Metric>(
          *metric, std::vector<RoadChange>(), changes, 1);
      ExpectSame(*metric, Metric(map->network(), weights));
      const auto plain_map =
          RoadMap::Create(WithoutHours(town.data, hold)).value();
      Query query(map.get());
      query.SetMetric(metric);
      Query plain(plain_map.get(), Query::Method::kPlain);
      EXPECT_EQ(query.Matrix(town.points, town.points),
                plain.Matrix(town.points, town.points));
      if (HasFailure()) return;
    }
  }
}

TEST(Metric, TakesFourBytesWhereThreeAreTooFew) {
  Random random(4);
  const auto map = RoadMap::Create(MakeTown(random).data).value();
  ASSERT_EQ(map->metric()->width(), CostWidth::kNarrow);
  uint32_t open = 0;
  while (map->data().segments[open].forward_weight == kClosed ||
         map->data().segments[open].Has(Segment::kEndsOnly)) {
    ++open;
  }
  const ArcRoad road = ArcRoad::Of(open, false);
  for (const uint32_t weight :
       {kNarrowLimit, 2 * kNarrowLimit - 1, 2 * kNarrowLimit,
        2 * kNarrowLimit + 1, 50 * kNarrowLimit, kMaxSegmentWeight}) {
    SCOPED_TRACE(weight);
    const std::vector<RoadChange> changes = {{road, weight}};
    const Metric metric(*map->metric(), changes);
    const Metric anew(map->network(), WeightsAfter(*map, changes));
    EXPECT_EQ(anew.width(), CostWidth::kWide);
    ExpectSame(metric, anew);
    // Three bytes are enough again.
    const Metric back(metric, {{road, map->metric()->weights().road(road)}});
    ExpectSame(back, *map->metric());
    EXPECT_EQ(Metric(map->network(), back.weights()).width(),
              CostWidth::kNarrow);
  }
}

TEST(Metric, SharesWhatDidNotChange) {
  Random random(3);
  const auto map = RoadMap::Create(MakeTown(random).data).value();
  const Metric same(*map->metric(), {});
  EXPECT_LT(same.BytesBeside(map->metric().get()),
            map->metric()->BytesBeside(nullptr));
}

TEST(Metric, LetsCarsTurnBackWhereAClosureLeavesNoOtherWay) {
  // Who comes from D may not turn left; he turns round where the road ends.
  const AsciiMap map(R"(
    A--B--C--E
       |
       D
  )",
                     {{0, 0, 15000}, {"DBA"}});
  Query query(map.map().get());
  EXPECT_EQ(query.FindLeg(map.Point('D'), map.Point('A')).weight, 32000u);
  const uint32_t last = map.Point('E').segment;
  query.SetMetric(std::make_shared<Metric>(
      *map.map()->metric(),
      std::vector<RoadChange>{{ArcRoad::Of(last, false), kClosed},
                              {ArcRoad::Of(last, true), kClosed}}));
  EXPECT_EQ(query.FindLeg(map.Point('D'), map.Point('A')).weight, 26000u);
  EXPECT_FALSE(query.FindLeg(map.Point('D'), map.Point('E')).reachable());
}

// A metric writes each turn to its arc.
TEST(Hierarchy, RefusesAnIndexThatLacksArcsOfTurns) {
  const AsciiMap map(R"(
    A--B--C
    |  |  |
    D--E--F
  )");
  const Network network = map.map()->network();
  const Hierarchy::Stored sound = network.hierarchy->ToStored();
  ASSERT_GT(sound.heads.size(), 0u);
  ASSERT_TRUE(Hierarchy::FromStored(*network.graph, sound).ok());
  Hierarchy::Stored without = sound;
  without.heads = {};
  without.first_arcs =
      std::vector<uint32_t>(std::as_const(sound.first_arcs).size(), 0);
  const absl::StatusOr<Hierarchy> hierarchy =
      Hierarchy::FromStored(*network.graph, without);
  ASSERT_FALSE(hierarchy.ok());
  EXPECT_EQ(hierarchy.status().message(), "its index: a turn");
}

}  // namespace
}  // namespace housecall::router
