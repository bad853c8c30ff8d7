// Shortest drives by a hierarchy and its metric.
#ifndef HOUSECALL_ROUTER_HIERARCHY_SEARCH_H_
#define HOUSECALL_ROUTER_HIERARCHY_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/graph.h"
#include "router/hierarchy.h"
#include "router/metric.h"
#include "router/min_plus.h"

namespace housecall::router {

// Where drives begin or end: a state, and what the drive takes besides.
struct Anchor {
  uint32_t state = 0;
  uint32_t weight = 0;
  // Modulo 2^32, as all lengths of drives are here.
  uint32_t length = 0;
};

// From one place to another: kInfinity if there is no way.
struct Drive {
  uint32_t weight = kInfinity;
  uint32_t length = 0;
};

// What an index is made of; all three must outlive whoever uses it.
struct Index {
  const Graph* graph = nullptr;
  const Hierarchy* hierarchy = nullptr;
  const Metric* metric = nullptr;
};

// Drives from or to many places, searched upwards all at once and kept: by
// rank, a row with one column for each place below that rank. Each row is
// relaxed as a whole, arc by arc. Keeps its memory for the next search; one
// thread at a time.
class DriveRows {
 public:
  enum class Direction { kFrom, kTo };

  explicit DriveRows(const Index& index);

  // A place is where a drive may begin, or end, at any of several anchors.
  void Search(Direction direction,
              absl::Span<const std::vector<Anchor>> places);

  // Of the last Search.
  size_t places() const { return places_; }
  size_t columns() const { return column_place_.size(); }
  // A place has a column for each block that its anchors are in.
  uint32_t place(size_t column) const { return column_place_[column]; }

  size_t rows() const { return rows_.size(); }
  uint32_t rank(size_t row) const { return rows_[row].rank; }
  // The columns first_column(row) … first_column(row) + Get(row).size - 1.
  uint32_t first_column(size_t row) const { return rows_[row].first; }
  Row Get(size_t row) const;
  // Hierarchy::kNone if no place is below that rank.
  uint32_t RowOf(uint32_t rank) const { return row_of_rank_[rank]; }

 private:
  struct RowPlace {
    uint32_t rank;
    uint32_t first;
    uint32_t end;
    size_t offset;
  };
  struct Column {
    uint32_t rank;
    uint32_t place;
    uint32_t weights[2];
    uint32_t lengths[2];
  };

  void Clear();

  const Index index_;
  size_t places_ = 0;
  std::vector<Column> sorted_;
  std::vector<uint32_t> column_place_;
  // Lower ranks before those that their arcs lead to.
  std::vector<RowPlace> rows_;
  std::vector<uint32_t> row_of_rank_;
  mutable std::vector<uint32_t> numbers_;
};

// The drives from the first place of `from` to all of `to`, then those from its
// second place … Rows that have been searched once serve any number of joins:
// those to all open calls, while the cars move.
std::vector<Drive> JoinDrives(const DriveRows& from, const DriveRows& to);

// The third of three phases: scratch for questions to an index; one thread at a
// time.
class HierarchySearch {
 public:
  explicit HierarchySearch(const Index& index);

  // The quickest drive from any of `from` to any of `to`: its weight is that of
  // both anchors and of the way between their states.
  Drive Find(absl::Span<const Anchor> from, absl::Span<const Anchor> to);
  // The states of the drive of the last Find, which must have found one: from
  // that of an anchor of `from` to that of an anchor of `to`.
  std::vector<uint32_t> States() const;

  // The drives of from[0] to all of `to`, then those of from[1] …
  std::vector<Drive> Table(absl::Span<const std::vector<Anchor>> from,
                           absl::Span<const std::vector<Anchor>> to);

 private:
  // How a state was reached in an upward search.
  struct Step {
    // An arc of the hierarchy from `rank`; kNone: an anchor.
    uint32_t arc = Hierarchy::kNone;
    uint32_t rank = 0;
    uint32_t state = 0;
    uint32_t length = 0;
  };
  struct Label {
    uint32_t weight[2] = {kInfinity, kInfinity};
    Step step[2];
  };
  struct Side {
    std::vector<Label> labels;
    std::vector<uint32_t> touched;
    std::vector<uint32_t> cursors;
  };

  void Begin(absl::Span<const Anchor> anchors, Side* side);
  static void Advance(const Hierarchy& hierarchy, uint32_t rank, Side* side);
  void Relax(uint32_t rank, const PairWeights* weights, uint32_t limit,
             Side* side) const;
  uint32_t LengthOf(const Side& side, const PairWeights* lengths, uint32_t rank,
                    uint32_t state) const;
  void UnpackArc(uint32_t low, uint32_t high, bool is_up, uint32_t low_state,
                 uint32_t high_state, std::vector<uint32_t>* states) const;

  const Index index_;
  Side from_;
  Side to_;
  // Where the best drive of the last Find changes from going up to going down:
  // the rank, and its states before and after a way within the block.
  uint32_t top_ = Hierarchy::kNone;
  uint32_t top_from_ = 0;
  uint32_t top_to_ = 0;
  DriveRows from_rows_;
  DriveRows to_rows_;
};

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_HIERARCHY_SEARCH_H_
