// Turn restrictions from OpenStreetMap's relations to the times of drives.
#include "router/import/turn_rules.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "router/living_roads.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

TEST(JudgeTurn, KnowsWhichRelationsHoldForCars) {
  const struct {
    const char* tags;
    std::optional<TurnRule> rule;
  } kRows[] = {
      {"type=restriction restriction=no_left_turn", TurnRule::kNo},
      {"type=restriction restriction=no_u_turn", TurnRule::kNo},
      {"type=restriction restriction=no_entry", TurnRule::kNo},
      {"type=restriction restriction=only_straight_on", TurnRule::kOnly},
      {"type=restriction restriction:motorcar=no_right_turn", TurnRule::kNo},
      {"type=restriction:motorcar restriction:motorcar=no_right_turn",
       TurnRule::kNo},
      {"type=restriction restriction:hgv=no_right_turn", std::nullopt},
      {"type=restriction restriction=no_left_turn except=bus;motorcar",
       std::nullopt},
      {"type=restriction restriction=no_left_turn except=bus", TurnRule::kNo},
      {"type=restriction restriction=no_left_turn restriction:motorcar=none",
       std::nullopt},
      {"type=restriction restriction:conditional=no_left_turn@(07:00-09:00)",
       TurnRule::kNo},
      {"type=restriction", std::nullopt},
      {"type=restriction restriction=give_way", std::nullopt},
      {"type=route restriction=no_left_turn", std::nullopt},
  };
  for (const auto& row : kRows) {
    const std::string text = row.tags;
    Tags tags;
    for (const absl::string_view word : absl::StrSplit(text, ' ')) {
      const std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(word, absl::MaxSplits('=', 1));
      tags.Add(pair.first, pair.second);
    }
    const std::vector<TimedTurnRule> rules = JudgeTurn(tags);
    ASSERT_EQ(rules.size(), row.rule.has_value() ? 1u : 0u) << row.tags;
    if (rules.empty()) continue;
    EXPECT_EQ(rules[0].rule, *row.rule) << row.tags;
  }
}

// Two streets from west to east, 100 m apart, joined in their middles. A
// hundred metres take 20 s.
//
//   1---2---3
//       |
//   5---4---6
constexpr char kTown[] = R"(
  n 1 0 0
  n 2 100 0
  n 3 200 0
  n 4 100 -100
  n 5 0 -100
  n 6 200 -100
  w 10 1,2 highway=residential
  w 11 2,3 highway=residential
  w 12 2,4 highway=residential
  w 13 5,4 highway=residential
  w 14 4,6 highway=residential
)";

RoadData TownWith(absl::string_view relation, ImportReport* report = nullptr) {
  return Import(absl::StrCat(kTown, relation, "\n"), report);
}

TEST(ImportTurns, WithoutRestrictionsEveryTurnIsOpen) {
  ImportReport report;
  const RoadData data = TownWith("", &report);
  EXPECT_NEAR(Seconds(data, 1, 4), 40, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 5), 60, 0.1);
  EXPECT_TRUE(data.forbidden_paths.empty());
  EXPECT_EQ(report.turn_relations, 0);
}

TEST(ImportTurns, ForbidsATurn) {
  ImportReport report;
  const RoadData data = TownWith(
      "r 20 from=w10 via=n2 to=w12 type=restriction restriction=no_right_turn",
      &report);
  // On to the dead end, and back.
  EXPECT_NEAR(Seconds(data, 1, 4), 80, 0.1);
  EXPECT_NEAR(Seconds(data, 3, 4), 40, 0.1);
  EXPECT_NEAR(Seconds(data, 4, 1), 40, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 3), 40, 0.1);
  EXPECT_EQ(report.turn_relations, 1);
  EXPECT_EQ(report.forbidden_paths, 1);
}

TEST(ImportTurns, AllowsOnlyOneTurn) {
  const RoadData data = TownWith(
      "r 20 from=w10 via=n2 to=w11 type=restriction "
      "restriction=only_straight_on");
  EXPECT_NEAR(Seconds(data, 1, 4), 80, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 3), 40, 0.1);
  EXPECT_NEAR(Seconds(data, 3, 4), 40, 0.1);
}

TEST(ImportTurns, ForbidsAWayOverAnother) {
  const RoadData data = TownWith(
      "r 20 from=w10 via=w12 to=w13 type=restriction restriction=no_u_turn");
  EXPECT_NEAR(Seconds(data, 1, 5), 100, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 6), 60, 0.1);
  EXPECT_NEAR(Seconds(data, 3, 5), 60, 0.1);
  EXPECT_NEAR(Seconds(data, 2, 5), 40, 0.1);
}

