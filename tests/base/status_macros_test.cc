#include "dispatcher/base/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

namespace housecall {
namespace {

absl::Status Pass(absl::Status status, bool* went_on) {
  RETURN_IF_ERROR(status);
  *went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> AddOne(absl::StatusOr<std::unique_ptr<int>> number) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> n, std::move(number));
  return *n + 1;
}

TEST(ReturnIfError, ReturnsErrorsOnly) {
  bool went_on = false;
  EXPECT_EQ(Pass(absl::AbortedError("a"), &went_on), absl::AbortedError("a"));
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(Pass(absl::OkStatus(), &went_on).ok());
  EXPECT_TRUE(went_on);
}

TEST(AssignOrReturn, MovesTheValueOrReturnsTheError) {
  EXPECT_EQ(AddOne(std::make_unique<int>(1)).value(), 2);
  EXPECT_EQ(AddOne(absl::NotFoundError("n")).status(),
            absl::NotFoundError("n"));
}

}  // namespace
}  // namespace housecall
