// The files of the repository, as the tidy tests see them.
#ifndef HOUSECALL_TESTS_TIDY_SOURCE_TREE_H_
#define HOUSECALL_TESTS_TIDY_SOURCE_TREE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace housecall::tidy {

// A file: its path from the repository root, and what it holds.
struct SourceFile {
  std::string path;
  std::string text;

  // Nothing but text (no zero byte).
  bool IsText() const;
};

// What is wrong in a file. `line` counts from 1; 0 means the file as a whole.
struct Finding {
  std::string path;
  int line = 0;
  std::string message;

  bool operator==(const Finding&) const = default;
};

// "path:line: message", one finding a line, for a test's failure message.
std::string Join(const std::vector<Finding>& findings);

// Reads every file under the current folder that git tracks or would track;
// without git, every file outside build/ and node_modules/. Sorted by path.
// Dies if the current folder is not the repository's root.
std::vector<SourceFile> ReadSourceTree();

// C++ code with comments and the contents of literals blanked out; line breaks
// stay, so that line numbers do. The paths of #include lines stay too.
std::string CodeOnly(absl::string_view text);

bool IsCpp(absl::string_view path);     // .h or .cc
bool IsHeader(absl::string_view path);  // .h

}  // namespace housecall::tidy

#endif  // HOUSECALL_TESTS_TIDY_SOURCE_TREE_H_
