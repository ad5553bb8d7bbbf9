// The micro-kernel for AVX2 and FMA, which multiply no BF16: a number of BF16 is the upper half of a float, so that
// shifting makes floats of both of a pair. Products are exact then, and added up in F32.
#include "common/micro-kernel-forms.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>

// The rest of the program is built for every processor, these functions for some. MSVC takes the instructions anywhere.
#if defined(__GNUC__) || defined(__clang__)
#define ISHEEP_TARGET __attribute__((target("avx2,fma")))
#else
#define ISHEEP_TARGET
#endif

namespace isheep {
namespace avx2 {
namespace {

constexpr int lane = 8;  // floats of a register
constexpr int most_rows = 8;

// Rows that are summed at once: with all of a panel's columns eight sums, as many as two multipliers of four cycles
// keep busy, and the panel is read in the order in which it lies.
constexpr int block_rows = 2;
constexpr int n_vectors = panel_columns / lane;

// Numbers of a row at a time: a tile's rows as floats (4 KiB), a panel's part and that which comes next (8 KiB each)
// stay in the nearest cache.
constexpr int64_t chunk = 128;

constexpr int tile_columns = most_tile_panels * panel_columns;

ISHEEP_TARGET inline __m256 lower_of_pairs(__m256i pairs) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
}
ISHEEP_TARGET inline __m256 upper_of_pairs(__m256i pairs) {
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int) 0xffff0000)));
}

// The first n of 8 numbers.
ISHEEP_TARGET inline __m256i first_of_lane(int64_t n) {
    const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int) std::clamp<int64_t>(n, 0, lane)), places);
}

// k numbers of a row as floats.
ISHEEP_TARGET inline void widen(const Bf16 * from, int64_t k, float * to) {
    int64_t i = 0;
    for (; i + lane <= k; i += lane) {
        const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *) (from + i)));
        _mm256_store_ps(to + i, lower_of_pairs(wide));
    }
    for (; i < k; i++) {
        const uint32_t bits = (uint32_t) from[i] << 16;
        std::memcpy(to + i, &bits, sizeof bits);
    }
}

// sums [block_rows][tile_columns] += rows [block_rows][chunk] times k numbers of the panel. First the lower numbers of
// the pairs, then the upper ones: more of them at a time than that need more registers than there are. `next`: k
// numbers of a panel that are fetched into the cache meanwhile.
template <bool fetches>
ISHEEP_TARGET inline void add_block(const float * rows, const Bf16 * panel, const Bf16 * next, int64_t k,
                                    float * sums) {
    __m256 sum[block_rows][n_vectors], number[block_rows];
    for (int r = 0; r < block_rows; r++) {
        for (int v = 0; v < n_vectors; v++) sum[r][v] = _mm256_load_ps(sums + r * tile_columns + v * lane);
    }
    for (int64_t i = 0; i < k; i += 2, panel += 2 * panel_columns) {
        if constexpr (fetches) {
            _mm_prefetch((const char *) (next + i * panel_columns), _MM_HINT_T0);
            _mm_prefetch((const char *) (next + (i + 1) * panel_columns), _MM_HINT_T0);
        }
        for (int r = 0; r < block_rows; r++) number[r] = _mm256_broadcast_ss(rows + r * chunk + i);
        for (int v = 0; v < n_vectors; v++) {
            const __m256 column = lower_of_pairs(_mm256_loadu_si256((const __m256i *) (panel + v * 2 * lane)));
            for (int r = 0; r < block_rows; r++) sum[r][v] = _mm256_fmadd_ps(number[r], column, sum[r][v]);
        }
        for (int r = 0; r < block_rows; r++) number[r] = _mm256_broadcast_ss(rows + r * chunk + i + 1);
        for (int v = 0; v < n_vectors; v++) {
            const __m256 column = upper_of_pairs(_mm256_loadu_si256((const __m256i *) (panel + v * 2 * lane)));
            for (int r = 0; r < block_rows; r++) sum[r][v] = _mm256_fmadd_ps(number[r], column, sum[r][v]);
        }
    }
    for (int r = 0; r < block_rows; r++) {
        for (int v = 0; v < n_vectors; v++) _mm256_store_ps(sums + r * tile_columns + v * lane, sum[r][v]);
    }
}

