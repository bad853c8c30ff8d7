// A house-call night as a file ("house-call-night/1") and as one side of the
// referee's protocol: what is known of a night, and what a policy is shown of
// it at one moment.
#ifndef HOUSECALL_DISPATCHER_NIGHT_NIGHT_H_
#define HOUSECALL_DISPATCHER_NIGHT_NIGHT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace housecall::night {

// Instants and spans are seconds, instants since the night's beginning, as in
// the format. Nodes, physicians, cars and calls are named by their indexes in
// these vectors, and in JSON by their ids.

struct Span {
  double begin = 0;
  double end = 0;
};

// In kilometres.
struct Node {
  double x = 0;
  double y = 0;
};

struct Physician {
  int id = 0;
  int home = 0;
  Span shift;
  std::vector<std::string> skills;
};

// With its driver.
struct Car {
  int id = 0;
  int base = 0;
  Span shift;
  // The physician whose own car it is: he drives himself, nobody else rides in
  // it, and it goes nowhere without him. None: it has a driver.
  std::optional<int> owner;
};

struct Call {
  int id = 0;
  int node = 0;
  double receive_time = 0;
  // "A", "B", "C".
  std::string urgency;
  std::string skill;
  double expected_visit = 0;
  std::optional<int> own_physician;
  // The simulator's secret.
  double actual_visit = 0;
};

// Seconds from each node to each node.
class Roads {
 public:
  int nodes() const { return static_cast<int>(rows_.size()); }
  double at(int from, int to) const { return rows_[from][to]; }
  // One node more.
  void Grow(const std::vector<double>& to, const std::vector<double>& from);
  void Set(std::vector<std::vector<double>> rows) { rows_ = std::move(rows); }

 private:
  std::vector<std::vector<double>> rows_;
};

// What is known before the night; a file has the calls too.
struct Night {
  std::string id;
  double horizon = 0;
  // Kilometres of road for one of straight line.
  double detour = 1;
  bool driver_waits = true;
  int seats = 1;
  // By urgency.
  std::map<std::string, double> targets;
  std::map<std::string, double> weights;
  std::vector<Node> nodes;
  std::vector<Physician> physicians;
  std::vector<Car> cars;
  std::vector<Call> calls;
  Roads expected;
  // Of a file only.
  Roads actual;
  // Likewise: the center's configuration where it says more than the above, by
  // the names and in the words of Settings (settings.h).
  std::map<std::string, std::string> policy;
};

enum class Op { kPick, kVisit, kHome, kGoto };

struct Stop {
  Op op = Op::kGoto;
  // Each where the op has it.
  int physician = -1;
  int call = -1;
  int node = -1;
  bool operator==(const Stop&) const = default;
};

struct CarNow {
  int node = 0;
  std::optional<Stop> current;
  // When and where the current stop will be over, and who will be in the car.
  double free_time = 0;
  int free_node = 0;
  std::vector<int> aboard_when_free;
  std::vector<Stop> plan;
};

enum class PhysicianState { kHome, kAboard, kServing, kReady };

struct PhysicianNow {
  PhysicianState state = PhysicianState::kHome;
  int node = 0;
  // The car that is under way to fetch him, or -1.
  int reserved = -1;
  int visits = 0;
  double free_time = 0;
};

// A call that waits.
struct CallNow {
  int id = 0;
  int node = 0;
  double receive_time = 0;
  double due_time = 0;
  std::string urgency;
  std::string skill;
  double expected_visit = 0;
  std::optional<int> own_physician;
};

// What a policy is shown. `cars` and `physicians` are those of the night, in
// its order; the calls are named by their ids.
struct Situation {
  double now = 0;
  std::vector<CarNow> cars;
  std::vector<PhysicianNow> physicians;
  std::vector<CallNow> calls;
};

// What the caller is told of the arrival: with the center's promise_share by
// then.
struct ToldArrival {
  // Its id.
  int call = 0;
  double by_time = 0;
  // A crew has accepted.
  bool has_crew = false;
};

// By the index of the car; those that are not in it keep their plans.
struct Orders {
  std::map<int, std::vector<Stop>> plans;
  // To be asked again then.
  std::optional<double> wake_time;
  // Told now, or told anew. The referee's protocol has no word for it.
  std::vector<ToldArrival> told;
  // Calls whose crew was told so before and is sent elsewhere instead.
  std::vector<int> taken_back;
};

// InvalidArgument says what is wrong, by path ("cars[2].shift"). Names and
// values of its policy are looked at by Settings::For.
absl::StatusOr<Night> ReadNight(absl::string_view json);

// The referee's side of the protocol, read line by line. Knows the ids.
class Protocol {
 public:
  // What a line was: a night begins, or orders are wanted.
  enum class Kind { kNight, kDecide };

  // Reads one line. After an error the situation is as before it; nodes that
  // the line revealed stay known.
  absl::StatusOr<Kind> Read(absl::string_view line);

  const Night& night() const { return night_; }
  const Situation& situation() const { return situation_; }
  bool has_night() const { return has_night_; }

  std::string Write(const Orders& orders) const;

 private:
  bool has_night_ = false;
  Night night_;
  Situation situation_;
};

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_NIGHT_H_
