// The adapter while it is trained: parameters, gradients and optimizer moments as flat arrays of floats, and the
// working copies that the graphs multiply by. The LoRA scale has its one home here: it is in the working copies of B,
// and the gradient of B is multiplied by it when it is collected.
#pragma once

#include "training/graph.h"
#include "training/weights.h"

#include <cstdint>
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

// Where the parameters of one matrix lie in the flat arrays: A is `rank` rows of n_in numbers, B n_out rows of `rank`.
struct LoraPart {
    int layer;
    Target target;
    int64_t n_in, n_out;
    size_t a, b;
};

// The working copies of one target. R: see LoraGroup.
struct LoraMember {
    size_t part;                 // index into Lora::parts()
    int64_t first;               // its ranks' first row in the group's A
    ggml_tensor * b;             // [R, n_out], times the scale; zero outside its ranks
    ggml_tensor * b_transposed;  // [n_out, R]
};

// The targets of a layer that share an input have one A: their ranks one after the other, R of them with padding by
// zeros to a multiple of row_padding. What A multiplies is read once.
struct LoraGroup {
    int64_t n_in, n_ranks;       // without padding
    ggml_tensor * a;             // [n_in, R]
    ggml_tensor * a_transposed;  // [R, n_in]
    std::vector<LoraMember> members;
    const LoraMember * member(const std::vector<LoraPart> & parts, Target target) const;
};

class Lora {
public:
    // A as PEFT starts it (uniform within 1 / sqrt(n_in): Kaiming with a = sqrt(5)), B zero.
    Lora(const LoraSettings & settings, const Weights & weights, ggml_backend_buffer_type_t buffer_type, uint64_t seed);

    const LoraSettings & settings() const { return settings_; }
    const std::vector<LoraPart> & parts() const { return parts_; }
    // Null where none of its targets has an adapter.
    const LoraGroup * group(int layer, InputGroup group) const;

    // Copies the parameters into the working copies; after every change of `parameters`.
    void refresh();

    // Of the parameters, their gradients and moments, and the working copies.
    size_t bytes() const { return 4 * parameters.size() * sizeof(float) + store_.bytes(); }

    void clear_gradients();
    // Adds a micro-batch's gradients: da [n_in, n_ranks] of the group, db [n_out, rank] of each member's B, transposed
    // and without the scale.
    void collect(const LoraGroup & group, const ggml_tensor * da, const std::vector<ggml_tensor *> & db);

    std::vector<float> parameters, gradients, first_moments, second_moments;  // of the same length

private:
    void add_group(int layer, InputGroup group, const Weights & weights);
    void refresh(const LoraGroup & group);

    LoraSettings settings_;
    std::vector<LoraPart> parts_;
    std::vector<LoraGroup> groups_;  // by layer and input group
    TensorStore store_;
};

}  // namespace isheep
