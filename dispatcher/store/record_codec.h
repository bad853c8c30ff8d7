// Records as JSON text: the journal's entries, and the columns of rows that
// hold more than one value.
//
// Written from and read into any struct with HOUSECALL_FIELDS. Times are
// integer microseconds since 1970 (UTC), durations integer microseconds, both
// with the extreme integers for infinity; enumerations stand by name, ids as
// text, PrivateText is revealed, a Version is its number. Numbers that JSON
// lacks are the strings "Infinity" and "-Infinity".
//
// A field whose default is the zero of its type (empty, 0, false, 1970, none)
// is left out while it has that value. Others are always written: should a
// later version of the program change what a Policy says by default, a stored
// one still says what it said. For the same reason a default that is zero stays
// so for ever.
//
// Reading is strict about types and tolerant of missing fields, which keep
// their defaults: older rows can be read. Unknown fields are passed over.
#ifndef HOUSECALL_DISPATCHER_STORE_RECORD_CODEC_H_
#define HOUSECALL_DISPATCHER_STORE_RECORD_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/core/decide.h"
#include "dispatcher/core/event.h"

namespace housecall::store {

// --- Names ------------------------------------------------------------------

// The table of a kind of record, which is also its name in the journal.
template <typename R>
constexpr const char* TableOf() {
  // These two have the id of the person.
  if constexpr (std::is_same_v<R, core::Duty>) {
    return "duties";
  } else if constexpr (std::is_same_v<R, core::Position>) {
    return "positions";
  } else {
    return decltype(R::id)::kCollection;
  }
}

// Calls `visit(std::type_identity<R>())` for each kind of record, in order.
template <typename Visit>
void ForEachKind(Visit&& visit) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    (visit(std::type_identity<std::variant_alternative_t<I, core::Record>>()),
     ...);
  }
  (std::make_index_sequence<std::variant_size_v<core::Record>>());
}

// "calls/c1"; empty for no subject.
std::string SubjectText(const core::Subject& subject);
// False if `text` is nothing that SubjectText gives.
bool ParseSubject(absl::string_view text, core::Subject* subject);

// --- Values -----------------------------------------------------------------

// Rounded down to the microsecond.
int64_t MicrosOf(absl::Time time);
absl::Time TimeOf(int64_t micros);
// Rounded towards zero.
int64_t MicrosOf(absl::Duration duration);
absl::Duration DurationOf(int64_t micros);

bool IsUtf8(absl::string_view text);

template <typename T>
concept IsVersion = std::is_same_v<std::remove_const_t<T>, core::Version>;

template <typename T>
inline constexpr bool kUnknownKind = false;

// Whether `value` is the zero of its type.
template <typename T>
bool IsZero(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || NamedEnum<T>) {
    return value == T{};
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    return value == absl::UnixEpoch();
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return value == absl::ZeroDuration();
  } else if constexpr (IsVersion<T>) {
    return value.number == 0;
  } else if constexpr (IsOptional<T>) {
    return !value.has_value();
  } else if constexpr (HasFields<T>) {
    bool zero = true;
    VisitFields(value, [&zero](const char*, const auto& field) {
      zero = zero && IsZero(field);
    });
    return zero;
  } else {
    return value.empty();
  }
}

// --- Writing ----------------------------------------------------------------

// [{"calls":{"id":"c1",…}},…]
void AppendJson(const std::vector<core::Record>& records, std::string* out);
void AppendJson(const core::Record& record, std::string* out);
void AppendJson(const core::Event& event, std::string* out);

void AppendJsonText(absl::string_view text, std::string* out);
void AppendJsonReal(double value, std::string* out);

// Of each field of T in order, whether its default is zero.
template <typename T>
const std::vector<bool>& ZeroDefaults() {
  static const auto* const defaults = [] {
    auto* zero = new std::vector<bool>;
    const T object{};
    VisitFields(object, [zero](const char*, const auto& field) {
      zero->push_back(IsZero(field));
    });
    return zero;
  }();
  return *defaults;
}

