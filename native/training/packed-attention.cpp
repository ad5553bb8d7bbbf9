#include "training/packed-attention.h"

#include "common/panel.h"
#include "common/work-pieces.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isheep {
namespace {

// Queries that are computed together; scores are kept as [keys][n_queries].
constexpr int n_queries = 64;

// One head of one sample, or of the rows that all samples share.
struct Item {
    int head;
    int n_shared;           // keys in the shared rows, before its own; even
    int first_row, n_rows;  // its own: its queries, and the keys behind the shared ones
    int place;              // among the samples; -1: the shared rows
    int n_keys() const { return n_shared + n_rows; }
    int first_key_row() const { return first_row - n_shared; }  // where key 0 would lie before its own rows
};

// What a node reads, besides its sources.
struct Recipe {
    AttentionShape shape;
    std::vector<Item> items;  // the longest first
    WorkPieces pieces;
    int n_samples, n_shared;
    // What each sample's queries give to the gradients of the shared rows' keys, and then values:
    // [2, n_samples, n_heads, n_shared, head_dim].
    std::vector<float> to_shared;
    float * part_to_shared(int of, int sample, int head) {
        const int64_t size = (int64_t) n_shared * shape.head_dim;
        return &to_shared[(size_t) (((int64_t) of * n_samples + sample) * shape.n_heads + head) * (size_t) size];
    }
};

std::shared_ptr<Recipe> recipe_for(const AttentionShape & shape, const MicroBatch & batch) {
    const auto recipe = std::make_shared<Recipe>();
    recipe->shape = shape;
    recipe->n_samples = (int) batch.samples.size();
    recipe->n_shared = batch.n_shared;
    for (int head = 0; head < shape.n_heads; head++) {
        if (batch.n_shared > 0) recipe->items.push_back({head, 0, 0, batch.n_shared, -1});
        for (int i = 0; i < recipe->n_samples; i++) {
            const PackedSample & sample = batch.samples[(size_t) i];
            recipe->items.push_back({head, batch.n_shared, sample.first_row, sample.length, i});
        }
    }
    std::stable_sort(recipe->items.begin(), recipe->items.end(),
                     [](const Item & a, const Item & b) { return a.n_keys() > b.n_keys(); });
    return recipe;
}

// Rows of one head of t [D, heads, n_rows].
struct HeadRows {
    float * data;
    int64_t stride;  // floats from row to row
    HeadRows(const ggml_tensor * t, int head, int first_row, int head_dim)
        : data((float *) t->data + first_row * (t->nb[2] / sizeof(float)) + (int64_t) head * head_dim),
          stride((int64_t) (t->nb[2] / sizeof(float))) {}
    float * row(int64_t i) const { return data + i * stride; }
};

// n rows of d numbers in BF16, one after the other.
void round_rows(const HeadRows & from, int64_t first, int64_t n, int64_t d, std::vector<Bf16> & to) {
    to.resize((size_t) (n * d));
    for (int64_t i = 0; i < n; i++) round_to_bf16(from.row(first + i), nullptr, &to[(size_t) (i * d)], d);
}

// The item's keys or values in BF16, the shared ones first. `head`: of t.
void round_keys(const ggml_tensor * t, int head, const Item & item, int d, std::vector<Bf16> & to) {
    const HeadRows shared(t, head, 0, d), own(t, head, item.first_row, d);
    to.resize((size_t) item.n_keys() * d);
    for (int i = 0; i < item.n_keys(); i++) {
        const float * row = i < item.n_shared ? shared.row(i) : own.row(i - item.n_shared);
        round_to_bf16(row, nullptr, &to[(size_t) i * d], d);
    }
}

// [n][d] -> [d][n]
void transpose(const std::vector<Bf16> & from, int64_t n, int64_t d, std::vector<Bf16> & to) {
    constexpr int64_t tile = 32;
    to.resize((size_t) (n * d));
    for (int64_t row = 0; row < n; row += tile) {
        for (int64_t j = 0; j < d; j++) {
            for (int64_t i = row; i < std::min(row + tile, n); i++)
                to[(size_t) (j * n + i)] = from[(size_t) (i * d + j)];
        }
    }
}

// Panels whose columns are the n rows of `rows` [n][d].
void pack_columns(const Bf16 * rows, int64_t n, int64_t d, std::vector<Bf16> & panels) {
    const int64_t n_panels = (n + panel_columns - 1) / panel_columns;
    panels.assign((size_t) (n_panels * panel_columns * d), 0);
    for (int64_t i = 0; i < n; i++)
        put_column(rows + i * d, d, (int) (i % panel_columns),
                   &panels[(size_t) (i / panel_columns * panel_columns * d)]);
}

// Panels whose columns are the d numbers of each row of `rows` [n][stride]; n is even.
void pack_pairs(const Bf16 * rows, int64_t n, int64_t d, int64_t stride, std::vector<Bf16> & panels) {
    const int64_t n_panels = (d + panel_columns - 1) / panel_columns;
    panels.resize((size_t) (n_panels * panel_columns * n));
    for (int64_t p = 0; p < n_panels; p++) {
        const int64_t begin = p * panel_columns, count = std::min<int64_t>(panel_columns, d - begin);
        for (int64_t i = 0; i < n; i += 2)
            put_pair(rows + i * stride + begin, rows + (i + 1) * stride + begin, count,
                     &panels[(size_t) (p * panel_columns * n + i * panel_columns)]);
    }
}

// A block of queries and the keys that any of them sees, both numbered as the item's keys.
struct Block {
    int64_t from, n, first_key, n_keys;
};

Block block_from(const AttentionShape & shape, const Item & item, int64_t from) {
    const int64_t n = std::min<int64_t>(n_queries, item.n_keys() - from);
    const int64_t first_key = shape.window ? std::max<int64_t>(0, from - shape.window + 1) / 2 * 2 : 0;  // pairs
    return {from, n, first_key, from + n - first_key};
}

// One thread's memory, reused by all nodes. [L]: keys of an item, [D]: head_dim, [Q]: n_queries.
struct Scratch {
    std::vector<Bf16> keys, values;              // [L][D]
    std::vector<Bf16> transposed;                // [D][L], of keys or values
    std::vector<Bf16> q, d_output;               // [Q][D]
    std::vector<Bf16> columns, pairs;            // panels
    std::vector<float> scores, d_probabilities;  // [L][Q]; the first become probabilities
    std::vector<Bf16> probabilities, d_scores;   // [L][Q]
    std::vector<float> turned;                   // [D][Q]
    std::vector<float> dk, dv;                   // [L][D]
    float dots[n_queries];
};

Scratch & scratch() {
    static thread_local Scratch own;
    return own;
}

// Keys that a query must not see. Columns without a query keep theirs: what comes out there has to be a number.
void hide(const AttentionShape & shape, const Block & block, float * scores) {
    constexpr float hidden = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < block.n_keys; i++) {
        const int64_t key = block.first_key + i - block.from;  // the first query that sees it
        float * row = scores + i * n_queries;
        if (key > 0) std::fill(row, row + key, hidden);
        if (shape.window) std::fill(row + std::clamp<int64_t>(key + shape.window, 0, block.n), row + block.n, hidden);
    }
}

