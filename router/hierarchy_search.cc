#include "router/hierarchy_search.h"

#include <algorithm>
#include <utility>

namespace housecall::router {
namespace {

constexpr uint32_t kNone = Hierarchy::kNone;

}  // namespace

DriveRows::DriveRows(const Index& index) : index_(index) {}

void DriveRows::Clear() {
  for (const RowPlace& row : rows_) row_of_rank_[row.rank] = kNone;
  rows_.clear();
  sorted_.clear();
  column_place_.clear();
}

Row DriveRows::Get(size_t row) const {
  const RowPlace& place = rows_[row];
  const size_t size = place.end - place.first;
  uint32_t* const begin = numbers_.data() + place.offset;
  return {size, {begin, begin + size}, {begin + 2 * size, begin + 3 * size}};
}

void DriveRows::Search(Direction direction,
                       absl::Span<const std::vector<Anchor>> places) {
  const Hierarchy& hierarchy = *index_.hierarchy;
  const Metric& metric = *index_.metric;
  Clear();
  places_ = places.size();
  row_of_rank_.resize(hierarchy.blocks(), kNone);

  for (uint32_t place = 0; place < places.size(); ++place) {
    const size_t begin = sorted_.size();
    for (const Anchor& anchor : places[place]) {
      const uint32_t rank = hierarchy.rank(anchor.state >> 1);
      auto column = std::find_if(
          sorted_.begin() + static_cast<std::ptrdiff_t>(begin), sorted_.end(),
          [&](const Column& c) { return c.rank == rank; });
      if (column == sorted_.end()) {
        column = sorted_.insert(column,
                                {rank, place, {kInfinity, kInfinity}, {0, 0}});
      }
      const uint32_t state = anchor.state & 1;
      if (anchor.weight >= column->weights[state]) continue;
      column->weights[state] = anchor.weight;
      column->lengths[state] = anchor.length;
    }
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const Column& a, const Column& b) {
              return std::pair(a.rank, a.place) < std::pair(b.rank, b.place);
            });

  // From each column up to where an earlier one has been. A later column's
  // ranks come first, because all that lead into a rank must come before it.
  std::vector<std::pair<size_t, size_t>> chains;
  std::vector<uint32_t> ranks;
  for (uint32_t i = 0; i < sorted_.size(); ++i) {
    column_place_.push_back(sorted_[i].place);
    const size_t begin = ranks.size();
    for (uint32_t rank = sorted_[i].rank;
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
    numbers += size_t{row.end - row.first} * 4;
    const uint32_t parent = hierarchy.parent(row.rank);
    if (parent == kNone) continue;
    RowPlace& above = rows_[row_of_rank_[parent]];
    above.first = std::min(above.first, row.first);
    above.end = std::max(above.end, row.end);
  }
  if (numbers_.size() < numbers) numbers_.resize(numbers);
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row row = Get(i);
    std::fill(row.weights[0], row.weights[0] + 2 * row.size, kInfinity);
    std::fill(row.lengths[0], row.lengths[0] + 2 * row.size, 0);
  }
  for (uint32_t i = 0; i < sorted_.size(); ++i) {
    const uint32_t number = row_of_rank_[sorted_[i].rank];
    const Row row = Get(number);
    const uint32_t at = i - rows_[number].first;
    for (const int state : {0, 1}) {
      row.weights[state][at] = sorted_[i].weights[state];
      row.lengths[state][at] = sorted_[i].lengths[state];
    }
  }

  const bool is_from = direction == Direction::kFrom;
  const PairWeights* const weights = is_from ? metric.up() : metric.down();
  const PairWeights* const lengths =
      is_from ? metric.up_lengths() : metric.down_lengths();
  for (size_t i = 0; i < rows_.size(); ++i) {
    const uint32_t rank = rows_[i].rank;
    const uint32_t first = rows_[i].first;
    const Row row = Get(i);
    // Ways within a block are in its arcs; they matter where both searches
    // meet, and once is enough.
    if (!is_from) {
      RelaxRowSelf(metric.self()[rank], metric.self_lengths()[rank], row);
    }
    for (uint32_t arc = hierarchy.first_arc(rank);
         arc < hierarchy.first_arc(rank + 1); ++arc) {
      const uint32_t to = row_of_rank_[hierarchy.head(arc)];
      const Row all = Get(to);
      const uint32_t skip = first - rows_[to].first;
      const Row part = {row.size,
                        {all.weights[0] + skip, all.weights[1] + skip},
                        {all.lengths[0] + skip, all.lengths[1] + skip}};
      RelaxRow(row, weights[arc], lengths[arc], part);
    }
  }
}

