// What a drive takes: how long, and how far.
#ifndef HOUSECALL_ROUTER_COST_H_
#define HOUSECALL_ROUTER_COST_H_

#include <cstdint>

namespace housecall::router {

// What is known of weights where there is no way. All sums that are made on the
// way, of a drive and of one more segment, are smaller or stand for this; the
// sum of two is still a positive number of 32 bits.
inline constexpr uint32_t kInfinity = 0x3fffffff;

// A weight and, in the lower half, a length in millimetres, as one number: sums
// of costs are sums of both, and of two drives the quicker one costs less, of
// equally quick ones the shorter one. So the least cost is one number, by
// whatever algorithm it is found. Lengths are right up to 4,294 km.
using Cost = uint64_t;

constexpr Cost CostOf(uint32_t weight, uint32_t length_millimeters) {
  return uint64_t{weight} << 32 | length_millimeters;
}
constexpr uint32_t WeightOf(Cost cost) {
  return static_cast<uint32_t>(cost >> 32);
}
constexpr uint32_t LengthOf(Cost cost) { return static_cast<uint32_t>(cost); }

// The least cost of this or a greater weight.
inline constexpr Cost kNoWay = CostOf(kInfinity, 0);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_COST_H_
