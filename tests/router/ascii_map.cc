#include "tests/router/ascii_map.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace housecall::router {
namespace {

constexpr double kCellMeters = 10;
constexpr uint32_t kCellWeight = 1000;
constexpr LatLng kOrigin = {35.0, 139.0};

bool IsNode(char c) {
  return absl::ascii_isupper(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c));
}

bool IsPosition(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) && c != 'v';
}

bool IsHorizontal(char c) {
  return c == '-' || c == '=' || c == '.' || c == '<' || c == '>' ||
         IsPosition(c);
}

bool IsVertical(char c) {
  return c == '|' || c == ':' || c == '^' || c == 'v' || IsPosition(c);
}

}  // namespace

AsciiMap::AsciiMap(absl::string_view drawing, const Turns& turns) {
  size_t indent = 1000;
  for (const absl::string_view line : absl::StrSplit(drawing, '\n')) {
    const size_t first = line.find_first_not_of(' ');
    const bool is_blank = first == absl::string_view::npos;
    if (is_blank && lines_.empty()) continue;
    if (!is_blank) indent = std::min(indent, first);
    lines_.emplace_back(line);
  }
  for (std::string& line : lines_) {
    line = line.size() > indent ? line.substr(indent) : "";
  }

  const int rows = static_cast<int>(lines_.size());
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < static_cast<int>(lines_[row].size());
         ++column) {
      const char c = Cell(row, column);
      if (IsNode(c) || IsPosition(c)) {
        names_[c] = ToLatLng(PositionOf(row, column));
      }
      if (IsNode(c)) {
        nodes_[{row, column}] =
            builder_.AddNode(PositionOf(row, column), row * 1000 + column);
      }
    }
  }
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < static_cast<int>(lines_[row].size());
         ++column) {
      const char c = Cell(row, column);
      if (!IsNode(c) && c != '#') continue;
      for (const int step : {1, -1}) {
        const char right = Cell(row, column + step);
        if (IsHorizontal(right) || right == '+') Trace(row, column, 0, step);
        const char below = Cell(row + step, column);
        if (IsVertical(below) || below == '+') Trace(row, column, step, 0);
      }
    }
  }
  RoadData head;
  head.name = "ascii";
  head.turn_weights = turns.weights;
  for (const std::string& path : turns.forbidden) {
    std::vector<ArcRoad> roads;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
      roads.push_back(roads_.at({path[i], path[i + 1]}));
    }
    builder_.Forbid(std::move(roads));
  }
  absl::StatusOr<RoadData> data = builder_.Build(std::move(head));
  EXPECT_TRUE(data.ok()) << data.status();
  map_ = RoadMap::Create(*std::move(data)).value();
}

char AsciiMap::Cell(int row, int column) const {
  if (row < 0 || row >= static_cast<int>(lines_.size()) || column < 0 ||
      column >= static_cast<int>(lines_[row].size())) {
    return ' ';
  }
  return lines_[row][column];
}

FixedPoint AsciiMap::PositionOf(int row, int column) const {
  return ToFixed(
      {kOrigin.latitude_degrees - row * kCellMeters / kMetersPerDegree,
       kOrigin.longitude_degrees +
           column * kCellMeters /
               (kMetersPerDegree *
                std::cos(kOrigin.latitude_degrees * kRadiansPerDegree))});
}

