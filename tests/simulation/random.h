// The one source of chance in a simulated run.
#ifndef HOUSECALL_TESTS_SIMULATION_RANDOM_H_
#define HOUSECALL_TESTS_SIMULATION_RANDOM_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace housecall::simulation {

// SplitMix64: the same numbers on every machine. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, n), n > 0. (The bias is below 2^-32 for what is asked here.)
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(Next() % static_cast<uint64_t>(n));
  }
  // In [from, to].
  int64_t Between(int64_t from, int64_t to) {
    return from + Below(to - from + 1);
  }
  bool Chance(int percent) { return Below(100) < percent; }
  bool PerMille(int per_mille) { return Below(1000) < per_mille; }
  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // In [from, to), to the microsecond.
  absl::Duration Between(absl::Duration from, absl::Duration to) {
    return from +
           absl::Microseconds(Below(1 + absl::ToInt64Microseconds(to - from)));
  }
  template <typename T>
  const T& Of(const std::vector<T>& values) {
    return values[static_cast<size_t>(
        Below(static_cast<int64_t>(values.size())))];
  }

 private:
  uint64_t state_;
};

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_RANDOM_H_
