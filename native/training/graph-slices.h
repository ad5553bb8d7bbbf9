// Cuts a graph into pieces that a device computes in well under the time after which a display's watchdog resets it.
#pragma once

#include "ggml.h"

namespace isheep {

// What computing a node costs, in multiplications and additions, or what moving its memory takes in their place.
double cost_of(const ggml_tensor * node);

// The end of the piece that begins at node `from`: as many nodes as cost less than `most`, at least one.
//
// The strictest watchdog, of Windows, waits for 2 seconds. A GPU built into a processor of ten years ago sustains 50
// billion operations a second in F32, and half of that on awkward shapes: 2e10 are 0.8 seconds there, and a thousandth
// of a second, the price of one launch or less, where it does not matter. The largest single node, the output matrix
// of a chunk of logits (32 MiB of them, training/loss.cpp), costs 7e10 at a width of 4096: a node is never cut.
constexpr double slice_cost = 2e10;
int end_of_slice(ggml_cgraph * graph, int from, double most = slice_cost);

}  // namespace isheep
