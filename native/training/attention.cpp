#include "training/attention.h"

#include "training/packed-attention.h"

namespace isheep {
namespace {

// Rows from … from + count of t [m, n, n_rows], head by head: a view [m, count, n].
ggml_tensor * by_head(Graph & g, ggml_tensor * t, int from, int count) {
    return ggml_view_3d(g.context(), t, t->ne[0], count, t->ne[1], t->nb[2], t->nb[1], from * t->nb[2]);
}

// [x, n, H] -> [x, n * G, K]: the queries of a group as rows of one product with their key head.
ggml_tensor * by_key(Graph & g, const AttentionShape & shape, ggml_tensor * t) {
    const int64_t group = shape.n_heads / shape.n_kv_heads;
    return ggml_reshape_3d(g.context(), t, t->ne[0], t->ne[1] * group, shape.n_kv_heads);
}

// The block's keys of a transposed sample [L, D, K], a view [m, D, K].
ggml_tensor * seen_columns(Graph & g, ggml_tensor * t, const QueryBlock & block) {
    return ggml_view_3d(g.context(), t, block.n_keys(), t->ne[1], t->ne[2], t->nb[1], t->nb[2],
                        block.first_key * t->nb[0]);
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
        v_ = by_head(g_, input.v, first, length);
        k_transposed_ = g_.transposed(k_);  // [L, D, K]
        const std::vector<QueryBlock> blocks = query_blocks(length, shape_.window);
        if (blocks.back().first_key > 0) {  // no block has all keys
            dk_ = zeros_like(k_);
            dv_ = zeros_like(k_);
        }
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

        ggml_tensor * keys = seen_columns(g_, k_transposed_, block);
        g_.store(by_query(g_.mul_mat(keys, by_key(ds)), n), by_head(g_, all_dq, first, n));
        accumulate(dk_, block, g_.mul_mat(grouped(q), grouped(ds)));  // [D, m, K]
        accumulate(dv_, block, g_.mul_mat(grouped(d), grouped(p)));
    }

    // The block's keys of k, v or their gradients [D, L, K], a view.
    ggml_tensor * seen(ggml_tensor * t, const QueryBlock & block) {
        return ggml_view_3d(g_.context(), t, t->ne[0], block.n_keys(), t->ne[2], t->nb[1], t->nb[2],
                            block.first_key * t->nb[1]);
    }
    ggml_tensor * zeros_like(ggml_tensor * t) { return ggml_scale(g_.context(), g_.cont(t), 0); }
    ggml_tensor * by_key(ggml_tensor * t) { return isheep::by_key(g_, shape_, t); }
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

// -> [D, H, n]
ggml_tensor * flash_block(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                          const PackedSample & sample, const QueryBlock & block, const AttentionInput & input) {
    ggml_tensor * q = by_head(g, input.q, sample.first_row + block.from, block.to - block.from);
    ggml_tensor * k = by_head(g, input.k, sample.first_row + block.first_key, block.n_keys());
    ggml_tensor * v = by_head(g, input.v, sample.first_row + block.first_key, block.n_keys());
    return ggml_flash_attn_ext(g.context(), q, k, v, batch.forward_mask(block), shape.scale, 0, 0);
}

// One sample's forward pass by flash attention, into its rows of `place` [D * H, n_rows].
void flash_forward(Graph & g, const AttentionShape & shape, const BatchTensors & batch, const PackedSample & sample,
                   const AttentionInput & input, ggml_tensor * place) {
    for (const QueryBlock & block : forward_blocks(sample.length, shape.window)) {
        const int64_t n = block.to - block.from, row = sample.first_row + block.from;
        g.store(ggml_reshape_2d(g.context(), flash_block(g, shape, batch, sample, block, input), place->ne[0], n),
                ggml_view_2d(g.context(), place, place->ne[0], n, place->nb[1], row * place->nb[1]));
    }
}

// The same out of products and a softmax.
void plain_forward(Graph & g, const AttentionShape & shape, const BatchTensors & batch, const PackedSample & sample,
                   const AttentionInput & input, ggml_tensor * place) {
    ggml_tensor * heads = ggml_view_3d(g.context(), place, shape.head_dim, shape.n_heads, place->ne[1],
                                       shape.head_dim * place->nb[0], place->nb[1], 0);
    ggml_tensor * v = g.transposed(by_head(g, input.v, sample.first_row, sample.length));  // [L, D, K]
    for (const QueryBlock & block : query_blocks(sample.length, shape.window)) {
        const int n = block.to - block.from, first = sample.first_row + block.from;
        ggml_tensor * q = g.cont(by_head(g, input.q, first, n));                                    // [D, n, H]
        ggml_tensor * k = by_head(g, input.k, sample.first_row + block.first_key, block.n_keys());  // [D, m, K]
        ggml_tensor * scores = g.mul_mat(k, by_key(g, shape, q));                                   // [m, n * G, K]
        scores = ggml_reshape_3d(g.context(), scores, block.n_keys(), n, shape.n_heads);            // [m, n, H]
        ggml_tensor * p = ggml_soft_max_ext(g.context(), scores, batch.block_mask(block), shape.scale, 0);
        ggml_tensor * output = g.mul_mat(seen_columns(g, v, block), by_key(g, shape, p));  // [D, n * G, K]
        g.store(ggml_reshape_3d(g.context(), output, shape.head_dim, n, shape.n_heads), by_head(g, heads, first, n));
    }
}

}  // namespace

// Only the CPU is asked for flash attention: elsewhere some devices want half floats for keys and values, some certain
// head sizes, and a backward pass that computes the same probabilities again has to agree with it.
ggml_tensor * attention_forward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                const AttentionInput & input, ggml_tensor * place) {
    if (shape.packed) return packed_attention_forward(g, shape, batch.batch(), input, place);
    const std::vector<PackedSample> & samples = batch.batch().samples;
    const int64_t width = (int64_t) shape.head_dim * shape.n_heads, n_rows = batch.batch().n_rows;
    const std::vector<QueryBlock> first = forward_blocks(samples[0].length, shape.window);
    if (g.on_cpu() && samples.size() == 1 && first.size() == 1) {
        ggml_tensor * output = flash_block(g, shape, batch, samples[0], first[0], input);
        if (place) g.compute_into(output, place);
        return ggml_reshape_2d(g.context(), output, width, n_rows);
    }
    place = place ? ggml_view_2d(g.context(), place, width, n_rows, width * place->nb[0], 0) : g.room(width, n_rows, 1);
    for (const PackedSample & sample : samples) {
        if (g.on_cpu()) flash_forward(g, shape, batch, sample, input, place);
        else plain_forward(g, shape, batch, sample, input, place);
    }
    return place;
}

AttentionInput attention_backward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                  const AttentionInput & input, ggml_tensor * output, ggml_tensor * d) {
    if (shape.packed) return packed_attention_backward(g, shape, batch.batch(), input, output, d);
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
    for (const PackedSample & sample : batch.samples) n += 32 + 96 * query_blocks(sample.length, 0).size();
    return n;
}

}  // namespace isheep
