#include "dispatcher/core/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::core {

namespace {

// --- Names ------------------------------------------------------------------

template <typename R>
constexpr const char* kRecordName = nullptr;
#define HOUSECALL_RECORD(Type) \
  template <>                  \
  constexpr const char* kRecordName<Type> = #Type
HOUSECALL_RECORD(Center);
HOUSECALL_RECORD(Organization);
HOUSECALL_RECORD(Person);
HOUSECALL_RECORD(Account);
HOUSECALL_RECORD(Session);
HOUSECALL_RECORD(Car);
HOUSECALL_RECORD(Patient);
HOUSECALL_RECORD(Shift);
HOUSECALL_RECORD(Override);
HOUSECALL_RECORD(Duty);
HOUSECALL_RECORD(Position);
HOUSECALL_RECORD(Call);
HOUSECALL_RECORD(Offer);
HOUSECALL_RECORD(Assignment);
HOUSECALL_RECORD(Visit);
HOUSECALL_RECORD(Note);
HOUSECALL_RECORD(Delivery);
HOUSECALL_RECORD(Task);
HOUSECALL_RECORD(Match);
#undef HOUSECALL_RECORD

// Specialised below for Create and Update.
template <typename C>
struct CommandType {
  static constexpr const char* kPrefix = "";
  static constexpr const char* kName = nullptr;
  static C& Fields(C& command) { return command; }
  static const C& Fields(const C& command) { return command; }
};
template <typename R>
struct CommandType<Create<R>> {
  static constexpr const char* kPrefix = "Create";
  static constexpr const char* kName = kRecordName<R>;
  static R& Fields(Create<R>& command) { return command.record; }
  static const R& Fields(const Create<R>& command) { return command.record; }
};
template <typename R>
struct CommandType<Update<R>> {
  static constexpr const char* kPrefix = "Update";
  static constexpr const char* kName = kRecordName<R>;
  static R& Fields(Update<R>& command) { return command.record; }
  static const R& Fields(const Update<R>& command) { return command.record; }
};
#define HOUSECALL_COMMAND(Type)                                        \
  template <>                                                          \
  struct CommandType<Type> {                                           \
    static constexpr const char* kPrefix = "";                         \
    static constexpr const char* kName = #Type;                        \
    static Type& Fields(Type& command) { return command; }             \
    static const Type& Fields(const Type& command) { return command; } \
  }
HOUSECALL_COMMAND(SaveAccount);
HOUSECALL_COMMAND(OpenSession);
HOUSECALL_COMMAND(RefusePassword);
HOUSECALL_COMMAND(ChangePassword);
HOUSECALL_COMMAND(RevokeSession);
HOUSECALL_COMMAND(RecordAcp);
HOUSECALL_COMMAND(ConfirmPatient);
HOUSECALL_COMMAND(GoOnDuty);
HOUSECALL_COMMAND(GoOffDuty);
HOUSECALL_COMMAND(ReportPosition);
HOUSECALL_COMMAND(SubmitCall);
HOUSECALL_COMMAND(TriageCall);
HOUSECALL_COMMAND(HoldCall);
HOUSECALL_COMMAND(ResumeCall);
HOUSECALL_COMMAND(AddFact);
HOUSECALL_COMMAND(CorrectPlace);
HOUSECALL_COMMAND(FollowCall);
HOUSECALL_COMMAND(MergeCall);
HOUSECALL_COMMAND(UnmergeCall);
HOUSECALL_COMMAND(RequestCancel);
HOUSECALL_COMMAND(AnswerCancel);
HOUSECALL_COMMAND(CancelCall);
HOUSECALL_COMMAND(RaiseEmergency);
HOUSECALL_COMMAND(DecideEmergency);
HOUSECALL_COMMAND(SetCareTeam);
HOUSECALL_COMMAND(GrantDistanceException);
HOUSECALL_COMMAND(InformRequester);
HOUSECALL_COMMAND(CloseCall);
HOUSECALL_COMMAND(OfferVisit);
HOUSECALL_COMMAND(ReportUnmatched);
HOUSECALL_COMMAND(UpdateEstimate);
HOUSECALL_COMMAND(AcceptOffer);
HOUSECALL_COMMAND(DeclineOffer);
HOUSECALL_COMMAND(WithdrawOffer);
HOUSECALL_COMMAND(ReleaseAssignment);
HOUSECALL_COMMAND(ReportBreakdown);
HOUSECALL_COMMAND(ReportDriverMissing);
HOUSECALL_COMMAND(PassTime);
HOUSECALL_COMMAND(AdvanceVisit);
HOUSECALL_COMMAND(ReportNotFound);
HOUSECALL_COMMAND(RecordNotFoundStep);
HOUSECALL_COMMAND(ReportFound);
HOUSECALL_COMMAND(ConfirmHours);
HOUSECALL_COMMAND(DraftNote);
HOUSECALL_COMMAND(SignNote);
HOUSECALL_COMMAND(RecordAttempt);
HOUSECALL_COMMAND(ConfirmReceipt);
HOUSECALL_COMMAND(ConfirmReceiptByHand);
HOUSECALL_COMMAND(RetryDelivery);
HOUSECALL_COMMAND(QuestionNote);
HOUSECALL_COMMAND(AcknowledgeTask);
HOUSECALL_COMMAND(ResolveTask);
#undef HOUSECALL_COMMAND

template <typename C>
std::string NameOfCommandType() {
  static_assert(CommandType<C>::kName != nullptr,
                "give the command its name above");
  return absl::StrCat(CommandType<C>::kPrefix, CommandType<C>::kName);
}

// --- Times ------------------------------------------------------------------

// "22:05", "22:05:30" or "22:05:30.25": the time since midnight.
bool ParseClock(absl::string_view text, absl::Duration* clock) {
  const auto two_digits = [&](size_t at, int most, int* value) {
    if (at + 2 > text.size() || !absl::ascii_isdigit(text[at]) ||
        !absl::ascii_isdigit(text[at + 1])) {
      return false;
    }
    *value = (text[at] - '0') * 10 + (text[at + 1] - '0');
    return *value <= most;
  };
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!two_digits(0, 23, &hour) || text.size() < 5 || text[2] != ':' ||
      !two_digits(3, 59, &minute)) {
    return false;
  }
  *clock = absl::Hours(hour) + absl::Minutes(minute);
  if (text.size() == 5) return true;
  if (text[5] != ':' || !two_digits(6, 59, &second)) return false;
  *clock += absl::Seconds(second);
  if (text.size() == 8) return true;
  if (text[8] != '.' || text.size() == 9 || text.size() > 18) return false;
  absl::Duration unit = absl::Seconds(1);
  for (char c : text.substr(9)) {
    if (!absl::ascii_isdigit(c)) return false;
    unit /= 10;
    *clock += unit * (c - '0');
  }
  return true;
}

