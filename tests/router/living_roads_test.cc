#include "router/living_roads.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "router/road_builder.h"
#include "router/road_policy.h"
#include "router/travel_time_source.h"
#include "tests/router/ascii_map.h"
#include "tests/router/osm_text.h"
#include "tests/router/random.h"
#include "tests/router/random_network.h"

namespace housecall::router {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::TimeZone kTokyo = absl::FixedTimeZone(9 * 60 * 60);

// 21 November 2026 is a Saturday.
absl::Time At(int day, int hour, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(2026, 11, day, hour, minute),
                         kTokyo);
}

// A ring of four roads and a way through its middle.
constexpr char kTown[] = R"(
    A-----B-----C
    |     |     |
    |     |     |
    D-----E-----F
)";

// As the map says from 22:00 to 6:00, half as fast otherwise.
SpeedCalendar HalfSpeedByDay() {
  SpeedCalendar calendar = SpeedCalendar::Default();
  calendar.profiles = {{"night", {}}, {"day", {}}};
  calendar.profiles[0].factors.fill(1);
  calendar.profiles[1].factors.fill(0.5);
  for (auto& day : calendar.by_hour) {
    for (size_t hour = 0; hour < 24; ++hour) {
      day[hour] = hour < 6 || hour >= 22 ? 0 : 1;
    }
  }
  return calendar;
}

std::unique_ptr<LivingRoads> Roads(const AsciiMap& map, absl::Time now,
                                   SpeedCalendar calendar = HalfSpeedByDay()) {
  return LivingRoads::Create(map.map(), {std::move(calendar), {}, 2}, now)
      .value();
}

LatLng Between(const LatLng& a, const LatLng& b) {
  return {(a.latitude_degrees + b.latitude_degrees) / 2,
          (a.longitude_degrees + b.longitude_degrees) / 2};
}

// A line over the whole of the road between two nodes.
RoadCondition Along(const AsciiMap& map, char from, char to) {
  RoadCondition condition;
  condition.reason = {from, to};
  condition.points = {map.At(from), map.At(to)};
  condition.within_meters = 5;
  return condition;
}

double Seconds(const TravelTimeSource& source, const AsciiMap& map, char from,
               char to) {
  const TravelCell cell =
      source.Times({map.At(from)}, {map.At(to)}).value().at(0, 0);
  return cell.reachable ? absl::ToDoubleSeconds(cell.duration) : -1;
}

TEST(LivingRoads, FollowsTheHour) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 12);
  EXPECT_EQ(times.version(), 1u);
  EXPECT_EQ(times.description(), "road map ascii, night (state 1)");
  roads->SetTime(At(22, 6));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 24);
  EXPECT_EQ(times.version(), 2u);
  EXPECT_THAT(times.description(), HasSubstr("day (state 2)"));
  // Nothing has changed an hour later.
  roads->SetTime(At(22, 7));
  roads->WaitUntilCurrent();
  EXPECT_EQ(times.version(), 2u);
  roads->SetTime(At(22, 22));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 12);
}

TEST(LivingRoads, ClosesRoadsForAWhile) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  RoadCondition snow = Along(map, 'B', 'C');
  snow.reason = "snow";
  snow.begin_time = At(22, 1);
  snow.end_time = At(22, 2);
  ASSERT_TRUE(roads->SetConditions({snow}).ok());
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'B', 'C'), 6);
  roads->SetTime(At(22, 1));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'B', 'C'), 3 + 6 + 3);
  // Both directions of one.
  EXPECT_EQ(roads->current()->closed_roads, 1);
  EXPECT_THAT(times.description(),
              HasSubstr("night; 1 condition: snow; 1 road closed"));
  roads->SetTime(At(22, 2));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'B', 'C'), 6);
  EXPECT_EQ(roads->current()->closed_roads, 0);
}

TEST(LivingRoads, SlowsRoadsTheSlowestConditionCounts) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  RoadCondition half = Along(map, 'A', 'B');
  half.speed_factor = 0.5;
  RoadCondition almost = Along(map, 'A', 'B');
  almost.speed_factor = 0.75;
  ASSERT_TRUE(roads->SetConditions({half, almost}).ok());
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'B'), 12);
  EXPECT_EQ(roads->current()->closed_roads, 0);
  ASSERT_TRUE(roads->SetConditions({}).ok());
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'B'), 6);
}

TEST(LivingRoads, FindsAnotherRoadForWhoStandsAtAClosedOne) {
  const AsciiMap map(R"(
    A-----B
       p
    C-----D
    |     |
    +-----+
  )");
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  ASSERT_TRUE(roads->SetConditions({Along(map, 'A', 'B')}).ok());
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'p', 'C'), 3);
}

