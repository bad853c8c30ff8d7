// The inner loops of the index: sums and minima of many costs at once, with the
// widest instructions that the processor has. The results are the same on every
// processor.
#ifndef HOUSECALL_ROUTER_MIN_PLUS_H_
#define HOUSECALL_ROUTER_MIN_PLUS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "router/cost.h"

namespace housecall::router {

// From each of a block's two states to each of another's. Four numbers: [k][j]
// is between state k of the lower block and state j of the higher one.
struct alignas(16) PairCosts {
  Cost of[4] = {kNoWay, kNoWay, kNoWay, kNoWay};

  Cost at(uint32_t low, uint32_t high) const { return of[low * 2 + high]; }

  friend bool operator==(const PairCosts&, const PairCosts&) = default;
};

// Between the two states of one block: from forwards to backwards and from
// backwards to forwards.
struct SelfCosts {
  Cost of[2] = {kNoWay, kNoWay};

  friend bool operator==(const SelfCosts&, const SelfCosts&) = default;
};

// Of each of a block's two states, in a search.
struct alignas(8) StateCosts {
  Cost of[2] = {kNoWay, kNoWay};
};

// How many bytes a stored cost has.
enum class CostWidth : uint8_t {
  // Costs below kNarrowLimit, and kNoWay.
  kNarrow = 3,
  // All.
  kWide = 4,
};

// The sum of two costs below it is less than what stands for kNoWay in three
// bytes, so that it shows where costs do not fit any more.
inline constexpr Cost kNarrowLimit = 1u << 23;

// What stands for kNoWay in three bytes.
inline constexpr Cost kNarrowNoWay = 0xffffff;

// The costs of consecutive arcs in one direction, as a metric keeps them: four
// numbers of three or four bytes for each arc. Behind the last of them are at
// least kBehind bytes that may be read.
class ArcCosts {
 public:
  static constexpr size_t kBehind = 4;

  ArcCosts(const uint8_t* begin, CostWidth width)
      : begin_(begin), width_(width) {}

  const uint8_t* begin() const { return begin_; }
  CostWidth width() const { return width_; }
  size_t stride() const { return 4 * static_cast<size_t>(width_); }
  ArcCosts From(size_t arc) const { return {begin_ + arc * stride(), width_}; }

  PairCosts operator[](size_t arc) const {
    const uint8_t* const from = begin_ + arc * stride();
    PairCosts costs;
    if (width_ == CostWidth::kWide) {
      std::memcpy(costs.of, from, sizeof(costs.of));
      return costs;
    }
    for (size_t i = 0; i < 4; ++i) {
      Cost cost = 0;
      std::memcpy(&cost, from + i * 3, sizeof(cost));
      cost &= kNarrowNoWay;
      costs.of[i] = cost == kNarrowNoWay ? kNoWay : cost;
    }
    return costs;
  }

 private:
  const uint8_t* begin_;
  CostWidth width_;
};

// An arc in both directions, while it is worked on. Any number from what stands
// for kNoWay in the metric's width on means that there is no way.
struct alignas(32) OpenArc {
  PairCosts up;
  PairCosts down;
};

// The arcs of a lower rank v, of which the first one leads to a rank x.
struct Triangles {
  const uint32_t* heads = nullptr;
  const uint8_t* up = nullptr;
  const uint8_t* down = nullptr;
  uint32_t arcs = 0;
};

// What is known of a rank x while it is worked on.
struct OpenRank {
  // By rank: the place of the arc from x to it among the arcs of x.
  const uint32_t* arc_to;
  OpenArc* arcs;
  // Any number from what stands for kNoWay in the metric's width on means that
  // there is no way.
  SelfCosts self;
};

// Improves the arcs of x, and the ways from x to itself, by the ways over v,
// whose arcs are kept in that width.
void RelaxTriangles(const Triangles& triangles, CostWidth width, OpenRank* x);

// Improves the ways from x to itself by those over one lower rank.
inline void RelaxOwn(const PairCosts& up_to_x, const PairCosts& down_from_x,
                     SelfCosts* self) {
  for (const uint32_t from : {0, 1}) {
    self->of[from] = std::min(
        {self->of[from], down_from_x.at(0, from) + up_to_x.at(0, 1 - from),
         down_from_x.at(1, from) + up_to_x.at(1, 1 - from)});
  }
}

// Improves arcs of a rank by the ways between its own two states.
void FoldSelf(const SelfCosts& self, size_t arcs, OpenArc* x);

// Writes arcs as ArcCosts reads them; exactly their bytes. False if a cost is
// neither less than kNarrowLimit nor kNoWay, and the width is kNarrow: then
// what was written is of no use.
bool StoreArcs(const OpenArc* x, size_t arcs, CostWidth width, uint8_t* up,
               uint8_t* down);

// Improves what is known of the ranks that arcs lead to.
void RelaxArcs(const StateCosts& from, const uint32_t* heads, ArcCosts costs,
               size_t arcs, StateCosts* by_rank);

// The costs of `size` drives, to or from each of two states.
struct Row {
  size_t size;
  Cost* costs[2];
};

// Improves each drive of `to` by the one of `from`, as long, and an arc.
void RelaxRow(const Row& from, const PairCosts& arc, const Row& to);

// Improves each drive of a row by the other state's: for the state k by that of
// the other one and self.of[k].
void RelaxRowSelf(const SelfCosts& self, const Row& row);

// Improves `row.size` drives by those that lead over either of two states:
// `before` of one drive there, `row` of drives from there on.
void JoinRow(const Cost before[2], const Row& row, Cost* drives);

// The least sum of two lists, state by state; kNoWay or more if there is no
// way.
Cost JoinClimbs(const StateCosts* from, const StateCosts* to, size_t size);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_MIN_PLUS_H_
