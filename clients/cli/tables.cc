#include "clients/cli/tables.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "clients/cli/api.h"
#include "clients/cli/message.h"
#include "clients/cli/values.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "housecall/v1/offer.pb.h"
#include "housecall/v1/types.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kReplacement[] = "\xEF\xBF\xBD";

struct Range {
  uint32_t first;
  uint32_t last;
};

// East Asian Width W and F of Unicode 15, neighbouring blocks joined.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x16FE0, 0x18CFF}, {0x1AFF0, 0x1B2FF}, {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
};
// Combining marks, joiners, selectors and directions: no column of their own.
constexpr Range kZero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x064B, 0x065F},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},   {0x202A, 0x202E},
    {0x2060, 0x2069}, {0x20D0, 0x20F0}, {0x3099, 0x309A},   {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

template <size_t n>
bool IsIn(const Range (&ranges)[n], uint32_t letter) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [letter](const Range& range) {
                       return letter >= range.first && letter <= range.last;
                     });
}

int WidthOf(uint32_t letter) {
  if (IsIn(kZero, letter)) return 0;
  return IsIn(kWide, letter) ? 2 : 1;
}

// Directions could turn the order of letters round on the screen.
bool IsDirection(uint32_t letter) {
  return (letter >= 0x202A && letter <= 0x202E) ||
         (letter >= 0x2066 && letter <= 0x2069);
}

// Takes the next letter off `text`. False, and one byte, if it is not UTF-8.
bool NextLetter(absl::string_view* text, uint32_t* letter,
                absl::string_view* bytes) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>((*text)[i]);
  };
  size_t size = 1;
  uint32_t value = byte(0);
  uint32_t least = 0;
  if (value >= 0xF0 && value < 0xF8) {
    size = 4, value &= 0x07, least = 0x10000;
  } else if (value >= 0xE0 && value < 0xF0) {
    size = 3, value &= 0x0F, least = 0x800;
  } else if (value >= 0xC0 && value < 0xE0) {
    size = 2, value &= 0x1F, least = 0x80;
  } else if (value >= 0x80) {
    size = 0;
  }
  bool is_valid = size > 0 && size <= text->size();
  for (size_t i = 1; is_valid && i < size; ++i) {
    is_valid = (byte(i) & 0xC0) == 0x80;
    value = (value << 6) | (byte(i) & 0x3F);
  }
  is_valid = is_valid && value >= least && value <= 0x10FFFF &&
             !(value >= 0xD800 && value <= 0xDFFF);
  if (!is_valid) size = 1;
  *letter = value;
  *bytes = text->substr(0, size);
  text->remove_prefix(size);
  return is_valid;
}

// --- Which columns a list has ----------------------------------------------

struct Columns {
  const char* type;
  std::vector<const char*> paths;
};

