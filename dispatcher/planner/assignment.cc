#include "dispatcher/planner/assignment.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace housecall::planner {

namespace {

constexpr int64_t kInfinity = std::numeric_limits<int64_t>::max();
// "5 calls, 5 physicians, 4 drivers", as crews and stops.
constexpr int64_t kSmall = int64_t{5} * 5 * (4 + 1);
// With fewer steps than this for each choice that the bounds leave, the search
// would not come to its end and is not begun.
constexpr int64_t kStepsPerChoice = 16;

// --- Two-way assignment -----------------------------------------------------

struct Matrix {
  Matrix(int row_count, int column_count)
      : rows(row_count),
        columns(column_count),
        values(static_cast<size_t>(row_count) * column_count, kImpossible) {}

  int64_t& at(int row, int column) {
    return values[static_cast<size_t>(row) * columns + column];
  }
  int64_t at(int row, int column) const {
    return values[static_cast<size_t>(row) * columns + column];
  }

  int rows;
  int columns;
  std::vector<int64_t> values;
};

// The least assignment of rows to columns in which every row may stay without
// one, for 0.
struct Matching {
  // By row; -1: none.
  std::vector<int> column_of;
  // Prices: value - row_price - column_price is not negative for any pair, and
  // 0 for those assigned; neither kind of price is positive, and that of a
  // column or row that stays alone is 0. Their sum is the value of the
  // matching.
  std::vector<int64_t> row_price;
  std::vector<int64_t> column_price;
  int64_t value = 0;
};

// Shortest augmenting paths (Jonker and Volgenant 1987), O(rows² × columns).
class Assigner {
 public:
  explicit Assigner(const Matrix& values)
      : values_(values),
        row_of_(values.columns, -1),
        distance_(values.columns),
        reached_from_(values.columns),
        is_done_(values.columns) {
    matching_.column_of.assign(values.rows, -1);
    matching_.row_price.assign(values.rows, 0);
    matching_.column_price.assign(values.columns, 0);
  }

  Matching Solve() && {
    for (int row = 0; row < values_.rows; ++row) AddRow(row);
    for (int64_t price : matching_.row_price) matching_.value += price;
    for (int64_t price : matching_.column_price) matching_.value += price;
    return std::move(matching_);
  }

 private:
  void AddRow(int first) {
    int64_t lowest = 0;
    for (int column = 0; column < values_.columns; ++column) {
      const int64_t value = values_.at(first, column);
      if (value == kImpossible) continue;
      lowest = std::min(lowest, value - matching_.column_price[column]);
    }
    matching_.row_price[first] = lowest;

    std::fill(distance_.begin(), distance_.end(), kInfinity);
    std::fill(is_done_.begin(), is_done_.end(), 0);
    done_.clear();
    // The nearest row that could give up its column and stay alone.
    int64_t alone_distance = kInfinity;
    int alone = -1;
    int row = first;
    int64_t at = 0;
    for (;;) {
      const int64_t stay = at - matching_.row_price[row];
      if (stay < alone_distance) {
        alone_distance = stay;
        alone = row;
      }
      Reach(row, at);
      const int column = NearestColumn();
      if (column < 0 || alone_distance < distance_[column]) {
        Reprice(first, alone_distance);
        TakeColumnFrom(alone, first);
        return;
      }
      if (row_of_[column] < 0) {
        Reprice(first, distance_[column]);
        Augment(column, first);
        return;
      }
      is_done_[column] = 1;
      done_.push_back(column);
      row = row_of_[column];
      at = distance_[column];
    }
  }

  void Reach(int row, int64_t at) {
    const int64_t row_price = matching_.row_price[row];
    for (int column = 0; column < values_.columns; ++column) {
      const int64_t value = values_.at(row, column);
      if (is_done_[column] || value == kImpossible) continue;
      const int64_t there =
          at + value - row_price - matching_.column_price[column];
      if (there < distance_[column]) {
        distance_[column] = there;
        reached_from_[column] = row;
      }
    }
  }

  int NearestColumn() const {
    int nearest = -1;
    for (int column = 0; column < values_.columns; ++column) {
      if (is_done_[column] || distance_[column] == kInfinity) continue;
      if (nearest < 0 || distance_[column] < distance_[nearest]) {
        nearest = column;
      }
    }
    return nearest;
  }

  void Reprice(int first, int64_t end) {
    matching_.row_price[first] += end;
    for (int column : done_) {
      matching_.row_price[row_of_[column]] += end - distance_[column];
      matching_.column_price[column] -= end - distance_[column];
    }
  }

