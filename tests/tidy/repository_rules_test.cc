#include "tests/tidy/repository_rules.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::tidy {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<SourceFile>& Tree() {
  static const auto& tree = *new std::vector<SourceFile>(ReadSourceTree());
  return tree;
}

// Collects what `check` finds in all files of the repository.
template <typename Check>
std::vector<Finding> CheckTree(Check check) {
  std::vector<Finding> findings;
  for (const SourceFile& file : Tree()) {
    for (Finding& finding : check(file)) {
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

TEST(Repository, HasOnlyTheFoldersOfTheArchitecture) {
  const std::vector<Finding> findings = CheckTree(CheckLayout);
  EXPECT_EQ(Join(findings), "");
}

TEST(Repository, HoldsNothingThatBelongsElsewhere) {
  const std::vector<Finding> findings = CheckTree(CheckText);
  EXPECT_EQ(Join(findings), "");
}

TEST(Repository, HasContractsAndGuardsInItsHeaders) {
  const std::vector<Finding> findings =
      CheckTree([](const SourceFile& file) -> std::vector<Finding> {
        if (!IsCpp(file.path)) return {};
        return CheckCpp(file, Tree());
      });
  EXPECT_EQ(Join(findings), "");
}

TEST(Repository, HasScriptsThatStopAtTheFirstError) {
  int scripts = 0;
  const std::vector<Finding> findings =
      CheckTree([&](const SourceFile& file) -> std::vector<Finding> {
        if (!IsShell(file)) return {};
        ++scripts;
        return CheckShell(file);
      });
  EXPECT_GT(scripts, 3);
  EXPECT_EQ(Join(findings), "");
}

TEST(Playbook, HasAPageForEveryErrorLine) {
  EXPECT_EQ(Join(CheckPlaybook(Tree())), "");
}

TEST(CheckPlaybook, FindsMissingAndOrphanedPages) {
  const std::string page =
      "# A\n\n## What happened\n\n## What it means\n\n## What to do\n\n"
      "## When it is over\n";
  const SourceFile logs = {
      "dispatcher/store/a.cc",
      "void F() {\n  HC_LOG(kError,\n    \"disk_full\");\n}"
      "  // HC_LOG(kError, \"not_code\")\n"};
  EXPECT_THAT(CheckPlaybook({{"deploy/playbook/disk_full.md", page}, logs}),
              IsEmpty());
  const std::vector<Finding> missing = CheckPlaybook({logs});
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].line, 2);
  EXPECT_THAT(CheckPlaybook({{"deploy/playbook/disk_full.md", page}}),
              SizeIs(1));
  EXPECT_THAT(CheckPlaybook({{"deploy/playbook/disk_full.md",
                              "# A\n\n## What to do\n\n## What happened\n\n"
                              "## What it means\n\n## When it is over\n"},
                             logs}),
              SizeIs(1));
  EXPECT_THAT(
      CheckPlaybook({{"dispatcher/store/a.cc", "HC_LOG(kError, event);\n"}}),
      SizeIs(1));
}

TEST(CheckLayout, FindsNewThingsAtTheRoot) {
  EXPECT_THAT(CheckLayout({"README.md", ""}), IsEmpty());
  EXPECT_THAT(CheckLayout({"router/README.md", ""}), IsEmpty());
  EXPECT_THAT(CheckLayout({"notes.txt", ""}), SizeIs(1));
  EXPECT_THAT(CheckLayout({"scripts/a.sh", ""}), SizeIs(1));
}

TEST(CheckText, FindsPathsOfMachines) {
  for (const std::string& path :
       {absl::StrCat("/ho", "me/sato/a"), absl::StrCat("/ro", "ot/a"),
        absl::StrCat("/wo", "rk/main"), absl::StrCat("/t", "mp/a")}) {
    for (const std::string& line :
         {path, absl::StrCat("x=", path), absl::StrCat("\"", path, "\""),
          absl::StrCat("file:", path)}) {
      EXPECT_THAT(CheckText({"a.md", absl::StrCat("b\n", line, "\n")}),
                  SizeIs(1))
          << line;
    }
    EXPECT_THAT(CheckText({"a.md", absl::StrCat("nursing", path, "\n")}),
                IsEmpty());
  }
}

TEST(CheckText, FindsWhatDoesNotBelong) {
  for (const std::string& line :
       {absl::StrCat("https://regis", "try.npm", "js.org/x"),
        absl::StrCat("// TO", "DO(sato): later"),
        absl::StrCat("-----BEGIN PRIVATE ", "KEY-----"),
        absl::StrCat("<<<<", "<<< HEAD"), std::string("x = 1; "),
        std::string("x = 1;\r")}) {
    EXPECT_THAT(CheckText({"a.cc", absl::StrCat(line, "\n")}), SizeIs(1))
        << line;
  }
  EXPECT_THAT(CheckText({"a.cc", "no line break"}), SizeIs(1));
  EXPECT_THAT(CheckText({"tests/fuzz/corpus/a/b", "x \r\nno line break"}),
              IsEmpty());
  EXPECT_THAT(CheckText({"tests/fuzz/corpus/a/b",
                         absl::StrCat("-----BEGIN PRIVATE ", "KEY-----")}),
              SizeIs(1));
  EXPECT_THAT(CheckText({"a.bin", std::string(600 * 1024, '\0')}), SizeIs(1));
  EXPECT_THAT(CheckText({"a.cc", "int methodos;\n"}), IsEmpty());
}

TEST(CheckCpp, WantsAContractAndAGuard) {
  const std::string guarded =
      "#ifndef HOUSECALL_ROUTER_GRAPH_H_\n#define HOUSECALL_ROUTER_GRAPH_H_\n"
      "#endif\n";
  EXPECT_THAT(CheckCpp({"router/graph.h", "// Roads.\n" + guarded}, {}),
              IsEmpty());
  EXPECT_THAT(CheckCpp({"router/graph.h", "\n" + guarded}, {}), SizeIs(1));
  EXPECT_THAT(CheckCpp({"router/index.h", "// Roads.\n" + guarded}, {}),
              SizeIs(1));
}

TEST(CheckCpp, WantsTheOwnHeaderFirst) {
  const std::vector<SourceFile> tree = {{"router/graph.cc", ""},
                                        {"router/graph.h", ""}};
  EXPECT_THAT(
      CheckCpp({"router/graph.cc", "#include \"router/graph.h\"\n"}, tree),
      IsEmpty());
  EXPECT_THAT(CheckCpp({"router/graph.cc",
                        "#include <map>\n#include \"router/graph.h\"\n"},
                       tree),
              SizeIs(1));
  EXPECT_THAT(CheckCpp({"router/tool.cc", "#include <map>\n"}, tree),
              IsEmpty());
}

TEST(CheckShell, WantsErrexitAndAPurpose) {
  EXPECT_THAT(CheckShell({"a.sh",
                          "#!/usr/bin/env bash\n# Does it.\n"
                          "set -euo pipefail\n"}),
              IsEmpty());
  EXPECT_THAT(CheckShell({"a.sh", "#!/usr/bin/env bash\n# Does it.\nls\n"}),
              SizeIs(1));
  EXPECT_THAT(CheckShell({"a.sh", "#!/usr/bin/env bash\nset -euo pipefail\n"}),
              SizeIs(1));
  EXPECT_THAT(CheckShell({"a.sh", "#!/bin/sh\n# Does it.\nexec ls\n"}),
              SizeIs(1));
  EXPECT_THAT(CheckShell({"lib.sh", "# shellcheck shell=bash\n# Does it.\n"}),
              IsEmpty());
}

TEST(SourceTree, HoldsThisFile) {
  bool found = false;
  for (const SourceFile& file : Tree()) {
    found |= file.path == "tests/tidy/repository_rules_test.cc" &&
             absl::StrContains(file.text, "HoldsThisFile");
    EXPECT_FALSE(absl::StartsWith(file.path, "build/")) << file.path;
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace housecall::tidy
