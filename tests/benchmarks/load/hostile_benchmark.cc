// Clients that mean harm, or are only broken, one kind after the other, while
// nurses, an operator and physicians go on with their night: what do they wait?
//
//   hostile_benchmark [--seconds=10] [--connections=1500] [--streams=300]
//
// Prints, for a calm and for each kind, how many answers the others got, p50
// and p99 of the time that they waited, how many times that of the calm it is,
// the same p99 of a browser that asks for a page, and the daemon's memory and
// open files. Both ports are attacked: that of the API and that for browsers.
// Exits with 1 if, beside one of the kinds, nobody got an answer or a page,
// anybody got an error that is not to be repeated, or a promise was not kept.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "dispatcher/base/mutex.h"
#include "housecall/v1/board_service.grpc.pb.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "tests/crash/night.h"

ABSL_FLAG(int, seconds, 10, "How long each kind lasts.");
ABSL_FLAG(int, connections, 1500, "Connections of the slow-loris.");
ABSL_FLAG(int, streams, 300, "Streams that nobody reads.");
ABSL_FLAG(std::string, daemon, HOUSECALL_DAEMON, "The program to attack.");

namespace housecall::benchmarks {
namespace {

constexpr char kParent[] = "centers/crash";
// Of HTTP/2: what a client says first.
constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kGiantBytes = 32 << 20;
// Of HTTP/1.1: a request that never gets to its end, and one whose body does
// not.
constexpr char kEndlessHead[] =
    "GET / HTTP/1.1\r\nHost: center.example\r\nX-Padding: "
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
constexpr char kHalfRequest[] =
    "POST /housecall.v1.CallService/SubmitCall HTTP/1.1\r\n"
    "Host: center.example\r\nContent-Type: application/grpc-web+proto\r\n"
    "X-Grpc-Web: 1\r\nContent-Length: 1000000\r\n\r\n";
constexpr size_t kHalfBody = 500'000;
constexpr int kFloodThreads = 4;
constexpr int kDeadlinelessThreads = 32;

// What the others got since the last Take. Thread-safe.
class Others {
 public:
  void Add(absl::Duration took, const grpc::Status& status) {
    MutexLock lock(mutex_);
    times_.push_back(took);
    if (!status.ok()) ++errors_;
  }
  std::vector<absl::Duration> Take(int64_t* errors) {
    MutexLock lock(mutex_);
    *errors = std::exchange(errors_, 0);
    std::vector<absl::Duration> times = std::move(times_);
    times_.clear();
    std::sort(times.begin(), times.end());
    return times;
  }

