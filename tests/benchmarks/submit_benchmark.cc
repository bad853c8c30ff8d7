// Durable SubmitCall per second, beside the two ceilings of this machine: the
// same payload echoed by gRPC, and the same rows committed by SQLite. All in
// one run, in turn, several times; medians.
//
//   submit_benchmark [--seconds=3] [--runs=5] [--clients=1,16,64]

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "dispatcher/core/decide.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "tests/benchmarks/world.h"

ABSL_FLAG(int, seconds, 3, "How long each measurement takes.");
ABSL_FLAG(std::vector<std::string>, clients,
          (std::vector<std::string>{"1", "16", "64"}),
          "How many clients at once.");
ABSL_FLAG(int, runs, 5, "Measurements of each kind; medians are printed.");

namespace housecall::benchmarks {
namespace {

// A call as long as they are: some sentences of Japanese in each field.
v1::SubmitCallRequest MakeRequest(const std::string& id) {
  v1::SubmitCallRequest request;
  request.set_call("centers/bench/calls/" + id);
  request.set_request_id(id);
  request.mutable_short_patient()->set_display_name("見本 花子");
  request.mutable_short_patient()->set_birth_date("1938-04-01");
  request.mutable_place()->set_address("東京都立川市見本町1-2-3");
  request.mutable_place()->mutable_position()->set_latitude(35.70);
  request.mutable_place()->mutable_position()->set_longitude(139.41);
  request.set_complaint("夕方から38.9度の発熱。水分がとれていません。");
  request.set_onset("本日18時ごろから");
  request.set_judgement("今夜のうちに診察が必要と判断しました。");
  request.set_callback_phone("042-000-0000");
  request.mutable_vitals()->set_temperature_celsius(38.9);
  request.mutable_vitals()->set_pulse_per_minute(104);
  return request;
}

struct Figures {
  double per_second = 0;
  absl::Duration p50;
  absl::Duration p99;
};

Figures MedianOf(std::vector<Figures> runs) {
  const auto median = [&](auto get) {
    std::vector<double> values;
    for (const Figures& run : runs) values.push_back(get(run));
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  return {median([](const Figures& f) { return f.per_second; }),
          absl::Seconds(median(
              [](const Figures& f) { return absl::ToDoubleSeconds(f.p50); })),
          absl::Seconds(median(
              [](const Figures& f) { return absl::ToDoubleSeconds(f.p99); }))};
}

// `clients` at once, each sending its next request when it has its answer.
template <typename Send>
Figures Load(int clients, Send&& send) {
  const absl::Time end =
      absl::Now() + absl::Seconds(absl::GetFlag(FLAGS_seconds));
  std::vector<std::vector<absl::Duration>> times(static_cast<size_t>(clients));
  std::vector<std::thread> threads;
  const absl::Time start = absl::Now();
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      for (int n = 0; absl::Now() < end; ++n) {
        const absl::Time sent = absl::Now();
        send(c, n);
        times[static_cast<size_t>(c)].push_back(absl::Now() - sent);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const absl::Duration took = absl::Now() - start;
  std::vector<absl::Duration> all;
  for (const auto& t : times) all.insert(all.end(), t.begin(), t.end());
  return {static_cast<double>(all.size()) / absl::ToDoubleSeconds(took),
          Quantile(all, 0.5), Quantile(all, 0.99)};
}

class Clients {
 public:
  template <typename Connect>
  Clients(int count, Connect&& connect) {
    for (int i = 0; i < count; ++i) {
      stubs_.push_back(v1::CallService::NewStub(connect()));
    }
  }

  void Send(int client, const std::string& id, const std::string& session) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", session);
    v1::Call call;
    const grpc::Status status = stubs_[static_cast<size_t>(client)]->SubmitCall(
        &context, MakeRequest(id), &call);
    if (!status.ok()) {
      std::fprintf(stderr, "SubmitCall: %s\n", status.error_message().c_str());
      std::exit(1);
    }
  }

 private:
  std::vector<std::unique_ptr<v1::CallService::Stub>> stubs_;
};

// Answers at once with a call of the size of a real answer.
class Echo final : public v1::CallService::CallbackService {
 public:
  grpc::ServerUnaryReactor* SubmitCall(grpc::CallbackServerContext* context,
                                       const v1::SubmitCallRequest* request,
                                       v1::Call* response) override {
    response->set_name(request->call());
    response->set_complaint(request->complaint());
    response->set_onset(request->onset());
    response->set_judgement(request->judgement());
    response->set_callback_phone(request->callback_phone());
    *response->mutable_place() = request->place();
    *response->mutable_short_patient() = request->short_patient();
    *response->mutable_vitals() = request->vitals();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// What the engine commits for a group of submissions, without the engine.
Figures CommitRows(World& world, int group, int run) {
  const engine::BoardPtr board =
      world.engine().Current(core::CenterId("bench"));
  core::Actor nurse;
  nurse.account = core::AccountId("nurse");
  nurse.person = core::PersonId("nurse");
  nurse.organization = core::OrganizationId("clinic");
  nurse.roles = {core::Role::kRequester};
  core::SubmitCall command;
  const v1::SubmitCallRequest request = MakeRequest("x");
  command.short_patient.emplace();
  command.short_patient->display_name =
      PrivateText(request.short_patient().display_name());
  command.place.emplace();
  command.place->address = PrivateText(request.place().address());
  command.place->position = core::LatLng{35.70, 139.41};
  command.complaint = PrivateText(request.complaint());
  command.onset = PrivateText(request.onset());
  command.judgement = PrivateText(request.judgement());
  command.callback_phone = PrivateText(request.callback_phone());
  // A center of its own, so that the engine's is left alone.
  const core::CenterId center(absl::StrCat("rows-", group, "-", run));
  int64_t version = 0;
  int64_t sequence = 0;
  int next = 0;
  std::vector<absl::Duration> times;
  const absl::Time start = absl::Now();
  const absl::Time end = start + absl::Seconds(absl::GetFlag(FLAGS_seconds));
  absl::Duration deciding;
  while (absl::Now() < end) {
    const absl::Time before = absl::Now();
    store::Batch batch;
    batch.center = center;
    for (int i = 0; i < group; ++i) {
      const std::string id = absl::StrCat("row-", next++);
      command.call = core::CallId(id);
      auto decision = core::Decide(*board, command, nurse, before);
      if (!decision.ok()) {
        std::fprintf(stderr, "%s\n", decision.status().ToString().c_str());
        std::exit(1);
      }
      for (core::Event& event : decision->events) {
        for (const core::Record& record : event.records) {
          batch.records.push_back(record);
        }
        batch.journal.push_back({++sequence, std::move(event)});
      }
      batch.replies.push_back(
          {id, "0123456789abcdef0123456789abcdef", decision->subject, before});
    }
    const absl::Time decided = absl::Now();
    deciding += decided - before;
    const absl::Status status = world.store().Commit(batch, version++);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
      std::exit(1);
    }
    times.push_back(absl::Now() - decided);
  }
  const absl::Duration took = absl::Now() - start - deciding;
  return {static_cast<double>(next) / absl::ToDoubleSeconds(took),
          Quantile(times, 0.5), Quantile(times, 0.99)};
}

void Print(const char* what, int clients, const Figures& figures) {
  std::printf("%-28s %3d  %9.0f /s   p50 %7.2f ms   p99 %7.2f ms\n", what,
              clients, figures.per_second,
              absl::ToDoubleMilliseconds(figures.p50),
              absl::ToDoubleMilliseconds(figures.p99));
}

void Run() {
  World world({.plans = false});
  Echo echo;
  int echo_port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &echo_port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> echo_server = builder.BuildAndStart();

  std::printf("clients on the same machine; medians of %d runs of %d s\n",
              absl::GetFlag(FLAGS_runs), absl::GetFlag(FLAGS_seconds));
  std::atomic<int> serial{0};
  for (const std::string& clients : absl::GetFlag(FLAGS_clients)) {
    int count = 0;
    if (!absl::SimpleAtoi(clients, &count) || count < 1) {
      std::fprintf(stderr, "--clients: not a number: %s\n", clients.c_str());
      std::exit(2);
    }
    Clients real(count, [&] { return world.Connect(); });
    Clients echoing(count, [&] {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", echo_port),
                                       grpc::InsecureChannelCredentials(),
                                       arguments);
    });
    std::vector<Figures> submits, echoes, rows;
    for (int run = 0; run < absl::GetFlag(FLAGS_runs); ++run) {
      submits.push_back(Load(count, [&](int client, int) {
        real.Send(client, absl::StrCat("b", serial++),
                  world.requester_session());
      }));
      echoes.push_back(Load(count, [&](int client, int) {
        echoing.Send(client, absl::StrCat("e", serial++),
                     world.requester_session());
      }));
      rows.push_back(CommitRows(world, count, run));
    }
    const Figures submit = MedianOf(submits);
    const Figures echoed = MedianOf(echoes);
    const Figures committed = MedianOf(rows);
    Print("SubmitCall, durable", count, submit);
    Print("gRPC echo, same payload", count, echoed);
    Print("SQLite commit, same rows", count, committed);
    const double ceiling = std::min(echoed.per_second, committed.per_second);
    std::printf("%-28s %3d  %8.0f %%\n\n", "of the lower ceiling", count,
                100 * submit.per_second / ceiling);
  }
  echo_server->Shutdown();
}

}  // namespace
}  // namespace housecall::benchmarks

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  housecall::benchmarks::Run();
  return 0;
}
