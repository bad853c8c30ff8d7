// How long work takes, for programs that print figures.
#ifndef HOUSECALL_ROUTER_TOOLS_MEASURING_H_
#define HOUSECALL_ROUTER_TOOLS_MEASURING_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "router/router.h"

namespace housecall::router {

// The same numbers in every run: Sebastiano Vigna's SplitMix64.
class FigureRandom {
 public:
  uint32_t Below(uint32_t limit) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return static_cast<uint32_t>((z ^ z >> 31) % limit);
  }

 private:
  uint64_t state_ = 1;
};

// The median over `batches` of the seconds that one of `times` runs takes, of
// work of this thread: what else runs on the machine counts less.
double MedianSeconds(int batches, int times, const std::function<void()>& run);

// The middles of so many roads, out of `among` that follow each other in the
// map's order and are therefore neighbours.
std::vector<RoadPoint> FigurePoints(const RoadMap& map, int count,
                                    uint32_t among, FigureRandom* random);

// "3.1 us", "2.50 ms", "4.20 s"; "-" for less than nothing.
std::string TimeText(double seconds);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_TOOLS_MEASURING_H_
