// Values that are nowhere a default, for every field of a struct of the core.
#ifndef HOUSECALL_TESTS_SERVER_FILLER_H_
#define HOUSECALL_TESTS_SERVER_FILLER_H_

#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/core/types.h"

namespace housecall::server::testing {

// Gives every field another value, each different from the one before.
class Filler {
 public:
  template <typename T>
  T Make() {
    T value{};
    Fill(&value);
    return value;
  }

  template <typename T>
  void Fill(T* value) {
    ++count_;
    if constexpr (std::is_same_v<T, std::string>) {
      *value = absl::StrCat("text ", count_);
    } else if constexpr (IsSensitive<T>) {
      value->MutableReveal() = absl::StrCat("private ", count_);
    } else if constexpr (std::is_same_v<T, bool>) {
      *value = !*value;
    } else if constexpr (std::is_integral_v<T>) {
      *value += static_cast<T>(count_);
    } else if constexpr (std::is_same_v<T, double>) {
      // Fits everywhere, a latitude included.
      *value += 1 + (count_ % 50) + 0.25;
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      *value = absl::FromUnixMicros(1795000000000001) + absl::Minutes(count_);
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      *value += absl::Seconds(count_) + absl::Microseconds(7);
    } else if constexpr (std::is_same_v<T, core::Version>) {
      value->number = count_;
    } else if constexpr (std::is_enum_v<T>) {
      const T before = *value;
      const int size = static_cast<int>(NamesOf<T>().size());
      *value = static_cast<T>(1 + count_ % (size - 1));
      if (*value == before) *value = static_cast<T>(size - 1);
      if (*value == before) *value = static_cast<T>(1);
    } else if constexpr (IsId<T>) {
      *value = T(absl::StrCat("id-", count_));
    } else if constexpr (IsOptional<T>) {
      Fill(&value->emplace());
    } else if constexpr (IsVector<T>) {
      for (int i = 0; i < 2; ++i) {
        typename T::value_type element{};
        Fill(&element);
        value->push_back(std::move(element));
      }
    } else {
      static_assert(HasFields<T>);
      VisitFields(*value, [this](const char*, auto& field) { Fill(&field); });
    }
  }

 private:
  int64_t count_ = 0;
};

}  // namespace housecall::server::testing

#endif  // HOUSECALL_TESTS_SERVER_FILLER_H_
