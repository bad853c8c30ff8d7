// Fixed seeds: nothing is broken, and the same seed is the same night.
#include "tests/simulation/simulation.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace housecall::simulation {
namespace {

// --- The same seed ----------------------------------------------------------

TEST(Simulation, TheSameSeedIsTheSameNightToTheByte) {
  const Report one = Simulate(PlanOf(5), /*keep_story=*/true);
  const Report two = Simulate(PlanOf(5), /*keep_story=*/true);
  EXPECT_EQ(one.lines, two.lines);
  EXPECT_EQ(one.digest, two.digest);
  // And in another process, at other addresses.
  EXPECT_EQ(SimulateApart(PlanOf(5)).digest, one.digest);
  EXPECT_GT(one.lines.size(), 500u);
}

// A night whose store is SQLite's on a disk that loses its power.
Plan PlanOnDisk() {
  Plan plan = PlanOf(5);
  plan.on_disk = true;
  plan.power_cuts = 5;
  plan.disk_writes_fail = 5;
  plan.disk_syncs_fail = 10;
  plan.disk_is_full = 5;
  plan.disk_is_slow = 10;
  return plan;
}

TEST(Simulation, TheSameSeedIsTheSameNightOnADiskToo) {
  const Report one = Simulate(PlanOnDisk(), /*keep_story=*/true);
  const Report two = Simulate(PlanOnDisk(), /*keep_story=*/true);
  EXPECT_EQ(one.lines, two.lines);
  EXPECT_EQ(SimulateApart(PlanOnDisk()).digest, one.digest);
  EXPECT_GT(one.power_cuts, 0);
  EXPECT_TRUE(one.violations.empty()) << Words(one.violations);
}

TEST(Simulation, AnotherSeedIsAnotherNight) {
  EXPECT_NE(SimulateApart(PlanOf(1), 20'000).digest,
            SimulateApart(PlanOf(2), 20'000).digest);
}

TEST(Simulation, ANightIsWorthTheName) {
  Report all;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Report report = SimulateApart(PlanOf(seed));
    all.accepted += report.accepted;
    all.refused += report.refused;
    all.faults += report.faults;
    all.crashes += report.crashes;
  }
  EXPECT_GT(all.accepted, 200);
  EXPECT_GT(all.refused, 20);
  EXPECT_GT(all.faults, 50);
  EXPECT_GT(all.crashes, 2);
}

// --- Fixed seeds ------------------------------------------------------------

class FixedSeed : public ::testing::TestWithParam<uint64_t> {};

TEST_P(FixedSeed, BreaksNothing) {
  const Plan plan = PlanOf(GetParam());
  const Report report = SimulateApart(plan);
  EXPECT_TRUE(report.violations.empty())
      << "housecall-sim --seed " << GetParam() << "\n"
      << Describe(plan) << "\n"
      << Words(report.violations);
}

INSTANTIATE_TEST_SUITE_P(Simulation, FixedSeed,
                         ::testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace housecall::simulation
