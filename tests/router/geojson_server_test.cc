#include "router/tools/geojson_server.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/router/ascii_map.h"

namespace housecall::router {
namespace {

using ::testing::HasSubstr;

class AnswerGetTest : public testing::Test {
 protected:
  AnswerGetTest()
      : map_(R"(
    A-----B-----C
    |           |
    D-->--E     F
  )") {}

  std::string Text(char place) const {
    const LatLng at = map_.At(place);
    return absl::StrFormat("%.7f,%.7f", at.latitude_degrees,
                           at.longitude_degrees);
  }
  nlohmann::json Ok(const std::string& target) const {
    const HttpAnswer answer = AnswerGet(map_.map(), target);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return nlohmann::json::parse(answer.body);
  }

  AsciiMap map_;
};

TEST_F(AnswerGetTest, TellsWhatThereIs) {
  const nlohmann::json json = Ok("/");
  EXPECT_EQ(json["map"], "ascii");
  EXPECT_EQ(json["bbox"].size(), 4u);
  EXPECT_EQ(json["paths"].size(), 3u);
}

TEST_F(AnswerGetTest, FindsRoutes) {
  const nlohmann::json json =
      Ok(absl::StrCat("/route?from=", Text('A'), "&to=", Text('C')));
  EXPECT_NEAR(json["features"][0]["properties"]["seconds"].get<double>(), 12,
              0.5);
  EXPECT_EQ(json["features"][0]["geometry"]["type"], "LineString");
}

TEST_F(AnswerGetTest, FindsAreas) {
  const nlohmann::json json = Ok(absl::StrCat(
      "/isochrone?minutes=0.1%2C1&from=", Text('A'), ";", Text('C')));
  ASSERT_EQ(json["features"].size(), 2u);
  EXPECT_EQ(json["features"][0]["properties"]["minutes"], 1.0);
  EXPECT_EQ(json["features"][0]["geometry"]["type"], "MultiPolygon");
}

TEST_F(AnswerGetTest, ShowsRoads) {
  const nlohmann::json json = Ok("/roads?bbox=-180,-90,180,90");
  EXPECT_EQ(json["features"].size(), map_.map()->data().segments.size());
  EXPECT_EQ(json["complete"], true);
  int one_way = 0;
  for (const auto& feature : json["features"]) {
    if (feature["properties"]["forward_seconds"].is_null() ||
        feature["properties"]["backward_seconds"].is_null()) {
      ++one_way;
    }
  }
  EXPECT_EQ(one_way, 1);
  EXPECT_EQ(Ok("/roads?bbox=1,1,2,2")["features"].size(), 0u);
}

TEST_F(AnswerGetTest, SaysWhatIsWrong) {
  const struct {
    std::string target;
    int status;
    const char* message;
  } kRows[] = {
      {"/fly", 404, "/route"},
      {"/route", 400, "from is missing"},
      {"/route?from=x,y&to=1,2", 400, "'x' is not a number"},
      {"/route?from=1,2,3&to=1,2", 400, "is not LAT,LNG"},
      {"/route?from=1,2;3,4&to=1,2", 400, "one from"},
      {"/route?from=1,2&to=1,2", 422, "outside the map"},
      {"/isochrone?from=1,2", 400, "minutes is missing"},
      {"/isochrone?from=1,2&minutes=5", 422, "outside the map"},
      {absl::StrCat("/isochrone?from=", Text('A'), "&minutes=-1"), 400,
       "minutes"},
      {"/isochrone?from=1,2&minutes=1,2,3,4,5,6,7,8,9,10,11", 400, "10"},
      {"/roads?bbox=1,2,3", 400, "WEST"},
      {"/roads?bbox=1,2,3,nan", 400, "latitude"},
  };
  for (const auto& row : kRows) {
    const HttpAnswer answer = AnswerGet(map_.map(), row.target);
    EXPECT_EQ(answer.status, row.status) << row.target;
    EXPECT_THAT(answer.body, HasSubstr(row.message)) << row.target;
  }
}

}  // namespace
}  // namespace housecall::router
