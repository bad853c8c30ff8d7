#include "router/import/demo_town.h"

#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "router/geo.h"

namespace housecall::router {
namespace {

constexpr int kColumns = 30;
constexpr int kRows = 24;
constexpr size_t kCorners = size_t{kColumns} * kRows;
constexpr double kBlockMeters = 80;
constexpr double kRiverMeters = 160;
// The river runs between this row and the next one.
constexpr int kRiverRow = 11;
constexpr LatLng kMiddle = {35.67, 139.39};

// Every sixth street is a main road.
constexpr bool IsMain(int line) { return line % 6 == 3; }
constexpr int kFirstMain = 3;
constexpr int kLastMainColumn = 27;

// The quarter for people on foot: inside a block of main roads.
constexpr bool IsOnFoot(int column, int row) {
  return column > 9 && column < 15 && row > 15 && row < 21;
}

// Sebastiano Vigna's SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // From 0 to 1, without 1.
  double Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) / 9007199254740992.0;
  }

 private:
  uint64_t state_;
};

class Town {
 public:
  explicit Town(uint64_t seed) : random_(seed) {}

  std::string Build();

 private:
  enum class Street { kNone, kBothWays, kOneWay, kOneWayBack, kFootway };

  static int Corner(int column, int row) { return row * kColumns + column; }
  static bool IsBridge(int column) { return column == 9 || column == 21; }

  // Which way a whole line of small streets is closed, if it is.
  static Street KindOfLine(int line) {
    if (line % 6 == 0) return Street::kOneWay;
    if (line % 6 == 1) return Street::kOneWayBack;
    return Street::kBothWays;
  }

  int64_t AddNode(double east_meters, double north_meters,
                  const std::string& tags = "");
  void AddWay(const std::vector<int64_t>& nodes, const std::string& tags);
  void PlaceCorners();
  void ChooseStreets();
  void DrawLine(bool is_row, int line);
  void DrawExtras();

  static std::string Tag(const std::string& key, const std::string& value) {
    return absl::StrCat("    <tag k=\"", key, "\" v=\"", value, "\"/>\n");
  }

  Random random_;
  std::array<std::pair<double, double>, kCorners> corner_meters_;
  std::array<int64_t, kCorners> corner_nodes_ = {};
  // From a corner to the one east and the one north of it.
  std::array<Street, kCorners> east_ = {};
  std::array<Street, kCorners> north_ = {};
  // A street that the town would not miss.
  int spare_corner_ = -1;
  int64_t last_node_ = 0;
  int64_t last_way_ = 0;
  std::string nodes_;
  std::string ways_;
};

int64_t Town::AddNode(double east_meters, double north_meters,
                      const std::string& tags) {
  const double latitude =
      kMiddle.latitude_degrees + north_meters / kMetersPerDegree;
  const double longitude =
      kMiddle.longitude_degrees +
      east_meters / (kMetersPerDegree *
                     std::cos(kMiddle.latitude_degrees * kRadiansPerDegree));
  absl::StrAppendFormat(&nodes_,
                        "  <node id=\"%d\" version=\"1\" lat=\"%.7f\" "
                        "lon=\"%.7f\"",
                        ++last_node_, latitude, longitude);
  absl::StrAppend(&nodes_, tags.empty()
                               ? std::string("/>\n")
                               : absl::StrCat(">\n", tags, "  </node>\n"));
  return last_node_;
}

void Town::AddWay(const std::vector<int64_t>& nodes, const std::string& tags) {
  absl::StrAppend(&ways_, "  <way id=\"", ++last_way_, "\" version=\"1\">\n");
  for (const int64_t node : nodes) {
    absl::StrAppend(&ways_, "    <nd ref=\"", node, "\"/>\n");
  }
  absl::StrAppend(&ways_, tags, "  </way>\n");
}

