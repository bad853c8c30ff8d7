#include "dispatcher/gateway/upstream_call.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/gateway/fake_dispatcher.h"

namespace housecall::gateway {
namespace {

using testing::BufferOf;
using testing::BytesOf;
using testing::FakeDispatcher;

// One call, and what was told of it.
class Told {
 public:
  // `next` is told each message's number and asks for the next one, now or
  // later.
  void Start(grpc::GenericStub* stub, const std::string& rpc,
             const std::string& request, absl::Duration timeout,
             std::function<void(UpstreamCall*)> next) {
    UpstreamCall::Request upstream;
    upstream.path = absl::StrCat("/housecall.v1.Test/", rpc);
    upstream.messages.push_back(BufferOf(request));
    upstream.timeout = timeout;
    UpstreamCall::Events events;
    events.started = [this](Metadata) { ++started_; };
    events.message = [this, next](grpc::ByteBuffer message) {
      EXPECT_EQ(started_, 1) << "a message came before the metadata";
      std::shared_ptr<UpstreamCall> call;
      {
        MutexLock lock(mutex_);
        messages_.push_back(BytesOf(message));
        // Start() may not have returned yet.
        while (call_ == nullptr) changed_.Wait(mutex_);
        call = call_;
      }
      next(call.get());
    };
    events.ended = [this](grpc::Status status, Metadata) {
      MutexLock lock(mutex_);
      status_ = std::move(status);
      ++ended_;
      changed_.NotifyAll();
    };
    const auto call =
        UpstreamCall::Start(stub, std::move(upstream), std::move(events));
    MutexLock lock(mutex_);
    call_ = call;
    changed_.NotifyAll();
  }

  grpc::Status Await() {
    MutexLock lock(mutex_);
    while (ended_ == 0) changed_.Wait(mutex_);
    EXPECT_EQ(ended_, 1);
    return status_;
  }

  void Cancel() {
    std::shared_ptr<UpstreamCall> call;
    {
      MutexLock lock(mutex_);
      call = call_;
    }
    call->Cancel();
  }

  std::vector<std::string> messages() {
    MutexLock lock(mutex_);
    return messages_;
  }

 private:
  std::atomic<int> started_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<UpstreamCall> call_ HOUSECALL_GUARDED_BY(mutex_);
  std::vector<std::string> messages_ HOUSECALL_GUARDED_BY(mutex_);
  grpc::Status status_ HOUSECALL_GUARDED_BY(mutex_);
  int ended_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

void AtOnce(UpstreamCall* call) { call->ReadNext(); }

// By channel: the server's own, and a socket.
class UpstreamCallTest : public ::testing::TestWithParam<bool> {
 protected:
  UpstreamCallTest()
      : stub_(GetParam() ? dispatcher_.InProcess() : dispatcher_.Loopback()) {}

  FakeDispatcher dispatcher_;
  grpc::GenericStub stub_;
};

INSTANTIATE_TEST_SUITE_P(Channels, UpstreamCallTest, ::testing::Bool(),
                         [](const auto& parameter) {
                           return parameter.param ? "InProcess" : "Loopback";
                         });

// With the read started after the initial metadata, most of these answers are
// lost over the in-process channel of gRPC 1.51, and the server's shutdown
// hangs.
TEST_P(UpstreamCallTest, LosesNoneOfEightThousandAnswers) {
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([this, t, &right] {
      for (int i = 0; i < 500; ++i) {
        const std::string text = absl::StrCat("call ", t, " ", i);
        Told told;
        told.Start(&stub_, "Echo", text, absl::InfiniteDuration(), AtOnce);
        if (told.Await().ok() &&
            told.messages() == std::vector<std::string>{text}) {
          ++right;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8000);
  dispatcher_.Shutdown();
}

// As when a browser is slow: each read starts some time after the message
// before it was taken, on another thread, mostly when the next one, or the
// status, is there already.
TEST_P(UpstreamCallTest, LosesNoMessageThatIsReadLate) {
  for (int round = 0; round < 20; ++round) {
    Mutex mutex;
    CondVar changed;
    UpstreamCall* waiting = nullptr;
    bool over = false;
    std::thread reader([&] {
      while (true) {
        UpstreamCall* call = nullptr;
        {
          MutexLock lock(mutex);
          while (waiting == nullptr && !over) changed.Wait(mutex);
          if (over) return;
          call = std::exchange(waiting, nullptr);
        }
        call->ReadNext();
      }
    });
    Told told;
    told.Start(&stub_, "Count", "200 10", absl::InfiniteDuration(),
               [&](UpstreamCall* call) {
                 MutexLock lock(mutex);
                 waiting = call;
                 changed.NotifyAll();
               });
    EXPECT_TRUE(told.Await().ok());
    const std::vector<std::string> messages = told.messages();
    ASSERT_EQ(messages.size(), 200u);
    EXPECT_EQ(messages.front(), "0.........");
    EXPECT_EQ(messages.back(), "199.......");
    {
      MutexLock lock(mutex);
      over = true;
      changed.NotifyAll();
    }
    reader.join();
  }
  dispatcher_.Shutdown();
}

TEST_P(UpstreamCallTest, EndsOnceWheneverItIsCancelled) {
  for (int i = 0; i < 150; ++i) {
    for (const char* rpc : {"Echo", "Hang", "Count"}) {
      Told told;
      // A reader who stops after the first message of many.
      told.Start(
          &stub_, rpc, "1000 10", absl::InfiniteDuration(),
          i % 2 == 0 ? AtOnce : [](UpstreamCall*) {});
      // Not by giving way: on a busy machine that takes minutes.
      const absl::Time end = absl::Now() + i * absl::Microseconds(5);
      while (absl::Now() < end) {
      }
      told.Cancel();
      told.Cancel();
      told.Await();
    }
  }
  dispatcher_.Shutdown();
}

TEST_P(UpstreamCallTest, EndsAtItsDeadline) {
  Told told;
  told.Start(&stub_, "Hang", "", absl::Milliseconds(20), AtOnce);
  EXPECT_EQ(told.Await().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// By a socket only: over an in-process channel that would be the end of the
// process (see CallGate).
TEST(UpstreamCall, TellsThatThereIsNoServerAnyMore) {
  FakeDispatcher dispatcher;
  grpc::GenericStub stub(dispatcher.Loopback());
  dispatcher.Shutdown();
  Told told;
  told.Start(&stub, "Echo", "x", absl::Seconds(30), AtOnce);
  EXPECT_EQ(told.Await().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace housecall::gateway
