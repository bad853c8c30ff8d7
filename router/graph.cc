#include "router/graph.h"

#include <numeric>

namespace housecall::router {
namespace {

struct Edge {
  uint32_t tail;
  uint32_t head;
  uint32_t weight;
  ArcRoad road;
};

// The arcs of each node side by side (counting sort by the node that `key`
// gives), in the order of `edges`.
template <typename Key, typename Other>
void Group(const std::vector<Edge>& edges, uint32_t nodes, Key key, Other other,
           std::vector<uint32_t>* first, std::vector<Arc>* arcs) {
  first->assign(size_t{nodes} + 1, 0);
  for (const Edge& edge : edges) ++(*first)[key(edge) + 1];
  std::partial_sum(first->begin(), first->end(), first->begin());
  std::vector<uint32_t> next(first->begin(), first->end() - 1);
  arcs->resize(edges.size());
  for (const Edge& edge : edges) {
    (*arcs)[next[key(edge)]++] = {other(edge), edge.weight, edge.road};
  }
}

}  // namespace

Graph::Graph(const RoadData& data)
    : road_nodes_(static_cast<uint32_t>(data.nodes.size())),
      depart_layer_(data.nodes.size()),
      arrive_layer_(data.nodes.size()) {
  std::iota(depart_layer_.begin(), depart_layer_.end(), 0);
  std::iota(arrive_layer_.begin(), arrive_layer_.end(), 0);

  std::vector<Edge> edges;
  edges.reserve(data.segments.size() * 2);
  uint32_t nodes = road_nodes_;
  const auto add_layers = [&](uint32_t node) {
    if (depart_layer_[node] != node) return;
    depart_layer_[node] = nodes++;
    arrive_layer_[node] = nodes++;
    edges.push_back({depart_layer_[node], node, 0, ArcRoad()});
    edges.push_back({node, arrive_layer_[node], 0, ArcRoad()});
  };
  const auto add = [&](const Segment& segment, uint32_t number, uint32_t from,
                       uint32_t to) {
    if (segment.forward_weight != kClosed) {
      edges.push_back(
          {from, to, segment.forward_weight, ArcRoad::Of(number, false)});
    }
    if (segment.backward_weight != kClosed) {
      edges.push_back(
          {to, from, segment.backward_weight, ArcRoad::Of(number, true)});
    }
  };
  for (uint32_t i = 0; i < data.segments.size(); ++i) {
    const Segment& segment = data.segments[i];
    const uint32_t from = segment.from_node;
    const uint32_t to = segment.to_node;
    if (!segment.Has(Segment::kEndsOnly)) {
      add(segment, i, from, to);
      continue;
    }
    add_layers(from);
    add_layers(to);
    add(segment, i, depart_layer_[from], depart_layer_[to]);
    add(segment, i, arrive_layer_[from], arrive_layer_[to]);
  }

  Group(
      edges, nodes, [](const Edge& e) { return e.tail; },
      [](const Edge& e) { return e.head; }, &first_out_, &out_);
  Group(
      edges, nodes, [](const Edge& e) { return e.head; },
      [](const Edge& e) { return e.tail; }, &first_in_, &in_);
}

}  // namespace housecall::router
