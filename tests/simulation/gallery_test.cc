// The gallery of planted bugs, each of which the simulation must find, and more
// seeds than there is time for every day.
#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/simulation/bugs.h"
#include "tests/simulation/simulation.h"

namespace housecall::simulation {
namespace {

bool Breaks(const Report& report, const std::vector<std::string>& checks) {
  return std::any_of(report.violations.begin(), report.violations.end(),
                     [&](const Violation& violation) {
                       return std::find(checks.begin(), checks.end(),
                                        violation.check) != checks.end();
                     });
}

TEST(ManySeeds, BreakNothing) {
  for (uint64_t seed = 1000; seed < 1300; ++seed) {
    const Report report = SimulateApart(PlanOf(seed));
    EXPECT_TRUE(report.violations.empty())
        << "housecall-sim --seed " << seed << "\n"
        << Words(report.violations);
  }
}

// --- The gallery ------------------------------------------------------------

struct Planting {
  Bug bug;
  // Any of these finds it.
  std::vector<std::string> checks;

  friend std::ostream& operator<<(std::ostream& out, const Planting& planting) {
    return out << NameOf(planting.bug);
  }
};

std::vector<Planting> Gallery() {
  return {
      {Bug::kCommitIgnoresVersion,
       {"etags", "board", "rows", "two places", "refusals", "watchers"}},
      {Bug::kCommitIsLost, {"answers", "watchers"}},
      {Bug::kUnknownTakenForDone, {"answers", "watchers"}},
      {Bug::kUnknownTakenForFailed, {"replies"}},
      {Bug::kReplyNotFound, {"replies", "refusals"}},
      {Bug::kReplyNotKept, {"answers", "doubled"}},
      {Bug::kVersionIsStale, {"refusals"}},
      {Bug::kLoadIsStale, {"etags", "board", "refusals", "answers", "shown"}},
      {Bug::kLoadForgetsCalls,
       {"refusals", "etags", "liveness", "answers", "shown"}},
      {Bug::kOutboxPutIsLost, {"outbox"}},
      {Bug::kOutboxRemoveIsLost, {"outbox"}},
      {Bug::kLeaseIsIgnored, {"pushes"}},
      {Bug::kOutboxSleeps, {"late", "liveness"}},
      {Bug::kJournalDiffersFromRows, {"rows"}},
      {Bug::kBatchIsTornByCrash, {"rows"}},
      {Bug::kFenceIsNotWritten, {"replies", "answers", "refusals"}},
      {Bug::kLogIsNotSynced, {"durability", "disk"}},
      {Bug::kFileIsNotSynced, {"durability", "disk", "rows"}},
      {Bug::kFailedSyncIsTakenForDone, {"durability", "disk"}},
      {Bug::kAnswersBeforeCommit, {"answers"}},
      {Bug::kRequestIdIsDropped, {"answers", "doubled"}},
      {Bug::kFingerprintIsDropped, {"replies"}},
      {Bug::kAnswersTheWrongCall, {"answers"}},
      {Bug::kLogsTheComplaint, {"clinical"}},
      {Bug::kSessionIsCheckedOnArrivalOnly, {"sessions"}},
      {Bug::kSessionIsForEver, {"sessions"}},
      {Bug::kRevocationIsForgotten, {"sessions"}},
      {Bug::kOldPasswordLogsIn, {"sessions"}},
      {Bug::kWatcherMissesAChange, {"watchers"}},
      {Bug::kWatcherIsToldTwice, {"watchers"}},
      {Bug::kOldBoardIsShown, {"shown"}},
      {Bug::kClockRunsFast, {"clocks", "early"}},
      {Bug::kTimersSleep, {"late"}},
      {Bug::kTimersAreEarly, {"clocks", "early"}},
      {Bug::kRelaySendsEarly, {"early"}},
      {Bug::kBusyCrewIsOffered, {"board", "two places", "refusals"}},
      {Bug::kCancelKeepsTheCrew, {"board"}},
      {Bug::kClosesWithoutReceipt, {"closed"}},
      {Bug::kOldPositionWins, {"positions"}},
      {Bug::kTaskTellsTheComplaint, {"clinical"}},
      {Bug::kRefusesAtRandom, {"refusals"}},
      {Bug::kDuplicateIsDropped, {"answers"}},
      {Bug::kReceiptWithoutTheRest, {"outbox", "pushes"}},
      {Bug::kCallIsForgotten, {"board", "liveness"}},
      {Bug::kMemberIsForgotten, {"closed", "liveness"}},
      {Bug::kPaperTimeIsLost, {"paper"}},
      {Bug::kEtagIsIgnored, {"seen"}},
      {Bug::kPlannerSleeps, {"late"}},
      {Bug::kDeliveredWithoutAPush, {"receipts"}},
      {Bug::kNewIdAtEachTry, {"pushes"}},
      {Bug::kFailureIsFinal, {"late", "liveness"}},
  };
}

class PlantedBug : public ::testing::TestWithParam<Planting> {
 protected:
  void SetUp() override { Plant(GetParam().bug); }
  void TearDown() override { Plant(Bug::kUnspecified); }
};

TEST_P(PlantedBug, IsFound) {
  constexpr uint64_t kSeeds = 200;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Report report = SimulateApart(PlanOf(seed));
    if (Breaks(report, GetParam().checks)) {
      RecordProperty("seeds", static_cast<int>(seed));
      return;
    }
    EXPECT_TRUE(report.violations.empty())
        << "seed " << seed << " breaks another check than expected\n"
        << Words(report.violations);
  }
  FAIL() << "not found by " << kSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedBug, ::testing::ValuesIn(Gallery()),
                         [](const auto& test) {
                           std::string name;
                           for (const char c :
                                std::string(NameOf(test.param.bug))) {
                             if (c != '_') name.push_back(c);
                           }
                           return name;
                         });

TEST(Gallery, HasEveryBugOnce) {
  const std::vector<Planting> gallery = Gallery();
  for (const Bug bug : AllValues<Bug>()) {
    EXPECT_EQ(std::count_if(gallery.begin(), gallery.end(),
                            [&](const Planting& p) { return p.bug == bug; }),
              1)
        << NameOf(bug);
  }
  EXPECT_GE(gallery.size(), 20u);
}

TEST(Shrink, KeepsWhatBreaksTheCheckAndLittleElse) {
  Plant(Bug::kLogsTheComplaint);
  const Plan small = Shrink(PlanOf(1), "clinical", [](const Plan&) {});
  const Report report = SimulateApart(small);
  Plant(Bug::kUnspecified);
  EXPECT_TRUE(Breaks(report, {"clinical"}));
  EXPECT_EQ(small.nodes, 1);
  EXPECT_EQ(small.calls, 1);
  EXPECT_EQ(small.storms, 0);
  EXPECT_FALSE(small.meddler);
}

}  // namespace
}  // namespace housecall::simulation
