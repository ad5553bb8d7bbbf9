// What stays of a micro-batch between graphs: the input of every layer, the gradient that travels back, and, where
// memory allows, what each layer's backward pass would otherwise compute again. One buffer, reused by the next
// micro-batch.
#pragma once

#include "training/architecture.h"
#include "training/graph.h"

#include <vector>

namespace isheep {

// What a layer computes on the way to its output and its backward pass needs. q and k are as attention reads them:
// normalized where the model does that, and rotated. The last four exist only where a norm follows them.
struct LayerValues {
    ggml_tensor * q = nullptr;          // [head_dim, n_heads, n_rows]
    ggml_tensor * k = nullptr;          // [head_dim, n_kv_heads, n_rows]
    ggml_tensor * v = nullptr;          // [head_dim, n_kv_heads, n_rows]
    ggml_tensor * attention = nullptr;  // [n_heads * head_dim, n_rows]
    ggml_tensor * middle = nullptr;     // [n_embd, n_rows], the residual stream between attention and feed-forward
    ggml_tensor * gate = nullptr;       // [n_ff, n_rows], before the activation
    ggml_tensor * up = nullptr;         // [n_ff, n_rows]
    ggml_tensor * plain_q = nullptr;    // [head_dim, n_heads, n_rows], before its norm
    ggml_tensor * plain_k = nullptr;    // [head_dim, n_kv_heads, n_rows], before its norm
    ggml_tensor * projected = nullptr;  // [n_embd, n_rows], what the attention block gives
    ggml_tensor * down = nullptr;       // [n_embd, n_rows], what the feed-forward block gives
};

class Activations {
public:
    Activations(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type);

    // Bytes for so many rows with the values of `n_kept` layers.
    size_t bytes(int n_rows, int n_kept) const;
    // How many layers' values have room in so many bytes; at least none.
    int layers_that_fit(int n_rows, size_t bytes) const;

    // The first `n_kept` layers keep their values. Invalidates all tensors given out before. Throws
    // Error(not_enough_memory).
    void prepare(int n_rows, int n_kept);
    // The same without memory and without kept values, for graphs that are described (described-tensors.h).
    void describe(int n_rows);

    // [n_embd, n_rows], the input of a layer; the one of layer n_layers is the output of the last.
    ggml_tensor * input(int layer) const { return inputs_[layer]; }
    // The values of a layer, or null where they are not kept.
    const LayerValues * kept(int layer) const { return layer < (int) values_.size() ? &values_[layer] : nullptr; }
    // [n_embd, n_rows], the gradient of input(layer); two tensors that take turns.
    ggml_tensor * gradient(int layer) const { return gradients_[layer % 2]; }

private:
    void lay_out(int n_rows, int n_kept);
    LayerValues add_values(int n_rows);
    ggml_tensor * add(int64_t ne0, int64_t ne1, int64_t ne2 = 1);
    size_t floats_a_row(int n_kept) const;

    const Architecture & architecture_;
    ggml_backend_buffer_type_t buffer_type_;
    Buffer buffer_;
    Context context_;
    ggml_tallocr place_{};  // without a buffer: tensors are described
    std::vector<ggml_tensor *> inputs_;
    std::vector<LayerValues> values_;
    ggml_tensor * gradients_[2] = {};
};

}  // namespace isheep
