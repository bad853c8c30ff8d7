// A night far beyond a center's worst: many streams of the board, positions by
// the thousand, submissions, facts, triage, visits and notes at once, against
// the daemon as it is installed, which is killed with SIGKILL in the middle.
//
//   load_benchmark [--seconds=600] [--streams=1000] [--duty_streams=1000]
//                  [--positions=2000] [--nurses=40] [--physicians=40] [--kill]
//
// A stream that ends is opened again a second later, with its token. Prints p50
// and p99 of each RPC before the kill, in the ten seconds after it, and
// afterwards; the daemon's memory; how the streams ended and how many are open;
// and what was broken. Exits with 1 if anything was: an error that is not to be
// repeated, a stream that ended with such a one, that was told of a change
// twice, in another order or not at all, or that was not opened again, or a
// promise that was not kept.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dispatcher/base/mutex.h"
#include "housecall/v1/board_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "tests/crash/night.h"

ABSL_FLAG(int, seconds, 600, "How long the whole takes.");
ABSL_FLAG(int, streams, 1000, "Streams of the board.");
ABSL_FLAG(int, duty_streams, 1000, "Streams of physicians' duties.");
ABSL_FLAG(int, positions, 2000, "Positions a second.");
ABSL_FLAG(int, nurses, 40, "Nurses who submit calls and facts.");
ABSL_FLAG(int, physicians, 40, "Physicians who visit.");
ABSL_FLAG(bool, kill, true, "Kill the daemon in the middle.");
ABSL_FLAG(std::string, daemon, HOUSECALL_DAEMON, "The program to load.");

