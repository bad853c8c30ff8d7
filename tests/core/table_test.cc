#include "dispatcher/core/table.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::core {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Numbers by a linear congruential generator (Knuth's MMIX constants), the
// same on every machine.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}
  // In [0, below).
  int Below(int below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state_ >> 33) % below);
  }

 private:
  uint64_t state_;
};

using Entries = std::vector<std::pair<int, std::string>>;

Entries EntriesOf(const Table<int, std::string>& table) {
  Entries entries;
  table.ForEach([&](int key, const std::string& value) {
    entries.emplace_back(key, value);
  });
  return entries;
}

Entries EntriesFrom(const Table<int, std::string>& table, int from) {
  Entries entries;
  table.ForEachFrom(from, [&](int key, const std::string& value) {
    entries.emplace_back(key, value);
  });
  return entries;
}

TEST(Table, DoesWhatAMapDoesOnRandomOperations) {
  for (uint64_t seed : {1, 2, 3}) {
    Numbers numbers(seed);
    Table<int, std::string> table;
    std::map<int, std::string> map;
    for (int i = 0; i < 4000; ++i) {
      const int key = numbers.Below(300);
      // Grows at first, then shrinks, then grows again.
      if (numbers.Below(100) < (i / 1000 % 2 == 0 ? 70 : 30)) {
        const std::string value = std::to_string(i);
        table.Put(key, value);
        map[key] = value;
      } else {
        table.Erase(key);
        map.erase(key);
      }
      ASSERT_EQ(table.size(), map.size());
      ASSERT_EQ(table.empty(), map.empty());
      const int other = numbers.Below(300);
      const std::string* found = table.Find(other);
      const auto expected = map.find(other);
      ASSERT_EQ(found != nullptr, expected != map.end());
      ASSERT_EQ(table.Contains(other), expected != map.end());
      if (found != nullptr) {
        ASSERT_EQ(*found, expected->second);
      }
      if (i % 50 != 0) continue;
      ASSERT_EQ(EntriesOf(table), Entries(map.begin(), map.end()));
      ASSERT_EQ(EntriesFrom(table, other),
                Entries(map.lower_bound(other), map.end()));
    }
  }
}

TEST(Table, CopiesStayAsTheyWere) {
  Numbers numbers(7);
  Table<int, std::string> table;
  std::vector<std::pair<Table<int, std::string>, Entries>> copies;
  for (int i = 0; i < 1000; ++i) {
    if (i % 50 == 0) copies.emplace_back(table, EntriesOf(table));
    if (numbers.Below(3) == 0) {
      table.Erase(numbers.Below(100));
    } else {
      table.Put(numbers.Below(100), std::to_string(i));
    }
  }
  for (const auto& [copy, entries] : copies) {
    EXPECT_EQ(EntriesOf(copy), entries);
  }
}

TEST(Table, FoundValuesLiveAsLongAsATableHoldsThem) {
  Table<int, std::string> table;
  table.Put(1, "one");
  const Table<int, std::string> copy = table;
  const std::string* found = copy.Find(1);
  table.Put(1, "uno");
  table.Erase(1);
  EXPECT_EQ(*found, "one");
}

TEST(Table, StopsWhenToldTo) {
  Table<int, std::string> table;
  for (int i = 0; i < 10; ++i) table.Put(i, "");
  std::vector<int> keys;
  table.ForEach([&](int key, const std::string&) {
    keys.push_back(key);
    return key < 3;
  });
  EXPECT_THAT(keys, ElementsAre(0, 1, 2, 3));
  keys.clear();
  table.ForEachFrom(5, [&](int key, const std::string&) {
    keys.push_back(key);
    return key < 6;
  });
  EXPECT_THAT(keys, ElementsAre(5, 6));
}

TEST(Table, IsInKeyOrder) {
  Table<std::string, int> table;
  table.Put("b", 2);
  table.Put("a", 1);
  table.Put("c", 3);
  table.Put("b", 4);
  std::vector<std::pair<std::string, int>> entries;
  table.ForEach([&](const std::string& key, int value) {
    entries.emplace_back(key, value);
  });
  EXPECT_THAT(entries, ElementsAre(Pair("a", 1), Pair("b", 4), Pair("c", 3)));
}

// A comparison is counted: a balanced tree of n nodes is at most 1.44 log2 n
// high, whatever the order of insertion.
TEST(Table, StaysBalancedWhenFilledInOrder) {
  static int comparisons;
  struct Key {
    int value;
    bool operator<(const Key& other) const {
      ++comparisons;
      return value < other.value;
    }
  };
  Table<Key, int> table;
  for (int i = 0; i < 4096; ++i) table.Put(Key{i}, i);
  for (int i = 0; i < 4096; i += 2) table.Erase(Key{i});
  int most = 0;
  for (int i = 1; i < 4096; i += 2) {
    comparisons = 0;
    ASSERT_NE(table.Find(Key{i}), nullptr);
    most = std::max(most, comparisons);
  }
  // 1.44 × log2(2048) levels, two comparisons each.
  EXPECT_LE(most, 32);
}

}  // namespace
}  // namespace housecall::core
