// The order in which a road network is taken apart: few roads part it into
// halves, few others those into quarters, and so on.
#ifndef HOUSECALL_ROUTER_NESTED_DISSECTION_H_
#define HOUSECALL_ROUTER_NESTED_DISSECTION_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "router/road_data.h"

namespace housecall::router {

// All segments of `data`, the least important ones first: after a part of the
// network come the segments whose removal cuts that part off from its
// neighbour. By inertial flow (Schild and Sommer, "On Balanced Separators in
// Road Networks", 2015), which needs no library: along each of four directions
// on the map the first and the last quarter of a part's nodes are held apart by
// a smallest cut, and the smallest of the four is taken.
//
// Cuts of segments, rather than of nodes, are what a graph of turns needs: a
// cut segment with all its states is one element of the separator (Buchhold,
// Wagner, Zeitz, Zündorf, "Customizable Contraction Hierarchies with Turn
// Costs", 2020).
//
// The same data makes the same order. Takes seconds for a metropolis; calls
// `progress`, if any, now and then with the share of the segments that have
// their place, from 0 to 1.
std::vector<uint32_t> DissectionOrder(
    const RoadData& data, const std::function<void(double)>& progress = {});

}  // namespace housecall::router

#endif  // HOUSECALL_ROUTER_NESTED_DISSECTION_H_
