#include "dispatcher/base/enum_names.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall {
namespace {

using ::testing::ElementsAre;

HOUSECALL_ENUM(Weather, kUnspecified, kSunny, kHeavyRain, kLevel119, kF16Wind);

TEST(EnumNames, SplitsWordsAndNumbers) {
  EXPECT_THAT(NamesOf<Weather>(),
              ElementsAre("UNSPECIFIED", "SUNNY", "HEAVY_RAIN", "LEVEL_119",
                          "F_16_WIND"));
}

TEST(EnumNames, SurvivesLineBreaksInTheList) {
  EXPECT_THAT(ParseEnumNames("kUnspecified,\n               kOnDuty , kOff"),
              ElementsAre("UNSPECIFIED", "ON_DUTY", "OFF"));
}

TEST(EnumNames, NameAndValueAreInverse) {
  for (Weather weather : AllValues<Weather>()) {
    EXPECT_EQ(FromName<Weather>(NameOf(weather)), weather);
  }
  EXPECT_EQ(FromName<Weather>("UNSPECIFIED"), Weather::kUnspecified);
}

TEST(EnumNames, KnowsNoOtherNames) {
  for (const char* name : {"", "sunny", "kSunny", "SUNNY ", "HEAVYRAIN"}) {
    EXPECT_EQ(FromName<Weather>(name), absl::nullopt) << name;
  }
}

TEST(EnumNames, AllValuesLeavesOutUnspecified) {
  EXPECT_THAT(AllValues<Weather>(),
              ElementsAre(Weather::kSunny, Weather::kHeavyRain,
                          Weather::kLevel119, Weather::kF16Wind));
}

TEST(EnumNames, Prints) {
  std::ostringstream out;
  out << Weather::kHeavyRain;
  EXPECT_EQ(out.str(), "HEAVY_RAIN");
}

}  // namespace
}  // namespace housecall
