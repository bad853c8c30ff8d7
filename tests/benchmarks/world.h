// A running dispatcher for benchmarks: a SQLite file, the engine, the server on
// loopback, and an invented center with people who are logged in.
#ifndef HOUSECALL_TESTS_BENCHMARKS_WORLD_H_
#define HOUSECALL_TESTS_BENCHMARKS_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/server/server.h"
#include "dispatcher/store/store.h"
#include "grpcpp/grpcpp.h"
#include "router/travel_time_source.h"

namespace housecall::benchmarks {

struct WorldOptions {
  int physicians = 0;
  int drivers = 0;
  int patients = 0;
  // The engine matches by itself.
  bool plans = true;
  // None: straight lines.
  const router::TravelTimeSource* travel_times = nullptr;
  // Where the center is, and how far from it people and patients are.
  core::LatLng position = {35.698, 139.413};
  double radius_degrees = 0.02;
};

// One center "bench". CHECK-fails when something cannot be made: a benchmark
// has nobody to tell.
class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  engine::Engine& engine() { return *engine_; }
  store::Store& store() { return *store_; }
  // A channel of its own for each client, as separate machines would have.
  std::shared_ptr<grpc::Channel> Connect() const;
  // Logs a person in; the value of the "authorization" header.
  const std::string& operator_session() const { return operator_session_; }
  const std::string& requester_session() const { return requester_session_; }
  // Of physician i.
  const std::string& physician_session(int i) const {
    return physician_sessions_[static_cast<size_t>(i)];
  }
  std::string PatientName(int i) const;

 private:
  void Do(core::Command command);
  std::string LogIn(const core::PersonId& person, core::Role role);
  void AddPerson(const std::string& id, core::Role role, int index);
  core::LatLng Place(int index) const;

  const WorldOptions options_;
  const RealClock clock_;
  const router::StraightLine straight_line_;
  std::string folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<server::Server> server_;
  std::string operator_session_;
  std::string requester_session_;
  std::vector<std::string> physician_sessions_;
};

// The q-quantile (0 to 1) of some durations, which are sorted for it.
absl::Duration Quantile(std::vector<absl::Duration> values, double q);

}  // namespace housecall::benchmarks

#endif  // HOUSECALL_TESTS_BENCHMARKS_WORLD_H_