// Rows beyond the tile's last, up to a whole block, repeat it; what comes out of them is not stored. Numbers of a row
// become floats once for all panels. The first block fetches the part of a panel that comes next.
ISHEEP_TARGET void add_term(const TileTerm & term, int n_rows, int n_panels, float * sums) {
    alignas(32) float rows[most_rows * chunk];
    const int n_computed = (n_rows + block_rows - 1) / block_rows * block_rows;
    for (int64_t start = 0; start < term.k; start += chunk) {
        const int64_t length = std::min(chunk, term.k - start);
        for (int r = 0; r < n_computed; r++) {
            const Bf16 * row = term.rows + std::min(r, n_rows - 1) * term.row_stride;
            widen(row + start, length, rows + r * chunk);
        }
        for (int p = 0; p < n_panels; p++) {
            const Bf16 * panel = term.panel + p * term.panel_stride + start * panel_columns;
            const Bf16 * next = nullptr;  // as long a part as this one
            if (p + 1 < n_panels) next = panel + term.panel_stride;
            else if (start + 2 * chunk <= term.k) next = term.panel + (start + chunk) * panel_columns;
            float * panel_sums = sums + p * panel_columns;
            if (next) add_block<true>(rows, panel, next, length, panel_sums);
            else add_block<false>(rows, panel, nullptr, length, panel_sums);
            for (int r = block_rows; r < n_rows; r += block_rows)
                add_block<false>(rows + r * chunk, panel, nullptr, length, panel_sums + r * tile_columns);
        }
    }
}

ISHEEP_TARGET void multiply_by_mask(const Tile & tile, float * sums) {
    for (int column = 0; column < tile.n_columns; column += lane) {
        const __m256i some = first_of_lane(tile.n_columns - column);
        for (int r = 0; r < tile.n_rows; r++) {
            float * sum = sums + r * tile_columns + column;
            const __m256 mask = _mm256_maskload_ps(tile.mask + r * tile.mask_stride + column, some);
            _mm256_store_ps(sum, _mm256_mul_ps(_mm256_load_ps(sum), mask));
        }
    }
}

ISHEEP_TARGET void compute_tile(const Tile & tile) {
    alignas(32) float sums[most_rows * tile_columns];
    const int n_panels = (tile.n_columns + panel_columns - 1) / panel_columns;
    for (int r = 0; r < most_rows; r++) std::fill_n(sums + r * tile_columns, n_panels * panel_columns, 0.0f);
    for (int i = 0; i < tile.n_terms; i++) {
        add_term(tile.terms[i], tile.n_rows, n_panels, sums);
        if (i + 1 == tile.n_masked) multiply_by_mask(tile, sums);
    }
    for (int column = 0; column < tile.n_columns; column += lane) {
        const __m256i some = first_of_lane(tile.n_columns - column);
        for (int r = 0; r < tile.n_rows; r++) {
            __m256 sum = _mm256_load_ps(sums + r * tile_columns + column);
            if (tile.addend)
                sum = _mm256_add_ps(sum, _mm256_maskload_ps(tile.addend + r * tile.addend_stride + column, some));
            float * to = tile.result + r * tile.result_stride + column;
            if (tile.n_columns - column >= lane) _mm256_storeu_ps(to, sum);
            else _mm256_maskstore_ps(to, some, sum);  // many times slower on AMD's processors
        }
    }
}

