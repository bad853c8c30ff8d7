#include "tests/core/scenario.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "dispatcher/base/status_macros.h"
#include "tests/core/invariants.h"

namespace housecall::core::testing {

namespace {

constexpr char kCurrentEtag[] = " etag=current";

absl::TimeZone Tokyo() { return absl::FixedTimeZone(9 * 60 * 60); }

template <typename R>
Version EtagOf(const Board& board, const decltype(R::id)& id) {
  const R* found = board.Find<R>(id);
  return found == nullptr ? Version() : found->etag;
}

template <typename C>
concept IsUpdate = requires(C c) {
  c.record.etag;
};
template <typename C>
concept HasEtag = requires(C c) {
  c.etag;
};

// Gives the command the etag of what it writes.
void SetCurrentEtag(const Board& board, Command* command) {
  std::visit(
      [&](auto& c) {
        using C = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<C, SignNote>) {
          c.etag = EtagOf<Note>(board, c.note);
        } else if constexpr (std::is_same_v<C, DraftNote>) {
          const Call* call = board.Find<Call>(c.call);
          c.etag =
              call == nullptr ? Version() : EtagOf<Note>(board, call->note);
        } else if constexpr (HasEtag<C>) {
          c.etag = EtagOf<Call>(board, c.call);
        } else if constexpr (IsUpdate<C>) {
          using R = decltype(c.record);
          c.record.etag = EtagOf<R>(board, c.record.id);
        }
      },
      *command);
}

std::string Indented(absl::string_view text) {
  return absl::StrCat("  ", absl::StrReplaceAll(text, {{"\n", "\n  "}}), "\n");
}

bool IsPlain(const std::string& line) { return line.empty() || line[0] == '#'; }

// Reads "word rest"; false if there is no word.
bool TakeWord(absl::string_view* rest, absl::string_view* word) {
  *rest = absl::StripLeadingAsciiWhitespace(*rest);
  const size_t end = std::min(rest->find(' '), rest->size());
  *word = rest->substr(0, end);
  rest->remove_prefix(end);
  return !word->empty();
}

class Player {
 public:
  Player(const std::string& text, std::string boards)
      : lines_(absl::StrSplit(text, '\n')), boards_(std::move(boards)) {
    if (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
  }

  Played Play() {
    while (at_ < lines_.size()) {
      const std::string line = TakeLine();
      if (IsPlain(line)) {
        if (line.empty() && in_set_up_) in_set_up_ = false;
        continue;
      }
      if (!PlayLine(line)) break;
    }
    if (stage_ != nullptr) {
      played_.problems.insert(played_.problems.end(),
                              stage_->problems().begin(),
                              stage_->problems().end());
    }
    return std::move(played_);
  }

 private:
  // The next line with what continues it; both are kept as they are.
  std::string TakeLine() {
    std::string line = lines_[at_++];
    absl::StrAppend(&played_.text, line, "\n");
    while (absl::EndsWith(line, "\\") && at_ < lines_.size()) {
      line.back() = ' ';
      absl::StrAppend(&played_.text, lines_[at_], "\n");
      line += lines_[at_++];
    }
    return line;
  }

  bool Fail(absl::string_view what) {
    played_.problems.push_back(absl::StrCat("line ", at_, ": ", what));
    return false;
  }

  bool PlayLine(const std::string& line) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "start: ")) return Start(rest);
    if (stage_ == nullptr) return Fail("start: 2026-11-20 18:00 wanted");
    if (absl::ConsumePrefix(&rest, "board:")) {
      in_set_up_ = true;
      for (absl::string_view name; TakeWord(&rest, &name);) {
        if (!SetUp(stage_->SetUpFrom(
                absl::StrCat(boards_, "/", name, ".board")))) {
          return false;
        }
      }
      return true;
    }
    if (in_set_up_) {
      return SetUp(stage_->SetUpLine(line, static_cast<int>(at_)));
    }
    if (absl::ConsumePrefix(&rest, "at ")) return At(rest);
    if (absl::ConsumePrefix(&rest, "pass ")) return Pass(rest);
    return Fail("at, pass or an indented line wanted");
  }

  bool Start(absl::string_view text) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime("%Y-%m-%d %H:%M", std::string(text), Tokyo(), &time,
                         &error)) {
      return Fail(error);
    }
    stage_ = std::make_unique<Stage>(time);
    return true;
  }

  bool SetUp(const absl::Status& status) {
    return status.ok() || Fail(TextOf(status));
  }

  // What was expected so far, to be replaced by what is.
  void SkipExpectation() {
    while (at_ < lines_.size() && absl::StartsWith(lines_[at_], "  ")) ++at_;
  }

  void Show(const std::vector<Event>& events) {
    Board board = stage_->board();
    for (const Event& event : events) {
      played_.text += Indented(FormatEvent(event, board, stage_->times()));
      core::Apply(event, &board);
    }
    for (const OutboxMessage& message : OutboxFor(events).put) {
      absl::StrAppend(&played_.text, "  => push ", message.id.value(), " ",
                      NameOf(message.channel), " at ",
                      FormatTextTime(message.send_time, stage_->times()), "\n");
    }
  }

  // Returns whether anything happened.
  bool PassUntil(absl::Time time) {
    const absl::CivilDay today = absl::ToCivilDay(stage_->now(), Tokyo());
    bool happened = false;
    stage_->PassUntil(time, [&](absl::Time at, const std::vector<Event>& e) {
      ShowTime(at, today);
      Show(e);
      happened = true;
    });
    return happened;
  }

  void ShowTime(absl::Time time, absl::CivilDay today) {
    const char* format = absl::ToCivilDay(time, Tokyo()) == today
                             ? "  [%H:%M:%S]\n"
                             : "  [%m-%d %H:%M:%S]\n";
    played_.text += absl::FormatTime(format, time, Tokyo());
  }

  bool Pass(absl::string_view text) {
    absl::Duration duration;
    if (!absl::ParseDuration(std::string(text), &duration) ||
        duration <= absl::ZeroDuration()) {
      return Fail("a duration such as 90s wanted");
    }
    SkipExpectation();
    PassUntil(stage_->now() + duration);
    return true;
  }

  bool At(absl::string_view rest) {
    absl::string_view word;
    TakeWord(&rest, &word);
    const absl::StatusOr<absl::Time> time =
        ParseTextTime(word, stage_->times());
    if (!time.ok()) return Fail(TextOf(time.status()));
    if (*time < stage_->now()) return Fail("time does not go back");
    absl::string_view account;
    if (!TakeWord(&rest, &account)) return Fail("an account wanted");
    const int line = static_cast<int>(at_);
    SkipExpectation();
    const absl::CivilDay today = absl::ToCivilDay(stage_->now(), Tokyo());
    // What the clock did before is told apart from what the command does.
    if (*time > stage_->now() && PassUntil(*time)) ShowTime(*time, today);

    const absl::StatusOr<Actor> actor = stage_->ActorNamed(account);
    if (!actor.ok()) return Fail(TextOf(actor.status()));
    // What is shown is compared with the board before.
    Stage next = *stage_;
    const absl::StatusOr<Decision> decision = next.Play(rest, *actor, line);
    if (!decision.ok()) {
      absl::StrAppend(&played_.text, "  !! ", TextOf(decision.status()), "\n");
    } else if (decision->events.empty()) {
      absl::StrAppend(&played_.text, "  (nothing changes)\n");
    } else {
      Show(decision->events);
    }
    *stage_ = std::move(next);
    // What is due at once: the engine's timer does not wait.
    PassUntil(stage_->now());
    return true;
  }

  std::vector<std::string> lines_;
  const std::string boards_;
  size_t at_ = 0;
  bool in_set_up_ = false;
  std::unique_ptr<Stage> stage_;
  Played played_;
};

}  // namespace

