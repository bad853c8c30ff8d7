#include "dispatcher/night/simulator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>

#include "dispatcher/base/status_macros.h"

namespace housecall::night {

namespace {

// What is under way and overdue is expected to be over soon.
constexpr double kSoonArrived = 30;
constexpr double kSoonBoarded = 60;
constexpr double kSoonServed = 120;
// A call that is never served counts until so long after the night.
constexpr double kUnservedSeconds = 3600;

enum class Phase { kNone, kDrive, kWait, kServe };

struct CarRun {
  int node = 0;
  int destination = 0;
  std::vector<int> aboard;
  std::vector<Stop> plan;
  std::optional<Stop> current;
  Phase phase = Phase::kNone;
  double begin = 0;
  double expected_arrival = 0;
};

struct PhysicianRun {
  int node = 0;
  PhysicianState state = PhysicianState::kHome;
  int reserved = -1;
  double expected_free = 0;
  int visits = 0;
  double overtime = 0;
};

enum class CallPhase { kFuture, kWaiting, kEnRoute, kServing, kDone };

struct CallRun {
  CallPhase phase = CallPhase::kFuture;
  int told_physician = -1;
};

// kServed: the driver has waited; kServedAlone: he has not.
enum class EventKind { kCall, kShift, kArrive, kServed, kServedAlone, kWake };

struct Event {
  double time = 0;
  int64_t order = 0;
  EventKind kind = EventKind::kWake;
  // The call (kCall, kServedAlone) or the car.
  int index = -1;
  bool operator>(const Event& other) const {
    return std::tie(time, order) > std::tie(other.time, other.order);
  }
};

// Nearest rank.
double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const int rank =
      static_cast<int>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp(rank - 1, 0, static_cast<int>(values.size()) - 1)];
}

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

class Simulation {
 public:
  Simulation(const Night& night, const SimulateOptions& options)
      : night_(night),
        options_(options),
        cars_(night.cars.size()),
        physicians_(night.physicians.size()),
        calls_(night.calls.size()) {
    for (size_t i = 0; i < cars_.size(); ++i) {
      cars_[i].node = cars_[i].destination = night.cars[i].base;
    }
    for (size_t i = 0; i < physicians_.size(); ++i) {
      physicians_[i].node = night.physicians[i].home;
    }
    result_.calls.resize(night.calls.size());
    // What is known before the first call: everything up to its node, and where
    // people begin.
    known_ = night;
    known_.calls.clear();
    known_.actual = Roads();
    int known_nodes = static_cast<int>(night.nodes.size());
    for (const Call& call : night.calls) {
      known_nodes = std::min(known_nodes, call.node);
    }
    for (const Car& car : night.cars) {
      known_nodes = std::max(known_nodes, car.base + 1);
    }
    for (const Physician& physician : night.physicians) {
      known_nodes = std::max(known_nodes, physician.home + 1);
    }
    known_.nodes.clear();
    known_.expected = Roads();
    while (static_cast<int>(known_.nodes.size()) < known_nodes) RevealNode();
    for (size_t i = 0; i < night.calls.size(); ++i) {
      Push(night.calls[i].receive_time, EventKind::kCall, static_cast<int>(i));
      call_index_[night.calls[i].id] = static_cast<int>(i);
    }
    for (const Car& car : night.cars) PushShift(car.shift);
    for (const Physician& physician : night.physicians) {
      PushShift(physician.shift);
    }
    Push(0, EventKind::kShift, -1);
  }

  const Night* known_night() const { return &known_; }

  NightResult Run(const Policy& policy) {
    while (!events_.empty()) {
      const double time = events_.top().time;
      if (time > night_.horizon &&
          std::none_of(cars_.begin(), cars_.end(), [](const CarRun& car) {
            return car.current.has_value();
          })) {
        break;
      }
      now_ = time;
      if (options_.progress) options_.progress(std::min(now_, night_.horizon));
      while (!events_.empty() && events_.top().time == time) {
        const Event event = events_.top();
        events_.pop();
        Happen(event);
      }
      if (now_ >= night_.horizon) {
        BringHome();
      } else {
        ++result_.metrics.decisions;
        Obey(policy(Look()));
      }
    }
    Reckon();
    return std::move(result_);
  }