const std::vector<Columns>& AllColumns() {
  static const auto* const columns = new std::vector<Columns>{
      {"Call",
       {"name", "state", "urgency", "target_time", "promise.promise_time",
        "patient", "short_patient.display_name", "place.address", "complaint",
        "requester", "assignment"}},
      {"Offer",
       {"name", "state", "calls", "physician", "physician_answer", "driver",
        "driver_answer", "car", "estimate.arrive_time", "ring_until_time"}},
      {"Assignment",
       {"name", "state", "calls", "physician", "driver", "car",
        "estimate.arrive_time", "depart.server_time", "arrive.server_time",
        "leave.server_time"}},
      {"Visit",
       {"name", "call", "physician", "driver", "arrive.server_time",
        "treatment_duration", "leave.server_time", "fee_band"}},
      {"Match", {"name", "call", "create_time", "matched", "travel_times"}},
      {"RouteStep",
       {"road_name", "duration", "distance_meters", "ends_at_pick_up"}},
      {"Patient",
       {"name", "display_name", "place.address", "primary_clinic",
        "primary_physician", "phone", "confirm_time", "active"}},
      {"Person",
       {"name", "display_name", "organization", "skills", "self_drive", "phone",
        "active"}},
      {"Organization",
       {"name", "kind", "display_name", "phone", "address", "active"}},
      {"Account", {"name", "person", "roles", "disabled", "wrong_passwords"}},
      {"Session", {"name", "account", "create_time", "expire_time", "revoked"}},
      {"Car",
       {"name", "display_name", "plate", "seats", "state", "state_reason"}},
      {"Shift",
       {"name", "person", "role", "start_time", "end_time", "organization",
        "car", "reserve", "state"}},
      {"Override",
       {"name", "kind", "person", "replacement", "role", "start_time",
        "end_time", "reason", "cancelled"}},
      {"RotaDuty",
       {"start_time", "end_time", "role", "person", "organization", "car",
        "reserve", "shift", "override"}},
      {"CoverageGap", {"start_time", "end_time", "role"}},
      {"Duty",
       {"name", "role", "on_duty", "since", "end_time", "car", "visits",
        "standby.physician", "standby.position"}},
      {"Task",
       {"name", "kind", "call", "raise_time", "detail", "acknowledged.person",
        "resolved.person"}},
      {"Delivery",
       {"name", "state", "member.role", "member.organization",
        "member.channels", "call", "due_time", "overdue", "receipt.time"}},
      {"Note", {"name", "state", "call", "author", "patient"}},
      {"Event", {"event_time", "kind", "call", "actor_role", "actor_person"}},
      {"DeviceUser",
       {"patient.name", "patient.display_name", "patient.place.address",
        "patient.phone", "device.kind", "device.battery_duration",
        "battery_end_time"}},
      {"Candidate",
       {"verdict", "physician", "driver", "car", "self_drive", "arrive_time",
        "cost", "response_cost", "tardiness_cost", "continuity_cost",
        "fairness_cost", "platform_cost", "drive_cost", "figure", "free_time",
        "excess_cost"}},
  };
  return *columns;
}

const FieldDescriptor* LastField(const Descriptor& type,
                                 absl::string_view path) {
  const Descriptor* at = &type;
  const FieldDescriptor* field = nullptr;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    if (at == nullptr) return nullptr;
    field = at->FindFieldByName(std::string(part));
    if (field == nullptr) return nullptr;
    at = field->message_type();
  }
  return field;
}

// "arrive.server_time" is the arrival's: the heading is what precedes.
std::string Heading(const Descriptor& type, absl::string_view path,
                    Language language) {
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  std::string name = parts.back();
  const bool is_generic = name == "server_time" || name == "time" ||
                          name == "person" ||
                          (name == "name" && parts.size() > 1);
  if (is_generic && parts.size() > 1) name = parts[parts.size() - 2];
  const FieldDescriptor* field = LastField(type, path);
  std::string heading = field != nullptr && field->name() == name
                            ? FieldLabel(*field, language)
                            : FieldLabel(name, language);
  if (field != nullptr && IsTimestamp(*field)) {
    absl::StrAppend(&heading, " (JST)");
  }
  return heading;
}

const std::vector<const char*>* ColumnsOf(const Descriptor& type) {
  for (const Columns& columns : AllColumns()) {
    if (type.name() == columns.type) return &columns.paths;
  }
  return nullptr;
}

absl::Time TimeOf(const Message& message) {
  google::protobuf::Timestamp time;
  time.CopyFrom(message);
  return absl::FromUnixSeconds(time.seconds()) +
         absl::Nanoseconds(time.nanos());
}

