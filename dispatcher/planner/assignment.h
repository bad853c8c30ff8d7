// Which physician goes where with which wheels: the three-way assignment of
// stops, physicians and drivers. Arithmetic on indexes; knows nothing of calls.
#ifndef HOUSECALL_DISPATCHER_PLANNER_ASSIGNMENT_H_
#define HOUSECALL_DISPATCHER_PLANNER_ASSIGNMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace housecall::planner {

// The value of a crew that cannot be.
inline constexpr int64_t kImpossible = int64_t{1} << 60;

// What it is worth to serve each stop with each crew; less is better. A stop
// that nobody serves counts 0, so that only crews below 0 are ever sent.
class CrewProblem {
 public:
  CrewProblem(int stops, int physicians, int drivers);

  int stops() const { return stops_; }
  int physicians() const { return physicians_; }
  int drivers() const { return drivers_; }
  // Wheels of index drivers() are the physician's own, of which each has some
  // for himself: a value other than kImpossible says that he may use them.
  int own_wheels() const { return drivers_; }

  // All are kImpossible at first. Else within ±2^54.
  int64_t& at(int stop, int physician, int wheels) {
    return values_[Index(stop, physician, wheels)];
  }
  int64_t at(int stop, int physician, int wheels) const {
    return values_[Index(stop, physician, wheels)];
  }

 private:
  size_t Index(int stop, int physician, int wheels) const {
    return (static_cast<size_t>(stop) * physicians_ + physician) *
               (drivers_ + 1) +
           wheels;
  }

  int stops_;
  int physicians_;
  int drivers_;
  std::vector<int64_t> values_;
};

// -1, -1: nobody.
struct Crew {
  int physician = -1;
  int wheels = -1;
  bool empty() const { return physician < 0; }
  bool operator==(const Crew&) const = default;
};

struct CrewPlan {
  // One a stop; no physician and no driver is in two.
  std::vector<Crew> crews;
  // The sum of the values.
  int64_t value = 0;
  // No plan has a smaller sum.
  bool is_least = false;
  // No plan has a sum smaller than this.
  int64_t bound = 0;
};

struct AssignOptions {
  // Candidates that the search for a proof may look at before it gives up
  // (some 10 ns each). Problems of up to 5 stops, 5 physicians and 4 drivers
  // are always searched to the end.
  int64_t max_steps = 200'000;
};

// The problem is NP-hard, but its two-way parts are not. Three plans are begun
// differently and improved by fixing two of the three at a time and assigning
// the third in the least way, until nothing changes (Karapetyan and Gutin 2011,
// "dimensionwise variation"); then bounds are taken from the two relaxations in
// which a driver, or a physician, may be in several crews at once, crews that
// cannot be in a better plan are struck out by their reduced values, and what
// is left is searched branch by branch. Deterministic: the limit is one of
// steps, not of time.
CrewPlan AssignCrews(const CrewProblem& problem,
                     const AssignOptions& options = {});

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_ASSIGNMENT_H_
