// A fixture for tests of single rules, written in the language of the stories,
// on the center of testdata/standard.board.
#ifndef HOUSECALL_TESTS_CORE_STAGE_TEST_H_
#define HOUSECALL_TESTS_CORE_STAGE_TEST_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "dispatcher/core/decide.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/scenario.h"

namespace housecall::core::testing {

// Friday 2026-11-20, 17:45 in Tokyo.
inline absl::Time StageStart() {
  return absl::FromCivil(absl::CivilMinute(2026, 11, 20, 17, 45),
                         absl::FixedTimeZone(9 * 60 * 60));
}

class StageTest : public ::testing::Test {
 protected:
  StageTest() : stage_(StageStart()) { SetUpFrom("standard"); }
  ~StageTest() override {
    EXPECT_THAT(stage_.problems(), ::testing::IsEmpty());
  }

  // Plays testdata/NAME.board.
  void SetUpFrom(const std::string& name) {
    const absl::Status status =
        stage_.SetUpFrom(absl::StrCat(HOUSECALL_TESTDATA, "/", name, ".board"));
    EXPECT_TRUE(status.ok()) << name << ": " << status;
  }

  // What comes of it: "OK", or the refusal. Applied if it is decided.
  std::string Do(const std::string& command,
                 const std::string& account = "op-mori") {
    decision_ = Decision();
    events_.clear();
    absl::StatusOr<Decision> decision = stage_.PlayAs(account, command);
    if (!decision.ok()) return TextOf(decision.status());
    decision_ = *std::move(decision);
    for (const Event& event : decision_.events) events_.push_back(event.kind);
    return "OK";
  }

  struct Row {
    std::string command;
    std::string outcome;
  };
  void ExpectAll(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      EXPECT_EQ(Do(row.command), row.outcome) << row.command;
    }
  }

  void Wait(absl::Duration duration) {
    stage_.PassUntil(stage_.now() + duration,
                     [](absl::Time, const std::vector<Event>&) {});
  }

  template <typename R>
  const R& Get(const std::string& id) const {
    const R* found = stage_.board().Find<R>(decltype(R::id)(id));
    if (found != nullptr) return *found;
    ADD_FAILURE() << id << " is not on the board";
    static const R* const none = new R;
    return *none;
  }

  Stage stage_;
  // Of the last command: what was decided, and its events' kinds.
  Decision decision_;
  std::vector<EventKind> events_;
};

}  // namespace housecall::core::testing

#endif  // HOUSECALL_TESTS_CORE_STAGE_TEST_H_
