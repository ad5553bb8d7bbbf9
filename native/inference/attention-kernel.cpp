#include "inference/attention-kernel.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#include <cmath>
#include <initializer_list>

// The rest of the program is built for every processor, these functions for some. MSVC takes the instructions anywhere.
#if defined(__GNUC__) || defined(__clang__)
#define ISHEEP_TARGET __attribute__((target("avx2,fma,f16c")))
#else
#define ISHEEP_TARGET
#endif

namespace isheep {
namespace {

struct Lanes {
    __m256 low, high;
};

ISHEEP_TARGET inline Lanes all(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
ISHEEP_TARGET inline Lanes load(const float * from) {
    return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
ISHEEP_TARGET inline Lanes load_f16(const void * from) {
    const __m128i * halves = (const __m128i *) from;
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}
ISHEEP_TARGET inline void store(float * to, const Lanes & x) {
    _mm256_storeu_ps(to, x.low);
    _mm256_storeu_ps(to + 8, x.high);
}
ISHEEP_TARGET inline Lanes add(const Lanes & a, const Lanes & b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
ISHEEP_TARGET inline Lanes multiply(const Lanes & a, const Lanes & b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
ISHEEP_TARGET inline Lanes multiply_add(const Lanes & a, const Lanes & b, const Lanes & c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}

ISHEEP_TARGET inline uint32_t finite_of(const Lanes & x) {
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    const int low = _mm256_movemask_ps(_mm256_cmp_ps(x.low, lowest, _CMP_GT_OQ));
    const int high = _mm256_movemask_ps(_mm256_cmp_ps(x.high, lowest, _CMP_GT_OQ));
    return (uint32_t) (low | high << 8);
}

// All bits of the lanes in `some`, the lowest of which is that of the first.
ISHEEP_TARGET inline __m256 lanes_in(uint32_t some) {
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int) some), bits), bits));
}

ISHEEP_TARGET inline Lanes only(uint32_t some, const Lanes & x) {
    return {_mm256_and_ps(x.low, lanes_in(some)), _mm256_and_ps(x.high, lanes_in(some >> 8))};
}

ISHEEP_TARGET inline float highest_of(uint32_t some, const Lanes & x) {
    const __m256 lowest = _mm256_set1_ps(-INFINITY);
    const __m256 eight = _mm256_max_ps(_mm256_blendv_ps(lowest, x.low, lanes_in(some)),
                                       _mm256_blendv_ps(lowest, x.high, lanes_in(some >> 8)));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

ISHEEP_TARGET inline __m256 sum_four_each(const Lanes * r) {
    __m256 sums[4];
    for (int i = 0; i < 4; i++) sums[i] = _mm256_add_ps(r[i].low, r[i].high);
    return _mm256_hadd_ps(_mm256_hadd_ps(sums[0], sums[1]), _mm256_hadd_ps(sums[2], sums[3]));
}

ISHEEP_TARGET inline __m256 sum_eight_each(const Lanes * r) {
    const __m256 a = sum_four_each(r), b = sum_four_each(r + 4);  // each half of the lanes for itself
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

// The sums of 16 registers, in one.
ISHEEP_TARGET inline Lanes sum_each(const Lanes * r) {
    return {sum_eight_each(r), sum_eight_each(r + 8)};
}

// e^x for x <= 0: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor series to r^6, which leaves 1e-7 of it. Nothing is
// below e^-87: 2^n is put together in the exponent.
ISHEEP_TARGET inline __m256 exponential(__m256 x) {
    x = _mm256_max_ps(x, _mm256_set1_ps(-87));
    const __m256 n =
        _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 sum = _mm256_set1_ps(1.0f / 720);
    for (float factor : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(factor));
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(sum, _mm256_castsi256_ps(power));
}

ISHEEP_TARGET inline Lanes exponential(const Lanes & x) {
    return {exponential(x.low), exponential(x.high)};
}

// So many keys ahead, memory is fetched into the second-level cache: the processor does not foresee these strides, and
// waits for memory half of the time without.
constexpr int64_t ahead = 4 * keys_at_once;

ISHEEP_TARGET inline void prefetch(const char * numbers, int64_t n) {
    constexpr int64_t cache_line = 64 / sizeof(ggml_fp16_t);
    for (int64_t i = 0; i < n; i += cache_line) _mm_prefetch(numbers + i * sizeof(ggml_fp16_t), _MM_HINT_T1);
}

// Adds to scores[h] what the 16 keys have.
template <int n>
ISHEEP_TARGET inline void score_keys(const Row & row, const HeadTile & tile, int64_t first, Lanes * scores) {
    Lanes parts[n][keys_at_once];
    for (int key = 0; key < keys_at_once; key++) {
        const char * keys = tile.keys + (first + key) * row.key_stride;
        prefetch(keys + ahead * row.key_stride, row.key_length);
        prefetch(tile.values + (first + key + ahead) * row.value_stride, row.value_length);
        Lanes sums[n];
        for (int h = 0; h < n; h++) sums[h] = all(0);
        for (int64_t i = 0; i < row.key_length; i += keys_at_once) {
            const Lanes numbers = load_f16(keys + i * sizeof(ggml_fp16_t));
            for (int h = 0; h < n; h++) sums[h] = multiply_add(load(tile.heads[h].query + i), numbers, sums[h]);
        }
        for (int h = 0; h < n; h++) parts[h][key] = sums[h];
    }
    for (int h = 0; h < n; h++) scores[h] = multiply_add(sum_each(parts[h]), all(row.scale), scores[h]);
}

ISHEEP_TARGET inline void scale_result(const Row & row, const Head & head, Lanes factor) {
    for (int64_t i = 0; i < row.value_length; i += keys_at_once)
        store(head.result + i, multiply(load(head.result + i), factor));
}

// -> exp(score - highest) of the keys that are seen; where these bring a higher score, what is there becomes less.
ISHEEP_TARGET inline Lanes take_scores(const Row & row, uint32_t seen, Lanes scores, Head & head) {
    Lanes sums = load(head.sums);
    const float highest = highest_of(seen, scores);
    if (highest > head.highest) {
        const Lanes factor = exponential(all(head.highest - highest));
        sums = multiply(sums, factor);
        head.highest = highest;
        scale_result(row, head, factor);
    }
    const Lanes weights = only(seen, exponential(add(scores, all(-head.highest))));
    store(head.sums, add(sums, weights));
    return weights;
}

// Adds the values of the keys that are seen; the others may hold anything.
template <int n>
ISHEEP_TARGET inline void add_values(const Row & row, const HeadTile & tile, const char * values, uint32_t seen,
                                     const float (*weights)[keys_at_once]) {
    for (int64_t i = 0; i < row.value_length; i += keys_at_once) {
        Lanes sums[n];
        for (int h = 0; h < n; h++) sums[h] = load(tile.heads[h].result + i);
        for (int key = 0; key < keys_at_once; key++) {
            if (!(seen >> key & 1)) continue;
            const Lanes numbers = load_f16(values + key * row.value_stride + i * sizeof(ggml_fp16_t));
            for (int h = 0; h < n; h++) sums[h] = multiply_add(all(weights[h][key]), numbers, sums[h]);
        }
        for (int h = 0; h < n; h++) store(tile.heads[h].result + i, sums[h]);
    }
}

// softmax(scale * queries * keys + mask) * values of 16 keys, with a running maximum: https://arxiv.org/abs/1805.02867.
template <int n> ISHEEP_TARGET void attend_heads(const Row & row, HeadTile & tile, int64_t key) {
    const Lanes mask = load_f16(row.mask + key);
    const uint32_t seen = finite_of(mask);
    if (!seen) return;
    Lanes scores[n];
    for (int h = 0; h < n; h++) scores[h] = mask;
    score_keys<n>(row, tile, key, scores);
    alignas(64) float weights[n][keys_at_once];
    for (int h = 0; h < n; h++) store(weights[h], take_scores(row, seen, scores[h], tile.heads[h]));
    add_values<n>(row, tile, tile.values + key * row.value_stride, seen, weights);
}

}  // namespace

bool has_attention_kernel() {
    return true;
}

void attend(const Row & row, HeadTile & tile, int64_t key) {
    static constexpr void (*by_heads[most_heads])(const Row &, HeadTile &, int64_t) = {
        attend_heads<1>, attend_heads<2>, attend_heads<3>, attend_heads<4>};
    by_heads[tile.n_heads - 1](row, tile, key);
}

}  // namespace isheep

#else

namespace isheep {

bool has_attention_kernel() {
    return false;
}
void attend(const Row &, HeadTile &, int64_t) {}

}  // namespace isheep

#endif
