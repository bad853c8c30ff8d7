// Shortest drives by a hierarchy and its metric.
#ifndef HOUSECALL_ROUTER_HIERARCHY_SEARCH_H_
#define HOUSECALL_ROUTER_HIERARCHY_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "router/cost.h"
#include "router/hierarchy.h"
#include "router/metric.h"
#include "router/min_plus.h"

namespace housecall::router {

// Where drives begin or end: a state, and what the drive takes besides.
struct Anchor {
  uint32_t state = 0;
  Cost cost = 0;
};

// Drives from or to many places, searched upwards all at once and kept: by
// rank, a row with one column for each place below that rank. Each row is
// relaxed as a whole, arc by arc. Keeps its memory for the next search; one
// thread at a time.
class DriveRows {
 public:
  enum class Direction { kFrom, kTo };

  // A place is where a drive may begin, or end, at any of several anchors.
  // `metric` is not needed later.
  void Search(const Metric& metric, Direction direction,
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
    StateCosts costs;
  };

  void Clear();
  void PlaceColumns(const Hierarchy& hierarchy,
                    absl::Span<const std::vector<Anchor>> places);
  void PlaceRows(const Hierarchy& hierarchy);

  size_t places_ = 0;
  std::vector<Column> sorted_;
  std::vector<uint32_t> column_place_;
  // Lower ranks before those that their arcs lead to.
  std::vector<RowPlace> rows_;
  std::vector<uint32_t> row_of_rank_;
  mutable std::vector<Cost> numbers_;
};

// What the drives from the first place of `from` to all of `to` cost, then
// those from its second place …; kNoWay where there is none. Rows that have
// been searched once serve any number of joins with rows of the same metric:
// those to all open calls, while the cars move.
std::vector<Cost> JoinDrives(const DriveRows& from, const DriveRows& to);

// The third of three phases: scratch for questions to a metric; one thread at a
// time.
class HierarchySearch {
 public:
  // `hierarchy` must outlive this.
  explicit HierarchySearch(const Hierarchy* hierarchy);

  // The least cost of a drive from any of `from` to any of `to`: that of both
  // anchors and of the way between their states; kNoWay if there is none.
  // `metric` must be one of the hierarchy.
  Cost Find(const Metric& metric, absl::Span<const Anchor> from,
            absl::Span<const Anchor> to);
  // The states of the drive of the last Find, which must have found one with
  // the same metric: from that of an anchor of `from` to that of an anchor of
  // `to`.
  std::vector<uint32_t> States(const Metric& metric) const;

  // The drives of from[0] to all of `to`, then those of from[1] …
  std::vector<Cost> Table(const Metric& metric,
                          absl::Span<const std::vector<Anchor>> from,
                          absl::Span<const std::vector<Anchor>> to);

 private:
  // A search upwards.
  struct Side {
    // By rank; kNoWay beside those of `ranks`.
    std::vector<StateCosts> costs;
    // Those that can be reached, the lowest first.
    std::vector<uint32_t> ranks;
    std::vector<Anchor> anchors;
  };
  // A state of a rank.
  struct Place {
    uint32_t rank;
    uint32_t state;
  };

  void Begin(absl::Span<const Anchor> anchors, Side* side);
  std::vector<Place> WayUp(const Metric& metric, const Side& side, bool is_from,
                           Place top) const;
  void Unpack(const Metric& metric, Place tail, Place head,
              std::vector<uint32_t>* states) const;

  const Hierarchy& hierarchy_;
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
