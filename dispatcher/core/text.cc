#include "dispatcher/core/text.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
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
#include "dispatcher/core/text_type.h"

namespace housecall::core {

namespace {

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

std::string FormatFields(const TextType& type, const void* object,
                         const TextTimes& times);

std::string FormatValue(const TextType& type, const void* value,
                        const TextTimes& times);

// "[a b]", from the item `first` on.
std::string FormatItems(const TextType& type, const void* value, size_t first,
                        const TextTimes& times) {
  std::vector<std::string> items;
  for (size_t i = first; i < type.size(value); ++i) {
    items.push_back(FormatValue(*type.item, type.at(value, i), times));
  }
  return absl::StrCat("[", absl::StrJoin(items, " "), "]");
}

std::string FormatValue(const TextType& type, const void* value,
                        const TextTimes& times) {
  switch (type.kind) {
    case TextType::Kind::kText:
    case TextType::Kind::kName:
    case TextType::Kind::kScalar:
      return FormatString(WordOf(type, value, times));
    case TextType::Kind::kOptional:
      return type.size(value) == 0
                 ? "none"
                 : FormatValue(*type.item, type.at(value, 0), times);
    case TextType::Kind::kVector:
      return FormatItems(type, value, 0, times);
    case TextType::Kind::kStruct:
      return absl::StrCat("{", FormatFields(type, value, times), "}");
  }
  return "";
}

// The fields that differ from those of the type's default.
std::string FormatFields(const TextType& type, const void* object,
                         const TextTimes& times) {
  std::vector<std::string> fields;
  for (const TextField& field : type.fields) {
    const void* const value = field.In(object);
    if (Equal(*field.type, value, field.In(type.usual))) continue;
    fields.push_back(
        absl::StrCat(field.name, "=", FormatValue(*field.type, value, times)));
  }
  return absl::StrJoin(fields, " ");
}

// --- Differences ------------------------------------------------------------

bool IsBookkeeping(absl::string_view field) {
  return field == "id" || field == "etag" || field == "derived";
}

bool IsPrefix(const TextType& vector, const void* prefix, const void* of) {
  const size_t size = vector.size(prefix);
  if (vector.size(of) < size) return false;
  for (size_t i = 0; i < size; ++i) {
    if (!Equal(*vector.item, vector.at(prefix, i), vector.at(of, i))) {
      return false;
    }
  }
  return true;
}

// An empty text or id, and the epoch, are nothing.
std::string FormatSide(const TextType& type, const void* value,
                       const TextTimes& times) {
  const bool nothing_by_default =
      type.kind == TextType::Kind::kText || &type == &TimeTextType();
  return nothing_by_default && IsDefault(type, value)
             ? "none"
             : FormatValue(type, value, times);
}

void Compare(const std::string& name, const TextType& type, const void* before,
             const void* after, const TextTimes& times,
             std::vector<std::string>* changes) {
  if (Equal(type, before, after)) return;
  switch (type.kind) {
    case TextType::Kind::kStruct:
      for (const TextField& field : type.fields) {
        if (name.empty() && IsBookkeeping(field.name)) continue;
        Compare(name.empty() ? field.name : absl::StrCat(name, ".", field.name),
                *field.type, field.In(before), field.In(after), times, changes);
      }
      return;
    case TextType::Kind::kVector:
      if (IsPrefix(type, before, after)) {
        const size_t known = type.size(before);
        changes->push_back(absl::StrCat(
            name,
            known == 0 ? "=" : "+=", FormatItems(type, after, known, times)));
        return;
      }
      break;
    case TextType::Kind::kOptional:
      if (type.item->kind == TextType::Kind::kStruct &&
          type.size(before) != 0 && type.size(after) != 0) {
        Compare(name, *type.item, type.at(before, 0), type.at(after, 0), times,
                changes);
        return;
      }
      break;
    case TextType::Kind::kText:
    case TextType::Kind::kName:
    case TextType::Kind::kScalar:
      break;
  }
  const std::string side = FormatSide(type, after, times);
  changes->push_back(IsDefault(type, before)
                         ? absl::StrCat(name, "=", side)
                         : absl::StrCat(name, " ",
                                        FormatSide(type, before, times), "→",
                                        side));
}

const CommandText& TextOf(const Command& command) {
  return CommandTexts()[command.index()];
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
    const auto& texts = CommandTexts();
    const auto found = std::find_if(
        texts.begin(), texts.end(),
        [&](const CommandText& text) { return text.name == name; });
    if (found == texts.end()) {
      at_ = start;
      return Error(absl::StrCat("there is no command ", name));
    }
    Command command = found->make();
    // The command is our own.
    void* const fields = const_cast<void*>(found->fields(command));
    RETURN_IF_ERROR(ReadFields(*found->type, fields, '\0'));
    return command;
  }

