// The adapter while it is trained: parameters, gradients and optimizer moments as flat arrays of floats, and the working
// copies that the graphs multiply by. The LoRA scale has its one home here: it is in the working copies of B, and the
// gradient of B is multiplied by it when it is collected.
#pragma once

#include "training/graph.h"
#include "training/weights.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace isheep {

struct LoraSettings {
    int rank = 8;
    double alpha = 16;
    bool rank_stabilized = false;
    std::vector<Target> targets;
    // alpha / rank, or alpha / sqrt(rank) (Kalajdzievski 2023) if rank-stabilized.
    double scale() const;
};

// Working copies for one matrix; R is the rank padded by zeros to a multiple of row_padding.
struct LoraMatrices {
    ggml_tensor * a;             // [n_in, R]
    ggml_tensor * a_transposed;  // [R, n_in]
    ggml_tensor * b;             // [R, n_out], times the scale
    ggml_tensor * b_transposed;  // [n_out, R], times the scale
};

// Where the parameters of one matrix lie in the flat arrays: A is `rank` rows of n_in numbers, B n_out rows of `rank`.
struct LoraPart {
    int layer;
    Target target;
    int64_t n_in, n_out;
    size_t a, b;
};

class Lora {
public:
    // A as PEFT starts it (uniform within 1 / sqrt(n_in): Kaiming with a = sqrt(5)), B zero.
    Lora(const LoraSettings & settings, const Weights & weights, ggml_backend_buffer_type_t buffer_type, uint64_t seed);

    const LoraSettings & settings() const { return settings_; }
    const std::vector<LoraPart> & parts() const { return parts_; }
    // Null where this matrix has no adapter.
    const LoraMatrices * matrices(int layer, Target target) const;
    const LoraPart * part(int layer, Target target) const;

    // Copies the parameters into the working copies; after every change of `parameters`.
    void refresh();

    void clear_gradients();
    // Adds a micro-batch's gradients: da [n_in, rank], db [rank, n_out] (of B without the scale).
    void collect(const LoraPart & part, const ggml_tensor * da, const ggml_tensor * db);

    std::vector<float> parameters, gradients, first_moments, second_moments;  // of the same length

private:
    std::optional<size_t> & slot(int layer, Target target) { return slots_[layer * n_targets + index_of(target)]; }

    LoraSettings settings_;
    std::vector<LoraPart> parts_;
    std::vector<LoraMatrices> matrices_;           // in the order of parts_
    std::vector<std::optional<size_t>> slots_;     // by layer and target: index into parts_
    TensorStore store_;
};

}  // namespace isheep
