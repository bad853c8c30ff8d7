#include "router/hierarchy_search.h"

#include <algorithm>
#include <utility>

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

}  // namespace

void DriveRows::Clear() {
  for (const RowPlace& row : rows_) row_of_rank_[row.rank] = kNone;
  rows_.clear();
  sorted_.clear();
  column_place_.clear();
}

Row DriveRows::Get(size_t row) const {
  const RowPlace& place = rows_[row];
  const size_t size = place.end - place.first;
  Cost* const begin = numbers_.data() + place.offset;
  return {size, {begin, begin + size}};
}

// One for each block that a place's anchors are in, by rank.
void DriveRows::PlaceColumns(const Hierarchy& hierarchy,
                             absl::Span<const std::vector<Anchor>> places) {
  for (uint32_t place = 0; place < places.size(); ++place) {
    const size_t begin = sorted_.size();
    for (const Anchor& anchor : places[place]) {
      const uint32_t rank = hierarchy.rank(anchor.state >> 1);
      auto column = std::find_if(
          sorted_.begin() + static_cast<std::ptrdiff_t>(begin), sorted_.end(),
          [&](const Column& c) { return c.rank == rank; });
      if (column == sorted_.end()) {
        column = sorted_.insert(column, {rank, place, StateCosts()});
      }
      Cost& cost = column->costs.of[anchor.state & 1];
      cost = std::min(cost, anchor.cost);
    }
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const Column& a, const Column& b) {
              return std::pair(a.rank, a.place) < std::pair(b.rank, b.place);
            });
  for (const Column& column : sorted_) column_place_.push_back(column.place);
}

void DriveRows::PlaceRows(const Hierarchy& hierarchy) {
  // From each column up to where an earlier one has been. A later column's
  // ranks come first, because all that lead into a rank must come before it.
  std::vector<std::pair<size_t, size_t>> chains;
  std::vector<uint32_t> ranks;
  for (const Column& column : sorted_) {
    const size_t begin = ranks.size();
    for (uint32_t rank = column.rank;
         rank != kNone && row_of_rank_[rank] == kNone;
         rank = hierarchy.parent(rank)) {
      row_of_rank_[rank] = 0;
      ranks.push_back(rank);
    }
    if (ranks.size() > begin) chains.emplace_back(begin, ranks.size());
  }
  rows_.reserve(ranks.size());
  for (size_t chain = chains.size(); chain-- > 0;) {
    for (size_t i = chains[chain].first; i < chains[chain].second; ++i) {
      row_of_rank_[ranks[i]] = static_cast<uint32_t>(rows_.size());
      rows_.push_back({ranks[i], kNone, 0, 0});
    }
  }

  // The columns below a rank are next to each other, as the ranks below are.
  for (uint32_t i = 0; i < sorted_.size(); ++i) {
    RowPlace& row = rows_[row_of_rank_[sorted_[i].rank]];
    row.first = std::min(row.first, i);
    row.end = i + 1;
  }
  size_t numbers = 0;
  for (RowPlace& row : rows_) {
    row.offset = numbers;
    numbers += size_t{row.end - row.first} * 2;
    const uint32_t parent = hierarchy.parent(row.rank);
    if (parent == kNone) continue;
    RowPlace& above = rows_[row_of_rank_[parent]];
    above.first = std::min(above.first, row.first);
    above.end = std::max(above.end, row.end);
  }
  if (numbers_.size() < numbers) numbers_.resize(numbers);
  std::fill(numbers_.begin(),
            numbers_.begin() + static_cast<std::ptrdiff_t>(numbers), kNoWay);
}