 private:
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
  absl::Status ReadFields(const TextType& type, void* object, char end) {
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
      const auto field =
          std::find_if(type.fields.begin(), type.fields.end(),
                       [&](const TextField& f) { return f.name == name; });
      if (field == type.fields.end()) {
        at_ = start;
        return Error(absl::StrCat("there is no field ", name));
      }
      path_.push_back(name);
      if (!seen.insert(name).second) {
        at_ = start;
        return Error("it is there twice");
      }
      if (!Take('=')) return Error("'=' wanted");
      RETURN_IF_ERROR(ReadValue(*field->type, field->In(object)));
      path_.pop_back();
    }
  }

  // A bare or quoted word.
  absl::Status TakeWord(std::string* word) {
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

  absl::Status ReadValue(const TextType& type, void* value) {
    switch (type.kind) {
      case TextType::Kind::kOptional:
        return ReadValue(*type.item, type.add(value));
      case TextType::Kind::kVector:
        if (!Take('[')) return Error("'[' wanted");
        while (true) {
          SkipSpace();
          if (Take(']')) return absl::OkStatus();
          if (at_ == text_.size()) return Error("']' wanted");
          RETURN_IF_ERROR(ReadValue(*type.item, type.add(value)));
        }
      case TextType::Kind::kStruct:
        if (!Take('{')) return Error("'{' wanted");
        return ReadFields(type, value, '}');
      case TextType::Kind::kText:
      case TextType::Kind::kName:
      case TextType::Kind::kScalar:
        break;
    }
    const size_t start = at_;
    std::string word;
    RETURN_IF_ERROR(TakeWord(&word));
    const std::string wanted = ReadWord(type, word, times_, value);
    if (wanted.empty()) return absl::OkStatus();
    at_ = start;
    return Error(absl::StrCat(wanted, " wanted"));
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

std::string CommandName(const Command& command) { return TextOf(command).name; }

std::string FormatCommand(const Command& command, const TextTimes& times) {
  const CommandText& text = TextOf(command);
  const std::string fields =
      FormatFields(*text.type, text.fields(command), times);
  return absl::StrCat(text.name, fields.empty() ? "" : " ", fields);
}

namespace {

// What the record changed on the board, in one line; empty: nothing.
std::string FormatRecord(const RecordText& record, const TextTimes& times) {
  std::vector<std::string> changes;
  Compare("", *record.type,
          record.before == nullptr ? record.type->usual : record.before,
          record.after, times, &changes);
  if (record.before != nullptr && changes.empty()) return "";
  return absl::StrCat("\n   ", record.before == nullptr ? "+ " : "",
                      absl::AsciiStrToLower(record.name), " ", *record.id,
                      changes.empty() ? "" : ": ",
                      absl::StrJoin(changes, ", "));
}

}  // namespace

std::string FormatEvent(const Event& event, const Board& before,
                        const TextTimes& times) {
  std::string text = absl::StrCat("-> ", NameOf(event.kind));
  if (!event.call.empty()) absl::StrAppend(&text, " call=", event.call.value());
  for (const Record& record : event.records) {
    text += FormatRecord(TextOf(record, before), times);
  }
  return text;
}

}  // namespace housecall::core