template <typename T>
void AppendJson(const T& value, std::string* out) {
  if constexpr (std::is_same_v<T, bool>) {
    out->append(value ? "true" : "false");
  } else if constexpr (std::is_same_v<T, int32_t> ||
                       std::is_same_v<T, int64_t>) {
    absl::StrAppend(out, value);
  } else if constexpr (std::is_same_v<T, double>) {
    AppendJsonReal(value, out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    AppendJsonText(value, out);
  } else if constexpr (IsSensitive<T>) {
    AppendJson(value.Reveal(), out);
  } else if constexpr (IsId<T>) {
    AppendJsonText(value.value(), out);
  } else if constexpr (NamedEnum<T>) {
    AppendJsonText(NameOf(value), out);
  } else if constexpr (std::is_same_v<T, absl::Time> ||
                       std::is_same_v<T, absl::Duration>) {
    absl::StrAppend(out, MicrosOf(value));
  } else if constexpr (IsVersion<T>) {
    absl::StrAppend(out, value.number);
  } else if constexpr (IsOptional<T>) {
    if (value.has_value()) {
      AppendJson(*value, out);
    } else {
      out->append("null");
    }
  } else if constexpr (IsVector<T>) {
    char before = '[';
    for (const auto& element : value) {
      out->push_back(before);
      AppendJson(element, out);
      before = ',';
    }
    out->append(value.empty() ? "[]" : "]");
  } else if constexpr (HasFields<T>) {
    const std::vector<bool>& zero_default = ZeroDefaults<T>();
    size_t index = 0;
    char before = '{';
    VisitFields(value, [&](const char* name, const auto& field) {
      if (zero_default[index++] && IsZero(field)) return;
      out->push_back(before);
      out->push_back('"');
      out->append(name);
      out->append("\":");
      AppendJson(field, out);
      before = ',';
    });
    out->append(before == '{' ? "{}" : "}");
  } else {
    static_assert(kUnknownKind<T>, "no JSON for this kind of field");
  }
}

template <typename T>
std::string ToJson(const T& value) {
  std::string json;
  AppendJson(value, &json);
  return json;
}

// --- Reading ----------------------------------------------------------------

// What could not be read. It never holds the value, which may be clinical.
struct DecodeProblem {
  // Such as "place.position.latitude"; empty: the text as a whole.
  std::string field;
  // Such as "is not a number".
  std::string what;

  // Always false, for the functions below to return.
  bool Set(absl::string_view is_not);
  bool Within(absl::string_view name);
  bool Within(size_t index);
};

// "the field place.position.latitude is not a number".
std::string Describe(const DecodeProblem& problem);

// As the template below.
bool FromJson(const nlohmann::json& json, core::Record* record,
              DecodeProblem* problem);
bool FromJson(const nlohmann::json& json, core::Event* event,
              DecodeProblem* problem);

// Reads into a default-constructed value. False, with the problem told, if
// `json` is not what AppendJson writes for a T.
template <typename T>
bool FromJson(const nlohmann::json& json, T* value, DecodeProblem* problem) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) return problem->Set("is not true or false");
    *value = json.get<bool>();
  } else if constexpr (std::is_same_v<T, int32_t> ||
                       std::is_same_v<T, int64_t>) {
    // What is not negative is unsigned here, up to 2^64 - 1.
    if (!json.is_number_integer() ||
        (json.is_number_unsigned() &&
         json.get<uint64_t>() >
             static_cast<uint64_t>(std::numeric_limits<T>::max())) ||
        json.get<int64_t>() < std::numeric_limits<T>::min()) {
      return problem->Set(sizeof(T) == 4 ? "is not a 32-bit integer"
                                         : "is not a 64-bit integer");
    }
    *value = json.get<T>();
  } else if constexpr (std::is_same_v<T, double>) {
    if (json.is_string()) {
      const std::string& text = json.get_ref<const std::string&>();
      const double infinity = std::numeric_limits<double>::infinity();
      if (text != "Infinity" && text != "-Infinity") {
        return problem->Set("is not a number");
      }
      *value = text == "Infinity" ? infinity : -infinity;
    } else {
      if (!json.is_number()) return problem->Set("is not a number");
      *value = json.get<double>();
    }
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) return problem->Set("is not text");
    *value = json.get_ref<const std::string&>();
  } else if constexpr (IsSensitive<T>) {
    return FromJson(json, &value->MutableReveal(), problem);
  } else if constexpr (IsId<T>) {
    if (!json.is_string()) return problem->Set("is not text");
    *value = T(json.get_ref<const std::string&>());
  } else if constexpr (NamedEnum<T>) {
    if (!json.is_string()) return problem->Set("is not text");
    const absl::optional<T> found =
        FromName<T>(json.get_ref<const std::string&>());
    if (!found.has_value()) return problem->Set("is not a name known here");
    *value = *found;
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    int64_t micros = 0;
    if (!FromJson(json, &micros, problem)) return false;
    *value = TimeOf(micros);
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    int64_t micros = 0;
    if (!FromJson(json, &micros, problem)) return false;
    *value = DurationOf(micros);
  } else if constexpr (IsVersion<T>) {
    return FromJson(json, &value->number, problem);
  } else if constexpr (IsOptional<T>) {
    if (json.is_null()) return true;
    return FromJson(json, &value->emplace(), problem);
  } else if constexpr (IsVector<T>) {
    if (!json.is_array()) return problem->Set("is not a list");
    value->reserve(json.size());
    for (const nlohmann::json& element : json) {
      if (!FromJson(element, &value->emplace_back(), problem)) {
        return problem->Within(value->size() - 1);
      }
    }
  } else if constexpr (HasFields<T>) {
    if (!json.is_object()) return problem->Set("is not an object");
    bool ok = true;
    VisitFields(*value, [&](const char* name, auto& field) {
      if (!ok) return;
      const auto found = json.find(name);
      if (found == json.end()) return;
      ok = FromJson(*found, &field, problem) || problem->Within(name);
    });
    return ok;
  } else {
    static_assert(kUnknownKind<T>, "no JSON for this kind of field");
  }
  return true;
}

// As FromJson, from text that need not be JSON at all.
template <typename T>
bool FromJsonText(absl::string_view text, T* value, DecodeProblem* problem) {
  const nlohmann::json json = nlohmann::json::parse(
      text.begin(), text.end(), /*cb=*/nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return problem->Set("is not JSON");
  return FromJson(json, value, problem);
}

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_RECORD_CODEC_H_