HierarchySearch::HierarchySearch(const Index& index)
    : index_(index), from_rows_(index), to_rows_(index) {
  from_.labels.resize(index.hierarchy->blocks());
  to_.labels.resize(index.hierarchy->blocks());
}

void HierarchySearch::Begin(absl::Span<const Anchor> anchors, Side* side) {
  for (const uint32_t rank : side->touched) side->labels[rank] = Label();
  side->touched.clear();
  side->cursors.clear();
  for (const Anchor& anchor : anchors) {
    const uint32_t rank = index_.hierarchy->rank(anchor.state >> 1);
    const uint32_t state = anchor.state & 1;
    if (std::find(side->cursors.begin(), side->cursors.end(), rank) ==
        side->cursors.end()) {
      side->cursors.push_back(rank);
    }
    Label& label = side->labels[rank];
    if (anchor.weight >= label.weight[state]) continue;
    label.weight[state] = anchor.weight;
    label.step[state] = {kNone, rank, state, anchor.length};
  }
}

// Moves those that stand at `rank`, the lowest, to its parent.
void HierarchySearch::Advance(const Hierarchy& hierarchy, uint32_t rank,
                              Side* side) {
  std::vector<uint32_t>& cursors = side->cursors;
  side->touched.push_back(rank);
  const uint32_t parent = hierarchy.parent(rank);
  const auto at = std::find(cursors.begin(), cursors.end(), rank);
  if (parent == kNone ||
      std::find(cursors.begin(), cursors.end(), parent) != cursors.end()) {
    cursors.erase(at);
  } else {
    *at = parent;
  }
}

void HierarchySearch::Relax(uint32_t rank, const PairWeights* weights,
                            uint32_t limit, Side* side) const {
  const Label& label = side->labels[rank];
  const uint32_t weight0 = label.weight[0];
  const uint32_t weight1 = label.weight[1];
  if (std::min(weight0, weight1) >= limit) return;
  const uint32_t end = index_.hierarchy->first_arc(rank + 1);
  for (uint32_t arc = index_.hierarchy->first_arc(rank); arc < end; ++arc) {
    const PairWeights& of = weights[arc];
    Label& to = side->labels[index_.hierarchy->head(arc)];
    for (const uint32_t state : {0, 1}) {
      const uint32_t over0 = weight0 + of.of[state];
      const uint32_t over1 = weight1 + of.of[2 + state];
      const uint32_t best = std::min(over0, over1);
      if (best >= to.weight[state]) continue;
      to.weight[state] = best;
      to.step[state] = {arc, rank, over0 <= over1 ? 0u : 1u, 0};
    }
  }
}

Drive HierarchySearch::Find(absl::Span<const Anchor> from,
                            absl::Span<const Anchor> to) {
  const Hierarchy& hierarchy = *index_.hierarchy;
  const Metric& metric = *index_.metric;
  Begin(from, &from_);
  Begin(to, &to_);
  uint32_t best = kInfinity;
  top_ = kNone;
  while (!from_.cursors.empty() || !to_.cursors.empty()) {
    // All below a rank come before it.
    const auto lowest = [](const Side& side) {
      return side.cursors.empty()
                 ? kNone
                 : *std::min_element(side.cursors.begin(), side.cursors.end());
    };
    const uint32_t from_rank = lowest(from_);
    const uint32_t to_rank = lowest(to_);
    const uint32_t rank = std::min(from_rank, to_rank);
    if (from_rank == to_rank) {
      const Label& up = from_.labels[rank];
      const Label& down = to_.labels[rank];
      const SelfWeights& self = metric.self()[rank];
      for (const uint32_t a : {0, 1}) {
        for (const uint32_t b : {0, 1}) {
          const uint64_t sum = uint64_t{up.weight[a]} + down.weight[b] +
                               (a == b ? 0 : self.of[a]);
          if (sum >= best) continue;
          best = static_cast<uint32_t>(sum);
          top_ = rank;
          top_from_ = a;
          top_to_ = b;
        }
      }
    }
    if (from_rank == rank) {
      Relax(rank, metric.up(), best, &from_);
      Advance(hierarchy, rank, &from_);
    }
    if (to_rank == rank) {
      Relax(rank, metric.down(), best, &to_);
      Advance(hierarchy, rank, &to_);
    }
  }
  if (top_ == kNone) return {};
  Drive drive;
  drive.weight = best;
  drive.length = LengthOf(from_, metric.up_lengths(), top_, top_from_) +
                 LengthOf(to_, metric.down_lengths(), top_, top_to_);
  if (top_from_ != top_to_) {
    drive.length += metric.self_lengths()[top_].of[top_from_];
  }
  return drive;
}

