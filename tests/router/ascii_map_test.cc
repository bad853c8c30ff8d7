#include "tests/router/ascii_map.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace housecall::router {
namespace {

TEST(AsciiMap, DrawsWhatTheTextShows) {
  const AsciiMap map(R"(
    A--B==C
    |     |
    +--D>-+
  )");
  const RoadData& data = map.map()->data();
  EXPECT_EQ(data.nodes.size(), 4u);
  EXPECT_EQ(data.segments.size(), 4u);
  EXPECT_EQ(map.Seconds('A', 'B'), 3);
  EXPECT_EQ(map.Seconds('B', 'C'), 1.5);
  EXPECT_EQ(map.Seconds('A', 'D'), 5);
  EXPECT_EQ(map.Seconds('D', 'C'), 5);
  EXPECT_EQ(map.Seconds('C', 'D'), 9.5);  // Against the arrow: by B and A.
  EXPECT_NEAR(StraightDistanceMeters(map.At('A'), map.At('C')), 60, 0.1);
}

TEST(AsciiMap, SqueezesTables) {
  EXPECT_EQ(Squeezed("\n   A  B\n A 0   1 \n"), "A B\nA 0 1");
}

}  // namespace
}  // namespace housecall::router
