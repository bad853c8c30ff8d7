#include "router/min_plus.h"

#include <cstring>

// Written with the compilers' vectors, once; compiled twice on x86-64, for
// processors with AVX2 and for all others.
#if defined(__x86_64__)
#define HOUSECALL_TWICE 1
#endif
#define HOUSECALL_INLINE inline __attribute__((always_inline))

namespace housecall::router {
namespace {

using Four = uint32_t __attribute__((vector_size(16)));
using Eight = uint32_t __attribute__((vector_size(32)));

template <typename Lanes>
HOUSECALL_INLINE void Load(const uint32_t* from, Lanes* lanes) {
  std::memcpy(lanes, from, sizeof(*lanes));
}

template <typename Lanes>
HOUSECALL_INLINE void Store(const Lanes& lanes, uint32_t* to) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

// Weights and lengths of several ways.
template <typename Lanes>
struct Ways {
  Lanes weights;
  Lanes lengths;
};

template <typename Lanes>
HOUSECALL_INLINE void Improve(const Ways<Lanes>& other, Ways<Lanes>* ways) {
  const auto better = other.weights < ways->weights;
  ways->weights = better ? other.weights : ways->weights;
  ways->lengths = better ? other.lengths : ways->lengths;
}

template <typename Lanes>
HOUSECALL_INLINE void LoadWays(const uint32_t* weights, const uint32_t* lengths,
                               Ways<Lanes>* ways) {
  Load(weights, &ways->weights);
  Load(lengths, &ways->lengths);
}

template <typename Lanes>
HOUSECALL_INLINE void StoreWays(const Ways<Lanes>& ways, uint32_t* weights,
                                uint32_t* lengths) {
  Store(ways.weights, weights);
  Store(ways.lengths, lengths);
}

template <typename Lanes>
HOUSECALL_INLINE void Add(const Ways<Lanes>& a, const Ways<Lanes>& b,
                          Ways<Lanes>* sum) {
  sum->weights = a.weights + b.weights;
  sum->lengths = a.lengths + b.lengths;
}

// The weights from and to x by way of one state of v, spread so that they fit
// those of that state in every arc: [0], [0], [1], [1] of x.
HOUSECALL_INLINE void Spread(const PairWeights& weights,
                             const PairWeights& lengths, int state,
                             Ways<Four>* ways) {
  const uint32_t* const w = &weights.of[state * 2];
  const uint32_t* const l = &lengths.of[state * 2];
  ways->weights = Four{w[0], w[0], w[1], w[1]};
  ways->lengths = Four{l[0], l[0], l[1], l[1]};
}

// Improves `to`, between x and a head, by the ways over both states of v.
HOUSECALL_INLINE void RelaxPair(const Ways<Four>& x0, const Ways<Four>& x1,
                                const PairWeights& weights,
                                const PairWeights& lengths,
                                PairWeights* to_weights,
                                PairWeights* to_lengths) {
  Ways<Four> both;
  LoadWays(weights.of, lengths.of, &both);
  Ways<Four> y0;
  Ways<Four> y1;
  y0.weights = __builtin_shufflevector(both.weights, both.weights, 0, 1, 0, 1);
  y1.weights = __builtin_shufflevector(both.weights, both.weights, 2, 3, 2, 3);
  y0.lengths = __builtin_shufflevector(both.lengths, both.lengths, 0, 1, 0, 1);
  y1.lengths = __builtin_shufflevector(both.lengths, both.lengths, 2, 3, 2, 3);
  Ways<Four> first;
  Ways<Four> second;
  Add(x0, y0, &first);
  Add(x1, y1, &second);
  Improve(second, &first);
  Ways<Four> best;
  LoadWays(to_weights->of, to_lengths->of, &best);
  Improve(first, &best);
  StoreWays(best, to_weights->of, to_lengths->of);
}

HOUSECALL_INLINE void RelaxTrianglesBody(const Triangles& t) {
  const PairWeights& to_x = t.up[t.arc];
  const PairWeights& from_x = t.down[t.arc];
  for (const uint32_t from : {0, 1}) {
    for (const uint32_t state : {0, 1}) {
      const uint32_t weight =
          from_x.of[state * 2 + from] + to_x.of[state * 2 + 1 - from];
      if (weight >= t.self->of[from]) continue;
      t.self->of[from] = weight;
      t.self_lengths->of[from] = t.down_lengths[t.arc].of[state * 2 + from] +
                                 t.up_lengths[t.arc].of[state * 2 + 1 - from];
    }
  }
  Ways<Four> to_x0;
  Ways<Four> to_x1;
  Ways<Four> from_x0;
  Ways<Four> from_x1;
  Spread(to_x, t.up_lengths[t.arc], 0, &to_x0);
  Spread(to_x, t.up_lengths[t.arc], 1, &to_x1);
  Spread(from_x, t.down_lengths[t.arc], 0, &from_x0);
  Spread(from_x, t.down_lengths[t.arc], 1, &from_x1);
  for (uint32_t arc = t.arc + 1; arc < t.end; ++arc) {
    const uint32_t to = t.arc_to[t.heads[arc]];
    RelaxPair(from_x0, from_x1, t.up[arc], t.up_lengths[arc], &t.up[to],
              &t.up_lengths[to]);
    RelaxPair(to_x0, to_x1, t.down[arc], t.down_lengths[arc], &t.down[to],
              &t.down_lengths[to]);
  }
}

// Improves drives `to` by drives `from` and a way, as many as Lanes holds.
template <typename Lanes>
HOUSECALL_INLINE void RelaxLanes(const Row& from, const PairWeights& weights,
                                 const PairWeights& lengths, const Row& to,
                                 size_t at) {
  Ways<Lanes> from0;
  Ways<Lanes> from1;
  LoadWays(from.weights[0] + at, from.lengths[0] + at, &from0);
  LoadWays(from.weights[1] + at, from.lengths[1] + at, &from1);
  for (int state = 0; state < 2; ++state) {
    Ways<Lanes> best;
    LoadWays(to.weights[state] + at, to.lengths[state] + at, &best);
    Ways<Lanes> sum;
    sum.weights = from0.weights + weights.of[state];
    sum.lengths = from0.lengths + lengths.of[state];
    Improve(sum, &best);
    sum.weights = from1.weights + weights.of[2 + state];
    sum.lengths = from1.lengths + lengths.of[2 + state];
    Improve(sum, &best);
    StoreWays(best, to.weights[state] + at, to.lengths[state] + at);
  }
}

HOUSECALL_INLINE void RelaxRowBody(const Row& from, const PairWeights& weights,
                                   const PairWeights& lengths, const Row& to) {
  size_t at = 0;
  for (; at + 8 <= from.size; at += 8) {
    RelaxLanes<Eight>(from, weights, lengths, to, at);
  }
  for (; at < from.size; ++at) {
    for (int state = 0; state < 2; ++state) {
      for (int before = 0; before < 2; ++before) {
        const uint32_t sum =
            from.weights[before][at] + weights.of[before * 2 + state];
        if (sum >= to.weights[state][at]) continue;
        to.weights[state][at] = sum;
        to.lengths[state][at] =
            from.lengths[before][at] + lengths.of[before * 2 + state];
      }
    }
  }
}

HOUSECALL_INLINE void JoinRowBody(const uint32_t before_weights[2],
                                  const uint32_t before_lengths[2],
                                  const Row& row, uint32_t* weights,
                                  uint32_t* lengths) {
  size_t at = 0;
  for (; at + 8 <= row.size; at += 8) {
    Ways<Eight> best;
    LoadWays(weights + at, lengths + at, &best);
    for (int state = 0; state < 2; ++state) {
      Ways<Eight> sum;
      LoadWays(row.weights[state] + at, row.lengths[state] + at, &sum);
      sum.weights += before_weights[state];
      sum.lengths += before_lengths[state];
      Improve(sum, &best);
    }
    StoreWays(best, weights + at, lengths + at);
  }
  for (; at < row.size; ++at) {
    for (int state = 0; state < 2; ++state) {
      const uint32_t sum = before_weights[state] + row.weights[state][at];
      if (sum >= weights[at]) continue;
      weights[at] = sum;
      lengths[at] = before_lengths[state] + row.lengths[state][at];
    }
  }
}

#ifdef HOUSECALL_TWICE
#define HOUSECALL_AVX2 __attribute__((target("avx2")))

HOUSECALL_AVX2 void RelaxTrianglesAvx2(const Triangles& triangles) {
  RelaxTrianglesBody(triangles);
}
HOUSECALL_AVX2 void RelaxRowAvx2(const Row& from, const PairWeights& weights,
                                 const PairWeights& lengths, const Row& to) {
  RelaxRowBody(from, weights, lengths, to);
}
HOUSECALL_AVX2 void JoinRowAvx2(const uint32_t before_weights[2],
                                const uint32_t before_lengths[2],
                                const Row& row, uint32_t* weights,
                                uint32_t* lengths) {
  JoinRowBody(before_weights, before_lengths, row, weights, lengths);
}

const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
#endif

}  // namespace

void RelaxTriangles(const Triangles& triangles) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return RelaxTrianglesAvx2(triangles);
#endif
  RelaxTrianglesBody(triangles);
}

