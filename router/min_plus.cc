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

// Costs are less than 2^31, so that signed comparisons serve: processors have
// those.
using Four = int32_t __attribute__((vector_size(16)));
using Eight = int32_t __attribute__((vector_size(32)));
using Bytes = uint8_t __attribute__((vector_size(16)));
using TwiceBytes = uint8_t __attribute__((vector_size(32)));

constexpr int32_t kNarrowNoWay = router::kNarrowNoWay;

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

HOUSECALL_INLINE void LoadBytes(const uint8_t* from, Bytes* bytes) {
  std::memcpy(bytes, from, sizeof(*bytes));
}

// The costs of one arc.
template <CostWidth kWidth>
HOUSECALL_INLINE void LoadArc(const uint8_t* from, Four* lanes) {
  Bytes bytes;
  LoadBytes(from, &bytes);
  if constexpr (kWidth == CostWidth::kWide) {
    *lanes = reinterpret_cast<Four>(bytes);
  } else {
    *lanes =
        reinterpret_cast<Four>(__builtin_shufflevector(
            bytes, bytes, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12)) &
        kNarrowNoWay;
    *lanes |= (*lanes == kNarrowNoWay) & static_cast<int32_t>(kNoWay);
  }
}

// Those of both directions, for the state 0 of the lower block and for its
// state 1: each of two numbers twice. Without a way as it is stored.
template <CostWidth kWidth>
HOUSECALL_INLINE void LoadBoth(const uint8_t* up, const uint8_t* down,
                               Eight* first, Eight* second) {
  Bytes low;
  Bytes high;
  LoadBytes(up, &low);
  LoadBytes(down, &high);
  const TwiceBytes both = __builtin_shufflevector(
      low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
      18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  if constexpr (kWidth == CostWidth::kWide) {
    const Eight lanes = reinterpret_cast<Eight>(both);
    *first = __builtin_shufflevector(lanes, lanes, 0, 1, 0, 1, 4, 5, 4, 5);
    *second = __builtin_shufflevector(lanes, lanes, 2, 3, 2, 3, 6, 7, 6, 7);
  } else {
    *first = reinterpret_cast<Eight>(__builtin_shufflevector(
                 both, both, 0, 1, 2, 3, 3, 4, 5, 6, 0, 1, 2, 3, 3, 4, 5, 6, 16,
                 17, 18, 19, 19, 20, 21, 22, 16, 17, 18, 19, 19, 20, 21, 22)) &
             kNarrowNoWay;
    *second =
        reinterpret_cast<Eight>(__builtin_shufflevector(
            both, both, 6, 7, 8, 9, 9, 10, 11, 12, 6, 7, 8, 9, 9, 10, 11, 12,
            22, 23, 24, 25, 25, 26, 27, 28, 22, 23, 24, 25, 25, 26, 27, 28)) &
        kNarrowNoWay;
  }
}

template <CostWidth kWidth>
HOUSECALL_INLINE void RelaxTrianglesBody(const Triangles& t, OpenRank* x) {
  constexpr size_t kStride = 4 * static_cast<size_t>(kWidth);
  const uint8_t* up = t.up;
  const uint8_t* down = t.down;
  const uint32_t* const heads = t.heads;
  const uint32_t* const arc_to = x->arc_to;
  OpenArc* const arcs = x->arcs;
  const size_t size = t.arcs;
  // Upwards, x to v comes before v to a head; downwards the other way round.
  Eight x0;
  Eight x1;
  LoadBoth<kWidth>(down, up, &x0, &x1);
  // From x down to v, and up to the other state of x.
  Eight own = x0 + __builtin_shufflevector(x0, x0, 5, 4, 5, 4, 1, 0, 1, 0);
  Improve(Eight(x1 + __builtin_shufflevector(x1, x1, 5, 4, 5, 4, 1, 0, 1, 0)),
          &own);
  x->self.of[0] = std::min(x->self.of[0], static_cast<Cost>(own[0]));
  x->self.of[1] = std::min(x->self.of[1], static_cast<Cost>(own[1]));
  // Spread so that each number of x meets both of a head: [0], [0], [1], [1].
  x0 = __builtin_shufflevector(x0, x0, 0, 0, 1, 1, 4, 4, 5, 5);
  x1 = __builtin_shufflevector(x1, x1, 0, 0, 1, 1, 4, 4, 5, 5);
  for (size_t arc = 1; arc < size; ++arc) {
    up += kStride;
    down += kStride;
    OpenArc& to = arcs[arc_to[heads[arc]]];
    Eight y0;
    Eight y1;
    LoadBoth<kWidth>(up, down, &y0, &y1);
    Eight best;
    Load(to.up.of, &best);
    Improve(Eight(x0 + y0), &best);
    Improve(Eight(x1 + y1), &best);
    Store(best, to.up.of);
  }
}

HOUSECALL_INLINE void FoldSelfBody(const SelfCosts& self, size_t arcs,
                                   OpenArc* x) {
  const int32_t first = static_cast<int32_t>(self.of[0]);
  const int32_t second = static_cast<int32_t>(self.of[1]);
  const Eight over = {first,  first,  second, second,
                      second, second, first,  first};
  for (size_t arc = 0; arc < arcs; ++arc) {
    Eight best;
    Load(x[arc].up.of, &best);
    const Eight other =
        __builtin_shufflevector(best, best, 2, 3, 0, 1, 6, 7, 4, 5);
    Improve(Eight(other + over), &best);
    Store(best, x[arc].up.of);
  }
}

template <CostWidth kWidth>
HOUSECALL_INLINE bool StoreArcsBody(const OpenArc* x, size_t arcs, uint8_t* up,
                                    uint8_t* down) {
  constexpr size_t kStride = 4 * static_cast<size_t>(kWidth);
  Four too_great = {0, 0, 0, 0};
  const auto store = [&](const PairCosts& costs, uint8_t* to)
      __attribute__((always_inline)) {
    Four lanes;
    Load(costs.of, &lanes);
    if constexpr (kWidth == CostWidth::kWide) {
      Improve(Four{kNoWay, kNoWay, kNoWay, kNoWay}, &lanes);
      std::memcpy(to, &lanes, sizeof(lanes));
    } else {
      Improve(Four{kNarrowNoWay, kNarrowNoWay, kNarrowNoWay, kNarrowNoWay},
              &lanes);
      too_great |= (lanes >= static_cast<int32_t>(kNarrowLimit)) &
                   (lanes != kNarrowNoWay);
      const Bytes bytes = reinterpret_cast<Bytes>(lanes);
      const Bytes packed = __builtin_shufflevector(
          bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
      std::memcpy(to, &packed, kStride);
    }
  };
  for (size_t arc = 0; arc < arcs; ++arc) {
    store(x[arc].up, up + arc * kStride);
    store(x[arc].down, down + arc * kStride);
  }
  return (too_great[0] | too_great[1] | too_great[2] | too_great[3]) == 0;
}

template <CostWidth kWidth>
HOUSECALL_INLINE void RelaxArcsBody(const StateCosts& from,
                                    const uint32_t* heads, const uint8_t* costs,
                                    size_t arcs, StateCosts* by_rank) {
  constexpr size_t kStride = 4 * static_cast<size_t>(kWidth);
  const int32_t first = static_cast<int32_t>(from.of[0]);
  const int32_t second = static_cast<int32_t>(from.of[1]);
  const Four before = {first, first, second, second};
  for (size_t arc = 0; arc < arcs; ++arc) {
    Four over;
    LoadArc<kWidth>(costs + arc * kStride, &over);
    over += before;
    Four best = __builtin_shufflevector(over, over, 2, 3, 0, 1);
    Improve(over, &best);
    int64_t known = 0;
    std::memcpy(&known, by_rank[heads[arc]].of, sizeof(known));
    using Halves = int64_t __attribute__((vector_size(16)));
    Improve(reinterpret_cast<Four>(Halves{known, 0}), &best);
    std::memcpy(by_rank[heads[arc]].of, &best, sizeof(known));
  }
}

HOUSECALL_INLINE void RelaxRowBody(const Row& from, const PairCosts& arc,
                                   const Row& to) {
  const auto cost = [&](int i) { return static_cast<int32_t>(arc.of[i]); };
  size_t at = 0;
  for (; at + 8 <= from.size; at += 8) {
    Eight from0;
    Eight from1;
    Load(from.costs[0] + at, &from0);
    Load(from.costs[1] + at, &from1);
    for (int state = 0; state < 2; ++state) {
      Eight best;
      Load(to.costs[state] + at, &best);
      Improve(Eight(from0 + cost(state)), &best);
      Improve(Eight(from1 + cost(2 + state)), &best);
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
  const int32_t first = static_cast<int32_t>(before[0]);
  const int32_t second = static_cast<int32_t>(before[1]);
  size_t at = 0;
  for (; at + 8 <= row.size; at += 8) {
    Eight best;
    Eight over0;
    Eight over1;
    Load(drives + at, &best);
    Load(row.costs[0] + at, &over0);
    Load(row.costs[1] + at, &over1);
    Improve(Eight(over0 + first), &best);
    Improve(Eight(over1 + second), &best);
    Store(best, drives + at);
  }
  for (; at < row.size; ++at) {
    drives[at] = std::min({drives[at], before[0] + row.costs[0][at],
                           before[1] + row.costs[1][at]});
  }
}

HOUSECALL_INLINE Cost JoinClimbsBody(const StateCosts* from,
                                     const StateCosts* to, size_t size) {
  Eight best = Eight{} + static_cast<int32_t>(kNoWay);
  size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    Eight a;
    Eight b;
    Load(from[at].of, &a);
    Load(to[at].of, &b);
    Improve(Eight(a + b), &best);
  }
  Cost all[8];
  Store(best, all);
  for (; at < size; ++at) {
    all[0] = std::min(all[0], from[at].of[0] + to[at].of[0]);
    all[1] = std::min(all[1], from[at].of[1] + to[at].of[1]);
  }
  return *std::min_element(all, all + 8);
}

#ifdef HOUSECALL_TWICE
#define HOUSECALL_AVX2 __attribute__((target("avx2")))

template <CostWidth kWidth>
HOUSECALL_AVX2 void RelaxTrianglesAvx2(const Triangles& triangles,
                                       OpenRank* x) {
  RelaxTrianglesBody<kWidth>(triangles, x);
}
HOUSECALL_AVX2 void FoldSelfAvx2(const SelfCosts& self, size_t arcs,
                                 OpenArc* x) {
  FoldSelfBody(self, arcs, x);
}
template <CostWidth kWidth>
HOUSECALL_AVX2 bool StoreArcsAvx2(const OpenArc* x, size_t arcs, uint8_t* up,
                                  uint8_t* down) {
  return StoreArcsBody<kWidth>(x, arcs, up, down);
}
template <CostWidth kWidth>
HOUSECALL_AVX2 void RelaxArcsAvx2(const StateCosts& from, const uint32_t* heads,
                                  const uint8_t* costs, size_t arcs,
                                  StateCosts* by_rank) {
  RelaxArcsBody<kWidth>(from, heads, costs, arcs, by_rank);
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

template <CostWidth kWidth>
void RelaxTrianglesOf(const Triangles& triangles, OpenRank* x) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return RelaxTrianglesAvx2<kWidth>(triangles, x);
#endif
  RelaxTrianglesBody<kWidth>(triangles, x);
}

template <CostWidth kWidth>
bool StoreArcsOf(const OpenArc* x, size_t arcs, uint8_t* up, uint8_t* down) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return StoreArcsAvx2<kWidth>(x, arcs, up, down);
#endif
  return StoreArcsBody<kWidth>(x, arcs, up, down);
}

template <CostWidth kWidth>
void RelaxArcsOf(const StateCosts& from, const uint32_t* heads,
                 const uint8_t* costs, size_t arcs, StateCosts* by_rank) {
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) {
    return RelaxArcsAvx2<kWidth>(from, heads, costs, arcs, by_rank);
  }
#endif
  RelaxArcsBody<kWidth>(from, heads, costs, arcs, by_rank);
}

}  // namespace

