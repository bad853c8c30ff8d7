#include "router/min_plus.h"

#include <algorithm>
#include <cstring>

// Written with the compilers' vectors, once; compiled twice on x86-64, for
// processors with AVX2 and for all others.
#if defined(__x86_64__)
#define HOUSECALL_TWICE 1
#endif
#define HOUSECALL_INLINE inline __attribute__((always_inline))

namespace housecall::router {
namespace {

// Costs are less than 2^63, so that signed comparisons serve: processors have
// those.
using Two = int64_t __attribute__((vector_size(16)));
using Four = int64_t __attribute__((vector_size(32)));

template <typename Lanes>
HOUSECALL_INLINE void Load(const Cost* from, Lanes* lanes) {
  std::memcpy(lanes, from, sizeof(*lanes));
}

template <typename Lanes>
HOUSECALL_INLINE void Store(const Lanes& lanes, Cost* to) {
  std::memcpy(to, &lanes, sizeof(lanes));
}

template <typename Lanes>
HOUSECALL_INLINE void Improve(const Lanes& other, Lanes* lanes) {
  *lanes = other < *lanes ? other : *lanes;
}

// Both numbers twice.
HOUSECALL_INLINE void LoadTwice(const Cost* from, Four* lanes) {
  Two two;
  Load(from, &two);
  *lanes = __builtin_shufflevector(two, two, 0, 1, 0, 1);
}

// One state's costs to or from x, spread so that they fit those of that state
// in every arc: [0], [0], [1], [1] of x.
HOUSECALL_INLINE void Spread(const PairCosts& costs, int state, Four* lanes) {
  const int64_t first = static_cast<int64_t>(costs.of[state * 2]);
  const int64_t second = static_cast<int64_t>(costs.of[state * 2 + 1]);
  *lanes = Four{first, first, second, second};
}

// Improves `to`, between x and a head, by the ways over both states of v.
HOUSECALL_INLINE void RelaxPair(const Four& x0, const Four& x1,
                                const PairCosts& costs, PairCosts* to) {
  Four y0;
  Four y1;
  LoadTwice(&costs.of[0], &y0);
  LoadTwice(&costs.of[2], &y1);
  Four best;
  Load(to->of, &best);
  Improve(Four(x0 + y0), &best);
  Improve(Four(x1 + y1), &best);
  Store(best, to->of);
}

HOUSECALL_INLINE void RelaxTrianglesBody(const Triangles& t) {
  Four to_x0;
  Four to_x1;
  Four from_x0;
  Four from_x1;
  Spread(t.up[0], 0, &to_x0);
  Spread(t.up[0], 1, &to_x1);
  Spread(t.down[0], 0, &from_x0);
  Spread(t.down[0], 1, &from_x1);
  for (size_t arc = 1; arc < t.arcs; ++arc) {
    const uint32_t to = t.arc_to[t.heads[arc]];
    RelaxPair(from_x0, from_x1, t.up[arc], &t.x_up[to]);
    RelaxPair(to_x0, to_x1, t.down[arc], &t.x_down[to]);
  }
}

HOUSECALL_INLINE void FoldSelfBody(const SelfCosts& self, size_t arcs,
                                   PairCosts* up, PairCosts* down) {
  const int64_t first = static_cast<int64_t>(self.of[0]);
  const int64_t second = static_cast<int64_t>(self.of[1]);
  const Four leaving = {first, first, second, second};
  const Four coming = {second, second, first, first};
  for (size_t arc = 0; arc < arcs; ++arc) {
    Four best;
    Load(up[arc].of, &best);
    Four other = __builtin_shufflevector(best, best, 2, 3, 0, 1);
    Improve(Four(other + leaving), &best);
    Store(best, up[arc].of);
    Load(down[arc].of, &best);
    other = __builtin_shufflevector(best, best, 2, 3, 0, 1);
    Improve(Four(other + coming), &best);
    Store(best, down[arc].of);
  }
}

HOUSECALL_INLINE void RelaxArcsBody(const StateCosts& from,
                                    const uint32_t* heads,
                                    const PairCosts* costs, size_t arcs,
                                    StateCosts* by_rank) {
  const int64_t first = static_cast<int64_t>(from.of[0]);
  const int64_t second = static_cast<int64_t>(from.of[1]);
  for (size_t arc = 0; arc < arcs; ++arc) {
    Cost* const to = by_rank[heads[arc]].of;
    Two over0;
    Two over1;
    Two best;
    Load(&costs[arc].of[0], &over0);
    Load(&costs[arc].of[2], &over1);
    Load(to, &best);
    Improve(Two(over0 + first), &best);
    Improve(Two(over1 + second), &best);
    Store(best, to);
  }
}

HOUSECALL_INLINE void RelaxRowBody(const Row& from, const PairCosts& arc,
                                   const Row& to) {
  const auto cost = [&](int i) { return static_cast<int64_t>(arc.of[i]); };
  size_t at = 0;
  for (; at + 4 <= from.size; at += 4) {
    Four from0;
    Four from1;
    Load(from.costs[0] + at, &from0);
    Load(from.costs[1] + at, &from1);
    for (int state = 0; state < 2; ++state) {
      Four best;
      Load(to.costs[state] + at, &best);
      Improve(Four(from0 + cost(state)), &best);
      Improve(Four(from1 + cost(2 + state)), &best);
      Store(best, to.costs[state] + at);
    }
  }
  for (; at < from.size; ++at) {
    for (int state = 0; state < 2; ++state) {
      Cost& best = to.costs[state][at];
      best = std::min({best, from.costs[0][at] + arc.of[state],
                       from.costs[1][at] + arc.of[2 + state]});
    }
  }
}

HOUSECALL_INLINE void JoinRowBody(const Cost before[2], const Row& row,
                                  Cost* drives) {
  const int64_t first = static_cast<int64_t>(before[0]);
  const int64_t second = static_cast<int64_t>(before[1]);
  size_t at = 0;
  for (; at + 4 <= row.size; at += 4) {
    Four best;
    Four over0;
    Four over1;
    Load(drives + at, &best);
    Load(row.costs[0] + at, &over0);
    Load(row.costs[1] + at, &over1);
    Improve(Four(over0 + first), &best);
    Improve(Four(over1 + second), &best);
    Store(best, drives + at);
  }
  for (; at < row.size; ++at) {
    drives[at] = std::min({drives[at], before[0] + row.costs[0][at],
                           before[1] + row.costs[1][at]});
  }
}

HOUSECALL_INLINE Cost JoinClimbsBody(const StateCosts* from,
                                     const StateCosts* to, size_t size) {
  constexpr int64_t kNone = static_cast<int64_t>(kNoWay);
  Four best = {kNone, kNone, kNone, kNone};
  size_t at = 0;
  for (; at + 2 <= size; at += 2) {
    Four a;
    Four b;
    Load(from[at].of, &a);
    Load(to[at].of, &b);
    Improve(Four(a + b), &best);
  }
  Cost all[4];
  Store(best, all);
  if (at < size) {
    all[0] = std::min(all[0], from[at].of[0] + to[at].of[0]);
    all[1] = std::min(all[1], from[at].of[1] + to[at].of[1]);
  }
  return std::min({all[0], all[1], all[2], all[3]});
}

#ifdef HOUSECALL_TWICE
#define HOUSECALL_AVX2 __attribute__((target("avx2")))

HOUSECALL_AVX2 void RelaxTrianglesAvx2(const Triangles& triangles) {
  RelaxTrianglesBody(triangles);
}
HOUSECALL_AVX2 void FoldSelfAvx2(const SelfCosts& self, size_t arcs,
                                 PairCosts* up, PairCosts* down) {
  FoldSelfBody(self, arcs, up, down);
}
HOUSECALL_AVX2 void RelaxArcsAvx2(const StateCosts& from, const uint32_t* heads,
                                  const PairCosts* costs, size_t arcs,
                                  StateCosts* by_rank) {
  RelaxArcsBody(from, heads, costs, arcs, by_rank);
}
HOUSECALL_AVX2 void RelaxRowAvx2(const Row& from, const PairCosts& arc,
                                 const Row& to) {
  RelaxRowBody(from, arc, to);
}
HOUSECALL_AVX2 void JoinRowAvx2(const Cost before[2], const Row& row,
                                Cost* drives) {
  JoinRowBody(before, row, drives);
}

HOUSECALL_AVX2 Cost JoinClimbsAvx2(const StateCosts* from, const StateCosts* to,
                                   size_t size) {
  return JoinClimbsBody(from, to, size);
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

void FoldSelf(const SelfCosts& self, size_t arcs, PairCosts* up,
              PairCosts* down) {
  if (self.of[0] >= kNoWay && self.of[1] >= kNoWay) return;
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return FoldSelfAvx2(self, arcs, up, down);
#endif
  FoldSelfBody(self, arcs, up, down);
}

void RelaxArcs(const StateCosts& from, const uint32_t* heads,
               const PairCosts* costs, size_t arcs, StateCosts* by_rank) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return RelaxArcsAvx2(from, heads, costs, arcs, by_rank);
#endif
  RelaxArcsBody(from, heads, costs, arcs, by_rank);
}

void RelaxRow(const Row& from, const PairCosts& arc, const Row& to) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return RelaxRowAvx2(from, arc, to);
#endif
  RelaxRowBody(from, arc, to);
}

void RelaxRowSelf(const SelfCosts& self, const Row& row) {
  if (self.of[0] >= kNoWay && self.of[1] >= kNoWay) return;
  for (size_t i = 0; i < row.size; ++i) {
    const Cost first = row.costs[0][i];
    const Cost second = row.costs[1][i];
    row.costs[0][i] = std::min(first, self.of[0] + second);
    row.costs[1][i] = std::min(second, self.of[1] + first);
  }
}

void JoinRow(const Cost before[2], const Row& row, Cost* drives) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return JoinRowAvx2(before, row, drives);
#endif
  JoinRowBody(before, row, drives);
}

Cost JoinClimbs(const StateCosts* from, const StateCosts* to, size_t size) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return JoinClimbsAvx2(from, to, size);
#endif
  return JoinClimbsBody(from, to, size);
}

}  // namespace housecall::router
