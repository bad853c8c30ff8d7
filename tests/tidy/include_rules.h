// Who may include whom, and what a folder must never use.
//
// The rules are those of ARCHITECTURE.md ("Folders, and who may include whom").
// They are what keeps the core pure and each adapter replaceable, so a new edge
// between folders is a decision: change ARCHITECTURE.md and the tables in
// include_rules.cc together.
#ifndef HOUSECALL_TESTS_TIDY_INCLUDE_RULES_H_
#define HOUSECALL_TESTS_TIDY_INCLUDE_RULES_H_

#include <string>
#include <vector>

#include "tests/tidy/source_tree.h"

namespace housecall::tidy {

// A folder and everything of this repository that its files may include.
// Entries that end in "/" are folders, others single files. Each folder may
// include itself. The longest matching `folder` counts.
struct FolderRule {
  std::string folder;
  std::vector<std::string> may_include;
};

// Something that files of some folders must not use.
struct Ban {
  enum class Kind { kInclude, kToken };

  Kind kind = Kind::kToken;
  // Folders or files where the ban holds, and where it nevertheless does not.
  std::vector<std::string> where;
  std::vector<std::string> except;
  // kInclude: a header, or how a banned path of several parts begins. kToken:
  // an identifier with its namespaces, used in any way or, ending in "(",
  // called.
  std::vector<std::string> what;
  std::string reason;
};

const std::vector<FolderRule>& FolderRules();
const std::vector<Ban>& Bans();

// Everything in a C++ file that breaks the two tables, and includes of our own
// that do not start at the repository's root.
std::vector<Finding> CheckIncludes(const SourceFile& file);

}  // namespace housecall::tidy

#endif  // HOUSECALL_TESTS_TIDY_INCLUDE_RULES_H_