TEST(ImportTurns, AllowsOnlyOneWayOverAnother) {
  const RoadData data = TownWith(
      "r 20 from=w10 via=w12 to=w14 type=restriction "
      "restriction=only_left_turn");
  EXPECT_NEAR(Seconds(data, 1, 5), 100, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 6), 60, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 3), 40, 0.1);
  EXPECT_NEAR(Seconds(data, 3, 5), 60, 0.1);
}

TEST(ImportTurns, ForbidsToEnterFromSeveralWays) {
  const RoadData data = TownWith(
      "r 20 from=w10 from=w11 via=n2 to=w12 type=restriction "
      "restriction=no_entry");
  EXPECT_EQ(Seconds(data, 1, 4), -1);
  EXPECT_EQ(Seconds(data, 3, 4), -1);
  EXPECT_NEAR(Seconds(data, 2, 4), 20, 0.1);
}

const absl::TimeZone kTokyo = absl::FixedTimeZone(9 * 60 * 60);

// 21 November 2026 is a Saturday, the 23rd a public holiday.
absl::Time At(int day, int hour, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(2026, 11, day, hour, minute),
                         kTokyo);
}

TEST(ImportTurns, ForbidsATurnAtItsHours) {
  ImportReport report;
  const RoadData data = TownWith(
      "r 20 from=w10 via=n2 to=w12 type=restriction "
      "restriction:conditional=no_right_turn~@~(Mo-Fr~07:00-09:00;~PH~off)",
      &report);
  EXPECT_EQ(report.forbidden_paths, 1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(20, 6, 59)), 40, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(20, 7)), 80, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(20, 8, 59)), 80, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(20, 9)), 40, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(21, 8)), 40, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(23, 8)), 40, 0.1);
  // Who does not say when must not be promised too much.
  EXPECT_NEAR(Seconds(data, 1, 4), 80, 0.1);
}

TEST(ImportTurns, ForbidsAWayOverAnotherAtItsHours) {
  const RoadData data = TownWith(
      "r 20 from=w10 via=w12 to=w13 type=restriction "
      "restriction:conditional=no_u_turn~@~(22:00-06:00)");
  EXPECT_NEAR(SecondsAt(data, 1, 5, At(20, 21)), 60, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 5, At(20, 23)), 100, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 5, At(21, 5)), 100, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 6, At(20, 23)), 60, 0.1);
  EXPECT_NEAR(SecondsAt(data, 3, 5, At(20, 23)), 60, 0.1);
}

TEST(ImportTurns, AllowsOnlyOneTurnAtItsHours) {
  const RoadData data = TownWith(
      "r 20 from=w10 via=n2 to=w11 type=restriction "
      "restriction:conditional=only_straight_on~@~(Sa)");
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(20, 12)), 40, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 4, At(21, 12)), 80, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 3, At(21, 12)), 40, 0.1);
}

TEST(ImportTurns, LetsCarsTurnBackWhileNoOtherTurnIsOpen) {
  const RoadData data = TownWith(
      "r 20 from=w12 via=n4 to=w13 type=restriction "
      "restriction:conditional=no_left_turn~@~(07:00-09:00)\n"
      "r 21 from=w12 via=n4 to=w14 type=restriction "
      "restriction:conditional=no_right_turn~@~(08:00-10:00)");
  EXPECT_NEAR(SecondsAt(data, 1, 6, At(20, 7)), 60, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 6, At(20, 8)), -1, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 5, At(20, 9)), 60, 0.1);
  // Whoever comes down to 4 at half past eight can only turn back.
  const uint32_t down = [&] {
    for (uint32_t i = 0; i < data.segments.size(); ++i) {
      const Segment& segment = data.segments[i];
      const int64_t ends[] = {data.source_node_ids[segment.from_node],
                              data.source_node_ids[segment.to_node]};
      if (ends[0] + ends[1] == 6 && ends[0] != 1 && ends[1] != 1) return i;
    }
    return Graph::kNone;
  }();
  ASSERT_NE(down, Graph::kNone);
  const auto map = RoadMap::Create(data).value();
  LivingRoads::Options options;
  options.calendar = SpeedCalendar::AsOnTheMap();
  const auto roads = LivingRoads::Create(map, options, At(20, 8, 30)).value();
  const Segment& segment = data.segments[down];
  const bool ends_at_4 = data.source_node_ids[segment.to_node] == 4;
  const uint32_t state =
      map->graph().DepartState(ArcRoad::Of(down, /*backward=*/!ends_at_4));
  EXPECT_TRUE(roads->current()->metric->weights().IsStuck(state));
  roads->SetTime(At(20, 9, 30));
  roads->WaitUntilCurrent();
  EXPECT_FALSE(roads->current()->metric->weights().IsStuck(state));
}

