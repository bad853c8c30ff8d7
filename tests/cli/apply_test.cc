#include "clients/cli/apply.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "housecall/v1/directory_service.pb.h"
#include "housecall/v1/rota_service.pb.h"

namespace housecall::cli {
namespace {

using google::protobuf::Message;
using ::testing::HasSubstr;

constexpr char kCar[] =
    R"({"rpc":"CreateCar","request":{"car":{"name":"car-1","display_name":"1"}}})";

class ApplyTest : public ::testing::Test {
 protected:
  ApplyTest() {
    around_.center = "hino";
    around_.now = absl::FromUnixSeconds(1778072640);
    around_.environment =
        [](const std::string& name) -> std::optional<std::string> {
      if (name == "PW") return "correct horse battery";
      return std::nullopt;
    };
    around_.read_line = [] { return std::nullopt; };
    options_.language = Language::kEnglish;
  }

  ApplyResult Run(const std::string& text) {
    std::istringstream lines(text);
    out_.str("");
    return Apply(
        lines, options_, around_,
        [this](const Rpc& rpc, const Message& request, Message* response) {
          sent_.push_back(rpc.name);
          ids_.push_back(GetString(request, "request_id"));
          if (on_call_) return on_call_(rpc, request, response);
          return grpc::Status::OK;
        },
        out_);
  }

  Surroundings around_;
  ApplyOptions options_;
  std::function<grpc::Status(const Rpc&, const Message&, Message*)> on_call_;
  std::vector<std::string> sent_;
  std::vector<std::string> ids_;
  std::ostringstream out_;
};

TEST_F(ApplyTest, SendsLineByLineAndReports) {
  const ApplyResult result = Run(
      std::string("# a comment\n\n") + kCar +
      "\n"
      R"({"rpc":"CreateShift","request":{"shift":{"name":"s1","person":"d","role":"driver","start_time":"-1h","end_time":"+12h"}}})");
  EXPECT_EQ(result.done, 2);
  EXPECT_THAT(sent_, ::testing::ElementsAre("CreateCar", "CreateShift"));
  EXPECT_THAT(out_.str(), HasSubstr("3: CreateCar car-1  done\n"));
  EXPECT_THAT(out_.str(), HasSubstr("4: CreateShift s1  done\n"));
}

TEST_F(ApplyTest, RepeatsNoWorkInASecondRun) {
  Run(kCar);
  Run(kCar);
  ASSERT_EQ(ids_.size(), 2u);
  EXPECT_EQ(ids_[0], ids_[1]);
  EXPECT_EQ(ids_[0].size(), 36u);
  around_.center = "fuchu";
  Run(kCar);
  EXPECT_NE(ids_[2], ids_[0]);
}

// An id goes into logs: made of a password it would let it be guessed.
TEST_F(ApplyTest, MakesNoIdOfAPassword) {
  constexpr char kAccount[] =
      R"({"rpc":"CreateAccount","request":{"account":{"name":"n","person":"n","roles":["requester"]},"password":{"env":"PW"}}})";
  Run(kAccount);
  Run(kAccount);
  ASSERT_EQ(ids_.size(), 2u);
  EXPECT_NE(ids_[0], ids_[1]);
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("battery")));
}

TEST_F(ApplyTest, CountsWhatIsThereAsDoneIfAsked) {
  on_call_ = [](const Rpc&, const Message&, Message*) {
    return grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "taken");
  };
  EXPECT_EQ(Run(kCar).refused, 1);
  options_.skip_existing = true;
  const ApplyResult result = Run(kCar);
  EXPECT_EQ(result.refused, 0);
  EXPECT_EQ(result.skipped, 1);
  EXPECT_THAT(out_.str(), HasSubstr("there already"));
}

TEST_F(ApplyTest, StopsAtTheFirstFailureUnlessToldToGoOn) {
  on_call_ = [](const Rpc&, const Message&, Message*) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "car.seats: no");
  };
  const std::string two = std::string(kCar) + "\n" + kCar;
  EXPECT_EQ(Run(two).refused, 1);
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_THAT(out_.str(), HasSubstr("failed: car.seats: no"));
  options_.keep_going = true;
  EXPECT_EQ(Run(two).refused, 2);
}

TEST_F(ApplyTest, StopsWhenTheServerIsGone) {
  on_call_ = [](const Rpc&, const Message&, Message*) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  };
  options_.keep_going = true;
  EXPECT_EQ(Run(std::string(kCar) + "\n" + kCar).uncertain, 1);
  EXPECT_EQ(sent_.size(), 1u);
}

TEST_F(ApplyTest, NamesWhatIsWrongWithALine) {
  const struct {
    const char* line;
    const char* message;
  } rows[] = {
      {"nonsense", "is no JSON object"},
      {"[]", "is no JSON object"},
      {"{}", "has no \"rpc\""},
      {R"({"rpc":7})", "has no \"rpc\""},
      {R"({"rpc":"CreateCra"})", "did you mean CreateCar?"},
      {R"({"rpc":"WatchBoard"})", "there is no WatchBoard"},
      {R"({"rpc":"CreateCar","requst":{}})", "has the key requst"},
      {R"({"rpc":"CreateCar","request":[]})", "must be a JSON object"},
      {R"({"rpc":"CreateCar"})", "missing: --car"},
      {R"({"rpc":"CreateCar","request":{"car":{"name":"c"}}})",
       "missing: --car.display-name"},
      {R"({"rpc":"CreateCar","request":{"car":{"seats":"many"}}})",
       "car.seats: 'many' is no number"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Run(row.line).malformed, 1) << row.line;
    EXPECT_THAT(out_.str(), HasSubstr(row.message)) << row.line;
  }
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ApplyTest, ReportsAsJsonForPrograms) {
  options_.json = true;
  Run(kCar);
  EXPECT_EQ(
      out_.str(),
      "{\"line\":1,\"result\":\"done\",\"subject\":\"CreateCar car-1\"}\n");
}

TEST_F(ApplyTest, UpdatesFromWhatIsThere) {
  on_call_ = [](const Rpc& rpc, const Message& request, Message* response) {
    if (rpc.name == "GetCar") {
      v1::Car car;
      car.set_name("centers/hino/cars/car-1");
      car.set_etag("7");
      car.set_display_name("1");
      car.set_plate("A 1");
      response->CopyFrom(car);
      return grpc::Status::OK;
    }
    const auto& update = static_cast<const v1::UpdateCarRequest&>(request);
    EXPECT_EQ(update.car().etag(), "7");
    EXPECT_EQ(update.car().plate(), "A 1");
    EXPECT_EQ(update.car().seats(), 6);
    return grpc::Status::OK;
  };
  const ApplyResult result = Run(
      R"({"rpc":"UpdateCar","request":{"car":{"name":"car-1","etag":"current","seats":6}}})");
  EXPECT_EQ(result.done, 1) << out_.str();
  EXPECT_THAT(sent_, ::testing::ElementsAre("GetCar", "UpdateCar"));
}

}  // namespace
}  // namespace housecall::cli
