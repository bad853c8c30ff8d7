#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace housecall::tidy {
namespace {

namespace fs = std::filesystem;

// Empty if git is not here or refuses.
std::vector<std::string> PathsFromGit() {
  FILE* pipe =
      popen("git ls-files -z --cached --others --exclude-standard 2>&-", "r");
  if (pipe == nullptr) return {};
  std::string output;
  std::array<char, 4096> buffer;
  size_t size = 0;
  while ((size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), size);
  }
  if (pclose(pipe) != 0) return {};
  return absl::StrSplit(output, '\0', absl::SkipEmpty());
}

std::vector<std::string> PathsFromWalk() {
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(".");
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() && (name == "build" || name == "node_modules" ||
                                  name == ".git" || name == ".cache")) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      paths.push_back(entry->path().lexically_normal().string());
    }
  }
  return paths;
}

}  // namespace

bool SourceFile::IsText() const { return text.find('\0') == std::string::npos; }

std::string Join(const std::vector<Finding>& findings) {
  std::string result;
  for (const Finding& finding : findings) {
    absl::StrAppend(&result, finding.path, ":", finding.line, ": ",
                    finding.message, "\n");
  }
  return result;
}

std::vector<SourceFile> ReadSourceTree() {
  if (!fs::exists("CMakePresets.json")) {
    std::cerr << "Run the tidy tests from the repository's root.\n";
    std::abort();
  }
  std::vector<std::string> paths = PathsFromGit();
  if (paths.empty()) paths = PathsFromWalk();
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());

  std::vector<SourceFile> files;
  for (std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    if (!in) continue;  // Tracked, but deleted in the working tree.
    files.push_back(
        {std::move(path), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return files;
}

std::string CodeOnly(absl::string_view text) {
  std::string code(text);
  auto blank = [&](size_t from, size_t to) {
    for (size_t i = from; i < to && i < code.size(); ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
  };
  auto find = [&](absl::string_view what, size_t from) {
    const size_t at = text.find(what, from);
    return at == absl::string_view::npos ? text.size() : at;
  };
  size_t i = 0;
  while (i < text.size()) {
    const absl::string_view rest = text.substr(i);
    if (absl::StartsWith(rest, "#include")) {
      i = find("\n", i);
    } else if (absl::StartsWith(rest, "//")) {
      const size_t end = find("\n", i);
      blank(i, end);
      i = end;
    } else if (absl::StartsWith(rest, "/*")) {
      const size_t end = find("*/", i + 2);
      blank(i, end + 2);
      i = end + 2;
    } else if (absl::StartsWith(rest, "R\"")) {
      const size_t open = find("(", i);
      const size_t end =
          find(absl::StrCat(")", text.substr(i + 2, open - i - 2), "\""), open);
      blank(open + 1, end);
      i = find("\"", end) + 1;
    } else if (text[i] == '"' ||
               // A quote after a digit separates digits: 1'000.
               (text[i] == '\'' &&
                !(i > 0 && isalnum(static_cast<unsigned char>(text[i - 1]))))) {
      size_t end = i + 1;
      while (end < text.size() && text[end] != text[i] && text[end] != '\n') {
        end += text[end] == '\\' ? 2 : 1;
      }
      blank(i + 1, end);
      i = end + 1;
    } else {
      ++i;
    }
  }
  return code;
}

bool IsCpp(absl::string_view path) {
  return absl::EndsWith(path, ".cc") || IsHeader(path);
}

bool IsHeader(absl::string_view path) { return absl::EndsWith(path, ".h"); }

}  // namespace housecall::tidy
