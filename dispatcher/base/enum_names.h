// Enumerations that know the names of their values.
//
//   HOUSECALL_ENUM(CallState, kUnspecified, kReceived, kEnRoute);
//
// declares `enum class CallState { kUnspecified, kReceived, kEnRoute };` with
// the values 0, 1, 2 and the names "UNSPECIFIED", "RECEIVED", "EN_ROUTE": the
// names that rows, scenario files and (behind the type's name) protos use. The
// first value is always kUnspecified.
#ifndef HOUSECALL_DISPATCHER_BASE_ENUM_NAMES_H_
#define HOUSECALL_DISPATCHER_BASE_ENUM_NAMES_H_

#include <ostream>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace housecall {

// "kUnspecified, kEnRoute, kEmergency119" → {"UNSPECIFIED", "EN_ROUTE",
// "EMERGENCY_119"}.
std::vector<std::string> ParseEnumNames(absl::string_view enumerators);

// Specialised by HOUSECALL_ENUM.
template <typename E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  { HousecallEnumNames(e) } -> std::same_as<const std::vector<std::string>&>;
};

// All names of E in order; the index is the value.
template <NamedEnum E>
const std::vector<std::string>& NamesOf() {
  return HousecallEnumNames(E{});
}

// The name of `value`, such as "EN_ROUTE".
template <NamedEnum E>
const std::string& NameOf(E value) {
  return NamesOf<E>()[static_cast<size_t>(value)];
}

// The value with that name, or nullopt.
template <NamedEnum E>
absl::optional<E> FromName(absl::string_view name) {
  const std::vector<std::string>& names = NamesOf<E>();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return absl::nullopt;
}

// Every value of E but kUnspecified.
template <NamedEnum E>
std::vector<E> AllValues() {
  std::vector<E> values;
  for (size_t i = 1; i < NamesOf<E>().size(); ++i) {
    values.push_back(static_cast<E>(i));
  }
  return values;
}

#define HOUSECALL_ENUM(Type, ...)                                        \
  enum class Type { __VA_ARGS__ };                                       \
  inline const std::vector<std::string>& HousecallEnumNames(Type) {      \
    static const auto* const names = new std::vector<std::string>(       \
        ::housecall::ParseEnumNames(#__VA_ARGS__));                      \
    return *names;                                                       \
  }                                                                      \
  inline std::ostream& operator<<(std::ostream& out, Type value) {       \
    return out << HousecallEnumNames(value)[static_cast<size_t>(value)]; \
  }                                                                      \
  static_assert(true, "a semicolon follows")

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_ENUM_NAMES_H_
