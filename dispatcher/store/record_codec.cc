#include "dispatcher/store/record_codec.h"

#include <charconv>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace housecall::store {

namespace {

constexpr int64_t kMinMicros = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxMicros = std::numeric_limits<int64_t>::max();

// How many bytes the character at the head of `text` has, or 0 if there is
// none: RFC 3629, which forbids overlong forms, surrogates and what lies
// beyond U+10FFFF.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

}  // namespace

int64_t MicrosOf(absl::Time time) { return absl::ToUnixMicros(time); }

absl::Time TimeOf(int64_t micros) {
  if (micros == kMinMicros) return absl::InfinitePast();
  if (micros == kMaxMicros) return absl::InfiniteFuture();
  return absl::FromUnixMicros(micros);
}

int64_t MicrosOf(absl::Duration duration) {
  return absl::ToInt64Microseconds(duration);
}

absl::Duration DurationOf(int64_t micros) {
  if (micros == kMinMicros) return -absl::InfiniteDuration();
  if (micros == kMaxMicros) return absl::InfiniteDuration();
  return absl::Microseconds(micros);
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string SubjectText(const core::Subject& subject) {
  return std::visit(
      [](const auto& id) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(id)>,
                                     std::monostate>) {
          return "";
        } else {
          return absl::StrCat(id.kCollection, "/", id.value());
        }
      },
      subject);
}

bool ParseSubject(absl::string_view text, core::Subject* subject) {
  *subject = std::monostate();
  if (text.empty()) return true;
  bool known = false;
  [&]<size_t... I>(std::index_sequence<I...>) {
    const auto parse = [&]<typename Id>(std::type_identity<Id>) {
      if constexpr (IsId<Id>) {
        absl::string_view id = text;
        if (absl::ConsumePrefix(&id, Id::kCollection) &&
            absl::ConsumePrefix(&id, "/") && !id.empty()) {
          *subject = Id(id);
          known = true;
        }
      }
    };
    (parse(std::type_identity<std::variant_alternative_t<I, core::Subject>>()),
     ...);
  }
  (std::make_index_sequence<std::variant_size_v<core::Subject>>());
  return known;
}

void AppendJsonText(absl::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  // What needs no escape goes over in one piece.
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.data() + begin, i - begin);
    begin = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        out->append("\\u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text.data() + begin, text.size() - begin);
  out->push_back('"');
}

void AppendJsonReal(double value, std::string* out) {
  if (std::isinf(value)) {
    out->append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  // The shortest text that reads as the same number.
  char buffer[32];
  const std::to_chars_result result =
      std::to_chars(buffer, buffer + sizeof(buffer), value);
  out->append(buffer, result.ptr);
}

void AppendJson(const core::Record& record, std::string* out) {
  std::visit(
      [out](const auto& r) {
        out->append("{\"");
        out->append(TableOf<std::decay_t<decltype(r)>>());
        out->append("\":");
        AppendJson(r, out);
        out->push_back('}');
      },
      record);
}

void AppendJson(const std::vector<core::Record>& records, std::string* out) {
  char before = '[';
  for (const core::Record& record : records) {
    out->push_back(before);
    AppendJson(record, out);
    before = ',';
  }
  out->append(records.empty() ? "[]" : "]");
}

void AppendJson(const core::Event& event, std::string* out) {
  out->append("{\"kind\":");
  AppendJson(event.kind, out);
  out->append(",\"time\":");
  AppendJson(event.time, out);
  out->append(",\"actor\":");
  AppendJson(event.actor, out);
  out->append(",\"call\":");
  AppendJson(event.call, out);
  out->append(",\"records\":");
  AppendJson(event.records, out);
  out->push_back('}');
}

bool DecodeProblem::Set(absl::string_view is_not) {
  what = std::string(is_not);
  return false;
}

bool DecodeProblem::Within(absl::string_view name) {
  const bool joined = field.empty() || field.front() == '[';
  field = absl::StrCat(name, joined ? "" : ".", field);
  return false;
}

bool DecodeProblem::Within(size_t index) {
  const bool joined = field.empty() || field.front() == '[';
  field = absl::StrCat("[", index, "]", joined ? "" : ".", field);
  return false;
}

std::string Describe(const DecodeProblem& problem) {
  if (problem.field.empty()) return problem.what;
  return absl::StrCat("the field ", problem.field, " ", problem.what);
}

bool FromJson(const nlohmann::json& json, core::Record* record,
              DecodeProblem* problem) {
  if (!json.is_object() || json.size() != 1) {
    return problem->Set("is not a record");
  }
  const std::string& table = json.begin().key();
  bool known = false;
  bool ok = true;
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    if (known || table != TableOf<R>()) return;
    known = true;
    ok = FromJson(json.begin().value(), &record->emplace<R>(), problem) ||
         problem->Within(TableOf<R>());
  });
  return known ? ok : problem->Set("is no kind of record known here");
}

bool FromJson(const nlohmann::json& json, core::Event* event,
              DecodeProblem* problem) {
  if (!json.is_object()) return problem->Set("is not an object");
  const auto read = [&](const char* name, auto* field) {
    const auto found = json.find(name);
    return found == json.end() || FromJson(*found, field, problem) ||
           problem->Within(name);
  };
  return read("kind", &event->kind) && read("time", &event->time) &&
         read("actor", &event->actor) && read("call", &event->call) &&
         read("records", &event->records);
}

}  // namespace housecall::store
