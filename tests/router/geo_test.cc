#include "router/geo.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace housecall::router {
namespace {

TEST(CheckLatLng, RefusesWhatIsNoPosition) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const LatLng& position :
       {LatLng{nan, 0}, LatLng{0, nan}, LatLng{infinity, 0},
        LatLng{0, -infinity}, LatLng{90.0001, 0}, LatLng{-90.0001, 0},
        LatLng{0, 180.0001}, LatLng{0, -180.0001}}) {
    EXPECT_EQ(CheckLatLng(position).code(), absl::StatusCode::kInvalidArgument)
        << position.latitude_degrees << "," << position.longitude_degrees;
  }
  EXPECT_TRUE(CheckLatLng({90, 180}).ok());
  EXPECT_TRUE(CheckLatLng({-90, -180}).ok());
}

TEST(StraightDistanceMeters, AgreesWithKnownDistances) {
  // A degree of the meridian and of the equator on the sphere.
  EXPECT_NEAR(StraightDistanceMeters({0, 0}, {1, 0}), 111195.1, 0.1);
  EXPECT_NEAR(StraightDistanceMeters({0, 10}, {0, 11}), 111195.1, 0.1);
  // Half around.
  EXPECT_NEAR(StraightDistanceMeters({0, 0}, {0, 180}), 20015114, 1);
  // Tokyo station to Tachikawa station: on the ellipsoid, with its radii at
  // that latitude, 1.88 km north and 32.01 km west.
  EXPECT_NEAR(
      StraightDistanceMeters({35.681236, 139.767125}, {35.698202, 139.413704}),
      32070, 32070 * 0.006);
  EXPECT_EQ(StraightDistanceMeters({35, 139}, {35, 139}), 0);
}

TEST(BoundingBox, ContainsItsBordersAndTheMargin) {
  const BoundingBox box = {{35, 139}, {36, 140}};
  EXPECT_TRUE(box.Contains({35, 139}));
  EXPECT_TRUE(box.Contains({36, 140}));
  EXPECT_FALSE(box.Contains({34.9999, 139.5}));
  EXPECT_FALSE(box.Contains({35.5, 140.0001}));
  EXPECT_TRUE(box.Contains({34.9999, 139.5}, 20));
  EXPECT_FALSE(box.Contains({34.9999, 139.5}, 5));
  EXPECT_TRUE(box.Contains({35.5, 140.0001}, 20));
}

TEST(ToFixed, RoundsToTenMillionthsOfADegree) {
  EXPECT_EQ(ToFixed({35.67000004, -139.39000006}),
            (FixedPoint{356700000, -1393900001}));
  EXPECT_EQ(ToFixed({-90, 180}), (FixedPoint{-900000000, 1800000000}));
  EXPECT_EQ(ToLatLng(FixedPoint{356700001, 1393900000}),
            (LatLng{35.6700001, 139.39}));
}

}  // namespace
}  // namespace housecall::router