void AsciiMap::Trace(int row, int column, int row_step, int column_step) {
  // A road that was drawn from its other end.
  if (!traced_.insert({row, column, row_step, column_step}).second) return;
  const std::pair<int, int> begin = {row, column};
  RoadBuilder::Road road;
  uint32_t cells = 0;
  bool fast = false;
  bool forward = true;
  bool backward = true;
  while (true) {
    row += row_step;
    column += column_step;
    ++cells;
    const char c = Cell(row, column);
    if (IsNode(c) || c == '#') break;
    if (c == '=') fast = true;
    if (c == '.' || c == ':') road.flags = Segment::kEndsOnly;
    if (c == '>') (column_step > 0 ? backward : forward) = false;
    if (c == '<') (column_step > 0 ? forward : backward) = false;
    if (c == 'v') (row_step > 0 ? backward : forward) = false;
    if (c == '^') (row_step > 0 ? forward : backward) = false;
    if (c == '+') {
      road.via.push_back(PositionOf(row, column));
      // Turns to where the road goes on; the way back does not count.
      const auto goes_on = [&](int to_row, int to_column) {
        const char next = Cell(row + to_row, column + to_column);
        return IsNode(next) || next == '#' || next == '+' ||
               (to_row == 0 ? IsHorizontal(next) : IsVertical(next));
      };
      if (row_step == 0) {
        row_step = goes_on(1, 0) ? 1 : -1;
        column_step = 0;
      } else {
        column_step = goes_on(0, 1) ? 1 : -1;
        row_step = 0;
      }
    } else if (row_step == 0 ? !IsHorizontal(c) : !IsVertical(c)) {
      ADD_FAILURE() << "a road ends nowhere at line " << row << ", column "
                    << column;
      return;
    }
  }
  traced_.insert({row, column, -row_step, -column_step});
  // Every road that ends at a barrier has its own end there.
  const auto node_at = [&](std::pair<int, int> place) {
    if (Cell(place.first, place.second) == '#') {
      return builder_.AddNode(PositionOf(place.first, place.second), -1);
    }
    return nodes_.at(place);
  };
  road.from_node = node_at(begin);
  road.to_node = node_at({row, column});
  const uint32_t weight = cells * kCellWeight / (fast ? 2 : 1);
  if (forward) road.forward_weight = weight;
  if (backward) road.backward_weight = weight;
  road.length_millimeters = cells * static_cast<uint32_t>(kCellMeters * 1000);
  const ArcRoad number = ArcRoad::Of(builder_.AddRoad(std::move(road)), false);
  const char first = Cell(begin.first, begin.second);
  const char last = Cell(row, column);
  roads_[{first, last}] = number;
  roads_[{last, first}] = number.reversed();
}

LatLng AsciiMap::At(char name) const { return names_.at(name); }

RoadPoint AsciiMap::Point(char name) const {
  const absl::StatusOr<Snap> snap = map_->FindSnap(At(name));
  EXPECT_TRUE(snap.ok()) << name << ": " << snap.status();
  return snap->nearest;
}

std::string AsciiMap::Format(absl::string_view from, absl::string_view to,
                             const std::vector<Leg>& legs) const {
  std::vector<std::string> lines(1);
  for (const char name : to) {
    absl::StrAppend(&lines[0], lines[0].empty() ? "" : " ",
                    std::string(1, name));
  }
  for (size_t i = 0; i < from.size(); ++i) {
    std::string line(1, from[i]);
    for (size_t j = 0; j < to.size(); ++j) {
      const Leg& leg = legs[i * to.size() + j];
      absl::StrAppend(&line, " ",
                      leg.reachable()
                          ? absl::StrCat(std::round(leg.weight / 100.0) / 10)
                          : "-");
    }
    lines.push_back(line);
  }
  return absl::StrJoin(lines, "\n");
}

std::string AsciiMap::Table(absl::string_view from,
                            absl::string_view to) const {
  std::vector<RoadPoint> to_points;
  for (const char name : to) to_points.push_back(Point(name));
  Query query(map_.get());
  std::vector<Leg> legs;
  for (const char name : from) {
    for (const Leg& leg : query.OneToMany(Point(name), to_points)) {
      legs.push_back(leg);
    }
  }
  return Format(from, to, legs);
}

std::string AsciiMap::PlainTable(absl::string_view from,
                                 absl::string_view to) const {
  std::vector<RoadPoint> from_points;
  for (const char name : from) from_points.push_back(Point(name));
  Query query(map_.get(), Query::Method::kPlain);
  std::vector<Leg> legs(from.size() * to.size());
  for (size_t j = 0; j < to.size(); ++j) {
    const std::vector<Leg> column = query.ManyToOne(from_points, Point(to[j]));
    for (size_t i = 0; i < from.size(); ++i) {
      legs[i * to.size() + j] = column[i];
    }
  }
  return Format(from, to, legs);
}

double AsciiMap::Seconds(char from, char to) const {
  const Leg leg = Query(map_.get()).FindLeg(Point(from), Point(to));
  return leg.reachable() ? leg.weight / 1000.0 : -1;
}

std::string Squeezed(absl::string_view table) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(table, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (!words.empty()) lines.push_back(absl::StrJoin(words, " "));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace housecall::router