 private:
  void Push(double time, EventKind kind, int index) {
    events_.push({time, ++order_, kind, index});
  }
  void PushShift(const Span& shift) {
    Push(shift.begin, EventKind::kShift, -1);
    Push(shift.end, EventKind::kShift, -1);
  }

  void RevealNode() {
    const int node = static_cast<int>(known_.nodes.size());
    std::vector<double> to;
    std::vector<double> from;
    for (int i = 0; i < node; ++i) {
      to.push_back(night_.expected.at(i, node));
      from.push_back(night_.expected.at(node, i));
    }
    known_.nodes.push_back(night_.nodes[node]);
    known_.expected.Grow(to, from);
  }

  double Km(int from, int to) const {
    const Node& a = night_.nodes[from];
    const Node& b = night_.nodes[to];
    return night_.detour * std::hypot(a.x - b.x, a.y - b.y);
  }

  void Happen(const Event& event) {
    switch (event.kind) {
      case EventKind::kCall:
        calls_[event.index].phase = CallPhase::kWaiting;
        while (static_cast<int>(known_.nodes.size()) <=
               night_.calls[event.index].node) {
          RevealNode();
        }
        break;
      case EventKind::kShift:
        for (CarRun& car : cars_) {
          if (car.phase == Phase::kWait) TryBoard(car);
        }
        break;
      case EventKind::kArrive:
        Arrive(event.index);
        break;
      case EventKind::kServed: {
        CarRun& car = cars_[event.index];
        calls_[call_index_.at(car.current->call)].phase = CallPhase::kDone;
        physicians_[car.current->physician].state = PhysicianState::kAboard;
        Finish(car);
        break;
      }
      case EventKind::kServedAlone: {
        calls_[event.index].phase = CallPhase::kDone;
        const int physician = result_.calls[event.index].physician;
        physicians_[physician].state = PhysicianState::kReady;
        for (CarRun& car : cars_) {
          if (car.phase == Phase::kWait &&
              car.current->physician == physician) {
            TryBoard(car);
          }
        }
        break;
      }
      case EventKind::kWake:
        break;
    }
  }

  // --- Stops ---

  // Whether the driver stays with the physician during a visit. One who drives
  // himself has no choice.
  bool Waits(const CarRun& car) const {
    return night_.driver_waits ||
           night_.cars[&car - cars_.data()].owner.has_value();
  }

  bool MayBegin(const CarRun& car, int index, const Stop& stop) const {
    const std::optional<int> owner = night_.cars[index].owner;
    if (stop.op == Op::kGoto) return !owner.has_value() || !car.aboard.empty();
    const PhysicianRun& physician = physicians_[stop.physician];
    const bool is_aboard =
        std::count(car.aboard.begin(), car.aboard.end(), stop.physician) > 0;
    if (owner.has_value() && !is_aboard &&
        (stop.physician != *owner || physician.node != car.node)) {
      return false;
    }
    const Span& shift = night_.physicians[stop.physician].shift;
    const double car_end = night_.cars[index].shift.end;
    switch (stop.op) {
      case Op::kGoto:
        return true;
      case Op::kHome:
        return is_aboard;
      case Op::kPick:
        return physician.state != PhysicianState::kAboard &&
               (physician.reserved < 0 || physician.reserved == index) &&
               now_ < shift.end && now_ < car_end && HasSeat(car);
      case Op::kVisit: {
        const auto found = call_index_.find(stop.call);
        if (!is_aboard || found == call_index_.end() ||
            calls_[found->second].phase != CallPhase::kWaiting) {
          return false;
        }
        const Call& call = night_.calls[found->second];
        const std::vector<std::string>& skills =
            night_.physicians[stop.physician].skills;
        return std::count(skills.begin(), skills.end(), call.skill) > 0 &&
               now_ + night_.expected.at(car.node, call.node) +
                       call.expected_visit <=
                   std::min(shift.end, car_end);
      }
    }
    return false;
  }

  // A driver who waits has one physician.
  bool HasSeat(const CarRun& car) const {
    return Waits(car) ? car.aboard.empty()
                      : static_cast<int>(car.aboard.size()) < night_.seats;
  }

