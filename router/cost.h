// What a drive takes.
#ifndef HOUSECALL_ROUTER_COST_H_
#define HOUSECALL_ROUTER_COST_H_

#include <cstdint>

namespace housecall::router {

// The weight of a drive: whole numbers of the map's weight unit, so that sums
// are exact and what is least is the same by whatever algorithm it is found.
using Cost = uint32_t;

// What is known of costs where there is no way, or none that takes less. The
// sum of two such is still a positive number of 32 bits, signed or not.
inline constexpr Cost kNoWay = 0x3fffffff;

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_COST_H_