TEST(LivingRoads, RefusesConditionsThatCannotBe) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  RoadCondition fine = Along(map, 'A', 'B');
  std::vector<RoadCondition> wrong(6, fine);
  wrong[0].points.resize(1);
  wrong[1].shape = RoadCondition::Shape::kArea;
  wrong[2].points[0].latitude_degrees = std::nan("");
  wrong[3].within_meters = -1;
  wrong[4].speed_factor = 1.5;
  wrong[5].end_time = wrong[5].begin_time = At(21, 0);
  for (const RoadCondition& condition : wrong) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(roads->SetConditions({fine, condition})));
  }
  roads->WaitUntilCurrent();
  EXPECT_EQ(roads->current()->version, 1u);
}

TEST(LivingRoads, RefusesACalendarWithAnHourWithoutProfile) {
  const AsciiMap map(kTown);
  SpeedCalendar calendar = HalfSpeedByDay();
  calendar.by_hour[1][13] = 2;
  EXPECT_TRUE(absl::IsInvalidArgument(
      LivingRoads::Create(map.map(), {calendar, {}, 1}, At(21, 0)).status()));
  calendar = HalfSpeedByDay();
  calendar.profiles[0].factors[3] = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(
      LivingRoads::Create(map.map(), {calendar, {}, 1}, At(21, 0)).status()));
}

TEST(LivingRoads, TakesTheFactorsThatWereLearned) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(23, 23));
  const RoadTravelTimes times(roads.get());
  std::vector<FinishedDrive> drives(200);
  for (FinishedDrive& drive : drives) {
    drive.hour = 23;
    drive.expected[static_cast<size_t>(RoadClass::kUnclassified)] =
        absl::Minutes(10);
    drive.taken = absl::Minutes(15);
  }
  roads->SetLearnedSpeeds(LearnedSpeeds(drives));
  roads->WaitUntilCurrent();
  EXPECT_NEAR(Seconds(times, map, 'A', 'C'), 18, 0.2);
  // On holidays nothing was learned.
  roads->SetTime(At(22, 23));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 12);
}

TEST(LivingRoads, TellsWhatADriveWouldTakeWithoutWhatWasLearned) {
  // Turns take their time however fast roads are.
  AsciiMap::Turns turns;
  turns.weights = {2000, 3000, 15'000};
  const AsciiMap map(kTown, turns);
  const auto roads = Roads(map, At(23, 12));
  const RoadTravelTimes times(roads.get());
  const auto unlearned = [&] {
    return times.FindRoute(map.At('A'), map.At('E'))
        .value()
        .unlearned_durations;
  };
  constexpr auto kClass = static_cast<size_t>(RoadClass::kUnclassified);
  const std::vector<absl::Duration> before = unlearned();
  ASSERT_EQ(before.size(), size_t{kRoadClasses});
  // By day, with a slow zone.
  RoadCondition slow = Along(map, 'A', 'B');
  slow.speed_factor = 0.5;
  const absl::Duration usual =
      times.FindRoute(map.At('A'), map.At('E')).value().duration;
  for (size_t i = 0; i < kRoadClasses; ++i) {
    EXPECT_EQ(before[i], i == kClass ? usual : absl::ZeroDuration()) << i;
  }
  std::vector<FinishedDrive> drives(200);
  for (FinishedDrive& drive : drives) {
    drive.hour = 12;
    drive.expected[kClass] = absl::Minutes(10);
    drive.taken = absl::Minutes(15);
  }
  roads->SetLearnedSpeeds(LearnedSpeeds(drives));
  roads->WaitUntilCurrent();
  EXPECT_GT(times.FindRoute(map.At('A'), map.At('E')).value().duration,
            usual * 1.3);
  EXPECT_LT(absl::AbsDuration(unlearned()[kClass] - usual),
            absl::Milliseconds(5));
  EXPECT_THAT(times.description(), HasSubstr("day, learned of 200 drives"));
  // A slow zone is known, not learned: it is in what is expected.
  ASSERT_TRUE(roads->SetConditions({slow}).ok());
  roads->WaitUntilCurrent();
  EXPECT_GT(times.FindRoute(map.At('A'), map.At('B'))
                .value()
                .unlearned_durations[kClass],
            absl::Seconds(23));
}

TEST(LivingRoads, TakesAnotherMapInOneStep) {
  const AsciiMap map(kTown);
  const AsciiMap newer(R"(
    A=====B-----C
    |     |     |
    |     |     |
    D-----E-----F
  )");
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  const std::shared_ptr<const RoadState> before = roads->current();
  ASSERT_TRUE(roads->SetConditions({Along(map, 'B', 'C')}).ok());
  roads->SetMap(newer.map());
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(times, map, 'A', 'B'), 3);
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 3 + 12);
  // Who holds the old one goes on with it.
  Query query(before->map.get());
  EXPECT_EQ(query.FindLeg(map.Point('A'), map.Point('C')).weight, 12000u);
}