void Town::PlaceCorners() {
  const double width = (kColumns - 1) * kBlockMeters;
  const double height = (kRows - 2) * kBlockMeters + kRiverMeters;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      double north = row * kBlockMeters;
      if (row > kRiverRow) north += kRiverMeters - kBlockMeters;
      // The valley bends a little, and no corner is quite where it should be.
      const double bend = 60 * std::sin(column * 0.2);
      const double slack = IsMain(column) || IsMain(row) ? 6 : 24;
      const double east =
          column * kBlockMeters + slack * (random_.Next() - 0.5);
      north += bend + slack * (random_.Next() - 0.5);
      corner_meters_[Corner(column, row)] = {east - width / 2,
                                             north - height / 2};
      corner_nodes_[Corner(column, row)] =
          AddNode(east - width / 2, north - height / 2);
    }
  }
}

// Main roads and one-way streets as a whole; of the other small streets all
// that are needed to get everywhere, and most of the rest.
void Town::ChooseStreets() {
  std::array<int, kCorners> root;
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int corner) {
    while (root[corner] != corner) corner = root[corner] = root[root[corner]];
    return corner;
  };
  struct Gap {
    int from;
    int to;
    Street* street;
  };
  std::vector<Gap> open;
  const auto consider = [&](int column, int row, bool is_east, Street* street) {
    const int to_column = is_east ? column + 1 : column;
    const int to_row = is_east ? row : row + 1;
    const int line = is_east ? row : column;
    const Gap gap = {Corner(column, row), Corner(to_column, to_row), street};
    if (IsOnFoot(column, row) || IsOnFoot(to_column, to_row)) {
      *street = Street::kFootway;
      return;
    }
    Street fixed = Street::kNone;
    if (!is_east && row == kRiverRow) {
      if (!IsBridge(column)) return;
      fixed = Street::kBothWays;
    } else if (IsMain(line)) {
      fixed = Street::kBothWays;
    } else if (is_east && KindOfLine(row) != Street::kBothWays &&
               column >= kFirstMain && to_column <= kLastMainColumn &&
               !(row > 15 && row < 21)) {
      // One-way streets run from main road to main road.
      fixed = KindOfLine(row);
    }
    *street = fixed;
    if (fixed == Street::kNone) {
      open.push_back(gap);
      return;
    }
    root[find(gap.from)] = find(gap.to);
  };
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const int corner = Corner(column, row);
      if (column + 1 < kColumns) consider(column, row, true, &east_[corner]);
      if (row + 1 < kRows) consider(column, row, false, &north_[corner]);
    }
  }
  // Shuffled, so that the dead ends point everywhere.
  for (size_t i = open.size(); i > 1; --i) {
    std::swap(
        open[i - 1],
        open[static_cast<size_t>(random_.Next() * static_cast<double>(i))]);
  }
  for (const Gap& gap : open) {
    const int from = find(gap.from);
    const int to = find(gap.to);
    const bool is_needed = from != to;
    if (!is_needed && random_.Next() < 0.2) continue;
    *gap.street = Street::kBothWays;
    if (!is_needed && spare_corner_ < 0 && gap.street == &east_[gap.from]) {
      spare_corner_ = gap.from;
      *gap.street = Street::kNone;
    }
    root[from] = to;
  }
}

