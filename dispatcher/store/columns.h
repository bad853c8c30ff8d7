// The columns of a kind of record's table, from its list of fields.
//
// One field, one column of the same name. Text, ids, enumerations (by name),
// flags, numbers, times and durations (integer microseconds) have columns of
// their own type; what is a list or has fields of its own is JSON text
// (record_codec.h). NULL is the none of a std::optional.
#ifndef HOUSECALL_DISPATCHER_STORE_COLUMNS_H_
#define HOUSECALL_DISPATCHER_STORE_COLUMNS_H_

#include <string>
#include <type_traits>
#include <vector>

#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/store/record_codec.h"

namespace housecall::store {

struct Column {
  std::string name;
  // As schema.sql names it.
  std::string type;
  bool nullable = false;
};

// True for the fields whose column is JSON text.
template <typename T>
inline constexpr bool kIsJson = IsVector<T> || HasFields<T>;
template <typename T>
inline constexpr bool kIsJson<std::optional<T>> = kIsJson<T>;

template <typename T>
constexpr const char* ColumnTypeOf() {
  if constexpr (IsOptional<T>) {
    return ColumnTypeOf<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "BOOLEAN";
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return "INTEGER";
  } else if constexpr (std::is_same_v<T, int64_t> ||
                       std::is_same_v<T, absl::Time> ||
                       std::is_same_v<T, absl::Duration> || IsVersion<T>) {
    return "BIGINT";
  } else if constexpr (std::is_same_v<T, double>) {
    return "DOUBLE PRECISION";
  } else {
    static_assert(kIsJson<T> || IsId<T> || IsSensitive<T> || NamedEnum<T> ||
                      std::is_same_v<T, std::string>,
                  "no column for this kind of field");
    return "TEXT";
  }
}

// In the order of the fields.
template <typename R>
const std::vector<Column>& ColumnsOf() {
  static const auto* const columns = [] {
    auto* result = new std::vector<Column>;
    const R record{};
    VisitFields(record, [result]<typename T>(const char* name, const T&) {
      result->push_back({name, ColumnTypeOf<T>(), IsOptional<T>});
    });
    return result;
  }();
  return *columns;
}

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_COLUMNS_H_