void DriveRows::Search(const Metric& metric, Direction direction,
                       absl::Span<const std::vector<Anchor>> places) {
  const Hierarchy& hierarchy = *metric.network().hierarchy;
  Clear();
  places_ = places.size();
  row_of_rank_.resize(hierarchy.blocks(), kNone);
  PlaceColumns(hierarchy, places);
  PlaceRows(hierarchy);
  for (uint32_t i = 0; i < sorted_.size(); ++i) {
    const uint32_t number = row_of_rank_[sorted_[i].rank];
    const Row row = Get(number);
    const uint32_t at = i - rows_[number].first;
    for (const int state : {0, 1}) {
      row.costs[state][at] = sorted_[i].costs.of[state];
    }
  }

  const bool is_from = direction == Direction::kFrom;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const uint32_t rank = rows_[i].rank;
    const uint32_t first = rows_[i].first;
    const Row row = Get(i);
    // Ways within a block are in its arcs; they matter where both searches
    // meet, and once is enough.
    if (!is_from) RelaxRowSelf(metric.self(rank), row);
    const ArcCosts arcs = is_from ? metric.up(rank) : metric.down(rank);
    size_t arc = 0;
    for (const uint32_t head : hierarchy.Heads(rank)) {
      const uint32_t to = row_of_rank_[head];
      const Row all = Get(to);
      const uint32_t skip = first - rows_[to].first;
      RelaxRow(row, arcs[arc++],
               {row.size, {all.costs[0] + skip, all.costs[1] + skip}});
    }
  }
}

std::vector<Cost> JoinDrives(const DriveRows& from, const DriveRows& to) {
  std::vector<Cost> table(from.places() * to.places(), kNoWay);
  if (table.empty()) return table;
  // Some columns of `from` at a time, so that their part of the table stays in
  // the fastest memory.
  constexpr size_t kAtATime = 16;
  const size_t width = to.columns();
  std::vector<Cost> costs;
  for (size_t begin = 0; begin < from.columns(); begin += kAtATime) {
    const size_t end = std::min(begin + kAtATime, from.columns());
    costs.assign((end - begin) * width, kNoWay);
    for (size_t i = 0; i < from.rows(); ++i) {
      const size_t first = from.first_column(i);
      const Row before = from.Get(i);
      const size_t row_begin = std::max(begin, first);
      const size_t row_end = std::min(end, first + before.size);
      if (row_begin >= row_end) continue;
      const uint32_t other = to.RowOf(from.rank(i));
      if (other == kNone) continue;
      const Row after = to.Get(other);
      const size_t to_first = to.first_column(other);
      for (size_t column = row_begin; column < row_end; ++column) {
        const Cost both[2] = {before.costs[0][column - first],
                              before.costs[1][column - first]};
        if (both[0] >= kNoWay && both[1] >= kNoWay) continue;
        JoinRow(both, after, &costs[(column - begin) * width + to_first]);
      }
    }
    for (size_t column = begin; column < end; ++column) {
      Cost* const row = &table[from.place(column) * to.places()];
      for (size_t i = 0; i < width; ++i) {
        Cost& drive = row[to.place(i)];
        drive = std::min(drive, costs[(column - begin) * width + i]);
      }
    }
  }
  return table;
}

HierarchySearch::HierarchySearch(const Hierarchy* hierarchy)
    : hierarchy_(*hierarchy) {
  from_.costs.resize(hierarchy->blocks());
  to_.costs.resize(hierarchy->blocks());
}

void HierarchySearch::Begin(absl::Span<const Anchor> anchors, Side* side) {
  for (const uint32_t rank : side->ranks) side->costs[rank] = StateCosts();
  side->ranks.clear();
  side->anchors.assign(anchors.begin(), anchors.end());
  uint32_t last = kNone;
  for (const Anchor& anchor : anchors) {
    const uint32_t rank = hierarchy_.rank(anchor.state >> 1);
    Cost& cost = side->costs[rank].of[anchor.state & 1];
    cost = std::min(cost, anchor.cost);
    if (rank == last) continue;
    last = rank;
    // Both lists are ascending, and from where they meet on they are one.
    const size_t before = side->ranks.size();
    size_t at = 0;
    uint32_t next = rank;
    while (next != kNone) {
      while (at < before && side->ranks[at] < next) ++at;
      if (at < before && side->ranks[at] == next) break;
      side->ranks.push_back(next);
      next = hierarchy_.parent(next);
    }
    std::inplace_merge(
        side->ranks.begin(),
        side->ranks.begin() + static_cast<std::ptrdiff_t>(before),
        side->ranks.end());
  }
}

