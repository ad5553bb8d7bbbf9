// The frozen matrices that multiply one input, with their adapters: y = W x + scale B A dropout(x), forward and
// backward.
#pragma once

#include "training/batch-tensors.h"
#include "training/dropout.h"
#include "training/lora.h"

#include <array>
#include <vector>

namespace isheep {

// Where the gradients of a group's adapters come out of a graph.
struct LoraGradient {
    const LoraGroup * group;
    ggml_tensor * a;               // [n_in, n_ranks]
    std::vector<ggml_tensor *> b;  // of each member, [n_out, rank]: of B transposed, without the scale
};

// What the linear parts of a layer's graph share.
struct LinearContext {
    Graph & graph;
    const LayerWeights & weights;
    const BatchTensors & batch;
    const SumTensors & sums;
    const Lora * lora;        // null: the base alone
    const Dropout * dropout;  // null: none
    int layer;
    bool packed;                            // products by the micro-kernel (packed-linear.h)
    std::vector<LoraGradient> gradients{};  // in the order in which backward came by
    // Made once: the masks of dropout, what A multiplies, what it gives.
    std::array<ggml_tensor *, n_input_groups> masks{}, seen{}, low{};
};

// [n_in, n_rows] of a group's input, or null where nothing is dropped.
ggml_tensor * dropout_mask(LinearContext & context, InputGroup group, int64_t n_in);
// Null where none of the group's targets has an adapter.
const LoraGroup * lora_group(const LinearContext & context, InputGroup group);
// The place of a target in targets_of(group).
size_t index_in_group(InputGroup group, Target target);

// x [n_in, n_rows] -> [n_out, n_rows] of each target of the group, in the order of targets_of().
std::vector<ggml_tensor *> linear_forward(LinearContext & context, InputGroup group, ggml_tensor * x);

// dy [n_out, n_rows] of each target -> the gradient of x; adds those of A and B to context.gradients. `wanted` false:
// the gradient of x is not needed, and null comes back.
ggml_tensor * linear_backward(LinearContext & context, InputGroup group, ggml_tensor * x,
                              const std::vector<ggml_tensor *> & dy, bool wanted = true);

// Nodes of a layer's products with matrices that have no transposed copy, at most: the wider a model, the more parts.
size_t transposed_nodes(const Weights & weights);

}  // namespace isheep