uint32_t HierarchySearch::LengthOf(const Side& side, const PairWeights* lengths,
                                   uint32_t rank, uint32_t state) const {
  uint32_t length = 0;
  while (true) {
    const Step& step = side.labels[rank].step[state];
    if (step.arc == kNone) return length + step.length;
    length += lengths[step.arc].at(step.state, state);
    rank = step.rank;
    state = step.state;
  }
}

// Adds the states of the way that an arc stands for, without the first one.
//
// An arc's weight came from a turn, from a way over a lower rank, or, for the
// other state of its lower block, from one of those and a way within that
// block. Which one it was is found by the sums, so nothing has to be kept.
// Every step leads to ways over lower ranks.
void HierarchySearch::UnpackArc(uint32_t low, uint32_t high, bool is_up,
                                uint32_t low_state, uint32_t high_state,
                                std::vector<uint32_t>* states) const {
  const Graph& graph = *index_.graph;
  const Hierarchy& hierarchy = *index_.hierarchy;
  const PairWeights* const up = index_.metric->up();
  const PairWeights* const down = index_.metric->down();

  // A way from state `from` of rank `tail` to state `to` of rank `head`. Within
  // a block, tail == head.
  struct Way {
    uint32_t tail;
    uint32_t from;
    uint32_t head;
    uint32_t to;
    uint32_t weight;
  };
  const auto arc_weight = [&](uint32_t tail, uint32_t from, uint32_t head,
                              uint32_t to) {
    if (tail == head) return index_.metric->self()[tail].of[from];
    return tail < head ? up[hierarchy.FindArc(tail, head)].at(from, to)
                       : down[hierarchy.FindArc(head, tail)].at(to, from);
  };
  std::vector<Way> open;
  if (is_up) {
    open.push_back({low, low_state, high, high_state,
                    arc_weight(low, low_state, high, high_state)});
  } else {
    open.push_back({high, high_state, low, low_state,
                    arc_weight(high, high_state, low, low_state)});
  }
  while (!open.empty()) {
    const Way way = open.back();
    open.pop_back();
    const uint32_t tail_state = hierarchy.block(way.tail) * 2 + way.from;
    const uint32_t head_state = hierarchy.block(way.head) * 2 + way.to;
    const absl::Span<const Turn> turns = graph.Out(tail_state);
    const auto* const turn = std::lower_bound(
        turns.begin(), turns.end(), head_state,
        [](const Turn& t, uint32_t state) { return t.state < state; });
    if (turn != turns.end() && turn->state == head_state &&
        turn->weight == way.weight) {
      states->push_back(head_state);
      continue;
    }
    // Over a rank that both are joined with.
    const uint32_t lower_end = std::min(way.tail, way.head);
    const uint32_t upper_end = std::max(way.tail, way.head);
    bool found = false;
    for (const Hierarchy::LowerArc& lower : hierarchy.Lower(lower_end)) {
      const uint32_t other = lower_end == upper_end
                                 ? lower.arc
                                 : hierarchy.FindArc(lower.tail, upper_end);
      if (other == kNone) continue;
      const uint32_t to_middle = way.tail == lower_end ? lower.arc : other;
      const uint32_t from_middle = way.head == lower_end ? lower.arc : other;
      for (const uint32_t state : {0, 1}) {
        const uint32_t first = down[to_middle].at(state, way.from);
        const uint32_t second = up[from_middle].at(state, way.to);
        if (first + second != way.weight) continue;
        open.push_back({lower.tail, state, way.head, way.to, second});
        open.push_back({way.tail, way.from, lower.tail, state, first});
        found = true;
        break;
      }
      if (found) break;
    }
    if (found) continue;
    // Only a folded way can be left: by way of the lower block's other state.
    const SelfWeights& self = index_.metric->self()[lower_end];
    if (way.tail == lower_end) {
      const uint32_t other = 1 - way.from;
      const uint32_t within = self.of[way.from];
      open.push_back({way.tail, other, way.head, way.to, way.weight - within});
      open.push_back({way.tail, way.from, way.tail, other, within});
    } else {
      const uint32_t other = 1 - way.to;
      const uint32_t within = self.of[other];
      open.push_back({way.head, other, way.head, way.to, within});
      open.push_back(
          {way.tail, way.from, way.head, other, way.weight - within});
    }
  }
}

