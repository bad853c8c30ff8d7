#include "router/nested_dissection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "router/geo.h"

namespace housecall::router {
namespace {

constexpr uint32_t kNone = 0xffffffff;

// The nodes of a part of the network and the segments between them.
struct Part {
  std::vector<uint32_t> nodes;
  std::vector<uint32_t> segments;
};

// Finds smallest cuts of one part. All numbers are local to it.
class Cutter {
 public:
  Cutter(uint32_t nodes, std::vector<std::pair<uint32_t, uint32_t>> edges);

  // The nodes on the sources' side of a smallest set of edges that parts the
  // first `seeds` of `order` from the last `seeds`; of two such sides the more
  // even one. False, and nothing found, if the set has `limit` edges or more.
  bool Cut(const std::vector<uint32_t>& order, uint32_t seeds, uint32_t limit,
           std::vector<bool>* side, uint32_t* size);

 private:
  enum : uint8_t { kInner = 0, kSource = 1, kSink = 2 };

  // An edge seen from one of its nodes; twins are 2e and 2e + 1.
  struct Half {
    uint32_t node;
    uint32_t number;
  };

  bool HasRoom(uint32_t number) const { return flow_[number] <= 0; }
  bool MakeLevels();
  uint32_t Augment();
  uint32_t Reach(uint8_t from, bool forwards, std::vector<bool>* reached) const;