// The block's probabilities, and its queries in BF16. Queries beyond the block's last are computed as zeros.
void probabilities(const AttentionShape & shape, const Block & block, const HeadRows & q, Scratch & s) {
    const int64_t d = shape.head_dim, size = block.n_keys * n_queries;
    round_rows(q, block.from, block.n, d, s.q);
    pack_columns(s.q.data(), block.n, d, s.columns);
    s.columns.resize((size_t) (n_queries * d), 0);
    s.scores.resize(std::max<size_t>(s.scores.size(), (size_t) size));
    s.probabilities.resize(std::max<size_t>(s.probabilities.size(), (size_t) size));
    multiply({&s.keys[(size_t) (block.first_key * d)], d, s.columns.data(), d, s.scores.data(), n_queries},
             block.n_keys, n_queries);
    hide(shape, block, s.scores.data());
    softmax_columns(s.scores.data(), block.n_keys, n_queries, n_queries, shape.scale, s.probabilities.data());
}

// turned [D][Q] = transposed [D][L] times the block's [keys][Q], and its columns as rows of `to`.
void turned_product(const AttentionShape & shape, const Block & block, int64_t length, const Bf16 * by_key, Scratch & s,
                    const HeadRows & to) {
    const int64_t d = shape.head_dim;
    pack_pairs(by_key, block.n_keys, n_queries, n_queries, s.pairs);
    s.turned.resize((size_t) (d * n_queries));
    multiply(
        {&s.transposed[(size_t) block.first_key], length, s.pairs.data(), block.n_keys, s.turned.data(), n_queries}, d,
        n_queries);
    for (int64_t i = 0; i < block.n; i++) {
        float * row = to.row(block.from + i);
        for (int64_t j = 0; j < d; j++) row[j] = s.turned[(size_t) (j * n_queries + i)];
    }
}

