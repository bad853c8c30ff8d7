// What happened in a run, line by line, and what was found wrong.
#ifndef HOUSECALL_TESTS_SIMULATION_STORY_H_
#define HOUSECALL_TESTS_SIMULATION_STORY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace housecall::simulation {

// Something that must not be. `check` names the rule, as kChecks in
// simulation.h lists them; `what` says how it was broken.
struct Violation {
  std::string check;
  std::string what;
};

// The lines of a run in the order in which they happened, each with its virtual
// time. Every line goes into the digest; they are kept only where somebody
// wants to read them.
class Story {
 public:
  // `now` gives the virtual time of a line.
  Story(std::function<absl::Time()> now, bool keep)
      : now_(std::move(now)), keep_(keep) {}

  // "20:14:03.250 node1  commit 12: CALL_RECEIVED c3". `who` has no blanks.
  template <typename... Parts>
  void Tell(absl::string_view who, const Parts&... parts) {
    Add(who, absl::StrCat(parts...));
  }
  // Also a line of the story. The first ten are kept; the night ends then.
  template <typename... Parts>
  void Break(absl::string_view check, const Parts&... parts) {
    AddViolation(check, absl::StrCat(parts...));
  }

  const std::vector<std::string>& lines() const { return lines_; }
  const std::vector<Violation>& violations() const { return violations_; }
  bool is_broken_enough() const { return violations_.size() >= 10; }
  // Of every line so far: runs with the same digest were the same, to the byte.
  uint64_t digest() const { return digest_; }
  int64_t size() const { return size_; }

 private:
  void Add(absl::string_view who, const std::string& what);
  void AddViolation(absl::string_view check, std::string what);

  const std::function<absl::Time()> now_;
  const bool keep_;
  std::vector<std::string> lines_;
  std::vector<Violation> violations_;
  int64_t size_ = 0;
  // FNV-1a.
  uint64_t digest_ = 0xcbf29ce484222325;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_STORY_H_