namespace housecall::benchmarks {
namespace {

constexpr char kParent[] = "centers/crash";
constexpr absl::Duration kAfterKill = absl::Seconds(10);

enum Phase { kBefore, kDuring, kAfter, kPhases };

// What is to be sent again; anything else is an error.
bool IsToBeRepeated(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

// Thread-safe.
class Figures {
 public:
  void Add(Phase phase, const char* what, absl::Duration took,
           const grpc::Status& status) {
    MutexLock lock(mutex_);
    times_[what][phase].push_back(took);
    if (!status.ok()) ++codes_[absl::StrCat(what, " ", status.error_code())];
    if (!status.ok() && !IsToBeRepeated(status) &&
        absl::string_view(what) == "position") {
      ++errors_;
    }
  }

  // Of positions; the night itself checks the others.
  int64_t errors() const {
    MutexLock lock(mutex_);
    return errors_;
  }

  void Print() {
    MutexLock lock(mutex_);
    std::printf("%-16s %24s %24s %24s\n", "", "before",
                "ten seconds after kill", "after");
    std::printf("%-16s", "RPC");
    for (int phase = 0; phase < kPhases; ++phase) {
      std::printf(" %8s %7s %7s", "count", "p50 ms", "p99 ms");
    }
    std::printf("\n");
    for (auto& [what, phases] : times_) {
      std::printf("%-16s", what.c_str());
      for (std::vector<absl::Duration>& times : phases) {
        std::sort(times.begin(), times.end());
        const auto at = [&times](size_t percent) {
          return times.empty() ? 0.0
                               : absl::ToDoubleMilliseconds(
                                     times[(times.size() - 1) * percent / 100]);
        };
        std::printf(" %8zu %7.1f %7.1f", times.size(), at(50), at(99));
      }
      std::printf("\n");
    }
    std::printf("answers other than OK, by gRPC's code:\n");
    for (const auto& [what, count] : codes_) {
      std::printf("  %s: %lld\n", what.c_str(), static_cast<long long>(count));
    }
  }

 private:
  mutable Mutex mutex_;
  int64_t errors_ HOUSECALL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::array<std::vector<absl::Duration>, kPhases>> times_
      HOUSECALL_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> codes_ HOUSECALL_GUARDED_BY(mutex_);
};

// Counts of what is under way, for an orderly end.
class UnderWay {
 public:
  void Begin() { ++count_; }
  void End() { --count_; }
  void Wait() const {
    while (count_ > 0) absl::SleepFor(absl::Milliseconds(10));
  }
  int64_t count() const { return count_; }

 private:
  std::atomic<int64_t> count_ = 0;
};

// A client that wants its stream open for the whole night.
struct Watching {
  bool duty = false;
  std::string session;
  std::string token;
  // Of the last change that it was told; -1: of none.
  int64_t sequence = -1;
};

// What was wrong with what streams were told, by kind. Thread-safe.
class Faults {
 public:
  void Add(const std::string& what) {
    MutexLock lock(mutex_);
    ++faults_[what];
  }
  std::map<std::string, int64_t> faults() const {
    MutexLock lock(mutex_);
    return faults_;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, int64_t> faults_ HOUSECALL_GUARDED_BY(mutex_);
};

// Those whose streams have ended. Thread-safe.
class Ended {
 public:
  explicit Ended(Faults* faults) : faults_(faults) {}
  void Add(Watching watching, const grpc::Status& status) {
    if (!IsToBeRepeated(status)) {
      faults_->Add(absl::StrCat("a stream ended with code ",
                                status.error_code(), ": ",
                                status.error_message()));
    }
    MutexLock lock(mutex_);
    ++codes_[absl::StrCat(watching.duty ? "WatchDuty " : "WatchBoard ",
                          status.error_code())];
    waiting_.push_back(std::move(watching));
  }
  std::vector<Watching> Take() {
    MutexLock lock(mutex_);
    return std::exchange(waiting_, {});
  }
  // How often streams ended, by gRPC's code.
  std::map<std::string, int64_t> codes() const {
    MutexLock lock(mutex_);
    return codes_;
  }

 private:
  Faults* const faults_;
  mutable Mutex mutex_;
  std::vector<Watching> waiting_ HOUSECALL_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> codes_ HOUSECALL_GUARDED_BY(mutex_);
};

// One stream; deletes itself at its end.
template <typename Message>
class Stream final : public grpc::ClientReadReactor<Message> {
 public:
  Stream(std::shared_ptr<grpc::Channel> channel, Watching watching,
         std::atomic<int64_t>* updates, UnderWay* open, Ended* ended,
         Faults* faults)
      : channel_(std::move(channel)),
        watching_(std::move(watching)),
        updates_(updates),
        open_(open),
        ended_(ended),
        faults_(faults) {
    open_->Begin();
    context_.AddMetadata("authorization", watching_.session);
    if constexpr (std::is_same_v<Message, v1::BoardUpdate>) {
      board_request_.set_parent(kParent);
      board_request_.set_resume_token(watching_.token);
      v1::BoardService::NewStub(channel_)->async()->WatchBoard(
          &context_, &board_request_, this);
    } else {
      v1::VisitService::NewStub(channel_)->async()->WatchDuty(
          &context_, &duty_request_, this);
    }
    this->StartRead(&update_);
    this->StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++*updates_;
    if constexpr (std::is_same_v<Message, v1::BoardUpdate>) {
      if (!update_.resume_token().empty()) {
        watching_.token = update_.resume_token();
      }
      See();
    }
    this->StartRead(&update_);
  }
  void OnDone(const grpc::Status& status) override {
    ended_->Add(std::move(watching_), status);
    open_->End();
    delete this;
  }

 private:
  // An operator is told of every change but those of accounts and sessions, of
  // which there are none in this night.
  void See() requires std::is_same_v<Message, v1::BoardUpdate> {
    int64_t& last = watching_.sequence;
    if (update_.has_snapshot_complete()) {
      if (update_.sequence() < last) faults_->Add("the board went back");
      last = update_.sequence();
    } else if (update_.has_event()) {
      const v1::Event& event = update_.event();
      if (event.kind() == v1::EVENT_KIND_POSITION_REPORTED) return;
      if (event.sequence() <= last) faults_->Add("a change came twice");
      if (event.sequence() > last + 1) faults_->Add("a change did not come");
      last = event.sequence();
    }
  }

  const std::shared_ptr<grpc::Channel> channel_;
  Watching watching_;
  std::atomic<int64_t>* const updates_;
  UnderWay* const open_;
  Ended* const ended_;
  Faults* const faults_;
  grpc::ClientContext context_;
  v1::WatchBoardRequest board_request_;
  v1::WatchDutyRequest duty_request_;
  Message update_;
};

struct Position {
  grpc::ClientContext context;
  v1::ReportPositionRequest request;
  v1::Position response;
  absl::Time start;
};

int Main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Duration whole = absl::Seconds(absl::GetFlag(FLAGS_seconds));
  const int physicians = absl::GetFlag(FLAGS_physicians);
  std::string folder =
      (std::filesystem::temp_directory_path() / "housecall-load-XXXXXX")
          .string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  Figures figures;
  std::atomic<Phase> phase = kBefore;
  crash::NightOptions options;
  options.nurses = absl::GetFlag(FLAGS_nurses);
  options.physicians = physicians;
  options.on_answer = [&](const char* what, absl::Duration took,
                          const grpc::Status& status) {
    figures.Add(phase, what, took, status);
  };
  crash::Night night(absl::GetFlag(FLAGS_daemon), folder, options);
  if (!night.daemon().Launch()) return 1;
  const int64_t memory_start = night.daemon().MemoryKibibytes();
  int64_t memory_peak = memory_start;
  night.StartPeople();

  std::atomic<int64_t> updates = 0;
  UnderWay streams;
  Faults faults;
  Ended ended(&faults);
  const auto open_stream = [&](Watching watching) {
    const std::shared_ptr<grpc::Channel> channel = night.daemon().channel();
    if (watching.duty) {
      new Stream<v1::DutyView>(channel, std::move(watching), &updates, &streams,
                               &ended, &faults);
    } else {
      new Stream<v1::BoardUpdate>(channel, std::move(watching), &updates,
                                  &streams, &ended, &faults);
    }
  };
  for (int i = 0; i < absl::GetFlag(FLAGS_streams); ++i) {
    open_stream({false, night.session("operator"), ""});
  }
  for (int i = 0; i < absl::GetFlag(FLAGS_duty_streams); ++i) {
    open_stream(
        {true, night.session(absl::StrCat("physician-", i % physicians)), ""});
  }
  std::atomic<bool> reopens = true;
  std::thread reopener([&] {
    while (reopens) {
      absl::SleepFor(absl::Seconds(1));
      for (Watching& watching : ended.Take()) {
        if (reopens) open_stream(std::move(watching));
      }
    }
  });

  // Positions, evenly over the second; the answers are not waited for.
  std::atomic<bool> stop = false;
  UnderWay positions;
  std::thread sender([&] {
    int64_t sent = 0;
    const absl::Time start = absl::Now();
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::VisitService::Stub> stub;
    std::vector<std::unique_ptr<v1::VisitService::Stub>> kept;
    while (!stop) {
      if (channel != night.daemon().channel()) {
        channel = night.daemon().channel();
        if (stub != nullptr) kept.push_back(std::move(stub));
        stub = v1::VisitService::NewStub(channel);
      }
      const auto due =
          static_cast<int64_t>(absl::ToDoubleSeconds(absl::Now() - start) *
                               absl::GetFlag(FLAGS_positions));
      for (; sent < due; ++sent) {
        // As phones do, which send the newest only.
        if (positions.count() > absl::GetFlag(FLAGS_positions)) continue;
        auto* const position = new Position;
        position->context.AddMetadata(
            "authorization",
            night.session(absl::StrCat("physician-", sent % physicians)));
        position->start = absl::Now();
        position->context.set_deadline(
            absl::ToChronoTime(position->start + absl::Seconds(5)));
        position->request.mutable_position()->set_latitude(
            35.69 + 0.00001 * static_cast<double>(sent % 1000));
        position->request.mutable_position()->set_longitude(139.41);
        position->request.set_accuracy_meters(10);
        position->request.mutable_device_time()->set_seconds(
            absl::ToUnixSeconds(position->start));
        position->request.set_request_id(absl::StrCat("load-", sent));
        positions.Begin();
        stub->async()->ReportPosition(
            &position->context, &position->request, &position->response,
            [&, position](const grpc::Status& status) {
              figures.Add(phase, "position", absl::Now() - position->start,
                          status);
              delete position;
              positions.End();
            });
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
    positions.Wait();
  });

  const auto pass = [&](absl::Duration duration) {
    const absl::Time end = absl::Now() + duration;
    while (absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(200));
      memory_peak = std::max(memory_peak, night.daemon().MemoryKibibytes());
    }
  };
  pass(whole / 2);
  const int64_t streams_before = streams.count();
  absl::Duration down;
  if (absl::GetFlag(FLAGS_kill)) {
    phase = kDuring;
    const absl::Time killed = absl::Now();
    night.daemon().Kill();
    if (!night.daemon().Launch()) return 1;
    down = absl::Now() - killed;
    pass(kAfterKill);
  }
  phase = kAfter;
  pass(whole / 2 - kAfterKill);
  // Those that were cut off lately come again.
  for (int i = 0; i < 30 && streams.count() < streams_before; ++i) {
    pass(absl::Seconds(1));
  }
  const int64_t streams_after = streams.count();
  const std::map<std::string, int64_t> faults_of_streams = faults.faults();
  const int64_t memory_end = night.daemon().MemoryKibibytes();
  reopens = false;
  reopener.join();
  stop = true;
  sender.join();
  night.StopPeople();
  const int stopped = night.daemon().Stop();
  streams.Wait();
  std::vector<std::string> broken = night.Check();
  for (const auto& [what, count] : faults_of_streams) {
    broken.push_back(absl::StrCat(what, ", ", count, " times"));
  }
  if (streams_after < streams_before) {
    broken.push_back("not every stream is open again");
  }
  if (figures.errors() > 0) {
    broken.push_back("positions were refused with an error that stays");
  }

  figures.Print();
  std::printf(
      "ends of streams, by gRPC's code (the last are the benchmark's):\n");
  for (const auto& [what, count] : ended.codes()) {
    std::printf("  %s: %lld\n", what.c_str(), static_cast<long long>(count));
  }
  std::printf(
      "streams: %lld open before, %lld after, %lld updates\n"
      "killed and serving again within %.0f ms\n"
      "memory of the daemon: %.1f MiB at the start, %.1f at the peak, %.1f at "
      "the end\n%s\n",
      static_cast<long long>(streams_before),
      static_cast<long long>(streams_after),
      static_cast<long long>(updates.load()), absl::ToDoubleMilliseconds(down),
      static_cast<double>(memory_start) / 1024,
      static_cast<double>(memory_peak) / 1024,
      static_cast<double>(memory_end) / 1024, night.Summary().c_str());
  for (const std::string& line : broken) {
    std::printf("BROKEN %s\n", line.c_str());
  }
  std::filesystem::remove_all(folder);
  return broken.empty() && stopped == 0 ? 0 : 1;
}

}  // namespace
}  // namespace housecall::benchmarks

int main(int argc, char** argv) {
  return housecall::benchmarks::Main(argc, argv);
}
