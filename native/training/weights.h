// The frozen weights: the GGUF mapped into memory, its matrices multiplied as they are stored, and a transposed copy of
// each for the backward product. A device with memory of its own gets copies of them all. Nothing here changes while
// training.
#pragma once

#include "common/mapped-file.h"
#include "training/architecture.h"
#include "training/device-copies.h"
#include "training/graph.h"
#include "training/targets.h"

#include <array>
#include <vector>

namespace isheep {

struct Matrix {
    ggml_tensor * forward;   // [in, out], the file's type, or F16 where the device has no product with that
    ggml_tensor * backward;  // [out, in], see backward_type
    int64_t n_in() const { return forward->ne[0]; }
    int64_t n_out() const { return forward->ne[1]; }
};

// Null where the model has none (features.h).
struct LayerWeights {
    ggml_tensor * attention_norm;                 // [n_embd]
    ggml_tensor * feed_forward_norm;              // [n_embd]
    ggml_tensor * query_norm;                     // [head_dim]
    ggml_tensor * key_norm;                       // [head_dim]
    ggml_tensor * attention_post_norm;            // [n_embd]
    ggml_tensor * feed_forward_post_norm;         // [n_embd]
    std::array<ggml_tensor *, n_targets> biases;  // [n_out], of q, k and v
    std::array<Matrix, n_targets> matrices;
    const Matrix & operator[](Target target) const { return matrices[index_of(target)]; }
};

// The type of a transposed copy: F32 stays exact (its gradients can be proved), half floats become BF16 (a gradient may
// leave the range of F16), quantized types Q8_0, or BF16 where `n_out` is no multiple of its block.
ggml_type backward_type(ggml_type forward, int64_t n_out);

// A mapped matrix [in, out] and what is to hold its numbers as [out, in].
struct Transposition {
    const ggml_tensor * from;
    ggml_tensor * to;
};

class Weights {
public:
    // Maps the file and makes the transposed copies with `n_threads` threads. Throws Error.
    Weights(const std::string & path, const Compute & compute, int n_threads);

    const Architecture & architecture() const { return architecture_; }
    const LayerWeights & layer(int i) const { return layers_[i]; }
    ggml_tensor * output_norm() const { return output_norm_; }    // [n_embd]
    const Matrix & output() const { return output_; }             // [n_embd, n_vocab]
    ggml_tensor * rope_factors() const { return rope_factors_; }  // [head_dim / 2] or null

    // The embedding of a token, [n_embd], scaled as the model wants it, into `row`. `token` must be below n_vocab.
    void embed(int32_t token, float * row) const;

    // All matrices are F32, so that products with them round nothing.
    bool is_exact() const { return is_exact_; }

    // A hash of every byte of the file, to tell whether a checkpoint belongs to it.
    uint64_t fingerprint() const;

private:
    LayerWeights map_layer(int i);
    ggml_tensor * map_tensor(const std::string & name);
    ggml_tensor * map_optional(const std::string & name);  // null where the file has none
    Matrix map_matrix(const std::string & name);
    void fill_transposed(int n_threads);

    GgufFile file_;
    Architecture architecture_;
    MappedFile mapped_;
    Buffer mapped_buffer_;
    Context mapped_context_;
    TensorStore transposed_;
    DeviceCopies copies_;
    std::vector<Transposition> to_transpose_;
    std::vector<LayerWeights> layers_;
    ggml_tensor * embedding_ = nullptr;  // mapped
    ggml_tensor * output_norm_ = nullptr;
    ggml_tensor * rope_factors_ = nullptr;
    Matrix output_{};
    bool is_exact_ = true;
};

}  // namespace isheep
