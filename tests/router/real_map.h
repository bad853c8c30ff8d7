// The real road networks that lie beside the repository, if they do.
#ifndef HOUSECALL_TESTS_ROUTER_REAL_MAP_H_
#define HOUSECALL_TESTS_ROUTER_REAL_MAP_H_

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "router/router.h"

namespace housecall::router {

// The path of NAME.osm.pbf in $HOUSECALL_SHARED/data/maps, or, without that
// variable, in ../shared/data/maps seen from the repository's root (where tests
// run). Empty: it is not there.
std::string RealMapPath(const std::string& name);

// Imports it; fails the test if that fails.
std::shared_ptr<const RoadMap> ImportRealMap(const std::string& path);

// The segments that reach the main network and are reached from it.
size_t MainSegments(const RoadData& data);

// Declares `variable` as the map's path, or skips the test.
#define HOUSECALL_REAL_MAP_OR_SKIP(variable, name)                           \
  const std::string variable = ::housecall::router::RealMapPath(name);       \
  if (variable.empty()) {                                                    \
    GTEST_SKIP() << name                                                     \
                 << ".osm.pbf is not there; put it into ../shared/data/maps" \
                    " or set HOUSECALL_SHARED";                              \
  }                                                                          \
  static_assert(true, "")

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_REAL_MAP_H_
