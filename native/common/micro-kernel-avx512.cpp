// The micro-kernel for AVX-512 with BF16: pairs of numbers are multiplied and added up by one instruction.
#include "common/micro-kernel-forms.h"

#if defined(__x86_64__) || defined(_M_X64)
#include "common/micro-kernel-sums-avx512.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace isheep {
namespace avx512 {
namespace {

constexpr int most_rows = 8;

// Rows beyond the tile's last repeat it; what comes out of them is not stored.
ISHEEP_AVX512 void add_term(const TileTerm & term, int n_rows, float * sums) {
    const Bf16 * rows[most_rows];
    for (int r = 0; r < most_rows; r++) rows[r] = term.rows + std::min(r, n_rows - 1) * term.row_stride;
    __m512 sum[most_rows][n_vectors];
    for (int r = 0; r < most_rows; r++) {
        for (int v = 0; v < n_vectors; v++) sum[r][v] = _mm512_load_ps(sums + r * panel_columns + v * lane);
    }
    const Bf16 * panel = term.panel;
    for (int64_t k = 0; k < term.k; k += 2, panel += 2 * panel_columns) {
        __m512bh columns[n_vectors];
        for (int v = 0; v < n_vectors; v++) columns[v] = (__m512bh) _mm512_loadu_si512(panel + v * 2 * lane);
        for (int r = 0; r < most_rows; r++) {
            int32_t numbers;  // two of the row
            std::memcpy(&numbers, rows[r] + k, sizeof numbers);
            const __m512bh pair = (__m512bh) _mm512_set1_epi32(numbers);
            for (int v = 0; v < n_vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], pair, columns[v]);
        }
    }
    for (int r = 0; r < most_rows; r++) {
        for (int v = 0; v < n_vectors; v++) _mm512_store_ps(sums + r * panel_columns + v * lane, sum[r][v]);
    }
}

ISHEEP_AVX512 void compute_tile(const Tile & tile) {
    alignas(64) float sums[most_rows * panel_columns] = {};
    const Part whole{0, 0, tile.n_rows, sums};
    for (int i = 0; i < tile.n_terms; i++) {
        add_term(tile.terms[i], tile.n_rows, sums);
        if (i + 1 == tile.n_masked) multiply_by_mask(tile, whole);
    }
    put_result(tile, whole);
}

// 16 registers of 16 pairs: pair c of register r becomes pair r of register c.
ISHEEP_AVX512 inline void transpose_pairs(__m512i * r) {
    __m512i two[lane], four[lane];
    for (int i = 0; i < lane; i += 2) {
        two[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        two[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    // four[i + j], i in 0, 4, 8, 12: pair j of each quarter of the registers i to i + 3
    for (int i = 0; i < lane; i += 4) {
        four[i] = _mm512_unpacklo_epi64(two[i], two[i + 2]);
        four[i + 1] = _mm512_unpackhi_epi64(two[i], two[i + 2]);
        four[i + 2] = _mm512_unpacklo_epi64(two[i + 1], two[i + 3]);
        four[i + 3] = _mm512_unpackhi_epi64(two[i + 1], two[i + 3]);
    }
    constexpr int even = 0x88, odd = 0xdd;  // quarters of two registers
    for (int j = 0; j < 4; j++) {
        const __m512i even_a = _mm512_shuffle_i32x4(four[j], four[4 + j], even);
        const __m512i even_b = _mm512_shuffle_i32x4(four[8 + j], four[12 + j], even);
        const __m512i odd_a = _mm512_shuffle_i32x4(four[j], four[4 + j], odd);
        const __m512i odd_b = _mm512_shuffle_i32x4(four[8 + j], four[12 + j], odd);
        r[j] = _mm512_shuffle_i32x4(even_a, even_b, even);
        r[4 + j] = _mm512_shuffle_i32x4(odd_a, odd_b, even);
        r[8 + j] = _mm512_shuffle_i32x4(even_a, even_b, odd);
        r[12 + j] = _mm512_shuffle_i32x4(odd_a, odd_b, odd);
    }
}

ISHEEP_AVX512 void put_columns(const Bf16 * const * rows, int64_t k, Bf16 * panel) {
    static_assert(packed_columns == lane, "a register holds a pair of each column");
    for (int64_t i = 0; i < k; i += 2 * lane) {
        const int n_pairs = (int) std::min<int64_t>((k - i) / 2, lane);
        const __mmask16 some = first_of_lane(n_pairs);
        __m512i pairs[lane];
        for (int r = 0; r < lane; r++) pairs[r] = _mm512_maskz_loadu_epi32(some, rows[r] + i);
        transpose_pairs(pairs);
        Bf16 * to = panel + i * panel_columns;
        for (int pair = 0; pair < n_pairs; pair++) _mm512_storeu_si512(to + pair * 2 * panel_columns, pairs[pair]);
    }
}

ISHEEP_AVX512 void put_pair(const Bf16 * a, const Bf16 * b, int64_t n, Bf16 * to) {
    alignas(64) static constexpr uint16_t order[2 * panel_columns] = {
        0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
        11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53,
        22, 54, 23, 55, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const __mmask32 some = n >= panel_columns ? ~(__mmask32) 0 : ((__mmask32) 1 << n) - 1;
    const __m512i first = _mm512_maskz_loadu_epi16(some, a), second = _mm512_maskz_loadu_epi16(some, b);
    for (int half = 0; half < n_vectors; half++) {
        const __m512i places = _mm512_load_si512(order + half * panel_columns);
        _mm512_storeu_si512(to + half * panel_columns, _mm512_permutex2var_epi16(first, places, second));
    }
}

ISHEEP_AVX512 void round_to_bf16(const float * from, const float * factors, Bf16 * to, int64_t n) {
    for (int64_t i = 0; i < n; i += lane) {
        const __mmask16 some = first_of_lane((int) std::min<int64_t>(n - i, lane));
        __m512 values = _mm512_maskz_loadu_ps(some, from + i);
        if (factors) values = _mm512_mul_ps(values, _mm512_maskz_loadu_ps(some, factors + i));
        _mm256_mask_storeu_epi16(to + i, some, (__m256i) _mm512_cvtneps_pbh(values));
    }
}

// e^x for x <= 0: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor series to r^6, which leaves 1e-7 of it.
ISHEEP_AVX512 inline __m512 exponential(__m512 x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-100));  // nothing, in the end; -inf would give no number
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);  // ln 2 in two parts, the first of few bits
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 sum = _mm512_set1_ps(1.0f / 720);
    for (float factor : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(factor));
    return _mm512_scalef_ps(sum, n);
}

ISHEEP_AVX512 void softmax_columns(float * scores, int64_t n_keys, int n_columns, int64_t stride, float scale,
                                   Bf16 * rounded) {
    const __m512 factor = _mm512_set1_ps(scale);
    for (int column = 0; column < n_columns; column += lane) {
        float * first = scores + column;
        __m512 highest = _mm512_loadu_ps(first), sum = _mm512_setzero_ps();
        for (int64_t key = 1; key < n_keys; key++)
            highest = _mm512_max_ps(highest, _mm512_loadu_ps(first + key * stride));
        for (int64_t key = 0; key < n_keys; key++) {
            const __m512 below = _mm512_sub_ps(_mm512_loadu_ps(first + key * stride), highest);
            const __m512 power = exponential(_mm512_mul_ps(below, factor));
            sum = _mm512_add_ps(sum, power);
            _mm512_storeu_ps(first + key * stride, power);
        }
        const __m512 share = _mm512_div_ps(_mm512_set1_ps(1), sum);
        for (int64_t key = 0; key < n_keys; key++) {
            const __m512 p = _mm512_mul_ps(_mm512_loadu_ps(first + key * stride), share);
            _mm512_storeu_ps(first + key * stride, p);
            _mm256_storeu_si256((__m256i *) (rounded + key * stride + column), (__m256i) _mm512_cvtneps_pbh(p));
        }
    }
}

ISHEEP_AVX512 void softmax_columns_backward(const float * p, const float * dp, const float * dots, int64_t n_keys,
                                            int n_columns, int64_t stride, Bf16 * d_scores) {
    for (int64_t key = 0; key < n_keys; key++) {
        for (int column = 0; column < n_columns; column += lane) {
            const int64_t i = key * stride + column;
            const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(dp + i), _mm512_loadu_ps(dots + column));
            _mm256_storeu_si256((__m256i *) (d_scores + i),
                                (__m256i) _mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_loadu_ps(p + i), d)));
        }
    }
}

