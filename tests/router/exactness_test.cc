// A small part of what slow_exactness_test.cc does.
#include "tests/router/exactness.h"

#include "gtest/gtest.h"

namespace housecall::router {
namespace {

TEST(Exactness, OfEveryKindOfQuestion) {
  PairCounts counts;
  ExpectExact(/*first_seed=*/100, /*towns=*/1, /*side=*/16, /*points=*/40,
              &counts);
  EXPECT_EQ(counts.size(), 8u);
  EXPECT_GT(PrintCounts(counts), 30'000);
}

}  // namespace
}  // namespace housecall::router