void forward_item(Recipe & recipe, const Item & item, ggml_tensor * result) {
    const AttentionShape & shape = recipe.shape;
    const int64_t d = shape.head_dim, n_keys = item.n_keys();
    const int key_head = item.head / (shape.n_heads / shape.n_kv_heads);
    Scratch & s = scratch();
    round_keys(result->src[1], key_head, item, shape.head_dim, s.keys);
    round_keys(result->src[2], key_head, item, shape.head_dim, s.values);
    transpose(s.values, n_keys, d, s.transposed);
    const HeadRows q(result->src[0], item.head, item.first_key_row(), shape.head_dim);
    const HeadRows output(result, item.head, item.first_key_row(), shape.head_dim);
    for (int64_t from = item.n_shared; from < n_keys; from += n_queries) {
        const Block block = block_from(shape, item, from);
        probabilities(shape, block, q, s);
        turned_product(shape, block, n_keys, s.probabilities.data(), s, output);
    }
}

// The result [D, H, n_rows, 3]: the gradients of q, and of k and v as each query head has them.
void backward_item(Recipe & recipe, const Item & item, ggml_tensor * result) {
    const AttentionShape & shape = recipe.shape;
    const int64_t d = shape.head_dim, n_keys = item.n_keys();
    const int key_head = item.head / (shape.n_heads / shape.n_kv_heads);
    Scratch & s = scratch();
    round_keys(result->src[1], key_head, item, shape.head_dim, s.keys);
    round_keys(result->src[2], key_head, item, shape.head_dim, s.values);
    transpose(s.keys, n_keys, d, s.transposed);
    auto own = [&](const ggml_tensor * t) { return HeadRows(t, item.head, item.first_key_row(), shape.head_dim); };
    const HeadRows q = own(result->src[0]), output = own(result->src[3]), d_output = own(result->src[4]);
    const HeadRows dq = own(result);
    s.dk.assign((size_t) (n_keys * d), 0);
    s.dv.assign((size_t) (n_keys * d), 0);
    for (int64_t from = item.n_shared; from < n_keys; from += n_queries) {
        const Block block = block_from(shape, item, from);
        const size_t size = (size_t) (block.n_keys * n_queries), first = (size_t) (block.first_key * d);
        probabilities(shape, block, q, s);
        // dv += p^T d
        round_rows(d_output, from, block.n, d, s.d_output);
        s.d_output.resize((size_t) (n_queries * d), 0);
        pack_pairs(s.d_output.data(), n_queries, d, d, s.pairs);
        multiply({s.probabilities.data(), n_queries, s.pairs.data(), n_queries, &s.dv[first], d}, block.n_keys, d,
                 true);
        // ds = p (v d - sum(d output))
        pack_columns(s.d_output.data(), n_queries, d, s.columns);
        s.d_probabilities.resize(std::max(s.d_probabilities.size(), size));
        multiply({&s.values[first], d, s.columns.data(), d, s.d_probabilities.data(), n_queries}, block.n_keys,
                 n_queries);
        std::fill(s.dots, s.dots + n_queries, 0.0f);
        for (int64_t i = 0; i < block.n; i++) s.dots[i] = dot(d_output.row(from + i), output.row(from + i), d);
        s.d_scores.resize(std::max(s.d_scores.size(), size));
        softmax_columns_backward(s.scores.data(), s.d_probabilities.data(), s.dots, block.n_keys, n_queries, n_queries,
                                 s.d_scores.data());
        // dk += ds^T q, dq = ds k
        s.q.resize((size_t) (n_queries * d), 0);
        pack_pairs(s.q.data(), n_queries, d, d, s.pairs);
        multiply({s.d_scores.data(), n_queries, s.pairs.data(), n_queries, &s.dk[first], d}, block.n_keys, d, true);
        turned_product(shape, block, n_keys, s.d_scores.data(), s, dq);
    }
    for (int of : {0, 1}) {
        const std::vector<float> & gradient = of == 0 ? s.dk : s.dv;
        HeadRows to = dq;
        to.data += (of + 1) * (result->nb[3] / sizeof(float));
        for (int64_t i = item.n_shared; i < n_keys; i++) std::copy_n(&gradient[(size_t) (i * d)], d, to.row(i));
        if (item.n_shared > 0)
            std::copy_n(gradient.data(), item.n_shared * d, recipe.part_to_shared(of, item.place, item.head));
    }
}

