#include "router/import/road_rules.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "router/import/speed.h"

namespace housecall::router {
namespace {

// "key=value key=value".
class Tagged {
 public:
  explicit Tagged(const std::string& text) : text_(text) {
    for (const absl::string_view pair :
         absl::StrSplit(text_, ' ', absl::SkipEmpty())) {
      const size_t equals = pair.find('=');
      tags_.Add(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
  Tagged(const Tagged&) = delete;
  Tagged& operator=(const Tagged&) = delete;

  const Tags& tags() const { return tags_; }

 private:
  const std::string text_;
  Tags tags_;
};

// "no", or directions (both, forward, backward), then "ends" if it is only for
// the ends of a drive.
std::string Verdict(const std::string& text) {
  const Tagged tagged(text);
  const std::optional<RoadRules> rules = JudgeWay(tagged.tags());
  if (!rules.has_value()) return "no";
  const bool forward = rules->forward_km_per_hour > 0;
  const bool backward = rules->backward_km_per_hour > 0;
  return absl::StrCat(forward && backward ? "both"
                      : forward           ? "forward"
                      : backward          ? "backward"
                                          : "neither",
                      (rules->flags & Segment::kEndsOnly) ? " ends" : "");
}

TEST(JudgeWay, KnowsRoadsFromOtherWays) {
  const struct {
    const char* tags;
    const char* verdict;
  } kRows[] = {
      {"highway=motorway", "forward"},
      {"highway=motorway_link", "both"},
      {"highway=trunk", "both"},
      {"highway=primary_link", "both"},
      {"highway=tertiary", "both"},
      {"highway=unclassified", "both"},
      {"highway=road", "both"},
      {"highway=residential", "both"},
      {"highway=living_street", "both"},
      {"highway=service", "both"},
      {"highway=service service=driveway", "both ends"},
      {"highway=service service=emergency_access", "no"},
      {"highway=track", "no"},
      {"highway=track motor_vehicle=yes", "both"},
      {"highway=track motor_vehicle=no", "no"},
      {"highway=track access=yes", "no"},
      {"highway=pedestrian", "no"},
      {"highway=pedestrian motor_vehicle=destination", "both ends"},
      {"highway=pedestrian area=yes motor_vehicle=yes", "no"},
      {"highway=footway", "no"},
      {"highway=footway motor_vehicle=yes", "no"},
      {"highway=cycleway", "no"},
      {"highway=path", "no"},
      {"highway=steps", "no"},
      {"highway=busway", "no"},
      {"highway=construction construction=primary", "no"},
      {"highway=proposed", "no"},
      {"route=ferry", "no"},
      {"route=ferry highway=primary", "no"},
      {"highway=service area=yes", "no"},
      {"highway=residential impassable=yes", "no"},
      {"railway=rail", "no"},
      {"", "no"},
  };
  for (const auto& row : kRows)
    EXPECT_EQ(Verdict(row.tags), row.verdict) << row.tags;
}

TEST(JudgeWay, ReadsDirections) {
  const struct {
    const char* tags;
    const char* verdict;
  } kRows[] = {
      {"oneway=yes", "forward"},
      {"oneway=true", "forward"},
      {"oneway=1", "forward"},
      {"oneway=-1", "backward"},
      {"oneway=reverse", "backward"},
      {"oneway=no", "both"},
      {"oneway=nonsense", "both"},
      {"oneway=alternating", "both"},
      {"oneway=reversible", "no"},
      {"junction=roundabout", "forward"},
      {"junction=roundabout oneway=-1", "backward"},
      {"junction=roundabout oneway=no", "both"},
      {"junction=circular", "forward"},
      {"oneway=yes oneway:motor_vehicle=no", "both"},
      {"oneway=yes oneway:motorcar=-1 oneway:motor_vehicle=no", "backward"},
      {"oneway=no oneway:motor_vehicle=yes", "forward"},
      {"oneway=yes oneway:bicycle=no", "forward"},
      {"motor_vehicle:forward=no", "backward"},
      {"vehicle:backward=no", "forward"},
      {"oneway=yes motor_vehicle:forward=no", "no"},
  };
  for (const auto& row : kRows) {
    const std::string tags = absl::StrCat("highway=residential ", row.tags);
    EXPECT_EQ(Verdict(tags), row.verdict) << tags;
  }
  EXPECT_EQ(Verdict("highway=motorway oneway=no"), "both");
}

TEST(JudgeWay, TheMostSpecialAccessCounts) {
  const struct {
    const char* tags;
    const char* verdict;
  } kRows[] = {
      {"access=yes", "both"},
      {"access=permissive", "both"},
      {"access=no", "no"},
      {"access=private", "both ends"},
      {"access=destination", "both ends"},
      {"access=customers", "both ends"},
      {"access=delivery", "both ends"},
      {"access=agricultural", "no"},
      {"access=forestry", "no"},
      {"access=agricultural;destination", "both ends"},
      {"access=unknown", "both"},
      {"vehicle=no", "no"},
      {"motor_vehicle=no", "no"},
      {"motor_vehicle=agricultural;forestry", "no"},
      {"motorcar=no", "no"},
      {"access=no motor_vehicle=yes", "both"},
      {"access=no vehicle=destination", "both ends"},
      {"access=no vehicle=no motorcar=designated", "both"},
      {"motor_vehicle=yes motorcar=no", "no"},
      {"access=no emergency=yes", "no"},
      {"access=no bus=yes", "no"},
      {"access=yes bicycle=no foot=no", "both"},
      {"motor_vehicle=private access=yes", "both ends"},
  };
  for (const auto& row : kRows) {
    const std::string tags = absl::StrCat("highway=service ", row.tags);
    EXPECT_EQ(Verdict(tags), row.verdict) << tags;
  }
}

TEST(JudgeWay, TakesTheNameElseTheNumber) {
  EXPECT_EQ(
      JudgeWay(Tagged("highway=primary name=見本通り ref=20").tags())->name,
      "見本通り");
  EXPECT_EQ(JudgeWay(Tagged("highway=primary ref=20").tags())->name, "20");
  EXPECT_EQ(JudgeWay(Tagged("highway=primary").tags())->name, "");
}

TEST(JudgeWay, KnowsTollRoads) {
  const struct {
    const char* tags;
    bool is_toll;
  } kRows[] = {
      {"toll=yes", true},
      {"toll=no", false},
      {"toll=yes toll:motorcar=no", false},
      {"toll:motor_vehicle=yes", true},
      {"toll:hgv=yes", false},
      {"", false},
  };
  for (const auto& row : kRows) {
    const RoadRules rules =
        *JudgeWay(Tagged(absl::StrCat("highway=motorway ", row.tags)).tags());
    EXPECT_EQ((rules.flags & Segment::kToll) != 0, row.is_toll) << row.tags;
  }
}

TEST(JudgeWay, KnowsFerriesThatTakeCars) {
  const struct {
    const char* tags;
    const char* verdict;
    absl::Duration crossing;
  } kRows[] = {
      {"motor_vehicle=yes duration=00:25", "both", absl::Minutes(25)},
      {"motorcar=yes duration=90", "both", absl::Minutes(90)},
      {"vehicle=yes duration=PT1H5M", "both", absl::Minutes(65)},
      {"motor_vehicle=yes duration=1:02:30 oneway=yes", "forward",
       absl::Minutes(62.5)},
      {"motor_vehicle=yes", "both", absl::ZeroDuration()},
      {"motor_vehicle=yes duration=soon", "both", absl::ZeroDuration()},
      {"motor_vehicle=yes duration=-5", "both", absl::ZeroDuration()},
      {"motor_vehicle=yes duration=1:2:3:4", "both", absl::ZeroDuration()},
      {"motor_vehicle=private", "both ends", absl::ZeroDuration()},
      {"motor_vehicle=no duration=10", "no", absl::ZeroDuration()},
      {"motor_vehicle=yes motorcar=no", "no", absl::ZeroDuration()},
      {"foot=yes duration=10", "no", absl::ZeroDuration()},
      {"access=yes duration=10", "no", absl::ZeroDuration()},
  };
  for (const auto& row : kRows) {
    const std::string tags = absl::StrCat("route=ferry ", row.tags);
    EXPECT_EQ(Verdict(tags), row.verdict) << row.tags;
    if (std::string(row.verdict) == "no") continue;
    const RoadRules rules = *JudgeWay(Tagged(tags).tags());
    EXPECT_TRUE(rules.is_ferry()) << row.tags;
    EXPECT_EQ(rules.crossing.value_or(absl::ZeroDuration()), row.crossing)
        << row.tags;
  }
}

TEST(JudgeWay, TakesOneLaneForBothDirectionsForNarrow) {
  const auto speed = [](const char* tags) {
    return JudgeWay(Tagged(absl::StrCat("highway=residential ", tags)).tags())
        ->forward_km_per_hour;
  };
  const double wide = speed("lanes=2");
  EXPECT_LT(speed("lanes=1"), wide);
  EXPECT_EQ(speed("lanes=1"), speed("width=3"));
  EXPECT_EQ(speed("lanes=1 oneway=yes"), wide);
  // Who has measured knows better.
  EXPECT_EQ(speed("lanes=1 width=5"), wide);
}

TEST(JudgeWay, TakesNarrowStreetsMoreSlowly) {
  const double wide = JudgeWay(Tagged("highway=residential width=6").tags())
                          ->forward_km_per_hour;
  for (const char* tags :
       {"width=3", "width=3.5m", "est_width=2.7", "width:carriageway=3"}) {
    EXPECT_NEAR(
        JudgeWay(Tagged(absl::StrCat("highway=residential ", tags)).tags())
            ->forward_km_per_hour,
        wide * 0.8, 1e-9)
        << tags;
  }
  for (const char* tags : {"width=4", "width=wide", "width=0", "width=-1"}) {
    EXPECT_EQ(
        JudgeWay(Tagged(absl::StrCat("highway=residential ", tags)).tags())
            ->forward_km_per_hour,
        wide)
        << tags;
  }
}

TEST(JudgeWay, TakesTheDriveOfAHouseForItsEnd) {
  EXPECT_EQ(Verdict("highway=service service=driveway"), "both ends");
  EXPECT_EQ(Verdict("highway=service service=driveway access=yes"), "both");
  EXPECT_EQ(Verdict("highway=service service=alley"), "both");
}

TEST(JudgeWay, ReadsWeightsOfTheSource) {
  const RoadRules rules = *JudgeWay(
      Tagged("highway=residential dimacs:t=2008 dimacs:d=803").tags());
  EXPECT_EQ(rules.given_weight, 2008u);
  EXPECT_EQ(rules.given_length_millimeters, 80300u);
  for (const char* wrong :
       {"dimacs:t=-1", "dimacs:t=1.5", "dimacs:t=x", "dimacs:t=4294967295"}) {
    EXPECT_FALSE(JudgeWay(Tagged(absl::StrCat("highway=road ", wrong)).tags())
                     ->given_weight.has_value())
        << wrong;
  }
}

TEST(JudgeWay, AWayThatOpensForResidentsOnlyIsNoWayThrough) {
  const struct {
    const char* tags;
    bool ends_only;
  } kRows[] = {
      {"motor_vehicle=no "
       "motor_vehicle:conditional=destination@(20:00-06:00)",
       true},
      {"access=no access:conditional=private@(20:00-06:00)", true},
      {"motor_vehicle=no motor_vehicle:conditional=yes@(20:00-06:00)", false},
      {"motor_vehicle=no "
       "motor_vehicle:conditional=yes@(20:00-22:00);destination@(22:00-06:00)",
       false},
      {"motor_vehicle=yes motor_vehicle:conditional=no@(20:00-06:00)", false},
  };
  for (const auto& row : kRows) {
    const std::optional<RoadRules> rules =
        JudgeWay(Tagged(absl::StrCat("highway=residential ", row.tags)).tags());
    ASSERT_TRUE(rules.has_value()) << row.tags;
    EXPECT_EQ((rules->flags & Segment::kEndsOnly) != 0, row.ends_only)
        << row.tags;
  }
}

TEST(JudgeWay, KnowsWhereHomesHaveNoAddress) {
  const struct {
    const char* tags;
    bool is_apart;
  } kRows[] = {
      {"highway=motorway", true},
      {"highway=motorway_link", true},
      {"highway=trunk motorroad=yes", true},
      {"highway=primary tunnel=yes", true},
      {"highway=primary bridge=viaduct", true},
      {"highway=primary", false},
      {"highway=primary bridge=yes", false},
      {"highway=residential tunnel=no", false},
      {"highway=service tunnel=building_passage", false},
  };
  for (const auto& row : kRows) {
    const std::optional<RoadRules> rules = JudgeWay(Tagged(row.tags).tags());
    ASSERT_TRUE(rules.has_value()) << row.tags;
    EXPECT_EQ((rules->flags & Segment::kApart) != 0, row.is_apart) << row.tags;
  }
}

TEST(BarrierOf, KnowsWhatACarCannotPass) {
  const struct {
    const char* tags;
    Barrier barrier;
  } kRows[] = {
      {"", Barrier::kNone},
      {"highway=traffic_signals", Barrier::kNone},
      {"barrier=no", Barrier::kNone},
      {"barrier=bollard", Barrier::kClosed},
      {"barrier=block", Barrier::kClosed},
      {"barrier=chain", Barrier::kClosed},
      {"barrier=cycle_barrier", Barrier::kClosed},
      {"barrier=yes", Barrier::kClosed},
      {"barrier=something_new", Barrier::kClosed},
      {"barrier=gate", Barrier::kNone},
      {"barrier=gate locked=yes", Barrier::kClosed},
      {"barrier=gate access=private", Barrier::kPrivate},
      {"barrier=gate access=no", Barrier::kClosed},
      {"barrier=gate access=no motor_vehicle=yes", Barrier::kNone},
      {"barrier=lift_gate", Barrier::kNone},
      {"barrier=lift_gate access=yes", Barrier::kNone},
      {"barrier=lift_gate access=customers", Barrier::kNone},
      {"barrier=toll_booth", Barrier::kNone},
      {"barrier=kerb", Barrier::kNone},
      {"barrier=entrance", Barrier::kNone},
      {"barrier=bollard motor_vehicle=yes", Barrier::kNone},
      {"barrier=bollard bicycle=yes", Barrier::kClosed},
      {"access=no", Barrier::kNone},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(BarrierOf(Tagged(row.tags).tags()), row.barrier) << row.tags;
  }
}

TEST(ParseMaxSpeed, ReadsWhatPeopleWrite) {
  const struct {
    const char* value;
    double speed;
  } kRows[] = {
      {"50", 50},
      {" 50 ", 50},
      {"50 km/h", 50},
      {"50km/h", 50},
      {"50 kmh", 50},
      {"30 mph", 48.28032},
      {"30mph", 48.28032},
      {"50;40", 40},
      {"50; 40", 40},
      {"60|40", 40},
      {"none", 130},
      {"walk", 6},
      {"DE:walk", 6},
      {"JP:express", 100},
      {"JP:national", 60},
      {"JP:zone30", 30},
      {"JP:zone:30", 30},
      {"JP:30", 30},
      {"DE:living_street", 20},
      {"signals;50", 50},
      {"12.5", 12.5},
  };
  for (const auto& row : kRows) {
    const std::optional<double> speed = ParseMaxSpeed(row.value);
    ASSERT_TRUE(speed.has_value()) << row.value;
    EXPECT_NEAR(*speed, row.speed, 1e-6) << row.value;
  }
  for (const char* value :
       {"", "signals", "variable", "fast", "0", "-30", "inf", "nan", "1e9",
        "999", "0x1p5", "DE:urban", "RU:rural", ";", "km/h", "mph"}) {
    EXPECT_FALSE(ParseMaxSpeed(value).has_value()) << value;
  }
}

TEST(AverageSpeed, FollowsTheTable) {
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kMotorway, false, {}), 76);
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kPrimary, false, {}), 35);
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kPrimary, false, 40), 28);
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kResidential, false, {}), 18);
  // A lane stays one, whatever its sign says.
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kResidential, false, 60), 24);
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kMotorway, true, {}), 38);
  EXPECT_DOUBLE_EQ(AverageSpeed(RoadClass::kMotorway, true, 60), 57);
}

TEST(AverageSpeed, OfAGreaterRoadIsNeverLess) {
  double last = 1000;
  for (int i = 0; i < kRoadClasses; ++i) {
    const double speed = AverageSpeed(static_cast<RoadClass>(i), false, {});
    EXPECT_LE(speed, last) << i;
    EXPECT_GE(speed, 5) << i;
    last = speed;
  }
}

TEST(JudgeWay, UsesTheLimitOfEachDirection) {
  const RoadRules rules = *JudgeWay(
      Tagged("highway=primary maxspeed=40 maxspeed:backward=60").tags());
  EXPECT_DOUBLE_EQ(rules.forward_km_per_hour, 28);
  EXPECT_DOUBLE_EQ(rules.backward_km_per_hour, 42);
  const RoadRules zone =
      *JudgeWay(Tagged("highway=tertiary zone:maxspeed=JP:30").tags());
  EXPECT_DOUBLE_EQ(zone.forward_km_per_hour, 19.5);
}

}  // namespace
}  // namespace housecall::router
