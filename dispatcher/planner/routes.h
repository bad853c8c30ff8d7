// A night's routes: each car's physicians and stops in order, what such a plan
// costs, and where one more stop fits best. Arithmetic on indexes and minutes
// from now; knows nothing of calls and boards.
#ifndef HOUSECALL_DISPATCHER_PLANNER_ROUTES_H_
#define HOUSECALL_DISPATCHER_PLANNER_ROUTES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "dispatcher/planner/cost.h"

namespace housecall::planner {

inline constexpr double kNever = std::numeric_limits<double>::infinity();

// Nobody, nothing.
inline constexpr int kNone = -1;

// Minutes from each place to each place; kNever: no way. They are those of the
// quickest ways, of which none takes longer than over a third place: where that
// does not hold, Schedule::Best may miss a slot.
class TravelMatrix {
 public:
  explicit TravelMatrix(int places = 0)
      : places_(places),
        minutes_(static_cast<size_t>(places) * places, kNever) {
    for (int i = 0; i < places; ++i) at(i, i) = 0;
  }
  int places() const { return places_; }
  double& at(int from, int to) {
    return minutes_[static_cast<size_t>(from) * places_ + to];
  }
  double at(int from, int to) const {
    return minutes_[static_cast<size_t>(from) * places_ + to];
  }

 private:
  int places_;
  std::vector<double> minutes_;
};

// A car with its driver, or a physician's own wheels.
struct RouteWheels {
  // When the running visit or way is over, and where; minutes from now.
  double free_minutes = 0;
  int place = 0;
  // End of the duty.
  double end_minutes = kNever;
  // The physician who is in the car then; kNone: nobody.
  int aboard = kNone;
  // The one whose own wheels they are, and who is aboard unless another car
  // fetches him; kNone: a driver's, for anybody.
  int owner = kNone;
  // Added to the cost of each stop: the driver's share of the burden.
  double cost_per_stop = 0;
};

struct RoutePhysician {
  // When and from where he can be fetched: his place now, or where his running
  // visit ends. Not asked while he is aboard.
  double free_minutes = 0;
  int place = 0;
  // Where he is brought when another takes his seat.
  int home = 0;
  double end_minutes = kNever;
  // Whether a car may fetch him: false for one who is aboard.
  bool can_be_fetched = true;
};

// Calls at one address, seen in one visit.
struct RouteStop {
  int place = 0;
  double visit_minutes = 0;
  // Nobody begins before.
  double ready_minutes = 0;
  std::vector<WaitClock> clocks;
  // What it costs to serve it in no route of the plan.
  double unserved_cost = 0;
  // By physician, added to the cost; kNever: a rule stands in the way.
  std::vector<double> physician_costs;
  // By wheels, false: a rule stands in the way. Empty: none does.
  std::vector<char> wheels_allowed;
};

struct RouteProblem {
  // Shared by problems that differ in little. Never null.
  std::shared_ptr<const TravelMatrix> travel =
      std::make_shared<const TravelMatrix>();
  std::vector<RouteWheels> wheels;
  std::vector<RoutePhysician> physicians;
  std::vector<RouteStop> stops;
  // What a minute on the road costs.
  double cost_per_drive_minute = 0;
  // False: a driver is free at the door, and somebody brings the physician home
  // later: that costs the drive and no time of this car. He is in no later leg
  // of another car, as ever.
  bool driver_waits = true;
};

struct Leg {
  int stop = kNone;
  int physician = kNone;
  bool operator==(const Leg&) const = default;
};

// The way of one car. Where a leg's physician is not the one in the car, that
// one is brought home (or stays with his patient, where drivers do not wait)
// and the other is fetched.
struct Route {
  std::vector<Leg> legs;
  // The first leg does not begin before: the car is kept free until then.
  double hold_minutes = 0;
  bool operator==(const Route&) const = default;
};

// One route for each wheels. No physician is in two of them, and in each his
// legs follow one another.
using RoutePlan = std::vector<Route>;

// A plan under construction, with the state of each car before each leg, so
// that one more stop is tried quickly. Borrows the problem.
class Schedule {
 public:
  // A car before a leg, or after the last one.
  struct State {
    double time = 0;
    int place = 0;
    int physician = kNone;
    // Of the legs so far.
    double cost = 0;
    // Arrival at the stop of the leg before; 0 at the start.
    double arrive = 0;
    // The physician is with that patient, and the car may leave without him as
    // soon as it is there; `time` is when he is done.
    bool may_leave = false;
    // The leg waited for nothing: had the one before ended later, so would it.
    bool is_tight = false;
    // When the next leg may begin, with the same physician or another.
    double BeginWith(int next) const {
      return may_leave && next != physician ? arrive : time;
    }
    double Earliest() const { return may_leave ? arrive : time; }
  };
  // Where a stop fits, and by how much the plan's cost grows.
  struct Slot {
    int wheels = kNone;
    int position = 0;
    int physician = kNone;
    double cost = kNever;
    bool found() const { return wheels != kNone; }
  };