  void BeginNext(int index) {
    CarRun& car = cars_[index];
    if (car.current.has_value() || car.plan.empty()) return;
    const Stop stop = car.plan.front();
    car.plan.erase(car.plan.begin());
    if (!MayBegin(car, index, stop)) {
      ++result_.metrics.rejected;
      car.plan.clear();
      return;
    }
    int destination = stop.node;
    switch (stop.op) {
      case Op::kGoto:
        break;
      case Op::kHome:
        destination = night_.physicians[stop.physician].home;
        break;
      case Op::kPick:
        destination = physicians_[stop.physician].node;
        physicians_[stop.physician].reserved = index;
        break;
      case Op::kVisit: {
        const int call = call_index_.at(stop.call);
        destination = night_.calls[call].node;
        calls_[call].phase = CallPhase::kEnRoute;
        result_.calls[call].physician = stop.physician;
        result_.calls[call].car = index;
        break;
      }
    }
    car.current = stop;
    car.phase = Phase::kDrive;
    car.destination = destination;
    car.begin = now_;
    km_ += Km(car.node, destination);
    car.expected_arrival = now_ + night_.expected.at(car.node, destination);
    Push(now_ + night_.actual.at(car.node, destination), EventKind::kArrive,
         index);
  }

  void Arrive(int index) {
    CarRun& car = cars_[index];
    car.node = car.destination;
    const Stop& stop = *car.current;
    switch (stop.op) {
      case Op::kGoto:
        Finish(car);
        break;
      case Op::kHome: {
        PhysicianRun& physician = physicians_[stop.physician];
        car.aboard.erase(
            std::find(car.aboard.begin(), car.aboard.end(), stop.physician));
        physician.state = PhysicianState::kHome;
        physician.node = night_.physicians[stop.physician].home;
        physician.overtime +=
            std::max(0.0, now_ - night_.physicians[stop.physician].shift.end);
        Finish(car);
        break;
      }
      case Op::kPick:
        TryBoard(car);
        break;
      case Op::kVisit: {
        const int index_of_call = call_index_.at(stop.call);
        const Call& call = night_.calls[index_of_call];
        PhysicianRun& physician = physicians_[stop.physician];
        calls_[index_of_call].phase = CallPhase::kServing;
        result_.calls[index_of_call].arrive = now_;
        ++physician.visits;
        physician.state = PhysicianState::kServing;
        physician.node = call.node;
        physician.expected_free = now_ + call.expected_visit;
        if (Waits(car)) {
          car.phase = Phase::kServe;
          Push(now_ + call.actual_visit, EventKind::kServed, index);
          break;
        }
        car.aboard.erase(
            std::find(car.aboard.begin(), car.aboard.end(), stop.physician));
        Push(now_ + call.actual_visit, EventKind::kServedAlone, index_of_call);
        Finish(car);
        break;
      }
    }
  }

  void TryBoard(CarRun& car) {
    const int index = car.current->physician;
    PhysicianRun& physician = physicians_[index];
    const bool may = (physician.state == PhysicianState::kHome ||
                      physician.state == PhysicianState::kReady) &&
                     now_ >= night_.physicians[index].shift.begin;
    if (!may) {
      car.phase = Phase::kWait;
      return;
    }
    physician.state = PhysicianState::kAboard;
    physician.reserved = -1;
    car.aboard.push_back(index);
    Finish(car);
  }

  void Finish(CarRun& car) {
    TimelineEntry entry;
    entry.begin = car.begin;
    entry.end = now_;
    entry.car = static_cast<int>(&car - cars_.data());
    entry.stop = *car.current;
    if (entry.stop.op == Op::kVisit) {
      entry.arrive = *result_.calls[call_index_.at(entry.stop.call)].arrive;
    }
    result_.timeline.push_back(entry);
    car.current.reset();
    car.phase = Phase::kNone;
  }

  // --- What a policy sees, and what it wants ---

  double FreeTime(const CarRun& car) const {
    if (!car.current.has_value()) return now_;
    const Stop& stop = *car.current;
    const auto boarding = [&] {
      const PhysicianRun& physician = physicians_[stop.physician];
      return std::max(night_.physicians[stop.physician].shift.begin,
                      physician.state == PhysicianState::kServing
                          ? physician.expected_free
                          : 0);
    };
    switch (car.phase) {
      case Phase::kDrive: {
        const double arrive =
            std::max(car.expected_arrival, now_ + kSoonArrived);
        if (stop.op == Op::kVisit && Waits(car)) {
          return arrive +
                 night_.calls[call_index_.at(stop.call)].expected_visit;
        }
        return stop.op == Op::kPick ? std::max(arrive, boarding()) : arrive;
      }
      case Phase::kServe:
        return std::max(physicians_[stop.physician].expected_free,
                        now_ + kSoonServed);
      case Phase::kWait:
        return std::max(now_ + kSoonBoarded, boarding());
      case Phase::kNone:
        return now_;
    }
    return now_;
  }