TEST(LivingRoads, WhatIsPinnedStaysOfOneStateAndSaysWhich) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  std::unique_ptr<const TravelTimeSource> pinned;
  std::string said;
  {
    const RoadTravelTimes times(roads.get());
    const CachedTravelTimes cached(&times);
    pinned = cached.Pinned({});
    said = times.description();
    EXPECT_EQ(pinned->description(), said);
    EXPECT_EQ(pinned->version(), times.version());
  }
  roads->SetTime(At(22, 12));
  roads->WaitUntilCurrent();
  const RoadTravelTimes later(roads.get());
  EXPECT_EQ(Seconds(later, map, 'A', 'C'), 24);
  EXPECT_NE(later.description(), said);
  EXPECT_NE(later.version(), pinned->version());
  // It outlives the source that it is of, and the state's time.
  EXPECT_EQ(Seconds(*pinned, map, 'A', 'C'), 12);
  const Route route = pinned->FindRoute(map.At('A'), map.At('C')).value();
  EXPECT_EQ(route.duration, absl::Seconds(12));
  EXPECT_EQ(route.version, pinned->version());
  EXPECT_EQ(pinned->description(), said);
  // Of what is pinned already, the same.
  EXPECT_EQ(pinned->Pinned({})->description(), said);
  EXPECT_EQ(pinned->Pinned({false, true})->description(), said);
}

TEST(LivingRoads, AnswersFromOneStateWhileItChanges) {
  // Under TSan: many ask while states change. Each table is of one state:
  // either all of it is twice as slow or nothing.
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  const CachedTravelTimes cached(&times);
  std::atomic<bool> done = false;
  std::atomic<int> mixed = 0;
  std::vector<std::thread> askers;
  const std::vector<LatLng> places = {map.At('A'), map.At('C'), map.At('D'),
                                      map.At('F')};
  for (int i = 0; i < 3; ++i) {
    const TravelTimeSource& source =
        i == 0 ? static_cast<const TravelTimeSource&>(cached) : times;
    askers.emplace_back([&] {
      while (!done) {
        const TravelTable table = source.Times(places, places).value();
        const absl::Duration first = table.at(0, 1).duration;
        const absl::Duration second = table.at(2, 3).duration;
        if (first != second ||
            (first != absl::Seconds(12) && first != absl::Seconds(24))) {
          ++mixed;
        }
        if (source.FindRoute(places[0], places[3]).value().points.empty()) {
          ++mixed;
        }
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    roads->SetTime(At(22, i % 2 == 0 ? 12 : 23));
    if (i % 3 == 0) roads->WaitUntilCurrent();
  }
  roads->WaitUntilCurrent();
  done = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_EQ(Seconds(times, map, 'A', 'C'), 12);
}

TEST(LivingRoads, HoldsOneMetricInEachStateWhileAllChanges) {
  // Under TSan: the index is made and used at once, by several threads each.
  Random random(11);
  const RandomNetwork town = MakeTown(random, 14, 24);
  const auto map = RoadMap::Create(town.data).value();
  const auto other = RoadMap::Create(town.data).value();
  const auto roads =
      LivingRoads::Create(map, {HalfSpeedByDay(), {}, 3}, At(21, 23)).value();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> asked = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!done) {
        const std::shared_ptr<const RoadState> state = roads->current();
        Query query(state->map.get());
        Query plain(state->map.get(), Query::Method::kPlain);
        query.SetMetric(state->metric);
        plain.SetMetric(state->metric);
        if (query.Matrix(town.points, town.points) !=
            plain.Matrix(town.points, town.points)) {
          ++wrong;
        }
        ++asked;
      }
    });
  }
  const uint32_t segments = static_cast<uint32_t>(map->data().segments.size());
  for (int i = 0; i < 60 || asked < 6; ++i) {
    RoadCondition quake;
    quake.reason = "earthquake";
    quake.shape = RoadCondition::Shape::kSegments;
    // Few are followed upwards, many are made anew.
    for (int j = 0; j < (i % 2 == 0 ? 1 : 60); ++j) {
      quake.segments.push_back(random.Below(segments));
    }
    EXPECT_TRUE(roads->SetConditions({quake}).ok());
    if (i % 5 == 0) roads->SetTime(At(22, i % 24));
    if (i % 20 == 19) roads->SetMap(i % 40 == 19 ? other : map);
    roads->WaitUntilCurrent();
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(wrong, 0);
}