std::string TextOf(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

TextTimes Stage::times() const { return {now_, Tokyo()}; }

absl::StatusOr<Actor> Stage::ActorNamed(absl::string_view name) const {
  if (name == "system") return SystemActor();
  const Account* account = board_.Find<Account>(AccountId(name));
  if (account == nullptr) {
    return absl::NotFoundError(absl::StrCat("accounts/", name, " not known"));
  }
  Actor actor;
  actor.account = account->id;
  actor.person = account->person;
  actor.roles = account->roles;
  if (const Person* person = board_.Find<Person>(account->person)) {
    actor.organization = person->organization;
  }
  return actor;
}

absl::StatusOr<Command> Stage::Read(absl::string_view text, int line) const {
  std::string plain(text);
  const size_t at = plain.find(kCurrentEtag);
  if (at != std::string::npos) plain.erase(at, sizeof(kCurrentEtag) - 1);
  ASSIGN_OR_RETURN(Command command, ParseCommand(plain, line, times()));
  if (at != std::string::npos) SetCurrentEtag(board_, &command);
  return command;
}

absl::StatusOr<Decision> Stage::Play(absl::string_view text, const Actor& actor,
                                     int line) {
  ASSIGN_OR_RETURN(const Command command, Read(text, line));
  ASSIGN_OR_RETURN(Decision decision, Decide(board_, command, actor, now_));
  Apply(decision.events);
  return decision;
}

absl::StatusOr<Decision> Stage::PlayAs(absl::string_view account,
                                       absl::string_view command) {
  ASSIGN_OR_RETURN(const Actor actor, ActorNamed(account));
  return Play(command, actor);
}

absl::Status Stage::SetUpLine(absl::string_view line, int number) {
  absl::string_view account = "system";
  if (absl::ConsumePrefix(&line, "at ")) {
    absl::string_view word;
    TakeWord(&line, &word);
    ASSIGN_OR_RETURN(const absl::Time time, ParseTextTime(word, times()));
    PassUntil(time, [](absl::Time, const std::vector<Event>&) {});
    TakeWord(&line, &account);
  }
  ASSIGN_OR_RETURN(const Actor actor, ActorNamed(account));
  return Play(line, actor, number).status();
}

absl::Status Stage::SetUpFrom(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("there is no such set-up");
  std::string line;
  std::string command;
  for (int number = 1; std::getline(file, line); ++number) {
    if (command.empty() && IsPlain(line)) continue;
    command += line;
    if (absl::EndsWith(command, "\\")) {
      command.back() = ' ';
      continue;
    }
    if (absl::Status status = SetUpLine(command, number); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("set-up line ", number,
                                                      ": ", status.message()));
    }
    command.clear();
  }
  return absl::OkStatus();
}

