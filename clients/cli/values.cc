#include "clients/cli/values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "clients/cli/api.h"
#include "clients/cli/message.h"

namespace housecall::cli {
namespace {

absl::Status NotATime(absl::string_view text) {
  constexpr char kForms[] =
      "now, 22:30, +90m, -1h, 2026-05-06T22:30, 2026-05-06T22:30:00+09:00";
  return WrongInput(
      absl::StrCat("'", text, "' is no time; write one of: ", kForms),
      absl::StrCat("「", text,
                   "」は時刻として読めません。次のどれかの形で書いてください: ",
                   kForms));
}

// Hours and minutes of "22:30".
bool ParseClock(absl::string_view text, int* hour, int* minute) {
  if (text.size() != 5 || text[2] != ':') return false;
  for (const size_t i : {0, 1, 3, 4}) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return absl::SimpleAtoi(text.substr(0, 2), hour) &&
         absl::SimpleAtoi(text.substr(3), minute) && *hour < 24 && *minute < 60;
}

int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

absl::TimeZone CenterZone() {
  // Japan has had no summer time since 1951, so no zone database is needed.
  return absl::FixedTimeZone(9 * 60 * 60);
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view text, absl::Time now,
                                     Clock clock) {
  if (text == "now") return now;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    absl::StatusOr<absl::Duration> offset = ParseDuration(text.substr(1));
    if (!offset.ok()) return NotATime(text);
    return text[0] == '+' ? now + *offset : now - *offset;
  }
  int hour = 0;
  int minute = 0;
  if (ParseClock(text, &hour, &minute)) {
    const absl::CivilDay today = absl::ToCivilDay(now, CenterZone());
    const auto on = [&](int days) {
      return absl::FromCivil(
          absl::CivilMinute(today.year(), today.month(), today.day() + days,
                            hour, minute),
          CenterZone());
    };
    if (clock == Clock::kLast) return on(0) <= now ? on(0) : on(-1);
    return on(0) > now ? on(0) : on(1);
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      absl::ParseTime("%Y-%m-%dT%H:%M:%S", text, CenterZone(), &time, &error) ||
      absl::ParseTime("%Y-%m-%dT%H:%M", text, CenterZone(), &time, &error) ||
      absl::ParseTime("%Y-%m-%d %H:%M", text, CenterZone(), &time, &error)) {
    if (time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
      return time;
    }
  }
  return NotATime(text);
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) ||
      duration == absl::InfiniteDuration() ||
      duration == -absl::InfiniteDuration()) {
    return WrongInput(
        absl::StrCat("'", text, "' is no duration; write 90s, 40m or 1h30m"),
        absl::StrCat("「", text,
                     "」は時間の長さとして読めません。90s、40m、1h30m "
                     "のように書いてください"));
  }
  return duration;
}

absl::StatusOr<const google::protobuf::EnumValueDescriptor*> ParseEnum(
    absl::string_view text, const google::protobuf::EnumDescriptor& type) {
  const std::string wanted =
      absl::AsciiStrToUpper(absl::StrReplaceAll(text, {{"-", "_"}}));
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string name = ShortName(*type.value(i));
    if (wanted == name || wanted == type.value(i)->name()) {
      return type.value(i);
    }
    if (type.value(i)->number() != 0)
      names.push_back(Kebab(absl::AsciiStrToLower(name)));
  }
  const std::string all = absl::StrJoin(names, ", ");
  const std::string lower = absl::AsciiStrToLower(text);
  return WrongInput(
      absl::StrCat("'", text, "' is not one of ", all,
                   DidYouMean(lower, names, "", Language::kEnglish)),
      absl::StrCat("「", text, "」は選べません。次のどれかです: ", all,
                   DidYouMean(lower, names, "", Language::kJapanese)));
}

absl::StatusOr<Degrees> ParsePosition(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  Degrees degrees;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &degrees.latitude) ||
      !absl::SimpleAtod(parts[1], &degrees.longitude) ||
      !(std::abs(degrees.latitude) <= 90) ||
      !(std::abs(degrees.longitude) <= 180)) {
    return WrongInput(
        absl::StrCat("'", text,
                     "' is no position; write latitude,longitude in degrees, "
                     "such as 35.6980,139.4137"),
        absl::StrCat("「", text,
                     "」は位置として読めません。緯度,経度 を 35.6980,139.4137 "
                     "のように度で書いてください"));
  }
  return degrees;
}

absl::StatusOr<std::string> ExpandName(absl::string_view text,
                                       absl::string_view format,
                                       absl::string_view center) {
  if (text.empty()) {
    return WrongInput("an id must not be empty", "ID が空です");
  }
  if (absl::StrContains(text, '/')) return std::string(text);
  for (const char c : text) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) {
      return WrongInput(
          "an id has a-z, 0-9 and '-' only, no blanks and no other letters",
          "ID に使えるのは半角の a-z、0-9、- "
          "だけです（空白や全角文字は使えません）");
    }
  }
  if (format == "centers/{center}") return absl::StrCat("centers/", text);
  const std::vector<std::string> parts = absl::StrSplit(format, '/');
  if (center.empty()) {
    return NotPossible(
        "no center: log in first with `housecall login`, or write the whole "
        "resource name",
        "どのセンターか分かりません。先に housecall login "
        "でログインするか、centers/ から始まる名前を書いてください");
  }
  return absl::StrCat("centers/", center, "/", parts[2], "/", text);
}

std::string ShortId(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return std::string(slash == absl::string_view::npos ? name
                                                      : name.substr(slash + 1));
}

std::string Nearest(absl::string_view text,
                    const std::vector<std::string>& candidates) {
  // Longer words than any of ours cost time and mean nothing.
  if (text.size() > 64) return "";
  int best = static_cast<int>(text.size()) / 3 + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    // What begins the same, or ends the same after a dot, is near, too.
    const bool is_part = text.size() >= 3 &&
                         (absl::StartsWith(candidate, text) ||
                          absl::EndsWith(candidate, absl::StrCat(".", text)));
    const int distance = is_part ? 1 : EditDistance(text, candidate);
    if (distance <= best && (nearest.empty() || distance < best)) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(absl::string_view text,
                       const std::vector<std::string>& candidates,
                       absl::string_view prefix, Language language) {
  const std::string nearest = Nearest(text, candidates);
  if (nearest.empty()) return "";
  return language == Language::kJapanese
             ? absl::StrCat("。", prefix, nearest, " のことですか?")
             : absl::StrCat("; did you mean ", prefix, nearest, "?");
}

}  // namespace housecall::cli
