// What must hold of every input.
#ifndef HOUSECALL_TESTS_FUZZ_REQUIRE_H_
#define HOUSECALL_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace housecall::fuzz {

// Ends the program, so that whoever runs it keeps the input.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace housecall::fuzz

#endif  // HOUSECALL_TESTS_FUZZ_REQUIRE_H_
