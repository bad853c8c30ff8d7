// Records in which every field has a value that is neither its default nor that
// of another field.
#ifndef HOUSECALL_TESTS_STORE_RECORD_FILLER_H_
#define HOUSECALL_TESTS_STORE_RECORD_FILLER_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/core/event.h"

namespace housecall::store::testing {

// Fills whatever has HOUSECALL_FIELDS. Two fillers of the same seed fill alike,
// of different seeds differently.
class RecordFiller {
 public:
  explicit RecordFiller(uint64_t seed) : state_(seed * 2 + 1) {}

  // Lists get one to three elements.
  template <typename T>
  T Make() {
    T value{};
    Fill(&value);
    return value;
  }

  template <typename T>
  void Fill(T* value) {
    if constexpr (std::is_same_v<T, bool>) {
      // A flag has one value that is not its default.
      *value = !*value;
    } else if constexpr (std::is_same_v<T, int32_t> ||
                         std::is_same_v<T, int64_t>) {
      *value = static_cast<T>(Next() % 1'000'000'000) + 1000;
      if (Next() % 4 == 0) *value = -*value;
    } else if constexpr (std::is_same_v<T, double>) {
      // With digits that only an exact text of the number keeps.
      *value = static_cast<double>(Next()) / 3e7 + 0.1;
    } else if constexpr (std::is_same_v<T, std::string>) {
      *value = Text();
    } else if constexpr (IsSensitive<T>) {
      Fill(&value->MutableReveal());
    } else if constexpr (IsId<T>) {
      *value = T(absl::StrCat("id-", Next()));
    } else if constexpr (NamedEnum<T>) {
      FillEnum(value);
    } else if constexpr (std::is_same_v<T, absl::Time>) {
      *value = absl::FromUnixMicros(static_cast<int64_t>(Next() >> 12));
    } else if constexpr (std::is_same_v<T, absl::Duration>) {
      *value = absl::Microseconds(static_cast<int64_t>(Next() >> 20) + 1);
    } else if constexpr (std::is_same_v<T, core::Version>) {
      value->number = static_cast<int64_t>(Next() % 1000) + 1;
    } else if constexpr (IsOptional<T>) {
      Fill(&value->emplace());
    } else if constexpr (IsVector<T>) {
      value->resize(Next() % 3 + 1);
      for (auto& element : *value) Fill(&element);
    } else {
      VisitFields(*value, [this](const char*, auto& field) { Fill(&field); });
    }
  }

  // A number of the sequence (splitmix64).
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  template <typename E>
  void FillEnum(E* value) {
    const E before = *value;
    const auto values = AllValues<E>();
    do {
      *value = values[Next() % values.size()];
    } while (*value == before);
  }

  // What JSON and SQL are known to stumble over.
  std::string Text() {
    static const char* const kPieces[] = {
        "往診",           "O'Brien", "a \"quote\"", "back\\slash",
        "tab\tnew\nline", "𠮷野家",  "100%",        "; DROP TABLE calls; --",
        "\x01\x1f\x7f",   "é"};
    std::string text = absl::StrCat(Next(), " ");
    text += kPieces[Next() % std::size(kPieces)];
    if (Next() % 8 == 0) text += std::string("nul\0nul", 7);
    return text;
  }

  uint64_t state_;
};

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_RECORD_FILLER_H_