  explicit Schedule(const RouteProblem* problem);

  // The state after one leg; time is kNever if the end of a duty or the road
  // forbids it.
  State After(const State& before, int wheels, const RouteStop& stop,
              int physician, double not_before) const;

  // Takes the plan, leaving out legs that a rule forbids, that name somebody
  // twice, or that do not exist.
  void Set(const RoutePlan& plan);
  RoutePlan Plan() const;

  // The cheapest slot, or none. Nothing that begins before `since` is changed,
  // and the stop is not begun before it: it becomes known then. The
  // `first_wheels` are tried first (kNone: those of number 0): a slot that is
  // cheap early saves looking at others.
  Slot Best(const RouteStop& stop, double since = 0,
            int first_wheels = kNone) const;
  void Insert(const Slot& slot, int stop);
  // As Insert, for a stop that is not the problem's: Best must have been asked
  // with it, and it must live as long as the schedule.
  void InsertForeign(const Slot& slot, const RouteStop& stop, double since);
  // Of the stop; nothing if it is in no route.
  void Remove(int stop);

  void SetHold(int wheels, double minutes);

  // Becomes `kept` again, from which nothing but Insert, InsertForeign and
  // Remove have led since the last Keep; quicker than a copy. The steps stay.
  void Keep() { changed_.assign(routes_.size(), 0); }
  void RevertTo(const Schedule& kept);
  // The same the other way round: `kept` becomes this one.
  void CopyChangesTo(Schedule* kept);

  // Of all legs and of the stops that are in no route.
  double cost() const;
  bool IsPlanned(int stop) const { return wheels_of_[stop] != kNone; }
  int WheelsOf(int stop) const { return wheels_of_[stop]; }
  // Of the route that it was taken from last; kNone: from none so far.
  int LastWheelsOf(int stop) const { return last_wheels_of_[stop]; }
  const Route& route(int wheels) const { return routes_[wheels].route; }
  // One more than the legs.
  const std::vector<State>& states(int wheels) const {
    return routes_[wheels].states;
  }
  // Legs looked at so far: what searching costs, the same on every machine
  // (some 20 ns each).
  int64_t steps() const { return steps_; }
  void CountSteps(int64_t steps) { steps_ += steps; }
  bool IsPhysicianUsed(int physician) const {
    return wheels_of_physician_[physician] != kNone;
  }

 private:
  struct Timed {
    Route route;
    std::vector<State> states;
    // By leg: not begun before, because it was not known; and the stop.
    std::vector<double> since;
    std::vector<const RouteStop*> stops;
    // By leg: what each minute by which it begins later adds to the cost, at
    // the least.
    std::vector<double> delay_rates;
  };

  // True of a physician with wheels of his own whom another car fetches.
  bool IsUsedElsewhere(int physician, int wheels) const {
    return wheels_of_physician_[physician] != kNone &&
           wheels_of_physician_[physician] != wheels;
  }
  void Retime(int wheels, size_t from);
  static void RateDelays(Timed* timed);
  void Erase(int wheels, size_t position);
  // The cheapest slot so far, of whose stop.
  struct Finding;
  void TryWheels(int wheels, Finding* finding) const;
  // Whether the one who is aboard can end the visit before his duty does.
  bool IsInTime(const State& state, int wheels, const RouteStop& stop,
                int physician, double since) const;
  double CostWith(const Timed& timed, int wheels, size_t position,
                  const RouteStop& stop, int physician, double since,
                  double limit) const;
  void InsertAt(const Slot& slot, int index, const RouteStop* stop,
                double since);

  const RouteProblem* problem_;
  std::vector<Timed> routes_;
  std::vector<int> wheels_of_;
  std::vector<int> last_wheels_of_;
  std::vector<int> wheels_of_physician_;
  // By wheels, since the last Keep.
  std::vector<char> changed_;
  // Only to save allocations.
  mutable std::vector<int> free_physicians_;
  double unserved_cost_ = 0;
  mutable int64_t steps_ = 0;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_ROUTES_H_
