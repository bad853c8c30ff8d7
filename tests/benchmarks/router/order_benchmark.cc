// The order in which a map is contracted, beside those that METIS finds for the
// same graph, and what each leads to.
//
//   order_benchmark FILE.map
//
// What is ordered are segments; two are neighbours if a turn leads from the one
// to the other. METIS_NodeND (Karypis and Kumar, "A Fast and High Quality
// Multilevel Scheme for Partitioning Irregular Graphs", 1998) is asked twice:
// as it comes, and with ten tries for each separator. The graph, the metric,
// the questions and the code that answers them are the same for all orders.
#include <metis.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "router/hierarchy.h"
#include "router/map_file.h"
#include "router/metric.h"
#include "router/nested_dissection.h"
#include "router/router.h"
#include "router/tools/measuring.h"

namespace housecall::router {
namespace {

// As METIS takes a graph: the neighbours of all segments, one after the other.
struct SegmentGraph {
  std::vector<idx_t> first;
  std::vector<idx_t> neighbors;
  // How many blocks a segment has: what it weighs.
  std::vector<idx_t> weights;
};

SegmentGraph SegmentGraphOf(const Graph& graph, uint32_t segments) {
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (uint32_t state = 0; state < graph.states(); ++state) {
    const uint32_t from = graph.road(state).segment();
    for (const Turn& turn : graph.Out(state)) {
      const uint32_t to = graph.road(turn.state).segment();
      if (from == to) continue;
      pairs.emplace_back(from, to);
      pairs.emplace_back(to, from);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  SegmentGraph out;
  out.first.resize(size_t{segments} + 1);
  for (const auto& [from, to] : pairs) {
    ++out.first[from + 1];
    out.neighbors.push_back(static_cast<idx_t>(to));
  }
  for (uint32_t i = 0; i < segments; ++i) {
    out.first[i + 1] += out.first[i];
    out.weights.push_back(
        static_cast<idx_t>(graph.first_block(i + 1) - graph.first_block(i)));
  }
  return out;
}

// All segments, the least important first; none if METIS fails.
std::vector<uint32_t> MetisOrder(SegmentGraph graph, idx_t tries) {
  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_SEED] = 1;
  options[METIS_OPTION_NSEPS] = tries;
  idx_t size = static_cast<idx_t>(graph.weights.size());
  std::vector<idx_t> order(graph.weights.size());
  std::vector<idx_t> place(graph.weights.size());
  if (METIS_NodeND(&size, graph.first.data(), graph.neighbors.data(),
                   graph.weights.data(), options, order.data(),
                   place.data()) != METIS_OK) {
    return {};
  }
  return {order.begin(), order.end()};
}

// What an order leads to, as text for a column.
struct Column {
  std::string name;
  double order_seconds = 0;
  double topology_seconds = 0;
  size_t arcs = 0;
  uint64_t triangles = 0;
  uint32_t depth = 0;
  double mean_ancestors = 0;
  double customization_seconds = 0;
  double drive_seconds = 0;
  double table_seconds = 0;
  // Of what was asked, so that all answers can be compared.
  uint64_t sum = 0;
};

void MeasureTree(const Hierarchy& hierarchy, Column* column) {
  column->arcs = hierarchy.arcs();
  // How many ranks are above each one.
  std::vector<uint32_t> above(hierarchy.blocks());
  double sum = 0;
  for (uint32_t rank = hierarchy.blocks(); rank-- > 0;) {
    const uint64_t heads = hierarchy.Heads(rank).size();
    column->triangles += (heads * heads - heads) / 2;
    const uint32_t parent = hierarchy.parent(rank);
    above[rank] = parent == Hierarchy::kNone ? 0 : above[parent] + 1;
    column->depth = std::max(column->depth, above[rank] + 1);
    sum += above[rank];
  }
  column->mean_ancestors = sum / hierarchy.blocks();
}

Column Measure(const std::string& name, const RoadData& data,
               const std::function<std::vector<uint32_t>()>& find_order) {
  Column column;
  column.name = name;
  std::vector<uint32_t> order;
  column.order_seconds = MedianSeconds(1, 1, [&] { order = find_order(); });
  if (order.empty()) return column;
  Graph graph(data);
  column.topology_seconds =
      MedianSeconds(3, 1, [&] { const Hierarchy hierarchy(graph, order); });
  Hierarchy hierarchy(graph, order);
  MeasureTree(hierarchy, &column);
  const std::shared_ptr<const RoadMap> map =
      RoadMap::Create(data, std::move(graph), std::move(hierarchy));
  const GraphWeights weights(&map->graph(), &map->data());
  column.customization_seconds = MedianSeconds(
      7, 1, [&] { const Metric metric(map->network(), weights); });

  FigureRandom random;
  const uint32_t segments = static_cast<uint32_t>(data.segments.size());
  const std::vector<RoadPoint> from =
      FigurePoints(*map, 1000, segments, &random);
  const std::vector<RoadPoint> to = FigurePoints(*map, 1000, segments, &random);
  Query query(map.get());
  for (size_t i = 0; i < from.size(); ++i) {
    column.sum += query.FindLeg(from[i], to[i]).weight;
  }
  size_t next = 0;
  column.drive_seconds = MedianSeconds(21, 1000, [&] {
    query.FindLeg(from[next % from.size()], to[next % to.size()]);
    ++next;
  });
  constexpr size_t kRows = 200;
  column.table_seconds = MedianSeconds(9, 1, [&] {
    query.Matrix(absl::MakeConstSpan(from).subspan(0, kRows),
                 absl::MakeConstSpan(to).subspan(0, kRows));
  });
  return column;
}

void Print(const std::vector<Column>& columns) {
  const auto row = [&](const char* what,
                       const std::function<std::string(const Column&)>& text) {
    absl::PrintF("%-34s", what);
    for (const Column& column : columns) absl::PrintF("%16s", text(column));
    absl::PrintF("\n");
  };
  const auto time = [&](const char* what, double Column::*seconds) {
    row(what, [&](const Column& one) { return TimeText(one.*seconds); });
  };
  row("", [](const Column& one) { return one.name; });
  time("order", &Column::order_seconds);
  time("topology", &Column::topology_seconds);
  row("arcs",
      [](const Column& one) { return absl::StrFormat("%d", one.arcs); });
  row("triangles",
      [](const Column& one) { return absl::StrFormat("%d", one.triangles); });
  row("depth of the tree",
      [](const Column& one) { return absl::StrFormat("%d", one.depth); });
  row("ranks above one, on average", [](const Column& one) {
    return absl::StrFormat("%.1f", one.mean_ancestors);
  });
  time("customization", &Column::customization_seconds);
  time("one drive, time", &Column::drive_seconds);
  time("200 x 200, whole map", &Column::table_seconds);
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: order_benchmark FILE.map\n");
    return 2;
  }
  const absl::StatusOr<RoadData> data = LoadMap(argv[1]);
  if (!data.ok()) {
    std::fprintf(stderr, "%s\n", std::string(data.status().message()).c_str());
    return 1;
  }
  const SegmentGraph graph = SegmentGraphOf(
      Graph(*data), static_cast<uint32_t>(data->segments.size()));
  std::vector<Column> columns;
  columns.push_back(
      Measure("ours", *data, [&] { return DissectionOrder(*data); }));
  columns.push_back(
      Measure("METIS", *data, [&] { return MetisOrder(graph, 1); }));
  columns.push_back(
      Measure("METIS, 10 tries", *data, [&] { return MetisOrder(graph, 10); }));
  for (const Column& column : columns) {
    if (column.arcs > 0 && column.sum == columns[0].sum) continue;
    std::fprintf(
        stderr, "%s: %s\n", column.name.c_str(),
        column.arcs == 0 ? "found no order" : "answers otherwise than ours");
    return 1;
  }
  Print(columns);
  return 0;
}

}  // namespace
}  // namespace housecall::router

int main(int argc, char** argv) { return housecall::router::Main(argc, argv); }