  Situation Look() const {
    Situation situation;
    situation.now = now_;
    for (const CarRun& car : cars_) {
      CarNow now;
      now.node = car.node;
      now.current = car.current;
      now.free_time = FreeTime(car);
      now.free_node = car.current.has_value() ? car.destination : car.node;
      now.aboard_when_free = car.aboard;
      if (car.current.has_value()) {
        std::vector<int>& aboard = now.aboard_when_free;
        if (car.current->op == Op::kPick) {
          aboard.push_back(car.current->physician);
        }
        if (car.current->op == Op::kHome ||
            (car.current->op == Op::kVisit && !Waits(car))) {
          const auto found =
              std::find(aboard.begin(), aboard.end(), car.current->physician);
          if (found != aboard.end()) aboard.erase(found);
        }
      }
      now.plan = car.plan;
      situation.cars.push_back(std::move(now));
    }
    for (const PhysicianRun& physician : physicians_) {
      PhysicianNow now;
      now.state = physician.state;
      now.node = physician.node;
      now.reserved = physician.reserved;
      now.visits = physician.visits;
      now.free_time = physician.expected_free;
      situation.physicians.push_back(now);
    }
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i].phase != CallPhase::kWaiting) continue;
      const Call& from = night_.calls[i];
      CallNow call;
      call.id = from.id;
      call.node = from.node;
      call.receive_time = from.receive_time;
      call.due_time = DueTime(from);
      call.urgency = from.urgency;
      call.skill = from.skill;
      call.expected_visit = from.expected_visit;
      call.own_physician = from.own_physician;
      situation.calls.push_back(std::move(call));
    }
    return situation;
  }

  double DueTime(const Call& call) const {
    return call.receive_time + night_.targets.at(call.urgency);
  }

  void Obey(const Orders& orders) {
    for (const auto& [car, plan] : orders.plans) cars_[car].plan = plan;
    if (orders.wake_time.has_value()) {
      Push(std::max(now_ + 1, *orders.wake_time), EventKind::kWake, -1);
    }
    told_.insert(told_.end(), orders.told.begin(), orders.told.end());
    changes_ += static_cast<int>(orders.taken_back.size());
    std::vector<std::pair<int, int>> told;
    for (size_t i = 0; i < cars_.size(); ++i) {
      CarRun& car = cars_[i];
      BeginNext(static_cast<int>(i));
      if (!car.current.has_value() && car.plan.empty() && !car.aboard.empty() &&
          now_ >= std::min(night_.cars[i].shift.end,
                           night_.physicians[car.aboard.front()].shift.end)) {
        car.plan = {{Op::kHome, car.aboard.front(), -1, -1}};
        BeginNext(static_cast<int>(i));
      }
      for (const Stop& stop : car.plan) {
        if (stop.op == Op::kVisit) told.push_back({stop.call, stop.physician});
      }
      if (car.current.has_value() && car.current->op == Op::kVisit &&
          car.phase == Phase::kDrive && car.begin == now_) {
        told.push_back({car.current->call, car.current->physician});
      }
    }
    for (const auto& [id, physician] : told) {
      CallRun& call = calls_[call_index_.at(id)];
      changes_ += call.told_physician >= 0 && call.told_physician != physician;
      call.told_physician = physician;
    }
  }

  // The night is over.
  void BringHome() {
    for (size_t i = 0; i < cars_.size(); ++i) {
      CarRun& car = cars_[i];
      car.plan.clear();
      if (car.current.has_value() || car.aboard.empty()) continue;
      car.plan = {{Op::kHome, car.aboard.front(), -1, -1}};
      BeginNext(static_cast<int>(i));
    }
  }

  // --- Figures ---

  struct Minutes {
    std::vector<double> response;
    std::vector<double> tardiness;
  };

  static ResponseFigures FiguresOf(const Minutes& minutes) {
    ResponseFigures figures;
    figures.calls = static_cast<int>(minutes.response.size());
    if (figures.calls == 0) return figures;
    figures.mean_tardiness = Mean(minutes.tardiness);
    figures.mean_response = Mean(minutes.response);
    figures.p90_response = Quantile(minutes.response, 0.9);
    for (double late : minutes.tardiness) {
      figures.late_share += late > 0 ? 1.0 / figures.calls : 0;
    }
    return figures;
  }

  void Reckon() {
    Metrics& metrics = result_.metrics;
    Minutes all;
    std::map<std::string, Minutes> by_urgency;
    int own = 0;
    int own_served = 0;
    double weighted = 0;
    for (size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = night_.calls[i];
      const CallOutcome& outcome = result_.calls[i];
      metrics.unserved += !outcome.arrive.has_value();
      const double arrive =
          outcome.arrive.value_or(night_.horizon + kUnservedSeconds);
      const double response = (arrive - call.receive_time) / 60;
      const double late = std::max(0.0, arrive - DueTime(call)) / 60;
      weighted += night_.weights.at(call.urgency) * late;
      for (Minutes* minutes : {&all, &by_urgency[call.urgency]}) {
        minutes->response.push_back(response);
        minutes->tardiness.push_back(late);
      }
      if (!call.own_physician.has_value()) continue;
      const Span& shift = night_.physicians[*call.own_physician].shift;
      if (shift.begin <= call.receive_time &&
          call.receive_time < shift.end - 3600) {
        ++own;
        own_served += outcome.physician == *call.own_physician;
      }
    }
    const double count =
        std::max<double>(1, static_cast<double>(calls_.size()));
    metrics.weighted_tardiness = weighted / count;
    metrics.all = FiguresOf(all);
    for (const auto& [urgency, minutes] : by_urgency) {
      metrics.by_urgency[urgency] = FiguresOf(minutes);
    }
    metrics.km_per_call = km_ / count;
    if (own > 0) metrics.own_share = static_cast<double>(own_served) / own;
    std::vector<double> burden;
    for (size_t i = 0; i < physicians_.size(); ++i) {
      const Span& shift = night_.physicians[i].shift;
      burden.push_back(physicians_[i].visits * 3600 /
                       std::max(1.0, shift.end - shift.begin));
      metrics.overtime_minutes += physicians_[i].overtime / 60;
    }
    if (const double mean = Mean(burden); mean > 0) {
      double square = 0;
      for (double one : burden) square += (one - mean) * (one - mean);
      metrics.burden_spread =
          std::sqrt(square / static_cast<double>(burden.size())) / mean;
    }
    metrics.changes_per_call = changes_ / count;
    for (const ToldArrival& told : told_) {
      const auto call = call_index_.find(told.call);
      if (call == call_index_.end()) continue;
      const std::optional<double>& arrive = result_.calls[call->second].arrive;
      // Less than a second is rounding, of which people see nothing.
      constexpr double kSecond = 1;
      const bool held = arrive.has_value() && *arrive < told.by_time + kSecond;
      metrics.promises.told += 1;
      metrics.promises.held += held;
      metrics.promises_with_crew.told += told.has_crew;
      metrics.promises_with_crew.held += told.has_crew && held;
    }
    std::stable_sort(result_.timeline.begin(), result_.timeline.end(),
                     [](const TimelineEntry& a, const TimelineEntry& b) {
                       return std::tie(a.begin, a.car) <
                              std::tie(b.begin, b.car);
                     });
  }

  const Night& night_;
  const SimulateOptions& options_;
  Night known_;
  double now_ = 0;
  int64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events_;
  std::vector<CarRun> cars_;
  std::vector<PhysicianRun> physicians_;
  std::vector<CallRun> calls_;
  // By id.
  std::map<int, int> call_index_;
  double km_ = 0;
  int changes_ = 0;
  std::vector<ToldArrival> told_;
  NightResult result_;
};

}  // namespace

absl::StatusOr<NightResult> Simulate(const Night& night,
                                     const MakePolicy& make_policy,
                                     const SimulateOptions& options) {
  Simulation simulation(night, options);
  ASSIGN_OR_RETURN(const Policy policy, make_policy(simulation.known_night()));
  return simulation.Run(policy);
}

}  // namespace housecall::night
