// The inner loops of the index: sums and minima of many weights at once, with
// the widest instructions that the processor has. The results are the same on
// every processor.
#ifndef HOUSECALL_ROUTER_MIN_PLUS_H_
#define HOUSECALL_ROUTER_MIN_PLUS_H_

#include <cstddef>
#include <cstdint>

#include "router/metric.h"

namespace housecall::router {

// One arc from a lower rank v to a rank x, and the later arcs of v.
struct Triangles {
  uint32_t arc;
  // The end of v's arcs.
  uint32_t end;
  const uint32_t* heads;
  // The arc from x to each of those heads.
  const uint32_t* arc_to;
  PairWeights* up;
  PairWeights* down;
  PairWeights* up_lengths;
  PairWeights* down_lengths;
  // Of x.
  SelfWeights* self;
  SelfWeights* self_lengths;
};

// Improves the arcs of x, and the ways from x to itself, by the ways over v.
void RelaxTriangles(const Triangles& triangles);

// Improves `arcs` arcs of a rank by the ways between its own two states.
void RelaxSelf(const SelfWeights& self, const SelfWeights& self_lengths,
               size_t arcs, PairWeights* up, PairWeights* down,
               PairWeights* up_lengths, PairWeights* down_lengths);

// Weights and lengths of `size` drives, to or from each of two states.
struct Row {
  size_t size;
  uint32_t* weights[2];
  uint32_t* lengths[2];
};

// Improves each drive of `to` by the one of `from`, as long, and an arc.
void RelaxRow(const Row& from, const PairWeights& weights,
              const PairWeights& lengths, const Row& to);

// Improves each drive of a row by the other state's: for the state k by that of
// the other one and weights.of[k].
void RelaxRowSelf(const SelfWeights& weights, const SelfWeights& lengths,
                  const Row& row);

// Improves `size` drives, by weight and length, by those that lead over either
// of two states: `before` of one drive there, `row` of drives from there on.
void JoinRow(const uint32_t before_weights[2], const uint32_t before_lengths[2],
             const Row& row, uint32_t* weights, uint32_t* lengths);

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_MIN_PLUS_H_
