#include "inference/cache-attention.h"

#include "common/avx512.h"
#include "common/backends.h"
#include "inference/own-operator.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace isheep {

#ifdef ISHEEP_AVX512

namespace {

constexpr int most_heads = 4;                                           // of a tile
constexpr int last_parameter = GGML_MAX_OP_PARAMS / sizeof(float) - 1;  // behind those of an operator of ours

// What the heads of a row have in common.
struct Row {
    size_t key_stride, value_stride;  // bytes
    int64_t n_keys, key_length, value_length;
    float scale;
    const ggml_fp16_t * mask;  // [n_keys], added to the scores; a key of -inf is not seen
};

// One head of a row, while it goes through the keys.
struct Head {
    const float * query;  // [key_length]
    float * result;       // [value_length]
    float highest;        // score
    float sums[lane];     // of exp(score - highest)
};

// Heads that share keys and values, which are in F16.
struct HeadTile {
    const char *keys, *values;
    int n_heads;
    Head heads[most_heads];
};

ISHEEP_TARGET inline __m512 load_f16(const void * from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) from));
}

// The sums of 16 registers, in one.
ISHEEP_TARGET inline __m512 sum_each(const __m512 * r) {
    __m512 four[4];  // sums of four registers in each quarter, over the quarters still to be added
    for (int i = 0; i < 4; i++, r += 4) {
        const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(r[0], r[1]), _mm512_unpackhi_ps(r[0], r[1]));
        const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(r[2], r[3]), _mm512_unpackhi_ps(r[2], r[3]));
        const __m512d c = _mm512_castps_pd(a), d = _mm512_castps_pd(b);
        four[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(c, d)), _mm512_castpd_ps(_mm512_unpackhi_pd(c, d)));
    }
    constexpr int even = 0x88, odd = 0xdd;  // quarters of two registers
    const __m512 a =
        _mm512_add_ps(_mm512_shuffle_f32x4(four[0], four[1], even), _mm512_shuffle_f32x4(four[0], four[1], odd));
    const __m512 b =
        _mm512_add_ps(_mm512_shuffle_f32x4(four[2], four[3], even), _mm512_shuffle_f32x4(four[2], four[3], odd));
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, even), _mm512_shuffle_f32x4(a, b, odd));
}

// So many keys ahead, memory is fetched into the second-level cache: the processor does not foresee these strides, and
// waits for memory half of the time without.
constexpr int64_t ahead = 4 * lane;

ISHEEP_TARGET inline void prefetch(const char * numbers, int64_t n) {
    constexpr int64_t cache_line = 64 / sizeof(ggml_fp16_t);
    for (int64_t i = 0; i < n; i += cache_line) _mm_prefetch(numbers + i * sizeof(ggml_fp16_t), _MM_HINT_T1);
}

// Adds to scores[h] what the 16 keys have.
template <int n>
ISHEEP_TARGET inline void score_keys(const Row & row, const HeadTile & tile, int64_t first, __m512 * scores) {
    __m512 parts[n][lane];
    for (int key = 0; key < lane; key++) {
        const char * keys = tile.keys + (first + key) * row.key_stride;
        prefetch(keys + ahead * row.key_stride, row.key_length);
        prefetch(tile.values + (first + key + ahead) * row.value_stride, row.value_length);
        __m512 sums[n];
        for (int h = 0; h < n; h++) sums[h] = _mm512_setzero_ps();
        for (int64_t i = 0; i < row.key_length; i += lane) {
            const __m512 numbers = load_f16(keys + i * sizeof(ggml_fp16_t));
            for (int h = 0; h < n; h++)
                sums[h] = _mm512_fmadd_ps(_mm512_loadu_ps(tile.heads[h].query + i), numbers, sums[h]);
        }
        for (int h = 0; h < n; h++) parts[h][key] = sums[h];
    }
    for (int h = 0; h < n; h++) scores[h] = _mm512_fmadd_ps(sum_each(parts[h]), _mm512_set1_ps(row.scale), scores[h]);
}

ISHEEP_TARGET inline void scale_result(const Row & row, const Head & head, __m512 factor) {
    for (int64_t i = 0; i < row.value_length; i += lane)
        _mm512_storeu_ps(head.result + i, _mm512_mul_ps(_mm512_loadu_ps(head.result + i), factor));
}