absl::Time NearestClockTime(absl::Duration clock, const TextTimes& times) {
  const absl::CivilDay today = absl::ToCivilDay(times.now, times.zone);
  const absl::civil_diff_t seconds = absl::ToInt64Seconds(clock);
  absl::Time nearest = absl::InfinitePast();
  // Forward, and <=, so that of two equally near the later one counts.
  for (int days : {-1, 0, 1}) {
    const absl::Time time =
        absl::FromCivil(absl::CivilSecond(today + days) + seconds, times.zone) +
        clock % absl::Seconds(1);
    if (absl::AbsDuration(time - times.now) <=
        absl::AbsDuration(nearest - times.now)) {
      nearest = time;
    }
  }
  return nearest;
}

// --- Writing ----------------------------------------------------------------

// Calls visit(name, field of a, field of b) for each field.
template <typename T, typename Visit>
void VisitBoth(const T& a, const T& b, Visit&& visit) {
  std::vector<const void*> others;
  VisitFields(
      b, [&](const char*, const auto& field) { others.push_back(&field); });
  size_t i = 0;
  VisitFields(a, [&](const char* name, const auto& field) {
    using Field = std::decay_t<decltype(field)>;
    visit(name, field, *static_cast<const Field*>(others[i++]));
  });
}

// What ends a bare word.
bool EndsWord(char c) {
  return absl::ascii_isspace(c) || absl::StrContains("\"[]{}", c);
}

