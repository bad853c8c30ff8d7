// Boards of the builders are boards that Decide could have left behind.
#include "tests/core/builders.h"

#include "dispatcher/base/enum_names.h"
#include "gtest/gtest.h"
#include "tests/core/invariants.h"

namespace housecall::core {
namespace {

using testing::BoardBuilder;
using testing::CallOptions;
using testing::Near;

TEST(BoardBuilder, BuildsEveryStateConsistently) {
  for (CallState state : AllValues<CallState>()) {
    const Board board = BoardBuilder().AddCallInState(state).Build();
    EXPECT_EQ(board.Find<Call>(CallId("call-1"))->state, state);
    EXPECT_EQ(CheckInvariants(board), "") << state;
  }
}

TEST(BoardBuilder, BuildsWhatIsBehindAState) {
  for (CallState behind :
       {CallState::kReceived, CallState::kScheduled, CallState::kOffered,
        CallState::kAccepted, CallState::kEnRoute, CallState::kOnScene,
        CallState::kDepartedScene}) {
    CallOptions options;
    options.resume_state = behind;
    const Board board =
        BoardBuilder()
            .AddCallInState(CallState::kEmergency119, "call-1", options)
            .Build();
    EXPECT_EQ(board.Find<Call>(CallId("call-1"))->resume_state, behind);
    EXPECT_EQ(CheckInvariants(board), "") << behind;
  }
}

TEST(BoardBuilder, BuildsCrewsThatDriveThemselves) {
  CallOptions options;
  options.self_drive = true;
  for (CallState state :
       {CallState::kOffered, CallState::kEnRoute, CallState::kClosed}) {
    const Board board =
        BoardBuilder().AddCallInState(state, "call-1", options).Build();
    EXPECT_EQ(CheckInvariants(board), "") << state;
    EXPECT_EQ(board.table<Car>().size(), 0u);
  }
}

TEST(Near, MovesByKilometers) {
  EXPECT_NEAR(DistanceMeters(Near(0, 0), Near(3, 4)), 5000, 10);
}

}  // namespace
}  // namespace housecall::core
