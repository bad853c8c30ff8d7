#include "tests/router/random.h"

namespace housecall::router {

uint64_t Random::Bits() {
  state_ += 0x9e3779b97f4a7c15;
  uint64_t z = state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

uint32_t Random::Below(uint32_t limit) {
  return static_cast<uint32_t>(Bits() % limit);
}

double Random::Between(double low, double high) {
  return low + (high - low) *
                   (static_cast<double>(Bits() >> 11) / 9007199254740992.0);
}

}  // namespace housecall::router