// -> exp(score - highest) of the keys that are seen; where these bring a higher score, what is there becomes less.
ISHEEP_TARGET inline __m512 take_scores(const Row & row, __mmask16 seen, __m512 scores, Head & head) {
    __m512 sums = _mm512_loadu_ps(head.sums);
    const float highest = _mm512_mask_reduce_max_ps(seen, scores);
    if (highest > head.highest) {
        const __m512 factor = exponential(_mm512_set1_ps(head.highest - highest));
        sums = _mm512_mul_ps(sums, factor);
        head.highest = highest;
        scale_result(row, head, factor);
    }
    const __m512 weights = _mm512_maskz_mov_ps(seen, exponential(_mm512_sub_ps(scores, _mm512_set1_ps(head.highest))));
    _mm512_storeu_ps(head.sums, _mm512_add_ps(sums, weights));
    return weights;
}

// Adds the values of the keys that are seen; the others may hold anything.
template <int n>
ISHEEP_TARGET inline void add_values(const Row & row, const HeadTile & tile, const char * values, __mmask16 seen,
                                     const float (*weights)[lane]) {
    for (int64_t i = 0; i < row.value_length; i += lane) {
        __m512 sums[n];
        for (int h = 0; h < n; h++) sums[h] = _mm512_loadu_ps(tile.heads[h].result + i);
        for (int key = 0; key < lane; key++) {
            if (!(seen >> key & 1)) continue;
            const __m512 numbers = load_f16(values + key * row.value_stride + i * sizeof(ggml_fp16_t));
            for (int h = 0; h < n; h++) sums[h] = _mm512_fmadd_ps(_mm512_set1_ps(weights[h][key]), numbers, sums[h]);
        }
        for (int h = 0; h < n; h++) _mm512_storeu_ps(tile.heads[h].result + i, sums[h]);
    }
}

// softmax(scale * queries * keys + mask) * values of 16 keys, with a running maximum: https://arxiv.org/abs/1805.02867.
template <int n> ISHEEP_TARGET void attend(const Row & row, HeadTile & tile, int64_t key) {
    const __m512 mask = load_f16(row.mask + key);
    const __mmask16 seen = _mm512_cmp_ps_mask(mask, _mm512_set1_ps(-INFINITY), _CMP_GT_OQ);
    if (!seen) return;
    __m512 scores[n];
    for (int h = 0; h < n; h++) scores[h] = mask;
    score_keys<n>(row, tile, key, scores);
    alignas(64) float weights[n][lane];
    for (int h = 0; h < n; h++) _mm512_store_ps(weights[h], take_scores(row, seen, scores[h], tile.heads[h]));
    add_values<n>(row, tile, tile.values + key * row.value_stride, seen, weights);
}

constexpr void (*attend_n[most_heads])(const Row &, HeadTile &, int64_t) = {attend<1>, attend<2>, attend<3>, attend<4>};

void begin(const Row & row, Head & head) {
    head.highest = -INFINITY;
    std::memset(head.sums, 0, sizeof head.sums);
    std::memset(head.result, 0, (size_t) row.value_length * sizeof(float));
}

ISHEEP_TARGET void end(const Row & row, const Head & head) {
    const float sum = _mm512_reduce_add_ps(_mm512_loadu_ps(head.sums));
    scale_result(row, head, _mm512_set1_ps(sum > 0 ? 1 / sum : 0));
}

// All heads go through the keys side by side, since those of one key lie side by side in memory.
void attend(const Row & row, std::vector<HeadTile> & tiles) {
    for (HeadTile & tile : tiles)
        for (int h = 0; h < tile.n_heads; h++) begin(row, tile.heads[h]);
    for (int64_t key = 0; key < row.n_keys; key += lane)
        for (HeadTile & tile : tiles) attend_n[tile.n_heads - 1](row, tile, key);
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
    std::memcpy(&row.scale, (const float *) result->op_params + last_parameter, sizeof row.scale);
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
    const bool fits = k->ne[0] % lane == 0 && v->ne[0] % lane == 0 && k->ne[1] % lane == 0;
    const bool is_alike = q->ne[3] == k->ne[3] && k->ne[3] == v->ne[3] && mask->ne[3] == q->ne[3] &&
                          k->ne[2] == v->ne[2] && mask->ne[2] == 1;
    return fits && is_alike && q->ne[1] < (int64_t) tiled_rows && is_dense(q, GGML_TYPE_F32) &&
           is_dense(k, GGML_TYPE_F16) && is_dense(v, GGML_TYPE_F16) && is_dense(mask, GGML_TYPE_F16);
}

}  // namespace

bool has_own_attention() {
    return has_feature(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU), "AVX512");
}

void take_over_attention(ggml_tensor * node) {
    if (!is_attention_to_cache(node)) return;
    const float scale = ((const float *) node->op_params)[0];
    make_own(node, attend_to_cache, nullptr);
    ((float *) node->op_params)[last_parameter] = scale;
}

#else

bool has_own_attention() {
    return false;
}
void take_over_attention(ggml_tensor *) {}

#endif

}  // namespace isheep
