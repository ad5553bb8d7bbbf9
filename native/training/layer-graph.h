// One transformer layer of any trainable architecture (features.h): its forward graph and its backward graph, side by
// side. In brackets what only some have:
//   x -> + [norm](o(attention(rope([norm](q)), rope([norm](k)), v of norm(x)))) -> + [norm](down(act(gate) up of norm))
//   -> y
// The backward graph reads the values that forward kept, or computes them again from x: the same operators on the same
// numbers, so that both give the same bytes.
#pragma once

#include "training/activations.h"
#include "training/attention.h"
#include "training/linear.h"

namespace isheep {

class LayerGraph {
public:
    LayerGraph(Graph & graph, const Weights & weights, const SumTensors & sums, const BatchTensors & batch,
               const Lora * lora, const Dropout * dropout, int layer);

    // x [n_embd, n_rows] -> y, computed into the given tensor; the layer's values into `kept` unless that is null.
    void forward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * y);
    // dy -> dx, computed into the given tensor; null: not needed. The adapter's gradients come out in gradients().
    void backward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * dy, ggml_tensor * dx);

    const std::vector<LoraGradient> & gradients() const { return linear_.gradients; }

    // How many nodes a graph of this micro-batch has at most.
    static size_t max_nodes(const MicroBatch & batch, const Weights & weights) {
        return 2048 + transposed_nodes(weights) + attention_nodes(batch);
    }

private:
    LayerValues values(ggml_tensor * x, const LayerValues * place);
    void query_key_value(ggml_tensor * x, const LayerValues * place, LayerValues & v);
    ggml_tensor * down(const LayerValues & v, ggml_tensor * h, const LayerValues * place);
    AttentionInput attention_input_backward(const LayerValues & v, const AttentionInput & d);
    ggml_tensor * normalized(ggml_tensor * x, ggml_tensor * weight);
    ggml_tensor * normalized_backward(ggml_tensor * x, ggml_tensor * weight, ggml_tensor * dy);
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
    ggml_tensor * x;           // [n_embd, n_rows], or any shape with rows of n_embd or head_dim numbers
    ggml_tensor * normalized;  // x / rms(x)
    ggml_tensor * weight;      // of one row's length
    ggml_tensor * y;

    RmsNorm(Graph & g, ggml_tensor * x, ggml_tensor * weight, float epsilon);
    // dy -> dx, both of the shape of x
    ggml_tensor * backward(Graph & g, const SumTensors & sums, float epsilon, ggml_tensor * dy) const;
};

}  // namespace isheep