absl::Duration DurationOf(const Message& message) {
  google::protobuf::Duration duration;
  duration.CopyFrom(message);
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

std::string Decimal(double number) {
  std::string text = absl::StrFormat("%.1f", number);
  if (text.size() > 2 && text.substr(text.size() - 2) == ".0") {
    text.resize(text.size() - 2);
  }
  return text == "-0" ? "0" : text;
}

enum class For { kPeople, kTable, kPrograms };

std::string NestedLine(const Message& message, const Style& style);

// One value; `index` of a repeated field, -1 for others.
std::string ValueText(const Message& message, const FieldDescriptor& field,
                      int index, const Style& style, For reader) {
  const Reflection& reflection = *message.GetReflection();
  const bool is_list = index >= 0;
  const bool is_raw = reader == For::kPrograms;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text =
          is_list ? reflection.GetRepeatedString(message, &field, index)
                  : reflection.GetString(message, &field);
      if (is_raw) return text;
      if (field.name() == "detail" &&
          field.containing_type()->name() == "Task") {
        return TaskDetail(text, style.language);
      }
      return ResourceFormat(field).empty() ? text : ShortId(text);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number =
          is_list ? reflection.GetRepeatedEnumValue(message, &field, index)
                  : reflection.GetEnumValue(message, &field);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      // A newer server may have values that this program does not know.
      if (value == nullptr) return absl::StrCat(number);
      return is_raw ? value->name() : EnumLabel(*value, style.language);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = reflection.GetBool(message, &field);
      if (is_raw) return value ? "true" : "false";
      if (reader == For::kTable && !value) return "";
      return Text(value ? "yes" : "no", style.language);
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = reflection.GetDouble(message, &field);
      if (is_raw) return absl::StrCat(value);
      return absl::EndsWith(field.name(), "_meters")
                 ? absl::StrFormat("%.0f", value)
                 : Decimal(value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value =
          is_list ? reflection.GetRepeatedMessage(message, &field, index)
                  : reflection.GetMessage(message, &field);
      if (IsTimestamp(field)) {
        const absl::Time time = TimeOf(value);
        if (is_raw) {
          return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time,
                                  absl::UTCTimeZone());
        }
        return reader == For::kTable ? FormatTimeShort(time, style)
                                     : FormatTime(time, style);
      }
      if (IsDuration(field)) {
        return is_raw
                   ? absl::StrCat(absl::ToDoubleSeconds(DurationOf(value)), "s")
                   : DurationText(DurationOf(value), style.language);
      }
      if (IsLatLng(field)) {
        v1::LatLng position;
        position.CopyFrom(value);
        return absl::StrFormat("%.5f,%.5f", position.latitude(),
                               position.longitude());
      }
      return is_raw ? value.ShortDebugString() : NestedLine(value, style);
    }
    default:
      return "";
  }
}

std::string FieldText(const Message& message, const FieldDescriptor& field,
                      const Style& style, For reader) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    std::vector<std::string> values;
    values.reserve(reflection.FieldSize(message, &field));
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      values.push_back(ValueText(message, field, i, style, reader));
    }
    return absl::StrJoin(values,
                         style.language == Language::kJapanese ? "、" : ", ");
  }
  if (!reflection.HasField(message, &field)) return "";
  return ValueText(message, field, -1, style, reader);
}

// Whether it holds messages that are more than a value.
bool IsPart(const FieldDescriptor& field) {
  return field.message_type() != nullptr && !IsTimestamp(field) &&
         !IsDuration(field) && !IsLatLng(field);
}

// Whether the message is too much for a line.
bool HasParts(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return std::any_of(
      fields.begin(), fields.end(),
      [](const FieldDescriptor* field) { return IsPart(*field); });
}

// A message within a line: its values after one another.
std::string NestedLine(const Message& message, const Style& style) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> values;
  for (const FieldDescriptor* field : fields) {
    if (field->name() == "etag") continue;
    values.push_back(FieldText(message, *field, style, For::kPeople));
  }
  return absl::StrJoin(values, " / ");
}

template <typename Rows>
std::string RenderRows(const Descriptor& type,
                       const std::vector<const char*>& paths, const Rows& rows,
                       const Style& style);