void Stage::Apply(const std::vector<Event>& events) {
  for (const Event& event : events) {
    std::string broken = CheckEtags(board_, event);
    core::Apply(event, &board_);
    if (&event == &events.back()) broken += CheckInvariants(board_);
    if (!broken.empty()) {
      problems_.push_back(absl::StrCat("after ", NameOf(event.kind), " at ",
                                       FormatTextTime(now_, times()), ": ",
                                       broken));
    }
  }
}

std::vector<Event> Stage::Tick() {
  absl::StatusOr<Decision> decision =
      Decide(board_, PassTime(), SystemActor(), now_);
  if (decision.ok()) return std::move(decision->events);
  problems_.push_back(TextOf(decision.status()));
  return {};
}

void Stage::CheckNothingIsDueBefore(absl::Time time) {
  const absl::Time before = time - absl::Microseconds(1);
  if (before <= now_) return;
  const absl::StatusOr<Decision> decision =
      Decide(board_, PassTime(), SystemActor(), before);
  if (!decision.ok() || decision->events.empty()) return;
  problems_.push_back(
      absl::StrCat("NextDeadline is late: ", NameOf(decision->events[0].kind),
                   " was due before ", FormatTextTime(time, times())));
}

Played PlayScenario(const std::string& text, const std::string& boards) {
  return Player(text, boards).Play();
}

}  // namespace housecall::core::testing