std::string FormatString(const std::string& text) {
  bool bare = !text.empty();
  for (char c : text) {
    if (EndsWord(c) || c == '\\' || c == ',' || absl::ascii_iscntrl(c)) {
      bare = false;
    }
  }
  if (bare) return text;
  std::string quoted = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        if (absl::ascii_iscntrl(c)) {
          absl::StrAppendFormat(&quoted, "\\x%02x",
                                static_cast<unsigned char>(c));
        } else {
          quoted.push_back(c);
        }
    }
  }
  return quoted + "\"";
}

// The shortest text that reads as the same number.
std::string FormatDouble(double value) {
  std::string text;
  for (int digits = 6; digits <= 17; ++digits) {
    text = absl::StrFormat("%.*g", digits, value);
    double read = 0;
    if (absl::SimpleAtod(text, &read) && read == value) break;
  }
  return text;
}

template <typename T>
std::string FormatFields(const T& object, const TextTimes& times);

template <typename T>
std::string FormatValue(const T& value, const TextTimes& times) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, double>) {
    return FormatDouble(value);
  } else if constexpr (std::is_integral_v<T>) {
    return absl::StrCat(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return FormatString(value);
  } else if constexpr (IsSensitive<T>) {
    return FormatString(value.Reveal());
  } else if constexpr (IsId<T>) {
    return FormatString(value.value());
  } else if constexpr (std::is_same_v<T, Version>) {
    return absl::StrCat(value.number);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    return FormatTextTime(value, times);
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return absl::FormatDuration(value);
  } else if constexpr (NamedEnum<T>) {
    return NameOf(value);
  } else if constexpr (IsOptional<T>) {
    return value.has_value() ? FormatValue(*value, times) : "none";
  } else if constexpr (IsVector<T>) {
    std::vector<std::string> items;
    items.reserve(value.size());
    for (const auto& item : value) items.push_back(FormatValue(item, times));
    return absl::StrCat("[", absl::StrJoin(items, " "), "]");
  } else {
    static_assert(HasFields<T>);
    return absl::StrCat("{", FormatFields(value, times), "}");
  }
}

// The fields that differ from those of T's default.
template <typename T>
std::string FormatFields(const T& object, const TextTimes& times) {
  static const T* const usual = new T;
  std::vector<std::string> fields;
  VisitBoth(
      object, *usual,
      [&](const char* name, const auto& field, const auto& default_) {
        if (field == default_) return;
        fields.push_back(absl::StrCat(name, "=", FormatValue(field, times)));
      });
  return absl::StrJoin(fields, " ");
}

// --- Differences ------------------------------------------------------------

bool IsBookkeeping(absl::string_view field) {
  return field == "id" || field == "etag" || field == "derived";
}

template <typename T>
bool IsPrefix(const std::vector<T>& prefix, const std::vector<T>& of) {
  return prefix.size() <= of.size() &&
         std::equal(prefix.begin(), prefix.end(), of.begin());
}

template <typename T>
bool IsDefault(const T& value) {
  // Spelled out: g++ 12 warns of the nullopt that it would compare with.
  if constexpr (IsOptional<T>) {
    return !value.has_value();
  } else {
    return value == T();
  }
}

