#include "tests/tidy/repository_rules.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace housecall::tidy {
namespace {

constexpr size_t kMaxFileBytes = 512 * 1024;

struct Forbidden {
  std::string text;
  // A path counts only where it begins, not in the middle of another.
  bool is_path;
  std::string reason;
};

// Put together from pieces, so that this file does not hold them itself.
const std::vector<Forbidden>& ForbiddenTexts() {
  static const auto& texts = *new std::vector<Forbidden>{
      {absl::StrCat("/ho", "me/"), true, "path of somebody's machine"},
      {absl::StrCat("/ro", "ot/"), true, "path of somebody's machine"},
      {absl::StrCat("/Us", "ers/"), true, "path of somebody's machine"},
      {absl::StrCat("/wo", "rk/"), true, "path of somebody's machine"},
      {absl::StrCat("/t", "mp/"), true,
       "other programs and users share it; take a folder of one's own "
       "(testing::TempDir(), mktemp -d)"},
      {absl::StrCat("registry.npm", "js"), false, "address of a registry"},
      {absl::StrCat("deb.deb", "ian"), false, "address of a registry"},
      {absl::StrCat("\"resol", "ved\":"), false,
       "address of a registry (tests/npm/.npmrc leaves it out)"},
      {absl::StrCat("PRIVATE ", "KEY-----"), false,
       "a private key; tests make theirs"},
      {absl::StrCat("TO", "DO"), false, "open work belongs into an issue"},
      {absl::StrCat("FIX", "ME"), false, "open work belongs into an issue"},
      {absl::StrCat("<<<<", "<<< "), false, "conflict mark"},
      {absl::StrCat(">>>>", ">>> "), false, "conflict mark"},
  };
  return texts;
}

bool Holds(absl::string_view line, const Forbidden& forbidden) {
  size_t at = line.find(forbidden.text);
  for (; at != absl::string_view::npos;
       at = line.find(forbidden.text, at + 1)) {
    if (!forbidden.is_path) {
      // A word of its own: "TODOS" in a Spanish street is none.
      const size_t end = at + forbidden.text.size();
      const bool word_before =
          at > 0 && std::isalpha(static_cast<unsigned char>(line[at - 1]));
      const bool word_after =
          end < line.size() &&
          std::isalpha(static_cast<unsigned char>(line[end]));
      if (std::isupper(static_cast<unsigned char>(forbidden.text[0])) &&
          (word_before || word_after)) {
        continue;
      }
      return true;
    }
    if (at == 0 || (!std::isalnum(static_cast<unsigned char>(line[at - 1])) &&
                    !absl::StrContains("._-}/~", line[at - 1]))) {
      return true;
    }
  }
  return false;
}

std::string FirstLine(const SourceFile& file) {
  return file.text.substr(0, file.text.find('\n'));
}

}  // namespace

std::vector<Finding> CheckLayout(const SourceFile& file) {
  static const auto& folders = *new std::set<std::string>{
      ".ci", "clients", "deploy", "dispatcher", "proto", "router", "tests"};
  static const auto& files = *new std::set<std::string>{
      ".clang-format",     ".clang-tidy", ".gitignore",     "ARCHITECTURE.md",
      "CHANGELOG.md",      "LICENSE",     "CMakeLists.txt", "CONTRIBUTING.md",
      "CMakePresets.json", "README.md",   "README.ja.md",
  };
  const size_t slash = file.path.find('/');
  if (slash == std::string::npos) {
    if (files.count(file.path) > 0) return {};
    return {{file.path, 0, "new file at the root; it belongs into a folder"}};
  }
  if (folders.count(file.path.substr(0, slash)) > 0) return {};
  return {{file.path, 0, "new folder at the root (ARCHITECTURE.md, Folders)"}};
}

