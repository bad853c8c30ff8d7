// Plays every story in testdata and compares what comes of it with the file.
// With --rewrite, or HOUSECALL_REWRITE=1, it writes what comes of it into the
// file instead: read the difference before you commit it.
#include "tests/core/scenario.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::core::testing {
namespace {

bool rewrite = false;

// The build says where.
std::string Folder() { return HOUSECALL_TESTDATA; }

std::string PathOf(const std::string& story) {
  return absl::StrCat(Folder(), "/stories/", story, ".txt");
}

std::vector<std::string> Stories() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(Folder() + "/stories")) {
    if (entry.path().extension() == ".txt") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first line that differs, with those around it.
std::string FirstDifference(const std::string& expected,
                            const std::string& actual) {
  const std::vector<std::string> a = absl::StrSplit(expected, '\n');
  const std::vector<std::string> b = absl::StrSplit(actual, '\n');
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const auto lines = [i](const std::vector<std::string>& of) {
    const size_t begin = std::min(i < 3 ? 0 : i - 3, of.size());
    const size_t end = std::min(i + 4, of.size());
    return absl::StrJoin(of.begin() + begin, of.begin() + end, "\n");
  };
  return absl::StrCat("line ", i + 1, "\n--- the file\n", lines(a),
                      "\n--- what came of it\n", lines(b),
                      "\n(rewrite with HOUSECALL_REWRITE=1)");
}

class Scenario : public ::testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsWritten) {
  const std::string path = PathOf(GetParam());
  const std::string text = ReadFile(path);
  ASSERT_FALSE(text.empty()) << path;
  const Played played = PlayScenario(text, Folder());
  EXPECT_THAT(played.problems, ::testing::IsEmpty());
  // A story that could not be played to its end is not cut short.
  if (rewrite && played.problems.empty()) {
    std::ofstream(path, std::ios::binary) << played.text;
    return;
  }
  if (played.text != text) {
    ADD_FAILURE() << GetParam() << ", " << FirstDifference(text, played.text);
  }
}

INSTANTIATE_TEST_SUITE_P(Stories, Scenario, ::testing::ValuesIn(Stories()),
                         [](const auto& info) { return info.param; });

TEST(Scenarios, AreAllThere) { EXPECT_GE(Stories().size(), 20); }

TEST(PlayScenario, TellsWhatCannotBePlayed) {
  EXPECT_THAT(PlayScenario("at 22:00 x PassTime\n", Folder()).problems,
              ::testing::ElementsAre("line 1: start: 2026-11-20 18:00 wanted"));
  EXPECT_THAT(
      PlayScenario("start: 2026-11-20 18:00\nboard: none\n", Folder()).problems,
      ::testing::ElementsAre("line 2: NOT_FOUND: there is no such set-up"));
  EXPECT_THAT(PlayScenario("start: 2026-11-20 18:00\nboard: standard\n\n"
                           "at 17:00 system PassTime\n",
                           Folder())
                  .problems,
              ::testing::ElementsAre("line 4: time does not go back"));
}

TEST(PlayScenario, ReplacesWhatWasExpected) {
  const std::string start = "start: 2026-11-20 18:00\nboard: standard\n\n";
  const std::string step = "at 18:00 system RefusePassword account=nobody\n";
  EXPECT_EQ(
      PlayScenario(start + step + "  -> NONSENSE\n     of yore\n\n# end\n",
                   Folder())
          .text,
      start + step + "  !! NOT_FOUND: accounts/nobody is not known\n\n# end\n");
}

}  // namespace
}  // namespace housecall::core::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  const char* variable = std::getenv("HOUSECALL_REWRITE");
  housecall::core::testing::rewrite =
      (variable != nullptr && std::string(variable) == "1") ||
      (argc > 1 && std::string(argv[1]) == "--rewrite");
  return RUN_ALL_TESTS();
}