  // Gives `column` to the row from which it was reached, whose own column goes
  // to the row from which that one was reached, and so on to the first.
  void Augment(int column, int first) {
    for (;;) {
      const int row = reached_from_[column];
      std::swap(matching_.column_of[row], column);
      row_of_[matching_.column_of[row]] = row;
      if (row == first) return;
    }
  }

  void TakeColumnFrom(int row, int first) {
    if (row == first) return;
    const int column = matching_.column_of[row];
    matching_.column_of[row] = -1;
    Augment(column, first);
  }

  const Matrix& values_;
  Matching matching_;
  std::vector<int> row_of_;
  // Of the search from one row.
  std::vector<int64_t> distance_;
  std::vector<int> reached_from_;
  std::vector<char> is_done_;
  std::vector<int> done_;
};

Matching LeastMatching(const Matrix& values) {
  return Assigner(values).Solve();
}

// --- The search -------------------------------------------------------------

// One crew for one stop, with what it adds to each of the two bounds.
struct Choice {
  int physician;
  int wheels;
  int64_t value;
  int64_t reduced_by_physicians;
  int64_t reduced_by_wheels;
};

class Search {
 public:
  Search(const CrewProblem& problem, const AssignOptions& options)
      : problem_(problem),
        stops_(problem.stops()),
        physicians_(problem.physicians()),
        drivers_(problem.drivers()),
        own_(problem.own_wheels()),
        by_physicians_(LeastMatching(PhysiciansByStops())),
        by_wheels_(LeastMatching(WheelsByStops())),
        best_(stops_) {
    const int64_t size = int64_t{stops_} * physicians_ * (drivers_ + 1);
    steps_left_ = size <= kSmall ? kInfinity : options.max_steps;
  }

  CrewPlan Run() && {
    Improve(AssignStops(LeastMatching(crews_by_best_stop_).column_of));
    Improve(FromPhysicians());
    Improve(FromWheels());
    CrewPlan plan;
    plan.bound = std::max(by_physicians_.value, by_wheels_.value);
    plan.is_least = Prove();
    plan.crews = best_;
    plan.value = best_value_;
    if (plan.is_least) plan.bound = plan.value;
    return plan;
  }

 private:
  // --- The relaxations ---

  // Any number of crews may have the same driver.
  Matrix PhysiciansByStops() const {
    Matrix values(physicians_, stops_);
    for (int stop = 0; stop < stops_; ++stop) {
      for (int physician = 0; physician < physicians_; ++physician) {
        int64_t& least = values.at(physician, stop);
        for (int wheels = 0; wheels <= own_; ++wheels) {
          least = std::min(least, problem_.at(stop, physician, wheels));
        }
      }
    }
    return values;
  }

  // Any number of crews may have the same physician. Rows: the drivers, then
  // each physician's own wheels.
  Matrix WheelsByStops() const {
    Matrix values(drivers_ + physicians_, stops_);
    for (int stop = 0; stop < stops_; ++stop) {
      for (int physician = 0; physician < physicians_; ++physician) {
        for (int wheels = 0; wheels <= own_; ++wheels) {
          int64_t& least = values.at(RowOf(physician, wheels), stop);
          least = std::min(least, problem_.at(stop, physician, wheels));
        }
      }
    }
    return values;
  }

  int RowOf(int physician, int wheels) const {
    return wheels == own_ ? drivers_ + physician : wheels;
  }

  // --- Plans to begin with ---

  // Physicians and drivers as they do best together, wherever that is.
  Matrix CrewsByBestStop() const {
    Matrix values(physicians_, drivers_);
    for (int stop = 0; stop < stops_; ++stop) {
      for (int physician = 0; physician < physicians_; ++physician) {
        for (int driver = 0; driver < drivers_; ++driver) {
          int64_t& best = values.at(physician, driver);
          best = std::min(best, problem_.at(stop, physician, driver));
        }
      }
    }
    return values;
  }

  // The relaxed plans, with the other two-way part made right.
  std::vector<Crew> FromPhysicians() const {
    std::vector<Crew> crews(stops_);
    for (int physician = 0; physician < physicians_; ++physician) {
      const int stop = by_physicians_.column_of[physician];
      if (stop >= 0) crews[stop] = {physician, own_};
    }
    return AssignWheels(crews);
  }

  std::vector<Crew> FromWheels() const {
    std::vector<Crew> crews(stops_);
    for (int row = 0; row < drivers_ + physicians_; ++row) {
      const int stop = by_wheels_.column_of[row];
      if (stop >= 0) crews[stop] = {0, std::min(row, own_)};
    }
    return AssignPhysicians(crews);
  }

  // --- The three moves: two of the three stay, the third is assigned ---