Cost HierarchySearch::Find(const Metric& metric, absl::Span<const Anchor> from,
                           absl::Span<const Anchor> to) {
  Begin(from, &from_);
  Begin(to, &to_);
  Cost best = kNoWay;
  top_ = kNone;
  const auto relax = [&](uint32_t rank, ArcCosts arcs, Side* side) {
    const StateCosts& costs = side->costs[rank];
    if (std::min(costs.of[0], costs.of[1]) >= best) return;
    const absl::Span<const uint32_t> heads = hierarchy_.Heads(rank);
    RelaxArcs(costs, heads.data(), arcs, heads.size(), side->costs.data());
  };
  size_t from_at = 0;
  size_t to_at = 0;
  while (from_at < from_.ranks.size() || to_at < to_.ranks.size()) {
    // All below a rank come before it.
    const uint32_t from_rank =
        from_at < from_.ranks.size() ? from_.ranks[from_at] : kNone;
    const uint32_t to_rank =
        to_at < to_.ranks.size() ? to_.ranks[to_at] : kNone;
    const uint32_t rank = std::min(from_rank, to_rank);
    if (from_rank == to_rank) {
      const StateCosts& up = from_.costs[rank];
      const StateCosts& down = to_.costs[rank];
      const SelfCosts& self = metric.self(rank);
      for (const uint32_t a : {0, 1}) {
        for (const uint32_t b : {0, 1}) {
          const Cost cost =
              up.of[a] + down.of[b] + (a == b ? Cost{0} : self.of[a]);
          if (cost >= best) continue;
          best = cost;
          top_ = rank;
          top_from_ = a;
          top_to_ = b;
        }
      }
    }
    if (from_rank == rank) {
      relax(rank, metric.up(rank), &from_);
      ++from_at;
    }
    if (to_rank == rank) {
      relax(rank, metric.down(rank), &to_);
      ++to_at;
    }
  }
  return best;
}

// The arcs that led to the top, and what is between them: from the anchor's
// place on. Which arcs it was is found by the sums, so nothing has to be kept.
std::vector<HierarchySearch::Place> HierarchySearch::WayUp(const Metric& metric,
                                                           const Side& side,
                                                           bool is_from,
                                                           Place top) const {
  std::vector<Place> places = {top};
  while (true) {
    const Place place = places.back();
    const Cost cost = side.costs[place.rank].of[place.state];
    const uint32_t number = hierarchy_.block(place.rank) * 2 + place.state;
    const bool is_anchor = std::any_of(
        side.anchors.begin(), side.anchors.end(), [&](const Anchor& anchor) {
          return anchor.state == number && anchor.cost == cost;
        });
    if (is_anchor) break;
    const auto step = [&]() -> Place {
      for (const uint32_t rank : side.ranks) {
        if (rank >= place.rank) break;
        const uint32_t arc = hierarchy_.FindArc(rank, place.rank);
        if (arc == kNone) continue;
        const uint32_t at = arc - hierarchy_.first_arc(rank);
        const PairCosts costs =
            (is_from ? metric.up(rank) : metric.down(rank))[at];
        for (const uint32_t state : {0, 1}) {
          if (side.costs[rank].of[state] + costs.at(state, place.state) ==
              cost) {
            return {rank, state};
          }
        }
      }
      return {kNone, 0};
    };
    places.push_back(step());
  }
  std::reverse(places.begin(), places.end());
  return places;
}