std::vector<Finding> CheckText(const SourceFile& file) {
  std::vector<Finding> findings;
  if (file.text.size() > kMaxFileBytes) {
    findings.push_back({file.path, 0,
                        "larger than 512 KiB; make it in the test, or let a "
                        "package bring it"});
  }
  if (!file.IsText() || file.text.empty()) return findings;
  // Inputs are what they are, to the byte.
  const bool is_input = absl::StartsWith(file.path, "tests/fuzz/corpus/");
  if (!is_input && file.text.back() != '\n') {
    findings.push_back({file.path, 0, "does not end with a line break"});
  }
  const bool is_markdown = absl::EndsWith(file.path, ".md");
  int number = 0;
  for (absl::string_view line : absl::StrSplit(file.text, '\n')) {
    ++number;
    if (!is_input && absl::EndsWith(line, "\r")) {
      findings.push_back({file.path, number, "line ends with CR LF"});
    } else if (!is_input && !is_markdown && file.path != "LICENSE" &&
               absl::StripTrailingAsciiWhitespace(line) != line) {
      findings.push_back({file.path, number, "line ends with a space"});
    }
    for (const Forbidden& forbidden : ForbiddenTexts()) {
      if (Holds(line, forbidden)) {
        findings.push_back(
            {file.path, number,
             absl::StrCat(forbidden.text, ": ", forbidden.reason)});
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckCpp(const SourceFile& file,
                              const std::vector<SourceFile>& tree) {
  std::vector<Finding> findings;
  if (IsHeader(file.path)) {
    if (!absl::StartsWith(file.text, "// ")) {
      findings.push_back({file.path, 1,
                          "a header begins with a comment: what it is, and "
                          "what its users may rely on"});
    }
    const std::string guard =
        absl::StrCat("HOUSECALL_",
                     absl::AsciiStrToUpper(absl::StrReplaceAll(
                         file.path, {{"/", "_"}, {".", "_"}, {"-", "_"}})),
                     "_");
    if (!absl::StrContains(file.text,
                           absl::StrCat("\n#ifndef ", guard, "\n"))) {
      findings.push_back(
          {file.path, 0, absl::StrCat("is not guarded by ", guard)});
    }
    return findings;
  }
  absl::string_view stem = absl::StripSuffix(file.path, ".cc");
  const std::string header = absl::StrCat(stem, ".h");
  const bool has_header = std::binary_search(
      tree.begin(), tree.end(), SourceFile{header, ""},
      [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  if (!has_header) return findings;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(file.text, '\n')) {
    ++number;
    if (!absl::StartsWith(line, "#include")) continue;
    if (line != absl::StrCat("#include \"", header, "\"")) {
      findings.push_back(
          {file.path, number,
           absl::StrCat("the first include has to be ", header,
                        ", which proves that header self-contained")});
    }
    break;
  }
  return findings;
}

std::vector<Finding> CheckPlaybook(const std::vector<SourceFile>& tree) {
  constexpr absl::string_view kFolder = "deploy/playbook/";
  std::vector<Finding> findings;
  std::set<std::string> pages;
  for (const SourceFile& file : tree) {
    if (!absl::StartsWith(file.path, kFolder) ||
        !absl::EndsWith(file.path, ".md") ||
        file.path == absl::StrCat(kFolder, "README.md")) {
      continue;
    }
    pages.insert(file.path);
    size_t from = 0;
    for (const char* heading :
         {"\n## What happened\n", "\n## What it means\n", "\n## What to do\n",
          "\n## When it is over\n"}) {
      const size_t at = file.text.find(heading, from);
      if (at == std::string::npos) {
        findings.push_back(
            {file.path, 0,
             absl::StrCat("lacks, in this order, the heading",
                          absl::StrReplaceAll(heading, {{"\n", " "}}))});
      } else {
        from = at;
      }
    }
  }
  std::set<std::string> logged;
  for (const SourceFile& file : tree) {
    if (!absl::StartsWith(file.path, "dispatcher/") || !IsCpp(file.path)) {
      continue;
    }
    constexpr absl::string_view kLog = "HC_LOG(kError,";
    const std::string code = CodeOnly(file.text);
    size_t at = code.find(std::string(kLog));
    for (; at != std::string::npos; at = code.find(std::string(kLog), at + 1)) {
      absl::string_view rest = absl::StripLeadingAsciiWhitespace(
          absl::string_view(file.text).substr(at + kLog.size()));
      const int line = 1 + static_cast<int>(std::count(
                               code.begin(), code.begin() + at, '\n'));
      if (!absl::ConsumePrefix(&rest, "\"")) {
        findings.push_back({file.path, line,
                            "the event of an ERROR line is a literal, so that "
                            "it names its page"});
        continue;
      }
      const std::string page =
          absl::StrCat(kFolder, rest.substr(0, rest.find('"')), ".md");
      logged.insert(page);
      if (pages.count(page) == 0) {
        findings.push_back({file.path, line, absl::StrCat("has no ", page)});
      }
    }
  }
  for (const std::string& page : pages) {
    if (logged.count(page) == 0) {
      findings.push_back({page, 0, "no ERROR line leads to this page"});
    }
  }
  return findings;
}

bool IsShell(const SourceFile& file) {
  const std::string first = FirstLine(file);
  return absl::EndsWith(file.path, ".sh") ||
         (absl::StartsWith(first, "#!") && absl::StrContains(first, "sh"));
}

std::vector<Finding> CheckShell(const SourceFile& file) {
  std::vector<Finding> findings;
  const bool is_sourced = !absl::StartsWith(file.text, "#!");
  const std::vector<absl::string_view> lines = absl::StrSplit(file.text, '\n');
  if (is_sourced) {
    if (lines[0] != "# shellcheck shell=bash") {
      findings.push_back({file.path, 1,
                          "a sourced script begins with "
                          "\"# shellcheck shell=bash\""});
    }
  } else {
    if (lines[0] != "#!/usr/bin/env bash") {
      findings.push_back(
          {file.path, 1, "a script begins with \"#!/usr/bin/env bash\""});
    }
    const bool execs_at_once =
        std::find_if(lines.begin() + 1, lines.end(),
                     [](absl::string_view line) {
                       return !absl::StartsWith(line, "#");
                     }) != lines.end() &&
        absl::StartsWith(*std::find_if(lines.begin() + 1, lines.end(),
                                       [](absl::string_view line) {
                                         return !absl::StartsWith(line, "#");
                                       }),
                         "exec ");
    if (!execs_at_once && std::find(lines.begin(), lines.end(),
                                    "set -euo pipefail") == lines.end()) {
      findings.push_back({file.path, 0, "does not `set -euo pipefail`"});
    }
  }
  if (lines.size() < 2 || !absl::StartsWith(lines[1], "#")) {
    findings.push_back(
        {file.path, 2, "a script begins with a comment: what it is for"});
  }
  return findings;
}

}  // namespace housecall::tidy