void RelaxTriangles(const Triangles& triangles, CostWidth width, OpenRank* x) {
  if (width == CostWidth::kNarrow) {
    RelaxTrianglesOf<CostWidth::kNarrow>(triangles, x);
  } else {
    RelaxTrianglesOf<CostWidth::kWide>(triangles, x);
  }
}

void FoldSelf(const SelfCosts& self, size_t arcs, OpenArc* x) {
  if (self.of[0] >= kNoWay && self.of[1] >= kNoWay) return;
#ifdef HOUSECALL_TWICE
  if (kHasAvx2) return FoldSelfAvx2(self, arcs, x);
#endif
  FoldSelfBody(self, arcs, x);
}

bool StoreArcs(const OpenArc* x, size_t arcs, CostWidth width, uint8_t* up,
               uint8_t* down) {
  return width == CostWidth::kNarrow
             ? StoreArcsOf<CostWidth::kNarrow>(x, arcs, up, down)
             : StoreArcsOf<CostWidth::kWide>(x, arcs, up, down);
}

void RelaxArcs(const StateCosts& from, const uint32_t* heads, ArcCosts costs,
               size_t arcs, StateCosts* by_rank) {
  if (costs.width() == CostWidth::kNarrow) {
    RelaxArcsOf<CostWidth::kNarrow>(from, heads, costs.begin(), arcs, by_rank);
  } else {
    RelaxArcsOf<CostWidth::kWide>(from, heads, costs.begin(), arcs, by_rank);
  }
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