 private:
  Mutex mutex_;
  std::vector<absl::Duration> times_ HOUSECALL_GUARDED_BY(mutex_);
  int64_t errors_ HOUSECALL_GUARDED_BY(mutex_) = 0;
};

double MillisecondsAt(const std::vector<absl::Duration>& times,
                      size_t percent) {
  if (times.empty()) return 0;
  return absl::ToDoubleMilliseconds(times[(times.size() - 1) * percent / 100]);
}

int64_t OpenFiles(pid_t pid) {
  std::error_code error;
  const std::filesystem::directory_iterator files(
      absl::StrCat("/proc/", pid, "/fd"), error);
  return error ? 0 : std::distance(begin(files), end(files));
}

// A socket to the port on this machine; -1 if there is none to be had.
int Connect(int port) {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(made, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    return made;
  }
  close(made);
  return -1;
}

using Stop = std::atomic<bool>;

void WaitFor(const Stop& stop) {
  while (!stop) absl::SleepFor(absl::Milliseconds(10));
}

// Each says one byte of `text` each second, and never all of it.
void SlowLoris(int port, absl::string_view text, int connections,
               const Stop& stop) {
  std::vector<int> sockets;
  size_t said = 0;
  while (!stop) {
    while (static_cast<int>(sockets.size()) < connections && !stop) {
      const int made = Connect(port);
      if (made < 0) break;
      sockets.push_back(made);
    }
    for (const int made : sockets) {
      (void)send(made, &text[said % (text.size() - 1)], 1,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    ++said;
    for (int i = 0; i < 100 && !stop; ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  for (const int made : sockets) close(made);
}

// As many connections as can be made, each gone at once, some after garbage.
void Flood(int port, const Stop& stop, std::atomic<int64_t>* count) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kFloodThreads; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const int made = Connect(port);
        if (made < 0) continue;
        if (++*count % 2 == 0) {
          (void)send(made, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL);
        }
        // Gone without waiting, so that no port of this machine is used up.
        const linger now = {1, 0};
        setsockopt(made, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(made);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Each sends half of what it says that it will, and waits.
void HalfBodies(int port, int connections, const Stop& stop) {
  const std::string half =
      absl::StrCat(kHalfRequest, std::string(kHalfBody, 'x'));
  std::vector<std::pair<int, size_t>> sockets;
  while (!stop) {
    while (static_cast<int>(sockets.size()) < connections && !stop) {
      const int made = Connect(port);
      if (made < 0) break;
      sockets.emplace_back(made, 0);
    }
    for (auto& [made, sent] : sockets) {
      const ssize_t more = send(made, half.data() + sent, half.size() - sent,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (more > 0) sent += static_cast<size_t>(more);
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  for (const auto& [made, sent] : sockets) close(made);
}

// A browser that asks for a page, each time on a connection of its own, and
// waits for the first bytes of an answer.
void Browse(int port, const Stop& stop, Others* browsers) {
  constexpr char kRequest[] =
      "GET /none HTTP/1.1\r\nHost: center.example\r\nConnection: "
      "close\r\n\r\n";
  while (!stop) {
    const absl::Time start = absl::Now();
    const int made = Connect(port);
    bool answered = false;
    if (made >= 0) {
      const timeval patience = {5, 0};
      setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      char answer[16] = {};
      answered = send(made, kRequest, sizeof(kRequest) - 1, MSG_NOSIGNAL) > 0 &&
                 recv(made, answer, sizeof(answer) - 1, MSG_WAITALL) > 0 &&
                 absl::StartsWith(answer, "HTTP/1.1 ");
      close(made);
    }
    browsers->Add(absl::Now() - start,
                  answered ? grpc::Status::OK
                           : grpc::Status(grpc::StatusCode::UNAVAILABLE, ""));
    absl::SleepFor(absl::Milliseconds(20));
  }
}

v1::SubmitCallRequest Giant() {
  v1::SubmitCallRequest request;
  request.set_call(absl::StrCat(kParent, "/calls/giant"));
  request.set_complaint(std::string(kGiantBytes, 'x'));
  request.set_request_id("giant");
  return request;
}

// A request of 32 MiB, again and again. Counts those that were refused.
void GiantMessages(const crash::Night& night,
                   const std::shared_ptr<grpc::Channel>& channel,
                   const Stop& stop, std::atomic<int64_t>* refused) {
  const std::unique_ptr<v1::CallService::Stub> stub =
      v1::CallService::NewStub(channel);
  const v1::SubmitCallRequest request = Giant();
  while (!stop) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", night.session("nurse-0"));
    v1::Call response;
    if (!stub->SubmitCall(&context, request, &response).ok()) ++*refused;
  }
}

// Many at a time who list everything, without a deadline.
void Deadlineless(const crash::Night& night,
                  const std::shared_ptr<grpc::Channel>& channel,
                  const Stop& stop, std::atomic<int64_t>* count) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kDeadlinelessThreads; ++i) {
    threads.emplace_back([&] {
      const std::unique_ptr<v1::CallService::Stub> stub =
          v1::CallService::NewStub(channel);
      while (!stop) {
        grpc::ClientContext context;
        context.AddMetadata("authorization", night.session("operator"));
        v1::ListCallsRequest request;
        request.set_parent(kParent);
        request.set_include_past(true);
        request.set_page_size(1000);
        v1::ListCallsResponse response;
        (void)stub->ListCalls(&context, request, &response);
        ++*count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A stream of the board of which nothing is ever read.
class StalledReader final : public grpc::ClientReadReactor<v1::BoardUpdate> {
 public:
  StalledReader(v1::BoardService::Stub* stub, const std::string& session,
                std::atomic<int64_t>* open)
      : open_(open) {
    ++*open_;
    context_.AddMetadata("authorization", session);
    request_.set_parent(kParent);
    stub->async()->WatchBoard(&context_, &request_, this);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }
  void OnDone(const grpc::Status&) override { --*open_; }

 private:
  std::atomic<int64_t>* const open_;
  grpc::ClientContext context_;
  v1::WatchBoardRequest request_;
};

void StalledReaders(const crash::Night& night,
                    const std::shared_ptr<grpc::Channel>& channel, int streams,
                    const Stop& stop) {
  const std::unique_ptr<v1::BoardService::Stub> stub =
      v1::BoardService::NewStub(channel);
  std::atomic<int64_t> open = 0;
  std::vector<std::unique_ptr<StalledReader>> readers;
  for (int i = 0; i < streams; ++i) {
    readers.push_back(std::make_unique<StalledReader>(
        stub.get(), night.session("operator"), &open));
  }
  WaitFor(stop);
  for (const auto& reader : readers) reader->Cancel();
  while (open > 0) absl::SleepFor(absl::Milliseconds(10));
}

int Main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  // Each connection is a file of ours, too.
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::string folder =
      (std::filesystem::temp_directory_path() / "housecall-hostile-XXXXXX")
          .string();
  if (mkdtemp(folder.data()) == nullptr) return 1;

  Others others;
  crash::NightOptions options;
  options.nurses = 8;
  options.physicians = 8;
  options.on_answer = [&](const char*, absl::Duration took,
                          const grpc::Status& status) {
    others.Add(took, status);
  };
  crash::Night night(absl::GetFlag(FLAGS_daemon), folder, options);
  // As where nobody has raised the limit of open files.
  if (!night.daemon().Launch(
          {.most_open_files = 1024, .serves_browsers = true})) {
    return 1;
  }
  night.StartPeople();
  const int port = night.daemon().port();
  const int web_port = night.daemon().web_port();
  const int many = absl::GetFlag(FLAGS_connections);
  // Not the others' connection.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                grpc::InsecureChannelCredentials(), arguments);

  std::atomic<int64_t> connections = 0;
  std::atomic<int64_t> giants = 0;
  std::atomic<int64_t> lists = 0;
  struct Kind {
    const char* name;
    std::function<void(const Stop&)> run;
  };
  const std::vector<Kind> kinds = {
      {"calm", WaitFor},
      {"slow-loris",
       [&](const Stop& stop) { SlowLoris(port, kPreface, many, stop); }},
      {"slow-loris, browsers'",
       [&](const Stop& stop) {
         SlowLoris(web_port, kEndlessHead, many, stop);
       }},
      {"flood of connections",
       [&](const Stop& stop) { Flood(port, stop, &connections); }},
      {"flood, browsers'",
       [&](const Stop& stop) { Flood(web_port, stop, &connections); }},
      {"half bodies, browsers'",
       [&](const Stop& stop) { HalfBodies(web_port, many, stop); }},
      {"giant messages",
       [&](const Stop& stop) { GiantMessages(night, channel, stop, &giants); }},
      {"no deadlines",
       [&](const Stop& stop) { Deadlineless(night, channel, stop, &lists); }},
      {"stalled readers",
       [&](const Stop& stop) {
         StalledReaders(night, channel, absl::GetFlag(FLAGS_streams), stop);
       }},
      {"calm again", WaitFor},
  };
  bool starved = false;
  int64_t errors = 0;
  int64_t browser_errors = 0;
  Others browsers;
  Stop browsed = false;
  std::thread browser([&] { Browse(web_port, browsed, &browsers); });
  (void)others.Take(&errors);
  double calm = 0;
  std::printf("%-22s %8s %8s %8s %8s %7s %8s %9s %8s %8s\n", "beside",
              "answers", "p50 ms", "p99 ms", "x calm", "errors", "page p99",
              "unserved", "MiB", "files");
  for (const Kind& kind : kinds) {
    Stop stop = false;
    std::thread hostile([&] { kind.run(stop); });
    absl::SleepFor(absl::Seconds(absl::GetFlag(FLAGS_seconds)));
    const int64_t files = OpenFiles(night.daemon().pid());
    const std::vector<absl::Duration> times = others.Take(&errors);
    const std::vector<absl::Duration> pages = browsers.Take(&browser_errors);
    if (calm == 0) calm = MillisecondsAt(times, 99);
    const double mebibytes =
        static_cast<double>(night.daemon().MemoryKibibytes()) / 1024;
    stop = true;
    hostile.join();
    starved = starved || times.empty() ||
              static_cast<int64_t>(pages.size()) == browser_errors;
    const double p99 = MillisecondsAt(times, 99);
    std::printf("%-22s %8zu %8.1f %8.1f %8.1f %7lld %8.1f %9lld %8.1f %8lld\n",
                kind.name, times.size(), MillisecondsAt(times, 50), p99,
                calm > 0 ? p99 / calm : 0, static_cast<long long>(errors),
                MillisecondsAt(pages, 99),
                static_cast<long long>(browser_errors), mebibytes,
                static_cast<long long>(files));
    std::fflush(stdout);
  }
  std::printf(
      "%lld connections flooded, %lld giant messages refused, %lld lists\n",
      static_cast<long long>(connections.load()),
      static_cast<long long>(giants.load()),
      static_cast<long long>(lists.load()));
  browsed = true;
  browser.join();
  night.StopPeople();
  const int stopped = night.daemon().Stop();
  const std::vector<std::string> broken = night.Check();
  for (const std::string& line : broken) {
    std::printf("BROKEN %s\n", line.c_str());
  }
  std::filesystem::remove_all(folder);
  return broken.empty() && !starved && stopped == 0 && giants > 0 ? 0 : 1;
}

}  // namespace
}  // namespace housecall::benchmarks

int main(int argc, char** argv) {
  return housecall::benchmarks::Main(argc, argv);
}
