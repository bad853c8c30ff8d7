// Where the nodes of a small road network are, as the core says it.
#ifndef HOUSECALL_TESTS_ENGINE_PLACES_H_
#define HOUSECALL_TESTS_ENGINE_PLACES_H_

#include <cstdint>

#include "dispatcher/core/types.h"
#include "router/road_data.h"
#include "tests/router/osm_text.h"

namespace housecall::engine::testing {

// The place of a node of the source; fails the test if there is none.
inline core::LatLng LatLngOf(const router::RoadData& data, int64_t node) {
  const router::LatLng place = router::PlaceOf(data, node);
  return {place.latitude_degrees, place.longitude_degrees};
}

}  // namespace housecall::engine::testing

#endif  // HOUSECALL_TESTS_ENGINE_PLACES_H_