template <typename T>
void Compare(const std::string& name, const T& before, const T& after,
             const TextTimes& times, std::vector<std::string>* changes) {
  if (before == after) return;
  if constexpr (HasFields<T>) {
    VisitBoth(before, after,
              [&](const char* field, const auto& a, const auto& b) {
                if (name.empty() && IsBookkeeping(field)) return;
                Compare(name.empty() ? field : absl::StrCat(name, ".", field),
                        a, b, times, changes);
              });
    return;
  } else if constexpr (IsVector<T>) {
    if (IsPrefix(before, after)) {
      const T added(after.begin() + before.size(), after.end());
      changes->push_back(absl::StrCat(
          name, before.empty() ? "=" : "+=", FormatValue(added, times)));
      return;
    }
  } else if constexpr (IsOptional<T>) {
    if constexpr (HasFields<typename T::value_type>) {
      if (before.has_value() && after.has_value()) {
        Compare(name, *before, *after, times, changes);
        return;
      }
    }
  }
  const auto word = [&](const T& value) {
    // An empty text or id, and the epoch, are nothing.
    constexpr bool nothing_by_default = IsId<T> || IsSensitive<T> ||
                                        std::is_same_v<T, std::string> ||
                                        std::is_same_v<T, absl::Time>;
    return nothing_by_default && IsDefault(value) ? "none"
                                                  : FormatValue(value, times);
  };
  changes->push_back(IsDefault(before) ? absl::StrCat(name, "=", word(after))
                                       : absl::StrCat(name, " ", word(before),
                                                      "→", word(after)));
}

// --- Reading ----------------------------------------------------------------

class Reader {
 public:
  Reader(absl::string_view text, int line, const TextTimes& times)
      : text_(text), line_(line), times_(times) {}

  // Reads "Name field=value …" to the end of the text.
  absl::StatusOr<Command> ReadCommand() {
    SkipSpace();
    const size_t start = at_;
    while (at_ < text_.size() && absl::ascii_isalnum(text_[at_])) ++at_;
    const absl::string_view name = text_.substr(start, at_ - start);
    if (name.empty()) return Error("the name of a command wanted");
    absl::optional<Command> command;
    absl::Status status;
    ReadFieldsOf(name, &command, &status,
                 std::make_index_sequence<std::variant_size_v<Command>>());
    if (!status.ok()) return status;
    if (!command.has_value()) {
      at_ = start;
      return Error(absl::StrCat("there is no command ", name));
    }
    return *std::move(command);
  }

