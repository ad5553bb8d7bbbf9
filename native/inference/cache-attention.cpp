#include "inference/cache-attention.h"

#include "common/backends.h"
#include "inference/attention-kernel.h"
#include "inference/own-operator.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace isheep {
namespace {

constexpr int last_parameter = GGML_MAX_OP_PARAMS / sizeof(float) - 1;  // behind those of an operator of ours

void begin(const Row & row, Head & head) {
    head.highest = -INFINITY;
    std::memset(head.sums, 0, sizeof head.sums);
    std::memset(head.result, 0, (size_t) row.value_length * sizeof(float));
}

void end(const Row & row, const Head & head) {
    float sum = 0;
    for (float part : head.sums) sum += part;
    const float share = sum > 0 ? 1 / sum : 0;
    for (int64_t i = 0; i < row.value_length; i++) head.result[i] *= share;
}

// All heads go through the keys side by side, since those of one key lie side by side in memory.
void attend(const Row & row, std::vector<HeadTile> & tiles) {
    for (HeadTile & tile : tiles)
        for (int h = 0; h < tile.n_heads; h++) begin(row, tile.heads[h]);
    for (int64_t key = 0; key < row.n_keys; key += keys_at_once)
        for (HeadTile & tile : tiles) attend(row, tile, key);
    for (HeadTile & tile : tiles)
        for (int h = 0; h < tile.n_heads; h++) end(row, tile.heads[h]);
}

const char * place(const ggml_tensor * t, int64_t i1, int64_t i2, int64_t i3) {
    return (const char *) t->data + i1 * t->nb[1] + i2 * t->nb[2] + i3 * t->nb[3];
}

// The heads of a row of a sequence that share one head of its cache.
void put_tiles(const ggml_tensor * result, int64_t row, int64_t cache_head, int64_t sequence,
               std::vector<HeadTile> & tiles) {
    const ggml_tensor *q = result->src[0], *k = result->src[1], *v = result->src[2];
    const int64_t n_sharing = q->ne[2] / k->ne[2];
    for (int64_t first = 0; first < n_sharing; first += most_heads) {
        HeadTile & tile = tiles.emplace_back();
        tile.keys = place(k, 0, cache_head, sequence);
        tile.values = place(v, 0, cache_head, sequence);
        tile.n_heads = (int) std::min<int64_t>(n_sharing - first, most_heads);
        for (int h = 0; h < tile.n_heads; h++) {
            const int64_t head = cache_head * n_sharing + first + h;
            tile.heads[h].query = (const float *) place(q, row, head, sequence);
            tile.heads[h].result = (float *) place(result, head, row, sequence);
        }
    }
}

// result [value_length, n_heads, n_rows, n_sequences]: each thread takes some rows, or heads where there are few rows.
void attend_to_cache(ggml_tensor * result, int ith, int nth, void *) {
    static thread_local std::vector<HeadTile> tiles;
    const ggml_tensor *q = result->src[0], *k = result->src[1], *v = result->src[2], *mask = result->src[3];
    const int64_t n_rows = q->ne[1], n_heads = k->ne[2], n_all_rows = n_rows * q->ne[3];
    const int64_t n_at_once = n_all_rows < nth ? 1 : n_heads, n_units = n_heads / n_at_once;
    Row row{k->nb[1], v->nb[1], k->ne[1], k->ne[0], v->ne[0], 0, nullptr};
    std::memcpy(&row.scale, result->op_params + last_parameter, sizeof row.scale);
    for (int64_t i = ith; i < n_all_rows * n_units; i += nth) {
        const int64_t r = i / n_units % n_rows, sequence = i / n_units / n_rows, first = i % n_units * n_at_once;
        row.mask = (const ggml_fp16_t *) place(mask, r, 0, sequence);
        tiles.clear();
        for (int64_t head = first; head < first + n_at_once; head++) put_tiles(result, r, head, sequence, tiles);
        attend(row, tiles);
    }
}

bool is_dense(const ggml_tensor * t, ggml_type type) {
    return t->type == type && t->nb[0] == ggml_type_size(type);
}

// Attention whose scores are only scaled and masked, without a bias by distance, a soft cap or sinks.
bool is_plain(const ggml_tensor * node) {
    float parameters[3];  // scale, bias, cap
    std::memcpy(parameters, node->op_params, sizeof parameters);
    return parameters[1] == 0 && parameters[2] == 0 && node->src[3] && !node->src[4];
}

bool is_attention_to_cache(const ggml_tensor * node) {
    if (node->op != GGML_OP_FLASH_ATTN_EXT || !is_plain(node)) return false;
    const ggml_tensor *q = node->src[0], *k = node->src[1], *v = node->src[2], *mask = node->src[3];
    const bool fits = k->ne[0] % keys_at_once == 0 && v->ne[0] % keys_at_once == 0 && k->ne[1] % keys_at_once == 0;
    const bool is_alike = q->ne[3] == k->ne[3] && k->ne[3] == v->ne[3] && mask->ne[3] == q->ne[3] &&
                          k->ne[2] == v->ne[2] && mask->ne[2] == 1;
    return fits && is_alike && q->ne[1] < (int64_t) tiled_rows && is_dense(q, GGML_TYPE_F32) &&
           is_dense(k, GGML_TYPE_F16) && is_dense(v, GGML_TYPE_F16) && is_dense(mask, GGML_TYPE_F16);
}

}  // namespace

bool has_own_attention() {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    const auto has = [&](const char * name) { return has_feature(cpu, name); };
    return has_attention_kernel() && has("AVX2") && has("FMA") && has("F16C");
}

void take_over_attention(ggml_tensor * node) {
    if (!is_attention_to_cache(node)) return;
    const int32_t scale = node->op_params[0];  // the bits of a float
    make_own(node, attend_to_cache, nullptr);
    node->op_params[last_parameter] = scale;
}

}  // namespace isheep