TEST(CachedTravelTimes, ForgetsWhenRoadsChange) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const RoadTravelTimes times(roads.get());
  const CachedTravelTimes cached(&times);
  EXPECT_EQ(Seconds(cached, map, 'A', 'C'), 12);
  roads->SetTime(At(22, 12));
  roads->WaitUntilCurrent();
  EXPECT_EQ(Seconds(cached, map, 'A', 'C'), 24);
  EXPECT_EQ(cached.version(), 2u);
}

TEST(LivingRoads, LeavesOutTollRoadsIfTheyAreNotWanted) {
  RoadBuilder builder;
  const uint32_t a = builder.AddNode(ToFixed({35, 139}), 1);
  const uint32_t b = builder.AddNode(ToFixed({35.01, 139}), 2);
  for (const bool is_toll : {false, true}) {
    RoadBuilder::Road road;
    road.from_node = a;
    road.to_node = b;
    road.length_millimeters = 1'112'000;
    road.forward_weight = road.backward_weight = is_toll ? 40'000 : 90'000;
    if (is_toll) road.flags = Segment::kToll;
    builder.AddRoad(road);
  }
  const auto map = RoadMap::Create(builder.Build({}).value()).value();
  for (const bool use_tolls : {true, false}) {
    const auto roads =
        LivingRoads::Create(
            map, {SpeedCalendar::AsOnTheMap(), {use_tolls, false}, 1},
            At(21, 12))
            .value();
    const RoadTravelTimes times(roads.get());
    EXPECT_EQ(
        times.Times({{35, 139}}, {{35.01, 139}}).value().at(0, 0).duration,
        absl::Seconds(use_tolls ? 40 : 90));
  }
}

TEST(LivingRoads, TakesFerriesOnlyIfTheyAreWanted) {
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 3100 0
    n 4 3200 0
    w 10 1,2 highway=residential
    w 11 2,3 route=ferry motor_vehicle=yes duration=00:10
    w 12 3,4 highway=residential
  )");
  ASSERT_EQ(data.segments.size(), 3u);
  const auto map = RoadMap::Create(data).value();
  const auto position = [&](int64_t id) {
    const auto& ids = data.source_node_ids;
    return ToLatLng(data.nodes[static_cast<size_t>(
        std::find(ids.begin(), ids.end(), id) - ids.begin())]);
  };
  const std::vector<LatLng> ends = {position(1), position(4)};
  const auto cell = [&](const TravelTimeSource& source) {
    return source.Times({ends[0]}, {ends[1]}).value().at(0, 0);
  };
  // By default nobody is told to take a ship.
  EXPECT_FALSE(cell(RoadTravelTimes(map)).reachable);
  for (const bool by_day : {false, true}) {
    for (const bool use_ferries : {false, true}) {
      const auto roads =
          LivingRoads::Create(map, {HalfSpeedByDay(), {true, use_ferries}, 1},
                              At(21, by_day ? 12 : 23))
              .value();
      const TravelCell there = cell(RoadTravelTimes(roads.get()));
      ASSERT_EQ(there.reachable, use_ferries);
      EXPECT_EQ(roads->current()->closed_roads, 0);
      if (!use_ferries) continue;
      // 10 minutes, a quarter of an hour until it goes, and 200 m of road,
      // which alone takes twice as long by day.
      const double on_roads = 2 * 100 / (18 / 3.6) * (by_day ? 2 : 1);
      EXPECT_NEAR(absl::ToDoubleSeconds(there.duration), 25 * 60 + on_roads, 1);
    }
  }
  const RoadTravelTimes wanted(StateOfMap(map, {true, true}), {});
  EXPECT_TRUE(cell(wanted).reachable);
  // Nobody lives on the water.
  const LatLng at_sea = Between(position(2), position(3));
  EXPECT_EQ(wanted.Times({at_sea}, {ends[0]}).value().origin_status(0).code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(map->FindCandidates(at_sea).ok());
}

// --- Centers with policies of their own ---