 private:
  template <size_t... I>
  void ReadFieldsOf(absl::string_view name, absl::optional<Command>* command,
                    absl::Status* status, std::index_sequence<I...>) {
    (
        [&] {
          using C = std::variant_alternative_t<I, Command>;
          if (command->has_value() || !status->ok() ||
              NameOfCommandType<C>() != name) {
            return;
          }
          C read;
          *status = ReadFields(&CommandType<C>::Fields(read), '\0');
          if (status->ok()) *command = std::move(read);
        }(),
        ...);
  }

  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "line ", line_, ", column ", at_ + 1, path_.empty() ? "" : ", ",
        absl::StrJoin(path_, "."), ": ", what));
  }

  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Fields up to `end`, which is taken, or where it is '\0' to the end.
  template <typename T>
  absl::Status ReadFields(T* object, char end) {
    std::set<std::string> seen;
    while (true) {
      SkipSpace();
      if (at_ == text_.size()) {
        if (end == '\0') return absl::OkStatus();
        return Error(absl::StrCat("'", std::string(1, end), "' wanted"));
      }
      if (end != '\0' && Take(end)) return absl::OkStatus();
      const size_t start = at_;
      while (at_ < text_.size() &&
             (absl::ascii_isalnum(text_[at_]) || text_[at_] == '_')) {
        ++at_;
      }
      const std::string name(text_.substr(start, at_ - start));
      if (name.empty()) return Error("the name of a field wanted");
      bool known = false;
      absl::Status status;
      VisitFields(*object, [&](const char* field_name, auto& field) {
        if (known || name != field_name) return;
        known = true;
        path_.push_back(name);
        if (!seen.insert(name).second) {
          at_ = start;
          status = Error("it is there twice");
        } else if (!Take('=')) {
          status = Error("'=' wanted");
        } else {
          status = ReadValue(&field);
        }
        if (status.ok()) path_.pop_back();
      });
      if (!status.ok()) return status;
      if (!known) {
        at_ = start;
        return Error(absl::StrCat("there is no field ", name));
      }
    }
  }

  // A bare or quoted word.
  absl::Status ReadWord(std::string* word) {
    word->clear();
    if (!Take('"')) {
      const size_t start = at_;
      while (at_ < text_.size() && !EndsWord(text_[at_])) ++at_;
      if (at_ == start) return Error("a value wanted");
      *word = std::string(text_.substr(start, at_ - start));
      return absl::OkStatus();
    }
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return absl::OkStatus();
      if (c != '\\') {
        word->push_back(c);
        continue;
      }
      if (at_ == text_.size()) break;
      RETURN_IF_ERROR(ReadEscape(text_[at_++], word));
    }
    return Error("'\"' wanted");
  }

  absl::Status ReadEscape(char c, std::string* word) {
    switch (c) {
      case '"':
      case '\\':
        word->push_back(c);
        return absl::OkStatus();
      case 'n':
        word->push_back('\n');
        return absl::OkStatus();
      case 'r':
        word->push_back('\r');
        return absl::OkStatus();
      case 't':
        word->push_back('\t');
        return absl::OkStatus();
      case 'x': {
        int byte = 0;
        const absl::string_view digits = text_.substr(at_, 2);
        if (digits.size() == 2 && absl::ascii_isxdigit(digits[0]) &&
            absl::ascii_isxdigit(digits[1]) &&
            absl::SimpleHexAtoi(digits, &byte)) {
          at_ += 2;
          word->push_back(static_cast<char>(byte));
          return absl::OkStatus();
        }
        break;
      }
      default:
        break;
    }
    return Error("one of \\\" \\\\ \\n \\r \\t \\xHH wanted");
  }

  template <typename T>
  absl::Status ReadValue(T* value) {
    if constexpr (IsOptional<T>) {
      value->emplace();
      return ReadValue(&**value);
    } else if constexpr (IsVector<T>) {
      if (!Take('[')) return Error("'[' wanted");
      while (true) {
        SkipSpace();
        if (Take(']')) return absl::OkStatus();
        if (at_ == text_.size()) return Error("']' wanted");
        value->emplace_back();
        RETURN_IF_ERROR(ReadValue(&value->back()));
      }
    } else if constexpr (HasFields<T>) {
      if (!Take('{')) return Error("'{' wanted");
      return ReadFields(value, '}');
    } else {
      const size_t start = at_;
      std::string word;
      RETURN_IF_ERROR(ReadWord(&word));
      const std::string wanted = ReadScalar(word, value);
      if (wanted.empty()) return absl::OkStatus();
      at_ = start;
      return Error(absl::StrCat(wanted, " wanted"));
    }
  }

  // What was wanted instead of the word, or nothing.
  template <typename T>
  std::string ReadScalar(const std::string& word, T* value) {
    if constexpr (std::is_same_v<T, bool>) {
      *value = word == "true";
      return *value || word == "false" ? "" : "true or false";
    } else if constexpr (std::is_same_v<T, double>) {
      return absl::SimpleAtod(word, value) ? "" : "a number";
    } else if constexpr (std::is_integral_v<T>) {
      return absl::SimpleAtoi(word, value) ? "" : "a whole number";
    } else if constexpr (std::is_same_v<T, std::string> || IsSensitive<T> ||
                         IsId<T>) {
      *value = T(word);
      return "";
    } else if constexpr (std::is_same_v<T, Version>) {
      return absl::SimpleAtoi(word, &value->number) ? "" : "a whole number";
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      const absl::StatusOr<absl::Time> time = ParseTextTime(word, times_);
      if (time.ok()) *value = *time;
      return time.ok() ? "" : "a time (22:05, 22:05:30, +90s or RFC 3339)";
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      return absl::ParseDuration(word, value) ? "" : "a duration (90s, 1h30m)";
    } else {
      static_assert(NamedEnum<T>);
      if (const auto named = FromName<T>(word)) {
        *value = *named;
        return "";
      }
      return absl::StrCat("one of ", absl::StrJoin(NamesOf<T>(), ", "));
    }
  }

  const absl::string_view text_;
  const int line_;
  const TextTimes& times_;
  size_t at_ = 0;
  // The names of the fields around the place that is read.
  std::vector<std::string> path_;
};

}  // namespace