void RelaxSelf(const SelfWeights& self, const SelfWeights& self_lengths,
               size_t arcs, PairWeights* up, PairWeights* down,
               PairWeights* up_lengths, PairWeights* down_lengths) {
  if (self.of[0] == kInfinity && self.of[1] == kInfinity) return;
  const auto improve = [](uint32_t weight, uint32_t length, uint32_t rest,
                          uint32_t rest_length, uint32_t* to,
                          uint32_t* to_length) {
    if (weight + rest >= *to) return;
    *to = weight + rest;
    *to_length = length + rest_length;
  };
  for (size_t i = 0; i < arcs; ++i) {
    const PairWeights old_up = up[i];
    const PairWeights old_up_lengths = up_lengths[i];
    const PairWeights old_down = down[i];
    const PairWeights old_down_lengths = down_lengths[i];
    for (const uint32_t low : {0, 1}) {
      const uint32_t other = 1 - low;
      for (const uint32_t high : {0, 1}) {
        const uint32_t at = low * 2 + high;
        const uint32_t beside = other * 2 + high;
        improve(self.of[low], self_lengths.of[low], old_up.of[beside],
                old_up_lengths.of[beside], &up[i].of[at],
                &up_lengths[i].of[at]);
        improve(self.of[other], self_lengths.of[other], old_down.of[beside],
                old_down_lengths.of[beside], &down[i].of[at],
                &down_lengths[i].of[at]);
      }
    }
  }
}