// Adds the states of the way that an arc stands for, or of one within a block,
// without the first one.
//
// An arc's cost came from a turn, from a way over a lower rank, or, for the
// other state of its lower block, from one of those and a way within that
// block. Which one it was is found by the sums. Every step leads to ways over
// lower ranks.
void HierarchySearch::Unpack(const Metric& metric, Place tail, Place head,
                             std::vector<uint32_t>* states) const {
  const Graph& graph = *metric.network().graph;

  struct Way {
    Place tail;
    Place head;
    Cost cost;
  };
  const auto arc_at = [&](uint32_t low, uint32_t high) {
    const uint32_t arc = hierarchy_.FindArc(low, high);
    return arc == kNone ? kNone : arc - hierarchy_.first_arc(low);
  };
  const auto cost_of = [&](Place a, Place b) {
    if (a.rank == b.rank) return metric.self(a.rank).of[a.state];
    return a.rank < b.rank
               ? metric.up(a.rank)[arc_at(a.rank, b.rank)].at(a.state, b.state)
               : metric.down(b.rank)[arc_at(b.rank, a.rank)].at(b.state,
                                                                a.state);
  };
  std::vector<Way> open = {{tail, head, cost_of(tail, head)}};
  while (!open.empty()) {
    const Way way = open.back();
    open.pop_back();
    const uint32_t tail_state =
        hierarchy_.block(way.tail.rank) * 2 + way.tail.state;
    const uint32_t head_state =
        hierarchy_.block(way.head.rank) * 2 + way.head.state;
    const absl::Span<const Turn> turns = graph.Out(tail_state);
    const auto* const turn = std::lower_bound(
        turns.begin(), turns.end(), head_state,
        [](const Turn& t, uint32_t state) { return t.state < state; });
    if (turn != turns.end() && turn->state == head_state &&
        metric.weights().Of(tail_state, *turn) == way.cost) {
      states->push_back(head_state);
      continue;
    }
    // Over a rank that both are joined with.
    const uint32_t lower_end = std::min(way.tail.rank, way.head.rank);
    const uint32_t upper_end = std::max(way.tail.rank, way.head.rank);
    bool found = false;
    hierarchy_.VisitLower(lower_end, [&](uint32_t lower, uint32_t at) {
      const uint32_t other =
          lower_end == upper_end ? at : arc_at(lower, upper_end);
      if (other == kNone) return true;
      const uint32_t to_middle = way.tail.rank == lower_end ? at : other;
      const uint32_t from_middle = way.head.rank == lower_end ? at : other;
      const PairCosts down = metric.down(lower)[to_middle];
      const PairCosts up = metric.up(lower)[from_middle];
      for (const uint32_t state : {0, 1}) {
        const Cost first = down.at(state, way.tail.state);
        const Cost second = up.at(state, way.head.state);
        if (first + second != way.cost) continue;
        open.push_back({{lower, state}, way.head, second});
        open.push_back({way.tail, {lower, state}, first});
        found = true;
        return false;
      }
      return true;
    });
    if (found) continue;
    // Only a folded way can be left: by way of the lower block's other state.
    const SelfCosts& self = metric.self(lower_end);
    if (way.tail.rank == lower_end) {
      const Place other = {way.tail.rank, 1 - way.tail.state};
      const Cost within = self.of[way.tail.state];
      open.push_back({other, way.head, way.cost - within});
      open.push_back({way.tail, other, within});
    } else {
      const Place other = {way.head.rank, 1 - way.head.state};
      const Cost within = self.of[other.state];
      open.push_back({other, way.head, within});
      open.push_back({way.tail, other, way.cost - within});
    }
  }
}

std::vector<uint32_t> HierarchySearch::States(const Metric& metric) const {
  std::vector<Place> places = WayUp(metric, from_, true, {top_, top_from_});
  std::vector<Place> down = WayUp(metric, to_, false, {top_, top_to_});
  // Both have the top, unless it was crossed from one state to the other.
  if (top_from_ == top_to_) down.pop_back();
  places.insert(places.end(), down.rbegin(), down.rend());
  std::vector<uint32_t> states = {hierarchy_.block(places.front().rank) * 2 +
                                  places.front().state};
  for (size_t i = 1; i < places.size(); ++i) {
    Unpack(metric, places[i - 1], places[i], &states);
  }
  return states;
}

std::vector<Cost> HierarchySearch::Table(
    const Metric& metric, absl::Span<const std::vector<Anchor>> from,
    absl::Span<const std::vector<Anchor>> to) {
  from_rows_.Search(metric, DriveRows::Direction::kFrom, from);
  to_rows_.Search(metric, DriveRows::Direction::kTo, to);
  return JoinDrives(from_rows_, to_rows_);
}

}  // namespace housecall::router
