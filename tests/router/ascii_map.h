// Road maps drawn in text, so that a test shows what it is about.
#ifndef HOUSECALL_TESTS_ROUTER_ASCII_MAP_H_
#define HOUSECALL_TESTS_ROUTER_ASCII_MAP_H_

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "router/geo.h"
#include "router/road_builder.h"
#include "router/router.h"

namespace housecall::router {

//   A--B==+    A, B, C        nodes
//   |     |    - |  two-way   = two-way, twice as fast
//   v  p  C    > < ^ v        one-way, anywhere in the line of a road
//   D.....E    . :            private, two-way
//   0-#-1      + a bend       # a barrier: roads end there, unconnected
//
// A character is 10 m wide and 10 m high, which a car takes a second for, so
// "A--B" is three seconds long. Lower-case letters are positions: within a road
// they count as a part of it, elsewhere they are where somebody might be.
// Digits are nodes too. Columns begin at the least indented line, rows at the
// first line that is not blank.
class AsciiMap {
 public:
  explicit AsciiMap(absl::string_view drawing) : AsciiMap(drawing, {}) {}

  struct Turns {
    TurnWeights weights;
    // Each names nodes: nobody may drive from the first over the others to the
    // last.
    std::vector<std::string> forbidden;
  };
  AsciiMap(absl::string_view drawing, const Turns& turns);

  const std::shared_ptr<const RoadMap>& map() const { return map_; }
  // Of a node or a position.
  LatLng At(char name) const;
  // The nearest point of a road.
  RoadPoint Point(char name) const;

  // The times from each of `from` to each of `to` in seconds, as text:
  //
  //      A  B
  //   A  0  3
  //   p  -  1        "-": no way
  std::string Table(absl::string_view from, absl::string_view to) const;
  // The same without the index, and asked for column by column.
  std::string PlainTable(absl::string_view from, absl::string_view to) const;
  // One cell of it; -1: no way.
  double Seconds(char from, char to) const;

 private:
  char Cell(int row, int column) const;
  void Trace(int row, int column, int row_step, int column_step);
  FixedPoint PositionOf(int row, int column) const;
  std::string Format(absl::string_view from, absl::string_view to,
                     const std::vector<Leg>& legs) const;

  std::vector<std::string> lines_;
  RoadBuilder builder_;
  std::map<std::pair<int, int>, uint32_t> nodes_;
  // The ends of roads that are on the map already: place and direction.
  std::set<std::array<int, 4>> traced_;
  // By the two nodes that a road joins; the last one drawn.
  std::map<std::pair<char, char>, ArcRoad> roads_;
  std::map<char, LatLng> names_;
  std::shared_ptr<const RoadMap> map_;
};

// Lines without what surrounds them, and with single spaces: for comparing
// tables.
std::string Squeezed(absl::string_view table);

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_ASCII_MAP_H_