// A row or a column of streets, as one way for each stretch of one kind.
void Town::DrawLine(bool is_row, int line) {
  static constexpr const char* kMainRows[] = {"見本通り", "例示通り",
                                              "想定通り", "試作通り"};
  static constexpr const char* kMainColumns[] = {
      "雛形街道", "架空大通り", "模型通り", "下書き通り", "図面街道"};
  const int length = is_row ? kColumns : kRows;
  const auto corner = [&](int i) {
    return is_row ? Corner(i, line) : Corner(line, i);
  };
  const auto street = [&](int i) {
    return is_row ? east_[corner(i)] : north_[corner(i)];
  };
  const auto is_bridge = [&](int i) { return !is_row && i == kRiverRow; };
  int begin = 0;
  while (begin + 1 < length) {
    int end = begin + 1;
    while (end + 1 < length && street(end) == street(begin) &&
           !is_bridge(begin) && !is_bridge(end)) {
      ++end;
    }
    const Street kind = street(begin);
    if (kind != Street::kNone) {
      std::vector<int64_t> nodes;
      for (int i = begin; i <= end; ++i) {
        nodes.push_back(corner_nodes_[corner(i)]);
      }
      std::string tags;
      if (kind == Street::kFootway) {
        tags = Tag("highway", "footway");
      } else if (IsMain(line)) {
        const bool is_primary = line == 15 || (!is_row && IsBridge(line));
        tags = absl::StrCat(
            Tag("highway", is_primary ? "primary" : "tertiary"),
            Tag("maxspeed", is_primary ? "50" : "40"),
            Tag("name", is_row ? kMainRows[line / 6] : kMainColumns[line / 6]));
        if (is_bridge(begin)) {
          absl::StrAppend(
              &tags, Tag("bridge", "yes"), Tag("layer", "1"),
              Tag("bridge:name", line == 9 ? "架空大橋" : "見本橋"));
        }
      } else {
        tags = Tag("highway", "residential");
        if (kind == Street::kOneWay) tags += Tag("oneway", "yes");
        if (kind == Street::kOneWayBack) tags += Tag("oneway", "-1");
        if (line % 3 == 2) {
          tags +=
              Tag("name", absl::StrCat("第", line, is_row ? "横丁" : "小路"));
        }
      }
      AddWay(nodes, tags);
    }
    begin = end;
  }
}

void Town::DrawExtras() {
  std::vector<int64_t> river;
  for (int column = 0; column < kColumns; ++column) {
    const auto [east, south] = corner_meters_[Corner(column, kRiverRow)];
    const double north = corner_meters_[Corner(column, kRiverRow + 1)].second;
    river.push_back(AddNode(east + kBlockMeters / 3, (south + north) / 2));
  }
  AddWay(river, Tag("waterway", "river") + Tag("name", "架空川"));

  // A private road that would be a short cut from one main road to another.
  const auto [east, north] = corner_meters_[Corner(15, 3)];
  AddWay({corner_nodes_[Corner(15, 3)],
          AddNode(east + 2.5 * kBlockMeters, north + 2.2 * kBlockMeters),
          corner_nodes_[Corner(21, 9)]},
         Tag("highway", "service") + Tag("access", "private") +
             Tag("name", "私有地見本"));

  if (spare_corner_ >= 0) {
    const auto [from_east, from_north] = corner_meters_[spare_corner_];
    const auto [to_east, to_north] = corner_meters_[spare_corner_ + 1];
    AddWay({corner_nodes_[spare_corner_],
            AddNode((from_east + to_east) / 2, (from_north + to_north) / 2,
                    Tag("barrier", "bollard")),
            corner_nodes_[spare_corner_ + 1]},
           Tag("highway", "residential"));
  }
  AddNode(
      0, 0,
      Tag("place", "town") + Tag("name", "架空町") + Tag("fictional", "yes") +
          Tag("description", "Invented; no such town exists. 架空の町です。"));
}

std::string Town::Build() {
  PlaceCorners();
  ChooseStreets();
  for (int row = 0; row < kRows; ++row) DrawLine(true, row);
  for (int column = 0; column < kColumns; ++column) DrawLine(false, column);
  DrawExtras();
  return absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- An invented town: nothing in it is real, whatever lies there on "
      "the earth. Not OpenStreetMap data; nobody needs to be credited. -->\n"
      "<osm version=\"0.6\" generator=\"",
      kDemoTownGenerator, "\">\n", nodes_, ways_, "</osm>\n");
}

}  // namespace

std::string DemoTownOsm(uint64_t seed) { return Town(seed).Build(); }

}  // namespace housecall::router