  uint32_t nodes_;
  std::vector<uint32_t> first_;
  std::vector<Half> halves_;
  // By half edge: 1 if the edge is used in that direction, -1 if in the other.
  std::vector<int8_t> flow_;
  std::vector<uint8_t> kind_;
  std::vector<uint32_t> level_;
  std::vector<uint32_t> next_;
  std::vector<uint32_t> queue_;
  std::vector<uint32_t> path_;
};

Cutter::Cutter(uint32_t nodes, std::vector<std::pair<uint32_t, uint32_t>> edges)
    : nodes_(nodes),
      first_(size_t{nodes} + 1),
      halves_(edges.size() * 2),
      flow_(edges.size() * 2),
      kind_(nodes),
      level_(nodes),
      next_(nodes) {
  for (const auto& [a, b] : edges) {
    ++first_[a + 1];
    ++first_[b + 1];
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
  for (uint32_t i = 0; i < edges.size(); ++i) {
    halves_[next[edges[i].first]++] = {edges[i].second, i * 2};
    halves_[next[edges[i].second]++] = {edges[i].first, i * 2 + 1};
  }
}

// The least number of edges from the sources to each node, as far as the
// nearest sink; false if none can be reached.
bool Cutter::MakeLevels() {
  std::fill(level_.begin(), level_.end(), kNone);
  queue_.clear();
  for (uint32_t node = 0; node < nodes_; ++node) {
    if (kind_[node] != kSource) continue;
    level_[node] = 0;
    queue_.push_back(node);
  }
  bool found = false;
  for (size_t at = 0; at < queue_.size(); ++at) {
    const uint32_t node = queue_[at];
    if (found && kind_[node] == kSink) break;
    for (uint32_t i = first_[node]; i < first_[node + 1]; ++i) {
      const Half& half = halves_[i];
      if (level_[half.node] != kNone || !HasRoom(half.number)) continue;
      level_[half.node] = level_[node] + 1;
      if (kind_[half.node] == kSink) {
        found = true;
      } else {
        queue_.push_back(half.node);
      }
    }
    if (found) break;
  }
  return found;
}

// Dinic's blocking flow, one path after the other, each of them shortest.
uint32_t Cutter::Augment() {
  std::copy(first_.begin(), first_.end() - 1, next_.begin());
  uint32_t paths = 0;
  for (uint32_t source = 0; source < nodes_; ++source) {
    if (kind_[source] != kSource) continue;
    path_.clear();
    uint32_t node = source;
    while (true) {
      if (kind_[node] == kSink) {
        for (const uint32_t i : path_) {
          const uint32_t number = halves_[i].number;
          ++flow_[number];
          --flow_[number ^ 1];
        }
        ++paths;
        path_.clear();
        node = source;
        continue;
      }
      while (next_[node] < first_[node + 1]) {
        const Half& half = halves_[next_[node]];
        if (level_[half.node] == level_[node] + 1 && HasRoom(half.number)) {
          break;
        }
        ++next_[node];
      }
      if (next_[node] < first_[node + 1]) {
        path_.push_back(next_[node]);
        node = halves_[next_[node]].node;
        continue;
      }
      if (path_.empty()) break;
      // A dead end: back, and never here again.
      level_[node] = kNone;
      path_.pop_back();
      node = path_.empty() ? source : halves_[path_.back()].node;
    }
  }
  return paths;
}

uint32_t Cutter::Reach(uint8_t from, bool forwards,
                       std::vector<bool>* reached) const {
  reached->assign(nodes_, false);
  std::vector<uint32_t> queue;
  for (uint32_t node = 0; node < nodes_; ++node) {
    if (kind_[node] != from) continue;
    (*reached)[node] = true;
    queue.push_back(node);
  }
  for (size_t at = 0; at < queue.size(); ++at) {
    const uint32_t node = queue[at];
    for (uint32_t i = first_[node]; i < first_[node + 1]; ++i) {
      const Half& half = halves_[i];
      if ((*reached)[half.node] ||
          !HasRoom(forwards ? half.number : half.number ^ 1)) {
        continue;
      }
      (*reached)[half.node] = true;
      queue.push_back(half.node);
    }
  }
  return static_cast<uint32_t>(queue.size());
}

bool Cutter::Cut(const std::vector<uint32_t>& order, uint32_t seeds,
                 uint32_t limit, std::vector<bool>* side, uint32_t* size) {
  std::fill(flow_.begin(), flow_.end(), 0);
  std::fill(kind_.begin(), kind_.end(), uint8_t{kInner});
  for (uint32_t i = 0; i < seeds; ++i) {
    kind_[order[i]] = kSource;
    kind_[order[order.size() - 1 - i]] = kSink;
  }
  *size = 0;
  while (MakeLevels()) {
    *size += Augment();
    if (*size >= limit) return false;
  }
  std::vector<bool> behind;
  const uint32_t before_count = Reach(kSource, true, side);
  const uint32_t behind_count = Reach(kSink, false, &behind);
  if (behind_count > before_count) {
    for (uint32_t node = 0; node < nodes_; ++node) {
      (*side)[node] = !behind[node];
    }
  }
  return true;
}

class Dissection {
 public:
  explicit Dissection(const RoadData& data);

  std::vector<uint32_t> Order(const std::function<void(double)>& progress);

 private:
  // Puts segments before all that have their place already.
  void Place(const std::vector<uint32_t>& segments) {
    for (const uint32_t segment : segments) order_[--free_] = segment;
  }
  // Places the segments that part it, and gives the two halves.
  void Divide(const Part& part, Part* first, Part* second);

  const RoadData& data_;
  // Metres or so, of each node.
  std::vector<double> east_;
  std::vector<double> north_;
  std::vector<uint32_t> local_;
  std::vector<uint32_t> order_;
  size_t free_;
};

Dissection::Dissection(const RoadData& data)
    : data_(data),
      local_(data.nodes.size()),
      order_(data.segments.size()),
      free_(data.segments.size()) {
  double latitude = 0;
  for (const FixedPoint node : data.nodes) latitude += node.latitude_e7 * 1e-7;
  latitude /= static_cast<double>(data.nodes.size());
  const double narrowing = std::cos(latitude * kRadiansPerDegree);
  for (const FixedPoint node : data.nodes) {
    east_.push_back(node.longitude_e7 * narrowing);
    north_.push_back(node.latitude_e7);
  }
}

void Dissection::Divide(const Part& part, Part* first, Part* second) {
  const uint32_t size = static_cast<uint32_t>(part.nodes.size());
  for (uint32_t i = 0; i < size; ++i) local_[part.nodes[i]] = i;
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  edges.reserve(part.segments.size());
  for (const uint32_t number : part.segments) {
    const Segment& segment = data_.segments[number];
    if (segment.from_node == segment.to_node) continue;
    edges.emplace_back(local_[segment.from_node], local_[segment.to_node]);
  }
  Cutter cutter(size, std::move(edges));

  constexpr double kDirections[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
  const uint32_t seeds = std::max<uint32_t>(1, size / 4);
  std::vector<bool> best;
  uint32_t best_cut = kNone;
  uint32_t best_smaller = 0;
  for (const auto& direction : kDirections) {
    std::vector<std::pair<double, uint32_t>> keyed(size);
    for (uint32_t i = 0; i < size; ++i) {
      keyed[i] = {direction[0] * east_[part.nodes[i]] +
                      direction[1] * north_[part.nodes[i]],
                  i};
    }
    std::nth_element(keyed.begin(), keyed.begin() + seeds, keyed.end());
    std::nth_element(keyed.begin() + seeds, keyed.end() - seeds, keyed.end());
    std::vector<uint32_t> order(size);
    for (uint32_t i = 0; i < size; ++i) order[i] = keyed[i].second;
    std::vector<bool> side;
    uint32_t cut = 0;
    const uint32_t limit = best_cut == kNone ? kNone : best_cut + 1;
    if (!cutter.Cut(order, seeds, limit, &side, &cut)) continue;
    const uint32_t count =
        static_cast<uint32_t>(std::count(side.begin(), side.end(), true));
    const uint32_t smaller = std::min(count, size - count);
    if (cut < best_cut || smaller > best_smaller) {
      best = std::move(side);
      best_cut = cut;
      best_smaller = smaller;
    }
  }

  for (uint32_t i = 0; i < size; ++i) {
    (best[i] ? first : second)->nodes.push_back(part.nodes[i]);
  }
  std::vector<uint32_t> between;
  for (const uint32_t number : part.segments) {
    const Segment& segment = data_.segments[number];
    const bool from = best[local_[segment.from_node]];
    const bool to = best[local_[segment.to_node]];
    if (from != to) {
      between.push_back(number);
    } else {
      (from ? first : second)->segments.push_back(number);
    }
  }
  Place(between);
}

std::vector<uint32_t> Dissection::Order(
    const std::function<void(double)>& progress) {
  const double size = static_cast<double>(order_.size());
  double told = 0;
  std::vector<Part> parts(1);
  parts[0].nodes.resize(data_.nodes.size());
  std::iota(parts[0].nodes.begin(), parts[0].nodes.end(), 0);
  parts[0].segments.resize(data_.segments.size());
  std::iota(parts[0].segments.begin(), parts[0].segments.end(), 0);
  while (!parts.empty()) {
    const Part part = std::move(parts.back());
    parts.pop_back();
    const double done = (size - static_cast<double>(free_)) / size;
    if (progress && done >= told + 0.01) {
      told = done;
      progress(done);
    }
    if (part.segments.size() <= 1 || part.nodes.size() <= 1) {
      Place(part.segments);
      continue;
    }
    Part first;
    Part second;
    Divide(part, &first, &second);
    parts.push_back(std::move(first));
    parts.push_back(std::move(second));
  }
  return std::move(order_);
}

}  // namespace

std::vector<uint32_t> DissectionOrder(
    const RoadData& data, const std::function<void(double)>& progress) {
  return Dissection(data).Order(progress);
}

}  // namespace housecall::router
