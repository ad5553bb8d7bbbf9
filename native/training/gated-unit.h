// The gate of the feed-forward part: h = activation(gate) up, element by element, forward and backward.
#pragma once

#include "training/features.h"
#include "training/graph.h"

namespace isheep {

// Forward alone; in one fused operator where ggml has one without a table.
ggml_tensor * gated_forward(Graph & g, Activation kind, ggml_tensor * gate, ggml_tensor * up);

// The same h, with what backward needs. All tensors are [n_ff, n_rows].
class GatedUnit {
public:
    GatedUnit(Graph & g, Activation kind, ggml_tensor * gate, ggml_tensor * up);

    ggml_tensor * h() const { return h_; }
    struct Gradients {
        ggml_tensor *gate, *up;
    };
    Gradients backward(Graph & g, ggml_tensor * dh) const;

private:
    ggml_tensor * silu_ratio(Graph & g) const;
    ggml_tensor * gelu_slope(Graph & g) const;

    Activation kind_;
    ggml_tensor *gate_, *up_;
    ggml_tensor * activated_;
    ggml_tensor * h_;
};

}  // namespace isheep