// 8 registers of 8 pairs: pair c of register r becomes pair r of register c.
ISHEEP_TARGET inline void transpose_pairs(__m256i * r) {
    __m256i two[lane], four[lane];
    for (int i = 0; i < lane; i += 2) {
        two[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        two[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    // four[i + j], i in 0, 4: pair j of each half of the registers i to i + 3
    for (int i = 0; i < lane; i += 4) {
        four[i] = _mm256_unpacklo_epi64(two[i], two[i + 2]);
        four[i + 1] = _mm256_unpackhi_epi64(two[i], two[i + 2]);
        four[i + 2] = _mm256_unpacklo_epi64(two[i + 1], two[i + 3]);
        four[i + 3] = _mm256_unpackhi_epi64(two[i + 1], two[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        r[j] = _mm256_permute2x128_si256(four[j], four[4 + j], 0x20);
        r[4 + j] = _mm256_permute2x128_si256(four[j], four[4 + j], 0x31);
    }
}

ISHEEP_TARGET void put_columns(const Bf16 * const * rows, int64_t k, Bf16 * panel) {
    for (int first = 0; first < packed_columns; first += lane) {
        for (int64_t i = 0; i < k; i += 2 * lane) {
            const int64_t n_pairs = std::min<int64_t>((k - i) / 2, lane);
            const __m256i some = first_of_lane(n_pairs);
            __m256i pairs[lane];
            for (int r = 0; r < lane; r++) pairs[r] = _mm256_maskload_epi32((const int *) (rows[first + r] + i), some);
            transpose_pairs(pairs);
            Bf16 * to = panel + i * panel_columns + 2 * first;
            for (int64_t pair = 0; pair < n_pairs; pair++)
                _mm256_storeu_si256((__m256i *) (to + pair * 2 * panel_columns), pairs[pair]);
        }
    }
}

ISHEEP_TARGET void put_pair(const Bf16 * a, const Bf16 * b, int64_t n, Bf16 * to) {
    constexpr int half = 8;  // numbers of half a register
    alignas(16) Bf16 some[2][panel_columns] = {};
    if (n < panel_columns) {
        std::copy(a, a + n, some[0]);
        std::copy(b, b + n, some[1]);
        a = some[0];
        b = some[1];
    }
    for (int i = 0; i < panel_columns; i += half) {
        const __m128i first = _mm_loadu_si128((const __m128i *) (a + i));
        const __m128i second = _mm_loadu_si128((const __m128i *) (b + i));
        _mm_storeu_si128((__m128i *) (to + 2 * i), _mm_unpacklo_epi16(first, second));
        _mm_storeu_si128((__m128i *) (to + 2 * i + half), _mm_unpackhi_epi16(first, second));
    }
}

// To the nearest, ties to even; what is no number stays none.
ISHEEP_TARGET inline __m128i rounded(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i no_number = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i upper = _mm256_srli_epi32(_mm256_blendv_epi8(up, quiet, no_number), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
}

ISHEEP_TARGET inline void store_first(__m128i numbers, int64_t n, Bf16 * to) {
    if (n >= lane) return _mm_storeu_si128((__m128i *) to, numbers);
    alignas(16) Bf16 all[lane];
    _mm_store_si128((__m128i *) all, numbers);
    std::copy(all, all + n, to);
}

ISHEEP_TARGET void round_to_bf16(const float * from, const float * factors, Bf16 * to, int64_t n) {
    for (int64_t i = 0; i < n; i += lane) {
        const __m256i some = first_of_lane(n - i);
        __m256 values = _mm256_maskload_ps(from + i, some);
        if (factors) values = _mm256_mul_ps(values, _mm256_maskload_ps(factors + i, some));
        store_first(rounded(values), n - i, to + i);
    }
}

// e^x for x <= 0, nothing below e^-87: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor series to r^6, which leaves 1e-7
// of it.
ISHEEP_TARGET inline __m256 exponential(__m256 x) {
    const __m256 lowest = _mm256_set1_ps(-87), some = _mm256_cmp_ps(x, lowest, _CMP_GE_OQ);
    x = _mm256_max_ps(x, lowest);  // -inf would give no number
    const __m256 n =
        _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), x);  // ln 2 in two parts, the first of few bits
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 sum = _mm256_set1_ps(1.0f / 720);
    for (float factor : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        sum = _mm256_fmadd_ps(sum, r, _mm256_set1_ps(factor));
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_and_ps(some, _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum), exponent)));
}

ISHEEP_TARGET void softmax_columns(float * scores, int64_t n_keys, int n_columns, int64_t stride, float scale,
                                   Bf16 * as_bf16) {
    const __m256 factor = _mm256_set1_ps(scale);
    for (int column = 0; column < n_columns; column += lane) {
        float * first = scores + column;
        __m256 highest = _mm256_loadu_ps(first), sum = _mm256_setzero_ps();
        for (int64_t key = 1; key < n_keys; key++)
            highest = _mm256_max_ps(highest, _mm256_loadu_ps(first + key * stride));
        for (int64_t key = 0; key < n_keys; key++) {
            const __m256 below = _mm256_sub_ps(_mm256_loadu_ps(first + key * stride), highest);
            const __m256 power = exponential(_mm256_mul_ps(below, factor));
            sum = _mm256_add_ps(sum, power);
            _mm256_storeu_ps(first + key * stride, power);
        }
        const __m256 share = _mm256_div_ps(_mm256_set1_ps(1), sum);
        for (int64_t key = 0; key < n_keys; key++) {
            const __m256 p = _mm256_mul_ps(_mm256_loadu_ps(first + key * stride), share);
            _mm256_storeu_ps(first + key * stride, p);
            _mm_storeu_si128((__m128i *) (as_bf16 + key * stride + column), rounded(p));
        }
    }
}

ISHEEP_TARGET void softmax_columns_backward(const float * p, const float * dp, const float * dots, int64_t n_keys,
                                            int n_columns, int64_t stride, Bf16 * d_scores) {
    for (int64_t key = 0; key < n_keys; key++) {
        for (int column = 0; column < n_columns; column += lane) {
            const int64_t i = key * stride + column;
            const __m256 d = _mm256_sub_ps(_mm256_loadu_ps(dp + i), _mm256_loadu_ps(dots + column));
            _mm_storeu_si128((__m128i *) (d_scores + i), rounded(_mm256_mul_ps(_mm256_loadu_ps(p + i), d)));
        }
    }
}

ISHEEP_TARGET inline float sum_of(__m256 x) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

ISHEEP_TARGET inline float highest_of(__m256 x) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

// Eight logits from `from` on; -inf where there are fewer than n.
ISHEEP_TARGET inline __m256 load_logits(const float * from, int64_t n) {
    const __m256i some = first_of_lane(n);
    const __m256 nothing = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
    return _mm256_blendv_ps(nothing, _mm256_maskload_ps(from, some), _mm256_castsi256_ps(some));
}

ISHEEP_TARGET double cross_entropy(const float * logits, int64_t n, int64_t target, Bf16 * gradient) {
    __m256 highest = load_logits(logits, n), sum = _mm256_setzero_ps();
    for (int64_t i = lane; i < n; i += lane) highest = _mm256_max_ps(highest, load_logits(logits + i, n - i));
    const float top = highest_of(highest), own = logits[target];
    const __m256 tops = _mm256_set1_ps(top);
    for (int64_t i = 0; i < n; i += lane)
        sum = _mm256_add_ps(sum, exponential(_mm256_sub_ps(load_logits(logits + i, n - i), tops)));
    const float total = sum_of(sum);
    const __m256 totals = _mm256_set1_ps(total);
    for (int64_t i = 0; gradient && i < n; i += lane) {  // never ahead of what is read
        const __m256 power = exponential(_mm256_sub_ps(load_logits(logits + i, n - i), tops));
        store_first(rounded(_mm256_div_ps(power, totals)), n - i, gradient + i);
    }
    if (gradient) {
        const float derivative = std::exp(own - top) / total - 1;
        round_to_bf16(&derivative, nullptr, gradient + target, 1);
    }
    return (double) top - own + std::log((double) total);
}

ISHEEP_TARGET float dot(const float * a, const float * b, int64_t n) {
    __m256 sum = _mm256_setzero_ps();
    for (int64_t i = 0; i < n; i += lane) {
        const __m256i some = first_of_lane(n - i);
        sum = _mm256_fmadd_ps(_mm256_maskload_ps(a + i, some), _mm256_maskload_ps(b + i, some), sum);
    }
    return sum_of(sum);
}

}  // namespace
}  // namespace avx2

const MicroKernel * avx2_kernel() {
    static const MicroKernel kernel{
        "AVX2",
        avx2::most_rows,
        most_tile_panels,
        avx2::compute_tile,
        avx2::put_columns,
        avx2::put_pair,
        avx2::softmax_columns,
        avx2::softmax_columns_backward,
        avx2::cross_entropy,
        avx2::dot,
        avx2::round_to_bf16,
    };
    return &kernel;
}

}  // namespace isheep

#else

namespace isheep {

const MicroKernel * avx2_kernel() {
    return nullptr;
}

}  // namespace isheep

#endif
