// What the graphs of a micro-batch share, whatever the layer: positions and masks. And the constants that make sums.
#pragma once

#include "training/architecture.h"
#include "training/graph.h"
#include "training/packing.h"
#include "training/weights.h"

#include <map>
#include <tuple>
#include <vector>

namespace isheep {

// Attention's backward pass takes this many queries at a time: fewer masked products, and no matrix of all pairs.
constexpr int query_block = 64;

// Queries of a sample that are computed together, and the keys that any of them sees: first_key … to.
struct QueryBlock {
    int from, to;
    int first_key;  // a multiple of row_padding
    int window;     // a query i sees the keys above i - window, and up to i; 0: all up to i
    int n_keys() const { return to - first_key; }
    bool operator<(const QueryBlock & other) const {
        return std::tie(from, to, first_key, window) < std::tie(other.from, other.to, other.first_key, other.window);
    }
};
// Of attention's backward pass.
std::vector<QueryBlock> query_blocks(int length, int window);
// Of its forward pass: one of all queries unless a window hides keys from most of them.
std::vector<QueryBlock> forward_blocks(int length, int window);

// The micro-kernel takes pairs of rows, and attention by it shared ones (packed-attention.h); ggml's graphs do not.
RowLayout row_layout(const Weights & weights);

class BatchTensors {
public:
    // Masks of layers with a window and without are made; none for the micro-kernel, which needs none.
    BatchTensors(const MicroBatch & batch, const Weights & weights, ggml_backend_buffer_type_t buffer_type);
    // Without memory, for graphs that are described (described-tensors.h).
    static BatchTensors described(const MicroBatch & batch, const Weights & weights,
                                  ggml_backend_buffer_type_t buffer_type);

    const MicroBatch & batch() const { return batch_; }
    size_t bytes() const;                                         // that the tensors take, or would
    ggml_tensor * positions() const { return positions_; }        // [n_rows], I32
    ggml_tensor * inverse_positions() const { return inverse_; }  // [n_rows], I32, negative: rotates back
    // [n_keys, to - from] of a block of forward_blocks: F16, for flash attention.
    ggml_tensor * forward_mask(const QueryBlock & block) const { return forward_masks_.at(block); }
    // [n_keys, to - from] of a block of query_blocks: F32.
    ggml_tensor * block_mask(const QueryBlock & block) const { return block_masks_.at(block); }

private:
    BatchTensors(const MicroBatch & batch, const Weights & weights, size_t alignment);
    void fill();
    std::vector<ggml_tensor *> tensors() const;

    MicroBatch batch_;
    size_t alignment_;  // of the tensors in their buffer
    TensorStore store_;
    ggml_tensor * positions_;
    ggml_tensor * inverse_;
    std::map<QueryBlock, ggml_tensor *> forward_masks_, block_masks_;
};

// Constants of all graphs: matrices of `wide` equal columns, a product with which is a sum over rows; and the numbers
// of rows, by which a matrix is read as F32.
class SumTensors {
public:
    SumTensors(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type);
    ggml_tensor * embedding_mean() const { return mean_; }  // [n_embd, wide], each 1 / n_embd
    ggml_tensor * head_mean() const { return head_mean_; }  // [head_dim, wide], each 1 / head_dim
    ggml_tensor * head_sum() const { return ones_; }        // [head_dim, wide], each 1
    // The mean over rows of `n` numbers, n_embd or head_dim.
    ggml_tensor * mean_of(int64_t n) const { return n == mean_->ne[0] ? mean_ : head_mean_; }
    ggml_tensor * row_numbers() const { return row_numbers_; }  // I32: 0, 1 … as many as a layer's matrix has rows

private:
    TensorStore store_;
    ggml_tensor * mean_;
    ggml_tensor * head_mean_;
    ggml_tensor * ones_;
    ggml_tensor * row_numbers_;
};

}  // namespace isheep