template <void (*compute)(Recipe &, const Item &, ggml_tensor *)>
void compute_items(ggml_tensor * result, int, int nth, void * data) {
    Recipe & recipe = *(Recipe *) data;
    for (;;) {
        const auto [item, to] = recipe.pieces.take((int64_t) recipe.items.size(), nth, 1);
        if (item == to) return;
        compute(recipe, recipe.items[(size_t) item], result);
    }
}

void add(const float * numbers, int64_t n, float * sum) {
    for (int64_t i = 0; i < n; i++) sum[i] += numbers[i];
}

// [D, H, n_rows] -> [D, K, n_rows]: the sum over the query heads of each key head, and in shared rows over the samples.
// of: 0 keys, 1 values.
template <int of> void sum_groups(ggml_tensor * result, int ith, int nth, void * data) {
    Recipe & recipe = *(Recipe *) data;
    const ggml_tensor * from = result->src[0];
    const int64_t d = result->ne[0], n_kv = result->ne[1], group = from->ne[1] / n_kv;
    const auto [first, last] = part_of(n_kv * result->ne[2], ith, nth);
    for (int64_t i = first; i < last; i++) {
        const int64_t row = i / n_kv, first_head = i % n_kv * group;
        const float * heads = (const float *) ((const char *) from->data + row * from->nb[2]) + first_head * d;
        float * sum = (float *) result->data + i * d;
        std::copy_n(heads, d, sum);
        for (int64_t g = 1; g < group; g++) add(heads + g * d, d, sum);
        if (row >= recipe.n_shared) continue;
        for (int sample = 0; sample < recipe.n_samples; sample++) {
            for (int64_t g = 0; g < group; g++)
                add(recipe.part_to_shared(of, sample, (int) (first_head + g)) + row * d, d, sum);
        }
    }
}

}  // namespace

ggml_tensor * packed_attention_forward(Graph & g, const AttentionShape & shape, const MicroBatch & batch,
                                       const AttentionInput & input, ggml_tensor * place) {
    ggml_tensor * sources[] = {input.q, input.k, input.v};
    ggml_tensor * output =
        ggml_custom_4d(g.context(), GGML_TYPE_F32, shape.head_dim, shape.n_heads, batch.n_rows, 1, sources, 3,
                       compute_items<forward_item>, GGML_N_TASKS_MAX, g.own(recipe_for(shape, batch)));
    if (place) g.compute_into(output, place);
    return ggml_reshape_2d(g.context(), output, (int64_t) shape.head_dim * shape.n_heads, batch.n_rows);
}

AttentionInput packed_attention_backward(Graph & g, const AttentionShape & shape, const MicroBatch & batch,
                                         const AttentionInput & input, ggml_tensor * output, ggml_tensor * d) {
    auto heads = [&](ggml_tensor * t) {
        return ggml_reshape_3d(g.context(), t, shape.head_dim, shape.n_heads, batch.n_rows);
    };
    const std::shared_ptr<Recipe> recipe = recipe_for(shape, batch);
    recipe->to_shared.resize((size_t) 2 * recipe->n_samples * shape.n_heads * batch.n_shared * shape.head_dim);
    void * const data = g.own(recipe);
    ggml_tensor * sources[] = {input.q, input.k, input.v, heads(output), heads(d)};
    ggml_tensor * all = ggml_custom_4d(g.context(), GGML_TYPE_F32, shape.head_dim, shape.n_heads, batch.n_rows, 3,
                                       sources, 5, compute_items<backward_item>, GGML_N_TASKS_MAX, data);
    auto part = [&](int i) {
        return ggml_view_3d(g.context(), all, all->ne[0], all->ne[1], all->ne[2], all->nb[1], all->nb[2],
                            i * all->nb[3]);
    };
    auto summed = [&](ggml_tensor * t, ggml_custom_op_t sum) {
        return ggml_custom_4d(g.context(), GGML_TYPE_F32, shape.head_dim, shape.n_kv_heads, batch.n_rows, 1, &t, 1, sum,
                              GGML_N_TASKS_MAX, data);
    };
    return {part(0), summed(part(1), sum_groups<0>), summed(part(2), sum_groups<1>)};
}

}  // namespace isheep
