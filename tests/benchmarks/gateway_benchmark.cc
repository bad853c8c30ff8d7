// What the gateway costs: a unary call and a message of a stream through it and
// by gRPC directly, by turns, and the memory of thousands of streams that say
// nothing.
//
//   gateway_benchmark [STREAMS]     5000 without an argument
//
// The dispatcher does nothing but echo; it and the clients run on the same
// machine.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/gateway/gateway.h"
#include "dispatcher/gateway/upstream_call.h"
#include "grpcpp/generic/generic_stub.h"
#include "tests/gateway/fake_dispatcher.h"
#include "tests/gateway/raw_client.h"

namespace housecall::gateway {
namespace {

using testing::CallText;
using testing::FakeDispatcher;
using testing::Frame;
using testing::RawClient;

constexpr int kRounds = 9;
constexpr int kCalls = 500;
constexpr int kMessages = 20'000;
constexpr int kMessageBytes = 300;

double MicrosecondsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now() - start)
      .count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "gateway_benchmark: %s\n", what);
  std::exit(1);
}

// Runs one call to its end; the number of its messages.
int CallDirectly(grpc::GenericStub* stub, const std::string& rpc,
                 const std::string& request) {
  Mutex mutex;
  CondVar changed;
  UpstreamCall* call = nullptr;
  int messages = 0;
  bool ended = false;
  UpstreamCall::Request upstream;
  upstream.path = absl::StrCat("/housecall.v1.Test/", rpc);
  upstream.messages.push_back(testing::BufferOf(request));
  UpstreamCall::Events events;
  events.started = [](Metadata) {};
  events.message = [&](grpc::ByteBuffer) {
    UpstreamCall* reader = nullptr;
    {
      MutexLock lock(mutex);
      ++messages;
      while (call == nullptr) changed.Wait(mutex);
      reader = call;
    }
    reader->ReadNext();
  };
  events.ended = [&](grpc::Status status, Metadata) {
    if (!status.ok()) Fail("a direct call failed");
    MutexLock lock(mutex);
    ended = true;
    changed.NotifyAll();
  };
  const auto started =
      UpstreamCall::Start(stub, std::move(upstream), std::move(events));
  MutexLock lock(mutex);
  call = started.get();
  changed.NotifyAll();
  while (!ended) changed.Wait(mutex);
  return messages;
}

size_t CallThrough(RawClient* browser, const std::string& rpc,
                   const std::string& request) {
  if (!browser->Send(CallText(rpc, Frame(request)))) Fail("cannot send");
  const auto response = browser->Receive();
  if (!response.has_value()) Fail("no answer");
  return response->body.size();
}

void Compare() {
  FakeDispatcher dispatcher;
  auto gateway = Gateway::Start(dispatcher.InProcess(), {});
  if (!gateway.ok()) Fail("the gateway does not start");
  grpc::GenericStub direct(dispatcher.Loopback());
  RawClient browser((*gateway)->port());
  const std::string text(kMessageBytes, 'x');
  const std::string count = absl::StrCat(kMessages, " ", kMessageBytes);
  std::vector<double> unary_direct;
  std::vector<double> unary_gateway;
  std::vector<double> stream_direct;
  std::vector<double> stream_gateway;
  // The first round warms up.
  for (int round = 0; round <= kRounds; ++round) {
    const double a = MicrosecondsOf([&] {
      for (int i = 0; i < kCalls; ++i) CallDirectly(&direct, "Echo", text);
    });
    const double b = MicrosecondsOf([&] {
      for (int i = 0; i < kCalls; ++i) CallThrough(&browser, "Echo", text);
    });
    const double c = MicrosecondsOf([&] {
      if (CallDirectly(&direct, "Count", count) != kMessages) Fail("lost");
    });
    const double d = MicrosecondsOf([&] {
      if (CallThrough(&browser, "Count", count) <
          size_t{kMessages} * kMessageBytes) {
        Fail("lost");
      }
    });
    if (round == 0) continue;
    unary_direct.push_back(a / kCalls);
    unary_gateway.push_back(b / kCalls);
    stream_direct.push_back(c / kMessages);
    stream_gateway.push_back(d / kMessages);
  }
  const auto print = [](const char* what, const std::vector<double>& direct_us,
                        const std::vector<double>& gateway_us) {
    const double a = Median(direct_us);
    const double b = Median(gateway_us);
    std::printf("%-28s %12.1f %12.1f %+12.1f %8.2f\n", what, a, b, b - a,
                b / a);
  };
  std::printf("%-28s %12s %12s %12s %8s\n", "microseconds, medians",
              "gRPC direct", "gateway", "difference", "ratio");
  print("unary call, 300 bytes", unary_direct, unary_gateway);
  print("message of a stream, 300 B", stream_direct, stream_gateway);
}

// Opens `count` streams on a port that comes by `in`, says so by `out`, and
// holds them until `in` ends.
void HoldStreams(int count, int in, int out) {
  int port = 0;
  if (read(in, &port, sizeof(port)) != sizeof(port)) return;
  std::vector<std::unique_ptr<RawClient>> browsers;
  for (int i = 0; i < count; ++i) {
    browsers.push_back(std::make_unique<RawClient>(port));
    if (!browsers.back()->Send(CallText("Tick", Frame(""))) ||
        !browsers.back()->ReceiveHead().has_value()) {
      Fail("a stream is refused");
    }
  }
  const char done = 1;
  if (write(out, &done, 1) != 1) return;
  char end = 0;
  while (read(in, &end, 1) > 0) {
  }
}

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// `to` and `from` are pipes of the process that holds the streams.
void MeasureStreams(int count, int to, int from) {
  FakeDispatcher dispatcher;
  auto gateway = Gateway::Start(dispatcher.InProcess(), {});
  if (!gateway.ok()) Fail("the gateway does not start");
  {
    RawClient warm((*gateway)->port());
    CallThrough(&warm, "Echo", "x");
  }
  const int64_t before = ResidentBytes();
  const int port = (*gateway)->port();
  char done = 0;
  if (write(to, &port, sizeof(port)) != sizeof(port) ||
      read(from, &done, 1) != 1) {
    Fail("the streams were not opened");
  }
  const int64_t after = ResidentBytes();
  std::printf("%d idle streams: %.1f KB each, the dispatcher's part included\n",
              count, static_cast<double>(after - before) / 1024 / count);
  close(to);
}

int Main(int argc, char** argv) {
  int streams = 5000;
  if (argc > 2 || (argc == 2 && (!absl::SimpleAtoi(argv[1], &streams) ||
                                 streams < 1 || streams > 20'000))) {
    Fail("usage: gateway_benchmark [STREAMS]");
  }
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int to[2];
  int from[2];
  if (pipe(to) != 0 || pipe(from) != 0) Fail("no pipes");
  // Before gRPC has threads.
  const pid_t holder = fork();
  if (holder == 0) {
    close(to[1]);
    close(from[0]);
    HoldStreams(streams, to[0], from[1]);
    return 0;
  }
  close(to[0]);
  close(from[1]);
  MeasureStreams(streams, to[1], from[0]);
  waitpid(holder, nullptr, 0);
  Compare();
  return 0;
}

}  // namespace
}  // namespace housecall::gateway

int main(int argc, char** argv) { return housecall::gateway::Main(argc, argv); }
