#include "dispatcher/base/id.h"

#include <sstream>
#include <string>
#include <type_traits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall {
namespace {

struct DogTag {
  static constexpr const char* kCollection = "dogs";
  static constexpr const char* kSingular = "dog";
};
struct CatTag {
  static constexpr const char* kCollection = "cats";
  static constexpr const char* kSingular = "cat";
};
using DogId = Id<DogTag>;
using CatId = Id<CatTag>;

static_assert(!std::is_convertible_v<DogId, CatId>);
static_assert(!std::is_convertible_v<std::string, DogId>);

TEST(IsValidId, TakesLowerCaseDigitsAndInnerHyphens) {
  for (const char* text :
       {"a", "7", "2026-1121-001", "c1--o1", "a-b-c", "0x"}) {
    EXPECT_TRUE(IsValidId(text)) << text;
  }
}

TEST(IsValidId, RefusesEverythingElse) {
  for (const char* text : {"", "-a", "a-", "-", "A", "a_b", "a/b", "a b", "a.",
                           "\xe5\x8c\xbb", "a\n"}) {
    EXPECT_FALSE(IsValidId(text)) << text;
  }
  EXPECT_FALSE(IsValidId(absl::string_view("a\0b", 3)));
}

TEST(IsValidId, CountsCharacters) {
  EXPECT_TRUE(IsValidId(std::string(kMaxIdLength, 'a')));
  EXPECT_FALSE(IsValidId(std::string(kMaxIdLength + 1, 'a')));
}

TEST(IsValidChosenId, IsShorterAndHasNoDoubleHyphen) {
  EXPECT_TRUE(IsValidChosenId("2026-1121-001"));
  EXPECT_FALSE(IsValidChosenId("c1--o1"));
  EXPECT_FALSE(IsValidChosenId("c1---o1"));
  EXPECT_TRUE(IsValidChosenId(std::string(kMaxChosenIdLength, 'a')));
  EXPECT_FALSE(IsValidChosenId(std::string(kMaxChosenIdLength + 1, 'a')));
}

TEST(Id, ComparesByText) {
  EXPECT_EQ(DogId("a"), DogId(std::string("a")));
  EXPECT_NE(DogId("a"), DogId("b"));
  EXPECT_LT(DogId("a"), DogId("a-"));
  EXPECT_LT(DogId(), DogId("a"));
}

TEST(Id, IsEmptyAtFirst) {
  EXPECT_TRUE(DogId().empty());
  EXPECT_FALSE(DogId("rex").empty());
}

TEST(Id, PrintsItsText) {
  std::ostringstream out;
  out << DogId("rex");
  EXPECT_EQ(out.str(), "rex");
}

}  // namespace
}  // namespace housecall
