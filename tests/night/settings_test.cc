#include "dispatcher/night/settings.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::night {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The message of the first error: at once, or of all together.
std::string ErrorOf(const std::string& assignments) {
  Settings settings;
  const absl::Status set = settings.SetAll(assignments);
  if (!set.ok()) {
    EXPECT_EQ(set.code(), absl::StatusCode::kInvalidArgument);
    return std::string(set.message());
  }
  const absl::StatusOr<DispatcherOptions> options = settings.Alone();
  return options.ok() ? "" : std::string(options.status().message());
}

TEST(Settings, TakeEachKindOfValue) {
  Settings settings;
  for (const char* assignment :
       {"tardiness_weight=12.5", "anticipates=false", "visit_duration=25m",
        "offer_timeout=1m30s", "max_steps=7", "scenarios=3", "seed=99",
        "forecast=0", "calls_per_car=2.5"}) {
    EXPECT_TRUE(settings.Set(assignment).ok()) << assignment;
  }
  const absl::StatusOr<DispatcherOptions> options = settings.Alone();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->policy.tardiness_weight, 12.5);
  EXPECT_FALSE(options->policy.anticipates);
  EXPECT_EQ(options->policy.visit_duration, absl::Minutes(25));
  EXPECT_EQ(options->policy.offer_timeout, absl::Seconds(90));
  EXPECT_EQ(options->plan.max_steps, 7);
  EXPECT_EQ(options->plan.forecast.scenarios, 3);
  EXPECT_EQ(options->plan.forecast.seed, 99);
  EXPECT_FALSE(options->plan.forecast.on);
  EXPECT_EQ(options->plan.forecast.calls_per_car, 2.5);
}

TEST(Settings, RefuseWhatMakesNoSense) {
  struct Row {
    const char* assignment;
    const char* error;
  };
  for (const Row& row : {
           Row{"", ": NAME=VALUE wanted"},
           Row{"promise_share", "promise_share: NAME=VALUE wanted"},
           Row{"=3", "=3: NAME=VALUE wanted"},
           Row{"tardiness_weight=", "tardiness_weight=: a number wanted"},
           Row{"tardiness_weight=nan", "tardiness_weight=nan: a number wanted"},
           Row{"tardiness_weight=inf", "tardiness_weight=inf: a number wanted"},
           Row{"calls_per_car=nan", "calls_per_car=nan: a number wanted"},
           Row{"scenarios=-1", "scenarios=-1: 0 to 10000 wanted"},
           Row{"scenarios=99999999999",
               "scenarios=99999999999: a whole number wanted"},
           Row{"scenarios=2.5", "scenarios=2.5: a whole number wanted"},
           Row{"seed=-1", "seed=-1: a whole number wanted"},
           Row{"max_steps=-1", "max_steps=-1: 0 to 1e+12 wanted"},
           Row{"horizon_minutes=1e9", "horizon_minutes=1e9: 0 to 1440 wanted"},
           Row{"anticipates=2", "anticipates=2: true or false wanted"},
           Row{"visit_duration=25",
               "visit_duration=25: a duration such as 25m or 90s wanted"},
           Row{"visit_duration=inf",
               "visit_duration: 1 second to 7 days wanted"},
           Row{"visit_duration=-5m",
               "visit_duration: 1 second to 7 days wanted"},
           // The limits are those of the center's configuration.
           Row{"promise_share=2", "promise_share: 0.51 to 0.99 wanted"},
           Row{"tardiness_weight=-1", "tardiness_weight: 0 to 1e+06 wanted"},
           Row{"travel_spread=1.5", "travel_spread: 0 to 1 wanted"},
           Row{"urgent_target=3h",
               "standard_target: at least policy.urgent_target wanted"},
           Row{"session_timeout=1h",
               "session_timeout: is of no consequence on a night"},
           Row{"use_tolls=false", "use_tolls: is of no consequence on a night"},
       }) {
    EXPECT_EQ(ErrorOf(row.assignment), row.error) << row.assignment;
  }
}

TEST(Settings, NameWhatIsKnownToWhoMistypes) {
  const std::string error = ErrorOf("tardines_weight=3");
  EXPECT_THAT(error, StartsWith("tardines_weight: unknown name; known are "));
  for (const char* name :
       {"tardiness_weight", "promise_share", "driver_waits", "visit_duration",
        "urgent_target", "max_steps", "scenarios", "seed"}) {
    EXPECT_THAT(error, HasSubstr(name));
    EXPECT_THAT(Settings::Names(), HasSubstr(absl::StrCat("  ", name, "=")));
  }
}

TEST(Settings, WhatIsSaidLaterCounts) {
  Night night;
  night.policy = {{"tardiness_weight", "3"}, {"promise_share", "0.8"}};
  Settings settings;
  ASSERT_TRUE(settings.SetAll("tardiness_weight=4,tardiness_weight=5").ok());
  const absl::StatusOr<DispatcherOptions> options = settings.For(night);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->policy.tardiness_weight, 5);
  EXPECT_EQ(options->policy.promise_share, 0.8);
  Settings more;
  ASSERT_TRUE(more.Set("promise_share=0.7").ok());
  settings.Add(more);
  EXPECT_EQ(settings.For(night)->policy.promise_share, 0.7);
}

TEST(Settings, JudgeTheNightsOwnPolicyAsTheirs) {
  for (const auto& [name, value] :
       {std::pair("promise_share", "3"), std::pair("promise_shares", "0.8"),
        std::pair("visit_duration", "soon")}) {
    Night night;
    night.policy = {{name, value}};
    EXPECT_EQ(Settings().For(night).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(Settings, ChangeWhatTheNightSays) {
  Night night;
  night.weights = {{"high", 9}, {"low", 1}, {"middle", 3}};
  night.targets = {{"high", 1}, {"low", 3}, {"middle", 2}};
  night.driver_waits = true;
  Settings settings;
  ASSERT_TRUE(settings
                  .SetAll("driver_waits=false,urgent_target=20m,"
                          "routine_target=3h,promise_share=0.8,"
                          "standard_weight=2.5")
                  .ok());
  EXPECT_THAT(settings.OfTheNight(),
              ElementsAre("driver_waits", "urgent_target", "routine_target",
                          "standard_weight"));
  const Night applied = settings.Applied(night);
  EXPECT_FALSE(applied.driver_waits);
  EXPECT_EQ(applied.targets.at("high"), 20 * 60);
  EXPECT_EQ(applied.targets.at("middle"), 2);
  EXPECT_EQ(applied.targets.at("low"), 3 * 3600);
  EXPECT_EQ(applied.weights.at("high"), 9);
  EXPECT_EQ(applied.weights.at("middle"), 2.5);
  // Nothing set, nothing changed.
  EXPECT_TRUE(Settings().Applied(night).driver_waits);
  EXPECT_EQ(Settings().Applied(night).targets, night.targets);
}

TEST(PolicyTexts, SayWhatSettingsUnderstand) {
  core::Policy policy;
  policy.tardiness_weight = 7.25;
  policy.visit_duration = absl::Minutes(33) + absl::Seconds(20);
  policy.anticipates = false;
  Night night;
  night.policy = PolicyTexts(policy);
  // The night says it in another place.
  EXPECT_EQ(night.policy.count("driver_waits"), 0);
  EXPECT_EQ(night.policy.count("urgent_target"), 0);
  EXPECT_EQ(night.policy.count("session_timeout"), 0);
  const absl::StatusOr<DispatcherOptions> options = Settings().For(night);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->policy, policy);
}

}  // namespace
}  // namespace housecall::night
