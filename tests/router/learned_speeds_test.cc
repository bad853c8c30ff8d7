#include "router/learned_speeds.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::router {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

FinishedDrive Drive(RoadClass road_class, int hour, double ratio) {
  FinishedDrive drive;
  drive.hour = hour;
  drive.expected[static_cast<size_t>(road_class)] = absl::Minutes(10);
  drive.taken = absl::Minutes(10) * ratio;
  return drive;
}

double Factor(const std::vector<FinishedDrive>& drives, int hour,
              RoadClass road_class = RoadClass::kPrimary,
              DayClass day_class = DayClass::kWorkday) {
  return LearnedSpeeds(drives).At(day_class, hour, road_class).time_factor;
}

std::vector<FinishedDrive> Many(int count, double ratio) {
  return std::vector<FinishedDrive>(static_cast<size_t>(count),
                                    Drive(RoadClass::kPrimary, 20, ratio));
}

TEST(LearnedSpeeds, AreOneWithoutDrives) {
  EXPECT_EQ(Factor({}, 20), 1);
  EXPECT_EQ(LearnedSpeeds()
                .At(DayClass::kHoliday, 0, RoadClass::kService)
                .time_factor,
            1);
}

TEST(LearnedSpeeds, ComeNearToWhatManyDrivesSay) {
  EXPECT_NEAR(Factor(Many(300, 1.4), 20), 1.4, 0.01);
  EXPECT_NEAR(Factor(Many(300, 0.8), 20), 0.8, 0.01);
  // Other classes, hours and days say nothing of it.
  EXPECT_EQ(Factor(Many(300, 1.4), 20, RoadClass::kMotorway), 1);
  EXPECT_EQ(Factor(Many(300, 1.4), 12), 1);
  EXPECT_EQ(Factor(Many(300, 1.4), 20, RoadClass::kPrimary, DayClass::kHoliday),
            1);
}

TEST(LearnedSpeeds, StayNearOneWithFewDrives) {
  const double one = Factor(Many(1, 1.4), 20);
  EXPECT_GT(one, 1.01);
  EXPECT_LT(one, 1.12);
  EXPECT_LT(one, Factor(Many(3, 1.4), 20));
}

TEST(LearnedSpeeds, CountNeighbouringHoursLess) {
  const double same = Factor(Many(5, 1.4), 20);
  const double next = Factor(Many(5, 1.4), 21);
  EXPECT_GT(next, 1);
  EXPECT_LT(next, same);
  EXPECT_EQ(Factor(Many(5, 1.4), 22), 1);
}

TEST(LearnedSpeeds, AreNotMovedByOddDrives) {
  std::vector<FinishedDrive> drives = Many(100, 1.1);
  const double before = Factor(drives, 20);
  for (int i = 0; i < 40; ++i) {
    drives.push_back(Drive(RoadClass::kPrimary, 20, 4.9));
  }
  EXPECT_NEAR(Factor(drives, 20), before, 0.01);
  // These are no drives at all.
  for (const double ratio : {0.01, 100.0, 0.0, -1.0}) {
    for (int i = 0; i < 1000; ++i) {
      drives.push_back(Drive(RoadClass::kPrimary, 20, ratio));
    }
  }
  EXPECT_NEAR(Factor(drives, 20), before, 0.01);
  drives.push_back(Drive(RoadClass::kPrimary, 24, 2));
  drives.push_back(Drive(RoadClass::kPrimary, -1, 2));
  EXPECT_NEAR(Factor(drives, 20), before, 0.01);
}

TEST(LearnedSpeeds, AreBounded) {
  EXPECT_EQ(Factor(Many(5000, 4), 20), LearnedSpeeds::kGreatestFactor);
  EXPECT_EQ(Factor(Many(5000, 0.25), 20), LearnedSpeeds::kLeastFactor);
}

TEST(LearnedSpeeds, LearnHowMuchDrivesVary) {
  std::vector<FinishedDrive> drives;
  for (int i = 0; i < 400; ++i) {
    drives.push_back(Drive(RoadClass::kPrimary, 20, 0.6 + 0.0025 * i));
  }
  const LearnedSpeed wide =
      LearnedSpeeds(drives).At(DayClass::kWorkday, 20, RoadClass::kPrimary);
  const LearnedSpeed narrow =
      LearnedSpeeds(Many(400, 1))
          .At(DayClass::kWorkday, 20, RoadClass::kPrimary);
  EXPECT_GT(wide.spread, 0.3);
  EXPECT_LT(narrow.spread, 0.01);
  EXPECT_GT(wide.LateFactor(), 1.4);
  EXPECT_GE(narrow.LateFactor(), 1);
}

TEST(LearnedSpeeds, SayHowManyDrivesTheyAreOf) {
  std::vector<FinishedDrive> drives = Many(6, 1.5);
  // Too short, too odd.
  drives.push_back(Drive(RoadClass::kPrimary, 20, 9));
  drives.push_back(Drive(RoadClass::kPrimary, 20, 1));
  drives.back().expected.fill(absl::Seconds(1));
  EXPECT_EQ(LearnedSpeeds(drives).drives(), 6u);
  EXPECT_EQ(LearnedSpeeds().drives(), 0u);
}

TEST(LearnedSpeeds, SayWhatHasChanged) {
  const LearnedSpeeds few(Many(6, 1.5));
  EXPECT_THAT(
      few.ChangesSince(LearnedSpeeds(), 0.25),
      ElementsAre("workday at 20, primary: time x 1.00 -> x 1.31, of 6 drives, "
                  "1h on such roads"));
  // The hours beside it learn less.
  EXPECT_THAT(few.ChangesSince(LearnedSpeeds(), 0.05), SizeIs(3));
  EXPECT_THAT(few.ChangesSince(few, 0.05), IsEmpty());
  EXPECT_THAT(LearnedSpeeds(Many(7, 1.5)).ChangesSince(few, 0.05), IsEmpty());
}

TEST(LearnedSpeeds, ExplainThemselves) {
  EXPECT_EQ(LearnedSpeeds(Many(6, 1.5))
                .Explain(DayClass::kWorkday, 20, RoadClass::kPrimary),
            "primary at 20: time x 1.31, spread 6 %, from 6 drives, 1h on such "
            "roads");
}

}  // namespace
}  // namespace housecall::router
