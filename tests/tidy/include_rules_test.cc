#include "tests/tidy/include_rules.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::tidy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Finding> Check(const std::string& path, const std::string& text) {
  return CheckIncludes({path, text});
}

TEST(IncludeRules, HoldInTheRepository) {
  std::vector<Finding> findings;
  int files = 0;
  for (const SourceFile& file : ReadSourceTree()) {
    if (!IsCpp(file.path)) continue;
    ++files;
    for (Finding& finding : CheckIncludes(file)) {
      findings.push_back(std::move(finding));
    }
  }
  EXPECT_GT(files, 10);
  EXPECT_EQ(Join(findings), "");
}

// The two diagrams of ARCHITECTURE.md, drawn anew: row includes column.
TEST(IncludeRules, AllowExactlyTheEdgesOfTheDiagrams) {
  const std::map<std::string, std::string> headers = {
      {"base", "dispatcher/base/id.h"},
      {"core", "dispatcher/core/board.h"},
      {"planner", "dispatcher/planner/planner.h"},
      {"store.h", "dispatcher/store/store.h"},
      {"stores", "dispatcher/store/sql_store.h"},
      {"engine", "dispatcher/engine/engine.h"},
      {"server", "dispatcher/server/auth.h"},
      {"outbox", "dispatcher/outbox/channel.h"},
      {"gateway", "dispatcher/gateway/gateway.h"},
      {"router.h", "router/router.h"},
      {"times", "router/travel_time_source.h"},
      {"router", "router/graph.h"},
      {"proto", "proto/housecall/v1/call_service.pb.h"},
      {"clients", "clients/cli/table.h"},
  };
  using Edges = std::set<std::string>;
  const std::map<std::string, Edges> may_include = {
      {"dispatcher/base/a.cc", {"base"}},
      {"dispatcher/core/a.cc", {"base", "core"}},
      {"dispatcher/planner/a.cc", {"base", "core", "planner"}},
      {"dispatcher/store/store.h", {"base", "core", "store.h"}},
      {"dispatcher/store/a.cc", {"base", "core", "store.h", "stores"}},
      {"dispatcher/engine/a.cc",
       {"base", "core", "planner", "store.h", "router.h", "times", "engine"}},
      {"dispatcher/server/a.cc",
       {"base", "core", "engine", "store.h", "router.h", "times", "proto",
        "server"}},
      {"dispatcher/outbox/a.cc", {"base", "core", "store.h", "outbox"}},
      {"dispatcher/gateway/a.cc", {"base", "gateway"}},
      {"dispatcher/main.cc",
       {"base", "core", "planner", "store.h", "stores", "engine", "server",
        "outbox", "gateway", "router.h", "times", "router", "proto"}},
      {"router/a.cc", {"router.h", "times", "router"}},
      {"clients/cli/a.cc", {"proto", "clients"}},
  };
  for (const auto& [path, edges] : may_include) {
    for (const auto& [name, header] : headers) {
      const bool allowed =
          Check(path, absl::StrCat("#include \"", header, "\"\n")).empty();
      EXPECT_EQ(allowed, edges.count(name) > 0)
          << path << (allowed ? " may" : " may not") << " include " << name;
    }
  }
}

TEST(IncludeRules, NameTheLineAndBothFolders) {
  const std::vector<Finding> findings =
      Check("dispatcher/core/decide.cc",
            "// why\n\n#include \"dispatcher/store/store.h\"\n");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].line, 3);
  EXPECT_THAT(findings[0].message, HasSubstr("dispatcher/core/ may not include "
                                             "dispatcher/store/store.h"));
}

TEST(IncludeRules, TakeGeneratedHeadersForProto) {
  EXPECT_THAT(
      Check("dispatcher/server/a.cc", "#include \"housecall/v1/c.pb.h\"\n"),
      IsEmpty());
  EXPECT_THAT(
      Check("dispatcher/engine/a.cc", "#include \"housecall/v1/c.pb.h\"\n"),
      SizeIs(1));
}

