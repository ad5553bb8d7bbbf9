// One transformer layer of the architecture `llama`: its forward graph and its backward graph, side by side.
//   x -> + o(attention(rope(q), rope(k), v of norm(x))) -> + down(silu(gate) up of norm) -> y
// The backward graph reads the values that forward kept, or computes them again from x: the same operators on the same
// numbers, so that both give the same bytes.
#pragma once

#include "training/activations.h"
#include "training/attention.h"
#include "training/linear.h"

namespace isheep {

class LayerGraph {
public:
    LayerGraph(Graph & graph, const Weights & weights, const SumTensors & sums, const BatchTensors & batch, const Lora * lora,
               const Dropout * dropout, int layer);

    // x [n_embd, n_rows] -> y, computed into the given tensor; the layer's values into `kept` unless that is null.
    void forward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * y);
    // dy -> dx, computed into the given tensor; null: not needed. The adapter's gradients come out in gradients().
    void backward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * dy, ggml_tensor * dx);

    const std::vector<LoraGradient> & gradients() const { return linear_.gradients; }

    // How many nodes a graph of this micro-batch has at most.
    static size_t max_nodes(const MicroBatch & batch) { return 512 + attention_nodes(batch); }

private:
    LayerValues values(ggml_tensor * x, const LayerValues * place);
    AttentionInput attention_input_backward(const AttentionInput & rotated);
    void swiglu_backward(const LayerValues & v, ggml_tensor * silu, ggml_tensor * dh, ggml_tensor *& d_gate, ggml_tensor *& d_up);
    ggml_tensor * rope(ggml_tensor * t, ggml_tensor * positions, float factor);
    AttentionShape attention_shape() const;

    Graph & g_;
    const Weights & weights_;
    const SumTensors & sums_;
    const BatchTensors & batch_;
    LinearContext linear_;
};

// x / rms(x) * weight, and what its backward pass reads.
struct RmsNorm {
    ggml_tensor * x;           // [n_embd, n_rows]
    ggml_tensor * normalized;  // x / rms(x)
    ggml_tensor * weight;      // [n_embd]
    ggml_tensor * y;

    RmsNorm(Graph & g, ggml_tensor * x, ggml_tensor * weight, float epsilon);
    // dy [n_embd, n_rows] -> dx
    ggml_tensor * backward(Graph & g, const SumTensors & sums, float epsilon, ggml_tensor * dy) const;
};

}  // namespace isheep
