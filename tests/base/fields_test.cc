#include "dispatcher/base/fields.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall {
namespace {

using ::testing::ElementsAre;

struct Empty {
  HOUSECALL_FIELDS();
};

struct Dog {
  std::string name;
  int age = 0;
  std::vector<int> litters;
  HOUSECALL_FIELDS(name, age, litters);
};

// More than any record has.
struct Many {
  int a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7, a8 = 8,
      a9 = 9, b0 = 10, b1 = 11, b2 = 12, b3 = 13, b4 = 14, b5 = 15, b6 = 16,
      b7 = 17, b8 = 18, b9 = 19, c0 = 20, c1 = 21, c2 = 22, c3 = 23, c4 = 24,
      c5 = 25, c6 = 26, c7 = 27, c8 = 28, c9 = 29, d0 = 30, d1 = 31, d2 = 32,
      d3 = 33, d4 = 34, d5 = 35, d6 = 36, d7 = 37, d8 = 38, d9 = 39, e0 = 40,
      e1 = 41, e2 = 42, e3 = 43, e4 = 44, e5 = 45, e6 = 46, e7 = 47, e8 = 48,
      e9 = 49, f0 = 50, f1 = 51, f2 = 52, f3 = 53, f4 = 54, f5 = 55, f6 = 56,
      f7 = 57, f8 = 58, f9 = 59;
  HOUSECALL_FIELDS(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4,
                   b5, b6, b7, b8, b9, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9,
                   d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, e0, e1, e2, e3, e4,
                   e5, e6, e7, e8, e9, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9);
};

static_assert(HasFields<Dog>);
static_assert(HasFields<Empty>);
static_assert(!HasFields<std::string>);
static_assert(IsOptional<std::optional<int>>);
static_assert(IsOptional<const std::optional<int>>);
static_assert(!IsOptional<int>);
static_assert(IsVector<std::vector<int>>);
static_assert(!IsVector<std::string>);
static_assert(IsSensitive<PrivateText>);
static_assert(!IsSensitive<std::string>);

template <typename T>
std::vector<std::string> NamesOfFields(const T& object) {
  std::vector<std::string> names;
  VisitFields(object,
              [&](const char* name, const auto&) { names.push_back(name); });
  return names;
}

TEST(Fields, AreVisitedInTheOrderOfTheList) {
  EXPECT_THAT(NamesOfFields(Dog()), ElementsAre("name", "age", "litters"));
}

TEST(Fields, MayBeNone) { EXPECT_TRUE(NamesOfFields(Empty()).empty()); }

TEST(Fields, CanBeWritten) {
  Dog dog;
  VisitFields(dog, [](const char*, auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, int>) {
      field = 7;
    }
  });
  EXPECT_EQ(dog.age, 7);
}

TEST(Fields, OfAConstObjectAreConst) {
  const Dog dog;
  VisitFields(dog, [](const char*, auto& field) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(field)>>);
  });
}

TEST(Fields, AreAllVisitedInALongList) {
  std::vector<int> values;
  const Many many;
  VisitFields(many, [&](const char*, int value) { values.push_back(value); });
  ASSERT_EQ(values.size(), 60);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(values[i], i);
}

}  // namespace
}  // namespace housecall
