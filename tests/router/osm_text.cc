#include "tests/router/osm_text.h"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "router/living_roads.h"

namespace housecall::router {

std::string OsmXml(absl::string_view text) {
  std::string xml = "<?xml version='1.0'?>\n<osm version=\"0.6\">\n";
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    std::vector<std::string> words =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    for (std::string& word : words) {
      std::replace(word.begin(), word.end(), '~', ' ');
    }
    if (words.empty()) continue;
    const bool is_node = words[0] == "n";
    if (words[0] == "r") {
      absl::StrAppend(&xml, "<relation id=\"", words[1], "\">");
      for (size_t i = 2; i < words.size(); ++i) {
        const std::vector<std::string> pair =
            absl::StrSplit(words[i], absl::MaxSplits('=', 1));
        if (pair[0] == "from" || pair[0] == "via" || pair[0] == "to") {
          absl::StrAppend(&xml, "<member type=\"",
                          pair[1][0] == 'n' ? "node" : "way", "\" ref=\"",
                          pair[1].substr(1), "\" role=\"", pair[0], "\"/>");
        } else {
          absl::StrAppend(&xml, "<tag k=\"", pair[0], "\" v=\"", pair[1],
                          "\"/>");
        }
      }
      absl::StrAppend(&xml, "</relation>\n");
      continue;
    }
    size_t first_tag;
    if (is_node) {
      double east = 0;
      double north = 0;
      EXPECT_TRUE(absl::SimpleAtod(words[2], &east)) << line;
      EXPECT_TRUE(absl::SimpleAtod(words[3], &north)) << line;
      absl::StrAppendFormat(
          &xml, "<node id=\"%s\" lat=\"%.7f\" lon=\"%.7f\">", words[1],
          35 + north / kMetersPerDegree,
          139 + east / (kMetersPerDegree * std::cos(35 * kRadiansPerDegree)));
      first_tag = 4;
    } else {
      absl::StrAppend(&xml, "<way id=\"", words[1], "\">");
      for (const absl::string_view node : absl::StrSplit(words[2], ',')) {
        absl::StrAppend(&xml, "<nd ref=\"", node, "\"/>");
      }
      first_tag = 3;
    }
    for (size_t i = first_tag; i < words.size(); ++i) {
      const std::vector<std::string> pair =
          absl::StrSplit(words[i], absl::MaxSplits('=', 1));
      absl::StrAppend(&xml, "<tag k=\"", pair[0], "\" v=\"", pair[1], "\"/>");
    }
    absl::StrAppend(&xml, is_node ? "</node>\n" : "</way>\n");
  }
  return absl::StrCat(xml, "</osm>\n");
}

std::string TestFolder() {
  // A folder of this process, which goes when it does.
  struct Folder {
    Folder() {
      std::string pattern = testing::TempDir() + "housecall_router_XXXXXX";
      path = mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
  };
  static const Folder folder;
  return folder.path;
}

std::string WriteFile(absl::string_view content, absl::string_view name) {
  const std::string path = absl::StrCat(TestFolder(), "/", name);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  EXPECT_TRUE(file.good()) << path;
  return path;
}

RoadData Import(absl::string_view text, ImportReport* report) {
  ImportOptions options;
  options.turns.left = options.turns.right = options.turns.back =
      absl::ZeroDuration();
  const absl::StatusOr<RoadData> data =
      ImportOsm(WriteFile(OsmXml(text), "town.osm"), options, report);
  EXPECT_TRUE(data.ok()) << data.status();
  return data.ok() ? *data : RoadData();
}

LatLng PlaceOf(const RoadData& data, int64_t node) {
  const auto& ids = data.source_node_ids;
  const auto found = std::find(ids.begin(), ids.end(), node);
  if (found == ids.end()) {
    ADD_FAILURE() << "node " << node << " is on no road";
    return LatLng();
  }
  return ToLatLng(data.nodes[found - ids.begin()]);
}

double Seconds(const RoadData& data, int64_t from, int64_t to) {
  return Table(data, {from, to})[0][1];
}

double SecondsAt(const RoadData& data, int64_t from, int64_t to,
                 absl::Time time) {
  return Table(data, {from, to}, time)[0][1];
}

std::vector<std::vector<double>> Table(const RoadData& data,
                                       const std::vector<int64_t>& nodes,
                                       std::optional<absl::Time> time) {
  std::vector<std::vector<double>> table(nodes.size(),
                                         std::vector<double>(nodes.size(), -1));
  const absl::StatusOr<std::shared_ptr<const RoadMap>> map =
      RoadMap::Create(data);
  if (!map.ok()) {
    ADD_FAILURE() << map.status();
    return table;
  }
  std::vector<RoadPoint> points;
  for (const int64_t id : nodes) {
    RoadPoint point;
    bool found = false;
    // On a public road, if one is there.
    for (const bool ends_only : {true, false}) {
      for (uint32_t i = 0; i < data.segments.size(); ++i) {
        const Segment& segment = data.segments[i];
        if (segment.Has(Segment::kEndsOnly) != ends_only) continue;
        const bool at_from = data.source_node_ids[segment.from_node] == id;
        const bool at_to = data.source_node_ids[segment.to_node] == id;
        if (!at_from && !at_to) continue;
        found = true;
        point.segment = i;
        point.offset_millimeters = at_from ? 0 : segment.length_millimeters;
      }
    }
    EXPECT_TRUE(found) << "no road ends at node " << id;
    points.push_back(point);
  }
  Query query(map->get());
  if (time.has_value()) {
    LivingRoads::Options roads;
    roads.calendar = SpeedCalendar::AsOnTheMap();
    roads.calendar.is_public_holiday = [](absl::CivilDay day) {
      return day == absl::CivilDay(2026, 11, 23);
    };
    query.SetMetric(
        LivingRoads::Create(*map, roads, *time).value()->current()->metric);
  }
  const std::vector<Leg> legs = query.Matrix(points, points);
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (size_t j = 0; j < nodes.size(); ++j) {
      const Leg& leg = legs[i * nodes.size() + j];
      if (leg.reachable()) {
        table[i][j] = absl::ToDoubleSeconds((*map)->ToDuration(leg.weight));
      }
    }
  }
  return table;
}

}  // namespace housecall::router
