#include "training/attention.h"

namespace isheep {
namespace {

// Rows from … from + count of t [m, n, n_rows], head by head: a view [m, count, n].
ggml_tensor * by_head(Graph & g, ggml_tensor * t, int from, int count) {
    return ggml_view_3d(g.context(), t, t->ne[0], count, t->ne[1], t->nb[2], t->nb[1], from * t->nb[2]);
}

// One sample's backward pass, block by block of queries. Shapes: D head_dim, H query heads, K key heads, G = H / K,
// L the sample's rows, n queries of a block, m keys that they see.
class SampleBackward {
public:
    SampleBackward(Graph & g, const AttentionShape & shape, const BatchTensors & batch, const PackedSample & sample)
        : g_(g), shape_(shape), batch_(batch), sample_(sample) {}

    // `dots` [wide, H, n_rows]: sum(d * output) of each head, which is what softmax's backward pass subtracts.
    void build(const AttentionInput & input, ggml_tensor * d, ggml_tensor * dots, const AttentionInput & gradients) {
        const int first = sample_.first_row, length = sample_.length;
        k_ = by_head(g_, input.k, first, length);
        v_ = operand(by_head(g_, input.v, first, length));
        k_transposed_ = operand(g_.transposed(k_));  // [L, D, K]
        const std::vector<QueryBlock> blocks = query_blocks(length, shape_.window);
        if (blocks.back().first_key > 0) {  // no block has all keys
            dk_ = zeros_like(k_);
            dv_ = zeros_like(k_);
        }
        k_ = operand(k_);
        for (auto block = blocks.rbegin(); block != blocks.rend();
             ++block)  // the last one first: its keys are all keys
            add_block(*block, input.q, d, dots, gradients.q);
        g_.store(dk_, by_head(g_, gradients.k, first, length));
        g_.store(dv_, by_head(g_, gradients.v, first, length));
    }

private:
    void add_block(const QueryBlock & block, ggml_tensor * all_q, ggml_tensor * all_d, ggml_tensor * all_dots,
                   ggml_tensor * all_dq) {
        const int n = block.to - block.from, first = sample_.first_row + block.from;
        ggml_tensor * q = g_.cont(by_head(g_, all_q, first, n));  // [D, n, H]
        ggml_tensor * d = g_.cont(by_head(g_, all_d, first, n));  // [D, n, H]
        ggml_tensor * dots = by_head(g_, all_dots, first, n);     // [wide, n, H]
        ggml_tensor * scores = by_query(g_.mul_mat(seen(k_, block), by_key(q)), n);
        ggml_tensor * p =
            ggml_soft_max_ext(g_.context(), scores, batch_.block_mask(block), shape_.scale, 0);  // [m, n, H]
        ggml_tensor * dp = by_query(g_.mul_mat(seen(v_, block), by_key(d)), n);
        ggml_tensor * ds =
            g_.mul(p, g_.sub(dp, dots));  // softmax: ds = p (dp - sum(p dp)), and sum(p dp) = sum(d output)

        ggml_tensor * keys = ggml_view_3d(g_.context(), k_transposed_, block.n_keys(), k_transposed_->ne[1],
                                          k_transposed_->ne[2], k_transposed_->nb[1], k_transposed_->nb[2],
                                          block.first_key * k_transposed_->nb[0]);  // [m, D, K]
        g_.store(by_query(g_.mul_mat(keys, by_key(ds)), n), by_head(g_, all_dq, first, n));
        accumulate(dk_, block, g_.mul_mat(operand(grouped(q)), grouped(ds)));  // [D, m, K]
        accumulate(dv_, block, g_.mul_mat(operand(grouped(d)), grouped(p)));
    }

