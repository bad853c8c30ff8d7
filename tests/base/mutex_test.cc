#include "dispatcher/base/mutex.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace housecall {
namespace {

TEST(Mutex, LetsOneThreadInAtATime) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 10000;
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kTimes; ++j) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kTimes);
}

TEST(CondVar, WakesWhoWaits) {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mutex);
    while (turn != 1) changed.Wait(mutex);
    turn = 2;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    turn = 1;
    changed.NotifyOne();
    while (turn != 2) changed.Wait(mutex);
    EXPECT_EQ(turn, 2);
  }
  other.join();
}

TEST(CondVar, WaitForComesBackWithoutASignal) {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  changed.WaitFor(mutex, absl::Milliseconds(1));
  // The mutex is held again: nobody else gets in.
  bool entered = false;
  std::thread other([&] {
    MutexLock inner(mutex);
    entered = true;
  });
  EXPECT_FALSE(entered);
  mutex.Unlock();
  other.join();
  EXPECT_TRUE(entered);
  mutex.Lock();
}

}  // namespace
}  // namespace housecall
