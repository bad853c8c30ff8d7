// An invented town, for trying the software out where no map is at hand.
#ifndef HOUSECALL_ROUTER_IMPORT_DEMO_TOWN_H_
#define HOUSECALL_ROUTER_IMPORT_DEMO_TOWN_H_

#include <cstdint>
#include <string>

namespace housecall::router {

// What the town's files say made them; the importer knows by it that they are
// no OpenStreetMap data to be credited.
inline constexpr char kDemoTownGenerator[] = "housecall-map demo-town";

// The text of an OpenStreetMap XML file: about 2.4 × 2 km around 35.67 N,
// 139.39 E, in which nothing is real. A grid of small streets, main roads,
// pairs of one-way streets, a river with two bridges, a quarter for people on
// foot, a private road and a bollard. Every road can be reached from every
// other one by car. The same seed makes the same bytes.
std::string DemoTownOsm(uint64_t seed);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_DEMO_TOWN_H_