TEST(IncludeRules, WantRulesForEveryFolder) {
  EXPECT_THAT(Check("dispatcher/misc/a.cc", "int a;\n"), SizeIs(1));
  EXPECT_THAT(Check("dispatcher/helpers.cc", "int a;\n"), SizeIs(1));
}

TEST(IncludeRules, WantIncludesFromTheRoot) {
  EXPECT_THAT(Check("dispatcher/core/a.cc", "#include \"board.h\"\n"),
              SizeIs(1));
  EXPECT_THAT(Check("dispatcher/core/a.cc", "#include <map>\n"), IsEmpty());
}

// Every row of the ban list finds its own violation wherever it holds, and
// nothing where it does not.
TEST(Bans, FindEveryPlantedViolation) {
  for (const Ban& ban : Bans()) {
    ASSERT_FALSE(ban.reason.empty());
    for (const std::string& what : ban.what) {
      std::string line;
      if (ban.kind == Ban::Kind::kInclude) {
        const bool whole =
            !absl::StrContains(what, '/') || absl::EndsWith(what, ".h");
        line = absl::StrCat("#include <", what, whole ? ">" : "x.h>");
      } else {
        line = absl::StrCat("  auto x = ", what,
                            absl::EndsWith(what, "(") ? ");" : ";");
      }
      const std::string text = absl::StrCat("int a;\n", line, "\n");
      for (const std::string& where : ban.where) {
        const std::string folder =
            where == "dispatcher/" ? "dispatcher/engine/" : where;
        const std::vector<Finding> findings =
            Check(absl::StrCat(folder, "planted.cc"), text);
        bool found = false;
        for (const Finding& finding : findings) {
          found |= finding.line == 2 &&
                   absl::StrContains(finding.message, ban.reason);
        }
        EXPECT_TRUE(found) << line << " in " << folder;
      }
      for (const std::string& where : ban.except) {
        const std::string path =
            absl::EndsWith(where, "/") ? where + "planted.cc" : where;
        for (const Finding& finding : Check(path, text)) {
          EXPECT_FALSE(absl::StrContains(finding.message, ban.reason))
              << line << " in " << path;
        }
      }
    }
  }
}

TEST(Bans, LeaveOtherIdentifiersAlone) {
  for (const char* line : {
           "absl::Time time = shift.start_time;",
           "int64_t runtime(int x);",
           "call.time(3);",
           "my::rand(3);",
           "// absl::Now() is not to be used here",
           "const char* text = \"std::rand() absl::Now()\";",
           "const char* raw = R\"(std::mutex)\";",
           "#include <map>",
           "#include \"absl/time/time.h\"",
       }) {
    EXPECT_THAT(Check("dispatcher/core/a.cc", absl::StrCat(line, "\n")),
                IsEmpty())
        << line;
  }
}

TEST(Bans, SeeThroughGlobalQualification) {
  EXPECT_THAT(Check("dispatcher/core/a.cc", "x = ::absl::Now();\n"), SizeIs(1));
  EXPECT_THAT(Check("dispatcher/core/a.cc", "x = ::time(nullptr);\n"),
              SizeIs(1));
}

TEST(CodeOnly, BlanksCommentsAndLiteralsAndKeepsLines) {
  EXPECT_EQ(CodeOnly("a /* b\nc */ d // e\nf"), "a     \n     d     \nf");
  EXPECT_EQ(CodeOnly("x = \"a\\\"b\"; y"), "x = \"    \"; y");
  EXPECT_EQ(CodeOnly("x = R\"(a\"b)\"; y"), "x = R\"(   )\"; y");
  EXPECT_EQ(CodeOnly("n = 1'000; // c"), "n = 1'000;     ");
  EXPECT_EQ(CodeOnly("c = '\"'; d"), "c = ' '; d");
  EXPECT_EQ(CodeOnly("#include \"a/b.h\"\n"), "#include \"a/b.h\"\n");
}

}  // namespace
}  // namespace housecall::tidy