std::vector<uint32_t> HierarchySearch::States() const {
  struct Part {
    uint32_t low;
    uint32_t high;
    uint32_t low_state;
    uint32_t high_state;
  };
  const auto chain = [&](const Side& side, uint32_t state) {
    std::vector<Part> parts;
    uint32_t rank = top_;
    while (true) {
      const Step& step = side.labels[rank].step[state];
      if (step.arc == kNone) return parts;
      parts.push_back({step.rank, rank, step.state, state});
      rank = step.rank;
      state = step.state;
    }
  };
  std::vector<Part> up = chain(from_, top_from_);
  std::reverse(up.begin(), up.end());
  const std::vector<Part> down = chain(to_, top_to_);
  const uint32_t first_rank = up.empty() ? top_ : up.front().low;
  const uint32_t first_state = up.empty() ? top_from_ : up.front().low_state;
  std::vector<uint32_t> states = {index_.hierarchy->block(first_rank) * 2 +
                                  first_state};
  for (const Part& part : up) {
    UnpackArc(part.low, part.high, true, part.low_state, part.high_state,
              &states);
  }
  if (top_from_ != top_to_) {
    UnpackArc(top_, top_, true, top_from_, top_to_, &states);
  }
  for (const Part& part : down) {
    UnpackArc(part.low, part.high, false, part.low_state, part.high_state,
              &states);
  }
  return states;
}

std::vector<Drive> HierarchySearch::Table(
    absl::Span<const std::vector<Anchor>> from,
    absl::Span<const std::vector<Anchor>> to) {
  from_rows_.Search(DriveRows::Direction::kFrom, from);
  to_rows_.Search(DriveRows::Direction::kTo, to);
  return JoinDrives(from_rows_, to_rows_);
}

std::vector<Drive> JoinDrives(const DriveRows& from, const DriveRows& to) {
  std::vector<Drive> table(from.places() * to.places());
  // Some columns of `from` at a time, so that their part of the table stays in
  // the fastest memory.
  constexpr size_t kAtATime = 16;
  const size_t width = to.columns();
  std::vector<uint32_t> weights;
  std::vector<uint32_t> lengths;
  for (size_t begin = 0; begin < from.columns(); begin += kAtATime) {
    const size_t end = std::min(begin + kAtATime, from.columns());
    weights.assign((end - begin) * width, kInfinity);
    lengths.assign((end - begin) * width, 0);
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
        const size_t at = column - first;
        const uint32_t before_weights[2] = {before.weights[0][at],
                                            before.weights[1][at]};
        const uint32_t before_lengths[2] = {before.lengths[0][at],
                                            before.lengths[1][at]};
        if (before_weights[0] == kInfinity && before_weights[1] == kInfinity) {
          continue;
        }
        const size_t cell = (column - begin) * width + to_first;
        JoinRow(before_weights, before_lengths, after, &weights[cell],
                &lengths[cell]);
      }
    }
    for (size_t column = begin; column < end; ++column) {
      Drive* const row = &table[from.place(column) * to.places()];
      for (size_t i = 0; i < width; ++i) {
        Drive& drive = row[to.place(i)];
        const size_t cell = (column - begin) * width + i;
        if (weights[cell] >= drive.weight) continue;
        drive = {weights[cell], lengths[cell]};
      }
    }
  }
  return table;
}

}  // namespace housecall::router
