// Makes a road network of an OpenStreetMap file.
#ifndef HOUSECALL_ROUTER_IMPORT_IMPORT_H_
#define HOUSECALL_ROUTER_IMPORT_IMPORT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "router/road_data.h"

namespace housecall::router {

// What turns take besides the roads, where three or more meet.
struct TurnDurations {
  // For traffic on the left, as in Japan: a right turn waits for the others.
  absl::Duration left = absl::Seconds(1);
  absl::Duration right = absl::Seconds(4);
  // Turning round at a dead end.
  absl::Duration back = absl::Seconds(15);
};

struct ImportOptions {
  // Empty: the file's name, without its folder and its endings.
  std::string name;
  // Empty: by the source: OpenStreetMap, unless the file says that it is
  // another.
  std::string attribution;
  // Not used where the source brings weights of its own.
  TurnDurations turns;
  // What stopping and looking takes where rails cross a road between two of its
  // junctions, as Japan's Road Traffic Act demands (article 33). Not used where
  // the source brings weights of its own.
  absl::Duration level_crossing = absl::Seconds(5);
  // Called now and then: what is being done, and how much of it is done, from 0
  // to 1. May be empty.
  std::function<void(absl::string_view stage, double done)> progress;
};

// What was read and what became of it.
struct ImportReport {
  int64_t ways = 0;
  // Ways that a car may use.
  int64_t road_ways = 0;
  // Nodes that roads refer to, but that the file lacks: an extract ends there.
  // The roads are cut.
  int64_t missing_nodes = 0;
  // Nodes at which roads end because of a barrier.
  int64_t barriers = 0;
  // Restrictions of turns that hold for cars, and the sequences of roads that
  // they forbid; a restriction whose ways or nodes are missing or not clear
  // forbids none.
  int64_t turn_relations = 0;
  int64_t forbidden_paths = 0;
  // Roads longer than a road can be; left out.
  int64_t impossible_roads = 0;
};

// Reads an .osm.pbf or .osm (XML; also .gz, .bz2) file three times: its turn
// restrictions, its ways, then the nodes that its roads need. Memory grows with
// the roads, not with the file. The same file makes the same data. `report` may
// be null.
//
// Tags are judged as router/import/road_rules.h and turn_rules.h say. Returns
// InvalidArgument if a duration of the options is negative or longer than a
// minute; NotFound or PermissionDenied if the file cannot be opened,
// InvalidArgument if it is not OpenStreetMap data or has no road for cars,
// DataLoss if it is damaged or cut off; each names the file.
absl::StatusOr<RoadData> ImportOsm(const std::string& path,
                                   const ImportOptions& options = {},
                                   ImportReport* report = nullptr);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_IMPORT_IMPORT_H_
