// The frozen weights: the GGUF mapped into memory, its matrices multiplied as they are stored or by faster copies. A
// device with memory of its own gets copies of them all. Nothing here changes while training.
#pragma once

#include "common/mapped-file.h"
#include "training/architecture.h"
#include "training/device-copies.h"
#include "training/graph.h"
#include "training/targets.h"
#include "training/weight-copies.h"

#include <array>
#include <vector>

namespace isheep {

struct Matrix {
    ggml_tensor * mapped;    // [in, out], as the file has it, in our memory
    ggml_tensor * forward;   // [in, out]: mapped, or a copy
    ggml_tensor * backward;  // [out, in], see backward_type; null: made in the graph
    ggml_tensor * packed;    // [in, out]: what the micro-kernel reads in both directions; null: ggml multiplies
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

class Weights {
public:
    // Maps the file; a device with memory of its own gets its copies. Throws Error.
    Weights(const std::string & path, const Compute & compute);

    // Once, before the first graph is computed. Throws Error(not_enough_memory).
    void make_copies(CopiedWeights copied, int n_threads);
    // What make_copies would take, in bytes.
    size_t bytes_of_copies(CopiedWeights copied) const;
    // What it would take beside them, until it is done.
    size_t bytes_of_copying(CopiedWeights copied, int n_threads) const;
    size_t mapped_bytes() const { return mapped_.size(); }

    const Architecture & architecture() const { return architecture_; }
    const LayerWeights & layer(int i) const { return layers_[i]; }
    ggml_tensor * output_norm() const { return output_norm_; }    // [n_embd]
    const Matrix & output() const { return output_; }             // [n_embd, n_vocab]
    ggml_tensor * rope_factors() const { return rope_factors_; }  // [head_dim / 2] or null

    // The embedding of a token, [n_embd], scaled as the model wants it, into `row`. `token` must be below n_vocab.
    void embed(int32_t token, float * row) const;

    // All matrices are F32, so that products with them round nothing.
    bool is_exact() const { return is_exact_; }
    // The micro-kernel multiplies by them, rounding to BF16 (matrix-product.h), by the output matrix, too, whatever is
    // copied; else that has a transposed copy. It takes pairs of numbers.
    bool is_packed() const { return compute_.has_micro_kernel() && !is_exact_ && is_even_; }
    // What may be copied, the fastest first, what takes the least memory last.
    std::vector<CopiedWeights> fastest_copies() const;

    // A hash of every byte of the file, to tell whether a checkpoint belongs to it.
    uint64_t fingerprint() const;

private:
    LayerWeights map_layer(int i);
    ggml_tensor * map_tensor(const std::string & name);
    ggml_tensor * map_optional(const std::string & name);  // null where the file has none
    Matrix map_matrix(const std::string & name);
    std::vector<Matrix *> all_matrices();
    // How a matrix is multiplied, and which copies that takes; those without a buffer type are not made.
    struct Forms {
        CopyForm forward{}, backward{};
        bool packed = false;  // by the micro-kernel
    };
    Forms forms_of(const Matrix & matrix, CopiedWeights copied) const;

    GgufFile file_;
    Architecture architecture_;
    MappedFile mapped_;
    Buffer mapped_buffer_;
    Context mapped_context_;
    const Compute & compute_;
    DeviceCopies device_copies_;
    WeightCopies copies_;
    std::vector<LayerWeights> layers_;
    ggml_tensor * embedding_ = nullptr;  // mapped
    ggml_tensor * output_norm_ = nullptr;
    ggml_tensor * rope_factors_ = nullptr;
    Matrix output_{};
    bool is_exact_ = true;
    bool is_even_ = true;  // every dimension of every matrix
};

}  // namespace isheep