absl::StatusOr<absl::Time> ParseTextTime(absl::string_view text,
                                         const TextTimes& times) {
  absl::Duration clock;
  if (ParseClock(text, &clock)) return NearestClockTime(clock, times);
  absl::string_view rest = text;
  absl::Duration from_now;
  if (absl::ConsumePrefix(&rest, "+") &&
      absl::ParseDuration(std::string(rest), &from_now)) {
    return times.now + from_now;
  }
  rest = text;
  if (absl::ConsumePrefix(&rest, "-") &&
      absl::ParseDuration(std::string(rest), &from_now)) {
    return times.now - from_now;
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, std::string(text), times.zone, &time,
                      &error)) {
    return time;
  }
  return absl::InvalidArgumentError(
      "a time (22:05, 22:05:30, +90s or RFC 3339) wanted");
}

std::string FormatTextTime(absl::Time time, const TextTimes& times) {
  for (const char* format : {"%H:%M", "%H:%M:%E*S"}) {
    std::string text = absl::FormatTime(format, time, times.zone);
    const absl::StatusOr<absl::Time> read = ParseTextTime(text, times);
    if (read.ok() && *read == time) return text;
  }
  return absl::FormatTime(absl::RFC3339_full, time, times.zone);
}

absl::StatusOr<Command> ParseCommand(absl::string_view text, int line,
                                     const TextTimes& times) {
  return Reader(text, line, times).ReadCommand();
}

std::string CommandName(const Command& command) {
  return std::visit(
      [](const auto& c) {
        return NameOfCommandType<std::decay_t<decltype(c)>>();
      },
      command);
}

std::string FormatCommand(const Command& command, const TextTimes& times) {
  return std::visit(
      [&](const auto& c) {
        using C = std::decay_t<decltype(c)>;
        const std::string fields =
            FormatFields(CommandType<C>::Fields(c), times);
        return absl::StrCat(NameOfCommandType<C>(), fields.empty() ? "" : " ",
                            fields);
      },
      command);
}

std::string FormatEvent(const Event& event, const Board& before,
                        const TextTimes& times) {
  std::string text = absl::StrCat("-> ", NameOf(event.kind));
  if (!event.call.empty()) absl::StrAppend(&text, " call=", event.call.value());
  for (const Record& record : event.records) {
    std::visit(
        [&](const auto& after) {
          using R = std::decay_t<decltype(after)>;
          const R* found = before.Find<R>(after.id);
          static const R* const none = new R;
          std::vector<std::string> changes;
          Compare("", found == nullptr ? *none : *found, after, times,
                  &changes);
          if (found != nullptr && changes.empty()) return;
          absl::StrAppend(&text, "\n   ", found == nullptr ? "+ " : "",
                          absl::AsciiStrToLower(kRecordName<R>), " ",
                          after.id.value(), changes.empty() ? "" : ": ",
                          absl::StrJoin(changes, ", "));
        },
        record);
  }
  return text;
}

}  // namespace housecall::core