ISHEEP_AVX512 double cross_entropy(const float * logits, int64_t n, int64_t target, Bf16 * gradient) {
    const __m512 nothing = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    auto load = [&](int64_t i) ISHEEP_AVX512 {
        return _mm512_mask_loadu_ps(nothing, first_of_lane((int) std::min<int64_t>(n - i, lane)), logits + i);
    };
    __m512 highest = nothing, sum = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += lane) highest = _mm512_max_ps(highest, load(i));
    const float top = _mm512_reduce_max_ps(highest), own = logits[target];
    for (int64_t i = 0; i < n; i += lane)
        sum = _mm512_add_ps(sum, exponential(_mm512_sub_ps(load(i), _mm512_set1_ps(top))));
    const float total = _mm512_reduce_add_ps(sum);
    for (int64_t i = 0; gradient && i < n; i += lane) {  // never ahead of what is read
        const __m512 power = exponential(_mm512_sub_ps(load(i), _mm512_set1_ps(top)));
        const __m256i p = (__m256i) _mm512_cvtneps_pbh(_mm512_div_ps(power, _mm512_set1_ps(total)));
        _mm256_mask_storeu_epi16(gradient + i, first_of_lane((int) std::min<int64_t>(n - i, lane)), p);
    }
    if (gradient) {
        const float derivative = std::exp(own - top) / total - 1;
        round_to_bf16(&derivative, nullptr, gradient + target, 1);
    }
    return (double) top - own + std::log((double) total);
}

ISHEEP_AVX512 float dot(const float * a, const float * b, int64_t n) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += lane) {
        const __mmask16 some = first_of_lane((int) std::min<int64_t>(n - i, lane));
        sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, a + i), _mm512_maskz_loadu_ps(some, b + i), sum);
    }
    return _mm512_reduce_add_ps(sum);
}

}  // namespace
}  // namespace avx512

const MicroKernel * avx512_bf16_kernel() {
    static const MicroKernel kernel{
        "AVX-512 BF16",
        avx512::most_rows,
        1,
        avx512::compute_tile,
        avx512::put_columns,
        avx512::put_pair,
        avx512::softmax_columns,
        avx512::softmax_columns_backward,
        avx512::cross_entropy,
        avx512::dot,
        avx512::round_to_bf16,
    };
    return &kernel;
}

}  // namespace isheep

#else

namespace isheep {

const MicroKernel * avx512_bf16_kernel() {
    return nullptr;
}

}  // namespace isheep

#endif
