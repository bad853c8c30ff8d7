// Numbers that are the same on every machine and with every library.
#ifndef HOUSECALL_TESTS_PLANNER_RANDOM_H_
#define HOUSECALL_TESTS_PLANNER_RANDOM_H_

#include <cstdint>

namespace housecall::planner {

// SplitMix64 (Steele, Lea and Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // In [least, most].
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(
                       Next() % static_cast<uint64_t>(most - least + 1));
  }
  bool OneIn(int64_t n) { return Between(1, n) == 1; }
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_TESTS_PLANNER_RANDOM_H_
