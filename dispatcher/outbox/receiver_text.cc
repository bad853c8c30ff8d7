#include "dispatcher/outbox/receiver_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace housecall::outbox {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kEllipsis[] = "…";
constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
constexpr char kLeftOut[] = "[…]";
constexpr size_t kPieceBytes = sizeof(uint64_t);
constexpr size_t kShortestText = 4;
// Writing JSON takes a piece of the stack for each level: a stranger must not
// choose how many there are.
constexpr int kMaxJsonDepth = 100;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The code point at the front of `bytes` and how many bytes it takes; length 0
// if they are not UTF-8 (RFC 3629: no overlong forms, no surrogates).
struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;
};

CodePoint FirstCodePoint(absl::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes.front());
  if (lead < 0x80) return {lead, 1};
  size_t length = 0;
  uint32_t value = 0;
  uint32_t smallest = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2, value = lead & 0x1F, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, value = lead & 0x0F, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, value = lead & 0x07, smallest = 0x10000;
  } else {
    return {};
  }
  if (bytes.size() < length) return {};
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(bytes[i])) return {};
    value = value << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3F);
  }
  if (value < smallest || value > 0x10FFFF ||
      (value >= 0xD800 && value <= 0xDFFF)) {
    return {};
  }
  return {value, length};
}

bool IsSpace(uint32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool IsPrintable(uint32_t c) {
  const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  // Marks that are not seen but change what is: zero width and direction
  // (Unicode's Trojan Source characters), the byte order mark.
  const bool is_hidden = (c >= 0x200B && c <= 0x200F) ||
                         (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
  const bool is_no_character = (c & 0xFFFE) == 0xFFFE;
  return !is_control && !is_hidden && !is_no_character;
}

void CollectTexts(const Json& value, std::vector<std::string>* texts) {
  if (value.is_string()) {
    texts->push_back(value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (const Json& element : value) CollectTexts(element, texts);
  }
}

uint64_t PieceAt(absl::string_view text, size_t at) {
  uint64_t piece;
  std::memcpy(&piece, text.data() + at, sizeof(piece));
  return piece;
}

bool IsAsciiWordChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

// False if text[at, at + size) is only a part of a longer ASCII word: "male" in
// "malemute" is no echo of a patient's sex.
bool StandsAlone(absl::string_view text, size_t at, size_t size) {
  const size_t end = at + size;
  return !(at > 0 && IsAsciiWordChar(text[at]) &&
           IsAsciiWordChar(text[at - 1])) &&
         !(end < text.size() && IsAsciiWordChar(text[end]) &&
           IsAsciiWordChar(text[end - 1]));
}

}  // namespace

std::string PrintableText(absl::string_view bytes, size_t max_bytes) {
  const absl::string_view ellipsis = kEllipsis;
  std::string line;
  // Where to cut so that the ellipsis still fits.
  size_t cut = 0;
  bool space_pending = false;
  while (!bytes.empty()) {
    const CodePoint c = FirstCodePoint(bytes);
    if (c.length > 0 && IsSpace(c.value)) {
      space_pending = !line.empty();
      bytes.remove_prefix(c.length);
      continue;
    }
    const absl::string_view piece = c.length > 0 && IsPrintable(c.value)
                                        ? bytes.substr(0, c.length)
                                        : absl::string_view(kReplacement);
    const size_t wanted = piece.size() + (space_pending ? 1 : 0);
    if (line.size() + wanted > max_bytes) {
      line.resize(cut);
      if (ellipsis.size() <= max_bytes) line.append(kEllipsis);
      return line;
    }
    if (space_pending) line.push_back(' ');
    space_pending = false;
    line.append(piece.data(), piece.size());
    if (line.size() + ellipsis.size() <= max_bytes) cut = line.size();
    bytes.remove_prefix(c.length > 0 ? c.length : 1);
  }
  return line;
}

std::vector<std::string> TextsOf(absl::string_view json) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr,
                                  /*allow_exceptions=*/false);
  std::vector<std::string> texts;
  if (parsed.is_discarded()) {
    texts.emplace_back(json);
  } else {
    CollectTexts(parsed, &texts);
  }
  return texts;
}

std::string WithoutEcho(absl::string_view text,
                        absl::Span<const std::string> sent) {
  std::string rewritten;
  bool is_deep = false;
  const auto has_bearable_depth = [&is_deep](int depth, Json::parse_event_t,
                                             Json&) {
    is_deep = is_deep || depth > kMaxJsonDepth;
    return !is_deep;
  };
  const Json parsed = Json::parse(text.begin(), text.end(), has_bearable_depth,
                                  /*allow_exceptions=*/false);
  if (!is_deep && parsed.is_structured()) {
    rewritten =
        parsed.dump(/*indent=*/-1, /*indent_char=*/' ',
                    /*ensure_ascii=*/false, Json::error_handler_t::replace);
    text = rewritten;
  } else {
    // JSON that was cut, or lies in a page: what is escaped cannot be compared,
    // so the text ends before it.
    text = text.substr(0, text.find("\\u"));
  }

  std::vector<bool> is_echo(text.size(), false);
  const auto mark = [&is_echo](size_t at, size_t size) {
    for (size_t i = at; i < at + size; ++i) is_echo[i] = true;
  };

  std::unordered_set<uint64_t> pieces;
  for (const std::string& value : sent) {
    for (size_t i = 0; i + kPieceBytes <= value.size(); ++i) {
      pieces.insert(PieceAt(value, i));
    }
    if (value.size() < kShortestText || value.size() >= kPieceBytes) continue;
    for (size_t at = text.find(value); at != absl::string_view::npos;
         at = text.find(value, at + 1)) {
      if (StandsAlone(text, at, value.size())) mark(at, value.size());
    }
  }
  for (size_t i = 0; i + kPieceBytes <= text.size(); ++i) {
    if (pieces.count(PieceAt(text, i)) > 0) mark(i, kPieceBytes);
  }

  std::string kept;
  for (size_t i = 0; i < text.size();) {
    // A character goes as a whole or stays as a whole: one that only begins
    // like what was sent is another.
    size_t end = i + 1;
    while (end < text.size() && IsContinuation(text[end])) ++end;
    bool echo = true;
    for (size_t j = i; j < end; ++j) echo = echo && is_echo[j];
    if (!echo) {
      kept.append(text.data() + i, end - i);
    } else if (!absl::EndsWith(kept, kLeftOut)) {
      kept.append(kLeftOut);
    }
    i = end;
  }
  return kept;
}

absl::Duration RetryAfterOf(absl::string_view value, absl::Time now,
                            absl::Duration most) {
  const absl::string_view text = absl::StripAsciiWhitespace(value);
  absl::Duration wait;
  int64_t seconds = 0;
  absl::Time date;
  if (absl::SimpleAtoi(text, &seconds)) {
    wait = absl::Seconds(seconds);
  } else if (absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", text, &date,
                             nullptr)) {
    wait = date - now;
  }
  return std::clamp(wait, absl::ZeroDuration(), most);
}

}  // namespace housecall::outbox
