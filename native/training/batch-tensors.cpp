#include "training/batch-tensors.h"

#include <algorithm>
#include <cmath>

namespace isheep {
namespace {

size_t n_tensors(const MicroBatch & batch) {
    size_t n = 2;
    for (const PackedSample & sample : batch.samples) n += 1 + query_blocks(sample.length).size();
    return n;
}

// Query `from + i` sees key j where j <= from + i.
template <typename Number>
void set_mask(ggml_tensor * mask, int from, Number seen, Number hidden) {
    std::vector<Number> values((size_t) ggml_nelements(mask), hidden);
    for (int64_t i = 0; i < mask->ne[1]; i++) std::fill_n(&values[(size_t) (i * mask->ne[0])], from + i + 1, seen);
    set_tensor(mask, values.data());
}

}  // namespace

std::vector<QueryBlock> query_blocks(int length) {
    std::vector<QueryBlock> blocks;
    for (int from = 0; from < length; from += query_block) blocks.push_back({from, std::min(from + query_block, length)});
    return blocks;
}

BatchTensors::BatchTensors(const MicroBatch & batch, ggml_backend_buffer_type_t buffer_type)
    : batch_(batch), store_(n_tensors(batch)) {
    positions_ = store_.add(GGML_TYPE_I32, batch.n_rows);
    inverse_ = store_.add(GGML_TYPE_I32, batch.n_rows);
    for (const PackedSample & sample : batch.samples) {
        if (!masks_.count(sample.length)) masks_[sample.length] = store_.add(GGML_TYPE_F16, sample.length, sample.length);
        for (QueryBlock block : query_blocks(sample.length)) {
            ggml_tensor *& mask = block_masks_[{block.from, block.to}];
            if (!mask) mask = store_.add(GGML_TYPE_F32, block.to, block.to - block.from);
        }
    }
    store_.allocate(buffer_type);

    std::vector<int32_t> there, back;
    for (const PackedSample & sample : batch.samples) {
        for (int i = 0; i < sample.length; i++) {
            there.push_back(i);
            back.push_back(-i);
        }
    }
    set_tensor(positions_, there.data());
    set_tensor(inverse_, back.data());
    const ggml_fp16_t seen = ggml_fp32_to_fp16(0.0f), hidden = ggml_fp32_to_fp16(-INFINITY);
    for (const auto & [length, mask] : masks_) set_mask(mask, 0, seen, hidden);
    for (const auto & [block, mask] : block_masks_) set_mask(mask, block.first, 0.0f, -INFINITY);
}

SumTensors::SumTensors(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type) : store_(2) {
    mean_ = store_.add(GGML_TYPE_F32, architecture.n_embd, wide);
    ones_ = store_.add(GGML_TYPE_F32, architecture.head_dim, wide);
    store_.allocate(buffer_type);
    const std::vector<float> mean((size_t) ggml_nelements(mean_), 1.0f / architecture.n_embd);
    const std::vector<float> ones((size_t) ggml_nelements(ones_), 1.0f);
    set_tensor(mean_, mean.data());
    set_tensor(ones_, ones.data());
}

}  // namespace isheep
