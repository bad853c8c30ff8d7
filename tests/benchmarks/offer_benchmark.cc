// From SubmitCall to the first offer at the physician's stream, in a center
// with 40 physicians, 30 cars and 100 open calls. The 100 wait for a skill that
// nobody on duty has, so that each plan has to look at all of them.
//
//   offer_benchmark [--map=FILE.map] [--position=LAT,LNG] [--calls=100]

#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "housecall/v1/call_service.grpc.pb.h"
#include "housecall/v1/visit_service.grpc.pb.h"
#include "router/map_file.h"
#include "router/router.h"
#include "tests/benchmarks/world.h"

ABSL_FLAG(std::string, map, "", "The map; none: straight lines.");
ABSL_FLAG(std::string, position, "35.698,139.413", "The center's place.");
ABSL_FLAG(int, calls, 100, "Calls that are measured.");

namespace housecall::benchmarks {
namespace {

constexpr int kPhysicians = 40;
constexpr int kDrivers = 30;
constexpr int kOpenCalls = 100;

// When each call was first offered on some physician's stream.
struct Offers {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, absl::Time> first;
};

void Check(const grpc::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.error_message().c_str());
  std::exit(1);
}

void Watch(World& world, int physician, grpc::ClientContext* context,
           Offers* offers) {
  const auto stub = v1::VisitService::NewStub(world.Connect());
  context->AddMetadata("authorization", world.physician_session(physician));
  const auto stream = stub->WatchDuty(context, v1::WatchDutyRequest());
  v1::DutyView view;
  while (stream->Read(&view)) {
    const absl::Time now = absl::Now();
    std::lock_guard<std::mutex> lock(offers->mutex);
    for (const v1::Offer& offer : view.offers()) {
      for (const std::string& call : offer.calls()) {
        offers->first.emplace(call, now);
      }
    }
    offers->changed.notify_all();
  }
}

// Places around the center, within some 2 km, that a road leads to.
std::vector<core::LatLng> ReachablePlaces(
    const core::LatLng& center, const router::TravelTimeSource& travel_times) {
  std::vector<core::LatLng> places;
  for (int i = 0; i < 40; ++i) {
    const core::LatLng place = {center.latitude + 0.0007 * (i - 20),
                                center.longitude + 0.0009 * (i * 7 % 40 - 20)};
    const auto times = travel_times.Times({{center.latitude, center.longitude}},
                                          {{place.latitude, place.longitude}});
    if (times.ok() && times->at(0, 0).reachable) places.push_back(place);
  }
  return places;
}

void Run() {
  WorldOptions options{
      .physicians = kPhysicians, .drivers = kDrivers, .patients = 0};
  const std::vector<std::string> parts =
      absl::StrSplit(absl::GetFlag(FLAGS_position), ',');
  if (parts.size() != 2 ||
      !absl::SimpleAtod(parts[0], &options.position.latitude) ||
      !absl::SimpleAtod(parts[1], &options.position.longitude)) {
    std::fprintf(stderr, "--position: must be LAT,LNG\n");
    std::exit(2);
  }
  std::unique_ptr<router::TravelTimeSource> roads;
  if (!absl::GetFlag(FLAGS_map).empty()) {
    auto map = router::OpenMap(absl::GetFlag(FLAGS_map));
    if (!map.ok()) {
      std::fprintf(stderr, "%s\n", map.status().ToString().c_str());
      std::exit(1);
    }
    roads = std::make_unique<router::RoadTravelTimes>(*std::move(map));
    options.travel_times = roads.get();
  }
  World world(options);
  Offers offers;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::thread> watchers;
  for (int i = 0; i < kPhysicians; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    watchers.emplace_back([&, i] {
      Watch(world, i, contexts[static_cast<size_t>(i)].get(), &offers);
    });
  }

  const std::unique_ptr<const router::TravelTimeSource> times_of_center =
      world.engine().RoadsOf(*world.engine().Current(core::CenterId("bench")));
  const std::vector<core::LatLng> places =
      ReachablePlaces(options.position, *times_of_center);
  if (places.empty()) {
    std::fprintf(stderr, "--position: the map has no road around it\n");
    std::exit(2);
  }
  const auto stub = v1::CallService::NewStub(world.Connect());
  const auto submit = [&](const std::string& id, int place, bool rare) {
    v1::SubmitCallRequest request;
    request.set_call("centers/bench/calls/" + id);
    request.set_request_id(id);
    request.mutable_short_patient()->set_display_name("見本");
    const core::LatLng& at = places[static_cast<size_t>(place) % places.size()];
    auto* position = request.mutable_place()->mutable_position();
    position->set_latitude(at.latitude);
    position->set_longitude(at.longitude);
    request.mutable_place()->set_address("見本町");
    request.set_complaint("発熱");
    request.set_judgement("今夜の診察が必要");
    request.set_callback_phone("042-000-0000");
    if (rare) request.add_required_skills(v1::SKILL_VENTILATOR);
    grpc::ClientContext context;
    context.AddMetadata("authorization", world.requester_session());
    v1::Call call;
    Check(stub->SubmitCall(&context, request, &call), "SubmitCall");
  };
  const auto triage = [&](const std::string& id) {
    v1::TriageCallRequest request;
    request.set_call("centers/bench/calls/" + id);
    request.set_request_id("t-" + id);
    request.set_disposition(v1::DISPOSITION_VISIT);
    request.set_urgency(v1::URGENCY_URGENT);
    grpc::ClientContext context;
    context.AddMetadata("authorization", world.operator_session());
    v1::Call call;
    Check(stub->TriageCall(&context, request, &call), "TriageCall");
  };
  for (int i = 0; i < kOpenCalls; ++i) {
    const std::string id = absl::StrCat("open-", i);
    submit(id, i, true);
    triage(id);
  }

  std::vector<absl::Duration> times;
  for (int i = 0; i < absl::GetFlag(FLAGS_calls); ++i) {
    const std::string id = absl::StrCat("new-", i);
    const std::string name = "centers/bench/calls/" + id;
    const absl::Time start = absl::Now();
    submit(id, i * 3 + 1, false);
    triage(id);
    {
      std::unique_lock<std::mutex> lock(offers.mutex);
      const bool offered =
          offers.changed.wait_for(lock, std::chrono::seconds(60),
                                  [&] { return offers.first.count(name) > 0; });
      if (!offered) {
        std::fprintf(stderr, "no offer for %s within 60 s\n", id.c_str());
        std::exit(1);
      }
      times.push_back(offers.first[name] - start);
    }
    // The crew is free again for the next one.
    grpc::ClientContext context;
    context.AddMetadata("authorization", world.requester_session());
    v1::GetCallRequest get;
    get.set_name(name);
    v1::Call call;
    Check(stub->GetCall(&context, get, &call), "GetCall");
    v1::CancelCallRequest cancel;
    cancel.set_call(name);
    cancel.set_etag(call.etag());
    cancel.set_reason("benchmark");
    cancel.set_request_id("c-" + id);
    grpc::ClientContext cancel_context;
    cancel_context.AddMetadata("authorization", world.operator_session());
    Check(stub->CancelCall(&cancel_context, cancel, &call), "CancelCall");
  }
  for (const auto& context : contexts) context->TryCancel();
  for (std::thread& thread : watchers) thread.join();
  std::printf(
      "SubmitCall + TriageCall to the first offer on a stream, %d physicians, "
      "%d cars, %d open calls, %s: p50 %.1f ms, p99 %.1f ms (%d calls)\n",
      kPhysicians, kDrivers, kOpenCalls, times_of_center->description().c_str(),
      absl::ToDoubleMilliseconds(Quantile(times, 0.5)),
      absl::ToDoubleMilliseconds(Quantile(times, 0.99)),
      static_cast<int>(times.size()));
}

}  // namespace
}  // namespace housecall::benchmarks

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  housecall::benchmarks::Run();
  return 0;
}