void AddCard(const Message& message, int depth, const Style& style,
             std::string* out) {
  const std::string indent(size_t{2} * depth, ' ');
  std::vector<const FieldDescriptor*> fields;
  const Reflection& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  // The server's own count tells people nothing, nor do the hundreds of points
  // of a way.
  const bool is_route = message.GetDescriptor()->name() == "Route";
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [is_route](const FieldDescriptor* field) {
                                return field->name() == "derived" ||
                                       (is_route && field->name() == "points");
                              }),
               fields.end());
  // Of the labels that have their value beside them.
  int width = 0;
  for (const FieldDescriptor* field : fields) {
    if (IsPart(*field)) continue;
    width = std::max(width, DisplayWidth(FieldLabel(*field, style.language)));
  }
  for (const FieldDescriptor* field : fields) {
    const std::string label = Padded(FieldLabel(*field, style.language), width);
    if (!IsPart(*field)) {
      // Texts of several lines keep them, indented, without control characters.
      std::vector<std::string> lines =
          absl::StrSplit(FieldText(message, *field, style, For::kPeople), '\n');
      for (std::string& line : lines) line = Printable(line);
      absl::StrAppend(
          out, indent, label, "  ",
          absl::StrJoin(
              lines, absl::StrCat("\n", indent, std::string(width + 2, ' '))),
          "\n");
    } else if (field->is_repeated()) {
      absl::StrAppend(out, indent, FieldLabel(field->name(), style.language),
                      "\n");
      std::vector<const Message*> rows;
      rows.reserve(reflection.FieldSize(message, field));
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        rows.push_back(&reflection.GetRepeatedMessage(message, field, i));
      }
      if (const auto* paths = ColumnsOf(*field->message_type())) {
        const std::string table =
            RenderRows(*field->message_type(), *paths, rows, style);
        for (absl::string_view line :
             absl::StrSplit(table, '\n', absl::SkipEmpty())) {
          absl::StrAppend(out, indent, "  ", line, "\n");
        }
        continue;
      }
      for (const Message* row : rows) {
        if (HasParts(*row)) {
          std::string card;
          AddCard(*row, depth + 2, style, &card);
          // The dash stands in the first line's indent.
          card[indent.size() + 2] = '-';
          absl::StrAppend(out, card);
          continue;
        }
        // Empty where all of it is hidden from the caller.
        const std::string line = NestedLine(*row, style);
        absl::StrAppend(out, indent, "  - ",
                        line.empty() ? "…" : Printable(line), "\n");
      }
    } else {
      absl::StrAppend(out, indent, FieldLabel(field->name(), style.language),
                      "\n");
      AddCard(reflection.GetMessage(message, field), depth + 1, style, out);
    }
  }
}

// A cell of a list.
std::string CellText(const Message& message, const char* path,
                     const Style& style) {
  if (message.GetDescriptor() != v1::Candidate::descriptor() ||
      absl::string_view(path) != "figure") {
    return FormatPath(message, path, style);
  }
  // Its unit is the verdict's.
  v1::Candidate candidate;
  candidate.CopyFrom(message);
  if (candidate.figure() == 0) return "";
  if (candidate.verdict() == v1::VERDICT_BEYOND_DISTANCE) {
    return absl::StrCat(Decimal(candidate.figure() / 1000), " km");
  }
  if (candidate.verdict() == v1::VERDICT_SHIFT_ENDS_BEFORE) {
    return DurationText(absl::Minutes(candidate.figure()), style.language);
  }
  return FormatPath(message, path, style);
}

// What is read to plan other days, so that each time has its date.
bool IsOfTheRota(const Descriptor& type) {
  return type.name() == "Shift" || type.name() == "Override" ||
         type.name() == "RotaDuty" || type.name() == "CoverageGap";
}

template <typename Rows>
std::string RenderRows(const Descriptor& type,
                       const std::vector<const char*>& paths, const Rows& rows,
                       const Style& given) {
  Style style = given;
  if (IsOfTheRota(type)) style.now = absl::InfinitePast();
  // A column in which nothing stands is left out.
  std::vector<std::vector<std::string>> cells;
  cells.reserve(rows.size());
  std::vector<bool> is_used(paths.size(), false);
  for (const Message* row : rows) {
    std::vector<std::string> line;
    line.reserve(paths.size());
    for (size_t i = 0; i < paths.size(); ++i) {
      line.push_back(CellText(*row, paths[i], style));
      is_used[i] = is_used[i] || !line.back().empty();
    }
    cells.push_back(std::move(line));
  }
  std::vector<std::string> headers;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (is_used[i]) headers.push_back(Heading(type, paths[i], style.language));
  }
  Table table(std::move(headers));
  for (const std::vector<std::string>& line : cells) {
    std::vector<std::string> kept;
    for (size_t i = 0; i < paths.size(); ++i) {
      if (is_used[i]) kept.push_back(line[i]);
    }
    table.AddRow(std::move(kept));
  }
  return table.Render();
}

