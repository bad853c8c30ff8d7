// OpenStreetMap files written in a few words, for tests of the importer.
#ifndef HOUSECALL_TESTS_ROUTER_OSM_TEXT_H_
#define HOUSECALL_TESTS_ROUTER_OSM_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "router/import/import.h"
#include "router/road_data.h"
#include "router/router.h"

namespace housecall::router {

// The XML of a text like this; metres are east and north of 35 N, 139 E:
//
//   n 1 0 0                          node 1
//   n 2 100 0 barrier=bollard
//   w 10 1,2 highway=residential     way 10 over both
//   r 20 from=w10 via=n2 to=w11 …    relation 20, its members and tags
//
// A ~ in a tag stands for a space.
std::string OsmXml(absl::string_view text);

// A folder for this test program's files; removed at its end.
std::string TestFolder();

// Writes a file of this content into that folder; returns its path.
std::string WriteFile(absl::string_view content, absl::string_view name);

// Imports OsmXml(text), turns taking no time; fails the test if that fails.
RoadData Import(absl::string_view text, ImportReport* report = nullptr);

// Where a node of the source is; fails the test if it is on no road.
LatLng PlaceOf(const RoadData& data, int64_t node);

// The seconds from one node of the source to another; -1: no way. Roads have to
// end at both.
double Seconds(const RoadData& data, int64_t from, int64_t to);

// The same at a time, by the hours that signs at roads have.
double SecondsAt(const RoadData& data, int64_t from, int64_t to,
                 absl::Time time);

// The seconds between any two of `nodes`, row by row.
std::vector<std::vector<double>> Table(const RoadData& data,
                                       const std::vector<int64_t>& nodes,
                                       std::optional<absl::Time> time = {});

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_OSM_TEXT_H_
