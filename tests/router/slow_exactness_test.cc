// Millions of pairs of places, of every kind of question.
#include <string>

#include "gtest/gtest.h"
#include "tests/router/exactness.h"

namespace housecall::router {
namespace {

TEST(Exactness, OfMillionsOfPairs) {
  PairCounts counts;
  // Many small towns, and a few whose index is deep.
  ExpectExact(/*first_seed=*/1000, /*towns=*/12, /*side=*/25, /*points=*/250,
              &counts);
  ExpectExact(/*first_seed=*/2000, /*towns=*/2, /*side=*/70, /*points=*/300,
              &counts);
  for (const auto& [what, pairs] : counts) {
    RecordProperty(what, std::to_string(pairs));
  }
  EXPECT_GT(PrintCounts(counts), 10'000'000);
}

}  // namespace
}  // namespace housecall::router
