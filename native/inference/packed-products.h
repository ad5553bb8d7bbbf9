// Products with a model's weights by the micro-kernel (common/micro-kernel.h), inside the graphs that llama.cpp builds:
// a node that multiplies by a quantized matrix becomes one of our own operator before it is computed. ggml multiplies
// quantized weights by few numbers at a time, whose activations it rounds to 8 bits; here the weights are packed in
// BF16 once, and numbers are multiplied in BF16 and added up in F32, in an order that depends on neither the number of
// threads nor on what else is in the batch. An adapter's matrices are packed, too, whatever their type: training
// rounds them in the same way, and ggml takes a fifth of a step for theirs in F32 (docs/benchmarks.md).
#pragma once

#include "common/micro-kernel.h"
#include "common/work-pieces.h"
#include "inference/parallel.h"

#include "ggml.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace isheep {

// A matrix in panels of panel_columns of its rows, one after the other, each of n_in * panel_columns numbers.
struct PackedMatrix {
    struct Free {
        void operator()(Bf16 * numbers) const;
    };
    int64_t n_in, n_out;
    std::unique_ptr<Bf16, Free> panels;
};

// The packed weights of one model, or of a context's adapters, made when they are first multiplied by. Any thread may
// use it.
class PackedWeights {
public:
    // Whether a model's matrix of this type is packed. F16 and F32 are not: BF16 would round them.
    static bool packs(ggml_type type);

    // Null where a product with these weights is not taken over, or there is no memory to pack them.
    const PackedMatrix * packed(const ggml_tensor * weights, Parallel & parallel);

private:
    std::mutex mutex_;
    std::unordered_map<const ggml_tensor *, PackedMatrix> matrices_;
};

// The products of one context's graphs, which are computed one after the other.
class PackedProducts {
public:
    // Makes `node` one of our own operator where it is a product with weights that are packed: a model's in `weights`,
    // an adapter's here. Before it is computed; the weights, and this, must outlive its graph.
    void take_over(ggml_tensor * node, PackedWeights & weights, Parallel & parallel);

    // Once the context has been given other adapters, and with them other graphs; before those from before are freed.
    void forget_adapters() { adapters_ = std::make_unique<PackedWeights>(); }

    // What a node of ours reads.
    struct Product {
        const PackedMatrix * matrix;
        WorkPieces pieces;
    };

private:
    std::unordered_map<const ggml_tensor *, Product> products_;
    std::unique_ptr<PackedWeights> adapters_ = std::make_unique<PackedWeights>();
};

}  // namespace isheep
