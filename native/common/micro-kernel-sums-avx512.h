// What both forms for processors with AVX-512 do with a panel's sums before they are a result.
#pragma once

#include "common/micro-kernel.h"

#include <immintrin.h>

#include <algorithm>

// The rest of the program is built for every processor, these functions for some. MSVC takes the instructions anywhere.
#if defined(__GNUC__) || defined(__clang__)
#define ISHEEP_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#else
#define ISHEEP_AVX512
#endif

namespace isheep {
namespace avx512 {

constexpr int lane = 16;  // floats of a register
constexpr int n_vectors = panel_columns / lane;

// The sums of some of a tile's rows and of one panel, or the part of it that the tile has.
struct Part {
    int row, column;  // the first, within the tile
    int n_rows;
    float * sums;  // [n_rows][panel_columns], aligned to 64 bytes
};

// The first n of 16 numbers.
ISHEEP_AVX512 inline __mmask16 first_of_lane(int n) {
    return (__mmask16) ((1u << std::clamp(n, 0, lane)) - 1);
}

ISHEEP_AVX512 inline void multiply_by_mask(const Tile & tile, const Part & part) {
    for (int v = 0; v < n_vectors; v++) {
        const int column = part.column + v * lane;
        const __mmask16 some = first_of_lane(tile.n_columns - column);
        for (int r = 0; r < part.n_rows; r++) {
            float * sum = part.sums + r * panel_columns + v * lane;
            const __m512 mask = _mm512_maskz_loadu_ps(some, tile.mask + (part.row + r) * tile.mask_stride + column);
            _mm512_store_ps(sum, _mm512_mul_ps(_mm512_load_ps(sum), mask));
        }
    }
}

// The result is the sums, and the addend where there is one.
ISHEEP_AVX512 inline void put_result(const Tile & tile, const Part & part) {
    for (int v = 0; v < n_vectors; v++) {
        const int column = part.column + v * lane;
        const __mmask16 some = first_of_lane(tile.n_columns - column);
        for (int r = 0; r < part.n_rows; r++) {
            const int row = part.row + r;
            __m512 sum = _mm512_load_ps(part.sums + r * panel_columns + v * lane);
            if (tile.addend)
                sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(some, tile.addend + row * tile.addend_stride + column));
            _mm512_mask_storeu_ps(tile.result + row * tile.result_stride + column, some, sum);
        }
    }
}

}  // namespace avx512
}  // namespace isheep