  // Each physician has one driver (or -1), and his own wheels if he may.
  std::vector<Crew> AssignStops(const std::vector<int>& driver_of) const {
    const auto wheels_for = [&](int stop, int physician) {
      const int driver = driver_of[physician];
      return driver >= 0 && problem_.at(stop, physician, driver) <=
                                problem_.at(stop, physician, own_)
                 ? driver
                 : own_;
    };
    Matrix values(physicians_, stops_);
    for (int stop = 0; stop < stops_; ++stop) {
      for (int physician = 0; physician < physicians_; ++physician) {
        values.at(physician, stop) =
            problem_.at(stop, physician, wheels_for(stop, physician));
      }
    }
    const Matching matching = LeastMatching(values);
    std::vector<Crew> crews(stops_);
    for (int physician = 0; physician < physicians_; ++physician) {
      const int stop = matching.column_of[physician];
      if (stop >= 0) crews[stop] = {physician, wheels_for(stop, physician)};
    }
    return crews;
  }

  std::vector<Crew> AssignWheels(const std::vector<Crew>& old) const {
    std::vector<int> served;
    for (int stop = 0; stop < stops_; ++stop) {
      if (!old[stop].empty()) served.push_back(stop);
    }
    // Columns: the drivers, then the own wheels of each row's physician.
    const int rows = static_cast<int>(served.size());
    Matrix values(rows, drivers_ + rows);
    for (int row = 0; row < rows; ++row) {
      const int physician = old[served[row]].physician;
      for (int driver = 0; driver < drivers_; ++driver) {
        values.at(row, driver) = problem_.at(served[row], physician, driver);
      }
      values.at(row, drivers_ + row) =
          problem_.at(served[row], physician, own_);
    }
    const Matching matching = LeastMatching(values);
    std::vector<Crew> crews(stops_);
    for (int row = 0; row < rows; ++row) {
      const int column = matching.column_of[row];
      if (column < 0) continue;
      crews[served[row]] = {old[served[row]].physician, std::min(column, own_)};
    }
    return crews;
  }

  std::vector<Crew> AssignPhysicians(const std::vector<Crew>& old) const {
    std::vector<int> served;
    for (int stop = 0; stop < stops_; ++stop) {
      if (!old[stop].empty()) served.push_back(stop);
    }
    const auto wheels_for = [&](int stop, int physician) {
      const int wheels = old[stop].wheels;
      return problem_.at(stop, physician, wheels) <=
                     problem_.at(stop, physician, own_)
                 ? wheels
                 : own_;
    };
    const int rows = static_cast<int>(served.size());
    Matrix values(rows, physicians_);
    for (int row = 0; row < rows; ++row) {
      for (int physician = 0; physician < physicians_; ++physician) {
        values.at(row, physician) = problem_.at(
            served[row], physician, wheels_for(served[row], physician));
      }
    }
    const Matching matching = LeastMatching(values);
    std::vector<Crew> crews(stops_);
    for (int row = 0; row < rows; ++row) {
      const int physician = matching.column_of[row];
      if (physician < 0) continue;
      crews[served[row]] = {physician, wheels_for(served[row], physician)};
    }
    return crews;
  }

  // The drivers of a plan, and those left over for the physicians left over.
  std::vector<int> CrewsOf(const std::vector<Crew>& crews) const {
    std::vector<int> driver_of(physicians_, -1);
    std::vector<char> driver_is_used(drivers_);
    std::vector<char> physician_is_used(physicians_);
    for (const Crew& crew : crews) {
      if (crew.empty()) continue;
      if (crew.wheels == own_) continue;
      physician_is_used[crew.physician] = 1;
      driver_of[crew.physician] = crew.wheels;
      driver_is_used[crew.wheels] = 1;
    }
    Matrix left = crews_by_best_stop_;
    for (int physician = 0; physician < physicians_; ++physician) {
      for (int driver = 0; driver < drivers_; ++driver) {
        if (physician_is_used[physician] || driver_is_used[driver]) {
          left.at(physician, driver) = kImpossible;
        }
      }
    }
    const Matching matching = LeastMatching(left);
    for (int physician = 0; physician < physicians_; ++physician) {
      if (matching.column_of[physician] >= 0) {
        driver_of[physician] = matching.column_of[physician];
      }
    }
    return driver_of;
  }

  int64_t ValueOf(const std::vector<Crew>& crews) const {
    int64_t value = 0;
    for (int stop = 0; stop < stops_; ++stop) {
      if (crews[stop].empty()) continue;
      value += problem_.at(stop, crews[stop].physician, crews[stop].wheels);
    }
    return value;
  }