TEST(ImportWays, CloseAtTheirHours) {
  // A school's street, a way around it, and a street whose direction changes.
  const RoadData data = Import(R"(
    n 1 0 0
    n 2 100 0
    n 3 0 100
    n 4 100 100
    n 5 200 0
    n 6 200 100
    w 10 1,2 highway=residential motor_vehicle:conditional=no~@~(Mo-Fr~07:30-08:30)
    w 11 1,3 highway=residential
    w 12 3,4 highway=residential
    w 13 4,2 highway=residential
    w 14 2,5 highway=residential oneway:conditional=yes~@~(07:00-12:00);-1~@~(12:00-19:00)
    w 15 4,6 highway=residential oneway=yes oneway:conditional=no~@~(22:00-06:00)
  )");
  EXPECT_NEAR(SecondsAt(data, 1, 2, At(20, 7)), 20, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 2, At(20, 8)), 60, 0.1);
  EXPECT_NEAR(SecondsAt(data, 2, 1, At(20, 8)), 60, 0.1);
  EXPECT_NEAR(SecondsAt(data, 1, 2, At(22, 8)), 20, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 2), 20, 0.1);

  EXPECT_NEAR(SecondsAt(data, 2, 5, At(20, 8)), 20, 0.1);
  EXPECT_NEAR(SecondsAt(data, 5, 2, At(20, 8)), -1, 0.1);
  EXPECT_NEAR(SecondsAt(data, 2, 5, At(20, 12)), -1, 0.1);
  EXPECT_NEAR(SecondsAt(data, 5, 2, At(20, 12)), 20, 0.1);
  EXPECT_NEAR(SecondsAt(data, 5, 2, At(20, 20)), 20, 0.1);

  EXPECT_NEAR(SecondsAt(data, 6, 4, At(20, 20)), -1, 0.1);
  EXPECT_NEAR(SecondsAt(data, 6, 4, At(20, 22)), 20, 0.1);
  EXPECT_NEAR(SecondsAt(data, 6, 4, At(21, 6)), -1, 0.1);
  EXPECT_NEAR(SecondsAt(data, 4, 6, At(21, 6)), 20, 0.1);
  EXPECT_NEAR(Seconds(data, 6, 4), -1, 0.1);
}

TEST(ImportTurns, TellsWaysApartThatWouldBeOneRoad) {
  constexpr absl::string_view kRoad = R"(
    n 1 0 0
    n 2 100 0
    n 3 200 0
    w 10 1,2 highway=residential
    w 11 2,3 highway=residential
  )";
  EXPECT_EQ(Import(kRoad).segments.size(), 1u);
  const RoadData data =
      Import(absl::StrCat(kRoad,
                          "\nr 20 from=w10 via=n2 to=w11 type=restriction "
                          "restriction=no_straight_on\n"));
  EXPECT_EQ(data.segments.size(), 2u);
  EXPECT_EQ(Seconds(data, 1, 3), -1);
  EXPECT_NEAR(Seconds(data, 3, 1), 40, 0.1);
}

TEST(ImportTurns, LeavesOutWhatIsMissingOrNotClear) {
  for (const char* relation : {
           "r 20 from=w10 via=n2 to=w99 type=restriction "
           "restriction=no_right_turn",
           "r 20 from=w10 via=n99 to=w12 type=restriction "
           "restriction=no_right_turn",
           "r 20 from=w10 to=w12 type=restriction restriction=no_right_turn",
           "r 20 via=n2 type=restriction restriction=no_right_turn",
           // They do not meet there.
           "r 20 from=w10 via=n4 to=w12 type=restriction "
           "restriction=no_right_turn",
           "r 20 from=w10 via=w14 to=w13 type=restriction "
           "restriction=no_right_turn",
           "r 20 from=w10 via=w99 to=w13 type=restriction "
           "restriction=no_right_turn",
       }) {
    ImportReport report;
    const RoadData data = TownWith(relation, &report);
    EXPECT_NEAR(Seconds(data, 1, 4), 40, 0.1) << relation;
    EXPECT_EQ(report.turn_relations, 1) << relation;
    EXPECT_EQ(report.forbidden_paths, 0) << relation;
  }
}

TEST(ImportTurns, ChargesTurnsAsTheOptionsSay) {
  const std::string path = WriteFile(OsmXml(kTown), "turns.osm");
  ImportOptions options;
  options.turns = {absl::Seconds(2), absl::Seconds(5), absl::Seconds(20)};
  const RoadData data = ImportOsm(path, options).value();
  EXPECT_NEAR(Seconds(data, 1, 4), 45, 0.1);
  EXPECT_NEAR(Seconds(data, 3, 4), 42, 0.1);
  EXPECT_NEAR(Seconds(data, 1, 5), 70, 0.1);
  options.turns.left = absl::Minutes(5);
  EXPECT_EQ(ImportOsm(path, options).status().code(),
            absl::StatusCode::kInvalidArgument);
  options.turns.left = -absl::Seconds(1);
  EXPECT_EQ(ImportOsm(path, options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace housecall::router
