// How a node of a graph that llama.cpp built becomes an operator of ours, before it is computed.
#pragma once

#include "ggml.h"

namespace isheep {

// The node keeps its sources and its place. `compute` is called by every thread that computes the graph, as
// ggml_custom_4d says, and given `data`.
void make_own(ggml_tensor * node, ggml_custom_op_t compute, void * data);

}  // namespace isheep