    // The first operand of a product decides its type. A length that is no multiple of long_padding would leave the
    // fast kernel.
    ggml_tensor * operand(ggml_tensor * t) {
        const bool bf16 = shape_.bf16 && sample_.length % long_padding == 0;
        return bf16 ? ggml_cast(g_.context(), t, GGML_TYPE_BF16) : t;
    }
    // The block's keys of k, v or their gradients [D, L, K], a view.
    ggml_tensor * seen(ggml_tensor * t, const QueryBlock & block) {
        return ggml_view_3d(g_.context(), t, t->ne[0], block.n_keys(), t->ne[2], t->nb[1], t->nb[2],
                            block.first_key * t->nb[1]);
    }
    ggml_tensor * zeros_like(ggml_tensor * t) { return ggml_scale(g_.context(), g_.cont(t), 0); }
    // [x, n, H] -> [x, n * G, K]: the queries of a group as rows of one product with their key head.
    ggml_tensor * by_key(ggml_tensor * t) {
        return ggml_reshape_3d(g_.context(), t, t->ne[0], t->ne[1] * shape_.n_heads / shape_.n_kv_heads,
                               shape_.n_kv_heads);
    }
    ggml_tensor * by_query(ggml_tensor * t, int n) {
        return ggml_reshape_3d(g_.context(), t, t->ne[0], n, shape_.n_heads);
    }
    // [x, n, H] -> [n * G, x, K]: a product over its first dimension also sums over the query heads of a key head.
    ggml_tensor * grouped(ggml_tensor * t) {
        const int64_t group = shape_.n_heads / shape_.n_kv_heads;
        return g_.transposed_groups(ggml_reshape_4d(g_.context(), t, t->ne[0], t->ne[1], group, shape_.n_kv_heads));
    }
    // Adds `part`, which covers the block's keys, to `sum`, which covers all.
    void accumulate(ggml_tensor *& sum, const QueryBlock & block, ggml_tensor * part) {
        if (!sum) sum = part;
        else g_.expand(ggml_add_inplace(g_.context(), seen(sum, block), part));
    }

    Graph & g_;
    const AttentionShape & shape_;
    const BatchTensors & batch_;
    const PackedSample & sample_;
    ggml_tensor *k_ = nullptr, *v_ = nullptr, *k_transposed_ = nullptr;
    ggml_tensor *dk_ = nullptr, *dv_ = nullptr;
};

}  // namespace

ggml_tensor * attention_forward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                const AttentionInput & input, ggml_tensor * place) {
    const std::vector<PackedSample> & samples = batch.batch().samples;
    const int64_t width = (int64_t) shape.head_dim * shape.n_heads, n_rows = batch.batch().n_rows;
    auto of_block = [&](const PackedSample & sample, const QueryBlock & block) {
        ggml_tensor * q = by_head(g, input.q, sample.first_row + block.from, block.to - block.from);
        ggml_tensor * k = by_head(g, input.k, sample.first_row + block.first_key, block.n_keys());
        ggml_tensor * v = by_head(g, input.v, sample.first_row + block.first_key, block.n_keys());
        return ggml_flash_attn_ext(g.context(), q, k, v, batch.forward_mask(block), shape.scale, 0, 0);  // [D, H, n]
    };
    const std::vector<QueryBlock> first = forward_blocks(samples[0].length, shape.window);
    if (samples.size() == 1 && first.size() == 1) {
        ggml_tensor * output = of_block(samples[0], first[0]);
        if (place) g.compute_into(output, place);
        return ggml_reshape_2d(g.context(), output, width, n_rows);
    }
    if (!place) place = g.room(width, n_rows, 1);
    for (const PackedSample & sample : samples) {
        for (const QueryBlock & block : forward_blocks(sample.length, shape.window)) {
            const int64_t n = block.to - block.from, row = sample.first_row + block.from;
            g.store(ggml_reshape_2d(g.context(), of_block(sample, block), width, n),
                    ggml_view_2d(g.context(), place, width, n, place->nb[1], row * place->nb[1]));
        }
    }
    return ggml_view_2d(g.context(), place, width, n_rows, place->nb[1], 0);
}

AttentionInput attention_backward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                  const AttentionInput & input, ggml_tensor * output, ggml_tensor * d) {
    const int64_t n_rows = batch.batch().n_rows;
    auto heads = [&](ggml_tensor * t) {
        return ggml_reshape_3d(g.context(), t, shape.head_dim, shape.n_heads, n_rows);
    };
    ggml_tensor * dots = g.mul_mat(shape.head_sum, heads(g.mul(d, output)));  // [wide, H, n_rows]
    const AttentionInput gradients = {g.room(shape.head_dim, shape.n_heads, n_rows),
                                      g.room(shape.head_dim, shape.n_kv_heads, n_rows),
                                      g.room(shape.head_dim, shape.n_kv_heads, n_rows)};
    for (const PackedSample & sample : batch.batch().samples) {
        SampleBackward(g, shape, batch, sample).build(input, heads(d), dots, gradients);
    }
    return gradients;
}

size_t attention_nodes(const MicroBatch & batch) {
    size_t n = 64;
    for (const PackedSample & sample : batch.samples) n += 32 + 64 * query_blocks(sample.length, 0).size();
    return n;
}

}  // namespace isheep
