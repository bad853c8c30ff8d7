// What holds for every file of the repository, whatever its language.
#ifndef HOUSECALL_TESTS_TIDY_REPOSITORY_RULES_H_
#define HOUSECALL_TESTS_TIDY_REPOSITORY_RULES_H_

#include <vector>

#include "tests/tidy/source_tree.h"

namespace housecall::tidy {

// The layout of ARCHITECTURE.md: nothing new at the root without a decision.
std::vector<Finding> CheckLayout(const SourceFile& file);

// Text that has no place in a public repository: paths of somebody's machine,
// addresses of package registries, private keys, notes to oneself, conflict
// marks; and files that no person wrote or will read.
std::vector<Finding> CheckText(const SourceFile& file);

// A header begins with its contract and is guarded by its path; a .cc file with
// a header of its own includes that first, which proves it self-contained.
// `tree` is sorted by path.
std::vector<Finding> CheckCpp(const SourceFile& file,
                              const std::vector<SourceFile>& tree);

// Shell scripts stop at the first error and say what they are for.
std::vector<Finding> CheckShell(const SourceFile& file);

// Every HC_LOG(kError, "event") under dispatcher/ has its page
// deploy/playbook/event.md, every page its line, and every page the headings of
// deploy/playbook/README.md.
std::vector<Finding> CheckPlaybook(const std::vector<SourceFile>& tree);

// Whether the file is a shell script, by its name or its first line.
bool IsShell(const SourceFile& file);

}  // namespace housecall::tidy

#endif  // HOUSECALL_TESTS_TIDY_REPOSITORY_RULES_H_
