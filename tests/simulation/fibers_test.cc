#include "tests/simulation/fibers.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dispatcher/base/mutex.h"
#include "gtest/gtest.h"

namespace housecall::simulation {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

SchedulerOptions Options(uint64_t seed, int preempt_per_mille = 0) {
  SchedulerOptions options;
  options.seed = seed;
  options.start_time = kStart;
  options.preempt_per_mille = preempt_per_mille;
  return options;
}

TEST(Fibers, TimeStandsStillUntilNobodyCanGoOn) {
  Scheduler scheduler(Options(1));
  absl::Time seen;
  ASSERT_TRUE(scheduler.Run([&] {
    EXPECT_EQ(absl::Now(), kStart);
    scheduler.SleepFor(absl::Hours(14));
    seen = absl::Now();
    EXPECT_EQ(std::chrono::system_clock::now(), absl::ToChronoTime(seen));
  }));
  EXPECT_EQ(seen, kStart + absl::Hours(14));
  EXPECT_EQ(scheduler.Now(), seen);
  EXPECT_NE(absl::Now(), seen);
}

TEST(Fibers, ThreadsAreFibersAndAreJoined) {
  Scheduler scheduler(Options(1));
  std::vector<int> order;
  ASSERT_TRUE(scheduler.Run([&] {
    std::thread late([&] {
      scheduler.SleepFor(absl::Seconds(2));
      order.push_back(2);
    });
    std::thread early([&] {
      scheduler.SleepFor(absl::Seconds(1));
      order.push_back(1);
    });
    late.join();
    early.join();
    order.push_back(3);
  }));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Fibers, AMutexIsHeldByOneAlthoughAnyLockMayBeLate) {
  Scheduler scheduler(Options(7, 500));
  Mutex mutex;
  int inside = 0;
  int most = 0;
  ASSERT_TRUE(scheduler.Run([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 20; ++j) {
          MutexLock lock(mutex);
          most = std::max(most, ++inside);
          scheduler.Yield();
          --inside;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }));
  EXPECT_EQ(most, 1);
}

TEST(Fibers, AConditionIsSignalledOrRunsOutOfTime) {
  Scheduler scheduler(Options(3));
  Mutex mutex;
  CondVar wake;
  bool ready = false;
  absl::Time signalled;
  absl::Time timed_out;
  ASSERT_TRUE(scheduler.Run([&] {
    std::thread waiting([&] {
      MutexLock lock(mutex);
      while (!ready) wake.Wait(mutex);
      signalled = absl::Now();
      wake.WaitFor(mutex, absl::Seconds(30));
      timed_out = absl::Now();
    });
    scheduler.SleepFor(absl::Seconds(5));
    {
      MutexLock lock(mutex);
      ready = true;
    }
    wake.NotifyOne();
    waiting.join();
  }));
  EXPECT_EQ(signalled, kStart + absl::Seconds(5));
  EXPECT_EQ(timed_out, kStart + absl::Seconds(35));
}

std::string OrderOf(uint64_t seed) {
  Scheduler scheduler(Options(seed, 200));
  Mutex mutex;
  std::string order;
  EXPECT_TRUE(scheduler.Run([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < 10; ++j) {
          MutexLock lock(mutex);
          absl::StrAppend(&order, i);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }));
  return order;
}

TEST(Fibers, TheSeedDecidesTheOrder) {
  EXPECT_EQ(OrderOf(1), OrderOf(1));
  EXPECT_NE(OrderOf(1), OrderOf(2));
}

// A run that is stuck is left as it is, so it gets a process of its own.
TEST(FibersDeathTest, NamesAThreadThatWaitsForEver) {
  EXPECT_EXIT(
      {
        Scheduler scheduler(Options(1));
        Mutex mutex;
        CondVar never;
        const bool ended = scheduler.Run([&] {
          scheduler.NameMe("the patient one");
          MutexLock lock(mutex);
          never.Wait(mutex);
        });
        std::cerr << scheduler.stuck();
        std::_Exit(ended ? 0 : 7);
      },
      ::testing::ExitedWithCode(7), "the patient one: waits for a signal");
}

TEST(FibersDeathTest, EndsABusyLoop) {
  EXPECT_EXIT(
      {
        Scheduler scheduler(Options(1));
        const bool ended = scheduler.Run([&] {
          for (;;) scheduler.Yield();
        });
        std::cerr << scheduler.stuck();
        std::_Exit(ended ? 0 : 7);
      },
      ::testing::ExitedWithCode(7), "a busy loop");
}

}  // namespace
}  // namespace housecall::simulation
