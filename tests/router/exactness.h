// The proof that the index is exact: every kind of question on random towns
// against plain Dijkstra, pair by pair, and how many pairs that were.
#ifndef HOUSECALL_TESTS_ROUTER_EXACTNESS_H_
#define HOUSECALL_TESTS_ROUTER_EXACTNESS_H_

#include <cstdint>
#include <map>
#include <string>

namespace housecall::router {

// By kind of question: the pairs that were compared.
using PairCounts = std::map<std::string, int64_t>;

// Draws towns with one-way and private roads, forbidden turns and turns that
// take their time; asks for all pairs of `points` of each by the map's own
// metric, by one with closed and slowed roads that was made of it, and by one
// whose costs need four bytes. Fails the test at the first pair that is not
// equal to the last unit. Adds to `counts`.
void ExpectExact(uint64_t first_seed, int towns, uint32_t side, int points,
                 PairCounts* counts);

// Prints the counts as a table; returns their sum.
int64_t PrintCounts(const PairCounts& counts);

}  // namespace housecall::router

#endif  // HOUSECALL_TESTS_ROUTER_EXACTNESS_H_