void RelaxRow(const Row& from, const PairWeights& weights,
              const PairWeights& lengths, const Row& to) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return RelaxRowAvx2(from, weights, lengths, to);
#endif
  RelaxRowBody(from, weights, lengths, to);
}

void RelaxRowSelf(const SelfWeights& weights, const SelfWeights& lengths,
                  const Row& row) {
  if (weights.of[0] == kInfinity && weights.of[1] == kInfinity) return;
  for (size_t i = 0; i < row.size; ++i) {
    const uint32_t old_weights[2] = {row.weights[0][i], row.weights[1][i]};
    const uint32_t old_lengths[2] = {row.lengths[0][i], row.lengths[1][i]};
    for (int state = 0; state < 2; ++state) {
      const uint32_t sum = weights.of[state] + old_weights[1 - state];
      if (sum >= old_weights[state]) continue;
      row.weights[state][i] = sum;
      row.lengths[state][i] = lengths.of[state] + old_lengths[1 - state];
    }
  }
}

void JoinRow(const uint32_t before_weights[2], const uint32_t before_lengths[2],
             const Row& row, uint32_t* weights, uint32_t* lengths) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) {
    return JoinRowAvx2(before_weights, before_lengths, row, weights, lengths);
  }
#endif
  JoinRowBody(before_weights, before_lengths, row, weights, lengths);
}

}  // namespace housecall::router
