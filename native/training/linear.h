// One frozen matrix with its adapter: y = W x + scale B A dropout(x), forward and backward.
#pragma once

#include "training/batch-tensors.h"
#include "training/dropout.h"
#include "training/lora.h"

#include <vector>

namespace isheep {

// Where the gradients of one matrix's adapter come out of a graph.
struct LoraGradient {
    const LoraPart * part;
    ggml_tensor * a;  // [n_in, rank]
    ggml_tensor * b;  // [rank, n_out], of B without the scale
};

// What the linear parts of a layer's graph share.
struct LinearContext {
    Graph & graph;
    const LayerWeights & weights;
    const BatchTensors & batch;
    const Lora * lora;         // null: the base alone
    const Dropout * dropout;   // null: none
    int layer;
    std::vector<LoraGradient> gradients;  // in the order in which backward came by
};

// x [n_in, n_rows] -> [n_out, n_rows]
ggml_tensor * linear_forward(LinearContext & context, Target target, ggml_tensor * x);

// An input that several matrices multiply; the transposed one is made once, where it is needed.
class LinearInput {
public:
    explicit LinearInput(ggml_tensor * x) : x_(x) {}
    ggml_tensor * get() const { return x_; }
    ggml_tensor * transposed(Graph & g);

private:
    ggml_tensor * x_;
    ggml_tensor * transposed_ = nullptr;
};

// dy [n_out, n_rows] -> the gradient of x; adds those of A and B to context.gradients. `wanted` false: the gradient of x
// is not needed, and null comes back.
ggml_tensor * linear_backward(LinearContext & context, Target target, LinearInput & x, ggml_tensor * dy, bool wanted = true);

}  // namespace isheep
