// A small generator of numbers that are the same everywhere: Sebastiano Vigna's
// SplitMix64.
#ifndef HOUSECALL_TESTS_ROUTER_RANDOM_H_
#define HOUSECALL_TESTS_ROUTER_RANDOM_H_

#include <cstdint>

namespace housecall::router {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Bits();
  // From 0 to limit - 1.
  uint32_t Below(uint32_t limit);
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  double Between(double low, double high);

 private:
  uint64_t state_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_RANDOM_H_
