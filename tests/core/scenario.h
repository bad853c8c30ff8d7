// Stories of a night as text: commands, and beneath each what comes of it. A
// physician can review them (tests/core/testdata/README.md tells how to read
// one).
#ifndef HOUSECALL_TESTS_CORE_SCENARIO_H_
#define HOUSECALL_TESTS_CORE_SCENARIO_H_

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/text.h"

namespace housecall::core::testing {

// A board on which commands written as text are played, in Tokyo's time.
class Stage {
 public:
  explicit Stage(absl::Time start) : now_(start) {}

  const Board& board() const { return board_; }
  absl::Time now() const { return now_; }
  TextTimes times() const;

  // The account's actor, or the engine's for "system". NotFound if there is no
  // such account.
  absl::StatusOr<Actor> ActorNamed(absl::string_view account) const;

  // Rules on the command and applies what was decided. "etag=current" stands
  // for the etag of what the command writes. `line` is for messages.
  absl::StatusOr<Decision> Play(absl::string_view command, const Actor& actor,
                                int line = 1);
  // As `account`; "system" is the engine.
  absl::StatusOr<Decision> PlayAs(absl::string_view account,
                                  absl::string_view command);

  // Plays the commands of a set-up file, such as testdata/standard.board: each
  // the engine's, or "at TIME ACCOUNT COMMAND". Stops at the first that is
  // refused and names it.
  absl::Status SetUpFrom(const std::string& path);
  absl::Status SetUpLine(absl::string_view line, int number);

  // Lets time pass to `until`, ruling on PassTime at each deadline as the
  // engine does, and once at the end. Calls `show(time, events)` where
  // something happened, before it is applied.
  template <typename Show>
  void PassUntil(absl::Time until, Show show) {
    // Each turn is a deadline; a rule that does not move its deadline would
    // keep the engine busy for ever.
    for (int turn = 0; turn < 10000; ++turn) {
      const absl::Time deadline = NextDeadline(board_);
      const bool last = deadline >= until;
      CheckNothingIsDueBefore(last ? until : deadline);
      now_ = std::max(now_, last ? until : deadline);
      const std::vector<Event> events = Tick();
      if (!events.empty()) show(now_, events);
      Apply(events);
      if (last && NextDeadline(board_) > now_) return;
      if (NextDeadline(board_) <= now_ && events.empty()) break;
    }
    problems_.push_back("a deadline does not pass, at " +
                        FormatTextTime(now_, times()));
  }

  // What broke an invariant so far; empty if nothing did.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  absl::StatusOr<Command> Read(absl::string_view text, int line) const;
  void Apply(const std::vector<Event>& events);
  std::vector<Event> Tick();
  // Finds deadlines that NextDeadline tells too late.
  void CheckNothingIsDueBefore(absl::Time time);

  Board board_;
  absl::Time now_;
  std::vector<std::string> problems_;
};

// "FAILED_PRECONDITION: calls/c1 is CLOSED: it is over".
std::string TextOf(const absl::Status& status);

struct Played {
  // The file as it would be if every expectation held.
  std::string text;
  // What is wrong whatever is expected: a line that cannot be read, a refused
  // set-up, a broken invariant.
  std::vector<std::string> problems;
};

// Plays the story in `text`. `boards` is the folder of the boards that it may
// begin with.
Played PlayScenario(const std::string& text, const std::string& boards);

}  // namespace housecall::core::testing

#endif  // HOUSECALL_TESTS_CORE_SCENARIO_H_
