#include "router/drive_log.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/router/osm_text.h"

namespace housecall::router {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

FinishedDrive Drive(int hour, double seconds) {
  FinishedDrive drive;
  drive.day_class = DayClass::kSaturday;
  drive.hour = hour;
  drive.expected[static_cast<size_t>(RoadClass::kPrimary)] =
      absl::Milliseconds(410'240);
  drive.expected[static_cast<size_t>(RoadClass::kLivingStreet)] =
      absl::Seconds(95);
  drive.taken = absl::Seconds(seconds);
  return drive;
}

std::string Path(const std::string& name) {
  std::string path = TestFolder() + "/" + name;
  std::filesystem::remove(path);
  return path;
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr char kLine[] =
    R"({"day":"saturday","expected_seconds":{"living_street":95.0,)"
    R"("primary":410.2},"hour":23,"taken_seconds":560.5})"
    "\n";

TEST(DriveLog, KeepsDrivesAndNothingElseOfThem) {
  const std::string path = Path("kept.drives");
  {
    const auto log = DriveLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_THAT((*log)->drives(), SizeIs(0));
    ASSERT_TRUE((*log)->Add(Drive(23, 560.46)).ok());
    ASSERT_TRUE((*log)->Add(Drive(0, 700)).ok());
    EXPECT_THAT((*log)->drives(), SizeIs(2));
  }
  EXPECT_EQ(Content(path).substr(0, sizeof(kLine) - 1), kLine);
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const auto log = DriveLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_THAT((*log)->drives(), SizeIs(2));
  const FinishedDrive& drive = (*log)->drives()[0];
  EXPECT_EQ(drive.day_class, DayClass::kSaturday);
  EXPECT_EQ(drive.hour, 23);
  EXPECT_EQ(drive.taken, absl::Seconds(560.5));
  EXPECT_EQ(drive.expected[static_cast<size_t>(RoadClass::kPrimary)],
            absl::Seconds(410.2));
  EXPECT_EQ(drive.expected[static_cast<size_t>(RoadClass::kMotorway)],
            absl::ZeroDuration());
  EXPECT_EQ((*log)->drives()[1].hour, 0);
}

TEST(DriveLog, GoesOnAfterALineThatWasCutOff) {
  const std::string path = Path("cut.drives");
  std::ofstream(path) << kLine << R"({"day":"satur)";
  {
    const auto log = DriveLog::Open(path);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_THAT((*log)->drives(), SizeIs(1));
    EXPECT_EQ((*log)->unread_lines(), 1u);
    ASSERT_TRUE((*log)->Add(Drive(1, 600)).ok());
  }
  const auto read = ReadDrives(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->drives, SizeIs(2));
  EXPECT_EQ(read->lines, 3u);
  EXPECT_EQ(read->unread_lines, 1u);
}

TEST(DriveLog, BeginsWithALineThatWasCutOff) {
  const std::string path = Path("first.drives");
  std::ofstream(path) << R"({"day":)";
  const auto log = DriveLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE((*log)->Add(Drive(1, 600)).ok());
  EXPECT_THAT(ReadDrives(path)->drives, SizeIs(1));
}

TEST(DriveLog, LeavesOutLinesThatAreNoDrives) {
  const std::string path = Path("odd.drives");
  const char* const kOdd[] = {
      "",
      "[]",
      "{}",
      R"({"day":"monday","expected_seconds":{},"hour":1,"taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{},"hour":24,"taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{},"hour":-1,"taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{},"hour":1.5,"taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{},"hour":1,"taken_seconds":-9})",
      R"({"day":"workday","expected_seconds":{},"hour":1,"taken_seconds":1e9})",
      R"({"day":"workday","expected_seconds":{},"hour":1})",
      R"({"day":"workday","expected_seconds":[],"hour":1,"taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{"alley":7},"hour":1,)"
      R"("taken_seconds":9})",
      R"({"day":"workday","expected_seconds":{"primary":"7"},"hour":1,)"
      R"("taken_seconds":9})",
      R"({"day":7,"expected_seconds":{},"hour":1,"taken_seconds":9})",
  };
  {
    std::ofstream file(path);
    file << kLine;
    for (const char* line : kOdd) file << line << "\n";
  }
  const auto read = ReadDrives(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->drives, SizeIs(1));
  EXPECT_EQ(read->unread_lines, std::size(kOdd));
}

TEST(DriveLog, RefusesAFileOfSomethingElse) {
  const std::string path = Path("letter.txt");
  std::ofstream(path) << "Dear Sir,\nplease find enclosed\n";
  const auto log = DriveLog::Open(path);
  EXPECT_TRUE(absl::IsInvalidArgument(log.status()));
  EXPECT_THAT(log.status().message(),
              HasSubstr("letter.txt is not a file of finished drives"));
  EXPECT_THAT(Content(path), HasSubstr("enclosed"));
}

TEST(DriveLog, SaysWhichFileCannotBeWritten) {
  const auto log = DriveLog::Open(TestFolder() + "/no/such/folder.drives");
  EXPECT_TRUE(absl::IsNotFound(log.status())) << log.status();
  EXPECT_THAT(log.status().message(), HasSubstr("/no/such/folder.drives"));
  EXPECT_TRUE(
      absl::IsNotFound(ReadDrives(TestFolder() + "/nothing.drives").status()));
}

TEST(DriveLog, KeepsTheNewest) {
  const std::string path = Path("many.drives");
  {
    std::ofstream file(path);
    for (size_t i = 0; i + 1 < 2 * DriveLog::kMaxDrives; ++i) file << kLine;
  }
  const auto log = DriveLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_THAT((*log)->drives(), SizeIs(DriveLog::kMaxDrives));
  // The line that is too many: the file is half as long, and goes on.
  ASSERT_TRUE((*log)->Add(Drive(5, 601)).ok());
  EXPECT_EQ(ReadDrives(path)->lines, DriveLog::kMaxDrives);
  ASSERT_TRUE((*log)->Add(Drive(6, 602)).ok());
  const auto read = ReadDrives(path);
  EXPECT_EQ(read->lines, DriveLog::kMaxDrives + 1);
  EXPECT_THAT(read->drives, SizeIs(DriveLog::kMaxDrives));
  EXPECT_EQ(read->drives.back().hour, 6);
  EXPECT_EQ(read->drives[DriveLog::kMaxDrives - 2].hour, 5);
  EXPECT_EQ(read->drives.front().hour, 23);
}

}  // namespace
}  // namespace housecall::router
