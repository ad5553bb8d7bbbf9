// The micro-kernel's functions (micro-kernel.h) in the forms that there are of them, each for the instructions of some
// processors. All read and write the same panels.
#pragma once

#include "common/micro-kernel.h"

#include <vector>

namespace isheep {

struct MicroKernel {
    const char * name;  // the instructions that it is made of
    int tile_rows, tile_panels;
    void (*compute_tile)(const Tile & tile);
    void (*put_columns)(const Bf16 * const * rows, int64_t k, Bf16 * panel);
    void (*put_pair)(const Bf16 * a, const Bf16 * b, int64_t n, Bf16 * to);
    void (*softmax_columns)(float * scores, int64_t n_keys, int n_columns, int64_t stride, float scale, Bf16 * rounded);
    void (*softmax_columns_backward)(const float * p, const float * dp, const float * dots, int64_t n_keys,
                                     int n_columns, int64_t stride, Bf16 * d_scores);
    double (*cross_entropy)(const float * logits, int64_t n, int64_t target, Bf16 * gradient);
    float (*dot)(const float * a, const float * b, int64_t n);
    void (*round_to_bf16)(const float * from, const float * factors, Bf16 * to, int64_t n);
};

// Null where this program was built for another kind of processor; that of AMX also where the system does not give its
// registers to this process.
const MicroKernel * amx_bf16_kernel();
const MicroKernel * avx512_bf16_kernel();
const MicroKernel * avx2_kernel();

// The forms that this processor has the instructions for, the fastest first, which is the one that is used. Once ggml's
// backends are loaded.
std::vector<const MicroKernel *> micro_kernels_here();

}  // namespace isheep
