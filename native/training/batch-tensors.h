// What the graphs of a micro-batch share, whatever the layer: positions and masks. And the constants that make sums.
#pragma once

#include "training/architecture.h"
#include "training/graph.h"
#include "training/packing.h"

#include <map>
#include <utility>
#include <vector>

namespace isheep {

// Attention's backward pass takes this many queries at a time: fewer masked products, and no matrix of all pairs.
constexpr int query_block = 64;

struct QueryBlock {
    int from, to;  // queries of a sample; they see its keys 0 … to
};
std::vector<QueryBlock> query_blocks(int length);

class BatchTensors {
public:
    BatchTensors(const MicroBatch & batch, ggml_backend_buffer_type_t buffer_type);

    const MicroBatch & batch() const { return batch_; }
    ggml_tensor * positions() const { return positions_; }          // [n_rows], I32
    ggml_tensor * inverse_positions() const { return inverse_; }    // [n_rows], I32, negative: rotates back
    ggml_tensor * causal_mask(int length) const { return masks_.at(length); }  // [keys, queries], F16, for flash attention
    ggml_tensor * block_mask(QueryBlock block) const { return block_masks_.at({block.from, block.to}); }  // [to, to - from]

private:
    MicroBatch batch_;
    TensorStore store_;
    ggml_tensor * positions_;
    ggml_tensor * inverse_;
    std::map<int, ggml_tensor *> masks_;
    std::map<std::pair<int, int>, ggml_tensor *> block_masks_;
};

// Matrices of `wide` equal columns: a product with one is a sum over rows.
class SumTensors {
public:
    SumTensors(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type);
    ggml_tensor * embedding_mean() const { return mean_; }  // [n_embd, wide], each 1 / n_embd
    ggml_tensor * head_sum() const { return ones_; }        // [head_dim, wide], each 1

private:
    TensorStore store_;
    ggml_tensor * mean_;
    ggml_tensor * ones_;
};

}  // namespace isheep