// From A to B by a toll road in 40 s or another in 90 s, and on by ship to C,
// or around in 1000 s.
class TwoPolicies : public ::testing::Test {
 protected:
  TwoPolicies() {
    RoadBuilder builder;
    for (int64_t i = 0; i < 3; ++i) {
      builder.AddNode(ToFixed(Place(i)), i);
    }
    const auto add = [&](uint32_t from, uint32_t to, uint32_t weight,
                         uint8_t flags) {
      RoadBuilder::Road road;
      road.from_node = from;
      road.to_node = to;
      road.length_millimeters = 1'112'000;
      road.forward_weight = road.backward_weight = weight;
      road.flags = flags;
      builder.AddRoad(road);
    };
    add(0, 1, 40'000, Segment::kToll);
    add(0, 1, 90'000, 0);
    add(1, 2, 100'000, Segment::kFerry);
    add(1, 2, 1'000'000, 0);
    map_ = RoadMap::Create(builder.Build({}).value()).value();
    roads_ = LivingRoads::Create(map_, {HalfSpeedByDay(), {}, 2}, At(21, 23))
                 .value();
  }

  static LatLng Place(int64_t i) {
    return {35 + 0.01 * static_cast<double>(i), 139};
  }
  static double Seconds(const TravelTimeSource& source, int from, int to) {
    const TravelCell cell =
        source.Times({Place(from)}, {Place(to)}).value().at(0, 0);
    return cell.reachable ? absl::ToDoubleSeconds(cell.duration) : -1;
  }
  // From A to B and from B to C, now.
  std::vector<double> SecondsBy(const RoadPolicy& policy) const {
    const auto pinned = RoadTravelTimes(roads_.get()).Pinned(policy);
    return {Seconds(*pinned, 0, 1), Seconds(*pinned, 1, 2)};
  }
  // The segments between two places on which such roads lie.
  uint32_t SegmentWith(Segment::Flag flag) const {
    const Array<Segment>& all = map_->data().segments;
    for (uint32_t i = 0; i < all.size(); ++i) {
      if (all[i].Has(flag)) return i;
    }
    ADD_FAILURE();
    return 0;
  }
  RoadCondition Closed(Segment::Flag flag) const {
    RoadCondition condition;
    condition.reason = "flood";
    condition.shape = RoadCondition::Shape::kSegments;
    condition.segments = {SegmentWith(flag)};
    return condition;
  }

  std::shared_ptr<const RoadMap> map_;
  std::unique_ptr<LivingRoads> roads_;
};

constexpr RoadPolicy kUsual;
constexpr RoadPolicy kNoTolls = {false, false};
constexpr RoadPolicy kShips = {true, true};
constexpr RoadPolicy kShipsNoTolls = {false, true};

TEST_F(TwoPolicies, EachHasItsOwnTimesOfTheSameMoment) {
  EXPECT_THAT(SecondsBy(kUsual), ElementsAre(40, 1000));
  EXPECT_THAT(SecondsBy(kNoTolls), ElementsAre(90, 1000));
  EXPECT_THAT(SecondsBy(kShips), ElementsAre(40, 100));
  EXPECT_THAT(SecondsBy(kShipsNoTolls), ElementsAre(90, 100));
  // By day roads take twice as long, ships do not.
  roads_->SetTime(At(22, 12));
  roads_->WaitUntilCurrent();
  EXPECT_THAT(SecondsBy(kUsual), ElementsAre(80, 2000));
  EXPECT_THAT(SecondsBy(kShipsNoTolls), ElementsAre(180, 100));
  // What is asked of no policy is asked of the roads' own.
  EXPECT_EQ(Seconds(RoadTravelTimes(roads_.get()), 0, 1), 80);
  EXPECT_THAT(roads_->current(kUsual)->description, "day");
  EXPECT_THAT(roads_->current(kNoTolls)->description,
              "day, without toll roads");
  EXPECT_THAT(roads_->current(kShipsNoTolls)->description,
              "day, without toll roads, with ferries");
}

TEST_F(TwoPolicies, ClosuresOpeningsAndLearnedSpeedsAreForAll) {
  for (const RoadPolicy& policy : {kUsual, kNoTolls, kShips, kShipsNoTolls}) {
    roads_->current(policy);
  }
  // Of what only some of them use.
  ASSERT_TRUE(roads_->SetConditions({Closed(Segment::kFerry)}).ok());
  roads_->WaitUntilCurrent();
  EXPECT_THAT(SecondsBy(kUsual), ElementsAre(40, 1000));
  EXPECT_THAT(SecondsBy(kShips), ElementsAre(40, 1000));
  EXPECT_EQ(roads_->current(kShips)->closed_roads, 1);
  // What a policy leaves out is closed to it anyway.
  EXPECT_EQ(roads_->current(kUsual)->closed_roads, 0);
  ASSERT_TRUE(roads_->SetConditions({Closed(Segment::kToll)}).ok());
  roads_->WaitUntilCurrent();
  EXPECT_THAT(SecondsBy(kUsual), ElementsAre(90, 1000));
  EXPECT_THAT(SecondsBy(kNoTolls), ElementsAre(90, 1000));
  EXPECT_THAT(SecondsBy(kShips), ElementsAre(90, 100));
  // Opened again: to those who use it.
  std::vector<FinishedDrive> drives(200);
  for (FinishedDrive& drive : drives) {
    drive.hour = 23;
    drive.day_class = DayClass::kSaturday;
    drive.expected[static_cast<size_t>(RoadClass::kUnclassified)] =
        absl::Minutes(10);
    drive.taken = absl::Minutes(15);
  }
  roads_->SetLearnedSpeeds(LearnedSpeeds(drives));
  ASSERT_TRUE(roads_->SetConditions({}).ok());
  roads_->WaitUntilCurrent();
  const std::vector<double> usual = SecondsBy(kUsual);
  EXPECT_NEAR(usual[0], 60, 1);
  EXPECT_NEAR(SecondsBy(kNoTolls)[0], 135, 2);
  EXPECT_EQ(SecondsBy(kShips)[0], usual[0]);
  EXPECT_EQ(SecondsBy(kShips)[1], 100);
  // And so it is on another map.
  roads_->SetMap(RoadMap::Create(map_->data()).value());
  roads_->WaitUntilCurrent();
  EXPECT_EQ(SecondsBy(kUsual), usual);
  EXPECT_EQ(SecondsBy(kShips)[1], 100);
}

TEST_F(TwoPolicies, ShareWhatIsTheSameAndSayWhatIsNot) {
  const auto usual = roads_->current(kUsual);
  EXPECT_EQ(roads_->policies(), 1u);
  EXPECT_EQ(roads_->current(), usual);
  const auto no_tolls = roads_->current(kNoTolls);
  EXPECT_EQ(roads_->policies(), 2u);
  // Who asks again gets the same.
  EXPECT_EQ(roads_->current(kNoTolls), no_tolls);
  EXPECT_NE(no_tolls->version, usual->version);
  // The first one did not change by it.
  EXPECT_EQ(roads_->current(kUsual)->metric, usual->metric);
  EXPECT_EQ(roads_->current(kUsual)->version, usual->version);
  // A closure that concerns the one is no news for the other.
  ASSERT_TRUE(roads_->SetConditions({Closed(Segment::kToll)}).ok());
  roads_->WaitUntilCurrent();
  EXPECT_NE(roads_->current(kUsual)->version, usual->version);
  EXPECT_NE(roads_->current(kUsual)->version, no_tolls->version);
  EXPECT_EQ(roads_->current(kNoTolls)->version, no_tolls->version);
  EXPECT_EQ(roads_->current(kNoTolls)->metric, no_tolls->metric);
  // What was pinned stays as it was.
  EXPECT_EQ(Seconds(RoadTravelTimes(usual, {}), 0, 1), 40);
}

TEST(LivingRoads, PoliciesCostNothingWhereAMapHasNoTollsAndFerries) {
  const AsciiMap map(kTown);
  const auto roads = Roads(map, At(21, 23));
  const auto usual = roads->current();
  for (const RoadPolicy& policy : {kNoTolls, kShips, kShipsNoTolls}) {
    const auto state = roads->current(policy);
    EXPECT_EQ(state->metric, usual->metric);
    EXPECT_EQ(state->version, usual->version);
  }
  ASSERT_TRUE(roads->SetConditions({Along(map, 'A', 'B')}).ok());
  roads->SetTime(At(22, 12));
  roads->WaitUntilCurrent();
  for (const RoadPolicy& policy : {kNoTolls, kShips, kShipsNoTolls}) {
    const auto state = roads->current(policy);
    EXPECT_EQ(state->metric, roads->current()->metric);
    EXPECT_EQ(state->version, roads->current()->version);
    EXPECT_GT(state->version, usual->version);
    EXPECT_EQ(state->closed_roads, 1);
  }
}

TEST_F(TwoPolicies, AreForgottenWhenNobodyAsksForThem) {
  roads_->current(kNoTolls);
  const std::weak_ptr<const RoadState> ships = roads_->current(kShips);
  absl::Time now = At(21, 23);
  for (int i = 0; i < 4; ++i) {
    now += LivingRoads::kForgetAfter / 2;
    roads_->SetTime(now);
    roads_->WaitUntilCurrent();
    EXPECT_THAT(SecondsBy(kNoTolls), ElementsAre(90, 1000));
  }
  EXPECT_EQ(roads_->policies(), 2u);
  EXPECT_TRUE(ships.expired());
  // Whoever asks later is answered as if nothing had been.
  EXPECT_THAT(SecondsBy(kShips), ElementsAre(40, 100));
  EXPECT_EQ(roads_->policies(), 3u);
  // The roads' own stays, asked for or not.
  roads_->SetTime(now + 10 * LivingRoads::kForgetAfter);
  roads_->WaitUntilCurrent();
  EXPECT_EQ(roads_->policies(), 1u);
  EXPECT_THAT(SecondsBy(kUsual), ElementsAre(40, 1000));
}

TEST(LivingRoads, AreByEachPolicyAsIfItWereTheOnlyOne) {
  // Hours, closures and what was learned, on networks drawn by lot, in which
  // many roads are toll roads and some are ships.
  Random random(23);
  for (int round = 0; round < 6; ++round) {
    RandomNetwork town = MakeTown(random, 12, 30);
    for (size_t i = 0; i < town.data.segments.size(); ++i) {
      if (random.OneIn(round % 2 == 0 ? 4 : 40)) {
        town.data.segments[i].flags |= Segment::kToll;
      }
      if (random.OneIn(20)) town.data.segments[i].flags |= Segment::kFerry;
    }
    const uint32_t segments = static_cast<uint32_t>(town.data.segments.size());
    const auto map = RoadMap::Create(town.data).value();
    const LivingRoads::Options options = {HalfSpeedByDay(), {}, 2};
    const auto roads = LivingRoads::Create(map, options, At(21, 23)).value();
    std::vector<std::unique_ptr<LivingRoads>> alone;
    const std::vector<RoadPolicy> policies = {kUsual, kNoTolls, kShips,
                                              kShipsNoTolls};
    for (const RoadPolicy& policy : policies) {
      LivingRoads::Options one = options;
      one.policy = policy;
      alone.push_back(LivingRoads::Create(map, one, At(21, 23)).value());
    }
    for (int step = 0; step < 8; ++step) {
      RoadCondition condition;
      condition.reason = "snow";
      condition.shape = RoadCondition::Shape::kSegments;
      condition.speed_factor = random.OneIn(2) ? 0 : 0.5;
      for (uint32_t i = random.OneIn(2) ? 3 : segments / 4; i > 0; --i) {
        condition.segments.push_back(random.Below(segments));
      }
      const absl::Time time = At(22, static_cast<int>(random.Below(24)));
      const auto change = [&](LivingRoads& one) {
        EXPECT_TRUE(one.SetConditions({condition}).ok());
        one.SetTime(time);
        one.WaitUntilCurrent();
      };
      change(*roads);
      for (size_t i = 0; i < policies.size(); ++i) {
        change(*alone[i]);
        const auto shared = roads->current(policies[i]);
        const auto own = alone[i]->current();
        EXPECT_EQ(shared->description, own->description);
        EXPECT_EQ(shared->closed_roads, own->closed_roads);
        Query query(map.get());
        Query plain(map.get(), Query::Method::kPlain);
        query.SetMetric(shared->metric);
        plain.SetMetric(own->metric);
        ASSERT_EQ(query.Matrix(town.points, town.points),
                  plain.Matrix(town.points, town.points))
            << round << " " << step << " " << i;
      }
    }
  }
}

TEST_F(TwoPolicies, AreAskedByManyWhileAllChanges) {
  // Under TSan, and with a state that is forgotten while others wait for it.
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> asked = 0;
  std::vector<std::thread> askers;
  for (const RoadPolicy& policy : {kUsual, kNoTolls, kShips, kShipsNoTolls}) {
    askers.emplace_back([&, policy] {
      while (!done) {
        const std::vector<double> seconds = SecondsBy(policy);
        const double night = policy.use_tolls ? 40 : 90;
        if (seconds[0] != night && seconds[0] != 2 * night) ++wrong;
        if (policy.use_ferries && seconds[1] != 100) ++wrong;
        ++asked;
      }
    });
  }
  absl::Time now = At(21, 23);
  for (int i = 0; i < 100 || asked < 20; ++i) {
    now += absl::Hours(i % 3 == 0 ? 12 : 0) + absl::Minutes(4);
    roads_->SetTime(now);
    if (i % 10 == 0) roads_->WaitUntilCurrent();
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(wrong, 0);
}

TEST(LivingRoads, ManyClosuresAreExact) {
  Random random(11);
  const RandomNetwork town = MakeTown(random);
  const auto map = RoadMap::Create(town.data).value();
  const auto roads = LivingRoads::Create(map, {}, At(21, 23)).value();
  RoadCondition quake;
  quake.reason = "earthquake";
  quake.shape = RoadCondition::Shape::kSegments;
  for (uint32_t i = 0; i < town.data.segments.size(); ++i) {
    if (random.OneIn(5)) quake.segments.push_back(i);
  }
  quake.segments.push_back(1'000'000);  // Of another map.
  ASSERT_TRUE(roads->SetConditions({quake}).ok());
  roads->WaitUntilCurrent();
  const std::shared_ptr<const RoadState> state = roads->current();
  EXPECT_GT(state->closed_roads, 100);
  Query query(map.get());
  Query plain(map.get(), Query::Method::kPlain);
  query.SetMetric(state->metric);
  plain.SetMetric(state->metric);
  EXPECT_EQ(query.Matrix(town.points, town.points),
            plain.Matrix(town.points, town.points));
}

TEST(SegmentsOf, MeansRoadsAlongALineAndAcrossIt) {
  const AsciiMap map(kTown);
  const auto name = [&](uint32_t segment) {
    const Segment& s = map.map()->data().segments[segment];
    std::string ends;
    for (const char node : std::string("ABCDEF")) {
      for (const uint32_t end : {s.from_node, s.to_node}) {
        if (map.map()->data().nodes[end] == ToFixed(map.At(node))) ends += node;
      }
    }
    return ends;
  };
  const auto names = [&](const RoadCondition& condition) {
    std::vector<std::string> all;
    for (const uint32_t segment : SegmentsOf(*map.map(), condition)) {
      all.push_back(name(segment));
    }
    std::sort(all.begin(), all.end());
    return all;
  };
  // Along a road: not those that only begin there.
  EXPECT_THAT(names(Along(map, 'A', 'B')), ElementsAre("AB"));
  EXPECT_THAT(names(Along(map, 'A', 'C')), ElementsAre("AB", "BC"));
  // Across the two roads from west to east.
  RoadCondition across;
  across.points = {Between(map.At('A'), map.At('B')),
                   Between(map.At('D'), map.At('E'))};
  across.points[0].latitude_degrees += 0.0001;
  across.points[1].latitude_degrees -= 0.0001;
  across.within_meters = 5;
  EXPECT_THAT(names(across), ElementsAre("AB", "DE"));
  // An area around C touches two roads.
  RoadCondition area;
  area.shape = RoadCondition::Shape::kArea;
  const LatLng c = map.At('C');
  for (const auto& [north, east] : {std::pair(1, 1), std::pair(1, -1),
                                    std::pair(-1, -1), std::pair(-1, 1)}) {
    area.points.push_back({c.latitude_degrees + north * 0.0001,
                           c.longitude_degrees + east * 0.0001});
  }
  EXPECT_THAT(names(area), ElementsAre("BC", "CF"));
  for (LatLng& point : area.points) point.latitude_degrees += 1;
  EXPECT_THAT(names(area), IsEmpty());
}

TEST(SpeedCalendar, KnowsTheKindOfDay) {
  SpeedCalendar calendar = SpeedCalendar::Default();
  ASSERT_TRUE(CheckSpeedCalendar(calendar).ok());
  EXPECT_EQ(DayClassOf(calendar, At(20, 12)), DayClass::kWorkday);
  EXPECT_EQ(DayClassOf(calendar, At(21, 12)), DayClass::kSaturday);
  EXPECT_EQ(DayClassOf(calendar, At(22, 12)), DayClass::kHoliday);
  EXPECT_EQ(DayClassOf(calendar, At(23, 12)), DayClass::kWorkday);
  calendar.is_public_holiday = [](absl::CivilDay day) {
    return day == absl::CivilDay(2026, 11, 23);
  };
  EXPECT_EQ(DayClassOf(calendar, At(23, 12)), DayClass::kHoliday);
  EXPECT_EQ(calendar.At(At(20, 3)).name, "deep night");
  EXPECT_EQ(calendar.At(At(20, 18)).name, "evening");
  EXPECT_EQ(calendar.At(At(20, 12)).name, "day");
  EXPECT_EQ(calendar.At(At(22, 12)).name, "holiday day");
}

}  // namespace
}  // namespace housecall::router