std::string RenderList(const Message& message, const FieldDescriptor& field,
                       const Style& style) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  std::string text;
  if (size == 0) {
    text = absl::StrCat(Text("nothing", style.language), "\n");
  } else {
    std::vector<const Message*> rows;
    rows.reserve(size);
    for (int i = 0; i < size; ++i) {
      rows.push_back(&reflection.GetRepeatedMessage(message, &field, i));
    }
    const std::vector<const char*>* paths = ColumnsOf(*field.message_type());
    std::vector<const char*> all;
    if (paths == nullptr) {
      for (int i = 0; i < field.message_type()->field_count(); ++i) {
        all.push_back(field.message_type()->field(i)->name().c_str());
      }
      paths = &all;
    }
    text = RenderRows(*field.message_type(), *paths, rows, style);
  }
  const FieldDescriptor* next =
      message.GetDescriptor()->FindFieldByName("next_page_token");
  if (next != nullptr) {
    const std::string token = reflection.GetString(message, next);
    if (!token.empty()) {
      absl::StrAppend(&text, Text("more", style.language), ": --page-token ",
                      Printable(token), "\n");
    }
  }
  return text;
}

std::string RenderMatch(const v1::Match& match, const Style& style) {
  std::string text = absl::StrCat(
      Text("why_title", style.language), ": ", Printable(ShortId(match.call())),
      "  ", FormatPath(match, "create_time", style), " JST  ",
      Printable(match.travel_times()), "\n");
  if (match.has_waiting()) {
    absl::StrAppend(&text, "\n", FieldLabel("waiting", style.language), "\n");
    AddCard(match.waiting(), /*depth=*/1, style, &text);
  }
  const auto add = [&](const char* title, const auto& candidates) {
    if (candidates.empty()) return;
    std::vector<const Message*> rows;
    rows.reserve(candidates.size());
    for (const v1::Candidate& candidate : candidates) {
      rows.push_back(&candidate);
    }
    absl::StrAppend(
        &text, "\n", Text(title, style.language), "\n",
        RenderRows(*v1::Candidate::descriptor(),
                   *ColumnsOf(*v1::Candidate::descriptor()), rows, style));
  };
  add("candidates", match.candidates());
  add("other_drivers", match.drivers());
  return text;
}

absl::Status AddRawValues(const Message& message, absl::string_view path,
                          std::string* out) {
  const size_t dot = path.find('.');
  const std::string name(path.substr(0, dot));
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) {
    std::vector<std::string> names;
    names.reserve(message.GetDescriptor()->field_count());
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      names.push_back(message.GetDescriptor()->field(i)->name());
    }
    const std::string& type = message.GetDescriptor()->name();
    return WrongInput(
        absl::StrCat("--field: ", type, " has no ", name,
                     DidYouMean(name, names, "", Language::kEnglish)),
        absl::StrCat("--field: ", type, " に ", name, " はありません",
                     DidYouMean(name, names, "", Language::kJapanese)));
  }
  const Reflection& reflection = *message.GetReflection();
  const bool is_last = dot == absl::string_view::npos;
  if (!is_last && field->message_type() == nullptr) {
    return WrongInput(
        absl::StrCat("--field: ", name, " has no fields of its own"),
        absl::StrCat("--field: ", name, " の中に項目はありません"));
  }
  const int size =
      field->is_repeated() ? reflection.FieldSize(message, field) : 1;
  for (int i = 0; i < size; ++i) {
    const int index = field->is_repeated() ? i : -1;
    if (!is_last) {
      absl::Status status = AddRawValues(
          index < 0 ? reflection.GetMessage(message, field)
                    : reflection.GetRepeatedMessage(message, field, index),
          path.substr(dot + 1), out);
      if (!status.ok()) return status;
      continue;
    }
    const bool is_absent = index < 0 && field->has_presence() &&
                           !reflection.HasField(message, field);
    absl::StrAppend(
        out,
        is_absent ? ""
                  : ValueText(message, *field, index, Style(), For::kPrograms),
        "\n");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  uint32_t letter = 0;
  absl::string_view bytes;
  while (!text.empty()) {
    if (!NextLetter(&text, &letter, &bytes) || letter == 0) return false;
  }
  return true;
}

int DisplayWidth(absl::string_view text) {
  int width = 0;
  uint32_t letter = 0;
  absl::string_view bytes;
  while (!text.empty()) {
    width += NextLetter(&text, &letter, &bytes) ? WidthOf(letter) : 1;
  }
  return width;
}

std::string Printable(absl::string_view text) {
  std::string result;
  uint32_t letter = 0;
  absl::string_view bytes;
  while (!text.empty()) {
    if (!NextLetter(&text, &letter, &bytes)) {
      result += kReplacement;
    } else if (letter == '\n' || letter == '\t' || letter == '\r') {
      result += ' ';
    } else if (letter < 0x20 || (letter >= 0x7F && letter < 0xA0) ||
               IsDirection(letter)) {
      result += kReplacement;
    } else {
      absl::StrAppend(&result, bytes);
    }
  }
  return result;
}

