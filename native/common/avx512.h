// What the kernels for AVX-512 have in common. Only for files that hold such kernels; ISHEEP_AVX512_BF16 says whether
// the program is built with them, and PackedWeights::suit_processor and Compute::has_micro_kernel whether the processor
// has the instructions.
#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#define ISHEEP_AVX512
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

// The rest of the program is built for every processor, these functions for some. MSVC takes the instructions anywhere.
#if defined(__GNUC__) || defined(__clang__)
#define ISHEEP_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#define ISHEEP_TARGET_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#else
#define ISHEEP_TARGET
#define ISHEEP_TARGET_BF16
#endif

namespace isheep {

constexpr int lane = 16;  // floats of a register

// The first n of 16 numbers.
ISHEEP_TARGET inline __mmask16 first_of_lane(int n) {
    return (__mmask16) ((1u << std::clamp(n, 0, lane)) - 1);
}

// e^x for x <= 0: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor series to r^6, which leaves 1e-7 of it.
ISHEEP_TARGET inline __m512 exponential(__m512 x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-100));  // nothing, in the end; -inf would give no number
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);  // ln 2 in two parts, the first of few bits
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 sum = _mm512_set1_ps(1.0f / 720);
    for (float factor : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
        sum = _mm512_fmadd_ps(sum, r, _mm512_set1_ps(factor));
    return _mm512_scalef_ps(sum, n);
}

}  // namespace isheep

#endif