  void Improve(std::vector<Crew> crews) {
    int64_t value = ValueOf(crews);
    for (;;) {
      crews = AssignPhysicians(AssignWheels(AssignStops(CrewsOf(crews))));
      const int64_t improved = ValueOf(crews);
      if (improved >= value) break;
      value = improved;
    }
    if (value < best_value_) {
      best_value_ = value;
      best_ = std::move(crews);
    }
  }

  // --- The proof ---

  // True if best_ is the least for certain, after it was made so.
  bool Prove() {
    choices_.assign(stops_, {});
    int64_t choices_left = steps_left_ / kStepsPerChoice;
    for (int stop = 0; stop < stops_; ++stop) {
      std::vector<Choice>& choices = choices_[stop];
      for (int physician = 0; physician < physicians_; ++physician) {
        for (int wheels = 0; wheels <= own_; ++wheels) {
          const int64_t value = problem_.at(stop, physician, wheels);
          if (value == kImpossible) continue;
          const Choice choice = {
              physician, wheels, value,
              value - by_physicians_.row_price[physician] -
                  by_physicians_.column_price[stop],
              value - by_wheels_.row_price[RowOf(physician, wheels)] -
                  by_wheels_.column_price[stop]};
          if (MayImprove(choice.reduced_by_physicians,
                         choice.reduced_by_wheels)) {
            choices.push_back(choice);
            if (--choices_left < 0) return false;
          }
        }
      }
      std::stable_sort(choices.begin(), choices.end(),
                       [](const Choice& a, const Choice& b) {
                         return a.reduced_by_physicians + a.reduced_by_wheels <
                                b.reduced_by_physicians + b.reduced_by_wheels;
                       });
    }
    current_.assign(stops_, Crew());
    physician_is_used_.assign(physicians_, 0);
    driver_is_used_.assign(drivers_, 0);
    return Branch(0, 0, 0, 0);
  }

  // Could a plan be less than the best one, of which the reduced values so far
  // are these?
  bool MayImprove(int64_t by_physicians, int64_t by_wheels) const {
    return std::max(by_physicians_.value + by_physicians,
                    by_wheels_.value + by_wheels) < best_value_;
  }

  // Tries everything for the stops from `stop` on. False: gave up.
  bool Branch(int stop, int64_t value, int64_t by_physicians,
              int64_t by_wheels) {
    if (stop == stops_) {
      if (value < best_value_) {
        best_value_ = value;
        best_ = current_;
      }
      return true;
    }
    for (const Choice& choice : choices_[stop]) {
      if (--steps_left_ < 0) return false;
      const bool own = choice.wheels == own_;
      if (physician_is_used_[choice.physician] ||
          (!own && driver_is_used_[choice.wheels])) {
        continue;
      }
      const int64_t next_by_physicians =
          by_physicians + choice.reduced_by_physicians;
      const int64_t next_by_wheels = by_wheels + choice.reduced_by_wheels;
      if (!MayImprove(next_by_physicians, next_by_wheels)) continue;
      physician_is_used_[choice.physician] = 1;
      if (!own) driver_is_used_[choice.wheels] = 1;
      current_[stop] = {choice.physician, choice.wheels};
      const bool done = Branch(stop + 1, value + choice.value,
                               next_by_physicians, next_by_wheels);
      physician_is_used_[choice.physician] = 0;
      if (!own) driver_is_used_[choice.wheels] = 0;
      current_[stop] = Crew();
      if (!done) return false;
    }
    // Nobody.
    if (--steps_left_ < 0) return false;
    by_physicians -= by_physicians_.column_price[stop];
    by_wheels -= by_wheels_.column_price[stop];
    return !MayImprove(by_physicians, by_wheels) ||
           Branch(stop + 1, value, by_physicians, by_wheels);
  }

  const CrewProblem& problem_;
  const int stops_;
  const int physicians_;
  const int drivers_;
  const int own_;
  const Matching by_physicians_;
  const Matching by_wheels_;
  const Matrix crews_by_best_stop_ = CrewsByBestStop();

  std::vector<Crew> best_;
  int64_t best_value_ = 0;

  // Of the proof.
  int64_t steps_left_ = 0;
  std::vector<std::vector<Choice>> choices_;
  std::vector<Crew> current_;
  std::vector<char> physician_is_used_;
  std::vector<char> driver_is_used_;
};

}  // namespace

CrewProblem::CrewProblem(int stops, int physicians, int drivers)
    : stops_(stops),
      physicians_(physicians),
      drivers_(drivers),
      values_(static_cast<size_t>(stops) * physicians * (drivers + 1),
              kImpossible) {}

CrewPlan AssignCrews(const CrewProblem& problem, const AssignOptions& options) {
  return Search(problem, options).Run();
}

}  // namespace housecall::planner