std::string Padded(absl::string_view text, int width) {
  return absl::StrCat(
      text, std::string(std::max(0, width - DisplayWidth(text)), ' '));
}

std::string Shortened(absl::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string result;
  int used = 0;
  uint32_t letter = 0;
  absl::string_view bytes;
  while (!text.empty()) {
    const int next = NextLetter(&text, &letter, &bytes) ? WidthOf(letter) : 1;
    if (used + next > width - 1) break;
    used += next;
    absl::StrAppend(&result, bytes);
  }
  return absl::StrCat(result, "…");
}

std::string Table::Render(int max_cell_width) const {
  std::vector<std::vector<std::string>> lines;
  if (!headers_.empty()) lines.push_back(headers_);
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<int> widths;
  for (std::vector<std::string>& line : lines) {
    if (line.size() > widths.size()) widths.resize(line.size(), 0);
    for (size_t i = 0; i < line.size(); ++i) {
      line[i] = Shortened(Printable(line[i]), max_cell_width);
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const bool is_last = i + 1 == line.size();
      absl::StrAppend(&row, is_last ? line[i] : Padded(line[i], widths[i] + 2));
    }
    row.erase(row.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, row, "\n");
  }
  return text;
}

std::string FormatTimeShort(absl::Time time, const Style& style) {
  const bool is_near = absl::AbsDuration(time - style.now) < absl::Hours(12);
  return absl::FormatTime(is_near ? "%H:%M:%S" : "%Y-%m-%d %H:%M", time,
                          CenterZone());
}

std::string FormatTime(absl::Time time, const Style& style) {
  return absl::StrCat(FormatTimeShort(time, style), " JST");
}

std::string DurationText(absl::Duration duration, Language language) {
  const bool is_japanese = language == Language::kJapanese;
  const char* hour = is_japanese ? "時間" : "h";
  const char* minute = is_japanese ? "分" : "m";
  const char* second = is_japanese ? "秒" : "s";
  const int64_t seconds = absl::ToInt64Seconds(absl::AbsDuration(duration));
  const char* sign = duration < absl::ZeroDuration() ? "-" : "";
  if (seconds < 60) return absl::StrCat(sign, seconds, second);
  if (seconds < 3600) {
    return seconds % 60 == 0
               ? absl::StrCat(sign, seconds / 60, minute)
               : absl::StrFormat("%s%d%s%02d%s", sign, seconds / 60, minute,
                                 seconds % 60, second);
  }
  return absl::StrFormat("%s%d%s%02d%s", sign, seconds / 3600, hour,
                         seconds / 60 % 60, minute);
}

std::string FormatField(const Message& message, const FieldDescriptor& field,
                        const Style& style) {
  return FieldText(message, field, style, For::kTable);
}

std::string FormatPath(const Message& message, absl::string_view path,
                       const Style& style) {
  const Message* at = &message;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field =
        at->GetDescriptor()->FindFieldByName(parts[i]);
    if (field == nullptr) return "";
    if (i + 1 == parts.size()) return FormatField(*at, *field, style);
    if (field->message_type() == nullptr || field->is_repeated() ||
        !at->GetReflection()->HasField(*at, field)) {
      return "";
    }
    at = &at->GetReflection()->GetMessage(*at, field);
  }
  return "";
}

std::string Render(const Message& message, const Style& style) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.full_name() == v1::Match::descriptor()->full_name()) {
    v1::Match match;
    match.CopyFrom(message);
    return RenderMatch(match, style);
  }
  const bool is_list = type.FindFieldByName("next_page_token") != nullptr;
  if (is_list && type.field(0)->is_repeated() &&
      type.field(0)->message_type() != nullptr) {
    return RenderList(message, *type.field(0), style);
  }
  std::string text;
  AddCard(message, 0, style, &text);
  return text;
}

absl::StatusOr<std::string> RawValues(const Message& message,
                                      absl::string_view path) {
  std::string text;
  const absl::Status status = AddRawValues(message, path, &text);
  if (!status.ok()) return status;
  return text;
}

}  // namespace housecall::cli
