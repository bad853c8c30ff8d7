#include "tests/store/fault_injecting_store.h"

#include <thread>
#include <vector>

#include "dispatcher/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/stores.h"

namespace housecall::store {
namespace {

using testing::BatchOf;
using ::testing::ElementsAre;
using testing::Fault;
using testing::FaultInjectingStore;
using testing::Operation;

const core::CenterId kHino("hino");

TEST(FaultInjectingStore, FailsTheCallThatWasPlanned) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.Plan({.operation = Operation::kCommit,
              .call = 2,
              .status = absl::ResourceExhaustedError("full")});
  EXPECT_TRUE(store.Commit(BatchOf("hino", {}), 0).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(store.Commit(BatchOf("hino", {}), 1)));
  EXPECT_EQ(*store.CurrentVersion(kHino), 1);
  EXPECT_TRUE(store.Commit(BatchOf("hino", {}), 1).ok());
  EXPECT_EQ(store.Calls(Operation::kCommit), 3);
  EXPECT_EQ(store.Faults(), 1);
}

TEST(FaultInjectingStore, DoesWhatWasAskedBeforeTheAnswerIsLost) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.Plan({.operation = Operation::kCommit, .done = true});
  EXPECT_TRUE(absl::IsUnavailable(store.Commit(BatchOf("hino", {}), 0)));
  EXPECT_EQ(*store.CurrentVersion(kHino), 1);
}

TEST(FaultInjectingStore, CountsFromThePlanOnAndFailsInARow) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  EXPECT_TRUE(store.CurrentVersion(kHino).ok());
  store.Plan({.call = 2, .times = 2});
  EXPECT_TRUE(store.CurrentVersion(kHino).ok());
  EXPECT_FALSE(store.ListCenters().ok());
  EXPECT_FALSE(store.NextOutboxTime().ok());
  EXPECT_TRUE(store.NextOutboxTime().ok());
}

TEST(FaultInjectingStore, HealsWhenToldTo) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.DecideWith([](Operation, int64_t) { return Fault(); });
  EXPECT_FALSE(store.FindReply(kHino, "r").ok());
  store.Heal();
  EXPECT_TRUE(store.FindReply(kHino, "r").ok());
}

TEST(FaultInjectingStore, LetsATestStepInBetween) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.BeforeEach([&memory](Operation operation) {
    if (operation == Operation::kCommit) {
      EXPECT_TRUE(memory.Commit(BatchOf("hino", {}), 0).ok());
    }
  });
  EXPECT_TRUE(absl::IsAborted(store.Commit(BatchOf("hino", {}), 0)));
}

TEST(FaultInjectingStore, HoldsCallsOfOneOperationUntilTheyAreReleased) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.Hold(Operation::kCommit);
  std::thread writer(
      [&store] { EXPECT_TRUE(store.Commit(BatchOf("hino", {}), 0).ok()); });
  store.AwaitHeld();
  // Others pass.
  EXPECT_EQ(*store.CurrentVersion(kHino), 0);
  store.Release();
  writer.join();
  EXPECT_EQ(*store.CurrentVersion(kHino), 1);
  EXPECT_TRUE(store.Commit(BatchOf("hino", {}), 1).ok());
}

TEST(FaultInjectingStore, RemembersWhatWasAskedInOrder) {
  MemoryStore memory;
  FaultInjectingStore store(&memory);
  store.Plan({.operation = Operation::kNextOutboxTime});
  EXPECT_TRUE(store.CurrentVersion(kHino).ok());
  EXPECT_FALSE(store.NextOutboxTime().ok());
  EXPECT_THAT(store.History(), ElementsAre(Operation::kCurrentVersion,
                                           Operation::kNextOutboxTime));
  store.ClearHistory();
  EXPECT_TRUE(store.FindReply(kHino, "r").ok());
  EXPECT_THAT(store.History(), ElementsAre(Operation::kFindReply));
  // Counts go on.
  EXPECT_EQ(store.Calls(Operation::kCurrentVersion), 1);
}

}  // namespace
}  // namespace housecall::store
