#include "training/batch-tensors.h"

#include "training/described-tensors.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isheep {
namespace {

// Query from + i sees key first_key + j where it is not behind the query, and not before its window.
template <typename Number> void set_mask(const QueryBlock & block, ggml_tensor * mask, Number seen, Number hidden) {
    std::vector<Number> values((size_t) ggml_nelements(mask), hidden);
    for (int64_t i = 0; i < mask->ne[1]; i++) {
        const int query = block.from + (int) i;
        const int first = block.window ? std::max(block.first_key, query - block.window + 1) : block.first_key;
        std::fill_n(&values[(size_t) (i * mask->ne[0] + first - block.first_key)], query - first + 1, seen);
    }
    set_tensor(mask, values.data());
}

// A window that hides nothing in a sample of this length is none, so that both kinds of layers share their masks.
int effective(int window, int length) {
    return window < length ? window : 0;
}

std::vector<QueryBlock> blocks_of(int length, int window, int n_queries) {
    std::vector<QueryBlock> blocks;
    for (int from = 0; from < length; from += n_queries) {
        const int first_key = window ? std::max(0, from - window + 1) / (int) row_padding * (int) row_padding : 0;
        blocks.push_back({from, std::min(from + n_queries, length), first_key, window});
    }
    return blocks;
}

}  // namespace

std::vector<QueryBlock> query_blocks(int length, int window) {
    return blocks_of(length, effective(window, length), query_block);
}

std::vector<QueryBlock> forward_blocks(int length, int window) {
    window = effective(window, length);
    return blocks_of(length, window, window ? query_block : length);
}

RowLayout row_layout(const Weights & weights) {
    return weights.is_packed() ? RowLayout{2, true} : RowLayout{(int) row_padding, false};
}

// How many tensors a micro-batch needs at most.
static size_t n_tensors(const MicroBatch & batch, int window) {
    size_t n = 2;
    for (const PackedSample & sample : batch.samples) {
        for (int seen : {0, window})
            n += forward_blocks(sample.length, seen).size() + query_blocks(sample.length, seen).size();
    }
    return n;
}

BatchTensors::BatchTensors(const MicroBatch & batch, const Weights & weights, ggml_backend_buffer_type_t buffer_type)
    : BatchTensors(batch, weights, ggml_backend_buft_get_alignment(buffer_type)) {
    store_.allocate(buffer_type);
    fill();
}

BatchTensors BatchTensors::described(const MicroBatch & batch, const Weights & weights,
                                     ggml_backend_buffer_type_t buffer_type) {
    BatchTensors described(batch, weights, ggml_backend_buft_get_alignment(buffer_type));
    for (ggml_tensor * t : described.tensors()) describe_tensor(t);
    return described;
}

BatchTensors::BatchTensors(const MicroBatch & batch, const Weights & weights, size_t alignment)
    : batch_(batch), alignment_(alignment), store_(n_tensors(batch, weights.architecture().window)) {
    positions_ = store_.add(GGML_TYPE_I32, batch.n_rows);
    inverse_ = store_.add(GGML_TYPE_I32, batch.n_rows);
    if (weights.is_packed()) return;
    auto add_masks = [&](const std::vector<QueryBlock> & blocks, ggml_type type, auto & masks) {
        for (const QueryBlock & block : blocks) {
            ggml_tensor *& mask = masks[block];
            if (!mask) mask = store_.add(type, block.n_keys(), block.to - block.from);
        }
    };
    for (const PackedSample & sample : batch.samples) {
        for (int seen : {0, weights.architecture().window}) {
            add_masks(forward_blocks(sample.length, seen), GGML_TYPE_F16, forward_masks_);
            add_masks(query_blocks(sample.length, seen), GGML_TYPE_F32, block_masks_);
        }
    }
}

std::vector<ggml_tensor *> BatchTensors::tensors() const {
    std::vector<ggml_tensor *> all = {positions_, inverse_};
    for (const auto * masks : {&forward_masks_, &block_masks_}) {
        for (const auto & [block, mask] : *masks) all.push_back(mask);
    }
    return all;
}

size_t BatchTensors::bytes() const {
    size_t bytes = 0;
    for (const ggml_tensor * t : tensors()) bytes += (ggml_nbytes(t) + alignment_ - 1) / alignment_ * alignment_;
    return bytes;
}

void BatchTensors::fill() {
    std::vector<int32_t> there((size_t) batch_.n_rows), back;
    std::iota(there.begin(), there.begin() + batch_.n_shared, 0);
    for (const PackedSample & sample : batch_.samples) {
        const auto first = there.begin() + sample.first_row;
        std::iota(first, first + sample.length, batch_.n_shared);
    }
    for (int32_t position : there) back.push_back(-position);
    set_tensor(positions_, there.data());
    set_tensor(inverse_, back.data());
    const ggml_fp16_t seen = ggml_fp32_to_fp16(0.0f), hidden = ggml_fp32_to_fp16(-INFINITY);
    for (const auto & [block, mask] : forward_masks_) set_mask(block, mask, seen, hidden);
    for (const auto & [block, mask] : block_masks_) set_mask(block, mask, 0.0f, -INFINITY);
}

SumTensors::SumTensors(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type) : store_(4) {
    mean_ = store_.add(GGML_TYPE_F32, architecture.n_embd, wide);
    head_mean_ = store_.add(GGML_TYPE_F32, architecture.head_dim, wide);
    ones_ = store_.add(GGML_TYPE_F32, architecture.head_dim, wide);
    const int most_rows = std::max({architecture.n_embd, architecture.n_ff, architecture.attention_width()});
    row_numbers_ = store_.add(GGML_TYPE_I32, most_rows);
    store_.allocate(buffer_type);
    auto fill = [](ggml_tensor * t, float value) {
        set_tensor(t, std::vector<float>((size_t) ggml_nelements(t), value).data());
    };
    fill(mean_, 1.0f / architecture.n_embd);
    fill(head_mean_, 1.0f / architecture.head_dim);
    fill(ones_, 1);
    std::vector<int32_t> numbers((size_t) most_rows);
    std::iota(numbers.begin(), numbers.end(), 0);
    set_tensor(row_numbers_, numbers.data());
}

}  // namespace isheep
