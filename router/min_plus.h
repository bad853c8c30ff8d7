// The inner loops of the index: sums and minima of many costs at once, with the
// widest instructions that the processor has. The results are the same on every
// processor.
#ifndef HOUSECALL_ROUTER_MIN_PLUS_H_
#define HOUSECALL_ROUTER_MIN_PLUS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "router/cost.h"

namespace housecall::router {

// From each of a block's two states to each of another's. Four numbers: [k][j]
// is between state k of the lower block and state j of the higher one.
struct alignas(32) PairCosts {
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
struct alignas(16) StateCosts {
  Cost of[2] = {kNoWay, kNoWay};
};

// The arcs of a lower rank v, of which the first one leads to a rank x.
struct Triangles {
  const uint32_t* heads;
  const PairCosts* up;
  const PairCosts* down;
  size_t arcs;
  // By rank: the place of the arc from x to it among the arcs of x.
  const uint32_t* arc_to;
  PairCosts* x_up;
  PairCosts* x_down;
};

// Improves the arcs of x by the ways over v.
void RelaxTriangles(const Triangles& triangles);

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
void FoldSelf(const SelfCosts& self, size_t arcs, PairCosts* up,
              PairCosts* down);

// Improves what is known of the ranks that arcs lead to.
void RelaxArcs(const StateCosts& from, const uint32_t* heads,
               const PairCosts* costs, size_t arcs, StateCosts* by_rank);

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
