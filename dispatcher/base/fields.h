// Structs that can name their own fields.
//
//   struct Car {
//     CarId id;
//     int seats = 0;
//     bool operator==(const Car&) const = default;
//     HOUSECALL_FIELDS(id, seats);
//   };
//
// lets
//
//   VisitFields(car, [](const char* name, auto& field) { … });
//
// call the visitor with each field in the order of the list. Rows,
// scenario files and protos are read and written through it, so that a field
// is named once and none of them can forget it (the tests compare the names
// with schema.sql and the .proto files).
//
// Kinds of fields: std::string, PrivateText, bool, int32_t, int64_t, double,
// absl::Time, absl::Duration, Id<Tag>, named enumerations, structs with fields,
// and std::optional<> or std::vector<> of these.
#ifndef HOUSECALL_DISPATCHER_BASE_FIELDS_H_
#define HOUSECALL_DISPATCHER_BASE_FIELDS_H_

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "dispatcher/base/id.h"
#include "dispatcher/base/sensitive.h"

namespace housecall {

template <typename T>
concept HasFields = requires {
  typename T::HousecallHasFields;
};

// Calls `visit(name, field)` for each field of `object`.
template <typename T, typename Visitor>
requires HasFields<std::remove_const_t<T>>
void VisitFields(T& object, Visitor&& visit) {
  std::remove_const_t<T>::HousecallVisitFields(object, visit);
}

template <typename T>
struct IsOptionalTrait : std::false_type {};
template <typename T>
struct IsOptionalTrait<std::optional<T>> : std::true_type {};
template <typename T>
concept IsOptional = IsOptionalTrait<std::remove_const_t<T>>::value;

template <typename T>
struct IsVectorTrait : std::false_type {};
template <typename T>
struct IsVectorTrait<std::vector<T>> : std::true_type {};
template <typename T>
concept IsVector = IsVectorTrait<std::remove_const_t<T>>::value;

template <typename T>
struct IsIdTrait : std::false_type {};
template <typename Tag>
struct IsIdTrait<Id<Tag>> : std::true_type {};
template <typename T>
concept IsId = IsIdTrait<std::remove_const_t<T>>::value;

template <typename T>
struct IsSensitiveTrait : std::false_type {};
template <typename T>
struct IsSensitiveTrait<Sensitive<T>> : std::true_type {};
template <typename T>
concept IsSensitive = IsSensitiveTrait<std::remove_const_t<T>>::value;

// The usual recursion over __VA_ARGS__ with __VA_OPT__; enough rescans for
// structs of some 80 fields.
#define HOUSECALL_PARENS ()
#define HOUSECALL_EXPAND(...) \
  HOUSECALL_EXPAND3(HOUSECALL_EXPAND3(HOUSECALL_EXPAND3(__VA_ARGS__)))
#define HOUSECALL_EXPAND3(...) \
  HOUSECALL_EXPAND2(HOUSECALL_EXPAND2(HOUSECALL_EXPAND2(__VA_ARGS__)))
#define HOUSECALL_EXPAND2(...) \
  HOUSECALL_EXPAND1(HOUSECALL_EXPAND1(HOUSECALL_EXPAND1(__VA_ARGS__)))
#define HOUSECALL_EXPAND1(...) \
  HOUSECALL_EXPAND0(HOUSECALL_EXPAND0(HOUSECALL_EXPAND0(__VA_ARGS__)))
#define HOUSECALL_EXPAND0(...) __VA_ARGS__
#define HOUSECALL_VISIT_EACH(field, ...) \
  visit(#field, self.field);             \
  __VA_OPT__(HOUSECALL_VISIT_EACH_AGAIN HOUSECALL_PARENS(__VA_ARGS__))
#define HOUSECALL_VISIT_EACH_AGAIN() HOUSECALL_VISIT_EACH

// Last line of a struct: all of its fields, in order. HOUSECALL_FIELDS() for
// a struct without any.
#define HOUSECALL_FIELDS(...)                                         \
  using HousecallHasFields = void;                                    \
  template <typename Self, typename Visitor>                          \
  static void HousecallVisitFields([[maybe_unused]] Self& self,       \
                                   [[maybe_unused]] Visitor& visit) { \
    __VA_OPT__(HOUSECALL_EXPAND(HOUSECALL_VISIT_EACH(__VA_ARGS__)))   \
  }                                                                   \
  static_assert(true)

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_FIELDS_H_
